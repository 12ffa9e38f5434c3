r"""Populations of units that are alike but not the same: rats by experiment, deaths by county.

Unit j has a parameter :math:`\theta_j` of its own, drawn from a population; its data depend on
:math:`\theta_j` alone.

.. math:: \theta_j \sim p(\theta \mid \eta), \qquad y_j \sim p(y \mid \theta_j)

A population is a frozen record of its two hyperparameters :math:`\eta`. All of them do the same
things: give the posterior of every unit, the log evidence of the hyperparameters with exact
derivatives, the prior predictive, the shrinkage, and the two steps of EM with the
:math:`\theta_j` as what is hidden. :mod:`companion.empirical_bayes` finds the hyperparameters.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from companion import _check, _rising
from companion._check import Floats

BLOCK = 1 << 13  # entries of a temporary array (points x units): small enough for the cache

# ------------------------------------------------------------------ what is known of a unit


class UnitPosterior(ABC):
    """The posterior of every unit's parameter, given the hyperparameters: one law for each unit."""

    mean: Floats
    sd: Floats

    @abstractmethod
    def log_density(self, theta: ArrayLike) -> Floats:
        """Log-density at `theta`, in nats, for every unit.

        Parameters
        ----------
        theta : array that broadcasts against the units
            Where.

        Returns
        -------
        ndarray

        Examples
        --------
        >>> np.exp(BetaPosterior([1.0], [1.0]).log_density(0.3)).round(6)
        array([1.])
        """

    @abstractmethod
    def cdf(self, theta: ArrayLike) -> Floats:
        """Probability that the parameter is at most `theta`, for every unit.

        Parameters
        ----------
        theta : array that broadcasts against the units
            Where.

        Returns
        -------
        ndarray

        Examples
        --------
        >>> BetaPosterior([1.0], [1.0]).cdf(0.3)
        array([0.3])
        """

    @abstractmethod
    def quantile(self, probability: ArrayLike) -> Floats:
        """Value below which the parameter lies with this probability, for every unit.

        Parameters
        ----------
        probability : array that broadcasts against the units
            Between 0 and 1.

        Returns
        -------
        ndarray

        Examples
        --------
        >>> NormalPosterior([5.0], [2.0]).quantile(0.5)
        array([5.])
        """

    @abstractmethod
    def sample(self, rng: np.random.Generator, size: int = 1) -> Floats:
        """Draw every unit's parameter `size` times.

        Parameters
        ----------
        rng : Generator
            Source of chance.
        size : int >= 1
            How many draws.

        Returns
        -------
        ndarray of shape (size, J)

        Examples
        --------
        >>> GammaPosterior([2.0, 3.0], [1.0, 1.0]).sample(np.random.default_rng(1), 5).shape
        (5, 2)
        """

    @classmethod
    @abstractmethod
    def from_moments(cls, mean: Floats, sd: Floats) -> Self:
        """Return the laws of this family with these means and standard deviations > 0.

        Parameters
        ----------
        mean, sd : ndarrays of shape (J,)
            Moments of every unit.

        Returns
        -------
        UnitPosterior

        Examples
        --------
        >>> law = BetaPosterior.from_moments(np.array([0.25]), np.array([0.25]))
        >>> law.alpha, law.beta
        (array([0.5]), array([1.5]))
        """

    def interval(self, level: float = 0.95) -> Floats:
        """Central interval of every unit's parameter.

        Parameters
        ----------
        level : float
            Probability of the interval, between 0 and 1.

        Returns
        -------
        ndarray of shape (J, 2)

        Examples
        --------
        >>> NormalPosterior([0.0], [1.0]).interval(0.95).round(2)
        array([[-1.96,  1.96]])
        """
        tail = (1 - _check.fraction(level, "level")) / 2
        return np.stack([self.quantile(tail), self.quantile(1 - tail)], axis=-1)


class BetaPosterior(UnitPosterior):
    """Beta distributions: `alpha` and `beta` are arrays with one entry per unit."""

    def __init__(self, alpha: ArrayLike, beta: ArrayLike) -> None:
        self.alpha, self.beta = np.asarray(alpha, float), np.asarray(beta, float)
        size = self.alpha + self.beta
        self.mean = self.alpha / size
        self.sd = np.sqrt(self.mean * (self.beta / size) / (size + 1))

    @classmethod
    def from_moments(cls, mean: Floats, sd: Floats) -> Self:  # noqa: D102
        size = mean * (1 - mean) / sd**2 - 1
        return cls(size * mean, size * (1 - mean))

    @cached_property
    def _rests(self) -> Floats:
        """What the log-density has beside a divergence from the mean: no theta in it."""
        a, b, rest = self.alpha, self.beta, _rising.log_factorial_rest
        with np.errstate(divide="ignore"):
            return np.asarray(rest(a + b) - rest(a) - rest(b) - np.log(1 / a + 1 / b))

    def log_density(self, theta: ArrayLike) -> Floats:  # noqa: D102
        theta = np.asarray(theta, float)
        a, b, size = self.alpha, self.beta, self.alpha + self.beta
        with np.errstate(divide="ignore", invalid="ignore"):
            cost = special.rel_entr(a, size * theta) + special.rel_entr(b, size * (1 - theta))
            inside = self._rests - cost - np.log(theta) - np.log1p(-theta)
            if ((theta > 0) & (theta < 1)).all():
                return np.asarray(inside)
            powers = special.xlogy(a - 1, theta) + special.xlog1py(b - 1, -theta)
            edge = powers - special.betaln(a, b)
        return np.asarray(np.where((theta > 0) & (theta < 1), inside, edge))

    def cdf(self, theta: ArrayLike) -> Floats:  # noqa: D102
        found = special.betainc(self.alpha, self.beta, np.clip(theta, 0, 1))
        return np.where(np.isnan(found), 0.5, found)  # lost at the mean when alpha exceeds 1e17

    def quantile(self, probability: ArrayLike) -> Floats:  # noqa: D102
        return np.asarray(special.betaincinv(self.alpha, self.beta, probability))

    def sample(self, rng: np.random.Generator, size: int = 1) -> Floats:  # noqa: D102
        return rng.beta(self.alpha, self.beta, (size, *self.alpha.shape))


