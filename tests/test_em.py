"""The driver: it climbs, it stops for the right reason, and it refuses what cannot be EM."""

import warnings
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companion import em
from companion.gaussians import GaussianMixture
from companion.hierarchical import BetaBinomial
from companion.missing import MultivariateNormal
from companion.mixtures import HardMixture
from companion.poissons import PoissonMixture


@dataclass(frozen=True)
class TwoCoins:
    """Sets of ten tosses of one of two coins, equally often (Do and Batzoglou 2008, figure 1b)."""

    heads: tuple[float, float]

    def e_step(self, tosses):
        p = np.array(self.heads)
        joint = 0.5 * p ** tosses[:, None] * (1 - p) ** (10 - tosses[:, None])
        r = joint / joint.sum(axis=1, keepdims=True)
        return (r * tosses[:, None], r * 10), float(np.log(joint.sum(axis=1)).sum())

    def m_step(self, statistics):
        heads, total = statistics
        return type(self)(tuple(heads.sum(axis=0) / total.sum(axis=0)))


HEADS = np.array([5, 9, 8, 4, 7])
START = TwoCoins((0.6, 0.5))


def test_two_coins_reach_the_published_estimates():
    """Do and Batzoglou (2008), Nat. Biotechnol. 26, 897-899: 0.71 and 0.58, then 0.80 and 0.52."""
    once = em.fit(START, HEADS, max_iter=1, tol=0).model
    np.testing.assert_allclose(once.heads, (0.71, 0.58), atol=0.005)
    ten = em.fit(START, HEADS, max_iter=10, tol=0).model
    np.testing.assert_allclose(ten.heads, (0.80, 0.52), atol=0.005)


# ------------------------------------------------------------------- laws and wrong drivers


def trace_belongs_to_the_models(fit):
    """Entry t is the log-likelihood after t M-steps; the last belongs to the returned model."""
    run = fit(START, HEADS, tol=0, max_iter=6)
    model, expected = START, [START.e_step(HEADS)[1]]
    for _ in range(6):
        model = model.m_step(model.e_step(HEADS)[0])
        expected.append(model.e_step(HEADS)[1])
    assert run.n_iter == 6
    assert len(run.log_likelihoods) == 7
    np.testing.assert_allclose(run.log_likelihoods, expected, rtol=1e-14)
    assert run.model == model
    assert run.log_likelihood == run.log_likelihoods[-1]


@dataclass(frozen=True)
class Scripted:
    """A model whose log-likelihoods are written down in advance."""

    values: tuple[float, ...]
    step: int = 0

    def e_step(self, *data):
        return self.step, self.values[min(self.step, len(self.values) - 1)]

    def m_step(self, statistics):
        return type(self)(self.values, statistics + 1)


def a_fall_is_an_error(fit):
    with pytest.raises(em.ObjectiveFellError, match=r"fell by 0\.5 .*at iteration 2"):
        fit(Scripted((-10.0, -9.0, -9.5, -1.0)))
    with pytest.raises(em.ObjectiveFellError, match="NaN at iteration 1"):
        fit(Scripted((-10.0, np.nan)))


def test_what_fell_is_named():
    """The log-likelihood; with a prior, the sum of it and the log-prior."""

    class Sum(int):
        def __add__(self, other):
            return self if isinstance(other, Sum) else int(self) + other

    class Falls(Scripted):
        def e_step(self, *data):
            return Sum(self.step), super().e_step()[1]

        def complete_log_likelihood(self, statistics):
            return -2.0 * self.step

    with pytest.raises(em.ObjectiveFellError, match=r"^the log-likelihood fell by 1 "):
        em.fit(Falls((-10.0, -11.0)))
    with pytest.raises(em.ObjectiveFellError, match=r"^the log-posterior fell by 1 "):
        em.fit(Falls((-10.0, -9.0)), prior=Sum(0))


def a_fall_within_rounding_is_no_convergence(fit):
    run = fit(Scripted((-10.0, -10.0 - 1e-12, -9.0, -9.0)), tol=1e-6)
    assert run.converged
    assert run.n_iter == 3
    assert run.log_likelihood == -9.0


def giving_up_is_not_convergence(fit):
    with pytest.warns(em.NotConvergedWarning, match="max_iter = 5"):
        run = fit(Scripted(tuple(np.arange(-100.0, 0.0))), max_iter=5)
    assert not run.converged
    assert run.n_iter == 5
    none = fit(START, HEADS, max_iter=0)
    assert not none.converged
    assert none.model is START
    assert none.n_iter == 0


