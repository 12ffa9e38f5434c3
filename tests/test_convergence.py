"""What chains are worth: against ArviZ, against theory, and against planted errors."""

import numpy as np
import pytest
from arviz_stats.base import array_stats
from hypothesis import given, settings
from hypothesis import strategies as st

from companion import convergence
from companion.convergence import autocorrelation, effective_sample_size, r_hat


def autoregression(rho, m, n, rng):
    """Chains of variance one whose correlation over t steps is rho^t."""
    x = rng.normal(size=(m, n))
    for t in range(1, n):
        x[:, t] = rho * x[:, t - 1] + np.sqrt(1 - rho**2) * x[:, t]
    return x


def as_arviz_says(draws):
    for of, more in (("bulk", {}), ("tail", {"prob": (0.05, 0.95)}), ("mean", {})):
        expected = array_stats.ess(draws, chain_axis=0, draw_axis=1, method=of, **more)
        assert effective_sample_size(draws, of) == pytest.approx(float(expected), rel=1e-9)
    if len(draws) > 1:
        expected = array_stats.rhat(draws, chain_axis=0, draw_axis=1, method="rank")
        assert r_hat(draws) == pytest.approx(float(expected), rel=1e-9)


@settings(max_examples=40)
@given(
    st.integers(0, 2**32),
    st.integers(1, 5),
    st.integers(10, 300),
    st.floats(-0.95, 0.98),
    st.sampled_from(["plain", "rounded", "apart", "heavy", "wider"]),
)
def test_the_second_opinion_of_arviz(seed, m, n, rho, kind):
    rng = np.random.default_rng(seed)
    draws = autoregression(rho, m, n, rng)
    if kind == "rounded":  # ties
        draws = draws.round(1)
    elif kind == "apart":
        draws = draws + rng.normal(size=(m, 1))
    elif kind == "heavy":
        draws = np.tan(draws)
    elif kind == "wider":
        draws = draws * rng.uniform(0.5, 3, size=(m, 1))
    as_arviz_says(draws)


def theory_of_autoregressions(rho=0.8):
    """The effective share of an autoregression is (1 - rho) / (1 + rho)."""
    draws = autoregression(rho, 40, 1000, np.random.default_rng(2))
    share = effective_sample_size(draws, "mean") / draws.size
    assert share == pytest.approx((1 - rho) / (1 + rho), rel=0.1)
    np.testing.assert_allclose(autocorrelation(draws)[:6], rho ** np.arange(6), rtol=0, atol=0.03)


def ranks_do_not_see_monotone_changes():
    draws = autoregression(0.5, 4, 200, np.random.default_rng(3))
    assert effective_sample_size(np.exp(9 * draws)) == pytest.approx(effective_sample_size(draws))
    cauchy = np.tan(np.pi * np.random.default_rng(3).uniform(-0.5, 0.5, (4, 500)))
    assert r_hat(cauchy) < 1.01
    assert effective_sample_size(cauchy) > 1000


def what_r_hat_is_for():
    """Chains that differ in place, in spread alone, or that drift."""
    rng = np.random.default_rng(4)
    noise = rng.normal(size=(4, 500))
    assert r_hat(noise) < 1.01
    assert r_hat(noise + np.array([[0], [0], [0], [2]])) > 1.2
    assert r_hat(noise * [[1], [1], [1], [4]]) > 1.1  # equal means: the folded ranks see it
    assert r_hat(noise[:1] + np.linspace(0, 3, 500)) > 1.1  # one chain: its halves differ
    moved = noise.copy()
    moved[:, 250:] += 2
    assert r_hat(moved) > 1.1


def test_the_theory():
    theory_of_autoregressions()
    theory_of_autoregressions(0.3)
    theory_of_autoregressions(-0.4)


def test_ranks_and_disagreement():
    ranks_do_not_see_monotone_changes()
    what_r_hat_is_for()


def test_a_mode_that_no_chain_has_found_is_not_seen():
    """The honest limit: R-hat compares what the chains saw."""
    rng = np.random.default_rng(5)
    found_by_all = rng.normal(-5, 1, size=(4, 500))  # and nobody has been at +5
    assert r_hat(found_by_all) < 1.01


def test_what_hardly_varies():
    indicator = np.zeros((4, 100))
    indicator[:, 3] = 1
    assert effective_sample_size(indicator, "tail") == effective_sample_size(indicator)
    assert np.isfinite(r_hat(indicator))
    signs = np.tile([-1.0, 1.0], (2, 10))  # of the median all are as far
    assert r_hat(signs) == pytest.approx(np.sqrt(9 / 10))  # halves of ten that agree
    stuck = np.repeat([[0.0], [1.0], [2.0]], 20, axis=1)
    assert r_hat(stuck) == np.inf
    assert effective_sample_size(stuck) < 6  # halves that stand still


OWN = vars(convergence).copy()
WRONG = [
    ("_halves", lambda draws: OWN["_as_chains"](draws)),
    ("_normal_scores", lambda chains: chains),
    ("_normal_scores", lambda chains: OWN["_normal_scores"](-(chains**2))),
    ("_r_hat", lambda chains: OWN["_r_hat"](chains) ** 2),
    ("_effective", lambda chains: 2 * OWN["_effective"](chains)),
    ("_autocorrelation", lambda chains: OWN["_autocorrelation"](chains) ** 2),
    ("_autocorrelation", lambda chains: OWN["_autocorrelation"](chains - chains.mean(1)[:, None])),
]  # fmt: skip


def laws():
    rng = np.random.default_rng(6)
    as_arviz_says(autoregression(0.7, 3, 101, rng).round(1) + rng.normal(size=(3, 1)))
    theory_of_autoregressions()
    ranks_do_not_see_monotone_changes()
    what_r_hat_is_for()


@pytest.mark.parametrize("k", range(len(WRONG)))
def test_a_planted_error_is_found(monkeypatch, k):
    laws()
    monkeypatch.setattr(convergence, *WRONG[k])
    with pytest.raises(AssertionError):
        laws()


@pytest.mark.parametrize(
    ("draws", "message"),
    [
        (np.zeros((2, 9)), r"draws must have shape .n_chains, n_draws. with at least 10"),
        (np.zeros((2, 20, 2)), r"draws must have shape"),
        (np.ones((2, 20)), "draws must not all be equal"),
        (np.r_[np.ones(10), 0, np.ones(10)], "draws must not all be equal"),
        (np.full((2, 20), np.nan), "draws holds 40 NaN or infinite"),
        ([], "draws is empty"),
    ],
)
@pytest.mark.parametrize("function", [r_hat, effective_sample_size, autocorrelation])
def test_bad_input_is_named(function, draws, message):
    if function is autocorrelation and np.shape(draws) == (21,):
        return  # it does not split chains, and sees the middle draw
    with pytest.raises(ValueError, match=message):
        function(draws)


def test_an_unknown_kind_is_named():
    with pytest.raises(ValueError, match="of must be"):
        effective_sample_size(np.arange(20.0), "median")
