"""Crossed effects: against the dense covariance, simulation, and planted errors."""

import datetime as dt
import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

from companion import em
from companion.crossed import CrossedNormal, CrossedPosterior, CrossedStatistics, _root
from companion.hierarchical import NormalNormal

# An sd of 1e-150 in a unit of 1e-30 would leave the range of numbers.
sds = st.one_of(st.just(0.0), st.floats(1e-100, 5))


def simulated(model, n_rows, n_columns, share, seed):
    """Effects, and a random share of all pairs observed (at least one of every row and column)."""
    rng = np.random.default_rng(seed)
    pi = rng.normal(model.mean, model.row_sd, n_rows)
    eta = rng.normal(0, model.column_sd, n_columns)
    seen = rng.random((n_rows, n_columns)) < share
    seen[np.arange(n_rows), np.arange(n_rows) % n_columns] = True
    seen[np.arange(n_columns) % n_rows, np.arange(n_columns)] = True
    row, column = np.nonzero(seen)
    s = rng.uniform(0.5, 3, len(row))
    x = pi[row] + eta[column] + rng.normal(0, np.hypot(s, model.extra_sd))
    return (x, s, row, column), pi, eta


def dense(model, x, s, row, column, n_rows, n_columns):
    """The definition: one big Gaussian of effects and observations, conditioned on the latter."""
    Z = np.hstack([np.eye(n_rows)[row], np.eye(n_columns)[column]])
    prior = np.diag([model.row_sd**2] * n_rows + [model.column_sd**2] * n_columns)
    V = Z @ prior @ Z.T + np.diag(s**2 + model.extra_sd**2)
    gain = prior @ Z.T @ np.linalg.inv(V)
    mean = np.array([model.mean] * n_rows + [0.0] * n_columns) + gain @ (x - model.mean)
    log_evidence = stats.multivariate_normal.logpdf(x, np.full(len(x), model.mean), V)
    return mean, prior - gain @ Z @ prior, log_evidence


@given(st.integers(1, 7), st.integers(1, 7), sds, sds, sds, st.integers(0, 10_000))
def test_the_solve_is_the_dense_posterior(n_rows, n_columns, row_sd, column_sd, extra_sd, seed):
    model = CrossedNormal(2.0, row_sd, column_sd, extra_sd)
    data, _, _ = simulated(model, n_rows, n_columns, 0.5, seed)
    posterior = model.posterior(*data)
    mean, covariance, log_evidence = dense(model, *data, n_rows, n_columns)
    found = np.concatenate([posterior.row_mean, posterior.column_mean])
    np.testing.assert_allclose(found, mean, atol=1e-10, rtol=1e-10)
    blocks = np.block(
        [
            [posterior.row_covariance, posterior.cross_covariance],
            [posterior.cross_covariance.T, posterior.column_covariance],
        ]
    )
    np.testing.assert_allclose(blocks, covariance, atol=1e-10)
    assert model.log_evidence(*data) == pytest.approx(log_evidence, abs=1e-9)


def exact(model, x, s, row, column):
    """Means, covariance and log evidence by elimination in exact fractions."""
    n_rows = int(row.max()) + 1
    size = n_rows + int(column.max()) + 1
    prior = [Fraction(model.row_sd) ** -2] * n_rows
    prior += [Fraction(model.column_sd) ** -2] * (size - n_rows)
    table = [[Fraction(0)] * (2 * size + 1) for _ in range(size)]
    for k in range(size):
        table[k][k], table[k][size + k] = prior[k], Fraction(1)
    squares, log_det = Fraction(0), 0.0
    for value, error, i, j in zip(x, s, row, n_rows + column, strict=True):
        weight = 1 / (Fraction(float(error)) ** 2 + Fraction(model.extra_sd) ** 2)
        off = Fraction(float(value)) - Fraction(model.mean)
        for one, other in ((i, i), (i, j), (j, i), (j, j)):
            table[one][other] += weight
        table[i][-1] += weight * off
        table[j][-1] += weight * off
        squares += weight * off**2
        log_det -= log_of(weight)
    pull = [line[-1] for line in table]
    for k in range(size):
        log_det += log_of(table[k][k]) - log_of(prior[k])
        table[k] = [value / table[k][k] for value in table[k]]
        for other in set(range(size)) - {k}:
            factor = table[other][k]
            table[other] = [a - factor * b for a, b in zip(table[other], table[k], strict=True)]
    mean = [line[-1] for line in table]
    squares -= sum(a * b for a, b in zip(pull, mean, strict=True))
    covariance = np.array([[float(v) for v in line[size:-1]] for line in table])
    log_evidence = -(len(x) * np.log(2 * np.pi) + log_det + float(squares)) / 2
    return np.array([float(v) for v in mean]), covariance, log_evidence


