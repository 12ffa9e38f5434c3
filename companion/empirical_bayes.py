r"""Where the hyperparameters come from: moments, type-2 maximum likelihood, MAP-2, full Bayes.

The populations of :mod:`companion.hierarchical` say what the data look like *given* their two
hyperparameters :math:`\eta`. The functions here estimate them from the data of all units
(empirical Bayes), or do not estimate them at all and average over what they may be (full Bayes).
Two classics that need no population stand at the end: Robbins' estimator and James-Stein.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from companion import _check
from companion._check import Floats
from companion.hierarchical import (
    BetaBinomial,
    Evidence,
    GammaPoisson,
    NormalNormal,
    Population,
    UnitPosterior,
    blocks,
)

P = TypeVar("P", bound=Population)
LogDensity = Callable[[Floats], Floats]


class NoMaximumError(ValueError):
    """No finite hyperparameters are best: the data ask for complete pooling, or for none."""


class ImproperPosteriorError(ValueError):
    """The hyperprior and the data do not make a probability distribution."""


class DivergentExpectationWarning(UserWarning):
    """An expectation is infinite, or a tail that matters lies outside of what was summed."""


# ------------------------------------------------------------------------------ moments


def fit_moments(
    kind: type[P],
    y: ArrayLike,
    size: ArrayLike,
    space: Literal["predictive", "theta"] = "predictive",
) -> P:
    r"""Match the population to the mean and the variance of the data.

    In "theta" space the raw rates :math:`r_j = y_j / n_j` are taken for the :math:`\theta_j`
    themselves, and their mean and variance (divisor J) for those of the population. That counts the
    noise of the data as spread of the population. In "predictive" space the noise is subtracted:
    with weights :math:`w_j` (trials, exposures or :math:`1/s_j^2`), :math:`W = \sum w_j` and the
    weighted mean :math:`m`,

    .. math:: \sum_j w_j (r_j - m)^2 = (J - 1) \, \nu + \Big(W - \sum_j w_j^2 / W\Big) \, V

    holds in expectation, where :math:`\nu / w_j` is the noise of one rate and V the variance of the
    population; it is solved for V. For the beta-binomial :math:`\nu = m (1 - m) - V`, for the
    gamma-Poisson :math:`\nu = m`, for the normal :math:`\nu = 1`.

    Parameters
    ----------
    kind : BetaBinomial, GammaPoisson or NormalNormal
        The class of the population.
    y, size : arrays of shape (J,)
        The data, as for ``kind.posterior``. Units with size 0 say nothing and are left out.
    space : {"predictive", "theta"}
        Which moments are matched.

    Returns
    -------
    Population
        Of class `kind`. A NormalNormal may have sd = 0.

    Raises
    ------
    NoMaximumError
        If the data vary no more than noise alone would make them, so that V <= 0 (unless `kind` is
        NormalNormal, where it becomes sd = 0), or all rates are 0, or all are 1.
    ValueError
        If there are fewer than two units, or `space` is unknown.

    Notes
    -----
    Kleinman (1973), *Proportions with extraneous variance*, JASA 68, 46-54. For the normal this is
    the estimator of DerSimonian and Laird (1986), Control. Clin. Trials 7, 177-188.

    Examples
    --------
    >>> from companion.datasets import load_rats
    >>> past = load_rats().query("group == 'historical'")
    >>> prior = fit_moments(BetaBinomial, past["tumors"], past["rats"], space="theta")
    >>> round(prior.alpha, 6), round(prior.beta, 6)
    (1.377775, 8.752435)
    """
    if space not in ("predictive", "theta"):
        raise ValueError(f'space must be "predictive" or "theta", not {space!r}')
    y, size = kind.check_data(y, size)
    return _match_moments(kind, y, size, np.ones(len(y)), space)


def _match_moments(
    kind: type[P], y: Floats, size: Floats, times: Floats, space: str = "predictive"
) -> P:
    """Match the moments of clean data, of which every unit is there so many times."""
    if not size.all():
        seen = size > 0
        y, size, times = y[seen], size[seen], times[seen]
    n_units = float(times.sum())
    if n_units < 2:
        raise ValueError(f"y must hold at least two units that were observed, not {n_units:g}")
    normal = issubclass(kind, NormalNormal)

    def pieces() -> Iterator[tuple[Floats, Floats, Floats]]:
        for some, some_size, often in blocks(y, size, times):
            rates = some if normal else some / some_size
            weights = some_size**-2.0 if normal else some_size
            yield rates, weights, often if space == "theta" else often * weights

    sums = [(shares.sum(), shares @ r, shares @ w) for r, w, shares in pieces()]
    total, sum_of_rates, overlap = (float(x) for x in np.sum(sums, axis=0))
    mean = sum_of_rates / total
    spread = float(sum(shares @ (r - mean) ** 2 for r, _, shares in pieces()))
    if space == "theta":
        variance = spread / total
    else:
        noise_units, signal_units = n_units - 1, total - overlap / total
        if issubclass(kind, BetaBinomial):
            # nu = m (1 - m) - V: the noise shrinks as the spread grows.
            excess = spread - noise_units * mean * (1 - mean)
            variance = excess / (signal_units - noise_units) if excess > 0 else 0.0
        else:
            noise = mean if issubclass(kind, GammaPoisson) else 1.0
            variance = (spread - noise_units * noise) / signal_units
    if issubclass(kind, NormalNormal):
        return kind(mean, float(np.sqrt(max(variance, 0.0))))
    if variance <= 0 or mean <= 0:
        raise NoMaximumError(_no_spread(kind, y, size, times))
    if issubclass(kind, GammaPoisson):
        return kind(mean**2 / variance, mean / variance)
    prior_size = mean * (1 - mean) / variance - 1
    if prior_size <= 0:
        raise NoMaximumError(
            "the rates are so spread out that no Beta distribution has their variance: every unit "
            "has nothing or everything"
        )
    pair = [mean * prior_size, (1 - mean) * prior_size]
    return kind(*pair)


def _no_spread(kind: type[Population], y: Floats, size: Floats, times: Floats) -> str:
    names = " and ".join(kind.data_names)
    if not y.any():
        return (
            f"every y is 0: nothing in {names} says how much the units differ, or how low they lie"
        )
    return (
        f"the units differ no more than noise alone would make them: {names} ask for complete "
        f"pooling, one rate {times @ y / (times @ size):.6g} for all"
    )


# ------------------------------------------------------------- type-2 maximum likelihood


@dataclass(frozen=True, eq=False)
class HyperFit(Generic[P]):
    """Hyperparameters that maximise the log evidence, or the log evidence plus a log hyperprior.

    Attributes
    ----------
    population : Population
        At the maximum.
    log_evidence : float
        Of the data at `population`, in nats; the hyperprior is not in it.
    covariance : ndarray of shape (2, 2)
        Inverse of minus the matrix of second derivatives, in the coordinates of ``to_vector``; NaN
        where the maximum lies on the boundary (sd = 0).
    n_iter : int
        Newton steps made.
    """

    population: P
    log_evidence: float
    covariance: Floats
    n_iter: int

    @property
    def standard_errors(self) -> Floats:
        """Roots of the diagonal of `covariance`: of the two coordinates of ``to_vector``."""
        return np.sqrt(np.diag(self.covariance))


def fit_evidence(
    kind: type[P], y: ArrayLike, size: ArrayLike, *, start: P | None = None, max_iter: int = 200
) -> HyperFit[P]:
    r"""Type-2 maximum likelihood: the hyperparameters under which the data were most probable.

    .. math:: \hat\eta = \arg\max_\eta \sum_j \log \int p(y_j \mid \theta) \, p(\theta \mid \eta)
        \, d\theta

    Newton's method with exact derivatives, in the coordinates of ``to_vector``; a step that does
    not climb is halved.

    Parameters
    ----------
    kind : BetaBinomial, GammaPoisson or NormalNormal
        The class of the population.
    y, size : arrays of shape (J,)
        The data, as for ``kind.posterior``.
    start : Population, optional
        Where to start; by default at the match of predictive moments.
    max_iter : int >= 1
        Give up after so many steps.

    Returns
    -------
    HyperFit
        For a NormalNormal the maximum may be at sd = 0; its covariance is then NaN.

    Raises
    ------
    NoMaximumError
        If the evidence rises all the way to complete pooling (the units differ less than noise
        alone would make them), or to no pooling (nothing or everything in every unit), or every y
        is 0.
    ValueError
        If there are fewer than two units.

    Notes
    -----
    Good (1965), *The Estimation of Probabilities*, called it type II; also known as marginal
    maximum likelihood, or empirical Bayes.

    Examples
    --------
    >>> from companion.datasets import load_rats
    >>> rats = load_rats()
    >>> found = fit_evidence(BetaBinomial, rats["tumors"], rats["rats"])
    >>> round(found.population.alpha, 4), round(found.population.beta, 4)
    (2.3416, 14.1148)
    """
    return _climb(kind, _Target(kind.evidence(y, size), None), start, max_iter)


def fit_map2(
    kind: type[P],
    y: ArrayLike,
    size: ArrayLike,
    *,
    log_hyperprior: LogDensity | None = None,
    start: P | None = None,
    max_iter: int = 200,
) -> HyperFit[P]:
    r"""MAP-2: the hyperparameters at which their posterior density is highest.

    .. math:: \hat\eta = \arg\max_\eta \, \{ \log p(y \mid \eta) + \log p(\eta) \}

    A density has its top in another place when the coordinates change. Here it is the density in
    the coordinates of ``to_vector``.

    Parameters
    ----------
    kind : BetaBinomial, GammaPoisson or NormalNormal
        The class of the population.
    y, size : arrays of shape (J,)
        The data, as for ``kind.posterior``.
    log_hyperprior : function, optional
        From points of shape (..., 2), in the coordinates of ``to_vector``, to log-densities in
        these coordinates, up to a constant. By default ``kind.log_diffuse_hyperprior``.
    start : Population, optional
        Where to start; by default at the match of predictive moments.
    max_iter : int >= 1
        Give up after so many steps.

    Returns
    -------
    HyperFit

    Raises
    ------
    NoMaximumError
        If the density rises to the edge of the space.
    ValueError
        If the hyperprior does not return finite numbers.

    Examples
    --------
    >>> from companion.datasets import load_rats
    >>> rats = load_rats()
    >>> found = fit_map2(BetaBinomial, rats["tumors"], rats["rats"])
    >>> round(found.population.mean, 4)
    0.1436
    """
    log_hyperprior = log_hyperprior or kind.log_diffuse_hyperprior
    return _climb(kind, _Target(kind.evidence(y, size), log_hyperprior), start, max_iter)


def _climb(
    kind: type[P], target: _Target, start: P | None = None, max_iter: int = 200
) -> HyperFit[P]:
    """Newton's method on the log evidence, plus a log hyperprior if there is one."""
    _check.count(max_iter, "max_iter")
    y, size, times = target.evidence.units
    seen = times @ (size > 0)
    if target.log_hyperprior is None and seen < 2:
        raise ValueError(f"y must hold at least two units that were observed, not {seen:g}")
    normal = issubclass(kind, NormalNormal)
    if target.log_hyperprior is None and not normal and not y.any():
        raise NoMaximumError(_no_spread(kind, y, size, times))
    x = _start(kind, y, size, times) if start is None else start.to_vector()
    if not np.isfinite(x[1]):  # a NormalNormal with sd = 0
        x[1] = np.log(size.min() / 2)
    scale = np.array([size.min() if normal else 1.0, 1.0])  # a longest step in each coordinate
    floor = np.log(1e-5 * size.min()) if normal else -np.inf
    here = target.expand(x)
    for n_iter in range(1, max_iter + 1):  # noqa: B007
        value, gradient, hessian = here
        curvature, axes = np.linalg.eigh(hessian * np.outer(scale, scale))
        step = axes @ ((axes.T @ (gradient * scale)) / np.maximum(abs(curvature), 1e-12))
        gain = gradient * scale @ step
        step *= scale * min(1.0, 2.0 / np.abs(step).max(initial=1e-300))
        for _ in range(60):  # halve the step until it climbs
            there = target.expand(x + step)
            moved = there[0] >= value - 1e-14 * (1 + abs(value))  # as far as rounding can tell
            # Rounding error is no reason to halve for ever.
            if moved or gain < 1e-9 * (1 + abs(value)):
                break
            step = step / 2
        if moved:
            x, here = x + step, there
        if normal and x[1] < floor:
            break
        if not moved or gain < 1e-13 * (1 + abs(value)):
            break
    else:
        raise NoMaximumError(
            f"no maximum was reached within max_iter = {max_iter} steps: the density may rise "
            "to the edge of the space"
        )
    return _summary(kind, target, x, here, n_iter)


