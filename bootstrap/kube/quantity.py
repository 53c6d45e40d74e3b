"""Kubernetes quantities: `1000m` and `1` are the same amount."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

_SHAPE = re.compile(r"([+-]?[0-9.]+)(m|k|[MGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+|n|u)?")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


def amount(value: Any) -> Decimal | None:
    """Return what a quantity stands for, or None for anything else.

    >>> amount("1Gi") == amount("1024Mi"), amount("500m") == amount(0.5), amount("about one")
    (True, True, None)
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    match = _SHAPE.fullmatch(str(value))
    if match is None or match[1].count(".") > 1 or not any(map(str.isdigit, match[1])):
        return None
    number, suffix = Decimal(match[1]), match[2] or ""
    if suffix in _BINARY:
        return number * Decimal(1024) ** _BINARY[suffix]
    if suffix in _DECIMAL:
        return number.scaleb(_DECIMAL[suffix])
    return number.scaleb(int(suffix[1:])) if suffix else number