def log_of(fraction):
    return math.log(fraction.numerator) - math.log(fraction.denominator)


def keeps_its_digits(posterior, log_evidence):
    for ratio in (1, 1e3, 1e5, 1e7, 1e8):
        for seed in range(4):
            model = CrossedNormal(2.0, 3.0, 1.5)
            (_, s, row, column), pi, eta = simulated(model, 4, 3, 0.6, seed)
            rng = np.random.default_rng(seed)
            s = np.where(rng.random(len(s)) < 0.8, s / ratio, s)
            x = pi[row] + eta[column] + rng.normal(0, s)
            mean, covariance, evidence = exact(model, x, s, row, column)
            found = posterior(model, x, s, row, column)
            tolerance = 1e-15 * ratio + 1e-13
            np.testing.assert_allclose(found.row_mean - 2, mean[:4], atol=30 * tolerance)
            np.testing.assert_allclose(found.column_mean, mean[4:], atol=30 * tolerance)
            np.testing.assert_allclose(found.row_covariance, covariance[:4, :4], rtol=1e-12)
            np.testing.assert_allclose(found.column_covariance, covariance[4:, 4:], rtol=1e-12)
            np.testing.assert_allclose(found.cross_covariance, covariance[:4, 4:], rtol=1e-12)
            assert log_evidence(model, x, s, row, column) == pytest.approx(
                evidence, rel=30 * tolerance
            )


def test_effects_that_are_known_almost_exactly_keep_their_digits():
    """Standard errors down to a billionth of the effects: a difference of precisions is noise."""
    keeps_its_digits(CrossedNormal.posterior, CrossedNormal.log_evidence)


def test_planted_differences_of_precisions_are_caught():
    def by_differences(model, x, s, row, column):
        mean, covariance, _ = dense(model, x, s, row, column, 4, 3)
        blocks = covariance[:4, :4], covariance[4:, 4:], covariance[:4, 4:]
        return CrossedPosterior(mean[:4], mean[4:], *blocks)

    with pytest.raises(AssertionError):
        keeps_its_digits(by_differences, CrossedNormal.log_evidence)


def in_units(model, data, unit):
    x, s, row, column = data
    numbers = (model.mean, model.row_sd, model.column_sd, model.extra_sd)
    return CrossedNormal(*(unit * v for v in numbers)), (unit * x, unit * s, row, column)


@given(
    st.sampled_from([1e-30, 1e-8, 1e-3, 1e8, 1e30]), st.integers(0, 10_000), st.booleans(),
    sds, sds, sds,
)  # fmt: skip
def test_units_change_only_units(unit, seed, away, row_sd, column_sd, extra_sd):
    """Posterior, evidence, both steps of EM and draws, for data in other units."""
    model = CrossedNormal(1e3 if away else 2.0, row_sd, column_sd, extra_sd)
    data, _, _ = simulated(model, 4, 3, 0.6, seed)
    other, scaled = in_units(model, data, unit)
    one, two = model.posterior(*data), other.posterior(*scaled)
    for name, power in zip(one._fields[:5], (1, 1, 2, 2, 2), strict=True):
        expected = getattr(one, name)
        scale = np.abs(expected).max() + (name == "row_mean") * model.mean
        np.testing.assert_allclose(
            getattr(two, name) / unit**power, expected, rtol=1e-9, atol=1e-12 * scale
        )
    draws = [p.sample_rows(np.random.default_rng(1), 3) for p in (one, two)]
    np.testing.assert_allclose(draws[1] / unit, draws[0], rtol=1e-6, atol=1e-6 * row_sd)
    log_jacobian = -len(data[0]) * np.log(unit)
    expected = model.log_evidence(*data) + log_jacobian
    assert other.log_evidence(*scaled) == pytest.approx(expected, rel=1e-10, abs=1e-9)
    after = [m.m_step(m.e_step(*d)[0]) for m, d in ((model, data), (other, scaled))]
    expected, _ = in_units(after[0], data, unit)
    for name in ("mean", "row_sd", "column_sd", "extra_sd"):
        assert getattr(after[1], name) == pytest.approx(getattr(expected, name), rel=1e-9, abs=0)


