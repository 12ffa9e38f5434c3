"""The numbers of the figure `Slowness`: each by another way, which is EM itself."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, linalg, stats

from companion import em
from companion.gaussians import GaussianMixture
from companion.interactive import Slowness, slowness


@dataclass(frozen=True)
class Share:
    """Two Gaussians of which nothing but the share is unknown."""

    share: float
    distance: float

    def e_step(self, x, weights=None):
        d = self.distance
        joint = self.share * stats.norm.pdf(x, -d / 2), (1 - self.share) * stats.norm.pdf(x, d / 2)
        weights = np.ones(len(x)) if weights is None else weights
        r = weights * joint[0] / np.sum(joint, axis=0)
        return np.array([r.sum(), weights.sum()]), weights @ np.log(np.sum(joint, axis=0))

    def m_step(self, statistics):
        return Share(statistics[0] / statistics[1], self.distance)

    def to_vector(self):
        return np.array([np.log(self.share) - np.log1p(-self.share)])

    def from_vector(self, vector):
        return Share(1 / (1 + np.exp(-vector[0])), self.distance)


def truth(d, unknown):
    if unknown == "share":
        return Share(0.5, d)
    return GaussianMixture([0.5, 0.5], [-d / 2, d / 2], [1.0, 1.0])


def law(d):
    """All points there are, each as often as the density says: EM without chance."""
    x = np.linspace(-d / 2 - 8, d / 2 + 8, 2001)
    density = 0.5 * stats.norm.pdf(x, -d / 2) + 0.5 * stats.norm.pdf(x, d / 2)
    return x, 1000 * density / density.sum()


def informations(d):
    """Observed and complete: both are derivatives of Fisher's gradient, in other coordinates."""
    model, (x, weights) = truth(d, "everything"), law(d)
    fixed, at, h = model.e_step(x, weights=weights)[0], model.to_vector(), 1e-4

    def slope(vector, statistics=None):
        near = model.from_vector(vector)
        new = near.e_step(x, weights=weights)[0] if statistics is None else statistics
        return near.gradient(new)

    return [
        -np.array([slope(at + h * e, s) - slope(at - h * e, s) for e in np.eye(5)]) / (2 * h)
        for s in (None, fixed)
    ]


def the_rate_is_that_of_em(d, unknown):
    x, weights = law(d)
    matrix = em.rate_matrix(truth(d, unknown), x, weights=weights)
    found = Slowness(d, unknown)
    assert found.rate == pytest.approx(np.linalg.eigvals(matrix).real.max(), abs=1e-6)
    assert found.rate == pytest.approx(1 - slowness.seen_fraction(d, unknown), abs=1e-12)


def a_digit_takes_so_many_passes(d, unknown):
    """From a start that is off in the slowest direction alone, EM comes closer by a tenth."""
    model, (x, weights) = truth(d, unknown), law(d)
    values, vectors = np.linalg.eig(em.rate_matrix(model, x, weights=weights))
    slow, at = vectors[:, np.argmax(values.real)].real, model.to_vector()
    near, passes = model.from_vector(at + 1e-4 * slow / np.linalg.norm(slow)), 12
    for _ in range(passes):
        near = near.m_step(near.e_step(x, weights=weights)[0])
    closer = 1e-4 / np.linalg.norm(near.to_vector() - at)
    found = Slowness(d, unknown).passes_per_digit
    assert passes / np.log10(closer) == pytest.approx(found, rel=2e-3)


def no_error_grows_more(d):
    """Variances of random contrasts with and without labels: the worst grows by the square."""
    observed, complete = informations(d)
    growth = linalg.eigvalsh(np.linalg.inv(observed), np.linalg.inv(complete))
    assert Slowness(d).inflation ** 2 == pytest.approx(growth[-1], rel=1e-4)
    for g in np.random.default_rng(0).normal(size=(20, 5)):
        ratio = g @ np.linalg.solve(observed, g) / (g @ np.linalg.solve(complete, g))
        assert ratio <= Slowness(d).inflation ** 2 * (1 + 1e-4)


