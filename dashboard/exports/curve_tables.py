"""Curves of onset and of how long effects last as tables: medians, rows, and what came first."""

from __future__ import annotations

import math
from collections.abc import Callable

from dashboard.exports.document import counted
from dashboard.exports.release import Part
from dashboard.exports.tables import Parts, Row, cohort_table
from dashboard.questions.view import Column, Table
from data_models.outcomes.interval_censored import IntervalCurve
from data_models.outcomes.survival import SurvivalCurve

CURVES: dict[str, tuple[Callable[[Part], SurvivalCurve], str, str]] = {
    "onset": (
        lambda part: part.summary.onset.first_seen,
        "Days to response first seen",
        "Days since the first session",
    ),
    "onset_by_session": (lambda part: part.summary.onset.by_session, "Sessions to response", "Sessions received"),
    "duration": (
        lambda part: part.summary.duration.curve,
        "Days of response, re-treatment allowed",
        "Days since response",
    ),
    "durability": (
        lambda part: part.summary.durability.curve,
        "Days of response after induction, if re-treatment had nothing to do with fading",
        "Days since the last induction session",
    ),
}
INTERVAL_CURVES: dict[str, tuple[Callable[[Part], IntervalCurve], str, str]] = {
    "onset_interval": (
        lambda part: part.summary.onset.curve,
        "Days to response",
        "Days since the first session",
    ),
    "durability_interval": (
        lambda part: part.summary.durability.lost,
        "Days to loss of response after induction, whatever was given meanwhile",
        "Days since the last induction session",
    ),
}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def medians(parts: Parts, by: str | None) -> Table:
    """Medians of onset, duration and durability."""

    def rows(part: Part) -> list[Row]:
        made: list[Row] = []
        for of, words, _ in INTERVAL_CURVES.values():
            between = of(part)
            counts = {"n": counted(between.n), "events": counted(between.total_events)}
            ends = dict(zip(("median", "low", "high"), map(_finite, between.median), strict=True))
            made.append({"measure": words, **ends, **counts})
        for curve_of, words, _ in CURVES.values():
            curve = curve_of(part)
            counts = {"n": counted(curve.n), "events": counted(curve.total_events)}
            made.append({"measure": words, **curve.as_dict(), **counts})
        return made

    columns = (
        Column("measure", "Measure", "text"),
        Column("n", "Courses", "count"),
        Column("events", "Events", "count"),
        Column("median", "Median"),
        Column("low", "95% low"),
        Column("high", "95% high"),
    )
    note = (
        "The first two: interval-censored, between two scores. The others: Kaplan-Meier, log-log intervals. All by "
        "patient. Without a median: not reached."
    )
    return cohort_table(
        parts,
        "onset_durability",
        "How quickly effects start and how long they last",
        columns,
        rows,
        note,
        by=by,
        keyed=1,
    )


def turnbull(parts: Parts, by: str | None) -> Table:
    """Where the interval-censored median of onset lies."""

    def rows(part: Part) -> list[Row]:
        low, high = part.summary.onset.interval_censored.median
        return [{"median_from": _finite(low), "median_to": _finite(high)}]

    columns = (Column("median_from", "Median after day"), Column("median_to", "Median by day"))
    return cohort_table(
        parts, "onset_turnbull", "Days to response, interval-censored", columns, rows, "Turnbull 1976.", by=by, keyed=0
    )


def interval_curve(parts: Parts, by: str | None, name: str) -> Table:
    """One interval-censored curve's rows."""
    curve_of, title, unit = INTERVAL_CURVES[name]
    columns = (
        Column("days", unit),
        Column("at_risk", "At risk", "count"),
        Column("share", "Share with the event by then", "share"),
        Column("low", "95% low", "share"),
        Column("high", "95% high", "share"),
    )

    def rows(part: Part) -> list[Row]:
        return curve_of(part).as_rows()

    note = "Interval-censored (Turnbull 1976; constant hazards between days with enough scores), by patient."
    return cohort_table(parts, f"{name}_curve", f"{title}: curve", columns, rows, note, by=by, keyed=1, whole=False)


def curve(parts: Parts, by: str | None, name: str) -> Table:
    """One Kaplan-Meier curve's rows."""
    curve_of, title, unit = CURVES[name]
    columns = (
        Column("days", unit),
        Column("at_risk", "At risk", "count"),
        Column("events", "Events", "count"),
        Column("censored", "Censored", "count"),
        Column("survival", "Share without the event", "share"),
        Column("low", "95% low", "share"),
        Column("high", "95% high", "share"),
    )
    return cohort_table(
        parts,
        f"{name}_curve",
        f"{title}: curve",
        columns,
        lambda part: list(curve_of(part).as_dict()["curve"]),
        by=by,
        keyed=1,
        whole=False,
    )


def competing(parts: Parts, by: str | None) -> Table:
    """Lost, re-treated, still in response (Aalen-Johansen)."""
    states = {"loss": "Response lost", "retreated": "Re-treated first", "in_response": "In response"}
    ends = {"": "", "_low": ", 95% low", "_high": ", 95% high"}
    columns = (
        Column("days", "Days since the last induction session"),
        Column("at_risk", "At risk", "count"),
        *(Column(state + end, words + of, "share") for state, words in states.items() for end, of in ends.items()),
    )
    return cohort_table(
        parts,
        "durability_competing",
        "Response lost, or treated again first",
        columns,
        lambda part: list(part.summary.durability.as_json()["aalen_johansen"]),
        "Aalen and Johansen 1978.",
        by=by,
        keyed=1,
        whole=False,
    )