def _start(kind: type[Population], y: Floats, size: Floats, times: Floats) -> Floats:
    """Return the moment match, or a population a little wider than none where there is no match."""
    try:
        x = _match_moments(kind, y, size, times).to_vector()
    except ValueError:
        seen = max(float(times @ size), 1e-300)
        rate = (float(times @ y) + 0.5) / (seen + 1 if issubclass(kind, BetaBinomial) else seen)
        mean = special.logit(rate) if issubclass(kind, BetaBinomial) else np.log(rate)
        x = np.array([mean, np.log(10.0)])
    return x


def _summary(
    kind: type[P], target: _Target, x: Floats, here: tuple[float, Floats, Floats], n_iter: int
) -> HyperFit[P]:
    """Tell from the curvature at the end: a maximum, a boundary, or a slope without end."""
    y, size, times = target.evidence.units
    covariance = np.full((2, 2), np.nan)
    log_evidence, information = here[0] - target.log_prior(x), -here[2]
    if issubclass(kind, NormalNormal):
        at_zero = kind(float(np.average(y, weights=size**-2.0)), 0.0)
        zero = float(target.evidence.value(at_zero.to_vector()))
        flat = target.log_hyperprior is None and zero >= log_evidence
        if flat or x[1] < np.log(1e-3 * size.min()):
            if target.log_hyperprior is not None:
                raise NoMaximumError(
                    "the density of the hyperparameters rises all the way to sd = 0"
                )
            return HyperFit(at_zero, zero, covariance, n_iter)
    along = information[1, 1] - information[0, 1] ** 2 / information[0, 0]
    if not (information[0, 0] > 0 and along > 1e-6):
        if x[1] > 0:
            raise NoMaximumError(_no_spread(kind, y, size, times))
        raise NoMaximumError(
            "the evidence rises all the way to no pooling: every unit has nothing or everything"
        )
    covariance = np.asarray(np.linalg.inv(information))
    return HyperFit(kind.from_vector(x), log_evidence, covariance, n_iter)


