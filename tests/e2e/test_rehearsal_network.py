"""Services, DNS, Routes, serving certificates and Git of a running rehearsal."""

from __future__ import annotations

import base64
import http.client
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509

from rehearsal.cluster import APPS_DOMAIN, Cluster
from tests.e2e.rehearsing import Kubectl, eventually, rehearsal
from tests.e2e.web import Answer, ask

pytestmark = pytest.mark.e2e
SHARES_CLUSTER = True

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: registry.access.redhat.com/ubi9/python-311
        command: [sh, -c, "hostname > index.html; exec python3 -m http.server 8080"]
        workingDir: /tmp
        readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: route.openshift.io/v1
kind: Route
metadata: {name: web}
spec:
  to: {kind: Service, name: web}
  port: {targetPort: http}
  tls: {termination: edge, insecureEdgeTerminationPolicy: Redirect}
"""
SET = """
apiVersion: v1
kind: Service
metadata: {name: peers}
spec: {clusterIP: None, selector: {app: peer}, ports: [{name: http, port: 8080}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: peer}
spec:
  serviceName: peers
  replicas: 2
  podManagementPolicy: Parallel
  selector: {matchLabels: {app: peer}}
  template:
    metadata: {labels: {app: peer}}
    spec:
      containers:
      - {name: peer, image: registry.access.redhat.com/ubi9/python-311, command: [sleep, "3600"]}
"""
LOOK_UP = """
apiVersion: batch/v1
kind: Job
metadata: {name: look-up}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: look-up
        image: registry.access.redhat.com/ubi9/python-311
        command:
        - python3
        - -c
        - |
          import socket
          for name in NAMES:
              try:
                  found = sorted({entry[4][0] for entry in socket.getaddrinfo(name, None, socket.AF_INET)})
              except socket.gaierror:
                  found = []
              print(name, *found)
"""


def bare_route(name: str, host: str = "", **spec: object) -> str:
    route = {"apiVersion": "route.openshift.io/v1", "kind": "Route", "metadata": {"name": name}}
    return json.dumps(
        {**route, "spec": {"to": {"kind": "Service", "name": name}, **({"host": host} if host else {}), **spec}}
    )


def admitted(kubectl: Kubectl, namespace: str, name: str) -> tuple[str, str]:
    """Status and reason of the Route's Admitted condition."""
    route = json.loads(kubectl("get", "route", name, "-n", namespace, "-o", "json"))
    for ingress in route.get("status", {}).get("ingress", []):
        return ingress["conditions"][0]["status"], ingress["conditions"][0].get("reason", "")
    return "", ""


def json_of(kubectl: Kubectl, *what: str) -> dict[str, object]:
    text = kubectl("get", *what, "-o", "json", "--ignore-not-found")
    return json.loads(text) if text else {}


@pytest.fixture
def second_namespace(kubectl: Kubectl, namespace: str) -> Iterator[str]:
    name = f"{namespace}-2"
    kubectl("create", "namespace", name)
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def fault(cluster: Cluster) -> Iterator[Callable[..., None]]:
    """Switches faults on; all are off afterwards."""
    on: list[str] = []

    def switch(name: str, *parameters: str) -> None:
        on.append(name)
        rehearsal("fault", name, "on", *parameters, "--name", cluster.name, root=cluster.root.parent)

    yield switch
    for name in on:
        rehearsal("fault", name, "off", "--name", cluster.name, root=cluster.root.parent)


def test_a_route_serves_what_its_service_has(cluster: Cluster, kubectl: Kubectl, namespace: str) -> None:
    url = f"web-{namespace}.{APPS_DOMAIN}/"
    kubectl("apply", "-n", namespace, "-f", "-", stdin=WEB)
    kubectl("rollout", "status", "deployment/web", "-n", namespace, "--timeout=180s")

    def served() -> Answer | None:
        answer = ask(cluster, f"https://{url}")
        return answer if answer.status == 200 else None

    eventually(served)
    pods = kubectl("get", "pods", "-n", namespace, "-l", "app=web", "-o", "jsonpath={.items[*].metadata.name}").split()
    # the router may know one of them a moment before the other
    eventually(lambda: {ask(cluster, f"https://{url}").text.strip() for _ in range(12)} == set(pods))
    plain = ask(cluster, f"http://{url}x?y=1")
    assert (plain.status, plain.headers["Location"]) == (302, f"https://{url}x?y=1")

    kubectl("scale", "deployment/web", "-n", namespace, "--replicas=0")
    gone = eventually(lambda: (answer := ask(cluster, f"https://{url}")).status == 503 and answer)
    assert isinstance(gone, Answer)
    assert f"Route {namespace}/web: Service {namespace}/web has no ready endpoints" in gone.text


def test_the_proxy_reaches_routes_only(cluster: Cluster) -> None:
    with pytest.raises(OSError, match="403"):
        ask(cluster, "https://example.com/")
    assert ask(cluster, "http://kubernetes.default.svc/").status == 403


def test_names_of_services_and_of_their_pods(cluster: Cluster, kubectl: Kubectl, namespace: str) -> None:
    kubectl("apply", "-n", namespace, "-f", "-", stdin=SET)
    kubectl("create", "service", "clusterip", "plain", "--tcp=80", "-n", namespace)
    kubectl("rollout", "status", "statefulset/peer", "-n", namespace, "--timeout=180s")
    ready = ("-l", "kubernetes.io/service-name=peers", "-o", "jsonpath={.items[*].endpoints[*].conditions.ready}")
    eventually(lambda: kubectl("get", "endpointslices", "-n", namespace, *ready) == "true true")
    names = [
        "plain",
        f"peers.{namespace}.svc.cluster.local",
        "peer-0.peers",
        "peer-1.peers",
        "peer-2.peers",
        "example.com",
    ]
    kubectl("apply", "-n", namespace, "-f", "-", stdin=LOOK_UP.replace("NAMES", repr(names)))
    kubectl("wait", "--for=condition=complete", "job/look-up", "-n", namespace, "--timeout=180s")

    lines = kubectl("logs", "job/look-up", "-n", namespace).splitlines()
    found = {line.split()[0]: line.split()[1:] for line in lines}
    addresses = {
        pod: kubectl("get", "pod", pod, "-n", namespace, "-o", "jsonpath={.status.podIP}")
        for pod in ("peer-0", "peer-1")
    }
    assert found["peer-0.peers"] == [addresses["peer-0"]]
    assert found["peer-1.peers"] == [addresses["peer-1"]]
    assert found[names[1]] == sorted(addresses.values())
    assert found["plain"] == [kubectl("get", "service", "plain", "-n", namespace, "-o", "jsonpath={.spec.clusterIP}")]
    assert found["peer-2.peers"] == found["example.com"] == []


def test_a_route_has_its_host_as_soon_as_it_is_stored(kubectl: Kubectl, namespace: str) -> None:
    made = json.loads(kubectl("create", "-n", namespace, "-f", "-", "-o", "json", stdin=bare_route("shop")))
    assert made["spec"]["host"] == f"shop-{namespace}.{APPS_DOMAIN}"
    assert made["metadata"]["annotations"]["openshift.io/host.generated"] == "true"
    assert (made["spec"]["wildcardPolicy"], made["spec"]["to"]["weight"]) == ("None", 100)
    # an update that leaves the host out keeps it, as OpenShift's API server has it
    made["spec"].pop("host")
    made["metadata"].pop("resourceVersion")
    again = json.loads(kubectl("replace", "-n", namespace, "-f", "-", "-o", "json", stdin=json.dumps(made)))
    assert again["spec"]["host"] == f"shop-{namespace}.{APPS_DOMAIN}"


def test_the_older_route_keeps_a_host_and_the_younger_gets_it_later(
    kubectl: Kubectl, namespace: str, second_namespace: str
) -> None:
    host = f"claimed.{APPS_DOMAIN}"
    kubectl("create", "-n", namespace, "-f", "-", stdin=bare_route("first", host))
    eventually(lambda: admitted(kubectl, namespace, "first") == ("True", ""))
    time.sleep(1.1)  # the API keeps ages in whole seconds
    kubectl("create", "-n", second_namespace, "-f", "-", stdin=bare_route("second", host))
    eventually(lambda: admitted(kubectl, second_namespace, "second") == ("False", "HostAlreadyClaimed"))
    kubectl("delete", "route", "first", "-n", namespace)
    eventually(lambda: admitted(kubectl, second_namespace, "second") == ("True", ""))


def test_fault_a_route_is_not_admitted(kubectl: Kubectl, namespace: str, fault: Callable[..., None]) -> None:
    kubectl("create", "-n", namespace, "-f", "-", stdin=bare_route("victim"))
    kubectl("create", "-n", namespace, "-f", "-", stdin=bare_route("other"))
    eventually(lambda: admitted(kubectl, namespace, "victim") == ("True", ""))
    fault("route-not-admitted", "name=victim")
    eventually(lambda: admitted(kubectl, namespace, "victim") == ("False", "RouteNotAdmitted"))
    assert admitted(kubectl, namespace, "other") == ("True", "")


def test_after_the_fault_the_route_is_admitted_again(
    cluster: Cluster, kubectl: Kubectl, namespace: str, fault: Callable[..., None]
) -> None:
    kubectl("create", "-n", namespace, "-f", "-", stdin=bare_route("victim"))
    fault("route-not-admitted", "name=victim", "how=absent")
    eventually(lambda: admitted(kubectl, namespace, "victim") == ("", ""))
    rehearsal("fault", "route-not-admitted", "off", "--name", cluster.name, root=cluster.root.parent)
    eventually(lambda: admitted(kubectl, namespace, "victim") == ("True", ""))


@pytest.mark.parametrize("code", ["429", "500", "503"])
def test_fault_the_api_server_refuses_a_share(cluster: Cluster, fault: Callable[..., None], code: str) -> None:
    fault("api-errors", "share=1", f"code={code}")
    answer = eventually(lambda: (got := ask(cluster, f"{cluster.api_url}/version")).status == int(code) and got)
    assert isinstance(answer, Answer)
    assert answer.json["kind"] == "Status"


def test_fault_the_api_server_is_slow(cluster: Cluster, fault: Callable[..., None]) -> None:
    fault("api-slow", "delay=1.5")
    url = f"curl -s -o /dev/null -w %{{time_total}} --noproxy * --cacert {cluster.ca_bundle} {cluster.api_url}/version"

    def seconds() -> float:
        return float(subprocess.run(url.split(), check=True, capture_output=True, text=True, timeout=60).stdout)

    eventually(lambda: seconds() > 1.5)


def test_a_service_gets_a_serving_certificate(kubectl: Kubectl, namespace: str) -> None:
    kubectl("create", "service", "clusterip", "safe", "--tcp=443", "-n", namespace)
    annotation = "service.beta.openshift.io/serving-cert-secret-name=safe-tls"
    kubectl("annotate", "service", "safe", annotation, "-n", namespace)
    secret = eventually(lambda: json_of(kubectl, "secret", "safe-tls", "-n", namespace))
    assert isinstance(secret, dict)
    leaf, *_ = x509.load_pem_x509_certificates(base64.b64decode(secret["data"]["tls.crt"]))
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [
        f"safe.{namespace}.svc",
        f"safe.{namespace}.svc.cluster.local",
    ]
    bundle = json_of(kubectl, "configmap", "openshift-service-ca.crt", "-n", namespace)["data"]
    assert isinstance(bundle, dict)
    leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(bundle["service-ca.crt"].encode()))
    assert secret["metadata"]["ownerReferences"][0]["kind"] == "Service"

    kubectl("delete", "secret", "safe-tls", "-n", namespace)
    eventually(lambda: json_of(kubectl, "secret", "safe-tls", "-n", namespace))


