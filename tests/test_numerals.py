"""The grammar of numbers in prose: what is a claim, its value, and how exact it is."""

import sys

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(ROOT / "book"))

import numerals
from numerals import numbers

# Text, and the values that it claims.
CLAIMS = {
    # digits
    "Here are 934 children.": [934],
    "2 000 samples of 934 heights": [2000, 934],
    "There are 7\u00a0840 policies and 1\u202f317 claims.": [7840, 1317],
    "In 3,000 urns": [3000],
    "It is 0.23, or 95 % or 71 per cent.": [0.23, 0.95, 0.71],
    "The sum is 482 million.": [482e6],
    "a change of -0.05, then −3": [-0.05, -3],
    "from 8-32 to 3–5": [8, 32, 3, 5],
    "coins with chances 1/5 and 7/10": [0.2, 0.7],
    "4 of 14 rats": [4, 14],
    "16 per 100 000": [16],
    "about 5 in 100 000": [5],
    "a tolerance of 1e-6": [1e-6],
    "means 2, 5 and 10": [2, 5, 10],
    "Zero is 0, and one is 1.": [],
    "1 % of them": [0.01],
    "sequences of 0/1 variables": [],
    "Gamma(20, 430 000)": [20, 430000],
    # names and places
    "Chapters 8 to 10, Figure 9.2, Table 5.1 and section 2.7": [],
    "as chapters 2, 3 and 7 of BDA3 show, with 5 rats": [5],
    "by (1.3), but 1.3 nats and (1.4)": [1.3, 1.4],
    "In 1984, Efron (1975), Wu 1983, 1985-89, the 1880s": [],
    "In 1986 astronomers measured 82 galaxies": [82],
    "2000 samples": [2000],
    "8 November 2016": [],
    "The 71st experiment and the 2nd": [],
    "AM207, Data 102, ML-2, type-2, BDA3": [],
    "1. first\n2. second": [],
    "# 7. A title with 30 words\n\nand 31": [31],
    "`x[30]` and `31`": [31],
    "```\nx = 30\n```\n31": [31],
    "[30 rats](05_x.ipynb#part-31) <a href='32'>33</a>": [30, 33],
    "<!-- given: 30, a book --> 31": [31],
    "Its 0011 is more probable.": [],
    # words
    "two components, three lines, twelve urns": [],
    "thirteen urns, seventy-one experiments": [13, 71],
    "three hundred starts, a hundred fish, half a million points": [300, 100, 500_000],
    "two hundred million nodes, twenty thousand": [2e8, 2e4],
    "hundreds of rats, a few thousand": [],
    "six nats, nine per cent, five times": [6, 0.09, 5],
    "one per cent": [0.01],
    "About six of them, more than two, fewer than five": [6, 2, 5],
    "a factor of eleven": [11],
    "The two steps, these three nats": [],
    "two EM steps, but six EM steps": [6],
    "wrong by two standard errors; two sds apart": [2, 2],
    "two standard deviations and two shares": [],
    "one in ten, three times in four, one county in twenty": [0.1, 0.75, 0.05],
    "two Gaussians in two dimensions": [],
    "three to one": [3],
    "to six decimals": [6],
    "a dozen units": [12],
    "two and a half": [2.5],
    # fractions
    "half of it, nearly half, one half": [0.5, 0.5, 0.5],
    "the first half, the other half, half-and-half, half Bayesian": [],
    "a third of the error, a third less, by a third.": [1 / 3, 1 / 3, 1 / 3],
    "a third way, for a third time": [],
    "two thirds, three quarters, a sixth of it": [2 / 3, 0.75, 1 / 6],
    "two thousandths of a nat, a millionth": [0.002, 1e-6],
    "split into two halves": [],
    "twice as many, twice the average": [2, 2],
    "it occurs twice": [],
    # formulas
    "$e \\approx 2.7$": [2.7],
    "less than $10^{-3}$": [1e-3],
    "$5 \\times 10^{-5}$": [5e-5],
    "$N = 1{,}000{,}000$ or $65\\,536$": [1_000_000, 65536],
    "$-0.05$, $1/2$, $\\tfrac12$, $\\frac{3}{6}$": [-0.05, 0.5, 0.5, 0.5],
    "$n = 25$ and $w = 1$ and $J \\ge 3$": [25],
    "$x_{12}^2 + 3 y_4$": [],
    "$\\tfrac12 \\log 7$ and $2^4$": [],
    "$p < 0.01$": [0.01],
    "$95\\,\\%$": [0.95],
    "$m - 3 = -2$": [-2],
    "$P(x_1 = 1 \\mid x_3 = 1) = 3/6$": [0.5],
    "$$x = 3 y + 12 \\tag{1.5}$$": [],
    "$$x = 0.35 y$$": [0.35],
}


