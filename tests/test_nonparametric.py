"""A population of any shape: what is true of weights on a grid."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from companion import em
from companion.hierarchical import BetaBinomial
from companion.nonparametric import GridPopulation, GridStatistics


def some(seed, J=30, G=9):
    """Return weights, a table of log-densities, and a source of chance."""
    rng = np.random.default_rng(seed)
    y, grid = rng.binomial(12, rng.beta(2, 3, J)), np.linspace(0.05, 0.95, G)
    return GridPopulation(grid, rng.dirichlet(np.ones(G))), table(y, 12, grid), rng


def table(y, n, grid):
    return stats.binom.logpmf(np.reshape(y, (-1, 1)), n, grid)


def no_other_weights_gain_more(possible_gain, seed):
    """Than is said: not random ones, not the best; and at the best nearly nothing is left."""
    population, seen, rng = some(seed)
    often = rng.integers(1, 4, len(seen))
    for weights in (None, often):
        start = population.e_step(seen, weights=weights)[1]
        bound = possible_gain(population, seen, weights)
        best = em.fit(population, seen, weights=weights, tol=1e-7, max_iter=3_000)
        others = [GridPopulation(population.grid, rng.dirichlet(np.ones(9))) for _ in range(20)]
        for other in [*others, best.model]:
            assert other.e_step(seen, weights=weights)[1] - start <= bound + 1e-9
        assert possible_gain(best.model, seen, weights) < 0.5
        assert bound < 100 * (best.log_likelihood - start + 1)


def gain(population, seen, weights):
    return population.possible_gain(seen, weights=weights)


@pytest.mark.parametrize("seed", range(6))
def test_no_other_weights_gain_more(seed):
    no_other_weights_gain_more(gain, seed)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda p, seen, w: gain(p, seen, w) / 4,
        lambda p, seen, w: gain(p, seen, w) + 1,
        lambda p, seen, w: gain(p, seen, None),
        lambda p, seen, w: gain(GridPopulation(p.grid), seen, w),
    ],
)
def test_a_planted_bound_is_caught(wrong):
    with pytest.raises(AssertionError):
        assert all(no_other_weights_gain_more(wrong, seed) is None for seed in range(5))


@given(st.floats(0.5, 6), st.floats(0.5, 6))
def test_a_fine_grid_is_a_beta_population(alpha, beta):
    """With the Beta's own weights: posterior means, prior predictive, mean and sd."""
    edges = np.linspace(0, 1, 2001)
    exact, middle = BetaBinomial(alpha, beta), (edges[1:] + edges[:-1]) / 2
    weights = np.diff(stats.beta(alpha, beta).cdf(edges))
    population = GridPopulation(middle, weights / weights.sum())
    y = np.arange(8)
    seen = table(y, 7, middle)
    near = {"rtol": 2e-3, "atol": 1e-3}
    np.testing.assert_allclose(population.mean, exact.mean, **near)
    np.testing.assert_allclose(population.sd, exact.sd, **near)
    np.testing.assert_allclose(
        population.posterior_mean(seen), exact.posterior(y, np.full(8, 7)).mean, **near
    )
    np.testing.assert_allclose(
        population.log_prior_predictive(seen), exact.log_prior_predictive(y, 7), atol=5e-3
    )
    assert population.log_likelihood(seen) == pytest.approx(
        population.log_prior_predictive(seen).sum(), rel=1e-12
    )


