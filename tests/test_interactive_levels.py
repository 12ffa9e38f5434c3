"""The figure `Levels`: a table that can be computed again, looked up by a script that says it."""

import csv
import importlib.util
import itertools
import re

import numpy as np
import pytest
from conftest import ROOT
from scipy.special import expit
from test_interactive_scripts import call, data, end_of_node  # noqa: F401

from companion.interactive import Levels
from companion.interactive._page import inlined


def script_of_the_table():
    path = ROOT / "benchmarks" / "levels.py"
    spec = importlib.util.spec_from_file_location("levels_table", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TABLE, FIGURE, SCRIPT = script_of_the_table(), Levels(8, 0.7), inlined("levels")
CELLS = list(itertools.product(range(7), range(8)))

# ------------------------------------------------------------------------------- the table


def test_the_table_has_every_cell():
    with TABLE.PATH.open(encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    assert tuple(head) == TABLE.COLUMNS
    cells = [(float(row[0]), float(row[1])) for row in rows]
    assert cells == list(itertools.product(TABLE.LABORATORIES, TABLE.SPREADS))
    for (a, b), row in zip(CELLS, rows, strict=True):
        numbers = [*FIGURE.errors[a, b], *FIGURE.standard_errors[a, b]]
        np.testing.assert_array_equal(numbers, [float(v) for v in row[2:]])
    assert FIGURE.numbers.tolist() == list(TABLE.LABORATORIES)
    assert FIGURE.spreads.tolist() == list(TABLE.SPREADS)
    for side in (-2, 2):  # the axes hold all bars
        ends = FIGURE.errors + side * FIGURE.standard_errors[..., :3]
        assert 0.045 < ends.min() < ends.max() < 0.085


@pytest.mark.parametrize(("laboratories", "spread"), [(2, 0.0), (5, 1.0)])
def test_a_cell_computed_again(laboratories, spread):
    """In other worlds, within four standard errors of both; the gains too."""
    found = TABLE.cell(laboratories, spread, worlds=60, seed=1)
    a, b = TABLE.LABORATORIES.index(laboratories), TABLE.SPREADS.index(spread)
    shown, error = FIGURE.errors[a, b], FIGURE.standard_errors[a, b]
    assert (abs(found[:3] - shown) < 4 * np.hypot(found[3:6], error[:3])).all()
    gains = [found[:2] - found[2], shown[:2] - shown[2]]
    assert (abs(gains[0] - gains[1]) < 4 * np.hypot(found[6:], error[3:])).all()
    np.testing.assert_allclose(found[3:], error * np.sqrt(400 / 60), rtol=0.4)


def test_a_world_is_what_the_figure_says():
    """Means of laboratories, rates and counts by moments of many; errors against a second way."""
    rng, seen = np.random.default_rng(1), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TABLE, "estimate", lambda y, n, lab, **_: seen.append((y, n, lab)) or y / n)
        for _ in range(200):
            errors = TABLE.errors(4, 0.7, rng)
            assert errors[0] == errors[1] == errors[2]
    whole = [calls for calls in seen if len(calls[0]) == 20]
    y, n, lab = (np.concatenate(arrays) for arrays in zip(*whole[::2], strict=True))
    assert (n.min(), n.max()) == (10, 24)
    assert np.bincount(lab).tolist() == [1000] * 4
    u = np.random.default_rng(2).normal(-1.8, 0.7, 100_000)
    p = expit(u).mean()
    assert abs((y / n).mean() - p) < 5 * np.sqrt(p * (1 - p) / len(y))


# ------------------------------------------------------------------------------ the script


def words_are_those_of_python(script):
    for a, b in CELLS:
        assert call(script, "words(data, a, b)", data=data(FIGURE), a=a, b=b) == FIGURE._words(a, b)


def pictures_are_slices_of_the_table(script):
    for a, b in CELLS[::5]:
        left, right = call(script, "pictures(data, a, b)", data=data(FIGURE), a=a, b=b)
        for found, x, k in (
            (left, FIGURE.spreads, (a, ...)),
            (right, FIGURE.numbers, (..., b, -1)),
        ):
            here = (FIGURE.spreads[b], FIGURE.numbers[a])[found is right]
            at = (a, slice(None)) if found is left else (slice(None), b)
            assert (found["x"], found["here"]) == (x.tolist(), here), k
            np.testing.assert_allclose(found["error"], FIGURE.errors[at], atol=1e-6)
            np.testing.assert_allclose(found["standard"], FIGURE.standard_errors[at], atol=1e-6)


LAWS = {
    words_are_those_of_python: [
        ("errors[a][b][k] - errors[a][b][2]", "errors[a][b][2] - errors[a][b][k]"),
        ("standard[a][b][3 + k]", "standard[a][b][k]"),
        ("<= 2 * error", "<= 1 * error"),
        ("spreads[b] === 0", "spreads[b] === 1"),
        ('x < 0 ? "" : "+"', 'x < 0 ? "+" : ""'),
        ("location + side", "location - side"),
    ],
    pictures_are_slices_of_the_table: [
        ("error: errors[a]", "error: errors[b]"),
        ("row[b]), standard", "row[a]), standard"),
        ("here: numbers[a]", "here: numbers[b]"),
        ("standard.map((row) => row[b])", "standard[a]"),
    ],
}


@pytest.mark.parametrize("law", LAWS)
def test_law(law):
    law(SCRIPT)


@pytest.mark.parametrize(
    ("law", "right", "wrong"), [(law, *error) for law, errors in LAWS.items() for error in errors]
)
def test_a_planted_error_is_found(law, right, wrong):
    assert SCRIPT.count(right) == 1
    with pytest.raises((AssertionError, ValueError)):
        law(SCRIPT.replace(right, wrong))


def test_the_words_judge():
    """By the gain and twice its error, whichever way it goes."""
    for a, b in CELLS:
        gain = FIGURE.errors[a, b, :2] - FIGURE.errors[a, b, 2]
        error = FIGURE.standard_errors[a, b, 3:]
        verbs = re.findall(r"(is level with|beats|loses to) (?=each|one)", FIGURE._words(a, b))
        expected = np.where(gain > 2 * error, "beats", np.where(gain < -2 * error, "loses to", ""))
        assert [v if v != "is level with" else "" for v in verbs] == expected.tolist()


# -------------------------------------------------------------------------------- the page


def test_page_is_small_and_self_contained():
    html = FIGURE._repr_html_()
    assert len(html) < 40_000
    assert not re.findall(r"https?:|src=|@import|url\(", html)
    assert (html.count("<title"), html.count("<desc")) == (1, 1)
    assert 'role="img"' in html
    assert 'aria-live="polite"' in html
    assert '<script>(() => {\n"use strict";\n' in html
    assert FIGURE._words(3, 5) in re.search("<noscript>(.*?)</noscript>", html, re.DOTALL).group(1)
    axes = re.findall(r">([^<>]+)</text>", html)
    assert data(FIGURE)["frames"][0]["y1"] == data(FIGURE)["frames"][1]["y1"] == 0.085
    assert {"spread of log odds", "laboratories", "error of the true rates"} <= set(axes)


def drawn(tab):
    """All that the script draws, as numbers, and the table."""
    shapes = "es => es.map(e => e.getAttribute('points') || e.getAttribute('d'))"
    found = tab.eval_on_selector_all(".curve, .bars, .here", shapes)
    numbers = [[float(v) for v in re.findall(r"-?[\d.]+", text)] for text in found]
    return numbers, tab.locator("td").all_inner_texts()


@pytest.mark.parametrize("start", [(8, 0.7), (2, 0.0), (30, 1.4), (np.int64(12), 0.1)])
def test_it_is_drawn_without_a_script_too(tab, start):
    html = Levels(*start)._repr_html_()
    tab.set_content(html.split("<script>")[0] + "</div>")
    still, texts = drawn(tab)
    tab.set_content(html)
    alive, again = drawn(tab)
    assert texts == again
    assert len(still) == len(alive) == 14
    for before, after in zip(still, alive, strict=True):
        np.testing.assert_allclose(before, after, atol=0.0501)


def test_a_reader_moves_both_sliders_by_keyboard(tab):
    tab.set_content(FIGURE._repr_html_())
    words = tab.locator(".words")
    assert words.inner_text() == FIGURE._words(3, 5)
    for slider, key, place in [
        (".number", "ArrowRight", (4, 5)), (".number", "Home", (0, 5)), (".spread", "Home", (0, 0)),
        (".spread", "End", (0, 7)), (".number", "End", (6, 7)),
    ]:  # fmt: skip
        tab.focus(slider)
        tab.keyboard.press(key)
        assert words.inner_text() == FIGURE._words(*place)
        numbers, texts = drawn(tab)
        tab2 = Levels(float(FIGURE.numbers[place[0]]), float(FIGURE.spreads[place[1]]))
        expected = [f"{v:.4f}" for v in tab2.errors[place]]
        assert [t.strip() for t in texts[::2]] == expected
        frame = data(FIGURE)["frames"][0]
        across = (FIGURE.spreads[place[1]] - frame["x0"]) / (frame["x1"] - frame["x0"])
        here = frame["left"] + across * (frame["right"] - frame["left"])
        assert any(abs(n[0] - here) < 0.06 and len(n) == 3 for n in numbers)
    assert tab.locator(".number").get_attribute("aria-valuetext") == "30 laboratories"
    assert tab.locator(".spread").get_attribute("aria-valuetext") == "spread 1.4"


@pytest.mark.parametrize(("width", "columns"), [(700, 2), (390, 1)])
def test_it_fits(tab, width, columns):
    before = tab.viewport_size
    tab.set_viewport_size({"width": width, "height": 900})
    tab.set_content(f'<meta name="viewport" content="width=device-width">{FIGURE._repr_html_()}')
    first, second = (tab.locator("svg[viewBox]").nth(k).bounding_box() for k in (0, 1))
    assert (first["y"] == second["y"]) == (columns == 2)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.set_viewport_size(before)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Levels(4, 0.7), r"laboratories must be one of \[2.0, 3.0, 5.0"),
        (lambda: Levels(8, 0.65), r"spread must be one of \[0.0, 0.1"),
        (lambda: Levels("8", 0.7), "laboratories must be one of"),
        (lambda: Levels([8], 0.7), "laboratories must be one of"),
        (lambda: Levels(8, np.nan), "spread must be one of"),
        (lambda: Levels(8, None), "spread must be one of"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
