"""EM in two dimensions, one iteration at a time."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from companion import _check
from companion._check import Floats
from companion.em import fit
from companion.gaussians import GaussianMixture
from companion.interactive._page import BLUE, RED, Frame, blend, is_text, page
from companion.plotting import covariance_ellipse


@dataclass(frozen=True, eq=False)
class EMSteps:
    """EM for a mixture in two dimensions, one step at a time: points, ellipses, log-likelihood.

    Parameters
    ----------
    start : GaussianMixture
        With D = 2 and two components.
    x : array of shape (N, 2)
        Points.
    n_steps : int from 1 to 1000
        How many steps of EM to show.
    names : pair of texts
        The axes.

    Raises
    ------
    ValueError
        If the model does not have two components in two dimensions, or a number is out of its
        range.

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
        if [getattr(self.start, f"n_{what}", 0) for what in ("components", "dimensions")] != [2, 2]:
            raise ValueError("start must have two components in two dimensions")
        _check.count(self.n_steps, "n_steps", at_most=1_000)
        if isinstance(self.names, str) or len(self.names) != 2:
            raise ValueError(f"names must be two texts, not {self.names!r}")
        for name in self.names:
            is_text(name, "names")
        models, values = [self.start], []
        with np.errstate(under="ignore"):
            for _ in range(self.n_steps):
                run = fit(models[-1], self.x, tol=0, max_iter=1)
                models.append(run.model)
                values.append(run.log_likelihoods[0])
            values.append(models[-1].log_likelihood(self.x))
        object.__setattr__(self, "models", tuple(models))
        object.__setattr__(self, "log_likelihoods", np.array(values))

    def _repr_html_(self) -> str:
        x = _check.points(self.x, "x")
        ellipses = [
            [covariance_ellipse(m.means[k], m.full_covariances[k]) for k in (0, 1)]
            for m in self.models
        ]
        seen = np.concatenate([x, *itertools.chain(*ellipses)])
        margin = 0.03 * np.ptp(seen, axis=0)
        low, high = seen.min(axis=0) - margin, seen.max(axis=0) + margin
        frame = Frame((low[0], high[0]), (low[1], high[1]))
        rings = [[frame.line(*ellipse.T) for ellipse in pair] for pair in ellipses]
        shades = ["".join(np.round(9 * m.responsibilities(x)[:, 1]).astype(int).astype(str))
                  for m in self.models]  # fmt: skip
        data = {
            "colors": [list(bytes.fromhex(color[1:])) for color in (BLUE, RED)],
            "rings": rings,
            "shades": shades,
            "value": self.log_likelihoods.round(2).tolist(),
        }
        points = "".join(
            f'<circle cx="{px:g}" cy="{py:g}" r="3.2" fill="{blend(int(shade) / 9)}"/>'
            for (px, py), shade in zip(frame.pixels(x[:, 0], x[:, 1]), shades[0], strict=True)
        )
        box = frame.box()
        area = box["left"], box["top"], box["right"] - box["left"], box["bottom"] - box["top"]
        left, top, wide, tall = (f"{value:g}" for value in area)
        shapes = f"""<svg x="{left}" y="{top}" width="{wide}" height="{tall}"
              viewBox="{left} {top} {wide} {tall}"><g class="points">{points}</g>
            <polygon class="ring" points="{rings[0][0]}" fill="none" stroke="{BLUE}"
              stroke-width="2.5"/>
            <polygon class="ring" points="{rings[0][1]}" fill="none" stroke="{RED}"
              stroke-width="2.5" stroke-dasharray="7 4"/></svg>"""
        controls = f"""
            <label>iteration <input type="range" min="0" max="{self.n_steps}" value="0" step="1">
            </label>
            <button type="button" class="play">Play</button>"""
        return page(
            title="EM converging",
            description="Points coloured by their responsibilities, and two ellipses at two "
            "standard deviations, which move from the start to the fit as the iteration is chosen.",
            svg=frame.axes(*self.names) + shapes,
            controls=controls,
            data=data,
            script="em_steps",
        )
