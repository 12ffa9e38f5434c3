"""What comes before and after a run: exports of learning systems, marks, late days, pages."""

import base64
import csv
import io
import itertools
import json
import os
import re
import tomllib
import zipfile
from datetime import datetime
from types import SimpleNamespace

import build
import class_page
import exports
import grade
import marks
import masters
import nbformat
import pytest
import report
import similar
import submissions
import telling
from conftest import ROOT
from homework_right_answers import RIGHT
from PIL import Image
from test_grading import HW, hand_in, homework_is_built, rows, solution  # noqa: F401

BUILT = ROOT / "_build" / "homework"
MOST = {"q5_derivation": 6.0, "q6_lost_for_a_reason": 6.0}


# ------------------------------------------------------------------------- what was handed in


def notebook(student="ada"):
    return nbformat.writes(solution(student=student)).encode()


MOODLE = {
    "Ada Lovelace_101_assignsubmission_file/hw2.ipynb": "ada",
    "George Boole_102_assignsubmission_file/my answers.ipynb": "boole",
    "George Boole_102_assignsubmission_file/photo.jpg": None,
    "Nobody Here_103_assignsubmission_file/notes.pdf": None,
}
MOODLE_FLAT = {
    "Ada Lovelace_101_assignsubmission_file_hw2.ipynb": "ada",
    "George Boole_102_assignsubmission_file_hw2.ipynb": "boole",
}
CANVAS = {
    "lovelaceada_4001_77001_hw2.ipynb": "ada",
    "boolegeorge_LATE_4002_77002_hw2-1.ipynb": "boole",
}
GRADESCOPE = {
    "assignment_9_export/submission_metadata.yml": (
        "submission_11:\n  :submitters:\n  - :name: Ada Lovelace\n    :sid: ada\n"
        "    :email: ada@example.org\n  :created_at: 2026-10-20 12:00:00 +0000\n"
        "submission_12:\n  :submitters:\n  - :name: George Boole\n    :sid: boole\n"
        "    :email: g@example.org\n  :created_at: 2026-10-18 12:00:00 +0000\n"
    ),
    "assignment_9_export/submission_11/hw2.ipynb": "ada",
    "assignment_9_export/submission_12/hw2.ipynb": "boole",
}
PLAIN = {"ada/hw2.ipynb": "ada", "boole/hw2.zip": "boole", "boole/.DS_Store": None}


def content(name, student):
    if student is None:
        return b"something else"
    if name.endswith(".yml"):
        return student.encode()
    if name.endswith(".zip"):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("hw2.ipynb", notebook(student))
            archive.writestr("__MACOSX/._hw2.ipynb", b"")
        return buffer.getvalue()
    return notebook(student)


@pytest.mark.parametrize("form", ["folder", "archive", "archive in a folder"])
@pytest.mark.parametrize("system", [MOODLE, MOODLE_FLAT, CANVAS, GRADESCOPE, PLAIN])
def test_what_learning_systems_export_is_understood(tmp_path, system, form):
    place = tmp_path / "in"
    place.mkdir()
    if form == "folder":
        for name, student in system.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(content(name, student))
    else:
        with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
            for name, student in system.items():
                archive.writestr(name, content(name, student))
        if form == "archive":
            place = tmp_path / "all.zip"
        else:
            os.rename(tmp_path / "all.zip", place / "all.zip")
    found, skipped = submissions.collect(place)
    homework = grade.Homework.built(HW)
    grades = {g.student: g for g in grade.read_all(found, homework)}
    assert {"ada", "boole"} <= set(grades)
    owner = grades["boole"].owner
    if system is MOODLE:
        assert owner == {"name": "George Boole", "moodle": "102"}
        assert skipped == ["George Boole_102_assignsubmission_file/photo.jpg"]
        assert "no notebook (notes.pdf)" in grades[None].note
    elif system is MOODLE_FLAT:
        assert owner["moodle"] == "102"
    elif system is CANVAS:
        assert owner == {"name": "boolegeorge", "late": "yes", "canvas": "4002"}
        assert "late" not in grades["ada"].owner
    elif system is GRADESCOPE:
        assert owner["email"] == "g@example.org"
        assert owner["handed_in"].startswith("2026-10-18")
    else:
        assert skipped == ["boole/.DS_Store"]


