"""Where EM ends, from every start."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from companion import _check
from companion._check import Floats
from companion.interactive._page import BLUE, GREEN, HALF, RED, RIGHT, Frame, decimals, key, page

OUTCOMES = ("good optimum", "lower optimum", "one Gaussian", "collapse", "not at its end")
COLORS = (GREEN, "#8F5A00", "#B5568D", "#8A8A8A", "none")
STILL = 1e-10  # a step that changes no parameter by more, in standard deviations and logs, is none
SPIKE = -500.0  # a log-variance below it is that of a component on one point
SAME = 1e-6  # two components that differ by less are one; less than this in nats is no difference
MOST = 10_000  # steps
LIMIT, NARROWEST = 1000.0, 1e-6  # of distances and spreads, in standard deviations of x
STARTS = (0.3, 0.7)  # where the cross is at first, in parts of the map


@dataclass(frozen=True, eq=False)
class Ends:
    """Where EM for a mixture of two Gaussians has ended from S starts.

    Attributes
    ----------
    outcomes : ndarray of S texts
        "good optimum": no other of these starts has reached a higher log-likelihood, collapses
        apart; "lower optimum": another has; "one Gaussian": both components are the same;
        "collapse": the variance of a component goes to zero on one point, and the likelihood to
        infinity; "not at its end" after 10 000 steps.
    weights, means, sds : ndarrays of shape (S, 2)
        Parameters at the end; in a collapse one standard deviation is, or is as good as, 0.
    log_likelihoods : ndarray of shape (S,)
        At the end (a sum over points, in nats); not a number in a collapse.
    n_steps : ndarray of shape (S,)
        Steps made.
    log10_least : ndarray of shape (S,)
        Logarithm, to base 10, of the fewest points that a component held after any E-step.
    """

    outcomes: NDArray[np.str_]
    weights: Floats
    means: Floats
    sds: Floats
    log_likelihoods: Floats
    n_steps: NDArray[np.int64]
    log10_least: Floats


def em_ends(x: ArrayLike, weights: ArrayLike, means: ArrayLike, sds: ArrayLike) -> Ends:
    r"""Run EM for a mixture of two Gaussians in one dimension from many starts, to the very end.

    A small gain is no end: while a component holds :math:`10^{-30}` points, it may double its
    share in every step, and the log-likelihood does not show it. Here a run ends when a step
    moves neither means nor the logarithms of weights and variances, or when a variance is gone.
    Responsibilities are kept as logarithms throughout, so that no component is lost.

    Parameters
    ----------
    x : array of shape (N,)
        Points, not all the same.
    weights, means, sds : arrays of shape (S, 2)
        The starts: weights > 0 that sum to one; means; standard deviations > 0. Means within 1000
        standard deviations of x from its mean, standard deviations between a millionth and a
        thousand of them.

    Returns
    -------
    Ends

    Raises
    ------
    ValueError
        If a shape is wrong, or a number out of its range.

    Examples
    --------
    >>> x = [0.0, 1.0, 2.0, 9.0, 10.0, 11.0]
    >>> ends = em_ends(x, [[0.5, 0.5]] * 3, [[0, 9], [4, 4], [0, 20]], [[2, 2], [2, 2], [9, 0.1]])
    >>> ends.outcomes.tolist(), ends.means[0].round(6)
    (['good optimum', 'one Gaussian', 'collapse'], array([ 1., 10.]))
    """
    u, centre, scale = _standardised(x)
    m = (_check.finite(means, "means") - centre) / scale
    if m.ndim != 2 or m.shape[1] != 2:
        raise ValueError(f"means must have shape (S, 2), not {m.shape}")
    w, s = _check.probabilities(weights, "weights", axis=1), _check.positive(sds, "sds") / scale
    for array, name in ((w, "weights"), (s, "sds")):
        _check.shape(array, name, m.shape)
    _check.positive(w, "weights")
    _within_reach(m, s)
    with np.errstate(all="ignore"):  # a variance may become 0 and a density infinite
        return _ends(u, np.stack([np.log(w), m, 2 * np.log(s)]), centre, scale)


@dataclass(frozen=True, eq=False)
class Basins:
    """A map of starts, coloured by where EM ends, and the fit that the reader's own start leads to.

    A mixture of two Gaussians in one dimension starts with equal weights and equal standard
    deviations; its two means are the two axes of the map.

    Parameters
    ----------
    x : array of shape (N,)
        Points, at most 1000.
    low, high : float
        Ends of both axes; the points lie between them.
    spreads : sequence of floats > 0
        Standard deviations at the start, at most five, of which the reader chooses one.
    size : int from 5 to 41
        So many starting values has each mean.

    Attributes
    ----------
    outcomes : ndarray of texts, of shape (len(spreads), size, size)
        See :class:`Ends`, whose "good optimum" is the best of the whole figure. The second mean
        is the second axis, the first mean the third.
    best : float
        Its log-likelihood; not a number if all starts collapse.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Examples
    --------
    >>> figure = Basins([0, 1, 2, 9, 10, 11], low=-3, high=14, spreads=[3.0], size=5)
    >>> figure.outcomes[0, 0].tolist()  # both means at -3, then one of them further right
    ['one Gaussian', 'good optimum', 'good optimum', 'good optimum', 'good optimum']
    """

    x: ArrayLike = field(repr=False)
    low: float
    high: float
    spreads: tuple[float, ...]
    size: int = 31
    outcomes: NDArray[np.str_] = field(init=False, repr=False)
    best: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        u, centre, scale = _standardised(self.x)
        if len(u) > 1000:
            raise ValueError(f"x must have at most 1000 points, not {len(u)}")
        low, high = ((_check.scalar(getattr(self, k), k) - centre) / scale for k in ("low", "high"))
        if not low < u.min() < u.max() < high:
            raise ValueError("low and high must have all points between them")
        spreads = _check.positive(self.spreads, "spreads")
        if spreads.ndim != 1 or not 1 <= len(spreads) <= 5:
            raise ValueError(f"spreads must have one to five entries, not shape {spreads.shape}")
        if _check.count(self.size, "size", at_least=5) > 41:
            raise ValueError(f"size must be at most 41, not {self.size}")
        _within_reach(np.array([low, high]), spreads / scale)
        means = _stops(low, high, self.size)
        first, second = np.triu_indices(self.size)  # the map is its own mirror image
        starts = np.tile(np.stack([means[first], means[second]], axis=1), (len(spreads), 1))
        log_v = np.repeat(2 * np.log(spreads / scale), len(first))[:, np.newaxis]
        with np.errstate(all="ignore"):
            theta = np.stack([np.full_like(starts, np.log(0.5)), starts, log_v + 0 * starts])
            ends = _ends(u, theta, centre, scale)
        outcomes = np.empty((len(spreads), self.size, self.size), dtype=ends.outcomes.dtype)
        found = ends.outcomes.reshape(len(spreads), -1)
        outcomes[:, first, second] = outcomes[:, second, first] = found
        finite = ends.log_likelihoods[ends.outcomes == OUTCOMES[0]]
        for name, value in {
            "low": float(self.low), "high": float(self.high),
            "spreads": tuple(spreads.tolist()), "outcomes": outcomes,
            "best": float(finite.max()) if len(finite) else np.nan,
        }.items():  # fmt: skip
            object.__setattr__(self, name, value)

    def _repr_html_(self) -> str:
        u, centre, scale = _standardised(self.x)
        low, high = ((end - centre) / scale for end in (self.low, self.high))
        means, side = _stops(low, high, self.size), (high - low) / (self.size - 1) / 2
        log_v = (2 * np.log(np.array(self.spreads) / scale)).tolist()
        here = [round(part * (self.size - 1)) for part in STARTS]
        with np.errstate(all="ignore"):
            at = np.log(0.5) + np.zeros(2), means[here], np.full(2, log_v[0])
            path = _path(u, np.stack(at)[:, np.newaxis])
        heights = np.sum(_heights(path[-1], grid := _places(path[-1], low, high)), axis=0)
        top = 1.6 * _tallest(u)
        # The script works with standardised numbers; the axes show those that were given.
        chart, fit = _frames((low - side, high + side), (low, high), top)
        axes = _frames((centre + scale * (low - side), centre + scale * (high + side)),
                       (self.low, self.high), top / scale)  # fmt: skip
        maps = [_cells(chart, means, side, outcome) for outcome in self.outcomes]
        cells = "".join(
            f'<path class="cells" d="{d}" fill="{color}"/>'
            for d, color in zip(maps[0], COLORS, strict=True)
        )
        track = chart.line(*np.array([step[1, 0] for step in path]).T)
        (cross,) = chart.pixels([means[here[0]]], [means[here[1]]])
        (end,) = chart.pixels(*path[-1][1].T)
        parts = "".join(
            f'<polyline class="part" points="{fit.line(grid, np.minimum(part, top))}" '
            f'stroke="{color}" stroke-dasharray="{dashes}" fill="{color}" fill-opacity="0.3"/>'
            for part, color, dashes in zip(
                _heights(path[-1], grid), (BLUE, RED), ("6 3", "2 3"), strict=True
            )
        )
        whole = fit.line(grid, np.minimum(heights, top))
        rug = "".join(f"M{px:g},{py:g}v-7" for px, py in fit.pixels(u, 0 * u))
        picture = f"""{cells}<polyline class="track" points="{track}" fill="none"
              stroke="currentColor" stroke-width="2"/>
            <path class="cross" d="M{cross[0]:g},{cross[1]:g}m-6 -6l12 12m0 -12l-12 12"
              stroke="currentColor" stroke-width="2.5"/>
            <circle class="end" r="5" cx="{end[0]:g}" cy="{end[1]:g}" fill="none"
              stroke="currentColor" stroke-width="2.5"/>"""
        curves = f"""<path d="{rug}" stroke="currentColor" stroke-opacity="0.5"/>
            <g fill="none" stroke-width="2">{parts}
            <polyline class="whole" points="{whole}" stroke="currentColor"/></g>
            {key([("first", BLUE), ("second", RED)])}"""
        options = "".join(f"<option>{spread:g}</option>" for spread in self.spreads)
        legend = "".join(
            f'<span style="white-space:nowrap"><svg width="12" height="12" aria-hidden="true">'
            f'<rect width="12" height="12" fill="{color}"/></svg> {text}</span>'
            for text, color in zip(OUTCOMES, COLORS, strict=True)
            if (self.outcomes == text).any()
        )
        sliders = "".join(
            f'<label>{name} mean <input class="mean" type="range" min="0" max="{self.size - 1}" '
            f'value="{k}"></label>'
            for name, k in zip(("first", "second"), here, strict=True)
        )
        outcome = str(self.outcomes[0, here[1], here[0]])
        controls = f"""{legend}<label>standard deviation at the start
              <select class="spread">{options}</select></label>{sliders}
            <noscript>Here: from the cross EM ends in: {outcome}.</noscript>"""
        return page(
            title="Where EM ends",
            description="First picture: a map of starts, the first mean across, the second up, "
            "each cell coloured by the outcome of EM from there. A cross marks the start, a line "
            "the way of the two means, a ring their end. Second picture: the points as short "
            "lines, the two fitted parts dashed and their sum. From the cross that is shown at "
            f"first, EM ends in: {outcome}.",
            svg=axes[0].axes("first mean at the start", "second mean at the start") + picture,
            beside=axes[1].axes("x", "density") + curves,
            controls=controls,
            data={
                "u": u.tolist(), "centre": centre, "scale": scale,
                "places": max(0, decimals(scale, 3)), "low": low, "high": high, "size": self.size,
                "best": self.best + len(u) * np.log(scale) if np.isfinite(self.best) else None,
                "spreads": log_v, "names": OUTCOMES, "top": top, "maps": maps,
                "still": STILL, "spike": SPIKE, "same": SAME, "most": MOST,
                "chart": chart.box(), "fit": fit.box(), "width": HALF[0],
            },
            script="basins",
        )  # fmt: skip


def _standardised(x: ArrayLike) -> tuple[Floats, float, float]:
    values = _check.finite(x, "x")
    if values.ndim != 1:
        raise ValueError(f"x must have shape (N,), not {values.shape}")
    centre = float(values.mean())
    off = values - centre
    largest = float(np.abs(off).max())
    if not largest > 4 * _check.DOUBLE * abs(centre):
        raise ValueError("x must hold different points")
    scale = largest * float(np.sqrt(np.mean((off / largest) ** 2)))
    return off / scale, centre, scale


def _within_reach(m: Floats, s: Floats) -> None:
    if np.abs(m).max() > LIMIT:
        raise ValueError(f"means must lie within {LIMIT:g} standard deviations of x from its mean")
    if s.min() < NARROWEST or s.max() > LIMIT:
        raise ValueError(
            f"standard deviations must lie between {NARROWEST:g} and {LIMIT:g} of those of x"
        )


def _stops(low: float, high: float, size: int) -> Floats:
    return np.asarray(low + np.arange(size) * ((high - low) / (size - 1)))


def _step(u: Floats, theta: Floats) -> tuple[Floats, Floats, Floats]:
    """One EM step: log-weights, means and log-variances (3, S, 2), log-likelihoods, log-counts."""
    log_w, m, log_v = theta[..., np.newaxis]
    joint = log_w - (log_v + np.log(2 * np.pi) + (u - m) ** 2 * np.exp(-log_v)) / 2
    whole = np.logaddexp(joint[:, 0], joint[:, 1])
    log_r = joint - whole[:, np.newaxis]
    top = log_r.max(axis=2, keepdims=True)
    r = np.exp(log_r - top)  # relative to the largest, so that none is lost
    total = r.sum(axis=2)
    means = r @ u / total
    v = (r * (u - means[..., np.newaxis]) ** 2).sum(axis=2) / total
    counts = top[..., 0] + np.log(total)
    return np.stack([counts - np.log(len(u)), means, np.log(v)]), whole.sum(axis=1), counts


def _path(u: Floats, theta: Floats) -> list[Floats]:
    """All parameters on the way from one start, (3, 1, 2), to its end."""
    path = [theta]
    while len(path) <= MOST:
        path.append(_step(u, path[-1])[0])
        if _is_end(*path[-2:])[0]:
            break
    return path


def _is_end(before: Floats, after: Floats) -> NDArray[np.bool_]:
    still = np.abs(after - before).max(axis=(0, 2)) < STILL
    return np.asarray(still | _is_spike(after))


def _is_spike(theta: Floats) -> NDArray[np.bool_]:
    return np.asarray(theta[2].min(axis=1) < SPIKE)


def _ends(u: Floats, theta: Floats, centre: float, scale: float) -> Ends:
    """All runs in step; those that have ended leave."""
    S = theta.shape[1]
    last, going = theta.copy(), np.arange(S)
    values, least, n_steps = np.full(S, np.nan), np.full(S, np.inf), np.zeros(S, dtype=np.int64)
    for t in range(1, MOST + 1):
        before = last[:, going]
        after, values[going], counts = _step(u, before)
        last[:, going], n_steps[going] = after, t
        least[going] = np.minimum(least[going], counts.min(axis=1))
        going = going[~_is_end(before, after)]
        if not len(going):
            break
    spike = _is_spike(last)
    one = np.ptp(last[1:], axis=2).max(axis=0) < SAME
    values[spike] = np.nan
    ended = ~spike & ~one
    ended[going] = False
    best = values[ended].max() if ended.any() else np.inf
    kind = np.where(values > best - SAME * len(u), 0, 1)
    kind[one], kind[going], kind[spike] = 2, 4, 3
    return Ends(
        np.array(OUTCOMES)[kind],
        np.exp(last[0]), centre + scale * last[1], scale * np.exp(last[2] / 2),
        values - len(u) * np.log(scale), n_steps, least / np.log(10),
    )  # fmt: skip


# ------------------------------------------------------------------------ the pictures


def _frames(x: tuple[float, float], axis: tuple[float, float], top: float) -> tuple[Frame, Frame]:
    right, height = HALF[0] - RIGHT, HALF[1]
    return (
        Frame(x, x, right=right, height=height),
        Frame(axis, (0.0, top), right=right, height=height),
    )


def _cells(chart: Frame, means: Floats, side: float, outcomes: NDArray[np.str_]) -> list[str]:
    """One path for each outcome: in every row its cells, neighbours as one rectangle."""
    paths = [""] * len(OUTCOMES)
    edges = np.append(means - side, means[-1] + side)
    x, y = chart.pixels(edges, edges).T
    for j, row in enumerate(outcomes):
        cuts = [0, *(np.flatnonzero(row[1:] != row[:-1]) + 1), len(row)]
        for a, b in itertools.pairwise(cuts):
            k = OUTCOMES.index(row[a])
            paths[k] += f"M{x[a]:g},{y[j + 1]:g}H{x[b]:g}V{y[j]:g}H{x[a]:g}z"
    return paths


def _heights(theta: Floats, x: Floats) -> Floats:
    """Both weighted densities at x, of shape (2, M)."""
    log_w, m, log_v = theta[:, 0, :, np.newaxis]
    with np.errstate(all="ignore"):
        exponent = log_w - (log_v + np.log(2 * np.pi) + (x - m) ** 2 * np.exp(-log_v)) / 2
        return np.asarray(np.nan_to_num(np.exp(exponent)))


def _places(theta: Floats, low: float, high: float) -> Floats:
    """Where the curves are drawn: everywhere, and closely about each mean."""
    about = [m + np.exp(v / 2) * np.arange(-4, 4.5, 0.5) for m, v in theta[1:, 0].T]
    return np.sort(np.concatenate([np.linspace(low, high, 81), *about]).clip(low, high))


def _tallest(u: Floats) -> float:
    """Return the height of a histogram of the points, with about as many bars as their root."""
    return float(np.histogram(u, bins=max(4, round(len(u) ** 0.5)), density=True)[0].max())
