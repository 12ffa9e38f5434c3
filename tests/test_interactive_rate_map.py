"""The map of rates: its numbers are the companion's, and what is typed finds what is meant."""

import contextlib
import functools
import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_interactive import rate_map  # noqa: F401  # a fixture
from test_interactive_scripts import call, data, end_of_node, squares  # noqa: F401  # a fixture

from companion import datasets
from companion.interactive import RateMap
from companion.interactive._page import inlined
from companion.interactive.rate_map import COLORS

SCRIPT = inlined("rate_map")

# ----------------------------------------------------------------------- the numbers


def the_map_has_the_companions_rates(script, events, exposure):
    """Colours against the limits that the legend names, words against both rates."""
    figure = squares([*events, np.nan], [*exposure, np.nan])
    sent = data(figure)
    legend = re.findall(r"(?:below|from) ([\d.]+)</span>", figure._repr_html_())
    limits = [float(v) for v in legend][1:]
    raw, mean = 1e5 * np.divide(events, exposure), 1e5 * figure.shrunken[:-1]
    for posterior, rates in [(False, raw), (True, mean)]:
        found = call(script, "colors(data, posterior)", data=sent, posterior=posterior)
        expected = [sent["colors"][sum(rate >= limit for limit in limits)] for rate in rates]
        assert found == [*expected, "#999"]
    found = call(script, "[0, 1, 2, 3].map((j) => words(data, j))", data=sent)
    for j, words in enumerate(found[:3]):
        shown = [float(v) for v in re.findall(r"\d+(?:\.\d+)?", words)]
        exact = [events[j], exposure[j], raw[j], mean[j], 100_000]
        np.testing.assert_allclose(shown, exact, atol=0.00501, rtol=1e-9)
    assert found[3] == "Low, Ohio: no data."


@given(
    st.lists(st.integers(0, 900), min_size=3, max_size=3).filter(any),
    st.lists(st.integers(10_000, 10**8), min_size=3, max_size=3),
)
def test_the_map(events, exposure):
    the_map_has_the_companions_rates(inlined("rate_map"), events, exposure)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("data.post : data.raw", "data.raw : ''"),
        ("1e5 *", "1e4 *"),
        ("(events[j] === null", "(!events[j]"),
    ],
)
def test_a_wrong_map_is_found(right, wrong):
    assert right in SCRIPT
    counties = [0, 50, 5], [10_000, 90_000, 50_000]
    the_map_has_the_companions_rates(SCRIPT, *counties)
    with pytest.raises(AssertionError):
        the_map_has_the_companions_rates(SCRIPT.replace(right, wrong), *counties)


# ------------------------------------------------------------------------ the search


@functools.cache
def counties():
    """Names and sizes of all counties, in the words of the page and without its outlines."""
    shapes = datasets.load_county_shapes()
    years = datasets.load_kidney_cancer().set_index("fips")["person_years_1980_84"]
    years = years.reindex(shapes["fips"])
    return {
        "names": (shapes["county"] + ", " + shapes["state"]).tolist(),
        "years": [None if np.isnan(v) else int(v) for v in years],
    }


def found_by(script, text):
    sent = counties()
    return [sent["names"][j] for j in call(script, "search(data, text)", data=sent, text=text)]


def typed(name, rng):
    """What a reader types who means this county: some words, cut short, in any capitals."""
    words = re.findall(r"[^\s,]+", name)
    kept = [word for word in words if rng.uniform() < 0.7] or words[:1]
    cut = [word[: rng.integers(1, len(word) + 1)] for word in kept]
    return rng.choice([" ", ", ", "  "]).join(
        word.upper() if rng.uniform() < 0.3 else word for word in cut
    )


def everything_that_fits_is_found(script, seed):
    """By another way: a regular expression over the names without accents and stops."""
    rng = np.random.default_rng(seed)
    names = counties()["names"]
    text = typed(names[rng.integers(len(names))], rng)

    def bare(words):
        letters = unicodedata.normalize("NFD", words).encode("ascii", "ignore").decode()
        return re.sub(r"['.]", "", letters).lower().replace("-", " ")

    words = re.findall(r"[a-z]+", re.sub(r"\bsaint\b", "st", bare(text)))
    pattern = re.compile(".*".join(rf"\b{word}[a-z]*\b" for word in words))
    expected = {name for name in names if pattern.search(bare(name))}
    found = found_by(script, text)
    whole = {name for name in expected if re.findall(r"[a-z]+", bare(name)) == words}
    assert set(found) == (whole or expected)
    assert words == [] or found