LAWS = [
    trace_belongs_to_the_models,
    a_fall_is_an_error,
    a_fall_within_rounding_is_no_convergence,
    giving_up_is_not_convergence,
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_law(law):
    law(em.fit)


def driver(stop, raises=True, lagging=False):
    """Return a driver with a stopping rule of one's own, as others write it."""

    def fit(model, *data, tol=1e-8, max_iter=100):
        statistics, value = model.e_step(*data)
        trace, converged = [value], False
        for iteration in range(1, max_iter + 1):
            previous, model = model, model.m_step(statistics)
            statistics, value = model.e_step(*data)
            gain = value - trace[-1]
            if raises and (gain < -1e-9 or np.isnan(gain)):
                what = "NaN" if np.isnan(gain) else f"fell by {-gain}"
                raise em.ObjectiveFellError(f"{what} at iteration {iteration}")
            trace.append(value)
            if stop(gain, tol):
                converged = True
                break
        if not converged and tol > 0:
            warnings.warn(f"max_iter = {max_iter}", em.NotConvergedWarning, stacklevel=2)
        shown = previous if lagging and max_iter else model
        return em.EMResult(shown, np.array(trace), len(trace) - 1, converged, np.array(trace))

    return fit


PLANTED = [
    (trace_belongs_to_the_models, driver(lambda g, t: 0 <= g < t, lagging=True)),
    (trace_belongs_to_the_models, driver(lambda g, t: True)),
    (a_fall_is_an_error, driver(lambda g, t: abs(g) < t, raises=False)),
    (a_fall_within_rounding_is_no_convergence, driver(lambda g, t: abs(g) < t)),
    (a_fall_within_rounding_is_no_convergence, driver(lambda g, t: g < t)),
    (giving_up_is_not_convergence, driver(lambda g, t: g > t)),
]


@pytest.mark.parametrize(("law", "wrong"), PLANTED)
def test_planted_error_is_caught(law, wrong):
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        law(wrong)


@pytest.mark.parametrize("bug", ["m_step", "e_step"])
def test_a_wrong_step_is_caught_at_work(bug, rng):
    """The lecture's debugging tool, always on: a sign in the M-step, a factor in the E-step."""

    class Wrong(GaussianMixture):
        def m_step(self, statistics):
            right = super().m_step(statistics)
            means = 2 * self.means - right.means if bug == "m_step" else right.means
            return type(self)(right.weights, means, right.covariances)

        def _framed_log_joint(self, z, *out):
            joint = super()._framed_log_joint(z, *out)
            return joint - 0.3 * (z**2).sum(axis=1) if bug == "e_step" else joint

    x = np.concatenate([rng.normal(0, 1, 100), rng.normal(3, 1, 100)])
    with pytest.raises(em.EMError):
        em.fit(Wrong([0.3, 0.7], [0.5, 2.0], [1.0, 2.0]), x)


# -------------------------------------------------------------- rounding errors and bugs


@pytest.mark.parametrize("acceleration", [None, "squarem"])
@pytest.mark.parametrize("n", [10**4, 10**5, 10**6, 10**7])
def test_rounding_of_large_counts_is_no_bug(n, acceleration):
    """Logarithms of gamma functions of ten millions cancel: their rounding is no fall of EM."""
    for seed in range(10):
        rng = np.random.default_rng(seed)
        y = rng.binomial(n, rng.beta(1, 50, 100))
        run = em.fit(BetaBinomial(1, 9), y, np.full(100, n), acceleration=acceleration)
        assert run.converged
        assert run.n_iter < 50
        assert run.model.mean == pytest.approx((y / n).mean(), rel=0.05)


@pytest.mark.filterwarnings("ignore::companion.em.NotConvergedWarning")
@settings(max_examples=25)
@given(st.integers(0, 2**32), st.integers(-150, 150), st.integers(-150, 150))
def test_units_change_no_step(seed, first, second):
    """Log-densities of hundreds of both signs may cancel; the gains stay the same."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(60, 2)) + np.repeat([[0.0, 0.0], [3.0, 1.0]], 30, axis=0)
    near, far = (
        em.fit(
            GaussianMixture([0.5, 0.5], [[0, 0], scale], [np.diag(scale**2)] * 2),
            x * scale, tol=1e-6, max_iter=50,
        )
        for scale in (np.ones(2), 10.0 ** np.array([first, second]))
    )  # fmt: skip
    gains = [np.diff(run.objectives)[:5] for run in (near, far)]
    np.testing.assert_allclose(gains[1], gains[0], rtol=1e-6, atol=1e-8)


def nearly_collinear(gap):
    rng = np.random.default_rng(1)
    t = rng.normal(size=(500, 1))
    x = np.hstack([t, t + gap * rng.normal(size=(500, 1)), rng.normal(size=(500, 1))])
    return np.where(rng.random(x.shape) < 0.2, np.nan, x)


@pytest.mark.parametrize("gap", [1e-3, 1e-5, 3e-6])
def test_rounding_of_a_nearly_singular_covariance_is_no_bug(gap):
    x = nearly_collinear(gap)
    assert em.fit(MultivariateNormal.from_available(x), x).converged


@dataclass(frozen=True)
class ManyTerms:
    """A mean that goes a quarter of the way in every step; its terms cancel, or are huge."""

    mean: float
    constant: float = 0.0
    weight: float = 1.0

    def e_step(self, x):
        terms = self.constant - 0.5 * self.weight * (x - self.mean) ** 2
        return x.mean(), float(terms.sum())

    def m_step(self, statistics):
        mean = self.mean + (statistics - self.mean) / 4
        return type(self)(mean, self.constant, self.weight)

    def to_vector(self):
        return np.array([self.mean])

    def from_vector(self, vector):
        return type(self)(float(vector[0]), self.constant, self.weight)


@pytest.mark.parametrize("acceleration", [None, "squarem"])
@pytest.mark.parametrize("scale", [1.0, 1e9, 1e12])
@pytest.mark.parametrize("seed", range(4))
def test_ends_where_rounding_exceeds_the_tolerance(seed, scale, acceleration):
    """Sums near 0, near -1e12 and near -1e15, of which no digit below a tolerance is right."""
    x = np.random.default_rng(seed).normal(size=1000)
    centre = 0.5 * scale * ((x - x.mean()) ** 2).mean()
    for constant in (0.0, centre):
        run = em.fit(ManyTerms(3.0, constant, scale), x, acceleration=acceleration)
        assert run.converged
        assert run.n_iter < 150
        assert run.model.mean == pytest.approx(x.mean(), abs=1e-4)


def test_two_steps_without_progress_are_the_end():
    noise = np.where(np.arange(200) % 2, 1e-6, -1e-6)
    values = np.append(np.arange(-50.0, 0) * 1e4, noise) - 1e9
    run = em.fit(Scripted(tuple(values)), np.zeros(10**5), tol=1e-8)
    assert run.converged
    assert 50 <= run.n_iter <= 54
    exact = em.fit(Scripted(tuple(values)), np.zeros(10**5), tol=0, max_iter=100)
    assert exact.n_iter == 100
    assert not exact.converged


@pytest.mark.parametrize(
    ("model", "data", "fall"),
    [
        (ManyTerms(0.0, constant=345.0), np.zeros(100), 1e-5),
        (ManyTerms(0.0, weight=1e9), np.linspace(-1, 1, 1000), 1e-2),
        (BetaBinomial(1.4, 60.0), (np.arange(100) * 10**4, np.full(100, 10**7)), 1e-2),
        (MultivariateNormal(np.zeros(3), np.eye(3)), nearly_collinear(3e-6), 1e-2),
        (GaussianMixture([0.5, 0.5], [0, 1], [1, 1]), np.arange(50.0), 1e-7),
    ],
)
def test_a_fall_that_matters_is_a_bug(model, data, fall):
    """From the maximum, an M-step that goes a little elsewhere: its fall is smooth, and seen."""
    data = data if isinstance(data, tuple) else (data,)
    best = em.fit(model, *data, tol=1e-10).model
    top = best.e_step(*data)[1]

    class Wrong(type(model)):
        def m_step(self, statistics):
            return astray

    step = 1e-12 * (1 + abs(best.to_vector()))
    while True:  # a step just long enough for a fall of this size
        astray = best.from_vector(best.to_vector() + step)
        if top - astray.e_step(*data)[1] > fall:
            break
        step *= 1.2
    object.__setattr__(best, "__class__", Wrong)
    with pytest.raises(em.ObjectiveFellError):
        em.fit(best, *data, max_iter=1)


def test_noise_is_no_rounding():
    """A log-likelihood that is estimated by drawing falls by more than digits can be lost."""
    rng = np.random.default_rng(2)

    class Drawn(ManyTerms):
        def e_step(self, x):
            statistics, value = super().e_step(x)
            return statistics, value + 0.01 * rng.normal()

    with pytest.raises(em.ObjectiveFellError):
        em.fit(Drawn(3.0), rng.normal(size=1000))


def test_numbers_are_counted_in_data_of_all_kinds(rng):
    import dask.array
    import pandas as pd

    x = rng.normal(size=(12, 2))
    pieces = em.Chunks(lambda: zip(np.split(x, 3), np.split(np.arange(12), 3), strict=True))
    blocks = em.DaskChunks(dask.array.from_array(x, chunks=(5, 2)))
    for data, expected in [
        ((x,), 24), ((x, np.arange(12)), 36), ((x.tolist(),), 24), ((pd.DataFrame(x),), 24),
        ((pieces,), 36), ((blocks,), 24), ((), 1), (("text",), 1), (([[1], [1, 2]],), 2),
    ]:  # fmt: skip
        assert em._Visits(data, None, 0, False).n_numbers == expected


def test_climbs_from_random_starts_and_keeps_the_best(rng):
    truth = GaussianMixture([0.3, 0.3, 0.4], [0, 4, 9], [1, 1, 1])
    x = truth.sample(300, rng)[0]
    starts = [GaussianMixture.random_start(x, 3, rng) for _ in range(8)]
    found = em.fit_restarts(starts, x, tol=1e-6)
    assert list(found.table.columns) == ["log_likelihood", "n_iter", "converged", "outcome"]
    assert len(found.table) == 8
    assert found.table.index.name == "start"
    assert found.best.log_likelihood == found.table["log_likelihood"].max()
    assert found.best.log_likelihood > truth.log_likelihood(x)
    for start, row in zip(starts, found.table.itertuples(), strict=True):
        run = em.fit(start, x, tol=1e-6)
        assert np.diff(run.log_likelihoods).min() >= -1e-8
        assert run.log_likelihood == row.log_likelihood
        assert row.outcome == "converged"


def test_restarts_record_a_collapse():
    x = np.array([0.0, 1.0, 2.0, 3.0, 50.0])
    spike = GaussianMixture([0.2, 0.8], [50, 1.5], [1e-6, 2])
    fine = GaussianMixture([1.0], [0.0], [1.0])
    found = em.fit_restarts([spike, fine], x)
    assert "component 0 has collapsed" in found.table["outcome"][0]
    assert np.isnan(found.table["log_likelihood"][0])
    assert found.best.model.means == pytest.approx(x.mean())
    with pytest.raises(em.CollapsedComponentError, match="all 2 starts collapsed"):
        em.fit_restarts([spike, spike], x)


def test_restarts_stop_at_a_bug():
    with pytest.raises(em.ObjectiveFellError):
        em.fit_restarts([Scripted((-1.0, -2.0))])


def test_restarts_need_a_start():
    with pytest.raises(ValueError, match="starts is empty"):
        em.fit_restarts([], [1.0])


def test_all_that_follows_the_model_is_data():
    seen = []

    class Curious(Scripted):
        def e_step(self, *data):
            seen.append(data)
            return super().e_step()

    em.fit(Curious((-1.0, -1.0)), "x", "labels")
    assert seen == [("x", "labels")] * 2


def test_steps_that_do_not_shrink_are_made_one_by_one():
    """Without an end in sight there is none to leap to: the steps' lengths do not differ."""

    class Climbs(Scripted):
        def to_vector(self):
            return np.array([float(self.step)])

        def from_vector(self, vector):
            raise AssertionError("a leap")

    run = em.fit(Climbs(tuple(range(9))), tol=0.5, acceleration="squarem")
    assert (run.log_likelihood, run.converged) == (8, True)


@pytest.mark.parametrize("acceleration", [None, "squarem"])
def test_a_bar_counts_every_step_and_goes_away(acceleration, bars, rng):
    """One bar per run, as long as max_iter; one of starts around those of no run."""
    x = rng.normal(size=50)
    run = em.fit(ManyTerms(3.0), x, max_iter=77, acceleration=acceleration, progress=True)
    (bar,) = bars
    assert (bar.made, bar.closed) == (run.n_iter, True)
    assert bar.options == {"total": 77, "unit": "step", "leave": False}
    em.fit_restarts([ManyTerms(k) for k in (1.0, 2.0, 3.0)], x, progress=True)
    assert len(bars) == 2
    assert bars[1].made == 3
    assert bars[1].options == {"unit": "start", "leave": False}
    em.fit(ManyTerms(3.0), x)
    em.fit_restarts([ManyTerms(3.0)], x)
    em.rate_matrix(run.model, x)
    em.standard_errors(run.model, x)
    assert len(bars) == 2


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("way", [0.01, 0.25, 0.6, 0.9])
def test_a_leap_along_a_line_ends_at_the_top(sign, way):
    """Steps of a part of the way: from any start, and in any unit, scheme S3 leaps there."""

    class Steps(ManyTerms):
        def m_step(self, statistics):
            return self.from_vector([self.mean + way * (statistics - self.mean)])

    for scale in (1e-8, 1.0, 1e8):
        x = scale * np.random.default_rng(1).normal(1, 1, 100)
        start = Steps(sign * 30 * scale, weight=scale**-2)
        run = em.fit(start, x, tol=0, max_iter=2, acceleration="squarem")
        assert run.model.mean == pytest.approx(x.mean(), rel=1e-9)
        assert run.n_iter == 2
        once = em.fit(start, x, tol=0, max_iter=1, acceleration="squarem")
        assert once.model == start.m_step(start.e_step(x)[0])


@given(st.integers(0, 2**32), st.floats(-100, 100), st.floats(-6, 6))
def test_the_scale_of_a_parabola(seed, log_sd, log_off):
    """Half a nat for every number is one standard deviation, in any unit and far from zero."""
    z, sd = np.random.default_rng(seed).normal(size=20), 10**log_sd
    mean = sd * 10**log_off
    data = mean + sd * (z - z.mean())
    for centre in (mean, -mean):
        visits, there = em._Visits((np.sign(centre) * data,)), ManyTerms(centre, weight=sd**-2)
        found = em._own_scale(visits, there, there.to_vector(), 0)
        assert found == pytest.approx(sd, rel=1e-4)
    still = ManyTerms(0.0, weight=sd**-2)
    at_zero = em._own_scale(em._Visits((np.zeros(9),)), still, np.zeros(1), 0)
    assert at_zero == pytest.approx(sd)
    idle = em._own_scale(em._Visits((data,)), ManyTerms(mean, weight=0.0), np.array([mean]), 0)
    assert idle == mean  # the data say nothing of it


def test_progress_bar_changes_nothing(capsys):
    quiet = em.fit(START, HEADS)
    loud = em.fit(START, HEADS, progress=True)
    assert capsys.readouterr().err
    np.testing.assert_array_equal(quiet.log_likelihoods, loud.log_likelihoods)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"tol": -1.0}, "tol must be a number >= 0"),
        ({"tol": np.nan}, "tol must be a number >= 0"),
        ({"max_iter": -1}, "max_iter must be a whole number, at least 0"),
        ({"max_iter": 2.5}, "max_iter must be a whole number"),
        ({"max_iter": True}, "max_iter must be a whole number"),
    ],
)
def test_bad_settings(bad, message):
    with pytest.raises(ValueError, match=message):
        em.fit(START, HEADS, **bad)


