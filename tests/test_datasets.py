"""The data: what the provenance page says of every file is true."""

import hashlib
import re

import numpy as np
import pytest
from conftest import ROOT

from companion import datasets

PAGE = (ROOT / "book" / "datasets.md").read_text(encoding="utf-8")
CHECKSUMS = dict(re.findall(r"\*\*Checksum:\*\* `(\S+)` `([0-9a-f]{64})`", PAGE))
LOADERS = [name for name in vars(datasets) if name.startswith("load_")]


def test_every_file_is_described_and_every_description_has_a_file():
    assert set(CHECKSUMS) == {p.name for p in (ROOT / "companion" / "data").iterdir()}


@pytest.mark.parametrize("file", sorted(CHECKSUMS))
def test_checksum(file):
    content = (ROOT / "companion" / "data" / file).read_bytes()
    assert hashlib.sha256(content).hexdigest() == CHECKSUMS[file]


def section_of(name):
    found = re.search(rf"`{name}\(\)` from `\S+`: .*?(?=\n## |\Z)", PAGE, re.DOTALL)
    return found.group(0)


@pytest.mark.parametrize("name", LOADERS)
def test_loader(name):
    table = getattr(datasets, name)()
    section = section_of(name)
    rows = re.search(r": ([\d ]+) rows", section)
    assert len(table) == int(rows.group(1).replace(" ", ""))
    assert set(table.columns[table.isna().any()]) <= (
        {"y"} if name == "load_forty_points" else set()
    )
    del table[table.columns[0]]
    fresh = getattr(datasets, name)()
    assert len(fresh.columns) == len(table.columns) + 1, "every call returns a fresh table"


# ------------------------- what table, docstring and page say of units and sources is the same

NAMES = (
    "AM207|BDA3|dslabs|FiveThirtyEight|General Social Survey|National Cancer Institute"
    "|National Center for Health Statistics|US Census Bureau|us-atlas [\\d.]+\\d|official results"
)
AUTHORS = re.compile(r"([A-ZÄ-Ü]\w+)(?:, \w+)*(?: and \w+| et al\.)? \((\d{4})\)")


def sources(text):
    """Return who is cited: first authors with years, tables and sections, institutions."""
    text = " ".join(text.split()).replace("Gelman et al. (2013)", "BDA3")
    places = re.findall(r"\b(?:table|section) [\d.]*\d\b", text)
    names = re.findall(rf"\b(?:{NAMES})\b", text, re.IGNORECASE)
    return {*AUTHORS.findall(text), *places, *map(str.lower, names)}


def columns_of_page(section):
    """Return type and unit of every column in the table of a section."""
    found = {}
    rows = re.findall(r"^\| (`[^|]*) \|([^|]*)\|([^|]*)\|", section, re.MULTILINE)
    for columns, kind, unit in rows:
        found |= dict.fromkeys(re.findall(r"`(\w+)`", columns), (kind.strip(), unit.strip()))
    return found


def kind_of(column):
    """Return the type of a column as the page calls it."""
    if column.dtype.kind in "iufM":
        gaps = ", or empty" if column.isna().any() else ""
        return {"M": "date", "f": "number"}.get(column.dtype.kind, "whole number") + gaps
    return "text" if column.map(type).eq(str).all() else "a mixture"


def said_of_columns(docstring):
    """Return what a docstring says of each column; columns without a word between share it."""
    text = " ".join(docstring.split("Returns\n")[1].split("Notes\n")[0].split())
    parts = re.split(r"``(\w+)``", text)[1:]
    said, words = {}, ""
    for column, after in reversed(list(zip(parts[::2], parts[1::2], strict=True))):
        words = words if after.strip(" ,") in ("", "and") else after
        said[column] = words
    return said


def faults(table, docstring, section):
    """Yield where the table, the docstring and the page disagree."""
    units, page, said = table.attrs["units"], columns_of_page(section), said_of_columns(docstring)
    if not set(table) == set(page) == set(said):
        yield f"columns {set(table) ^ set(page)} on the page, {set(table) ^ set(said)} in the text"
    for column in table:
        unit = units.get(column, "")
        if (kind_of(table[column]), unit) != page.get(column):
            yield f"{column}: {kind_of(table[column])}, {unit!r}; on the page {page.get(column)}"
        if unit not in said.get(column, ""):
            yield f"{column}: the docstring does not say {unit!r}"
    cited = sources(re.search(r"\*\*Source:\*\* .*", section).group(0))
    notes = docstring.split("Notes\n")[1].split("Examples\n")[0]
    for place, text in {"docstring": notes, "table": table.attrs["source"]}.items():
        if sources(text) != cited:
            yield f"source: {sources(text) ^ cited} not both on the page and in the {place}"


