r"""Populations of units that are alike but not the same: rats by experiment, deaths by county.

.. math:: \theta_j \sim p(\theta \mid \eta), \qquad y_j \sim p(y \mid \theta_j)

Three of them, chances, rates and effects, do what :class:`companion.populations.Population` asks
for; :mod:`companion.empirical_bayes` finds their two hyperparameters :math:`\eta`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from companion import _check, _rising
from companion._check import Floats
from companion.em import CollapsedComponentError
from companion.evidence import BetaBinomialEvidence, GammaPoissonEvidence, NormalNormalEvidence
from companion.populations import Population, UnitStatistics
from companion.units import BetaPosterior, GammaPosterior, NormalPosterior, UnitPosterior

STRONGEST = 1e12  # a population so alike that its spread drowns in rounding errors


@dataclass(frozen=True)
class BetaBinomial(Population):
    r"""Chances of success that vary from unit to unit as a Beta distribution.

    .. math:: \theta_j \sim \mathrm{Beta}(\alpha, \beta), \qquad
        y_j \sim \mathrm{Binomial}(n_j, \theta_j)

    Data: `y`, successes (whole numbers), and `n`, trials (whole numbers >= y; 0 is allowed and says
    nothing). Coordinates of ``to_vector``: log(alpha / beta) and log(alpha + beta).

    Parameters
    ----------
    alpha, beta : float > 0
        Prior successes and failures: the mean is alpha / (alpha + beta).

    Raises
    ------
    ValueError
        If a hyperparameter is not positive and finite, or data are not as described.

    Notes
    -----
    Gelman et al. (2013), *Bayesian Data Analysis*, third edition (BDA3), section 5.3.

    Examples
    --------
    >>> population = BetaBinomial(alpha=1.4, beta=8.6)
    >>> round(population.mean, 6), population.posterior([4], [14]).mean
    (0.14, array([0.225]))
    """

    alpha: float
    beta: float
    data_names: ClassVar[tuple[str, str]] = ("y", "n")
    coordinates: ClassVar[tuple[str, str]] = ("log(alpha / beta)", "log(alpha + beta)")
    evidence_kind = BetaBinomialEvidence

    def __post_init__(self) -> None:
        _check.positive_fields(self, "alpha", "beta")

    @staticmethod
    def check_data(y: ArrayLike, size: ArrayLike) -> tuple[Floats, Floats]:  # noqa: D102
        successes, n = _check.counts(y, "y"), _check.counts(size, "n")
        successes, n = _check.pair(successes, n, "y", "n")
        if (successes > n).any():
            j = int(np.argmax(successes > n))
            raise ValueError(f"y must not exceed n: unit {j} has {successes[j]:g} of {n[j]:g}")
        return successes, n

    @staticmethod
    def from_coordinates(vectors: Floats) -> tuple[Floats, Floats]:  # noqa: D102
        u, v = vectors[..., 0], vectors[..., 1]
        return special.expit(u) * np.exp(v), special.expit(-u) * np.exp(v)

    def to_vector(self) -> Floats:  # noqa: D102
        return np.log([self.alpha / self.beta, self.alpha + self.beta])

    @staticmethod
    def unit_posterior(hyperparameters: Any, y: Floats, size: Floats) -> BetaPosterior:  # noqa: D102
        alpha, beta = hyperparameters
        return BetaPosterior(alpha + y, beta + (size - y))

    @staticmethod
    def log_diffuse_hyperprior(vectors: Floats) -> Floats:
        r"""Log of the hyperprior of BDA3, section 5.3, in the coordinates of ``to_vector``.

        .. math:: p(\alpha, \beta) \propto (\alpha + \beta)^{-5/2}

        It is uniform in the mean and in the inverse root of alpha + beta, which is nearly the
        standard deviation of the population. The posterior is proper if and only if a unit has both
        a success and a failure: as alpha + beta = s falls to 0, such a unit's likelihood falls like
        s, the others' stays, and the density of s is s^(-3/2).

        Parameters
        ----------
        vectors : array of shape (..., 2)
            Points in the coordinates of ``to_vector``.

        Returns
        -------
        ndarray of shape (...)
            Up to a constant; the Jacobian alpha * beta is included.

        Examples
        --------
        >>> BetaBinomial.log_diffuse_hyperprior(np.array([[0.0, 2.0]])).round(4)
        array([-2.3863])
        """
        u, v = vectors[..., 0], vectors[..., 1]
        away = np.abs(u)  # log p + log(1 - p), where u = log p / (1 - p)
        return np.asarray(-away - 2 * np.log1p(np.exp(-away)) - v / 2)

    @staticmethod
    def pooled(y: Floats, size: Floats) -> tuple[float, float]:  # noqa: D102
        hits, misses = float(y.sum()) + 0.5, float((size - y).sum()) + 0.5
        return float(np.log(hits / misses)), float(np.sqrt(1 / hits + 1 / misses))

    @staticmethod
    def pooled_mode(y: Floats, size: Floats, times: Floats) -> float:  # noqa: D102
        return float(np.log((times @ y) / (times @ (size - y))))

    @staticmethod
    def improper_by_default(y: Floats, size: Floats) -> str:  # noqa: D102
        if ((y > 0) & (y < size)).any():
            return ""
        few = "one trial each shows no spread" if size.max() <= 1 else "all y are 0 or n"
        return (
            f"y and n do not say how much the units differ: {few}, and under the default "
            "log_hyperprior (alpha + beta)^(-5/2) the posterior is improper; one unit with a "
            "success and a failure is needed, or a proper log_hyperprior"
        )

    @property
    def mean(self) -> float:
        """Mean of the units' parameters in the population."""
        return self.alpha / (self.alpha + self.beta)

    @property
    def sd(self) -> float:
        """Standard deviation of the units' parameters in the population."""
        return float(self.law.sd)

    @property
    def law(self) -> UnitPosterior:  # noqa: D102
        return BetaPosterior(self.alpha, self.beta)

    def shrinkage(self, size: ArrayLike) -> Floats:  # noqa: D102
        n = _check.counts(size, "n")
        return np.asarray((self.alpha + self.beta) / (self.alpha + self.beta + n))

    def log_prior_predictive(self, y: ArrayLike, size: ArrayLike) -> Floats:  # noqa: D102
        data = self.check_data(y, size)
        return _rising.log_beta_binomial(*data, np.array(self.alpha), np.array(self.beta))

    def sample_prior_predictive(  # noqa: D102
        self, size: ArrayLike, rng: np.random.Generator, n_samples: int = 1
    ) -> Floats:
        n = np.atleast_1d(_check.counts(size, "n")).astype(np.int64)
        n_samples, rng = _check.count(n_samples, "n_samples"), _check.generator(rng)
        theta = rng.beta(self.alpha, self.beta, (n_samples, len(n)))
        return np.asarray(rng.binomial(n, theta), dtype=float)

    def _statistics(self, y: Floats, size: Floats) -> UnitStatistics:
        logs = _rising.beta_mean_logs(self.alpha + y, self.beta + (size - y))
        return UnitStatistics(np.array([log.sum() for log in logs]), len(y))

    def m_step(self, statistics: UnitStatistics) -> BetaBinomial:
        r"""Beta distribution with these mean logarithms.

        .. math:: \psi(\alpha) - \psi(\alpha + \beta) = \overline{\mathrm{E}[\log \theta]}, \qquad
            \psi(\beta) - \psi(\alpha + \beta) = \overline{\mathrm{E}[\log(1 - \theta)]}

        Parameters
        ----------
        statistics : UnitStatistics
            Sums of E[log theta] and E[log(1 - theta)].

        Returns
        -------
        BetaBinomial

        Examples
        --------
        >>> logs = special.digamma([2.0, 3.0]) - special.digamma(5.0)
        >>> BetaBinomial(1, 1).m_step(UnitStatistics(logs, 1)).to_vector().round(6)
        array([-0.405465,  1.609438])
        """
        means = statistics.totals / statistics.n_units
        found = _rising.beta_of_mean_logs(means, np.array([self.alpha, self.beta]))
        if not found.sum() < STRONGEST:
            raise CollapsedComponentError(
                "the units' chances have become one: their spread is below rounding error, and the "
                "likelihood rises all the way to complete pooling"
            )
        return BetaBinomial(*found.tolist())