# --------------------------------------------------------------- priors, leaps, and pieces


def overlapping(rng, n=2_000):
    """Two components with means 0 and 1.5 and unit variances: EM crawls."""
    x = np.where(rng.uniform(size=n) < 0.5, rng.normal(0, 1, n), rng.normal(1.5, 1, n))
    return x, GaussianMixture([0.5, 0.5], [-0.5, 2.0], [1.0, 1.0])


def test_squarem_climbs_the_same_hill_in_a_fifteenth_of_the_steps():
    x, start = overlapping(np.random.default_rng(8))
    plain = em.fit(start, x, tol=1e-9, max_iter=100_000)
    fast = em.fit(start, x, tol=1e-9, acceleration="squarem")
    assert fast.converged
    assert 15 * fast.n_iter <= plain.n_iter
    assert fast.log_likelihood >= plain.log_likelihood - 1e-5
    assert np.diff(fast.objectives).min() >= -1e-8
    np.testing.assert_allclose(fast.model.means, plain.model.means, atol=5e-3)


def test_squarem_counts_every_visit_to_the_data():
    visits = []

    class Counting(GaussianMixture):
        def e_step(self, x):
            visits.append(1)
            return super().e_step(x)

        def m_step(self, statistics):
            right = super().m_step(statistics)
            return type(self)(right.weights, right.means, right.covariances)

        def from_vector(self, vector):
            right = super().from_vector(vector)
            return type(self)(right.weights, right.means, right.covariances)

    x, start = overlapping(np.random.default_rng(9), 300)
    start = Counting(start.weights, start.means, start.covariances)
    for limit in (1, 2, 3, 8):
        visits.clear()
        run = em.fit(start, x, tol=0, max_iter=limit, acceleration="squarem")
        assert run.n_iter == limit == len(visits) - 1


