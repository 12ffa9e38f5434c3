"""Populations: against SciPy and enumeration, their laws, and planted errors."""

import math
from dataclasses import replace
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special, stats

from companion import datasets, em
from companion import evidence as evidence_module
from companion._rising import RisingSum, log1p_minus, log_factorial_rest, tally
from companion.hierarchical import (
    BetaBinomial,
    GammaPoisson,
    NormalNormal,
    UnitStatistics,
)

RATS = datasets.load_rats()
RAT_DATA = RATS["tumors"].to_numpy(), RATS["rats"].to_numpy()
# Rubin (1981), in BDA3, table 5.2: effects of coaching in eight schools and their standard errors.
SCHOOLS = [28, 8, -3, 7, -1, 1, 18, 12], [15, 10, 16, 11, 9, 11, 10, 18]
EXPOSED = [3, 0, 12, 40], [1.5, 0.2, 7.0, 11.0]
CASES = [
    (BetaBinomial(1.4, 8.6), RAT_DATA),
    (BetaBinomial(0.3, 0.2), ([0, 4, 9], [4, 4, 10])),
    (GammaPoisson(2.0, 0.7), EXPOSED),
    (NormalNormal(8.0, 6.0), SCHOOLS),
]
NAMES = ["rats", "spread", "exposed", "schools"]

sizes = st.floats(0.05, 500)
counts = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=8)


def pairs(counts):
    hits, misses = np.array(counts).T
    return hits, hits + misses


# ------------------------------------------------------------------------- the evidence


def test_evidence_is_scipys():
    y, n = RAT_DATA
    ours = BetaBinomial(1.4, 8.6).log_evidence(y, n)
    assert ours == pytest.approx(stats.betabinom.logpmf(y, n, 1.4, 8.6).sum(), rel=1e-10)
    y, e = map(np.array, EXPOSED)
    negative = stats.nbinom.logpmf(y, 2.0, 0.7 / (0.7 + e)).sum()
    assert GammaPoisson(2.0, 0.7).log_evidence(y, e) == pytest.approx(negative, rel=1e-12)
    y, s = map(np.array, SCHOOLS)
    normal = stats.norm.logpdf(y, 8, np.sqrt(36 + s**2)).sum()
    assert NormalNormal(8.0, 6.0).log_evidence(y, s) == pytest.approx(normal, rel=1e-12)


@pytest.mark.parametrize(("population", "data"), CASES, ids=NAMES)
def test_evidence_is_the_integral(population, data):
    """By the definition: the likelihood of one unit, integrated over the population."""
    y, size = (np.asarray(a, float)[:4] for a in data)
    likelihood = {
        BetaBinomial: lambda j, t: stats.binom.pmf(y[j], size[j], t),
        GammaPoisson: lambda j, t: stats.poisson.pmf(y[j], size[j] * t),
        NormalNormal: lambda j, t: stats.norm.pdf(y[j], t, size[j]),
    }[type(population)]
    prior = {
        BetaBinomial: lambda p: stats.beta(p.alpha, p.beta),
        GammaPoisson: lambda p: stats.gamma(p.shape, scale=1 / p.rate),
        NormalNormal: lambda p: stats.norm(p.mean, p.sd),
    }[type(population)](population)
    for j in range(len(y)):

        def integrand(u, j=j):  # over the prior's quantiles, so that singular priors do no harm
            return likelihood(j, prior.ppf(u))

        value = integrate.quad(integrand, 0, 1, epsabs=0, epsrel=1e-9, limit=500)[0]
        found = np.exp(population.log_prior_predictive(y[j : j + 1], size[j : j + 1])[0])
        assert found == pytest.approx(value, rel=1e-6)


def exact_beta_binomial(y, n, alpha, beta):
    """In exact fractions, for whole numbers alpha and beta."""
    value = Fraction(math.comb(n, y))
    for i in range(y):
        value *= Fraction(alpha + i, alpha + beta + i)
    for i in range(n - y):
        value *= Fraction(beta + i, alpha + beta + y + i)
    return math.log(value.numerator) - math.log(value.denominator)


