"""What the companion costs: run with `make bench`; prints tables and writes them as JSON.

`python benchmarks/bench.py mixtures rats` measures only these parts and keeps the others. Each
comparison starts from the same parameters, makes the same number of steps, alternates the two
programs, takes medians, and asserts that the results are equal before a time is reported. The table
of the companion's page is written from the JSON.
"""

import datetime as dt
import importlib.metadata
import importlib.util
import itertools
import json
import os
import platform
import shutil
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
from companion.conjugate import GaussianMixtureLaw
from companion.convergence import effective_sample_size
from companion.empirical_bayes import fit_evidence
from companion.full_bayes import full_bayes
from companion.gaussians import GaussianMixture
from companion.hierarchical import BetaBinomial, GammaPoisson, NormalNormal
from companion.sampling import sample

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results.json"
PAGE = ROOT / "book" / "companion.md"
MARKS = "<!-- written by make bench -->", "<!-- end of what make bench writes -->"
THETA_71, MEAN = 0.2108568398, 0.1442973055  # the rats' exact E(theta_71), E(alpha/(alpha+beta))


# ---------------------------------------------------------------------------------- tools


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


def environment():
    """Variables of a fresh process that may keep its bytecode, as everybody's does."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def machine(*packages):
    """Where and when a part was measured, and with what."""
    model = "unknown processor"
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((s.split(":")[1].strip() for s in lines if s.startswith("model name")), model)
    return {
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "processor": f"{model}, {os.cpu_count()} cores",
        "system": platform.system(),
        "Python": platform.python_version(),
    } | {
        name: importlib.metadata.version(name)
        for name in packages
        if importlib.util.find_spec(name.replace("scikit-learn", "sklearn").replace("-", "_"))
    }


# ------------------------------------------------------------------------------- mixtures


def separated(N, D, K):
    """Points of K clusters, and where both programs start."""
    rng = np.random.default_rng(N + D)
    means = rng.normal(0, 3, (K, D))
    x = means[rng.integers(K, size=N)] + rng.normal(size=(N, D))
    return x, GaussianMixture(np.full(K, 1 / K), means + 0.3, [np.eye(D)] * K)


def sklearn_fit(x, start, **options):
    """Let scikit-learn climb from the same start."""
    other = Sklearn(
        start.n_components, reg_covar=0, weights_init=start.weights, means_init=start.means,
        precisions_init=np.linalg.inv(start.covariances), **options,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return other.fit(x)


def pomegranate_fit(x, start, n_steps):
    """Let pomegranate climb from the same start, in double precision."""
    import torch
    from pomegranate.distributions import Normal
    from pomegranate.gmm import GeneralMixtureModel

    parts = [
        Normal(torch.tensor(m), torch.tensor(c), covariance_type="full")
        for m, c in zip(start.means, start.covariances, strict=True)
    ]
    model = GeneralMixtureModel(
        parts, priors=torch.tensor(start.weights), max_iter=n_steps, tol=-np.inf
    )
    return model.fit(torch.tensor(x))


def floor(N, D, K):
    """Milliseconds that a step would take if only exp, passes over arrays, or products took time.

    One step reads and writes the (K, N) logarithms 10 times beside exp, and the (K, D, N)
    coordinates 5 times; products are the whitening and half of the scatter. Five steps are six
    E-steps, for both programs.
    """
    a, b = np.full(8192, -1.5), np.empty(8192)
    square = np.random.default_rng(1).random((1000, 1000))
    exp, one_pass = (
        min(median_times(f, repeats=50) for _ in range(3))[0] / 8192
        for f in (lambda: np.exp(a, out=b), lambda: np.add(a, b, out=b))
    )
    flop = min(median_times(lambda: square @ square) for _ in range(3))[0] / 2e9
    e_steps = 1e3 * 6 / 5 * N * K
    return {
        "exp_ms": e_steps * exp,
        "passes_ms": e_steps * one_pass * (10 + 5 * D),
        "products_ms": e_steps * flop * 3 * D**2 if D > 1 else 0.0,
    }


def mixtures(n_steps=5):
    """EM for full covariances, per step, against scikit-learn from the same start."""
    rows = []
    pomegranate = importlib.util.find_spec("pomegranate") is not None
    sizes = [(10**4, 1, 3), (10**6, 1, 3), (10**5, 2, 3), (2 * 10**5, 10, 8), (10**5, 50, 10)]
    for N, D, K in sizes:
        x, start = separated(N, D, K)

        def ours(x=x, start=start):
            return em.fit(start, x, tol=0, max_iter=n_steps).model

        def theirs(x=x, start=start):
            return sklearn_fit(x, start, tol=0, max_iter=n_steps)

        one, other = ours(), theirs()
        for mine, its in zip(
            (one.weights, one.means, one.covariances),
            (other.weights_, other.means_, other.covariances_),
            strict=True,
        ):
            np.testing.assert_allclose(mine, its, rtol=1e-10, atol=1e-10)
        if pomegranate:
            import torch

            def third(x=x, start=start):
                return pomegranate_fit(x, start, n_steps)

            means = np.array([part.means.numpy() for part in third().distributions])
            np.testing.assert_allclose(means, one.means, atol=1e-4)  # its constants are rounded
        for threads in (1, 2):
            with threadpool_limits(threads):
                bounds = floor(N, D, K)
                a, b = median_times(ours, theirs, repeats=3 if N * D > 2 * 10**6 else 7)
                row = {
                    "points": N, "dimensions": D, "components": K, "threads": threads,
                    "companion_ms": 1e3 * a / n_steps, "scikit_learn_ms": 1e3 * b / n_steps,
                    "ratio": b / a, "data_mb": x.nbytes / 1e6, "companion_mb": peak(ours),
                    "scikit_learn_mb": peak(theirs),
                } | bounds  # fmt: skip
                if pomegranate:  # in a turn of its own: its threads go on waiting for work
                    torch.set_num_threads(threads)
                    (c,) = median_times(third, repeats=3)
                    row["pomegranate_ms"] = 1e3 * c / n_steps
            rows.append(row)
            print(row, flush=True)
    return rows


def converged(tol=1e-6):
    """EM until a step gains less than a millionth of a nat, with and without acceleration."""
    rows = []
    for N, D, K in [(10**4, 1, 3), (10**5, 2, 3), (2 * 10**5, 10, 8)]:
        x, start = separated(N, D, K)
        runs = {}

        def ours(acceleration, x=x, start=start, runs=runs):
            runs[acceleration] = em.fit(start, x, tol=tol, acceleration=acceleration)

        def theirs(x=x, start=start, runs=runs):
            runs["sklearn"] = sklearn_fit(x, start, tol=tol / len(x), max_iter=10_000)

        plain, fast, other = median_times(
            lambda ours=ours: ours(None), lambda ours=ours: ours("squarem"), theirs, repeats=3
        )
        found = runs["sklearn"].score(x) * N
        for acceleration in (None, "squarem"):
            assert abs(runs[acceleration].log_likelihood - found) < 1e-3
        rows.append(
            {
                "points": N, "dimensions": D, "components": K,
                "plain_s": plain, "plain_steps": runs[None].n_iter,
                "squarem_s": fast, "squarem_steps": runs["squarem"].n_iter,
                "scikit_learn_s": other, "scikit_learn_steps": int(runs["sklearn"].n_iter_),
            }
        )  # fmt: skip
        print(rows[-1], flush=True)
    return rows


# ---------------------------------------------------------------------------- populations


def populations():
    """Evidence and type-2 maximum likelihood of the three populations."""
    rows = []
    for J in (71, 3_000, 10**6):
        repeats = 5 if J > 10**4 else 21
        rng = np.random.default_rng(J)
        n = rng.integers(10, 50, J)
        y = rng.binomial(n, rng.beta(2, 14, J))
        e = rng.uniform(1e4, 1e6, J)
        deaths = rng.poisson(e * rng.gamma(20, 1 / 4.3e5, J))
        s = rng.uniform(5, 20, J)
        effects = rng.normal(8, np.hypot(s, 10))

        def minus(v, y=y, n=n):
            a, b = BetaBinomial.from_coordinates(v)
            return -(special.betaln(a + y, b + n - y) - special.betaln(a, b)).sum()

        def beta_binomial(y=y, n=n):
            return fit_evidence(BetaBinomial, y, n).population.to_vector()

        def by_scipy(minus=minus):
            return optimize.minimize(minus, [-1.5, 2.0], method="L-BFGS-B").x

        np.testing.assert_allclose(beta_binomial(), by_scipy(), atol=2e-3)
        a, b = median_times(beta_binomial, by_scipy, repeats=repeats)
        row = {"units": J, "beta_binomial_ms": 1e3 * a, "scipy_ms": 1e3 * b, "ratio": b / a}

        def gamma_poisson(d=deaths, e=e):
            return fit_evidence(GammaPoisson, d, e).population

        if importlib.util.find_spec("statsmodels"):
            import statsmodels.api as sm

            def by_statsmodels(d=deaths, e=e):
                model = sm.NegativeBinomial(d, np.ones(len(d)), loglike_method="nb2", exposure=e)
                return model.fit(disp=False).params

            log_mean, dispersion = by_statsmodels()
            found = gamma_poisson()
            np.testing.assert_allclose(np.log(found.mean), log_mean, rtol=1e-6)
            np.testing.assert_allclose(1 / found.shape, dispersion, rtol=1e-3)
            c, d = median_times(gamma_poisson, by_statsmodels, repeats=repeats)
            row |= {"gamma_poisson_ms": 1e3 * c, "statsmodels_ms": 1e3 * d, "gamma_ratio": d / c}
        (f,) = median_times(
            lambda x=effects, s=s: fit_evidence(NormalNormal, x, s), repeats=repeats
        )
        row["normal_normal_ms"] = 1e3 * f
        # One value of the evidence, once the data are prepared.
        for name, kind, data, point in (
            ("beta_binomial", BetaBinomial, (y, n), BetaBinomial(2, 14)),
            ("gamma_poisson", GammaPoisson, (deaths, e), GammaPoisson(20, 4.3e5)),
            ("normal_normal", NormalNormal, (effects, s), NormalNormal(8, 10)),
        ):
            evidence, vector = kind.evidence(*data), point.to_vector()
            (v,) = median_times(lambda f=evidence.value, v=vector: f(v), repeats=repeats)
            row[f"{name}_value_ms"] = 1e3 * v
        (v,) = median_times(lambda minus=minus: minus(np.array([-1.9, 2.8])), repeats=repeats)
        row["scipy_value_ms"] = 1e3 * v
        rows.append(row)
        print(row, flush=True)
    return rows


def rats():
    """Full Bayes for the rats: the posterior, 10 000 joint draws, all intervals."""
    table = datasets.load_rats()
    y, n = table["tumors"].to_numpy(), table["rats"].to_numpy()
    posterior = full_bayes(BetaBinomial, y, n)
    assert abs(posterior.units.mean[70] - THETA_71) < 1e-9
    assert abs(posterior.expectation(lambda a, b: a / (a + b)).value - MEAN) < 1e-9
    rng = np.random.default_rng(1)
    names = "posterior_ms", "draws_ms", "intervals_ms"
    times = median_times(
        lambda: full_bayes(BetaBinomial, y, n),
        lambda: posterior.units.sample(rng, 10_000),
        posterior.units.interval,
        repeats=15,
    )
    row = dict(zip(names, (1e3 * t for t in times), strict=True))
    print(row, flush=True)
    return row


def nuts():
    """Time until NUTS has three right digits, in a fresh interpreter and again when compiled."""
    found = subprocess.run(
        [sys.executable, __file__, "--nuts"], check=True, capture_output=True, text=True
    )
    row = json.loads(found.stdout.splitlines()[-1])
    print(row, flush=True)
    return row


def nuts_alone():
    """Run NUTS until two standard errors are half a unit of the third digit, two times."""
    begin = time.perf_counter()
    import jax
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as law
    from numpyro.diagnostics import effective_sample_size

    table = datasets.load_rats()
    y, n = table["tumors"].to_numpy(), table["rats"].to_numpy()

    def model():
        logit = numpyro.sample("logit", law.ImproperUniform(law.constraints.real, (), ()))
        log_size = numpyro.sample("log_size", law.ImproperUniform(law.constraints.real, (), ()))
        prior = jax.nn.log_sigmoid(logit) + jax.nn.log_sigmoid(-logit) - log_size / 2
        numpyro.factor("prior", prior)  # (alpha + beta)^(-5/2), in these coordinates
        mean, size = numpyro.deterministic("mean", jax.nn.sigmoid(logit)), jnp.exp(log_size)
        with numpyro.plate("units", len(y)):
            theta = numpyro.sample("theta", law.Beta(mean * size, (1 - mean) * size))
            numpyro.sample("y", law.Binomial(n, theta), obs=y)

    sampler = numpyro.infer.MCMC(
        numpyro.infer.NUTS(model), num_warmup=1_000, num_samples=10_000, progress_bar=False
    )

    def until_right(seed):
        sampler.post_warmup_state = None
        key, draws = jax.random.PRNGKey(seed), []
        while True:
            sampler.run(key)
            some = sampler.get_samples()
            draws.append(np.stack([some["theta"][:, 70], some["mean"]], axis=1))
            every = np.concatenate(draws).astype(float)
            error = every.std(axis=0) / np.sqrt(effective_sample_size(every[None]))
            if (2 * error < 0.0005).all() or len(draws) == 100:
                return every.mean(axis=0), error, len(every)
            sampler.post_warmup_state = sampler.last_state
            key = sampler.last_state.rng_key

    row = {}
    for name in ("cold", "warm"):
        means, error, size = until_right(1)
        row |= {f"{name}_s": time.perf_counter() - begin, "draws": size}
        row |= {"theta_71": float(means[0]), "mean": float(means[1])}
        row |= {"theta_71_error": float(error[0]), "mean_error": float(error[1])}
        assert abs(means[0] - THETA_71) < 4 * error[0]
        assert abs(means[1] - MEAN) < 4 * error[1]
        begin = time.perf_counter()
    print(json.dumps(row))


def gibbs():
    """Four chains of 2,000 draws for Old Faithful, and NUTS on the same posterior."""
    x = datasets.load_old_faithful()[["eruption", "waiting"]].to_numpy()
    start = GaussianMixture([0.5, 0.5], [[2.0, 55], [4.5, 80]], [np.diag([0.3, 40.0])] * 2)
    prior = GaussianMixtureLaw.weak(x, 2)

    def draw():
        return sample(start, x, prior=prior, rng=np.random.default_rng(1), n_draws=2_000)

    (seconds,) = median_times(draw, repeats=3)
    share = draw().trace(lambda m: m.weights[0])
    known = effective_sample_size(share, "mean")
    row = {"gibbs_s": seconds, "gibbs_draws": share.size, "gibbs_per_s": known / seconds}
    found = subprocess.run(
        [sys.executable, __file__, "--mixture"], check=True, capture_output=True, text=True
    )
    row |= json.loads(found.stdout.splitlines()[-1])
    error = np.hypot(share.std() / np.sqrt(known), row["nuts_error"])
    assert abs(share.mean() - row["nuts_share"]) < 4 * error
    print(row, flush=True)
    return row


def mixture_by_nuts():
    """Run NUTS on the mixture with its labels summed out, and again when it is compiled."""
    begin = time.perf_counter()
    import jax
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as law
    from jax.scipy.special import logsumexp

    x = datasets.load_old_faithful()[["eruption", "waiting"]].to_numpy()
    x = (x - x.mean(axis=0)) / x.std(axis=0)  # the prior goes along with the units
    prior = GaussianMixtureLaw.weak(x, 2)

    def model():
        weights = numpyro.sample("weights", law.Dirichlet(jnp.ones(2)))
        with numpyro.plate("components", 2):
            wishart = law.Wishart(prior.degrees[0], rate_matrix=jnp.array(prior.scatters[0]))
            precision = numpyro.sample("precision", wishart)
            mean = law.MultivariateNormal(jnp.zeros(2), precision_matrix=0.01 * precision)
            mean = numpyro.sample("mean", mean)
        parts = law.MultivariateNormal(mean, precision_matrix=precision).log_prob(x[:, None])
        numpyro.factor("points", logsumexp(jnp.log(weights) + parts, axis=1).sum())

    # Both clouds have their own labels at the start, as for Gibbs.
    at = {"mean": jnp.array([[-1.2, -1.2], [0.7, 0.7]]), "weights": jnp.array([0.4, 0.6])}
    sampler = numpyro.infer.MCMC(
        numpyro.infer.NUTS(model, init_strategy=numpyro.infer.init_to_value(values=at)),
        num_warmup=500, num_samples=2_000, num_chains=4, chain_method="sequential",
        progress_bar=False,
    )  # fmt: skip
    row = {}
    for name in ("cold", "warm"):
        sampler.run(jax.random.PRNGKey(1))
        share = np.asarray(sampler.get_samples(group_by_chain=True)["weights"][..., 0], float)
        row[f"nuts_{name}_s"] = time.perf_counter() - begin
        begin = time.perf_counter()
    known = effective_sample_size(share, "mean")
    row |= {"nuts_draws": share.size, "nuts_per_s": known / row["nuts_warm_s"]}
    row |= {"nuts_share": float(share.mean()), "nuts_error": float(share.std() / np.sqrt(known))}
    print(json.dumps(row))


# --------------------------------------------------------------------------------- chunks


def piece(begin, end):
    """Points of one piece, always the same ones."""
    rng = np.random.default_rng(begin)
    size = end - begin
    return rng.normal(np.where(rng.random(size) < 0.4, -1, 2), 1)


def chunks():
    """Three EM steps over data that are generated piece by piece and never held at once."""
    import dask
    import dask.array as da

    rows = []
    start = GaussianMixture([0.5, 0.5], [-1, 2], [1, 1])
    for N in (10**4, 10**5, 10**6, 10**7, 10**8):
        cuts = [*range(0, N, min(N, 250_000)), N]

        def read(cuts=cuts):
            return (piece(a, b) for a, b in itertools.pairwise(cuts))

        def blocks(cuts=cuts):
            parts = [
                da.from_delayed(dask.delayed(piece)(a, b), (b - a,), float)
                for a, b in itertools.pairwise(cuts)
            ]
            return em.DaskChunks(da.concatenate(parts))

        def run(n_steps=3, read=read):
            return em.fit(start, em.Chunks(read), tol=0, max_iter=n_steps).model

        def run_dask(n_steps=3, blocks=blocks):
            with dask.config.set(scheduler="threads", num_workers=2):
                return em.fit(start, blocks(), tol=0, max_iter=n_steps).model

        a, b = median_times(run, run_dask, repeats=1 if N > 10**6 else 3)
        rows.append(
            {
                "points": N, "seconds": a, "dask_s": b,
                "peak_mb": peak(lambda run=run: run(1)), "dask_mb": peak(lambda f=run_dask: f(1)),
            }
        )  # fmt: skip
        if N <= 10**6:
            whole = em.fit(start, np.concatenate(list(read())), tol=0, max_iter=3).model
            for other in (run(), run_dask()):
                np.testing.assert_allclose(other.to_vector(), whole.to_vector(), rtol=1e-10)
        print(rows[-1], flush=True)
    return rows


# ------------------------------------------------------------------------- imports, book


def imports():
    """Seconds to import in a fresh interpreter, beyond what the interpreter itself takes."""
    names = [
        "pass",
        "import numpy",
        "import numpy, scipy.special, scipy.linalg",
        "import companion",
        "from companion import datasets",
        "from companion import em, mixtures, hierarchical",
        "from companion import empirical_bayes",
        "from companion import exchangeability",
        "from companion import plotting",
        "import sklearn.mixture",
    ]
    programs = [
        lambda name=name: subprocess.run(
            [sys.executable, "-c", name], check=True, env=environment(), cwd=ROOT
        )
        for name in names
    ]
    for program in programs:  # compile to bytecode once
        program()
    times = dict(zip(names, median_times(*programs, repeats=15), strict=True))
    bare = times.pop("pass")
    rows = {name: seconds - bare for name, seconds in times.items()}
    print(rows, flush=True)
    return rows


def chapters():
    """Seconds to execute each chapter by itself, and all of them on two cores."""
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    books = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "book").glob("[0-9]*.ipynb"))
    rows = {}
    runs = {name: [name] for name in books} | {"all": ["-n", "2", *books]}
    for name, arguments in runs.items():
        command = [*tests, *arguments]
        (rows[name],) = median_times(
            lambda c=command: subprocess.run(
                c, check=True, cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL
            ),
            repeats=1,
        )
        print(name, rows[name], flush=True)
    return rows


def book():
    """Seconds to build the site from clean and again, and the size of its pages."""
    for name in ("html", ".doctrees", ".jupyter_cache"):
        shutil.rmtree(ROOT / "_build" / name, ignore_errors=True)

    def build():
        subprocess.run(
            ["make", "book"], check=True, cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL
        )

    (clean,) = median_times(build, repeats=1)
    (again,) = median_times(build, repeats=1)
    # The same with one page touched: what a writer waits for.
    (ROOT / "book" / "index.md").touch()
    (touched,) = median_times(build, repeats=1)
    pages = sorted((ROOT / "_build" / "html" / "book").glob("*.html"))
    sizes = {path.name: path.stat().st_size / 1e3 for path in pages}
    row = {"clean_s": clean, "again_s": again, "touched_s": touched, "pages_kb": sizes}
    print(row, flush=True)
    return row


# ---------------------------------------------------------------------------------- table

PARTS = {
    "imports": (imports, ["numpy", "scipy", "scikit-learn"]),
    "mixtures": (mixtures, ["numpy", "scipy", "scikit-learn", "pomegranate", "torch"]),
    "converged": (converged, ["numpy", "scipy", "scikit-learn"]),
    "populations": (populations, ["numpy", "scipy", "statsmodels"]),
    "rats": (rats, ["numpy", "scipy"]),
    "nuts": (nuts, ["numpyro", "jax"]),
    "gibbs": (gibbs, ["numpy", "numpyro", "jax"]),
    "chunks": (chunks, ["numpy", "dask"]),
    "chapters": (chapters, ["nbmake"]),
    "book": (book, ["jupyter-book", "sphinx"]),
}


def figure(value):
    """Three digits, without powers of ten."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def rows_of(header, lines):
    """Render one table as Markdown: a header, and lists of cells."""
    rule = "|" + "---|" * header.count("|")
    return [f"| {header}", rule, *(f"| {' | '.join(cells)} |" for cells in lines)]


