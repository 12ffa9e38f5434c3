"""Standard errors from the observed information: closed forms, fifty digits, and refusals."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from companion import em
from companion.crossed import CrossedNormal
from companion.empirical_bayes import fit_evidence
from companion.gaussians import GaussianMixture
from companion.hierarchical import BetaBinomial, GammaPoisson, NormalNormal
from companion.missing import MultivariateNormal

seeds = st.integers(0, 2**32)


def normal_fit(x):
    """Return the maximum to all digits: a gain that cannot be seen is a millionth of an error."""
    return em.fit(MultivariateNormal.from_available(x), x, tol=0, max_iter=150).model


def mixture_fit(start, x):
    """Return the maximum near a start, to all digits: a quasi-Newton method, then EM."""

    def negative(vector):
        model = start.from_vector(vector)
        statistics, log_likelihood = model.e_step(x)
        return -log_likelihood, -model.gradient(statistics)

    how = {"ftol": 1e-16, "gtol": 1e-9, "maxiter": 1000}
    found = minimize(negative, start.to_vector(), jac=True, method="L-BFGS-B", options=how)
    return em.fit(start.from_vector(found.x), x, tol=1e-12, max_iter=50).model


def two_groups(rng, n, gap):
    x = rng.normal(size=n) + gap * (rng.random(n) < 0.5)
    return x, mixture_fit(GaussianMixture([0.5, 0.5], [-0.5, gap + 0.5], [1, 1]), x)


def assert_close(found, expected, tolerance):
    """Compare covariances in units of the standard errors."""
    sd = np.sqrt(np.diag(expected))
    np.testing.assert_allclose(
        found / np.outer(sd, sd), expected / np.outer(sd, sd), atol=tolerance
    )


# ------------------------------------------------------------------------------- laws


def complete_normal_is_the_textbooks(standard_errors):
    """Cov(mean) = Sigma / N, Cov(S_ij, S_kl) = (S_ik S_jl + S_il S_jk) / N, and none between."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(40, 3)) @ rng.normal(size=(3, 3)) + 5
    model = normal_fit(x)
    S, rows, columns = model.covariance, *np.tril_indices(3)
    found = standard_errors(model, x, of=lambda m: np.append(m.mean, m.covariance[rows, columns]))
    expected = np.zeros((9, 9))
    expected[:3, :3] = S / 40
    i, j = rows[:, None], columns[:, None]
    expected[3:, 3:] = (S[i, rows] * S[j, columns] + S[i, columns] * S[j, rows]) / 40
    assert_close(found.covariance, expected, 1e-10)
    np.testing.assert_array_equal(found.value[:3], model.mean)
    errors = standard_errors(model, x, of=lambda m: m.mean).standard_errors
    np.testing.assert_allclose(errors, x.std(axis=0) / np.sqrt(40), rtol=1e-9)


def line_and_spread(model):
    slope = model.covariance[0, 1] / model.covariance[0, 0]
    left = model.covariance[1, 1] - slope * model.covariance[0, 1]
    mean, variance = model.mean[0], model.covariance[0, 0]
    return np.array([model.mean[1] - slope * mean, slope, left, mean, variance])