@pytest.mark.parametrize(
    ("y", "n", "alpha", "beta"),
    [(3, 10, 2, 5), (0, 40, 1, 1), (700, 1500, 40, 2), (5, 10, 10**9, 10**9), (300, 900, 10**6, 1)],
)
def test_large_hyperparameters_lose_no_digits(y, n, alpha, beta):
    exact = exact_beta_binomial(y, n, alpha, beta)
    assert BetaBinomial(alpha, beta).log_evidence([y], [n]) == pytest.approx(exact, rel=1e-11)
    one = BetaBinomial(alpha, beta).log_prior_predictive([y], [n])
    np.testing.assert_allclose(one, exact, rtol=1e-11)


def test_large_counts_lose_few_digits():
    """Uniform population: every count from 0 to n is equally likely."""
    n = 10**7
    for y in (0, 3, n // 2, n):
        found = BetaBinomial(1, 1).log_evidence([y], [n])
        assert found == pytest.approx(-math.log(n + 1), abs=1e-7)
    # Gamma(1, e) and exposure e: a geometric law with chance 1/2.
    found = GammaPoisson(1, 1e9).log_evidence([n], [1e9])
    assert found == pytest.approx(-(n + 1) * math.log(2), rel=1e-14)
    point = GammaPoisson(1e9, 1e9).log_evidence([50], [50.0])  # nearly one rate for all
    assert point == pytest.approx(stats.poisson.logpmf(50, 50), abs=1e-6)


@pytest.mark.parametrize("a", [1e-3, 0.7, 40.0, 1e6, 1e9])
def test_rising_sum_is_the_sum(a):
    m = np.array([0, 1, 2, 7, 255, 256, 257, 3000])
    terms = [math.log1p(i / a) for count in m for i in range(count)]
    assert RisingSum(m).value(np.array(a)) == pytest.approx(math.fsum(terms), rel=1e-12)
    first, second = RisingSum(m).derivatives(a)
    shares = [i / (a + i) for count in m for i in range(count)]
    assert first == pytest.approx(-math.fsum(shares), rel=1e-9)
    # It only steers Newton's method, so at a = 1e9 four digits are enough.
    assert second == pytest.approx(math.fsum(s * (1 - s) for s in shares), rel=1e-4)


def test_rising_sum_of_a_tally_is_that_of_the_counts():
    m = np.array([0, 3, 3, 3, 300, 300, 7])
    found, times = tally(m)  # large values are left as they are
    assert found is m
    assert times.tolist() == [1] * 7
    many = np.repeat([0, 3, 300], [200, 100, 50])
    found, times = tally(many)
    assert (found.tolist(), times.tolist()) == ([0, 3, 300], [200, 100, 50])
    for a in (0.3, 50.0):
        once = RisingSum(many)
        assert RisingSum(found, times).value(np.array(a)) == pytest.approx(once.value(a), rel=1e-13)
        assert RisingSum(found, times).derivatives(a) == pytest.approx(
            once.derivatives(a), rel=1e-13
        )


def test_log1p_minus_keeps_its_digits_on_both_sides_of_the_series():
    t = np.concatenate([np.geomspace(1e-8, 0.06, 20), [0.0624, 1 / 16, 0.0626], [0.3, 1.0, 50.0]])
    with localcontext(prec=50):
        exact = [float((1 + Decimal(x)).ln() - Decimal(x)) for x in t]
    np.testing.assert_allclose(log1p_minus(t), exact, rtol=1e-14)
    # Planted: the difference alone loses its digits near zero.
    assert abs((np.log1p(t) - t) / exact - 1).max() > 1e-9


def test_equal_units_count_once_and_say_the_same(rng):
    n = rng.integers(0, 5, 500)
    y = rng.binomial(n, 0.3)
    population = BetaBinomial(0.7, 2.0)
    evidence = population.evidence(y, n)
    assert len(evidence.units[0]) <= 15 < len(y)
    assert evidence.units[2].sum() == len(y)
    one_by_one = population.log_prior_predictive(y, n).sum()
    assert evidence.value(population.to_vector()) == pytest.approx(one_by_one, rel=1e-12)
    assert population.log_evidence(y.astype(float), n.tolist()) == pytest.approx(one_by_one)


def test_blocks_of_units_change_nothing(rng, monkeypatch):
    for population, data in CASES:
        evidence, x = population.evidence(*data), population.to_vector()
        whole = evidence.value(x), *evidence.derivatives(x)
        monkeypatch.setattr(evidence_module, "BLOCK", 2)
        for mine, other in zip((evidence.value(x), *evidence.derivatives(x)), whole, strict=True):
            np.testing.assert_allclose(mine, other, rtol=1e-12, atol=1e-12)
        monkeypatch.undo()


@pytest.mark.parametrize(("population", "data"), CASES, ids=NAMES)
def test_the_grid_and_the_expansion_hold_the_same_values(population, data):
    evidence, x = population.evidence(*data), population.to_vector()
    first, second = x[0] + np.linspace(-1, 1, 4), x[1] + np.linspace(-0.5, 0.5, 3)
    points = np.stack(np.meshgrid(first, second, indexing="ij"), axis=-1)
    np.testing.assert_allclose(evidence.on_grid(first, second), evidence.value(points), rtol=1e-13)
    value, gradient, hessian = evidence.expand(x)
    assert value == pytest.approx(float(evidence.value(x)), rel=1e-13)
    np.testing.assert_array_equal(evidence.derivatives(x)[0], gradient)
    np.testing.assert_array_equal(evidence.derivatives(x)[1], hessian)


def test_small_differences_are_not_taken():
    assert log1p_minus(np.array(1e-9)) == pytest.approx(-5e-19, rel=1e-8)
    exact = [math.lgamma(y + 1) - y * math.log(y) + y for y in (1, 5, 15, 16, 100)]
    np.testing.assert_allclose(
        log_factorial_rest(np.array([1, 5, 15, 16, 100.0])), exact, rtol=1e-11
    )


@pytest.mark.parametrize(("population", "data"), CASES, ids=NAMES)
def test_derivatives_are_those_of_the_value(population, data):
    evidence, x = population.evidence(*data), population.to_vector()
    gradient, hessian = evidence.derivatives(x)
    h = 1e-5 * np.eye(2)
    slopes = [(evidence.value(x + e) - evidence.value(x - e)) / 2e-5 for e in h]
    np.testing.assert_allclose(gradient, slopes, rtol=1e-6, atol=1e-6)
    bends = [(evidence.derivatives(x + e)[0] - evidence.derivatives(x - e)[0]) / 2e-5 for e in h]
    np.testing.assert_allclose(hessian, bends, rtol=1e-6, atol=1e-6)


@given(counts, sizes, sizes)
def test_derivatives_of_random_beta_binomials(counts, alpha, beta):
    evidence, x = BetaBinomial.evidence(*pairs(counts)), BetaBinomial(alpha, beta).to_vector()
    h = 1e-4 * np.eye(2)
    slopes = [(evidence.value(x + e) - evidence.value(x - e)) / 2e-4 for e in h]
    np.testing.assert_allclose(evidence.derivatives(x)[0], slopes, rtol=1e-4, atol=1e-5)


@given(counts, sizes, sizes, st.randoms(use_true_random=False))
def test_evidence_ignores_the_order_of_units_and_sums_over_them(counts, alpha, beta, random):
    y, n = pairs(counts)
    population = BetaBinomial(alpha, beta)
    order = random.sample(range(len(y)), len(y))
    total = population.log_evidence(y, n)
    assert population.log_evidence(y[order], n[order]) == pytest.approx(total, rel=1e-10, abs=1e-10)
    assert population.log_prior_predictive(y, n).sum() == pytest.approx(total, rel=1e-8, abs=1e-8)


def test_many_points_are_evaluated_as_one_by_one():
    rng = np.random.default_rng(2)
    for population, data in CASES:
        vectors = population.to_vector() + rng.normal(0, 0.3, (4, 5, 2))
        evidence = population.evidence(*data)
        one_by_one = [[float(evidence.value(v)) for v in row] for row in vectors]
        np.testing.assert_allclose(evidence.value(vectors), one_by_one, rtol=1e-11)


# ------------------------------------------------------------------------- posteriors


@pytest.mark.parametrize(("population", "data"), CASES, ids=NAMES)
def test_posterior_is_bayes_rule(population, data):
    """log p(theta | y) = log p(y | theta) + log p(theta) - log p(y), at any theta."""
    y, size = (np.asarray(a, float)[:4] for a in data)
    theta = population.posterior(y, size).mean * 0.9 + 0.01
    log_likelihood = {
        BetaBinomial: lambda: stats.binom.logpmf(y, size, theta),
        GammaPoisson: lambda: stats.poisson.logpmf(y, size * theta),
        NormalNormal: lambda: stats.norm.logpdf(y, theta, size),
    }[type(population)]()
    right = log_likelihood + population.log_density(theta)
    right = right - population.log_prior_predictive(y, size)
    np.testing.assert_allclose(population.posterior(y, size).log_density(theta), right, atol=1e-10)


@pytest.mark.parametrize(("population", "data"), CASES, ids=NAMES)
def test_posterior_agrees_with_itself(population, data):
    posterior = population.posterior(*data)
    for p in (0.025, 0.3, 0.975):
        np.testing.assert_allclose(posterior.cdf(posterior.quantile(p)), p, rtol=1e-8)
    np.testing.assert_allclose(posterior.cdf(posterior.interval(0.9).T)[1], 0.95, rtol=1e-8)
    draws = posterior.sample(np.random.default_rng(5), 20_000)
    assert draws.shape == (20_000, len(posterior.mean))
    error = draws.mean(axis=0) - posterior.mean
    assert (abs(error) < 4.5 * posterior.sd / np.sqrt(20_000)).all()  # 4.5 standard errors
    np.testing.assert_allclose(draws.std(axis=0), posterior.sd, rtol=0.05)


def test_densities_of_narrow_posteriors():
    beta = BetaBinomial.unit_posterior((1e9, 2e9), np.array([0.0]), np.array([0.0]))
    normal = stats.norm(beta.mean, beta.sd).logpdf(beta.mean + beta.sd)
    np.testing.assert_allclose(beta.log_density(beta.mean + beta.sd), normal, atol=1e-4)
    gamma = GammaPoisson.unit_posterior((1e9, 3.0), np.array([0.0]), np.array([0.0]))
    normal = stats.norm(gamma.mean, gamma.sd).logpdf(gamma.mean + gamma.sd)
    np.testing.assert_allclose(gamma.log_density(gamma.mean + gamma.sd), normal, atol=1e-4)
    np.testing.assert_allclose(
        BetaBinomial(2.0, 0.5).log_density([0.0, 0.3, 1.0]), stats.beta(2, 0.5).logpdf([0, 0.3, 1])
    )
    np.testing.assert_allclose(
        GammaPoisson(1.0, 4.0).log_density([0.0, 0.3]), stats.gamma(1, scale=1 / 4).logpdf([0, 0.3])
    )


def shrinks_between(population, y, size, raw):
    """The posterior mean is the weighted average that `shrinkage` names."""
    weight = population.shrinkage(size)
    mean = population.posterior(y, size).mean
    assert ((weight >= 0) & (weight <= 1)).all()
    np.testing.assert_allclose(mean, weight * population.mean + (1 - weight) * raw, rtol=1e-9)


@given(counts.filter(lambda c: all(sum(pair) for pair in c)), sizes, sizes)
def test_shrinkage_of_rates(counts, alpha, beta):
    y, n = pairs(counts)
    shrinks_between(BetaBinomial(alpha, beta), y, n, y / n)
    shrinks_between(GammaPoisson(alpha, beta), y, n, y / n)


def test_shrinkage_of_effects_and_more_data_shrink_less():
    shrinks_between(NormalNormal(8, 6), *map(np.array, SCHOOLS), np.array(SCHOOLS[0]))
    for population, more in [
        (BetaBinomial(2, 3), [1, 10, 100]),
        (GammaPoisson(2, 3), [1, 10, 100]),
        (NormalNormal(0, 3), [10, 3, 1]),
    ]:
        assert (np.diff(population.shrinkage(more)) < 0).all()


def test_planted_a_posterior_mean_without_the_prior_is_caught():
    class Raw(BetaBinomial):
        @staticmethod
        def unit_posterior(hyperparameters, y, size):
            return BetaBinomial.unit_posterior((1e-9, 1e-9), y, size)

    with pytest.raises(AssertionError):
        shrinks_between(Raw(2, 3), np.array([3, 4]), np.array([9, 9]), np.array([3, 4]) / 9)


@pytest.mark.parametrize(("population", "data"), CASES, ids=NAMES)
def test_prior_predictive_draws_have_the_right_law(population, data):
    size = np.asarray(data[1])[:2]
    draws = population.sample_prior_predictive(size, np.random.default_rng(3), 20_000)
    theta = population.sample(np.random.default_rng(4), 200_000)
    for draw, s in zip(draws.T, size, strict=True):
        raw = draw if isinstance(population, NormalNormal) else draw / s
        se = raw.std() / np.sqrt(20_000)
        assert abs(raw.mean() - population.mean) < 4.5 * se
        noise = {
            BetaBinomial: (theta * (1 - theta)).mean() / s,
            GammaPoisson: theta.mean() / s,
            NormalNormal: s**2,
        }[type(population)]
        assert raw.var() == pytest.approx(noise + population.sd**2, rel=0.06)
    assert theta.std() == pytest.approx(population.sd, rel=0.02)


# ------------------------------------------------------------------------------------ EM


@pytest.mark.parametrize(("population", "data"), CASES, ids=NAMES)
def test_em_climbs(population, data):
    """The driver raises if one step falls; and the statistics of two halves add."""
    result = em.fit(population, *data, tol=0, max_iter=30)
    assert result.log_likelihood > result.log_likelihoods[0]
    halves = [
        population.e_step(*(np.asarray(a)[part] for a in data)) for part in (np.s_[:2], np.s_[2:])
    ]
    whole, log_evidence = population.e_step(*data)
    # Of normal effects, each part is measured from a center of its own.
    joined = UnitStatistics(np.zeros(2), 0, whole.center) + halves[0][0] + halves[1][0]
    rounding = 1e-14 * abs(whole.totals).max()
    np.testing.assert_allclose(joined.totals, whole.totals, rtol=1e-12, atol=rounding)
    assert joined.n_units == whole.n_units
    assert halves[0][1] + halves[1][1] == pytest.approx(log_evidence, rel=1e-10)


@pytest.mark.parametrize(
    "planted",
    [
        lambda s: replace(s, totals=s.totals[::-1]),  # alpha and beta exchanged
        lambda s: replace(s, n_units=s.n_units - 1),  # divided by J - 1
        lambda s: UnitStatistics(s.totals + 0.3 * s.n_units * np.array([-1, 0]), s.n_units),
    ],
)
def test_planted_errors_in_the_statistics_make_em_fall(planted):
    class Wrong(BetaBinomial):
        def m_step(self, statistics):
            found = super().m_step(planted(statistics))
            return Wrong(found.alpha, found.beta)

    best = em.fit(BetaBinomial(2, 14), *RAT_DATA, acceleration="squarem").model
    with pytest.raises(em.ObjectiveFellError):
        em.fit(Wrong(best.alpha, best.beta), *RAT_DATA, max_iter=5)


def test_the_m_step_is_the_fit_to_parameters_that_are_seen():
    rng = np.random.default_rng(8)
    theta = rng.beta(2, 5, 500)
    totals = np.array([np.log(theta).sum(), np.log1p(-theta).sum()])
    found = BetaBinomial(1, 1).m_step(UnitStatistics(totals, 500))
    alpha, beta, _, _ = stats.beta.fit(theta, floc=0, fscale=1)
    np.testing.assert_allclose([found.alpha, found.beta], [alpha, beta], rtol=1e-5)
    theta = rng.gamma(3, 1 / 7, 500)
    totals = np.array([theta.sum(), np.log(theta).sum()])
    found = GammaPoisson(1, 1).m_step(UnitStatistics(totals, 500))
    shape, _, scale = stats.gamma.fit(theta, floc=0)
    np.testing.assert_allclose([found.shape, found.rate], [shape, 1 / scale], rtol=1e-5)


# ----------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: BetaBinomial(0, 1), "alpha must be a number > 0"),
        (lambda: BetaBinomial(1, np.inf), "beta holds 1 NaN or infinite"),
        (lambda: GammaPoisson(1, -2), "rate must be a number > 0"),
        (lambda: NormalNormal(0, -1), "sd must not be negative"),
        (lambda: BetaBinomial(1, 1).posterior([5], [4]), "y must not exceed n: unit 0 has 5 of 4"),
        (lambda: BetaBinomial(1, 1).posterior([-1], [4]), "y must not be negative"),
        (lambda: BetaBinomial(1, 1).posterior([1.5], [4]), "y must be whole numbers"),
        (lambda: BetaBinomial(1, 1).posterior([1, 2], [4, 4, 4]), r"n must have shape \(2,\)"),
        (lambda: BetaBinomial(1, 1).posterior([], []), "y is empty"),
        (lambda: BetaBinomial(1, 1).posterior([[1]], [[4]]), r"y must have shape \(J,\)"),
        (lambda: BetaBinomial(1, 1).log_evidence([np.nan], [4]), "y holds 1 NaN"),
        (lambda: GammaPoisson(1, 1).posterior([1], [-4.0]), "exposure must not be negative"),
        (lambda: GammaPoisson(1, 1).posterior([1], [0.0]), "exposure must be positive where y is"),
        (lambda: NormalNormal(0, 1).posterior([1], [0.0]), "standard_error must be positive"),
        (lambda: BetaBinomial(1, 1).shrinkage([-1]), "n must not be negative"),
        (lambda: BetaBinomial(1, 1).posterior([1], [4]).interval(95), "level must lie between"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_units_that_were_not_observed_keep_the_population():
    population = BetaBinomial(2, 6)
    assert population.posterior([0], [0]).mean == [0.25]
    assert population.log_evidence([0, 3], [0, 9]) == pytest.approx(
        population.log_evidence([3], [9])
    )
    assert NormalNormal(5, 0).posterior([9.0], [2.0]).interval().tolist() == [[5.0, 5.0]]


# ------------------------------------------------------- defaults, coordinates, draws

KINDS = [BetaBinomial, GammaPoisson, NormalNormal]


@pytest.mark.parametrize("kind", KINDS)
def test_vectors_that_are_none_are_named(kind):
    for shape in [(), (1,), (3,), (2, 2)]:
        with pytest.raises(ValueError, match=r"vector must have shape \(2,\)"):
            kind.from_vector(np.zeros(shape))
    for bad in ([np.nan, 0.0], [0.0, np.inf]):
        with pytest.raises(ValueError, match="vector holds 1 NaN or infinite"):
            kind.from_vector(bad)
    with np.errstate(all="raise"):
        with pytest.raises(ValueError, match="vector leads out of the range"):
            kind.from_vector([0.0, 1e4])
        if kind is NormalNormal:
            assert kind.from_vector([0.0, -1e4]) == kind(0.0, 0.0)
        else:
            with pytest.raises(ValueError, match="vector leads out of the range"):
                kind.from_vector([0.0, -1e4])


@pytest.mark.parametrize("kind", KINDS)
def test_one_is_drawn_unless_more_are_asked_for(kind, rng):
    """Draws are floats in one row per sample; a number of them that is none is named."""
    population, size = kind(2.0, 3.0), np.array([5.0, 9.0, 4.0])
    assert population.sample(rng).shape == (1,)
    draws = population.sample_prior_predictive(size, rng)
    assert draws.shape == (1, 3)
    assert draws.dtype == population.sample_prior_predictive(size, rng, 4).dtype == float
    for wrong in (0, 2.5, np.array([2]), True):
        with pytest.raises(ValueError, match="n_samples must be a whole number"):
            population.sample_prior_predictive(size, rng, wrong)
        with pytest.raises(ValueError, match="size must be a whole number"):
            population.sample(rng, wrong)
    for draw in (population.sample, lambda rng: population.sample_prior_predictive(size, rng)):
        with pytest.raises(ValueError, match=r"rng must be a numpy\.random\.Generator"):
            draw(7)


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 2**32))
def test_the_pooled_mode_is_the_best_mean_of_a_population_without_spread(kind, seed):
    rng = np.random.default_rng(seed)
    times = rng.integers(1, 4, 5).astype(float)
    y, size = rng.integers(1, 9, 5).astype(float), rng.uniform(1, 3, 5)
    if kind is BetaBinomial:
        size = y + rng.integers(1, 9, 5)
    mode, step = kind.pooled_mode(y, size, times), 1e-3
    narrow = -30.0 if kind is NormalNormal else 30.0
    repeated = (np.repeat(a, times.astype(int)) for a in (y, size))
    evidence = kind.evidence(*repeated)
    low, best, high = (
        float(evidence.value(np.array([mode + k * step, narrow]))) for k in (-1, 0, 1)
    )
    assert best > max(low, high)
    assert abs(high - low) < 0.01 * (2 * best - low - high)


