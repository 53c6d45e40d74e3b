"""`python -m docs.generate`: write what is generated; `--check` only compares."""

from __future__ import annotations

import sys
from collections.abc import Callable

from docs.generate import licences, picture, troubleshooting
from docs.generate.messages import ROOT

WRITTEN: dict[str, Callable[[], str]] = {
    "docs/licences.md": licences.text,
    "docs/picture.svg": picture.text,
    "docs/troubleshooting.md": troubleshooting.text,
}


def stale() -> dict[str, str]:
    """Return the files that are not what the source gives, with what they should hold."""
    wanted = {name: make() for name, make in WRITTEN.items()}
    return {
        name: text for name, text in wanted.items() if not (ROOT / name).exists() or (ROOT / name).read_text() != text
    }


def main() -> int:
    """Write what is stale, or name it."""
    found = stale()
    for name, text in found.items():
        if "--check" in sys.argv:
            print(f"{name} is not what the source says; `make docs` writes it", file=sys.stderr)
        else:
            (ROOT / name).write_text(text)
            print(f"wrote {name}")
    return 1 if found and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
