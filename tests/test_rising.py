"""Gamma functions of large arguments, against fifty digits of mpmath, and naive forms that fail."""

from unittest import mock

import mpmath as mp
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import special, stats

from companion import _rising
from companion.exchangeability import beta_binomial_logpmf

mp.mp.dps = 50
exponents = st.floats(-6, 12)
shares = st.floats(0, 1)


def exact_beta_binomial(y, n, alpha, beta):
    y, n, alpha, beta = (mp.mpf(float(v)) for v in (y, n, alpha, beta))
    g = mp.loggamma
    return (
        g(n + 1) - g(y + 1) - g(n - y + 1)
        + g(alpha + y) + g(beta + n - y) - g(alpha + beta + n)
        - g(alpha) - g(beta) + g(alpha + beta)
    )  # fmt: skip


def exact_negative_binomial(y, mean, shape):
    y, m, r = (mp.mpf(float(v)) for v in (y, mean, shape))
    choose = mp.loggamma(y + r) - mp.loggamma(r) - mp.loggamma(y + 1)
    return choose + r * mp.log(r / (r + m)) + y * mp.log(m / (r + m))


def close(found, exact):
    """Twelve digits; of a logarithm near zero as many as a probability near one has."""
    return abs(float(found) - float(exact)) <= 1e-12 * abs(float(exact)) + 4e-15


def naive_beta_binomial(y, n, alpha, beta):
    choose = special.gammaln(n + 1) - special.gammaln(y + 1) - special.gammaln(n - y + 1)
    g = special.gammaln
    before = g(alpha) + g(beta) - g(alpha + beta)
    return choose + g(alpha + y) + g(beta + n - y) - g(alpha + beta + n) - before


@pytest.mark.parametrize(
    ("arguments", "value"),
    [((12895, 3e15, 1, 1), -35.6373886835788), ((0, 1e9, 0.5, 0.5), -10.933997861522906)],
)
def test_digits_survive_large_counts(arguments, value):
    assert float(beta_binomial_logpmf(*arguments)) == pytest.approx(value, rel=1e-14, abs=0)
    assert float(exact_beta_binomial(*arguments)) == pytest.approx(value, rel=1e-14, abs=0)
    assert not close(naive_beta_binomial(*(float(v) for v in arguments)), value)


@given(st.floats(0, 15), shares, exponents, exponents)
def test_beta_binomial(size, share, a, b):
    n = np.floor(10**size)
    y, alpha, beta = np.floor(share * n), 10**a, 10**b
    found = beta_binomial_logpmf(y, n, alpha, beta)
    assert close(found, exact_beta_binomial(y, n, alpha, beta))


@given(st.floats(0, 10), exponents, exponents)
def test_negative_binomial(size, m, r):
    y, mean, shape = np.floor(10**size) - 1, np.array(10**m), np.array(10**r)
    found = _rising.log_negative_binomial(y, mean, shape)
    assert close(found, exact_negative_binomial(y, mean, shape))


@example(2.0, 1.0, 0.9999999999989999, 0.0)  # n p - y would be rounding error
@given(st.floats(0, 15), shares, st.floats(1e-12, 1 - 1e-12), exponents)
def test_binomial_and_poisson(size, share, p, m):
    n = np.floor(10**size)
    y = np.floor(share * n)
    Y, N, P, M = (mp.mpf(float(v)) for v in (y, n, p, 10**m))
    choose = mp.loggamma(N + 1) - mp.loggamma(Y + 1) - mp.loggamma(N - Y + 1)
    binomial = choose + Y * mp.log(P) + (N - Y) * mp.log1p(-P)
    assert close(_rising.log_binomial(y, n, np.array(p)), binomial)
    poisson = Y * mp.log(M) - M - mp.loggamma(Y + 1)
    assert close(_rising.log_poisson(y, np.array(10**m)), poisson)


