"""Laws of the conjugate laws: Bayes' theorem, SciPy's densities, draws, expectations, divergence.

Each law of the tests is run on planted errors too.
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from companion import conjugate
from companion.conjugate import (
    GaussianMixtureLaw,
    MultivariateNormalLaw,
    NormalNormalLaw,
    PoissonMixtureLaw,
)
from companion.gaussians import GaussianMixture, NormalStatistics
from companion.hierarchical import NormalNormal
from companion.missing import MultivariateNormal
from companion.poissons import PoissonMixture, PoissonStatistics
from companion.populations import UnitStatistics

# ------------------------------------------------------------------ laws, models and data


def spd(rng, D, K=None):
    A = rng.normal(size=(K or 1, D, D))
    S = A @ A.transpose(0, 2, 1) + np.eye(D)
    return S if K else S[0]


def gaussian_law(rng, D=2):
    return GaussianMixtureLaw(
        rng.uniform(0.5, 4, 2), rng.uniform(0.5, 3, 2), rng.uniform(D + 3, D + 9, 2),
        rng.normal(size=(2, D)), 4 * spd(rng, D, 2),
    )  # fmt: skip


def poisson_law(rng):
    return PoissonMixtureLaw(rng.uniform(0.5, 4, 3), rng.uniform(1, 5, 3), rng.uniform(0.5, 2, 3))


def normal_law(rng):
    return MultivariateNormalLaw(
        rng.uniform(0.5, 3), rng.uniform(5, 9), rng.normal(size=2), 4 * spd(rng, 2)
    )


def effects_law(rng):
    return NormalNormalLaw(rng.uniform(0.5, 3), rng.uniform(6, 12), rng.normal(), rng.uniform(4, 9))


def of_points(rng, model):
    """Statistics of complete data, and their log-likelihood by definition."""
    K, N = len(model.weights), 7
    x, z = model.sample(N, rng)
    one_hot = np.eye(K)[z]

    def log_likelihood(m):
        return (m.component_log_density(x) + np.log(m.weights))[np.arange(N), z].sum()

    return model.statistics(x, one_hot), log_likelihood


def of_rows(rng, model):
    x = model.sample(6, rng)

    def log_likelihood(m):
        return stats.multivariate_normal(m.mean, m.covariance).logpdf(x).sum()

    return model.e_step(x)[0], log_likelihood


def of_units(rng, model):
    theta = rng.normal(model.mean, model.sd, 5)
    off = theta - 3
    statistics = UnitStatistics(np.array([off.sum(), (off**2).sum()]), 5, 3.0)
    return statistics, lambda m: stats.norm(m.mean, m.sd).logpdf(theta).sum()


def scipy_gaussian(law, model):
    value = stats.dirichlet(law.concentrations).logpdf(model.weights)
    for k in range(2):
        S = model.full_covariances[k]
        value += stats.invwishart(law.degrees[k], law.scatters[k]).logpdf(S)
        value += stats.multivariate_normal(law.means[k], S / law.strengths[k]).logpdf(
            model.means[k]
        )
    return value


def scipy_poisson(law, model):
    gammas = stats.gamma(law.shapes, scale=1 / law.rates).logpdf(model.rates)
    return stats.dirichlet(law.concentrations).logpdf(model.weights) + gammas.sum()


def scipy_normal(law, model):
    value = stats.invwishart(law.degrees, law.scatter).logpdf(model.covariance)
    mean = stats.multivariate_normal(law.mean, model.covariance / law.strength)
    return value + mean.logpdf(model.mean)


def scipy_effects(law, model):
    variance = stats.invgamma(law.degrees / 2, scale=law.scatter / 2).logpdf(model.sd**2)
    return variance + stats.norm(law.mean, model.sd / law.strength**0.5).logpdf(model.mean)


def normals(strength, degrees, mean, scatter, n, rng):
    D = len(mean)
    S = np.reshape(stats.invwishart(degrees, scatter).rvs(n, random_state=rng), (n, D, D))
    noise = stats.multivariate_normal(np.zeros(D), np.eye(D)).rvs(n, random_state=rng)
    roots = np.linalg.cholesky(S / strength)
    return mean + np.einsum("nij,nj->ni", roots, noise.reshape(n, D)), S


def draw_gaussian(law, n, rng):
    weights = stats.dirichlet(law.concentrations).rvs(n, random_state=rng)
    fields = zip(law.strengths, law.degrees, law.means, law.scatters, strict=True)
    parts = [normals(*field, n, rng) for field in fields]
    means, covariances = (np.stack(part, axis=1) for part in zip(*parts, strict=True))
    return list(map(GaussianMixture, weights, means, covariances))


def draw_poisson(law, n, rng):
    weights = stats.dirichlet(law.concentrations).rvs(n, random_state=rng)
    rates = stats.gamma(law.shapes, scale=1 / law.rates).rvs((n, 3), random_state=rng)
    return list(map(PoissonMixture, weights, rates))


def draw_normal(law, n, rng):
    parts = normals(law.strength, law.degrees, law.mean, law.scatter, n, rng)
    return list(map(MultivariateNormal, *parts))


def draw_effects(law, n, rng):
    variance = stats.invgamma(law.degrees / 2, scale=law.scatter / 2).rvs(n, random_state=rng)
    means = rng.normal(law.mean, np.sqrt(variance / law.strength))
    return list(map(NormalNormal, means, np.sqrt(variance)))


CASES = {
    "Gaussian": (gaussian_law, of_points, scipy_gaussian, draw_gaussian),
    "Gaussian 1D": (lambda rng: gaussian_law(rng, 1), of_points, scipy_gaussian, draw_gaussian),
    "Poisson": (poisson_law, of_points, scipy_poisson, draw_poisson),
    "normal": (normal_law, of_rows, scipy_normal, draw_normal),
    "effects": (effects_law, of_units, scipy_effects, draw_effects),
}


def draws(law, rng, n=2000):
    return [law.sample(rng) for _ in range(n)]


def near(values, expected, errors=4.5):
    values = np.asarray(values)
    error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
    assert (abs(values.mean(axis=0) - expected) < errors * error + 1e-9).all()


# --------------------------------------------------------------------------------- laws


def the_density_is_scipys(name, seed=0):
    make, _, reference, _ = CASES[name]
    rng = np.random.default_rng(seed)
    law = make(rng)
    for model in draws(make(rng), rng, 5):
        assert law.log_density(model) == pytest.approx(reference(law, model), rel=1e-10)


def adding_statistics_is_bayes_theorem(name, seed=0):
    """Posterior over prior is the likelihood of the complete data, up to one constant."""
    make, data, *_ = CASES[name]
    rng = np.random.default_rng(seed)
    prior = make(rng)
    statistics, log_likelihood = data(rng, prior.sample(rng))
    posterior = prior + statistics
    gaps = [
        posterior.log_density(m) - prior.log_density(m) - log_likelihood(m)
        for m in draws(make(rng), rng, 6)
    ]
    np.testing.assert_allclose(gaps, gaps[0], rtol=0, atol=1e-8)
    # ... and the constant is the evidence, by the normalisers alone
    model = posterior.sample(rng)
    evidence = prior.log_density(model) + log_likelihood(model) - posterior.log_density(model)
    assert -gaps[0] == pytest.approx(evidence, abs=1e-8)
    two = prior + statistics + statistics
    assert two.count(statistics) == (prior + (statistics + statistics)).count(statistics)
    a, b = (
        two.sample(np.random.default_rng(1)),
        (prior + (statistics + statistics)).sample(np.random.default_rng(1)),
    )
    for one, other in zip(vars(a).values(), vars(b).values(), strict=False):
        if not isinstance(one, str):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def draws_have_the_density(name, seed=0):
    """Draws of ours and of SciPy's, by what several laws think of them."""
    make, _, _, scipy_draws = CASES[name]
    rng = np.random.default_rng(seed)
    law = make(rng)
    ours = draws(law, rng, 2000)
    theirs = scipy_draws(law, 2000, rng)
    for other in (law, make(rng), make(rng)):
        one, two = ([other.log_density(m) for m in models] for models in (ours, theirs))
        assert stats.ks_2samp(one, two).pvalue > 1e-4


