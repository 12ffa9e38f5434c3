"""How slow EM is, is what the labels were worth: two Gaussians that are moved apart."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from companion import _check
from companion._check import Floats
from companion.interactive._page import BLUE, GREEN, HALF, RED, RIGHT, Frame, key, page, rounded

DISTANCES = (1.0, 6.0)  # between the means, in standard deviations
STEP = 0.05  # of the slider
UNKNOWN = {"share": "the share of the first", "everything": "all five parameters"}
PLACES = {"share": [0], "everything": [0, 1, 2, 3, 4]}  # among the scores
COMPLETE = np.array([0.25, 0.5, 0.5, 0.25, 0.25])  # diagonal information of a labelled point
ACROSS = (-6.5, 6.5)
DECADES = (-0.6, 5.3)  # of passes and errors, as far as they are drawn


def seen_fraction(distance: float, unknown: str = "everything") -> float:
    r"""Share of the information of labelled points that points without labels still have.

    For many points of two Gaussians with weights 1/2 and standard deviation 1. Of the directions of
    the unknown parameters it is that about which least is seen:

    .. math::

        1 - \rho = \min_w \frac{w^\top I_{\text{obs}} \, w}{w^\top I_{\text{com}} \, w}, \qquad
        I_{\text{obs}} = N \, \mathrm{E}\bigl[ s(x) \, s(x)^\top \bigr], \qquad
        s(x) = \sum_k r_k(x) \, s_k(x)

    where :math:`s_k` is the gradient of :math:`\log \lambda_k \mathrm{N}(x \mid \mu_k, \sigma_k^2)`
    and :math:`I_{\text{com}}` is made of the :math:`s_k` themselves. So :math:`\rho` is the largest
    eigenvalue of DM, the rate at which EM converges, and no quantity that depends linearly on the
    parameters has a standard error more than :math:`1 / \sqrt{1 - \rho}` times that with labels;
    one has that. With nothing but the share unknown,
    :math:`\rho = \mathrm{E}[r (1 - r)] / (\lambda (1 - \lambda))`.

    Parameters
    ----------
    distance : float from 1/2 to 10
        Between the means, in standard deviations.
    unknown : {"everything", "share"}
        Weight, both means and both variances; or the weight alone.

    Returns
    -------
    float
        :math:`1 - \rho`, between 0 and 1.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Notes
    -----
    Dempster, Laird and Rubin (1977), *Maximum likelihood from incomplete data via the EM
    algorithm*, J. R. Stat. Soc. B 39, 1-38, section 3; the scores are those of Louis (1982), J. R.
    Stat. Soc. B 44, 226-233. The expectation is the trapezoidal rule's, which is exact to rounding
    for such functions.

    Examples
    --------
    >>> round(seen_fraction(3.0, "share"), 3)
    0.803
    >>> round(seen_fraction(1.5), 5)  # three points of 5000
    0.0006
    """
    d = _check.positive_scalar(distance, "distance")
    _within(d, (0.5, 10.0))
    _known(unknown)
    reach = d / 2 + 9
    x, step = np.linspace(-reach, reach, 801, retstep=True)
    e = x - np.array([[-d / 2], [d / 2]])
    joint = np.exp(-(e**2) / 2) / np.sqrt(8 * np.pi)
    density = joint.sum(axis=0)
    r = joint / density
    bend = (e**2 - 1) / 2  # the slope with the logarithm of a variance
    scores = np.array([r[0] - 0.5, r[0] * e[0], r[1] * e[1], r[0] * bend[0], r[1] * bend[1]])
    scores = (scores / np.sqrt(COMPLETE)[:, np.newaxis])[PLACES[unknown]]
    return float(np.linalg.eigvalsh(step * (density * scores) @ scores.T)[0])


@dataclass(frozen=True, eq=False)
class Slowness:
    r"""Two Gaussians that the reader moves apart, and what EM pays for not knowing the labels.

    .. math:: \tfrac12 \, \mathrm{N}(-d/2, 1) + \tfrac12 \, \mathrm{N}(d/2, 1)

    The reader chooses the distance d, and whether all five parameters are unknown or the share of
    the first component alone.

    Parameters
    ----------
    distance : float from 1 to 6
        d at the beginning, in standard deviations.
    unknown : {"everything", "share"}
        What is unknown at the beginning, as in :func:`seen_fraction`.

    Attributes
    ----------
    rate : float
        :math:`\rho`, the largest eigenvalue of DM for many points: the fraction of missing
        information where most is missing.
    passes_per_digit : float
        :math:`-1 / \log_{10} \rho`: so many iterations divide the distance to the end by ten.
    inflation : float
        :math:`1 / \sqrt{1 - \rho}`: the standard error in the direction in which most is missing,
        relative to that with labels.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> figure = Slowness(distance=3)
    >>> round(figure.rate, 3), round(figure.passes_per_digit), round(figure.inflation, 1)
    (0.932, 33, 3.8)
    """

    distance: float = 1.5
    unknown: str = "everything"
    rate: float = field(init=False, repr=False)
    passes_per_digit: float = field(init=False, repr=False)
    inflation: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _within(_check.scalar(self.distance, "distance"), DISTANCES)
        seen = seen_fraction(self.distance, self.unknown)
        object.__setattr__(self, "rate", 1 - seen)
        object.__setattr__(self, "passes_per_digit", float(10 ** _costs(seen)[0]))
        object.__setattr__(self, "inflation", float(10 ** _costs(seen)[1]))

    def _repr_html_(self) -> str:
        right, height = HALF[0] - RIGHT, HALF[1]
        frame = Frame(ACROSS, (0.0, 0.5), right=right, height=height)
        chart = Frame(DISTANCES, DECADES, right=right, height=height)
        d, seen = float(self.distance), 1 - self.rate
        x = np.linspace(*ACROSS, 131)
        parts = [np.exp(-((x - at) ** 2) / 2) / np.sqrt(8 * np.pi) for at in (-d / 2, d / 2)]
        first, second, whole = (frame.line(x, part) for part in (*parts, parts[0] + parts[1]))
        edge = frame.left + seen * (frame.right - frame.left)
        shapes = f"""<g fill="none" stroke-width="2"><polyline class="part" points="{first}"
              stroke="{BLUE}" stroke-dasharray="6 3"/>
            <polyline class="part" points="{second}" stroke="{RED}" stroke-dasharray="2 3"/>
            <polyline class="whole" points="{whole}" stroke="currentColor"/></g>
            <rect x="{frame.left}" y="12" width="{frame.right - frame.left}" height="12"
              fill="currentColor" fill-opacity="0.2"/>
            <rect class="seen" x="{frame.left}" y="12" width="{edge - frame.left:.1f}" height="12"
              fill="{GREEN}"/>
            {key([("seen", GREEN)], frame.left + 4, 40, "start")}
            <g font-size="13"><text x="{frame.right}" y="40" text-anchor="end"
              fill="currentColor">in the labels
            </text></g>"""
        stops = np.linspace(*DISTANCES, round((DISTANCES[1] - DISTANCES[0]) / STEP) + 1)
        table = [[seen_fraction(stop, name) for stop in stops] for name in UNKNOWN]
        curves, scale = "", ""
        for name, row in zip(UNKNOWN, table, strict=True):
            passes, error = (chart.line(stops, cost) for cost in _costs(np.array(row)))
            curves += f"""<g class="curves" opacity="{1 if name == self.unknown else 0.25}">
                <polyline points="{passes}" stroke="currentColor"/>
                <polyline points="{error}" stroke="{GREEN}" stroke-dasharray="6 3"/></g>"""
        for power in range(6):
            py = chart.pixels([DISTANCES[0]], [power])[0, 1]
            text = f"{10**power}" if power < 4 else f"10&#{8304 + power};"  # raised
            scale += f"""<path d="M{chart.left},{py:g}h-5" stroke="currentColor"/>
                <text x="{chart.left - 8}" y="{py + 4:g}" text-anchor="end">{text}</text>"""
        dots = chart.pixels([d, d], np.ravel(_costs(seen)))
        circles = "".join(f'<circle r="4.5" cx="{px:g}" cy="{py:g}"/>' for px, py in dots)
        costs = f"""<g fill="none" stroke-width="2">{curves}</g>
            <g class="here" fill="{RED}">{circles}</g>
            <g font-size="13" fill="currentColor">{scale}
            <text x="306" y="24" text-anchor="end">passes per digit</text>
            <text x="306" y="56" text-anchor="end">with labels</text></g>
            {key([("error, times that", GREEN)], 306, 40)}"""
        options = "".join(
            f'<option value="{name}"{" selected" * (name == self.unknown)}>{text}</option>'
            for name, text in UNKNOWN.items()
        )
        controls = f"""<label>distance of the means <input type="range" min="{DISTANCES[0]:g}"
              max="{DISTANCES[1]:g}" step="{STEP:g}" value="{d:g}"></label>
            <label>unknown: <select>{options}</select></label>
            <noscript>Here: distance {d:.2f}, unknown {UNKNOWN[self.unknown]}. Rate of EM
            {self.rate:.5f}, passes for a further digit {self.passes_per_digit:.1f}, standard error
            {self.inflation:.1f} times that with labels.</noscript>"""
        return page(
            title="How slow EM is, is what the labels were worth",
            description="First picture: the density of two Gaussians of equal weight and spread, "
            "and its parts; above it a bar, its green part the fraction of the information that is "
            "seen without labels, its grey part, the rate of EM, what the labels hold. Second "
            "picture: over the distance of the means, on a logarithmic scale, the passes that EM "
            "needs for a further digit and, dashed, the standard error relative to that with "
            "labels, in bold for what is unknown now. Both curves fall from left to right "
            "together. Dots mark the mixture of the first picture.",
            svg=frame.axes("standard deviations", "density") + shapes,
            beside=chart.axes("distance of the means", "") + costs,
            controls=controls,
            data={
                "first": DISTANCES[0], "step": STEP, "names": UNKNOWN, "frame": frame.box(),
                "chart": chart.box(),
                "seen": dict(zip(UNKNOWN, ([_digits(v) for v in row] for row in table),
                                 strict=True)),
            },
            script="slowness",
        )  # fmt: skip


def _within(value: float, limits: tuple[float, float]) -> None:
    if not limits[0] <= value <= limits[1]:
        raise ValueError(
            f"distance must lie between {limits[0]:g} and {limits[1]:g}, not {value:g}"
        )


def _known(unknown: object) -> None:
    if not (isinstance(unknown, str) and unknown in UNKNOWN):
        raise ValueError(f'unknown must be "everything" or "share", not {unknown!r}')


def _costs(seen: Floats | float) -> tuple[Floats, Floats]:
    """Logarithms, to the base of ten, of passes per digit and of the inflation of the error."""
    passes = np.log10(-np.log(10) / np.log1p(-np.asarray(seen)))
    return np.asarray(passes), np.asarray(-0.5 * np.log10(seen))


def _digits(value: float) -> float:
    return rounded(value, 5 - int(np.floor(np.log10(value))))
