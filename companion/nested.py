r"""One more level: chances of units in groups, rats by experiment and experiments by laboratory.

.. math:: u_l \sim \mathrm{N}(m, \tau^2), \qquad
    \theta_{lj} \sim \mathrm{Beta}(s p_l, s (1 - p_l)), \quad p_l = 1 / (1 + e^{-u_l}), \qquad
    y_{lj} \sim \mathrm{Binomial}(n_{lj}, \theta_{lj})

The chances :math:`\theta` are integrated out exactly, which leaves beta-binomials; the log odds u
of a group's mean, by sums over a grid.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from companion import _check
from companion._check import Floats
from companion.em import CollapsedComponentError
from companion.evidence import Evidence
from companion.hierarchical import STRONGEST
from companion.nested_bayes import Grouped, NestedPosterior

FINE = 3  # nodes to the narrowest that a posterior can be
REACH = 8.5  # how far beyond every posterior's mode nodes go: exp(-8.5^2 / 2) is 2e-16
MOST = 200_000  # nodes


@dataclass(frozen=True, eq=False)
class NestedStatistics:
    """What the M-step reads: for each part of the data its groups, nodes and weights; they add.

    Attributes
    ----------
    parts : tuple of (list of L evidences, ndarray (M,), ndarray (L, M))
        The counts of every group, the grid of log odds, the posterior of every group on it. Every
        group must be whole in one part.
    """

    parts: tuple[tuple[list[Evidence], Floats, Floats], ...]

    def __add__(self, other: NestedStatistics) -> NestedStatistics:
        return NestedStatistics(self.parts + other.parts)


@dataclass(frozen=True)
class NestedBetaBinomial:
    r"""Chances that vary from unit to unit within a group, and from group to group.

    Data: `y`, successes, `n`, trials (whole numbers, as for ``BetaBinomial``), and `group`, whole
    numbers or names (text), one for every unit. With scale 0 all groups are one population, with
    an infinite scale every group is alone; with an infinite strength all units of a group have one
    chance. These are limits that EM approaches where the data ask for them: a scale goes to 0
    slowly, at a strength without bound the M-step raises an error.

    Parameters
    ----------
    location : float
        m, the mean over groups of the log odds of a group's mean.
    scale : float > 0
        :math:`\tau`, their standard deviation.
    strength : float > 0
        s, as good as so many trials: how alike the units of a group are.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or data are not as described.

    Notes
    -----
    The grid is uniform in u. Of a smooth function that falls off on both sides the sum over it is
    the integral, to an error like exp(-2 (pi w / h)^2) for a peak of width w and a spacing h
    (Trefethen and Weideman 2014, *The exponentially convergent trapezoidal rule*, SIAM Rev. 56,
    385-458). No posterior is narrower than :math:`(1/\tau^2 + I)^{-1/2}`, where I, the curvature of
    the log-probability, is at most :math:`\frac14 \sum_j \sum_{i < m_j} s / (s + i)` over the
    successes and failures :math:`m_j` of the group; the spacing is a third of it.

    Examples
    --------
    >>> model = NestedBetaBinomial(location=-1.8, scale=0.7, strength=25)
    >>> found = model.posterior([4, 1, 9], [14, 20, 20], ["A", "A", "B"])
    >>> found.groups.tolist(), found.group_mean.round(2), found.mean.round(2)
    (['A', 'B'], array([0.15, 0.29]), array([0.2 , 0.11, 0.36]))
    """

    location: float
    scale: float
    strength: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "location", _check.scalar(self.location, "location"))
        _check.positive_fields(self, "scale", "strength")

    def to_vector(self) -> Floats:
        """Return location, log scale and log strength, for optimisers.

        Returns
        -------
        ndarray of shape (3,)

        Examples
        --------
        >>> NestedBetaBinomial(0, 1, 1).to_vector()
        array([0., 0., 0.])
        """
        return np.array([self.location, math.log(self.scale), math.log(self.strength)])

    def from_vector(self, vector: ArrayLike) -> NestedBetaBinomial:
        """Return the model at a point: the inverse of :meth:`to_vector`.

        Parameters
        ----------
        vector : array of shape (3,)
            A point.

        Returns
        -------
        NestedBetaBinomial

        Examples
        --------
        >>> NestedBetaBinomial(0, 1, 1).from_vector([2.0, 0.0, 0.0])
        NestedBetaBinomial(location=2.0, scale=1.0, strength=1.0)
        """
        point = _check.finite(vector, "vector")
        _check.shape(point, "vector", (3,))
        with np.errstate(over="ignore", under="ignore"):
            numbers = [float(point[0]), *np.exp(point[1:]).tolist()]
        try:
            return NestedBetaBinomial(*numbers)
        except ValueError as error:
            raise ValueError(f"vector leads out of the range of numbers: {error}") from None

    @np.errstate(under="ignore")
    def _expect(self, data: Grouped) -> tuple[Floats, Floats, float]:
        """Nodes (M,), posterior of every group on them (L, M), and the log evidence."""
        m, scale, s = self.location, self.scale, self.strength
        hits, misses = (np.bincount(data.codes, v) for v in (data.y, data.n - data.y))
        bend = sum((v > 0) + s * np.log1p(v / s) for v in (data.y, data.n - data.y))
        most = np.bincount(data.codes, bend).max() / 4
        step = 1 / (FINE * math.sqrt(1 + scale**2 * most))
        # In z = (u - m) / scale. No slope exceeds the count; beyond log(1 + count) none exceeds 1.
        up = np.minimum(scale * hits, np.maximum(np.log1p(hits) - m, 0) / scale + scale).max()
        down = np.minimum(scale * misses, np.maximum(np.log1p(misses) + m, 0) / scale + scale).max()
        if not up + down + 2 * REACH < step * MOST:
            raise ValueError(f"n and scale ask for more than {MOST} nodes: a group says too much")
        below, above = (math.ceil((REACH + reach) / step) for reach in (down, up))
        z = step * np.arange(-below, above + 1)
        joint = data.table(m + scale * z, np.array([s]))[:, 0] - z**2 / 2
        joint += math.log(step) - math.log(2 * math.pi) / 2
        each = special.logsumexp(joint, axis=1)
        return m + scale * z, np.exp(joint - each[:, np.newaxis]), float(each.sum())

    def log_evidence(self, y: ArrayLike, n: ArrayLike, group: ArrayLike) -> float:
        r"""Log-probability of all counts: chances and groups' means are integrated out.

        .. math:: \sum_l \log \int \mathrm{N}(u \mid m, \tau^2) \prod_j
            \mathrm{BetaBinomial}(y_{lj} \mid n_{lj}, s p, s (1 - p)) \, du

        Parameters
        ----------
        y, n, group : arrays of shape (J,)
            The data; see the class.

        Returns
        -------
        float
            A sum over groups, in nats.

        Examples
        --------
        >>> round(NestedBetaBinomial(0, 1, 1).log_evidence([1], [1], ["A"]), 6)
        -0.693147
        """
        return self._expect(Grouped.of(y, n, group))[2]

    def posterior(self, y: ArrayLike, n: ArrayLike, group: ArrayLike) -> NestedPosterior:
        """Posterior of every unit's chance and of every group's mean, given the parameters.

        Parameters
        ----------
        y, n, group : arrays of shape (J,)
            The data; see the class.

        Returns
        -------
        NestedPosterior

        Examples
        --------
        >>> NestedBetaBinomial(0, 1, 2).posterior([1], [2], [7]).mean.round(12)
        array([0.5])
        """
        data = Grouped.of(y, n, group)
        log_odds, weights, _ = self._expect(data)
        strengths = np.array([self.strength])
        return NestedPosterior(data.names, log_odds, strengths, weights[:, np.newaxis], None, data)

    def e_step(
        self, y: ArrayLike, n: ArrayLike, group: ArrayLike
    ) -> tuple[NestedStatistics, float]:
        """Return the posterior of every group's log odds, and the log evidence.

        Parameters
        ----------
        y, n, group : arrays of shape (J,)
            The data; see the class.

        Returns
        -------
        statistics : NestedStatistics
        log_evidence : float
            The log-likelihood that EM raises: a sum over groups, in nats.

        Examples
        --------
        >>> statistics, value = NestedBetaBinomial(0, 1, 1).e_step([1], [1], ["A"])
        >>> len(statistics.parts), round(value, 6)
        (1, -0.693147)
        """
        data = Grouped.of(y, n, group)
        log_odds, weights, value = self._expect(data)
        return NestedStatistics(((data.evidences, log_odds, weights),)), value

    def complete_log_likelihood(self, statistics: NestedStatistics) -> float:
        """Return the expected log-density of counts and groups' log odds together, in nats.

        Parameters
        ----------
        statistics : NestedStatistics
            From :meth:`e_step`.

        Returns
        -------
        float
            A sum over groups; EM's Q.

        Examples
        --------
        >>> model = NestedBetaBinomial(0, 1, 1)
        >>> round(model.complete_log_likelihood(model.e_step([0], [0], ["A"])[0]), 6)
        -1.418939
        """
        total = _expected(statistics, math.log(self.strength))
        for _, u, weights in statistics.parts:
            squares = ((u - self.location) / self.scale) ** 2
            total -= float((weights @ squares).sum()) / 2
            total -= len(weights) * (math.log(self.scale) + math.log(2 * math.pi) / 2)
        return total

    def m_step(self, statistics: NestedStatistics) -> NestedBetaBinomial:
        """Fit the upper level to what is expected of the groups, and the strength to the counts.

        Location and scale are the mean and the standard deviation of the log odds; the strength is
        where the expected log-probability of the counts is highest, by a search from the present
        one.

        Parameters
        ----------
        statistics : NestedStatistics
            From :meth:`e_step`.

        Returns
        -------
        NestedBetaBinomial

        Raises
        ------
        CollapsedComponentError
            If the strength grows without bound (the units of a group differ no more than by
            chance) or falls to 0 (all counts are 0 or n).

        Examples
        --------
        >>> model, data = NestedBetaBinomial(1, 1, 2), ([1, 9, 2, 8], 10, ["A", "A", "B", "B"])
        >>> bool(model.m_step(model.e_step(*data)[0]).location < 1)
        True
        """
        from scipy.optimize import minimize_scalar

        L = sum(len(weights) for _, _, weights in statistics.parts)
        location = sum(float((weights @ u).sum()) for _, u, weights in statistics.parts) / L
        square = sum(float((w @ (u - location) ** 2).sum()) for _, u, w in statistics.parts) / L

        def cost(log_strength: float) -> float:
            return -_expected(statistics, log_strength)

        here, top = math.log(self.strength), math.log(STRONGEST)
        while abs(here) < top:
            bounds = here - 4, here + 4
            found = minimize_scalar(cost, bounds=bounds, options={"xatol": 1e-9})
            step = float(found.x) - here
            if abs(step) < 3.9:
                here += step if found.fun < cost(here) else 0.0
                return NestedBetaBinomial(location, math.sqrt(square), math.exp(here))
            here += step
        end = "grows without bound" if here > 0 else "falls to 0"
        raise CollapsedComponentError(f"strength {end}: the likelihood rises all the way")


@np.errstate(under="ignore")
def _expected(statistics: NestedStatistics, log_strength: float) -> float:
    """Return the expected log-probability of all counts at a strength, in nats."""
    total = 0.0
    for evidences, u, weights in statistics.parts:
        for evidence, w in zip(evidences, weights, strict=True):
            kept = w > 0
            values = evidence.on_grid(u[kept], np.array([log_strength]))[:, 0]
            total += float(w[kept] @ values)
    return total
