"""Readiness as a table: kind to pure predicate over a plain object."""

from __future__ import annotations

from bootstrap.kube.objects import Obj
from bootstrap.kube.readiness.verdict import READY, Predicate, State, Verdict, failed, not_ready

__all__ = ["READY", "Predicate", "State", "Verdict", "condition_is", "failed", "judge", "not_ready", "synced_to"]


def judge(obj: Obj) -> Verdict:
    """Return the verdict on an object by its kind; a kind that is not in the table is ready once it exists."""
    raise NotImplementedError


def condition_is(name: str, status: str = "True") -> Predicate:
    """Return a predicate for one status condition (fresh for the object's generation)."""
    raise NotImplementedError


def synced_to(revision: str) -> Predicate:
    """Return the predicate of an Application that is Synced to this revision and Healthy."""
    raise NotImplementedError
