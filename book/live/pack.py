"""Lay out Python for the browser: a folder with a lock file of its own.

Of Pyodide's lock file, which names hundreds of packages, only those stay that
the book needs. Python in them is compiled beforehand: a browser takes longer
to compile pandas than to load it. The companion is one of the packages, and
so is a stand-in for Otter that carries the checks of the homework. The name of
the folder holds the fingerprint of all of it, so that no browser mixes the
files of two editions.
"""

import base64
import csv
import hashlib
import io
import json
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

import fetch

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "book" / "_extensions"))
import companion_wheel  # noqa: E402

HOMEWORK = ROOT / "_build" / "homework" / "study"
COMPANION = "what-the-data-hide"
STAND_IN = "otter-stand-in"
# Whoever imports the companion sooner or later needs all of these.
NEEDED = ["matplotlib", "numpy", "pandas", "scipy", "tqdm"]
# Sources that tools of a notebook read as sources.
AS_IT_IS = {"jedi", "parso"}


def entry(name, path, imports, depends):
    """Return what a lock file says of a wheel."""
    return {
        "name": name,
        "version": path.name.split("-")[1],
        "file_name": path.name,
        "install_dir": "site",
        "sha256": fetch.sha256(path.read_bytes()),
        "package_type": "package",
        "imports": imports,
        "depends": depends,
        "unvendored_tests": False,
    }


def trimmed(lock, wheels, pins=None):
    """Return a lock file with what the book needs, and nothing else.

    Parameters
    ----------
    lock : dict
        Pyodide's own.
    wheels : dict of Path
        Wheels of pure Python, by package, that take the place of its own.
    pins : dict
        As in `pins.toml`.
    """
    pins = fetch.PINS if pins is None else pins
    packages = lock["packages"]
    kept = fetch.closure(packages, pins["compiled"])
    found = {name: dict(packages[name]) for name in kept}
    for name, path in wheels.items():
        said = {**packages.get(name, {}), **pins["pure"][name]}
        # The lock file writes one name in two ways.
        depends = [need.replace("_", "-") for need in said["depends"]]
        found[name] = entry(name, path, said["imports"], depends)
    known = found.keys()
    for package in found.values():
        lost = set(package["depends"]) - known
        if lost:
            message = f"{package['name']} needs {sorted(lost)}: not pinned"
            raise fetch.ShortfallError(message)
    return {"info": lock["info"], "packages": dict(sorted(found.items()))}


def repacked(paths, cache, pins=None):
    """Compile the Python of wheels, or find it in the cache.

    Parameters
    ----------
    paths : dict of Path
        Wheels by package.
    cache : Path
        Holds the core of Pyodide, and what was compiled before.
    pins : dict
        As in `pins.toml`.

    Returns
    -------
    dict of Path
        The compiled wheels.
    """
    leave_out = (fetch.PINS if pins is None else pins)["leave_out"]
    rules = (HERE / "compiled.py").read_bytes()
    core = (cache / "core" / fetch.LOCK).read_bytes()
    jobs, found = [], {}
    for name, path in paths.items():
        pattern = leave_out.get(name, "")
        parts = [core, rules, pattern.encode(), path.read_bytes()]
        mark = fetch.sha256(b"".join(parts))[:16]
        found[name] = cache / "packed" / mark / path.name
        if not found[name].is_file():
            found[name].parent.mkdir(parents=True, exist_ok=True)
            part = found[name].with_suffix(".part")
            job = {"from": path, "to": part, "leave_out": pattern}
            jobs.append({key: str(value) for key, value in job.items()})
    if jobs:
        print(f"live: compiling {len(jobs)} packages", flush=True)
        with tempfile.TemporaryDirectory() as work:
            listed = Path(work, "jobs.json")
            listed.write_text(json.dumps(jobs), encoding="utf-8")
            script = [fetch.node(), HERE / "compile.mjs"]
            fetch.run([*script, cache / "core", listed])
        for job in jobs:
            Path(job["to"]).rename(Path(job["to"]).with_suffix(".whl"))
    return found


