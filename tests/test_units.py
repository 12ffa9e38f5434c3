"""What is known of every unit, in every form that data come in: layouts, types, gaps."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from scipy.special import ndtri

from companion import em
from companion.empirical_bayes import (
    fit_evidence,
    fit_map2,
    fit_moments,
    james_stein,
    robbins,
)
from companion.full_bayes import full_bayes
from companion.hierarchical import BetaBinomial, GammaPoisson, NormalNormal
from companion.units import BetaPosterior, GammaPosterior, MixturePosterior, NormalPosterior

seeds = st.integers(0, 2**32)
DATA = {
    BetaBinomial: (np.array([0, 3, 1, 7, 2]), np.array([5, 9, 1, 12, 300])),
    GammaPoisson: (np.array([0, 3, 1, 7, 900]), np.array([5, 9, 1, 12, 300])),
    NormalNormal: (np.array([0, 3, -1, 7, 2]), np.array([5, 9, 1, 2, 3])),
}
AT = {BetaBinomial: (2.0, 5.0), GammaPoisson: (2.0, 1.5), NormalNormal: (1.0, 2.5)}
KINDS = list(DATA)
EM_STEPS = {"tol": 0, "max_iter": 3}


def everything(kind, y, size):
    """All that can be computed of these data, as one array."""
    population = kind(*AT[kind])
    units = population.posterior(y, size)
    statistics, log_evidence = population.e_step(y, size)
    best = fit_evidence(kind, y, size)
    bayes = full_bayes(kind, y, size, tol=1e-4)
    rng = np.random.default_rng(1)
    parts = [
        units.mean, units.sd, units.interval(), units.cdf(0.3), units.log_density(0.3),
        units.sample(rng, 2), population.log_prior_predictive(y, size),
        population.sample_prior_predictive(size, rng, 2), population.shrinkage(size),
        statistics.totals, log_evidence, population.log_evidence(y, size),
        *population.evidence(y, size).derivatives(population.to_vector()),
        population.m_step(statistics).to_vector(),
        fit_moments(kind, y, size, space="theta").to_vector(), best.population.to_vector(),
        best.covariance, fit_map2(kind, y, size).population.to_vector(),
        em.fit(population, y, size, **EM_STEPS).model.to_vector(),
        bayes.units.mean, bayes.units.interval(), bayes.units.log_density(0.4),
        bayes.units.sample(rng, 2), bayes.sample(rng, 2), bayes.log_predictive(y[:2], size[:2]),
        bayes.expectation(lambda a, b: b / (1 + b)), bayes.quantile(lambda a, b: b, [0.1, 0.9]),
        bayes.marginal(1),
    ]  # fmt: skip
    return np.concatenate([np.ravel(part) for part in parts])


def strided(array):
    wide = np.zeros(2 * len(array), array.dtype)
    wide[::2] = array
    return wide[::2]


FORMS = {
    "list": list,
    "floats": lambda a: a.astype(float),
    "float32": lambda a: a.astype(np.float32),
    "int8 or so": lambda a: a.astype(np.int16),
    "big-endian": lambda a: a.astype(">f8"),
    "strided": strided,
    "reversed": lambda a: a[::-1].copy()[::-1],
    "Series": lambda a: pd.Series(a, index=np.arange(len(a)) + 7),
    "Int64": lambda a: pd.Series(a, dtype="Int64"),
    "objects": lambda a: a.astype(object),
    "a mask that hides nothing": lambda a: np.ma.array(a, mask=False),
}


@pytest.fixture(scope="module")
def plain():
    return {kind: everything(kind, *DATA[kind]) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_same_data_gives_the_same(kind, form, plain):
    y, size = (FORMS[form](a) for a in DATA[kind])
    found = everything(kind, y, size)
    np.testing.assert_allclose(found, plain[kind], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_written_and_no_error_state_matters(kind, plain):
    y, size = (a.astype(float) for a in DATA[kind])
    y.flags.writeable = size.flags.writeable = False
    with np.errstate(all="raise"):
        found = everything(kind, y, size)
    np.testing.assert_array_equal(found, plain[kind])


GAPS = {
    "NaN": lambda a, j: np.where(np.arange(len(a)) == j, np.nan, a),
    "infinity": lambda a, j: np.where(np.arange(len(a)) == j, np.inf, a),
    "mask": lambda a, j: np.ma.array(a, mask=np.arange(len(a)) == j),
    "None": lambda a, j: [None if i == j else v for i, v in enumerate(a)],
    "NA": lambda a, j: pd.Series(a, dtype="Int64").where(np.arange(len(a)) != j),
    "NaT": lambda a, j: [pd.NaT if i == j else v for i, v in enumerate(a)],
    "text": lambda a, j: [str(v) if i == j else v for i, v in enumerate(a)],
    "complex": lambda a, j: np.where(np.arange(len(a)) == j, 1j, a),
    "durations": lambda a, j: pd.to_timedelta(a, unit="s"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("gap", GAPS)
@pytest.mark.parametrize("j", [0, 2, 4])
def test_one_gap_among_good_numbers_is_named(kind, gap, j):
    y, size = DATA[kind]
    names = kind.data_names
    population = kind(*AT[kind])
    calls = [
        population.posterior, population.log_evidence, population.log_prior_predictive,
        population.e_step, kind.evidence, lambda *d: fit_moments(kind, *d),
        lambda *d: fit_evidence(kind, *d), lambda *d: fit_map2(kind, *d),
        lambda *d: full_bayes(kind, *d), lambda *d: em.fit(population, *d),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(ValueError, match=rf"^{names[0]} "):
            call(GAPS[gap](y, j), size)
        with pytest.raises(ValueError, match=rf"^{names[1]} "):
            call(y, GAPS[gap](size, j))
    with pytest.raises(ValueError, match=rf"^{names[1]} "):
        population.shrinkage(GAPS[gap](size, j))
    with pytest.raises(ValueError, match=rf"^{names[1]} "):
        population.sample_prior_predictive(GAPS[gap](size, j), np.random.default_rng(1))


@pytest.mark.parametrize("j", [0, 2, 4])
@pytest.mark.parametrize(
    ("kind", "bad", "which"),
    [
        (BetaBinomial, -1, 0), (BetaBinomial, 0.5, 0), (BetaBinomial, 2.0**54, 1),
        (BetaBinomial, 2.5, 1), (BetaBinomial, 2**63, 1), (GammaPoisson, -1, 0),
        (GammaPoisson, 0.5, 0), (GammaPoisson, -0.5, 1), (NormalNormal, 0, 1),
        (NormalNormal, -1, 1),
    ],
)  # fmt: skip
def test_one_bad_number_among_good_ones_is_named(kind, bad, which, j):
    data = [list(a) for a in DATA[kind]]
    data[which][j] = bad
    with pytest.raises(ValueError, match=rf"^{kind.data_names[which]} must"):
        kind(*AT[kind]).posterior(*data)


def test_more_successes_than_trials_are_found_wherever_they_are():
    y, n = (list(a) for a in DATA[BetaBinomial])
    for j in range(5):
        more = [*y[:j], n[j] + 1, *y[j + 1 :]]
        with pytest.raises(ValueError, match=f"y must not exceed n: unit {j} has"):
            BetaBinomial(1, 1).posterior(more, n)
        with pytest.raises(ValueError, match=f"unit {j} has y"):
            GammaPoisson(1, 1).posterior([1] * 5, [*n[:j], 0, *n[j + 1 :]])


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: james_stein([1.0, 2, 3, 4, 9], variance=[1.0, 1, 1, 1, 1]), "variance"),
        (lambda: james_stein([1.0, 2, 3, 4, 9], center=np.nan), "center"),
        (lambda: james_stein([1.0, 2, 3, 4, 9], center=[1.0, 2.0]), "center"),
        (lambda: james_stein([1.0, 2, np.nan, 4, 9]), "x"),
        (lambda: robbins([5, 2, 0.5, 1]), "frequencies"),
        (lambda: robbins(np.ma.array([5, 2, 9], mask=[0, 0, 1])), "frequencies"),
        (lambda: BetaBinomial([1.0, 2.0], 1.0), "alpha"),
        (lambda: BetaBinomial(1.0, "2"), "beta"),
        (lambda: GammaPoisson(1.0, -2), "rate"),
        (lambda: NormalNormal(1j, 2), "mean"),
        (lambda: BetaPosterior([1.0, 0.0, 2.0], 1.0), "alpha"),
        (lambda: GammaPosterior([1.0, 2.0], [1.0, np.nan]), "rate"),
        (lambda: NormalPosterior([1.0, 2.0], [1.0, -1.0]), "sd"),
        (lambda: NormalPosterior([1.0, 2.0], [1.0, 1.0, 1.0]), "mean and sd"),
        (lambda: BetaPosterior([1.0], [1.0]).quantile([0.5, 1.5]), "probability"),
        (lambda: BetaPosterior([1.0], [1.0]).cdf([0.5, np.nan]), "theta"),
        (lambda: BetaPosterior([1.0], [1.0]).interval(1.5), "level"),
        (lambda: MixturePosterior(NormalPosterior([1.0], 1.0), [1.0]), "components"),
        (lambda: MixturePosterior(NormalPosterior([[1.0]], 1.0), [0.5, 0.5]), "weights"),
        (lambda: BetaBinomial(1, 1).sample(np.random.default_rng(1), 2.5), "size"),
    ],
)
def test_bad_arguments_are_named(call, name):
    with pytest.raises(ValueError, match=rf"^{name}\b"):
        call()


# ------------------------------------------------------------------------------- mixtures


def random_mixture(rng, family):
    M, J = 4, 3
    first, second = rng.gamma(2, 2, (M, J)) + 0.05, rng.gamma(2, 2, (M, J)) + 0.05
    return MixturePosterior(family(first, second), rng.dirichlet(np.ones(M)))


@pytest.mark.parametrize("family", [BetaPosterior, GammaPosterior, NormalPosterior])
@given(seed=seeds)
def test_a_mixture_is_the_average_of_its_components(family, seed):
    rng = np.random.default_rng(seed)
    units = random_mixture(rng, family)
    where = units.mean + 0.3 * units.sd * rng.normal(size=3)
    if family is BetaPosterior:
        where = np.clip(where, 0.01, 0.99)
    where = np.abs(where)
    densities = np.exp(units.components.log_density(where))
    np.testing.assert_allclose(
        np.exp(units.log_density(where)), units.weights @ densities, rtol=1e-10, atol=0
    )
    np.testing.assert_allclose(
        units.cdf(where), units.weights @ units.components.cdf(where), rtol=1e-12, atol=0
    )
    p = rng.uniform(0.001, 0.999, 3)
    np.testing.assert_allclose(units.cdf(units.quantile(p)), p, rtol=0, atol=2e-8)
    low, high = units.interval(0.9).T
    assert (low < high).all()


@pytest.mark.parametrize(
    ("family", "law"),
    [
        (BetaPosterior, lambda a, b: stats.beta(a, b)),
        (GammaPosterior, lambda a, b: stats.gamma(a, scale=1 / b)),
        (NormalPosterior, lambda a, b: stats.norm(a, b)),
    ],
)
@given(seed=seeds)
def test_families_are_those_of_scipy(family, law, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.gamma(2, 3, 4) + 0.05, rng.gamma(2, 3, 4) + 0.05
    ours, other = family(a, b), law(a, b)
    p = rng.uniform(0.01, 0.99, 4)
    where = other.ppf(p)
    np.testing.assert_allclose(ours.mean, other.mean(), rtol=1e-12, atol=0)
    np.testing.assert_allclose(ours.sd, other.std(), rtol=1e-12, atol=0)
    np.testing.assert_allclose(ours.quantile(p), where, rtol=1e-9, atol=0)
    np.testing.assert_allclose(ours.cdf(where), p, rtol=1e-9, atol=0)
    np.testing.assert_allclose(ours.log_density(where), other.logpdf(where), rtol=1e-8, atol=1e-8)
    again = family.from_moments(ours.mean, ours.sd)
    np.testing.assert_allclose(again.quantile(p), where, rtol=1e-7, atol=1e-12)
    x = family.to_line(where)
    back, log_slope = family.from_line(x)
    np.testing.assert_allclose(back, where, rtol=1e-12, atol=1e-300)
    slope = (family.from_line(x + 1e-6)[0] - family.from_line(x - 1e-6)[0]) / 2e-6
    np.testing.assert_allclose(np.exp(log_slope), slope, rtol=1e-6, atol=1e-300)


def extreme(rng, family):
    """Laws with parameters of all sizes that floats have, and points for them."""
    if family is BetaPosterior:
        return family(*10 ** rng.uniform(-309, 300, (2, 4))), 10 ** rng.uniform(-300, 0, 4)
    if family is GammaPosterior:
        law = family(10.0 ** rng.choice([-100, -10, 0, 8, 12], 4),
                     10.0 ** rng.choice([-307, -150, 0, 150, 290], 4))  # fmt: skip
        return law, np.minimum(law.mean, 1e300) * 10 ** rng.uniform(-3, 3, 4)
    law = family(rng.choice([-1, 1], 4) * 10 ** rng.uniform(-300, 300, 4),
                 10 ** rng.uniform(-307, 300, 4))  # fmt: skip
    return law, law.mean + law.sd * rng.normal(size=4)


@pytest.mark.parametrize("family", [BetaPosterior, GammaPosterior, NormalPosterior])
@given(seed=seeds)
def test_parameters_of_every_size_have_answers_and_no_warnings(family, seed):
    rng = np.random.default_rng(seed)
    with np.errstate(under="ignore"):
        law, theta = extreme(rng, family)
    p = 10 ** rng.uniform(-300, 0, 4)
    with np.errstate(all="raise"):
        again = law.at(slice(None))  # with nothing kept from before
        found = [again.mean, again.sd, again.cdf(theta), again.log_density(theta),
                 again.quantile(p), again.quantile(0.5)]  # fmt: skip
        low, high = again.interval(0.5).T
        line = again.from_line(np.array([-800.0, -1.0, 0.0, 1.0, 800.0]))[0]
    assert (np.diff(line) >= 0).all()
    assert not np.isnan(found).any()
    assert (low <= high).all()
    assert ((found[2] >= 0) & (found[2] <= 1)).all()


@pytest.mark.parametrize(
    ("family", "law"),
    [
        (BetaPosterior, lambda a, b: stats.beta(a, b)),
        (GammaPosterior, lambda a, b: stats.gamma(a, scale=1 / b)),
        (NormalPosterior, lambda a, b: stats.norm(a, b)),
    ],
)
@given(a=st.sampled_from([0.3, 1.0, 4.0]), b=st.sampled_from([0.5, 1.0, 3.0]))
def test_laws_at_the_ends_and_beyond_are_those_of_scipy(family, law, a, b):
    """Each point alone, and all of them at once beside one that lies within."""
    ends = np.array([-np.inf, -1.5, -1.0, 0.0, 0.3, 1.0, 1.5, np.inf])
    expected = [-np.inf, *law(a, b).logpdf(ends[1:-1]), -np.inf]  # SciPy's gamma says NaN there
    ours = family([a], b)
    np.testing.assert_allclose(ours.log_density(ends), expected, rtol=1e-12, atol=1e-14)
    alone = [ours.log_density(end)[0] for end in ends]
    np.testing.assert_allclose(alone, expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(ours.cdf(ends), law(a, b).cdf(ends), rtol=1e-12, atol=0)


@pytest.mark.parametrize("family", [BetaPosterior, GammaPosterior, NormalPosterior])
@given(seed=seeds)
def test_quantiles_of_mixtures_are_found_in_a_few_steps(family, seed):
    """Newton's steps double the digits: halving a bracket would ask for forty.

    They begin at the quantile of the law with the same moments: equal laws are not searched.
    """
    rng, calls = np.random.default_rng(seed), []

    class Counting(family):
        def cdf(self, theta):
            calls.append(theta)
            return super().cdf(theta)

    p = rng.uniform(0.001, 0.999, 3)
    random_mixture(rng, Counting).quantile(p)
    assert len(calls) < 25
    calls.clear()
    first, second = rng.uniform(0.5, 20, (2, 3))
    equal = Counting(np.tile(first, (4, 1)), np.tile(second, (4, 1)))
    MixturePosterior(equal, rng.dirichlet(np.ones(4))).quantile(p)
    assert len(calls) == 3  # at both ends of the range, and there


def test_moments_of_a_mixture_and_its_draws():
    rng = np.random.default_rng(4)
    units = random_mixture(rng, GammaPosterior)
    j = 1

    def density(t):
        return float(np.exp(units.log_density(t)[j]))

    mean = integrate.quad(lambda t: t * density(t), 0, np.inf)[0]
    square = integrate.quad(lambda t: t**2 * density(t), 0, np.inf)[0]
    assert units.mean[j] == pytest.approx(mean, rel=1e-7)
    assert units.sd[j] == pytest.approx(np.sqrt(square - mean**2), rel=1e-6)
    draws = units.sample(np.random.default_rng(5), 40_000)
    assert (abs(draws.mean(axis=0) - units.mean) < 4.5 * units.sd / 200).all()
    # The units share the node: they are not independent, as the covariance over the nodes says.
    m = units.components.mean
    shared = units.weights @ (m[:, 0] * m[:, 1]) - units.mean[0] * units.mean[1]
    found = np.cov(draws[:, 0], draws[:, 1])[0, 1]
    se = units.sd[0] * units.sd[1] / 200 * 3
    assert abs(found - shared) < 4.5 * se


def test_ends_of_probability_are_the_ends_of_the_support():
    for family, ends in ((BetaPosterior, (0, 1)), (GammaPosterior, (0, np.inf)),
                         (NormalPosterior, (-np.inf, np.inf))):  # fmt: skip
        units = random_mixture(np.random.default_rng(2), family)
        assert (units.quantile(0) == ends[0]).all()
        assert (units.quantile(1) == ends[1]).all()


def test_planted_a_mixture_of_means_alone_has_too_small_an_sd():
    units = random_mixture(np.random.default_rng(3), BetaPosterior)
    wrong = np.sqrt(units.weights @ (units.components.mean - units.mean) ** 2)
    assert (wrong < 0.9 * units.sd).all()


# ------------------------------------------------------------------------------------ EM


def test_em_meets_no_rounding_error_in_large_counts():
    """Forty data sets with up to 1e7 trials: the evidence keeps its digits, so it never falls."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        n = np.floor(10 ** rng.uniform(4, 7, 100))
        y = rng.binomial(n.astype(int), rng.beta(1, 50, 100))
        found = em.fit(BetaBinomial(1, 9), y, n)
        assert found.converged
        assert found.log_likelihood == pytest.approx(
            fit_evidence(BetaBinomial, y, n).log_evidence, abs=1e-3
        )


