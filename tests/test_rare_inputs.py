"""Rare inputs that broke something once: far origins and tails, several tops, no spread."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special, stats

from companion import em
from companion.em import CollapsedComponentError
from companion.empirical_bayes import (
    NoMaximumError,
    fit_evidence,
    fit_map2,
    fit_moments,
    james_stein,
)
from companion.full_bayes import (
    DivergentExpectationWarning,
    ImproperPosteriorError,
    InaccurateIntegralWarning,
    full_bayes,
)
from companion.hierarchical import BetaBinomial, GammaPoisson, NormalNormal
from companion.units import BetaPosterior, GammaPosterior, MixturePosterior, NormalPosterior

seeds = st.integers(0, 2**32)
EFFECTS = np.array([1.0, 5.0, -3.0, 2.0, 8.0, -6.0])
ERRORS = np.full(6, 0.5)

# ------------------------------------------------------------------------ far from the origin


@given(seed=seeds, origin=st.sampled_from([1e5, -1e7, 1e9]), unit=st.sampled_from([1e-3, 1.0, 1e3]))
def test_where_effects_are_counted_from_does_not_matter(seed, origin, unit):
    rng = np.random.default_rng(seed)
    s = unit * rng.uniform(0.3, 1, 8)
    origin = origin * unit
    y = np.round((unit * rng.normal(0, 3, 8) + origin) / unit, 3) * unit
    near, there = y - origin, y  # the same digits
    for fit in (
        lambda y: fit_evidence(NormalNormal, y, s).population,
        lambda y: fit_moments(NormalNormal, y, s),
        lambda y: em.fit(NormalNormal(y[0], unit), y, s, tol=0, max_iter=60).model,
    ):
        at_home, abroad = fit(near), fit(there)
        rounding = 1e-15 * abs(origin) + 1e-8 * unit
        assert abroad.mean - origin == pytest.approx(at_home.mean, abs=rounding)
        assert abroad.sd == pytest.approx(at_home.sd, rel=1e-6, abs=1e-5 * s.min())


def test_full_bayes_far_from_the_origin():
    here = full_bayes(NormalNormal, EFFECTS, ERRORS)
    there = full_bayes(NormalNormal, 1e8 + EFFECTS, ERRORS)
    np.testing.assert_allclose(there.units.mean - 1e8, here.units.mean, atol=1e-7)
    np.testing.assert_allclose(there.units.sd, here.units.sd, rtol=1e-7)
    assert there.log_normalizer == pytest.approx(here.log_normalizer, abs=1e-8)

    def around(origin):
        return lambda v: -(((v[..., 0] - origin) / 3) ** 2) / 2 - v[..., 1] ** 2 / 8

    here = full_bayes(NormalNormal, EFFECTS, ERRORS, log_hyperprior=around(0))
    there = full_bayes(NormalNormal, 1e8 + EFFECTS, ERRORS, log_hyperprior=around(1e8))
    np.testing.assert_allclose(there.units.mean - 1e8, here.units.mean, atol=1e-7)


# ------------------------------------------------------------------------------ far in a tail


@given(a=st.floats(0.3, 30), exponent=st.integers(-300, 0), rest=st.floats(0.1, 0.9))
def test_quantiles_far_in_a_tail_have_their_digits(a, exponent, rest):
    """Beta(a, 1) has the distribution function x^a: its quantiles are known in closed form."""
    p = rest * 10.0**exponent
    exact = np.exp(np.log(p) / a)
    assert BetaPosterior([a], 1.0).quantile(p)[0] == pytest.approx(exact, rel=1e-7, abs=1e-300)
    two = MixturePosterior(BetaPosterior([[a], [a]], 1.0), [0.3, 0.7])
    assert two.quantile(p)[0] == pytest.approx(exact, rel=1e-7, abs=1e-300)


@given(
    exponent=st.integers(-200, -1),
    distance=st.sampled_from([0.0, 1.0, 1e3, 1e9]),
    share=st.floats(0.05, 0.95),
)
def test_quantiles_of_mixtures_undo_the_distribution_function(exponent, distance, share):
    p = 10.0**exponent
    mixtures = (
        MixturePosterior(NormalPosterior([[0.0], [distance]], 1.0), [share, 1 - share]),
        MixturePosterior(GammaPosterior([[2.0], [2.0 + distance]], 3.0), [share, 1 - share]),
        MixturePosterior(BetaPosterior([[2.0], [2.0 + distance]], 3.0), [share, 1 - share]),
    )
    for law in mixtures:
        assert law.cdf(law.quantile(p))[0] == pytest.approx(p, rel=1e-7)
        assert law.cdf(law.quantile(share / 2))[0] == pytest.approx(share / 2, rel=1e-7)


def test_quantiles_of_well_separated_normals():
    """Below, the second component has nothing: the quantile of the first at twice the level."""
    for distance, sd in ((1e6, 1.0), (1e9, 1e-3)):
        two = MixturePosterior(NormalPosterior([[0.0], [distance]], sd), [0.5, 0.5])
        assert two.quantile(0.2)[0] == pytest.approx(sd * stats.norm.ppf(0.4), rel=1e-8)


def test_a_population_without_spread_is_a_point():
    np.testing.assert_array_equal(
        NormalNormal(0, 0).log_density([0.0, 1.0, -1e-300]), [np.inf, -np.inf, -np.inf]
    )


# ------------------------------------------------------------------------ more than one top


def test_both_tops_of_a_hyperprior_count():
    """Two narrow hills: the integral is over both, whichever was climbed."""
    y, n = np.array([2, 9]), np.array([10, 10])

    def two_hills(v):
        first, second = v[..., 0], v[..., 1]
        hills = np.logaddexp(-50 * (first - 3) ** 2, np.log(0.4) - 50 * (first + 3) ** 2)
        return hills - second**2 / 2

    def density(v, u):
        p = BetaBinomial.from_vector([u, v])
        terms = stats.betabinom.logpmf(y, n, p.alpha, p.beta).sum()
        return np.exp(terms + two_hills(np.array([u, v])))

    halves = [
        integrate.dblquad(density, middle - 1, middle + 1, -7, 7, epsabs=0, epsrel=1e-7)[0]
        for middle in (-3, 3)
    ]
    found = full_bayes(BetaBinomial, y, n, log_hyperprior=two_hills)
    assert found.log_normalizer == pytest.approx(np.log(sum(halves)), abs=1e-7)
    right = found.expectation(lambda a, b: a > b).value
    assert right == pytest.approx(halves[1] / sum(halves), rel=1e-6)


def test_one_precise_unit_among_others():
    """With the mean integrated out by hand, one integral over the standard deviation is left."""
    y, s = np.array([1.0, 5.0, -3.0, 2.0, 2.0]), np.array([1.0, 1.0, 1.0, 1.0, 0.1])

    def density(log_sd):
        sd = np.exp(log_sd)
        precision = 1 / (s**2 + sd**2)
        mean = precision @ y / precision.sum()
        rest = (np.log(precision) - np.log(2 * np.pi) - precision * (y - mean) ** 2).sum() / 2
        return sd * np.exp(rest) * np.sqrt(2 * np.pi / precision.sum())

    area = integrate.quad(density, -25, 25, points=[-2, 0, 2], epsabs=0, epsrel=1e-12, limit=500)
    found = full_bayes(NormalNormal, y, s)
    assert found.log_normalizer == pytest.approx(np.log(area[0]), abs=1e-7)


@pytest.mark.parametrize("n", [10, 10**4, 10**6, 10**9, 10**12])
def test_one_unit_is_enough_for_chances_however_large_it_is(n):
    """By symmetry its mean is one half; and the density of the population's mean is known."""
    found = full_bayes(BetaBinomial, [n // 2], [n])
    assert found.units.mean[0] == pytest.approx(0.5, abs=1e-9)
    low, high = found.units.interval(0.95)[0]
    assert low + high == pytest.approx(1, abs=1e-8)


def test_a_kink_is_no_edge():
    def laplace(v):
        return -abs(v[..., 0]) - abs(v[..., 1])

    with pytest.warns(InaccurateIntegralWarning):
        found = full_bayes(BetaBinomial, [1, 3, 6], [10, 10, 10], log_hyperprior=laplace)

    def density(v, u):
        p = BetaBinomial.from_vector([u, v])
        terms = stats.betabinom.logpmf([1, 3, 6], 10, p.alpha, p.beta).sum()
        return np.exp(terms - abs(u) - abs(v))

    parts = [
        integrate.dblquad(density, *u, *v, epsabs=0, epsrel=1e-4)[0]
        for u in ((-12, 0), (0, 12))
        for v in ((-25, 0), (0, 25))
    ]
    assert found.log_normalizer == pytest.approx(np.log(sum(parts)), abs=1e-3)


@pytest.mark.parametrize("kind", [BetaBinomial, GammaPoisson])
def test_a_hyperprior_that_is_found_nowhere_is_named(kind):
    def window(v):
        inside = (abs(v[..., 0] - 7) < 0.01) & (abs(v[..., 1]) < 0.01)
        return np.where(inside, 0.0, -np.inf)

    with pytest.raises(ImproperPosteriorError, match="log_hyperprior is minus infinity wherever"):
        full_bayes(kind, [1, 3, 6], [10, 10, 10], log_hyperprior=window)


def test_too_long_a_tail_is_not_called_anything_else():
    def cauchy(v):
        return -np.log1p(v[..., 0] ** 2) - np.log1p(v[..., 1] ** 2)

    with pytest.raises(ImproperPosteriorError, match="or its tail is too long"):
        full_bayes(BetaBinomial, [1, 3, 6], [10, 10, 10], log_hyperprior=cauchy)


# ----------------------------------------------------------------------- where a climb begins


@pytest.mark.parametrize("fit", [fit_evidence, fit_map2])
@pytest.mark.parametrize("sd", [0.0, 1e-6, 1e-2, 1.0, 1e4])
@pytest.mark.parametrize("mean", [-1e3, 4.0, 1e4])
def test_where_a_climb_begins_does_not_matter(fit, mean, sd):
    y, s = [1.0, 3.0, 9.0], [1.0, 1.0, 1.0]
    expected = fit(NormalNormal, y, s).population
    found = fit(NormalNormal, y, s, start=NormalNormal(mean, sd)).population
    assert found.mean == pytest.approx(expected.mean, rel=1e-6)
    assert found.sd == pytest.approx(expected.sd, rel=1e-6)


@pytest.mark.parametrize(
    ("kind", "y", "size"),
    [
        (BetaBinomial, [0, 71, 0], [1, 566, 25]),
        (GammaPoisson, [7288, 2, 4], [675.4876, 0.79497, 0.75843]),
    ],
)
def test_a_lower_hill_beside_the_slope_to_pooling_is_no_maximum(kind, y, size):
    with pytest.raises(NoMaximumError, match="complete pooling"):
        fit_evidence(kind, y, size)
    # indeed: the limit of complete pooling is better than whatever a wide net catches
    limit = {BetaBinomial: stats.binom.logpmf, GammaPoisson: stats.poisson.logpmf}[kind]
    rate = sum(y) / sum(size)
    at = (y, size, rate) if kind is BetaBinomial else (y, np.array(size) * rate)
    points = np.stack(np.meshgrid(np.linspace(-8, 8, 81), np.linspace(-8, 12, 81)), axis=-1)
    assert kind.evidence(y, size).value(points).max() < limit(*at).sum()


def test_data_that_leave_a_default_hyperprior_improper_have_no_mode_either():
    for y, exposure in (([0] * 5, [10.0] * 5), ([0, 0], [0.0, 0.0])):
        with pytest.raises(NoMaximumError, match="every y is 0"):
            fit_map2(GammaPoisson, y, exposure)


# ------------------------------------------------------------------- spreads below rounding


@pytest.mark.parametrize(
    ("start", "data"),
    [
        (BetaBinomial(1, 1), ([1e14, 1e14 + 3e7, 1e14 - 1e7], [1e15] * 3)),
        (BetaBinomial(1, 1), ([2**52], [2**53])),
        (GammaPoisson(1, 1), ([2**52, 2**52], [1.0, 1.0])),
    ],
)
def test_a_spread_below_rounding_is_a_collapse(start, data):
    with pytest.raises(CollapsedComponentError, match="complete pooling"):
        em.fit(start, *data, max_iter=10_000)


def test_equal_effects_of_high_precision_shrink_together():
    found = em.fit(NormalNormal(0, 1), [5.0] * 3, [1e-9] * 3, acceleration="squarem", max_iter=150)
    assert found.model.mean == pytest.approx(5)
    assert found.model.sd < 1e-8


@given(value=st.floats(-1e6, 1e6), J=st.integers(4, 9))
def test_equal_observations_stay_where_they_are(value, J):
    for positive_part in (True, False):
        np.testing.assert_array_equal(
            james_stein([value] * J, positive_part=positive_part), [value] * J
        )


# --------------------------------------------------------------- written into, out of range


def test_what_is_written_into_the_data_afterwards_changes_nothing():
    for kind, y in ((BetaBinomial, [1.0, 3.0, 6.0]), (GammaPoisson, [1.0, 3.0, 6.0])):
        y, size = np.array(y), np.full(3, 10.0)
        bayes, evidence = full_bayes(kind, y, size), kind.evidence(y, size)
        units = kind(2, 3).posterior(y, size)
        expected = full_bayes(kind, y.copy(), size.copy()).units.mean
        before = evidence.value(np.zeros(2)), units.mean
        y[:], size[:] = 0, 1
        np.testing.assert_array_equal(bayes.units.mean, expected)
        assert evidence.value(np.zeros(2)) == before[0]
        np.testing.assert_array_equal(units.mean, before[1])
    alpha = np.array([1.0, 2.0])
    law = BetaPosterior(alpha, 3.0)
    alpha[:] = 9
    np.testing.assert_array_equal(law.mean, [0.25, 0.4])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: BetaBinomial(1e200, 1), "alpha must lie between"),
        (lambda: GammaPoisson(1, 5e-324), "rate must lie between"),
        (lambda: BetaBinomial.from_vector([0.0]), "vector must have shape"),
        (lambda: BetaBinomial.from_vector([0.0, 800.0]), "vector leads out of the range"),
        (lambda: GammaPoisson.from_vector([1e300, 0.0]), "vector leads out of the range"),
        (lambda: fit_moments(NormalNormal, [1, 2, 3], [1, 1e300, 1]), "standard_error must not"),
        (lambda: fit_moments(NormalNormal, [1, 1e300, 3], [1, 1, 1]), "y must not lie beyond"),
        (lambda: fit_evidence(int, [1], [2]), "kind must be"),
        (lambda: fit_evidence(BetaBinomial, [1, 3], [9, 9], start=GammaPoisson(1, 1)), "start"),
        (lambda: GammaPoisson(1e9, 1e-9).sample_prior_predictive(
            [1.0], np.random.default_rng(1)), "exposure is so large"),
        (lambda: GammaPoisson(1, 1).sample_prior_predictive(
            [1, 1e30, 2], np.random.default_rng(1)), "exposure is so large"),
        (lambda: BetaBinomial(1, 1).sample(None), "rng must be"),
        (lambda: BetaPosterior([1.0, 2.0], 1.0).quantile([0.1, 0.2, 0.3]), "probability has shape"),
    ],
)  # fmt: skip
def test_what_is_out_of_range_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_bad_point_among_good_ones_is_named(place):
    points = np.zeros((3, 2))
    points[place, place % 2] = np.nan
    for kind in (BetaBinomial, GammaPoisson, NormalNormal):
        evidence = kind.evidence([1, 2, 4], [5, 5, 9])
        with pytest.raises(ValueError, match="vectors must have"):
            evidence.value(points)
        with pytest.raises(ValueError, match="vector"):
            evidence.expand(points[place])