@given(st.integers(0, 10_000), st.sampled_from([-1e8, 1e4, 1e8]), st.booleans())
def test_a_mean_far_away_changes_only_the_mean(seed, offset, from_zero):
    """The M-step and sums of statistics about a mean that is 1e8 standard deviations from zero."""
    model = CrossedNormal(0.0, 1.0, 0.5, 0.25)
    (x, s, row, column), _, _ = simulated(model, 6, 5, 0.7, seed)
    x = np.round(x * 2**20) / 2**20  # so that the offset is added without rounding
    far = CrossedNormal(0.0 if from_zero else offset, 1e3 if from_zero else 1.0, 0.5, 0.25)
    near = replace(far, mean=far.mean - offset)
    expected = near.m_step(near.e_step(x, s, row, column)[0])
    found = far.m_step(far.e_step(x + offset, s, row, column)[0])
    assert found.mean - offset == pytest.approx(expected.mean, abs=1e-6 + 1e-8 * far.row_sd)
    for name in ("row_sd", "column_sd", "extra_sd"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-6)
    two = far.e_step(x + offset, s, row, column)[0]
    merged = far.m_step(two + two)
    assert merged.row_sd == pytest.approx(found.row_sd, rel=1e-9)


def test_planted_raw_sums_of_squares_are_caught(monkeypatch):
    """What is planted is what was there: the scatter as a difference of sums of squares."""
    right = CrossedNormal.m_step
    monkeypatch.setattr(
        CrossedNormal, "m_step",
        lambda self, t: right(self, CrossedStatistics(t.rows, t.columns, t.extras)),
    )  # fmt: skip
    with pytest.raises(AssertionError):
        test_a_mean_far_away_changes_only_the_mean()


def test_without_columns_it_is_the_normal_normal_model():
    x, s = np.array([28.0, 8, -3, 7]), np.array([15.0, 10, 16, 11])
    rows = np.arange(4)
    posterior = CrossedNormal(8, 6, 0).posterior(x, s, rows, np.zeros(4, int))
    one = NormalNormal(8, 6).posterior(x, s)
    np.testing.assert_allclose(posterior.row_mean, one.mean)
    np.testing.assert_allclose(np.sqrt(np.diag(posterior.row_covariance)), one.sd)


TRUTH = CrossedNormal(3.0, 8.0, 2.5, 1.5)
SHARP = CrossedNormal(0.0, 1.0, 1.0)
CYCLE = [0, 0, 1, 1], [0, 1, 0, 1]  # two rows and two columns


def test_em_reaches_the_maximum_that_an_optimiser_finds():
    data, _, _ = simulated(TRUTH, 30, 20, 0.4, 1)
    start = CrossedNormal(0.0, 5.0, 1.0, 1.0)
    by_em = em.fit(start, *data, tol=1e-10, acceleration="squarem")
    other = optimize.minimize(
        lambda v: -start.from_vector(v).log_evidence(*data), start.to_vector(), method="BFGS"
    )
    assert by_em.log_likelihood == pytest.approx(-other.fun, abs=1e-5)
    np.testing.assert_allclose(by_em.model.to_vector(), other.x, atol=2e-3)


def test_the_hyperparameters_are_recovered():
    """Mean of 40 fits within four standard errors of the truth, in squared units for the sds."""
    fits = []
    for seed in range(40):
        data, _, _ = simulated(TRUTH, 40, 30, 0.5, seed)
        fits.append(em.fit(TRUTH, *data, tol=1e-6, acceleration="squarem").model.to_vector())
    fits = np.array(fits)
    error = (fits.mean(axis=0) - TRUTH.to_vector()) / (fits.std(axis=0) / np.sqrt(40))
    assert (abs(error) < 4).all(), error


def coverage(model_of, n_worlds=150):
    """Share of true row effects inside their 90 % intervals, over simulated elections."""
    inside = []
    for seed in range(n_worlds):
        data, pi, _ = simulated(TRUTH, 12, 9, 0.6, 1000 + seed)
        posterior = model_of(TRUTH).posterior(*data)
        z = (pi - posterior.row_mean) / np.sqrt(np.diag(posterior.row_covariance))
        inside.append(np.mean(abs(z) < stats.norm.ppf(0.95)))
    return np.mean(inside), np.std(inside) / np.sqrt(n_worlds)


