"""Whether a test notices when the companion's code is wrong: run with `make mutants`.

A mutant is the companion with one thing changed: an operator, a comparison, a constant, a default,
a function beside its opposite, two arguments in the wrong order, a statement, check or keyword that
is left out. Each module gets a random sample of its mutants. For each of them the tests and
examples run that reach its line (`reached.py`), the quickest first, a minute of them at most; of
what runs on import, those that reach its function, class or module, then those of all that imports
it. A test that fails, or a time or a memory without end, has caught it; what no test reaches has
survived. Wording, types and docstrings are not changed. All happens in copies of the tree in a
temporary folder; what the tests reach is kept in `_build/mutants/`.

What was found stands in `benchmarks/mutants.json`. A survivor asks for a law; one that changes
nothing is written into `benchmarks/equivalents.toml`, with the reason, and is not made again.

    python benchmarks/mutants.py --modules em missing --number 40 --seed 2
    python benchmarks/mutants.py --only-survivors    # do the new tests catch them?
"""

import argparse
import ast
import contextlib
import importlib
import itertools
import json
import math
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import reached
from mutations import mutants

PACKAGE = "companion"
# Not tests of the companion's code, or slow and of something else.
OTHERS = tuple(
    f"test_{name}"
    for name in [
        "site",
        "live",
        "editions",
        "build",
        "mentions",
        "wheel",
        "homework",
        "grading",
        "claims",
        "project",
        "book_style",
        "mutants",
    ]
)
OVERALL, EACH, DRAWN = 0.97, 0.95, 0.85  # what is asked for
DRAWING = {"datasets", "interactive", "plotting"}
MEMORY = 6 << 30


# ------------------------------------------------------------------------- which tests concern it