def test_bundles_go_where_they_are_asked_for(cluster: Cluster, kubectl: Kubectl, namespace: str) -> None:
    kubectl("create", "configmap", "trusted", "--from-literal=own=kept", "-n", namespace)
    kubectl("label", "configmap", "trusted", "config.openshift.io/inject-trusted-cabundle=true", "-n", namespace)

    def data() -> dict[str, str]:
        content = json_of(kubectl, "configmap", "trusted", "-n", namespace)["data"]
        assert isinstance(content, dict)
        return content

    eventually(lambda: "ca-bundle.crt" in data())
    assert data()["own"] == "kept"
    assert data()["ca-bundle.crt"] == cluster.ca_bundle.read_text()


def test_every_namespace_gets_a_range_of_its_own(kubectl: Kubectl, namespace: str, second_namespace: str) -> None:
    def range_of(name: str) -> str:
        metadata = json_of(kubectl, "namespace", name)["metadata"]
        assert isinstance(metadata, dict)
        return str(metadata.get("annotations", {}).get("openshift.io/sa.scc.uid-range", ""))

    one, two = eventually(lambda: range_of(namespace)), eventually(lambda: range_of(second_namespace))
    assert one != two


def test_the_snapshot_can_be_cloned_and_not_pushed_to(cluster: Cluster, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "HTTPS_PROXY": cluster.proxy_url,
        "https_proxy": cluster.proxy_url,
        "NO_PROXY": "",
        "no_proxy": "",
        "GIT_SSL_CAINFO": str(cluster.ca_bundle),
        "GIT_TERMINAL_PROMPT": "0",
    }

    def git(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["git", *arguments], env=environment, capture_output=True, text=True, timeout=60)

    cloned = git("clone", "--quiet", cluster.git_url, str(tmp_path / "clone"))
    assert cloned.returncode == 0, cloned.stderr
    assert (tmp_path / "clone" / "Makefile").exists()
    pushed = git("-C", str(tmp_path / "clone"), "push", "origin", "HEAD:refs/heads/other")
    assert pushed.returncode != 0
    assert "403" in pushed.stderr