@given(seeds)
def test_statistics_about_different_centres_add(seed):
    rng = np.random.default_rng(seed)
    y, s = rng.normal(1e6, 2, 6), rng.uniform(1, 2, 6)
    here, there = NormalNormal(1e6, 2.0), NormalNormal(1e6 + 5, 2.0)
    parts = here.e_step(y[:3], s[:3])[0], there.e_step(y[3:], s[3:])[0]
    a, b = here.posterior(y[:3], s[:3]), there.posterior(y[3:], s[3:])
    mean = np.concatenate([a.mean, b.mean])
    variance = mean.var() + np.concatenate([a.sd, b.sd]).astype(float).__pow__(2).mean()
    for total in (parts[0] + parts[1], parts[1] + parts[0]):
        found = here.m_step(total)
        assert found.mean == pytest.approx(mean.mean(), rel=1e-14, abs=0)
        assert found.sd**2 == pytest.approx(variance, rel=1e-8, abs=0)


# ------------------------------------------------------------------- shapes, ends, defaults

FAMILIES = [BetaPosterior, GammaPosterior, NormalPosterior]


@pytest.mark.parametrize("family", FAMILIES)
@given(seed=seeds, J=st.integers(2, 4))
def test_laws_and_their_mixtures_have_one_answer_per_unit(family, seed, J):
    """One draw unless more are asked for; 95 % unless told otherwise; other shapes are named."""
    rng = np.random.default_rng(seed)
    law = family(rng.uniform(1, 5, (1, J)), rng.uniform(1, 5, (1, J)))
    single = law.at(0)
    mixture = MixturePosterior(family(*rng.uniform(1, 5, (2, 3, J))), rng.dirichlet(np.ones(3)))
    for units in (single, mixture):
        assert units.sample(rng).shape == (1, J)
        assert units.sample(rng, 3).shape == (3, J)
        low, high = units.interval().T
        np.testing.assert_allclose(units.cdf(low), 0.025, rtol=1e-7)
        np.testing.assert_allclose(units.cdf(high), 0.975, rtol=1e-7)
        with pytest.raises(ValueError, match=rf"^probability .*\({J + 1},\)"):
            units.quantile(np.full(J + 1, 0.5))


