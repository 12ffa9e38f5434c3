"""The figure `Swing`: the law of the votes by other ways, in Python, in Node, in a browser."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats
from test_interactive import pictures
from test_interactive_scripts import call, data, end_of_node  # noqa: F401  # a fixture

from companion import datasets
from companion.interactive import Swing, swing
from companion.interactive._page import inlined

REGIONS = datasets.load_census_regions()["region"].tolist()
VOTES = datasets.load_results_2016()["electoral_votes"].to_numpy()


@pytest.fixture(scope="module")
def figure():
    """An election of the size of the real one."""
    rng = np.random.default_rng(2)
    return Swing(rng.normal(1, 18, 51), rng.uniform(2, 5, 51), VOTES, REGIONS, "Clinton")


def some_states(seed, size=5):
    rng = np.random.default_rng(seed)
    regions = list(rng.choice(["a", "b", "c"], size))
    return rng.normal(1, 3, size), rng.uniform(1, 4, size), rng.integers(1, 9, size), regions


def law(states, tau, rho):
    return swing.vote_distributions(*states, [tau], [rho])[0, 0]


def covariance(s, regions, tau, rho):
    same = np.equal.outer(np.array(regions), np.array(regions))
    shared = tau**2 + rho * same * np.outer(s, s)
    return np.where(np.eye(len(s)), tau**2 + s**2, shared)


# ------------------------------------------------------------------------ laws of the votes


def few_states_are_enumerated(seed, tau, rho):
    """Each of eight outcomes has the probability of an orthant, by SciPy."""
    states = m, s, v, regions = some_states(seed, 3)
    spread, expected = covariance(s, regions, tau, rho), np.zeros(v.sum() + 1)
    for won in np.ndindex(2, 2, 2):
        sign = 2 * np.array(won) - 1
        orthant = stats.multivariate_normal.cdf(
            sign * m, cov=spread * np.outer(sign, sign), abseps=1e-5, rng=np.random.default_rng(0)
        )
        expected[won @ v] += orthant
    np.testing.assert_allclose(law(states, tau, rho), expected, atol=5e-5)


def without_shared_errors_states_are_convolved(seed):
    states = m, s, v, _ = some_states(seed, 12)
    expected = np.ones(1)
    for chance, more in zip(stats.norm.cdf(m / s), v, strict=True):
        expected = np.convolve(expected, [1 - chance, *np.zeros(more - 1), chance])
    np.testing.assert_allclose(law(states, 0, 0), expected, atol=1e-12)


def the_mean_does_not_know_the_correlation(seed, tau, rho):
    """Each state's margin has the same variance, so the same chance, whatever the correlation."""
    states = m, s, v, _ = some_states(seed)
    expected = v @ stats.norm.cdf(m / np.hypot(s, tau))
    p = law(states, tau, rho)
    assert p.sum() == pytest.approx(1, abs=1e-9)
    assert p @ np.arange(len(p)) == pytest.approx(expected, abs=1e-5)


def the_variance_is_that_of_all_pairs(seed, tau, rho):
    """By the two-dimensional normal distribution."""
    states = m, s, v, regions = some_states(seed)
    spread = covariance(s, regions, tau, rho)
    square = v**2 @ stats.norm.cdf(m / np.sqrt(np.diag(spread)))
    for i in range(len(m)):
        for j in range(i):
            pair = [i, j]
            both = stats.multivariate_normal.cdf(m[pair], cov=spread[np.ix_(pair, pair)])
            square += 2 * v[i] * v[j] * both
    p = law(states, tau, rho)
    assert p @ np.arange(len(p)) ** 2 == pytest.approx(square, abs=3e-4)


