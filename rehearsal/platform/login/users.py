"""Who a user name and a password are: kubeadmin, and the htpasswd identity providers of OAuth/cluster."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import uuid
from collections.abc import Iterable

from rehearsal import htpasswd
from rehearsal.api import Api, ApiError, Obj
from rehearsal.platform.login.tokens import Login, Token

KUBEADMIN = "kubeadmin"
KUBE_ADMIN = "kube:admin"
KUBEADMIN_SECRET = "/api/v1/namespaces/kube-system/secrets/kubeadmin"  # noqa: S105 - a path
USERS = "/apis/user.openshift.io/v1/users"
OAUTH = "/apis/config.openshift.io/v1/oauths/cluster"
DAY = 24 * 3600


class Users:
    """Looks users up in the cluster at every login: what was changed there holds at once."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def check(self, name: str, password: str) -> Login | None:
        """The user with this password, or None: nobody is told whether the name or the password was wrong."""
        if name == KUBEADMIN:
            return await self._kubeadmin(password)
        for provider in htpasswd_providers(await self._api.find(OAUTH) or {}):
            secret = await self._api.find(f"/api/v1/namespaces/openshift-config/secrets/{provider['secret']}")
            hashed = htpasswd.entries(decoded(secret, "htpasswd")).get(name)
            right: bool = await asyncio.to_thread(htpasswd.matches, password, hashed or "")
            if right:
                return Login(name, await self._user(name, provider["name"]))
        return None

    async def seconds(self) -> int:
        """How long a new token is good for."""
        oauth = await self._api.find(OAUTH) or {}
        return int((oauth.get("spec", {}).get("tokenConfig") or {}).get("accessTokenMaxAgeSeconds") or DAY)

    async def still_known(self, token: Token) -> bool:
        """Whether the user of a token is still there, and the same one."""
        if token.bootstrap:
            return token.user_uid == bootstrap_uid(await self._api.find(KUBEADMIN_SECRET))
        user = await self._api.find(f"{USERS}/{token.user}") if storable(token.user) else None
        if user is None:
            return token.user_uid == virtual_uid(token.user)
        return bool(user["metadata"]["uid"] == token.user_uid)

    async def _kubeadmin(self, password: str) -> Login | None:
        secret = await self._api.find(KUBEADMIN_SECRET)
        if await asyncio.to_thread(htpasswd.matches, password, decoded(secret, KUBEADMIN)):
            return Login(KUBE_ADMIN, bootstrap_uid(secret), bootstrap=True)
        return None

    async def _user(self, name: str, provider: str) -> str:
        """The uid of the User object, made at the first login."""
        user = {
            "apiVersion": "user.openshift.io/v1",
            "kind": "User",
            "metadata": {"name": name},
            "identities": [f"{provider}:{name}"],
            "groups": None,
        }
        if not storable(name):
            return virtual_uid(name)
        found = await self._api.find(f"{USERS}/{name}")
        try:
            found = found or await self._api.create(USERS, user)
        except ApiError as error:
            if error.code not in (404, 422):  # the kind or the name cannot be stored here
                raise
            return virtual_uid(name)
        return str(found["metadata"]["uid"])


def htpasswd_providers(oauth: Obj) -> list[dict[str, str]]:
    """Names and Secrets of the providers that take a password here."""
    found = []
    for provider in oauth.get("spec", {}).get("identityProviders") or []:
        secret = ((provider.get("htpasswd") or {}).get("fileData") or {}).get("name")
        if provider.get("type") == "HTPasswd" and secret:
            found.append({"name": provider["name"], "secret": secret})
    return found


def decoded(secret: Obj | None, entry: str) -> str:
    """One entry of a Secret, empty where there is none."""
    return base64.b64decode(((secret or {}).get("data") or {}).get(entry, "")).decode(errors="replace")


def bootstrap_uid(secret: Obj | None) -> str:
    """kubeadmin's uid: another Secret or another password is another kubeadmin; none where the Secret is gone."""
    if secret is None:
        return ""
    return hashlib.sha256((secret["metadata"]["uid"] + decoded(secret, KUBEADMIN)).encode()).hexdigest()


def storable(name: str) -> bool:
    """Whether a path of the API can name this user."""
    return "/" not in name and "%" not in name and name not in ("", ".", "..", "~")


def virtual_uid(name: str) -> str:
    """The uid of a user whose name cannot be that of a custom resource."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"user:{name}"))


def groups(login: Login | Token, known: Iterable[Obj]) -> list[str]:
    """The groups that a token gives, as OpenShift's authenticator does."""
    name = login.name if isinstance(login, Login) else login.user
    own = [one["metadata"]["name"] for one in known if name in (one.get("users") or [])]
    system = ["system:authenticated", "system:authenticated:oauth"]
    return sorted([*own, *system, *(["system:cluster-admins"] if login.bootstrap else [])])
