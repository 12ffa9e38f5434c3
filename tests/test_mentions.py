"""The grammar of mentions, and small books with planted mentions that lead nowhere."""

import base64
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup
from conftest import ROOT

sys.path.insert(0, str(ROOT / "book" / "_extensions"))
import chapter_ends
import mention_grammar as grammar


def found(text, chapter="4"):
    return [(m.kind, m.target, text[m.start : m.end]) for m in grammar.find(text, chapter)]


# ------------------------------------------------------------------------ the grammar


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("By (4.2) it is so.", [("formula", "4.2", "(4.2)")]),
        ("(2.1) and (12.13)", [("formula", "2.1", "(2.1)"), ("formula", "12.13", "(12.13)")]),
        ("(Bayes, see (4.2))", [("formula", "4.2", "(4.2)")]),
        ("Theorem 4.2 (4.5)", [("theorem", "4.2", "Theorem 4.2"), ("formula", "4.5", "(4.5)")]),
        ("Figure 5.2, left", [("figure", "5.2", "Figure 5.2")]),
        ("Figures 5.1 and 5.2", [("figure", "5.1", "Figures 5.1"), ("figure", "5.2", "5.2")]),
        ("Figure\u00a05.2", [("figure", "5.2", "Figure\u00a05.2")]),
        ("in Chapter\n7, too", [("chapter", "7", "Chapter\n7")]),
        ("Lemma 2.1.", [("lemma", "2.1", "Lemma 2.1")]),
        ("Corollaries 2.1 to 2.3", [("corollary", "2.1", "Corollaries 2.1"),
                                    ("corollary", "2.3", "2.3")]),
        ("Exercise 3 tries it", [("exercise", "4.3", "Exercise 3")]),
        ("Exercise 2 of Chapter 7", [("exercise", "7.2", "Exercise 2"),
                                     ("chapter", "7", "Chapter 7")]),
        ("Exercises 2 and 3", [("exercise", "4.2", "Exercises 2"), ("exercise", "4.3", "3")]),
        ("Chapters 7 to 10, and 12", [("chapter", "7", "Chapters 7"), ("chapter", "10", "10"),
                                      ("chapter", "12", "12")]),
        ("Part IV is", [("part", "IV", "Part IV")]),
        ("with homework 1 and 4", [("homework", "1", "homework 1"), ("homework", "4", "4")]),
        ("Section 5.3 says", [("section", "5.3", "Section 5.3")]),
        ("Theorem 4.3 (where EM ends; Wu 1983)", [("theorem", "4.3", "Theorem 4.3")]),
        ("infinite (BDA3, section 5.3), that by Theorem 10.1", [("theorem", "10.1",
                                                                 "Theorem 10.1")]),
        ("Wu (1983) corrects this. Theorem 4.3 holds.", [("theorem", "4.3", "Theorem 4.3")]),
        ("the 3 in (9.9)", [("formula", "9.9", "(9.9)")]),
    ],
)  # fmt: skip
def test_ours(text, expected):
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Bishop (2006), sections 4.2 and 9.2; McLachlan and Peel (2000), chapter 1",
        "Bishop, chapter 9, (9.10)",
        "Bishop (2006), (9.10)",
        "Bishop (2006), Figure 9.2",
        "Bishop (2006), Pattern Recognition and Machine Learning, Figure 9.2",
        "Gelman et al. (2013), BDA3, Exercise 5",
        "BDA3, (2.16)",
        "BDA3's Figure 5.2",
        "BDA3 section 5.3",
        "(Efron and Hastie 2016, Figure 6.1)",
        "Hoff (2009, Section 3.2)",
        "as Figure 9.2 of Bishop (2006) shows",
        "in Theorem 2.1 of Wu (1983)",
        "they gain 25.3 (1.6) when they come first",
        "a share of 10 % (1.6)",
        "Probably a man (0.74), by 3 nats (2.0), or (12.345)",
        "f(1.2) and x[0](3.4)",
        "version 3.11 of Python, Algorithm 1 of the second text, Chapter and verse",
        "Chapter 3.2, Exercise 2.5",
    ],
)
def test_not_ours(text):
    assert found(text) == []


def test_planted_without_the_citation_they_would_be_ours():
    """What keeps them apart is the citation, not the number."""
    for text in ("Bishop (2006), Figure 9.2", "BDA3, (2.16)", "Figure 9.2 of Bishop (2006)"):
        assert len(grammar.strangers(text)) == 1
    assert len(found("Figure 9.2")) == len(found("(2.16)")) == len(found("gain (1.6)")) == 1