class GammaPosterior(UnitPosterior):
    """Gamma distributions: `shape` and `rate` are arrays with one entry per unit."""

    def __init__(self, shape: ArrayLike, rate: ArrayLike) -> None:
        self.shape, self.rate = np.asarray(shape, float), np.asarray(rate, float)
        self.mean = self.shape / self.rate
        self.sd = np.sqrt(self.shape) / self.rate

    @classmethod
    def from_moments(cls, mean: Floats, sd: Floats) -> Self:  # noqa: D102
        return cls((mean / sd) ** 2, mean / sd**2)

    def log_density(self, theta: ArrayLike) -> Floats:  # noqa: D102
        theta = np.asarray(theta, float)
        scaled = self.rate * theta
        with np.errstate(divide="ignore", invalid="ignore"):
            rest = np.log(self.shape) - _rising.log_factorial_rest(self.shape)
            inside = rest - special.kl_div(self.shape, scaled) - np.log(theta)
            edge = special.xlogy(self.shape - 1, scaled) + np.log(self.rate)
            edge = edge - special.gammaln(self.shape)
        return np.asarray(np.where(theta > 0, inside, edge))

    def cdf(self, theta: ArrayLike) -> Floats:  # noqa: D102
        theta = np.maximum(np.asarray(theta, float), 0)
        return np.asarray(special.gammainc(self.shape, self.rate * theta))

    def quantile(self, probability: ArrayLike) -> Floats:  # noqa: D102
        return np.asarray(special.gammaincinv(self.shape, probability) / self.rate)

    def sample(self, rng: np.random.Generator, size: int = 1) -> Floats:  # noqa: D102
        return np.asarray(rng.gamma(self.shape, size=(size, *self.shape.shape)) / self.rate)


class NormalPosterior(UnitPosterior):
    """Normal distributions: `mean` and `sd` are arrays with one entry per unit; sd may be 0."""

    def __init__(self, mean: ArrayLike, sd: ArrayLike) -> None:
        mean, sd = np.broadcast_arrays(np.asarray(mean, float), np.asarray(sd, float))
        self.mean, self.sd = mean, sd

    @classmethod
    def from_moments(cls, mean: Floats, sd: Floats) -> Self:  # noqa: D102
        return cls(mean, sd)

    def log_density(self, theta: ArrayLike) -> Floats:  # noqa: D102
        with np.errstate(divide="ignore", invalid="ignore"):
            z = self._standard(theta)
            return np.asarray(-(z**2) / 2 - np.log(self.sd) - np.log(2 * np.pi) / 2)

    def cdf(self, theta: ArrayLike) -> Floats:  # noqa: D102
        return np.asarray(special.ndtr(self._standard(theta)))

    def quantile(self, probability: ArrayLike) -> Floats:  # noqa: D102
        return np.asarray(self.mean + self.sd * special.ndtri(probability))

    def sample(self, rng: np.random.Generator, size: int = 1) -> Floats:  # noqa: D102
        return rng.normal(self.mean, self.sd, (size, *self.mean.shape))

    def _standard(self, theta: ArrayLike) -> Floats:
        """Distance from the mean in standard deviations; with sd = 0, plus or minus infinity."""
        distance = np.asarray(theta, float) - self.mean
        with np.errstate(divide="ignore", invalid="ignore"):
            at_once = np.where(distance >= 0, np.inf, -np.inf)
            return np.asarray(np.where(self.sd > 0, distance / self.sd, at_once))


# --------------------------------------------------------------------------- statistics


@dataclass(frozen=True, eq=False)
class UnitStatistics:
    """Expected sufficient statistics of the hidden parameters; they add.

    Attributes
    ----------
    totals : ndarray of shape (2,)
        Sums over units of the two expectations that the population's M-step reads.
    n_units : int
        How many units there are.
    """

    totals: Floats
    n_units: int

    def __add__(self, other: UnitStatistics) -> UnitStatistics:
        return UnitStatistics(self.totals + other.totals, self.n_units + other.n_units)


