"""Build the live edition: `make live`.

    _build/live/python-…/    Python and its packages, for both forms
    _build/live/page-…/      what runs the cells of a page in their place
    _build/live/notebooks/   JupyterLite, which opens chapters and homework
    _build/live/live.json    what it was built from

All paths in it are relative, so it works below any address. What offers it on
the pages of the site is `_extensions/live.py`.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

import fetch
import notebooks
import pack

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
OUT = ROOT / "_build" / "live"
EXTENSION = "share/jupyter/labextensions/@jupyterlite/pyodide-kernel-extension"


def build(out, environment):
    """Build all of it anew.

    Parameters
    ----------
    out : Path
        Where.
    environment : Path
        The environment that has JupyterLite.
    """
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    python = pack.pack(out, environment / EXTENSION)
    program = environment / "bin" / "jupyter"
    work = out.with_name(out.name + "-notebooks")
    notebooks.build(out, work, program, python.name)
    files = sorted((HERE / "page").glob("*.*"))
    digest = fetch.sha256(b"".join(path.read_bytes() for path in files))
    page = out / f"page-{digest[:12]}"
    page.mkdir()
    for path in files:
        shutil.copy(path, page)
    made_from = {
        "python": python.name,
        "page": page.name,
        "editions": json.loads((out / "editions.json").read_text("utf-8")),
    }
    notebooks.write(out / "live.json", made_from)
    size = sum(p.stat().st_size for p in out.rglob("*") if p.is_file())
    print(f"live: {size / 1e6:.0f} MB in {out}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("environment", type=Path)
    parser.add_argument("out", nargs="?", type=Path, default=OUT)
    given = parser.parse_args()
    try:
        build(given.out.resolve(), given.environment.absolute())
    except fetch.ShortfallError as error:
        sys.exit(f"live: {error}")