@pytest.mark.parametrize("family", FAMILIES)
@given(seed=seeds, J=st.integers(1, 4))
def test_one_bad_parameter_among_good_ones_is_named(family, seed, J):
    rng = np.random.default_rng(seed)
    names = {BetaPosterior: ("alpha", "beta"), GammaPosterior: ("shape", "rate")}
    names = names.get(family, ("mean", "sd"))
    for k, name in enumerate(names):
        bads = [np.nan, np.inf, -np.inf, 1j] + ([] if name == "mean" else [-1.0])
        for bad in bads + ([0.0] if family is not NormalPosterior else []):
            given_ = rng.uniform(1, 5, (2, J)).astype(complex if bad == 1j else float)
            given_[k, rng.integers(J)] = bad
            arrays = [a if i == k else a.real for i, a in enumerate(given_)]
            with pytest.raises(ValueError, match=f"^{name} "):
                family(*arrays)


@pytest.mark.parametrize("family", FAMILIES)
@given(seed=seeds)
def test_points_of_every_size_have_answers_and_no_warnings(family, seed):
    rng = np.random.default_rng(seed)
    first, second = 10 ** rng.uniform(-3, 3, (2, 4))
    law = family(first if family is not NormalPosterior else 0 * first, second)
    theta = rng.choice([-1, 1], 4) * 10.0 ** rng.choice([-320, -307, -160, 0, 160, 308], 4)
    with np.errstate(all="raise"):
        assert not np.isnan(law.log_density(theta)).any()
        found = law.cdf(np.sort(theta)[:, np.newaxis])
    assert ((found >= 0) & (found <= 1)).all()
    assert (np.diff(found, axis=0) >= 0).all()


