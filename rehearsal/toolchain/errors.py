"""What can go wrong between a committed tool module and its binary.

RehearsalError
└── ToolchainError
    ├── UnknownTool             a name that is not in the table
    ├── NotBuilt                a tool is asked for that nobody has built yet
    ├── BuildFailed             the compiler, or a download, said no
    ├── BuildLocked             another builder works longer than we are ready to wait
    ├── DiskFull                too little room to start
    ├── GoMissing               no Go that is new enough, nor a way to get one
    ├── EnvironmentFailed       pip could not make a locked environment
    └── EnvironmentUnsupported  no such environment on this machine or with this Python
"""

from __future__ import annotations

from rehearsal.cluster import RehearsalError


class ToolchainError(RehearsalError):
    """A tool or environment of the rehearsal is not to be had."""


class UnknownTool(ToolchainError):
    """A name that is not in the table."""


class NotBuilt(ToolchainError):
    """A tool is asked for that nobody has built yet."""


class BuildFailed(ToolchainError):
    """The compiler, or a download, said no."""


class BuildLocked(ToolchainError):
    """Another builder works longer than we are ready to wait."""


class DiskFull(ToolchainError):
    """Too little room to start."""


class GoMissing(ToolchainError):
    """No Go that is new enough, nor a way to get one."""


class EnvironmentFailed(ToolchainError):
    """Pip could not make a locked environment."""


class EnvironmentUnsupported(ToolchainError):
    """No such environment on this machine or with this Python."""
