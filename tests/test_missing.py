"""The normal with missing numbers, beyond the laws of every model: closed forms, simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from companion import em, missing
from companion.gaussians import GaussianMixture
from companion.missing import MultivariateNormal

seeds = st.integers(0, 2**32)


def random_normal(rng, D, cls=MultivariateNormal):
    A = rng.normal(size=(D, D))
    return cls(rng.normal(size=D), A @ A.T / D + 0.3 * np.eye(D))


def random_gaps(rng, x, share=0.3):
    gaps = rng.uniform(size=x.shape) < share
    gaps[: x.shape[1] + 1] = False  # a few complete rows, so that everything is identified
    return np.where(gaps, np.nan, x)


def monotone_mle(x, y):
    """y missing for some rows: regress y on x over the complete rows (Anderson 1957)."""
    seen = ~np.isnan(y)
    slope, intercept = np.polyfit(x[seen], y[seen], 1)
    residual = np.mean((y[seen] - intercept - slope * x[seen]) ** 2)
    mean = [x.mean(), intercept + slope * x.mean()]
    cross = slope * x.var()
    return np.array(mean), np.array([[x.var(), cross], [cross, residual + slope**2 * x.var()]])


# ------------------------------------------------------------------- laws of the class


def log_density_is_that_of_the_marginal(cls):
    rng = np.random.default_rng(1)
    model = random_normal(rng, 4, cls)
    x = np.where(rng.uniform(size=(40, 4)) < 0.5, np.nan, rng.normal(size=(40, 4)))
    for row, found in zip(x, model.log_density(x), strict=True):
        o = np.flatnonzero(~np.isnan(row))
        expected = 0.0
        if len(o):
            marginal = stats.multivariate_normal(model.mean[o], model.covariance[np.ix_(o, o)])
            expected = marginal.logpdf(row[o])
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def e_step_is_the_average_over_completions(cls):
    """Draw the lost numbers from their conditional distribution many times, and average."""
    rng = np.random.default_rng(2)
    model = random_normal(rng, 3, cls)
    row = np.array([1.5, np.nan, np.nan])
    m, o = [1, 2], [0]
    C = model.covariance
    slope = C[np.ix_(m, o)] @ np.linalg.inv(C[np.ix_(o, o)])
    mean = model.mean[m] + slope @ (row[o] - model.mean[o])
    cov = C[np.ix_(m, m)] - slope @ C[np.ix_(o, m)]
    draws = np.tile(row, (200_000, 1))
    draws[:, m] = rng.multivariate_normal(mean, cov, size=len(draws))
    second = draws[:, :, None] * draws[:, None, :]
    statistics, _ = model.e_step([row])
    found = statistics.scatters[0] + np.outer(statistics.means[0], statistics.means[0])
    error = second.std(axis=0) / np.sqrt(len(draws))
    assert (np.abs(found - second.mean(axis=0)) <= 5 * error + 1e-9).all()
    np.testing.assert_allclose(statistics.means[0][m], mean, rtol=1e-10)


def reaches_the_closed_form(cls):
    rng = np.random.default_rng(3)
    x = rng.normal(size=60)
    y = np.where(rng.uniform(size=60) < 0.5, np.nan, 0.8 * x + rng.normal(size=60))
    mean, covariance = monotone_mle(x, y)
    found = em.fit(cls([0, 0], np.eye(2)), np.column_stack([x, y]), tol=1e-13).model
    np.testing.assert_allclose(found.mean, mean, atol=1e-6)
    np.testing.assert_allclose(found.covariance, covariance, atol=1e-6)


def never_falls(cls):
    for seed in range(5):
        rng = np.random.default_rng(seed)
        x = random_gaps(rng, random_normal(rng, 3).sample(60, rng))
        run = em.fit(random_normal(rng, 3, cls), x, tol=0, max_iter=50)
        assert np.diff(run.log_likelihoods).min() >= -1e-9


def nothing_missing_takes_one_step(cls):
    rng = np.random.default_rng(4)
    x = random_normal(rng, 3).sample(50, rng)
    run = em.fit(random_normal(rng, 3, cls), x)
    assert run.n_iter == 2  # the second step gains nothing
    np.testing.assert_allclose(run.model.mean, x.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(run.model.covariance, np.cov(x.T, ddof=0), atol=1e-12)
    assert run.log_likelihoods[1] == pytest.approx(run.log_likelihoods[2], abs=1e-9)


LAWS = [
    log_density_is_that_of_the_marginal,
    e_step_is_the_average_over_completions,
    reaches_the_closed_form,
    never_falls,
    nothing_missing_takes_one_step,
]


@pytest.mark.parametrize("law", LAWS)
def test_law(law):
    law(MultivariateNormal)


class FillIn(MultivariateNormal):
    """The lecture's recipe: fill the gaps and refit as if nothing had been missing."""

    def e_step(self, x):
        filled = self.impute(x)
        complete = MultivariateNormal(self.mean, self.covariance)
        return MultivariateNormal.e_step(complete, filled)[0], self.log_likelihood(x)

    def m_step(self, statistics):
        right = super().m_step(statistics)
        return type(self)(right.mean, right.covariance)


