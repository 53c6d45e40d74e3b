"""Somebody at a desk: a folder with a creds.env, a home that cannot be written, and the command as they type it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from rehearsal.cluster import CLONE, Cluster
from tests.e2e.journey import written
from tests.e2e.leaks import files, leaks

SECONDS = 60  # a refusal takes one; this bounds a machine under load
# a password that would be recognised in anything; in pieces, because this file is in the Git that is searched
CANARY = "+".join(("c4nary/pa55", "wörd="))


@dataclass(slots=True)
class Desk:
    """Who has the cluster's address, and may have the rights to it."""

    cluster: Cluster
    folder: Path
    home: Path
    clone: Path = CLONE
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, cluster: Cluster, root: Path, clone: Path = CLONE) -> Desk:
        """An empty folder, and a home with a kubeconfig that nobody may write."""
        folder, home = root / "work", root / "home"
        (home / ".kube").mkdir(parents=True)
        folder.mkdir()
        kubeconfig = home / ".kube" / "config"
        shutil.copy(cluster.kubeconfig, kubeconfig)
        kubeconfig.chmod(0o400)
        for path in (home / ".kube", home):
            path.chmod(0o500)
        path = os.pathsep.join((str(cluster.root / "bin"), os.environ["PATH"]))
        return cls(cluster, folder, home, clone, {"PATH": path, "HOME": str(home), "USER": "somebody"})

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig of an administrator, in the read-only home."""
        return self.home / ".kube" / "config"

    def creds(self, *lines: str) -> None:
        """creds.env holds these lines."""
        path = self.folder / "creds.env"
        path.write_text("\n".join(lines) + "\n")
        path.chmod(0o600)

    def address(self) -> list[str]:
        """The lines of creds.env that name the cluster and the way to it."""
        proxy = f"HTTPS_PROXY={self.cluster.proxy_url}"
        return [f"CLUSTER={self.cluster.api_url}", f"CA_FILE={self.cluster.ca_bundle}", proxy, "NO_PROXY=127.0.0.1"]

    def run(self, *arguments: str, seconds: float = SECONDS) -> subprocess.CompletedProcess[str]:
        """The command, typed in this folder."""
        command = [sys.executable, "-m", "bootstrap", *arguments]
        environment = {**self.environment, "PYTHONPATH": str(self.clone), "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=seconds, check=False
        )

    def state(self) -> dict[str, bytes]:
        """Every file of folder and home; what can be made again does not count."""
        cache = self.home / ".cache"
        return {
            name: content for name, content in files(self.folder, self.home) if not Path(name).is_relative_to(cache)
        }

    def refused(self, *arguments: str, code: int, says: tuple[str, ...], keeps: str = "") -> str:
        """What the command says that is refused: these texts, no traceback, no secret; and nothing has changed."""
        state, writes = self.state(), list(written(self.cluster.audit_log))
        done = self.run(*arguments)
        said = done.stdout + done.stderr
        assert done.returncode == code, f"exit {done.returncode}\n{said}"
        for text in says:
            assert text in done.stderr, said
        assert "Traceback" not in said
        assert not leaks({"the password": CANARY}, [("what is said", said.encode())])
        assert list(written(self.cluster.audit_log)) == writes
        now = {name: content for name, content in self.state().items() if not keeps or keeps not in name}
        assert now == state
        return said
