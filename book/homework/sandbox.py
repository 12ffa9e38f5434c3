"""Start a submission where it can do little harm: in bubblewrap, where that works, or without.

In bubblewrap a submission has no network, sees of the machine only Python and the libraries, reads
no file of the account that grades, writes into its own folder alone, and cannot leave a process
behind. Without it a submission runs with the rights of the account that grades.
"""

import functools
import os
import shutil
import site
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SYSTEM = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/etc/alternatives", "/etc/fonts",
          "/etc/ld.so.cache", "/etc/localtime", "/etc/hosts", "/etc/passwd",
          "/etc/nsswitch.conf")  # fmt: skip
FONTS = Path.home() / ".cache" / "matplotlib"
SPACE = 1_000_000_000  # bytes that a submission may write to its /tmp


def bubblewrap(folder: Path) -> list[str]:
    """Return the words that put a command into a box with `folder` as the only place to write."""
    program = shutil.which("bwrap")
    if program is None:
        return []
    python = {sys.prefix, sys.base_prefix, *site.getsitepackages()}
    seen = [*SYSTEM, *sorted(python), str(ROOT / "companion"), str(Path(__file__).parent)]
    words = [program, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    words += ["--size", str(SPACE), "--tmpfs", "/tmp", "--proc", "/proc", "--dev", "/dev"]
    for path in seen:
        # A folder of the system may be a link into another: the link is made again.
        if os.path.islink(path) and path in SYSTEM:
            words += ["--symlink", os.readlink(path), path]
        elif os.path.exists(path):
            words += ["--ro-bind", path, path]
    words += ["--dir", "/tmp/fonts"]
    for path in FONTS.glob("fontlist*.json"):  # making it takes longer than most homework
        words += ["--ro-bind", str(path), f"/tmp/fonts/{path.name}"]
    masters = Path(__file__).parent / "masters"  # the answers
    words += ["--tmpfs", str(masters)]
    return [*words, "--bind", str(folder), str(folder), "--chdir", str(folder / "home")]


@functools.cache
def works() -> str:
    """Return why there is no box, or nothing if there is one."""
    if shutil.which("bwrap") is None:
        return "bubblewrap (bwrap) is not installed"
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "home").mkdir()
        command = [*bubblewrap(Path(name)), sys.executable, "-c", "print('works')"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"bubblewrap does not start: {error}"
    if done.stdout.strip() != "works":
        return f"bubblewrap does not start: {done.stderr.strip()[:200]}"
    return ""


def environment(folder: Path, boxed: bool) -> dict[str, str]:
    """Return the environment of a submission: nothing that belongs to the account that grades."""
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": str(folder / "home"),
        "TMPDIR": "/tmp" if boxed else str(folder / "tmp"),
        "MPLCONFIGDIR": "/tmp/fonts" if boxed else str(FONTS),
        "PYTHONWARNINGS": "ignore",
        "LANG": "C.UTF-8",
        **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1"),
    }


def start(folder: Path, seconds: int, boxed: bool) -> subprocess.Popen[bytes]:
    """Start `run_one.py` on the folder, which holds a notebook and an autograder."""
    (folder / "home").mkdir(exist_ok=True)
    (folder / "tmp").mkdir(exist_ok=True)
    program = Path(__file__).with_name("run_one.py")
    command = [sys.executable, str(program), str(folder), str(seconds)]
    return subprocess.Popen(
        [*(bubblewrap(folder) if boxed else []), *command],
        cwd=folder / "home", env=environment(folder, boxed), start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
