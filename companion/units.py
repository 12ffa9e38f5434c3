r"""What is known of every unit: one law for each, as arrays with one entry per unit.

Given the hyperparameters it is a Beta, Gamma or normal distribution; with the hyperparameters
averaged out, a mixture of them over the nodes of a grid.

.. math:: p(\theta_j \mid y) = \sum_m w_m \, p(\theta_j \mid y_j, \eta_m)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from companion import _check, _rising
from companion._check import Floats

SMALLEST, LARGEST = float(np.finfo(float).tiny), float(np.finfo(float).max)


class UnitPosterior(ABC):
    """The posterior of every unit's parameter, given the hyperparameters: one law for each unit."""

    @property
    @abstractmethod
    def mean(self) -> Floats:
        """Mean of every unit's parameter."""

    @property
    @abstractmethod
    def sd(self) -> Floats:
        """Standard deviation of every unit's parameter."""

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

    def interval(self, level: float = 0.95) -> Floats:
        """Central interval of every unit's parameter.

        Parameters
        ----------
        level : float
            Probability of the interval, between 0 and 1.

        Returns
        -------
        ndarray of shape (J, 2)
            Ends of the intervals, within the parameter's range.

        Examples
        --------
        >>> NormalPosterior([0.0], [1.0]).interval(0.95).round(2)
        array([[-1.96,  1.96]])
        """
        tail = (1 - _check.fraction(level, "level")) / 2
        return np.stack([self.quantile(tail), self.quantile(1 - tail)], axis=-1)


class Family(UnitPosterior):
    """A family of laws with two parameters; its own real line, where a quantile can be searched.

    Attributes
    ----------
    floats : two floats
        The first and the last number inside the range of the parameter.
    """

    floats: ClassVar[tuple[float, float]]

    def _beside(self, value: Floats) -> Floats:
        """Return `value`, or say that it does not broadcast against the units."""
        try:
            np.broadcast_shapes(value.shape, self.mean.shape)
        except ValueError:
            raise ValueError(
                f"probability has shape {value.shape}, which does not go with {self.mean.shape} of "
                "the units"
            ) from None
        return value

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

    @abstractmethod
    def at(self, rows: Any) -> Self:
        """Return the laws of these rows.

        Parameters
        ----------
        rows : array of bool, or of whole numbers
            Which of the first axis; or an index of both axes.

        Returns
        -------
        UnitPosterior

        Examples
        --------
        >>> NormalPosterior([[1.0], [2.0]], 1.0).at(np.array([False, True])).mean
        array([[2.]])
        """

    @staticmethod
    @abstractmethod
    def to_line(theta: Floats) -> Floats:
        """Map the range of the parameter to the real line: logit, log or nothing.

        Parameters
        ----------
        theta : ndarray
            Values of the parameter.

        Returns
        -------
        ndarray of the same shape

        Examples
        --------
        >>> BetaPosterior.to_line(np.array([0.5]))
        array([0.])
        """

    @staticmethod
    @abstractmethod
    def from_line(x: Floats) -> tuple[Floats, Floats]:
        """Map the real line to the range of the parameter: the inverse of :meth:`to_line`.

        Parameters
        ----------
        x : ndarray
            Points.

        Returns
        -------
        theta, log_slope : ndarrays of the same shape
            The parameter, and the logarithm of its derivative.

        Examples
        --------
        >>> theta, log_slope = BetaPosterior.from_line(np.array([0.0]))
        >>> theta, np.exp(log_slope).round(6)
        (array([0.5]), array([0.25]))
        """

    def bracket(self, probability: Floats) -> tuple[Floats, Floats]:
        """Return points of the real line between which every mixture's quantile lies: its ends.

        Parameters
        ----------
        probability : ndarray of shape (J,)
            Of the quantile.

        Returns
        -------
        low, high : ndarrays of shape (J,)

        Examples
        --------
        >>> NormalPosterior([[0.0], [4.0]], 1.0).bracket(np.array([0.5]))
        (array([0.]), array([4.]))
        """
        return np.full(probability.shape, -np.inf), np.full(probability.shape, np.inf)


