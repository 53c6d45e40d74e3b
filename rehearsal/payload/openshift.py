"""The objects that a fresh OpenShift cluster has and that installers look at."""

from __future__ import annotations

from typing import Any

from rehearsal import faults
from rehearsal.api import Api, ApiError, Obj
from rehearsal.cluster import APPS_DOMAIN, POD_NETWORK, SERVICE_NETWORK, Cluster
from rehearsal.faults import DEFAULT_CLASS
from rehearsal.payload import access
from rehearsal.payload.apply import apply_all, path_of

INSTALLED = "2026-01-01T00:00:00Z"  # of the pretended installation, the same everywhere so that listings compare
# what people set for themselves is made once, and stays over `stop` and `start` as they left it
OF_PEOPLE = ("APIServer", "Authentication", "Image", "OperatorHub", "Proxy", "StorageClass")
NAMESPACES = (
    "openshift",
    "openshift-apiserver",
    "openshift-authentication",
    "openshift-config",
    "openshift-config-managed",
    "openshift-console",
    "openshift-image-registry",
    "openshift-infra",
    "openshift-ingress",
    "openshift-ingress-operator",
    "openshift-kube-apiserver",
    "openshift-marketplace",
    "openshift-monitoring",
    "openshift-operator-lifecycle-manager",
    "openshift-operators",
    "openshift-user-workload-monitoring",
)
OPERATORS = (
    "authentication",
    "console",
    "dns",
    "etcd",
    "image-registry",
    "ingress",
    "kube-apiserver",
    "marketplace",
    "monitoring",
    "network",
    "openshift-apiserver",
    "operator-lifecycle-manager",
    "operator-lifecycle-manager-catalog",
    "operator-lifecycle-manager-packageserver",
    "service-ca",
    "storage",
)


def config(kind: str, name: str = "cluster", spec: Obj | None = None, status: Obj | None = None) -> Obj:
    """An object of config.openshift.io."""
    return {
        "apiVersion": "config.openshift.io/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec or {},
        **({"status": status} if status else {}),
    }


def condition(kind: str, status: str, **more: str) -> Obj:
    return {"type": kind, "status": status, "lastTransitionTime": INSTALLED, **more}


def cluster_version(cluster: Cluster) -> Obj:
    """The ClusterVersion of a finished installation."""
    version = cluster.openshift
    image = f"quay.io/openshift-release-dev/ocp-release:{version}-x86_64"
    history = {
        "state": "Completed",
        "startedTime": INSTALLED,
        "completionTime": INSTALLED,
        "version": version,
        "image": image,
        "verified": False,
    }
    done = f"Done applying {version}"
    status = {
        "desired": {"version": version, "image": image},
        "history": [history],
        "observedGeneration": 1,
        "versionHash": "rehearsal",
        "availableUpdates": [],
        "conditions": [
            condition("Available", "True", message=done),
            condition("Failing", "False"),
            condition("Progressing", "False", message=f"Cluster version is {version}"),
        ],
    }
    minor = ".".join(version.split(".")[:2])
    return config("ClusterVersion", "version", {"clusterID": cluster.cluster_id, "channel": f"stable-{minor}"}, status)


def infrastructure(cluster: Cluster) -> Obj:
    """The Infrastructure of a cluster on no cloud, with the API address that the machine outside uses."""
    status = {
        "apiServerURL": cluster.api_url,
        "apiServerInternalURI": "https://kubernetes.default.svc:443",
        "infrastructureName": f"rehearsal-{cluster.cluster_id[:5]}",
        "platform": "None",
        "platformStatus": {"type": "None"},
        "controlPlaneTopology": "SingleReplica",
        "infrastructureTopology": "SingleReplica",
        "etcdDiscoveryDomain": "",
        "cpuPartitioning": "None",
    }
    return config("Infrastructure", spec={"platformSpec": {"type": "None"}}, status=status)


def cluster_operator(name: str, version: str) -> Obj:
    """One of OpenShift's own operators, in order."""
    conditions = [
        condition("Available", "True", reason="AsExpected"),
        condition("Progressing", "False", reason="AsExpected"),
        condition("Degraded", "False", reason="AsExpected"),
        condition("Upgradeable", "True", reason="AsExpected"),
    ]
    status = {"conditions": conditions, "versions": [{"name": "operator", "version": version}]}
    return config("ClusterOperator", name, status=status)


