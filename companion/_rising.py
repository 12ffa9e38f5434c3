r"""Gamma functions of large arguments, in forms that lose no digits where counts are large.

A difference ``gammaln(a + m) - gammaln(a)`` loses what it is asked for when a or m is large: at 1e9
each term is 2e10, and their rounding errors are 4e-6. Everything here is a sum of small terms. The
two halves of Stirling's formula go separate ways: what is left of it is a *rest* of the size of a
logarithm, and the large parts x log x of all the gamma functions in one probability add up to
*deviances* x log(x / m) - x + m >= 0, each found from the gap m - x without a cancellation (Loader
2000, *Fast and accurate computation of binomial probabilities*). Of a beta-binomial they are those
of the table with the cells y, n - y, alpha, beta against independence of its rows and columns.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from companion._check import Floats, Integers

BLOCK = 1 << 13  # entries of a temporary array: small enough for the processor's cache
SERIES = 16.0  # from here on the series below are exact to the last digit


def log1p_minus(t: Floats) -> Floats:
    r"""Logarithm of 1 + t, minus t: near zero -t^2/2, not a difference of two t.

    With s = t / (2 + t), log(1 + t) is 2 s + 2 s^3/3 + 2 s^5/5 + ..., and 2 s - t is -s t.
    """
    found = np.asarray(np.log1p(t) - t)
    near = np.abs(t) < 1 / 16  # elsewhere the difference loses five bits at most
    if near.any():
        small = t[near]
        s = small / (2 + small)
        square = s * s
        tail = np.full_like(s, 1 / 13)
        for odd in (11, 9, 7, 5, 3):
            tail *= square
            tail += 1 / odd
        found[near] = s * (2 * square * tail - small)
    return found


def log_ratio(k: Floats, a: Floats) -> Floats:
    """Logarithm of 1 + k / a, for k >= 0 and a > 0, also where k / a overflows."""
    with np.errstate(over="ignore", divide="ignore"):
        ratio = np.asarray(k / a)
        return np.where(np.isinf(ratio), np.log(k) - np.log(a), np.log1p(ratio))


def deviance(x: Floats, mean: Floats, gap: Floats) -> Floats:
    """X log(x / mean) - x + mean, where gap = mean - x is known better than by subtraction."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        t = np.asarray(gap / x)
        near = np.abs(t) < 0.5
        close = -x * log1p_minus(np.where(near, t, 0.0))
        ratio = np.asarray(x / mean)
        # x / mean leaves the range of numbers sooner than its logarithm does
        log = np.where((ratio > 0) & (ratio < np.inf), np.log(ratio), np.log(x) - np.log(mean))
        far = np.where(x > 0, x * log, 0.0) + gap
    return np.where(near, close, far)


# ----------------------------------------------------------- what Stirling's formula leaves


def log_factorial_rest(y: Floats) -> Floats:
    r"""Logarithm of y! minus (y log y - y): half a log of 2 pi y, nearly."""
    large = np.maximum(y, SERIES)
    with np.errstate(under="ignore", over="ignore"):
        w = 1 / (large * large)
        series = (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w / 1188)))) / large
    stirling = 0.5 * np.log(2 * np.pi * large) + series
    small = np.minimum(y, SERIES)
    direct = special.gammaln(small + 1) - special.xlogy(small, small) + small
    return np.asarray(np.where(y < SERIES, direct, stirling))


def digamma_rest(x: Floats) -> Floats:
    """Digamma function of x > 0 minus log x."""
    large = np.maximum(x, SERIES)
    with np.errstate(under="ignore", over="ignore"):
        w = 1 / (large * large)
        tail = w * (1 / 12 - w * (1 / 120 - w * (1 / 252 - w * (1 / 240 - w / 132))))
    small = np.minimum(x, SERIES)
    direct = special.digamma(small) - np.log(small)
    return np.asarray(np.where(x < SERIES, direct, -0.5 / large - tail))


