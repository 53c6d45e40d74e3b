"""Action `seed`: the bucket works with the data connection's keys, and holds the files of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.serving_demo.kube.plugins.plugin_utils.task import DemoAction

from bootstrap import bucket
from bootstrap.connection import connection_keys, root_keys


class ActionModule(DemoAction):
    """Prepare the bucket, and upload what differs in it; without `folders` the bucket alone is prepared."""

    arguments = frozenset({"namespace", "folders", "as_new"})

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        """Prepare, upload and check by sha256."""
        if self._task.check_mode:
            return {"changed": False, "skipped": True, "msg": "files in a bucket have no dry run"}
        client, namespace = self.client(args), args["namespace"]
        keys, name = connection_keys(client, namespace)
        files: dict[str, Path] = {}
        for prefix, folder in (args.get("folders") or {}).items():
            files |= bucket.model_files(Path(folder), prefix)
        with bucket.endpoint(client, self.outside(args), self.kubeconfig(args), namespace) as place:
            root = root_keys(client, namespace)
            made = bucket.prepare(place, root, keys, name)
            if args.get("as_new"):
                bucket.empty(place, root, keys, name)
            written = bucket.seed(place, keys, name, files, self.say)
        return {"changed": made or bool(written), "written": written}
