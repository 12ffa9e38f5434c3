"""The hidden chain against the definition: the sum over all paths of states."""

import datetime as dt
import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats
from scipy.special import logsumexp

from companion.state_space import FishPopulation, _log_normal, forward_backward

RNG = np.random.default_rng(1)


def random_chain(rng, T, S):
    return (
        np.log(rng.dirichlet(np.ones(S))),
        np.log(rng.dirichlet(np.ones(S), size=S)),
        np.log(rng.uniform(0.01, 1, size=(T, S))),
    )


def by_enumeration(initial, transition, emission):
    """Smoothed and filtered marginals and evidence from all S^T paths, whatever their spread."""
    T, S = emission.shape

    def marginal(length, t):
        paths = np.array(list(itertools.product(range(S), repeat=length)))
        log_p = initial[paths[:, 0]] + emission[np.arange(length), paths].sum(axis=1)
        for u in range(1, length):
            log_p = log_p + transition[paths[:, u - 1], paths[:, u]]
        whole = logsumexp(log_p)
        each = [logsumexp(log_p[paths[:, t] == s]) - whole for s in range(S)]
        return np.exp(each), whole

    with np.errstate(invalid="ignore"):  # of a chain that cannot give the emissions
        filtered = [marginal(t + 1, t)[0] for t in range(T)]
        smoothed = [marginal(T, t)[0] for t in range(T)]
        return np.array(filtered), np.array(smoothed), marginal(T, 0)[1]


def wild_logs(rng, shape, spread, share):
    """Logarithms over a wide range, some of them minus infinity (but not a whole row)."""
    found = -rng.uniform(0, spread, shape)
    gone = rng.random(shape) < share
    gone[..., 0] = False
    return rng.permuted(np.where(gone, -np.inf, found), axis=-1)


def wild_chain(rng, T, S, spread, share):
    initial, transition = wild_logs(rng, S, spread, share), wild_logs(rng, (S, S), spread, share)
    return (
        initial - logsumexp(initial),
        transition - logsumexp(transition, axis=1, keepdims=True),
        wild_logs(rng, (T, S), spread, share),
    )


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