@given(seed=st.integers(0, 2**32), J=st.integers(1, 5))
def test_numbers_whose_squares_are_none_are_named(seed, J):
    """One among good ones, wherever it stands, and of either sign; just inside all is well."""
    rng = np.random.default_rng(seed)
    population, at = NormalNormal(0.0, 1.0), rng.integers(J)
    for k, name, good, bads in (
        (0, "y", [1e150, -1e150], [1.1e150, -1.1e150, 1e300, -1e300]),
        (1, "standard_error", [1e150, 1e-150], [1.1e150, 1e300, 0.9e-150, 1e-300]),
    ):
        data = np.array([rng.normal(size=J), rng.uniform(1, 2, J)])
        for value in good:
            data[k, at] = value
            assert np.isfinite(population.log_evidence(*data))
        for value in bads:
            data[k, at] = value
            for call in (population.posterior, population.log_evidence, population.e_step):
                with pytest.raises(ValueError, match=f"^{name} must .* its square is no number"):
                    call(*data)


@pytest.mark.parametrize("mean", [0.2, 0.5, 0.7])
def test_a_population_is_too_strong_from_a_million_million_on(mean):
    """Expected logarithms of one just below give it back; of one at the bound, or above, none."""
    for share, is_one in ((0.5, True), (0.99, True), (1.0, False), (1.02, False), (4.0, False)):
        strength = share * 1e12
        of_rates = np.array([1.0, -0.5 / strength])  # log E - E log is 1 / (2 shape)
        p = np.array([mean, 1 - mean])
        of_chances = np.log(p) - 0.5 * (1 - p) / p / strength
        if is_one:
            rates = GammaPoisson(1, 1).m_step(UnitStatistics(of_rates, 1))
            assert rates.shape == pytest.approx(strength, rel=1e-6)
        else:
            with pytest.raises(em.CollapsedComponentError, match="rates have become one"):
                GammaPoisson(1, 1).m_step(UnitStatistics(of_rates, 1))
        if share in (0.5, 4.0):  # logarithms have four digits of it left
            if is_one:
                chances = BetaBinomial(1, 1).m_step(UnitStatistics(of_chances, 1))
                assert chances.alpha + chances.beta == pytest.approx(strength, rel=0.01)
            else:
                with pytest.raises(em.CollapsedComponentError, match="chances have become one"):
                    BetaBinomial(1, 1).m_step(UnitStatistics(of_chances, 1))


