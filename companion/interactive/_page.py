"""What every figure is made of: axes, controls, a line of words, and the scripts that move it."""

from __future__ import annotations

import functools
import itertools
import json
import re
from dataclasses import dataclass
from html import escape
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from companion import _check
from companion._check import Floats

RED, BLUE, GREEN = "#D55E00", "#2F8FCF", "#12A67C"  # to be seen on white and on black
WIDTH, HEIGHT = 640, 380
HALF = (320, 250)  # of each of two pictures, side by side or, on a phone, one below the other
LEFT, RIGHT, TOP, BOTTOM = 62, 12, 12, 46
# Only the files need these: comments, imports, the word export, and indentation.
NOT_INLINED = re.compile(r"^ *//.*\n|^import .*\n|^export |^ +|^\n", re.MULTILINE)

_numbers = itertools.count(1)


@dataclass(frozen=True, eq=False)
class Frame:
    """Axes in pixels: the data's ranges, and where they lie in the picture."""

    x: tuple[float, float]
    y: tuple[float, float]
    left: int = LEFT
    right: int = WIDTH - RIGHT
    height: int = HEIGHT

    def box(self) -> dict[str, float]:
        return {
            "x0": float(self.x[0]), "x1": float(self.x[1]), "y0": float(self.y[0]),
            "y1": float(self.y[1]), "left": self.left, "right": self.right, "top": TOP,
            "bottom": self.height - BOTTOM,
        }  # fmt: skip

    def pixels(self, x: ArrayLike, y: ArrayLike) -> Floats:
        """Return positions of shape (N, 2), rounded to a tenth of a pixel."""
        across = (np.asarray(x, dtype=float) - self.x[0]) / (self.x[1] - self.x[0])
        up = (np.asarray(y, dtype=float) - self.y[0]) / (self.y[1] - self.y[0])
        px = self.left + across * (self.right - self.left)
        py = self.height - BOTTOM - up * (self.height - TOP - BOTTOM)
        return np.column_stack([px, py]).round(1)

    def line(self, x: ArrayLike, y: ArrayLike) -> str:
        return " ".join(f"{px:g},{py:g}" for px, py in self.pixels(x, y))

    def axes(self, x_name: str, y_name: str) -> str:
        """Both axes in the colour of the text around; ticks on one that has a name."""
        low, left, right = self.height - BOTTOM, self.left, self.right
        lines, below, beside = f"M{left},{TOP}V{low}H{right}", "", ""
        at = ticks(*self.x)
        for tick, text in zip(at, labels(at), strict=True):
            px = self.pixels([tick], [self.y[0]])[0, 0]
            lines += f"M{px:g},{low}v5"
            below += f'<text x="{px:g}" y="{low + 18}">{text}</text>'
        at = ticks(*self.y) if y_name else []
        for tick, text in zip(at, labels(at), strict=True):
            py = self.pixels([self.x[0]], [tick])[0, 1]
            lines += f"M{left},{py:g}h-5"
            beside += f'<text x="{left - 8}" y="{py + 4:g}">{text}</text>'
        middle, height, edge = (left + right) / 2, (TOP + low) / 2, left - 48
        return f"""<g class="axes" font-size="13" fill="currentColor" text-anchor="middle">
            <path d="{lines}" fill="none" stroke="currentColor"/>
            {below}<g text-anchor="end">{beside}</g>
            <text x="{middle:g}" y="{self.height - 8}">{escape(x_name)}</text>
            <text transform="translate({edge} {height:g}) rotate(-90)">{escape(y_name)}</text>
            </g>"""


def key(lines: list[tuple[str, str]], x: float = 308, y: float = 24, anchor: str = "end") -> str:
    """Lines of words in the colour of the text, which can be read, each after its own mark."""
    texts = "".join(
        f'<text x="{x:g}" y="{y + 16 * k:g}"><tspan fill="{color}">&#9632;</tspan> '
        f"{escape(text)}</text>"
        for k, (text, color) in enumerate(lines)
    )
    return f'<g font-size="13" fill="currentColor" text-anchor="{anchor}">{texts}</g>'


def ticks(low: float, high: float) -> list[float]:
    """About five round numbers between two bounds."""
    raw = (high - low) / 5
    power = 10.0 ** np.floor(np.log10(raw))
    step = power * min((1, 2, 5, 10), key=lambda m: abs(m * power - raw))
    first = np.ceil(low / step - 1e-9) * step  # bounds that are round are ticks
    return [rounded(t, decimals(step, 3)) for t in np.arange(first, high + 1e-9 * step, step)]


