"""The settings of the site, on a book of two pages: what an owner turns on, what must fail."""

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup
from conftest import ROOT


@pytest.fixture
def build(tmp_path):
    def build(text, repository=""):
        """Build a page with `text` and a notebook with the course's own settings."""
        for folder in ("_extensions", "_static", "_templates"):
            shutil.copytree(ROOT / "book" / folder, tmp_path / "book" / folder)
        config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
        config["repository"]["url"] = repository
        config["execute"] = {"execute_notebooks": "off"}
        files = {
            "_config.yml": yaml.safe_dump(config),
            "_toc.yml": "format: jb-book\nroot: book/index\nchapters:\n- file: book/notebook\n",
            "book/index.md": f"# Home\n\n{text}\n",
        }
        for name, content in files.items():
            (tmp_path / name).write_text(content, encoding="utf-8")
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# One\n\n$x$")])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, tmp_path / "book/notebook.ipynb")
        jupyter_book = Path(sys.executable).with_name("jupyter-book")
        done = subprocess.run(
            [jupyter_book, "build", "-W", "-n", "--keep-going", "."],
            cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        page = tmp_path / "_build/html/book/notebook.html"
        links = None
        if page.exists():
            html = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
            buttons = html.select(".article-header-buttons a[href^=http]")
            links = {button["href"].split("?")[0] for button in buttons}
        return done.returncode, done.stdout + done.stderr, links

    return build


def test_buttons_appear_when_the_owner_names_a_repository(build):
    code, output, links = build("Hello.", "https://github.com/an-owner/a-course")
    assert code == 0, output[-2000:]
    assert links == {
        "https://github.com/an-owner/a-course",
        "https://mybinder.org/v2/gh/an-owner/a-course/main",
        "https://colab.research.google.com/github/an-owner/a-course/blob/main/book/notebook.ipynb",
    }


def test_a_wrong_formula_fails_the_build_and_is_named(build):
    code, output, _ = build(r"Hello $\frac{x$.")
    assert code != 0
    assert r"\frac{x" in output


def test_no_buttons_without_a_repository_and_a_dead_link_fails_the_build(build):
    code, output, links = build("Hello [there](nowhere.md).")
    assert code != 0
    assert "nowhere.md" in output
    assert links == set()
