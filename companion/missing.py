r"""A multivariate normal of which some numbers are missing: expected statistics, and EM.

.. math:: x_n \sim \mathrm{N}(\mu, \Sigma), \qquad \text{seen: } x_{n, o(n)}

N rows, D columns; a missing number is NaN. What is missing may differ from row to row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_triangular

from companion import _check, _soft, _vectors
from companion._check import Floats, Integers
from companion._criteria import InformationCriteria
from companion.em import COLLAPSED, CollapsedComponentError, fit, rate_matrix
from companion.gaussians import UNRESOLVED, NormalStatistics

WELL_KNOWN = 1e-3  # a standard deviation, given the other columns, relative to that alone
BLOCK = 2**17  # numbers in a batch of patterns: they must fit the cache
FORGOTTEN = 1e-3  # what an imputation may remember of the one before
LONGEST = 10_000  # steps from one imputation to the next


@dataclass(frozen=True, eq=False)
class MultivariateNormal(InformationCriteria):
    r"""A normal distribution in D dimensions, fitted to rows with missing numbers.

    .. math:: p(x) = \mathrm{N}(x \mid \mu, \Sigma)

    Parameters
    ----------
    mean : array of shape (D,)
        :math:`\mu`, in the units of the data.
    covariance : array of shape (D, D)
        :math:`\Sigma`, symmetric and positive definite, in squared units.

    Raises
    ------
    ValueError
        If a shape is wrong, a value is NaN or infinite, or the covariance is not symmetric and
        positive definite.

    Notes
    -----
    Little and Rubin (2019), *Statistical Analysis with Missing Data*, third edition, section 11.2.
    The missing numbers must be missing at random: whether one is missing may depend on what was
    seen, not on the number itself.

    Examples
    --------
    >>> model = MultivariateNormal([0, 0], [[1, 0.5], [0.5, 1]])
    >>> model.impute([[2.0, np.nan]])
    array([[2., 1.]])
    """

    mean: Floats
    covariance: Floats

    def __init__(self, mean: ArrayLike, covariance: ArrayLike) -> None:
        μ = np.atleast_1d(_check.finite(mean, "mean")).copy()
        if μ.ndim != 1:
            raise ValueError(f"mean must be a vector, not of shape {μ.shape}")
        Σ = np.atleast_2d(_check.finite(covariance, "covariance")).copy()
        _check.shape(Σ, "covariance", (len(μ), len(μ)))
        for array in (μ, Σ):
            array.flags.writeable = False
        object.__setattr__(self, "mean", μ)
        object.__setattr__(self, "covariance", Σ)
        _ = self._factor  # raises unless the covariance is positive definite

    @cached_property
    def _factor(self) -> Floats:
        """L, lower triangular, with L L' = Sigma."""
        return _vectors.cholesky(self.covariance, "covariance")

    @cached_property
    def _whitening(self) -> Floats:
        """The inverse of the Cholesky factor."""
        return np.asarray(solve_triangular(self._factor, np.eye(self.n_dimensions), lower=True))

    @classmethod
    def from_available(cls, x: ArrayLike) -> MultivariateNormal:
        """Return a start for EM: means and variances of what was seen, and no correlation.

        Parameters
        ----------
        x : array of shape (N, D)
            Rows, NaN where a number is missing; shape (N,) when D = 1.

        Returns
        -------
        MultivariateNormal

        Raises
        ------
        ValueError
            If a column has no two different numbers.

        Examples
        --------
        >>> MultivariateNormal.from_available([[1, 5], [3, np.nan], [np.nan, 7]]).mean
        array([2., 6.])
        """
        x = _rows(x)
        seen = ~np.isnan(x)
        flat = np.where(seen, x, np.inf).min(axis=0) >= np.where(seen, x, -np.inf).max(axis=0)
        if flat.any():
            raise ValueError(
                f"column {int(np.argmax(flat))} of x has fewer than two different numbers: "
                "its variance cannot be estimated"
            )
        with np.errstate(over="ignore", invalid="ignore"):
            mean = np.where(seen, x, 0).sum(axis=0) / seen.sum(axis=0)
            variances = np.where(seen, (x - mean) ** 2, 0).sum(axis=0) / seen.sum(axis=0)
        bad = ~(variances > 0) | np.isinf(variances)
        if bad.any():
            raise ValueError(
                f"column {int(np.argmax(bad))} of x has a variance beyond the range of numbers: "
                "use other units"
            )
        return cls(mean, np.diag(variances))

    @property
    def n_dimensions(self) -> int:
        """D, the number of columns."""
        return len(self.mean)

    @property
    def n_parameters(self) -> int:
        """P = D + D (D + 1) / 2, the number of free parameters."""
        return self.n_dimensions * (self.n_dimensions + 3) // 2

    # ---------------------------------------------------------------------------- density

    def log_density(self, x: ArrayLike) -> Floats:
        r"""Log-density of what was seen of every row.

        .. math:: \log \mathrm{N}(x_{n,o} \mid \mu_o, \Sigma_{oo})

        Parameters
        ----------
        x : array of shape (N, D)
            Rows, NaN where a number is missing; shape (N,) when D = 1.

        Returns
        -------
        ndarray of shape (N,)
            In nats; zero for a row of which nothing was seen.

        Raises
        ------
        ValueError
            If `x` is empty, has another number of columns, or holds infinity.

        Examples
        --------
        >>> model = MultivariateNormal([0, 0], [[1, 0.5], [0.5, 1]])
        >>> seen = model.log_density([[0.0, np.nan], [np.nan, np.nan]])
        >>> (seen + 0.5 * np.log(2 * np.pi)).round(12).tolist()[0], seen[1].item()
        (0.0, 0.0)
        """
        x = _rows(x, self.n_dimensions)
        result = np.zeros(len(x))
        for rows, columns, n_seen in _batches(x):
            _, whitened, L = self._see(x, rows, columns, n_seen)
            result[rows] = _log_density(whitened, L)
        return result

    def log_likelihood(self, x: ArrayLike, *, weights: ArrayLike | None = None) -> float:
        r"""Log-likelihood of what was seen: a sum over rows, in nats.

        .. math:: \ell(\mu, \Sigma) = \sum_n w_n \log \mathrm{N}(x_{n,o} \mid \mu_o, \Sigma_{oo})

        Parameters
        ----------
        x : array of shape (N, D)
            Rows, NaN where a number is missing; shape (N,) when D = 1.
        weights : array of shape (N,), optional
            How often each row counts; once unless told otherwise.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            As :meth:`log_density`, or if a weight is no number >= 0.

        Examples
        --------
        >>> MultivariateNormal([0], [[1]]).log_likelihood([0.0, np.nan]).__round__(6)
        -0.918939
        """
        log_density = self.log_density(x)
        if weights is None:
            return float(log_density.sum())
        return float(_soft.weights_of_points(weights, len(log_density)) @ log_density)

    def impute(self, x: ArrayLike) -> Floats:
        r"""Fill every gap with its conditional mean, given what was seen in its row.

        .. math:: \mathrm{E}[x_m \mid x_o] = \mu_m + \Sigma_{mo} \Sigma_{oo}^{-1} (x_o - \mu_o)

        Parameters
        ----------
        x : array of shape (N, D)
            Rows, NaN where a number is missing; shape (N,) when D = 1.

        Returns
        -------
        ndarray of shape (N, D)
            Good guesses of single numbers. As a data set they vary too little: to refit a model
            from them as if they had been observed is *not* EM.

        Raises
        ------
        ValueError
            As :meth:`log_density`.

        Examples
        --------
        >>> MultivariateNormal([0, 0], [[1, 0.5], [0.5, 1]]).impute([[np.nan, -4.0]])
        array([[-2., -4.]])
        """
        x = _rows(x, self.n_dimensions)
        filled = np.where(np.isnan(x), self.mean, x)
        for rows, columns, n_seen in _batches(x):
            gaps = rows[:, :, np.newaxis], columns[:, np.newaxis, n_seen:]
            filled[gaps] += self._see(x, rows, columns, n_seen)[0][:, :, n_seen:]
        return filled

    def sample(self, n: int, rng: np.random.Generator) -> Floats:
        """Draw rows with nothing missing.

        Parameters
        ----------
        n : int >= 1
            How many.
        rng : numpy.random.Generator
            The source of randomness.

        Returns
        -------
        ndarray of shape (n, D)

        Raises
        ------
        ValueError
            If `n` is not a positive whole number.

        Examples
        --------
        >>> MultivariateNormal([0, 0], np.eye(2)).sample(3, np.random.default_rng(1)).shape
        (3, 2)
        """
        normal = rng.standard_normal((_check.count(n, "n"), self.n_dimensions))
        return np.asarray(self.mean + normal @ self._factor.T)

    def sample_missing(self, x: ArrayLike, rng: np.random.Generator, size: int = 1) -> Floats:
        r"""Draw what is missing, several times: proper multiple imputation.

        The parameters are drawn too, from their posterior given what was seen, under the prior
        :math:`|\Sigma|^{-(D + 1) / 2}` that favours no units. Gaps that are filled at one fixed
        estimate vary too little from one completed table to the next, because they take the
        estimate for the truth. By data augmentation: from the maximum-likelihood estimate on, draw
        in turn

        .. math::

            x_m \sim p(x_m \mid x_o, \mu, \Sigma), \qquad
            \Sigma \sim \text{Inverse-Wishart}(S, N - 1), \qquad
            \mu \sim \mathrm{N}(\bar x, \Sigma / N)

        with the mean and the scatter S of the completed rows. This chain forgets as fast as EM
        converges, at the rate :math:`\rho` of :func:`companion.em.rate_matrix`, so between two
        imputations lie as many steps as make :math:`\rho^k` a thousandth.

        Parameters
        ----------
        x : array of shape (N, D)
            Rows, NaN where a number is missing; shape (N,) when D = 1.
        rng : numpy.random.Generator
            The source of randomness.
        size : int >= 1
            How many completed tables, m.

        Returns
        -------
        ndarray of shape (size, N, D)
            The tables. Analyse each as if it were complete, and pool by Rubin's rules: the estimate
            is the mean of the m estimates, and its variance
            :math:`\bar W + (1 + 1/m) B`, where :math:`\bar W` is the mean of their squared
            standard errors and B the variance between them (divisor m - 1). An interval is that of
            a t distribution with :math:`(m - 1) (1 + \bar W / ((1 + 1/m) B))^2` degrees of
            freedom.

        Raises
        ------
        ValueError
            As :meth:`log_density`, if `size` is not a positive whole number, if no more than D rows
            were seen, or if the rows say (almost) nothing of some parameter.
        CollapsedComponentError
            If no maximum of the likelihood exists.

        Notes
        -----
        The model itself is only where EM starts: best the fit to `x`. A posterior, not a bootstrap
        of rows: a resample of few rows may lose all that say something of a parameter, and about a
        parameter of which the rows say nothing every refit would repeat its start.

        Rubin (1987), *Multiple Imputation for Nonresponse in Surveys*, section 3.1 (the rules) and
        chapter 4 (proper). Tanner and Wong (1987), *The calculation of posterior distributions by
        data augmentation*, JASA 82, 528-540. Schafer (1997), *Analysis of Incomplete Multivariate
        Data*, sections 5.4 and 3.5 (the rate).

        Examples
        --------
        >>> x = [[0, 0], [1, 2], [2, 1], [3, np.nan], [4, 5], [5, np.nan]]
        >>> model = fit(MultivariateNormal.from_available(x), x).model
        >>> tables = model.sample_missing(x, np.random.default_rng(1), size=3)
        >>> tables.shape, np.unique(tables[:, 4]).tolist()  # what was seen stays
        ((3, 6, 2), [4.0, 5.0])
        """
        x = _rows(x, self.n_dimensions)
        m = _check.count(size, "size")
        something = ~np.isnan(x).all(axis=1)
        if something.sum() <= self.n_dimensions:
            raise ValueError(
                f"x has {something.sum()} rows in which something was seen: to draw the parameters "
                f"in D = {self.n_dimensions} dimensions takes more than D"
            )
        seen = x[something]
        model = fit(self, seen).model
        rate = max(FORGOTTEN, *np.linalg.eigvals(rate_matrix(model, seen)).real)
        if not rate**LONGEST <= FORGOTTEN:
            raise ValueError(
                "x says (almost) nothing of some parameter: in one direction "
                f"{rate:.4%} of the information is missing"
            )
        n_steps = int(np.ceil(np.log(FORGOTTEN) / np.log(rate)))
        batches = [batch for batch in _batches(seen) if batch[2] < self.n_dimensions]
        tables = np.empty((m, *x.shape))
        for table in tables:
            for _ in range(n_steps):
                model = _draw_parameters(model._draw_gaps(seen, batches, rng), rng)
            table[something] = model._draw_gaps(seen, batches, rng)
            if not something.all():
                table[~something] = model.sample(int((~something).sum()), rng)
        return tables

    # --------------------------------------------------------------------------------- EM

    def e_step(
        self, x: ArrayLike, *, weights: ArrayLike | None = None
    ) -> tuple[NormalStatistics, float]:
        r"""E-step: expected statistics of the complete rows, and the observed log-likelihood.

        With :math:`\hat x_n` the row whose gaps are filled with their conditional means,

        .. math::

            \mathrm{E}[x_n] = \hat x_n, \qquad
            \mathrm{E}[x_n x_n^\top] = \hat x_n \hat x_n^\top + C_n, \qquad
            C_{n,mm} = \Sigma_{mm} - \Sigma_{mo} \Sigma_{oo}^{-1} \Sigma_{om}

        and the conditional covariance :math:`C_n` zero elsewhere.

        Parameters
        ----------
        x : array of shape (N, D)
            Rows, NaN where a number is missing; shape (N,) when D = 1. A row of which nothing was
            seen says nothing, and is left out.
        weights : array of shape (N,), optional
            How often each row counts: numbers >= 0, whole or not; once unless told otherwise.

        Returns
        -------
        statistics : NormalStatistics
            Of one component: expected count, mean and scatter. They add.
        log_likelihood : float
            A sum over rows, in nats.

        Raises
        ------
        ValueError
            As :meth:`log_density`, if nothing at all was seen, or if a weight is no number >= 0.

        Notes
        -----
        Little and Rubin (2019), equations 11.3 to 11.5.

        Examples
        --------
        >>> model = MultivariateNormal([0, 0], [[1, 0.5], [0.5, 1]])
        >>> statistics, _ = model.e_step([[2.0, np.nan]])
        >>> statistics.means, statistics.scatters  # C = 1 - 0.5 * 0.5
        (array([[2., 1.]]), array([[[0.  , 0.  ],
                [0.  , 0.75]]]))
        """
        x = _rows(x, self.n_dimensions)
        w = None
        if weights is not None:
            w = _soft.weights_of_points(weights, len(x))
            x, w = x[w > 0], w[w > 0]
        D = self.n_dimensions
        filled, anything = np.zeros(x.shape), np.zeros(len(x), dtype=bool)
        hidden = np.zeros(D * D)
        log_likelihood = 0.0
        few = _FewGaps(self, x)
        for rows, columns, n_seen in _batches(x):
            anything[rows] = True
            often = np.full(len(rows), float(rows.shape[1]))  # the rows of a pattern
            if w is not None:
                often = w[rows].sum(axis=1)
            gaps = columns[:, n_seen:, np.newaxis] * D + columns[:, np.newaxis, n_seen:]
            if few.serve and 2 * n_seen >= D:
                spread = few.fill(rows, columns[:, n_seen:], often)
            else:
                off, whitened, L = self._see(x, rows, columns, n_seen)
                filled[rows[:, :, np.newaxis], columns[:, np.newaxis]] = off
                log_density = _log_density(whitened, L)
                log_likelihood += float((log_density if w is None else w[rows] * log_density).sum())
                rest = L[:, n_seen:, n_seen:]
                spread = rest @ rest.transpose(0, 2, 1)
            # What the gaps still vary when the rest is known.
            spread *= often[:, np.newaxis, np.newaxis]
            hidden += np.bincount(gaps.ravel(), spread.ravel(), D * D)
        if few.filled.any():
            filled[few.filled] = few.deviations()
            log_likelihood += few.log_likelihood(w)
        if not anything.any():
            raise ValueError("x has no number that was seen: every entry is NaN")
        if not anything.all():
            filled, w = filled[anything], None if w is None else w[anything]
        centre = np.average(filled, axis=0, weights=w)
        filled -= centre
        squares = filled.T @ (filled if w is None else w[:, np.newaxis] * filled)
        statistics = NormalStatistics(
            np.array([float(len(filled) if w is None else w.sum())]),
            (self.mean + centre)[np.newaxis],
            (squares + hidden.reshape(D, D))[np.newaxis],
        )
        return statistics, log_likelihood

    def sample_statistics(self, x: ArrayLike, *, rng: np.random.Generator) -> NormalStatistics:
        """Draw what is missing, given the parameters: the statistics of one completed table.

        The E-step with a draw in the place of an expectation: one half of data augmentation, which
        is Gibbs sampling.

        Parameters
        ----------
        x : array of shape (N, D)
            As in :meth:`e_step`.
        rng : numpy.random.Generator
            The source of randomness.

        Returns
        -------
        NormalStatistics
            Of one component.

        Raises
        ------
        ValueError
            As :meth:`e_step`.

        Examples
        --------
        >>> model = MultivariateNormal([0, 0], [[1, 0.5], [0.5, 1]])
        >>> drawn = model.sample_statistics([[2, np.nan], [4, 1]], rng=np.random.default_rng(1))
        >>> float(drawn.means[0, 0]), float(drawn.scatters[0, 0, 0])
        (3.0, 2.0)
        """
        x = _rows(x, self.n_dimensions)
        seen = x[~np.isnan(x).all(axis=1)]
        if not len(seen):
            raise ValueError("x has no number that was seen: every entry is NaN")
        batches = [batch for batch in _batches(seen) if batch[2] < self.n_dimensions]
        filled = self._draw_gaps(seen, batches, rng)
        centre = filled.mean(axis=0)
        off = filled - centre
        return NormalStatistics(
            np.array([float(len(filled))]), centre[np.newaxis], (off.T @ off)[np.newaxis]
        )

    def m_step(self, statistics: NormalStatistics) -> MultivariateNormal:
        r"""M-step: the maximum-likelihood fit to the (expected) complete data.

        .. math:: \mu = \bar x, \qquad \Sigma = S / N

        Parameters
        ----------
        statistics : NormalStatistics
            From :meth:`e_step`.

        Returns
        -------
        MultivariateNormal

        Raises
        ------
        ValueError
            If the statistics have another number of dimensions, or are of several components.
        CollapsedComponentError
            If the rows have (almost) no spread in some direction, such as a single row or two equal
            columns: the covariance would be singular.

        Examples
        --------
        >>> start = MultivariateNormal([0], [[1]])
        >>> start.m_step(start.e_step([1.0, 3.0])[0]).covariance
        array([[1.]])
        """
        N, mean, scatter = self._single(statistics)
        covariance = scatter / N
        scale = np.sqrt(np.diagonal(covariance))
        if scale.all():
            correlation = covariance / scale / scale[:, np.newaxis]
            resolved = scale > UNRESOLVED * np.abs(mean)
            if resolved.all() and np.linalg.eigvalsh(correlation)[0] >= COLLAPSED:
                return MultivariateNormal(mean, covariance)
        raise CollapsedComponentError(
            f"{N:g} rows have (almost) no spread in some direction: the "
            "covariance would be singular. More rows, fewer columns, or a prior is needed"
        )

    def complete_log_likelihood(self, statistics: NormalStatistics) -> float:
        r"""Log-likelihood of complete rows, of which only the statistics are needed.

        .. math::

            -\tfrac N2 \log |2 \pi \Sigma| - \tfrac12 \operatorname{tr} \Sigma^{-1}
            \bigl( S + N (\bar x - \mu)(\bar x - \mu)^\top \bigr)

        Parameters
        ----------
        statistics : NormalStatistics
            Of one component, from :meth:`e_step`.

        Returns
        -------
        float
            In nats. With the E-step of another model it is EM's Q.

        Raises
        ------
        ValueError
            If the statistics have another number of dimensions.

        Examples
        --------
        >>> model = MultivariateNormal([0], [[1]])
        >>> statistics, log_likelihood = model.e_step([0.5, 2.0])
        >>> bool(np.isclose(model.complete_log_likelihood(statistics), log_likelihood))
        True
        """
        N, spread = self._spread(statistics)
        W = self._whitening
        log_det = 2 * np.log(np.diagonal(self._factor)).sum()
        squares = np.trace(W @ spread @ W.T)
        return float(-0.5 * (N * (log_det + self.n_dimensions * np.log(2 * np.pi)) + squares))

    # ---------------------------------------------------------------------- as one vector

    def to_vector(self) -> Floats:
        """Return the mean, then the Cholesky factor row by row, its diagonal as logarithms.

        Returns
        -------
        ndarray of shape (D + D (D + 1) / 2,)

        Examples
        --------
        >>> MultivariateNormal([3], [[1]]).to_vector()
        array([3., 0.])
        """
        free = _vectors.from_factors(self._factor[np.newaxis])[0]
        return np.concatenate([self.mean, free])

    def from_vector(self, vector: ArrayLike) -> MultivariateNormal:
        """Return the model, in as many dimensions as this one, of a vector.

        Parameters
        ----------
        vector : array
            As :meth:`to_vector` returns it.

        Returns
        -------
        MultivariateNormal

        Raises
        ------
        ValueError
            If the vector has another length, or leads out of the range of numbers.

        Examples
        --------
        >>> MultivariateNormal([3], [[1]]).from_vector([4, np.log(2)]).covariance
        array([[4.]])
        """
        D = self.n_dimensions
        v = _check.finite(vector, "vector")
        _check.shape(v, "vector", (D + D * (D + 1) // 2,))
        L = _vectors.to_factors(v[np.newaxis, D:], D)[0]
        return MultivariateNormal(v[:D], L @ L.T)

    def gradient(self, statistics: NormalStatistics) -> Floats:
        r"""Gradient of :meth:`complete_log_likelihood` in the coordinates of :meth:`to_vector`.

        With the model's own E-step it is the exact gradient of the observed log-likelihood
        (Fisher's identity).

        Parameters
        ----------
        statistics : NormalStatistics
            Of one component, from :meth:`e_step`.

        Returns
        -------
        ndarray

        Raises
        ------
        ValueError
            If the statistics have another number of dimensions.

        Examples
        --------
        >>> model = MultivariateNormal([0], [[1]])
        >>> model.gradient(model.e_step([1.0, 1.0])[0])
        array([2., 0.])
        """
        N, spread = self._spread(statistics)
        precision = self._whitening.T @ self._whitening
        by_mean = N * precision @ (statistics.means[0] - self.mean)
        by_covariance = 0.5 * (precision @ spread @ precision - N * precision)
        L = self._factor[np.newaxis]
        by_factor = _vectors.gradient_by_factors(by_covariance[np.newaxis], L)[0]
        return np.concatenate([by_mean, by_factor])

    # --------------------------------------------------------------------------- private

    def _see(
        self, x: Floats, rows: Integers, columns: Integers, n_seen: int
    ) -> tuple[Floats, Floats, Floats]:
        """Look at P patterns of as many rows each, with their columns in order: seen, then missing.

        Return the expected deviations from the mean (P, rows, D), the whitened deviations of what
        was seen (P, rows, n_seen), and Cholesky factors of the covariances (P, D, D): of

            L = [[A, 0], [B, C]],  A z = x_o - mu_o

        B z is the conditional mean of what is missing, and C C' its conditional covariance.
        """
        covariances = self.covariance[columns[:, :, np.newaxis], columns[:, np.newaxis]]
        L = np.asarray(np.linalg.cholesky(covariances))
        off = np.empty((*rows.shape, self.n_dimensions))
        seen, A = columns[:, np.newaxis, :n_seen], L[:, :n_seen, :n_seen]
        off[:, :, :n_seen] = x[rows[:, :, np.newaxis], seen] - self.mean[seen]
        known = off[:, :, :n_seen].transpose(0, 2, 1)
        if len(L) == 1:
            z = solve_triangular(A[0], known[0], lower=True)[np.newaxis]
        else:
            z = np.linalg.solve(A, known)
        z = z.transpose(0, 2, 1)
        off[:, :, n_seen:] = z @ L[:, n_seen:, :n_seen].transpose(0, 2, 1)
        return off, z, L

    def _draw_gaps(
        self, x: Floats, batches: list[tuple[Integers, Integers, int]], rng: np.random.Generator
    ) -> Floats:
        """Fill the gaps with draws from their conditional distribution."""
        filled = np.where(np.isnan(x), self.mean, x)
        for rows, columns, n_seen in batches:
            off, _, L = self._see(x, rows, columns, n_seen)
            noise = rng.standard_normal((*rows.shape, self.n_dimensions - n_seen))
            gaps = rows[:, :, np.newaxis], columns[:, np.newaxis, n_seen:]
            filled[gaps] += off[:, :, n_seen:] + noise @ L[:, n_seen:, n_seen:].transpose(0, 2, 1)
        return filled

    def _single(self, statistics: NormalStatistics) -> tuple[float, Floats, Floats]:
        """Count, mean and scatter, which are those of one component."""
        _check.shape(statistics.means, "statistics.means", (1, self.n_dimensions))
        (N,), (mean,), (scatter,) = statistics.counts, statistics.means, statistics.scatters
        return float(N), mean, scatter

    def _spread(self, statistics: NormalStatistics) -> tuple[float, Floats]:
        """Count, and scatter about the model's own mean."""
        N, mean, scatter = self._single(statistics)
        shift = mean - self.mean
        return N, scatter + N * np.outer(shift, shift)


class _FewGaps:
    """Rows that were seen for the most part: their gaps are filled by way of the precision.

    In units of standard deviations, with P the inverse of the correlation and d the deviations of
    a row (zero where it has gaps m), what is missing has the conditional mean -P_mm^-1 (P d)_m and
    the conditional covariance P_mm^-1: matrices as small as the gaps are few. It does not serve a
    correlation so nearly singular that its inverse has lost digits.
    """

    def __init__(self, model: MultivariateNormal, x: Floats) -> None:
        self.sd = np.sqrt(np.diagonal(model.covariance))
        L = np.linalg.cholesky(model.covariance / self.sd / self.sd[:, np.newaxis])
        self.serve = bool(np.diagonal(L).min() > WELL_KNOWN)
        self.log_det = float(np.log(np.diagonal(L)).sum())
        self.whitening = solve_triangular(L, np.eye(len(L)), lower=True)
        self.precision = self.whitening.T @ self.whitening
        self.seen = ~np.isnan(x)
        self.off = np.where(self.seen, (x - model.mean) / self.sd, 0.0)
        self.pull = self.off @ self.precision
        self.filled = np.zeros(len(x), dtype=bool)
        self.log_pivots = 0.0

    def fill(self, rows: Integers, gaps: Integers, often: Floats) -> Floats:
        """Fill rows (P, R) whose gaps lie in these columns (P, m); return their covariances.

        The rows of a pattern count for so many, `often` (P,).
        """
        block = self.precision[gaps[:, :, np.newaxis], gaps[:, np.newaxis]]
        factors = np.linalg.cholesky(block)
        log_pivots = np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)
        self.log_pivots += float(often @ log_pivots)
        spread = np.linalg.inv(block)
        place = rows[:, :, np.newaxis], gaps[:, np.newaxis]
        self.off[place] = -self.pull[place] @ spread
        self.filled[rows] = True
        sd = self.sd[gaps]
        return np.asarray(spread * sd[:, :, np.newaxis] * sd[:, np.newaxis])

    def deviations(self) -> Floats:
        """Return the expected deviations from the mean of the rows that were filled."""
        return np.asarray(self.off[self.filled] * self.sd)

    def log_likelihood(self, weights: Floats | None) -> float:
        """Return the log-likelihood of what was seen of them."""
        z = self.off[self.filled] @ self.whitening.T
        seen = self.seen[self.filled]
        w = np.ones(len(z)) if weights is None else weights[self.filled]
        constant = 0.5 * np.log(2 * np.pi) * seen.sum(axis=1) + seen @ np.log(self.sd)
        each = -0.5 * np.einsum("nd,nd->n", z, z) - constant - self.log_det
        return float(w @ each - self.log_pivots)


def _rows(value: ArrayLike, n_dimensions: int | None = None) -> Floats:
    """Return rows (N, D) in which NaN stands for a missing number."""
    x = _check.numbers(value, "x")
    if x.ndim == 1:
        x = x[:, np.newaxis]
    if x.ndim != 2 or x.size == 0:
        raise ValueError(f"x must have shape (N, D) and not be empty, not {x.shape}")
    if n_dimensions is not None and x.shape[1] != n_dimensions:
        raise ValueError(
            f"x has {x.shape[1]} columns, but the model has D = {n_dimensions} dimensions"
        )
    if np.isinf(x).any():
        raise ValueError("x holds infinite values; a missing number is NaN")
    return x


def _log_density(whitened: Floats, L: Floats) -> Floats:
    """Log-densities (P, rows) of deviations that were whitened by their factors L."""
    n_seen = whitened.shape[2]
    pivots = np.diagonal(L, axis1=1, axis2=2)[:, :n_seen]
    constants = np.log(pivots).sum(axis=1) + 0.5 * n_seen * np.log(2 * np.pi)
    return np.asarray(
        -0.5 * np.einsum("pno,pno->pn", whitened, whitened) - constants[:, np.newaxis]
    )


def _batches(x: Floats) -> Iterator[tuple[Integers, Integers, int]]:
    """Patterns of gaps with equally many columns seen, and equally many rows.

    Rows of P patterns (P, rows), their columns (P, D), the seen ones first, and how many those are.
    Rows of which nothing was seen are left out.
    """
    gaps = np.isnan(x)
    packed = np.ascontiguousarray(np.packbits(gaps, axis=1))  # eight columns in a byte
    keys = packed[:, 0] if packed.shape[1] == 1 else packed.view(f"V{packed.shape[1]}")[:, 0]
    _, first, group, n_rows = np.unique(
        keys, return_index=True, return_inverse=True, return_counts=True
    )
    gaps = gaps[first]
    n_seen = gaps.shape[1] - gaps.sum(axis=1)
    in_order = np.argsort(group, kind="stable")  # the rows of one pattern beside each other
    begin = np.cumsum(n_rows) - n_rows
    kinds, kind = np.unique(np.column_stack([n_seen, n_rows]), axis=0, return_inverse=True)
    for index, (seen, rows) in enumerate(kinds.tolist()):
        patterns = np.flatnonzero(kind == index)
        most = max(1, BLOCK // (x.shape[1] * (x.shape[1] + rows)))
        for some in np.split(patterns, range(most, len(patterns), most)) if seen else ():
            o, m = (np.nonzero(g)[1].reshape(len(some), -1) for g in (~gaps[some], gaps[some]))
            yield in_order[begin[some, np.newaxis] + np.arange(rows)], np.hstack([o, m]), seen


def _draw_parameters(x: Floats, rng: np.random.Generator) -> MultivariateNormal:
    """Draw from the posterior of complete rows: inverse Wishart (by Bartlett), then normal."""
    N, D = x.shape
    centre = x.mean(axis=0)
    A = np.tril(rng.standard_normal((D, D)), -1)
    A[np.diag_indices(D)] = np.sqrt(rng.chisquare(N - 1 - np.arange(D)))
    L = np.linalg.cholesky((x - centre).T @ (x - centre))
    B = solve_triangular(A, L.T, lower=True).T  # L A'^-1, so that Sigma^-1 is Wishart
    mean = centre + B @ rng.standard_normal(D) / np.sqrt(N)
    return MultivariateNormal(mean, B @ B.T)
