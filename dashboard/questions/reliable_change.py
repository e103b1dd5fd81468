"""Who changed by more than measurement error? Recovered, improved, no reliable change, deteriorated."""

from __future__ import annotations

from typing import Any

from dashboard.figures.base import Figure, axis, empty, lanes, layout, note
from dashboard.questions.view import SHARE_COLUMNS, Column, Definition, Mark, Table, View
from dashboard.theme import colour
from dashboard.words.numbers import count, listing, percent, sentence, too_few, whole
from dashboard.words.scales import REGRESSION_TO_THE_MEAN
from dashboard.words.shares import rate, share_interval
from data_models.definitions.filters import CohortFilter
from data_models.definitions.instruments import INSTRUMENTS, Instrument
from data_models.outcomes.reliable_change import reliable_points
from data_models.questions.reliable_change import ReliableChange, ReliableGroups

QUESTION = "Who changed by more than measurement error?"
# Each group's name and colour, best first.
GROUPS = {
    "recovered": ("Recovered", "response"),
    "improved": ("Improved", "partial"),
    "no_change": ("No reliable change", "none"),
    "deteriorated": ("Deteriorated", "worse"),
}
WHEN = (("end_of_induction", "End of induction"), ("last", "Last score"))


def view(found: ReliableChange, cohort: CohortFilter) -> View:
    """The groups at the end of induction and at the last score."""
    scale = INSTRUMENTS[cohort.instrument]
    return View(
        "reliable-change",
        QUESTION,
        words(found, scale),
        draw(found, scale),
        legend=[Mark(name, token, "area") for name, token in GROUPS.values()],
        notes=[REGRESSION_TO_THE_MEAN],
        table=table(found),
        definition=definition(found, scale),
    )


def table(found: ReliableChange) -> Table:
    """The groups at the last score and at the end of induction."""
    rows = [
        {"measure": f"{name} at the {at.lower()}", **getattr(getattr(found, when), key).as_dict()}
        for when, at in reversed(WHEN)
        for key, (name, _) in GROUPS.items()
    ]
    columns = (Column("measure", "Courses", "text"), *SHARE_COLUMNS)
    note = f"Jacobson and Truax 1991. {REGRESSION_TO_THE_MEAN}"
    return Table(columns, rows, name="reliable_change", title="Reliable change", note=note)


def definition(found: ReliableChange, scale: Instrument) -> Definition:
    """From which change on, and below which score, on the scale."""
    if scale.standard_error is None:
        return Definition(
            f"No error of measurement is published for the {scale.name}, so none is told.", n="No course."
        )
    kind = "published clinical" if scale.clinical is not None else "moderate"
    at_end, at_last = (whole(groups.recovered.n) for groups in (found.end_of_induction, found.last))
    return Definition(
        f"A change is reliable where it exceeds {float(reliable_points(scale.standard_error)):.1f} points on the "
        f"{scale.name}: 1.96 times the error of a difference of two scores, with an error of {scale.standard_error:g} "
        f"points each. Recovered: reliably better, and now below {scale.recovered_below:g}, the {kind} cut-off, from "
        "there or above at baseline. Of evaluable courses.",
        ("entry_severity", "end_of_induction_days"),
        n=sentence(f"{at_end} at the end of induction, {at_last} at the last score"),
        source=f"Jacobson and Truax 1991; {scale.error_source}",
    )


def words(found: ReliableChange, scale: Instrument) -> str:
    """The groups at the end of induction, else at the last score."""
    if scale.standard_error is None:
        return f"No error of measurement is published for the {scale.name}: which change is reliable cannot be said."
    for groups, at in ((found.end_of_induction, "the end of induction"), (found.last, "the last score")):
        if groups.recovered.n:
            return _said(groups, at, groups.recovered.n)
    if found.last.recovered.n is None:
        return too_few("evaluable courses")
    return "No course here can be judged."


def _said(groups: ReliableGroups, at: str, n: float) -> str:
    named = (
        (groups.improved, "improved"),
        (groups.no_change, "did not change reliably"),
        (groups.deteriorated, "deteriorated"),
    )
    others = [f"{whole(of.events) if of.share is None else percent(of.share)} {what}" for of, what in named]
    recovered = groups.recovered
    if recovered.share is None:
        return sentence(f"at {at}, {rate(recovered)} had recovered, {listing(others)}")
    of = f"{percent(recovered.share)} of {count(n, 'course')}"
    return sentence(f"at {at}, {of} had recovered ({share_interval(recovered)}), {listing(others)}")


def draw(found: ReliableChange, scale: Instrument) -> Figure:
    """A stacked bar each; a hidden group leaves its room empty."""
    rows = [(at, getattr(found, when)) for when, at in WHEN]
    rows = [(f"{at}<br>n {whole(groups.recovered.n)}", groups) for at, groups in rows if groups.recovered.n]
    if scale.standard_error is None or not rows:
        return empty("No course can be judged.")
    data: list[dict[str, Any]] = []
    labels: list[dict[str, Any]] = []
    left = [0.0] * len(rows)
    for key, (name, token) in GROUPS.items():
        shares = [getattr(groups, key) for _, groups in rows]
        values = [share.share or 0.0 for share in shares]
        data.append(
            {
                "type": "bar",
                "orientation": "h",
                "x": values,
                "y": list(range(len(rows))),
                "name": name,
                "marker": {"color": colour(token)},
                "customdata": [[whole(share.events), whole(share.n)] for share in shares],
                "hovertemplate": "%{x:.0%} (%{customdata[0]} of %{customdata[1]})<extra>" + name + "</extra>",
            }
        )
        for place, value in enumerate(values):
            if value >= 0.09:
                labels.append(note(percent(value), left[place] + value / 2, place - 0.42, xanchor="center"))
            left[place] += value
    return {
        "data": data,
        "layout": layout(
            90 + 80 * len(rows),
            x=axis("Share of evaluable courses", range=[0, 1], tickformat=".0%", showgrid=False),
            y=axis(**lanes([name for name, _ in rows], range=[len(rows) - 0.45, -0.65])),
            barmode="stack",
            bargap=0.45,
            annotations=labels,
        ),
    }
