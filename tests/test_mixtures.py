"""What is true of the Gaussian mixture beyond the laws of every model (test_models)."""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import logsumexp
from sklearn.mixture import GaussianMixture as Sklearn

from companion.em import COLLAPSED, CollapsedComponentError, fit, fit_restarts
from companion.gaussians import GaussianMixture, NormalStatistics
from companion.missing import MultivariateNormal
from companion.mixtures import HardMixture
from companion.poissons import PoissonMixture

TYPES = ["full", "diagonal", "spherical", "tied"]


def random_covariances(rng, K, D, covariance_type):
    A = rng.normal(size=(K, D, D))
    full = A @ A.transpose(0, 2, 1) / D + 0.3 * np.eye(D)
    diagonal = np.diagonal(full, axis1=1, axis2=2)
    return {
        "full": full,
        "diagonal": diagonal,
        "spherical": diagonal.mean(axis=1),
        "tied": full[0],
    }[covariance_type]


def random_mixture(rng, K=3, D=2, covariance_type="full", cls=GaussianMixture):
    return cls(
        rng.dirichlet(np.full(K, 3.0)),
        rng.normal(scale=2, size=(K, D)),
        random_covariances(rng, K, D, covariance_type),
        covariance_type,
    )


def random_responsibilities(rng, N, K):
    return rng.dirichlet(np.ones(K), size=N)


def log_densities(model, x):
    """Log N(x_n | mu_k, Sigma_k) by SciPy, one component at a time."""
    x = np.reshape(x, (-1, model.n_dimensions))
    return np.column_stack(
        [
            stats.multivariate_normal(model.means[k], model.full_covariances[k]).logpdf(x)
            for k in range(model.n_components)
        ]
    ).reshape(len(x), -1)


mixtures_of_all_kinds = st.builds(
    lambda seed, K, D, kind: (np.random.default_rng(seed), K, D, kind),
    st.integers(0, 2**32),
    st.integers(1, 4),
    st.integers(1, 3),
    st.sampled_from(TYPES),
)


# ---------------------------------------------------------------------- laws of the model


def e_step_returns_statistics_of_responsibilities(cls):
    rng = np.random.default_rng(5)
    model = random_mixture(rng, 3, 2, "full", cls)
    x = rng.normal(scale=2, size=(50, 2))
    r = random_mixture(np.random.default_rng(5), 3, 2).responsibilities(x)
    statistics, log_likelihood = model.e_step(x)
    np.testing.assert_allclose(statistics.counts, r.sum(axis=0), rtol=1e-10)
    np.testing.assert_allclose(statistics.means, (r.T @ x) / r.sum(axis=0)[:, None], atol=1e-10)
    for k in range(3):
        scatter = np.cov(x.T, aweights=r[:, k], ddof=0) * r[:, k].sum()
        np.testing.assert_allclose(statistics.scatters[k], scatter, atol=1e-9)
    np.testing.assert_allclose(log_likelihood, model.log_likelihood(x), rtol=1e-12)


def log_likelihood_never_falls(cls):
    for seed in range(4):
        rng = np.random.default_rng(seed)
        x = np.concatenate([rng.normal(0, 1, (40, 2)), rng.normal(3, 0.5, (60, 2))])
        for kind in TYPES:
            seeds = GaussianMixture.random_start(x, 2, rng, kind)
            start = cls(seeds.weights, seeds.means, seeds.covariances, kind)
            trace = [start.log_likelihood(x)]
            for _ in range(15):
                start = start.m_step(start.e_step(x)[0])
                trace.append(start.log_likelihood(x))
            assert np.diff(trace).min() > -1e-8, "it fell"


def statistics_of_parts_add_up(cls):
    rng = np.random.default_rng(8)
    model = random_mixture(rng, 3, 2, "full", cls)
    x = rng.normal(loc=1e4, scale=2, size=(101, 2))
    q = random_responsibilities(rng, 101, 3)
    whole = model.statistics(x, q)
    parts = model.statistics(x[:1], q[:1]) + model.statistics(x[1:40], q[1:40])
    parts = model.statistics(x[40:], q[40:]) + parts
    for name in ("counts", "means", "scatters"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), rtol=1e-9)


def sampling_follows_the_story(cls):
    """Moments within five standard errors."""
    rng = np.random.default_rng(9)
    n = 40_000
    model = random_mixture(rng, 3, 2, "full", cls)
    x, z = model.sample(n, rng)
    for k in range(3):
        share, part = model.weights[k], x[z == k]
        assert abs(np.mean(z == k) - share) < 5 * np.sqrt(share * (1 - share) / n)
        error = np.sqrt(np.diag(model.full_covariances[k]) / len(part))
        assert np.all(np.abs(part.mean(axis=0) - model.means[k]) < 5 * error)
        spread = np.diag(model.full_covariances[k])
        limit = 5 * np.sqrt(2 / len(part)) * np.sqrt(np.outer(spread, spread))
        assert np.all(np.abs(np.cov(part.T) - model.full_covariances[k]) < limit)


