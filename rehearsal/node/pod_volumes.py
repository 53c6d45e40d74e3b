"""A pod's volumes on this machine: folders made, filled, kept up to date and cleared away."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from rehearsal.api import Api, ApiError
from rehearsal.cluster import Cluster
from rehearsal.node import payload_folder
from rehearsal.node.spec import Facts
from rehearsal.node.store import Store
from rehearsal.node.volumes import LIVE, Mount, MountError, TokenRequest, files, references, token_requests

Obj = dict[str, Any]
VIRTUAL = PurePosixPath("/var/lib/rehearsal/volumes")  # what a PersistentVolume names; the state folder may move
RENEW = 0.8  # of a token's life, as a kubelet does


class PodVolumes:
    """The volumes of one pod, below its folder."""

    def __init__(self, cluster: Cluster, api: Api, store: Store, pod: Obj, folder: Path) -> None:
        self._cluster, self._api, self._store, self.pod = cluster, api, store, pod
        self._folder = folder / "volumes"
        self._tokens: dict[TokenRequest, tuple[str, float]] = {}  # with the loop's time of renewal
        self.references = references(pod)

    async def set_up(self, facts: Facts) -> None:
        """Every volume is there and filled, or MountError says what is missing."""
        for volume in self.pod["spec"].get("volumes") or ():
            await self._set_up(volume, facts)

    async def _set_up(self, volume: Obj, facts: Facts) -> None:
        if any(kind in volume for kind in LIVE):
            await self._fill(volume, facts)
            return
        path = self._path(volume)
        if "emptyDir" in volume:
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o777)
        elif "hostPath" in volume:
            self._host_path(path, volume["hostPath"].get("type") or "")
        elif not path.is_dir():
            path.mkdir(parents=True, exist_ok=True)

    def _host_path(self, path: Path, kind: str) -> None:
        if kind in ("File", "Directory") and not path.exists():
            raise MountError(f"hostPath type check failed: {path.name} is not a {kind.lower()} of the rehearsal's node")
        if kind == "FileOrCreate":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        else:
            path.mkdir(parents=True, exist_ok=True)

    def _path(self, volume: Obj) -> Path:
        name = volume["name"]
        if "persistentVolumeClaim" in volume:
            return self._claimed(name, volume["persistentVolumeClaim"]["claimName"])
        if "ephemeral" in volume:
            return self._claimed(name, f"{self.pod['metadata']['name']}-{name}")
        if "hostPath" in volume:
            # the node's file system is a folder of the rehearsal: a pod never sees the machine's own
            return self._cluster.node_folder / "host" / str(volume["hostPath"]["path"]).lstrip("/")
        if "emptyDir" in volume or any(kind in volume for kind in LIVE):
            return self._folder / str(name)
        kind = next((key for key in volume if key != "name"), "none")
        raise MountError(f'volume "{name}": {kind} is not supported by the rehearsal\'s node agent')

    def _claimed(self, volume: str, claim: str) -> Path:
        namespace = self.pod["metadata"]["namespace"]
        found = self._store.find("PersistentVolumeClaim", namespace, claim)
        if found is None:
            raise MountError(f'persistentvolumeclaim "{claim}" not found')
        name = found["spec"].get("volumeName")
        persistent = self._store.find("PersistentVolume", "", name) if name else None
        if persistent is None or (found.get("status") or {}).get("phase") != "Bound":
            raise MountError(f'volume "{volume}": persistentvolumeclaim "{claim}" is not bound')
        return volume_path(self._cluster, persistent)

    async def _fill(self, volume: Obj, facts: Facts) -> None:
        namespace = self.pod["metadata"]["namespace"]
        for kind, name in references({"spec": {"volumes": [volume]}}):
            await self._store.fresh(kind, namespace, name)
        tokens = {request: await self._token(request) for request in token_requests(volume)}
        content = files(self.pod, volume, facts, lambda kind, name: self._store.find(kind, namespace, name), tokens)
        await asyncio.to_thread(payload_folder.write, self._folder / volume["name"], content)

    async def _token(self, request: TokenRequest) -> str:
        clock = asyncio.get_running_loop().time()
        known = self._tokens.get(request)
        if known and clock < known[1]:
            return known[0]
        metadata = self.pod["metadata"]
        account = self.pod["spec"].get("serviceAccountName") or "default"
        owner = {"apiVersion": "v1", "kind": "Pod", "name": metadata["name"], "uid": metadata["uid"]}
        spec: Obj = {"expirationSeconds": request.seconds, "boundObjectRef": owner}
        if request.audience:
            spec["audiences"] = [request.audience]
        path = f"/api/v1/namespaces/{metadata['namespace']}/serviceaccounts/{account}/token"
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        try:
            answer = await self._api.create(path, body)
        except ApiError as error:
            raise MountError(f"failed to fetch token: {error.message}") from None
        expiry = dt.datetime.fromisoformat(answer["status"]["expirationTimestamp"])
        life = (expiry - dt.datetime.now(dt.UTC)).total_seconds()
        self._tokens[request] = (answer["status"]["token"], clock + life * RENEW)
        return str(answer["status"]["token"])

    def renewal(self) -> float | None:
        """Seconds until the first token wants renewing."""
        clock = asyncio.get_running_loop().time()
        return min((max(1.0, moment - clock) for _, moment in self._tokens.values()), default=None)

    def render(self, mounts: list[Mount]) -> list[Mapping[str, Any]]:
        """The mounts as `launch.py` wants them, with real sources."""
        volumes = {volume["name"]: volume for volume in self.pod["spec"].get("volumes") or ()}
        rendered: list[Mapping[str, Any]] = []
        for mount in mounts:
            source = self._path(volumes[mount.volume])
            if mount.sub_path:
                source = source / mount.sub_path
                if not source.exists():
                    source.mkdir(parents=True)
            rendered.append(
                {
                    "source": str(source.resolve()),
                    "target": mount.target,
                    "read_only": mount.read_only,
                }
            )
        return rendered

    async def clear(self) -> None:
        """The pod's own folders are gone; claimed volumes stay."""
        await asyncio.to_thread(shutil.rmtree, self._folder.parent, ignore_errors=True)


def volume_path(cluster: Cluster, persistent: Obj) -> Path:
    """Where a PersistentVolume's files are on this machine."""
    spec = persistent["spec"]
    source = spec.get("hostPath") or spec.get("local")
    if source is None:
        raise MountError(f"persistentvolume {persistent['metadata']['name']}: only hostPath and local are supported")
    path = PurePosixPath(source["path"])
    if path.is_relative_to(VIRTUAL):
        return cluster.volumes / path.relative_to(VIRTUAL)
    return cluster.node_folder / "host" / str(path).lstrip("/")