def machines(found):
    """Say where the parts were measured: once for all parts of one day and one environment."""
    groups, versions = {}, {}
    for part, block in found["machines"].items():
        where = block["date"], block["processor"], block["system"], block["Python"]
        groups.setdefault(where, []).append(part)
        versions |= {k: v for k, v in block.items() if k not in ("date", "processor", "system")}
    places = "; ".join(
        f"{', '.join(parts)}: {date}" if len(groups) > 1 else date
        for (date, *_), parts in groups.items()
    )
    computers = "; ".join(sorted({f"{w[1]}, {w[2]}" for w in groups}))
    packages = ", ".join(f"{name} {version}" for name, version in versions.items())
    return (
        f"Measured on {places} ({computers}; {packages}) by `make bench`, which asserts that both "
        "sides give the same result before it reports a time. The machine is shared, and other "
        "work on it can double a time; the programs of one row are run in turns, with one "
        "BLAS thread where nothing else is said."
    )


def table(found):
    """Render the results as Markdown."""
    ms = lambda value: f"{figure(value)} ms"  # noqa: E731
    lines = [machines(found), ""]
    names = "companion | scikit-learn | ratio"
    pomegranate = all("pomegranate_ms" in r for r in found["mixtures"])
    body = []
    for r in found["mixtures"]:
        parts = {k: r[f"{k}_ms"] for k in ("exp", "passes", "products")}
        binds = max(parts, key=parts.get)
        body.append(
            [
                f"N = {r['points']:,}, D = {r['dimensions']}, K = {r['components']}",
                f"{r['threads']}", ms(r["companion_ms"]), ms(r["scikit_learn_ms"]),
                f"{r['ratio']:.1f}",
                *([ms(r["pomegranate_ms"])] if pomegranate else []),
                f"{figure(r['companion_mb'])} / {figure(r['scikit_learn_mb'])} MB",
                f"{binds}, {r['companion_ms'] / sum(parts.values()):.1f}",
            ]
        )  # fmt: skip
    lines += rows_of(
        f"EM for a mixture, one step, full covariances | threads | {names} | "
        + ("pomegranate | " if pomegranate else "")
        + "peak memory beyond the data, companion / scikit-learn | what binds, times the floor |",
        body,
    )
    lines += [
        "",
        "The floor is what a step would take if nothing but its `exp`, its passes over arrays in "
        "the cache (10 over the logarithms, 5 over the coordinates) and its matrix products took "
        "time, each at the speed measured in the same run; the largest of the three binds. The "
        "rest is calls (most of it at N = 10,000), memory that has left the cache, and products of "
        "small matrices, which do not reach the speed of large ones.",
        "",
    ]
    lines += rows_of(
        "EM until a step gains < 0.000001 nats | companion | with SQUAREM | scikit-learn |",
        [
            [
                f"N = {r['points']:,}, D = {r['dimensions']}, K = {r['components']}",
                *(
                    f"{figure(r[f'{k}_s'])} s, {r[f'{k}_steps']:,} steps"
                    for k in ("plain", "squarem", "scikit_learn")
                ),
            ]
            for r in found["converged"]
        ],
    )
    lines += [""]
    lines += rows_of(
        "type-2 maximum likelihood | beta-binomial | by L-BFGS on log-gamma functions | ratio "
        "| gamma-Poisson | statsmodels | ratio | normal-normal |",
        [
            [
                f"{r['units']:,} units",
                ms(r["beta_binomial_ms"]), ms(r["scipy_ms"]), f"{r['ratio']:.1f}",
                ms(r["gamma_poisson_ms"]), ms(r["statsmodels_ms"]), f"{r['gamma_ratio']:.1f}",
                ms(r["normal_normal_ms"]),
            ]
            for r in found["populations"]
        ],
    )  # fmt: skip
    lines += [""]
    lines += rows_of(
        "one value of the log evidence | beta-binomial | by log-gamma functions | gamma-Poisson "
        "| normal-normal |",
        [
            [f"{r['units']:,} units"]
            + [
                ms(r[f"{k}_value_ms"])
                for k in ("beta_binomial", "scipy", "gamma_poisson", "normal_normal")
            ]
            for r in found["populations"]
        ],
    )
    r, s = found["rats"], found["nuts"]
    lines += [""]
    lines += rows_of(
        "full Bayes for the rats | time |",
        [
            ["posterior of the hyperparameters, to nine digits", ms(r["posterior_ms"])],
            ["10,000 joint draws of all rates", ms(r["draws_ms"])],
            ["71 intervals", ms(r["intervals_ms"])],
            [
                f"NUTS (NumPyro), three digits, {s['draws']:,} draws, from a fresh interpreter",
                f"{figure(s['cold_s'])} s",
            ],
            ["the same when all is compiled", f"{figure(s['warm_s'])} s"],
            [
                "NUTS when compiled, relative to the posterior above",
                figure(1e3 * s["warm_s"] / r["posterior_ms"]),
            ],
        ],
    )
    lines += [
        "",
        "Three digits: two standard errors of $\\mathrm{E}[\\theta_{71}]$ and of "
        "$\\mathrm{E}[\\alpha / (\\alpha + \\beta)]$ are below 0.0005. They are not counted on "
        "$\\mathrm{E}[\\alpha]$ and $\\mathrm{E}[\\beta]$: under this hyperprior they are "
        "infinite (Chapter 10).",
        "",
    ]
    r = found["gibbs"]
    lines += rows_of(
        "two components for Old Faithful, four chains of 2,000 draws | time | effective draws of "
        "the share, per second |",
        [
            ["Gibbs", f"{figure(r['gibbs_s'])} s", figure(r["gibbs_per_s"])],
            [
                "NUTS (NumPyro), labels summed out, when compiled",
                f"{figure(r['nuts_warm_s'])} s", figure(r["nuts_per_s"]),
            ],
            ["the same from a fresh interpreter", f"{figure(r['nuts_cold_s'])} s", ""],
        ],
    )  # fmt: skip
    lines += [""]
    lines += rows_of(
        "EM over pieces, three steps | `Chunks` | peak memory | `DaskChunks`, two threads "
        "| peak memory |",
        [
            [
                f"{r['points']:,} points",
                f"{r['seconds']:.2g} s", f"{figure(r['peak_mb'])} MB",
                f"{r['dask_s']:.2g} s", f"{figure(r['dask_mb'])} MB",
            ]
            for r in found["chunks"]
        ],
    )  # fmt: skip
    lines += [""]
    lines += rows_of(
        "import | seconds above bare Python |",
        [[f"`{name}`", f"{max(seconds, 0):.2f}"] for name, seconds in found["imports"].items()],
    )
    sizes = found["book"]["pages_kb"]
    body = [
        [Path(name).stem, f"{seconds:.1f} s", f"{figure(sizes[f'{Path(name).stem}.html'])} kB"]
        for name, seconds in found["chapters"].items()
        if name != "all"
    ]
    others = {k: v for k, v in sizes.items() if k[:2].strip("0123456789")}
    body += [[Path(name).stem, "", f"{figure(size)} kB"] for name, size in others.items()]
    lines += [""]
    lines += rows_of("page | executed under nbmake, by itself | size |", body)
    b = found["book"]
    lines += [""]
    lines += rows_of(
        "the whole book | time |",
        [
            ["all chapters under nbmake, two at a time", f"{found['chapters']['all']:.0f} s"],
            ["`make book` from clean", f"{b['clean_s']:.0f} s"],
            ["again, nothing changed", f"{b['again_s']:.2g} s"],
            ["again, one page touched", f"{b['touched_s']:.2g} s"],
        ],
    )
    return "\n".join(lines)


def write_page(found):
    """Put the tables between their marks in the companion's page."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(MARKS[0])
    _, after = rest.split(MARKS[1])
    page = f"{before}{MARKS[0]}\n\n{table(found)}\n\n{MARKS[1]}{after}"
    PAGE.write_text(page, encoding="utf-8")


def main(parts):
    """Measure these parts, or all, and write them beside those measured before."""
    found = json.loads(RESULTS.read_text(encoding="utf-8"))
    for part in parts or PARTS:
        measure, packages = PARTS[part]
        # A second thread only waits for matrices as small as these; mixtures ask for both.
        with threadpool_limits(1):
            found[part] = measure()
        found["machines"][part] = machine(*packages)
        RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if found.keys() >= PARTS.keys():
        write_page(found)
        print(table(found))


if __name__ == "__main__":
    alone = {"--nuts": nuts_alone, "--mixture": mixture_by_nuts}
    alone.get("".join(sys.argv[1:]), lambda: main(sys.argv[1:]))()
