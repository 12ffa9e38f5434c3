"""Expectation-maximisation: one driver for every model that has an E-step and an M-step.

A model is an immutable record of parameters with two methods. ``e_step(*data)`` returns the
expected sufficient statistics of the complete data and the log-likelihood of the observed data,
both under the model's own parameters. ``m_step(statistics)`` returns the model that maximises the
expected complete-data log-likelihood. Nothing else is asked of it, unless you ask for more: a
prior needs ``complete_log_likelihood``, acceleration needs the parameters as a vector, weights of
the points need an E-step that takes them.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from companion import _check

if TYPE_CHECKING:
    import pandas as pd

ROUNDING = 256 * float(np.finfo(float).eps)  # of all terms of a log-likelihood, without their signs
LARGEST = float(np.log(np.finfo(float).max))  # no logarithm of a density of one number exceeds this
PATH = np.linspace(0, 1, 17)  # where roughness is looked for, between two models
PATIENCE = 2  # so many steps in a row without progress that can be seen are the end
EMPTY = 1e-200  # a component with less than this share of the points has lost them all
COLLAPSED = 1e-12  # a variance this small, relative to that of all the data, is a collapse


class EMError(RuntimeError):
    """Something went wrong while fitting: the base of the errors below."""


class ObjectiveFellError(EMError):
    """The log-likelihood fell. EM cannot do that, so the E-step or the M-step has a bug."""


class CollapsedComponentError(EMError):
    """A component lost its points or shrank on to one of them: no maximum lies there."""


class NotConvergedWarning(UserWarning):
    """EM was stopped by `max_iter`; the result says ``converged=False``."""


class Statistics(Protocol):
    """What an E-step returns: statistics add, over pieces of the data and with those of a prior.

    Only models that see :class:`Chunks` or a `prior` need the sum. It must be a sum: tuples and
    lists, which ``+`` would join, are refused.
    """

    def __add__(self, other: Any, /) -> Any:
        """Return the statistics of both data sets together."""


class Model(Protocol):
    """What :func:`fit` needs: an E-step, and an M-step that reads what the E-step returns.

    For a `prior` a model also has ``complete_log_likelihood(statistics) -> float``, for
    acceleration ``to_vector() -> ndarray`` and ``from_vector(vector) -> model`` (all parameters as
    one vector without constraints), and for `weights` an E-step with a keyword of that name. What
    is asked for and is not there is a ``TypeError`` that says so.
    """

    def e_step(self, *data: Any, **named: Any) -> tuple[Any, float]:
        """Return the expected :class:`Statistics` and the log-likelihood (a sum over points)."""

    def m_step(self, statistics: Any, /) -> Self:
        """Return the model that maximises the expected complete-data log-likelihood."""


M = TypeVar("M", bound=Model)
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class EMResult(Generic[M]):
    """What a run of EM found.

    Attributes
    ----------
    model
        The model after the last M-step.
    log_likelihoods : ndarray of shape (n_iter + 1,)
        Observed-data log-likelihood (a sum over points, in nats) of the start and after every
        step; the last entry belongs to `model`. With acceleration a rejected leap has no entry.
    n_iter : int
        How many steps were made: each is an M-step and an E-step, one pass over the data.
    converged : bool
        Whether the last M-step gained something between zero and `tol`, or rounding error hid
        whatever the last two gained.
    objectives : ndarray
        What the steps raise: the log-likelihoods, plus the logarithm of the prior if there is one.
    """

    model: M
    log_likelihoods: _check.Floats
    n_iter: int
    converged: bool
    objectives: _check.Floats

    @property
    def log_likelihood(self) -> float:
        """Observed-data log-likelihood of `model` (a sum over points, in nats)."""
        return float(self.log_likelihoods[-1])


def fit(
    model: M,
    *data: Any,
    prior: Statistics | None = None,
    weights: ArrayLike | None = None,
    tol: float = 1e-8,
    max_iter: int = 10_000,
    acceleration: Literal["squarem"] | None = None,
    progress: bool = False,
) -> EMResult[M]:
    r"""Fit a model by EM: alternate E-step and M-step until the log-likelihood stops rising.

    .. math::

        q_t(z) = p(z \mid x, \theta_t), \qquad
        \theta_{t+1} = \arg\max_\theta \mathrm{E}_{q_t}[\log p(x, z \mid \theta)]

    Parameters
    ----------
    model
        The start: any object with the two methods of :class:`Model`.
    *data
        Handed to ``model.e_step`` as it is, for example an array of points, or points and labels;
        or one :class:`Chunks` or :class:`DaskChunks`, whose statistics are summed piece by piece.
    prior : statistics, optional
        The statistics of pseudo-observations, added to those of the data in every M-step: EM then
        climbs to the maximum of the posterior density (MAP). The prior density is the likelihood of
        the pseudo-observations, ``model.complete_log_likelihood(prior)``.
    weights : array of shape (N,), optional
        How often each point counts: numbers >= 0, whole or not. They go to ``model.e_step`` by that
        name. A fit to ``np.unique(x, axis=0, return_counts=True)`` is the fit to ``x``.
    tol : float >= 0
        Stop when one iteration gains at least zero and less than `tol` nats (in total, not per
        point). A fall within rounding error is no convergence, but two steps in a row that do not
        come above the best value so far are: what they gain cannot be seen. With ``tol=0`` exactly
        `max_iter` steps are made.
    max_iter : int >= 0
        Give up after so many steps, with ``converged=False`` and a warning.
    acceleration : {None, "squarem"}
        SQUAREM looks at two EM steps and leaps along the curve through them. A leap that would
        lower the objective is not taken, so the rise stays monotone.
    progress : bool
        Show a progress bar.

    Returns
    -------
    EMResult
        The fitted model, the trace of log-likelihoods, and whether it converged.

    Raises
    ------
    ValueError
        If `tol` or `max_iter` is negative or not a number, `acceleration` is unknown, or the prior
        has not the shape of the model.
    TypeError
        If the model lacks a method that is needed (see :class:`Model`), or `prior` is no statistics
        of the kind that its E-step returns.
    ObjectiveFellError
        If the log-likelihood (with a prior: the log-posterior) falls by more than rounding error,
        or becomes NaN.
    CollapsedComponentError
        If the model's M-step finds a component without points or without spread.

    Notes
    -----
    How far rounding can move a log-likelihood :math:`\ell` depends on its terms, not on its value.
    The logarithm of a density of one floating-point number is at most 710, so that the terms of M
    numbers, without their signs, sum to at most :math:`|\ell| + 1420 M`; a fall below
    :math:`2^{-44}` of this, or :math:`10^{-10}` nats for every number, is taken for rounding error.
    A model whose terms themselves lose digits, such as one with a nearly singular covariance, can
    fall by more. If it has ``to_vector`` and ``from_vector``, the objective is then looked at on
    the way between the two models: what a bug lowers is smooth there, and rounding error is rough
    (its fourth differences are as large as its range; Moré and Wild 2011, *Estimating
    computational noise*, SIAM J. Sci. Comput. 33, 1292-1314).

    Dempster, Laird and Rubin (1977), *Maximum likelihood from incomplete data via the EM
    algorithm*, J. R. Stat. Soc. B 39, 1-38: theorem 1 is the monotone rise that is checked here at
    every step. Varadhan and Roland (2008), *Simple and globally convergent methods for accelerating
    the convergence of any EM algorithm*, Scand. J. Stat. 35, 335-353: the leap is their scheme S3,
    equation 9.

    Examples
    --------
    >>> from companion.gaussians import GaussianMixture
    >>> start = GaussianMixture(weights=[0.5, 0.5], means=[0, 10], covariances=[1, 1])
    >>> result = fit(start, [-1, 1, 9, 11])
    >>> result.model.means.ravel().round(6)
    array([ 0., 10.])
    >>> result.converged
    True
    """
    tol = _not_below_zero(tol, "tol must be a number >= 0")
    _check.count(max_iter, "max_iter", at_least=0)
    if acceleration not in (None, "squarem"):
        raise ValueError(f'acceleration must be None or "squarem", not {acceleration!r}')

    _needs(model, "EM", "e_step", "m_step")
    if prior is not None:
        _needs(model, "a prior", "complete_log_likelihood")
    if acceleration is not None:
        _needs(model, f'acceleration="{acceleration}"', "to_vector", "from_vector")

    visits = _Visits(data, prior, max_iter, progress, weights)
    last = visits.first(model)
    log_likelihoods, objectives = [last.log_likelihood], [last.objective]
    best, stale, converged = last.objective, 0, False
    while visits.left and not converged:
        if acceleration is None or visits.left < 2:
            path = [visits.step(last)]
        else:
            path = _squarem(visits, last, tol)
        log_likelihoods += [visit.log_likelihood for visit in path]
        objectives += [visit.objective for visit in path]
        last = path[-1]
        for objective in objectives[-len(path) :]:
            stale = 0 if objective > best else stale + 1
            best = max(best, objective)
        converged = 0 <= last.gain < tol or (tol > 0 and stale >= PATIENCE)
    visits.close()
    if not converged and max_iter > 0 and tol > 0:
        warnings.warn(
            f"EM was stopped by max_iter = {max_iter} before a step gained less than tol = {tol:g}",
            NotConvergedWarning,
            stacklevel=2,
        )
    return EMResult(
        last.model, np.array(log_likelihoods), visits.made, converged, np.array(objectives)
    )


@dataclass(frozen=True, eq=False)
class _Visit(Generic[M]):
    """A model that the data have been shown to; `gain` of the EM step that led to it, if any."""

    model: M
    statistics: Any
    log_likelihood: float
    objective: float
    gain: float = np.nan


class _Visits:
    """Visits to models, counted; an EM step between two of them may not lower the objective."""

    def __init__(
        self,
        data: tuple[Any, ...],
        prior: Any = None,
        max_iter: int = 0,
        progress: bool = False,
        weights: ArrayLike | None = None,
    ) -> None:
        self.data, self.prior = data, prior
        self.named = {} if weights is None else {"weights": weights}
        self.pieces = data[0] if data and isinstance(data[0], Chunks | DaskChunks) else None
        self.left, self.made = max_iter, 0
        self.bar: Any = None
        if progress:
            from tqdm.auto import tqdm

            self.bar = tqdm(total=max_iter, unit="step", leave=False)

    def first(self, model: M) -> _Visit[M]:
        """Visit the start: here it shows whether model, weights and prior go together."""
        if self.named:
            if self.pieces is not None:
                raise ValueError(
                    "weights: pieces bring their own, each as a dict such as "
                    '{"x": points, "weights": weights}'
                )
            takes = inspect.signature(model.e_step).parameters.values()
            if not any(p.name == "weights" or p.kind is p.VAR_KEYWORD for p in takes):
                raise TypeError(f"weights: {type(model).__name__}.e_step does not take any")
        return self._visit(model)

    def step(self, visit: _Visit[M]) -> _Visit[M]:
        """Make one EM step."""
        after = self._visit(visit.model.m_step(self.complete(visit)), counts=True)
        gain = after.objective - visit.objective
        if gain < 0 and not self.is_rounding(visit, after):
            name = "log-likelihood" if self.prior is None else "log-posterior"
            raise ObjectiveFellError(
                f"the {name} fell by {-gain:.6g} (from {visit.objective:.10g} to "
                f"{after.objective:.10g}) at iteration {self.made}: EM never goes down, so the "
                f"E-step or the M-step of {type(visit.model).__name__} is wrong"
            )
        return replace(after, gain=gain)

    def is_rounding(self, before: _Visit[Any], after: _Visit[Any]) -> bool:
        """Say whether rounding errors explain that the objective fell: by size, or by roughness."""
        fall = before.objective - after.objective
        terms = abs(before.log_likelihood) + abs(before.objective - before.log_likelihood)
        if fall <= ROUNDING * (terms + 2 * LARGEST * self.n_numbers):
            return True
        try:
            again = self._visit(after.model).objective
            if abs(again - after.objective) > fall / 1000:  # drawn at random: that is no rounding
                return False
            here, there = before.model.to_vector(), after.model.to_vector()
            path = [before.model.from_vector(here + t * (there - here)) for t in PATH]
            values = [self._visit(model).objective for model in path]
        except (AttributeError, ValueError, EMError):
            return False
        noise = np.sqrt(np.mean(np.diff(values, 4) ** 2) / 70)  # 70 = 1 + 16 + 36 + 16 + 1
        return bool(max(fall, np.ptp(values)) <= 30 * noise)

    @cached_property
    def n_numbers(self) -> float:
        """How many numbers the data hold, each as often as it counts."""
        if self.pieces is not None:
            return sum(self.pieces._map(_n_numbers)) or 1
        return _n_numbers(*self.data, **self.named) or 1

    def complete(self, visit: _Visit[M]) -> Any:
        """Return what the M-step reads: statistics of the data and of the pseudo-observations."""
        return visit.statistics if self.prior is None else visit.statistics + self.prior

    def leap(self, model: Any, vector: _check.Floats) -> _Visit[Any] | None:
        """Visit the model with these parameters, if there is one."""
        try:
            with np.errstate(all="ignore"):
                return self._visit(model.from_vector(vector), counts=True)
        except (ValueError, EMError):
            return None

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()

    def _visit(self, model: Any, counts: bool = False) -> _Visit[Any]:
        if counts:
            self.made += 1
            self.left -= 1
            if self.bar is not None:
                self.bar.update()
        if self.pieces is not None:
            statistics, log_likelihood = self.pieces.e_step(model)
        else:
            statistics, log_likelihood = model.e_step(*self.data, **self.named)
        objective = log_likelihood
        if self.prior is not None:
            objective += self._log_prior(model, statistics)
        if np.isnan(objective):
            raise ObjectiveFellError(f"the log-likelihood is NaN at iteration {self.made}")
        return _Visit(model, statistics, log_likelihood, objective)

    def _log_prior(self, model: Any, statistics: Any) -> float:
        if not isinstance(self.prior, type(statistics)):
            raise TypeError(
                f"prior must be statistics as {type(model).__name__}.e_step returns them "
                f"({type(statistics).__name__}), not {type(self.prior).__name__}"
            )
        _must_add(statistics)
        try:
            return float(model.complete_log_likelihood(self.prior))
        except ValueError as error:
            raise ValueError(f"prior does not fit the model: {error}") from error


def _squarem(visits: _Visits, start: _Visit[Any], tol: float) -> list[_Visit[Any]]:
    r"""One EM step, and from there a leap (or, where that fails, a second EM step).

    .. math:: \theta' = \theta_0 - 2 a r + a^2 v, \quad r = \theta_1 - \theta_0, \quad
        v = (\theta_2 - \theta_1) - r, \quad a = -\lVert r \rVert / \lVert v \rVert
    """
    one = visits.step(start)
    if 0 <= one.gain < tol:
        return [one]
    two: Any = one.model.m_step(visits.complete(one))
    vectors = [m.to_vector() for m in (start.model, one.model, two)]
    with np.errstate(invalid="ignore"):  # a parameter at the edge, such as the logarithm of sd = 0
        r = vectors[1] - vectors[0]
        v = vectors[2] - vectors[1] - r
        length = np.linalg.norm(v)
    a = -max(1.0, float(np.linalg.norm(r) / length)) if length > 0 else -1.0
    if a < -1:  # a = -1 is the second EM step
        landed = visits.leap(one.model, vectors[0] - 2 * a * r + a**2 * v)
        if landed is not None and landed.objective >= one.objective:
            return [one, landed]
    return [one, visits.step(one)] if visits.left else [one]


@dataclass(frozen=True, eq=False)
class Restarts(Generic[M]):
    """What several runs of EM found.

    Attributes
    ----------
    best : EMResult
        The run that reached the highest objective: log-likelihood, or log-posterior with a prior.
    table : DataFrame
        One row per start: ``log_likelihood``, ``n_iter``, ``converged`` and ``outcome``
        ("converged", "max_iter reached", or why the run failed).
    """

    best: EMResult[M]
    table: pd.DataFrame


def fit_restarts(
    starts: Iterable[M],
    *data: Any,
    prior: Statistics | None = None,
    weights: ArrayLike | None = None,
    tol: float = 1e-8,
    max_iter: int = 10_000,
    acceleration: Literal["squarem"] | None = None,
    progress: bool = False,
) -> Restarts[M]:
    """Run :func:`fit` from several starts; return the best run and the table of all.

    A run whose component collapses is a row of the table, not an error, because that is a property
    of the likelihood; a log-likelihood that falls is a bug and stops everything.

    Parameters
    ----------
    starts : iterable of models
        Where to start, for example several ``GaussianMixture.random_start(x, n_components, rng)``.
    *data, prior, weights, tol, max_iter, acceleration
        As in :func:`fit`; a run that `max_iter` stopped is marked in the table, without a warning.
    progress : bool
        Show a progress bar over the starts.

    Returns
    -------
    Restarts
        `best` and `table`.

    Raises
    ------
    ValueError
        If there is no start.
    CollapsedComponentError
        If every run collapsed.

    Examples
    --------
    >>> from companion.gaussians import GaussianMixture
    >>> near = GaussianMixture([0.5, 0.5], means=[0, 9], covariances=[1, 1])
    >>> same = GaussianMixture([0.5, 0.5], means=[5, 5], covariances=[1, 1])
    >>> fit_restarts([near, same], [-1, 1, 9, 11]).table["log_likelihood"].round(3).tolist()
    [-8.448, -12.192]
    """
    import pandas as pd

    best: EMResult[M] | None = None
    rows: list[dict[str, Any]] = []
    starts = list(starts)
    if not starts:
        raise ValueError("starts is empty: at least one start is needed")
    if progress:
        from tqdm.auto import tqdm

        starts = tqdm(starts, unit="start", leave=False)
    for start in starts:
        row: dict[str, Any] = {"log_likelihood": np.nan, "n_iter": np.nan, "converged": False}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", NotConvergedWarning)
                run = fit(
                    start,
                    *data,
                    prior=prior,
                    weights=weights,
                    tol=tol,
                    max_iter=max_iter,
                    acceleration=acceleration,
                )
        except CollapsedComponentError as error:
            row["outcome"] = str(error)
        else:
            row["log_likelihood"] = run.log_likelihood
            row["n_iter"] = run.n_iter
            row["converged"] = run.converged
            row["outcome"] = "converged" if run.converged else "max_iter reached"
            if best is None or run.objectives[-1] > best.objectives[-1]:
                best = run
        rows.append(row)
    if best is None:
        raise CollapsedComponentError(
            f"all {len(rows)} starts collapsed; first: {rows[0]['outcome']}"
        )
    table = pd.DataFrame(rows).astype({"n_iter": "Int64"})
    table.index.name = "start"
    return Restarts(best, table)


class Chunks:
    """Data that come in pieces, so that they need not fit into memory at once.

    Statistics add, so an E-step over all the data is the sum of E-steps over its pieces.

    Parameters
    ----------
    read : callable
        Called once for every pass over the data, without arguments; gives the pieces one after the
        other. A piece is what ``model.e_step`` takes: an array, a tuple such as points and labels,
        or a dict of arguments by name, such as ``{"x": points, "weights": weights}``.

    Raises
    ------
    ValueError
        If `read` is not a function: one iterator would be empty after the first pass.

    Examples
    --------
    >>> from companion.gaussians import GaussianMixture
    >>> start = GaussianMixture([0.5, 0.5], means=[0, 10], covariances=[1, 1])
    >>> pieces = Chunks(lambda: iter([[-1.0, 1.0], [9.0, 11.0]]))
    >>> fit(start, pieces).model.means.ravel().round(6)
    array([ 0., 10.])
    """

    def __init__(self, read: Callable[[], Iterable[Any]]) -> None:
        if not callable(read):
            raise ValueError(
                "read must be a function that starts a new pass over the data, "
                f"not {type(read).__name__}"
            )
        self.read = read

    def e_step(self, model: Model) -> tuple[Any, float]:
        """Return the summed statistics and log-likelihood of all the pieces.

        Parameters
        ----------
        model : Model
            Sees one piece after the other.

        Returns
        -------
        statistics
            As the model's.
        log_likelihood : float
            In nats.

        Raises
        ------
        ValueError
            If the pass holds no piece, or the model refuses one.

        Examples
        --------
        >>> from companion.gaussians import GaussianMixture
        >>> model = GaussianMixture([0.5, 0.5], means=[0, 10], covariances=[1, 1])
        >>> statistics, _ = Chunks(lambda: iter([[0.0], [10.0, 10.0]])).e_step(model)
        >>> statistics.counts.round(6)
        array([1., 2.])
        """
        return _sum(self._map(model.e_step))

    def _map(self, function: Callable[..., T]) -> Iterable[T]:
        """Call the function with every piece."""
        for chunk in self.read():
            if isinstance(chunk, dict):
                yield function(**chunk)
            else:
                yield function(*chunk if isinstance(chunk, tuple) else (chunk,))


class DaskChunks:
    """The blocks of a Dask array, or the partitions of a Dask bag, seen by Dask's workers.

    Parameters
    ----------
    collection : dask Array of shape (N,) or (N, D), or dask Bag of points
        Each block or partition becomes one E-step; only statistics travel back. An array must be
        cut along its rows only.

    Raises
    ------
    ValueError
        If `collection` is not a Dask collection, or an array is cut along its columns.

    Notes
    -----
    Dask is an optional extra: ``pip install "dask[array,distributed]"``. Without ``distributed``
    it works, too, but on one machine only.

    Examples
    --------
    >>> import dask.array as da
    >>> from companion.gaussians import GaussianMixture
    >>> start = GaussianMixture([0.5, 0.5], means=[0, 10], covariances=[1, 1])
    >>> blocks = da.from_array(np.array([-1.0, 1.0, 9.0, 11.0]), chunks=2)
    >>> fit(start, DaskChunks(blocks)).model.means.ravel().round(6)
    array([ 0., 10.])
    """

    def __init__(self, collection: Any) -> None:
        if not hasattr(collection, "to_delayed"):
            raise ValueError(
                f"collection must be a Dask array or bag, not {type(collection).__name__}"
            )
        if any(number != 1 for number in getattr(collection, "numblocks", ())[1:]):
            raise ValueError("collection must be cut along its rows only: rechunk({1: -1})")
        self.collection = collection

    def e_step(self, model: Model) -> tuple[Any, float]:
        """Return the summed statistics and log-likelihood of all the blocks.

        Parameters
        ----------
        model : Model
            Sent to Dask's workers, with one block each.

        Returns
        -------
        statistics
            As the model's.
        log_likelihood : float
            In nats.

        Raises
        ------
        ValueError
            If the collection holds no block, or the model refuses one.

        Examples
        --------
        >>> import dask.array as da
        >>> from companion.gaussians import GaussianMixture
        >>> model = GaussianMixture([0.5, 0.5], means=[0, 10], covariances=[1, 1])
        >>> blocks = da.from_array(np.array([0.0, 10.0, 10.0]), chunks=2)
        >>> DaskChunks(blocks).e_step(model)[0].counts.round(6)
        array([1., 2.])
        """
        return _sum(self._map(model.e_step))

    def _map(self, function: Callable[..., T]) -> Iterable[T]:
        """Call the function with every block, where the workers are."""
        from dask.base import compute
        from dask.delayed import delayed

        see = delayed(_see_block, pure=False)
        blocks = np.ravel(self.collection.to_delayed())
        return list(compute(*[see(function, block) for block in blocks]))


def _see_block(function: Callable[[Any], T], block: Any) -> T:
    return function(block if hasattr(block, "shape") else list(block))


def _n_numbers(*data: Any, weights: ArrayLike | None = None, **named: Any) -> float:
    arrays = [*data, *named.values()]
    n = sum(int(np.size(a) if hasattr(a, "shape") else np.array(a, object).size) for a in arrays)
    return n if weights is None else n * float(np.mean(_check.numbers(weights, "weights")))


def _needs(model: Any, what: str, *methods: str) -> None:
    """Raise a ``TypeError`` unless the model has these methods."""
    if isinstance(model, type):
        raise TypeError(f"{what} needs a model, not the class {model.__name__}")
    lacking = [name for name in methods if not callable(getattr(model, name, None))]
    if lacking:
        name = type(model).__name__
        raise TypeError(f"{what} needs {' and '.join(lacking)}, which {name} does not have")


def _given(prior: Any, statistics: Any, model: Any) -> Any:
    """Add statistics to the law of a prior; what does not fit is said of the prior."""
    try:
        return prior + statistics
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(
            f"prior ({type(prior).__name__}) does not fit the model "
            f"({type(model).__name__}): {error}"
        ) from error


def _must_add(statistics: Any) -> None:
    """Raise a ``TypeError`` unless ``+`` is a sum."""
    add = getattr(type(statistics), "__add__", None)
    if add in (None, tuple.__add__, list.__add__, str.__add__):
        raise TypeError(
            f"statistics must add (see em.Statistics), and + of a {type(statistics).__name__} is "
            "no sum"
        )


def _not_below_zero(value: Any, what: str) -> float:
    number = _check.numbers(value, what.split()[0])
    if number.ndim or not number >= 0:
        raise ValueError(f"{what}, not {value!r}")
    return float(number)


def _sum(parts: Iterable[tuple[Any, float]]) -> tuple[Any, float]:
    total, log_likelihood = None, 0.0
    for statistics, part in parts:
        _must_add(statistics)
        total = statistics if total is None else total + statistics
        log_likelihood += part
    if total is None:
        raise ValueError("the data hold no chunk: at least one is needed in every pass")
    return total, log_likelihood


def rate_matrix(
    model: Any, *data: Any, weights: ArrayLike | None = None, step: float = 5e-4
) -> _check.Floats:
    r"""Jacobian of the EM map at a fixed point; its largest eigenvalue is the rate of convergence.

    .. math:: \mathrm{DM} = \frac{\partial M(\theta)}{\partial \theta} \Big|_{\hat\theta},
        \qquad M(\theta_t) = \theta_{t+1}

    Parameters
    ----------
    model
        The maximum-likelihood estimate, with ``to_vector`` and ``from_vector``.
    *data, weights
        As in :func:`fit`.
    step : float > 0
        Step of the differences, relative to what a parameter moves when the log-likelihood falls by
        half a nat for every number in the data (if it were a parabola). That is in the parameter's
        own unit, so that the result depends neither on units nor on an origin.

    Returns
    -------
    ndarray of shape (P, P)
        Row i, column j: how the new parameter i moves with the old parameter j. Eigenvalues lie
        between 0 and 1 at a strict local maximum, and are the fractions of missing information.

    Raises
    ------
    ValueError
        If `step` is not positive.
    TypeError
        If the model lacks a method that is needed.

    Notes
    -----
    Meng and Rubin (1991), *Using EM to obtain asymptotic variance-covariance matrices: the SEM
    algorithm*, JASA 86, 899-909, equation 2.2.2; computed here by central differences of fourth
    order, not along the path of EM.

    Examples
    --------
    >>> from companion.missing import MultivariateNormal
    >>> half = [[-1, -1], [0, 1], [1, 0], [-1, np.nan], [0, np.nan], [1, np.nan]]
    >>> best = fit(MultivariateNormal.from_available(half), half).model
    >>> rates = np.linalg.eigvals(rate_matrix(best, half)).real
    >>> round(float(rates.max()), 4)  # half of the y are missing
    0.5
    """
    if not 0 < (step := _not_below_zero(step, "step must be a number > 0")) < np.inf:
        raise ValueError(f"step must be a number > 0, not {step!r}")
    _needs(model, "the rate of EM", "e_step", "m_step", "to_vector", "from_vector")
    visits = _Visits(data, weights=weights)
    centre = model.to_vector()
    columns = []
    for j in range(len(centre)):
        move = np.zeros_like(centre)
        move[j] = step * _own_scale(visits, model, centre, j)
        ahead, back, far_ahead, far_back = (
            near.m_step(visits.first(near).statistics).to_vector()
            for near in (model.from_vector(centre + k * move) for k in (1, -1, 2, -2))
        )
        columns.append((8 * (ahead - back) - (far_ahead - far_back)) / (12 * move[j]))
    return np.column_stack(columns)


def _own_scale(visits: _Visits, model: Any, centre: _check.Floats, j: int) -> float:
    """Say how far parameter j moves while the log-likelihood falls half a nat for every number.

    Every step is a guess at its unit, until the log-likelihood falls by a little on both sides; the
    rest of the way is a parabola's.
    """
    top = visits.first(model).log_likelihood
    size = abs(float(centre[j])) or 1.0
    for _ in range(60):
        move = np.zeros_like(centre)
        move[j] = size
        sides = [visits.leap(model, centre + sign * move) for sign in (1, -1)]
        fall = np.inf
        if sides[0] is not None and sides[1] is not None:
            mean = 0.5 * (sides[0].log_likelihood + sides[1].log_likelihood)
            fall = abs(top - mean) / visits.n_numbers
        if 1e-6 <= fall <= 1e-3:
            return float(size / np.sqrt(2 * fall))
        size *= float(np.clip(np.sqrt(1e-4 / max(fall, 1e-10)), 1e-3, 1e3))
        if not np.isfinite(size):
            break
    return abs(float(centre[j])) or 1.0  # the data say nothing of it


@dataclass(frozen=True, eq=False)
class Estimate:
    """A quantity at a maximum of the likelihood, and how well the data know it.

    Attributes
    ----------
    value : ndarray
        The quantity at the fitted model.
    covariance : ndarray of shape (value.size, value.size)
        Of its entries, in the order of ``value.ravel()``.
    """

    value: _check.Floats
    covariance: _check.Floats

    @property
    def standard_errors(self) -> _check.Floats:
        """Roots of the diagonal of `covariance`, in the shape of `value`."""
        return np.sqrt(np.diag(self.covariance)).reshape(self.value.shape)


def standard_errors(
    model: Any,
    *data: Any,
    of: Callable[[Any], Any] | None = None,
    prior: Any = None,
) -> Estimate:
    r"""Compute the standard errors of a fit, from the observed information.

    .. math::

        I_{\text{obs}} = -\nabla^2 \ell(\hat\theta), \qquad
        \operatorname{Cov} \hat\theta \approx I_{\text{obs}}^{-1}, \qquad
        \operatorname{Cov} g(\hat\theta) \approx
        \nabla g^\top \, I_{\text{obs}}^{-1} \, \nabla g

    Parameters
    ----------
    model
        The maximum-likelihood estimate, with ``to_vector`` and ``from_vector``. With
        ``gradient(statistics)`` the second derivatives are differences of the exact gradient of the
        log-likelihood (Fisher's identity); without, second differences of the log-likelihood.
    *data
        As in :func:`fit`, :class:`Chunks` and :class:`DaskChunks` too.
    of : function, optional
        From a model to what you want to know: a number or an array, such as
        ``lambda m: m.means``. By default ``to_vector``, the coordinates without constraints.
    prior : statistics, optional
        As in :func:`fit`, for a model that was fitted with it. The covariance is then that of the
        normal approximation to the posterior.

    Returns
    -------
    Estimate
        ``value``, ``covariance`` and ``standard_errors``.

    Raises
    ------
    ValueError
        If the information is singular (the data do not identify some parameter) or not positive
        definite (a saddle point), the model lies on the boundary of what is possible or is more
        than a tenth of a standard error away from the maximum; or if `of` does not return finite
        numbers.

    Notes
    -----
    The approximations hold for large samples, if the model is right. The second one, the *delta
    method*, takes `of` for linear within a standard error. An interval is best built in coordinates
    in which the log-likelihood is closest to a parabola, and then transformed.

    Louis (1982), *Finding the observed information matrix when using the EM algorithm*, J. R. Stat.
    Soc. B 44, 226-233. The same matrix is :math:`I_{\text{com}} (1 - \mathrm{DM})` with
    :func:`rate_matrix` (Meng and Rubin 1991); here it needs neither an M-step nor
    :math:`I_{\text{com}}`.

    Examples
    --------
    >>> from companion.missing import MultivariateNormal
    >>> x = [1.0, 3.0, 1.0, 3.0]
    >>> best = fit(MultivariateNormal.from_available(x), x).model
    >>> found = standard_errors(best, x, of=lambda m: m.mean)
    >>> found.value, found.standard_errors.round(9)  # sd / sqrt(N)
    (array([2.]), array([0.5]))
    """
    visits = _Visits(data, prior)
    centre = _check.numbers(model.to_vector(), "to_vector")
    if not np.isfinite(centre).all():
        raise ValueError(
            f"model lies on the boundary: parameter {int(np.argmin(np.isfinite(centre)))} of its "
            "to_vector is infinite, and the likelihood has no curvature there"
        )
    # Parameters in units of their own scales: whatever follows is free of units.
    scales = np.array([_own_scale(visits, model, centre, j) for j in range(len(centre))])
    origin = np.zeros_like(centre)

    def at(u: _check.Floats) -> Any:
        return model.from_vector(centre + scales * u)

    step = 3e-3
    if hasattr(model, "gradient"):

        def slope(u: _check.Floats) -> _check.Floats:
            visit = visits.first(at(u))
            return np.asarray(scales * visit.model.gradient(visits.complete(visit)))
    else:
        step *= 2  # differences of differences lose digits twice

        def slope(u: _check.Floats) -> _check.Floats:
            slopes, _ = _jacobian(lambda w: np.array([visits.first(at(w)).objective]), u, step)
            return slopes.ravel()

    inverse = _inverse_information(slope(origin), *_jacobian(slope, origin, step))
    if of is None:
        return Estimate(centre, scales[:, np.newaxis] * inverse * scales)
    value = _check.finite(of(model), "of(model)")
    by_u, _ = _jacobian(lambda u: _check.finite(of(at(u)), "of(model)").ravel(), origin, step)
    return Estimate(value, by_u @ inverse @ by_u.T)


def _jacobian(
    function: Callable[[_check.Floats], _check.Floats], at: _check.Floats, step: float
) -> tuple[_check.Floats, _check.Floats]:
    """Differentiate a function of a vector: differences of sixth order, and less fourth order."""
    columns, errors = [], []
    for move in step * np.eye(len(at)):
        near, far, farther = (function(at + k * move) - function(at - k * move) for k in (1, 2, 3))
        columns.append((45 * near - 9 * far + farther) / (60 * step))
        errors.append((5 * near - 4 * far + farther) / (60 * step))
    return np.column_stack(columns), np.column_stack(errors)


def _inverse_information(
    slope: _check.Floats, curvature: _check.Floats, error: _check.Floats
) -> _check.Floats:
    """Invert minus a curvature, of parameters in their own scales; refuse what is no maximum.

    How small an eigenvalue can still be seen: two orders of differences tell of steps that were too
    long, asymmetry tells of rounding; and where it is steep, curvature is a matter of coordinates.
    """
    values, axes = np.linalg.eigh(-0.5 * (curvature + curvature.T))
    noise = np.linalg.norm(error) + np.linalg.norm(curvature - curvature.T)
    unseen = 1e-8 * np.abs(values).max() + 3 * noise
    steep = float(np.linalg.norm(slope))
    where = (
        f"parameter {int(np.argmax(np.abs(axes[:, 0])))} of to_vector has the largest part in it"
    )
    if values[0] < -unseen - steep:
        raise ValueError(
            "model is no maximum: in one direction the log-likelihood curves upwards, as at a "
            f"saddle point or where EM was stopped too early ({where})"
        )
    if not values[0] > unseen + steep:
        raise ValueError(
            "the information is singular, as far as differences can tell: in one direction the "
            "data say (almost) nothing of the parameters, so that no standard error is finite "
            f"there ({where})" + (", or EM was stopped too early" if values[0] > unseen else "")
        )
    inverse = np.asarray((axes / values) @ axes.T)
    away = float(np.sqrt(slope @ inverse @ slope))
    if away > 0.1:
        raise ValueError(
            f"model is no maximum: the top is about {away:.3g} standard errors away. Fit it until "
            "it converges, and give the prior that it was fitted with, if any"
        )
    return inverse