def test_a_quantile_may_be_nearer_to_the_mean_than_any_float():
    expected = [1.0, 1e-305 * float(ndtri(0.5 + 1e-9))]
    with np.errstate(all="raise"):
        found = NormalPosterior([1.0, 0.0], 1e-305).quantile(0.5 + 1e-9)
    assert found.tolist() == expected


@given(seeds, st.integers(1, 6))
def test_quantiles_of_points_are_points(seed, M):
    """The first at which the sum of the weights reaches the probability, or the float above."""
    rng = np.random.default_rng(seed)
    at, weights = rng.normal(size=(M, 2)) * 10 ** rng.uniform(-9, 9), rng.dirichlet(np.ones(M))
    units = MixturePosterior(NormalPosterior(at, 0.0), weights)
    for p in rng.uniform(0.001, 0.999, 2):
        found = units.quantile(p)
        assert (units.cdf(found) >= p).all()
        for one, column in zip(found, at.T, strict=True):
            order = np.argsort(column)
            expected = column[order][np.searchsorted(weights[order].cumsum(), p)]
            np.testing.assert_array_max_ulp(one, expected, 1)


@pytest.mark.parametrize("family", [GammaPosterior, BetaPosterior])
@given(seed=seeds)
def test_a_mixture_of_one_law_is_that_law(family, seed):
    """Quantiles as far out as floats reach; beyond them, the ends of the range."""
    rng = np.random.default_rng(seed)
    first, second = 10 ** rng.uniform(-2, 3, (2, 1))
    if family is BetaPosterior and rng.random() < 0.3:
        second *= 1e-20  # nearly all of it lies above the last float before 1
    p = 10.0 ** rng.choice([-200, 0], 1) * rng.random()
    same = family(np.full((3, 1), first), np.full((3, 1), second))
    found = MixturePosterior(same, [0.2, 0.3, 0.5]).quantile(p)
    with np.errstate(under="ignore"):
        expected = family(first, second).quantile(p)
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-307)


