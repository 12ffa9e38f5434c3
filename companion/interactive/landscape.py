"""EM on one mean as a climb in two coordinates: the landscape of which every bound is a slice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from companion._check import Floats
from companion.interactive._page import BLUE, BOTTOM, RED, TOP, Frame, page
from companion.interactive.em_bound import EMBound

SIZE = (460, 400)  # pixels
LEVELS = 7
LENGTHS = (0.1, 2.2)  # of an M-step: the share of the way to the top of the row
REST = 1e-3  # nats: EM rests where a whole M-step would gain no more
ROUNDS = 200


@dataclass(frozen=True, eq=False)
class Landscape(EMBound):
    r"""EM as a climb in two coordinates: the mean, and the mean behind the responsibilities.

    .. math:: F(\mu', \mu) = \mathrm{ELBO}\bigl(p(z \mid x, \mu'), \mu\bigr)

    Across lies :math:`\mu`, upwards :math:`\mu'`. The diagonal is the log-likelihood; a row is the
    bound that touches it there. An E-step goes up or down to the diagonal, where the column is
    highest; an M-step goes along the row, to its top or another share of the way. With a share
    between 0 and 2 it raises F: generalised EM. No step leaves the picture.

    Parameters
    ----------
    model, x, component, low, high, start, name
        Those of :class:`~companion.interactive.EMBound`.

    Raises
    ------
    ValueError
        As :class:`~companion.interactive.EMBound` does.

    Notes
    -----
    Neal and Hinton (1998), *A view of the EM algorithm that justifies incremental, sparse, and
    other variants*, in M. I. Jordan (ed.), *Learning in Graphical Models*, 355-368.

    Examples
    --------
    >>> from companion.gaussians import GaussianMixture
    >>> model = GaussianMixture([0.5, 0.5], [0, 4], [1, 1])
    >>> figure = Landscape(model, [0.0, 0.5, 4.0], component=0, low=-3, high=3, start=-2)
    >>> "<svg" in figure._repr_html_()
    True
    """

    def _variance(self) -> float:
        return float(self.model.full_covariances[self.component, 0, 0])

    def _climb(self, start: float, length: float = 1.0) -> Floats:
        """Return the means of EM from a start until it rests, with M-steps of this length."""
        path = [start]
        for _ in range(ROUNDS):
            _, (count,), (top,) = self._e_steps(path[-1:])
            way = top - path[-1]
            if count / (2 * self._variance()) * way**2 < REST:
                break
            path.append(float(np.clip(path[-1] + length * way, self.low, self.high)))
        return np.array(path)

    def _levels(self) -> tuple[float, Floats]:
        """Return the highest value of F, and how many nats lower there are lines."""
        highest = self.log_likelihood(self._climb(self.means[self.log_likelihoods.argmax()])[-1])
        away = np.maximum(self.tops - self.low, self.high - self.tops) ** 2
        sinks = self.counts / (2 * self._variance()) * (away - (self.means - self.tops) ** 2)
        drops = np.outer(10.0 ** np.arange(-12, 13), [1, 3]).ravel()
        return highest, drops[drops < (highest - self.log_likelihoods + sinks).max()][-LEVELS:]

    def _region(self, height: float) -> list[tuple[Floats, Floats]]:
        """Outlines of all that is at least so high: means and old means, each of shape (M,).

        A row is a parabola, and so its part above a height ends where a square root says.
        """
        grid = self.log_likelihoods, self.counts, self.tops
        is_in = self._squares(height, self.means, grid) > 0
        first, behind = np.flatnonzero(np.diff(is_in, prepend=False, append=False)).reshape(-1, 2).T
        outlines = []
        for i, j in zip(first, behind - 1, strict=True):
            low, high = self._end(height, i, i - 1), self._end(height, j, j + 1)
            # Dense at both ends, where the outline turns.
            old = low + (high - low) * (1 - np.cos(np.linspace(0, np.pi, 41))) / 2
            rows = self._e_steps(old)
            half, top = np.sqrt(np.maximum(0, self._squares(height, old, rows))), rows[2]
            mean = np.concatenate([top - half, (top + half)[::-1]])
            outlines.append((mean, np.concatenate([old, old[::-1]])))
        return outlines

    def _squares(self, height: float, old: Floats, rows: tuple[Floats, Floats, Floats]) -> Floats:
        """Return squares of half the part of each row above a height; negative where none is."""
        value, count, top = rows
        rise = 2 * self._variance() * (value - height) / np.maximum(count, 1e-9)
        width = 4 * (self.high - self.low) ** 2  # wider than the picture is wide enough
        return np.asarray(np.clip(rise + (top - old) ** 2, -width, width))

    def _end(self, height: float, inside: int, outside: int) -> float:
        """Return the last old mean with a part above a height, beyond a row that has one."""
        if not 0 <= outside < len(self.means):
            return float(self.means[inside])
        ends = self.means[[inside, outside]]
        for _ in range(14):
            middle = ends.mean(keepdims=True)
            ends[int(self._squares(height, middle, self._e_steps(middle))[0] <= 0)] = middle[0]
        return float(ends[0])

    def _repr_html_(self) -> str:
        reach = self.low, self.high
        frame = Frame(reach, reach, right=SIZE[0] - 12, height=SIZE[1])
        highest, drops = self._levels()
        land, texts = "", ""
        for drop in drops[::-1]:
            for mean, old in self._region(highest - drop):
                land += f'<polygon points="{frame.line(mean, old)}"/>'
                (px, py), *rest = frame.pixels(mean.clip(*reach), old)[len(mean) // 2 - 1 :]
                if np.ptp(rest, axis=0).max() > 60:  # room for a number
                    y = max(py - 3, TOP + 13)
                    texts += f'<text x="{px - 5:g}" y="{y:g}">&#8722;{drop:g}</text>'
        path = self._climb(self.start)
        stairs = np.repeat(path, 2)  # a mean, then the responsibilities that follow it
        (here,) = frame.pixels(path[-1:], path[-1:])
        digits = self._digits()
        lines = ", ".join(f"{drop:g}" for drop in drops)
        left, wide, tall = frame.left, frame.right - frame.left, SIZE[1] - BOTTOM - TOP
        inner = f'x="{left}" y="{TOP}" width="{wide}" height="{tall}"'
        shapes = f"""<svg {inner} viewBox="{left} {TOP} {wide} {tall}"><g fill="{BLUE}"
              fill-opacity="0.07" stroke="currentColor" stroke-opacity="0.6">{land}
              <rect x="{left}" y="{TOP}" width="{wide}" height="{tall}" fill="none"/></g></svg>
            <g text-anchor="end"><g font-size="13" fill="currentColor">{texts}</g>
            <g font-size="13" fill="currentColor"><text x="{frame.right - 8}"
              y="{TOP + tall - 52}">solid: log-likelihood</text><text x="{frame.right - 8}"
              y="{TOP + tall - 30}">dotted: tops of rows</text><text x="{frame.right - 8}"
              y="{TOP + tall - 8}">dashed: this row</text></g></g>
            <g fill="none"><polyline points="{frame.line(reach, reach)}" stroke="{RED}"
              stroke-width="2.5"/>
            <polyline points="{frame.line(self.tops, self.means)}" stroke="{BLUE}"
              stroke-width="2.5" stroke-dasharray="2 4"/>
            <line class="row" x1="{frame.left}" x2="{frame.right}" y1="{here[1]:g}"
              y2="{here[1]:g}" stroke="{BLUE}" stroke-width="1.6" stroke-dasharray="7 4"/>
            <polyline class="path" points="{frame.line(stairs[1:], stairs[:-1])}"
              stroke="currentColor" stroke-width="2"/>
            <circle class="goal" r="6" stroke="{BLUE}" stroke-width="2.5" cx="{here[0]:g}"
              cy="{here[1]:g}"/></g>
            <circle class="here" r="5" fill="currentColor" cx="{here[0]:g}" cy="{here[1]:g}"/>"""
        controls = f"""<label>start <input class="from" type="range" min="0"
              max="{len(self.means) - 1}" step="1"></label>
            <label>length of the M-step <input class="length" type="range" min="{LENGTHS[0]:g}"
              max="{LENGTHS[1]:g}" step="0.1" value="1"></label>
            <button type="button" class="m">M-step: along the row</button>
            <button type="button" class="e">E-step: to the diagonal</button>
            <button type="button" class="all">Both until it rests</button>
            <button type="button" class="back">Back to the start</button>
            <noscript>From {self.start:.{digits}f} EM climbs to {path[-1]:.{digits}f}, in
            {len(path) - 1} rounds.</noscript>"""
        return page(
            title=f"The landscape that EM climbs: {self.name}",
            description=f"Across the {self.name}, upwards the {self.name} behind the "
            "responsibilities; the bluer, the higher is the evidence lower bound. Lines lie "
            f"{lines} nats below the highest place. Solid, the diagonal, which is the "
            "log-likelihood; dotted, the top of every row; dashed, the row of the present "
            "responsibilities, which is the bound. A staircase between the two is EM.",
            svg=frame.axes(self.name, f"{self.name} behind the responsibilities") + shapes,
            controls=controls,
            data=self._tables() | {"box": frame.box(), "rest": REST, "rounds": ROUNDS},
            script="landscape",
            size=SIZE,
        )
