"""What people add to the checks: marks given by hand, late days, regrades; and how it adds up.

`marks.csv` has a row for each student and each question that is marked by hand. The grader adds
rows and never takes one away; what was typed into it survives any number of runs. The last column
says which answer was marked: if another one is handed in later, the mark stays, and is named as
older than the answer.
"""

import csv
import hashlib
import io
import math
import os
import tempfile
import tomllib
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

COLUMNS = ["question", "id", "points", "comment", "answer"]
CHANGED = "changed since it was marked"


class MarksError(Exception):
    """A file that a person wrote cannot be understood; the message names the file and the line."""


@dataclass
class Mark:
    """Points given by hand for one answer; None if nobody has looked at it yet."""

    points: float | None = None
    comment: str = ""
    answer: str = ""


@dataclass
class Sum:
    """What a student has earned, and what is still missing from it."""

    checked: float
    by_hand: float
    of: float
    late_days: int = 0
    penalty: float = 0.0
    waiting: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def total(self) -> float:
        """Points of checks and by hand, less what was lost by coming late."""
        return round((self.checked + self.by_hand) * (1 - self.penalty), 4)


# ------------------------------------------------------------------------- files


def write(path: Path, text: str) -> None:
    """Write a file all at once: whoever reads it finds the old one or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:50]}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def table(rows: list[list[Any]]) -> str:
    """Write rows as CSV. What a spreadsheet would take for a formula becomes text."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for row in rows:
        writer.writerow([_text(cell) for cell in row])
    return buffer.getvalue()


def _text(cell: Any) -> str:
    if isinstance(cell, float):
        return f"{cell:.10g}"
    text = "" if cell is None else str(cell)
    return "'" + text if text.startswith(tuple("=+-@\t\r")) else text