class Evidence(ABC):
    """The log evidence of data as a function of the hyperparameters' coordinates.

    Attributes
    ----------
    units : three ndarrays
        The data, and how many units have them.
    """

    units: tuple[Floats, Floats, Floats]

    @abstractmethod
    def value(self, vectors: Floats) -> Floats:
        """Log evidence at many points.

        Parameters
        ----------
        vectors : array of shape (..., 2)
            Hyperparameters in the coordinates of ``to_vector``.

        Returns
        -------
        ndarray of shape (...)
            In nats.

        Examples
        --------
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
        >>> evidence = BetaBinomial.evidence([1], [2])
        >>> np.exp(evidence.on_grid(np.array([0.0]), np.log([2.0, 4.0]))).round(6)
        array([[0.333333, 0.4     ]])
        """
        return self.value(np.stack(np.meshgrid(first, second, indexing="ij"), axis=-1))

    @abstractmethod
    def expand(self, vector: Floats) -> tuple[float, Floats, Floats]:
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
        >>> value, _, _ = BetaBinomial.evidence([1], [2]).expand(np.array([0.0, np.log(2)]))
        >>> round(float(np.exp(value)), 6)
        0.333333
        """

    def derivatives(self, vector: Floats) -> tuple[Floats, Floats]:
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


def _sum_over_units(terms: Callable[..., Floats], vectors: Floats, *data: Floats) -> Floats:
    """Sum terms(points, *units) over the units at points (..., 2), in pieces that fit the cache."""
    flat = vectors.reshape(-1, 2)
    total = np.zeros(len(flat))
    rows = max(1, BLOCK // len(data[0]))
    for units in blocks(*data):
        for row in range(0, len(flat), rows):
            total[row : row + rows] += terms(flat[row : row + rows], *units)
    return total.reshape(vectors.shape[:-1])


# -------------------------------------------------------------------------- populations


class Population(ABC):
    """What the populations below have in common. The data are two arrays, one entry per unit."""

    data_names: ClassVar[tuple[str, str]]
    coordinates: ClassVar[tuple[str, str]]

    @property
    def hyperparameters(self) -> tuple[float, ...]:
        """The two numbers that define the population."""
        return tuple(vars(self).values())

    @staticmethod
    @abstractmethod
    def check_data(y: ArrayLike, size: ArrayLike) -> tuple[Floats, Floats]:
        """Return the data as clean arrays, or raise a ``ValueError`` that names what is wrong.

        Parameters
        ----------
        y : array of shape (J,)
            What was observed.
        size : array of shape (J,), or a number
            How much was observed: trials, exposure, or standard errors.

        Returns
        -------
        y, size : ndarrays of shape (J,)

        Examples
        --------
        >>> BetaBinomial.check_data([1, 2], 10)
        (array([1., 2.]), array([10., 10.]))
        """

    @staticmethod
    @abstractmethod
    def from_coordinates(vectors: Floats) -> tuple[Floats, Floats]:
        """Return the hyperparameters of many points.

        Parameters
        ----------
        vectors : array of shape (..., 2)
            Points in the coordinates of ``to_vector``.

        Returns
        -------
        two ndarrays of shape (...)

        Examples
        --------
        >>> BetaBinomial.from_coordinates(np.array([[0.0, np.log(4)]]))
        (array([2.]), array([2.]))
        """

    @abstractmethod
    def to_vector(self) -> Floats:
        """Return the hyperparameters as a point without constraints, for optimisers.

        Returns
        -------
        ndarray of shape (2,)

        Examples
        --------
        >>> BetaBinomial(2, 2).to_vector().round(4)
        array([0.    , 1.3863])
        """

    @classmethod
    def from_vector(cls, vector: ArrayLike) -> Self:
        """Return the population at a point: the inverse of :meth:`to_vector`.

        Parameters
        ----------
        vector : array of shape (2,)
            A point.

        Returns
        -------
        Population

        Examples
        --------
        >>> BetaBinomial.from_vector([0.0, np.log(4)])
        BetaBinomial(alpha=2.0, beta=2.0)
        """
        pair = cls.from_coordinates(np.asarray(vector, float))
        return cls(*(float(h) for h in pair))

    @staticmethod
    @abstractmethod
    def unit_posterior(hyperparameters: Any, y: Floats, size: Floats) -> UnitPosterior:
        """Posterior of every unit, for one or many pairs of hyperparameters (no checks).

        Parameters
        ----------
        hyperparameters : two arrays that broadcast against the units
            For example of shape (M, 1).
        y, size : ndarrays of shape (J,)
            Clean data.

        Returns
        -------
        UnitPosterior

        Examples
        --------
        >>> BetaBinomial.unit_posterior((1.0, 1.0), np.array([1.0]), np.array([2.0])).mean
        array([0.5])
        """

    @classmethod
    def evidence(cls, y: ArrayLike, size: ArrayLike) -> Evidence:
        """Log evidence of these data as a function of the hyperparameters.

        Parameters
        ----------
        y, size : arrays of shape (J,)
            The data, as for :meth:`posterior`.

        Returns
        -------
        Evidence

        Examples
        --------
        >>> gradient, hessian = BetaBinomial.evidence([1], [2]).derivatives(np.array([0.0, 3.0]))
        >>> hessian.shape
        (2, 2)
        """
        return cls._evidence(*cls.check_data(y, size))

    @staticmethod
    @abstractmethod
    def _evidence(y: Floats, size: Floats) -> Evidence:
        """Log evidence of clean data."""

    @staticmethod
    @abstractmethod
    def log_diffuse_hyperprior(vectors: Floats) -> Floats:
        """Log of the hyperprior that is uniform in the population's mean and in its spread.

        Parameters
        ----------
        vectors : array of shape (..., 2)
            Points in the coordinates of ``to_vector``.

        Returns
        -------
        ndarray of shape (...)
            Log-density *in these coordinates*, the Jacobian included, up to a constant.

        Examples
        --------
        >>> BetaBinomial.log_diffuse_hyperprior(np.array([[0.0, 2.0]])).round(4)
        array([-2.3863])
        """

    if TYPE_CHECKING:  # a property of two populations, a field of the third

        @property
        def mean(self) -> float:
            """Mean of the units' parameters in the population."""

        @property
        def sd(self) -> float:
            """Standard deviation of the units' parameters in the population."""

    @abstractmethod
    def log_density(self, theta: ArrayLike) -> Floats:
        """Log-density of the population at `theta`, in nats.

        Parameters
        ----------
        theta : array
            Values of a unit's parameter.

        Returns
        -------
        ndarray of the same shape

        Examples
        --------
        >>> np.exp(BetaBinomial(1, 1).log_density([0.2, 0.7])).round(6)
        array([1., 1.])
        """

    @abstractmethod
    def sample(self, rng: np.random.Generator, size: int = 1) -> Floats:
        """Draw the parameters of new units.

        Parameters
        ----------
        rng : Generator
            Source of chance.
        size : int >= 1
            How many units.

        Returns
        -------
        ndarray of shape (size,)

        Examples
        --------
        >>> BetaBinomial(2, 3).sample(np.random.default_rng(1), 4).shape
        (4,)
        """

    @abstractmethod
    def shrinkage(self, size: ArrayLike) -> Floats:
        """Weight of the population's mean in every unit's posterior mean, between 0 and 1.

        Parameters
        ----------
        size : array of shape (J,), or a number
            Trials, exposures or standard errors of the units.

        Returns
        -------
        ndarray

        Examples
        --------
        >>> BetaBinomial(2, 8).shrinkage([0, 10, 90])
        array([1. , 0.5, 0.1])
        """

    @abstractmethod
    def log_prior_predictive(self, y: ArrayLike, size: ArrayLike) -> Floats:
        r"""Log-probability (or log-density) of each unit's data before they are seen.

        .. math:: \log p(y_j \mid \eta) = \log \int p(y_j \mid \theta) \, p(\theta \mid \eta)
            \, d\theta

        Parameters
        ----------
        y, size : arrays of shape (J,)
            The data, as for :meth:`posterior`.

        Returns
        -------
        ndarray of shape (J,)
            In nats; :meth:`log_evidence` is their sum.

        Examples
        --------
        >>> np.exp(BetaBinomial(1, 1).log_prior_predictive([0, 1, 2], 2)).round(6)
        array([0.333333, 0.333333, 0.333333])
        """

    @abstractmethod
    def sample_prior_predictive(
        self, size: ArrayLike, rng: np.random.Generator, n_samples: int = 1
    ) -> Floats:
        """Draw data of new units: a parameter from the population, then data given it.

        Parameters
        ----------
        size : array of shape (J,)
            Trials, exposures or standard errors of the new units.
        rng : Generator
            Source of chance.
        n_samples : int >= 1
            How many times.

        Returns
        -------
        ndarray of shape (n_samples, J)

        Examples
        --------
        >>> rng = np.random.default_rng(1)
        >>> BetaBinomial(2, 3).sample_prior_predictive([10, 20], rng, n_samples=7).shape
        (7, 2)
        """

    @abstractmethod
    def _expectations(self, y: Floats, size: Floats) -> tuple[Floats, Floats]:
        """Return the two posterior expectations of every unit that the M-step reads."""

    @abstractmethod
    def m_step(self, statistics: UnitStatistics) -> Self:
        """Fit the population to the expected statistics of the units' parameters.

        Parameters
        ----------
        statistics : UnitStatistics
            From :meth:`e_step`.

        Returns
        -------
        Population

        Examples
        --------
        >>> start = NormalNormal(0, 1)
        >>> start.m_step(start.e_step([4.0, 8.0], [1e-9, 1e-9])[0])
        NormalNormal(mean=6.0, sd=2.0)
        """

    def posterior(self, y: ArrayLike, size: ArrayLike) -> UnitPosterior:
        r"""Posterior of every unit's parameter, given the hyperparameters.

        .. math:: p(\theta_j \mid y_j, \eta) \propto p(y_j \mid \theta_j) \, p(\theta_j \mid \eta)

        Parameters
        ----------
        y : array of shape (J,)
            What was observed of every unit.
        size : array of shape (J,), or a number
            How much was observed of it; see the class.

        Returns
        -------
        UnitPosterior

        Examples
        --------
        >>> BetaBinomial(1, 1).posterior([4], [14]).mean
        array([0.3125])
        """
        return self.unit_posterior(self.hyperparameters, *self.check_data(y, size))

    def log_evidence(self, y: ArrayLike, size: ArrayLike) -> float:
        r"""Log-probability of all data given the hyperparameters: every unit is integrated out.

        .. math:: \log p(y \mid \eta) = \sum_j \log \int p(y_j \mid \theta) \, p(\theta \mid \eta)
            \, d\theta

        Parameters
        ----------
        y, size : arrays of shape (J,)
            The data, as for :meth:`posterior`.

        Returns
        -------
        float
            A sum over units, in nats.

        Examples
        --------
        >>> round(float(np.exp(BetaBinomial(1, 1).log_evidence([0, 1], [2, 2]))), 6)
        0.111111
        """
        with np.errstate(divide="ignore"):
            return float(self.evidence(y, size).value(self.to_vector()))

    def evidence_gradient(self, y: ArrayLike, size: ArrayLike) -> Floats:
        """Gradient of the log evidence by the coordinates of :meth:`to_vector`.

        Parameters
        ----------
        y, size : arrays of shape (J,)
            The data, as for :meth:`posterior`.

        Returns
        -------
        ndarray of shape (2,)

        Examples
        --------
        >>> gradient = BetaBinomial(2, 2).evidence_gradient([5, 5], [10, 10])
        >>> abs(float(gradient[0])) < 1e-12  # half of the trials are successes
        True
        """
        return self.evidence(y, size).derivatives(self.to_vector())[0]

    def e_step(self, y: ArrayLike, size: ArrayLike) -> tuple[UnitStatistics, float]:
        """Return the expected sufficient statistics of the units, and the log evidence.

        Parameters
        ----------
        y, size : arrays of shape (J,)
            The data, as for :meth:`posterior`.

        Returns
        -------
        statistics : UnitStatistics
        log_evidence : float
            The log-likelihood that EM raises: a sum over units, in nats.

        Examples
        --------
        >>> statistics, log_evidence = BetaBinomial(1, 1).e_step([1], [2])
        >>> statistics.n_units, round(log_evidence, 6)
        (1, -1.098612)
        """
        y, size = self.check_data(y, size)
        totals = np.array([e.sum() for e in self._expectations(y, size)])
        return UnitStatistics(totals, len(y)), self.log_evidence(y, size)


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

    def __post_init__(self) -> None:
        _positive(self, "alpha", "beta")

    @staticmethod
    def check_data(y: ArrayLike, size: ArrayLike) -> tuple[Floats, Floats]:  # noqa: D102
        successes, n = _pair(y, size, "y", "n")
        for name, given in (("y", y), ("n", size)):
            _check.not_negative(_check.whole(given, name), name)
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
    def _evidence(y: Floats, size: Floats) -> Evidence:
        return _BetaBinomialEvidence(y, size)

    @staticmethod
    def log_diffuse_hyperprior(vectors: Floats) -> Floats:
        r"""Log of the hyperprior of BDA3, section 5.3, in the coordinates of ``to_vector``.

        .. math:: p(\alpha, \beta) \propto (\alpha + \beta)^{-5/2}

        It is uniform in the mean and in the inverse root of alpha + beta, which is nearly the
        standard deviation of the population.

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

    @property
    def mean(self) -> float:
        """Mean of the units' parameters in the population."""
        return self.alpha / (self.alpha + self.beta)

    @property
    def sd(self) -> float:
        """Standard deviation of the units' parameters in the population."""
        return float(BetaPosterior(self.alpha, self.beta).sd)

    def log_density(self, theta: ArrayLike) -> Floats:  # noqa: D102
        return BetaPosterior(self.alpha, self.beta).log_density(theta)

    def sample(self, rng: np.random.Generator, size: int = 1) -> Floats:  # noqa: D102
        return rng.beta(self.alpha, self.beta, size)

    def shrinkage(self, size: ArrayLike) -> Floats:
        r"""Weight of the population's mean in every unit's posterior mean.

        .. math:: \mathrm{E}[\theta_j \mid y] = B_j \frac{\alpha}{\alpha + \beta}
            + (1 - B_j) \frac{y_j}{n_j}, \qquad
            B_j = \frac{\alpha + \beta}{\alpha + \beta + n_j}

        Parameters
        ----------
        size : array of shape (J,), or a number
            Trials.

        Returns
        -------
        ndarray
            Between 0 (the raw rate) and 1 (the population's mean).

        Examples
        --------
        >>> BetaBinomial(2, 8).shrinkage([0, 10, 90])
        array([1. , 0.5, 0.1])
        """
        n = _check.not_negative(size, "n")
        return np.asarray((self.alpha + self.beta) / (self.alpha + self.beta + n))

    def log_prior_predictive(self, y: ArrayLike, size: ArrayLike) -> Floats:  # noqa: D102
        y, n = self.check_data(y, size)
        return _rising.log_beta_binomial(y, n, np.array(self.alpha), np.array(self.beta))

    def sample_prior_predictive(  # noqa: D102
        self, size: ArrayLike, rng: np.random.Generator, n_samples: int = 1
    ) -> Floats:
        n = np.atleast_1d(_check.not_negative(size, "n")).astype(int)
        theta = rng.beta(self.alpha, self.beta, (n_samples, len(n)))
        return np.asarray(rng.binomial(n, theta), dtype=float)

    def _expectations(self, y: Floats, size: Floats) -> tuple[Floats, Floats]:
        total = special.digamma(self.alpha + self.beta + size)
        of_log = special.digamma(self.alpha + y) - total
        return of_log, special.digamma(self.beta + size - y) - total

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
        x = np.array([self.alpha, self.beta])
        for _ in range(100):  # Newton's method for a concave function
            gap = special.digamma(x) - special.digamma(x.sum()) - means
            curvature = special.polygamma(1, x)
            shared = special.polygamma(1, x.sum())
            step = np.linalg.solve(np.diag(curvature) - shared, gap)
            x = np.maximum(x - step, x / 10)
            if (abs(step) <= 1e-12 * x).all():
                break
        return BetaBinomial(*x.tolist())


