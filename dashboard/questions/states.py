"""How many of the first 90 days are spent in response? States over time, with who is no longer observed left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dashboard.figures.areas import area_figure, share_axes
from dashboard.figures.base import Figure, empty, layout, line, ribbon
from dashboard.figures.steps import known
from dashboard.questions.curves import UNADJUSTED
from dashboard.questions.differences import TOLD, against, in_days
from dashboard.questions.view import Column, Definition, Group, Mark, Point, Table, View, of_groups
from dashboard.words.numbers import FEW, count, interval, number, sentence, share_interval, too_few, whole
from data_models.definitions.rules import LEAST_SHOWN
from data_models.outcomes.differences import Differences, less_first_spent
from data_models.outcomes.states import StateCurves
from data_models.questions.states import DAYS, NAMES, RESPONSE, States, rows

QUESTION = f"How many of the first {DAYS} days are spent in response?"
LAYERS = (("Response", "response"), ("Partial response", "partial"), ("No response", "none"))
_COLUMNS = (
    Column("day", "Day", "count"),
    Column("at_risk", "At risk", "count"),
    *(
        column
        for name, key in LAYERS
        for column in (
            Column(key, name, "share"),
            Column(f"{key}_low", f"{name}, 95% low", "share"),
            Column(f"{key}_high", f"{name}, 95% high", "share"),
        )
    ),
)
_AXES = ("Days since the first session", "Courses")
_FIRST, _INDUCTION = "the first session", "the last induction session"
ERROR = (  # what `tests/benchmarks/coverage.py --scenario null` gives
    f"Measurement error alone gives a course some of these days: with an error of 3 points, about 3 in {DAYS} under a "
    "treatment that does nothing."
)
_COURSES = "courses that began moderately ill or worse and were scored again"


def view(states: States) -> View:
    """The states of one cohort since the first session, and the days in response."""
    curves = states.first_session
    return View(
        "states",
        QUESTION,
        words(states),
        draw(curves),
        notes=[after_induction(states), ERROR if curves.days else "", when_seen(curves), where_it_stops(curves)],
        table=table(curves),
        definition=Definition(
            "Share of courses in response, partial response and no response by day since the first session, of "
            f"{_COURSES}. A change is placed in the middle of the two scores between which it lies: nothing finer than "
            "the gap between scores can be seen, and no share is said before half of the courses were scored. A course "
            "counts from score to score and, for a limited time, past its last one; then, and when it is no longer "
            "observed, it is left out (censored). That takes it that those who are left out go on as those in the "
            "same state who are not. State occupation after Aalen and Johansen; days in response are the area under "
            "the share (restricted mean); intervals by patient.",
            ("state_hold_days", "response_improvement", "partial_improvement"),
            n=sentence(count(curves.courses, "course")),
            source="Aalen and Johansen 1978; Datta and Satten 2001; Royston and Parmar 2013",
        ),
        wide=True,
    )


def compare(groups: Sequence[Group[States]], by: str) -> View:
    """The share in response of several groups over one another, and their days in response."""
    days = ", ".join(f"{group.name} {_days(group.answer.first_session)}" for group in groups)
    drawn = [group for group in groups if _drawn(group.answer.first_session)]
    comparable = groups if all(group.apart for group in groups) else []
    found = less_first_spent([group.answer.first_session for group in comparable], RESPONSE)
    return View(
        "compare-states",
        QUESTION,
        " ".join(filter(None, (sentence(f"in response, with 95% intervals: {days}"), _apart(groups, found)))),
        draw_groups(drawn) if drawn else empty(f"No group has {FEW} courses: nothing is drawn."),
        legend=[
            Mark(f"{one.name} (n {whole(one.answer.first_session.courses)})", one.token, one.dash) for one in drawn
        ],
        points_name="Days in response, less the first group" if found.told else "",
        points=_points(comparable, found),
        notes=[TOLD] if found.told else [],
        table=of_groups([(group.name, table(group.answer.first_session)) for group in groups], by),
        wide=True,
    )


def _apart(groups: Sequence[Group[States]], found: Differences) -> str:
    """Which groups differ from the first in days in response; empty where none can be told."""
    if not found.told or found.first is None:
        return ""
    first = groups[found.first]
    curves = first.answer.first_session
    base = f"{first.name} ({number(spent(curves)[0], 0)} days in response)"
    told = [(group.name, one) for group, one in zip(groups, found.of, strict=True) if one is not None]
    text = against(f"Over {number(curves.days)} days", base, told, in_days(curves.days))
    return f"{text} {UNADJUSTED}"


def _points(groups: Sequence[Group[States]], found: Differences) -> list[Point]:
    """The difference of each group from the first, in days."""
    made = []
    for group, one in zip(groups, found.of, strict=True):
        if one is not None and one.difference is not None and one.low is not None and one.high is not None:
            days = group.answer.first_session.days
            ends = f"{number(days * one.low, 0)} to {number(days * one.high, 0)} days"
            made.append(Point(group.name, number(days * one.difference, 0), ends))
    return made


def table(curves: StateCurves, every: int = 1) -> Table:
    """Share in each state with its interval, a row every so many days."""
    return Table(
        _COLUMNS, rows(curves)[::every], name="states",
        title="Where courses stand by day, those no longer observed left out",
        note="Aalen and Johansen 1978; Datta and Satten 2001.", whole=False,
    )  # fmt: skip


def tables(states: States, every: int) -> list[Table]:
    """What a file has: the days in response on each clock, and the shares by day."""
    since = {"first_session": _FIRST, "last_induction_session": _INDUCTION}
    days = Table(
        (Column("from", "Days after", "text"), Column("of_days", "Of days", "count"), Column("n", "Courses", "count"),
         Column("mean", "In response, days"), Column("low", "95% low"), Column("high", "95% high")),
        [row | {"from": since[row["from"]]} for row in states.days_in_response()],
        name="days_in_response", title="Days spent in response",
        note=f"Restricted mean. Fewer days than {DAYS}: follow-up is too short for more.",
    )  # fmt: skip
    return [days, table(states.first_session, every)]


def _days(curves: StateCurves) -> str:
    """ "31 days in 90 (27 to 35; n 120)"."""
    n = f"n {whole(curves.courses)}"
    mean, low, high = spent(curves)
    if mean is None:
        return f"too few ({n})"
    span = interval(low, high).removeprefix("95% interval ")
    return f"{number(mean, 0)} days in {number(curves.days)} ({span}; {n})"


# --- in words ------------------------------------------------------------------------------------


def spent(curves: StateCurves) -> tuple[float | None, float | None, float | None]:
    """Whole days in response with their interval; None where they are not known."""
    ends = (curves.spent[RESPONSE], curves.spent_low[RESPONSE], curves.spent_high[RESPONSE])
    mean, low, high = (known(float(of)) if curves.days else None for of in ends)
    return mean, None if low is None else round(low), None if high is None else round(high)


def words(states: States) -> str:
    """The days in response of the first 90; true at every n."""
    return _words(states.first_session, _FIRST, "course")


def _words(curves: StateCurves, since: str, unit: str) -> str:
    if curves.courses is None:
        return too_few("courses")
    mean, low, high = spent(curves)
    if not curves.courses:
        return "No course here began moderately ill or worse and was scored again."
    if mean is None:
        few = LEAST_SHOWN if curves.patients is None else FEW  # of rounded counts
        of = count(curves.courses, "course")
        return sentence(f"{of}, of which fewer than {few} are observed for a day after {since}: too few to say")
    spends = f"{number(mean, 0)} of the first {number(curves.days)} days after {since}"
    rests = f"{interval(low, high, ' days')}; {count(curves.courses, unit)}"
    return sentence(f"a course spends {spends} in response on average ({rests})")


def after_induction(states: States) -> str:
    """The same from the last session of a complete induction; empty where nothing can be said."""
    curves = states.last_induction_session
    if not curves.courses or spent(curves)[0] is None:
        return ""
    return _words(curves, _INDUCTION, "complete induction")


def when_seen(curves: StateCurves) -> str:
    """Which first days nothing is said of; empty where there are none."""
    later = np.flatnonzero(~_said(curves)[1:] & ~np.isnan(curves.at_risk[1:])) if curves.days else np.zeros(0)
    if not later.size:
        return ""
    return f"Half of the courses had their first score by day {later[-1] + 2}: of the days before no share is said."


def _said(curves: StateCurves) -> np.ndarray:
    """On which days a share is said."""
    return np.asarray(~np.isnan(curves.share).all(axis=1))


def where_it_stops(curves: StateCurves) -> str:
    """Up to which day follow-up suffices; empty where it does to the end."""
    if not curves.days or curves.days >= DAYS:
        return ""
    few = LEAST_SHOWN if curves.patients is None else FEW  # of rounded counts
    return f"Follow-up is too short for day {DAYS}: after day {number(curves.days)} fewer than {few} courses say it."


# --- drawn ---------------------------------------------------------------------------------------


def _drawn(curves: StateCurves) -> bool:
    return bool(curves.days) and bool(curves.courses)


def draw(curves: StateCurves, height: int = 330) -> Figure:
    """Stacked areas with the interval of the share in response."""
    if curves.courses is None:
        return empty("Too few courses to draw from rounded counts.")
    if not _drawn(curves):
        return empty(f"Fewer than {FEW} courses are followed: nothing is drawn.")
    said = _said(curves)
    days = curves.times[said].tolist()
    layers: list[tuple[str, str, list[Any]]] = [
        (name, key, np.nan_to_num(curves.share[said, NAMES.index(key)]).tolist()) for name, key in LAYERS
    ]
    figure = area_figure(days, layers, *_AXES, height)
    data = figure["data"]
    low, high = ([known(end) for end in of[:, RESPONSE].tolist()] for of in (curves.low[said], curves.high[said]))
    data += ribbon(days, low, high, "text")
    data[0]["customdata"] = [
        "" if a is None or b is None else f", {share_interval(a, b)}" for a, b in zip(low, high, strict=True)
    ]
    data[0]["hovertemplate"] = "%{y:.0%} response%{customdata}<extra></extra>"
    return figure


def draw_groups(groups: Sequence[Group[States]]) -> Figure:
    """The share in response of each group as a line."""
    data = []
    for group in groups:
        curves = group.answer.first_session
        said = _said(curves)
        shares = [known(share) for share in curves.share[said, RESPONSE].tolist()]
        drawn = line(curves.times[said].tolist(), shares, group.name, group.token, line={"dash": group.dash})
        data.append(drawn | {"hovertemplate": f"%{{y:.0%}} {group.name}<extra></extra>"})
    end = max(group.answer.first_session.days for group in groups)
    return {"data": data, "layout": layout(330, **share_axes(end, *_AXES))}
