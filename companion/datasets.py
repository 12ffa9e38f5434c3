"""The data of the course, as tidy tables that say where they come from and in which units.

Every loader returns a fresh ``pandas.DataFrame``; ``table.attrs["source"]`` and
``table.attrs["units"]`` hold the source and the units of the columns. The files ship with the
package, and ``book/datasets.md`` gives their provenance, licence and checksums.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def load_forty_points() -> pd.DataFrame:
    """Load forty points in the plane, half of which have lost their y: a reconstruction.

    Returns
    -------
    DataFrame of 40 rows
        ``x`` and ``y`` (without units); ``y`` is NaN in 20 rows.

    Notes
    -----
    Made for the course. A lecture of Harvard's AM207 prints a table of parameters for forty points
    whose draw had no seed. These forty have the seven statistics that determine the table, to nine
    digits; the points themselves are ours.

    Examples
    --------
    >>> table = load_forty_points()
    >>> int(table["y"].isna().sum()), round(float(table["x"].mean()), 6)
    (20, 1.966883)
    """
    return _load(
        "forty_points",
        source="made for the course, with the statistics of a toy of Harvard's AM207",
        units={},
    )


def load_galton() -> pd.DataFrame:
    """Load Galton's family heights: 934 adult children of 205 families, measured around 1884.

    Returns
    -------
    DataFrame of 934 rows
        ``family`` (text: one family is called 136A), ``father`` and ``mother`` (heights in inches),
        ``child`` (number within the family as Galton lists them, sons first, so *not* the order of
        birth), ``sex`` ("male" or "female"), ``height`` (of the child, in inches).

    Notes
    -----
    Galton (1886), *Regression towards mediocrity in hereditary stature*, J. Anthropol. Inst. 15,
    246-263; the notebooks were transcribed by Hanley (2004), *"Transmuting" women into men*,
    Am. Stat. 58, 237-243.

    Examples
    --------
    >>> load_galton()["sex"].value_counts().to_dict()
    {'male': 481, 'female': 453}
    """
    return _load(
        "galton",
        source="Galton (1886), J. Anthr. Inst. 15, 246-263; Hanley (2004), Am. Stat. 58, 237-243",
        units={"father": "inch", "mother": "inch", "height": "inch"},
    )


def load_children() -> pd.DataFrame:
    """Load the numbers of children of 155 women, aged 40 when asked in the 1990s.

    Returns
    -------
    DataFrame of 155 rows
        ``degree`` (1 with a bachelor's degree, 0 without), ``children`` (how many persons).

    Notes
    -----
    General Social Survey; Hoff (2009), *A First Course in Bayesian Statistical Methods*, section
    3.2, from whose table of counts the rows are written out.

    Examples
    --------
    >>> load_children().groupby("degree")["children"].agg(["size", "sum"]).to_numpy()
    array([[111, 217],
           [ 44,  66]])
    """
    return _load(
        "children",
        source="General Social Survey, in Hoff (2009), section 3.2",
        units={"children": "persons"},
    )


def load_galaxies() -> pd.DataFrame:
    """Load the velocities of 82 galaxies in six well-separated sections of Corona Borealis.

    Returns
    -------
    DataFrame of 82 rows
        ``velocity`` (away from us, in km/s), increasing.

    Notes
    -----
    Postman, Huchra and Geller (1986), *Probes of large-scale structure in the Corona Borealis
    region*, Astron. J. 92, 1238-1247; Roeder (1990), *Density estimation with confidence sets
    exemplified by superclusters and voids in the galaxies*, JASA 85, 617-624. The 78th value is
    Roeder's 26960, which one common copy prints as 26690.

    Examples
    --------
    >>> int(load_galaxies()["velocity"][77])
    26960
    """
    return _load(
        "galaxies",
        source="Postman, Huchra and Geller (1986); Roeder (1990), JASA 85, 617-624",
        units={"velocity": "km/s"},
    )


def load_old_faithful() -> pd.DataFrame:
    """Load 272 eruptions of the Old Faithful geyser in Yellowstone.

    Returns
    -------
    DataFrame of 272 rows
        ``eruption`` (how long it lasted, in minutes) and ``waiting`` (until the next eruption, in
        minutes).

    Notes
    -----
    Härdle (1991), *Smoothing Techniques with Implementation in S*: the data set ``faithful`` of R.
    It is a shorter version of the data of Azzalini and Bowman (1990), *A look at some data on the
    Old Faithful geyser*, Appl. Stat. 39, 357-365.

    Examples
    --------
    >>> float(load_old_faithful()["eruption"].max())
    5.1
    """
    return _load(
        "old_faithful",
        source="Härdle (1991), `faithful` in R; from Azzalini and Bowman (1990), Appl. Stat. 39",
        units={"eruption": "minute", "waiting": "minute"},
    )


def load_rats() -> pd.DataFrame:
    """Load tumors among the female rats of the control group in 71 experiments (strain F344).

    Returns
    -------
    DataFrame of 71 rows
        ``experiment`` (1 to 71), ``tumors`` (rats that developed endometrial stromal polyps),
        ``rats`` (rats in the group), ``group`` ("historical", or "current" for the 71st).

    Notes
    -----
    Tarone (1982), *The use of historical control information in testing for a trend in
    proportions*, Biometrics 38, 215-220; Gelman et al. (2013), *Bayesian Data Analysis*, 3rd ed.
    (BDA3), table 5.1.

    Examples
    --------
    >>> load_rats()[["tumors", "rats"]].sum().to_dict()
    {'tumors': 267, 'rats': 1739}
    """
    return _load(
        "rats",
        source="Tarone (1982), Biometrics 38, 215-220; Gelman et al. (2013), BDA3, table 5.1",
        units={"tumors": "rats", "rats": "rats"},
    )


def load_batting() -> pd.DataFrame:
    """Load the batting of 18 baseball players in the season of 1970: 45 at-bats, and the rest.

    Returns
    -------
    DataFrame of 18 rows
        ``player`` (name), ``early_at_bats`` (at-bats, 45 for all), ``early_hits`` (hits in them),
        ``later_at_bats`` (at-bats in the rest of the season), ``later_hits`` (hits in them).

    Notes
    -----
    Efron and Morris (1975), *Data analysis using Stein's estimator and its generalizations*, JASA
    70, 311-319, table 1.

    Examples
    --------
    >>> load_batting()[["early_hits", "later_hits"]].sum().to_dict()
    {'early_hits': 215, 'later_hits': 1826}
    """
    return _load(
        "batting",
        source="Efron and Morris (1975), JASA 70, 311-319, table 1",
        units={
            "early_at_bats": "at-bats",
            "early_hits": "hits",
            "later_at_bats": "at-bats",
            "later_hits": "hits",
        },
    )


def load_schools() -> pd.DataFrame:
    """Load the effects of coaching on a test of verbal aptitude in eight schools.

    Returns
    -------
    DataFrame of 8 rows
        ``school`` ("A" to "H"), ``effect`` (estimated, in points of the test) and
        ``standard_error`` (of the estimate, in points).

    Notes
    -----
    Rubin (1981), *Estimation in parallel randomized experiments*, J. Educ. Stat. 6, 377-401; Gelman
    et al. (2013), *Bayesian Data Analysis*, 3rd ed. (BDA3), table 5.2.

    Examples
    --------
    >>> load_schools()["effect"].tolist()
    [28, 8, -3, 7, -1, 1, 18, 12]
    """
    return _load(
        "schools",
        source="Rubin (1981), J. Educ. Stat. 6, 377-401; Gelman et al. (2013), BDA3, table 5.2",
        units={"effect": "points", "standard_error": "points"},
    )


def load_kidney_cancer() -> pd.DataFrame:
    """Load deaths from cancer of kidney and ureter among white men in 3110 US counties.

    Returns
    -------
    DataFrame of 3110 rows
        ``fips`` (text: five digits, the first two for the state), ``state`` and ``county`` (names),
        ``deaths_1980_84`` and ``deaths_1985_89`` (persons, in five years each; counts, not adjusted
        for age), ``person_years_1980_84`` and ``person_years_1985_89`` (years: person-years of
        white men, summed over the five), ``age_adjusted_1980_84`` and ``age_adjusted_1985_89``
        (deaths per 100 000 years, with the ages of a standard population; one decimal).

    Notes
    -----
    US National Center for Health Statistics and National Cancer Institute; of the kind studied by
    Manton et al. (1989), *Empirical Bayes procedures for stabilizing maps of U.S. cancer mortality
    rates*, JASA 84, 637-650, and those of Gelman and Price (1999) and Gelman et al. (2013),
    *Bayesian Data Analysis*, 3rd ed. (BDA3), section 2.7; compiled by R. Ryder (2019). Alaska is
    absent.

    Examples
    --------
    >>> table = load_kidney_cancer()
    >>> int(table["deaths_1980_84"].sum()), int(table["person_years_1980_84"].sum())
    (23412, 482076984)
    """
    return _load(
        "kidney_cancer",
        source="US National Center for Health Statistics and National Cancer Institute; Manton et "
        "al. (1989), JASA 84, 637-650; Gelman and Price (1999); BDA3, section 2.7; R. Ryder (2019)",
        units={
            "deaths_1980_84": "persons",
            "deaths_1985_89": "persons",
            "person_years_1980_84": "years",
            "person_years_1985_89": "years",
            "age_adjusted_1980_84": "deaths per 100 000 years",
            "age_adjusted_1985_89": "deaths per 100 000 years",
        },
        dtype={"fips": str},
    )


def load_county_shapes() -> pd.DataFrame:
    """Load the outlines of 3142 US counties in an equal-area projection, simplified.

    Returns
    -------
    DataFrame of 3142 rows
        ``fips`` (text), ``county``, ``state``, ``path`` (text: rings as SVG path data, in half
        units of a sheet of 975 by 610 units, y downwards). Alaska and Hawaii are moved and scaled.

    Notes
    -----
    US Census Bureau boundaries, public domain, as prepared in the package us-atlas 3.0.1.

    Examples
    --------
    >>> bool(load_county_shapes()["path"].str.startswith("M").all())
    True
    """
    return _load(
        "counties",
        source="US Census Bureau (public domain), as in us-atlas 3.0.1, simplified",
        units={"path": "half units of a sheet of 975 by 610"},
        dtype={"fips": str},
    )


def load_state_shapes() -> pd.DataFrame:
    """Load the outlines of the 50 US states and the District of Columbia, on the counties' sheet.

    Returns
    -------
    DataFrame of 51 rows
        ``fips`` (text: two digits), ``state``, ``path`` (text, as in :func:`load_county_shapes`: in
        half units of a sheet of 975 by 610 units).

    Notes
    -----
    US Census Bureau boundaries, public domain, as prepared in the package us-atlas 3.0.1.

    Examples
    --------
    >>> load_state_shapes()["state"].tolist()[:2]
    ['Alabama', 'Alaska']
    """
    return _load(
        "states",
        source="US Census Bureau (public domain), as in us-atlas 3.0.1, simplified",
        units={"path": "half units of a sheet of 975 by 610"},
        dtype={"fips": str},
    )


def load_polls_2016() -> pd.DataFrame:
    """Load polls of single states before the US presidential election of 8 November 2016.

    Returns
    -------
    DataFrame of 1433 rows
        ``state``, ``pollster``, ``start`` and ``end`` (first and last day of asking; all ended on
        15 October or later), ``sample_size`` (persons), ``population`` ("lv", likely, or "rv",
        registered voters), ``clinton`` and ``trump`` (shares of those asked, in per cent).

    Notes
    -----
    Collected by FiveThirtyEight; as in the R package dslabs.

    Examples
    --------
    >>> load_polls_2016()["pollster"].nunique()
    103
    """
    return _load(
        "polls_2016",
        source="FiveThirtyEight, as in the R package dslabs",
        units={"sample_size": "persons", "clinton": "per cent", "trump": "per cent"},
        parse_dates=["start", "end"],
    )


def load_results_2016() -> pd.DataFrame:
    """Load the result of the US presidential election of 2016 by state.

    Returns
    -------
    DataFrame of 51 rows
        ``state`` (50 states and the District of Columbia), ``electoral_votes`` (votes, 538 in all),
        ``clinton`` and ``trump`` (shares of all votes, in per cent).

    Notes
    -----
    Official results, as in the R package dslabs.

    Examples
    --------
    >>> int(load_results_2016()["electoral_votes"].sum())
    538
    """
    return _load(
        "results_2016",
        source="official results, as in the R package dslabs",
        units={"electoral_votes": "votes", "clinton": "per cent", "trump": "per cent"},
    )


def load_census_regions() -> pd.DataFrame:
    """Load the region of the US Census Bureau that each state lies in.

    Returns
    -------
    DataFrame of 51 rows
        ``state`` (50 states and the District of Columbia), ``region`` ("Northeast", "Midwest",
        "South" or "West").

    Notes
    -----
    US Census Bureau, *Census Regions and Divisions of the United States*; the regions have been the
    same since Alaska and Hawaii became states.

    Examples
    --------
    >>> load_census_regions()["region"].value_counts().to_dict()
    {'South': 17, 'West': 13, 'Midwest': 12, 'Northeast': 9}
    """
    return _load(
        "census_regions",
        source="US Census Bureau, Census Regions and Divisions of the United States",
        units={},
    )


def _load(
    name: str, *, source: str, units: dict[str, str], dtype: Any = None, parse_dates: Any = False
) -> pd.DataFrame:
    import pandas as pd

    with files("companion").joinpath("data", f"{name}.csv").open(encoding="utf-8") as file:
        table = pd.read_csv(file, dtype=dtype, parse_dates=parse_dates)
    table.attrs = {"source": source, "units": units}
    return table
