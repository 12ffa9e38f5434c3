"""The one door for numbers, and that every public function of the small modules goes through it."""

import dataclasses
import datetime as dt
import decimal
import fractions
import importlib
import inspect
import pkgutil

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from scipy import sparse

import companion
from companion import (
    _check,
    crossed,
    datasets,
    divergences,
    exchangeability,
    hierarchical,
    interactive,
    nested,
    nested_bayes,
    plotting,
    state_space,
)
from companion.gaussians import GaussianMixture
from companion.interactive import _contest, basins, directions, one_hill, slowness, swing

seeds = st.integers(0, 2**32)
MASKED = np.ma.masked
NAN = np.nan


class Foreign:
    """An array of another library."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        if self.array is None:
            raise RuntimeError("cannot be read")
        return self.array


def masked(values, mask, **options):
    return np.ma.array(values, mask=mask, **options)


# --------------------------------------------------------------------------- what is missing


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (MASKED, NAN),
        (None, NAN),
        (pd.NA, NAN),
        (pd.NaT, NAN),
        (np.datetime64("NaT", "s"), NAN),
        ([1, None, pd.NA, pd.NaT, NAN, MASKED], [1, NAN, NAN, NAN, NAN, NAN]),
        ([[1.0, MASKED], [2.0, 3.0]], [[1, NAN], [2, 3]]),
        (((1.0, MASKED), (2.0, 3.0)), [[1, NAN], [2, 3]]),
        ([masked([1.0, 9.0], [0, 1]), masked([3.0, 4.0], [0, 0])], [[1, NAN], [3, 4]]),
        ([[masked([1.0, 9.0], [0, 1])], [[3.0, 4.0]]], [[[1, NAN]], [[3, 4]]]),
        (masked([1, 9], [0, 1]), [1, NAN]),
        (masked([True, True], [0, 1]), [1, NAN]),
        (masked([1, "x"], [0, 1], dtype=object), [1, NAN]),
        (masked(["a", "b"], True), [NAN, NAN]),
        (masked([1.0, 2.0], False), [1, 2]),
        (np.array([1, MASKED], dtype=object), [1, NAN]),
        ([fractions.Fraction(1), np.array(2), masked(3, True)], [1, 2, NAN]),
        (np.array([[1, pd.NA], [None, 2]], dtype=object), [[1, NAN], [NAN, 2]]),
        (pd.Series([1, None], dtype="Int64"), [1, NAN]),
        (pd.Series([1.5, None], dtype="Float64"), [1.5, NAN]),
        (pd.Series([True, None], dtype="boolean"), [1, NAN]),
        (pd.Series([2, None], dtype="category"), [2, NAN]),
        (pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": [1, 2]}), [[1, 1], [NAN, 2]]),
        ([pd.Series([1, None], dtype="Int64"), pd.Series([3, 4])], [[1, NAN], [3, 4]]),
        (np.array(["NaT", "NaT"], "m8[s]"), [NAN, NAN]),
    ],
)  # fmt: skip
def test_what_is_missing_becomes_nan(value, expected):
    found = _check.numbers(value, "x")
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, expected)
    if np.isnan(found).any():
        with pytest.raises(ValueError, match=r"^x holds \d+ NaN"):
            _check.finite(value, "x")


@given(seeds, st.integers(0, 3))
def test_masks_pandas_and_none_say_the_same(seed, n_dimensions):
    """Random holes in random arrays, said in five ways, and with garbage under the mask."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=rng.integers(1, 4, size=n_dimensions))
    holes = rng.random(values.shape) < 0.4
    expected = np.where(holes, np.nan, values)
    garbage = np.where(holes, 1e300, values)
    objects = values.astype(object)
    ways = [masked(garbage, holes), masked(garbage, holes).tolist()]
    for sign in (None, pd.NA, MASKED):
        with_signs = np.array(objects, dtype=object)
        for index in zip(*np.nonzero(np.atleast_1d(holes)), strict=True):
            with_signs[index if n_dimensions else ()] = sign
        ways += [with_signs, with_signs.tolist()]
    if n_dimensions == 1:
        ways += [pd.array(garbage, dtype="Float64")]
        ways[-1][holes] = pd.NA
    for way in ways:
        np.testing.assert_array_equal(_check.numbers(way, "x"), expected)


# --------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ([1.0, 1j], "complex numbers"),
        (np.array([1 + 0j]), "complex numbers"),
        (masked([1j, 2], [1, 0]), "complex numbers"),
        (np.array([1.0, 1j], dtype=object), "complex numbers"),
        (masked([1j, 2j], [0, 1]), "complex"),
        (masked([1j, 2j], [1, 1]), "complex"),
        ("12", "text"),
        (b"12", "text"),
        (bytearray(b"12"), "text"),
        (["1", "2"], "text"),
        (np.array(["1", "2"], getattr(np.dtypes, "StringDType", lambda: "U")()), "text"),
        ([1.0, "2"], "text"),
        (np.array([1.0, "2"], dtype=object), "text"),
        (pd.Series(["1", "2"]), "text"),
        (pd.Series(["1", None], dtype="string"), "text"),
        (pd.DataFrame({"a": [1.0], "b": ["2"]}), "text"),
        (dt.timedelta(1), "durations"),
        ([1.0, dt.timedelta(1)], "durations"),
        (np.array([1, 2], "m8[s]"), "durations"),
        (np.array(["NaT", 1], "m8[s]"), "durations"),
        ([None, np.array(1, "m8[ns]")], "durations"),
        (pd.Series(pd.to_timedelta([1, 2], "s")), "durations"),
        ([dt.date(2020, 1, 1)], "dates"),
        ([dt.time(1)], "dates"),
        (pd.Series(pd.date_range("2020", periods=2, tz="UTC")), "dates"),
        (pd.Series(pd.date_range("2020", periods=2)), "dates"),
        (pd.Series(pd.period_range("2020", periods=2)), "Period"),
        (np.array([(1, 2.0)], dtype=[("a", int), ("b", float)]), "'a'"),
        (masked([(1, 2.0)], False, dtype=[("a", int), ("b", float)]), "'a'"),
        (sparse.csr_array(np.eye(2)), "csr_array"),
        ({1, 2}, "set"),
        ({"a": 1}, "dict"),
        ((i for i in [1, 2]), "generator"),
        ([[1, 2], [3]], "inhomogeneous"),
        (pd.Series([np.array([1.0, 2.0]), np.array([3.0, 4.0])]), "ndarray"),
        (pd.Series([[1], [2]]), "list"),
        ([10**400], "too large"),
        ([fractions.Fraction(10**400)], "too large"),
        ([decimal.Decimal("sNaN")], "InvalidOperation"),
        (Foreign(None), "cannot be read"),
        ([lambda: 1], "function"),
        pytest.param(
            np.array([1, np.longdouble(10) ** 4000]), "too large for a float",
            marks=pytest.mark.skipif(np.longdouble(0).nbytes == 8, reason="no longer floats"),
        ),
    ],
)  # fmt: skip
def test_what_is_no_real_number_is_refused(value, what):
    end = {"complex": " numbers$", "dates": "$", "durations": "$", "text": "$"}.get(what, "")
    with pytest.raises(ValueError, match=f"^x must be an array of numbers: .*{what}{end}"):
        _check.numbers(value, "x")


