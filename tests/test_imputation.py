"""Proper multiple imputation: the exact posterior, Rubin's rules, and what is improper."""

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from companion import datasets, em, missing
from companion.missing import MultivariateNormal


def fitted(x):
    return em.fit(MultivariateNormal.from_available(x), x, tol=1e-10).model


def pool(estimates, variances):
    """Rubin's rules: estimate, standard error, degrees of freedom."""
    m = len(estimates)
    between = (1 + 1 / m) * np.var(estimates, ddof=1)
    within = np.mean(variances)
    df = (m - 1) * (1 + within / between) ** 2
    return np.mean(estimates), np.sqrt(within + between), df


def mean_of(table):
    y = table[:, 1]
    return y.mean(), y.var(ddof=1) / len(y)


def slope_of(table):
    x, y = table[:, 0] - table[:, 0].mean(), table[:, 1] - table[:, 1].mean()
    slope = x @ y / (x @ x)
    return slope, (y - slope * x) @ (y - slope * x) / (len(x) - 2) / (x @ x)


def exact_tables(x, rng, size):
    """Draw y of a table whose y alone has gaps: its posterior is that of a regression line.

    Under the prior |Sigma|^(-3/2), n times the residual variance over tau^2 has a chi-square
    distribution with n - 1 degrees of freedom, where n rows are complete.
    """
    seen = ~np.isnan(x[:, 1])
    X = np.column_stack([np.ones(len(x)), x[:, 0]])
    inverse = np.linalg.inv(X[seen].T @ X[seen])
    line = inverse @ X[seen].T @ x[seen, 1]
    squares = ((x[seen, 1] - X[seen] @ line) ** 2).sum()
    tau = np.sqrt(squares / rng.chisquare(seen.sum() - 1, size))
    lines = line + tau[:, None] * (rng.normal(size=(size, 2)) @ np.linalg.cholesky(inverse).T)
    drawn = lines @ X.T + tau[:, None] * rng.normal(size=(size, len(x)))
    return np.where(seen, x[:, 1], drawn)


# ------------------------------------------------------------------------------- laws


def forty_points_have_the_exact_posterior(sample_missing):
    """Mean, spread and slope of the course's table, completed 500 times."""
    x = datasets.load_forty_points().to_numpy()
    rng = np.random.default_rng(1)
    tables = sample_missing(fitted(x), x, rng, size=500)
    exact = exact_tables(x, rng, 50_000)
    off = x[:, 0] - x[:, 0].mean()
    for quantity in (
        lambda y: y.mean(axis=1),
        lambda y: np.log(y.var(axis=1)),
        lambda y: y @ off / (off @ off),
    ):
        assert stats.ks_2samp(quantity(tables[:, :, 1]), quantity(exact)).pvalue > 1e-3


def one_table_knows_nothing_of_the_one_before(sample_missing):
    x = datasets.load_forty_points().to_numpy()
    means = sample_missing(fitted(x), x, np.random.default_rng(2), size=400)[:, :, 1].mean(axis=1)
    assert abs(np.corrcoef(means[1:], means[:-1])[0, 1]) < 4 / np.sqrt(400)


WORLDS = 150


@functools.cache
def worlds():
    """Return tables of which y has lost three quarters, and the fits to them."""
    found = []
    for world in range(WORLDS):
        rng = np.random.default_rng(world)
        x = rng.normal(size=(200, 2)) @ [[1.0, 0.6], [0.0, 0.8]]
        x[rng.permutation(200) < 150, 1] = np.nan
        found.append((x, fitted(x)))
    return found


def intervals_cover(sample_missing):
    """95 % of the intervals of a mean, and of a slope, hold the truth."""
    hits = np.zeros((WORLDS, 2))
    for world, (x, model) in enumerate(worlds()):
        tables = sample_missing(model, x, np.random.default_rng([1, world]), size=5)
        for k, (analysis, truth) in enumerate([(mean_of, 0.0), (slope_of, 0.6)]):
            estimate, error, df = pool(*zip(*map(analysis, tables), strict=True))
            hits[world, k] = abs(estimate - truth) <= stats.t(df).ppf(0.975) * error
    found = hits.mean(axis=0)
    assert (np.abs(found - 0.95) < 3 * np.sqrt(0.95 * 0.05 / WORLDS)).all(), found