def the_stand_in_sees_what_the_law_sees(name, seed=0):
    """E[log p(x, z | theta)] over draws, beside that of the one model, with its shift."""
    make, data, *_ = CASES[name]
    rng = np.random.default_rng(seed)
    law = make(rng)
    _, log_likelihood = data(rng, law.sample(rng))
    model, shift = law.stand_in()
    N = {"normal": 6, "effects": 5}.get(name, 7)
    near([log_likelihood(m) for m in draws(law, rng)], log_likelihood(model) + N * shift)


def the_divergence_is_an_expectation(name, seed=1):
    make = CASES[name][0]
    rng = np.random.default_rng(seed)
    law, other = make(rng), make(rng)
    near(
        [law.log_density(m) - other.log_density(m) for m in draws(law, rng)], law.divergence(other)
    )
    assert law.divergence(law) == pytest.approx(0, abs=1e-9)
    assert law.divergence(other) > 0


LAWS = [
    the_density_is_scipys,
    adding_statistics_is_bayes_theorem,
    draws_have_the_density,
    the_stand_in_sees_what_the_law_sees,
    the_divergence_is_an_expectation,
]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_law(law, name):
    law(name)


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.sampled_from(sorted(CASES)))
def test_bayes_theorem_of_random_laws(seed, name):
    adding_statistics_is_bayes_theorem(name, seed)
    the_density_is_scipys(name, seed)


