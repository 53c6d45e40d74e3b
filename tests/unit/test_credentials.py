"""What the report of credentials says, what it keeps from students, and what it says instead where something is not."""

from __future__ import annotations

import base64
import shlex
from pathlib import Path
from typing import Any

import pytest

from bootstrap import credentials
from bootstrap.kube.objects import Obj
from bootstrap.outside import Outside
from bootstrap.stages import Visit
from tests.unit.cluster import Objects, facts, obj, plan, visit

SPACE = "serving-demo-gitops"
ARGOCD = obj("argoproj.io/v1beta1", "ArgoCD", "openshift-gitops", "openshift-gitops")


def route(name: str, namespace: str = SPACE, tls: bool = True) -> Obj:
    condition = {"type": "Admitted", "status": "True"}
    status = {"ingress": [{"host": f"{name}.apps.example.com", "conditions": [condition]}]}
    spec: dict[str, Any] = {"tls": {"termination": "edge"}} if tls else {}
    return obj("route.openshift.io/v1", "Route", name, namespace, spec=spec, status=status)


def secret(name: str, namespace: str = SPACE, **data: str) -> Obj:
    encoded = {key.replace("__", "."): base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return obj("v1", "Secret", name, namespace, data=encoded)


def demo(*more: Obj) -> Objects:
    keys = secret("aws-connection-minio", AWS_ACCESS_KEY_ID="student", AWS_SECRET_ACCESS_KEY="own", AWS_S3_BUCKET="b")
    root = secret("minio-root", MINIO_ROOT_USER="root", MINIO_ROOT_PASSWORD="all-powerful")
    return Objects([route("fraud"), route("minio-s3"), route("minio-console"), keys, root, *more])


def here(client: Objects, folder: Path, **settings: Any) -> Visit:
    found = visit(client, folder, **settings)
    found.outside = Outside("http://proxy.example:3128", ".internal", "PEM\n")
    return found


def test_the_curl_that_is_printed_carries_authority_and_proxy(tmp_path: Path) -> None:
    section = credentials.gather(here(demo(), tmp_path))["inference"]
    words = shlex.split(section["curl"])
    assert words[:2] == ["curl", "-s"]
    assert words[words.index("--cacert") + 1] == str(tmp_path / "ca.crt")
    assert words[words.index("-x") + 1] == "http://proxy.example:3128"
    assert "https://fraud.apps.example.com/v2/models/fraud/infer" in words
    assert (tmp_path / "ca.crt").read_text() == "PEM\n"


def test_students_get_the_endpoint_and_the_buckets_own_keys_and_nothing_else(tmp_path: Path) -> None:
    found = credentials.gather(here(demo(), tmp_path, handout=True))
    assert list(found) == ["inference", "s3"]
    assert (found["s3"]["access_key"], found["s3"]["secret_key"], found["s3"]["bucket"]) == ("student", "own", "b")
    assert "all-powerful" not in str(found)


def test_what_is_not_there_says_why_and_hides_nothing_else(tmp_path: Path) -> None:
    found = credentials.gather(here(demo(), tmp_path))
    assert found["argocd"]["missing"] == "OpenShift GitOps is not installed here; this demo was applied directly"
    assert "no ConsoleLink 'rhodslink'" in found["dashboard"]["missing"]
    assert found["minio"]["password"] == "all-powerful"


def test_a_route_that_no_router_admits_is_named(tmp_path: Path) -> None:
    client = demo()
    for one in client.objects.values():
        if one["kind"] == "Route" and one["metadata"]["name"] == "fraud":
            one["status"] = {}
    assert (
        "Route serving-demo-gitops/fraud is not admitted"
        in credentials.gather(here(client, tmp_path))["inference"]["missing"]
    )


@pytest.mark.parametrize("works", [True, False])
def test_argo_cds_password_is_tried_before_it_is_printed(
    works: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials, "signs_in", lambda *_: works)
    client = demo(
        route("openshift-gitops-server", "openshift-gitops"),
        secret("openshift-gitops-cluster", "openshift-gitops", admin__password="initial"),
    )
    visited = here(client, tmp_path)
    visited.facts = facts(argocds=[ARGOCD])
    visited.plan = plan(found=visited.facts)
    section = credentials.gather(visited)["argocd"]
    assert section["password"] == ("initial" if works else None)
    assert ("note" in section) is not works


def test_the_dashboards_address_comes_from_its_link(tmp_path: Path) -> None:
    link = obj("console.openshift.io/v1", "ConsoleLink", "rhodslink", spec={"href": "https://dash.example.com"})
    assert credentials.gather(here(demo(link), tmp_path))["dashboard"]["url"] == "https://dash.example.com"


@pytest.mark.parametrize("trusted", [True, False])
def test_the_curl_that_is_handed_out_names_no_file_and_no_proxy_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool
) -> None:
    monkeypatch.setattr(credentials, "publicly_trusted", lambda *_: trusted)
    there = here(demo(), tmp_path, handout=True)
    words = shlex.split(credentials.gather(there)["inference"]["curl"])
    assert not {"--cacert", "-x"} & set(words)
    assert ("-k" in words) is not trusted
    there.outside = Outside("http://127.0.0.1:3128", "", "PEM\n")  # a rehearsal is reached through nothing else
    assert "-x" in shlex.split(credentials.gather(there)["inference"]["curl"])
