"""One hill or two: where a mixture of two Gaussians has two modes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from companion import _check
from companion._check import Floats
from companion.gaussians import GaussianMixture
from companion.interactive._page import BLUE, GREEN, HALF, RED, Frame, is_text, page

DISTANCES = (1.0, 4.0)  # between the means, in standard deviations of the first component
RATIOS = (0.5, 2.0)
ACROSS = (-3.0, 9.0)  # what is seen of the densities, in the same units


@dataclass(frozen=True, eq=False)
class OneHill:
    r"""The density of two Gaussians, and the map of where it has one hill and where two.

    .. math:: \lambda \, \mathrm{N}(0, 1) + (1 - \lambda) \, \mathrm{N}(d, r^2)

    The reader moves the weight, the distance and the ratio of the spreads; the mixture of the data
    stays on the map. Between the means the slope is zero where the log-odds of the weight are

    .. math::

        g(x) = \log \frac{v \, \varphi(v)}{r^2 \, x \, \varphi(x)}, \qquad v = \frac{d - x}{r} .

    From the first mean to the second g falls, but for a rise between the two roots of the cubic
    equation :math:`x (d - x) (x + (d - x) / r^2) = d`, if these are between the means. Log-odds
    that g has at these roots, or between, it has three times: hill, valley, hill.

    Parameters
    ----------
    model : GaussianMixture
        With D = 1 and two components. Their means are 1 to 4 standard deviations of the first
        apart, and the standard deviation of the second is 1/2 to 2 times that of the first.
    name : str
        What the data are called.

    Attributes
    ----------
    weight, distance, ratio : float
        The model's :math:`\lambda`, d and r.
    modes : ndarray of shape (1,) or (2,)
        Where the density has its tops, from left to right, in the units of the data.
    valley : float
        How deep the valley between two hills is: its depth below the lower top, over the height
        of that top. 0 where there is one hill.
    least_distance : float
        The largest d at which no weight makes two hills, with this r.
    border : ndarray of shape (2,)
        Between which weights of the first component there are two hills, with these d and r; NaN
        where there is none.

    Raises
    ------
    ValueError
        If the model has other dimensions or components, or lies outside these ranges.

    Notes
    -----
    Robertson and Fryer (1969), *Some descriptive properties of normal mixtures*, Skandinavisk
    Aktuarietidskrift 52, 137-146; Schilling, Watkins and Watkins (2002), *Is human height
    bimodal?*, Am. Stat. 56, 223-229.

    Examples
    --------
    >>> three_apart = OneHill(GaussianMixture([0.5, 0.5], means=[0, 3], covariances=[1, 1]))
    >>> three_apart.least_distance, three_apart.border.round(2)
    (2.0, array([0.19, 0.81]))
    >>> three_apart.modes.round(2)
    array([0.04, 2.96])
    """

    model: GaussianMixture = field(repr=False)
    name: str = "the data"
    weight: float = field(init=False)
    distance: float = field(init=False)
    ratio: float = field(init=False)
    modes: Floats = field(init=False, repr=False)
    valley: float = field(init=False, repr=False)
    least_distance: float = field(init=False, repr=False)
    border: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _check.dimensions(self.model, 1)
        if self.model.n_components != 2:
            raise ValueError(f"model must have two components, not {self.model.n_components}")
        is_text(self.name, "name")
        sd = np.sqrt(self.model.full_covariances[:, 0, 0])
        first, second = self.model.means[:, 0]
        weight, d, r = (float(v) for v in (
            self.model.weights[0], abs(second / sd[0] - first / sd[0]), sd[1] / sd[0]))  # fmt: skip
        for value, (low, high), what in (
            (d, DISTANCES, "distance of its means"), (r, RATIOS, "standard deviation of its second")
        ):  # fmt: skip
            if not low <= value <= high:
                raise ValueError(
                    f"model: the {what} must be {low:g} to {high:g} standard deviations of its "
                    f"first component, not {value:g}"
                )
        x = _flat_places(weight, d, r)
        heights = np.sum(_parts(weight, d, r, x), axis=0)
        found = {
            "weight": weight, "distance": d, "ratio": r,
            "modes": np.sort(first + np.copysign(sd[0], second - first) * x[::2]),
            "valley": float(1 - heights[1] / heights[::2].min()) if len(x) == 3 else 0.0,
            "least_distance": _least_distance(r), "border": _border(np.array(d), r),
        }  # fmt: skip
        for what, number in found.items():
            object.__setattr__(self, what, number)

    def _repr_html_(self) -> str:
        frame = Frame(ACROSS, (0.0, 1.1), HALF)
        chart = Frame(DISTANCES, (0.0, 1.0), HALF)
        w, d, r = self.weight, self.distance, self.ratio
        x, tops = np.linspace(*ACROSS, 121), _flat_places(w, d, r)[::2]
        heights = np.sum(_parts(w, d, r, tops), axis=0)
        first, second = (frame.line(x, part / heights.max()) for part in _parts(w, d, r, x))
        whole = frame.line(x, np.sum(_parts(w, d, r, x), axis=0) / heights.max())
        two = chart.line(*_wedge(r))
        dots = frame.pixels(tops, heights / heights.max())
        (place,) = chart.pixels([d], [w])
        hills = "two hills" if len(tops) == 2 else "one hill"
        circles = "".join(f'<circle r="4.5" cx="{px:g}" cy="{py:g}"/>' for px, py in dots[[0, -1]])
        shapes = f"""<g fill="none" stroke-width="2"><polyline class="part" points="{first}"
              stroke="{BLUE}" stroke-dasharray="6 3"/>
            <polyline class="part" points="{second}" stroke="{RED}" stroke-dasharray="2 3"/>
            <polyline class="whole" points="{whole}" stroke="currentColor"/></g>
            <g class="tops" fill="{GREEN}">{circles}</g>
            <g font-size="13" text-anchor="end"><text x="308" y="24" fill="{BLUE}">first</text>
            <text x="308" y="40" fill="{RED}">second</text></g>"""
        one_at, two_at = chart.pixels([1.12, 3.93], [0.06, 0.3])
        places = f"""<polygon class="two" points="{two}" fill="currentColor" fill-opacity="0.15"
              stroke="currentColor" stroke-opacity="0.5"/>
            <g font-size="13" fill="currentColor"><text x="{one_at[0]:g}" y="{one_at[1]:g}">one hill
            </text><text x="{two_at[0]:g}" y="{two_at[1]:g}" text-anchor="end">two hills</text></g>
            <path class="data" d="M{place[0]:g},{place[1]:g}m-8 0l8 -8 8 8 -8 8z"
              fill="none" stroke="currentColor" stroke-width="1.5"/>
            <circle class="here" r="4.5" cx="{place[0]:g}" cy="{place[1]:g}" fill="{GREEN}"/>"""
        name = escape(self.name)
        controls = f"""<label>weight of the first <input type="range" min="0.01" max="0.99"
              step="0.005" value="{w}"></label>
            <label>distance <input type="range" min="{DISTANCES[0]:g}" max="{DISTANCES[1]:g}"
              step="0.01" value="{d}"></label>
            <label>ratio of spreads <input class="ratio" type="range" min="{RATIOS[0]:g}"
              max="{RATIOS[1]:g}" step="0.01" value="{r}"></label>
            <button type="button" class="real">&#9671; {name}</button>
            <button type="button" class="equal">equal weights and spreads</button>
            <noscript>Here: {name}, {hills}. Weight of the first {w:.3f}, distance {d:.2f}, ratio
            of spreads {r:.2f}.</noscript>"""
        return page(
            title="One hill or two?",
            description="First picture: the density of a mixture of two Gaussians, scaled so that "
            "its highest top is at one, its two parts, and a dot on each top. Second picture: a "
            "map, the distance of the means across, the weight of the first part up. In the grey "
            "wedge, which opens to the right, there are two hills, outside there is one. A dot "
            f"marks the mixture of the first picture, a diamond {self.name}: {hills}.",
            svg=frame.axes("standard deviations of the first", "density (top = 1)") + shapes,
            beside=chart.axes("distance of the means", "weight of the first") + places,
            controls=controls,
            data={
                "name": self.name, "real": [w, d, r], "frame": frame.box(), "chart": chart.box(),
            },
            script="one_hill",
        )  # fmt: skip


def _parts(weight: float, d: float, r: float, x: Floats) -> tuple[Floats, Floats]:
    """Both weighted densities at x, but for a factor that they share."""
    return weight * np.exp(-(x**2) / 2), (1 - weight) / r * np.exp(-(((x - d) / r) ** 2) / 2)


def _log_odds(d: Floats, r: float, x: Floats) -> Floats:
    """Log-odds of the weight with which the density has no slope at x, between the means."""
    v = (d - x) / r
    return np.asarray(np.log(v / x) - 2 * np.log(r) + (x - v) * (x + v) / 2)


def _cubic(y: Floats, r: float) -> Floats:
    """Return what is 1 / d^2 where the log-odds turn, at x = d y: one hill between 0 and 1."""
    return y * (1 - y) * (y + (1 - y) / r**2)


def _top(r: float) -> float:
    k = r**-2
    return float(k / (2 * k - 1 + np.sqrt(1 - k + k**2)))


def _least_distance(r: float) -> float:
    return float(_cubic(np.array(_top(r)), r) ** -0.5)


def _turns(d: Floats, r: float) -> Floats:
    """Where the log-odds turn, of shape (2, ...): NaN where they fall all the way."""
    top = np.full(np.shape(d), _top(r))
    low = _bisect(lambda y: _cubic(y, r) * d**2 < 1, 0 * top, top)
    high = _bisect(lambda y: _cubic(y, r) * d**2 > 1, top, 0 * top + 1)
    return np.where(_cubic(top, r) * d**2 > 1, d * np.array([low, high]), np.nan)


def _border(d: Floats, r: float) -> Floats:
    """Weights between which there are two hills, of shape (2, ...), or NaN."""
    return np.asarray(expit(_log_odds(d, r, _turns(d, r))))


def _flat_places(weight: float, d: float, r: float) -> Floats:
    """Where the density has no slope: one top, or top, bottom, top."""
    with np.errstate(divide="ignore"):
        level = np.log(weight) - np.log1p(-weight)
    turns = _turns(np.array(d), r)
    low, high = _log_odds(np.array(d), r, turns)

    def rises(x: Floats) -> NDArray[Any]:
        return np.asarray(_log_odds(np.array(d), r, x) > level)

    if not low < level < high:
        return _bisect(rises, np.zeros(1), np.full(1, d))
    ends = np.array([0.0, *turns, d])
    is_bottom = np.array([False, True, False])
    return _bisect(lambda x: rises(x) != is_bottom, ends[:-1], ends[1:])


def _bisect(is_left: Callable[[Floats], NDArray[Any]], low: Floats, high: Floats) -> Floats:
    """Where a condition ends that holds from `low` on."""
    for _ in range(60):
        middle = (low + high) / 2
        left = is_left(middle)
        low, high = np.where(left, middle, low), np.where(left, high, middle)
    return np.asarray((low + high) / 2)


def _wedge(r: float) -> tuple[Floats, Floats]:
    """Distances and weights around all mixtures with two hills, as far as the map reaches."""
    least, last = _least_distance(r), DISTANCES[1]
    d = least + (last - least) * np.linspace(0, 1, 61)[1:] ** 2  # dense at the tip
    low, high = _border(d, r)
    tip = expit(_log_odds(np.array(least), r, np.array(least * _top(r))))
    return np.concatenate([d[::-1], [least], d]), np.concatenate([low[::-1], [tip], high])