@dataclass(frozen=True)
class GammaPoisson(Population):
    r"""Rates that vary from unit to unit as a Gamma distribution.

    .. math:: \theta_j \sim \mathrm{Gamma}(\mathrm{shape}, \mathrm{rate}), \qquad
        y_j \sim \mathrm{Poisson}(e_j \theta_j)

    Data: `y`, counts of events (whole numbers), and `exposure` e > 0 (person-years, say; 0 is
    allowed where nothing was counted). Coordinates of ``to_vector``: log(shape / rate), which is
    the log of the mean, and log(shape).

    Parameters
    ----------
    shape : float > 0
        Prior events.
    rate : float > 0
        Prior exposure: the mean is shape / rate.

    Raises
    ------
    ValueError
        If a hyperparameter is not positive and finite, or data are not as described.

    Notes
    -----
    BDA3, section 2.7; the prior predictive is the negative binomial.

    Examples
    --------
    >>> GammaPoisson(shape=2, rate=1).posterior([217, 66], [111, 44]).mean.round(4)
    array([1.9554, 1.5111])
    """

    shape: float
    rate: float
    data_names: ClassVar[tuple[str, str]] = ("y", "exposure")
    coordinates: ClassVar[tuple[str, str]] = ("log(shape / rate)", "log(shape)")
    evidence_kind = GammaPoissonEvidence
    long_tails: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check.positive_fields(self, "shape", "rate")

    @staticmethod
    def check_data(y: ArrayLike, size: ArrayLike) -> tuple[Floats, Floats]:  # noqa: D102
        events, exposure = _check.counts(y, "y"), _check.not_negative(size, "exposure")
        events, exposure = _check.pair(events, exposure, "y", "exposure")
        if not exposure.all() and events[exposure == 0].any():
            j = int(np.argmax((exposure == 0) & (events > 0)))
            raise ValueError(
                f"exposure must be positive where y is: unit {j} has y = {events[j]:g}"
            )
        return events, exposure

    @staticmethod
    def from_coordinates(vectors: Floats) -> tuple[Floats, Floats]:  # noqa: D102
        with np.errstate(over="ignore", under="ignore"):
            rate = np.exp(vectors[..., 1] - vectors[..., 0])
            return np.exp(vectors[..., 1]), np.maximum(rate, np.finfo(float).tiny)

    def to_vector(self) -> Floats:  # noqa: D102
        return np.log([self.shape / self.rate, self.shape])

    @staticmethod
    def unit_posterior(hyperparameters: Any, y: Floats, size: Floats) -> GammaPosterior:  # noqa: D102
        shape, rate = hyperparameters
        return GammaPosterior(shape + y, rate + size)

    @staticmethod
    def log_diffuse_hyperprior(vectors: Floats) -> Floats:
        r"""Log of a hyperprior for a scale and a shape of which nothing is known.

        .. math:: p(m, r) \propto \frac1m \cdot \frac{1}{(1 + r)^2}

        The mean m = shape / rate is uniform in its logarithm, so the unit of exposure does not
        matter. The shape r is such that the shrinkage r / (r + 1) of a unit for which one event is
        expected is uniform between 0 and 1. The posterior is proper if and only if some y is
        positive: given r, the integral over log m is at most of the order of 1 / (r J) (J units
        with exposure have a likelihood that falls like m^(-r J)); k units with events bring a
        factor r^k as r falls to 0, and r^(k-1) is integrable for k >= 1. A hyperprior that is
        uniform in m itself is improper for all data: for r <= 1 / J its integral over m diverges.
        The tails of m are long; its median exists, its posterior mean does not.

        Parameters
        ----------
        vectors : array of shape (..., 2)
            Points in the coordinates of ``to_vector``.

        Returns
        -------
        ndarray of shape (...)
            Up to a constant.

        Notes
        -----
        Christiansen and Morris (1997), *Hierarchical Poisson regression modeling*, JASA 92,
        618-632, whose uniform shrinkage prior this is, with z_0 = 1.

        Examples
        --------
        >>> GammaPoisson.log_diffuse_hyperprior(np.array([[0.5, 0.0]])).round(6)
        array([-1.386294])
        """
        log_shape = vectors[..., 1]
        return np.asarray(log_shape - 2 * np.logaddexp(0.0, log_shape))

    @staticmethod
    def pooled(y: Floats, size: Floats) -> tuple[float, float]:  # noqa: D102
        events = float(y.sum()) + 0.5
        return float(np.log(events / size.sum())), float(1 / np.sqrt(events))

    @staticmethod
    def pooled_mode(y: Floats, size: Floats, times: Floats) -> float:  # noqa: D102
        return float(np.log((times @ y) / (times @ size)))

    @staticmethod
    def improper_by_default(y: Floats, size: Floats) -> str:  # noqa: D102
        if y.any():
            return ""
        return (
            "every y is 0, and under the default log_hyperprior the posterior is improper: one "
            "event is needed, or a proper log_hyperprior"
        )

    @property
    def mean(self) -> float:
        """Mean of the units' parameters in the population."""
        return self.shape / self.rate

    @property
    def sd(self) -> float:
        """Standard deviation of the units' parameters in the population."""
        return float(np.sqrt(self.shape) / self.rate)

    @property
    def law(self) -> UnitPosterior:  # noqa: D102
        return GammaPosterior(self.shape, self.rate)

    def shrinkage(self, size: ArrayLike) -> Floats:  # noqa: D102
        return np.asarray(self.rate / (self.rate + _check.not_negative(size, "exposure")))

    def log_prior_predictive(self, y: ArrayLike, size: ArrayLike) -> Floats:  # noqa: D102
        y, exposure = self.check_data(y, size)
        return _rising.log_negative_binomial(y, exposure * self.mean, np.array(self.shape))

    def sample_prior_predictive(  # noqa: D102
        self, size: ArrayLike, rng: np.random.Generator, n_samples: int = 1
    ) -> Floats:
        exposure = np.atleast_1d(_check.not_negative(size, "exposure"))
        n_samples, rng = _check.count(n_samples, "n_samples"), _check.generator(rng)
        expected = exposure * rng.gamma(self.shape, 1 / self.rate, (n_samples, len(exposure)))
        if expected.max() > _check.LARGEST:
            raise ValueError("exposure is so large that more than 2**53 events are expected")
        return np.asarray(rng.poisson(expected), dtype=float)

    def _statistics(self, y: Floats, size: Floats) -> UnitStatistics:
        shape, rate = self.shape + y, self.rate + size
        mean = shape / rate
        logs = np.log(mean) + _rising.digamma_rest(shape)
        return UnitStatistics(np.array([mean.sum(), logs.sum()]), len(y))

    def m_step(self, statistics: UnitStatistics) -> GammaPoisson:
        r"""Gamma distribution with this mean and this mean logarithm.

        .. math:: \log(\mathrm{shape}) - \psi(\mathrm{shape})
            = \log \overline{\mathrm{E}[\theta]} - \overline{\mathrm{E}[\log \theta]}

        Parameters
        ----------
        statistics : UnitStatistics
            Sums of E[theta] and E[log theta].

        Returns
        -------
        GammaPoisson

        Examples
        --------
        >>> totals = np.array([2 / 5, special.digamma(2.0) - np.log(5)])
        >>> GammaPoisson(1, 1).m_step(UnitStatistics(totals, 1)).to_vector().round(6)
        array([-0.916291,  0.693147])
        """
        mean, mean_log = statistics.totals / statistics.n_units
        gap = np.log(mean) - mean_log
        if not gap > 0.5 / STRONGEST:  # positive by Jensen's inequality, but for rounding errors
            raise CollapsedComponentError(
                "the units' rates have become one: their spread is below rounding error, and the "
                "likelihood rises all the way to complete pooling"
            )
        shape = _rising.gamma_of_gap(float(gap))
        return GammaPoisson(shape, float(shape / mean))


