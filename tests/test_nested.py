"""Groups of units: each number against what it is by definition, found in another way."""

import ast
import itertools
import sys
import types
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

from companion import em, nested, nested_bayes
from companion.hierarchical import BetaBinomial


def load(right="", wrong=""):
    """Return both modules, with one piece of text in place of another."""
    found, kept = {}, {}
    for name, real in (("nested_bayes", nested_bayes), ("nested", nested)):
        full = real.__name__
        module, kept[full] = types.ModuleType(full), real
        source = ast.unparse(ast.parse(Path(real.__file__).read_text(encoding="utf-8")))
        found[name] = source.count(right)
        sys.modules[full] = module
        source = source.replace(right, wrong) if right else source
        exec(compile(source, real.__file__, "exec"), vars(module))  # its lines are known by name
        vars(found.setdefault("both", types.SimpleNamespace())).update(vars(module))
    sys.modules.update(kept)
    assert not right or found["nested"] + found["nested_bayes"] == 1
    return found["both"]


RIGHT = load()


def world(seed):
    """A model, and counts of two or three groups, not sorted by group."""
    rng = np.random.default_rng(seed)
    parameters = rng.normal(0, 1.5), 10 ** rng.uniform(-2, 0.7), 10 ** rng.uniform(-0.5, 3)
    J = int(rng.integers(3, 8))
    group = rng.permutation(np.append([4, 7], rng.choice([4, 7, -2], J - 2)))
    n = rng.integers(0, [4, 30, 300][seed % 3], J)
    return parameters, (rng.binomial(n, rng.beta(1, 2, J)), n, group)


def joint(parameters, y, n):
    """Density of a group's counts and of z = (u - m) / scale, by gamma functions."""
    m, scale, s = parameters
    ways = (special.gammaln(n + 1) - special.gammaln(y + 1) - special.gammaln(n - y + 1)).sum()

    def density(z):
        u = np.reshape(m + scale * z, (-1, 1))
        a, b = (np.maximum(s * special.expit(v), 1e-300) for v in (u, -u))
        rise = [special.gammaln(v + k) - special.gammaln(v) for v, k in ((a, y), (b, n - y))]
        logs = rise[0] + rise[1] - special.gammaln(s + n) + special.gammaln(s)
        return np.exp(ways + logs.sum(axis=1) - np.square(z) / 2) / np.sqrt(2 * np.pi)

    return density


def by_quad(density):
    """By adaptive quadrature, cut where the density is large."""
    z = np.linspace(-40, 40, 4_001)
    top = z[np.argmax(density(z))]
    cuts = [-60, *(top + k for k in (-8, -3, -1, -0.3, -0.1, 0, 0.1, 0.3, 1, 3, 8)), 60]
    options = {"epsabs": 0, "epsrel": 1e-11, "limit": 200}
    pieces = itertools.pairwise(cuts)
    with warnings.catch_warnings():  # far out it finds nothing but rounding errors
        warnings.simplefilter("ignore", integrate.IntegrationWarning)
        return sum(integrate.quad(lambda v: density(v)[0], a, b, **options)[0] for a, b in pieces)


NODES, SHARES = np.polynomial.legendre.leggauss(12)
PANELS = np.linspace(-50, 50, 1_001)
Z = ((PANELS[:-1] + 0.05)[:, None] + 0.05 * NODES).ravel()
STEPS = np.tile(0.05 * SHARES, 1_000)


