r"""Mixtures of any family: densities, responsibilities, sampling, and the two halves of EM.

.. math:: p(x) = \sum_{k=1}^K \lambda_k \, p(x \mid \eta_k)

N points, K components. What belongs to every mixture is here; a family of components, such as
:mod:`companion.gaussians` or :mod:`companion.poissons`, is a subclass with a few short methods.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Generic, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_softmax, xlogy

from companion import _check, _soft
from companion._check import Floats, Integers
from companion._criteria import InformationCriteria


class ComponentStatistics(Protocol):
    """Sufficient statistics of points that are softly assigned to K components. They add."""

    @property
    def counts(self) -> Floats:
        """Return the (expected) number of points of each component, of shape (K,)."""

    def __add__(self, other: Self, /) -> Self: ...


S = TypeVar("S", bound=ComponentStatistics)


class Mixture(InformationCriteria, ABC, Generic[S]):
    r"""A mixture of K components of one family.

    .. math:: p(x) = \sum_{k=1}^K \lambda_k \, p(x \mid \eta_k)

    A family is a frozen record of ``weights`` and parameters of its own, arrays whose entry k
    belongs to component k; its ``__init__`` checks them and hands them to ``_set``. It supplies the
    abstract methods, which see clean arrays only (points ``x``, assignments ``r`` of shape (K, N)).
    Everything else follows from them. ``PoissonMixture`` is the shortest example.

    Attributes
    ----------
    weights : ndarray of shape (K,)
        :math:`\lambda_k \ge 0`, summing to one: the share of each component.

    Notes
    -----
    McLachlan and Peel (2000), *Finite Mixture Models*, chapter 2.

    Examples
    --------
    >>> from companion.poissons import PoissonMixture
    >>> PoissonMixture(weights=[0.5, 0.5], rates=[1, 4]).responsibilities([2]).round(3)
    array([[0.557, 0.443]])
    """

    weights: Floats

    # ------------------------------------------------------------------- what a family supplies

    @staticmethod
    @abstractmethod
    def _clean(x: ArrayLike) -> Floats:
        """Return points as an array whose first axis is N; a ``ValueError`` names `x`."""

    @abstractmethod
    def _log_densities(self, x: Floats) -> Floats:
        """Log-density of every point under every component, without the weights: (K, N)."""

    @staticmethod
    @abstractmethod
    def _statistics(x: Floats, r: Floats) -> S:
        """Sufficient statistics of points with assignments r (K, N)."""

    @classmethod
    @abstractmethod
    def _maximise(cls, weights: Floats, statistics: S, *family: Any) -> Self:
        """Return the mixture with these weights whose components fit the statistics best.

        Where the likelihood has no bound it raises `CollapsedComponentError`. Responsibilities are
        never quite 0: a sum of them is compared with `em.EMPTY`.
        """

    @abstractmethod
    def _expected_log_density(self, statistics: S) -> float:
        """Log-density of the points, given their components, from the statistics."""

    @abstractmethod
    def _free(self) -> Floats:
        """Return the components' parameters as one vector without constraints."""

    @abstractmethod
    def _from_free(self, weights: Floats, free: Floats) -> Self:
        """Return the mixture with these weights, and the parameters of such a vector."""

    @abstractmethod
    def _by_free(self, statistics: S) -> Floats:
        """Gradient of `_expected_log_density` by the vector of `_free`."""

    @abstractmethod
    def _draw(self, z: Integers, rng: np.random.Generator) -> Floats:
        """Draw a point of each of the components z."""

    @classmethod
    @abstractmethod
    def _start(cls, seeds: Floats, whole: S, *family: Any) -> Self:
        """Return a start: components about K points, as wide as all data (of one component)."""

    # ---------------------------------------------------------- what a family with more to it has

    @property
    def n_dimensions(self) -> int:
        """D, the number of dimensions of a point."""
        return 1

    @property
    def _family(self) -> tuple[Any, ...]:
        """Whatever `_maximise` and `_start` must be told beyond parameters."""
        return ()

    def _points(self, x: ArrayLike) -> Floats:
        """Points that this model can see."""
        return self._clean(x)

    def _log_joint(self, x: Floats) -> Floats:
        """Log of lambda_k p(x_n | eta_k), in a new array of shape (K, N)."""
        return np.asarray(self._log_densities(x) + self._log_weights[:, np.newaxis])

    def _move(self, statistics: S) -> Self:
        """Return the mixture with new means, and all else as it is: the M-step of k-means."""
        return self._maximise(self.weights, statistics, *self._family)

    @classmethod
    def _whole(cls, x: Floats) -> S:
        """Statistics of all points, as one component."""
        return cls._statistics(x, np.ones((1, len(x))))

    # --------------------------------------------------------------------------- parameters

    def _set(self, weights: ArrayLike, **parameters: Floats) -> None:
        """Check the weights, and keep read-only copies of all parameters, by name."""
        λ = _check.simplex(weights, "weights")
        for name, array in {"weights": λ, **parameters}.items():
            own = array.copy()
            own.flags.writeable = False
            object.__setattr__(self, name, own)

    @property
    def n_components(self) -> int:
        """K, the number of components."""
        return len(self.weights)

    @property
    def n_parameters(self) -> int:
        """P, the number of free parameters: K - 1 weights, and those of the components."""
        with np.errstate(divide="ignore"):
            return self.n_components - 1 + len(self._free())

    @cached_property
    def _log_weights(self) -> Floats:
        with np.errstate(divide="ignore"):
            return np.log(self.weights)

    # ------------------------------------------------------------------------------ density

    def component_log_density(self, x: ArrayLike) -> Floats:
        r"""Log-density of every point under every component, without the weights.

        .. math:: \log p(x_n \mid \eta_k)

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
        >>> from companion.gaussians import GaussianMixture
        >>> model = GaussianMixture([0.5, 0.5], means=[0, 2], covariances=[1, 1])
        >>> (model.component_log_density([1.0]) + 0.5 * np.log(2 * np.pi)).round(12)
        array([[-0.5, -0.5]])
        """
        return self._log_densities(self._points(x)).T

    def log_density(self, x: ArrayLike) -> Floats:
        r"""Log-density of every point under the mixture.

        .. math:: \log p(x_n) = \log \sum_k \lambda_k \, p(x_n \mid \eta_k)

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
            As :meth:`component_log_density`, or if a point is so far from every component that its
            density is zero.

        Examples
        --------
        >>> from companion.gaussians import GaussianMixture
        >>> model = GaussianMixture([1.0], means=[0], covariances=[1])
        >>> bool(np.isclose(model.log_density([0.0])[0], -0.5 * np.log(2 * np.pi)))
        True
        """
        top, total = _soft.normalise(self._log_joint(self._points(x)))
        return np.asarray(top + np.log(total))

    def log_likelihood(self, x: ArrayLike, *, weights: ArrayLike | None = None) -> float:
        r"""Log-likelihood of the parameters: a sum over points, in nats.

        .. math:: \ell(\theta) = \sum_n w_n \log \sum_k \lambda_k \, p(x_n \mid \eta_k)

        Parameters
        ----------
        x : array of shape (N, D)
            Points; shape (N,) when D = 1.
        weights : array of shape (N,), optional
            How often each point counts; once unless told otherwise.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            As :meth:`log_density`, or if a weight is no number >= 0.

        Examples
        --------
        >>> from companion.gaussians import GaussianMixture
        >>> model = GaussianMixture([1.0], means=[0], covariances=[1])
        >>> bool(np.isclose(model.log_likelihood([0.0, 0.0]), -np.log(2 * np.pi)))
        True
        """
        points, _, w = self._counted(x, None, weights)
        top, total = _soft.normalise(self._log_joint(points))
        log_density = top + np.log(total)
        return float(log_density.sum() if w is None else w @ log_density)

    def responsibilities(self, x: ArrayLike) -> Floats:
        r"""Posterior probability of every component, given a point.

        .. math::

            r_{nk} = p(z_n = k \mid x_n) = \frac{\lambda_k \, p(x_n \mid \eta_k)}
            {\sum_j \lambda_j \, p(x_n \mid \eta_j)}

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
            As :meth:`log_density`.

        Examples
        --------
        >>> from companion.gaussians import GaussianMixture
        >>> model = GaussianMixture([0.25, 0.75], means=[0, 2], covariances=[1, 1])
        >>> model.responsibilities([1.0])  # equally far from both: the weights decide
        array([[0.25, 0.75]])
        """
        r = self._log_joint(self._points(x))
        _soft.normalise(r)
        return r.T

    def elbo(self, x: ArrayLike, responsibilities: ArrayLike) -> float:
        r"""Evidence lower bound on the log-likelihood, for *any* responsibilities (in nats).

        .. math::

            \mathrm{ELBO}(q) = \mathrm{E}_q[\log p(x, z)] + \mathrm{H}(q)
            = \sum_{n,k} r_{nk} \log \bigl(\lambda_k \, p(x_n \mid \eta_k)\bigr)
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
        >>> from companion.gaussians import GaussianMixture
        >>> model = GaussianMixture([0.5, 0.5], means=[0, 2], covariances=[1, 1])
        >>> r = model.responsibilities([0.5, 1.0])
        >>> bool(np.isclose(model.elbo([0.5, 1.0], r), model.log_likelihood([0.5, 1.0])))
        True
        """
        points = self._points(x)
        r = self._assignments(responsibilities, len(points))
        joint = self._log_joint(points)
        expected = np.multiply(r, joint, out=np.zeros_like(r), where=r > 0)
        return float(expected.sum() - xlogy(r, r).sum())

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Floats, Integers]:
        r"""Draw points as the generative story tells: first the component, then the point.

        .. math:: z_n \sim \mathrm{Categorical}(\lambda), \qquad
            x_n \mid z_n = k \sim p(x \mid \eta_k)

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
        >>> from companion.gaussians import GaussianMixture
        >>> model = GaussianMixture([0.0, 1.0], means=[0, 50], covariances=[1, 1])
        >>> x, z = model.sample(3, np.random.default_rng(1))
        >>> z
        array([1, 1, 1])
        """
        n = _check.count(n, "n")
        z = rng.choice(self.n_components, size=n, p=self.weights)
        return self._draw(z, rng), z

    # ------------------------------------------------------------------------------- EM

    def statistics(self, x: ArrayLike, responsibilities: ArrayLike) -> S:
        r"""Sufficient statistics of points with given (soft or one-hot) assignments.

        .. math:: N_k = \sum_n r_{nk}, \quad \ldots

        Parameters
        ----------
        x : array of shape (N, D)
            Points; shape (N,) when D = 1.
        responsibilities : array of shape (N, K)
            Rows of numbers >= 0 that sum to one.

        Returns
        -------
        statistics
            Sums over the points: the statistics of two data sets add up to those of their union.

        Raises
        ------
        ValueError
            If `x` or `responsibilities` has a wrong shape or value.

        Examples
        --------
        >>> from companion.gaussians import GaussianMixture
        >>> model = GaussianMixture([0.5, 0.5], means=[0, 1], covariances=[1, 1])
        >>> model.statistics([1.0, 3.0, 7.0], [[1, 0], [1, 0], [0, 1]]).means
        array([[2.],
               [7.]])
        """
        points = self._points(x)
        return self._statistics(points, self._assignments(responsibilities, len(points)))

    def e_step(
        self, x: ArrayLike, labels: ArrayLike | None = None, *, weights: ArrayLike | None = None
    ) -> tuple[S, float]:
        r"""E-step: expected sufficient statistics of (x, z), and the observed log-likelihood.

        Points pass through in blocks, so that memory does not grow with N beyond the data.

        .. math::

            \ell(\theta) = \sum_{n\ \text{unlabelled}} w_n \log p(x_n)
            + \sum_{n\ \text{labelled}} w_n \log \bigl(\lambda_{z_n} p(x_n \mid \eta_{z_n})\bigr)

        Parameters
        ----------
        x : array of shape (N, D)
            Points; shape (N,) when D = 1.
        labels : array of int, shape (N,), optional
            The component of each point where it is known (0 to K - 1), -1 where it is not: that is
            semi-supervised learning. Without labels every component is unknown.
        weights : array of shape (N,), optional
            How often each point counts: numbers >= 0, whole or not; once unless told otherwise.

        Returns
        -------
        statistics
            Of :meth:`statistics`, with :math:`w_n r_{nk}`, where :math:`r_{nk} = p(z_n = k \mid
            x_n)`, or 1 and 0 where the label is known.
        log_likelihood : float
            A sum over points, in nats.

        Raises
        ------
        ValueError
            If `x` is empty, has another number of columns, or holds NaN or infinity, or if a label
            is not a component or a weight no number >= 0.

        Notes
        -----
        Bishop (2006), *Pattern Recognition and Machine Learning*, equation 9.23.

        Examples
        --------
        >>> from companion.gaussians import GaussianMixture
        >>> model = GaussianMixture([0.5, 0.5], means=[0, 4], covariances=[1, 1])
        >>> statistics, log_likelihood = model.e_step([0.0, 2.0, 4.0])
        >>> statistics.counts
        array([1.5, 1.5])
        >>> model.e_step([0.0, 2.0, 4.0], labels=[0, 1, 1])[0].counts.round(3)
        array([1., 2.])
        >>> model.e_step([0.0, 2.0, 4.0], weights=[1, 2, 1])[0].counts
        array([2., 2.])
        """
        return self._expect(*self._counted(x, labels, weights))

    def sample_statistics(
        self, x: ArrayLike, labels: ArrayLike | None = None, *, rng: np.random.Generator
    ) -> S:
        r"""Draw what is hidden: the statistics of (x, z), where :math:`z_n \sim r_n`.

        The E-step with a draw in the place of an expectation: one half of Gibbs sampling.

        Parameters
        ----------
        x, labels
            As in :meth:`e_step`.
        rng : numpy.random.Generator
            The source of randomness.

        Returns
        -------
        statistics
            Of :meth:`statistics`, with one-hot responsibilities.

        Raises
        ------
        ValueError
            As :meth:`e_step`.

        Examples
        --------
        >>> from companion.gaussians import GaussianMixture
        >>> model = GaussianMixture([0.5, 0.5], means=[0, 99], covariances=[1, 1])
        >>> model.sample_statistics([0.0, 2.0, 99.0], rng=np.random.default_rng(1)).counts
        array([2., 1.])
        """
        points, known, _ = self._counted(x, labels, None)
        return self._statistics(points, _soft.draw(self._log_joint(points), known, rng))

    def m_step(self, statistics: S) -> Self:
        r"""M-step: the mixture that maximises the (expected) complete-data log-likelihood.

        .. math:: \lambda_k = N_k / N, \qquad
            \eta_k = \arg\max_\eta \sum_n r_{nk} \log p(x_n \mid \eta)

        Parameters
        ----------
        statistics
            From :meth:`e_step`, or from :meth:`statistics` with known labels.

        Returns
        -------
        Mixture
            A new model of the same family.

        Raises
        ------
        CollapsedComponentError
            If a component has no points, or (almost) no spread: the likelihood is unbounded there.

        Notes
        -----
        Bishop (2006), equations 9.24 to 9.26.

        Examples
        --------
        >>> from companion.gaussians import GaussianMixture
        >>> start = GaussianMixture([1.0], means=[0.0], covariances=[1.0])
        >>> start.m_step(start.statistics([1.0, 3.0], [[1], [1]])).covariances
        array([[[1.]]])
        """
        return self._fitted(statistics, *self._family)

    def complete_log_likelihood(self, statistics: S) -> float:
        r"""Log-likelihood of complete data, of which only the statistics are needed.

        .. math:: \sum_k N_k \log \lambda_k + \sum_{n,k} r_{nk} \log p(x_n \mid \eta_k)

        With the statistics of the E-step of another model :math:`\theta_t` it is
        :math:`Q(\theta, \theta_t)`, which the M-step maximises; with a prior's statistics it is the
        logarithm of that prior.

        Parameters
        ----------
        statistics
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
        >>> from companion.gaussians import GaussianMixture
        >>> model = GaussianMixture([0.5, 0.5], means=[0, 4], covariances=[1, 1])
        >>> one_hot = model.statistics([0.0, 4.0], [[1, 0], [0, 1]])
        >>> bool(np.isclose(model.complete_log_likelihood(one_hot), -np.log(8 * np.pi)))
        True
        """
        by_component = xlogy(self._counts(statistics), self.weights).sum()
        return float(by_component + self._expected_log_density(statistics))

    # ---------------------------------------------------------------------- as one vector

    def to_vector(self) -> Floats:
        r"""Return all parameters as one vector without constraints.

        The logarithms of the weights relative to the last one (K - 1 numbers), and the parameters
        of the components, as the family says.

        Returns
        -------
        ndarray of shape (P,)

        Raises
        ------
        ValueError
            If a weight, or another parameter of which the logarithm is taken, is zero.

        Examples
        --------
        >>> from companion.gaussians import GaussianMixture
        >>> GaussianMixture([0.5, 0.5], means=[0, 4], covariances=[1, 1]).to_vector()
        array([0., 0., 4., 0., 0.])
        """
        if not self.weights.all():
            raise ValueError("weights must be positive: the logarithm of zero is no number")
        with np.errstate(divide="ignore"):
            vector = np.concatenate([np.log(self.weights[:-1] / self.weights[-1]), self._free()])
        if not np.isfinite(vector).all():
            raise ValueError("a parameter is zero, of which the logarithm is no number")
        return vector

    def from_vector(self, vector: ArrayLike) -> Self:
        """Return the mixture, with as many components and dimensions as this one, of a vector.

        Parameters
        ----------
        vector : array of shape (P,)
            As :meth:`to_vector` returns it.

        Returns
        -------
        Mixture

        Raises
        ------
        ValueError
            If the vector has another length, or leads out of the range of numbers.

        Examples
        --------
        >>> from companion.gaussians import GaussianMixture
        >>> model = GaussianMixture([0.5, 0.5], means=[0, 4], covariances=[1, 1])
        >>> model.from_vector([0, 1, 3, 0, 0]).means.ravel()
        array([1., 3.])
        """
        v = _check.finite(vector, "vector")
        _check.shape(v, "vector", (self.n_parameters,))
        K = self.n_components
        weights = np.exp(log_softmax(np.append(v[: K - 1], 0.0)))
        return self._from_free(weights, v[K - 1 :])

    def gradient(self, statistics: S) -> Floats:
        r"""Gradient of :meth:`complete_log_likelihood` in the coordinates of :meth:`to_vector`.

        With the statistics of the model's own E-step it is the exact gradient of the *observed*
        log-likelihood (Fisher's identity):

        .. math::

            \nabla \ell(\theta_t) = \nabla_\theta Q(\theta, \theta_t) \big|_{\theta = \theta_t}

        Parameters
        ----------
        statistics
            From :meth:`e_step` or :meth:`statistics`.

        Returns
        -------
        ndarray of shape (P,)

        Raises
        ------
        ValueError
            If the statistics have another number of components or dimensions.

        Notes
        -----
        Fisher's identity: Dempster, Laird and Rubin (1977), section 3; Cappe, Moulines and Ryden
        (2005), *Inference in Hidden Markov Models*, proposition 10.1.6.

        Examples
        --------
        >>> from companion.gaussians import GaussianMixture
        >>> model = GaussianMixture([0.5, 0.5], means=[0, 4], covariances=[1, 1])
        >>> model.gradient(model.statistics([1.0, 4.0], [[1, 0], [0, 1]]))
        array([ 0.,  1.,  0.,  0., -1.])
        """
        N = self._counts(statistics)
        by_log_odds = (N - N.sum() * self.weights)[:-1]
        return np.concatenate([by_log_odds, self._by_free(statistics)])

    # ------------------------------------------------------------ before there is a model

    @classmethod
    def fit_labelled(cls, x: ArrayLike, labels: ArrayLike) -> Self:
        r"""Fit a mixture to points whose components are all known: supervised learning.

        It is the M-step with one-hot responsibilities, so that :math:`\hat\lambda_k = N_k / N`.

        Parameters
        ----------
        x : array of shape (N, D)
            Points; shape (N,) when D = 1.
        labels : array of int, shape (N,)
            The component of each point, 0 to K - 1.

        Returns
        -------
        Mixture
            The maximum-likelihood estimate.

        Raises
        ------
        ValueError
            If a label is missing (-1) or a shape is wrong.
        CollapsedComponentError
            If a component has no points or no spread.

        Examples
        --------
        >>> from companion.poissons import PoissonMixture
        >>> PoissonMixture.fit_labelled([1, 3, 10, 14], [0, 0, 1, 1]).rates
        array([ 2., 12.])
        """
        return cls._fit_labelled(x, labels)

    @classmethod
    def random_start(cls, x: ArrayLike, n_components: int, rng: np.random.Generator) -> Self:
        r"""Choose a start for EM: equal weights, and components about points far from each other.

        The points are chosen by k-means++: the first is drawn at random, and every further one with
        probability proportional to its squared distance to the nearest so far, in standardised
        coordinates.

        .. math:: \Pr(s_k = x_n) \propto \min_{j < k} \lVert (x_n - s_j) / \mathrm{sd} \rVert^2

        Parameters
        ----------
        x : array of shape (N, D)
            Points; shape (N,) when D = 1.
        n_components : int >= 1
            K.
        rng : numpy.random.Generator
            The source of randomness.

        Returns
        -------
        Mixture

        Raises
        ------
        ValueError
            If `x` has fewer distinct points than components.

        Notes
        -----
        Arthur and Vassilvitskii (2007), *k-means++: the advantages of careful seeding*, SODA,
        section 2.2.

        Examples
        --------
        >>> from companion.poissons import PoissonMixture
        >>> start = PoissonMixture.random_start([0, 0, 8, 8], 2, np.random.default_rng(1))
        >>> sorted(start.rates.tolist())  # half way between the points and the mean
        [2.0, 6.0]
        """
        return cls._random_start(x, n_components, rng)

    @classmethod
    def prior_statistics(
        cls, x: ArrayLike, n_components: int, pseudo_observations: float = 0.01
    ) -> S:
        r"""Statistics of a weak prior for a mixture, for ``em.fit`` as `prior`.

        Every component receives :math:`a` pseudo-observations, which are distributed as all the
        data are: a Dirichlet prior on the weights, and a conjugate prior on the rest.

        Parameters
        ----------
        x : array of shape (N, D)
            Points; shape (N,) when D = 1.
        n_components : int >= 1
            K.
        pseudo_observations : float > 0
            :math:`a`.

        Returns
        -------
        statistics

        Raises
        ------
        ValueError
            If `x` is not an array of points, or a number is not positive.

        Examples
        --------
        >>> from companion.poissons import PoissonMixture
        >>> prior = PoissonMixture.prior_statistics([0, 2, 4], 2, pseudo_observations=0.5)
        >>> prior.counts, prior.totals
        (array([0.5, 0.5]), array([1., 1.]))
        """
        points = cls._clean(x)
        K = _check.count(n_components, "n_components")
        a = _check.positive_scalar(pseudo_observations, "pseudo_observations")
        return cls._statistics(points, np.full((K, len(points)), a / len(points)))

    # --------------------------------------------------------------------------- private

    @classmethod
    def _fit_labelled(cls, x: ArrayLike, labels: ArrayLike, *family: Any) -> Self:
        points = cls._clean(x)
        known = _check.labels(labels, "labels", len(points))
        if known.min() < 0:
            raise ValueError(
                f"labels has {int((known < 0).sum())} unknown entries (-1); use "
                "em.fit(start, x, labels) for data that are labelled in part"
            )
        K = int(known.max()) + 1
        if len(points) < K:
            raise _soft.lost_its_points(int(np.setdiff1d(np.arange(len(points)), known)[0]))
        one_hot = (known == np.arange(K)[:, np.newaxis]).astype(float)
        return cls._fitted(cls._statistics(points, one_hot), *family)

    @classmethod
    def _random_start(
        cls, x: ArrayLike, n_components: int, rng: np.random.Generator, *family: Any
    ) -> Self:
        points = cls._clean(x)
        K = _check.count(n_components, "n_components")
        whole = cls._whole(points)
        return cls._start(points[_soft.far_apart(points, K, rng)], whole, *family)

    @classmethod
    def _fitted(cls, statistics: S, *family: Any) -> Self:
        counts = statistics.counts
        N = counts.sum()
        _soft.check_starved(counts)
        return cls._maximise(counts / N, statistics, *family)

    def _counted(
        self, x: ArrayLike, labels: ArrayLike | None, weights: ArrayLike | None
    ) -> tuple[Floats, Integers | None, Floats | None]:
        """Points that count, their labels, and how often they count (None: once)."""
        points = self._points(x)
        z = w = None
        if labels is not None:
            z = _check.labels(labels, "labels", len(points), self.n_components)
        if weights is not None:
            w = _soft.weights_of_points(weights, len(points))
            if not w.all():
                some = w > 0
                points, z, w = points[some], None if z is None else z[some], w[some]
        return points, z, w

    def _expect(
        self, x: Floats, labels: Integers | None, weights: Floats | None
    ) -> tuple[S, float]:
        """E-step of points that count, block by block."""
        total, log_likelihood = None, 0.0
        for block in _soft.blocks(len(x), self.n_components):
            r = self._log_joint(x[block])
            log_likelihood += _soft.assign(r, labels, weights, block)
            part = self._statistics(x[block], r)
            total = part if total is None else total + part
        assert total is not None
        return total, log_likelihood

    def _assignments(self, responsibilities: ArrayLike, n: int) -> Floats:
        r = _check.finite(responsibilities, "responsibilities")
        _check.shape(r, "responsibilities", (n, self.n_components))
        return _check.probabilities(responsibilities, "responsibilities", axis=1).T

    def _counts(self, statistics: S) -> Floats:
        _check.shape(statistics.counts, "statistics.counts", (self.n_components,))
        return statistics.counts


