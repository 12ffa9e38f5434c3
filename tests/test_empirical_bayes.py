"""Hyperparameters: published values, second opinions, laws, coverage, and planted errors."""

import numpy as np
import pytest
from scipy import integrate, optimize, special, stats
from test_hierarchical import RAT_DATA, RATS, SCHOOLS

from companion import em
from companion.empirical_bayes import (
    NoMaximumError,
    fit_evidence,
    fit_map2,
    fit_moments,
    james_stein,
    robbins,
)
from companion.full_bayes import (
    DivergentExpectationWarning,
    ImproperPosteriorError,
    full_bayes,
)
from companion.hierarchical import BetaBinomial, GammaPoisson, NormalNormal

PAST = RATS.query("group == 'historical'")
# Claims per policy in one year of 9461 policies: Efron and Hastie (2016), Computer Age Statistical
# Inference, table 6.1.
CLAIMS = [7840, 1317, 239, 42, 14, 4, 4, 1]


@pytest.fixture(scope="module")
def rats():
    return full_bayes(BetaBinomial, *RAT_DATA)


@pytest.fixture(scope="module")
def schools():
    return full_bayes(NormalNormal, *SCHOOLS)


def simulated(kind, population, J, seed):
    rng = np.random.default_rng(seed)
    size = {
        BetaBinomial: lambda: rng.integers(5, 60, J),
        GammaPoisson: lambda: rng.uniform(1, 50, J),
        NormalNormal: lambda: rng.uniform(1, 5, J),
    }[kind]()
    return population.sample_prior_predictive(size, rng)[0], size


TRUTHS = [BetaBinomial(3.0, 9.0), GammaPoisson(4.0, 2.0), NormalNormal(10.0, 4.0)]
KINDS = [type(t).__name__ for t in TRUTHS]

# ------------------------------------------------------------------------------- moments


def test_moments_of_the_lecture():
    """Harvard AM207: the 70 historical experiments, matched in the space of theta."""
    prior = fit_moments(BetaBinomial, PAST["tumors"], PAST["rats"], space="theta")
    assert prior.alpha == pytest.approx(1.3777748392916778, rel=1e-12)
    assert prior.beta == pytest.approx(8.7524354471531129, rel=1e-12)
    assert prior.posterior([4], [14]).mean[0] == pytest.approx(0.22286481449822493, rel=1e-12)


@pytest.mark.parametrize("truth", TRUTHS, ids=KINDS)
def test_predictive_moments_are_right_on_average_and_theta_moments_are_too_wide(truth):
    kind = type(truth)
    data = [simulated(kind, truth, 200, seed) for seed in range(200)]
    variances = {
        space: np.array([fit_moments(kind, *d, space=space).sd ** 2 for d in data])
        for space in ("predictive", "theta")
    }
    se = variances["predictive"].std() / np.sqrt(200)
    assert abs(variances["predictive"].mean() - truth.sd**2) < 4 * se
    assert variances["theta"].mean() > truth.sd**2 + 10 * se


def test_predictive_moments_of_equal_sizes_by_hand():
    y, n = np.array([1, 3, 5, 9]), 12
    m = y.sum() / (4 * n)
    between = ((y / n - m) ** 2).sum() / 3  # of the rates, with divisor J - 1
    variance = (between - m * (1 - m) / n) / (1 - 1 / n)
    found = fit_moments(BetaBinomial, y, n)
    assert found.sd**2 == pytest.approx(variance)
    assert found.mean == pytest.approx(m)
    # DerSimonian and Laird (1986) from the formula they print, for the eight schools: tau^2 = 0.
    assert fit_moments(NormalNormal, *SCHOOLS).sd == 0
    y, s = np.array([0.0, 4.0, 9.0]), np.array([1.0, 1.0, 1.0])
    assert fit_moments(NormalNormal, y, s).sd ** 2 == pytest.approx(y.var(ddof=1) - 1)
    y, e = np.array([2, 9, 30]), 2.0
    assert fit_moments(GammaPoisson, y, e).sd ** 2 == pytest.approx(
        (y / e).var(ddof=1) - (y / e).mean() / e
    )


# -------------------------------------------------------------------------------- type 2