def test_intervals_are_calibrated():
    share, error = coverage(lambda m: m)
    assert abs(share - 0.9) < 4 * error


@pytest.mark.parametrize(
    "planted",
    [
        lambda m: CrossedNormal(m.mean, m.row_sd, 0.0, m.extra_sd),  # pollsters without a bias
        lambda m: CrossedNormal(m.mean, m.row_sd, m.column_sd**2, m.extra_sd),  # variance for sd
        lambda m: CrossedNormal(m.mean, m.row_sd, m.column_sd, 0.0),
    ],
)
def test_planted_wrong_models_are_not_calibrated(planted):
    share, error = coverage(planted)
    assert abs(share - 0.9) > 4 * error


def test_planted_a_forgotten_cross_covariance_makes_em_fall():
    class Forgets(CrossedNormal):
        def e_step(self, *data):
            statistics, log_evidence = super().e_step(*data)
            statistics.extras[1] -= 0.3 * len(data[0])
            return statistics, log_evidence

        def m_step(self, statistics):
            found = super().m_step(statistics)
            return Forgets(found.mean, found.row_sd, found.column_sd, found.extra_sd)

    data, _, _ = simulated(TRUTH, 30, 20, 0.4, 1)
    best = em.fit(TRUTH, *data, tol=1e-8, acceleration="squarem").model
    with pytest.raises(em.ObjectiveFellError):
        em.fit(Forgets(best.mean, best.row_sd, best.column_sd, best.extra_sd), *data, max_iter=5)


def test_statistics_of_separate_elections_add():
    one, _, _ = simulated(TRUTH, 5, 4, 0.7, 1)
    two, _, _ = simulated(TRUTH, 6, 3, 0.7, 2)
    both = [
        np.concatenate([a, b + shift]) for a, b, shift in zip(one, two, (0, 0, 5, 4), strict=True)
    ]
    whole, evidence = TRUTH.e_step(*both)
    parts = [TRUTH.e_step(*d) for d in (one, two)]
    joined = parts[0][0] + parts[1][0]
    for name in ("rows", "columns", "extras"):
        np.testing.assert_allclose(getattr(joined, name), getattr(whole, name), rtol=1e-10)
    assert parts[0][1] + parts[1][1] == pytest.approx(evidence, rel=1e-12)


def test_draws_have_the_posterior_covariance():
    data, _, _ = simulated(TRUTH, 4, 3, 0.8, 3)
    posterior = TRUTH.posterior(*data)
    draws = posterior.sample_rows(np.random.default_rng(0), 100_000)
    np.testing.assert_allclose(draws.mean(axis=0), posterior.row_mean, atol=0.05)
    np.testing.assert_allclose(np.cov(draws.T), posterior.row_covariance, atol=0.06)


def draws_follow(posterior, sample):
    """Standard deviations within 5 %, correlations within 0.05, whatever the unit of each row."""
    draws = sample(posterior, np.random.default_rng(0), 20_000)
    sd = np.sqrt(np.diag(posterior.row_covariance))
    off = draws - posterior.row_mean
    known = sd == 0
    assert (off[:, known] == 0).all(), "a row that is known exactly does not vary"
    scaled = off[:, ~known] / sd[~known]
    correlation = posterior.row_covariance[np.ix_(~known, ~known)] / np.outer(*(sd[~known],) * 2)
    np.testing.assert_allclose(scaled.T @ scaled / len(scaled), correlation, atol=0.05)


def posteriors_of_all_kinds():
    data, _, _ = simulated(TRUTH, 4, 3, 0.8, 3)
    for unit in (1e-30, 1e-8, 1, 1e8):
        model, scaled = in_units(TRUTH, data, unit)
        yield model.posterior(*scaled)
        yield replace(model, row_sd=0.0).posterior(*scaled)
        x, s, row, column = scaled
        exact_row = np.where(row == 1, s / 1e12, s)
        yield replace(model, column_sd=0.0, extra_sd=0.0).posterior(x, exact_row, row, column)
        half = np.array([[1.0, 0], [1, 0], [0, 1], [0.6, 0.8]]) * unit
        yield one_posterior(half @ half.T)  # rank 2: the first two rows are the same
        mixed = np.diag([1e-8, 0.0, 1.0, 1e8]) @ np.ones((4, 4)) @ np.diag([1e-8, 0.0, 1.0, 1e8])
        yield one_posterior(mixed)


