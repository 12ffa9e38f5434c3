"""What all E-steps share, on arrays that are clean: blocks, tallies, starts far apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion import _soft
from companion.em import EMPTY

seeds = st.integers(0, 2**32)


@given(st.integers(1, 10_000), st.floats(0.5, 1e6))
def test_blocks_hold_every_point_once(n, numbers):
    """In order, all of one size but the last: as many as fit the cache, or pay."""
    found = list(_soft.blocks(n, numbers))
    assert [i for block in found for i in range(n)[block]] == list(range(n))
    size = max(_soft.LEAST, int(_soft.BLOCK // numbers))
    assert all(block.stop - block.start == size for block in found[:-1])
    assert 0 < found[-1].stop - found[-1].start <= size


@given(seeds, st.integers(1, 4), st.integers(1, 3000), st.integers(1, 300))
def test_a_tally_counts_every_pair_once(seed, K, N, top):
    """As NumPy's unique rows do, each with the sum of its weights; few points stay as they are."""
    rng = np.random.default_rng(seed)
    x, labels = rng.integers(0, top, N).astype(float), rng.integers(-1, K, N)
    w = rng.integers(0, 3, N).astype(float)
    for known, often in [(None, None), (labels, None), (None, w), (labels, w)]:
        found = _soft.tally(x, known, often, K)
        if (x.max() + 1) * (K + 1) >= N:
            assert all(one is other for one, other in zip(found, (x, known, often), strict=True))
            continue
        one = np.ones(N) if often is None else often
        pairs = x[:, None] if known is None else np.column_stack([known, x])
        kinds, which = np.unique(pairs, axis=0, return_inverse=True)
        sums = np.bincount(which.ravel(), one)
        assert found[0].dtype == found[2].dtype == float
        np.testing.assert_array_equal(found[0], kinds[sums > 0, -1])
        np.testing.assert_array_equal(found[2], sums[sums > 0])
        assert (found[1] is None) == (known is None)
        if known is not None:
            np.testing.assert_array_equal(found[1], kinds[sums > 0, 0])


