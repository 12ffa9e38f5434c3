"""A map of raw rates and of posterior means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np
from numpy.typing import ArrayLike

from companion import _check
from companion._check import Floats
from companion.interactive._page import decimals, is_text, page, rounded

COLORS = ["#00224e", "#35456c", "#666970", "#948e77", "#c0b06d", "#e3cf57", "#fee838"]  # cividis


@dataclass(frozen=True, eq=False)
class RateMap:
    r"""A map of counties: point at one, or find its name, to read its raw and its shrunken rate.

    Parameters
    ----------
    paths : sequence of J texts
        Outlines, as in ``datasets.load_county_shapes()["path"]``.
    names : sequence of J texts
        What the areas are called. A reader finds "Cook, Illinois" by the beginnings of its words
        ("cook ill"), chooses from a list where several fit, and is told where none does.
    events, exposure : arrays of shape (J,)
        Whole numbers >= 0, and person-years > 0; NaN (or masked, or ``pd.NA``) where there are no
        data. An area has data if it has all three numbers.
    shrunken : array of shape (J,)
        Posterior means of the rates, in events per unit of exposure; NaN where there are no data.
    borders : sequence of texts
        Outlines drawn on top, for example of the states.

    Raises
    ------
    ValueError
        If the lengths differ, a number is out of its range, or no area has data.

    Examples
    --------
    >>> squares = ["M0 0l9 0 0 9 -9 0z", "M9 0l9 0 0 9 -9 0z"]
    >>> figure = RateMap(squares, ["Left", "Right"], [1, 3], [2e4, 5e4], [4e-5, 5e-5])
    >>> "<svg" in figure._repr_html_()
    True
    """

    paths: Sequence[str] = field(repr=False)
    names: Sequence[str] = field(repr=False)
    events: ArrayLike = field(repr=False)
    exposure: ArrayLike = field(repr=False)
    shrunken: ArrayLike = field(repr=False)
    borders: Sequence[str] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        for name in ("paths", "names", "borders"):
            if isinstance(texts := getattr(self, name), str):
                raise ValueError(f"{name} must be a sequence of texts, not one text")
            for text in texts:
                is_text(text, name)
        if len(self.names) != len(self.paths):
            raise ValueError(f"names must have {len(self.paths)} entries, not {len(self.names)}")
        for name, array in zip(("events", "exposure", "shrunken"), self._numbers(), strict=True):
            _check.shape(array, name, (len(self.paths),))
            if np.isnan(array).all():
                raise ValueError(f"{name} must hold data for at least one area")
            check = _check.positive if name == "exposure" else _check.not_negative
            check(array[~np.isnan(array)], name)
            if name == "events":
                _check.whole(array[~np.isnan(array)], name)
        if np.isnan(sum(self._numbers())).all():
            raise ValueError("events, exposure and shrunken must all hold data for one area")

    def _numbers(self) -> tuple[Floats, ...]:
        names = ("events", "exposure", "shrunken")
        return tuple(_check.numbers(getattr(self, name), name) for name in names)

    def _repr_html_(self) -> str:
        missing = np.isnan(sum(self._numbers()))
        events, exposure, shrunken = (np.where(missing, np.nan, a) for a in self._numbers())
        raw = events / exposure
        middle = float(1e5 * np.nansum(events) / np.nansum(exposure))
        places = max(1, decimals(middle, 2)) if middle else 1
        limits = (middle * np.array([0.5, 0.75, 0.9, 1.1, 1.25, 1.5])).round(places)
        data = {
            "names": list(self.names),
            "events": [None if np.isnan(v) else int(v) for v in events],
            "years": [None if np.isnan(v) else int(v) if v % 1 == 0 else v for v in exposure],
            "mean": [None if np.isnan(v) else rounded(1e5 * v, places + 1) for v in shrunken],
            "digits": min(100, places + 1),
            "raw": self._classes(1e5 * raw, limits),
            "post": self._classes(1e5 * shrunken, limits),
            "colors": COLORS,
        }
        # A minus sign parts two numbers as well as a blank does.
        fills = ("#999" if k == "-" else COLORS[int(k)] for k in self._classes(1e5 * raw, limits))
        areas = "".join(
            f'<path d="{escape(path.replace(" -", "-"))}" fill="{fill}"/>'
            for path, fill in zip(self.paths, fills, strict=True)
        )
        lines = "".join(f'<path d="{escape(path.replace(" -", "-"))}"/>' for path in self.borders)
        shapes = f"""<g transform="translate(14 -4) scale(.312)">
            <g class="areas" stroke="none">{areas}</g>
            <g fill="none" stroke="currentColor" stroke-width="2" pointer-events="none">{lines}</g>
            <path class="here" fill="none" stroke="currentColor" stroke-width="6"
              pointer-events="none"/></g>"""
        texts = [f"below {limits[0]:g}", *(f"{a:g}" for a in limits)]
        legend = "".join(
            f'<span style="white-space:nowrap"><span class="swatch" '
            f'style="background:{color}"></span> '
            f"{text if k == 0 else 'from ' + text}</span>"
            for k, (color, text) in enumerate(zip(COLORS, texts, strict=True))
        )
        controls = f"""<button type="button" class="which">Show posterior
            means</button><label>find <input type="search" size="18" autocomplete="off"
            placeholder="Cook, Illinois" aria-invalid="false"></label>
            <label class="several" hidden>which <select style="max-width:100%"></select></label>
            <span><span class="title">Raw rates</span>, deaths per 100&nbsp;000
            person-years:</span> {legend}"""
        return page(
            title="Rates of US counties",
            description="A map of counties coloured by raw rate or by posterior mean. Point at a "
            "county, or find its name, to read its deaths, person-years and both rates.",
            svg=shapes,
            controls=controls,
            data=data,
            script="rate_map",
        )

    @staticmethod
    def _classes(rates: Floats, limits: Floats) -> str:
        """One digit for each area: the number of its colour, or - without data."""
        found = np.searchsorted(limits, np.nan_to_num(rates), side="right")
        return "".join("-" if np.isnan(r) else str(k) for r, k in zip(rates, found, strict=True))
