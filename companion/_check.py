"""Checks of arguments: a clean array comes back, or a ``ValueError`` that names the argument."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def numbers(value: ArrayLike, name: str) -> Floats:
    """Return `value` as a float64 array, or raise a ``ValueError`` that names it."""
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be an array of numbers: {error}") from None


def finite(value: ArrayLike, name: str, hint: str = "") -> Floats:
    """Return `value` as a non-empty array without NaN or infinity."""
    array = numbers(value, name)
    if array.size == 0:
        raise ValueError(f"{name} is empty: at least one value is needed")
    # A sum is finite unless an entry is not (or it overflows): one pass without a temporary array.
    with np.errstate(over="ignore", invalid="ignore"):
        suspicious = not np.isfinite(array.sum())
    if suspicious and not np.isfinite(array).all():
        bad = int(np.size(array) - np.isfinite(array).sum())
        raise ValueError(f"{name} holds {bad} NaN or infinite values; all must be finite{hint}")
    return array


def points(value: ArrayLike, name: str, n_dimensions: int | None = None, hint: str = "") -> Floats:
    """Return data as an array of shape (N, D); shape (N,) is read as N points in one dimension."""
    array = finite(value, name, hint)
    if array.ndim == 1:
        array = array[:, np.newaxis]
    if array.ndim != 2:
        raise ValueError(f"{name} must have shape (N,) or (N, D), not {array.shape}")
    if n_dimensions is not None and array.shape[1] != n_dimensions:
        raise ValueError(
            f"{name} has {array.shape[1]} columns, but the model has D = {n_dimensions} dimensions"
        )
    return array


def labels(value: ArrayLike, name: str, length: int, n_components: int | None = None) -> Integers:
    """Return `length` integer labels from 0 to K - 1, where -1 stands for "unknown"."""
    array = np.asarray(value)
    if array.shape != (length,):
        raise ValueError(f"{name} must have shape ({length},), one per point, not {array.shape}")
    if not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{name} must be integers, not {array.dtype}")
    top = array.max() if n_components is None else n_components - 1
    if array.min() < -1 or array.max() > top:
        raise ValueError(
            f"{name} must lie between -1 (unknown) and {top}, not {array.min()} to {array.max()}"
        )
    return array.astype(np.int64)


def shape(array: NDArray[Any], name: str, expected: tuple[int, ...]) -> None:
    """Raise a ``ValueError`` unless `array` has the expected shape."""
    if array.shape != expected:
        raise ValueError(f"{name} must have shape {expected}, not {array.shape}")


def simplex(value: ArrayLike, name: str) -> Floats:
    """Return probabilities: a vector of numbers >= 0 that sum to one."""
    array = finite(value, name)
    if array.ndim != 1:
        raise ValueError(f"{name} must be a vector, not of shape {array.shape}")
    if (array < 0).any():
        raise ValueError(f"{name} must not be negative: the smallest is {array.min()}")
    if abs(array.sum() - 1) > 1e-8:
        raise ValueError(f"{name} must sum to one, not to {array.sum()}")
    return array


def not_negative(value: ArrayLike, name: str) -> Floats:
    """Return numbers >= 0."""
    array = finite(value, name)
    if array.min() < 0:
        raise ValueError(f"{name} must not be negative: the smallest is {array.min():g}")
    return array


def positive(value: ArrayLike, name: str) -> Floats:
    """Return numbers > 0."""
    array = finite(value, name)
    if (array <= 0).any():
        raise ValueError(f"{name} must be positive: the smallest is {array.min():g}")
    return array


def are_integers(value: Any) -> bool:
    """Say whether this is an array of integers, in which no fraction need be looked for."""
    return getattr(getattr(value, "dtype", None), "kind", "") in ("b", "i", "u")


def whole(value: ArrayLike, name: str) -> Floats:
    """Return whole numbers, as floats."""
    array = finite(value, name)
    if (array != np.floor(array)).any():
        raise ValueError(f"{name} must be whole numbers")
    return array


def fraction(value: float, name: str) -> float:
    """Return a number strictly between 0 and 1."""
    if not 0 < value < 1:
        raise ValueError(f"{name} must lie between 0 and 1, not {value!r}")
    return value


def count(value: int, name: str, at_least: int = 1) -> int:
    """Return a whole number not below `at_least`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < at_least:
        raise ValueError(f"{name} must be a whole number, at least {at_least}, not {value!r}")
    return int(value)