@pytest.mark.parametrize("truth", TRUTHS, ids=KINDS)
def test_type_2_is_the_maximum_that_scipy_finds(truth):
    kind = type(truth)
    y, size = simulated(kind, truth, 60, 1)
    found = fit_evidence(kind, y, size)

    def minus(x):
        return -kind.from_vector(x).log_prior_predictive(y, size).sum()

    other = optimize.minimize(
        minus, truth.to_vector(), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}
    )
    np.testing.assert_allclose(found.population.to_vector(), other.x, rtol=1e-5, atol=1e-5)
    assert found.log_evidence == pytest.approx(-other.fun, abs=1e-9)
    assert abs(kind.evidence_gradient(found.population, y, size)).max() < 1e-6
    by_em = em.fit(truth, y, size, tol=1e-13, acceleration="squarem", max_iter=50_000)
    assert by_em.log_likelihood == pytest.approx(found.log_evidence, abs=1e-7)
    np.testing.assert_allclose(by_em.model.to_vector(), found.population.to_vector(), atol=1e-3)


def test_type_2_of_the_rats():
    """Against SciPy's beta-binomial, maximised by another method; standard errors too."""
    y, n = RAT_DATA
    found = fit_evidence(BetaBinomial, y, n)

    def minus(x):
        population = BetaBinomial.from_vector(x)
        return -stats.betabinom.logpmf(y, n, population.alpha, population.beta).sum()

    other = optimize.minimize(minus, [-1.7, 2.5], method="BFGS", options={"gtol": 1e-7})
    np.testing.assert_allclose(found.population.to_vector(), other.x, atol=1e-5)
    h = 1e-3 * np.eye(2)
    bend = [[minus(x + a + b) - minus(x + a - b) - minus(x - a + b) + minus(x - a - b) for a in h]
            for x in [found.population.to_vector()] for b in h]  # fmt: skip
    covariance = np.linalg.inv(np.array(bend) / 4e-6)
    np.testing.assert_allclose(found.covariance, covariance, rtol=1e-3)


def test_standard_errors_are_those_of_the_estimates():
    truth = BetaBinomial(3.0, 9.0)
    fits = [fit_evidence(BetaBinomial, *simulated(BetaBinomial, truth, 150, s)) for s in range(150)]
    x = np.array([f.population.to_vector() for f in fits])
    claimed = np.array([f.standard_errors for f in fits]).mean(axis=0)
    # The sd of 150 estimates is known to 6 %.
    np.testing.assert_allclose(x.std(axis=0), claimed, rtol=0.2)


def test_published_fit_of_the_insurance_claims():
    """Efron and Hastie (2016), table 6.1: Robbins' formula, and a Gamma prior by type 2."""
    np.testing.assert_allclose(
        robbins(CLAIMS).round(3), [0.168, 0.363, 0.527, 1.333, 1.429, 6.0, 1.75]
    )
    y = np.repeat(np.arange(8), CLAIMS)
    prior = fit_evidence(GammaPoisson, y, 1).population
    means = prior.posterior(np.arange(7), 1).mean
    np.testing.assert_allclose(means, [0.164, 0.398, 0.633, 0.87, 1.10, 1.34, 1.57], atol=0.006)


def test_eight_schools_lie_on_the_boundary():
    """BDA3, section 5.5: the marginal likelihood of tau is highest at zero."""
    found = fit_evidence(NormalNormal, *SCHOOLS)
    assert found.population.sd == 0
    assert found.population.mean == pytest.approx(7.6856, abs=5e-5)
    assert np.isnan(found.standard_errors).all()
    for sd in (0.1, 1, 5):
        assert NormalNormal(7.7, sd).log_evidence(*SCHOOLS) < found.log_evidence


def test_map2_of_a_flat_hyperprior_is_type_2_and_a_firm_one_wins():
    flat = fit_map2(BetaBinomial, *RAT_DATA, log_hyperprior=lambda v: 0 * v[..., 0])
    best = fit_evidence(BetaBinomial, *RAT_DATA)
    np.testing.assert_allclose(flat.population.to_vector(), best.population.to_vector(), atol=1e-7)
    firm = fit_map2(
        BetaBinomial, *RAT_DATA, log_hyperprior=lambda v: -1e6 * ((v - 1.0) ** 2).sum(axis=-1)
    )
    np.testing.assert_allclose(firm.population.to_vector(), [1, 1], atol=1e-3)
    x = fit_map2(BetaBinomial, *RAT_DATA).population.to_vector()

    def target(v):
        return BetaBinomial.evidence(*RAT_DATA).value(v) + BetaBinomial.log_diffuse_hyperprior(v)

    around = x + 0.01 * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
    assert (target(around) < target(x)).all()


@pytest.mark.parametrize(
    ("y", "n", "message"),
    [
        ([0, 0, 0], [5, 9, 4], "every y is 0"),
        ([2, 2, 2], [10, 10, 10], "complete pooling, one rate 0.2 for all"),
        ([0, 5, 0], [5, 5, 5], "nothing or everything"),
    ],
)
def test_data_without_a_maximum_say_so(y, n, message):
    for fit in (fit_moments, fit_evidence):
        with pytest.raises(NoMaximumError, match=message):
            fit(BetaBinomial, y, n)