W, P, E = conjugate._Wisharts, PoissonMixtureLaw, NormalNormalLaw
OWN = {(c, n): getattr(c, n) for c in (W, P) for n in vars(c)}


def altered(cls, name, change):
    right = OWN[cls, name]
    return cls, name, lambda self, *args: change(self, right, *args)


WRONG = {
    "one degree too many": (
        adding_statistics_is_bayes_theorem, "normal",
        altered(W, "given", lambda s, f, a: (lambda w: replace(w, degrees=w.degrees + 1))(f(s, a))),
    ),
    "scatters merely added": (
        adding_statistics_is_bayes_theorem, "Gaussian",
        altered(W, "given", lambda s, f, a: replace(f(s, a), scatters=s.scatters + a.scatters)),
    ),
    "the mean as wide as a point": (
        draws_have_the_density, "normal",
        altered(W, "sample", lambda s, f, rng: f(replace(s, strengths=1 + 0 * s.strengths), rng)),
    ),
    "degrees of a chi squared": (
        draws_have_the_density, "Gaussian",
        altered(W, "sample", lambda s, f, rng: f(replace(s, degrees=s.degrees - 1), rng)),
    ),
    "no price of the mean": (
        the_stand_in_sees_what_the_law_sees, "effects",
        altered(W, "typical", lambda s, f: (*f(s)[:2], f(s)[2] + 0.5 / s.strengths)),
    ),
    "no shift": (
        the_stand_in_sees_what_the_law_sees, "Poisson",
        altered(P, "stand_in", lambda s, f: (f(s)[0], 0.0)),
    ),
    "another determinant": (
        the_divergence_is_an_expectation, "effects",
        altered(W, "mean_log_determinants", lambda s, f: f(s) + 0.3),
    ),
    "the other direction": (
        the_divergence_is_an_expectation, "Poisson",
        altered(P, "divergence", lambda s, f, prior: f(prior, s)),
    ),
    "another normaliser": (
        the_density_is_scipys, "effects",
        altered(W, "log_normaliser", lambda s, f: f(s) + 0.1),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_planted_error_is_found(monkeypatch, name):
    law, case, wrong = WRONG[name]
    law(case)
    monkeypatch.setattr(*wrong)
    with pytest.raises(AssertionError):
        law(case)


# ---------------------------------------------------------------- improper laws, priors, input


def test_a_flat_law_is_uniform_in_mean_and_standard_deviation():
    """Density in the variance times 2 sd is that in sd: the same everywhere."""
    flat = NormalNormalLaw.flat()
    assert not flat.is_proper
    assert flat.log_normaliser == 0
    density = [flat.log_density(NormalNormal(m, s)) + np.log(2 * s) for m, s in [(0, 1), (7, 30)]]
    assert density[0] == pytest.approx(density[1])
    with pytest.raises(ValueError, match=r"law of component 0 improper .strength 2, degrees 0"):
        (flat + UnitStatistics(np.array([0.0, 2.0]), 2)).sample(np.random.default_rng(1))


def test_an_improper_law_counts_as_if_its_integral_were_one():
    """Without observations and scatter f is a power of the variance, and that of one is one."""
    law = GaussianMixtureLaw([1.0], 0, 1, [2], [0])
    assert law.log_density(GaussianMixture([1.0], [5], [1.0])) == 0
    assert law.log_density(GaussianMixture([1.0], [5], [np.e])) == pytest.approx(-2)


@pytest.mark.parametrize("D", [1, 2, 5])
def test_an_inverse_wishart_law_has_an_integral_above_d_minus_one_degrees(D):
    """Its normaliser is the multivariate gamma function of half the degrees."""
    for more, is_proper in [(0, False), (1e-9, True), (0.5, True), (2, True)]:
        law = MultivariateNormalLaw(1, D - 1 + more, np.zeros(D), np.eye(D))
        assert law.is_proper == is_proper


def test_the_flat_normal_law_is_that_of_the_imputations(rng):
    """Given complete rows: the scatter with N - 1 degrees, the mean with N rows."""
    x = rng.normal(size=(9, 2))
    law = MultivariateNormalLaw.flat(2) + MultivariateNormal([0, 0], np.eye(2)).e_step(x)[0]
    assert (law.strength, law.degrees) == (9, 8)
    np.testing.assert_allclose(law.scatter, 8 * np.cov(x.T), rtol=1e-10)
    np.testing.assert_allclose(law.mean, x.mean(axis=0), rtol=1e-10)


def test_a_density_has_the_integral_one(rng):
    law = effects_law(rng)
    mean, sd = np.linspace(-25, 25, 401), np.linspace(0.2, 15, 200)
    values = [[np.exp(law.log_density(NormalNormal(m, s))) * 2 * s for m in mean] for s in sd]
    whole = np.trapezoid(np.trapezoid(values, mean, axis=1), sd)
    assert whole == pytest.approx(1, abs=1e-3)


def test_weak_priors_have_the_scale_of_the_data(rng):
    x = rng.normal(size=(50, 2)) * [1, 1000]
    law = GaussianMixtureLaw.weak(x, 4, concentration=0.1)
    assert law.is_proper
    np.testing.assert_allclose(law.scatters[0], np.cov(x.T, bias=True) / 4)
    np.testing.assert_array_equal(law.concentrations, 0.1)
    np.testing.assert_array_equal(law.strengths, 0.01)  # of one point
    np.testing.assert_array_equal(law.degrees, 2 + 2)
    other = GaussianMixtureLaw.weak(x * [1, 5], 4)
    np.testing.assert_allclose(other.scatters[0], law.scatters[0] * [[1, 5], [5, 25]])
    rates = PoissonMixtureLaw.weak([0, 3, 6], 3)
    np.testing.assert_allclose(rates.shapes / rates.rates, 3)
    for uniform in (rates, other):  # in the weights, if nothing else is asked for
        np.testing.assert_array_equal(uniform.concentrations, 1)


def test_a_law_cannot_be_changed_and_copies_what_it_is_given():
    mean = np.zeros(2)
    law = MultivariateNormalLaw(1, 3, mean, np.eye(2))
    mean[0] = 7
    assert law.mean[0] == 0
    with pytest.raises(ValueError, match="read-only"):
        law.mean[0] = 1


TWO = GaussianMixtureLaw([1, 1], 1, 3, [0, 1], [1, 1])
RATES = PoissonMixtureLaw([1, 1], 1, 1)
POINTS = NormalStatistics(np.ones(3), np.zeros((3, 1)), np.zeros((3, 1, 1)))
INPUT = [
    (lambda: GaussianMixtureLaw([1, 0], 1, 3, [0, 1], [1, 1]), "concentrations must be positive"),
    (lambda: GaussianMixtureLaw([1], 1, 3, [0, 1], [1, 1]), r"concentrations must have shape"),
    (lambda: GaussianMixtureLaw([1, 1], -1, 3, [0, 1], [1, 1]), "strengths must not be below 0"),
    (lambda: GaussianMixtureLaw([1, 1], 1, [3, 3, 3], [0, 1], [1, 1]), "degrees must have shape"),
    (lambda: GaussianMixtureLaw([1, 1], 1, 3, [0, np.nan], [1, 1]), "means holds 1 NaN"),
    (lambda: GaussianMixtureLaw([1, 1], 1, 3, [0, 1], [1, -1]), "scatters must not hold negative"),
    (lambda: GaussianMixtureLaw([1.0], 1, 3, [[0, 1]], [[[1, 2], [0, 1]]]),
     "scatters must be symmetric"),
    (lambda: GaussianMixtureLaw([1.0], 1, 3, [[0, 1]], np.eye(2)), "scatters must have shape"),
    (lambda: GaussianMixtureLaw.weak([0, 1], 0), "n_components must be a whole number"),
    (lambda: GaussianMixtureLaw.weak([0, 1], 2, 0), "concentration must be a number > 0"),
    (lambda: PoissonMixtureLaw([1, 1], [1, 0], 1), "shapes must be positive"),
    (lambda: PoissonMixtureLaw([1, 1], 1, [1, 1, 1]), "rates must have shape"),
    (lambda: PoissonMixtureLaw([[1]], 1, 1), "concentrations must be a vector"),
    (lambda: PoissonMixtureLaw.weak([0, 0], 2), "x holds zeros only"),
    (lambda: PoissonMixtureLaw.weak([0, 1.5], 2), "x must be whole numbers"),
    (lambda: MultivariateNormalLaw(1, 3, [[0]], [[1]]), "mean must be a vector"),
    (lambda: MultivariateNormalLaw(-1, 3, [0], [[1]]), "strength must not be negative"),
    (lambda: MultivariateNormalLaw(1, np.inf, [0], [[1]]), "degrees holds 1 NaN or infinite"),
    (lambda: MultivariateNormalLaw(1, 3, [0], np.eye(2)), "scatter must have shape"),
    (lambda: MultivariateNormalLaw.flat(0), "n_dimensions must be a whole number"),
    (lambda: NormalNormalLaw(1, 3, 0, -1), "scatter must not be negative"),
    (lambda: NormalNormalLaw(1, 3, [0, 1], 1), "mean must be one number"),
    (lambda: NormalNormalLaw(1, 3, 0, 1).log_density(NormalNormal(0, 0)), "model.sd must be"),
    (lambda: RATES.log_density(PoissonMixture([1.0], [2.0])), "model.rates must have shape"),
    (lambda: RATES.divergence(RATES.weak([1, 2], 1)), "prior.shapes must have shape"),
    (lambda: RATES.divergence(RATES.weak([1, 2], 3)), "prior.shapes must have shape"),
    (lambda: TWO + POINTS, "statistics.means must have shape"),
    (lambda: TWO.log_density(GaussianMixture([1.0], [0], [1])), "model.means must have shape"),
    (lambda: TWO.divergence(GaussianMixtureLaw([1.0], 1, 3, [0], [1])),
     "prior.concentrations must have shape"),
    (lambda: TWO.divergence(GaussianMixtureLaw([1, 1], 1, 5, np.eye(2, 3), [np.eye(3)] * 2)),
     "prior.means must have shape"),
    (lambda: GaussianMixtureLaw([1, 1], 0, 3, [0, 1], [1, 1]).sample(np.random.default_rng(1)),
     "law of component 0 improper"),
    (lambda: GaussianMixtureLaw([1, 1], 1, [3, 0], [0, 1], [1, 1]).stand_in(),
     "law of component 1 improper"),
    (lambda: GaussianMixtureLaw([1, 1, 1], 1, 3, [0, 1, 2], [1, 0, 1]).stand_in(),
     "law of component 1 improper"),
    (lambda: PoissonMixtureLaw([1, 1], 1, 1) + PoissonStatistics(*np.ones((3, 3))),
     "statistics.counts must have shape"),
]  # fmt: skip


@pytest.mark.parametrize("k", range(len(INPUT)))
def test_bad_input_is_named(k):
    call, message = INPUT[k]
    with pytest.raises(ValueError, match=message):
        call()
