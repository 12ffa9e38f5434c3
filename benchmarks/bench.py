"""What the companion costs: run with `make bench`; prints tables and writes them as JSON.

Each comparison starts from the same parameters, makes the same number of steps, alternates the two
programs, takes medians, and asserts that the results are equal before a time is reported. The table
of the companion's page is written from the JSON.
"""

import datetime as dt
import json
import platform
import subprocess
import sys
import time
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
from scipy import optimize, special
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as Sklearn
from threadpoolctl import threadpool_limits

from companion import datasets, em
from companion.empirical_bayes import fit_evidence, full_bayes
from companion.hierarchical import BetaBinomial, GammaPoisson
from companion.mixtures import GaussianMixture

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results.json"
PAGE = ROOT / "book" / "companion.md"
MARKS = "<!-- written by make bench -->", "<!-- end of what make bench writes -->"


def median_times(*programs, repeats=5):
    """Median seconds of each program, run in turns."""
    times = [[] for _ in programs]
    for _ in range(repeats):
        for program, mine in zip(programs, times, strict=True):
            begin = time.perf_counter()
            program()
            mine.append(time.perf_counter() - begin)
    return [float(np.median(t)) for t in times]


def peak(program):
    """Peak memory in megabytes that Python allocates while the program runs."""
    tracemalloc.start()
    program()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found / 1e6


def mixtures(n_steps=5):
    """EM for full covariances, per step, against scikit-learn from the same start."""
    rows = []
    sizes = [(10**4, 1, 3), (10**6, 1, 3), (10**5, 2, 3), (2 * 10**5, 10, 8), (10**5, 50, 10)]
    for N, D, K in sizes:
        rng = np.random.default_rng(N + D)
        means = rng.normal(0, 3, (K, D))
        x = means[rng.integers(K, size=N)] + rng.normal(size=(N, D))
        start = GaussianMixture(np.full(K, 1 / K), means + 0.3, [np.eye(D)] * K)

        def ours(start=start, x=x):
            return em.fit(start, x, tol=0, max_iter=n_steps).model

        def theirs(K=K, D=D, means=means, x=x):
            other = Sklearn(
                K, tol=0, reg_covar=0, max_iter=n_steps, weights_init=np.full(K, 1 / K),
                means_init=means + 0.3, precisions_init=[np.eye(D)] * K,
            )  # fmt: skip
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                return other.fit(x)

        np.testing.assert_allclose(ours().means, theirs().means_, rtol=1e-8, atol=1e-8)
        for threads in (1, 2):
            with threadpool_limits(threads):
                a, b = median_times(ours, theirs, repeats=3 if N * D > 10**6 else 5)
            rows.append(
                {
                    "points": N, "dimensions": D, "components": K, "threads": threads,
                    "companion_ms": 1e3 * a / n_steps, "scikit_learn_ms": 1e3 * b / n_steps,
                    "ratio": b / a, "data_mb": x.nbytes / 1e6, "companion_mb": peak(ours),
                    "scikit_learn_mb": peak(theirs),
                }
            )  # fmt: skip
            print(rows[-1], flush=True)
    return rows


def populations():
    """Type-2 maximum likelihood: Newton on sums of logs, against L-BFGS on log-gamma functions."""
    rows = []
    for J in (71, 3_000, 10**6):
        rng = np.random.default_rng(J)
        n = rng.integers(10, 50, J)
        y = rng.binomial(n, rng.beta(2, 14, J))

        def minus(v, y=y, n=n):
            a, b = BetaBinomial.from_coordinates(v)
            return -(special.betaln(a + y, b + n - y) - special.betaln(a, b)).sum()

        def newton(y=y, n=n):
            return fit_evidence(BetaBinomial, y, n).population.to_vector()

        def quasi_newton(minus=minus):
            return optimize.minimize(minus, [-1.5, 2.0], method="L-BFGS-B").x

        np.testing.assert_allclose(newton(), quasi_newton(), atol=2e-3)
        a, b = median_times(newton, quasi_newton, repeats=3)
        e = rng.uniform(1e4, 1e6, J)
        deaths = rng.poisson(e * rng.gamma(20, 1 / 4.3e5, J))
        (c,) = median_times(lambda e=e, d=deaths: fit_evidence(GammaPoisson, d, e), repeats=3)
        rows.append(
            {"units": J, "beta_binomial_ms": 1e3 * a, "scipy_ms": 1e3 * b, "ratio": b / a,
             "gamma_poisson_ms": 1e3 * c}
        )  # fmt: skip
        print(rows[-1], flush=True)
    return rows


def rats():
    """Full Bayes for the rats: the posterior, 10 000 joint draws, all intervals."""
    table = datasets.load_rats()
    y, n = table["tumors"].to_numpy(), table["rats"].to_numpy()
    posterior = full_bayes(BetaBinomial, y, n)
    assert abs(posterior.unit_mean[70] - 0.2108568398) < 1e-9
    rng = np.random.default_rng(1)
    names = "posterior_ms", "draws_ms", "intervals_ms"
    times = median_times(
        lambda: full_bayes(BetaBinomial, y, n),
        lambda: posterior.sample_units(rng, 10_000),
        posterior.unit_interval,
    )
    row = dict(zip(names, (1e3 * t for t in times), strict=True))
    print(row, flush=True)
    return row