def test_a_byte_order_mark_and_other_encodings_are_read():
    text = nbformat.writes(solution(student="čech"))
    for data in (b"\xef\xbb\xbf" + text.encode(), text.encode("utf-16"), text.encode()):
        assert submissions.student_id(submissions.parse(data, HW)) == "čech"


@pytest.mark.parametrize(
    ("line", "student"),
    [
        ("student = 'ada'  # me", "ada"),
        ("x = 1\nstudent = 'ada'", "ada"),
        ("student = ''", ""),
        ("student = name", None),
        ("student = 7", None),
        ("student = 'ada'\nstudent = 'bob'", "bob"),
        ("student = (", None),
        ("# student = 'ada'", None),
    ],
)
def test_the_id_is_read_without_running_anything(line, student):
    cells = [nbformat.v4.new_code_cell(line)]
    assert submissions.student_id(nbformat.v4.new_notebook(cells=cells)) == student


def test_blank_doubled_and_unknown_ids_are_named(tmp_path):
    for name, student in [("a", "ada"), ("b", "ada"), ("c", ""), ("d", "dee")]:
        hand_in(tmp_path / "in", name, notebook=solution(student=student))
    found, _ = submissions.collect(tmp_path / "in")
    homework = grade.Homework.built(HW)
    grades = {g.name: g for g in grade.read_all(found, homework)}
    assert grades["a.ipynb"].hints == ["the id 'ada' is also in b.ipynb"]
    assert grades["b.ipynb"].hints == ["the id 'ada' is also in a.ipynb"]
    assert grades["c.ipynb"].hints == ["no student id: `student` is blank or no plain text"]
    keys = {g.key for g in grades.values()}
    assert keys == {"ada (a.ipynb)", "ada (b.ipynb)", "c.ipynb", "dee"}
    (tmp_path / "roster.csv").write_text("id,name\nada,Ada\neve,Eve\n")
    book = telling.Book(homework, tmp_path / HW, [], True)
    notes = book.notes_of(grades["d.ipynb"], book.sum_of(grades["d.ipynb"])[1])
    assert notes == ["the id 'dee' is not in the roster"]
    page = class_page.page(book, list(grades.values()), [])
    assert "eve (Eve)" in page
    assert "ada (Ada)" not in page


def test_the_data_of_each_id_are_known():
    for path in build.MASTERS:
        homework = grade.Homework.built(path.stem)
        _, names = homework.data_cell()
        wanted = {"1": "lengths", "2": "pressure", "3": "shots", "4": "hits", "5": "calls"}[
            path.stem[2]
        ]
        assert wanted in names
        data = {homework.data_of(student) for student in ("", "ada", "boole", "ada ")}
        assert len(data) == 4
        assert homework.data_of("ada") in data
    changed = grade.Grade("x", student="ada")
    grade.check_data(changed, "something", {"ada": "a", "boole": "b"})
    assert changed.hints == [
        "the data in this notebook are not those of this id: changed, or copied?"
    ]


# ------------------------------------------------------------------------- marks by hand


def students(**answers):
    """Return grades of students who have answered the questions for a person."""
    made = []
    for student, answer in answers.items():
        cell = {"id": "c", "cell_type": "markdown", "source": answer, "given": False,
                "attachments": {}, "outputs": []}  # fmt: skip
        one = grade.Grade(f"{student}.ipynb", student=student, key=student)
        one.points = dict.fromkeys(grade.Homework.built(HW).auto, 4.0)
        one.answers = {q: [cell] for q in MOST}
        made.append(one)
    return made


def run(tmp_path, done):
    """Write the books of a class, without grading anything."""
    book = telling.Book(grade.Homework.built(HW), tmp_path / HW, [], True)
    for one in done:
        book.tell(one, done)
    book.close(done)
    return {row["id"]: row for row in rows(tmp_path / HW / "grades.csv")}


