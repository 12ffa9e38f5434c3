"""Subtle wrong answers of somebody who had seen no check: they had passed, some in some draws only,
or nothing had told what was wrong with them.

``SUBTLE[homework][question][name] = (word, code)`` as in `homework_wrong_kinds.py`: `word` tells
this mistake from the others.
"""

SUBTLE = {
    "hw1_mixtures_and_em": {
        "q1_responsibilities": {
            "reshaped, not transposed": (
                "in other places",
                """
def responsibilities(x, weights, means, variances):
    K = len(weights)
    logs = np.array([
        np.log(weights[k]) + norm.logpdf(x, means[k], np.sqrt(variances[k])) for k in range(K)
    ])
    r = np.exp(logs - logsumexp(logs, axis=0))
    return r.reshape(len(x), K)
""",
            ),
            "expanded square": (
                "square expanded",
                """
def responsibilities(x, weights, means, variances):
    square = (
        (x**2)[:, None] - 2 * np.outer(x, means) + np.asarray(means) ** 2
    )
    log_joint = (
        np.log(weights)
        - 0.5 * np.log(2 * np.pi * variances)
        - 0.5 * square / variances
    )
    return np.exp(log_joint - logsumexp(log_joint, axis=1, keepdims=True))
""",
            ),
        },
        "q2_log_likelihood": {
            "largest term far away": (
                "only one of them is counted",
                """
def log_likelihood(x, weights, means, variances):
    log_joint = np.log(weights) + norm.logpdf(
        x[:, None], means, np.sqrt(variances)
    )
    density = np.exp(log_joint).sum(axis=1)
    usual = density > 1e-300
    near = np.log(np.where(usual, density, 1))
    return np.where(usual, near, log_joint.max(axis=1)).sum()
""",
            ),
            "logarithms only at zero": (
                "numbers have lost digits",
                """
def log_likelihood(x, weights, means, variances):
    density = norm.pdf(x[:, None], means, np.sqrt(variances)) @ weights
    log_density = logsumexp(
        norm.logpdf(x[:, None], means, np.sqrt(variances)), axis=1, b=weights
    )
    zero = density == 0
    log_density[~zero] = np.log(density[~zero])
    return log_density.sum()
""",
            ),
            "products of twenty": (
                "product of densities underflow",
                """
def log_likelihood(x, weights, means, variances):
    log_density = logsumexp(
        norm.logpdf(x[:, None], means, np.sqrt(variances)), axis=1, b=weights
    )
    total = 0.0
    for start in range(0, len(x), 20):
        batch = log_density[start : start + 20]
        if batch.min() < -700:
            total += batch.sum()
        else:
            total += np.log(np.prod(np.exp(batch)))
    return total
""",
            ),
        },
        "q3_m_step": {
            "guarded division": (
                "Is something added",
                """
def m_step(x, r, weights, means, variances):
    counts = r.sum(axis=0) + 1e-8
    mu = r.T @ x / counts
    var = np.sum(r * (x[:, None] - mu) ** 2, axis=0) / counts
    return counts / counts.sum(), mu, var
""",
            ),
            "centred on the overall mean": (
                "another place than its own mean",
                """
def m_step(x, r, weights, means, variances):
    pivot = x.mean()
    d = x - pivot
    counts = r.sum(axis=0)
    shift = d @ r / counts
    return (
        counts / len(x),
        pivot + shift,
        np.maximum(d**2 @ r / counts - shift**2, 0),
    )
""",
            ),
        },
        "q4_fit": {
            "throws the last step away": (
                "last step, too",
                """
def fit(model, x, tol=1e-8, max_iter=1000):
    statistics, ll = model.e_step(x)
    trace = [ll]
    for _ in range(max_iter):
        candidate = model.m_step(statistics)
        statistics, new = candidate.e_step(x)
        if new < trace[-1] - 1e-9 * abs(trace[-1]):
            raise RuntimeError("The log-likelihood fell: a step has a bug")
        if new - trace[-1] < tol:
            break
        model = candidate
        trace.append(new)
    return model, trace
""",
            ),
            "last fall unchecked": (
                "last step is looked at too",
                """
def fit(model, x, tol=1e-8, max_iter=1000):
    trace = []
    for _ in range(max_iter):
        statistics, value = model.e_step(x)
        trace.append(value)
        if len(trace) > 1:
            gain = trace[-1] - trace[-2]
            if gain < -1e-9 * abs(trace[-2]):
                raise RuntimeError("the log-likelihood fell")
            if gain < tol:
                return model, trace
        model = model.m_step(statistics)
    trace.append(model.e_step(x)[1])
    return model, trace
""",
            ),
            "flattens x": (
                "with another shape",
                """
def fit(model, x, tol=1e-8, max_iter=1000):
    x = np.asarray(x, float).ravel()
    statistics, old = model.e_step(x)
    trace = [old]
    for _ in range(max_iter):
        model = model.m_step(statistics)
        statistics, new = model.e_step(x)
        trace.append(new)
        if old - new > 1e-9 * abs(old):
            raise RuntimeError("the log-likelihood fell")
        if new - old < tol:
            break
        old = new
    return model, trace
""",
            ),
        },
        "q5_picture": {
            "weights applied again": (
                "weights multiply the resp",
                """
def draw_responsibilities(ax, model, grid):
    r = model.weights * model.responsibilities(grid)
    for k in range(r.shape[1]):
        ax.plot(grid, r[:, k], label=f"component {k + 1}")
    ax.set(xlabel="length (cm)", ylabel="responsibility", ylim=(0, 1))
""",
            ),
            "labels on the current axes": (
                "labels the current axes",
                """
def draw_responsibilities(ax, model, grid):
    r = model.responsibilities(grid)
    for k in range(r.shape[1]):
        ax.plot(grid, r[:, k], label=f"component {k + 1}")
    plt.ylim(0, 1)
    plt.xlabel("length (cm)")
    plt.ylabel("responsibility")
""",
            ),
            "grid of its own": (
                "uneven steps",
                """
def draw_responsibilities(ax, model, grid):
    even = np.linspace(np.min(grid), np.max(grid), len(grid))
    r = model.responsibilities(even)
    for k in range(r.shape[1]):
        ax.plot(even, r[:, k], label=f"component {k}")
    ax.set(ylim=(0, 1), xlabel="length (cm)", ylabel="responsibility")
""",
            ),
            "invisible lines left out": (
                "never likely",
                """
def draw_responsibilities(ax, model, grid):
    r = model.responsibilities(grid)
    for k in range(r.shape[1]):
        if r[:, k].max() < 0.5:
            continue
        ax.plot(grid, r[:, k], label=f"component {k + 1}")
    ax.set(ylim=(0, 1), xlabel="length (cm)", ylabel="responsibility")
""",
            ),
        },
    },
    "hw2_missing_data_and_elbo": {
        "q1_elbo": {
            "back through exp": (
                "rounds to zero",
                """
def elbo(q, log_joint):
    with np.errstate(all="ignore"):
        terms = q * np.log(np.exp(log_joint) / q)
    terms[~np.isfinite(terms)] = 0
    return terms.sum()
""",
            ),
            "rows with a zero have no entropy": (
                "leave out the terms that are zero",
                """
def elbo(q, log_joint):
    open_rows = (q > 0).all(axis=1)
    expected = np.sum(q * log_joint)
    return expected - np.sum(q[open_rows] * np.log(q[open_rows]))
""",
            ),
            "terms in an array like q": (
                "whole numbers",
                """
def elbo(q, log_joint):
    terms = np.zeros_like(q)
    used = q > 0
    terms[used] = q[used] * (log_joint[used] - np.log(q[used]))
    return float(terms.sum())
""",
            ),
            "nearly certain counts as certain": (
                "treated as certain",
                """
def elbo(q, log_joint):
    total = 0.0
    for row, logs in zip(q, log_joint):
        k = row.argmax()
        if row[k] > 0.999:
            total += logs[k]
        else:
            total += np.sum(row * logs) - np.sum(xlogy(row, row))
    return total
""",
            ),
        },
        "q2_gap": {
            "posterior normalised on the support of q": (
                "values that q allows",
                """
def gap(q, log_joint):
    total = 0.0
    for q_row, row in zip(q, log_joint):
        keep = q_row > 0  # 0 log 0 counts as 0
        q_kept, kept = q_row[keep], row[keep]
        log_posterior = kept - logsumexp(kept)
        total += np.sum(q_kept * (np.log(q_kept) - log_posterior))
    return total
""",
            ),
            "one maximum for all": (
                "one maximum",
                """
def gap(q, log_joint):
    shifted = log_joint - log_joint.max()
    evidence = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return np.sum(xlogy(q, q) - q * (shifted - evidence))
""",
            ),
        },
        "q3_expected_statistics": {
            "centred by the sample": (
                "mean of the data",
                """
def expected_statistics(x, mean, covariance):
    filled = x.copy()
    gone = np.isnan(x[:, 1])
    slope = covariance[1, 0] / covariance[0, 0]
    filled[gone, 1] = mean[1] + slope * (x[gone, 0] - x[:, 0].mean())
    squares = filled.T @ filled
    squares[1, 1] += gone.sum() * (covariance[1, 1] - slope * covariance[1, 0])
    return filled.sum(axis=0), squares
""",
            ),
            "zeros taken for gaps": (
                "value that is 0 is seen",
                """
def expected_statistics(x, mean, covariance):
    filled = np.nan_to_num(x)
    gone = filled[:, 1] == 0
    slope = covariance[1, 0] / covariance[0, 0]
    filled[gone, 1] = mean[1] + slope * (filled[gone, 0] - mean[0])
    squares = filled.T @ filled
    squares[1, 1] += gone.sum() * (covariance[1, 1] - covariance[1, 0] ** 2 / covariance[0, 0])
    return filled.sum(axis=0), squares
""",
            ),
            "floor under the variance": (
                "kept above some",
                """
def expected_statistics(x, mean, covariance):
    missing = np.isnan(x[:, 1])
    slope = covariance[1, 0] / covariance[0, 0]
    expected = mean[1] + slope * (x[:, 0] - mean[0])
    filled = np.column_stack([x[:, 0], np.where(missing, expected, x[:, 1])])
    variance = max(covariance[1, 1] - slope * covariance[1, 0], 1e-6)
    squares = filled.T @ filled
    squares[1, 1] += missing.sum() * variance
    return filled.sum(axis=0), squares
""",
            ),
            "no negative pressure": (
                "below zero is cut",
                """
def expected_statistics(x, mean, covariance):
    missing = np.isnan(x[:, 1])
    slope = covariance[1, 0] / covariance[0, 0]
    expected = np.maximum(mean[1] + slope * (x[:, 0] - mean[0]), 0)
    filled = np.column_stack([x[:, 0], np.where(missing, expected, x[:, 1])])
    squares = filled.T @ filled
    squares[1, 1] += missing.sum() * (
        covariance[1, 1] - slope * covariance[1, 0]
    )
    return filled.sum(axis=0), squares
""",
            ),
        },
        "q4_light_bulbs": {
            "zero hours dropped": (
                "is left out",
                """
def bulb_step(hours, burning, rate):
    tested = hours > 0
    hours, burning = hours[tested], burning[tested]
    lives = np.where(burning, hours + 1 / rate, hours)
    return len(lives) / lives.sum()
""",
            ),
        },
    },
    "hw3_exchangeability": {
        "q1_urn": {
            "one ball too many to pick from": (
                "one black ball too many",
                """
def draw_urn(white, black, n_draws, rng):
    draws = np.zeros(n_draws, dtype=int)
    for i in range(n_draws):
        ball = rng.integers(0, white + black, endpoint=True)
        if ball < white:
            draws[i] = 1
            white += 1
        else:
            black += 1
    return draws
""",
            ),
            "two more of the colour": (
                "Two balls are added",
                """
def draw_urn(white, black, n_draws, rng):
    draws = []
    for _ in range(n_draws):
        ball = int(rng.random() < white / (white + black))
        # back into the urn, together with one more
        white += 2 * ball
        black += 2 * (1 - ball)
        draws.append(ball)
    return np.array(draws, dtype=int)
""",
            ),
            "first draw by hand": (
                "n_draws = 0",
                """
def draw_urn(white, black, n_draws, rng):
    draws = [int(rng.random() < white / (white + black))]
    while len(draws) < n_draws:
        whites = white + sum(draws)
        draws.append(int(rng.random() < whites / (white + black + len(draws))))
    return np.array(draws)
""",
            ),
            "chance in per cent": (
                "chance rounded",
                """
def draw_urn(white, black, n_draws, rng):
    draws = np.zeros(n_draws, int)
    for i in range(n_draws):
        chance = round(white / (white + black), 2)
        draws[i] = rng.random() < chance
        white += draws[i]
        black += 1 - draws[i]
    return draws
""",
            ),
        },
        "q2_urn_probability": {
            "count includes the present draw": (
                "before it is drawn",
                """
def urn_log_probability(draws, white, black):
    draws = np.asarray(draws, dtype=int)
    steps = np.arange(len(draws))
    whites = white + np.cumsum(draws)
    blacks = black + np.cumsum(1 - draws)
    chance = np.where(draws == 1, whites, blacks) / (white + black + steps)
    return np.sum(np.log(chance))
""",
            ),
            "ones from the mean": (
                "cut down to a whole number",
                """
def urn_log_probability(draws, white, black):
    n = len(draws)
    ones = int(np.mean(draws) * n) if n else 0
    return betaln(white + ones, black + n - ones) - betaln(white, black)
""",
            ),
            "counts of the type of the draws": (
                "array of their type",
                """
def urn_log_probability(draws, white, black):
    before = np.zeros_like(draws)
    before[1:] = np.cumsum(draws)[:-1]
    i = np.arange(len(draws))
    ones = draws == 1
    favourable = np.where(ones, white + before, black + i - before)
    return np.sum(np.log(favourable / (white + black + i)))
""",
            ),
            "needs a first draw": (
                "stops with IndexError",
                """
def urn_log_probability(draws, white, black):
    first = white if draws[0] == 1 else black
    total = np.log(first / (white + black))
    for i in range(1, len(draws)):
        ones = np.sum(draws[:i] == 1)
        favourable = white + ones if draws[i] == 1 else black + i - ones
        total += np.log(favourable / (white + black + i))
    return total
""",
            ),
        },
        "q3_mixture_of_coins": {
            "learns before it predicts": (
                "predict first",
                """
def mixture_log_probability(draws, thetas, weights):
    w = np.array(weights, float)
    total = 0.0
    for x in draws:
        chance = thetas if x == 1 else 1 - thetas
        w = w * chance
        w = w / w.sum()
        total += np.log(np.sum(w * chance))
    return total
""",
            ),
            "shift without the weights": (
                "coin of weight 0",
                """
def mixture_log_probability(draws, thetas, weights):
    k = np.sum(draws)
    logs = xlogy(k, thetas) + xlog1py(len(draws) - k, -thetas)
    top = logs.max()
    if np.isinf(top):
        return -np.inf
    with np.errstate(divide="ignore"):
        return top + np.log(np.sum(weights * np.exp(logs - top)))
""",
            ),
            "coins in a dictionary": (
                "one of their weights is lost",
                """
def mixture_log_probability(draws, thetas, weights):
    n, ones = len(draws), np.sum(draws)
    coins = dict(zip(thetas, weights))
    logs = [
        xlogy(1, w) + xlogy(ones, t) + xlog1py(n - ones, -t)
        for t, w in coins.items()
    ]
    return logsumexp(logs)
""",
            ),
            "filter that forgets": (
                "become zero on the way",
                """
def mixture_log_probability(draws, thetas, weights):
    total = 0.0
    posterior = np.array(weights, float)
    for draw in draws:
        posterior = posterior * (thetas if draw else 1 - thetas)
        chance = posterior.sum()
        if chance == 0:
            return -np.inf
        total += np.log(chance)
        posterior = posterior / chance
    return total
""",
            ),
            "logarithms from 500 draws on": (
                "for a few hundred draws",
                """
def mixture_log_probability(draws, thetas, weights):
    n, ones = len(draws), np.sum(draws)
    if n < 500:
        return np.log(np.sum(weights * thetas**ones * (1 - thetas) ** (n - ones)))
    logs = xlogy(ones, thetas) + xlog1py(n - ones, -thetas)
    return logsumexp(logs, b=weights)
""",
            ),
        },
        "q5_permutation_test": {
            "statistics kept as whole numbers": (
                "lose their decimals",
                """
def permutation_p_value(draws, statistic, n_shuffles, rng):
    values = np.zeros(n_shuffles, dtype=int)
    for i in range(n_shuffles):
        values[i] = statistic(rng.permutation(draws))
    count = np.count_nonzero(values >= statistic(draws))
    return (1 + count) / (1 + n_shuffles)
""",
            ),
            "own order not counted twice": (
                "is not left out",
                """
def permutation_p_value(draws, statistic, n_shuffles, rng):
    observed = statistic(draws)
    count = 0
    for _ in range(n_shuffles):
        order = rng.permutation(draws)
        if np.array_equal(order, draws):
            continue  # the draws themselves are counted by the 1
        if statistic(order) >= observed:
            count += 1
    return (1 + count) / (1 + n_shuffles)
""",
            ),
            "close counts as equal": (
                "smaller by 1e-7",
                """
def permutation_p_value(draws, statistic, n_shuffles, rng):
    observed = statistic(draws)
    count = 0
    for _ in range(n_shuffles):
        value = statistic(rng.permutation(draws))
        if value > observed or np.isclose(value, observed):
            count += 1
    return (1 + count) / (1 + n_shuffles)
""",
            ),
            "shuffles as lists": (
                "something else than an array",
                """
def permutation_p_value(draws, statistic, n_shuffles, rng):
    observed = statistic(draws)
    count = 0
    for _ in range(n_shuffles):
        order = rng.permutation(len(draws))
        count += statistic([draws[i] for i in order]) >= observed
    return (1 + count) / (1 + n_shuffles)
""",
            ),
            "mean of no shuffles": (
                "cannot convert float NaN",
                """
def permutation_p_value(draws, statistic, n_shuffles, rng):
    observed = statistic(draws)
    values = np.array(
        [statistic(rng.permutation(draws)) for _ in range(n_shuffles)]
    )
    share = np.mean(values >= observed)
    return (1 + round(share * n_shuffles)) / (1 + n_shuffles)
""",
            ),
            "any place for each": (
                "any place at all",
                """
def permutation_p_value(draws, statistic, n_shuffles, rng):
    observed = statistic(draws)
    n = len(draws)
    count = 0
    for _ in range(n_shuffles):
        shuffled = draws.copy()
        for i in range(n):
            j = rng.integers(n)
            shuffled[[i, j]] = shuffled[[j, i]]
        count += statistic(shuffled) >= observed
    return (1 + count) / (1 + n_shuffles)
""",
            ),
        },
    },
    "hw4_hierarchical_models": {
        "q1_posterior_mean": {
            "grid of theta": (
                "powers of theta underflow",
                """
def posterior_mean(y, n, alpha, beta):
    theta = np.linspace(0, 1, 2001)[1:-1]

    def one(y, n):
        density = theta ** (alpha + y - 1) * (1 - theta) ** (beta + n - y - 1)
        return np.sum(theta * density) / np.sum(density)

    return np.vectorize(one, otypes=[float])(y, n)
""",
            ),
            "integer result array": (
                "cut their decimals off",
                """
def posterior_mean(y, n, alpha, beta):
    if np.ndim(y) == 0:
        return (alpha + y) / (alpha + beta + n)
    result = np.empty_like(y)
    for index in np.ndindex(y.shape):
        result[index] = (alpha + y[index]) / (alpha + beta + n[index])
    return result
""",
            ),
            "normal-normal weights": (
                "beta . 1 throws",
                """
def posterior_mean(y, n, alpha, beta):
    mu = alpha / (alpha + beta)
    prior_var = alpha * beta / ((alpha + beta) ** 2 * (alpha + beta + 1))
    noise_var = mu * (1 - mu) / n
    precision = 1 / prior_var + 1 / noise_var
    return (mu / prior_var + (y / n) / noise_var) / precision
""",
            ),
            "mean and strength": (
                "mean and the strength",
                """
def posterior_mean(y, n, alpha, beta):
    B = beta / (beta + n)
    return B * alpha + (1 - B) * y / n
""",
            ),
            "squeezed": (
                "array of one player",
                """
def posterior_mean(y, n, alpha, beta):
    y = np.atleast_1d(np.asarray(y, dtype=float))
    n = np.atleast_1d(np.asarray(n, dtype=float))
    return np.squeeze((alpha + y) / (alpha + beta + n))
""",
            ),
            "many throws wash out the prior": (
                "prior does not count",
                """
def posterior_mean(y, n, alpha, beta):
    mean = (y + alpha) / (n + alpha + beta)
    return np.where(np.asarray(n) >= 1000, y / n, mean)[()]
""",
            ),
        },
        "q4_picture": {
            "plt lines": (
                "draws on the current axes",
                """
def draw_shrinkage(ax, y, n, alpha, beta):
    y, n = np.asarray(y), np.asarray(n)
    post = (alpha + y) / (alpha + beta + n)
    ax.plot(y / n, post, "o")
    plt.plot([0, 1], [0, 1], color="gray")
    plt.axhline(alpha / (alpha + beta), color="k", ls="--")
    ax.set(xlabel="raw fraction", ylabel="posterior mean")
""",
            ),
            "corner to corner": (
                "slanted one",
                """
def draw_shrinkage(ax, y, n, alpha, beta):
    y, n = np.asarray(y), np.asarray(n)
    raw = y / n
    post = (alpha + y) / (alpha + beta + n)
    ax.plot(raw, post, "o")
    ax.plot([raw.min(), raw.max()], [post.min(), post.max()], "--")
    ax.axhline(alpha / (alpha + beta), color="k")
    ax.set_xlabel("raw fraction")
    ax.set_ylabel("posterior mean")
""",
            ),
            "current axes": (
                "labels the current axes",
                """
def draw_shrinkage(ax, y, n, alpha, beta):
    raw = y / n
    post = (alpha + y) / (alpha + beta + n)
    ax.plot(raw, post, "o")
    plt.axline((0, 0), slope=1, color="gray")
    plt.axhline(alpha / (alpha + beta), ls="--")
    plt.xlabel("raw fraction")
    plt.ylabel("posterior mean")
""",
            ),
            "corner to corner of the axes": (
                "corner to corner",
                """
def draw_shrinkage(ax, y, n, alpha, beta):
    raw = y / n
    post = (alpha + y) / (alpha + beta + n)
    ax.plot(raw, post, "o")
    ax.plot([0, 1], [0, 1], color="gray", transform=ax.transAxes)
    ax.axhline(alpha / (alpha + beta), ls="--")
    ax.set_xlabel("raw fraction")
    ax.set_ylabel("posterior mean")
""",
            ),
        },
        "q2_moment_match": {
            "plug-in noise of each player": (
                "whose expectation is too",
                """
def moment_match(y, n):
    f = np.asarray(y) / n
    m, v = f.mean(), f.var()
    if v <= m * (1 - m) / n:
        raise ValueError("no more than binomial noise")
    noise = np.mean(f * (1 - f)) / n
    between = v - noise
    s = m * (1 - m) / between - 1
    return m * s, (1 - m) * s
""",
            ),
        },
        "q3_log_evidence": {
            "grouped by hits": (
                "equal hits count",
                """
def log_evidence(alpha, beta, y, n):
    y = np.atleast_1d(y)
    n = np.broadcast_to(n, y.shape)
    # equal players have equal terms: compute each only once
    values, first, count = np.unique(y, return_index=True, return_counts=True)
    m = n[first]
    term = (
        gammaln(m + 1) - gammaln(values + 1) - gammaln(m - values + 1)
        + betaln(alpha + values, beta + m - values) - betaln(alpha, beta)
    )
    return np.sum(count * term)
""",
            ),
            "mean of the logarithm": (
                "is averaged",
                """
from scipy.special import digamma

def log_evidence(alpha, beta, y, n):
    y = np.asarray(y)
    n = np.asarray(n)
    e_log_theta = digamma(alpha) - digamma(alpha + beta)
    e_log_rest = digamma(beta) - digamma(alpha + beta)
    log_choose = gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)
    return np.sum(log_choose + y * e_log_theta + (n - y) * e_log_rest)
""",
            ),
            "Stirling": (
                "Stirling",
                """
def log_evidence(alpha, beta, y, n):
    def log_factorial(m):
        m = np.asarray(m, dtype=float)
        safe = np.maximum(m, 1)
        value = safe * np.log(safe) - safe + 0.5 * np.log(2 * np.pi * safe)
        return np.where(m == 0, 0.0, value)

    log_comb = log_factorial(n) - log_factorial(y) - log_factorial(n - y)
    return np.sum(log_comb + betaln(alpha + y, beta + n - y) - betaln(alpha, beta))
""",
            ),
            "small constant inside the log": (
                "probability before its log",
                """
def log_evidence(alpha, beta, y, n):
    log_comb = gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)
    p = np.exp(log_comb + betaln(alpha + y, beta + n - y) - betaln(alpha, beta))
    return np.sum(np.log(p + 1e-12))
""",
            ),
        },
    },
    "hw5_sampling_and_variational": {
        "q1_draw_parameters": {
            "independent Betas normalised": (
                "drawn one by one",
                """
def draw_parameters(N, T, a, alpha, beta, rng):
    c = np.asarray(a + N, dtype=float)
    if len(c) == 1:
        weights = np.ones(1)
    else:
        weights = rng.beta(c, c.sum() - c)
        weights = weights / weights.sum()
    rates = rng.gamma(alpha + T, 1 / (beta + N))
    return weights, rates
""",
            ),
            "underflowing Gammas": (
                "Gamma draws underflow",
                """
def draw_parameters(N, T, a, alpha, beta, rng):
    g = rng.gamma(a + N)
    total = g.sum()
    weights = g / total if total > 0 else np.full(len(g), 1 / len(g))
    rates = rng.gamma(alpha + T, 1 / (beta + N))
    return weights, rates
""",
            ),
            "few seeds": (
                "seed of its own",
                """
def draw_parameters(N, T, a, alpha, beta, rng):
    own = np.random.default_rng(int(rng.integers(1000)))
    weights = own.dirichlet(a + N)
    rates = own.gamma(alpha + T, 1 / (beta + N))
    return weights, rates
""",
            ),
            "Erlang": (
                "shape cut to a whole number",
                """
def draw_parameters(N, T, a, alpha, beta, rng):
    weights = rng.dirichlet(a + N)
    rates = np.empty(len(weights))
    for k, (shape, rate) in enumerate(zip(alpha + T, beta + N)):
        terms = max(int(shape), 1)
        rates[k] = rng.exponential(size=terms).sum() * shape / terms / rate
    return weights, rates
""",
            ),
        },
        "q2_gibbs_sweep": {
            "normal law for many calls": (
                "for the Poisson law where",
                """
def gibbs_sweep(x, weights, rates, draw, rng):
    x, K = np.asarray(x), len(weights)
    few = x[:, None] * np.log(rates) - rates
    many = norm.logpdf(x[:, None], rates, np.sqrt(rates))
    logp = np.log(weights) + np.where(x[:, None] < 30, few, many)
    z = np.argmax(logp + rng.gumbel(size=logp.shape), axis=1)
    N = np.bincount(z, minlength=K)
    T = np.bincount(z, weights=x, minlength=K)
    return z, *draw(N, T, rng)
""",
            ),
        },
        "q3_r_hats": {
            "scores cut at three": (
                "beyond 3 are cut",
                """
def r_hats(draws):
    draws = np.asarray(draws, dtype=float)
    h = draws.shape[1] // 2
    x = np.concatenate([draws[:, :h], draws[:, -h:]])

    def r_hat(v):
        return np.sqrt((h - 1) / h + v.mean(1).var(ddof=1) / v.var(1, ddof=1).mean())

    def scores(v):
        ranks = rankdata(v.ravel()).reshape(v.shape)
        return np.clip(norm.ppf((ranks - 3 / 8) / (v.size + 1 / 4)), -3, 3)

    return r_hat(x), r_hat(scores(x)), r_hat(scores(np.abs(x - np.median(x))))
""",
            ),
        },
        "q4_coordinate_step": {
            "digamma kept away from zero": (
                "lifted before digamma",
                """
def coordinate_step(x, a, alpha, beta, a0, alpha0, beta0):
    x = np.asarray(x)
    eps = 0.1
    log_weight = digamma(np.maximum(a, eps)) - digamma(np.sum(a))
    log_rate = digamma(np.maximum(alpha, eps)) - np.log(beta)
    log_r = log_weight + x[:, None] * log_rate - alpha / beta
    r = np.exp(log_r - logsumexp(log_r, axis=1, keepdims=True))
    N = r.sum(axis=0)
    T = r.T @ x
    return r, a0 + N, alpha0 + T, beta0 + N
""",
            ),
            "digamma by its first terms": (
                "terms of a series",
                """
def coordinate_step(x, a, alpha, beta, a0, alpha0, beta0):
    x = np.asarray(x)
    def psi(c):
        c = np.asarray(c, dtype=float)
        return np.log(c) - 1 / (2 * c) - 1 / (12 * c**2)

    log_r = psi(a) - psi(np.sum(a)) + x[:, None] * (psi(alpha) - np.log(beta)) - alpha / beta
    r = np.exp(log_r - logsumexp(log_r, axis=1, keepdims=True))
    N = r.sum(axis=0)
    T = r.T @ x
    return r, a0 + N, alpha0 + T, beta0 + N
""",
            ),
            "weights outside the log": (
                "zero before its logarithm",
                """
def coordinate_step(x, a, alpha, beta, a0, alpha0, beta0):
    weights = np.exp(digamma(a) - digamma(np.sum(a)))
    with np.errstate(divide="ignore"):
        log_weight = np.maximum(np.log(weights), -1e300)
    logr = log_weight + x[:, None] * (digamma(alpha) - np.log(beta)) - alpha / beta
    r = np.exp(logr - logsumexp(logr, axis=1, keepdims=True))
    N = r.sum(axis=0)
    return r, a0 + N, alpha0 + x @ r, beta0 + N
""",
            ),
            "pruned": (
                "counts as one with none",
                """
def coordinate_step(x, a, alpha, beta, a0, alpha0, beta0):
    logr = digamma(a) + x[:, None] * (digamma(alpha) - np.log(beta)) - alpha / beta
    r = np.exp(logr - logsumexp(logr, axis=1, keepdims=True))
    N, T = r.sum(axis=0), x @ r
    dead = N < 0.01
    N, T = np.where(dead, 0, N), np.where(dead, 0, T)
    return r, a0 + N, alpha0 + T, beta0 + N
""",
            ),
        },
    },
}