@given(st.integers(0, 2**32), st.integers(2, 6))
def test_totals_are_about_zero_unless_a_center_is_given(seed, J):
    theta = np.random.default_rng(seed).normal(3, 2, J)
    found = NormalNormal(0, 1).m_step(UnitStatistics(np.array([theta.sum(), theta @ theta]), J))
    assert found.mean == pytest.approx(theta.mean())
    assert found.sd == pytest.approx(theta.std())


@given(st.integers(0, 2**32), st.integers(2, 6))
def test_the_unit_that_had_no_exposure_is_named(seed, J):
    """Though others had none, either: they have no events."""
    rng = np.random.default_rng(seed)
    y, exposure = np.zeros(J), np.where(rng.random(J) < 0.5, 0.0, 1.5)
    GammaPoisson(1, 1).posterior(y, exposure)
    j = rng.integers(J)
    y[j], exposure[j] = 3, 0
    with pytest.raises(
        ValueError, match=f"exposure must be positive where y is: unit {j} has y = 3"
    ):
        GammaPoisson(1, 1).posterior(y, exposure)


@pytest.mark.parametrize("kind", KINDS)
def test_data_of_different_lengths_are_named(kind):
    y_name, size_name = kind.data_names
    for size in (np.ones(2), np.ones((3, 1)), np.ones(4)):
        with pytest.raises(ValueError, match=rf"^{size_name} must have shape \(3,\)"):
            kind(2.0, 3.0).posterior(np.ones(3), size)
    with pytest.raises(ValueError, match=rf"^{y_name} must have shape \(J,\)"):
        kind(2.0, 3.0).posterior(np.ones((3, 1)), np.ones(3))
    one, all_ = (kind(2.0, 3.0).posterior(np.ones(3), size).mean for size in (2.0, np.full(3, 2.0)))
    np.testing.assert_array_equal(one, all_)


