r"""What is known of units in groups, and how: full Bayes over a grid of the upper level.

The model is that of :mod:`companion.nested`. Its location, scale and strength are averaged out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from companion import _check
from companion._check import Floats, Integers
from companion.evidence import Evidence
from companion.hierarchical import BetaBinomial
from companion.units import BetaPosterior, MixturePosterior

LOG_ODDS = np.linspace(-6, 6, 121)  # default nodes of full Bayes
SCALES = special.ndtri(0.5 + (np.arange(12) + 0.5) / 24)
STRENGTHS = (12 / (np.arange(12) + 0.5)) ** 2


class Grouped(NamedTuple):
    """Counts of J units in L groups, checked.

    Attributes
    ----------
    y, n : ndarrays of shape (J,)
        Successes and trials.
    names : ndarray of shape (L,)
        Numbers or names of the groups, sorted.
    codes : ndarray of shape (J,)
        Of every unit's group, from 0.
    evidences : list of L evidences
        Of the units of every group.
    """

    y: Floats
    n: Floats
    names: NDArray[Any]
    codes: Integers
    evidences: list[Evidence]

    @staticmethod
    def of(y: ArrayLike, n: ArrayLike, group: ArrayLike) -> Grouped:
        """Return the data, or raise a ``ValueError`` that names what is wrong.

        Parameters
        ----------
        y, n : arrays of shape (J,)
            Successes and trials (one number of trials may serve all units).
        group : array of shape (J,)
            Whole numbers, or names (text).

        Returns
        -------
        Grouped

        Examples
        --------
        >>> Grouped.of([1, 2, 3], 4, ["b", "a", "b"]).codes
        array([1, 0, 1])
        """
        y, n = BetaBinomial.check_data(y, n)
        values = list(group) if np.iterable(group) else [group]
        texts = [isinstance(value, str) for value in values]
        if any(texts) and not all(texts):
            odd = values[texts.index(False)]
            raise ValueError(f"group mixes names with what is none: {odd!r}")
        labels = np.array(values) if any(texts) else _check.whole(group, "group")
        _check.shape(labels, "group", y.shape)
        names, codes = np.unique(labels, return_inverse=True)
        parts = [codes == k for k in range(len(names))]
        evidences = [BetaBinomial.evidence(y[part], n[part]) for part in parts]
        return Grouped(y, n, names, codes, evidences)

    def table(self, log_odds: Floats, strengths: Floats) -> Floats:
        """Log-probabilities of every group's counts, if the log odds of its mean were known.

        Parameters
        ----------
        log_odds, strengths : arrays of shapes (M,) and (K,)
            Of the groups' mean, and of their units' Beta distributions.

        Returns
        -------
        ndarray of shape (L, K, M)
            In nats.

        Examples
        --------
        >>> np.exp(Grouped.of([1], [2], [0]).table(np.zeros(1), np.array([2.0]))).round(6)
        array([[[0.333333]]])
        """
        return np.array([e.on_grid(log_odds, np.log(strengths)).T for e in self.evidences])


@dataclass(frozen=True, eq=False)
class NestedPosterior:
    """What is known of every unit's chance (in the order of the data) and every group's mean.

    Attributes
    ----------
    groups : ndarray of shape (L,)
        Their names or numbers, sorted.
    log_odds, strengths : ndarrays of shapes (M,) and (K,)
        Nodes.
    weights : ndarray of shape (L, K, M)
        Posterior of every group's log odds and of the strength: they sum to one for every group.
    upper : ndarray of shape (S, K, M), or None
        With full Bayes, the posterior of scale, strength and location at their nodes.
    data : Grouped
        The counts.
    """

    groups: NDArray[Any]
    log_odds: Floats
    strengths: Floats
    weights: Floats
    upper: Floats | None
    data: Grouped

    @cached_property
    def group_mean(self) -> Floats:
        """Posterior mean of every group's mean p_l, of shape (L,)."""
        return np.asarray(self.weights.sum(axis=1) @ special.expit(self.log_odds))

    @cached_property
    def group_sd(self) -> Floats:
        """Posterior standard deviation of every group's mean, of shape (L,)."""
        off = special.expit(self.log_odds) - self.group_mean[:, np.newaxis]
        return np.asarray(np.sqrt((self.weights.sum(axis=1) * off**2).sum(axis=1)))

    def group_interval(self, level: float = 0.95) -> Floats:
        """Central interval of every group's mean.

        Parameters
        ----------
        level : float
            Probability of the interval, between 0 and 1.

        Returns
        -------
        ndarray of shape (L, 2)
            The distribution function there is right to 1e-3.

        Examples
        --------
        >>> from companion.nested import NestedBetaBinomial
        >>> model = NestedBetaBinomial(location=0, scale=1, strength=1e9)
        >>> model.posterior([0], [0], ["a"]).group_interval().round(3)  # the prior
        array([[0.123, 0.877]])
        """
        from scipy.interpolate import CubicSpline

        tail = (1 - _check.fraction(level, "level")) / 2
        fine = np.linspace(self.log_odds[0], self.log_odds[-1], 20 * len(self.log_odds))
        found = []
        for density in self.weights.sum(axis=1):
            below = CubicSpline(self.log_odds, density).antiderivative()(fine)
            below = np.maximum.accumulate(below)
            found.append(np.interp([tail, 1 - tail], below / below[-1], fine))
        return np.asarray(special.expit(np.array(found)))

    @cached_property
    def _units(self) -> list[MixturePosterior[BetaPosterior]]:
        """The units of every group: a mixture of Beta distributions over the nodes."""
        alpha = self.strengths[:, np.newaxis] * special.expit(self.log_odds)
        beta = self.strengths[:, np.newaxis] * special.expit(-self.log_odds)
        found = []
        for k, weights in enumerate(self.weights):
            kept = weights > 1e-12 * weights.max()
            a, b = (np.maximum(v[kept], 1e-300)[:, np.newaxis] for v in (alpha, beta))
            y, n = (v[self.data.codes == k] for v in (self.data.y, self.data.n))
            share = weights[kept] / weights[kept].sum()
            found.append(MixturePosterior(BetaPosterior(a + y, b + (n - y)), share))
        return found

    def _in_order(self, parts: list[Floats]) -> Floats:
        order = np.argsort(self.data.codes, kind="stable")
        return np.asarray(np.concatenate(parts)[np.argsort(order)])

    @cached_property
    def mean(self) -> Floats:
        """Posterior mean of every unit's chance, of shape (J,): (s p_l + y) / (s + n), averaged."""
        share = self.weights.sum(axis=2)[self.data.codes]  # of the strengths, of shape (J, K)
        hits = self.strengths * (self.weights @ special.expit(self.log_odds))[self.data.codes]
        y, n = self.data.y[:, np.newaxis], self.data.n[:, np.newaxis]
        return np.asarray(((hits + share * y) / (self.strengths + n)).sum(axis=1))

    @cached_property
    def sd(self) -> Floats:
        """Posterior standard deviation of every unit's chance, of shape (J,)."""
        return self._in_order([units.sd for units in self._units])

    def interval(self, level: float = 0.95) -> Floats:
        """Central interval of every unit's chance.

        Parameters
        ----------
        level : float
            Probability of the interval, between 0 and 1.

        Returns
        -------
        ndarray of shape (J, 2)

        Examples
        --------
        >>> from companion.nested import NestedBetaBinomial
        >>> model = NestedBetaBinomial(location=0, scale=1e-9, strength=2)
        >>> model.posterior([0], [0], ["a"]).interval(0.9).round(3)
        array([[0.05, 0.95]])
        """
        return self._in_order([units.interval(level) for units in self._units])