def monotone_gaps_are_a_regression(standard_errors):
    """Line and residual variance as from the complete rows, mean and variance of x as from all."""
    rng = np.random.default_rng(2)
    x = rng.normal(3, 2, 60)
    y = np.where(rng.random(60) < 0.5, np.nan, 1 + 0.8 * x + rng.normal(size=60))
    data = np.column_stack([x, y])
    model = normal_fit(data)
    _, _, left, _, variance = line_and_spread(model)
    seen = ~np.isnan(y)
    X = np.column_stack([np.ones(seen.sum()), x[seen]])
    expected = np.diag([0, 0, 2 * left**2 / seen.sum(), variance / 60, 2 * variance**2 / 60])
    expected[:2, :2] = left * np.linalg.inv(X.T @ X)
    found = standard_errors(model, data, of=line_and_spread)
    assert_close(found.covariance, expected, 1e-7)
    # The mean of y = a + b mean(x), by the delta method; and the model's own coordinates.
    by = np.array([1, model.mean[0], 0, found.value[1], 0])
    of_y = standard_errors(model, data, of=lambda m: m.mean[1])
    np.testing.assert_allclose(of_y.covariance, [[by @ expected @ by]], rtol=1e-7)
    assert of_y.standard_errors.shape == of_y.value.shape == ()
    own = standard_errors(model, data)
    np.testing.assert_array_equal(own.value, model.to_vector())
    # to_vector: mean(x), mean(y), log sd(x), b sd(x), log residual sd
    np.testing.assert_allclose(own.standard_errors[2], 1 / np.sqrt(2 * 60), rtol=1e-8)
    np.testing.assert_allclose(own.standard_errors[4], 1 / np.sqrt(2 * seen.sum()), rtol=1e-7)


def fifty_digits(model, x):
    """Second derivatives of the log-likelihood of a mixture in one dimension, in 50 digits."""
    K, h = model.n_components, mpmath.mpf(10) ** -12
    with mpmath.workdps(50):
        points = [mpmath.mpf(float(value)) for value in x]

        def log_likelihood(v):
            odds = [mpmath.exp(a) for a in v[: K - 1]] + [mpmath.mpf(1)]
            terms = [
                (weight / sum(odds) / sd / mpmath.sqrt(2 * mpmath.pi), mean, 1 / (2 * sd**2))
                for weight, mean, sd in zip(
                    odds, v[K - 1 : 2 * K - 1], map(mpmath.exp, v[2 * K - 1 :]), strict=True
                )
            ]
            return sum(
                mpmath.log(sum(c * mpmath.exp(-((p - m) ** 2) * w) for c, m, w in terms))
                for p in points
            )

        vector = [mpmath.mpf(float(value)) for value in model.to_vector()]
        hessian = np.zeros((len(vector), len(vector)))
        for i, j in zip(*np.tril_indices(len(vector)), strict=True):
            total = mpmath.mpf(0)
            for a, b in [(1, 1), (1, -1), (-1, 1), (-1, -1)]:
                moved = list(vector)
                moved[i] += a * h
                moved[j] += b * h
                total += a * b * log_likelihood(moved)
            hessian[i, j] = hessian[j, i] = float(total / (4 * h**2))
    return hessian


def mixture_agrees_with_fifty_digits(standard_errors):
    """Hidden labels, well apart and badly: at the second, 99.9 % of a direction is missing."""
    for n, gap, tolerance in [(80, 3.0, 1e-8), (300, 2.2, 1e-7)]:
        x, model = two_groups(np.random.default_rng(8), n, gap)
        expected = np.linalg.inv(-fifty_digits(model, x))
        assert_close(standard_errors(model, x).covariance, expected, tolerance)


def counts(rng, kind, n):
    if kind is BetaBinomial:
        return rng.binomial(n, rng.beta(2, 10, 200)), np.full(200, n)
    if kind is GammaPoisson:
        return rng.poisson(n * rng.gamma(3, 0.2, 200)), np.full(200, float(n))
    errors = n * rng.uniform(0.5, 2, 200)
    return n * rng.normal(5, 1, 200) + errors * rng.normal(size=200), errors


def populations_agree_with_newton(standard_errors):
    """Models without a gradient: against the exact second derivatives of the evidence."""
    for kind in (BetaBinomial, GammaPoisson, NormalNormal):
        for n in (10, 1000, 10**6):
            data = counts(np.random.default_rng(n), kind, n)
            exact = fit_evidence(kind, *data)
            found = standard_errors(exact.population, *data)
            assert_close(found.covariance, exact.covariance, 1e-6)
            np.testing.assert_allclose(found.standard_errors, exact.standard_errors, rtol=1e-6)


