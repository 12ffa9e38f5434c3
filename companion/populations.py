r"""What populations of units share: rats by experiment, deaths by county, effects by school.

Unit j has a parameter :math:`\theta_j` of its own, drawn from a population; its data depend on
:math:`\theta_j` alone.

.. math:: \theta_j \sim p(\theta \mid \eta), \qquad y_j \sim p(y \mid \theta_j)

A population is a frozen record of its two hyperparameters :math:`\eta`. All of them do the same
things: give the posterior of every unit, the log evidence of the hyperparameters with exact
derivatives, the prior predictive, the shrinkage, and the two steps of EM with the
:math:`\theta_j` as what is hidden. :mod:`companion.hierarchical` has three of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from companion import _check
from companion._check import Floats
from companion.evidence import Evidence
from companion.units import UnitPosterior

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
    center : float
        For the normal: the totals are of theta - center and of its square, so that no digits are
        lost where the mean is large. It may differ between statistics that are added.
    """

    totals: Floats
    n_units: int
    center: float = 0.0

    def __add__(self, other: UnitStatistics) -> UnitStatistics:
        step = other.center - self.center
        first, second = other.totals
        moved = np.array([first + other.n_units * step, second + step * (2 * first)])
        moved[1] += other.n_units * step**2
        totals = self.totals + (moved if step else other.totals)
        return UnitStatistics(totals, self.n_units + other.n_units, self.center)


# -------------------------------------------------------------------------- populations


