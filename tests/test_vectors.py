"""Covariances and their factors: bounds that know no units, and vectors there and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion import _vectors
from companion._check import DOUBLE

seeds = st.integers(0, 2**32)


def random_stack(rng, K, D):
    """Covariances of any correlation, with units of their own for every coordinate."""
    A = rng.normal(size=(K, D, D))
    units = 10 ** rng.uniform(-100, 100, (D, 1))
    return units * (A @ A.transpose(0, 2, 1) + 0.1 * np.eye(D)) * units.T


@given(seeds, st.integers(1, 3), st.integers(1, 4))
def test_factors_are_lower_triangles_whose_squares_are_the_covariances(seed, K, D):
    rng = np.random.default_rng(seed)
    stack = random_stack(rng, K, D)
    with np.errstate(all="raise", under="ignore"):
        L = _vectors.cholesky(stack, "name")
        one = _vectors.cholesky(stack[0], "name")
    sd = np.sqrt(np.diagonal(stack, axis1=1, axis2=2))
    found = L @ L.transpose(0, 2, 1) / sd[:, :, np.newaxis] / sd[:, np.newaxis, :]
    expected = stack / sd[:, :, np.newaxis] / sd[:, np.newaxis, :]
    np.testing.assert_allclose(found, expected, atol=1e-13)
    assert (np.triu(L, 1) == 0).all()
    np.testing.assert_array_equal(one, L[0])
    np.testing.assert_array_equal(_vectors.covariance_factor(stack[0], "name", D), L[0])
    with pytest.raises(ValueError, match=rf"^name must have shape \({D + 1}, {D + 1}\)"):
        _vectors.covariance_factor(stack[0], "name", D + 1)


@given(seeds, st.integers(1, 3), st.integers(2, 4), st.sampled_from([0.9, -0.9, 1.1, -1.1]))
def test_an_entry_may_differ_from_its_mirror_by_rounding(seed, K, D, size):
    """By a share of the standard deviations of its row and column; of coarse floats by more."""
    rng = np.random.default_rng(seed)
    stack = random_stack(rng, K, D)
    k, (i, j) = rng.integers(K), rng.choice(D, 2, replace=False)
    for asymmetry in (1e-8, 1e-5):
        off = stack.copy()
        off[k, j, i] = off[k, i, j] + size * asymmetry * np.sqrt(off[k, i, i] * off[k, j, j])
        if abs(size) < 1:
            _vectors.cholesky(off, "name", asymmetry)
            assert asymmetry > 1e-8 or _vectors.cholesky(off, "name") is not None
        else:
            with pytest.raises(ValueError, match=r"^name must be symmetric"):
                _vectors.cholesky(off, "name", asymmetry)
    correlation = np.array([[1, 0.3], [0.3 + 1e-6 * size, 1]])
    assert _vectors.covariance_factor(correlation.astype(np.float32), "name", 2).shape == (2, 2)
    with pytest.raises(ValueError, match=r"^name must be symmetric"):
        _vectors.covariance_factor(correlation, "name", 2)


@pytest.mark.parametrize(("rounds", "fits"), [(15.5, True), (16.5, False)])
def test_coarse_numbers_may_differ_by_sixteen_of_their_roundings(rounds, fits):
    eps = np.finfo(np.float32).eps
    other = np.float32(0.0625 + rounds * eps)  # where floats lie a sixteenth of a rounding apart
    correlation = np.array([[1, 0.0625], [other, 1]], dtype=np.float32)
    if fits:
        _vectors.covariance_factor(correlation, "name", 2)
    else:
        with pytest.raises(ValueError, match=r"^name must be symmetric"):
            _vectors.covariance_factor(correlation, "name", 2)


@given(seeds, st.integers(1, 3), st.integers(1, 4))
def test_the_column_without_spread_is_named(seed, K, D):
    """Of no variance, of a negative one, or what the columns before it explain."""
    rng = np.random.default_rng(seed)
    k, column = rng.integers(K), rng.integers(D)
    for variance in (0.0, -1.0):
        bad = random_stack(rng, K, D)
        bad[k, column] = bad[k, :, column] = 0
        bad[k, column, column] = variance
        words = rf"^name must be positive definite: component {k} has no spread in column {column} "
        with pytest.raises(ValueError, match=words):
            _vectors.cholesky(bad, "name")
        with pytest.raises(ValueError, match=f"definite: it has no spread in column {column} "):
            _vectors.cholesky(bad[k], "name")
    if D > 1:  # the last column is nearly the first: beyond it is left a share of its variance
        for share, fits in ((2 * D * DOUBLE, True), (0.4 * D * DOUBLE, False)):
            L = np.tile(np.eye(D), (K, 1, 1))
            L[k, -1, 0], L[k, -1, -1] = 1, np.sqrt(share)
            near = L @ L.transpose(0, 2, 1)
            if fits:
                _vectors.cholesky(near, "name")
            else:
                with pytest.raises(ValueError, match=f"positive definite: component {k} has no"):
                    _vectors.cholesky(near, "name")


@given(seeds, st.integers(1, 4), st.integers(1, 3))
def test_only_a_matrix_that_is_none_has_zeros_for_a_factor(seed, K, D):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(K, D, D))
    stack = A @ A.transpose(0, 2, 1) + 0.1 * np.eye(D)
    expected = np.linalg.cholesky(stack)
    np.testing.assert_array_equal(_vectors.factors(stack), expected)
    k = rng.integers(K)
    stack[k, 0, 0] = -1
    expected[k] = 0
    np.testing.assert_array_equal(_vectors.factors(stack), expected)


@given(seeds, st.integers(1, 3), st.integers(1, 4))
def test_any_vector_is_a_factor_and_slopes_follow_the_chain(seed, K, D):
    """Row by row, diagonals as logarithms; the gradient against central differences."""
    rng = np.random.default_rng(seed)
    free = rng.normal(size=(K, D * (D + 1) // 2))
    L = _vectors.to_factors(free, D)
    assert L.shape == (K, D, D)
    np.testing.assert_allclose(_vectors.from_factors(L), free, atol=1e-14)
    for k, row in enumerate(free):
        rest = iter(row)
        for i in range(D):
            values = [next(rest) for _ in range(i + 1)]
            np.testing.assert_allclose(L[k, i, : i + 1], [*values[:-1], np.exp(values[-1])])
            assert (L[k, i, i + 1 :] == 0).all()
    B = rng.normal(size=(K, D, D))
    B = B + B.transpose(0, 2, 1)  # of the function sum B * L L'

    def value(free):
        L = _vectors.to_factors(free, D)
        return (B * (L @ L.transpose(0, 2, 1))).sum()

    found = _vectors.gradient_by_factors(B, L)
    for at in np.ndindex(free.shape):
        step = np.zeros_like(free)
        step[at] = 1e-5
        slope = (value(free + step) - value(free - step)) / 2e-5
        assert found[at] == pytest.approx(slope, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize(("K", "D", "fits"), [(1, 3, True), (5, 3, True), (1, 5, False)])
def test_of_a_variance_more_must_be_left_than_a_rounding_for_each_column(K, D, fits):
    matrix = np.eye(D)
    matrix[-2:, -2:] = [[1, 1], [1, 1 + 4 * DOUBLE]]  # four roundings are left
    stack = np.stack([matrix] * K)
    if fits:
        np.testing.assert_array_equal(_vectors.cholesky(stack, "name")[:, -1, -1] ** 2, 4 * DOUBLE)
    else:
        with pytest.raises(ValueError, match=r"^name"):
            _vectors.cholesky(stack, "name")


def test_the_first_column_without_spread_is_named_of_several():
    bad = np.tile(np.eye(3), (4, 1, 1))
    bad[1, 2, 2] = bad[2, 0, 0] = 0
    with pytest.raises(ValueError, match="component 1 has no spread in column 2"):
        _vectors.cholesky(bad, "name")


def test_how_lopsided_a_matrix_is_may_be_beyond_all_floats():
    bad = np.array([[1e-300, 1e160], [-1e160, 1e300]])
    with np.errstate(all="raise"), pytest.raises(ValueError, match="name must be symmetric"):
        _vectors.cholesky(bad, "name")
