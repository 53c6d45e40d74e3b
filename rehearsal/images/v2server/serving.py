"""The server's state, and the asking of models without stopping everybody else."""

import asyncio
from dataclasses import dataclass

from .models import Inputs, Model
from .repository import Repository
from .tensors import Tensor

SLOW = 0.005  # seconds: a model that took longer is asked in a thread


@dataclass(slots=True)
class State:
    """What both protocols answer from."""

    repository: Repository
    strict_readiness: bool = True
    stopping: bool = False

    def ready(self) -> bool:
        return not self.stopping and (not self.strict_readiness or self.repository.all_loaded())

    def model_ready(self, name: str, version: str) -> bool:
        """Whether this version is served; unlike `find`, a no is not an error."""
        found = self.repository.entries.get(name)
        served = found.versions if found else {}
        return bool(served) and (not version or (version.isdigit() and int(version) in served))


async def ask(model: Model, inputs: Inputs, outputs: list[str], request_id: str) -> dict[str, Tensor]:
    """The model's answer; quick models answer in place, since a thread would cost more than they do."""
    if model.counts.last_seconds < SLOW:
        return model.infer(inputs, outputs, request_id)
    return await asyncio.to_thread(model.infer, inputs, outputs, request_id)


async def load(repository: Repository, name: str) -> None:
    """The model is loaded by request, while others go on answering."""
    repository.demand_explicit()
    await asyncio.to_thread(repository.load, name)


def unload(repository: Repository, name: str) -> None:
    """The model is no longer served, by request."""
    repository.demand_explicit()
    repository.unload(name)