def full_bayes_nested(
    y: ArrayLike,
    n: ArrayLike,
    group: ArrayLike,
    *,
    log_odds: ArrayLike = LOG_ODDS,
    scales: ArrayLike = SCALES,
    strengths: ArrayLike = STRENGTHS,
) -> NestedPosterior:
    """Posterior of chances and groups' means, with the parameters averaged out.

    On a grid, so that no boundary is a difficulty. All nodes of scale and of strength are equally
    probable beforehand: by default the scale is half-normal with standard deviation 1, and the
    inverse root of the strength is uniform between 0 and 1; so is 1 / (1 + exp(-location)). Given
    these, the groups' log odds are normal *on the nodes*.

    Parameters
    ----------
    y, n, group : arrays of shape (J,)
        The data; see the class.
    log_odds : array of shape (M,)
        Nodes of the groups' log odds, and of the location: rising, equally spaced, finer than
        the likelihood of any group.
    scales : array of shape (S,)
        Nodes >= 0 of the scale; ``[0]`` makes all groups one population.
    strengths : array of shape (K,)
        Nodes > 0 of the strength.

    Returns
    -------
    NestedPosterior

    Raises
    ------
    ValueError
        If data or nodes are not as described.

    Examples
    --------
    >>> data = [4, 1, 9], [14, 20, 20], ["A", "A", "B"]
    >>> full_bayes_nested(*data).group_mean.round(2)
    array([0.27, 0.38])
    >>> full_bayes_nested(*data, scales=[0]).group_mean.round(2)
    array([0.31, 0.31])
    """
    data = Grouped.of(y, n, group)
    u, tau = _check.finite(log_odds, "log_odds"), _check.not_negative(scales, "scales")
    s = _check.positive(strengths, "strengths")
    for name, nodes in (("log_odds", u), ("scales", tau), ("strengths", s)):
        if nodes.ndim != 1:
            raise ValueError(f"{name} must be a vector, not of shape {nodes.shape}")
    gaps = np.diff(u)
    if len(u) < 3 or not (gaps > 0).all() or np.ptp(gaps) > 1e-6 * gaps.max():
        raise ValueError("log_odds must be three numbers or more, rising in equal steps")
    table = data.table(u, s)
    if (-np.diff(table, 2).min(axis=-1)).max() > 1:
        raise ValueError("log_odds must be finer: a group's likelihood is narrower than a step")
    with np.errstate(divide="ignore", invalid="ignore", under="ignore", over="ignore"):
        away = ((u - u[:, np.newaxis]) / tau[:, np.newaxis, np.newaxis]) ** 2
        prior = np.exp(-np.where(u == u[:, np.newaxis], 0.0, away) / 2)
        prior /= prior.sum(axis=-1, keepdims=True)  # (S, M locations, M)
        seen = np.exp(table - table.max(axis=(1, 2), keepdims=True))
        each = prior @ seen.reshape(-1, len(u)).T  # of every group, (S, M locations, L K)
        each = each.reshape(*prior.shape[:2], *seen.shape[:2])
        log_upper = np.log(each).sum(axis=2) - np.abs(u)[:, np.newaxis]
        log_upper -= 2 * np.log1p(np.exp(-np.abs(u)))[:, np.newaxis]
        upper = np.exp(log_upper - log_upper.max())
        upper /= upper.sum()  # (S, M locations, K)
        share = np.where(upper[:, :, np.newaxis] > 0, upper[:, :, np.newaxis] / each, 0.0)
        back = share.reshape(prior.shape[0] * len(u), -1).T @ prior.reshape(-1, len(u))
        weights = seen * back.reshape(seen.shape)
    weights /= weights.sum(axis=(1, 2), keepdims=True)
    return NestedPosterior(data.names, u, s, weights, np.swapaxes(upper, 1, 2), data)
