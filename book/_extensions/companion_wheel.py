"""The companion to take away: its wheel on the site, and a note in notebooks.

A chapter's notebook that is opened elsewhere does not find the companion. So
the site carries the wheel, and the second cell of every chapter, which the
site leaves out, has the one line that installs it. `make notes` writes the
line into the repository's notebooks, as `_config.yml` says where the course
is published; what the site offers for download has it in any case.
"""

import json
import logging
import os
import re
import tomllib
from pathlib import Path

import yaml

import companion

ROOT = Path(companion.__file__).parents[1]
CELL = {
    "cell_type": "markdown",
    "id": "get-the-companion",
    "metadata": {"tags": ["remove-cell"]},
}
NOTE = """> **Not at home?** This notebook needs the course's package, the \
companion. Where it is missing, as on Colab, put this line into a cell of its \
own above the first import, and run it once{}: `{}`."""
UNKNOWN = """, with the address of the repository from which the course comes"""
GITHUB = re.compile(r"https://github\.com/([^/]+)/([^/]+?)(?:\.git)?/?")


def wheel_name(root=ROOT):
    """Return the name of the file, which pip reads name and version from."""
    text = (root / "companion" / "__init__.py").read_text(encoding="utf-8")
    version = re.search(r'^__version__ = "(.+)"', text, re.MULTILINE)[1]
    settings = (root / "pyproject.toml").read_text(encoding="utf-8")
    name = tomllib.loads(settings)["project"]["name"].replace("-", "_")
    return f"{name}-{version}-py3-none-any.whl"


def build_wheel(folder, root=ROOT):
    """Build the wheel into a folder, with the same bytes on every day."""
    from flit_core.wheel import make_wheel_in

    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.whl"):
        old.unlink()
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = before or "315532800"  # 1980, as zip
    try:
        make_wheel_in(root / "pyproject.toml", folder)
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
    return folder / wheel_name(root)


def site_address(baseurl, repository):
    """Return where the site is, or "": as set, or on GitHub's Pages."""
    if baseurl:
        return baseurl.rstrip("/") + "/"
    found = GITHUB.fullmatch(repository or "")
    if not found:
        return ""
    owner, name = found.groups()
    host = f"{owner.lower()}.github.io"
    return f"https://{host}/" + ("" if name.lower() == host else f"{name}/")


def line(baseurl="", repository="", branch="main"):
    """Return the line that installs the companion of a published course."""
    site = site_address(baseurl, repository)
    if site:
        return f"%pip install {site}wheel/{wheel_name()}"
    source = f"{repository.rstrip('/')}@{branch}" if repository else "ADDRESS"
    return f'%pip install "what-the-data-hide @ git+{source}"'


def note(baseurl="", repository="", branch="main"):
    """Return the text of the cell that says how to get the companion."""
    known = bool(baseurl or repository)
    install = line(baseurl, repository, branch)
    return NOTE.format("" if known else UNKNOWN, install)


def settings(config):
    """Return what the note depends on, from the contents of `_config.yml`."""
    repository = config.get("repository") or {}
    return {
        "baseurl": (config.get("html") or {}).get("baseurl") or "",
        "repository": repository.get("url") or "",
        "branch": repository.get("branch") or "main",
    }


def with_note(text, note):
    """Return a chapter as JSON with the note as its second cell."""
    notebook = json.loads(text)
    cells = [c for c in notebook["cells"] if c.get("id") != CELL["id"]]
    cells.insert(1, {**CELL, "source": note.splitlines(keepends=True)})
    notebook["cells"] = cells
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def prepare(app, config):
    """Build the wheel, and lay it beside the pages."""
    folder = Path(app.outdir).parent / "wheel"
    logging.getLogger("flit_core").setLevel(logging.WARNING)
    wheel = build_wheel(folder / "wheel")
    config.html_extra_path = [*config.html_extra_path, str(folder)]
    link = f'<a href="../wheel/{wheel.name}">{wheel.name}</a>'
    config.myst_substitutions["companion_wheel"] = link


def publish(app, exception):
    """Write the line into the notebooks that are offered for download.

    Sphinx copies sources last of all, so there is no earlier moment.
    """
    if exception or app.builder.format != "html":
        return
    options = app.config.html_theme_options
    here = {
        "baseurl": app.config.html_baseurl,
        "repository": options.get("repository_url") or "",
        "branch": options.get("repository_branch") or "main",
    }
    for path in sorted((Path(app.outdir) / "_sources").rglob("*.ipynb")):
        text = path.read_text(encoding="utf-8")
        if f'"{CELL["id"]}"' in text:
            path.write_text(with_note(text, note(**here)), encoding="utf-8")


def setup(app):
    """Carry the wheel, and complete the notebooks when all is written."""
    app.connect("config-inited", prepare, priority=100)
    app.connect("build-finished", publish)
    return {"parallel_read_safe": True}


if __name__ == "__main__":
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    for chapter in sorted((ROOT / "book").glob("[0-9][0-9]_*.ipynb")):
        text = chapter.read_text(encoding="utf-8")
        noted = with_note(text, note(**settings(config)))
        if noted != text:
            chapter.write_text(noted, encoding="utf-8")