# --------------------------------------------------------------------------- forms of an array


@pytest.mark.parametrize(
    "value",
    [
        [1, 2],
        (1.0, 2.0),
        range(1, 3),
        np.array([1, 2], np.int8),
        np.array([1, 2], np.uint64),
        np.array([1, 2], ">f8"),
        np.array([1, 2], np.float16),
        np.array([1, 2], np.longdouble),
        np.array([1, 2], object),
        pd.Series([1, 2], index=[5, 6]),
        pd.Index([1, 2]),
        pd.array([1, 2], dtype="Int8"),
        pd.arrays.SparseArray([1, 2]),
        Foreign(np.array([1.0, 2.0])),
        memoryview(np.array([1.0, 2.0])),
        [fractions.Fraction(1), decimal.Decimal(2)],
        [np.array(1), np.float32(2)],
        masked([1, 2], False),
    ],
    ids=lambda v: type(v).__name__,
)
def test_every_form_of_an_array(value):
    found = _check.numbers(value, "x")
    assert type(found) is np.ndarray
    assert found.dtype == np.float64
    assert found.dtype.isnative
    assert found.tolist() == [1, 2]


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_a_matrix_is_an_array():
    found = _check.points(np.matrix([[1.0, 2.0], [3.0, 4.0]]), "x")
    assert type(found) is np.ndarray
    np.testing.assert_array_equal(found[0], [1, 2])


def test_columns_of_arrow():
    for given_, expected in [
        (pa.array([1, None]), [1, NAN]),
        (pa.chunked_array([[1, None], [3]]), [1, NAN, 3]),
        (pa.table({"a": [1, None], "b": [1.0, 2.0]}), [[1, 1], [NAN, 2]]),
        (pd.Series([1, None], dtype="int64[pyarrow]"), [1, NAN]),
        (pd.DataFrame({"a": pd.Series([1.5, None], dtype="double[pyarrow]")}), [[1.5], [NAN]]),
        (pd.Series([True, None], dtype="bool[pyarrow]"), [1, NAN]),
    ]:
        np.testing.assert_array_equal(_check.numbers(given_, "x"), expected)
    for refused in ("string[pyarrow]", "duration[s][pyarrow]", "timestamp[s][pyarrow]"):
        series = pd.Series([1, 2]).astype("string" if "string" in refused else "int64")
        with pytest.raises(ValueError, match=r"^x must be an array of numbers: these are"):
            _check.numbers(series.astype(refused), "x")


def test_columns_of_polars():
    for given_, expected in [
        (pl.Series([1, None]), [1, NAN]),
        (pl.DataFrame({"a": [1, None], "b": [1.0, 2.0]}), [[1, 1], [NAN, 2]]),
        ([pl.Series([1, None]), pl.Series([2, 3])], [[1, NAN], [2, 3]]),
    ]:
        np.testing.assert_array_equal(_check.numbers(given_, "x"), expected)
    for refused in (["1"], [dt.timedelta(1)], [dt.date(2020, 1, 1)]):
        with pytest.raises(ValueError, match=r"^x must be an array of numbers: these are"):
            _check.numbers(pl.Series(refused), "x")


# --------------------------------------------------------------------------- probabilities


@given(seeds, st.integers(1, 300))
def test_probabilities_of_single_precision(seed, K):
    """Rounded or summed in single precision, in every form: accepted, and nearly what was meant."""
    p = np.random.default_rng(seed).dirichlet(np.ones(K))
    single = p.astype(np.float32)
    forms = [
        single, list(single), single / single.sum(), pd.Series(single), masked(single, False),
        np.array(list(single), dtype=object), pd.array(single, dtype="Float32"),
        [*single[:1], *p[1:]],
    ]  # fmt: skip
    for form in forms:
        with np.errstate(all="raise"):
            found = _check.probabilities(form, "p")
            logs = _check.log_probabilities(np.log(np.maximum(single, 1e-30)), "log_p")
        assert found.dtype == np.float64
        assert found.sum() == pytest.approx(1, abs=1e-8)
        np.testing.assert_allclose(found, p, rtol=4e-6)
        np.testing.assert_allclose(np.exp(logs).sum(), 1, rtol=1e-14)