def test_a_leap_into_the_abyss_is_not_taken():
    """A vector that leads nowhere, or down, costs a visit and nothing else."""

    class Reckless(GaussianMixture):
        def m_step(self, statistics):
            right = super().m_step(statistics)
            return type(self)(right.weights, right.means, right.covariances)

        def from_vector(self, vector):
            return super().from_vector(np.where(np.arange(len(vector)) > 2, 800.0, vector))

    x, start = overlapping(np.random.default_rng(9), 300)
    start = Reckless(start.weights, start.means, start.covariances)
    plain = em.fit(start, x, tol=0, max_iter=20)
    bold = em.fit(start, x, tol=0, max_iter=29, acceleration="squarem")
    same = min(len(plain.objectives), len(bold.objectives))
    assert same >= 15
    np.testing.assert_allclose(bold.objectives[:same], plain.objectives[:same], rtol=1e-12)


def the_mode_has_no_gradient(fit):
    """At the posterior mode the gradients of log-likelihood and log-prior cancel."""
    rng = np.random.default_rng(10)
    x = rng.normal(size=(60, 2)) + 3 * rng.integers(0, 2, size=(60, 1))
    prior = GaussianMixture.prior_statistics(x, 2, 3.0)
    run = fit(GaussianMixture.random_start(x, 2, rng), x, prior=prior, tol=1e-12)
    statistics, _ = run.model.e_step(x)
    gradient = run.model.gradient(statistics) + run.model.gradient(prior)
    np.testing.assert_allclose(gradient, 0, atol=1e-3)
    total = run.model.log_likelihood(x) + run.model.complete_log_likelihood(prior)
    np.testing.assert_allclose(run.objectives[-1], total, rtol=1e-12)
    assert np.diff(run.objectives).min() >= -1e-8


