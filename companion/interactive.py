"""Figures that the reader moves: SVG with a little script, in a notebook and on a site alike.

Python computes the geometry; the script only looks it up. Every figure is operated by standard
buttons and sliders, so by keyboard too, and says in words what it shows.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from companion import _check
from companion._check import Floats
from companion.em import fit
from companion.gaussians import GaussianMixture
from companion.hierarchical import BetaBinomial
from companion.plotting import covariance_ellipse

RED, BLUE, GREEN = "#D55E00", "#2F8FCF", "#12A67C"  # to be seen on white and on black
COLORS = ["#00224e", "#35456c", "#666970", "#948e77", "#c0b06d", "#e3cf57", "#fee838"]  # cividis
WIDTH, HEIGHT = 640, 380
LEFT, RIGHT, TOP, BOTTOM = 62, 12, 12, 46

_numbers = itertools.count(1)


@dataclass(frozen=True, eq=False)
class EMBound:
    r"""EM on one mean of a one-dimensional mixture: the log-likelihood and the bound under it.

    .. math::

        \mathrm{ELBO}(q_t, \mu) = \ell(\mu_t) - \frac{N_k}{2 \sigma_k^2}
        \bigl( (\mu - \bar x_k)^2 - (\mu_t - \bar x_k)^2 \bigr)

    with the counts and means of the E-step at :math:`\mu_t`: a parabola that touches
    :math:`\ell` at :math:`\mu_t` and lies below it everywhere else.

    Parameters
    ----------
    model : GaussianMixture
        With D = 1, weights, variances and the other means fixed. The covariance type must not be
        tied.
    x : array of shape (N,)
        Points.
    component : int
        The component whose mean moves.
    low, high : float
        Range of the mean, in the units of the data.
    start : float
        Where the reader begins.

    Raises
    ------
    ValueError
        If the model has more than one dimension, the component does not exist, or the start lies
        outside the range.

    Examples
    --------
    >>> model = GaussianMixture([0.5, 0.5], [0, 4], [1, 1])
    >>> figure = EMBound(model, [0.0, 0.5, 4.0], component=0, low=-3, high=3, start=-2)
    >>> "<svg" in figure._repr_html_()
    True
    """

    model: GaussianMixture = field(repr=False)
    x: ArrayLike = field(repr=False)
    component: int
    low: float
    high: float
    start: float
    name: str = "mean"
    means: Floats = field(init=False, repr=False)
    log_likelihoods: Floats = field(init=False, repr=False)
    counts: Floats = field(init=False, repr=False)
    tops: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.model.n_dimensions != 1:
            raise ValueError(f"model must have D = 1, not {self.model.n_dimensions}")
        if not 0 <= self.component < self.model.n_components:
            raise ValueError(f"component must be one of the model's, not {self.component}")
        if not self.low < self.start < self.high:
            raise ValueError(f"start must lie between low and high, not at {self.start}")
        grid = np.linspace(self.low, self.high, 201)
        found = [self._at(mean).e_step(self.x) for mean in grid]
        set_ = object.__setattr__
        set_(self, "means", grid)
        set_(self, "log_likelihoods", np.array([value for _, value in found]))
        set_(self, "counts", np.array([s.counts[self.component] for s, _ in found]))
        set_(self, "tops", np.array([s.means[self.component, 0] for s, _ in found]))

    def _at(self, mean: float) -> GaussianMixture:
        means = self.model.means.copy()
        means[self.component] = mean
        model = self.model
        return GaussianMixture(model.weights, means, model.covariances, model.covariance_type)

    def log_likelihood(self, mean: float) -> float:
        r"""Return :math:`\ell` at one value of the mean, in nats.

        Parameters
        ----------
        mean : float
            In the units of the data.

        Returns
        -------
        float

        Examples
        --------
        >>> model = GaussianMixture([0.5, 0.5], [0, 4], [1, 1])
        >>> figure = EMBound(model, [0.0, 4.0], component=0, low=-3, high=3, start=-2)
        >>> figure.log_likelihood(0.0) == model.log_likelihood([0.0, 4.0])
        True
        """
        return self._at(mean).log_likelihood(self.x)

    def bound(self, old: float, mean: ArrayLike) -> Floats:
        r"""Evidence lower bound at `mean`, with the responsibilities of the old mean.

        Parameters
        ----------
        old : float
            :math:`\mu_t`, where the bound touches.
        mean : array
            Where to evaluate it.

        Returns
        -------
        ndarray
            In nats.

        Examples
        --------
        >>> model = GaussianMixture([0.5, 0.5], [0, 4], [1, 1])
        >>> figure = EMBound(model, [0.0, 4.0], component=0, low=-3, high=3, start=-2)
        >>> bool(figure.bound(-2.0, -2.0) == figure.log_likelihood(-2.0))
        True
        """
        model = self._at(old)
        statistics, value = model.e_step(self.x)
        N, top = statistics.counts[self.component], statistics.means[self.component, 0]
        variance = model.full_covariances[self.component, 0, 0]
        mean = np.asarray(mean, dtype=float)
        return np.asarray(value - N / (2 * variance) * ((mean - top) ** 2 - (old - top) ** 2))

    def _repr_html_(self) -> str:
        bottom, top = self.log_likelihoods.min(), self.log_likelihoods.max()
        frame = _Frame(
            (self.low, self.high), (bottom - 0.15 * (top - bottom), top + 0.1 * (top - bottom))
        )
        variance = float(self.model.full_covariances[self.component, 0, 0])
        data = {
            "mean": self.means.round(6).tolist(),
            "value": self.log_likelihoods.round(5).tolist(),
            "count": self.counts.round(5).tolist(),
            "top": self.tops.round(6).tolist(),
            "variance": variance,
            "start": int(np.abs(self.means - self.start).argmin()),
            "box": frame.box(),
        }
        shapes = f"""
            <polyline class="curve" points="{frame.line(self.means, self.log_likelihoods)}"
              fill="none" stroke="{RED}" stroke-width="2.5"/>
            <polyline class="bound" fill="none" stroke="{BLUE}" stroke-width="2.5"
              stroke-dasharray="7 4"/>
            <line class="gap" stroke="{GREEN}" stroke-width="4"/>
            <circle class="old" r="6" fill="{RED}"/>
            <circle class="new" r="6" fill="none" stroke="{BLUE}" stroke-width="2.5"/>"""
        controls = f"""
            <label>old {escape(self.name)} <input type="range" min="0" max="{len(self.means) - 1}"
              step="1"></label>
            <button type="button" class="e">E-step: draw the bound</button>
            <button type="button" class="m">M-step: go to its top</button>"""
        return _page(
            title=f"EM on one {self.name}",
            description="The log-likelihood as a solid curve; the lower bound as a dashed parabola "
            "that touches it at the old parameter. The next parameter is the top of the parabola; "
            "a thick bar there is the gap between curve and bound.",
            svg=frame.axes(self.name, "log-likelihood") + shapes,
            controls=controls,
            data=data,
            script=_EM_BOUND,
        )


@dataclass(frozen=True, eq=False)
class EMSteps:
    """EM for a mixture in two dimensions, one step at a time: points, ellipses, log-likelihood.

    Parameters
    ----------
    start : GaussianMixture
        With D = 2 and two components.
    x : array of shape (N, 2)
        Points.
    n_steps : int >= 1
        How many steps of EM to show.
    names : pair of texts
        The axes.

    Raises
    ------
    ValueError
        If the model does not have two components in two dimensions.

    Examples
    --------
    >>> start = GaussianMixture([0.5, 0.5], [[0, 0], [3, 3]], [np.eye(2), np.eye(2)])
    >>> figure = EMSteps(start, [[0, 0], [1, 0], [0, 1], [3, 3], [4, 3], [3, 4]], 3)
    >>> figure.log_likelihoods.shape
    (4,)
    """

    start: GaussianMixture = field(repr=False)
    x: ArrayLike = field(repr=False)
    n_steps: int
    names: tuple[str, str] = ("x", "y")
    models: tuple[GaussianMixture, ...] = field(init=False, repr=False)
    log_likelihoods: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if (self.start.n_components, self.start.n_dimensions) != (2, 2):
            raise ValueError("start must have two components in two dimensions")
        _check.count(self.n_steps, "n_steps")
        models, values = [self.start], []
        for _ in range(self.n_steps):
            run = fit(models[-1], self.x, tol=0, max_iter=1)
            models.append(run.model)
            values.append(run.log_likelihoods[0])
        values.append(models[-1].log_likelihood(self.x))
        object.__setattr__(self, "models", tuple(models))
        object.__setattr__(self, "log_likelihoods", np.array(values))

    def _repr_html_(self) -> str:
        x = _check.points(self.x, "x")
        margin = 0.12 * np.ptp(x, axis=0)
        low, high = x.min(axis=0) - margin, x.max(axis=0) + margin
        frame = _Frame((low[0], high[0]), (low[1], high[1]))
        rings = [
            [frame.line(*covariance_ellipse(m.means[k], m.full_covariances[k]).T) for k in (0, 1)]
            for m in self.models
        ]
        shades = ["".join(np.round(9 * m.responsibilities(x)[:, 1]).astype(int).astype(str))
                  for m in self.models]  # fmt: skip
        data = {
            "rings": rings,
            "shades": shades,
            "value": self.log_likelihoods.round(2).tolist(),
        }
        points = "".join(
            f'<circle cx="{px}" cy="{py}" r="3.2"/>' for px, py in frame.pixels(x[:, 0], x[:, 1])
        )
        shapes = f"""<g class="points">{points}</g>
            <polygon class="ring" fill="none" stroke="{RED}" stroke-width="2.5"/>
            <polygon class="ring" fill="none" stroke="{BLUE}" stroke-width="2.5"
              stroke-dasharray="7 4"/>"""
        controls = f"""
            <label>iteration <input type="range" min="0" max="{self.n_steps}" value="0" step="1">
            </label>
            <button type="button" class="play">Play</button>"""
        return _page(
            title="EM converging",
            description="Points coloured by their responsibilities, and two ellipses at two "
            "standard deviations, which move from the start to the fit as the iteration is chosen.",
            svg=frame.axes(*self.names) + shapes,
            controls=controls,
            data=data,
            script=_EM_STEPS,
        )


@dataclass(frozen=True, eq=False)
class UrnFractions:
    r"""Many Polya urns, and the Beta distribution that their fractions of white tend to.

    .. math:: \frac{s_n}{n} \to \theta \sim \mathrm{Beta}(w, b)

    The reader chooses the balls at the beginning and the number of draws; the urns are filled
    in the browser, always with the same random numbers until new ones are asked for.

    Parameters
    ----------
    white, black : int from 1 to 20
        Balls at the beginning.
    n_draws : int from 1 to 500
        How many draws to show first.
    n_urns : int >= 1
        How many urns.
    seed : int >= 0
        Where the browser's random numbers begin.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Examples
    --------
    >>> figure = UrnFractions(white=2, black=3)
    >>> "<svg" in figure._repr_html_()
    True
    """

    white: int
    black: int
    n_draws: int = 20
    n_urns: int = 1_000
    seed: int = 1

    def __post_init__(self) -> None:
        for name, top in [("white", 20), ("black", 20), ("n_draws", 500)]:
            value = getattr(self, name)
            if _check.count(value, name) > top:
                raise ValueError(f"{name} must be at most {top}, not {value}")
        _check.count(self.n_urns, "n_urns")
        _check.count(self.seed, "seed", at_least=0)

    def _repr_html_(self) -> str:
        frame = _Frame((0.0, 1.0), (0.0, 6.0))
        data = {"n": self.n_urns, "seed": self.seed, "box": frame.box()}
        shapes = f"""<g class="bars" fill="{BLUE}" fill-opacity="0.45"></g>
            <polyline class="beta" fill="none" stroke="{RED}" stroke-width="2.5"/>"""
        controls = f"""
            <label>white <input class="white" type="range" min="1" max="20" value="{self.white}">
            </label>
            <label>black <input class="black" type="range" min="1" max="20" value="{self.black}">
            </label>
            <label>draws <input class="draws" type="range" min="1" max="500"
              value="{self.n_draws}"></label>
            <button type="button" class="again">New urns</button>"""
        return _page(
            title="Fractions of white in many urns",
            description="A histogram of the fraction of white draws over many urns, and the "
            "density of the Beta distribution to which it tends as the number of draws grows.",
            svg=frame.axes("fraction of white draws", "density") + shapes,
            controls=controls,
            data=data,
            script=_URNS,
        )


@dataclass(frozen=True, eq=False)
class Shrinkage:
    r"""Raw rates against posterior means, while the reader moves the strength of the prior.

    .. math:: \mathrm{E}[\theta_j \mid y] = \frac{s \, m + y_j}{s + n_j}

    with prior mean m and prior strength s = alpha + beta: from no pooling (s = 0, the diagonal) to
    full pooling (s infinite, the horizontal line).

    Parameters
    ----------
    y, n : arrays of shape (J,)
        Successes and trials of every unit, n >= 1.
    highlight : int
        The unit that the words speak of, counted from 0.
    name : str
        What a unit is called.

    Raises
    ------
    ValueError
        If the data are no successes and trials, or `highlight` is no unit.

    Examples
    --------
    >>> figure = Shrinkage([1, 3, 4], [20, 15, 10], highlight=2, name="experiment")
    >>> "<svg" in figure._repr_html_()
    True
    """

    y: ArrayLike = field(repr=False)
    n: ArrayLike = field(repr=False)
    highlight: int
    name: str = "unit"
    strengths: Floats = field(init=False, repr=False)
    log_evidences: Floats = field(init=False, repr=False)
    mean: float = field(init=False)

    def __post_init__(self) -> None:
        y, n = BetaBinomial.check_data(self.y, self.n)
        if (n == 0).any():
            raise ValueError("n must be at least 1: a unit without trials has no raw rate")
        if not 0 <= self.highlight < len(y):
            raise ValueError(f"highlight must be one of {len(y)} units, not {self.highlight}")
        mean = float(y.sum() / n.sum())
        if not 0 < mean < 1:
            raise ValueError("y must hold successes and failures")
        grid = np.geomspace(0.1, 1e4, 101)
        found = [BetaBinomial(mean * s, (1 - mean) * s).log_evidence(y, n) for s in grid]
        set_ = object.__setattr__
        set_(self, "strengths", grid)
        set_(self, "log_evidences", np.array(found))
        set_(self, "mean", mean)

    def _repr_html_(self) -> str:
        y, n = BetaBinomial.check_data(self.y, self.n)
        top = float(np.ceil(20 * (y / n).max() + 0.2) / 20)
        frame = _Frame((-0.01, top), (-0.01, top))
        data = {
            "y": y.tolist(), "n": n.tolist(), "mean": self.mean, "which": self.highlight,
            "name": self.name, "strength": self.strengths.round(4).tolist(),
            "value": self.log_evidences.round(3).tolist(), "box": frame.box(),
        }  # fmt: skip
        best = int(np.argmax(self.log_evidences))
        radii = 2.5 + 5 * np.sqrt(n / n.max())
        dots = "".join(
            f'<circle r="{r:.1f}" fill="{RED if j == self.highlight else BLUE}"/>'
            for j, r in enumerate(radii)
        )
        shapes = f"""<g fill="none" stroke="currentColor" stroke-dasharray="5 4">
            <polyline points="{frame.line([0, top], [0, top])}"/>
            <polyline points="{frame.line([0, top], [self.mean, self.mean])}"/></g>
            <g class="dots" fill-opacity="0.7">{dots}</g>"""
        controls = f"""<label>no pooling <input type="range" min="0" max="100" value="{best}"
              aria-label="strength of the prior, from no pooling to full pooling"
              style="width:16em;vertical-align:middle"> full pooling</label>
            <button type="button" class="best">Highest evidence</button>"""
        return _page(
            title="Raw rates and posterior means",
            description="One dot for each unit: its raw rate across, its posterior mean up, the "
            "larger the more trials it has. With a weak prior all dots lie on the diagonal, with a "
            "strong one on a horizontal line at the pooled rate; small units move first.",
            svg=frame.axes("raw rate", "posterior mean") + shapes,
            controls=controls,
            data=data,
            script=_SHRINKAGE,
        )


@dataclass(frozen=True, eq=False)
class RateMap:
    r"""A map of counties: point at one, or type its name, to read its raw and its shrunken rate.

    Parameters
    ----------
    paths : sequence of J texts
        Outlines, as in ``datasets.load_county_shapes()["path"]``.
    names : sequence of J texts
        What the areas are called.
    events, exposure : arrays of shape (J,)
        Counts, and person-years; NaN where there are no data.
    shrunken : array of shape (J,)
        Posterior means of the rates, in events per unit of exposure; NaN where there are no data.
    borders : sequence of texts
        Outlines drawn on top, for example of the states.

    Raises
    ------
    ValueError
        If the lengths differ, or no area has data.

    Examples
    --------
    >>> squares = ["M0 0l9 0 0 9 -9 0z", "M9 0l9 0 0 9 -9 0z"]
    >>> figure = RateMap(squares, ["Left", "Right"], [1, 3], [2e4, 5e4], [4e-5, 5e-5])
    >>> "<svg" in figure._repr_html_()
    True
    """

    paths: Sequence[str] = field(repr=False)
    names: Sequence[str] = field(repr=False)
    events: ArrayLike = field(repr=False)
    exposure: ArrayLike = field(repr=False)
    shrunken: ArrayLike = field(repr=False)
    borders: Sequence[str] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        for name in ("events", "exposure", "shrunken"):
            _check.shape(_check.numbers(getattr(self, name), name), name, (len(self.paths),))
        if len(self.names) != len(self.paths):
            raise ValueError(f"names must have {len(self.paths)} entries, not {len(self.names)}")
        if np.isnan(_check.numbers(self.events, "events")).all():
            raise ValueError("events must hold data for at least one area")

    def _repr_html_(self) -> str:
        events, exposure, shrunken = (
            _check.numbers(a, "") for a in (self.events, self.exposure, self.shrunken)
        )
        raw = events / exposure
        middle = 1e5 * np.nansum(events) / np.nansum(exposure)
        limits = (middle * np.array([0.5, 0.75, 0.9, 1.1, 1.25, 1.5])).round(1)
        data = {
            "names": list(self.names),
            "events": [None if np.isnan(v) else int(v) for v in events],
            "years": [None if np.isnan(v) else int(v) for v in exposure],
            "mean": [None if np.isnan(v) else round(1e5 * float(v), 2) for v in shrunken],
            "raw": self._classes(1e5 * raw, limits),
            "post": self._classes(1e5 * shrunken, limits),
            "colors": COLORS,
        }
        areas = "".join(f'<path d="{escape(path)}"/>' for path in self.paths)
        lines = "".join(f'<path d="{escape(path)}"/>' for path in self.borders)
        shapes = f"""<g transform="translate(14 -4) scale(.312)">
            <g class="areas" stroke="none">{areas}</g>
            <g fill="none" stroke="#555" stroke-width="1.5" pointer-events="none">{lines}</g>
            <path class="here" fill="none" stroke="currentColor" stroke-width="6"
              pointer-events="none"/></g>"""
        texts = [f"below {limits[0]:g}", *(f"{a:g}" for a in limits)]
        legend = "".join(
            f'<span style="white-space:nowrap"><span style="display:inline-block;width:1em;'
            f'height:1em;background:{color};vertical-align:-.1em"></span> '
            f"{text if k == 0 else 'from ' + text}</span>"
            for k, (color, text) in enumerate(zip(COLORS, texts, strict=True))
        )
        controls = f"""<button type="button" class="which" aria-pressed="false">Show posterior
            means</button><label>find <input type="search" size="18" placeholder="a county"></label>
            <span><span class="title">Raw rates</span>, deaths per 100&nbsp;000
            person-years:</span> {legend}"""
        return _page(
            title="Rates of US counties",
            description="A map of counties coloured by raw rate or by posterior mean. Point at a "
            "county, or type its name, to read its deaths, person-years and both rates.",
            svg=shapes,
            controls=controls,
            data=data,
            script=_RATE_MAP,
        )

    @staticmethod
    def _classes(rates: Floats, limits: Floats) -> str:
        """One digit for each area: the number of its colour, or - without data."""
        found = np.searchsorted(limits, np.nan_to_num(rates), side="right")
        return "".join("-" if np.isnan(r) else str(k) for r, k in zip(rates, found, strict=True))


# ------------------------------------------------------------------------------ drawing


@dataclass(frozen=True)
class _Frame:
    """Axes in pixels: the data's ranges, and where they lie in the picture."""

    x: tuple[float, float]
    y: tuple[float, float]

    def box(self) -> dict[str, float]:
        return {
            "x0": float(self.x[0]), "x1": float(self.x[1]), "y0": float(self.y[0]),
            "y1": float(self.y[1]), "left": LEFT, "right": WIDTH - RIGHT, "top": TOP,
            "bottom": HEIGHT - BOTTOM,
        }  # fmt: skip

    def pixels(self, x: ArrayLike, y: ArrayLike) -> Floats:
        """Return positions of shape (N, 2), rounded to a tenth of a pixel."""
        across = (np.asarray(x, dtype=float) - self.x[0]) / (self.x[1] - self.x[0])
        up = (np.asarray(y, dtype=float) - self.y[0]) / (self.y[1] - self.y[0])
        px = LEFT + across * (WIDTH - LEFT - RIGHT)
        py = HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)
        return np.column_stack([px, py]).round(1)

    def line(self, x: ArrayLike, y: ArrayLike) -> str:
        return " ".join(f"{px:g},{py:g}" for px, py in self.pixels(x, y))

    def axes(self, x_name: str, y_name: str) -> str:
        """Both axes with ticks and names, in the colour of the text around."""
        low, right = HEIGHT - BOTTOM, WIDTH - RIGHT
        marks = [f'<path d="M{LEFT},{TOP}V{low}H{right}" fill="none" stroke="currentColor"/>']
        for tick in _ticks(*self.x):
            px = self.pixels([tick], [self.y[0]])[0, 0]
            marks.append(
                f'<path d="M{px:g},{low}v5" stroke="currentColor"/>'
                f'<text x="{px:g}" y="{low + 18}" text-anchor="middle">{tick:g}</text>'
            )
        for tick in _ticks(*self.y):
            py = self.pixels([self.x[0]], [tick])[0, 1]
            marks.append(
                f'<path d="M{LEFT},{py:g}h-5" stroke="currentColor"/>'
                f'<text x="{LEFT - 8}" y="{py + 4:g}" text-anchor="end">{tick:g}</text>'
            )
        middle, height = (LEFT + right) / 2, (TOP + low) / 2
        marks.append(
            f'<text x="{middle:g}" y="{HEIGHT - 8}" text-anchor="middle">{escape(x_name)}</text>'
            f'<text transform="translate(14 {height:g}) rotate(-90)" text-anchor="middle">'
            f"{escape(y_name)}</text>"
        )
        return f'<g font-size="13" fill="currentColor">{"".join(marks)}</g>'