def trigamma_rest(x: Floats) -> Floats:
    """x^2 times the trigamma function of x > 0, minus x: one half, where x is large."""
    large = np.maximum(x, SERIES)
    with np.errstate(under="ignore", over="ignore"):
        w = 1 / (large * large)
        series = 0.5 + (1 / 6 - w * (1 / 30 - w * (1 / 42 - w * (1 / 30 - w * 5 / 66)))) / large
    found = np.array(np.broadcast_to(series, np.shape(x)))
    few = np.asarray(x < SERIES)
    if few.any():
        small = np.asarray(x)[few]
        # x^2 psi'(x) = x^2 psi'(x + 1) + 1: psi' itself overflows near zero
        with np.errstate(under="ignore"):
            found[few] = small**2 * special.polygamma(1, small + 1) + (1 - small)
    return found


def _rise(a: Floats, k: Floats) -> Floats:
    """Return what a (a + 1) ... (a + k - 1) adds to the deviances, in logs."""
    return np.asarray(log_factorial_rest(a + k) - log_factorial_rest(a) - log_ratio(k, a))


# -------------------------------------------------------------------------- probabilities


def log_binomial_rest(y: Floats, n: Floats) -> Floats:
    """Return what the logarithm of the binomial coefficient adds to the deviances."""
    return np.asarray(log_factorial_rest(n) - log_factorial_rest(y) - log_factorial_rest(n - y))


def log_binomial(y: Floats, n: Floats, p: Floats) -> Floats:
    r"""Log pmf of a binomial: three rests of factorials, and n times a KL divergence."""
    z, q = n - y, 1 - p
    gap = z * p - y * q  # n p - y, which near p = 1 would be rounding error
    cost = deviance(y, n * p, gap) + deviance(z, n * q, -gap)
    return np.asarray(log_binomial_rest(y, n) - cost)


def log_poisson(y: Floats, mean: Floats) -> Floats:
    r"""Log pmf of a Poisson distribution."""
    return np.asarray(-deviance(y, mean, mean - y) - log_factorial_rest(y))


def log_beta_binomial(
    y: Floats, n: Floats, alpha: Floats, beta: Floats, rest: Floats | None = None
) -> Floats:
    r"""Log pmf of a beta-binomial; `rest` is that of the binomial coefficient, if it is known."""
    z, size = n - y, alpha + beta
    whole = size + n
    gap = y * (beta / whole) - z * (alpha / whole)
    ones, zeros = (alpha + y) / whole, (beta + z) / whole
    cost = deviance(y, n * ones, -gap) + deviance(z, n * zeros, gap)
    cost = cost + deviance(alpha, size * ones, gap) + deviance(beta, size * zeros, -gap)
    spread = _rise(alpha, y) + _rise(beta, z) - _rise(size, n)
    return np.asarray((log_binomial_rest(y, n) if rest is None else rest) + spread - cost)


def log_negative_binomial(y: Floats, mean: Floats, shape: Floats) -> Floats:
    r"""Log pmf of a Poisson count whose rate comes from a Gamma with this shape."""
    whole = shape + mean
    gap = (y - mean) * (shape / whole)
    share = (shape + y) / whole
    cost = deviance(y, mean * share, -gap) + deviance(shape, shape * share, gap)
    return np.asarray(_rise(shape, y) - log_factorial_rest(y) - cost)


# -------------------------------------------------------------- laws with given mean logarithms


def beta_mean_logs(alpha: Floats, beta: Floats) -> tuple[Floats, Floats]:
    """E[log theta] and E[log(1 - theta)] of Beta distributions, also where one of them is tiny."""
    size = alpha + beta
    common = digamma_rest(size)
    return (
        _log_share(alpha, beta, size) + digamma_rest(alpha) - common,
        _log_share(beta, alpha, size) + digamma_rest(beta) - common,
    )


def _log_share(part: Floats, other: Floats, size: Floats) -> Floats:
    """Logarithm of part / size, where other = size - part may be tiny."""
    less = np.minimum(other / size, 0.5)
    return np.asarray(np.where(part > other, np.log1p(-less), np.log(part) - np.log(size)))


