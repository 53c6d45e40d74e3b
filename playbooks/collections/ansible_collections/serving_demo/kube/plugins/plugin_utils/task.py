"""What every action shares: the connection, the progress socket, and errors of the demo as failures of the task."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

# the demo's own package lies beside the playbooks, and need not be installed
ROOT = Path(__file__).resolve().parents[7]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from bootstrap.errors import DemoError  # noqa: E402
from bootstrap.kube.client import Client  # noqa: E402
from bootstrap.kube.connection import connect  # noqa: E402
from bootstrap.outside import Outside  # noqa: E402

CONNECTION = ("kubeconfig", "ca_file", "https_proxy", "no_proxy", "route_ca_file", "record", "force", "until")


class DemoAction(ActionBase):
    """An action that talks to the cluster from Ansible's own process and changes nothing on a remote host."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_diff = True
    arguments: frozenset[str] = frozenset()

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the task's result; a DemoError becomes its failure message."""
        result = super().run(tmp, task_vars)
        args = dict(self._task.args)
        threading.Thread(target=end_with_the_command, daemon=True).start()
        if unknown := set(args) - self.arguments - set(CONNECTION):
            return {**result, "failed": True, "msg": f"unknown argument: {', '.join(sorted(unknown))}"}
        try:
            return {**result, **self.act(args)}
        except DemoError as problem:
            return {**result, "failed": True, "msg": str(problem)}
        except Exception as defect:
            where = traceback.format_exc().strip().splitlines()[-3:]
            text = f"{type(defect).__name__}: {defect}; this is a defect of the demo: {' '.join(map(str.strip, where))}"
            return {**result, "failed": True, "msg": text}

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        """Do the action's work and return its result."""
        raise NotImplementedError

    def kubeconfig(self, args: dict[str, Any]) -> Path:
        """Return the kubeconfig given, else that of the environment."""
        given = args.get("kubeconfig") or os.environ.get("KUBECONFIG")
        if not given:
            raise DemoError("no kubeconfig: set KUBECONFIG, or kubeconfig in module_defaults")
        return Path(given)

    def client(self, args: dict[str, Any]) -> Client:
        """Return a client for the cluster that the play names."""
        ca_file = args.get("ca_file")
        return connect(
            self.kubeconfig(args),
            ca_file=Path(ca_file) if ca_file else None,
            https_proxy=args.get("https_proxy"),
            no_proxy=args.get("no_proxy"),
        )

    def outside(self, args: dict[str, Any]) -> Outside:
        """Return the way to Routes that the play names."""
        return Outside.from_vars(args)

    def say(self, text: str) -> None:
        """Tell the process that started this run what is going on; silent where nobody listens."""
        address = os.environ.get("SERVING_DEMO_PROGRESS")
        if not address:
            return
        role = self._task._role
        message = {"stage": role.get_name() if role else "", "text": text}
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.setblocking(False)
            channel.sendto(json.dumps(message).encode(), address)


def end_with_the_command() -> None:
    """End this worker and Ansible when the command that started them is gone: nobody would see what they do."""
    started_by, ansible = int(os.environ.get("SERVING_DEMO_PID", "0")), os.getppid()
    while started_by:
        try:
            os.kill(started_by, 0)
        except ProcessLookupError:
            if os.getppid() == ansible:
                os.kill(ansible, signal.SIGTERM)
            os._exit(1)
        time.sleep(0.5)


def load(path: str) -> Any:
    """Return the content of a JSON file that the demo rendered."""
    try:
        return json.loads(Path(path).read_text())
    except (OSError, ValueError) as problem:
        raise DemoError(f"{path}: {problem}; `serving-demo render` writes these files") from problem
