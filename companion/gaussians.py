r"""Gaussian mixtures, with four types of covariances, and the statistics of normal distributions.

.. math:: p(x) = \sum_{k=1}^K \lambda_k \, \mathrm{N}(x \mid \mu_k, \Sigma_k)

N points, K components, D dimensions. Data has shape (N, D); shape (N,) is read as D = 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, Self, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import lapack, solve_triangular

from companion import _check, _soft, _vectors
from companion._check import Floats, Integers
from companion.em import COLLAPSED, CollapsedComponentError
from companion.mixtures import Mixture

CovarianceType = Literal["full", "diagonal", "spherical", "tied"]

NARROW = 1e3  # by so much a variance may be smaller than the mixture's, where they share a frame
UNRESOLVED = 4 * _check.DOUBLE  # a standard deviation this small, relative to the mean, is rounding
HINT = "; for points with missing entries see missing.MultivariateNormal"


@dataclass(frozen=True, eq=False)
class NormalStatistics:
    r"""Sufficient statistics of points that are softly assigned to K normals. They add.

    Attributes
    ----------
    counts : ndarray of shape (K,)
        :math:`N_k = \sum_n r_{nk}`: the (expected) number of points of each component.
    means : ndarray of shape (K, D)
        :math:`\bar x_k = \sum_n r_{nk} x_n / N_k` (zero where the count is zero).
    scatters : ndarray of shape (K, D, D)
        :math:`S_k = \sum_n r_{nk} (x_n - \bar x_k)(x_n - \bar x_k)^\top`.

    Notes
    -----
    They carry what the sums of 1, x and x x' carry, without the cancellation that raw sums of
    squares suffer when the data lie far from the origin. Two of them are added by

    .. math::

        N = N_a + N_b, \quad \bar x = \bar x_a + \tfrac{N_b}{N} \delta, \quad
        S = S_a + S_b + \tfrac{N_a N_b}{N} \delta \delta^\top, \quad \delta = \bar x_b - \bar x_a

    Chan, Golub and LeVeque (1983), *Algorithms for computing the sample variance*, Am. Stat. 37,
    242-247, equation 2.1.

    Examples
    --------
    >>> model = GaussianMixture([1.0], means=[0.0], covariances=[1.0])
    >>> left, right = model.statistics([1.0, 3.0], [[1], [1]]), model.statistics([8.0], [[1]])
    >>> (left + right).counts, (left + right).means, (left + right).scatters
    (array([3.]), array([[4.]]), array([[[26.]]]))
    """

    counts: Floats
    means: Floats
    scatters: Floats

    def __add__(self, other: NormalStatistics) -> NormalStatistics:
        counts = self.counts + other.counts
        share = np.divide(other.counts, counts, out=np.zeros_like(counts), where=counts > 0)
        step = other.means - self.means
        outer = step[:, :, np.newaxis] * step[:, np.newaxis, :]
        return NormalStatistics(
            counts=counts,
            means=self.means + share[:, np.newaxis] * step,
            scatters=self.scatters
            + other.scatters
            + (self.counts * share)[:, np.newaxis, np.newaxis] * outer,
        )


@dataclass(frozen=True, eq=False)
class GaussianMixture(Mixture[NormalStatistics]):
    r"""A mixture of K Gaussians in D dimensions.

    .. math:: p(x) = \sum_{k=1}^K \lambda_k \, \mathrm{N}(x \mid \mu_k, \Sigma_k)

    Parameters
    ----------
    weights : array of shape (K,)
        :math:`\lambda_k \ge 0`, summing to one: the share of each component.
    means : array of shape (K, D)
        :math:`\mu_k`, in the units of the data. Shape (K,) is read as D = 1.
    covariances : array
        :math:`\Sigma_k`, positive definite, in squared units of the data: *variances*, not standard
        deviations. Its shape depends on `covariance_type`: ``full`` (K, D, D), ``diagonal`` (K, D),
        ``spherical`` (K,), ``tied`` (D, D), one for all components. When D = 1, ``full`` and
        ``diagonal`` may also be given as (K,), and ``tied`` as a number.
    covariance_type : {"full", "diagonal", "spherical", "tied"}
        What the M-step may estimate.

    Raises
    ------
    ValueError
        If a shape is wrong, a value is NaN or infinite, the weights are negative or do not sum to
        one, or a covariance is not symmetric and positive definite.

    Notes
    -----
    The M-step sets

    .. math:: \lambda_k = N_k / N, \qquad \mu_k = \bar x_k, \qquad \Sigma_k = S_k / N_k

    with the diagonal of :math:`\Sigma_k` only (diagonal), the mean of that diagonal (spherical), or
    :math:`\sum_k S_k / N` for all components (tied). The complete-data log-likelihood is

    .. math::

        \sum_k N_k \Bigl( \log \lambda_k - \tfrac12 \log |2 \pi \Sigma_k| \Bigr)
        - \tfrac12 \sum_k \operatorname{tr} \Sigma_k^{-1} \bigl( S_k
        + N_k (\bar x_k - \mu_k)(\bar x_k - \mu_k)^\top \bigr)

    As a vector (``to_vector``): the logarithms of the weights relative to the last one, the means,
    and the covariances: log-variances if diagonal or spherical, else the Cholesky factors row by
    row with the logarithms of their diagonals.

    Bishop (2006), *Pattern Recognition and Machine Learning*, section 9.2: equations 9.24 to 9.26,
    and 9.40.

    Examples
    --------
    >>> model = GaussianMixture(weights=[0.5, 0.5], means=[-1, 1], covariances=[1, 1])
    >>> model.responsibilities([0.0])
    array([[0.5, 0.5]])
    """

    weights: Floats
    means: Floats
    covariances: Floats
    covariance_type: CovarianceType

    def __init__(
        self,
        weights: ArrayLike,
        means: ArrayLike,
        covariances: ArrayLike,
        covariance_type: CovarianceType = "full",
    ) -> None:
        if covariance_type not in get_args(CovarianceType):
            raise ValueError(
                "covariance_type must be one of "
                f"{get_args(CovarianceType)}, not {covariance_type!r}"
            )
        μ = _check.points(means, "means")
        K, D = μ.shape
        Σ = _check.finite(covariances, "covariances")
        expected = {
            "full": (K, D, D),
            "diagonal": (K, D),
            "spherical": (K,),
            "tied": (D, D),
        }[covariance_type]
        if D == 1 and Σ.size == np.prod(expected) and Σ.ndim <= 1:
            Σ = Σ.reshape(expected)
        _check.shape(Σ, "covariances", expected)
        self._set(weights=weights, means=μ, covariances=Σ)
        _check.shape(self.weights, "weights", (K,))
        object.__setattr__(self, "covariance_type", covariance_type)
        _ = self._cholesky_factors  # raises unless every covariance is positive definite

    # ------------------------------------------------------------------ parameters in one form

    @property
    def n_dimensions(self) -> int:
        """D, the number of dimensions."""
        return int(self.means.shape[1])

    @cached_property
    def full_covariances(self) -> Floats:
        """The covariance matrix of every component, of shape (K, D, D), whatever the type."""
        K, D = self.means.shape
        if self.covariance_type == "full":
            return self.covariances
        if self.covariance_type == "tied":
            return np.broadcast_to(self.covariances, (K, D, D))
        variances = self.covariances.reshape(K, -1)  # (K, D) if diagonal, (K, 1) if spherical
        return np.asarray(variances[:, :, np.newaxis] * np.eye(D))

    @cached_property
    def _cholesky_factors(self) -> Floats:
        """L_k, lower triangular, with L_k L_k' = Sigma_k: shape (K, D, D)."""
        return _vectors.cholesky(self.full_covariances, "covariances")

    @cached_property
    def _whitening(self) -> Floats:
        """Inverses of the Cholesky factors: (x - mu_k) @ W_k.T has unit covariance."""
        if self.n_dimensions == 1:
            return 1 / self._cholesky_factors
        # For so small a matrix `solve_triangular` would wait for a second BLAS thread.
        return np.array([lapack.dtrtri(L, lower=1)[0] for L in self._cholesky_factors])

    @cached_property
    def _log_normalisers(self) -> Floats:
        """Log-density of each component at its own mean: shape (K,)."""
        log_det = 2 * np.log(np.diagonal(self._cholesky_factors, axis1=1, axis2=2)).sum(axis=1)
        return np.asarray(-0.5 * (log_det + self.n_dimensions * np.log(2 * np.pi)))

    @property
    def _family(self) -> tuple[CovarianceType]:
        return (self.covariance_type,)

    # ---------------------------------------------------------------------------- density

    @staticmethod
    def _clean(x: ArrayLike) -> Floats:
        return _check.points(x, "x", hint=HINT)

    def _points(self, x: ArrayLike) -> Floats:
        return _check.points(x, "x", self.n_dimensions, HINT)

    def _log_densities(self, x: Floats) -> Floats:
        return self._log_of(self._whiten(x), self._log_normalisers)

    def _log_joint(self, x: Floats) -> Floats:
        return self._framed_log_joint(self._whiten(x))

    def _whiten(self, x: Floats, off: Floats | None = None, out: Floats | None = None) -> Floats:
        """Points in each component's own frame, (K, D, N): there the component is N(0, I)."""
        off = np.subtract(np.ascontiguousarray(x.T), self.means[:, :, np.newaxis], out=off)
        if self.n_dimensions == 1:
            return np.multiply(off, self._whitening, out=off)
        return np.matmul(self._whitening, off, out=out)

    def _framed_log_joint(self, z: Floats, out: Floats | None = None) -> Floats:
        """Log of lambda_k N(x_n | mu_k, Sigma_k), from the whitened points: shape (K, N)."""
        return self._log_of(z, self._log_weights + self._log_normalisers, out)

    @staticmethod
    def _log_of(z: Floats, constants: Floats, out: Floats | None = None) -> Floats:
        """Constants of each component, minus half of the squared lengths of whitened points."""
        squares = np.einsum("kdn,kdn->kn", z, z, out=out)
        squares *= -0.5
        squares += constants[:, np.newaxis]
        return np.asarray(squares)

    def _draw(self, z: Integers, rng: np.random.Generator) -> Floats:
        x = rng.standard_normal((len(z), self.n_dimensions))
        for k in range(self.n_components):
            x[z == k] = self.means[k] + x[z == k] @ self._cholesky_factors[k].T
        return x[:, 0] if self.n_dimensions == 1 else x

    # ------------------------------------------------------------------------------- EM

    @staticmethod
    def _statistics(x: Floats, r: Floats) -> NormalStatistics:
        """Statistics of points x (N, D) with assignments r (K, N), centred once for precision."""
        counts = r.sum(axis=1)
        centres = np.divide(
            r @ x,
            counts[:, np.newaxis],
            out=np.zeros((len(r), x.shape[1])),
            where=counts[:, np.newaxis] > 0,
        )
        off = x.T - centres[:, :, np.newaxis]
        weighted = r[:, np.newaxis, :] * off
        squares = weighted @ off.transpose(0, 2, 1)
        means, scatters = _about_means(counts, weighted.sum(axis=2), squares)
        return NormalStatistics(counts, centres + means, scatters)

    @classmethod
    def _whole(cls, x: Floats) -> NormalStatistics:
        with np.errstate(over="ignore", invalid="ignore"):
            whole = super()._whole(x)
        if not np.isfinite(whole.scatters).all():
            raise ValueError("x spreads so far that its squares overflow: use other units")
        return whole

    def _expect(
        self, x: Floats, labels: Integers | None, weights: Floats | None
    ) -> tuple[NormalStatistics, float]:
        if len(x) >= _soft.LEAST and self._shared_frame is not None:
            return self._expect_in_shared_frame(x, labels, weights, *self._shared_frame)
        K, D = self.means.shape
        # Sums in each component's own frame, where numbers are near one; then back to x.
        counts, totals, squares = np.zeros(K), np.zeros((K, D)), np.zeros((K, D, D))
        log_likelihood = 0.0
        blocks = list(_soft.blocks(len(x), K * max(1, D // 8)))
        size = blocks[0].stop
        # New memory costs more than the arithmetic in it: all blocks use the same.
        room = np.empty((K, D, size)), np.empty((K, D, size)), np.empty((K, size))
        for block in blocks:
            off, z, r = (array[..., : block.stop - block.start] for array in room)
            z = self._whiten(x[block], off, z)
            r = self._framed_log_joint(z, r)
            log_likelihood += _soft.assign(r, labels, weights, block)
            counts += r.sum(axis=1)
            # The sum of r z z' is the product of one matrix with itself: half of the work.
            root = np.sqrt(r, out=r)
            z *= root[:, np.newaxis, :]
            totals += np.einsum("kdn,kn->kd", z, root)
            squares += _outer_sums(z)
        framed_means, framed_scatters = _about_means(counts, totals, squares)
        L = self._cholesky_factors
        means = self.means + (L @ framed_means[:, :, np.newaxis])[:, :, 0]
        scatters = L @ framed_scatters @ L.transpose(0, 2, 1)
        return NormalStatistics(counts, means, scatters), log_likelihood

    @cached_property
    def _shared_frame(self) -> tuple[Floats, Floats, Floats] | None:
        """A frame that serves all components: its centre, its axes, and the log-joint in it.

        There the mixture has mean 0 and covariance I, and the log-joint of a point is a row of
        numbers for each component (K, P) times 1, y and all products y_i y_j. None where that
        would be slower, or lose digits because a component is far narrower than the mixture.
        """
        K, D = self.means.shape
        i, j = np.triu_indices(D)
        off = self.means - self.weights @ self.means
        if D == 1 or 1 + D + len(i) > 2 * K * D:
            return None
        covariance = np.tensordot(self.weights, self.full_covariances, 1)
        L = _vectors.factors((covariance + (self.weights * off.T) @ off)[np.newaxis])[0]
        narrow = self._whitening @ L
        if not (L.any() and (narrow**2).sum(axis=(1, 2)).max() < NARROW):
            return None
        means = solve_triangular(L, off.T, lower=True).T
        precisions = narrow.transpose(0, 2, 1) @ narrow
        linear = (precisions @ means[:, :, np.newaxis])[:, :, 0]
        constant = self._log_weights + self._log_normalisers - 0.5 * (linear * means).sum(axis=1)
        products = precisions[:, i, j] * np.where(i == j, -0.5, -1.0)
        return self.means[0] - off[0], L, np.hstack([constant[:, np.newaxis], linear, products])

    def _expect_in_shared_frame(
        self,
        x: Floats,
        labels: Integers | None,
        weights: Floats | None,
        centre: Floats,
        L: Floats,
        rows: Floats,
    ) -> tuple[NormalStatistics, float]:
        """E-step by two products of matrices: log-joint, and sums of 1, y and all y_i y_j."""
        (K, D), P = self.means.shape, rows.shape[1]
        axes = solve_triangular(L, np.eye(D), lower=True)
        sums, log_likelihood = np.zeros((K, P)), 0.0
        blocks = list(_soft.blocks(len(x), (P + 2 * K) / 2))
        size = blocks[0].stop
        room = np.empty((D, size)), np.ones((P, size)), np.empty((K, size))
        for block in blocks:
            off, terms, r = (array[:, : block.stop - block.start] for array in room)
            with np.errstate(over="ignore", invalid="ignore"):  # it is said below
                np.subtract(x[block].T, centre[:, np.newaxis], out=off)
                y = np.matmul(axes, off, out=terms[1 : D + 1])
                row = D + 1
                for d in range(D):
                    np.multiply(y[d], y[d:], out=terms[row : row + D - d])
                    row += D - d
                np.matmul(rows, terms, out=r)
                log_likelihood += _soft.assign(r, labels, weights, block)
            sums += r @ terms.T
        squares = np.empty((K, D, D))
        i, j = np.triu_indices(D)
        squares[:, i, j] = squares[:, j, i] = sums[:, D + 1 :]
        means, scatters = _about_means(sums[:, 0], sums[:, 1 : D + 1], squares)
        return NormalStatistics(sums[:, 0].copy(), centre + means @ L.T, L @ scatters @ L.T), (
            log_likelihood
        )

    @classmethod
    def _maximise(
        cls, weights: Floats, statistics: NormalStatistics, covariance_type: CovarianceType
    ) -> Self:
        counts, means, scatters = statistics.counts, statistics.means, statistics.scatters
        N = counts.sum()
        covariances = scatters / counts[:, np.newaxis, np.newaxis]
        pooled = scatters.sum(axis=0) / N
        if covariance_type == "tied":
            covariances = pooled
        elif covariance_type != "full":
            covariances = np.diagonal(covariances, axis1=1, axis2=2)
            if covariance_type == "spherical":
                covariances = covariances.mean(axis=1)
        with np.errstate(over="ignore", invalid="ignore"):
            deviations = means - counts @ means / N
            scale = np.diagonal(pooled) + counts @ deviations**2 / N  # variance of all the data
        if not (np.isfinite(scale).all() and np.isfinite(covariances).all()):
            raise ValueError("x spreads so far that its squares overflow: use other units")
        model: Self | None = None
        try:
            model = cls(weights, means, covariances, covariance_type)
            factors = model._cholesky_factors
        except ValueError:  # not positive definite
            factors = _vectors.factors(scatters / counts[:, np.newaxis, np.newaxis])
        pivots = np.diagonal(factors, axis1=1, axis2=2)  # standard deviations, given those before
        with np.errstate(divide="ignore", invalid="ignore"):  # spheres may have a flat dimension
            spread = (pivots / np.sqrt(scale)) ** 2
        spread = np.where(pivots > UNRESOLVED * np.abs(means), spread, 0).min(axis=1)
        if model is not None and spread.min() >= COLLAPSED:
            return model
        worst = spread.argmin()
        raise CollapsedComponentError(
            f"component {worst} has collapsed: its {counts[worst]:.3g} points have (almost) no "
            "spread in some direction, and the likelihood grows without bound; use fewer "
            "components, another start, or a prior"
        )

    def _move(self, statistics: NormalStatistics) -> Self:
        return type(self)(self.weights, statistics.means, self.covariances, self.covariance_type)

    def _expected_log_density(self, statistics: NormalStatistics) -> float:
        spread = self._spread(statistics)
        whitened = self._whitening @ spread @ self._whitening.transpose(0, 2, 1)
        squares = np.trace(whitened, axis1=1, axis2=2).sum()
        return float(statistics.counts @ self._log_normalisers - 0.5 * squares)

    def _spread(self, statistics: NormalStatistics) -> Floats:
        """Scatters about the model's own means (K, D, D)."""
        _check.shape(statistics.means, "statistics.means", self.means.shape)
        shift = statistics.means - self.means
        outer = shift[:, :, np.newaxis] * shift[:, np.newaxis, :]
        return statistics.scatters + statistics.counts[:, np.newaxis, np.newaxis] * outer

    # ---------------------------------------------------------------------- as one vector

    @property
    def _free_factors(self) -> Floats:
        """Cholesky factors of the covariances that are free: (K, D, D), or (1, D, D) if tied."""
        return self._cholesky_factors[: 1 if self.covariance_type == "tied" else None]

    def _free(self) -> Floats:
        if self.covariance_type in ("diagonal", "spherical"):
            rest = np.log(self.covariances)
        else:
            rest = _vectors.from_factors(self._free_factors)
        return np.concatenate([self.means.ravel(), rest.ravel()])

    def _from_free(self, weights: Floats, free: Floats) -> Self:
        K, D = self.means.shape
        means, rest = free[: K * D].reshape(K, D), free[K * D :]
        if self.covariance_type in ("diagonal", "spherical"):
            covariances = np.exp(rest).reshape(self.covariances.shape)
        else:
            L = _vectors.to_factors(rest.reshape(len(self._free_factors), -1), D)
            covariances = (L @ L.transpose(0, 2, 1)).reshape(self.covariances.shape)
        return type(self)(weights, means, covariances, self.covariance_type)

    def _by_free(self, statistics: NormalStatistics) -> Floats:
        N, spread = statistics.counts, self._spread(statistics)
        W = self._whitening
        precisions = W.transpose(0, 2, 1) @ W
        shift = N[:, np.newaxis] * (statistics.means - self.means)
        by_mean = (precisions @ shift[:, :, np.newaxis])[:, :, 0]
        by_covariance = 0.5 * (
            precisions @ spread @ precisions - N[:, np.newaxis, np.newaxis] * precisions
        )
        if self.covariance_type in ("diagonal", "spherical"):
            by_variance = np.diagonal(by_covariance, axis1=1, axis2=2)
            if self.covariance_type == "spherical":
                by_variance = by_variance.sum(axis=1)
            rest = by_variance * self.covariances  # by the logarithm of the variance
        else:
            if self.covariance_type == "tied":
                by_covariance = by_covariance.sum(axis=0, keepdims=True)
            rest = _vectors.gradient_by_factors(by_covariance, self._free_factors)
        return np.concatenate([by_mean.ravel(), rest.ravel()])

    # ------------------------------------------------------------ before there is a model

    @classmethod
    def fit_labelled(
        cls, x: ArrayLike, labels: ArrayLike, covariance_type: CovarianceType = "full"
    ) -> Self:
        r"""Fit a mixture to points whose components are all known: supervised learning.

        It is the M-step with one-hot responsibilities:

        .. math:: \hat\lambda_k = N_k / N, \qquad \hat\mu_k = \bar x_k, \qquad
            \hat\Sigma_k = S_k / N_k

        Parameters
        ----------
        x : array of shape (N, D)
            Points; shape (N,) when D = 1.
        labels : array of int, shape (N,)
            The component of each point, 0 to K - 1.
        covariance_type : {"full", "diagonal", "spherical", "tied"}
            As in :class:`GaussianMixture`; "tied" is linear discriminant analysis.

        Returns
        -------
        GaussianMixture
            The maximum-likelihood estimate.

        Raises
        ------
        ValueError
            If a label is missing (-1) or a shape is wrong.
        CollapsedComponentError
            If a component has no points or no spread.

        Examples
        --------
        >>> GaussianMixture.fit_labelled([1.0, 3.0, 10.0, 14.0], [0, 0, 1, 1]).means.ravel()
        array([ 2., 12.])
        """
        return cls._fit_labelled(x, labels, covariance_type)

    @classmethod
    def random_start(
        cls,
        x: ArrayLike,
        n_components: int,
        rng: np.random.Generator,
        covariance_type: CovarianceType = "full",
    ) -> Self:
        r"""Choose a start for EM: means by k-means++, equal weights, the covariance of all data.

        The first mean is a point drawn at random; every further one is a point drawn with
        probability proportional to its squared distance to the nearest mean so far, in standardised
        coordinates.

        .. math:: \Pr(\mu_k = x_n) \propto \min_{j < k} \lVert (x_n - \mu_j) / s \rVert^2

        Parameters
        ----------
        x : array of shape (N, D)
            Points; shape (N,) when D = 1.
        n_components : int >= 1
            K.
        rng : numpy.random.Generator
            The source of randomness.
        covariance_type : {"full", "diagonal", "spherical", "tied"}
            As in :class:`GaussianMixture`.

        Returns
        -------
        GaussianMixture

        Raises
        ------
        ValueError
            If `x` has fewer distinct points than components, or no spread in some direction.

        Notes
        -----
        Arthur and Vassilvitskii (2007), *k-means++: the advantages of careful seeding*, SODA,
        section 2.2.

        Examples
        --------
        >>> points, rng = [0.0, 0.0, 10.0, 10.0], np.random.default_rng(1)
        >>> start = GaussianMixture.random_start(points, 2, rng)
        >>> sorted(start.means.ravel().tolist()), start.covariances.ravel()
        ([0.0, 10.0], array([25., 25.]))
        """
        return cls._random_start(x, n_components, rng, covariance_type)

    @classmethod
    def _start(
        cls, seeds: Floats, whole: NormalStatistics, covariance_type: CovarianceType
    ) -> Self:
        K = len(seeds)
        equal = NormalStatistics(
            counts=np.full(K, whole.counts[0] / K),
            means=np.repeat(whole.means, K, axis=0),
            scatters=np.repeat(whole.scatters / K, K, axis=0),
        )
        try:
            return cls._fitted(equal, covariance_type)._move(replace(equal, means=seeds))
        except CollapsedComponentError:
            raise ValueError(
                "x has no spread in some direction: no covariance can be fitted"
            ) from None

    @classmethod
    def prior_statistics(
        cls,
        x: ArrayLike,
        n_components: int,
        pseudo_observations: float = 0.01,
        scatter: float = 1.0,
    ) -> NormalStatistics:
        r"""Statistics of a weak prior for a mixture, which keeps components from collapsing.

        For ``em.fit`` as `prior`: a Dirichlet prior on the weights and a normal-inverse-Wishart
        prior on means and covariances, the same for every component.

        .. math:: a_k = a, \qquad m_k = \bar x, \qquad S_k = s \, \hat\Sigma_x / K^{2/D}

        Where the data have no spread in some direction, as when one column follows from the others
        or there are fewer points than columns, the diagonal of :math:`\hat\Sigma_x` takes its
        place.

        Parameters
        ----------
        x : array of shape (N, D)
            Points; shape (N,) when D = 1. They set the scale of the prior.
        n_components : int >= 1
            K.
        pseudo_observations : float > 0
            :math:`a`: how many points at the mean of the data each component receives.
        scatter : float > 0
            :math:`s`: the scatter that each component receives, relative to that of one point of a
            component, if K of them shared the volume of the data.

        Returns
        -------
        NormalStatistics

        Raises
        ------
        ValueError
            If `x` is not an array of points, a column of it is constant (it gives the prior no
            scale), or a number is not positive.

        Notes
        -----
        Fraley and Raftery (2007), *Bayesian regularization for normal mixture estimation and
        model-based clustering*, J. Classif. 24, 155-181, section 2: their scale matrix, and their
        weight 0.01 for the mean.

        Examples
        --------
        >>> prior = GaussianMixture.prior_statistics([0.0, 2.0], n_components=2)
        >>> prior.counts, prior.means.ravel(), prior.scatters.ravel()
        (array([0.01, 0.01]), array([1., 1.]), array([0.25, 0.25]))
        """
        points = cls._clean(x)
        K = _check.count(n_components, "n_components")
        a = _check.positive_scalar(pseudo_observations, "pseudo_observations")
        s = _check.positive_scalar(scatter, "scatter")
        N, D = points.shape
        whole = cls._whole(points)
        variances = np.diagonal(whole.scatters[0])
        flat = (points == points[0]).all(axis=0) | (variances == 0)
        if flat.any():
            raise ValueError(
                f"column {flat.argmax()} of x is constant and gives the prior no scale: leave it "
                "out, or make the prior of points that vary as the component may"
            )
        pivots = np.diagonal(_vectors.factors(whole.scatters)[0]) ** 2
        scatters = whole.scatters
        if (pivots < COLLAPSED * variances).any():
            scatters = scatters * np.eye(D)
        return NormalStatistics(
            counts=np.full(K, a),
            means=np.repeat(whole.means, K, axis=0),
            scatters=np.repeat(scatters * (s / (N * K ** (2 / D))), K, axis=0),
        )


def _outer_sums(z: Floats) -> Floats:
    """Sum z z' over points: (K, D, D) from (K, D, N)."""
    if z.shape[1] <= 2:  # a second BLAS thread would wait longer than it works
        return np.asarray(np.einsum("kin,kjn->kij", z, z))
    return np.asarray(z @ z.transpose(0, 2, 1))


def _about_means(counts: Floats, totals: Floats, squares: Floats) -> tuple[Floats, Floats]:
    """Means (K, D), and scatters about them (K, D, D), from sums of weights, of z and of z z'."""
    some = counts[:, np.newaxis] > 0
    means = np.divide(totals, counts[:, np.newaxis], out=np.zeros_like(totals), where=some)
    return means, squares - totals[:, :, np.newaxis] * means[:, np.newaxis, :]