class BetaPosterior(Family):
    """Beta distributions: `alpha` and `beta` are arrays with one entry per unit, all > 0.

    SciPy's incomplete beta function has ten digits and more up to parameters of 1e10, and four at
    1e12.
    """

    floats: ClassVar[tuple[float, float]] = (SMALLEST, 1 - 2.0**-53)

    def __init__(self, alpha: ArrayLike, beta: ArrayLike) -> None:
        alpha, beta = _check.positive(alpha, "alpha"), _check.positive(beta, "beta")
        self.alpha, self.beta = _together(alpha, beta, "alpha", "beta")

    @cached_property
    def mean(self) -> Floats:  # noqa: D102
        with np.errstate(under="ignore"):
            return np.asarray(self.alpha / (self.alpha + self.beta))

    @cached_property
    def sd(self) -> Floats:  # noqa: D102
        size = self.alpha + self.beta
        with np.errstate(under="ignore"):
            return np.sqrt(self.mean * (self.beta / size) / (size + 1))

    @classmethod
    def from_moments(cls, mean: Floats, sd: Floats) -> Self:  # noqa: D102
        size = np.maximum(mean * (1 - mean) / sd**2 - 1, 1e-9)  # 0, where all is at the ends
        alpha, beta = size * mean, size * (1 - mean)  # 0, where a mean was rounded to an end
        return cls(np.maximum(alpha, SMALLEST), np.maximum(beta, SMALLEST))

    def at(self, rows: Any) -> Self:  # noqa: D102
        return type(self)(self.alpha[rows], self.beta[rows])

    @staticmethod
    def to_line(theta: Floats) -> Floats:  # noqa: D102
        with np.errstate(divide="ignore"):
            return np.asarray(special.logit(theta))

    @staticmethod
    def from_line(x: Floats) -> tuple[Floats, Floats]:  # noqa: D102
        with np.errstate(under="ignore"):
            away = np.abs(x)
            return special.expit(x), -away - 2 * np.log1p(np.exp(-away))

    @cached_property
    def _rests(self) -> Floats:
        """What the log-density has beside a divergence from the mean: no theta in it."""
        a, b, rest = self.alpha, self.beta, _rising.log_factorial_rest
        return np.asarray(rest(a + b) - rest(a) - rest(b) - np.log(1 / a + 1 / b))

    @np.errstate(divide="ignore", invalid="ignore", under="ignore", over="ignore")
    def log_density(self, theta: ArrayLike) -> Floats:  # noqa: D102
        theta = _theta(theta)
        a, b, size = self.alpha, self.beta, self.alpha + self.beta
        cost = special.rel_entr(a, size * theta) + special.rel_entr(b, size * (1 - theta))
        inside = self._rests - cost - np.log(theta) - np.log1p(-theta)
        if ((theta > 0) & (theta < 1)).all():
            return np.asarray(inside)
        powers = special.xlogy(a - 1, theta) + special.xlog1py(b - 1, -theta)
        edge = np.where((theta < 0) | (theta > 1), -np.inf, powers - special.betaln(a, b))
        return np.asarray(np.where((theta > 0) & (theta < 1), inside, edge))

    @np.errstate(under="ignore")
    def cdf(self, theta: ArrayLike) -> Floats:  # noqa: D102
        found = special.betainc(self.alpha, self.beta, np.clip(_theta(theta), 0, 1))
        return np.where(np.isnan(found), 0.5, found)  # lost at the mean when alpha exceeds 1e17

    @np.errstate(under="ignore")
    def quantile(self, probability: ArrayLike) -> Floats:  # noqa: D102
        p = self._beside(_probability(probability))
        found = np.asarray(special.betaincinv(self.alpha, self.beta, p))
        lost = np.isnan(found)  # SciPy gives up far out in a tail, and where parameters are huge
        if lost.any():
            alpha, beta, p = (
                np.broadcast_to(v, found.shape)[lost] for v in (self.alpha, self.beta, p)
            )
            found[lost] = _searched(BetaPosterior(alpha[np.newaxis], beta[np.newaxis]), ONE, p)
        return found

    def sample(self, rng: np.random.Generator, size: int = 1) -> Floats:  # noqa: D102
        size, rng = _check.count(size, "size"), _check.generator(rng)
        return rng.beta(self.alpha, self.beta, (size, *self.alpha.shape))


