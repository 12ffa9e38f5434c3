r"""Where the hyperparameters come from: moments, type-2 maximum likelihood, MAP-2, full Bayes.

The populations of :mod:`companion.hierarchical` say what the data look like *given* their two
hyperparameters :math:`\eta`. The functions here estimate them from the data of all units
(empirical Bayes), or do not estimate them at all and average over what they may be (full Bayes).
Two classics that need no population stand at the end: Robbins' estimator and James-Stein.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar, overload

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from companion import _check, crossed
from companion._check import Floats
from companion.crossed import CrossedNormal
from companion.evidence import blocks
from companion.hierarchical import BetaBinomial, GammaPoisson, NormalNormal
from companion.populations import Population

P = TypeVar("P", bound=Population)
M = TypeVar("M", bound=Population | CrossedNormal)
LogDensity = Callable[[Floats], Floats]


class NoMaximumError(ValueError):
    """No finite hyperparameters are best: the data ask for complete pooling, or for none."""


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


@np.errstate(under="ignore")
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
    smallest = float(size.min()) if normal else 1.0  # weights are free of the unit of the data

    def pieces() -> Iterator[tuple[Floats, Floats, Floats]]:
        for some, some_size, often in blocks(y, size, times):
            rates = some if normal else some / some_size
            weights = (smallest / some_size) ** 2 if normal else some_size
            yield rates, weights, often if space == "theta" else often * weights

    sums = [(float(shares.sum()), float(shares @ r)) for r, _, shares in pieces()]
    total, sum_of_rates = np.sum(sums, axis=0).tolist()
    mean = sum_of_rates / total
    # The weighted sum of squares, and how often it holds the variance of the population.
    sums = [
        (float(shares @ (r - mean) ** 2), float(shares @ ((total - w) / total)))
        for r, w, shares in pieces()
    ]
    spread, signal_units = np.sum(sums, axis=0).tolist()
    if space == "theta":
        variance = spread / total
    elif issubclass(kind, BetaBinomial):
        if size.max() <= 1:
            raise NoMaximumError(_no_spread(kind, y, size, times))
        # nu = m (1 - m) - V: the noise shrinks as the spread grows.
        excess = spread - (n_units - 1) * mean * (1 - mean)
        variance = excess / (signal_units - (n_units - 1)) if excess > 0 else 0.0
    else:
        noise = mean if issubclass(kind, GammaPoisson) else smallest**2
        variance = (spread - (n_units - 1) * noise) / signal_units
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
    if issubclass(kind, BetaBinomial):
        if (y == size).all():
            return f"every y is n: nothing in {names} says how much the units differ"
        if size.max() <= 1:
            return f"one trial each shows no spread: {names} say nothing of how the units differ"
    return (
        f"the units differ no more than noise alone would make them: {names} ask for complete "
        f"pooling, one rate {times @ y / (times @ size):.6g} for all"
    )


# ------------------------------------------------------------- type-2 maximum likelihood


@dataclass(frozen=True, eq=False)
class HyperFit(Generic[M]):
    """Hyperparameters that maximise the log evidence, or the log evidence plus a log hyperprior.

    Attributes
    ----------
    population : Population or CrossedNormal
        At the maximum.
    log_evidence : float
        Of the data at `population`, in nats; the hyperprior is not in it.
    covariance : ndarray of shape (2, 2), or (3, 3) or (4, 4) of a CrossedNormal
        Inverse of minus the matrix of second derivatives, in the coordinates of ``to_vector``; NaN
        where the maximum lies on the boundary (sd = 0).
    n_iter : int
        Steps made.
    """

    population: M
    log_evidence: float
    covariance: Floats
    n_iter: int

    @property
    def standard_errors(self) -> Floats:
        """Roots of the diagonal of `covariance`: of the coordinates of ``to_vector``."""
        return np.sqrt(np.diag(self.covariance))


@overload
def fit_evidence(
    kind: type[P], y: ArrayLike, size: ArrayLike, *, start: P | None = None, max_iter: int = 200
) -> HyperFit[P]: ...


@overload
def fit_evidence(
    kind: type[CrossedNormal],
    y: ArrayLike,
    size: ArrayLike,
    row: ArrayLike,
    column: ArrayLike,
    *,
    start: CrossedNormal | None = None,
    max_iter: int = 200,
) -> HyperFit[CrossedNormal]: ...


def fit_evidence(
    kind: type[Any],
    y: ArrayLike,
    size: ArrayLike,
    row: ArrayLike | None = None,
    column: ArrayLike | None = None,
    *,
    start: Any = None,
    max_iter: int = 200,
) -> HyperFit[Any]:
    r"""Type-2 maximum likelihood: the hyperparameters under which the data were most probable.

    .. math:: \hat\eta = \arg\max_\eta \sum_j \log \int p(y_j \mid \theta) \, p(\theta \mid \eta)
        \, d\theta

    Newton's method with exact derivatives, in the coordinates of ``to_vector``; a step that does
    not climb is halved. (For a CrossedNormal first L-BFGS-B in its variances.)

    Parameters
    ----------
    kind : BetaBinomial, GammaPoisson, NormalNormal or CrossedNormal
        The class of the population.
    y, size : arrays of shape (J,)
        The data, as for ``kind.posterior``; of a CrossedNormal x and its standard errors.
    row, column : arrays of shape (J,), for a CrossedNormal only
        Whose they are, numbers or names.
    start : of class `kind`, optional
        Where to start; by default at the match of predictive moments, or with half of the spread of
        the data for each kind of effect. A CrossedNormal's standard deviation that is 0 there stays
        0: that leaves a kind of effect out.
    max_iter : int >= 1
        Give up after so many steps.

    Returns
    -------
    HyperFit
        For a NormalNormal or CrossedNormal the maximum may be at sd = 0; the covariance is then NaN
        there. A CrossedNormal has a maximum for all data: the evidence falls to 0 as the mean or a
        standard deviation grows, while the standard errors are positive. It may have lower ones.

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
    if kind is CrossedNormal:
        if row is None or column is None:
            raise ValueError("row and column must be given: a CrossedNormal has both")
        if not (start is None or isinstance(start, CrossedNormal)):
            raise ValueError(f"start must be a CrossedNormal, not {start!r}")
        _check.count(max_iter, "max_iter")
        return HyperFit(*crossed.maximise_evidence(y, size, row, column, start, max_iter))
    if not (row is None and column is None):
        raise ValueError("row and column go with a CrossedNormal only")
    target = _Target(kind, y, size, None)
    return _climb(kind, target, _given_start(kind, start, target), max_iter)


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
    target = _Target(kind, y, size, log_hyperprior or kind.log_diffuse_hyperprior)
    if log_hyperprior is None and not issubclass(kind, NormalNormal):
        why = kind.improper_by_default(*target.evidence.units[:2])
        if why:  # these densities rise to an edge as well
            raise NoMaximumError(why)
    return _climb(kind, target, _given_start(kind, start, target), max_iter)


