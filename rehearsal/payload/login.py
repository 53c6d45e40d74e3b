"""Who can log in on a fresh cluster: kubeadmin, and the users of a workshop's htpasswd provider."""

from __future__ import annotations

import base64
import json
import secrets
import string

from rehearsal import htpasswd
from rehearsal.api import Api, Obj
from rehearsal.cluster import NODE_IP, Cluster
from rehearsal.payload.apply import apply_all
from rehearsal.pki import write_private
from rehearsal.platform.login.flow import HOST
from rehearsal.platform.ports import OAUTH_PORT

NAMESPACE = "openshift-authentication"
PROVIDER, SECRET = "workshop", "htpass-workshop"
USERS = ("user1", "user2")
LETTERS = string.ascii_letters + string.digits


def new_password() -> str:
    """A password in the form that OpenShift's installer gives to kubeadmin."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(5)) for _ in range(4))


def opaque(namespace: str, name: str, entry: str, text: str) -> Obj:
    """A Secret with one entry."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": "Opaque",
        "data": {entry: base64.b64encode(text.encode()).decode()},
    }


def oauth() -> Obj:
    """OAuth/cluster with the workshop's provider."""
    provider = {
        "name": PROVIDER,
        "mappingMethod": "claim",
        "type": "HTPasswd",
        "htpasswd": {"fileData": {"name": SECRET}},
    }
    return {
        "apiVersion": "config.openshift.io/v1",
        "kind": "OAuth",
        "metadata": {"name": "cluster"},
        "spec": {"identityProviders": [provider]},
    }


def oauth_server() -> list[Obj]:
    """The OAuth server's Service and Route; it runs in the platform process instead of in pods."""
    name = {"name": "oauth-openshift", "namespace": NAMESPACE}
    port = {"name": "https", "port": 443, "protocol": "TCP", "targetPort": OAUTH_PORT}
    labels = {"kubernetes.io/service-name": "oauth-openshift", "endpointslice.kubernetes.io/managed-by": "rehearsal"}
    route = {
        "host": HOST,
        "port": {"targetPort": "https"},
        "tls": {"termination": "passthrough", "insecureEdgeTerminationPolicy": "Redirect"},
        "to": {"kind": "Service", "name": "oauth-openshift", "weight": 100},
        "wildcardPolicy": "None",
    }
    return [
        {"apiVersion": "v1", "kind": "Service", "metadata": name, "spec": {"ports": [port]}},
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {**name, "labels": labels},
            "addressType": "IPv4",
            "ports": [{"name": "https", "port": OAUTH_PORT, "protocol": "TCP"}],
            "endpoints": [{"addresses": [NODE_IP], "conditions": {"ready": True}}],
        },
        {"apiVersion": "route.openshift.io/v1", "kind": "Route", "metadata": name, "spec": route},
    ]


def kubeadmin() -> tuple[str, list[Obj]]:
    """A new password and what makes kubeadmin have it."""
    password = new_password()
    return password, [opaque("kube-system", "kubeadmin", "kubeadmin", htpasswd.make(password))]


def workshop() -> tuple[str, list[Obj]]:
    """New passwords as JSON, and what makes the workshop's users have them."""
    passwords = {user: new_password() for user in USERS}
    lines = "".join(f"{user}:{htpasswd.make(password)}\n" for user, password in passwords.items())
    return json.dumps(passwords, indent=2), [opaque("openshift-config", SECRET, "htpasswd", lines), oauth()]


async def install(api: Api, cluster: Cluster) -> None:
    """kubeadmin and the workshop's users can log in; their passwords are in private files of the state folder."""
    await apply_all(api, oauth_server())
    for name, make in (("kubeadmin-password", kubeadmin), ("workshop-passwords.json", workshop)):
        file = cluster.root / name
        if not file.exists():  # later on a Secret that someone deleted stays deleted
            text, objects = make()
            await apply_all(api, objects)
            write_private(file, f"{text}\n".encode())