def evidence_is_an_integral(m, seed):
    parameters, (y, n, group) = world(seed)
    parts = [joint(parameters, y[group == name], n[group == name]) for name in np.unique(group)]
    expected = sum(np.log(by_quad(density)) for density in parts)
    model = m.NestedBetaBinomial(*parameters)
    for found in (model.log_evidence(y, n, group), model.e_step(y, n, group)[1]):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def nodes_reach_what_lies_far_out(m, seed):
    """Thousands of trials of one chance, up to thirty scales away from what was expected of it."""
    rng = np.random.default_rng(seed)
    location, scale, n = rng.choice([-3, 3]), rng.uniform(0.15, 0.4), rng.integers(1000, 5000)
    y = rng.binomial(n, special.expit(-location * rng.uniform(0, 0.7)))
    model, z = m.NestedBetaBinomial(location, scale, 1e9), np.linspace(-60, 60, 120_001)
    p = special.expit(location + scale * z)
    logs = stats.binom.logpmf(y, n, p) + stats.norm.logpdf(z)
    expected = special.logsumexp(logs) + np.log(1e-3)  # with a finite strength nearly
    np.testing.assert_allclose(model.log_evidence([y], [n], [0]), expected, atol=0.001)
    found = model.posterior([y], [n], [0])
    mean = np.exp(logs - special.logsumexp(logs)) @ p
    np.testing.assert_allclose(found.group_mean, mean, atol=0.001 * found.group_sd[0])
    assert found.weights[0, 0, [0, -1]].max() < 1e-12
    assert len(found.log_odds) < 5_000


def all_counts_together_have_probability_one(m, seed):
    parameters, _ = world(seed)
    model, n, group = m.NestedBetaBinomial(*parameters), [2, 3, 1], ["a", "b", "a"]
    tables = itertools.product(*(range(k + 1) for k in n))
    total = sum(np.exp(model.log_evidence(y, n, group)) for y in tables)
    assert total == pytest.approx(1, abs=1e-9)


def moments_are_integrals(m, seed):
    """By Gauss and Legendre's rule on a thousand pieces."""
    parameters, (y, n, group) = world(seed)
    location, scale, s = parameters
    found, p = m.NestedBetaBinomial(*parameters).posterior(y, n, group), location + scale * Z
    p = special.expit(p)
    assert found.groups.tolist() == sorted(set(group))
    for k, name in enumerate(found.groups):
        units = np.flatnonzero(group == name)
        share = joint(parameters, y[units], n[units])(Z) * STEPS
        share /= share.sum()
        centre = share @ p
        np.testing.assert_allclose(found.group_mean[k], centre, rtol=1e-8)
        sd = np.sqrt(share @ (p - centre) ** 2)
        np.testing.assert_allclose(found.group_sd[k], sd, rtol=1e-7)
        for j in units:
            a, size = s * p + y[j], s + n[j]
            centre = share @ a / size
            variance = share @ (a * (size - a) / size**2 / (size + 1) + (a / size - centre) ** 2)
            np.testing.assert_allclose(found.mean[j], centre, rtol=1e-8)
            np.testing.assert_allclose(found.sd[j], np.sqrt(variance), rtol=1e-6)


def intervals_hold_what_they_say(m, seed):
    """Of 500 groups and 1500 units that the model makes, within four standard errors."""
    rng = np.random.default_rng(seed)
    location, scale, s = rng.normal(-1, 1), rng.uniform(0.2, 1.5), rng.uniform(3, 50)
    group, n = np.repeat(np.arange(500), 3), rng.integers(1, 30, 1500)
    p = special.expit(rng.normal(location, scale, 500))
    theta = rng.beta(s * p[group], s * (1 - p[group]))
    model = m.NestedBetaBinomial(location, scale, s)
    found = model.posterior(rng.binomial(n, theta), n, group)
    np.testing.assert_array_equal(found.interval(), found.interval(0.95))
    np.testing.assert_array_equal(found.group_interval(), found.group_interval(0.95))
    for level in (0.5, 0.9):
        for truth, (low, high) in [
            (p, found.group_interval(level).T),
            (theta, found.interval(level).T),  # three of a group are not three
        ]:
            error = np.sqrt(level * (1 - level) / 500)
            assert abs(np.mean((low < truth) & (truth < high)) - level) < 4 * error
    for truth, mean, sd in [
        (p, found.group_mean, found.group_sd), (theta, found.mean, found.sd)
    ]:  # fmt: skip
        squares = ((truth - mean) / sd) ** 2
        assert abs(squares.mean() - 1) < 4 * squares.std() / np.sqrt(500)