def a_region_of_equals_has_one_more_shared_error(seed, tau, rho):
    """The same covariance in two ways: an integral over z, or a larger tau."""
    m, _, v, _ = some_states(seed, 8)
    one = law((m, np.full(8, 2.0), v, ["a"] * 8), tau, rho)
    own = np.full(8, 2 * np.sqrt(1 - rho))
    other = law((m, own, v, list("abcdefgh")), np.sqrt(tau**2 + 4 * rho), 0)
    np.testing.assert_allclose(one, other, atol=1e-5)


def a_region_of_one_state_shares_nothing(seed, tau, rho):
    m, s, v, _ = some_states(seed)
    alone = m, s, v, list("abcde")
    np.testing.assert_allclose(law(alone, tau, rho), law(alone, tau, 0), atol=1e-6)


def who_leads_more_wins_more(seed, tau, rho):
    """However many votes: where any margin grows, and where all signs change."""
    m, s, v, regions = some_states(seed)
    more = m + np.random.default_rng(seed).exponential(size=5)
    p, q = law((m, s, v, regions), tau, rho), law((more, s, v, regions), tau, rho)
    assert (q.cumsum() <= p.cumsum() + 1e-7).all()
    np.testing.assert_allclose(law((-m, s, v, regions), tau, rho), p[::-1], atol=1e-9)


def simulations_agree(seed, tau, rho):
    """All 51 states, drawn from the covariance: within five standard errors of each number."""
    rng, n = np.random.default_rng(seed), 100_000
    m, s = rng.normal(2, 8, 51), rng.uniform(1, 5, 51)
    draws = rng.multivariate_normal(m, covariance(s, REGIONS, tau, rho), n, method="cholesky")
    p = law((m, s, VOTES, REGIONS), tau, rho).cumsum()
    found = np.bincount(((draws > 0) @ VOTES), minlength=539).cumsum() / n
    assert (np.abs(found - p) < 5 * np.sqrt(p.clip(0, 1) * (1 - p).clip(0) / n) + 2e-4).all()


seeds, taus, rhos = st.integers(0, 2**32), st.floats(0, 5), st.floats(0, 0.9)
OF_ANY = [
    few_states_are_enumerated,
    the_mean_does_not_know_the_correlation,
    the_variance_is_that_of_all_pairs,
    a_region_of_equals_has_one_more_shared_error,
    a_region_of_one_state_shares_nothing,
    who_leads_more_wins_more,
]


@pytest.mark.parametrize("one", OF_ANY)
@settings(max_examples=15)
@given(seeds, taus, rhos)
def test_the_votes_of_any_states(one, seed, tau, rho):
    one(seed, tau, rho)


@settings(max_examples=15)
@given(seeds)
def test_independent_states(seed):
    without_shared_errors_states_are_convolved(seed)


@pytest.mark.parametrize(("tau", "rho"), [(0, 0.9), (3, 0), (6, 0.5)])
def test_simulations(tau, rho):
    simulations_agree(1, tau, rho)


@settings(max_examples=15)
@given(seeds, taus)
def test_a_correlation_spreads_the_votes(seed, tau):
    """Slepian's inequality: two states are won together the more often, the more correlated."""
    m, s, v, regions = some_states(seed, 12)
    p = swing.vote_distributions(m, s, v, regions, [tau], swing.CORRELATIONS)[:, 0]
    assert (np.diff(p @ np.arange(p.shape[1]) ** 2) > -1e-4).all()


