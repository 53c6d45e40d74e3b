"""Which models there are, how each is made and where its files live."""

from dataclasses import dataclass
from pathlib import Path

from model import data, network
from model.network import Network

HERE = Path(__file__).resolve().parent
TRAINING_ROWS, TRAINING_SEED = 100_000, 1
HELD_OUT_ROWS, HELD_OUT_SEED = 50_000, 2


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides the bytes of one model."""

    name: str
    hidden: tuple[int, ...]
    seed: int
    epochs: int = 8

    @property
    def file(self) -> Path:
        return HERE / self.name / "1" / "model.onnx"

    @property
    def answers(self) -> Path:
        return HERE / f"known_answers{self.name.removeprefix('fraud').replace('-', '_')}.json"

    def train(self) -> Network:
        """The trained network: the same bits on every machine."""
        drawn = data.draw(TRAINING_ROWS, TRAINING_SEED)
        return network.train(drawn.rows, drawn.fraud, self.hidden, self.epochs, self.seed)


RECIPES = (Recipe("fraud", hidden=(32, 32, 32), seed=10), Recipe("fraud-v2", hidden=(48, 24), seed=2))