LAWS = [
    e_step_returns_statistics_of_responsibilities,
    log_likelihood_never_falls,
    statistics_of_parts_add_up,
    sampling_follows_the_story,
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_law(law):
    law(GaussianMixture)


# ------------------------------------------------------------------------ planted errors


class WeightsForgotten(GaussianMixture):
    def _framed_log_joint(self, z, *out):
        return super()._framed_log_joint(z, *out) - self._log_weights[:, None]


def altered_m_step(alter):
    """Return a mixture whose M-step is right except for one alteration."""

    class Altered(GaussianMixture):
        def m_step(self, statistics):
            right = super().m_step(statistics)
            weights, means, covariances = alter(self, statistics, right)
            return type(self)(weights, means, covariances, self.covariance_type)

    return Altered


def standard_deviation(old, statistics, right):
    if old.covariance_type in ("full", "tied"):
        return right.weights, right.means, right.covariances
    return right.weights, right.means, np.sqrt(right.covariances)


def doubled_covariances(old, statistics, right):
    return right.weights, right.means, 2 * right.covariances


class OldMeanInEStep(GaussianMixture):
    def e_step(self, x, labels=None, **weights):
        s, value = super().e_step(x, labels, **weights)
        step = s.means - self.means
        extra = s.counts[:, None, None] * step[:, :, None] * step[:, None, :]
        return NormalStatistics(s.counts, s.means, s.scatters + extra), value


class MeanLogLikelihood(GaussianMixture):
    def e_step(self, x, labels=None, **weights):
        s, value = super().e_step(x, labels, **weights)
        return s, value / len(np.asarray(x))


class StandardDeviationSampled(GaussianMixture):
    def sample(self, n, rng):
        x, z = super().sample(n, rng)
        return self.means[z] + (x - self.means[z]) @ self._cholesky_factors[0], z


class LabelsIgnoreWeights(GaussianMixture):
    def sample(self, n, rng):
        even = np.full(self.n_components, 1 / self.n_components)
        return GaussianMixture(even, self.means, self.covariances).sample(n, rng)


class AddsWithoutBetween(GaussianMixture):
    """Scatters are added without the spread between the means of the parts."""

    def statistics(self, x, responsibilities):
        class Wrong(NormalStatistics):
            def __add__(self, other):
                right = super().__add__(other)
                return Wrong(right.counts, right.means, self.scatters + other.scatters)

        s = super().statistics(x, responsibilities)
        return Wrong(s.counts, s.means, s.scatters)


class AddsMeansPlainly(GaussianMixture):
    def statistics(self, x, responsibilities):
        class Wrong(NormalStatistics):
            def __add__(self, other):
                right = super().__add__(other)
                return Wrong(right.counts, (self.means + other.means) / 2, right.scatters)

        s = super().statistics(x, responsibilities)
        return Wrong(s.counts, s.means, s.scatters)


PLANTED = [
    (e_step_returns_statistics_of_responsibilities, WeightsForgotten),
    (e_step_returns_statistics_of_responsibilities, OldMeanInEStep),
    (e_step_returns_statistics_of_responsibilities, MeanLogLikelihood),
    (log_likelihood_never_falls, altered_m_step(standard_deviation)),
    (log_likelihood_never_falls, altered_m_step(doubled_covariances)),
    (statistics_of_parts_add_up, AddsWithoutBetween),
    (statistics_of_parts_add_up, AddsMeansPlainly),
    (sampling_follows_the_story, StandardDeviationSampled),
    (sampling_follows_the_story, LabelsIgnoreWeights),
]


@pytest.mark.parametrize(("law", "wrong"), PLANTED)
def test_planted_error_is_caught(law, wrong):
    with pytest.raises(AssertionError):
        law(wrong)


# -------------------------------------------------------------------------- second opinion


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("D", [1, 2, 10])
def test_equals_scikit_learn_step_by_step(kind, D, rng):
    K, n_iter = 3, 7
    truth = random_mixture(rng, K, D, kind)
    x = np.reshape(truth.sample(400, rng)[0], (400, D))
    means = truth.means + rng.normal(scale=0.5, size=(K, D))
    start = GaussianMixture(truth.weights, means, truth.covariances, kind)
    precisions = {
        "full": lambda: np.linalg.inv(start.covariances),
        "tied": lambda: np.linalg.inv(start.covariances),
        "diagonal": lambda: 1 / start.covariances,
        "spherical": lambda: 1 / start.covariances,
    }[kind]()
    other = Sklearn(
        K,
        covariance_type={"diagonal": "diag"}.get(kind, kind),
        tol=0,
        reg_covar=0,
        max_iter=n_iter,
        weights_init=start.weights,
        means_init=start.means,
        precisions_init=precisions,
    )
    with pytest.warns(Warning, match="did not converge"):
        other.fit(x)
    run = fit(start, x, tol=0, max_iter=n_iter)
    assert run.n_iter == n_iter
    np.testing.assert_allclose(run.model.weights, other.weights_, atol=1e-8)
    np.testing.assert_allclose(run.model.means, other.means_, atol=1e-8)
    np.testing.assert_allclose(run.model.covariances, other.covariances_, atol=1e-8)
    np.testing.assert_allclose(run.log_likelihood / len(x), other.score(x), atol=1e-10)


# --------------------------------------------------------------------- symmetry and scale


@given(mixtures_of_all_kinds)
def test_order_of_points_and_names_do_not_matter(case):
    rng, K, D, kind = case
    model = random_mixture(rng, K, D, kind)
    x = rng.normal(scale=3, size=(12, D))
    points, names = rng.permutation(12), rng.permutation(K)
    covariances = model.covariances if kind == "tied" else model.covariances[names]
    renamed = GaussianMixture(model.weights[names], model.means[names], covariances, kind)
    np.testing.assert_allclose(renamed.log_density(x[points]), model.log_density(x)[points])
    np.testing.assert_allclose(
        renamed.responsibilities(x[points]), model.responsibilities(x)[points][:, names], atol=1e-12
    )
    here, there = model.e_step(x)[0], renamed.e_step(x[points])[0]
    np.testing.assert_allclose(there.counts, here.counts[names], atol=1e-10)
    np.testing.assert_allclose(there.scatters, here.scatters[names], atol=1e-8)


@given(mixtures_of_all_kinds)
def test_change_of_units_shifts_the_log_density(case):
    rng, K, D, _ = case
    model = random_mixture(rng, K, D)
    A, b = rng.normal(size=(D, D)) + 2 * np.eye(D), rng.normal(size=D)
    moved = GaussianMixture(model.weights, model.means @ A.T + b, A @ model.full_covariances @ A.T)
    x = rng.normal(scale=3, size=(6, D))
    jacobian = np.linalg.slogdet(A)[1]
    np.testing.assert_allclose(
        moved.log_density(x @ A.T + b), model.log_density(x) - jacobian, rtol=1e-6, atol=1e-6
    )


@given(mixtures_of_all_kinds)
def test_elbo_never_exceeds_the_log_likelihood(case):
    rng, K, D, kind = case
    model = random_mixture(rng, K, D, kind)
    x = rng.normal(scale=3, size=(8, D))
    assert model.elbo(x, random_responsibilities(rng, 8, K)) <= model.log_likelihood(x) + 1e-9


def many_points_are_as_good_as_few(cls):
    """Frames of one's own and a shared frame: the E-step of all points is that of its parts."""
    for seed, (kind, D, K) in enumerate(itertools.product(TYPES, [2, 3, 7], [2, 5])):
        rng = np.random.default_rng(seed)
        units, origin = 10.0 ** rng.uniform(-8, 8, size=D), 10.0 ** rng.uniform(0, 6)
        plain = random_mixture(rng, K, D, kind)
        covariances = plain.full_covariances * units * units[:, None]
        means = (plain.means + origin) * units
        model = cls(plain.weights, means, covariances)
        x = (np.reshape(plain.sample(3000, rng)[0], (-1, D)) + origin) * units
        labels = rng.integers(-1, K, size=3000)
        for data in ((x,), (x, labels)):
            pieces = [model.e_step(*(d[i : i + 500] for d in data)) for i in range(0, 3000, 500)]
            parts, value = pieces[0]
            for more, log_likelihood in pieces[1:]:
                parts, value = parts + more, value + log_likelihood
            whole, found = model.e_step(*data)
            np.testing.assert_allclose(found, value, rtol=1e-11)
            np.testing.assert_allclose(whole.counts, parts.counts, rtol=1e-8)
            np.testing.assert_allclose(whole.means / units, parts.means / units, rtol=1e-8)
            outer = units * units[:, None] * parts.counts[:, None, None]
            np.testing.assert_allclose(
                whole.scatters / outer, parts.scatters / outer, rtol=1e-7, atol=1e-7
            )


class FrameWithoutWeights(GaussianMixture):
    @property
    def _shared_frame(self):
        centre, L, rows = super()._shared_frame
        return centre, L, rows - np.outer(self._log_weights, np.arange(rows.shape[1]) == 0)


class FrameOffCentre(GaussianMixture):
    @property
    def _shared_frame(self):
        centre, L, rows = super()._shared_frame
        return centre + 0.01 * L.sum(axis=1), L, rows


class FrameWithHalfTheProducts(GaussianMixture):
    @property
    def _shared_frame(self):
        centre, L, rows = super()._shared_frame
        mixed = np.repeat([0, 1], [1 + len(L), rows.shape[1] - 1 - len(L)])
        return centre, L, np.where(mixed & (rows != rows.max()), rows * 0.99, rows)


def test_many_points_are_as_good_as_few():
    many_points_are_as_good_as_few(GaussianMixture)


@pytest.mark.parametrize("wrong", [FrameWithoutWeights, FrameOffCentre, FrameWithHalfTheProducts])
def test_planted_error_in_the_frame_is_caught(wrong):
    with pytest.raises(AssertionError):
        many_points_are_as_good_as_few(wrong)


def test_narrow_components_keep_their_own_frames(rng):
    """A component a million times narrower than the data, and one of weight zero."""
    narrow = GaussianMixture([0.5, 0.5], [[0, 0], [1e6, 0]], [np.eye(2), 1e-6 * np.eye(2)])
    assert narrow._shared_frame is None
    x = narrow.sample(4000, rng)[0]
    statistics, value = narrow.e_step(x)
    np.testing.assert_allclose(value, narrow.log_likelihood(x), rtol=1e-12)
    spread = statistics.scatters / statistics.counts[:, None, None]
    np.testing.assert_allclose(spread[1] / 1e-6, np.eye(2), atol=0.1)
    never = GaussianMixture([0.5, 0.5, 0], [[0, 0], [3, 0], [1, 1]], [np.eye(2)] * 3)
    assert never._shared_frame is not None
    x = never.sample(2000, rng)[0]
    statistics, value = never.e_step(x)
    assert statistics.counts[2] < 1e-290
    np.testing.assert_allclose(value, never.log_likelihood(x), rtol=1e-12)


def test_responsibilities_far_from_everything():
    """At 1e4 standard deviations the log-odds are exact: (mu_1 - mu_0) (x - (mu_0 + mu_1) / 2)."""
    model = GaussianMixture([0.3, 0.7], [-1e-4, 1e-4], [1, 1])
    x = np.array([1e4, -1e4])
    log_odds = np.log(0.7 / 0.3) + 2e-4 * x
    np.testing.assert_allclose(
        model.responsibilities(x)[:, 1], 1 / (1 + np.exp(-log_odds)), atol=1e-8
    )
    wide = GaussianMixture([0.5, 0.5], [0, 1], [1, 4])
    np.testing.assert_allclose(wide.responsibilities([1e4, -1e4]), [[0, 1], [0, 1]], atol=1e-300)
    assert np.isfinite(wide.log_density([1e4])).all()


def test_ten_thousand_points_neither_under_nor_overflow(rng):
    model = GaussianMixture([0.5, 0.5], [0, 5], [1, 1])
    x = model.sample(10_000, rng)[0]
    np.testing.assert_allclose(
        model.log_likelihood(x),
        logsumexp(np.log(0.5) + stats.norm([[0], [5]], 1).logpdf(x), axis=0).sum(),
        rtol=1e-12,
    )


def test_precision_survives_an_offset(rng):
    """The variance of data around 1e8 is as precise as that of data around 0."""
    x = rng.normal(size=2_000)
    near = fit(GaussianMixture([0.5, 0.5], [-1, 1], [1, 1]), x, max_iter=5, tol=0).model
    x_far = x + 1e8
    far = fit(GaussianMixture([0.5, 0.5], [1e8 - 1, 1e8 + 1], [1, 1]), x_far, max_iter=5, tol=0)
    np.testing.assert_allclose(far.model.covariances, near.covariances, rtol=1e-6)


def test_a_weight_of_zero_is_a_component_that_never_acts():
    model = GaussianMixture([1.0, 0.0], [0, 3], [1, 1])
    np.testing.assert_allclose(model.responsibilities([3.0]), [[1, 0]], atol=1e-300)
    assert model.log_density([3.0])[0] == pytest.approx(stats.norm.logpdf(3.0))
    assert model.elbo([3.0], [[1, 0]]) == pytest.approx(stats.norm.logpdf(3.0))


def test_hard_labels_need_one_component_that_can_explain_a_point():
    model = GaussianMixture([0.0, 1.0], [0, 4], [1, 1])
    hard = HardMixture(model)
    assert hard.labels([0.0, 3.0]).tolist() == [1, 1]
    assert hard.e_step([0.0, 3.0])[1] == pytest.approx(model.log_likelihood([0.0, 3.0]))


# ---------------------------------------------------------------------------- supervision


@pytest.mark.parametrize("kind", TYPES)
def test_labelled_fit_is_the_textbook_estimate(kind, rng):
    x, z = random_mixture(rng, 3, 2).sample(300, rng)
    model = GaussianMixture.fit_labelled(x, z, kind)
    own = np.array([np.cov(x[z == k].T, ddof=0) for k in range(3)])
    share = np.bincount(z) / 300
    variances = np.diagonal(own, axis1=1, axis2=2)
    expected = {
        "full": own,
        "diagonal": variances,
        "spherical": variances.mean(axis=1),
        "tied": np.tensordot(share, own, axes=1),
    }[kind]
    np.testing.assert_allclose(model.weights, share)
    np.testing.assert_allclose(model.means, [x[z == k].mean(axis=0) for k in range(3)])
    np.testing.assert_allclose(model.covariances, expected)


def test_labels_lead_from_supervised_to_unsupervised(rng):
    x, z = random_mixture(rng, 3, 2).sample(300, rng)
    start = random_mixture(rng, 3, 2)
    all_known = start.m_step(start.e_step(x, z)[0])
    np.testing.assert_allclose(all_known.means, GaussianMixture.fit_labelled(x, z).means)
    none_known, value = start.e_step(x, np.full(300, -1))
    np.testing.assert_allclose(none_known.scatters, start.e_step(x)[0].scatters)
    assert value == pytest.approx(start.log_likelihood(x))
    some = np.where(rng.random(300) < 0.3, z, -1)
    joint = np.log(start.weights) + log_densities(start, x)
    direct = np.where(some >= 0, joint[np.arange(300), some], logsumexp(joint, axis=1)).sum()
    assert start.e_step(x, some)[1] == pytest.approx(direct)
    assert np.diff(fit(start, x, some, max_iter=50).log_likelihoods).min() > -1e-8


# ------------------------------------------------------------------------- degenerate data


def test_collapse_on_one_point_is_reported():
    x = np.array([0.0, 1.0, 2.0, 3.0, 50.0])
    spike = GaussianMixture([0.2, 0.8], [50, 1.5], [1e-6, 2])
    with pytest.raises(CollapsedComponentError, match="component 0"):
        fit(spike, x)


def test_collapse_along_a_line_is_reported(rng):
    t = rng.normal(size=50)
    model = GaussianMixture([1.0], [[0.0, 0.0]], [np.eye(2)])
    with pytest.raises(CollapsedComponentError, match="no spread in some direction"):
        fit(model, np.column_stack([t, 3 * t]))


def test_identical_points_are_reported():
    with pytest.raises(CollapsedComponentError):
        fit(GaussianMixture([1.0], [1.0], [1.0]), np.ones(10))


@pytest.mark.parametrize("kind", TYPES)
def test_a_starved_component_is_reported(kind, rng):
    x = rng.normal(size=(100, 2))
    covariances = random_covariances(rng, 2, 2, kind)
    start = GaussianMixture([0.5, 0.5], [[0, 0], [1e6, 1e6]], covariances, kind)
    with pytest.raises(CollapsedComponentError, match="component 1 has lost all its points"):
        fit(start, x)


def test_random_start_needs_distinct_points(rng):
    with pytest.raises(ValueError, match=r"x has only 2 distinct points.*n_components = 3"):
        GaussianMixture.random_start([0.0, 0.0, 1.0, 1.0], 3, rng)
    with pytest.raises(ValueError, match="x has no spread"):
        GaussianMixture.random_start(np.ones((5, 1)), 1, rng)


def test_one_point_is_no_plural(rng):
    with pytest.raises(ValueError, match=r"x has only 1 distinct point, fewer"):
        GaussianMixture.random_start(np.full((5, 2), 0.1), 3, rng)
    start = GaussianMixture.random_start([[0.1, 1.0], [0.1, 2.0], [0.1, 4.0]], 2, rng, "spherical")
    assert len(np.unique(start.means[:, 1])) == 2


@pytest.mark.parametrize("value", [1.0, 0.1, 1e-150, 1e150, 12345.678])
def test_identical_points_are_reported_in_any_units(value):
    """The mean of equal numbers may differ from them by rounding, which is no spread."""
    for covariance in (value**2, 4e-6 * value**2):
        with pytest.raises(CollapsedComponentError):
            fit(GaussianMixture([1.0], [value], [covariance]), np.full(10, value))


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("units", [1e-150, 1e-6, 1.0, 1e6, 1e150])
def test_collapse_in_any_units(units, kind, rng):
    """One component shrinks on to one point of a hundred: restarts survive that."""
    x = np.vstack([rng.normal(size=(100, 2)), [[50.0, 50.0]]]) * units
    fine = GaussianMixture.random_start(x, 1, rng, kind)
    shape = {"full": np.eye(2), "diagonal": np.ones(2), "spherical": 1.0, "tied": np.eye(2)}[kind]
    if kind == "tied":  # all points are at the two means
        x = np.repeat(x[[0, -1]], 20, axis=0)
        spike = GaussianMixture([0.5, 0.5], x[[0, -1]], shape * units**2, kind)
    else:
        covariances = np.array([shape, 1e-6 * shape]) * units**2
        spike = GaussianMixture([0.9, 0.1], x[[0, -1]], covariances, kind)
    with pytest.raises(CollapsedComponentError, match="has collapsed"):
        fit(spike, x)
    if kind != "tied":
        assert fit_restarts([spike, fine], x).table["outcome"][1] == "converged"


def test_prior_of_data_without_spread(rng):
    """A constant column has no scale; one that follows from others has its own."""
    t = rng.normal(size=30)
    tiny = [0.0, 1e-200, 3e-200]  # whose squares are below all floats
    bads = np.ones(5), np.full((5, 2), 0.1), np.column_stack([t, np.full(30, 0.1)]), [3.0], tiny
    squares_of_sum_one = [-0.5, 0.5, 0.5, -0.5]
    assert GaussianMixture.prior_statistics(squares_of_sum_one, 1).scatters == 0.25
    for bad in bads:
        with pytest.raises(ValueError, match=r"column \d of x is constant.* leave it out"):
            GaussianMixture.prior_statistics(bad, 2)
    for x in (np.column_stack([t, 2 * t]), rng.normal(size=(3, 5)), np.column_stack([t, t, -t])):
        prior = GaussianMixture.prior_statistics(x, 1)
        scatter = np.diag(x.var(axis=0))
        np.testing.assert_allclose(prior.scatters[0], scatter, rtol=1e-12)
        D = x.shape[1]
        start = GaussianMixture([1.0], np.zeros((1, D)), [np.eye(D)])
        with pytest.raises(CollapsedComponentError):
            fit(start, x)
        found = fit(start, x, prior=prior)
        assert found.converged
        expected = (len(x) * np.cov(x.T, ddof=0) + scatter) / (len(x) + 0.01)
        np.testing.assert_allclose(found.model.covariances[0], expected, rtol=1e-3, atol=1e-3)
    for units in (1e-6, 1e6):
        x = rng.normal(size=(20, 2))
        here, there = (
            GaussianMixture.prior_statistics(x, 3),
            GaussianMixture.prior_statistics(units * x, 3),
        )
        np.testing.assert_allclose(there.scatters, units**2 * here.scatters, rtol=1e-12)


@pytest.mark.parametrize("call", [GaussianMixture.prior_statistics, GaussianMixture.random_start])
def test_squares_out_of_range(call, rng):
    more = (rng,) if call == GaussianMixture.random_start else ()
    with pytest.raises(ValueError, match="x spreads so far that its squares overflow"):
        call([[1e200, 0.0], [0.0, 1.0], [1.0, 5.0]], 2, *more)


def test_a_label_far_off_is_a_component_without_points():
    for top in (10, 10**9):
        with pytest.raises(CollapsedComponentError, match="component 1 has lost all its points"):
            GaussianMixture.fit_labelled([1.0, 2.0, 5.0], [0, 0, top])


def test_random_start_spreads_its_means(rng):
    """k-means++ picks far points: from two tight clusters, one mean in each, almost always."""
    x = np.concatenate([rng.normal(0, 0.01, 50), rng.normal(100, 0.01, 50)])
    split = [np.ptp(GaussianMixture.random_start(x, 2, rng).means) > 50 for _ in range(50)]
    assert all(split)


# -------------------------------------------------------------------------------- bad input

GOOD = {"weights": [0.5, 0.5], "means": [[0.0, 0.0], [1.0, 1.0]], "covariances": [np.eye(2)] * 2}


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"weights": [0.5, 0.6]}, "weights must sum to one"),
        ({"weights": [1.5, -0.5]}, "weights must not be negative"),
        ({"weights": [1.0]}, r"weights must have shape \(2,\)"),
        ({"weights": []}, "weights is empty"),
        ({"weights": [np.nan, 1]}, "weights holds 1 NaN"),
        ({"weights": [[0.5, 0.5]]}, "weights must be a vector"),
        ({"weights": "half"}, "weights must be an array of numbers"),
        ({"means": [[0, 0], [np.inf, 0]]}, "means holds 1 NaN or infinite"),
        ({"means": np.zeros((2, 2, 2))}, "means must have shape"),
        ({"covariances": np.eye(2)}, r"covariances must have shape \(2, 2, 2\)"),
        (
            {"covariances": [np.eye(2), [[1, 0], [0, np.inf]]]},
            "covariances holds 1 NaN or infinite",
        ),
        ({"covariances": [np.eye(2), -np.eye(2)]}, "positive definite: component 1"),
        ({"covariances": [np.eye(2), np.zeros((2, 2))]}, "positive definite"),
        ({"covariances": [[[1, 0.5], [0, 1]]] * 2}, "covariances must be symmetric"),
        ({"covariance_type": "round"}, "covariance_type must be one of"),
        ({"covariance_type": "diagonal"}, r"covariances must have shape \(2, 2\)"),
    ],
)
def test_bad_parameters(bad, message):
    with pytest.raises(ValueError, match=message):
        GaussianMixture(**{**GOOD, **bad})


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([], "x is empty"),
        ([[0.0, np.nan]], "x holds 1 NaN.*missing.MultivariateNormal"),
        ([[0.0, np.inf]], "x holds 1 NaN or infinite"),
        ([[0.0]], "x has 1 columns, but the model has D = 2"),
        (np.zeros((2, 2, 2)), r"x must have shape \(N,\) or \(N, D\)"),
        ([["a", "b"]], "x must be an array of numbers"),
        ([[1e200, 0.0]], "so far from every component"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_bad_points(x, message):
    model = GaussianMixture(**GOOD)
    if np.ndim(x) == 2:  # one bad point among many
        with pytest.raises(ValueError, match=message):
            model.e_step(np.vstack([np.zeros((2000, len(x[0]))), x]))
    for method in (model.log_likelihood, model.responsibilities, model.e_step):
        with pytest.raises(ValueError, match=message):
            method(x)


@pytest.mark.parametrize(
    ("r", "message"),
    [
        ([[0.5, 0.6]], "each row must sum to one"),
        ([[1.5, -0.5]], "must not be negative"),
        ([[0.5, 0.5], [0.5, 0.5]], r"responsibilities must have shape \(1, 2\)"),
        ([[np.nan, 1]], "responsibilities holds 1 NaN"),
    ],
)
def test_bad_responsibilities(r, message):
    model = GaussianMixture(**GOOD)
    for method in (model.elbo, model.statistics):
        with pytest.raises(ValueError, match=message):
            method([[0.0, 0.0]], r)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 2], "labels must lie between -1"),
        ([-2, 0], "labels must lie between -1"),
        ([0.0, 1.0], "labels must be integers"),
        ([0], r"labels must have shape \(2,\)"),
    ],
)
def test_bad_labels(labels, message):
    with pytest.raises(ValueError, match=message):
        GaussianMixture(**GOOD).e_step([[0.0, 0.0], [1.0, 1.0]], labels)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, -1.0, 1.0], "weights must not be negative"),
        ([1.0, np.nan, 1.0], "weights holds 1 NaN or infinite"),
        ([1.0, np.inf, 1.0], "weights holds 1 NaN or infinite"),
        ([1.0, None, 1.0], "weights holds 1 NaN"),
        ([1.0, "2", 1.0], "weights must be an array of numbers"),
        ([1.0, 1.0], r"weights must have shape \(3,\)"),
        ([[1.0, 1.0, 1.0]], r"weights must have shape \(3,\)"),
        (1.0, r"weights must have shape \(3,\)"),
        ([0.0, 0.0, 0.0], "weights must have a finite sum > 0, not 0"),
        ([1e308, 1e308, 1.0], "weights must have a finite sum > 0, not inf"),
    ],
)
def test_bad_weights_of_points(weights, message):
    x = [0.0, 1.0, 3.0]
    mixture = GaussianMixture([0.5, 0.5], [0, 3], [1, 1])
    models = [mixture, HardMixture(mixture), PoissonMixture([0.5, 0.5], [1, 3])]
    for model in (*models, MultivariateNormal([0], [[1]])):
        calls = ["e_step", "log_likelihood", "aic", "bic"]
        for name in calls[: 1 if model is models[1] else None]:
            with pytest.raises(ValueError, match=message):
                getattr(model, name)(x, weights=weights)
        with pytest.raises(ValueError, match=message):
            fit(model, x, weights=weights)