def test_naive_forms_would_not_pass():
    """Planted: what one writes first loses what it is asked for."""
    y, n = np.array(4e8), np.array(1e9)
    exact = exact_beta_binomial(y, n, 3, 5)
    assert close(beta_binomial_logpmf(y, n, 3, 5), exact)
    assert not close(naive_beta_binomial(y, n, 3.0, 5.0), exact)
    assert not close(stats.nbinom.logpmf(4e8, 5.0, 5 / (5 + 4e8)),
                     exact_negative_binomial(4e8, 4e8, 5.0) * (1 + mp.mpf("1e-9")))  # fmt: skip
    wrong = _rising.log_binomial_rest(y, n) + 1 / (12 * y)  # the first term of the series, lost
    assert abs(wrong - _rising.log_binomial_rest(y, n)) > 0


@given(st.one_of(st.floats(-8, 15), st.floats(np.log10(16), 1.5)))
def test_what_stirling_leaves(exponent):
    """All digits but one or two, also where the series begin and need every term."""
    x = np.array(10**exponent)
    X = mp.mpf(float(x))
    exact = mp.loggamma(X + 1) - X * mp.log(X) + X
    found = float(_rising.log_factorial_rest(x))
    assert found == pytest.approx(float(exact), rel=2e-14, abs=4e-15)
    exact = mp.digamma(X) - mp.log(X)
    assert float(_rising.digamma_rest(x)) == pytest.approx(float(exact), rel=5e-14, abs=0)
    exact = X**2 * mp.polygamma(1, X) - X
    assert float(_rising.trigamma_rest(x)) == pytest.approx(float(exact), rel=5e-14, abs=0)


@given(st.floats(-0.999, 50))
def test_log1p_minus(t):
    with mp.workdps(700):
        exact = mp.log1p(mp.mpf(t)) - mp.mpf(t)
    found = _rising.log1p_minus(np.array([t]))[0]
    assert found == pytest.approx(float(exact), rel=2e-14, abs=1e-300)


@given(exponents, st.floats(-1, 3))
def test_deviance(size, ratio):
    x, mean = 10.0**size, 10.0**size * 10.0**ratio
    exact = mp.mpf(x) * mp.log(mp.mpf(x) / mp.mpf(mean)) - mp.mpf(x) + mp.mpf(mean)
    found = _rising.deviance(np.array(x), np.array(mean), np.array(mean - x))
    assert float(found) == pytest.approx(float(exact), rel=1e-12, abs=0)


@given(st.floats(-4, 6), st.floats(-4, 6))
def test_a_beta_distribution_is_found_from_its_mean_logarithms(a, b):
    """As well as its mean logarithms are known: where one is tiny they have fewer digits left."""
    truth = np.array([10**a, 10**b])
    means = np.array(_rising.beta_mean_logs(*truth))
    found = _rising.beta_of_mean_logs(means, np.array([1.0, 1.0]))
    np.testing.assert_allclose(_rising.beta_mean_logs(*found), means, rtol=1e-8, atol=1e-13)
    exact = [mp.digamma(mp.mpf(t)) - mp.digamma(mp.mpf(truth[0]) + mp.mpf(truth[1])) for t in truth]
    np.testing.assert_allclose(means, [float(e) for e in exact], rtol=1e-11, atol=1e-15)


@given(st.floats(-6, 8))
def test_a_gamma_distribution_is_found_from_its_gap(exponent):
    shape = 10**exponent
    gap = float(mp.log(mp.mpf(shape)) - mp.digamma(mp.mpf(shape)))
    assert _rising.gamma_of_gap(gap) == pytest.approx(shape, rel=1e-12, abs=0)


@given(st.integers(-307, 307), st.integers(-307, 307))
def test_a_ratio_may_leave_the_range_of_floats(i, j):
    k, a = np.array(1.5 * 10.0**i), np.array(1.5 * 10.0**j)
    expected = np.logaddexp(np.log(k), np.log(a)) - np.log(a)
    np.testing.assert_allclose(_rising.log_ratio(k, a), expected, rtol=1e-12, atol=1e-12)