@pytest.mark.parametrize("shape", [(3, 4), (4, 4), (2, 3, 5)])
def test_rows_of_single_precision_sum_to_one_each(shape, rng):
    """In double precision, whichever other rows there are."""
    logs = np.log(rng.dirichlet(np.ones(shape[-1]), shape[:-1]).astype(np.float32))
    found = _check.log_probabilities(logs, "log_p")
    np.testing.assert_allclose(np.exp(found).sum(axis=-1), 1, rtol=1e-14)
    np.testing.assert_allclose(found, logs, atol=1e-6)


@pytest.mark.parametrize("kind", [np.float32, np.float16])
def test_sixteen_roundings_of_its_precision_are_what_a_sum_may_be_off(kind):
    half = float(np.finfo(kind).eps) / 2  # the distance of the numbers from one half on
    for roundings, accepted in [(15.5, True), (-15.5, True), (16.5, False)]:
        p = np.array([0.5, 0.5 + 2 * roundings * half], dtype=kind)
        assert float(p[0]) + float(p[1]) == 1 + 2 * roundings * half
        if accepted:
            assert _check.probabilities(p, "p").sum() == pytest.approx(1, abs=1e-15)
        else:
            with pytest.raises(ValueError, match=r"^p must sum to one"):
                _check.probabilities(p, "p")


@pytest.mark.parametrize("size", [1e-5, -1e-5, 1e-7])
def test_probabilities_that_are_off_are_refused(size):
    p = np.array([0.25, 0.25, 0.5 + size])
    with pytest.raises(ValueError, match=r"^p must sum to one"):
        _check.probabilities(p, "p")
    with pytest.raises(ValueError, match=r"^log_p must be logarithms"):
        _check.log_probabilities(np.log(p), "log_p")
    if abs(size) > 1e-6:
        with pytest.raises(ValueError, match=r"^p must sum to one"):
            _check.probabilities(p.astype(np.float32), "p")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: _check.probabilities([1e308] * 3, "p"), "p must sum to one, not to inf"),
        (lambda: _check.log_probabilities([-np.inf, -np.inf], "p"), "p must be logarithms of"),
        (lambda: _check.logs([0.0, np.inf], "p"), "p must not be empty, NaN"),
        (lambda: _check.logs(masked([0.0, -1], [0, 1]), "p"), "p must not be empty, NaN"),
        (lambda: _check.logs([0.0, -1e301, -np.inf], "p"), "p must be logarithms, and"),
        (lambda: _check.scalar([1.0], "a"), r"a must be one number, not an array of shape \(1,\)"),
        (lambda: _check.scalar(dt.timedelta(1), "a"), "a must be an array of numbers: .* dur"),
        (lambda: _check.scalar(None, "a"), "a holds 1 NaN"),
        (lambda: _check.fraction(np.array([0.5]), "a"), "a must be one number"),
        (lambda: _check.labels([0, 1.5], "l", 2), "l must be integers"),
        (lambda: _check.labels(masked([0, 1], [0, 1]), "l", 2), "l must be integers without gaps"),
        (lambda: _check.labels(pd.array([0, None], dtype="Int64"), "l", 2), "l must be integers"),
        (lambda: _check.labels(np.array([0, 2**63], np.uint64), "l", 2), "l must lie between"),
        (lambda: _check.labels([0, 2**62], "l", 2), "l must lie between"),
        (lambda: _check.count(0, "n"), "n must be a whole number, at least 1"),
        (lambda: _check.count(2**63, "n"), "n must be at most 9007199254740992"),
        (lambda: _check.count(np.array([3]), "n"), "n must be a whole number"),
        (lambda: _check.count(pd.NA, "n"), "n must be a whole number"),
        (lambda: _check.count(np.timedelta64(3, "s"), "n"), "n must be a whole number"),
        (lambda: _check.count(True, "n"), "n must be a whole number"),
        (lambda: _check.count(4, "n", at_most=3), "n must be at most 3, not 4"),
        (lambda: _check.whole([1, 2.5], "n"), "n must be whole numbers"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, message):
    with np.errstate(all="raise"), pytest.raises(ValueError, match=f"^{message}"):
        call()


@pytest.mark.parametrize("off", [1, 2, 2**10, 2**63])
@pytest.mark.parametrize(
    "form", [int, lambda n: [n], lambda n: [0, n], lambda n: [-n], lambda n: np.array([n], object)]
)
def test_whole_numbers_end_where_floats_no_longer_tell_them_apart(form, off):
    """2**53 + 1 becomes 2**53 as a float: an integer must not change on its way in."""
    assert np.abs(_check.whole(form(2**53), "n")).max() == 2.0**53
    with pytest.raises(ValueError, match=r"^n must be whole numbers up to 2\*\*53"):
        _check.whole(form(2**53 + off), "n")


def test_labels_and_counts_are_what_was_given():
    assert _check.labels(pd.array([2, -1], dtype="Int64"), "l", 2).tolist() == [2, -1]
    assert _check.labels(np.array([2, 0], np.uint8), "l", 2, 3).tolist() == [2, 0]
    assert _check.count(np.int8(3), "n") == 3
    assert _check.count(10**30, "n", at_most=None) == 10**30


# --------------------------------------------------------------------------- every public function

