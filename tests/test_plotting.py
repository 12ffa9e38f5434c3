"""Pictures: what is drawn is what was asked for."""

import datetime as dt

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import colors
from matplotlib.figure import Figure
from scipy import stats

from companion import plotting
from companion.gaussians import GaussianMixture
from companion.poissons import PoissonMixture

MODEL = GaussianMixture([0.25, 0.75], [-2, 2], [1, 0.5])
GRID = np.linspace(-6, 6, 101)


def test_the_curve_is_the_density_and_the_parts_add_up_to_it():
    ax = plotting.mixture_density(Figure().subplots(), MODEL, GRID, labels=["a", "b"])
    first, second, whole = [line.get_ydata() for line in ax.lines]
    np.testing.assert_allclose(whole, np.exp(MODEL.log_density(GRID)))
    np.testing.assert_allclose(first + second, whole)
    assert (
        np.trapezoid(first, GRID) == pytest.approx(0.25, abs=1e-4)
        if hasattr(np, "trapezoid")
        else True
    )
    assert [t.get_text() for t in ax.legend().get_texts()] == ["a", "b", "mixture"]


def test_the_density_of_counts():
    """Any mixture of one dimension is drawn; a mixture of counts has no density between them."""
    model = PoissonMixture([0.3, 0.7], [1, 6])
    ax = plotting.mixture_density(Figure().subplots(), model, np.arange(12))
    np.testing.assert_allclose(ax.lines[-1].get_ydata(), np.exp(model.log_density(np.arange(12))))
    with pytest.raises(ValueError, match="x must be whole numbers"):
        plotting.mixture_density(Figure().subplots(), model, [0.0, 0.5])


def test_the_style_exists_and_importing_the_companion_does_not_set_it():
    import companion.plotting  # noqa: F401

    plain = plt.rcParamsDefault["axes.spines.top"]
    assert plt.rcParams["axes.spines.top"] == plain
    with plt.style.context("companion.course"):
        assert plt.rcParams["axes.spines.top"] != plain


def test_a_map_is_what_the_paths_say():
    """Corners by hand, a hole included; one area is filled, one hatched, one outlined."""
    path = "M0 0l4 0 0 4 -4 0zM1 1l0 2 2 0 0 -2z"
    outline = plotting._outline(path)
    whole, hole = outline.to_polygons()
    assert whole.tolist() == [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]
    assert hole.tolist() == [[1, 1], [1, 3], [3, 3], [3, 1], [1, 1]]
    ax = Figure().subplots()
    areas = plotting.county_map(ax, [path, "M5 0l1 0 0 1z"], [2.0, np.nan], [path], clim=(0, 3))
    assert areas.get_array().tolist() == [2.0]
    assert areas.get_clim() == (0, 3)
    assert [len(c.get_paths()) for c in ax.collections] == [1, 1, 1]
    assert ax.get_xlim()[0] <= 0
    assert ax.get_xlim()[1] >= 6
    assert ax.yaxis_inverted()


def test_the_edges_of_a_map_are_seen():
    """Areas meet without a gap: their edges have their colours. Hatches and borders have one."""
    ax = Figure().subplots()
    squares = [f"M{k} 0l1 0 0 1 -1 0z" for k in range(3)]
    plotting.county_map(ax, squares, [1.0, 2.0, np.nan], squares)
    ax.figure.canvas.draw()
    areas, hatched, borders = ax.collections
    np.testing.assert_array_equal(areas.get_edgecolor(), areas.get_facecolor())
    for lines in ax.collections:
        assert lines.get_edgecolor()[:, 3].min() > 0
        assert (lines.get_linewidth() > 0).all()
    for lines in (hatched, borders):
        assert not len(lines.get_facecolor()), "what lies under it is seen"
    assert borders.get_linewidth() > areas.get_linewidth(), "a state among its counties"