@given(st.integers(0, 2**32), st.floats(-300, 300))
def test_what_does_not_depend_on_the_grid_may_be_left_out(seed, factor):
    """A factor of every unit's own changes nothing but the log-likelihood."""
    population, seen, rng = some(seed)
    shift = factor * rng.normal(size=(len(seen), 1))
    one, moved = population.e_step(seen), population.e_step(seen + shift)
    np.testing.assert_allclose(moved[0].counts, one[0].counts, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(moved[1] - one[1], shift.sum(), rtol=1e-9, atol=1e-8)
    np.testing.assert_allclose(
        population.posterior_mean(seen + shift), population.posterior_mean(seen), rtol=1e-8
    )
    gains = population.possible_gain(seen), population.possible_gain(seen + shift)
    np.testing.assert_allclose(*gains, rtol=1e-7, atol=1e-9)


def test_a_rate_never_falls_with_the_count():
    """The posterior mean rises with y under any weights, and Robbins' formula is its identity."""
    rng, grid, y = np.random.default_rng(4), np.linspace(0, 6, 40), np.arange(12)
    seen = stats.poisson.logpmf(y[:, None], grid)
    for _ in range(30):
        population = GridPopulation(grid, rng.dirichlet(np.full(40, 0.1)))
        means = population.posterior_mean(seen)
        assert (np.diff(means) > -1e-12).all()
        p = np.exp(population.log_prior_predictive(seen))
        np.testing.assert_allclose((y[:-1] + 1) * p[1:] / p[:-1], means[:-1], rtol=1e-9)


@given(st.integers(0, 2**32 - 1))
def test_statistics_are_those_of_the_definition(seed):
    """Expected numbers at the points, and the expected log-density of the counts."""
    population, log_p, _ = some(seed)
    found, _ = population.e_step(log_p)
    r = population.weights * np.exp(log_p)
    r /= r.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found.counts, r.sum(axis=0), rtol=1e-9)
    assert found.expected_log_density == pytest.approx((r * log_p).sum(), rel=1e-9)
    added = population.e_step(log_p[:11])[0] + population.e_step(log_p[11:])[0]
    np.testing.assert_allclose(added.counts, found.counts, rtol=1e-9)
    assert added.expected_log_density == pytest.approx(found.expected_log_density, rel=1e-9)


@given(st.integers(0, 2**32 - 1), st.integers(0, 29))
def test_a_unit_that_does_not_count_is_not_there(seed, absent):
    """Also if a point of the grid would make it more probable than any float can say."""
    population, seen, rng = some(seed)
    seen[absent] = -800.0 * (np.arange(9) < 8)
    population = GridPopulation(population.grid, np.append(rng.dirichlet(np.ones(8)), 0.0))
    there = np.arange(30) != absent
    found = population.possible_gain(seen, weights=there.astype(float))
    assert found == pytest.approx(population.possible_gain(seen[there]), rel=1e-12)


def test_a_weight_of_zero_stays():
    grid, weights = [0.1, 0.5, 0.9], [0.5, 0, 0.5]
    fit = em.fit(GridPopulation(grid, weights), table([5, 5, 5], 10, grid), tol=0, max_iter=50)
    assert fit.model.weights[1] == 0
    assert fit.model.possible_gain(table([5, 5, 5], 10, grid)) > 1
    np.testing.assert_allclose(
        fit.model.responsibilities(table([5], 10, grid)), [[0.5, 0, 0.5]], atol=1e-12
    )


def test_what_is_impossible_says_nothing():
    """Minus infinity is a chance of zero: such a point gets none of the unit."""
    grid = [0.0, 0.5, 1.0]
    statistics, value = GridPopulation(grid).e_step(table([0, 3], 3, grid))
    np.testing.assert_allclose(statistics.counts, [8 / 9, 2 / 9, 8 / 9], rtol=1e-12)
    np.testing.assert_allclose(value, 2 * np.log((1 + 1 / 8) / 3), rtol=1e-12)
    assert np.isfinite(statistics.expected_log_density)


def test_the_population_is_not_touched_from_outside():
    grid, weights = np.array([0.2, 0.6]), np.array([0.5, 0.5])
    population = GridPopulation(grid, weights)
    grid[0], weights[0] = 9, 9
    assert population.grid.tolist() == [0.2, 0.6]
    assert population.weights.tolist() == [0.5, 0.5]
    with pytest.raises(ValueError, match="read-only"):
        population.weights[0] = 1


def test_a_density_may_stand_for_a_chance():
    """Normal observations: Tweedie's formula, and the prior predictive integrates to one."""
    grid = np.linspace(-2, 2, 9)
    population = GridPopulation(grid, np.random.default_rng(2).dirichlet(np.ones(9)))

    def log_p(x):
        return population.log_prior_predictive(stats.norm.logpdf([[x]], grid))[0]

    assert integrate.quad(lambda x: np.exp(log_p(x)), -12, 12)[0] == pytest.approx(1, abs=1e-8)
    for x in (-3.0, 0.2, 5.0):
        slope = (log_p(x + 1e-5) - log_p(x - 1e-5)) / 2e-5
        mean = population.posterior_mean(stats.norm.logpdf([[x]], grid))[0]
        assert x + slope == pytest.approx(mean, abs=1e-6)


