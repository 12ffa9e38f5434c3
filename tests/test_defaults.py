"""What has one name has one default, wherever it is asked for: who knows one door knows all."""

import collections
import importlib
import inspect
import math
import pkgutil

import pytest

import companion
from companion.crossed import maximise_evidence
from companion.empirical_bayes import fit_evidence, fit_map2

# What a call gets that does not ask: who changes it changes the results of every such call.
PROMISED = {
    "center": 0.0,
    "concentration": 1.0,
    "covariance_type": "full",
    "extra_sd": 0.0,
    "horizon": 50,
    "level": 0.95,
    "max_iter": 10_000,
    "max_iter of Newton's method": 200,
    "n_chains": 4,
    "n_draws": 1000,
    "n_samples": 1,
    "n_sd": 2.0,
    "n_states": 400,
    "n_urns": 1,
    "n_values": 2,
    "n_warmup": 500,
    "of": "bulk",
    "pseudo_observations": 0.01,
    "reinforcement": 1,
    "scatter": {1.0, math.nan},  # of a prior, in units of the data's; of counts without any
    "size": 1,
    "space": "predictive",
    "step": 0.0005,
    "tol": {1e-8, 1e-9},  # of an objective, in nats; of a difference of probabilities
    "variance": 1.0,
}
NEWTON = {maximise_evidence, fit_evidence, fit_map2}  # few steps, each far


def doors():
    """Public functions, classes and methods outside the figures, each once."""
    found = set()
    for module in pkgutil.iter_modules(companion.__path__, "companion."):
        if module.name.rpartition(".")[2].startswith("_") or module.ispkg:
            continue
        home = importlib.import_module(module.name)
        for name, thing in vars(home).items():
            if name.startswith("_") or getattr(thing, "__module__", "") != module.name:
                continue
            if inspect.isclass(thing):
                if issubclass(thing, Exception):
                    continue
                found |= {f for n, f in inspect.getmembers(thing, callable) if n[0] != "_"}
            if callable(thing):
                found.add(thing)
    return [door for door in found if getattr(door, "__module__", "").startswith("companion")]


def numbers(doors):
    """How often each number or word is a default, by the name of what it is of."""
    found = collections.defaultdict(collections.Counter)
    for door in doors:
        for name, parameter in inspect.signature(door).parameters.items():
            if type(parameter.default) in (int, float, str):
                kind = f"{name} of Newton's method" if door in NEWTON else name
                found[kind][parameter.default] += 1
    return found


def each_has_its_own(found):
    for name, values in found.items():
        usual = PROMISED[name] if isinstance(PROMISED[name], set) else {PROMISED[name]}
        assert set(map(repr, values)) == set(map(repr, usual)), name  # 1 is not 1.0


def test_one_name_has_one_default():
    found = numbers(doors())
    assert set(found) == set(PROMISED)
    each_has_its_own(found)
    assert found["level"].total() == 4
    assert found["max_iter"].total() == found["max_iter of Newton's method"].total() == 3


def test_a_door_with_another_default_is_found():
    def other(*, tol=1e-8, level=0.9):
        raise AssertionError

    assert other.__kwdefaults__["tol"] == 1e-8
    with pytest.raises(AssertionError, match="level"):
        each_has_its_own(numbers([*doors(), other]))