def test_a_list_needs_the_plural():
    assert found("Chapter 1, 205 families") == [("chapter", "1", "Chapter 1")]


def test_a_link_is_mended_only_if_all_of_it_is_the_mention():
    assert grammar.whole("Exercise 3", "4").target == "4.3"
    assert grammar.whole("Exercise 3 of Chapter 7", "4").target == "7.3"
    assert grammar.whole("the proof of Theorem 4.2", "4") is None
    assert grammar.whole("Theorem 4.2 says", "4") is None
    assert grammar.whole("nothing", "4") is None


def test_the_numbers_of_chapters():
    assert grammar.chapters("Chapter 3 (missing data), Chapter 4 and Chapter 6") == [3, 4, 6]
    assert grammar.chapters("Chapters 8 to 11 of the book") == [8, 9, 10, 11]
    assert grammar.chapters("Chapters 1, 4 and 7 to 9") == [1, 4, 7, 8, 9]
    assert grammar.chapters("a chapter") == []


# ------------------------------------------------------------------- ends of chapters


def test_a_term_belongs_to_the_chapter_of_its_first_link():
    glossary = (
        "- **weight**: A share. [Chapter 1, A](01_one.ipynb#a); [Chapter 2, B](02_two.ipynb#b).\n"
        "- **k-means++**: Starts. [Chapter 2, B](02_two.ipynb#b).\n"
        "- **orphan**: Nowhere.\n"
    )
    assert chapter_ends.terms(glossary, "01_one") == ["weight"]
    assert chapter_ends.terms(glossary, "02_two") == ["k-means++"]


def test_a_homework_set_that_needs_nothing_is_refused(tmp_path):
    def write(text):
        cell = {"cell_type": "markdown", "source": [text]}
        (tmp_path / "hw1.ipynb").write_text(json.dumps({"cells": [cell]}), encoding="utf-8")
        return chapter_ends.homework_sets(tmp_path)

    assert write("# Homework 1. Urns\n\n**You need:** Chapters 2 to 4.") == [
        ("1", "Urns", [2, 3, 4])
    ]
    with pytest.raises(ValueError, match=r"hw1\.ipynb does not say"):
        write("# Homework 1. Urns\n\n**You need:** patience.")


# ------------------------------------------------------------------------- small books

