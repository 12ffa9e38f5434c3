"""The reference: made from the docstrings, complete, nothing private; and what links to it."""

import importlib
import inspect
import re
import sys
from urllib.parse import unquote, urldefrag

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import ROOT, SITE
from test_project import OBJECTS, PUBLIC
from visits import anchors, measured, show, soup

sys.path.insert(0, str(ROOT / "book" / "_extensions"))

import reference

NAMES = [name.removeprefix("companion.") for name in PUBLIC]


def entries():
    """Return what the reference explains: name -> page."""
    return {
        term["id"]: path.stem
        for path in sorted((SITE / "book" / "reference").glob("*.html"))
        for term in soup(f"book/reference/{path.stem}").select("dl.py > dt[id]")
    }


def public_names():
    """Return the functions, classes and methods that the docstrings' test asks for, and more."""
    names = set(OBJECTS)
    for module in PUBLIC:
        for cls in vars(importlib.import_module(module)).values():
            if inspect.isclass(cls) and cls.__module__ == module and cls.__name__[0] != "_":
                names |= {
                    f"{module}.{cls.__name__}.{key}"
                    for key, value in vars(cls).items()
                    if key[0] != "_"
                    and type(value).__name__
                    in ("property", "cached_property", "classmethod", "staticmethod")
                }
    return names


def faults(pages, entries, names):
    """Yield what is public and has no place in the reference, and the reverse."""
    for name in sorted({name.rpartition(".")[0] for name in names if name in OBJECTS} - pages):
        if name in PUBLIC:
            yield f"{name} has no page"
    for name in sorted(pages - set(PUBLIC)):
        yield f"{name} has a page and is no public module"
    for name in sorted(names - set(entries)):
        yield f"{name} has no entry"
    for name in sorted(set(entries) - names):
        if re.search(r"\._", name) or not reference.entry_of(name):
            yield f"{name} has an entry and is not public"


def test_every_public_name_has_an_entry_and_nothing_private_has(site):
    pages = {f"companion.{path.stem}" for path in (SITE / "book" / "reference").glob("*.html")}
    assert pages == set(PUBLIC)
    assert len(public_names()) > 300
    assert list(faults(pages, entries(), public_names())) == []


def test_a_missing_or_private_entry_is_found(site):
    names, found = public_names(), entries()
    pages = set(PUBLIC)
    found.pop("companion.em.fit")
    found["companion.em._Visits"] = "em"
    assert list(faults(pages - {"companion.units"} | {"companion._soft"}, found, names)) == [
        "companion.units has no page",
        "companion._soft has a page and is no public module",
        "companion.em.fit has no entry",
        "companion.em._Visits has an entry and is not public",
    ]


def test_an_entry_stands_on_the_page_of_its_module(site):
    for name, page in entries().items():
        assert name.startswith(f"companion.{page}."), (name, page)


def test_the_examples_are_those_that_run(site):
    """What is shown with >>> is the source's own, which `make test` runs as doctests."""
    shown = 0
    for name, thing in OBJECTS.items():
        entry = soup(f"book/reference/{entries()[name]}").find("dt", id=name).parent.find("dd")
        own = entry.select(":scope > div.doctest, :scope > div > div.doctest")
        document = inspect.cleandoc(thing.__doc__ or inspect.getdoc(thing) or "")
        for block in own:
            shown += 1
            for line in block.get_text().strip().splitlines():
                assert line.strip() in document, (name, line)
        assert (">>>" in document) == bool(own), name
    assert shown > 200


def test_formulas_are_set_and_none_is_left_as_text(site):
    formulas = 0
    for name in NAMES:
        article = soup(f"book/reference/{name}").find("article")
        formulas += len(article.select(".katex"))
        assert not article.select(".katex-error, .problematic, .system-message")
        for part in article.select(".katex, .highlight, code"):
            part.extract()
        left = re.search(r":math:|\\[a-z]{2,}|\.\. math|\w``", article.get_text())
        assert not left, (name, left)
    soup.cache_clear()  # the trees were cut
    assert formulas > 200