@given(st.integers(0, 2**32), st.one_of(st.none(), st.floats(0.1, 5)))
def test_ellipses_of_a_mixture_lie_as_far_out_as_is_asked(seed, n_sd):
    """Two standard deviations if nothing is asked, and a dot on every mean."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(3, 2, 2))
    covariances = A @ A.transpose(0, 2, 1) + 0.1 * np.eye(2)
    model = GaussianMixture(rng.dirichlet(np.ones(3)), rng.normal(size=(3, 2)), covariances)
    asked = {} if n_sd is None else {"n_sd": n_sd}
    ax = plotting.mixture_ellipses(Figure().subplots(), model, **asked)
    rings = [line.get_xydata() for line in ax.lines if len(line.get_xydata()) > 1]
    for ring, mean, covariance in zip(rings, model.means, covariances, strict=True):
        off = ring - mean
        distance = np.einsum("ni,ij,nj->n", off, np.linalg.inv(covariance), off)
        np.testing.assert_allclose(np.sqrt(distance), n_sd or 2.0, rtol=1e-8)
        assert len(ring) == 49
        np.testing.assert_allclose(ring[0], ring[-1], atol=1e-12)  # closed, once around
        np.testing.assert_allclose(ring[:-1].mean(axis=0), mean, atol=1e-12)
        np.testing.assert_allclose(ring[:24] - mean, mean - ring[24:48], atol=1e-12)


def test_a_part_is_filled_in_the_colour_of_its_line():
    """From zero up to the line, so that the line is seen; the sum is black and without a gap."""
    ax = plotting.mixture_density(Figure().subplots(), MODEL, GRID)
    assert ax.get_ylim()[0] == 0
    *parts, whole = ax.lines
    assert len({line.get_color() for line in ax.lines}) == 3
    for line, area in zip(parts, ax.collections, strict=True):
        color, alpha = colors.to_rgb(line.get_color()), area.get_facecolor()[0, 3]
        np.testing.assert_allclose(area.get_facecolor()[0, :3], color)
        assert 0.1 <= alpha <= 0.3
        assert area.get_linewidth().tolist() == [0]
        corners = area.get_paths()[0].vertices
        assert (corners[:, 1].min(), corners[:, 1].max()) == (0, line.get_ydata().max())
    assert (whole.get_color(), whole.get_linestyle()) == ("black", "-")
    assert not ax.get_legend_handles_labels()[1], "no names were given"


def test_the_sum_is_solid_in_the_style_of_the_course():
    """Which draws one line after another in another colour and other dashes."""
    with plt.style.context("companion.course"):
        ax = plotting.mixture_density(Figure().subplots(), MODEL, GRID)
    *parts, whole = [line.get_linestyle() for line in ax.lines]
    assert len(set(parts)) == 2
    assert whole == "-"


def test_a_centre_has_the_colour_and_an_ellipse_the_name():
    names = ["one", "two"]
    model = GaussianMixture([0.5, 0.5], [[0, 1], [3, 5]], [np.eye(2)] * 2)
    ax = plotting.mixture_ellipses(Figure().subplots(), model, labels=names)
    rings, centres = ax.lines[::2], ax.lines[1::2]
    assert len({ring.get_color() for ring in rings}) == 2
    for ring, centre, mean in zip(rings, centres, model.means, strict=True):
        assert centre.get_color() == ring.get_color()
        assert centre.get_xydata().tolist() == [mean.tolist()]
        assert (centre.get_marker(), centre.get_markersize()) == ("+", 10)
    assert ax.get_legend_handles_labels()[1] == names
    bare = plotting.mixture_ellipses(Figure().subplots(), model)
    assert not bare.get_legend_handles_labels()[1]
    for labels in (["one"], ["one", "two", "three"], "12"):
        with pytest.raises(ValueError, match="labels must have 2 entries"):
            plotting.mixture_ellipses(Figure().subplots(), model, labels=labels)


@pytest.mark.parametrize("values", [[1.0, np.nan], [np.nan, 2.0], [1.0, 2.0]])
def test_a_map_is_not_bent_and_stands_upright_however_often_it_is_drawn(values):
    """The y of an outline counts downwards; areas with and without data are in sight."""
    ax = Figure().subplots()
    squares = ["M0 0l2 0 0 2 -2 0z", "M8 3l2 0 0 2 -2 0z"]
    for _ in range(2):
        plotting.county_map(ax, squares, values)
        assert ax.yaxis_inverted()
    assert not ax.axison
    assert ax.get_aspect() == 1
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert left <= 0 < 10 <= right <= 12
    assert top <= 0 < 5 <= bottom <= 7


@given(st.floats(-2, 6), st.floats(0.5, 0.999))
def test_a_funnel_ends_at_whole_counts_where_the_chances_end(log_mean, level):
    """At the lower end a tail has its share, at the upper end too; none below the first count."""
    mean = 10**log_mean
    low, high = plotting.funnel_limits([mean], 1.0, level)[0] * mean
    tail = (1 - level) / 2
    for count, chance in ((low, tail), (high, 1 - tail)):
        if count > 0:
            assert stats.poisson.cdf(np.ceil(count), mean) >= chance - 1e-9
            assert stats.poisson.cdf(np.floor(count) - 1, mean) <= chance + 1e-9
    assert (low == 0) == (stats.poisson.pmf(0, mean) >= tail)


def test_the_counties_cover_the_states():
    """Each state's outline has the area of its counties; Alaska and Hawaii lie on the sheet."""
    from companion import datasets

    def area(path):
        total = 0.0
        for polygon in plotting._outline(path).to_polygons():
            x, y = polygon.T
            total += (x[:-1] @ y[1:] - x[1:] @ y[:-1]) / 2
        return abs(total)

    counties = datasets.load_county_shapes()
    of_counties = counties["path"].map(area).groupby(counties["fips"].str[:2]).sum()
    states = datasets.load_state_shapes().set_index("fips")["path"].map(area)
    np.testing.assert_allclose(of_counties, states, rtol=0.02, atol=10)