@settings(max_examples=15)
@given(seeds, st.sampled_from([2.0**-400, 2.0**-27, 2.0**27, 2.0**400]))
def test_points_may_be_of_any_unit_and_states_in_any_order(seed, unit):
    m, s, v, regions = some_states(seed)
    grid, order = np.array([0, 1.0, 3]), np.random.default_rng(seed).permutation(5)
    expected = swing.vote_distributions(m, s, v, regions, grid, [0, 0.5])
    scaled = swing.vote_distributions(m * unit, s * unit, v, regions, grid * unit, [0, 0.5])
    np.testing.assert_allclose(scaled, expected, atol=1e-12)
    turned = m[order], s[order], v[order], [regions[i] for i in order]
    found = swing.vote_distributions(*turned, grid, [0, 0.5])
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_alike_states_are_hard():
    """Seventeen that fall at once: an outcome is the more sudden, the more correlated they are."""
    alike = np.zeros(17), np.ones(17), np.ones(17, int), ["a"] * 17
    found = swing.vote_distributions(*alike, [0, 1, 6], [0, 0.5, 0.9])
    np.testing.assert_allclose(found, found[..., ::-1], atol=1e-12)
    np.testing.assert_allclose(found[0, 0], stats.binom.pmf(np.arange(18), 17, 0.5), atol=1e-12)
    for r, rho in enumerate([0, 0.5, 0.9]):
        for t, tau in enumerate([0, 1, 6]):
            shared, own = np.sqrt(tau**2 + rho), np.sqrt(1 - rho)
            b = np.linspace(-9, 9, 20_001)
            k, chance = np.arange(18)[:, np.newaxis], stats.norm.cdf(shared * b / own)
            p = special.comb(17, k) * chance**k * (1 - chance) ** (17 - k)
            exact = p @ stats.norm.pdf(b) * (b[1] - b[0])
            np.testing.assert_allclose(found[r, t], exact, atol=1e-3)


def test_finer_steps_change_nothing(monkeypatch, figure):
    """Also where the shared error is as large beside a state's as it may be."""
    harder = [figure.means, np.full(51, 0.6), VOTES, REGIONS]
    found = [figure.distributions, swing.vote_distributions(*harder, [0.5, 3, 6], [0, 0.9])]
    for name, value in {"ACROSS": 0.06, "WITHIN": 0.35, "REACH": 7.0}.items():
        monkeypatch.setattr(swing, name, value)
    finer = Swing(figure.means, figure.sds, VOTES, REGIONS)
    np.testing.assert_allclose(found[0], finer.distributions, atol=1e-6)
    np.testing.assert_allclose(figure.chances, finer.chances, atol=1e-8)
    exact = swing.vote_distributions(*harder, [0.5, 3, 6], [0, 0.9])
    np.testing.assert_allclose(found[1], exact, atol=1e-3)


def the_figure_counts_a_majority(states, safe):
    """Chance and interval, from the definition, number by number of votes."""
    found = Swing(*states, safe=safe)
    total = int(np.sum(states[2])) + sum(safe)
    assert found.distributions.shape == (10, 13, total + 1)
    assert total / 2 < found.majority <= total / 2 + 1
    for r, t in [(0, 0), (3, 12), (9, 5)]:
        p = law(states, found.taus[t], r / 10)
        votes = safe[0] + np.arange(len(p))
        assert found.chances[r, t] == pytest.approx(p[2 * votes > total].sum(), abs=1e-5)
        low, high = found.intervals[r, t]
        sums = p[votes < low].sum(), p[votes <= low].sum(), p[votes < high].sum()
        assert sums[0] < 0.05 + 1e-6
        assert sums[1] > 0.05 - 1e-6
        assert sums[2] < 0.95 + 1e-6
        assert p[votes <= high].sum() > 0.95 - 1e-6


@settings(max_examples=5)
@given(seeds, st.integers(0, 20), st.integers(0, 20))
def test_a_majority(seed, ours, theirs):
    the_figure_counts_a_majority(some_states(seed, 8), (ours, theirs))


# ------------------------------------------------------------------------ planted errors

OWN = vars(swing).copy()


def without_weights(taus, finest):
    b, weights = OWN["_shared"](taus, finest)
    weights = weights / np.sqrt(1 + b**2)
    return b, weights / weights.sum(axis=1, keepdims=True)


def upside_down(p, votes):
    return OWN["_sums"](1 - p, votes)


