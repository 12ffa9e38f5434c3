"""Fractions of white in many urns, filled while the reader looks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from companion import _check
from companion._check import Floats
from companion.interactive._page import BLUE, RED, Frame, page, uniforms


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
    n_urns : int from 1 to 100 000
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
        for name, top in [("white", 20), ("black", 20), ("n_draws", 500), ("n_urns", 100_000)]:
            _check.count(getattr(self, name), name, at_most=top)
        _check.count(self.seed, "seed", at_least=0)

    def _seen(self) -> Floats:
        """Numbers of white among the draws of every urn, those that a browser begins with."""
        found = []
        for first in range(0, self.n_urns, 2_000):  # a few at a time: the numbers take much room
            size = min(2_000, self.n_urns - first)
            seed = self.seed + 0x6D2B79F5 * first * self.n_draws
            numbers = uniforms(seed, size * self.n_draws).reshape(size, self.n_draws)
            seen = np.zeros(size)
            for i in range(self.n_draws):
                seen += numbers[:, i] * (self.white + self.black + i) < self.white + seen
            found.append(seen)
        return np.concatenate(found)

    def _drawn(self, frame: Frame) -> tuple[str, str]:
        """Return the bars of the histogram and the points of the density, as scripts draw them."""
        n_bins, seen = min(25, self.n_draws + 1), self._seen()
        each = seen if self.n_draws < 25 else np.floor(seen / self.n_draws * n_bins)
        count = np.bincount(each.clip(max=n_bins - 1).astype(int), minlength=n_bins)
        edges = frame.pixels(np.arange(n_bins + 1) / n_bins, np.zeros(n_bins + 1))[:, 0]
        tops = frame.pixels(np.zeros(n_bins), (count * n_bins / self.n_urns).clip(max=6))[:, 1]
        bottom = frame.box()["bottom"]
        bars = "".join(
            f'<rect x="{left + 0.5:g}" y="{top:g}" width="{right - left - 1:g}" '
            f'height="{bottom - top:g}"/>'
            for left, right, top in zip(edges, edges[1:], tops, strict=False)
        )
        grid = (np.arange(401) + 0.5) / 401
        value = grid ** (self.white - 1) * (1 - grid) ** (self.black - 1)
        value *= 401 / value.sum()
        return bars, frame.line(grid[value <= 6], value[value <= 6])

    def _repr_html_(self) -> str:
        frame = Frame((0.0, 1.0), (0.0, 6.0))
        bars, curve = self._drawn(frame)
        data = {"n": self.n_urns, "seed": self.seed, "box": frame.box()}
        shapes = f"""<g class="bars" fill="{BLUE}" fill-opacity="0.45"
              stroke="{BLUE}">{bars}</g>
            <polyline class="beta" points="{curve}" fill="none" stroke="{RED}"
              stroke-width="2.5"/>"""
        controls = f"""
            <label>white <input class="white" type="range" min="1" max="20" value="{self.white}">
            </label>
            <label>black <input class="black" type="range" min="1" max="20" value="{self.black}">
            </label>
            <label>draws <input class="draws" type="range" min="1" max="500"
              value="{self.n_draws}"></label>
            <button type="button" class="again">New urns</button>"""
        return page(
            title="Fractions of white in many urns",
            description="A histogram of the fraction of white draws over many urns, and the "
            "density of the Beta distribution to which it tends as the number of draws grows.",
            svg=frame.axes("fraction of white draws", "density") + shapes,
            controls=controls,
            data=data,
            script="urn_fractions",
        )