def imported(path):
    """Return the modules that a file may import, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def tests_of(root):
    """Return the files with tests or examples of the companion."""
    tests = sorted((root / "tests").glob("test_*.py"))
    kept = [path for path in tests if not path.stem.startswith(OTHERS)]
    return kept + sorted((root / PACKAGE).rglob("*.py"))


def dotted(path, root):
    """Return what a file is called under a folder, such as interactive.em_bound."""
    return ".".join(path.relative_to(root).with_suffix("").parts)


def file_of(root, module):
    """Return the file of a module, whose name may be dotted."""
    return root / PACKAGE / f"{module.replace('.', '/')}.py"


def concerned(root, module):
    """Return the files whose tests may notice a mutant of the module.

    A file that asks `pkgutil` for the modules of the package concerns all of them.
    """
    names = {path: imported(path) for path in tests_of(root)}
    called = {path: dotted(path, root).removesuffix(".__init__") for path in names}
    reached = {called[file_of(root, module)]}
    for _ in names:
        reached |= {called[path] for path, found in names.items() if found & reached}
    found = [path for path in names if called[path] in reached or "pkgutil" in names[path]]
    return [str(path.relative_to(root)) for path in found]


# --------------------------------------------------------------------------------- running them


def start(root, folder):
    """Prepare a worker: a tree of its own, and all that is not tested is imported."""
    global tree
    tree = Path(tempfile.mkdtemp(dir=folder)) / "tree"
    folders = "_build", "__pycache__", "homework", ".venv", ".git", ".*_cache", ".hypothesis"
    ignored = shutil.ignore_patterns(*folders)  # the settings of a linter stand in a dot-file
    shutil.copytree(root, tree, ignore=ignored)
    for path in (tree / PACKAGE).rglob("*.py"):  # as the mutants are written
        path.write_text(ast.unparse(ast.parse(path.read_text("utf-8"))), encoding="utf-8")
    os.chdir(tree)
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(tree), "MPLBACKEND": "Agg"}
    os.environ |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    sys.dont_write_bytecode = True  # a compiled file of the same second and size would be kept
    sys.path.insert(0, str(tree))
    names = {"pytest"}.union(*map(imported, tests_of(tree)))
    # Tests that import each other are imported by pytest, from this tree.
    of_the_tree = PACKAGE, "conftest", "test_"
    for name in sorted(name for name in names if not name.startswith(of_the_tree)):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


class Quick:
    """A plugin: Hypothesis needs no smallest example."""

    @staticmethod
    def pytest_configure(config):
        """Change the profile that the tests have loaded."""
        if "hypothesis" in sys.modules:
            from hypothesis import Phase, settings

            phases = Phase.explicit, Phase.generate
            settings.register_profile("quick", settings(settings.default, phases=phases))
            settings.load_profile("quick")


def run_tests(files, log, limit, chosen, record):
    """Run the tests of some files in this process, and leave it."""
    os.setsid()
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(limit), math.ceil(limit) + 1))
    for stream in (1, 2):
        os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
    import pytest

    options = ["-x", "-q", "-p", "no:cacheprovider", "-o", "addopts=--doctest-modules"]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    plugin = reached.Recorder(tree / PACKAGE) if record else reached.Chosen(chosen)
    code = pytest.main([*options, *files], plugins=[Quick(), plugin])
    if record:
        record.write_text(json.dumps(plugin.record()), encoding="utf-8")
    sys.stdout.flush()
    os._exit(0 if code == pytest.ExitCode.NO_TESTS_COLLECTED else int(code))


def passes(files, limit, chosen=None, record=None):
    """Whether the tests of the files pass in time, in a process of their own.

    The limit is in seconds of the processor: another program that runs catches no mutant.
    """
    arguments = files, tree.parent / "log", limit, chosen, record
    process = multiprocessing.get_context("fork").Process(target=run_tests, args=arguments)
    process.start()
    process.join(10 * limit)  # it may wait for what never comes
    with contextlib.suppress(ProcessLookupError):  # with what it has started
        os.killpg(process.pid, signal.SIGKILL)
    process.join()
    if process.exitcode == 4:
        raise RuntimeError(f"pytest does not understand {files}")
    return process.exitcode == 0


def baseline(file, record):
    """Run the tests of a file on the right code, and record what they reach."""
    if not record.exists():
        new = tree.parent / "record.json"
        if not passes([file], 900, record=new):
            text = (tree.parent / "log").read_text(encoding="utf-8")
            raise RuntimeError(f"{file} fails without a mutant: {text[-2000:]}")
        shutil.move(new, record)


def judge(module, source, chosen, limit):
    """Whether the tests catch a mutant, and after how many seconds."""
    path = file_of(tree, module)
    right, begin = path.read_text(encoding="utf-8"), time.perf_counter()
    path.write_text(source, encoding="utf-8")
    files = list(dict.fromkeys(test.partition("::")[0] for test in chosen))
    try:
        caught = bool(files) and not passes(files, limit, chosen)
    finally:
        path.write_text(right, encoding="utf-8")
    return caught, time.perf_counter() - begin


# ------------------------------------------------------------------------------------- the report


def key(mutant):
    """Return what a mutant is known by when lines have moved."""
    return mutant["in"], mutant["text"], mutant["change"]


def sample(module, kept, options):
    """Return a random sample of a module's mutants, or the survivors of the last time."""
    file = options.root / "benchmarks" / "equivalents.toml"
    known = tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    same = {key(entry) for entry in known.get(module, [])}
    source = file_of(options.root, module).read_text(encoding="utf-8")
    every = list(mutants(source))
    for place, text, change in same - {key(what) for what, _ in every}:
        print(f"equivalents.toml: no longer in {module}: {place}: {text}: {change}")
    possible = [mutant for mutant in every if key(mutant[0]) not in same]
    if options.only_survivors:
        last = {key(what) for what in kept.get(module, {}).get("survivors", [])}
        return [mutant for mutant in possible if key(mutant[0]) in last]
    number = min(options.number, len(possible))
    return random.Random(f"{options.seed} {module}").sample(possible, number)


