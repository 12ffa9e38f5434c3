"""Pictures that more than one chapter draws: axes in, axes out, no global style.

Chapters ask for the look of the course themselves, with ``plt.style.use("companion.course")``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri, pdtr, pdtrik

from companion import _check, _vectors
from companion._check import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.path import Path

    from companion.gaussians import GaussianMixture
    from companion.mixtures import Mixture

MANY = 1e7  # events from which on a series for their quantiles is exact to a millionth of one


def mixture_density(
    ax: Axes, model: Mixture[Any], x: ArrayLike, labels: Sequence[str] | None = None
) -> Axes:
    r"""Draw the density of a one-dimensional mixture over a filled view of its weighted parts.

    .. math:: p(x) = \sum_k \lambda_k \, p(x \mid \eta_k)

    Parameters
    ----------
    ax : matplotlib Axes
        Where to draw.
    model : Mixture
        Of any family, with D = 1.
    x : array of shape (M,)
        The grid, increasing, in the units of the data; whole numbers for a mixture of counts.
    labels : sequence of K texts, optional
        Names of the parts, for the legend.

    Returns
    -------
    matplotlib Axes
        `ax`.

    Raises
    ------
    ValueError
        If the model is not one-dimensional, `labels` has another length than K, or `x` is not
        finite.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from companion.gaussians import GaussianMixture
    >>> model = GaussianMixture([0.5, 0.5], means=[-2, 2], covariances=[1, 1])
    >>> ax = mixture_density(Figure().subplots(), model, np.linspace(-5, 5, 50))
    >>> len(ax.lines), len(ax.collections)  # the sum is a line, each part a filled area
    (3, 2)
    """
    _check.dimensions(model, 1)
    names = _names(labels, model.n_components)
    grid = _check.points(x, "x", 1)[:, 0]
    with np.errstate(under="ignore"):
        parts = model.weights * np.exp(model.component_log_density(grid))
    for k, name in enumerate(names):
        (line,) = ax.plot(grid, parts[:, k], label=name)
        ax.fill_between(grid, parts[:, k], color=line.get_color(), alpha=0.2, linewidth=0)
    whole = None if labels is None else "mixture"
    ax.plot(grid, parts.sum(axis=1), color="black", linestyle="-", label=whole)
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
        If the model does not have two dimensions, `n_sd` is not positive, or `labels` has another
        length than K.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from companion.gaussians import GaussianMixture
    >>> model = GaussianMixture([0.5, 0.5], [[0, 0], [3, 3]], [np.eye(2), np.eye(2)])
    >>> _, ax = plt.subplots()
    >>> len(mixture_ellipses(ax, model).lines)  # two ellipses, two centres
    4
    >>> plt.close()
    """
    _check.dimensions(model, 2)
    for k, label in enumerate(_names(labels, model.n_components)):
        ring = covariance_ellipse(model.means[k], model.full_covariances[k], n_sd)
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
        If a shape is wrong, the covariance is not symmetric and positive definite, or `n_sd` is
        not positive.

    Examples
    --------
    >>> covariance_ellipse([0, 0], [[1, 0], [0, 4]])[0]
    array([2., 0.])
    """
    mean = _check.finite(mean, "mean")
    _check.shape(mean, "mean", (2,))
    factor = _vectors.covariance_factor(covariance, "covariance", 2)
    n_sd = _check.positive_scalar(n_sd, "n_sd")
    turn = np.linspace(0, 2 * np.pi, 49)
    circle = np.column_stack([np.cos(turn), np.sin(turn)])
    with np.errstate(under="ignore"):
        return np.asarray(mean + n_sd * circle @ factor.T)


def _names(labels: Sequence[str] | None, K: int) -> Sequence[str | None]:
    """Return one name, or none, for every component."""
    if labels is None:
        return [None] * K
    if isinstance(labels, str) or len(labels) != K:
        raise ValueError(f"labels must have {K} entries, one per component, not {labels!r}")
    return list(labels)


def county_map(
    ax: Axes,
    paths: Sequence[str],
    values: ArrayLike,
    borders: Sequence[str] = (),
    **options: Any,
) -> PathCollection:
    """Draw areas filled by their values; where a value is NaN, hatched.

    Parameters
    ----------
    ax : matplotlib Axes
        Where to draw; its frame is taken off, and its scales are made equal.
    paths : sequence of J texts
        Outlines, as in ``datasets.load_county_shapes()["path"]``.
    values : array of shape (J,)
        What to show; NaN (or masked, or ``pd.NA``) for areas without data.
    borders : sequence of texts
        Outlines to draw on top without filling, for example of the states.
    **options
        For the collection: ``cmap``, ``norm``, ``clim`` and the like.

    Returns
    -------
    PathCollection
        The filled areas, for a colour bar.

    Raises
    ------
    ValueError
        If there is not one value for every path, a value is infinite, or a path is no path.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> squares = ["M0 0l2 0 0 2 -2 0z", "M2 0l2 0 0 2 -2 0z"]
    >>> areas = county_map(Figure().subplots(), squares, [1.0, np.nan])
    >>> len(areas.get_paths()), areas.get_array().tolist()
    (1, [1.0])
    """
    from matplotlib.collections import PathCollection
    from matplotlib.path import Path

    numbers = _check.numbers(values, "values")
    shapes, lines = _outlines(paths, "paths"), _outlines(borders, "borders")
    _check.shape(numbers, "values", (len(shapes),))
    if np.isinf(numbers).any():
        raise ValueError("values must be finite, or NaN where there are no data")
    known = ~np.isnan(numbers)
    filled = [shape for shape, there in zip(shapes, known, strict=True) if there]
    empty = [shape for shape, there in zip(shapes, known, strict=True) if not there]
    areas = PathCollection(filled, array=numbers[known], **options)
    areas.set(edgecolor="face", linewidth=0.2)
    ax.add_collection(areas, autolim=True)
    # As one outline: a program that prints makes a picture of the hatching for each.
    hatched = PathCollection(
        [Path.make_compound_path(*empty)] if empty else [],
        facecolor="none", edgecolor="0.45", linewidth=0.2, hatch="/////",
    )  # fmt: skip
    ax.add_collection(hatched, autolim=True)
    ax.add_collection(PathCollection(lines, facecolor="none", edgecolor="0.35", linewidth=0.5))
    ax.set(aspect="equal")
    ax.autoscale_view()
    ax.set_axis_off()
    if not ax.yaxis_inverted():
        ax.invert_yaxis()
    return areas


def _outlines(paths: Sequence[str], name: str) -> list[Path]:
    """Return each path as a matplotlib Path, or say which one is none."""
    if isinstance(paths, str):
        raise ValueError(f"{name} must be a sequence of texts, not one text")
    try:
        return [_outline(path) for path in paths]
    except ValueError as error:
        raise ValueError(f"{name} {error}") from None


def _outline(path: str) -> Path:
    """Return SVG path data of the form M x y l dx dy ... z, repeated, as a matplotlib Path."""
    from matplotlib.path import Path

    fault = f"must be rings such as M0 0l2 0 0 2z, not {path!r}"
    if not isinstance(path, str):
        raise ValueError(fault)
    vertices, codes = [], []
    for ring in path.split("M")[1:]:
        begin, _, steps = ring.rstrip("z").partition("l")
        try:
            corners = np.array(begin.split() + steps.split(), dtype=float).reshape(-1, 2)
        except ValueError:
            raise ValueError(fault) from None
        if not corners.size or not np.isfinite(corners).all():
            raise ValueError(fault)
        corners = np.cumsum(corners, axis=0)
        vertices.append(np.vstack([corners, corners[:1]]))
        codes.append([Path.MOVETO] + [Path.LINETO] * (len(corners) - 1) + [Path.CLOSEPOLY])
    if not vertices:
        raise ValueError(fault)
    return Path(np.concatenate(vertices), np.concatenate(codes))


def funnel_limits(exposure: ArrayLike, rate: float, level: float = 0.95) -> Floats:
    r"""Between which raw rates a unit of this exposure would lie if its true rate were `rate`.

    .. math:: P(y \le y_\text{low}) \le \tfrac{1 - c}{2}, \qquad
        y \sim \mathrm{Poisson}(e \cdot \mathrm{rate})

    and likewise above: exact central limits of the counts, interpolated between whole numbers so
    that the funnel is smooth, and divided by the exposure.

    Parameters
    ----------
    exposure : array of shape (M,)
        Exposures > 0.
    rate : float > 0
        The common true rate, in events per unit of exposure.
    level : float
        Probability c within the limits, between 0 and 1.

    Returns
    -------
    ndarray of shape (M, 2)
        Lower and upper limit, as rates; the lower one is 0 where no count would be too low.

    Raises
    ------
    ValueError
        If an exposure or the rate is not positive, or `level` is not between 0 and 1, or so near
        to 1 that a float cannot tell the upper limit from infinity.

    Notes
    -----
    Spiegelhalter (2005), *Funnel plots for comparing institutional performance*, Stat. Med. 24,
    1185-1202.

    Examples
    --------
    >>> (100 * funnel_limits([100.0], rate=1.0)).round(0)
    array([[ 80., 120.]])
    """
    e = _check.positive(exposure, "exposure")
    rate = _check.positive_scalar(rate, "rate")
    level = _check.fraction(level, "level")
    if (1 + level) / 2 == 1:
        raise ValueError(f"level is too near to 1: {level!r}")
    with np.errstate(all="ignore"):
        mean = e * rate
        if not np.isfinite(mean).all():
            raise ValueError("exposure times rate must be finite")
        limits = [_poisson_quantile((1 + side * level) / 2, mean) / e for side in (-1, 1)]
    return np.stack(limits, axis=-1)


def _poisson_quantile(p: float, mean: Floats) -> Floats:
    """Count at which the distribution function is p, between whole numbers too; 0 if none is."""
    possible = p > pdtr(0, mean)
    counts = pdtrik(np.where(possible, p, 0.5), np.minimum(mean, MANY))
    z = ndtri(p)
    # Cornish and Fisher's series; the next term is of the order 1/mean.
    third = (z**3 - 3 * z) / 24 - (2 * z**3 - 5 * z) / 36 - z / 24
    series = mean + z * np.sqrt(mean) + (z**2 - 4) / 6 + third / np.sqrt(mean)
    return np.asarray(np.where(possible, np.where(mean > MANY, series, counts), 0.0))