WRONG = [
    ("_shared", lambda taus, finest: OWN["_shared"](taus * 1.1, finest)),
    ("_shared", lambda taus, finest: OWN["_shared"](0 * taus, finest)),
    ("_shared", without_weights),
    ("_nodes", lambda rho: OWN["_nodes"](0)),
    ("_nodes", lambda rho: (OWN["_nodes"](rho)[0] + 0.1, OWN["_nodes"](rho)[1])),
    ("_nodes", lambda rho: OWN["_nodes"](rho) if rho == 0 else OWN["_nodes"](rho**0.5)[:2][::-1]),
    ("_sums", upside_down),
    ("_sums", lambda p, votes: OWN["_sums"](p, np.sort(votes))),
    ("_both", lambda one, other: OWN["_both"](one, other[::-1])),
    ("REACH", 1.5),
    ("ACROSS", 1.2),
    ("ndtr", lambda x: 1 / (1 + np.exp(-1.7 * x))),
    ("LEVEL", 0.95),
]


def laws():
    few_states_are_enumerated(3, 2.0, 0.6)
    without_shared_errors_states_are_convolved(3)
    the_mean_does_not_know_the_correlation(3, 2.0, 0.6)
    the_variance_is_that_of_all_pairs(3, 2.0, 0.6)
    a_region_of_equals_has_one_more_shared_error(3, 2.0, 0.6)
    who_leads_more_wins_more(3, 2.0, 0.6)
    the_figure_counts_a_majority(some_states(3, 8), (3, 5))


@pytest.mark.parametrize("k", range(len(WRONG)))
def test_a_planted_error_is_found(monkeypatch, k):
    laws()
    monkeypatch.setattr(swing, *WRONG[k])
    with pytest.raises((AssertionError, ValueError)):
        laws()


# ------------------------------------------------------------------------ the page


def numbers_of(words):
    pattern = (
        r"Shared error ([\d.]+) points, correlation within a region ([\d.]+): Clinton wins with a "
        r"chance of (\w* ?[\d.]+) %; 90 % interval (\d+) to (\d+) of 538 votes, 270 win\. "
        r"A typical state's error has a standard deviation of ([\d.]+) points, whatever the "
        r"correlation; those of two states of one region are correlated by ([\d.]+), of two "
        r"regions by ([\d.]+)\."
    )
    return re.fullmatch(pattern, words).groups()


def words_say_what_was_found(script, figure):
    sent, s = data(figure), np.median(figure.sds)
    for r in range(10):
        for t, tau in enumerate(figure.taus):
            words = call(script, f"words(data, {r}, {t})", data=sent)
            said = numbers_of(words)
            assert float(said[0]) == tau
            assert float(said[1]) == r / 10
            assert said[2] + " %" == swing._percent(figure.chances[r, t])
            assert [int(v) for v in said[3:5]] == figure.intervals[r, t].tolist()
            all_ = np.hypot(tau, s)
            assert float(said[5]) == pytest.approx(all_, abs=0.0501)
            spread = covariance(np.array([s, s, s]), list("aab"), tau, r / 10) / all_**2
            found = [float(v) for v in said[6:]]
            assert found == pytest.approx([spread[0, 1], spread[0, 2]], abs=0.00501)


def a_chance_is_never_certain(script, _):
    for chance in [0, 1e-9, 0.0004, 0.0006, 0.1234, 0.5, 0.9994, 0.9996, 1]:
        said = call(script, "percent(chance)", chance=chance)
        assert said == swing._percent(chance)
        assert "100" not in said
        number = float(re.search(r"[\d.]+", said).group())
        assert number == pytest.approx(100 * chance, abs=0.101)
        assert ("above" in said) == (chance > 0.9995)
        assert ("below" in said) == (chance < 0.0005)


SCRIPT_LAWS = [words_say_what_was_found, a_chance_is_never_certain]


@pytest.mark.parametrize("one", SCRIPT_LAWS)
def test_the_script(figure, one):
    one(inlined("swing"), figure)


