"""Action `secret`: MinIO's keys and the data connection exist; what exists keeps its keys."""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.serving_demo.kube.plugins.plugin_utils.task import DemoAction

from bootstrap.connection import missing
from bootstrap.kube.apply import apply
from bootstrap.kube.objects import Ref
from bootstrap.kube.record import Keeper


class ActionModule(DemoAction):
    """Generate keys; no value ever reaches Ansible."""

    arguments = frozenset({"namespace"})

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        """Create what is missing."""
        client = self.client(args)
        objects = missing(client, args["namespace"])
        names = [str(Ref.of(obj)) for obj in objects]
        if objects and not self._task.check_mode:
            keeper = Keeper(client, **args.get("record", {"version": "", "settings": {}}))
            apply(client, objects, deadline=time.monotonic() + 60, before_create=keeper.intend)
        return {"changed": bool(objects), "created": names}
