"""Laws of exchangeability, by enumeration; wrong versions planted beside them are caught."""

import functools
import itertools
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import roots_sh_jacobi

from companion.exchangeability import (
    CERTIFIED,
    beta_binomial_logpmf,
    diaconis_freedman_bound,
    is_exchangeable,
    mixing_distribution_from_moments,
    mixture_of_iid_log_probability,
    nearest_mixture,
    polya_urn,
    predictive_probability,
    sampling_without_replacement_joint,
    urn_log_probability,
)

seeds = st.integers(0, 2**32)


def sequences(n):
    return np.array(list(itertools.product((0, 1), repeat=n)))


def beta_nodes(alpha, beta, n):
    """Nodes and weights that integrate polynomials of degree n against a Beta density exactly."""
    nodes, weights = roots_sh_jacobi(n // 2 + 1, alpha + beta - 1, alpha)
    return nodes, weights / weights.sum()


def urn_by_fractions(x, white, black, reinforcement):
    """The definition, one draw after the other, in exact arithmetic."""
    p, balls = Fraction(1), [Fraction(black), Fraction(white)]
    for colour in x:
        p *= balls[colour] / sum(balls)
        balls[colour] += reinforcement
    return p


# ------------------------------------------------------------------------- exchangeable or not


def chain(n, stay=0.8):
    moves = np.abs(np.diff(sequences(n), axis=1)).sum(axis=1)
    return (0.5 * stay ** (n - 1 - moves) * (1 - stay) ** moves).reshape((2,) * n)


@given(seeds, st.integers(2, 8))
def test_mixtures_of_coins_are_exchangeable(seed, n):
    rng = np.random.default_rng(seed)
    thetas, weights = rng.uniform(size=3), rng.dirichlet(np.ones(3))
    p = np.exp(mixture_of_iid_log_probability(sequences(n), thetas, weights))
    assert p.sum() == pytest.approx(1, abs=1e-12)
    assert is_exchangeable(p.reshape((2,) * n))


@pytest.mark.parametrize("n", [3, 5, 10])
def test_a_chain_and_unequal_coins_are_not_exchangeable(n):
    assert not is_exchangeable(chain(n))
    unequal = np.ones(())
    for p in np.linspace(0.3, 0.6, n):
        unequal = np.multiply.outer(unequal, [1 - p, p])
    assert not is_exchangeable(unequal)


def test_two_steps_of_a_symmetric_chain_are_exchangeable():
    """Every definition of "for all n" needs this: two variables do not show the order."""
    assert is_exchangeable(chain(2))


@given(seeds)
def test_neighbouring_swaps_are_enough(seed):
    """Against all permutations, on tables symmetrised and then disturbed in one entry."""
    rng = np.random.default_rng(seed)
    table = rng.uniform(size=(2, 2, 2, 2))
    table = sum(np.transpose(table, axes) for axes in itertools.permutations(range(4)))
    table[rng.integers(0, 2), 1, 0, 0] += rng.integers(0, 2) * 0.1
    table /= table.sum()
    slow = all(
        np.allclose(table, np.transpose(table, axes)) for axes in itertools.permutations(range(4))
    )
    assert is_exchangeable(table) == slow


@pytest.mark.parametrize("reinforcement", [-1, 0, 1, 2.5])
def test_marginal_of_an_exchangeable_law_is_the_shorter_law(reinforcement):
    longer = np.exp(urn_log_probability(sequences(6), 4, 3, reinforcement)).reshape((2,) * 6)
    shorter = np.exp(urn_log_probability(sequences(5), 4, 3, reinforcement)).reshape((2,) * 5)
    np.testing.assert_allclose(longer.sum(axis=-1), shorter, atol=1e-14)


@given(seeds, st.integers(1, 6), st.sampled_from([np.float32, np.float16]))
def test_tables_of_single_precision(seed, n, kind):
    """A mixture that was rounded, or computed in another order, is exchangeable all the same."""
    rng = np.random.default_rng(seed)
    thetas, weights = rng.uniform(0.2, 0.8, size=3), rng.dirichlet(np.ones(3))
    p = np.exp(mixture_of_iid_log_probability(sequences(n), thetas, weights))
    noise = rng.uniform(-1, 1, p.shape) * np.finfo(kind).eps / 2
    rounded = (p * (1 + noise)).astype(kind).reshape((2,) * n)
    assert is_exchangeable(rounded)
    assert nearest_mixture(rounded).distance < 4 * np.finfo(kind).eps
    if n > 1:
        rounded[(1,) + (0,) * (n - 1)] *= kind(1.25)
        assert not is_exchangeable(rounded / rounded.sum(dtype=kind))
    single = mixture_of_iid_log_probability([1, 0], thetas, weights.astype(np.float32))
    np.testing.assert_allclose(
        single, mixture_of_iid_log_probability([1, 0], thetas, weights), rtol=1e-5
    )


# ------------------------------------------------------------------------- the urn


@pytest.mark.parametrize(("white", "black"), [(1, 1), (2, 3), (4, 0), (5, 6)])
@pytest.mark.parametrize("reinforcement", [-1, 0, 1, 3])
def test_urn_probability_by_exact_fractions(white, black, reinforcement):
    n = min(10, white + black) if reinforcement == -1 else 10
    x = sequences(n)
    exact = np.array([float(urn_by_fractions(row, white, black, reinforcement)) for row in x])
    found = np.exp(urn_log_probability(x, white, black, reinforcement))
    np.testing.assert_allclose(found, exact, rtol=1e-12, atol=1e-300)
    assert is_exchangeable(found.reshape((2,) * n))


def urn_follows_its_law(urn):
    """Frequencies of the 16 sequences of 4 draws; chi-squared with 15 degrees, p < 1e-6."""
    rng = np.random.default_rng(7)
    drawn = urn(2, 1, 4, rng, 40_000)
    expected = 40_000 * np.exp(urn_log_probability(sequences(4), 2, 1))
    found = np.bincount(drawn @ [8, 4, 2, 1], minlength=16)
    assert ((found - expected) ** 2 / expected).sum() < stats.chi2(15).isf(1e-6)


def test_urn_follows_its_law():
    urn_follows_its_law(polya_urn)


def test_wrong_urn_is_caught():
    with pytest.raises(AssertionError):
        urn_follows_its_law(lambda *args: polya_urn(*args, reinforcement=0))
    with pytest.raises(AssertionError):
        urn_follows_its_law(lambda w, b, *rest: polya_urn(b, w, *rest))


def test_fraction_of_white_tends_to_a_beta_draw():
    rng = np.random.default_rng(8)
    fractions = polya_urn(2, 3, 2_000, rng, 4_000).mean(axis=1)
    assert stats.kstest(fractions, stats.beta(2, 3).cdf).pvalue > 1e-3
    assert stats.kstest(fractions, stats.beta(3, 2).cdf).pvalue < 1e-6


def test_without_replacement_the_urn_is_emptied():
    drawn = polya_urn(3, 4, 7, np.random.default_rng(9), 200, reinforcement=-1)
    assert (drawn.sum(axis=1) == 3).all()


@pytest.mark.parametrize("form", [float, np.float32, np.array, Fraction, np.int8, Decimal])
def test_balls_in_every_form_of_a_number(form):
    x = sequences(3)
    expected = urn_log_probability(x, 2, 3, 1)
    np.testing.assert_array_equal(urn_log_probability(x, form(2), form(3), form(1)), expected)
    drawn = [polya_urn(f(2), f(3), 5, np.random.default_rng(1), 7, f(1)) for f in (int, form)]
    np.testing.assert_array_equal(*drawn)


@pytest.mark.parametrize("more", [0, 1, 2**63, 10**30])
def test_boxes_of_any_size(more):
    """Of a huge box the tickets are nearly independent; one that is no longer exact is refused."""
    n = 2**52 + more
    if more > 2**52:
        with pytest.raises(ValueError, match="n must be at most"):
            sampling_without_replacement_joint(3, n, 2)
    else:
        joint = sampling_without_replacement_joint(n // 4, n, 3)
        p = np.array([0.75, 0.25])
        np.testing.assert_allclose(joint, p[:, None, None] * p[:, None] * p, rtol=1e-14)
    assert diaconis_freedman_bound(2, n, None) == pytest.approx(1 / n)
    assert diaconis_freedman_bound(n, n) == 1.0
    assert diaconis_freedman_bound(10**400, 10**900) == 0.0


# ------------------------------------------------------------------------- de Finetti's mixture


def urn_is_a_beta_mixture(log_probability):
    for alpha, beta in [(1, 1), (2, 3), (0.5, 4)]:
        for n in (1, 4, 10):
            x = sequences(n)
            expected = np.exp(urn_log_probability(x, alpha, beta))
            found = np.exp(log_probability(x, *beta_nodes(alpha, beta, n)))
            np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_urn_is_a_beta_mixture():
    urn_is_a_beta_mixture(mixture_of_iid_log_probability)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x, t, w: mixture_of_iid_log_probability(1 - x, t, w),
        lambda x, t, w: mixture_of_iid_log_probability(x, [t @ w], [1.0]),
        lambda x, t, w: mixture_of_iid_log_probability(x, t, np.full(len(t), 1 / len(t))),
    ],
    ids=["zeros for ones", "one coin of the mean chance", "weights forgotten"],
)
def test_wrong_mixture_is_caught(wrong):
    with pytest.raises(AssertionError):
        urn_is_a_beta_mixture(wrong)