class Unbiased(MultivariateNormal):
    """N - 1 in the M-step: not the maximum of the likelihood."""

    def m_step(self, statistics):
        right = super().m_step(statistics)
        n = statistics.counts[0]
        return type(self)(right.mean, right.covariance * n / (n - 1))


class MarginalVariance(MultivariateNormal):
    """The variance of a gap without conditioning on what was seen."""

    def e_step(self, x):
        statistics, log_likelihood = super().e_step(x)
        extra = np.zeros((self.n_dimensions,) * 2)
        for row in np.isnan(np.asarray(x, dtype=float)):
            extra[np.ix_(row, row)] += self.covariance[np.ix_(row, row)]
        wrong = type(statistics)(statistics.counts, statistics.means, statistics.scatters + extra)
        return wrong, log_likelihood

    def m_step(self, statistics):
        right = super().m_step(statistics)
        return type(self)(right.mean, right.covariance)


class WholeDensity(MultivariateNormal):
    """The density of the row with its gaps filled in, not of what was seen."""

    def log_density(self, x):
        return MultivariateNormal(self.mean, self.covariance).log_density(self.impute(x))


PLANTED = [
    (e_step_is_the_average_over_completions, FillIn),
    (reaches_the_closed_form, FillIn),
    (never_falls, FillIn),
    (reaches_the_closed_form, Unbiased),
    (nothing_missing_takes_one_step, Unbiased),
    (e_step_is_the_average_over_completions, MarginalVariance),
    (never_falls, MarginalVariance),
    (log_density_is_that_of_the_marginal, WholeDensity),
]


@pytest.mark.parametrize(("law", "wrong"), PLANTED)
def test_planted_error_is_caught(law, wrong):
    with pytest.raises((AssertionError, em.EMError)):
        law(wrong)


# --------------------------------------------------------------------- further laws


