"""Tell what was graded: the table, a page for each student and one for whoever marks, the class.

Whatever cannot be written, because the disk is full or a name is too long, is named at the end, and
everything else is written.
"""

import sys
from pathlib import Path
from typing import Any

import class_page
import exports
import report
import similar
from marks import (
    Mark,
    MarksError,
    Sum,
    add_up,
    days_late,
    fingerprint,
    for_homework,
    marks_table,
    merge_marks,
    penalty,
    read_marks,
    read_rules,
    read_table,
    table,
    write,
)


class Book:
    """The books of one set: what people have written, and what is written for them."""

    def __init__(self, homework: Any, out: Path, skipped: list[str], boxed: bool) -> None:
        self.homework, self.out, self.skipped, self.boxed = homework, out, skipped, boxed
        self.most: dict[str, float] = homework.by_hand
        self.of = sum(q["points"] for q in homework.questions)
        self.marks = read_marks(out / "marks.csv", self.most)
        self.rules = read_rules(out.parent / "rules.toml")
        self.own = for_homework(self.rules, homework.name)
        self.roster = exports.read_roster(out.parent / "roster.csv")
        self.earlier = self._earlier_days()
        self.troubles: list[str] = []

    def _earlier_days(self) -> dict[str, int]:
        """Return how many days each student came late with the sets that were due before."""
        days: dict[str, int] = {}
        for path in sorted(self.out.parent.glob("*/grades.csv")):
            due = for_homework(self.rules, path.parent.name).get("deadline")
            if due is None or self.own.get("deadline") is None or not due < self.own["deadline"]:
                continue
            for row in read_table(path):
                days[row["id"]] = days.get(row["id"], 0) + int(row["late_days"] or 0)
        return days

    def keep(self, path: Path, text: str) -> None:
        """Write a file; if that fails, remember it and go on."""
        try:
            write(path, text)
        except (OSError, UnicodeError) as error:
            self.troubles.append(f"{path.name} could not be written: {error}")

    def sum_of(self, grade: Any) -> tuple[dict[str, float], Sum]:
        """Return what a student has earned, with everything that people have added."""
        student = (grade.student or "").strip()
        marks = {q: self.marks[grade.key, q] for q in self.most if (grade.key, q) in self.marks}
        now = {q: fingerprint(grade.answers.get(q, [])) for q in self.most}
        checked, total = add_up(grade.points, self.most, marks, now, self.own, student)
        total.of = self.of
        total.late_days, notes = days_late(self.own, student, grade.owner)
        total.penalty = penalty(self.rules, total.late_days, self.earlier.get(student, 0))
        total.notes += notes
        return checked, total

    def notes_of(self, grade: Any, total: Sum) -> list[str]:
        """Return all that is to be said of a submission."""
        notes = [n for n in [grade.note, *grade.hints, *total.notes] if n]
        student = (grade.student or "").strip()
        if self.roster and student and student not in self.roster:
            notes.append(f"the id {student!r} is not in the roster")
        return notes

    def adopt(self, grade: Any) -> None:
        """Take over marks that were given while another submission had the same id."""
        for question in self.most:
            before = (f"{(grade.student or '').strip()} ({grade.name})", question)
            if before in self.marks and (grade.key, question) not in self.marks:
                self.marks[grade.key, question] = self.marks.pop(before)

    def tell(self, grade: Any, done: list[Any]) -> None:
        """Write the pages of one student, and the table with all who are done."""
        self.adopt(grade)
        for folder, teacher in (("reports", True), ("feedback", False)):
            page = self.page(grade, teacher)
            self.keep(self.out / folder / f"{grade.slug}.html", page)
        self.keep(self.out / "grades.csv", self.table(done))

    def page(self, grade: Any, teacher: bool) -> str:
        """Return the page of a student: for whoever marks, with the rubric, or for the student."""
        checked, total = self.sum_of(grade)
        formulas = report.Formulas()
        shown = []
        for question in self.homework.questions:
            name, by_hand = question["name"], question["manual"]
            mark = self.marks.get((grade.key, name), Mark())
            points = mark.points if by_hand else checked[name]
            status = next((w for w in total.waiting if w.startswith(f"{name} (")), "")
            full = points == question["points"]
            shown.append({
                "name": name, "title": question["title"], "most": f"{question['points']:g}",
                "points": "_" if points is None else f"{points:g}", "by_hand": by_hand,
                "colour": "" if points is None else "good" if full else "bad",
                "solved": full, "failed": [] if full else grade.failed.get(name, []),
                "status": status.partition("(")[2].rstrip(")") if teacher else "",
                "comment": mark.comment,
                "rubric": report.markdown(question["rubric"], formulas)
                if teacher and by_hand else "",
                "answer": report.parts(grade.answers.get(name, []), formulas),
            })  # fmt: skip
        lost = (total.checked + total.by_hand) * total.penalty
        return formulas.fill(report.render(
            "report.html", homework=self.homework.name, key=grade.key, file=grade.name,
            notes=self.notes_of(grade, total) if teacher else [n for n in [grade.note] if n],
            questions=shown, total=f"{total.total:g}", of=f"{self.of:g}", waiting=total.waiting,
            lost=f"{lost:g}" if lost else "", days=total.late_days,
        ))  # fmt: skip

    def table(self, done: list[Any]) -> str:
        """Return the table of the class."""
        auto, hand = list(self.homework.auto), list(self.most)
        rows: list[list[Any]] = [
            ["id", "file", *auto, "checked", *hand, "by_hand", "late_days", "total", "of",
             "waiting", "note"]
        ]  # fmt: skip
        for grade in sorted(done, key=lambda g: g.key):
            checked, total = self.sum_of(grade)
            marks = [self.marks.get((grade.key, q), Mark()).points for q in hand]
            rows.append([
                grade.key, grade.name, *(f"{checked[q]:g}" for q in auto), f"{total.checked:g}",
                *("" if m is None else f"{m:g}" for m in marks), f"{total.by_hand:g}",
                total.late_days, f"{total.total:g}", f"{self.of:g}", "; ".join(total.waiting),
                "; ".join(self.notes_of(grade, total)),
            ])  # fmt: skip
        return table(rows)

    def close(self, done: list[Any]) -> None:
        """Write what needs everybody: rows for marks, the class, tables for learning systems."""
        readable = [g for g in done if g.answers]
        answers = {
            g.key: {q: fingerprint(g.answers.get(q, [])) for q in self.most} for g in readable
        }
        self.marks = merge_marks(self.marks, answers)
        self.keep(self.out / "marks.csv", marks_table(self.marks))
        self.keep(self.out / "grades.csv", self.table(done))
        pairs = similar.pairs({g.key: g.answers for g in readable})
        self.keep(self.out / "class.html", class_page.page(self, done, pairs))
        students = [self._for_export(grade) for grade in sorted(done, key=lambda g: g.key)]
        students = [s for s in students if s["id"]]
        for name, text in exports.write_all(self.homework.name, self.of, students).items():
            self.keep(self.out / "exports" / name, text)
        for name in self.skipped:
            print(f"not graded: {name}", file=sys.stderr)
        if self.troubles:
            raise MarksError("; ".join(dict.fromkeys(self.troubles)))

    def _for_export(self, grade: Any) -> dict[str, Any]:
        """Return what a learning system wants to know; no id if nobody can say whose it is."""
        _, total = self.sum_of(grade)
        student = (grade.student or "").strip()
        listed = self.roster.get(student, {})
        owner = grade.owner
        return {
            "id": student if grade.key == student else "",
            "name": listed.get("name") or owner.get("name", ""),
            "email": listed.get("email") or owner.get("email", ""),
            "canvas_id": listed.get("canvas_id") or owner.get("canvas", ""),
            "moodle_id": listed.get("moodle_id") or owner.get("moodle", ""),
            "sis_id": listed.get("sis_id", ""), "login": listed.get("login", ""),
            "section": listed.get("section", ""), "total": total.total, "waiting": total.waiting,
            "feedback": "; ".join([n for n in [grade.note] if n]),
        }  # fmt: skip
