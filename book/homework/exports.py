"""Write the totals in the layouts that learning systems read.

- Canvas, gradebook import: `Student`, `ID`, `SIS User ID`, `SIS Login ID`, `Section`, then one
  column for each assignment; the second row holds `Points Possible`. (Canvas Instructor Guide, "How
  do I import grades in the Gradebook?"; `lib/gradebook_importer.rb` of canvas-lms reads it so.)
- Moodle, offline grading worksheet: `Identifier` ("Participant 123"), `Full name`,
  `Email address`, `Status`, `Grade`, `Maximum Grade`, `Grade can be changed`,
  `Last modified (submission)`, `Last modified (grade)`, `Feedback comments`. (Moodle documentation,
  "Assignment settings", offline grading worksheet; it finds the columns by name, in
  `mod/assign/feedback/offline/importgradeslib.php`.)
- Gradescope, the columns of its own download of grades: `First Name`, `Last Name`, `SID`, `Email`,
  `Sections`, `Total Score`, `Max Points`, `Status`. (Gradescope Help
  Center, as other tools quote it; we have not seen it ourselves.)
"""

from pathlib import Path
from typing import Any

from marks import MarksError, read_table, table

ROSTER = ("id", "name", "email", "canvas_id", "sis_id", "login", "section", "moodle_id")


def read_roster(path: Path) -> dict[str, dict[str, str]]:
    """Read the class: a CSV file with the column `id`, and of the others those that are known."""
    if not path.exists():
        return {}
    roster: dict[str, dict[str, str]] = {}
    for line, row in enumerate(read_table(path), start=2):
        if "id" not in row:
            raise MarksError(f"{path.name} needs a column `id`; known columns: {', '.join(ROSTER)}")
        if not row["id"] or row["id"] in roster:
            raise MarksError(f"{path.name}, line {line}: the id {row['id']!r} is blank or doubled")
        roster[row["id"]] = {key: row.get(key, "") for key in ROSTER}
    return roster


def canvas(title: str, of: float, students: list[dict[str, Any]]) -> str:
    """Return the table for the gradebook of Canvas."""
    rows: list[list[Any]] = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", title]]
    rows.append(["    Points Possible", "", "", "", "", of])
    for s in students:
        who = [s["name"], s["canvas_id"], s["sis_id"], s["login"] or s["id"], s["section"]]
        rows.append([*who, s["total"]])
    return table(rows)


def moodle(of: float, students: list[dict[str, Any]]) -> str:
    """Return the offline grading worksheet of Moodle."""
    rows: list[list[Any]] = [
        ["Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade",
         "Grade can be changed", "Last modified (submission)", "Last modified (grade)",
         "Feedback comments"]
    ]  # fmt: skip
    for s in students:
        identifier = f"Participant {s['moodle_id']}" if s["moodle_id"] else ""
        rows.append([identifier, s["name"], s["email"], "Submitted for grading", s["total"], of,
                     "Yes", "", "", s["feedback"]])  # fmt: skip
    return table(rows)


def gradescope(of: float, students: list[dict[str, Any]]) -> str:
    """Return the columns of Gradescope's own table of grades."""
    rows: list[list[Any]] = [
        ["First Name", "Last Name", "SID", "Email", "Sections", "Total Score", "Max Points",
         "Status"]
    ]  # fmt: skip
    for s in students:
        first, _, last = s["name"].partition(" ")
        status = "Graded" if not s["waiting"] else "Ungraded"
        rows.append([first, last, s["id"], s["email"], s["section"], s["total"], of, status])
    return table(rows)


def write_all(title: str, of: float, students: list[dict[str, Any]]) -> dict[str, str]:
    """Return every table by the name of its file."""
    return {
        "canvas.csv": canvas(title, of, students),
        "moodle.csv": moodle(of, students),
        "gradescope.csv": gradescope(of, students),
    }