@pytest.mark.parametrize("family", FAMILIES)
@given(seed=seeds)
@settings(max_examples=30)
def test_mixtures_of_laws_of_every_size_have_answers_and_no_warnings(family, seed):
    rng = np.random.default_rng(seed)
    with np.errstate(under="ignore"):
        law, theta = extreme(rng, family)
        if family is NormalPosterior:  # a bracket is halved two hundred times, not a thousand
            law = family(rng.normal(size=4), 10 ** rng.uniform(-15, 15, 4))
    weights = rng.dirichlet(np.ones(4))
    with np.errstate(all="raise"):
        mixture = MixturePosterior(law.at((slice(None), np.newaxis)), weights)
        found = [mixture.mean, mixture.sd, mixture.cdf(theta[0]), mixture.log_density(theta[0])]
        ends = np.concatenate([mixture.quantile(p) for p in (0.0, 1e-300, 0.1, 0.5, 0.9, 1.0)])
        assert mixture.sample(rng, 3).shape == (3, 1)
    assert not np.isnan(np.concatenate([*found, ends])).any()
    assert (ends[:-1] <= ends[1:]).all()
    low, high = family.floats
    for p, end in ((0.1, ends[2]), (0.5, ends[3]), (0.9, ends[4])):
        if low <= end <= high:
            near = np.clip([end - 1e-12 * abs(end), end + 1e-12 * abs(end)], low, high)
            below, at = (mixture.cdf(theta)[0] for theta in near)
            assert below - 1e-8 <= p <= at + 1e-8


