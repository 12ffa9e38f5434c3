"""Checks of arguments: a clean array comes back, or a ``ValueError`` that names the argument.

All numbers enter the package here. A number that is not there, however that is said (NaN, None, the
mask of a masked array, ``pd.NA``, ``NaT``), becomes NaN; what is no real number is refused.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

DOUBLE = float(np.finfo(np.float64).eps)
ROUNDED = 1e-8  # how far probabilities may be from a sum of one, in double precision
LARGEST = 2.0**53  # from here on neighbouring whole numbers share a float
LARGEST_LOG = 1e300  # sums of so large logarithms would overflow
REFUSED = {
    "c": "complex numbers", "M": "dates", "m": "durations", "U": "text", "S": "text", "T": "text",
}  # fmt: skip
REFUSED_TYPES = {
    (complex, np.complexfloating): "complex numbers",
    (dt.date, dt.time, np.datetime64): "dates",
    (dt.timedelta, np.timedelta64): "durations",
    (str, bytes, bytearray): "text",
}
NOT_A_NUMBER = (TypeError, ValueError, ArithmeticError, RuntimeError)  # of foreign conversions


def _real(value: Any, name: str) -> NDArray[Any]:
    """Return an array of some real dtype, with NaN for what is missing."""
    try:
        if isinstance(value, bytearray):
            raise TypeError("these are text")
        array = np.asarray(_unmasked(value))
        if array.dtype == object:
            array = _unpacked(array)
        kind = array.dtype.kind
        if kind in "Mm" and np.isnat(array).all():
            array = np.full(array.shape, np.nan)
        elif kind not in "biuf":
            raise TypeError(f"these are {REFUSED.get(kind, array.dtype)}")
    except NOT_A_NUMBER as error:
        raise ValueError(f"{name} must be an array of numbers: {error}") from None
    return array


def _unmasked(value: Any) -> Any:
    """Return what was given, with NaN in the place of masked entries, in lists of lists too."""
    if isinstance(value, np.ma.MaskedArray):
        data, mask = np.ma.getdata(value), np.ma.getmaskarray(value)
        if mask.dtype != bool or not mask.any() or data.dtype.kind == "c":
            return data
        return (np.full(data.shape, np.nan) if mask.all() else np.where(mask, np.nan, data))[()]
    if isinstance(value, (list, tuple)) and any(map(_holds_others, value)):
        return [_unmasked(v) for v in value]
    return value


def _holds_others(value: Any) -> bool:
    return isinstance(value, (list, tuple, np.ma.MaskedArray))


def _unpacked(objects: NDArray[Any]) -> Floats:
    """Turn an array of Python objects into floats: numbers, and signs for missing ones."""
    import pandas as pd

    flat = objects.flatten()
    for k, item in enumerate(flat):
        if isinstance(item, np.ndarray) and item.ndim == 0:
            flat[k] = np.asarray(_unmasked(item))[()]
    missing = np.asarray(pd.isna(flat))
    present = flat[~missing]
    for kind in {type(item) for item in present}:
        for refused, what in REFUSED_TYPES.items():
            if issubclass(kind, refused):
                raise TypeError(f"these are {what}")
        is_number = hasattr(kind, "__float__") or hasattr(kind, "__index__")
        if not is_number or issubclass(kind, np.ndarray):
            raise TypeError(f"one entry is no number, but of the type {kind.__name__}")
    array = np.full(flat.shape, np.nan)
    array[~missing] = present.astype(np.float64)
    return array.reshape(objects.shape)


def numbers(value: ArrayLike, name: str) -> Floats:
    """Return `value` as a float64 array, NaN where a number is missing."""
    if type(value) is np.ndarray and value.dtype == np.float64:
        return value
    array = _real(value, name)
    try:
        with np.errstate(over="raise", under="ignore"):
            return np.asarray(array, dtype=np.float64)
    except FloatingPointError:
        raise ValueError(
            f"{name} must be an array of numbers: one is too large for a float"
        ) from None


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
        raise ValueError(
            f"{name} holds {bad} NaN or infinite values (missing ones count as NaN); all must be "
            f"finite{hint}"
        )
    return array


def scalar(value: Any, name: str) -> float:
    """Return one finite number."""
    array = finite(value, name)
    if array.ndim:
        raise ValueError(f"{name} must be one number, not an array of shape {array.shape}")
    return float(array)


def positive_scalar(value: Any, name: str) -> float:
    """Return one finite number > 0."""
    number = scalar(value, name)
    if not number > 0:
        raise ValueError(f"{name} must be a number > 0, not {number!r}")
    return number


def positive_fields(record: Any, *names: str) -> None:
    """Turn these fields of a frozen record into floats > 0 whose squares are numbers."""
    for name in names:
        number = positive_scalar(getattr(record, name), name)
        if not 1e-150 <= number <= 1e150:
            raise ValueError(f"{name} must lie between 1e-150 and 1e150, not at {number!r}")
        object.__setattr__(record, name, number)


def not_negative_scalar(value: Any, name: str) -> float:
    """Return one finite number >= 0."""
    number = scalar(value, name)
    if number < 0:
        raise ValueError(f"{name} must not be negative, but is {number!r}")
    return number


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
    array = _real(value, name)
    if array.shape != (length,):
        raise ValueError(f"{name} must have shape ({length},), one per point, not {array.shape}")
    dtype = getattr(value, "dtype", None)  # of pandas' own integers NumPy knows nothing
    if getattr(dtype, "kind", array.dtype.kind) not in "iu" or np.isnan(array).any():
        raise ValueError(f"{name} must be integers without gaps, not {dtype or array.dtype}")
    top = min(array.max(), int(LARGEST)) if n_components is None else n_components - 1
    if array.min() < -1 or array.max() > top:
        raise ValueError(
            f"{name} must lie between -1 (unknown) and {top}, not {array.min()} to {array.max()}"
        )
    return array.astype(np.int64)


def shape(array: NDArray[Any], name: str, expected: tuple[int, ...]) -> None:
    """Raise a ``ValueError`` unless `array` has the expected shape."""
    if array.shape != expected:
        raise ValueError(f"{name} must have shape {expected}, not {array.shape}")


def probabilities(value: ArrayLike, name: str, axis: int | None = None) -> Floats:
    """Return numbers >= 0 that sum to one, all together or along an axis.

    Single precision has rounded them at the eighth digit, and half precision at the fourth: they
    are accepted, and brought to a sum of one in double precision.
    """
    array = not_negative(value, name)
    with np.errstate(over="ignore"):
        total = array.sum(axis=axis, keepdims=True)
    rounded = _rounded(value)
    off = np.abs(total - 1)
    if off.max() > rounded:
        worst = float(total.ravel()[off.argmax()])
        row = "" if axis is None else ": each row"
        raise ValueError(f"{name}{row} must sum to one, not to {worst:.10g}")
    return array if rounded == ROUNDED else np.asarray(array / total)


def log_probabilities(value: ArrayLike, name: str) -> Floats:
    """Return logarithms of probabilities that sum to one along the last axis; -inf is allowed."""
    from scipy.special import logsumexp

    array = logs(value, name)
    with np.errstate(all="ignore"):
        total = np.asarray(logsumexp(array, axis=-1, keepdims=True))
    rounded = _rounded(value)
    if not np.abs(total).max() <= rounded:
        raise ValueError(f"{name} must be logarithms of probabilities that sum to one")
    return array if rounded == ROUNDED else np.asarray(array - total)


def logs(value: ArrayLike, name: str) -> Floats:
    """Return logarithms: numbers, or minus infinity."""
    array = numbers(value, name)
    if array.size == 0 or np.isnan(array).any() or (array == np.inf).any():
        raise ValueError(f"{name} must not be empty, NaN, missing or plus infinity")
    if ((np.abs(array) > LARGEST_LOG) & (array > -np.inf)).any():
        raise ValueError(f"{name} must be logarithms, and a number beyond 1e300 is none")
    return array


def _rounded(value: Any) -> float:
    """How far a sum of numbers of this precision may be from one."""
    return max(ROUNDED, 16 * precision(value))


def precision(value: Any) -> float:
    """Return the relative rounding error of the coarsest floats among what was given."""
    if type(value) is np.ndarray and value.dtype == np.float64:
        return DOUBLE
    array = np.asarray(_unmasked(value))
    dtypes = [array.dtype]
    if hasattr(value, "columns"):  # a table has one for each of them
        dtypes += list(value.dtypes)
    if isinstance(value, (list, tuple)) or array.dtype == object:
        kinds = {type(item) for item in np.array(value, dtype=object).ravel()}
        dtypes += [np.dtype(kind) for kind in kinds if issubclass(kind, np.floating)]
    sizes = [d.itemsize for d in dtypes if getattr(d, "kind", "") == "f"]
    return float(np.finfo(f"f{min([8, *sizes])}").eps)


def simplex(value: ArrayLike, name: str) -> Floats:
    """Return probabilities: a vector of numbers >= 0 that sum to one."""
    array = probabilities(value, name)
    if array.ndim != 1:
        raise ValueError(f"{name} must be a vector, not of shape {array.shape}")
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


def whole(value: ArrayLike, name: str) -> Floats:
    """Return whole numbers, as floats, none so large that a float could not hold it exactly."""
    array = finite(value, name)
    if not _are_integers(value) and (array != np.floor(array)).any():
        raise ValueError(f"{name} must be whole numbers")
    top: float = max(float(array.max()), -float(array.min()))
    if top == LARGEST:  # or one more, before it became a float
        top = max(abs(int(number)) for number in np.array(value, dtype=object).ravel())
    if top > LARGEST:
        raise ValueError(
            f"{name} must be whole numbers up to 2**53, not {abs(array).max():g}: from there on "
            "a float cannot tell one from the next"
        )
    return array


def _are_integers(value: Any) -> bool:
    """Say whether this is an array of integers, in which no fraction need be looked for."""
    return getattr(getattr(value, "dtype", None), "kind", "") in ("b", "i", "u")


def counts(value: ArrayLike, name: str) -> Floats:
    """Return whole numbers >= 0, as floats."""
    array = whole(value, name)
    if array.min() < 0:
        raise ValueError(f"{name} must not be negative: the smallest is {array.min():g}")
    return array


def pair(y: Floats, size: Floats, name: str, size_name: str) -> tuple[Floats, Floats]:
    """Return what was observed of J units and how much of each; one size may serve them all."""
    if y.ndim != 1:
        raise ValueError(f"{name} must have shape (J,), one entry per unit, not {y.shape}")
    if size.ndim == 0:
        size = np.full(y.shape, size)
    shape(size, size_name, y.shape)
    return y, size


def generator(rng: Any) -> np.random.Generator:
    """Return a source of chance."""
    if not isinstance(rng, np.random.Generator):
        raise ValueError(
            f"rng must be a numpy.random.Generator, as of numpy.random.default_rng, not {rng!r}"
        )
    return rng


def dimensions(model: Any, expected: int) -> None:
    """Raise a ``ValueError`` unless the model has so many dimensions."""
    found = getattr(model, "n_dimensions", None)
    if found != expected:
        raise ValueError(f"model must have D = {expected}, not {found}")


def fraction(value: float, name: str) -> float:
    """Return a number strictly between 0 and 1."""
    number = scalar(value, name)
    if not 0 < number < 1:
        raise ValueError(f"{name} must lie between 0 and 1, not {value!r}")
    return number


def count(value: int, name: str, at_least: int = 1, at_most: int | None = int(LARGEST)) -> int:
    """Return a whole number not below `at_least`, nor above `at_most`."""
    whole_number = isinstance(value, (int, np.integer))
    if not whole_number or isinstance(value, (bool, np.timedelta64)) or value < at_least:
        raise ValueError(f"{name} must be a whole number, at least {at_least}, not {value!r}")
    if at_most is not None and value > at_most:
        raise ValueError(f"{name} must be at most {at_most}, not {value}")
    return int(value)