@pytest.mark.parametrize("name", LOADERS)
def test_table_docstring_and_page_agree(name):
    loader = getattr(datasets, name)
    assert list(faults(loader(), loader.__doc__, section_of(name))) == []


REFERENCES = (ROOT / "book" / "references.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", LOADERS)
def test_volumes_and_pages_are_those_of_the_references(name):
    loader = getattr(datasets, name)
    for text in (loader.__doc__, loader().attrs["source"]):
        for place in re.findall(r"\d+, \d{3,}[-\w]*", text.split("Examples")[0]):
            assert f" {place}." in REFERENCES, place


@pytest.mark.parametrize(
    ("where", "right", "wrong"),
    [
        ("page", "| inch |", "| cm |"),
        ("page", "| text | |", "| text | inch |"),
        ("page", "| `child` |", "| `number` |"),
        ("page", "| whole number |", "| number |"),
        ("page", "Galton (1886)", "Galton (1889)"),
        ("page", "by Hanley (2004)", "by somebody"),
        ("docstring", "in inches)", "measured)"),
        ("docstring", "in inches).", "in cm)."),
        ("docstring", "``child`` (", "its (number) ("),
        ("docstring", "Hanley (2004)", "Pearson (2004)"),
        ("source", "Galton (1886), ", ""),
    ],
)
def test_a_disagreement_is_found(where, right, wrong):
    table = datasets.load_galton()
    docstring, page = datasets.load_galton.__doc__, section_of("load_galton")
    texts = {"docstring": docstring, "page": page, "source": table.attrs["source"]}
    assert right in texts[where]
    texts[where] = texts[where].replace(right, wrong)
    assert not list(faults(table, docstring, page))
    table.attrs["source"] = texts["source"]
    assert list(faults(table, texts["docstring"], texts["page"]))


def test_rats():
    """Totals and moments of the 70 historical rates as in BDA3 and in the AM207 lecture."""
    table = datasets.load_rats()
    assert (table["tumors"].sum(), table["rats"].sum()) == (267, 1739)
    assert table.iloc[-1][["tumors", "rats", "group"]].tolist() == [4, 14, "current"]
    assert (table["tumors"] <= table["rats"]).all()
    rates = (table["tumors"] / table["rats"]).to_numpy()[:70]
    np.testing.assert_allclose(rates.mean(), 0.13600653889043893, rtol=1e-14)
    np.testing.assert_allclose(rates.var(), 0.010557640623609196, rtol=1e-13)


def test_galton():
    """Hanley (2004), table 1: 934 children of 205 families, 481 sons and 453 daughters."""
    table = datasets.load_galton()
    assert table["family"].nunique() == 205
    assert "136A" in set(table["family"])
    assert table["sex"].value_counts().to_dict() == {"male": 481, "female": 453}
    assert (table.groupby("family")[["father", "mother"]].nunique() == 1).all().all()
    sons_first = table.groupby("family")["sex"].agg(lambda s: list(s) == sorted(s, reverse=True))
    assert sons_first.all()
    assert table["height"].between(55, 80).all()


def test_old_faithful():
    """R: colMeans(faithful) is 3.487783 and 70.897059."""
    table = datasets.load_old_faithful()
    np.testing.assert_allclose(table.mean(), [3.487783, 70.897059], atol=5e-7)


def test_forty_points():
    """The seven statistics that determine the table of the AM207 lecture."""
    table = datasets.load_forty_points()
    x, y = table["x"].to_numpy(), table["y"].to_numpy()
    lost = np.isnan(y)
    zeros = np.where(lost, 0, y)
    assert lost.sum() == 20
    found = [
        x.mean(),
        zeros.mean(),
        np.corrcoef(x, zeros)[0, 1],
        x.std(),
        zeros.std(),
        (x[lost] - 1.966882515).mean(),
        ((x[lost] - 1.966882515) ** 2).mean(),
    ]
    expected = [
        1.966882515, 0.662900074, 0.522612842, 1.185731, 0.889247252, -0.229228725, 1.600355585,
    ]  # fmt: skip
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_galaxies():
    """Roeder (1990): 82 velocities, from 9172 to 34279 km/s, in increasing order."""
    velocity = datasets.load_galaxies()["velocity"]
    assert velocity.is_monotonic_increasing
    assert (velocity.iloc[0], velocity.iloc[-1]) == (9172, 34279)
    assert velocity.iloc[77] == 26960


