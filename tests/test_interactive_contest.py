"""The contestants of the figure `LoseThem`: each against what it claims to be, by another way."""

import ast
import inspect
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from test_interactive import lose_them  # noqa: F401  # a fixture

from companion import em
from companion.interactive import LoseThem, _contest
from companion.interactive._contest import LEAST, chances, contest, standardised
from companion.missing import MultivariateNormal


def points(seed):
    """Points of which some have lost their y, draws, and what was lost."""
    rng = np.random.default_rng(seed)
    N = int(rng.integers(10, 40))
    x = rng.normal(rng.normal(), rng.uniform(0.3, 3), N)
    y = rng.normal() + rng.normal() * x + rng.normal(0, rng.uniform(0.1, 2), N)
    lost = np.arange(N) < rng.integers(0, N - LEAST - 2)
    rng.shuffle(lost)
    return x, np.where(lost, np.nan, y), rng.normal(size=(6, 2 * N + 1))


def spread_and_correlation(covariance):
    sd = np.sqrt(np.diag(covariance))
    return sd[1], covariance[0, 1] / sd[0] / sd[1]


def em_is_the_maximum_with_its_information(contest, seed):
    x, y, normals = points(seed)
    data, tight = np.column_stack([x, y]), {"tol": 1e-12, "max_iter": 100_000}
    model = em.fit(MultivariateNormal.from_available(data), data, **tight).model
    found = em.standard_errors(model, data, of=lambda m: m.mean[1])
    ends = stats.norm.interval(0.95, found.value, found.standard_errors)
    exact = [found.value, *ends, *spread_and_correlation(model.covariance)]
    unit = np.array([model.covariance[1, 1] ** 0.5] * 4 + [1])
    np.testing.assert_allclose(contest(x, y, normals)[2] / unit, exact / unit, atol=1e-5)


def the_recipe_is_where_filling_in_and_fitting_rests(contest, seed):
    x, y, normals = points(seed)
    data = np.column_stack([x, y])
    estimate, low, high, spread, correlation = contest(x, y, normals)[0]
    shift = correlation * spread * x.std()
    model = MultivariateNormal([x.mean(), estimate], [[x.var(), shift], [shift, spread**2]])
    filled = model.impute(data)
    again = model.m_step(model.e_step(filled)[0])
    np.testing.assert_allclose(again.mean, model.mean, rtol=1e-9, atol=1e-9 * spread)
    np.testing.assert_allclose(again.covariance, model.covariance, rtol=1e-8)
    y = filled[:, 1]
    ends = stats.t.interval(0.95, len(y) - 1, y.mean(), stats.sem(y))
    np.testing.assert_allclose([low, high], ends, rtol=1e-8, atol=1e-9 * spread)


def complete_rows_are_what_is_left(contest, seed):
    x, y, normals = points(seed)
    x, y, found = x[~np.isnan(y)], y[~np.isnan(y)], contest(x, y, normals)[1]
    ends = stats.t.interval(0.95, len(y) - 1, y.mean(), stats.sem(y))
    exact = [y.mean(), *ends, y.std(), stats.pearsonr(x, y)[0]]
    np.testing.assert_allclose(found, exact, rtol=1e-9, atol=1e-12 * y.std())


def units_do_not_matter(contest, seed):
    x, y, normals = points(seed)
    for unit in (2.0**-400, 2.0**400):
        found = contest(x / unit, y * unit, normals) / [unit, unit, unit, unit, 1]
        np.testing.assert_allclose(found, contest(x, y, normals), rtol=1e-9, atol=1e-12)


def rubin(tables, x):
    """Rubin's rules, and the means of spread and correlation."""
    m = len(tables)
    means, within = tables.mean(axis=1), np.mean(stats.sem(tables, axis=1) ** 2)
    between = (1 + 1 / m) * means.var(ddof=1)
    df = (m - 1) * (1 + within / between) ** 2 if between > 0 else 1e12
    ends = stats.t.interval(0.95, df, means.mean(), np.sqrt(within + between))
    others = [[t.std(), stats.pearsonr(x, t)[0]] for t in tables]
    return [means.mean(), *ends, *np.mean(others, axis=0)]


