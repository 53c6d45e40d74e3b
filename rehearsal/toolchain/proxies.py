"""The proxies to the world, also in a shell that works with a rehearsal: there, others lead into the cluster."""

from __future__ import annotations

from collections.abc import Mapping

NAMES = ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy", "NO_PROXY", "no_proxy")
BEFORE = "REHEARSAL_OUTER_"  # a rehearsal's `env` keeps under such names what was there before it


def outside(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment with its proxies as they were before a rehearsal's `env` was sourced.

    >>> outside({"HTTPS_PROXY": "http://127.0.0.1:1", "REHEARSAL_OUTER_HTTPS_PROXY": "http://proxy:3128"})["HTTPS_PROXY"]
    'http://proxy:3128'
    """
    found = {name: value for name, value in environ.items() if not name.startswith(BEFORE)}
    for name in NAMES:
        before = environ.get(BEFORE + name)
        if before:
            found[name] = before
        elif before is not None:
            found.pop(name, None)
    return found