def test_funnel_limits_hold_what_they_promise():
    e = np.geomspace(1e4, 1e7, 30)
    low, high = plotting.funnel_limits(e, 5e-5, 0.95).T
    mean = 5e-5 * e
    inside = stats.poisson.cdf(np.floor(high * e), mean) - stats.poisson.cdf(
        np.ceil(low * e) - 1, mean
    )
    assert (inside > 0.9).all()
    assert (inside < 0.99).all() if (mean > 5).all() else True
    big = mean > 200
    np.testing.assert_allclose(high[big], 5e-5 + 1.96 * np.sqrt(5e-5 / e[big]), rtol=0.02)
    assert low[0] == 0


@given(st.floats(-150, 150), st.floats(-150, 150), st.floats(1e-6, 1 - 1e-9))
def test_a_funnel_of_any_size(log_exposure, log_rate, level):
    """Finite and around the rate for every exposure; a normal law where counts are huge."""
    e, rate = 10**log_exposure, 10**log_rate
    low, high = plotting.funnel_limits([e], rate, level)[0]
    assert 0 <= low <= high < np.inf
    mean = e * rate
    if mean > 1e9:
        z = stats.norm.ppf((1 + level) / 2)
        expected = rate + np.array([-1, 1]) * z * np.sqrt(rate / e)
        np.testing.assert_allclose([low, high], expected, rtol=(4 + z**2) / mean + 1e-14)


def test_the_series_for_many_events_continues_the_exact_quantiles():
    for level in (0.5, 0.95, 0.999):
        below = plotting.funnel_limits([plotting.MANY], 1.0, level)
        above = plotting.funnel_limits([plotting.MANY * (1 + 1e-15)], 1.0, level)
        np.testing.assert_allclose(above, below, rtol=1e-14)


@pytest.mark.parametrize(
    "values",
    [
        np.ma.array([2.0, 9.0], mask=[0, 1]),
        [2, None],
        [2, pd.NA],
        [2, np.ma.masked],
        pd.Series([2, None], dtype="Int64"),
        pd.array([2, None], dtype="Float64"),
    ],
)
def test_an_area_without_data_in_other_words(values):
    squares = ["M0 0l2 0 0 2 -2 0z", "M2 0l2 0 0 2 -2 0z"]
    areas = plotting.county_map(Figure().subplots(), squares, values)
    assert areas.get_array().tolist() == [2.0]


def test_a_map_without_any_data_is_hatched():
    ax = Figure().subplots()
    plotting.county_map(ax, ["M0 0l2 0 0 2 -2 0z"], [np.nan])
    assert [len(c.get_paths()) for c in ax.collections] == [0, 1, 0]


