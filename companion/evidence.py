r"""The log evidence of data as a function of the hyperparameters of a population.

.. math:: \log p(y \mid \eta) = \sum_j \log \int p(y_j \mid \theta) \, p(\theta \mid \eta)
    \, d\theta

with its exact first and second derivatives, summed over the units in blocks that fit the cache.
Units with small counts share their logarithms (``companion._rising.RisingSum``); of the others each
is found by itself, in a form in which large numbers do not cancel.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from companion import _check, _rising
from companion._check import Floats

LOG_2PI = float(np.log(2 * np.pi))
TINY = 1e-300  # so that counts may still be divided by it
BLOCK = 1 << 13  # entries of a temporary array (points x units): small enough for the cache


Columns = tuple[Floats, Floats, Floats]


class Evidence(ABC):
    """The log evidence of data as a function of the hyperparameters' coordinates.

    Attributes
    ----------
    units : three ndarrays
        The data, and how many units have them.
    """

    units: Columns

    @abstractmethod
    def __init__(self, y: Floats, size: Floats) -> None: ...

    @abstractmethod
    def value(self, vectors: ArrayLike) -> Floats:
        """Log evidence at many points.

        Parameters
        ----------
        vectors : array of shape (..., 2)
            Hyperparameters in the coordinates of ``to_vector``.

        Returns
        -------
        ndarray of shape (...)
            In nats.

        Raises
        ------
        ValueError
            If a coordinate is NaN, or `vectors` has another shape.

        Examples
        --------
        >>> from companion.hierarchical import BetaBinomial
        >>> evidence = BetaBinomial.evidence([1], [2])
        >>> np.exp(evidence.value(np.array([[0.0, np.log(2)]]))).round(6)
        array([0.333333])
        """

    def on_grid(self, first: Floats, second: Floats) -> Floats:
        """Log evidence at all pairs of two coordinates: what one of them decides is found once.

        Parameters
        ----------
        first, second : arrays of shapes (A,) and (B,)
            Values of the two coordinates of ``to_vector``.

        Returns
        -------
        ndarray of shape (A, B)
            In nats.

        Examples
        --------
        >>> from companion.hierarchical import BetaBinomial
        >>> evidence = BetaBinomial.evidence([1], [2])
        >>> np.exp(evidence.on_grid(np.array([0.0]), np.log([2.0, 4.0]))).round(6)
        array([[0.333333, 0.4     ]])
        """
        return self.value(np.stack(np.meshgrid(first, second, indexing="ij"), axis=-1))

    @abstractmethod
    def expand(self, vector: ArrayLike) -> tuple[float, Floats, Floats]:
        """Log evidence at one point, its gradient, and its matrix of second derivatives.

        Parameters
        ----------
        vector : array of shape (2,)
            Hyperparameters in the coordinates of ``to_vector``.

        Returns
        -------
        value : float
        gradient : ndarray of shape (2,)
        hessian : ndarray of shape (2, 2)

        Examples
        --------
        >>> from companion.hierarchical import BetaBinomial
        >>> value, _, _ = BetaBinomial.evidence([1], [2]).expand(np.array([0.0, np.log(2)]))
        >>> round(float(np.exp(value)), 6)
        0.333333
        """

    def derivatives(self, vector: ArrayLike) -> tuple[Floats, Floats]:
        """Gradient and matrix of second derivatives at one point.

        Parameters
        ----------
        vector : array of shape (2,)
            Hyperparameters in the coordinates of ``to_vector``.

        Returns
        -------
        gradient : ndarray of shape (2,)
        hessian : ndarray of shape (2, 2)

        Examples
        --------
        >>> from companion.hierarchical import BetaBinomial
        >>> gradient, _ = BetaBinomial.evidence([1], [2]).derivatives(np.array([0.0, 3.0]))
        >>> abs(float(gradient[0])) < 1e-15  # half of the trials are successes
        True
        """
        return self.expand(vector)[1:]


def blocks(*data: Floats) -> Iterator[tuple[Floats, ...]]:
    """Cut units into pieces that fit the processor's cache.

    Parameters
    ----------
    *data : arrays of shape (J,)
        One entry for every unit.

    Yields
    ------
    tuple of arrays
        The same units of all of them.

    Returns
    -------
    iterator

    Examples
    --------
    >>> [len(y) for y, n in blocks(np.zeros(10_000), np.ones(10_000))]
    [8192, 1808]
    """
    for begin in range(0, len(data[0]), BLOCK):
        yield tuple(array[begin : begin + BLOCK] for array in data)


def _points(vectors: ArrayLike) -> Floats:
    """Return points of the plane of coordinates; infinite ones are allowed."""
    points = _check.numbers(vectors, "vectors")
    if points.shape[-1:] != (2,) or np.isnan(points).any():
        raise ValueError(
            f"vectors must have shape (..., 2) and no NaN; their shape is {points.shape}"
        )
    return points


def _point(vector: ArrayLike) -> Floats:
    point = _check.finite(vector, "vector")
    _check.shape(point, "vector", (2,))
    return point


def _sum_over_units(terms: Callable[..., Floats], vectors: Floats, *data: Floats) -> Floats:
    """Sum terms(points, *units) over the units at points (..., 2), in pieces that fit the cache."""
    flat = vectors.reshape(-1, 2)
    total = np.zeros(len(flat))
    rows = max(1, BLOCK // max(1, len(data[0])))
    for units in blocks(*data):
        for row in range(0, len(flat), rows):
            total[row : row + rows] += terms(flat[row : row + rows], *units)
    return total.reshape(vectors.shape[:-1])


def _few(n_units: int) -> int:
    """Up to which count units share their logarithms: it pays where they are many."""
    return min(max(256, n_units), 1024)  # beyond a thousand, large terms would cancel


class BetaBinomialEvidence(Evidence):
    r"""The log evidence of chances. Units with few trials: one pooled rate, and what it leaves out.

    With :math:`p = \alpha / (\alpha + \beta)`, r the pooled rate and S the sums of ``RisingSum``,
    these N trials have

    .. math::

        \sum_j \log \mathrm{Binomial}(y_j \mid n_j, r) - N \, \mathrm{KL}(r \parallel p)
        + S_y(\alpha) + S_{n - y}(\beta) - S_n(\alpha + \beta)
    """

    def __init__(self, y: Floats, size: Floats) -> None:
        few = size <= _few(len(y))
        long = None if few.all() else _counted(y[~few], size[~few])
        y, n, times = _distinct(y, size) if long is None else _distinct(y[few], size[few])
        self.units = (y, n, times) if long is None else _joined((y, n, times), long)
        self.long = None if long is None else (*long, _rising.log_binomial_rest(*long[:2]))
        self.successes, self.trials = float(times @ y), float(times @ n)
        self.rate = self.successes / self.trials if self.trials else 0.5
        self.pooled = times @ _rising.log_binomial(y, n, np.array(self.rate))
        counts = y.astype(int), (n - y).astype(int), n.astype(int)
        self.hits, self.misses, self.all = (_rising.RisingSum(c, times) for c in counts)

    @np.errstate(under="ignore")
    def value(self, vectors: ArrayLike) -> Floats:  # noqa: D102
        points = _points(vectors)
        return self._value(points[..., 0], points[..., 1])

    @np.errstate(under="ignore")
    def on_grid(self, first: Floats, second: Floats) -> Floats:  # noqa: D102
        return self._value(first[:, None], second)

    def _value(self, log_odds: Floats, log_size: Floats) -> Floats:
        """Log evidence at coordinates that broadcast against each other."""
        p, q, r = special.expit(log_odds), special.expit(-log_odds), self.rate
        size = np.exp(log_size)
        # Far out one of them underflows. Nothing that matters is there, but zero divides nothing.
        alpha, beta = np.maximum(p * size, TINY), np.maximum(q * size, TINY)
        cost = special.rel_entr(r, p) + special.rel_entr(1 - r, q)
        cost = self.trials * cost if self.trials else np.zeros_like(alpha)
        spread = self.hits.value(alpha) + self.misses.value(beta) - self.all.value(size)
        total = np.asarray(self.pooled - cost + spread)
        if self.long is None:
            return total
        pairs = np.stack(np.broadcast_arrays(alpha, beta), axis=-1)
        return total + _sum_over_units(_long_beta_binomial, pairs, *self.long)

    @np.errstate(under="ignore")
    def expand(self, vector: ArrayLike) -> tuple[float, Floats, Floats]:  # noqa: D102
        vector = _point(vector)
        p, q, size = special.expit(vector[0]), special.expit(-vector[0]), np.exp(vector[1])
        hit, hit2 = self.hits.derivatives(max(p * size, TINY))
        miss, miss2 = self.misses.derivatives(max(q * size, TINY))
        all1, all2 = self.all.derivatives(size)
        by_mean = self.successes - self.trials * p + q * hit - p * miss
        mean2 = q**2 * hit2 + p**2 * miss2 - p * q * (self.trials + hit + miss)
        mixed = q * hit2 - p * miss2
        gradient = np.array([by_mean, hit + miss - all1])
        hessian = np.array([[mean2, mixed], [mixed, hit2 + miss2 - all2]])
        if self.long is not None:
            for units in blocks(*self.long):
                more, most = _long_beta_binomial_derivatives(p, q, size, *units[:3])
                gradient, hessian = gradient + more, hessian + most
        return float(self.value(vector)), gradient, hessian


def _joined(short: Columns, long: Columns) -> Columns:
    return (
        np.concatenate([short[0], long[0]]),
        np.concatenate([short[1], long[1]]),
        np.concatenate([short[2], long[2]]),
    )


def _long_beta_binomial(
    points: Floats, y: Floats, n: Floats, times: Floats, rest: Floats
) -> Floats:
    """Log evidence of units with many trials at pairs of alpha and beta (M, 2)."""
    alpha, beta = points[:, :1], points[:, 1:]
    return np.asarray(_rising.log_beta_binomial(y, n, alpha, beta, rest) @ times)


def _long_beta_binomial_derivatives(
    p: float, q: float, size: float, y: Floats, n: Floats, times: Floats
) -> tuple[Floats, Floats]:
    """Gradient and second derivatives of the same by log(alpha / beta) and log(alpha + beta).

    The expected cells alpha + gap and beta - gap of :func:`log_beta_binomial` stand for ratios of
    gamma functions, and only the rests of digamma and trigamma functions remain.
    """
    alpha, beta = (np.array(max(share * size, TINY)) for share in (p, q))
    z = n - y
    whole, ones, zeros = size + n, alpha + y, beta + z
    gap = y * (beta / whole) - z * (alpha / whole)
    rest1, rest2 = _rising.digamma_rest, _rising.trigamma_rest
    common = rest1(np.array(size)) - rest1(whole)
    hit = _log_of_ratio(size * (ones / whole), alpha, gap)
    miss = _log_of_ratio(size * (zeros / whole), beta, -gap)
    spread1 = rest1(ones) - rest1(alpha)
    spread0 = rest1(zeros) - rest1(beta)
    by_mean = alpha * q * (hit - miss + spread1 - spread0)
    # hit + miss, weighted, are minus the deviances of alpha and beta: no cancellation
    cost = _rising.deviance(alpha, size * (ones / whole), gap)
    cost = cost + _rising.deviance(beta, size * (zeros / whole), -gap)
    by_size = alpha * (spread1 + common) + beta * (spread0 + common) - cost
    share1, share0 = alpha / ones, beta / zeros
    bend1 = share1**2 * rest2(ones) - rest2(alpha)
    bend0 = share0**2 * rest2(zeros) - rest2(beta)
    hit2, miss2 = bend1 - share1 * y, bend0 - share0 * z
    mean2 = (q - p) * by_mean + q**2 * hit2 + p**2 * miss2
    mixed = by_mean + q * hit2 - p * miss2
    both = bend1 + bend0 - (size / whole) ** 2 * rest2(whole) + rest2(np.array(size))
    size2 = by_size + both + gap / ones * (gap / zeros) * whole
    first = np.array([by_mean @ times, by_size @ times])
    second = [[mean2 @ times, mixed @ times], [mixed @ times, size2 @ times]]
    return first, np.array(second)


def _log_of_ratio(new: Floats, old: Floats, gap: Floats) -> Floats:
    """log(new / old), where gap = new - old is known better than by subtraction."""
    with np.errstate(divide="ignore", over="ignore"):
        near = np.abs(gap) < 0.5 * old
        return np.where(near, np.log1p(np.where(near, gap / old, 0.0)), np.log(new) - np.log(old))


def _distinct(y: Floats, n: Floats) -> Columns:
    """Pairs that occur, and how often: where there are more units than possible pairs, a few."""
    width = n.max(initial=0.0) + 1
    if width**2 > len(n):
        return y, n, np.ones(len(n))
    keys = np.empty(len(n), dtype=int)  # one array: new memory costs more than the arithmetic
    np.multiply(n, width, out=keys, casting="unsafe")
    np.add(keys, y, out=keys, casting="unsafe")
    found, times = _rising.tally(keys)
    n, y = np.divmod(found.astype(float), width)
    return y, n, times


def _counted(y: Floats, n: Floats) -> Columns:
    """Pairs that occur, and how often, for counts of any size."""
    order = np.lexsort((y, n))
    y, n = y[order], n[order]
    new = np.flatnonzero(np.append(True, (np.diff(y) != 0) | (np.diff(n) != 0)))
    return y[new], n[new], np.diff(np.append(new, len(y))).astype(float)


class GammaPoissonEvidence(Evidence):
    r"""The log evidence of rates. Units with few events share the logarithms of their factors.

    With mean m, shape r and :math:`t_j = e_j m / r`, such a unit has

    .. math:: S_{y_j}(r) + y_j \log(e_j m) - \log y_j! - (r + y_j) \log(1 + t_j)
    """

    def __init__(self, y: Floats, size: Floats) -> None:
        self.units = y, size, np.ones(len(y))
        few = y <= _few(len(y))
        self.short, self.long = (y, size), None
        if not few.all():
            self.short, self.long = (y[few], size[few]), (y[~few], size[~few])
        y, exposure = self.short
        self.events = float(y.sum())
        counts, times = _rising.tally(y.astype(int))
        self.counts = _rising.RisingSum(counts, times)
        self.constant = sum(special.xlogy(a, e).sum() for a, e in blocks(y, exposure))
        self.constant -= times @ special.gammaln(counts + 1.0)

    @np.errstate(under="ignore")
    def value(self, vectors: ArrayLike) -> Floats:  # noqa: D102
        vectors = _points(vectors)
        mean, shape = vectors[..., 0], np.exp(vectors[..., 1])
        total = self.constant + self.events * mean + self.counts.value(shape)
        total = total + _sum_over_units(_short_gamma_poisson, vectors, *self.short)
        if self.long is not None:
            total = total + _sum_over_units(_long_gamma_poisson, vectors, *self.long)
        return np.asarray(total)

    @np.errstate(under="ignore")
    def expand(self, vector: ArrayLike) -> tuple[float, Floats, Floats]:  # noqa: D102
        vector = _point(vector)
        mean, shape = np.exp(vector)
        sums = np.zeros(8)
        for y, exposure in blocks(*self.short):
            t = exposure * (mean / shape)
            away = 1 / (1 + t)
            w = t * away
            square = w * w
            log = np.log1p(t)
            # log(1 + t) - w, of which only t^2 / 2 is left where every t is small
            rest = log - w if t.max() > 1 / 16 else _rising.log1p_minus(t) + t * w
            sums += (
                log.sum(), y @ log, rest.sum(), y @ away, w.sum(), w @ w, y @ w, y @ square,
            )  # fmt: skip
        logs, y_log, rests, y_away, w1, w2, yw1, yw2 = sums
        first, second = self.counts.derivatives(shape)
        value = self.constant + self.events * vector[0] + float(self.counts.value(shape))
        value = value - shape * logs - y_log
        gradient = np.array([y_away - shape * w1, first + yw1 - shape * rests])
        mixed = yw1 - yw2 - shape * w2
        shape2 = second - (yw1 - yw2) - shape * rests + shape * w2
        mean2 = -(yw1 - yw2 + shape * (w1 - w2))
        hessian = np.array([[mean2, mixed], [mixed, shape2]])
        if self.long is not None:
            for units in blocks(*self.long):
                more, most = _long_gamma_poisson_derivatives(mean, shape, *units)
                gradient, hessian = gradient + more, hessian + most
                value += float(_long_gamma_poisson(vector[None], *units)[0])
        return float(value), gradient, hessian


def _short_gamma_poisson(points: Floats, y: Floats, exposure: Floats) -> Floats:
    """Sum -(r + y) log(1 + t) at pairs of log m and log r (M, 2)."""
    log_t = points[:, 0] - points[:, 1]
    if log_t.max() < 300:  # t may overflow: exposures are below 1e150, or nothing is lost
        logs = np.log1p(exposure * np.exp(log_t)[:, None])
    else:
        with np.errstate(divide="ignore", under="ignore"):
            logs = np.logaddexp(0.0, np.log(exposure) + log_t[:, None])
    return np.asarray(-(np.exp(points[:, 1]) * logs.sum(axis=1) + logs @ y))


def _long_gamma_poisson(points: Floats, y: Floats, exposure: Floats) -> Floats:
    """Log evidence of units with many events at pairs of log m and log r (M, 2)."""
    log_mean, shape = points[:, 0], np.exp(points[:, 1:])
    near = np.minimum(log_mean, 500.0)  # further out the mean overflows: p(y) falls like m^(-r)
    expected = exposure * np.exp(near)[:, None]
    total = _rising.log_negative_binomial(y, expected, shape).sum(axis=1)
    return np.asarray(total - len(y) * shape[:, 0] * (log_mean - near))


def _long_gamma_poisson_derivatives(
    mean: float, shape: float, y: Floats, exposure: Floats
) -> tuple[Floats, Floats]:
    """Gradient and second derivatives of the same by log m and log r."""
    expected = exposure * mean
    whole = shape + expected
    off = (y - expected) / whole
    share = shape / (shape + y)
    r = np.array(shape)
    rest1, rest2 = _rising.digamma_rest, _rising.trigamma_rest
    cost = _rising.deviance(r, shape * ((shape + y) / whole), shape * off)
    by_shape = shape * (rest1(shape + y) - rest1(r)) - cost
    mean2 = -(shape + y) / whole * (shape / whole) * expected
    mixed = shape * off * (expected / whole)
    shape2 = by_shape + (shape * off) ** 2 / (shape + y)
    shape2 = shape2 + share**2 * rest2(shape + y) - rest2(r)
    first = np.array([shape * off.sum(), by_shape.sum()])
    return first, np.array([[mean2.sum(), mixed.sum()], [mixed.sum(), shape2.sum()]])


class NormalNormalEvidence(Evidence):
    """Sum of log N(y_j | mean, sd^2 + s_j^2)."""

    def __init__(self, y: Floats, size: Floats) -> None:
        self.units = y, size, np.ones(len(y))
        self.y, self.noise = y, size**2

    @np.errstate(under="ignore")
    def value(self, vectors: ArrayLike) -> Floats:  # noqa: D102
        def terms(points: Floats, y: Floats, noise: Floats) -> Floats:
            with np.errstate(over="ignore"):  # an infinite variance has no evidence
                variance = noise + np.exp(2 * points[:, 1])[:, None]
                squares = ((y - points[:, :1]) / np.sqrt(variance)) ** 2
            return np.asarray(-(LOG_2PI + np.log(variance) + squares).sum(axis=1) / 2)

        return _sum_over_units(terms, _points(vectors), self.y, self.noise)

    @np.errstate(under="ignore")
    def expand(self, vector: ArrayLike) -> tuple[float, Floats, Floats]:  # noqa: D102
        vector = _point(vector)
        between = np.exp(2 * vector[1])
        sums = np.zeros(6)
        for y, noise in blocks(self.y, self.noise):
            precision = 1 / (noise + between)
            pull = (y - vector[0]) * precision
            squares = pull**2
            sums += (
                precision.sum(), precision @ precision, pull.sum(), pull @ precision,
                squares.sum(), squares @ precision,
            )  # fmt: skip
        precision1, precision2, pull1, pull_precision, squares1, squares_precision = sums
        by_sd = between * (squares1 - precision1)
        sd2 = 2 * by_sd + 2 * between * (between * (precision2 - 2 * squares_precision))
        mixed = -2 * between * pull_precision
        hessian = np.array([[-precision1, mixed], [mixed, sd2]])
        return float(self.value(vector)), np.array([pull1, by_sd]), hessian
