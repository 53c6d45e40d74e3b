"""A small API server at the socket: server-side apply with managers, finalizers, watches, and faults on order."""

from __future__ import annotations

import copy
import json
import queue
import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

KINDS = {
    "v1": {
        "Namespace": ("namespaces", False),
        "ConfigMap": ("configmaps", True),
        "Secret": ("secrets", True),
        "Event": ("events", True),
        "Service": ("services", True),
    },
    "apps/v1": {"Deployment": ("deployments", True), "StatefulSet": ("statefulsets", True)},
    "apiextensions.k8s.io/v1": {"CustomResourceDefinition": ("customresourcedefinitions", False)},
    "apiregistration.k8s.io/v1": {"APIService": ("apiservices", False)},
    "admissionregistration.k8s.io/v1": {
        "ValidatingWebhookConfiguration": ("validatingwebhookconfigurations", False),
        "MutatingWebhookConfiguration": ("mutatingwebhookconfigurations", False),
    },
    "coordination.k8s.io/v1": {"Lease": ("leases", True)},
}
Key = tuple[str, str, str]  # collection path, namespace, name


@dataclass
class Fault:
    """What the next matching requests get instead of an answer; status 0 breaks off the connection."""

    method: str
    path: str
    status: int
    times: int = 1
    message: str = ""
    headers: dict[str, str] = field(default_factory=dict)


