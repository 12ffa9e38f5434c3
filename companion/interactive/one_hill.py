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
from companion.interactive._page import BLUE, GREEN, HALF, RED, RIGHT, Frame, is_text, key, page

DISTANCES = (1.0, 4.0)  # between the means, in standard deviations of the first component
RATIOS = (0.5, 2.0)
ACROSS = (-3.0, 9.0)  # what is seen of the densities, in the same units


def hill_border(distance: float, ratio: float) -> Floats:
    r"""Weights of the first of two Gaussians between which their mixture has two hills.

    .. math:: \lambda \, \mathrm{N}(0, 1) + (1 - \lambda) \, \mathrm{N}(d, r^2)

    Between the means the slope is zero where :math:`\log \lambda / (1 - \lambda) = g(x)`, with

    .. math::

        g(x) = \log \frac{v \, \varphi(v)}{r^2 \, x \, \varphi(x)}, \qquad v = \frac{d - x}{r} .

    From the first mean to the second g falls, but for a rise between the two roots of the cubic
    equation :math:`x (d - x) (x + (d - x) / r^2) = d`, if these are between the means. Log-odds
    between the values of g at these roots it has three times: hill, valley, hill.

    Parameters
    ----------
    distance : float > 0
        d, in standard deviations of the first component.
    ratio : float from 1/1000 to 1000
        r, the standard deviation of the second over that of the first.

    Returns
    -------
    ndarray of shape (2,)
        Lowest and highest weight; NaN where no weight makes two hills.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Notes
    -----
    Robertson and Fryer (1969), *Some descriptive properties of normal mixtures*, Skandinavisk
    Aktuarietidskrift 52, 137-146; Schilling, Watkins and Watkins (2002), *Is human height
    bimodal?*, Am. Stat. 56, 223-229.

    Examples
    --------
    >>> hill_border(3.0, 1.0).round(3)
    array([0.193, 0.807])
    >>> hill_border(2.0, 1.0)
    array([nan, nan])
    >>> hill_border(3.0, 2.0).round(3)  # at d = 1 + r one end is 1 / (1 + r^2)
    array([0.2  , 0.357])
    """
    d, r = _check.positive_scalar(distance, "distance"), _check.positive_scalar(ratio, "ratio")
    _within(r, "ratio", (0.001, 1000.0))
    with np.errstate(under="ignore"):
        return _border(np.array(min(d, 100 * max(1.0, r))), r)  # further out 0 and 1 to all digits


@dataclass(frozen=True, eq=False)
class OneHill:
    r"""The density of two Gaussians, and the map of where it has one hill and where two.

    .. math:: \lambda \, \mathrm{N}(0, 1) + (1 - \lambda) \, \mathrm{N}(d, r^2)

    The reader moves the weight, the distance and the ratio of the spreads; the mixture of the data
    stays on the map.

    Parameters
    ----------
    weight : float between 0 and 1
        :math:`\lambda` of the data.
    distance : float from 1 to 4
        d of the data, in standard deviations of the first component.
    ratio : float from 1/2 to 2
        r of the data, the standard deviation of the second component over that of the first.
    name : str
        What the data are called.

    Attributes
    ----------
    border : ndarray of shape (2,)
        ``hill_border(distance, ratio)``.
    least_distance : float
        The largest d at which no weight makes two hills, with this ratio.
    modes : ndarray of shape (1,) or (2,)
        Where the density has its tops, in standard deviations of the first component from its
        mean.
    valley : float
        The depth of the valley between two hills: below the lower top, over the height of that
        top. 0 where there is one hill.

    Raises
    ------
    ValueError
        If a number lies outside its range, or `name` is no text.

    Examples
    --------
    >>> three_apart = OneHill(0.5, distance=3, ratio=1)
    >>> three_apart.modes.round(2), three_apart.border.round(2)
    (array([0.04, 2.96]), array([0.19, 0.81]))
    >>> OneHill(0.9, distance=3, ratio=1).modes.round(3)
    array([0.004])
    """

    weight: float
    distance: float
    ratio: float
    name: str = "the data"
    border: Floats = field(init=False, repr=False)
    least_distance: float = field(init=False, repr=False)
    modes: Floats = field(init=False, repr=False)
    valley: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        w = _check.fraction(self.weight, "weight")
        d = _within(_check.scalar(self.distance, "distance"), "distance", DISTANCES)
        r = _within(_check.scalar(self.ratio, "ratio"), "ratio", RATIOS)
        is_text(self.name, "name")
        x = _flat_places(w, d, r)
        heights = np.sum(_parts(w, d, r, x), axis=0)
        found = {
            "weight": w, "distance": d, "ratio": r,
            "border": hill_border(d, r), "least_distance": _least_distance(r), "modes": x[::2],
            "valley": float(1 - heights[1] / heights[::2].min()) if len(x) == 3 else 0.0,
        }  # fmt: skip
        for name, value in found.items():
            object.__setattr__(self, name, value)

    def _repr_html_(self) -> str:
        right, height = HALF[0] - RIGHT, HALF[1]
        frame = Frame(ACROSS, (0.0, 1.1), right=right, height=height)
        chart = Frame(DISTANCES, (0.0, 1.0), right=right, height=height)
        w, d, r = self.weight, self.distance, self.ratio
        x, tops = np.linspace(*ACROSS, 121), self.modes
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
            {key([("first", BLUE), ("second", RED)])}"""
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
            <label>ratio of spreads <input type="range" min="{RATIOS[0]:g}"
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


def _within(value: float, name: str, limits: tuple[float, float]) -> float:
    if not limits[0] <= value <= limits[1]:
        raise ValueError(f"{name} must lie between {limits[0]:g} and {limits[1]:g}, not {value:g}")
    return value


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
