"""Signing in without `oc`: a private kubeconfig from user and password, from a token, or the given one as it is."""

from __future__ import annotations

import functools
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bootstrap import oauth
from bootstrap.errors import (
    ApiError,
    ClusterError,
    Forbidden,
    LoginError,
    NotFound,
    NotServed,
    Unauthorized,
    Unreachable,
)
from bootstrap.kube.client import Client
from bootstrap.kube.connection import connect, make_pool, proxy_for, trust
from bootstrap.kube.identity import cluster_id
from bootstrap.kube.objects import dig
from bootstrap.kube.transport import Transport
from bootstrap.kubeconfig import current_context, read_private, same_server, write_private
from bootstrap.secret import Secret
from bootstrap.settings import Settings

REVIEWS = ("authentication.k8s.io/v1", "authentication.k8s.io/v1beta1")  # the second up to OpenShift 4.14


@dataclass(frozen=True, slots=True)
class Session:
    """Who we are on which cluster, through which kubeconfig."""

    kubeconfig: Path
    server: str
    user: str
    cluster_id: str | None
    owned: bool  # True: the kubeconfig is ours (state directory), False: given by the user and read-only


def login(settings: Settings) -> Session:
    """Sign in (or check the kubeconfig given) and return the session; ours is written with mode 0600."""
    if settings.kubeconfig:
        return _given(settings, settings.kubeconfig)
    if not settings.cluster:
        raise LoginError("there is no cluster to sign in to; fill in creds.env or give KUBECONFIG")
    return _kept(settings, settings.cluster) or _fresh(settings, settings.cluster)


def logout(settings: Settings) -> bool:
    """Revoke the token that `login` got and remove our kubeconfig; False if there was none."""
    path = private_kubeconfig(settings)
    kept = read_private(path)
    if kept is None:
        return False
    if kept.revocable:
        name = oauth.token_name(kept.token)
        try:
            _client(settings, kept.server, kept.token).request(
                "DELETE", f"/apis/oauth.openshift.io/v1/useroauthaccesstokens/{name}"
            )
        except (Unauthorized, NotFound):
            pass  # it has expired: there is nothing left to revoke
        except Forbidden as error:
            raise LoginError(f"the token could not be revoked, so {path} is kept: {error}") from error
    path.unlink()
    return True


def private_kubeconfig(settings: Settings) -> Path:
    """Return where our kubeconfig is, or would be."""
    return settings.state_dir / "kubeconfig"


def whoami(client: Client) -> str:
    """Return the user that the API server sees; Unauthorized where it sees none."""
    for api_version in REVIEWS:
        path = f"/apis/{api_version}/selfsubjectreviews"
        try:
            review = client.request("POST", path, body={"apiVersion": api_version, "kind": "SelfSubjectReview"})
        except NotFound:
            continue
        return str(dig(review, "status", "userInfo", "username", default=""))
    return str(dig(client.request("GET", "/apis/user.openshift.io/v1/users/~"), "metadata", "name", default=""))


def _given(settings: Settings, kubeconfig: Path) -> Session:
    context = current_context(kubeconfig)
    client = connect(kubeconfig, ca_file=settings.ca_file, https_proxy=settings.https_proxy, no_proxy=settings.no_proxy)
    try:
        user = whoami(client)
    except Unauthorized as error:
        raise LoginError(
            f"KUBECONFIG: {context.server} does not accept the credentials of user {context.user!r} in {kubeconfig} "
            "(expired or revoked); sign in again with `oc login`, or fill in creds.env"
        ) from error
    return Session(kubeconfig, context.server, user, _cluster_id(client), owned=False)


def _kept(settings: Settings, server: str) -> Session | None:
    """Return the session of an earlier run, if it is the one asked for and still good."""
    path = private_kubeconfig(settings)
    kept = read_private(path)
    way = proxy_for(server, settings.https_proxy, settings.no_proxy)
    if kept is None or not same_server(kept.server, server) or kept.proxy != way:
        return None
    asked = kept.token == settings.token if settings.token else kept.revocable and kept.user == settings.user
    if not asked:
        return None
    client = _client(settings, server, kept.token)
    try:
        user = whoami(client)
    except ApiError:
        return None
    return Session(path, server, user, _cluster_id(client), owned=True)


def _fresh(settings: Settings, server: str) -> Session:
    token = settings.token
    if token is None:
        if not (settings.user and settings.password):
            raise LoginError(f"signing in to {server} needs USER and PASSWORD, or TOKEN, in creds.env")
        token = oauth.token_for(server, settings.user, settings.password, lambda url: _reach(settings, url))
    client = _client(settings, server, token)
    try:
        user = whoami(client)
    except Unauthorized as error:
        which = "TOKEN is not accepted (expired or revoked); get a new one" if settings.token else "the new token fails"
        raise LoginError(f"{server}: {which}") from error
    path = private_kubeconfig(settings)
    write_private(
        path,
        server=server,
        user=settings.user or user,
        token=token.reveal(),
        ca_pem=settings.ca_file.read_text() if settings.ca_file and not publicly_trusted(settings, server) else None,
        proxy=proxy_for(server, settings.https_proxy, settings.no_proxy),
        revocable=settings.token is None,
    )
    return Session(path, server, user, _cluster_id(client), owned=True)


def _reach(settings: Settings, url: str, token: Secret | None = None) -> Transport:
    """Return the way to a server, through the proxy where one is set for it."""
    proxy = proxy_for(url, settings.https_proxy, settings.no_proxy)
    headers = {"Authorization": f"Bearer {token.reveal()}"} if token else {}
    return Transport(url, make_pool(_trusted(settings.ca_file), proxy=proxy), lambda: headers, proxy)


def publicly_trusted(settings: Settings, server: str) -> bool:
    """Say whether this machine trusts a server without CA_FILE: a CA named for it would replace the system's.

    One that cannot be reached from here counts as trusted, for nothing is known against it.
    """
    parts = urlsplit(server)
    if parts.scheme != "https":
        return True  # nothing to trust
    proxy = proxy_for(server, settings.https_proxy, settings.no_proxy)
    host = f"https://{parts.netloc.rpartition('@')[2]}"
    try:
        Transport(host, make_pool(_trusted(None), proxy=proxy), dict, proxy).send("GET", "/version", read_seconds=10)
    except Unreachable as problem:
        return problem.transient
    return True


@functools.cache
def _trusted(ca_file: Path | None) -> ssl.SSLContext:
    """Read the certificates once for all servers of one login."""
    return trust(ca_file)


def _client(settings: Settings, server: str, token: Secret) -> Client:
    return Client(_reach(settings, server, token))


def _cluster_id(client: Client) -> str | None:
    try:
        return cluster_id(client)
    except (NotServed, ClusterError):
        return None  # who may not read it can still be told so by doctor
