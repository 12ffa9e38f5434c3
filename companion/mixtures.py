r"""Gaussian mixtures: density, responsibilities, sampling, and the two halves of EM.

.. math:: p(x) = \sum_{k=1}^K \lambda_k \, \mathrm{N}(x \mid \mu_k, \Sigma_k)

N points, K components, D dimensions. Data has shape (N, D); shape (N,) is read as D = 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_triangular
from scipy.special import log_softmax, xlogy

from companion import _check, _vectors
from companion._check import Floats
from companion.em import CollapsedComponentError

CovarianceType = Literal["full", "diagonal", "spherical", "tied"]

BLOCK = 2**16  # numbers in a block of the E-step, or 8 times as many: they must fit the cache
LEAST = 1024  # points in a block at least, so that its matrix products pay
NARROW = 1e3  # by so much a variance may be smaller than the mixture's, where they share a frame
UNDERFLOW = -700.0  # exp(-700) is 1e-304: smaller responsibilities than this do not matter
EMPTY = 1e-200  # a component with less than this share of the points has lost them all
UNRESOLVED = 4 * _vectors.EPS  # a standard deviation this small, relative to the mean, is rounding
COLLAPSED = 1e-12  # a variance this small, relative to that of all the data, is a collapse
HINT = "; for points with missing entries see missing.MultivariateNormal"


@dataclass(frozen=True, eq=False)
class MixtureStatistics:
    r"""Sufficient statistics of points that are softly assigned to K components. They add.

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

    def __add__(self, other: MixtureStatistics) -> MixtureStatistics:
        counts = self.counts + other.counts
        share = np.divide(other.counts, counts, out=np.zeros_like(counts), where=counts > 0)
        step = other.means - self.means
        outer = step[:, :, np.newaxis] * step[:, np.newaxis, :]
        return MixtureStatistics(
            counts=counts,
            means=self.means + share[:, np.newaxis] * step,
            scatters=self.scatters
            + other.scatters
            + (self.counts * share)[:, np.newaxis, np.newaxis] * outer,
        )


