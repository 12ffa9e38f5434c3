"""More wrong answers, by kind: what tame numbers, thresholds and ordinary data let pass.

``KINDS[homework][question][name] = (word, code)`` as in `homework_wrong_answers.py`; but `word` is
strict here: it tells this mistake from the others.
"""

from homework_wrong_five import R_HATS, changed

KINDS = {
    "hw1_mixtures_and_em": {
        "q1_responsibilities": {
            "sorted means": (
                "another order, sorted",
                """
def responsibilities(x, weights, means, variances):
    log_joint = np.log(weights) + norm.logpdf(x[:, None], np.sort(means), np.sqrt(variances))
    return np.exp(log_joint - logsumexp(log_joint, axis=1, keepdims=True))
""",
            ),
            "components sorted by mean": (
                "another order, sorted",
                """
def responsibilities(x, weights, means, variances):
    k = np.argsort(means)
    log_joint = np.log(weights[k]) + norm.logpdf(x[:, None], means[k], np.sqrt(variances[k]))
    return np.exp(log_joint - logsumexp(log_joint, axis=1, keepdims=True))
""",
            ),
            "floor under the densities": (
                "underflow",
                """
def responsibilities(x, weights, means, variances):
    density = np.maximum(norm.pdf(x[:, None], means, np.sqrt(variances)), 1e-300)
    joint = weights * density
    return joint / joint.sum(axis=1, keepdims=True)
""",
            ),
            "equal shares where 0/0": (
                "underflow",
                """
def responsibilities(x, weights, means, variances):
    joint = weights * norm.pdf(x[:, None], means, np.sqrt(variances))
    total = joint.sum(axis=1, keepdims=True)
    return np.where(total > 0, joint / np.where(total > 0, total, 1), 1 / len(weights))
""",
            ),
            "nearest mean where 0/0": (
                "underflow",
                """
def responsibilities(x, weights, means, variances):
    joint = weights * norm.pdf(x[:, None], means, np.sqrt(variances))
    total = joint.sum(axis=1, keepdims=True)
    near = np.eye(len(means))[np.abs(x[:, None] - means).argmin(axis=1)]
    return np.where(total > 0, joint / np.where(total > 0, total, 1), near)
""",
            ),
            "rounded": (
                "rounded to 4",
                """
def responsibilities(x, weights, means, variances):
    log_joint = np.log(weights) + norm.logpdf(x[:, None], means, np.sqrt(variances))
    return np.round(np.exp(log_joint - logsumexp(log_joint, axis=1, keepdims=True)), 4)
""",
            ),
            "only two components": (
                "shape|sums to|proportion",
                """
def responsibilities(x, weights, means, variances):
    log_joint = np.log(weights) + norm.logpdf(x[:, None], means, np.sqrt(variances))
    r = np.exp(log_joint - logsumexp(log_joint, axis=1, keepdims=True))
    return np.column_stack([r[:, 0], 1 - r[:, 0]])
""",
            ),
            "exponential of large numbers": (
                "underflow",
                """
def responsibilities(x, weights, means, variances):
    log_joint = np.log(weights) + norm.logpdf(x[:, None], means, np.sqrt(variances))
    joint = np.exp(np.clip(log_joint, -700, None))
    return joint / joint.sum(axis=1, keepdims=True)
""",
            ),
        },
        "q2_log_likelihood": {
            "infinity replaced": (
                "underflow",
                """
def log_likelihood(x, weights, means, variances):
    density = norm.pdf(x[:, None], means, np.sqrt(variances)) @ weights
    return np.nan_to_num(np.log(density), neginf=-1e10).sum()
""",
            ),
            "clipped density": (
                "underflow",
                """
def log_likelihood(x, weights, means, variances):
    density = norm.pdf(x[:, None], means, np.sqrt(variances)) @ weights
    return np.log(np.clip(density, 1e-12, None)).sum()
""",
            ),
            "log to base 2": (
                "base 2",
                """
def log_likelihood(x, weights, means, variances):
    log_joint = np.log(weights) + norm.logpdf(x[:, None], means, np.sqrt(variances))
    return logsumexp(log_joint, axis=1).sum() / np.log(2)
""",
            ),
            "averaged parameters": (
                "average mean and variance",
                """
def log_likelihood(x, weights, means, variances):
    return norm.logpdf(x, weights @ means, np.sqrt(weights @ variances)).sum()
""",
            ),
            "deviance": (
                "deviance|-2 times",
                """
def log_likelihood(x, weights, means, variances):
    log_joint = np.log(weights) + norm.logpdf(x[:, None], means, np.sqrt(variances))
    return -2 * logsumexp(log_joint, axis=1).sum()
""",
            ),
        },
        "q3_m_step": {
            "old weights returned": (
                "old weights",
                """
def m_step(x, r, weights, means, variances):
    counts = r.sum(axis=0)
    mu = x @ r / counts
    return weights, mu, (r * (x[:, None] - mu) ** 2).sum(axis=0) / counts
""",
            ),
            "old weights for the counts": (
                "old weights",
                """
def m_step(x, r, weights, means, variances):
    counts = len(x) * weights
    mu = x @ r / counts
    return r.mean(axis=0), mu, (r * (x[:, None] - mu) ** 2).sum(axis=0) / counts
""",
            ),
            "regularised variance": (
                "constant.*added",
                """
def m_step(x, r, weights, means, variances):
    counts = r.sum(axis=0)
    mu = x @ r / counts
    return counts / len(x), mu, (r * (x[:, None] - mu) ** 2).sum(axis=0) / counts + 1e-6
""",
            ),
            "floor under the variance": (
                "floor",
                """
def m_step(x, r, weights, means, variances):
    counts = r.sum(axis=0)
    mu = x @ r / counts
    new = (r * (x[:, None] - mu) ** 2).sum(axis=0) / counts
    return counts / len(x), mu, np.maximum(new, 1e-6)
""",
            ),
            "absolute statistics": (
                "absolute deviations",
                """
def m_step(x, r, weights, means, variances):
    counts = r.sum(axis=0)
    mu = x @ r / counts
    return counts / len(x), mu, (r * np.abs(x[:, None] - mu)).sum(axis=0) / counts
""",
            ),
            "only the weights": (
                "single ndarray is given back; 3 things|2 things|shape|things are",
                """
def m_step(x, r, weights, means, variances):
    return r.mean(axis=0)
""",
            ),
            "damped": (
                "averaged",
                """
def m_step(x, r, weights, means, variances):
    counts = r.sum(axis=0)
    mu = x @ r / counts
    new = (r * (x[:, None] - mu) ** 2).sum(axis=0) / counts
    return (weights + counts / len(x)) / 2, mu, new
""",
            ),
        },
        "q4_fit": {
            "absolute limit of a fall": (
                r"1e-9 \*times\*",
                """
def fit(model, x, tol=1e-8, max_iter=1000):
    statistics, value = model.e_step(x)
    trace = [value]
    for _ in range(max_iter):
        model = model.m_step(statistics)
        statistics, value = model.e_step(x)
        gain = value - trace[-1]
        trace.append(value)
        if gain < -1e-9:
            raise RuntimeError("fell")
        if gain < tol:
            break
    return model, trace
""",
            ),
            "relative limit too large": (
                "no larger part",
                """
def fit(model, x, tol=1e-8, max_iter=1000):
    statistics, value = model.e_step(x)
    trace = [value]
    for _ in range(max_iter):
        model = model.m_step(statistics)
        statistics, value = model.e_step(x)
        gain = value - trace[-1]
        trace.append(value)
        if gain < -1e-6 * abs(value):
            raise RuntimeError("fell")
        if gain < tol:
            break
    return model, trace
""",
            ),
            "only the model": (
                "2 things are due, model, trace",
                """
def fit(model, x, tol=1e-8, max_iter=1000):
    for _ in range(max_iter):
        model = model.m_step(model.e_step(x)[0])
    return model
""",
            ),
            "trace before model": (
                "A model comes first|No model comes first",
                """
def fit(model, x, tol=1e-8, max_iter=1000):
    statistics, value = model.e_step(x)
    trace = [value]
    for _ in range(max_iter):
        model = model.m_step(statistics)
        statistics, value = model.e_step(x)
        gain = value - trace[-1]
        trace.append(value)
        if gain < -1e-9 * abs(value):
            raise RuntimeError("fell")
        if gain < tol:
            break
    return trace, model
""",
            ),
            "fall measured from the start": (
                "third step was not noticed",
                """
def fit(model, x, tol=1e-8, max_iter=1000):
    statistics, value = model.e_step(x)
    trace = [value]
    for _ in range(max_iter):
        model = model.m_step(statistics)
        statistics, value = model.e_step(x)
        gain = value - trace[-1]
        trace.append(value)
        if value < trace[0] - 1e-9 * abs(trace[0]):
            raise RuntimeError("fell")
        if gain < tol:
            break
    return model, trace
""",
            ),
            "gain relative to the value": (
                "not for each point and not relative",
                """
def fit(model, x, tol=1e-8, max_iter=1000):
    statistics, value = model.e_step(x)
    trace = [value]
    for _ in range(max_iter):
        model = model.m_step(statistics)
        statistics, value = model.e_step(x)
        gain = value - trace[-1]
        trace.append(value)
        if gain < -1e-9 * abs(value):
            raise RuntimeError("fell")
        if gain / abs(value) < tol:
            break
    return model, trace
""",
            ),
        },
        "q5_picture": {
            "points instead of lines": (
                "points alone",
                """
def draw_responsibilities(ax, model, grid):
    for k, r in enumerate(model.responsibilities(grid).T):
        ax.plot(grid, r, ".", label=f"component {k + 1}")
    ax.set(xlabel="length (cm)", ylabel="responsibility", ylim=(0, 1))
""",
            ),
            "one label for all": (
                "same label",
                """
def draw_responsibilities(ax, model, grid):
    for r in model.responsibilities(grid).T:
        ax.plot(grid, r, label="component")
    ax.set(xlabel="length (cm)", ylabel="responsibility", ylim=(0, 1))
""",
            ),
            "percent": (
                "percent",
                """
def draw_responsibilities(ax, model, grid):
    for k, r in enumerate(model.responsibilities(grid).T):
        ax.plot(grid, 100 * r, label=f"component {k + 1}")
    ax.set(xlabel="length (cm)", ylabel="responsibility", ylim=(0, 100))
""",
            ),
            "scatter": (
                "draw lines",
                """
def draw_responsibilities(ax, model, grid):
    for k, r in enumerate(model.responsibilities(grid).T):
        ax.scatter(grid, r, label=f"component {k + 1}")
    ax.set(xlabel="length (cm)", ylabel="responsibility", ylim=(0, 1))
""",
            ),
        },
    },
    "hw2_missing_data_and_elbo": {
        "q1_elbo": {
            "posterior weighted": (
                "weighted by the posterior",
                """
def elbo(q, log_joint):
    p = np.exp(log_joint - logsumexp(log_joint, axis=1, keepdims=True))
    return (p * log_joint - xlogy(q, q)).sum()
""",
            ),
            "clipped q": (
                "entropy|certain|off by",
                """
def elbo(q, log_joint):
    q = np.clip(q, 0.01, 0.99)
    return (q * log_joint - q * np.log(q)).sum()
""",
            ),
            "through the joint itself": (
                "underflow",
                """
def elbo(q, log_joint):
    return (xlogy(q, np.exp(log_joint)) - xlogy(q, q)).sum()
""",
            ),
        },
        "q2_gap": {
            "rel_entr of the posterior itself": (
                "underflow: a posterior probability",
                """
def gap(q, log_joint):
    from scipy.special import rel_entr, softmax

    return rel_entr(q, softmax(log_joint, axis=1)).sum()
""",
            ),
            "softmax and clip": (
                "underflow: where a posterior probability",
                """
def gap(q, log_joint):
    from scipy.special import softmax

    p = np.clip(softmax(log_joint, axis=1), 1e-12, 1)
    return (xlogy(q, q) - q * np.log(p)).sum()
""",
            ),
            "from the bound": (
                "minus the bound",
                """
def gap(q, log_joint):
    evidence = logsumexp(log_joint, axis=1).sum()
    return evidence - (q * log_joint).sum() + xlogy(q, q).sum()
""",
            ),
            "from the function of question 1": (
                "minus the bound",
                """
def gap(q, log_joint):
    return logsumexp(log_joint, axis=1).sum() - elbo(q, log_joint)
""",
            ),
            "negative terms dropped": (
                "negative terms",
                """
def gap(q, log_joint):
    log_p = log_joint - logsumexp(log_joint, axis=1, keepdims=True)
    return np.maximum(xlogy(q, q) - q * log_p, 0).sum()
""",
            ),
            "absolute values": (
                "absolute values",
                """
def gap(q, log_joint):
    log_p = log_joint - logsumexp(log_joint, axis=1, keepdims=True)
    return np.abs(xlogy(q, q) - q * log_p).sum()
""",
            ),
            "softmax without the maximum": (
                "flow: exp",
                """
def gap(q, log_joint):
    p = np.exp(log_joint) / np.exp(log_joint).sum(axis=1, keepdims=True)
    return (xlogy(q, q) - q * np.log(p)).sum()
""",
            ),
        },
        "q3_expected_statistics": {
            "variance added once": (
                "added once",
                """
def expected_statistics(x, mean, covariance):
    slope = covariance[1, 0] / covariance[0, 0]
    missing, filled = np.isnan(x[:, 1]), x.copy()
    filled[missing, 1] = mean[1] + slope * (x[missing, 0] - mean[0])
    squares = filled.T @ filled
    if missing.any():
        squares[1, 1] += covariance[1, 1] - slope * covariance[1, 0]
    return filled.sum(axis=0), squares
""",
            ),
            "the absolute correlation": (
                "off by|sign",
                """
def expected_statistics(x, mean, covariance):
    slope = np.abs(covariance[1, 0]) / covariance[0, 0] * np.sign(-covariance[1, 0])
    missing, filled = np.isnan(x[:, 1]), x.copy()
    filled[missing, 1] = mean[1] + slope * (x[missing, 0] - mean[0])
    squares = filled.T @ filled
    squares[1, 1] += missing.sum() * (covariance[1, 1] - slope**2 * covariance[0, 0])
    return filled.sum(axis=0), squares
""",
            ),
            "only the sum": (
                "`total` has shape",
                """
def expected_statistics(x, mean, covariance):
    return np.nansum(x, axis=0)
""",
            ),
        },
        "q4_light_bulbs": {
            "median of the rest": (
                "median",
                """
def bulb_step(hours, burning, rate):
    lives = np.where(burning, hours + np.log(2) / rate, hours)
    return len(hours) / lives.sum()
""",
            ),
            "two steps": (
                "two steps",
                """
def bulb_step(hours, burning, rate):
    for _ in range(2):
        rate = len(hours) / (hours.sum() + burning.sum() / rate)
    return rate
""",
            ),
            "floor under the rate": (
                "60 times smaller",
                """
def bulb_step(hours, burning, rate):
    return max(len(hours) / (hours.sum() + burning.sum() / rate), 1e-4)
""",
            ),
            "rounded": (
                "off by|rounded|units",
                """
def bulb_step(hours, burning, rate):
    return round(len(hours) / (hours.sum() + burning.sum() / rate), 7)
""",
            ),
        },
    },
    "hw3_exchangeability": {
        "q1_urn": {
            "totals not updated": (
                "number of balls in the urn is not updated",
                """
def draw_urn(white, black, n_draws, rng):
    total, draws = white + black, []
    for _ in range(n_draws):
        draws.append(int(rng.random() < white / total))
        white += draws[-1]
    return np.array(draws)
""",
            ),
            "sorted": (
                "sorted",
                """
def draw_urn(white, black, n_draws, rng):
    draws = []
    for _ in range(n_draws):
        draws.append(int(rng.random() < white / (white + black)))
        white, black = white + draws[-1], black + 1 - draws[-1]
    return np.sort(draws)
""",
            ),
            "colours as text": (
                "numbers alone",
                """
def draw_urn(white, black, n_draws, rng):
    return np.array(["w" if rng.random() < 0.5 else "b" for _ in range(n_draws)])
""",
            ),
            "half a ball": (
                "found",
                """
def draw_urn(white, black, n_draws, rng):
    draws = []
    for _ in range(n_draws):
        draws.append(int(rng.random() < white / (white + black)))
        white, black = white + draws[-1] / 2, black + (1 - draws[-1]) / 2
    return np.array(draws)
""",
            ),
        },
        "q2_urn_probability": {
            "minus": (
                "sign is wrong",
                """
def urn_log_probability(draws, white, black):
    s, n = np.sum(draws), len(draws)
    return betaln(white, black) - betaln(white + s, black + n - s)
""",
            ),
            "base 2": (
                "base 2",
                """
def urn_log_probability(draws, white, black):
    s, n = np.sum(draws), len(draws)
    return (betaln(white + s, black + n - s) - betaln(white, black)) / np.log(2)
""",
            ),
            "floor": (
                "underflow",
                """
def urn_log_probability(draws, white, black):
    p = 1.0
    for draw in draws:
        p *= (white if draw else black) / (white + black)
        white, black = white + draw, black + 1 - draw
    return np.log(max(p, 1e-300))
""",
            ),
        },
        "q3_mixture_of_coins": {
            "clipped theta": (
                "clipped",
                """
def mixture_log_probability(draws, thetas, weights):
    s, n = np.sum(draws), len(draws)
    thetas = np.clip(thetas, 1e-10, 1 - 1e-10)
    return logsumexp(s * np.log(thetas) + (n - s) * np.log(1 - thetas), b=weights)
""",
            ),
            "nan_to_num": (
                "-inf|nan|certain",
                """
def mixture_log_probability(draws, thetas, weights):
    s, n = np.sum(draws), len(draws)
    thetas = np.asarray(thetas)
    logs = np.nan_to_num(xlogy(s, thetas) + xlog1py(n - s, -thetas))
    return logsumexp(logs, b=weights)
""",
            ),
            "infinity replaced at the end": (
                "-inf",
                """
def mixture_log_probability(draws, thetas, weights):
    s, n = np.sum(draws), len(draws)
    thetas = np.asarray(thetas)
    logs = xlogy(s, thetas) + xlog1py(n - s, -thetas)
    return np.nan_to_num(logsumexp(logs, b=weights))
""",
            ),
            "base 10": (
                "base 10",
                """
def mixture_log_probability(draws, thetas, weights):
    s, n = np.sum(draws), len(draws)
    thetas = np.asarray(thetas)
    return logsumexp(xlogy(s, thetas) + xlog1py(n - s, -thetas), b=weights) / np.log(10)
""",
            ),
        },
        "q4_is_exchangeable": {
            "tolerance 1e-6": (
                "not larger",
                """
def is_exchangeable(joint):
    orders = itertools.permutations(range(joint.ndim))
    return all(np.allclose(joint, joint.transpose(o), rtol=0, atol=1e-6) for o in orders)
""",
            ),
            "tolerance 1e-12": (
                "not smaller",
                """
def is_exchangeable(joint):
    orders = itertools.permutations(range(joint.ndim))
    return all(np.allclose(joint, joint.transpose(o), rtol=0, atol=1e-12) for o in orders)
""",
            ),
            "relative tolerance of allclose": (
                "not relative",
                """
def is_exchangeable(joint):
    orders = itertools.permutations(range(joint.ndim))
    return all(np.allclose(joint, joint.transpose(o), atol=1e-9) for o in orders)
""",
            ),
            "relative alone": (
                "not relative",
                """
def is_exchangeable(joint):
    orders = itertools.permutations(range(joint.ndim))
    return all(
        np.all(np.abs(joint - joint.transpose(o)) <= 1e-9 * np.abs(joint)) for o in orders
    )
""",
            ),
            "the largest difference": (
                "True or False is due",
                """
def is_exchangeable(joint):
    orders = itertools.permutations(range(joint.ndim))
    return max(np.abs(joint - joint.transpose(o)).max() for o in orders)
""",
            ),
        },
        "q5_permutation_test": {
            "strict": (
                "ties must count",
                """
def permutation_p_value(draws, statistic, n_shuffles, rng):
    seen = statistic(draws)
    count = sum(statistic(rng.permutation(draws)) > seen for _ in range(n_shuffles))
    return (1 + count) / (1 + n_shuffles)
""",
            ),
            "rounded to two decimals": (
                "rounded to 2",
                """
def permutation_p_value(draws, statistic, n_shuffles, rng):
    seen = statistic(draws)
    count = sum(statistic(rng.permutation(draws)) >= seen for _ in range(n_shuffles))
    return round((1 + count) / (1 + n_shuffles), 2)
""",
            ),
            "distance from zero": (
                "both tails",
                """
def permutation_p_value(draws, statistic, n_shuffles, rng):
    seen = abs(statistic(draws))
    count = sum(abs(statistic(rng.permutation(draws))) >= seen for _ in range(n_shuffles))
    return (1 + count) / (1 + n_shuffles)
""",
            ),
            "only the first half is shuffled": (
                "only|more often",
                """
def permutation_p_value(draws, statistic, n_shuffles, rng):
    seen, count, half = statistic(draws), 0, len(draws) // 2
    for _ in range(n_shuffles):
        other = np.array(draws)
        other[:half] = rng.permutation(other[:half])
        count += statistic(other) >= seen
    return (1 + count) / (1 + n_shuffles)
""",
            ),
            "coins with the same mean": (
                "replacement",
                """
def permutation_p_value(draws, statistic, n_shuffles, rng):
    seen, p = statistic(draws), np.mean(draws)
    count = sum(
        statistic((rng.random(len(draws)) < p).astype(int)) >= seen for _ in range(n_shuffles)
    )
    return (1 + count) / (1 + n_shuffles)
""",
            ),
        },
    },
    "hw4_hierarchical_models": {
        "q1_posterior_mean": {
            "uniform prior": (
                "uniform prior",
                """
def posterior_mean(y, n, alpha, beta):
    return (np.asarray(y) + 1) / (np.asarray(n) + 2)
""",
            ),
            "y in place of y/n": (
                "off by|wrong",
                """
def posterior_mean(y, n, alpha, beta):
    b = (alpha + beta) / (alpha + beta + n)
    return b * alpha / (alpha + beta) + (1 - b) * y
""",
            ),
            "n twice": (
                "denominator",
                """
def posterior_mean(y, n, alpha, beta):
    return (alpha + np.asarray(y)) / (alpha + beta + np.asarray(n) + np.asarray(y))
""",
            ),
        },
        "q2_moment_match": {
            "strengths over 1000 refused": (
                "do vary more, but it stops",
                """
def moment_match(y, n):
    f = np.asarray(y) / n
    m, t = f.mean(), f.var() / (f.mean() * (1 - f.mean()))
    if t <= 1 / n:
        raise ValueError("too little")
    s = (1 - t) / (t - 1 / n)
    if s > 1000:
        raise ValueError("too strong")
    return m * s, (1 - m) * s
""",
            ),
            "strengths capped": (
                "the strength that came back",
                """
def moment_match(y, n):
    f = np.asarray(y) / n
    m, t = f.mean(), f.var() / (f.mean() * (1 - f.mean()))
    if t <= 1 / n:
        raise ValueError("too little")
    s = min((1 - t) / (t - 1 / n), 1000)
    return m * s, (1 - m) * s
""",
            ),
            "1.5 times the noise asked for": (
                "do vary more, but it stops",
                """
def moment_match(y, n):
    f = np.asarray(y) / n
    m, v = f.mean(), f.var()
    t = v / (m * (1 - m))
    if v < 1.5 * m * (1 - m) / n:
        raise ValueError("too little")
    s = (1 - t) / (t - 1 / n)
    return m * s, (1 - m) * s
""",
            ),
            "infinite strength instead of an error": (
                "raise a ValueError",
                """
def moment_match(y, n):
    f = np.asarray(y) / n
    m, t = f.mean(), f.var() / (f.mean() * (1 - f.mean()))
    s = (1 - t) / (t - 1 / n) if t > 1 / n else 1e6
    return m * s, (1 - m) * s
""",
            ),
            "another error": (
                "ValueError is due, not RuntimeError",
                """
def moment_match(y, n):
    f = np.asarray(y) / n
    m, t = f.mean(), f.var() / (f.mean() * (1 - f.mean()))
    if t <= 1 / n:
        raise RuntimeError("too little")
    s = (1 - t) / (t - 1 / n)
    return m * s, (1 - m) * s
""",
            ),
            "the error returned": (
                "raise a ValueError",
                """
def moment_match(y, n):
    f = np.asarray(y) / n
    m, t = f.mean(), f.var() / (f.mean() * (1 - f.mean()))
    if t <= 1 / n:
        return ValueError("too little")
    s = (1 - t) / (t - 1 / n)
    return m * s, (1 - m) * s
""",
            ),
            "strengths below 1 refused": (
                "below 1, and that is allowed",
                """
def moment_match(y, n):
    f = np.asarray(y) / n
    m, t = f.mean(), f.var() / (f.mean() * (1 - f.mean()))
    s = (1 - t) / (t - 1 / n)
    if s <= 1:
        raise ValueError("no Beta")
    return m * s, (1 - m) * s
""",
            ),
        },
        "q3_log_evidence": {
            "base 2": (
                "base 2",
                """
def log_evidence(alpha, beta, y, n):
    choose = gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)
    each = choose + betaln(alpha + y, beta + n - y) - betaln(alpha, beta)
    return each.sum() / np.log(2)
""",
            ),
            "infinity replaced": (
                "overflow or underflow|wrong",
                """
def log_evidence(alpha, beta, y, n):
    from scipy.special import comb

    each = np.log(comb(n, y)) + betaln(alpha + y, beta + n - y) - betaln(alpha, beta)
    return np.nan_to_num(each, posinf=0.0).sum()
""",
            ),
        },
        "q4_picture": {
            "markers taken for lines": (
                "no line",
                """
def draw_shrinkage(ax, y, n, alpha, beta):
    ax.plot(y / n, (alpha + y) / (alpha + beta + n), "o")
    grid = np.linspace(0, 1, 50)
    ax.plot(grid, grid, "x")
    ax.plot(grid, 0 * grid + alpha / (alpha + beta), "x")
    ax.set(xlabel="raw fraction", ylabel="posterior mean")
""",
            ),
            "scatter": (
                "not by scatter|0 found",
                """
def draw_shrinkage(ax, y, n, alpha, beta):
    ax.scatter(y / n, (alpha + y) / (alpha + beta + n))
    ax.plot([0, 1], [0, 1])
    ax.axhline(alpha / (alpha + beta))
    ax.set(xlabel="raw fraction", ylabel="posterior mean")
""",
            ),
            "pooled mean": (
                "fraction of all throws",
                """
def draw_shrinkage(ax, y, n, alpha, beta):
    ax.plot(y / n, (alpha + y) / (alpha + beta + n), "o")
    ax.plot([0, 1], [0, 1])
    ax.axhline(np.sum(y) / np.sum(n + 0 * y))
    ax.set(xlabel="raw fraction", ylabel="posterior mean")
""",
            ),
        },
    },
    "hw5_sampling_and_variational": {
        "q1_draw_parameters": {
            "a seed drawn from rng but used for both": (
                "Weights and rates go",
                """
def draw_parameters(N, T, a, alpha, beta, rng):
    seed = int(rng.integers(2**31))
    g = np.array([np.random.default_rng([seed, k]).gamma(a[k] + N[k]) for k in range(len(N))])
    h = [np.random.default_rng([seed, k]).gamma(alpha[k] + T[k]) for k in range(len(N))]
    return g / g.sum(), np.array(h) / (beta + N)
""",
            ),
            "twice as sure": (
                "Everything counts twice",
                """
def draw_parameters(N, T, a, alpha, beta, rng):
    return rng.dirichlet(2 * (a + N)), rng.gamma(2 * (alpha + T), 0.5 / (beta + N))
""",
            ),
            "weights sorted": (
                "weights have another law|not the three",
                """
def draw_parameters(N, T, a, alpha, beta, rng):
    return np.sort(rng.dirichlet(a + N)), rng.gamma(alpha + T, 1 / (beta + N))
""",
            ),
            "empty kinds left out": (
                "for no night at all|for a kind without nights",
                """
def draw_parameters(N, T, a, alpha, beta, rng):
    seen = N > 0
    w = np.where(seen, rng.gamma(a + N), 1e-300)
    return w / w.sum(), np.where(seen, rng.gamma(alpha + T, 1 / (beta + N)), alpha / beta)
""",
            ),
            "bell curve for many": (
                "for a million nights|other law",
                """
def draw_parameters(N, T, a, alpha, beta, rng):
    shape, size = alpha + T, beta + N
    rates = np.minimum(rng.gamma(shape, 1 / size), 4.999999)
    return rng.dirichlet(a + N), rates
""",
            ),
        },
        "q2_gibbs_sweep": {
            "clipped logarithms": (
                "surely of kinds",
                """
def gibbs_sweep(x, weights, rates, draw, rng):
    logs = np.log(weights) + np.outer(x, np.log(rates)) - rates
    p = np.exp(np.clip(logs, -700, 700))
    below = np.cumsum(p / p.sum(axis=1, keepdims=True), axis=1)[:, :-1]
    z = (rng.random((len(x), 1)) > below).sum(axis=1)
    K = len(weights)
    N, T = np.bincount(z, minlength=K), np.bincount(z, x, minlength=K)
    return z, *draw(N, T, rng)
""",
            ),
            "all nights but the last": (
                "N does not count",
                """
def gibbs_sweep(x, weights, rates, draw, rng):
    logs = np.log(weights) + np.outer(x, np.log(rates)) - rates
    z = (logs + rng.gumbel(size=logs.shape)).argmax(axis=1)
    K = len(weights)
    N, T = np.bincount(z[:-1], minlength=K), np.bincount(z[:-1], x[:-1], minlength=K)
    return z, *draw(N, T, rng)
""",
            ),
            "two sweeps": (
                "2 times in a sweep|`draw` gives back",
                """
def gibbs_sweep(x, weights, rates, draw, rng):
    K = len(weights)
    for _ in range(2):
        logs = np.log(weights) + np.outer(x, np.log(rates)) - rates
        z = (logs + rng.gumbel(size=logs.shape)).argmax(axis=1)
        N, T = np.bincount(z, minlength=K), np.bincount(z, x, minlength=K)
        weights, rates = draw(N, T, rng)
    return z, weights, rates
""",
            ),
            "sharper probabilities": (
                "squared",
                """
def gibbs_sweep(x, weights, rates, draw, rng):
    logs = 2 * (np.log(weights) + np.outer(x, np.log(rates)) - rates)
    z = (logs + rng.gumbel(size=logs.shape)).argmax(axis=1)
    K = len(weights)
    N, T = np.bincount(z, minlength=K), np.bincount(z, x, minlength=K)
    return z, *draw(N, T, rng)
""",
            ),
        },
        "q3_r_hats": {
            "distances from zero": (
                "from zero",
                changed(R_HATS, ("abs(y - np.median(y))", "abs(y)")),
            ),
            "one-pass variance": (
                "about ten million",
                changed(
                    R_HATS,
                    ("draws[:, -n:]])", "draws[:, -n:]]).astype(float)"),
                    (
                        "y.var(axis=1, ddof=1).mean()",
                        "(((y**2).mean(1) - y.mean(1) ** 2).mean() * n / (n - 1))",
                    ),
                ),
            ),
            "rounded": (
                "rounded to [1-4] decimals",
                changed(
                    R_HATS,
                    ("return np.sqrt(", "return round(float(np.sqrt("),
                    ("ddof=1).mean())", "ddof=1).mean())), 4)"),
                ),
            ),
        },
        "q4_coordinate_step": {
            "law updated before the responsibilities": (
                "under the new law",
                """
def coordinate_step(x, a, alpha, beta, a0, alpha0, beta0):
    for _ in range(2):
        logs = digamma(a) + np.outer(x, digamma(alpha) - np.log(beta)) - alpha / beta
        r = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
        a, alpha, beta = a0 + r.sum(axis=0), alpha0 + x @ r, beta0 + r.sum(axis=0)
    return r, a, alpha, beta
""",
            ),
            "digamma approximated": (
                "next to nothing|terms of a series",
                """
def coordinate_step(x, a, alpha, beta, a0, alpha0, beta0):
    psi = lambda c: np.log(c) - 1 / (2 * c) - 1 / (12 * c**2)
    logs = psi(a) + np.outer(x, psi(alpha) - np.log(beta)) - alpha / beta
    r = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
    return r, a0 + r.sum(axis=0), alpha0 + x @ r, beta0 + r.sum(axis=0)
""",
            ),
            "floor under the shares": (
                "off by|next to nothing",
                """
def coordinate_step(x, a, alpha, beta, a0, alpha0, beta0):
    logs = digamma(a) + np.outer(x, digamma(alpha) - np.log(beta)) - alpha / beta
    r = np.maximum(np.exp(logs - logsumexp(logs, axis=1, keepdims=True)), 1e-4)
    r = r / r.sum(axis=1, keepdims=True)
    return r, a0 + r.sum(axis=0), alpha0 + x @ r, beta0 + r.sum(axis=0)
""",
            ),
        },
    },
}