@np.errstate(under="ignore")
def _climb(
    kind: type[P], target: _Target, start: Floats | None = None, max_iter: int = 200
) -> HyperFit[P]:
    """Newton's method on the log evidence, plus a log hyperprior if there is one."""
    _check.count(max_iter, "max_iter")
    y, size, times = target.evidence.units
    seen = times @ (size > 0)
    if target.log_hyperprior is None:
        if seen < 2:
            raise ValueError(f"y must hold at least two units that were observed, not {seen:g}")
        if not issubclass(kind, NormalNormal) and _says_nothing(kind, y, size):
            raise NoMaximumError(_no_spread(kind, y, size, times))
    x = _start(kind, target) if start is None else start.copy()
    floor = -np.inf
    if issubclass(kind, NormalNormal):
        floor = np.log(1e-5 * size.min())
        x[1] = max(x[1], np.log(size.min() / 2) if np.isneginf(x[1]) else floor + 5)
    # A longest step in each coordinate. Only the normal's mean has a unit: that of the data.
    wide = max(np.ptp(np.append(y, x[0])), size.min()) if issubclass(kind, NormalNormal) else 1.0
    scale = np.array([wide, 1.0])
    here, begin = target.expand(x), x[1]
    n_units = float(times.sum())
    for n_iter in range(1, max_iter + 1):  # noqa: B007
        value, gradient, hessian = here
        # Rounding errors are of the size of one unit's terms, not of the sum's value.
        much = n_units + abs(value)
        curvature, axes = np.linalg.eigh(hessian * np.outer(scale, scale))
        step = axes @ ((axes.T @ (gradient * scale)) / np.maximum(abs(curvature), 1e-12))
        gain = gradient * scale @ step
        step *= scale * min(1.0, 2.0 / np.abs(step).max(initial=1e-300))
        for _ in range(60):  # halve the step until it climbs
            there = target.expand(x + step)
            moved = there[0] >= value - 1e-14 * much  # as far as rounding can tell
            # Rounding error is no reason to halve for ever.
            if moved or gain < 1e-9 * much:
                break
            step = step / 2
        if moved:
            x, here = x + step, there
        if abs(x[1] - begin) > 300:  # of a logarithm: no maximum lies out there
            raise NoMaximumError(f"the density rises to the edge of {kind.coordinates[1]}")
        if x[1] < floor or not moved or gain < 1e-13 * much:
            break
    else:
        raise NoMaximumError(
            f"no maximum was reached within max_iter = {max_iter} steps: the density may rise "
            "to the edge of the space, or have a kink where it is highest"
        )
    return _summary(kind, target, x, here, n_iter)