def test_a_point_that_does_not_count_is_not_there():
    """However far it lies: its density would be zero, and its square would overflow."""
    model = GaussianMixture([0.5, 0.5], [0, 3], [1, 1])
    with pytest.raises(ValueError, match="x lies so far from every component"):
        model.e_step([0.0, 1.0, 1e200])
    found, value = model.e_step([0.0, 1.0, 1e200], [-1, 1, 0], weights=[1, 2, 0])
    expected, same = model.e_step([0.0, 1.0], [-1, 1], weights=[1, 2])
    np.testing.assert_array_equal(found.scatters, expected.scatters)
    assert value == same == pytest.approx(model.e_step([0.0, 1.0, 1.0], [-1, 1, 1])[1])
    assert HardMixture(model).e_step([0.0, 1.0, 1e200], weights=[1, 2, 0])[0].counts.sum() == 3


def test_component_density_does_not_ask_for_the_weight():
    model = GaussianMixture([1.0, 0.0], [0, 3], [1, 1])
    np.testing.assert_allclose(
        model.component_log_density([1.0]), stats.norm.logpdf([[1.0, -2.0]]), rtol=1e-14
    )


# ------------------------------------------------------------------- labels, sizes, tables


def test_bad_labels_and_sizes_elsewhere(rng):
    with pytest.raises(ValueError, match=r"labels has 1 unknown.*em\.fit"):
        GaussianMixture.fit_labelled([1.0, 2.0, 3.0], [0, -1, 0])
    with pytest.raises(CollapsedComponentError, match="component 1 has lost"):
        GaussianMixture.fit_labelled([1.0, 2.0, 3.0], [0, 2, 0])
    with pytest.raises(ValueError, match="n must be a whole number, at least 1"):
        GaussianMixture(**GOOD).sample(0, rng)
    with pytest.raises(ValueError, match="n_components must be a whole number"):
        GaussianMixture.random_start([1.0, 2.0], 1.5, rng)