class Stub:
    """The server's state; tests read and change it directly."""

    def __init__(self) -> None:
        self.kinds = copy.deepcopy(KINDS)
        self.objects: dict[Key, dict[str, Any]] = {}
        self.requests: list[tuple[str, str]] = []
        self.faults: list[Fault] = []
        self.history: list[tuple[int, Key, dict[str, Any]]] = []
        self.watchers: list[tuple[str, str | None, queue.Queue[dict[str, Any] | None]]] = []
        self.version = 0
        self.lock = threading.RLock()
        self.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system"}})

    @property
    def writes(self) -> list[tuple[str, str]]:
        return [(method, path) for method, path in self.requests if method != "GET" and "dryRun" not in path]

    def add(self, obj: dict[str, Any]) -> dict[str, Any]:
        """Put an object in as a controller would, and tell the watchers."""
        meta = obj["metadata"]
        plural = self.kinds[obj["apiVersion"]][obj["kind"]][0]
        return self.store(
            (f"{obj['apiVersion']}/{plural}", meta.get("namespace", ""), meta["name"]), copy.deepcopy(obj)
        )

    def store(self, key: Key, obj: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            self.version += 1
            known = self.objects.get(key)
            meta = obj["metadata"]
            meta["uid"] = known["metadata"]["uid"] if known else str(uuid.uuid4())
            meta["resourceVersion"] = str(self.version)
            if meta.get("deletionTimestamp") and not meta.get("finalizers"):
                self.objects.pop(key, None)
                self.tell(key, "DELETED", obj)
            else:
                self.objects[key] = obj
                self.tell(key, "MODIFIED" if known else "ADDED", obj)
            return obj

    def tell(self, key: Key, event: str, obj: dict[str, Any]) -> None:
        told = {"type": event, "object": copy.deepcopy(obj)}
        self.history.append((self.version, key, told))
        for collection, namespace, events in self.watchers:
            if collection == key[0] and namespace in (None, key[1]):
                events.put(told)

    def end_watches(self, error: dict[str, Any] | None = None) -> None:
        """End all watches, as a restarting server does, or with an ERROR event."""
        with self.lock:
            for _, _, events in self.watchers:
                if error:
                    events.put({"type": "ERROR", "object": error})
                events.put(None)

    def fault_for(self, method: str, path: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.times and fault.method == method and re.search(fault.path, path):
                    fault.times -= 1
                    return fault
        return None


class Refusal(Exception):
    def __init__(self, code: int, reason: str, message: str, causes: list[dict[str, str]] | None = None) -> None:
        self.code = code
        details = {"causes": causes} if causes else {}
        self.body = {"kind": "Status", "code": code, "reason": reason, "message": message, "details": details}


Path_ = tuple[str, ...]


def leaves(obj: Any, prefix: Path_ = ()) -> dict[Path_, Any]:
    """Fields of an applied object by path; lists are atomic here."""
    if isinstance(obj, dict) and obj:
        return {path: v for key, value in obj.items() for path, v in leaves(value, (*prefix, key)).items()}
    return {prefix: obj}


def fields_v1(paths: list[Path_]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path in paths:
        node = tree
        for part in path:
            node = node.setdefault(f"f:{part}", {})
    return tree


def merge(into: dict[str, Any], patch: dict[str, Any]) -> None:
    for key, value in patch.items():
        if value is None:
            into.pop(key, None)
        elif isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


IDENTITY = {("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    stub: Stub

    def log_message(self, *_: object) -> None: ...

    def handle_any(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"null")
        self.stub.requests.append((self.command, self.path))
        fault = self.stub.fault_for(self.command, self.path)
        if fault and not fault.status:
            self.close_connection = True
            return
        try:
            if fault:
                raise Refusal(fault.status, "Fault", fault.message)
            self.route(urlsplit(self.path), body)
        except Refusal as refusal:
            self.answer(refusal.code, refusal.body, fault.headers if fault else {})

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def answer(self, code: int, body: Any, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(body).encode()
        self.send_response(code)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def route(self, url: Any, body: Any) -> None:
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        if url.path == "/api":
            return self.answer(200, {"kind": "APIVersions", "versions": ["v1"]})
        if url.path == "/apis":
            groups = [{"versions": [{"groupVersion": version}]} for version in self.stub.kinds if "/" in version]
            return self.answer(200, {"kind": "APIGroupList", "groups": groups})
        parts = url.path.strip("/").split("/")[1:]  # without api or apis
        api_version = parts[0] if url.path.startswith("/api/") else "/".join(parts[:2])
        rest = parts[1:] if url.path.startswith("/api/") else parts[2:]
        known = self.stub.kinds.get(api_version)
        if known is None:
            raise Refusal(404, "NotFound", "the server could not find the requested resource")
        if not rest:
            resources = [
                {"name": p, "kind": k, "namespaced": n, "verbs": ["list", "delete"]} for k, (p, n) in known.items()
            ]
            return self.answer(200, {"kind": "APIResourceList", "resources": resources})
        namespace = rest[1] if rest[0] == "namespaces" and len(rest) > 2 else ""
        plural, *names = rest[2:] if namespace else rest
        kind = next(kind for kind, (p, _) in known.items() if p == plural)
        collection = f"{api_version}/{plural}"
        if names:
            return self.one((collection, namespace, names[0]), kind, query, body)
        if self.command == "POST":
            return self.create((collection, namespace, body["metadata"]["name"]), body)
        return self.collection(collection, namespace or None, query)

    def one(self, key: Key, kind: str, query: dict[str, str], body: Any) -> None:
        with self.stub.lock:
            live = self.stub.objects.get(key)
            if self.command == "PATCH" and "apply" in self.headers["Content-Type"]:
                return self.apply(key, body, query)
            if live is None:
                raise Refusal(404, "NotFound", f'{kind.lower()}s "{key[2]}" not found')
            if self.command == "DELETE":
                return self.delete(key, live, body or {})
            if self.command == "PUT":
                if body["metadata"].get("resourceVersion") != live["metadata"]["resourceVersion"]:
                    raise Refusal(409, "Conflict", "the object has been modified")
                return self.answer(200, self.stub.store(key, body))
            if self.command == "PATCH":
                changed = copy.deepcopy(live)
                merge(changed, body)
                return self.answer(200, self.stub.store(key, changed))
            return self.answer(200, live)

    def create(self, key: Key, body: Any) -> None:
        with self.stub.lock:
            if key in self.stub.objects:
                raise Refusal(409, "AlreadyExists", f"{key[2]} already exists")
            self.need_namespace(key)
            self.answer(201, self.stub.store(key, body))

    def need_namespace(self, key: Key) -> None:
        if key[1] and ("v1/namespaces", "", key[1]) not in self.stub.objects:
            raise Refusal(404, "NotFound", f'namespaces "{key[1]}" not found')

    def delete(self, key: Key, live: dict[str, Any], options: dict[str, Any]) -> None:
        wanted = (options.get("preconditions") or {}).get("uid")
        if wanted and wanted != live["metadata"]["uid"]:
            raise Refusal(409, "Conflict", "the UID in the precondition does not match")
        gone = copy.deepcopy(live)
        gone["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        self.answer(200, self.stub.store(key, gone))

    def apply(self, key: Key, body: Any, query: dict[str, str]) -> None:
        self.need_namespace(key)
        manager, live = query["fieldManager"], self.stub.objects.get(key)
        wanted = {path: value for path, value in leaves(body).items() if path not in IDENTITY}
        held = leaves(dict((live or {}).items()))
        entries = list(((live or {}).get("metadata") or {}).get("managedFields") or [])
        others = [entry for entry in entries if entry["manager"] != manager]
        conflicts = [
            {
                "reason": "FieldManagerConflict",
                "field": "." + ".".join(path),
                "message": f'conflict with "{entry["manager"]}" using v1',
            }
            for entry in others
            for path in map(tuple, entry["paths"])
            if path in wanted and wanted[path] != held.get(path)
        ]
        if conflicts and query.get("force") != "true":
            raise Refusal(409, "Conflict", "Apply failed with conflicts", conflicts)
        made = copy.deepcopy(live) if live else {}
        merge(made, body)
        mine = {
            "manager": manager,
            "operation": "Apply",
            "apiVersion": body["apiVersion"],
            "paths": list(wanted),
            "fieldsV1": fields_v1(list(wanted)),
        }
        made["metadata"]["managedFields"] = [*others, mine]
        if live and leaves(made) == leaves(live):
            made = live  # nothing changed: the server keeps the resource version
        elif "dryRun" not in query:
            made = self.stub.store(key, made)
        self.answer(200 if live else 201, made)

    def collection(self, collection: str, namespace: str | None, query: dict[str, str]) -> None:
        if query.get("watch"):
            return self.watch(collection, namespace, int(query["resourceVersion"]))
        wanted = dict(part.split("=") for part in query.get("labelSelector", "").split(",") if part)
        name = query.get("fieldSelector", "").removeprefix("metadata.name=")
        with self.stub.lock:
            items = [
                obj
                for (place, space, called), obj in self.stub.objects.items()
                if place == collection
                and namespace in (None, space)
                and name in ("", called)
                and wanted.items() <= (obj["metadata"].get("labels") or {}).items()
            ]
            start, limit = int(query.get("continue", "0")), int(query.get("limit", len(items)))
            more = {"continue": str(start + limit)} if len(items) > start + limit else {}
            meta = {"resourceVersion": str(self.stub.version), **more}
            return self.answer(200, {"metadata": meta, "items": items[start : start + limit]})

    def watch(self, collection: str, namespace: str | None, since: int) -> None:
        events: queue.Queue[dict[str, Any] | None] = queue.Queue()
        entry = (collection, namespace, events)
        with self.stub.lock:
            for version, key, told in self.stub.history:
                if version > since and key[0] == collection and namespace in (None, key[1]):
                    events.put(told)
            self.stub.watchers.append(entry)
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            while (event := events.get(timeout=20)) is not None:
                self.wfile.write(json.dumps(event).encode() + b"\n")
                self.wfile.flush()
        except (OSError, queue.Empty):
            pass
        finally:
            self.stub.watchers.remove(entry)
            self.close_connection = True


@contextmanager
def serving(folder: Path) -> Iterator[tuple[Stub, Path]]:
    """Run a stub and yield it with the kubeconfig that leads to it."""
    stub = Stub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"stub": stub}))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(
        json.dumps(
            {
                "current-context": "stub",
                "clusters": [{"name": "stub", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
                "users": [{"name": "stub", "user": {"token": "stub"}}],
                "contexts": [{"name": "stub", "context": {"cluster": "stub", "user": "stub"}}],
            }
        )
    )
    try:
        yield stub, kubeconfig
    finally:
        stub.end_watches()
        server.shutdown()
        server.server_close()
