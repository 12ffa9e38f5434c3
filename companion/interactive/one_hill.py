"""One hill or two: when a mixture of two Gaussians has two modes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.special import expit

from companion import _check
from companion._check import Floats
from companion.interactive._page import BLUE, GREEN, LEFT, RED, RIGHT, WIDTH, Frame, is_text, page

FARTHEST = 5.0  # distance of the means, in standard deviations of the first component
WIDEST = 2.0  # ratio of the standard deviations, or one over it


def hill_border(distance: float, ratio: float) -> Floats:
    r"""Weights of the first of two Gaussians between which their mixture has two hills.

    .. math:: \lambda \, \mathrm{N}(0, 1) + (1 - \lambda) \, \mathrm{N}(d, r^2)

    A slope is zero where :math:`\log \lambda / (1 - \lambda) = g(x)`, with

    .. math:: g(x) = \log \frac{(d - x) \, \varphi((x - d) / r)}{r^3 \, x \, \varphi(x)}, \qquad
        0 < x < d .

    That is three times instead of once if :math:`\lambda` lies between the values of g where g
    turns: at the roots of a cubic.

    Parameters
    ----------
    distance : float > 0
        d, in standard deviations of the first component.
    ratio : float > 0
        r, the standard deviation of the second over that of the first.

    Returns
    -------
    ndarray of shape (2,)
        Lowest and highest weight; NaN where no weight makes two hills.

    Raises
    ------
    ValueError
        If an argument is not positive.

    Notes
    -----
    Robertson and Fryer (1969), *Some descriptive properties of normal mixtures*, Scandinavian
    Actuarial Journal, 137-146.

    Examples
    --------
    >>> hill_border(3.0, 1.0).round(3)
    array([0.193, 0.807])
    >>> hill_border(2.0, 1.0)
    array([nan, nan])
    """
    d = _check.positive_scalar(distance, "distance")
    r = _check.positive_scalar(ratio, "ratio")
    k = r**-2
    roots = np.roots([k - 1, (1 - 2 * k) * d, k * d**2, -d])
    turns = np.sort(roots[(abs(roots.imag) < 1e-9 * d) & (roots.real > 0) & (roots.real < d)].real)
    if len(turns) < 2 or np.ptp(turns) < 1e-6 * d:  # a double root is no pair of turns
        return np.full(2, np.nan)
    g = np.log((d - turns) / turns) - 3 * np.log(r) + (turns**2 - ((turns - d) / r) ** 2) / 2
    return np.asarray(expit(g))


@dataclass(frozen=True, eq=False)
class OneHill:
    r"""The density of two Gaussians, and the map of where it has one hill and where two.

    .. math:: \lambda \, \mathrm{N}(0, 1) + (1 - \lambda) \, \mathrm{N}(d, r^2)

    The reader moves the weight, the distance and the ratio of the spreads; a real mixture stands
    on the map beside them.

    Parameters
    ----------
    weight : float between 0 and 1
        Of the real mixture's first component.
    distance : float from 0 to 5
        Of its means, in standard deviations of the first component.
    ratio : float from 1/2 to 2
        The standard deviation of the second component over that of the first.
    name : str
        What the real mixture is called.

    Raises
    ------
    ValueError
        If a number lies outside these ranges.

    Examples
    --------
    >>> OneHill(0.485, 2.18, 1.12, "Galton's children").weights.round(2)
    array([0.44, 0.45])
    """

    weight: float
    distance: float
    ratio: float
    name: str
    weights: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for name, low, high in (
            ("weight", 0.0, 1.0), ("distance", 0.0, FARTHEST), ("ratio", 1 / WIDEST, WIDEST),
        ):  # fmt: skip
            value = _check.positive_scalar(getattr(self, name), name)
            if not low <= value <= high:
                raise ValueError(f"{name} must lie between {low:g} and {high:g}, not {value:g}")
            object.__setattr__(self, name, value)
        is_text(self.name, "name")
        object.__setattr__(self, "weights", hill_border(self.distance, self.ratio))

    def _repr_html_(self) -> str:
        middle = (LEFT + WIDTH - RIGHT) // 2
        density = Frame((-3.5, FARTHEST + 3.5), (0, 1.05), right=middle - 12)
        chart = Frame((0, FARTHEST), (0, 1), left=middle + LEFT - 8)
        (mark,) = chart.pixels([self.distance], [self.weight])
        shapes = f"""<polyline class="part" fill="none" stroke="{BLUE}" stroke-width="2"/>
            <polyline class="part" fill="none" stroke="{RED}" stroke-width="2"
              stroke-dasharray="7 4"/>
            <polyline class="sum" fill="none" stroke="currentColor" stroke-width="2"/>
            <g class="tops" fill="{GREEN}"><circle r="5"/><circle r="5"/></g>
            <polygon class="two" fill="currentColor" fill-opacity="0.2"/>
            <path class="mark" d="M{mark[0]:g},{mark[1]:g}m-6,0l6,-6l6,6l-6,6z" fill="{BLUE}"/>
            <circle class="here" r="6" fill="none" stroke="{RED}" stroke-width="3"/>"""
        controls = f"""<label>weight of the first <input class="weight" type="range"
              min="0.01" max="0.99" step="0.005" value="0.5"></label>
            <label>distance of the means <input class="distance" type="range"
              min="0.1" max="{FARTHEST:g}" step="0.01" value="3"></label>
            <label>ratio of the spreads <input class="ratio" type="range"
              min="-1" max="1" step="0.01" value="0"></label>
            <button type="button" class="real"></button>"""
        return page(
            title="One hill or two?",
            description="Left, the density of a mixture of two Gaussians, its two parts and its "
            "hills. Right, a map: the distance of the means across, the weight of the first up; "
            "in the grey wedge there are two hills. A diamond marks a real mixture.",
            svg=density.axes("x", "density, its top at 1")
            + chart.axes("distance", "weight")
            + shapes,
            controls=controls,
            data={
                "density": density.box(),
                "chart": chart.box(),
                "name": self.name,
                "real": [self.weight, self.distance, self.ratio],
            },
            script="one_hill",
        )
