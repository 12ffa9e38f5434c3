"""How sure a forecast of an election is: an error that all polls share, and one of regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from companion import _check
from companion._check import Floats, Integers
from companion.interactive._page import BLUE, HALF, RED, RIGHT, Frame, is_text, page

STOPS = 12  # of the slider of the shared error, beside zero
CORRELATIONS = np.arange(10) / 10
START = (0, 6)  # of both sliders: correlation and shared error
LEVEL = 0.9  # of the interval
BARS = 54  # about so many, for all the votes there are
MOST_VOTES = 1000
FINEST = 10  # times the smallest sd of a state, and not more, is the largest shared error
REACH, ACROSS, WITHIN = 6.0, 0.12, 0.6  # of quadrature: how far it goes, and in which steps


def vote_distributions(
    means: ArrayLike,
    sds: ArrayLike,
    votes: ArrayLike,
    regions: Sequence[str],
    taus: ArrayLike,
    correlations: ArrayLike,
) -> Floats:
    r"""Distribution of the votes that a candidate wins, whoever leads in a state taking all of it.

    The true margin of state i, in region g(i), is what was estimated plus an error of three parts,

    .. math::

        \pi_i = m_i + b + s_i \bigl( \sqrt{\rho} \, z_{g(i)} + \sqrt{1 - \rho} \, e_i \bigr),
        \qquad b \sim \mathrm{N}(0, \tau^2), \quad z_g, e_i \sim \mathrm{N}(0, 1)

    so that :math:`\tau^2 + s_i^2` is its variance whatever :math:`\rho` is. Given b and z, states
    are independent, and the votes of a region have the distribution of a sum, by convolution;
    given b, so have the regions. What is left is an integral over each z and one over b.

    Parameters
    ----------
    means : array_like of shape (I,)
        Estimated margins :math:`m_i`, in points.
    sds : array_like of shape (I,)
        Standard deviations :math:`s_i` > 0 of all of a state's error but the shared one, in points.
    votes : array_like of shape (I,)
        Votes of each state: whole numbers that sum to 1000 at most.
    regions : sequence of I texts
        Region of each state.
    taus : array_like of shape (T,)
        Standard deviations :math:`\tau` of the shared error, in points, each at most 10 times the
        smallest of `sds`.
    correlations : array_like of shape (R,)
        Correlations :math:`\rho` between two states of a region, from 0 to 0.9, of what is not
        shared by all.

    Returns
    -------
    array of shape (R, T, V + 1)
        Probability of each number of votes, where V is the sum of `votes`. The absolute error is
        below 1e-6 for states as different as in an election, and below 1e-3 if all are alike.

    Raises
    ------
    ValueError
        If an argument has the wrong shape or is out of its range.

    Notes
    -----
    The trapezoidal rule in z, and in u where :math:`b = c \sinh u`. Kennedy et al. (2018), *An
    evaluation of the 2016 election polls in the United States*, Public Opin. Q. 82, 1-33, say why
    errors are shared.

    Examples
    --------
    >>> p = vote_distributions([1, 1], [2, 2], [3, 4], ["a", "a"], [0, 5], [0, 0.9])
    >>> p[:, 0, [0, 3, 4, 7]].round(3)  # one may win both, neither, or one of the two
    array([[0.095, 0.213, 0.213, 0.478],
           [0.245, 0.063, 0.063, 0.628]])
    """
    m, s, v, region = _states(means, sds, votes, regions)
    taus = _check.not_negative(taus, "taus")
    rhos = _check.not_negative(correlations, "correlations")
    for array, name in ((taus, "taus"), (rhos, "correlations")):
        _check.shape(array, name, (array.size,))
    if rhos.max() > CORRELATIONS[-1]:
        raise ValueError(f"correlations must be at most 0.9, not {rhos.max():g}")
    if taus.max() > FINEST * s.min():
        raise ValueError(
            f"taus must be at most {FINEST} times the smallest of sds, {s.min():g}, not "
            f"{taus.max():g}"
        )
    with np.errstate(under="ignore"):  # what hardly ever happens may be zero
        b, chances = _shared(taus, s.min())
        found = np.empty((len(rhos), len(taus), int(v.sum()) + 1))
        for r, rho in enumerate(rhos):
            z, weights = _nodes(rho)
            given_b = np.ones((1, len(b)))
            for g in range(region.max() + 1):
                here = region == g
                lead = (m[here, np.newaxis] + b) / s[here, np.newaxis]
                p = ndtr((lead[..., np.newaxis] + np.sqrt(rho) * z) / np.sqrt(1 - rho))
                given_b = _both(given_b, _sums(p, v[here]) @ weights)
            found[r] = chances @ given_b.T
    return found


@dataclass(frozen=True, eq=False)
class Swing:
    r"""The chance to win an election by states, as polls are more or less wrong together.

    The reader chooses :math:`\tau`, the standard deviation of an error that the polls of all states
    share, and :math:`\rho`, the correlation within a region of all other errors. The model is that
    of :func:`vote_distributions`: the standard deviation of a state's error is
    :math:`\sqrt{\tau^2 + s_i^2}`, whatever :math:`\rho` is.

    Parameters
    ----------
    means : array_like of shape (I,)
        Estimated margins of the candidate, in points: positive where she leads.
    sds : array_like of shape (I,)
        Standard deviations :math:`s_i` > 0 of what is not shared by all states, in points.
    votes : array_like of shape (I,)
        Electoral votes of each state.
    regions : sequence of I texts
        Region of each state.
    name : str
        Of the candidate.
    safe : pair of int
        Votes beside those of the I states: the candidate's, and her opponents'.
    largest : float
        Largest :math:`\tau` that can be chosen, in points, at most 10 times the smallest of `sds`.

    Attributes
    ----------
    majority : int
        More than half of all votes: so many win.
    taus : array of shape (13,)
        What can be chosen for :math:`\tau`.
    distributions : array of shape (10, 13, V + 1)
        For each correlation 0, 0.1, ..., 0.9 and each of `taus`: the probability of each number of
        votes, V of which there are.
    chances : array of shape (10, 13)
        Probability of a majority.
    intervals : array of shape (10, 13, 2)
        Quantiles 0.05 and 0.95 of the votes, that is, the smallest numbers that are not exceeded
        with at least these probabilities.

    Raises
    ------
    ValueError
        If an argument has the wrong shape or is out of its range.

    Examples
    --------
    >>> figure = Swing([8, 2, 1, -9], [3, 3, 3, 3], [5, 4, 4, 6], ["a", "a", "b", "b"])
    >>> figure.majority, figure.chances[[0, 0, 9], [0, 6, 0]].round(3)
    (10, array([0.47 , 0.477, 0.472]))
    >>> "<svg" in figure._repr_html_()
    True
    """

    means: ArrayLike = field(repr=False)
    sds: ArrayLike = field(repr=False)
    votes: ArrayLike = field(repr=False)
    regions: Sequence[str] = field(repr=False)
    name: str = "The candidate"
    safe: tuple[int, int] = (0, 0)
    largest: float = 6.0
    majority: int = field(init=False)
    taus: Floats = field(init=False, repr=False)
    distributions: Floats = field(init=False, repr=False)
    chances: Floats = field(init=False, repr=False)
    intervals: Integers = field(init=False, repr=False)

    def __post_init__(self) -> None:
        is_text(self.name, "name")
        _, s, v, _ = _states(self.means, self.sds, self.votes, self.regions)
        largest = _check.positive_scalar(self.largest, "largest")
        if largest > FINEST * s.min():
            raise ValueError(
                f"largest must be at most {FINEST} times the smallest of sds, {s.min():g}, not "
                f"{largest:g}"
            )
        safe = _check.counts(self.safe, "safe")
        _check.shape(safe, "safe", (2,))
        total = int(v.sum() + safe.sum())
        if not 0 < total <= MOST_VOTES:
            raise ValueError(f"votes and safe must sum to 1 to {MOST_VOTES}, not to {total}")
        taus = np.linspace(0, largest, STOPS + 1)
        among = vote_distributions(self.means, self.sds, v, self.regions, taus, CORRELATIONS)
        whole = np.zeros((*among.shape[:2], total + 1))
        whole[..., int(safe[0]) : total + 1 - int(safe[1])] = among
        below = whole.cumsum(axis=2)
        tails = (1 - LEVEL) / 2, (1 + LEVEL) / 2
        ends = [(below < tail).sum(axis=2) for tail in tails]
        object.__setattr__(self, "majority", total // 2 + 1)
        object.__setattr__(self, "taus", taus)
        object.__setattr__(self, "distributions", whole)
        object.__setattr__(self, "chances", whole[..., self.majority :].sum(axis=2).clip(max=1))
        object.__setattr__(self, "intervals", np.stack(ends, axis=-1))

    def _bars(self) -> tuple[Integers, Floats]:
        """Left ends of bars, one of them the majority, and their heights in every case."""
        total = self.distributions.shape[2] - 1
        width = -(-total // BARS)
        first = self.majority - width * -(-self.majority // width)
        ends = np.arange(first, total + 1, width)
        heights = np.add.reduceat(self.distributions, ends.clip(0), axis=2)
        seen = np.flatnonzero(heights.max(axis=(0, 1)) > 0.002)
        kept = slice(seen[0], seen[-1] + 1)
        return ends[kept], heights[..., kept]

    def _repr_html_(self) -> str:
        ends, heights = self._bars()
        width = -(-(self.distributions.shape[2] - 1) // BARS)
        right, height = HALF[0] - RIGHT, HALF[1]
        across = ends[0] - 0.5, ends[-1] + width - 0.5
        frame = Frame(across, (0.0, 1.2 * heights.max()), right=right, height=height)
        low = min(0.9, np.floor(10 * self.chances.min()) / 10)
        high = max(low + 0.1, np.ceil(10 * self.chances.max()) / 10)
        chart = Frame((0.0, self.taus[-1]), (low, high), right=right, height=height)
        bars = self._drawn(frame, ends, heights[START], width)
        (place,) = chart.pixels(self.taus[START[1]], self.chances[START])
        lines = f"""<g fill="none" stroke="currentColor" stroke-width="2">
            <polyline points="{chart.line(self.taus, self.chances[0])}" stroke-dasharray="5 4"/>
            <polyline class="chances" points="{chart.line(self.taus, self.chances[START[0]])}"/></g>
            <circle class="here" r="5" cx="{place[0]:g}" cy="{place[1]:g}" fill="{BLUE}"/>
            <g font-size="13" text-anchor="end" fill="currentColor"><text x="308" y="24">correlation
            as chosen</text><text x="308" y="40">none (dashed)</text></g>"""
        tau, (least, most) = self.taus[START[1]], self.intervals[START]
        controls = f"""<label>shared error &tau; <input class="tau" type="range" min="0"
              max="{STOPS}" value="{START[1]}"></label>
            <label>correlation within a region &rho; <input class="rho" type="range" min="0"
              max="{len(CORRELATIONS) - 1}" value="{START[0]}"></label>
            <noscript>Here: shared error {tau:.3g} points, correlation within a region
            {CORRELATIONS[START[0]]:.1f}. {escape(self.name)} wins with a chance of
            {_percent(self.chances[START])}; 90 % interval {least} to {most} of
            {self.distributions.shape[2] - 1} votes, {self.majority} win.</noscript>
            {self._table()}"""
        return page(
            title="How sure, if the polls are wrong together",
            description="First picture: the distribution of the votes, blue from the majority on, "
            f"in bars of {width}; the line above is the 90 % interval. Second picture: "
            "the chance of a majority against the standard deviation of the error that all states "
            "share; dashed, without a correlation within regions.",
            svg=frame.axes("electoral votes", "probability") + bars,
            beside=chart.axes("shared error \u03c4 (points)", "chance of winning") + lines,
            controls=controls,
            data={
                "name": self.name,
                "majority": self.majority,
                "total": self.distributions.shape[2] - 1,
                "typical": float(f"{np.median(_check.positive(self.sds, 'sds')):.6g}"),
                "taus": [float(f"{tau:.6g}") for tau in self.taus],
                "rhos": CORRELATIONS.tolist(),
                "chances": self.chances.round(5).tolist(),
                "intervals": self.intervals.tolist(),
                "bars": np.rint(1e5 * heights).astype(int).tolist(),  # in 100 000ths
                "frame": frame.box(),
                "chart": chart.box(),
            },
            script="swing",
        )

    def _drawn(self, frame: Frame, ends: Integers, heights: Floats, width: int) -> str:
        bars = ""
        for end, (left, top), (right, _) in zip(
            ends, frame.pixels(ends - 0.5, heights),
            frame.pixels(ends + width - 0.5, heights), strict=True,
        ):  # fmt: skip
            color = BLUE if end >= self.majority else RED
            bars += f"""<rect x="{left:g}" y="{top:g}" width="{right - left - 1:g}"
                height="{frame.height - 46 - top:g}" fill="{color}"/>"""
        limits = [self.intervals[START][0] - 0.5, self.intervals[START][1] + 0.5]
        line = frame.line(limits, [frame.y[1] / 1.1] * 2)
        at = frame.pixels([self.majority - 0.5], [0])[0, 0]
        return f"""<g class="bars">{bars}</g>
            <path d="M{at:g},12V{frame.height - 46}" stroke="currentColor" stroke-dasharray="2 3"/>
            <polyline class="interval" points="{line}" stroke="currentColor" stroke-width="3"/>
            <g font-size="13" text-anchor="end" fill="currentColor"><text x="308" y="22">90 %
            interval</text><text x="{at - 5:g}" y="22">{self.majority} win</text></g>"""

    def _table(self) -> str:
        columns = range(0, len(CORRELATIONS), 3)
        head = "".join(f'<th scope="col">&rho; = {CORRELATIONS[r]:.1f}</th>' for r in columns)
        body = ""
        for t in range(0, STOPS + 1, 2):
            body += f'<tr><th scope="row">{self.taus[t]:.3g}</th>'
            for r in columns:
                low, high = self.intervals[r, t]
                body += f"<td>{_percent(self.chances[r, t])}<br>{low} to {high}</td>"
            body += "</tr>"
        return f"""<details style="width:100%"><summary>As a table</summary>
            <table style="width:100%;font-size:.9em;text-align:left;
              font-variant-numeric:tabular-nums"><caption>Chance of winning and 90 % interval of the
            votes</caption><tr><th scope="col">&tau;</th>{head}</tr>{body}</table></details>"""


def _states(
    means: ArrayLike, sds: ArrayLike, votes: ArrayLike, regions: Any
) -> tuple[Floats, Floats, Integers, Integers]:
    """Return what was given of each state, its region as a number from 0."""
    m = _check.finite(means, "means")
    if m.ndim != 1:
        raise ValueError(f"means must have shape (I,), one per state, not {m.shape}")
    s, v = _check.positive(sds, "sds"), _check.counts(votes, "votes")
    for array, name in ((s, "sds"), (v, "votes")):
        _check.shape(array, name, m.shape)
    if v.sum() > MOST_VOTES:
        raise ValueError(f"votes must sum to at most {MOST_VOTES}, not to {v.sum():g}")
    if isinstance(regions, str):
        raise ValueError("regions must be a sequence of texts, one per state, not one text")
    if len(regions) != len(m):
        raise ValueError(f"regions must have {len(m)} entries, one per state, not {len(regions)}")
    for text in regions:
        is_text(text, "regions")
    _, region = np.unique(list(regions), return_inverse=True)
    return m, s, v.astype(np.int64), region


def _shared(taus: Floats, finest: float) -> tuple[Floats, Floats]:
    """Places of the shared error, denser about zero, and their weights for each tau."""
    least = float(taus[taus > 0].min(initial=finest))
    scale = float(np.clip(2 * least, finest / 10, 2 * finest))
    half = int(np.ceil(np.arcsinh(REACH * float(taus.max()) / scale) / ACROSS))
    u = ACROSS * np.arange(-half, half + 1)
    b = scale * np.sinh(u)
    narrow = taus.clip(min=scale / 1000)[:, np.newaxis]  # far below a step, so as good as zero
    weights = np.exp(-((b / narrow) ** 2) / 2) * np.cosh(u)
    return b, weights / weights.sum(axis=1, keepdims=True)


def _nodes(rho: float) -> tuple[Floats, Floats]:
    """Places of a region's error and their weights: steps as small as an outcome is sudden."""
    if rho == 0:
        return np.zeros(1), np.ones(1)
    half = int(np.ceil(REACH / WITHIN * max(1.0, np.sqrt(rho / (1 - rho)))))
    z = np.linspace(-REACH, REACH, 2 * half + 1)
    weights = np.exp(-(z**2) / 2)
    return z, weights / weights.sum()


def _sums(p: Floats, votes: Integers) -> Floats:
    """Distributions of the votes won, along the first axis, by chances of shape (I, ...)."""
    table = np.zeros((int(votes.sum()) + 1, *p.shape[1:]))
    table[0] = 1
    reach = 1
    for chance, more in zip(p, votes, strict=True):
        won = table[:reach] * chance
        table[:reach] -= won
        reach += int(more)
        table[more:reach] += won
    return table


def _both(one: Floats, other: Floats) -> Floats:
    """Distributions of sums, along the first axis: the convolutions of each column."""
    size = len(one) + len(other) - 1
    product = np.fft.rfft(one, size, axis=0) * np.fft.rfft(other, size, axis=0)
    return np.asarray(np.fft.irfft(product, size, axis=0)).clip(0)


def _percent(chance: float) -> str:
    """Return what is certain to one digit, and no certainty."""
    if chance > 0.9995 or chance < 0.0005:
        return "above 99.9 %" if chance > 0.5 else "below 0.1 %"
    return f"{100 * chance:.1f} %"
