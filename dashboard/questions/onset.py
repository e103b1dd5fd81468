"""How quickly do effects start? Days to response, and sessions to response."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from dashboard.figures.base import Figure, empty
from dashboard.figures.interval_curves import IntervalLine, dotted, interval_figure, last_day, no_line
from dashboard.figures.steps import Curve, median_label, no_curve, survival_figure
from dashboard.questions.curves import (
    RESPONDED,
    UNDER_AXIS,
    Headline,
    Named,
    by_day,
    curve_table,
    interval_rows,
    median,
    on_days,
    responded,
    stops,
    unseen,
    where_it_stops,
)
from dashboard.questions.curves import compare as compare_curves
from dashboard.questions.view import INTERVAL, Column, Definition, Group, Table, View
from dashboard.words.numbers import FEW, count, day, interval, sentence, too_few, whole
from dashboard.words.scales import BAD_DAYS
from dashboard.words.shares import rate
from data_models.outcomes.interval_censored import IntervalCurve
from data_models.outcomes.proportions import Proportion
from data_models.outcomes.risk_sets import STARTS_AT
from data_models.outcomes.survival import SurvivalCurve
from data_models.questions.curve_differences import ONSET_DAYS
from data_models.questions.onset import Onset

QUESTION = "How quickly do effects start?"
BY_SESSION = "After how many sessions?"
LONGEST_DAYS = 56.0  # onset is a matter of days and weeks; the table has all rows
MOST_SESSIONS = 24
_DAYS = "Days since the first session"
_SAID_DAYS = (1.0, 3.0, 7.0, 14.0, 28.0)


def view(onset: Onset, early: Proportion) -> View:
    """Days to response; `early`: response at 24 h, where scores so early exist."""
    curve = onset.curve
    return View(
        "onset",
        QUESTION,
        words(curve),
        draw(onset),
        points_name="In response by each day",
        points=on_days(curve, _SAID_DAYS),
        notes=[
            "The line is when response began, between the score before it and the first that shows it. Dotted: first "
            "seen by then, later by the gap between scores.",
            f"Response at 24 h after the first session: {rate(early)}." if early.n else "",
            unseen(curve),
            stops(curve, LONGEST_DAYS),
            BAD_DAYS,
        ],
        table=table(onset),
        definition=Definition(
            "Days from the course's first session to response, of evaluable courses. A response began after the last "
            "score before it (L) and by the first score in response (R); courses without one are censored at their "
            "last score. The share by each day is estimated from these intervals (interval-censored maximum "
            "likelihood, its hazard constant between days with enough scores), its 95% interval by patient: Wilson's, "
            "at the effective number that the sandwich variance gives. Dotted: 1 − Kaplan-Meier on R.",
            ("response_improvement", "entry_severity", "baseline_window_days", "course_gap_days"),
            n=sentence(f"{count(curve.n, 'evaluable course')}, {whole(curve.total_events)} responded"),
            source="Turnbull 1976; Geman and Hwang 1982; Lin and Wei 1989; Kaplan and Meier 1958",
        ),
    )


def by_session(onset: Onset) -> View:
    """Sessions received until response."""
    curve = onset.by_session
    return View(
        "onset-sessions",
        BY_SESSION,
        session_words(curve),
        draw_by_session(curve),
        notes=[where_it_stops(curve, MOST_SESSIONS, "session"), BAD_DAYS],
        table=Table((Column("days", "Sessions"), *RESPONDED), responded(curve)),
        definition=Definition(
            "Sessions started before the first score in response; courses without response are censored at the "
            f"sessions started before their last score. 1 − Kaplan-Meier with log-log intervals. {UNDER_AXIS}",
            ("response_improvement",),
            n=sentence(f"{count(curve.n, 'evaluable course')}, {whole(curve.total_events)} responded"),
            source="Kaplan and Meier 1958",
        ),
    )


def compare(groups: Sequence[Group[Onset]]) -> View:
    """Days to response of several groups."""
    headline = Headline(ONSET_DAYS, "had responded")
    return compare_curves("onset", "How quickly", groups, lambda onset: onset.curve, draw_groups, headline)


def table(onset: Onset) -> Table:
    """The rows of the curve, and what was first seen by each of their days."""
    rows = [
        row | {"seen": 1.0 - onset.first_seen.at(row["days"])[0]}
        for row in interval_rows(onset.curve, "responded", rising=True)
    ]
    columns = (Column("days", "Day"), Column("at_risk", "At risk", "count"), Column("responded", "Responded", "share"))
    return Table((*columns, *INTERVAL, Column("seen", "First seen by then", "share")), rows)


def named(onset: Onset) -> list[Named]:
    """The curves that files have."""
    return [
        Named("onset_interval", "Days to response", _DAYS, onset.curve),
        Named("onset", "Days to response first seen", _DAYS, onset.first_seen),
        Named("onset_by_session", "Sessions to response", "Sessions received", onset.by_session),
    ]


def tables(onset: Onset) -> list[Table]:
    """What a file has: between which days the median lies, and the rows of each curve."""
    low, high = (end if math.isfinite(end) else None for end in onset.interval_censored.median)
    between = Table(
        (Column("median_from", "Median after day"), Column("median_to", "Median by day")),
        [{"median_from": low, "median_to": high}],
        name="onset_turnbull", title="Days to response, interval-censored", note="Turnbull 1976.", keys=0,
    )  # fmt: skip
    return [between, *map(curve_table, named(onset))]


# --- in words ------------------------------------------------------------------------------------


def _too_little(curve: IntervalCurve | SurvivalCurve, what: str) -> str:
    """Why no median is told of `what`, or how few responded; empty where one may be."""
    n, events = curve.n, curve.total_events
    if n is None:
        return too_few("evaluable courses")
    if n == 0:
        return f"No course here has a baseline and a score after its first session, so {what} cannot be said."
    if events == 0:
        return sentence(f"none of {count(n, 'evaluable course')} has responded so far")
    if n < FEW:
        return sentence(
            f"{whole(events)} of {count(n, 'evaluable course')} responded; fewer than {FEW} are too few for a median"
        )
    return ""


def words(curve: IntervalCurve) -> str:
    """Half respond by when; where that is not reached, how many by the last day that is reported."""
    if little := _too_little(curve, "onset"):
        return little
    n, events = curve.n, curve.total_events
    middle, low, high = median(curve)
    if middle is None:
        last = next((text for at in reversed(_SAID_DAYS) if (text := by_day(curve, at))), "")
        return sentence(
            f"{whole(events)} of {count(n, 'course')} responded; the time by which half respond is not reached "
            "within the follow-up" + (f": {last}" if last else "")
        )
    return sentence(f"half of {count(n, 'course')} respond by {day(middle)} ({interval(low, high, ' days')})")


def session_words(curve: SurvivalCurve) -> str:
    """Half respond after how many sessions."""
    if little := _too_little(curve, "the sessions to response"):
        return little
    n, events = curve.n, curve.total_events
    middle, low, high = median(curve)
    if middle is None:
        return sentence(
            f"{whole(events)} of {count(n, 'course')} responded; half is not reached at any number of sessions"
        )
    place = int(np.searchsorted(curve.times, middle))
    # The last steps, of the few who are treated longest, are no word on all.
    if place < curve.at_risk.size and curve.at_risk[place] < STARTS_AT:
        return sentence(
            f"{whole(events)} of {count(n, 'course')} responded; half is not reached while {STARTS_AT} are followed"
        )
    return sentence(f"half of {count(n, 'course')} respond after {count(middle, 'session')} ({interval(low, high)})")


# --- drawn ---------------------------------------------------------------------------------------


def draw(onset: Onset) -> Figure:
    """Share in response by days since the first session, and first seen by then."""
    why_not = no_line(onset.curve)
    if why_not:
        return empty(why_not)
    lines = [IntervalLine("In response", onset.curve, "response")]
    seen, end = onset.first_seen, last_day(lines, LONGEST_DAYS)
    days, values = [0.0, *seen.times.tolist()], [0.0, *(1.0 - seen.survival).tolist()]
    figure = interval_figure(
        lines,
        rising=True,
        limit=LONGEST_DAYS,
        x_title=_DAYS,
        y_title="Responded so far",
        beside=[dotted(days, values, end, "First seen by then")],
    )
    middle = median(onset.curve)[0]
    if middle is not None and middle <= end:
        figure["layout"]["annotations"] = [median_label(middle, end, rising=True)]
    return figure


def draw_by_session(curve: SurvivalCurve) -> Figure:
    """Cumulative response by sessions received."""
    why_not = no_curve(curve)
    if why_not:
        return empty(why_not)
    return survival_figure(
        [Curve("Kaplan-Meier", curve, "response")],
        rising=True,
        limit=MOST_SESSIONS,
        x_title="Sessions received",
        y_title="Responded so far",
        events="Responded",
        unit="session",
    )


def draw_groups(lines: Sequence[IntervalLine]) -> Figure:
    """Share in response of several groups."""
    return interval_figure(lines, rising=True, limit=LONGEST_DAYS, x_title=_DAYS, y_title="Responded so far")