LAWS = [
    forty_points_have_the_exact_posterior,
    one_table_knows_nothing_of_the_one_before,
    intervals_cover,
]


@pytest.mark.parametrize("law", LAWS)
def test_law(law):
    law(MultivariateNormal.sample_missing)


def at_the_estimate(model, x, rng, size=1):
    """Improper: the parameters stay at their estimate."""
    batches = list(missing._batches(x))
    return np.array([model._draw_gaps(x, batches, rng) for _ in range(size)])


def conditional_means(model, x, rng, size=1):
    return np.array([model.impute(x)] * size)


def without_patience(model, x, rng, size=1):
    """Take every step of the chain for a new table."""
    tables, batches = [], list(missing._batches(x))
    for _ in range(size):
        tables.append(model._draw_gaps(x, batches, rng))
        model = missing._draw_parameters(tables[-1], rng)
    return np.array(tables)


def with_the_covariance_of_the_estimate(model, x, rng, size=1):
    """Draw the mean alone: half proper."""
    tables, batches = [], list(missing._batches(x))
    for step in range(16 * size):
        filled = model._draw_gaps(x, batches, rng)
        if step % 16 == 15:
            tables.append(filled)
        mean = missing._draw_parameters(filled, rng).mean
        model = MultivariateNormal(mean, model.covariance)
    return np.array(tables)


PLANTED = [
    (forty_points_have_the_exact_posterior, at_the_estimate),
    (forty_points_have_the_exact_posterior, conditional_means),
    (forty_points_have_the_exact_posterior, with_the_covariance_of_the_estimate),
    (one_table_knows_nothing_of_the_one_before, without_patience),
    (intervals_cover, at_the_estimate),
]


@pytest.mark.parametrize(("law", "wrong"), PLANTED)
def test_planted_error_is_caught(law, wrong):
    with pytest.raises(AssertionError):
        law(wrong)


# ---------------------------------------------------------------------- further laws


def test_what_the_gaps_cost_the_mean_of_the_forty_points():
    """Variance of the mean of y between tables: 0.0019 at the estimate, 0.0049 in truth."""
    x = datasets.load_forty_points().to_numpy()
    rng = np.random.default_rng(3)
    exact = exact_tables(x, rng, 400_000).mean(axis=1).var()
    assert exact == pytest.approx(0.0049, abs=5e-5)
    fixed = at_the_estimate(fitted(x), x, rng, 2000)[:, :, 1].mean(axis=1).var()
    assert fixed == pytest.approx(0.0019, abs=2e-4)
    drawn = fitted(x).sample_missing(x, rng, size=400)[:, :, 1].mean(axis=1).var()
    assert drawn == pytest.approx(exact, rel=4 * np.sqrt(2 / 400))


def test_many_patterns_agree_with_the_observed_information(rng):
    """Many rows: Rubin's total variance of a mean is that of the maximum-likelihood estimate."""
    x = rng.normal(size=(1500, 3)) @ rng.normal(size=(3, 3))
    x[rng.random(x.shape) < 0.3] = np.nan
    x[7] = np.nan
    model = fitted(x)
    expected = em.standard_errors(model, x, of=lambda m: m.mean).standard_errors
    tables = model.sample_missing(x, rng, size=100)
    for k in range(3):
        columns = tables[:, :, k]
        estimate, error, _ = pool(columns.mean(axis=1), columns.var(axis=1, ddof=1) / 1500)
        assert error == pytest.approx(expected[k], rel=0.1)
        assert estimate == pytest.approx(model.mean[k], abs=0.5 * expected[k])


def test_complete_rows_have_the_textbooks_posterior(rng):
    """Inverse Wishart and normal: moments of 8 000 draws."""
    x = rng.normal(size=(12, 2)) @ [[2.0, 1.0], [0.0, 1.0]] + 3
    scatter = 12 * np.cov(x.T, ddof=0)
    draws = [missing._draw_parameters(x, rng) for _ in range(8_000)]
    covariances = np.array([draw.covariance for draw in draws])
    means = np.array([draw.mean for draw in draws])
    expected = stats.invwishart(11, scatter)
    error = np.sqrt(expected.var() / 8_000)
    assert (np.abs(covariances.mean(axis=0) - expected.mean()) < 5 * error).all()
    np.testing.assert_allclose(np.cov(means.T), expected.mean() / 12, rtol=0.1)
    np.testing.assert_allclose(means.mean(axis=0), x.mean(axis=0), atol=0.05)


