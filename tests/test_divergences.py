"""Laws of entropy and divergence; each is broken by wrong versions planted beside it."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from companion.divergences import cross_entropy, entropy, kl_divergence, kl_normal

seeds = st.integers(0, 2**32)


def pair(seed):
    """Two distributions: even ones, and ones over many orders of magnitude, down to zero."""
    rng = np.random.default_rng(seed)
    K = rng.integers(2, 6)
    return [rng.dirichlet(np.full(K, 10 ** rng.uniform(-3, 1))) for _ in range(2)]


@given(seeds)
def test_equal_scipy(seed):
    p, q = pair(seed)
    np.testing.assert_allclose(entropy(p), stats.entropy(p), rtol=1e-12)
    np.testing.assert_allclose(kl_divergence(p, q), stats.entropy(p, q), rtol=1e-10, atol=1e-15)


@given(seeds)
def test_cross_entropy_is_entropy_plus_divergence(seed):
    p, q = pair(seed)
    total = entropy(p) + kl_divergence(p, q)
    np.testing.assert_allclose(cross_entropy(p, q), total, rtol=1e-10, atol=1e-15)


@given(seeds)
def test_nothing_is_said_of_probabilities_however_small(seed):
    """Zero, one and what lies between are valid: no warning, even where the caller wants errors."""
    p, q = pair(seed)
    certain = np.eye(len(p))[0]
    with np.errstate(all="raise"):
        assert 0 <= entropy(p) <= np.log(len(p)) * (1 + 1e-15)
        assert kl_divergence(p, q) >= 0
        assert cross_entropy(p, q) >= 0
        assert cross_entropy(p, certain) == kl_divergence(p, certain) == np.inf or p[0] == 1
        zeros = entropy(certain), cross_entropy(certain, certain), kl_divergence(certain, certain)
    assert [str(zero) for zero in zeros] == ["0.0"] * 3  # and not -0.0


@given(seeds, st.floats(1, 140))
def test_normals_of_very_different_widths(seed, log_scale):
    """Independent coordinates add, each by the formula in logarithms."""
    rng = np.random.default_rng(seed)
    log_p, log_q = np.log(10) * rng.uniform(-2 * log_scale, 2 * log_scale, (2, rng.integers(1, 4)))
    alike = rng.random(len(log_p)) < 0.5
    log_q[alike] = log_p[alike]
    apart = log_p - log_q
    with np.errstate(under="ignore", over="ignore"):
        expected = 0.5 * (np.exp(apart) - 1 - apart).sum()
        P, Q = np.diag(np.exp(log_p)), np.diag(np.exp(log_q))
    with np.errstate(all="raise"):
        found = kl_normal(0 * log_p, P, 0 * log_p, Q)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def published_values(kl):
    """Cover and Thomas (2006), example 2.3.1: D(p||q) = 0.2075 and D(q||p) = 0.1887 bits."""
    p, q = np.array([0.5, 0.5]), np.array([0.75, 0.25])
    assert kl(p, q) / np.log(2) == pytest.approx(0.2075, abs=5e-5)
    assert kl(q, p) / np.log(2) == pytest.approx(0.1887, abs=5e-5)


def independent_parts_add(kl):
    rng = np.random.default_rng(1)
    p, q, r, s = (rng.dirichlet(np.ones(3)) for _ in range(4))
    joint = kl(np.outer(p, q), np.outer(r, s))
    np.testing.assert_allclose(joint, kl(p, r) + kl(q, s), rtol=1e-10)


def is_zero_only_at_equality(kl):
    rng = np.random.default_rng(2)
    for _ in range(50):
        p, q = rng.dirichlet(np.ones(3)), rng.dirichlet(np.ones(3))
        assert kl(p, q) > 0
        assert kl(p, p) == pytest.approx(0, abs=1e-15)
    assert kl(np.array([0.5, 0.5]), np.array([1.0, 0.0])) == np.inf
    assert kl(np.array([1.0, 0.0]), np.array([0.5, 0.5])) == np.log(2)


LAWS = [published_values, independent_parts_add, is_zero_only_at_equality]
WRONG = [
    (published_values, lambda p, q: kl_divergence(q, p)),
    (published_values, lambda p, q: 2 * kl_divergence(p, q)),
    (published_values, lambda p, q: kl_divergence(p, q) / np.log(2)),
    (independent_parts_add, lambda p, q: np.sqrt(kl_divergence(p, q))),
    (is_zero_only_at_equality, cross_entropy),
    (is_zero_only_at_equality, lambda p, q: np.abs(p - q).sum()),
]


@pytest.mark.parametrize("law", LAWS)
def test_law(law):
    law(kl_divergence)


@pytest.mark.parametrize(("law", "wrong"), WRONG)
def test_planted_error_is_caught(law, wrong):
    with pytest.raises(AssertionError):
        law(wrong)


def is_the_integral(kl):
    """The definition, by adaptive quadrature."""
    for m_p, v_p, m_q, v_q in [(0, 1, 1, 2), (3, 0.5, -1, 4), (0, 2, 0, 0.5)]:
        p, q = stats.norm(m_p, np.sqrt(v_p)), stats.norm(m_q, np.sqrt(v_q))
        value, _ = integrate.quad(
            lambda x, p=p, q=q: p.pdf(x) * (p.logpdf(x) - q.logpdf(x)), m_p - 40, m_p + 40,
            points=[m_p], limit=200,
        )  # fmt: skip
        np.testing.assert_allclose(kl(m_p, v_p, m_q, v_q), value, rtol=1e-8)


def is_blind_to_units(kl):
    """An invertible change of coordinates leaves the divergence as it is."""
    rng = np.random.default_rng(3)
    A = rng.normal(size=(3, 3))
    m, n = rng.normal(size=(2, 3))
    S, T = (B @ B.T + np.eye(3) for B in rng.normal(size=(2, 3, 3)))
    before = kl(m, S, n, T)
    after = kl(A @ m + 1, A @ S @ A.T, A @ n + 1, A @ T @ A.T)
    np.testing.assert_allclose(before, after, rtol=1e-8)


def halved(m, S, n, T):
    """Forget the trace."""
    S, T = np.atleast_2d(S), np.atleast_2d(T)
    d = np.atleast_1d(np.subtract(n, m))
    quadratic = d @ np.linalg.solve(T, d)
    return 0.5 * (quadratic + np.linalg.slogdet(T)[1] - np.linalg.slogdet(S)[1])


@pytest.mark.parametrize("law", [is_the_integral, is_blind_to_units])
def test_normal(law):
    law(kl_normal)


@pytest.mark.parametrize(
    ("law", "wrong"),
    [
        (is_the_integral, lambda m, S, n, T: kl_normal(n, T, m, S)),
        (is_the_integral, halved),
        (is_blind_to_units, lambda m, S, n, T: ((np.asarray(m) - n) ** 2).sum() / 2),
    ],
)
def test_planted_error_in_the_normal_is_caught(law, wrong):
    with pytest.raises(AssertionError):
        law(wrong)


@given(seeds, st.floats(-9, -1))
def test_divergences_of_neighbours_keep_their_digits(seed, log_apart):
    """Half of Fisher's information times the squared step: positive however small the step."""
    rng = np.random.default_rng(seed)
    K = rng.integers(2, 6)
    p, step = rng.dirichlet(np.full(K, 5.0)), rng.normal(size=K)
    step *= 10**log_apart * p / np.abs(step).max()
    q = p + step - p * step.sum()
    apart = (q - p) / p  # may be far less than the step, if that is along p
    found, size = kl_divergence(p, q), np.abs(apart).max()
    rtol = 10 * size + 1e-14 / size  # of the next term, and of what rounding does to the step
    assert found > 0
    np.testing.assert_allclose(found, (p * apart**2).sum() / 2, rtol=rtol)
    of_normals = kl_normal(np.zeros(K), np.diag(p), np.zeros(K), np.diag(q))
    np.testing.assert_allclose(of_normals, (apart**2).sum() / 4, rtol=rtol)


