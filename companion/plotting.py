"""Pictures that more than one chapter draws: axes in, axes out, no global style.

Chapters ask for the look of the course themselves, with ``plt.style.use("companion.course")``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from companion import _check
from companion._check import Floats
from companion.mixtures import GaussianMixture


def mixture_density(
    ax: Axes, model: GaussianMixture, x: ArrayLike, labels: Sequence[str] | None = None
) -> Axes:
    r"""Draw the density of a one-dimensional mixture over a filled view of its weighted parts.

    .. math:: p(x) = \sum_k \lambda_k \, \mathrm{N}(x \mid \mu_k, \sigma_k^2)

    Parameters
    ----------
    ax : matplotlib Axes
        Where to draw.
    model : GaussianMixture
        With D = 1.
    x : array of shape (M,)
        The grid, increasing, in the units of the data.
    labels : sequence of K texts, optional
        Names of the parts, for the legend.

    Returns
    -------
    matplotlib Axes
        `ax`.

    Raises
    ------
    ValueError
        If the model is not one-dimensional, or `labels` has another length than K.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> model = GaussianMixture([0.5, 0.5], means=[-2, 2], covariances=[1, 1])
    >>> ax = mixture_density(Figure().subplots(), model, np.linspace(-5, 5, 50))
    >>> len(ax.lines), len(ax.collections)  # the sum is a line, each part a filled area
    (3, 2)
    """
    if model.n_dimensions != 1:
        raise ValueError(f"model must have D = 1, not {model.n_dimensions}")
    K = model.n_components
    if labels is not None and len(labels) != K:
        raise ValueError(f"labels must have {K} entries, one per component, not {len(labels)}")
    grid = _check.points(x, "x", 1)[:, 0]
    parts = model.weights * np.exp(model.component_log_density(grid))
    for k in range(K):
        name = labels[k] if labels is not None else None
        (line,) = ax.plot(grid, parts[:, k], label=name)
        ax.fill_between(grid, parts[:, k], color=line.get_color(), alpha=0.2, linewidth=0)
    ax.plot(
        grid, parts.sum(axis=1), color="black", linestyle="-", label="mixture" if labels else None
    )
    ax.set_ylim(bottom=0)
    return ax


def mixture_ellipses(
    ax: Axes, model: GaussianMixture, n_sd: float = 2.0, labels: Sequence[str] | None = None
) -> Axes:
    """Draw every component of a two-dimensional mixture as an ellipse with its centre.

    Parameters
    ----------
    ax : matplotlib Axes
        Where to draw.
    model : GaussianMixture
        With D = 2.
    n_sd : float > 0
        How many standard deviations out the ellipses lie.
    labels : sequence of K texts, optional
        Names of the components, for the legend.

    Returns
    -------
    matplotlib Axes
        `ax`.

    Raises
    ------
    ValueError
        If the model does not have two dimensions.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> model = GaussianMixture([0.5, 0.5], [[0, 0], [3, 3]], [np.eye(2), np.eye(2)])
    >>> _, ax = plt.subplots()
    >>> len(mixture_ellipses(ax, model).lines)  # two ellipses, two centres
    4
    >>> plt.close()
    """
    if model.n_dimensions != 2:
        raise ValueError(f"model must have D = 2, not {model.n_dimensions}")
    for k in range(model.n_components):
        ring = covariance_ellipse(model.means[k], model.full_covariances[k], n_sd)
        label = None if labels is None else labels[k]
        (line,) = ax.plot(*ring.T, label=label)
        ax.plot(*model.means[k], "+", markersize=10, color=line.get_color())
    return ax


def covariance_ellipse(mean: ArrayLike, covariance: ArrayLike, n_sd: float = 2.0) -> Floats:
    r"""Points of the ellipse that lies `n_sd` standard deviations from the mean.

    .. math:: (x - \mu)^\top \Sigma^{-1} (x - \mu) = s^2

    Parameters
    ----------
    mean : array of shape (2,)
        The centre.
    covariance : array of shape (2, 2)
        Positive definite, in squared units.
    n_sd : float > 0
        :math:`s`.

    Returns
    -------
    ndarray of shape (49, 2)
        A closed line.

    Raises
    ------
    ValueError
        If a shape is wrong.

    Examples
    --------
    >>> covariance_ellipse([0, 0], [[1, 0], [0, 4]])[0]
    array([2., 0.])
    """
    mean = _check.finite(mean, "mean")
    covariance = _check.finite(covariance, "covariance")
    _check.shape(mean, "mean", (2,))
    _check.shape(covariance, "covariance", (2, 2))
    turn = np.linspace(0, 2 * np.pi, 49)
    circle = np.column_stack([np.cos(turn), np.sin(turn)])
    return np.asarray(mean + n_sd * circle @ np.linalg.cholesky(covariance).T)
