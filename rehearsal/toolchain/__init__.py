"""The rehearsal's programs: built once from committed Go modules and locked Python requirements into a cache."""

from rehearsal.toolchain.build import data, ensure, module_dir, tool
from rehearsal.toolchain.environments import environment

__all__ = ["data", "ensure", "environment", "module_dir", "tool"]