def test_zeros_and_underdispersion_of_counts_and_of_one_unit():
    for y in ([0, 0, 0], [3, 3, 3]):
        with pytest.raises(NoMaximumError):
            fit_evidence(GammaPoisson, y, 1.0)
    for fit in (fit_moments, fit_evidence):
        with pytest.raises(ValueError, match="y must hold at least two units"):
            fit(BetaBinomial, [3, 0], [9, 0])
    y, n = RAT_DATA
    padded = fit_evidence(BetaBinomial, [*y, 0], [*n, 0])  # a unit without rats says nothing
    assert padded.log_evidence == pytest.approx(fit_evidence(BetaBinomial, y, n).log_evidence)


# ---------------------------------------------------------------------------- full Bayes


def test_rats_against_the_reference(rats):
    """Values to ten digits from adaptive quadrature in an independent program."""
    assert rats.units.mean[70] == pytest.approx(0.2108568398, abs=2e-9)
    mean, error = rats.expectation(lambda alpha, beta: alpha / (alpha + beta))
    assert mean == pytest.approx(0.1442973055, abs=2e-9)
    assert error < 1e-8


@pytest.mark.parametrize("level", [0.2, 0.95, 0.9999])
def test_ends_of_intervals_are_where_the_distribution_function_says(rats, level):
    low, high = rats.units.interval(level).T
    np.testing.assert_allclose(rats.units.cdf(low), (1 - level) / 2, rtol=0, atol=5e-8)
    np.testing.assert_allclose(rats.units.cdf(high), (1 + level) / 2, rtol=0, atol=5e-8)


def nested(kind, data, f, log_hyperprior, low, high):
    """Adaptive quadrature over both hyperparameters, by SciPy; the evidence by SciPy too."""
    y, size = (np.asarray(a, float) for a in data)

    def log_joint(u, v):
        x = np.array([u, v])
        p = kind.from_vector(x)
        if kind is BetaBinomial:
            a, b = p.alpha, p.beta  # without the binomial coefficient, which cancels
            fit = (special.betaln(a + y, b + size - y) - special.betaln(a, b)).sum()
        else:
            fit = stats.norm.logpdf(y, p.mean, np.hypot(p.sd, size)).sum()
        return fit + float(log_hyperprior(x))

    u = np.linspace(low[0], high[0], 60)
    top = max(log_joint(a, b) for a in u for b in np.linspace(low[1], high[1], 60))
    options = {"epsabs": 1e-11, "epsrel": 1e-10}

    def integral(g):
        return integrate.nquad(
            lambda u, v: np.exp(log_joint(u, v) - top) * g(kind.from_vector([u, v])),
            [(low[0], high[0]), (low[1], high[1])],
            opts=options,
        )[0]

    return integral(f) / integral(lambda p: 1.0)


def test_full_bayes_against_nested_quadrature():
    data = [1, 7, 2], [10, 12, 30]

    def firm(v):  # light tails, so that a small box holds everything
        return -((v[..., 0] + 1) ** 2) / 0.5 - (v[..., 1] - 1.5) ** 2 / 0.32

    posterior = full_bayes(BetaBinomial, *data, log_hyperprior=firm, tol=1e-10)
    mean = nested(
        BetaBinomial, data, lambda p: p.alpha / (p.alpha + p.beta), firm, (-4, -2.5), (2, 5.5)
    )
    ours = posterior.expectation(lambda alpha, beta: alpha / (alpha + beta))
    assert ours.value == pytest.approx(mean, abs=1e-8)
    unit = nested(
        BetaBinomial, data, lambda p: p.posterior(*data).mean[1], firm, (-4, -2.5), (2, 5.5)
    )
    assert posterior.units.mean[1] == pytest.approx(unit, abs=1e-8)


def test_eight_schools_against_the_book(schools):
    """BDA3, section 5.5: table 5.3's medians (from 200 draws, whole numbers) and figure 5.6."""
    medians = [schools.units.quantile(0.5)]
    np.testing.assert_allclose(medians[0], [10, 8, 7, 8, 5, 6, 10, 8], atol=1.0)
    interval = schools.units.interval(0.95)
    np.testing.assert_allclose(interval[0], [-2, 31], atol=3.5)
    sd, _ = schools.expectation(lambda mean, sd: sd)
    one = integrate.quad(lambda t: t * self_evidence(t), 0, 400, epsrel=1e-10, limit=500)[0]
    two = integrate.quad(self_evidence, 0, 400, epsrel=1e-10, limit=500)[0]
    assert sd == pytest.approx(
        one / two, rel=1e-3
    )  # beyond 400 lies a little, tails fall like t^-6