def read_table(path: Path) -> list[dict[str, str]]:
    """Read a CSV file as spreadsheets write it: byte-order mark, commas, semicolons or tabs."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        text = path.read_text(encoding="latin-1")
    first = text.split("\n", 1)[0]
    comma = max(",;\t", key=first.count)
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=comma)
    return [{str(k).strip(): (v or "").strip() for k, v in row.items() if k} for row in rows]


# ------------------------------------------------------------------------- marks by hand


def fingerprint(answer: list[dict[str, Any]]) -> str:
    """Return a short name for an answer, its text, its code and its pictures; empty for none."""
    if not answer:
        return ""
    told = [[cell["source"].strip(), sorted(cell["attachments"].items())] for cell in answer]
    return hashlib.sha256(repr(told).encode("utf-8", "backslashreplace")).hexdigest()[:10]


def read_marks(path: Path, most: dict[str, float]) -> dict[tuple[str, str], Mark]:
    """Read marks, by student and question."""
    marks: dict[tuple[str, str], Mark] = {}
    for line, row in enumerate(read_table(path) if path.exists() else [], start=2):
        place = f"{path.name}, line {line}"
        if not set(COLUMNS) <= set(row):
            raise MarksError(f"{path.name} needs the columns {', '.join(COLUMNS)}")
        question, student = row["question"], _plain(row["id"])
        if question not in most:
            raise MarksError(f"{place}: {question!r} is none of {', '.join(most)}")
        if (student, question) in marks:
            raise MarksError(f"{place}: a second row for {student!r} and {question}")
        points = None
        if row["points"]:
            try:
                points = float(row["points"].replace(",", "."))
            except ValueError:
                raise MarksError(f"{place}: {row['points']!r} is no number of points") from None
            if not 0 <= points <= most[question]:
                limit = f"{question} has 0 to {most[question]:g}"
                raise MarksError(f"{place}: {points:g} points; {limit}")
        marks[student, question] = Mark(points, _plain(row["comment"]), row["answer"])
    return marks


def _plain(text: str) -> str:
    """Take off the apostrophe that keeps a spreadsheet from calculating."""
    return text[1:] if text.startswith("'") and text[1:].startswith(tuple("=+-@")) else text


def merge_marks(
    marks: dict[tuple[str, str], Mark], answers: dict[str, dict[str, str]]
) -> dict[tuple[str, str], Mark]:
    """Add rows for new answers; where nobody has marked yet, note which answer is there now."""
    merged = dict(marks)
    for student, those in answers.items():
        for question, print_ in those.items():
            if not print_ and (student, question) not in merged:
                continue
            mark = merged.setdefault((student, question), Mark(answer=print_))
            if mark.points is None or not mark.answer:
                merged[student, question] = Mark(mark.points, mark.comment, print_)
    return merged


def marks_table(marks: dict[tuple[str, str], Mark]) -> str:
    """Write marks down, all answers to one question after each other."""
    rows: list[list[Any]] = [COLUMNS]  # type: ignore[list-item]
    for student, question in sorted(marks, key=lambda key: (key[1], key[0])):
        mark = marks[student, question]
        points = "" if mark.points is None else f"{mark.points:g}"
        rows.append([question, student, points, mark.comment, mark.answer])
    return table(rows)


# ------------------------------------------------------------------------- rules of the term


def read_rules(path: Path) -> dict[str, Any]:
    """Read the rules of the term: late days, deadlines, regrades. Without a file there are none."""
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MarksError(f"{path.name}: {error}") from None


def for_homework(rules: dict[str, Any], homework: str) -> dict[str, Any]:
    """Return what the rules say of one set, which may be called by its beginning, such as hw1."""
    return {**rules.get(homework.split("_")[0], {}), **rules.get(homework, {})}


def days_late(own: dict[str, Any], student: str, owner: dict[str, str]) -> tuple[int, list[str]]:
    """Return how many days a submission came late, and what is not known about it."""
    if student in own.get("late", {}):
        return int(own["late"][student]), []
    if "deadline" in own and owner.get("handed_in"):
        try:
            came = datetime.fromisoformat(owner["handed_in"].replace(" UTC", "+00:00"))
        except ValueError:
            return 0, [f"handed in at {owner['handed_in']!r}, which is no time"]
        due = own["deadline"]
        if (came.tzinfo is None) != (due.tzinfo is None):
            came, due = came.replace(tzinfo=None), due.replace(tzinfo=None)
        return max(0, math.ceil((came - due).total_seconds() / 86400)), []
    if owner.get("late"):
        return 0, ["came late; by how many days is for rules.toml to say"]
    return 0, []


def penalty(rules: dict[str, Any], days: int, used_before: int) -> float:
    """Return the share of the points that is lost by coming so many days late.

    Free days of the term are used up first, as they come.
    """
    late = rules.get("late", {})
    costly = max(0, days - max(0, late.get("free", 0) - used_before))
    if days > late.get("at_most", math.inf):
        return 1.0
    return min(1.0, costly * late.get("per_day", 0.0))


def add_up(
    points: dict[str, float],
    most: dict[str, float],
    marks: dict[str, Mark],
    now: dict[str, str],
    own: dict[str, Any],
    student: str,
) -> tuple[dict[str, float], Sum]:
    """Return the points of each checked question after regrades, and the sum of everything."""
    regrades = dict(own.get("regrade", {}).get(student, {}))
    why = regrades.pop("why", "")
    for question, new in regrades.items():
        limit = {**most, **dict.fromkeys(points, math.inf)}.get(question)
        if limit is None or not isinstance(new, int | float) or not 0 <= new <= limit:
            raise MarksError(f"rules.toml: regrade of {student!r}: {question} = {new!r}")
    checked = {q: float(regrades.get(q, p)) for q, p in points.items()}
    given = {q: mark.points for q, mark in marks.items() if mark.points is not None}
    given |= {q: float(new) for q, new in regrades.items() if q in most}
    result = Sum(sum(checked.values()), sum(given.values()), 0.0)
    for question in most:
        mark = marks.get(question, Mark())
        if question not in given:
            result.waiting += [question] if now.get(question) else []  # else nothing is there
        elif mark.answer and now.get(question) and mark.answer != now[question]:
            result.waiting.append(f"{question} ({CHANGED})")
    if regrades:
        told = ", ".join(f"{q} {n:g}" for q, n in regrades.items())
        result.notes.append(f"regraded: {told}" + (f" ({why})" if why else ""))
    return checked, result