def test_predictive_is_the_rule_of_the_urn():
    x = sequences(5)
    found = predictive_probability(x, *beta_nodes(2, 3, 6))
    np.testing.assert_allclose(found, (2 + x.sum(axis=1)) / (5 + 5), rtol=1e-10)
    assert predictive_probability([], *beta_nodes(1, 1, 4)) == pytest.approx(1 / 2)


@given(seeds)
def test_predictions_are_means_of_the_coins(seed):
    """The ratio of two probabilities is the posterior mean; it never leaves the coins' range."""
    rng = np.random.default_rng(seed)
    thetas, weights = rng.uniform(size=4), rng.dirichlet(np.ones(4))
    x = rng.integers(0, 2, (3, rng.integers(0, 400)))
    longer = np.concatenate([x, np.ones((3, 1), int)], axis=1)
    before, after = (mixture_of_iid_log_probability(s, thetas, weights) for s in (x, longer))
    found = predictive_probability(x, thetas, weights)
    np.testing.assert_allclose(found, np.exp(after - before), rtol=1e-10)
    assert thetas.min() * (1 - 1e-15) <= found.min()
    assert found.max() <= thetas.max() * (1 + 1e-15)


def test_long_sequences_stay_in_logs():
    x = np.zeros(100_000, dtype=int)
    x[:30_000] = 1
    expected = urn_log_probability(x, 1, 1)
    by_count = beta_binomial_logpmf(30_000, 100_000, 1, 1)
    choose = stats.binom(100_000, 0.5).logpmf(30_000) + 100_000 * np.log(2)
    np.testing.assert_allclose(expected, by_count - choose, rtol=1e-9)