def imputation_draws_the_posterior_of_a_line(contest, seed):
    """The same draws, by least squares in matrices."""
    x, y, normals = points(seed)
    kept, N = ~np.isnan(y), len(x)
    X = np.column_stack([np.ones(N), x - x[kept].mean()])
    line, squares, _, _ = np.linalg.lstsq(X[kept], y[kept])
    root = np.linalg.cholesky(np.linalg.inv(X[kept].T @ X[kept]))
    tables = []
    for e in normals:
        tau = np.sqrt(squares[0] / (e[N + 2 :][: kept.sum() - 1] ** 2).sum())
        tables.append(np.where(kept, y, X @ (line + tau * root @ e[:2]) + tau * e[2 : N + 2]))
    exact = rubin(np.array(tables), x)
    np.testing.assert_allclose(contest(x, y, normals)[3], exact, rtol=1e-7, atol=1e-9)


def imputation_is_that_of_the_companion(contest, seed):
    """Other draws of the same posterior, within the Monte Carlo error of 200 on each side."""
    x, y, _ = points(seed)
    data, m, rng = np.column_stack([x, y]), 200, np.random.default_rng(seed)
    model = em.fit(MultivariateNormal.from_available(data), data).model
    tables = model.sample_missing(data, rng, size=m)[:, :, 1]
    one, two = contest(x, y, rng.normal(size=(m, 2 * len(x) + 1)))[3], rubin(tables, x)
    error = tables.mean(axis=1).std() * np.sqrt(2 / m)
    assert abs(one[0] - two[0]) <= 4 * error + 1e-12
    assert abs((one[2] - one[1]) / (two[2] - two[1]) - 1) < 0.2


LAWS = {
    em_is_the_maximum_with_its_information: [
        ("1 / n +", "1 / N +"),
        ("off.mean() ** 2 / scatter", "0"),
        ("slope ** 2 / N", "0"),
        ("slope / spread]", "slope]"),
    ],
    the_recipe_is_where_filling_in_and_fitting_rests: [
        ("measured(x, np.where(kept, y, line)), meas", "measured(x, np.where(kept, y, 0)), meas"),
        ("measured(x, np.where(kept, y, line)), meas", "em, meas"),
        ("len(y) - 1), len(y) - 1)", "len(y)), len(y) - 1)"),
    ],
    complete_rows_are_what_is_left: [
        ("len(y) - 1), len(y) - 1)", "len(y) - 1), np.inf)"),
        ("measured(x[kept], rest)", "measured(x, np.where(kept, y, line))"),
    ],
    units_do_not_matter: [
        ("[:, :4] *= unit", "[:, :3] *= unit"),
        ("[:, :3] += origin", "[:, :3] += origin / unit"),
    ],
    imputation_draws_the_posterior_of_a_line: [
        ("N + 1 + n]", "N + n]"),
        ("(1 + 1 / len(e))", "1"),
        ("(len(e) - 1) * (1 +", "(len(e) - 1) * (0 +"),
        ("e[:, 1:2] / np.sqrt(scatter) * off", "0"),
        ("** 2) / (N - 1)", "** 2) / N"),
    ],
    imputation_is_that_of_the_companion: [
        ("e[:, :1] / np.sqrt(n) + e[:, 1:2] / np.sqrt(scatter) * off + ", "0.1 * "),
        ("np.sqrt(squares / (e", "np.sqrt(4 * squares / (e"),
    ],
}


@pytest.mark.parametrize("law", list(LAWS)[:-1])
@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_law(law, seed):
    law(contest, seed)


@pytest.mark.parametrize("seed", range(4))
def test_imputation(seed):
    imputation_is_that_of_the_companion(contest, seed)


def test_nothing_is_lost():
    """All four have the same estimate, spread and correlation; recipe and complete rows agree."""
    x, y, normals = points(1)
    y = np.where(np.isnan(y), x, y)
    found = contest(x, y, normals)
    np.testing.assert_allclose(
        found[:, [0, 3, 4]], [[y.mean(), y.std(), np.corrcoef(x, y)[0, 1]]] * 4
    )
    np.testing.assert_allclose(found[0], found[1])
    ends = stats.norm.interval(0.95, y.mean(), [y.std() / np.sqrt(len(y)), stats.sem(y)])
    np.testing.assert_allclose(found[2:, 1:3], np.transpose(ends))  # nothing varies between tables


