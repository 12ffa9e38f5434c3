r"""Mean-field variational inference: EM with a law of the parameters in the place of a point.

.. math:: p(z, \theta \mid x) \approx q(z) \, q(\theta)

The E-step takes expected logarithms of the parameters in the place of their logarithms, and the
M-step adds the same statistics to a prior. The bound never falls, and the driver is that of EM.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

from companion import em
from companion._check import Floats
from companion.conjugate import ConjugateLaw

L = TypeVar("L", bound=ConjugateLaw[Any])


@dataclass(frozen=True, eq=False)
class MeanField(Generic[L]):
    r"""A law of the parameters as a model for EM.

    .. math:: \mathrm{ELBO} = \mathrm{E}_q[\log p(x, z \mid \theta)] + \mathrm{H}(q(z))
        - \mathrm{KL}(q(\theta) \,\|\, p(\theta))

    Its E-step is that of the law's :meth:`~companion.conjugate.ConjugateLaw.stand_in`, a model of
    the ordinary kind; its M-step is ``prior + statistics``. :func:`companion.em.fit` alternates
    them, and raises if the bound falls.

    Attributes
    ----------
    law
        :math:`q(\theta)`.
    prior
        :math:`p(\theta)`.

    Examples
    --------
    >>> from companion.conjugate import PoissonMixtureLaw
    >>> prior = PoissonMixtureLaw([1.0], shapes=[1.0], rates=[1.0])
    >>> one = MeanField(prior, prior)
    >>> one.m_step(one.e_step([2, 5, 4])[0]).law.shapes  # nothing is hidden: it is exact
    array([12.])
    """

    law: L
    prior: L

    def e_step(self, *data: Any, **named: Any) -> tuple[Any, float]:
        """Return the expected statistics under the best q(z), and the bound.

        Parameters
        ----------
        *data, **named
            Handed to the E-step of the stand-in as they are.

        Returns
        -------
        statistics
            As the model's.
        elbo : float
            In nats, of the evidence; up to a constant if the prior is improper.

        Raises
        ------
        ValueError
            If the law is improper, or the data are not as the model says.

        Examples
        --------
        >>> from companion.conjugate import PoissonMixtureLaw
        >>> prior = PoissonMixtureLaw([1.0], shapes=[1.0], rates=[1.0])
        >>> posterior = MeanField(prior, prior).m_step(MeanField(prior, prior).e_step([2])[0])
        >>> round(posterior.e_step([2])[1], 6)  # exact: log(1 / 2^3), of a geometric law
        -2.079442
        """
        model, shift = self.law.stand_in()
        statistics, log_likelihood = model.e_step(*data, **named)
        shifts = shift * self.law.count(statistics)
        return statistics, log_likelihood + shifts - self.law.divergence(self.prior)

    def m_step(self, statistics: Any) -> Self:
        """Return the best law of the parameters, given the statistics: prior and statistics added.

        Parameters
        ----------
        statistics
            From :meth:`e_step`.

        Returns
        -------
        MeanField

        Examples
        --------
        >>> from companion.conjugate import PoissonMixtureLaw
        >>> prior = PoissonMixtureLaw([1.0], shapes=[1.0], rates=[1.0])
        >>> one = MeanField(prior, prior)
        >>> one.m_step(one.e_step([2, 5, 4])[0]).law.rates
        array([4.])
        """
        return type(self)(self.prior + statistics, self.prior)


@dataclass(frozen=True, eq=False)
class VariationalResult(Generic[L]):
    """What a run of coordinate ascent found.

    Attributes
    ----------
    law
        The law of the parameters, q(theta).
    elbos : ndarray of shape (n_iter + 1,)
        The bound on the log evidence of the start and after every step, in nats.
    n_iter : int
        How many steps were made.
    converged : bool
        As in :class:`companion.em.EMResult`.
    """

    law: L
    elbos: Floats
    n_iter: int
    converged: bool

    @property
    def elbo(self) -> float:
        """The bound at the end."""
        return float(self.elbos[-1])

    @property
    def model(self) -> Any:
        """The model whose E-step is that of the law: for responsibilities, units, gaps."""
        return self.law.stand_in()[0]


def fit(
    model: em.Model,
    *data: Any,
    prior: L,
    tol: float = 1e-8,
    max_iter: int = 10_000,
    progress: bool = False,
) -> VariationalResult[L]:
    r"""Find the best product q(z) q(theta) by coordinate ascent.

    .. math::

        \log q(z) = \mathrm{E}_{q(\theta)}[\log p(x, z \mid \theta)] + \text{const}, \qquad
        q(\theta) \propto p(\theta) \exp \mathrm{E}_{q(z)}[\log p(x, z \mid \theta)]

    Parameters
    ----------
    model
        The start: its E-step gives the first statistics, as in :func:`companion.em.fit`.
    *data
        Handed to the E-step as they are.
    prior
        A law of the parameters, such as those of :mod:`companion.conjugate`.
    tol, max_iter, progress
        As in :func:`companion.em.fit`, for the bound in the place of the log-likelihood.

    Returns
    -------
    VariationalResult

    Raises
    ------
    ValueError
        If a number is out of its range, the data are not as the model says, or the prior does not
        fit the model or leaves a law without an integral.
    TypeError
        If the model or the prior lacks a method that is needed.
    ObjectiveFellError
        If the bound falls by more than rounding error.

    Notes
    -----
    A local maximum: another start may find a higher one. Attias (1999), *Inferring parameters and
    structure of latent variable models by variational Bayes*, UAI. Beal (2003), *Variational
    algorithms for approximate Bayesian inference*, theorem 2.2. Bishop (2006), *Pattern Recognition
    and Machine Learning*, sections 10.1 and 10.2.

    Examples
    --------
    >>> from companion.conjugate import GaussianMixtureLaw
    >>> from companion.gaussians import GaussianMixture
    >>> x = [-1.0, 0.0, 1.0, 9.0, 10.0, 11.0]
    >>> start = GaussianMixture([0.5, 0.5], means=[0, 10], covariances=[1, 1])
    >>> result = fit(start, x, prior=GaussianMixtureLaw.weak(x, 2))
    >>> result.law.concentrations.round(2), result.converged
    (array([4., 4.]), True)
    """
    em._needs(model, "variational inference", "e_step")
    em._needs(prior, "variational inference", "stand_in", "divergence", "count")
    statistics, _ = model.e_step(*data)
    law = em._given(prior, statistics, model)
    run = em.fit(MeanField(law, prior), *data, tol=tol, max_iter=max_iter, progress=progress)
    return VariationalResult(run.model.law, run.log_likelihoods, run.n_iter, run.converged)
