"""AIC and BIC: what every model has that counts its parameters."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike


class _Counted(Protocol):
    """P, the number of free parameters; an E-step whose statistics have ``counts`` of points."""

    @property
    def n_parameters(self) -> int: ...

    def e_step(self, x: ArrayLike, *, weights: ArrayLike | None = None) -> tuple[Any, float]: ...


class InformationCriteria:
    r"""AIC and BIC of a model that counts its parameters, and its points in its statistics.

    .. math:: \mathrm{AIC} = 2 P - 2 \ell(\theta), \qquad
        \mathrm{BIC} = P \log N - 2 \ell(\theta)

    Smaller is better. Both compare maximum-likelihood fits to the same data.

    Notes
    -----
    Akaike (1974), *A new look at the statistical model identification*, IEEE Trans. Autom. Control
    19, 716-723; Schwarz (1978), *Estimating the dimension of a model*, Ann. Stat. 6, 461-464.
    """

    def aic(self: _Counted, x: ArrayLike, *, weights: ArrayLike | None = None) -> float:
        r"""Akaike's criterion, in units of two nats; smaller is better.

        .. math:: 2 P - 2 \ell(\theta)

        Parameters
        ----------
        x : array of shape (N, D)
            Points; shape (N,) when D = 1.
        weights : array of shape (N,), optional
            How often each point counts.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            As the model's E-step.

        Examples
        --------
        >>> from companion.gaussians import GaussianMixture
        >>> model = GaussianMixture([1.0], means=[0.0], covariances=[1.0])
        >>> bool(np.isclose(model.aic([1.0, -1.0]), 4 - 2 * model.log_likelihood([1.0, -1.0])))
        True
        """
        return 2 * self.n_parameters - 2 * self.e_step(x, weights=weights)[1]

    def bic(self: _Counted, x: ArrayLike, *, weights: ArrayLike | None = None) -> float:
        r"""Schwarz's criterion, in units of two nats; smaller is better.

        .. math:: P \log N - 2 \ell(\theta)

        Parameters
        ----------
        x : array of shape (N, D)
            Points; shape (N,) when D = 1. A row of which nothing was seen is no point.
        weights : array of shape (N,), optional
            How often each point counts; N is their sum.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            As the model's E-step.

        Examples
        --------
        >>> from companion.gaussians import GaussianMixture
        >>> model = GaussianMixture([1.0], means=[0.0], covariances=[1.0])
        >>> round(model.bic([1.0, -1.0]) - model.aic([1.0, -1.0]), 6)  # 2 log 2 - 4
        -2.613706
        """
        statistics, log_likelihood = self.e_step(x, weights=weights)
        return float(self.n_parameters * np.log(statistics.counts.sum()) - 2 * log_likelihood)
