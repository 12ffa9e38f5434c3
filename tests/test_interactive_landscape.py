"""The figure `Landscape`: its lines of equal height and its climb, against ELBOs of the companion.

Each law is a function, so that a planted error proves it.
"""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.path import Path

from companion.gaussians import GaussianMixture
from companion.interactive import Landscape, landscape

OWN = vars(Landscape).copy()


def figure_of(seed):
    """A random mixture, at a random scale; the picture reaches beyond all points."""
    rng = np.random.default_rng(seed)
    K, unit = int(rng.integers(1, 4)), 10.0 ** rng.integers(-3, 4)
    x = rng.normal(rng.normal(0, 3, K)[rng.integers(K, size=15)], 1)
    low, high = x.min() - 1, x.max() + 1
    model = GaussianMixture(rng.dirichlet(np.full(K, 3.0)), unit * rng.normal(0, 3, K),
                            unit**2 * rng.uniform(0.5, 4, K))  # fmt: skip
    start = rng.uniform(low, high)
    return Landscape(model, unit * x, int(rng.integers(K)), *(unit * np.array([low, high, start])))


def two_hills():
    """Either of two groups has room for the narrow component."""
    x = np.concatenate([np.linspace(-7, -5, 8), np.linspace(5, 7, 8)])
    model = GaussianMixture([0.5, 0.5], [0.0, 0.0], [1.0, 40.0])
    return Landscape(model, x, 0, -9, 9, -8)


def height(figure, old, mean):
    """F by its definition."""
    return figure._at(mean).elbo(figure.x, figure._at(old).responsibilities(figure.x))


def lines_have_the_height_that_is_said(figure):
    """But for the ends on the frame, which are cuts."""
    top, drops = figure._levels()
    assert 0 < len(drops) <= 7
    for drop in drops:
        for mean, old in figure._region(top - drop):
            for m, o in list(zip(mean, old, strict=True))[1:-1:7]:
                if min(m, o) > figure.low and max(m, o) < figure.high:
                    assert height(figure, o, m) == pytest.approx(top - drop, abs=1e-3 * drop)


def what_is_inside_is_higher(figure, seed):
    rng, (top, drops) = np.random.default_rng(seed), figure._levels()
    for drop in drops:
        outlines = [Path(np.transpose(o)) for o in figure._region(top - drop)]
        for old, mean in rng.uniform(figure.low, figure.high, size=(10, 2)):
            above = height(figure, old, mean) - (top - drop)
            if abs(above) > 0.05 * drop:
                inside = sum(outline.contains_point((mean, old)) for outline in outlines)
                assert inside == (above > 0)


def the_highest_place_is_the_best_likelihood(figure):
    """No grid and no climb of ours is higher, and it lies 1 or 3 times a power of ten above."""
    top, drops = figure._levels()
    values = [figure.log_likelihood(m) for m in np.linspace(figure.low, figure.high, 501)]
    assert top == pytest.approx(max(values), abs=2e-3 + 1e-5 * np.ptp(values))
    edges = [height(figure, o, m) for o in figure.means[::10] for m in (figure.low, figure.high)]
    assert drops[-1] <= (top - min(edges)) * (1 + 1e-9) + 1e-9
    assert 4 * drops[-1] > top - min(edges)
    assert {f"{drop:.6e}"[:8] for drop in drops} <= {"1.000000", "3.000000"}
    assert (np.diff(np.log(drops)) < 1.3).all(), "none left out"


def a_climb_is_generalised_em(figure, length):
    """Each step is a share of the companion's; F never falls, and at the end nothing is left."""
    path = figure._climb(figure.start, length)
    assert path[0] == figure.start
    for old, new in itertools.pairwise(path):
        model = figure._at(old)
        whole = model.m_step(model.e_step(figure.x)[0]).means[figure.component, 0]
        goal = np.clip(old + length * (whole - old), figure.low, figure.high)
        np.testing.assert_allclose(new, goal, rtol=1e-9, atol=1e-9 * (figure.high - figure.low))
        assert height(figure, old, whole) - height(figure, old, old) >= landscape.REST - 1e-9
        if length < 2:
            assert height(figure, old, new) >= height(figure, old, old) - 1e-9
            assert height(figure, new, new) >= height(figure, old, new) - 1e-9
    if len(path) <= landscape.ROUNDS:
        model = figure._at(path[-1])
        whole = model.m_step(model.e_step(figure.x)[0]).means[figure.component, 0]
        assert height(figure, path[-1], whole) - height(figure, path[-1], path[-1]) < landscape.REST


def each_of_two_hills_has_an_outline():
    figure = two_hills()
    top, drops = figure._levels()
    assert [len(figure._region(top - drop)) for drop in drops][:3] == [2, 2, 2]
    assert figure._climb(-8.0)[-1] < -5 < 5 < figure._climb(8.0)[-1]


seeds = st.integers(0, 2**32)


@settings(max_examples=10)
@given(seeds)
def test_the_lines(seed):
    figure = figure_of(seed)
    lines_have_the_height_that_is_said(figure)
    what_is_inside_is_higher(figure, seed)
    the_highest_place_is_the_best_likelihood(figure)


@settings(max_examples=20)
@given(seeds, st.floats(*landscape.LENGTHS))
def test_the_climb(seed, length):
    a_climb_is_generalised_em(figure_of(seed), length)


def laws():
    each_of_two_hills_has_an_outline()
    for seed, figure in [(1, figure_of(1)), (5, two_hills())]:
        lines_have_the_height_that_is_said(figure)
        what_is_inside_is_higher(figure, seed)
        the_highest_place_is_the_best_likelihood(figure)
        a_climb_is_generalised_em(figure, 0.7)
        a_climb_is_generalised_em(figure, 2.2)


def test_the_laws_hold():
    laws()


def lower(self):
    top, drops = OWN["_levels"](self)
    return top - 0.5, drops


WRONG = {
    "twice the variance": ("_variance", lambda self: 2 * OWN["_variance"](self)),
    "the outermost line left out": ("_levels", lambda self: (
        OWN["_levels"](self)[0], OWN["_levels"](self)[1][:-1])),
    "another highest place": ("_levels", lower),
    "lines of another height": ("_region", lambda self, h: OWN["_region"](self, h - 0.3)),
    "one hill only": ("_region", lambda self, h: OWN["_region"](self, h)[:1]),
    "axes exchanged": ("_region", lambda self, h: [o[::-1] for o in OWN["_region"](self, h)]),
    "ends on the grid": ("_end", lambda self, h, inside, outside: self.means[
        min(max(outside, 0), 200)]),
    "steps of full length": ("_climb", lambda self, start, length=1.0: OWN["_climb"](self, start)),
    "no first mean": ("_climb", lambda self, start, length=1.0: OWN["_climb"](
        self, start, length)[1:]),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_planted_error_is_found(monkeypatch, name):
    method, wrong = WRONG[name]
    monkeypatch.setattr(Landscape, method, wrong)
    with pytest.raises((AssertionError, IndexError)):
        laws()


def test_a_component_without_points_makes_flat_land():
    """No M-step gains anything, so EM rests where it is put."""
    figure = Landscape(GaussianMixture([0, 1], [0.0, 4], [1, 1]), [3.0, 4, 5], 0, -1, 9, 2)
    assert figure._climb(2.0).tolist() == [2.0]
    assert figure._levels()[1].size == 0
    assert "<svg" in figure._repr_html_()
