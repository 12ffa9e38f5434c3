"""The figure `Extendibility`: right numbers in Python, in Node, in a browser."""

import math
import re

import numpy as np
import pytest
from scipy import stats
from test_interactive import pictures
from test_interactive_scripts import call, data, end_of_node  # noqa: F401  # a fixture

from companion.exchangeability import diaconis_freedman_bound
from companion.interactive import Extendibility, extendibility
from companion.interactive._page import inlined


@pytest.fixture(scope="module")
def figure():
    return Extendibility()


def the_laws_are_those_of_box_and_coins(found):
    """By SciPy's formulas; and their distance is the one that is said."""
    for (share, n, k), case in found.items():
        s, ones = np.arange(k + 1), n // extendibility.SHARES[share]
        np.testing.assert_allclose(case["box"], stats.hypergeom(n, ones, k).pmf(s), atol=1e-12)
        coin = stats.binom.pmf(s, k, case["chance"])
        np.testing.assert_allclose(case["mixture"], coin, atol=1e-12)
        apart = np.abs(case["box"] - case["mixture"]).sum() / 2
        assert case["distance"] - 1e-9 <= apart <= case["distance"] + 1e-6
        assert case["distance"] <= case["bound"] + 1e-9
        assert case["bound"] == diaconis_freedman_bound(k, n)


