"""Run the chapters that have changed with nbmake, and keep their outputs.

Both `make test` and `make book` call this: the tests learn whether every
chapter runs, and the site finds the outputs in the cache of Jupyter Book, so
no chapter is executed twice. The notebooks themselves stay without outputs.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / "_build" / ".jupyter_cache"
KERNEL = Path(__file__).with_name("ipython_kernel_config.py")


def is_known(cache, chapter):
    """Whether the outputs of exactly this code are in the cache."""
    try:
        cache.match_cache_notebook(nbformat.read(chapter, nbformat.NO_CONVERT))
    except KeyError:
        return False
    return True


def main():
    """Execute what is new; the exit code is that of pytest."""
    cache = get_cache(str(CACHE))
    chapters = sorted((ROOT / "book").glob("[0-9][0-9]_*.ipynb"))
    new = [chapter for chapter in chapters if not is_known(cache, chapter)]
    if not new:
        return 0
    with tempfile.TemporaryDirectory() as folder:
        copies = [Path(shutil.copy(chapter, folder)) for chapter in new]
        profile = Path(folder, "ipython", "profile_default")
        profile.mkdir(parents=True)
        shutil.copy(KERNEL, profile)
        command = [sys.executable, "-m", "pytest", "--nbmake", "--overwrite"]
        command += ["-n", str(min(os.cpu_count() or 1, len(new)))]
        command += ["-c", str(ROOT / "pyproject.toml"), "--rootdir", folder]
        environment = {**os.environ, "IPYTHONDIR": str(profile.parent)}
        done = subprocess.run(
            command + copies, cwd=folder, env=environment, check=False
        )
        if done.returncode:
            return done.returncode
        for chapter, copy in zip(new, copies, strict=True):
            notebook = nbformat.read(chapter, nbformat.NO_CONVERT)
            executed = nbformat.read(copy, nbformat.NO_CONVERT)
            for cell, ran in zip(notebook.cells, executed.cells, strict=True):
                if cell.cell_type == "code":
                    cell.outputs = ran.outputs
                    cell.execution_count = ran.execution_count
            bundle = CacheBundleIn(notebook, str(chapter))
            cache.cache_notebook_bundle(bundle, overwrite=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
