"""Hyperparameters: published values, second opinions, laws, coverage, and planted errors."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats
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
from companion.hierarchical import BetaBinomial, GammaPoisson, NormalNormal

PAST = RATS.query("group == 'historical'")
# Claims per policy in one year of 9461 policies: Efron and Hastie (2016), Computer Age Statistical
# Inference, table 6.1.
CLAIMS = [7840, 1317, 239, 42, 14, 4, 4, 1]


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
    gradient, _ = kind.evidence(y, size).derivatives(found.population.to_vector())
    assert abs(gradient).max() < 1e-6
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


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fit_moments(BetaBinomial, *RAT_DATA, space="y"), "space must be"),
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
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(robbins([3, 0, 0, 2]), [0, np.nan, np.nan])


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


@pytest.mark.parametrize("data", [([0, 0, 0], [4, 5, 6]), ([4, 5, 6], [4, 5, 6])])
def test_a_hyperprior_of_ones_own_answers_where_the_default_cannot(data):
    """All failures, or all successes: the default rises to an edge, a normal law does not."""
    with pytest.raises(NoMaximumError):
        fit_map2(BetaBinomial, *data)

    def normal(v):
        return -0.5 * (v**2).sum(axis=-1)

    found = fit_map2(BetaBinomial, *data, log_hyperprior=normal).population
    best = found.to_vector()

    def value(v):
        return BetaBinomial.from_vector(v).log_evidence(*data) + normal(v)

    for step in 1e-2 * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]]):
        assert value(best + step) < value(best)


@pytest.mark.parametrize("kind", [BetaBinomial, GammaPoisson, NormalNormal])
def test_a_start_is_a_population_of_the_same_kind(kind):
    y, size = SCHOOLS if kind is NormalNormal else RAT_DATA
    best = fit_evidence(kind, y, size).population
    again = fit_evidence(kind, y, size, start=kind(2.0, 3.0)).population
    np.testing.assert_allclose(again.to_vector(), best.to_vector(), rtol=1e-5)
    other = NormalNormal(0, 1) if kind is BetaBinomial else BetaBinomial(1, 1)
    with pytest.raises(ValueError, match=f"start must be a {kind.__name__}"):
        fit_evidence(kind, y, size, start=other)


# ----------------------------------------------------------------------- random inputs

ALL = [BetaBinomial, GammaPoisson, NormalNormal]


def random_data(kind, rng, J):
    size = rng.integers(3, 30, J) if kind is BetaBinomial else rng.uniform(1, 9, J)
    return kind(2.0, 3.0).sample_prior_predictive(size, rng)[0], size


@pytest.mark.parametrize("kind", ALL)
@given(seed=st.integers(0, 2**32), J=st.integers(2, 6))
def test_moments_by_hand(kind, seed, J):
    """Of two units or more of any size, with and without one that was not looked at."""
    rng = np.random.default_rng(seed)
    y, size = random_data(kind, rng, J)
    rates, w = (y, size**-2.0) if kind is NormalNormal else (y / size, size)
    at = rng.integers(J + 1)
    empty = [(y, size), (np.insert(y, at, 0), np.insert(size, at, 0))]
    m, W = np.average(rates, weights=w), w.sum()
    spread, signal = (w * (rates - m) ** 2).sum(), (w * (1 - w / W)).sum()
    V = {
        BetaBinomial: (spread - (J - 1) * m * (1 - m)) / (signal - (J - 1)),
        GammaPoisson: (spread - (J - 1) * m) / signal,
        NormalNormal: max((spread - (J - 1)) / signal, 0.0),
    }[kind]
    for space, mean, variance in (("theta", rates.mean(), rates.var()), ("predictive", m, V)):
        for data in empty[: 1 if kind is NormalNormal else 2]:
            top = mean * (1 - mean) if kind is BetaBinomial else np.inf
            if (kind is NormalNormal or variance > 0) and variance < top:
                found = fit_moments(kind, *data, space=space)
                assert found.mean == pytest.approx(mean, rel=1e-9, abs=1e-12)
                assert found.sd**2 == pytest.approx(variance, rel=1e-6, abs=1e-12)
            else:
                with pytest.raises(NoMaximumError):
                    fit_moments(kind, *data, space=space)
    with pytest.raises(ValueError, match=f"{kind.data_names[0]} must hold at least two units"):
        fit_moments(kind, y[:1], size[:1])


def in_any_unit(kind, seed):
    """Data, the scale of both coordinates, the middle of a hyperprior, and a source of chance."""
    rng = np.random.default_rng(seed)
    unit = 10.0 ** rng.integers(-6, 7) if kind is NormalNormal else 1.0
    y, size = random_data(kind, rng, 12)
    scale = np.array([unit, 1.0])
    middle = kind(2.0, 3.0).to_vector() * scale + [0, np.log(unit)]
    return unit * y, unit * size, scale, middle, rng


@pytest.mark.parametrize("kind", ALL)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=20)
def test_a_fit_says_its_log_evidence_and_the_curvature_of_its_density(kind, seed):
    """A normal hyperprior in which both coordinates hang together, in any unit of the data."""
    y, size, scale, middle, rng = in_any_unit(kind, seed)
    rho = rng.uniform(-0.9, 0.9)
    P = np.linalg.inv([[1.0, rho], [rho, 1.0]]) / np.outer(scale, scale)

    def normal(v):
        off = v - middle
        return -0.5 * np.einsum("...i,ij,...j->...", off, P, off)

    found = fit_map2(kind, y, size, log_hyperprior=normal)
    assert found.log_evidence == pytest.approx(found.population.log_evidence(y, size), rel=1e-10)
    x = found.population.to_vector()
    gradient, hessian = kind.evidence(y, size).derivatives(x)
    np.testing.assert_allclose((gradient - P @ (x - middle)) * scale, 0, atol=2e-4)
    np.testing.assert_allclose(
        np.linalg.inv(found.covariance) * np.outer(scale, scale),
        (P - hessian) * np.outer(scale, scale),
        rtol=1e-5, atol=1e-5,
    )  # fmt: skip
    assert found.standard_errors == pytest.approx(np.sqrt(np.diag(found.covariance)))


@pytest.mark.parametrize("kind", ALL)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=20)
def test_a_hyperprior_may_bend_as_it_likes(kind, seed):
    """Its slopes and bends are differences over short steps: those of long ones would be others."""
    y, size, scale, middle, rng = in_any_unit(kind, seed)
    firm = rng.uniform(1, 30)

    def hanging(v):
        return -firm * np.cosh((v - middle) / scale).sum(axis=-1)

    found = fit_map2(kind, y, size, log_hyperprior=hanging)
    x = found.population.to_vector()
    off = (x - middle) / scale
    gradient, hessian = kind.evidence(y, size).derivatives(x)
    np.testing.assert_allclose(gradient * scale, firm * np.sinh(off), atol=1e-3)
    np.testing.assert_allclose(
        np.linalg.inv(found.covariance) * np.outer(scale, scale),
        np.diag(firm * np.cosh(off)) - hessian * np.outer(scale, scale), rtol=1e-4, atol=1e-4,
    )  # fmt: skip


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("slope", [30.0, 300.0])
def test_a_density_that_rises_for_ever_is_named(kind, slope):
    y, size = random_data(kind, np.random.default_rng(1), 12)
    edge = f"rises to the edge of {re.escape(kind.coordinates[1])}"
    if kind is NormalNormal:  # its steps are shorter
        edge = "rises? to the edge"
    with pytest.raises(NoMaximumError, match=edge):
        fit_map2(kind, y, size, log_hyperprior=lambda v: slope * v[..., 1])


@given(st.integers(0, 2**32), st.integers(3, 9), st.booleans(), st.booleans())
def test_james_stein_by_hand(seed, J, centred, positive):
    rng = np.random.default_rng(seed)
    x, variance = rng.normal(5, 2, J), 10 ** rng.uniform(-3, 2)
    center = rng.normal(5, 2) if centred else None
    lost, c = (2, center) if centred else (3, x.mean())
    if lost >= J:
        with pytest.raises(ValueError, match=f"x must hold at least {lost + 1} observations"):
            james_stein(x, variance, center, positive)
        return
    keep = 1 - (J - lost) * variance / ((x - c) ** 2).sum()
    expected = c + (max(keep, 0) if positive else keep) * (x - c)
    np.testing.assert_allclose(james_stein(x, variance, center, positive), expected, rtol=1e-9)
    if positive:
        np.testing.assert_array_equal(
            james_stein(x, variance, center), james_stein(x, variance, center, True)
        )


@pytest.mark.parametrize("kind", ALL)
@given(seed=st.integers(0, 2**32), J=st.integers(1, 2))
@settings(max_examples=20)
def test_few_units_have_a_mode_under_a_proper_hyperprior(kind, seed, J):
    """Of one unit, or of two that are all zeros: no moments can be matched to begin with."""
    rng = np.random.default_rng(seed)
    y = rng.normal(-5, 3, J) if kind is NormalNormal else np.zeros(J)
    size = rng.integers(1, 9, J).astype(float)
    found = fit_map2(kind, y, size, log_hyperprior=lambda v: -0.5 * (v**2).sum(axis=-1))
    x = found.population.to_vector()
    gradient, _ = kind.evidence(y, size).derivatives(x)
    np.testing.assert_allclose(gradient, x, atol=1e-4)
    with pytest.raises(ValueError, match=f"{kind.data_names[0]} |every {kind.data_names[0]} is 0"):
        fit_evidence(kind, y[:1], size[:1])


@given(st.integers(0, 2**32 - 1), st.integers(5, 12))
@settings(max_examples=20)
def test_a_unit_that_says_nothing_moves_no_mode(seed, J):
    """However wide it is; and a spread far below the widest unit's is a spread."""
    rng = np.random.default_rng(seed)
    size = rng.uniform(0.5, 2, J)
    y = rng.normal(3, np.hypot(size, 0.3))
    slope = {"log_hyperprior": lambda v: 0.5 * v[..., 1] - np.exp(v[..., 1])}
    alone = fit_map2(NormalNormal, y, size, **slope).population
    beside = fit_map2(NormalNormal, np.append(y, 3.0), np.append(size, 1e8), **slope).population
    assert alone.sd < 1e-3 * 1e8
    assert [beside.mean, beside.sd] == pytest.approx([alone.mean, alone.sd], rel=1e-5)


def test_a_hyperprior_may_overflow_on_the_way():
    """A soft step, written plainly: exp(1100) is infinite, and one over it is 0."""

    def bell(v):
        return -((v[..., 1] - 3) ** 2)

    def with_step(v):
        return bell(v) - 1 / (1 + np.exp(1000 * (v[..., 1] - 1)))

    due = fit_map2(NormalNormal, *SCHOOLS, log_hyperprior=bell).population
    assert np.log(due.sd) > 2
    found = fit_map2(NormalNormal, *SCHOOLS, log_hyperprior=with_step).population
    assert [found.mean, found.sd] == pytest.approx([due.mean, due.sd], rel=1e-9)


@pytest.mark.parametrize("unit", [1e-70, 1e-9, 1e9, 1e70])
def test_the_unit_of_measured_values_is_free(unit):
    y, s = np.array([2.0, -9.0, 14.0, 5.0, -3.0]), np.array([1.0, 2.0, 1.5, 3.0, 1.0])
    here, there = (fit_evidence(NormalNormal, u * y, u * s).population for u in (1.0, unit))
    assert [there.mean / unit, there.sd / unit] == pytest.approx([here.mean, here.sd], rel=1e-7)
