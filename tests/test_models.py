"""Laws that every model obeys: a new one is tested by adding its factory to MODELS.

Beside each law stand planted errors: wrong models that it must catch.
"""

import dataclasses
import inspect
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit, logsumexp, xlogy

from companion import _soft, em
from companion.crossed import CrossedNormal
from companion.gaussians import GaussianMixture
from companion.hierarchical import BetaBinomial, GammaPoisson, NormalNormal
from companion.missing import MultivariateNormal
from companion.mixtures import HardMixture
from companion.nested import NestedBetaBinomial
from companion.nonparametric import GridPopulation
from companion.poissons import PoissonMixture, PoissonStatistics
from companion.populations import UnitStatistics

# ------------------------------------------------------------------------------ factories


@dataclass(frozen=True)
class Factory:
    """How to make a model and data for it, and its log-likelihood by definition."""

    name: str
    model: Callable[[np.random.Generator], Any]
    data: Callable[[np.random.Generator, int], tuple[Any, ...]]
    definition: Callable[..., float]
    log_densities: Callable[..., Any] | None = None  # of the components of a mixture
    splits: bool = True  # statistics of parts of the data add up to those of the whole
    wrong: dict[str, Any] | None = None  # what an altered model does instead

    def make(self, rng):
        model = self.model(rng)
        return plant(model, self.wrong) if self.wrong else model

    def has(self, *names):
        return all(hasattr(self.model(np.random.default_rng(0)), name) for name in names)

    def accepts(self, argument):
        e_step = self.model(np.random.default_rng(0)).e_step
        return argument in inspect.signature(e_step).parameters


def plant(model, wrong):
    """Alter a model, and all that its M-steps and vectors lead to."""
    cls = type(model)

    def lasting(name):
        right = wrong.get(name) or (lambda self, *args: getattr(super(altered, self), name)(*args))

        def method(self, *args):
            found = right(self, *args)
            object.__setattr__(found, "__class__", altered)
            return found

        return method

    methods = ["m_step", *(["from_vector"] if hasattr(cls, "from_vector") else [])]
    altered = type("Wrong", (cls,), {**wrong, **{name: lasting(name) for name in methods}})
    object.__setattr__(model, "__class__", altered)
    return model


def over_labellings(log_densities, reduce):
    """Log-likelihood of a mixture from the K^N labellings of N points."""

    def definition(model, x):
        parts = np.log(model.weights) + log_densities(model, x)
        N, K = parts.shape
        labellings = np.array(list(itertools.product(range(K), repeat=N)))
        return float(reduce(parts[np.arange(N), labellings].sum(axis=1)))

    return definition


def gaussian(kind, D):
    def model(rng):
        A = rng.normal(size=(3, D, D))
        full = A @ A.transpose(0, 2, 1) / D + 0.3 * np.eye(D)
        diagonal = np.diagonal(full, axis1=1, axis2=2)
        covariances = {
            "full": full, "diagonal": diagonal, "spherical": diagonal[:, 0], "tied": full[0]
        }[kind]  # fmt: skip
        means = rng.normal(scale=2, size=(3, D))
        return GaussianMixture(rng.dirichlet([3, 3, 3]), means, covariances, kind)

    def data(rng, N):
        centres = 2.5 * rng.integers(-1, 2, size=(N, 1))
        return (centres + rng.normal(scale=[1, 0.7][:D], size=(N, D)),)

    def log_densities(model, x):
        columns = [
            stats.multivariate_normal(model.means[k], model.full_covariances[k]).logpdf(x)
            for k in range(3)
        ]
        return np.column_stack([np.atleast_1d(c) for c in columns])

    definition = over_labellings(log_densities, logsumexp)
    return Factory(f"Gaussian {kind} {D}", model, data, definition, log_densities)


def poisson_model(rng):
    return PoissonMixture(rng.dirichlet([3, 3, 3]), np.array([0.7, 4, 15]) * rng.uniform(0.8, 1.2))


def poisson_log_densities(model, x):
    return stats.poisson(model.rates).logpmf(np.reshape(x, (-1, 1)))


POISSON = Factory(
    "Poisson",
    poisson_model,
    lambda rng, N: (rng.poisson(rng.choice([1.0, 4.0, 12.0], size=N)),),
    over_labellings(poisson_log_densities, logsumexp),
    poisson_log_densities,
)


