r"""A hidden chain: what the past and the future say about a state that nobody saw.

.. math:: p(x, z) = p(z_1) \prod_{t=2}^T p(z_t \mid z_{t-1}) \prod_{t=1}^T p(x_t \mid z_t)

T times, S states. Everything is computed in logs: products of probabilities are taken outside of
them only where that loses nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from companion import _check
from companion._check import Floats
from companion._rising import log_poisson

LOST = 1e-290  # a sum of probabilities above this does not miss the terms that a float cannot hold
MOST_STATES = 20_000  # a matrix of all pairs of states must fit into memory


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
        :math:`\log p(x_t \mid z_t)` of what was observed; a row of zeros where nothing was. Minus
        infinity where a state cannot give the observation.

    Returns
    -------
    ChainPosterior

    Raises
    ------
    ValueError
        If a shape is wrong, a value is NaN or missing, a distribution does not sum to one, or the
        observations are impossible.

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
    S = log_emission.shape[1]
    log_initial = _check.log_probabilities(log_initial, "log_initial")
    _check.shape(log_initial, "log_initial", (S,))
    log_transition = _check.log_probabilities(log_transition, "log_transition")
    _check.shape(log_transition, "log_transition", (S, S))
    with np.errstate(divide="ignore", over="ignore", under="ignore"):
        forward, backward, gains = _messages(log_initial, log_transition, log_emission)
        return ChainPosterior(
            filtered=_normalised(forward),
            smoothed=_normalised(forward + backward),
            log_likelihood=math.fsum([*gains, _log_sum(forward[-1])]),
        )


def _messages(
    log_initial: Floats, log_transition: Floats, log_emission: Floats
) -> tuple[Floats, Floats, list[float]]:
    """Return both messages, with a maximum of zero at each time, and what was taken off."""
    T, S = log_emission.shape
    into = _Steps(log_transition.T)
    forward, backward, gains = np.empty((T, S)), np.zeros((T, S)), []
    relative = np.empty((T, S))
    for t in range(T):
        predicted = into.log_product(forward[t - 1]) if t else log_initial
        # What all states share is set apart, so that it cannot drown what they differ by.
        possible = predicted > -np.inf
        shared = (log_emission[t] if possible.all() else log_emission[t, possible]).max()
        if shared == -np.inf:
            raise ValueError(
                "log_emission: the observations are impossible under every path of states"
            )
        relative[t] = log_emission[t] - shared
        here = predicted + relative[t]
        top = here.max()
        forward[t] = here - top
        gains += [shared, top]
    out_of = into.transposed()
    for t in range(T - 2, -1, -1):
        later = relative[t + 1] + backward[t + 1]
        later[forward[t + 1] == -np.inf] = -np.inf
        backward[t] = out_of.log_product(later - later.max())
    return forward, backward, gains


class _Steps:
    """A matrix of probabilities, to be multiplied by vectors; both are given by logarithms."""

    def __init__(self, log_M: Floats) -> None:
        self.log_M = log_M
        self.M = np.exp(log_M)
        self.possible = None if log_M.min() > -np.inf else (log_M > -np.inf).astype(np.float32)

    def transposed(self) -> _Steps:
        other = _Steps.__new__(_Steps)
        other.log_M, other.M = self.log_M.T, self.M.T
        other.possible = None if self.possible is None else self.possible.T
        return other

    def log_product(self, log_v: Floats) -> Floats:
        """Logarithm of M @ v, whose largest entry is 1; in logs where the product loses digits."""
        product = self.M @ np.exp(log_v)
        found = np.asarray(np.log(product))
        lost = product < LOST * len(log_v)
        if lost.any():
            if self.possible is not None:  # not lost is what was never there
                lost &= self.possible @ (log_v > -np.inf).astype(np.float32) > 0
            found[lost] = _log_sum(self.log_M[lost] + log_v)
        return found


def _normalised(log_p: Floats) -> Floats:
    p = np.exp(log_p - log_p.max(axis=1, keepdims=True))
    return np.asarray(p / p.sum(axis=1, keepdims=True))


def _log_sum(terms: Floats) -> Floats:
    """Logarithm of a sum along the last axis; minus infinity if there is nothing to add."""
    top = terms.max(axis=-1, keepdims=True)
    top[top == -np.inf] = 0.0
    return np.asarray(np.log(np.exp(terms - top).sum(axis=-1)) + top.squeeze(axis=-1))


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
    n_states : int from 2 to 20 000
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
            value = getattr(self, name)
            number = _check.numbers(value, name)
            if number.ndim or not 0 < number < np.inf:
                raise ValueError(f"{name} must be a positive number, not {value!r}")
            object.__setattr__(self, name, float(number))
        _check.count(self.n_states, "n_states", at_least=2, at_most=MOST_STATES)
        _check.count(self.horizon, "horizon")

    @cached_property
    def states(self) -> Floats:
        """The grid: midpoints of equal cells from zero to five standard deviations out, (S,)."""
        wide = math.hypot(self.initial_sd, math.sqrt(self.horizon) * self.step_sd)
        cell = (self.initial_mean + 5 * wide) / self.n_states
        return np.asarray(cell * (np.arange(self.n_states) + 0.5))

    @cached_property
    def log_initial(self) -> Floats:
        """Log-probability of every state at the first time: shape (S,)."""
        return _log_normal(np.abs(self.states - self.initial_mean), self.initial_sd)

    @cached_property
    def log_transition(self) -> Floats:
        """Log-probability of the next state (column) given this one (row): shape (S, S)."""
        distance = np.abs(self.states - self.states[:, np.newaxis])
        return _log_normal(distance, self.step_sd)

    def log_emission(self, counts: ArrayLike) -> Floats:
        r"""Log-probability of every count in every state.

        .. math:: \log p(x_t \mid z_t) = x_t \log (\lambda z_t) - \lambda z_t - \log x_t!

        Parameters
        ----------
        counts : array of shape (T,)
            Whole numbers from 0 to 2**53; NaN (or masked, or ``pd.NA``) where nobody counted.

        Returns
        -------
        ndarray of shape (T, S)

        Raises
        ------
        ValueError
            If a count is negative, not whole, or so large that a float could not tell it from the
            next.

        Examples
        --------
        >>> lake = FishPopulation(100, 30, 10, rate=0.1, n_states=2)
        >>> lake.log_emission([0]).round(6).tolist() == (-0.1 * lake.states[None]).round(6).tolist()
        True
        """
        x = np.atleast_1d(_check.numbers(counts, "counts"))
        seen = ~np.isnan(x)
        if x.size == 0 or x.ndim != 1:
            raise ValueError("counts must be a vector with at least one entry")
        found = np.zeros((len(x), self.n_states))
        if not seen.any():
            return found
        if np.isinf(x).any() or (x[seen] < 0).any() or (x[seen] % 1).any():
            raise ValueError("counts must be whole numbers >= 0 (or NaN where nobody counted)")
        with np.errstate(over="ignore", under="ignore"):
            expected = self.rate * self.states
            found[seen] = log_poisson(_check.whole(x[seen], "counts")[:, np.newaxis], expected)
        return found

    def posterior(self, counts: ArrayLike) -> ChainPosterior:
        """Filter and smooth: what the counts say about the population at every time.

        Parameters
        ----------
        counts : array of shape (T,)
            As for :meth:`log_emission`.

        Returns
        -------
        ChainPosterior
            Probabilities of the :attr:`states`.

        Raises
        ------
        ValueError
            As :meth:`log_emission`.

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
            If `n_times` is not a positive whole number, or the counts would exceed 64 bits.

        Examples
        --------
        >>> z, counts = FishPopulation(100, 30, 10, 0.1).sample(5, np.random.default_rng(1))
        >>> bool((z > 0).all()), counts.shape
        (True, (5,))
        """
        path = []
        log_p = self.log_initial
        with np.errstate(under="ignore"):
            for _ in range(_check.count(n_times, "n_times")):
                path.append(int(rng.choice(self.n_states, p=np.exp(log_p))))
                log_p = self.log_transition[path[-1]]
            z = self.states[path]
            try:
                return z, rng.poisson(self.rate * z)
            except (ValueError, FloatingPointError):
                raise ValueError(f"rate = {self.rate:g} is too large: counts overflow") from None


def _log_normal(distance: Floats, sd: float) -> Floats:
    """Log-probabilities of a grid in the last axis, from its distances to a mean.

    They are taken relative to the nearest point: it is possible however small the standard
    deviation is beside a cell of the grid.
    """
    with np.errstate(divide="ignore", over="ignore", under="ignore"):
        nearest = distance.min()  # 0 in every row, if the means are those of the grid itself
        ahead = (distance - nearest) / sd
        cost = np.where(ahead > 0, 0.5 * ahead * ((distance + nearest) / sd), 0.0)
        return np.asarray(-cost - _log_sum(-cost)[..., np.newaxis])