@given(seeds)
def test_beta_binomial_equals_scipy(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(0, 60))
    alpha, beta = np.exp(rng.normal(0, 2, size=2))
    k = np.arange(n + 1)
    found = beta_binomial_logpmf(k, n, alpha, beta)
    np.testing.assert_allclose(found, stats.betabinom(n, alpha, beta).logpmf(k), atol=1e-9)
    assert np.exp(found).sum() == pytest.approx(1, abs=1e-10)


def test_beta_binomial_with_a_sharp_prior_is_binomial():
    """At a sample size of 1e12 the prior is a point, and a difference of gammaln is noise."""
    k = np.arange(21)
    found = beta_binomial_logpmf(k, 20, 3e11, 7e11)
    np.testing.assert_allclose(found, stats.binom(20, 0.3).logpmf(k), atol=1e-9)
    assert (beta_binomial_logpmf([-1, 21], 20, 1, 1) == -np.inf).all()


# ------------------------------------------------------------------------- finite sequences


@pytest.mark.parametrize(
    ("M", "n", "k"), [(1, 2, 2), (3, 7, 4), (5, 10, 6), (0, 4, 3), (20, 40, 10)]
)
def test_without_replacement_has_negative_correlation(M, n, k):
    joint = sampling_without_replacement_joint(M, n, k)
    assert is_exchangeable(joint)
    counts = np.bincount(sequences(k).sum(axis=1), weights=joint.ravel())
    np.testing.assert_allclose(
        counts[: k + 1], stats.hypergeom(n, M, k).pmf(range(k + 1)), atol=1e-12
    )
    if 0 < M < n:
        pair = joint.reshape(2, 2, -1).sum(axis=2)
        p = M / n
        correlation = (pair[1, 1] - p**2) / (p * (1 - p))
        assert correlation == pytest.approx(-1 / (n - 1))


@pytest.mark.parametrize("k", [2, 3, 6])
def test_mixtures_have_distance_zero(k):
    joint = np.exp(urn_log_probability(sequences(k), 2, 3)).reshape((2,) * k)
    assert nearest_mixture(joint).distance < 1e-9