def _ticks(low: float, high: float) -> list[float]:
    """About five round numbers between two bounds."""
    raw = (high - low) / 5
    power = 10.0 ** np.floor(np.log10(raw))
    step = power * min((1, 2, 5, 10), key=lambda m: abs(m * power - raw))
    first = np.ceil(low / step) * step
    return [float(t) + 0.0 for t in np.arange(first, high + 1e-9 * step, step).round(10)]


def _page(
    *, title: str, description: str, svg: str, controls: str, data: dict[str, Any], script: str
) -> str:
    """One figure: picture, controls, a line that says in words what is seen, and its script."""
    name = f"companion-figure-{next(_numbers)}"
    text = json.dumps(data, separators=(",", ":")).replace("</", "<\\/")
    return f"""<div id="{name}" class="companion-figure" style="max-width:{WIDTH}px;color:inherit">
<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{name}-t {name}-d"
  style="width:100%;height:auto;display:block">
<title id="{name}-t">{escape(title)}</title><desc id="{name}-d">{escape(description)}</desc>
{svg}
</svg>
<div style="display:flex;flex-wrap:wrap;gap:.6em 1em;align-items:center;font-size:.9em">{controls}
</div>
<p class="words" aria-live="polite" style="font-size:.9em;min-height:2.6em;margin:.4em 0"></p>
<script>(function () {{
var root = document.getElementById("{name}"), data = {text};
function one(q) {{ return root.querySelector(q); }}
function all(q) {{ return Array.from(root.querySelectorAll(q)); }}
{script}
}})();</script>
</div>"""


