"""What can go wrong, one class per thing a caller can act on.

DemoError                   1  a failure with a message for people
├── UsageError              2  the command was typed wrongly
├── SettingsError           2  creds.env, make variables or the environment are wrong; every problem at once
├── GuardError              2  a destructive or ambiguous command was stopped before its first change
├── Blocked                 1  the doctor found what would let the run fail; nothing was changed
├── LoginError              1  signing in failed
├── ClusterError            1  the cluster could not be asked, or refused
│   ├── Unreachable            no answer from the API server
│   └── ApiError               the API server answered with an error; carries status and reason
│       ├── NotFound           404
│       ├── Conflict           409
│       ├── Forbidden          403
│       ├── Unauthorized       401
│       ├── Gone               410: a watch has to start again
│       └── NotServed          this kind is not served by this cluster (yet)
├── ApplyFailed             1  some objects were refused; every one with its reason
│   └── ConflictError          only because somebody else manages fields of ours
├── WaitTimeout             1  a wait ran into its deadline
├── WaitFailed              1  what was waited for can never become true by waiting
├── DeleteStuck             1  objects did not go away; what holds them
├── CommandFailed           1  an outside command failed; as one could paste it, with its output
├── PlaybookFailed          1  an Ansible run failed
└── VerifyError             1  the model answered something else than it must
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class DemoError(Exception):
    """A failure with a message for people: where, which value, which rule, which fix."""

    exit_code = 1


class UsageError(DemoError):
    """The command was typed wrongly."""

    exit_code = 2


class SettingsError(DemoError):
    """Settings are wrong; carries every problem at once."""

    exit_code = 2

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


class GuardError(DemoError):
    """A destructive or ambiguous command was stopped before its first change."""

    exit_code = 2


class Blocked(DemoError):
    """The doctor found what would let the run fail; nothing was changed."""


class LoginError(DemoError):
    """Signing in to the cluster failed."""


class ClusterError(DemoError):
    """The cluster could not be asked, or refused."""


class Unreachable(ClusterError):
    """The API server gave no answer; `transient`: worth another try, `sent`: the request may have got through."""

    def __init__(self, message: str, *, transient: bool = True, sent: bool = False) -> None:
        super().__init__(message)
        self.transient = transient
        self.sent = sent


class ApiError(ClusterError):
    """The API server answered with an error."""

    def __init__(self, message: str, *, status: int, reason: str = "", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.retry_after = retry_after
        self.causes: tuple[dict[str, Any], ...] = ()


class NotFound(ApiError):
    """404: there is no such object."""


class Conflict(ApiError):
    """409: somebody else changed, holds or already made it."""


class Forbidden(ApiError):
    """403: these credentials may not do that."""


class Unauthorized(ApiError):
    """401: these credentials are not known, or no longer."""


class Gone(ApiError):
    """410: the resource version is too old; list again."""


class NotServed(ApiError):
    """This cluster does not serve this kind (yet)."""

    def __init__(self, message: str) -> None:
        super().__init__(message, status=404, reason="NotServed")


class ApplyFailed(DemoError):
    """Some objects were refused; `problems` names every one with its reason."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


class ConflictError(ApplyFailed):
    """Objects were refused only because somebody else manages fields of ours."""


class WaitTimeout(DemoError):
    """A wait ran into its deadline."""


class WaitFailed(DemoError):
    """What was waited for can never become true by waiting."""


class DeleteStuck(DemoError):
    """Objects did not go away before the deadline; the message says what holds them."""


class CommandFailed(DemoError):
    """An outside command failed."""


class PlaybookFailed(DemoError):
    """An Ansible run failed."""


class VerifyError(DemoError):
    """The model answered something else than it must."""