@dataclass(frozen=True, eq=False, init=False)
class GaussianMixture:
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
    Bishop (2006), *Pattern Recognition and Machine Learning*, section 9.2.

    Examples
    --------
    >>> model = GaussianMixture(weights=[0.5, 0.5], means=[-1, 1], covariances=[1, 1])
    >>> model.responsibilities([0.0])
    array([[0.5, 0.5]])
    """

    weights: Floats
    means: Floats
    covariances: Floats
    covariance_type: CovarianceType = "full"

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
        λ = _check.simplex(weights, "weights").copy()
        μ = _check.points(means, "means").copy()
        K, D = μ.shape
        _check.shape(λ, "weights", (K,))
        Σ = _check.finite(covariances, "covariances").copy()
        expected = {
            "full": (K, D, D),
            "diagonal": (K, D),
            "spherical": (K,),
            "tied": (D, D),
        }[covariance_type]
        if D == 1 and Σ.size == np.prod(expected) and Σ.ndim <= 1:
            Σ = Σ.reshape(expected)
        _check.shape(Σ, "covariances", expected)
        for array in (λ, μ, Σ):
            array.flags.writeable = False
        object.__setattr__(self, "weights", λ)
        object.__setattr__(self, "means", μ)
        object.__setattr__(self, "covariances", Σ)
        object.__setattr__(self, "covariance_type", covariance_type)
        _ = self._cholesky_factors  # raises unless every covariance is positive definite

    # ------------------------------------------------------------------ parameters in one form

    @property
    def n_components(self) -> int:
        """K, the number of components."""
        return len(self.means)

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
        identity = np.eye(self.n_dimensions)
        return np.array([solve_triangular(L, identity, lower=True) for L in self._cholesky_factors])

    @cached_property
    def _log_normalisers(self) -> Floats:
        """Log-density of each component at its own mean: shape (K,)."""
        log_det = 2 * np.log(np.diagonal(self._cholesky_factors, axis1=1, axis2=2)).sum(axis=1)
        return np.asarray(-0.5 * (log_det + self.n_dimensions * np.log(2 * np.pi)))

    @cached_property
    def _log_weights(self) -> Floats:
        with np.errstate(divide="ignore"):
            return np.log(self.weights)

    # ---------------------------------------------------------------------------- density

    def component_log_density(self, x: ArrayLike) -> Floats:
        r"""Log-density of every point under every component, without the weights.

        .. math:: \log \mathrm{N}(x_n \mid \mu_k, \Sigma_k)

        Parameters
        ----------
        x : array of shape (N, D)
            Points; shape (N,) when D = 1.

        Returns
        -------
        ndarray of shape (N, K)

        Raises
        ------
        ValueError
            If `x` is empty, has another number of columns, or holds NaN or infinity.

        Examples
        --------
        >>> model = GaussianMixture([0.5, 0.5], means=[0, 2], covariances=[1, 1])
        >>> (model.component_log_density([1.0]) + 0.5 * np.log(2 * np.pi)).round(12)
        array([[-0.5, -0.5]])
        """
        joint = self._log_joint(self._whiten(self._points(x)))
        return (joint - self._log_weights[:, np.newaxis]).T

    def log_density(self, x: ArrayLike) -> Floats:
        r"""Log-density of every point under the mixture.

        .. math:: \log p(x_n) = \log \sum_k \lambda_k \mathrm{N}(x_n \mid \mu_k, \Sigma_k)

        Parameters
        ----------
        x : array of shape (N, D)
            Points; shape (N,) when D = 1.

        Returns
        -------
        ndarray of shape (N,)

        Raises
        ------
        ValueError
            As :meth:`component_log_density`.

        Examples
        --------
        >>> model = GaussianMixture([1.0], means=[0], covariances=[1])
        >>> bool(np.isclose(model.log_density([0.0])[0], -0.5 * np.log(2 * np.pi)))
        True
        """
        top, total = _normalise(self._log_joint(self._whiten(self._points(x))))
        return np.asarray(top + np.log(total))

    def log_likelihood(self, x: ArrayLike) -> float:
        r"""Log-likelihood of the parameters: a sum over points, in nats.

        .. math:: \ell(\theta) = \sum_n \log \sum_k \lambda_k \mathrm{N}(x_n \mid \mu_k, \Sigma_k)

        Parameters
        ----------
        x : array of shape (N, D)
            Points; shape (N,) when D = 1.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            As :meth:`component_log_density`.

        Examples
        --------
        >>> model = GaussianMixture([1.0], means=[0], covariances=[1])
        >>> bool(np.isclose(model.log_likelihood([0.0, 0.0]), -np.log(2 * np.pi)))
        True
        """
        return float(self.log_density(x).sum())

    def responsibilities(self, x: ArrayLike) -> Floats:
        r"""Posterior probability of every component, given a point.

        .. math::

            r_{nk} = p(z_n = k \mid x_n) = \frac{\lambda_k \mathrm{N}(x_n \mid \mu_k, \Sigma_k)}
            {\sum_j \lambda_j \mathrm{N}(x_n \mid \mu_j, \Sigma_j)}

        Parameters
        ----------
        x : array of shape (N, D)
            Points; shape (N,) when D = 1.

        Returns
        -------
        ndarray of shape (N, K)
            Rows sum to one, however far a point lies from every component.

        Raises
        ------
        ValueError
            As :meth:`component_log_density`.

        Examples
        --------
        >>> model = GaussianMixture([0.25, 0.75], means=[0, 2], covariances=[1, 1])
        >>> model.responsibilities([1.0])  # equally far from both: the weights decide
        array([[0.25, 0.75]])
        """
        r = self._log_joint(self._whiten(self._points(x)))
        _normalise(r)
        return r.T

    def elbo(self, x: ArrayLike, responsibilities: ArrayLike) -> float:
        r"""Evidence lower bound on the log-likelihood, for *any* responsibilities (in nats).

        .. math::

            \mathrm{ELBO}(q) = \mathrm{E}_q[\log p(x, z)] + \mathrm{H}(q)
            = \sum_{n,k} r_{nk} \log \bigl(\lambda_k \mathrm{N}(x_n \mid \mu_k, \Sigma_k)\bigr)
            - \sum_{n,k} r_{nk} \log r_{nk}

        Parameters
        ----------
        x : array of shape (N, D)
            Points; shape (N,) when D = 1.
        responsibilities : array of shape (N, K)
            Rows of numbers >= 0 that sum to one.

        Returns
        -------
        float
            Never above :meth:`log_likelihood`; equal to it at the model's own responsibilities.

        Raises
        ------
        ValueError
            If `x` or `responsibilities` has a wrong shape or value.

        Notes
        -----
        Neal and Hinton (1998), *A view of the EM algorithm that justifies incremental, sparse, and
        other variants*, in Learning in Graphical Models, equation 1.

        Examples
        --------
        >>> model = GaussianMixture([0.5, 0.5], means=[0, 2], covariances=[1, 1])
        >>> r = model.responsibilities([0.5, 1.0])
        >>> bool(np.isclose(model.elbo([0.5, 1.0], r), model.log_likelihood([0.5, 1.0])))
        True
        """
        x = self._points(x)
        r = self._assignments(responsibilities, len(x))
        joint = self._log_joint(self._whiten(x))
        expected = np.multiply(r, joint, out=np.zeros_like(r), where=r > 0)
        return float(expected.sum() - xlogy(r, r).sum())

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Floats, _check.Integers]:
        r"""Draw points as the generative story tells: first the component, then the point.

        .. math:: z_n \sim \mathrm{Categorical}(\lambda), \qquad
            x_n \mid z_n = k \sim \mathrm{N}(\mu_k, \Sigma_k)

        Parameters
        ----------
        n : int >= 1
            How many points.
        rng : numpy.random.Generator
            The source of randomness.

        Returns
        -------
        x : ndarray of shape (n, D)
            The points; shape (n,) when D = 1.
        z : ndarray of int, shape (n,)
            The component of each point, 0 to K - 1.

        Raises
        ------
        ValueError
            If `n` is not a whole number, at least 1.

        Examples
        --------
        >>> model = GaussianMixture([0.0, 1.0], means=[0, 50], covariances=[1, 1])
        >>> x, z = model.sample(3, np.random.default_rng(1))
        >>> z
        array([1, 1, 1])
        """
        n = _check.count(n, "n")
        z = rng.choice(self.n_components, size=n, p=self.weights)
        x = rng.standard_normal((n, self.n_dimensions))
        for k in range(self.n_components):
            x[z == k] = self.means[k] + x[z == k] @ self._cholesky_factors[k].T
        return (x[:, 0] if self.n_dimensions == 1 else x), z

    # ------------------------------------------------------------------------------- EM

    def statistics(self, x: ArrayLike, responsibilities: ArrayLike) -> MixtureStatistics:
        r"""Sufficient statistics of points with given (soft or one-hot) assignments.

        .. math::

            N_k = \sum_n r_{nk}, \quad \bar x_k = \frac{1}{N_k} \sum_n r_{nk} x_n, \quad
            S_k = \sum_n r_{nk} (x_n - \bar x_k)(x_n - \bar x_k)^\top

        Parameters
        ----------
        x : array of shape (N, D)
            Points; shape (N,) when D = 1.
        responsibilities : array of shape (N, K)
            Rows of numbers >= 0 that sum to one.

        Returns
        -------
        MixtureStatistics
            Sums over the points: the statistics of two data sets add up to those of their union.

        Raises
        ------
        ValueError
            If `x` or `responsibilities` has a wrong shape or value.

        Examples
        --------
        >>> model = GaussianMixture([0.5, 0.5], means=[0, 1], covariances=[1, 1])
        >>> model.statistics([1.0, 3.0, 7.0], [[1, 0], [1, 0], [0, 1]]).means
        array([[2.],
               [7.]])
        """
        x = self._points(x)
        r = self._assignments(responsibilities, len(x))
        return _statistics(x, r)

    def e_step(
        self, x: ArrayLike, labels: ArrayLike | None = None
    ) -> tuple[MixtureStatistics, float]:
        r"""E-step: expected sufficient statistics of (x, z), and the observed log-likelihood.

        Points pass through in blocks, so that memory does not grow with N beyond the data.

        .. math::

            \ell(\theta) = \sum_{n\ \text{unlabelled}} \log p(x_n)
            + \sum_{n\ \text{labelled}} \log \bigl(\lambda_{z_n}
            \mathrm{N}(x_n \mid \mu_{z_n}, \Sigma_{z_n})\bigr)

        Parameters
        ----------
        x : array of shape (N, D)
            Points; shape (N,) when D = 1.
        labels : array of int, shape (N,), optional
            The component of each point where it is known (0 to K - 1), -1 where it is not: that is
            semi-supervised learning. Without labels every component is unknown.

        Returns
        -------
        statistics : MixtureStatistics
            Of :meth:`statistics`, with :math:`r_{nk} = p(z_n = k \mid x_n)`, or 1 and 0 where the
            label is known.
        log_likelihood : float
            A sum over points, in nats.

        Raises
        ------
        ValueError
            If `x` is empty, has another number of columns, or holds NaN or infinity, or if a label
            is not a component.

        Notes
        -----
        Bishop (2006), equation 9.23.

        Examples
        --------
        >>> model = GaussianMixture([0.5, 0.5], means=[0, 4], covariances=[1, 1])
        >>> statistics, log_likelihood = model.e_step([0.0, 2.0, 4.0])
        >>> statistics.counts
        array([1.5, 1.5])
        >>> model.e_step([0.0, 2.0, 4.0], labels=[0, 1, 1])[0].counts.round(3)
        array([1., 2.])
        """
        x = self._points(x)
        if labels is not None:
            labels = _check.labels(labels, "labels", len(x), self.n_components)
        if len(x) >= LEAST and self._shared_frame is not None:
            return self._e_step_in_shared_frame(x, labels, *self._shared_frame)
        K, D = self.means.shape
        # Sums in each component's own frame, where numbers are near one; then back to x.
        counts, totals, squares = np.zeros(K), np.zeros((K, D)), np.zeros((K, D, D))
        log_likelihood = 0.0
        size = min(max(LEAST, BLOCK // (K * max(1, D // 8))), len(x))
        # New memory costs more than the arithmetic in it: all blocks use the same.
        room = np.empty((K, D, size)), np.empty((K, D, size)), np.empty((K, size))
        for start in range(0, len(x), size):
            block = slice(start, start + size)
            off, z, r = (array[..., : len(x) - start] for array in room)
            z = self._whiten(x[block], off, z)
            r = self._log_joint(z, r)
            log_likelihood += _assign(r, labels, block)
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
        return MixtureStatistics(counts, means, scatters), log_likelihood

    def m_step(self, statistics: MixtureStatistics) -> GaussianMixture:
        r"""M-step: the mixture that maximises the (expected) complete-data log-likelihood.

        .. math:: \lambda_k = N_k / N, \qquad \mu_k = \bar x_k, \qquad \Sigma_k = S_k / N_k

        with the diagonal of :math:`\Sigma_k` only (diagonal), the mean of that diagonal
        (spherical), or :math:`\sum_k S_k / N` for all components (tied).

        Parameters
        ----------
        statistics : MixtureStatistics
            From :meth:`e_step`, or from :meth:`statistics` with known labels.

        Returns
        -------
        GaussianMixture
            A new model of the same `covariance_type`.

        Raises
        ------
        CollapsedComponentError
            If a component has no points, or (almost) no spread: the likelihood is unbounded there.

        Notes
        -----
        Bishop (2006), equations 9.24 to 9.26.

        Examples
        --------
        >>> start = GaussianMixture([1.0], means=[0.0], covariances=[1.0])
        >>> start.m_step(start.statistics([1.0, 3.0], [[1], [1]])).covariances
        array([[[1.]]])
        """
        return _maximise(statistics, self.covariance_type)

    def complete_log_likelihood(self, statistics: MixtureStatistics) -> float:
        r"""Log-likelihood of complete data, of which only the statistics are needed.

        .. math::

            \sum_k N_k \Bigl( \log \lambda_k - \tfrac12 \log |2 \pi \Sigma_k| \Bigr)
            - \tfrac12 \sum_k \operatorname{tr} \Sigma_k^{-1} \bigl( S_k
            + N_k (\bar x_k - \mu_k)(\bar x_k - \mu_k)^\top \bigr)

        With the statistics of the E-step of another model :math:`\theta_t` it is
        :math:`Q(\theta, \theta_t)`, which the M-step maximises; with a prior's statistics it is the
        logarithm of that prior.

        Parameters
        ----------
        statistics : MixtureStatistics
            From :meth:`e_step` or :meth:`statistics`.

        Returns
        -------
        float
            In nats.

        Raises
        ------
        ValueError
            If the statistics have another number of components or dimensions.

        Notes
        -----
        Bishop (2006), equation 9.40.

        Examples
        --------
        >>> model = GaussianMixture([0.5, 0.5], means=[0, 4], covariances=[1, 1])
        >>> one_hot = model.statistics([0.0, 4.0], [[1, 0], [0, 1]])
        >>> bool(np.isclose(model.complete_log_likelihood(one_hot), -np.log(8 * np.pi)))
        True
        """
        N, spread = self._spread(statistics)
        whitened = self._whitening @ spread @ self._whitening.transpose(0, 2, 1)
        squares = np.trace(whitened, axis1=1, axis2=2).sum()
        return float(xlogy(N, self.weights).sum() + N @ self._log_normalisers - 0.5 * squares)

    # ---------------------------------------------------------------------- as one vector

    def to_vector(self) -> Floats:
        r"""Return all parameters as one vector without constraints.

        The logarithms of the weights relative to the last one (K - 1 numbers), the means, and the
        covariances: log-variances if diagonal or spherical, else the Cholesky factors row by row
        with the logarithms of their diagonals.

        Returns
        -------
        ndarray of shape (P,)

        Raises
        ------
        ValueError
            If a weight is zero.

        Examples
        --------
        >>> GaussianMixture([0.5, 0.5], means=[0, 4], covariances=[1, 1]).to_vector()
        array([0., 0., 4., 0., 0.])
        """
        if not self.weights.all():
            raise ValueError("weights must be positive: the logarithm of zero is no number")
        log_odds = np.log(self.weights[:-1] / self.weights[-1])
        if self.covariance_type in ("diagonal", "spherical"):
            rest = np.log(self.covariances).ravel()
        else:
            rest = _vectors.from_factors(self._free_factors).ravel()
        return np.concatenate([log_odds, self.means.ravel(), rest])

    def from_vector(self, vector: ArrayLike) -> GaussianMixture:
        """Return the mixture, with as many components and dimensions as this one, of a vector.

        Parameters
        ----------
        vector : array of shape (P,)
            As :meth:`to_vector` returns it.

        Returns
        -------
        GaussianMixture

        Raises
        ------
        ValueError
            If the vector has another length, or leads out of the range of numbers.

        Examples
        --------
        >>> model = GaussianMixture([0.5, 0.5], means=[0, 4], covariances=[1, 1])
        >>> model.from_vector([0, 1, 3, 0, 0]).means.ravel()
        array([1., 3.])
        """
        K, D = self.means.shape
        v = _check.finite(vector, "vector")
        _check.shape(v, "vector", self.to_vector().shape)
        weights = np.exp(log_softmax(np.append(v[: K - 1], 0.0)))
        rest = v[K - 1 + K * D :]
        if self.covariance_type in ("diagonal", "spherical"):
            covariances = np.exp(rest).reshape(self.covariances.shape)
        else:
            L = _vectors.to_factors(rest.reshape(len(self._free_factors), -1), D)
            covariances = (L @ L.transpose(0, 2, 1)).reshape(self.covariances.shape)
        means = v[K - 1 : K - 1 + K * D].reshape(K, D)
        return GaussianMixture(weights, means, covariances, self.covariance_type)

    def gradient(self, statistics: MixtureStatistics) -> Floats:
        r"""Gradient of :meth:`complete_log_likelihood` in the coordinates of :meth:`to_vector`.

        With the statistics of the model's own E-step it is the exact gradient of the *observed*
        log-likelihood (Fisher's identity):

        .. math::

            \nabla \ell(\theta_t) = \nabla_\theta Q(\theta, \theta_t) \big|_{\theta = \theta_t}

        Parameters
        ----------
        statistics : MixtureStatistics
            From :meth:`e_step` or :meth:`statistics`.

        Returns
        -------
        ndarray of shape (P,)

        Raises
        ------
        ValueError
            If the statistics have another number of components or dimensions, or a weight is zero.

        Notes
        -----
        Fisher's identity: Dempster, Laird and Rubin (1977), section 3; Cappe, Moulines and Ryden
        (2005), *Inference in Hidden Markov Models*, proposition 10.1.6.

        Examples
        --------
        >>> model = GaussianMixture([0.5, 0.5], means=[0, 4], covariances=[1, 1])
        >>> model.gradient(model.statistics([1.0, 4.0], [[1, 0], [0, 1]]))
        array([ 0.,  1.,  0.,  0., -1.])
        """
        N, spread = self._spread(statistics)
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
        by_log_odds = (N - N.sum() * self.weights)[:-1]
        return np.concatenate([by_log_odds, by_mean.ravel(), rest.ravel()])

    @classmethod
    def fit_labelled(
        cls, x: ArrayLike, labels: ArrayLike, covariance_type: CovarianceType = "full"
    ) -> GaussianMixture:
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
        x = _check.points(x, "x", hint=HINT)
        known = _check.labels(labels, "labels", len(x))
        if known.min() < 0:
            raise ValueError(
                f"labels has {int((known < 0).sum())} unknown entries (-1); use "
                "em.fit(start, x, labels) for data that are labelled in part"
            )
        K = int(known.max()) + 1
        if len(x) < K:
            raise _lost_its_points(int(np.setdiff1d(np.arange(len(x)), known)[0]))
        one_hot = (known == np.arange(K)[:, np.newaxis]).astype(float)
        return _maximise(_statistics(x, one_hot), covariance_type)

    # --------------------------------------------------------------------------- private

    @property
    def _free_factors(self) -> Floats:
        """Cholesky factors of the covariances that are free: (K, D, D), or (1, D, D) if tied."""
        return self._cholesky_factors[: 1 if self.covariance_type == "tied" else None]

    def _spread(self, statistics: MixtureStatistics) -> tuple[Floats, Floats]:
        """Return counts (K,), and scatters about the model's own means (K, D, D)."""
        _check.shape(statistics.means, "statistics.means", self.means.shape)
        shift = statistics.means - self.means
        outer = shift[:, :, np.newaxis] * shift[:, np.newaxis, :]
        N = statistics.counts
        return N, statistics.scatters + N[:, np.newaxis, np.newaxis] * outer

    def _points(self, x: ArrayLike) -> Floats:
        return _check.points(x, "x", self.n_dimensions, HINT)

    def _assignments(self, responsibilities: ArrayLike, n: int) -> Floats:
        r = _check.finite(responsibilities, "responsibilities")
        _check.shape(r, "responsibilities", (n, self.n_components))
        return _check.probabilities(responsibilities, "responsibilities", axis=1).T

    def _whiten(self, x: Floats, off: Floats | None = None, out: Floats | None = None) -> Floats:
        """Points in each component's own frame, (K, D, N): there the component is N(0, I)."""
        off = np.subtract(np.ascontiguousarray(x.T), self.means[:, :, np.newaxis], out=off)
        if self.n_dimensions == 1:
            return np.multiply(off, self._whitening, out=off)
        return np.matmul(self._whitening, off, out=out)

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

    def _e_step_in_shared_frame(
        self, x: Floats, labels: _check.Integers | None, centre: Floats, L: Floats, rows: Floats
    ) -> tuple[MixtureStatistics, float]:
        """E-step by two products of matrices: log-joint, and sums of 1, y and all y_i y_j."""
        (K, D), P = self.means.shape, rows.shape[1]
        axes = solve_triangular(L, np.eye(D), lower=True)
        sums, log_likelihood = np.zeros((K, P)), 0.0
        size = min(max(LEAST, 2 * BLOCK // (P + 2 * K)), len(x))
        room = np.empty((D, size)), np.ones((P, size)), np.empty((K, size))
        for start in range(0, len(x), size):
            block = slice(start, start + size)
            off, terms, r = (array[:, : len(x) - start] for array in room)
            with np.errstate(over="ignore", invalid="ignore"):  # it is said below
                np.subtract(x[block].T, centre[:, np.newaxis], out=off)
                y = np.matmul(axes, off, out=terms[1 : D + 1])
                row = D + 1
                for d in range(D):
                    np.multiply(y[d], y[d:], out=terms[row : row + D - d])
                    row += D - d
                np.matmul(rows, terms, out=r)
                log_likelihood += _assign(r, labels, block)
            sums += r @ terms.T
        squares = np.empty((K, D, D))
        i, j = np.triu_indices(D)
        squares[:, i, j] = squares[:, j, i] = sums[:, D + 1 :]
        means, scatters = _about_means(sums[:, 0], sums[:, 1 : D + 1], squares)
        return MixtureStatistics(sums[:, 0].copy(), centre + means @ L.T, L @ scatters @ L.T), (
            log_likelihood
        )

    def _log_joint(self, z: Floats, out: Floats | None = None) -> Floats:
        """Log of lambda_k N(x_n | mu_k, Sigma_k), from the whitened points: shape (K, N)."""
        constants = self._log_weights + self._log_normalisers
        squares = np.einsum("kdn,kdn->kn", z, z, out=out)
        squares *= -0.5
        squares += constants[:, np.newaxis]
        return np.asarray(squares)


@dataclass(frozen=True, eq=False)
class HardMixture:
    r"""A mixture fitted by hard assignments: every point belongs wholly to its likeliest component.

    EM's two steps, with the E-step rounded: it raises the complete-data log-likelihood over the
    parameters *and* the labels,

    .. math:: \max_{\theta, z} \sum_n \log \bigl( \lambda_{z_n} \mathrm{N}(x_n \mid \mu_{z_n},
        \Sigma_{z_n}) \bigr)

    Parameters
    ----------
    mixture : GaussianMixture
        The current parameters.
    means_only : bool
        Leave weights and covariances as they are. With equal weights and equal spherical
        covariances this is Lloyd's algorithm for k-means.

    Notes
    -----
    Celeux and Govaert (1992), *A classification EM algorithm for clustering and two stochastic
    versions*, Comput. Stat. Data Anal. 14, 315-332.

    Examples
    --------
    >>> from companion import em
    >>> spheres = GaussianMixture([0.5, 0.5], [0, 1], [1, 1], "spherical")
    >>> k_means = em.fit(HardMixture(spheres, means_only=True), [0.0, 2.0, 9.0, 11.0]).model
    >>> k_means.mixture.means.ravel()
    array([ 1., 10.])
    """

    mixture: GaussianMixture
    means_only: bool = False

    def labels(self, x: ArrayLike) -> _check.Integers:
        """Return the likeliest component of every point, of shape (N,); the first one in a tie.

        Parameters
        ----------
        x : array of shape (N, D)
            Points; shape (N,) when D = 1.

        Returns
        -------
        ndarray of int, shape (N,)

        Raises
        ------
        ValueError
            As :meth:`GaussianMixture.responsibilities`.

        Examples
        --------
        >>> HardMixture(GaussianMixture([0.5, 0.5], [0, 4], [1, 1])).labels([1.9, 2.0, 2.1])
        array([0, 0, 1])
        """
        joint = self.mixture._log_joint(self.mixture._whiten(self.mixture._points(x)))
        return np.asarray(joint.argmax(axis=0), dtype=np.int64)

    def e_step(self, x: ArrayLike) -> tuple[MixtureStatistics, float]:
        """Return the statistics under hard labels, and the complete-data log-likelihood.

        Parameters
        ----------
        x : array of shape (N, D)
            Points; shape (N,) when D = 1.

        Returns
        -------
        statistics : MixtureStatistics
            With one-hot responsibilities.
        log_likelihood : float
            Of points and labels together: what hard EM raises.

        Raises
        ------
        ValueError
            As :meth:`GaussianMixture.e_step`.

        Examples
        --------
        >>> hard = HardMixture(GaussianMixture([0.5, 0.5], [0, 4], [1, 1]))
        >>> hard.e_step([1.9, 2.0, 2.1])[0].counts
        array([2., 1.])
        """
        return self.mixture.e_step(x, self.labels(x))

    def m_step(self, statistics: MixtureStatistics) -> HardMixture:
        """Return the mixture fitted to the labelled points (or its new means only).

        Parameters
        ----------
        statistics : MixtureStatistics
            From :meth:`e_step`.

        Returns
        -------
        HardMixture

        Raises
        ------
        CollapsedComponentError
            If a component has lost its points or (unless `means_only`) its spread.

        Examples
        --------
        >>> hard = HardMixture(GaussianMixture([0.5, 0.5], [0, 4], [1, 1]), means_only=True)
        >>> hard.m_step(hard.e_step([1.0, 2.0, 4.0])[0]).mixture.means.ravel()
        array([1.5, 4. ])
        """
        if not self.means_only:
            return replace(self, mixture=self.mixture.m_step(statistics))
        if not statistics.counts.all():
            raise _lost_its_points(int(statistics.counts.argmin()))
        old = self.mixture
        moved = GaussianMixture(old.weights, statistics.means, old.covariances, old.covariance_type)
        return replace(self, mixture=moved)


def prior_statistics(
    x: ArrayLike, n_components: int, pseudo_observations: float = 0.01, scatter: float = 1.0
) -> MixtureStatistics:
    r"""Statistics of a weak prior for a mixture, which keeps components from collapsing.

    For ``em.fit`` as `prior`: a Dirichlet prior on the weights and a normal-inverse-Wishart prior
    on means and covariances, the same for every component.

    .. math:: a_k = a, \qquad m_k = \bar x, \qquad S_k = s \, \hat\Sigma_x / K^{2/D}

    Where the data have no spread in some direction, as when one column follows from the others or
    there are fewer points than columns, the diagonal of :math:`\hat\Sigma_x` takes its place.

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
    MixtureStatistics

    Raises
    ------
    ValueError
        If `x` is not an array of points, a column of it is constant (it gives the prior no scale),
        or a number is not positive.

    Notes
    -----
    Fraley and Raftery (2007), *Bayesian regularization for normal mixture estimation and
    model-based clustering*, J. Classif. 24, 155-181, section 2: their scale matrix, and their
    weight 0.01 for the mean.

    Examples
    --------
    >>> prior = prior_statistics([0.0, 2.0], n_components=2)
    >>> prior.counts, prior.means.ravel(), prior.scatters.ravel()
    (array([0.01, 0.01]), array([1., 1.]), array([0.25, 0.25]))
    """
    x = _check.points(x, "x", hint=HINT)
    K = _check.count(n_components, "n_components")
    a = _check.positive_scalar(pseudo_observations, "pseudo_observations")
    s = _check.positive_scalar(scatter, "scatter")
    N, D = x.shape
    whole = _whole(x)
    variances = np.diagonal(whole.scatters[0])
    flat = (x == x[0]).all(axis=0) | (variances == 0)
    if flat.any():
        raise ValueError(
            f"column {flat.argmax()} of x is constant and gives the prior no scale: leave it out, "
            "or make the prior of points that vary as the component may"
        )
    pivots = np.diagonal(_vectors.factors(whole.scatters)[0]) ** 2
    scatters = whole.scatters
    if (pivots < COLLAPSED * variances).any():
        scatters = scatters * np.eye(D)
    return MixtureStatistics(
        counts=np.full(K, a),
        means=np.repeat(whole.means, K, axis=0),
        scatters=np.repeat(scatters * (s / (N * K ** (2 / D))), K, axis=0),
    )


def random_start(
    x: ArrayLike,
    n_components: int,
    rng: np.random.Generator,
    covariance_type: CovarianceType = "full",
) -> GaussianMixture:
    r"""Choose a start for EM: means by k-means++, equal weights, the covariance of all the data.

    The first mean is a point drawn at random; every further one is a point drawn with probability
    proportional to its squared distance to the nearest mean so far, in standardised coordinates.

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
    >>> start = random_start([0.0, 0.0, 10.0, 10.0], 2, np.random.default_rng(1))
    >>> sorted(start.means.ravel().tolist()), start.covariances.ravel()
    ([0.0, 10.0], array([25., 25.]))
    """
    x = _check.points(x, "x", hint=HINT)
    K = _check.count(n_components, "n_components")
    N = len(x)
    whole = _whole(x)
    sd = np.sqrt(np.diagonal(whole.scatters[0]) / N)
    varies = (x != x[0]).any(axis=0) & (sd > 0)
    scaled = np.divide(x, sd, out=np.zeros(x.shape), where=varies)
    chosen = [int(rng.integers(N))]
    distances = ((scaled - scaled[chosen[0]]) ** 2).sum(axis=1)
    while len(chosen) < K:
        if not distances.any():
            raise ValueError(
                f"x has only {len(chosen)} distinct point{'s'[: len(chosen) > 1]}, fewer than "
                f"n_components = {K}"
            )
        chosen.append(int(rng.choice(N, p=distances / distances.sum())))
        distances = np.minimum(distances, ((scaled - scaled[chosen[-1]]) ** 2).sum(axis=1))
    equal = MixtureStatistics(
        counts=np.full(K, N / K),
        means=np.repeat(whole.means, K, axis=0),
        scatters=np.repeat(whole.scatters / K, K, axis=0),
    )
    try:
        spread = _maximise(equal, covariance_type)
    except CollapsedComponentError:
        raise ValueError("x has no spread in some direction: no covariance can be fitted") from None
    return GaussianMixture(spread.weights, x[chosen], spread.covariances, covariance_type)


def _normalise(log_joint: Floats) -> tuple[Floats, Floats]:
    """Turn the log-joint (K, N) into responsibilities, in place.

    Return the largest of a point, and the sum relative to it: t and s of the density exp(t) s.
    """
    top = log_joint.max(axis=0)
    if not np.isfinite(top).all():
        raise ValueError("x lies so far from every component that its square overflows")
    r = np.subtract(log_joint, top, out=log_joint)
    np.maximum(r, UNDERFLOW, out=r)  # exp is slow where it underflows
    np.exp(r, out=r)
    total = r.sum(axis=0)
    r /= total
    return top, total


def _assign(log_joint: Floats, labels: _check.Integers | None, block: slice) -> float:
    """Turn the log-joint (K, N) into responsibilities, in place; return the log-likelihood.

    Where labels are -1 they follow from the points; where they are known, they are the labels.
    """
    if labels is None:
        top, total = _normalise(log_joint)
        # Of every 32 numbers between 1 and K one logarithm: it takes longer than 32 products.
        product = total[: len(total) // 32 * 32].reshape(32, -1).prod(axis=0)
        rest = total[len(total) // 32 * 32 :]
        return float(top.sum() + np.log(product).sum() + np.log(rest).sum())
    known = np.flatnonzero(labels[block] >= 0)
    component = labels[block][known]
    log_joint_of_known = log_joint[component, known]
    top, total = _normalise(log_joint)
    log_density = top + np.log(total)
    log_joint[:, known] = 0
    log_joint[component, known] = 1
    log_density[known] = log_joint_of_known
    return float(log_density.sum())


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


def _statistics(x: Floats, r: Floats) -> MixtureStatistics:
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
    return MixtureStatistics(counts, centres + means, scatters)


def _whole(x: Floats) -> MixtureStatistics:
    """Statistics of all points, as one component."""
    with np.errstate(over="ignore", invalid="ignore"):
        whole = _statistics(x, np.ones((1, len(x))))
    if not np.isfinite(whole.scatters).all():
        raise ValueError("x spreads so far that its squares overflow: use other units")
    return whole


def _lost_its_points(component: int) -> CollapsedComponentError:
    return CollapsedComponentError(
        f"component {component} has lost all its points; use fewer components, another start, or "
        "a prior"
    )


def _maximise(statistics: MixtureStatistics, covariance_type: CovarianceType) -> GaussianMixture:
    """Return the mixture that maximises the complete-data likelihood: the M-step of all types."""
    counts, means, scatters = statistics.counts, statistics.means, statistics.scatters
    N = counts.sum()
    if counts.min() < EMPTY * N:
        raise _lost_its_points(int(counts.argmin()))
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
    model: GaussianMixture | None = None
    try:
        model = GaussianMixture(counts / N, means, covariances, covariance_type)
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
        f"component {worst} has collapsed: its {counts[worst]:.3g} points have (almost) no spread "
        "in some direction, and the likelihood grows without bound; use fewer components, another "
        "start, or a prior"
    )
