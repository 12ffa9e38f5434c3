"""The companion to take away: its wheel, and the line in every notebook that installs it."""

import functools
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import venv
import zipfile
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, chapters

import companion

sys.path.insert(0, str(ROOT / "book" / "_extensions"))

import companion_wheel

FIRST = "book/01_mixtures.ipynb"
OWNER = {"baseurl": "", "repository": "https://github.com/An-Owner/a-course", "branch": "main"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return companion_wheel.build_wheel(tmp_path_factory.mktemp("wheel"))


def test_the_wheel_holds_the_package_its_data_and_its_scripts(wheel):
    held = {name for name in zipfile.ZipFile(wheel).namelist() if "dist-info" not in name}
    there = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "companion").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert held == there
    assert {Path(name).suffix for name in held} >= {".py", ".csv", ".js", ".mplstyle", ".typed"}


def test_the_wheel_is_the_same_on_every_day(wheel, tmp_path):
    copy = tmp_path / "root"
    shutil.copytree(
        ROOT / "companion", copy / "companion", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, copy / name)  # with another date
    again = companion_wheel.build_wheel(tmp_path, copy)
    assert again.name == wheel.name
    assert again.read_bytes() == wheel.read_bytes()
    (copy / "companion" / "em.py").write_text("changed = True\n", encoding="utf-8")
    assert companion_wheel.build_wheel(tmp_path, copy).read_bytes() != wheel.read_bytes()


def test_a_wheel_of_an_older_version_is_removed(tmp_path):
    (tmp_path / "what_the_data_hide-0.0.1-py3-none-any.whl").touch()
    wheel = companion_wheel.build_wheel(tmp_path)
    assert list(tmp_path.iterdir()) == [wheel]


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ({}, '%pip install "what-the-data-hide @ git+ADDRESS"'),
        (OWNER, "%pip install https://an-owner.github.io/a-course/wheel/{}"),
        (
            {**OWNER, "repository": "https://github.com/an-owner/an-owner.github.io"},
            "%pip install https://an-owner.github.io/wheel/{}",
        ),
        (
            {**OWNER, "baseurl": "https://stats.example.edu/hidden"},
            "%pip install https://stats.example.edu/hidden/wheel/{}",
        ),
        (
            {**OWNER, "repository": "https://gitlab.example.edu/a/b", "branch": "course"},
            '%pip install "what-the-data-hide @ git+https://gitlab.example.edu/a/b@course"',
        ),
    ],
)
def test_the_line_leads_to_where_the_course_is_published(where, line):
    assert companion_wheel.line(**where) == line.format(companion_wheel.wheel_name())


def test_a_note_is_written_once_and_nothing_else_is_changed():
    text = (ROOT / FIRST).read_text(encoding="utf-8")
    noted = companion_wheel.with_note(text, companion_wheel.note(**OWNER))
    assert noted != text
    assert companion_wheel.with_note(noted, companion_wheel.note()) == text or "ADDRESS" not in text
    old, new = (json.loads(t)["cells"] for t in (text, noted))
    assert [c for k, c in enumerate(old) if k != 1] == [c for k, c in enumerate(new) if k != 1]
    assert "an-owner.github.io" in "".join(new[1]["source"])


def test_the_site_carries_the_wheel_and_its_notebooks_name_it(site, wheel):
    carried = list((site / "wheel").iterdir())
    assert [path.name for path in carried] == [wheel.name]
    assert carried[0].read_bytes() == wheel.read_bytes()
    page = (site / "book" / "companion.html").read_text(encoding="utf-8")
    assert f'href="../wheel/{wheel.name}"' in page
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    note = companion_wheel.note(**companion_wheel.settings(config))
    for chapter in chapters():
        published = site / "_sources" / "book" / chapter.name
        cells = json.loads(published.read_text(encoding="utf-8"))["cells"]
        assert "".join(cells[1]["source"]) == note
        html = (site / "book" / f"{chapter.stem}.html").read_text(encoding="utf-8")
        assert "Not at home?" not in html  # not doubled on the site


