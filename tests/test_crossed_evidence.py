"""The maximum of the evidence of crossed effects, and effects that are known by names."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize
from test_crossed import dense, in_units, sds, simulated

from companion import crossed, em
from companion.crossed import CrossedNormal
from companion.empirical_bayes import fit_evidence

SPREADS = st.sampled_from([0.0, 0.5, 2.0])
SIZES = st.integers(2, 6)


def of(model, data):
    """Log evidence by its definition."""
    n_rows, n_columns = (int(ids.max()) + 1 for ids in data[2:])
    return dense(model, *data, n_rows, n_columns)[2]


def slopes_are_derivatives(model, data):
    z = np.array([model.mean, model.row_sd, model.column_sd, model.extra_sd]) ** [1, 2, 2, 2]
    value, found = model._slopes((*data, *(int(ids.max()) + 1 for ids in data[2:])))
    assert value == pytest.approx(of(model, data), rel=1e-10, abs=1e-9)

    def at(z):
        return of(CrossedNormal(z[0], *np.sqrt(z[1:])), data)

    steps = 1e-4 * np.eye(4)  # one-sided: a variance may be 0
    by_hand = [(-3 * at(z) + 4 * at(z + h) - at(z + 2 * h)) / 2e-4 for h in steps]
    np.testing.assert_allclose(found, by_hand, rtol=1e-4, atol=1e-4)


@given(SIZES, SIZES, SPREADS, SPREADS, SPREADS, st.integers(0, 10_000))
def test_slopes_are_derivatives_also_at_zero(n_rows, n_columns, a, b, c, seed):
    model = CrossedNormal(1.0, a, b, c)
    slopes_are_derivatives(
        model, simulated(CrossedNormal(1, 1, 1, 1), n_rows, n_columns, 0.6, seed)[0]
    )


def test_planted_slopes_off_by_a_hundredth_are_caught(monkeypatch):
    right = CrossedNormal._slopes

    def wrong(self, data):
        value, slopes = right(self, data)
        return value, slopes * [1, 1, 1.01, 1]

    monkeypatch.setattr(CrossedNormal, "_slopes", wrong)
    with pytest.raises(AssertionError):
        test_slopes_are_derivatives_also_at_zero()


ALL = CrossedNormal(0, 1, 1, 1)


def is_a_maximum(found, data, start=ALL):
    """Nothing near it is better, the value is that of the definition; what is out stays out."""
    best, top = found.population, found.log_evidence
    assert top == pytest.approx(of(best, data), rel=1e-11, abs=1e-9)
    rng = np.random.default_rng(1)
    for size in (1e-3, 0.1, 1.0):
        for _ in range(20):
            mean, *steps = size * rng.normal(size=4)
            moved = {
                name: abs(getattr(best, name) + step) if getattr(start, name) else 0.0
                for name, step in zip(("row_sd", "column_sd", "extra_sd"), steps, strict=True)
            }
            assert of(CrossedNormal(best.mean + mean, **moved), data) <= top + 1e-9
    for name in ("row_sd", "column_sd", "extra_sd"):
        assert getattr(start, name) or not getattr(best, name)


@pytest.mark.filterwarnings("ignore::companion.em.NotConvergedWarning")
@settings(max_examples=30)
@given(SIZES, SIZES, SPREADS, SPREADS, SPREADS, st.integers(0, 10_000))
def test_the_maximum(n_rows, n_columns, a, b, c, seed):
    """Also beside EM, which creeps towards a standard deviation of 0, and beside Nelder-Mead."""
    data, _, _ = simulated(CrossedNormal(1, a, b, c), n_rows, n_columns, 0.7, seed)
    found = fit_evidence(CrossedNormal, *data)
    is_a_maximum(found, data)
    climbed = em.fit(ALL, *data, tol=1e-6, max_iter=1000, acceleration="squarem")
    assert found.log_evidence > climbed.log_likelihood - 1e-9
    loose = optimize.minimize(
        lambda z: -of(CrossedNormal(z[0], *np.abs(z[1:])), data), [0, 1, 1, 1],
        method="Nelder-Mead", options={"maxiter": 4000, "xatol": 1e-6, "fatol": 1e-9},
    )  # fmt: skip
    assert found.log_evidence == pytest.approx(-loose.fun, abs=1e-6)


@pytest.mark.filterwarnings("ignore::companion.em.NotConvergedWarning")
def test_planted_small_steps_are_caught(monkeypatch):
    """A maximiser that stops early."""
    from companion import crossed

    right = crossed.maximise_evidence

    def early(*args):
        model, _, *rest = right(*args)
        model = CrossedNormal(
            model.mean, model.row_sd * 1.1 + 0.05, model.column_sd, model.extra_sd
        )
        return model, model.log_evidence(*args[:4]), *rest

    monkeypatch.setattr(crossed, "maximise_evidence", early)
    with pytest.raises(AssertionError):
        test_the_maximum()


DATA, _, _ = simulated(CrossedNormal(3, 2, 1.5, 1), 12, 9, 0.7, 4)


def test_a_search_begins_where_it_is_asked_to():
    """From the top there is nothing to climb; from anywhere else there is, to the same top."""
    best = fit_evidence(CrossedNormal, *DATA)
    again = fit_evidence(CrossedNormal, *DATA, start=best.population)
    assert again.n_iter <= 1 < best.n_iter
    far = fit_evidence(CrossedNormal, *DATA, start=CrossedNormal(50.0, 1e-3, 9.0, 3.0))
    assert far.n_iter > 1
    for found in (again, far):
        assert found.log_evidence == pytest.approx(best.log_evidence, rel=1e-12)
        np.testing.assert_allclose(
            found.population.to_vector(), best.population.to_vector(), rtol=1e-7
        )
        np.testing.assert_allclose(found.covariance, best.covariance, rtol=1e-5, atol=1e-9)


def test_what_is_left_out_stays_out():
    for start in (CrossedNormal(0, 2, 0, 0), CrossedNormal(0, 2, 1, 0), CrossedNormal(0, 0, 1, 1)):
        found = fit_evidence(CrossedNormal, *DATA, start=start)
        is_a_maximum(found, DATA, start)
        if not start.row_sd:  # EM cannot move the mean of rows that do not vary
            continue
        run = em.fit(start, *DATA, tol=1e-12, acceleration="squarem")
        assert found.log_evidence == pytest.approx(run.log_likelihood, abs=1e-8)
        np.testing.assert_allclose(
            found.population.to_vector(), run.model.to_vector(), rtol=1e-4, atol=1e-5
        )
        assert found.covariance.shape == 2 * (len(found.population.to_vector()),)


def test_covariance_is_that_of_the_curvature():
    found = fit_evidence(CrossedNormal, *DATA)
    v = found.population.to_vector()

    def loss(v):
        return -of(CrossedNormal(v[0], *np.exp(v[1:])), DATA)

    e = 1e-3 * np.eye(4)
    hessian = [
        [(loss(v + a + b) - loss(v + a - b) - loss(v - a + b) + loss(v - a - b)) / 4e-6 for a in e]
        for b in e
    ]
    np.testing.assert_allclose(found.covariance, np.linalg.inv(hessian), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(found.standard_errors**2, np.diag(found.covariance))
    pair = fit_evidence(CrossedNormal, [1.0, 1.2], [1.0, 1.0], [0, 1], [0, 1])
    np.testing.assert_allclose(pair.population.mean, 1.1, rtol=1e-12)
    assert not pair.population.row_sd
    assert not pair.population.extra_sd
    assert np.isnan(pair.covariance[1:]).all()
    assert pair.standard_errors[0] == pytest.approx(np.sqrt(0.5))


@pytest.mark.parametrize("unit", [1e-8, 1e-3, 1e6])
@pytest.mark.parametrize("offset", [0.0, 1e3])
def test_units_and_origin_change_only_themselves(unit, offset):
    one = fit_evidence(CrossedNormal, *DATA)
    model, data = in_units(one.population, DATA, unit)
    other = fit_evidence(CrossedNormal, data[0] + offset * unit, *data[1:])
    assert other.population.mean == pytest.approx(model.mean + offset * unit, rel=1e-8)
    for name in ("row_sd", "column_sd", "extra_sd"):
        assert getattr(other.population, name) == pytest.approx(getattr(model, name), rel=1e-6)
    expected = one.log_evidence - len(DATA[0]) * np.log(unit)
    assert other.log_evidence == pytest.approx(expected, abs=1e-7)


@given(st.permutations(range(8)), st.permutations(range(5)), sds, st.integers(0, 10_000))
def test_names_are_numbers_in_another_dress(rows, columns, column_sd, seed):
    model = CrossedNormal(1.0, 2.0, column_sd, 0.5)
    (x, s, row, column), _, _ = simulated(model, 8, 5, 0.6, seed)
    row_names = np.array([f"row {chr(97 + k)}" for k in rows])
    column_names = np.array([f"column {k}" for k in columns])
    numbered = model.posterior(x, s, row, column)
    named = model.posterior(x, s, row_names[row], pd.Series(column_names[column]))
    assert named.row_names.tolist() == sorted(row_names)
    assert named.column_names.tolist() == sorted(column_names)
    by_row, by_column = np.argsort(row_names), np.argsort(column_names)
    np.testing.assert_allclose(named.row_mean, numbered.row_mean[by_row], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        named.cross_covariance,
        numbered.cross_covariance[np.ix_(by_row, by_column)], rtol=1e-7, atol=1e-9,
    )  # fmt: skip
    data = (x, s, pd.Categorical(row_names[row]), column_names[column].tolist())
    assert model.log_evidence(*data) == pytest.approx(model.log_evidence(x, s, row, column))
    assert numbered.row_names is None is numbered.column_names


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, 3])
@pytest.mark.parametrize("name", ["row", "column"])
def test_a_missing_name_is_named(place, missing, name):
    names = ["Iowa", "Utah", "Ohio"]
    names[place] = missing
    data = {"x": [1.0, 2, 3], "standard_error": [1.0, 1, 1], "row": [0, 1, 2], "column": [0, 0, 1]}
    odd = re.escape(f"{name} mixes names with what is none: {missing!r}")
    with pytest.raises(ValueError, match=f"^{odd}$"):
        CrossedNormal(0, 1, 1).posterior(**{**data, name: names})


@pytest.mark.parametrize("name", ["row", "column"])
def test_how_many_there_may_be(name):
    """As many as are asked for, up to 10 000; counted or numbered, those are the last."""
    data = {"x": [1.0, 2], "standard_error": [1.0, 1], "row": [0, 1], "column": [0, 1]}
    own = {"n_rows": None, "n_columns": None}
    at = 4 if name == "row" else 5
    for length in (2, 3, 10_000):
        assert crossed._data(**data, **own | {f"n_{name}s": length})[at] == length
    for length, message in [(1, f"n_{name}s is 1, but {name} goes up to 1"), (10_001, "at most")]:
        with pytest.raises(ValueError, match=message):
            crossed._data(**data, **own | {f"n_{name}s": length})
    assert crossed._data(**data | {name: [0, 9_999]}, **own)[at] == 10_000
    with pytest.raises(ValueError, match=f"^{name} goes up to 10000, and 2 different ones occur"):
        crossed._data(**data | {name: [0, 10_000]}, **own)


def test_one_draw_is_made_if_no_number_is_given():
    posterior = CrossedNormal(0, 1, 1).posterior([1.0, 2], [1.0, 1], [0, 1], [0, 0], n_rows=5)
    assert posterior.sample_rows(np.random.default_rng(1)).shape == (1, 5)
    for size in (0, -1, 1.5):
        with pytest.raises(ValueError, match="size must be a whole number"):
            posterior.sample_rows(np.random.default_rng(1), size)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fit_evidence(CrossedNormal, *DATA[:2]), "row and column must be given"),
        (lambda: fit_evidence(CrossedNormal, *DATA, start=3), "start must be a CrossedNormal"),
        (lambda: fit_evidence(CrossedNormal, *DATA, max_iter=0), "max_iter must be"),
        (lambda: fit_evidence(CrossedNormal, *DATA, max_iter=1), "within max_iter = 1 steps"),
        (
            lambda: CrossedNormal(0, 1, 1).posterior([1.0], [1.0], ["a"], [0], n_rows=3),
            "n_rows goes with numbers",
        ),
    ],
)
def test_bad_requests(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_only_crossed_effects_have_rows():
    from companion.hierarchical import NormalNormal

    with pytest.raises(ValueError, match="row and column go with a CrossedNormal only"):
        fit_evidence(NormalNormal, *DATA)
