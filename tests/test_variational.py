"""Laws of mean-field variational inference: the bound, what is exact, what is too sure.

Beside them stand planted errors.
"""

import inspect
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import digamma, logsumexp

from companion import conjugate, datasets, em
from companion.conjugate import (
    GaussianMixtureLaw,
    MultivariateNormalLaw,
    NormalNormalLaw,
    PoissonMixtureLaw,
)
from companion.full_bayes import full_bayes
from companion.gaussians import GaussianMixture
from companion.hierarchical import NormalNormal
from companion.missing import MultivariateNormal
from companion.poissons import PoissonMixture
from companion.variational import MeanField, fit

# ------------------------------------------------------------------------- worlds to be fitted


def world(name, rng, n=12):
    """A start, data and a prior."""
    if name == "Poisson":
        prior = PoissonMixtureLaw([1.0, 2.0, 0.5], [1.0, 4.0, 9.0], 1.0)
        model = prior.sample(rng)
        return PoissonMixture.random_start(np.arange(20), 3, rng), (model.sample(n, rng)[0],), prior
    if name == "Gaussian":
        means = [[-2.0, 0], [2, 1]]
        prior = GaussianMixtureLaw([1.0, 0.5], 0.5, 4.0, means, [np.eye(2), 2 * np.eye(2)])
        x = prior.sample(rng).sample(n, rng)[0]
        return GaussianMixture.random_start(x, 2, rng), (x,), prior
    if name == "normal with gaps":
        prior = MultivariateNormalLaw(0.5, 4.0, [0.0, 1.0], np.eye(2))
        x = prior.sample(rng).sample(n, rng)
        x[rng.random(x.shape) < 0.3] = np.nan
        x[0] = [0.5, 0.5]
        return MultivariateNormal([0, 0], np.eye(2)), (x,), prior
    prior = NormalNormalLaw(0.5, 3.0, 1.0, 4.0)
    s = rng.uniform(0.5, 2, n)
    y = prior.sample(rng).sample_prior_predictive(s, rng)[0]
    return NormalNormal(0, 1), (y, s), prior


WORLDS = ["Poisson", "Gaussian", "normal with gaps", "effects"]


def the_bound_rises(name, seed):
    start, data, prior = world(name, np.random.default_rng(seed))
    run = fit(start, *data, prior=prior, tol=0, max_iter=30)
    assert len(run.elbos) == 31
    assert (np.diff(run.elbos) > -1e-8 * (1 + abs(run.elbos[1:]))).all()


@settings(max_examples=12)
@given(st.sampled_from(WORLDS), st.integers(0, 2**32))
def test_the_bound_rises(name, seed):
    the_bound_rises(name, seed)


def the_end_is_a_maximum(name, seed=1):
    """No law nearby has a higher bound: by the bound itself, in random directions."""
    start, data, prior = world(name, np.random.default_rng(seed))
    run = fit(start, *data, prior=prior, tol=1e-12)
    rng = np.random.default_rng(0)
    for _ in range(20):
        changed = {}
        public = {k: v for k, v in vars(run.law).items() if k[0] != "_"}
        for field, value in public.items():
            noise = np.exp(rng.normal(0, 0.05, np.shape(value)))
            moved = np.asarray(value) * noise
            changed[field] = (
                (moved + np.swapaxes(moved, -1, -2)) / 2
                if moved.ndim > 1 and (moved.shape[-1] == moved.shape[-2] and "scatter" in field)
                else moved
            )
        near = type(run.law)(**changed)
        assert MeanField(near, prior).e_step(*data)[1] < run.elbo + 1e-9


@pytest.mark.parametrize("name", WORLDS)
def test_the_end_is_a_maximum(name):
    the_end_is_a_maximum(name)


# -------------------------------------------------------------------------- bound and evidence


def log_evidence_of_a_mixture(prior, model, x):
    K = len(model.weights)
    base = (
        -np.sum(stats.poisson(1).logpmf(x) + 1)
        if isinstance(model, PoissonMixture)
        else (0.5 * np.size(x) * np.log(2 * np.pi))
    )
    logs = [
        (prior + model.statistics(x, np.eye(K)[list(z)])).log_normaliser - prior.log_normaliser
        for z in itertools.product(range(K), repeat=len(x))
    ]
    return logsumexp(logs) - base


