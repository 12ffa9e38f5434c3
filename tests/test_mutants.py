"""The mutants: a line that is tested is caught, one that is not is named, wording is left alone."""

import json
import subprocess
import sys
import tomllib
from textwrap import dedent

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))

import mutants
import mutations

CODE = '''
"""A module of 2 lines."""
from typing import Literal

Kind = Literal["a", "b"]


def double(x, y=2):
    """Return twice x, or more."""
    return x * y


def untested(x):
    return x - 1


def waits(seen):
    while True:
        seen.add(1)
        break
'''
TESTS = """
from companion.tiny import double, waits


def test_tested():
    assert (double(3), double(3, 5)) == (6, 15)


def test_waits():
    seen = set()
    waits(seen)
    assert seen == {1}
"""
EQUIVALENT = """
[[tiny]]
in = "untested"
text = "return x - 1"
change = "1 => 0"

[[tiny]]
in = "gone"
text = "return x"
change = "x => y"
"""


def made(code):
    """Return what is changed, and into what, on the whole."""
    found = list(mutations.mutants(dedent(code)))
    for _, write in found:
        assert write() not in (dedent(code).strip(), "")
    return {what["change"] for what, _ in found}


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("a + b", "a + b => a - b"),
        ("x += 1", "x += 1 => x -= 1"),
        ("a < b", "a < b => a <= b"),
        ("a and b", "a and b => a or b"),
        ("x = 3", "3 => 4"),
        ("x = 3", "3 => 2"),
        ("x = 0.5", "0.5 => 1.5"),
        ("x = 1e-12", "1e-12 => 1e-08"),
        ("x = True", "True => False"),
        ("x = 'inch'", "'inch' => 'inchx'"),
        ("x = -y", "-y => y"),
        ("x[~seen & here]", "~seen & here => ~seen | here"),
        ("f(a, b)", "f(a, b) => f(b, a)"),
        ("f(a)", "f(a) => pass"),
        ("f(a, axis=b)", "f(a, axis=b) => f(a)"),
        ("(x > 0).any()", "(x > 0).any() => (x > 0).all()"),
        ("max(x)", "max(x) => min(x)"),
        ("x.sum(axis=0)", "x.sum(axis=0) => x.mean(axis=0)"),
        ("np.sqrt(x)", "np.sqrt(x) => x"),
        ("x = A.T", "A.T => A"),
        ("x = clean(x)", "x = clean(x) => pass"),
        ("self.x = 1", "self.x = 1 => pass"),
        ("def f(x=2): ...", "2 => 3"),
        ("if bad: raise ValueError('no')", "raise ValueError('no') => pass"),
        ("if a < 1: g()", "if a < 1: => if not a < 1:"),
        ("x = _check.finite(x, 'x')",
         "_check.finite(x, 'x') => __import__('numpy').asarray(x)[()]"),
    ],
)  # fmt: skip
def test_a_change_is_made(code, change):
    assert change in made(code)


@pytest.mark.parametrize(
    "code",
    [
        '"""A docstring of 2 lines."""',
        "import numpy as np",
        "x: int",
        "def f(x: Literal['a'] | None) -> 'int': ...",
        "def f(): raise",
        "Kind = Literal['a', 'b']",
        "if TYPE_CHECKING:\n    import pandas as pd",
        "@overload\ndef f(x=2): ...",
        "x = f'{y + 1}'",
    ],
)
def test_what_says_nothing_is_left_alone(code):
    assert made(code) <= {"raise => pass"}


