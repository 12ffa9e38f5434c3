"""How near draws from a box are to a mixture of coins: a part of the box, and all of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from companion.exchangeability import (
    diaconis_freedman_bound,
    nearest_mixture,
    sampling_without_replacement_joint,
)
from companion.interactive._page import BLUE, HALF, RED, RIGHT, Frame, key, page

TICKETS = (2, 4, 8, 12, 16, 24, 32, 48, 64)
DRAWS = (1, 2, 3, 4, 6, 8, 12)
SHARES = {"half": 2, "a quarter": 4}  # of the tickets are ones, where n can be divided so
START = ("half", 16, 4)


@dataclass(frozen=True, eq=False)
class Extendibility:
    r"""Draws without return beside the nearest mixture of coins, for the reader to choose.

    .. math:: \min_\mu \max_A \Bigl| P(A) - \int P_\theta(A) \, d\mu(\theta) \Bigr|

    P is the law of k draws from a box of n tickets. The reader chooses k, n and the share of ones,
    and compares a part of a growing box (k fixed) with the whole (k = n).

    Attributes
    ----------
    found : dict
        By share, tickets and draws: the laws of the number of ones (from the box, and of the
        nearest mixture), the distance, the bound of Diaconis and Freedman (1980), and the chance of
        the nearest mixture, which is one coin.

    Examples
    --------
    >>> figure = Extendibility()
    >>> round(figure.found["half", 2, 2]["distance"], 6)
    0.5
    >>> "<svg" in figure._repr_html_()
    True
    """

    found: dict[tuple[str, int, int], dict[str, Any]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        cases = [
            (name, n, k)
            for name, part in SHARES.items()
            for n in TICKETS
            for k in DRAWS
            if k <= n and n % part == 0
        ]
        object.__setattr__(self, "found", {case: _compared(*case) for case in cases})

    def _repr_html_(self) -> str:
        share, n, k = START
        right, height = HALF[0] - RIGHT, HALF[1]
        frame = Frame((-0.5, max(DRAWS) + 0.5), (0.0, 1.0), right=right, height=height)
        chart = Frame((0.0, float(max(TICKETS))), (0.0, 1.0), right=right, height=height)
        now, bars, empty = self.found[START], "", self._line(share, None)
        for law, shift, color in [("box", -0.4, RED), ("mixture", 0.0, BLUE)]:
            corners = frame.pixels(np.arange(k + 1) + shift, now[law])
            width = frame.pixels([0.4], [0])[0, 0] - frame.pixels([0], [0])[0, 0]
            parts = "".join(
                f'<rect x="{px:g}" y="{py:g}" width="{width:g}" '
                f'height="{frame.height - 46 - py:g}"/>'
                for px, py in corners
            )
            bars += f'<g class="{law}" fill="{color}" fill-opacity="0.8">{parts}</g>'
        (place,) = chart.pixels([n], [now["distance"]])
        shapes = f"""{bars}{key([("box", RED), ("nearest mixture", BLUE)])}"""
        lines = f"""<g fill="none" stroke-width="2">
            <polyline class="whole" points="{chart.line(*empty)}" stroke="{RED}"/>
            <polyline class="part" points="{chart.line(*self._line(share, k))}" stroke="{BLUE}"/>
            <polyline class="bound" points="{chart.line(*self._line(share, k, "bound"))}"
              stroke="{BLUE}" stroke-dasharray="4 4"/></g>
            <circle class="here" r="5" cx="{place[0]:g}" cy="{place[1]:g}" fill="currentColor"/>
            {key([("all tickets drawn", RED), ("some drawn (dashed: bound)", BLUE)])}"""
        options = "".join(f"<option>{name}</option>" for name in SHARES)
        controls = f"""<label>tickets <input class="n" type="range" min="0"
              max="{len(TICKETS) - 1}" value="{TICKETS.index(n)}"></label>
            <label>drawn <input class="k" type="range" min="0" max="{len(DRAWS) - 1}"
              value="{DRAWS.index(k)}"></label>
            <label>ones <select class="share">{options}</select></label>
            <button type="button" class="all">Draw all that can be shown</button>
            <noscript>Here: {k} of {n} tickets drawn, {share} of them ones; distance
            {now["distance"]:.3f}, bound {now["bound"]:.3f}.</noscript>"""
        cases = [
            [list(SHARES).index(name), tickets, draws, *_rounded(case)]
            for (name, tickets, draws), case in self.found.items()
        ]
        return page(
            title="A part of a box, and all of it",
            description="First picture: how many ones there are among the tickets drawn from a "
            "box without return, beside the mixture of coins that comes nearest. Second picture: "
            "the distance between the two against the number of tickets in the box. For a fixed "
            "number of draws, two or more, it falls; if all tickets are drawn, it rises.",
            svg=frame.axes("ones among the drawn", "probability") + shapes,
            beside=chart.axes("tickets in the box", "distance (total variation)") + lines,
            controls=controls,
            data={
                "tickets": TICKETS, "draws": DRAWS, "shares": list(SHARES), "cases": cases,
                "frame": frame.box(), "chart": chart.box(),
            },
            script="extendibility",
        )  # fmt: skip

    def _line(self, share: str, k: int | None, what: str = "distance") -> tuple[Any, Any]:
        """Return the numbers of tickets, and the distances for k draws, or for all of them."""
        points = {
            n: case[what]
            for (name, n, draws), case in self.found.items()
            if name == share and draws == (n if k is None else k)
        }
        return list(points), list(points.values())


def _compared(name: str, n: int, k: int) -> dict[str, Any]:
    joint = sampling_without_replacement_joint(n // SHARES[name], n, k)
    nearest = nearest_mixture(joint)
    ones = np.indices(joint.shape).sum(axis=0).ravel()
    chance = float(nearest.weights @ nearest.thetas)  # in all cases here one coin is as near as any
    s = np.arange(k + 1)
    ways = np.bincount(ones, minlength=k + 1)
    return {
        "box": np.bincount(ones, weights=joint.ravel(), minlength=k + 1),
        "mixture": ways * chance**s * (1 - chance) ** (k - s),
        "distance": nearest.distance,
        "bound": diaconis_freedman_bound(k, n),
        "chance": chance,
    }


def _rounded(case: dict[str, Any]) -> list[Any]:
    return [np.round(value, 4).tolist() for value in case.values()]