def _given_start(
    kind: type[Population], start: Population | None, target: _Target
) -> Floats | None:
    if start is None:
        return None
    if not isinstance(start, kind):
        raise ValueError(f"start must be a {kind.__name__}, not {start!r}")
    return np.asarray(start.to_vector() - target.origin)


def _says_nothing(kind: type[Population], y: Floats, size: Floats) -> bool:
    """Say whether all units together cannot tell the mean, or cannot tell the spread."""
    if issubclass(kind, BetaBinomial):
        return not y.any() or bool((y == size).all()) or bool(size.max() <= 1)
    return not y.any()


def _start(kind: type[Population], target: _Target) -> Floats:
    """Return the moment match, or a population a little wider than none where there is no match."""
    y, size, times = target.evidence.units
    try:
        matched = _match_moments(kind, y, size, times)
    except ValueError:
        if issubclass(kind, NormalNormal):
            return np.array([kind.pooled(y, size)[0], np.log(size.min())])
        seen = max(float(times @ size), np.finfo(float).tiny)
        rate = (float(times @ y) + 0.5) / (seen + 1 if issubclass(kind, BetaBinomial) else seen)
        mean = special.logit(rate) if issubclass(kind, BetaBinomial) else np.log(rate)
        return np.array([mean, np.log(10.0)])
    x = matched.to_vector()
    if issubclass(kind, NormalNormal) and not np.isfinite(x[1]):
        # No spread by moments: the best of some spreads, each with the mean that suits it.
        low, high = np.log(size.min()) - 2, np.log(max(np.ptp(y), size.min())) + 1
        log_sds = np.linspace(low, high, 12)
        weights = [np.hypot(size, sd) ** -2.0 for sd in np.exp(log_sds)]
        means = [float(np.average(y, weights=w / w.max())) for w in weights]
        points = np.column_stack([means, log_sds])
        x = points[int(target.values(points).argmax())]
    return x


def _summary(
    kind: type[P], target: _Target, x: Floats, here: tuple[float, Floats, Floats], n_iter: int
) -> HyperFit[P]:
    """Tell from the curvature at the end: a maximum, a boundary, or a slope without end."""
    y, size, times = target.evidence.units
    covariance = np.full((2, 2), np.nan)
    log_evidence, information = here[0] - target.log_prior(x), -here[2]
    if issubclass(kind, NormalNormal):
        at_zero = kind(kind.pooled(y, size)[0], 0.0)
        zero = float(target.evidence.value(at_zero.to_vector()))
        flat = target.log_hyperprior is None and zero >= log_evidence
        if flat or x[1] < np.log(1e-3 * size.min()):
            if target.log_hyperprior is not None:
                raise NoMaximumError(
                    "the density of the hyperparameters rises all the way to sd = 0"
                )
            return HyperFit(_shifted(at_zero, target), zero, covariance, n_iter)
    elif target.log_hyperprior is None:
        pooled = float(target.evidence.value(np.array([kind.pooled_mode(y, size, times), 80.0])))
        if pooled >= log_evidence - 1e-12 * abs(log_evidence):  # a lower hill beside the slope
            raise NoMaximumError(_no_spread(kind, y, size, times))
    # In log(sd), log(shape) and log(alpha + beta) the curvature is a pure number.
    along = information[1, 1] - information[0, 1] * (information[0, 1] / information[0, 0])
    if not (information[0, 0] > 0 and along > 1e-6):
        if x[1] > 0:
            raise NoMaximumError(_no_spread(kind, y, size, times))
        raise NoMaximumError(
            "the evidence rises all the way to no pooling: every unit has nothing or everything"
        )
    unit = np.sqrt(np.diag(information))
    covariance = np.linalg.inv(information / np.outer(unit, unit)) / np.outer(unit, unit)
    return HyperFit(_shifted(kind.from_vector(x), target), log_evidence, covariance, n_iter)


