"""When an extra level pays: laboratories alone, as one population, or nested."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from importlib import resources

import numpy as np
from scipy.special import expit

from companion._check import Floats
from companion.interactive._page import BLUE, GREEN, HALF, RED, RIGHT, Frame, page

NAMES = ("each laboratory alone", "one population", "nested model")
STYLES = ((BLUE, "6 3"), (RED, "2 3"), (GREEN, "none"))
COLUMNS = ("model", "error of the true rates", "Monte Carlo error")
UP = (0.045, 0.085)  # the axes of the errors: all of them, and few ticks
LOCATION = -1.8  # of the laboratories' log odds, in benchmarks/levels.py


@dataclass(frozen=True, eq=False)
class Levels:
    r"""Errors of three models of experiments in laboratories, from a table that is looked up.

    .. math:: u_l \sim \mathrm{N}(-1.8, \mathrm{spread}^2), \qquad
        \theta_{lj} \sim \mathrm{Beta}(25 p_l, 25 (1 - p_l)), \quad p_l = 1 / (1 + e^{-u_l})

    Every laboratory has five experiments with 10 to 24 rats. The error is the root mean squared
    error of the posterior means of the true rates, averaged over 400 worlds for each number of
    laboratories and each spread; ``benchmarks/levels.py`` computes it.

    Parameters
    ----------
    laboratories : int
        Where the figure begins: one of ``numbers``.
    spread : float
        One of ``spreads``.

    Attributes
    ----------
    numbers, spreads : ndarrays of shapes (A,) and (B,)
        What the sliders choose from.
    errors : ndarray of shape (A, B, 3)
        Of every laboratory alone, one population, and the nested model.
    standard_errors : ndarray of shape (A, B, 5)
        Monte Carlo errors of these, and of the nested model's gains on the two others.

    Raises
    ------
    ValueError
        If the table has no such number or spread.

    Examples
    --------
    >>> figure = Levels(8, 0.7)
    >>> alone, one, nested = figure.errors[figure.numbers == 8, figure.spreads == 0.7][0]
    >>> bool(nested < min(alone, one))
    True
    """

    laboratories: int = 8
    spread: float = 0.7
    numbers: Floats = field(init=False, repr=False)
    spreads: Floats = field(init=False, repr=False)
    errors: Floats = field(init=False, repr=False)
    standard_errors: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        text = (resources.files(__package__) / "levels.csv").read_text(encoding="utf-8")
        table = np.array([[float(v) for v in row] for row in list(csv.reader(text.split()))[1:]])
        numbers, spreads = np.unique(table[:, 0]), np.unique(table[:, 1])
        shape = len(numbers), len(spreads), -1
        found = {
            "numbers": numbers, "spreads": spreads, "errors": table[:, 2:5].reshape(shape),
            "standard_errors": table[:, 5:].reshape(shape),
        }  # fmt: skip
        for name, value in found.items():
            object.__setattr__(self, name, value)
        for name, nodes in (("laboratories", numbers), ("spread", spreads)):
            value = getattr(self, name)
            if not np.isscalar(value) or value not in nodes.tolist():
                raise ValueError(f"{name} must be one of {nodes.tolist()}, not {value!r}")

    def _words(self, a: int, b: int) -> str:
        """Say what is seen at one number of laboratories and one spread."""
        low, high = expit(LOCATION + np.array([-1, 1]) * self.spreads[b])
        where = f"two thirds of their means lie between {low:.2f} and {high:.2f}"
        if self.spreads[b] == 0:
            where = f"all their means are {low:.2f}"
        errors = self.errors[a, b]
        seen = ", ".join(f"{name} {e:.4f}" for name, e in zip(NAMES, errors, strict=True))
        parts = []
        for k in range(2):
            gain, error = errors[k] - errors[2], self.standard_errors[a, b, 3 + k]
            verb = (
                "is level with" if abs(gain) <= 2 * error else "beats" if gain > 0 else "loses to"
            )
            parts.append(f"{verb} {NAMES[k]} ({gain:+.4f} +- {error:.4f})")
        return (
            f"{self.numbers[a]:.0f} laboratories, spread {self.spreads[b]:.1f}: {where}. "
            f"Error of the true rates: {seen}. The nested model {parts[0]} and {parts[1]}."
        )

    def _repr_html_(self) -> str:
        a, b = (
            int(np.flatnonzero(nodes == value)[0])
            for nodes, value in ((self.numbers, self.laboratories), (self.spreads, self.spread))
        )
        reach = 2 * self.standard_errors[..., :3]
        right, height = HALF[0] - RIGHT, HALF[1]
        frames = [
            Frame((nodes[0] - 0.04 * np.ptp(nodes), nodes[-1] + 0.04 * np.ptp(nodes)), UP,
                  right=right, height=height)
            for nodes in (self.spreads, self.numbers)
        ]  # fmt: skip
        pictures = []
        for frame, nodes, errors, bars, here, x_name in (
            (frames[0], self.spreads, self.errors[a], reach[a], self.spread, "spread of log odds"),
            (frames[1], self.numbers, self.errors[:, b], reach[:, b], self.laboratories,
             "laboratories"),
        ):  # fmt: skip
            lines = ""
            for k, (color, dashes) in enumerate(STYLES):
                points = frame.line(nodes, errors[:, k])
                ends = frame.pixels(nodes, errors[:, k] - bars[:, k])
                tops = frame.pixels(nodes, errors[:, k] + bars[:, k])
                path = "".join(
                    f"M{x:g},{y:g}V{top:g}" for (x, y), (_, top) in zip(ends, tops, strict=True)
                )
                lines += f"""<g stroke="{color}" fill="none"><polyline class="curve"
                    points="{points}" stroke-width="2" stroke-dasharray="{dashes}"/>
                    <path class="bars" d="{path}"/></g>"""
            ((x, _),) = frame.pixels([here], [UP[0]])
            bottom, top = (frame.box()[name] for name in ("bottom", "top"))
            pictures.append(
                frame.axes(x_name, "error of the true rates")
                + f"""<path class="here" d="M{x:g},{bottom:g}V{top:g}" stroke="currentColor"
                stroke-opacity="0.4" stroke-width="6"/>{lines}"""
            )
        rows = ""
        for k, name in enumerate(NAMES):
            color, dashes = STYLES[k]
            error, spread = self.errors[a, b, k], self.standard_errors[a, b, k]
            rows += f"""<tr><th scope="row"><svg width="34" height="8" aria-hidden="true"><path
                d="M0,4h34" stroke="{color}" stroke-width="3" stroke-dasharray="{dashes}"/></svg>
                {name}</th><td>{error:.4f}</td><td>{spread:.4f}</td></tr>"""
        head = "".join(f'<th scope="col">{text}</th>' for text in COLUMNS)
        controls = f"""<label>laboratories <input class="number" type="range" min="0"
              max="{len(self.numbers) - 1}" value="{a}"></label>
            <label>their spread <input class="spread" type="range" min="0"
              max="{len(self.spreads) - 1}" value="{b}"></label>
            <table style="width:100%;font-size:.9em;text-align:left;
              font-variant-numeric:tabular-nums">{head}{rows}</table>
            <noscript>{self._words(a, b)}</noscript>"""
        data = {
            "numbers": self.numbers.tolist(), "spreads": self.spreads.tolist(), "names": NAMES,
            "errors": self.errors.round(6).tolist(), "location": LOCATION,
            "standard": self.standard_errors.round(6).tolist(),
            "frames": [frame.box() for frame in frames],
        }  # fmt: skip
        return page(
            title="When does the extra level pay?",
            description="Root mean squared error of the true rates of experiments in laboratories "
            "under three models, averaged over 400 worlds, with two Monte Carlo errors on either "
            "side. First picture: over the spread of the laboratories, at the chosen number of "
            "them. Second picture: over their number, at the chosen spread. A grey line marks the "
            "choice.",
            svg=pictures[0],
            beside=pictures[1],
            controls=controls,
            data=data,
            script="levels",
        )