def type_in(tmp_path, old, new):
    path = tmp_path / HW / "marks.csv"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_marks_survive_any_number_of_runs_and_add_up(tmp_path):
    table = run(tmp_path, students(ada="because", boole="therefore"))
    assert table["ada"]["total"] == "16"
    assert table["ada"]["waiting"] == "q5_derivation; q6_lost_for_a_reason"
    type_in(tmp_path, "q5_derivation,ada,,", "q5_derivation,ada,4.5,well argued")
    type_in(tmp_path, "q6_lost_for_a_reason,ada,,", "q6_lost_for_a_reason,ada,6,")
    for _ in range(3):
        table = run(tmp_path, students(ada="because", boole="therefore", cantor="see"))
    ada = table["ada"]
    assert (ada["q5_derivation"], ada["by_hand"], ada["total"], ada["of"]) == (
        "4.5", "10.5", "26.5", "28",
    )  # fmt: skip
    assert ada["waiting"] == ""
    assert table["cantor"]["waiting"] != ""
    assert "well argued" in (tmp_path / HW / "feedback" / "ada.html").read_text()


def test_a_changed_answer_is_named_and_its_mark_is_kept(tmp_path):
    run(tmp_path, students(ada="because"))
    type_in(tmp_path, "q5_derivation,ada,,", "q5_derivation,ada,3,")
    table = run(tmp_path, students(ada="because, and better"))
    assert table["ada"]["q5_derivation"] == "3"
    assert "q5_derivation (changed since it was marked)" in table["ada"]["waiting"]
    page = (tmp_path / HW / "reports" / "ada.html").read_text()
    assert "changed since it was marked" in page
    # Whoever has looked again empties the last column.
    line = next(x for x in (tmp_path / HW / "marks.csv").read_text().split("\n") if "ada,3" in x)
    type_in(tmp_path, line, line.rpartition(",")[0] + ",")
    table = run(tmp_path, students(ada="because, and better"))
    assert table["ada"]["waiting"] == "q6_lost_for_a_reason"
    # Where nothing is there nothing waits, and no row is made.
    empty = students(ada="because, and better", frege="")
    empty[1].answers = {}
    assert run(tmp_path, empty)["frege"]["waiting"] == ""
    assert "frege" not in (tmp_path / HW / "marks.csv").read_text()
    # Marks of somebody who is not there this time are kept as well.
    run(tmp_path, students(boole="therefore"))
    assert "q5_derivation,ada,3," in (tmp_path / HW / "marks.csv").read_text()


def test_marks_of_a_doubled_id_go_to_whoever_is_left(tmp_path):
    done = students(ada="because", boole="therefore")
    for one in done:
        one.student, one.key = "ada", f"ada ({one.name})"
    run(tmp_path, done)
    type_in(tmp_path, "q5_derivation,ada (ada.ipynb),,", "q5_derivation,ada (ada.ipynb),5,")
    table = run(tmp_path, students(ada="because"))
    assert table["ada"]["q5_derivation"] == "5"
    assert "q5_derivation,ada,5," in (tmp_path / HW / "marks.csv").read_text()


def test_marks_come_back_from_a_spreadsheet_of_any_country(tmp_path):
    run(tmp_path, students(ada="because"))
    path = tmp_path / HW / "marks.csv"
    text = path.read_text().replace("q5_derivation,ada,,", "q5_derivation,ada,NUMBER,schön")
    text = text.replace(",", ";").replace("NUMBER", "4,5")
    path.write_text(text, encoding="utf-8-sig")
    assert run(tmp_path, students(ada="because"))["ada"]["q5_derivation"] == "4.5"
    path.write_text(text.replace("4,5", "'4,5"), encoding="latin-1")
    with pytest.raises(marks.MarksError, match=r"line 2: \"'4,5\" is no number"):
        run(tmp_path, students(ada="because"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("q5_derivation,ada,,", "q5_derivation,ada,7,", "7 points; q5_derivation has 0 to 6"),
        ("q5_derivation,ada,,", "q5_derivation,ada,-1,", "-1 points"),
        ("q5_derivation,ada,,", "q5_derivation,ada,good,", "'good' is no number"),
        ("q5_derivation,ada,,", "q9,ada,,", "'q9' is none of"),
        ("q6_lost_for_a_reason,ada", "q5_derivation,ada", "a second row"),
        ("comment", "remark", "needs the columns question, id, points, comment, answer"),
    ],
)
def test_a_marks_file_with_a_slip_is_refused_in_a_sentence(tmp_path, old, new, message):
    run(tmp_path, students(ada="because"))
    type_in(tmp_path, old, new)
    before = (tmp_path / HW / "marks.csv").read_text()
    with pytest.raises(marks.MarksError, match=message):
        run(tmp_path, students(ada="because"))
    assert (tmp_path / HW / "marks.csv").read_text() == before


