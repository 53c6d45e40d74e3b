"""Action `delete`: the objects that a file names are gone, as far as they are ours."""

from __future__ import annotations

from typing import Any

from ansible_collections.serving_demo.kube.plugins.plugin_utils.task import DemoAction, load

from bootstrap.errors import GuardError
from bootstrap.kube import record
from bootstrap.kube.delete import delete
from bootstrap.kube.objects import Ref


class ActionModule(DemoAction):
    """Delete what carries our labels and is in the cluster's record."""

    arguments = frozenset({"src", "timeout", "force_finalizers", "orphaning"})

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        """Delete, or in check mode say what would go."""
        items = load(args["src"])
        if not items:
            return {"changed": False, "gone": []}
        decided = {ref_of(item) for item in items if item["decided"]}
        client = self.client(args)
        known = record.read(client)
        if known is None:
            raise GuardError("this cluster has no record of the demo, so nothing on it is known to be ours")
        done = delete(
            client,
            [ref_of(item) for item in items],
            timeout=float(args.get("timeout", 300)),
            is_ours=lambda obj: None if Ref.of(obj) in decided - known.adopted else known.owns(obj),
            dry_run=bool(self._task.check_mode),
            force_finalizers=bool(args.get("force_finalizers")),
            orphaning=args.get("orphaning"),
            on_progress=self.say,
        )
        gone = [str(ref) for ref in done.gone]
        return {"changed": bool(gone), "gone": gone, "kept": {str(ref): why for ref, why in done.kept.items()}}


def ref_of(item: dict[str, Any]) -> Ref:
    """Return the reference of one entry."""
    return Ref(item["api_version"], item["kind"], item["namespace"], item["name"])
