"""What was typed: a verb and settings, by hand or through make."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence

from bootstrap import __version__, menu
from bootstrap.errors import UsageError


def parse(arguments: Sequence[str], verbs: Sequence[str], what: str) -> tuple[str, dict[str, str], bool]:
    """Return verb, settings and verbosity."""
    parser = argparse.ArgumentParser(prog="serving-demo", description=what)
    parser.add_argument("verb", choices=verbs, metavar="verb", help=", ".join([*verbs, *menu.ASIDE]))
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE", help="as in creds.env.example")
    parser.add_argument("--make", default="", metavar="TEXT", help="what was typed on make's command line")
    parser.add_argument("-v", "--verbose", action="store_true", help="show tracebacks")
    parser.add_argument("--version", action="version", version=f"serving-demo {__version__}")
    found = parser.parse_args(arguments)
    given: dict[str, str] = {}
    for item in [*from_make(found.make), *found.settings]:
        key, equals, value = item.partition("=")
        if not equals:
            raise UsageError(f"'{item}' is no setting; write KEY=VALUE, as in creds.env.example")
        given[key] = value
    return found.verb, given, found.verbose


def from_make(text: str) -> list[str]:
    r"""Return the settings in make's own quoting of its command line.

    >>> from_make(r"JSON=1 QUERY=.[0]\ |\ $$v")
    ['JSON=1', 'QUERY=.[0] | $v']
    """
    return [re.sub(r"\\(.)", r"\1", item).replace("$$", "$") for item in re.findall(r"(?:\\.|\S)+", text)]
