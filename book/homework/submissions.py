"""Find what was handed in, in a folder or an archive as a learning system exports it, and read it.

A submission is a notebook, a zip with one notebook in it, or a folder with one of these. What the
names of Moodle, Canvas and Gradescope tell of its owner is kept, for the tables that go back.
"""

import ast
import contextlib
import hashlib
import io
import os
import re
import warnings
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import nbformat
import yaml

MEGABYTE = 10**6
LARGEST_FILE = 250 * MEGABYTE  # saved outputs are thrown away, but they have to be read first
OTTER_CALL = re.compile(r"^\s*(\w+\s*=\s*)?(grader|otter)\.(check|check_all|export|Notebook)\(.*$")
# As the systems write them: <full name>_<participant>_assignsubmission_file[_<file>] and
# <name without spaces>[_LATE]_<user>_<attachment>_<name of the file>.
MOODLE = re.compile(r"(?P<name>.+?)_(?P<moodle>\d+)_assignsubmission_(?:file|onlinetext)(?:_.*)?")
CANVAS = re.compile(r"(?P<name>[^_]+?)(?P<late>_LATE)?_(?P<canvas>\d+)_\d+_.+", re.IGNORECASE)
GRADESCOPE = "submission_metadata.yml"
NOTEBOOKS = (".ipynb", ".zip")


class UnreadableError(Exception):
    """A submission is no notebook that could be run; the message is for the student."""


@dataclass
class File:
    """A file that was handed in, on the disk or in an archive."""

    parts: tuple[str, ...]
    size: int
    link: bool
    load: Callable[[], bytes]

    @property
    def ending(self) -> str:
        """The ending of its name in small letters."""
        return PurePosixPath(self.parts[-1]).suffix.lower()


@dataclass
class Submission:
    """What one student handed in: where it was found, and what is known of its owner."""

    name: str
    file: File | None
    owner: dict[str, str] = field(default_factory=dict)
    trouble: str = ""


# ------------------------------------------------------------------------- finding them


def printable(name: str) -> str:
    """Return a file's name as text that can be written anywhere, whatever its bytes are."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def files_on_disk(folder: Path) -> Iterator[File]:
    """Walk through a folder; links are named but not followed."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place) / name
            link = path.is_symlink()
            parts = tuple(printable(part) for part in path.relative_to(folder).parts)
            yield File(parts, 0 if link else path.stat().st_size, link, path.read_bytes)


def files_in_archive(opened: Path | io.BytesIO) -> Iterator[File]:
    """List an archive without unpacking it to the disk."""
    archive = zipfile.ZipFile(opened)
    for entry in sorted(archive.infolist(), key=lambda e: e.filename):
        parts = tuple(printable(p) for p in PurePosixPath(entry.filename).parts if p not in "/..")
        if parts and not entry.is_dir():
            yield File(parts, entry.file_size, False, lambda e=entry: archive.read(e))


def collect(source: Path) -> tuple[list[Submission], list[str]]:
    """Return the submissions of a folder or an archive, and the names of what is none."""
    files = list(files_in_archive(source) if source.is_file() else files_on_disk(source))
    if len(files) == 1 and files[0].ending == ".zip" and source.is_dir() and not files[0].link:
        with contextlib.suppress(zipfile.BadZipFile):  # the archive as it came
            inside = list(files_in_archive(io.BytesIO(files[0].load())))
            files = inside if sum(f.ending in NOTEBOOKS for f in inside) > 1 else files
    skipped = [f for f in files if any(p.startswith((".", "__MACOSX")) for p in f.parts)]
    files = [f for f in files if not any(f is other for other in skipped)]
    while _wrapped(files):
        for f in files:
            f.parts = f.parts[1:]
    submissions: list[Submission] = []
    folders: dict[str, list[File]] = defaultdict(list)
    roster: dict[str, dict[str, str]] = {}
    for f in files:
        if f.parts[-1] == GRADESCOPE:
            roster = _gradescope(f)
        elif len(f.parts) > 1:
            folders[f.parts[0]].append(f)
        else:
            submissions.append(Submission(f.parts[0], f, _owner(f.parts[0])))
    for name, inside in folders.items():
        owner = roster.get(name, _owner(name))
        notebooks = [f for f in inside if f.ending == ".ipynb"]
        notebooks = notebooks or [f for f in inside if f.ending == ".zip"]
        if len(notebooks) == 1:
            skipped += [f for f in inside if f is not notebooks[0]]
            submissions.append(Submission("/".join(notebooks[0].parts), notebooks[0], owner))
            continue
        what = f"{len(notebooks)} notebooks" if notebooks else "no notebook"
        names = ", ".join(f.parts[-1] for f in inside[:5])
        trouble = f"the folder holds {what} ({names}); hand in one"
        submissions.append(Submission(f"{name}/", None, owner, trouble))
    return sorted(submissions, key=lambda s: s.name), sorted("/".join(f.parts) for f in skipped)