def groups_may_have_names_and_any_order(m, seed):
    parameters, (y, n, group) = world(seed)
    order = np.random.default_rng(seed).permutation(len(y))
    named = np.array(["c", "a", "b"])[np.searchsorted([-2, 4, 7], group)]
    model = m.NestedBetaBinomial(*parameters)
    one, two = model.posterior(y, n, group), model.posterior(y[order], n[order], named[order])
    np.testing.assert_allclose(two.mean, one.mean[order], rtol=1e-10)
    np.testing.assert_allclose(two.interval(), one.interval()[order], rtol=1e-6)
    back = {"c": -2, "a": 4, "b": 7}
    where = np.searchsorted(one.groups, [back[name] for name in two.groups])
    np.testing.assert_allclose(two.group_mean, one.group_mean[where], rtol=1e-10)


def a_failure_is_a_success_of_the_other_kind(m, seed):
    (location, scale, s), (y, n, group) = world(seed)
    one = m.NestedBetaBinomial(location, scale, s)
    other = m.NestedBetaBinomial(-location, scale, s)
    np.testing.assert_allclose(
        one.log_evidence(y, n, group), other.log_evidence(n - y, n, group), rtol=1e-9
    )
    y, n = np.minimum(y, 20), np.minimum(n, 20)  # the grid is fine enough for these
    fits = [m.full_bayes_nested(k, n, group) for k in (y, n - y)]
    np.testing.assert_allclose(fits[0].mean, 1 - fits[1].mean, rtol=1e-8)


def limits_are_one_population(m, seed):
    (location, _, s), (y, n, group) = world(seed)
    one = BetaBinomial(s * special.expit(location), s * special.expit(-location))
    model = m.NestedBetaBinomial(location, 1e-8, s)
    np.testing.assert_allclose(model.log_evidence(y, n, group), one.log_evidence(y, n), rtol=1e-6)
    np.testing.assert_allclose(model.posterior(y, n, group).mean, one.posterior(y, n).mean, 1e-6)


GRID = {
    "log_odds": np.linspace(-4, 3, 15), "scales": np.array([0, 0.3, 1.1]),
    "strengths": np.array([2.0, 9.0]),
}  # fmt: skip


