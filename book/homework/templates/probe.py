# ruff: noqa: B011, D100, D103, F821, PT015, PT018
from otter.test_files import test_case

OK_FORMAT = False
name = "NAME"
points = 3


def fingerprints(names, wanted):
    import hashlib

    import numpy as np

    told = []
    for one in wanted:
        value = names.get(one)
        if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
            value = np.ascontiguousarray(value, float)
            told.append(hashlib.sha256(value.tobytes()).hexdigest()[:12])
    return " ".join(told)


@test_case(points=1, hidden=True)
def test_that_must_fail():
    assert False, "NAME"


@test_case(points=1, hidden=True)
def test_of_the_instruments():
    import math

    import numpy as np
    from scipy import special, stats

    from companion.gaussians import GaussianMixture

    assert not np.allclose(0, 1) and not np.allclose([0.5, 1], [1, 0.5])
    assert (
        not np.array_equal([0], [1])
        and not np.isfinite(np.nan)
        and np.abs(-2.0) == 2
    )
    assert np.max([1, 2]) == 2 and np.min([1, 2]) == 1 and np.sum([1, 2]) == 3
    assert math.isclose(
        stats.norm.logpdf(1.0), -0.5 - 0.5 * math.log(2 * math.pi)
    )
    assert math.isclose(
        special.logsumexp([0, 0]), math.log(2)
    ) and math.isclose(abs(-2), 2)
    assert any([0, 1]) and not all([0, 1]) and max(1, 2) == 2
    model = GaussianMixture([0.5, 0.5], [-1.0, 1], [1.0, 1])
    odds = model.responsibilities([0.5])[0]
    assert math.isclose(math.log(odds[1] / odds[0]), 1.0)


@test_case(points=1, hidden=True)
def test_of_the_data(env):
    assert False, "data " + fingerprints(env, WANTED)
