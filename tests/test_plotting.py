"""Pictures: what is drawn is what was asked for."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from companion import plotting
from companion.mixtures import GaussianMixture

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


def test_the_style_exists_and_importing_the_companion_does_not_set_it():
    import companion.plotting  # noqa: F401

    plain = plt.rcParamsDefault["axes.spines.top"]
    assert plt.rcParams["axes.spines.top"] == plain
    with plt.style.context("companion.course"):
        assert plt.rcParams["axes.spines.top"] != plain


def test_bad_input():
    flat = GaussianMixture([1], [[0, 0]], [np.eye(2)])
    with pytest.raises(ValueError, match="model must have D = 1"):
        plotting.mixture_density(Figure().subplots(), flat, GRID)
    with pytest.raises(ValueError, match="labels must have 2 entries"):
        plotting.mixture_density(Figure().subplots(), MODEL, GRID, labels=["a"])