@pytest.mark.parametrize("text", CLAIMS)
def test_claims(text):
    found = [number.value for number in numbers(text, frozenset({"1.3"}))]
    assert found == pytest.approx(CLAIMS[text])


EXACT = {
    "0.23": 0.005,
    "934": 0.5,
    "2 000": 0.5,
    "95 %": 0.005,
    "95.0 %": 0.0005,
    "482 million": 0.5e6,
    "$10^{-3}$": 0.5e-3,
    "seventy": 0.5,
    "seventy-one": 0.5,
    "three hundred": 50,
    "three thousand": 500,
    "half a million": 50_000,
    "a third of it": 0.05 / 3,
    "about 45": 2.25,
    "about 305 000": 15_250,
    "about seventy": 7,
    "about a third": 0.1 / 3,
    "some six nats": 0.6,
}


@pytest.mark.parametrize("text", EXACT)
def test_how_exact_a_number_is(text):
    (number,) = numbers(text)
    assert number.half == pytest.approx(EXACT[text])


BOUNDS = {
    "more than half": ">",
    "at least 20": ">",
    "over a third of it": ">",
    "over the 20 rats": "",
    "less than 5": "<",
    "up to 40": "<",
    "nearly half": "-",
    "about half": "",
}


@pytest.mark.parametrize("text", BOUNDS)
def test_bounds(text):
    (number,) = numbers(text)
    assert number.bound == BOUNDS[text]


SUMS = {
    "20 \\cdot 0.15 \\cdot 0.85 = 2.55": [True],
    "20 \\cdot 0.15 \\cdot 0.85 = 2.65": [False],
    "2 \\times 71 = 142": [True],
    "4/14 = 0.29": [True],
    "4/14 = 0.28": [False],
    "10^6 \\cdot 10^{-3} = 1000": [True],
    "m \\ge \\log 0.01 / \\log 0.85 = 28.3": [True],
    "m \\ge \\log 0.01 / \\log 0.85 = 28.4": [False],
    "1/(1 + e^{-4.5}) = 0.989": [True],
    "16 + 3.3^2 = 26.9": [True],
    "(0.0169 - 0.0096) / (1 - 1/25) = 0.0076": [True],
    "\\min(0.2, 0.15) = 0.15": [True],
    "2^{16} = 65\\,536": [True],
    "\\frac{3}{6} = 0.4": [False],
    "x = 3": [],
    "0.5 = 1/2": [],
    "a + 3 b = 4": [],
    "__import__ = 3": [],
}


@pytest.mark.parametrize("formula", SUMS)
def test_sums_are_worked_out(formula):
    assert [true for _, true in numerals.sums(numerals.tidy(formula))] == SUMS[formula]
    assert bool(numerals.wrong_sums(f"${formula}$")) is (False in SUMS[formula])


def test_a_true_sum_verifies_its_right_side():
    found = numbers("$20 \\cdot 0.17 = 3.4$. So 3.4, not 3.2")
    assert [n.text for n in found if n.verified] == ["3.4", "3.4"]
    assert [n.text for n in found if not n.verified] == ["0.17", "3.2"]


def test_numbers_know_their_places():
    text = "Of 934 children, *half* are men; $r = 0.23$ at 68 inches."
    for number in numbers(text):
        assert text[number.start :].startswith(number.text) or number.text == "0.23"


@given(st.floats(1e-6, 1e9), st.integers(0, 6))
def test_every_number_in_digits_is_read_as_it_is_written(value, decimals):
    written = f"{value:.{decimals}f}"
    found = numbers(f"The value {written} was seen.")
    if float(written) in (0, 1) and "." not in written:
        assert found == []
        return
    (number,) = found
    assert number.value == pytest.approx(float(written), rel=1e-15)
    assert number.half == pytest.approx(0.5 * 10.0**-decimals)


@given(st.integers(13, 999_999))
def test_thousands_apart_or_not(value):
    for written in (f"{value:,}", f"{value:,}".replace(",", " ")):
        (number,) = numbers(f"We saw {written} rats.")
        assert number.value == value


@given(st.integers(13, 99))
def test_every_number_in_words_is_read(value):
    words = next(word for word, number in numerals.WORDS.items() if number == value)
    (number,) = numbers(f"We saw {words} rats.")
    assert (number.value, number.half) == (value, 0.5)


@given(st.text(alphabet="0123456789 .,-$%\\{}()/eaf`*_^", max_size=40))
def test_no_text_is_too_odd(text):
    numbers(text)
    numerals.wrong_sums(text)