@pytest.mark.parametrize(
    ("log_hyperprior", "message"),
    [
        (3, "log_hyperprior must be a function"),
        (lambda v: v[..., 0] * 1j, "log_hyperprior's value"),
        (lambda v: "a", "log_hyperprior's value"),
        (lambda v: v[..., 0] * np.nan, "without NaN"),
        (lambda v: v[..., 0] * 0 + np.inf, "plus infinity"),
        (lambda v: v, "an array of shape"),
    ],
)
def test_a_hyperprior_that_is_none_is_named(log_hyperprior, message):
    for fit in (full_bayes, fit_map2):
        with pytest.raises(ValueError, match=message):
            fit(BetaBinomial, [1, 3, 6], [10, 10, 10], log_hyperprior=log_hyperprior)


def test_expectations_that_are_not_finite_say_so():
    rates = full_bayes(GammaPoisson, [1, 3, 5], [1.0, 10.0, 10.0])
    with pytest.warns(DivergentExpectationWarning):  # the mean of the population has none
        assert rates.expectation(lambda shape, rate: shape / rate).value == np.inf
    with pytest.warns(DivergentExpectationWarning, match="grows faster than the density"):
        assert rates.expectation(lambda shape, rate: shape * np.inf).value == np.inf
    for axis in (2, -1, True, 0.0):
        with pytest.raises(ValueError, match="axis"):
            rates.marginal(axis)
    with pytest.raises(ValueError, match="rng"):
        rates.sample(None)