GOOD = np.log([[0.2, 0.6], [0.5, 0.5], [0.1, 0.9]])


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ([np.nan, 0.1], "log_densities must not be empty, NaN"),
        ([np.inf, 0.1], "log_densities must not be empty, NaN, missing or plus infinity"),
        ([-np.inf, -np.inf], "no point of the grid with weight explains unit {place}"),
    ],
)
def test_one_bad_unit_among_good_ones_is_named(place, bad, message):
    seen = GOOD.copy()
    seen[place] = bad
    population = GridPopulation([0.2, 0.6])
    for function in (
        population.e_step,
        population.responsibilities,
        population.posterior_mean,
        population.log_prior_predictive,
        population.log_likelihood,
        population.possible_gain,
    ):
        with pytest.raises(ValueError, match=message.format(place=place)):
            function(seen)


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(("bad", "message"), [(-1, "weights must not be neg"), (np.nan, "weights")])
def test_one_bad_weight_among_good_ones_is_named(place, bad, message):
    often = np.array([1.0, 2.0, 3.0])
    often[place] = bad
    for function in (GridPopulation([0.2, 0.6]).e_step, GridPopulation([0.2, 0.6]).possible_gain):
        with pytest.raises(ValueError, match=message):
            function(GOOD, weights=often)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: GridPopulation([0.5, 0.5]), "grid must be a vector of increasing numbers"),
        (lambda: GridPopulation([0.5, 0.2, 0.7]), "grid must be a vector of increasing numbers"),
        (lambda: GridPopulation([[0.5, 0.7]]), "grid must be a vector of increasing numbers"),
        (lambda: GridPopulation([0.5, np.nan]), "grid holds 1 NaN"),
        (lambda: GridPopulation([]), "grid is empty"),
        (lambda: GridPopulation(["a"]), "grid must be an array of numbers"),
        (lambda: GridPopulation([0.1, 0.2], [0.5, 0.6]), "weights must sum to one"),
        (lambda: GridPopulation([0.1, 0.2], [1.5, -0.5]), "weights must not be negative"),
        (lambda: GridPopulation([0.1, 0.2], [1.0]), r"weights must have shape \(2,\)"),
        (lambda: GridPopulation([0.1, 0.2]).e_step(GOOD[:, :1]), r"must have shape \(J, 2\)"),
        (lambda: GridPopulation([0.1, 0.2]).e_step(GOOD[0]), r"must have shape \(J, 2\)"),
        (lambda: GridPopulation([0.1, 0.2]).e_step(GOOD, weights=[1]), r"weights must have shape"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_prior_of_map_is_pseudo_units():
    """Statistics of imagined units add to those that were seen."""
    population, seen, _ = some(5)
    prior = GridStatistics(np.full(9, 2.0), 0.0)
    fit = em.fit(population, seen, prior=prior, tol=1e-12, max_iter=5_000)
    counts = fit.model.e_step(seen)[0].counts + 2
    np.testing.assert_allclose(fit.model.weights, counts / counts.sum(), rtol=1e-5)


@given(seed=st.integers(0, 2**32), spread=st.floats(1, 4000))
def test_what_hardly_explains_a_unit_warns_of_nothing(seed, spread):
    rng = np.random.default_rng(seed)
    seen, population = -rng.uniform(0, spread, (12, 7)), GridPopulation(np.linspace(0, 1, 7))
    with np.errstate(all="raise"):
        assert population.log_likelihood(seen) == population.log_prior_predictive(seen).sum()
        counts = population.e_step(seen)[0].counts
        np.testing.assert_allclose(population.responsibilities(seen).sum(axis=0), counts)
        np.testing.assert_allclose(counts.sum(), 12)
        assert population.m_step(GridStatistics(counts, 0.0)).weights.sum() == pytest.approx(1)
        assert population.possible_gain(seen) >= 0


def test_nothing_less_than_nothing_can_be_gained():
    """One law alone is the best there is: rounding errors of either sign are no loss."""
    found = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        seen, often = rng.normal(-5, 3, (500, 1)), rng.uniform(0, 9, 500)
        found.append(GridPopulation([1.0]).possible_gain(seen, weights=often))
    assert min(found) == 0
    assert max(found) < 1e-9
