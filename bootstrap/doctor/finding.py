"""One problem as the doctor tells it, and a check that looks for some."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem: where it is, what it is, why that matters, what to do next."""

    where: str
    what: str
    why: str
    next_step: str
    blocks: bool = True

    def __str__(self) -> str:
        return f"{self.where}: {self.what}; {self.why}; {self.next_step}"


@dataclass(frozen=True, slots=True)
class Check(Generic[T]):
    """A question to what was gathered, and the parts of it that must have been readable."""

    name: str
    look: Callable[[T], Iterable[Finding]]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """What one check found, or why it was not made."""

    half: str
    name: str
    findings: list[Finding] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    @property
    def blocking(self) -> list[Finding]:
        """Return what stops a run."""
        return [one for one in self.findings if one.blocks]

    @property
    def state(self) -> str:
        """Return ok, warning, blocked or skipped."""
        return "skipped" if self.skipped else "blocked" if self.blocking else "warning" if self.findings else "ok"

    def to_json(self) -> dict[str, Any]:
        """Return this as plain data."""
        told = [asdict(one) for one in self.findings]
        return {
            "half": self.half,
            "check": self.name,
            "state": self.state,
            "findings": told,
            "skipped": self.skipped,
        }


def run(half: str, checks: Sequence[Check[T]], gathered: T, unread: Mapping[str, str]) -> list[Checked]:
    """Return what all checks found; one whose facts could not be read says so, and the others go on."""
    found = []
    for check in checks:
        lost = [unread[name] for name in check.needs if name in unread]
        if lost:
            found.append(Checked(half, check.name, skipped=lost))
        else:
            found.append(Checked(half, check.name, list(check.look(gathered))))
    return found
