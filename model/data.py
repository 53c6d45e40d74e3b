"""Card transactions drawn by documented rules: synthetic, seeded, and the same on every machine.

Amounts are log-normal and rounded to four decimals, which is coarser than any difference between math libraries by ten
orders of magnitude. A transaction is fraudulent when one of four rules holds:

1. online, no PIN, and the price is more than PRICE_JUMP times the customer's median;
2. more than FAR_FROM_HOME km from home, no chip, no PIN, at an unknown retailer or online;
3. more than FAR_FROM_LAST km from the last transaction, no chip, no PIN;
4. at an unknown retailer, no chip, no PIN, and the price is more than half of PRICE_JUMP times the median.

The thresholds vary between customers (log-normal, THRESHOLD_SPREAD), and HIDDEN_FRAUD of the transactions are
fraudulent without any sign of it, so that no model can be perfect.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FEATURES = (
    "distance_from_home",
    "distance_from_last_transaction",
    "ratio_to_median_purchase_price",
    "repeat_retailer",
    "used_chip",
    "used_pin_number",
    "online_order",
)
AMOUNTS = 3  # the leading features are amounts, the others are flags

MEDIANS = (10.0, 1.0, 1.0)  # km, km, ratio
SPREADS = (1.4, 1.8, 1.1)  # of the logarithm
REPEAT_RETAILER, USED_CHIP, USED_PIN, ONLINE = 0.88, 0.35, 0.10, 0.65

PRICE_JUMP = 4.5
FAR_FROM_HOME = 120.0
FAR_FROM_LAST = 40.0
THRESHOLD_SPREAD = 0.05
HIDDEN_FRAUD = 0.0018


@dataclass(frozen=True, slots=True)
class Transactions:
    """Rows of the seven features in raw units, and whether each was a fraud."""

    rows: Array
    fraud: Array


def draw(count: int, seed: int) -> Transactions:
    """Transactions numbered by the seed: equal seeds give equal transactions."""
    rng = np.random.Generator(np.random.PCG64(seed))
    amounts = np.exp(np.log(MEDIANS) + rng.standard_normal((count, AMOUNTS)) * SPREADS)
    flags = rng.random((count, 4)) < (REPEAT_RETAILER, USED_CHIP, USED_PIN, ONLINE)
    rows = np.round(np.hstack([amounts, flags.astype(np.float64)]), 4)
    tolerance = np.array(np.round(np.exp(rng.standard_normal(count) * THRESHOLD_SPREAD), 4), np.float64)
    hidden = rng.random(count) < HIDDEN_FRAUD
    return Transactions(rows, (suspicious(rows, tolerance) | hidden).astype(np.float64))


def suspicious(rows: Array, tolerance: Array) -> NDArray[np.bool_]:
    """Whether one of the four rules holds, each threshold multiplied by the customer's tolerance."""
    home, last, ratio, *flags = rows.T
    repeat, chip, pin, online = (flag > 0 for flag in flags)
    unproven = ~chip & ~pin
    found: NDArray[np.bool_] = (
        (online & ~pin & (ratio > PRICE_JUMP * tolerance))
        | (unproven & (~repeat | online) & (home > FAR_FROM_HOME * tolerance))
        | (unproven & (last > FAR_FROM_LAST * tolerance))
        | (unproven & ~repeat & (ratio > PRICE_JUMP / 2 * tolerance))
    )
    return found
