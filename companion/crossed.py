r"""Two kinds of groups at once: every number belongs to a row and to a column, as polls do.

Each row (a state) has an effect, each column (a pollster) has an effect, and what is observed is
their sum with noise. Rows share columns, so their errors are correlated. Everything is Gaussian,
so the posterior is exact: linear algebra in which only the rows' block is ever a full matrix.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import cho_factor, cho_solve, solve_triangular

from companion import _check
from companion._check import Floats, Integers

MOST = 10_000  # rows or columns: the covariances of all pairs must fit into memory
WELL_CONDITIONED = 1e-6  # a Cholesky factor then keeps nine digits
TRUSTED = 1e-6  # how much of an effect, or of its posterior sd, rounding errors may be
LARGEST = 1e150  # a number so large can still be squared


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
    scatter : float
        Sum of the expected squares of the rows' effects about their own mean. By default it is
        taken from `rows`, which has few digits left if the mean lies many standard deviations
        from zero.
    """

    rows: Floats
    columns: Floats
    extras: Floats
    scatter: float = math.nan

    def __post_init__(self) -> None:
        if math.isnan(self.scatter):
            n, total, squares = self.rows
            object.__setattr__(self, "scatter", max(float(squares - total**2 / n), 0.0))

    def __add__(self, other: CrossedStatistics) -> CrossedStatistics:
        n, m = self.rows[0], other.rows[0]
        apart = self.rows[1] / n - other.rows[1] / m
        return CrossedStatistics(
            self.rows + other.rows,
            self.columns + other.columns,
            self.extras + other.extras,
            float(self.scatter + other.scatter + n * m / (n + m) * apart**2),
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
    row_names, column_names : ndarrays of shapes (I,) and (J,)
        Whose effects they are, sorted, if the data gave names; None if they gave numbers.
    """

    row_mean: Floats
    column_mean: Floats
    row_covariance: Floats
    column_covariance: Floats
    cross_covariance: Floats
    row_names: NDArray[Any] | None = None
    column_names: NDArray[Any] | None = None

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
        normal = rng.normal(size=(_check.count(size, "size"), len(self.row_mean)))
        with np.errstate(under="ignore"):
            return np.asarray(self.row_mean + normal @ _root(self.row_covariance).T)


@dataclass(frozen=True)
class CrossedNormal:
    r"""Crossed effects: a row's and a column's effect, an extra, and the error of sampling.

    .. math:: x_{ij} = \pi_i + \eta_j + \delta_{ij} + \varepsilon_{ij}, \qquad
        \pi_i \sim \mathrm{N}(\mu, \sigma_1^2), \quad \eta_j \sim \mathrm{N}(0, \sigma_2^2), \quad
        \delta_{ij} \sim \mathrm{N}(0, \sigma_3^2), \quad
        \varepsilon_{ij} \sim \mathrm{N}(0, s_{ij}^2)

    The data are four arrays of shape (N,): `x`, `standard_error` s (known, > 0), and `row` and
    `column`, whole numbers counted from 0 or names (text).

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
            check = _check.scalar if name == "mean" else _check.not_negative_scalar
            object.__setattr__(self, name, check(getattr(self, name), name))

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
        row, column : arrays of N whole numbers >= 0, or of N names
            Whose they are. Names are text, in any order; each that occurs has an effect.
        n_rows, n_columns : int up to 10 000, optional
            How many numbered rows and columns there are; by default up to the largest that occurs.
            Those without an observation keep their prior, apart from what the others teach.

        Returns
        -------
        CrossedPosterior

        Raises
        ------
        ValueError
            If the arrays do not fit together, hold NaN, a standard error is not positive or
            vanishes beside the standard deviations of the effects, a name is missing, or the
            numbers of rows or columns do not count from 0 (more than 10 000 are too many for all
            covariances).

        Examples
        --------
        >>> model = CrossedNormal(mean=0, row_sd=1, column_sd=1)
        >>> posterior = model.posterior([2.0, 2.0], [1.0, 1.0], [0, 1], [0, 0])
        >>> posterior.row_mean, posterior.column_mean  # rows that agree blame the column
        (array([0.5, 0.5]), array([1.]))
        >>> posterior = model.posterior([2, 1], [1, 1], ["Iowa", "Utah"], ["poll", "poll"])
        >>> dict(zip(posterior.row_names.tolist(), posterior.row_mean.round(3).tolist()))
        {'Iowa': 0.625, 'Utah': 0.125}
        """
        row, row_names = _named(row, "row", n_rows)
        column, column_names = _named(column, "column", n_columns)
        data = _data(x, standard_error, row, column, n_rows, n_columns)
        return self._solve(*data).posterior._replace(row_names=row_names, column_names=column_names)

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
        return self._solve(*_data(x, standard_error, row, column, None, None)).log_evidence

    def _solve(
        self, x: Floats, s: Floats, row: Integers, column: Integers, n_rows: int, n_columns: int
    ) -> _Solution:
        """Work with effects of unit variance: the columns' block is diagonal, and goes first.

        Nothing is subtracted from the matrix of the rows that is left then: what two rows share
        stands off its diagonal, and each row's sum, what ties it to its prior, is known by itself.
        """
        with np.errstate(under="ignore", over="ignore", invalid="ignore"):
            precision = 1 / np.hypot(s, self.extra_sd)
            a, b = self.row_sd * precision, self.column_sd * precision
            y = (x - self.mean) * precision
            if not max(a.max(), b.max(), np.abs(y).max()) <= LARGEST:
                raise ValueError(
                    f"standard_error must not vanish beside the sds and x: {s.min():g} does"
                )
            by_column = 1 + np.bincount(column, b * b, n_columns)
            pairs = np.bincount(row * n_columns + column, a * b, n_rows * n_columns)
            shared = pairs.reshape(n_rows, n_columns)
            ratio = shared / by_column  # what a column passes on to the rows
            ties = np.bincount(row, a * (a / by_column[column]), n_rows).astype(np.float64) + 1
            solve, row_part, log_det = _inverse(ratio @ shared.T, ties)

            u, v = np.zeros(n_rows), np.zeros(n_columns)
            for _ in range(20):  # the second round corrects the rounding errors of the first
                left = y - a * u[row] - b * v[column]
                pull_column = np.bincount(column, b * left, n_columns) - v
                pull_row = np.bincount(row, a * left, n_rows) - u
                step = solve(pull_row - ratio @ pull_column)
                u = u + step
                v = v + pull_column / by_column - ratio.T @ step
                if np.abs(step).max() <= 1e-15 * np.abs(u).max():
                    break
            left = y - a * u[row] - b * v[column]
            size = np.abs(left)
            pulls = ratio @ np.bincount(column, b * size, n_columns)
            pulls += np.bincount(row, a * size, n_rows)
            lost = np.finfo(float).eps * (row_part @ pulls)
            if (lost > TRUSTED * np.maximum(np.abs(u), np.sqrt(np.diag(row_part)))).any():
                raise ValueError(
                    "standard_error is so small beside the sds, or x contradicts it so much, that "
                    "rounding errors hide the effects"
                )

            cross = -row_part @ ratio
            column_part = np.diag(1 / by_column) - ratio.T @ cross
            posterior = CrossedPosterior(
                self.mean + self.row_sd * u,
                self.column_sd * v,
                self.row_sd**2 * row_part,
                self.column_sd**2 * column_part,
                self.row_sd * self.column_sd * cross,
            )
            scatter = self.row_sd**2 * (((u - u.mean()) ** 2).sum() + np.trace(row_part))
            log_det += np.log(by_column).sum() - 2 * np.log(precision).sum()
            squares = left @ left + u @ u + v @ v
            log_evidence = -(len(x) * math.log(2 * math.pi) + log_det + squares) / 2
            return _Solution(posterior, float(log_evidence), float(scatter), left / precision)

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
        p, log_evidence, scatter, left = self._solve(*data)
        values, s, i, j, n_rows, n_columns = data
        with np.errstate(under="ignore"):
            row_variance, column_variance = np.diag(p.row_covariance), np.diag(p.column_covariance)
            rows = np.array([n_rows, p.row_mean.sum(), (p.row_mean**2 + row_variance).sum()])
            columns = np.array([n_columns, (p.column_mean**2 + column_variance).sum()])
            spread = row_variance[i] + column_variance[j] + 2 * p.cross_covariance[i, j]
            keep = (self.extra_sd / np.hypot(self.extra_sd, s)) ** 2
            squares = keep**2 * (left**2 + np.maximum(spread, 0.0)) + keep * s**2
            extras = np.array([len(values), squares.sum()])
        return CrossedStatistics(rows, columns, extras, scatter), log_evidence

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
        n, total, _ = statistics.rows
        variances = (
            statistics.scatter / n,
            statistics.columns[1] / statistics.columns[0],
            statistics.extras[1] / statistics.extras[0],
        )
        return CrossedNormal(float(total / n), *(math.sqrt(v) for v in variances))

    def _slopes(
        self, data: tuple[Floats, Floats, Integers, Integers, int, int]
    ) -> tuple[float, Floats]:
        r"""Log evidence, and its derivatives by the mean and the variances of row, column, extra.

        With V the covariance of the observations and :math:`\alpha = V^{-1} (x - \mu)`, that by the
        variance whose groups are the columns of Z is
        :math:`(\lVert Z^\top \alpha \rVert^2 - \operatorname{tr} Z^\top V^{-1} Z) / 2`, also at 0.
        """
        p, log_evidence, _, left = self._solve(*data)
        _, s, i, j, n_rows, n_columns = data
        w = np.hypot(s, self.extra_sd) ** -2.0
        alpha = w * left
        pairs = np.bincount(i * n_columns + j, w, n_rows * n_columns).reshape(n_rows, n_columns)
        by_row, by_column = pairs.sum(axis=1), pairs.sum(axis=0)
        R, C, X = p.row_covariance, p.column_covariance, p.cross_covariance
        explained = (  # of the trace, by the effects
            by_row**2 @ np.diag(R)
            + 2 * by_row @ (pairs * X).sum(axis=1)
            + ((pairs @ C) * pairs).sum(),
            by_column**2 @ np.diag(C)
            + 2 * (pairs * X).sum(axis=0) @ by_column
            + ((R @ pairs) * pairs).sum(),
            w**2 @ (np.diag(R)[i] + np.diag(C)[j] + 2 * X[i, j]),
        )
        squares = [(np.bincount(g, alpha) ** 2).sum() for g in (i, j)] + [alpha @ alpha]
        by_variance = [(q - (w.sum() - e)) / 2 for q, e in zip(squares, explained, strict=True)]
        return log_evidence, np.array([alpha.sum(), *by_variance])

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

        Raises
        ------
        ValueError
            If the vector is no point, or a standard deviation would be infinite.

        Examples
        --------
        >>> CrossedNormal(0, 1, 1).from_vector([5.0, 0.0, 0.0])
        CrossedNormal(mean=5.0, row_sd=1.0, column_sd=1.0, extra_sd=0.0)
        """
        mean, *logs = _check.logs(vector, "vector").ravel()
        if np.shape(vector) not in ((3,), (4,)) or not np.isfinite(mean):
            raise ValueError("vector must hold a finite mean and two or three logarithms")
        with np.errstate(under="ignore", over="ignore"):
            sds = np.exp(logs)
        if np.isinf(sds).any():
            raise ValueError("vector holds the logarithm of an infinite standard deviation")
        return CrossedNormal(mean, *sds)


def maximise_evidence(
    x: ArrayLike,
    standard_error: ArrayLike,
    row: ArrayLike,
    column: ArrayLike,
    start: CrossedNormal | None = None,
    max_iter: int = 200,
) -> tuple[CrossedNormal, float, Floats, int]:
    """Return what :func:`companion.empirical_bayes.fit_evidence` finds for a CrossedNormal.

    In the variances, whose best value may be 0, by L-BFGS-B with exact derivatives; then, where
    they are not 0, by Newton's method in the coordinates of ``to_vector``.

    Parameters
    ----------
    x, standard_error, row, column : arrays of shape (N,)
        As for :meth:`CrossedNormal.posterior`.
    start : CrossedNormal, optional
        Where to start. A standard deviation that is 0 stays 0.
    max_iter : int >= 1
        Give up after so many steps.

    Returns
    -------
    model : CrossedNormal
    log_evidence : float
        In nats.
    covariance : ndarray of shape (3, 3), or (4, 4) with an `extra_sd`
        Inverse of minus the second derivatives, NaN where a standard deviation is 0.
    n_iter : int

    Raises
    ------
    ValueError
        As :meth:`CrossedNormal.posterior`, or if `max_iter` steps do not lead to a maximum.

    Examples
    --------
    >>> found, *_ = maximise_evidence([1.0, 1.2], [1.0, 1.0], [0, 1], [0, 0])
    >>> round(found.mean, 6), found.row_sd  # they differ less than their errors: no effects
    (1.1, 0.0)
    """
    from scipy.optimize import minimize

    data = _data(x, standard_error, row, column, None, None)
    values, s = data[:2]
    middle = float(np.average(values, weights=(s.min() / s) ** 2))
    unit = float(np.sqrt(np.mean((values - middle) ** 2) + np.mean(s**2)))
    begin = start or CrossedNormal(middle, unit / 2, unit / 2, unit / 2)
    sds = np.array([begin.row_sd, begin.column_sd, begin.extra_sd])

    def model(z: Floats) -> CrossedNormal:
        return CrossedNormal(middle + unit * z[0], *(unit * np.sqrt(z[1:])))

    def loss(z: Floats) -> tuple[float, Floats]:
        value, slopes = model(z)._slopes(data)
        return -value, -slopes * [unit, *(3 * [unit**2])]

    found = minimize(
        loss,
        [(begin.mean - middle) / unit, *(sds / unit) ** 2],
        jac=True,
        method="L-BFGS-B",
        bounds=[(None, None), *((0, None if sd else 0) for sd in sds)],
        options={"maxiter": max_iter, "ftol": 1e-15, "gtol": 1e-9},
    )
    if found.status == 1:
        raise ValueError(f"no maximum was reached within max_iter = {max_iter} steps")
    z, free = found.x, np.array([True, *(found.x[1:] > 0)])
    h = 1e-4

    def slopes(z: Floats) -> Floats:  # by the mean, in its unit, and the logarithms of the sds
        return np.asarray((-loss(z)[1] * [1, *(2 * z[1:])])[free])

    def moved(z: Floats, step: Floats) -> Floats:
        full = np.zeros(4)
        full[free] = step
        return np.array([z[0] + full[0], *(z[1:] * np.exp(2 * full[1:]))])

    covariance = np.full((4, 4), np.nan)
    for n_iter in range(found.nit, found.nit + 20):  # noqa: B007
        ends = h * np.eye(free.sum())
        hessian = np.array([slopes(moved(z, e)) - slopes(moved(z, -e)) for e in ends]) / (2 * h)
        information = -(hessian + hessian.T) / 2
        if np.linalg.eigvalsh(information)[0] <= 0:  # not yet the top, or a flat one
            break
        covariance[np.ix_(free, free)] = np.linalg.inv(information)
        step = covariance[np.ix_(free, free)] @ slopes(z)
        z = moved(z, step / max(1.0, 2 * np.abs(step).max()))
        if np.abs(step).max() < 1e-10:
            break
    scale = np.array([unit, 1, 1, 1])
    covariance *= np.outer(scale, scale)
    best = model(z)
    kept = slice(None) if best.extra_sd else slice(3)  # as in the vector
    return best, -loss(z)[0], covariance[kept, kept], n_iter


class _Solution(NamedTuple):
    posterior: CrossedPosterior
    log_evidence: float
    scatter: float  # expected squares of the rows' effects about their mean
    left: Floats  # observations minus the expected effects


def _inverse(shared: Floats, ties: Floats) -> tuple[Callable[[Floats], Floats], Floats, float]:
    """Solver, inverse, log-determinant of the matrix of -`shared` with the row sums `ties`.

    All are positive. If the ties are weak beside what is shared, rows are eliminated one by one as
    Grassmann, Taksar and Heyman (1985) do: every number is a sum or product of positive ones, so
    all digits stay.
    """
    n = len(ties)
    np.fill_diagonal(shared, 0.0)
    diagonal = ties + shared.sum(axis=1)
    if ties.min() >= WELL_CONDITIONED * diagonal.max():
        factor = cho_factor(np.diag(diagonal) - shared, lower=True)
        log_det = float(2 * np.log(np.diag(factor[0])).sum())
        return lambda b: np.asarray(cho_solve(factor, b)), cho_solve(factor, np.eye(n)), log_det
    upper, pivots, ties = np.eye(n), np.empty(n), ties.copy()
    for k in range(n):
        later = shared[k, k + 1 :]
        pivots[k] = ties[k] + later.sum()
        share = later / pivots[k]
        upper[k, k + 1 :] = -share
        shared[k + 1 :, k + 1 :] += np.outer(share, later)
        ties[k + 1 :] += share * ties[k]
    root = solve_triangular(upper, np.eye(n))
    log_det = float(np.log(pivots).sum())
    return lambda b: root @ ((root.T @ b) / pivots), (root / pivots) @ root.T, log_det


def _root(covariance: Floats) -> Floats:
    """Return a matrix L with L L' = covariance, of any scale in every row, singular or not."""
    sd = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    inverse = np.divide(1.0, sd, out=np.zeros_like(sd), where=sd > 0)
    correlation = covariance * inverse * inverse[:, np.newaxis]
    correlation[np.diag_indices_from(correlation)] = 1.0
    try:
        root = np.linalg.cholesky(correlation)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(correlation)
        rounding = len(sd) * np.finfo(float).eps * values[-1]
        root = vectors * np.sqrt(np.where(values > rounding, values, 0.0))
    return np.asarray(sd[:, np.newaxis] * root)


def _named(
    group: ArrayLike, name: str, length: int | None = None
) -> tuple[ArrayLike, NDArray[Any] | None]:
    """Return whole numbers for names, and the names in their order; numbers stay as they are."""
    if getattr(getattr(group, "dtype", None), "kind", "O") in "biufc" or not np.iterable(group):
        return group, None
    values = list(group)
    texts = [isinstance(value, str) for value in values]
    if not any(texts):
        return group, None
    if not all(texts):
        odd = values[texts.index(False)]
        raise ValueError(f"{name} mixes names with what is none: {odd!r}")
    if length is not None:
        raise ValueError(f"n_{name}s goes with numbers: the {name}s have names")
    names, numbers = np.unique(np.array(values, dtype=str), return_inverse=True)
    return numbers, names


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
        group = _check.labels(_named(given, name)[0], name, len(values))
        _check.not_negative(group, name)
        needed = int(group.max()) + 1
        if length is not None:
            length = _check.count(length, f"n_{name}s", at_most=MOST)
            if length < needed:
                raise ValueError(f"n_{name}s is {length}, but {name} goes up to {needed - 1}")
        elif needed > MOST:
            raise ValueError(
                f"{name} goes up to {needed - 1}, and {len(np.unique(group))} different ones occur:"
                f" it must count from 0 without gaps, at most to {MOST - 1} (numpy.unique with "
                "return_inverse=True counts so)"
            )
        groups.append(group)
        lengths.append(needed if length is None else length)
    return values, errors, groups[0], groups[1], lengths[0], lengths[1]