def test_names_that_are_formulas_stay_text(tmp_path):
    table = run(tmp_path, students(**{"=1+1": "x"}))
    assert list(table) == ["'=1+1"]
    type_in(tmp_path, "q5_derivation,'=1+1,,", "q5_derivation,'=1+1,5,")
    assert run(tmp_path, students(**{"=1+1": "x"}))["'=1+1"]["by_hand"] == "5"


RULES = """
[late]
free = 2
per_day = 0.1
at_most = 5

[hw1]
deadline = 2026-10-12T12:00:00

[hw2]
deadline = 2026-10-19T12:00:00

[hw2.late]
boole = 1
cantor = 4
dedekind = 6

[hw2.regrade.ada]
q2_gap = 0
q5_derivation = 6
why = "as agreed"
"""


def test_late_days_and_regrades_follow_the_rules(tmp_path):
    (tmp_path / "rules.toml").write_text(RULES)
    earlier = tmp_path / "hw1_mixtures_and_em"
    earlier.mkdir()
    (earlier / "grades.csv").write_text("id,late_days\nboole,2\n")
    done = students(ada="a", boole="b", cantor="c", dedekind="d", euler="e")
    done[4].owner = {"handed_in": "2026-10-20T13:00:00+00:00"}
    table = run(tmp_path, done)
    total = {student: row["total"] for student, row in table.items()}
    assert total == {
        "ada": "18",  # 16 - 4 + 6
        "boole": "14.4",  # the free days were used by the first set
        "cantor": "12.8",  # four days, two of them free
        "dedekind": "0",
        "euler": "16",  # 25 hours are two days, both free
    }
    assert table["euler"]["late_days"] == "2"
    assert "regraded: q2_gap 0, q5_derivation 6 (as agreed)" in table["ada"]["note"]
    page = (tmp_path / HW / "feedback" / "cantor.html").read_text()
    assert "Late by 4 days: less 3.2" in page


def test_late_without_a_number_of_days_is_named(tmp_path):
    done = students(ada="a")
    done[0].owner = {"late": "yes"}
    assert "came late" in run(tmp_path, done)["ada"]["note"]
    own = {"deadline": datetime(2026, 10, 19, 12)}
    assert marks.days_late(own, "ada", {"handed_in": "2026-10-19 11:59:00 +0000"}) == (0, [])
    assert marks.days_late(own, "ada", {"handed_in": "2026-10-19 12:00:01 UTC"}) == (1, [])
    assert "which is no time" in marks.days_late(own, "ada", {"handed_in": "noon"})[1][0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[late", "rules.toml"),
        ("[hw2.regrade.ada]\nq9 = 1", "regrade of 'ada': q9 = 1"),
        ("[hw2.regrade.ada]\nq5_derivation = 7", "q5_derivation = 7"),
        ("[hw2.regrade.ada]\nq2_gap = 'all'", "q2_gap = 'all'"),
    ],
)
def test_rules_with_a_slip_are_refused(tmp_path, text, message):
    (tmp_path / "rules.toml").write_text(text)
    with pytest.raises(marks.MarksError, match=message):
        run(tmp_path, students(ada="a"))


# ------------------------------------------------------------------------- exports


def test_the_tables_for_learning_systems_have_their_documented_columns(tmp_path):
    (tmp_path / "roster.csv").write_text(
        "id;name;email;canvas_id;sis_id;login;section;moodle_id\n"
        "ada;Ada Lovelace;ada@example.org;4001;S1;al;A;101\nboole;George Boole;;;;;;\n"
    )
    done = students(ada="a", boole="b")
    done.append(grade.Grade("c.ipynb", student="", key="c.ipynb", points=done[0].points))
    run(tmp_path, done)
    folder = tmp_path / HW / "exports"

    def table(name):
        with (folder / name).open(newline="") as file:
            return list(csv.reader(file))

    assert table("canvas.csv") == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", HW],
        ["    Points Possible", "", "", "", "", "28"],
        ["Ada Lovelace", "4001", "S1", "al", "A", "16"],
        ["George Boole", "", "", "boole", "", "16"],
    ]
    moodle = rows(folder / "moodle.csv")
    assert list(moodle[0]) == [
        "Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade",
        "Grade can be changed", "Last modified (submission)", "Last modified (grade)",
        "Feedback comments",
    ]  # fmt: skip
    assert (moodle[0]["Identifier"], moodle[0]["Grade"]) == ("Participant 101", "16")
    scope = rows(folder / "gradescope.csv")
    assert list(scope[0]) == [
        "First Name", "Last Name", "SID", "Email", "Sections", "Total Score", "Max Points",
        "Status",
    ]  # fmt: skip
    assert scope[0]["SID"] == "ada"
    assert scope[0]["Last Name"] == "Lovelace"
    assert len(scope) == 2, "whose points these are nobody knows"