def asked(module):
    """Return the rate that is asked of a module: less of one that draws."""
    return DRAWN if module.split(".")[0] in DRAWING else EACH


def measure(modules, kept, options):
    """Yield each module with (caught, seconds, what) of every mutant of its sample."""
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(
        options.workers, multiprocessing.get_context("fork"), start, (options.root, folder)
    ) as pool:  # fmt: skip
        judges = {
            module: [
                file
                for file in concerned(options.root, module)
                if not any(word in file for word in options.without)
            ]
            for module in modules
        }
        files = sorted(set(itertools.chain(*judges.values())))
        package, kept_in = options.root / PACKAGE, options.root / "_build" / "mutants"
        kept_in.mkdir(parents=True, exist_ok=True)
        records = [
            kept_in / f"{reached.fingerprint(options.root, package, file)}.json" for file in files
        ]
        for _ in pool.map(baseline, files, records):
            pass
        seen = {
            file: json.loads(record.read_text(encoding="utf-8"))
            for file, record in zip(files, records, strict=True)
        }
        around = {file: tests.pop("")[0] for file, tests in seen.items()}
        jobs = {module: [] for module in modules}
        for module in modules:
            tests = {t: row for file in judges[module] for t, row in seen[file].items()}
            path = file_of(options.root, module)
            source, name = path.read_text(encoding="utf-8"), str(path.relative_to(options.root))
            for what, write in sample(module, kept, options):
                chosen = reached.choose(tests, name, source, what["line"], options.budget)
                used = sum(around[file] for file in {t.partition("::")[0] for t in chosen})
                limit = options.limit + 4 * (used + sum(chosen.values()))
                jobs[module].append((pool.submit(judge, module, write(), chosen, limit), what))
        for module in modules:
            yield module, [(*job.result(), what) for job, what in jobs[module]]


def main(arguments=None):
    """Measure, print, keep; the exit code says whether the figures are high enough."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--modules", nargs="+", help="em, interactive.em_bound, ...; otherwise all")
    parser.add_argument("--number", type=int, default=40, help="mutants of each module")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--limit", type=float, default=20, help="seconds beside four times the usual"
    )
    parser.add_argument("--budget", type=float, default=60, help="seconds of tests for a mutant")
    parser.add_argument(
        "--without", nargs="+", default=[], help="words in the names of test files that judge not"
    )
    parser.add_argument("--only-survivors", action="store_true", help="those of the last time")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[1])
    options = parser.parse_args(arguments)
    record = options.root / "benchmarks" / "mutants.json"
    kept = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    package = options.root / PACKAGE
    every = [dotted(path, package) for path in sorted(package.rglob("*.py"))]
    print(f"{'module':<26}{'made':>6}{'caught':>8}{'rate':>8}{'seconds each':>14}")
    enough, made, total = True, 0, 0
    for module, rows in measure(options.modules or every, kept, options):
        survivors = [what for caught, _, what in rows if not caught]
        survivors.sort(key=lambda what: (what["line"], what["change"]))
        now = {"seed": options.seed, "made": len(rows)} if not options.only_survivors else {}
        kept[module] = kept.get(module, {}) | now | {"survivors": survivors}
        record.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        if rows:
            caught, each = len(rows) - len(survivors), sum(row[1] for row in rows) / len(rows)
            print(f"{module:<26}{len(rows):>6}{caught:>8}{caught / len(rows):>8.1%}{each:>14.1f}")
            enough &= caught >= len(rows) * asked(module)
            made, total = made + len(rows), total + caught
        for what in survivors:
            print(f"  {module} {what['line']}: [{what['kind']}] {what['change']}", flush=True)
    print(f"{'all':<26}{made:>6}{total:>8}{total / max(made, 1):>8.1%}")
    return 0 if enough and total >= OVERALL * made else 1


if __name__ == "__main__":
    sys.exit(main())