@pytest.mark.parametrize("family", FAMILIES)
@given(seed=seeds, J=st.integers(2, 4))
def test_one_bad_argument_among_good_ones_is_named(family, seed, J):
    """Probabilities and points, of laws and of mixtures, wherever it stands."""
    rng = np.random.default_rng(seed)
    laws = family(*rng.uniform(1, 5, (2, 3, J)))
    for units in (laws.at(0), MixturePosterior(laws, rng.dirichlet(np.ones(3)))):
        p, theta, at = rng.uniform(0.1, 0.9, J), rng.uniform(0.1, 0.9, J), rng.integers(J)
        for end in (0.0, 1.0):
            p[at] = end
            units.quantile(p)
        for bad in (np.nan, -0.001, 1.001, np.inf):
            p[at] = bad
            with pytest.raises(ValueError, match=r"^probability "):
                units.quantile(p)
        theta[at] = np.nan
        for call in (units.cdf, units.log_density):
            with pytest.raises(ValueError, match=r"^theta must not be NaN"):
                call(theta)
        for bad in (0.0, 1.0, -0.1, np.nan):
            with pytest.raises(ValueError, match=r"^level "):
                units.interval(bad)


def test_a_point_is_its_own_quantile_to_the_ends():
    points = NormalPosterior([5.0, -3.0], [0.0, 0.0])
    for p in (0.0, 1e-300, 0.5, 1.0):
        assert points.quantile(p).tolist() == [5.0, -3.0]
    assert points.cdf([5.0, -3.1]).tolist() == [1.0, 0.0]
    assert points.log_density([5.0, -3.1]).tolist() == [np.inf, -np.inf]
    assert points.sample(np.random.default_rng(1), 2).tolist() == [[5.0, -3.0]] * 2