def _shifted(population: P, target: _Target) -> P:
    """Bring a population back to the origin of the data."""
    if not target.origin.any():
        return population
    pair = [population.mean + target.origin[0], population.sd]
    return type(population)(*pair)


class _Target:
    """Log evidence plus log hyperprior, with derivatives (of the hyperprior, by differences).

    Effects are measured from an origin among them: far from zero, coordinates have no digits left
    for what is small beside the mean.
    """

    around = np.array(
        [[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [1, -1], [-1, 1], [-1, -1]]
    )

    def __init__(
        self,
        kind: type[Population],
        y: ArrayLike,
        size: ArrayLike,
        log_hyperprior: LogDensity | None,
    ) -> None:
        if not (isinstance(kind, type) and issubclass(kind, Population)):
            raise ValueError(f"kind must be the class of a population, not {kind!r}")
        if not (log_hyperprior is None or callable(log_hyperprior)):
            raise ValueError(f"log_hyperprior must be a function, not {log_hyperprior!r}")
        y, size = kind.check_data(y, size)
        self.kind = kind
        self.origin, self.step = np.zeros(2), np.array([1e-3, 1e-3])
        if issubclass(kind, NormalNormal):
            middle, error = kind.pooled(y, size)
            self.origin[0], self.step[0] = middle, 1e-3 * error
            y = y - middle
        self.evidence, self.log_hyperprior = kind.evidence(y, size), log_hyperprior

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
        with np.errstate(divide="ignore", over="ignore", under="ignore"):
            # Far out a density may be 0 as far as floats can tell, and its logarithm is -inf.
            prior = self.log_hyperprior(vectors + self.origin)
        prior = _check.numbers(prior, "log_hyperprior's value")
        if prior.shape != total.shape or np.isnan(prior).any() or (prior == np.inf).any():
            raise ValueError(
                "log_hyperprior must return one log-density for every point: for points of shape "
                f"{vectors.shape} an array of shape {total.shape} without NaN or plus infinity"
            )
        return np.asarray(total + prior)

    def expand(self, x: Floats) -> tuple[float, Floats, Floats]:
        value, gradient, hessian = self.evidence.expand(x)
        if self.log_hyperprior is None:
            return value, gradient, hessian
        f = self._with_hyperprior(np.zeros(9), x + self.step * self.around)
        with np.errstate(invalid="ignore"):  # a hyperprior may be zero, its logarithm -inf
            by = np.array([f[1] - f[2], f[3] - f[4]]) / (2 * self.step)
            bend = np.array([f[1] + f[2], f[3] + f[4]]) - 2 * f[0]
            mixed = (f[5] - f[6] - f[7] + f[8]) / 4
        bends = np.array([[bend[0], mixed], [mixed, bend[1]]]) / np.outer(self.step, self.step)
        return value + float(f[0]), gradient + by, hessian + bends


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
    counts = _check.counts(frequencies, "frequencies")
    if counts.ndim != 1 or len(counts) < 2:
        raise ValueError(f"frequencies must be a vector of at least two, not {counts.shape}")
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
    variance = _check.positive_scalar(variance, "variance")
    # The mean of equal numbers is that number, without a rounding error to shrink away from.
    mean = float(values[0] + (values - values[0]).mean())
    middle = mean if center is None else _check.scalar(center, "center")
    distance = (values - middle) / np.sqrt(variance)
    squares = distance @ distance
    keep = 1 - (len(values) - lost) / squares if squares > 0 else 0.0
    return np.asarray(middle + (max(keep, 0.0) if positive_part else keep) * (values - middle))
