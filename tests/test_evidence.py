"""The log evidence and its derivatives, for counts from 1 to 1e9: against fifty digits."""

import collections

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_rising import exact_beta_binomial, exact_negative_binomial

from companion import evidence
from companion.empirical_bayes import NoMaximumError, fit_evidence, fit_moments
from companion.hierarchical import BetaBinomial, GammaPoisson, NormalNormal

mp.mp.dps = 50
seeds = st.integers(0, 2**32)
STEP = mp.mpf("1e-15")


def exact_evidence(kind, y, size):
    """Log evidence at two coordinates, in fifty digits."""

    def chances(u, v):
        alpha, beta = mp.e**v / (1 + mp.e ** (-u)), mp.e**v / (1 + mp.e**u)
        g = mp.loggamma
        common = g(alpha + beta) - g(alpha) - g(beta)
        total = mp.mpf(0)
        for yj, nj in zip(y, size, strict=True):
            Y, N = mp.mpf(float(yj)), mp.mpf(float(nj))
            total += g(N + 1) - g(Y + 1) - g(N - Y + 1) + common
            total += g(alpha + Y) + g(beta + N - Y) - g(alpha + beta + N)
        return total

    def rates(a, b):
        m, r = mp.e**a, mp.e**b
        total = mp.mpf(0)
        for yj, ej in zip(y, size, strict=True):
            Y, M = mp.mpf(float(yj)), mp.mpf(float(ej)) * m
            total += mp.loggamma(Y + r) - mp.loggamma(r) - mp.loggamma(Y + 1)
            total += r * mp.log(r / (r + M)) + Y * mp.log(M / (r + M))
        return total

    def effects(m, v):
        total = mp.mpf(0)
        for yj, sj in zip(y, size, strict=True):
            variance = mp.mpf(float(sj)) ** 2 + mp.e ** (2 * v)
            total -= (mp.log(2 * mp.pi * variance) + (mp.mpf(float(yj)) - m) ** 2 / variance) / 2
        return total

    return {BetaBinomial: chances, GammaPoisson: rates, NormalNormal: effects}[kind]


