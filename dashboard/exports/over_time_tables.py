"""Where courses stand over time, as tables of a file: days in response, shares by day, who has ended."""

from __future__ import annotations

from dashboard.exports.document import counted
from dashboard.exports.release import Part
from dashboard.exports.tables import Parts, Row, cohort_table
from dashboard.questions.states import COLUMNS
from dashboard.questions.view import Column, Table

_CLOCKS = {"first_session": "the first session", "last_induction_session": "the last induction session"}


def days_in_response(parts: Parts, by: str | None) -> Table:
    """Of the first days after the first session, and after induction, those spent in response."""

    def rows(part: Part) -> list[Row]:
        return [
            row | {"from": _CLOCKS[row["from"]], "n": counted(row["n"])}
            for row in part.summary.states.days_in_response()
        ]

    columns = (
        Column("from", "Days after", "text"),
        Column("of_days", "Of days", "count"),
        Column("n", "Courses", "count"),
        Column("mean", "In response, days"),
        Column("low", "95% low"),
        Column("high", "95% high"),
    )
    note = "Restricted mean. Fewer days than 90: follow-up is too short for more."
    return cohort_table(parts, "days_in_response", "Days spent in response", columns, rows, note, by=by, keyed=1)


def states(parts: Parts, by: str | None, every: int) -> Table:
    """Share of courses in each state with intervals, a row every so many days."""
    return cohort_table(
        parts,
        "states",
        "Where courses stand by day, those no longer observed left out",
        COLUMNS,
        lambda part: [
            row | {"at_risk": counted(row["at_risk"])} for row in part.summary.states.as_json()["states"][::every]
        ],
        "Aalen and Johansen 1978; Datta and Satten 2001.",
        by=by,
        keyed=1,
        whole=False,
    )


def occupancy(parts: Parts, by: str | None, every: int) -> Table:
    """Share of all courses started in each state, a row every so many days."""
    columns = (
        Column("day", "Day", "count"),
        Column("response", "Response", "share"),
        Column("partial", "Partial response", "share"),
        Column("none", "No response", "share"),
        Column("not_measured", "Not measured", "share"),
        Column("going_on", "Going on", "share"),
        Column("left", "Ended", "share"),
    )
    return cohort_table(
        parts,
        "over_time",
        "Where all who started stand, as far as it was seen",
        columns,
        lambda part: part.summary.occupancy.as_json()[::every],
        by=by,
        keyed=1,
        whole=False,
    )


def attrition(parts: Parts, by: str | None, every: int) -> Table:
    """Share of all courses started that have ended, go on or are not measured, a row every so many days."""
    columns = (
        Column("day", "Day", "count"),
        Column("left", "Ended", "share"),
        Column("going_on", "Going on", "share"),
        Column("not_measured", "Not measured", "share"),
    )
    return cohort_table(
        parts,
        "attrition",
        "Which courses have ended, go on, or are not measured",
        columns,
        lambda part: part.summary.occupancy.as_json()[::every],
        by=by,
        keyed=1,
        whole=False,
    )