_EM_BOUND = """
var b = data.box, slider = one("input"), old = data.start, step = 0, drawn = false;
function px(v) { return b.left + (v - b.x0) / (b.x1 - b.x0) * (b.right - b.left); }
function py(v) { return b.bottom - (v - b.y0) / (b.y1 - b.y0) * (b.bottom - b.top); }
function at(list, v) {
  var i = (v - b.x0) / (b.x1 - b.x0) * (list.length - 1);
  var k = Math.min(Math.floor(i), list.length - 2);
  return list[k] + (i - k) * (list[k + 1] - list[k]);
}
var here = data.mean[old];
function bound(v) {
  var top = at(data.top, here), c = at(data.count, here) / (2 * data.variance);
  return at(data.value, here) - c * ((v - top) * (v - top) - (here - top) * (here - top));
}
function show() {
  var top = at(data.top, here), seen = drawn ? data.mean : [];
  seen = seen.filter(function (v) { return bound(v) >= b.y0; });
  one(".bound").setAttribute("points", seen.map(function (v) {
    return px(v) + "," + py(bound(v)); }).join(" "));
  one(".old").setAttribute("cx", px(here));
  one(".old").setAttribute("cy", py(at(data.value, here)));
  one(".new").setAttribute("visibility", drawn ? "visible" : "hidden");
  one(".new").setAttribute("cx", px(top));
  one(".new").setAttribute("cy", py(bound(top)));
  one(".gap").setAttribute("visibility", drawn ? "visible" : "hidden");
  one(".gap").setAttribute("x1", px(top));
  one(".gap").setAttribute("x2", px(top));
  one(".gap").setAttribute("y1", py(bound(top)));
  one(".gap").setAttribute("y2", py(at(data.value, top)));
  one(".m").disabled = !drawn;
  slider.value = Math.round((here - b.x0) / (b.x1 - b.x0) * (data.mean.length - 1));
  one(".words").textContent = "M-steps made: " + step + ". Old value " + here.toFixed(2) +
    ", log-likelihood " + at(data.value, here).toFixed(2) + ". " + (drawn ?
    "The bound has its top at " + top.toFixed(2) + "; it rises there by " +
    (bound(top) - at(data.value, here)).toFixed(2) + ", and the log-likelihood by " +
    (at(data.value, top) - at(data.value, here)).toFixed(2) + "; the difference, " +
    (at(data.value, top) - bound(top)).toFixed(2) + ", is the KL divergence there."
    : "Press E to draw the bound that touches the curve there.");
}
slider.addEventListener("input", function () {
  here = data.mean[+slider.value]; step = 0; show();
});
one(".e").addEventListener("click", function () { drawn = true; show(); });
one(".m").addEventListener("click", function () {
  here = at(data.top, here); step += 1; drawn = false; show(); one(".e").focus();
});
show();
"""

