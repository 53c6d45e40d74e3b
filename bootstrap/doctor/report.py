"""What the doctor says: one line per check, and every problem with its next step."""

from __future__ import annotations

from collections.abc import Sequence

from bootstrap.doctor.finding import Checked, Finding

MARKS = {"ok": "ok", "warning": "!", "blocked": "x", "skipped": "?"}


def problem(finding: Finding) -> list[str]:
    """Return a problem as people read it."""
    return [f"{finding.where}: {finding.what}", f"  why: {finding.why}", f"  next: {finding.next_step}"]


def lines(checked: Sequence[Checked]) -> list[str]:
    """Return all checks by half, each with its problems below it."""
    shown: list[str] = []
    half = ""
    for one in checked:
        if one.half != half:
            half = one.half
            shown.append(half)
        shown.append(f"  {MARKS[one.state]:<3}{one.name}{': not checked' if one.skipped else ''}")
        shown += [f"       {line}" for finding in one.findings for line in problem(finding)]
    if reasons := dict.fromkeys(reason for one in checked for reason in one.skipped):
        shown += ["not checked, because this could not be read", *(f"  {reason}" for reason in reasons)]
    return shown


def verdict(checked: Sequence[Checked]) -> str:
    """Return the last line."""
    blocking = sum(len(one.blocking) for one in checked)
    warnings = sum(len(one.findings) for one in checked) - blocking
    skipped = sum(1 for one in checked if one.skipped)
    noted = [f"{warnings} {'warning' if warnings == 1 else 'warnings'}"] if warnings else []
    noted += [f"{skipped} not checked"] if skipped else []
    said = "nothing stands in the way of `make`"
    if blocking:
        said = f"{blocking} {'problem stands' if blocking == 1 else 'problems stand'} in the way"
    return ", ".join([said, *noted])


def refusal(checked: Sequence[Checked]) -> str:
    """Return the message of a run that is stopped before its first change."""
    found = [finding for one in checked for finding in one.blocking]
    text = [line for finding in found for line in problem(finding)]
    return "\n".join([*text, f"nothing was changed: {verdict(checked)}; `make doctor` shows all checks"])