SAFE = """
apiVersion: v1
kind: Service
metadata: {name: safe, annotations: {service.beta.openshift.io/serving-cert-secret-name: safe-tls}}
spec: {selector: {app: safe}, ports: [{name: https, port: 443, targetPort: 8443}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: safe}
spec:
  selector: {matchLabels: {app: safe}}
  template:
    metadata: {labels: {app: safe}}
    spec:
      volumes:
      - {name: tls, secret: {secretName: safe-tls}}
      containers:
      - name: safe
        image: registry.access.redhat.com/ubi9/python-311
        volumeMounts: [{name: tls, mountPath: /tls}]
        readinessProbe: {tcpSocket: {port: 8443}, periodSeconds: 1}
        command:
        - python3
        - -c
        - |
          import http.server, ssl
          class Echo(http.server.BaseHTTPRequestHandler):
              def do_GET(self):
                  body = "|".join([self.headers["Host"], self.headers["X-Forwarded-Proto"] or "-"]).encode()
                  self.send_response(200)
                  self.send_header("Content-Length", str(len(body)))
                  self.end_headers()
                  self.wfile.write(body)
          server = http.server.ThreadingHTTPServer(("", 8443), Echo)
          context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
          context.load_cert_chain("/tls/tls.crt", "/tls/tls.key")
          server.socket = context.wrap_socket(server.socket, server_side=True)
          server.serve_forever()
---
apiVersion: route.openshift.io/v1
kind: Route
metadata: {name: safe}
spec:
  to: {kind: Service, name: safe}
  port: {targetPort: https}
  tls: {termination: reencrypt, insecureEdgeTerminationPolicy: None}
"""


