"""The posterior of the hyperparameters: published values, quadrature, calibration, propriety."""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats
from test_hierarchical import RAT_DATA, SCHOOLS

from companion.full_bayes import (
    DivergentExpectationWarning,
    HyperPosterior,
    ImproperPosteriorError,
    InaccurateIntegralWarning,
    _Survey,
    _Target,
    full_bayes,
)
from companion.hierarchical import BetaBinomial, GammaPoisson, NormalNormal


@pytest.fixture(scope="module")
def rats():
    return full_bayes(BetaBinomial, *RAT_DATA)


@pytest.fixture(scope="module")
def schools():
    return full_bayes(NormalNormal, *SCHOOLS)


def test_rats_against_the_reference(rats):
    """Values to ten digits from adaptive quadrature in an independent program."""
    assert rats.units.mean[70] == pytest.approx(0.2108568398, abs=2e-9)
    mean, error = rats.expectation(lambda alpha, beta: alpha / (alpha + beta))
    assert mean == pytest.approx(0.1442973055, abs=2e-9)
    assert error < 1e-8


def test_what_is_lost_in_the_tails_warns_of_nothing():
    with np.errstate(all="raise"):
        posterior = full_bayes(BetaBinomial, *RAT_DATA)
        assert np.isfinite(posterior.units.mean).all()
        assert np.isfinite(posterior.units.interval(0.95)).all()
        assert np.isfinite(posterior.log_predictive([0, 3], [5, 10])).all()


@pytest.mark.parametrize("name", ["rats", "schools"])
def test_finer_nodes_lie_between_the_nodes(name, request):
    """Each node of the grid that weighs something is one of them, and none lies outside."""
    posterior = request.getfixturevalue(name)
    fine, weights = posterior._fine
    coarse = posterior.vectors[posterior.weights > 1e-9]
    places = np.round(fine, 9)
    for vector in coarse:
        assert (places == np.round(vector, 9)).all(axis=1).any()
    assert len(fine) > 10 * len(coarse)
    assert weights.sum() == pytest.approx(1)
    for axis, nodes in zip(fine.T, posterior.grid, strict=True):
        assert nodes.min() - 1e-9 < axis.min()
        assert axis.max() < nodes.max() + 1e-9


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
    return np.exp(log_evidence(np.array([tau]), *map(np.array, SCHOOLS))[0] + 20)


def log_evidence(tau, y, s):
    """Log p(y | tau) at points (M,), with a flat mean."""
    precision = 1 / (tau[:, np.newaxis] ** 2 + s**2)
    total = precision.sum(axis=1)
    mean = (precision * y).sum(axis=1) / total
    off = (precision * (y - mean[:, np.newaxis]) ** 2).sum(axis=1)
    return (np.log(precision).sum(axis=1) - np.log(total) - off) / 2


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


def test_function_of_the_wrong_shape_is_named(rats):
    with pytest.raises(ValueError, match="function must return one value"):
        rats.expectation(lambda a, b: 1.0)