def test_nearest_mixture_to_one_of_two_by_hand():
    """One ticket of two: P(01) = P(10) = 1/2; the nearest coin is fair, and half as often equal."""
    found = nearest_mixture(sampling_without_replacement_joint(1, 2, 2))
    assert found.distance == pytest.approx(0.5, abs=1e-9)


@pytest.mark.parametrize(("M", "n", "k"), [(2, 4, 3), (5, 10, 4), (3, 12, 5)])
def test_nearest_mixture_is_reached_and_cannot_be_beaten(M, n, k):
    """The distance recomputed from its mixing distribution; other mixtures are no nearer."""
    joint = sampling_without_replacement_joint(M, n, k)
    found = nearest_mixture(joint)
    x = sequences(k)
    q = np.exp(mixture_of_iid_log_probability(x, found.thetas, found.weights))
    assert abs(q - joint.ravel()).sum() / 2 == pytest.approx(found.distance, abs=1e-7)
    rng = np.random.default_rng(1)
    for _ in range(200):
        near = np.clip(M / n + 0.2 * rng.normal(size=3), 0, 1)
        q = np.exp(mixture_of_iid_log_probability(x, near, rng.dirichlet(np.ones(3))))
        assert abs(q - joint.ravel()).sum() / 2 >= found.distance - 1e-9


@functools.cache
def distance(M, n, k):
    return nearest_mixture(sampling_without_replacement_joint(M, n, k)).distance


