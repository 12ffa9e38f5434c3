"""Wrong answers of somebody who had seen no check, of which some passed or were told a wrong cause.

``UNSEEN[homework][question][name] = (word, code)`` as in `homework_wrong_kinds.py`: `word` tells
this mistake from the others.
"""

UNSEEN = {
    "hw1_mixtures_and_em": {
        "q1_responsibilities": {
            "sqrt in place": (
                "changes `variances` in place",
                """
def responsibilities(x, weights, means, variances):
    np.sqrt(variances, out=variances)
    logs = np.log(weights) + norm.logpdf(x[:, None], means, variances)
    return np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
""",
            ),
            "weights plus epsilon": (
                "added to the weights",
                """
def responsibilities(x, weights, means, variances):
    logs = np.log(weights + 1e-10) + norm.logpdf(x[:, None], means, np.sqrt(variances))
    return np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
""",
            ),
            "type of x": (
                "whole numbers",
                """
def responsibilities(x, weights, means, variances):
    r = np.empty((len(x), len(weights)), dtype=x.dtype)
    logs = np.log(weights) + norm.logpdf(x[:, None], means, np.sqrt(variances))
    r[:] = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
    return r
""",
            ),
            "log10 of weights": (
                "decimal logarithms",
                """
def responsibilities(x, weights, means, variances):
    logs = np.log10(weights) + norm.logpdf(x[:, None], means, np.sqrt(variances))
    return np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
""",
            ),
            "half precision": (
                "few digits",
                """
def responsibilities(x, weights, means, variances):
    x, means, variances = (np.asarray(a, np.float32) for a in (x, means, variances))
    logs = np.log(weights) - 0.5 * np.log(variances) - 0.5 * (x[:, None] - means) ** 2 / variances
    return np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
""",
            ),
        },
        "q2_log_likelihood": {
            "two components": (
                "two of three",
                """
def log_likelihood(x, weights, means, variances):
    logs = np.log(weights) + norm.logpdf(x[:, None], means, np.sqrt(variances))
    if logs.shape[1] == 1:
        return logs.sum()
    return np.logaddexp(logs[:, 0], logs[:, 1]).sum()
""",
            ),
            "type of x": (
                "whole numbers",
                """
def log_likelihood(x, weights, means, variances):
    per_point = np.zeros_like(x)
    for n, point in enumerate(x):
        per_point[n] = logsumexp(np.log(weights) + norm.logpdf(point, means, np.sqrt(variances)))
    return per_point.sum()
""",
            ),
            "equal lengths once": (
                "equal are counted once",
                """
def log_likelihood(x, weights, means, variances):
    x = np.unique(x)
    logs = np.log(weights) + norm.logpdf(x[:, None], means, np.sqrt(variances))
    return logsumexp(logs, axis=1).sum()
""",
            ),
            "normal of the mixture": (
                "One bell curve",
                """
def log_likelihood(x, weights, means, variances):
    mean = weights @ means
    variance = weights @ (variances + means**2) - mean**2
    return norm.logpdf(x, mean, np.sqrt(variance)).sum()
""",
            ),
            "maximum not returned": (
                "largest log-density",
                """
def log_likelihood(x, weights, means, variances):
    logs = np.log(weights) + norm.logpdf(x[:, None], means, np.sqrt(variances))
    top = logs.max(axis=1, keepdims=True)
    return np.log(np.exp(logs - top).sum(axis=1)).sum() + top.max()
""",
            ),
        },
        "q3_m_step": {
            "cancellation": (
                "leave no digits",
                """
def m_step(x, r, weights, means, variances):
    N_k = r.sum(axis=0)
    mu = r.T @ x / N_k
    return N_k / len(x), mu, r.T @ x**2 / N_k - mu**2
""",
            ),
            "r in place": (
                "changes `r` in place",
                """
def m_step(x, r, weights, means, variances):
    N_k = r.sum(axis=0)
    r /= N_k
    mu = r.T @ x
    return N_k / len(x), mu, (r * (x[:, None] - mu) ** 2).sum(axis=0)
""",
            ),
            "overwrites old parameters": (
                "changes `weights` in place",
                """
def m_step(x, r, weights, means, variances):
    N_k = r.sum(axis=0)
    for k in range(len(N_k)):
        weights[k] = N_k[k] / len(x)
        means[k] = r[:, k] @ x / N_k[k]
        variances[k] = r[:, k] @ (x - means[k]) ** 2 / N_k[k]
    return weights, means, variances
""",
            ),
            "type of the means": (
                "whole numbers",
                """
def m_step(x, r, weights, means, variances):
    N_k = r.sum(axis=0)
    mu = np.zeros_like(means)
    for k in range(len(N_k)):
        mu[k] = r[:, k] @ x / N_k[k]
    return N_k / len(x), mu, (r * (x[:, None] - mu) ** 2).sum(axis=0) / N_k
""",
            ),
            "floor on counts": (
                "counts as 1",
                """
def m_step(x, r, weights, means, variances):
    N_k = np.maximum(r.sum(axis=0), 1)
    mu = r.T @ x / N_k
    return N_k / len(x), mu, (r * (x[:, None] - mu) ** 2).sum(axis=0) / N_k
""",
            ),
            "empty kept": (
                "keeps its old part of `means`",
                """
def m_step(x, r, weights, means, variances):
    N_k = r.sum(axis=0)
    mu = r.T @ x / N_k
    var = (r * (x[:, None] - mu) ** 2).sum(axis=0) / N_k
    small = N_k < 0.01
    return N_k / len(x), np.where(small, means, mu), np.where(small, variances, var)
""",
            ),
            "weights twice": (
                "old weights enter again",
                """
def m_step(x, r, weights, means, variances):
    r = r * weights
    N_k = r.sum(axis=0)
    mu = r.T @ x / N_k
    return N_k / len(x), mu, (r * (x[:, None] - mu) ** 2).sum(axis=0) / N_k
""",
            ),
            "sorted by mean": (
                "components are sorted",
                """
def m_step(x, r, weights, means, variances):
    N_k = r.sum(axis=0)
    mu = r.T @ x / N_k
    var = (r * (x[:, None] - mu) ** 2).sum(axis=0) / N_k
    order = np.argsort(mu)
    return (N_k / len(x))[order], mu[order], var[order]
""",
            ),
            "last component only": (
                "about the last mean",
                """
def m_step(x, r, weights, means, variances):
    N_k = r.sum(axis=0)
    mu = np.zeros(len(N_k))
    for k in range(len(N_k)):
        mu[k] = np.sum(r[:, k] * x) / N_k[k]
    var = (r * ((x - mu[k]) ** 2)[:, None]).sum(axis=0) / N_k
    return N_k / len(x), mu, var
""",
            ),
        },
        "q4_fit": {
            "absolute gain": (
                "it went on",
                """
def fit(model, x, tol=1e-8, max_iter=1000):
    statistics, ll = model.e_step(x)
    trace = [ll]
    for _ in range(max_iter):
        model = model.m_step(statistics)
        statistics, ll = model.e_step(x)
        trace.append(ll)
        if trace[-1] < trace[-2] - 1e-9 * abs(trace[-2]):
            raise RuntimeError("fell")
        if abs(trace[-1] - trace[-2]) < tol:
            break
    return model, trace
""",
            ),
            "at most tol": (
                "exactly `tol`",
                """
def fit(model, x, tol=1e-8, max_iter=1000):
    statistics, ll = model.e_step(x)
    trace = [ll]
    for _ in range(max_iter):
        model = model.m_step(statistics)
        statistics, ll = model.e_step(x)
        trace.append(ll)
        if trace[-1] < trace[-2] - 1e-9 * abs(trace[-2]):
            raise RuntimeError("fell")
        if trace[-1] - trace[-2] <= tol:
            break
    return model, trace
""",
            ),
            "no step allowed": (
                "max_iter is 0",
                """
def fit(model, x, tol=1e-8, max_iter=1000):
    statistics, ll = model.e_step(x)
    trace = [ll]
    step = 0
    while True:
        model = model.m_step(statistics)
        statistics, ll = model.e_step(x)
        trace.append(ll)
        step += 1
        if trace[-1] < trace[-2] - 1e-9 * abs(trace[-2]):
            raise RuntimeError("fell")
        if trace[-1] - trace[-2] < tol or step >= max_iter:
            return model, trace
""",
            ),
            "small fall not taken": (
                r"stop \*after\* this step",
                """
def fit(model, x, tol=1e-8, max_iter=1000):
    statistics, ll = model.e_step(x)
    trace = [ll]
    for _ in range(max_iter):
        new = model.m_step(statistics)
        statistics, ll = new.e_step(x)
        if ll < trace[-1] - 1e-9 * abs(trace[-1]):
            raise RuntimeError("fell")
        if ll < trace[-1]:
            break
        model = new
        trace.append(ll)
        if trace[-1] - trace[-2] < tol:
            break
    return model, trace
""",
            ),
            "global data": (
                "argument `x`",
                """
def fit(model, x, tol=1e-8, max_iter=1000):
    statistics, ll = model.e_step(lengths)
    trace = [ll]
    for _ in range(max_iter):
        model = model.m_step(statistics)
        statistics, ll = model.e_step(lengths)
        trace.append(ll)
        if trace[-1] < trace[-2] - 1e-9 * abs(trace[-2]):
            raise RuntimeError("fell")
        if trace[-1] - trace[-2] < tol:
            break
    return model, trace
""",
            ),
            "stale statistics": (
                "same statistics",
                """
def fit(model, x, tol=1e-8, max_iter=1000):
    statistics, ll = model.e_step(x)
    trace = [ll]
    for _ in range(max_iter):
        model = model.m_step(statistics)
        _, ll = model.e_step(x)
        trace.append(ll)
        if trace[-1] < trace[-2] - 1e-9 * abs(trace[-2]):
            raise RuntimeError("fell")
        if trace[-1] - trace[-2] < tol:
            break
    return model, trace
""",
            ),
            "abs forgotten": (
                "gain of 1e-9 was taken for a fall",
                """
def fit(model, x, tol=1e-8, max_iter=1000):
    statistics, ll = model.e_step(x)
    trace = [ll]
    for _ in range(max_iter):
        model = model.m_step(statistics)
        statistics, ll = model.e_step(x)
        trace.append(ll)
        if trace[-2] - trace[-1] > 1e-9 * trace[-2]:
            raise RuntimeError("fell")
        if trace[-1] - trace[-2] < tol:
            break
    return model, trace
""",
            ),
        },
        "q5_picture": {
            "labels from means rounded": (
                "same label",
                """
def draw_responsibilities(ax, model, grid):
    for mean, r in zip(model.means.ravel(), model.responsibilities(grid).T):
        ax.plot(grid, r, label=f"mean {mean:.0f} cm")
    ax.set(xlabel="length (cm)", ylabel="responsibility", ylim=(0, 1))
""",
            ),
            "sorted rows": (
                "shares are sorted",
                """
def draw_responsibilities(ax, model, grid):
    for k, r in enumerate(np.sort(model.responsibilities(grid), axis=1).T):
        ax.plot(grid, r, label=f"component {k + 1}")
    ax.set(xlabel="length (cm)", ylabel="responsibility", ylim=(0, 1))
""",
            ),
        },
    },
    "hw2_missing_data_and_elbo": {
        "q1_elbo": {
            "changes q": (
                "changes `q` in place",
                """
def elbo(q, log_joint):
    energy = np.sum(q * log_joint)
    q[q == 0] = 1.0
    return energy - np.sum(q * np.log(q))
""",
            ),
            "out like q": (
                "Cannot cast",
                """
def elbo(q, log_joint):
    log_q = np.log(q, out=np.zeros_like(q), where=q > 0)
    return np.sum(q * (log_joint - log_q))
""",
            ),
            "clip in both terms": (
                "zeros of q are lifted to 1e-06",
                """
def elbo(q, log_joint):
    q = np.maximum(q, 1e-6)
    return np.sum(q * (log_joint - np.log(q)))
""",
            ),
            "drops rows with zeros": (
                "rows with a zero left out",
                """
def elbo(q, log_joint):
    good = (q > 0).all(axis=1)
    return np.sum(q[good] * (log_joint[good] - np.log(q[good])))
""",
            ),
            "small is zero": (
                "Small probabilities are left out",
                """
def elbo(q, log_joint):
    q = np.where(q < 0.01, 0, q)
    return np.sum(q * log_joint - xlogy(q, q))
""",
            ),
            "most probable": (
                "Only the likeliest",
                """
def elbo(q, log_joint):
    n = np.arange(len(q))
    k = q.argmax(axis=1)
    return np.sum(log_joint[n, k] - np.log(q[n, k]))
""",
            ),
            "log of sum": (
                "logarithm of an expectation",
                """
def elbo(q, log_joint):
    return np.sum(logsumexp(log_joint, axis=1, b=q)) - np.sum(xlogy(q, q))
""",
            ),
            "one observation lost": (
                "last observation is left out",
                """
def elbo(q, log_joint):
    total = 0.0
    for n in range(len(q) - 1):
        total += np.sum(q[n] * log_joint[n] - xlogy(q[n], q[n]))
    return total
""",
            ),
        },
        "q2_gap": {
            "log joint in place": (
                "changes `log_joint` in place",
                """
def gap(q, log_joint):
    log_joint -= logsumexp(log_joint, axis=1, keepdims=True)
    return np.sum(xlogy(q, q) - q * log_joint)
""",
            ),
            "plus in q": (
                "changes `q` in place",
                """
def gap(q, log_joint):
    q += 1e-12
    log_post = log_joint - logsumexp(log_joint, axis=1, keepdims=True)
    return np.sum(q * (np.log(q) - log_post))
""",
            ),
            "symmetric": (
                "mean of both directions",
                """
def gap(q, log_joint):
    log_post = log_joint - logsumexp(log_joint, axis=1, keepdims=True)
    post = np.exp(log_post)
    log_q = np.log(np.maximum(q, 1e-300))
    return 0.5 * np.sum((q - post) * (log_q - log_post))
""",
            ),
            "evidence of the first": (
                "evidence of the first",
                """
def gap(q, log_joint):
    log_post = log_joint - logsumexp(log_joint[0])
    return np.sum(xlogy(q, q) - q * log_post)
""",
            ),
            "zero rows skipped": (
                "Rows of q with a zero",
                """
def gap(q, log_joint):
    log_post = log_joint - logsumexp(log_joint, axis=1, keepdims=True)
    good = (q > 0).all(axis=1)
    return np.sum(q[good] * (np.log(q[good]) - log_post[good]))
""",
            ),
            "zero everywhere": (
                "0 comes back",
                """
def gap(q, log_joint):
    return 0.0
""",
            ),
        },
        "q3_expected_statistics": {
            "square forgotten": (
                "not squared",
                """
def expected_statistics(x, mean, covariance):
    slope = covariance[1, 0] / covariance[0, 0]
    rest = covariance[1, 1] - covariance[1, 0] ** 2 / covariance[0, 0]
    gone = np.isnan(x[:, 1])
    full = x.copy()
    full[gone, 1] = mean[1] + slope * (x[gone, 0] - mean[0])
    rest = covariance[1, 1] - covariance[1, 0] / covariance[0, 0]
    squares = full.T @ full
    squares[1, 1] += gone.sum() * rest
    return full.sum(axis=0), squares
""",
            ),
            "lower left forgotten": (
                "symmetric",
                """
def expected_statistics(x, mean, covariance):
    slope = covariance[1, 0] / covariance[0, 0]
    rest = covariance[1, 1] - covariance[1, 0] ** 2 / covariance[0, 0]
    gone = np.isnan(x[:, 1])
    full = x.copy()
    full[gone, 1] = mean[1] + slope * (x[gone, 0] - mean[0])
    squares = np.zeros((2, 2))
    squares[0, 0] = np.sum(full[:, 0] ** 2)
    squares[0, 1] = np.sum(full[:, 0] * full[:, 1])
    squares[1, 1] = np.sum(full[:, 1] ** 2) + gone.sum() * rest
    return full.sum(axis=0), squares
""",
            ),
            "diagonal from mean": (
                "depends on the first",
                """
def expected_statistics(x, mean, covariance):
    slope = covariance[1, 0] / covariance[0, 0]
    rest = covariance[1, 1] - covariance[1, 0] ** 2 / covariance[0, 0]
    gone = np.isnan(x[:, 1])
    full = x.copy()
    full[gone, 1] = mean[1] + slope * (x[gone, 0] - mean[0])
    squares = full.T @ full
    squares[1, 1] = np.sum(full[~gone, 1] ** 2) + gone.sum() * (covariance[1, 1] + mean[1] ** 2)
    return full.sum(axis=0), squares
""",
            ),
            "fixed symmetric": (
                "taken for the same",
                """
def expected_statistics(x, mean, covariance):
    gone = np.isnan(x[:, 1])
    rho = covariance[0, 1] / covariance[1, 1]
    full = x.copy()
    full[gone, 1] = mean[0] + rho * (x[gone, 0] - mean[0])
    squares = full.T @ full
    squares[1, 1] += gone.sum() * covariance[1, 1] * (1 - rho**2)
    return full.sum(axis=0), squares
""",
            ),
        },
        "q4_light_bulbs": {
            "keeps integer type": (
                "whole numbers",
                """
def bulb_step(hours, burning, rate):
    lives = hours.copy()
    lives[burning] = lives[burning] + 1 / rate
    return lives.size / lives.sum()
""",
            ),
            "whole hours": (
                "cut to whole hours",
                """
def bulb_step(hours, burning, rate):
    lives = hours.copy().astype(int)
    lives[burning] = hours[burning] + 1 / rate
    return len(lives) / lives.sum()
""",
            ),
            "as indices": (
                "no numbers of bulbs",
                """
def bulb_step(hours, burning, rate):
    lives = np.array(hours, float)
    lives[burning.astype(int)] += 1 / rate
    return len(lives) / lives.sum()
""",
            ),
            "equal hours once": (
                "equal hours",
                """
def bulb_step(hours, burning, rate):
    burnt = np.unique(hours[~burning])
    still = np.unique(hours[burning])
    return (len(burnt) + len(still)) / (burnt.sum() + np.sum(still + 1 / rate))
""",
            ),
            "again, rounded": (
                "rounded to 4",
                """
def bulb_step(hours, burning, rate):
    lives = hours + burning / rate
    return round(len(lives) / lives.sum(), 4)
""",
            ),
        },
    },
    "hw3_exchangeability": {
        "q1_urn": {
            "whole division": (
                "all 60 draws are 0",
                """
def draw_urn(white, black, n_draws, rng):
    draws = np.zeros(n_draws, int)
    for i in range(n_draws):
        draws[i] = rng.random() < white // (white + black)
        white, black = white + draws[i], black + 1 - draws[i]
    return draws
""",
            ),
            "one ball too many": (
                "One white ball too many",
                """
def draw_urn(white, black, n_draws, rng):
    draws = np.zeros(n_draws, int)
    for i in range(n_draws):
        draws[i] = rng.integers(white + black) <= white
        white, black = white + draws[i], black + 1 - draws[i]
    return draws
""",
            ),
            "first draw forgotten": (
                "After the first draw no ball",
                """
def draw_urn(white, black, n_draws, rng):
    draws = np.zeros(n_draws, int)
    for i in range(n_draws):
        draws[i] = rng.random() < white / (white + black)
        if i > 0:
            white, black = white + draws[i], black + 1 - draws[i]
    return draws
""",
            ),
        },
        "q2_urn_probability": {
            "draws in place": (
                "changes `draws` in place",
                """
def urn_log_probability(draws, white, black):
    draws[draws == 0] = -1
    k, m = np.sum(draws == 1), np.sum(draws == -1)
    return betaln(white + k, black + m) - betaln(white, black)
""",
            ),
            "total by two": (
                "grows by two",
                """
def urn_log_probability(draws, white, black):
    total, balls = 0.0, white + black
    for d in draws:
        total += np.log((white if d else black) / balls)
        white, black, balls = white + d, black + 1 - d, balls + 2
    return total
""",
            ),
            "integer products": (
                "overflow",
                """
def urn_log_probability(draws, white, black):
    k = int(np.sum(draws))
    n = len(draws)
    top = np.prod(np.arange(white, white + k)) * np.prod(np.arange(black, black + n - k))
    return np.log(top / np.prod(np.arange(white + black, white + black + n)))
""",
            ),
            "sum of chances": (
                "chances are averaged",
                """
def urn_log_probability(draws, white, black):
    chances = []
    for d in draws:
        chances.append((white if d else black) / (white + black))
        white, black = white + d, black + 1 - d
    return len(draws) * np.log(np.mean(chances))
""",
            ),
            "bitwise not": (
                "~draws",
                """
def urn_log_probability(draws, white, black):
    k, m = np.sum(draws), np.sum(~draws)
    return betaln(white + k, black + m) - betaln(white, black)
""",
            ),
            "gamma by stirling": (
                "observed share",
                """
def urn_log_probability(draws, white, black):
    n, k = len(draws), np.sum(draws)
    if n > 500:
        return xlogy(k, k / n) + xlog1py(n - k, -k / n)
    return betaln(white + k, black + n - k) - betaln(white, black)
""",
            ),
        },
        "q3_mixture_of_coins": {
            "thetas in place": (
                "changes `thetas` in place",
                """
def mixture_log_probability(draws, thetas, weights):
    thetas[thetas == 0] = 1e-300
    thetas[thetas == 1] = 1 - 1e-16
    k, n = np.sum(draws), len(draws)
    return logsumexp(xlogy(k, thetas) + xlog1py(n - k, -thetas), b=weights)
""",
            ),
            "logs of weights multiplied": (
                "multiplies instead of being added",
                """
def mixture_log_probability(draws, thetas, weights):
    k, n = np.sum(draws), len(draws)
    return logsumexp(np.log(weights) * (xlogy(k, thetas) + xlog1py(n - k, -thetas)))
""",
            ),
            "impossible is zero": (
                "cannot give a one",
                """
def mixture_log_probability(draws, thetas, weights):
    k, n = np.sum(draws), len(draws)
    log_t = np.log(np.where(thetas > 0, thetas, 1))
    log_f = np.log(np.where(thetas < 1, 1 - thetas, 1))
    return logsumexp(k * log_t + (n - k) * log_f, b=weights)
""",
            ),
            "ends dropped": (
                "are left out",
                """
def mixture_log_probability(draws, thetas, weights):
    inner = (thetas > 0) & (thetas < 1)
    t = thetas[inner]
    k, n = np.sum(draws), len(draws)
    return logsumexp(k * np.log(t) + (n - k) * np.log(1 - t), b=weights[inner])
""",
            ),
        },
        "q4_is_exchangeable": {
            "first two and reversal": (
                "middle ones",
                """
def is_exchangeable(joint):
    if joint.ndim < 2:
        return True
    swapped = np.abs(joint - joint.swapaxes(0, 1)).max() <= 1e-9
    return bool(swapped and np.abs(joint - joint.T).max() <= 1e-9)
""",
            ),
            "first value only": (
                "part with one value",
                """
def is_exchangeable(joint):
    for p in itertools.permutations(range(joint.ndim)):
        if np.abs(joint[0] - joint.transpose(p)[0]).max() > 1e-9:
            return False
    return True
""",
            ),
            "signed sum": (
                "every entry",
                """
def is_exchangeable(joint):
    for p in itertools.permutations(range(joint.ndim)):
        if np.sum(joint - joint.transpose(p)) > 1e-9:
            return False
    return True
""",
            ),
        },
        "q5_permutation_test": {
            "whole division": (
                "cut to a whole number",
                """
def permutation_p_value(draws, statistic, n_shuffles, rng):
    observed = statistic(draws)
    count = sum(int(statistic(rng.permutation(draws)) >= observed) for _ in range(n_shuffles))
    return (1 + count) // (1 + n_shuffles)
""",
            ),
            "divided by draws": (
                "number of draws stands",
                """
def permutation_p_value(draws, statistic, n_shuffles, rng):
    observed = statistic(draws)
    count = sum(statistic(rng.permutation(draws)) >= observed for _ in range(n_shuffles))
    return (1 + count) / (1 + len(draws))
""",
            ),
            "as zeros and ones": (
                "come to the statistic as other",
                """
def permutation_p_value(draws, statistic, n_shuffles, rng):
    draws = (np.asarray(draws) > 0).astype(int)
    observed = statistic(draws)
    count = sum(statistic(rng.permutation(draws)) >= observed for _ in range(n_shuffles))
    return (1 + count) / (1 + n_shuffles)
""",
            ),
            "distance from the mean": (
                "distance from the mean",
                """
def permutation_p_value(draws, statistic, n_shuffles, rng):
    observed = statistic(draws)
    values = np.array([statistic(rng.permutation(draws)) for _ in range(n_shuffles)])
    count = np.sum(values >= values.mean() + abs(observed - values.mean()))
    return (1 + count) / (1 + n_shuffles)
""",
            ),
        },
    },
    "hw4_hierarchical_models": {
        "q1_posterior_mean": {
            "in place": (
                "changes `y` in place",
                """
def posterior_mean(y, n, alpha, beta):
    y = np.asarray(y, dtype=float)
    y += alpha
    return y / (alpha + beta + n)
""",
            ),
            "flattened": (
                r"has shape \(50,\)",
                """
def posterior_mean(y, n, alpha, beta):
    if np.ndim(y) == 0:
        return (alpha + y) / (alpha + beta + n)
    return (alpha + np.ravel(y)) / (alpha + beta + np.ravel(n))
""",
            ),
            "twenty throws": (
                "Twenty throws",
                """
def posterior_mean(y, n, alpha, beta):
    return (alpha + y) / (alpha + beta + 20)
""",
            ),
            "median": (
                "nearly the median",
                """
def posterior_mean(y, n, alpha, beta):
    return (alpha + y - 1 / 3) / (alpha + beta + n - 2 / 3)
""",
            ),
            "first n for all": (
                "throws of the first player",
                """
def posterior_mean(y, n, alpha, beta):
    n = np.ravel(n)[0]
    return (alpha + y) / (alpha + beta + n)
""",
            ),
        },
        "q2_moment_match": {
            "equal lets through": (
                "vary just as",
                """
def moment_match(y, n):
    f = y / n
    mu = np.mean(f)
    v = np.var(f)
    m = mu * (1 - mu)
    if v < m / n:
        raise ValueError("no more than binomial noise")
    s = (m - v) / (v - m / n)
    return mu * s, (1 - mu) * s
""",
            ),
            "in place": (
                "changes `y` in place",
                """
def moment_match(y, n):
    y = np.asarray(y, float)
    y /= n
    mu, v = y.mean(), y.var()
    m = mu * (1 - mu)
    if v <= m / n:
        raise ValueError("no more than binomial noise")
    s = (m - v) / (v - m / n)
    return mu * s, (1 - mu) * s
""",
            ),
            "twenty": (
                "20 throws",
                """
def moment_match(y, n):
    n = 20
    f = y / n
    mu, v = np.mean(f), np.var(f)
    m = mu * (1 - mu)
    if v <= m / n:
        raise ValueError("no more than binomial noise")
    s = (m - v) / (v - m / n)
    return mu * s, (1 - mu) * s
""",
            ),
            "variance of counts": (
                r"has n\^2",
                """
def moment_match(y, n):
    mu = np.mean(y) / n
    v = np.var(y) / n
    m = mu * (1 - mu)
    if v <= m / n:
        raise ValueError("no more than binomial noise")
    s = (m - v) / (v - m / n)
    return mu * s, (1 - mu) * s
""",
            ),
            "mean as half": (
                "one half",
                """
def moment_match(y, n):
    f = y / n
    v = np.var(f)
    if v <= 0.25 / n:
        raise ValueError("no more than binomial noise")
    s = (0.25 - v) / (v - 0.25 / n)
    return s / 2, s / 2
""",
            ),
        },
        "q3_log_evidence": {
            "floor": (
                "a floor only hides",
                """
def log_evidence(alpha, beta, y, n):
    c = gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)
    p = np.exp(c + betaln(alpha + y, beta + n - y) - betaln(alpha, beta))
    return np.sum(np.log(np.maximum(p, 1e-300)))
""",
            ),
            "trials in place": (
                "changes `n` in place",
                """
def log_evidence(alpha, beta, y, n):
    c = gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)
    n -= y
    return np.sum(c + betaln(alpha + y, beta + n) - betaln(alpha, beta))
""",
            ),
            "first n": (
                "throws of the first player",
                """
def log_evidence(alpha, beta, y, n):
    n = n[0]
    c = gammaln(n + 1) - gammaln(y + 1) - gammaln(np.maximum(n - y, 0) + 1)
    return np.sum(c + betaln(alpha + y, beta + np.maximum(n - y, 0)) - betaln(alpha, beta))
""",
            ),
            "drops zeros": (
                "without a hit",
                """
def log_evidence(alpha, beta, y, n):
    held = y > 0
    y, n = y[held], n[held]
    c = gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)
    return np.sum(c + betaln(alpha + y, beta + n - y) - betaln(alpha, beta))
""",
            ),
            "each count once": (
                "equal counts are counted once",
                """
def log_evidence(alpha, beta, y, n):
    y, n = np.unique(np.column_stack([y, n]), axis=0).T
    c = gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)
    return np.sum(c + betaln(alpha + y, beta + n - y) - betaln(alpha, beta))
""",
            ),
        },
        "q4_picture": {
            "sorted apart": (
                "sorted one axis at a time",
                """
def draw_shrinkage(ax, y, n, alpha, beta):
    ax.plot(np.sort(y / n), np.sort((alpha + y) / (alpha + beta + n)), "o")
    ax.axline((0, 0), slope=1, color="grey")
    ax.axhline(alpha / (alpha + beta), color="C1")
    ax.set(xlabel="raw fraction", ylabel="posterior mean")
""",
            ),
            "each value once": (
                "equal hits are drawn once",
                """
def draw_shrinkage(ax, y, n, alpha, beta):
    f, first = np.unique(y / n, return_index=True)
    ax.plot(f, ((alpha + y) / (alpha + beta + n))[first], "o")
    ax.axline((0, 0), slope=1, color="grey")
    ax.axhline(alpha / (alpha + beta), color="C1")
    ax.set(xlabel="raw fraction", ylabel="posterior mean")
""",
            ),
            "mean of posterior means": (
                "mean of the posterior means",
                """
def draw_shrinkage(ax, y, n, alpha, beta):
    ax.plot(y / n, (alpha + y) / (alpha + beta + n), "o")
    ax.axline((0, 0), slope=1, color="grey")
    ax.axhline(np.mean((alpha + y) / (alpha + beta + n)), color="C1")
    ax.set(xlabel="raw fraction", ylabel="posterior mean")
""",
            ),
        },
    },
}