def test_children():
    """Hoff (2009), section 3.2: sum 217 of 111 women without a degree, 66 of 44 with one."""
    groups = datasets.load_children().groupby("degree")["children"]
    assert groups.size().tolist() == [111, 44]
    assert groups.sum().tolist() == [217, 66]


def test_batting():
    """Efron and Morris (1975), table 1: Clemente .400 and .346, Alvis .156 and .200."""
    table = datasets.load_batting()
    early = (table["early_hits"] / table["early_at_bats"]).round(3)
    later = (table["later_hits"] / table["later_at_bats"]).round(3)
    assert (early.iloc[0], later.iloc[0]) == (0.4, 0.346)
    assert (early.iloc[-1], later.iloc[-1]) == (0.156, 0.2)
    assert early.mean().round(3) == 0.265


def test_schools():
    """Rubin (1981): the common effect weighted by precision is 7.7 with standard error 4.1."""
    table = datasets.load_schools()
    precision = table["standard_error"] ** -2.0
    assert ((table["effect"] * precision).sum() / precision.sum()).round(1) == 7.7
    assert (precision.sum() ** -0.5).round(1) == 4.1


def test_kidney_cancer():
    """Totals, person-years as the unit, and a shape or a reason for every county."""
    table = datasets.load_kidney_cancer()
    assert table["fips"].is_unique
    assert table["fips"].str.fullmatch(r"\d{5}").all()
    sums = table.select_dtypes("number").sum()
    assert sums["deaths_1980_84"] + sums["deaths_1985_89"] == 49_409
    assert sums["person_years_1980_84"] + sums["person_years_1985_89"] == 981_733_050
    white_men = sums["person_years_1980_84"] / 5
    assert 94e6 < white_men < 100e6  # the census of 1980 counts 94.9 million
    for period in ("1980_84", "1985_89"):
        adjusted, deaths = table[f"age_adjusted_{period}"], table[f"deaths_{period}"]
        assert ((adjusted == 0) == (deaths == 0)).all()  # weighted sums of the same deaths
        crude = 1e5 * deaths / table[f"person_years_{period}"]
        ratio = (adjusted / crude)[deaths >= 20]
        assert ratio.between(1 / 3, 2).all()  # the ages of a county, and not another county
        in_florida = table["state"][deaths >= 20] == "Florida"
        assert ratio[in_florida].median() < 0.8 < ratio[~in_florida].median()
    shapes = set(datasets.load_county_shapes()["fips"])
    assert set(table["fips"]) - shapes == {"51515"}  # the city of Bedford, now in the county
    rest = {f for f in shapes - set(table["fips"]) if not f.startswith("02")}
    assert rest == {"04012", "08014", "15005", "35006"}
    names = datasets.load_county_shapes().set_index("fips")
    joined = table[table["fips"] != "51515"].set_index("fips")
    assert (names.loc[joined.index, "county"] == joined["county"]).all()


def test_polls_2016():
    """Every state has polls; shares, dates and sizes are what the page says."""
    polls = datasets.load_polls_2016()
    results = datasets.load_results_2016()
    assert set(polls["state"]) == set(results["state"])
    assert polls["end"].between("2016-10-15", "2016-11-07").all()
    assert (polls["start"] <= polls["end"]).all()
    assert set(polls["population"]) == {"lv", "rv"}
    assert polls["sample_size"].between(50, 100_000).all()
    assert (polls["clinton"] + polls["trump"]).between(45, 100).all()
    assert not polls.duplicated(["state", "pollster", "end"]).any()


def test_results_2016():
    """538 electoral votes; winner takes all gives 305 to Trump (306 with Maine's districts)."""
    results = datasets.load_results_2016()
    assert results["electoral_votes"].sum() == 538
    assert results.loc[results["trump"] > results["clinton"], "electoral_votes"].sum() == 305


def test_census_regions():
    """As many states as the Bureau counts, with their seats in the House after 2010."""
    regions = datasets.load_census_regions()
    results = datasets.load_results_2016()
    assert (regions["state"] == results["state"]).all()
    state = regions["state"] != "District of Columbia"
    states = regions[state].groupby("region").size()
    assert states.to_dict() == {"Northeast": 9, "Midwest": 12, "South": 16, "West": 13}
    seats = (results["electoral_votes"] - 2)[state].groupby(regions["region"]).sum()
    assert seats.to_dict() == {"Northeast": 78, "Midwest": 94, "South": 161, "West": 102}