@pytest.mark.parametrize(
    ("law", "right", "wrong"), [(law, *error) for law, errors in LAWS.items() for error in errors]
)
def test_a_planted_error_is_found(law, right, wrong):
    source, names = ast.unparse(ast.parse(inspect.getsource(_contest))), {}
    assert right in source
    exec(source.replace(right, wrong), names)
    with pytest.raises((AssertionError, RuntimeWarning)):
        any(law(names["contest"], seed) for seed in range(3))


# ------------------------------------------------------------------- what is lost, and bad input


@given(
    st.lists(st.floats(-4, 4), min_size=5, max_size=40), st.floats(0, 4),
    st.sampled_from([0.0, 0.05, 0.5, 0.8]),
)  # fmt: skip
def test_chances_have_the_share_and_the_strength(z, strength, share):
    z = np.array(z)
    p = chances(z, strength, share)
    assert p.mean() == pytest.approx(share, abs=1e-9)
    if share:
        odds = np.log(p / (1 - p))
        np.testing.assert_allclose(odds - odds[0], strength * (z - z[0]), atol=1e-8)


@given(st.integers(0, 2**32), st.sampled_from(["random", "x", "y"]), st.floats(-0.4, 0.4))
def test_a_bend_leaves_the_truth_where_it_is(seed, mechanism, bend):
    x, e = np.random.default_rng(seed).normal(size=(2, 30))
    figure = LoseThem(x, 3 + x + e, seed=seed)
    y, lost = figure._lose(mechanism, 2.0, 0.5, bend)
    assert y.mean() == pytest.approx(0, abs=1e-12)
    u = (x - x.mean()) / x.std()
    straight = standardised(x + e)[0]
    np.testing.assert_allclose(y - straight, bend * (u**2 - 1), atol=1e-9)
    assert lost.shape == (30,)
    assert np.isfinite(figure._normals()).all()


def test_what_is_lost_follows_the_mechanism():
    """Of 500 points half are lost: those with a large x, a large y, or any."""
    x, e = np.random.default_rng(1).normal(size=(2, 500))
    figure = LoseThem(x, 0.5 * x + e)
    for mechanism in ("random", "x", "y"):
        y, lost = figure._lose(mechanism, 3.0, 0.5)
        assert abs(lost.mean() - 0.5) < 4 * 0.5 / np.sqrt(500)
        apart = {"x": standardised(x)[0], "y": y}
        for name, z in apart.items():
            gap, error = z[lost].mean() - z[~lost].mean(), 2 / np.sqrt(500)
            assert (gap > 4 * error) == (mechanism != "random"), (mechanism, name)
        found = np.corrcoef(lost, apart[mechanism])[0, 1] if mechanism in apart else None
        assert found is None or found > np.corrcoef(lost, apart["xy".replace(mechanism, "")])[0, 1]


