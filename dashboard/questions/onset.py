"""How quickly do effects start? Days to response, and sessions to response."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dashboard.figures.base import Figure, empty
from dashboard.figures.steps import Curve, horizon, median_label, no_curve, survival_figure
from dashboard.questions.curves import RESPONDED, UNDER_AXIS, few_by, median, responded, where_it_stops
from dashboard.questions.curves import compare as compare_curves
from dashboard.questions.view import Column, Definition, Group, Table, View
from dashboard.theme import colour, faint
from dashboard.words.numbers import FEW, count, day, interval, number, sentence, too_few, whole
from dashboard.words.shares import rate
from data_models.outcomes.proportions import Proportion
from data_models.outcomes.survival import SurvivalCurve
from data_models.outcomes.turnbull import TurnbullCurve
from data_models.questions.onset import Onset

QUESTION = "How quickly do effects start?"
BY_SESSION = "After how many sessions?"
LONGEST_DAYS = 56.0  # onset is a matter of days and weeks; the table has all rows
MOST_SESSIONS = 24


def view(onset: Onset, early: Proportion) -> View:
    """Days to response; `early`: response at 24 h, where scores so early exist."""
    seen = onset.first_seen
    return View(
        "onset",
        QUESTION,
        words(seen),
        draw(onset),
        notes=[
            "Solid: 1 − Kaplan-Meier with its 95% interval. Dotted: Turnbull, with a band where it is open.",
            f"Response at 24 h after the first session: {rate(early)}." if early.n else "",
            turnbull_median(onset.interval_censored),
            where_it_stops(seen, LONGEST_DAYS),
        ],
        table=table(onset),
        definition=Definition(
            "Days from the course's first session to response. The first score in response comes after the response "
            "itself, so each onset lies between the score before (L) and that score (R). The line is 1 − "
            "Kaplan-Meier on R with log-log intervals; the dotted line is the nonparametric maximum-likelihood "
            "estimate for (L, R] (Turnbull), with a band where any course of the curve would be as likely. "
            f"Courses without response are censored at their last score. {UNDER_AXIS}",
            ("response_improvement", "baseline_window_days", "course_gap_days"),
            n=sentence(f"{count(seen.n, 'evaluable course')}, {whole(seen.total_events)} responded"),
            source="Kaplan and Meier 1958; Turnbull 1976",
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
        notes=[where_it_stops(curve, MOST_SESSIONS, "session")],
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
    return compare_curves("onset", "How quickly", groups, lambda onset: onset.first_seen, draw_groups)


def table(onset: Onset) -> Table:
    """Kaplan-Meier and Turnbull under one another: the two curves of the figure."""
    rows: list[dict[str, Any]] = [{"estimator": "Kaplan-Meier", **row} for row in responded(onset.first_seen)]
    censored, total = onset.interval_censored, 0.0
    for start, end, mass in zip(*(c.tolist() for c in (censored.left, censored.right, censored.mass)), strict=True):
        # A last mass without an end lies after all scores: of those who have not responded so far.
        total += mass if np.isfinite(end) else 0.0
        ended = end if np.isfinite(end) else None
        rows.append({"estimator": "Turnbull", "left": start, "days": ended, "responded": min(total, 1.0)})
    first = (Column("estimator", "Estimator", "text"), Column("left", "After day"), Column("days", "Day"))
    return Table((*first, *RESPONDED), rows)


# --- in words ------------------------------------------------------------------------------------


def words(curve: SurvivalCurve) -> str:
    """Half respond by when."""
    n, events = curve.n, curve.total_events
    middle, low, high = median(curve)
    if n is None:
        return too_few("evaluable courses")
    if n == 0:
        return "No course here has a baseline and a score after its first session, so onset cannot be said."
    if events == 0:
        return sentence(f"none of {count(n, 'evaluable course')} has responded so far")
    if n < FEW:
        return sentence(
            f"{whole(events)} of {count(n, 'evaluable course')} responded; fewer than {FEW} are too few for a median"
        )
    if middle is None:
        return sentence(
            f"{whole(events)} of {count(n, 'course')} responded; the time by which half respond is not reached "
            "within the follow-up"
        )
    return sentence(
        f"half of {count(n, 'course')} respond by {day(middle)} ({interval(low, high, ' days')})"
        + few_by(curve, middle)
    )


def session_words(curve: SurvivalCurve) -> str:
    """Half respond after how many sessions."""
    n, events = curve.n, curve.total_events
    middle, low, high = median(curve)
    if n is None:
        return too_few("evaluable courses")
    if n == 0:
        return "No evaluable course, so the sessions to response cannot be said."
    if events == 0:
        return sentence(f"none of {count(n, 'evaluable course')} has responded so far")
    if n < FEW:
        return sentence(f"{whole(events)} of {count(n, 'course')} responded; too few for a median")
    if middle is None:
        return sentence(
            f"{whole(events)} of {count(n, 'course')} responded; half is not reached at any number of sessions"
        )
    return sentence(
        f"half of {count(n, 'course')} respond after {count(middle, 'session')} ({interval(low, high)})"
        + few_by(curve, middle)
    )


def turnbull_median(curve: TurnbullCurve) -> str:
    """Where the interval-censored median lies; empty where there is none."""
    left, right = curve.median
    if np.isnan(left):
        return ""
    if not np.isfinite(right):
        return f"Turnbull's median lies after day {number(left)}."
    if number(left) == number(right):
        return f"Turnbull's median lies at about {day(right)}."
    return f"Turnbull's median lies between day {number(left)} and day {number(right)}."


# --- drawn ---------------------------------------------------------------------------------------


def draw(onset: Onset) -> Figure:
    """Cumulative response by days since the first session."""
    why_not = no_curve(onset.first_seen)
    if why_not:
        return empty(why_not)
    curve = Curve("Kaplan-Meier", onset.first_seen, "response")
    end = horizon([curve], LONGEST_DAYS)
    censored = onset.interval_censored
    figure = survival_figure(
        [curve],
        rising=True,
        limit=LONGEST_DAYS,
        x_title="Days since the first session",
        y_title="Responded so far",
        events="Responded",
        below=turnbull_band(censored, end) if censored.mass.size else [],
    )
    middle = median(onset.first_seen)[0]
    known = middle is not None and middle <= end
    figure["layout"]["annotations"] = [median_label(middle, end, rising=True)] if known and middle is not None else []
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


def draw_groups(curves: Sequence[Curve]) -> Figure:
    """Cumulative response of several groups."""
    return survival_figure(
        curves, rising=True, limit=LONGEST_DAYS, x_title="Days since the first session", y_title="Responded so far"
    )


def turnbull_band(curve: TurnbullCurve, end: float) -> list[dict[str, Any]]:
    """The region in which Turnbull's estimate lies: each mass spread anywhere over its (L, R]."""
    left, right, mass = (column.tolist() for column in (curve.left, curve.right, curve.mass))
    early = _cumulative(list(zip(left, mass, strict=True)), end)
    late = _cumulative([(day, weight) for day, weight in zip(right, mass, strict=True) if np.isfinite(day)], end)
    edge = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "showlegend": False, "name": "Turnbull"}
    dotted = {"width": 1.6, "shape": "hv", "color": colour("muted"), "dash": "dot"}
    invisible = {"width": 0, "shape": "hv", "color": colour("left")}
    return [
        edge | {"x": late[0], "y": late[1], "line": dotted},
        edge | {"x": early[0], "y": early[1], "line": invisible, "fill": "tonexty", "fillcolor": faint("left", 0.3)},
    ]


def _cumulative(jumps: Sequence[tuple[float, float]], end: float) -> tuple[list[float], list[float]]:
    days, values, total = [0.0], [0.0], 0.0
    for at, weight in sorted(jumps):
        if at > end:
            break
        total += weight
        days.append(float(at))
        values.append(min(total, 1.0))
    days.append(end)
    values.append(min(total, 1.0))
    return days, values