@pytest.mark.parametrize("place", [0, 0.5, 1])
def test_a_function_without_a_value_somewhere_is_named(rats, place):
    def holey(a, b):
        values = a + b
        values.flat[int(place * (values.size - 1))] = np.nan
        return values

    for call in (rats.expectation, lambda function: rats.quantile(function, 0.5)):
        with pytest.raises(ValueError, match="function must return one value, and no NaN"):
            call(holey)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: full_bayes(BetaBinomial, *RAT_DATA, tol=0), "tol must lie between 0 and 1"),
        (
            lambda: full_bayes(BetaBinomial, *RAT_DATA, log_hyperprior=lambda v: v),
            "log_hyperprior must return one log-density",
        ),
        (lambda: full_bayes(GammaPoisson, [3, np.nan, 2], 1.0), "y holds 1 NaN"),
        (lambda: full_bayes(NormalNormal, [3, 1, 2], [1.0, 0.0, 2.0]), "standard_error must be"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# ------------------------------------------------------------- what is proper, and long tails


def test_three_units_are_enough_for_a_normal():
    """Means by one-dimensional quadrature in the sd, the mean integrated out by hand."""
    y, s = np.array([28.0, 8.0, -3.0]), np.array([15.0, 10.0, 16.0])

    def density(t):
        variance = t**2 + s**2
        m = (y / variance).sum() / (1 / variance).sum()
        log = -np.log(variance).sum() / 2 - np.log((1 / variance).sum()) / 2
        return np.exp(log - ((y - m) ** 2 / variance).sum() / 2)

    def mean(t, j):
        variance = t**2 + s**2
        m = (y / variance).sum() / (1 / variance).sum()
        return (y[j] * t**2 + m * s[j] ** 2) / variance[j]

    def integral(f):
        pieces = [(0, 10), (10, 100), (100, 1e4), (1e4, np.inf)]
        return sum(integrate.quad(f, a, b, epsabs=0, epsrel=1e-11, limit=400)[0] for a, b in pieces)

    total = integral(density)
    expected = [integral(lambda t, j=j: density(t) * mean(t, j)) / total for j in range(3)]
    found = full_bayes(NormalNormal, y, s)
    np.testing.assert_allclose(found.units.mean, expected, rtol=2e-7, atol=0)
    np.testing.assert_allclose(found.units.mean, [21.250, 8.811, 2.605], rtol=0, atol=6e-4)
    with pytest.raises(ImproperPosteriorError, match="y holds 2 unit"):
        full_bayes(NormalNormal, y[:2], s[:2])
    # Without the sentence of theory the quadrature itself must see it.
    with pytest.raises(ImproperPosteriorError, match=r"as log\(sd\) grows"):
        full_bayes(NormalNormal, y[:2], s[:2], log_hyperprior=NormalNormal.log_diffuse_hyperprior)


@pytest.mark.parametrize("unit", [1e-9, 1e7])
def test_the_unit_of_the_data_does_not_matter(unit):
    y, s = (np.array(column, float) for column in SCHOOLS)
    one, other = full_bayes(NormalNormal, y, s), full_bayes(NormalNormal, y * unit, s * unit)
    np.testing.assert_allclose(other.units.mean, one.units.mean * unit, rtol=1e-6, atol=0)
    np.testing.assert_allclose(
        other.units.interval(), one.units.interval() * unit, rtol=1e-5, atol=0
    )
    y, e = np.array([3, 5, 2, 28, 1, 0]), np.array([10, 12, 9, 20, 11, 7.0])
    one, other = full_bayes(GammaPoisson, y, e), full_bayes(GammaPoisson, y, e * unit)
    np.testing.assert_allclose(other.units.mean, one.units.mean / unit, rtol=1e-6, atol=0)


def test_the_default_hyperprior_of_rates_is_proper_with_one_event():
    """Its integral over log m is of the order of r^(k - 1) as r falls, k units with events."""
    y, e = np.array([0, 0, 3, 0, 1]), np.array([2.0, 1.0, 1.5, 4.0, 1.0])
    k = 2
    evidence = GammaPoisson.evidence(y, e)

    def over_mean(log_r):
        tail = np.exp(-log_r)  # of log m: as long as 1 / r
        grid = np.sinh(np.linspace(-5, np.arcsinh(60 * tail), 20_000))
        values = evidence.value(np.column_stack([grid, np.full_like(grid, log_r)]))
        return np.log(integrate.trapezoid(np.exp(values), grid))

    slope = (over_mean(-9.0) - over_mean(-11.0)) / 2
    assert slope == pytest.approx(k - 1, abs=1e-3)
    # In log r the hyperprior adds r: the density falls like r^k. Uniform in m it would rise.
    found = full_bayes(GammaPoisson, [0, 0, 1], [1.0, 1.0, 0.5])
    assert found.weights.sum() == pytest.approx(1, abs=1e-9)
    with pytest.raises(ImproperPosteriorError, match="every y is 0"):
        full_bayes(GammaPoisson, [0, 0, 0], 1.0)

    def uniform_in_mean_and_cv(v):
        return v[..., 0] - v[..., 1] / 2

    with pytest.raises(ImproperPosteriorError):
        full_bayes(GammaPoisson, y, e, log_hyperprior=uniform_in_mean_and_cv)


def test_rates_against_quadrature_by_hand():
    """Posterior means of theta_j, by the trapezoid rule with SciPy's negative binomial."""
    y, e = np.array([3, 5, 2, 28, 1, 0]), np.array([10, 12, 9, 20, 11, 7.0])
    b = np.linspace(-9, 16, 400)[:, None]
    a = np.sinh(np.linspace(-8.0, 8.0, 4000))
    r, rate = np.exp(b), np.exp(np.clip(b - a, -700, 700))
    log = sum(
        special.gammaln(r + yj) - special.gammaln(r) - special.gammaln(yj + 1)
        - r * np.logaddexp(0, np.log(ej) + a - b) - yj * np.logaddexp(0, b - a - np.log(ej))
        for yj, ej in zip(y, e, strict=True)
    )  # fmt: skip
    log = log + b - 2 * np.logaddexp(0, b)
    weights = np.exp(log - log.max()) * np.cosh(np.arcsinh(a))
    means = [
        (weights * (r + yj) / (rate + ej)).sum() / weights.sum()
        for yj, ej in zip(y, e, strict=True)
    ]
    found = full_bayes(GammaPoisson, y, e)
    np.testing.assert_allclose(found.units.mean, means, rtol=1e-5, atol=0)


@pytest.mark.parametrize("y", [[0, 1, 1, 0], [1, 0, 0, 1]])
def test_one_trial_each_shows_no_spread(y):
    with pytest.raises(ImproperPosteriorError, match="one trial each shows no spread"):
        full_bayes(BetaBinomial, y, 1)
    with pytest.raises(ImproperPosteriorError, match="all y are 0 or n"):
        full_bayes(BetaBinomial, [*y, 4], [1, 1, 1, 1, 4])
    with pytest.raises(ImproperPosteriorError, match="all y are 0 or n"):
        full_bayes(BetaBinomial, 2 * np.array(y), 2)
    full_bayes(BetaBinomial, [*y, 3], [1, 1, 1, 1, 4])  # one unit with both is enough


def test_intervals_stay_in_the_support():
    bayes = full_bayes(BetaBinomial, [0, 1, 5, 1, 0], [1, 1, 5, 2, 2])
    for level in (0.5, 0.95, 0.999999):
        ends = bayes.units.interval(level)
        assert (ends >= 0).all()
        assert (ends <= 1).all()
        low, high = ends.T
        # Much of a unit's mass may lie nearer to an end than floats can tell.
        below = np.where(low > 1e-300, bayes.units.cdf(low), (1 - level) / 2)
        above = np.where(high < 1, 1 - bayes.units.cdf(high), (1 - level) / 2)
        np.testing.assert_allclose(below, (1 - level) / 2, rtol=0, atol=1e-7)
        np.testing.assert_allclose(above, (1 - level) / 2, rtol=0, atol=1e-7)
    assert (full_bayes(GammaPoisson, [0, 0, 3], [1e-3, 1, 1]).units.interval() >= 0).all()


def test_one_large_unit_needs_no_other_grid():
    """The nodes that are looked at do not grow with the counts: what took 38 s takes a moment."""
    y, n = np.array([0, 3, 1, 0, 20, 400]), np.array([0, 5, 1, 1, 100, 1000])
    nodes = [full_bayes(BetaBinomial, y, n).weights.size]
    y[-1], n[-1] = 4e8, 1e9
    nodes.append(full_bayes(BetaBinomial, y, n).weights.size)
    assert nodes[1] < 40 * nodes[0]


def test_a_hyperprior_with_an_edge_is_integrated_as_well_as_it_goes_and_says_so():
    def cut(v):
        return np.where(v[..., 0] < -0.3, -(v[..., 1] ** 2) / 2, -np.inf)

    with pytest.warns(InaccurateIntegralWarning, match="not to tol"):
        found = full_bayes(BetaBinomial, [1, 3, 6], [10, 10, 10], log_hyperprior=cut)
    share, _ = found.expectation(lambda a, b: a / (a + b))
    u, v = np.meshgrid(np.linspace(-12, -0.3, 3001), np.linspace(-7, 7, 400), indexing="ij")
    evidence = BetaBinomial.evidence([1, 3, 6], [10, 10, 10])
    weights = np.exp(evidence.value(np.stack([u, v], axis=-1)) - v**2 / 2)
    expected = (weights * special.expit(u)).sum() / weights.sum()
    assert share == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize("sign", [1, -1])
def test_an_error_is_what_a_larger_box_would_find(sign):
    """Powers of the size, whose expectations end at 1/2: the tail beyond the box is geometric."""
    data = [1, 3, 6], [10, 10, 10]
    narrow, wide = (full_bayes(BetaBinomial, *data, tol=tol) for tol in (1e-4, 1e-11))
    for power in (0.2, 0.3, 0.4, 0.45):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            far = wide.expectation(lambda a, b, q=power: sign * (a + b) ** q)
            said.clear()
            near = narrow.expectation(lambda a, b, q=power: sign * (a + b) ** q)
        assert near.error == pytest.approx(sign * (far.value - near.value) + far.error, rel=0.15)
        beyond = [str(warning.message) for warning in said]
        assert all(text.startswith("beyond the box may lie") for text in beyond)
        assert len(beyond) == (near.error > 1e-3 * abs(near.value))


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_function_that_is_zero_somewhere_has_an_expectation(rats, axis, sign):
    """On all edges, on one side or everywhere: no warning, and a probability."""

    def coordinate(a, b):
        return (np.log(a / b), np.log(a + b))[axis]

    def share(low, high):
        def inside(a, b):
            return sign * ((coordinate(a, b) > low) & (coordinate(a, b) <= high)).astype(float)

        return rats.expectation(inside)

    for k, bad in itertools.product(range(3), (-1e-9, 1 + 1e-9)):
        with pytest.raises(ValueError, match=r"probability must lie in \[0, 1\]"):
            rats.quantile(coordinate, np.insert([0.3, 0.7], k, bad))
    low, high = rats.quantile(coordinate, [0.3, 0.7])
    assert share(np.inf, np.inf) == (0, 0)
    parts = [share(-np.inf, low), share(low, high), share(high, np.inf)]
    assert sum(part.value for part in parts) == pytest.approx(sign, abs=1e-9)
    assert all(0 <= sign * part.value <= 1 for part in parts)


@pytest.mark.parametrize("at", [(8.0, 1.0), (-8.0, 1.0), (-1.0, 9.0), (-1.0, -7.0)])
def test_a_hill_that_does_not_matter_is_left_out(at):
    """Of a sum of two normal hyperpriors the second one: it counts, or lies 400 nats lower."""

    def hill(v, *top):
        return -20 * ((v - np.array(top)) ** 2).sum(axis=-1)

    data = [1, 3, 6], [10, 10, 10]
    alone = full_bayes(BetaBinomial, *data, log_hyperprior=lambda v: hill(v, -1, 1))
    for lower in (400.0, -100.0):
        both = full_bayes(
            BetaBinomial, *data,
            log_hyperprior=lambda v, d=lower: np.logaddexp(hill(v, -1, 1), hill(v, *at) - d),
        )  # fmt: skip
        for axis in (0, 1):
            low, high = both.grid[axis][[0, -1]]
            if lower > 0:
                assert (low, high) == pytest.approx(tuple(alone.grid[axis][[0, -1]]))
            elif at[axis] not in (-1, 1):
                assert low < at[axis] < high
        if lower > 0:
            np.testing.assert_allclose(both.units.mean, alone.units.mean, rtol=1e-9)


@pytest.mark.parametrize("kind", [BetaBinomial, GammaPoisson, NormalNormal])
def test_a_look_at_the_whole_plane_changes_nothing_where_there_is_one_top(kind):
    """The default hyperprior, given as one of the caller's own, has the same posterior."""
    data = {
        BetaBinomial: ([1, 3, 6, 2], [10, 10, 10, 7]),
        GammaPoisson: ([3, 5, 2, 28], [10, 12, 9, 20]),
        NormalNormal: ([28, 8, -3, 7], [15, 10, 16, 11]),
    }[kind]
    plain = full_bayes(kind, *data)
    surveyed = full_bayes(kind, *data, log_hyperprior=kind.log_diffuse_hyperprior)
    assert surveyed.log_normalizer == pytest.approx(plain.log_normalizer, abs=1e-7)
    np.testing.assert_allclose(surveyed.units.mean, plain.units.mean, rtol=1e-7)
    np.testing.assert_allclose(surveyed.units.sd, plain.units.sd, rtol=1e-6)


@pytest.mark.parametrize("n_hills", [1, 2, 3])
def test_a_survey_finds_every_hill_once(n_hills):
    """Within a step of its grid, and none beside them; it says where the highest is."""
    tops = np.array([[-1.0, 1.0], [4.0, 6.0], [-6.0, -5.0]])[:n_hills]

    def hills(v):
        each = [-8 * ((v - top) ** 2).sum(axis=-1) - 3.0 * k for k, top in enumerate(tops)]
        return special.logsumexp(each, axis=0)

    y, n = np.array([1.0, 0.0]), np.array([2.0, 1.0])  # that say little
    target = _Target(BetaBinomial, y, n, hills)
    survey = _Survey(target, np.array(BetaBinomial.pooled(y, n)))
    assert len(survey.hills) == n_hills
    for top in tops:
        assert (abs(survey.hills - top).max(axis=1) < 1.0).sum() == 1
    assert abs(survey.best - tops[0]).max() < 1.0
    assert not survey.at_edge


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_survey_says_that_the_density_rises_to_an_edge(axis, sign):
    y, n = np.array([1.0, 0.0]), np.array([2.0, 1.0])
    pooled = np.array(BetaBinomial.pooled(y, n))

    def survey(slope):
        """Of a density with this shape along one axis, and a top in the middle of the other."""
        prior = lambda v: slope(v[..., axis]) - 8 * v[..., 1 - axis] ** 2  # noqa: E731
        return _Survey(_Target(BetaBinomial, y, n, prior), pooled)

    rising = survey(lambda x: 30 * sign * x)
    assert rising.at_edge
    top = rising.best[axis] - sign * (5.0, 1.2)[axis]  # near the last but one value
    inner = survey(lambda x: -30 * abs(x - top))
    assert not inner.at_edge
    assert 0 < sign * (rising.best[axis] - inner.best[axis]) < (6.0, 1.5)[axis]


@pytest.mark.parametrize("axis", [0, 1])
def test_quantiles_of_one_coordinate_are_those_of_its_marginal(rats, axis):
    """They rise with the probability all the way: columns of the grid are no stairs."""
    p = np.linspace(0.02, 0.98, 97)
    ways = [lambda a, b: np.log(a / b), lambda a, b: np.log(a + b)]
    found = rats.quantile(ways[axis], p)
    assert (np.diff(found) > 0).all()
    nodes, density = rats.grid[axis], rats.marginal(axis)
    below = integrate.cumulative_trapezoid(density, nodes, initial=0)
    expected = np.interp(p, below / below[-1], nodes)
    np.testing.assert_allclose(found, expected, atol=0.03 * np.ptp(expected))


def quantiles_by_the_nodes(posterior, function, p):
    """Plant what was once there: the steps of an integral taken for those of its parts."""
    values = function(*posterior.kind.from_coordinates(posterior.vectors))[0]
    weights = posterior.weights.sum(axis=0)
    return np.interp(p, np.cumsum(weights) - weights / 2, values)


LEVELS = np.array([0.025, 0.25, 0.5, 0.75, 0.975])


def wrong_quantiles(y, s, rule):
    """How far the quantiles of the spread are from those of its marginal on 20 001 points."""
    posterior = full_bayes(NormalNormal, y, s)
    at = np.linspace(*posterior.grid[1][[0, -1]], 20_001)
    log = log_evidence(np.exp(at), y, s) + at
    below = integrate.cumulative_trapezoid(np.exp(log - log.max()), at, initial=0)
    expected = np.exp(np.interp(LEVELS, below / below[-1], at))
    return abs(rule(posterior, lambda mean, sd: sd, LEVELS) / expected - 1).max()


@settings(max_examples=10)
@given(
    y=st.lists(st.integers(-60, 60), min_size=6, max_size=12),
    noise=st.lists(st.floats(1, 30), min_size=12, max_size=12),
)
def test_quantiles_of_the_spread_have_three_digits(y, noise):
    s = np.array(noise[: len(y)])
    assert wrong_quantiles(np.array(y, dtype=float), s, HyperPosterior.quantile) < 2e-3


def test_quantiles_of_the_spread_between_schools():
    """Beyond 20.75 points lies one part in forty; by the nodes it would be 21.29."""
    data = [np.array(values, dtype=float) for values in SCHOOLS]
    assert wrong_quantiles(*data, HyperPosterior.quantile) < 2e-3
    assert wrong_quantiles(*data, quantiles_by_the_nodes) > 0.02


@given(p=st.floats(0.001, 0.999))
def test_quantiles_of_the_negative_are_those_of_the_other_side(rats, p):
    def mixed(a, b):  # no two nodes have the same value
        return np.log(a / b) + 0.37 * np.log(a + b)

    found = rats.quantile(lambda a, b: -mixed(a, b), 1 - p)
    assert found == pytest.approx(-rats.quantile(mixed, p), abs=1e-8)