def survives_a_wide_spread(method):
    """Exponentials would be 0 on every path; the first chain, besides, cannot change its state."""
    with np.errstate(divide="ignore"):
        still = np.log(np.eye(2))
    found = method(np.log([0.5, 0.5]), still, np.array([[0.0, -800.0], [-900.0, 0.0]]))
    assert found.log_likelihood == pytest.approx(np.log(0.5) - 800, rel=1e-14)
    np.testing.assert_allclose(found.smoothed, [[0, 1], [0, 1]], atol=1e-40)
    for spread, share in itertools.product([1, 100, 700, 800, 1e4], [0, 0.3, 0.6]):
        for seed in range(12):
            rng = np.random.default_rng([seed, int(spread)])
            chain = wild_chain(rng, rng.integers(1, 6), rng.integers(1, 4), spread, share)
            filtered, smoothed, log_likelihood = by_enumeration(*chain)
            if log_likelihood == -np.inf:
                with pytest.raises(ValueError, match="the observations are impossible"):
                    method(*chain)
                continue
            found = method(*chain)
            np.testing.assert_allclose(found.log_likelihood, log_likelihood, rtol=1e-12, atol=1e-12)
            np.testing.assert_allclose(found.smoothed, smoothed, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(found.filtered, filtered, rtol=1e-9, atol=1e-12)


def test_survives_a_wide_spread():
    survives_a_wide_spread(forward_backward)


def exponentials_too_early(initial, transition, emission):
    """Scaled products of exponentials, as they were taken before: right while nothing is lost."""
    T, S = emission.shape
    with np.errstate(all="ignore"):
        forward, backward, gain = np.empty((T, S)), np.ones((T, S)), 0.0
        for t in range(T):
            predicted = forward[t - 1] @ np.exp(transition) if t else np.exp(initial)
            forward[t] = predicted * np.exp(emission[t] - emission[t].max())
            gain += emission[t].max() + np.log(forward[t].sum())
            forward[t] /= forward[t].sum()
        for t in range(T - 2, -1, -1):
            later = np.exp(emission[t + 1] - emission[t + 1].max()) * backward[t + 1]
            backward[t] = np.exp(transition) @ later
            backward[t] /= backward[t].max()
        smoothed = forward * backward
        smoothed /= smoothed.sum(axis=1, keepdims=True)
    posterior = forward_backward([0.0], [[0.0]], [[0.0]])
    return type(posterior)(forward, smoothed, gain)


def test_planted_exponentials_too_early_are_caught():
    agrees_with_enumeration(exponentials_too_early)
    with pytest.raises(AssertionError):
        survives_a_wide_spread(exponentials_too_early)


@given(st.integers(0, 2**32), st.floats(0, 4), st.integers(1, 40), st.integers(1, 30))
def test_time_and_the_names_of_states_may_be_turned(seed, log_spread, T, S):
    """A stationary reversible chain looks the same backwards; states may change their names."""
    rng = np.random.default_rng(seed)
    weights = -rng.uniform(0, 10**log_spread, (S, S))
    weights = np.triu(weights) + np.triu(weights, 1).T
    weights -= logsumexp(weights)
    initial = logsumexp(weights, axis=1)
    transition = weights - initial[:, np.newaxis]
    emission = wild_logs(rng, (T, S), 10**log_spread, 0.0)
    forth = forward_backward(initial, transition, emission)
    back = forward_backward(initial, transition, emission[::-1])
    np.testing.assert_allclose(forth.log_likelihood, back.log_likelihood, rtol=1e-12)
    np.testing.assert_allclose(forth.smoothed, back.smoothed[::-1], atol=1e-8)
    np.testing.assert_array_equal(forth.smoothed[-1], forth.filtered[-1])
    new = rng.permutation(S)
    named = forward_backward(initial[new], transition[np.ix_(new, new)], emission[:, new])
    np.testing.assert_allclose(named.log_likelihood, forth.log_likelihood, rtol=1e-13)
    np.testing.assert_allclose(named.smoothed, forth.smoothed[:, new], atol=1e-9)


@given(st.integers(0, 2**32), st.floats(-1e8, 1e8))
def test_what_all_states_share_changes_nothing(seed, shared):
    """Densities in other units: the same number is added to every emission of a time."""
    rng = np.random.default_rng(seed)
    initial, transition, emission = random_chain(rng, 4, 3)
    emission = emission.astype(np.float32).astype(float)  # so that the sum is exact
    shared = float(2 ** np.round(np.log2(1 + abs(shared))) * np.sign(shared))
    before = forward_backward(initial, transition, emission)
    after = forward_backward(initial, transition, emission + shared)
    np.testing.assert_allclose(after.smoothed, before.smoothed, atol=1e-15 * (1 + abs(shared)))
    np.testing.assert_allclose(after.log_likelihood, before.log_likelihood + 4 * shared, rtol=1e-14)


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


def test_a_state_that_cannot_be_drowns_nothing(rng):
    """However well it would fit: what it says from time to time must not add up beside the rest."""
    initial, transition, emission = random_chain(rng, 2000, 3)
    plain = forward_backward(initial, transition, emission)
    more = np.full((4, 4), -np.inf)
    more[:3, :3], more[3, 3] = transition, 0.0
    fits = np.column_stack([emission, np.full(2000, 1e6)])
    found = forward_backward(np.append(initial, -np.inf), more, fits)
    np.testing.assert_allclose(found.smoothed[:, :3], plain.smoothed, rtol=0, atol=1e-12)
    assert found.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-14)
    assert not found.smoothed[:, 3].any()


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


@pytest.mark.parametrize(
    "counts",
    [
        np.ma.array([12, 9999, 20], mask=[0, 1, 0]),
        [12, np.ma.masked, 20],
        [12, None, 20],
        [12, pd.NaT, 20],
        pd.Series([12, None, 20], dtype="Int64"),
        pd.array([12, None, 20], dtype="Float64"),
    ],
    ids=lambda counts: type(counts).__name__,
)
def test_a_count_that_nobody_made_in_other_words(counts):
    lake = FishPopulation(50, 15, 8, 0.3, n_states=80)
    expected = lake.posterior([12, np.nan, 20])
    np.testing.assert_array_equal(lake.posterior(counts).smoothed, expected.smoothed)
    np.testing.assert_array_equal(lake.log_emission(counts)[1], 0)