def test_a_model_cannot_be_changed_and_changes_nothing():
    weights, means = np.array([0.5, 0.5]), np.zeros((2, 2))
    model = GaussianMixture(weights, means, [np.eye(2)] * 2)
    with pytest.raises(AttributeError):
        model.weights = weights
    with pytest.raises(ValueError, match="read-only"):
        model.means[0] = 1
    weights[0], means[0] = 0.9, 7
    assert model.weights[0] == 0.5
    assert model.means[0, 0] == 0


def test_takes_pandas_columns():
    from companion import datasets

    table = datasets.load_old_faithful()
    model = GaussianMixture.fit_labelled(table, (table["waiting"] > 68).astype(int))
    assert model.log_likelihood(table) == pytest.approx(model.log_likelihood(table.to_numpy()))
    assert GaussianMixture([1], [70], [100]).log_density(table["waiting"]).shape == (272,)


# ---------------------------------------------------------- complete data, vectors, hard labels


@given(mixtures_of_all_kinds)
def test_complete_log_likelihood_needs_only_statistics(case):
    rng, K, D, kind = case
    model = random_mixture(rng, K, D, kind)
    x = rng.normal(scale=2, size=(12, D))
    r = random_responsibilities(rng, 12, K)
    direct = (r * (np.log(model.weights) + log_densities(model, x))).sum()
    found = model.complete_log_likelihood(model.statistics(x, r))
    np.testing.assert_allclose(found, direct, rtol=1e-9)


