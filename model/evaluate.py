"""How good a model is on transactions that it never saw: figures, and the curves for the plots."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model import data, runtime
from model.data import Array
from model.recipe import HELD_OUT_ROWS, HELD_OUT_SEED

BINS = 10
Points = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures of one model on the held-out transactions."""

    fraud_rate: float
    auc: float
    accuracy: float
    precision: float
    recall: float
    brier: float
    calibration_error: float
    roc: Points
    calibration: Points
    histogram: tuple[list[int], list[int]]  # legitimate, fraudulent


def evaluate(model: bytes) -> Evaluation:
    """The figures, with answers computed by onnxruntime from the file's bytes."""
    drawn = data.draw(HELD_OUT_ROWS, HELD_OUT_SEED)
    scores, fraud = runtime.probabilities(model, drawn.rows).astype(np.float64), drawn.fraud > 0
    called, bins = scores >= 0.5, np.minimum((scores * BINS).astype(int), BINS - 1)
    groups = [(scores[bins == one], fraud[bins == one]) for one in range(BINS)]
    calibration = [(float(s.mean()), float(f.mean())) for s, f in groups if s.size]
    error = sum(s.size * abs(s.mean() - f.mean()) for s, f in groups if s.size) / scores.size
    return Evaluation(
        fraud_rate=float(fraud.mean()),
        auc=auc(scores, fraud),
        accuracy=float((called == fraud).mean()),
        precision=float(fraud[called].mean()),
        recall=float(called[fraud].mean()),
        brier=float(((scores - fraud) ** 2).mean()),
        calibration_error=float(error),
        roc=roc(scores, fraud),
        calibration=calibration,
        histogram=([int((~f).sum()) for _, f in groups], [int(f.sum()) for _, f in groups]),
    )


def auc(scores: Array, fraud: NDArray[np.bool_]) -> float:
    """The chance that a fraud scores above a legitimate transaction; a tie counts half."""
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[place]
    frauds, others = int(fraud.sum()), int((~fraud).sum())
    return float((rank[fraud].sum() - frauds * (frauds + 1) / 2) / (frauds * others))


def roc(scores: Array, fraud: NDArray[np.bool_], points: int = 200) -> Points:
    """False alarms against frauds found, for thresholds from one to zero."""
    thresholds = np.unique(np.quantile(scores, np.linspace(0, 1, points)))[::-1]
    curve = [(float((scores[~fraud] >= t).mean()), float((scores[fraud] >= t).mean())) for t in thresholds]
    return [(0.0, 0.0), *curve, (1.0, 1.0)]


def table(evaluations: dict[str, Evaluation]) -> str:
    """The figures of several models as a Markdown table."""
    rows = [
        ("frauds among the transactions", "fraud_rate"),
        ("AUC", "auc"),
        ("accuracy at 0.5", "accuracy"),
        ("precision at 0.5", "precision"),
        ("recall at 0.5", "recall"),
        ("Brier score", "brier"),
        ("calibration error", "calibration_error"),
    ]
    lines = ["| on held-out transactions | " + " | ".join(evaluations) + " |", "|---|" + "---|" * len(evaluations)]
    for label, field in rows:
        lines.append(f"| {label} | " + " | ".join(f"{getattr(one, field):.4f}" for one in evaluations.values()) + " |")
    return "\n".join(lines)