def test_reencrypt_trusts_the_service_ca(cluster: Cluster, kubectl: Kubectl, namespace: str) -> None:
    kubectl("apply", "-n", namespace, "-f", "-", stdin=SAFE)
    kubectl("rollout", "status", "deployment/safe", "-n", namespace, "--timeout=180s")
    host = f"safe-{namespace}.{APPS_DOMAIN}"
    answer = eventually(lambda: (got := ask(cluster, f"https://{host}/")).status == 200 and got)
    assert isinstance(answer, Answer)
    assert answer.text == f"{host}|https"
    assert ask(cluster, f"http://{host}/").status == 503
    # with a CA that did not sign, nothing is served and the page says why
    wrong = (cluster.pki / "ingress-ca.crt").read_text()
    patch = json.dumps({"spec": {"tls": {"destinationCACertificate": wrong}}})
    kubectl("patch", "route", "safe", "-n", namespace, "--type=merge", "-p", patch)
    refused = eventually(lambda: (got := ask(cluster, f"https://{host}/")).status == 503 and got)
    assert isinstance(refused, Answer)
    assert "certificate does not verify" in refused.text


def test_routes_outlive_the_parts_that_serve_them(cluster: Cluster, kubectl: Kubectl, namespace: str) -> None:
    for part in ("dataplane", "platform"):
        status = json.loads(rehearsal("status", "--json", "--name", cluster.name, root=cluster.root.parent).stdout)
        os.kill(next(row["pid"] for row in status if row["name"] == part), signal.SIGKILL)
        route = bare_route(f"after-{part}")
        eventually(partial(kubectl, "apply", "-n", namespace, "-f", "-", stdin=route, check=False))
        eventually(partial(serves_nothing_yet, cluster, f"after-{part}-{namespace}.{APPS_DOMAIN}"))


def serves_nothing_yet(cluster: Cluster, host: str) -> bool:
    """Whether the router knows the host, which has nothing behind it."""
    try:
        return "has no ready endpoints" in ask(cluster, f"http://{host}/").text
    except (OSError, http.client.HTTPException):  # the proxy is the data plane
        return False