def bound_holds(bound):
    for n in (4, 8, 16):
        for k in range(1, min(n, 6) + 1):
            for M in (1, n // 2):
                assert distance(M, n, k) <= bound(k, n) + 1e-9
    assert bound(2, 10**9) < 1e-8, "the bound must vanish as the sequence grows"


def test_diaconis_freedman_bound_holds():
    bound_holds(diaconis_freedman_bound)
    assert diaconis_freedman_bound(5, 100, n_values=None) == pytest.approx(0.1)
    assert diaconis_freedman_bound(50, 100, n_values=2) == 1


@pytest.mark.parametrize(
    "wrong",
    [lambda k, n: n / k, lambda k, n: 0.1 * k / n, lambda k, n: k * (k - 1) / (2 * n**2)],
    ids=["k and n swapped", "ten times too small", "a square too many"],
)
def test_wrong_bound_is_caught(wrong):
    with pytest.raises(AssertionError):
        bound_holds(wrong)


# ------------------------------------------------------------------------- moments


def test_moments_give_the_law_of_the_count():
    moments = [Fraction(1)]
    for j in range(20):
        moments.append(moments[-1] * Fraction(2 + j, 5 + j))  # Beta(2, 3)
    thetas, weights = mixing_distribution_from_moments(moments)
    np.testing.assert_allclose(thetas, np.arange(21) / 20)
    np.testing.assert_allclose(weights, stats.betabinom(20, 2, 3).pmf(range(21)), rtol=1e-12)


@pytest.mark.parametrize(
    "moments",
    [
        np.array([1, 1, 1]),
        np.array([1, 1, 1], np.int8),
        np.array([1, 1, 1], np.uint64),
        np.array([1, 1, 1], np.float32),
        np.array([1, 1, 1], np.longdouble),
        np.array([1, 1, 1], object),
        [np.int64(1), True, 1.0],
        pd.Series([1, 1, 1], index=[5, 6, 7]),
        pd.array([1, 1, 1], dtype="Int64"),
        (Decimal(1), Fraction(1), np.array(1)),
        (m for m in [1, 1, 1]),
    ],
    ids=lambda m: f"{type(m).__name__} {getattr(m, 'dtype', '')}",
)
def test_moments_of_every_kind_of_number(moments):
    """A coin that always shows 1. Integers of NumPy used to overflow in their own products."""
    thetas, weights = mixing_distribution_from_moments(moments)
    assert thetas.tolist() == [0, 0.5, 1]
    assert weights.tolist() == [0, 0, 1]


@given(st.integers(1, 40), st.sampled_from([np.int8, np.int64, np.float32, object]))
def test_integer_moments_of_any_number(n, kind):
    """All ones, and all zeros after the first: a coin of chance 1, and one of chance 0."""
    for rest in (0, 1):
        _, weights = mixing_distribution_from_moments(np.array([1] + [rest] * n, dtype=kind))
        assert weights.tolist() == [1.0 - rest] + [0.0] * (n - 1) + [float(rest)]


def test_moments_converge_to_the_mixing_distribution():
    def error(n):
        moments = [Fraction(1, 3) * Fraction(1, 5) ** j + Fraction(2, 3) * Fraction(7, 10) ** j
                   for j in range(n + 1)]  # fmt: skip
        thetas, weights = mixing_distribution_from_moments(moments)
        cdf = np.cumsum(weights)
        truth = np.where(thetas < 0.2, 0, np.where(thetas < 0.7, 1 / 3, 1))
        return np.abs(cdf - truth).mean()

    found = [error(n) for n in (10, 40, 160)]
    assert found[0] > 1.5 * found[1] > 2 * found[2]


def test_moments_of_no_infinite_sequence_are_refused():
    """P(1) = 1/2 and P(11) = 0: a box with one 1 of two can do that twice, and never thrice."""
    _, weights = mixing_distribution_from_moments([1, 0.5, 0])
    np.testing.assert_allclose(weights, [0, 1, 0])
    with pytest.raises(ValueError, match="no infinite exchangeable sequence"):
        mixing_distribution_from_moments([1, 0.5, 0, 0])


# ------------------------------------------------------------------------- bad input

RNG = np.random.default_rng(1)


@given(st.integers(0, 2**32), st.integers(1, 4))
def test_one_number_out_of_range_among_good_ones_is_named(seed, J):
    """Wherever it stands, and whichever of two arguments it is in."""
    rng = np.random.default_rng(seed)
    alpha, beta = 10 ** rng.uniform(-3, 299, (2, J))
    assert np.isfinite(beta_binomial_logpmf(np.zeros(J), np.ones(J), alpha, beta)).all()
    (alpha if rng.random() < 0.5 else beta)[rng.integers(J)] = 10 ** rng.uniform(300.1, 308)
    with pytest.raises(ValueError, match="alpha and beta must not exceed 1e300"):
        beta_binomial_logpmf(np.zeros(J), np.ones(J), alpha, beta)
    white, black = rng.permutation([rng.integers(3, 9) + 0.5, rng.integers(3, 9)])
    for call in (
        lambda: urn_log_probability([0, 1], white, black, -1),
        lambda: polya_urn(white, black, 2, rng, reinforcement=-1),
    ):
        with pytest.raises(ValueError, match="reinforcement must be >= 0, or -1"):
            call()


def test_a_table_has_at_most_twenty_axes():
    """A million entries of 0/1 variables; more would not end."""
    assert is_exchangeable(np.ones((1,) * 20))
    assert is_exchangeable([[0.4, 0.1], [0.1, 0.4]], tol=0), "equal numbers need no tolerance"
    with pytest.raises(ValueError, match="joint must have at most 20 axes, not 21"):
        is_exchangeable(np.ones((1,) * 21))


@pytest.mark.parametrize("n_ones", [0, 3])
def test_a_box_of_one_kind_has_one_sequence(n_ones):
    joint = sampling_without_replacement_joint(n_ones, 3, 2)
    assert joint[(1, 1) if n_ones else (0, 0)] == 1
    assert joint.sum() == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: is_exchangeable([[0.5, 0.2], [0.2, 0.2]]), "joint must sum to one"),
        (lambda: is_exchangeable([[0.5, 0.5, 0.0]]), "joint must have one axis"),
        (lambda: is_exchangeable([[1.2, -0.1], [-0.1, 0.0]]), "joint must not be negative"),
        (lambda: polya_urn(-1, 1, 3, RNG), "white must not be negative"),
        (lambda: polya_urn(0, 0, 3, RNG), "the urn is empty"),
        (lambda: polya_urn(1, 1, 0, RNG), "n_draws must be a whole number"),
        (lambda: polya_urn(1, 1, 3, RNG, reinforcement=-1), "cannot give 3"),
        (lambda: polya_urn(1, 1, 3, RNG, reinforcement=-2), "reinforcement must be >= 0, or -1"),
        (lambda: polya_urn(1, 1, 3, RNG, reinforcement=np.nan), "reinforcement holds"),
        (lambda: urn_log_probability([0, 2], 1, 1), "x must hold zeros and ones"),
        (lambda: urn_log_probability([[[0]]], 1, 1), "x must have shape"),
        (lambda: beta_binomial_logpmf(1, 2, 0, 1), "alpha must be positive"),
        (lambda: beta_binomial_logpmf(0.5, 2, 1, 1), "k must be whole"),
        (lambda: beta_binomial_logpmf(0, -2, 1, 1), "n must not be negative"),
        (lambda: mixture_of_iid_log_probability([1], [1.5], [1.0]), r"thetas must lie in \[0, 1\]"),
        (lambda: mixture_of_iid_log_probability([1], [0.5], [0.9]), "weights must sum to one"),
        (lambda: mixture_of_iid_log_probability([1], [0.5, 0.6], [1.0]), "thetas must have shape"),
        (lambda: predictive_probability([1], [0.0], [1.0]), "x has probability zero"),
        (lambda: sampling_without_replacement_joint(5, 4, 2), "n_ones must be at most n = 4"),
        (lambda: sampling_without_replacement_joint(-1, 4, 2), "n_ones must be a whole number"),
        (lambda: sampling_without_replacement_joint(2, 4, 1.5), "k must be a whole number"),
        (lambda: sampling_without_replacement_joint(2, 4, 0), "k must be a whole number"),
        (lambda: sampling_without_replacement_joint(2, 4, 5), "k must be at most 4"),
        (lambda: sampling_without_replacement_joint(2, 400, 21), "k must be at most 20"),
        (lambda: nearest_mixture(chain(3)), "joint must be exchangeable"),
        (lambda: nearest_mixture(np.eye(3) / 3), "joint must be of 0/1 variables"),
        (lambda: diaconis_freedman_bound(5, 4), "k must be at most n = 4"),
        (lambda: diaconis_freedman_bound(2, 4, n_values=1), "n_values must be a whole number"),
        (lambda: mixing_distribution_from_moments([1]), "moments must have at least two"),
        (lambda: mixing_distribution_from_moments([0.9, 0.5]), "moments must begin with m_0 = 1"),
        (lambda: mixing_distribution_from_moments([1, "x"]), "moments must be numbers"),
        (lambda: mixing_distribution_from_moments([1, np.nan]), "moments must be numbers"),
        (lambda: mixing_distribution_from_moments([1, "1/2"]), "moments must be numbers: .* text"),
        (lambda: mixing_distribution_from_moments([1, pd.NA]), "moments must be numbers"),
        (lambda: mixing_distribution_from_moments([1, np.timedelta64(1, "s")]), "moments must be"),
        (lambda: mixing_distribution_from_moments([1, 0.5 + 0j]), "moments must be .* complex"),
        (lambda: mixing_distribution_from_moments([[1, 0], [1, 1]]), "moments must be numbers"),
        (lambda: mixing_distribution_from_moments(1), "moments must be numbers"),
        (lambda: beta_binomial_logpmf([1, 2, 3], [4, 5], 1, 1), r"k, n, .*k \(3,\), n \(2,\)"),
        (lambda: beta_binomial_logpmf(1, 2, [1, 2], [1, 2, 3]), "k, n, alpha and beta must broad"),
        (lambda: beta_binomial_logpmf(0, 2**63, 1, 1), r"n must be whole numbers up to 2\*\*53"),
        (lambda: beta_binomial_logpmf(0, 2**53 + 1, 1, 1), "n must be whole numbers up to"),
        (lambda: beta_binomial_logpmf([0, pd.NA], 2, 1, 1), "k holds 1 NaN"),
        (lambda: beta_binomial_logpmf(0, 2, 1e308, 1e308), "alpha and beta must not exceed"),
        (lambda: is_exchangeable(np.ma.array([0.5, 0.5], mask=[0, 1])), "joint holds 1 NaN"),
        (lambda: is_exchangeable([0.5, 0.5], tol=[1e-9]), "tol must be one number"),
        (lambda: is_exchangeable([0.5, 0.5], tol=-1), "tol must not be negative"),
        (lambda: is_exchangeable([0.5, 0.5], tol="1"), "tol must be .* text"),
        (lambda: polya_urn([1], 1, 3, RNG), "white must be one number"),
        (lambda: polya_urn(1, np.ma.masked, 3, RNG), "black holds 1 NaN"),
        (lambda: polya_urn(1, np.timedelta64(1, "s"), 3, RNG), "black must be .* durations"),
        (lambda: polya_urn(1, 1, 2**63, RNG), "n_draws must be at most"),
        (lambda: polya_urn(1, 1, 2**40, RNG, 2**40), "n_draws and n_urns are too many"),
        (lambda: polya_urn(1, 1, 3, RNG, 2.5), "n_urns must be"),
        (lambda: polya_urn(1, 1, 3, RNG, 0), "n_urns must be"),
        (lambda: polya_urn(1e308, 1e308, 3, RNG), "white, black and reinforcement are too"),
        (lambda: urn_log_probability([1] * 9, 1, 1, 1e308), "white, black and reinforcement are"),
        (lambda: urn_log_probability([0, 1, None], 1, 1), "x must hold zeros and ones"),
        (lambda: urn_log_probability([0, 1], 1, 1, 1j), "reinforcement must be .* complex"),
        (lambda: predictive_probability([1], [0.5, np.nan], [0.5, 0.5]), "thetas holds 1 NaN"),
        (lambda: predictive_probability([1], [0.5, 0.6], [0.5, None]), "weights holds 1 NaN"),
        (lambda: sampling_without_replacement_joint(2, np.array([4]), 2), "n must be a whole"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, message):
    with np.errstate(all="raise"), pytest.raises(ValueError, match=message):
        call()