def self_evidence(tau):
    """p(y | tau) of the schools with a flat mean, BDA3, equation 5.21."""
    y, s = map(np.array, SCHOOLS)
    variance = tau**2 + s**2
    mean = (y / variance).sum() / (1 / variance).sum()
    log = -np.log(variance).sum() / 2 - np.log((1 / variance).sum()) / 2
    return np.exp(log - ((y - mean) ** 2 / variance).sum() / 2 + 20)


def test_expectations_that_do_not_exist_are_named(rats):
    """BDA3 prints E(alpha) = 2.4 and E(beta) = 14.3: both are infinite under its hyperprior."""
    for function in (lambda a, b: a, lambda a, b: b, lambda a, b: np.sqrt(a + b)):
        with pytest.warns(DivergentExpectationWarning, match="infinite"):
            assert rats.expectation(function).value == np.inf
    exists = rats.expectation(lambda a, b: (a + b) ** 0.25)
    assert exists.error < 1e-5
    medians = rats.quantile(lambda a, b: a, 0.5), rats.quantile(lambda a, b: b, 0.5)
    np.testing.assert_allclose(medians, [2.227, 13.29], rtol=2e-3)


def test_improper_posteriors_are_named():
    with pytest.raises(ImproperPosteriorError, match=r"as log\(alpha \+ beta\) grows"):
        full_bayes(BetaBinomial, *RAT_DATA, log_hyperprior=lambda v: 0 * v[..., 0])
    with pytest.raises(ImproperPosteriorError):
        full_bayes(BetaBinomial, [0, 0, 0], [5, 5, 5])


def test_resolution_and_box_do_not_matter(rats):
    finer = full_bayes(BetaBinomial, *RAT_DATA, tol=1e-12)
    np.testing.assert_allclose(finer.units.mean, rats.units.mean, atol=1e-8)
    assert finer.log_normalizer == pytest.approx(rats.log_normalizer, abs=1e-7)
    for axis in (0, 1):
        assert integrate.trapezoid(rats.marginal(axis), rats.grid[axis]) == pytest.approx(
            1, abs=1e-6
        )
    assert np.exp(rats.log_density).max() > 0.5


def test_units_agree_with_draws(rats):
    """Intervals, means and distribution functions against 40 000 joint draws."""
    draws = rats.units.sample(np.random.default_rng(3), 40_000)
    se = rats.units.sd / np.sqrt(40_000)
    assert (abs(draws.mean(axis=0) - rats.units.mean) < 4.5 * se).all()
    np.testing.assert_allclose(draws.std(axis=0), rats.units.sd, rtol=0.03)
    low, high = rats.units.interval(0.9).T
    np.testing.assert_allclose((draws < low).mean(axis=0), 0.05, atol=0.006)
    np.testing.assert_allclose((draws > high).mean(axis=0), 0.05, atol=0.006)
    np.testing.assert_allclose(rats.units.cdf(high), 0.95, atol=1e-6)
    h = 1e-5
    slope = (rats.units.cdf(high + h) - rats.units.cdf(high - h)) / (2 * h)
    np.testing.assert_allclose(np.exp(rats.units.log_density(high)), slope, rtol=1e-5)
    hyper = rats.sample(np.random.default_rng(4), 40_000)
    share = hyper[:, 0] / hyper.sum(axis=1)
    assert share.mean() == pytest.approx(0.1442973, abs=4.5 * share.std() / 200)


def test_predictive_is_a_distribution_and_agrees_with_draws(rats):
    y = np.arange(21)
    p = np.exp(rats.log_predictive(y, 20))
    assert p.sum() == pytest.approx(1, abs=1e-8)
    alpha, beta = rats.sample(np.random.default_rng(5), 40_000).T
    by_draws = np.exp(stats.betabinom.logpmf(3, 20, alpha, beta)).mean()
    assert p[3] == pytest.approx(by_draws, rel=0.01)


def firm_hyperprior(v):
    """Independent normals, from which one can draw: for simulation-based calibration."""
    return -((v[..., 0] + 1.5) ** 2) / (2 * 0.5**2) - (v[..., 1] - 2.5) ** 2 / (2 * 0.7**2)


