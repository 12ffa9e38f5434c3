"""Which test reaches which line of the package, for `mutants.py`: only those can notice a change.

The tests of a file run once on the right code, under `coverage` with a context for each test. What
they reached, and their seconds of processor time, is kept until the file or the package changes.
"""

import ast
import contextlib
import functools
import hashlib
import os

import coverage
import pytest


def seconds():
    """Return the processor time of this process and of those that it has waited for."""
    return sum(os.times()[:4])


class Recorder:
    """A plugin of pytest that notes the lines that each test reaches, and its seconds.

    What a cached function of the tests or a fixture of many tests reaches is reached by all of
    them, and so is what a file of tests does on import.
    """

    def __init__(self, package):
        self.package, self.tests = package, {}
        self.coverage = coverage.Coverage(
            data_file=None, config_file=False, include=[f"{package}/*"]
        )
        self.context = ""
        self.coverage.start()
        self.begin = seconds()

    @contextlib.contextmanager
    def within(self, context):
        """Note what is reached under another name for a while."""
        before, self.context = self.context, context
        self.coverage.switch_context(context)
        try:
            yield
        finally:
            self.context = before
            self.coverage.switch_context(before)

    def cached(self, name, function):
        """Return a cached function that notes under its own name what it reaches."""

        @functools.wraps(function)
        def call(*args, **kwargs):
            with self.within(f"@{name}"):
                return function(*args, **kwargs)

        call.cache_info, call.cache_clear = function.cache_info, function.cache_clear
        return call

    @staticmethod
    def pytest_collection_modifyitems(items):
        """Leave out the tests that judge tests."""
        items[:] = [item for item in items if "planted" not in item.nodeid]

    def pytest_collection_finish(self, session):
        """See to the cached functions of the tests."""
        for module in {item.module for item in session.items if hasattr(item, "module")}:
            for name, value in list(vars(module).items()):
                if hasattr(value, "cache_info") and module.__name__.startswith("test_"):
                    setattr(module, name, self.cached(name, value))

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef):
        """Note what a fixture of many tests reaches."""
        if fixturedef.scope == "function":
            return (yield)
        with self.within(f"@{fixturedef.argname}"):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        """Note what a test reaches, and its seconds."""
        begin = seconds()
        with self.within(item.nodeid):
            result = yield
        module = vars(getattr(item, "module", None) or object) if hasattr(item, "module") else {}
        shared = {name for name, value in module.items() if hasattr(value, "cache_info")}
        shared |= set(getattr(item, "fixturenames", ()))
        self.tests[item.nodeid] = seconds() - begin, {"", item.nodeid, *(f"@{n}" for n in shared)}
        return result

    def record(self):
        """Return {test: (seconds, {file: lines})}, and under "" the seconds of the rest."""
        self.coverage.stop()
        data, found = self.coverage.get_data(), {test: {} for test in self.tests}
        for file in sorted(data.measured_files()):
            with open(file, encoding="utf-8") as stream:
                inner = lines_of_functions(ast.parse(stream.read()))
            known = data.contexts_by_lineno(file)
            for test, (_, contexts) in self.tests.items():
                lines = [n for n in sorted(inner & set(known)) if contexts & set(known[n])]
                if lines:
                    found[test][os.path.relpath(file, self.package.parent)] = lines
        rest = seconds() - self.begin - sum(used for used, _ in self.tests.values())
        return {"": (rest, {})} | {test: (self.tests[test][0], found[test]) for test in found}


class Chosen:
    """A plugin of pytest that keeps some tests, file by file, the quickest first."""

    def __init__(self, tests):
        self.tests = tests  # {test: seconds}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        """Keep the tests that were chosen, in their order."""
        files = {}
        for test, used in self.tests.items():
            file = test.partition("::")[0]
            files[file] = files.get(file, 0) + used
        kept = [item for item in items if item.nodeid in self.tests]

        def order(item):
            file = item.nodeid.partition("::")[0]
            return files[file], file, self.tests[item.nodeid]

        items[:] = sorted(kept, key=order)


def lines_of_functions(tree):
    """Return the lines within the bodies of functions: what does not run on import."""
    return {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for line in range(node.body[0].lineno, node.end_lineno + 1)
    }


def counterpart(source, line):
    """Return the lines of the rewritten source whose tests may notice a change of a line.

    These are the statement's own; of what runs on import (a default, a constant) those of the
    functions of its scope. The second answer says whether other tests may notice it too.
    """
    right = ast.parse(source)
    written = ast.parse(ast.unparse(right))
    both = [
        pair
        for pair in zip(ast.walk(right), ast.walk(written), strict=False)
        if isinstance(pair[0], ast.stmt)
    ]
    around = [pair for pair in both if pair[0].lineno <= line <= pair[0].end_lineno]
    if not around:  # a decorator: what a class is, tests of all classes may notice first
        return set(), True
    _, found = max(around, key=lambda pair: pair[0].lineno)
    if found.lineno in lines_of_functions(written):
        last = found.lineno if hasattr(found, "body") else found.end_lineno
        return set(range(found.lineno, last + 1)), False
    scopes = [new for _, new in around if isinstance(new, ast.FunctionDef | ast.ClassDef)]
    scope = scopes[-1] if scopes else written
    return lines_of_functions(scope), True


def fingerprint(root, package, file):
    """Return a name for the content of a test file and of all that it uses."""
    shared = [path for path in (root / "tests").glob("*.py") if not path.match("test_*.py")]
    text = (root / file).read_text(encoding="utf-8")
    beside = [path for path in (root / "tests").glob("test_*.py") if path.stem in text]
    code = [p for p in package.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    digest = hashlib.sha256(str(file).encode())
    for path in sorted({root / file, *shared, *beside, *code}):
        digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest.hexdigest()[:32]


def choose(records, file, source, line, budget):
    """Return {test: seconds} of those that may notice a change, quickest first, up to a time.

    Of what runs on import half of the time is for those that reach what it is of, the other half
    for all others: who asks a function for its defaults need not call it.

    records: {test: (seconds, {file: lines})} of all that concerns the module. Tests with planted
    errors in their names judge other tests: some ask that the right text of a line stands there.
    """
    records = {test: row for test, row in records.items() if "planted" not in test}
    lines, others = counterpart(source, line)
    reach = [test for test, (_, seen) in records.items() if lines & set(seen.get(file, ()))]
    rest = [test for test in records if others and test not in set(reach)]

    def quickest(test):
        return records[test][0]

    chosen, used = {}, 0.0
    for tests, limit in ((reach, budget / 2 if rest else budget), (rest, budget)):
        for test in sorted(tests, key=quickest):
            if chosen and used + records[test][0] > limit:
                break
            used += records[test][0]
            chosen[test] = records[test][0]
    return chosen