def the_best_comes_first_and_then_the_largest(script, text, first):
    found = found_by(script, text)
    assert found[: len(first)] == first


@settings(max_examples=60)
@given(st.integers(0, 2**32))
def test_the_search(seed):
    everything_that_fits_is_found(SCRIPT, seed)


COOKS = ["Cook, Illinois", "Cook, Georgia", "Cook, Minnesota", "Cooke, Texas"]
LAKES = ["Lake, Illinois", "Lake, Indiana", "Lake, Ohio", "Lake, Florida"]
FIRST = [
    ("Cook", COOKS),
    ("cook county", COOKS),
    ("  COOK , ", COOKS),
    ("Cook Illinois", COOKS[:1]),
    ("Cook, Illinois", COOKS[:1]),
    ("Cook County, Illinois", COOKS[:1]),
    ("cook i", COOKS[:1]),
    ("lake", LAKES),
    ("dona ana", ["Doña Ana, New Mexico"]),
    ("saint louis mis", ["St. Louis, Missouri"]),
    ("Prince Georges", ["Prince George's, Maryland"]),
    ("loving", ["Loving, Texas"]),
]


@pytest.mark.parametrize(("text", "first"), FIRST)
def test_the_first_of_those_that_fit(text, first):
    the_best_comes_first_and_then_the_largest(SCRIPT, text, first)


@pytest.mark.parametrize(
    "text", ["", "  ", ",", "nowhere", "Cook, Utah", "Illinois Cook", "county"]
)
def test_nothing_fits(text):
    assert found_by(SCRIPT, text) == []


@pytest.mark.parametrize(
    ("right", "wrong", "text"),
    [
        ("word.startsWith(typed[k])", "word.includes(typed[k])", "oving"),
        ("word.startsWith(typed[k])", "word === typed[k]", "lov"),
        (".toLowerCase()", "", "COOK"),
        ("(k < typed.length) {", "(k < 1) {", "Cook i"),
        ('.normalize("NFD")', "", "dona ana"),
        ('word !== "county"', "word", "Cook County"),
        ('word === "saint"', 'word === "sain"', "saint louis"),
        ("years[j] - years[i]", "0", "Cook"),
        ("fits[i] - fits[j] ||", "", "cook"),
        ("whole.length > 0 ?", "false ?", "Lee, Ohio"),
    ],
)
def test_a_wrong_search_is_found(right, wrong, text):
    assert right in SCRIPT
    script = SCRIPT.replace(right, wrong)
    if text == "Lee, Ohio":  # there is none: two names of which one begins the other
        sent = {"names": ["Lee, Ohio", "Lee, Ohioville"], "years": [1, 2]}
        assert call(SCRIPT, "search(data, text)", data=sent, text=text) == [0]
        assert call(script, "search(data, text)", data=sent, text=text) != [0]
        return
    with contextlib.suppress(ValueError):  # or the wrong script stops
        assert found_by(script, text) != found_by(SCRIPT, text)


def words_name_some_and_count_all(script, text):
    sent = counties()
    found = call(script, "search(data, text)", data=sent, text=text)
    words = call(script, "several(data, text, found)", data=sent, text=text, found=found)
    if not found:
        assert words == f"Nothing on this map is called “{text}”."
        return
    assert words.startswith(f"{len(found)} counties match “{text}”: ")
    assert all(sent["names"][j] in words for j in found[:4])
    assert ("of the first 60" in words) == (len(found) > 60)
    assert (f" and {len(found) - 4} more. " in words) == (len(found) > 4)


def test_equal_names_are_told_apart_and_one_death_is_one():
    sent = {
        "names": ["St. Louis, Missouri", "St. Louis, Missouri", "Lee, Ohio"],
        "years": [9, 7, 5],
    }
    sent |= {"events": [1, 2, 1], "mean": [3.0, 4.0, 5.0], "digits": 2}
    words = call(SCRIPT, "several(data, 'x', [0, 1, 2])", data=sent)
    expected = (
        "St. Louis, Missouri (9 person-years); St. Louis, Missouri (7 person-years); Lee, Ohio."
    )
    assert expected in words
    assert call(SCRIPT, "words(data, 0)", data=sent).startswith(
        "St. Louis, Missouri: 1 death in 9 "
    )
    assert call(SCRIPT, "words(data, 1)", data=sent).startswith(
        "St. Louis, Missouri: 2 deaths in 7 "
    )


@pytest.mark.parametrize("text", ["Cook", "Washington", "nowhere", "wash", "<b>"])
def test_words_of_a_search(text):
    words_name_some_and_count_all(SCRIPT, text)


