"""The requests whose answers are kept: everyday rows, the edges of the input, and rows that people know."""

import numpy as np
from numpy.typing import NDArray

from model import data
from model.data import Array
from model.export import ANSWER_STEPS, unrounded

WELL_KNOWN = (57.87785658389723, 0.3111400080477545, 1.9459399775518593, 1, 1, 0, 0)
BATCH, BATCH_SEED = 64, 3
# By how much float32 may be off before an answer is rounded: in the logit, and in the probability.
# Both are about three times the most seen on 50,000 rows.
LOGIT_ERROR, PROBABILITY_ERROR = 1e-5, 3e-7

SINGLE = {
    "well-known": (WELL_KNOWN, "the row of the older demo; there 0.8628, as it took raw for scaled inputs"),
    "obvious-fraud": ((150, 2, 8, 0, 0, 0, 1), "far from home, eight times the usual price, no chip, no PIN, online"),
    "obvious-non-fraud": ((4, 0.5, 0.9, 1, 1, 1, 0), "next door, usual price, known retailer, chip and PIN"),
    "all-zero": ((0, 0, 0, 0, 0, 0, 0), "the lowest value of every feature"),
    "all-one": ((1, 1, 1, 1, 1, 1, 1), "every flag set"),
    "price-below-the-jump": ((5, 1, 3.5, 1, 0, 0, 1), "online without PIN, price just under the first rule"),
    "price-above-the-jump": ((5, 1, 5.5, 1, 0, 0, 1), "the same with the price just above it"),
    "price-jump-with-pin": ((5, 1, 5.5, 1, 0, 1, 1), "the same price, but with a PIN"),
    "far-from-home": ((300, 1, 1, 0, 0, 0, 0), "the second rule alone"),
    "far-from-last": ((5, 90, 1, 1, 0, 0, 0), "the third rule alone"),
    "unknown-retailer": ((5, 1, 3.5, 0, 0, 0, 0), "the fourth rule alone"),
    "chip-saves": ((300, 90, 3.5, 0, 1, 0, 0), "three rules that a chip switches off"),
    "very-large": ((1e6, 1e6, 1e4, 0, 0, 0, 1), "far beyond anything in the training data"),
    "negative-amounts": ((-5, -1, -0.5, 1, 1, 0, 0), "impossible amounts count as zero"),
    "smallest-steps": ((1e-4, 1e-4, 1e-4, 1, 0, 0, 0), "amounts at the resolution of the data"),
    "uncertain": ((5, 1, 4.53, 1, 0, 0, 1), "on the threshold of the first rule"),
}  # fmt: skip


def questions(model: bytes) -> dict[str, tuple[Array, str]]:
    """Rows (as float32 holds them) and the reason, by name."""
    asked = {name: (_exact(np.array([row])), why) for name, (row, why) in SINGLE.items()}
    everyday = _exact(data.draw(4 * BATCH, BATCH_SEED).rows)
    everyday = everyday[settled(model, everyday)]
    asked["batch-of-5"] = (everyday[BATCH : BATCH + 5], "more rows than a default max_batch_size of four lets through")
    asked["batch-of-64"] = (everyday[:BATCH], "a batch, answered row by row")
    return asked


def settled(model: bytes, rows: Array) -> NDArray[np.bool_]:
    """Whether each row's answer lies too far from a rounding edge for any processor to reach the next step."""
    probability = unrounded(model, rows).reshape(-1)
    counted = probability * ANSWER_STEPS
    to_edge = np.abs(counted - np.floor(counted) - 0.5) / ANSWER_STEPS
    error = LOGIT_ERROR * probability * (1.0 - probability) + PROBABILITY_ERROR
    answer: NDArray[np.bool_] = to_edge > error
    return answer


def _exact(rows: Array) -> Array:
    return rows.astype(np.float32).astype(np.float64)
