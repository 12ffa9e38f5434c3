"""Soft assignments: what every E-step of a mixture computes, on clean arrays.

The log-joint of N points and K components has shape (K, N): a component's row lies in one piece.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from companion import _check
from companion._check import Floats, Integers
from companion.em import EMPTY, CollapsedComponentError

BLOCK = 2**16  # numbers in a block of the E-step, or 8 times as many: they must fit the cache
LEAST = 1024  # points in a block at least, so that its matrix products pay
UNDERFLOW = -700.0  # exp(-700) is 1e-304: smaller responsibilities than this do not matter


def weights_of_points(weights: ArrayLike, n: int) -> Floats:
    """Return how often each of n points counts: numbers >= 0, whole or not, not all of them 0."""
    w = _check.not_negative(weights, "weights")
    _check.shape(w, "weights", (n,))
    with np.errstate(over="ignore"):
        total = w.sum()
    if not 0 < total < np.inf:
        raise ValueError(f"weights must have a finite sum > 0, not {total:g}")
    return w


def tally(
    x: Floats, labels: Integers | None, weights: Floats | None, K: int
) -> tuple[Floats, Integers | None, Floats | None]:
    """Merge equal pairs of count and label into one that counts as often, if they are many."""
    top = int(x.max()) + 1
    if top * (K + 1) >= len(x):
        return x, labels, weights
    pair = x if labels is None else x + top * (labels + 1)
    often = np.bincount(pair.astype(np.int64), weights)
    kinds = np.flatnonzero(often)
    merged = None if labels is None else kinds // top - 1
    return (kinds % top).astype(float), merged, often[kinds].astype(float)


def blocks(n: int, numbers: float) -> Iterator[slice]:
    """Blocks of n points, each of which takes so many numbers of memory."""
    size = min(max(LEAST, int(BLOCK // numbers)), n)
    return (slice(start, min(start + size, n)) for start in range(0, n, size))


def normalise(log_joint: Floats) -> tuple[Floats, Floats]:
    """Turn the log-joint (K, N) into responsibilities, in place.

    Return the largest of a point, and the sum relative to it: t and s of the density exp(t) s.
    """
    top = log_joint.max(axis=0)
    check_reached(top)
    r = np.subtract(log_joint, top, out=log_joint)
    np.maximum(r, UNDERFLOW, out=r)  # exp is slow where it underflows
    np.exp(r, out=r)
    total = r.sum(axis=0)
    r /= total
    return top, total


def assign(
    log_joint: Floats, labels: Integers | None, weights: Floats | None, block: slice
) -> float:
    """Turn the log-joint (K, N) of a block into weighted responsibilities, in place.

    Where labels are -1 they follow from the points; where they are known, they are the labels.
    Return the log-likelihood.
    """
    if labels is not None:
        known = np.flatnonzero(labels[block] >= 0)
        component = labels[block][known]
        log_joint_of_known = log_joint[component, known]
    top, total = normalise(log_joint)
    if labels is None and weights is None:
        # Of every 32 numbers between 1 and K one logarithm: it takes longer than 32 products.
        product = total[: len(total) // 32 * 32].reshape(32, -1).prod(axis=0)
        rest = total[len(total) // 32 * 32 :]
        return float(top.sum() + np.log(product).sum() + np.log(rest).sum())
    log_density = top + np.log(total)
    if labels is not None:
        log_joint[:, known] = 0
        log_joint[component, known] = 1
        log_density[known] = log_joint_of_known
    if weights is None:
        return float(log_density.sum())
    log_joint *= weights[block]
    return float(weights[block] @ log_density)


def draw(log_joint: Floats, labels: Integers | None, rng: np.random.Generator) -> Floats:
    """Draw the component of every point from its log-joint (K, N): one-hot rows, as of a label."""
    normalise(log_joint)
    below = np.cumsum(log_joint, axis=0)
    z = (rng.random(below.shape[1]) * below[-1] >= below).sum(axis=0)
    if labels is not None:
        z = np.where(labels >= 0, labels, z)
    return np.asarray(z == np.arange(len(below))[:, np.newaxis], dtype=float)


def check_reached(top: Floats) -> None:
    """Raise a ``ValueError`` if the largest log-density of a point is not finite."""
    if not np.isfinite(top).all():
        raise ValueError("x lies so far from every component that its density is zero in all")


def check_starved(counts: Floats) -> None:
    """Raise an error if a component has no points."""
    if counts.min() < EMPTY * counts.sum():
        raise lost_its_points(int(counts.argmin()))


def lost_its_points(component: int) -> CollapsedComponentError:
    """Return the error for a component without points."""
    return CollapsedComponentError(
        f"component {component} has lost all its points; use fewer components, another start, or "
        "a prior"
    )


def far_apart(x: Floats, K: int, rng: np.random.Generator) -> list[int]:
    """Choose K distinct points by k-means++, in standardised coordinates."""
    x = x.reshape(len(x), -1)
    sd = x.std(axis=0)
    scaled = x / np.where(sd > 0, sd, np.inf)
    chosen = [int(rng.integers(len(x)))]
    distances = np.full(len(x), np.inf)
    while len(chosen) < K:
        distances = np.minimum(distances, ((scaled - scaled[chosen[-1]]) ** 2).sum(axis=1))
        if not distances.any():
            raise ValueError(
                f"x has only {len(chosen)} distinct point{'s'[: len(chosen) > 1]}, fewer than "
                f"n_components = {K}"
            )
        chosen.append(int(rng.choice(len(x), p=distances / distances.sum())))
    return chosen