@pytest.mark.parametrize(
    ("right", "wrong", "text"),
    [
        ("found.length > MOST", "found.length < MOST", "Cook"),
        ("slice(0, 4)", "slice(1, 4)", "Cook"),
        ("found.length > 4", "found.length > 3", "Cook"),
        ("=== 0) { return `Noth", "=== 9) { return `Noth", "nowhere"),
    ],
)
def test_wrong_words_are_found(right, wrong, text):
    assert right in SCRIPT
    with pytest.raises(AssertionError):
        words_name_some_and_count_all(SCRIPT.replace(right, wrong), text)


# ---------------------------------------------------------------------- in a browser


def test_a_reader_points_at_a_county_or_types_its_name(tab, rate_map):  # noqa: F811
    tab.set_content(rate_map._repr_html_())
    colors = "ps => ps.map(p => p.getAttribute('fill'))"
    raw = tab.eval_on_selector_all(".areas path", colors)
    assert raw == [COLORS[0], COLORS[4], "#999"]  # 0 and 8; middle 6.67
    tab.locator(".areas path").nth(1).hover()
    assert tab.inner_text(".words") == (
        "Right, Ohio: 4 deaths in 50000 person-years, "
        "raw rate 8.00, posterior mean 6.00 per 100000."
    )
    tab.fill("input", "low")
    assert tab.inner_text(".words") == "Low, Utah: no data."
    tab.focus(".which")
    tab.keyboard.press("Enter")
    assert tab.inner_text(".title") == "Posterior means"
    after = tab.eval_on_selector_all(".areas path", colors)
    assert after == [COLORS[2], COLORS[3], "#999"]


@pytest.fixture(scope="module")
def cooks():
    square = "M0 0l99 0 0 99 -99 0z"
    names = ["Cook, Georgia", "Cook, Illinois", "Cooke, Texas", "Nowata, Utah", "Cook, Illinois"]
    years = [3e4, 9e4, 2e4, 1e4, np.nan]
    return RateMap([square] * 5, names, [1, 5, 1, 0, np.nan], years, [5e-5] * 5)


def test_a_reader_finds_a_county_by_keyboard(tab, cooks):
    """Types, hears how many fit, walks down the list, and is told when nothing fits."""
    tab.set_content(cooks._repr_html_())
    words, which = tab.locator(".words"), tab.locator("select")
    assert which.is_hidden()
    tab.locator("input").focus()
    tab.keyboard.type("Cook")
    said = "4 counties match “Cook”: Cook, Illinois (90000 person-years); Cook, Georgia;"
    assert words.inner_text().startswith(said)
    assert which.locator("option").all_inner_texts() == [
        "one of 4",
        "Cook, Illinois (90000 person-years)",
        "Cook, Georgia (30000 person-years)",
        "Cook, Illinois (no data)",
        "Cooke, Texas (20000 person-years)",
    ]
    assert tab.locator(".here").get_attribute("d") == ""
    tab.keyboard.press("Enter")
    assert words.inner_text().startswith("Cook, Illinois: 5 deaths in 90000 person-years")
    tab.keyboard.press("Tab")
    for text in ("Cook, Georgia: 1 death ", "Cook, Illinois: no data.", "Cooke, Texas: 1 death "):
        tab.keyboard.press("ArrowDown")
        assert words.inner_text().startswith(text)
    assert tab.locator(".here").get_attribute("d")
    tab.keyboard.press("Shift+Tab")
    for text, said in [
        ("Cook Geo", "Cook, Georgia: 1 death "),
        ("Cook, Georgia", "Cook, Georgia: 1 death "),
        ("nowhere", "Nothing on this map is called “nowhere”."),
    ]:
        tab.keyboard.press("Control+a")
        tab.keyboard.type(text)
        assert words.inner_text().startswith(said)
        assert which.is_hidden()
    assert tab.locator("input").get_attribute("aria-invalid") == "true"
    assert tab.locator(".here").get_attribute("d") == "", "Nowata is not shown for it"
    tab.keyboard.press("Control+a")
    tab.keyboard.press("Delete")
    assert words.inner_text() == "Point at a county, or type its name."
    assert tab.locator("input").get_attribute("aria-invalid") == "false"


def test_what_is_typed_is_text(tab, cooks):
    tab.set_content(cooks._repr_html_())
    tab.fill("input", "<img src=x>")
    assert tab.inner_text(".words") == "Nothing on this map is called “<img src=x>”."
    assert tab.locator("img").count() == 0