def by_quadrature(data, log_prior, reach):
    """Log of the integral of evidence and prior density over mean and log sd."""
    mean, log_sd = np.meshgrid(np.linspace(*reach, 500), np.linspace(-6, 6, 300))
    points = np.stack([mean, log_sd], axis=-1).reshape(-1, 2)
    values = NormalNormal.evidence(*data).value(points).reshape(mean.shape)
    cell = (reach[1] - reach[0]) / 499 * 12 / 299
    return logsumexp(values + log_prior(mean, np.exp(log_sd)) + log_sd) + np.log(cell)


def the_bound_is_below_the_evidence(name, seed):
    """By enumeration of all labellings, or by quadrature over the two hyperparameters."""
    rng = np.random.default_rng(seed)
    start, data, prior = world(name, rng, n=5)
    run = fit(start, *data, prior=prior)
    if name == "effects":

        def log_prior(mean, sd):
            variance = stats.invgamma(prior.degrees / 2, scale=prior.scatter / 2)
            law = stats.norm(prior.mean, sd / prior.strength**0.5)
            return variance.logpdf(sd**2) + np.log(2 * sd) + law.logpdf(mean)

        exact = by_quadrature(data, log_prior, (-30, 32))
    else:
        exact = log_evidence_of_a_mixture(prior, start, data[0])
    assert run.elbo < exact
    assert run.elbo > exact - 10