def differences(f, x):
    """Gradient and matrix of second derivatives, by differences of fifty digits."""
    u, v = (mp.mpf(float(c)) for c in x)
    h = STEP

    def at(i, j):
        return f(u + i * h, v + j * h)

    gradient = [(at(1, 0) - at(-1, 0)) / (2 * h), (at(0, 1) - at(0, -1)) / (2 * h)]
    mixed = (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / (4 * h * h)
    bends = [
        (at(1, 0) - 2 * at(0, 0) + at(-1, 0)) / h**2,
        (at(0, 1) - 2 * at(0, 0) + at(0, -1)) / h**2,
    ]
    return at(0, 0), gradient, [[bends[0], mixed], [mixed, bends[1]]]


def random_case(kind, seed):
    rng = np.random.default_rng(seed)
    J = 5
    if kind is BetaBinomial:
        n = np.floor(10 ** rng.uniform(0, rng.choice([2, 5, 9]), J))
        return np.floor(n * rng.uniform(0, 1, J)), n, np.array([rng.normal(), rng.uniform(-6, 14)])
    if kind is GammaPoisson:
        e, m = 10 ** rng.uniform(-6, 9, J), 10 ** rng.uniform(-3, 3)
        y = np.minimum(np.floor(e * m * rng.gamma(1, 1, J)), 1e9)
        return y, e, np.array([np.log(m), rng.uniform(-6, 14)])
    return rng.normal(0, 3, J), 10 ** rng.uniform(-2, 2, J), np.array([rng.normal(), rng.normal()])


@pytest.mark.parametrize("kind", [BetaBinomial, GammaPoisson, NormalNormal])
@settings(max_examples=15)
@given(seed=seeds)
def test_value_and_derivatives_have_their_digits(kind, seed):
    y, size, x = random_case(kind, seed)
    evidence = kind.evidence(y, size)
    value, gradient, hessian = evidence.expand(x)
    exact, slopes, bends = differences(exact_evidence(kind, y, size), x)
    assert value == pytest.approx(float(exact), rel=1e-12, abs=1e-13)
    assert value == pytest.approx(float(evidence.value(x)), rel=1e-12, abs=0)
    total = kind.from_vector(x).log_prior_predictive(y, size).sum()
    assert value == pytest.approx(total, rel=1e-11, abs=1e-12)
    for found, true in zip(gradient, slopes, strict=True):
        assert found == pytest.approx(float(true), rel=1e-9, abs=1e-9)
    for found, true in zip(hessian.ravel(), np.ravel(bends), strict=True):
        assert found == pytest.approx(float(true), rel=1e-9, abs=1e-9)


def test_the_law_notices_what_was_lost():
    """Planted: sums of logarithms over all factors, as they were for large counts too."""
    y, e, r = np.array([3e6, 5e6]), np.array([10e6, 12e6]), 0.2
    exact = sum(float(exact_negative_binomial(a, 0.4 * b, r)) for a, b in zip(y, e, strict=True))
    t = e * 0.4 / r
    lost = [np.log1p(np.arange(1, int(k)) / r).sum() for k in y]
    old = sum(lost) + (y * np.log(0.4 * e) - (r + y) * np.log1p(t)).sum()
    old -= sum(float(mp.loggamma(mp.mpf(k) + 1)) for k in y)
    assert abs(old / exact - 1) > 1e-11
    found = GammaPoisson(r, r / 0.4).log_evidence(y, e)
    assert found == pytest.approx(exact, rel=1e-13, abs=0)


COUNTS, EXPOSURES = np.array([3, 5, 2, 28, 1, 0]), np.array([10, 12, 9, 20, 11, 7])


@pytest.mark.parametrize(
    ("factor", "shape", "rate", "log_evidence"),
    [
        (1e5, 0.23692058, 0.58503763, -77.7318636411234),
        (1e6, 0.20831495, 0.51440066, -89.7558296085328),
    ],
)
def test_large_counts_are_fitted(factor, shape, rate, log_evidence):
    found = fit_evidence(GammaPoisson, COUNTS * factor, EXPOSURES * factor)
    assert found.log_evidence == pytest.approx(log_evidence, rel=1e-13, abs=0)
    assert found.population.shape == pytest.approx(shape, rel=1e-7, abs=0)
    assert found.population.rate == pytest.approx(rate, rel=1e-7, abs=0)
    f = exact_evidence(GammaPoisson, COUNTS * factor, EXPOSURES * factor)
    exact, slopes, _ = differences(f, found.population.to_vector())
    assert found.log_evidence == pytest.approx(float(exact), rel=1e-14, abs=0)
    np.testing.assert_allclose([float(s) for s in slopes], 0, rtol=0, atol=1e-6)


@given(seeds)
def test_exposures_in_another_unit_are_the_same_exposures(seed):
    y, e, _ = random_case(GammaPoisson, seed)
    try:
        one = fit_evidence(GammaPoisson, y, e)
    except NoMaximumError:
        with pytest.raises(NoMaximumError):
            fit_evidence(GammaPoisson, y, e * 2.0**30)
        return
    other = fit_evidence(GammaPoisson, y, e * 2.0**30)
    assert other.log_evidence == pytest.approx(one.log_evidence, rel=1e-11, abs=1e-11)
    assert other.population.shape == pytest.approx(one.population.shape, rel=1e-4, abs=0)


def test_one_trial_each_shows_no_spread():
    for fit in (fit_moments, fit_evidence):
        with pytest.raises(NoMaximumError, match="one trial each shows no spread"):
            fit(BetaBinomial, [0, 1, 1, 0], 1)
        with pytest.raises(NoMaximumError, match="one trial each shows no spread"):
            fit(BetaBinomial, [0, 1, 1, 0, 0], [1, 1, 1, 1, 0])
    with pytest.raises(NoMaximumError, match="every y is n"):
        fit_evidence(BetaBinomial, [4, 2, 7], [4, 2, 7])


def test_the_steps_have_the_length_of_the_data():
    found = fit_evidence(NormalNormal, [0, 5, 6, 7], [0.01, 1, 1, 1])
    assert found.population.mean == pytest.approx(4.3522164, rel=1e-7, abs=0)
    assert found.population.sd == pytest.approx(2.7132352, rel=1e-7, abs=0)
    assert found.n_iter < 30


@given(seeds, st.sampled_from([1e-8, 1.0, 1e9]), st.sampled_from([0.0, 1e3]))
def test_effects_in_another_unit_are_the_same_effects(seed, unit, offset):
    rng = np.random.default_rng(seed)
    s = 10 ** rng.uniform(-3, 1, 6)
    y = rng.normal(0, np.hypot(s, rng.choice([0.0, 2.0])))
    one = fit_evidence(NormalNormal, y, s)
    other = fit_evidence(NormalNormal, (y + offset) * unit, s * unit)
    scale = one.population.sd + s.min()
    assert other.population.sd / unit == pytest.approx(
        one.population.sd, rel=1e-4, abs=1e-4 * scale
    )
    gap = other.population.mean / unit - offset - one.population.mean
    assert abs(gap) < 1e-4 * scale
    nats = other.log_evidence + 6 * np.log(unit)
    assert nats == pytest.approx(one.log_evidence, rel=1e-9, abs=1e-8)


def test_a_plateau_is_no_maximum():
    with pytest.raises(NoMaximumError, match="complete pooling"):
        fit_evidence(BetaBinomial, [0, 0, 1, 1, 0, 3, 4e8], [0, 1, 1, 1, 1, 10, 1e9])


@given(seeds)
def test_what_is_called_a_maximum_is_one(seed):
    """Higher than everything on a wide grid, and than the limit of complete pooling."""
    rng = np.random.default_rng(seed)
    n = np.floor(10 ** rng.uniform(0, 9, 6)) + 1
    y = rng.binomial(n.astype(int), rng.beta(2, 3, 6)).astype(float)
    evidence = BetaBinomial.evidence(y, n)
    grid = evidence.on_grid(np.linspace(-4, 4, 33), np.linspace(-8, 40, 49))
    try:
        found = fit_evidence(BetaBinomial, y, n)
    except NoMaximumError:
        row = grid.max(axis=0)  # it rises to an end
        assert row.argmax() in (0, 1, len(row) - 2, len(row) - 1) or np.ptp(row[30:]) < 1e-6
        return
    assert found.log_evidence >= grid.max() - 1e-9


def test_exact_formulas_agree_with_each_other():
    value = exact_evidence(BetaBinomial, [3], [10])(mp.log(2), mp.log(6))
    assert float(value) == pytest.approx(float(exact_beta_binomial(3, 10, 4, 2)), rel=1e-14, abs=0)


@pytest.mark.parametrize("merge", [evidence._distinct, evidence._counted])
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=60))
def test_pairs_are_merged_with_equals_alone(merge, pairs):
    """Neighbours in the order may differ by one in either number, or in both."""
    y, more = np.array(pairs, float).T
    expected = collections.Counter(zip(y, y + more, strict=True))
    found = collections.Counter()
    for a, b, times in zip(*merge(y, y + more), strict=True):
        found[a, b] += times
    assert found == expected


