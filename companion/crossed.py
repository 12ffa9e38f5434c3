r"""Two kinds of groups at once: every number belongs to a row and to a column, as polls do.

Each row (a state) has an effect, each column (a pollster) has an effect, and what is observed is
their sum with noise. Rows share columns, so their errors are correlated. Everything is Gaussian,
so the posterior is exact: linear algebra in which only the rows' block is ever a full matrix.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import cho_factor, cho_solve

from companion import _check
from companion._check import Floats, Integers


@dataclass(frozen=True, eq=False)
class CrossedStatistics:
    """Expected sufficient statistics of the hidden effects; they add.

    Attributes
    ----------
    rows : ndarray of shape (3,)
        Number of rows, sums of their expected effects and squared effects.
    columns : ndarray of shape (2,)
        Number of columns, sum of their expected squared effects.
    extras : ndarray of shape (2,)
        Number of observations, sum of the expected squares of what is neither row, column nor
        sampling error.
    """

    rows: Floats
    columns: Floats
    extras: Floats

    def __add__(self, other: CrossedStatistics) -> CrossedStatistics:
        return CrossedStatistics(
            self.rows + other.rows, self.columns + other.columns, self.extras + other.extras
        )


class CrossedPosterior(NamedTuple):
    """The joint posterior of all effects: a Gaussian.

    Attributes
    ----------
    row_mean, column_mean : ndarrays of shapes (I,) and (J,)
        Posterior means; the overall mean is in the rows' effects.
    row_covariance, column_covariance : ndarrays of shapes (I, I) and (J, J)
    cross_covariance : ndarray of shape (I, J)
        Between a row's and a column's effect.
    """

    row_mean: Floats
    column_mean: Floats
    row_covariance: Floats
    column_covariance: Floats
    cross_covariance: Floats

    def sample_rows(self, rng: np.random.Generator, size: int = 1) -> Floats:
        """Draw the effects of all rows from their joint posterior.

        Parameters
        ----------
        rng : Generator
            Source of chance.
        size : int >= 1
            How many draws.

        Returns
        -------
        ndarray of shape (size, I)

        Examples
        --------
        >>> model = CrossedNormal(mean=0, row_sd=1, column_sd=1)
        >>> posterior = model.posterior([1.0, 2.0], [1.0, 1.0], [0, 1], [0, 0])
        >>> posterior.sample_rows(np.random.default_rng(1), 5).shape
        (5, 2)
        """
        _check.count(size, "size")
        half = np.linalg.cholesky(self.row_covariance + 1e-12 * np.eye(len(self.row_mean)))
        return np.asarray(self.row_mean + rng.normal(size=(size, len(self.row_mean))) @ half.T)


@dataclass(frozen=True)
class CrossedNormal:
    r"""Crossed effects: a row's and a column's effect, an extra, and the error of sampling.

    .. math:: x_{ij} = \pi_i + \eta_j + \delta_{ij} + \varepsilon_{ij}, \qquad
        \pi_i \sim \mathrm{N}(\mu, \sigma_1^2), \quad \eta_j \sim \mathrm{N}(0, \sigma_2^2), \quad
        \delta_{ij} \sim \mathrm{N}(0, \sigma_3^2), \quad
        \varepsilon_{ij} \sim \mathrm{N}(0, s_{ij}^2)

    The data are four arrays of shape (N,): `x`, `standard_error` s (known, > 0), and the whole
    numbers `row` and `column`, counted from 0.

    Parameters
    ----------
    mean : float
        Overall mean, in the units of x.
    row_sd, column_sd : float >= 0
        Standard deviations of the rows' and the columns' effects.
    extra_sd : float >= 0
        Of what is particular to one observation beyond its standard error. EM keeps a 0 at 0.

    Raises
    ------
    ValueError
        If a standard deviation is negative, or a number is not finite.

    Notes
    -----
    Gelman and Hill (2007), *Data Analysis Using Regression and Multilevel/Hierarchical Models*,
    section 13.5 (non-nested models).

    Examples
    --------
    >>> model = CrossedNormal(mean=0, row_sd=3, column_sd=0)
    >>> model.posterior([10.0], [4.0], [0], [0]).row_mean  # no columns: the normal-normal model
    array([3.6])
    """

    mean: float
    row_sd: float
    column_sd: float
    extra_sd: float = 0.0

    def __post_init__(self) -> None:
        for name in ("mean", "row_sd", "column_sd", "extra_sd"):
            value = getattr(self, name)
            _check.finite(value, name)
            if name != "mean" and value < 0:
                raise ValueError(f"{name} must not be negative, but is {value!r}")

    def posterior(
        self,
        x: ArrayLike,
        standard_error: ArrayLike,
        row: ArrayLike,
        column: ArrayLike,
        *,
        n_rows: int | None = None,
        n_columns: int | None = None,
    ) -> CrossedPosterior:
        """Joint posterior of all effects.

        Parameters
        ----------
        x, standard_error : arrays of shape (N,)
            Observations and their known standard errors.
        row, column : arrays of N whole numbers >= 0
            Whose they are.
        n_rows, n_columns : int, optional
            How many rows and columns there are; by default up to the largest that occurs. Those
            without an observation keep their prior, apart from what the others teach.

        Returns
        -------
        CrossedPosterior

        Raises
        ------
        ValueError
            If the arrays do not fit together, hold NaN, or a standard error is not positive.

        Examples
        --------
        >>> model = CrossedNormal(mean=0, row_sd=1, column_sd=1)
        >>> posterior = model.posterior([2.0, 2.0], [1.0, 1.0], [0, 1], [0, 0])
        >>> posterior.row_mean, posterior.column_mean  # rows that agree blame the column
        (array([0.5, 0.5]), array([1.]))
        """
        data = _data(x, standard_error, row, column, n_rows, n_columns)
        return self._solve(*data)[0]

    def log_evidence(
        self, x: ArrayLike, standard_error: ArrayLike, row: ArrayLike, column: ArrayLike
    ) -> float:
        """Log-density of all observations given the hyperparameters, in nats.

        Parameters
        ----------
        x, standard_error, row, column : arrays of shape (N,)
            As for :meth:`posterior`.

        Returns
        -------
        float

        Examples
        --------
        >>> model = CrossedNormal(mean=0, row_sd=0, column_sd=0)
        >>> round(model.log_evidence([1.0], [1.0], [0], [0]), 6)  # a standard normal density
        -1.418939
        """
        return self._solve(*_data(x, standard_error, row, column, None, None))[1]

    def _solve(
        self, x: Floats, s: Floats, row: Integers, column: Integers, n_rows: int, n_columns: int
    ) -> tuple[CrossedPosterior, float]:
        """Work with effects of unit variance: the columns' block is diagonal, and goes first."""
        weight = 1 / (s**2 + self.extra_sd**2)
        off = x - self.mean
        by_row = 1 + self.row_sd**2 * np.bincount(row, weight, n_rows)
        by_column = 1 + self.column_sd**2 * np.bincount(column, weight, n_columns)
        shared = np.zeros((n_rows, n_columns))
        np.add.at(shared, (row, column), weight)
        shared *= self.row_sd * self.column_sd
        pull_row = self.row_sd * np.bincount(row, weight * off, n_rows)
        pull_column = self.column_sd * np.bincount(column, weight * off, n_columns)

        ratio = shared / by_column  # what a column passes on to the rows
        factor = cho_factor(np.diag(by_row) - ratio @ shared.T, lower=True)
        u = cho_solve(factor, pull_row - ratio @ pull_column)
        v = pull_column / by_column - ratio.T @ u
        row_part = cho_solve(factor, np.eye(n_rows))
        cross = -row_part @ ratio
        column_part = np.diag(1 / by_column) - ratio.T @ cross
        posterior = CrossedPosterior(
            self.mean + self.row_sd * u,
            self.column_sd * v,
            self.row_sd**2 * row_part,
            self.column_sd**2 * column_part,
            self.row_sd * self.column_sd * cross,
        )
        log_det = 2 * np.log(np.diag(factor[0])).sum() + np.log(by_column).sum()
        squares = weight @ off**2 - pull_row @ u - pull_column @ v
        constant = len(x) * np.log(2 * np.pi) - np.log(weight).sum()
        return posterior, float(-(constant + log_det + squares) / 2)

    def e_step(
        self, x: ArrayLike, standard_error: ArrayLike, row: ArrayLike, column: ArrayLike
    ) -> tuple[CrossedStatistics, float]:
        """Return the expected sufficient statistics of the effects, and the log evidence.

        Parameters
        ----------
        x, standard_error, row, column : arrays of shape (N,)
            As for :meth:`posterior`.

        Returns
        -------
        statistics : CrossedStatistics
        log_evidence : float
            In nats.

        Examples
        --------
        >>> model = CrossedNormal(mean=0, row_sd=1, column_sd=1)
        >>> model.e_step([2.0, 2.0], [1.0, 1.0], [0, 1], [0, 0])[0].rows
        array([2.  , 1.  , 1.75])
        """
        data = _data(x, standard_error, row, column, None, None)
        p, log_evidence = self._solve(*data)
        values, s, i, j, n_rows, n_columns = data
        row_variance, column_variance = np.diag(p.row_covariance), np.diag(p.column_covariance)
        rows = np.array([n_rows, p.row_mean.sum(), (p.row_mean**2 + row_variance).sum()])
        columns = np.array([n_columns, (p.column_mean**2 + column_variance).sum()])
        left = (values - p.row_mean[i] - p.column_mean[j]) ** 2
        left = left + row_variance[i] + column_variance[j] + 2 * p.cross_covariance[i, j]
        keep = self.extra_sd**2 / (self.extra_sd**2 + s**2)
        extras = np.array([len(values), (keep**2 * left + keep * s**2).sum()])
        return CrossedStatistics(rows, columns, extras), log_evidence

    def m_step(self, statistics: CrossedStatistics) -> CrossedNormal:
        """Return the model with the moments of the expected effects.

        Parameters
        ----------
        statistics : CrossedStatistics
            From :meth:`e_step`.

        Returns
        -------
        CrossedNormal

        Examples
        --------
        >>> one = np.array([2.0, 8.0])
        >>> CrossedNormal(0, 1, 1).m_step(CrossedStatistics(np.array([2.0, 6, 20]), one, one))
        CrossedNormal(mean=3.0, row_sd=1.0, column_sd=2.0, extra_sd=2.0)
        """
        n, total, squares = statistics.rows
        mean = total / n
        of_rows = max(squares / n - mean**2, 0.0)
        of_columns = statistics.columns[1] / statistics.columns[0]
        extra = statistics.extras[1] / statistics.extras[0]
        return CrossedNormal(
            float(mean), *(float(np.sqrt(v)) for v in (of_rows, of_columns, extra))
        )

    def to_vector(self) -> Floats:
        """Return the mean and the logarithms of the standard deviations that are not 0.

        Returns
        -------
        ndarray of shape (3,), or (4,) with an `extra_sd`

        Examples
        --------
        >>> CrossedNormal(mean=5, row_sd=1, column_sd=1).to_vector()
        array([5., 0., 0.])
        """
        sds = [self.row_sd, self.column_sd] + ([self.extra_sd] if self.extra_sd else [])
        with np.errstate(divide="ignore"):
            return np.array([self.mean, *np.log(sds)])

    def from_vector(self, vector: ArrayLike) -> CrossedNormal:
        """Return the model at a point: the inverse of :meth:`to_vector`.

        Parameters
        ----------
        vector : array of shape (3,) or (4,)
            A point.

        Returns
        -------
        CrossedNormal

        Examples
        --------
        >>> CrossedNormal(0, 1, 1).from_vector([5.0, 0.0, 0.0])
        CrossedNormal(mean=5.0, row_sd=1.0, column_sd=1.0, extra_sd=0.0)
        """
        mean, *logs = np.asarray(vector, float)
        return CrossedNormal(float(mean), *(float(v) for v in np.exp(logs)))


def _data(
    x: ArrayLike,
    standard_error: ArrayLike,
    row: ArrayLike,
    column: ArrayLike,
    n_rows: int | None,
    n_columns: int | None,
) -> tuple[Floats, Floats, Integers, Integers, int, int]:
    values = _check.finite(x, "x")
    if values.ndim != 1:
        raise ValueError(f"x must have shape (N,), not {values.shape}")
    errors = _check.finite(standard_error, "standard_error")
    _check.shape(errors, "standard_error", values.shape)
    _check.positive(errors, "standard_error")
    groups, lengths = [], []
    for name, given, length in (("row", row, n_rows), ("column", column, n_columns)):
        group = _check.labels(given, name, len(values))
        _check.not_negative(group, name)
        needed = int(group.max()) + 1
        length = needed if length is None else _check.count(length, f"n_{name}s")
        if length < needed:
            raise ValueError(f"n_{name}s is {length}, but {name} goes up to {needed - 1}")
        groups.append(group)
        lengths.append(length)
    return values, errors, groups[0], groups[1], lengths[0], lengths[1]