def test_the_mode_has_no_gradient():
    the_mode_has_no_gradient(em.fit)


def without_prior(model, *data, prior, **options):
    return em.fit(model, *data, **options)


def with_half_the_prior(model, *data, prior, **options):
    half = type(prior)(prior.counts / 2, prior.means, prior.scatters / 2)
    return em.fit(model, *data, prior=half, **options)


@pytest.mark.parametrize("wrong", [without_prior, with_half_the_prior])
def test_planted_error_in_the_prior_is_caught(wrong):
    with pytest.raises(AssertionError):
        the_mode_has_no_gradient(wrong)


def test_a_prior_mends_the_singular_likelihood():
    x = np.array([0.0, 1.0, 2.0, 3.0, 50.0])
    spike = GaussianMixture([0.2, 0.8], [50, 1.5], [1e-6, 2])
    with pytest.raises(em.CollapsedComponentError):
        em.fit(spike, x)
    mended = em.fit(spike, x, prior=GaussianMixture.prior_statistics(x, 2, 1.0))
    assert mended.converged
    assert mended.model.covariances.min() > 0.1
    table = em.fit_restarts([spike], x, prior=GaussianMixture.prior_statistics(x, 2, 1.0)).table
    assert table["outcome"][0] == "converged"


def test_the_rate_is_that_of_the_trace():
    """The largest eigenvalue of DM against the ratio of the last gains: the square root of it.

    The log-likelihood is quadratic near its maximum, so its gains shrink by the squared rate.
    """
    x, start = overlapping(np.random.default_rng(11), 400)
    run = em.fit(start, x, tol=0, max_iter=4_000)
    rate = np.linalg.eigvals(em.rate_matrix(run.model, x)).real.max()
    vectors, model = [], em.fit(start, x, tol=0, max_iter=700).model
    for _ in range(3):
        vectors.append(model.to_vector())
        model = model.m_step(model.e_step(x)[0])
    steps = np.linalg.norm(np.diff(vectors, axis=0), axis=1)
    np.testing.assert_allclose(steps[1] / steps[0], rate, atol=1e-5)
    assert 0.9 < rate < 1