@pytest.mark.parametrize("log_scale", [0, 1, 4, 8, 60])
@given(seed=seeds)
def test_every_dimension_may_have_its_own_unit(seed, log_scale):
    """Strongly correlated normals, in units that differ by many orders of magnitude."""
    rng = np.random.default_rng(seed)
    D = rng.integers(1, 5)
    m, n = rng.normal(size=(2, D))
    S = 0.9 * np.ones((D, D)) + 0.1 * np.eye(D)
    B = rng.normal(size=(D, D))
    T = B @ B.T + np.eye(D)
    units = 10 ** rng.uniform(-log_scale, log_scale, D)
    scale = np.outer(units, units)
    found = kl_normal(units * m, scale * S, units * n, scale * T)
    np.testing.assert_allclose(found, kl_normal(m, S, n, T), rtol=1e-9)
    not_definite = S - 0.2 * np.eye(D)
    if D > 1:
        with pytest.raises(ValueError, match="covariance_q must be positive definite"):
            kl_normal(m, S, n, scale * not_definite)
        T[0, 1] += 1e-6 * np.sqrt(T[0, 0] * T[1, 1])
        with pytest.raises(ValueError, match="covariance_q must be symmetric"):
            kl_normal(m, S, n, scale * T)


def test_a_zero_that_was_rounded_is_symmetric_enough():
    """An asymmetry is measured by the standard deviations, not by the entry itself."""
    rounded = [[1e12, 5e-6], [0.0, 1e-6]]
    assert kl_normal([0, 0], rounded, [0, 0], np.diag([1e12, 1e-6])) == pytest.approx(0, abs=1e-15)
    single = np.array([[0.3, 0.1], [0.1, 0.7]], np.float32)
    off = single + np.array([[0, 1e-8], [0, 0]], np.float32)
    assert kl_normal([0, 0], off, [0, 0], single) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: entropy([0.5, 0.6]), "p must sum to one"),
        (lambda: entropy([1.5, -0.5]), "p must not be negative"),
        (lambda: kl_divergence([0.5, 0.5], [1.0]), "q must have shape"),
        (lambda: cross_entropy([0.5, 0.5], [np.nan, 1]), "q holds 1 NaN"),
        (lambda: kl_normal(0, -1, 0, 1), "covariance_p must be positive definite"),
        (lambda: kl_normal([[0.0]], 1, 0, 1), "mean_p must have shape"),
        (lambda: kl_normal([0, np.nan], np.eye(2), [0, 0], np.eye(2)), "mean_p holds 1 NaN"),
        (lambda: kl_normal(0, dt.timedelta(1), 0, 1), "covariance_p must be .* durations"),
        (lambda: kl_divergence([0.5, 0.5], [[1.0], [1.0, 2.0]]), "q must be an array of numbers"),
        (lambda: kl_divergence([0.5, 0.5], np.ma.array([0.5, 0.5], mask=[0, 1])), "q holds 1 NaN"),
        (lambda: entropy([0.5, pd.NA]), "p holds 1 NaN"),
        (lambda: entropy([0.5, 0.5j]), "p must be .* complex"),
        (lambda: cross_entropy(["0.5", "0.5"], [0.5, 0.5]), "p must be .* text"),
        (
            lambda: kl_normal([0, 0], np.eye(2), [0, 0], [[1, 0.5], [0, 1]]),
            "covariance_q must be s",
        ),
        (lambda: kl_normal([0, 0], np.eye(2), 0, 1), "mean_q must have shape"),
    ],
)
def test_bad_input(call, message):
    with np.errstate(all="raise"), pytest.raises(ValueError, match=message):
        call()