@given(mixtures_of_all_kinds)
def test_vector_and_back(case):
    rng, K, D, kind = case
    model = random_mixture(rng, K, D, kind)
    again = model.from_vector(model.to_vector())
    np.testing.assert_allclose(again.weights, model.weights, rtol=1e-10)
    np.testing.assert_allclose(again.covariances, model.covariances, rtol=1e-8, atol=1e-12)
    random = rng.normal(size=len(model.to_vector()))  # any vector is a model
    np.testing.assert_allclose(model.from_vector(random).to_vector(), random, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("steps", [1, 2, 5, 30])
def test_hard_em_with_equal_spheres_is_lloyds_algorithm(steps, rng):
    """Step for step against scikit-learn's KMeans from the same start."""
    from sklearn.cluster import KMeans

    x = rng.normal(size=(200, 2)) + 3 * rng.integers(0, 3, size=(200, 1))
    start = x[:3]
    spheres = GaussianMixture(np.full(3, 1 / 3), start, np.ones(3), "spherical")
    hard = fit(HardMixture(spheres, means_only=True), x, tol=0, max_iter=steps).model
    lloyd = KMeans(3, init=start, n_init=1, max_iter=steps, tol=0, algorithm="lloyd")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lloyd.fit(x)
    np.testing.assert_allclose(hard.mixture.means, lloyd.cluster_centers_, rtol=1e-10)


def test_hard_em_is_monotone_and_ends_where_labels_and_parameters_agree(rng):
    x = np.concatenate([rng.normal(0, 1, (60, 2)), rng.normal(4, 1, (40, 2))])
    run = fit(HardMixture(GaussianMixture.random_start(x, 2, rng)), x)
    assert np.diff(run.log_likelihoods).min() >= -1e-9
    labels = run.model.labels(x)
    supervised = GaussianMixture.fit_labelled(x, labels)
    np.testing.assert_allclose(run.model.mixture.means, supervised.means, rtol=1e-12)
    np.testing.assert_allclose(run.model.mixture.covariances, supervised.covariances, rtol=1e-9)
    joint = np.log(supervised.weights) + log_densities(supervised, x)
    np.testing.assert_allclose(run.log_likelihood, joint.max(axis=1).sum(), rtol=1e-10)


def test_hard_em_without_points_is_a_clear_error():
    spheres = GaussianMixture([0.5, 0.5], [0, 100], [1, 1], "spherical")
    with pytest.raises(CollapsedComponentError, match="component 1 has lost all its points"):
        fit(HardMixture(spheres, means_only=True), [0.0, 1.0, 2.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.from_vector([1.0]), "vector must have shape"),
        (lambda m: m.from_vector([np.nan] * 5), "vector holds 5 NaN"),
        (lambda _: GaussianMixture([0, 1], [0, 1], [1, 1]).to_vector(), "weights must be positive"),
        (
            lambda m: m.gradient(GaussianMixture.prior_statistics([1.0, 2.0], 3)),
            "statistics.counts must",
        ),
        (
            lambda _: GaussianMixture.prior_statistics([1.0, 2.0], 2, 0),
            "pseudo_observations must be",
        ),
        (lambda _: GaussianMixture.prior_statistics([1.0, 2.0], 0), "n_components must be"),
    ],
)
def test_bad_requests(call, message):
    with pytest.raises(ValueError, match=message):
        call(GaussianMixture([0.5, 0.5], [0, 1], [1, 1]))