@pytest.mark.parametrize("kind", ["mixture", "missing"])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("shift", [0.0, -1e6, 1e6])
def test_rates_know_neither_units_nor_an_origin(kind, scale, shift):
    """Data in other units, from another origin: the same eigenvalues, to the digits that are left.

    An offset of a million leaves ten digits of the data, and a difference over a thousandth seven.
    """
    rng = np.random.default_rng(12)
    if kind == "mixture":
        x, start = overlapping(rng, 400)
        x = x + np.where(np.arange(400) < 200, 0, 2)
    else:
        x = rng.normal(size=(100, 2)) @ rng.normal(size=(2, 2))
        x[rng.random(x.shape) < 0.3] = np.nan
        start = MultivariateNormal.from_available(x)
    best = em.fit(start, x, tol=1e-10, acceleration="squarem").model
    if kind == "mixture":
        means = scale * (best.means + shift)
        moved = GaussianMixture(best.weights, means, scale**2 * best.covariances)
    else:
        moved = MultivariateNormal(scale * (best.mean + shift), scale**2 * best.covariance)
    here, there = (
        np.sort(np.linalg.eigvals(em.rate_matrix(*case)).real)
        for case in ((best, x), (moved, scale * (x + shift)))
    )
    np.testing.assert_allclose(there, here, atol=1e-9 if shift == 0 else 2e-6)


def test_a_parameter_of_which_the_data_say_nothing_stays(rng):
    """A column of gaps: its mean is carried along, so that its own rate is one."""
    x = np.column_stack([rng.normal(3, 2, 50), np.full(50, np.nan)])
    model = em.fit(MultivariateNormal([0, 1], [[1, 0.5], [0.5, 1]]), x).model
    DM = em.rate_matrix(model, x)
    np.testing.assert_allclose(DM[1, 1], 1, atol=1e-6)
    np.testing.assert_allclose(DM[0], 0, atol=1e-6)


def test_nothing_hidden_means_rate_zero(rng):
    x = rng.normal(size=(30, 2))
    best = em.fit(MultivariateNormal([0, 0], np.eye(2)), x).model
    np.testing.assert_allclose(em.rate_matrix(best, x), 0, atol=1e-9)


@pytest.mark.parametrize("acceleration", [None, "squarem"])
def test_chunks_equal_the_whole(rng, acceleration):
    x, start = overlapping(rng, 500)
    whole = em.fit(start, x, tol=0, max_iter=30, acceleration=acceleration)
    for cuts in ([250], [1, 2, 3], [100, 499]):
        pieces = em.Chunks(lambda c=cuts: iter(np.split(x, c)))
        found = em.fit(start, pieces, tol=0, max_iter=30, acceleration=acceleration)
        np.testing.assert_allclose(found.model.means, whole.model.means, rtol=1e-10)
        np.testing.assert_allclose(found.log_likelihoods, whole.log_likelihoods, rtol=1e-12)
    labels = np.where(np.arange(500) < 50, 0, -1)
    both = em.Chunks(lambda: zip(np.split(x, 5), np.split(labels, 5), strict=True))
    found = em.fit(start, both, tol=0, max_iter=5)
    expected = em.fit(start, x, labels, tol=0, max_iter=5)
    np.testing.assert_allclose(found.model.means, expected.model.means, rtol=1e-10)