@pytest.mark.parametrize("name", NAMES)
def test_links_of_the_reference_lead_somewhere(site, name):
    here = SITE / "book" / "reference" / f"{name}.html"
    for link in soup(f"book/reference/{name}").select("a[href]"):
        if re.match(r"https?:|#$", link["href"]):
            continue
        file, anchor = urldefrag(link["href"])
        target = (here.parent / unquote(file)).resolve() if file else here
        assert target.is_file(), link
        if anchor:
            assert unquote(anchor) in anchors(target), link


def test_no_page_of_the_reference_is_kept_in_the_repository():
    assert "book/reference/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_a_page_of_a_module_that_is_gone_is_removed_and_nothing_is_written_twice(tmp_path):
    (tmp_path / "old.rst").write_text("old\n===\n", encoding="utf-8")
    reference.write(tmp_path)
    assert {path.stem for path in tmp_path.iterdir()} == set(NAMES)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    reference.write(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("companion.em.fit", "companion.em.fit"),
        ("companion.interactive.Basins", "companion.interactive.basins.Basins"),  # gathered
        ("companion.gaussians.GaussianMixture.e_step", "companion.mixtures.Mixture.e_step"),
        ("companion.gaussians.GaussianMixture.aic", "companion.mixtures.Mixture.aic"),
        ("companion.em.EMResult.log_likelihood", "companion.em.EMResult.log_likelihood"),
        ("companion.em", "companion.em"),
        ("companion.em.foo", None),
        ("companion.em._Visits", None),
        ("companion.em.np", None),
        ("companion.em.fit.foo", None),
        ("companion.gaussians.GaussianMixture.foo", None),
        ("companion._soft", None),
        ("numpy.exp", None),
        ("", None),
    ],
)
def test_a_name_finds_its_entry(name, entry):
    assert reference.entry_of(name) == entry


@pytest.mark.parametrize(
    "name", ["em.fit", "mixtures.Mixture.e_step", "evidence.Evidence", "em.EMResult.log_likelihood"]
)
def test_the_source_is_found_on_the_repository(name):
    class App:
        class config:  # noqa: N801
            html_theme_options = {  # noqa: RUF012
                "repository_url": "https://github.com/an-owner/a-course/",
                "repository_branch": "main",
            }

    module, _, rest = name.partition(".")
    info = {"module": f"companion.{module}", "fullname": rest}
    address = reference.source_address(App)("py", info)
    found = re.fullmatch(
        r"https://github\.com/an-owner/a-course/blob/main/(companion/\w+\.py)#L(\d+)-L(\d+)",
        address,
    )
    lines = (ROOT / found[1]).read_text(encoding="utf-8").splitlines()
    part = "\n".join(lines[int(found[2]) - 1 : int(found[3])])
    assert re.search(rf"^ *(def|class) {rest.split('.')[-1]}\b", part, re.MULTILINE)
    App.config.html_theme_options["repository_url"] = ""
    assert reference.source_address(App)("py", info) is None


def test_no_name_is_too_long_for_a_phone(visit):
    tab = visit("genindex")
    names = [name.removeprefix("companion.") for name in reference.modules()]
    for page in ["genindex", *(f"book/reference/{name}" for name in names)]:
        tab.goto(f"{tab.url.split('/genindex')[0].split('/book')[0]}/{page}.html")
        show(tab, 320)
        assert tab.evaluate("document.documentElement.scrollWidth") <= 320, page
    tab.close()


@pytest.mark.parametrize("name", ["em", "mixtures", "interactive.swing"])
def test_a_page_of_the_reference_is_quiet_narrow_and_accessible(visit, name):
    tab = visit(f"book/reference/{name}")
    assert tab.complaints == []
    for scheme in ("light", "dark"):
        for width in (320, 1280):
            show(tab, width, scheme)
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
        measured(tab)
        report = Axe().run(tab, options={"resultTypes": ["violations"]}).response
        assert [
            (v["id"], v["nodes"][0]["html"][:150])
            for v in report["violations"]
            if v["impact"] in ("serious", "critical")
        ] == []
    tab.close()