_EM_STEPS = """
var slider = one("input"), play = one(".play"), dots = all(".points circle"), timer = null;
var a = [213, 94, 0], b = [47, 143, 207];
function show() {
  var t = +slider.value, shade = data.shades[t];
  all(".ring").forEach(function (ring, k) { ring.setAttribute("points", data.rings[t][k]); });
  dots.forEach(function (dot, n) {
    var r = +shade[n] / 9;
    dot.setAttribute("fill", "rgb(" + a.map(function (v, i) {
      return Math.round(v + r * (b[i] - v)); }).join(",") + ")");
  });
  one(".words").textContent = "Iteration " + t + ": log-likelihood " + data.value[t].toFixed(2) +
    (t ? ", " + (data.value[t] - data.value[t - 1]).toFixed(2) + " more than before." : ".");
}
function stop() { clearInterval(timer); timer = null; play.textContent = "Play"; }
slider.addEventListener("input", function () { stop(); show(); });
play.addEventListener("click", function () {
  if (timer) { stop(); return; }
  if (slider.value === slider.max) { slider.value = 0; }
  play.textContent = "Pause"; show();
  timer = setInterval(function () {
    slider.value = +slider.value + 1; show();
    if (slider.value === slider.max) { stop(); }
  }, 700);
});
show();
"""