@given(seeds, st.integers(2, 30), st.integers(1, 4))
def test_starts_do_not_depend_on_units(seed, N, D):
    """Every coordinate may be shifted, have a unit of its own, or say nothing at all."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, D))
    K = int(rng.integers(1, N + 1))
    chosen = _soft.far_apart(x, K, np.random.default_rng(seed))
    assert len(set(chosen)) == K
    other = 10 ** rng.uniform(-100, 100, D) * (x + rng.normal(size=D))
    silent = np.full((N, 1), rng.normal() * 10 ** rng.uniform(-100, 100))
    other = np.insert(other, [rng.integers(D + 1)], silent, axis=1)
    with np.errstate(under="ignore"):
        assert _soft.far_apart(other, K, np.random.default_rng(seed)) == chosen
    if D == 1:
        assert _soft.far_apart(x[:, 0], K, np.random.default_rng(seed)) == chosen


def test_starts_are_drawn_by_squared_distances():
    """Shares of 4000 second and third points, within five standard errors."""
    x = np.array([[0.0, 0.0], [1.0, 0.0], [3.0, 1.0], [3.0, 2.0]])
    square = (((x[:, None] - x) / x.std(axis=0)) ** 2).sum(axis=2)
    rng = np.random.default_rng(1)
    drawn = np.array([_soft.far_apart(x, 3, rng) for _ in range(4000)])
    expected = {}
    for a in range(4):
        for b in set(range(4)) - {a}:
            both = np.minimum(square[a], square[b])
            for c in set(range(4)) - {a, b}:
                expected[a, b, c] = square[a, b] / square[a].sum() * both[c] / both.sum() / 4
    assert sum(expected.values()) == pytest.approx(1)
    for way, p in expected.items():
        share = (drawn == way).all(axis=1).mean()
        assert abs(share - p) < 5 * np.sqrt(p * (1 - p) / 4000) + 1e-9


@given(seeds, st.integers(1, 5))
def test_too_few_distinct_points_are_counted(seed, few):
    rng = np.random.default_rng(seed)
    x = rng.permutation(np.repeat(np.arange(float(few)), rng.integers(1, 4, few)))
    assert sorted(x[_soft.far_apart(x, few, rng)]) == list(range(few))
    points = "1 distinct point," if few == 1 else f"{few} distinct points,"
    with pytest.raises(ValueError, match=f"only {points} fewer than n_components = {few + 1}"):
        _soft.far_apart(x, few + 1, rng)


@given(seeds, st.integers(1, 6), st.integers(1, 70))
def test_logarithms_of_sums_are_exact(seed, K, N):
    """However far the components lie, in blocks of any length, with labels, weights or both."""
    rng = np.random.default_rng(seed)
    log_joint = rng.uniform(-900, 900, (K, N)) * 10 ** rng.uniform(-3, 0)
    labels, w = rng.integers(-1, K, N), rng.uniform(0, 2, N)
    top = log_joint.max(axis=0)
    p = np.exp(log_joint - top)
    density, r = top + np.log(p.sum(axis=0)), p / p.sum(axis=0)
    free = labels < 0
    given_labels = np.where(free, density, log_joint[labels, np.arange(N)])
    one_hot = np.where(free, r, np.arange(K)[:, None] == labels)
    whole = slice(0, N)
    for known, often in [(None, None), (labels, None), (None, w), (labels, w)]:
        found = log_joint.copy()
        value = _soft.assign(found, known, often, whole)
        times = 1 if often is None else often
        each = density if known is None else given_labels
        np.testing.assert_allclose(value, (times * each).sum(), rtol=1e-11, atol=1e-9)
        np.testing.assert_allclose(found, times * (r if known is None else one_hot), atol=1e-14)
    part = slice(N // 3, N // 3 + max(1, N // 2))
    found = log_joint[:, part].copy()
    value = _soft.assign(found, labels, w, part)
    np.testing.assert_allclose(value, (w * given_labels)[part].sum(), rtol=1e-11, atol=1e-9)
    np.testing.assert_allclose(found, (w * one_hot)[:, part], atol=1e-14)


@given(seeds, st.integers(1, 6))
def test_the_component_that_starves_is_named(seed, K):
    """One among good ones, wherever it stands: less than a share of EMPTY of all the points."""
    rng = np.random.default_rng(seed)
    counts = rng.uniform(1, 2, K) * 10 ** rng.uniform(-9, 9)
    _soft.check_starved(counts)
    log_joint = rng.normal(size=(K, 5))
    worst, lost = rng.integers(K), rng.integers(5)
    log_joint[:, lost] = -np.inf
    with pytest.raises(ValueError, match="x lies so far from every component"):
        _soft.normalise(log_joint)
    if K > 1:
        counts[worst] *= 0.1 * EMPTY
        with pytest.raises(_soft.CollapsedComponentError, match=f"^component {worst} has lost"):
            _soft.check_starved(counts)


@given(seeds, st.integers(1, 6))
def test_weights_of_points_are_counted_among_good_ones(seed, N):
    rng = np.random.default_rng(seed)
    w = rng.uniform(0, 2, N)
    np.testing.assert_array_equal(_soft.weights_of_points(w, N), w)
    for wrong, message in [(-1.0, "not be negative"), (np.nan, "1 NaN"), (np.inf, "inf")]:
        bad = w.copy()
        bad[rng.integers(N)] = wrong
        with pytest.raises(ValueError, match=f"weights .*{message}"):
            _soft.weights_of_points(bad, N)
    for n in {N - 1, N + 1} - {0}:
        with pytest.raises(ValueError, match="weights must have shape"):
            _soft.weights_of_points(w, n)
    for sum_, unit in [("0", 0.0), ("inf", 1e308)]:
        with np.errstate(all="raise"), pytest.raises(ValueError, match=f"sum > 0, not {sum_}"):
            _soft.weights_of_points(np.full(N + 2, unit), N + 2)