@pytest.mark.parametrize("family", FAMILIES)
@given(seed=seeds)
def test_far_tails_of_mixtures_are_as_right_as_those_of_laws(family, seed):
    """On both sides; a node without weight does not count, and draws are a whole number."""
    rng = np.random.default_rng(seed)
    first, second = rng.uniform(1, 9, (2, 1))
    law = family(first, second)
    nodes = family(np.array([first, first, 2 * first]), np.full((3, 1), second))
    mixture = MixturePosterior(nodes, [0.3, 0.7, 0.0])
    for tail in 10.0 ** -np.arange(1, 13):
        for p in (tail, 1 - tail):
            with np.errstate(all="raise"):
                found = mixture.quantile(p)
            np.testing.assert_allclose(found, law.quantile(p), rtol=1e-3 if p > 0.5 else 1e-6)
    with np.errstate(all="raise"):
        density = mixture.log_density(law.mean)
    np.testing.assert_allclose(density, law.log_density(law.mean), rtol=1e-9)
    for size in (0, -1, 2.5, True, [2]):
        for units in (law, mixture):
            with pytest.raises(ValueError, match=r"^size must be a whole number"):
                units.sample(rng, size)


def test_the_ends_of_mixtures_of_points_are_infinite():
    points = MixturePosterior(NormalPosterior([[5.0, -3.0], [6.0, -3.0]], 0.0), [0.5, 0.5])
    assert points.quantile(0.0).tolist() == [-np.inf] * 2
    assert points.quantile(1.0).tolist() == [np.inf] * 2


def test_a_part_of_no_weight_is_not_there():
    """Neither in the density nor in what is made of it."""
    parts = BetaPosterior(np.array([[2.0], [3.0], [4.0]]), np.array([[5.0], [1.0], [2.0]]))
    with_it = MixturePosterior(parts, [0.25, 0.0, 0.75])
    kept = BetaPosterior(parts.alpha[::2], parts.beta[::2])
    without = MixturePosterior(kept, [0.25, 0.75])
    for theta in (1e-9, 0.2, 0.7):
        assert with_it.log_density(theta) == pytest.approx(without.log_density(theta))
    for p in (0.1, 0.5):
        assert with_it.quantile(p) == pytest.approx(without.quantile(p))