@given(st.integers(0, 2**32), st.integers(2, 6))
def test_hard_labels_name_a_point_that_no_component_can_give(seed, N):
    """One among good ones, wherever it stands: not the first component takes it."""
    rng = np.random.default_rng(seed)
    x = np.zeros(N)
    hard = HardMixture(PoissonMixture([0.5, 0.5], [0.0, 0.0]))
    assert hard.e_step(x)[0].counts.sum() == N
    x[rng.integers(N)] = 1
    for call in (hard.e_step, hard.labels, hard.mixture.e_step):
        with pytest.raises(ValueError, match="x lies so far from every component"):
            call(x)


@given(st.integers(0, 2**32), st.integers(1, 4))
def test_a_weak_prior_is_a_hundredth_of_a_point_for_every_component(seed, K):
    x = np.random.default_rng(seed).poisson(3, 20)
    for cls in (PoissonMixture, GaussianMixture):
        np.testing.assert_allclose(cls.prior_statistics(x, K).counts, 0.01, rtol=1e-12)
        np.testing.assert_allclose(cls.prior_statistics(x, K, 0.7).counts, 0.7, rtol=1e-12)


def test_parameters_are_counted_where_one_is_zero():
    with np.errstate(all="raise"):
        assert PoissonMixture([0.5, 0.5, 0.0], [3.0, 0.0, 1.0]).n_parameters == 5