_URNS = """
var b = data.box, seed = data.seed;
function px(v) { return b.left + (v - b.x0) / (b.x1 - b.x0) * (b.right - b.left); }
function py(v) { return b.bottom - Math.min(v, b.y1) / b.y1 * (b.bottom - b.top); }
function random(state) {  // mulberry32
  return function () {
    state = (state + 0x6D2B79F5) | 0;
    var t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
function fractions(w, k, n) {
  var next = random(seed), found = [];
  for (var urn = 0; urn < data.n; urn += 1) {
    var s = 0;
    for (var i = 0; i < n; i += 1) { if (next() * (w + k + i) < w + s) { s += 1; } }
    found.push(s / n);
  }
  return found;
}
function density(w, k) {
  var grid = [], values = [], total = 0;
  for (var i = 0; i <= 400; i += 1) {
    var t = (i + 0.5) / 401;
    grid.push(t);
    values.push(Math.exp((w - 1) * Math.log(t) + (k - 1) * Math.log(1 - t)));
    total += values[i] / 401;
  }
  return grid.map(function (t, i) { return [t, values[i] / total]; });
}
function show() {
  var w = +one(".white").value, k = +one(".black").value, n = +one(".draws").value;
  var bins = Math.min(25, n + 1), count = new Array(bins).fill(0), mean = 0, square = 0;
  var found = fractions(w, k, n);
  found.forEach(function (f) {
    var bin = n < 25 ? Math.round(f * n) : Math.floor(f * bins + 1e-9);
    count[Math.min(bin, bins - 1)] += 1;
    mean += f / data.n; square += f * f / data.n;
  });
  one(".bars").innerHTML = count.map(function (c, i) {
    var top = py(c * bins / data.n);
    return '<rect x="' + (px(i / bins) + 0.5) + '" y="' + top + '" width="' +
      (px(1 / bins) - px(0) - 1) + '" height="' + (b.bottom - top) + '"></rect>';
  }).join("");
  one(".beta").setAttribute("points", density(w, k).filter(function (p) {
    return p[1] <= b.y1; }).map(function (p) { return px(p[0]) + "," + py(p[1]); }).join(" "));
  var m = w / (w + k), sd = Math.sqrt(m * (1 - m) / (w + k + 1));
  one(".words").textContent = data.n + " urns that began with " + w + " white and " + k +
    " black, after " + n + " draws: mean " + mean.toFixed(3) + ", standard deviation " +
    Math.sqrt(square - mean * mean).toFixed(3) + ". Beta(" + w + ", " + k + "): mean " +
    m.toFixed(3) + ", standard deviation " + sd.toFixed(3) + ".";
}
all("input").forEach(function (input) { input.addEventListener("input", show); });
one(".again").addEventListener("click", function () { seed += 1; show(); });
show();
"""

