"""Seeds of random starts (k-means++), and counts that are merged: what every mixture builds on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion import _soft

PLACES = np.array([[0.0], [1.0], [4.0]])


def seeds_follow_squared_distances(far_apart):
    """The first is any point; the next with a probability in the ratio of squared distances."""
    rng, often = np.random.default_rng(1), np.zeros((3, 3))
    for _ in range(6_000):
        often[tuple(far_apart(PLACES, 2, rng))] += 1
    squares = (PLACES - PLACES.T) ** 2
    expected = squares / squares.sum(axis=1, keepdims=True) / 3
    error = np.sqrt(expected * (1 - expected) / 6_000)
    assert (np.abs(often / 6_000 - expected) <= 5 * error).all()


def the_third_is_far_from_both(far_apart):
    """Of three places all are chosen, in any order; copies of a place are never chosen twice."""
    x = np.repeat(PLACES, [5, 1, 3], axis=0)
    for seed in range(40):
        found = far_apart(x, 3, np.random.default_rng(seed))
        assert sorted(x[found, 0]) == [0, 1, 4]


def every_column_has_its_own_unit(far_apart):
    """Nor does a column matter in which all are equal, or differ by less than can be squared."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(40, 2))
    for seed in range(20):
        chosen = far_apart(x, 4, np.random.default_rng(seed))
        for scale in (2.0**-300, 2.0**200):
            assert far_apart(x * [1, scale], 4, np.random.default_rng(seed)) == chosen
        for idle in (0.1, 1e-200 * rng.normal(size=40), 7e100):
            more = np.insert(x, 1, idle, axis=1)
            assert far_apart(more, 4, np.random.default_rng(seed)) == chosen
    assert far_apart(x[:, 0], 4, np.random.default_rng(3)) == far_apart(
        x[:, :1], 4, np.random.default_rng(3)
    )


LAWS = [seeds_follow_squared_distances, the_third_is_far_from_both, every_column_has_its_own_unit]


@pytest.mark.parametrize("law", LAWS)
def test_seeds(law):
    law(_soft.far_apart)


def by_distance(x, K, rng):
    chosen = [int(rng.integers(len(x)))]
    while len(chosen) < K:
        d = np.abs(x.reshape(len(x), -1)[:, None] - x[chosen]).sum(axis=2).min(axis=1)
        chosen.append(int(rng.choice(len(x), p=d / d.sum())))
    return chosen


def from_the_last_one_only(x, K, rng):
    chosen = [int(rng.integers(len(x)))]
    while len(chosen) < K:
        d = ((x - x[chosen[-1]]) ** 2).sum(axis=1)
        chosen.append(int(rng.choice(len(x), p=d / d.sum())))
    return chosen


def in_one_unit(x, K, rng):
    x = x.reshape(len(x), -1) / x.std()
    return _soft.far_apart(np.column_stack([x.sum(axis=1)]), K, rng)


@pytest.mark.parametrize(
    ("law", "wrong"),
    [*zip(LAWS, [by_distance, from_the_last_one_only, in_one_unit], strict=True)],
)
def test_planted_seeds_are_caught(law, wrong):
    with pytest.raises((AssertionError, ValueError)):
        law(wrong)


def test_too_few_places_say_how_many_there_are():
    for K, there in [(2, "1 distinct point,"), (3, "2 distinct points,")]:
        x = np.repeat(PLACES[: K - 1], 4, axis=0)
        with pytest.raises(ValueError, match=f"x has only {there} fewer than n_components = {K}"):
            _soft.far_apart(x, K, np.random.default_rng(0))


@given(st.integers(0, 2**32), st.integers(1, 4), st.booleans(), st.booleans())
def test_merged_counts_are_the_same_counts(seed, K, labelled, weighted):
    """Every pair of count and label has the weight that its points had, merged or not."""
    rng = np.random.default_rng(seed)
    N = int(rng.integers(1, 300))
    x = rng.poisson(3, N).astype(float)
    labels = rng.integers(-1, K, N) if labelled else None
    weights = rng.integers(1, 5, N).astype(float) if weighted else None
    found = _soft.tally(x, labels, weights, K)

    def table(x, labels, weights):
        sums = np.zeros((30, K + 1))
        np.add.at(
            sums,
            (x.astype(int), -1 if labels is None else labels),
            1 if weights is None else weights,
        )
        return sums

    np.testing.assert_array_equal(table(*found), table(x, labels, weights))
    assert (found[1] is None) == (not labelled)
    assert len(found[0]) <= N
