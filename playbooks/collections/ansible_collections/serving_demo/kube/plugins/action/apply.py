"""Action `apply`: the objects of a file are in the cluster, each as given."""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.serving_demo.kube.plugins.plugin_utils.task import DemoAction, load

from bootstrap import handover
from bootstrap.kube.apply import apply
from bootstrap.kube.objects import Ref
from bootstrap.kube.record import Keeper


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
        delivered = [Ref.of(obj) for obj in load(args["delivers"])] if args.get("delivers") else []

        def intend(refs: list[Ref]) -> None:
            keeper.intend([*refs, *(ref for ref in delivered if client.find(ref) is None)])

        applied = apply(
            client,
            objects,
            deadline=time.monotonic() + float(args.get("timeout", 120)),
            dry_run=check,
            force=bool(args.get("force")),
            on_progress=self.say,
            before_create=None if check else intend,
        )
        return {
            "changed": applied.changed,
            "created": [str(ref) for ref in applied.created],
            "configured": [str(ref) for ref in applied.configured],
            "diff": [{"header": str(ref), "prepared": text} for ref, text in applied.diffs.items()],
        }
