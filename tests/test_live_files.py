"""The live edition as it lies in the site: all is there, whole, and leads nowhere else."""

import hashlib
import json
import re

import nbformat
import pytest
from bs4 import BeautifulSoup
from conftest import ROOT, SITE, chapters

LIVE = SITE / "live"
SETS = sorted((ROOT / "_build" / "homework" / "study").glob("hw*.ipynb"))


@pytest.fixture
def python(edition):
    return LIVE / edition["python"]


def settings():
    text = (LIVE / "jupyter-lite.json").read_text(encoding="utf-8")
    return json.loads(text)["jupyter-config-data"]


def wrong_files(folder):
    """Yield what a lock file says that is not so, and files that it does not name."""
    lock = json.loads((folder / "pyodide-lock.json").read_text(encoding="utf-8"))
    core = {"pyodide-lock.json", "pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm"}
    known = core | {"python_stdlib.zip"}
    for name, package in lock["packages"].items():
        path = folder / package["file_name"]
        known.add(path.name)
        if not path.is_file():
            yield f"{name}: no file"
        elif hashlib.sha256(path.read_bytes()).hexdigest() != package["sha256"]:
            yield f"{name}: another hash"
        for need in set(package["depends"]) - lock["packages"].keys():
            yield f"{name}: needs {need}"
    for path in folder.iterdir():
        if path.name not in known:
            yield f"{path.name}: nobody needs it"


def test_every_package_of_the_lock_file_is_there_with_its_hash(python, tmp_path):
    assert list(wrong_files(python)) == []
    lock = json.loads((python / "pyodide-lock.json").read_text(encoding="utf-8"))
    needed = (
        "numpy scipy pandas matplotlib ipython pyodide-kernel what-the-data-hide otter-stand-in"
    )
    assert set(needed.split()) <= lock["packages"].keys()
    # The errors that are planted: a file of another edition, and one that is lost.
    for path in python.iterdir():
        (tmp_path / path.name).symlink_to(path)
    for name, text in (("numpy", "another"), ("six", None)):
        path = tmp_path / lock["packages"][name]["file_name"]
        path.unlink()
        if text:
            path.write_text(text, encoding="utf-8")
    assert sorted(wrong_files(tmp_path)) == ["numpy: another hash", "six: no file"]


def test_the_notebooks_use_the_python_of_the_site(edition, python):
    (kernel,) = settings()["litePluginSettings"].values()
    assert kernel["pyodideUrl"] == f"./{edition['python']}/pyodide.mjs"
    assert kernel["loadPyodideOptions"]["lockFileURL"] == f"./{edition['python']}/pyodide-lock.json"
    assert kernel["disablePyPIFallback"] is True
    lock = json.loads((python / "pyodide-lock.json").read_text(encoding="utf-8"))
    assert set(kernel["loadPyodideOptions"]["packages"]) <= lock["packages"].keys()


@pytest.mark.parametrize("path", [*chapters(), *SETS], ids=lambda path: path.stem)
def test_every_chapter_and_every_set_is_there(edition, path):
    notebook = nbformat.read(LIVE / "files" / path.name, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python"
    source = nbformat.read(path, as_version=4)
    cells = [c.source for c in source.cells if "remove-cell" not in c.metadata.get("tags", [])]
    assert [cell.source for cell in notebook.cells] == cells
    listed = json.loads((LIVE / "api" / "contents" / "all.json").read_text(encoding="utf-8"))
    assert path.name in [entry["name"] for entry in listed["content"]]


def test_nothing_of_the_masters_is_published(edition):
    names = [path.name for path in LIVE.rglob("*") if path.is_file()]
    assert not [name for name in names if re.search("solution|master|autograder", name)]


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_every_chapter_offers_it(edition, path):
    text = (SITE / "book" / f"{path.stem}.html").read_text(encoding="utf-8")
    (offer,) = BeautifulSoup(text, "html.parser").select(".live-offer")
    place = SITE / "book" / offer["data-live"]
    for name in (f"{offer['data-python']}/pyodide.mjs", f"{offer['data-page']}/page.js"):
        assert (place / name).is_file(), name
    link = offer.find("a")["href"]
    assert (SITE / "book" / link.split("?")[0]).is_file()
    assert (LIVE / "files" / link.split("path=")[1]).is_file()


def test_every_homework_set_is_offered(edition):
    text = (SITE / "book" / "homework.html").read_text(encoding="utf-8")
    links = BeautifulSoup(text, "html.parser").select("a[href*='live/notebooks']")
    assert [a["href"].split("path=")[1] for a in links] == [path.name for path in SETS]


def test_pages_for_hosts_that_leave_out_names_with_an_underscore(edition):
    assert (SITE / ".nojekyll").is_file()