@given(st.floats(0.01, 100), st.integers(-400, 400))
def test_a_deviance_has_the_unit_of_its_counts(ratio, power):
    """To the last digit, if the unit is a power of two."""
    x, unit = np.array(3.0), 2.0**power
    mean = ratio * x
    one = _rising.deviance(x, mean, mean - x)
    scaled = _rising.deviance(unit * x, unit * mean, unit * (mean - x))
    np.testing.assert_allclose(scaled, unit * one, rtol=1e-15)


@given(st.floats(-300, 300), st.floats(-300, 300))
def test_logarithms_of_ratios_beyond_all_floats(log_k, log_a):
    """Of 1 + k / a, with no warning: where k / a overflows, and where it is lost beside 1."""
    k, a = 10.0**log_k, 10.0**log_a
    apart = (log_k - log_a) * np.log(10)
    with np.errstate(all="raise", under="ignore"):
        found = _rising.log_ratio(np.array([k, 0.0]), np.array([a, a]))
    expected = [np.logaddexp(0.0, apart), 0.0] if apart > -30 else [k / a, 0.0]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@given(st.floats(0, 15), st.one_of(st.floats(-2, -0.35), st.floats(0.2, 2)))
def test_deviances_far_from_zero_have_all_digits(log_x, log_ratio):
    """However large the numbers: not those of a difference of two logarithms."""
    x, mean = 10.0**log_x, 10.0 ** (log_x + log_ratio)
    with mp.workdps(50):
        expected = float(mp.mpf(x) * mp.log(mp.mpf(x) / mp.mpf(mean)) - mp.mpf(x) + mp.mpf(mean))
    found = _rising.deviance(np.array(x), np.array(mean), np.array(mean - x))
    assert found == pytest.approx(expected, rel=3e-15)


@given(st.floats(0.9 / 16, 1 / 16), st.sampled_from([1, -1]))
def test_the_series_of_log1p_needs_its_last_term(t, sign):
    exact = mp.log1p(mp.mpf(sign * t)) - mp.mpf(sign * t)
    found = _rising.log1p_minus(np.array([sign * t]))[0]
    assert found == pytest.approx(float(exact), rel=1e-15, abs=0)


@given(st.floats(_rising.SERIES, 1.5 * _rising.SERIES))
@example(_rising.SERIES)
def test_stirlings_series_needs_its_last_term(x):
    exact = mp.loggamma(mp.mpf(x) + 1) - mp.mpf(x) * mp.log(mp.mpf(x)) + mp.mpf(x)
    assert float(_rising.log_factorial_rest(np.array(x))) == pytest.approx(float(exact), rel=1e-15)


@given(st.floats(-300, 300), st.floats(-300, 300))
def test_no_warning_leaves_numbers_that_are_large_or_small(a, b):
    x, mean = np.array(10.0**a), np.array(10.0**b)
    with np.errstate(all="raise"):
        rests = _rising.log_factorial_rest(x), _rising.digamma_rest(x), _rising.trigamma_rest(x)
        assert np.isfinite([*rests, _rising.deviance(x, mean, mean - x)]).all()


@given(st.floats(-3, 5), st.floats(-3, 5), st.floats(-0.1, 0.1), st.floats(-0.1, 0.1))
def test_newtons_steps_are_few_near_the_answer(a, b, off, other):
    """Each doubles the digits; with a wrong derivative the same place is reached, but slowly."""
    truth = np.array([10**a, 10**b])
    means = np.array(_rising.beta_mean_logs(*truth))
    start = truth * np.exp([off, other])
    with mock.patch.object(_rising, "beta_mean_logs", wraps=_rising.beta_mean_logs) as calls:
        _rising.beta_of_mean_logs(means, start)
    assert calls.call_count <= 12


@pytest.mark.parametrize("exponent", [20, 150, 155, 160, 300])
def test_stirlings_rest_of_any_count_warns_of_nothing(exponent):
    y = 10.0**exponent
    with np.errstate(all="raise"):
        found = float(_rising.log_factorial_rest(np.array(y)))
    assert found == pytest.approx(0.5 * np.log(2 * np.pi) + 0.5 * exponent * np.log(10), rel=1e-14)