GOOD = np.arange(10.0), np.arange(10.0) ** 2
NORMALS = np.ones((2, 21))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: LoseThem(GOOD[0], GOOD[1][:9]), r"y must have shape \(10,\)"),
        (lambda: LoseThem(GOOD[0][:9], GOOD[1][:9]), "x must have shape .N,., N from 10 to 500"),
        (lambda: LoseThem(np.zeros(10), GOOD[1]), "x must not hold a number 5 times"),
        (lambda: LoseThem(GOOD[0], np.arange(10) // 5), "y must not hold a number 5 times"),
        (lambda: LoseThem(GOOD[0], [*GOOD[1][:9], None]), "y holds 1 NaN"),
        (lambda: LoseThem(*GOOD, seed=-1), "seed must be a whole number"),
        (lambda: contest([GOOD[0]], GOOD[1], NORMALS), r"x must have shape \(N,\)"),
        (lambda: contest(GOOD[0], GOOD[1][:9], NORMALS), r"y must have shape \(10,\)"),
        (lambda: contest(*GOOD, NORMALS[:1]), r"normals must have shape \(m, 21\)"),
        (lambda: contest(*GOOD, NORMALS[:, :20]), r"normals must have shape \(m, 21\)"),
        (lambda: contest(*GOOD, NORMALS[0]), r"normals must have shape \(m, 21\)"),
        (lambda: contest(GOOD[0], [1, 2, 3, 4] + [np.nan] * 6, NORMALS), "y must keep 5"),
        (lambda: contest(GOOD[0], [*GOOD[1][:9], np.inf], NORMALS), "y must keep 5 finite"),
        (lambda: contest(GOOD[0], np.ones(10), NORMALS), "y must keep 5 finite"),
        (lambda: contest(np.ones(10), GOOD[1], NORMALS), "at different x"),
        (lambda: contest(GOOD[0] * np.nan, GOOD[1], NORMALS), "x holds 10 NaN"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_reader_loses_and_gives_back(tab, lose_them):  # noqa: F811
    tab.set_content(lose_them._repr_html_())
    words, hollow = tab.locator(".words"), tab.locator('.dots circle[fill="none"]')

    def lost():
        return int(re.search(r"draw (\d+) of 60", words.inner_text()).group(1))

    first = lost()
    assert hollow.count() == first == lose_them._lose("x", 2, 0.5)[1].sum()
    assert "the likelier the larger x. " in words.inner_text()
    tab.get_by_role("button", name="New draw").click()
    assert words.inner_text().startswith(f"In this draw {lost()} of")
    second = tab.locator(".dots").inner_html()
    tab.locator(".kind").select_option("random")
    assert tab.locator(".dots").inner_html() != second
    tab.locator(".bend").focus()
    tab.keyboard.press("Home")
    assert "(the points follow a curve)" in words.inner_text()
    tab.get_by_role("button", name="Give all back").click()
    assert words.inner_text().startswith("Nothing is lost")
    assert hollow.count() == 0
    tab.locator(".which").focus()
    for _ in range(3):
        tab.keyboard.press("ArrowRight")
    assert tab.locator(".which").get_attribute("aria-valuetext") == "4, kept"
    tab.get_by_role("button", name="Lose it").focus()
    tab.keyboard.press("Enter")
    assert words.inner_text().startswith("In this draw 1 of 60 y's is lost, all by hand.")
    x = np.asarray(lose_them.x)
    fills = tab.eval_on_selector_all(".dots circle", "cs => cs.map(c => c.getAttribute('fill'))")
    assert np.argsort(x)[3] == fills.index("none")
    tab.locator(".dots circle").nth(int(np.argmax(x))).click(force=True)
    assert (lost(), hollow.count()) == (2, 2)
    tab.get_by_role("button", name="Give it back").click()
    assert (lost(), tab.locator(".which").input_value()) == (1, "59")
    tab.locator("svg").click(position={"x": 2, "y": 2})
    assert lost() == 1, "nothing is near"
    tab.locator(".share").fill("0.8")
    rows = tab.locator("tr").all_inner_texts()
    assert rows[1].split("\t")[:2] == ["before the loss", f"{np.mean(lose_them.y):.1f}"]
    assert all(row.split("\t")[3] in ("held", "missed") for row in rows[2:])


def test_too_few_are_left(tab):
    x, e = np.random.default_rng(5).normal(size=(2, 10))
    tab.set_content(LoseThem(x, x + e)._repr_html_())
    tab.get_by_role("button", name="Give all back").click()
    for point in range(6):
        tab.locator(".which").fill(str(point))
        tab.locator(".lose").click()
    assert tab.inner_text(".words") == "Only 4 y's are left, too few: give some back."
    assert (
        tab.eval_on_selector_all(".way", "rs => rs.map(r => r.getAttribute('opacity'))")
        == ["0"] * 4
    )
    assert [t.strip() for t in tab.locator("td").all_inner_texts()[5:]] == [""] * 20
    tab.locator(".lose").click()
    assert tab.inner_text(".words").startswith("In this draw 5 of 10")
    assert "NaN" not in tab.content()
