"""A pod's container becomes the process that a kubelet would start."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from rehearsal.images.table import Image
from rehearsal.node import network_files
from rehearsal.node.spec import ConfigError, Facts, environment, expand, process, quantity, user

IMAGE = Image("tool", ("tool",), entrypoint=("/entry",), command=("serve",), env={"FROM_IMAGE": "1"}, workdir="/opt")
NOTHING: list[dict[str, Any]] = []


def pod(**spec: Any) -> dict[str, Any]:
    metadata = {"name": "p", "namespace": "ns", "uid": "u", "labels": {"app": "a"}}
    return {"metadata": metadata, "spec": {"containers": [{"name": "c", "image": "tool"}], **spec}}


def find(kind: str, name: str) -> dict[str, Any] | None:
    objects = {
        ("ConfigMap", "settings"): {"kind": "ConfigMap", "data": {"colour": "red", "0bad": "x"}},
        ("Secret", "key"): {"kind": "Secret", "data": {"token": base64.b64encode(b"s3").decode()}},
    }
    return objects.get((kind, name))


@pytest.mark.parametrize(
    ("container", "argv"),
    [
        ({}, ("/entry", "serve")),
        ({"args": ["other"]}, ("/entry", "other")),
        ({"command": ["/mine"]}, ("/mine",)),
        ({"command": ["/mine"], "args": ["$(WHO)", "$$(WHO)", "$(NOBODY)"]}, ("/mine", "me", "$(WHO)", "$(NOBODY)")),
    ],
)
def test_command_and_args_replace_what_the_image_has(container: dict[str, Any], argv: tuple[str, ...]) -> None:
    assert process(pod(), container, IMAGE, {"WHO": "me"}, None).argv == argv


def test_a_container_without_any_command_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="no command specified: neither the container nor image row 'empty'"):
        process(pod(), {}, Image("empty", ("empty",)), {}, None)


def test_the_environment_has_image_and_pod_and_a_home() -> None:
    found = process(pod(), {}, IMAGE, {"FROM_IMAGE": "2"}, None)
    assert (found.env["FROM_IMAGE"], found.env["HOME"], found.env["HOSTNAME"], found.workdir) == (
        "2",
        "/root",
        "p",
        "/opt",
    )


@pytest.mark.parametrize(
    ("of_pod", "of_container", "of_image", "uid"),
    [(1, 2, 3, 2), (1, None, 3, 1), (None, None, 3, 3), (None, None, None, 1000650000), (0, None, None, 0)],
)
def test_the_user_comes_from_container_pod_image_then_the_namespace(
    of_pod: int | None, of_container: int | None, of_image: int | None, uid: int
) -> None:
    namespace = {"metadata": {"annotations": {"openshift.io/sa.scc.uid-range": "1000650000/10000"}}}
    given = pod(securityContext={"runAsUser": of_pod} if of_pod is not None else {})
    container = {"securityContext": {"runAsUser": of_container}} if of_container is not None else {}
    assert user(given, container, Image("x", ("x",), user=of_image), namespace) == (uid, 0)


def test_variables_come_from_fields_resources_and_objects_in_their_order() -> None:
    container = {
        "resources": {"limits": {"memory": "1Gi"}},
        "envFrom": [
            {"prefix": "S_", "configMapRef": {"name": "settings"}},
            {"secretRef": {"name": "none", "optional": True}},
        ],
        "env": [
            {"name": "COLOUR", "value": "blue-$(S_colour)"},
            {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "key", "key": "token"}}},
            {"name": "APP", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
            {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "MEMORY", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}},
            {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
        ],
    }
    env = environment(pod(), container, Facts("10.128.0.10"), find, NOTHING)
    assert env == {
        "S_colour": "red", "S_0bad": "x", "COLOUR": "blue-red", "TOKEN": "s3", "APP": "a", "IP": "10.128.0.10",
        "MEMORY": "1024", "CPU": "16",
    }  # fmt: skip


def test_a_missing_object_or_key_is_named() -> None:
    absent = {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "gone", "key": "k"}}}]}
    with pytest.raises(ConfigError, match='configmap "gone" not found'):
        environment(pod(), absent, Facts(), find, NOTHING)
    absent["env"][0]["valueFrom"] = {"secretKeyRef": {"name": "key", "key": "other"}}
    with pytest.raises(ConfigError, match="couldn't find key other in Secret ns/key"):
        environment(pod(), absent, Facts(), find, NOTHING)


def test_services_of_the_namespace_are_variables_unless_declined() -> None:
    def service(namespace: str, name: str) -> dict[str, Any]:
        ports = [{"name": "http", "port": 80, "protocol": "TCP"}]
        return {"metadata": {"namespace": namespace, "name": name}, "spec": {"clusterIP": "172.30.0.9", "ports": ports}}

    services = [service("default", "kubernetes"), service("ns", "my-web"), service("other", "far")]
    env = environment(pod(), {}, Facts(), find, services)
    assert env["MY_WEB_SERVICE_HOST"] == "172.30.0.9"
    assert env["MY_WEB_SERVICE_PORT_HTTP"] == env["KUBERNETES_SERVICE_PORT"] == "80"
    assert not any(name.startswith("FAR") for name in env)
    declined = environment(pod(enableServiceLinks=False), {}, Facts(), find, services)
    assert {name.partition("_")[0] for name in declined} == {"KUBERNETES"}


def test_expansion_leaves_what_it_does_not_know() -> None:
    assert expand("$(A)/$(B) $$(A) $ x", {"A": "1"}) == "1/$(B) $(A) $ x"


def test_quantities_are_numbers_and_nonsense_is_refused() -> None:
    assert quantity("250m") * 4 == 1
    assert quantity("1Gi") == 2**30
    with pytest.raises(ConfigError, match="'1 GB' is not a quantity"):
        quantity("1 GB")


def test_the_resolver_asks_the_cluster_with_the_pods_namespace_first() -> None:
    lines = network_files.resolv_conf(pod()).splitlines()
    assert lines == [
        "nameserver 172.30.0.10",
        "search ns.svc.cluster.local svc.cluster.local cluster.local",
        "options ndots:5",
    ]
    custom = pod(dnsPolicy="None", dnsConfig={"nameservers": ["1.2.3.4"], "options": [{"name": "ndots", "value": "1"}]})
    assert network_files.resolv_conf(custom) == "nameserver 1.2.3.4\noptions ndots:1\n"


def test_an_arbitrary_user_has_a_name_and_the_pod_its_host_entry() -> None:
    etc = network_files.etc(pod(hostAliases=[{"ip": "1.2.3.4", "hostnames": ["a", "b"]}]), "10.128.0.10", 1000650000, 0)
    assert "1000650000:x:1000650000:0:1000650000 user:/:/sbin/nologin" in etc["/etc/passwd"]
    assert "10.128.0.10\tp\n" in etc["/etc/hosts"]
    assert "1.2.3.4\ta b\n" in etc["/etc/hosts"]
