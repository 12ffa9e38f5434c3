r"""Covariance matrices as vectors without constraints: Cholesky factors with a log-diagonal."""

from __future__ import annotations

import numpy as np

from companion._check import Floats


def from_factors(L: Floats) -> Floats:
    """Rows of the lower triangles of L (K, D, D), diagonals as logarithms: (K, D (D + 1) / 2)."""
    rows, columns = np.tril_indices(L.shape[-1])
    free = L[:, rows, columns]
    free[:, rows == columns] = np.log(free[:, rows == columns])
    return free


def to_factors(free: Floats, D: int) -> Floats:
    """Cholesky factors (K, D, D) of vectors (K, D (D + 1) / 2): the inverse of `from_factors`."""
    rows, columns = np.tril_indices(D)
    L = np.zeros((len(free), D, D))
    L[:, rows, columns] = np.where(rows == columns, np.exp(free), free)
    return L


def gradient_by_factors(by_covariance: Floats, L: Floats) -> Floats:
    """Chain rule through L L': from the gradient by the covariance to that by `free`."""
    by_factor = 2 * by_covariance @ L
    rows, columns = np.tril_indices(L.shape[-1])
    scale = np.where(rows == columns, L[:, rows, columns], 1.0)  # d L_ii / d log L_ii
    return np.asarray(by_factor[:, rows, columns] * scale)