class Population(ABC):
    """What the populations below have in common. The data are two arrays, one entry per unit."""

    data_names: ClassVar[tuple[str, str]]
    coordinates: ClassVar[tuple[str, str]]
    evidence_kind: ClassVar[type[Evidence]]
    long_tails: ClassVar[bool] = False  # of the first coordinate, where the second one is extreme

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
        >>> from companion.hierarchical import BetaBinomial
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
        >>> from companion.hierarchical import BetaBinomial
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
        >>> from companion.hierarchical import BetaBinomial
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
        >>> from companion.hierarchical import BetaBinomial
        >>> BetaBinomial.from_vector([0.0, np.log(4)])
        BetaBinomial(alpha=2.0, beta=2.0)
        """
        point = _check.finite(vector, "vector")
        _check.shape(point, "vector", (2,))
        with np.errstate(over="ignore", under="ignore"):
            pair = [float(h) for h in cls.from_coordinates(point)]
        try:
            return cls(*pair)
        except ValueError as error:
            raise ValueError(f"vector leads out of the range of numbers: {error}") from None

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
        >>> from companion.hierarchical import BetaBinomial
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
        >>> from companion.hierarchical import BetaBinomial
        >>> gradient, hessian = BetaBinomial.evidence([1], [2]).derivatives(np.array([0.0, 3.0]))
        >>> hessian.shape
        (2, 2)
        """
        y, size = cls.check_data(y, size)
        return cls.evidence_kind(y.copy(), size.copy())  # the caller may write into them

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
        >>> from companion.hierarchical import BetaBinomial
        >>> BetaBinomial.log_diffuse_hyperprior(np.array([[0.0, 2.0]])).round(4)
        array([-2.3863])
        """

    @staticmethod
    @abstractmethod
    def pooled(y: Floats, size: Floats) -> tuple[float, float]:
        """Return the first coordinate and its standard error, if all units were one.

        Parameters
        ----------
        y, size : ndarrays of shape (J,)
            Clean data.

        Returns
        -------
        value, standard_error : float

        Examples
        --------
        >>> from companion.hierarchical import NormalNormal
        >>> NormalNormal.pooled(np.array([1.0, 3.0]), np.array([2.0, 2.0]))[0]
        2.0
        """

    @staticmethod
    @abstractmethod
    def pooled_mode(y: Floats, size: Floats, times: Floats) -> float:
        """Return the first coordinate at which one unit with all these counts is most probable.

        Parameters
        ----------
        y, size, times : ndarrays of shape (J,)
            Clean data, and how many units have them.

        Returns
        -------
        float

        Examples
        --------
        >>> from companion.hierarchical import GammaPoisson
        >>> one = np.array([1.0])
        >>> GammaPoisson.pooled_mode(one, one, one)
        0.0
        """

    @staticmethod
    @abstractmethod
    def improper_by_default(y: Floats, size: Floats) -> str:
        """Say why these clean data have no posterior under :meth:`log_diffuse_hyperprior`.

        Parameters
        ----------
        y, size : ndarrays of shape (J,)
            Clean data.

        Returns
        -------
        str
            Empty if the posterior of the hyperparameters is proper.

        Examples
        --------
        >>> from companion.hierarchical import BetaBinomial
        >>> BetaBinomial.improper_by_default(np.array([0.0, 1.0, 3.0]), np.array([1.0, 1.0, 9.0]))
        ''
        """

    if TYPE_CHECKING:  # a property of two populations, a field of the third

        @property
        def mean(self) -> float:
            """Mean of the units' parameters in the population."""

        @property
        def sd(self) -> float:
            """Standard deviation of the units' parameters in the population."""

    @property
    @abstractmethod
    def law(self) -> UnitPosterior:
        """The population as a law: what is known of a unit that was not observed."""

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
        >>> from companion.hierarchical import BetaBinomial
        >>> np.exp(BetaBinomial(1, 1).log_density([0.2, 0.7])).round(6)
        array([1., 1.])
        """
        return self.law.log_density(theta)

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
        >>> from companion.hierarchical import BetaBinomial
        >>> BetaBinomial(2, 3).sample(np.random.default_rng(1), 4).shape
        (4,)
        """
        return self.law.sample(rng, size)

    @abstractmethod
    def shrinkage(self, size: ArrayLike) -> Floats:
        r"""Weight of the population's mean in every unit's posterior mean.

        .. math:: \mathrm{E}[\theta_j \mid y] = B_j \, \mathrm{E}[\theta]
            + (1 - B_j) \, \hat\theta_j, \qquad
            B_j = \frac{\alpha + \beta}{\alpha + \beta + n_j}, \quad
            \frac{\mathrm{rate}}{\mathrm{rate} + e_j}, \quad
            \frac{s_j^2}{s_j^2 + \mathrm{sd}^2}

        Parameters
        ----------
        size : array of shape (J,), or a number
            Trials, exposures or standard errors of the units.

        Returns
        -------
        ndarray
            Between 0 (the raw value) and 1 (the population's mean).

        Examples
        --------
        >>> from companion.hierarchical import BetaBinomial, NormalNormal
        >>> BetaBinomial(2, 8).shrinkage([0, 10, 90]), NormalNormal(0, 3).shrinkage([4.0])
        (array([1. , 0.5, 0.1]), array([0.64]))
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
        >>> from companion.hierarchical import BetaBinomial
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
        >>> from companion.hierarchical import BetaBinomial
        >>> rng = np.random.default_rng(1)
        >>> BetaBinomial(2, 3).sample_prior_predictive([10, 20], rng, n_samples=7).shape
        (7, 2)
        """

    @abstractmethod
    def _statistics(self, y: Floats, size: Floats) -> UnitStatistics:
        """Return the sums of the posterior expectations that the M-step reads."""

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
        >>> from companion.hierarchical import NormalNormal
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
        >>> from companion.hierarchical import BetaBinomial
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
        >>> from companion.hierarchical import BetaBinomial
        >>> round(float(np.exp(BetaBinomial(1, 1).log_evidence([0, 1], [2, 2]))), 6)
        0.111111
        """
        return float(self.evidence(y, size).value(self.to_vector()))

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
        >>> from companion.hierarchical import BetaBinomial
        >>> statistics, log_evidence = BetaBinomial(1, 1).e_step([1], [2])
        >>> statistics.n_units, round(log_evidence, 6)
        (1, -1.098612)
        """
        y, size = self.check_data(y, size)
        return self._statistics(y, size), self.log_evidence(y, size)
