"""The project as a whole: style, types, docstrings, locked versions."""

import importlib.util
import inspect
import json
import pkgutil
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from conftest import ROOT

import companion

MODULES = [m.name for m in pkgutil.walk_packages(companion.__path__, "companion.")]
PUBLIC = [m for m in MODULES if "._" not in m]


def run(*command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "arguments",
    [("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",)],
    ids=" ".join,
)
def test_tool_is_content(arguments):
    run(sys.executable, "-m", *arguments)


def zizmor(folder):
    program = Path(sys.executable).with_name("zizmor")
    return [str(program), "--offline", "--pedantic", "--no-progress", str(folder)]


def test_workflows_are_safe():
    run(*zizmor(ROOT))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("persist-credentials: false", "fetch-depth: 1"),
        ("permissions: {}", "permissions: write-all"),
        ("run: make ranges", "run: make ranges RESOLUTION=${{ matrix.resolution }}"),
        ("actions/checkout@", "somebody/checkout@"),
    ],
)
def test_a_careless_workflow_is_found(tmp_path, right, wrong):
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    shutil.copy(ROOT / "zizmor.yml", tmp_path)
    run(*zizmor(tmp_path))
    workflow = tmp_path / ".github" / "workflows" / "ci.yml"
    text = workflow.read_text(encoding="utf-8")
    workflow.write_text(text.replace(right, wrong), encoding="utf-8")
    with pytest.raises(AssertionError, match="finding"):
        run(*zizmor(tmp_path))


def public_objects():
    for name in PUBLIC:
        module = importlib.import_module(name)
        for key, value in vars(module).items():
            mine = getattr(value, "__module__", None) == name and not key.startswith("_")
            if mine and inspect.isfunction(value):
                yield f"{name}.{key}", value
            elif mine and inspect.isclass(value):
                yield f"{name}.{key}", value
                for method_name, method in vars(value).items():
                    if inspect.isfunction(method) and not method_name.startswith("_"):
                        yield f"{name}.{key}.{method_name}", method


OBJECTS = dict(public_objects())


@pytest.mark.parametrize("name", OBJECTS)
def test_docstring_says_enough(name):
    thing = OBJECTS[name]
    text = inspect.getdoc(thing)
    assert text, "no docstring"
    assert len(text.splitlines()[0]) < 100
    protocol = ".Model" in name
    if inspect.isclass(thing) or protocol:
        return
    parameters = [p for p in inspect.signature(thing).parameters if p not in ("self", "cls")]
    for parameter in parameters:
        assert re.search(rf"\b{parameter}\b", text), f"{parameter} is not described"
    for section in ["Returns", "Examples"] + ["Parameters"] * bool(parameters):
        assert f"\n{section}\n---" in text, f"no section {section}"


def test_requirements_are_exact_and_complete():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.lstrip().startswith("#")]
    assert pins[-1] == "-e ."
    assert all(re.match(r"[a-z0-9._-]+==[\w.]+( ;.*)?$", pin) for pin in pins[:-1])
    locked = {pin.split("==")[0] for pin in pins[:-1]}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    assert {re.match(r"[\w-]+", w).group(0) for group in groups for w in group} <= locked


def test_nobody_is_told_to_install_another_companion():
    for path in [*ROOT.glob("*.md"), *(ROOT / "book").glob("*.*"), ROOT / "Makefile"]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"pip install (-\S+ )*companion\b", text), path


HEAVY = {"dask", "matplotlib", "pandas", "scipy.optimize", "scipy.stats", "tqdm"}


@pytest.mark.parametrize("name", ["companion", *PUBLIC])
def test_an_import_waits_for_nothing_that_is_not_used_yet(name):
    """What is slow to import is imported by the functions that use it."""
    code = f"import {name}, sys; print(sorted({HEAVY} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_katex_style_belongs_to_the_katex_that_sets_the_formulas():
    from sphinxcontrib import katex

    style = (ROOT / "book" / "_static" / "katex" / "katex.min.css").read_text(encoding="utf-8")
    assert f'"{katex.katex_version}"' in style
    fonts = {path.name for path in (ROOT / "book" / "_static" / "katex" / "fonts").iterdir()}
    assert fonts == set(re.findall(r"url\(fonts/([^)]+)\)", style))


def test_the_tables_of_costs_are_those_that_were_measured():
    """The companion's page shows what `make bench` wrote as JSON, and nothing typed by hand."""
    path = ROOT / "benchmarks" / "bench.py"
    spec = importlib.util.spec_from_file_location("bench", path)
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    found = json.loads(bench.RESULTS.read_text(encoding="utf-8"))
    page = bench.PAGE.read_text(encoding="utf-8")
    shown = page.split(bench.MARKS[0])[1].split(bench.MARKS[1])[0]
    assert shown.strip() == bench.table(found)
    found["rats"]["posterior_ms"] *= 2
    assert shown.strip() != bench.table(found)