# ------------------------------------------------------------------- forms, states, bad input


@pytest.mark.parametrize(
    ("moments", "weights"),
    [
        (np.array([1, 1, 1]), [0, 0, 1]),
        (np.array([1, 0.5, 0.375], np.float32), [0.375, 0.25, 0.375]),
        ([np.int8(1), np.float16(0.5), 0.375], [0.375, 0.25, 0.375]),
        ([1, Decimal("0.5"), Fraction(3, 8)], [0.375, 0.25, 0.375]),
    ],
)
def test_moments_of_any_type(moments, weights):
    """NumPy's integers overflowed in a product of fractions."""
    np.testing.assert_allclose(
        mixing_distribution_from_moments(moments)[1], weights, rtol=1e-15, atol=0
    )
    ones = mixing_distribution_from_moments(np.ones(60, dtype=int))[1]
    assert ones.tolist() == [0.0] * 59 + [1.0]


def test_single_precision_is_accepted():
    table = np.full((2,) * 12, 2.0**-12, np.float32) * np.float32(1.0000001)
    assert is_exchangeable(table)
    thetas, weights = np.array([0.2, 0.5, 0.8], np.float32), np.full(3, 1 / 3, np.float32)
    found = mixture_of_iid_log_probability([1, 0, 1], thetas, weights)
    exact = mixture_of_iid_log_probability([1, 0, 1], [0.2, 0.5, 0.8], [1 / 3] * 3)
    assert float(found) == pytest.approx(float(exact), rel=1e-7, abs=0)