def test_a_file_too_long_to_hold(tmp_path, rng):
    """The statistics of a text file, read a few rows at a time."""
    import pandas as pd

    x, start = overlapping(rng, 400)
    path = tmp_path / "x.csv"
    pd.DataFrame({"x": x}).to_csv(path, index=False)
    pieces = em.Chunks(lambda: (part["x"] for part in pd.read_csv(path, chunksize=64)))
    found = em.fit(start, pieces, tol=0, max_iter=10)
    expected = em.fit(start, x, tol=0, max_iter=10)
    np.testing.assert_allclose(found.model.means, expected.model.means, rtol=1e-10)


def test_dask_equals_the_whole(rng):
    import dask
    import dask.array
    import dask.bag

    x = np.column_stack([overlapping(rng, 500)[0], rng.normal(size=500)])
    start = GaussianMixture.random_start(x, 2, rng)
    whole = em.fit(start, x, tol=0, max_iter=20)
    with dask.config.set(scheduler="threads"):
        blocks = em.DaskChunks(dask.array.from_array(x, chunks=(130, 2)))
        bag = em.DaskChunks(dask.bag.from_sequence(x.tolist(), npartitions=4))
        for pieces in (blocks, bag):
            found = em.fit(start, pieces, tol=0, max_iter=20)
            np.testing.assert_allclose(found.model.means, whole.model.means, rtol=1e-10)
            np.testing.assert_allclose(found.log_likelihood, whole.log_likelihood, rtol=1e-12)
    with pytest.raises(ValueError, match="cut along its rows only"):
        em.DaskChunks(dask.array.from_array(x, chunks=(130, 1)))