class GammaPosterior(Family):
    """Gamma distributions: `shape` and `rate` are arrays with one entry per unit, all > 0.

    SciPy's incomplete gamma function has few digits far below the mean of a large shape: beyond 4.5
    standard deviations, where probabilities are under 4e-6, they are right to 1e-6 up to a shape of
    a million, to two digits at ten million, and no longer at a billion.
    """

    floats: ClassVar[tuple[float, float]] = (SMALLEST, LARGEST)

    def __init__(self, shape: ArrayLike, rate: ArrayLike) -> None:
        shape, rate = _check.positive(shape, "shape"), _check.positive(rate, "rate")
        self.shape, self.rate = _together(shape, rate, "shape", "rate")

    @cached_property
    def mean(self) -> Floats:  # noqa: D102
        with np.errstate(over="ignore", under="ignore"):
            return np.where(self.rate > SMALLEST, self.shape / self.rate, np.inf)

    @cached_property
    def sd(self) -> Floats:  # noqa: D102
        with np.errstate(over="ignore", under="ignore"):
            return np.asarray(np.sqrt(self.shape) / self.rate)

    @classmethod
    def from_moments(cls, mean: Floats, sd: Floats) -> Self:  # noqa: D102
        return cls((mean / sd) ** 2, mean / sd / sd)

    def at(self, rows: Any) -> Self:  # noqa: D102
        return type(self)(self.shape[rows], self.rate[rows])

    @staticmethod
    def to_line(theta: Floats) -> Floats:  # noqa: D102
        with np.errstate(divide="ignore"):
            return np.log(theta)

    @staticmethod
    def from_line(x: Floats) -> tuple[Floats, Floats]:  # noqa: D102
        with np.errstate(over="ignore", under="ignore"):
            return np.exp(x), x

    @np.errstate(divide="ignore", invalid="ignore", under="ignore", over="ignore")
    def log_density(self, theta: ArrayLike) -> Floats:  # noqa: D102
        theta = _theta(theta)
        scaled = self.rate * theta
        rest = np.log(self.shape) - _rising.log_factorial_rest(self.shape)
        cost = _rising.deviance(self.shape, scaled, scaled - self.shape)
        inside = rest - cost - np.log(theta)
        edge = special.xlogy(self.shape - 1, scaled) + np.log(self.rate)  # at zero
        outside = np.where((theta < 0) | (scaled == np.inf), -np.inf, edge)
        return np.asarray(np.where((theta > 0) & (scaled < np.inf), inside, outside))

    @np.errstate(under="ignore", over="ignore")
    def cdf(self, theta: ArrayLike) -> Floats:  # noqa: D102
        found = special.gammainc(self.shape, self.rate * np.maximum(_theta(theta), 0))
        return np.asarray(np.minimum(found, 1.0))  # more by rounding, where a shape is tiny

    @np.errstate(under="ignore", over="ignore")
    def quantile(self, probability: ArrayLike) -> Floats:  # noqa: D102
        p = self._beside(_probability(probability))
        return np.asarray(special.gammaincinv(self.shape, p) / self.rate)

    @np.errstate(under="ignore", over="ignore")
    def sample(self, rng: np.random.Generator, size: int = 1) -> Floats:  # noqa: D102
        size, rng = _check.count(size, "size"), _check.generator(rng)
        return np.asarray(rng.gamma(self.shape, size=(size, *self.shape.shape)) / self.rate)


class NormalPosterior(Family):
    """Normal distributions: `mean` and `sd` are arrays with one entry per unit; sd may be 0."""

    floats: ClassVar[tuple[float, float]] = (-LARGEST, LARGEST)

    def __init__(self, mean: ArrayLike, sd: ArrayLike) -> None:
        mean, sd = _check.finite(mean, "mean"), _check.not_negative(sd, "sd")
        self._mean, self._sd = _together(mean, sd, "mean", "sd")

    @property
    def mean(self) -> Floats:  # noqa: D102
        return self._mean

    @property
    def sd(self) -> Floats:  # noqa: D102
        return self._sd

    @classmethod
    def from_moments(cls, mean: Floats, sd: Floats) -> Self:  # noqa: D102
        return cls(mean, sd)

    def at(self, rows: Any) -> Self:  # noqa: D102
        return type(self)(self.mean[rows], self.sd[rows])

    @staticmethod
    def to_line(theta: Floats) -> Floats:  # noqa: D102
        return theta

    @staticmethod
    def from_line(x: Floats) -> tuple[Floats, Floats]:  # noqa: D102
        return x, np.zeros_like(x)

    def bracket(self, probability: Floats) -> tuple[Floats, Floats]:  # noqa: D102
        ends = self.quantile(probability)  # a mixture's quantile lies between its components'
        return ends.min(axis=0), ends.max(axis=0)

    @np.errstate(divide="ignore", invalid="ignore", under="ignore", over="ignore")
    def log_density(self, theta: ArrayLike) -> Floats:  # noqa: D102
        z = self._standard(theta)
        found = -(z**2) / 2 - np.log(self.sd) - np.log(2 * np.pi) / 2
        point = np.where(_theta(theta) == self.mean, np.inf, -np.inf)
        return np.asarray(np.where(self.sd > 0, found, point))

    @np.errstate(under="ignore")
    def cdf(self, theta: ArrayLike) -> Floats:  # noqa: D102
        return np.asarray(special.ndtr(self._standard(theta)))

    def quantile(self, probability: ArrayLike) -> Floats:  # noqa: D102
        z = special.ndtri(self._beside(_probability(probability)))
        with np.errstate(invalid="ignore", under="ignore"):
            return np.asarray(self.mean + np.where(self.sd > 0, self.sd * z, 0.0))

    def sample(self, rng: np.random.Generator, size: int = 1) -> Floats:  # noqa: D102
        size, rng = _check.count(size, "size"), _check.generator(rng)
        return rng.normal(self.mean, self.sd, (size, *self.mean.shape))

    def _standard(self, theta: ArrayLike) -> Floats:
        """Distance from the mean in standard deviations; with sd = 0, plus or minus infinity."""
        distance = _theta(theta) - self.mean
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            at_once = np.where(distance >= 0, np.inf, -np.inf)
            return np.asarray(np.where(self.sd > 0, distance / self.sd, at_once))