_SHRINKAGE = """
var b = data.box, slider = one("input"), dots = all(".dots circle");
var best = data.value.indexOf(Math.max.apply(null, data.value));
function px(v) { return b.left + (v - b.x0) / (b.x1 - b.x0) * (b.right - b.left); }
function py(v) { return b.bottom - (v - b.y0) / (b.y1 - b.y0) * (b.bottom - b.top); }
function show() {
  var s = data.strength[+slider.value], j = data.which;
  var after = data.y.map(function (y, i) { return (s * data.mean + y) / (s + data.n[i]); });
  dots.forEach(function (dot, i) {
    dot.setAttribute("cx", px(data.y[i] / data.n[i]).toFixed(1));
    dot.setAttribute("cy", py(after[i]).toFixed(1));
  });
  slider.setAttribute("aria-valuetext", "prior strength " + s.toPrecision(3));
  one(".words").textContent = "Prior strength " + s.toPrecision(3) + ": as good as " +
    s.toPrecision(3) + " trials. The red " + data.name + " (" + data.y[j] + " of " + data.n[j] +
    ") goes from " + (data.y[j] / data.n[j]).toFixed(3) + " to " + after[j].toFixed(3) +
    ". Log evidence " + data.value[+slider.value].toFixed(2) + ", " +
    (data.value[best] - data.value[+slider.value]).toFixed(2) + " below the highest.";
}
slider.addEventListener("input", show);
one(".best").addEventListener("click", function () { slider.value = best; show(); });
show();
"""

