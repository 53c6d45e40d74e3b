"""The keys of MinIO and the data connection: generated once, kept in the cluster alone, replaced only by reset."""

from __future__ import annotations

import base64
import secrets
import string
from dataclasses import dataclass, field

from bootstrap.errors import NotFound
from bootstrap.kube.client import Client
from bootstrap.kube.objects import LABELS, Obj, Ref

ROOT_SECRET, CONNECTION_SECRET = "minio-root", "aws-connection-minio"
BUCKET, REGION = "models", "us-east-1"
ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Keys:
    """A user of MinIO."""

    access: str
    secret: str = field(repr=False)

    @classmethod
    def generate(cls, prefix: str) -> Keys:
        """Return new keys; the access key begins with the prefix, so that people can tell them apart."""
        return cls(prefix + pick(12), pick(40))


def pick(length: int) -> str:
    """Return random letters and digits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def encoded(values: dict[str, str]) -> dict[str, str]:
    """Return values as a Secret's `data`."""
    return {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}


def decoded(secret: Obj) -> dict[str, str]:
    """Return a Secret's `data` as text."""
    return {key: base64.b64decode(value).decode() for key, value in (secret.get("data") or {}).items()}


def secret(namespace: str, name: str, data: dict[str, str], labels: dict[str, str], notes: dict[str, str]) -> Obj:
    """Return an Opaque Secret of ours."""
    meta = {"name": name, "namespace": namespace, "labels": {**LABELS, **labels}, "annotations": notes}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "Opaque", "data": encoded(data)}


def root_secret(namespace: str, keys: Keys) -> Obj:
    """Return the Secret from which MinIO takes its administrator."""
    data = {"MINIO_ROOT_USER": keys.access, "MINIO_ROOT_PASSWORD": keys.secret}
    return secret(namespace, ROOT_SECRET, data, {}, {"openshift.io/display-name": "MinIO administrator"})


def connection_secret(namespace: str, keys: Keys) -> Obj:
    """Return the data connection, as every version of the dashboard and of its controllers reads it."""
    data = {
        "AWS_ACCESS_KEY_ID": keys.access,
        "AWS_SECRET_ACCESS_KEY": keys.secret,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_S3_BUCKET": BUCKET,
        "AWS_S3_ENDPOINT": f"http://minio.{namespace}.svc.cluster.local:9000",
    }
    labels = {"opendatahub.io/dashboard": "true", "opendatahub.io/managed": "true"}
    notes = {
        "opendatahub.io/connection-type": "s3",
        "opendatahub.io/connection-type-protocol": "s3",
        "opendatahub.io/connection-type-ref": "s3",
        "openshift.io/display-name": "MinIO",
    }
    return secret(namespace, CONNECTION_SECRET, data, labels, notes)


def missing(client: Client, namespace: str) -> list[Obj]:
    """Return the Secrets that do not exist yet, with newly generated keys; what exists is left as it is."""
    lost = {
        name for name in (ROOT_SECRET, CONNECTION_SECRET) if client.find(Ref("v1", "Secret", namespace, name)) is None
    }
    made = [root_secret(namespace, Keys.generate("admin")), connection_secret(namespace, Keys.generate("demo"))]
    return [obj for obj in made if Ref.of(obj).name in lost]


def root_keys(client: Client, namespace: str) -> Keys:
    """Return MinIO's administrator."""
    ref = Ref("v1", "Secret", namespace, ROOT_SECRET)
    data = decoded(client.get(ref))
    try:
        return Keys(data["MINIO_ROOT_USER"], data["MINIO_ROOT_PASSWORD"])
    except KeyError as lost:
        raise NotFound(f"{ref} has no key {lost}; `make reset` writes a new one", status=404) from lost


def connection_keys(client: Client, namespace: str) -> tuple[Keys, str]:
    """Return the keys and the bucket of the data connection."""
    ref = Ref("v1", "Secret", namespace, CONNECTION_SECRET)
    data = decoded(client.get(ref))
    try:
        return Keys(data["AWS_ACCESS_KEY_ID"], data["AWS_SECRET_ACCESS_KEY"]), data["AWS_S3_BUCKET"]
    except KeyError as lost:
        raise NotFound(f"{ref} has no key {lost}; `make reset` writes a new one", status=404) from lost