LAWS = [
    complete_normal_is_the_textbooks,
    monotone_gaps_are_a_regression,
    mixture_agrees_with_fifty_digits,
    populations_agree_with_newton,
]


@pytest.mark.parametrize("law", LAWS)
def test_law(law):
    law(em.standard_errors)


def scaled(factor):
    """Return standard errors whose covariance is off by a factor."""

    def wrong(model, *data, of=None):
        right = em.standard_errors(model, *data, of=of)
        return em.Estimate(right.value, factor * right.covariance)

    return wrong


def as_if_nothing_were_hidden(model, x, of=None):
    """Use the complete information: the expected statistics are taken for data."""
    statistics, _ = model.e_step(x)

    class Known(type(model)):
        def e_step(self, x):
            return statistics, self.complete_log_likelihood(statistics)

        def from_vector(self, vector):
            return dressed(super().from_vector(vector))

    def dressed(other):
        object.__setattr__(other, "__class__", Known)
        return other

    return em.standard_errors(dressed(model.from_vector(model.to_vector())), x, of=of)


def without_the_chain_rule(model, *data, of=None):
    """Hand out the covariance of the coordinates, whatever was asked for."""
    right = em.standard_errors(model, *data, of=of)
    n = right.value.size
    return em.Estimate(right.value, em.standard_errors(model, *data).covariance[:n, :n])


def diagonal_only(model, *data, of=None):
    """Invert the diagonal of the information alone."""
    own = em.standard_errors(model, *data)
    return em.Estimate(own.value, np.diag(1 / np.diag(np.linalg.inv(own.covariance))))


PLANTED = [
    (complete_normal_is_the_textbooks, scaled(40 / 39)),
    (complete_normal_is_the_textbooks, without_the_chain_rule),
    (monotone_gaps_are_a_regression, scaled(1.001)),
    (monotone_gaps_are_a_regression, as_if_nothing_were_hidden),
    (monotone_gaps_are_a_regression, without_the_chain_rule),
    (mixture_agrees_with_fifty_digits, as_if_nothing_were_hidden),
    (mixture_agrees_with_fifty_digits, diagonal_only),
    (populations_agree_with_newton, diagonal_only),
    (populations_agree_with_newton, scaled(2)),
]


@pytest.mark.parametrize(("law", "wrong"), PLANTED)
def test_planted_error_is_caught(law, wrong):
    with pytest.raises(AssertionError):
        law(wrong)


# ---------------------------------------------------------------------- further laws


@pytest.mark.parametrize("kind", ["mixture", "gaps"])
def test_is_the_complete_information_times_what_is_not_missing(kind, rng):
    """Meng and Rubin (1991): I_obs = I_com (1 - DM), by another road."""
    if kind == "mixture":
        x, model = two_groups(rng, 500, 3.0)
    else:
        x = rng.normal(size=(80, 3)) @ rng.normal(size=(3, 3))
        x[10:][rng.random((70, 3)) < 0.3] = np.nan
        model = normal_fit(x)
    statistics, _ = model.e_step(x)
    vector, h = model.to_vector(), 1e-5
    slopes = [
        model.from_vector(vector + h * e).gradient(statistics)
        - model.from_vector(vector - h * e).gradient(statistics)
        for e in np.eye(len(vector))
    ]
    complete = -np.array(slopes) / (2 * h)
    observed = complete @ (np.eye(len(vector)) - em.rate_matrix(model, x))
    assert_close(em.standard_errors(model, x).covariance, np.linalg.inv(observed), 1e-5)


