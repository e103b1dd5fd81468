"""What did each session do? The score before and after each session of one course, in words and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from dashboard.questions.view import Column, Table
from dashboard.words.numbers import quantity
from data_models.definitions.vocabulary import label
from data_models.questions.between_sessions import AroundSession
from data_models.questions.patient import PatientSession

GRADES = ("none", "mild", "moderate", "severe")


def words(rows: Sequence[AroundSession]) -> str:
    """What a session usually does to this course's score, and how much of it is given back by the next."""
    falls = [row.lowest - row.before for row in rows if row.before is not None and row.lowest is not None]
    if not falls:
        return "No session has a score both before it and after it, so its effect cannot be told."
    typical = median(falls)
    if typical < 0:
        text = f"After a session the score falls by {_typical(falls)} to its lowest"
    elif typical > 0:
        text = f"After a session the score does not fall: its lowest is {_typical(falls)} higher"
    else:
        text = "After a session the score does not fall: its lowest is the same"
    text += f" ({quantity(len(falls), 'session')} with a score before and after)"
    back = [
        row.before_next - row.lowest
        for row in rows
        if row.before_next is not None and row.lowest is not None and row.scores > 1
    ]
    if back:
        again = " again" if typical < 0 else ""
        rise = f"it has risen{again} by {_typical(back)}" if median(back) > 0 else f"it has not risen{again}"
        text += f"; by the next session {rise} ({quantity(len(back), 'session')} with scores to tell)"
    return text + "."


def _typical(changes: Sequence[float]) -> str:
    """The median of some changes in points, whatever their direction; one alone is no median."""
    points = quantity(abs(median(changes)), "point")
    return points if len(changes) == 1 else f"a median of {points}"


def table(rows: Sequence[AroundSession], scale: str) -> Table:
    """A row a session; `scale`: the name of the instrument."""
    columns = (
        Column("number", "Session"),
        Column("day", "Day"),
        Column("given", "Dose and route", "text"),
        Column("phase", "Phase", "text"),
        Column("before", f"{scale} before"),
        Column("lowest", "Lowest after"),
        Column("days_to_lowest", "Days to lowest"),
        Column("before_next", "Before the next"),
        Column("worst", "Worst side effect", "text"),
        Column("pressure", "Highest pressure, mmHg", "text"),
    )
    made = [
        {
            "number": row.session.number,
            "day": row.session.days,
            "given": given(row.session),
            "phase": row.session.phase,
            "before": row.before,
            "lowest": row.lowest,
            "days_to_lowest": row.days_to_lowest,
            "before_next": row.before_next,
            "worst": worst(row.session),
            "pressure": highest_pressure(row.session),
        }
        for row in rows
    ]
    return Table(columns, made, digits=1)


def given(session: PatientSession) -> str:
    """ "0.5 mg/kg IV"."""
    route = label(session.route)
    if session.dose is None:
        return f"{route}, dose not recorded"
    return f"{session.dose:g} {'mg/kg' if session.dose_unit == 'mg_per_kg' else 'mg'} {route}"


def worst(session: PatientSession) -> str:
    """Worst grade of the session; "not asked" and "not graded" are not "none"."""
    if session.asked != 1:
        return "not asked"
    return "not graded" if session.worst is None else GRADES[session.worst]


def highest_pressure(session: PatientSession) -> str | None:
    """ "168/96" (mmHg); None where it is not recorded."""
    pressure = session.highest.pressure
    return None if pressure is None else f"{pressure[0]:.0f}/{pressure[1]:.0f}"
