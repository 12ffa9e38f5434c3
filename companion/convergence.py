"""What chains of draws are worth: do they agree, and how much do they know.

Chains that were drawn one from the other are correlated, and know less than as many independent
draws; chains that began elsewhere may not have met.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from companion import _check
from companion._check import Floats

FEWEST = 10  # draws of a chain: with fewer in a half no autocorrelation can be told


def r_hat(draws: ArrayLike) -> float:
    r"""Say how much the chains disagree: rank-normalised split R-hat, 1 if not at all.

    .. math:: \hat R = \sqrt{\frac{n - 1}{n} + \frac{B}{n W}}

    with the variance W within half chains of n draws and the variance B / n between their means;
    of normal scores of the draws' ranks, and of those of their distances from the median. The
    larger of the two is returned.

    Parameters
    ----------
    draws : array of shape (n_chains, n_draws)
        One number of every draw; shape (n_draws,) is one chain. At least ten draws in each.

    Returns
    -------
    float
        Above 1.01 the chains have not mixed. Below it they may all have missed the same region.

    Raises
    ------
    ValueError
        If `draws` is not such an array, or no draw differs from another.

    Notes
    -----
    Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), *Rank-normalization, folding, and
    localization: an improved R-hat for assessing convergence of MCMC*, Bayesian Anal. 16, 667-718,
    sections 2 and 4.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> draws = rng.normal(size=(4, 1000))
    >>> round(r_hat(draws), 2), round(r_hat(draws + [[0], [0], [0], [3]]), 1)
    (1.0, 1.5)
    """
    halves = _halves(draws)
    folded = np.abs(halves - np.median(halves))
    return max(_r_hat(_normal_scores(part)) for part in (halves, folded) if np.ptp(part) > 0)


def effective_sample_size(draws: ArrayLike, of: Literal["bulk", "tail", "mean"] = "bulk") -> float:
    r"""Say how many independent draws would know as much as these.

    .. math:: S_{\mathrm{eff}} = \frac{S}{1 + 2 \sum_{t \ge 1} \rho_t}

    with the autocorrelations :math:`\rho_t` of half chains, which count disagreement between chains
    as correlation, summed as long as pairs of them are positive and made to fall.

    Parameters
    ----------
    draws : array of shape (n_chains, n_draws)
        As in :func:`r_hat`.
    of : {"bulk", "tail", "mean"}
        Of what: ``bulk``, normal scores of the ranks; ``tail``, the worse of the two indicators of
        the lower and the upper twentieth; ``mean``, the draws as they are, for the Monte Carlo
        error of their mean.

    Returns
    -------
    float
        At most S log10(S), for chains that swing about their mean.

    Raises
    ------
    ValueError
        As :func:`r_hat`, or if `of` is unknown.

    Notes
    -----
    Vehtari et al. (2021), sections 3 and 4; the sum is that of Geyer (1992), *Practical Markov
    chain Monte Carlo*, Stat. Sci. 7, 473-483, section 3.3.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> noise = rng.normal(size=(4, 1000))
    >>> slow = np.cumsum(noise, axis=1)  # a random walk
    >>> effective_sample_size(noise) > 3000, effective_sample_size(slow) < 30
    (True, True)
    """
    halves = _halves(draws)
    if of == "bulk":
        return _effective(_normal_scores(halves))
    if of == "mean":
        return _effective(halves)
    if of != "tail":
        raise ValueError(f'of must be "bulk", "tail" or "mean", not {of!r}')
    ends = [halves <= np.quantile(_as_chains(draws), p) for p in (0.05, 0.95)]
    known = [_effective(end.astype(float)) for end in ends if not end.all()]
    return min(known, default=_effective(_normal_scores(halves)))


def autocorrelation(draws: ArrayLike) -> Floats:
    r"""Autocorrelation of chains at every lag, from 1 at lag 0.

    .. math:: \rho_t = 1 - \frac{W - \overline{c_t}}{\frac{n-1}{n} W + \frac{B}{n}}, \quad
        t \ge 1

    Parameters
    ----------
    draws : array of shape (n_chains, n_draws)
        As in :func:`r_hat`; :math:`\overline{c_t}` is the mean of the chains' autocovariances
        (divisor n), W the mean of their variances (divisor n - 1), B / n the variance of their
        means.

    Returns
    -------
    ndarray of shape (n_draws,)

    Raises
    ------
    ValueError
        As :func:`r_hat`.

    Examples
    --------
    >>> autocorrelation([1.0, -1.0] * 5)[:3].round(2)
    array([ 1.  , -1.01,  0.69])
    """
    return _autocorrelation(_as_chains(draws))


def _as_chains(draws: ArrayLike) -> Floats:
    """Return (n_chains, n_draws)."""
    array = _check.finite(draws, "draws")
    array = array[np.newaxis] if array.ndim == 1 else array
    if array.ndim != 2 or array.shape[1] < FEWEST:
        raise ValueError(
            f"draws must have shape (n_chains, n_draws) with at least {FEWEST} draws, not "
            f"{array.shape}"
        )
    return _varying(array)


def _varying(draws: Floats) -> Floats:
    """Return the draws, or raise a ``ValueError`` if none differs from another."""
    if np.ptp(draws) == 0:
        raise ValueError("draws must not all be equal: a number that does not vary has no error")
    return draws


def _halves(draws: ArrayLike) -> Floats:
    """Both halves of every chain, without the middle draw of an odd number: (2 n_chains, n)."""
    chains = _as_chains(draws)
    n = chains.shape[1] // 2
    return _varying(np.concatenate([chains[:, :n], chains[:, -n:]]))


def _normal_scores(chains: Floats) -> Floats:
    """Replace draws by normal quantiles of their ranks; equal ones share their mean rank."""
    _, place, often = np.unique(chains, return_inverse=True, return_counts=True)
    ranks = np.cumsum(often) - (often - 1) / 2
    return np.asarray(ndtri((ranks[place.reshape(chains.shape)] - 0.375) / (chains.size + 0.25)))


def _r_hat(chains: Floats) -> float:
    n = chains.shape[1]
    within = chains.var(axis=1, ddof=1).mean()
    between = chains.mean(axis=1).var(ddof=1)
    return float(np.sqrt((n - 1) / n + between / within)) if within > 0 else float("inf")


def _autocorrelation(chains: Floats) -> Floats:
    m, n = chains.shape
    off = chains - chains.mean(axis=1, keepdims=True)
    spectrum = np.fft.rfft(off, 2 * n, axis=1)
    covariances = np.fft.irfft(abs(spectrum) ** 2, 2 * n, axis=1)[:, :n].mean(axis=0) / n
    total = covariances[0] + (chains.mean(axis=1).var(ddof=1) if m > 1 else 0.0)
    rho = np.asarray(1 - (covariances[0] * n / (n - 1) - covariances) / total)
    rho[0] = 1.0
    return rho


def _effective(chains: Floats) -> float:
    """S over the autocorrelation time, by Geyer's initial monotone sequence."""
    rho = _autocorrelation(chains)
    n = len(rho) - len(rho) % 2
    pairs = rho[:n].reshape(-1, 2).sum(axis=1)
    negative = np.flatnonzero(pairs <= 0)
    stop = min(int(negative[0]) if len(negative) else n, (len(rho) - 3) // 2)
    time = 2 * np.minimum.accumulate(pairs[:stop]).sum() - 1 + max(rho[2 * stop], 0.0)
    return float(chains.size / max(time, 1 / np.log10(chains.size)))