RNG = np.random.default_rng(5)
SEQUENCES = RNG.integers(0, 2, (4, 6))
P, Q = RNG.dirichlet(np.ones(6), 2).reshape(2, 2, 3)
TABLE = np.array([[0.4, 0.1], [0.1, 0.4]])
SPREAD = np.array([[2.0, 0.5], [0.5, 1.0]])
CROSSED = {
    "x": RNG.normal(size=6),
    "standard_error": RNG.uniform(1, 2, 6),
    "row": np.array([0, 1, 2, 0, 1, 2]),
    "column": np.array([0, 0, 1, 1, 2, 2]),
}
LAKE = state_space.FishPopulation(50, 15, 8, 0.3, n_states=40)
MODEL = crossed.CrossedNormal(0.5, 2.0, 1.0, 0.5)
PAIR = GaussianMixture([0.5, 0.5], [0, 4], [1, 1])
PLANE = GaussianMixture([0.5, 0.5], [[0, 0], [3, 3]], [np.eye(2), np.eye(2)])
POINTS = np.array([[0.0, 0], [1, 0], [0, 1], [3, 3], [4, 3], [3, 4]])
NESTED = {
    "y": np.array([1.0, 4, 2, 7]), "n": np.array([9.0, 8, 7, 12]), "group": np.array([0, 0, 1, 2]),
}  # fmt: skip
LEVELS = nested.NestedBetaBinomial(-1.0, 0.5, 4.0)
SQUARES = ["M0 0l9 0 0 9 -9 0z", "M9 0l9 0 0 9 -9 0z"]


def chain(**options):
    return vars(state_space.forward_backward(**options))


def lines(draw):
    """Return what was drawn on new axes."""

    def drawn(**options):
        ax = Figure().subplots()
        draw(ax, **options)
        return np.concatenate([line.get_xydata() for line in ax.lines])

    return drawn


def known(posterior):
    found = posterior.group_interval(), posterior.mean, posterior.sd, posterior.interval()
    return dict(zip("abcdef", [posterior.group_mean, posterior.group_sd, *found], strict=True))


def map_values(values):
    return plotting.county_map(Figure().subplots(), SQUARES, values).get_array()


def page(figure):
    """Return the numbers that the script reads; its text holds a running number besides."""

    def numbers(**options):
        return figure(**options)._repr_html_().split("start(parts(")[1].split(", ", 1)[1]

    return numbers