_RATE_MAP = """
var areas = all(".areas path"), posterior = false, button = one(".which");
var pointed = -1;  // a page that moves under a resting pointer is no pointing
function paint() {
  var classes = posterior ? data.post : data.raw;
  areas.forEach(function (area, j) {
    area.setAttribute("fill", classes[j] === "-" ? "#999" : data.colors[+classes[j]]);
  });
  one(".title").textContent = posterior ? "Posterior means" : "Raw rates";
  button.textContent = posterior ? "Show raw rates" : "Show posterior means";
  button.setAttribute("aria-pressed", posterior);
}
function tell(j) {
  one(".here").setAttribute("d", areas[j].getAttribute("d"));
  one(".words").textContent = data.names[j] + ": " + (data.events[j] === null ? "no data." :
    data.events[j] + " deaths in " + data.years[j] + " person-years, raw rate " +
    (1e5 * data.events[j] / data.years[j]).toFixed(2) + ", posterior mean " +
    data.mean[j].toFixed(2) + " per 100000.");
}
["pointerover", "click"].forEach(function (kind) {
  one(".areas").addEventListener(kind, function (event) {
    var j = areas.indexOf(event.target);
    if (j >= 0 && (j !== pointed || kind === "click")) { pointed = j; tell(j); }
  });
});
button.addEventListener("click", function () { posterior = !posterior; paint(); });
one("input").addEventListener("input", function (event) {
  var text = event.target.value.toLowerCase();
  var j = data.names.findIndex(function (name) { return name.toLowerCase().startsWith(text); });
  if (text && j >= 0) { tell(j); }
});
one(".words").textContent = "Point at a county, or type its name.";
paint();
"""