def full_bayes_is_a_sum_over_all_nodes(m, seed):
    """Two groups, every node of all five unknowns, and the units' Beta laws there."""
    rng = np.random.default_rng(seed)
    group, n = np.array([5, 3, 5]), rng.integers(1, 7, 3)
    y = rng.binomial(n, rng.uniform(0.2, 0.8))
    u, p = GRID["log_odds"], special.expit(GRID["log_odds"])
    upper = np.zeros((3, 2, 15))
    means, units = np.zeros((2, 15)), np.zeros((2, 3))
    for (i, tau), (k, s), (c, centre) in itertools.product(
        enumerate(GRID["scales"]), enumerate(GRID["strengths"]), enumerate(u)
    ):
        prior = stats.norm.pdf(u, centre, tau) if tau else (u == centre).astype(float)
        prior /= prior.sum()
        pmf = stats.betabinom.pmf(y[:, None], n[:, None], s * p, s * (1 - p))
        first, second = prior * pmf[1], prior * pmf[0] * pmf[2]
        both = np.outer(first, second) * p[c] * (1 - p[c])
        upper[i, k, c] = both.sum()
        each = [both.sum(axis=1), both.sum(axis=0)]
        means += each
        for j in range(3):
            law = stats.beta(s * p + y[j], s * (1 - p) + n[j] - y[j])
            share = each[int(group[j] == 5)]
            units[:, j] += [share @ law.mean(), share @ law.moment(2)]
    total = upper.sum()
    found = m.full_bayes_nested(y, n, group, **GRID)
    np.testing.assert_allclose(found.upper, upper / total, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(found.weights.sum(axis=1), means / total, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(found.mean, units[0] / total, rtol=1e-9)
    np.testing.assert_allclose(found.sd, np.sqrt(units[1] / total - found.mean**2), rtol=1e-7)
    one = m.full_bayes_nested(y, n, group, **{**GRID, "scales": [0]})
    same = m.full_bayes_nested(y, n, [1, 1, 1], **{**GRID, "scales": [0]})
    np.testing.assert_allclose(one.mean, same.mean, rtol=1e-9)
    np.testing.assert_allclose(one.group_mean, np.repeat(same.group_mean, 2), rtol=1e-9)


LAWS = {
    evidence_is_an_integral: [
        ("- z ** 2 / 2", "- z ** 2"),
        ("math.log(step) -", "math.log(step / 1.01) -"),
        ("FINE = 3", "FINE = 0.5"),
        ("REACH = 8.5", "REACH = 4"),
        ("np.log(strengths)).T", "strengths).T"),
        ("(v > 0) + s * np.log1p(v / s) for", "0 * v for"),
    ],
    nodes_reach_what_lies_far_out: [
        ("np.maximum(np.log1p(hits) - m, 0)", "np.minimum(np.log1p(hits) - m, 0)"),
        ("np.maximum(np.log1p(misses) + m, 0)", "np.minimum(np.log1p(misses) + m, 0)"),
        ("up = np.minimum(scale * hits,", "up = np.maximum(scale * hits,"),
        ("down = np.minimum(scale * misses,", "down = np.maximum(scale * misses,"),
        ("up = np.minimum(scale * hits", "up = np.minimum(0 * hits"),
    ],
    all_counts_together_have_probability_one: [
        ("math.log(2 * math.pi) / 2\n        each", "1.0\n        each"),
        ("codes == k for k", "codes >= k for k"),
    ],
    moments_are_integrals: [
        ("np.asarray(self.weights.sum(axis=1) @", "(2 * self.weights[:, 0] @"),
        ("off ** 2).sum(axis=1))", "np.abs(off)).sum(axis=1))"),
        ("a + y, b + (n - y)", "a + y, b + n"),
        ("codes == k] for v", "codes == 0] for v"),
        ("np.argsort(order)]", "order]"),
    ],
    intervals_hold_what_they_say: [
        ("[tail, 1 - tail]", "[tail / 2, 1 - tail / 2]"),
        ("units.interval(level)", "units.interval(level**2)"),
        (".antiderivative()(fine)", "(fine)"),
    ],
    groups_may_have_names_and_any_order: [
        ("kind='stable'", "kind='stable')[::-1].argsort("),
        ("np.array(values) if any(texts)", "np.array(sorted(values)) if any(texts)"),
    ],
    a_failure_is_a_success_of_the_other_kind: [
        ("np.abs(u)[:, np.newaxis]\n", "u[:, np.newaxis]\n"),
        ("(log_odds, np.log", "(log_odds + 0.1, np.log"),
    ],
    limits_are_one_population: [("data.table(m + scale", "data.table(2 * m + scale")],
    full_bayes_is_a_sum_over_all_nodes: [
        ("prior.sum(axis=-1, keepdims=True)", "prior.sum(axis=-2, keepdims=True)"),
        ("2 * np.log1p(np.exp(-np.abs(u)))", "np.log1p(np.exp(-np.abs(u)))"),
        ("np.log(each).sum(axis=2)", "np.log(each).mean(axis=2)"),
        ("upper[:, :, np.newaxis] / each", "upper[:, :, np.newaxis]"),
        ("0.0, away) / 2", "0.0, away)"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("law", [law for law in LAWS if law is not intervals_hold_what_they_say])
@settings(max_examples=10)
@given(seed=st.integers(0, 2**32))
def test_law(law, seed):
    law(RIGHT, seed)


@pytest.mark.parametrize("seed", range(3))
def test_intervals(seed):
    intervals_hold_what_they_say(RIGHT, seed)


@pytest.mark.parametrize(
    ("law", "right", "wrong"), [(law, *error) for law, errors in LAWS.items() for error in errors]
)
def test_a_planted_error_is_found(law, right, wrong):
    changed = load(right, wrong)
    with pytest.raises((AssertionError, ValueError, RuntimeWarning, IndexError)):
        any(law(changed, seed) for seed in range(6))


# ----------------------------------------------------------------- boundaries and bad input


def test_full_bayes_is_near_the_fit_where_groups_are_many():
    rng = np.random.default_rng(5)
    group, n = np.repeat(np.arange(60), 6), rng.integers(10, 25, 360)
    p = special.expit(rng.normal(-1, 0.7, 60))[group]
    y = rng.binomial(n, rng.beta(25 * p, 25 * (1 - p)))
    run = em.fit(RIGHT.NestedBetaBinomial(0, 1, 5), y, n, group, acceleration="squarem")
    one, two = run.model.posterior(y, n, group), RIGHT.full_bayes_nested(y, n, group)
    assert abs(one.mean - two.mean).max() < 0.2 * one.sd.min()
    scale = two.upper.sum(axis=(1, 2)) @ RIGHT.SCALES
    assert abs(scale - run.model.scale) < 0.1
    assert abs(two.upper.sum(axis=(0, 1)) @ RIGHT.LOG_ODDS - run.model.location) < 0.05


@pytest.mark.parametrize("fraction", [0.9, 1.2, 1.9])
def test_a_step_may_be_as_wide_as_the_likelihood(fraction):
    """Of twenty in forty: the curvature of the binomial at its top is n p (1 - p)."""
    u = np.sqrt(fraction / 10) * np.arange(-6, 7)
    log_p = stats.binom.logpmf(20, 40, special.expit(u))
    finer = bool(-np.diff(log_p, 2).min() <= 1)
    assert finer == (fraction < 1)

    def attempt():
        return RIGHT.full_bayes_nested([20], [40], [0], log_odds=u, strengths=[1e8])

    if finer:
        assert np.isfinite(attempt().group_mean).all()
    else:
        with pytest.raises(ValueError, match="log_odds must be finer"):
            attempt()


def test_counts_of_any_size():
    """A million trials of one chance: what is known is the share; a grid without end is named."""
    model = RIGHT.NestedBetaBinomial(0, 1, 1e9)
    found = model.posterior([200_000, 3], [1_000_000, 5], ["much", "little"])
    np.testing.assert_allclose(found.group_mean[1], 0.2, rtol=1e-4)
    np.testing.assert_allclose(found.group_sd[1], 0.0004, rtol=0.01)
    with pytest.raises(ValueError, match="n and scale ask for more than 200000 nodes"):
        RIGHT.NestedBetaBinomial(0, 1, 1e15).log_evidence([10**11], [2 * 10**11], [0])
    few, many = 1, 10**11
    while many - few > 1 + few / 1000:  # where it ends, they are nearly as many
        middle = (few + many) // 2
        try:
            found = RIGHT.NestedBetaBinomial(0, 1, 1e15).posterior([middle], [2 * middle], [0])
            few, nodes = middle, len(found.log_odds)
        except ValueError:
            many = middle
    assert 195_000 < nodes <= 200_000


@pytest.mark.parametrize("mean", [-15.0, 15.0])
def test_nine_events_move_far_what_was_sure(mean):
    """Nodes reach to where events of either kind put the group: nine scales away here."""
    for y in (0, 9):
        z = np.linspace(-40, 40, 80_001)
        log_p, log_q = (special.log_expit(sign * (mean + z)) for sign in (1, -1))
        logs = stats.norm.logpdf(z) + y * log_p + (9 - y) * log_q
        expected = special.logsumexp(logs) + np.log(1e-3)
        model = RIGHT.NestedBetaBinomial(mean, 1, 1e12)
        assert model.log_evidence([y], [9], [0]) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_a_wide_population_has_nodes_for_narrow_posteriors(seed):
    """Trials of one chance: what the groups' means may be is wide, what each is, is narrow."""
    rng = np.random.default_rng(seed)
    m, scale, n = rng.normal(), rng.uniform(20, 60), rng.integers(30, 60)
    y = rng.integers(10, n - 10)
    top = special.logit(y / n)

    def density(u):
        p = special.expit(u)
        return stats.binom.pmf(y, n, p) * stats.norm.pdf(u, m, scale)

    model = RIGHT.NestedBetaBinomial(m, scale, 1e9)
    expected = integrate.quad(density, top - 30, top + 30, points=[top], epsrel=1e-10)[0]
    assert model.log_evidence([y], [n], [0]) == pytest.approx(np.log(expected), abs=1e-5)
    found = model.posterior([y], [n], [0])  # nearly Beta(y, n - y)
    np.testing.assert_allclose(found.group_mean, y / n, rtol=1e-3)
    assert found.group_sd[0] == pytest.approx(np.sqrt(y * (n - y) / (n + 1)) / n, rel=1e-3)


@pytest.mark.parametrize(
    ("y", "message"),
    [([5, 5, 5, 5, 4, 6], "strength grows without bound"), ([0, 10, 0, 0, 10, 0], "falls to 0")],
)
def test_a_strength_without_a_maximum_is_named(y, message):
    with pytest.raises(em.CollapsedComponentError, match=message):
        em.fit(RIGHT.NestedBetaBinomial(0, 1, 5), y, [10] * 6, [1, 1, 1, 2, 2, 2])


@pytest.mark.parametrize("strength", [0.001, 5.0, 1e7])
def test_one_m_step_finds_the_strength_wherever_it_begins(strength):
    """Beyond e^4 times away it has to look further."""
    y, n, group = [4, 1, 9, 12, 3, 5], [14, 20, 20, 20, 9, 11], [0, 0, 0, 1, 1, 1]
    near = RIGHT.NestedBetaBinomial(-0.5, 0.5, 8)
    statistics, _ = near.e_step(y, n, group)
    best = near.m_step(statistics).strength
    assert 1 < best < 1000
    far = RIGHT.NestedBetaBinomial(-0.5, 0.5, strength)
    assert far.m_step(statistics).strength == pytest.approx(best, rel=1e-5)


def test_three_places_are_enough_for_a_grid():
    found = RIGHT.full_bayes_nested([1], [2], [0], log_odds=[-1, 0, 1], scales=[1], strengths=[5])
    np.testing.assert_array_equal(found.log_odds, [-1, 0, 1])
    with pytest.raises(ValueError, match=r"^log_odds must be three numbers or more"):
        RIGHT.full_bayes_nested([1], [2], [0], log_odds=[-1, 0], scales=[1], strengths=[5])


def test_many_groups_underflow_nowhere():
    """Their evidences multiply to less than the smallest float."""
    rng = np.random.default_rng(3)
    y, group = rng.integers(0, 41, 900), np.arange(900)
    data = y, np.full(900, 40), group
    with np.errstate(all="raise"):
        found = RIGHT.full_bayes_nested(*data, scales=[1, 2], strengths=[50])
        model = RIGHT.NestedBetaBinomial(0, 1, 50)
        assert model.m_step(model.e_step(*data)[0]).strength > 0
    assert np.isfinite(found.group_mean).all()
    assert found.weights.sum() == pytest.approx(900)


def test_groups_that_do_not_differ_lead_the_scale_towards_zero():
    y, n, group = np.tile([1, 3, 6, 9], 5), np.full(20, 10), np.repeat(np.arange(5), 4)
    start = RIGHT.NestedBetaBinomial(0, 1, 5)
    run = em.fit(start, y, n, group, acceleration="squarem", tol=1e-6)
    assert run.model.scale < 0.15
    assert np.ptp(run.model.posterior(y, n, group).mean.reshape(5, 4), axis=0).max() < 1e-9


DATA = [1, 2, 3], [5, 5, 5], [0, 0, 1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.NestedBetaBinomial(0, 0, 1), "scale must be a number > 0"),
        (lambda m: m.NestedBetaBinomial(0, 1, -1), "strength must be a number > 0"),
        (lambda m: m.NestedBetaBinomial(np.nan, 1, 1), "location holds 1 NaN"),
        (lambda m: m.NestedBetaBinomial(0, 1, 1).from_vector([0, 1]), "vector must have shape"),
        (lambda m: m.NestedBetaBinomial(0, 1, 1).from_vector([0, 999, 0]), "vector leads out"),
        (lambda m: m.Grouped.of([1, 2], [1, 1], [0, 0]), "y must not exceed n"),
        (lambda m: m.Grouped.of([1, 2], [3, 3], [0]), r"group must have shape \(2,\)"),
        (lambda m: m.Grouped.of([1, 2], [3, 3], 1), r"group must have shape \(2,\)"),
        (
            lambda m: m.Grouped.of([1, 2], [3, 3], ["a", None]),
            "group mixes names with what is none: None",
        ),
        (lambda m: m.Grouped.of([1, 2], [3, 3], [0, np.nan]), "group holds 1 NaN"),
        (lambda m: m.Grouped.of([1, 2], [3, 3], [0, 0.5]), "group must be whole numbers"),
        (lambda m: m.full_bayes_nested(*DATA, scales=[-1]), "scales must not be negative"),
        (lambda m: m.full_bayes_nested(*DATA, strengths=[0]), "strengths must be positive"),
        (lambda m: m.full_bayes_nested(*DATA, strengths=[[1]]), "strengths must be a vector"),
        (lambda m: m.full_bayes_nested(*DATA, log_odds=[0, 1, 3]), "log_odds must be three"),
        (lambda m: m.full_bayes_nested(*DATA, log_odds=[2, 1, 0]), "log_odds must be three"),
        (lambda m: m.full_bayes_nested(*DATA, log_odds=[0, 1]), "log_odds must be three"),
        (
            lambda m: m.full_bayes_nested([200, 2], [999, 5], [0, 1], log_odds=[-4, -2, 0, 2]),
            "log_odds must be finer",
        ),
        (lambda m: m.full_bayes_nested(*DATA).interval(1), "level must lie between"),
        (lambda m: m.full_bayes_nested(*DATA).group_interval(0), "level must lie between"),
    ],
)
def test_bad_input(call, message):
    with np.errstate(all="raise", under="ignore"), pytest.raises(ValueError, match=message):
        call(RIGHT)


def test_a_group_that_knows_nothing_has_its_mean_anywhere_on_the_grid():
    u = np.linspace(-3, 3, 7)
    found = RIGHT.full_bayes_nested([0, 0], [0, 0], [0, 1], log_odds=u, strengths=[1])
    for low, high in special.logit(found.group_interval(1 - 1e-6)):
        assert -3 <= low < -2.99
        assert 2.99 < high <= 3


def test_a_chance_below_all_floats_is_almost_zero():
    u = np.arange(-800.0, -700, 5)
    with np.errstate(all="raise", under="ignore"):
        grid = {"log_odds": u, "scales": [1e3], "strengths": [1]}
        found = RIGHT.full_bayes_nested([0, 0], [5, 5], [0, 1], **grid)
        assert special.expit(u[0]) == 0
        assert found.weights[0, 0, 0] > 1e-9
        assert (found.mean < 1e-200).all()
        assert (found.interval()[:, 0] == 0).all()


def test_a_vector_out_of_range_is_named_without_a_warning():
    start = RIGHT.NestedBetaBinomial(0, 1, 1)
    for vector in ([0.0, -800.0, 0.0], [0.0, 0.0, 800.0], [0.0, 0.0, -800.0]):
        with (
            np.errstate(all="raise"),
            pytest.raises(ValueError, match="vector leads out of the range of numbers"),
        ):
            start.from_vector(vector)