def one_posterior(covariance):
    n = len(covariance)
    return CrossedPosterior(np.zeros(n), np.zeros(1), covariance, np.eye(1), np.zeros((n, 1)))


def test_draws_of_rows_of_every_unit_and_of_singular_covariances():
    for posterior in posteriors_of_all_kinds():
        draws_follow(posterior, CrossedPosterior.sample_rows)
    half = np.array([[1.0, 0], [1, 0], [0, 1]])
    draws = one_posterior(half @ half.T).sample_rows(np.random.default_rng(2), 100)
    np.testing.assert_allclose(draws[:, 0], draws[:, 1], atol=1e-7)


def test_planted_a_jitter_with_a_unit_is_caught():
    def jittered(posterior, rng, size):
        n = len(posterior.row_mean)
        half = np.linalg.cholesky(posterior.row_covariance + 1e-12 * np.eye(n))
        return posterior.row_mean + rng.normal(size=(size, n)) @ half.T

    tiny = one_posterior(np.array([[2.0, 1], [1, 3]]) * 1e-16)
    draws_follow(tiny, CrossedPosterior.sample_rows)
    with pytest.raises(AssertionError):
        draws_follow(tiny, jittered)


def test_a_row_without_observations_and_a_column_with_one():
    model = CrossedNormal(1.0, 2.0, 3.0)
    posterior = model.posterior([5.0], [1.0], [0], [0], n_rows=3)
    assert posterior.row_mean[1:].tolist() == [1.0, 1.0]
    np.testing.assert_allclose(np.diag(posterior.row_covariance)[1:], 4.0)
    assert posterior.row_mean[0] == pytest.approx(1 + 4 * 4 / 14)  # the rest: column 9, noise 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: CrossedNormal(0, -1, 1), "row_sd must not be negative"),
        (lambda: CrossedNormal(0, 1, np.nan), "column_sd holds 1 NaN"),
        (lambda: TRUTH.posterior([1.0], [0.0], [0], [0]), "standard_error must be positive"),
        (lambda: TRUTH.posterior([1.0], [1.0], [-1], [0]), "row must not be negative"),
        (lambda: TRUTH.posterior([1.0], [1.0], [0.5], [0]), "row must be integers"),
        (
            lambda: TRUTH.posterior([1.0, 2], [1.0, 1], [0, 1], [0]),
            r"column must have shape \(2,\)",
        ),
        (lambda: TRUTH.posterior([1.0], [1.0], [3], [0], n_rows=2), "n_rows is 2, but row goes"),
        (lambda: TRUTH.log_evidence([[1.0]], [1.0], [0], [0]), r"x must have shape \(N,\)"),
        (lambda: TRUTH.e_step([np.inf], [1.0], [0], [0]), "x holds 1 NaN or infinite"),
        (lambda: TRUTH.e_step(np.ma.array([1.0], mask=True), [1.0], [0], [0]), "x holds 1 NaN"),
        (lambda: TRUTH.e_step([1.0], pd.array([None], dtype="Float64"), [0], [0]), "standard_err"),
        (lambda: TRUTH.e_step([1.0], [1j], [0], [0]), "standard_error must be .* complex"),
        (lambda: TRUTH.e_step([1.0], [1.0], [pd.NA], [0]), "row must be integers"),
        (lambda: TRUTH.e_step([1.0], [1.0], [0], np.ma.array([0], mask=True)), "column must be"),
        (lambda: TRUTH.posterior([1.0, 2], [1.0, 1], [0, 10**9], [0, 0]), "row goes up to 10000"),
        (lambda: TRUTH.log_evidence([1.0, 2], [1, 1], [0, 1], [56_045, 0]), "column goes up to 56"),
        (lambda: TRUTH.e_step([1.0], [1.0], np.array([2**63], np.uint64), [0]), "row must lie"),
        (lambda: TRUTH.posterior([1.0], [1.0], [0], [0], n_rows=2**63), "n_rows must be at most"),
        (lambda: SHARP.posterior([1.0], [1e-200], [0], [0]), "standard_error must not vanish"),
        (lambda: SHARP.posterior([1.0], [5e-324], [0], [0]), "standard_error must not vanish"),
        (lambda: SHARP.posterior([1e300], [1.0], [0], [0]), "standard_error must not vanish"),
        (lambda: SHARP.posterior([1, 2, 3, 9], [1e-7] * 4, *CYCLE), "standard_error is so small"),
        (lambda: CrossedNormal([0.0], 1, 1), "mean must be one number"),
        (lambda: CrossedNormal(0, dt.timedelta(1), 1), "row_sd must be .* durations"),
        (lambda: CrossedNormal(0, 1, "1"), "column_sd must be .* text"),
        (lambda: TRUTH.from_vector([0.0, 1.0]), "vector must hold"),
        (lambda: TRUTH.from_vector([0.0, 1.0, np.nan]), "vector must not be"),
        (lambda: TRUTH.from_vector([0.0, 1.0, 1e3]), "vector holds the logarithm"),
    ],
)
def test_bad_input_is_named(call, message):
    with np.errstate(all="raise"), pytest.raises(ValueError, match=message):
        call()