def one_row_at_a_time(model, x):
    """E-step, densities and fillings from the textbook's formulas, row by row."""
    D = model.n_dimensions
    filled, extra, log_density = np.zeros(x.shape), np.zeros((D, D)), np.zeros(len(x))
    for n, row in enumerate(x):
        o, m = np.flatnonzero(~np.isnan(row)), np.flatnonzero(np.isnan(row))
        C, off = model.covariance, row[o] - model.mean[o]
        slopes = np.linalg.solve(C[np.ix_(o, o)], C[np.ix_(o, m)])
        filled[n, o], filled[n, m] = row[o], model.mean[m] + off @ slopes
        extra[np.ix_(m, m)] += C[np.ix_(m, m)] - C[np.ix_(m, o)] @ slopes
        log_det = np.linalg.slogdet(2 * np.pi * C[np.ix_(o, o)])[1]
        log_density[n] = -0.5 * (log_det + off @ np.linalg.solve(C[np.ix_(o, o)], off))
    seen = ~np.isnan(x).all(axis=1)
    scatter = (
        np.cov(filled[seen].T, ddof=0).reshape(D, D) * seen.sum()
        + extra
        - ((~seen).sum() * model.covariance)
    )
    return seen.sum(), filled, scatter, log_density


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6])
@pytest.mark.parametrize(("N", "D"), [(60, 1), (200, 2), (300, 5), (150, 12), (120, 30)])
def test_batches_of_patterns_are_rows_one_at_a_time(N, D, share, rng, monkeypatch):
    """Rows that share a pattern and rows that do not, in batches of any size."""
    model = random_normal(rng, D)
    x = random_gaps(rng, model.sample(N, rng), share)
    count, filled, scatter, log_density = one_row_at_a_time(model, x)
    for block in (missing.BLOCK, 1, 5000):
        monkeypatch.setattr(missing, "BLOCK", block)
        statistics, value = model.e_step(x)
        assert statistics.counts[0] == count
        np.testing.assert_allclose(model.log_density(x), log_density, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(model.impute(x), filled, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(statistics.scatters[0], scatter, rtol=1e-10, atol=1e-9)
        np.testing.assert_allclose(value, log_density.sum(), rtol=1e-12)


def test_more_columns_than_bits_in_a_byte(rng):
    """Seventeen columns: every row against the marginal that SciPy gives it."""
    model = random_normal(rng, 17)
    x = np.where(rng.uniform(size=(30, 17)) < 0.4, np.nan, model.sample(30, rng))
    for row, found in zip(x, model.log_density(x), strict=True):
        o = np.flatnonzero(~np.isnan(row))
        marginal = stats.multivariate_normal(model.mean[o], model.covariance[np.ix_(o, o)])
        np.testing.assert_allclose(found, marginal.logpdf(row[o]), rtol=1e-9)


def test_order_and_units_do_not_matter(rng):
    x = random_gaps(rng, random_normal(rng, 3).sample(80, rng))
    found = em.fit(MultivariateNormal.from_available(x), x, tol=1e-12).model
    shuffled = em.fit(MultivariateNormal.from_available(x), rng.permutation(x), tol=1e-12).model
    np.testing.assert_allclose(shuffled.covariance, found.covariance, atol=1e-6)
    scale, shift = np.array([1e3, 1.0, 1e-3]), np.array([5e4, 0.0, -2.0])
    z = x * scale + shift
    other = em.fit(MultivariateNormal.from_available(z), z, tol=1e-12).model
    np.testing.assert_allclose(other.mean, found.mean * scale + shift, rtol=1e-6)
    expected = found.covariance * np.outer(scale, scale)
    np.testing.assert_allclose(other.covariance, expected, rtol=1e-4)


def test_squarem_finds_the_same_maximum_in_fewer_steps(rng):
    x = random_gaps(rng, random_normal(rng, 4).sample(120, rng), share=0.6)
    start = MultivariateNormal.from_available(x)
    plain = em.fit(start, x, tol=1e-11)
    fast = em.fit(start, x, tol=1e-11, acceleration="squarem")
    np.testing.assert_allclose(fast.model.covariance, plain.model.covariance, atol=1e-4)
    assert fast.n_iter < plain.n_iter
    assert np.diff(fast.objectives).min() >= -1e-9


def test_the_posterior_mode_is_that_of_the_data_with_pseudo_rows(rng):
    """A prior of two pseudo-rows, and the same two rows in the data, have the same maximum."""
    x = random_normal(rng, 2).sample(20, rng)
    pseudo = np.array([[5.0, 5.0], [-5.0, 4.0]])
    start = MultivariateNormal([0, 0], np.eye(2))
    prior = start.e_step(pseudo)[0]
    run = em.fit(start, x, prior=prior)
    both = np.vstack([x, pseudo])
    np.testing.assert_allclose(run.model.mean, both.mean(axis=0), atol=1e-10)
    np.testing.assert_allclose(run.model.covariance, np.cov(both.T, ddof=0), atol=1e-10)
    assert run.objectives[-1] == pytest.approx(run.model.log_likelihood(both))


@pytest.mark.parametrize("units", [[1e6, 1e6, 1e6, 1e-3], [1e150, 1, 1e-150, 1e-100]])
def test_positive_definite_in_any_units(units):
    """Correlations of 0.9 are positive definite, whatever the units of the columns."""
    units = np.array(units)
    R = np.full((4, 4), 0.9) + 0.1 * np.eye(4)
    model = MultivariateNormal(np.zeros(4), R * units * units[:, np.newaxis])
    plain = MultivariateNormal(np.zeros(4), R)
    x = np.array([[0.5, np.nan, 0.1, 2.0], [np.nan, 1.0, -1.0, 0.0]])
    np.testing.assert_allclose(model.impute(x * units) / units, plain.impute(x), atol=1e-14)
    logs = (np.where(np.isnan(x), 0, np.log(units))).sum(axis=1)
    np.testing.assert_allclose(model.log_density(x * units), plain.log_density(x) - logs)
    here, there = plain.e_step(x)[0], model.e_step(x * units)[0]
    expected = plain.complete_log_likelihood(here) - len(x) * np.log(units).sum()
    np.testing.assert_allclose(model.complete_log_likelihood(there), expected)
    np.testing.assert_allclose(
        model.gradient(there)[:4] * units, plain.gradient(here)[:4], atol=1e-12
    )
    again = model.from_vector(model.to_vector()).covariance / units / units[:, np.newaxis]
    np.testing.assert_allclose(again, R, rtol=1e-12)


@given(seeds, st.integers(2, 6), st.floats(-140, 140), st.floats(-140, 140))
def test_what_is_positive_definite_does_not_depend_on_units(seed, D, low, high):
    rng = np.random.default_rng(seed)
    units = 10.0 ** rng.uniform(low, high, size=D) if low < high else np.full(D, 10.0**low)
    A = rng.normal(size=(D, D))
    S = A @ A.T
    sd = np.sqrt(np.diagonal(S))
    R = 0.9 * S / sd / sd[:, np.newaxis] + 0.1 * np.eye(D)
    outer = units * units[:, np.newaxis]
    MultivariateNormal(units, R * outer)
    GaussianMixture([0.5, 0.5], [units, -units], [R * outer, 2 * R * outer])
    singular = R.copy()  # the last column is the first
    singular[:, -1], singular[-1], singular[-1, -1] = singular[:, 0], singular[0], 1
    lopsided = R.copy()
    lopsided[0, -1] += 1e-6
    indefinite = 2 * R - np.diag(np.diagonal(R)) * (1 + 2 * D)
    for bad, what in [(singular, "positive d"), (lopsided, "symm"), (indefinite, "positive d")]:
        with pytest.raises(ValueError, match=f"^covariance must be {what}"):
            MultivariateNormal(units, bad * outer)
        with pytest.raises(ValueError, match=f"^covariances must be {what}"):
            GaussianMixture([0.5, 0.5], [units, units], [R * outer, bad * outer])


def test_a_column_that_never_changes_is_constant():
    """The mean of a few numbers 0.1 is not 0.1: what is left is rounding, no variance."""
    x = np.column_stack([np.full(10, 0.1), np.arange(10.0)])
    with pytest.raises(ValueError, match="column 0 of x has fewer than two different numbers"):
        MultivariateNormal.from_available(x)
    for units in (1.0, 1e-100, 1e100):
        with pytest.raises(em.CollapsedComponentError, match="no spread in some direction"):
            em.fit(MultivariateNormal([0, 0], units**2 * np.eye(2)), units * x)
    for beyond in (1e-170, 1e200):
        with pytest.raises(ValueError, match="column 1 of x has a variance beyond the range"):
            MultivariateNormal.from_available([[1.0, 0.0], [2.0, beyond]])


def test_an_empty_column_keeps_what_the_start_believed(rng):
    """No number of the second column was seen: its regression on the first stays as it was."""
    x = np.column_stack([rng.normal(3, 2, 50), np.full(50, np.nan)])
    start = MultivariateNormal([0, 1], [[1, 0.5], [0.5, 1]])
    found = em.fit(start, x, tol=1e-12).model
    np.testing.assert_allclose(found.covariance[0, 1] / found.covariance[0, 0], 0.5, rtol=1e-6)
    np.testing.assert_allclose(found.mean[1], 1 + 0.5 * x[:, 0].mean(), rtol=1e-6)
    with pytest.raises(ValueError, match="column 1 of x has fewer than two different numbers"):
        MultivariateNormal.from_available(x)


def test_a_row_of_gaps_says_nothing(rng):
    model = random_normal(rng, 2)
    x = model.sample(10, rng)
    more = np.vstack([x, [[np.nan, np.nan]]])
    a, b = model.e_step(x), model.e_step(more)
    np.testing.assert_array_equal(a[0].scatters, b[0].scatters)
    assert a[1] == b[1]


@pytest.mark.parametrize("x", [[[1.0, 2.0]], [[1.0, 1.0], [2.0, 2.0], [4.0, 4.0]]])
def test_no_spread_is_a_clear_error(x):
    with pytest.raises(em.CollapsedComponentError, match=r"no spread in some direction"):
        em.fit(MultivariateNormal([0, 0], np.eye(2)), x)


def test_the_mixture_points_here():
    with pytest.raises(ValueError, match=r"missing\.MultivariateNormal"):
        GaussianMixture([1.0], [0.0], [1.0]).e_step([1.0, np.nan])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: MultivariateNormal([0, 0], [[1, 2], [2, 1]]), "covariance must be positive d"),
        (lambda m: MultivariateNormal([0, 0], [[1, 0.5], [0, 1]]), "covariance must be symmetric"),
        (lambda m: MultivariateNormal([0, 0], [1, 1]), "covariance must have shape"),
        (lambda m: MultivariateNormal([[0]], [[1]]), "mean must be a vector"),
        (lambda m: m.e_step([[np.nan, np.nan]]), "x has no number that was seen"),
        (lambda m: m.e_step([[np.inf, 1.0]]), "x holds infinite values"),
        (lambda m: m.e_step([[1.0, 2.0, 3.0]]), "x has 3 columns"),
        (lambda m: m.e_step(np.empty((0, 2))), "not be empty"),
        (lambda m: m.sample(0, np.random.default_rng()), "n must be a whole number"),
        (lambda m: m.from_vector([1.0]), "vector must have shape"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call(MultivariateNormal([0, 0], np.eye(2)))


def test_weights_count_rows_whose_gaps_are_their_own(rng):
    """By way of the precision, too, a row that counts three times is three rows."""
    x = rng.normal(size=(60, 9)) @ rng.normal(size=(9, 9))
    gaps = np.array([rng.permutation(9) < 2 for _ in x])
    gaps[::9] = rng.random((7, 9)) < 0.7  # some with few numbers
    x[gaps] = np.nan
    times = rng.integers(0, 4, 60)
    model = MultivariateNormal.from_available(x)
    weighted, log_likelihood = model.e_step(x, weights=times)
    repeated, expected = model.e_step(np.repeat(x, times, axis=0))
    assert log_likelihood == pytest.approx(expected, rel=1e-12)
    assert weighted.counts == pytest.approx(repeated.counts)
    np.testing.assert_allclose(weighted.means, repeated.means, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(weighted.scatters, repeated.scatters, rtol=1e-9, atol=1e-9)
    fits = [
        em.fit(model, x, weights=times, tol=0, max_iter=10),
        em.fit(model, np.repeat(x, times, axis=0), tol=0, max_iter=10),
    ]
    np.testing.assert_allclose(fits[0].log_likelihoods, fits[1].log_likelihoods, rtol=1e-12)
    for name in ("mean", "covariance"):
        found, expected = (getattr(fit.model, name) for fit in fits)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("log_gap", range(-20, 0, 2))
def test_nearly_equal_columns_keep_their_digits(log_gap):
    """Two columns that differ by a small part of their spread: densities as of the difference."""
    gap = 2.0**log_gap
    A = np.array([[1, 0, 0], [1, gap, 0], [0.25, 0.25, 1]])  # A A' has no rounding
    model = MultivariateNormal(np.zeros(3), A @ A.T)
    z = np.random.default_rng(1).normal(size=(30, 3))
    x = z @ A.T
    x[np.arange(30), np.arange(30) % 3] = np.nan
    one, other = x[0::3, 1:], x[1::3, [0, 2]]
    difference = (x[2::3, 1] - x[2::3, 0]) / gap
    expected = (
        stats.multivariate_normal(np.zeros(2), model.covariance[1:, 1:]).logpdf(one).sum()
        + stats.multivariate_normal(np.zeros(2), model.covariance[::2, ::2]).logpdf(other).sum()
        + stats.norm.logpdf([x[2::3, 0], difference]).sum()
        - 10 * np.log(gap)
    )
    found, value = model.e_step(x)
    assert value == pytest.approx(expected, rel=3e-14 if gap < 1e-3 else 1e-12)
    assert value == pytest.approx(model.log_density(x).sum(), rel=1e-12)
    np.testing.assert_allclose(  # the third column follows from the first two
        found.means[0, 2],
        np.concatenate([x[0::3, 2], x[1::3, 2], 0.25 * (x[2::3, 0] + difference)]).mean(),
        rtol=1e-13 + 1e-15 / gap,
    )


@given(seeds, st.integers(1, 12), st.integers(1, 40), st.sampled_from([1, 100, 2**17]))
def test_batches_hold_every_row_once(seed, D, N, block):
    """With equally many columns seen, the seen ones first; rows without any are left out."""
    rng = np.random.default_rng(seed)
    x = np.where(rng.random((N, D)) < rng.random(), np.nan, 1.0)
    x[rng.integers(0, N, N // 2)] = x[0]  # some patterns come often
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(missing, "BLOCK", block)
        for rows, columns, n_seen in missing._batches(x):
            assert len(rows) == 1 or len(rows) * D * (D + rows.shape[1]) <= block
            for some, order in zip(rows, columns, strict=True):
                assert sorted(order) == list(range(D))
                assert not np.isnan(x[np.ix_(some, order[:n_seen])]).any()
                assert np.isnan(x[np.ix_(some, order[n_seen:])]).all()
                found += some.tolist()
    assert sorted(found) == np.flatnonzero(~np.isnan(x).all(axis=1)).tolist()


@given(seeds, st.integers(1, 3), st.integers(1, 3))
def test_statistics_are_of_one_component_and_as_many_columns(seed, D, K):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(9, D))
    model, prior = random_normal(rng, D), GaussianMixture.prior_statistics(x, K)
    calls = model.m_step, model.complete_log_likelihood, model.gradient
    if K > 1:
        for call in calls:
            with pytest.raises(ValueError, match=rf"statistics.means must have shape \(1, {D}\)"):
                call(prior)
    for call in calls:
        with pytest.raises(ValueError, match=rf"statistics.means must have shape \(1, {D + 1}\)"):
            getattr(random_normal(rng, D + 1), call.__name__)(model.e_step(x)[0])


def test_a_model_cannot_be_changed_and_does_not_follow_its_arguments():
    mean, covariance = np.zeros(2), np.eye(2)
    model = MultivariateNormal(mean, covariance)
    for array in (model.mean, model.covariance):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 3
    mean[0], covariance[0, 0] = 5, 9
    assert model.mean[0] == 0
    assert model.covariance[0, 0] == 1