ONE = np.ones(1)
F = TypeVar("F", bound=Family)


class MixturePosterior(UnitPosterior, Generic[F]):
    r"""The same mixture of laws for every unit: what is left when hyperparameters are averaged out.

    .. math:: p(\theta_j \mid y) = \sum_m w_m \, p(\theta_j \mid y_j, \eta_m)

    Parameters
    ----------
    components : BetaPosterior, GammaPosterior or NormalPosterior
        With arrays of shape (M, J): the law of every unit (column) at every node (row).
    weights : array of shape (M,)
        Of the nodes; they sum to one.

    Raises
    ------
    ValueError
        If the weights are no probabilities, or not one for every row.

    Examples
    --------
    >>> two = NormalPosterior([[-1.0], [1.0]], 1.0)
    >>> units = MixturePosterior(two, [0.5, 0.5])
    >>> units.mean, units.sd.round(6), units.quantile(0.5).round(6)
    (array([0.]), array([1.414214]), array([0.]))
    """

    def __init__(self, components: F, weights: ArrayLike) -> None:
        self.components, self.weights = components, _check.simplex(weights, "weights")
        if components.mean.ndim != 2:
            raise ValueError(
                f"components must have arrays of shape (M, J), not {components.mean.shape}"
            )
        _check.shape(self.weights, "weights", components.mean.shape[:1])

    @cached_property
    @np.errstate(under="ignore")
    def mean(self) -> Floats:  # noqa: D102
        return np.asarray(self.weights @ self.components.mean)

    @cached_property
    def sd(self) -> Floats:  # noqa: D102
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            off = self.components.mean - self.mean
            found = np.sqrt(self.weights @ (self.components.sd**2 + off**2))
        return np.where(np.isfinite(self.mean), found, np.inf)

    @np.errstate(divide="ignore", under="ignore")
    def log_density(self, theta: ArrayLike) -> Floats:  # noqa: D102
        each = self.components.log_density(theta) + np.log(self.weights)[:, np.newaxis]
        return np.asarray(special.logsumexp(each, axis=0))

    def cdf(self, theta: ArrayLike) -> Floats:  # noqa: D102
        with np.errstate(under="ignore"):
            return np.asarray(self.weights @ self.components.cdf(theta))

    @np.errstate(under="ignore")
    def quantile(self, probability: ArrayLike) -> Floats:
        """Value below which the parameter lies with this probability, for every unit.

        Newton's steps within a bracket, on the parameter's own real line.

        Parameters
        ----------
        probability : array that broadcasts against the units
            Between 0 and 1.

        Returns
        -------
        ndarray of shape (J,)
            Within the range of the parameter. The distribution function there is right to 1e-8.

        Examples
        --------
        >>> MixturePosterior(BetaPosterior([[1.0], [1.0]], 1.0), [0.5, 0.5]).quantile(0.3).round(8)
        array([0.3])
        """
        given = _probability(probability)
        try:
            p = np.broadcast_to(given, self.mean.shape)
        except ValueError:
            raise ValueError(
                f"probability must have the shape of the units, {self.mean.shape}, not "
                f"{given.shape}"
            ) from None
        return _searched(self.components, self.weights, p, self._first_guess(p))

    def _first_guess(self, p: Floats) -> Floats:
        """Quantiles of the law of the same family with the same two moments, on the real line."""
        with np.errstate(all="ignore"):
            middle = self.weights @ self.components.to_line(self.components.mean)
            known = (self.sd > 0) & (self.sd < np.inf) & (p > 0) & (p < 1)
            mean, sd = np.where(known, self.mean, 0.5), np.where(known, self.sd, 0.25)
            guess = self.components.to_line(self.components.from_moments(mean, sd).quantile(p))
        return np.where(known & np.isfinite(guess), guess, middle)

    def sample(self, rng: np.random.Generator, size: int = 1) -> Floats:
        """Draw the parameters of all units from their joint posterior: a node, then every unit.

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
        >>> two = MixturePosterior(NormalPosterior([[-1.0], [1.0]], 1.0), [0.5, 0.5])
        >>> two.sample(np.random.default_rng(1), 5).shape
        (5, 1)
        """
        size, rng = _check.count(size, "size"), _check.generator(rng)
        node = rng.choice(len(self.weights), size, p=self.weights)
        draws: Floats = self.components.at(node).sample(rng)[0]
        return draws