@settings(max_examples=8)
@given(seeds, st.floats(-12, 12), st.floats(-12, 12), st.sampled_from([0.0, 1e4]))
def test_units_and_origins_change_standard_errors_as_they_must(seed, first, second, shift):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(50, 2)) @ rng.normal(size=(2, 2))
    x[10:][rng.random((40, 2)) < 0.3] = np.nan
    best, scale = normal_fit(x), 10.0 ** np.array([first, second])
    moved = MultivariateNormal(
        scale * (best.mean + shift), np.outer(scale, scale) * best.covariance
    )
    here = em.standard_errors(best, x, of=lambda m: m.mean)
    there = em.standard_errors(moved, scale * (x + shift), of=lambda m: m.mean)
    expected = np.outer(scale, scale) * here.covariance
    assert_close(there.covariance, expected, 1e-4 if shift else 1e-8)


def test_pseudo_observations_count_as_observations(rng):
    """With a prior whose statistics are those of more rows, the fit is that of all rows."""
    x = rng.normal(size=(30, 2)) @ [[2.0, 1.0], [0.0, 1.0]]
    x[::3, 1] = np.nan
    more = rng.normal(size=(20, 2))
    start = MultivariateNormal.from_available(x)
    prior = start.e_step(more)[0]
    model = em.fit(start, x, prior=prior, tol=1e-12).model
    found = em.standard_errors(model, x, prior=prior)
    expected = em.standard_errors(model, np.concatenate([x, more]))
    np.testing.assert_allclose(found.covariance, expected.covariance, rtol=1e-7, atol=1e-12)
    with pytest.raises(ValueError, match=r"standard errors away.*give the prior"):
        em.standard_errors(model, x)


def coarse_covariance(objective, vector, errors):
    """Invert second differences over a hundredth of a standard error."""
    hessian, moves = np.zeros((len(vector),) * 2), 0.01 * np.diag(errors)
    for i, j in np.ndindex(hessian.shape):
        for a, b in [(1, 1), (1, -1), (-1, 1), (-1, -1)]:
            hessian[i, j] += a * b * objective(vector + a * moves[i] + b * moves[j])
    return np.linalg.inv(-hessian / 4 * 1e4) * np.outer(errors, errors)


def test_a_prior_gives_a_maximum_where_the_likelihood_has_none():
    x = np.array([0.0, 1.0, 2.0, 3.0, 50.0])
    prior = GaussianMixture.prior_statistics(x, 2, 1.0)
    start = GaussianMixture([0.2, 0.8], [50, 1.5], [1e-6, 2])
    model = em.fit(start, x, prior=prior, tol=1e-13).model
    found = em.standard_errors(model, x, prior=prior)

    def log_posterior(vector):
        other = model.from_vector(vector)
        return other.log_likelihood(x) + other.complete_log_likelihood(prior)

    expected = coarse_covariance(log_posterior, model.to_vector(), found.standard_errors)
    assert_close(found.covariance, expected, 1e-3)


def test_data_in_pieces(rng):
    x, model = two_groups(rng, 400, 3.0)
    whole = em.standard_errors(model, x)
    pieces = em.Chunks(lambda: iter(np.split(x, [100, 250])))
    assert_close(em.standard_errors(model, pieces).covariance, whole.covariance, 1e-8)


def test_four_parameters_without_a_gradient(rng):
    """Crossed effects: mean and standard deviations, against a coarse grid of differences."""
    row, column = (index.ravel() for index in np.indices((30, 25)))
    x = 5 + rng.normal(0, 2, 30)[row] + rng.normal(0, 1, 25)[column] + rng.normal(size=750)
    data = x, np.ones(750), row, column
    model = em.fit(CrossedNormal(5, 2, 1), *data, tol=1e-11).model
    found = em.standard_errors(model, *data)

    def log_evidence(vector):
        return model.from_vector(vector).e_step(*data)[1]

    expected = coarse_covariance(log_evidence, model.to_vector(), found.standard_errors)
    assert_close(found.covariance, expected, 1e-3)


# -------------------------------------------------------------------------- refusals