def labels(at: list[float]) -> list[str]:
    """As many digits as tell one tick from the next, but six at least."""
    step = min((b - a for a, b in itertools.pairwise(at)), default=1.0)
    digits = max(6, decimals(step, 1) - decimals(max(map(abs, at), default=0.0) or 1.0, 1) + 1)
    return [f"{tick:.{digits}g}" for tick in at]


def decimals(size: float, digits: int) -> int:
    """Decimal places that show so many digits of numbers of this size."""
    return digits - 1 - int(np.floor(np.log10(size)))


def rounded(value: float, places: int) -> float:
    """Round to decimal places, and never to a negative zero."""
    return round(float(value), places) + 0.0


def short(values: Floats, span: float) -> list[float]:
    """Round to a millionth of the range, so that the page stays small."""
    places = decimals(span, 8) if span > 0 else 8
    return [rounded(value, places) for value in values]


def uniforms(seed: int, size: int) -> Floats:
    """Uniform random numbers, those of the runtime in a browser (mulberry32)."""
    word = 2**32 - 1
    state = (seed % 2**32 + 0x6D2B79F5 * np.arange(1, size + 1, dtype=np.uint64)) & word
    t = (state ^ (state >> 15)) * (1 | state) & word
    t ^= (t + (t ^ (t >> 7)) * (61 | t)) & word
    return np.asarray((t ^ (t >> 14)) / 2**32)


def is_index(value: Any, length: int) -> bool:
    """Say whether this counts one of so many things from 0."""
    try:
        return _check.count(value, "", at_least=0) < length
    except ValueError:
        return False


def is_text(value: Any, name: str) -> None:
    """Raise a ``ValueError`` unless this is text."""
    if not isinstance(value, str):
        raise ValueError(f"{name} must be text, not {value!r}")


def blend(share: float) -> str:
    """Return a colour on the way from blue to red, as scripts mix it."""
    ends = (bytes.fromhex(color[1:]) for color in (BLUE, RED))
    parts = (int(np.floor(a + share * (b - a) + 0.5)) for a, b in zip(*ends, strict=True))
    return f"rgb({','.join(map(str, parts))})"


@functools.cache
def styles() -> str:
    """Return the look of a figure as it stands in a page."""
    text = (resources.files(__package__) / "figure.css").read_text(encoding="utf-8")
    return re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)).strip()


@functools.cache
def inlined(name: str) -> str:
    """Return the runtime and one figure's script as they stand in a page."""
    files = [resources.files(__package__) / f"{part}.js" for part in ("runtime", name)]
    return NOT_INLINED.sub("", "".join(file.read_text(encoding="utf-8") for file in files))


def page(
    *,
    title: str,
    description: str,
    svg: str,
    controls: str,
    data: dict[str, Any],
    script: str,
    beside: str = "",
    size: tuple[int, int] = (WIDTH, HEIGHT),
) -> str:
    """One figure: picture, controls, a line that says in words what is seen, and its script.

    Title and description are those of both pictures, if there is one `beside` the first. A single
    picture is never drawn wider than its `size`.
    """
    name = f"companion-figure-{next(_numbers)}"
    single = "" if beside else f'class="{"single" if size[0] == WIDTH else "square"}" '
    svg, beside, controls = (re.sub(r"\n +", "\n", part) for part in (svg, beside, controls))
    # In a notebook the arrow keys are the slider's own, and do not lead to another cell.
    controls = re.sub("<(input|select)\\b", r'<\1 data-lm-suppress-shortcuts="true"', controls)
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")  # never </script>
    box = f'viewBox="0 0 {size[0]} {size[1]}"'
    style = f'style="width:100%;max-width:{size[0]}px;height:auto;display:block"'
    if beside:
        box = f'viewBox="0 0 {HALF[0]} {HALF[1]}"'
        style = f'style="flex:1 1 {HALF[0] - 20}px;min-width:0;height:auto"'
        beside = f'<svg {box} aria-hidden="true" {style}>\n{beside}\n</svg></div>\n'
    return f"""<div id="{name}" class="companion-figure" style="max-width:{WIDTH}px;color:inherit">
<style>{styles()}</style>
{'<div style="display:flex;flex-wrap:wrap">' if beside else ""}<svg {single}{box} role="img"
  aria-labelledby="{name}-t {name}-d" {style}>
<title id="{name}-t">{escape(title)}</title><desc id="{name}-d">{escape(description)}</desc>
{svg}
</svg>
{beside}<div style="display:flex;flex-wrap:wrap;gap:.6em 1em;align-items:center;font-size:.9em">
{controls}
</div>
<p class="words" aria-live="polite" style="font-size:.9em;min-height:2.6em;margin:.4em 0"></p>
<noscript><p>Without scripts the controls do nothing: this is how the figure begins.</p></noscript>
<script>(() => {{
"use strict";
{inlined(script)}start(parts("{name}"), {text});
}})();</script>
</div>"""
