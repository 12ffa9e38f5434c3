"""What is true of the Poisson mixture beyond the laws of every model (test_models)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.em import CollapsedComponentError, fit, fit_restarts
from companion.poissons import PoissonMixture


def test_poisson_far_counts_and_empty_rates():
    """Billions of counts to the last digits, against mpmath; a rate of zero makes only zeros."""
    import mpmath

    y, rate = 10**9, 10**9 + 3
    with mpmath.workdps(40):  # for others it stays at what they have set
        exact = y * mpmath.log(rate) - rate - mpmath.loggamma(y + 1)
    model = PoissonMixture([0.5, 0.5], [rate, 0])
    np.testing.assert_allclose(
        model.component_log_density([y])[0], [float(exact), -np.inf], rtol=1e-12
    )
    np.testing.assert_allclose(model.responsibilities([0, y]), [[0, 1], [1, 0]], atol=1e-300)
    inflated = fit(PoissonMixture([0.5, 0.5], [3, 0]), [0, 0, 0, 0, 2, 4, 3, 5]).model
    assert inflated.rates[1] < 1e-300
    assert model.n_parameters == 3
    with pytest.raises(ValueError, match="a parameter is zero"):
        model.to_vector()
    with pytest.raises(ValueError, match="x lies so far from every component"):
        PoissonMixture([1.0], [0.0]).log_density([0, 1])


def test_poisson_collapse_starts_and_priors(rng):
    x = np.concatenate([rng.poisson(1, 200), rng.poisson(20, 100)])
    starts = [PoissonMixture.random_start(x, 2, rng) for _ in range(5)]
    found = fit_restarts(starts, x)
    assert (found.table["outcome"] == "converged").all()
    np.testing.assert_allclose(sorted(found.best.model.rates), [1, 20], rtol=0.15)
    with pytest.raises(CollapsedComponentError, match="component 1 has lost all its points"):
        fit(PoissonMixture([0.5, 0.5], [1, 1e6]), x)
    prior = PoissonMixture.prior_statistics(x, 2, 5.0)
    np.testing.assert_allclose(prior.totals, 5 * x.mean())
    assert fit(PoissonMixture([0.5, 0.5], [1, 1e6]), x, prior=prior).converged
    with pytest.raises(ValueError, match=r"x has only 2 distinct points.*n_components = 3"):
        PoissonMixture.random_start([0, 0, 1, 1], 3, rng)
    assert PoissonMixture.random_start([0, 0], 1, rng).rates == [0]


@given(st.integers(0, 2**32), st.integers(1, 4))
def test_a_start_lies_halfway_between_distinct_points_and_their_mean(seed, K):
    """So no rate is zero, from which it could not rise, unless all points are."""
    rng = np.random.default_rng(seed)
    x = np.append(rng.poisson(rng.uniform(0, 30), 20), np.arange(4))
    start = PoissonMixture.random_start(x, K, rng)
    seeds = 2 * start.rates - x.mean()
    assert len(set(seeds.round(6))) == K
    assert all(np.abs(x - seed).min() < 1e-9 for seed in seeds)
    np.testing.assert_allclose(start.weights, 1 / K)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: PoissonMixture([0.5, 0.5], [1, -1]), "rates must not be negative"),
        (lambda: PoissonMixture([0.5, 0.5], [1, np.nan]), "rates holds 1 NaN"),
        (lambda: PoissonMixture([0.5, 0.6], [1, 2]), "weights must sum to one"),
        (lambda: PoissonMixture([0.5, 0.5], [1, 2, 3]), r"rates must have shape \(2,\)"),
        (lambda: PoissonMixture([1.0], [[1.0]]), r"rates must have shape \(1,\)"),
        (lambda: PoissonMixture.prior_statistics([1, 2], 2, -1.0), "pseudo_observations must be"),
        (lambda: PoissonMixture.prior_statistics([1, 2], 2, np.nan), "pseudo_observations "),
    ],
)
def test_bad_poissons(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([1, 2.5, 3], "x must be whole numbers"),
        ([1, -2, 3], "x must not be negative"),
        ([1, None, 3], "x holds 1 NaN"),
        ([1, "2", 3], "x must be an array of numbers"),
        ([1, 2**53 + 2, 3], r"x must be whole numbers up to 2\*\*53"),
        ([[1, 2], [3, 4], [5, 6]], "x has 2 columns"),
        ([], "x is empty"),
    ],
)
def test_bad_counts(x, message, rng):
    model = PoissonMixture([0.5, 0.5], [1, 4])
    for call in (
        model.e_step,
        model.log_likelihood,
        model.responsibilities,
        lambda x: PoissonMixture.fit_labelled(x, [0, 1, 1]),
        lambda x: PoissonMixture.random_start(x, 2, rng),
        lambda x: PoissonMixture.prior_statistics(x, 2),
    ):
        with pytest.raises(ValueError, match=message):
            call(x)