@pytest.mark.parametrize("kind", KINDS)
@given(st.floats(0.1, 9), st.floats(0.1, 9))
def test_coordinates_are_what_their_names_say(kind, first, second):
    population = kind(first, second)
    names = {"log": np.log, "logit": special.logit, **vars(population)}
    for name, value in zip(kind.coordinates, population.to_vector(), strict=True):
        assert eval(name, names) == pytest.approx(value)
    np.testing.assert_allclose(kind.from_coordinates(population.to_vector()), (first, second))
    np.testing.assert_array_equal(population.hyperparameters, (first, second))


@given(st.integers(0, 2**32), st.integers(1, 5))
def test_pooled_is_the_first_coordinate_of_one_unit_with_its_standard_error(seed, J):
    """With half an event of each kind more, as there may be none."""
    rng = np.random.default_rng(seed)
    y, more, s = rng.integers(0, 5, J), rng.integers(1, 5, J), rng.uniform(1, 9, J)
    hits, misses = y.sum() + 0.5, more.sum() + 0.5
    expected = np.log(hits / misses), np.sqrt(1 / hits + 1 / misses)
    np.testing.assert_allclose(BetaBinomial.pooled(y, y + more), expected)
    np.testing.assert_allclose(
        GammaPoisson.pooled(y, s), (np.log(hits / s.sum()), 1 / np.sqrt(hits))
    )
    w = s**-2
    np.testing.assert_allclose(
        NormalNormal.pooled(1.0 * y, s), (y @ w / w.sum(), 1 / np.sqrt(w.sum())), atol=1e-14
    )


def test_a_spread_of_nothing_is_zero_though_the_squares_are_rounded():
    at = 0.1
    for rounded in (0, -1e-17, -1e-12):
        statistics = UnitStatistics(np.array([3 * at, 3 * at**2 + rounded]), 3)
        assert NormalNormal(0, 1).m_step(statistics).sd == pytest.approx(0, abs=2e-9)


def test_many_units_lose_no_digits():
    """Sums are kept about a centre that lies among the units."""
    rng = np.random.default_rng(8)
    s = rng.uniform(0.5, 2, 10**5)
    y = 40 + rng.normal(0, np.hypot(s, 1))
    model = NormalNormal(41.0, 1.2)
    unit = model.posterior(y, s)
    found = model.m_step(model.e_step(y, s)[0])
    square = np.mean(unit.sd**2) + np.var(unit.mean)
    assert found.mean == pytest.approx(np.mean(unit.mean), rel=1e-13)
    assert found.sd**2 == pytest.approx(square, rel=1e-12)