def a_part_comes_near_and_the_whole_goes_away(found):
    """Half-and-half boxes drawn empty are at 1 - C(n, n/2) / 2^n."""
    for n in extendibility.TICKETS:
        if ("half", n, n) in found:
            exact = 1 - math.comb(n, n // 2) / 2**n
            np.testing.assert_allclose(found["half", n, n]["distance"], exact, rtol=1e-9)
    for share in extendibility.SHARES:
        for k in extendibility.DRAWS[1:]:
            line = [
                c["distance"]
                for (name, _, draws), c in found.items()
                if (name, draws) == (share, k)
            ]
            assert (np.diff(line) < 0).all()
            assert line[-1] < k * (k - 1) / 64


def one_draw_is_a_coin(found):
    """One ticket of a box is a toss of the coin with the box's share, and 0 away from it."""
    for (share, _, k), case in found.items():
        if k == 1:
            assert case["chance"] == pytest.approx(1 / extendibility.SHARES[share])
            assert abs(case["distance"]) < 1e-9


def test_to_forget_the_return_may_cost_more_than_the_distance(figure):
    """The nearest coins are not the draw with return: the words must not say so."""
    case = figure.found["a quarter", 4, 2]
    with_return = stats.binom.pmf(np.arange(3), 2, 0.25)
    assert np.abs(case["box"] - with_return).sum() / 2 == pytest.approx(0.125)
    assert case["distance"] < 0.1


def test_the_laws(figure):
    the_laws_are_those_of_box_and_coins(figure.found)
    one_draw_is_a_coin(figure.found)
    a_part_comes_near_and_the_whole_goes_away(figure.found)


@pytest.mark.parametrize(
    ("law", "change"),
    [
        (the_laws_are_those_of_box_and_coins, {"box": np.array([0.0, 0.5, 0.5])}),
        (the_laws_are_those_of_box_and_coins, {"chance": 0.55}),
        (the_laws_are_those_of_box_and_coins, {"distance": 0.02}),
        (the_laws_are_those_of_box_and_coins, {"bound": 0.03}),
        (a_part_comes_near_and_the_whole_goes_away, {"distance": 0.2}),
    ],
)
def test_a_planted_error_is_found(figure, law, change):
    case = figure.found["half", 16, 2]
    assert case["distance"] == pytest.approx(1 / 30, abs=1e-9)
    with pytest.raises(AssertionError):
        law(figure.found | {("half", 16, 2): case | change})


def curves_are_those_of_python(script, figure):
    sent = data(figure)
    for i, share in enumerate(extendibility.SHARES):
        for k in (0, *extendibility.DRAWS):
            for which, what in [(5, "distance"), (6, "bound")]:
                found = call(script, f"curve(data.cases, {i}, {k}, {which})", data=sent)
                expected = np.transpose(figure._line(share, k or None, what))
                np.testing.assert_allclose(found, expected, atol=5.1e-5)


def words_say_what_was_found(script, figure):
    sent = data(figure)
    for (share, n, k), case in figure.found.items():
        i = list(extendibility.SHARES).index(share)
        code = f"words(find(data.cases, {i}, {n}, {k}), data.shares)"
        words = call(script, code, data=sent)
        assert words.startswith(f"{k} of {n} tickets are drawn, {share} of the tickets are ones.")
        assert ("drawn empty" in words) == (k == n)
        assert "forget" not in words
        chance = float(re.search(r"chance (\d\.\d+)", words).group(1))
        assert chance == pytest.approx(case["chance"], abs=5.1e-3)
        distance, bound = re.search(r"Distance ([\d.]+): .* Bound ([\d.]+)\.", words).groups()
        np.testing.assert_allclose(
            [float(distance), float(bound)], [case["distance"], case["bound"]], atol=5.6e-4
        )


def tickets_can_be_divided(script, figure):
    sent = data(figure)
    for i, part in enumerate(extendibility.SHARES.values()):
        for at, n in enumerate(extendibility.TICKETS):
            found = call(script, f"possible(data, {i}, {at})", data=sent)
            assert found % part == 0
            assert found == (n if n % part == 0 else extendibility.TICKETS[at + 1])


SCRIPT_LAWS = [curves_are_those_of_python, words_say_what_was_found, tickets_can_be_divided]


@pytest.mark.parametrize("law", SCRIPT_LAWS)
def test_the_script(figure, law):
    law(inlined("extendibility"), figure)


@pytest.mark.parametrize(
    ("law", "right", "wrong"),
    [
        (curves_are_those_of_python, "(k || one[1])", "(k || 2)"),
        (curves_are_those_of_python, "one[what]", "one[5]"),
        (words_say_what_was_found, "one[2] === k", "one[2] !== k"),
        (words_say_what_was_found, "distance.toFixed", "bound.toFixed"),
        (words_say_what_was_found, "k === n ?", "k < n ?"),
        (words_say_what_was_found, "chance.toFixed", "bound.toFixed"),
        (tickets_can_be_divided, "n >= tickets[at]", "n > tickets[at]"),
        (tickets_can_be_divided, "one[0] === share && one[1] === n)", "one[1] === n)"),
    ],
)
def test_a_planted_error_in_the_script_is_found(figure, law, right, wrong):
    script = inlined("extendibility")
    assert right in script
    with pytest.raises((AssertionError, AttributeError, TypeError)):
        law(script.replace(right, wrong), figure)


def bars(tab):
    get = "rs => rs.map(r => ['x', 'y', 'width', 'height'].map(a => +r.getAttribute(a)))"
    return tab.eval_on_selector_all("svg rect", get)


def test_a_reader_compares_part_and_whole(tab, figure):
    """What stands without a script is what the script draws; keys move the sliders."""
    html = figure._repr_html_()
    tab.set_content(html.split("<script>")[0] + "</div>")
    still = pictures(tab), bars(tab)
    assert f"distance\n{figure.found[extendibility.START]['distance']:.3f}" in re.sub(
        r"\n +", "\n", re.search("<noscript>(.*?)</noscript>", html, re.DOTALL).group(1)
    )
    tab.set_content(html)
    for before, after in zip(still[0], pictures(tab), strict=True):
        np.testing.assert_allclose(before, after, atol=0.0501)
    np.testing.assert_allclose(bars(tab), still[1], atol=0.11)
    tab.focus(".n")
    tab.keyboard.press("Home")
    assert tab.inner_text(".words").startswith("2 of 2 tickets are drawn, half")
    tab.select_option(".share", "a quarter")
    assert tab.inner_text(".words").startswith("2 of 4 tickets are drawn, a quarter")
    for _ in range(3):
        tab.keyboard.press("Tab")
    tab.click(".all")
    assert tab.inner_text(".words").startswith("4 of 4 tickets are drawn, a quarter")
    assert "drawn empty" in tab.inner_text(".words")
    box = figure.found["a quarter", 4, 4]["box"]
    heights = np.array(bars(tab))[:5, 3]
    np.testing.assert_allclose(heights / heights.max(), box, atol=1e-3)