def _wrapped(files: list[File]) -> bool:
    """Whether all is in one folder that is no student's: an archive unpacked with its own name."""
    tops = {f.parts[0] for f in files}
    if len(tops) != 1 or min(len(f.parts) for f in files) == 1 or _owner(*tops):
        return False
    hold = {f.parts[1] for f in files if len(f.parts) > 2 or f.ending in NOTEBOOKS}
    return len(hold) > 1 or any(f.parts[1] == GRADESCOPE for f in files)


def _owner(name: str) -> dict[str, str]:
    """Return what Moodle or Canvas writes into a name: name, number, whether it came late."""
    found = MOODLE.fullmatch(name) or CANVAS.fullmatch(name)
    owner = {key: value for key, value in found.groupdict().items() if value} if found else {}
    if "late" in owner:
        owner["late"] = "yes"
    return owner


def _gradescope(file: File) -> dict[str, dict[str, str]]:
    """Return the owners that Gradescope lists beside the folders of its export."""
    owners = {}
    try:
        listed = yaml.safe_load(file.load())
        for folder, entry in listed.items():
            who = (entry.get(":submitters") or [{}])[0]
            owner = {key: str(who.get(f":{key}") or "") for key in ("name", "sid", "email")}
            owner["handed_in"] = str(entry.get(":created_at") or "")
            owners[printable(str(folder))] = {k: v for k, v in owner.items() if v}
    except (yaml.YAMLError, AttributeError, IndexError, TypeError):
        return {}
    return owners


# ------------------------------------------------------------------------- reading one


def load(submission: Submission) -> bytes:
    """Return the bytes of the notebook that was handed in."""
    file = submission.file
    if file is None:
        raise UnreadableError(submission.trouble)
    if file.link:
        raise UnreadableError("this is a link to another place, not a file")
    if file.ending not in NOTEBOOKS:
        raise UnreadableError("hand in the notebook (.ipynb) or the zip that its last cell writes")
    if file.size > LARGEST_FILE:
        raise UnreadableError(f"the file is larger than {LARGEST_FILE // MEGABYTE} MB")
    try:
        data = file.load()
        return _unzip(data) if file.ending == ".zip" else data
    except UnreadableError:
        raise
    except Exception as error:
        raise UnreadableError(f"this file cannot be opened: {error!r:.200}") from None


def _unzip(data: bytes) -> bytes:
    """Return the only notebook of a zip archive, without writing anything to disk."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        inside = [
            i
            for i in archive.infolist()
            if i.filename.lower().endswith(".ipynb") and "__MACOSX" not in i.filename
        ]
        if len(inside) != 1:
            raise UnreadableError(f"the zip holds {len(inside)} notebooks; hand in one")
        if inside[0].file_size > LARGEST_FILE:
            raise UnreadableError(f"the notebook is larger than {LARGEST_FILE // MEGABYTE} MB")
        return archive.read(inside[0])


def digest(data: bytes) -> str:
    """Return a short name for these bytes and no others."""
    return hashlib.sha256(data).hexdigest()[:16]


def parse(data: bytes, homework: str) -> nbformat.NotebookNode:
    """Read a notebook, and take out what is not the student's answer.

    Calls of the grader go, because every check runs once, after the last cell; so do saved outputs,
    the kernel's name and the notebook's own copy of the checks. Pictures that are attached stay.
    """
    try:
        wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
        text = data.decode("utf-16" if wide else "utf-8-sig")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # doubled cells have doubled ids; they are renumbered
            notebook = nbformat.reads(text, as_version=4)
        cells = [c for c in notebook.cells if c.cell_type in ("code", "markdown", "raw")]
        for cell in cells:
            cell.source.split("\n")
    except Exception as error:
        raise UnreadableError(
            f"this is not a notebook that can be opened: {error!r:.200}"
        ) from None
    handed_in = notebook.metadata.get("otter", {}).get("assignment_name", homework)
    if handed_in != homework:
        raise UnreadableError(f"this is {handed_in}, not {homework}")
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
        if cell.cell_type == "code":
            lines = cell.source.split("\n")
            cell.source = "\n".join(line for line in lines if not OTTER_CALL.match(line))
            cell.outputs, cell.execution_count = [], None
        tags = [tag for tag in cell.metadata.get("tags", []) if tag == "otter_answer_cell"]
        cell.metadata = nbformat.from_dict({"tags": tags})
    notebook.cells = cells
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    otter = {"assignment_name": homework}
    notebook.metadata = nbformat.from_dict({"kernelspec": kernel, "otter": otter})
    return notebook


def student_id(notebook: nbformat.NotebookNode) -> str | None:
    """Return the text that is assigned to `student`; None if it is no plain text."""
    found: Any = None
    for cell in notebook.cells:
        if cell.cell_type != "code" or "student" not in cell.source:
            continue
        try:
            lines = ast.parse(cell.source).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for line in lines:
            targets = line.targets if isinstance(line, ast.Assign) else []
            if any(isinstance(t, ast.Name) and t.id == "student" for t in targets):
                value = line.value.value if isinstance(line.value, ast.Constant) else None
                found = value if isinstance(value, str) else None
    return found
