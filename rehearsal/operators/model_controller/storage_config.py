"""Secret `storage-config`: what a namespace's labelled connections become."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

from rehearsal.api import ApiError
from rehearsal.operators.world import World

Obj = dict[str, Any]
NAME = "storage-config"
MANAGED, DASHBOARD = "opendatahub.io/managed", "opendatahub.io/dashboard"
TYPE = "opendatahub.io/connection-type"
BUNDLE = "odh-kserve-custom-ca-bundle"
FIELDS = {
    "access_key_id": "AWS_ACCESS_KEY_ID",
    "bucket": "AWS_S3_BUCKET",
    "endpoint_url": "AWS_S3_ENDPOINT",
    "region": "AWS_DEFAULT_REGION",
    "secret_access_key": "AWS_SECRET_ACCESS_KEY",
}


def labelled(obj: Obj, *names: str) -> bool:
    """Whether the object carries all these labels with the value "true"."""
    labels = obj["metadata"].get("labels") or {}
    return all(labels.get(name) == "true" for name in names)


def entry(secret: Obj, era: str, certificates: str = "") -> str:
    """One connection as KServe's storage code reads it; what the Secret lacks is empty."""
    data = secret.get("data") or {}
    found = {key: _text(data.get(name)) for key, name in FIELDS.items()}
    found["type"] = (secret["metadata"].get("annotations") or {}).get(TYPE, "")
    if era != "3.4":
        found["default_bucket"] = found["bucket"]
    if certificates and (era == "2.8" or found["endpoint_url"].startswith("https://")):
        found["cabundle_configmap"] = BUNDLE
        if era != "3.4":
            found["certificate"] = certificates
    return json.dumps(found, sort_keys=True, separators=(",", ":"))


def data(secrets: Iterable[Obj], era: str, certificates: str = "") -> dict[str, str]:
    """All connections of a namespace, encoded, by the names of their Secrets."""
    return {
        item["metadata"]["name"]: base64.b64encode(entry(item, era, certificates).encode()).decode()
        for item in secrets
        if labelled(item, MANAGED, DASHBOARD) and item["metadata"]["name"] != NAME
    }


async def reconcile(world: World, era: str, namespace: str) -> None:
    """The namespace's storage-config holds its connections; without any it is gone."""
    listed = await world.list("v1", "Secret", namespace)
    bundle = await world.find("v1", "ConfigMap", BUNDLE, namespace)
    certificates = ((bundle or {}).get("data") or {}).get("cabundle.crt", "")
    wanted = data(listed, era, certificates)
    current = next((item for item in listed if item["metadata"]["name"] == NAME), None)
    if not wanted:
        if current is not None and labelled(current, MANAGED):
            await world.delete(current)
        return
    meta: Obj = {"name": NAME, "namespace": namespace, "labels": {MANAGED: "true"}}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "Opaque", "data": wanted}
    if current is None:
        await world.create_once(secret)
    elif current.get("data") != wanted or current["metadata"].get("labels") != meta["labels"]:
        meta["resourceVersion"] = current["metadata"]["resourceVersion"]  # a user's own is overwritten whole
        await world.api.replace(await world.path_of(secret), secret)


async def follow(world: World, era: str) -> None:
    """Only Secrets labelled as managed set it off: a connection that loses the label stays until the next event."""
    async for _, secret in world.events("v1", "Secret"):
        if not labelled(secret, MANAGED):
            continue
        namespace = secret["metadata"]["namespace"]
        try:
            await reconcile(world, era, namespace)
        except ApiError as error:
            if error.code not in (403, 404, 409):  # the namespace is going, or another event follows
                print(f"{namespace}/{NAME}: {error}", flush=True)


def _text(value: str | None) -> str:
    return base64.b64decode(value).decode(errors="replace") if value else ""