@given(st.integers(0, 2**32), st.floats(-3, 3))
def test_every_row_of_a_grid_is_a_normal_law(seed, log_sd):
    """Each of its own, with probabilities that sum to one, and ratios as of normal densities."""
    rng, sd = np.random.default_rng(seed), 10**log_sd
    distance = np.abs(rng.normal(size=(4, 5)))
    found = _log_normal(distance, sd)
    np.testing.assert_allclose(logsumexp(found, axis=-1), 0, atol=1e-12)
    expected = stats.norm(0, sd).logpdf(distance)
    expected -= expected.max(axis=1, keepdims=True)
    found -= found.max(axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12 * (1 + 1 / sd**2))


@given(st.floats(0.01, 1e3), st.sampled_from([1e-8, 1e-4, 1e4, 1e8]))
def test_fish_may_be_counted_in_other_units(rate, unit):
    """In thousands of fish everything scales but the counts, which have no unit."""
    one = FishPopulation(50, 15, 8, rate, n_states=40)
    other = FishPopulation(50 * unit, 15 * unit, 8 * unit, rate / unit, n_states=40)
    np.testing.assert_allclose(other.states, unit * one.states, rtol=1e-12)
    wide = np.hypot(15, np.sqrt(one.horizon) * 8)
    cells = np.linspace(0, 50 + 5 * wide, 41)  # and the states lie in the middle of each
    np.testing.assert_allclose(one.states, (cells[1:] + cells[:-1]) / 2, rtol=1e-12)
    counts = [round(40 * rate), np.nan, round(60 * rate)]
    np.testing.assert_allclose(
        other.posterior(counts).smoothed, one.posterior(counts).smoothed, atol=1e-8
    )


@pytest.mark.parametrize("sd", [1e-3, 1e-30, 1e-200])
def test_a_population_that_is_known_at_first(sd):
    """All weight on the nearest state, however small the standard deviation."""
    lake = FishPopulation(100.0, sd, 1e-200, 0.1, n_states=50, horizon=1)
    nearest = np.abs(lake.states - 100).argmin()
    assert lake.log_initial.max() <= 0
    np.testing.assert_allclose(np.exp(lake.log_initial)[nearest], 1)
    np.testing.assert_allclose(np.exp(lake.log_transition), np.eye(50), atol=1e-12)
    assert lake.posterior([3, 900]).smoothed[1].argmax() == nearest


def test_large_counts_keep_their_digits():
    """Near the mode a Poisson of mean m has log-density -log(2 pi m) / 2 - 1/(12 m), nearly."""
    mean = 2.0**40
    lake = FishPopulation(mean, mean / 4, mean, 1.0, n_states=2, horizon=1)
    k = np.round(lake.states[0])
    off = (k - lake.states[0]) / lake.states[0]
    expected = -0.5 * np.log(2 * np.pi * k) - lake.states[0] * off**2 / 2
    assert lake.log_emission([k])[0, 0] == pytest.approx(expected, abs=1e-4)


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


def test_drawn_steps_are_independent_and_as_wide_as_is_said(rng):
    """Moments of many paths far from zero, within four standard errors."""
    lake = FishPopulation(400, 10, 5, 0.5, n_states=500, horizon=16)
    drawn = [lake.sample(16, rng) for _ in range(100)]
    paths, counts = (np.array(part) for part in zip(*drawn, strict=True))
    steps = np.diff(paths, axis=1) / 5
    assert abs((paths[:, 0] - 400).mean()) < 4 * 10 / np.sqrt(100)
    assert abs(steps.mean()) < 4 / np.sqrt(steps.size)
    assert abs((steps**2).mean() - 1) < 4 * np.sqrt(2 / steps.size) + 0.02  # of the cells' width
    assert abs((steps[:, 1:] * steps[:, :-1]).mean()) < 4 / np.sqrt(steps[:, 1:].size)
    excess = (counts - 0.5 * paths) / np.sqrt(0.5 * paths)
    assert abs(excess.mean()) < 4 / np.sqrt(excess.size)
    assert abs((excess**2).mean() - 1) < 4 * np.sqrt(2.01 / excess.size)