# ------------------------------------------------------- units, rounding, and bad input


def some_data():
    model = CrossedNormal(2.0, 1.5, 0.7, 0.3)
    return model, *simulated(model, 6, 4, 0.6, 3)[0]


@given(st.sampled_from([1e-8, 1e8]), st.sampled_from([0.0, 1e6]), st.integers(0, 10_000))
def test_the_unit_and_the_origin_of_the_data_do_not_matter(unit, offset, seed):
    model = CrossedNormal(2.0, 1.5, 0.7, 0.3)
    (x, s, row, column), _, _ = simulated(model, 6, 4, 0.6, seed)
    other = CrossedNormal((2.0 + offset) * unit, 1.5 * unit, 0.7 * unit, 0.3 * unit)
    moved = (x + offset) * unit, s * unit, row, column
    here, there = model.posterior(x, s, row, column), other.posterior(*moved)
    tolerance = 1e-9 + 1e-14 * offset
    np.testing.assert_allclose(there.row_mean / unit - offset, here.row_mean, rtol=0, atol=1e-8)
    for name in ("row_covariance", "column_covariance", "cross_covariance"):
        mine, theirs = getattr(here, name), getattr(there, name) / unit**2
        np.testing.assert_allclose(theirs, mine, rtol=1e-9, atol=1e-12)
    nats = other.log_evidence(*moved) + len(x) * np.log(unit)
    assert nats == pytest.approx(model.log_evidence(x, s, row, column), abs=1e3 * tolerance)
    one = model.m_step(model.e_step(x, s, row, column)[0])
    two = other.m_step(other.e_step(*moved)[0])
    assert two.mean / unit - offset == pytest.approx(one.mean, abs=1e-8)
    for name in ("row_sd", "column_sd", "extra_sd"):
        assert getattr(two, name) / unit == pytest.approx(getattr(one, name), rel=1e-7, abs=0)
    draws = here.sample_rows(np.random.default_rng(1), 3)
    again = there.sample_rows(np.random.default_rng(1), 3)
    np.testing.assert_allclose(again / unit - offset, draws, rtol=0, atol=1e-7)


def test_draws_have_the_covariance_of_the_posterior_in_every_unit():
    """A constant added to the diagonal made sds of 1e-8 two hundred times too large."""
    _, x, s, row, column = some_data()
    for unit in (1e-9, 1.0, 1e9):
        posterior = CrossedNormal(2 * unit, 1.5 * unit, 0.7 * unit).posterior(
            x * unit, s * unit, row, column
        )
        draws = posterior.sample_rows(np.random.default_rng(2), 40_000)
        sd = np.sqrt(np.diag(posterior.row_covariance))
        np.testing.assert_allclose(draws.std(axis=0), sd, rtol=0.02, atol=0)
        planted = np.sqrt(np.diag(posterior.row_covariance) + 1e-12)
        assert (abs(planted / sd - 1).max() > 0.02) == (unit == 1e-9)
    known = CrossedNormal(2.0, 0.0, 0.7).posterior(x, s, row, column)
    assert (known.sample_rows(np.random.default_rng(1), 2) == 2.0).all()


def test_statistics_about_any_mean_add():
    model, x, s, row, column = some_data()
    a = CrossedNormal(1e8, 1.5, 0.7).e_step(x + 1e8, s, row, column)[0]
    b = CrossedNormal(1e8 + 4, 1.5, 0.7).e_step(x + 1e8 + 4, s, row, column)[0]
    n = a.rows[0]
    means = a.rows[1] / n, b.rows[1] / n
    expected = (a.scatter + b.scatter) / (2 * n) + np.var(means)
    assert model.m_step(a + b).row_sd ** 2 == pytest.approx(expected, rel=1e-8, abs=0)