def test_a_roster_with_a_slip_is_refused(tmp_path):
    for text, message in [("name\nAda\n", "column `id`"), ("id\nada\nada\n", "blank or doubled")]:
        (tmp_path / "roster.csv").write_text(text)
        with pytest.raises(marks.MarksError, match=message):
            exports.read_roster(tmp_path / "roster.csv")


# ------------------------------------------------------------------------- pages


def photo(form="JPEG", size=(4000, 3000)):
    image = Image.new("RGB", size, "white")
    exif = image.getexif()
    exif[0x010E] = "taken at home"
    buffer = io.BytesIO()
    image.save(buffer, form, exif=exif)
    return base64.b64encode(buffer.getvalue()).decode()


EVIL = r"""
# q5_derivation: 6 of 6 points

<script>document.title = "run"</script> <img src=x onerror="document.title = 'run'">
</div></section><h2>q1: 4 of 4</h2> <style>.points { color: green }</style>
[here](javascript:document.title='run') ![spy](https://example.org/spy.png)
![mine](attachment:page.jpg) ![not there](attachment:other.png) $\frac{T}{N - m}$
$\href{javascript:document.title='run'}{x}$ $\htmlData{a=b}{y}$ $\includegraphics{https://example.org/z.png}$

$$\hat\mu = \frac{T}{N - m}$$

| a | b |
|---|---|
| 1 | 2 |
"""


def evil_answer():
    png = base64.b64encode(io.BytesIO().getvalue()).decode()
    fine = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(fine, "PNG")
    outputs = [
        {"output_type": "stream", "text": "\x1b[31mred</pre><script>document.title='run'</script>"},
        {"output_type": "display_data", "data": {
            "text/html": "<script>document.title='run'</script>", "text/plain": "<b>bold</b>",
            "application/javascript": "document.title='run'"}},
        {"output_type": "display_data", "data": {
            "image/png": base64.b64encode(fine.getvalue()).decode(), "text/plain": "<Figure>"}},
        {"output_type": "display_data", "data": {"image/png": png, "text/plain": "no picture"}},
        {"output_type": "display_data", "data": {
            "image/svg+xml": "<svg onload=\"document.title='run'\"/>", "text/plain": "a drawing"}},
        {"output_type": "error", "ename": "Oops", "evalue": "<i>bad</i>", "traceback": []},
    ]  # fmt: skip
    return [
        {"id": "a", "cell_type": "markdown", "source": EVIL, "given": False, "outputs": [],
         "attachments": {"page.jpg": {"image/jpeg": photo()}}},
        {"id": "b", "cell_type": "code", "source": "print('</pre><b>hi</b>')", "given": False,
         "attachments": {}, "outputs": outputs},
    ]  # fmt: skip


def evil_page(tmp_path, teacher=True):
    done = students(ada="a")
    done[0].answers["q5_derivation"] = evil_answer()
    done[0].failed = {"q1_elbo": ["<script>document.title='run'</script>"]}
    done[0].points["q1_elbo"] = 0.0
    done[0].name = "</title><script>document.title='run'</script>.ipynb"
    book = telling.Book(grade.Homework.built(HW), tmp_path / HW, [], True)
    return book.page(done[0], teacher)


