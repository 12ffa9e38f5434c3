r"""Covariance matrices: Cholesky factors, and these as vectors without constraints."""

from __future__ import annotations

import contextlib

import numpy as np
from numpy.typing import ArrayLike, NDArray

from companion import _check
from companion._check import DOUBLE, Floats

ASYMMETRY = 1e-8  # how far S_ij and S_ji may differ, relative to the standard deviations of i and j


def covariance_factor(value: ArrayLike, name: str, dimensions: int) -> Floats:
    """Return the Cholesky factor (D, D) of a covariance as it was given; it may be coarse."""
    array = np.atleast_2d(_check.finite(value, name))
    _check.shape(array, name, (dimensions, dimensions))
    return cholesky(array, name, max(ASYMMETRY, 16 * _check.precision(value)))


def cholesky(covariances: Floats, name: str, asymmetry: float = ASYMMETRY) -> Floats:
    """Cholesky factors of one covariance matrix (D, D), or of K of them (K, D, D).

    A ``ValueError`` that names the argument says if one is not symmetric or not positive definite.
    Neither depends on units: every entry is compared with the variances of its own row and column,
    and what is left of a variance when the others are known (a pivot) with that variance.
    """
    stack = covariances.reshape(-1, *covariances.shape[-2:])
    variances = np.diagonal(stack, axis1=1, axis2=2)
    _positive_definite(variances > 0, covariances.ndim, name)
    sd = np.sqrt(variances)
    with np.errstate(over="ignore"):
        gaps = (stack - stack.transpose(0, 2, 1)) / sd[:, :, np.newaxis]  # of both signs
        if not (gaps <= asymmetry * sd[:, np.newaxis, :]).all():
            raise ValueError(f"{name} must be symmetric")
    L = factors(stack)
    pivots = (np.diagonal(L, axis1=1, axis2=2) / sd) ** 2
    _positive_definite(pivots > stack.shape[1] * DOUBLE, covariances.ndim, name)
    return L.reshape(covariances.shape)


def factors(matrices: Floats) -> Floats:
    """Cholesky factors (K, D, D); zeros for a matrix that is not positive definite."""
    try:
        return np.asarray(np.linalg.cholesky(matrices))
    except np.linalg.LinAlgError:
        found = np.zeros(matrices.shape)
        for k, matrix in enumerate(matrices):
            with contextlib.suppress(np.linalg.LinAlgError):
                found[k] = np.linalg.cholesky(matrix)
        return found


def _positive_definite(good: NDArray[np.bool_], ndim: int, name: str) -> None:
    if not good.all():
        k, column = np.argwhere(~good)[0]
        component = f"component {k} " if ndim == 3 else "it "
        raise ValueError(
            f"{name} must be positive definite: {component}has no spread in column {column} "
            "beyond what the columns before it explain"
        )


def from_factors(L: Floats) -> Floats:
    """Rows of the lower triangles of L (K, D, D), diagonals as logarithms: (K, D (D + 1) / 2)."""
    _, D, _ = L.shape
    rows, columns = np.tril_indices(D)
    free = L[:, rows, columns]
    free[:, rows == columns] = np.log(free[:, rows == columns])
    return free


def to_factors(free: Floats, D: int) -> Floats:
    """Cholesky factors (K, D, D) of vectors (K, D (D + 1) / 2): the inverse of `from_factors`."""
    rows, columns = np.tril_indices(D)
    L = np.zeros((len(free), D, D))
    L[:, rows, columns] = free
    diagonal = np.arange(D)
    L[:, diagonal, diagonal] = np.exp(L[:, diagonal, diagonal])
    return L


def gradient_by_factors(by_covariance: Floats, L: Floats) -> Floats:
    """Chain rule through L L': from the gradient by the covariance to that by `free`."""
    by_factor = 2 * by_covariance @ L
    _, D, _ = L.shape
    rows, columns = np.tril_indices(D)
    scale = np.where(rows == columns, L[:, rows, columns], 1.0)  # d L_ii / d log L_ii
    return np.asarray(by_factor[:, rows, columns] * scale)