def hard(soft, model):
    """Return the factory for hard assignments: the best labelling, not the sum over all."""

    def definition(model, x):
        return over_labellings(soft.log_densities, np.max)(model.mixture, x)

    return Factory(f"hard {soft.name}", lambda rng: HardMixture(model(rng)), soft.data, definition)


def normal_model(rng):
    A = rng.normal(size=(2, 2))
    return MultivariateNormal(rng.normal(size=2), A @ A.T + np.eye(2))


def normal_data(rng, N):
    x = rng.normal(size=(N, 2)) @ [[1, 0.5], [0, 1]]
    gaps = rng.random((N, 2)) < 0.3
    gaps[:3] = [[False, False], [True, False], [True, True]]
    return (np.where(gaps, np.nan, x),)


def normal_definition(model, x):
    value = 0.0
    for row in x:
        o = np.flatnonzero(~np.isnan(row))
        if len(o):
            marginal = stats.multivariate_normal(model.mean[o], model.covariance[np.ix_(o, o)])
            value += marginal.logpdf(row[o])
    return value


def units(law, data, name):
    """Return the factory for a population of units whose marginal law SciPy knows."""
    model, definition = law
    return Factory(name, model, data, lambda m, *d: float(definition(m, *d).sum()))


def crossed_definition(model, y, sd, rows, columns):
    S = model.row_sd**2 * (rows[:, None] == rows) + model.column_sd**2 * (
        columns[:, None] == columns
    )
    S = S + np.diag(sd**2 + model.extra_sd**2)
    return stats.multivariate_normal(np.full(len(y), model.mean), S).logpdf(y)


def crossed_data(rng, N):
    rows, columns = rng.integers(0, 6, N), rng.integers(0, 4, N)
    rows[:6], columns[:4] = np.arange(6), np.arange(4)
    effects = rng.normal(size=6)[rows] + rng.normal(size=4)[columns]
    return 3 + effects + rng.normal(scale=0.7, size=N), np.full(N, 0.5), rows, columns


def nested_definition(model, y, n, group):
    u = np.linspace(-30, 30, 30_001)  # log odds; no scale and no group is narrower than 100 steps
    alpha, beta = model.strength * expit(u), model.strength * expit(-u)
    value = 0.0
    for name in np.unique(group):
        joint = stats.norm(model.location, model.scale).logpdf(u)
        for j in np.flatnonzero(group == name):
            joint = joint + stats.betabinom.logpmf(y[j], n[j], alpha, beta)
        value += logsumexp(joint) + np.log(0.002)
    return value