def test_a_page_shows_what_was_handed_in_and_runs_nothing(tmp_path, browser):
    page = evil_page(tmp_path)
    (tmp_path / "ada.html").write_text(page, encoding="utf-8")
    asked = []
    tab = browser.new_page()
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto((tmp_path / "ada.html").as_uri())
    tab.wait_for_timeout(300)
    assert tab.title() == f"{HW}: ada"
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert tab.locator("script").count() == 0
    assert tab.locator("style").count() == 1
    answer = tab.locator("#q5_derivation").locator("xpath=..").locator(".answer")
    assert answer.locator("img").count() == 2  # the photo and the figure
    assert answer.locator("math").count() >= 2
    assert answer.locator("table").count() == 1
    assert answer.locator("a[href^='javascript']").count() == 0
    assert "<script>" in answer.inner_text(), "it is shown as text"
    assert "a picture that is not in the file" in answer.inner_text()
    # Nothing of the answer has got out of its box, and no points were forged.
    assert tab.locator("h2").count() == 6
    assert tab.locator("h2 .points").all_inner_texts()[0] == "0 of 4"
    assert tab.locator("table strong").inner_text() == "12 of 28"
    loaded = "i => i.complete && i.naturalWidth > 0"
    assert all(image.evaluate(loaded) for image in answer.locator("img").all())
    tab.close()


def test_photos_are_small_and_say_nothing_of_their_place(tmp_path):
    page = evil_page(tmp_path)
    assert len(page) < 200_000
    assert base64.b64encode(b"taken at home").decode()[:12] not in page
    address = report.picture(report.decoded(photo()))
    image = Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))
    assert max(image.size) == 1600
    assert not image.getexif()
    assert report.picture(b"GIF89a nothing") == ""
    bomb = Image.new("1", (30_000, 30_000))
    buffer = io.BytesIO()
    bomb.save(buffer, "PNG")
    assert report.picture(buffer.getvalue()) == "", "a picture of a billion pixels"


def test_only_whoever_marks_reads_the_rubric(tmp_path):
    assert "For whoever marks" in evil_page(tmp_path, teacher=True)
    page = evil_page(tmp_path, teacher=False)
    assert "whoever marks" not in page
    assert "is again exponential" not in page


