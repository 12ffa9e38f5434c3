"""What may be handed to EM and its models: any layout of memory, any word for "missing"."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion import em
from companion.gaussians import GaussianMixture, NormalStatistics
from companion.missing import MultivariateNormal
from companion.mixtures import HardMixture

# ------------------------------------------------------------------ every public function


def numbers_of(found):
    """Flatten whatever a function returns into one array of numbers."""
    if dataclasses.is_dataclass(found):
        found = [getattr(found, field.name) for field in dataclasses.fields(found)]
    if isinstance(found, (list, tuple)):
        return np.concatenate([numbers_of(part) for part in found])
    if found is None or isinstance(found, str):
        return np.zeros(0)
    return np.ravel(np.asarray(found, dtype=float))


def start_for(x, K=2):
    D = x.shape[1]
    return GaussianMixture([0.4, 0.6], np.outer([-1, 1], np.ones(D)), [np.eye(D)] * K)


MIXTURE = {
    "component_log_density": lambda x, m, r, z: m.component_log_density(x),
    "log_density": lambda x, m, r, z: m.log_density(x),
    "log_likelihood": lambda x, m, r, z: m.log_likelihood(x),
    "responsibilities": lambda x, m, r, z: m.responsibilities(x),
    "elbo": lambda x, m, r, z: m.elbo(x, r),
    "statistics": lambda x, m, r, z: m.statistics(x, r),
    "e_step": lambda x, m, r, z: m.e_step(x),
    "e_step with labels": lambda x, m, r, z: m.e_step(x, z),
    "fit_labelled": lambda x, m, r, z: GaussianMixture.fit_labelled(x, z, "diagonal"),
    "HardMixture.labels": lambda x, m, r, z: HardMixture(m).labels(x),
    "HardMixture.e_step": lambda x, m, r, z: HardMixture(m).e_step(x),
    "prior_statistics": lambda x, m, r, z: GaussianMixture.prior_statistics(x, 2),
    "random_start": lambda x, m, r, z: GaussianMixture.random_start(x, 2, np.random.default_rng(1)),
    "fit": lambda x, m, r, z: em.fit(
        m, x, z, tol=0, max_iter=2, prior=GaussianMixture.prior_statistics(x, 2)
    ),
    "fit_restarts": lambda x, m, r, z: em.fit_restarts([m], x, tol=0, max_iter=2).best,
    "rate_matrix": lambda x, m, r, z: em.rate_matrix(HalfNormal(m), x),
    "Chunks": lambda x, m, r, z: em.Chunks(lambda: iter([x, x])).e_step(m),
}
MISSING = {
    "from_available": lambda x, n: MultivariateNormal.from_available(x),
    "missing.log_density": lambda x, n: n.log_density(x),
    "missing.log_likelihood": lambda x, n: n.log_likelihood(x),
    "impute": lambda x, n: n.impute(x),
    "missing.e_step": lambda x, n: n.e_step(x),
    "missing.fit": lambda x, n: em.fit(n, x, tol=0, max_iter=2),
}


class HalfNormal:
    """Two parameters of a mixture, so that a matrix of rates is quick: the first column's means."""

    def __init__(self, mixture):
        self.mixture = mixture

    def e_step(self, x):
        return self.mixture.e_step(x)

    def m_step(self, statistics):
        return self.from_vector(statistics.means[:, 0])

    def to_vector(self):
        return self.mixture.means[:, 0]

    def from_vector(self, vector):
        m = self.mixture
        means = np.column_stack([vector, m.means[:, 1:]])
        return HalfNormal(GaussianMixture(m.weights, means, m.covariances))


