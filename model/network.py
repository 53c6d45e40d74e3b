"""A small multi-layer perceptron, trained with Adam in float64 so that every machine ends at the same weights.

Matrix products and exp() differ in their last bit between processors, BLAS kernels and thread counts. They enter the
weights through the gradient alone, so the gradient is counted in whole units of GRADIENT_UNIT: what is left of such a
difference (1e-17) is lost in the rounding. Everything after it is additions, products, quotients and square roots of
single elements, which IEEE 754 defines to the last bit.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from model.data import AMOUNTS, Array

GRADIENT_UNIT = 2.0**-24
INITIAL_UNIT = 2.0**-20
BATCH = 256
DECAY = 0.05  # of the weights, per unit of rate: keeps answers far from any data modest
RATE, RATE_AT_END = 4e-3, 2e-4
MOMENTUM, SCALING, EPSILON = 0.9, 0.999, 1e-8


@dataclass(frozen=True, slots=True)
class Network:
    """Standardisation of the prepared features, then dense layers: ReLU between them, sigmoid at the end."""

    mean: Array
    deviation: Array
    weights: tuple[Array, ...]
    biases: tuple[Array, ...]


def prepare(rows: Array) -> Array:
    """Raw features with the amounts on a logarithmic scale; a negative amount counts as zero."""
    prepared = np.array(rows, dtype=np.float64)
    prepared[:, :AMOUNTS] = np.log1p(np.maximum(prepared[:, :AMOUNTS], 0.0))
    return prepared


def train(rows: Array, labels: Array, hidden: tuple[int, ...], epochs: int, seed: int) -> Network:
    """The network after so many epochs; the same bits for the same arguments."""
    prepared = np.round(prepare(rows), 6)
    mean, deviation = np.round(prepared.mean(axis=0), 6), np.round(prepared.std(axis=0), 6)
    inputs, rng = (prepared - mean) / deviation, np.random.Generator(np.random.PCG64(seed))
    widths = (rows.shape[1], *hidden, 1)
    state, weights, biases = _initial(widths, rng)
    gradient = np.zeros_like(state)
    steps = epochs * -(-len(rows) // BATCH)
    first, second, first_left, second_left = np.zeros_like(state), np.zeros_like(state), 1.0, 1.0
    for step, batch in enumerate(_batches(len(rows), epochs, rng)):
        _gradient(inputs[batch], labels[batch], weights, biases, gradient)
        gradient = np.rint(gradient / GRADIENT_UNIT) * GRADIENT_UNIT
        first = MOMENTUM * first + (1 - MOMENTUM) * gradient
        second = SCALING * second + (1 - SCALING) * gradient * gradient
        first_left, second_left = first_left * MOMENTUM, second_left * SCALING  # a product, since pow() may differ
        rate = RATE + (RATE_AT_END - RATE) * (step / steps)
        direction = (first / (1 - first_left)) / (np.sqrt(second / (1 - second_left)) + EPSILON)
        state -= rate * (direction + DECAY * state)
    return Network(mean, deviation, tuple(w.copy() for w in weights), tuple(b.copy() for b in biases))


def _initial(widths: tuple[int, ...], rng: np.random.Generator) -> tuple[Array, list[Array], list[Array]]:
    """One flat vector of all parameters, and views of it per layer."""
    state = np.zeros(sum(wide * (narrow + 1) for narrow, wide in pairwise(widths)))
    weights, biases = _views(state, widths)
    for weight in weights:
        drawn = rng.standard_normal(weight.shape) * np.sqrt(2.0 / weight.shape[0])
        weight[:] = np.rint(drawn / INITIAL_UNIT) * INITIAL_UNIT
    return state, weights, biases


def _views(flat: Array, widths: tuple[int, ...]) -> tuple[list[Array], list[Array]]:
    """The weights and biases of each layer as views into one flat vector."""
    weights, biases, start = [], [], 0
    for fan_in, fan_out in pairwise(widths):
        weights.append(flat[start : start + fan_in * fan_out].reshape(fan_in, fan_out))
        start += fan_in * fan_out
        biases.append(flat[start : start + fan_out])
        start += fan_out
    return weights, biases


def _batches(count: int, epochs: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Index sets of one batch each, shuffled anew in every epoch."""
    for _ in range(epochs):
        order = rng.permutation(count)
        yield from (order[start : start + BATCH] for start in range(0, count, BATCH))


def _gradient(inputs: Array, labels: Array, weights: list[Array], biases: list[Array], out: Array) -> None:
    """`out` holds the gradient of the mean cross-entropy, laid out like the parameters."""
    layers = [inputs]
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        layers.append(np.maximum(layers[-1] @ weight + bias, 0.0))
    logits = layers[-1] @ weights[-1] + biases[-1]
    error = (1.0 / (1.0 + np.exp(-logits)) - labels[:, None]) / len(labels)
    by_weight, by_bias = _views(out, (inputs.shape[1], *(bias.size for bias in biases)))
    for layer in range(len(weights) - 1, -1, -1):
        by_weight[layer][:] = layers[layer].T @ error
        by_bias[layer][:] = error.sum(axis=0)
        error = (error @ weights[layer].T) * (layers[layer] > 0)
