r"""Full Bayes: the posterior of the hyperparameters, by quadrature, and what follows for the units.

.. math:: p(\eta \mid y) \propto p(\eta) \prod_j \int p(y_j \mid \theta) \, p(\theta \mid \eta)
    \, d\theta
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cached_property
from typing import Any, Generic, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from companion import _check
from companion._check import Floats
from companion.empirical_bayes import HyperFit, LogDensity, NoMaximumError, P, _climb, _Target
from companion.hierarchical import NormalNormal
from companion.units import MixturePosterior, but_the_lightest

Pair = tuple[Floats, Floats]
MAX_HALVINGS = 6  # of each axis, in search of two resolutions that agree
MAX_NODES = 2**19  # no axis is refined beyond
FINE_NODES = 2**20  # for quantiles, to which steps good enough for an integral are not


class ImproperPosteriorError(ValueError):
    """The hyperprior and the data do not make a probability distribution."""


class InaccurateIntegralWarning(UserWarning):
    """Two resolutions of the grid do not agree to what was asked for."""


class DivergentExpectationWarning(UserWarning):
    """An expectation is infinite, or a tail that matters lies outside of what was summed."""


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
        Values of the two coordinates of ``to_vector``. They are evenly spaced, but for a first
        coordinate with long tails (``Population.long_tails``): far out its steps grow.
    widths : two ndarrays, of shapes (A,) and (B,)
        How much of its coordinate each value stands for.
    log_density : ndarray of shape (A, B)
        Of the posterior, in these coordinates, in nats; it integrates to one.
    weights : ndarray of shape (A, B)
        Of the nodes; they sum to one.
    log_normalizer : float
        Log of the integral of evidence times hyperprior, as the hyperprior was given.
    """

    @np.errstate(under="ignore")
    def __init__(
        self,
        kind: type[P],
        data: tuple[Floats, Floats],
        grid: tuple[Floats, Floats],
        widths: tuple[Floats, Floats],
        log_density: Floats,
    ) -> None:
        self.kind, self.data, self.grid, self.widths = kind, data, grid, widths
        log_cells = np.log(widths[0])[:, np.newaxis] + np.log(widths[1])
        self.log_normalizer = float(special.logsumexp(log_density + log_cells))
        self.log_density = log_density - self.log_normalizer
        with np.errstate(under="ignore"):
            self.weights = np.exp(self.log_density + log_cells)
        self.vectors = np.stack(np.meshgrid(*grid, indexing="ij"), axis=-1)

    @np.errstate(under="ignore")
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
        >>> from companion.hierarchical import BetaBinomial
        >>> posterior = full_bayes(BetaBinomial, [1, 3, 6], [10, 10, 10])
        >>> value, error = posterior.expectation(lambda alpha, beta: alpha / (alpha + beta))
        >>> round(value, 3), error < 1e-6
        (0.383, True)
        """
        values = self._values(function)
        with np.errstate(over="ignore", invalid="ignore"):
            terms = np.where(self.weights > 0, values, 0.0) * self.weights
            value = float(terms.sum())
            sizes = np.abs(terms)
            light = ~but_the_lightest(self.weights.ravel(), 1e-6).reshape(sizes.shape)
            far = sizes[light].sum() > 0.5 * sizes.sum()
        if far or not np.isfinite(value):
            warnings.warn(
                "this expectation is infinite, or it comes from where there is nearly no density: "
                "function grows faster than the density falls",
                DivergentExpectationWarning,
                stacklevel=2,
            )
            return Expectation(
                value if np.isnan(value) else float(np.copysign(np.inf, value)), np.inf
            )
        error = abs(value - float((terms[::2, ::2]).sum() / self.weights[::2, ::2].sum()))
        outside = 0.0
        for axis in (0, 1):
            strips = sizes.sum(axis=1 - axis)
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
                outside += float(last * (last / (before - last)))
        if outside > 1e-3 * abs(value):
            warnings.warn(
                f"beyond the box may lie {outside:.2g} of an expectation of {value:.4g}",
                DivergentExpectationWarning,
                stacklevel=2,
            )
        return Expectation(value, error + outside)

    @np.errstate(under="ignore")
    def quantile(
        self, function: Callable[[Floats, Floats], Floats], probability: ArrayLike
    ) -> Floats:
        """Posterior quantiles of a function of the hyperparameters, to about three digits.

        The steps of the grid are as long as an integral over all of it allows; a part of it needs
        shorter ones, for which the logarithm of the density is interpolated.

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
        >>> from companion.hierarchical import BetaBinomial
        >>> posterior = full_bayes(BetaBinomial, [1, 3, 6], [10, 10, 10])
        >>> low, high = posterior.quantile(lambda alpha, beta: alpha / (alpha + beta), [0.1, 0.9])
        >>> bool(low < 0.383 < high)
        True
        """
        probability = _check.finite(probability, "probability")
        if probability.min() < 0 or probability.max() > 1:
            raise ValueError("probability must lie in [0, 1]")
        vectors, weights = self._fine
        values = self._values(function, vectors)
        order = np.argsort(values)
        values, weights = values[order], weights[order]
        same = 1e-9 * np.abs(np.where(np.isfinite(values), values, 0.0))[:-1]
        new = np.append(True, values[1:] > values[:-1] + same)  # a column of the grid is one step
        values, weights = values[new], np.add.reduceat(weights, np.flatnonzero(new))
        return np.asarray(np.interp(probability, np.cumsum(weights) - weights / 2, values))

    @cached_property
    @np.errstate(under="ignore", divide="ignore")
    def _fine(self) -> tuple[Floats, Floats]:
        """Nodes between the nodes of the grid whose weight matters, and their weights."""
        from scipy import interpolate

        times = min(8, max(1, int(np.sqrt(FINE_NODES / self.weights.size))))
        log_weights = np.maximum(np.log(self.weights), -740.0)  # exp(-740) is nearly nothing
        axes = []
        for axis, nodes in enumerate(self.grid):
            at = np.arange(len(nodes))
            between = np.linspace(0, len(nodes) - 1, times * (len(nodes) - 1) + 1)
            axes.append(interpolate.CubicSpline(at, nodes)(between))
            # An edge of the hyperprior is a cliff, beside which a spline would swing.
            log_weights = interpolate.PchipInterpolator(at, log_weights, axis=axis)(between)
        weights = np.exp(log_weights - special.logsumexp(log_weights)).ravel()
        kept = but_the_lightest(weights, 1e-12)
        vectors = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
        return vectors[kept], weights[kept] / weights[kept].sum()

    def _values(
        self, function: Callable[[Floats, Floats], Floats], vectors: Floats | None = None
    ) -> Floats:
        """Return the function at all nodes of the grid, or at other points (..., 2)."""
        vectors = self.vectors if vectors is None else vectors
        with np.errstate(all="ignore"):
            pair = self.kind.from_coordinates(vectors)
            values = _check.numbers(function(*pair), "function's value")
        if values.shape != vectors.shape[:-1] or np.isnan(values).any():
            raise ValueError(
                "function must return one value, and no NaN, for every pair of hyperparameters"
            )
        return values

    @np.errstate(under="ignore")
    def marginal(self, axis: int) -> Floats:
        """Marginal density of one coordinate, at the points ``grid[axis]``.

        Parameters
        ----------
        axis : 0 or 1
            Which coordinate.

        Returns
        -------
        ndarray

        Raises
        ------
        ValueError
            If `axis` is neither 0 nor 1.

        Examples
        --------
        >>> from companion.hierarchical import BetaBinomial
        >>> posterior = full_bayes(BetaBinomial, [1, 3, 6], [10, 10, 10])
        >>> v = posterior.grid[1]
        >>> round(float(posterior.marginal(1).sum() * (v[1] - v[0])), 4)
        1.0
        """
        axis = _check.count(axis, "axis", at_least=0, at_most=1)
        return np.asarray(self.weights.sum(axis=1 - axis) / self.widths[axis])

    @cached_property
    @np.errstate(under="ignore")
    def units(self) -> MixturePosterior[Any]:
        """What is known of every unit, the hyperparameters averaged out: mean, sd, cdf, ..."""
        vectors, weights = self._nodes()
        pair = tuple(h[:, None] for h in self.kind.from_coordinates(vectors))
        return MixturePosterior(self.kind.unit_posterior(pair, *self.data), weights)

    @np.errstate(under="ignore")
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
        >>> from companion.hierarchical import BetaBinomial
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

    @np.errstate(under="ignore")
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
        >>> from companion.hierarchical import BetaBinomial
        >>> posterior = full_bayes(BetaBinomial, [1, 3, 6], [10, 10, 10])
        >>> posterior.sample(np.random.default_rng(1), 5).shape
        (5, 2)
        """
        size, rng = _check.count(size, "size"), _check.generator(rng)
        node = rng.choice(self.weights.size, size, p=self.weights.ravel() / self.weights.sum())
        row, column = np.unravel_index(node, self.weights.shape)
        cells = np.stack([self.widths[0][row], self.widths[1][column]], axis=-1)
        points = self.vectors.reshape(-1, 2)[node] + (rng.random((size, 2)) - 0.5) * cells
        return np.stack(self.kind.from_coordinates(points), axis=-1)

    def _nodes(self) -> tuple[Floats, Floats]:
        """Nodes of the coarser resolution whose weight matters, and their weights."""
        weights = self.weights[::2, ::2].ravel()  # about a quarter of all
        kept = but_the_lightest(weights, 1e-12)
        vectors = self.vectors[::2, ::2].reshape(-1, 2)
        return np.asarray(vectors[kept]), np.asarray(weights[kept] / weights[kept].sum())


