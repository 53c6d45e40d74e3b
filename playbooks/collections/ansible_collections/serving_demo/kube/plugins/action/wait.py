"""Action `wait`: everything that a file names is as it says."""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.serving_demo.kube.plugins.plugin_utils.task import DemoAction, load

from bootstrap.argocd import Refresher
from bootstrap.awaited import Awaited
from bootstrap.kube.wait import wait
from bootstrap.limits import limited
from bootstrap.operators import follow


class ActionModule(DemoAction):
    """Wait for objects; an operator's Subscription is followed to its CSV."""

    arguments = frozenset({"src", "timeout", "why", "next_step"})

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        """Wait; in check mode nothing is there to wait for."""
        awaited = [Awaited.from_json(item) for item in load(args["src"])]
        if self._task.check_mode or not awaited:
            return {"changed": False}
        client, (seconds, next_step) = self.client(args), limited(args, time.time())
        end = time.monotonic() + seconds
        subscriptions = [item.ref for item in awaited if item.ref.kind == "Subscription"]
        first = [item for item in awaited if item.ref.kind in ("Application", "Subscription")]
        rest = [item for item in awaited if item not in first]
        refresh = Refresher(client, [item.ref for item in first if item.ref.kind == "Application"])

        def tell(text: str) -> None:
            refresh()
            self.say(text)

        options = {"why": args["why"], "next_step": next_step, "on_progress": tell}
        wait(client, [item.target() for item in first], timeout=end - time.monotonic(), **options)
        for ref in subscriptions:
            follow(client, ref, timeout=end - time.monotonic(), record=args.get("record"), **options)
        wait(client, [item.target() for item in rest], timeout=max(1.0, end - time.monotonic()), **options)
        return {"changed": False}