@given(st.integers(0, 2**32))
def test_kl_of_normals_does_not_depend_on_units(seed):
    rng = np.random.default_rng(seed)
    A, B = rng.normal(size=(2, 4, 4))
    P, Q = A @ A.T + 0.1 * np.eye(4), B @ B.T + 0.1 * np.eye(4)
    p, q = rng.normal(size=(2, 4))
    units = np.array([1e6, 1e-9, 1.0, 1e-3])
    scale = np.outer(units, units)
    found = kl_normal(p * units, P * scale, q * units, Q * scale)
    assert found == pytest.approx(kl_normal(p, P, q, Q), rel=1e-8, abs=1e-10)
    wrong = P * scale
    wrong[0, 1] *= 1.001
    with pytest.raises(ValueError, match="covariance_p must be symmetric"):
        kl_normal(p, wrong, q, Q)


def test_a_covariance_of_very_different_scales_is_one():
    scales = np.array([1e6, 1e6, 1e6, 1e-3])
    covariance = (0.9 + 0.1 * np.eye(4)) * np.outer(scales, scales)
    assert kl_normal(np.zeros(4), covariance, scales, 2 * covariance) == pytest.approx(
        kl_normal(np.zeros(4), 0.9 + 0.1 * np.eye(4), np.ones(4), 1.8 + 0.2 * np.eye(4)), rel=1e-10
    )


@pytest.mark.parametrize("far", [1e-200, 1e-160])
def test_what_is_below_all_floats_is_no_error(far):
    """Whatever the reader has asked NumPy to raise."""
    with np.errstate(all="raise"):
        assert kl_normal(0, 1, far, 1) < 1e-300
        assert kl_normal([0, 0], np.eye(2), [far, far], np.eye(2)) < 1e-300
