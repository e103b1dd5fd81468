"""Who responds, group by group: as the groups are, and as if their courses were alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dashboard.figures.base import Figure, axis, empty, interval_hover, lanes, layout, share_dots, two_lines
from dashboard.questions.differences import against, points
from dashboard.questions.view import Column, Definition, Mark, Table, View
from dashboard.theme import colour
from dashboard.words.numbers import HIDDEN, listing, percent, sentence, whole
from data_models.definitions.filters import FILTERS
from data_models.outcomes.proportions import Difference, Proportion
from data_models.outcomes.standardisation import LEAST_COURSES, LEAST_EVENTS
from data_models.questions.rate_comparison import SEVERITY, ComparedRates, RateComparison

MOST_GROUPS = 12  # drawn; the table has all
SEVERITY_WORDS = "severity at baseline"
KINDS = (("response", "Response"), ("remission", "Remission"))
COLUMNS = (
    Column("rate", "At the end of induction", "text"),
    Column("group", "Group", "text"),
    Column("measured", "Courses measured", "count"),
    Column("measured_share", "Of those treated and not going on", "share"),
    Column("crude", "As they are", "share"),
    Column("crude_low", "95% low, as they are", "share"),
    Column("crude_high", "95% high, as they are", "share"),
    Column("standardised", "Held equal", "share"),
    Column("standardised_low", "95% low, held equal", "share"),
    Column("standardised_high", "95% high, held equal", "share"),
    Column("crude_difference", "Less the first, as they are", "share"),
    Column("crude_difference_low", "95% low, of the difference", "share"),
    Column("crude_difference_high", "95% high, of the difference", "share"),
    Column("difference", "Less the first, held equal", "share"),
    Column("difference_low", "95% low, of the difference held equal", "share"),
    Column("difference_high", "95% high, of the difference held equal", "share"),
    Column("p_value", "p of it, adjusted"),
)
Called = Callable[[str], str]


def view(found: RateComparison, by: str, called: Called) -> View:
    """The rates of response drawn, those of remission in the table.

    Parameters
    ----------
    by : the key that groups are values of.
    called : how a group is named.
    """
    shown = found.response
    drawn = [group for group in shown.groups if group.crude.share is not None][:MOST_GROUPS]
    legend = [Mark("As they are", "muted", "diamond-open")] if drawn else []
    if any(group.standardised for group in drawn):
        legend.append(Mark(f"Held equal in {held_equal(shown)}", "accent", "circle"))
    return View(
        "compare-rates",
        "Who responds",
        words(shown, by, called),
        draw([(called(group.value), group.crude, group.standardised) for group in drawn]),
        legend=legend,
        notes=[measured_words(shown, called), not_standardised(shown, by, called)],
        table=table(found, called),
        definition=definition(shown),
        wide=True,
    )


def table(found: RateComparison, called: Called, *, name: str = "", title: str = "") -> Table:
    """A row a rate and group; `name` and `title` in a file."""
    rows = [row for kind, words in KINDS for row in _rows(words, getattr(found, kind), called)]
    note = "Less the first: the share of the group minus that of the first one. p: of the difference held equal (Holm)."
    return Table(COLUMNS, rows, name=name, title=title, note=note, keys=2)


def _rows(rate: str, compared: ComparedRates, called: Called) -> list[dict[str, Any]]:
    against = {one.value: one for one in compared.differences}
    rows = []
    for group in compared.groups:
        one = against.get(group.value)
        rows.append(
            {
                "rate": rate,
                "group": called(group.value),
                "measured": HIDDEN if group.measured.events is None else group.measured.events,
                "measured_share": group.measured.share,
                **_ends("crude", group.crude, "share"),
                **_ends("standardised", group.standardised, "share"),
                **_ends("crude_difference", one.crude if one else None, "difference"),
                **_ends("difference", one.standardised if one else None, "difference"),
                "p_value": one.p_value if one else None,
            }
        )
    return rows


def _ends(key: str, found: Proportion | Difference | None, middle: str) -> dict[str, float | None]:
    return {
        key: getattr(found, middle, None),
        f"{key}_low": getattr(found, "low", None),
        f"{key}_high": getattr(found, "high", None),
    }


def definition(shown: ComparedRates) -> Definition:
    """What is compared with what, and by what."""
    n = ", ".join(f"{whole(group.measured.events)} of {whole(group.measured.n)}" for group in shown.groups)
    return Definition(
        "Rates at the end of induction of the courses measured then. Held equal: the chance of each measured course in "
        "each group, by a logistic model of group, severity at baseline (and its square), diagnosis, age and route, "
        "averaged over all of them; what the groups are of, or go with, is not in it, and rare values are pooled. "
        "Intervals are by patient; those of differences held equal, and their p-values, allow for the number of "
        "comparisons (Holm). What is not recorded is not held equal: a difference is not an effect. "
        f"Only groups of {LEAST_COURSES} measured courses, {LEAST_EVENTS} of them with and {LEAST_EVENTS} without the "
        "response, are held equal with others.",
        ("response_improvement", "end_of_induction_days"),
        n=sentence(f"measured, of treated courses that are not going on: {n}") if n else "",
        source="Robins 1986, Zou 2009, Steingrimsson 2017, Holm 1979",
    )


# --- in words ------------------------------------------------------------------------------------


def held_equal(shown: ComparedRates) -> str:
    """ "severity at baseline, diagnosis and age"; "nothing" where there is none."""
    named = [SEVERITY_WORDS if key == SEVERITY else FILTERS[key].label.lower() for key in shown.held_equal]
    return listing(named) or "nothing"


def words(shown: ComparedRates, by: str, called: Called) -> str:
    """Which groups differ from the first, held equal; without a model, the rates alone."""
    key = FILTERS[by].label.lower()
    if FILTERS[by].shares_courses:
        return f"A course can be in several groups of {key}: their rates cannot be set against each other."
    known = [group for group in shown.groups if group.crude.share is not None]
    if len(known) < 2:
        return f"There is nothing to compare: fewer than two groups of {key} are measured, or both are of few."
    first = known[0]
    told = [(one.value, one.standardised) for one in shown.differences if one.standardised is not None]
    if not told or first.standardised is None:
        rates = (f"{called(group.value)} {percent(group.crude.share)}" for group in known[:MOST_GROUPS])
        return (
            f"As they are: {', '.join(rates)} in response at the end of induction. The groups are not made alike, so "
            "this says who was treated as much as how."
        )
    alike = f"With {held_equal(shown)} held equal" if shown.held_equal else "With nothing to hold equal"
    base = f"{called(first.value)} ({percent(first.standardised.share)} in response at the end of induction)"
    return against(alike, base, [(called(value), one) for value, one in told], points, link=", and")


def measured_words(shown: ComparedRates, called: Called) -> str:
    """How much of each group the rates speak for."""
    shares = [
        f"{called(group.value)} {percent(group.measured.share)}"
        for group in shown.groups[:MOST_GROUPS]
        if group.measured.share is not None
    ]
    return (
        f"Measured at the end of induction, of those treated and not going on: {', '.join(shares)}." if shares else ""
    )


def not_standardised(shown: ComparedRates, by: str, called: Called) -> str:
    """Which groups are shown as they are alone, and in what the others could not be held equal."""
    said = []
    without = [called(group.value) for group in shown.groups if group.standardised is None]
    if without and len(without) < len(shown.groups):
        said.append(f"Too few to be held equal, shown as they are alone: {listing(without)}.")
    elif without:
        said.append(f"No two groups have the {LEAST_COURSES} measured courses each that it takes to hold them equal.")
    missing = [key for key in ("diagnosis", "age_band", "route") if key != by and key not in shown.held_equal]
    if shown.held_equal and missing:
        named = listing([FILTERS[key].label.lower() for key in missing])
        said.append(f"Not held equal, as it goes with the groups or hardly varies: {named}.")
    return " ".join(said)


# --- drawn ---------------------------------------------------------------------------------------


def draw(rows: Sequence[tuple[str, Proportion, Proportion | None]]) -> Figure:
    """A row a group: its rate as it is, above it the rate held equal."""
    if not rows:
        return empty("No group is measured at the end of induction.")
    hover = "%{customdata[0]}: %{x:.0%}%{customdata[1]}<extra>%{fullData.name}</extra>"
    crude = [(place + 0.14, share, [name, interval_hover(share)]) for place, (name, share, _) in enumerate(rows)]
    alike = [
        (place - 0.14, share, [name, interval_hover(share)])
        for place, (name, _, share) in enumerate(rows)
        if share is not None
    ]
    open_mark = {"color": colour("muted"), "symbol": "diamond-open", "size": 9}
    data = [share_dots("As they are", crude, open_mark, hover)]
    if alike:
        mark = {"color": colour("accent"), "symbol": "circle", "size": 9}
        data.append(share_dots("Held equal", alike, mark, hover))
    return {
        "data": data,
        "layout": layout(
            60 + 46 * len(rows),
            x=axis("Response at end of induction, 95% interval", range=[0, 1], tickformat=".0%"),
            y=axis(**lanes([two_lines(name) for name, _, _ in rows])),
        ),
    }