def test_wording_is_left_alone():
    code = """
    T = TypeVar('T', bound=Model)
    WORDS = {'key': 'of two words'}
    def f(x):
        check(x, 'x')
        check(x, 'must be a number')
        warnings.warn('far', stacklevel=2)
        raise ValueError('x is ' + str(1 + 2))
    """
    changes = made(code)
    assert "warnings.warn('far', stacklevel=2) => pass" in changes
    assert "'key' => 'keyx'" in changes
    wording = ("'xx'", "numberx", "farx", "1 - 2", "wordsx", "TypeVar")
    assert not [c for c in changes if any(new in c for new in wording)]


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    for name, text in {
        "companion/__init__.py": "",
        "companion/tiny.py": CODE,
        "companion/other.py": '"""Uses it.\n\n>>> twice(3)\n6\n"""\n'
        "from companion.tiny import double as twice\nTHREE = 3\n",
        "companion/interactive/__init__.py": "from companion.interactive.curve import middle",
        "companion/interactive/curve.py": '"""Half of it.\n\n>>> middle(6)\n3.0\n"""\n'
        "def middle(x):\n    return x / 2\ndef untested(x):\n    return x - 1\n",
        "tests/test_interactive.py": "from companion.interactive import middle\n"
        "def test_the_settings_of_tools_are_there():\n    open('.settings.json').close()\n",
        ".settings.json": "{}",
        "tests/test_tiny.py": TESTS,
        "pyproject.toml": "[tool.pytest.ini_options]\n",
        "benchmarks/equivalents.toml": EQUIVALENT,
    }.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def run(root, *options):
    command = [sys.executable, ROOT / "benchmarks" / "mutants.py", "--root", root, "--limit", "1"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    record = json.loads((root / "benchmarks" / "mutants.json").read_text(encoding="utf-8"))
    return done, record


def test_an_untested_line_survives_and_a_tested_one_is_caught(tree):
    before = {path: path.read_bytes() for path in tree.rglob("*.py")}
    done, record = run(tree)
    assert done.returncode == 1
    assert {path: path.read_bytes() for path in tree.rglob("*.py")} == before
    survivors = {(s["text"], s["change"]) for s in record["tiny"]["survivors"]}
    assert {text for text, _ in survivors} == {"return x - 1"}
    assert survivors == {("return x - 1", "x - 1 => x + 1"), ("return x - 1", "1 => 2")}
    assert record["tiny"]["made"] == len(list(mutations.mutants(CODE))) - 1
    assert [s["change"] for s in record["other"]["survivors"]] == ["3 => 2", "3 => 4"]
    assert "equivalents.toml: no longer in tiny: gone: return x: x => y" in done.stdout

    more = "\n\ndef test_untested():\n    assert tiny.untested(3) == 2\n"
    (tree / "tests" / "test_tiny.py").write_text(TESTS + "from companion import tiny" + more)
    done, record = run(tree, "--modules", "tiny", "--only-survivors")
    assert done.returncode == 0
    assert record["tiny"]["survivors"] == []
    assert len(record["other"]["survivors"]) == 2


def test_a_module_of_a_sub_package_has_a_dotted_name(tree):
    before = (tree / "companion" / "interactive" / "curve.py").read_bytes()
    _, record = run(tree, "--modules", "interactive.curve")
    assert (tree / "companion" / "interactive" / "curve.py").read_bytes() == before
    survivors = record["interactive.curve"]["survivors"]
    assert {survivor["in"] for survivor in survivors} == {"untested"}
    test, *modules = mutants.concerned(tree, "interactive.curve")
    assert test == "tests/test_interactive.py"
    assert modules == [f"companion/interactive/{name}.py" for name in ("__init__", "curve")]
    everywhere = "import pkgutil\n\nimport companion\n"
    (tree / "tests" / "test_all.py").write_text(everywhere, encoding="utf-8")
    (tree / "tests" / "test_none.py").write_text("import pathlib\n", encoding="utf-8")
    found = mutants.concerned(tree, "interactive.curve")
    assert found == ["tests/test_all.py", test, *modules]


def test_less_is_asked_of_what_draws():
    drawn = mutants.asked("plotting"), mutants.asked("interactive.curve")
    assert set(drawn) == {mutants.DRAWN}
    assert mutants.asked("em") == mutants.EACH > mutants.DRAWN


def test_tests_that_fail_anyway_are_no_judges(tree):
    (tree / "tests" / "test_tiny.py").write_text(TESTS + "    assert 1 == 2\n")
    command = [sys.executable, ROOT / "benchmarks" / "mutants.py", "--root", tree]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "test_tiny.py fails without a mutant" in done.stderr


def test_what_is_called_equivalent_has_a_reason():
    text = (ROOT / "benchmarks" / "equivalents.toml").read_text(encoding="utf-8")
    for module, entries in tomllib.loads(text).items():
        assert mutants.file_of(ROOT, module).exists()
        for entry in entries:
            assert list(entry) == ["in", "text", "change", "reason"]
            assert entry["reason"]


REACHING = """
import functools

import pytest
from companion import reach

READY = reach.on_import(1)


@functools.cache
def shared():
    return reach.cached(1)


@pytest.fixture(scope="module")
def prepared():
    return reach.in_fixture(1)


def test_first(prepared):
    assert shared() == prepared == 2


def test_second(prepared):
    assert prepared == 2


def test_alone():
    assert reach.alone(
        1
    ) == 2


def test_planted_error_is_caught():
    assert reach.never(1) == 3, "tests of tests judge nothing"
"""


@pytest.fixture(scope="module")
def reaching(tmp_path_factory):
    """A module of which each function adds 1 and is reached in a way of its own."""
    root = tmp_path_factory.mktemp("reaching")
    names = ["on_import", "cached", "in_fixture", "alone", "never"]
    code = "ONE = 1\n" + "".join(
        f"\n\ndef {name}(\n    x,\n    more=1,\n):\n    return (x\n        + more)\n"
        for name in names
    )
    for name, text in {
        "companion/__init__.py": "",
        "companion/reach.py": code,
        "tests/test_reach.py": REACHING,
        "benchmarks/equivalents.toml": "",
        "pyproject.toml": "[tool.pytest.ini_options]\n",
    }.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    run(root, "--number", "0")
    (kept,) = [
        seen
        for path in (root / "_build" / "mutants").glob("*.json")
        if len(seen := json.loads(path.read_text(encoding="utf-8"))) > 1
    ]
    kept.pop("")
    return root, code, kept


@pytest.mark.parametrize(
    ("name", "tests"),
    [
        ("on_import", {"first", "second", "alone"}),
        ("cached", {"first", "second", "alone"}),
        ("in_fixture", {"first", "second"}),
        ("alone", {"alone"}),
        ("never", set()),
    ],
)
def test_a_mutant_meets_the_tests_that_reach_it(reaching, name, tests):
    _, code, kept = reaching
    start = code.splitlines().index(f"def {name}(") + 1
    ids = {f"tests/test_reach.py::test_{test}" for test in tests}
    for line in (start + 4, start + 5):  # both lines of the statement
        chosen = mutants.reached.choose(kept, "companion/reach.py", code, line, 60)
        assert set(chosen) == ids
    # Of a default, those that reach its function, and then the others, each for half of the time.
    seconds = {test: (10 if test in ids else 1, seen) for test, (_, seen) in kept.items()}
    rest = len(kept) - len(ids)
    for budget, reach in ((60, len(ids)), (20, min(len(ids), 1 if rest else 2))):
        chosen = mutants.reached.choose(seconds, "companion/reach.py", code, start + 2, budget)
        assert set(chosen) >= seconds.keys() - ids
        assert len(chosen) == reach + rest
    assert not any(mutants.reached.choose(kept, "companion/other.py", code, start + 4, 60))


def test_what_a_module_does_on_import_meets_all_the_quickest_first(reaching):
    _, code, kept = reaching
    kept = {test: (k + 1, seen) for k, (test, (_, seen)) in enumerate(reversed(kept.items()))}
    file = "companion/reach.py"
    everything = mutants.reached.choose(kept, file, code, 1, 60)
    assert list(everything) == sorted(kept, key=lambda test: kept[test][0])
    assert list(mutants.reached.choose(kept, file, code, 1, 3)) == list(everything)[:2]
    assert list(mutants.reached.choose(kept, file, code, 1, 0)) == list(everything)[:1]
    judge = {
        "tests/test_reach.py::test_planted_error_is_caught": (0.1, next(iter(kept.values()))[1])
    }
    assert mutants.reached.choose(kept | judge, file, code, 1, 60) == everything
    other = {"tests/test_reach.py::test_other": (0.5, {}), "tests/test_own.py::test": (9, {})}
    chosen = mutants.reached.choose(kept | other, file, code, 1, 60)
    assert list(chosen) == [*everything, *other]


def test_what_is_reached_is_recorded_again_when_a_file_changes(reaching):
    root, _, _ = reaching
    names = [
        mutants.reached.fingerprint(root, root / "companion", "tests/test_reach.py")
        for change in ("", "", "# more\n", "# and more\n")
        for file in ["tests/test_reach.py" if "and" in change else "companion/reach.py"]
        if [(root / file).write_text((root / file).read_text("utf-8") + change, "utf-8")]
    ]
    assert names[0] == names[1]
    assert len(set(names)) == 3