def the_share_is_what_r_leaves_open(d):
    """The variance of a label that x leaves, over all of it: by adaptive quadrature."""

    def left(x):
        both = 0.5 * stats.norm.pdf(x, [-d / 2, d / 2])
        return both.prod() / both.sum() / 0.25

    rate = 2 * integrate.quad(left, 0, d / 2 + 12, epsabs=1e-13, limit=200)[0]
    found = Slowness(d, "share")
    assert found.rate == pytest.approx(rate, abs=1e-10)
    assert found.inflation == pytest.approx((1 - rate) ** -0.5, rel=1e-8)


distances = st.floats(1.2, 6)


@settings(max_examples=10)
@given(distances)
def test_the_rate_of_any_distance(d):
    the_rate_is_that_of_em(d, "share")
    the_rate_is_that_of_em(d, "everything")


@settings(max_examples=10)
@given(distances)
def test_the_passes_of_any_distance(d):
    if d < 4.5:  # further apart a dozen passes leave nothing but rounding
        a_digit_takes_so_many_passes(d, "everything")
    if d < 2.5:
        a_digit_takes_so_many_passes(d, "share")


@settings(max_examples=10)
@given(distances)
def test_the_errors_of_any_distance(d):
    no_error_grows_more(d)
    the_share_is_what_r_leaves_open(d)


@settings(max_examples=20)
@given(st.floats(0.5, 9.5), st.sampled_from(["share", "everything"]))
def test_further_apart_is_faster(d, unknown):
    near, far = slowness.seen_fraction(d, unknown), slowness.seen_fraction(d + 0.1, unknown)
    assert 0 < near < far < 1
    assert near <= slowness.seen_fraction(d, "share")


@pytest.mark.parametrize(("d", "unknown"), [(3.0, "everything"), (1.5, "share")])
def test_the_rate_of_fits_to_samples(d, unknown):
    """Twelve samples of 16,000: their mean rate, within four of its standard errors."""
    rates = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        x = rng.normal(np.where(rng.uniform(size=16_000) < 0.5, -d / 2, d / 2), 1)
        fitted = em.fit(truth(d, unknown), x, tol=1e-9).model
        rates.append(np.linalg.eigvals(em.rate_matrix(fitted, x)).real.max())
    error = np.std(rates, ddof=1) / np.sqrt(12)
    assert error < 0.002
    assert abs(np.mean(rates) - Slowness(d, unknown).rate) < 4 * error


OWN = vars(slowness).copy()
WRONG = [
    ("COMPLETE", np.array([0.25, 0.5, 0.5, 0.5, 0.5])),
    ("COMPLETE", np.array([0.5, 1.0, 1.0, 0.5, 0.5])),
    ("PLACES", {"share": [0], "everything": [0, 1, 2]}),
    ("PLACES", {"share": [1], "everything": [0, 1, 2, 3, 4]}),
    ("_costs", lambda seen: (OWN["_costs"](seen)[0] / 2, OWN["_costs"](seen)[1])),
    ("_costs", lambda seen: (OWN["_costs"](1 - seen)[0], OWN["_costs"](seen)[1])),
    ("_costs", lambda seen: (OWN["_costs"](seen)[0], 2 * OWN["_costs"](seen)[1])),
    ("seen_fraction", lambda d, unknown: 1 - OWN["seen_fraction"](d, unknown)),
    ("seen_fraction", lambda d, unknown="everything": OWN["seen_fraction"](d / 2, unknown)),
]  # fmt: skip


def laws():
    the_rate_is_that_of_em(2.5, "everything")
    the_rate_is_that_of_em(2.0, "share")
    a_digit_takes_so_many_passes(3.0, "everything")
    a_digit_takes_so_many_passes(2.0, "share")
    no_error_grows_more(2.5)
    the_share_is_what_r_leaves_open(2.0)


@pytest.mark.parametrize("k", range(len(WRONG)))
def test_a_planted_error_is_found(monkeypatch, k):
    laws()
    monkeypatch.setattr(slowness, *WRONG[k])
    with pytest.raises((AssertionError, ValueError)):
        laws()
