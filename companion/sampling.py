r"""Gibbs sampling: one driver for every model whose complete data have a conjugate law.

Where EM fills in what is hidden by its expectation and maximises, Gibbs fills it in by a draw, and
draws the parameters:

.. math::

    z \sim p(z \mid x, \theta), \qquad \theta \sim p(\theta \mid x, z)

The statistics are the same, and they add to a prior's. What chains are worth is told by
:mod:`companion.convergence`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast

import numpy as np
from numpy.typing import ArrayLike

from companion import _check, em
from companion._check import Floats
from companion.convergence import FEWEST, effective_sample_size, r_hat

if TYPE_CHECKING:
    import pandas as pd


class Law(Protocol):
    """What a prior must do: take statistics in, be drawn from (see :mod:`companion.conjugate`)."""

    def __add__(self, statistics: Any, /) -> Any:
        """Return the law of the parameters after complete data with these statistics."""

    def sample(self, rng: np.random.Generator, /) -> Any:
        """Draw a model.

        Parameters
        ----------
        rng : numpy.random.Generator
            The source of randomness.

        Returns
        -------
        model

        Examples
        --------
        >>> from companion.conjugate import PoissonMixtureLaw
        >>> PoissonMixtureLaw([1], 4e8, 1e8).sample(np.random.default_rng(1)).rates.round(1)
        array([4.])
        """


class Model(Protocol):
    """What :func:`sample` needs of a model: the E-step by a draw."""

    def sample_statistics(self, *data: Any, rng: np.random.Generator) -> Any:
        """Draw what is hidden, and return the statistics of the complete data."""


M = TypeVar("M", bound=Model)


@dataclass(frozen=True, eq=False)
class Chains(Generic[M]):
    """Draws from a posterior: several chains of models, each of which began elsewhere.

    Attributes
    ----------
    models : tuple of tuples
        ``models[c][t]`` is draw t of chain c.
    """

    models: tuple[tuple[M, ...], ...]

    def trace(self, function: Callable[[M], ArrayLike]) -> Floats:
        """Evaluate a function at every draw.

        Parameters
        ----------
        function
            Of a model: a number, or an array of always the same shape.

        Returns
        -------
        ndarray of shape (n_chains, n_draws, ...)

        Raises
        ------
        ValueError
            If the function returns something else than finite numbers.

        Examples
        --------
        >>> from companion.poissons import PoissonMixture
        >>> model = PoissonMixture([1.0], [3.0])
        >>> Chains(((model, model),)).trace(lambda m: m.rates[0])
        array([[3., 3.]])
        """
        values: Any = [[function(model) for model in chain] for chain in self.models]
        return _check.finite(values, "the values of function")

    def summary(self, **functions: Callable[[M], ArrayLike]) -> pd.DataFrame:
        """Summarise numbers that depend on the parameters: what they are, and how well known.

        Parameters
        ----------
        **functions
            From a model to a number, by name.

        Returns
        -------
        DataFrame
            One row for each function: posterior ``mean`` and ``sd``, ends ``from`` and ``to`` of
            the central 95 % interval, Monte Carlo error ``mcse`` of the mean, effective sample
            sizes ``ess_bulk`` and ``ess_tail``, and ``r_hat``.

        Raises
        ------
        ValueError
            As :func:`companion.convergence.effective_sample_size`.

        Examples
        --------
        >>> from companion.conjugate import PoissonMixtureLaw
        >>> from companion.poissons import PoissonMixture
        >>> start, prior = PoissonMixture([1.0], [3.0]), PoissonMixtureLaw([1.0], [1.0], [1.0])
        >>> chains = sample(start, [2, 5, 4], prior=prior, rng=np.random.default_rng(1))
        >>> table = chains.summary(rate=lambda m: m.rates[0])  # the posterior is Gamma(12, 4)
        >>> table["mean"].round(1).item(), table["sd"].round(1).item()
        (3.0, 0.9)
        """
        import pandas as pd

        rows = {}
        for name, function in functions.items():
            draws = self.trace(function)
            sd = float(draws.std(ddof=1))
            low, high = np.quantile(draws, [0.025, 0.975]).tolist()
            rows[name] = {
                "mean": float(draws.mean()),
                "sd": sd,
                "from": low,
                "to": high,
                "mcse": sd / np.sqrt(effective_sample_size(draws, "mean")),
                "ess_bulk": effective_sample_size(draws),
                "ess_tail": effective_sample_size(draws, "tail"),
                "r_hat": r_hat(draws),
            }
        return pd.DataFrame(rows).T


def sample(
    model: M | Sequence[M],
    *data: Any,
    prior: Law,
    rng: np.random.Generator,
    n_draws: int = 1_000,
    n_chains: int = 4,
    n_warmup: int = 500,
    progress: bool = False,
) -> Chains[M]:
    r"""Draw models from their posterior by Gibbs sampling.

    .. math::

        z_t \sim p(z \mid x, \theta_t), \qquad
        \theta_{t+1} \sim p(\theta \mid x, z_t) \propto p(\theta) \, p(x, z_t \mid \theta)

    Parameters
    ----------
    model
        The start: a model with ``sample_statistics(*data, rng=rng)``; or `n_chains` of them, one
        for each chain.
    *data
        Handed to ``model.sample_statistics`` as it is.
    prior
        A law of the parameters, such as those of :mod:`companion.conjugate`: ``prior +
        statistics`` is their law given complete data, and its ``sample(rng)`` draws a model.
    rng : numpy.random.Generator
        The source of randomness. Every chain has a stream of its own, spawned from it: the same
        seed gives the same draws, and a chain does not depend on how many there are.
    n_draws : int >= 10
        Draws of each chain that are kept.
    n_chains : int >= 1
        How many chains. One chain cannot show that it is stuck.
    n_warmup : int >= 0
        Draws of each chain that come first and are thrown away.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Chains

    Raises
    ------
    ValueError
        If a number is out of its range, there are not `n_chains` starts, the data are not as the
        model says, or the prior does not fit the model or leaves a law without an integral.
    TypeError
        If the model or the prior lacks a method that is needed.

    Notes
    -----
    Geman and Geman (1984), *Stochastic relaxation, Gibbs distributions, and the Bayesian
    restoration of images*, IEEE Trans. PAMI 6, 721-741. Tanner and Wong (1987), *The calculation of
    posterior distributions by data augmentation*, JASA 82, 528-540. Diebolt and Robert (1994),
    *Estimation of finite mixture distributions through Bayesian sampling*, J. R. Stat. Soc. B 56,
    363-375.

    Examples
    --------
    >>> from companion.conjugate import GaussianMixtureLaw
    >>> from companion.gaussians import GaussianMixture
    >>> x = [-1.0, 0.0, 1.0, 9.0, 10.0, 11.0]
    >>> start = GaussianMixture([0.5, 0.5], means=[0, 10], covariances=[1, 1])
    >>> prior = GaussianMixtureLaw.weak(x, 2)
    >>> chains = sample(start, x, prior=prior, rng=np.random.default_rng(1), n_draws=200)
    >>> chains.trace(lambda m: m.means[:, 0].max()).shape
    (4, 200)
    """
    n_draws = _check.count(n_draws, "n_draws", at_least=FEWEST)
    n_chains = _check.count(n_chains, "n_chains")
    n_warmup = _check.count(n_warmup, "n_warmup", at_least=0)
    rng = _check.generator(rng)
    starts = list(model) if isinstance(model, Sequence) else [model] * n_chains
    if len(starts) != n_chains:
        raise ValueError(f"model holds {len(starts)} starts, but n_chains = {n_chains}")
    for start in starts:
        em._needs(start, "Gibbs sampling", "sample_statistics")
    em._needs(prior, "Gibbs sampling", "sample", "__add__")
    bar: Any = None
    if progress:
        from tqdm.auto import tqdm

        bar = tqdm(total=n_chains * (n_warmup + n_draws), unit="draw", leave=False)
    chains = []
    try:
        for start, own in zip(starts, rng.spawn(n_chains), strict=True):
            here, chain = cast(Any, start), []
            for t in range(n_warmup + n_draws):
                statistics = here.sample_statistics(*data, rng=own)
                here = em._given(prior, statistics, here).sample(own)
                if t >= n_warmup:
                    chain.append(here)
                if bar is not None:
                    bar.update()
            chains.append(tuple(chain))
    finally:
        if bar is not None:
            bar.close()
    return Chains(tuple(chains))