def nested_data(rng, N):
    group = np.arange(N) % max(2, N // 5)
    p = expit(rng.normal(-1, 0.8, N)[group])
    return rng.binomial(20, rng.beta(8 * p, 8 * (1 - p))), np.full(N, 20), group


GAUSSIANS = [
    gaussian(kind, D) for kind in ("full", "diagonal", "spherical", "tied") for D in (1, 2)
]
MIXTURES = [*GAUSSIANS, POISSON]
MODELS = [
    *MIXTURES,
    hard(
        GAUSSIANS[1],
        lambda rng: GaussianMixture(
            rng.dirichlet([9, 9, 9]),
            rng.normal([[-3, 0], [0, 0], [3, 0]], 0.3),
            [np.eye(2)] * 3,
        ),
    ),
    *(hard(factory, factory.model) for factory in MIXTURES if factory not in GAUSSIANS),
    Factory("normal with gaps", normal_model, normal_data, normal_definition),
    units(
        (
            lambda rng: BetaBinomial(*rng.uniform(1, 5, 2)),
            lambda m, y, n: stats.betabinom(n.astype(int), m.alpha, m.beta).logpmf(y),
        ),
        lambda rng, N: (rng.binomial(20, rng.beta(2, 4, N)), np.full(N, 20)),
        "beta-binomial",
    ),
    units(
        (
            lambda rng: GammaPoisson(*rng.uniform(1, 5, 2)),
            lambda m, y, e: stats.nbinom(m.shape, m.rate / (m.rate + e)).logpmf(y),
        ),
        lambda rng, N: (rng.poisson(5 * rng.gamma(3, 0.5, N)), np.full(N, 5.0)),
        "gamma-Poisson",
    ),
    units(
        (
            lambda rng: NormalNormal(rng.normal(), rng.uniform(1, 2)),
            lambda m, y, s: stats.norm(m.mean, np.hypot(m.sd, s)).logpdf(y),
        ),
        lambda rng, N: (rng.normal(1, 2, N), rng.uniform(0.5, 1, N)),
        "normal-normal",
    ),
    Factory(
        "any shape",
        lambda rng: GridPopulation(np.linspace(-4, 4, 9), rng.dirichlet(np.ones(9))),
        lambda rng, N: (stats.norm.logpdf(rng.normal(size=(N, 1)), np.linspace(-4, 4, 9)),),
        lambda m, seen: float(logsumexp(seen + np.log(m.weights), axis=1).sum()),
    ),
    Factory(
        "crossed normal",
        lambda rng: CrossedNormal(rng.normal(), 1.5, 0.7, 0.3),
        crossed_data,
        crossed_definition,
        splits=False,
    ),
    Factory(
        "nested beta-binomial",
        lambda rng: NestedBetaBinomial(
            rng.normal(-1, 0.5), rng.uniform(0.4, 1), rng.uniform(4, 20)
        ),
        nested_data,
        nested_definition,
        splits=False,
    ),
]
BY_NAME = {factory.name: factory for factory in MODELS}


def numbers_of(found):
    """Flatten statistics, or a model, into one array."""
    if isinstance(found, UnitStatistics):  # parts are measured from centres of their own
        found = UnitStatistics(np.zeros(2), 0, 0.0) + found
    if dataclasses.is_dataclass(found):
        found = [getattr(found, field.name) for field in dataclasses.fields(found)]
    if isinstance(found, (list, tuple)):
        return np.concatenate([numbers_of(part) for part in found])
    return np.zeros(0) if isinstance(found, str) else np.ravel(np.asarray(found, dtype=float))


def slope(function, v):
    """Gradient by central differences."""
    steps = 1e-5 * np.eye(len(v))
    return np.array([(function(v + h) - function(v - h)) / 2e-5 for h in steps])


# ----------------------------------------------------------------------------------- laws


def log_likelihood_is_its_definition(factory):
    """Against SciPy, and for mixtures by enumeration of all labellings."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        model, data = factory.make(rng), factory.data(rng, 7)
        expected = factory.definition(model, *data)
        np.testing.assert_allclose(model.e_step(*data)[1], expected, rtol=1e-10)
        if hasattr(model, "log_likelihood"):
            np.testing.assert_allclose(model.log_likelihood(*data), expected, rtol=1e-10)


def responsibilities_are_bayes_rule(factory):
    """And the ELBO is below the log-likelihood by the KL divergence, computed on its own."""
    rng = np.random.default_rng(1)
    model, (x,) = factory.make(rng), factory.data(rng, 30)
    parts = factory.log_densities(model, x)
    joint = np.log(model.weights) + parts
    evidence = logsumexp(joint, axis=1, keepdims=True)
    np.testing.assert_allclose(model.component_log_density(x), parts, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(model.log_density(x), evidence[:, 0], rtol=1e-10)
    np.testing.assert_allclose(model.responsibilities(x), np.exp(joint - evidence), atol=1e-12)
    q = rng.dirichlet([1, 1, 1], size=30)
    kl = (xlogy(q, q) - q * (joint - evidence)).sum()
    assert kl > 0.1
    np.testing.assert_allclose(model.elbo(x, q) + kl, evidence.sum(), rtol=1e-10)
    statistics = model.statistics(x, q)
    np.testing.assert_allclose(model.complete_log_likelihood(statistics), (q * joint).sum())


def sampling_follows_the_story(factory):
    """The labels are those that Bayes' rule finds: E[1(z = k) r_j] = E[r_k r_j] = E[r_j 1(z = k)].

    Within five standard errors; the shares are the weights.
    """
    rng = np.random.default_rng(2)
    model, n = factory.make(rng), 40_000
    x, z = model.sample(n, rng)
    r = np.exp(np.log(model.weights) + factory.log_densities(model, x))
    r /= r.sum(axis=1, keepdims=True)
    for k, j in itertools.product(range(3), repeat=2):
        gap = ((z == k) - r[:, k]) * r[:, j]
        assert abs(gap.mean()) < 5 * gap.std() / np.sqrt(n)
    for k, share in enumerate(model.weights):
        assert abs(np.mean(z == k) - share) < 5 * np.sqrt(share / n)


def statistics_add(factory):
    """Pieces of any size, from points or from a generator, are as good as the whole."""
    rng = np.random.default_rng(3)
    model, data = factory.make(rng), factory.data(rng, 101)
    whole, value = model.e_step(*data)
    for cuts in ([1], [40, 41, 90]):
        pieces = list(zip(*(np.split(d, cuts) for d in data), strict=True))
        (parts, one), *others = (model.e_step(*piece) for piece in pieces if seen(piece))
        for statistics, more in others:
            parts, one = parts + statistics, one + more
        np.testing.assert_allclose(numbers_of(parts), numbers_of(whole), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(one, value, rtol=1e-11)
        chunks = em.Chunks(lambda pieces=pieces: filter(seen, pieces))
        np.testing.assert_array_equal(numbers_of(chunks.e_step(model)[0]), numbers_of(parts))


def seen(piece):
    return not np.isnan(np.asarray(piece[0], dtype=float)).all()


def blocks_make_no_difference(factory):
    """The E-step looks at so many points at a time as memory likes."""
    rng = np.random.default_rng(4)
    model, data = factory.make(rng), factory.data(rng, 1500)
    labels = rng.integers(-1, 3, 1500)
    found = {}
    for size in (10**9, 8):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_soft, "BLOCK", size)
            patch.setattr(_soft, "LEAST", min(size, 100))
            found[size] = [
                *model.e_step(*data),
                *model.e_step(*data, labels),
                *model.e_step(*data, weights=np.linspace(0, 2, 1500)),
            ]
    for one, other in zip(*found.values(), strict=True):
        np.testing.assert_allclose(numbers_of(one), numbers_of(other), rtol=1e-9, atol=1e-9)


def many_points_are_each_of_them(factory):
    """As many as there may be, some of them labelled: the sums are those over single points."""
    rng = np.random.default_rng(11)
    model, (x,) = factory.make(rng), factory.data(rng, 3000)
    labels = rng.integers(-1, 3, 3000)
    joint = np.log(model.weights) + factory.log_densities(model, x)
    soft = np.exp(joint - logsumexp(joint, axis=1, keepdims=True))
    for known, r in [
        (None, soft),
        (labels, np.where(labels[:, None] < 0, soft, np.eye(3)[labels])),
    ]:
        statistics, value = model.e_step(x, *([] if known is None else [known]))
        at = np.take_along_axis(joint, np.maximum(labels, 0)[:, None], axis=1)[:, 0]
        whole = logsumexp(joint, axis=1)
        expected = whole if known is None else np.where(labels < 0, whole, at)
        np.testing.assert_allclose(value, expected.sum(), rtol=1e-11)
        np.testing.assert_allclose(statistics.counts, r.sum(axis=0), rtol=1e-9)


def m_step_is_the_optimum(factory):
    """No neighbour has a higher expected complete-data log-likelihood."""
    rng = np.random.default_rng(5)
    model, data = factory.make(rng), factory.data(rng, 60)
    statistics = model.e_step(*data)[0]
    best = model.m_step(statistics)
    top, v = best.complete_log_likelihood(statistics), best.to_vector()
    for _ in range(40):
        near = best.from_vector(v + 10 ** rng.uniform(-3, -1) * rng.normal(size=len(v)))
        assert near.complete_log_likelihood(statistics) <= top + 1e-10 * abs(top)


def em_climbs_to_a_place_without_slope(factory):
    rng = np.random.default_rng(6)
    model, data = factory.make(rng), factory.data(rng, 300)
    run = em.fit(model, *data, tol=1e-12, acceleration="squarem")
    assert np.diff(run.log_likelihoods).min() >= -1e-8
    at = slope(lambda v: run.model.from_vector(v).e_step(*data)[1], run.model.to_vector())
    np.testing.assert_allclose(at, 0, atol=3e-3)


def em_never_falls(factory):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        model, data = factory.make(rng), factory.data(rng, 200)
        run = em.fit(model, *data, tol=0, max_iter=20)
        assert np.diff(run.log_likelihoods).min() >= -1e-8


def gradient_is_that_of_the_log_likelihood(factory):
    """Fisher's identity against central differences."""
    rng = np.random.default_rng(7)
    model, data = factory.make(rng), factory.data(rng, 20)
    expected = slope(lambda v: model.from_vector(v).e_step(*data)[1], model.to_vector())
    found = model.gradient(model.e_step(*data)[0])
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def vector_leads_there_and_back(factory):
    for seed in range(5):
        rng = np.random.default_rng(seed)
        model = factory.make(rng)
        v = model.to_vector()
        again = numbers_of(model.from_vector(v))
        np.testing.assert_allclose(again, numbers_of(model), rtol=1e-10, atol=1e-12)
        anywhere = rng.normal(size=len(v))  # any vector is a model
        np.testing.assert_allclose(
            model.from_vector(anywhere).to_vector(), anywhere, rtol=1e-7, atol=1e-9
        )


def map_is_the_mode(factory):
    """With a prior, EM ends where log-likelihood plus log-prior has no slope."""
    rng = np.random.default_rng(8)
    model, data = factory.make(rng), factory.data(rng, 100)
    prior = model.e_step(*factory.data(rng, 30))[0]
    run = em.fit(model, *data, prior=prior, tol=1e-12, acceleration="squarem")

    def objective(v):
        there = factory.make(rng).from_vector(v)
        statistics_of_model = there.e_step(*data)[1]
        return statistics_of_model + type(there).complete_log_likelihood(there, prior)

    v = run.model.to_vector()
    np.testing.assert_allclose(slope(objective, v), 0, atol=3e-3)
    np.testing.assert_allclose(run.objectives[-1], objective(v), rtol=1e-10)


def weights_are_repetitions(factory):
    """A weighted E-step, fit, and log-likelihood are those of the repeated points."""
    rng = np.random.default_rng(9)
    model, (x,) = factory.make(rng), factory.data(rng, 200)
    often = rng.integers(0, 4, size=200)
    repeated = np.repeat(x, often, axis=0)
    same = {"rtol": 1e-10, "atol": 1e-10}
    for found, expected in [
        (model.e_step(x, weights=often), model.e_step(repeated)),
        (
            em.Chunks(lambda: iter([{"x": x, "weights": often}])).e_step(model),
            model.e_step(repeated),
        ),
        (model.e_step(x, weights=np.full(200, 2)), model.e_step(np.concatenate([x, x]))),
    ]:
        np.testing.assert_allclose(numbers_of(found[0]), numbers_of(expected[0]), **same)
        np.testing.assert_allclose(found[1], expected[1], **same)
    fits = [
        em.fit(model, x, weights=often, tol=0, max_iter=10),
        em.fit(model, repeated, tol=0, max_iter=10),
    ]
    np.testing.assert_allclose(fits[0].log_likelihoods, fits[1].log_likelihoods, rtol=1e-12)
    np.testing.assert_allclose(*(numbers_of(fit.model) for fit in fits), **same)
    u = rng.random(200)  # of two copies with shares of one, one is enough
    parts = [model.e_step(x, weights=w) for w in (u, 1 - u)]
    whole = model.e_step(x)
    np.testing.assert_allclose(
        numbers_of(parts[0][0] + parts[1][0]), numbers_of(whole[0]), rtol=1e-9, atol=1e-9
    )
    np.testing.assert_allclose(parts[0][1] + parts[1][1], whole[1], rtol=1e-11)


def criteria_count_every_parameter(factory):
    """As many parameters as a vector holds, none of them idle: the scores of points span all."""
    rng = np.random.default_rng(10)
    model, (x,) = factory.make(rng), factory.data(rng, 80)
    P = model.n_parameters
    scores = [model.gradient(model.e_step(x[n : n + 1])[0]) for n in range(80) if seen((x[n],))]
    assert P == len(model.to_vector()) == np.linalg.matrix_rank(np.array(scores))
    N = sum(seen((row,)) for row in x)
    value = model.log_likelihood(x)
    np.testing.assert_allclose(model.aic(x), 2 * P - 2 * value, rtol=1e-12)
    np.testing.assert_allclose(model.bic(x), P * np.log(N) - 2 * value, rtol=1e-12)
    often = rng.integers(0, 3, 80)
    repeated = np.repeat(x, often, axis=0)
    for of in (model.log_likelihood, model.aic, model.bic):
        np.testing.assert_allclose(of(x, weights=often), of(repeated), rtol=1e-12)


LAWS = {  # and which models must obey
    log_likelihood_is_its_definition: MODELS,
    responsibilities_are_bayes_rule: MIXTURES,
    sampling_follows_the_story: MIXTURES,
    statistics_add: [f for f in MODELS if f.splits],
    blocks_make_no_difference: MIXTURES,
    many_points_are_each_of_them: MIXTURES,
    m_step_is_the_optimum: [f for f in MODELS if f.has("complete_log_likelihood", "to_vector")],
    em_climbs_to_a_place_without_slope: [f for f in MODELS if f.has("to_vector")],
    em_never_falls: MODELS,
    gradient_is_that_of_the_log_likelihood: [f for f in MODELS if f.has("gradient")],
    vector_leads_there_and_back: [f for f in MODELS if f.has("to_vector")],
    map_is_the_mode: [f for f in MODELS if f.has("complete_log_likelihood", "to_vector")],
    weights_are_repetitions: [f for f in MODELS if f.accepts("weights") and f.accepts("x")],
    criteria_count_every_parameter: [f for f in MODELS if f.has("bic")],
}  # fmt: skip


@pytest.mark.parametrize(
    ("law", "factory"),
    [
        pytest.param(law, factory, id=f"{law.__name__}-{factory.name}")
        for law, factories in LAWS.items()
        for factory in factories
    ],
)
def test_law(law, factory):
    law(factory)


@given(st.integers(0, 2**32), st.sampled_from(LAWS[weights_are_repetitions]))
def test_weights_are_repetitions_anywhere(seed, factory):
    """Any weights, in any unit: whole ones repeat, and the unit only scales the sums."""
    rng = np.random.default_rng(seed)
    model, (x,) = factory.make(rng), factory.data(rng, int(rng.integers(4, 1300)))
    often = rng.integers(0, 5, len(x))
    often[:4] = [1, 0, 2, 1]
    found, value = model.e_step(x, weights=often)
    expected, same = model.e_step(np.repeat(x, often, axis=0))
    np.testing.assert_allclose(numbers_of(found), numbers_of(expected), rtol=1e-10, atol=1e-9)
    np.testing.assert_allclose(value, same, rtol=1e-10)
    unit = 10 ** rng.uniform(-100, 100)
    scaled, much = model.e_step(x, weights=unit * often)
    np.testing.assert_allclose(scaled.counts, unit * found.counts, rtol=1e-10)
    np.testing.assert_allclose(much, unit * value, rtol=1e-10)
    if hasattr(found, "means"):
        np.testing.assert_allclose(scaled.means, found.means, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("K", [2, 3, 4, 7, 30])
def test_copies_of_a_component_are_that_component(K):
    """However many they are, and the points: a product of all their densities would overflow."""
    x = np.random.default_rng(K).normal(1, 2, 70_000)
    model = GaussianMixture(np.full(K, 1 / K), np.full(K, 1.0), np.full(K, 4.0))
    statistics, value = model.e_step(x)
    expected = stats.norm(1, 2).logpdf(x).sum()
    np.testing.assert_allclose([value, model.log_likelihood(x)], expected, rtol=1e-12)
    np.testing.assert_allclose(statistics.counts, len(x) / K, rtol=1e-12)


# --------------------------------------------------------------------------- planted errors


def but(change):
    """Return an alteration of a method: the right result, changed."""

    def plant(name):
        def method(self, *args, **kwargs):
            right = getattr(super(type(self), self), name)(*args, **kwargs)
            return change(self, right)

        return {name: method}

    return plant


def of_e_step(change):
    return but(lambda self, found: change(*found))("e_step")


def forgets_totals(self, other):
    return Forgetful(self.counts + other.counts, other.totals, self.log_factorials)


class Forgetful(PoissonStatistics):
    __add__ = forgets_totals


def first_block_only(self, x, labels, weights):
    block = next(iter(_soft.blocks(len(x), 3)))
    cut = [None if a is None else a[block] for a in (labels, weights)]
    return super(type(self), self)._expect(x[block], *cut)


def with_wrong_statistics(statistics, value):
    return Forgetful(*vars(statistics).values()), value


def ignores_weights(self, x, labels, weights):
    return super(type(self), self)._expect(x, labels, None)


def squares_weights(self, x, labels, weights):
    squared = None if weights is None else weights**2
    return super(type(self), self)._expect(x, labels, squared)


def about_the_old_mean(self, right):
    step = right.means - self.means
    return with_covariances(right, right.covariances + step[:, :, None] * step[:, None, :])


def standard_deviations(self, right):
    return with_covariances(right, np.sqrt(right.covariances))


def with_n_minus_one(self, right):
    return with_covariances(right, 1.01 * right.covariances)


def with_covariances(model, covariances):
    return GaussianMixture(model.weights, model.means, covariances, model.covariance_type)


def without_weights(self):
    return np.zeros(self.n_components)


def over_points(self, x):
    joint = np.exp(self._log_joint(x)).T
    return joint / joint.sum(axis=0)


def without_entropy(self, x, q):
    return GaussianMixture.elbo(self, x, q) + xlogy(q, q).sum()


def equal_weights(self, right):
    return type(self)(np.full(3, 1 / 3), *(numbers_like(right)))


def numbers_like(model):
    return [getattr(model, f.name) for f in dataclasses.fields(model)][1:]


def wider(self, right):
    return with_covariances(right, 2 * right.covariances)


def wider_normal(self, right):
    return MultivariateNormal(right.mean, 1.1 * right.covariance)


def without_the_last_count(self, statistics):
    found = super(type(self), self).gradient(statistics).copy()
    found[: self.n_components - 1] = statistics.counts[:-1]
    return found


def half_of_the_gaps(statistics, value):
    return dataclasses.replace(statistics, scatters=statistics.scatters * 0.97), value


NO_WEIGHTS = {"_log_weights": property(without_weights)}
HALF_A_GRADIENT = {"gradient": without_the_last_count}
WRONG = [
    (log_likelihood_is_its_definition, "Gaussian tied 2", NO_WEIGHTS),
    (log_likelihood_is_its_definition, "Poisson", NO_WEIGHTS),
    (log_likelihood_is_its_definition, "beta-binomial", of_e_step(lambda s, v: (s, 1.01 * v))),
    (log_likelihood_is_its_definition, "hard Poisson", {
        "e_step": lambda m, x: m.mixture.e_step(x)}),
    (responsibilities_are_bayes_rule, "Poisson", but(
        lambda m, d: d + np.log(m.rates)[:, None])("_log_densities")),
    (responsibilities_are_bayes_rule, "Poisson", but(lambda m, r: r[:, ::-1])("responsibilities")),
    (responsibilities_are_bayes_rule, "Gaussian full 2", {"responsibilities": over_points}),
    (responsibilities_are_bayes_rule, "Gaussian tied 2", {"elbo": without_entropy}),
    (responsibilities_are_bayes_rule, "Gaussian tied 2", but(
        lambda m, r: r - 0.5)("_framed_log_joint")),
    (responsibilities_are_bayes_rule, "Poisson", but(lambda m, e: e + 1)("_expected_log_density")),
    (sampling_follows_the_story, "Poisson", but(lambda m, x: x + 1)("_draw")),
    (sampling_follows_the_story, "Gaussian full 2", but(lambda m, x: 1.1 * x)("_draw")),
    (sampling_follows_the_story, "Poisson", but(lambda m, xz: (xz[0], xz[1][::-1]))("sample")),
    (many_points_are_each_of_them, "Poisson", of_e_step(lambda s, v: (s, v + 1))),
    (statistics_add, "Poisson", of_e_step(with_wrong_statistics)),
    (statistics_add, "Gaussian tied 1", of_e_step(lambda s, v: (s, v / s.counts.sum()))),
    (statistics_add, "normal with gaps", of_e_step(
        lambda s, v: (dataclasses.replace(s, scatters=s.scatters / s.counts), v))),
    (blocks_make_no_difference, "Gaussian full 2", {"_expect": first_block_only}),
    (blocks_make_no_difference, "Poisson", {"_expect": first_block_only}),
    (m_step_is_the_optimum, "Gaussian full 1", but(about_the_old_mean)("m_step")),
    (m_step_is_the_optimum, "Gaussian full 2", but(about_the_old_mean)("m_step")),
    (m_step_is_the_optimum, "Gaussian tied 2", but(with_n_minus_one)("m_step")),
    (m_step_is_the_optimum, "Gaussian diagonal 2", but(standard_deviations)("m_step")),
    (m_step_is_the_optimum, "Gaussian spherical 2", but(equal_weights)("m_step")),
    (m_step_is_the_optimum, "Poisson", but(equal_weights)("m_step")),
    (m_step_is_the_optimum, "normal with gaps", but(wider_normal)("m_step")),
    (em_climbs_to_a_place_without_slope, "normal with gaps", of_e_step(half_of_the_gaps)),
    (em_climbs_to_a_place_without_slope, "Poisson", but(equal_weights)("m_step")),
    (em_climbs_to_a_place_without_slope, "beta-binomial", but(
        lambda m, right: BetaBinomial(right.alpha, 1.1 * right.beta))("m_step")),
    (em_never_falls, "Gaussian full 2", but(wider)("m_step")),
    (em_never_falls, "crossed normal", but(
        lambda m, right: CrossedNormal(right.mean, 9.0, 0.7, 0.3))("m_step")),
    *((m_step_is_the_optimum, "nested beta-binomial", but(wrong)("m_step")) for wrong in (
        lambda m, right: NestedBetaBinomial(right.location, 1.05 * right.scale, right.strength),
        lambda m, right: NestedBetaBinomial(right.location + 0.1, right.scale, right.strength),
        lambda m, right: NestedBetaBinomial(right.location, right.scale, 1.1 * right.strength))),
    (em_climbs_to_a_place_without_slope, "nested beta-binomial", but(
        lambda m, right: NestedBetaBinomial(right.location, right.scale, 5.0))("m_step")),
    (log_likelihood_is_its_definition, "nested beta-binomial", of_e_step(
        lambda s, v: (s, v + 1e-3))),
    (map_is_the_mode, "nested beta-binomial", but(
        lambda m, v: 0.5 * v)("complete_log_likelihood")),
    (gradient_is_that_of_the_log_likelihood, "Poisson", HALF_A_GRADIENT),
    (gradient_is_that_of_the_log_likelihood, "Gaussian tied 2", HALF_A_GRADIENT),
    (gradient_is_that_of_the_log_likelihood, "normal with gaps", but(lambda m, g: -g)("gradient")),
    (vector_leads_there_and_back, "Poisson", {"_free": lambda m: m.rates}),
    (vector_leads_there_and_back, "Gaussian diagonal 2", but(lambda m, v: v[::-1])("to_vector")),
    (vector_leads_there_and_back, "crossed normal", but(lambda m, v: v[::-1])("to_vector")),
    (map_is_the_mode, "Poisson", but(lambda m, v: 0.5 * v)("complete_log_likelihood")),
    (map_is_the_mode, "normal with gaps", but(lambda m, v: 2 * v)("complete_log_likelihood")),
    (weights_are_repetitions, "Poisson", {"_expect": ignores_weights}),
    (weights_are_repetitions, "Gaussian full 2", {"_expect": ignores_weights}),
    (weights_are_repetitions, "Gaussian tied 1", {"_expect": squares_weights}),
    (weights_are_repetitions, "normal with gaps", {
        "e_step": lambda m, x, weights=None: MultivariateNormal.e_step(m, x)}),
    (criteria_count_every_parameter, "Gaussian tied 2", {"n_parameters": 99}),
    (criteria_count_every_parameter, "Poisson", but(lambda m, b: b / 2)("bic")),
    (criteria_count_every_parameter, "normal with gaps", but(lambda m, b: b + 0.1)("aic")),
]  # fmt: skip


@pytest.mark.parametrize(("law", "name", "wrong"), WRONG)
def test_planted_error_is_caught(law, name, wrong):
    factory = dataclasses.replace(BY_NAME[name], wrong=wrong)
    assert factory in LAWS[law] or BY_NAME[name] in LAWS[law]
    with pytest.raises((AssertionError, em.EMError)):
        law(factory)
