"""What the doctor says about a cluster as a whole."""

from __future__ import annotations

from typing import Any

from bootstrap.doctor import cluster
from bootstrap.kube.objects import LABELS, Obj, Ref
from bootstrap.kube.record import Record
from tests.unit.cluster import facts, obj
from tests.unit.doctor.cases import SESSION, SPACE, said, sight, version

SERVER = SESSION.server


def space(name: str, going: bool = False, message: str | None = None, **more: Any) -> Obj:
    made = obj("v1", "Namespace", name, **more)
    if going:
        made["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    if message:
        made["status"] = {"conditions": [{"type": "NamespaceContentRemaining", "status": "True", "message": message}]}
    return made


def past(namespace: str = SPACE, cluster_id: str = "id-1") -> Record:
    return Record(cluster_id, "0.1.0", SERVER, settings={"NAMESPACE": namespace})


def hook(group: str = "serving.kserve.io", policy: str = "Fail", **more: Any) -> Obj:
    client = {"service": {"namespace": "gone", "name": "hook"}}
    webhook = {"name": "w.io", "clientConfig": client, "failurePolicy": policy, "rules": [{"apiGroups": [group]}]}
    return obj("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "v", webhooks=[{**webhook, **more}])


def definition() -> Obj:
    service = {"namespace": "gone", "name": "hook"}
    name = "datascienceclusters.datasciencecluster.opendatahub.io"
    conversion = {"conversion": {"webhook": {"clientConfig": {"service": service}}}}
    return obj("apiextensions.k8s.io/v1", "CustomResourceDefinition", name, spec=conversion)


def api_service(available: str) -> Obj:
    condition = {"type": "Available", "status": available, "reason": "MissingEndpoints", "message": "no endpoints"}
    return obj("apiregistration.k8s.io/v1", "APIService", "v1.x", status={"conditions": [condition]})


def images(**sources: list[str]) -> Obj:
    return obj("config.openshift.io/v1", "Image", "cluster", spec={"registrySources": sources})


GONE = {Ref("v1", "Service", "gone", "hook")}
OURS_GONE = {Ref("v1", "Service", "redhat-ods-applications", "hook")}
LEFT = {"clientConfig": {"service": {"namespace": "redhat-ods-applications", "name": "hook"}}}
OUR_OPERATOR = Record("id-1", "", SERVER, {Ref("operators.coreos.com/v1alpha1", "Subscription", "x", "rhods-operator")})
MIRROR = obj("config.openshift.io/v1", "ImageDigestMirrorSet", "mirror")
BAD: list[tuple[str, dict[str, Any], str]] = [
    ("openshift", {"versions": []}, f"x {SERVER}: is no OpenShift cluster: it has no ClusterVersion; "),
    (
        "openshift",
        {"versions": [version(type="Progressing", status="True", message="Working towards 4.20.9")]},
        "! ClusterVersion version: is being updated: Working towards 4.20.9; ",
    ),
    (
        "rights",
        {"admin": False, "denied": ["create namespaces", "create secrets in x"]},
        f"x user ann on {SERVER}: may not: create namespaces, create secrets in x; the demo makes these, and installs "
        "operators; ask an administrator for cluster-admin (`oc adm policy add-cluster-role-to-user cluster-admin "
        "<user>`); DELIVERY=direct needs fewer rights",
    ),
    ("token", {"expires_in": 600.0}, "! kubeconfig: its token expires in 10 min; a run may take 60 min; "),
    (
        "namespaces",
        {"namespaces": [space(SPACE, going=True, message="pods remain", labels=LABELS)]},
        f"x Namespace {SPACE}: is being deleted: pods remain; nothing can be made in it; wait until it is gone; ",
    ),
    ("namespaces", {"namespaces": [space("redhat-ods-operator", going=True)]}, "x Namespace redhat-ods-operator: is "),
    (
        "namespaces",
        {"namespaces": [space(SPACE)]},
        f"x Namespace {SPACE}: was made by somebody else: it has no label of the demo and is not in its record; "
        "the demo wants a namespace of its own, and teardown would delete it; set NAMESPACE to a name that is free",
    ),
    (
        "names of namespaces",
        {"refused": {"redhat-ods-operator": "denied the request"}},
        "x Namespace redhat-ods-operator: may not be made: denied the request; the demo makes it; ask an administrator "
        "to make it, or for a group that may (on ROSA: cluster-admins)",
    ),
    (
        "names of namespaces",
        {"refused": {"mine": "denied the request"}, "settings": {"namespace": "mine"}},
        "x Namespace mine: may not be made: denied the request; the demo makes it; ask an administrator "
        "to make it, or for a group that may (on ROSA: cluster-admins), or set NAMESPACE to another name",
    ),
    (
        "record",
        {"past": past("other")},
        "x ConfigMap serving-demo-record/serving-demo-record: this cluster has a demo in namespace other; "
        f"there is one demo per cluster, so a second in {SPACE} is refused; "
        "set NAMESPACE=other, or `make teardown NAMESPACE=other` first",
    ),
    ("record", {"past": past(cluster_id="id-2")}, "x ConfigMap serving-demo-record/serving-demo-record: is about clus"),
    (
        "leftovers",
        {"orphans": [Ref("v1", "Secret", "n", "s")]},
        f"! {SERVER}: there is no record of the demo, but this carries its labels: Secret n/s; ",
    ),
    (
        "webhooks",
        {"validating": [hook()], "gone": GONE},
        "x ValidatingWebhookConfiguration v: webhook w.io calls Service gone/hook, which is gone; "
        "the API server refuses what the demo makes; bring that Service back, or `oc delete "
        "validatingwebhookconfiguration v`",
    ),
    ("webhooks", {"validating": [hook(objectSelector={"a": "b"})], "gone": GONE}, "! ValidatingWebhookConfiguration v"),
    ("webhooks", {"validating": [hook(**LEFT)], "gone": OURS_GONE}, "x ValidatingWebhookConfiguration v"),
    (
        "webhooks",
        {"validating": [hook(**LEFT)], "gone": OURS_GONE, "settings": {"allow_dsc_patch": True}},
        "! ValidatingWebhookConfiguration v",
    ),
    (
        "webhooks",
        {"validating": [hook(**LEFT)], "gone": OURS_GONE, "past": OUR_OPERATOR},
        "! ValidatingWebhookConfiguration v",
    ),
    (
        "webhooks",
        {"definitions": [definition()], "gone": GONE},
        "x CustomResourceDefinition datascienceclusters.datasciencecluster.opendatahub.io: its versions are "
        "converted by Service gone/hook, which is gone; none of its objects can be read; ",
    ),
    ("aggregated APIs", {"api_services": [api_service("False")]}, "! APIService v1.x: it does not answer: MissingEnd"),
    (
        "image registries",
        {"images": [images(allowedRegistries=["quay.io"])]},
        "! Image cluster: does not allow nvcr.io; the image behind TRITON_IMAGE comes from there; "
        "mirror the image and set TRITON_IMAGE",
    ),
    ("image registries", {"mirrors": [MIRROR]}, "! ImageDigestMirrorSet mirror: images are mirrored here; "),
]
FINE: list[tuple[str, dict[str, Any]]] = [
    ("rights", {"admin": False}),
    ("token", {"expires_in": 7200.0}),
    ("namespaces", {"namespaces": [space("theirs", going=True), space(SPACE, labels=LABELS)]}),
    ("namespaces", {"namespaces": [space(SPACE)], "past": Record("", "", "", {Ref("v1", "Namespace", None, SPACE)})}),
    ("record", {"past": past()}),
    ("leftovers", {"past": past(), "orphans": [Ref("v1", "Secret", "n", "s")]}),
    ("webhooks", {"validating": [hook()]}),
    ("webhooks", {"validating": [hook("other.io")], "gone": GONE}),
    ("webhooks", {"validating": [hook(policy="Ignore")], "gone": GONE}),
    ("aggregated APIs", {"api_services": [api_service("True")]}),
    ("image registries", {"settings": {"minio_image": "m/a:1", "triton_image": "m/b:1"}, "mirrors": [MIRROR]}),
]


def test_rights_speak_of_operators_only_where_some_are_installed() -> None:
    from bootstrap.facts import RHODS, Operator
    from tests.unit.cluster import csv

    there = facts(rhods=Operator(RHODS, csv=csv("rhods-operator.3.4.3", "n")))
    (found,) = said(cluster.rights, sight(admin=False, denied=["create x"], facts=there, delivery="direct"))
    assert found.endswith(
        "the demo makes these; ask an administrator for cluster-admin (`oc adm policy "
        "add-cluster-role-to-user cluster-admin <user>`)"
    )