def test_no_mean_without_exposure():
    """Where nothing was counted, a rate is as uncertain as the population: its mean is infinite."""
    units = full_bayes(GammaPoisson, [0, 3, 5], [0.0, 10.0, 10.0]).units
    assert units.mean[0] == np.inf
    assert np.isfinite(units.mean[1:]).all()
    middle = units.quantile(0.5)
    assert np.isfinite(middle).all()
    np.testing.assert_allclose(units.cdf(middle), 0.5, rtol=1e-7)


def test_digamma_of_means_is_not_lost():
    """Mean logarithms of a unit without events among very many trials are finite, and right."""
    statistics, log_evidence = BetaBinomial(1e-5, 1).e_step([0], [10**12])
    assert log_evidence == pytest.approx(
        special.betaln(1e-5, 1 + 1e12) - special.betaln(1e-5, 1), rel=1e-10
    )
    expected = special.digamma([1e-5, 1 + 1e12]) - special.digamma(1e-5 + 1 + 1e12)
    assert statistics.totals[0] == pytest.approx(expected[0], rel=1e-12)
    assert statistics.totals[1] == pytest.approx(-1e-5 / 1e12, rel=1e-3)


def test_quantiles_beyond_any_float_are_the_ends_of_the_range():
    """Much of such a mixture's mass lies nearer to 0 and to 1 than floats can tell."""
    ends = MixturePosterior(BetaPosterior([[1e-8], [2.0]], [[1e-8], [2.0]]), [0.9, 0.1])
    np.testing.assert_array_equal(ends.quantile([0.025]), [0.0])
    np.testing.assert_array_equal(ends.quantile([0.975]), [1.0])
    assert ends.quantile(0.5)[0] == pytest.approx(0.5, abs=1e-6)
    low = MixturePosterior(GammaPosterior([[1e-8], [2.0]], 1.0), [0.9, 0.1])
    np.testing.assert_array_equal(low.quantile([0.5]), [0.0])
    assert low.cdf(low.quantile(0.95))[0] == pytest.approx(0.95)


def test_a_hyperprior_may_vanish_far_out():
    """As log(mean (1 - mean)) does where the mean is 1 to all digits, without a warning."""

    def uniform(v):
        mean = 1 / (1 + np.exp(-v[..., 0]))
        return np.log(mean * (1 - mean)) - v[..., 1] ** 2 / 8

    found = full_bayes(BetaBinomial, [1, 0, 1], [1, 1, 1], log_hyperprior=uniform)
    assert np.isfinite(found.log_normalizer)
    assert found.units.mean[1] < 0.5 < found.units.mean[0]