@given(st.integers(0, 2**32), st.integers(1, 6))
def test_every_point_may_have_a_label_of_its_own(seed, K):
    """Then a component is its point; with one label more than points, the one without is named."""
    rng = np.random.default_rng(seed)
    x, labels = rng.integers(1, 9, K), rng.permutation(K)
    model = PoissonMixture.fit_labelled(x, labels)
    np.testing.assert_allclose(model.rates[labels], x)
    np.testing.assert_allclose(model.weights, 1 / K)
    without = rng.integers(K)
    others = rng.permutation(np.delete(np.arange(K + 1), without))
    for repeats in (1, 2):
        with pytest.raises(CollapsedComponentError, match=f"^component {without} has lost"):
            PoissonMixture.fit_labelled(np.repeat(x, repeats), np.repeat(others, repeats))


@pytest.mark.parametrize("kind", ["full", "tied", "diagonal"])
@pytest.mark.parametrize("place", [0, 700, -1])
def test_one_point_out_of_reach_is_named_among_many(kind, place):
    """Where all components share a frame, and where each has its own."""
    rng = np.random.default_rng(1)
    spread = {"full": [np.eye(2)] * 2, "tied": np.eye(2), "diagonal": np.ones((2, 2))}[kind]
    model = GaussianMixture([0.5, 0.5], [[0, 0], [3, 0]], spread, kind)
    x = rng.normal(size=(1500, 2))
    for far in (1e155, -1e200, 1e308):
        x[place] = [0.0, far]
        with np.errstate(all="raise"), pytest.raises(ValueError, match="x lies so far from every"):
            model.e_step(x)