class _BetaBinomialEvidence(Evidence):
    """The log evidence: one pooled rate, the cost of another mean, and what the spread adds.

    With p = alpha / (alpha + beta), r the pooled rate and S the sums of :class:`RisingSum`,

        sum_j log Binomial(y_j | n_j, r) - N KL(r || p) + S_y(alpha) + S_(n-y)(beta)
        - S_n(alpha + beta)
    """

    def __init__(self, y: Floats, n: Floats) -> None:
        self.units = y, n, times = _distinct(y, n)
        self.successes, self.trials = float(times @ y), float(times @ n)
        self.rate = self.successes / self.trials if self.trials else 0.5
        self.pooled = times @ _rising.log_binomial(y, n, np.array(self.rate))
        counts = y.astype(int), (n - y).astype(int), n.astype(int)
        self.hits, self.misses, self.all = (_rising.RisingSum(c, times) for c in counts)

    def value(self, vectors: Floats) -> Floats:
        return self._value(vectors[..., 0], vectors[..., 1])

    def on_grid(self, first: Floats, second: Floats) -> Floats:
        return self._value(first[:, None], second)

    def _value(self, log_odds: Floats, log_size: Floats) -> Floats:
        """Log evidence at coordinates that broadcast against each other."""
        p, q, r = special.expit(log_odds), special.expit(-log_odds), self.rate
        size = np.exp(log_size)
        cost = self.trials * (special.rel_entr(r, p) + special.rel_entr(1 - r, q))
        spread = self.hits.value(p * size) + self.misses.value(q * size) - self.all.value(size)
        return np.asarray(self.pooled - cost + spread)

    def expand(self, vector: Floats) -> tuple[float, Floats, Floats]:
        p, q, size = special.expit(vector[0]), special.expit(-vector[0]), np.exp(vector[1])
        hit, hit2 = self.hits.derivatives(p * size)
        miss, miss2 = self.misses.derivatives(q * size)
        all1, all2 = self.all.derivatives(size)
        by_mean = self.successes - self.trials * p + q * hit - p * miss
        mean2 = q**2 * hit2 + p**2 * miss2 - p * q * (self.trials + hit + miss)
        mixed = q * hit2 - p * miss2
        gradient = np.array([by_mean, hit + miss - all1])
        hessian = np.array([[mean2, mixed], [mixed, hit2 + miss2 - all2]])
        return float(self.value(vector)), gradient, hessian