@pytest.mark.parametrize("name", ["Poisson", "Gaussian", "effects"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_bound_is_below_the_evidence(name, seed):
    the_bound_is_below_the_evidence(name, seed)


def nothing_hidden_is_exact():
    """Of complete data the law is the posterior, and the bound is the evidence."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(6, 2))
    prior = MultivariateNormalLaw(0.5, 4.0, [0.0, 1.0], np.eye(2))
    run = fit(MultivariateNormal([0, 0], np.eye(2)), x, prior=prior)
    assert run.n_iter <= 2
    chain = 0.0  # the evidence as a product of Student's predictive densities
    law = prior
    for row in x:
        freedom = law.degrees - 1
        scale = law.scatter * (law.strength + 1) / law.strength / freedom
        chain += stats.multivariate_t(law.mean, scale, df=freedom).logpdf(row)
        law = law + MultivariateNormal([0, 0], np.eye(2)).e_step(row[None])[0]
    assert run.elbo == pytest.approx(chain, abs=1e-9)
    np.testing.assert_allclose(run.law.scatter, law.scatter)


def test_nothing_hidden_is_exact():
    nothing_hidden_is_exact()


# -------------------------------------------------------- by hand, and against scikit-learn


def as_bishop_has_it():
    """One sweep of equations 10.46, 10.64 to 10.66 and 10.58 to 10.63, typed in."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(9, 2))
    prior = GaussianMixtureLaw([0.7, 1.3], 0.5, 4.0, [[-1.0, 0], [1, 1]], [np.eye(2)] * 2)
    law = prior + GaussianMixture([0.5, 0.5], [[-1, 0], [1, 1]], [np.eye(2)] * 2).e_step(x)[0]
    log_r = np.empty((9, 2))
    for k in range(2):
        a, beta, nu = law.concentrations[k], law.strengths[k], law.degrees[k]
        W = np.linalg.inv(law.scatters[k])
        log_det = (
            digamma((nu + 1 - np.arange(1, 3)) / 2).sum() + 2 * np.log(2) + np.log(np.linalg.det(W))
        )
        off = x - law.means[k]
        squares = 2 / beta + nu * np.einsum("ni,ij,nj->n", off, W, off)
        log_r[:, k] = digamma(a) - digamma(law.concentrations.sum()) + log_det / 2 - squares / 2
    r = np.exp(log_r - logsumexp(log_r, axis=1, keepdims=True))
    N, xbar = r.sum(axis=0), (r.T @ x) / r.sum(axis=0)[:, None]
    found = MeanField(law, prior)
    new = found.m_step(found.e_step(x)[0]).law
    np.testing.assert_allclose(new.concentrations, prior.concentrations + N, rtol=1e-10)
    for k in range(2):
        S = (r[:, k, None] * (x - xbar[k])).T @ (x - xbar[k])
        gap = np.outer(xbar[k] - prior.means[k], xbar[k] - prior.means[k])
        beta = prior.strengths[k]
        psi = prior.scatters[k] + S + beta * N[k] / (beta + N[k]) * gap
        np.testing.assert_allclose(new.scatters[k], psi, rtol=1e-9)
        mean = (beta * prior.means[k] + N[k] * xbar[k]) / (beta + N[k])
        np.testing.assert_allclose(new.means[k], mean, rtol=1e-9)


def test_as_bishop_has_it():
    as_bishop_has_it()


def test_the_second_opinion_of_scikit_learn():
    """Six components for Old Faithful: the same means and weights at the end."""
    from sklearn.mixture import BayesianGaussianMixture

    x = datasets.load_old_faithful()[["eruption", "waiting"]].to_numpy()
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    start = GaussianMixture([0.5, 0.5], [[-1.0, -1], [1, 1]], [0.3 * np.eye(2)] * 2)
    prior = GaussianMixtureLaw([0.1, 0.1], 0.5, 4.0, np.zeros((2, 2)), [np.eye(2)] * 2)
    ours = fit(start, x, prior=prior, tol=1e-10)
    theirs = BayesianGaussianMixture(
        n_components=2, weight_concentration_prior_type="dirichlet_distribution",
        tol=1e-12, max_iter=5000,
        weight_concentration_prior=0.1, mean_precision_prior=0.5, mean_prior=np.zeros(2),
        degrees_of_freedom_prior=4.0, covariance_prior=np.eye(2), reg_covar=0, random_state=1,
    ).fit(x)  # fmt: skip
    order = np.argsort(theirs.means_[:, 0])
    np.testing.assert_allclose(ours.law.means, theirs.means_[order], rtol=0, atol=1e-4)
    np.testing.assert_allclose(ours.law.degrees, theirs.degrees_of_freedom_[order], atol=1e-2)
    share = ours.law.concentrations / ours.law.concentrations.sum()
    np.testing.assert_allclose(share, theirs.weights_[order], atol=1e-4)


def it_is_too_sure():
    """The schools: the mean of the population has too narrow a law, quadrature says."""
    schools = datasets.load_schools()
    data = schools["effect"], schools["standard_error"]
    exact = full_bayes(NormalNormal, *data)
    found = fit(NormalNormal(8, 8), *data, prior=NormalNormalLaw.flat()).law
    sd = np.sqrt(found.scatter / (found.degrees - 2) / found.strength)
    mean = exact.expectation(lambda m, s: m).value
    true = np.sqrt(exact.expectation(lambda m, s: m**2).value - mean**2)
    assert 0.2 * true < sd < 0.8 * true


def test_it_is_too_sure():
    it_is_too_sure()


def test_em_is_the_case_of_a_point():
    """With many copies of the data the law is as narrow as EM's point, and lies there."""
    x = np.repeat([-2.0, -1, 0, 3, 4, 6], 3000)
    start = GaussianMixture([0.5, 0.5], [-1, 4], [1, 1])
    law = fit(start, x, prior=GaussianMixtureLaw.weak(x, 2), tol=1e-6).law
    point = em.fit(start, x, tol=1e-6).model
    np.testing.assert_allclose(law.means, point.means, rtol=0, atol=2e-3)
    variances = law.scatters / law.degrees[:, None, None]
    np.testing.assert_allclose(variances, point.covariances, rtol=2e-3)


# ------------------------------------------------------------------------------ planted errors


class Logarithm(PoissonMixtureLaw):
    """A law whose E-step takes the logarithm of the mean, not the mean of the logarithm."""

    def stand_in(self):
        rates = self.shapes / self.rates
        return PoissonMixture(self.concentrations / self.concentrations.sum(), rates), 0.0

    def __add__(self, statistics):
        return Logarithm(*vars(super().__add__(statistics)).values())


def test_a_wrong_e_step_is_caught_by_the_driver():
    """The bound falls, and `fit` says so."""
    fell = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        prior = Logarithm([0.3, 0.3], [0.5, 0.5], [0.2, 0.2])
        x = PoissonMixture([0.4, 0.6], [1, 3]).sample(15, rng)[0]
        try:
            fit(PoissonMixture([0.5, 0.5], [1, 4]), x, prior=prior, tol=0, max_iter=60)
        except em.ObjectiveFellError:
            fell += 1
    assert fell > 10


W = conjugate._Wisharts
OWN = {name: getattr(W, name) for name in vars(W)}
WRONG = {
    "no price of the mean": ("typical", lambda self: (
        *OWN["typical"](self)[:2], OWN["typical"](self)[2] + 0.5 * 2 / self.strengths)),
    "the logarithm of the mean": ("mean_log_determinants", lambda self: np.linalg.slogdet(
        self.scatters / self.degrees[:, None, None])[1]),
    "a divergence of half the size": ("divergence", lambda self, *args: (
        0.5 * OWN["divergence"](self, *args))),
}  # fmt: skip


def laws():
    as_bishop_has_it()
    nothing_hidden_is_exact()
    the_end_is_a_maximum("Gaussian")
    the_end_is_a_maximum("effects")
    for seed in (1, 2, 3):
        the_bound_is_below_the_evidence("Gaussian", seed)


@pytest.mark.parametrize("name", WRONG)
def test_a_planted_error_is_found(monkeypatch, name):
    monkeypatch.setattr(W, *WRONG[name])
    with pytest.raises((AssertionError, em.ObjectiveFellError)):
        laws()


# ---------------------------------------------------------------------------------- the driver


def test_labels_and_weights_pass_through():
    """What the E-step of the model takes, that of the mean field takes."""
    x = [0.0, 1.0, 4.0, 5.0]
    prior = GaussianMixtureLaw.weak(x, 2)
    field = MeanField(prior + GaussianMixture([0.5, 0.5], [0, 5], [1, 1]).e_step(x)[0], prior)
    statistics, _ = field.e_step(x, [0, 0, 1, -1], weights=[1, 2, 1, 1])
    assert statistics.counts.sum() == 5
    assert statistics.counts[0] >= 3
    run = fit(GaussianMixture([0.5, 0.5], [0, 5], [1, 1]), x, [0, 0, 1, -1], prior=prior)
    assert run.law.concentrations.sum() == pytest.approx(2 + 4)
    assert run.model.responsibilities([0.0])[0, 0] > 0.9


def test_what_nobody_asks_for_is_as_in_em():
    ours, theirs = (inspect.signature(f).parameters for f in (fit, em.fit))
    for name in ("tol", "max_iter", "progress"):
        assert ours[name].default == theirs[name].default, name
    x, start = [0, 1, 7, 9], PoissonMixture([0.5, 0.5], [1, 8])
    prior = PoissonMixtureLaw.weak(x, 2)
    told = fit(start, x, prior=prior, tol=1e-8, max_iter=10_000)
    np.testing.assert_array_equal(fit(start, x, prior=prior).elbos, told.elbos)


def test_a_run_says_what_em_says(bars):
    x, start, prior = (
        [0, 1, 7, 9],
        PoissonMixture([0.5, 0.5], [1, 8]),
        PoissonMixtureLaw.weak([0, 1, 7, 9], 2),
    )
    with pytest.warns(em.NotConvergedWarning):
        run = fit(start, x, prior=prior, max_iter=2, tol=1e-14)
    assert not run.converged
    assert run.n_iter == 2
    assert run.elbo == run.elbos[2]
    assert bars == []
    run = fit(start, x, prior=prior, progress=True)
    assert [(bar.made, bar.options["unit"]) for bar in bars] == [(run.n_iter, "step")]


def test_an_improper_prior_costs_a_constant():
    """Flat for the schools: a bound up to a constant, which still rises."""
    schools = datasets.load_schools()
    data = schools["effect"], schools["standard_error"]
    run = fit(NormalNormal(8, 8), *data, prior=NormalNormalLaw.flat())
    assert run.converged
    exact = by_quadrature(data, lambda mean, sd: np.log(2) + 0 * sd, (-60, 76))
    assert exact - 2 < run.elbo < exact


START, POISSON = PoissonMixture([0.5, 0.5], [1, 8]), PoissonMixtureLaw([1.0, 1.0], 1, 1)
INPUT = [
    (ValueError, "tol must be a number >= 0", lambda: fit(START, [1], prior=POISSON, tol=-1)),
    (ValueError, "max_iter must be a whole number", lambda: fit(
        START, [1], prior=POISSON, max_iter=-1)),
    (TypeError, "needs a model, not the class", lambda: fit(PoissonMixture, [1], prior=POISSON)),
    (TypeError, "stand_in and divergence and count, which PoissonStatistics does not have",
     lambda: fit(START, [1], prior=START.statistics([1], [[1, 0]]))),
    (ValueError, r"prior .PoissonMixtureLaw. does not fit the model .PoissonMixture.",
     lambda: fit(START, [1], prior=PoissonMixtureLaw([1.0], 1, 1))),
    (ValueError, "x must be whole numbers", lambda: fit(START, [1.5], prior=POISSON)),
    (ValueError, "law of component 0 improper", lambda: fit(
        NormalNormal(0, 1), [1, 2], [1, 1], prior=NormalNormalLaw.flat())),
]  # fmt: skip


@pytest.mark.parametrize("k", range(len(INPUT)))
def test_bad_input_is_named(k):
    kind, message, call = INPUT[k]
    with pytest.raises(kind, match=message):
        call()
