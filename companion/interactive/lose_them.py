"""Gaps that the reader makes, and four estimates of a mean in spite of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from companion import _check
from companion._check import Floats
from companion.interactive._contest import LEAST, chances, contest, measured, standardised
from companion.interactive._page import BLUE, RED, WIDTH, Frame, decimals, page, short, uniforms

CONTESTANTS = ("recipe", "complete rows", "EM", "proper imputation")
MECHANISMS = {
    "random": "completely at random", "x": "the likelier the larger x",
    "y": "the likelier the larger y",
}  # fmt: skip
START = ("x", 2.0, 0.5)  # mechanism, log-odds for a standard deviation, share
TABLES = 20  # imputations
BEND, REACH = 0.4, 1.2  # the largest bend, and half the axis of means, in standard deviations of y
BORDER = 370  # pixels
COLUMNS = ("estimate by", "mean of y", "95 % interval", "truth", "sd of y", "r")


@dataclass(frozen=True, eq=False)
class LoseThem:
    r"""Points whose y the reader loses, and four estimates of the mean of y beside the truth.

    The reader chooses on what the losses depend, how strongly, and how many there are; or takes
    single points; and bends the truth, which the line of the contest is not:

    .. math:: y_n + c \, s_y (u_n^2 - 1), \qquad u_n = (x_n - \bar x) / s_x

    The truth is the mean of all N of y before the loss, which no bend changes.

    Parameters
    ----------
    x, y : arrays of shape (N,)
        Points, 10 to 500; no x and no y five times.
    seed : int >= 0
        Where the random numbers begin.

    Raises
    ------
    ValueError
        If the data are no such points, or the seed is no such number.

    Examples
    --------
    >>> x, e = np.random.default_rng(1).normal(size=(2, 60))
    >>> "<svg" in LoseThem(x, 0.8 * x + 0.6 * e)._repr_html_()
    True
    """

    x: ArrayLike = field(repr=False)
    y: ArrayLike = field(repr=False)
    seed: int = 1

    def __post_init__(self) -> None:
        x, y = _check.finite(self.x, "x"), _check.finite(self.y, "y")
        if x.ndim != 1 or not 10 <= len(x) <= 500:
            raise ValueError(f"x must have shape (N,), N from 10 to 500, not {x.shape}")
        _check.shape(y, "y", x.shape)
        for name, values in (("x", x), ("y", y)):
            if np.unique(values, return_counts=True)[1].max() >= LEAST:
                raise ValueError(f"{name} must not hold a number {LEAST} times")
        _check.count(self.seed, "seed", at_least=0)

    def _lose(
        self, mechanism: str, strength: float, share: float, bend: float = 0.0
    ) -> tuple[Floats, NDArray[np.bool_]]:
        """Standardised y, bent, and which of them are lost at first; see the figure's controls."""
        u = standardised(self.x)[0]
        y = standardised(self.y)[0] + bend * (u**2 - 1)
        z = {"random": 0 * u, "x": u, "y": standardised(y)[0]}[mechanism]
        return y, uniforms(self.seed, len(y)) < chances(z, strength, share)

    def _normals(self) -> Floats:
        """Draws for :func:`contest`, of shape (20, 2 N + 1)."""
        n = len(standardised(self.x)[0])
        u = uniforms(self.seed, n + 2 * TABLES * (2 * n + 1))[n:].reshape(TABLES, -1, 2)
        return np.asarray(np.sqrt(-2 * np.log1p(-u[..., 0])) * np.cos(2 * np.pi * u[..., 1]))

    def _repr_html_(self) -> str:
        (u, x_mean, x_sd), (v, centre, scale) = standardised(self.x), standardised(self.y)
        y, lost = self._lose(*START)
        found = contest(u, np.where(lost, np.nan, y), self._normals())
        held = (found[:, 1] < 0) & (found[:, 2] > 0)  # standardised, the truth is 0
        bent = np.concatenate([v - BEND * (u**2 - 1), v + BEND * (u**2 - 1)])
        across, up = (np.array([z.min() - 0.2, z.max() + 0.2]) for z in (u, bent))
        means = np.array([-REACH, REACH])
        # The script works with standardised numbers; the axes show those that were given.
        left, right = _frames(across, up, means)
        axes = _frames(x_mean + x_sd * across, centre + scale * up, centre + scale * means)
        dots, lines, body = "", "", ""
        head = "".join(f'<th scope="col">{text}</th>' for text in COLUMNS)
        for (px, py), gone in zip(left.pixels(u, y), lost, strict=True):
            fill, stroke = ("none", RED) if gone else (BLUE, BLUE)
            dots += f'<circle cx="{px:g}" cy="{py:g}" r="4.5" fill="{fill}" stroke="{stroke}"/>'
        for k, name in enumerate(CONTESTANTS):
            (at, py), (a, _), (b, _) = right.pixels(found[k, :3].clip(*means), [k + 0.6] * 3)
            lines += f"""<g class="way" stroke="{BLUE if held[k] else RED}">
                <line x1="{a:g}" x2="{b:g}" y1="{py:g}" y2="{py:g}" stroke-width="4"/>
                <circle cx="{at:g}" cy="{py:g}" r="5"/><text x="{BORDER + 6}" y="{py - 14:g}"
                  stroke="none">{name}</text></g>"""
        places = max(0, decimals(scale, 2))
        for k, row in enumerate([measured(u, y), *found]):
            middle, low, high = (f"{centre + scale * value:.{places}f}" for value in row[:3])
            ends = (f"{low} to {high}", "held" if held[k - 1] else "missed") if k else ("", "")
            texts = [middle, *ends, f"{scale * row[3]:.{places}f}", f"{row[4]:.2f}"]
            body += f'<tr><th scope="row">{["before the loss", *CONTESTANTS][k]}</th>'
            body += "".join(f"<td>{text}</td>" for text in texts) + "</tr>"
        options = "".join(
            f'<option value="{kind}"{" selected" * (kind == START[0])}>{text}</option>'
            for kind, text in MECHANISMS.items()
        )
        order = np.argsort(u)
        (ring,) = left.pixels(u[order[:1]], y[order[:1]])
        fit = left.line(across, found[2, 0] + found[2, 3] * found[2, 4] * across)
        truth = right.line([0, 0], [0, 4])
        shapes = f"""<g class="dots" fill-opacity="0.7" stroke-width="1.6">{dots}</g>
            <polyline class="fit" points="{fit}" fill="none" stroke="currentColor"/>
            <circle class="ring" cx="{ring[0]:g}" cy="{ring[1]:g}" r="9" fill="none"
              stroke="currentColor"/>
            <polyline points="{truth}" stroke="currentColor" stroke-dasharray="5 4"/>
            <g fill="currentColor" font-size="13">
            <text x="{right.pixels(0, 0)[0, 0] + 6:g}" y="24">truth</text>{lines}</g>"""
        controls = f"""<label>lost <select class="kind">{options}</select></label>
            <label>how strongly <input class="strength" type="range" min="0" max="4" step="0.1"
              value="{START[1]:g}"></label>
            <label>share lost <input class="share" type="range" min="0" max="0.8" step="0.05"
              value="{START[2]:g}"></label>
            <label>bend of the truth <input class="bend" type="range" min="{-BEND:g}"
              max="{BEND:g}" step="0.02" value="0"></label>
            <button type="button" class="again">New draw</button>
            <label>one point <input class="which" type="range" min="0" max="{len(u) - 1}"
              value="0"></label> <button type="button" class="lose">Lose it</button>
            <button type="button" class="back">Give all back</button>
            <table style="width:100%;font-size:.9em;text-align:left;
              font-variant-numeric:tabular-nums">{head}{body}</table>"""
        return page(
            title="Lose them yourself",
            description="Left, points, the lost ones hollow, and the line through the others. "
            "Right, four estimates of the mean of y with their 95 % intervals; dashed, the truth: "
            "the mean of all y before the loss. An interval that misses it is vermilion.",
            svg=axes[0].axes("x", "y") + axes[1].axes("mean of y", "") + shapes,
            controls=controls,
            data={
                "x": short(u, 1.0),
                "y": short(v, 1.0),
                "order": order.tolist(),
                "centre": centre,
                "scale": scale,
                "places": places,
                "seed": self.seed,
                "tables": TABLES,
                "least": LEAST,
                "names": CONTESTANTS,
                "how": MECHANISMS,
                "points": left.box(),
                "means": right.box(),
                "colors": [BLUE, RED],
                "width": WIDTH,
            },
            script="lose_them",
        )


def _frames(x: Floats, y: Floats, means: Floats) -> tuple[Frame, Frame]:
    """Axes of the points, and of the means with four rows."""
    points = Frame((x[0], x[1]), (y[0], y[1]), right=BORDER - 24)
    return points, Frame((means[0], means[1]), (4.0, 0.0), left=BORDER)
