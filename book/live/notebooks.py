"""The notebooks of the live edition, and the JupyterLite that opens them.

A chapter differs from its source in what a notebook calls things: the kernel
is `python`, folded cells are hidden ones, and the note on how to install the
companion is left out, since it is there. Each notebook knows the fingerprint
of its source, so that a reader whose own copy is older can be told.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import fetch
import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
HOMEWORK = ROOT / "_build" / "homework" / "study"
sys.path.insert(0, str(ROOT / "book" / "_extensions"))
import live  # noqa: E402

KERNEL = {"display_name": "Python", "language": "python", "name": "python"}
PLUGIN = "@jupyterlite/pyodide-kernel-extension:kernel"
# What a kernel begins with: so it need not ask an index for them.
FIRST = "micropip piplite ipykernel comm pyodide-kernel jedi ipython".split()  # noqa: SIM905


def sources():
    """Return the chapters and the homework sets, by the names of files."""
    chapters = sorted((ROOT / "book").glob("[0-9][0-9]_*.ipynb"))
    sets = sorted(HOMEWORK.glob("hw*.ipynb"))
    return {path.name: path for path in [*chapters, *sets]}


def converted(text):
    """Return a notebook as it opens in a browser.

    Parameters
    ----------
    text : str
        The source of a chapter or of a homework set, as JSON.
    """
    notebook = json.loads(text)
    cells = []
    for cell in notebook["cells"]:
        tags = set(cell["metadata"].get("tags", []))
        if "remove-cell" in tags:
            continue
        hidden = {}
        if tags & {"hide-input", "hide-cell"}:
            hidden["source_hidden"] = True
        if "hide-cell" in tags:
            hidden["outputs_hidden"] = True
        if hidden:
            metadata = {**cell["metadata"], "jupyter": hidden}
            cell = {**cell, "metadata": metadata}
        cells.append(cell)
    edition = live.edition(text)
    metadata = {
        **notebook["metadata"],
        "kernelspec": KERNEL,
        "course": {"edition": edition},
    }
    return {**notebook, "cells": cells, "metadata": metadata}


def settings(title, python):
    """Return the settings of JupyterLite.

    Parameters
    ----------
    title : str
        The name of the book.
    python : str
        The name of the folder of Python, beside the notebooks.
    """
    kernel = {
        "pyodideUrl": f"./{python}/pyodide.mjs",
        "disablePyPIFallback": True,
        "loadPyodideOptions": {
            "lockFileURL": f"./{python}/{fetch.LOCK}",
            "packages": FIRST,
        },
    }
    return {
        "jupyter-lite-schema-version": 0,
        "jupyter-config-data": {
            "appName": title,
            "exposeAppInBrowser": True,
            "enableServiceWorkerCache": "true",
            "litePluginSettings": {PLUGIN: kernel},
        },
    }


# What a reader may change in the menus, and how it begins.
CHOICES = {
    "@jupyterlab/apputils-extension:themes": {"adaptive-theme": True},
    # Links into a chapter, and readers of screens, need all of its cells.
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
}
BUILD = {
    "LiteBuildConfig": {
        "apps": ["notebooks"],
        "contents": ["files"],
        "output_dir": "out",
        "cache_dir": "cache",
        "no_sourcemaps": True,
    }
}


def build(out, work, program, python):
    """Build JupyterLite with all notebooks.

    Parameters
    ----------
    out : Path
        Where the live edition is built; what is there stays.
    work : Path
        A folder of its own, which is deleted first: JupyterLite remembers
        what it has built, and leaves out what it believes to be there.
    program : Path
        The `jupyter` of the environment that has JupyterLite.
    python : str
        The name of the folder of Python in `out`.
    """
    shutil.rmtree(work, ignore_errors=True)
    (work / "files").mkdir(parents=True)
    editions = {}
    for name, path in sources().items():
        notebook = converted(path.read_text(encoding="utf-8"))
        editions[name] = notebook["metadata"]["course"]["edition"]
        write(work / "files" / name, notebook)
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    write(work / "jupyter-lite.json", settings(config["title"], python))
    write(work / "overrides.json", CHOICES)
    write(work / "jupyter_lite_config.json", BUILD)
    done = subprocess.run(
        [program, "lite", "build"],
        cwd=work,
        env={**os.environ, "JUPYTER_PREFER_ENV_PATH": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise fetch.ShortfallError(done.stdout[-2000:] + done.stderr[-2000:])
    shutil.copytree(work / "out", out, dirs_exist_ok=True)
    for path in out.glob("rspack.config*.js"):
        path.unlink()
    write(out / "editions.json", editions)
    add_script(out / "notebooks" / "index.html")


def add_script(page):
    """Let the page of notebooks load what belongs to the course."""
    for name in ("course.js", "course.css"):
        shutil.copy(HERE / "lite" / name, page.parent)
    text = page.read_text(encoding="utf-8")
    head = (
        '<link rel="stylesheet" href="course.css">'
        '<script src="course.js"></script></head>'
    )
    if text.count("</head>") != 1:
        raise fetch.ShortfallError(f"{page}: not one head")
    text = text.replace("<html>", '<html lang="en">')
    page.write_text(text.replace("</head>", head), encoding="utf-8")


def write(path, data):
    """Write JSON, the same every time."""
    text = json.dumps(data, indent=1, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8")
