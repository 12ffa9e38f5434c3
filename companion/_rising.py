r"""Rising factorials a (a + 1) ... (a + m - 1) and factorials in logs, free of cancellation.

A difference ``gammaln(a + m) - gammaln(a)`` loses what it is asked for when a is large: at a = 1e9
each term is 2e10, and their rounding errors are 4e-6. Everything here is a sum of small terms.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from companion._check import Floats, Integers

FIRST = 256  # so many factors are summed one by one; Stirling's series is exact from there on
BLOCK = 1 << 13  # entries of a temporary array: small enough for the processor's cache


def log1p_minus(t: Floats) -> Floats:
    r"""Logarithm of 1 + t, minus t, for t >= 0: near zero -t^2/2, not a difference of two t.

    With s = t / (2 + t), log(1 + t) is 2 s + 2 s^3/3 + 2 s^5/5 + ..., and 2 s - t is -s t.
    """
    found = np.asarray(np.log1p(t) - t)
    near = t < 1 / 16  # elsewhere the difference loses five bits at most
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


def log_rising_excess(a: Floats, k: Floats) -> Floats:
    r"""Sum of log(1 + i/a) over i < k: the logarithm of a (a + 1) ... (a + k - 1) / a^k."""
    large = np.maximum(a, 30.0)
    top, t = large + k, k / large
    series = (1 / top - 1 / large) / 12 - (top**-3 - large**-3) / 360 + (top**-5 - large**-5) / 1260
    stirling = large * log1p_minus(t) + (k - 0.5) * np.log1p(t) + series
    direct = special.gammaln(a + k) - special.gammaln(a) - k * np.log(a)
    return np.asarray(np.where(a < 30, direct, stirling))


def log_factorial_rest(y: Floats) -> Floats:
    r"""Logarithm of y! minus (y log y - y): half a log of 2 pi y, nearly."""
    large = np.maximum(y, 16.0)
    series = 1 / (12 * large) - 1 / (360 * large**3) + 1 / (1260 * large**5)
    stirling = 0.5 * np.log(2 * np.pi * large) + series
    direct = special.gammaln(y + 1) - special.xlogy(y, y) + y
    return np.asarray(np.where(y < 16, direct, stirling))


def log_binomial(y: Floats, n: Floats, p: Floats) -> Floats:
    r"""Log pmf of a binomial: three rests of factorials, and n times a KL divergence."""
    rests = log_factorial_rest(n) - log_factorial_rest(y) - log_factorial_rest(n - y)
    cost = special.rel_entr(y, n * p) + special.rel_entr(n - y, n * (1 - p))
    return np.asarray(rests - cost)


def log_poisson(y: Floats, mean: Floats) -> Floats:
    r"""Log pmf of a Poisson distribution."""
    return np.asarray(-special.kl_div(y, mean) - log_factorial_rest(y))


def log_beta_binomial(y: Floats, n: Floats, alpha: Floats, beta: Floats) -> Floats:
    r"""Log pmf of a beta-binomial: the binomial with the mean rate, and what the spread adds."""
    size = alpha + beta
    spread = log_rising_excess(alpha, y) + log_rising_excess(beta, n - y)
    spread = spread - log_rising_excess(size, n)
    return np.asarray(log_binomial(y, n, alpha / size) + spread)


def tally(values: Integers) -> tuple[Integers, Floats]:
    """Return the values that occur, and how often; large values are left as they are."""
    if values.max() >= len(values):
        return values, np.ones(len(values))
    times = np.bincount(values)
    found = np.flatnonzero(times)
    return found, times[found].astype(float)


class RisingSum:
    r"""The function of a that a beta or gamma integral leaves of many counts m_j.

    .. math:: S(a) = \sum_j \sum_{i < m_j} \log(1 + i/a)
        = \sum_i \#\{j : m_j > i\} \log(1 + i/a)

    The second form needs as many logarithms as the largest count, however many units there are.
    Counts that are given once but occur more often come with their `times`.
    """

    def __init__(self, counts: Integers, times: Floats | None = None) -> None:
        short = np.bincount(np.minimum(counts, FIRST), times, minlength=2)
        # How many counts exceed i, for i = 1, 2, ...: the term i = 0 is log 1.
        self.exceeding = (short.sum() - np.cumsum(short))[1:-1].astype(float)
        self.i = np.arange(1.0, len(self.exceeding) + 1)
        long = counts > FIRST
        self.long = (counts[long] - FIRST).astype(float)
        self.times = np.ones(len(self.long)) if times is None else times[long]

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
        if self.long.size:
            total += [self._stirling(x)[0] for x in flat]
        return total.reshape(a.shape)

    def derivatives(self, a: float) -> tuple[float, float]:
        """Return the first and the second derivative of S by log a."""
        share = self.i / (a + self.i)
        first = -(share @ self.exceeding)
        second = (share * (1 - share)) @ self.exceeding
        if self.long.size:
            _, more, most = self._stirling(a)
            first, second = first + more, second + most
        return float(first), float(second)

    def _stirling(self, a: float) -> tuple[float, ...]:
        """Sum the terms i >= FIRST of the long counts, and their derivatives by log a."""
        k, x = self.long, a + FIRST
        top, log_ratio = x + k, np.log1p(k / x)
        series = (1 / top - 1 / x) / 12 - (top**-3 - x**-3) / 360
        value = k * np.log1p(FIRST / a) + x * log1p_minus(k / x) + (k - 0.5) * log_ratio + series
        inverse = log_ratio + (1 / x - 1 / top) / 2 + (x**-2 - top**-2) / 12
        inverse -= (x**-4 - top**-4) / 120  # the sum of 1 / (a + i)
        squares = (1 / x - 1 / top) + (x**-2 - top**-2) / 2 + (x**-3 - top**-3) / 6
        squares -= (x**-5 - top**-5) / 30  # the sum of 1 / (a + i)^2
        first = a * inverse - k
        second = a * inverse - a**2 * squares
        return tuple(float(self.times @ terms) for terms in (value, first, second))