@pytest.mark.parametrize(
    ("one", "right", "wrong"),
    [
        (words_say_what_was_found, "intervals[r][t]", "intervals[t % 10][r]"),
        (words_say_what_was_found, "percent(chances[r][t])", "percent(chances[0][t])"),
        (words_say_what_was_found, "rho * own * own", "rho * own"),
        (words_say_what_was_found, "tau * tau / all", "tau / all"),
        (words_say_what_was_found, "Math.hypot(taus[t], typical)", "typical"),
        (a_chance_is_never_certain, "chance > 0.9995", "chance > 1"),
        (a_chance_is_never_certain, "chance < 0.0005", "chance < 0"),
        (a_chance_is_never_certain, "chance > 0.5 ?", "chance < 0.5 ?"),
    ],
)
def test_a_planted_error_in_the_script_is_found(figure, one, right, wrong):
    script = inlined("swing")
    assert right in script
    with pytest.raises((AssertionError, AttributeError)):
        one(script.replace(right, wrong), figure)


def test_the_table_is_what_was_found(figure):
    html = figure._repr_html_()
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</th>(.*?)</tr>", html, re.DOTALL)
    heads = re.findall(r"<th scope=\"col\">&rho; = (.*?)</th>", html)
    assert heads == ["0.0", "0.3", "0.6", "0.9"]
    assert [row[0] for row in rows] == ["0", "1", "2", "3", "4", "5", "6"]
    for t, (_, cells) in zip(range(0, 13, 2), rows, strict=True):
        for r, cell in zip((0, 3, 6, 9), re.findall("<td>(.*?)</td>", cells), strict=True):
            chance, low, high = re.fullmatch(r"(.* %)<br>(\d+) to (\d+)", cell).groups()
            assert chance == swing._percent(figure.chances[r, t])
            assert [int(low), int(high)] == figure.intervals[r, t].tolist()


def bars(tab):
    get = "rs => rs.map(r => ['x', 'y', 'width', 'height'].map(a => +r.getAttribute(a)))"
    return np.array(tab.eval_on_selector_all(".bars rect", get))


def bars_are_those_of(figure, found, colors, r, t):
    """Areas of all bars are one, and those from the majority on are blue and the chance."""
    total = found[:, 3].sum()
    blue = np.array(colors) == swing.BLUE
    assert found[blue, 3].sum() / total == pytest.approx(figure.chances[r, t], abs=4e-3)
    assert (np.diff(blue.astype(int)) >= 0).all()
    ends, heights = figure._bars()
    assert 270 in ends
    for end, height in zip(ends, heights[r, t], strict=True):
        inside = figure.distributions[r, t, max(end, 0) : end + 10].sum()
        assert height == pytest.approx(inside, abs=1e-12)
    assert found[:, 3] / total == pytest.approx(heights[r, t] / heights[r, t].sum(), abs=2e-3)


def test_a_reader_moves_the_shared_error(tab, figure):
    """What stands without a script is what the script draws; keys move the sliders."""
    html = figure._repr_html_()
    assert len(html) < 60_000
    fills = "rs => rs.map(r => r.getAttribute('fill'))"
    tab.set_content(html.split("<script>")[0] + "</div>")
    still, still_bars = pictures(tab), bars(tab)
    low, high = figure.intervals[0, 6]
    said = " ".join(re.search("<noscript>(.*?)</noscript>", html, re.DOTALL).group(1).split())
    assert said == (
        "Here: shared error 3 points, correlation within a region 0.0. Clinton wins with a "
        f"chance of {100 * figure.chances[0, 6]:.1f} %; 90 % interval {low} to {high} of 538 "
        "votes, 270 win."
    )
    tab.set_content(html)
    for before, after in zip(still, pictures(tab), strict=True):
        np.testing.assert_allclose(before, after, atol=0.0501)
    np.testing.assert_allclose(bars(tab), still_bars, atol=0.11)
    colors = tab.eval_on_selector_all(".bars rect", fills)
    bars_are_those_of(figure, bars(tab), colors, 0, 6)
    tab.focus(".tau")
    tab.keyboard.press("ArrowRight")
    assert tab.get_attribute(".tau", "aria-valuetext") == "3.5 points"
    tab.keyboard.press("Home")
    assert numbers_of(tab.inner_text(".words"))[:2] == ("0", "0.0")
    bars_are_those_of(figure, bars(tab), colors, 0, 0)
    tab.keyboard.press("Tab")
    tab.keyboard.press("End")
    assert tab.get_attribute(".rho", "aria-valuetext") == "0.9"
    assert numbers_of(tab.inner_text(".words"))[:2] == ("0", "0.9")
    bars_are_those_of(figure, bars(tab), colors, 9, 0)
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    assert tab.get_attribute("details", "open") == ""