# Name: function, its arrays and numbers, and those of them that may have holes or a fixed type.
CALLS = {
    "forward_backward": (chain, {
        "log_initial": np.log([0.3, 0.7]), "log_transition": np.log([[0.9, 0.1], [0.2, 0.8]]),
        "log_emission": RNG.normal(0, 300, (5, 2))}),
    "FishPopulation": (
        lambda **o: state_space.FishPopulation(**o, n_states=9).log_transition,
        {"initial_mean": 50.0, "initial_sd": 15.0, "step_sd": 8.0, "rate": 0.3}),
    "log_emission": (LAKE.log_emission, {"counts": np.array([12.0, 20, 15])}),
    "posterior of fish": (
        lambda counts: vars(LAKE.posterior(counts)), {"counts": np.array([12.0, 20, 15])}),
    "sample": (lambda: LAKE.sample(3, np.random.default_rng(1)), {}),
    "CrossedNormal": (
        lambda **o: crossed.CrossedNormal(**o).log_evidence(**CROSSED),
        {"mean": 0.5, "row_sd": 2.0, "column_sd": 1.0, "extra_sd": 0.5}),
    "posterior": (lambda **o: dict(zip("abcde", MODEL.posterior(**o), strict=False)), CROSSED),
    "maximise_evidence": (lambda **o: crossed.maximise_evidence(**o)[0].to_vector(), CROSSED),
    "log_evidence": (MODEL.log_evidence, CROSSED),
    "e_step": (lambda **o: vars(MODEL.e_step(**o)[0]), CROSSED),
    "m_step": (lambda: MODEL.m_step(MODEL.e_step(**CROSSED)[0]).to_vector(), {}),
    "from_vector": (lambda vector: MODEL.from_vector(vector).to_vector(),
                    {"vector": np.array([0.5, 0.0, -1.0, -2.0])}),
    "sample_rows": (
        lambda: MODEL.posterior(**CROSSED).sample_rows(np.random.default_rng(1), 3), {}),
    "NestedBetaBinomial": (
        lambda **o: nested.NestedBetaBinomial(**o).log_evidence(**NESTED),
        {"location": -1.0, "scale": 0.5, "strength": 4.0}),
    "nested evidence": (LEVELS.log_evidence, NESTED),
    "nested posterior": (lambda **o: known(LEVELS.posterior(**o)), NESTED),
    "nested fit": (lambda: LEVELS.m_step(LEVELS.e_step(**NESTED)[0]).to_vector(), {}),
    "nested from_vector": (lambda vector: LEVELS.from_vector(vector).to_vector(),
                           {"vector": np.array([0.5, 0.0, 1.0])}),
    "full_bayes_nested": (lambda **o: known(nested_bayes.full_bayes_nested(**o)), {
        **NESTED, "log_odds": np.linspace(-3.0, 3, 25), "scales": np.array([0.2, 0.9]),
        "strengths": np.array([3.0, 20.0])}),
    "entropy": (divergences.entropy, {"p": P}),
    "cross_entropy": (divergences.cross_entropy, {"p": P, "q": Q}),
    "kl_divergence": (divergences.kl_divergence, {"p": P, "q": Q}),
    "kl_normal": (divergences.kl_normal, {
        "mean_p": np.array([1.0, 2]), "covariance_p": SPREAD,
        "mean_q": np.array([0.0, 1]), "covariance_q": SPREAD @ SPREAD}),
    "is_exchangeable": (exchangeability.is_exchangeable, {"joint": TABLE, "tol": 1e-6}),
    "polya_urn": (
        lambda **o: exchangeability.polya_urn(
            n_draws=3, rng=np.random.default_rng(1), n_urns=4, **o),
        {"white": 2.0, "black": 3.0, "reinforcement": 1.0}),
    "urn_log_probability": (exchangeability.urn_log_probability, {
        "x": SEQUENCES, "white": 2.0, "black": 3.0, "reinforcement": 1.0}),
    "beta_binomial_logpmf": (exchangeability.beta_binomial_logpmf, {
        "k": np.array([[0.0, 1], [3, 2]]), "n": np.array([5.0, 6]),
        "alpha": np.array([0.5, 1e-3]), "beta": np.array([2.0, 1e9])}),
    "mixture_of_iid": (exchangeability.mixture_of_iid_log_probability, {
        "x": SEQUENCES, "thetas": np.array([0.0, 1e-200, 0.7]), "weights": np.full(3, 1 / 3)}),
    "predictive": (exchangeability.predictive_probability, {
        "x": SEQUENCES, "thetas": np.array([0.0, 1e-200, 0.7]), "weights": np.full(3, 1 / 3)}),
    "sampling_without_replacement": (
        lambda: exchangeability.sampling_without_replacement_joint(3, 9, 4), {}),
    "nearest_mixture": (
        lambda joint: vars(exchangeability.nearest_mixture(joint)), {"joint": TABLE}),
    "diaconis_freedman_bound": (lambda: exchangeability.diaconis_freedman_bound(2, 10), {}),
    "moments": (
        exchangeability.mixing_distribution_from_moments, {"moments": np.array([1, 0.5, 0.375])}),
    "mixture_density": (lines(lambda ax, x: plotting.mixture_density(ax, PAIR, x)),
                        {"x": np.array([-60.0, 0, 60])}),
    "mixture_ellipses": (lines(lambda ax, n_sd: plotting.mixture_ellipses(ax, PLANE, n_sd)),
                         {"n_sd": 2.0}),
    "covariance_ellipse": (plotting.covariance_ellipse, {
        "mean": np.array([1.0, 2]), "covariance": SPREAD, "n_sd": 2.0}),
    "county_map": (map_values, {"values": np.array([1.0, 2.0])}),
    "funnel_limits": (plotting.funnel_limits, {
        "exposure": np.array([1e-5, 5.0, 1e9]), "rate": 3.0, "level": 0.9}),
    "EMBound": (page(lambda **o: interactive.EMBound(PAIR, component=0, **o)), {
        "x": np.array([0.0, 0.5, 4.0]), "low": -3.0, "high": 3.0, "start": -2.0}),
    "Landscape": (page(lambda **o: interactive.Landscape(PAIR, component=0, **o)), {
        "x": np.array([0.0, 0.5, 4.0]), "low": -3.0, "high": 3.0, "start": -2.0}),
    "EMSteps": (page(lambda x: interactive.EMSteps(PLANE, x, 3)), {"x": POINTS}),
    "Levels": (page(interactive.Levels), {}),
    "UrnFractions": (page(lambda: interactive.UrnFractions(2, 3)), {}),
    "Shrinkage": (page(lambda y, n: interactive.Shrinkage(y, n, highlight=0)), {
        "y": np.array([1.0, 3, 4]), "n": np.array([20.0, 15, 10])}),
    "OneHill": (page(lambda **o: interactive.OneHill(name="a", **o)), {
        "weight": 0.4, "distance": 3.0, "ratio": 1.5}),
    "LoseThem": (page(interactive.LoseThem), {"x": RNG.normal(size=12), "y": RNG.normal(size=12)}),
    "Basins": (page(lambda **o: interactive.Basins(size=5, **o)), {
        "x": np.array([0.0, 1, 2, 9, 10]), "low": -3.0, "high": 12.0,
        "spreads": np.array([0.5, 3])}),
    "em_ends": (lambda **o: dict(list(vars(basins.em_ends(**o)).items())[1:]), {
        "x": np.array([0.0, 1, 2, 9, 10]), "weights": np.array([[0.5, 0.5], [0.2, 0.8]]),
        "means": np.array([[0.0, 9], [4, 5]]), "sds": np.array([[1.0, 2], [3, 4]])}),
    "contest": (_contest.contest, {
        "x": np.arange(7.0), "y": np.array([1.0, 0, 2, 1, 3, 2, 5]),
        "normals": RNG.normal(size=(2, 15))}),
    "Slowness": (page(interactive.Slowness), {"distance": 3.0}),
    "Directions": (page(interactive.Directions), {"correlation": 0.6}),
    "both_divergences": (directions.both_divergences, {"correlation": 0.6, "sd": 0.7}),
    "seen_fraction": (slowness.seen_fraction, {"distance": 3.0}),
    "Swing": (page(lambda **o: interactive.Swing(regions=["a", "b", "a"], **o)), {
        "means": np.array([1.0, -2, 3]), "sds": np.array([3.0, 4, 3]),
        "votes": np.array([3.0, 4, 5]), "safe": np.array([1.0, 2]), "largest": 6.0}),
    "vote_distributions": (
        lambda **o: swing.vote_distributions(regions=["a", "b", "a"], **o), {
            "means": np.array([1.0, -2, 3]), "sds": np.array([3.0, 4, 3]),
            "votes": np.array([3.0, 4, 5]), "taus": np.array([0.0, 2]),
            "correlations": np.array([0.0, 0.5])}),
    "hill_border": (one_hill.hill_border, {"distance": 3.0, "ratio": 1.5}),
    "RateMap": (page(lambda **o: interactive.RateMap(SQUARES, ["a", "b"], **o)), {
        "events": np.array([1.0, 3]), "exposure": np.array([2e4, 5e4]),
        "shrunken": np.array([4e-5, 5e-5])}),
}  # fmt: skip
MAY_HAVE_HOLES = {
    *[(name, "counts") for name in ("log_emission", "posterior of fish")],
    ("county_map", "values"),
    ("contest", "y"),
    *[("RateMap", argument) for argument in ("events", "exposure", "shrunken")],
}
ARGUMENTS = [(name, argument) for name, (_, given_) in CALLS.items() for argument in given_]


def same(found, expected):
    if isinstance(expected, dict):
        expected, found = expected.values(), found.values()
    if isinstance(expected, (str, bool)):
        assert found == expected
    elif np.ndim(expected) or not np.isscalar(expected):
        for one, two in zip(found, expected, strict=True):
            same(one, two) if isinstance(two, (list, tuple)) else np.testing.assert_allclose(
                one, two, rtol=1e-13, atol=1e-300
            )
    else:
        assert found == pytest.approx(expected, rel=1e-13, abs=1e-300)


