r"""Exchangeability: laws that do not change when the variables trade places, and de Finetti.

A law of 0/1 variables is a table of shape (2, ..., 2), one axis for each variable. An infinite
exchangeable sequence is a mixture of coins (de Finetti 1931),

.. math:: P(x_1, \ldots, x_n) = \int_0^1 \theta^{s} (1 - \theta)^{n - s} \, d\mu(\theta),
    \qquad s = x_1 + \cdots + x_n,

and a finite one is nearly that (Diaconis and Freedman 1980). Total variation is
:math:`\sup_A |P(A) - Q(A)|`, between 0 and 1.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import comb, logsumexp, xlog1py, xlogy

from companion import _check
from companion._check import Floats, Integers
from companion._rising import log_beta_binomial, log_binomial

PRECISE = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
CERTIFIED = 1e-9  # how far the distance to the nearest mixture may be from the least one
LARGEST = 1e300  # sums of numbers beyond it may not be finite
ROUNDED = 1e-9  # a negative probability that rounded moments may give


def is_exchangeable(joint: ArrayLike, tol: float = 1e-9) -> bool:
    r"""Whether a joint table stays the same under every permutation of its variables.

    Swaps of neighbours generate all permutations, so n - 1 comparisons suffice.

    .. math:: P(x_1, \ldots, x_n) = P(x_{\pi(1)}, \ldots, x_{\pi(n)})

    Parameters
    ----------
    joint : array of shape (m, ..., m), one axis for each of the n variables
        Probabilities, summing to one.
    tol : float >= 0
        The largest difference between two entries that counts as none. Entries of single or half
        precision may besides differ by their own rounding.

    Returns
    -------
    bool

    Raises
    ------
    ValueError
        If `joint` has axes of different lengths, a negative entry, or does not sum to one, or
        `tol` is negative.

    Notes
    -----
    Bernardo and Smith (2000), *Bayesian Theory*, definition 4.2.

    Examples
    --------
    >>> is_exchangeable([[0.4, 0.1], [0.1, 0.4]]), is_exchangeable([[0.4, 0.2], [0.0, 0.4]])
    (True, False)
    """
    table = _joint(joint)
    tol = _check.not_negative_scalar(tol, "tol")
    rounding = _check.precision(joint)
    allowed = tol + (4 * rounding * table if rounding > np.finfo(float).eps else 0.0)
    swaps = [np.swapaxes(table, i, i + 1) for i in range(table.ndim - 1)]
    return all(bool((np.abs(table - swapped) <= allowed).all()) for swapped in swaps)


def polya_urn(
    white: float,
    black: float,
    n_draws: int,
    rng: np.random.Generator,
    n_urns: int = 1,
    reinforcement: float = 1,
) -> Integers:
    r"""Draw from urns: a ball is drawn, put back, and more balls of its colour are added.

    .. math:: P(x_{n+1} = 1 \mid x_1, \ldots, x_n) = \frac{w + c s}{w + b + c n}

    With c = 1 Polya's urn, with c = 0 drawing with replacement, with c = -1 drawing without it.

    Parameters
    ----------
    white, black : float >= 0
        Balls at the beginning, w and b; not both zero.
    n_draws : int >= 1
        How many balls are drawn from each urn.
    rng : numpy.random.Generator
        The source of randomness.
    n_urns : int >= 1
        How many urns, independent of each other.
    reinforcement : float
        c: how many balls of the drawn colour are added.

    Returns
    -------
    ndarray of int, shape (n_urns, n_draws)
        1 for white, 0 for black.

    Raises
    ------
    ValueError
        If a number is out of its range, or the urn runs empty before the last draw.

    Notes
    -----
    Eggenberger and Polya (1923), *Ueber die Statistik verketteter Vorgaenge*, ZAMM 3, 279-289.

    Examples
    --------
    >>> polya_urn(1, 0, 3, np.random.default_rng(1))
    array([[1, 1, 1]])
    """
    n_draws = _check.count(n_draws, "n_draws")
    n_urns = _check.count(n_urns, "n_urns")
    if n_draws * n_urns > _check.LARGEST:
        raise ValueError(f"n_draws and n_urns are too many together: {n_draws} times {n_urns}")
    white, black, reinforcement = _urn(white, black, reinforcement, n_draws)
    uniform = rng.uniform(size=(n_draws, n_urns))
    drawn = np.empty((n_draws, n_urns), dtype=np.int64)
    whites = np.full(n_urns, white)
    for n in range(n_draws):
        drawn[n] = uniform[n] * (white + black + reinforcement * n) < whites
        whites += reinforcement * drawn[n]
    return np.ascontiguousarray(drawn.T)


def urn_log_probability(
    x: ArrayLike, white: float, black: float, reinforcement: float = 1
) -> Floats:
    r"""Log-probability of a sequence of colours, from an urn as in :func:`polya_urn`.

    .. math:: \log P(x) = \sum_{i<s} \log (w + c i) + \sum_{i<n-s} \log (b + c i)
        - \sum_{i<n} \log (w + b + c i)

    The order of the colours does not occur: the draws are exchangeable.

    Parameters
    ----------
    x : array of shape (n,) or (N, n)
        Zeros and ones; each row is a sequence.
    white, black, reinforcement : float
        As in :func:`polya_urn`.

    Returns
    -------
    ndarray of shape () or (N,)
        In nats; minus infinity for a sequence that the urn cannot give.

    Raises
    ------
    ValueError
        If `x` holds anything but 0 and 1, or the urn is none.

    Notes
    -----
    Feller (1968), *An Introduction to Probability Theory and Its Applications*, vol. 1, section
    V.2.

    Examples
    --------
    >>> np.exp(urn_log_probability([[1, 1, 0], [0, 1, 1]], white=1, black=1)).round(6)
    array([0.083333, 0.083333])
    """
    x = _binary(x)
    n = x.shape[-1]
    white, black, reinforcement = _urn(white, black, reinforcement, n)
    ones = x.sum(axis=-1)
    steps = reinforcement * np.arange(n)
    with np.errstate(divide="ignore"):
        of_white, of_black = (
            np.append(0.0, np.cumsum(np.log(np.maximum(start + steps, 0.0))))
            for start in (white, black)
        )
    total = np.log(white + black + steps).sum()
    return np.asarray(of_white[ones] + of_black[n - ones] - total)


def beta_binomial_logpmf(k: ArrayLike, n: ArrayLike, alpha: ArrayLike, beta: ArrayLike) -> Floats:
    r"""Log-probability of k ones among n draws, when the coin itself is drawn from a Beta.

    .. math:: \log \binom{n}{k} + \log \frac{\mathrm{B}(\alpha + k, \beta + n - k)}
        {\mathrm{B}(\alpha, \beta)}

    Parameters
    ----------
    k, n : arrays of whole numbers up to 2**53 that broadcast
        Ones and draws.
    alpha, beta : arrays of positive numbers that broadcast
        Parameters of the Beta distribution.

    Returns
    -------
    ndarray of the common shape
        In nats; minus infinity where k is not between 0 and n.

    Raises
    ------
    ValueError
        If `alpha` or `beta` is not positive, or `k` or `n` is no whole number, or `n` is negative,
        or the shapes do not broadcast.

    Notes
    -----
    Johnson, Kemp and Kotz (2005), *Univariate Discrete Distributions*, equation 6.16. Ratios of
    gamma functions are taken at once, so that large parameters lose no digits.

    Examples
    --------
    >>> np.exp(beta_binomial_logpmf([0, 1, 2], 2, alpha=1, beta=1)).round(6)
    array([0.333333, 0.333333, 0.333333])
    """
    k, n = _check.whole(k, "k"), _check.whole(n, "n")
    _check.not_negative(n, "n")
    alpha, beta = _check.positive(alpha, "alpha"), _check.positive(beta, "beta")
    shapes = {"k": k.shape, "n": n.shape, "alpha": alpha.shape, "beta": beta.shape}
    try:
        np.broadcast_shapes(*shapes.values())
    except ValueError:
        told = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(f"k, n, alpha and beta must broadcast; their shapes: {told}") from None
    if max(alpha.max(), beta.max()) > LARGEST:
        raise ValueError("alpha and beta must not exceed 1e300: their sum would be infinite")
    inside = (k >= 0) & (k <= n)
    k = np.where(inside, k, 0)
    with np.errstate(all="ignore"):
        value = log_beta_binomial(k, np.maximum(n, k), alpha, beta)
    return np.asarray(np.where(inside, value, -np.inf))


def mixture_of_iid_log_probability(x: ArrayLike, thetas: ArrayLike, weights: ArrayLike) -> Floats:
    r"""Log-probability of 0/1 sequences under a mixture of coins.

    .. math:: \log P(x) = \log \sum_j w_j \, \theta_j^{s} (1 - \theta_j)^{n - s}

    Parameters
    ----------
    x : array of shape (n,) or (N, n)
        Zeros and ones; each row is a sequence.
    thetas : array of shape (M,)
        Chances of a one, each between 0 and 1.
    weights : array of shape (M,)
        Their probabilities, summing to one. For a Beta distribution use the nodes and weights of
        ``scipy.special.roots_sh_jacobi``.

    Returns
    -------
    ndarray of shape () or (N,)
        In nats.

    Raises
    ------
    ValueError
        If `x` is not binary, a theta lies outside [0, 1], or `weights` are no distribution.

    Notes
    -----
    de Finetti (1937), *La prevision: ses lois logiques, ses sources subjectives*, chapter III.

    Examples
    --------
    >>> float(np.exp(mixture_of_iid_log_probability([1, 1], [0.2, 0.8], [0.5, 0.5])).round(6))
    0.34
    """
    with np.errstate(all="ignore"):
        return np.asarray(logsumexp(_log_terms(x, thetas, weights)[0], axis=-1))


def predictive_probability(x: ArrayLike, thetas: ArrayLike, weights: ArrayLike) -> Floats:
    r"""Probability that the next draw is a one, after a sequence from a mixture of coins.

    .. math:: P(x_{n+1} = 1 \mid x) = \frac{P(x, 1)}{P(x)} = \mathrm{E}[\theta \mid x]

    Parameters
    ----------
    x : array of shape (n,) or (N, n)
        What was drawn; n = 0 gives the prior mean.
    thetas, weights : arrays of shape (M,)
        As in :func:`mixture_of_iid_log_probability`.

    Returns
    -------
    ndarray of shape () or (N,)

    Raises
    ------
    ValueError
        As :func:`mixture_of_iid_log_probability`, and if the mixture cannot give `x` at all.

    Notes
    -----
    For a uniform prior it is (s + 1) / (n + 2): Laplace's rule of succession.

    Examples
    --------
    >>> float(predictive_probability([1, 1], [0.2, 0.8], [0.5, 0.5]).round(6))
    0.764706
    """
    log_terms, thetas = _log_terms(x, thetas, weights)
    top = log_terms.max(axis=-1, keepdims=True)
    if np.isneginf(top).any():
        raise ValueError("x has probability zero under the mixture: nothing can be predicted")
    with np.errstate(under="ignore"):
        posterior = np.exp(log_terms - top)
        return np.asarray((posterior / posterior.sum(axis=-1, keepdims=True)) @ thetas)


def sampling_without_replacement_joint(n_ones: int, n: int, k: int) -> Floats:
    r"""Joint table of the first k of n tickets, of which `n_ones` say 1, drawn without replacement.

    .. math:: P(x_1, \ldots, x_k) = \frac{(M)_s \, (n - M)_{k - s}}{(n)_k},
        \qquad (a)_s = a (a - 1) \cdots (a - s + 1)

    Parameters
    ----------
    n_ones : int from 0 to n
        M.
    n : int >= 1
        Tickets in the box.
    k : int from 1 to n
        Tickets drawn; at most 20, since the table has :math:`2^k` entries.

    Returns
    -------
    ndarray of shape (2, ..., 2)
        With k axes.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Notes
    -----
    Diaconis and Freedman (1980), *Finite exchangeable sequences*, Ann. Probab. 8, 745-764: these
    laws are the extreme points of all exchangeable ones.

    Examples
    --------
    >>> sampling_without_replacement_joint(n_ones=1, n=2, k=2)
    array([[0. , 0.5],
           [0.5, 0. ]])
    """
    n = _check.count(n, "n")
    n_ones = _check.count(n_ones, "n_ones", at_least=0)
    k = _check.count(k, "k")
    if n_ones > n:
        raise ValueError(f"n_ones must be at most n = {n}, not {n_ones}")
    if k > min(n, 20):
        raise ValueError(f"k must be at most {min(n, 20)} (n, and 20 for the table), not {k}")
    sequences = np.indices((2,) * k).reshape(k, -1).T
    return np.exp(urn_log_probability(sequences, n_ones, n - n_ones, -1)).reshape((2,) * k)


@dataclass(frozen=True, eq=False)
class NearestMixture:
    """The mixture of coins that comes closest to a law.

    Attributes
    ----------
    distance : float
        Total variation to it, at most 1e-9 above the least one.
    thetas, weights : ndarrays of shape (M,)
        The mixing distribution, on the few points that it needs.
    """

    distance: float
    thetas: Floats
    weights: Floats


def nearest_mixture(joint: ArrayLike) -> NearestMixture:
    r"""Total variation between an exchangeable 0/1 law and the nearest mixture of coins.

    .. math:: \min_\mu \; \tfrac12 \sum_{s=0}^{k} \Bigl| P(S = s)
        - \int \binom{k}{s} \theta^s (1 - \theta)^{k - s} d\mu(\theta) \Bigr|

    Both laws are exchangeable, so the distance between them is that between their counts. It is a
    linear programme over mixing distributions on a grid; its dual is a polynomial in theta, and
    where that polynomial is positive a better point is missing from the grid. Points are added
    until none is missing.

    Parameters
    ----------
    joint : array of shape (2, ..., 2), with k <= 20 axes
        An exchangeable law.

    Returns
    -------
    NearestMixture

    Raises
    ------
    ValueError
        If `joint` is no law of 0/1 variables or not exchangeable.

    Notes
    -----
    The quantity that Diaconis and Freedman (1980) bound.

    Examples
    --------
    >>> box = sampling_without_replacement_joint(n_ones=1, n=2, k=2)
    >>> found = nearest_mixture(box)
    >>> round(found.distance, 6), found.thetas
    (0.5, array([0.5]))
    """
    table = _joint(joint)
    if table.shape[0] != 2:
        raise ValueError(f"joint must be of 0/1 variables, with shape (2, ..., 2): {table.shape}")
    if not is_exchangeable(joint):
        raise ValueError(
            "joint must be exchangeable; this table changes when variables are swapped"
        )
    k = table.ndim
    ones = np.indices(table.shape).sum(axis=0)
    counts = np.bincount(ones.ravel(), weights=table.ravel(), minlength=k + 1)
    return _nearest(counts.astype(np.float64))


def _nearest(counts: Floats) -> NearestMixture:
    from scipy.optimize import linprog, minimize_scalar

    k = len(counts) - 1
    thetas = np.linspace(0, 1, 8 * k + 1)
    s = np.arange(k + 1.0)[:, np.newaxis]
    n = np.array(float(k))
    fine = np.linspace(0, 1, 4001)
    for _ in range(100):
        columns = np.exp(log_binomial(s, n, thetas))
        eye = np.eye(k + 1)
        equal = np.block([[columns, eye, -eye], [np.ones(len(thetas)), np.zeros(2 * k + 2)]])
        cost = np.concatenate([np.zeros(len(thetas)), np.full(2 * k + 2, 0.5)])
        found = linprog(cost, A_eq=equal, b_eq=np.append(counts, 1.0), options=PRECISE)
        prices = found.eqlin.marginals

        def excess(theta: Any, prices: Floats = prices) -> Any:
            return prices[:-1] @ np.exp(log_binomial(s, n, theta)) + prices[-1]

        best = fine[excess(fine).argmax()]
        beside = max(best - fine[1], 0.0), min(best + fine[1], 1.0)
        top = minimize_scalar(
            lambda t: -excess(np.array([t]))[0],
            bounds=beside, method="bounded", options={"xatol": 1e-12},
        )  # fmt: skip
        if max(-top.fun, excess(fine).max()) <= CERTIFIED / 2:
            break
        right = np.searchsorted(thetas, top.x)
        between = np.linspace(thetas[right - 1], thetas[right], 11)
        thetas = np.union1d(thetas, [best, top.x, *between])
    else:  # pragma: no cover
        raise RuntimeError("the nearest mixture was not found")
    weights = found.x[: len(thetas)]
    used = weights > CERTIFIED
    return NearestMixture(
        max(float(found.fun), 0.0), thetas[used], weights[used] / weights[used].sum()
    )


def diaconis_freedman_bound(k: int, n: int, n_values: int | None = 2) -> float:
    r"""Bound on the distance of the first k of n exchangeable variables from mixtures of i.i.d.

    .. math:: \min \Bigl( \frac{c k}{n}, \; \frac{k (k - 1)}{2 n}, \; 1 \Bigr)

    Parameters
    ----------
    k : int from 1 to n
        Variables looked at.
    n : int >= 1
        Length of the exchangeable sequence.
    n_values : int >= 2, or None
        c: how many values a variable can take; None if infinitely many.

    Returns
    -------
    float
        For total variation between 0 and 1.

    Raises
    ------
    ValueError
        If `k` is larger than `n`, or a number is out of its range.

    Notes
    -----
    Diaconis and Freedman (1980), theorems 3 and 13 and the abstract: 2ck/n and k(k - 1)/n, for a
    variation distance that is twice ours.

    Examples
    --------
    >>> diaconis_freedman_bound(k=2, n=10), diaconis_freedman_bound(k=10, n=1000)
    (0.1, 0.02)
    """
    n, k = _check.count(n, "n", at_most=None), _check.count(k, "k", at_most=None)
    if k > n:
        raise ValueError(f"k must be at most n = {n}, not {k}")
    bounds = [Fraction(1), Fraction(k * (k - 1), 2 * n)]
    if n_values is not None:
        c = _check.count(n_values, "n_values", at_least=2, at_most=None)
        bounds.append(Fraction(c * k, n))
    return float(min(bounds))


def mixing_distribution_from_moments(moments: Sequence[Any]) -> tuple[Floats, Floats]:
    r"""Recover the mixing distribution from the probabilities of runs of ones.

    .. math:: m_j = P(x_1 = \cdots = x_j = 1) = \mathrm{E}[\theta^j], \qquad
        P(S_n = s) = \binom{n}{s} \sum_{i=0}^{n-s} (-1)^i \binom{n-s}{i} m_{s+i}

    The law of :math:`S_n / n` on its n + 1 points converges to the mixing distribution as n grows
    (Hausdorff's moment problem). The sum alternates, so it is done in exact fractions.

    Parameters
    ----------
    moments : sequence of n + 1 numbers, the first of them 1
        :math:`m_0, \ldots, m_n`; best as ``fractions.Fraction``. A float is taken for the binary
        fraction that it is, and its rounding limits n to about 30; integers of every kind are
        exact.

    Returns
    -------
    thetas, weights : ndarrays of shape (n + 1,)
        The points s / n and their probabilities.

    Raises
    ------
    ValueError
        If there are fewer than two moments, the first is not 1, or a probability comes out
        negative: then no infinite exchangeable sequence has these moments.

    Notes
    -----
    Feller (1971), *An Introduction to Probability Theory and Its Applications*, vol. 2, section
    VII.3.

    Examples
    --------
    >>> mixing_distribution_from_moments([1, Fraction(1, 2), Fraction(1, 3)])
    (array([0. , 0.5, 1. ]), array([0.33333333, 0.33333333, 0.33333333]))
    """
    row = _fractions(moments, "moments")
    n = len(row) - 1
    if n < 1:
        raise ValueError("moments must have at least two entries, m_0 = 1 and m_1")
    if row[0] != 1:
        raise ValueError(f"moments must begin with m_0 = 1, not {row[0]}")
    probabilities = [Fraction(0)] * (n + 1)
    for order in range(n + 1):  # the last difference of this order is that of s = n - order
        probabilities[n - order] = comb(n, order, exact=True) * row[-1]
        row = [a - b for a, b in itertools.pairwise(row)]
    if min(probabilities) < -ROUNDED:
        s = probabilities.index(min(probabilities))
        raise ValueError(
            f"moments belong to no infinite exchangeable sequence: P(S_{n} = {s}) would be "
            f"{float(probabilities[s]):.3g} (or they are rounded too much for n = {n})"
        )
    return np.arange(n + 1) / n, np.array([max(float(p), 0.0) for p in probabilities])


def _fractions(values: Any, name: str) -> list[Fraction]:
    """Return exact fractions: of whatever is a number, the number that it is."""
    try:
        values = list(values)
        _check.finite(values, name)
        items = [v.item() if isinstance(v, (np.generic, np.ndarray)) else v for v in values]
        return [Fraction(*v.as_integer_ratio()) for v in items]
    except (TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{name} must be numbers: {error}") from None


def _joint(joint: ArrayLike) -> Floats:
    table = _check.probabilities(joint, "joint")
    if len(set(table.shape)) != 1:
        raise ValueError(
            f"joint must have one axis for each variable, all of one length, not {table.shape}"
        )
    if table.ndim > 20:
        raise ValueError(f"joint must have at most 20 axes, not {table.ndim}")
    return table


def _binary(x: ArrayLike) -> Integers:
    array = _check.numbers(x, "x")
    if array.ndim not in (1, 2):
        raise ValueError(f"x must have shape (n,) or (N, n), not {array.shape}")
    if not np.isin(array, (0, 1)).all():
        raise ValueError("x must hold zeros and ones only")
    return array.astype(np.int64)


def _log_terms(x: ArrayLike, thetas: ArrayLike, weights: ArrayLike) -> tuple[Floats, Floats]:
    """Log-probabilities of the sequences and each coin, shape (..., M), and the coins."""
    x = _binary(x)
    thetas, weights = _check.finite(thetas, "thetas"), _check.simplex(weights, "weights")
    _check.shape(thetas, "thetas", weights.shape)
    if thetas.min() < 0 or thetas.max() > 1:
        raise ValueError(f"thetas must lie in [0, 1], not {thetas.min()} to {thetas.max()}")
    ones, n = x.sum(axis=-1)[..., np.newaxis], x.shape[-1]
    with np.errstate(divide="ignore", under="ignore"):
        return xlogy(ones, thetas) + xlog1py(n - ones, -thetas) + np.log(weights), thetas


def _urn(
    white: float, black: float, reinforcement: float, n_draws: int
) -> tuple[float, float, float]:
    """Return the numbers of an urn that can give so many balls."""
    balls = (_check.not_negative_scalar(white, "white"), _check.not_negative_scalar(black, "black"))
    if sum(balls) == 0:
        raise ValueError("white and black are both zero: the urn is empty")
    added = _check.scalar(reinforcement, "reinforcement")
    if added < 0 and not (added == -1 and all(number.is_integer() for number in balls)):
        raise ValueError(
            "reinforcement must be >= 0, or -1 (without replacement) with whole numbers of balls, "
            f"not {reinforcement!r} with {white!r} and {black!r}"
        )
    if added == -1 and n_draws > sum(balls):
        raise ValueError(f"the urn holds {sum(balls):g} balls and cannot give {n_draws}")
    if not math.isfinite(sum(balls) + added * n_draws):
        raise ValueError("white, black and reinforcement are too large: the urn would overflow")
    return *balls, added