@given(st.integers(0, 2**32), st.integers(1, 3), st.integers(1, 4))
def test_every_array_of_another_length_names_itself(seed, T, S):
    """One state more in one of the three arguments, though it is a distribution too."""
    rng = np.random.default_rng(seed)
    names = ["log_initial", "log_transition", "log_emission"]
    right = dict(zip(names, random_chain(rng, T, S), strict=True))
    larger = dict(zip(names, random_chain(rng, T, S + 1), strict=True))
    for name in names[:2]:
        with pytest.raises(ValueError, match=rf"{name} must have shape \({S},.*, not \({S + 1},"):
            forward_backward(**{**right, name: larger[name]})
    with pytest.raises(ValueError, match=rf"log_initial must have shape \({S + 1},\)"):
        forward_backward(**{**right, "log_emission": larger["log_emission"]})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda lake: lake.posterior([-1]), "counts must be whole numbers >= 0"),
        (lambda lake: lake.posterior([4, -1, 2]), "counts must be whole numbers >= 0"),
        (lambda lake: lake.posterior([4, 1.5, 2]), "counts must be whole numbers >= 0"),
        (lambda lake: lake.posterior([3, np.inf]), "counts must be whole numbers >= 0"),
        (lambda lake: lake.posterior([3, 2.0**54]), r"counts must be whole numbers up to 2\*\*53"),
        (lambda lake: lake.posterior([3, 1j]), "counts must be an array of numbers"),
        (lambda lake: lake.posterior(np.array([3, 4], "m8[s]")), "counts must be .* durations"),
        (lambda lake: lake.posterior([[3, 4]]), "counts must be a vector"),
        (lambda lake: lake.posterior([]), "counts must be a vector"),
        (lambda _: FishPopulation([10], 1, 1, 1), "initial_mean must be a positive number"),
        (lambda _: FishPopulation(10, dt.timedelta(1), 1, 1), "initial_sd must be .* durations"),
        (lambda _: FishPopulation(10, 1, 1, "1"), "rate must be an array of numbers: .* text"),
        (lambda _: FishPopulation(10, 1, 1, np.ma.masked), "rate must be a positive number"),
        (lambda _: FishPopulation(10, 1, 1, 1, n_states=20_001), "n_states must be at most"),
        (lambda _: FishPopulation(10, 1, 1, 1, horizon=2**63), "horizon must be at most"),
        (lambda _: FishPopulation(1, 1, 1, 1e19).sample(3, RNG), "rate = .* is too large"),
        (lambda _: FishPopulation(1e200, 1, 1, 1e200).posterior([3]), "rate = 1e.200 is too large"),
        (lambda lake: lake.sample(0, None), "n_times must be a whole number"),
        (lambda _: FishPopulation(10, 1, 0, 1), "step_sd must be a positive number"),
        (lambda _: FishPopulation(10, 1, 1, np.nan), "rate must be a positive number"),
        (lambda _: forward_backward([0.0], [[0.0]], [0.0]), "log_emission must have shape"),
        (lambda _: forward_backward([0.5], [[0.0]], [[0.0]]), "log_initial must be logarithms"),
        (lambda _: forward_backward([0.0], [[0.1]], [[0.0]]), "log_transition must be logarithms"),
        (lambda _: forward_backward([0.0], [[0.0]], [[np.nan]]), "log_emission must not be"),
        (lambda _: forward_backward([0.0], [[0.0]], [[1e301]]), "log_emission must be logarithms"),
        (
            lambda _: forward_backward([0.0], [[0.0]], np.ma.array([[0.0]], mask=True)),
            "log_emission must not be",
        ),
        (
            lambda _: forward_backward(*(np.log([0.5, 0.5]),) * 2, np.zeros((3, 2))),
            "log_transition must",
        ),
        (
            lambda _: forward_backward([0, -np.inf], np.log([[0.5] * 2] * 2), [[-np.inf, 0.0]]),
            "observations are impossible",
        ),
        (lambda _: forward_backward([0.0], [[0.0]], [[-np.inf]]), "observations are impossible"),
    ],
)
def test_bad_input(call, message):
    with np.errstate(all="raise"), pytest.raises(ValueError, match=message):
        call(FishPopulation(10, 3, 2, 0.5, n_states=20))
