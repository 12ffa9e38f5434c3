"""Wrong answers that a student could hand in, each with one mistake in it.

They were written without knowledge of the checks: from the statements of the homework alone. (Those
of the fifth set, in a file of their own, by whoever wrote its checks.)

``WRONG[homework][question][name of the mistake] = (word, code)``: `word` is a regular expression
(searched for without regard to case) for what a helpful error message would mention, and `code`
replaces the whole answer cell.
"""

from homework_wrong_five import WRONG_FIVE

WRONG = {
    "hw1_mixtures_and_em": {
        "q1_responsibilities": {
            "prior weight forgotten": (
                "weight",
                '''
def responsibilities(x, weights, means, variances):
    """Probability of each component for each point, shape (N, K)."""
    log_density = norm.logpdf(x[:, np.newaxis], means, np.sqrt(variances))
    return np.exp(log_density - logsumexp(log_density, axis=1, keepdims=True))
''',
            ),
            "prior weight forgotten in the denominator": (
                r"weight|\bsum to \bone\b|\bsum to 1|normali",
                '''
def responsibilities(x, weights, means, variances):
    """Probability of each component for each point, shape (N, K)."""
    log_density = norm.logpdf(x[:, np.newaxis], means, np.sqrt(variances))
    log_joint = np.log(weights) + log_density
    return np.exp(log_joint - logsumexp(log_density, axis=1, keepdims=True))
''',
            ),
            "columns swapped": (
                r"swapped|exchanged|\border|column",
                '''
def responsibilities(x, weights, means, variances):
    """Probability of each component for each point, shape (N, K)."""
    log_joint = np.log(weights) + norm.logpdf(x[:, np.newaxis], means, np.sqrt(variances))
    r = np.exp(log_joint - logsumexp(log_joint, axis=1, keepdims=True))
    return r[:, ::-1]
''',
            ),
            "not normalised": (
                r"normalis|\bsum to \bone\b|\bsum to 1",
                '''
def responsibilities(x, weights, means, variances):
    """Probability of each component for each point, shape (N, K)."""
    return weights * norm.pdf(x[:, np.newaxis], means, np.sqrt(variances))
''',
            ),
            "normalised over the points": (
                r"\brow|column|\baxis|over the (points|components)",
                '''
def responsibilities(x, weights, means, variances):
    """Probability of each component for each point, shape (N, K)."""
    log_joint = np.log(weights) + norm.logpdf(x[:, np.newaxis], means, np.sqrt(variances))
    return np.exp(log_joint - logsumexp(log_joint, axis=0))
''',
            ),
            "normalised over the whole table": (
                r"\brow|\baxis|\bsum to \bone\b|\bsum to 1",
                '''
def responsibilities(x, weights, means, variances):
    """Probability of each component for each point, shape (N, K)."""
    log_joint = np.log(weights) + norm.logpdf(x[:, np.newaxis], means, np.sqrt(variances))
    return np.exp(log_joint - logsumexp(log_joint))
''',
            ),
            "underflow far from all components": (
                "underflow|logarithm|logsumexp|finite|nan",
                '''
def responsibilities(x, weights, means, variances):
    """Probability of each component for each point, shape (N, K)."""
    joint = weights * norm.pdf(x[:, np.newaxis], means, np.sqrt(variances))
    return joint / joint.sum(axis=1, keepdims=True)
''',
            ),
            "small constant against the division by zero": (
                r"underflow|logarithm|logsumexp|finite|nan|\bsum to \bone\b|\bsum to 1",
                '''
def responsibilities(x, weights, means, variances):
    """Probability of each component for each point, shape (N, K)."""
    joint = weights * norm.pdf(x[:, np.newaxis], means, np.sqrt(variances))
    return joint / (joint.sum(axis=1, keepdims=True) + 1e-300)
''',
            ),
            "largest logarithm of all points subtracted": (
                "underflow|logarithm|logsumexp|finite|nan",
                '''
def responsibilities(x, weights, means, variances):
    """Probability of each component for each point, shape (N, K)."""
    log_joint = np.log(weights) + norm.logpdf(x[:, np.newaxis], means, np.sqrt(variances))
    joint = np.exp(log_joint - log_joint.max())
    return joint / joint.sum(axis=1, keepdims=True)
''',
            ),
            "variance taken for the standard deviation": (
                r"standard deviation|\bsd\b|variance|sqrt|\broot",
                '''
def responsibilities(x, weights, means, variances):
    """Probability of each component for each point, shape (N, K)."""
    log_joint = np.log(weights) + norm.logpdf(x[:, np.newaxis], means, variances)
    return np.exp(log_joint - logsumexp(log_joint, axis=1, keepdims=True))
''',
            ),
            "only the exponent of the density": (
                "density|normalis|sqrt|1 ?/ ?sigma|variance|factor|constant",
                '''
def responsibilities(x, weights, means, variances):
    """Probability of each component for each point, shape (N, K)."""
    distance = (x[:, np.newaxis] - means) ** 2 / variances
    log_joint = np.log(weights) - distance / 2
    return np.exp(log_joint - logsumexp(log_joint, axis=1, keepdims=True))
''',
            ),
            "half forgotten in the exponent": (
                r"density|exponent|\bhalf|1/2|factor|variance",
                '''
def responsibilities(x, weights, means, variances):
    """Probability of each component for each point, shape (N, K)."""
    distance = (x[:, np.newaxis] - means) ** 2 / variances
    log_joint = np.log(weights) - np.log(variances) / 2 - distance
    return np.exp(log_joint - logsumexp(log_joint, axis=1, keepdims=True))
''',
            ),
            "hard assignment": (
                "hard|between 0 and 1|0/1|soft|winner",
                '''
def responsibilities(x, weights, means, variances):
    """Probability of each component for each point, shape (N, K)."""
    log_joint = np.log(weights) + norm.logpdf(x[:, np.newaxis], means, np.sqrt(variances))
    return np.eye(len(weights))[log_joint.argmax(axis=1)]
''',
            ),
            "logarithms returned": (
                r"logarithm|\bexp|\blog\b(?!-)",
                '''
def responsibilities(x, weights, means, variances):
    """Probability of each component for each point, shape (N, K)."""
    log_joint = np.log(weights) + norm.logpdf(x[:, np.newaxis], means, np.sqrt(variances))
    return log_joint - logsumexp(log_joint, axis=1, keepdims=True)
''',
            ),
            "transposed": (
                "shape|transpos",
                '''
def responsibilities(x, weights, means, variances):
    """Probability of each component for each point, shape (N, K)."""
    log_joint = np.log(weights) + norm.logpdf(x[:, np.newaxis], means, np.sqrt(variances))
    return np.exp(log_joint - logsumexp(log_joint, axis=1, keepdims=True)).T
''',
            ),
        },
        "q2_log_likelihood": {
            "mean instead of sum": (
                r"\bmean|\bsum|average",
                '''
def log_likelihood(x, weights, means, variances):
    """Log-density of all points together: one number."""
    log_joint = np.log(weights) + norm.logpdf(x[:, np.newaxis], means, np.sqrt(variances))
    return np.mean(logsumexp(log_joint, axis=1))
''',
            ),
            "sum of logs over the components": (
                r"\blog of (the|a) \bsum|\bsum of (the )?logs|logsumexp|inside",
                '''
def log_likelihood(x, weights, means, variances):
    """Log-density of all points together: one number."""
    log_joint = np.log(weights) + norm.logpdf(x[:, np.newaxis], means, np.sqrt(variances))
    return np.sum(log_joint)
''',
            ),
            "weighted average of log-densities": (
                r"\blog of (the|a) \bsum|logs|logsumexp|inside|Jensen|average",
                '''
def log_likelihood(x, weights, means, variances):
    """Log-density of all points together: one number."""
    log_density = norm.logpdf(x[:, np.newaxis], means, np.sqrt(variances))
    return np.sum(weights * log_density)
''',
            ),
            "only the largest component": (
                r"largest|\bmax|\bbest|all components|every component|nearest",
                '''
def log_likelihood(x, weights, means, variances):
    """Log-density of all points together: one number."""
    log_joint = np.log(weights) + norm.logpdf(x[:, np.newaxis], means, np.sqrt(variances))
    return np.sum(np.max(log_joint, axis=1))
''',
            ),
            "weights forgotten": (
                "weight",
                '''
def log_likelihood(x, weights, means, variances):
    """Log-density of all points together: one number."""
    log_density = norm.logpdf(x[:, np.newaxis], means, np.sqrt(variances))
    return np.sum(logsumexp(log_density, axis=1))
''',
            ),
            "underflow far from all components": (
                "underflow|logarithm|logsumexp|finite|nan",
                '''
def log_likelihood(x, weights, means, variances):
    """Log-density of all points together: one number."""
    joint = weights * norm.pdf(x[:, np.newaxis], means, np.sqrt(variances))
    return np.sum(np.log(joint.sum(axis=1)))
''',
            ),
            "small constant against the logarithm of zero": (
                "underflow|logarithm|logsumexp|finite|nan",
                '''
def log_likelihood(x, weights, means, variances):
    """Log-density of all points together: one number."""
    joint = weights * norm.pdf(x[:, np.newaxis], means, np.sqrt(variances))
    return np.sum(np.log(joint.sum(axis=1) + 1e-300))
''',
            ),
            "logarithm of the product of all points": (
                "underflow|logarithm|logsumexp|finite|nan",
                '''
def log_likelihood(x, weights, means, variances):
    """Log-density of all points together: one number."""
    joint = weights * norm.pdf(x[:, np.newaxis], means, np.sqrt(variances))
    return np.log(np.prod(joint.sum(axis=1)))
''',
            ),
            "densities of all points added": (
                r"\bsum of (the )?\blog|product|points|\baxis",
                '''
def log_likelihood(x, weights, means, variances):
    """Log-density of all points together: one number."""
    log_joint = np.log(weights) + norm.logpdf(x[:, np.newaxis], means, np.sqrt(variances))
    return logsumexp(log_joint)
''',
            ),
            "variance taken for the standard deviation": (
                r"standard deviation|\bsd\b|variance|sqrt|\broot",
                '''
def log_likelihood(x, weights, means, variances):
    """Log-density of all points together: one number."""
    log_joint = np.log(weights) + norm.logpdf(x[:, np.newaxis], means, variances)
    return np.sum(logsumexp(log_joint, axis=1))
''',
            ),
            "one number for each point": (
                r"one number|scalar|\bsum|shape",
                '''
def log_likelihood(x, weights, means, variances):
    """Log-density of all points together: one number."""
    log_joint = np.log(weights) + norm.logpdf(x[:, np.newaxis], means, np.sqrt(variances))
    return logsumexp(log_joint, axis=1)
''',
            ),
            "negative log-likelihood": (
                r"\bsign|negative|minus",
                '''
def log_likelihood(x, weights, means, variances):
    """Log-density of all points together: one number."""
    log_joint = np.log(weights) + norm.logpdf(x[:, np.newaxis], means, np.sqrt(variances))
    return -np.sum(logsumexp(log_joint, axis=1))
''',
            ),
            "constant of the density dropped": (
                r"constant|2 ?\*? ?(pi|π)|normalis",
                '''
def log_likelihood(x, weights, means, variances):
    """Log-density of all points together: one number."""
    distance = (x[:, np.newaxis] - means) ** 2 / variances
    log_joint = np.log(weights) - np.log(variances) / 2 - distance / 2
    return np.sum(logsumexp(log_joint, axis=1))
''',
            ),
            "expected complete-data log-likelihood": (
                "complete|entropy|expected|bound",
                '''
def log_likelihood(x, weights, means, variances):
    """Log-density of all points together: one number."""
    log_joint = np.log(weights) + norm.logpdf(x[:, np.newaxis], means, np.sqrt(variances))
    r = np.exp(log_joint - logsumexp(log_joint, axis=1, keepdims=True))
    return np.sum(r * log_joint)
''',
            ),
        },
        "q3_m_step": {
            "variance about the old mean": (
                r"old \bmean|new \bmean|means",
                '''
def m_step(x, r, weights, means, variances):
    """Weights, means and variances that suit the responsibilities best."""
    counts = r.sum(axis=0)
    new_means = r.T @ x / counts
    new_variances = np.sum(r * (x[:, np.newaxis] - means) ** 2, axis=0) / counts
    return counts / len(x), new_means, new_variances
''',
            ),
            "variance with N_k - 1": (
                r"N_k - 1|N_k-1|divisor|divided|minus \bone\b",
                '''
def m_step(x, r, weights, means, variances):
    """Weights, means and variances that suit the responsibilities best."""
    counts = r.sum(axis=0)
    new_means = r.T @ x / counts
    squares = np.sum(r * (x[:, np.newaxis] - new_means) ** 2, axis=0)
    return counts / len(x), new_means, squares / (counts - 1)
''',
            ),
            "variance about the grand mean": (
                r"grand \bmean|overall \bmean|\bown \bmean|\bmean of (\ball\b|the component)",
                '''
def m_step(x, r, weights, means, variances):
    """Weights, means and variances that suit the responsibilities best."""
    counts = r.sum(axis=0)
    new_means = r.T @ x / counts
    squares = np.sum(r * (x[:, np.newaxis] - np.mean(x)) ** 2, axis=0)
    return counts / len(x), new_means, squares / counts
''',
            ),
            "standard deviation returned": (
                r"standard deviation|\bsd\b|sqrt|\broot",
                '''
def m_step(x, r, weights, means, variances):
    """Weights, means and variances that suit the responsibilities best."""
    counts = r.sum(axis=0)
    new_means = r.T @ x / counts
    new_variances = np.sum(r * (x[:, np.newaxis] - new_means) ** 2, axis=0) / counts
    return counts / len(x), new_means, np.sqrt(new_variances)
''',
            ),
            "variance divided by N": (
                "N_k|divided|divisor",
                '''
def m_step(x, r, weights, means, variances):
    """Weights, means and variances that suit the responsibilities best."""
    counts = r.sum(axis=0)
    new_means = r.T @ x / counts
    squares = np.sum(r * (x[:, np.newaxis] - new_means) ** 2, axis=0)
    return counts / len(x), new_means, squares / len(x)
''',
            ),
            "means divided by N": (
                "N_k|divided|divisor",
                '''
def m_step(x, r, weights, means, variances):
    """Weights, means and variances that suit the responsibilities best."""
    counts = r.sum(axis=0)
    new_means = r.T @ x / len(x)
    new_variances = np.sum(r * (x[:, np.newaxis] - new_means) ** 2, axis=0) / counts
    return counts / len(x), new_means, new_variances
''',
            ),
            "counts returned as weights": (
                r"N_k ?/ ?N|\bsum to \bone\b|\bsum to 1|divided|weights",
                '''
def m_step(x, r, weights, means, variances):
    """Weights, means and variances that suit the responsibilities best."""
    counts = r.sum(axis=0)
    new_means = r.T @ x / counts
    new_variances = np.sum(r * (x[:, np.newaxis] - new_means) ** 2, axis=0) / counts
    return counts, new_means, new_variances
''',
            ),
            "old weights returned": (
                "weight",
                '''
def m_step(x, r, weights, means, variances):
    """Weights, means and variances that suit the responsibilities best."""
    counts = r.sum(axis=0)
    new_means = r.T @ x / counts
    new_variances = np.sum(r * (x[:, np.newaxis] - new_means) ** 2, axis=0) / counts
    return weights, new_means, new_variances
''',
            ),
            "equal weights": (
                "weight",
                '''
def m_step(x, r, weights, means, variances):
    """Weights, means and variances that suit the responsibilities best."""
    counts = r.sum(axis=0)
    new_means = r.T @ x / counts
    new_variances = np.sum(r * (x[:, np.newaxis] - new_means) ** 2, axis=0) / counts
    return np.full(len(counts), 1 / len(counts)), new_means, new_variances
''',
            ),
            "counts from the old weights": (
                "N_k|count|weight|responsibilit",
                '''
def m_step(x, r, weights, means, variances):
    """Weights, means and variances that suit the responsibilities best."""
    counts = len(x) * weights
    new_means = r.T @ x / counts
    new_variances = np.sum(r * (x[:, np.newaxis] - new_means) ** 2, axis=0) / counts
    return r.mean(axis=0), new_means, new_variances
''',
            ),
            "hard assignment": (
                "hard|fraction|soft|argmax|responsibilit",
                '''
def m_step(x, r, weights, means, variances):
    """Weights, means and variances that suit the responsibilities best."""
    r = np.eye(r.shape[1])[r.argmax(axis=1)]
    counts = np.maximum(r.sum(axis=0), 1e-9)
    new_means = r.T @ x / counts
    new_variances = np.sum(r * (x[:, np.newaxis] - new_means) ** 2, axis=0) / counts
    return counts / len(x), new_means, new_variances
''',
            ),
            "variances not updated": (
                "variance",
                '''
def m_step(x, r, weights, means, variances):
    """Weights, means and variances that suit the responsibilities best."""
    counts = r.sum(axis=0)
    new_means = r.T @ x / counts
    return counts / len(x), new_means, variances
''',
            ),
            "one variance for all components": (
                "variance",
                '''
def m_step(x, r, weights, means, variances):
    """Weights, means and variances that suit the responsibilities best."""
    counts = r.sum(axis=0)
    new_means = r.T @ x / counts
    within = np.sum(r * (x[:, np.newaxis] - new_means) ** 2) / len(x)
    return counts / len(x), new_means, np.full(len(counts), within)
''',
            ),
            "responsibilities squared in the variance": (
                "variance|square|responsibilit",
                '''
def m_step(x, r, weights, means, variances):
    """Weights, means and variances that suit the responsibilities best."""
    counts = r.sum(axis=0)
    new_means = r.T @ x / counts
    new_variances = np.sum((r * (x[:, np.newaxis] - new_means)) ** 2, axis=0) / counts
    return counts / len(x), new_means, new_variances
''',
            ),
            "mean of squares without the square of the mean": (
                r"variance|\bmean|deviation",
                '''
def m_step(x, r, weights, means, variances):
    """Weights, means and variances that suit the responsibilities best."""
    counts = r.sum(axis=0)
    return counts / len(x), r.T @ x / counts, r.T @ x**2 / counts
''',
            ),
            "means and variances returned in the wrong order": (
                r"\border|exchanged|swapped|\bmean",
                '''
def m_step(x, r, weights, means, variances):
    """Weights, means and variances that suit the responsibilities best."""
    counts = r.sum(axis=0)
    new_means = r.T @ x / counts
    new_variances = np.sum(r * (x[:, np.newaxis] - new_means) ** 2, axis=0) / counts
    return counts / len(x), new_variances, new_means
''',
            ),
        },
        "q4_fit": {
            "fall within tol treated as convergence": (
                "fall|fell|RuntimeError",
                '''
def fit(model, x, tol=1e-8, max_iter=1000):
    """Alternate E-step and M-step: the fitted model and its trace."""
    statistics, log_likelihood = model.e_step(x)
    trace = [log_likelihood]
    for _ in range(max_iter):
        model = model.m_step(statistics)
        statistics, log_likelihood = model.e_step(x)
        trace.append(log_likelihood)
        gain = trace[-1] - trace[-2]
        if abs(gain) < tol:
            break
        if gain < -1e-9 * abs(log_likelihood):
            raise RuntimeError("the log-likelihood fell: a step has a bug")
    return model, trace
''',
            ),
            "every fall treated as convergence": (
                "fall|fell|RuntimeError",
                '''
def fit(model, x, tol=1e-8, max_iter=1000):
    """Alternate E-step and M-step: the fitted model and its trace."""
    statistics, log_likelihood = model.e_step(x)
    trace = [log_likelihood]
    for _ in range(max_iter):
        model = model.m_step(statistics)
        statistics, log_likelihood = model.e_step(x)
        trace.append(log_likelihood)
        if trace[-1] - trace[-2] < tol:
            break
    return model, trace
''',
            ),
            "size of the change compared and no error": (
                "fall|fell|RuntimeError",
                '''
def fit(model, x, tol=1e-8, max_iter=1000):
    """Alternate E-step and M-step: the fitted model and its trace."""
    statistics, log_likelihood = model.e_step(x)
    trace = [log_likelihood]
    for _ in range(max_iter):
        model = model.m_step(statistics)
        statistics, log_likelihood = model.e_step(x)
        trace.append(log_likelihood)
        if abs(trace[-1] - trace[-2]) < tol:
            break
    return model, trace
''',
            ),
            "rounding taken for a fall": (
                "rounding|1e-9",
                '''
def fit(model, x, tol=1e-8, max_iter=1000):
    """Alternate E-step and M-step: the fitted model and its trace."""
    statistics, log_likelihood = model.e_step(x)
    trace = [log_likelihood]
    for _ in range(max_iter):
        model = model.m_step(statistics)
        statistics, log_likelihood = model.e_step(x)
        trace.append(log_likelihood)
        gain = trace[-1] - trace[-2]
        if gain < 0:
            raise RuntimeError("the log-likelihood fell: a step has a bug")
        if gain < tol:
            break
    return model, trace
''',
            ),
            "abs forgotten in the size of a fall": (
                r"\babs|\bsign|rose|rise|RuntimeError|fall|fell",
                '''
def fit(model, x, tol=1e-8, max_iter=1000):
    """Alternate E-step and M-step: the fitted model and its trace."""
    statistics, log_likelihood = model.e_step(x)
    trace = [log_likelihood]
    for _ in range(max_iter):
        model = model.m_step(statistics)
        statistics, log_likelihood = model.e_step(x)
        trace.append(log_likelihood)
        gain = trace[-1] - trace[-2]
        if gain < -1e-9 * log_likelihood:
            raise RuntimeError("the log-likelihood fell: a step has a bug")
        if gain < tol:
            break
    return model, trace
''',
            ),
            "another kind of error": (
                "RuntimeError",
                '''
def fit(model, x, tol=1e-8, max_iter=1000):
    """Alternate E-step and M-step: the fitted model and its trace."""
    statistics, log_likelihood = model.e_step(x)
    trace = [log_likelihood]
    for _ in range(max_iter):
        model = model.m_step(statistics)
        statistics, log_likelihood = model.e_step(x)
        trace.append(log_likelihood)
        gain = trace[-1] - trace[-2]
        if gain < -1e-9 * abs(log_likelihood):
            raise ValueError("the log-likelihood fell: a step has a bug")
        if gain < tol:
            break
    return model, trace
''',
            ),
            "warning printed instead of an error": (
                "RuntimeError|raise",
                '''
def fit(model, x, tol=1e-8, max_iter=1000):
    """Alternate E-step and M-step: the fitted model and its trace."""
    statistics, log_likelihood = model.e_step(x)
    trace = [log_likelihood]
    for _ in range(max_iter):
        model = model.m_step(statistics)
        statistics, log_likelihood = model.e_step(x)
        trace.append(log_likelihood)
        gain = trace[-1] - trace[-2]
        if gain < -1e-9 * abs(log_likelihood):
            print("the log-likelihood fell: a step has a bug")
        if gain < tol:
            break
    return model, trace
''',
            ),
            "trace one model short": (
                r"trace|\blast",
                '''
def fit(model, x, tol=1e-8, max_iter=1000):
    """Alternate E-step and M-step: the fitted model and its trace."""
    trace = []
    for _ in range(max_iter):
        statistics, log_likelihood = model.e_step(x)
        trace.append(log_likelihood)
        model = model.m_step(statistics)
        if len(trace) > 1:
            gain = trace[-1] - trace[-2]
            if gain < -1e-9 * abs(log_likelihood):
                raise RuntimeError("the log-likelihood fell: a step has a bug")
            if gain < tol:
                break
    return model, trace
''',
            ),
            "first entry of the trace missing": (
                r"\bstart|first|trace",
                '''
def fit(model, x, tol=1e-8, max_iter=1000):
    """Alternate E-step and M-step: the fitted model and its trace."""
    statistics, before = model.e_step(x)
    trace = []
    for _ in range(max_iter):
        model = model.m_step(statistics)
        statistics, log_likelihood = model.e_step(x)
        trace.append(log_likelihood)
        gain = log_likelihood - before
        before = log_likelihood
        if gain < -1e-9 * abs(log_likelihood):
            raise RuntimeError("the log-likelihood fell: a step has a bug")
        if gain < tol:
            break
    return model, trace
''',
            ),
            "model of the M-step never assigned": (
                r"assign|\bstart|\bsame \bmodel|new \bmodel|never",
                '''
def fit(model, x, tol=1e-8, max_iter=1000):
    """Alternate E-step and M-step: the fitted model and its trace."""
    statistics, log_likelihood = model.e_step(x)
    trace = [log_likelihood]
    for _ in range(max_iter):
        model.m_step(statistics)
        statistics, log_likelihood = model.e_step(x)
        trace.append(log_likelihood)
        gain = trace[-1] - trace[-2]
        if gain < -1e-9 * abs(log_likelihood):
            raise RuntimeError("the log-likelihood fell: a step has a bug")
        if gain < tol:
            break
    return model, trace
''',
            ),
            "start returned": (
                r"\bstart|returned|\blast",
                '''
def fit(model, x, tol=1e-8, max_iter=1000):
    """Alternate E-step and M-step: the fitted model and its trace."""
    statistics, log_likelihood = model.e_step(x)
    trace = [log_likelihood]
    for _ in range(max_iter):
        fitted = model.m_step(statistics) if len(trace) == 1 else fitted.m_step(statistics)
        statistics, log_likelihood = fitted.e_step(x)
        trace.append(log_likelihood)
        gain = trace[-1] - trace[-2]
        if gain < -1e-9 * abs(log_likelihood):
            raise RuntimeError("the log-likelihood fell: a step has a bug")
        if gain < tol:
            break
    return model, trace
''',
            ),
            "last model but one returned": (
                r"\blast|returned|belongs",
                '''
def fit(model, x, tol=1e-8, max_iter=1000):
    """Alternate E-step and M-step: the fitted model and its trace."""
    statistics, log_likelihood = model.e_step(x)
    trace = [log_likelihood]
    for _ in range(max_iter):
        after = model.m_step(statistics)
        statistics, log_likelihood = after.e_step(x)
        trace.append(log_likelihood)
        gain = trace[-1] - trace[-2]
        if gain < -1e-9 * abs(log_likelihood):
            raise RuntimeError("the log-likelihood fell: a step has a bug")
        if gain < tol:
            break
        model = after
    return model, trace
''',
            ),
            "E-step only once": (
                "E-step|statistics|step",
                '''
def fit(model, x, tol=1e-8, max_iter=1000):
    """Alternate E-step and M-step: the fitted model and its trace."""
    statistics, log_likelihood = model.e_step(x)
    trace = [log_likelihood]
    for _ in range(max_iter):
        model = model.m_step(statistics)
        _, log_likelihood = model.e_step(x)
        trace.append(log_likelihood)
        gain = trace[-1] - trace[-2]
        if gain < -1e-9 * abs(log_likelihood):
            raise RuntimeError("the log-likelihood fell: a step has a bug")
        if gain < tol:
            break
    return model, trace
''',
            ),
            "stops too early, tol relative": (
                r"early|\btol|gain|stop",
                '''
def fit(model, x, tol=1e-8, max_iter=1000):
    """Alternate E-step and M-step: the fitted model and its trace."""
    statistics, log_likelihood = model.e_step(x)
    trace = [log_likelihood]
    for _ in range(max_iter):
        model = model.m_step(statistics)
        statistics, log_likelihood = model.e_step(x)
        trace.append(log_likelihood)
        gain = trace[-1] - trace[-2]
        if gain < -1e-9 * abs(log_likelihood):
            raise RuntimeError("the log-likelihood fell: a step has a bug")
        if gain < tol * abs(log_likelihood):
            break
    return model, trace
''',
            ),
            "stops too early, gain for each point": (
                r"early|\btol|gain|stop",
                '''
def fit(model, x, tol=1e-8, max_iter=1000):
    """Alternate E-step and M-step: the fitted model and its trace."""
    statistics, log_likelihood = model.e_step(x)
    trace = [log_likelihood]
    for _ in range(max_iter):
        model = model.m_step(statistics)
        statistics, log_likelihood = model.e_step(x)
        trace.append(log_likelihood)
        gain = trace[-1] - trace[-2]
        if gain < -1e-9 * abs(log_likelihood):
            raise RuntimeError("the log-likelihood fell: a step has a bug")
        if gain / len(x) < tol:
            break
    return model, trace
''',
            ),
            "tol ignored": (
                r"\btol|stop",
                '''
def fit(model, x, tol=1e-8, max_iter=1000):
    """Alternate E-step and M-step: the fitted model and its trace."""
    statistics, log_likelihood = model.e_step(x)
    trace = [log_likelihood]
    for _ in range(max_iter):
        model = model.m_step(statistics)
        statistics, log_likelihood = model.e_step(x)
        trace.append(log_likelihood)
        if trace[-1] - trace[-2] < -1e-9 * abs(log_likelihood):
            raise RuntimeError("the log-likelihood fell: a step has a bug")
    return model, trace
''',
            ),
            "max_iter ignored": (
                "max_iter",
                '''
def fit(model, x, tol=1e-8, max_iter=1000):
    """Alternate E-step and M-step: the fitted model and its trace."""
    statistics, log_likelihood = model.e_step(x)
    trace = [log_likelihood]
    for _ in range(1000):
        model = model.m_step(statistics)
        statistics, log_likelihood = model.e_step(x)
        trace.append(log_likelihood)
        gain = trace[-1] - trace[-2]
        if gain < -1e-9 * abs(log_likelihood):
            raise RuntimeError("the log-likelihood fell: a step has a bug")
        if gain < tol:
            break
    return model, trace
''',
            ),
            "one step fewer than max_iter": (
                "max_iter|steps",
                '''
def fit(model, x, tol=1e-8, max_iter=1000):
    """Alternate E-step and M-step: the fitted model and its trace."""
    statistics, log_likelihood = model.e_step(x)
    trace = [log_likelihood]
    for _ in range(1, max_iter):
        model = model.m_step(statistics)
        statistics, log_likelihood = model.e_step(x)
        trace.append(log_likelihood)
        gain = trace[-1] - trace[-2]
        if gain < -1e-9 * abs(log_likelihood):
            raise RuntimeError("the log-likelihood fell: a step has a bug")
        if gain < tol:
            break
    return model, trace
''',
            ),
            "last log-likelihood instead of the trace": (
                r"trace|list|every \bmodel",
                '''
def fit(model, x, tol=1e-8, max_iter=1000):
    """Alternate E-step and M-step: the fitted model and its trace."""
    statistics, log_likelihood = model.e_step(x)
    for _ in range(max_iter):
        before = log_likelihood
        model = model.m_step(statistics)
        statistics, log_likelihood = model.e_step(x)
        gain = log_likelihood - before
        if gain < -1e-9 * abs(log_likelihood):
            raise RuntimeError("the log-likelihood fell: a step has a bug")
        if gain < tol:
            break
    return model, log_likelihood
''',
            ),
            "error when max_iter is reached": (
                "max_iter",
                '''
def fit(model, x, tol=1e-8, max_iter=1000):
    """Alternate E-step and M-step: the fitted model and its trace."""
    statistics, log_likelihood = model.e_step(x)
    trace = [log_likelihood]
    for _ in range(max_iter):
        model = model.m_step(statistics)
        statistics, log_likelihood = model.e_step(x)
        trace.append(log_likelihood)
        gain = trace[-1] - trace[-2]
        if gain < -1e-9 * abs(log_likelihood):
            raise RuntimeError("the log-likelihood fell: a step has a bug")
        if gain < tol:
            return model, trace
    raise RuntimeError("no convergence within max_iter steps")
''',
            ),
        },
        "q5_picture": {
            "densities instead of responsibilities": (
                "responsibilit|densit",
                '''
def draw_responsibilities(ax, model, grid):
    """One line per component: its responsibility along the grid."""
    density = np.exp(model.component_log_density(grid))
    for k, column in enumerate(density.T):
        ax.plot(grid, column, label=f"component {k + 1}")
    ax.set(xlabel="length (cm)", ylabel="responsibility", ylim=(0, 1))
''',
            ),
            "weighted densities instead of responsibilities": (
                "responsibilit|densit",
                '''
def draw_responsibilities(ax, model, grid):
    """One line per component: its responsibility along the grid."""
    density = model.weights * np.exp(model.component_log_density(grid))
    for k, column in enumerate(density.T):
        ax.plot(grid, column, label=f"component {k + 1}")
    ax.set(xlabel="length (cm)", ylabel="responsibility", ylim=(0, 1))
''',
            ),
            "hard 0/1": (
                "responsibilit|hard|0/1|soft",
                '''
def draw_responsibilities(ax, model, grid):
    """One line per component: its responsibility along the grid."""
    winner = model.responsibilities(grid).argmax(axis=1)
    for k in range(model.n_components):
        ax.plot(grid, (winner == k).astype(float), label=f"component {k + 1}")
    ax.set(xlabel="length (cm)", ylabel="responsibility", ylim=(0, 1))
''',
            ),
            "unlabelled axes": (
                r"\baxis|\baxes|label",
                '''
def draw_responsibilities(ax, model, grid):
    """One line per component: its responsibility along the grid."""
    for k, column in enumerate(model.responsibilities(grid).T):
        ax.plot(grid, column, label=f"component {k + 1}")
    ax.set_ylim(0, 1)
''',
            ),
            "vertical axis unlabelled": (
                r"\baxis|\baxes|label",
                '''
def draw_responsibilities(ax, model, grid):
    """One line per component: its responsibility along the grid."""
    for k, column in enumerate(model.responsibilities(grid).T):
        ax.plot(grid, column, label=f"component {k + 1}")
    ax.set(xlabel="length (cm)", ylim=(0, 1))
''',
            ),
            "horizontal axis unlabelled": (
                r"\baxis|\baxes|label",
                '''
def draw_responsibilities(ax, model, grid):
    """One line per component: its responsibility along the grid."""
    for k, column in enumerate(model.responsibilities(grid).T):
        ax.plot(grid, column, label=f"component {k + 1}")
    ax.set(ylabel="responsibility", ylim=(0, 1))
''',
            ),
            "lines without labels": (
                "label|legend",
                '''
def draw_responsibilities(ax, model, grid):
    """One line per component: its responsibility along the grid."""
    ax.plot(grid, model.responsibilities(grid))
    ax.set(xlabel="length (cm)", ylabel="responsibility", ylim=(0, 1))
''',
            ),
            "one component missing": (
                r"component|\bline",
                '''
def draw_responsibilities(ax, model, grid):
    """One line per component: its responsibility along the grid."""
    r = model.responsibilities(grid)
    for k in range(1, model.n_components):
        ax.plot(grid, r[:, k], label=f"component {k}")
    ax.set(xlabel="length (cm)", ylabel="responsibility", ylim=(0, 1))
''',
            ),
            "three components hard-coded": (
                r"component|\bline",
                '''
def draw_responsibilities(ax, model, grid):
    """One line per component: its responsibility along the grid."""
    r = model.responsibilities(grid)
    for k in range(min(3, r.shape[1])):
        ax.plot(grid, r[:, k], label=f"component {k + 1}")
    ax.set(xlabel="length (cm)", ylabel="responsibility", ylim=(0, 1))
''',
            ),
            "vertical axis not from 0 to 1": (
                "0 to 1|ylim|limit|vertical",
                '''
def draw_responsibilities(ax, model, grid):
    """One line per component: its responsibility along the grid."""
    for k, column in enumerate(model.responsibilities(grid).T):
        ax.plot(grid, column, label=f"component {k + 1}")
    ax.set(xlabel="length (cm)", ylabel="responsibility")
''',
            ),
            "responsibilities against the index": (
                r"\bgrid|horizontal",
                '''
def draw_responsibilities(ax, model, grid):
    """One line per component: its responsibility along the grid."""
    for k, column in enumerate(model.responsibilities(grid).T):
        ax.plot(column, label=f"component {k + 1}")
    ax.set(xlabel="length (cm)", ylabel="responsibility", ylim=(0, 1))
''',
            ),
            "responsibilities stacked": (
                "responsibilit|stack|cumul",
                '''
def draw_responsibilities(ax, model, grid):
    """One line per component: its responsibility along the grid."""
    r = model.responsibilities(grid).cumsum(axis=1)
    for k, column in enumerate(r.T):
        ax.plot(grid, column, label=f"component {k + 1}")
    ax.set(xlabel="length (cm)", ylabel="responsibility", ylim=(0, 1))
''',
            ),
            "drawn with plt and not on the axes given": (
                r"\baxes|\bax\b|\bline",
                '''
def draw_responsibilities(ax, model, grid):
    """One line per component: its responsibility along the grid."""
    for k, column in enumerate(model.responsibilities(grid).T):
        plt.plot(grid, column, label=f"component {k + 1}")
    plt.xlabel("length (cm)")
    plt.ylabel("responsibility")
    plt.ylim(0, 1)
''',
            ),
            "x and y exchanged": (
                r"exchanged|swapped|\bgrid|horizontal",
                '''
def draw_responsibilities(ax, model, grid):
    """One line per component: its responsibility along the grid."""
    for k, column in enumerate(model.responsibilities(grid).T):
        ax.plot(column, grid, label=f"component {k + 1}")
    ax.set(xlabel="length (cm)", ylabel="responsibility", ylim=(0, 1))
''',
            ),
        },
    },
    "hw2_missing_data_and_elbo": {
        "q1_elbo": {
            "entropy with the wrong sign": (
                r"\bsign|entropy",
                '''
def elbo(q, log_joint):
    """Evidence lower bound, summed over the observations: one number."""
    return np.sum(q * log_joint) + np.sum(xlogy(q, q))
''',
            ),
            "entropy missing": (
                "entropy",
                '''
def elbo(q, log_joint):
    """Evidence lower bound, summed over the observations: one number."""
    return np.sum(q * log_joint)
''',
            ),
            "entropy in bits": (
                "bits|log2|natural|nats|entropy",
                '''
def elbo(q, log_joint):
    """Evidence lower bound, summed over the observations: one number."""
    bits = xlogy(q, q) / np.log(2)
    return np.sum(q * log_joint) - np.sum(bits)
''',
            ),
            "mean instead of sum": (
                r"\bmean|\bsum|average",
                '''
def elbo(q, log_joint):
    """Evidence lower bound, summed over the observations: one number."""
    return np.mean(np.sum(q * log_joint - xlogy(q, q), axis=1))
''',
            ),
            "nan at 0 log 0": (
                r"nan|0 \blog 0|zero|xlogy",
                '''
def elbo(q, log_joint):
    """Evidence lower bound, summed over the observations: one number."""
    return np.sum(q * log_joint) - np.sum(q * np.log(q))
''',
            ),
            "one number for each observation": (
                r"one number|scalar|\bsum|shape",
                '''
def elbo(q, log_joint):
    """Evidence lower bound, summed over the observations: one number."""
    return np.sum(q * log_joint - xlogy(q, q), axis=1)
''',
            ),
            "log-evidence returned": (
                r"evidence|\bq\b|depend",
                '''
def elbo(q, log_joint):
    """Evidence lower bound, summed over the observations: one number."""
    return np.sum(logsumexp(log_joint, axis=1))
''',
            ),
            "posterior instead of joint": (
                "joint|posterior|normalis",
                '''
def elbo(q, log_joint):
    """Evidence lower bound, summed over the observations: one number."""
    log_posterior = log_joint - logsumexp(log_joint, axis=1, keepdims=True)
    return np.sum(q * log_posterior - xlogy(q, q))
''',
            ),
            "joint taken for its logarithm": (
                r"logarithm|\bexp|\blog\b(?!-)",
                '''
def elbo(q, log_joint):
    """Evidence lower bound, summed over the observations: one number."""
    return np.sum(q * np.log(np.abs(log_joint) + 1e-12) - xlogy(q, q))
''',
            ),
            "exp of the log-joint": (
                r"logarithm|\bexp|\blog\b(?!-)",
                '''
def elbo(q, log_joint):
    """Evidence lower bound, summed over the observations: one number."""
    return np.sum(q * np.exp(log_joint) - xlogy(q, q))
''',
            ),
            "negative of the bound": (
                r"\bsign|negative|minus",
                '''
def elbo(q, log_joint):
    """Evidence lower bound, summed over the observations: one number."""
    return np.sum(xlogy(q, q) - q * log_joint)
''',
            ),
            "only the most probable value": (
                r"entropy|every|\ball\b|argmax|most probable|expectation|average|weight",
                '''
def elbo(q, log_joint):
    """Evidence lower bound, summed over the observations: one number."""
    best = log_joint[np.arange(len(q)), q.argmax(axis=1)]
    return np.sum(best) - np.sum(xlogy(q, q))
''',
            ),
            "entropy of the average q": (
                r"entropy|observation|\beach",
                '''
def elbo(q, log_joint):
    """Evidence lower bound, summed over the observations: one number."""
    average = q.mean(axis=0)
    return np.sum(q * log_joint) - len(q) * np.sum(xlogy(average, average))
''',
            ),
            "log-joint not weighted by q": (
                r"\bq\b|weight|expectation",
                '''
def elbo(q, log_joint):
    """Evidence lower bound, summed over the observations: one number."""
    return np.sum(log_joint) - np.sum(xlogy(q, q))
''',
            ),
        },
        "q2_gap": {
            "arguments reversed": (
                r"reversed|exchanged|swapped|\border|KL|direction",
                '''
def gap(q, log_joint):
    """Divergence of q from the posterior, summed over the observations."""
    log_posterior = log_joint - logsumexp(log_joint, axis=1, keepdims=True)
    p = np.exp(log_posterior)
    return np.sum(xlogy(p, p) - xlogy(p, q))
''',
            ),
            "joint instead of posterior": (
                "joint|posterior|normalis",
                '''
def gap(q, log_joint):
    """Divergence of q from the posterior, summed over the observations."""
    return np.sum(xlogy(q, q) - q * log_joint)
''',
            ),
            "mean instead of sum": (
                r"\bmean|\bsum|average",
                '''
def gap(q, log_joint):
    """Divergence of q from the posterior, summed over the observations."""
    log_posterior = log_joint - logsumexp(log_joint, axis=1, keepdims=True)
    return np.mean(np.sum(xlogy(q, q) - q * log_posterior, axis=1))
''',
            ),
            "nan at 0 log 0": (
                r"nan|0 \blog 0|zero|xlogy",
                '''
def gap(q, log_joint):
    """Divergence of q from the posterior, summed over the observations."""
    log_posterior = log_joint - logsumexp(log_joint, axis=1, keepdims=True)
    return np.sum(q * (np.log(q) - log_posterior))
''',
            ),
            "normalised over the observations": (
                r"\baxis|\brow|observation|normalis",
                '''
def gap(q, log_joint):
    """Divergence of q from the posterior, summed over the observations."""
    log_posterior = log_joint - logsumexp(log_joint, axis=0)
    return np.sum(xlogy(q, q) - q * log_posterior)
''',
            ),
            "normalised over the whole table": (
                r"\baxis|\brow|observation|normalis",
                '''
def gap(q, log_joint):
    """Divergence of q from the posterior, summed over the observations."""
    log_posterior = log_joint - logsumexp(log_joint)
    return np.sum(xlogy(q, q) - q * log_posterior)
''',
            ),
            "underflow in the posterior": (
                "underflow|logarithm|logsumexp|finite|nan",
                '''
def gap(q, log_joint):
    """Divergence of q from the posterior, summed over the observations."""
    joint = np.exp(log_joint)
    posterior = joint / joint.sum(axis=1, keepdims=True)
    return np.sum(xlogy(q, q) - xlogy(q, posterior))
''',
            ),
            "cross-entropy": (
                r"entropy|q \blog \bq\b|KL|divergence",
                '''
def gap(q, log_joint):
    """Divergence of q from the posterior, summed over the observations."""
    log_posterior = log_joint - logsumexp(log_joint, axis=1, keepdims=True)
    return -np.sum(q * log_posterior)
''',
            ),
            "negative divergence": (
                r"\bsign|negative|minus",
                '''
def gap(q, log_joint):
    """Divergence of q from the posterior, summed over the observations."""
    log_posterior = log_joint - logsumexp(log_joint, axis=1, keepdims=True)
    return np.sum(q * log_posterior - xlogy(q, q))
''',
            ),
            "in bits": (
                "bits|log2|natural|nats",
                '''
def gap(q, log_joint):
    """Divergence of q from the posterior, summed over the observations."""
    log_posterior = log_joint - logsumexp(log_joint, axis=1, keepdims=True)
    return np.sum(xlogy(q, q) - q * log_posterior) / np.log(2)
''',
            ),
            "both directions averaged": (
                r"KL|direction|symmetr|\border|divergence",
                '''
def gap(q, log_joint):
    """Divergence of q from the posterior, summed over the observations."""
    log_posterior = log_joint - logsumexp(log_joint, axis=1, keepdims=True)
    p = np.exp(log_posterior)
    forward = np.sum(xlogy(q, q) - q * log_posterior)
    return (forward + np.sum(xlogy(p, p) - xlogy(p, q))) / 2
''',
            ),
            "one number for each observation": (
                r"one number|scalar|\bsum|shape",
                '''
def gap(q, log_joint):
    """Divergence of q from the posterior, summed over the observations."""
    log_posterior = log_joint - logsumexp(log_joint, axis=1, keepdims=True)
    return np.sum(xlogy(q, q) - q * log_posterior, axis=1)
''',
            ),
            "total variation instead of divergence": (
                r"KL|divergence|\blog",
                '''
def gap(q, log_joint):
    """Divergence of q from the posterior, summed over the observations."""
    log_posterior = log_joint - logsumexp(log_joint, axis=1, keepdims=True)
    return np.sum(np.abs(q - np.exp(log_posterior))) / 2
''',
            ),
        },
        "q3_expected_statistics": {
            "conditional variance forgotten": (
                "variance|Var",
                '''
def expected_statistics(x, mean, covariance):
    """Expected sum of x and expected sum of x xᵀ, gaps filled in."""
    slope = covariance[1, 0] / covariance[0, 0]
    missing = np.isnan(x[:, 1])
    filled = x.copy()
    filled[missing, 1] = mean[1] + slope * (x[missing, 0] - mean[0])
    return filled.sum(axis=0), filled.T @ filled
''',
            ),
            "unconditional mean imputed": (
                r"conditional|first (value|reading)|regress|slope|\bmean",
                '''
def expected_statistics(x, mean, covariance):
    """Expected sum of x and expected sum of x xᵀ, gaps filled in."""
    slope = covariance[1, 0] / covariance[0, 0]
    rest = covariance[1, 1] - covariance[1, 0] ** 2 / covariance[0, 0]
    missing = np.isnan(x[:, 1])
    filled = x.copy()
    filled[missing, 1] = mean[1]
    squares = filled.T @ filled
    squares[1, 1] += missing.sum() * rest
    return filled.sum(axis=0), squares
''',
            ),
            "mean of the seen values imputed": (
                r"conditional|first (value|reading)|regress|slope|\bmean",
                '''
def expected_statistics(x, mean, covariance):
    """Expected sum of x and expected sum of x xᵀ, gaps filled in."""
    slope = covariance[1, 0] / covariance[0, 0]
    rest = covariance[1, 1] - covariance[1, 0] ** 2 / covariance[0, 0]
    missing = np.isnan(x[:, 1])
    filled = x.copy()
    filled[missing, 1] = np.mean(x[~missing, 1]) if (~missing).any() else mean[1]
    squares = filled.T @ filled
    squares[1, 1] += missing.sum() * rest
    return filled.sum(axis=0), squares
''',
            ),
            "rows with a gap dropped": (
                r"\brow|drop|left out|\ball\b",
                '''
def expected_statistics(x, mean, covariance):
    """Expected sum of x and expected sum of x xᵀ, gaps filled in."""
    seen = x[~np.isnan(x[:, 1])]
    return seen.sum(axis=0), seen.T @ seen
''',
            ),
            "gaps counted as zero": (
                r"zero|conditional|fill|missing|\bmean",
                '''
def expected_statistics(x, mean, covariance):
    """Expected sum of x and expected sum of x xᵀ, gaps filled in."""
    filled = np.nan_to_num(x)
    return filled.sum(axis=0), filled.T @ filled
''',
            ),
            "slope divided by the other variance": (
                r"slope|Sigma_11|Σ_?11|Σ₁₁|\bmean",
                '''
def expected_statistics(x, mean, covariance):
    """Expected sum of x and expected sum of x xᵀ, gaps filled in."""
    slope = covariance[1, 0] / covariance[1, 1]
    rest = covariance[1, 1] - covariance[1, 0] ** 2 / covariance[0, 0]
    missing = np.isnan(x[:, 1])
    filled = x.copy()
    filled[missing, 1] = mean[1] + slope * (x[missing, 0] - mean[0])
    squares = filled.T @ filled
    squares[1, 1] += missing.sum() * rest
    return filled.sum(axis=0), squares
''',
            ),
            "slope inverted": (
                r"slope|Sigma_11|Σ_?11|Σ₁₁|\bmean",
                '''
def expected_statistics(x, mean, covariance):
    """Expected sum of x and expected sum of x xᵀ, gaps filled in."""
    slope = covariance[0, 0] / covariance[1, 0]
    rest = covariance[1, 1] - covariance[1, 0] ** 2 / covariance[0, 0]
    missing = np.isnan(x[:, 1])
    filled = x.copy()
    filled[missing, 1] = mean[1] + slope * (x[missing, 0] - mean[0])
    squares = filled.T @ filled
    squares[1, 1] += missing.sum() * rest
    return filled.sum(axis=0), squares
''',
            ),
            "correlation taken for the slope": (
                r"slope|correlation|\bmean",
                '''
def expected_statistics(x, mean, covariance):
    """Expected sum of x and expected sum of x xᵀ, gaps filled in."""
    slope = covariance[1, 0] / np.sqrt(covariance[0, 0] * covariance[1, 1])
    rest = covariance[1, 1] - covariance[1, 0] ** 2 / covariance[0, 0]
    missing = np.isnan(x[:, 1])
    filled = x.copy()
    filled[missing, 1] = mean[1] + slope * (x[missing, 0] - mean[0])
    squares = filled.T @ filled
    squares[1, 1] += missing.sum() * rest
    return filled.sum(axis=0), squares
''',
            ),
            "whole variance added": (
                "conditional|variance|Var",
                '''
def expected_statistics(x, mean, covariance):
    """Expected sum of x and expected sum of x xᵀ, gaps filled in."""
    slope = covariance[1, 0] / covariance[0, 0]
    missing = np.isnan(x[:, 1])
    filled = x.copy()
    filled[missing, 1] = mean[1] + slope * (x[missing, 0] - mean[0])
    squares = filled.T @ filled
    squares[1, 1] += missing.sum() * covariance[1, 1]
    return filled.sum(axis=0), squares
''',
            ),
            "variance added for every row": (
                r"missing|every \brow|seen|only",
                '''
def expected_statistics(x, mean, covariance):
    """Expected sum of x and expected sum of x xᵀ, gaps filled in."""
    slope = covariance[1, 0] / covariance[0, 0]
    rest = covariance[1, 1] - covariance[1, 0] ** 2 / covariance[0, 0]
    missing = np.isnan(x[:, 1])
    filled = x.copy()
    filled[missing, 1] = mean[1] + slope * (x[missing, 0] - mean[0])
    squares = filled.T @ filled
    squares[1, 1] += len(x) * rest
    return filled.sum(axis=0), squares
''',
            ),
            "variance added only once": (
                r"\bonce|\beach|every|variance|number of",
                '''
def expected_statistics(x, mean, covariance):
    """Expected sum of x and expected sum of x xᵀ, gaps filled in."""
    slope = covariance[1, 0] / covariance[0, 0]
    rest = covariance[1, 1] - covariance[1, 0] ** 2 / covariance[0, 0]
    missing = np.isnan(x[:, 1])
    filled = x.copy()
    filled[missing, 1] = mean[1] + slope * (x[missing, 0] - mean[0])
    squares = filled.T @ filled
    squares[1, 1] += rest
    return filled.sum(axis=0), squares
''',
            ),
            "variance added to all four entries": (
                r"entry|entries|variance|\[1, 1\]|only|x_?2",
                '''
def expected_statistics(x, mean, covariance):
    """Expected sum of x and expected sum of x xᵀ, gaps filled in."""
    slope = covariance[1, 0] / covariance[0, 0]
    rest = covariance[1, 1] - covariance[1, 0] ** 2 / covariance[0, 0]
    missing = np.isnan(x[:, 1])
    filled = x.copy()
    filled[missing, 1] = mean[1] + slope * (x[missing, 0] - mean[0])
    squares = filled.T @ filled + missing.sum() * rest
    return filled.sum(axis=0), squares
''',
            ),
            "variance added to the first reading": (
                r"entry|entries|variance|first|x_?2|\[1, 1\]",
                '''
def expected_statistics(x, mean, covariance):
    """Expected sum of x and expected sum of x xᵀ, gaps filled in."""
    slope = covariance[1, 0] / covariance[0, 0]
    rest = covariance[1, 1] - covariance[1, 0] ** 2 / covariance[0, 0]
    missing = np.isnan(x[:, 1])
    filled = x.copy()
    filled[missing, 1] = mean[1] + slope * (x[missing, 0] - mean[0])
    squares = filled.T @ filled
    squares[0, 0] += missing.sum() * rest
    return filled.sum(axis=0), squares
''',
            ),
            "conditional standard deviation added": (
                r"standard deviation|\bsd\b|variance|\broot|sqrt|Var",
                '''
def expected_statistics(x, mean, covariance):
    """Expected sum of x and expected sum of x xᵀ, gaps filled in."""
    slope = covariance[1, 0] / covariance[0, 0]
    rest = covariance[1, 1] - covariance[1, 0] ** 2 / covariance[0, 0]
    missing = np.isnan(x[:, 1])
    filled = x.copy()
    filled[missing, 1] = mean[1] + slope * (x[missing, 0] - mean[0])
    squares = filled.T @ filled
    squares[1, 1] += missing.sum() * np.sqrt(rest)
    return filled.sum(axis=0), squares
''',
            ),
            "sign of the explained variance": (
                r"\bsign|variance|Var|minus",
                '''
def expected_statistics(x, mean, covariance):
    """Expected sum of x and expected sum of x xᵀ, gaps filled in."""
    slope = covariance[1, 0] / covariance[0, 0]
    rest = covariance[1, 1] + covariance[1, 0] ** 2 / covariance[0, 0]
    missing = np.isnan(x[:, 1])
    filled = x.copy()
    filled[missing, 1] = mean[1] + slope * (x[missing, 0] - mean[0])
    squares = filled.T @ filled
    squares[1, 1] += missing.sum() * rest
    return filled.sum(axis=0), squares
''',
            ),
            "first reading not centred": (
                r"\bmean|centr|deviation|x_?1|mu",
                '''
def expected_statistics(x, mean, covariance):
    """Expected sum of x and expected sum of x xᵀ, gaps filled in."""
    slope = covariance[1, 0] / covariance[0, 0]
    rest = covariance[1, 1] - covariance[1, 0] ** 2 / covariance[0, 0]
    missing = np.isnan(x[:, 1])
    filled = x.copy()
    filled[missing, 1] = mean[1] + slope * x[missing, 0]
    squares = filled.T @ filled
    squares[1, 1] += missing.sum() * rest
    return filled.sum(axis=0), squares
''',
            ),
            "data changed in place": (
                "in place|changed|copy|leave",
                '''
def expected_statistics(x, mean, covariance):
    """Expected sum of x and expected sum of x xᵀ, gaps filled in."""
    slope = covariance[1, 0] / covariance[0, 0]
    rest = covariance[1, 1] - covariance[1, 0] ** 2 / covariance[0, 0]
    missing = np.isnan(x[:, 1])
    x[missing, 1] = mean[1] + slope * (x[missing, 0] - mean[0])
    squares = x.T @ x
    squares[1, 1] += missing.sum() * rest
    return x.sum(axis=0), squares
''',
            ),
            "averages instead of sums": (
                r"\bmean|\bsum|average",
                '''
def expected_statistics(x, mean, covariance):
    """Expected sum of x and expected sum of x xᵀ, gaps filled in."""
    slope = covariance[1, 0] / covariance[0, 0]
    rest = covariance[1, 1] - covariance[1, 0] ** 2 / covariance[0, 0]
    missing = np.isnan(x[:, 1])
    filled = x.copy()
    filled[missing, 1] = mean[1] + slope * (x[missing, 0] - mean[0])
    squares = filled.T @ filled
    squares[1, 1] += missing.sum() * rest
    return filled.mean(axis=0), squares / len(x)
''',
            ),
            "deviations squared instead of values": (
                r"centr|deviation|\bmean|subtract|E\[x",
                '''
def expected_statistics(x, mean, covariance):
    """Expected sum of x and expected sum of x xᵀ, gaps filled in."""
    slope = covariance[1, 0] / covariance[0, 0]
    rest = covariance[1, 1] - covariance[1, 0] ** 2 / covariance[0, 0]
    missing = np.isnan(x[:, 1])
    filled = x.copy()
    filled[missing, 1] = mean[1] + slope * (x[missing, 0] - mean[0])
    deviations = filled - filled.mean(axis=0)
    squares = deviations.T @ deviations
    squares[1, 1] += missing.sum() * rest
    return filled.sum(axis=0), squares
''',
            ),
        },
        "q4_light_bulbs": {
            "burning counted as failed": (
                "burning|still|expected|1 ?/ ?rate",
                '''
def bulb_step(hours, burning, rate):
    """One iteration of EM for exponential lives, some still going on."""
    return len(hours) / np.sum(hours)
''',
            ),
            "burning dropped": (
                "burning|drop|left out|all bulbs|every bulb",
                '''
def bulb_step(hours, burning, rate):
    """One iteration of EM for exponential lives, some still going on."""
    return np.sum(~burning) / np.sum(hours[~burning])
''',
            ),
            "hours so far forgotten": (
                r"hours|so far|\bc\b",
                '''
def bulb_step(hours, burning, rate):
    """One iteration of EM for exponential lives, some still going on."""
    lives = np.where(burning, 1 / rate, hours)
    return len(hours) / np.sum(lives)
''',
            ),
            "mean life returned": (
                r"\bmean|rate|inverse|1 ?/",
                '''
def bulb_step(hours, burning, rate):
    """One iteration of EM for exponential lives, some still going on."""
    lives = np.where(burning, hours + 1 / rate, hours)
    return np.mean(lives)
''',
            ),
            "rate added instead of mean life": (
                r"1 ?/ ?rate|rate|\bmean life|expected",
                '''
def bulb_step(hours, burning, rate):
    """One iteration of EM for exponential lives, some still going on."""
    lives = np.where(burning, hours + rate, hours)
    return len(hours) / np.sum(lives)
''',
            ),
            "closed form returned": (
                "one iteration|closed|fixed point|one step|rate|maximum",
                '''
def bulb_step(hours, burning, rate):
    """One iteration of EM for exponential lives, some still going on."""
    return np.sum(~burning) / np.sum(hours)
''',
            ),
            "iterated to the end": (
                "one iteration|closed|fixed point|one step|maximum|rate",
                '''
def bulb_step(hours, burning, rate):
    """One iteration of EM for exponential lives, some still going on."""
    for _ in range(200):
        lives = np.where(burning, hours + 1 / rate, hours)
        rate = len(hours) / np.sum(lives)
    return rate
''',
            ),
            "burning and failed exchanged": (
                "burning|exchanged|swapped|failed",
                '''
def bulb_step(hours, burning, rate):
    """One iteration of EM for exponential lives, some still going on."""
    lives = np.where(burning, hours, hours + 1 / rate)
    return len(hours) / np.sum(lives)
''',
            ),
            "only failed bulbs counted": (
                "number|all bulbs|every bulb|count|failed",
                '''
def bulb_step(hours, burning, rate):
    """One iteration of EM for exponential lives, some still going on."""
    lives = np.where(burning, hours + 1 / rate, hours)
    return np.sum(~burning) / np.sum(lives)
''',
            ),
            "mean life added to every bulb": (
                "burning|failed|every|only",
                '''
def bulb_step(hours, burning, rate):
    """One iteration of EM for exponential lives, some still going on."""
    lives = hours + 1 / rate
    return len(hours) / np.sum(lives)
''',
            ),
            "mean life added only once": (
                r"\beach|every|\bonce|number|burning",
                '''
def bulb_step(hours, burning, rate):
    """One iteration of EM for exponential lives, some still going on."""
    return len(hours) / (np.sum(hours) + 1 / rate)
''',
            ),
            "mean of the rates of single bulbs": (
                r"\bsum|\bmean of|harmonic|total",
                '''
def bulb_step(hours, burning, rate):
    """One iteration of EM for exponential lives, some still going on."""
    lives = np.where(burning, hours + 1 / rate, hours)
    return np.mean(1 / lives)
''',
            ),
            "hours doubled instead of mean life added": (
                r"1 ?/ ?rate|rate|\bmean life|expected|\bage",
                '''
def bulb_step(hours, burning, rate):
    """One iteration of EM for exponential lives, some still going on."""
    lives = np.where(burning, 2 * hours, hours)
    return len(hours) / np.sum(lives)
''',
            ),
            "bias correction N - 1": (
                "N - 1|number|count|divi",
                '''
def bulb_step(hours, burning, rate):
    """One iteration of EM for exponential lives, some still going on."""
    lives = np.where(burning, hours + 1 / rate, hours)
    return (len(hours) - 1) / np.sum(lives)
''',
            ),
            "expected rate averaged over the bulbs": (
                r"\bsum|rate|lives|\bmean",
                '''
def bulb_step(hours, burning, rate):
    """One iteration of EM for exponential lives, some still going on."""
    return np.mean(np.where(burning, rate, len(hours) / np.sum(hours)))
''',
            ),
            "hours changed in place": (
                "in place|changed|copy|leave",
                '''
def bulb_step(hours, burning, rate):
    """One iteration of EM for exponential lives, some still going on."""
    hours[burning] += 1 / rate
    return len(hours) / np.sum(hours)
''',
            ),
        },
    },
    "hw3_exchangeability": {
        "q1_urn": {
            "no reinforcement": (
                r"reinforce|\bmore|added|grow|put back|\bsame colour",
                '''
def draw_urn(white, black, n_draws, rng):
    """Draws from Pólya's urn, 1 for white: shape (n_draws,)."""
    return (rng.random(n_draws) < white / (white + black)).astype(int)
''',
            ),
            "without replacement": (
                r"replace|put back|added|\bmore",
                '''
def draw_urn(white, black, n_draws, rng):
    """Draws from Pólya's urn, 1 for white: shape (n_draws,)."""
    draws = np.zeros(n_draws, int)
    for i in range(n_draws):
        draws[i] = rng.random() * (white + black) < white
        white, black = white - draws[i], black - (1 - draws[i])
    return draws
''',
            ),
            "other colour added": (
                r"\bsame colour|other colour|colour",
                '''
def draw_urn(white, black, n_draws, rng):
    """Draws from Pólya's urn, 1 for white: shape (n_draws,)."""
    draws = np.zeros(n_draws, int)
    for i in range(n_draws):
        draws[i] = rng.random() < white / (white + black)
        white, black = white + 1 - draws[i], black + draws[i]
    return draws
''',
            ),
            "two balls added": (
                r"one \bmore|\btwo\b|added|balls",
                '''
def draw_urn(white, black, n_draws, rng):
    """Draws from Pólya's urn, 1 for white: shape (n_draws,)."""
    draws = np.zeros(n_draws, int)
    for i in range(n_draws):
        draws[i] = rng.random() < white / (white + black)
        white, black = white + 2 * draws[i], black + 2 * (1 - draws[i])
    return draws
''',
            ),
            "reinforcement only after the first draw": (
                r"every|\beach|\bonce|reinforce|added|\bmore",
                '''
def draw_urn(white, black, n_draws, rng):
    """Draws from Pólya's urn, 1 for white: shape (n_draws,)."""
    draws = np.zeros(n_draws, int)
    for i in range(n_draws):
        draws[i] = rng.random() < white / (white + black)
        if i == 0:
            white, black = white + draws[i], black + 1 - draws[i]
    return draws
''',
            ),
            "only white reinforced": (
                r"\bsame colour|black|colour|added",
                '''
def draw_urn(white, black, n_draws, rng):
    """Draws from Pólya's urn, 1 for white: shape (n_draws,)."""
    draws = np.zeros(n_draws, int)
    for i in range(n_draws):
        draws[i] = rng.random() < white / (white + black)
        white = white + draws[i]
    return draws
''',
            ),
            "white added after every draw": (
                r"\bsame colour|black|colour|added",
                '''
def draw_urn(white, black, n_draws, rng):
    """Draws from Pólya's urn, 1 for white: shape (n_draws,)."""
    draws = np.zeros(n_draws, int)
    for i in range(n_draws):
        draws[i] = rng.random() < white / (white + black)
        white = white + 1
    return draws
''',
            ),
            "total not updated": (
                "total|number of balls|added|balls",
                '''
def draw_urn(white, black, n_draws, rng):
    """Draws from Pólya's urn, 1 for white: shape (n_draws,)."""
    total = white + black
    draws = np.zeros(n_draws, int)
    for i in range(n_draws):
        draws[i] = rng.random() < white / total
        white = white + draws[i]
    return draws
''',
            ),
            "colours swapped": (
                "swapped|exchanged|1 for white|colour",
                '''
def draw_urn(white, black, n_draws, rng):
    """Draws from Pólya's urn, 1 for white: shape (n_draws,)."""
    draws = np.zeros(n_draws, int)
    for i in range(n_draws):
        is_white = rng.random() < white / (white + black)
        white, black = white + is_white, black + (not is_white)
        draws[i] = not is_white
    return draws
''',
            ),
            "global random generator": (
                r"\brng|generator|random",
                '''
def draw_urn(white, black, n_draws, rng):
    """Draws from Pólya's urn, 1 for white: shape (n_draws,)."""
    draws = np.zeros(n_draws, int)
    for i in range(n_draws):
        draws[i] = np.random.random() < white / (white + black)
        white, black = white + draws[i], black + 1 - draws[i]
    return draws
''',
            ),
            "fixed seed inside": (
                r"\brng|\bseed|generator|random",
                '''
def draw_urn(white, black, n_draws, rng):
    """Draws from Pólya's urn, 1 for white: shape (n_draws,)."""
    rng = np.random.default_rng(0)
    draws = np.zeros(n_draws, int)
    for i in range(n_draws):
        draws[i] = rng.random() < white / (white + black)
        white, black = white + draws[i], black + 1 - draws[i]
    return draws
''',
            ),
            "fresh generator inside": (
                r"\brng|\bseed|generator|random",
                '''
def draw_urn(white, black, n_draws, rng):
    """Draws from Pólya's urn, 1 for white: shape (n_draws,)."""
    rng = np.random.default_rng()
    draws = np.zeros(n_draws, int)
    for i in range(n_draws):
        draws[i] = rng.random() < white / (white + black)
        white, black = white + draws[i], black + 1 - draws[i]
    return draws
''',
            ),
            "one random number for all draws": (
                r"\beach|every|\bone\b|independent|\brng|random|\bsame",
                '''
def draw_urn(white, black, n_draws, rng):
    """Draws from Pólya's urn, 1 for white: shape (n_draws,)."""
    u = rng.random()
    draws = np.zeros(n_draws, int)
    for i in range(n_draws):
        draws[i] = u < white / (white + black)
        white, black = white + draws[i], black + 1 - draws[i]
    return draws
''',
            ),
            "chance fixed at one half": (
                r"\bhalf|white|chance|number of balls|share",
                '''
def draw_urn(white, black, n_draws, rng):
    """Draws from Pólya's urn, 1 for white: shape (n_draws,)."""
    draws = np.zeros(n_draws, int)
    for i in range(n_draws):
        draws[i] = rng.integers(2)
        white, black = white + draws[i], black + 1 - draws[i]
    return draws
''',
            ),
            "ball added before the first draw": (
                r"first|before|\bstart|holds",
                '''
def draw_urn(white, black, n_draws, rng):
    """Draws from Pólya's urn, 1 for white: shape (n_draws,)."""
    white, black = white + 1, black + 1
    draws = np.zeros(n_draws, int)
    for i in range(n_draws):
        draws[i] = rng.random() < white / (white + black)
        white, black = white + draws[i], black + 1 - draws[i]
    return draws
''',
            ),
            "shares of white returned": (
                "zeros and ones|0/1|0 and 1|draws",
                '''
def draw_urn(white, black, n_draws, rng):
    """Draws from Pólya's urn, 1 for white: shape (n_draws,)."""
    shares = np.zeros(n_draws)
    for i in range(n_draws):
        is_white = rng.random() < white / (white + black)
        white, black = white + is_white, black + (not is_white)
        shares[i] = white / (white + black)
    return shares
''',
            ),
        },
        "q2_urn_probability": {
            "binomial coefficient": (
                r"\border|binomial|coefficient|count",
                '''
def urn_log_probability(draws, white, black):
    """Log-probability of these draws, in this order."""
    n, ones = len(draws), np.sum(draws)
    log_choose = -betaln(ones + 1, n - ones + 1) - np.log(n + 1)
    return log_choose + betaln(white + ones, black + n - ones) - betaln(white, black)
''',
            ),
            "colours swapped": (
                "swapped|exchanged|colour|white",
                '''
def urn_log_probability(draws, white, black):
    """Log-probability of these draws, in this order."""
    n, ones = len(draws), np.sum(draws)
    return betaln(black + ones, white + n - ones) - betaln(black, white)
''',
            ),
            "draws taken as independent": (
                r"independent|reinforce|\bmore|added",
                '''
def urn_log_probability(draws, white, black):
    """Log-probability of these draws, in this order."""
    ones, share = np.sum(draws), white / (white + black)
    return xlogy(ones, share) + xlog1py(len(draws) - ones, -share)
''',
            ),
            "total not updated": (
                "total|number of balls|balls|grow",
                '''
def urn_log_probability(draws, white, black):
    """Log-probability of these draws, in this order."""
    log_p, total = 0.0, white + black
    for x in draws:
        log_p += np.log((white if x else black) / total)
        white, black = white + x, black + 1 - x
    return log_p
''',
            ),
            "colours not updated": (
                r"\bmore|\bsame colour|added|balls|reinforce|update",
                '''
def urn_log_probability(draws, white, black):
    """Log-probability of these draws, in this order."""
    log_p, total = 0.0, white + black
    for x in draws:
        log_p += np.log((white if x else black) / total)
        total += 1
    return log_p
''',
            ),
            "total updated before the draw": (
                "total|before|after|first",
                '''
def urn_log_probability(draws, white, black):
    """Log-probability of these draws, in this order."""
    log_p = 0.0
    for i, x in enumerate(draws):
        log_p += np.log((white if x else black) / (white + black + 1))
        white, black = white + x, black + 1 - x
    return log_p
''',
            ),
            "underflow of the product": (
                "underflow|logarithm|logsumexp|finite|nan",
                '''
def urn_log_probability(draws, white, black):
    """Log-probability of these draws, in this order."""
    p = 1.0
    for x in draws:
        p *= (white if x else black) / (white + black)
        white, black = white + x, black + 1 - x
    return np.log(p)
''',
            ),
            "small constant against the logarithm of zero": (
                "underflow|logarithm|logsumexp|finite|nan",
                '''
def urn_log_probability(draws, white, black):
    """Log-probability of these draws, in this order."""
    p = 1.0
    for x in draws:
        p *= (white if x else black) / (white + black)
        white, black = white + x, black + 1 - x
    return np.log(p + 1e-300)
''',
            ),
            "probability instead of its logarithm": (
                r"logarithm|\bexp|\blog\b(?!-)",
                '''
def urn_log_probability(draws, white, black):
    """Log-probability of these draws, in this order."""
    n, ones = len(draws), np.sum(draws)
    return np.exp(betaln(white + ones, black + n - ones) - betaln(white, black))
''',
            ),
            "two balls added": (
                r"one \bmore|\btwo\b|added|balls",
                '''
def urn_log_probability(draws, white, black):
    """Log-probability of these draws, in this order."""
    log_p = 0.0
    for x in draws:
        log_p += np.log((white if x else black) / (white + black))
        white, black = white + 2 * x, black + 2 * (1 - x)
    return log_p
''',
            ),
            "other colour added": (
                r"\bsame colour|other colour|colour",
                '''
def urn_log_probability(draws, white, black):
    """Log-probability of these draws, in this order."""
    log_p = 0.0
    for x in draws:
        log_p += np.log((white if x else black) / (white + black))
        white, black = white + 1 - x, black + x
    return log_p
''',
            ),
            "black draws forgotten": (
                "black|zeros|white only|every draw|both",
                '''
def urn_log_probability(draws, white, black):
    """Log-probability of these draws, in this order."""
    log_p = 0.0
    for x in draws:
        if x:
            log_p += np.log(white / (white + black))
        white, black = white + x, black + 1 - x
    return log_p
''',
            ),
            "normaliser forgotten": (
                r"normalis|\bsum to \bone\b|\bsum to 1|B\(|betaln|divid",
                '''
def urn_log_probability(draws, white, black):
    """Log-probability of these draws, in this order."""
    n, ones = len(draws), np.sum(draws)
    return betaln(white + ones, black + n - ones)
''',
            ),
            "one white and one black ball assumed": (
                r"white|black|\bstart|holds|normalis",
                '''
def urn_log_probability(draws, white, black):
    """Log-probability of these draws, in this order."""
    n, ones = len(draws), np.sum(draws)
    return betaln(ones + 1, n - ones + 1)
''',
            ),
            "mean of the logarithms": (
                r"\bmean|\bsum|average",
                '''
def urn_log_probability(draws, white, black):
    """Log-probability of these draws, in this order."""
    n, ones = len(draws), np.sum(draws)
    return (betaln(white + ones, black + n - ones) - betaln(white, black)) / n
''',
            ),
            "first draw forgotten": (
                "first",
                '''
def urn_log_probability(draws, white, black):
    """Log-probability of these draws, in this order."""
    log_p = 0.0
    for i, x in enumerate(draws):
        if i > 0:
            log_p += np.log((white if x else black) / (white + black))
        white, black = white + x, black + 1 - x
    return log_p
''',
            ),
        },
        "q3_mixture_of_coins": {
            "average coin": (
                r"average|\bmean|one coin|mixture|\beach draw",
                '''
def mixture_log_probability(draws, thetas, weights):
    """Log-probability of the draws under a mixture of coins."""
    theta = np.sum(weights * thetas)
    return np.sum(xlogy(draws, theta) + xlog1py(1 - draws, -theta))
''',
            ),
            "new coin for every draw": (
                r"one coin|average|every draw|\beach draw|mixture",
                '''
def mixture_log_probability(draws, thetas, weights):
    """Log-probability of the draws under a mixture of coins."""
    ones = np.sum(weights * thetas)
    zeros = np.sum(weights * (1 - thetas))
    return np.sum(np.log(np.where(draws == 1, ones, zeros)))
''',
            ),
            "average of the logarithms": (
                r"average|\bmean|\blog|logsumexp",
                '''
def mixture_log_probability(draws, thetas, weights):
    """Log-probability of the draws under a mixture of coins."""
    ones = np.sum(draws)
    log_p = xlogy(ones, thetas) + xlog1py(len(draws) - ones, -thetas)
    return np.sum(weights * log_p)
''',
            ),
            "weights ignored, coins added": (
                "weight",
                '''
def mixture_log_probability(draws, thetas, weights):
    """Log-probability of the draws under a mixture of coins."""
    ones = np.sum(draws)
    log_p = xlogy(ones, thetas) + xlog1py(len(draws) - ones, -thetas)
    return logsumexp(log_p)
''',
            ),
            "weights ignored, coins averaged": (
                "weight",
                '''
def mixture_log_probability(draws, thetas, weights):
    """Log-probability of the draws under a mixture of coins."""
    ones = np.sum(draws)
    log_p = xlogy(ones, thetas) + xlog1py(len(draws) - ones, -thetas)
    return logsumexp(log_p) - np.log(len(thetas))
''',
            ),
            "zeros forgotten": (
                "zero|1 - |tails",
                '''
def mixture_log_probability(draws, thetas, weights):
    """Log-probability of the draws under a mixture of coins."""
    ones = np.sum(draws)
    return logsumexp(np.log(weights) + xlogy(ones, thetas))
''',
            ),
            "underflow": (
                "underflow|logarithm|logsumexp|finite|nan",
                '''
def mixture_log_probability(draws, thetas, weights):
    """Log-probability of the draws under a mixture of coins."""
    ones = np.sum(draws)
    p = thetas**ones * (1 - thetas) ** (len(draws) - ones)
    return np.log(np.sum(weights * p))
''',
            ),
            "small constant against the logarithm of zero": (
                "underflow|logarithm|logsumexp|finite|nan",
                '''
def mixture_log_probability(draws, thetas, weights):
    """Log-probability of the draws under a mixture of coins."""
    ones = np.sum(draws)
    p = thetas**ones * (1 - thetas) ** (len(draws) - ones)
    return np.log(np.sum(weights * p) + 1e-300)
''',
            ),
            "binomial coefficient": (
                r"\border|binomial|coefficient|count",
                '''
def mixture_log_probability(draws, thetas, weights):
    """Log-probability of the draws under a mixture of coins."""
    n, ones = len(draws), np.sum(draws)
    log_choose = -betaln(ones + 1, n - ones + 1) - np.log(n + 1)
    log_p = xlogy(ones, thetas) + xlog1py(n - ones, -thetas)
    return log_choose + logsumexp(np.log(weights) + log_p)
''',
            ),
            "ones and zeros exchanged": (
                "swapped|exchanged|ones|zeros",
                '''
def mixture_log_probability(draws, thetas, weights):
    """Log-probability of the draws under a mixture of coins."""
    ones = np.sum(draws)
    log_p = xlogy(len(draws) - ones, thetas) + xlog1py(ones, -thetas)
    return logsumexp(np.log(weights) + log_p)
''',
            ),
            "probability instead of its logarithm": (
                r"logarithm|\bexp|\blog\b(?!-)",
                '''
def mixture_log_probability(draws, thetas, weights):
    """Log-probability of the draws under a mixture of coins."""
    ones = np.sum(draws)
    log_p = xlogy(ones, thetas) + xlog1py(len(draws) - ones, -thetas)
    return np.exp(logsumexp(np.log(weights) + log_p))
''',
            ),
            "only the best coin": (
                r"\bbest|largest|\bmax|all coins|every coin|mixture|\bsum",
                '''
def mixture_log_probability(draws, thetas, weights):
    """Log-probability of the draws under a mixture of coins."""
    ones = np.sum(draws)
    log_p = xlogy(ones, thetas) + xlog1py(len(draws) - ones, -thetas)
    return np.max(np.log(weights) + log_p)
''',
            ),
            "only the most probable coin": (
                r"probable|all coins|every coin|mixture|\bsum|one coin",
                '''
def mixture_log_probability(draws, thetas, weights):
    """Log-probability of the draws under a mixture of coins."""
    theta = thetas[np.argmax(weights)]
    return np.sum(xlogy(draws, theta) + xlog1py(1 - draws, -theta))
''',
            ),
            "weights to the power of n": (
                r"weight|\bonce|one coin|power|\beach draw",
                '''
def mixture_log_probability(draws, thetas, weights):
    """Log-probability of the draws under a mixture of coins."""
    n, ones = len(draws), np.sum(draws)
    log_p = xlogy(ones, thetas) + xlog1py(n - ones, -thetas)
    return logsumexp(n * np.log(weights) + log_p)
''',
            ),
            "mean over the draws": (
                r"\bmean|\bsum|average",
                '''
def mixture_log_probability(draws, thetas, weights):
    """Log-probability of the draws under a mixture of coins."""
    ones = np.sum(draws)
    log_p = xlogy(ones, thetas) + xlog1py(len(draws) - ones, -thetas)
    return logsumexp(np.log(weights) + log_p) / len(draws)
''',
            ),
            "nan for a coin that is certain": (
                "nan|0 or 1|certain|zero|xlogy|sided",
                '''
def mixture_log_probability(draws, thetas, weights):
    """Log-probability of the draws under a mixture of coins."""
    ones = np.sum(draws)
    log_p = ones * np.log(thetas) + (len(draws) - ones) * np.log(1 - thetas)
    return logsumexp(np.log(weights) + log_p)
''',
            ),
        },
        "q4_is_exchangeable": {
            "marginals only": (
                "marginal|joint|table|pairs|identical",
                '''
def is_exchangeable(joint):
    """Whether every reordering of the variables leaves the table alone."""
    n = joint.ndim
    marginals = [joint.sum(axis=tuple(j for j in range(n) if j != i)) for i in range(n)]
    return all(np.abs(m - marginals[0]).max() <= 1e-9 for m in marginals)
''',
            ),
            "pairs only": (
                r"\bpair|joint|table|three|every reordering|\ball\b",
                '''
def is_exchangeable(joint):
    """Whether every reordering of the variables leaves the table alone."""
    n = joint.ndim
    pairs = [
        np.transpose(
            joint.sum(axis=tuple(k for k in range(n) if k not in (i, j))),
            (0, 1) if i < j else (1, 0),
        )
        for i, j in itertools.permutations(range(n), 2)
    ]
    return all(np.abs(p - pairs[0]).max() <= 1e-9 for p in pairs)
''',
            ),
            "first swap only": (
                r"swap|every reordering|\ball\b|permutation|first",
                '''
def is_exchangeable(joint):
    """Whether every reordering of the variables leaves the table alone."""
    if joint.ndim < 2:
        return True
    return bool(np.abs(joint - np.swapaxes(joint, 0, 1)).max() <= 1e-9)
''',
            ),
            "first swapped with last only": (
                r"swap|every reordering|\ball\b|permutation|first",
                '''
def is_exchangeable(joint):
    """Whether every reordering of the variables leaves the table alone."""
    return bool(np.abs(joint - np.swapaxes(joint, 0, -1)).max() <= 1e-9)
''',
            ),
            "rotations only": (
                r"rotat|cyclic|every reordering|\ball\b|permutation|swap",
                '''
def is_exchangeable(joint):
    """Whether every reordering of the variables leaves the table alone."""
    n = joint.ndim
    turns = [np.roll(np.arange(n), k) for k in range(n)]
    return all(np.abs(joint - np.transpose(joint, t)).max() <= 1e-9 for t in turns)
''',
            ),
            "reversal only": (
                r"revers|transpos|every reordering|\ball\b|permutation|swap",
                '''
def is_exchangeable(joint):
    """Whether every reordering of the variables leaves the table alone."""
    return bool(np.abs(joint - joint.T).max() <= 1e-9)
''',
            ),
            "exact equality": (
                "rounding|1e-9|toleran|exact",
                '''
def is_exchangeable(joint):
    """Whether every reordering of the variables leaves the table alone."""
    orders = itertools.permutations(range(joint.ndim))
    return all(np.array_equal(joint, np.transpose(joint, order)) for order in orders)
''',
            ),
            "independence demanded": (
                "independen",
                '''
def is_exchangeable(joint):
    """Whether every reordering of the variables leaves the table alone."""
    n = joint.ndim
    marginal = joint.sum(axis=tuple(range(1, n)))
    product = marginal
    for _ in range(n - 1):
        product = np.multiply.outer(product, marginal)
    return bool(np.abs(joint - product).max() <= 1e-9)
''',
            ),
            "independence is enough": (
                r"identical|\bsame|marginal|independen|exchangeable",
                '''
def is_exchangeable(joint):
    """Whether every reordering of the variables leaves the table alone."""
    n = joint.ndim
    product = np.array(1.0)
    for i in range(n):
        marginal = joint.sum(axis=tuple(j for j in range(n) if j != i))
        product = np.multiply.outer(product, marginal)
    orders = itertools.permutations(range(n))
    if np.abs(joint - product).max() <= 1e-9:
        return True
    return all(np.abs(joint - np.transpose(joint, o)).max() <= 1e-9 for o in orders)
''',
            ),
            "returns inside the loop": (
                r"every reordering|\ball\b|identity|permutation|swap|loop",
                '''
def is_exchangeable(joint):
    """Whether every reordering of the variables leaves the table alone."""
    for order in itertools.permutations(range(joint.ndim)):
        return bool(np.abs(joint - np.transpose(joint, order)).max() <= 1e-9)
''',
            ),
            "any instead of all": (
                r"every reordering|\ball\b|\bany\b|permutation|swap",
                '''
def is_exchangeable(joint):
    """Whether every reordering of the variables leaves the table alone."""
    orders = itertools.permutations(range(joint.ndim))
    return any(np.abs(joint - np.transpose(joint, o)).max() <= 1e-9 for o in orders)
''',
            ),
            "values added up as if they were zeros and ones": (
                r"value|\bsum|\bmore than \btwo\b|three|binary|length",
                '''
def is_exchangeable(joint):
    """Whether every reordering of the variables leaves the table alone."""
    sums = np.indices(joint.shape).sum(axis=0)
    return all(np.ptp(joint[sums == s]) <= 1e-9 for s in np.unique(sums))
''',
            ),
            "only zeros and ones looked at": (
                r"value|\bmore than \btwo\b|three|binary|length",
                '''
def is_exchangeable(joint):
    """Whether every reordering of the variables leaves the table alone."""
    table = joint[(slice(0, 2),) * joint.ndim]
    orders = itertools.permutations(range(joint.ndim))
    return all(np.abs(table - np.transpose(table, o)).max() <= 1e-9 for o in orders)
''',
            ),
            "tolerance far too loose": (
                "rounding|1e-9|toleran|loose",
                '''
def is_exchangeable(joint):
    """Whether every reordering of the variables leaves the table alone."""
    orders = itertools.permutations(range(joint.ndim))
    return all(np.abs(joint - np.transpose(joint, o)).max() <= 0.01 for o in orders)
''',
            ),
            "sign of the difference ignored": (
                r"\babs|\bsign|difference|rounding|swap|reordering",
                '''
def is_exchangeable(joint):
    """Whether every reordering of the variables leaves the table alone."""
    orders = itertools.permutations(range(joint.ndim))
    return all(np.sum(joint - np.transpose(joint, o)) <= 1e-9 for o in orders)
''',
            ),
            "axes flipped instead of exchanged": (
                r"flip|values|\baxes|variables|reorder",
                '''
def is_exchangeable(joint):
    """Whether every reordering of the variables leaves the table alone."""
    flips = [np.flip(joint, axis=i) for i in range(joint.ndim)]
    return all(np.abs(joint - flipped).max() <= 1e-9 for flipped in flips)
''',
            ),
            "answer negated": (
                "True|False|opposite|negat",
                '''
def is_exchangeable(joint):
    """Whether every reordering of the variables leaves the table alone."""
    orders = itertools.permutations(range(joint.ndim))
    return not all(np.abs(joint - np.transpose(joint, o)).max() <= 1e-9 for o in orders)
''',
            ),
        },
        "q5_permutation_test": {
            "bootstrap, with replacement": (
                r"replace|permut|shuffle|bootstrap|\bsame",
                '''
def permutation_p_value(draws, statistic, n_shuffles, rng):
    """Share of orders whose statistic is at least that of the draws."""
    observed = statistic(draws)
    count = 0
    for _ in range(n_shuffles):
        count += statistic(rng.choice(draws, size=len(draws))) >= observed
    return (1 + count) / (1 + n_shuffles)
''',
            ),
            "ties not counted": (
                "at least|ties|equal|strict|>=",
                '''
def permutation_p_value(draws, statistic, n_shuffles, rng):
    """Share of orders whose statistic is at least that of the draws."""
    observed = statistic(draws)
    count = sum(statistic(rng.permutation(draws)) > observed for _ in range(n_shuffles))
    return (1 + count) / (1 + n_shuffles)
''',
            ),
            "no ones added": (
                r"1 \+|\bone\b|zero|\+ ?1",
                '''
def permutation_p_value(draws, statistic, n_shuffles, rng):
    """Share of orders whose statistic is at least that of the draws."""
    observed = statistic(draws)
    count = sum(statistic(rng.permutation(draws)) >= observed for _ in range(n_shuffles))
    return count / n_shuffles
''',
            ),
            "one only in the numerator": (
                r"1 \+|\bone\b|\+ ?1",
                '''
def permutation_p_value(draws, statistic, n_shuffles, rng):
    """Share of orders whose statistic is at least that of the draws."""
    observed = statistic(draws)
    count = sum(statistic(rng.permutation(draws)) >= observed for _ in range(n_shuffles))
    return (1 + count) / n_shuffles
''',
            ),
            "one only in the denominator": (
                r"1 \+|\bone\b|zero|\+ ?1",
                '''
def permutation_p_value(draws, statistic, n_shuffles, rng):
    """Share of orders whose statistic is at least that of the draws."""
    observed = statistic(draws)
    count = sum(statistic(rng.permutation(draws)) >= observed for _ in range(n_shuffles))
    return count / (1 + n_shuffles)
''',
            ),
            "wrong tail": (
                r"at least|\btail|>=|direction|large",
                '''
def permutation_p_value(draws, statistic, n_shuffles, rng):
    """Share of orders whose statistic is at least that of the draws."""
    observed = statistic(draws)
    count = sum(statistic(rng.permutation(draws)) <= observed for _ in range(n_shuffles))
    return (1 + count) / (1 + n_shuffles)
''',
            ),
            "two-sided": (
                r"at least|\btail|\btwo\b|sided|\babs",
                '''
def permutation_p_value(draws, statistic, n_shuffles, rng):
    """Share of orders whose statistic is at least that of the draws."""
    observed = statistic(draws)
    shuffled = np.array([statistic(rng.permutation(draws)) for _ in range(n_shuffles)])
    centre = np.mean(shuffled)
    count = np.sum(np.abs(shuffled - centre) >= np.abs(observed - centre))
    return (1 + count) / (1 + n_shuffles)
''',
            ),
            "tail doubled": (
                r"at least|\btail|\btwo\b|sided|doubl",
                '''
def permutation_p_value(draws, statistic, n_shuffles, rng):
    """Share of orders whose statistic is at least that of the draws."""
    observed = statistic(draws)
    count = sum(statistic(rng.permutation(draws)) >= observed for _ in range(n_shuffles))
    return min(1.0, 2 * (1 + count) / (1 + n_shuffles))
''',
            ),
            "draws shuffled in place": (
                "in place|leave|changed|copy",
                '''
def permutation_p_value(draws, statistic, n_shuffles, rng):
    """Share of orders whose statistic is at least that of the draws."""
    observed = statistic(draws)
    count = 0
    for _ in range(n_shuffles):
        rng.shuffle(draws)
        count += statistic(draws) >= observed
    return (1 + count) / (1 + n_shuffles)
''',
            ),
            "observed statistic taken from shuffled draws": (
                "observed|draws themselves|in place|leave|changed",
                '''
def permutation_p_value(draws, statistic, n_shuffles, rng):
    """Share of orders whose statistic is at least that of the draws."""
    count = 0
    draws = draws.copy()
    for _ in range(n_shuffles):
        observed = statistic(draws)
        rng.shuffle(draws)
        count += statistic(draws) >= observed
    return (1 + count) / (1 + n_shuffles)
''',
            ),
            "rng ignored": (
                r"\brng|generator|\bseed|random",
                '''
def permutation_p_value(draws, statistic, n_shuffles, rng):
    """Share of orders whose statistic is at least that of the draws."""
    rng = np.random.default_rng()
    observed = statistic(draws)
    count = sum(statistic(rng.permutation(draws)) >= observed for _ in range(n_shuffles))
    return (1 + count) / (1 + n_shuffles)
''',
            ),
            "fixed seed inside": (
                r"\brng|generator|\bseed|random",
                '''
def permutation_p_value(draws, statistic, n_shuffles, rng):
    """Share of orders whose statistic is at least that of the draws."""
    rng = np.random.default_rng(1)
    observed = statistic(draws)
    count = sum(statistic(rng.permutation(draws)) >= observed for _ in range(n_shuffles))
    return (1 + count) / (1 + n_shuffles)
''',
            ),
            "global random generator": (
                r"\brng|generator|\bseed|random",
                '''
def permutation_p_value(draws, statistic, n_shuffles, rng):
    """Share of orders whose statistic is at least that of the draws."""
    observed = statistic(draws)
    count = 0
    for _ in range(n_shuffles):
        count += statistic(np.random.permutation(draws)) >= observed
    return (1 + count) / (1 + n_shuffles)
''',
            ),
            "one shuffle used again and again": (
                r"shuffle|\beach|every|again|new|n_shuffles",
                '''
def permutation_p_value(draws, statistic, n_shuffles, rng):
    """Share of orders whose statistic is at least that of the draws."""
    observed = statistic(draws)
    shuffled = rng.permutation(draws)
    count = sum(statistic(shuffled) >= observed for _ in range(n_shuffles))
    return (1 + count) / (1 + n_shuffles)
''',
            ),
            "own statistic instead of the one given": (
                "statistic",
                '''
def permutation_p_value(draws, statistic, n_shuffles, rng):
    """Share of orders whose statistic is at least that of the draws."""
    observed = np.sum(draws[1:] == draws[:-1])
    count = 0
    for _ in range(n_shuffles):
        shuffled = rng.permutation(draws)
        count += np.sum(shuffled[1:] == shuffled[:-1]) >= observed
    return (1 + count) / (1 + n_shuffles)
''',
            ),
            "number of shuffles hard-coded": (
                "n_shuffles|number of shuffles",
                '''
def permutation_p_value(draws, statistic, n_shuffles, rng):
    """Share of orders whose statistic is at least that of the draws."""
    observed = statistic(draws)
    count = sum(statistic(rng.permutation(draws)) >= observed for _ in range(200))
    return (1 + count) / 201
''',
            ),
            "rotations instead of shuffles": (
                r"\border|rotat|shuffle|permut",
                '''
def permutation_p_value(draws, statistic, n_shuffles, rng):
    """Share of orders whose statistic is at least that of the draws."""
    observed = statistic(draws)
    count = 0
    for _ in range(n_shuffles):
        count += statistic(np.roll(draws, rng.integers(len(draws)))) >= observed
    return (1 + count) / (1 + n_shuffles)
''',
            ),
        },
    },
    "hw4_hierarchical_models": {
        "q1_posterior_mean": {
            "without the prior": (
                "prior|raw|alpha",
                '''
def posterior_mean(y, n, alpha, beta):
    """Mean of theta given y hits in n throws and a Beta prior."""
    return y / n
''',
            ),
            "prior only": (
                r"\bdata|throws|prior|hits",
                '''
def posterior_mean(y, n, alpha, beta):
    """Mean of theta given y hits in n throws and a Beta prior."""
    return np.zeros(np.shape(y)) + alpha / (alpha + beta)
''',
            ),
            "alpha and beta exchanged": (
                "exchanged|swapped|alpha|beta",
                '''
def posterior_mean(y, n, alpha, beta):
    """Mean of theta given y hits in n throws and a Beta prior."""
    return (beta + y) / (alpha + beta + n)
''',
            ),
            "mode instead of mean": (
                r"\bmode|\bmean",
                '''
def posterior_mean(y, n, alpha, beta):
    """Mean of theta given y hits in n throws and a Beta prior."""
    return (alpha + y - 1) / (alpha + beta + n - 2)
''',
            ),
            "only the numerator": (
                "divid|denominator|numerator|between 0 and 1",
                '''
def posterior_mean(y, n, alpha, beta):
    """Mean of theta given y hits in n throws and a Beta prior."""
    return alpha + y
''',
            ),
            "beta forgotten in the denominator": (
                "beta|denominator|strength",
                '''
def posterior_mean(y, n, alpha, beta):
    """Mean of theta given y hits in n throws and a Beta prior."""
    return (alpha + y) / (alpha + n)
''',
            ),
            "alpha forgotten in the denominator": (
                "alpha|denominator|strength",
                '''
def posterior_mean(y, n, alpha, beta):
    """Mean of theta given y hits in n throws and a Beta prior."""
    return (alpha + y) / (beta + n)
''',
            ),
            "prior forgotten in the denominator": (
                "denominator|prior|strength|alpha",
                '''
def posterior_mean(y, n, alpha, beta):
    """Mean of theta given y hits in n throws and a Beta prior."""
    return (alpha + y) / n
''',
            ),
            "prior forgotten in the numerator": (
                "numerator|prior|alpha",
                '''
def posterior_mean(y, n, alpha, beta):
    """Mean of theta given y hits in n throws and a Beta prior."""
    return y / (alpha + beta + n)
''',
            ),
            "misses instead of hits": (
                "hits|misses|n - y|exchanged|swapped",
                '''
def posterior_mean(y, n, alpha, beta):
    """Mean of theta given y hits in n throws and a Beta prior."""
    return (alpha + n - y) / (alpha + beta + n)
''',
            ),
            "weights of prior and data exchanged": (
                "weight|exchanged|swapped|shrink|strength",
                '''
def posterior_mean(y, n, alpha, beta):
    """Mean of theta given y hits in n throws and a Beta prior."""
    shrinkage = (alpha + beta) / (alpha + beta + n)
    return shrinkage * (y / np.maximum(n, 1)) + (1 - shrinkage) * alpha / (alpha + beta)
''',
            ),
            "prior and data half each": (
                r"\bhalf|weight|average|strength|shrink",
                '''
def posterior_mean(y, n, alpha, beta):
    """Mean of theta given y hits in n throws and a Beta prior."""
    return (y / np.maximum(n, 1) + alpha / (alpha + beta)) / 2
''',
            ),
            "all players pooled": (
                r"\beach|\bplayer|\bpool|\bsum|shape",
                '''
def posterior_mean(y, n, alpha, beta):
    """Mean of theta given y hits in n throws and a Beta prior."""
    return np.zeros(np.shape(y)) + (alpha + np.sum(y)) / (alpha + beta + np.sum(n))
''',
            ),
            "Laplace's rule for every prior": (
                "alpha|beta|prior|uniform",
                '''
def posterior_mean(y, n, alpha, beta):
    """Mean of theta given y hits in n throws and a Beta prior."""
    return (y + 1) / (n + 2)
''',
            ),
            "odds instead of chance": (
                r"odds|chance|between 0 and 1|beta \+|denominator|divid",
                '''
def posterior_mean(y, n, alpha, beta):
    """Mean of theta given y hits in n throws and a Beta prior."""
    return (alpha + y) / (beta + n - y)
''',
            ),
        },
        "q2_moment_match": {
            "moments of theta instead of y / n": (
                "noise|binomial|theta|raw|1 ?/ ?n|strength",
                '''
def moment_match(y, n):
    """Beta prior whose predictive mean and variance are the data's."""
    fractions = y / n
    mu, v = np.mean(fractions), np.var(fractions)
    if v <= mu * (1 - mu) / n:
        raise ValueError("the data vary no more than binomial noise")
    s = mu * (1 - mu) / v - 1
    return mu * s, (1 - mu) * s
''',
            ),
            "binomial noise simply subtracted": (
                r"noise|s ?/ ?\(s ?\+ ?1\)|moment|strength|variance",
                '''
def moment_match(y, n):
    """Beta prior whose predictive mean and variance are the data's."""
    fractions = y / n
    mu, v = np.mean(fractions), np.var(fractions)
    noise = mu * (1 - mu) / n
    if v <= noise:
        raise ValueError("the data vary no more than binomial noise")
    s = mu * (1 - mu) / (v - noise) - 1
    return mu * s, (1 - mu) * s
''',
            ),
            "alpha and beta exchanged": (
                r"exchanged|swapped|alpha|beta|\bmean",
                '''
def moment_match(y, n):
    """Beta prior whose predictive mean and variance are the data's."""
    mu, v = np.mean(y / n), np.var(y / n)
    f = v / (mu * (1 - mu)) if 0 < mu < 1 else 0
    if f * n <= 1:
        raise ValueError("the data vary no more than binomial noise")
    s = n * (1 - f) / (f * n - 1)
    return (1 - mu) * s, mu * s
''',
            ),
            "divisor J - 1": (
                r"J - 1|ddof|divisor|np\.var|variance",
                '''
def moment_match(y, n):
    """Beta prior whose predictive mean and variance are the data's."""
    mu, v = np.mean(y / n), np.var(y / n)
    if v <= mu * (1 - mu) / n:
        raise ValueError("the data vary no more than binomial noise")
    f = np.var(y / n, ddof=1) / (mu * (1 - mu))
    s = n * (1 - f) / (f * n - 1)
    return mu * s, (1 - mu) * s
''',
            ),
            "no ValueError": (
                "ValueError",
                '''
def moment_match(y, n):
    """Beta prior whose predictive mean and variance are the data's."""
    mu, v = np.mean(y / n), np.var(y / n)
    f = v / (mu * (1 - mu))
    s = n * (1 - f) / (f * n - 1)
    return mu * s, (1 - mu) * s
''',
            ),
            "huge strength instead of ValueError": (
                "ValueError",
                '''
def moment_match(y, n):
    """Beta prior whose predictive mean and variance are the data's."""
    mu, v = np.mean(y / n), np.var(y / n)
    f = v / (mu * (1 - mu)) if 0 < mu < 1 else 0
    s = n * (1 - f) / (f * n - 1) if f * n > 1 else 1e6
    return mu * s, (1 - mu) * s
''',
            ),
            "ValueError only when all fractions are equal": (
                "ValueError|noise",
                '''
def moment_match(y, n):
    """Beta prior whose predictive mean and variance are the data's."""
    mu, v = np.mean(y / n), np.var(y / n)
    if v == 0:
        raise ValueError("the data do not vary")
    f = v / (mu * (1 - mu))
    s = n * (1 - f) / (f * n - 1)
    return mu * s, (1 - mu) * s
''',
            ),
            "nan instead of ValueError": (
                "ValueError",
                '''
def moment_match(y, n):
    """Beta prior whose predictive mean and variance are the data's."""
    mu, v = np.mean(y / n), np.var(y / n)
    f = v / (mu * (1 - mu)) if 0 < mu < 1 else 0
    if f * n <= 1:
        return np.nan, np.nan
    s = n * (1 - f) / (f * n - 1)
    return mu * s, (1 - mu) * s
''',
            ),
            "mean and strength returned": (
                r"strength|alpha|beta|\bmean",
                '''
def moment_match(y, n):
    """Beta prior whose predictive mean and variance are the data's."""
    mu, v = np.mean(y / n), np.var(y / n)
    f = v / (mu * (1 - mu)) if 0 < mu < 1 else 0
    if f * n <= 1:
        raise ValueError("the data vary no more than binomial noise")
    return mu, n * (1 - f) / (f * n - 1)
''',
            ),
            "standard deviation taken for the variance": (
                r"standard deviation|\bsd\b|variance|np\.std",
                '''
def moment_match(y, n):
    """Beta prior whose predictive mean and variance are the data's."""
    mu, v = np.mean(y / n), np.var(y / n)
    if v <= mu * (1 - mu) / n:
        raise ValueError("the data vary no more than binomial noise")
    f = np.std(y / n) / (mu * (1 - mu))
    s = n * (1 - f) / (f * n - 1)
    return mu * s, (1 - mu) * s
''',
            ),
            "strength returned as beta": (
                r"beta|strength|alpha \+|\bsum",
                '''
def moment_match(y, n):
    """Beta prior whose predictive mean and variance are the data's."""
    mu, v = np.mean(y / n), np.var(y / n)
    f = v / (mu * (1 - mu)) if 0 < mu < 1 else 0
    if f * n <= 1:
        raise ValueError("the data vary no more than binomial noise")
    s = n * (1 - f) / (f * n - 1)
    return mu * s, s
''',
            ),
            "strength inverted": (
                "strength|inver|variance",
                '''
def moment_match(y, n):
    """Beta prior whose predictive mean and variance are the data's."""
    mu, v = np.mean(y / n), np.var(y / n)
    f = v / (mu * (1 - mu)) if 0 < mu < 1 else 0
    if f * n <= 1:
        raise ValueError("the data vary no more than binomial noise")
    s = (f * n - 1) / (n * (1 - f))
    return mu * s, (1 - mu) * s
''',
            ),
            "strength plus one taken for the strength": (
                r"strength|s ?\+ ?1|\bone\b",
                '''
def moment_match(y, n):
    """Beta prior whose predictive mean and variance are the data's."""
    mu, v = np.mean(y / n), np.var(y / n)
    f = v / (mu * (1 - mu)) if 0 < mu < 1 else 0
    if f * n <= 1:
        raise ValueError("the data vary no more than binomial noise")
    s = n * (1 - f) / (f * n - 1) + 1
    return mu * s, (1 - mu) * s
''',
            ),
            "number of players taken for the number of throws": (
                r"throws|players|\bn\b|noise",
                '''
def moment_match(y, n):
    """Beta prior whose predictive mean and variance are the data's."""
    players = len(y)
    mu, v = np.mean(y / n), np.var(y / n)
    f = v / (mu * (1 - mu)) if 0 < mu < 1 else 0
    if f * players <= 1:
        raise ValueError("the data vary no more than binomial noise")
    s = players * (1 - f) / (f * players - 1)
    return mu * s, (1 - mu) * s
''',
            ),
            "median instead of mean": (
                r"\bmean|median",
                '''
def moment_match(y, n):
    """Beta prior whose predictive mean and variance are the data's."""
    mu, v = np.median(y / n), np.var(y / n)
    f = v / (mu * (1 - mu)) if 0 < mu < 1 else 0
    if f * n <= 1:
        raise ValueError("the data vary no more than binomial noise")
    s = n * (1 - f) / (f * n - 1)
    return mu * s, (1 - mu) * s
''',
            ),
        },
        "q3_log_evidence": {
            "no binomial coefficient": (
                "binomial|coefficient",
                '''
def log_evidence(alpha, beta, y, n):
    """Log-probability of all counts, the thetas integrated out."""
    return np.sum(betaln(alpha + y, beta + n - y) - betaln(alpha, beta))
''',
            ),
            "no normaliser": (
                r"normalis|B\(alpha|B\(α|betaln|\bsum to \bone\b|\bsum to 1",
                '''
def log_evidence(alpha, beta, y, n):
    """Log-probability of all counts, the thetas integrated out."""
    log_choose = gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)
    return np.sum(log_choose + betaln(alpha + y, beta + n - y))
''',
            ),
            "normaliser once for all players": (
                r"normalis|every|\beach|\bplayer",
                '''
def log_evidence(alpha, beta, y, n):
    """Log-probability of all counts, the thetas integrated out."""
    log_choose = gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)
    return np.sum(log_choose + betaln(alpha + y, beta + n - y)) - betaln(alpha, beta)
''',
            ),
            "alpha and beta exchanged": (
                "exchanged|swapped|alpha|beta",
                '''
def log_evidence(alpha, beta, y, n):
    """Log-probability of all counts, the thetas integrated out."""
    log_choose = gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)
    return np.sum(log_choose + betaln(beta + y, alpha + n - y) - betaln(beta, alpha))
''',
            ),
            "mean instead of sum": (
                r"\bmean|\bsum|average",
                '''
def log_evidence(alpha, beta, y, n):
    """Log-probability of all counts, the thetas integrated out."""
    log_choose = gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)
    return np.mean(log_choose + betaln(alpha + y, beta + n - y) - betaln(alpha, beta))
''',
            ),
            "plug-in mean": (
                r"plug|integrat|\bmean|average|binomial",
                '''
def log_evidence(alpha, beta, y, n):
    """Log-probability of all counts, the thetas integrated out."""
    mean = alpha / (alpha + beta)
    log_choose = gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)
    return np.sum(log_choose + y * np.log(mean) + (n - y) * np.log(1 - mean))
''',
            ),
            "all players with one theta": (
                r"\bpool|one theta|\beach|every \bplayer|\bown",
                '''
def log_evidence(alpha, beta, y, n):
    """Log-probability of all counts, the thetas integrated out."""
    log_choose = gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)
    pooled = betaln(alpha + np.sum(y), beta + np.sum(n - y)) - betaln(alpha, beta)
    return np.sum(log_choose) + pooled
''',
            ),
            "players added up": (
                r"\bpool|\beach|every \bplayer|\bown",
                '''
def log_evidence(alpha, beta, y, n):
    """Log-probability of all counts, the thetas integrated out."""
    y, n = np.sum(y), np.sum(n)
    log_choose = gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)
    return log_choose + betaln(alpha + y, beta + n - y) - betaln(alpha, beta)
''',
            ),
            "overflow of the factorials": (
                "overflow|logarithm|million|finite|nan",
                '''
def log_evidence(alpha, beta, y, n):
    """Log-probability of all counts, the thetas integrated out."""
    choose = np.exp(gammaln(n + 1)) / np.exp(gammaln(y + 1)) / np.exp(gammaln(n - y + 1))
    return np.sum(np.log(choose) + betaln(alpha + y, beta + n - y) - betaln(alpha, beta))
''',
            ),
            "underflow of the beta function": (
                "underflow|logarithm|logsumexp|finite|nan",
                '''
def log_evidence(alpha, beta, y, n):
    """Log-probability of all counts, the thetas integrated out."""
    log_choose = gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)
    ratio = np.exp(betaln(alpha + y, beta + n - y)) / np.exp(betaln(alpha, beta))
    return np.sum(log_choose + np.log(ratio))
''',
            ),
            "logarithm of the product of all players": (
                "underflow|logarithm|logsumexp|finite|nan",
                '''
def log_evidence(alpha, beta, y, n):
    """Log-probability of all counts, the thetas integrated out."""
    log_choose = gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)
    log_p = log_choose + betaln(alpha + y, beta + n - y) - betaln(alpha, beta)
    return np.log(np.prod(np.exp(log_p)))
''',
            ),
            "probability instead of its logarithm": (
                r"logarithm|\bexp|\blog\b(?!-)",
                '''
def log_evidence(alpha, beta, y, n):
    """Log-probability of all counts, the thetas integrated out."""
    log_choose = gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)
    log_p = log_choose + betaln(alpha + y, beta + n - y) - betaln(alpha, beta)
    return np.exp(np.sum(log_p))
''',
            ),
            "logarithm of the sum": (
                r"\blog of|\bsum|product|\bplayer",
                '''
def log_evidence(alpha, beta, y, n):
    """Log-probability of all counts, the thetas integrated out."""
    log_choose = gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)
    log_p = log_choose + betaln(alpha + y, beta + n - y) - betaln(alpha, beta)
    return np.log(np.sum(np.exp(log_p)))
''',
            ),
            "one number for each player": (
                r"one number|scalar|\bsum|shape",
                '''
def log_evidence(alpha, beta, y, n):
    """Log-probability of all counts, the thetas integrated out."""
    log_choose = gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)
    return log_choose + betaln(alpha + y, beta + n - y) - betaln(alpha, beta)
''',
            ),
            "misses forgotten": (
                "misses|n - y|n_j|beta",
                '''
def log_evidence(alpha, beta, y, n):
    """Log-probability of all counts, the thetas integrated out."""
    log_choose = gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)
    return np.sum(log_choose + betaln(alpha + y, beta + n) - betaln(alpha, beta))
''',
            ),
            "gamma function off by one": (
                r"binomial|coefficient|factorial|\+ 1|gammaln",
                '''
def log_evidence(alpha, beta, y, n):
    """Log-probability of all counts, the thetas integrated out."""
    log_choose = gammaln(n) - gammaln(np.maximum(y, 1)) - gammaln(np.maximum(n - y, 1))
    return np.sum(log_choose + betaln(alpha + y, beta + n - y) - betaln(alpha, beta))
''',
            ),
            "binomial coefficient subtracted": (
                r"\bsign|binomial|coefficient",
                '''
def log_evidence(alpha, beta, y, n):
    """Log-probability of all counts, the thetas integrated out."""
    log_choose = gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)
    return np.sum(betaln(alpha + y, beta + n - y) - betaln(alpha, beta) - log_choose)
''',
            ),
            "negative log evidence": (
                r"\bsign|negative|minus",
                '''
def log_evidence(alpha, beta, y, n):
    """Log-probability of all counts, the thetas integrated out."""
    log_choose = gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)
    return -np.sum(log_choose + betaln(alpha + y, beta + n - y) - betaln(alpha, beta))
''',
            ),
        },
        "q4_picture": {
            "axes exchanged": (
                "exchanged|swapped|raw|horizontal|right|upwards",
                '''
def draw_shrinkage(ax, y, n, alpha, beta):
    """Posterior means against raw fractions, with diagonal and mean."""
    ax.plot((alpha + y) / (alpha + beta + n), y / n, "o")
    ax.plot([0, 1], [0, 1], "--", color="grey")
    ax.axhline(alpha / (alpha + beta), color="C1")
    ax.set(xlabel="raw fraction", ylabel="posterior mean")
''',
            ),
            "raw fractions on both axes": (
                "posterior|raw|shrink",
                '''
def draw_shrinkage(ax, y, n, alpha, beta):
    """Posterior means against raw fractions, with diagonal and mean."""
    ax.plot(y / n, y / n, "o")
    ax.plot([0, 1], [0, 1], "--", color="grey")
    ax.axhline(alpha / (alpha + beta), color="C1")
    ax.set(xlabel="raw fraction", ylabel="posterior mean")
''',
            ),
            "posterior means on both axes": (
                "raw|horizontal|right",
                '''
def draw_shrinkage(ax, y, n, alpha, beta):
    """Posterior means against raw fractions, with diagonal and mean."""
    posterior = (alpha + y) / (alpha + beta + n)
    ax.plot(posterior, posterior, "o")
    ax.plot([0, 1], [0, 1], "--", color="grey")
    ax.axhline(alpha / (alpha + beta), color="C1")
    ax.set(xlabel="raw fraction", ylabel="posterior mean")
''',
            ),
            "all players at the mean of the population": (
                r"posterior|\bmean|population",
                '''
def draw_shrinkage(ax, y, n, alpha, beta):
    """Posterior means against raw fractions, with diagonal and mean."""
    raw = y / n
    ax.plot(raw, np.full(np.shape(raw), alpha / (alpha + beta)), "o")
    ax.plot([0, 1], [0, 1], "--", color="grey")
    ax.axhline(alpha / (alpha + beta), color="C1")
    ax.set(xlabel="raw fraction", ylabel="posterior mean")
''',
            ),
            "same shrinkage for all": (
                r"shrink|number of throws|\bn\b|posterior|\beach",
                '''
def draw_shrinkage(ax, y, n, alpha, beta):
    """Posterior means against raw fractions, with diagonal and mean."""
    shrinkage = (alpha + beta) / (alpha + beta + np.mean(n))
    ax.plot(y / n, shrinkage * alpha / (alpha + beta) + (1 - shrinkage) * y / n, "o")
    ax.plot([0, 1], [0, 1], "--", color="grey")
    ax.axhline(alpha / (alpha + beta), color="C1")
    ax.set(xlabel="raw fraction", ylabel="posterior mean")
''',
            ),
            "halfway to the mean for all": (
                r"shrink|strength|posterior|\bhalf",
                '''
def draw_shrinkage(ax, y, n, alpha, beta):
    """Posterior means against raw fractions, with diagonal and mean."""
    ax.plot(y / n, (alpha / (alpha + beta) + y / n) / 2, "o")
    ax.plot([0, 1], [0, 1], "--", color="grey")
    ax.axhline(alpha / (alpha + beta), color="C1")
    ax.set(xlabel="raw fraction", ylabel="posterior mean")
''',
            ),
            "axes without labels": (
                r"label|\baxes|\baxis",
                '''
def draw_shrinkage(ax, y, n, alpha, beta):
    """Posterior means against raw fractions, with diagonal and mean."""
    ax.plot(y / n, (alpha + y) / (alpha + beta + n), "o")
    ax.plot([0, 1], [0, 1], "--", color="grey")
    ax.axhline(alpha / (alpha + beta), color="C1")
''',
            ),
            "vertical axis without a label": (
                r"label|\baxes|\baxis",
                '''
def draw_shrinkage(ax, y, n, alpha, beta):
    """Posterior means against raw fractions, with diagonal and mean."""
    ax.plot(y / n, (alpha + y) / (alpha + beta + n), "o")
    ax.plot([0, 1], [0, 1], "--", color="grey")
    ax.axhline(alpha / (alpha + beta), color="C1")
    ax.set_xlabel("raw fraction")
''',
            ),
            "no diagonal": (
                "diagonal",
                '''
def draw_shrinkage(ax, y, n, alpha, beta):
    """Posterior means against raw fractions, with diagonal and mean."""
    ax.plot(y / n, (alpha + y) / (alpha + beta + n), "o")
    ax.axhline(alpha / (alpha + beta), color="C1")
    ax.set(xlabel="raw fraction", ylabel="posterior mean")
''',
            ),
            "diagonal falls": (
                "diagonal",
                '''
def draw_shrinkage(ax, y, n, alpha, beta):
    """Posterior means against raw fractions, with diagonal and mean."""
    ax.plot(y / n, (alpha + y) / (alpha + beta + n), "o")
    ax.plot([0, 1], [1, 0], "--", color="grey")
    ax.axhline(alpha / (alpha + beta), color="C1")
    ax.set(xlabel="raw fraction", ylabel="posterior mean")
''',
            ),
            "no line at the mean": (
                r"\bmean|horizontal",
                '''
def draw_shrinkage(ax, y, n, alpha, beta):
    """Posterior means against raw fractions, with diagonal and mean."""
    ax.plot(y / n, (alpha + y) / (alpha + beta + n), "o")
    ax.plot([0, 1], [0, 1], "--", color="grey")
    ax.set(xlabel="raw fraction", ylabel="posterior mean")
''',
            ),
            "line at the mean vertical": (
                r"horizontal|vertical|\bmean",
                '''
def draw_shrinkage(ax, y, n, alpha, beta):
    """Posterior means against raw fractions, with diagonal and mean."""
    ax.plot(y / n, (alpha + y) / (alpha + beta + n), "o")
    ax.plot([0, 1], [0, 1], "--", color="grey")
    ax.axvline(alpha / (alpha + beta), color="C1")
    ax.set(xlabel="raw fraction", ylabel="posterior mean")
''',
            ),
            "line at the mean of the raw fractions": (
                r"population|alpha|\bmean",
                '''
def draw_shrinkage(ax, y, n, alpha, beta):
    """Posterior means against raw fractions, with diagonal and mean."""
    ax.plot(y / n, (alpha + y) / (alpha + beta + n), "o")
    ax.plot([0, 1], [0, 1], "--", color="grey")
    ax.axhline(np.mean(y / n), color="C1")
    ax.set(xlabel="raw fraction", ylabel="posterior mean")
''',
            ),
            "line at the mean of the misses": (
                r"population|alpha|beta|\bmean|exchanged|swapped",
                '''
def draw_shrinkage(ax, y, n, alpha, beta):
    """Posterior means against raw fractions, with diagonal and mean."""
    ax.plot(y / n, (alpha + y) / (alpha + beta + n), "o")
    ax.plot([0, 1], [0, 1], "--", color="grey")
    ax.axhline(beta / (alpha + beta), color="C1")
    ax.set(xlabel="raw fraction", ylabel="posterior mean")
''',
            ),
            "alpha and beta exchanged in the posterior mean": (
                "exchanged|swapped|alpha|beta|posterior",
                '''
def draw_shrinkage(ax, y, n, alpha, beta):
    """Posterior means against raw fractions, with diagonal and mean."""
    ax.plot(y / n, (beta + y) / (alpha + beta + n), "o")
    ax.plot([0, 1], [0, 1], "--", color="grey")
    ax.axhline(alpha / (alpha + beta), color="C1")
    ax.set(xlabel="raw fraction", ylabel="posterior mean")
''',
            ),
            "mode instead of mean": (
                r"\bmode|posterior|\bmean",
                '''
def draw_shrinkage(ax, y, n, alpha, beta):
    """Posterior means against raw fractions, with diagonal and mean."""
    ax.plot(y / n, (alpha + y - 1) / (alpha + beta + n - 2), "o")
    ax.plot([0, 1], [0, 1], "--", color="grey")
    ax.axhline(alpha / (alpha + beta), color="C1")
    ax.set(xlabel="raw fraction", ylabel="posterior mean")
''',
            ),
            "hits instead of fractions": (
                "fraction|y ?/ ?n|raw|horizontal",
                '''
def draw_shrinkage(ax, y, n, alpha, beta):
    """Posterior means against raw fractions, with diagonal and mean."""
    ax.plot(y, (alpha + y) / (alpha + beta + n), "o")
    ax.plot([0, 1], [0, 1], "--", color="grey")
    ax.axhline(alpha / (alpha + beta), color="C1")
    ax.set(xlabel="raw fraction", ylabel="posterior mean")
''',
            ),
            "best player missing": (
                r"every \bplayer|one point|per \bplayer|\beach \bplayer|missing|points",
                '''
def draw_shrinkage(ax, y, n, alpha, beta):
    """Posterior means against raw fractions, with diagonal and mean."""
    order = np.argsort(y / n)[:-1]
    ax.plot((y / n)[order], ((alpha + y) / (alpha + beta + n))[order], "o")
    ax.plot([0, 1], [0, 1], "--", color="grey")
    ax.axhline(alpha / (alpha + beta), color="C1")
    ax.set(xlabel="raw fraction", ylabel="posterior mean")
''',
            ),
            "points sorted one axis at a time": (
                r"\bplayer|sort|\border|\bown|posterior",
                '''
def draw_shrinkage(ax, y, n, alpha, beta):
    """Posterior means against raw fractions, with diagonal and mean."""
    ax.plot(np.sort(y / n)[::-1], np.sort((alpha + y) / (alpha + beta + n)), "o")
    ax.plot([0, 1], [0, 1], "--", color="grey")
    ax.axhline(alpha / (alpha + beta), color="C1")
    ax.set(xlabel="raw fraction", ylabel="posterior mean")
''',
            ),
            "drawn with plt and not on the axes given": (
                r"\baxes|\bax\b|\bline|point",
                '''
def draw_shrinkage(ax, y, n, alpha, beta):
    """Posterior means against raw fractions, with diagonal and mean."""
    plt.plot(y / n, (alpha + y) / (alpha + beta + n), "o")
    plt.plot([0, 1], [0, 1], "--", color="grey")
    plt.axhline(alpha / (alpha + beta), color="C1")
    plt.xlabel("raw fraction")
    plt.ylabel("posterior mean")
''',
            ),
        },
    },
    "hw5_sampling_and_variational": WRONG_FIVE,
}
