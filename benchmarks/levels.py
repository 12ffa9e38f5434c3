"""Write the table of the figure `Levels`: when an extra level pays, averaged over worlds.

``python benchmarks/levels.py`` (about fifteen minutes) computes all cells anew. In every world
laboratories have means with normal log odds (location -1.8, a spread that varies from cell to
cell), five experiments each whose true rates are Beta with strength 25, and 10 to 24 rats an
experiment. Three models estimate the true rates by posterior means under the same hyperprior, that
of :func:`companion.nested_bayes.full_bayes_nested`: every laboratory alone, one population for all,
and the nested model. A row holds the root mean squared error of each, averaged over the worlds, the
Monte Carlo errors of these averages, and those of what the nested model gains on the other two in
the same worlds.
"""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from companion._check import Floats
from companion.nested_bayes import full_bayes_nested

PATH = Path(__file__).parents[1] / "companion" / "interactive" / "levels.csv"
LABORATORIES = (2, 3, 5, 8, 12, 20, 30)
SPREADS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.4)
WORLDS, EXPERIMENTS, LOCATION, STRENGTH = 400, 5, -1.8, 25.0
LOG_ODDS = np.linspace(-6, 2, 101)
COLUMNS = (
    "laboratories", "spread", "alone", "one", "nested", "error_alone", "error_one", "error_nested",
    "error_of_gain_on_alone", "error_of_gain_on_one",
)  # fmt: skip


def estimate(y: ArrayLike, n: ArrayLike, lab: ArrayLike, **nodes: ArrayLike) -> Floats:
    """Posterior means of the true rates."""
    return full_bayes_nested(y, n, lab, log_odds=LOG_ODDS, **nodes).mean


def errors(laboratories: int, spread: float, rng: np.random.Generator) -> list[float]:
    """Root mean squared errors in one world: alone, one population, nested."""
    lab = np.repeat(np.arange(laboratories), EXPERIMENTS)
    p = expit(rng.normal(LOCATION, spread, laboratories))[lab]
    theta = rng.beta(STRENGTH * p, STRENGTH * (1 - p))
    n = rng.integers(10, 25, len(lab))
    y = rng.binomial(n, theta)
    own = [lab == k for k in range(laboratories)]
    alone = np.concatenate([estimate(y[k], n[k], lab[k], scales=[0]) for k in own])
    one, nested = estimate(y, n, lab, scales=[0]), estimate(y, n, lab)
    return [float(np.sqrt(np.mean((guess - theta) ** 2))) for guess in (alone, one, nested)]


def cell(laboratories: int, spread: float, worlds: int = WORLDS, seed: int = 0) -> Floats:
    """Return one row of the table without its first two columns."""
    rng = np.random.default_rng([seed, laboratories, round(1000 * spread)])
    found = np.array([errors(laboratories, spread, rng) for _ in range(worlds)])
    gains = found[:, :2] - found[:, 2:]
    all_ = np.hstack([found, gains])
    return np.concatenate([found.mean(axis=0), all_.std(axis=0, ddof=1) / np.sqrt(worlds)])


def main() -> None:
    """Write the table."""
    with PATH.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for laboratories, spread in itertools.product(LABORATORIES, SPREADS):
            row = [f"{v:.6f}" for v in cell(laboratories, spread)]
            writer.writerow([laboratories, f"{spread:g}", *row])
            file.flush()


if __name__ == "__main__":
    main()