def _distinct(y: Floats, n: Floats) -> tuple[Floats, Floats, Floats]:
    """Pairs that occur, and how often: where there are more units than possible pairs, a few."""
    width = n.max() + 1
    if width**2 > len(n):
        return y, n, np.ones(len(n))
    keys = np.empty(len(n), dtype=int)  # one array: new memory costs more than the arithmetic
    np.multiply(n, width, out=keys, casting="unsafe")
    np.add(keys, y, out=keys, casting="unsafe")
    found, times = _rising.tally(keys)
    n, y = np.divmod(found.astype(float), width)
    return y, n, times


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

    def __post_init__(self) -> None:
        _positive(self, "shape", "rate")

    @staticmethod
    def check_data(y: ArrayLike, size: ArrayLike) -> tuple[Floats, Floats]:  # noqa: D102
        events, exposure = _pair(y, size, "y", "exposure")
        _check.not_negative(_check.whole(y, "y"), "y")
        _check.not_negative(exposure, "exposure")
        if not exposure.all() and events[exposure == 0].any():
            j = int(np.argmax((exposure == 0) & (events > 0)))
            raise ValueError(
                f"exposure must be positive where y is: unit {j} has y = {events[j]:g}"
            )
        return events, exposure

    @staticmethod
    def from_coordinates(vectors: Floats) -> tuple[Floats, Floats]:  # noqa: D102
        shape = np.exp(vectors[..., 1])
        return shape, np.exp(vectors[..., 1] - vectors[..., 0])

    def to_vector(self) -> Floats:  # noqa: D102
        return np.log([self.shape / self.rate, self.shape])

    @staticmethod
    def unit_posterior(hyperparameters: Any, y: Floats, size: Floats) -> GammaPosterior:  # noqa: D102
        shape, rate = hyperparameters
        return GammaPosterior(shape + y, rate + size)

    @staticmethod
    def _evidence(y: Floats, size: Floats) -> Evidence:
        return _GammaPoissonEvidence(y, size)

    @staticmethod
    def log_diffuse_hyperprior(vectors: Floats) -> Floats:
        """Log of the hyperprior that is uniform in the mean and in the coefficient of variation.

        Parameters
        ----------
        vectors : array of shape (..., 2)
            Points in the coordinates of ``to_vector``.

        Returns
        -------
        ndarray of shape (...)
            Up to a constant; the coefficient of variation of a Gamma is 1 / sqrt(shape).

        Examples
        --------
        >>> GammaPoisson.log_diffuse_hyperprior(np.array([[0.5, 2.0]]))
        array([-0.5])
        """
        return np.asarray(vectors[..., 0] - vectors[..., 1] / 2)

    @property
    def mean(self) -> float:
        """Mean of the units' parameters in the population."""
        return self.shape / self.rate

    @property
    def sd(self) -> float:
        """Standard deviation of the units' parameters in the population."""
        return float(np.sqrt(self.shape) / self.rate)

    def log_density(self, theta: ArrayLike) -> Floats:  # noqa: D102
        return GammaPosterior(self.shape, self.rate).log_density(theta)

    def sample(self, rng: np.random.Generator, size: int = 1) -> Floats:  # noqa: D102
        return rng.gamma(self.shape, 1 / self.rate, size)

    def shrinkage(self, size: ArrayLike) -> Floats:
        r"""Weight of the population's mean in every unit's posterior mean.

        .. math:: B_j = \frac{\mathrm{rate}}{\mathrm{rate} + e_j}

        Parameters
        ----------
        size : array of shape (J,), or a number
            Exposures.

        Returns
        -------
        ndarray
            Between 0 (the raw rate) and 1 (the population's mean).

        Examples
        --------
        >>> GammaPoisson(2, 10).shrinkage([0, 10, 90])
        array([1. , 0.5, 0.1])
        """
        return np.asarray(self.rate / (self.rate + _check.not_negative(size, "exposure")))

    def log_prior_predictive(self, y: ArrayLike, size: ArrayLike) -> Floats:  # noqa: D102
        y, exposure = self.check_data(y, size)
        excess = exposure / self.rate
        expected = self.shape * excess
        spread = _rising.log_rising_excess(np.array(self.shape), y) - y * np.log1p(excess)
        spread = spread - self.shape * _rising.log1p_minus(excess)
        return np.asarray(_rising.log_poisson(y, expected) + spread)

    def sample_prior_predictive(  # noqa: D102
        self, size: ArrayLike, rng: np.random.Generator, n_samples: int = 1
    ) -> Floats:
        exposure = np.atleast_1d(_check.not_negative(size, "exposure"))
        theta = rng.gamma(self.shape, 1 / self.rate, (n_samples, len(exposure)))
        return rng.poisson(exposure * theta).astype(float)

    def _expectations(self, y: Floats, size: Floats) -> tuple[Floats, Floats]:
        shape, rate = self.shape + y, self.rate + size
        return shape / rate, special.digamma(shape) - np.log(rate)

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
        shape = (3 - gap + np.sqrt((3 - gap) ** 2 + 24 * gap)) / (12 * gap)
        for _ in range(100):  # Newton's method in 1 / shape (Minka 2002)
            value = np.log(shape) - special.digamma(shape) - gap
            slope = 1 / shape - special.polygamma(1, shape)
            after = 1 / (1 / shape + value / (shape**2 * slope))
            done = abs(after - shape) <= 1e-13 * shape
            shape = after
            if done:
                break
        return GammaPoisson(float(shape), float(shape / mean))


