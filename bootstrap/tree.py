"""Where the files are that are no Python: at the top of a clone, or inside the package of an installed copy."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent
CARRIED = PACKAGE / "carried"  # the wheel puts them there, see pyproject.toml


def root_of(package: Path) -> Path:
    """Return the folder that holds `playbooks`, `manifests` and `model` for this copy of the package."""
    carried = package / CARRIED.name
    return carried if carried.is_dir() else package.parent


ROOT = root_of(PACKAGE)