def make_wheel(folder, name, version, files):
    """Write a wheel of pure Python with these files, and return its path."""
    stem = f"{name.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    files = dict(files)
    files[f"{info}/METADATA"] = (
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    )
    files[f"{info}/WHEEL"] = (
        "Wheel-Version: 1.0\nGenerator: the book\n"
        "Root-Is-Purelib: true\nTag: py3-none-any\n"
    )
    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    for place, text in files.items():
        digest = hashlib.sha256(text.encode()).digest()
        digest = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        rows.writerow([place, f"sha256={digest}", len(text.encode())])
    rows.writerow([f"{info}/RECORD", "", ""])
    files[f"{info}/RECORD"] = record.getvalue()
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for place, text in files.items():
            part = zipfile.ZipInfo(place, (1980, 1, 1, 0, 0, 0))
            part.compress_type = zipfile.ZIP_DEFLATED
            wheel.writestr(part, text)
    return path


def stand_in(folder, homework=HOMEWORK):
    """Write the wheel that stands in for Otter, with all checks inside."""
    files = {
        f"otter/{path.name}": path.read_text(encoding="utf-8")
        for path in sorted((HERE / "stand_in" / "otter").glob("*.py"))
    }
    for path in sorted(homework.glob("hw*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        checks = json.dumps(notebook["metadata"]["otter"]["tests"], indent=1)
        files[f"otter/checks/{path.stem}.json"] = checks
    return make_wheel(folder, STAND_IN, "1.0", files)


def kernel_wheels(extension):
    """Return the wheels of the notebook's kernel, checked, by package.

    Parameters
    ----------
    extension : Path
        The folder of the kernel's extension, with its own index of wheels.
    """
    folder = extension / "static" / "pypi"
    index = json.loads((folder / "all.json").read_text(encoding="utf-8"))
    found = {}
    for name in ("ipykernel", "piplite", "pyodide-kernel"):
        ((release,),) = index[name]["releases"].values()
        path = folder / release["filename"]
        expected = release["digests"]["sha256"]
        fetch.checked(path.name, path.read_bytes(), expected)
        found[name] = path
    return found


def pack(out, extension, cache=fetch.CACHE):
    """Lay out the folder below `out`, and return its path.

    Parameters
    ----------
    out : Path
        Where the live edition is built.
    extension : Path
        The folder of the notebook kernel's extension.
    cache : Path
        Where files are kept from one build to the next.
    """
    lock, files, wheels = fetch.fetch(cache)
    ours = trimmed(lock, wheels)
    packages = ours["packages"]
    sources = {
        name: wheels.get(name) or files[package["file_name"]]
        for name, package in packages.items()
    }
    compiled = repacked(
        {n: path for n, path in sources.items() if n not in AS_IT_IS}, cache
    )
    parts = sources | compiled
    for name, path in parts.items():
        packages[name]["sha256"] = fetch.sha256(path.read_bytes())
    work = out / "python"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    for name, path in kernel_wheels(extension).items():
        parts[name] = path
        needs = {"piplite": ["micropip"], "ipykernel": ["pyodide-kernel"]}
        depends = needs.get(name, ["comm", "ipython"])
        package = entry(name, path, [name.replace("-", "_")], depends)
        packages[name] = package
    wheel = companion_wheel.build_wheel(work)
    packages[COMPANION] = entry(COMPANION, wheel, ["companion"], NEEDED)
    otter = stand_in(work)
    packages[STAND_IN] = entry(STAND_IN, otter, ["otter"], [])
    for path in parts.values():
        shutil.copy(path, work)
    for name in fetch.PINS["core"]:
        if name != fetch.LOCK:
            shutil.copy(files[name], work)
    text = json.dumps(ours, indent=1, sort_keys=True) + "\n"
    (work / fetch.LOCK).write_text(text, encoding="utf-8")
    digest = hashlib.sha256()
    for path in sorted(work.iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    final = out / f"python-{digest.hexdigest()[:12]}"
    work.rename(final)
    return final
