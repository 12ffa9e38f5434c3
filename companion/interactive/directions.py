"""Two directions of one divergence: what the closest independent normal looks like."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from companion import _check
from companion._check import Floats
from companion.interactive._page import BLUE, HALF, RED, RIGHT, Frame, page

LARGEST = 0.95  # correlation, of either sign
STEP = 0.05  # of the slider
REACH = (-3.2, 3.2)  # of both coordinates
WIDTHS = (0.2, 1.6)  # standard deviations of q, as far as they are drawn
NATS = (0.0, 3.0)


def both_divergences(correlation: float, sd: float) -> tuple[float, float]:
    r"""Both divergences between two independent normals and two correlated ones.

    The target p has standard deviations 1 and a correlation, q has no correlation and two equal
    standard deviations s:

    .. math::

        \mathrm{KL}(q \,\|\, p) = \frac{s^2}{1 - \rho^2} - 1 - 2 \log s
        + \tfrac12 \log (1 - \rho^2), \qquad
        \mathrm{KL}(p \,\|\, q) = \frac{1}{s^2} - 1 + 2 \log s - \tfrac12 \log (1 - \rho^2)

    Parameters
    ----------
    correlation : float from -0.95 to 0.95
        :math:`\rho`, of the target.
    sd : float > 0
        s, of the approximation.

    Returns
    -------
    to_target, from_target : float
        KL(q || p) and KL(p || q), in nats.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> both_divergences(0.0, 1.0)
    (0.0, 0.0)
    """
    rho, s = _within(correlation), _check.positive_scalar(sd, "sd")
    left = 1 - rho**2
    to_target, from_target = _both(left, np.array(s))
    return float(to_target), float(from_target)


@dataclass(frozen=True)
class Directions:
    r"""A correlated normal, and the independent one that is closest to it, in both directions.

    .. math:: \arg\min_q \mathrm{KL}(q \,\|\, p), \qquad \arg\min_q \mathrm{KL}(p \,\|\, q)

    The reader chooses the correlation of the target p, whose standard deviations are 1.

    Parameters
    ----------
    correlation : float from -0.95 to 0.95
        That of the target at the beginning.

    Attributes
    ----------
    narrow : float
        Standard deviation of the q with the smallest KL(q || p): :math:`\sqrt{1 - \rho^2}`, that
        of one coordinate when the other is known.
    cost : float
        The divergence that is left, in nats: :math:`-\tfrac12 \log (1 - \rho^2)`, the mutual
        information of the two coordinates. It is the same in the other direction, at 1.

    Raises
    ------
    ValueError
        If `correlation` is out of its range.

    Notes
    -----
    Bishop (2006), *Pattern Recognition and Machine Learning*, section 10.1.2 and figure 10.2.

    Examples
    --------
    >>> figure = Directions(correlation=0.8)
    >>> round(figure.narrow, 3), round(figure.cost, 3)
    (0.6, 0.511)
    """

    correlation: float = 0.8
    narrow: float = field(init=False, repr=False)
    cost: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        rho = _within(self.correlation)
        object.__setattr__(self, "correlation", rho)
        object.__setattr__(self, "narrow", float(np.sqrt(1 - rho**2)))
        object.__setattr__(self, "cost", both_divergences(rho, self.narrow)[0])

    def _repr_html_(self) -> str:
        right, height = HALF[0] - RIGHT, HALF[1]
        plane = Frame(REACH, REACH, right=right, height=height)
        chart = Frame(WIDTHS, NATS, right=right, height=height)
        rho, s = self.correlation, np.linspace(*WIDTHS, 141)
        t = np.linspace(0, 2 * np.pi, 73)
        rings = ""
        for radius in (1, 2):
            p = radius * _ellipse(rho, t)
            rings += f"""<polyline class="p" points="{plane.line(*p)}" stroke="currentColor"
                stroke-width="2"/>"""
            for name, color, dash, sd in (
                ("q", BLUE, "none", self.narrow), ("r", RED, "6 3", 1.0)
            ):  # fmt: skip
                ring = radius * sd * np.array([np.cos(t), np.sin(t)])
                rings += f"""<polyline class="{name}" points="{plane.line(*ring)}"
                    stroke="{color}" stroke-dasharray="{dash}" stroke-width="2"/>"""
        curves, dots = "", ""
        for values, at, color, dash in zip(
            _both(1 - rho**2, s), (self.narrow, 1.0), (BLUE, RED), ("none", "6 3"), strict=True
        ):
            high = np.minimum(values, NATS[1])
            curves += f"""<polyline class="cost" points="{chart.line(s, high)}" stroke="{color}"
                stroke-dasharray="{dash}"/>"""
            px, py = chart.pixels([at], [self.cost])[0]
            dots += f'<circle r="4.5" cx="{px:g}" cy="{py:g}" fill="{color}"/>'
        words = f"""<g font-size="13"><text x="{chart.right}" y="24" text-anchor="end"
            fill="{BLUE}">KL(q || p)</text><text x="{chart.right}" y="42" text-anchor="end"
            fill="{RED}">KL(p || q), dashed</text></g>"""
        controls = f"""<label>correlation of the target <input type="range" min="{-LARGEST:g}"
              max="{LARGEST:g}" step="{STEP:g}" value="{rho:g}"></label>
            <noscript>Here: correlation {rho:.2f}. Standard deviation of the closest q by
            KL(q || p): {self.narrow:.2f}; by KL(p || q): 1. What is left: {self.cost:.2f} nats.
            </noscript>"""
        return page(
            title="The closest independent normal, in two directions",
            description="First picture: ellipses of one and two standard deviations of two "
            "correlated coordinates; circles, full, of the independent normal with the smallest "
            "KL(q || p), which cross the ellipses where these meet the axes; and "
            "circles, dashed, of that with the smallest KL(p || q), which have the target's own "
            "standard deviations. Second picture: both divergences over the standard deviation "
            "of q; dots mark their lowest points, which are equally high.",
            svg=plane.axes("first coordinate", "second coordinate") + f'<g fill="none">{rings}</g>',
            beside=chart.axes("standard deviation of q", "nats")
            + f'<g fill="none" stroke-width="2">{curves}</g><g class="low">{dots}</g>{words}',
            controls=controls,
            data={"plane": plane.box(), "chart": chart.box()},
            script="directions",
        )


def _within(value: float) -> float:
    rho = _check.scalar(value, "correlation")
    if not abs(rho) <= LARGEST:
        raise ValueError(f"correlation must lie between -{LARGEST:g} and {LARGEST:g}, not {rho:g}")
    return rho


def _both(left: float, s: Floats) -> tuple[Floats, Floats]:
    """KL(q || p) and KL(p || q), where 1 - rho^2 is left."""
    logs = 2 * np.log(s) - 0.5 * np.log(left)
    return s**2 / left - 1 - logs, 1 / s**2 - 1 + logs


def _ellipse(rho: float, t: Floats) -> Floats:
    """Points one standard deviation from the middle: (2, T)."""
    first = np.cos(t)
    return np.array([first, rho * first + np.sqrt(1 - rho**2) * np.sin(t)])