X = TypeVar("X", bound=Mixture[Any])


@dataclass(frozen=True, eq=False)
class HardMixture(Generic[X]):
    r"""A mixture fitted by hard assignments: every point belongs wholly to its likeliest component.

    EM's two steps, with the E-step rounded: it raises the complete-data log-likelihood over the
    parameters *and* the labels,

    .. math:: \max_{\theta, z} \sum_n \log \bigl( \lambda_{z_n} p(x_n \mid \eta_{z_n}) \bigr)

    Parameters
    ----------
    mixture : Mixture
        The current parameters.
    means_only : bool
        Move the components' means only; leave the weights, and whatever else there is, as they are.
        With equal weights and equal spherical covariances this is Lloyd's algorithm for k-means.

    Notes
    -----
    Celeux and Govaert (1992), *A classification EM algorithm for clustering and two stochastic
    versions*, Comput. Stat. Data Anal. 14, 315-332.

    Examples
    --------
    >>> from companion import em
    >>> from companion.gaussians import GaussianMixture
    >>> spheres = GaussianMixture([0.5, 0.5], [0, 1], [1, 1], "spherical")
    >>> k_means = em.fit(HardMixture(spheres, means_only=True), [0.0, 2.0, 9.0, 11.0]).model
    >>> k_means.mixture.means.ravel()
    array([ 1., 10.])
    """

    mixture: X
    means_only: bool = False

    def labels(self, x: ArrayLike) -> Integers:
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
            As :meth:`Mixture.responsibilities`.

        Examples
        --------
        >>> from companion.gaussians import GaussianMixture
        >>> HardMixture(GaussianMixture([0.5, 0.5], [0, 4], [1, 1])).labels([1.9, 2.0, 2.1])
        array([0, 0, 1])
        """
        return self._likeliest(self.mixture._points(x))

    def e_step(self, x: ArrayLike, *, weights: ArrayLike | None = None) -> tuple[Any, float]:
        """Return the statistics under hard labels, and the complete-data log-likelihood.

        Parameters
        ----------
        x : array of shape (N, D)
            Points; shape (N,) when D = 1.
        weights : array of shape (N,), optional
            How often each point counts.

        Returns
        -------
        statistics
            Of the mixture, with one-hot responsibilities.
        log_likelihood : float
            Of points and labels together: what hard EM raises.

        Raises
        ------
        ValueError
            As :meth:`Mixture.e_step`.

        Examples
        --------
        >>> from companion.gaussians import GaussianMixture
        >>> hard = HardMixture(GaussianMixture([0.5, 0.5], [0, 4], [1, 1]))
        >>> hard.e_step([1.9, 2.0, 2.1])[0].counts
        array([2., 1.])
        """
        points, _, w = self.mixture._counted(x, None, weights)
        return self.mixture._expect(points, self._likeliest(points), w)

    def m_step(self, statistics: Any) -> Self:
        """Return the mixture fitted to the labelled points (or its new means only).

        Parameters
        ----------
        statistics
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
        >>> from companion.gaussians import GaussianMixture
        >>> hard = HardMixture(GaussianMixture([0.5, 0.5], [0, 4], [1, 1]), means_only=True)
        >>> hard.m_step(hard.e_step([1.0, 2.0, 4.0])[0]).mixture.means.ravel()
        array([1.5, 4. ])
        """
        if not self.means_only:
            return replace(self, mixture=self.mixture.m_step(statistics))
        _soft.check_starved(statistics.counts)
        return replace(self, mixture=self.mixture._move(statistics))

    def _likeliest(self, points: Floats) -> Integers:
        joint = self.mixture._log_joint(points)
        _soft.check_reached(joint.max(axis=0))
        return np.asarray(joint.argmax(axis=0), dtype=np.int64)
