"""Four ways to estimate a mean when numbers are missing: what the figure `LoseThem` compares."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, ndtri, stdtrit

from companion import _check
from companion._check import Floats

LEAST = 5  # complete points, for a line and what is left about it


def contest(x: ArrayLike, y: ArrayLike, normals: ArrayLike) -> Floats:
    r"""Estimate the mean of y in four ways, when y alone has gaps.

    With the least-squares line :math:`a + b x` through the n complete points, and :math:`\tau^2`
    the mean of its squared residuals, EM and the recipe (fill in conditional means, and fit again)
    both end at :math:`a + b \bar x`. The recipe takes all that it filled in for measured. EM's
    squared error is that of the observed information,

    .. math:: \frac{\tau^2}{n} + (\bar x - \bar x_c)^2 \frac{\tau^2}{S_c} + \frac{b^2 s_x^2}{N},

    with mean and scatter :math:`\bar x_c, S_c` of the complete x. Proper imputation draws
    :math:`\tau^2`, the line and the gaps, and pools by Rubin's rules.

    Parameters
    ----------
    x : array of shape (N,)
        Seen of all points.
    y : array of shape (N,)
        NaN where it was lost; five or more must be left.
    normals : array of shape (m, 2 N + 1)
        Standard normal draws for m >= 2 imputations: in a row two for the line, N for the gaps,
        N - 1 for the chi-square of :math:`\tau^2`, of which n - 1 are used.

    Returns
    -------
    ndarray of shape (4, 5)
        Recipe, complete rows, EM, proper imputation: estimate, ends of its 95 % interval (of t;
        EM's is normal), standard deviation of y (divisor N, or n), correlation of x and y.

    Raises
    ------
    ValueError
        If a shape is wrong, a number but a lost y is missing, or fewer than five complete points
        are left, or such with one x or one y.

    Notes
    -----
    Anderson (1957), and Little and Rubin (2019), section 7.2, for the separation of the likelihood;
    Rubin (1987), section 3.1, for the rules. The prior is that of
    :meth:`companion.missing.MultivariateNormal.sample_missing`.

    Examples
    --------
    >>> contest([0, 1, 2, 3, 4, 5], [1, 0, 1, 2, 1, np.nan], np.ones((2, 13)))[:3, 0].round(9)
    array([1.1, 1. , 1.1])
    """
    x, y, e = _check.finite(x, "x"), _check.numbers(y, "y"), _check.finite(normals, "normals")
    if x.ndim != 1:
        raise ValueError(f"x must have shape (N,), not {x.shape}")
    N, kept = len(x), ~np.isnan(y)
    _check.shape(y, "y", (N,))
    if e.ndim != 2 or len(e) < 2 or e.shape[1] != 2 * N + 1:
        raise ValueError(f"normals must have shape (m, {2 * N + 1}), m >= 2, not {e.shape}")
    n, rest = int(kept.sum()), y[kept]
    if n < LEAST or np.isinf(rest).any() or not min(np.ptp(x[kept]), np.ptp(rest)) > 0:
        raise ValueError(f"y must keep {LEAST} finite numbers, not all equal, at different x")
    (x, *_), (rest, origin, unit) = standardised(x), standardised(rest)
    y = (y - origin) / unit
    off = x - x[kept].mean()
    scatter = off[kept] @ off[kept]
    slope = off[kept] @ rest / scatter
    line = slope * off  # of what is kept, standardised: its mean is 0
    squares = ((rest - line[kept]) ** 2).sum()
    error = squares / n * (1 / n + off.mean() ** 2 / scatter) + slope**2 / N
    spread = np.sqrt(squares / n + slope**2)  # the variance of x is 1
    em = [*around(line.mean(), float(np.sqrt(error)), np.inf), spread, slope / spread]

    tau = np.sqrt(squares / (e[:, N + 2 : N + 1 + n] ** 2).sum(axis=1))[:, np.newaxis]
    noise = e[:, :1] / np.sqrt(n) + e[:, 1:2] / np.sqrt(scatter) * off + e[:, 2 : N + 2]
    each = np.array([measured(x, np.where(kept, y, line + row)) for row in tau * noise])
    within = np.mean(each[:, 3] ** 2) / (N - 1)
    between = (1 + 1 / len(e)) * each[:, 0].var(ddof=1)
    df = (len(e) - 1) * (1 + within / between) ** 2 if between > 0 else np.inf
    pooled = around(each[:, 0].mean(), np.sqrt(within + between), df)
    by_draws = [*pooled, *each[:, 3:].mean(axis=0)]
    recipe, complete = measured(x, np.where(kept, y, line)), measured(x[kept], rest)
    found = np.array([recipe, complete, em, by_draws])
    found[:, :4] *= unit
    found[:, :3] += origin
    return found


def around(middle: float, error: float, df: float) -> list[float]:
    """Estimate, lower and upper end of the 95 % interval of t."""
    reach = error * float(ndtri(0.975) if np.isinf(df) else stdtrit(df, 0.975))
    return [middle, middle - reach, middle + reach]


def measured(x: Floats, y: Floats) -> list[float]:
    """Mean of y, its usual interval, standard deviation and correlation: as if all was measured."""
    interval = around(y.mean(), y.std() / np.sqrt(len(y) - 1), len(y) - 1)
    cross = np.mean((x - x.mean()) * (y - y.mean()))
    return [*interval, y.std(), cross / (x.std() * y.std())]


def chances(z: Floats, strength: float, share: float) -> Floats:
    """Probabilities of being lost: log-odds that rise with z, a given share on average."""
    from scipy.optimize import brentq

    room = 50 + strength * np.abs(z).max()
    log_odds = brentq(
        lambda a: expit(a + strength * z).mean() - max(share, 1e-12), -room, room, xtol=1e-12
    )
    return np.asarray(expit(log_odds + strength * z))


def standardised(values: ArrayLike) -> tuple[Floats, float, float]:
    """Numbers with mean 0 and standard deviation 1 (divisor N), and what these were."""
    array = _check.finite(values, "values")
    span, centre = float(np.ptp(array)), float(array.mean())
    off = (array - centre) / span
    return off / off.std(), centre, span * float(off.std())
