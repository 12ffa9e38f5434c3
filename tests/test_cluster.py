"""EM on a cluster: `DaskChunks` with workers that are processes of their own, and one that dies."""

import contextlib
import logging
import os

import numpy as np
import pytest

from companion import em
from companion.gaussians import GaussianMixture


@pytest.fixture(scope="module")
def client():
    """Two worker processes that listen on the loopback address only."""
    import distributed

    where = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    size = {"n_workers": 2, "threads_per_worker": 1, "processes": True}
    with (
        distributed.LocalCluster(**where, **size, silence_logs=logging.CRITICAL) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def data():
    """Return points of two overlapping groups, and a start."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(40_000, 2)) + np.where(rng.random((40_000, 1)) < 0.4, 0.0, 2.0)
    return x, GaussianMixture([0.5, 0.5], [[-1, 0], [2, 3]], [np.eye(2)] * 2)


def fit_on_blocks(start, x):
    import dask.array

    blocks = em.DaskChunks(dask.array.from_array(x, chunks=(10_000, 2)))
    return em.fit(start, blocks, tol=0, max_iter=5)


def equals_the_whole(fit, start, x):
    whole = em.fit(start, x, tol=0, max_iter=5)
    found = fit(start, x)
    np.testing.assert_allclose(found.log_likelihoods, whole.log_likelihoods, rtol=1e-13)
    np.testing.assert_allclose(found.model.to_vector(), whole.model.to_vector(), rtol=1e-11)


def test_two_processes_equal_the_whole(client, data):
    hosts = {address.split("//")[1].split(":")[0] for address in client.run(os.getpid)}
    assert hosts == {"127.0.0.1"}
    assert len({os.getpid(), *client.run(os.getpid).values()}) == 3
    equals_the_whole(fit_on_blocks, data[1], data[0])


def test_a_worker_that_dies_in_the_middle_of_a_step_changes_nothing(client, data, tmp_path):
    """Its block goes to the other worker, or to its successor, and is counted once."""
    victim, steps, here = tmp_path / "victim", tmp_path / "steps", os.getpid()
    steps.mkdir()

    class Deadly(GaussianMixture):
        """In the third E-step, the first worker that sees a block kills its own process."""

        def e_step(self, x):
            if len(list(steps.iterdir())) == 2 and os.getpid() != here:
                with contextlib.suppress(FileExistsError):
                    with victim.open("x", encoding="utf-8") as file:
                        file.write(str(os.getpid()))
                    os._exit(1)
            return super().e_step(x)

        def m_step(self, statistics):
            (steps / str(len(list(steps.iterdir())))).touch()
            after = super().m_step(statistics)
            return type(self)(after.weights, after.means, after.covariances)

    def fit(start, x):
        return fit_on_blocks(Deadly(start.weights, start.means, start.covariances), x)

    workers = set(client.run(os.getpid).values())
    equals_the_whole(fit, data[1], data[0])
    assert int(victim.read_text(encoding="utf-8")) in workers
    client.wait_for_workers(2, timeout=120)
    assert set(client.run(os.getpid).values()) != workers


def counted_twice(start, x):
    """Fit as if the block of the worker that died had been seen by both."""
    return fit_on_blocks(start, np.concatenate([x, x[:10_000]]))


def lost(start, x):
    """Fit as if the block had died with its worker."""
    return fit_on_blocks(start, x[10_000:])


@pytest.mark.parametrize("wrong", [counted_twice, lost])
def test_planted_error_is_caught(client, data, wrong):
    with pytest.raises(AssertionError):
        equals_the_whole(wrong, data[1], data[0])
