r"""Entropy and Kullback-Leibler divergence, in nats.

One convention in the whole course: the average is over the *first* argument.

.. math:: \mathrm{KL}(p \Vert q) = \mathrm{E}_p[\log p - \log q]
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_triangular
from scipy.special import kl_div, xlogy

from companion import _check, _vectors
from companion._check import Floats


def entropy(p: ArrayLike) -> float:
    r"""Entropy of a distribution over finitely many outcomes, in nats.

    .. math:: \mathrm{H}(p) = -\sum_i p_i \log p_i

    Parameters
    ----------
    p : array of shape (K,), or of any shape for a joint table
        Probabilities, summing to one. An outcome of probability zero counts zero.

    Returns
    -------
    float
        Between 0 and log K.

    Raises
    ------
    ValueError
        If `p` has a negative entry or does not sum to one.

    Notes
    -----
    Cover and Thomas (2006), *Elements of Information Theory*, equation 2.1.

    Examples
    --------
    >>> bool(entropy([0.5, 0.5]) == np.log(2)), entropy([1.0, 0.0])
    (True, 0.0)
    """
    p = _check.probabilities(p, "p")
    return float(-xlogy(p, p).sum()) + 0.0


def cross_entropy(p: ArrayLike, q: ArrayLike) -> float:
    r"""Mean surprise, in nats, of one who believes `q` while outcomes come from `p`.

    .. math:: \mathrm{H}(p, q) = -\sum_i p_i \log q_i = \mathrm{H}(p) + \mathrm{KL}(p \Vert q)

    Parameters
    ----------
    p, q : arrays of the same shape
        Probabilities, summing to one.

    Returns
    -------
    float
        Infinite if `q` is zero where `p` is not.

    Raises
    ------
    ValueError
        If the shapes differ, an entry is negative, or a sum is not one.

    Notes
    -----
    Murphy (2022), *Probabilistic Machine Learning: An Introduction*, equation 6.3.

    Examples
    --------
    >>> bool(cross_entropy([1.0, 0.0], [0.5, 0.5]) == np.log(2))
    True
    """
    p, q = _pair(p, q)
    return float(-xlogy(p, q).sum()) + 0.0


def kl_divergence(p: ArrayLike, q: ArrayLike) -> float:
    r"""Kullback-Leibler divergence of two distributions over finitely many outcomes, in nats.

    .. math:: \mathrm{KL}(p \Vert q) = \sum_i p_i \log \frac{p_i}{q_i} \ge 0

    Parameters
    ----------
    p, q : arrays of the same shape
        Probabilities, summing to one. The average is over `p`.

    Returns
    -------
    float
        Zero only if `p` equals `q`; infinite if `q` is zero where `p` is not.

    Raises
    ------
    ValueError
        If the shapes differ, an entry is negative, or a sum is not one.

    Notes
    -----
    Cover and Thomas (2006), equation 2.26 and theorem 2.6.3.

    Examples
    --------
    >>> bool(kl_divergence([1.0, 0.0], [0.5, 0.5]) == np.log(2))
    True
    >>> kl_divergence([0.5, 0.5], [1.0, 0.0])
    inf
    """
    p, q = _pair(p, q)
    with np.errstate(all="ignore"):
        # Both sums are one, so p log(p/q) - p + q may be summed, of which every term is >= 0.
        more = (q - p) / p
        close = np.abs(more) < 0.5  # not where p is zero
        return float(np.where(close, p * (more - np.log1p(more)), kl_div(p, q)).sum())


def kl_normal(
    mean_p: ArrayLike, covariance_p: ArrayLike, mean_q: ArrayLike, covariance_q: ArrayLike
) -> float:
    r"""Kullback-Leibler divergence of two normal distributions in D dimensions, in nats.

    .. math::

        \mathrm{KL}(p \Vert q) = \tfrac12 \Bigl( \operatorname{tr} \Sigma_q^{-1} \Sigma_p - D
        + (\mu_q - \mu_p)^\top \Sigma_q^{-1} (\mu_q - \mu_p)
        + \log \frac{|\Sigma_q|}{|\Sigma_p|} \Bigr)

    Parameters
    ----------
    mean_p, mean_q : arrays of shape (D,)
        Means; numbers when D = 1.
    covariance_p, covariance_q : arrays of shape (D, D)
        Covariances, positive definite, in squared units; numbers (variances) when D = 1.

    Returns
    -------
    float
        Zero only if the distributions are equal.

    Raises
    ------
    ValueError
        If a shape is wrong or a covariance is not symmetric and positive definite.

    Notes
    -----
    Murphy (2022), equation 6.33.

    Examples
    --------
    >>> kl_normal(0, 1, 3, 1)  # half the squared distance
    4.5
    """
    mean_p, L_p = _normal(mean_p, covariance_p, "p")
    mean_q, L_q = _normal(mean_q, covariance_q, "q")
    _check.shape(mean_q, "mean_q", mean_p.shape)
    with np.errstate(under="ignore", over="ignore"):
        ratio = solve_triangular(L_q, L_p, lower=True)
        shift = solve_triangular(L_q, mean_q - mean_p, lower=True)
        singular = np.linalg.svd(ratio, compute_uv=False)
        more = (singular - 1) * (singular + 1)
        if np.abs(more).max() < 0.5:  # the two are close: a difference of logs would be noise
            spread = (more - np.log1p(more)).sum()
        else:
            log_det = 2 * np.log(np.diagonal(L_q) / np.diagonal(L_p)).sum()
            spread = (ratio**2).sum() - len(mean_p) + log_det
        return float(0.5 * (spread + shift @ shift))


def _pair(p: ArrayLike, q: ArrayLike) -> tuple[Floats, Floats]:
    tables = _check.probabilities(p, "p"), _check.numbers(q, "q")
    _check.shape(tables[1], "q", tables[0].shape)
    return tables[0], _check.probabilities(q, "q")


def _normal(mean: ArrayLike, covariance: ArrayLike, name: str) -> tuple[Floats, Floats]:
    """Return the mean as a vector, and the Cholesky factor of the covariance."""
    μ = np.atleast_1d(_check.finite(mean, f"mean_{name}"))
    if μ.ndim != 1:
        raise ValueError(f"mean_{name} must have shape (D,), not {μ.shape}")
    return μ, _vectors.covariance_factor(covariance, f"covariance_{name}", len(μ))