def test_who_wins_for_certain_is_drawn_too(tab):
    for sign in (-1, 1):
        tab.set_content(Swing([sign * 99.0] * 3, [1, 1, 2], [1, 2, 3], list("aab"))._repr_html_())
        said = "above 99.9 %" if sign > 0 else "below 0.1 %"
        assert f"The candidate wins with a chance of {said};" in tab.inner_text(".words")
        assert "NaN" not in tab.content()


def test_a_name_is_text_and_no_code(tab, figure):
    name = "<b>A & B</b></script>"
    tab.set_content(Swing([1, 2], [1, 1], [3, 4], ["a", "b"], name)._repr_html_())
    assert f": {name} wins" in tab.inner_text(".words")
    assert tab.locator("b").count() == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"means": [[1, 2]]}, r"means must have shape \(I,\)"),
        ({"means": [1, np.nan]}, "means holds 1 NaN"),
        ({"means": [1, pd.NA]}, "means holds 1 NaN"),
        ({"sds": [1, 0]}, "sds must be positive"),
        ({"sds": [1, 2, 3]}, r"sds must have shape \(2,\)"),
        ({"votes": [1.5, 2]}, "votes must be whole"),
        ({"votes": [-1, 2]}, "votes must not be negative"),
        ({"votes": [1]}, r"votes must have shape \(2,\)"),
        ({"votes": [600, 401]}, "votes must sum to at most 1000, not to 1001"),
        ({"votes": [0, 0]}, "votes and safe must sum to 1 to 1000, not to 0"),
        ({"regions": "ab"}, "regions must be a sequence of texts"),
        ({"regions": ["a"]}, "regions must have 2 entries"),
        ({"regions": ["a", None]}, "regions must be text"),
        ({"name": 3}, "name must be text"),
        ({"safe": (1, 2, 3)}, r"safe must have shape \(2,\)"),
        ({"safe": (-1, 2)}, "safe must not be negative"),
        ({"safe": (1000, 2)}, "votes and safe must sum to 1 to 1000"),
        ({"largest": 0}, "largest must be a number > 0"),
        ({"largest": 11}, "largest must be at most 10 times the smallest of sds, 1, not 11"),
    ],
)
def test_bad_input(change, message):
    arguments = {"means": [1, 2], "sds": [1, 2], "votes": [3, 4], "regions": ["a", "b"]}
    Swing(**arguments)
    with pytest.raises(ValueError, match=message):
        Swing(**arguments | change)


@pytest.mark.parametrize(
    ("taus", "correlations", "message"),
    [
        ([-1], [0], "taus must not be negative"),
        ([[1]], [0], r"taus must have shape \(1,\)"),
        ([1, 11], [0], "taus must be at most 10 times the smallest of sds, 1, not 11"),
        ([1], [], "correlations is empty"),
        ([1], 0.5, r"correlations must have shape \(1,\)"),
        ([1], [0.95], "correlations must be at most 0.9, not 0.95"),
    ],
)
def test_bad_grids(taus, correlations, message):
    with pytest.raises(ValueError, match=message):
        swing.vote_distributions([1, 2], [1, 2], [3, 4], ["a", "b"], taus, correlations)
