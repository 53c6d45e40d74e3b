"""Where everything is and with which keys: read from the cluster when asked, shown here and nowhere else."""

from __future__ import annotations

import json
import shlex
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import urllib3

from bootstrap.connection import connection_keys, decoded, root_keys
from bootstrap.dashboard_admin import GROUP, members
from bootstrap.errors import DemoError, NotFound
from bootstrap.kube.objects import Ref, dig
from bootstrap.kube.transport import without_credentials
from bootstrap.login import publicly_trusted
from bootstrap.outside import route_url
from bootstrap.stages import Visit
from bootstrap.verify import endpoint, known

Section = dict[str, Any]
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def gather(here: Visit) -> dict[str, Section]:
    """Return everything by section; a section that is not there says why instead."""
    ca_file = write_ca(here)
    makers = {
        "inference": lambda: inference(here, ca_file),
        "s3": lambda: s3(here),
        "dashboard": lambda: dashboard(here),
        "minio": lambda: minio(here),
        "argocd": lambda: argocd(here),
    }
    wanted = ("inference", "s3") if here.settings.handout else tuple(makers)
    with ThreadPoolExecutor(max_workers=5) as pool:
        asked = {name: pool.submit(section, makers[name]) for name in wanted}
        return {name: answer.result() for name, answer in asked.items()}


def section(make: Any) -> Section:
    """Return a section, or the reason why it is missing."""
    try:
        return dict(make())
    except DemoError as problem:
        return {"missing": str(problem)}


def write_ca(here: Visit) -> Path | None:
    """Keep the cluster's authorities beside our other files, for a curl to use; only where they changed."""
    content = here.outside.certificates
    if not content.strip():
        return None
    path = (here.settings.state_dir / "ca.crt").resolve()
    if not path.is_file() or path.read_text() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return path


def inference(here: Visit, ca_file: Path | None) -> Section:
    """Return where the models answer, and a curl that works when pasted."""
    name = here.services[0]
    url = endpoint(here, name)
    section: Section = {"url": url}
    if expected := known(name, here.settings):
        first = expected["answers"][0]
        section["curl"] = curl(here, url, first["inputs"], ca_file)
        section["answers"] = f"{first['outputs'][0]['data'][0]} ({first['why']})"
    else:
        section["note"] = "a model of yours without known answers; `make answers MODEL=<file>` computes some"
    for other in here.services[1:]:
        section[f"url of {other}"] = endpoint(here, other)
    return section


def curl(here: Visit, url: str, inputs: list[Any], ca_file: Path | None) -> str:
    """Return a command that asks the first known answer; one that is handed out names no file and no way of ours."""
    parts, others = ["curl", "-s"], here.settings.handout
    proxy = without_credentials(here.outside.proxy_for(url))  # whoever needs a password there has their own
    if others and not publicly_trusted(here.settings, url):
        parts += ["-k"]
    elif ca_file and not others and url.startswith("https"):
        parts += ["--cacert", str(ca_file)]
    if proxy and (not others or urlsplit(proxy).hostname in LOOPBACK):  # a rehearsal's, the only way to its Routes
        parts += ["-x", proxy]
    return shlex.join([*parts, url, "-d", json.dumps({"inputs": inputs})])


def s3(here: Visit) -> Section:
    """Return the bucket with the data connection's own keys, which open nothing else."""
    namespace = here.settings.namespace
    keys, bucket = connection_keys(here.client, namespace)
    return {
        "url": route_url(here.client, namespace, "minio-s3"),
        "inside": f"http://minio.{namespace}.svc.cluster.local:9000",
        "bucket": bucket,
        "access_key": keys.access,
        "secret_key": keys.secret,
    }


def minio(here: Visit) -> Section:
    """Return MinIO's console with its administrator."""
    namespace = here.settings.namespace
    keys = root_keys(here.client, namespace)
    return {"url": route_url(here.client, namespace, "minio-console"), "user": keys.access, "password": keys.secret}


def dashboard(here: Visit) -> Section:
    """Return OpenShift AI's dashboard, wherever this version has it."""
    link = here.client.find(Ref("console.openshift.io/v1", "ConsoleLink", None, "rhodslink"))
    if link is None:
        raise DemoError("no ConsoleLink 'rhodslink': OpenShift AI's dashboard is not installed, or not ready yet")
    return {
        "url": dig(link, "spec", "href"),
        "sign in": "with your user of this cluster",
        "settings": f"show for members of Group {GROUP.name} ({', '.join(members(here.client)) or 'none'}) "
        "and administrators of the cluster; DASHBOARD_ADMIN=<user> adds one",
    }


def argocd(here: Visit) -> Section:
    """Return Argo CD with its administrator, the password tried first: its Secret keeps only the initial one."""
    ref = here.facts.argocd
    if not here.facts.argocds:
        raise NotFound("OpenShift GitOps is not installed here; this demo was applied directly", status=404)
    url = route_url(here.client, ref.namespace or "", f"{ref.name}-server")
    secret = here.client.get(Ref("v1", "Secret", ref.namespace, f"{ref.name}-cluster"))
    password = decoded(secret)["admin.password"]
    if not signs_in(here, url, password):
        note = "the initial password no longer works: it was changed; sign in with OpenShift, or ask who changed it"
        return {"url": url, "user": "admin", "password": None, "note": note}
    return {"url": url, "user": "admin", "password": password}


def signs_in(here: Visit, url: str, password: str) -> bool:
    """Say whether Argo CD takes the administrator's password."""
    body = json.dumps({"username": "admin", "password": password})
    try:
        answer = here.outside.pool(url).request(
            "POST", f"{url}/api/v1/session", body=body, headers={"Content-Type": "application/json"}
        )
    except urllib3.exceptions.HTTPError as problem:
        raise DemoError(
            f"{url} cannot be reached from here: {problem}; check proxy (HTTPS_PROXY) and CA_FILE"
        ) from problem
    return bool(answer.status == 200)
