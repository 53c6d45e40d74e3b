"""`python -m rehearsal.toolchain [names]`: builds what is missing; `--list` shows what there is."""

from __future__ import annotations

import argparse
import sys

from rehearsal.cluster import RehearsalError
from rehearsal.toolchain.build import BUILD_CACHE_BYTES, ensure, home
from rehearsal.toolchain.cache import GIB
from rehearsal.toolchain.catalog import TOOLS
from rehearsal.toolchain.environments import ENVIRONMENTS, environment


def table() -> str:
    """One line per tool: what it is, whether it is built, what it costs, and its binaries."""
    lines = []
    for entry in TOOLS:
        state = "built" if home(entry).is_dir() else "missing"
        made = " ".join(entry.binaries) or "files only"
        lines.append(f"{entry.label:34} {state:8} {entry.seconds:4} s {entry.megabytes:4} MB  {made}")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Everything named is built, or the reason why not is on stderr."""
    parser = argparse.ArgumentParser(prog="python -m rehearsal.toolchain", description=__doc__)
    parser.add_argument("names", nargs="*", help="tools or their binaries; all tools by default")
    parser.add_argument("--list", action="store_true", help="show tools, their state, typical time and size")
    parser.add_argument("--environment", action="append", default=[], choices=sorted(ENVIRONMENTS),
                        help="make this locked Python environment (repeatable), and no tool unless named")  # fmt: skip
    parser.add_argument("--build-cache-gb", type=float, default=BUILD_CACHE_BYTES / GIB, metavar="N",
                        help="how much compiled code is kept for the next tool (default: %(default)s)")  # fmt: skip
    chosen = parser.parse_args(arguments)
    try:
        if chosen.list:
            print(table())
            return 0
        if chosen.names or not chosen.environment:
            ensure(chosen.names or None, int(chosen.build_cache_gb * GIB))
        for name in chosen.environment:
            print(environment(name))
    except RehearsalError as error:
        print(error, file=sys.stderr)
        return error.code
    return 0


if __name__ == "__main__":
    sys.exit(main())
