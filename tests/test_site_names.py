"""Names of the companion lead to the reference: in prose, in code, and not when they are others."""

import posixpath
import re
import sys

import pytest
from conftest import ROOT, SITE, pages
from visits import CHAPTERS, anchors, show, soup

sys.path.insert(0, str(ROOT / "book" / "_extensions"))

import names

LINKS = "a.companion-name, a.sphinx-codeautolink-a"


def whole(link):
    """Return where a link of a page in `book/` leads, however it is written."""
    return posixpath.normpath(posixpath.join("book", link["href"]))


IMPORTS = """
from companion import em, exchangeability as ex
from companion.full_bayes import full_bayes
from numpy import entropy
units, near = 1, 2
def load_rats(): ...
"""


@pytest.mark.parametrize(
    ("literal", "whole"),
    [
        ("em.fit", "companion.em.fit"),
        ("em.fit(start, x)", "companion.em.fit"),
        ("ex.polya_urn", "companion.exchangeability.polya_urn"),
        ("GaussianMixture", "companion.gaussians.GaussianMixture"),
        ("GaussianMixture.e_step", "companion.gaussians.GaussianMixture.e_step"),
        ("companion.em", "companion.em"),
        ("full_bayes", "companion.full_bayes.full_bayes"),  # the function,
        ("full_bayes.HyperPosterior", "companion.full_bayes.HyperPosterior"),  # the module
        ("sample_missing", "companion.missing.MultivariateNormal.sample_missing"),
        ("em.foo", "companion.em.foo"),  # to be complained of
        ("GaussianMixture.foo", "companion.gaussians.GaussianMixture.foo"),
        ("e_step", None),  # whose?
        ("sample", "companion.sampling.sample"),  # the function, not a method
        ("units", None),  # a variable of this page
        ("units.mean", None),
        ("load_rats", None),  # a function of this page
        ("entropy", None),  # another's
        ("near", None),
        ("em.py", None),
        ("evidence.csv", None),
        ("np.exp", None),
        ("result.model", None),
        ("a + b", None),
        ("companion", None),
        ("", None),
    ],
)
def test_what_a_literal_means(literal, whole):
    assert names.meaning(literal, *names.reading([IMPORTS])) == whole


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("companion.em.fit", True),
        ("companion.em.EMResult.model", True),  # a field
        ("companion.gaussians.GaussianMixture.weights", True),
        ("companion.nested_bayes.SCALES", True),
        ("companion.em.foo", False),
        ("companion.foo", False),
        ("companion.gaussians.GaussianMixture.foo", False),
    ],
)
def test_what_exists(name, there):
    assert names.exists(name) is there


def test_code_that_names_what_does_not_exist_is_found():
    code = "from companion import em\nfrom companion.units import Beta\nem.fit(em.start)\n"
    imported, _ = names.reading([code])
    found = ["companion.em.start", "companion.units.Beta"]
    assert names.wrong_code(code, imported) == found
    assert names.wrong_code("%pip install x\n", imported) == []


@pytest.mark.parametrize("page", pages())
def test_names_lead_to_their_entries(site, page):
    here = SITE / f"{page}.html"
    for link in soup(page).select(LINKS):
        file, _, anchor = link["href"].partition("#")
        target = (here.parent / file).resolve()
        assert target.parent == SITE / "book" / "reference", link
        assert anchor in anchors(target), link
        said = re.match(r"[\w.]*", link.get_text())[0].split(".")[-1]
        if link["class"] == ["sphinx-codeautolink-a"]:
            continue  # an instance of a class has a name of its own
        ends = anchor.removeprefix("module-").split(".")
        assert said in ends or said == "SCALES", link


def test_chapters_and_pages_have_such_links(site):
    for page in CHAPTERS:
        assert len(soup(page).select("a.sphinx-codeautolink-a")) > 20, page
    assert len(soup("book/companion").select("a.companion-name")) > 100
    fit = [a for a in soup("book/06_em_in_practice").select(LINKS) if a.get_text() == "em.fit"]
    assert len(fit) > 3
    assert {whole(a) for a in fit} == {"book/reference/em.html#companion.em.fit"}


def test_other_inline_code_is_left_alone(site):
    for page in ("book/datasets", "book/students", "book/instructors"):
        linked = {code.get_text() for code in soup(page).select("a > code")}
        assert not linked & {"make", "state", "counts", "_config.yml", "len(x)", "sd"}
    plain = {c.get_text() for c in soup("book/datasets").select("code") if c.parent.name != "a"}
    assert {"state", "region"} <= plain


@pytest.mark.parametrize("page", pages())
def test_the_tab_key_stops_once_at_each_name(site, page):
    stops = [whole(a) for a in soup(page).select(LINKS) if a.get("tabindex") != "-1"]
    assert len(stops) == len(set(stops))
    assert set(stops) == {whole(a) for a in soup(page).select(LINKS)}


def test_a_second_mention_is_no_stop():
    name = '<p><a class="reference companion-name" href="{}#b">x</a> <a href="a#b">y</a>'
    body = name.format("a") + name.format("../book/a")
    context = {"body": body}
    names.calm(None, "book/page", "", context, None)
    assert context["body"].count('tabindex="-1"') == 1
    assert context["body"].index("tabindex") > len(body) / 2


def test_what_stands_around_code_is_not_touched():
    code = '<div class="highlight-ipython3"><div class="highlight"><pre>{}</pre></div>\n</div>'
    body = "<svg viewBox='0'/>" + code.format("one") + "<b>" + code.format("two") + "<br>"
    context = {"body": body}
    names.take_code_out(None, "", "", context, None)
    assert context["body"] == code.format("one") + names.BETWEEN + code.format("two")
    context["body"] = context["body"].replace("one", "1")
    names.put_code_back(None, "", "", context, None)
    assert context == {"body": body.replace("one", "1")}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_name_is_told_apart_without_colour(visit, scheme):
    tab = visit("book/06_em_in_practice")
    show(tab, scheme=scheme)
    style = "e => getComputedStyle(e).textDecorationLine + getComputedStyle(e).color"
    for kind in ("a.companion-name", "a.sphinx-codeautolink-a"):
        link = tab.locator(f"article {kind}").first
        assert "underline" in link.evaluate(style)
        around = link.evaluate("e => getComputedStyle(e.parentElement).color")
        assert link.evaluate("e => getComputedStyle(e).color") == around
    assert tab.complaints == []
    tab.close()


PLANTED = """# Home

See `em.foo`, and `GaussianMixture.foo(x)`.

```python
from companion.em import bar
```

See `em.fit`, `foo.em`, `x`.
"""


def test_a_name_that_does_not_exist_fails_the_build(small_book):
    toc = "format: jb-book\nroot: book/index\nchapters:\n- glob: book/reference/*\n"
    code, output, folder = small_book({"_toc.yml": toc, "book/index.md": PLANTED})
    assert code != 0
    found = re.findall(r"index\.md:(\d+): WARNING: the companion has no ([\w.]+)", output)
    assert sorted(found) == [
        ("3", "companion.em.foo"),
        ("3", "companion.gaussians.GaussianMixture.foo"),
        ("5", "companion.em.bar"),
    ]
    page = (folder / "_build/html/book/index.html").read_text(encoding="utf-8")
    assert page.count("companion-name") == 1