@pytest.mark.parametrize("width", [1200, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_and_can_be_read(tmp_path, browser, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    done = students(**{f"a rather long name of a student {k}": "x" for k in range(5)})
    done[0].failed = {"q1_elbo": ["The entropy is missing."]}
    done[0].note = "SUSPICIOUS: " + "x" * 200
    run(tmp_path, done)
    (tmp_path / "ada.html").write_text(evil_page(tmp_path), encoding="utf-8")
    tab = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    for path in (tmp_path / "ada.html", tmp_path / HW / "class.html"):
        tab.goto(path.as_uri())
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, path
        # The checker is a script, which the page forbids; it is let in through a copy.
        tab.set_content(path.read_text().replace("default-src 'none'", "default-src *"))
        found = Axe().run(tab, options={"runOnly": ["wcag2a", "wcag2aa"]})
        assert found.violations_count == 0, found.generate_report()
    tab.close()


def test_the_class_page_says_what_went_wrong_most_often(tmp_path):
    done = students(**{f"s{k}": "x" for k in range(10)})
    for k, one in enumerate(done):
        if k < 6:
            one.failed = {"q1_elbo": [f"The bound is wrong. It is off by {k + 0.5}."]}
            one.points["q1_elbo"] = 0.0
        if k == 9:
            one.failed = {"q1_elbo": ["The entropy is missing."]}
            one.points["q1_elbo"] = 0.0
    run(tmp_path, done)
    page = (tmp_path / HW / "class.html").read_text()
    assert "<strong>6</strong> The bound is wrong. It is off by" in page
    assert page.index("<strong>6</strong>") < page.index("<strong>1</strong>")
    assert "30 %" in page  # who solved the first question
    assert "q5_derivation: 10" in page
    assert "Each ran in a box" in page


# ------------------------------------------------------------------------- points and likeness


def test_partial_credit_adds_up_and_nothing_else_does():
    checks = [
        {"name": n, "points": p, "hidden": False} for n, p in zip("abc", (1, 2, 1), strict=True)
    ]
    question = {"name": "q", "points": 4, "checks": checks, "all_or_nothing": False,
                "manual": False}  # fmt: skip
    homework = SimpleNamespace(auto={"q": question})

    def points(*passed, all_or_nothing=False, probe=(False, True, False)):
        question["all_or_nothing"] = all_or_nothing
        one = grade.Grade("x", points={"q": 0.0})
        cases = {"q": [[p, "" if p else "no"] for p in passed], "p": [[p, ""] for p in probe]}
        grade.judge({"checks": cases}, homework, "p", one)
        return one.points["q"], one.note

    assert points(True, True, True) == (4.0, "")
    assert points(True, False, True) == (2.0, "")
    assert points(False, True, False) == (2.0, "")
    assert points(True, False, True, all_or_nothing=True) == (0.0, "")
    assert points(True, True, True, all_or_nothing=True) == (4.0, "")
    for forged in ({"probe": (True, True, False)}, {"probe": (False, False, False)}):
        assert points(True, True, True, **forged)[0] == 0.0
        assert "SUSPICIOUS" in points(True, True, True, **forged)[1]
    assert "SUSPICIOUS" in points(True, True)[1], "a check is missing"
    for strange in ({"checks": {"q": 7}}, {"checks": []}, [], None, "x", {"checks": {"q": [[1]]}}):
        one = grade.Grade("x", points={"q": 0.0})
        grade.judge(strange, homework, "p", one)
        assert one.note
        assert one.points == {"q": 0.0}


def test_copies_are_found_and_right_answers_written_alone_are_not():
    """The rate of false alarms is measured on right answers in other words, mixed in all ways."""

    def cells(code):
        return [{"id": "c", "cell_type": "code", "source": code, "given": False, "outputs": []}]

    alarms = tried = 0
    for path in build.MASTERS:
        own = masters.solutions(build.read_master(path))
        answers = {q: [own[q], *others] for q, others in RIGHT[path.stem].items()}
        ways = list(itertools.product(range(3), repeat=len(answers)))
        for one, two in itertools.combinations(ways, 2):
            if any(a == b for a, b in zip(one, two, strict=True)):
                continue  # they share an answer, word by word
            pair = {
                str(way): {q: cells(answers[q][k]) for q, k in zip(answers, way, strict=True)}
                for way in (one, two)
            }
            tried += 1
            alarms += bool(similar.pairs(pair))
    assert tried > 1000
    assert alarms == 0


def test_the_pages_say_what_the_programs_do():
    page = (ROOT / "book" / "instructors.md").read_text(encoding="utf-8")
    assert (similar.MANY, similar.RUN, similar.PART) == (40, 5, 0.5)
    assert "at least forty runs of five words" in page
    assert "these are half of what the smaller of the two has" in page
    for name in ("reports/", "feedback/", "exports/", "results/", "marks.csv", "class.html"):
        assert f"| `{name}` |" in page
    rules = page.partition("[late]")[2].partition("```")[0]
    told = tomllib.loads("[late]" + rules)
    assert set(told["late"]) == {"free", "per_day", "at_most"}
    assert set(told["hw1"]) == {"deadline", "late", "regrade"}
    assert all(f"`{column}`" in page for column in exports.ROSTER)
    locked = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    otter = re.search(r"^otter-grader==\S+", locked, re.MULTILINE).group()
    assert otter in (ROOT / "book" / "students.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "disguise",
    [
        lambda code: code,
        lambda code: code.replace("    ", "  "),
        lambda code: re.sub(r"[ ]+#.*", "", code) + "\n# my own work",
    ],
)
def test_a_copy_is_found_also_when_it_is_laid_out_anew(disguise):
    def cells(code):
        return [{"id": "c", "cell_type": "code", "source": code, "given": False, "outputs": []}]

    for answers in RIGHT.values():
        alone = {
            name: {q: cells(versions[k]) for q, versions in answers.items()}
            for k, name in enumerate(["one", "two"])
        }
        alone["copy"] = {q: cells(disguise(c[0]["source"])) for q, c in alone["one"].items()}
        found = similar.pairs(alone)
        assert [(pair["one"], pair["two"]) for pair in found] == [("copy", "one")]


def test_results_of_another_grader_or_another_file_are_not_taken(tmp_path):
    path = tmp_path / "a.json"
    one = grade.Grade("a", digest="d", grader="g")
    saved = {"digest": "d", "grader": "g", "points": {}, "failed": {}, "answers": {}, "note": "",
             "data": ""}  # fmt: skip
    path.write_text(json.dumps(saved))
    assert grade._saved(path, one) is not None
    for change in ({"digest": "e"}, {"grader": "h"}):
        path.write_text(json.dumps({**saved, **change}))
        assert grade._saved(path, one) is None
    path.write_text("{")
    assert grade._saved(path, one) is None
    assert grade._saved(tmp_path / "none.json", one) is None