def test_no_error_state_matters():
    with np.errstate(all="raise"):
        x = [1] * 2000
        both = [mixture_of_iid_log_probability(x, [0.2, 0.8], [0.5, 0.5]),
                predictive_probability(x, [0.2, 0.8], [0.5, 0.5]),
                beta_binomial_logpmf([0, 3], 5, 1e-300, 1e300),
                urn_log_probability([1, 0], 1e-300, 1),
                nearest_mixture(sampling_without_replacement_joint(3, 6, 5)).distance]  # fmt: skip
    assert float(both[1]) == pytest.approx(0.8, rel=1e-12)
    assert both[2][0] == 0
    assert np.isfinite(np.concatenate([np.ravel(v) for v in both])).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: beta_binomial_logpmf([1, 2], [3, 4, 5], 1, 1), "^k, n, alpha and beta must"),
        (lambda: beta_binomial_logpmf([1, 2, 3], [3, 4.5, 5], 1, 1), "^n must be whole"),
        (lambda: beta_binomial_logpmf(3, [4, 2**63, 5], 1, 1), r"^n must be whole numbers up to"),
        (lambda: beta_binomial_logpmf(1, 3, [1, 0.0, 2], 1), "^alpha must"),
        (lambda: urn_log_probability([1, 0], [1, 2], 1), "^white must be one number"),
        (lambda: urn_log_probability([1, 0], 1e308, 1e308), "^white, black and"),
        (lambda: urn_log_probability(np.ma.array([1, 0], mask=[0, 1]), 1, 1), "^x must hold"),
        (lambda: is_exchangeable([[0.4, 0.1], [0.1, 0.4]], tol=np.nan), "^tol"),
        (lambda: mixing_distribution_from_moments([1, np.nan, 0.3]), "^moments"),
        (lambda: mixing_distribution_from_moments([1, 0.5 + 0j, 0.3]), "^moments"),
    ],
)
def test_what_is_no_number_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# -------------------------------------------------------------------- laws on random inputs


