r"""A population of any shape: weights on a grid of the units' parameter.

.. math:: P(\theta = t_g) = w_g, \qquad p(y_j) = \sum_{g=1}^G w_g \, p(y_j \mid t_g)

It is a mixture with many known components and unknown weights, so EM fits it; on a fine grid the
result is the nonparametric maximum-likelihood estimate of Kiefer and Wolfowitz. The likelihood is
the reader's: all that is read of the data is the table of :math:`\log p(y_j \mid t_g)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp, softmax, xlogy

from companion import _check, _soft
from companion._check import Floats


@dataclass(frozen=True, eq=False)
class GridStatistics:
    r"""Expected sufficient statistics of units that lie on a grid. They add.

    Attributes
    ----------
    counts : ndarray of shape (G,)
        :math:`N_g = \sum_j r_{jg}`: the expected number of units at each point of the grid.
    expected_log_density : float
        :math:`\sum_{jg} r_{jg} \log p(y_j \mid t_g)`, in nats, which no weight touches.
    """

    counts: Floats
    expected_log_density: float

    def __add__(self, other: GridStatistics) -> GridStatistics:
        return GridStatistics(
            self.counts + other.counts, self.expected_log_density + other.expected_log_density
        )


@dataclass(frozen=True, eq=False)
class GridPopulation:
    r"""Weights of a population on a grid, to be found by EM.

    Data: `log_densities` of shape (J, G), the log-density of what was seen of unit j at point g of
    the grid, in nats; -inf where it cannot be. It may leave out what does not depend on g.

    Parameters
    ----------
    grid : array of shape (G,)
        :math:`t_1 < \dots < t_G`: values of the units' parameter, in its own unit.
    weights : array of shape (G,), optional
        Shares of the population, summing to one; by default all alike. EM never raises a weight
        of 0.

    Raises
    ------
    ValueError
        If the grid does not increase, the weights do not sum to one, or the shapes differ.

    Notes
    -----
    Kiefer and Wolfowitz (1956); Laird (1978), *Nonparametric maximum likelihood estimation of a
    mixing distribution*, JASA 73, 805-811; Lindsay (1983), *The geometry of mixture likelihoods*,
    Ann. Stat. 11, 86-94.

    Examples
    --------
    >>> from companion import em
    >>> from scipy import stats
    >>> y, grid = np.array([[0], [1], [0], [9], [8]]), np.linspace(0.05, 0.95, 19)
    >>> seen = stats.binom.logpmf(y, 10, grid)
    >>> found = em.fit(GridPopulation(grid), seen, tol=1e-9, max_iter=9_000).model
    >>> found.grid[found.weights > 0.01].round(2)
    array([0.05, 0.85])
    >>> found.posterior_mean(seen).round(2)
    array([0.05, 0.05, 0.05, 0.85, 0.85])
    """

    grid: Floats
    weights: Floats

    def __init__(self, grid: ArrayLike, weights: ArrayLike | None = None) -> None:
        t = _check.finite(grid, "grid")
        if t.ndim != 1 or not (np.diff(t) > 0).all():
            raise ValueError("grid must be a vector of increasing numbers")
        w = np.full(len(t), 1 / len(t)) if weights is None else _check.simplex(weights, "weights")
        _check.shape(w, "weights", t.shape)
        for name, array in (("grid", t), ("weights", w)):
            copy = array.copy()
            copy.flags.writeable = False
            object.__setattr__(self, name, copy)

    @property
    def mean(self) -> float:
        """Mean of the population."""
        return float(self.weights @ self.grid)

    @property
    def sd(self) -> float:
        """Standard deviation of the population."""
        return float(np.sqrt(self.weights @ (self.grid - self.mean) ** 2))

    @np.errstate(under="ignore")
    def log_prior_predictive(self, log_densities: ArrayLike) -> Floats:
        r"""Log-probability (or log-density) of each unit's data before they are seen.

        Parameters
        ----------
        log_densities : array of shape (J, G)
            See the class.

        Returns
        -------
        ndarray of shape (J,)
            :math:`\log \sum_g w_g \, p(y_j \mid t_g)`, in nats.

        Raises
        ------
        ValueError
            If the table has another shape, or a unit that no point with weight can explain.

        Examples
        --------
        >>> GridPopulation([0.2, 0.6]).log_prior_predictive(np.log([[0.2, 0.6]])).round(4)
        array([-0.9163])
        """
        return np.asarray(logsumexp(self._log_joint(log_densities), axis=1))

    def log_likelihood(self, log_densities: ArrayLike) -> float:
        """Log-likelihood of the weights: the sum of :meth:`log_prior_predictive`.

        Parameters
        ----------
        log_densities : array of shape (J, G)
            See the class.

        Returns
        -------
        float
            In nats.

        Examples
        --------
        >>> round(GridPopulation([0.2, 0.6]).log_likelihood(np.log([[0.2, 0.6]] * 2)), 4)
        -1.8326
        """
        return float(self.log_prior_predictive(log_densities).sum())

    @np.errstate(under="ignore")
    def responsibilities(self, log_densities: ArrayLike) -> Floats:
        r"""Posterior of every unit on the grid.

        Parameters
        ----------
        log_densities : array of shape (J, G)
            See the class.

        Returns
        -------
        ndarray of shape (J, G)
            :math:`r_{jg} = P(\theta_j = t_g \mid y_j)`; rows sum to one.

        Examples
        --------
        >>> GridPopulation([0.2, 0.6]).responsibilities(np.log([[0.2, 0.6]])).round(2)
        array([[0.25, 0.75]])
        """
        return np.asarray(softmax(self._log_joint(log_densities), axis=1))

    def posterior_mean(self, log_densities: ArrayLike) -> Floats:
        """Posterior mean of every unit's parameter.

        Parameters
        ----------
        log_densities : array of shape (J, G)
            See the class.

        Returns
        -------
        ndarray of shape (J,)
            In the unit of the grid.

        Examples
        --------
        >>> GridPopulation([0.2, 0.6]).posterior_mean(np.log([[0.2, 0.6]]))
        array([0.5])
        """
        return np.asarray(self.responsibilities(log_densities) @ self.grid)

    @np.errstate(under="ignore")
    def possible_gain(self, log_densities: ArrayLike, *, weights: ArrayLike | None = None) -> float:
        r"""How many nats any other weights on this grid can gain at most.

        .. math:: \ell(w') - \ell(w) = \sum_j \log \frac{p'(y_j)}{p(y_j)}
            \le \sum_j \Bigl( \frac{p'(y_j)}{p(y_j)} - 1 \Bigr)
            \le \max_g \sum_j \frac{p(y_j \mid t_g)}{p(y_j)} - J

        Parameters
        ----------
        log_densities : array of shape (J, G)
            See the class.
        weights : array of shape (J,), optional
            How often each unit counts.

        Returns
        -------
        float
            In nats; 0 at the maximum, and nowhere else.

        Notes
        -----
        Lindsay (1983): the largest directional derivative.

        Examples
        --------
        >>> round(GridPopulation([0.2, 0.6]).possible_gain(np.log([[0.2, 0.6]])), 6)
        0.5
        """
        evidence = self.log_prior_predictive(log_densities)
        with np.errstate(over="ignore"):
            ratios = np.exp(self._table(log_densities) - evidence[:, np.newaxis])
        often = self._often(weights, len(ratios))
        counts = often > 0  # 0 times an overflow is no number
        return max(0.0, float((often[counts] @ ratios[counts]).max() - often.sum()))

    @np.errstate(under="ignore")
    def e_step(
        self, log_densities: ArrayLike, *, weights: ArrayLike | None = None
    ) -> tuple[GridStatistics, float]:
        """Return the expected numbers of units on the grid, and the log-likelihood.

        Parameters
        ----------
        log_densities : array of shape (J, G)
            See the class.
        weights : array of shape (J,), optional
            How often each unit counts: numbers >= 0.

        Returns
        -------
        statistics : GridStatistics
        log_likelihood : float
            In nats.

        Examples
        --------
        >>> GridPopulation([0.2, 0.6]).e_step(np.log([[0.2, 0.6]]))[0].counts.round(2)
        array([0.25, 0.75])
        """
        table, joint = self._table(log_densities), self._log_joint(log_densities)
        evidence = logsumexp(joint, axis=1)
        often = self._often(weights, len(table))
        r = np.exp(joint - evidence[:, np.newaxis]) * often[:, np.newaxis]
        inside = float((r * np.where(r > 0, table, 0.0)).sum())
        return GridStatistics(r.sum(axis=0), inside), float(often @ evidence)

    @np.errstate(under="ignore")
    def m_step(self, statistics: GridStatistics) -> Self:
        r"""Weights that are the shares of the expected numbers: :math:`w_g = N_g / J`.

        Parameters
        ----------
        statistics : GridStatistics
            From :meth:`e_step`.

        Returns
        -------
        GridPopulation

        Examples
        --------
        >>> start = GridPopulation([0.2, 0.6])
        >>> start.m_step(GridStatistics(np.array([1.0, 3.0]), 0.0)).weights
        array([0.25, 0.75])
        """
        counts = statistics.counts
        return type(self)(self.grid, counts / counts.sum())

    def complete_log_likelihood(self, statistics: GridStatistics) -> float:
        r"""Return the expected log-likelihood of data and places together: the M-step's goal.

        Parameters
        ----------
        statistics : GridStatistics
            From :meth:`e_step`.

        Returns
        -------
        float
            :math:`\sum_g N_g \log w_g` and the expected log-density, in nats.

        Examples
        --------
        >>> statistics = GridStatistics(np.array([1.0, 1.0]), -3.0)
        >>> round(GridPopulation([0.2, 0.6]).complete_log_likelihood(statistics), 4)
        -4.3863
        """
        return float(xlogy(statistics.counts, self.weights).sum() + statistics.expected_log_density)

    @staticmethod
    def _often(weights: ArrayLike | None, units: int) -> Floats:
        return np.ones(units) if weights is None else _soft.weights_of_points(weights, units)

    def _table(self, log_densities: ArrayLike) -> Floats:
        table = _check.logs(log_densities, "log_densities")
        if table.ndim != 2 or table.shape[1] != len(self.grid):
            raise ValueError(
                f"log_densities must have shape (J, {len(self.grid)}), not {table.shape}"
            )
        return table

    def _log_joint(self, log_densities: ArrayLike) -> Floats:
        with np.errstate(divide="ignore"):
            joint = self._table(log_densities) + np.log(self.weights)
        explained = joint.max(axis=1) > -np.inf
        if not explained.all():
            j = int(np.argmin(explained))
            raise ValueError(f"log_densities: no point of the grid with weight explains unit {j}")
        return np.asarray(joint)