class _Target:
    """Log evidence plus log hyperprior, with derivatives (of the hyperprior, by differences)."""

    around = np.array(
        [[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [1, -1], [-1, 1], [-1, -1]]
    )

    def __init__(self, evidence: Evidence, log_hyperprior: LogDensity | None) -> None:
        self.evidence, self.log_hyperprior = evidence, log_hyperprior

    def value(self, x: Floats) -> float:
        return float(self.values(x[None])[0])

    def values(self, vectors: Floats) -> Floats:
        return self._with_hyperprior(self.evidence.value(vectors), vectors)

    def on_grid(self, first: Floats, second: Floats) -> Floats:
        vectors = np.stack(np.meshgrid(first, second, indexing="ij"), axis=-1)
        return self._with_hyperprior(self.evidence.on_grid(first, second), vectors)

    def log_prior(self, x: Floats) -> float:
        return float(self._with_hyperprior(np.zeros(1), x[None])[0])

    def _with_hyperprior(self, total: Floats, vectors: Floats) -> Floats:
        if self.log_hyperprior is None:
            return total
        prior = np.asarray(self.log_hyperprior(vectors), float)
        if prior.shape != total.shape or np.isnan(prior).any():
            raise ValueError(
                "log_hyperprior must return one log-density for every point: for points of shape "
                f"{vectors.shape} an array of shape {total.shape} without NaN"
            )
        return np.asarray(total + prior)

    def expand(self, x: Floats) -> tuple[float, Floats, Floats]:
        value, gradient, hessian = self.evidence.expand(x)
        if self.log_hyperprior is None:
            return value, gradient, hessian
        f = self._with_hyperprior(np.zeros(9), x + 1e-3 * self.around)
        with np.errstate(invalid="ignore"):  # a hyperprior may be zero, its logarithm -inf
            by = np.array([f[1] - f[2], f[3] - f[4]]) / 2e-3
            bend = np.array([f[1] + f[2], f[3] + f[4]]) - 2 * f[0]
            mixed = (f[5] - f[6] - f[7] + f[8]) / 4
        bends = np.array([[bend[0], mixed], [mixed, bend[1]]]) / 1e-6
        return value + float(f[0]), gradient + by, hessian + bends


# ---------------------------------------------------------------------------- full Bayes


class Expectation(NamedTuple):
    """An expectation under the posterior of the hyperparameters, and how wrong it may be.

    Attributes
    ----------
    value : float
        Infinite where the expectation does not exist.
    error : float
        Difference between two resolutions, plus what lies beyond the box if the tail goes on as it
        leaves.
    """

    value: float
    error: float


class HyperPosterior(Generic[P]):
    r"""The posterior of the hyperparameters on a grid, and all that follows from it.

    Made by :func:`full_bayes`.

    Attributes
    ----------
    kind : type
        The class of the population.
    grid : two ndarrays, of shapes (A,) and (B,)
        Evenly spaced values of the two coordinates of ``to_vector``.
    log_density : ndarray of shape (A, B)
        Of the posterior, in these coordinates, in nats; it integrates to one.
    weights : ndarray of shape (A, B)
        Of the nodes; they sum to one.
    log_normalizer : float
        Log of the integral of evidence times hyperprior, as the hyperprior was given.
    """

    def __init__(
        self,
        kind: type[P],
        data: tuple[Floats, Floats],
        grid: tuple[Floats, Floats],
        log_density: Floats,
    ) -> None:
        self.kind, self.data, self.grid = kind, data, grid
        cell = (grid[0][1] - grid[0][0]) * (grid[1][1] - grid[1][0])
        self.log_normalizer = float(special.logsumexp(log_density) + np.log(cell))
        self.log_density = log_density - self.log_normalizer
        self.weights = np.exp(self.log_density) * cell
        self.vectors = np.stack(np.meshgrid(*grid, indexing="ij"), axis=-1)

    def expectation(self, function: Callable[[Floats, Floats], Floats]) -> Expectation:
        r"""Posterior expectation of a function of the two hyperparameters.

        .. math:: \mathrm{E}[f(\eta) \mid y] = \int f(\eta) \, p(\eta \mid y) \, d\eta

        Parameters
        ----------
        function : from two arrays of hyperparameters to an array of the same shape
            For example ``lambda alpha, beta: alpha / (alpha + beta)``.

        Returns
        -------
        Expectation
            ``value`` and ``error``. A warning says where the expectation is infinite, or where the
            box leaves out what matters.

        Examples
        --------
        >>> posterior = full_bayes(BetaBinomial, [1, 3, 6], [10, 10, 10])
        >>> value, error = posterior.expectation(lambda alpha, beta: alpha / (alpha + beta))
        >>> round(value, 3), error < 1e-6
        (0.383, True)
        """
        values = np.asarray(function(*self.kind.from_coordinates(self.vectors)), float)
        if values.shape != self.weights.shape:
            raise ValueError("function must return one value for every pair of hyperparameters")
        terms = values * self.weights
        value = float(terms.sum())
        error = abs(value - float((terms[::2, ::2]).sum() / self.weights[::2, ::2].sum()))
        outside = 0.0
        for axis in (0, 1):
            strips = np.abs(terms).sum(axis=1 - axis)
            for last, before in ((strips[-1], strips[-2]), (strips[0], strips[1])):
                if last <= 1e-15 * abs(value):
                    continue
                if last >= 0.9999 * before:  # a tail that does not fall has no finite sum
                    warnings.warn(
                        "this expectation is infinite: the tail of function times density does "
                        f"not fall along {self.kind.coordinates[axis]}",
                        DivergentExpectationWarning,
                        stacklevel=2,
                    )
                    return Expectation(float(np.sign(value) * np.inf), np.inf)
                outside += float(last**2 / (before - last))
        if outside > 1e-3 * abs(value):
            warnings.warn(
                f"beyond the box may lie {outside:.2g} of an expectation of {value:.4g}",
                DivergentExpectationWarning,
                stacklevel=2,
            )
        return Expectation(value, error + outside)

    def quantile(
        self, function: Callable[[Floats, Floats], Floats], probability: ArrayLike
    ) -> Floats:
        """Posterior quantiles of a function of the hyperparameters, to about three digits.

        Parameters
        ----------
        function : from two arrays of hyperparameters to an array of the same shape
            For example ``lambda alpha, beta: alpha + beta``.
        probability : array of numbers between 0 and 1
            Which quantiles.

        Returns
        -------
        ndarray of the shape of `probability`

        Examples
        --------
        >>> posterior = full_bayes(BetaBinomial, [1, 3, 6], [10, 10, 10])
        >>> low, high = posterior.quantile(lambda alpha, beta: alpha / (alpha + beta), [0.1, 0.9])
        >>> bool(low < 0.383 < high)
        True
        """
        values = np.asarray(function(*self.kind.from_coordinates(self.vectors)), float).ravel()
        order = np.argsort(values)
        weights = self.weights.ravel()[order]
        return np.asarray(
            np.interp(np.asarray(probability), np.cumsum(weights) - weights / 2, values[order])
        )

    def marginal(self, axis: int) -> Floats:
        """Marginal density of one coordinate, at the points ``grid[axis]``.

        Parameters
        ----------
        axis : 0 or 1
            Which coordinate.

        Returns
        -------
        ndarray

        Examples
        --------
        >>> posterior = full_bayes(BetaBinomial, [1, 3, 6], [10, 10, 10])
        >>> v = posterior.grid[1]
        >>> round(float(posterior.marginal(1).sum() * (v[1] - v[0])), 4)
        1.0
        """
        step = self.grid[axis][1] - self.grid[axis][0]
        return np.asarray(self.weights.sum(axis=1 - axis) / step)

    @property
    def unit_mean(self) -> Floats:
        """Posterior mean of every unit's parameter, shape (J,)."""
        return _mixture_moments(*self._units())[0]

    @property
    def unit_sd(self) -> Floats:
        """Posterior standard deviation of every unit's parameter, shape (J,)."""
        return _mixture_moments(*self._units())[1]

    def unit_interval(self, level: float = 0.95) -> Floats:
        """Central posterior interval of every unit's parameter, the hyperparameters averaged out.

        Parameters
        ----------
        level : float
            Probability of the interval, between 0 and 1.

        Returns
        -------
        ndarray of shape (J, 2)

        Examples
        --------
        >>> posterior = full_bayes(BetaBinomial, [1, 3, 6], [10, 10, 10])
        >>> posterior.unit_interval(0.5).round(2)
        array([[0.1 , 0.27],
               [0.23, 0.4 ],
               [0.4 , 0.62]])
        """
        tail = (1 - _check.fraction(level, "level")) / 2
        return np.stack([self._unit_quantile(p) for p in (tail, 1 - tail)], axis=-1)

    def unit_cdf(self, theta: ArrayLike) -> Floats:
        """Posterior probability that every unit's parameter is at most `theta`.

        Parameters
        ----------
        theta : number, or array of shape (J,)
            Where.

        Returns
        -------
        ndarray of shape (J,)

        Examples
        --------
        >>> full_bayes(BetaBinomial, [1, 3, 6], [10, 10, 10]).unit_cdf(0.3).round(2)
        array([0.8 , 0.45, 0.07])
        """
        posterior, weights = self._units()
        return np.asarray(weights @ posterior.cdf(np.asarray(theta, float)))

    def unit_log_density(self, theta: ArrayLike) -> Floats:
        """Log of the posterior density of every unit's parameter at `theta`.

        Parameters
        ----------
        theta : number, or array of shape (J,)
            Where.

        Returns
        -------
        ndarray of shape (J,)

        Examples
        --------
        >>> full_bayes(BetaBinomial, [1, 3, 6], [10, 10, 10]).unit_log_density(0.3).round(1)
        array([0.7, 1.2, 0.2])
        """
        posterior, weights = self._units()
        log_density = posterior.log_density(np.asarray(theta, float))
        return np.asarray(special.logsumexp(log_density, axis=0, b=weights[:, None]))

    def log_predictive(self, y: ArrayLike, size: ArrayLike) -> Floats:
        r"""Log-probability of the data of new units, each by itself.

        .. math:: \log \int p(y^* \mid \eta) \, p(\eta \mid y) \, d\eta

        Parameters
        ----------
        y, size : arrays of shape (J*,)
            Data of new units.

        Returns
        -------
        ndarray of shape (J*,)
            In nats.

        Examples
        --------
        >>> posterior = full_bayes(BetaBinomial, [1, 3, 6], [10, 10, 10])
        >>> round(float(np.exp(posterior.log_predictive(np.arange(11), 10)).sum()), 8)
        1.0
        """
        y, size = self.kind.check_data(y, size)
        vectors, weights = self._nodes()
        one = [
            self.kind.evidence(y[j : j + 1], size[j : j + 1]).value(vectors) for j in range(len(y))
        ]
        return np.asarray(special.logsumexp(np.array(one), axis=1, b=weights))

    def sample(self, rng: np.random.Generator, size: int = 1) -> Floats:
        """Draw hyperparameters from their posterior: a node, and a uniform place in its cell.

        Parameters
        ----------
        rng : Generator
            Source of chance.
        size : int >= 1
            How many draws.

        Returns
        -------
        ndarray of shape (size, 2)
            The hyperparameters, for example alpha and beta.

        Examples
        --------
        >>> posterior = full_bayes(BetaBinomial, [1, 3, 6], [10, 10, 10])
        >>> posterior.sample(np.random.default_rng(1), 5).shape
        (5, 2)
        """
        _check.count(size, "size")
        cumulative = np.cumsum(self.weights.ravel())
        node = np.searchsorted(cumulative, rng.random(size) * cumulative[-1])
        steps = np.array([g[1] - g[0] for g in self.grid])
        points = self.vectors.reshape(-1, 2)[node] + (rng.random((size, 2)) - 0.5) * steps
        return np.stack(self.kind.from_coordinates(points), axis=-1)

    def sample_units(self, rng: np.random.Generator, size: int = 1) -> Floats:
        """Draw the parameters of all units from their joint posterior.

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
        >>> posterior = full_bayes(BetaBinomial, [1, 3, 6], [10, 10, 10])
        >>> posterior.sample_units(np.random.default_rng(1), 5).shape
        (5, 3)
        """
        draws = self.sample(rng, size)
        units = self.kind.unit_posterior((draws[:, :1], draws[:, 1:]), *self.data)
        return np.asarray(units.sample(rng)[0])

    def _nodes(self, least: float = 1e-12) -> tuple[Floats, Floats]:
        """Nodes of the coarser resolution whose weight matters, and their weights."""
        weights = self.weights[::2, ::2].ravel()
        kept = weights > least * weights.max()
        vectors = self.vectors[::2, ::2].reshape(-1, 2)
        return np.asarray(vectors[kept]), np.asarray(weights[kept] / weights[kept].sum())

    def _units(self, least: float = 1e-12) -> tuple[UnitPosterior, Floats]:
        """Posterior of every unit (columns) at every node (rows), and the nodes' weights."""
        vectors, weights = self._nodes(least)
        pair = tuple(h[:, None] for h in self.kind.from_coordinates(vectors))
        return self.kind.unit_posterior(pair, *self.data), weights

    def _unit_quantile(self, probability: float) -> Floats:
        """Invert the distribution function of every unit: Newton's steps within a bracket."""
        posterior, weights = self._units(1e-8)
        mean, sd = _mixture_moments(posterior, weights)
        low, high = mean - 50 * sd, mean + 50 * sd
        theta = type(posterior).from_moments(mean, sd).quantile(probability)
        for _ in range(60):
            gap = weights @ posterior.cdf(theta) - probability
            low, high = np.where(gap < 0, theta, low), np.where(gap < 0, high, theta)
            density = weights @ np.exp(posterior.log_density(theta))
            with np.errstate(divide="ignore", invalid="ignore"):
                after = theta - gap / density
            small = abs(after - theta) <= 5e-5 * sd  # what is left is of the order of the square
            good = small | ((after > low) & (after < high))
            theta = np.where(good, after, (low + high) / 2)  # outside of the bracket, halve it
            if small.all():
                break
        return np.asarray(theta)


def _mixture_moments(posterior: UnitPosterior, weights: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of every unit, averaged over the nodes."""
    mean = weights @ posterior.mean
    variance = weights @ (posterior.sd**2 + (posterior.mean - mean) ** 2)
    return np.asarray(mean), np.sqrt(variance)


def full_bayes(
    kind: type[P],
    y: ArrayLike,
    size: ArrayLike,
    *,
    log_hyperprior: LogDensity | None = None,
    tol: float = 1e-8,
) -> HyperPosterior[P]:
    r"""Full Bayes: the posterior of the hyperparameters, by the trapezoid rule.

    .. math:: p(\eta \mid y) \propto p(\eta) \prod_j \int p(y_j \mid \theta) \,
        p(\theta \mid \eta) \, d\theta

    The box starts at the top of the density and grows until what it leaves out is below `tol`. For
    a smooth density that vanishes at the edges, the error of the trapezoid rule falls
    geometrically: the step is halved until two resolutions agree to `tol`.

    Parameters
    ----------
    kind : BetaBinomial, GammaPoisson or NormalNormal
        The class of the population.
    y, size : arrays of shape (J,)
        The data, as for ``kind.posterior``.
    log_hyperprior : function, optional
        From points of shape (..., 2), in the coordinates of ``to_vector``, to log-densities in
        these coordinates, up to a constant. By default ``kind.log_diffuse_hyperprior``.
    tol : float > 0
        Relative error of the integral that is accepted.

    Returns
    -------
    HyperPosterior

    Raises
    ------
    ImproperPosteriorError
        If the density does not fall towards an edge, or has no top.
    ValueError
        If `tol` is not between 0 and 1, or the hyperprior returns something else than one number
        for every point.

    Notes
    -----
    BDA3, section 5.3. Trefethen and Weideman (2014), *The exponentially convergent trapezoidal
    rule*, SIAM Review 56, 385-458.

    Examples
    --------
    >>> from companion.datasets import load_rats
    >>> rats = load_rats()
    >>> posterior = full_bayes(BetaBinomial, rats["tumors"], rats["rats"])
    >>> round(float(posterior.unit_mean[70]), 8)
    0.21085684
    """
    _check.fraction(tol, "tol")
    y, size = kind.check_data(y, size)
    target = _Target(kind.evidence(y, size), log_hyperprior or kind.log_diffuse_hyperprior)
    try:
        top = _climb(kind, target)
    except NoMaximumError as error:
        raise ImproperPosteriorError(
            f"the posterior of the hyperparameters has no top: {error}; try a proper log_hyperprior"
        ) from None
    peak = top.population.to_vector()
    step = 1 / np.sqrt(np.diag(np.linalg.inv(top.covariance)))  # sd of one given the other
    low, high = _box(target, peak, step, np.log(tol) - 5, kind).T
    first, second = (peak[i] + step[i] * np.arange(low[i], high[i] + 1) for i in (0, 1))
    log_density = target.on_grid(first, second)
    integral = special.logsumexp(log_density) + np.log(step).sum()
    for _ in range(4):
        before, step = integral, step / 2
        first, second, log_density = _refined(target, first, second, log_density)
        integral = special.logsumexp(log_density) + np.log(step).sum()
        if abs(integral - before) < tol:
            break
    return HyperPosterior(kind, (y, size), (first, second), log_density)


def _refined(
    target: _Target, first: Floats, second: Floats, coarse: Floats
) -> tuple[Floats, Floats, Floats]:
    """Halve the step of a grid: three of four nodes are new."""
    first, second = (np.linspace(g[0], g[-1], 2 * len(g) - 1) for g in (first, second))
    fine = np.empty((len(first), len(second)))
    fine[::2, ::2] = coarse
    fine[::2, 1::2] = target.on_grid(first[::2], second[1::2])
    fine[1::2] = target.on_grid(first[1::2], second)
    return first, second, fine


def _box(
    target: _Target, peak: Floats, step: Floats, drop: float, kind: type[Population]
) -> Floats:
    """Grow a box around the top until the density on its edges has fallen by `drop`: (2, 2)."""
    box = np.array([[-6.0, 6.0], [-6.0, 6.0]])
    top = target.value(peak)
    for _ in range(200):
        sides = []
        for axis, side in np.ndindex(2, 2):
            along = np.arange(box[1 - axis, 0], box[1 - axis, 1] + 1)
            sides.append(np.full((len(along), 2), box[axis, side]))
            sides[-1][:, 1 - axis] = along
        density = target.values(peak + np.concatenate(sides) * step)
        begins = np.cumsum([0] + [len(side) for side in sides[:-1]])
        high = (np.maximum.reduceat(density, begins) - top > drop).reshape(2, 2)
        if not high.any():
            return box
        box += high * [-1.0, 1.0] * np.maximum(2.0, abs(box) // 5)
        if (abs(box * step[:, None]).max(axis=1) > 300 * np.maximum(1, step)).any():
            break
    axis, side = divmod(int(np.argmax(abs(box * step[:, None]))), 2)
    raise ImproperPosteriorError(
        f"the density of the hyperparameters does not fall to zero as {kind.coordinates[axis]} "
        f"{'grows' if side else 'falls'}: with this log_hyperprior the posterior is improper"
    )


# ------------------------------------------------------------------------------ classics


def robbins(frequencies: ArrayLike) -> Floats:
    r"""Robbins' estimate of the rate of a unit with y events, without any population.

    .. math:: \mathrm{E}[\theta \mid y] = (y + 1) \frac{p(y + 1)}{p(y)}
        \approx (y + 1) \frac{N_{y + 1}}{N_y}

    holds for every population of Poisson rates; the shares are put in for the probabilities.

    Parameters
    ----------
    frequencies : array of shape (Y + 1,)
        How many units had 0, 1, ..., Y events: whole numbers >= 0.

    Returns
    -------
    ndarray of shape (Y,)
        Estimates for y = 0, ..., Y - 1; NaN where no unit had y events.

    Raises
    ------
    ValueError
        If a frequency is negative or no whole number, or there are fewer than two.

    Notes
    -----
    Robbins (1956), *An empirical Bayes approach to statistics*, Proc. Third Berkeley Symp. 1,
    157-163.

    Examples
    --------
    >>> robbins([7840, 1317, 239]).round(3)
    array([0.168, 0.363])
    """
    counts = _check.finite(frequencies, "frequencies")
    if counts.ndim != 1 or len(counts) < 2:
        raise ValueError(f"frequencies must be a vector of at least two, not {counts.shape}")
    if (counts < 0).any() or (counts != np.floor(counts)).any():
        raise ValueError("frequencies must be whole numbers >= 0")
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.arange(1, len(counts)) * counts[1:] / counts[:-1]
    return np.where(counts[:-1] > 0, found, np.nan)


def james_stein(
    x: ArrayLike, variance: float = 1.0, center: float | None = None, positive_part: bool = True
) -> Floats:
    r"""James-Stein estimate of many normal means, each seen once with the same known variance.

    .. math:: \hat\theta_j = c + \Big(1 - \frac{(J - 2) \, \sigma^2}{\sum_i (x_i - c)^2}\Big)
        (x_j - c)

    Without a `center` the estimates are pulled to the mean of `x`, and J - 3 stands for J - 2.

    Parameters
    ----------
    x : array of shape (J,)
        One observation of every mean.
    variance : float > 0
        Of every observation.
    center : float, optional
        Where to pull.
    positive_part : bool
        Never pull beyond the center.

    Returns
    -------
    ndarray of shape (J,)

    Raises
    ------
    ValueError
        If there are fewer than three observations (four without a `center`), or `variance` is not
        positive.

    Notes
    -----
    James and Stein (1961); with the mean as center, Efron and Morris (1975), *Data analysis using
    Stein's estimator and its generalizations*, JASA 70, 311-319.

    Examples
    --------
    >>> james_stein([0.0, 3.0, 0.0, 4.0], center=0.0)
    array([0.  , 2.76, 0.  , 3.68])
    """
    values = _check.finite(x, "x")
    if values.ndim != 1:
        raise ValueError(f"x must have shape (J,), not {values.shape}")
    lost = 2 if center is not None else 3
    if len(values) <= lost:
        raise ValueError(f"x must hold at least {lost + 1} observations, not {len(values)}")
    if not variance > 0:
        raise ValueError(f"variance must be a number > 0, not {variance!r}")
    middle = values.mean() if center is None else center
    distance = values - middle
    squares = distance @ distance
    keep = 1 - (len(values) - lost) * variance / squares if squares > 0 else 0.0
    return np.asarray(middle + (max(keep, 0.0) if positive_part else keep) * distance)
