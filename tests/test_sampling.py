"""Laws of Gibbs sampling: enumeration, exact posteriors, Geweke's test, calibration.

Beside each stand planted errors.
"""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from companion import _soft, conjugate, datasets
from companion.conjugate import (
    GaussianMixtureLaw,
    MultivariateNormalLaw,
    NormalNormalLaw,
    PoissonMixtureLaw,
)
from companion.convergence import effective_sample_size
from companion.full_bayes import full_bayes
from companion.gaussians import GaussianMixture
from companion.hierarchical import BetaBinomial, NormalNormal
from companion.missing import MultivariateNormal
from companion.poissons import PoissonMixture
from companion.sampling import Chains, sample

POISSON = PoissonMixtureLaw([2.0, 1.0], shapes=[2.0, 6.0], rates=[1.0, 1.0])
GAUSSIAN = GaussianMixtureLaw([2.0, 1.0], [1.0, 0.5], [5.0, 6.0], [-1.0, 2.0], [3.0, 2.0])
PLANE = GaussianMixtureLaw(
    [2.0, 1.0], 1.0, 6.0, [[-1.0, 0], [2, 1]], [3 * np.eye(2), [[2, 1], [1, 2]]]
)
NORMAL = MultivariateNormalLaw(1.0, 6.0, [1.0, -1.0], [[3.0, 1.0], [1.0, 2.0]])
EFFECTS = NormalNormalLaw(1.0, 6.0, 2.0, 5.0)
GAPS = np.array([[0, 0], [0, 1], [1, 0], [0, 0], [0, 1]], dtype=bool)
ERRORS = np.array([0.5, 1.0, 1.5, 2.0])


def agree(draws, expected, errors=4.5):
    """The mean of chains is this, within its Monte Carlo error, which is small."""
    error = draws.std(ddof=1) / np.sqrt(effective_sample_size(draws, "mean"))
    assert error < 0.1 * draws.std()
    assert abs(draws.mean() - expected) < errors * error


# ----------------------------------------------------------------- exact posteriors of small cases


def over_labellings(prior, model, x):
    """Weight of every labelling of the points, and the law of the parameters given it."""
    K, laws, logs = 2, [], []
    for z in itertools.product(range(K), repeat=len(x)):
        statistics = model.statistics(x, np.eye(K)[list(z)])
        laws.append(prior + statistics)
        logs.append(laws[-1].log_normaliser - prior.log_normaliser)
    return np.exp(logs - logsumexp(logs)), laws


def poissons_are_exact():
    x = [0, 1, 1, 4, 5, 9]
    model = PoissonMixture([0.5, 0.5], [1, 5])
    weights, laws = over_labellings(POISSON, model, x)
    chains = sample(model, x, prior=POISSON, rng=np.random.default_rng(1), n_draws=2000)
    share = [law.concentrations[0] / law.concentrations.sum() for law in laws]
    agree(chains.trace(lambda m: m.weights[0]), weights @ share)
    for k in range(2):
        agree(
            chains.trace(lambda m, k=k: m.rates[k]),
            weights @ [law.shapes[k] / law.rates[k] for law in laws],
        )
    log_rates = [[stats.gamma(law.shapes[1], scale=1 / law.rates[1]).cdf(5)] for law in laws]
    agree(chains.trace(lambda m: m.rates[1] < 5), (weights @ log_rates).item())


def gaussians_are_exact():
    x = np.array([-2.0, -1.5, -0.5, 0.5, 1.0, 2.5])
    model = GaussianMixture([0.5, 0.5], [-1, 1], [1, 1])
    weights, laws = over_labellings(GAUSSIAN, model, x)
    chains = sample(model, x, prior=GAUSSIAN, rng=np.random.default_rng(2), n_draws=2000)
    for k in range(2):
        agree(
            chains.trace(lambda m, k=k: m.means[k, 0]), weights @ [law.means[k, 0] for law in laws]
        )
        variances = [law.scatters[k, 0, 0] / (law.degrees[k] - 2) for law in laws]
        agree(chains.trace(lambda m, k=k: m.covariances[k, 0, 0]), weights @ variances)
    # labels, from draws of parameters: the mean of the responsibilities
    same = chains.trace(lambda m: m.responsibilities(x[:1])[0, 0])
    labellings = np.array(list(itertools.product(range(2), repeat=len(x))))
    agree(same, weights @ (labellings[:, 0] == 0))