def data(D, seed=0, N=40):
    """Points of single precision, so that it loses nothing; gaps; assignments; labels."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, D)).astype(np.float32).astype(float)
    gaps = rng.random((N, D)) < 0.3
    gaps[:2] = False
    q = rng.integers(0, 65, size=N) / 64
    r = np.column_stack([q, 1 - q])
    return x, np.where(gaps, np.nan, x), r, rng.integers(0, 2, size=N)


def read_only(a):
    a = a.copy()
    a.flags.writeable = False
    return a


def spread_out(a):
    wide = np.full([2 * n for n in a.shape], 7, dtype=a.dtype)
    wide[tuple(slice(None, None, 2) for _ in a.shape)] = a
    return wide[tuple(slice(None, None, 2) for _ in a.shape)]


def backwards(a):
    turn = tuple(slice(None, None, -1) for _ in a.shape)
    return a[turn].copy()[turn]


LAYOUTS = {
    "Fortran": np.asfortranarray,
    "strided": spread_out,
    "reversed": backwards,
    "read-only": read_only,
    "other byte order": lambda a: a.astype(a.dtype.newbyteorder()),
    "DataFrame": lambda a: pd.DataFrame(a) if a.ndim == 2 else pd.Series(a),
    "DataFrame of parts": lambda a: (
        pd.DataFrame({j: a[:, j] for j in range(a.shape[1])}) if a.ndim == 2 else pd.Series(a)
    ),
    "single precision": lambda a: a.astype(np.float32) if a.dtype.kind == "f" else a.astype("i2"),
    "lists": lambda a: a.tolist(),
    "broadcast": lambda a: np.broadcast_to(a, (3, *a.shape))[1],
}


@pytest.mark.parametrize("D", [1, 2, 9])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout_of_memory_makes_no_difference(layout, D):
    """Every public function gives what it gives for the C-ordered copy, and changes nothing."""
    change = LAYOUTS[layout]
    x, holes, r, z = data(D)
    model = start_for(x)
    normal = MultivariateNormal(np.zeros(D), np.eye(D) + 0.1)
    before = [change(a) for a in (x, r, z, holes)]
    kept = [np.array(a, copy=True) for a in before]
    for name, call in MIXTURE.items():
        found = numbers_of(call(before[0], model, before[1], before[2]))
        expected = numbers_of(call(x, model, r, z))
        tolerance = 1e-6 if name == "rate_matrix" else 1e-11
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance, err_msg=name)
    for name, call in MISSING.items():
        found, expected = numbers_of(call(before[3], normal)), numbers_of(call(holes, normal))
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11, err_msg=name)
    for old, new in zip(kept, before, strict=True):
        np.testing.assert_array_equal(old, np.array(new))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout_of_parameters_makes_no_difference(layout):
    change = LAYOUTS[layout]
    x, holes, _, _ = data(3)
    A = np.float32(np.random.default_rng(3).normal(size=(3, 3))).astype(float)
    covariance = np.float32(A @ A.T + np.eye(3)).astype(float)
    covariance = (covariance + covariance.T) / 2
    means = np.array([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
    parameters = np.array([0.25, 0.75]), means, np.array([covariance, 2 * covariance])
    expected = GaussianMixture(*parameters)
    found = GaussianMixture(*(change(p) if np.ndim(p) < 3 else p for p in parameters))
    np.testing.assert_allclose(found.log_density(x), expected.log_density(x), rtol=1e-13)
    vector = expected.to_vector()
    if layout != "single precision":
        np.testing.assert_array_equal(found.from_vector(change(vector)).means, means)
    statistics = expected.e_step(x)[0]
    altered = NormalStatistics(*(np.asfortranarray(a) for a in vars(statistics).values()))
    for call in (expected.m_step, expected.gradient, expected.complete_log_likelihood):
        np.testing.assert_allclose(numbers_of(call(altered)), numbers_of(call(statistics)))
    normal = MultivariateNormal(means[0], covariance)
    other = MultivariateNormal(change(means[0]), change(covariance))
    np.testing.assert_allclose(other.impute(holes), normal.impute(holes), rtol=1e-13)


def test_nine_columns_of_a_table():
    """Nine columns are two bytes of gaps, which a table does not keep beside each other."""
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(20, 9)))
    found = MultivariateNormal.from_available(table).log_likelihood(table)
    assert found == pytest.approx(-239.64, abs=0.01)


@given(st.integers(0, 2**32), st.integers(1, 20), st.sampled_from(sorted(LAYOUTS)))
def test_gaps_in_any_layout(seed, D, layout):
    holes = data(D, seed, N=12)[1]
    normal = MultivariateNormal(np.zeros(D), np.eye(D) + 0.3)
    changed = LAYOUTS[layout](holes)
    for name, call in MISSING.items():
        if name in ("from_available", "missing.fit"):
            continue
        np.testing.assert_allclose(
            numbers_of(call(changed, normal)), numbers_of(call(holes, normal)), atol=1e-11
        )


def test_dask_blocks_of_any_kind(rng):
    import dask.array

    x, holes, _, _ = data(3)
    masked = np.ma.array(x, mask=np.isnan(holes))
    normal = MultivariateNormal(np.zeros(3), np.eye(3))
    blocks = em.DaskChunks(dask.array.from_array(masked, chunks=(9, 3)))
    expected = normal.e_step(holes)
    np.testing.assert_allclose(numbers_of(blocks.e_step(normal)), numbers_of(expected), atol=1e-10)
    with pytest.raises(ValueError, match=r"x holds \d+ NaN or infinite"):
        blocks.e_step(start_for(x))
    fortran = em.DaskChunks(dask.array.from_array(np.asfortranarray(x), chunks=(9, 3)))
    model = start_for(x)
    np.testing.assert_allclose(
        numbers_of(fortran.e_step(model)), numbers_of(model.e_step(x)), rtol=1e-10
    )


# ------------------------------------------------------------------------ missing numbers


def masked(x):
    return np.ma.array(np.where(np.isnan(x), 99.0, x), mask=np.isnan(x))


def with_na(x):
    rows = [[pd.NA if np.isnan(v) else v for v in row] for row in x.tolist()]
    return pd.DataFrame(rows, dtype=object)


WORDS = {
    "mask": masked,
    "rows of masked arrays": lambda x: list(masked(x)),
    "pd.NA": with_na,
    "None": lambda x: [[None if np.isnan(v) else v for v in row] for row in x.tolist()],
    "NaT": lambda x: with_na(x).map(lambda v: pd.NaT if v is pd.NA else v).to_numpy(dtype=object),
    "Float64": lambda x: with_na(x).astype("Float64"),
    "Float32": lambda x: with_na(x).astype("Float32"),
    "Int64": lambda x: with_na(x).astype("Int64"),
    "arrow": lambda x: with_na(x).astype("double[pyarrow]"),
}


@pytest.mark.parametrize("word", WORDS)
def test_every_word_for_missing_is_a_gap(word):
    change = WORDS[word]
    x = np.round(3 * data(9)[1])
    normal = MultivariateNormal(np.zeros(9), np.eye(9) + 0.2)
    for call in MISSING.values():
        np.testing.assert_allclose(
            numbers_of(call(change(x), normal)), numbers_of(call(x, normal)), atol=1e-12
        )


@pytest.mark.parametrize("word", WORDS)
def test_every_word_for_missing_is_refused_elsewhere(word):
    change = WORDS[word]
    x, _, r, z = data(3)
    bad = np.round(3 * x)
    bad[7, 1] = np.nan
    model = start_for(x)
    for call in MIXTURE.values():
        with pytest.raises(ValueError, match=r"^x holds 1 NaN or infinite"):
            call(change(bad), model, r, z)
    one_bad = np.array([0.4, np.nan])
    with pytest.raises(ValueError, match="weights holds 1 NaN"):
        GaussianMixture(masked(one_bad), [0, 1], [1, 1])
    with pytest.raises(ValueError, match="mean holds 1 NaN"):
        MultivariateNormal(pd.array([1.0, None], dtype="Float64"), np.eye(2))


@pytest.mark.parametrize(
    "labels",
    [
        np.ma.array([0, 1, 1, 0], mask=[False, True, False, False]),
        pd.array([0, None, 1, 0], dtype="Int64"),
        pd.Series([0, pd.NA, 1, 0], dtype="Int8"),
        [0, None, 1, 0],
        [0, pd.NA, 1, 0],
        [0.0, 1.0, 1.0, np.nan],
        np.array([0, 1j, 1, 0]),
        pd.to_datetime(["2020-01-01"] * 4),
        ["a", "b", "a", "b"],
    ],
)
def test_labels_without_gaps(labels):
    x = np.array([0.0, 1.0, 5.0, 6.0])
    model = GaussianMixture([0.5, 0.5], [0, 5], [1, 1])
    for call in (model.e_step, GaussianMixture.fit_labelled):
        with pytest.raises(ValueError, match=r"^labels must be"):
            call(x, labels)
    whole = pd.array([0, 0, 1, 1], dtype="Int64")
    np.testing.assert_array_equal(model.e_step(x, whole)[0].counts, [2, 2])


@pytest.mark.parametrize(
    "bad",
    [
        np.array([1.0, 2.0, 3 + 0j]),
        [1.0, 2.0, 3j],
        pd.to_datetime(["2020-01-01", "2020-01-02", "2020-01-03"]),
        pd.to_timedelta([1, 2, 3], unit="D"),
        [1.0, "2", 3.0],
    ],
)
def test_what_is_no_real_number_is_refused(bad):
    model, normal = GaussianMixture([0.5, 0.5], [0, 1], [1, 1]), MultivariateNormal([0], [[1]])
    half = np.full((3, 2), 0.5)
    for call in MIXTURE.values():
        with pytest.raises(ValueError, match=r"^x must be an array of numbers"):
            call(bad, model, half, np.array([0, 0, 1]))
    for call in MISSING.values():
        with pytest.raises(ValueError, match=r"^x must be an array of numbers"):
            call(bad, normal)


@pytest.mark.parametrize("bad", [pd.NA, None, np.nan, np.ma.masked, -1.0, [1.0, 2.0]])
def test_settings_that_are_no_number(bad):
    model = GaussianMixture([0.5, 0.5], [0, 1], [1, 1])
    with pytest.raises(ValueError, match="tol must be a number >= 0"):
        em.fit(model, [0.0, 1.0], tol=bad)
    with pytest.raises(ValueError, match="step must be a number > 0"):
        em.rate_matrix(model, [0.0, 1.0], step=bad)
    for name in ("pseudo_observations", "scatter"):
        with pytest.raises(ValueError, match=name):
            GaussianMixture.prior_statistics([0.0, 1.0], 2, **{name: bad})


# ---------------------------------------------------------------------- single precision


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("K", [3, 7, 50])
def test_probabilities_of_single_precision(dtype, K, rng):
    """Shares rounded at the eighth digit are shares, and points can be drawn by them."""
    weights = rng.dirichlet(np.ones(K)).astype(dtype)
    model = GaussianMixture(weights, np.arange(K), np.ones(K))
    assert model.weights.dtype == np.float64
    np.testing.assert_allclose(model.weights.sum(), 1, rtol=1e-14)
    assert model.sample(100, rng)[0].shape == (100,)
    x = rng.normal(size=30)
    r = rng.dirichlet(np.ones(K), size=30).astype(dtype)
    double = r.astype(float) / r.astype(float).sum(axis=1, keepdims=True)
    for call in (model.elbo, model.statistics):
        np.testing.assert_allclose(
            numbers_of(call(x, r)), numbers_of(call(x, double)), rtol=1e-10, atol=1e-12
        )
