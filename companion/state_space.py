r"""A hidden chain: what the past and the future say about a state that nobody saw.

.. math:: p(x, z) = p(z_1) \prod_{t=2}^T p(z_t \mid z_{t-1}) \prod_{t=1}^T p(x_t \mid z_t)

T times, S states. Everything is computed in logs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, log_softmax, logsumexp, xlogy

from companion import _check
from companion._check import Floats


@dataclass(frozen=True, eq=False)
class ChainPosterior:
    r"""What the observations say about the states of a chain.

    Attributes
    ----------
    filtered : ndarray of shape (T, S)
        :math:`p(z_t \mid x_1, \ldots, x_t)`: from the past alone. Rows sum to one.
    smoothed : ndarray of shape (T, S)
        :math:`p(z_t \mid x_1, \ldots, x_T)`: from the past and the future. Rows sum to one.
    log_likelihood : float
        :math:`\log p(x_1, \ldots, x_T)`, in nats.
    """

    filtered: Floats
    smoothed: Floats
    log_likelihood: float


def forward_backward(
    log_initial: ArrayLike, log_transition: ArrayLike, log_emission: ArrayLike
) -> ChainPosterior:
    r"""Filter and smooth a chain with finitely many states, in time T S^2 instead of S^T.

    .. math::

        \alpha_t(z) = p(x_t \mid z) \sum_{z'} \alpha_{t-1}(z')\, p(z \mid z'), \qquad
        \beta_t(z) = \sum_{z'} p(z' \mid z)\, p(x_{t+1} \mid z')\, \beta_{t+1}(z')

    so that :math:`p(z_t \mid x) \propto \alpha_t(z_t) \beta_t(z_t)`.

    Parameters
    ----------
    log_initial : array of shape (S,)
        :math:`\log p(z_1)`; minus infinity where a state is impossible.
    log_transition : array of shape (S, S)
        :math:`\log p(z_{t+1} \mid z_t)`: from the state of the row to the state of the column.
    log_emission : array of shape (T, S)
        :math:`\log p(x_t \mid z_t)` of what was observed; a row of zeros where nothing was.

    Returns
    -------
    ChainPosterior

    Raises
    ------
    ValueError
        If a shape is wrong, a value is NaN, a distribution does not sum to one, or the observations
        are impossible.

    Notes
    -----
    Rabiner (1989), *A tutorial on hidden Markov models and selected applications in speech
    recognition*, Proc. IEEE 77, 257-286, equations 19 to 27.

    Examples
    --------
    >>> stay = np.log([[0.9, 0.1], [0.1, 0.9]])
    >>> seen = np.log([[0.8, 0.2], [1.0, 1.0]])  # nothing was observed at the second time
    >>> forward_backward(np.log([0.5, 0.5]), stay, seen).filtered.round(2)
    array([[0.8 , 0.2 ],
           [0.74, 0.26]])
    """
    log_emission = _check.logs(log_emission, "log_emission")
    if log_emission.ndim != 2:
        raise ValueError(f"log_emission must have shape (T, S), not {log_emission.shape}")
    T, S = log_emission.shape
    log_initial = _check.log_probabilities(log_initial, "log_initial")
    _check.shape(log_initial, "log_initial", (S,))
    log_transition = _check.log_probabilities(log_transition, "log_transition")
    _check.shape(log_transition, "log_transition", (S, S))

    forward = np.empty((T, S))
    backward = np.zeros((T, S))
    forward[0] = log_initial + log_emission[0]
    for t in range(1, T):
        forward[t] = _log_product(forward[t - 1], log_transition) + log_emission[t]
    for t in range(T - 2, -1, -1):
        backward[t] = _log_product(backward[t + 1] + log_emission[t + 1], log_transition.T)
    log_likelihood = float(logsumexp(forward[-1]))
    if not np.isfinite(log_likelihood):
        raise ValueError("log_emission: the observations are impossible under every path of states")
    return ChainPosterior(
        filtered=np.exp(log_softmax(forward, axis=1)),
        smoothed=np.exp(log_softmax(forward + backward, axis=1)),
        log_likelihood=log_likelihood,
    )


@dataclass(frozen=True, eq=False)
class FishPopulation:
    r"""Counts of fish from a lake whose population wanders unseen.

    .. math::

        z_1 \sim \mathrm{N}_+(m, s^2), \quad
        z_{t+1} \mid z_t \sim \mathrm{N}_+(z_t, \sigma^2), \quad
        x_t \mid z_t \sim \mathrm{Poisson}(\lambda z_t)

    :math:`\mathrm{N}_+` is the normal distribution restricted to positive numbers: a population is
    never negative, and neither is the rate of a Poisson distribution. States live on a grid.

    Parameters
    ----------
    initial_mean, initial_sd : float > 0
        :math:`m` and :math:`s`, in fish, before the restriction.
    step_sd : float > 0
        :math:`\sigma`: how far the population wanders in one step of time, in fish.
    rate : float > 0
        :math:`\lambda`: caught fish for each fish in the lake.
    n_states : int >= 2
        Points of the grid.
    horizon : int >= 1
        For how many steps the grid must be wide enough.

    Raises
    ------
    ValueError
        If a number is not positive.

    Examples
    --------
    >>> lake = FishPopulation(initial_mean=100, initial_sd=30, step_sd=10, rate=0.1)
    >>> bool(lake.posterior([20]).smoothed[0] @ lake.states > 100)  # twice the catch of 100 fish
    True
    """

    initial_mean: float
    initial_sd: float
    step_sd: float
    rate: float
    n_states: int = 400
    horizon: int = 50

    def __post_init__(self) -> None:
        for name in ("initial_mean", "initial_sd", "step_sd", "rate"):
            if not 0 < getattr(self, name) < np.inf:
                raise ValueError(f"{name} must be a positive number, not {getattr(self, name)!r}")
        _check.count(self.n_states, "n_states", at_least=2)
        _check.count(self.horizon, "horizon")

    @cached_property
    def states(self) -> Floats:
        """The grid: midpoints of equal cells from zero to five standard deviations out, (S,)."""
        wide = np.hypot(self.initial_sd, np.sqrt(self.horizon) * self.step_sd)
        cell = (self.initial_mean + 5 * wide) / self.n_states
        return np.asarray(cell * (np.arange(self.n_states) + 0.5))

    @cached_property
    def log_initial(self) -> Floats:
        """Log-probability of every state at the first time: shape (S,)."""
        z = (self.states - self.initial_mean) / self.initial_sd
        return np.asarray(log_softmax(-0.5 * z**2))

    @cached_property
    def log_transition(self) -> Floats:
        """Log-probability of the next state (column) given this one (row): shape (S, S)."""
        z = (self.states - self.states[:, np.newaxis]) / self.step_sd
        return np.asarray(log_softmax(-0.5 * z**2, axis=1))

    def log_emission(self, counts: ArrayLike) -> Floats:
        r"""Log-probability of every count in every state.

        .. math:: \log p(x_t \mid z_t) = x_t \log (\lambda z_t) - \lambda z_t - \log x_t!

        Parameters
        ----------
        counts : array of shape (T,)
            Whole numbers >= 0; NaN where nobody counted.

        Returns
        -------
        ndarray of shape (T, S)

        Raises
        ------
        ValueError
            If a count is negative, infinite or not whole.

        Examples
        --------
        >>> lake = FishPopulation(100, 30, 10, rate=0.1, n_states=2)
        >>> lake.log_emission([0]).round(6).tolist() == (-0.1 * lake.states[None]).round(6).tolist()
        True
        """
        x = np.atleast_1d(_check.numbers(counts, "counts"))[:, np.newaxis]
        seen = x[~np.isnan(x)]
        if x.size == 0 or x.ndim != 2:
            raise ValueError("counts must be a vector with at least one entry")
        if np.isinf(seen).any() or (seen < 0).any() or (seen % 1).any():
            raise ValueError("counts must be whole numbers >= 0 (or NaN where nobody counted)")
        expected = self.rate * self.states
        with np.errstate(invalid="ignore"):
            log_p = xlogy(x, expected) - expected - gammaln(x + 1)
        return np.where(np.isnan(x), 0.0, log_p)

    def posterior(self, counts: ArrayLike) -> ChainPosterior:
        """Filter and smooth: what the counts say about the population at every time.

        Parameters
        ----------
        counts : array of shape (T,)
            Whole numbers >= 0; NaN where nobody counted.

        Returns
        -------
        ChainPosterior
            Probabilities of the :attr:`states`.

        Raises
        ------
        ValueError
            If a count is negative, infinite or not whole.

        Examples
        --------
        >>> lake = FishPopulation(100, 30, 10, 0.1)
        >>> lake.posterior([10, np.nan, 12]).smoothed.shape
        (3, 400)
        """
        return forward_backward(self.log_initial, self.log_transition, self.log_emission(counts))

    def sample(self, n_times: int, rng: np.random.Generator) -> tuple[Floats, _check.Integers]:
        """Draw a population and its counts, on the grid.

        Parameters
        ----------
        n_times : int >= 1
            T.
        rng : numpy.random.Generator
            The source of randomness.

        Returns
        -------
        z : ndarray of shape (T,)
            The population, in fish.
        counts : ndarray of int, shape (T,)

        Raises
        ------
        ValueError
            If `n_times` is not a positive whole number.

        Examples
        --------
        >>> z, counts = FishPopulation(100, 30, 10, 0.1).sample(5, np.random.default_rng(1))
        >>> bool((z > 0).all()), counts.shape
        (True, (5,))
        """
        path = []
        log_p = self.log_initial
        for _ in range(_check.count(n_times, "n_times")):
            path.append(int(rng.choice(self.n_states, p=np.exp(log_p))))
            log_p = self.log_transition[path[-1]]
        z = self.states[path]
        return z, rng.poisson(self.rate * z)


def _log_product(log_v: Floats, log_M: Floats) -> Floats:
    """Logarithm of v @ M, from the logarithms of a vector (S,) and a matrix (S, S)."""
    top = log_v.max()
    if np.isneginf(top):
        return np.full(len(log_v), -np.inf)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.exp(log_v - top) @ np.exp(log_M)) + top)