PIXEL = base64.b64encode(
    base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
    )
).decode()
FORMULA = "$$\nx = {}\n\\tag{{{}}}\n$$"
ONE = [
    "# 1. One\n\nThe (1.1) and Figure 1.1 and Theorem 1.1 and Exercise 1 and Chapter 2.",
    FORMULA.format(1, "1.1"),
    None,
    "*Figure 1.1. A pixel, and (1.1).*\n\nMore words.",
    "> **Theorem 1.1 (a law).** It holds by (1.1).",
    "## Exercises\n\n**Exercise 1 (a question).** What? See [Exercise 1](#exercises).\n\n"
    "<details>\n<summary>Solution</summary>\n\nBy (1.1).\n\n</details>",
]
TWO = "# 2. Two\n\nSee (1.1), Theorem 1.1, Exercise 1 of Chapter 1, [Exercise 1](01_one.ipynb)."
SILENT = (
    "\n\n## Not Figure 1.1 again\n\n`(1.1)` and [words of Theorem 1.1](01_one.ipynb)\n\n"
    "```\nTheorem 1.1 (1.1)\n```\n\nBishop (2006), Figure 1.1; BDA3, (1.1); 3.4 (1.1).\n"
)
# Each planted mistake, and what the warning says of it.
PLANTED = {
    "(1.9)": "mentions formula 1.9",
    "Figure 7.7": "mentions figure 7.7",
    "Theorem 1.2": "mentions theorem 1.2",
    "Lemma 1.1": "mentions lemma 1.1",
    "Exercise 5": "mentions exercise 2.5",
    "Exercise 2 of Chapter 1": "mentions exercise 1.2",
    "Chapters 1 and 9": "mentions chapter 9",
    "Section 5.3": "mentions section 5.3",
    "Part IX": "mentions part IX",
    "homework 6": "mentions homework 6",
    "[Exercise 8](01_one.ipynb)": "mentions exercise 1.8",
    "[Chapter 2](01_one.ipynb)": "says 'Chapter 2' and leads to Chapter 1",
    "Figure *1.1* is": "begins with 'Figure ' is not in one piece",
    "By (1.1) and Theorem 1.1 all is well.": None,
    FORMULA.format(2, "2.1") + "\n\n" + FORMULA.format(3, "2.1"): "a second formula 2.1",
    "*Figure 2.1. Of nothing.*": "no picture above the caption of Figure 2.1",
}


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    def build(*pages):
        """Build a book of two notebooks with the course's settings; None is a picture."""
        folder = tmp_path_factory.mktemp("book")
        for part in ("_extensions", "_static", "_templates"):
            shutil.copytree(ROOT / "book" / part, folder / "book" / part)
        config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
        config["execute"] = {"execute_notebooks": "off"}
        (folder / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
        toc = {
            "format": "jb-book", "root": "book/index",
            "parts": [{"caption": "Part I: All", "chapters": [
                {"file": "book/01_one"}, {"file": "book/02_two"}, {"file": "book/homework"},
            ]}],
        }  # fmt: skip
        (folder / "_toc.yml").write_text(yaml.safe_dump(toc), encoding="utf-8")
        (folder / "book/index.md").write_text("# Home\n\nSee Part I.\n", encoding="utf-8")
        (folder / "book/homework.md").write_text("# Homework\n\nNone.\n", encoding="utf-8")
        for name, cells in zip(("01_one", "02_two"), pages, strict=True):
            new = nbformat.v4
            picture = new.new_code_cell(
                "draw()",
                metadata={"mystnb": {"image": {"alt": "A pixel."}}},
                outputs=[new.new_output("display_data", data={"image/png": PIXEL})],
            )
            made = [picture if c is None else new.new_markdown_cell(c) for c in cells]
            notebook = new.new_notebook(cells=made)
            notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
            notebook.metadata["language_info"] = {"name": "python", "pygments_lexer": "python"}
            nbformat.write(notebook, folder / f"book/{name}.ipynb")
        jupyter_book = Path(sys.executable).with_name("jupyter-book")
        done = subprocess.run(
            [jupyter_book, "build", "-W", "-n", "--keep-going", "."],
            cwd=folder, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        return done.returncode, " ".join((done.stdout + done.stderr).split()), folder

    return build


def tree(folder, page):
    path = folder / f"_build/html/book/{page}.html"
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def test_a_small_book_is_linked(build):
    code, output, folder = build(ONE, [TWO + SILENT])
    assert code == 0, output[-3000:]
    one, two = tree(folder, "01_one"), tree(folder, "02_two")
    mentions = [
        (a.get_text(), a["href"])
        for a in one.select("article a.mention")
        if not a.find_parent(class_="chapter-end")
    ]
    formula = ("(1.1)", "#formula-1-1")
    assert mentions == [
        formula, ("Figure 1.1", "#figure-1-1"), ("Theorem 1.1", "#theorem-1-1"),
        ("Exercise 1", "#exercise-1"), ("Chapter 2", "02_two.html"),
        formula, formula, ("Exercise 1", "#exercise-1"), formula,
    ]  # fmt: skip
    assert [(a.get_text(), a["href"]) for a in two.select("article a.mention")] == [
        ("(1.1)", "01_one.html#formula-1-1"), ("Theorem 1.1", "01_one.html#theorem-1-1"),
        ("Exercise 1", "01_one.html#exercise-1"), ("Chapter 1", "01_one.html"),
        ("Exercise 1", "01_one.html#exercise-1"),
    ]  # fmt: skip
    figure = one.find(id="figure-1-1")
    assert figure.name == "figure"
    assert figure.find("img")["alt"] == "A pixel."
    caption = figure.find("figcaption")
    assert caption.select_one(".caption-text").get_text() == "Figure 1.1. A pixel, and (1.1)."
    assert caption.find("a", class_="mention")["href"] == "#formula-1-1"
    assert one.find(id="theorem-1-1").name == "blockquote"
    assert "(a question)" in one.find(id="exercise-1").get_text()
    assert one.find(id="formula-1-1").select_one(".katex")
    end = one.select_one(".chapter-end")
    assert end.find("a", href="02_two.html").get_text() == "2. Two"
    assert "last chapter" in two.select_one(".chapter-end").get_text()


def test_each_planted_mistake_fails_the_build_and_is_named(build):
    cells = [TWO, *PLANTED]
    code, output, _ = build(ONE, cells)
    assert code != 0
    for i, (words, expected) in enumerate(PLANTED.items(), 2):
        if expected is None:
            assert f"cell {i}:" not in output, words
        else:
            _, _, after = output.partition(f"02_two.ipynb: WARNING: cell {i}: ")
            assert expected in after[:150], (words, after[:150])
    warned = {int(cell) for cell in re.findall(r"WARNING: cell (\d+)", output)}
    assert warned == {i for i, expected in enumerate(PLANTED.values(), 2) if expected}