def chunks():
    """Three EM steps over data that are generated piece by piece and never held at once."""
    rows = []
    start = GaussianMixture([0.5, 0.5], [-1, 2], [1, 1])
    for N in (10**4, 10**5, 10**6, 10**7):

        def read(N=N):
            for k in range(0, N, 50_000):
                rng = np.random.default_rng(k)
                size = min(50_000, N - k)
                yield rng.normal(np.where(rng.random(size) < 0.4, -1, 2), 1)

        def run(read=read):
            return em.fit(start, em.Chunks(read), tol=0, max_iter=3).model

        (seconds,) = median_times(run, repeats=1)
        rows.append({"points": N, "seconds": seconds, "peak_mb": peak(run)})
        if N <= 10**6:
            whole = em.fit(start, np.concatenate(list(read())), tol=0, max_iter=3).model
            np.testing.assert_allclose(run().to_vector(), whole.to_vector(), rtol=1e-10)
        print(rows[-1], flush=True)
    return rows


def imports():
    """Seconds to import in a fresh interpreter, beyond what the interpreter itself takes."""
    rows = {}
    for name in ("pass", "import companion", "from companion import em, mixtures",
                 "from companion import empirical_bayes"):  # fmt: skip
        command = [sys.executable, "-c", name]
        (rows[name],) = median_times(lambda c=command: subprocess.run(c, check=True))
    bare = rows.pop("pass")
    return {name: seconds - bare for name, seconds in rows.items()}


def machine():
    """Where and when this was measured."""
    import scipy
    import sklearn

    model = "unknown processor"
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((s.split(":")[1].strip() for s in lines if s.startswith("model name")), model)
    return {
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(), "processor": model,
        "system": platform.system(), "python": platform.python_version(),
        "numpy": np.__version__, "scipy": scipy.__version__, "scikit_learn": sklearn.__version__,
    }  # fmt: skip


def figure(value):
    """Three digits, without powers of ten."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def table(found):
    """Render the results as Markdown."""
    m = found["machine"]
    lines = [
        f"Measured on {m['date']} ({m['processor']}, {m['system']}; Python {m['python']}, NumPy "
        f"{m['numpy']}, SciPy {m['scipy']}, scikit-learn {m['scikit_learn']}) by `make bench`, "
        "which asserts that both sides give the same result before it reports a time.",
        "",
        "| EM for a mixture, one step, full covariances | threads | companion | scikit-learn "
        "| ratio | peak memory beyond the data, companion | scikit-learn |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| N = {r['points']:,}, D = {r['dimensions']}, K = {r['components']} | {r['threads']} "
        f"| {figure(r['companion_ms'])} ms | {figure(r['scikit_learn_ms'])} ms | {r['ratio']:.1f} "
        f"| {figure(r['companion_mb'])} MB | {figure(r['scikit_learn_mb'])} MB |"
        for r in found["mixtures"]
    ]
    lines += [
        "",
        "| type-2 maximum likelihood | beta-binomial | the same by L-BFGS on log-gamma functions "
        "| ratio | gamma-Poisson |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {r['units']:,} units | {figure(r['beta_binomial_ms'])} ms | {figure(r['scipy_ms'])} ms "
        f"| {r['ratio']:.1f} | {figure(r['gamma_poisson_ms'])} ms |"
        for r in found["populations"]
    ]
    r = found["rats"]
    lines += [
        "",
        "| full Bayes for the rats, to nine digits | time |",
        "|---|---|",
        f"| posterior of the hyperparameters | {figure(r['posterior_ms'])} ms |",
        f"| 10,000 joint draws of all rates | {figure(r['draws_ms'])} ms |",
        f"| 71 intervals | {figure(r['intervals_ms'])} ms |",
        "",
        "| EM over chunks, three steps | time | peak memory |",
        "|---|---|---|",
    ]
    lines += [
        f"| {r['points']:,} points | {r['seconds']:.2g} s | {figure(r['peak_mb'])} MB |"
        for r in found["chunks"]
    ]
    lines += ["", "| import | seconds above bare Python |", "|---|---|"]
    lines += [f"| `{name}` | {max(seconds, 0):.2f} |" for name, seconds in found["imports"].items()]
    return "\n".join(lines)


def write_page(found):
    """Put the tables between their marks in the companion's page."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(MARKS[0])
    _, after = rest.split(MARKS[1])
    page = f"{before}{MARKS[0]}\n\n{table(found)}\n\n{MARKS[1]}{after}"
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    found = {
        "machine": machine(),
        "imports": imports(),
        "mixtures": mixtures(),
        "populations": populations(),
        "rats": rats(),
        "chunks": chunks(),
    }
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    write_page(found)
    print(table(found))