# ------------------------------------------------------------------ somewhere else


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """An environment that has the companion's libraries, and pip, but no companion."""
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    library = Path(pytest.__file__).parents[1]  # of the course's own environment
    known = folder / "known"
    known.mkdir()
    for path in library.iterdir():
        if not re.match(r"(what_the_data_hide|companion|pip|setuptools|_virtualenv|__)", path.name):
            (known / path.name).symlink_to(path)
    where = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    (Path(where.stdout.strip()) / "known.pth").write_text(f"{known}\n", encoding="utf-8")
    return python


def run_there(python, cells, folder):
    """Run cells in one fresh kernel there; return what each prints, or its error."""
    from jupyter_client import KernelManager
    from jupyter_client.kernelspec import KernelSpec

    manager = KernelManager()
    command = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    manager._kernel_spec = KernelSpec(argv=command, language="python")
    # No index is asked: the wheel comes from the address, its libraries are there.
    env = {**os.environ, "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    env.pop("PYTHONPATH", None)
    manager.start_kernel(cwd=str(folder), env=env)
    client = manager.client()
    client.start_channels()
    said = []
    try:
        client.wait_for_ready(timeout=60)
        for cell in cells:
            messages = []
            reply = client.execute_interactive(cell, timeout=120, output_hook=messages.append)
            text = "".join(message["content"].get("text", "") for message in messages)
            failed = reply["content"]["status"] != "ok"
            said.append(reply["content"]["evalue"] if failed else text)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return said


@pytest.fixture
def serve():
    """Serve a folder on this machine."""
    servers = []

    def serve(folder):
        from visits import Quiet

        handler = functools.partial(Quiet, directory=str(folder))
        servers.append(http.server.ThreadingHTTPServer(("localhost", 0), handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://localhost:{servers[-1].server_port}/"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def read(notebook):
    """Return the line of the note, and the first cell of code."""
    cells = json.loads(notebook)["cells"]
    line = re.search(r"`(%pip install .*)`", "".join(cells[1]["source"]))[1]
    return line, next("".join(c["source"]) for c in cells if c["cell_type"] == "code")


def test_a_downloaded_chapter_runs_elsewhere_after_its_one_line(
    small_book, elsewhere, serve, tmp_path
):
    """A book is published at an address; its notebook is fetched, and opened in a bare place.

    On Colab, which opens the repository's notebook, the line is the one that `make notes` has
    written: the same function with the same settings. Colab itself is not here: its part is played
    by a fresh environment, an empty folder, and a kernel.
    """
    published = tmp_path / "_build" / "html"
    published.mkdir(parents=True)
    address = serve(published)
    toc = "format: jb-book\nroot: book/index\nchapters:\n- file: book/01_mixtures\n"
    files = {"_toc.yml": toc, "book/index.md": "# Home\n"}
    text = (ROOT / FIRST).read_text(encoding="utf-8")
    head = json.loads(text)
    head["cells"] = [{**head["cells"][0], "source": ["# A chapter\n"]}, *head["cells"][1:3]]
    files[FIRST] = json.dumps(head, indent=1, ensure_ascii=False) + "\n"
    code, output, _ = small_book(files, html_baseurl=address)
    assert code == 0, output[-2000:]

    import urllib.request

    with urllib.request.urlopen(f"{address}_sources/{FIRST}") as answer:
        downloaded = answer.read().decode()
    colab = companion_wheel.with_note(text, companion_wheel.note(baseurl=address))
    assert read(downloaded) == read(colab)
    line, first = read(downloaded)
    assert line == f"%pip install {address}wheel/{companion_wheel.wheel_name()}"

    folder = tmp_path / "elsewhere"
    folder.mkdir()
    data = "len(datasets.load_old_faithful()), companion.__version__"
    where = "import companion; print(companion.__file__)"
    said = run_there(elsewhere, [first, line, first, where, f"print({data})"], folder)
    assert said[0] == "No module named 'companion'"  # without the line it stops here
    assert "Successfully installed what-the-data-hide" in said[1]
    assert said[2] == ""
    assert str(elsewhere.parents[1]) in said[3]
    assert said[4].split() == ["272", companion.__version__]
