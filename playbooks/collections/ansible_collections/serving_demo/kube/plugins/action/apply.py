"""Action `apply`: the objects of a file are in the cluster, each as given."""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.serving_demo.kube.plugins.plugin_utils.task import DemoAction, load

from bootstrap import handover
from bootstrap.errors import GuardError
from bootstrap.kube import record
from bootstrap.kube.apply import apply
from bootstrap.kube.client import Client
from bootstrap.kube.objects import Ref, carries_our_labels
from bootstrap.kube.parallel import each
from bootstrap.kube.record import Keeper


def deliverable(client: Client, refs: list[Ref]) -> list[Ref]:
    """Return what Argo CD is going to create; what is somebody else's it must not take over."""
    known = record.read(client)
    found = dict(zip(refs, each(client.find, refs), strict=True))
    made = known.created if known else set()
    theirs = [ref for ref, obj in found.items() if obj and not carries_our_labels(obj) and ref not in made]
    if theirs:
        raise GuardError(
            f"{', '.join(map(str, theirs))}: somebody else made this, and the demo needs the name; delete it, "
            "then run this again"
        )
    return [ref for ref, obj in found.items() if obj is None]


class ActionModule(DemoAction):
    """Apply rendered objects, server-side."""

    arguments = frozenset({"src", "delivers", "timeout"})

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        """Apply, or in check mode ask the server what it would do."""
        objects = handover.complete(load(args["src"]))
        if not objects:
            return {"changed": False, "created": [], "configured": []}
        client, check = self.client(args), bool(self._task.check_mode)
        keeper = Keeper(client, **args.get("record", {"version": "", "settings": {}}))
        if args.get("delivers") and not check:
            keeper.intend(deliverable(client, [Ref.of(obj) for obj in load(args["delivers"])]))
        applied = apply(
            client,
            objects,
            deadline=time.monotonic() + float(args.get("timeout", 120)),
            dry_run=check,
            force=bool(args.get("force")),
            on_progress=self.say,
            before_create=None if check else keeper.intend,
        )
        return {
            "changed": applied.changed,
            "created": [str(ref) for ref in applied.created],
            "configured": [str(ref) for ref in applied.configured],
            "diff": [{"header": str(ref), "prepared": text} for ref, text in applied.diffs.items()],
        }