def test_statistics_of_chunks_keep_memory_flat():
    """A pass over ten times as many chunks holds no more than one of them at a time."""
    import tracemalloc

    def peak(n_chunks):
        def read():
            rng = np.random.default_rng(1)
            return (rng.normal(size=20_000) for _ in range(n_chunks))

        start = GaussianMixture([0.5, 0.5], [-1, 1], [1, 1])
        tracemalloc.start()
        em.fit(start, em.Chunks(read), tol=0, max_iter=1)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(40) < 1.2 * peak(4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: em.fit(START, HEADS, acceleration="fast"), "acceleration must be None or"),
        (lambda: em.Chunks([[1.0]]), "read must be a function"),
        (lambda: em.DaskChunks([1.0]), "collection must be a Dask array or bag"),
        (lambda: em.fit(START, em.Chunks(lambda: iter([]))), "the data hold no chunk"),
        (lambda: em.rate_matrix(START, HEADS, step=0), "step must be a number > 0"),
    ],
)
def test_bad_requests(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# ---------------------------------------------------------------- what a model must have

FIT = GaussianMixture([0.5, 0.5], [0, 4], [1, 1])
X = np.array([0.0, 1.0, 3.0, 5.0])


class NoComplete(ManyTerms):
    """Statistics that add, and no density of complete data."""


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: em.fit([1.0], X), "EM needs e_step and m_step, which list does not"),
        (lambda: em.fit(GaussianMixture, X), "needs a model, not the class GaussianMixture"),
        (lambda: em.fit(NoComplete(0.0), X, prior=1.0), "a prior needs complete_log_likelihood"),
        (lambda: em.fit(HardMixture(FIT), X, prior=FIT.e_step(X)[0]), "a prior needs complete"),
        (lambda: em.fit(START, HEADS, acceleration="squarem"), '"squarem" needs to_vector and fr'),
        (lambda: em.fit_restarts([START], HEADS, acceleration="squarem"), "TwoCoins does not have"),
        (lambda: em.rate_matrix(START, HEADS), "the rate of EM needs to_vector and from_vector"),
        (lambda: em.fit(FIT, X, prior=np.ones(2)), r"\(NormalStatistics\), not ndarray"),
        (lambda: em.fit(FIT, X, prior=0.01), "prior must be statistics as GaussianMixture.e_step"),
        (
            lambda: em.fit(FIT, X, prior=PoissonMixture.prior_statistics([1, 2], 2)),
            "not PoissonStatistics",
        ),
        (lambda: em.fit(BetaBinomial(1, 1), [1], [2], weights=[1]), "BetaBinomial.e_step does not"),
        (lambda: em.fit(START, em.Chunks(lambda: iter([HEADS, HEADS]))), "a tuple is no sum"),
    ],
)
def test_what_a_model_lacks_is_said(call, message):
    with pytest.raises(TypeError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: em.fit(FIT, X, prior=GaussianMixture.prior_statistics(X, 3)),
            r"prior does not fit the model: statistics.counts must have shape \(2,\)",
        ),
        (
            lambda: em.fit(FIT, X, prior=GaussianMixture.prior_statistics(np.eye(3), 2)),
            r"prior does not fit the model: statistics.means must have shape \(2, 1\)",
        ),
        (lambda: em.fit(FIT, em.Chunks(lambda: [X]), weights=[1]), "weights: pieces bring their"),
    ],
)
def test_a_prior_or_weights_of_the_wrong_shape(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_weights_pass_through_every_door(rng):
    """Fits, restarts, rates, priors and pieces: the distinct points with how often they came."""
    x = np.round(2 * overlapping(rng, 400)[0]) / 2
    points, often = np.unique(x, return_counts=True)
    assert len(points) < 30
    start = FIT
    prior = GaussianMixture.prior_statistics(x, 2)
    for options in ({}, {"prior": prior}, {"acceleration": "squarem"}):
        whole = em.fit(start, x, tol=1e-9, **options)
        found = em.fit(start, points, weights=often, tol=1e-9, **options)
        np.testing.assert_allclose(found.model.means, whole.model.means, rtol=1e-8)
        np.testing.assert_allclose(found.objectives[-1], whole.objectives[-1], rtol=1e-12)
    best = em.fit_restarts([start], points, weights=often, tol=1e-9, acceleration="squarem").best
    np.testing.assert_allclose(best.log_likelihood, whole.log_likelihood, rtol=1e-12)
    rates = [em.rate_matrix(best.model, x), em.rate_matrix(best.model, points, weights=often)]
    np.testing.assert_allclose(rates[1], rates[0], atol=1e-7)
    labels = np.where(points < 0, 0, -1)
    pieces = em.Chunks(
        lambda: (
            {"x": p, "labels": z, "weights": w}
            for p, z, w in zip(
                *(np.array_split(a, 3) for a in (points, labels, often)), strict=True
            )
        )
    )
    found = em.fit(start, pieces, tol=0, max_iter=5)
    expected = em.fit(start, x, np.where(x < 0, 0, -1), tol=0, max_iter=5)
    np.testing.assert_allclose(found.model.means, expected.model.means, rtol=1e-10)
    numbers = [
        em._Visits((points,), weights=often).n_numbers,
        em._Visits((em.Chunks(lambda: [{"x": points, "weights": often}]),)).n_numbers,
    ]
    np.testing.assert_allclose(numbers, 400)


@pytest.mark.parametrize(
    "options", [{}, {"max_iter": 7}, {"tol": 1e-3}, {"acceleration": "squarem"}]
)
def test_every_row_of_restarts_is_a_run(options):
    """With the defaults of a run, or what is asked for; the best has the highest objective."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=60) + 4 * rng.integers(0, 2, 60)
    starts = [GaussianMixture.random_start(x, 2, rng) for _ in range(4)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", em.NotConvergedWarning)
        found = em.fit_restarts(starts, x, **options)
        runs = [em.fit(start, x, **options) for start in starts]
    assert found.table["log_likelihood"].tolist() == [run.log_likelihood for run in runs]
    assert found.table["n_iter"].tolist() == [run.n_iter for run in runs]
    assert found.table["converged"].tolist() == [run.converged for run in runs]
    words = ["converged" if run.converged else "max_iter reached" for run in runs]
    assert found.table["outcome"].tolist() == words
    assert found.best.log_likelihood == max(run.log_likelihood for run in runs)


@given(st.integers(0, 2**32), st.integers(1, 3), st.integers(1, 3))
def test_differences_of_sixth_order_are_exact_for_polynomials(seed, D, M):
    """Of fifth degree; their error is what they differ by from those of fourth order."""
    rng = np.random.default_rng(seed)
    A, at, step = rng.normal(size=(M, D, 6)), rng.normal(size=D), 10 ** rng.uniform(-2, 0)
    powers = np.arange(6)

    def f(x):
        return np.einsum("mdp,dp->m", A, x[:, np.newaxis] ** powers)

    found, error = em._jacobian(f, at, step)
    expected = np.einsum("mdp,dp->md", A[..., 1:] * powers[1:], at[:, np.newaxis] ** powers[:-1])
    size = 1 + np.abs(expected).max()
    np.testing.assert_allclose(found, expected, atol=1e-8 * size / step)
    fourth = [
        (8 * (f(at + h) - f(at - h)) - (f(at + 2 * h) - f(at - 2 * h))) / (12 * step)
        for h in step * np.eye(D)
    ]
    np.testing.assert_allclose(error, found - np.array(fourth).T, atol=1e-10 * size / step)


@pytest.mark.parametrize("acceleration", [None, "squarem"])
def test_from_the_top_no_leap_is_tried(acceleration):
    """A step that gains less than the tolerance is the last."""
    x = np.array([0, 1, 0, 2, 9, 8, 11, 9])
    best = em.fit(PoissonMixture([0.5, 0.5], [1.0, 9.0]), x, tol=0, max_iter=300).model
    run = em.fit(best, x, tol=1e-3, acceleration=acceleration)
    assert (run.converged, run.n_iter) == (True, 1)
