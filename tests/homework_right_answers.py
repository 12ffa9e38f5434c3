"""Right answers in other words than the solutions': loops, other formulas, other libraries.

``RIGHT[homework][question]`` is a list of answer cells; every check must pass each of them, and no
two of them may look copied from each other.
"""

RIGHT = {
    "hw1_mixtures_and_em": {
        "q1_responsibilities": [
            """
def responsibilities(x, weights, means, variances):
    logs = np.empty((len(x), len(means)))
    for k in range(len(means)):
        squares = (x - means[k]) ** 2 / (2 * variances[k])
        logs[:, k] = np.log(weights[k]) - 0.5 * np.log(2 * np.pi * variances[k]) - squares
    logs -= logs.max(axis=1)[:, np.newaxis]
    shares = np.exp(logs)
    return shares / shares.sum(axis=1)[:, np.newaxis]
""",
            """
def responsibilities(x, weights, means, variances):
    from scipy.special import softmax

    precision = 1 / np.asarray(variances)
    distance = np.subtract.outer(x, means)
    return softmax(np.log(weights * np.sqrt(precision)) - precision * distance**2 / 2, axis=-1)
""",
        ],
        "q2_log_likelihood": [
            """
def log_likelihood(x, weights, means, variances):
    total = 0.0
    for point in x:
        terms = [
            np.log(w) - 0.5 * np.log(2 * np.pi * v) - (point - m) ** 2 / (2 * v)
            for w, m, v in zip(weights, means, variances)
        ]
        best = max(terms)
        total += best + np.log(sum(np.exp(t - best) for t in terms))
    return total
""",
            """
def log_likelihood(x, weights, means, variances):
    table = norm(loc=means, scale=variances**0.5).logpdf(x.reshape(-1, 1))
    return float(np.sum(logsumexp(table, b=weights, axis=1)))
""",
        ],
        "q3_m_step": [
            """
def m_step(x, r, weights, means, variances):
    N, K = r.shape
    lam, mu, var = np.zeros(K), np.zeros(K), np.zeros(K)
    for k in range(K):
        share = r[:, k]
        lam[k] = share.sum() / N
        mu[k] = np.average(x, weights=share)
        var[k] = np.average((x - mu[k]) ** 2, weights=share)
    return lam, mu, var
""",
            """
def m_step(x, r, weights, means, variances):
    normalised = r / r.sum(0)
    centre = normalised.T @ x
    spread = np.einsum("nk,nk->k", normalised, (x[:, None] - centre[None, :]) ** 2)
    return r.mean(0), centre, spread
""",
        ],
        "q4_fit": [
            """
def fit(model, x, tol=1e-8, max_iter=1000):
    trace = []
    steps = 0
    while True:
        statistics, current = model.e_step(x)
        trace.append(float(current))
        if len(trace) > 1:
            previous = trace[-2]
            if previous - current > 1e-9 * abs(previous):
                raise RuntimeError("EM went down")
            if current - previous < tol:
                return model, np.array(trace)
        if steps == max_iter:
            return model, np.array(trace)
        model = model.m_step(statistics)
        steps += 1
""",
            """
def fit(model, x, tol=1e-8, max_iter=1000):
    s, old = model.e_step(x)
    history = [old]
    for step in range(1, max_iter + 1):
        model = model.m_step(s)
        s, new = model.e_step(x)
        history += [new]
        if new < old and old - new > abs(old) * 1e-9:
            raise RuntimeError(f"fall at step {step}")
        done, old = new - old < tol, new
        if done:
            break
    return [model, history]
""",
        ],
        "q5_picture": [
            """
def draw_responsibilities(ax, model, grid):
    table = np.asarray(model.responsibilities(grid))
    for k in range(table.shape[1]):
        (line,) = ax.plot(grid, table[:, k])
        line.set_label("class " + "abcdef"[k])
    ax.set_ylim(-0.02, 1.02)
    ax.set_xlabel("x")
    ax.set_ylabel("r")
""",
            """
def draw_responsibilities(ax, model, grid):
    lines = ax.plot(grid, model.responsibilities(grid), lw=2)
    for number, line in enumerate(lines):
        line.set(label=f"z = {number}", linestyle=["-", "--", ":", "-."][number])
    ax.axis(ymin=0, ymax=1)
    ax.set(xlabel="length", ylabel="p(z | x)")
""",
        ],
    },
    "hw2_missing_data_and_elbo": {
        "q1_elbo": [
            """
def elbo(q, log_joint):
    total = 0.0
    for row, logs in zip(q, log_joint):
        for chance, log in zip(row, logs):
            if chance > 0:
                total += chance * (log - np.log(chance))
    return total
""",
            """
def elbo(q, log_joint):
    from scipy.stats import entropy

    return np.sum(q * log_joint) + entropy(q, axis=1).sum()
""",
        ],
        "q2_gap": [
            """
def gap(q, log_joint):
    total = 0.0
    for n in range(len(q)):
        top = log_joint[n].max()
        log_p = log_joint[n] - top - np.log(np.exp(log_joint[n] - top).sum())
        keep = q[n] > 0
        total += np.sum(q[n][keep] * (np.log(q[n][keep]) - log_p[keep]))
    return total
""",
            """
def gap(q, log_joint):
    from scipy.special import entr, log_softmax

    return float(-entr(q).sum() - np.vdot(q, log_softmax(log_joint, axis=1)))
""",
        ],
        "q3_expected_statistics": [
            """
def expected_statistics(x, mean, covariance):
    total, squares = np.zeros(2), np.zeros((2, 2))
    for first, second in x:
        extra = 0.0
        if np.isnan(second):
            ratio = covariance[0][1] / covariance[0][0]
            second = mean[1] + ratio * (first - mean[0])
            extra = covariance[1][1] - covariance[0][1] ** 2 / covariance[0][0]
        pair = np.array([first, second])
        total = total + pair
        squares = squares + np.outer(pair, pair) + np.diag([0, extra])
    return total, squares
""",
            """
def expected_statistics(x, mean, covariance):
    a, b, d = covariance[0, 0], covariance[0, 1], covariance[1, 1]
    hole = np.isnan(x).any(axis=1)
    guess = mean[1] + (x[:, 0] - mean[0]) * b / a
    full = np.c_[x[:, 0], np.where(hole, guess, np.nan_to_num(x[:, 1]))]
    spread = hole * (d - b * b / a)
    second = np.einsum("ni,nj->ij", full, full)
    second += np.array([[0, 0], [0, spread.sum()]])
    return full.sum(0), second
""",
        ],
        "q4_light_bulbs": [
            """
def bulb_step(hours, burning, rate):
    expected = 0.0
    for life, alive in zip(hours, burning):
        expected += life + (1 / rate if alive else 0)
    return len(hours) / expected
""",
            """
def bulb_step(hours, burning, rate):
    return 1 / np.mean(hours + burning / rate)
""",
        ],
    },
    "hw3_exchangeability": {
        "q1_urn": [
            """
def draw_urn(white, black, n_draws, rng):
    urn = [1] * white + [0] * black
    seen = []
    while len(seen) < n_draws:
        ball = urn[rng.integers(len(urn))]
        urn.append(ball)
        seen.append(ball)
    return np.array(seen)
""",
            """
def draw_urn(white, black, n_draws, rng):
    theta = rng.beta(white, black)
    return rng.binomial(1, theta, size=n_draws)
""",
        ],
        "q2_urn_probability": [
            """
def urn_log_probability(draws, white, black):
    result = 0.0
    for ball in draws:
        result += np.log(white) if ball == 1 else np.log(black)
        result -= np.log(white + black)
        if ball == 1:
            white = white + 1
        else:
            black = black + 1
    return result
""",
            """
def urn_log_probability(draws, white, black):
    from scipy.special import loggamma, poch

    ones = int(np.count_nonzero(draws))
    zeros = len(draws) - ones
    rise = lambda start, steps: loggamma(start + steps) - loggamma(start)
    return rise(white, ones) + rise(black, zeros) - rise(white + black, ones + zeros)
""",
        ],
        "q3_mixture_of_coins": [
            """
def mixture_log_probability(draws, thetas, weights):
    ones = int(sum(draws))
    zeros = len(draws) - ones
    terms = []
    for theta, weight in zip(thetas, weights):
        log = np.log(weight)
        if ones:
            log += ones * np.log(theta) if theta > 0 else -np.inf
        if zeros:
            log += zeros * np.log1p(-theta) if theta < 1 else -np.inf
        terms.append(log)
    return logsumexp(terms)
""",
            """
def mixture_log_probability(draws, thetas, weights):
    x = np.asarray(draws)[:, None]
    table = xlogy(x, thetas) + xlogy(1 - x, 1 - np.asarray(thetas))
    return logsumexp(np.log(weights) + table.sum(axis=0))
""",
        ],
        "q4_is_exchangeable": [
            """
def is_exchangeable(joint):
    for axis in range(joint.ndim - 1):
        if np.abs(joint - np.swapaxes(joint, axis, axis + 1)).max() > 1e-9:
            return False
    return True
""",
            """
def is_exchangeable(joint):
    lowest, highest = {}, {}
    for index, p in np.ndenumerate(joint):
        key = tuple(sorted(index))
        lowest[key] = min(p, lowest.get(key, p))
        highest[key] = max(p, highest.get(key, p))
    return bool(max(highest[k] - lowest[k] for k in lowest) <= 1e-9)
""",
        ],
        "q5_permutation_test": [
            """
def permutation_p_value(draws, statistic, n_shuffles, rng):
    observed = statistic(draws)
    deck, extreme = draws.copy(), 1
    for _ in range(n_shuffles):
        rng.shuffle(deck)
        if statistic(deck) >= observed:
            extreme += 1
    return extreme / (n_shuffles + 1)
""",
            """
def permutation_p_value(draws, statistic, n_shuffles, rng):
    many = rng.permuted(np.tile(draws, (n_shuffles, 1)), axis=1)
    values = np.array([statistic(order) for order in many])
    return np.mean(np.append(values >= statistic(draws), True))
""",
        ],
    },
    "hw4_hierarchical_models": {
        "q1_posterior_mean": [
            """
def posterior_mean(y, n, alpha, beta):
    strength = alpha + beta
    shrink = strength / (strength + n)
    return shrink * (alpha / strength) + (1 - shrink) * (y / n)
""",
            """
def posterior_mean(y, n, alpha, beta):
    from scipy.stats import beta as law

    return law.mean(alpha + y, beta + (n - y))
""",
        ],
        "q2_moment_match": [
            """
def moment_match(y, n):
    mu = np.mean(y / n)
    v = np.var(y / n)
    noise = mu * (1 - mu) / n
    if v <= noise:
        raise ValueError("no more than noise")
    s = (mu * (1 - mu) - v) / (v - noise)
    return mu * s, (1 - mu) * s
""",
            """
def moment_match(y, n):
    m1, m2 = np.mean(y), np.mean(np.square(y, dtype=float))
    bottom = n * (m2 / m1 - m1 - 1) + m1
    if bottom <= 0:
        raise ValueError("no Beta")
    return (n * m1 - m2) / bottom, (n - m1) * (n - m2 / m1) / bottom
""",
        ],
        "q3_log_evidence": [
            """
def log_evidence(alpha, beta, y, n):
    total = 0.0
    for hits, throws in zip(y, n):
        misses = throws - hits
        total += gammaln(throws + 1) - gammaln(hits + 1) - gammaln(misses + 1)
        total += gammaln(alpha + hits) + gammaln(beta + misses) - gammaln(alpha + beta + throws)
        total -= gammaln(alpha) + gammaln(beta) - gammaln(alpha + beta)
    return total
""",
            """
def log_evidence(alpha, beta, y, n):
    from scipy.stats import betabinom

    return np.sum(betabinom(n, alpha, beta).logpmf(y))
""",
        ],
        "q4_picture": [
            """
def draw_shrinkage(ax, y, n, alpha, beta):
    population, raw = alpha / (alpha + beta), y / n
    weight = n / (n + alpha + beta)
    ax.axline((0, 0), slope=1, color="0.5")
    ax.axhline(population, ls="--")
    ax.plot(raw, population + weight * (raw - population), "o", ms=4)
    ax.set_xlabel("observed")
    ax.set_ylabel("shrunk")
""",
            """
def draw_shrinkage(ax, y, n, alpha, beta):
    at = np.array([0.0, 1.0])
    ax.plot(at, at, "k:", at, np.full(2, alpha / (alpha + beta)), "C2-")
    order = np.argsort(y)
    hits, throws = y[order], (n + 0 * y)[order]
    ax.plot(hits / throws, (hits + alpha) / (throws + alpha + beta), marker="o", linestyle="")
    ax.set(xlabel="y / n", ylabel="E[theta | y]")
""",
        ],
    },
    "hw5_sampling_and_variational": {
        "q1_draw_parameters": [
            """
def draw_parameters(N, T, a, alpha, beta, rng):
    rates = rng.standard_gamma(alpha + T) / (beta + N)
    pieces = rng.standard_gamma(a + N)
    return pieces / pieces.sum(), rates
""",
            """
def draw_parameters(N, T, a, alpha, beta, rng):
    from scipy.special import gammaincinv

    weights, rates, left = [], [], 1.0
    c = [float(p + q) for p, q in zip(a, N)]
    for k in range(len(c)):
        rates.append(gammaincinv(alpha[k] + T[k], rng.uniform()) / (beta[k] + N[k]))
        piece = rng.beta(c[k], sum(c[k + 1 :])) if c[k + 1 :] else 1.0
        weights.append(left * piece)
        left -= weights[-1]
    return weights, rates
""",
            """
def draw_parameters(N, T, a, alpha, beta, rng):
    from scipy.stats import dirichlet, gamma

    scale = np.reciprocal(np.add(beta, N, dtype=float))
    rates = gamma.rvs(np.add(alpha, T), scale=scale, size=len(N), random_state=rng)
    if len(N) == 1:
        return np.ones(1), rates
    return dirichlet(np.add(a, N)).rvs(size=1, random_state=rng)[0], rates
""",
        ],
        "q2_gibbs_sweep": [
            """
def gibbs_sweep(x, weights, rates, draw, rng):
    K, labels = len(weights), []
    N, T = np.zeros(K), np.zeros(K)
    for calls in x:
        scores = [np.log(weights[k]) + calls * np.log(rates[k]) - rates[k] for k in range(K)]
        shares = np.exp(np.array(scores) - max(scores))
        label = rng.choice(K, p=shares / shares.sum())
        N[label] += 1
        T[label] += calls
        labels.append(label)
    return (labels, *draw(N, T, rng))
""",
            """
def gibbs_sweep(x, weights, rates, draw, rng):
    from scipy.stats import poisson

    table = poisson.logpmf(np.reshape(x, (-1, 1)), rates) + np.log(weights)
    z = np.argmax(table + rng.gumbel(size=table.shape), axis=1)
    hot = np.arange(len(weights)) == z[:, None]
    fresh = draw(hot.sum(axis=0), hot.T @ x, rng)
    return [z, fresh[0], fresh[1]]
""",
            """
def gibbs_sweep(x, weights, rates, draw, rng):
    from scipy.special import softmax, xlogy

    r = softmax(xlogy(x[:, None], rates) - rates + np.log(weights), axis=1)
    backwards = rng.multinomial(1, r[::-1])
    hot = backwards[::-1]
    w, rho = draw(hot.sum(0), np.einsum("n,nk->k", x, hot), rng)
    return hot.argmax(1), w, rho
""",
            """
def gibbs_sweep(x, weights, rates, draw, rng):
    logs = np.log(weights) + np.outer(x, np.log(rates)) - rates
    z = (logs + rng.gumbel(size=logs.shape)).argmax(axis=1).tolist()
    N = [z.count(k) for k in range(len(weights))]
    T = [sum(int(c) for c, kind in zip(x, z) if kind == k) for k in range(len(weights))]
    return z, *draw(N, T, rng)
""",
        ],
        "q3_r_hats": [
            """
def r_hats(draws):
    from scipy.special import ndtri

    parts = []
    for chain in np.array(draws, float):
        middle = len(chain) // 2
        parts += [chain[:middle], chain[len(chain) - middle :]]
    parts = np.array(parts)

    def score(table):
        order = rankdata(table.ravel(), method="average")
        return ndtri((order - 0.375) / (table.size + 0.25)).reshape(table.shape)

    def ratio(table):
        m, n = table.shape
        means = table.mean(axis=1)
        B = n * ((means - means.mean()) ** 2).sum() / (m - 1)
        W = ((table - means[:, None]) ** 2).sum() / (m * (n - 1))
        return (((n - 1) / n * W + B / n) / W) ** 0.5

    return [ratio(parts), ratio(score(parts)), ratio(score(abs(parts - np.median(parts))))]
""",
            """
def r_hats(draws):
    import statistics

    size = len(draws[0])
    halves = [list(map(float, row[: size // 2])) for row in draws]
    halves += [list(map(float, row[size - size // 2 :])) for row in draws]
    centre = statistics.median([v for half in halves for v in half])

    def ranked(rows):
        everything = np.sort(np.concatenate(rows))
        low = np.searchsorted(everything, rows, "left")
        high = np.searchsorted(everything, rows, "right")
        return norm.isf(1 - ((low + high + 1) / 2 - 3 / 8) / (len(everything) + 1 / 4))

    def compared(rows):
        within = np.mean([statistics.variance(row) for row in rows])
        between = statistics.variance([statistics.fmean(row) for row in rows])
        return np.sqrt(1 - 1 / len(rows[0]) + between / within)

    away = [[abs(v - centre) for v in half] for half in halves]
    return compared(halves), compared(ranked(halves)), compared(ranked(away))
""",
            """
def r_hats(draws):
    m, total = np.shape(draws)
    n = total // 2
    keep = np.delete(draws, n, axis=1) if total % 2 else np.asarray(draws)
    y = keep.reshape(2 * m, n)
    z = []
    for v in (y, np.absolute(y - np.quantile(y, 0.5))):
        _, where, times = np.unique(v, return_inverse=True, return_counts=True)
        rank = np.cumsum(times) - (times - 1) / 2
        z.append(norm.ppf((rank[where.reshape(v.shape)] - 0.375) / (2 * m * n + 0.25)))
    stack = np.array([y, *z], dtype=float)
    spread = np.cov(stack.mean(axis=2)).diagonal()
    return np.sqrt((n - 1) / n + spread / stack.var(axis=2, ddof=1).mean(axis=1))
""",
        ],
        "q4_coordinate_step": [
            """
def coordinate_step(x, a, alpha, beta, a0, alpha0, beta0):
    from scipy.special import softmax

    scores = np.multiply.outer(x, digamma(alpha) - np.log(beta))
    scores += digamma(a) - digamma(a.sum()) - alpha / beta
    r = softmax(scores, axis=-1)
    return [r, r.sum(0) + a0, np.tensordot(x, r, 1) + alpha0, r.sum(0) + beta0]
""",
            """
def coordinate_step(x, a, alpha, beta, a0, alpha0, beta0):
    K, rows = len(a), []
    new = [np.array(part, float) for part in (a0, alpha0, beta0)]
    for count in x:
        logs = [
            digamma(a[k]) + count * (digamma(alpha[k]) - np.log(beta[k])) - alpha[k] / beta[k]
            for k in range(K)
        ]
        shares = np.exp(np.subtract(logs, max(logs)))
        shares /= shares.sum()
        rows.append(shares)
        new[0] += shares
        new[1] += count * shares
        new[2] += shares
    return np.array(rows), *new
""",
            """
def coordinate_step(x, a, alpha, beta, a0, alpha0, beta0):
    from scipy.stats import poisson

    geometric = np.exp(digamma(alpha)) / beta
    table = poisson.logpmf(x[:, None], geometric) + geometric
    table = (table + digamma(a) - np.divide(alpha, beta)).T
    small = geometric == 0
    table[small] = np.where(x == 0, 0.0, x * (digamma(alpha) - np.log(beta))[small, None])
    table[small] += (digamma(a) - alpha / beta)[small, None]
    r = np.exp(table - logsumexp(table, axis=0)).T
    N, T = np.ones(len(x)) @ r, r.T.dot(x)
    return r, N + a0, T + alpha0, N + beta0
""",
        ],
    },
}