@given(st.integers(0, 2**32), st.integers(1, 5), st.integers(1, 3))
@settings(max_examples=12)
def test_a_mixture_is_no_distance_from_itself(seed, k, M):
    """Of chances that stand on no grid; no floating-point flag is left to the caller."""
    rng = np.random.default_rng(seed)
    thetas, weights = rng.random(M), rng.dirichlet(np.ones(M))
    law = np.exp(mixture_of_iid_log_probability(sequences(k), thetas, weights))
    with np.errstate(all="raise"):
        found = nearest_mixture(law.reshape((2,) * k))
    assert found.distance <= CERTIFIED
    assert found.weights.sum() == pytest.approx(1, abs=1e-15)
    moments = [found.weights @ found.thetas**j for j in range(k + 1)]
    np.testing.assert_allclose(moments, [weights @ thetas**j for j in range(k + 1)], atol=1e-8)


@given(st.integers(0, 2**32), st.integers(1, 5), st.integers(0, 6))
def test_every_row_is_predicted_by_itself(seed, N, n):
    """Whatever the others are: so long that their probabilities have no float, or impossible."""
    rng = np.random.default_rng(seed)
    thetas, weights = np.append(0.0, rng.uniform(0.1, 0.9, 3)), rng.dirichlet(np.ones(4))
    x = rng.integers(0, 2, (N, n))
    found = predictive_probability(x, thetas, weights)
    for one, row in zip(found, x, strict=True):
        p = weights * thetas ** row.sum() * (1 - thetas) ** (n - row.sum())
        assert one == pytest.approx(p @ thetas / p.sum(), rel=1e-12)
    long = np.repeat([[0], [1]], 4000, axis=1)  # the first favours 0, the second the largest
    np.testing.assert_allclose(
        predictive_probability(long, thetas, weights), [0, thetas.max()], atol=1e-9
    )
    impossible = rng.integers(0, 2, (N, n + 2))
    impossible[rng.integers(N)] = np.arange(n + 2) % 2  # both sides of a coin with one
    for certain in (0.0, 1.0):
        with pytest.raises(ValueError, match="x has probability zero under the mixture"):
            predictive_probability(impossible, [certain, certain], [0.5, 0.5])


@given(st.integers(0, 2**32), st.integers(1, 14))
def test_moments_in_floats_may_be_rounded(seed, n):
    """A probability that is nearly zero may come out a little below: it is no fault of theirs."""
    theta = 1 - 10 ** np.random.default_rng(seed).uniform(-4, 0)
    moments = [float(theta) ** j for j in range(n + 1)]
    found = mixing_distribution_from_moments(moments)
    np.testing.assert_array_equal(found[0], np.arange(n + 1) / n)
    np.testing.assert_allclose(found[1], stats.binom(n, theta).pmf(np.arange(n + 1)), atol=1e-9)


def test_moments_of_many_draws():
    """The binomial coefficients have no float, the probabilities do."""
    _, weights = mixing_distribution_from_moments([1] + [0] * 1030)
    assert weights.tolist() == [1.0] + [0.0] * 1030


def test_tables_may_have_twenty_axes():
    """And chances of any size; one axis more is refused, of a box and of a table."""
    joint = sampling_without_replacement_joint(1, 30, 20)
    assert joint.shape == (2,) * 20
    assert joint.sum() == pytest.approx(1)
    with pytest.raises(ValueError, match="k must be at most 20"):
        sampling_without_replacement_joint(1, 30, 21)
    with np.errstate(all="raise"):
        rare = sampling_without_replacement_joint(20, 2**53, 20)
    assert 0 < rare.min() < 1e-300


def test_counts_of_any_size_have_a_bound():
    assert diaconis_freedman_bound(10**20, 10**45, n_values=10**17) == 1e-8
    assert diaconis_freedman_bound(10**20, 10**45, n_values=None) == 5e-6


@given(st.floats(0, 1), st.integers(1, 16))
@example(0.9375, 16)  # without care, two are
def test_rounded_moments_of_a_point_leave_no_negative_weight(theta, n):
    thetas, weights = mixing_distribution_from_moments([theta**j for j in range(n + 1)])
    assert (weights >= 0).all()
    assert weights @ thetas == pytest.approx(theta, abs=1e-6)
