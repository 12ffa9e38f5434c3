"""The hidden chain against the definition: the sum over all paths of states."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from companion.state_space import FishPopulation, forward_backward


def random_chain(rng, T, S):
    return (
        np.log(rng.dirichlet(np.ones(S))),
        np.log(rng.dirichlet(np.ones(S), size=S)),
        np.log(rng.uniform(0.01, 1, size=(T, S))),
    )


def by_enumeration(initial, transition, emission):
    """Marginals and evidence from the table of all S^T paths."""
    T, S = emission.shape

    def table(length):
        paths = np.array(list(itertools.product(range(S), repeat=length)))
        log_p = initial[paths[:, 0]] + emission[np.arange(length), paths].sum(axis=1)
        for t in range(1, length):
            log_p = log_p + transition[paths[:, t - 1], paths[:, t]]
        return paths, np.exp(log_p)

    def marginal(paths, p, t):
        return np.array([p[paths[:, t] == s].sum() for s in range(S)]) / p.sum()

    paths, p = table(T)
    smoothed = [marginal(paths, p, t) for t in range(T)]
    filtered = [marginal(*table(t + 1), t) for t in range(T)]
    return np.array(filtered), np.array(smoothed), np.log(p.sum())


def agrees_with_enumeration(method):
    for seed in range(6):
        rng = np.random.default_rng(seed)
        chain = random_chain(rng, T=rng.integers(1, 6), S=rng.integers(1, 4))
        filtered, smoothed, log_likelihood = by_enumeration(*chain)
        found = method(*chain)
        np.testing.assert_allclose(found.filtered, filtered, atol=1e-12)
        np.testing.assert_allclose(found.smoothed, smoothed, atol=1e-12)
        np.testing.assert_allclose(found.log_likelihood, log_likelihood, rtol=1e-12)


def test_agrees_with_enumeration():
    agrees_with_enumeration(forward_backward)


@given(st.integers(0, 2**32), st.integers(1, 5), st.integers(1, 3))
def test_random_chains(seed, T, S):
    chain = random_chain(np.random.default_rng(seed), T, S)
    found = forward_backward(*chain)
    filtered, smoothed, log_likelihood = by_enumeration(*chain)
    np.testing.assert_allclose(found.smoothed, smoothed, atol=1e-11)
    np.testing.assert_allclose(found.filtered, filtered, atol=1e-11)
    np.testing.assert_allclose(found.log_likelihood, log_likelihood, rtol=1e-11)


def turned(initial, transition, emission):
    """Transitions read from column to row."""
    return forward_backward(initial, np.log(np.full_like(transition, 1 / len(initial))), emission)


def blind_to_the_future(initial, transition, emission):
    found = forward_backward(initial, transition, emission)
    return type(found)(found.filtered, found.filtered, found.log_likelihood)


def twice_the_present(initial, transition, emission):
    """The emission of a time counted in both passes: the classic slip of forward-backward."""
    found = forward_backward(initial, transition, emission)
    smoothed = found.smoothed * np.exp(emission)
    smoothed /= smoothed.sum(axis=1, keepdims=True)
    return type(found)(found.filtered, smoothed, found.log_likelihood)


@pytest.mark.parametrize("wrong", [turned, blind_to_the_future, twice_the_present])
def test_planted_error_is_caught(wrong):
    with pytest.raises(AssertionError):
        agrees_with_enumeration(wrong)


def test_long_chains_do_not_underflow(rng):
    initial, transition, _ = random_chain(rng, 1, 3)
    emission = rng.uniform(-2000, -1000, size=(5000, 3))
    found = forward_backward(initial, transition, emission)
    assert -2000 * 5000 < found.log_likelihood < -1000 * 5000
    np.testing.assert_allclose(found.smoothed.sum(axis=1), 1, rtol=1e-10)


def test_impossible_states_stay_impossible():
    with np.errstate(divide="ignore"):
        upward = np.log([[0.5, 0.5], [0.0, 1.0]])
    found = forward_backward(np.log([0.5, 0.5]), upward, np.log([[0.1, 0.9], [0.9, 0.1]]))
    exact = 0.5 * (0.1 * 0.5 * 0.9 + 0.1 * 0.5 * 0.1 + 0.9 * 1.0 * 0.1)
    np.testing.assert_allclose(found.log_likelihood, np.log(exact))


def test_one_count_of_fish_equals_the_integral():
    """log p(x_1) on the grid against adaptive quadrature of the continuous model."""
    lake = FishPopulation(60, 20, 10, 0.2, n_states=2000, horizon=1)
    prior = stats.truncnorm(-3, np.inf, 60, 20)
    for count in (0, 7, 12, 30):
        exact, _ = integrate.quad(
            lambda z, c=count: prior.pdf(z) * stats.poisson(0.2 * z).pmf(c), 0, 300
        )
        found = lake.posterior([count])
        np.testing.assert_allclose(found.log_likelihood, np.log(exact), atol=2e-5)
        np.testing.assert_array_equal(found.filtered, found.smoothed)


def test_probabilities_of_all_counts_sum_to_one():
    lake = FishPopulation(20, 8, 5, 0.2, n_states=60, horizon=2)
    total = sum(np.exp(lake.posterior([a, b]).log_likelihood) for a in range(30) for b in range(30))
    assert total == pytest.approx(1, abs=1e-6)


def test_a_count_that_nobody_made_says_nothing():
    lake = FishPopulation(50, 15, 8, 0.3, n_states=80)
    short = lake.posterior([12, 20])
    long = lake.posterior([12, 20, np.nan])
    np.testing.assert_allclose(long.log_likelihood, short.log_likelihood, rtol=1e-12)
    np.testing.assert_allclose(long.smoothed[:2], short.smoothed, atol=1e-12)


def test_intervals_of_simulated_lakes_are_calibrated(rng):
    """The true population lies below the median half the time, within four standard errors."""
    lake = FishPopulation(80, 25, 12, 0.2, n_states=150, horizon=8)
    below = []
    for _ in range(300):
        z, counts = lake.sample(4, rng)
        cdf = lake.posterior(counts).smoothed[2].cumsum()
        below.append(cdf[np.searchsorted(lake.states, z[2])])
    ranks = np.array(below)
    assert abs(np.mean(ranks < 0.5) - 0.5) < 4 * 0.5 / np.sqrt(300)
    assert abs(np.mean((ranks > 0.1) & (ranks < 0.9)) - 0.8) < 4 * 0.4 / np.sqrt(300)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda lake: lake.posterior([-1]), "counts must be whole numbers"),
        (lambda lake: lake.posterior([1.5]), "counts must be whole numbers"),
        (lambda lake: lake.posterior([]), "counts must be a vector"),
        (lambda lake: lake.sample(0, None), "n_times must be a whole number"),
        (lambda _: FishPopulation(10, 1, 0, 1), "step_sd must be a positive number"),
        (lambda _: FishPopulation(10, 1, 1, np.nan), "rate must be a positive number"),
        (lambda _: forward_backward([0.0], [[0.0]], [0.0]), "log_emission must have shape"),
        (lambda _: forward_backward([0.5], [[0.0]], [[0.0]]), "log_initial must be logarithms"),
        (lambda _: forward_backward([0.0], [[0.1]], [[0.0]]), "log_transition must be logarithms"),
        (lambda _: forward_backward([0.0], [[0.0]], [[np.nan]]), "log_emission must not be"),
        (lambda _: forward_backward([0.0], [[0.0]], [[-np.inf]]), "observations are impossible"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call(FishPopulation(10, 3, 2, 0.5, n_states=20))
