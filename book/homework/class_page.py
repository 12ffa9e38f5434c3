"""Write the page of a class: points, what was solved, what went wrong most often, what waits."""

import re
from collections import Counter
from typing import Any

import report

BINS = 10
WAITS = re.compile("^This check waits|the squares wait")  # these say nothing of a mistake


def page(book: Any, done: list[Any], pairs: list[dict[str, Any]]) -> str:
    """Return the page for the instructor."""
    sums = {grade.key: book.sum_of(grade)[1] for grade in done}
    waiting = Counter(w for total in sums.values() for w in total.waiting)
    noted = []
    for grade in sorted(done, key=lambda g: g.key):
        text = "; ".join(book.notes_of(grade, sums[grade.key]))
        if text:
            noted.append({"slug": grade.slug, "key": grade.key, "text": text})
    here = {(grade.student or "").strip() for grade in done}
    missing = [
        f"{one} ({who['name']})" if who["name"] else one
        for one, who in book.roster.items()
        if one not in here
    ]
    box = "Each ran in a box of its own." if book.boxed else "They ran without a sandbox."
    return report.render(
        "class.html", homework=book.homework.name, many=len(done), box=box, of=f"{book.of:g}",
        points=_distribution([t.total for t in sums.values()], book.of),
        questions=[_question(q, book, done) for q in book.homework.questions],
        waiting=[f"{name}: {many}" for name, many in sorted(waiting.items())], noted=noted,
        skipped=book.skipped, roster=book.roster, missing=missing,
        pairs=[{**p, "part": f"{100 * p['part']:.0f}"} for p in pairs],
    )  # fmt: skip


def _distribution(totals: list[float], of: float) -> list[dict[str, Any]]:
    """Count the students in each range of points."""
    counts = Counter(min(BINS - 1, int(BINS * total / of)) for total in totals)
    rows = []
    for k in range(BINS):
        low, high = of * k / BINS, of * (k + 1) / BINS
        label = f"{low:g} to {'below ' if k < BINS - 1 else ''}{high:g}"
        share = 100 * counts[k] / max(1, len(totals))
        rows.append({"label": label, "many": counts[k], "width": f"{share:.1f}"})
    return rows


def _question(question: dict[str, Any], book: Any, done: list[Any]) -> dict[str, Any]:
    """Say who solved a question, and what the checks said to the others."""
    name = question["name"]
    earned = []
    for grade in done:
        mark = book.marks.get((grade.key, name))
        points = (mark.points if mark else None) if question["manual"] else grade.points[name]
        if points is not None:
            earned.append(points / question["points"])
    said: Counter[str] = Counter()
    example: dict[str, str] = {}
    for grade in done:
        told = [s for s in grade.failed.get(name, []) if not WAITS.search(s)]
        for kind, sentence in {_kind(s): s for s in told}.items():
            said[kind] += 1
            example.setdefault(kind, sentence)
    share = f"{100 * sum(e >= 1 for e in earned) / len(earned):.0f}" if earned else ""
    sentences = [{"many": many, "text": example[kind]} for kind, many in said.most_common(5)]
    return {"title": question["title"], "share": share, "sentences": sentences}


def _kind(sentence: str) -> str:
    """Return a sentence without its numbers: the same mistake is off by another number for each."""
    return re.sub(r"-?\d+(\.\d+)?(e[-+]\d+)?", "#", sentence)
