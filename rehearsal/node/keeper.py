"""One container's life: pulled, configured, started, probed, restarted, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
import time
from pathlib import Path
from typing import Any

from rehearsal.api import ApiError
from rehearsal.cluster import RehearsalError
from rehearsal.images.table import Image
from rehearsal.node import container as containers
from rehearsal.node import network_files, probes
from rehearsal.node.container import Container, StartError
from rehearsal.node.faults import image_pull
from rehearsal.node.logs import Log, last_lines
from rehearsal.node.probing import Probing
from rehearsal.node.records import Record, Running, Terminated, Waiting, now
from rehearsal.node.runtime import PodContext
from rehearsal.node.spec import ConfigError, Process, environment, process
from rehearsal.node.status import image_id
from rehearsal.node.volumes import MountError, mounts

Obj = dict[str, Any]
BACK_OFF, LONGEST, STEADY = 10.0, 300.0, 600.0  # seconds, as a kubelet's
LONGEST_PULL = 60.0  # a tool that was missing may be built by now
AGAIN = 2.0  # seconds between attempts to configure a container
SHOWN = 1.5  # seconds for which ErrImagePull stands before the back-off
MESSAGE = 4096  # bytes of a termination message


class Keeper:
    """Keeps one container as its restart policy says."""

    def __init__(self, context: PodContext, spec: Obj, record: Record) -> None:
        self.context, self.spec, self.record = context, spec, record
        self.container: Container | None = None
        self.log: Log | None = None
        self.previous: Log | None = None
        self._delay = 0.0
        self._attempt = self._runs = 0

    @property
    def name(self) -> str:
        return self.record.name

    async def run(self) -> None:
        """Ends when the container is not to be started again."""
        while not self.context.stopping:
            image = await self._pulled()
            container = await self._started(image)
            if container is None:
                await asyncio.sleep(AGAIN)
                continue
            begun = time.monotonic()
            await self._lived(container)
            if self.context.stopping or not self._wanted_again():
                return
            await self._back_off(time.monotonic() - begun)

    def _wanted_again(self) -> bool:
        policy = self.context.pod["spec"].get("restartPolicy", "Always")
        if self.record.sidecar:
            return True
        if self.record.init and policy == "Always":
            policy = "OnFailure"
        return policy == "Always" or (policy == "OnFailure" and not self.record.completed)

    async def _pulled(self) -> Image:
        reference, delay = self.spec["image"], BACK_OFF
        runtime = self.context.runtime
        while True:
            image, problem = await self._pull(reference)
            if image is not None:
                self.record.image_id = image_id(reference)
                return image
            self._wait("ErrImagePull", problem)
            self.context.tell("Failed", f'Failed to pull image "{reference}": {problem}', self.name, warning=True)
            self.context.tell("Failed", "Error: ErrImagePull", self.name, warning=True)
            await asyncio.sleep(SHOWN)
            self._wait("ImagePullBackOff", f'Back-off pulling image "{reference}": ErrImagePull: {problem}')
            self.context.tell("BackOff", f'Back-off pulling image "{reference}"', self.name)
            self.context.tell("Failed", "Error: ImagePullBackOff", self.name, warning=True)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await runtime.faults.changed()
            delay = min(delay * 2, LONGEST_PULL)

    async def _pull(self, reference: str) -> tuple[Image | None, str]:
        runtime = self.context.runtime
        known = reference in runtime.pulled and self.spec.get("imagePullPolicy") != "Always"
        if not known:
            self.context.tell("Pulling", f'Pulling image "{reference}"', self.name)
        problem = image_pull(runtime.faults, reference)
        if problem:
            return None, problem
        try:
            image = await asyncio.to_thread(runtime.find_image, reference)
        except RehearsalError as error:
            runtime.pulled.discard(reference)
            return None, str(error)
        runtime.pulled.add(reference)
        text = (
            f'Container image "{reference}" already present on machine'
            if known
            else (f'Successfully pulled image "{reference}" (row {image.name} of the rehearsal\'s image table)')
        )
        self.context.tell("Pulled", text, self.name)
        return image, ""

    async def _started(self, image: Image) -> Container | None:
        try:
            what, run = await self._configured(image)
        except (ConfigError, MountError, ApiError, OSError) as error:  # the API server may be away for a moment
            self._wait("CreateContainerConfigError", str(error))
            self.context.tell("Failed", f"Error: {error}", self.name, warning=True)
            return None
        identifier = secrets.token_hex(32)
        log = Log(self.context.folder / "logs" / self.name / f"{self._attempt}.log")
        self._attempt += 1
        starting = asyncio.ensure_future(
            containers.start(
                self.context.runtime.children, what, run, log, identifier,
                bool(self.spec.get("stdin")), bool(self.spec.get("tty")),
            )
        )  # fmt: skip
        try:
            container = await asyncio.shield(starting)
        except asyncio.CancelledError:  # a process that runs is known, so that the pod's end finds it
            with contextlib.suppress(StartError):
                self.container = await starting
            raise
        except StartError as error:
            self._wait("CreateContainerError", f"container create failed: {error}")
            self.context.tell("Failed", f"Error: container create failed: {error}", self.name, warning=True)
            return None
        self.previous, self.log, self.container = self.log, log, container
        self.context.tell("Created", f"Created container: {self.name}", self.name)
        self.context.tell("Started", f"Started container {self.name}", self.name)
        return container

    async def _configured(self, image: Image) -> tuple[Obj, Process]:
        context = self.context
        pod, store = context.pod, context.runtime.store
        namespace = pod["metadata"]["namespace"]
        for kind, name in _env_references(self.spec):
            await store.fresh(kind, namespace, name)
        services = store.every("Service")
        known = context.known()
        env = environment(pod, self.spec, known, lambda kind, name: store.find(kind, namespace, name), services)
        run = process(pod, self.spec, image, env, store.find("Namespace", "", namespace))
        rendered = context.volumes.render(mounts(self.spec, pod["spec"].get("volumes") or (), env))
        last_words = self._last_words()
        last_words.parent.mkdir(parents=True, exist_ok=True)
        last_words.write_bytes(b"")
        path = self.spec.get("terminationMessagePath") or "/dev/termination-log"
        rendered.append({"source": str(last_words.resolve()), "target": path, "read_only": False})
        etc = network_files.etc(pod, context.facts.ip, run.uid, run.gid)
        security = {**(pod["spec"].get("securityContext") or {}), **(self.spec.get("securityContext") or {})}
        name = network_files.hostname(pod)
        return containers.description(run, image, context.netns, etc, rendered, name, security), run

    def _last_words(self) -> Path:
        return self.context.folder / "termination" / self.name

    async def _lived(self, container: Container) -> None:
        """The container ran and ended; its record says how."""
        record = self.record
        if isinstance(record.state, Terminated):
            record.last = record.state
        record.restarts += self._runs > 0
        self._runs += 1
        record.container_id = f"cri-o://{container.id}"
        since = now()
        record.state, record.started, record.ready = Running(since), False, False
        probing = asyncio.create_task(Probing(self, container).run(), name=f"probe {self.name}")
        try:
            code = await asyncio.shield(container.exited)
        finally:
            probing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(probing, return_exceptions=True)
        await container.log.ended(1.0)
        reason = "Completed" if code == 0 else "Error"
        message = self._message(code)
        record.state = Terminated(code, reason, since, now(), message, record.container_id)
        record.ready = record.started = False
        if record.init and not record.sidecar:
            record.ready = code == 0
        self.container = None
        self.context.changed()

    def _message(self, code: int) -> str:
        text = self._last_words().read_bytes()[:MESSAGE].decode(errors="replace")
        if not text and code and self.spec.get("terminationMessagePolicy") == "FallbackToLogsOnError" and self.log:
            return last_lines(self.log.path)
        return text

    async def _back_off(self, lived: float) -> None:
        if lived > STEADY:
            self._delay = 0.0
        if self._delay:
            assert isinstance(self.record.state, Terminated)
            self.record.last = self.record.state
            what = f"restarting failed container={self.name} pod={self.context.title}"
            self._wait("CrashLoopBackOff", f"back-off {self._delay:.0f}s {what}")
            text = f"Back-off restarting failed container {self.name} in pod {self.context.title}"
            self.context.tell("BackOff", text, self.name, warning=True)
            await asyncio.sleep(self._delay)
        self._delay = min(self._delay * 2, LONGEST) or BACK_OFF

    def _wait(self, reason: str, message: str) -> None:
        if isinstance(self.record.state, Terminated):
            self.record.last = self.record.state
        self.record.state = Waiting(reason, message)
        self.record.ready = self.record.started = False
        self.context.changed()

    async def stop(self, grace: float) -> None:
        """The container has ended: preStop, SIGTERM, and SIGKILL when the grace is over."""
        container = self.container
        if container is None or container.exited.done():
            return
        self.context.tell("Killing", f"Stopping container {self.name}", self.name)
        ending = time.monotonic() + grace
        hook = (self.spec.get("lifecycle") or {}).get("preStop")
        if hook and grace > 0:
            answer = await probes.check(self.target(container), hook, grace)
            if not answer.good:
                self.context.tell("FailedPreStopHook", f"PreStopHook failed: {answer.message}", self.name, warning=True)
        container.kill(signal.SIGTERM)
        await asyncio.wait([container.exited], timeout=max(0.0 if grace <= 0 else 2.0, ending - time.monotonic()))
        container.kill(signal.SIGKILL)
        await asyncio.wait([container.exited], timeout=5)

    def target(self, container: Container) -> probes.Target:
        """Where probes and hooks go."""
        children, address = self.context.runtime.children, self.context.facts.ip
        return probes.Target(children, container, address, self.spec.get("ports") or [])


def _env_references(spec: Obj) -> list[tuple[str, str]]:
    """(kind, name) of what a container's variables come from."""
    found = []
    for item in spec.get("envFrom") or ():
        found += [("ConfigMap", item["configMapRef"]["name"])] if "configMapRef" in item else []
        found += [("Secret", item["secretRef"]["name"])] if "secretRef" in item else []
    for item in spec.get("env") or ():
        source = item.get("valueFrom") or {}
        found += [("ConfigMap", source["configMapKeyRef"]["name"])] if "configMapKeyRef" in source else []
        found += [("Secret", source["secretKeyRef"]["name"])] if "secretKeyRef" in source else []
    return found
