"""Write the instructors' table of times, counted from the chapters.

`make counts` calls this after a chapter has changed; a test compares.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

BOOK = Path(__file__).parent
PAGE = BOOK / "instructors.md"
ROW = re.compile(r"(?:^\| \d\d_.*\n)+", re.MULTILINE)


def rows(book: Path = BOOK) -> Iterator[str]:
    """Yield a row for each chapter: words, lines of code, exercises, hours."""
    for path in sorted(book.glob("[0-9][0-9]_*.ipynb")):
        text = {"markdown": "", "code": ""}
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if "remove-cell" not in cell["metadata"].get("tags", []):
                text[cell["cell_type"]] += "".join(cell["source"]) + "\n\n"
        words = len(text["markdown"].split())
        code = sum(bool(line.strip()) for line in text["code"].splitlines())
        exercises = len(re.findall(r"\*\*Exercise \d", text["markdown"]))
        hours = (words / 100 + 20 * exercises) / 60
        counts = f"{words} | {code} | {exercises} | {hours:.1f}"
        yield f"| {path.stem} | {counts} |\n"


def written(page: str, book: Path = BOOK) -> str:
    """Return the page with a fresh table."""
    if len(ROW.findall(page)) != 1:
        raise ValueError("instructors.md must hold one table of chapters")
    return ROW.sub(lambda _: "".join(rows(book)), page)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8")), encoding="utf-8")
