"""Expectation-maximisation: one driver for every model that has an E-step and an M-step.

A model is an immutable record of parameters with two methods. ``e_step(*data)`` returns the
expected sufficient statistics of the complete data and the log-likelihood of the observed data,
both under the model's own parameters. ``m_step(statistics)`` returns the model that maximises the
expected complete-data log-likelihood. Nothing else is asked of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar

import numpy as np

from companion import _check

if TYPE_CHECKING:
    import pandas as pd

ROUNDING = 1e-10  # a fall smaller than this, relative to 1 + |log-likelihood|, is rounding error


class EMError(RuntimeError):
    """Something went wrong while fitting: the base of the errors below."""


class ObjectiveFellError(EMError):
    """The log-likelihood fell. EM cannot do that, so the E-step or the M-step has a bug."""


class CollapsedComponentError(EMError):
    """A component lost its points or shrank on to one of them: no maximum lies there."""


class Model(Protocol):
    """What :func:`fit` needs: an E-step, and an M-step that reads what the E-step returns."""

    def e_step(self, *data: Any) -> tuple[Any, float]:
        """Return the expected sufficient statistics and the log-likelihood (a sum over points)."""

    def m_step(self, statistics: Any, /) -> Self:
        """Return the model that maximises the expected complete-data log-likelihood."""


M = TypeVar("M", bound=Model)


@dataclass(frozen=True, eq=False)
class EMResult(Generic[M]):
    """What a run of EM found.

    Attributes
    ----------
    model
        The model after the last M-step.
    log_likelihoods : ndarray of shape (n_iter + 1,)
        Observed-data log-likelihood (a sum over points, in nats) of the start and after every
        M-step; the last entry belongs to `model`.
    n_iter : int
        How many M-steps were made.
    converged : bool
        Whether the last M-step gained something between zero and `tol`.
    """

    model: M
    log_likelihoods: _check.Floats
    n_iter: int
    converged: bool

    @property
    def log_likelihood(self) -> float:
        """Observed-data log-likelihood of `model` (a sum over points, in nats)."""
        return float(self.log_likelihoods[-1])


def fit(
    model: M, *data: Any, tol: float = 1e-8, max_iter: int = 10_000, progress: bool = False
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
        Handed to ``model.e_step`` as it is, for example an array of points, or points and labels.
    tol : float >= 0
        Stop when one iteration gains at least zero and less than `tol` nats (in total, not per
        point). A fall is never convergence.
    max_iter : int >= 0
        Give up after so many M-steps, with ``converged=False``.
    progress : bool
        Show a progress bar.

    Returns
    -------
    EMResult
        The fitted model, the trace of log-likelihoods, and whether it converged.

    Raises
    ------
    ValueError
        If `tol` or `max_iter` is negative or not a number.
    ObjectiveFellError
        If the log-likelihood falls by more than rounding error, or becomes NaN.
    CollapsedComponentError
        If the model's M-step finds a component without points or without spread.

    Notes
    -----
    Dempster, Laird and Rubin (1977), *Maximum likelihood from incomplete data via the EM
    algorithm*, J. R. Stat. Soc. B 39, 1-38: theorem 1 is the monotone rise that is checked here at
    every step.

    Examples
    --------
    >>> from companion.mixtures import GaussianMixture
    >>> start = GaussianMixture(weights=[0.5, 0.5], means=[0, 10], covariances=[1, 1])
    >>> result = fit(start, [-1, 1, 9, 11])
    >>> result.model.means.ravel().round(6)
    array([ 0., 10.])
    >>> result.converged
    True
    """
    if not tol >= 0:
        raise ValueError(f"tol must be a number >= 0, not {tol!r}")
    _check.count(max_iter, "max_iter", at_least=0)

    statistics, log_likelihood = model.e_step(*data)
    trace = [_not_nan(log_likelihood, 0)]
    converged = False
    for iteration in _steps(max_iter, progress):
        model = model.m_step(statistics)
        statistics, log_likelihood = model.e_step(*data)
        gain = _not_nan(log_likelihood, iteration) - trace[-1]
        if gain < -ROUNDING * (1 + abs(trace[-1])):
            raise ObjectiveFellError(
                f"the log-likelihood fell by {-gain:.6g} (from {trace[-1]:.10g} to "
                f"{log_likelihood:.10g}) at iteration {iteration}: EM never goes down, so the "
                f"E-step or the M-step of {type(model).__name__} is wrong"
            )
        trace.append(log_likelihood)
        if 0 <= gain < tol:
            converged = True
            break
    return EMResult(model, np.array(trace), len(trace) - 1, converged)


@dataclass(frozen=True, eq=False)
class Restarts(Generic[M]):
    """What several runs of EM found.

    Attributes
    ----------
    best : EMResult
        The run that reached the highest log-likelihood.
    table : DataFrame
        One row per start: ``log_likelihood``, ``n_iter``, ``converged`` and ``outcome``
        ("converged", "max_iter reached", or why the run failed).
    """

    best: EMResult[M]
    table: pd.DataFrame


def fit_restarts(
    starts: Iterable[M],
    *data: Any,
    tol: float = 1e-8,
    max_iter: int = 10_000,
    progress: bool = False,
) -> Restarts[M]:
    """Run :func:`fit` from several starts; return the best run and the table of all.

    A run whose component collapses is a row of the table, not an error, because that is a property
    of the likelihood; a log-likelihood that falls is a bug and stops everything.

    Parameters
    ----------
    starts : iterable of models
        Where to start, for example several ``mixtures.random_start(x, n_components, rng)``.
    *data, tol, max_iter
        As in :func:`fit`.
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
    >>> from companion.mixtures import GaussianMixture
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
    for index in _steps(len(starts), progress):
        row: dict[str, Any] = {"log_likelihood": np.nan, "n_iter": np.nan, "converged": False}
        try:
            run = fit(starts[index - 1], *data, tol=tol, max_iter=max_iter)
        except CollapsedComponentError as error:
            row["outcome"] = str(error)
        else:
            row["log_likelihood"] = run.log_likelihood
            row["n_iter"] = run.n_iter
            row["converged"] = run.converged
            row["outcome"] = "converged" if run.converged else "max_iter reached"
            if best is None or run.log_likelihood > best.log_likelihood:
                best = run
        rows.append(row)
    if best is None:
        raise CollapsedComponentError(
            f"all {len(rows)} starts collapsed; first: {rows[0]['outcome']}"
        )
    table = pd.DataFrame(rows).astype({"n_iter": "Int64"})
    table.index.name = "start"
    return Restarts(best, table)


def _not_nan(log_likelihood: float, iteration: int) -> float:
    if np.isnan(log_likelihood):
        raise ObjectiveFellError(f"the log-likelihood is NaN at iteration {iteration}")
    return log_likelihood


def _steps(n: int, progress: bool) -> Iterable[int]:
    if not progress:
        return range(1, n + 1)
    from tqdm.auto import tqdm

    steps: Iterable[int] = tqdm(range(1, n + 1), unit="step", leave=False)
    return steps