def test_areas_without_data_are_hatched_as_one_outline():
    """A printed page has a picture of the hatching for each outline."""
    ax = Figure().subplots()
    squares = [f"M{3 * k} 0l2 0 0 2 -2 0z" for k in range(3)]
    plotting.county_map(ax, squares, [np.nan, 1.0, np.nan])
    (outline,) = ax.collections[1].get_paths()
    left, right = outline.to_polygons()
    assert left.tolist() == [[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]
    assert right.tolist() == np.add(left, [6, 0]).tolist()


@pytest.mark.parametrize("unit", [1e-150, 1e-120, 1e-8, 1.0, 1e120])
def test_an_ellipse_in_any_unit(unit):
    """Every point lies n_sd standard deviations out, also where the axes have different units."""
    mean, covariance = np.array([1.0, 2.0]), np.array([[2.0, 0.9], [0.9, 1.0]])
    units = np.array([unit, 1.0])
    with np.errstate(all="raise"):
        found = plotting.covariance_ellipse(units * mean, covariance * np.outer(units, units), 3)
    off = found / units - mean
    distance = np.einsum("ni,ij,nj->n", off, np.linalg.inv(covariance), off)
    np.testing.assert_allclose(distance, 9, rtol=1e-10)


AX = Figure().subplots()
FLAT = GaussianMixture([1], [[0, 0]], [np.eye(2)])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plotting.county_map(Figure().subplots(), ["M0 0l1 0 0 1z"], [1, 2]), "values"),
        (lambda: plotting.county_map(Figure().subplots(), ["nonsense"], [1]), "paths must be"),
        (lambda: plotting.county_map(Figure().subplots(), ["M0 x z"], [1]), "paths must be"),
        (lambda: plotting.funnel_limits([0.0], 1.0), "exposure must be positive"),
        (lambda: plotting.funnel_limits([1.0], 0.0), "rate must be"),
        (lambda: plotting.funnel_limits([1.0], 1.0, 95), "level must lie"),
        (lambda: plotting.funnel_limits([1.0, None], 1.0), "exposure holds 1 NaN"),
        (lambda: plotting.funnel_limits([1.0], [1.0, 2.0]), "rate must be one number"),
        (lambda: plotting.funnel_limits([1.0], dt.timedelta(1)), "rate must be .* durations"),
        (lambda: plotting.funnel_limits([1.0], np.nan), "rate holds 1 NaN"),
        (lambda: plotting.funnel_limits([1.0], 1.0, [0.9]), "level must be one number"),
        (lambda: plotting.funnel_limits([1.0], 1.0, np.nextafter(1, 0)), "level is too near"),
        (lambda: plotting.funnel_limits([1e300], 1e300), "exposure times rate must be finite"),
        (lambda: plotting.funnel_limits([1.0, 1e300], 1e300), "exposure times rate must be"),
        (lambda: plotting.county_map(AX, "M0 0l1 0 0 1z", [1.0]), "paths must be a sequence"),
        (lambda: plotting.county_map(AX, ["M0 0l1 0 0 1z", None], [1, 2]), "paths must be rings"),
        (lambda: plotting.county_map(AX, ["M0 0l1 nan 0 1z"], [1.0]), "paths must be rings"),
        (lambda: plotting.county_map(AX, ["M0 0l1 0 0 1zx"], [1.0]), "paths must be rings"),
        (lambda: plotting.county_map(AX, ["M0 0l1 0 0 1z"], [np.inf]), "values must be finite"),
        (lambda: plotting.county_map(AX, ["M0 0l1 0 0 1z"], [1j]), "values must be .* complex"),
        (lambda: plotting.county_map(AX, ["M0 0l1 0z"], [1], [3]), "borders must be rings"),
        (lambda: plotting.covariance_ellipse([0, 0, 0], np.eye(2)), "mean must have shape"),
        (lambda: plotting.covariance_ellipse([0], np.eye(2)), "mean must have shape"),
        (lambda: plotting.covariance_ellipse([0, 0], np.ones((2, 2))), "covariance must be pos"),
        (lambda: plotting.covariance_ellipse([0, 0], [[1, 0.5], [0, 1]]), "covariance must be sy"),
        (lambda: plotting.covariance_ellipse([0, 0], np.eye(2), 0), "n_sd must be a number > 0"),
        (lambda: plotting.covariance_ellipse([0, 0], np.eye(2), [1]), "n_sd must be one number"),
        (lambda: plotting.covariance_ellipse([0, pd.NA], np.eye(2)), "mean holds 1 NaN"),
        (lambda: plotting.mixture_ellipses(AX, MODEL), "model must have D = 2"),
        (lambda: plotting.mixture_ellipses(AX, None), "model must have D = 2"),
        (lambda: plotting.mixture_ellipses(AX, FLAT, labels=[]), "labels must have 1 entries"),
        (lambda: plotting.mixture_ellipses(AX, FLAT, "2"), "n_sd must be .* text"),
        (lambda: plotting.mixture_density(AX, MODEL, [0, np.ma.masked]), "x holds 1 NaN"),
        (lambda: plotting.mixture_density(AX, MODEL, np.eye(2)), "x has 2 columns"),
    ],
)
def test_bad_input_of_maps_and_funnels(call, message):
    with np.errstate(all="raise"), pytest.raises(ValueError, match=message):
        call()


def test_bad_input():
    flat = GaussianMixture([1], [[0, 0]], [np.eye(2)])
    with pytest.raises(ValueError, match="model must have D = 1"):
        plotting.mixture_density(Figure().subplots(), flat, GRID)
    with pytest.raises(ValueError, match="labels must have 2 entries"):
        plotting.mixture_density(Figure().subplots(), MODEL, GRID, labels=["a"])