def beta_of_mean_logs(means: Floats, start: Floats) -> Floats:
    """Parameters of the Beta distribution with these E[log theta] and E[log(1 - theta)].

    Newton's method in log(alpha / beta) and log(alpha + beta), in which x psi'(x) - 1 is all that
    is left of trigamma functions.
    """
    x, last = start, np.inf
    for _ in range(100):
        gap = means - beta_mean_logs(x, x[::-1])[0]
        size, share = x.sum(), x / x.sum()
        bend, common = trigamma_rest(x) / x, trigamma_rest(np.asarray(size)) / size
        other = share[::-1]
        # The difference of the two equations, and their average weighted with the shares.
        jacobian = np.array(
            [
                [other @ (1 + bend), bend[0] - bend[1]],
                [share[0] * share[1] * (bend[0] - bend[1]), share @ bend - common],
            ]
        )
        target = np.array([gap[0] - gap[1], share @ gap])
        scale = np.abs(np.diag(jacobian))
        u, v = np.linalg.solve(jacobian / scale[:, np.newaxis], target / scale)
        length = float(max(abs(u), abs(v)))
        if length <= 1e-6 and length >= last:  # rounding error decides from here on
            break
        step = np.array([other[0] * u, -other[1] * u]) + v
        x = x * np.exp(np.clip(step, -2.0, 2.0))
        if length <= 1e-12:
            break
        last = length
    return x


def gamma_of_gap(gap: float) -> float:
    """Shape of the Gamma distribution with log E[theta] - E[log theta] = gap > 0."""
    shape = (3 - gap + np.sqrt((3 - gap) ** 2 + 24 * gap)) / (12 * gap)
    for _ in range(100):  # Newton's method in 1 / shape (Minka 2002)
        value = -digamma_rest(shape) - gap
        after = 1 / (1 / shape - value / trigamma_rest(shape))
        done = abs(after - shape) <= 1e-13 * shape
        shape = after
        if done:
            break
    return float(shape)


# --------------------------------------------------------------------- many small counts


def tally(values: Integers) -> tuple[Integers, Floats]:
    """Return the values that occur, and how often; large values are left as they are."""
    if values.size == 0 or values.max() >= len(values):
        return values, np.ones(len(values))
    times = np.bincount(values)
    found = np.flatnonzero(times)
    return found, times[found].astype(float)


class RisingSum:
    r"""The function of a that a beta or gamma integral leaves of many small counts m_j.

    .. math:: S(a) = \sum_j \sum_{i < m_j} \log(1 + i/a)
        = \sum_i \#\{j : m_j > i\} \log(1 + i/a)

    The second form needs as many logarithms as the largest count, however many units there are.
    Counts that are given once but occur more often come with their `times`.
    """

    def __init__(self, counts: Integers, times: Floats | None = None) -> None:
        occur = np.bincount(counts, times, minlength=2)
        # How many counts exceed i, for i = 1, 2, ...: the term i = 0 is log 1.
        self.exceeding = (occur.sum() - np.cumsum(occur))[1:-1].astype(float)
        self.i = np.arange(1.0, len(self.exceeding) + 1)

    def value(self, a: Floats) -> Floats:
        """Return S(a) for an array of a > 0."""
        a = np.asarray(a, dtype=float)
        flat = a.ravel()
        total = np.empty_like(flat)
        rows = max(1, BLOCK // max(1, len(self.i)))
        for begin in range(0, len(flat), rows):
            block = slice(begin, begin + rows)
            ratios = self.i / flat[block, None]
            total[block] = np.log1p(ratios, out=ratios) @ self.exceeding
        return total.reshape(a.shape)

    def derivatives(self, a: float) -> tuple[float, float]:
        """Return the first and the second derivative of S by log a."""
        share = self.i / (a + self.i)
        first = -(share @ self.exceeding)
        second = (share * (1 - share)) @ self.exceeding
        return float(first), float(second)