def two_tests_that_nobody_took_together(rng):
    """The correlation of the second and third column, given the first, is not in the data."""
    x = rng.multivariate_normal([0, 0, 0], 0.5 * np.eye(3) + 0.5, size=200)
    x[:100, 2] = np.nan
    x[100:, 1] = np.nan
    return normal_fit(x), (x,)


def a_column_of_gaps(rng):
    x = np.column_stack([rng.normal(3, 2, 50), np.full(50, np.nan)])
    return em.fit(MultivariateNormal([0, 1], [[1, 0.5], [0.5, 1]]), x).model, (x,)


def two_equal_components(rng):
    """EM cannot tell two equal components apart, and stays where it is: at a saddle."""
    x = np.append(rng.normal(-3, 1, 100), rng.normal(3, 1, 100))
    model = GaussianMixture([0.4, 0.6], [x.mean()] * 2, [x.var()] * 2)
    assert em.fit(model, x).n_iter <= 2
    return model, (x,)


def too_early(rng):
    x, _ = two_groups(rng, 500, 3.0)
    start = GaussianMixture([0.5, 0.5], [-0.5, 3.5], [1, 1])
    return em.fit(start, x, tol=0, max_iter=1).model, (x,)


def complete_pooling(rng):
    y, errors = np.linspace(-0.1, 0.1, 20), np.ones(20)
    return fit_evidence(NormalNormal, y, errors).population, (y, errors)


def no_weight(rng):
    return GaussianMixture([0.0, 1.0], [0, 1], [1, 1]), (rng.normal(size=20),)


@pytest.mark.parametrize(
    ("case", "message"),
    [
        (two_tests_that_nobody_took_together, "singular.*parameter 7 of to_vector"),
        (a_column_of_gaps, "singular"),
        (two_equal_components, "model is no maximum.*saddle"),
        (too_early, r"model is no maximum: the top is about [0-9.]+ standard errors away"),
        (complete_pooling, "model lies on the boundary: parameter 1"),
        (no_weight, "weights must be positive"),
    ],
)
def test_what_has_no_standard_error_is_refused(case, message, rng):
    model, data = case(rng)
    with pytest.raises(ValueError, match=message):
        em.standard_errors(model, *data)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_function_that_is_not_finite_is_refused(bad, rng):
    x = rng.normal(size=(20, 2))
    with pytest.raises(ValueError, match=r"of\(model\) holds 1 NaN or infinite"):
        em.standard_errors(normal_fit(x), x, of=lambda m: [m.mean[0], bad])


def test_a_nearly_singular_covariance_is_seen_through(rng):
    """Two columns that differ by a thousandth: badly coupled coordinates, well-known means."""
    t = rng.normal(size=500)
    x = np.column_stack([t, t + 1e-3 * rng.normal(size=500)])
    model = normal_fit(x)
    found = em.standard_errors(model, x, of=lambda m: m.mean)
    assert_close(found.covariance, model.covariance / 500, 1e-6)


def test_a_function_that_is_not_finite_beside_the_model_is_refused(rng):
    x = rng.normal(size=(20, 2))
    best = normal_fit(x)

    def of(m):
        return m.mean[0] if m is best else np.inf

    with pytest.raises(ValueError, match=r"of\(model\) holds 1 NaN or infinite"):
        em.standard_errors(best, x, of=of)


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize(("away", "fits"), [(0.09, True), (0.11, False)])
def test_a_tenth_of_a_standard_error_may_be_missing_to_the_top(away, fits, side, rng):
    x = rng.normal(size=(400, 1))
    best = normal_fit(x)
    error = np.sqrt(best.covariance[0] / 400)
    moved = MultivariateNormal(best.mean + side * away * error, best.covariance)
    if fits:
        found = em.standard_errors(moved, x, of=lambda m: m.mean).standard_errors
        np.testing.assert_allclose(found, error, rtol=0.01)
    else:
        with pytest.raises(ValueError, match=r"model is no maximum: the top is about 0\.1"):
            em.standard_errors(moved, x)