@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 3))
def test_a_weak_prior_has_the_spread_of_a_share_of_the_volume(seed, K, D):
    """Of full rank; where a column follows from another, or points are few, each by itself."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(12, D)) @ rng.normal(size=(D, D)) + rng.normal(size=D)
    a, s = rng.uniform(0.01, 9, 2)
    spread = np.cov(x.T, ddof=0).reshape(D, D) / K ** (2 / D)
    for found, expected in (
        (GaussianMixture.prior_statistics(x, K, a, s), s * spread),
        (GaussianMixture.prior_statistics(x, K, a), spread),
    ):
        np.testing.assert_allclose(found.means, np.tile(x.mean(axis=0), (K, 1)), rtol=1e-12)
        np.testing.assert_allclose(found.scatters, np.tile(expected, (K, 1, 1)), rtol=1e-9)
    few = x[:D] if D > 1 else x
    twice = np.column_stack([few, 3 * few[:, 0]])
    for points in (few, twice):
        dimensions = points.shape[1]
        found = GaussianMixture.prior_statistics(points, K)
        if len(points) > dimensions:
            continue
        variances = points.var(axis=0) / K ** (2 / dimensions)
        np.testing.assert_allclose(found.scatters[0], np.diag(variances), rtol=1e-9)


@pytest.mark.parametrize("share", [0.99, 1.01])
@pytest.mark.parametrize("kind", ["full", "diagonal", "spherical", "tied"])
@pytest.mark.parametrize("worst", [0, 1])
def test_a_component_collapses_at_a_share_of_the_variance(kind, worst, share):
    """Just above the bound it is a component; just below, the one that did is named."""
    v = share * COLLAPSED
    flat = np.array([[1.0, np.sqrt(1 - v)], [np.sqrt(1 - v), 1.0]])  # given one, v of the other
    if kind in ("diagonal", "spherical"):
        v /= 2 - v  # of two components, one is wide: the variance of all is that of both halved
        flat = v * np.eye(2)
    scatters = 5 * np.array([np.eye(2), np.eye(2)])
    scatters[worst] = 5 * flat
    if kind in ("full", "tied"):
        scatters[:] = 5 * flat
        worst = 0
    means = np.array([[0.0, 0.0], [1e-9, 0.0]])
    old = {
        "full": [np.eye(2)] * 2, "diagonal": np.ones((2, 2)), "spherical": np.ones(2),
        "tied": np.eye(2),
    }[kind]  # fmt: skip
    model = GaussianMixture([0.5, 0.5], means, old, kind)
    statistics = NormalStatistics(np.array([5.0, 5.0]), means, scatters)
    if share > 1:
        model.m_step(statistics)
    else:
        with pytest.raises(CollapsedComponentError, match=f"^component {worst} has collapsed"):
            model.m_step(statistics)


@given(st.integers(0, 2**32), st.integers(2, 4))
def test_a_component_without_points_has_statistics_of_zero(seed, K):
    """And adds nothing to those of others."""
    rng = np.random.default_rng(seed)
    x, r, k = rng.normal(5, 1, (9, 2)), rng.dirichlet(np.ones(K), 9), rng.integers(K)
    model = GaussianMixture(np.full(K, 1 / K), rng.normal(size=(K, 2)), [np.eye(2)] * K)
    full = model.statistics(x, r)
    r[:, k] = 0
    r /= r.sum(axis=1, keepdims=True)
    empty = model.statistics(x, r)
    assert empty.counts[k] == 0
    assert not empty.means[k].any()
    assert not empty.scatters[k].any()
    for total in (empty + full, full + empty):
        np.testing.assert_allclose(total.means[k], full.means[k], rtol=1e-12)
        np.testing.assert_allclose(total.scatters[k], full.scatters[k], rtol=1e-9, atol=1e-12)
    assert not np.isnan((empty + empty).means).any()
