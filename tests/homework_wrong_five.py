"""Wrong answers to the fifth set, in the form of `homework_wrong_answers.py`.

Where an answer is drawn, a wrong law is a wrong answer, and a right one in another order is not.
"""

# A right answer: most wrong ones differ from it in one place.
R_HATS = """
def r_hats(draws):
    n = draws.shape[1] // 2
    y = np.concatenate([draws[:, :n], draws[:, -n:]])

    def one(y):
        return np.sqrt((n - 1) / n + y.mean(axis=1).var(ddof=1) / y.var(axis=1, ddof=1).mean())

    def scores(y):
        return norm.ppf((rankdata(y).reshape(y.shape) - 0.375) / (y.size + 0.25))

    return one(y), one(scores(y)), one(scores(abs(y - np.median(y))))
"""


def changed(code, *pairs):
    """Return code in which each text, which stands there once, is replaced by another."""
    for old, new in pairs:
        assert code.count(old) == 1, old
        code = code.replace(old, new)
    return code


WRONG_FIVE = {
    "q1_draw_parameters": {
        "rate for scale": (
            "scale",
            """
def draw_parameters(N, T, a, alpha, beta, rng):
    return rng.dirichlet(a + N), rng.gamma(alpha + T, beta + N)
""",
        ),
        "mean instead of a draw": (
            "draw anew|no draw",
            """
def draw_parameters(N, T, a, alpha, beta, rng):
    concentrations = a + N
    return concentrations / concentrations.sum(), (alpha + T) / (beta + N)
""",
        ),
        "prior forgotten in the weights": (
            "prior is forgotten",
            """
def draw_parameters(N, T, a, alpha, beta, rng):
    return rng.dirichlet(np.maximum(N, 1e-9)), rng.gamma(alpha + T, 1 / (beta + N))
""",
        ),
        "prior forgotten in the rates": (
            "prior is forgotten",
            """
def draw_parameters(N, T, a, alpha, beta, rng):
    rates = rng.gamma(np.maximum(T, 1e-3), 1 / np.maximum(N, 1e-3))
    return rng.dirichlet(a + N), np.maximum(rates, 1e-12)
""",
        ),
        "data forgotten": (
            "data are forgotten",
            """
def draw_parameters(N, T, a, alpha, beta, rng):
    return rng.dirichlet(a), rng.gamma(alpha, 1 / beta)
""",
        ),
        "calls counted in the weights": (
            "calls are counted",
            """
def draw_parameters(N, T, a, alpha, beta, rng):
    return rng.dirichlet(a + T), rng.gamma(alpha + T, 1 / (beta + N))
""",
        ),
        "nights and calls exchanged": (
            "exchanged",
            """
def draw_parameters(N, T, a, alpha, beta, rng):
    return rng.dirichlet(a + N), rng.gamma(alpha + N, 1 / (beta + T))
""",
        ),
        "beta does not grow": (
            "beta must grow",
            """
def draw_parameters(N, T, a, alpha, beta, rng):
    return rng.dirichlet(a + N), rng.gamma(alpha + T, 1 / beta)
""",
        ),
        "means for sums": (
            "mean of the calls",
            """
def draw_parameters(N, T, a, alpha, beta, rng):
    mean = T / np.maximum(N, 1)
    return rng.dirichlet(a + N), rng.gamma(alpha + mean, 1 / (beta + 1))
""",
        ),
        "global generator": (
            "global generator",
            """
def draw_parameters(N, T, a, alpha, beta, rng):
    return np.random.dirichlet(a + N), np.random.gamma(alpha + T, 1 / (beta + N))
""",
        ),
        "seeded inside": (
            "draw anew|seed inside",
            """
def draw_parameters(N, T, a, alpha, beta, rng):
    rng = np.random.default_rng(0)
    return rng.dirichlet(a + N), rng.gamma(alpha + T, 1 / (beta + N))
""",
        ),
        "weights not normalised": (
            "sum to",
            """
def draw_parameters(N, T, a, alpha, beta, rng):
    return rng.gamma(a + N), rng.gamma(alpha + T, 1 / (beta + N))
""",
        ),
        "one luck for all rates": (
            "rates go up and down together",
            """
def draw_parameters(N, T, a, alpha, beta, rng):
    from scipy.stats import gamma

    u = rng.random()
    return rng.dirichlet(a + N), gamma.ppf(u, alpha + T, scale=1 / (beta + N))
""",
        ),
        "luck of the weights used again for the rates": (
            "Weights and rates go",
            """
def draw_parameters(N, T, a, alpha, beta, rng):
    from scipy.stats import gamma

    g = rng.gamma(a + N)
    u = gamma.cdf(g, a + N)
    return g / g.sum(), gamma.ppf(u, alpha + T) / (beta + N)
""",
        ),
        "each weight alone, then normalised": (
            "weights have another law|not the three together|drawn one by one",
            """
def draw_parameters(N, T, a, alpha, beta, rng):
    c = a + N
    w = rng.beta(c, c.sum() - c + (len(c) == 1) * 1e-9)
    return w / w.sum(), rng.gamma(alpha + T, 1 / (beta + N))
""",
        ),
        "bell curve for the rates": (
            "positive|rates have another law",
            """
def draw_parameters(N, T, a, alpha, beta, rng):
    shape, size = alpha + T, beta + N
    return rng.dirichlet(a + N), rng.normal(shape / size, np.sqrt(shape) / size)
""",
        ),
        "alpha taken for a mean": (
            "alpha is taken for a mean",
            """
def draw_parameters(N, T, a, alpha, beta, rng):
    return rng.dirichlet(a + N), rng.gamma(alpha * beta + T, 1 / (beta + N))
""",
        ),
        "parameters in the other order": (
            "sum to.*weights come first",
            """
def draw_parameters(N, T, a, alpha, beta, rng):
    return rng.gamma(alpha + T, 1 / (beta + N)), rng.dirichlet(a + N)
""",
        ),
        "one number for one kind": (
            "For one kind, rates",
            """
def draw_parameters(N, T, a, alpha, beta, rng):
    from scipy.stats import gamma

    rates = gamma.rvs(alpha + T, scale=1 / (beta + N), random_state=rng)
    return rng.dirichlet(a + N), rates
""",
        ),
        "rates sorted": (
            "rates are sorted",
            """
def draw_parameters(N, T, a, alpha, beta, rng):
    return rng.dirichlet(a + N), np.sort(rng.gamma(alpha + T, 1 / (beta + N)))
""",
        ),
        "prior of the first kind for all": (
            "prior of the first kind",
            """
def draw_parameters(N, T, a, alpha, beta, rng):
    return rng.dirichlet(a + N), rng.gamma(alpha[0] + T, 1 / (beta[0] + N))
""",
        ),
    },
    "q2_gibbs_sweep": {
        "one maximum for all nights": (
            "surely of kinds",
            """
def gibbs_sweep(x, weights, rates, draw, rng):
    log_p = np.log(weights) + x[:, None] * np.log(rates) - rates
    p = np.exp(log_p - log_p.max())
    with np.errstate(all="ignore"):
        p /= p.sum(axis=1, keepdims=True)
    z = (rng.random((len(x), 1)) > np.cumsum(p, axis=1)[:, :-1]).sum(axis=1)
    N = np.bincount(z, minlength=len(weights))
    T = np.bincount(z, weights=x, minlength=len(weights))
    return z, *draw(N, T, rng)
""",
        ),
        "one label for equal counts": (
            "end with",
            """
def gibbs_sweep(x, weights, rates, draw, rng):
    each, where = np.unique(x, return_inverse=True)
    log_p = np.log(weights) + each[:, None] * np.log(rates) - rates
    z = (log_p + rng.gumbel(size=log_p.shape)).argmax(axis=1)[where]
    N = np.bincount(z, minlength=len(weights))
    T = np.bincount(z, weights=x, minlength=len(weights))
    return z, *draw(N, T, rng)
""",
        ),
        "the most probable kind": (
            "most probable",
            """
def gibbs_sweep(x, weights, rates, draw, rng):
    logs = np.log(weights) + np.outer(x, np.log(rates)) - rates
    z = logs.argmax(axis=1)
    K = len(weights)
    N, T = np.bincount(z, minlength=K), np.bincount(z, x, minlength=K)
    return z, *draw(N, T, rng)
""",
        ),
        "expected statistics": (
            "expected numbers",
            """
def gibbs_sweep(x, weights, rates, draw, rng):
    logs = np.log(weights) + np.outer(x, np.log(rates)) - rates
    r = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
    z = (logs + rng.gumbel(size=logs.shape)).argmax(axis=1)
    return z, *draw(r.sum(axis=0), x @ r, rng)
""",
        ),
        "weights forgotten": (
            "weights are forgotten",
            """
def gibbs_sweep(x, weights, rates, draw, rng):
    logs = np.outer(x, np.log(rates)) - rates
    z = (logs + rng.gumbel(size=logs.shape)).argmax(axis=1)
    K = len(weights)
    N, T = np.bincount(z, minlength=K), np.bincount(z, x, minlength=K)
    return z, *draw(N, T, rng)
""",
        ),
        "rate not subtracted": (
            r"exp\(-rate\) is missing|thousands|surely",
            """
def gibbs_sweep(x, weights, rates, draw, rng):
    logs = np.log(weights) + np.outer(x, np.log(rates))
    z = (logs + rng.gumbel(size=logs.shape)).argmax(axis=1)
    K = len(weights)
    N, T = np.bincount(z, minlength=K), np.bincount(z, x, minlength=K)
    return z, *draw(N, T, rng)
""",
        ),
        "labels from the new parameters": (
            "`draw` gives back|N does not count|`draw` is called",
            """
def gibbs_sweep(x, weights, rates, draw, rng):
    logs = np.log(weights) + np.outer(x, np.log(rates)) - rates
    z = (logs + rng.gumbel(size=logs.shape)).argmax(axis=1)
    K = len(weights)
    N, T = np.bincount(z, minlength=K), np.bincount(z, x, minlength=K)
    weights, rates = draw(N, T, rng)
    logs = np.log(weights) + np.outer(x, np.log(rates)) - rates
    z = (logs + rng.gumbel(size=logs.shape)).argmax(axis=1)
    return z, weights, rates
""",
        ),
        "labels drawn twice": (
            "draw the labels once",
            """
def gibbs_sweep(x, weights, rates, draw, rng):
    logs = np.log(weights) + np.outer(x, np.log(rates)) - rates
    K = len(weights)
    z = (logs + rng.gumbel(size=logs.shape)).argmax(axis=1)
    N, T = np.bincount(z, minlength=K), np.bincount(z, x, minlength=K)
    z = (logs + rng.gumbel(size=logs.shape)).argmax(axis=1)
    return z, *draw(N, T, rng)
""",
        ),
        "old parameters returned": (
            "old parameters",
            """
def gibbs_sweep(x, weights, rates, draw, rng):
    logs = np.log(weights) + np.outer(x, np.log(rates)) - rates
    z = (logs + rng.gumbel(size=logs.shape)).argmax(axis=1)
    K = len(weights)
    N, T = np.bincount(z, minlength=K), np.bincount(z, x, minlength=K)
    draw(N, T, rng)
    return z, weights, rates
""",
        ),
        "one luck for all nights": (
            "luck of its own",
            """
def gibbs_sweep(x, weights, rates, draw, rng):
    logs = np.log(weights) + np.outer(x, np.log(rates)) - rates
    r = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
    z = (rng.random() > np.cumsum(r, axis=1)[:, :-1]).sum(axis=1)
    K = len(weights)
    N, T = np.bincount(z, minlength=K), np.bincount(z, x, minlength=K)
    return z, *draw(N, T, rng)
""",
        ),
        "means for sums": (
            "mean calls",
            """
def gibbs_sweep(x, weights, rates, draw, rng):
    logs = np.log(weights) + np.outer(x, np.log(rates)) - rates
    z = (logs + rng.gumbel(size=logs.shape)).argmax(axis=1)
    K = len(weights)
    N, T = np.bincount(z, minlength=K), np.bincount(z, x, minlength=K)
    return z, *draw(N, T / np.maximum(N, 1), rng)
""",
        ),
        "nights and calls exchanged": (
            "exchanged",
            """
def gibbs_sweep(x, weights, rates, draw, rng):
    logs = np.log(weights) + np.outer(x, np.log(rates)) - rates
    z = (logs + rng.gumbel(size=logs.shape)).argmax(axis=1)
    K = len(weights)
    N, T = np.bincount(z, minlength=K), np.bincount(z, x, minlength=K)
    return z, *draw(T, N, rng)
""",
        ),
        "a kind without nights is lost": (
            "shape",
            """
def gibbs_sweep(x, weights, rates, draw, rng):
    logs = np.log(weights) + np.outer(x, np.log(rates)) - rates
    z = (logs + rng.gumbel(size=logs.shape)).argmax(axis=1)
    kinds = np.unique(z)
    N = np.array([(z == k).sum() for k in kinds])
    T = np.array([x[z == k].sum() for k in kinds])
    return z, *draw(N, T, rng)
""",
        ),
        "probabilities without logarithms": (
            "their logarithms|stops with",
            """
def gibbs_sweep(x, weights, rates, draw, rng):
    from scipy.stats import poisson

    p = weights * poisson.pmf(x[:, None], rates)
    below = np.cumsum(p / p.sum(axis=1, keepdims=True), axis=1)[:, :-1]
    z = (rng.random((len(x), 1)) > below).sum(axis=1)
    K = len(weights)
    N, T = np.bincount(z, minlength=K), np.bincount(z, x, minlength=K)
    return z, *draw(N, T, rng)
""",
        ),
        "global generator": (
            "take all randomness from",
            """
def gibbs_sweep(x, weights, rates, draw, rng):
    logs = np.log(weights) + np.outer(x, np.log(rates)) - rates
    z = (logs + np.random.gumbel(size=logs.shape)).argmax(axis=1)
    K = len(weights)
    N, T = np.bincount(z, minlength=K), np.bincount(z, x, minlength=K)
    return z, *draw(N, T, rng)
""",
        ),
        "labels from one": (
            "labels of",
            """
def gibbs_sweep(x, weights, rates, draw, rng):
    logs = np.log(weights) + np.outer(x, np.log(rates)) - rates
    z = (logs + rng.gumbel(size=logs.shape)).argmax(axis=1)
    K = len(weights)
    N, T = np.bincount(z, minlength=K), np.bincount(z, x, minlength=K)
    return z + 1, *draw(N, T, rng)
""",
        ),
        "own parameters": (
            "never called",
            """
def gibbs_sweep(x, weights, rates, draw, rng):
    logs = np.log(weights) + np.outer(x, np.log(rates)) - rates
    z = (logs + rng.gumbel(size=logs.shape)).argmax(axis=1)
    K = len(weights)
    N, T = np.bincount(z, minlength=K), np.bincount(z, x, minlength=K)
    return z, rng.dirichlet(1.0 + N), rng.gamma(1 + T, 1 / (1 + N))
""",
        ),
        "normalised over the nights": (
            "over the nights",
            """
def gibbs_sweep(x, weights, rates, draw, rng):
    logs = np.log(weights) + np.outer(x, np.log(rates)) - rates
    logs = logs - logsumexp(logs, axis=0)
    z = (logs + rng.gumbel(size=logs.shape)).argmax(axis=1)
    K = len(weights)
    N, T = np.bincount(z, minlength=K), np.bincount(z, x, minlength=K)
    return z, *draw(N, T, rng)
""",
        ),
        "sorted by the new rates": (
            "leave the(m| kinds) in their order",
            """
def gibbs_sweep(x, weights, rates, draw, rng):
    logs = np.log(weights) + np.outer(x, np.log(rates)) - rates
    z = (logs + rng.gumbel(size=logs.shape)).argmax(axis=1)
    K = len(weights)
    N, T = np.bincount(z, minlength=K), np.bincount(z, x, minlength=K)
    weights, rates = draw(N, T, rng)
    order = np.argsort(rates)
    return np.argsort(order)[z], weights[order], rates[order]
""",
        ),
        "a hundredth at least": (
            "surely of",
            """
def gibbs_sweep(x, weights, rates, draw, rng):
    logs = np.log(weights) + np.outer(x, np.log(rates)) - rates
    p = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
    p = np.maximum(p, 1e-2)
    p = p / p.sum(axis=1, keepdims=True)
    z = (rng.random((len(x), 1)) > np.cumsum(p, axis=1)[:, :-1]).sum(axis=1)
    K = len(weights)
    N, T = np.bincount(z, minlength=K), np.bincount(z, x, minlength=K)
    return z, *draw(N, T, rng)
""",
        ),
        "three thousandths at least": (
            "or are they clipped",
            """
def gibbs_sweep(x, weights, rates, draw, rng):
    logs = np.log(weights) + np.outer(x, np.log(rates)) - rates
    p = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
    p = np.maximum(p, 3e-3)
    p = p / p.sum(axis=1, keepdims=True)
    z = (rng.random((len(x), 1)) > np.cumsum(p, axis=1)[:, :-1]).sum(axis=1)
    K = len(weights)
    N, T = np.bincount(z, minlength=K), np.bincount(z, x, minlength=K)
    return z, *draw(N, T, rng)
""",
        ),
        "a seed of its own for the parameters": (
            "a seed of its own",
            """
def gibbs_sweep(x, weights, rates, draw, rng):
    logs = np.log(weights) + np.outer(x, np.log(rates)) - rates
    z = (logs + rng.gumbel(size=logs.shape)).argmax(axis=1)
    K = len(weights)
    N, T = np.bincount(z, minlength=K), np.bincount(z, x, minlength=K)
    return z, *draw(N, T, np.random.default_rng(3))
""",
        ),
    },
    "q3_r_hats": {
        "not split": (
            "not cut in halves",
            """
def r_hats(draws):
    def one(y):
        n = y.shape[1]
        return np.sqrt((n - 1) / n + y.mean(axis=1).var(ddof=1) / y.var(axis=1, ddof=1).mean())

    def scores(y):
        return norm.ppf((rankdata(y).reshape(y.shape) - 0.375) / (y.size + 0.25))

    return one(draws), one(scores(draws)), one(scores(abs(draws - np.median(draws))))
""",
        ),
        "divisor n within": (
            "W has the divisor n",
            changed(R_HATS, ("y.var(axis=1, ddof=1)", "y.var(axis=1)")),
        ),
        "no root": (
            "square root",
            """
def r_hats(draws):
    n = draws.shape[1] // 2
    y = np.concatenate([draws[:, :n], draws[:, -n:]])

    def one(y):
        return (n - 1) / n + y.mean(axis=1).var(ddof=1) / y.var(axis=1, ddof=1).mean()

    def scores(y):
        return norm.ppf((rankdata(y).reshape(y.shape) - 0.375) / (y.size + 0.25))

    return one(y), one(scores(y)), one(scores(abs(y - np.median(y))))
""",
        ),
        "n of the whole chain": (
            "half",
            """
def r_hats(draws):
    n = draws.shape[1]
    y = np.concatenate([draws[:, : n // 2], draws[:, -(n // 2):]])

    def one(y):
        return np.sqrt((n - 1) / n + y.mean(axis=1).var(ddof=1) / y.var(axis=1, ddof=1).mean())

    def scores(y):
        return norm.ppf((rankdata(y).reshape(y.shape) - 0.375) / (y.size + 0.25))

    return one(y), one(scores(y)), one(scores(abs(y - np.median(y))))
""",
        ),
        "between multiplied by n": (
            "multiplied by n",
            """
def r_hats(draws):
    n = draws.shape[1] // 2
    y = np.concatenate([draws[:, :n], draws[:, -n:]])

    def one(y):
        B = n * y.mean(axis=1).var(ddof=1)
        return np.sqrt((n - 1) / n + B / y.var(axis=1, ddof=1).mean())

    def scores(y):
        return norm.ppf((rankdata(y).reshape(y.shape) - 0.375) / (y.size + 0.25))

    return one(y), one(scores(y)), one(scores(abs(y - np.median(y))))
""",
        ),
        "chains ranked alone": (
            "ranked alone",
            changed(
                R_HATS,
                ("rankdata(y).reshape(y.shape)", "rankdata(y, axis=1)"),
                ("y.size", "y.shape[1]"),
            ),
        ),
        "ranks without scores": (
            "normal scores|off by",
            changed(
                R_HATS,
                (
                    "norm.ppf((rankdata(y).reshape(y.shape) - 0.375) / (y.size + 0.25))",
                    "rankdata(y).reshape(y.shape)",
                ),
            ),
        ),
        "other scores": (
            "score of rank",
            changed(
                R_HATS,
                (
                    "(rankdata(y).reshape(y.shape) - 0.375) / (y.size + 0.25)",
                    "rankdata(y).reshape(y.shape) / (y.size + 1)",
                ),
            ),
        ),
        "folded about the mean": (
            "from the mean",
            changed(R_HATS, ("np.median(y)", "y.mean()")),
        ),
        "folded about each median": (
            "median of each half chain|folded.*above 1.1",
            changed(R_HATS, ("np.median(y)", "np.median(y, axis=1, keepdims=True)")),
        ),
        "scores folded": (
            "scores are folded",
            """
def r_hats(draws):
    n = draws.shape[1] // 2
    y = np.concatenate([draws[:, :n], draws[:, -n:]])

    def one(y):
        return np.sqrt((n - 1) / n + y.mean(axis=1).var(ddof=1) / y.var(axis=1, ddof=1).mean())

    z = norm.ppf((rankdata(y).reshape(y.shape) - 0.375) / (y.size + 0.25))
    return one(y), one(z), one(abs(z))
""",
        ),
        "ties in their order": (
            "share the mean of their ranks",
            """
def r_hats(draws):
    n = draws.shape[1] // 2
    y = np.concatenate([draws[:, :n], draws[:, -n:]])

    def one(y):
        return np.sqrt((n - 1) / n + y.mean(axis=1).var(ddof=1) / y.var(axis=1, ddof=1).mean())

    def scores(y):
        ranks = 1 + y.ravel().argsort().argsort().reshape(y.shape)
        return norm.ppf((ranks - 0.375) / (y.size + 0.25))

    return one(y), one(scores(y)), one(scores(abs(y - np.median(y))))
""",
        ),
        "the last of an odd number left out": (
            "leave out the middle",
            changed(R_HATS, ("draws[:, -n:]", "draws[:, n:2 * n]")),
        ),
        "only the larger of two": (
            "3 things are due",
            changed(
                R_HATS,
                (
                    "one(scores(y)), one(scores(abs(y - np.median(y))))",
                    "max(one(scores(y)), one(scores(abs(y - np.median(y)))))",
                ),
            ),
        ),
        "held up at 1": (
            "held up at 1",
            changed(
                R_HATS,
                ("return one(y)", "found = one(y)"),
                ("np.median(y))))", "np.median(y))))\n    return tuple(max(r, 1) for r in found)"),
            ),
        ),
        "variance of all draws within": (
            "not that of all draws",
            changed(R_HATS, ("y.var(axis=1, ddof=1).mean()", "y.var(ddof=1)")),
        ),
        "squares less the square of the mean": (
            "not the numbers themselves",
            changed(
                R_HATS,
                (
                    "y.var(axis=1, ddof=1).mean()",
                    "(((y**2).mean(1) - y.mean(1) ** 2).mean() * n / (n - 1))",
                ),
            ),
        ),
        "smallest of equal ranks": (
            "share the mean of their ranks",
            changed(R_HATS, ("rankdata(y)", 'rankdata(y, method="min")')),
        ),
        "largest of equal ranks": (
            "share the mean of their ranks",
            changed(R_HATS, ("rankdata(y)", 'rankdata(y, method="max")')),
        ),
        "dense ranks": (
            "share the mean of their ranks",
            changed(R_HATS, ("rankdata(y)", 'rankdata(y, method="dense")')),
        ),
        "median of all draws": (
            "median is that of all draws",
            changed(R_HATS, ("np.median(y)", "np.median(draws)")),
        ),
    },
    "q4_coordinate_step": {
        "digammas clipped": (
            "next to nothing is known",
            """
def coordinate_step(x, a, alpha, beta, a0, alpha0, beta0):
    log_weights = np.maximum(digamma(a), -20) - digamma(a.sum())
    log_rates = np.maximum(digamma(alpha), -20) - np.log(beta)
    log_r = log_weights + x[:, None] * log_rates - alpha / beta
    r = np.exp(log_r - logsumexp(log_r, axis=1, keepdims=True))
    return r, a0 + r.sum(axis=0), alpha0 + r.T @ x, beta0 + r.sum(axis=0)
""",
        ),
        "EM's E-step": (
            "EM's E-step",
            """
def coordinate_step(x, a, alpha, beta, a0, alpha0, beta0):
    logs = np.log(a / a.sum()) + np.outer(x, np.log(alpha / beta)) - alpha / beta
    r = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
    return r, a0 + r.sum(axis=0), alpha0 + x @ r, beta0 + r.sum(axis=0)
""",
        ),
        "added to the old law": (
            "added to the old law",
            """
def coordinate_step(x, a, alpha, beta, a0, alpha0, beta0):
    logs = digamma(a) + np.outer(x, digamma(alpha) - np.log(beta)) - alpha / beta
    r = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
    return r, a + r.sum(axis=0), alpha + x @ r, beta + r.sum(axis=0)
""",
        ),
        "no digamma for the weights": (
            "For the weights",
            """
def coordinate_step(x, a, alpha, beta, a0, alpha0, beta0):
    logs = np.log(a) + np.outer(x, digamma(alpha) - np.log(beta)) - alpha / beta
    r = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
    return r, a0 + r.sum(axis=0), alpha0 + x @ r, beta0 + r.sum(axis=0)
""",
        ),
        "no digamma for the rates": (
            "For the rates",
            """
def coordinate_step(x, a, alpha, beta, a0, alpha0, beta0):
    logs = digamma(a) + np.outer(x, np.log(alpha / beta)) - alpha / beta
    r = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
    return r, a0 + r.sum(axis=0), alpha0 + x @ r, beta0 + r.sum(axis=0)
""",
        ),
        "log beta forgotten": (
            r"log\(beta\) is forgotten",
            """
def coordinate_step(x, a, alpha, beta, a0, alpha0, beta0):
    logs = digamma(a) + np.outer(x, digamma(alpha)) - alpha / beta
    r = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
    return r, a0 + r.sum(axis=0), alpha0 + x @ r, beta0 + r.sum(axis=0)
""",
        ),
        "beta taken for a scale": (
            "taken for a scale",
            """
def coordinate_step(x, a, alpha, beta, a0, alpha0, beta0):
    logs = digamma(a) + np.outer(x, digamma(alpha) + np.log(beta)) - alpha * beta
    r = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
    return r, a0 + r.sum(axis=0), alpha0 + x @ r, beta0 + r.sum(axis=0)
""",
        ),
        "rate not subtracted": (
            "not subtracted",
            """
def coordinate_step(x, a, alpha, beta, a0, alpha0, beta0):
    logs = digamma(a) + np.outer(x, digamma(alpha) - np.log(beta))
    r = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
    return r, a0 + r.sum(axis=0), alpha0 + x @ r, beta0 + r.sum(axis=0)
""",
        ),
        "rate with a digamma": (
            "expected rate",
            """
def coordinate_step(x, a, alpha, beta, a0, alpha0, beta0):
    mean_log = digamma(alpha) - np.log(beta)
    logs = digamma(a) + np.outer(x, mean_log) - np.exp(mean_log)
    r = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
    return r, a0 + r.sum(axis=0), alpha0 + x @ r, beta0 + r.sum(axis=0)
""",
        ),
        "weights forgotten": (
            "weights are forgotten",
            """
def coordinate_step(x, a, alpha, beta, a0, alpha0, beta0):
    logs = np.outer(x, digamma(alpha) - np.log(beta)) - alpha / beta
    r = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
    return r, a0 + r.sum(axis=0), alpha0 + x @ r, beta0 + r.sum(axis=0)
""",
        ),
        "prior forgotten": (
            "prior is forgotten",
            """
def coordinate_step(x, a, alpha, beta, a0, alpha0, beta0):
    logs = digamma(a) + np.outer(x, digamma(alpha) - np.log(beta)) - alpha / beta
    r = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
    return r, r.sum(axis=0), x @ r, r.sum(axis=0)
""",
        ),
        "responsibilities from the prior": (
            "prior's numbers",
            """
def coordinate_step(x, a, alpha, beta, a0, alpha0, beta0):
    logs = digamma(a0) + np.outer(x, digamma(alpha0) - np.log(beta0)) - alpha0 / beta0
    r = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
    return r, a0 + r.sum(axis=0), alpha0 + x @ r, beta0 + r.sum(axis=0)
""",
        ),
        "not normalised": (
            "normalise",
            """
def coordinate_step(x, a, alpha, beta, a0, alpha0, beta0):
    r = np.exp(digamma(a) + np.outer(x, digamma(alpha) - np.log(beta)) - alpha / beta)
    return r, a0 + r.sum(axis=0), alpha0 + x @ r, beta0 + r.sum(axis=0)
""",
        ),
        "beta grows by the calls": (
            "calls are added",
            """
def coordinate_step(x, a, alpha, beta, a0, alpha0, beta0):
    logs = digamma(a) + np.outer(x, digamma(alpha) - np.log(beta)) - alpha / beta
    r = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
    return r, a0 + r.sum(axis=0), alpha0 + x @ r, beta0 + x @ r
""",
        ),
        "underflow": (
            "logsumexp",
            """
def coordinate_step(x, a, alpha, beta, a0, alpha0, beta0):
    r = np.exp(digamma(a) + np.outer(x, digamma(alpha) - np.log(beta)) - alpha / beta)
    r = r / r.sum(axis=1, keepdims=True)
    return r, a0 + r.sum(axis=0), alpha0 + x @ r, beta0 + r.sum(axis=0)
""",
        ),
        "hard assignments": (
            "most probable kind",
            """
def coordinate_step(x, a, alpha, beta, a0, alpha0, beta0):
    logs = digamma(a) + np.outer(x, digamma(alpha) - np.log(beta)) - alpha / beta
    r = np.eye(len(a))[logs.argmax(axis=1)]
    return r, a0 + r.sum(axis=0), alpha0 + x @ r, beta0 + r.sum(axis=0)
""",
        ),
        "means for sums": (
            "mean of the calls",
            """
def coordinate_step(x, a, alpha, beta, a0, alpha0, beta0):
    logs = digamma(a) + np.outer(x, digamma(alpha) - np.log(beta)) - alpha / beta
    r = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
    N = r.sum(axis=0)
    return r, a0 + N, alpha0 + x @ r / N, beta0 + N
""",
        ),
        "decimals of a prior of whole numbers cut off": (
            "cut decimals off",
            """
def coordinate_step(x, a, alpha, beta, a0, alpha0, beta0):
    logs = digamma(a) + np.outer(x, digamma(alpha) - np.log(beta)) - alpha / beta
    r = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
    new = a0.copy(), alpha0.copy(), beta0.copy()
    for n, calls in enumerate(x):
        for k in range(len(a)):
            new[0][k] += r[n, k]
            new[1][k] += r[n, k] * calls
            new[2][k] += r[n, k]
    return r, *new
""",
        ),
        "a and alpha exchanged": (
            "This is alpha",
            """
def coordinate_step(x, a, alpha, beta, a0, alpha0, beta0):
    logs = digamma(a) + np.outer(x, digamma(alpha) - np.log(beta)) - alpha / beta
    r = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
    return r, alpha0 + x @ r, a0 + r.sum(axis=0), beta0 + r.sum(axis=0)
""",
        ),
        "responsibilities under the new law": (
            "under the new law",
            """
def coordinate_step(x, a, alpha, beta, a0, alpha0, beta0):
    logs = digamma(a) + np.outer(x, digamma(alpha) - np.log(beta)) - alpha / beta
    r = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
    a, alpha, beta = a0 + r.sum(axis=0), alpha0 + x @ r, beta0 + r.sum(axis=0)
    logs = digamma(a) + np.outer(x, digamma(alpha) - np.log(beta)) - alpha / beta
    return np.exp(logs - logsumexp(logs, axis=1, keepdims=True)), a, alpha, beta
""",
        ),
    },
}