def settings(cluster: Cluster) -> list[Obj]:
    """Cluster-wide configuration."""
    oauth_host = f"oauth-openshift.{APPS_DOMAIN}"
    network = {
        "clusterNetwork": [{"cidr": POD_NETWORK, "hostPrefix": 16}],
        "serviceNetwork": [SERVICE_NETWORK],
        "networkType": "OVNKubernetes",
    }
    oauth_route = {"name": "oauth-openshift", "namespace": "openshift-authentication"}
    related = [{"group": "route.openshift.io", "resource": "routes", **oauth_route}]
    hosts = {"defaultHostname": oauth_host, "currentHostnames": [oauth_host]}
    login: Obj = {"componentRoutes": [{**oauth_route, **hosts, "relatedObjects": related}]}
    metadata = {"integratedOAuthMetadata": {"name": "oauth-openshift"}}
    return [
        cluster_version(cluster),
        infrastructure(cluster),
        config("APIServer", spec={"audit": {"profile": "Default"}}),
        config("Authentication", spec={"type": ""}, status=metadata),
        config("Console", status={"consoleURL": f"https://console-openshift-console.{APPS_DOMAIN}"}),
        config("DNS", spec={"baseDomain": APPS_DOMAIN.removeprefix("apps.")}),
        config("FeatureGate"),
        config("Image"),
        config("Ingress", spec={"domain": APPS_DOMAIN}, status={**login, "defaultPlacement": "Workers"}),
        config("Network", spec=network, status=network),
        config("OperatorHub"),
        config("Proxy", spec={"trustedCA": {"name": ""}}),
        *(cluster_operator(name, cluster.openshift) for name in OPERATORS),
    ]


def storage_class(default: bool) -> Obj:
    """The one StorageClass; the node agent is its provisioner."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": "rehearsal-local",
            "annotations": {DEFAULT_CLASS: "true" if default else "false"},
        },
        "provisioner": "rehearsal/local",
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
    }


def surroundings(cluster: Cluster) -> list[Obj]:
    """What stands in namespaces: the ingress CA, the default router, the console's Route, image registry settings."""
    ingress_ca = (cluster.pki / "ingress-ca.crt").read_text()
    console_host = f"console-openshift-console.{APPS_DOMAIN}"
    controller: dict[str, Any] = {
        "apiVersion": "operator.openshift.io/v1",
        "kind": "IngressController",
        "metadata": {"name": "default", "namespace": "openshift-ingress-operator"},
        "spec": {"replicas": 1},
        "status": {"domain": APPS_DOMAIN, "availableReplicas": 1, "conditions": [condition("Available", "True")]},
    }
    registry: dict[str, Any] = {
        "apiVersion": "imageregistry.operator.openshift.io/v1",
        "kind": "Config",
        "metadata": {"name": "cluster"},
        "spec": {"managementState": "Removed", "replicas": 1},
    }
    return [
        _config_map("openshift-config-managed", "default-ingress-cert", {"ca-bundle.crt": ingress_ca}),
        _config_map("openshift-config-managed", "console-public", {"consoleURL": f"https://{console_host}"}),
        controller,
        registry,
        _console_route(console_host),
        # a cluster that starts again keeps its faults
        storage_class(default="no-default-storageclass" not in faults.read(cluster)),
    ]


def _config_map(namespace: str, name: str, content: dict[str, str]) -> Obj:
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": content}


def _console_route(host: str) -> Obj:
    # there is no console: its Route exists because installers read its host
    return {
        "apiVersion": "route.openshift.io/v1",
        "kind": "Route",
        "metadata": {"name": "console", "namespace": "openshift-console"},
        "spec": {
            "host": host,
            "to": {"kind": "Service", "name": "console", "weight": 100},
            "tls": {"termination": "reencrypt", "insecureEdgeTerminationPolicy": "Redirect"},
            "wildcardPolicy": "None",
        },
    }


async def put_status(api: Api, obj: Obj) -> None:
    """The object's status is as given; a kind without a status subresource has it already."""
    try:
        await api.patch(f"{await path_of(api, obj)}/status", {"status": obj["status"]})
    except ApiError as error:
        if error.code != 404:
            raise


async def is_there(api: Api, obj: Obj) -> bool:
    """Whether an earlier start of this rehearsal has made it."""
    try:
        return await api.find(await path_of(api, obj)) is not None
    except ApiError as error:
        if error.code == 404:
            return False  # its kind has just come
        raise


async def install(api: Api, cluster: Cluster) -> None:
    """The cluster looks like OpenShift just after its installation."""
    namespaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in NAMESPACES]
    await apply_all(api, namespaces)
    objects = settings(cluster) + surroundings(cluster) + access.objects()
    await apply_all(api, [obj for obj in objects if not (obj["kind"] in OF_PEOPLE and await is_there(api, obj))])
    for obj in objects:
        if "status" in obj:
            await put_status(api, obj)
