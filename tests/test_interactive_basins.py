"""Where EM ends, from many starts at once: the companion's steps, and names that are true."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp
from scipy.stats import norm

from companion import em
from companion.gaussians import GaussianMixture
from companion.interactive import Basins, basins
from companion.interactive.basins import OUTCOMES, em_ends

GOOD, LOWER, ONE, COLLAPSE, _ = OUTCOMES
seeds = st.integers(0, 2**32)


def world(seed, S=12, N=25):
    """Points in two groups, and starts of which some are far away or narrow."""
    rng = np.random.default_rng(seed)
    x = rng.normal(np.where(rng.uniform(size=N) < 0.6, 2, 5), 0.6)
    w = rng.uniform(0.05, 0.95, S)
    sds = np.exp(rng.uniform(np.log(0.08), np.log(4), (S, 2)))
    return x, np.column_stack([w, 1 - w]), rng.uniform(-2, 9, (S, 2)), sds


def a_step_is_that_of_the_companion(seed):
    x, weights, means, sds = world(seed)
    theta = np.stack([np.log(weights), means, 2 * np.log(sds)])
    after, values, counts = basins._step(x, theta)
    for s in range(len(weights)):
        model = GaussianMixture(weights[s], means[s], sds[s] ** 2)
        r = model.responsibilities(x)
        held, value = r.sum(axis=0), model.log_likelihood(x)
        np.testing.assert_allclose(values[s], value, rtol=1e-11, atol=1e-10)
        np.testing.assert_allclose(np.exp(counts[s]), held, rtol=1e-9, atol=1e-250)
        if held.min() > 1e-20 and after[2, s].min() > -18:
            model = model.m_step(model.e_step(x)[0])
            found = np.exp(after[0, s]), after[1, s], np.exp(after[2, s])
            for one, two in zip(
                found, (model.weights, model.means, model.covariances), strict=True
            ):
                np.testing.assert_allclose(one, two.ravel(), rtol=1e-6, atol=1e-12)


def an_end_stays_where_it_is(seed):
    """By the companion: no step moves it; it attracts, unless it is one Gaussian; its value."""
    x, *start = world(seed)
    ends = em_ends(x, *start)
    for s in np.flatnonzero(ends.outcomes != COLLAPSE):
        model = GaussianMixture(ends.weights[s], ends.means[s], ends.sds[s] ** 2)
        value = logsumexp(
            np.log(model.weights) + norm.logpdf(x[:, None], ends.means[s], ends.sds[s]), axis=1
        ).sum()
        np.testing.assert_allclose(ends.log_likelihoods[s], value, rtol=0, atol=1e-7)
        again = model.m_step(model.e_step(x)[0])
        np.testing.assert_allclose(again.means, model.means, rtol=0, atol=1e-8)
        np.testing.assert_allclose(again.covariances, model.covariances, rtol=1e-6)
        rates = np.linalg.eigvals(em.rate_matrix(model, x)).real
        assert (rates.max() < 1) == (ends.outcomes[s] != ONE)
    finite = ends.log_likelihoods[np.isin(ends.outcomes, [GOOD, LOWER])]
    good = ends.log_likelihoods[ends.outcomes == GOOD]
    if len(finite):
        assert len(good) > 0
        assert np.ptp(good) < 1e-4
        assert (ends.log_likelihoods[ends.outcomes == LOWER] < good.min()).all()


def a_collapse_is_one_for_the_companion_too(seed):
    """It raises exactly there, however long it is let run; the spike stands on a point."""
    x, *start = world(seed)
    ends = em_ends(x, *start)
    assert np.isnan(ends.log_likelihoods).tolist() == (ends.outcomes == COLLAPSE).tolist()
    for s, (w, m, sd) in enumerate(zip(*start, strict=True)):
        model = GaussianMixture(w, m, sd**2)
        if ends.outcomes[s] == COLLAPSE:
            assert np.abs(ends.means[s][ends.sds[s].argmin()] - x).min() < 1e-12
            with pytest.raises(em.CollapsedComponentError):
                em.fit(model, x, tol=0, max_iter=int(ends.n_steps[s]) + 5)
        elif ends.log10_least[s] > -190:
            run = em.fit(model, x, tol=0, max_iter=int(ends.n_steps[s]))
            np.testing.assert_allclose(run.log_likelihood, ends.log_likelihoods[s], atol=1e-6)


def the_fewest_points_are_counted(seed):
    x, *start = world(seed, S=4)
    ends = em_ends(x, *start)
    for s, (w, m, sd) in enumerate(zip(*start, strict=True)):
        model, least = GaussianMixture(w, m, sd**2), np.inf
        if ends.outcomes[s] == COLLAPSE or ends.log10_least[s] < -190:
            continue
        for _ in range(ends.n_steps[s]):
            statistics, _ = model.e_step(x)
            least = min(least, statistics.counts.min())
            model = model.m_step(statistics)
        assert ends.log10_least[s] == pytest.approx(np.log10(least), abs=1e-6)


def units_and_names_do_not_matter(seed):
    x, weights, means, sds = world(seed)
    one = em_ends(x, weights, means, sds)
    two = em_ends(7 - 1e5 * x, weights[:, ::-1], 7 - 1e5 * means[:, ::-1], 1e5 * sds[:, ::-1])
    assert one.outcomes.tolist() == two.outcomes.tolist()
    np.testing.assert_allclose(two.means[:, ::-1], 7 - 1e5 * one.means, rtol=1e-6, atol=1)
    shift = len(x) * np.log(1e5)
    np.testing.assert_allclose(two.log_likelihoods + shift, one.log_likelihoods, atol=1e-6)


def equal_components_stay_one_gaussian(seed):
    x, _, means, sds = world(seed)
    same = np.repeat(means[:, :1], 2, axis=1), np.repeat(sds[:, :1], 2, axis=1)
    ends = em_ends(x, np.full((len(means), 2), [0.3, 0.7]), *same)
    assert set(ends.outcomes) == {ONE}
    value = norm.logpdf(x, x.mean(), x.std()).sum()
    np.testing.assert_allclose(ends.log_likelihoods, value, rtol=1e-12)
    np.testing.assert_allclose(ends.sds, x.std(), rtol=1e-12)


LAWS = [
    a_step_is_that_of_the_companion,
    an_end_stays_where_it_is,
    a_collapse_is_one_for_the_companion_too,
    the_fewest_points_are_counted,
    units_and_names_do_not_matter,
    equal_components_stay_one_gaussian,
]


@pytest.mark.parametrize("law", LAWS)
@settings(max_examples=15)
@given(seed=seeds)
def test_ends(law, seed):
    law(seed)


OWN = vars(basins).copy()


def patched_step(change):
    def step(u, theta):
        return change(theta, *OWN["_step"](u, theta))

    return step


def wide(theta, after, values, counts):
    return np.stack([after[0], after[1], after[2] + 0.02]), values, counts


def hasty(before, after):
    """Ends when the variances rest."""
    rest = np.abs(after - before)[2].max(axis=1) < 1e-3
    return rest | OWN["_is_spike"](after)


def hold_all():
    for law in LAWS:
        law(1)


WRONG = [
    ("_step", patched_step(wide)),
    ("_step", patched_step(lambda t, a, v, c: (np.stack([t[0], a[1], a[2]]), v, c))),
    ("_step", patched_step(lambda t, a, v, c: (a, v + 1, c))),
    ("_step", patched_step(lambda t, a, v, c: (a, v, c + 1))),
    ("_is_end", hasty),
    ("_is_spike", lambda theta: theta[2].min(axis=1) < -3),
    ("STILL", 1e-2),
    ("SAME", 1.0),
    ("SAME", -1.0),
    ("OUTCOMES", (LOWER, GOOD, *OUTCOMES[2:])),
    ("OUTCOMES", (GOOD, LOWER, COLLAPSE, ONE, OUTCOMES[4])),
]


@pytest.mark.parametrize("k", range(len(WRONG)))
def test_a_planted_error_is_found(monkeypatch, k):
    hold_all()
    monkeypatch.setattr(basins, *WRONG[k])
    with pytest.raises((AssertionError, ValueError, IndexError, em.EMError)):
        hold_all()


# --------------------------------------------------------------------------- the map


def the_map_is_that_of_single_runs(seed):
    rng, x = np.random.default_rng(seed), world(seed)[0]
    spreads, size = (0.15, 0.8), 9
    figure = Basins(x, -3, 10, spreads, size)
    stops = np.linspace(-3, 10, size)
    i, j, k = rng.integers(size, size=20), rng.integers(size, size=20), rng.integers(2, size=20)
    ends = em_ends(
        x, np.full((20, 2), 0.5), np.column_stack([stops[i], stops[j]]),
        np.repeat(np.array(spreads)[k, np.newaxis], 2, axis=1),
    )  # fmt: skip
    for s in range(20):
        found = figure.outcomes[k[s], j[s], i[s]]
        if ends.outcomes[s] in (ONE, COLLAPSE):
            assert found == ends.outcomes[s]
        else:
            is_best = ends.log_likelihoods[s] > figure.best - 1e-4
            assert found == (GOOD if is_best else LOWER)
    assert (np.diagonal(figure.outcomes, axis1=1, axis2=2) == ONE).all()


@settings(max_examples=10)
@given(seeds)
def test_the_map(seed):
    the_map_is_that_of_single_runs(seed)


def patched_map(change):
    """Other starts, but not where few are asked for."""

    def ends(u, theta, *units):
        return OWN["_ends"](u, theta if theta.shape[1] <= 20 else change(theta), *units)

    return ends


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("_stops", lambda low, high, size: OWN["_stops"](low, high, size) * 0.8),
        ("_ends", patched_map(lambda theta: theta[:, ::-1])),
        ("_ends", patched_map(lambda theta: theta + np.reshape([0, 0, 1.5], (3, 1, 1)))),
        ("_ends", patched_map(lambda theta: np.stack([theta[0] + [30, 0], *theta[1:]]))),
    ],
)
def test_a_wrong_map_is_found(monkeypatch, name, wrong):
    the_map_is_that_of_single_runs(3)
    monkeypatch.setattr(basins, name, wrong)
    with pytest.raises(AssertionError):
        the_map_is_that_of_single_runs(3)


def test_every_cell_has_the_colour_of_its_outcome():
    """The painted area of each outcome, and the middle of each cell."""
    x = world(5)[0]
    figure = Basins(x, -3, 10, (0.3,), 11)
    chart = basins._frames((-0.5, 10.5), (0, 1), 1)[0]
    paths = basins._cells(chart, np.arange(11.0), 0.5, figure.outcomes[0])
    cells = np.full((11, 11), "", dtype=object)
    centres = chart.pixels(np.arange(11), np.arange(11))
    for text, path in zip(OUTCOMES, paths, strict=True):
        for part in path.split("z")[:-1]:
            x0, y1, x1, y0 = (float(v) for v in re.findall(r"-?[\d.]+", part)[:4])
            inside = (centres[:, 1, None] > y1) & (centres[:, 1, None] < y0)
            inside = inside & (centres[:, 0] > x0) & (centres[:, 0] < x1)
            assert (cells[inside] == "").all(), "no cell is painted twice"
            cells[inside] = text
    assert cells.tolist() == figure.outcomes[0].tolist()


def test_all_collapse():
    figure = Basins([0.0, 1.0, 2.0, 3.0], -30, 40, (0.02,), 5)
    assert set(figure.outcomes.ravel()) == {ONE, COLLAPSE}
    assert np.isnan(figure.best)
    assert "NaN" not in figure._repr_html_()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Basins([[1, 2]], 0, 3, [1]), r"x must have shape \(N,\)"),
        (lambda: Basins([1, 1], 0, 3, [1]), "x must hold different points"),
        (lambda: Basins([1, np.nan], 0, 3, [1]), "x holds 1 NaN"),
        (lambda: Basins(np.arange(1001), -1, 2000, [1]), "x must have at most 1000 points"),
        (lambda: Basins([1, 2], 1.5, 3, [1]), "low and high must have all points between"),
        (lambda: Basins([1, 2], 0, 2, [1]), "low and high must have all points between"),
        (lambda: Basins([1, 2], 0, 3, []), "spreads is empty"),
        (lambda: Basins([1, 2], 0, 3, [1] * 6), "spreads must have one to five"),
        (lambda: Basins([1, 2], 0, 3, 1.0), "spreads must have one to five"),
        (lambda: Basins([1, 2], 0, 3, [0]), "spreads must be positive"),
        (lambda: Basins([1, 2], 0, 3, [1e-7]), "standard deviations must lie between 1e-06"),
        (lambda: Basins([1, 2], 0, 3, [1e4]), "standard deviations must lie between 1e-06 and"),
        (lambda: Basins([1, 2], -1e4, 3, [1]), "means must lie within 1000"),
        (lambda: Basins([1, 2], 0, 3, [1], 4), "size must be"),
        (lambda: Basins([1, 2], 0, 3, [1], 42), "size must be at most 41"),
        (lambda: em_ends([1, 2], [[0.5, 0.5]], [1, 2], [[1, 1]]), r"means must have shape \(S, 2"),
        (
            lambda: em_ends([1, 2], [[0.5, 0.6]], [[1, 2]], [[1, 1]]),
            "weights: each row must sum to one",
        ),
        (lambda: em_ends([1, 2], [[0, 1]], [[1, 2]], [[1, 1]]), "weights must be positive"),
        (lambda: em_ends([1, 2], [[0.5, 0.5]], [[1, 2]], [1, 1]), "sds must have shape"),
        (lambda: em_ends([1, 2], [[0.5, 0.5]], [[1, 2]], [[1, -1]]), "sds must be positive"),
        (lambda: em_ends([1, 2], [[1, 0]] * 2, [[1, 2]], [[1, 1]]), "weights must have shape"),
    ],
)
def test_bad_input(call, message):
    with np.errstate(all="raise", under="ignore"), pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("unit", [2.0**-400, 2.0**400])
def test_a_map_in_any_unit(unit):
    x = world(4)[0]
    one = Basins(x, -3, 10, (0.3,), 9)
    two = Basins(x * unit, -3 * unit, 10 * unit, (0.3 * unit,), 9)
    assert one.outcomes.tolist() == two.outcomes.tolist()
    assert two.best + len(x) * np.log(unit) == pytest.approx(one.best, abs=1e-6)
