"""MinIO as seen from here: its user for the data connection, the bucket, and the model in it."""

from __future__ import annotations

import hashlib
import io
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import urllib3

from bootstrap import connection, signed
from bootstrap.connection import Keys
from bootstrap.errors import DemoError
from bootstrap.forward import forwarded, ready_pod
from bootstrap.kube.client import Client
from bootstrap.outside import Outside, route_url
from bootstrap.signed import Reader

if TYPE_CHECKING:  # a quarter of a second to import, which a look that writes nothing need not spend
    from minio import Minio, MinioAdmin

S3_ROUTE, S3_PORT, POLICY = "minio-s3", 9000, "serving-demo-connection"
PROBE = ".serving-demo/probe"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where MinIO answers, and through which connections."""

    url: str
    pool: urllib3.PoolManager

    def reader(self, keys: Keys) -> Reader:
        """Return what reads with these keys."""
        return Reader(self.url, self.pool, keys)

    def s3(self, keys: Keys) -> Minio:
        """Return an S3 client with these keys."""
        from minio import Minio

        parts = urlsplit(self.url)
        secure = parts.scheme == "https"
        return Minio(
            parts.netloc, keys.access, keys.secret, secure=secure, region=connection.REGION, http_client=self.pool
        )

    def admin(self, keys: Keys) -> MinioAdmin:
        """Return a client of MinIO's administration."""
        from minio import MinioAdmin
        from minio.credentials.providers import StaticProvider

        parts = urlsplit(self.url)
        return MinioAdmin(
            endpoint=parts.netloc,
            credentials=StaticProvider(keys.access, keys.secret),
            region=connection.REGION,
            secure=parts.scheme == "https",
            http_client=self.pool,
        )


@contextmanager
def endpoint(client: Client, outside: Outside, kubeconfig: Path, namespace: str) -> Iterator[Endpoint]:
    """Yield MinIO by its Route, or through a port-forward where the Route cannot be reached."""
    url = route_url(client, namespace, S3_ROUTE)
    pool = outside.pool(url)
    if answers(pool, url):
        yield Endpoint(url, pool)
        return
    pod = ready_pod(client, namespace, "app=minio")
    with forwarded(outside, kubeconfig, pod, S3_PORT) as port:
        local = f"http://127.0.0.1:{port}"
        yield Endpoint(local, urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=10, read=60)))


def answers(pool: urllib3.PoolManager, url: str, tries: int = 5) -> bool:
    """Say whether MinIO itself answers at a URL; a router may need a moment after it admitted a Route."""
    for left in range(tries, 0, -1):
        try:
            if pool.request("GET", f"{url}/minio/health/live").status == 200:
                return True
        except urllib3.exceptions.HTTPError:
            pass
        if left > 1:
            time.sleep(0.2)
    return False


def prepare(place: Endpoint, root: Keys, keys: Keys, bucket: str) -> bool:
    """Make the bucket and the connection's own user; True where anything was missing."""
    made = False
    if not works(place, keys, bucket):
        admin = place.admin(root)
        admin.user_add(keys.access, keys.secret)
        admin.policy_add(POLICY, policy=policy_for(bucket))
        admin.policy_set(POLICY, user=keys.access)
        s3 = place.s3(root)
        if not s3.bucket_exists(bucket):
            s3.make_bucket(bucket)
        made = True
    prove(place.s3(keys), bucket)
    return made


def empty(place: Endpoint, root: Keys, keys: Keys, bucket: str) -> int:
    """Remove every version of every object, and every user but the connection's own; return how many versions."""
    from minio.deleteobjects import DeleteObject

    admin = place.admin(root)
    for access in json.loads(admin.user_list()):
        if access != keys.access:
            admin.user_remove(access)
    s3 = place.s3(root)
    found = list(s3.list_objects(bucket, recursive=True, include_version=True))
    targets = [DeleteObject(str(one.object_name), one.version_id) for one in found]
    for problem in s3.remove_objects(bucket, targets):
        raise DemoError(f"bucket {bucket}: {problem.name} cannot be removed: {problem.code}")
    return len(targets)


def policy_for(bucket: str) -> dict[str, object]:
    """Return MinIO's policy for one bucket and nothing else."""
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": resources}]}


def works(place: Endpoint, keys: Keys, bucket: str) -> bool:
    """Say whether these keys reach the bucket."""
    return place.reader(keys).head(bucket) == 200


def prove(s3: Minio, bucket: str) -> None:
    """Put, get and remove a small object, with the connection's own keys."""
    from minio.error import S3Error

    content = connection.pick(32).encode()
    try:
        s3.put_object(bucket, PROBE, io.BytesIO(content), len(content))
        if fetch(s3, bucket, PROBE) != content:
            raise DemoError(f"bucket {bucket} gives back other bytes than it took; its storage cannot be trusted")
        s3.remove_object(bucket, PROBE)
    except S3Error as refused:
        raise DemoError(
            f"the data connection's keys do not work on bucket {bucket}: {refused.code}; `make reset`"
        ) from refused


def fetch(s3: Minio, bucket: str, name: str) -> bytes:
    """Return an object's content."""
    answer = s3.get_object(bucket, name)
    try:
        return answer.read()
    finally:
        answer.close()
        answer.release_conn()


def stored_digest(reader: Reader, bucket: str, name: str) -> str | None:
    """Return the sha256 of what is in the bucket, computed from its bytes, or None where there is nothing."""
    status, content = reader.get(bucket, name)
    if status == 200:
        return hashlib.sha256(content).hexdigest()
    if signed.code(content) in ("NoSuchKey", "NoSuchBucket"):
        return None
    raise DemoError(f"bucket {bucket} refuses to show {name}: {signed.code(content)}")


def differing(reader: Reader, bucket: str, files: Mapping[str, Path]) -> list[str]:
    """Return the names whose content in the bucket is not that of the file."""
    return [name for name, path in files.items() if stored_digest(reader, bucket, name) != digest(path)]


def digest(path: Path) -> str:
    """Return the sha256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def seed(
    place: Endpoint, keys: Keys, bucket: str, files: Mapping[str, Path], say: Callable[[str], None] = lambda _: None
) -> list[str]:
    """Bring the files into the bucket, check what is there then, and return the names that were written."""
    reader = place.reader(keys)
    wanted = differing(reader, bucket, files)
    for name in wanted:
        say(f"{name} ({files[name].stat().st_size} bytes)")
        place.s3(keys).fput_object(bucket, name, str(files[name]))
    if wrong := differing(reader, bucket, {name: files[name] for name in wanted}):
        raise DemoError(f"after the upload the bucket {bucket} still differs in: {', '.join(wrong)}")
    return wanted


def model_files(folder: Path, prefix: str) -> dict[str, Path]:
    """Return every file of a model folder by the name it gets in the bucket."""
    return {
        f"{prefix}/{path.relative_to(folder).as_posix()}": path for path in sorted(folder.rglob("*")) if path.is_file()
    }