@np.errstate(under="ignore")
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
        Relative error of the integral that is asked for. A warning says where it is not reached,
        as with a hyperprior that has edges.

    Returns
    -------
    HyperPosterior

    Raises
    ------
    ImproperPosteriorError
        If the density does not fall towards an edge, or has no top; or if its tails are so long
        that they cannot be told from such a one.
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
    >>> from companion.hierarchical import BetaBinomial
    >>> rats = load_rats()
    >>> posterior = full_bayes(BetaBinomial, rats["tumors"], rats["rats"])
    >>> round(float(posterior.units.mean[70]), 8)
    0.21085684
    """
    _check.fraction(tol, "tol")
    target = _Target(kind, y, size, log_hyperprior or kind.log_diffuse_hyperprior)
    y, size = (np.array(values) for values in kind.check_data(y, size))
    if log_hyperprior is None:
        why = kind.improper_by_default(y, size)
        if why:
            raise ImproperPosteriorError(why)
    pooled = np.array(kind.pooled(y, size)) - [target.origin[0], 0.0]
    drop = float(np.log(tol) - 5)
    tops = None if log_hyperprior is None else _Survey(target, pooled)
    try:
        peak, scale = _top(kind, target, tops)
    except NoMaximumError as error:
        tops = tops or _Survey(target, pooled)
        if tops.at_edge:
            raise ImproperPosteriorError(
                f"the posterior of the hyperparameters has no top: {error}; try a proper "
                "log_hyperprior"
            ) from None
        peak, scale = tops.best, np.array([pooled[1], 1.0])
    axes = _Axes(target, peak, scale, pooled, drop)
    x = _box(target, axes, drop, tops)
    log_density = target.on_grid(*axes.grid(x))
    integral = axes.log_integral(x, log_density)
    settled, change = [False, False], np.array([np.inf, np.inf])
    for halving in range(2 * MAX_HALVINGS):
        axis = halving % 2
        if not settled[axis] and log_density.size < MAX_NODES:
            before = integral
            x, log_density = _refined(target, axes, x, log_density, axis)
            integral = axes.log_integral(x, log_density)
            change[axis] = abs(integral - before)
            settled[axis] = bool(change[axis] < tol / 2)
    if not all(settled):
        warnings.warn(
            f"the integral is known to {change.sum():.1g} only, not to tol = {tol:g}: the "
            "density of the hyperparameters has edges, or parts of very different widths",
            InaccurateIntegralWarning,
            stacklevel=2,
        )
    first, second = axes.grid(x)
    grid = first + target.origin[0], second
    return HyperPosterior(kind, (y, size), grid, axes.widths(x), log_density)


class _Survey:
    """A coarse look at the whole plane: there may be density elsewhere than around one top."""

    def __init__(self, target: _Target, pooled: Floats) -> None:
        y, size, _ = target.evidence.units
        low, high, reach = -12.0, 12 + np.log1p(y.max()), 30.0
        if issubclass(target.kind, NormalNormal):  # the only one whose coordinates have a unit
            wide = max(np.ptp(y), size.max())
            low, high, reach = np.log(size.min()) - 8, np.log(wide) + 8, 30 * wide
        far = float(np.arcsinh(reach / pooled[1]))
        first = pooled[0] + pooled[1] * np.sinh(np.linspace(-far, far, 65))
        second = np.linspace(low, high, int(high - low) + 1)
        values = target.on_grid(first, second)
        if not np.isfinite(values).any():
            raise ImproperPosteriorError(
                "log_hyperprior is minus infinity wherever the density was looked for: is it a "
                f"function of the coordinates {' and '.join(target.kind.coordinates)}?"
            )
        row, column = np.unravel_index(int(values.argmax()), values.shape)
        self.best = np.array([first[row], second[column]])
        self.at_edge = row in (0, len(first) - 1) or column in (0, len(second) - 1)
        framed = np.pad(values, 1, constant_values=-np.inf)
        around = [framed[:-2, 1:-1], framed[2:, 1:-1], framed[1:-1, :-2], framed[1:-1, 2:]]
        hill = (values > values.max() - 100) & (values >= np.max(around, axis=0))
        rows, columns = np.nonzero(hill)
        self.hills = np.column_stack([first[rows], second[columns]])


def _top(kind: type[P], target: _Target, tops: _Survey | None) -> tuple[Floats, Floats]:
    """Return the highest top that is found, and how wide it is in both coordinates."""
    found: list[HyperFit[P]] = []
    for start in [None] if tops is None else [None, tops.best]:
        try:
            found.append(_climb(kind, target, start))
        except NoMaximumError as error:
            failure = error
    if not found:
        raise failure
    peaks = [fit.population.to_vector() - target.origin for fit in found]
    best = int(np.argmax([target.value(peak) for peak in peaks]))
    return peaks[best], 1 / np.sqrt(np.diag(np.linalg.inv(found[best].covariance)))


class _Axes:
    """The two axes of the grid, each with a number x of its own, in about standard deviations.

    The first coordinate is a hyperbolic sine of x where its tails are long, which then fall
    geometrically in x; and where complete pooling would know it much better than the top of the
    density does, as when one unit is far larger than the others. The steps are then small around
    the pooled value, and grow with the distance from it, as the width of the density does.
    """

    def __init__(
        self, target: _Target, peak: Floats, scale: Floats, pooled: Floats, drop: float
    ) -> None:
        self.kind, self.center, self.scale = target.kind, peak.copy(), scale.copy()
        # The second coordinate is a logarithm: whatever bends in it bends within a unit or so.
        self.scale[1] = min(self.scale[1], 1.0)
        self.top = 0.0  # x of the top of the density on the first axis
        narrow = 0.05  # in log-odds, whose range does not depend on the data
        self.bent = self.kind.long_tails or min(self.scale[0], pooled[1]) < narrow
        if pooled[1] < self.scale[0] / 4:
            all_along = np.linspace(peak[1] - 100, peak[1] + 100, 201)
            ridge = target.values(np.column_stack([np.full(201, pooled[0]), all_along]))
            if ridge.max() > target.value(peak) + drop:  # what is narrow is also probable
                self.center[0], self.scale[0] = pooled
                self.top = float(np.round(np.arcsinh((peak[0] - pooled[0]) / pooled[1])))

    def _first(self, x: Floats) -> Floats:
        return np.asarray(self.center[0] + self.scale[0] * (np.sinh(x) if self.bent else x))

    def _log_slope(self, x: Floats) -> Floats:
        return np.log(np.cosh(x)) if self.bent else np.zeros_like(x)

    def inverse(self, vectors: Floats) -> Floats:
        """Return the x of points (M, 2)."""
        x = (vectors - self.center) / self.scale
        if self.bent:
            x[:, 0] = np.arcsinh(x[:, 0])
        return np.asarray(x)

    def grid(self, x: Pair) -> Pair:
        """Coordinates at the points x of both axes."""
        return self._first(x[0]), self.center[1] + self.scale[1] * x[1]

    def widths(self, x: Pair) -> Pair:
        """How much of its coordinate each point stands for."""
        steps = x[0][1] - x[0][0], x[1][1] - x[1][0]
        first = self.scale[0] * np.exp(self._log_slope(x[0])) * steps[0]
        return first, np.full_like(x[1], self.scale[1] * steps[1])

    def log_integral(self, x: Pair, log_density: Floats) -> float:
        """Trapezoid rule: the density vanishes at the edges."""
        first, second = self.widths(x)
        return float(special.logsumexp(log_density + np.log(first)[:, None] + np.log(second)))

    def log_values(self, target: _Target, points: Floats) -> Floats:
        """Log density in x at points (M, 2)."""
        vectors = np.stack(self.grid((points[:, 0], points[:, 1])), axis=-1)
        return target.values(vectors) + self._log_slope(points[:, 0])

    def too_far(self, box: Floats) -> NDArray[np.bool_]:
        """Say of which sides a density that has not fallen there never will: (2, 2)."""
        first = 500.0 if self.bent else 700 / self.scale[0]
        second = 300 / self.scale[1]  # the coordinates' exponentials must not overflow
        return np.asarray(abs(box) > np.array([[first], [second]]))


def _refined(
    target: _Target, axes: _Axes, x: Pair, coarse: Floats, axis: int
) -> tuple[Pair, Floats]:
    """Halve the step of one axis: every other node is new."""
    fine = np.linspace(x[axis][0], x[axis][-1], 2 * len(x[axis]) - 1)
    new = (fine[1::2], x[1]) if axis == 0 else (x[0], fine[1::2])
    found = np.insert(coarse, np.arange(1, len(x[axis])), target.on_grid(*axes.grid(new)), axis)
    return ((fine, x[1]) if axis == 0 else (x[0], fine)), found


def _box(target: _Target, axes: _Axes, drop: float, tops: _Survey | None) -> Pair:
    """Grow a box around all tops until the density on its edges has fallen by `drop`."""
    inside = np.array([[axes.top, 0.0], [0.0, 0.0]])
    if tops is not None:
        inside = np.concatenate([inside, axes.inverse(tops.hills)])
    box = np.column_stack([np.floor(inside.min(axis=0)) - 6, np.ceil(inside.max(axis=0)) + 6])
    top = axes.log_values(target, np.array([[axes.top, 0.0]]))[0]
    while True:
        sides = []
        for axis, side in np.ndindex(2, 2):
            along = np.arange(box[1 - axis, 0], box[1 - axis, 1] + 1)
            sides.append(np.full((len(along), 2), box[axis, side]))
            sides[-1][:, 1 - axis] = along
        density = axes.log_values(target, np.concatenate(sides))
        begins = np.cumsum([0] + [len(side) for side in sides[:-1]])
        high = (np.maximum.reduceat(density, begins) - top > drop).reshape(2, 2)
        if not high.any():
            return np.arange(box[0, 0], box[0, 1] + 1), np.arange(box[1, 0], box[1, 1] + 1)
        lost = high & axes.too_far(box)
        if lost.any():
            axis, side = divmod(int(np.argmax(lost)), 2)
            raise ImproperPosteriorError(
                "the density of the hyperparameters does not fall to zero as "
                f"{axes.kind.coordinates[axis]} {'grows' if side else 'falls'}: with this "
                "log_hyperprior the posterior is improper, or its tail is too long to be summed"
            )
        box += high * [-1.0, 1.0] * np.maximum(2.0, abs(box) // 5)