@settings(max_examples=15)
@given(st.integers(0, 2**32), st.integers(-30, 30), st.integers(-30, 30))
def test_what_was_seen_stays_and_units_do_not_matter(seed, first, second):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(25, 2)) @ rng.normal(size=(2, 2))
    x[5:][rng.random((20, 2)) < 0.4] = np.nan
    scale, seen = 2.0 ** np.array([first, second]), ~np.isnan(x)
    here = fitted(x).sample_missing(x, np.random.default_rng(1), size=2)
    there = fitted(x * scale).sample_missing(x * scale, np.random.default_rng(1), size=2)
    np.testing.assert_array_equal(here[:, seen], np.broadcast_to(x[seen], (2, seen.sum())))
    assert np.isfinite(here).all()
    assert (here[0] != here[1]).sum() == (~seen).sum()
    np.testing.assert_allclose(there / scale, here, rtol=1e-4, atol=1e-6)


def test_nothing_missing_and_nothing_seen(rng):
    x = rng.normal(size=(200, 1))
    model = fitted(x)
    tables = model.sample_missing(x, rng, size=3)
    np.testing.assert_array_equal(tables, [x] * 3)
    more = np.append(x, np.full(3000, np.nan))
    drawn = model.sample_missing(more, rng)
    assert drawn.shape == (1, 3200, 1)
    np.testing.assert_array_equal(drawn[0, :200], x)
    assert drawn[0, 200:].std() == pytest.approx(x.std(), rel=0.25)


def test_the_start_does_not_matter(rng):
    """A model that was not fitted is only where EM starts."""
    x = rng.normal(size=(60, 2)) @ [[2.0, 1.0], [0.0, 1.0]]
    x[:20, 1] = np.nan
    tables = [
        model.sample_missing(x, np.random.default_rng(1), size=2)
        for model in (fitted(x), MultivariateNormal([5, -5], np.eye(2)))
    ]
    np.testing.assert_allclose(tables[1], tables[0], atol=1e-3)


# -------------------------------------------------------------------------- refusals


def never_together(rng):
    x = rng.normal(size=(60, 3))
    x[:30, 2] = x[30:, 1] = np.nan
    return fitted(x), x


def a_column_of_gaps(rng):
    x = np.column_stack([rng.normal(size=30), np.full(30, np.nan)])
    return MultivariateNormal([0, 0], [[1, 0.5], [0.5, 1]]), x


def two_rows(rng):
    return MultivariateNormal([0, 0], np.eye(2)), [[1, 2], [3, np.nan], [np.nan, np.nan]]


def three_columns(rng):
    return MultivariateNormal([0, 0], np.eye(2)), rng.normal(size=(9, 3))


def infinity(rng):
    x = rng.normal(size=(9, 2))
    x[4, 1] = np.inf
    return MultivariateNormal([0, 0], np.eye(2)), x


@pytest.mark.parametrize(
    ("case", "message"),
    [
        (never_together, r"x says \(almost\) nothing of some parameter"),
        (a_column_of_gaps, r"x says \(almost\) nothing of some parameter"),
        (two_rows, "x has 2 rows in which something was seen"),
        (three_columns, "x has 3 columns"),
        (infinity, "x holds infinite values"),
    ],
)
def test_what_cannot_be_completed_is_refused(case, message, rng):
    model, x = case(rng)
    with pytest.raises(ValueError, match=message):
        model.sample_missing(x, rng)


@pytest.mark.parametrize("size", [0, -1, 2.5, True, "3"])
def test_bad_size(size, rng):
    x = rng.normal(size=(9, 2))
    with pytest.raises(ValueError, match="size must be a whole number, at least 1"):
        fitted(x).sample_missing(x, rng, size=size)


def test_equal_columns_have_no_maximum(rng):
    x = rng.normal(size=(9, 1)) * [1.0, 1.0]
    with pytest.raises(em.CollapsedComponentError):
        MultivariateNormal([0, 0], np.eye(2)).sample_missing(x, rng)