@dataclass(frozen=True)
class NormalNormal(Population):
    r"""Effects that vary from unit to unit as a normal distribution.

    .. math:: \theta_j \sim \mathrm{N}(\mathrm{mean}, \mathrm{sd}^2), \qquad
        y_j \sim \mathrm{N}(\theta_j, s_j^2)

    Data: `y`, estimates, and `standard_error` s > 0, taken as known. Coordinates of ``to_vector``:
    mean and log(sd), which is minus infinity for sd = 0 (complete pooling).

    Parameters
    ----------
    mean : float
        Mean of the effects.
    sd : float >= 0
        Their standard deviation, often called tau.

    Raises
    ------
    ValueError
        If a hyperparameter is not finite, `sd` is negative, or data are not as described.

    Notes
    -----
    BDA3, section 5.4.

    Examples
    --------
    >>> NormalNormal(mean=0, sd=3).posterior([10.0], [4.0]).mean
    array([3.6])
    """

    mean: float
    sd: float
    data_names: ClassVar[tuple[str, str]] = ("y", "standard_error")
    coordinates: ClassVar[tuple[str, str]] = ("mean", "log(sd)")
    evidence_kind = NormalNormalEvidence
    long_tails: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "mean", _check.scalar(self.mean, "mean"))
        object.__setattr__(self, "sd", _check.not_negative_scalar(self.sd, "sd"))

    @staticmethod
    def check_data(y: ArrayLike, size: ArrayLike) -> tuple[Floats, Floats]:  # noqa: D102
        y, s = _check.finite(y, "y"), _check.positive(size, "standard_error")
        for values, name in ((y, "y"), (s, "standard_error")):
            if not np.abs(values).max() <= 1e150:
                raise ValueError(f"{name} must not lie beyond 1e150: its square is no number")
        if s.min() < 1e-150:
            raise ValueError("standard_error must be at least 1e-150: its square is no number")
        return _check.pair(y, s, "y", "standard_error")

    @staticmethod
    def from_coordinates(vectors: Floats) -> tuple[Floats, Floats]:  # noqa: D102
        return vectors[..., 0], np.exp(vectors[..., 1])

    def to_vector(self) -> Floats:  # noqa: D102
        with np.errstate(divide="ignore"):
            return np.array([self.mean, np.log(self.sd)])

    @staticmethod
    def unit_posterior(hyperparameters: Any, y: Floats, size: Floats) -> NormalPosterior:  # noqa: D102
        mean, sd = hyperparameters
        away = size / np.hypot(sd, size)  # squares of small or large units leave the range
        keep = sd / np.hypot(sd, size)
        return NormalPosterior(y - away**2 * (y - mean), size * keep)

    @staticmethod
    def log_diffuse_hyperprior(vectors: Floats) -> Floats:
        """Log of the hyperprior that is uniform in the mean and in the standard deviation.

        The posterior is proper from three units on: with the mean integrated out, J units leave a
        density of the standard deviation that falls like sd^(1-J).

        Parameters
        ----------
        vectors : array of shape (..., 2)
            Points in the coordinates of ``to_vector``.

        Returns
        -------
        ndarray of shape (...)
            Up to a constant. BDA3, section 5.4.

        Examples
        --------
        >>> NormalNormal.log_diffuse_hyperprior(np.array([[7.0, -1.0]]))
        array([-1.])
        """
        return np.asarray(vectors[..., 1])

    @staticmethod
    def pooled(y: Floats, size: Floats) -> tuple[float, float]:  # noqa: D102
        weights = (size.min() / size) ** 2
        mean = float(np.average(y, weights=weights))
        return mean, float(size.min() / np.sqrt(weights.sum()))

    @staticmethod
    def pooled_mode(y: Floats, size: Floats, times: Floats) -> float:  # noqa: D102
        return float(np.average(y, weights=times * (size.min() / size) ** 2))

    @staticmethod
    def improper_by_default(y: Floats, size: Floats) -> str:  # noqa: D102
        if len(y) >= 3:
            return ""
        return (
            f"y holds {len(y)} unit(s): under the default log_hyperprior, uniform in mean and sd, "
            "the posterior is proper only from three on; more units are needed, or a proper "
            "log_hyperprior"
        )

    @property
    def law(self) -> UnitPosterior:  # noqa: D102
        return NormalPosterior(self.mean, self.sd)

    def shrinkage(self, size: ArrayLike) -> Floats:  # noqa: D102
        s = _check.positive(size, "standard_error")
        return np.asarray((s / np.hypot(s, self.sd)) ** 2)

    def log_prior_predictive(self, y: ArrayLike, size: ArrayLike) -> Floats:  # noqa: D102
        y, s = self.check_data(y, size)
        return NormalPosterior(self.mean, np.hypot(s, self.sd)).log_density(y)

    def sample_prior_predictive(  # noqa: D102
        self, size: ArrayLike, rng: np.random.Generator, n_samples: int = 1
    ) -> Floats:
        s = np.atleast_1d(_check.positive(size, "standard_error"))
        n_samples, rng = _check.count(n_samples, "n_samples"), _check.generator(rng)
        return rng.normal(self.mean, np.hypot(s, self.sd), (n_samples, len(s)))

    def _statistics(self, y: Floats, size: Floats) -> UnitStatistics:
        unit = self.unit_posterior(self.hyperparameters, y, size)
        center = float(unit.mean[0] + (unit.mean - unit.mean[0]).mean())
        off = unit.mean - center
        return UnitStatistics(np.array([off.sum(), (off**2 + unit.sd**2).sum()]), len(y), center)

    def sample_statistics(
        self, y: ArrayLike, size: ArrayLike, *, rng: np.random.Generator
    ) -> UnitStatistics:
        """Draw the units' effects from their posteriors: the statistics of complete data.

        The E-step with a draw in the place of an expectation: one half of Gibbs sampling.

        Parameters
        ----------
        y, size : arrays of shape (J,)
            The data, as for :meth:`posterior`.
        rng : numpy.random.Generator
            The source of randomness.

        Returns
        -------
        UnitStatistics
            Sums of theta - center and of its square.

        Examples
        --------
        >>> known = NormalNormal(0, 1).sample_statistics([4, 8], 1e-9, rng=np.random.default_rng(1))
        >>> round(known.center, 6), known.totals.round(6)
        (6.0, array([0., 8.]))
        """
        unit = self.unit_posterior(self.hyperparameters, *self.check_data(y, size))
        effects = unit.sample(rng)[0]
        center = float(effects[0] + (effects - effects[0]).mean())
        off = effects - center
        return UnitStatistics(np.array([off.sum(), (off**2).sum()]), len(off), center)

    def m_step(self, statistics: UnitStatistics) -> NormalNormal:
        """Return the normal distribution with these first two moments.

        Parameters
        ----------
        statistics : UnitStatistics
            Sums of E[theta - center] and E[(theta - center)^2].

        Returns
        -------
        NormalNormal

        Examples
        --------
        >>> NormalNormal(0, 1).m_step(UnitStatistics(np.array([12.0, 80.0]), 2))
        NormalNormal(mean=6.0, sd=2.0)
        """
        mean, square = statistics.totals / statistics.n_units
        sd = float(np.sqrt(max(square - mean**2, 0.0)))
        return NormalNormal(statistics.center + float(mean), sd)
