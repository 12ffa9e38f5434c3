r"""Conjugate laws: what is known of a model's parameters, given the statistics of complete data.

.. math:: p(\theta \mid x, z) \propto p(\theta) \, p(x, z \mid \theta)

A law is a prior or a posterior: ``law + statistics`` is the law after data with these statistics.
:mod:`companion.sampling` draws from it, :mod:`companion.variational` takes expectations under it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, gammaln, multigammaln, xlogy

from companion import _check, _vectors
from companion._check import Floats
from companion.gaussians import GaussianMixture, NormalStatistics
from companion.hierarchical import NormalNormal
from companion.missing import MultivariateNormal
from companion.poissons import PoissonMixture, PoissonStatistics
from companion.populations import UnitStatistics

M = TypeVar("M")


class ConjugateLaw(ABC, Generic[M]):
    r"""A law of the parameters of one model, of a form that data do not change.

    .. math:: p(\theta) = f(\theta) / Z, \qquad
        f(\theta) \, p(x, z \mid \theta) \propto f'(\theta)

    A law whose integral is infinite is *improper*: it has no Z, and counts with Z = 1.
    """

    @abstractmethod
    def __add__(self, statistics: Any) -> Self:
        """Return the law after complete data with these statistics."""

    @property
    @abstractmethod
    def is_proper(self) -> bool:
        """Whether the integral of the density is finite."""

    @property
    @abstractmethod
    def log_normaliser(self) -> float:
        """Log of Z, the integral of f; 0 for an improper law."""

    @abstractmethod
    def log_density(self, model: M) -> float:
        r"""Log-density at the parameters of a model.

        Parameters
        ----------
        model
            Its parameters are the point.

        Returns
        -------
        float
            In nats; up to a constant if the law is improper.

        Examples
        --------
        >>> law = PoissonMixtureLaw([1, 1], shapes=[1, 1], rates=[1, 1])
        >>> law.log_density(PoissonMixture([0.5, 0.5], [2, 3]))  # exp(-2) exp(-3)
        -5.0
        """

    @abstractmethod
    def sample(self, rng: np.random.Generator) -> M:
        """Draw a model: the M-step's counterpart.

        Parameters
        ----------
        rng : numpy.random.Generator
            The source of randomness.

        Returns
        -------
        model

        Raises
        ------
        ValueError
            If the law is improper: its parameters cannot be drawn.

        Examples
        --------
        >>> law = PoissonMixtureLaw([1, 1], shapes=[4e8, 9e8], rates=[1e8, 1e8])
        >>> law.sample(np.random.default_rng(1)).rates.round(1)
        array([4., 9.])
        """

    @abstractmethod
    def stand_in(self) -> tuple[M, float]:
        r"""Return the model whose E-step is that of the whole law.

        .. math:: \mathrm{E}[\log p(x_n, z_n \mid \theta)] = \log p(x_n, z_n \mid \tilde\theta) + c

        Returns
        -------
        model
            With the parameters :math:`\tilde\theta`.
        shift : float
            :math:`c`, in nats for every observation.

        Raises
        ------
        ValueError
            If the law is improper.

        Examples
        --------
        >>> law = PoissonMixtureLaw([1e9, 1e9], shapes=[4e8, 9e8], rates=[1e8, 1e8])
        >>> model, shift = law.stand_in()  # nothing is left to know
        >>> model.weights, model.rates.round(6), abs(round(shift, 6))
        (array([0.5, 0.5]), array([4., 9.]), 0.0)
        """

    @abstractmethod
    def divergence(self, prior: Self) -> float:
        r"""Kullback-Leibler divergence from a prior law to this one.

        .. math:: \mathrm{KL}(q \,\|\, p) = \mathrm{E}_q[\log q(\theta) - \log p(\theta)]

        Parameters
        ----------
        prior
            Another law of the same shape.

        Returns
        -------
        float
            In nats; of an improper prior up to a constant, so that it may be negative.

        Raises
        ------
        ValueError
            If this law is improper, or the shapes differ.

        Examples
        --------
        >>> law = PoissonMixtureLaw([1.0], shapes=[2.0], rates=[1.0])
        >>> law.divergence(law)
        0.0
        """

    @abstractmethod
    def count(self, statistics: Any) -> float:
        """Return how many observations the statistics are of.

        Parameters
        ----------
        statistics
            Of complete data.

        Returns
        -------
        float

        Examples
        --------
        >>> law = PoissonMixtureLaw([1.0], shapes=[2.0], rates=[1.0])
        >>> law.count(PoissonStatistics(np.array([3.0]), np.array([7.0]), np.array([0.0])))
        3.0
        """


# ------------------------------------------------------------------------- what laws are made of


@dataclass(frozen=True, eq=False)
class _Dirichlet:
    """The law of K weights."""

    concentrations: Floats

    @property
    def log_normaliser(self) -> float:
        return float(gammaln(self.concentrations).sum() - gammaln(self.concentrations.sum()))

    def log_density(self, weights: Floats) -> float:
        return float(xlogy(self.concentrations - 1, weights).sum() - self.log_normaliser)

    def mean_logs(self) -> Floats:
        return np.asarray(digamma(self.concentrations) - digamma(self.concentrations.sum()))

    def divergence(self, prior: _Dirichlet) -> float:
        more = self.concentrations - prior.concentrations
        return float(more @ self.mean_logs() - self.log_normaliser + prior.log_normaliser)


@dataclass(frozen=True, eq=False)
class _Wisharts:
    r"""Normal-inverse-Wishart laws of K means and covariances, of which any may be improper.

    f(mu, Sigma) = |Sigma|^(-(nu + D + 2) / 2) exp(-tr Sigma^-1 (Psi + kappa (mu - m)(mu - m)') / 2)
    """

    strengths: Floats  # kappa (K,)
    degrees: Floats  # nu (K,)
    means: Floats  # m (K, D)
    scatters: Floats  # Psi (K, D, D)

    def given(self, statistics: NormalStatistics) -> _Wisharts:
        """After data: NormalStatistics know how means and scatters about them are merged."""
        _check.shape(statistics.means, "statistics.means", self.means.shape)
        prior = NormalStatistics(self.strengths, self.means, self.scatters)
        merged = prior + statistics
        degrees = self.degrees + statistics.counts
        return _Wisharts(merged.counts, degrees, merged.means, merged.scatters)

    @property
    def n_dimensions(self) -> int:
        return int(self.means.shape[1])

    @cached_property
    def improper(self) -> Any:
        """Which of the K laws have no integral."""
        pivots = np.diagonal(self._factors, axis1=1, axis2=2).min(axis=1)
        few = (self.strengths <= 0) | (self.degrees <= self.n_dimensions - 1)
        return few | ~(pivots > 0)

    @cached_property
    def _factors(self) -> Floats:
        """L with L L' = Psi; zeros where Psi is singular."""
        return _vectors.factors(self.scatters)

    @cached_property
    def _log_determinants(self) -> Floats:
        """Log |Psi_k|."""
        return np.asarray(2 * np.log(np.diagonal(self._factors, axis1=1, axis2=2)).sum(axis=1))

    def log_normaliser(self) -> float:
        D, ν = self.n_dimensions, self.degrees
        wishart = 0.5 * ν * (D * np.log(2) - self._log_determinants) + multigammaln(0.5 * ν, D)
        return float((wishart + 0.5 * D * np.log(2 * np.pi / self.strengths)).sum())

    def log_f(self, means: Floats, covariances: Floats) -> float:
        """Log of f, a sum over components."""
        L = np.linalg.cholesky(covariances)
        log_det = 2 * np.log(np.diagonal(L, axis1=1, axis2=2)).sum(axis=1)
        off = means - self.means
        spread = self.scatters + np.einsum("k,ki,kj->kij", self.strengths, off, off)
        traces = np.trace(np.linalg.solve(covariances, spread), axis1=1, axis2=2)
        return float(-0.5 * ((self.degrees + self.n_dimensions + 2) @ log_det + traces.sum()))

    def sample(self, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Draw means and covariances: inverse Wishart (by Bartlett), then normal."""
        K, D = self.means.shape
        A = np.tril(rng.standard_normal((K, D, D)), -1)
        diagonal = np.arange(D)
        A[:, diagonal, diagonal] = np.sqrt(rng.chisquare(self.degrees[:, None] - diagonal))
        B = np.linalg.solve(A, self._factors.transpose(0, 2, 1)).transpose(0, 2, 1)
        noise = rng.standard_normal((K, D)) / np.sqrt(self.strengths)[:, None]
        means = self.means + np.einsum("kij,kj->ki", B, noise)
        return means, B @ B.transpose(0, 2, 1)

    def mean_log_determinants(self) -> Floats:
        """E log |Sigma_k|."""
        D = self.n_dimensions
        halves = 0.5 * (self.degrees[:, None] - np.arange(D))
        return np.asarray(self._log_determinants - D * np.log(2) - digamma(halves).sum(axis=1))

    def typical(self) -> tuple[Floats, Floats, Floats]:
        """Means, covariances Psi / nu, and by how much E log N is more than log N there."""
        D, ν = self.n_dimensions, self.degrees
        covariances = self.scatters / ν[:, None, None]
        log_det = np.linalg.slogdet(covariances)[1]
        shifts = 0.5 * (log_det - self.mean_log_determinants() - D / self.strengths)
        return self.means, covariances, shifts

    def divergence(self, prior: _Wisharts, log_normaliser: float) -> float:
        """E_q[log q - log p], where p has this normaliser."""
        _check.shape(prior.means, "prior.means", self.means.shape)
        D, ν = self.n_dimensions, self.degrees
        inverse = np.linalg.inv(self.scatters)
        off = self.means - prior.means
        pull = np.einsum("ki,kij,kj->k", off, inverse, off)
        traces = np.einsum("kij,kji->k", inverse, prior.scatters)
        more = ν - prior.degrees
        squares = ν * (traces + prior.strengths * pull) + prior.strengths * D / self.strengths
        total = -more * self.mean_log_determinants() - (ν * D + D) + squares
        return float(0.5 * total.sum() - self.log_normaliser() + log_normaliser)


def _per_component(value: ArrayLike, name: str, K: int, lowest: float | None = 0.0) -> Floats:
    """Return K numbers; one number serves all components."""
    array = _check.finite(value, name)
    if array.ndim == 0:
        array = np.full(K, float(array))
    _check.shape(array, name, (K,))
    if lowest is not None and array.min() < lowest:
        raise ValueError(f"{name} must not be below {lowest:g}: the smallest is {array.min():g}")
    return array


def _symmetric(scatters: Floats, name: str) -> None:
    """Raise a ``ValueError`` unless these are symmetric, with no negative variance."""
    variances = np.diagonal(scatters, axis1=-2, axis2=-1)
    if variances.min() < 0:
        raise ValueError(
            f"{name} must not hold negative variances: the smallest is {variances.min():g}"
        )
    sd = np.sqrt(variances)
    gap = abs(scatters - np.swapaxes(scatters, -1, -2))
    if (gap > _vectors.ASYMMETRY * sd[..., :, np.newaxis] * sd[..., np.newaxis, :]).any():
        raise ValueError(f"{name} must be symmetric")


def _keep(record: Any, **arrays: Floats) -> None:
    for name, array in arrays.items():
        own = np.array(array, dtype=float)
        own.flags.writeable = False
        object.__setattr__(record, name, own)


# ------------------------------------------------------------------------------------ mixtures


class _MixtureLaw(ConjugateLaw[M]):
    """What the laws of all mixtures share: a Dirichlet law of the weights."""

    concentrations: Floats

    @property
    def _weights(self) -> _Dirichlet:
        return _Dirichlet(self.concentrations)

    def _given(self, counts: Floats) -> Floats:
        _check.shape(counts, "statistics.counts", self.concentrations.shape)
        return self.concentrations + counts

    def _stand_in_weights(self, shifts: Floats) -> tuple[Floats, float]:
        """Weights, up to a sum that is not one: the sum is a shift of every point."""
        logs = self._weights.mean_logs() + shifts
        top = logs.max()
        total = np.exp(logs - top).sum()
        return np.asarray(np.exp(logs - top) / total), float(top + np.log(total))

    def count(self, statistics: Any) -> float:
        return float(statistics.counts.sum())


def _concentrations(value: ArrayLike, K: int | None = None) -> Floats:
    array = np.atleast_1d(_check.positive(value, "concentrations"))
    if K is not None:
        _check.shape(array, "concentrations", (K,))
    if array.ndim != 1:
        raise ValueError(f"concentrations must be a vector, not of shape {array.shape}")
    return array


@dataclass(frozen=True, eq=False)
class PoissonMixtureLaw(_MixtureLaw[PoissonMixture]):
    r"""Dirichlet law of the weights, and a Gamma law of every rate.

    .. math:: \lambda \sim \mathrm{Dirichlet}(a), \qquad
        \rho_k \sim \mathrm{Gamma}(\mathrm{shape}_k, \mathrm{rate}_k)

    Parameters
    ----------
    concentrations : array of shape (K,)
        :math:`a_k > 0`: how many points each component has seen, the prior's among them.
    shapes : array of shape (K,), or a number
        Shapes > 0 of the rates' laws.
    rates : array of shape (K,), or a number
        Rates > 0 of these laws.

    Raises
    ------
    ValueError
        If a shape is wrong or a number is not positive.

    Notes
    -----
    Bishop (2006), *Pattern Recognition and Machine Learning*, appendix B.

    Examples
    --------
    >>> prior = PoissonMixtureLaw([1, 1], shapes=1, rates=0.5)
    >>> statistics = PoissonMixture([0.5, 0.5], [1, 9]).statistics([1, 2, 9], [[1, 0], [1, 0], [0, 1]])
    >>> (prior + statistics).shapes, (prior + statistics).rates
    (array([ 4., 10.]), array([2.5, 1.5]))
    """  # noqa: E501

    concentrations: Floats
    shapes: Floats
    rates: Floats

    def __init__(self, concentrations: ArrayLike, shapes: ArrayLike, rates: ArrayLike) -> None:
        a = _concentrations(concentrations)
        numbers = {
            name: _per_component(_check.positive(value, name), name, len(a))
            for name, value in (("shapes", shapes), ("rates", rates))
        }
        _keep(self, concentrations=a, **numbers)

    @classmethod
    def weak(cls, x: ArrayLike, n_components: int, concentration: float = 1.0) -> PoissonMixtureLaw:
        """Return a prior that says little: every rate is exponential about the mean of the data.

        Parameters
        ----------
        x : array of shape (N,)
            Counts; their mean sets the scale.
        n_components : int >= 1
            K.
        concentration : float > 0
            Of every component.

        Returns
        -------
        PoissonMixtureLaw

        Raises
        ------
        ValueError
            If all counts are zero: they set no scale.

        Examples
        --------
        >>> PoissonMixtureLaw.weak([0, 2, 4], 2).rates
        array([0.5, 0.5])
        """
        points = PoissonMixture._clean(x)
        K = _check.count(n_components, "n_components")
        a = _check.positive_scalar(concentration, "concentration")
        if not points.any():
            raise ValueError("x holds zeros only, which give the prior no scale")
        return cls(np.full(K, a), 1.0, 1 / points.mean())

    def __add__(self, statistics: PoissonStatistics) -> PoissonMixtureLaw:
        return PoissonMixtureLaw(
            self._given(statistics.counts),
            self.shapes + statistics.totals,
            self.rates + statistics.counts,
        )

    @property
    def is_proper(self) -> bool:  # noqa: D102
        return True

    @property
    def log_normaliser(self) -> float:  # noqa: D102
        each = gammaln(self.shapes) - self.shapes * np.log(self.rates)
        return float(self._weights.log_normaliser + each.sum())

    def log_density(self, model: PoissonMixture) -> float:  # noqa: D102
        ρ = model.rates
        _check.shape(ρ, "model.rates", self.shapes.shape)
        each = xlogy(self.shapes, self.rates) - gammaln(self.shapes)
        each = each + xlogy(self.shapes - 1, ρ) - self.rates * ρ
        return float(self._weights.log_density(model.weights) + each.sum())

    def sample(self, rng: np.random.Generator) -> PoissonMixture:  # noqa: D102
        return PoissonMixture(
            rng.dirichlet(self.concentrations), rng.gamma(self.shapes, 1 / self.rates)
        )

    def stand_in(self) -> tuple[PoissonMixture, float]:  # noqa: D102
        rates = np.exp(digamma(self.shapes)) / self.rates
        weights, shift = self._stand_in_weights(rates - self.shapes / self.rates)
        return PoissonMixture(weights, rates), shift

    def divergence(self, prior: PoissonMixtureLaw) -> float:  # noqa: D102
        _check.shape(prior.shapes, "prior.shapes", self.shapes.shape)
        mean_logs = digamma(self.shapes) - np.log(self.rates)
        means = self.shapes / self.rates
        each = (self.shapes - prior.shapes) * mean_logs - (self.rates - prior.rates) * means
        each = each + gammaln(prior.shapes) - xlogy(prior.shapes, prior.rates)
        each = each - gammaln(self.shapes) + xlogy(self.shapes, self.rates)
        return float(self._weights.divergence(prior._weights) + each.sum())


class _NormalLaw(ConjugateLaw[M]):
    """What the laws of means and covariances share."""

    @property
    @abstractmethod
    def _normals(self) -> _Wisharts:
        """Laws of the normals, one for each component."""

    @property
    def is_proper(self) -> bool:
        return not self._normals.improper.any()

    @property
    def log_normaliser(self) -> float:
        return self._normals.log_normaliser() if self.is_proper else 0.0

    def divergence(self, prior: Self) -> float:
        self._check_proper()
        other = prior._normals
        log_normaliser = other.log_normaliser() if prior.is_proper else 0.0
        return self._normals.divergence(other, log_normaliser)

    def _check_proper(self) -> None:
        if self.is_proper:
            return
        k = int(np.argmax(self._normals.improper))
        raise ValueError(
            f"prior and statistics leave the law of component {k} improper (strength "
            f"{self._normals.strengths[k]:g}, degrees {self._normals.degrees[k]:g}): more points "
            "or a proper prior are needed"
        )


@dataclass(frozen=True, eq=False)
class GaussianMixtureLaw(_NormalLaw[GaussianMixture], _MixtureLaw[GaussianMixture]):
    r"""Dirichlet law of the weights, normal-inverse-Wishart laws of means and covariances.

    .. math:: \lambda \sim \mathrm{Dirichlet}(a), \qquad
        \Sigma_k \sim \mathcal{W}^{-1}(\Psi_k, \nu_k), \qquad
        \mu_k \mid \Sigma_k \sim \mathrm{N}(m_k, \Sigma_k / \kappa_k)

    Parameters
    ----------
    concentrations : array of shape (K,)
        :math:`a_k > 0`.
    strengths : array of shape (K,), or a number
        :math:`\kappa_k \ge 0`: how many points the mean :math:`m_k` is worth.
    degrees : array of shape (K,), or a number
        :math:`\nu_k`; the law is proper if it exceeds D - 1 and :math:`\kappa_k > 0`.
    means : array of shape (K, D)
        :math:`m_k`; shape (K,) when D = 1.
    scatters : array of shape (K, D, D)
        :math:`\Psi_k`: the scatter that each component has seen, the prior's in it. Shape (K,)
        when D = 1.

    Raises
    ------
    ValueError
        If a shape is wrong, a number is out of its range, or a scatter is not symmetric.

    Notes
    -----
    Density in (mu, Sigma). Statistics of a component with N points, mean and scatter S make
    :math:`\kappa + N`, :math:`\nu + N`, and merge mean and scatter as two data sets are merged.
    Gelman et al. (2013), *Bayesian Data Analysis*, section 3.6.

    Examples
    --------
    >>> prior = GaussianMixtureLaw([1, 1], 1, 3, means=[0, 0], scatters=[2, 2])
    >>> model = GaussianMixture([0.5, 0.5], [0, 4], [1, 1])
    >>> (prior + model.statistics([4.0], [[0, 1]])).means.ravel()
    array([0., 2.])
    """

    concentrations: Floats
    strengths: Floats
    degrees: Floats
    means: Floats
    scatters: Floats

    def __init__(
        self,
        concentrations: ArrayLike,
        strengths: ArrayLike,
        degrees: ArrayLike,
        means: ArrayLike,
        scatters: ArrayLike,
    ) -> None:
        m = _check.points(means, "means")
        K, D = m.shape
        Ψ = _check.finite(scatters, "scatters")
        Ψ = Ψ.reshape(K, 1, 1) if D == 1 and Ψ.size == K else Ψ
        _check.shape(Ψ, "scatters", (K, D, D))
        _symmetric(Ψ, "scatters")
        _keep(
            self,
            concentrations=_concentrations(concentrations, K),
            strengths=_per_component(strengths, "strengths", K),
            degrees=_per_component(degrees, "degrees", K, lowest=None),
            means=m,
            scatters=Ψ,
        )

    @classmethod
    def weak(
        cls, x: ArrayLike, n_components: int, concentration: float = 1.0
    ) -> GaussianMixtureLaw:
        r"""Return a proper prior that says little, the same for every component.

        .. math:: \kappa = 0.01, \qquad \nu = D + 2, \qquad m = \bar x, \qquad
            \Psi = \hat\Sigma_x / K^{2/D}

        Parameters
        ----------
        x : array of shape (N, D)
            Points; shape (N,) when D = 1. They set the scale of the prior.
        n_components : int >= 1
            K.
        concentration : float > 0
            :math:`a`, of every component: 1 is uniform in the weights; less favours few components.

        Returns
        -------
        GaussianMixtureLaw

        Raises
        ------
        ValueError
            As :meth:`companion.gaussians.GaussianMixture.prior_statistics`.

        Notes
        -----
        Fraley and Raftery (2007), *Bayesian regularization for normal mixture estimation and
        model-based clustering*, J. Classif. 24, 155-181, section 2.

        Examples
        --------
        >>> GaussianMixtureLaw.weak([0.0, 2.0], n_components=2).scatters.ravel()
        array([0.25, 0.25])
        """
        K = _check.count(n_components, "n_components")
        a = _check.positive_scalar(concentration, "concentration")
        s = GaussianMixture.prior_statistics(x, K)
        return cls(np.full(K, a), 0.01, s.means.shape[1] + 2, s.means, s.scatters)

    def __add__(self, statistics: NormalStatistics) -> GaussianMixtureLaw:
        w = self._normals.given(statistics)
        counts = self._given(statistics.counts)
        return GaussianMixtureLaw(counts, w.strengths, w.degrees, w.means, w.scatters)

    @cached_property
    def _normals(self) -> _Wisharts:
        return _Wisharts(self.strengths, self.degrees, self.means, self.scatters)

    @property
    def log_normaliser(self) -> float:  # noqa: D102
        if not self.is_proper:
            return 0.0
        return self._weights.log_normaliser + self._normals.log_normaliser()

    def log_density(self, model: GaussianMixture) -> float:  # noqa: D102
        _check.shape(model.means, "model.means", self.means.shape)
        normals = self._normals
        value = self._weights.log_density(model.weights)
        value += normals.log_f(model.means, model.full_covariances)
        return value - (normals.log_normaliser() if self.is_proper else 0.0)

    def sample(self, rng: np.random.Generator) -> GaussianMixture:  # noqa: D102
        self._check_proper()
        weights = rng.dirichlet(self.concentrations)
        return GaussianMixture(weights, *self._normals.sample(rng))

    def stand_in(self) -> tuple[GaussianMixture, float]:  # noqa: D102
        self._check_proper()
        means, covariances, shifts = self._normals.typical()
        weights, shift = self._stand_in_weights(shifts)
        return GaussianMixture(weights, means, covariances), shift

    def divergence(self, prior: Self) -> float:  # noqa: D102
        _check.shape(prior.concentrations, "prior.concentrations", self.concentrations.shape)
        return super().divergence(prior) + self._weights.divergence(prior._weights)


# ---------------------------------------------------------------------------- a single normal


@dataclass(frozen=True, eq=False)
class MultivariateNormalLaw(_NormalLaw[MultivariateNormal]):
    r"""Normal-inverse-Wishart law of one mean and one covariance.

    .. math:: \Sigma \sim \mathcal{W}^{-1}(\Psi, \nu), \qquad
        \mu \mid \Sigma \sim \mathrm{N}(m, \Sigma / \kappa)

    Parameters
    ----------
    strength : float >= 0
        :math:`\kappa`: how many points the mean is worth.
    degrees : float
        :math:`\nu`; the law is proper if it exceeds D - 1 and :math:`\kappa > 0`.
    mean : array of shape (D,)
        :math:`m`.
    scatter : array of shape (D, D)
        :math:`\Psi`, symmetric.

    Raises
    ------
    ValueError
        If a shape is wrong or a number out of its range.

    Notes
    -----
    Gelman et al. (2013), *Bayesian Data Analysis*, section 3.6.

    Examples
    --------
    >>> MultivariateNormalLaw.flat(2).degrees  # the prior of MultivariateNormal.sample_missing
    -1.0
    """

    strength: float
    degrees: float
    mean: Floats
    scatter: Floats

    def __init__(
        self, strength: float, degrees: float, mean: ArrayLike, scatter: ArrayLike
    ) -> None:
        m = np.atleast_1d(_check.finite(mean, "mean"))
        if m.ndim != 1:
            raise ValueError(f"mean must be a vector, not of shape {m.shape}")
        Ψ = np.atleast_2d(_check.finite(scatter, "scatter"))
        _check.shape(Ψ, "scatter", (len(m), len(m)))
        _symmetric(Ψ, "scatter")
        object.__setattr__(self, "strength", _check.not_negative_scalar(strength, "strength"))
        object.__setattr__(self, "degrees", _check.scalar(degrees, "degrees"))
        _keep(self, mean=m, scatter=Ψ)

    @classmethod
    def flat(cls, n_dimensions: int) -> MultivariateNormalLaw:
        r"""Return the improper prior :math:`|\Sigma|^{-(D + 1) / 2}`, which favours no units.

        Parameters
        ----------
        n_dimensions : int >= 1
            D.

        Returns
        -------
        MultivariateNormalLaw

        Examples
        --------
        >>> MultivariateNormalLaw.flat(1).is_proper
        False
        """
        D = _check.count(n_dimensions, "n_dimensions")
        return cls(0.0, -1.0, np.zeros(D), np.zeros((D, D)))

    def __add__(self, statistics: NormalStatistics) -> MultivariateNormalLaw:
        w = self._normals.given(statistics)
        return MultivariateNormalLaw(
            float(w.strengths[0]), float(w.degrees[0]), w.means[0], w.scatters[0]
        )

    @cached_property
    def _normals(self) -> _Wisharts:
        return _Wisharts(
            np.array([self.strength]),
            np.array([self.degrees]),
            self.mean[np.newaxis],
            self.scatter[np.newaxis],
        )

    def log_density(self, model: MultivariateNormal) -> float:  # noqa: D102
        _check.shape(model.mean, "model.mean", self.mean.shape)
        value = self._normals.log_f(model.mean[np.newaxis], model.covariance[np.newaxis])
        return value - self.log_normaliser

    def sample(self, rng: np.random.Generator) -> MultivariateNormal:  # noqa: D102
        self._check_proper()
        means, covariances = self._normals.sample(rng)
        return MultivariateNormal(means[0], covariances[0])

    def stand_in(self) -> tuple[MultivariateNormal, float]:  # noqa: D102
        self._check_proper()
        means, covariances, shifts = self._normals.typical()
        return MultivariateNormal(means[0], covariances[0]), float(shifts[0])

    def count(self, statistics: NormalStatistics) -> float:  # noqa: D102
        return float(statistics.counts.sum())


@dataclass(frozen=True)
class NormalNormalLaw(_NormalLaw[NormalNormal]):
    r"""Normal-inverse-chi-squared law of the mean and the variance of a population of effects.

    .. math:: \mathrm{sd}^2 \sim \Psi / \chi^2_\nu, \qquad
        \mathrm{mean} \mid \mathrm{sd} \sim \mathrm{N}(m, \mathrm{sd}^2 / \kappa)

    Parameters
    ----------
    strength : float >= 0
        :math:`\kappa`: how many units the mean is worth.
    degrees : float
        :math:`\nu`; the law is proper if it and :math:`\kappa` are positive.
    mean : float
        :math:`m`.
    scatter : float >= 0
        :math:`\Psi`, in squared units.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Notes
    -----
    Density in the mean and the variance: p(mean, sd) is it times 2 sd. Gelman et al. (2013),
    *Bayesian Data Analysis*, sections 3.3 and 11.6.

    Examples
    --------
    >>> law = NormalNormalLaw.flat() + NormalNormal(0, 1).e_step([1, 5, 9], [1e-9] * 3)[0]
    >>> law
    NormalNormalLaw(strength=3.0, degrees=1.0, mean=5.0, scatter=32.0)
    """

    strength: float
    degrees: float
    mean: float
    scatter: float

    def __post_init__(self) -> None:
        for name in ("mean", "degrees"):
            object.__setattr__(self, name, _check.scalar(getattr(self, name), name))
        for name in ("strength", "scatter"):
            number = _check.not_negative_scalar(getattr(self, name), name)
            object.__setattr__(self, name, number)

    @classmethod
    def flat(cls) -> NormalNormalLaw:
        """Return the improper prior that is uniform in the mean and in the standard deviation.

        Returns
        -------
        NormalNormalLaw

        Examples
        --------
        >>> NormalNormalLaw.flat()
        NormalNormalLaw(strength=0.0, degrees=-2.0, mean=0.0, scatter=0.0)
        """
        return cls(0.0, -2.0, 0.0, 0.0)

    def __add__(self, statistics: UnitStatistics) -> NormalNormalLaw:
        first, second = statistics.totals
        J = statistics.n_units
        one = NormalStatistics(
            np.array([float(J)]),
            np.array([[statistics.center + first / J]]),
            np.array([[[max(second - first**2 / J, 0.0)]]]),
        )
        w = self._normals.given(one)
        numbers = w.strengths[0], w.degrees[0], w.means[0, 0], w.scatters[0, 0, 0]
        return NormalNormalLaw(*(float(number) for number in numbers))

    @cached_property
    def _normals(self) -> _Wisharts:
        return _Wisharts(
            np.array([self.strength]),
            np.array([self.degrees]),
            np.array([[self.mean]]),
            np.array([[[self.scatter]]]),
        )

    def log_density(self, model: NormalNormal) -> float:  # noqa: D102
        if model.sd == 0:
            raise ValueError("model.sd must be positive: the law has no density at 0")
        variance = np.array([[[model.sd**2]]])
        return self._normals.log_f(np.array([[model.mean]]), variance) - self.log_normaliser

    def sample(self, rng: np.random.Generator) -> NormalNormal:  # noqa: D102
        self._check_proper()
        means, variances = self._normals.sample(rng)
        return NormalNormal(float(means[0, 0]), float(np.sqrt(variances[0, 0, 0])))

    def stand_in(self) -> tuple[NormalNormal, float]:  # noqa: D102
        self._check_proper()
        means, variances, shifts = self._normals.typical()
        model = NormalNormal(float(means[0, 0]), float(np.sqrt(variances[0, 0, 0])))
        return model, float(shifts[0])

    def count(self, statistics: UnitStatistics) -> float:  # noqa: D102
        return float(statistics.n_units)