def test_no_public_function_is_forgotten():
    """Functions, classes and methods by name, of all the modules of this law but the data's."""
    source = inspect.getsource(inspect.getmodule(test_no_public_function_is_forgotten))
    table = (
        source[source.index("CALLS = {") : source.index("MAY_HAVE_HOLES")]
        + source[source.index("def chain(") : source.index("# Name: function")]
    )
    for module in (crossed, divergences, exchangeability, interactive, plotting, state_space):
        for name, item in vars(module).items():
            is_public = getattr(item, "__module__", "") == module.__name__ and name[0] != "_"
            if inspect.isfunction(item) and is_public:
                assert name in table, f"{name} is missing from the table"
    for name in ("log_emission", "posterior", "sample", "e_step", "m_step", "sample_rows"):
        assert name in CALLS


MODULES = [
    importlib.import_module(found.name)
    for found in pkgutil.walk_packages(companion.__path__, "companion.")
]
RECORDS = {
    item for module in MODULES for item in vars(module).values()
    if isinstance(item, type) and dataclasses.is_dataclass(item)
}  # fmt: skip


@pytest.mark.parametrize("cls", sorted(RECORDS, key=str))
def test_a_record_cannot_be_changed_and_can_be_a_key(cls):
    """It is equal to another by its numbers; where arrays are among them, only to itself."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        object.__new__(cls).anything = 1
    assert hash(object.__new__(cls)) if cls.__eq__ is object.__eq__ else cls.__hash__ is not None
    kinds = {field.type for field in dataclasses.fields(cls)}
    is_numbers = all(kind in ("float", "tuple[float, float]") for kind in kinds)
    assert (cls.__eq__ is object.__eq__) != is_numbers


@pytest.mark.parametrize("name", CALLS)
def test_under_errors_for_every_flag(name):
    """A caller who wants floating-point errors to be raised gets the same values."""
    function, options = CALLS[name]
    expected = function(**options)
    with np.errstate(all="raise"):
        found = function(**options)
    same(found, expected)


@pytest.mark.parametrize("name", [name for name in vars(datasets) if name.startswith("load_")])
def test_data_load_under_errors_for_every_flag(name):
    with np.errstate(all="raise"):
        assert len(getattr(datasets, name)())


def forms(array):
    """Return the same numbers in other memory, or in other containers."""
    strided = np.zeros([2 * n for n in array.shape], array.dtype)
    strided[tuple(slice(None, None, 2) for _ in array.shape)] = array
    read_only = array.copy()
    read_only.flags.writeable = False
    backwards = np.ascontiguousarray(array[::-1])[::-1]
    yield from (read_only, np.asfortranarray(array), backwards, array.tolist())
    yield strided[tuple(slice(None, None, 2) for _ in array.shape)]
    yield array.astype(array.dtype.newbyteorder())
    if array.dtype.kind == "f":
        yield array.astype(object)
        yield np.ma.array(array, mask=False)
    if array.ndim == 1:
        yield pd.Series(array, index=np.arange(len(array))[::-1])
        yield pd.array(array)
    if array.ndim == 2:
        yield pd.DataFrame(array)


@pytest.mark.parametrize(("name", "argument"), ARGUMENTS)
def test_every_form_of_every_array(name, argument):
    """The same value, and nothing is written into what the caller gave."""
    function, options = CALLS[name]
    expected, value = function(**options), options[argument]
    if isinstance(value, float):
        ways = [np.float64(value), np.array(value), fractions.Fraction(value), np.longdouble(value)]
    else:
        ways = list(forms(value))
    for way in ways:
        before = np.array(way)
        same(function(**{**options, argument: way}), expected)
        np.testing.assert_array_equal(np.array(way), before)


@pytest.mark.parametrize(("name", "argument"), ARGUMENTS)
def test_every_argument_names_itself(name, argument):
    """One bad entry among good ones; of a single number, that in place of it."""
    function, options = CALLS[name]
    good = np.asarray(options[argument])
    bad = [1j, "0.5", dt.timedelta(1), dt.date(2020, 1, 1), np.inf, 10**400]
    if (name, argument) not in MAY_HAVE_HOLES:
        bad += [np.nan, None, pd.NA, pd.NaT, MASKED]
    for wrong in bad:
        value = wrong
        if good.ndim:
            objects = good.astype(object)
            objects.ravel()[-1] = wrong
            value = objects.tolist()
        with np.errstate(all="raise"), pytest.raises(ValueError, match=argument):
            function(**{**options, argument: value})
    arrays = [good.astype(complex), good.astype("m8[s]")]
    if argument not in ("row", "column", "group"):  # these may be names
        arrays.append(good.astype(str))
    if (name, argument) not in MAY_HAVE_HOLES:
        mask = np.zeros(good.shape, bool)
        mask[(-1,) * good.ndim] = True
        arrays.append(np.ma.array(good, mask=mask))
    else:
        with_hole = np.ma.array(good.astype(float), mask=np.arange(len(good)) == 0)
        same(
            function(**{**options, argument: with_hole}),
            function(**{**options, argument: np.append(np.nan, good[1:])}),
        )
    arrays += [[good.tolist(), 3], {"a": 1}]
    if not good.ndim:
        arrays += [[float(good)], np.array([good, good])]
    for value in arrays:
        with np.errstate(all="raise"), pytest.raises(ValueError, match=argument):
            function(**{**options, argument: value})


@pytest.mark.parametrize(
    ("name", "argument"),
    [(n, a) for n, a in ARGUMENTS if a in {"p", "q", "joint", "weights", "log_initial",
                                           "log_transition"}],
)  # fmt: skip
def test_probabilities_of_single_precision_everywhere(name, argument):
    """The value that the rounded numbers stand for, to about seven digits."""
    function, options = CALLS[name]
    expected = function(**options)
    found = function(**{**options, argument: np.asarray(options[argument], np.float32)})
    if isinstance(expected, dict):
        expected, found = expected.values(), found.values()
    elif np.isscalar(expected) or not np.ndim(expected):
        expected, found = [expected], [found]
    for one, two in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-5)


# ------------------------------------------------------------- every check at its bounds


BAD = {  # what is no such number, and the least of what is
    "finite": ([NAN, np.inf, -np.inf], [-1e308, 0.0, 1e308]),
    "not_negative": ([NAN, np.inf, -5e-324, -1.0], [0.0, 5e-324]),
    "positive": ([NAN, np.inf, -1.0, 0.0], [5e-324]),
    "whole": ([NAN, 0.5, 1e-300, 2.0**53 + 2, -(2.0**53) - 2], [0.0, 2.0**53, -(2.0**53), -3.0]),
    "counts": ([NAN, 0.5, -1.0, 2.0**53 + 2], [0.0, 2.0**53]),
}


@pytest.mark.parametrize("check", BAD)
@given(seed=seeds, shape=st.sampled_from([(1,), (2,), (5,), (2, 3)]))
def test_one_bad_number_is_seen_wherever_it_stands(check, seed, shape):
    """Among good ones: in floats, in a list of lists and in an array of objects."""
    rng = np.random.default_rng(seed)
    array = rng.integers(1, 9, shape).astype(float)
    at = tuple(rng.integers(n) for n in shape)
    bads, goods = BAD[check]
    for value in goods:
        array[at] = value
        found = getattr(_check, check)(array, "name")
        np.testing.assert_array_equal(found, array)
        assert found.dtype == float
    for value in bads:
        array[at] = value
        for form in (array, array.tolist(), array.astype(object)):
            with pytest.raises(ValueError, match=r"^name "):
                getattr(_check, check)(form, "name")
    with pytest.raises(ValueError, match="name is empty"):
        getattr(_check, check)(np.zeros((0, 2)), "name")


SCALARS = {
    "scalar": ([NAN, np.inf], [-1e308, 0.0]),
    "positive_scalar": ([NAN, np.inf, 0.0, -1.0], [5e-324, 1e308]),
    "not_negative_scalar": ([NAN, np.inf, -5e-324], [0.0, 1e308]),
    "fraction": ([NAN, 0.0, 1.0, -0.5, 1.5], [5e-324, 0.5, 1 - 2.0**-53]),
}


@pytest.mark.parametrize("check", SCALARS)
def test_one_number_at_its_bounds(check):
    bads, goods = SCALARS[check]
    for value in goods:
        for form in (value, np.array(value), fractions.Fraction(value)):
            found = getattr(_check, check)(form, "name")
            assert type(found) is float
            assert found == value
    for value in [*bads, [goods[0]], [[goods[0]]]]:
        with pytest.raises(ValueError, match=r"^name "):
            getattr(_check, check)(value, "name")


@given(st.integers(-5, 5), st.integers(0, 5))
def test_whole_numbers_at_their_bounds(low, more):
    top = low + more
    for kind in (int, np.int64, np.int8):
        for value in {low, top}:
            found = _check.count(kind(value), "name", at_least=low, at_most=top)
            assert type(found) is int
            assert found == value
        with pytest.raises(ValueError, match=f"^name must be a whole number, at least {low}, not"):
            _check.count(kind(low - 1), "name", at_least=low, at_most=top)
        with pytest.raises(ValueError, match=f"^name must be at most {top}, not {top + 1}"):
            _check.count(kind(top + 1), "name", at_least=low, at_most=top)
    for value in (1.0, True, np.bool_(True), "1", None, np.timedelta64(1, "s"), [1]):
        with pytest.raises(ValueError, match=r"^name must be a whole number, at least 1, not"):
            _check.count(value, "name")
    assert _check.count(2**53, "name") == 2**53
    assert _check.count(2**70, "name", at_most=None) == 2**70
    with pytest.raises(ValueError, match=f"^name must be at most {2**53}"):
        _check.count(2**53 + 1, "name")


@given(seeds, st.integers(1, 6), st.integers(1, 4))
def test_labels_at_their_bounds(seed, N, K):
    rng = np.random.default_rng(seed)
    labels, at = rng.integers(-1, K, N), rng.integers(N)
    for kind in (np.int8, np.int64, "Int64"):
        given_ = pd.array(labels, dtype=kind) if kind == "Int64" else labels.astype(kind)
        found = _check.labels(given_, "name", N, K)
        assert found.dtype == np.int64
        np.testing.assert_array_equal(found, labels)
    for value in (-2, K):
        labels[at] = value
        with pytest.raises(ValueError, match=rf"^name must lie between -1 \(unknown\) and {K - 1}"):
            _check.labels(labels, "name", N, K)
    labels[at] = 2**53
    np.testing.assert_array_equal(_check.labels(labels, "name", N), labels)
    labels[at] += 1
    with pytest.raises(ValueError, match=r"^name must lie between"):
        _check.labels(labels, "name", N)
    for wrong in (labels[:-1], np.append(labels, 0), labels[:, np.newaxis]):
        with pytest.raises(ValueError, match=rf"^name must have shape \({N},\), one per point"):
            _check.labels(wrong, "name", N)
    for wrong in (labels.astype(float), np.where(np.arange(N) == at, NAN, 1.0), labels > 0):
        with pytest.raises(ValueError, match=r"^name must be integers without gaps"):
            _check.labels(wrong, "name", N)


@given(seeds, st.integers(1, 4), st.integers(1, 4))
def test_rows_and_columns_are_counted(seed, N, D):
    x = np.random.default_rng(seed).normal(size=(N, D))
    np.testing.assert_array_equal(_check.points(x, "name"), x)
    np.testing.assert_array_equal(_check.points(x, "name", D), x)
    np.testing.assert_array_equal(_check.points(x[:, 0], "name", 1), x[:, :1])
    with pytest.raises(ValueError, match=f"^name has {D} columns, but the model has D = {D + 1}"):
        _check.points(x, "name", D + 1)
    for wrong in (x[0, 0], x[np.newaxis]):
        with pytest.raises(ValueError, match=r"^name must have shape \(N,\) or \(N, D\)"):
            _check.points(wrong, "name")
    with pytest.raises(ValueError, match=r"finite: so\.$"):
        _check.points([NAN], "name", hint=": so.")
    with pytest.raises(ValueError, match=r"^name must have shape \(J,\), one entry per unit"):
        _check.pair(x, x, "name", "size")
    with pytest.raises(ValueError, match=rf"^size must have shape \({N},\)"):
        _check.pair(x[:, 0], np.ones(N + 1), "name", "size")
    one, other = _check.pair(x[:, 0], np.array(2.5), "name", "size")
    assert other.tolist() == [2.5] * N == [2.5] * len(one)


@given(seeds, st.integers(1, 4), st.integers(1, 4))
def test_logarithms_are_numbers_or_minus_infinity(seed, N, K):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(K), N)
    with np.errstate(divide="ignore"):
        log_p = np.log(np.where(p < 0.1, 0.0, p))
    at = rng.integers(N), rng.integers(K)
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(_check.logs(log_p, "name"), log_p)
        for value in (1e300, -1e300, -np.inf, 0.0):
            log_p[at] = value
            np.testing.assert_array_equal(_check.logs(log_p, "name"), log_p)
        for value in (1.1e300, -1.1e300, np.inf, NAN):
            log_p[at] = value
            for check in (_check.logs, _check.log_probabilities):
                with pytest.raises(ValueError, match=r"^name must"):
                    check(log_p, "name")
        with pytest.raises(ValueError, match=r"^name must not be empty"):
            _check.logs([], "name")
        np.testing.assert_array_equal(_check.log_probabilities(np.log(p), "name"), np.log(p))
        row = rng.integers(N)
        for size in (1e-6, -1e-6):
            off = np.log(p)
            off[row] += size
            with pytest.raises(ValueError, match=r"^name must be logarithms of probabilities"):
                _check.log_probabilities(off, "name")
        off[row] = -np.inf
        with pytest.raises(ValueError, match=r"^name must be logarithms of probabilities"):
            _check.log_probabilities(off, "name")


@given(seeds, st.integers(1, 4), st.integers(1, 4))
def test_every_row_of_a_table_sums_to_one(seed, N, K):
    """The worst of them is named, wherever it stands; all together, it is the whole."""
    rng = np.random.default_rng(seed)
    table = rng.dirichlet(np.ones(K), N)
    np.testing.assert_array_equal(_check.probabilities(table, "name", axis=1), table)
    np.testing.assert_array_equal(_check.probabilities(table / N, "name"), table / N)
    row = rng.integers(N)
    for factor, total in ((1.25, "1.25"), (0.75, "0.75")):
        off = table.copy()
        off[row] *= factor
        with pytest.raises(ValueError, match=f"^name: each row must sum to one, not to {total}$"):
            _check.probabilities(off, "name", axis=1)
        with pytest.raises(ValueError, match=f"^name must sum to one, not to {total}$"):
            _check.probabilities(off[row], "name")
    np.testing.assert_array_equal(_check.simplex(table[0], "name"), table[0])
    with pytest.raises(ValueError, match=r"^name must be a vector, not of shape"):
        _check.simplex(table / N, "name")


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.longdouble])
def test_the_coarsest_floats_decide(kind):
    """In an array, a list, a table of columns, an array of objects; never finer than double."""
    expected = max(float(np.finfo(kind).eps), float(np.finfo(float).eps))
    one, fine = kind(1), np.float64(1)
    table = (
        pd.DataFrame({"a": np.ones(2), "b": np.ones(2, kind)}) if kind != np.longdouble else fine
    )
    for value in (one, np.ones(3, kind), [fine, one], [[fine], [one]], (one,), table,
                  np.array([fine, one], object), pd.Series([1, 2], dtype=kind)):  # fmt: skip
        if value is not fine:
            assert _check.precision(value) == expected
    assert _check.precision([1, 2]) == _check.precision(1) == float(np.finfo(float).eps)


def test_models_and_sources_of_chance_are_what_they_should_be():
    rng = np.random.default_rng(1)
    assert _check.generator(rng) is rng
    for wrong in (None, 1, np.random.RandomState(1), np.random):
        with pytest.raises(ValueError, match=r"^rng must be a numpy.random.Generator"):
            _check.generator(wrong)
    _check.dimensions(PLANE, 2)
    for model, expected in ((PLANE, 1), (PAIR, 2), (None, 1)):
        with pytest.raises(ValueError, match=f"^model must have D = {expected}, not"):
            _check.dimensions(model, expected)


@pytest.mark.parametrize("bad", [0.9e-150, 1.1e150, 0.0, -1.0, NAN, np.inf, "1", [1.0]])
def test_fields_whose_squares_are_numbers(bad):
    for value in (1e-150, 1e150, np.float32(2), fractions.Fraction(1, 2)):
        found = hierarchical.BetaBinomial(1.0, value)
        assert type(found.beta) is float
        assert found.beta == float(value)
    with pytest.raises(ValueError, match=r"^beta "):
        hierarchical.BetaBinomial(1.0, bad)
    with pytest.raises(ValueError, match=r"^alpha "):
        hierarchical.BetaBinomial(bad, 1.0)