class _GammaPoissonEvidence(Evidence):
    """The log evidence: Poisson with one rate, and what the spread adds.

    With mean m, shape r and t_j = e_j m / r,

        sum_j log Poisson(y_j | e_j m) - r (log(1 + t_j) - t_j) - y_j log(1 + t_j), plus S_y(r)
    """

    def __init__(self, y: Floats, exposure: Floats) -> None:
        self.units = y, exposure, np.ones(len(y))
        self.events, self.total = float(y.sum()), float(exposure.sum())
        rate = self.events / self.total if self.total else 0.0
        counts, times = _rising.tally(y.astype(int))
        rests = times @ _rising.log_factorial_rest(counts.astype(float))
        cost = sum(special.kl_div(a, e * rate).sum() for a, e in blocks(y, exposure))
        self.pooled = -cost - rests
        self.counts = _rising.RisingSum(counts, times)

    def value(self, vectors: Floats) -> Floats:
        def spread(points: Floats, y: Floats, exposure: Floats) -> Floats:
            mean, shape = np.exp(points.T)
            t = exposure * (mean / shape)[:, None]
            return np.asarray(shape * _rising.log1p_minus(t).sum(axis=1) + np.log1p(t) @ y)

        mean, shape = np.exp(vectors[..., 0]), np.exp(vectors[..., 1])
        sums = _sum_over_units(spread, vectors, *self.units[:2])
        return self._total(mean, shape, sums)

    def _total(self, mean: Floats, shape: Floats, spread: Floats) -> Floats:
        cost = special.kl_div(self.events, self.total * mean)
        return np.asarray(self.pooled - cost - spread + self.counts.value(shape))

    def expand(self, vector: Floats) -> tuple[float, Floats, Floats]:
        mean, shape = np.exp(vector)
        sums = np.zeros(8)
        for y, exposure in blocks(*self.units[:2]):
            t = exposure * (mean / shape)
            w = t / (1 + t)
            rest, square = -_rising.log1p_minus(t), w * w
            sums += (
                rest.sum(), y @ t - y @ rest, w.sum(), w @ w, y @ w, y @ square, t @ w, t @ square
            )  # fmt: skip
        rests, y_log, w1, w2, yw1, yw2, tw1, tw2 = sums
        first, second = self.counts.derivatives(shape)
        value = self._total(mean, shape, y_log - shape * rests)
        gradient = np.array([self.events - yw1 - shape * w1, shape * (rests - tw1) + yw1 + first])
        mixed = yw1 - yw2 - shape * w2
        by_mean2 = -(shape * (w1 - w2) + yw1 - yw2)
        by_shape2 = shape * (rests - tw2) - (yw1 - yw2) + second
        return float(value), gradient, np.array([[by_mean2, mixed], [mixed, by_shape2]])


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

    def __post_init__(self) -> None:
        object.__setattr__(self, "mean", _check.scalar(self.mean, "mean"))
        object.__setattr__(self, "sd", _check.not_negative_scalar(self.sd, "sd"))

    @staticmethod
    def check_data(y: ArrayLike, size: ArrayLike) -> tuple[Floats, Floats]:  # noqa: D102
        y, s = _pair(y, size, "y", "standard_error")
        return y, _check.positive(s, "standard_error")

    @staticmethod
    def from_coordinates(vectors: Floats) -> tuple[Floats, Floats]:  # noqa: D102
        return vectors[..., 0], np.exp(vectors[..., 1])

    def to_vector(self) -> Floats:  # noqa: D102
        with np.errstate(divide="ignore"):
            return np.array([self.mean, np.log(self.sd)])

    @staticmethod
    def unit_posterior(hyperparameters: Any, y: Floats, size: Floats) -> NormalPosterior:  # noqa: D102
        mean, sd = hyperparameters
        keep = sd**2 / (sd**2 + size**2)
        return NormalPosterior(mean + keep * (y - mean), size * np.sqrt(keep))

    @staticmethod
    def _evidence(y: Floats, size: Floats) -> Evidence:
        return _NormalNormalEvidence(y, size)

    @staticmethod
    def log_diffuse_hyperprior(vectors: Floats) -> Floats:
        """Log of the hyperprior that is uniform in the mean and in the standard deviation.

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

    def log_density(self, theta: ArrayLike) -> Floats:  # noqa: D102
        return NormalPosterior(self.mean, self.sd).log_density(theta)

    def sample(self, rng: np.random.Generator, size: int = 1) -> Floats:  # noqa: D102
        return rng.normal(self.mean, self.sd, size)

    def shrinkage(self, size: ArrayLike) -> Floats:
        r"""Weight of the population's mean in every unit's posterior mean.

        .. math:: B_j = \frac{s_j^2}{s_j^2 + \mathrm{sd}^2}

        Parameters
        ----------
        size : array of shape (J,), or a number
            Standard errors.

        Returns
        -------
        ndarray
            Between 0 (the raw estimate) and 1 (the population's mean).

        Examples
        --------
        >>> NormalNormal(0, 3).shrinkage([4.0])
        array([0.64])
        """
        s = _check.not_negative(size, "standard_error")
        return np.asarray(s**2 / (s**2 + self.sd**2))

    def log_prior_predictive(self, y: ArrayLike, size: ArrayLike) -> Floats:  # noqa: D102
        y, s = self.check_data(y, size)
        return NormalPosterior(self.mean, np.hypot(s, self.sd)).log_density(y)

    def sample_prior_predictive(  # noqa: D102
        self, size: ArrayLike, rng: np.random.Generator, n_samples: int = 1
    ) -> Floats:
        s = np.atleast_1d(_check.not_negative(size, "standard_error"))
        return rng.normal(self.mean, np.hypot(s, self.sd), (n_samples, len(s)))

    def _expectations(self, y: Floats, size: Floats) -> tuple[Floats, Floats]:
        unit = self.unit_posterior(self.hyperparameters, y, size)
        return unit.mean, unit.mean**2 + unit.sd**2

    def m_step(self, statistics: UnitStatistics) -> NormalNormal:
        """Return the normal distribution with these first two moments.

        Parameters
        ----------
        statistics : UnitStatistics
            Sums of E[theta] and E[theta^2].

        Returns
        -------
        NormalNormal

        Examples
        --------
        >>> NormalNormal(0, 1).m_step(UnitStatistics(np.array([12.0, 80.0]), 2))
        NormalNormal(mean=6.0, sd=2.0)
        """
        mean, square = statistics.totals / statistics.n_units
        return NormalNormal(float(mean), float(np.sqrt(max(square - mean**2, 0.0))))


class _NormalNormalEvidence(Evidence):
    """Sum of log N(y_j | mean, sd^2 + s_j^2)."""

    def __init__(self, y: Floats, standard_error: Floats) -> None:
        self.units = y, standard_error, np.ones(len(y))
        self.y, self.noise = y, standard_error**2

    def value(self, vectors: Floats) -> Floats:
        def terms(points: Floats, y: Floats, noise: Floats) -> Floats:
            variance = noise + np.exp(2 * points[:, 1])[:, None]
            squares = (y - points[:, :1]) ** 2 / variance
            return np.asarray(-(np.log(2 * np.pi * variance) + squares).sum(axis=1) / 2)

        return _sum_over_units(terms, vectors, self.y, self.noise)

    def expand(self, vector: Floats) -> tuple[float, Floats, Floats]:
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
        sd2 = 2 * by_sd + 2 * between**2 * (precision2 - 2 * squares_precision)
        mixed = -2 * between * pull_precision
        hessian = np.array([[-precision1, mixed], [mixed, sd2]])
        return float(self.value(vector)), np.array([pull1, by_sd]), hessian


# -------------------------------------------------------------------------- bad input


def _positive(population: Any, *names: str) -> None:
    for name in names:
        object.__setattr__(
            population, name, _check.positive_scalar(getattr(population, name), name)
        )


def _pair(y: ArrayLike, size: ArrayLike, name: str, size_name: str) -> tuple[Floats, Floats]:
    first = _check.finite(y, name)
    second = _check.finite(size, size_name)
    if first.ndim != 1:
        raise ValueError(f"{name} must have shape (J,), one entry per unit, not {first.shape}")
    if second.ndim == 0:
        second = np.full(first.shape, second)
    _check.shape(second, size_name, first.shape)
    return first, second
