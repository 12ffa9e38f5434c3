"""Poisson mixtures: counts of units that belong to K kinds, each with a rate of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, xlogy

from companion import _check, _rising, _soft
from companion._check import Floats, Integers
from companion.mixtures import Mixture


@dataclass(frozen=True, eq=False)
class PoissonStatistics:
    r"""Sufficient statistics of counts that are softly assigned to K components. They add.

    Attributes
    ----------
    counts : ndarray of shape (K,)
        :math:`N_k = \sum_n r_{nk}`: the (expected) number of points of each component.
    totals : ndarray of shape (K,)
        :math:`T_k = \sum_n r_{nk} x_n`.
    log_factorials : ndarray of shape (K,)
        :math:`\sum_n r_{nk} \log x_n!`, which no parameter touches.
    """

    counts: Floats
    totals: Floats
    log_factorials: Floats

    def __add__(self, other: PoissonStatistics) -> PoissonStatistics:
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return PoissonStatistics(*(a + b for a, b in pairs))


@dataclass(frozen=True, eq=False)
class PoissonMixture(Mixture[PoissonStatistics]):
    r"""A mixture of K Poisson distributions.

    .. math:: P(x) = \sum_{k=1}^K \lambda_k \, e^{-\rho_k} \rho_k^x / x!

    Parameters
    ----------
    weights : array of shape (K,)
        :math:`\lambda_k \ge 0`, summing to one: the share of each component.
    rates : array of shape (K,)
        :math:`\rho_k \ge 0`: the mean count of each component; with 0 it only makes zeros.

    Raises
    ------
    ValueError
        If a shape is wrong, a number is not finite and >= 0, or the weights do not sum to one.

    Notes
    -----
    The M-step sets :math:`\rho_k = T_k / N_k`. The vector (``to_vector``) holds the logarithms of
    the weights relative to the last one, and of the rates.
    McLachlan and Peel (2000), *Finite Mixture Models*, section 5.6.

    Examples
    --------
    >>> from companion import em
    >>> x = [0, 1, 0, 2, 1, 9, 12, 10]
    >>> em.fit(PoissonMixture([0.5, 0.5], [1, 5]), x).model.rates.round(2)
    array([ 0.8 , 10.31])
    """

    weights: Floats
    rates: Floats

    def __init__(self, weights: ArrayLike, rates: ArrayLike) -> None:
        ρ = _check.not_negative(rates, "rates")
        self._set(weights=weights, rates=ρ)
        _check.shape(ρ, "rates", self.weights.shape)

    @staticmethod
    def _clean(x: ArrayLike) -> Floats:
        return _check.points(_check.counts(x, "x"), "x", 1)[:, 0]

    def _log_densities(self, x: Floats) -> Floats:
        return _rising.log_poisson(x, self.rates[:, np.newaxis])

    def _expect(
        self, x: Floats, labels: Integers | None, weights: Floats | None
    ) -> tuple[PoissonStatistics, float]:
        return super()._expect(*_soft.tally(x, labels, weights, self.n_components))

    @staticmethod
    def _statistics(x: Floats, r: Floats) -> PoissonStatistics:
        return PoissonStatistics(r.sum(axis=1), r @ x, r @ gammaln(x + 1))

    @classmethod
    def _maximise(cls, weights: Floats, statistics: PoissonStatistics, *_: Any) -> Self:
        return cls(weights, statistics.totals / statistics.counts)

    def _expected_log_density(self, statistics: PoissonStatistics) -> float:
        s, ρ = statistics, self.rates
        return float((xlogy(s.totals, ρ) - s.counts * ρ - s.log_factorials).sum())

    def _free(self) -> Floats:
        return np.log(self.rates)

    def _from_free(self, weights: Floats, free: Floats) -> Self:
        return type(self)(weights, np.exp(free))

    def _by_free(self, statistics: PoissonStatistics) -> Floats:
        return statistics.totals - statistics.counts * self.rates

    def _draw(self, z: Integers, rng: np.random.Generator) -> Floats:
        return rng.poisson(self.rates[z]).astype(float)

    @classmethod
    def _start(cls, seeds: Floats, whole: PoissonStatistics, *_: Any) -> Self:
        mean = whole.totals / whole.counts
        return cls(np.full(len(seeds), 1 / len(seeds)), (seeds + mean) / 2)