@pytest.mark.parametrize("j", [0, 2, 4])
@pytest.mark.parametrize(
    ("name", "bad", "message"),
    [
        ("x", np.nan, "^x holds 1 NaN"),
        ("x", np.inf, "^x holds 1 NaN or inf"),
        ("standard_error", 0.0, "^standard_error must"),
        ("standard_error", np.nan, "^standard_error holds"),
        ("row", -1, "^row must"),
        ("row", 10**9, "^row goes up to 1000000000, and"),
        ("column", 10**9, "^column goes up to"),
    ],
)
def test_one_bad_entry_among_good_ones_is_named(name, bad, message, j):
    data = {"x": [1.0, 2, 3, 4, 5], "standard_error": [1.0] * 5, "row": [0, 1, 2, 0, 1],
            "column": [0, 0, 1, 1, 0]}  # fmt: skip
    data[name] = [bad if i == j else v for i, v in enumerate(data[name])]
    model = CrossedNormal(0, 1, 1)
    for call in (model.posterior, model.log_evidence, model.e_step):
        with pytest.raises(ValueError, match=message):
            call(*data.values())


def test_every_form_of_the_data_and_no_error_state_matters():
    model, x, s, row, column = some_data()
    plain = model.posterior(x, s, row, column)
    forms = [
        (x[::-1].copy()[::-1], list(s), list(row), np.asfortranarray(column)),
        (pd.Series(x), pd.Series(s, dtype="Float64"), pd.Series(row, dtype="Int64"), column),
    ]
    for form in forms:
        with np.errstate(all="raise"):
            found = model.posterior(*form)
        np.testing.assert_array_equal(found.row_mean, plain.row_mean)
        np.testing.assert_array_equal(found.column_covariance, plain.column_covariance)
    masked = np.ma.array(x, mask=np.arange(len(x)) == 1)
    with pytest.raises(ValueError, match=r"^x holds 1 NaN"):
        model.posterior(masked, s, row, column)


@given(st.integers(0, 2**32), st.integers(1, 5))
def test_one_error_that_vanishes_among_good_ones_is_named(seed, N):
    """Beside the rows' effects, the columns', or an observation far from the mean."""
    rng = np.random.default_rng(seed)
    for sds, far in (((1.0, 0.0), 0.0), ((0.0, 1.0), 0.0), ((0.0, 0.0), 1.0), ((0.0, 0.0), -1.0)):
        x, s, at = rng.normal(size=N), rng.uniform(1, 2, N), rng.integers(N)
        x[at] = far
        row, column = rng.permutation(N), rng.permutation(N)
        model = CrossedNormal(0.0, *sds)
        assert np.isfinite(model.log_evidence(x, s, row, column))
        s[at] = 1e-200
        for call in (model.posterior, model.log_evidence, model.e_step):
            with pytest.raises(ValueError, match=r"standard_error must not vanish .* 1e-200"):
                call(x, s, row, column)


@pytest.mark.parametrize("shape", [(), (1,), (2,), (5,), (3, 1), (1, 4), (2, 2)])
def test_vectors_of_another_shape_are_none(shape):
    with pytest.raises(ValueError, match="vector must hold a finite mean and two or three log"):
        CrossedNormal(0, 1, 1).from_vector(np.zeros(shape))


@given(st.integers(0, 2**32), st.integers(1, 6))
def test_a_root_is_that_of_any_covariance(seed, n):
    """Of full rank, of less, and with rows of no variance, each in a unit of its own."""
    rng = np.random.default_rng(seed)
    for rank in range(1, n + 1):
        A = rng.normal(size=(n, rank)) * 10 ** rng.uniform(-9, 9, (n, 1))
        A[rng.random(n) < 0.2] = 0
        root = _root(A @ A.T)
        sd = np.sqrt((A**2).sum(axis=1))
        scale = np.outer(sd, sd)
        np.testing.assert_allclose(root @ root.T, A @ A.T, atol=1e-13 * scale.max(), rtol=1e-7)
        off = (root @ root.T - A @ A.T)[scale > 0] / scale[scale > 0]
        np.testing.assert_allclose(off, 0, atol=1e-12)