def _searched(laws: Family, weights: Floats, p: Floats, guess: ArrayLike = np.nan) -> Floats:
    """Quantiles of mixtures, by Newton's steps within a bracket, on the parameter's real line."""
    tail = np.minimum(p, 1 - p)
    kept = but_the_lightest(weights, 1e-8 * min(1.0, 100 * float(tail.min())))
    laws, weights = laws.at(kept), weights[kept] / weights[kept].sum()
    low, high = laws.bracket(p)
    # Nearer to the ends of the range than any float, there is nothing to search for.
    first, last = laws.to_line(np.array(laws.floats))
    below = (p == 0) | ((low < first) & (weights @ laws.cdf(laws.floats[0]) >= p))
    above = (p == 1) | ((high > last) & (weights @ laws.cdf(laws.floats[1]) < p))
    found = np.where(above, *(laws.from_line(np.array(end))[0] for end in (np.inf, -np.inf)))
    low, high = np.maximum(low, first), np.minimum(high, last)
    x = np.where(np.isfinite(guess), np.clip(guess, low, high), (low + high) / 2)
    close = np.where(p < 0.5, 1e-9 * p, np.maximum(1e-9 * tail, 4 * _check.DOUBLE))
    units, some = np.flatnonzero(~(below | above)), laws
    for _ in range(200):
        if not units.size:
            break
        if some.mean.shape[1] != len(units):  # those that are found leave the search
            some = laws.at((slice(None), units))
        theta, log_slope = laws.from_line(x[units])
        reached, q = weights @ some.cdf(theta), p[units]
        gap = reached - q
        low[units[gap < 0]], high[units[gap >= 0]] = x[units[gap < 0]], x[units[gap >= 0]]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            # Below, the logarithm of the distribution function is straighter than the function.
            bent = np.where(q < 0.5, reached * (np.log(reached) - np.log(q)), gap)
            after = x[units] - bent / (weights @ np.exp(some.log_density(theta) + log_slope))
        done = np.abs(gap) <= close[units]
        a, b = low[units], high[units]
        middle = (a + b) / 2  # where a step would leave the bracket
        closed = (middle <= a) | (middle >= b)  # no float lies between
        instead = np.where(done, x[units], np.where(closed, b, middle))
        x[units] = np.where((after > a) & (after < b), after, instead)
        found[units] = laws.from_line(x[units])[0]
        units = units[~(done | closed)]
    return found


def but_the_lightest(weights: Floats, share: float) -> NDArray[np.bool_]:
    """Say which nodes to keep, when the lightest may be lost that have this share together.

    Parameters
    ----------
    weights : ndarray of shape (M,)
        Probabilities.
    share : float
        How much may be lost.

    Returns
    -------
    ndarray of bool, shape (M,)

    Examples
    --------
    >>> but_the_lightest(np.array([0.7, 0.04, 0.2, 0.06]), 0.1)
    array([ True, False,  True, False])
    """
    order = np.argsort(weights)
    kept = np.empty(len(weights), dtype=bool)
    kept[order] = np.cumsum(weights[order]) > share
    return kept


def _theta(value: ArrayLike) -> Floats:
    theta = _check.numbers(value, "theta")
    if np.isnan(theta).any():
        raise ValueError("theta must not be NaN or missing")
    return theta


def _probability(value: ArrayLike) -> Floats:
    probability = _check.finite(value, "probability")
    if probability.min() < 0 or probability.max() > 1:
        raise ValueError(
            f"probability must lie in [0, 1], not {probability.min():g} to {probability.max():g}"
        )
    return probability


def _together(a: Floats, b: Floats, name_a: str, name_b: str) -> tuple[Floats, Floats]:
    """Return two arrays of a common shape, or say that they have none."""
    try:
        a, b = np.broadcast_arrays(a.copy(), b.copy())  # the caller may write into them
    except ValueError:
        raise ValueError(
            f"{name_a} and {name_b} must have shapes that go together, not {a.shape} and {b.shape}"
        ) from None
    return a, b
