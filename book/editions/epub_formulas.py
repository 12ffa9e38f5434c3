"""Formulas of the EPUB edition: the TeX of the site's, set as MathML by Temml, all at once."""

import json
import re
import subprocess
from pathlib import Path

from lxml import etree, html

import pages
from node_packages import node, package

HERE = Path(__file__).resolve().parent
MATHML = "http://www.w3.org/1998/Math/MathML"
APPLIED = "\u2061"  # what Temml puts, unseen, behind the name of a function
NO_SPACE_BEHIND = {f"{{{MATHML}}}{name}" for name in ("mo", "mspace")}


def set_formulas(found):
    """Replace each formula of the site by MathML that carries its TeX.

    Parameters
    ----------
    found : list of Page
    """
    formulas = [(page, formula) for page in found for formula in page.body.cssselect(".katex")]
    asked = {}
    for page, formula in formulas:
        asked.setdefault(request(formula), page.name)
    answers = dict(zip(asked, by_temml(list(asked)), strict=True))
    bad = [f"{asked[k]}: {k[0]}: {a['error']}" for k, a in answers.items() if "error" in a]
    if bad:
        raise pages.EditionError("formulas that Temml cannot set: " + "; ".join(bad))
    for _, formula in formulas:
        key = request(formula)
        math = etree.fromstring(answers[key]["mathml"])
        math.set("alttext", key[0])
        space_out(math)
        replace(formula.getparent(), math)
        keep_together(math)


def request(formula):
    """Return (TeX, whether it has lines of its own) of a formula of the site."""
    return pages.tex(formula).strip(), "katex-display" in formula.getparent().get("class", "")


def by_temml(formulas):
    """Return Temml's answer, {"mathml": ...} or {"error": ...}, to each (TeX, display)."""
    asked = [{"tex": tex, "display": display} for tex, display in formulas]
    command = [node(), HERE / "temml.mjs", package("temml") / "dist" / "temml.mjs"]
    done = subprocess.run(
        command, input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def space_out(math):
    """Put the thin space before the name of a function that Temml leaves out.

    It puts one behind a letter, as TeX does, but not behind a letter with an index, nor behind a
    bracket: "N_k log x" would look like "N_klog x".
    """
    for mark in math.iter(f"{{{MATHML}}}mo"):
        name = mark.getprevious()
        if mark.text != APPLIED or name is None:
            continue
        before = name.getprevious()
        if before is None and name.getparent().tag == f"{{{MATHML}}}mrow":
            before = name.getparent().getprevious()
        while before is not None and before.tag == f"{{{MATHML}}}mrow" and len(before):
            before = before[-1]
        if before is None:
            continue
        if before.tag not in NO_SPACE_BEHIND or before.get("form") == "postfix":
            name.addprevious(etree.Element(f"{{{MATHML}}}mspace", width="0.1667em"))


def replace(old, new):
    """Put an element in the place of another."""
    new.tail = old.tail
    old.getparent().replace(old, new)


def keep_together(math):
    """Let no line begin with the full stop behind a formula."""
    behind = re.match(r"[.,;:!?)\]’”…-]+", math.tail or "")
    if behind:
        rest = math.tail[behind.end() :]
        box = html.Element("span", {"class": "unbroken"})
        replace(math, box)
        math.tail, box.tail = behind[0], rest
        box.append(math)