def calibration_ranks(n_worlds, J, fit):
    """Posterior probability below the truth, for one unit and for log(alpha + beta), per world."""
    rng = np.random.default_rng(6)
    found = []
    for _ in range(n_worlds):
        truth = BetaBinomial.from_vector(rng.normal([-1.5, 2.5], [0.5, 0.7]))
        theta, n = truth.sample(rng, J), rng.integers(5, 40, J)
        found.append(fit(rng.binomial(n, theta), n, theta, truth))
    return np.array(found)


def of_full_bayes(y, n, theta, truth):
    posterior = full_bayes(BetaBinomial, y, n, log_hyperprior=firm_hyperprior, tol=1e-4)
    unit = posterior.units.cdf(theta)[0]
    size = truth.alpha + truth.beta
    return unit, posterior.expectation(lambda a, b: 1.0 * (a + b < size)).value


def uniform(ranks):
    """P-value of a Kolmogorov-Smirnov test: below 1e-3 once in a thousand when all is right."""
    return stats.kstest(ranks, "uniform").pvalue


def test_calibration_of_full_bayes_by_simulation():
    ranks = calibration_ranks(300, 6, of_full_bayes)
    assert uniform(ranks[:, 0]) > 1e-3
    assert uniform(ranks[:, 1]) > 1e-3


def test_planted_a_hyperprior_without_its_jacobian_is_caught():
    def wrong(y, n, theta, truth):
        posterior = full_bayes(
            BetaBinomial,
            y,
            n,
            log_hyperprior=lambda v: firm_hyperprior(v) + 2 * v[..., 1],
            tol=1e-4,
        )
        size = truth.alpha + truth.beta
        return (posterior.expectation(lambda a, b: 1.0 * (a + b < size)).value,)

    assert uniform(calibration_ranks(300, 6, wrong)[:, 0]) < 1e-6


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fit_moments(BetaBinomial, *RAT_DATA, space="y"), "space must be"),
        (lambda: full_bayes(BetaBinomial, *RAT_DATA, tol=0), "tol must lie between 0 and 1"),
        (
            lambda: full_bayes(BetaBinomial, *RAT_DATA, log_hyperprior=lambda v: v),
            "log_hyperprior must return one log-density",
        ),
        (lambda: fit_evidence(BetaBinomial, [5, 2], [4, 4]), "y must not exceed n"),
        (lambda: fit_evidence(BetaBinomial, *RAT_DATA, max_iter=0), "max_iter must be"),
        (lambda: robbins([1, -2]), "frequencies must not be negative"),
        (lambda: robbins([3]), "frequencies must be a vector of at least two"),
        (lambda: james_stein([1.0, 2, 3]), "x must hold at least 4"),
        (lambda: james_stein([1.0, 2, 3, 4], variance=0), "variance must be"),
        (lambda: james_stein([[1.0, 2, 3, 4]]), r"x must have shape \(J,\)"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_function_of_the_wrong_shape_is_named(rats):
    with pytest.raises(ValueError, match="function must return one value"):
        rats.expectation(lambda a, b: 1.0)


# ------------------------------------------------------------------------------ classics


def test_robbins_is_right_for_any_population():
    """A population of two rates, far from a Gamma; the estimate is within its standard error."""
    rng = np.random.default_rng(7)
    theta = rng.choice([0.5, 4.0], 400_000, p=[0.7, 0.3])
    y = rng.poisson(theta)
    found = robbins(np.bincount(y))
    for k in range(5):
        mine = theta[y == k]
        n_k = len(mine)
        share_se = found[k] * np.sqrt(1 / n_k + 1 / (y == k + 1).sum())
        assert abs(found[k] - mine.mean()) < 4.5 * np.hypot(share_se, mine.std() / np.sqrt(n_k))
    assert np.isnan(robbins([3, 0, 2])[1])


@pytest.mark.parametrize("center", [None, 1.0])
def test_james_stein_beats_every_mean_by_itself(center):
    rng = np.random.default_rng(8)
    theta = rng.normal(0, 1, 12)
    x = theta + rng.normal(0, 1, (4000, 12))
    estimates = np.array([james_stein(row, center=center) for row in x])
    gains = ((x - theta) ** 2).sum(axis=1) - ((estimates - theta) ** 2).sum(axis=1)
    assert gains.mean() > 5 * gains.std() / np.sqrt(4000)
    overshoot = james_stein([1.0, 1.1, 1.2, 1.1], positive_part=False)
    assert (np.diff(overshoot) * np.diff([1.0, 1.1, 1.2, 1.1]) < 0).all()
    assert james_stein([1.0, 1.1, 1.2, 1.1]).tolist() == pytest.approx([1.1] * 4)
