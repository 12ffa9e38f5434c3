"""Raw rates and posterior means, under a prior as strong as the reader likes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from companion._check import Floats
from companion.hierarchical import BetaBinomial
from companion.interactive._page import BLUE, RED, Frame, is_index, is_text, page


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
        is_text(self.name, "name")
        if not is_index(self.highlight, len(y)):
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
        frame = Frame((-0.01, top), (-0.01, top))
        data = {
            "y": y.tolist(), "n": n.tolist(), "mean": self.mean, "which": self.highlight,
            "name": self.name, "strength": self.strengths.round(4).tolist(),
            "value": self.log_evidences.round(3).tolist(), "box": frame.box(),
        }  # fmt: skip
        best = int(np.argmax(self.log_evidences))
        s = self.strengths[best]
        places = frame.pixels(y / n, (s * self.mean + y) / (s + n))
        radii = 2.5 + 5 * np.sqrt(n / n.max())
        colors = [RED if j == self.highlight else BLUE for j in range(len(y))]
        dots = "".join(
            f'<circle cx="{x:g}" cy="{up:g}" r="{r:.1f}" fill="{color}" stroke="{color}"/>'
            for (x, up), r, color in zip(places, radii, colors, strict=True)
        )
        shapes = f"""<g fill="none" stroke="currentColor" stroke-dasharray="5 4">
            <polyline points="{frame.line([0, top], [0, top])}"/>
            <polyline points="{frame.line([0, top], [self.mean, self.mean])}"/></g>
            <g class="dots" fill-opacity="0.7">{dots}</g>"""
        controls = f"""<label>no pooling <input type="range" min="0" max="100" value="{best}"
              aria-label="strength of the prior, from no pooling to full pooling"
              style="width:16em;vertical-align:middle"> full pooling</label>
            <button type="button" class="best">Highest evidence</button>"""
        return page(
            title="Raw rates and posterior means",
            description="One dot for each unit: its raw rate across, its posterior mean up, the "
            "larger the more trials it has. With a weak prior all dots lie on the diagonal, with a "
            "strong one on a horizontal line at the pooled rate; small units move first.",
            svg=frame.axes("raw rate", "posterior mean") + shapes,
            controls=controls,
            data=data,
            script="shrinkage",
        )