@given(st.floats(-12, 12), st.floats(-9, -0.302), st.sampled_from([1, -1]))
def test_the_logarithm_of_a_ratio_near_one_has_all_digits(size, gap, sign):
    """Whatever the size of both: their own logarithms would lose digits to it."""
    old, less = 10.0**size, sign * 10.0 ** (size + gap)
    found = evidence._log_of_ratio(np.array(old + less), np.array(old), np.array(less))
    with mp.workdps(50):
        exact = mp.log1p(mp.mpf(less) / mp.mpf(old))
    assert float(found) == pytest.approx(float(exact), rel=1e-15, abs=0)


@pytest.mark.parametrize("kind", [BetaBinomial, GammaPoisson, NormalNormal])
@pytest.mark.parametrize("vector", [[0.0], [0.0, 0.0, 0.0], [[0.0, 0.0]], 0.0])
def test_two_coordinates_are_expanded_about(kind, vector):
    y, size, _ = random_case(kind, 1)
    with pytest.raises(ValueError, match=r"^vector must have shape \(2,\)"):
        kind.evidence(y, size).expand(vector)


@pytest.mark.parametrize("kind", [BetaBinomial, GammaPoisson, NormalNormal])
@given(seed=seeds)
def test_units_are_the_data_with_equals_merged(kind, seed):
    """Those with few trials and those with many, in whatever order."""
    y, size, _ = random_case(kind, seed)
    y, size = np.repeat(y, [1, 2, 1, 3, 1]), np.repeat(size, [1, 2, 1, 3, 1])
    found = collections.Counter()
    for a, b, times in zip(*kind.evidence(y, size).units, strict=True):
        found[a, b] += times
    assert found == collections.Counter(zip(y, size, strict=True))


@pytest.mark.parametrize("kind", [BetaBinomial, GammaPoisson])
@settings(max_examples=15)
@given(seed=seeds, far=st.floats(14, 25))
def test_far_out_the_slope_has_its_digits(kind, seed, far):
    """Where a population hardly varies, whether the evidence still rises is a tiny number."""
    rng = np.random.default_rng(seed)
    size = rng.integers(5, 20, 6).astype(float)
    y = rng.integers(1, 5, 6).astype(float)
    x = [rng.uniform(-1, 0), far]
    _, (_, slope), _ = kind.evidence(y, size).expand(x)
    _, (_, exact), _ = differences(exact_evidence(kind, y, size), x)
    assert slope == pytest.approx(float(exact), rel=1e-8, abs=0)
