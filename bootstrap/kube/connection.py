"""From a kubeconfig in any of its forms to a Client; urllib3 does the requests."""

from __future__ import annotations

import ipaddress
import logging
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import urllib3

from bootstrap.errors import ClusterError, SettingsError
from bootstrap.kube.access import plain
from bootstrap.kube.client import Client
from bootstrap.kube.transport import Transport
from bootstrap.kubeconfig import current_context

CONNECTIONS = 16
# urllib3 leaves Nagle's algorithm on behind a proxy, and then every request with a body waits 40 ms for an ACK
AT_ONCE = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]


def connect(
    kubeconfig: Path,
    *,
    ca_file: Path | None = None,
    https_proxy: str | None = None,
    no_proxy: str | None = None,
    connections: int = CONNECTIONS,
) -> Client:
    """Return a client for the current context; the file is only read."""
    current_context(kubeconfig)  # the same mistakes, in words that say what to do
    # certificates given as data pass through files, because that is all the ssl module reads: gone at once
    with tempfile.TemporaryDirectory(prefix="serving-demo-") as directory:
        config = load(kubeconfig, directory)
        context = tls_context(config, ca_file)
    proxy = config.proxy or proxy_for(config.host, https_proxy, no_proxy)
    pool = make_pool(context, proxy=proxy, server_name=config.tls_server_name, connections=connections)
    return Client(Transport(config.host.rstrip("/"), pool, authorization(config), proxy))


def load(kubeconfig: Path, directory: str | None = None) -> Any:
    """Return how to reach a kubeconfig's server; exec plugins run here, by the `kubernetes` package."""
    if access := plain(kubeconfig, directory):
        return access
    from kubernetes.client.configuration import Configuration  # a quarter of a second, so not before it is needed
    from kubernetes.config import kube_config
    from kubernetes.config.config_exception import ConfigException

    # an empty proxy keeps the package from taking one from the environment: the proxy is a setting, read in one place
    config = Configuration(proxy="", no_proxy="")
    said = _Errors()
    logging.getLogger().addHandler(said)
    try:
        loader: Any = kube_config.load_kube_config  # untyped there
        loader(str(kubeconfig), client_configuration=config, persist_config=False, temp_file_path=directory)
    except (ConfigException, OSError, ValueError, TypeError) as error:
        raise SettingsError([f"KUBECONFIG: {kubeconfig} cannot be used: {str(error).splitlines()[0]}"]) from error
    finally:
        logging.getLogger().removeHandler(said)
    if said.lines and not config.api_key and not config.cert_file:
        raise SettingsError([f"KUBECONFIG: {kubeconfig} gives no credentials: {said.lines[0]}"])
    return config


class _Errors(logging.Handler):
    """Hears what the package only logs: that an exec plugin failed."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def tls_context(config: Any, ca_file: Path | None) -> ssl.SSLContext:
    """Return how to verify the server and show our certificate, as kubectl would."""
    context = trust(ca_file, config.ssl_ca_cert)
    if not config.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # the kubeconfig says so itself
    if config.cert_file:
        context.load_cert_chain(config.cert_file, config.key_file)
    return context


def trust(ca_file: Path | None, cluster_ca: str | None = None) -> ssl.SSLContext:
    """Return whom to trust: a kubeconfig's CA, else the system's; CA_FILE comes on top of either."""
    context = ssl.create_default_context(cafile=cluster_ca or None)
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError([f"CA_FILE: {ca_file} is not a readable file of PEM certificates"]) from error
    # what oc and kubectl trust: installers' CAs lack key identifiers, ingress bundles hold leaves
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def make_pool(
    context: ssl.SSLContext, *, proxy: str | None, server_name: str | None = None, connections: int = CONNECTIONS
) -> urllib3.PoolManager:
    """Return the pool all requests go through."""
    options: dict[str, Any] = {"ssl_context": context, "maxsize": connections, "socket_options": AT_ONCE}
    if server_name:
        options["server_hostname"] = server_name
    if not proxy:
        return urllib3.PoolManager(**options)
    if not proxy.startswith(("http://", "https://")):
        raise SettingsError([f"proxy {proxy!r}: only http and https proxies can be used"])
    auth = urllib3.util.parse_url(proxy).auth
    headers = urllib3.make_headers(proxy_basic_auth=auth) if auth else None
    return urllib3.ProxyManager(proxy, proxy_headers=headers, **options)


def proxy_for(url: str, https_proxy: str | None, no_proxy: str | None) -> str | None:
    """Return the proxy for a URL: none for this machine itself, nor for what NO_PROXY names.

    >>> proxy_for("https://api.lab.example:6443", "http://proxy:3128", "other.example,.lab.example") is None
    True
    """
    host = (urlsplit(url).hostname or "").lower()
    if not https_proxy or _loopback(host):
        return None
    port = urlsplit(url).port
    skipped = any(_matches(host, port, entry.strip().lower()) for entry in (no_proxy or "").split(","))
    return None if skipped else https_proxy


def _loopback(host: str) -> bool:
    address = _address(host)
    return host == "localhost" or host.endswith(".localhost") or (address is not None and address.is_loopback)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _matches(host: str, port: int | None, entry: str) -> bool:
    """Say whether a NO_PROXY entry (name, domain, address, network or `*`, each with or without port) means a host."""
    address = _address(host)
    if address is not None and "/" in entry:
        try:
            return address in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    name, _, wanted = entry.partition(":") if entry.count(":") == 1 else (entry, "", "")
    if not name or (wanted and wanted != str(port)):
        return False
    return name == "*" or host == name.lstrip(".") or host.endswith("." + name.removeprefix("*").lstrip("."))


def authorization(config: Any) -> Callable[[], Mapping[str, str]]:
    """Return what gives the Authorization header, renewed by the package where a token runs out."""
    lock = threading.Lock()

    def headers() -> Mapping[str, str]:
        with lock:
            if config.refresh_api_key_hook:
                try:
                    config.refresh_api_key_hook(config)
                except Exception as error:
                    raise ClusterError(f"the kubeconfig's credentials could not be renewed: {error}") from error
            token = config.api_key.get("BearerToken")
        return {"Authorization": token} if token else {}

    return headers