def effects_are_exact():
    """The eight schools, by the quadrature of full Bayes."""
    schools = datasets.load_schools()
    data = schools["effect"], schools["standard_error"]
    exact = full_bayes(NormalNormal, *data)
    chains = sample(
        NormalNormal(8, 8), *data, prior=NormalNormalLaw.flat(), rng=np.random.default_rng(3),
        n_draws=4000,
    )  # fmt: skip
    agree(chains.trace(lambda m: m.mean), exact.expectation(lambda mean, sd: mean).value)
    small = exact.expectation(lambda mean, sd: 1.0 * (sd < 5)).value
    agree(chains.trace(lambda m: m.sd < 5), small, errors=5)


def gaps_are_exact():
    """One column is complete: the line through the complete rows has a posterior of its own."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(20, 2)) @ [[1, 0.8], [0, 0.6]]
    x[12:, 1] = np.nan
    seen = x[:12]
    slope, at, *_ = stats.linregress(*seen.T)
    residual = ((seen[:, 1] - at - slope * seen[:, 0]) ** 2).sum()
    spread = ((seen[:, 0] - seen[:, 0].mean()) ** 2).sum()
    chains = sample(
        MultivariateNormal.from_available(x), x, prior=MultivariateNormalLaw.flat(2),
        rng=rng, n_draws=600, n_warmup=50,
    )  # fmt: skip
    slopes = chains.trace(lambda m: m.covariance[0, 1] / m.covariance[0, 0])
    agree(slopes, slope)
    agree((slopes - slope) ** 2, residual / (12 - 3) / spread)
    agree(chains.trace(lambda m: m.mean[0]), x[:, 0].mean())


EXACT = [poissons_are_exact, gaussians_are_exact, effects_are_exact, gaps_are_exact]


@pytest.mark.parametrize("law", EXACT, ids=lambda law: law.__name__)
def test_exact(law):
    law()


# -------------------------------------------------------- Geweke's test of the joint distribution


def new_table(model, rng):
    return (np.where(GAPS, np.nan, model.sample(len(GAPS), rng)),)


def new_effects(model, rng):
    return model.sample_prior_predictive(ERRORS, rng)[0], ERRORS


def new_points(n):
    return lambda model, rng: (model.sample(n, rng)[0],)


JOINT = {
    "Poisson": (POISSON, new_points(4)),
    "Gaussian": (GAUSSIAN, new_points(4)),
    "plane": (PLANE, new_points(5)),
    "normal with gaps": (NORMAL, new_table),
    "effects": (EFFECTS, new_effects),
}
LOOK = {
    PoissonMixture: lambda m: [m.weights[0], *np.sqrt(m.rates), m.weights[0] * m.rates[0]],
    GaussianMixture: lambda m: [
        m.weights[0], *m.means.ravel(), *np.linalg.slogdet(m.full_covariances)[1],
        *(m.means**2).ravel() ** 0.5,
    ],
    MultivariateNormal: lambda m: [
        *m.mean, *np.log(np.diag(m.covariance)), np.linalg.slogdet(m.covariance)[1],
        m.covariance[0, 1] / np.sqrt(np.prod(np.diag(m.covariance))),
    ],
    NormalNormal: lambda m: [m.mean, np.log(m.sd), abs(m.mean - 2)],
}  # fmt: skip


def geweke(name, n=2500):
    """Parameters drawn from the prior; and by data and one sweep in turns: the same law.

    Geweke (2004), Getting it right, J. Am. Stat. Assoc. 99, 799-804.
    """
    prior, data = JOINT[name]
    rng = np.random.default_rng(7)
    model = prior.sample(rng)
    look = LOOK[type(model)]
    direct = np.array([look(prior.sample(rng)) for _ in range(n)])
    turns = []
    for _ in range(n):
        statistics = model.sample_statistics(*data(model, rng), rng=rng)
        model = (prior + statistics).sample(rng)
        turns.append(look(model))
    for one, two in zip(direct.T, np.array(turns).T, strict=True):
        known = effective_sample_size(two, "mean")
        error = np.sqrt(one.var() / n + two.var() / known)
        assert known > n / 50
        assert abs(one.mean() - two.mean()) < 4.5 * error


@pytest.mark.parametrize("name", JOINT)
def test_geweke(name):
    geweke(name)


# ---------------------------------------------------------------------- calibration by simulation


def calibrated(name, worlds=80, kept=4):
    """In worlds drawn from the prior the truth has any rank among independent draws."""
    prior, data = JOINT[name]
    rng = np.random.default_rng(8)
    ranks = []
    for _ in range(worlds):
        truth = prior.sample(rng)
        look = LOOK[type(truth)]
        chains = sample(
            truth, *data(truth, rng), prior=prior, rng=rng, n_draws=kept * 12, n_chains=1,
            n_warmup=12,
        )  # fmt: skip
        found = chains.trace(look)[0, ::12]
        ranks.append((found < look(truth)).sum(axis=0))
    for rank in np.array(ranks).T:
        assert stats.chisquare(np.bincount(rank, minlength=kept + 1)).pvalue > 1e-4


@pytest.mark.parametrize("name", JOINT)
def test_calibrated(name):
    calibrated(name)


# ---------------------------------------------------------------------------- planted errors


def one_degree_more(self, statistics):
    found = GIVEN(self, statistics)
    return replace(found, degrees=found.degrees + 1)


def too_wide(self, rng):
    return WISHARTS(replace(self, degrees=self.degrees - 1), rng)


def likeliest(log_joint, labels, rng):
    return (log_joint == log_joint.max(axis=0)).astype(float)


def by_the_mean(self, x, batches, rng):
    return self.impute(x)


def wide(self, y, size, *, rng):
    return EFFECT_DRAW(self, y, 2 * np.asarray(size), rng=rng)


def certain(self, y, size, *, rng):
    return self._statistics(*self.check_data(self.posterior(y, size).mean, 1e-9))


def eager(self, statistics):
    found = GIVEN(self, statistics)
    return replace(found, degrees=found.degrees + 2 * statistics.counts)


GIVEN = conjugate._Wisharts.given
EFFECT_DRAW = NormalNormal.sample_statistics
WISHARTS = conjugate._Wisharts.sample

PLANTED = {
    "one degree more, plane": (conjugate._Wisharts, "given", one_degree_more, "plane"),
    "one degree more, effects": (conjugate._Wisharts, "given", one_degree_more, "effects"),
    "one degree more, gaps": (conjugate._Wisharts, "given", one_degree_more, "normal with gaps"),
    "the likeliest label": (_soft, "draw", likeliest, "Poisson"),
    "holes filled by their mean": (MultivariateNormal, "_draw_gaps", by_the_mean,
                                   "normal with gaps"),
    "effects at their means": (NormalNormal, "sample_statistics", certain, "effects"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_geweke_finds_a_wrong_conditional(monkeypatch, name):
    *wrong, case = PLANTED[name]
    monkeypatch.setattr(*wrong)
    with pytest.raises(AssertionError):
        geweke(case)


@pytest.mark.parametrize(
    ("law", "wrong"),
    [
        (poissons_are_exact, (_soft, "draw", likeliest)),
        (gaussians_are_exact, (conjugate._Wisharts, "sample", too_wide)),
        (effects_are_exact, (NormalNormal, "sample_statistics", wide)),
        (gaps_are_exact, (MultivariateNormal, "_draw_gaps", by_the_mean)),
    ],
)
def test_exactness_finds_it_too_where_data_are_few(monkeypatch, law, wrong):
    monkeypatch.setattr(*wrong)
    with pytest.raises(AssertionError):
        law()


def test_calibration_finds_a_sampler_that_is_too_sure(monkeypatch):
    monkeypatch.setattr(conjugate._Wisharts, "given", eager)
    with pytest.raises(AssertionError):
        calibrated("effects")


def test_one_large_data_set_does_not_show_what_geweke_shows(monkeypatch):
    """With one degree too many, 2000 points of one normal are fitted as well as before."""
    x = np.random.default_rng(9).normal(size=2000)

    def variance_is_right():
        chains = sample(
            GaussianMixture([1.0], [0], [1]), x,
            prior=GaussianMixtureLaw([1.0], 1.0, 5.0, [0.0], [3.0]), rng=np.random.default_rng(9),
            n_chains=2, n_draws=200, n_warmup=10,
        )  # fmt: skip
        agree(chains.trace(lambda m: m.covariances[0, 0, 0]), x.var(), errors=4.5)

    variance_is_right()
    monkeypatch.setattr(conjugate._Wisharts, "given", one_degree_more)
    variance_is_right()
    with pytest.raises(AssertionError):
        geweke("plane")


# ---------------------------------------------------------------------------------- the driver


def test_the_same_seed_gives_the_same_draws():
    x, start = [0, 1, 7, 9], PoissonMixture([0.5, 0.5], [1, 8])

    def rates(n_chains, seed=3, n_warmup=5):
        chains = sample(
            start, x, prior=POISSON, rng=np.random.default_rng(seed), n_draws=20,
            n_chains=n_chains, n_warmup=n_warmup,
        )  # fmt: skip
        return chains.trace(lambda m: m.rates)

    np.testing.assert_array_equal(rates(2), rates(2))
    np.testing.assert_array_equal(rates(2), rates(4)[:2])  # a chain has a stream of its own
    np.testing.assert_array_equal(rates(1, n_warmup=0)[:, 5:], rates(1)[:, :15])
    assert (rates(2) != rates(2, seed=4)).all()
    assert not np.allclose(*rates(2))


def test_every_chain_may_begin_elsewhere():
    starts = [PoissonMixture([0.5, 0.5], [r, 8]) for r in (1, 7)]
    rng = np.random.default_rng(5)
    data = np.repeat([0, 90], 40)
    chains = sample(starts, data, prior=POISSON, rng=rng, n_chains=2, n_draws=10, n_warmup=0)
    assert [len(chain) for chain in chains.models] == [10, 10]


def test_labels_that_are_known_stay():
    x, labels = [0.0, 0.1, 0.2, 0.3], [1, 1, 0, -1]
    model = GaussianMixture([0.5, 0.5], [0, 9], [1, 1])
    for seed in range(5):
        counts = model.sample_statistics(x, labels, rng=np.random.default_rng(seed)).counts
        assert counts.tolist() == [2, 2]  # the last goes to the near one
    three = GaussianMixture([0.2, 0.3, 0.5], [0, 9, 18], [1, 1, 1])
    x, labels = [18.0, 9.0, 0.0, 18.1, 0.1, 9.1], [0, 0, 1, 1, 2, -1]  # far from their own
    drawn = three.sample_statistics(x, labels, rng=np.random.default_rng(2))
    assert drawn.counts.tolist() == [2, 3, 1]
    np.testing.assert_allclose(drawn.means[:, 0], [13.5, 27.2 / 3, 0.1])
    two = MultivariateNormal([0, 0], np.eye(2))
    rows = [[1, np.nan], [3, 4], [np.nan, np.nan]]
    drawn = two.sample_statistics(rows, rng=np.random.default_rng(1))
    assert drawn.counts.tolist() == [2]  # of nothing seen nothing is said
    assert drawn.means[0, 0] == 2
    with pytest.raises(ValueError, match="x has no number that was seen"):
        two.sample_statistics([[np.nan, np.nan]], rng=np.random.default_rng(1))


def test_a_table_of_what_is_known():
    rng = np.random.default_rng(6)
    chains = sample(PoissonMixture([1.0], [3.0]), [2, 5, 4], rng=rng,
                    prior=PoissonMixtureLaw([1.0], 1.0, 1.0), n_draws=4000)  # fmt: skip
    table = chains.summary(rate=lambda m: m.rates[0], square=lambda m: m.rates[0] ** 2)
    law = stats.gamma(12, scale=1 / 4)
    row = table.loc["rate"]
    assert abs(row["mean"] - law.mean()) < 4.5 * row["mcse"] < 0.1
    assert row["sd"] == pytest.approx(law.std(), rel=0.05)
    assert row["sd"] == pytest.approx(chains.trace(lambda m: m.rates[0]).std(ddof=1), rel=1e-12)
    np.testing.assert_allclose(row[["from", "to"]], law.ppf([0.025, 0.975]), rtol=0.04)
    assert row["mcse"] == pytest.approx(law.std() / np.sqrt(16_000), rel=0.1)
    assert row["r_hat"] < 1.01
    assert table.loc["square", "ess_bulk"] == pytest.approx(row["ess_bulk"])


class Counter:
    """A model, its statistics and its law at once, which only counts how often it was drawn."""

    def __init__(self):
        self.drawn = 0

    def sample_statistics(self, *data, rng):
        return self

    def __add__(self, statistics):
        return self

    def sample(self, rng):
        self.drawn += 1
        return self


def test_a_bar_counts_every_draw_and_goes_away(bars, rng):
    counter, options = Counter(), {"n_chains": 2, "n_draws": 10, "n_warmup": 5}
    sample(counter, prior=counter, rng=rng, **options)
    assert (counter.drawn, bars) == (30, [])
    sample(counter, prior=counter, rng=rng, progress=True, **options)
    (bar,) = bars
    assert (bar.made, bar.closed) == (30, True)
    assert bar.options == {"total": 30, "unit": "draw", "leave": False}


def test_of_what_is_drawn_by_default_a_third_is_thrown_away(rng):
    counter = Counter()
    chains = sample(counter, prior=counter, rng=rng)
    assert [len(chain) for chain in chains.models] == [1000] * 4
    assert counter.drawn == 4 * (500 + 1000)


def test_a_model_of_ones_own():
    """Nothing is inherited: a coin whose tosses were seen through a noisy glass."""

    class Tosses:
        def __init__(self, heads, tails):
            self.heads, self.tails = heads, tails

        def __add__(self, other):
            return Tosses(self.heads + other.heads, self.tails + other.tails)

        def sample(self, rng):
            return Coin(rng.beta(self.heads, self.tails))

    class Coin:
        def __init__(self, chance):
            self.chance = chance

        def sample_statistics(self, seen, *, rng):
            heads = self.chance * np.where(seen, 0.9, 0.1)
            tails = (1 - self.chance) * np.where(seen, 0.1, 0.9)
            z = rng.random(len(seen)) < heads / (heads + tails)
            return Tosses(z.sum(), (~z).sum())

    seen = np.array([1, 1, 1, 0, 1, 1])
    chains = sample(Coin(0.5), seen, prior=Tosses(1, 1), rng=np.random.default_rng(1), n_draws=3000)
    p = np.linspace(0, 1, 2001)
    density = np.prod([np.where(s, 0.1 + 0.8 * p, 0.9 - 0.8 * p) for s in seen], axis=0)
    agree(chains.trace(lambda coin: coin.chance), density @ p / density.sum())


START = PoissonMixture([0.5, 0.5], [1, 8])
RNG = np.random.default_rng(1)
GOOD = {"prior": POISSON, "rng": RNG}
INPUT = [
    (ValueError, "n_draws must be a whole number, at least 10", lambda: sample(
        START, [1], **GOOD, n_draws=9)),
    (ValueError, "n_chains must be a whole number", lambda: sample(START, [1], **GOOD, n_chains=0)),
    (ValueError, "n_warmup must be a whole number", lambda: sample(
        START, [1], **GOOD, n_warmup=-1)),
    (ValueError, "rng must be a numpy.random.Generator", lambda: sample(
        START, [1], prior=POISSON, rng=1)),
    (ValueError, "model holds 3 starts, but n_chains = 4", lambda: sample(
        [START] * 3, [1], **GOOD)),
    (TypeError, "needs a model, not the class", lambda: sample(PoissonMixture, [1], **GOOD)),
    (TypeError, "sample_statistics, which BetaBinomial does not have", lambda: sample(
        BetaBinomial(1, 1), [1], [2], **GOOD)),
    (TypeError, "sample, which PoissonStatistics does not have", lambda: sample(
        START, [1], prior=START.statistics([1], [[1, 0]]), rng=RNG)),
    (ValueError, r"prior .PoissonMixtureLaw. does not fit the model .PoissonMixture.: stat",
     lambda: sample(START, [1], prior=PoissonMixtureLaw([1.0], 1, 1), rng=RNG)),
    (ValueError, r"prior .GaussianMixtureLaw. does not fit the model .PoissonMixture.",
     lambda: sample(START, [1], prior=GAUSSIAN, rng=RNG)),
    (ValueError, "x must be whole numbers", lambda: sample(START, [1.5], **GOOD)),
    (ValueError, "law of component 0 improper", lambda: sample(
        NormalNormal(0, 1), [1, 2], [1, 1], prior=NormalNormalLaw.flat(), rng=RNG)),
    (ValueError, "the values of function holds", lambda: Chains(((START,),)).trace(
        lambda m: np.nan)),
]  # fmt: skip


@pytest.mark.parametrize("k", range(len(INPUT)))
def test_bad_input_is_named(k):
    kind, message, call = INPUT[k]
    with pytest.raises(kind, match=message):
        call()
