"""What curves share: their medians in words, their tables, their headline, and why one is not drawn."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from dashboard.figures.base import Figure, empty
from dashboard.figures.interval_curves import IntervalLine, no_line
from dashboard.figures.steps import StepRow, known, step_rows, stops_early
from dashboard.questions.differences import TOLD, against, points
from dashboard.questions.view import INTERVAL, Answer, Column, Group, Mark, Point, Table, Tile, View
from dashboard.words.numbers import (
    FEW,
    count,
    course_day,
    day,
    days,
    interval,
    listing,
    number,
    percent,
    quantity,
    sentence,
    share_interval,
    whole,
)
from data_models.outcomes.differences import by_day as share_by_day
from data_models.outcomes.differences import less_first
from data_models.outcomes.interval_censored import IntervalCurve
from data_models.outcomes.survival import SurvivalCurve

UNADJUSTED = "The groups are not made alike here."
UNDER_AXIS = "Rows under the axis: still at risk after that time; events and censored up to and at it."
COUNTED = (Column("at_risk", "At risk", "count"), Column("events", "Events", "count"),
           Column("censored", "Censored", "count"))  # fmt: skip
DIFFERENCES = (
    Column("group", "Group", "text"), Column("day", "By day"), Column("n", "Courses", "count"),
    Column("start", "Curve from day"), Column("share", "Share by then", "share"), *INTERVAL,
    Column("difference", "Less the first", "share"), Column("difference_low", "95% low, of the difference", "share"),
    Column("difference_high", "95% high, of the difference", "share"),
)  # fmt: skip
RESPONDED = (*COUNTED, Column("responded", "Responded so far", "share"), *INTERVAL)  # what figures of onset draw


def median(curve: SurvivalCurve | IntervalCurve) -> tuple[float | None, float | None, float | None]:
    """The median with its interval; None where not reached or not estimable."""
    middle, low, high = curve.median
    return known(middle), known(low), known(high)


def where_it_stops(curve: SurvivalCurve, limit: float, unit: str = "day", what: str = "curve stops") -> str:
    """Where a curve is not drawn to its end; empty where it is."""
    end = stops_early(curve)
    if not end or curve.n is None or curve.n < FEW:  # at 0 nothing is drawn, and the figure says so
        return ""
    if end > limit:
        return f"Drawn to {unit} {number(limit)}; the table has the rest."
    return f"The {what} at {unit} {number(end)}: fewer than {FEW} are at risk after it."


class Headline(NamedTuple):
    """By which days groups are set against each other, and what has then happened; in words the last of the days."""

    days: tuple[float, ...]
    happened: str


class Named(NamedTuple):
    """A curve as files have it: the name of its table, what it is of, and what its axis counts."""

    name: str
    title: str
    unit: str
    curve: IntervalCurve | SurvivalCurve


def medians(named: Sequence[Named]) -> Table:
    """The median of each curve: first those whose events lie between two scores."""
    made = []
    for one in sorted(named, key=lambda one: isinstance(one.curve, SurvivalCurve)):
        ends = dict(zip(("median", "low", "high"), median(one.curve), strict=True))
        made.append({"measure": one.title, "n": one.curve.n, "events": one.curve.total_events, **ends})
    return Table(
        (Column("measure", "Measure", "text"), Column("n", "Courses", "count"), Column("events", "Events", "count"),
         Column("median", "Median"), Column("low", "95% low"), Column("high", "95% high")),
        made, name="onset_durability", title="How quickly effects start and how long they last",
        note="The first two: interval-censored, between two scores. The others: Kaplan-Meier, log-log intervals. All "
        "by patient. Without a median: not reached.",
    )  # fmt: skip


def curve_table(of: Named) -> Table:
    """The rows of a curve, as it was estimated."""
    columns: tuple[Column, ...]
    if isinstance(of.curve, IntervalCurve):
        columns = (COUNTED[0], Column("share", "Share with the event by then", "share"))
        rows = of.curve.as_rows()
        note = "Interval-censored (Turnbull 1976; constant hazards between days with enough scores), by patient."
    else:
        columns = (*COUNTED, Column("survival", "Share without the event", "share"))
        rows, note = of.curve.as_dict()["curve"], ""
    columns = (Column("days", of.unit), *columns, *INTERVAL)
    return Table(columns, rows, name=f"{of.name}_curve", title=f"{of.title}: curve", note=note, whole=False)


def rows(curve: SurvivalCurve) -> list[dict[str, Any]]:
    """A falling curve, one row a time."""
    return [row._asdict() for row in step_rows(curve)]


def responded(curve: SurvivalCurve) -> list[dict[str, Any]]:
    """1 - Kaplan-Meier, one row a time: the low end of the one is the high end of the other."""

    def rising(row: StepRow) -> dict[str, Any]:
        low, high = (None if end is None else 1 - end for end in (row.high, row.low))
        return row._asdict() | {"responded": 1 - row.survival, "low": low, "high": high}

    return [rising(row) for row in step_rows(curve)]


def tile(name: str, curve: IntervalCurve, unit: str, units: str | None = None) -> Tile:
    """A median as a headline figure."""
    n = count(curve.n, unit, units)
    middle, low, high = median(curve)
    if curve.n is None or curve.n < FEW or curve.start is None:
        return Tile(name, "–", "", (f"Too few: {n}",))
    if middle is None:
        return Tile(name, "", "not reached", (interval(low, high, " days"), n))
    value, _, unit_of_time = quantity(course_day(middle), "day").partition(" ")
    return Tile(name, value, f" {unit_of_time}", (interval(low, high, " days"), n))


def compare(
    part: str,
    question: str,
    groups: Sequence[Group[Answer]],
    curve_of: Callable[[Answer], IntervalCurve],
    draw: Callable[[Sequence[IntervalLine]], Figure],
    headline: Headline,
    least: int = FEW,
) -> View:
    """The curves of several groups over one another, and how the shares by some days differ.

    `least`: at risk together where each may start.
    """
    curves = [(group, curve_of(group.answer)) for group in groups]
    shown = [(group, curve) for group, curve in curves if not no_line(curve)]
    without = [group.name for group, curve in curves if no_line(curve)]
    starts = f"starts where {least} are and " if least > FEW else ""
    under = f"Under the axis: courses still at risk; a curve {starts}stops where fewer than {FEW} are."
    if without:
        under += f" Not drawn, with fewer at any time: {listing(without)}."
    rows = _differences(curves, headline.days)
    return View(
        f"compare-{part}",
        question,
        " ".join(filter(None, (_medians(curves), _apart(curves, headline), UNADJUSTED))),
        draw([IntervalLine(group.name, curve, group.token, group.dash) for group, curve in shown])
        if shown
        else empty(f"No group has {least} courses at risk."),
        legend=[Mark(f"{group.name} (n {whole(curve.n)})", group.token, group.dash) for group, curve in shown],
        notes=[under, TOLD] if any(row["difference"] is not None for row in rows) else [under],
        table=Table(DIFFERENCES, rows, keys=2),
    )


def _apart(curves: Sequence[tuple[Group[Answer], IntervalCurve]], headline: Headline) -> str:
    """Which groups differ by the headline's last day from the first that is known then; empty where none can."""
    at = headline.days[-1]
    shares = [share_by_day(curve, at) for _, curve in curves]
    found = less_first(shares)
    told = [(group.name, one) for (group, _), one in zip(curves, found.of, strict=True) if one is not None]
    if not told or found.first is None or not all(group.apart for group, _ in curves):
        return ""
    base = f"{curves[found.first][0].name} ({percent(shares[found.first].share)} {headline.happened})"
    return against(f"By {day(at)}", base, told, points)


def _differences(curves: Sequence[tuple[Group[Answer], IntervalCurve]], days: Sequence[float]) -> list[dict[str, Any]]:
    """A row a day and group."""
    made = []
    comparable = all(group.apart for group, _ in curves)
    for at in days:
        shares = [share_by_day(curve, at) for _, curve in curves]
        for (group, curve), share, one in zip(curves, shares, less_first(shares).of, strict=True):
            row = {"group": group.name, "day": at, "n": curve.n, "start": curve.start, "share": share.share}
            told = one if comparable else None
            for key, of in (("", share), ("difference_", told)):
                row |= {f"{key}low": getattr(of, "low", None), f"{key}high": getattr(of, "high", None)}
            made.append(row | {"difference": getattr(told, "difference", None)})
    return made


def _medians(curves: Sequence[tuple[Group[Answer], IntervalCurve]]) -> str:
    found = []
    for group, curve in curves:
        middle, low, high = median(curve)
        if curve.n is None or curve.n < FEW or curve.start is None:
            found.append(f"{group.name} too few (n {whole(curve.n)})")
        elif middle is None:
            found.append(f"{group.name} not reached (n {whole(curve.n)})")
        else:
            span = interval(low, high, " days").removeprefix("95% interval ").replace(" days", "")
            found.append(f"{group.name} {days(middle)} ({span}; n {whole(curve.n)})")
    return sentence("medians with 95% intervals: " + ", ".join(found))


# --- curves of events that lie between two scores --------------------------------------------------


def by_day(curve: IntervalCurve, at: float) -> str:
    """ "34% by day 7 (95% interval 27 to 42%)"; empty where the curve has no row of that day."""
    share, low, high = curve.at(at)
    return "" if share != share else f"{percent(share)} by {day(at)} ({share_interval(low, high)})"


def on_days(curve: IntervalCurve, wanted: Sequence[float]) -> list[Point]:
    """The share by each of some days, of those that the curve has; none where no curve is drawn."""
    if no_line(curve):
        return []
    return [
        Point(day(at), percent(share), share_interval(low, high).removeprefix("95% interval "))
        for at, (share, low, high) in ((at, curve.at(at)) for at in wanted)
        if share == share
    ]


def stops(curve: IntervalCurve, limit: float) -> str:
    """Where a curve is not drawn to its end, or ends; empty where there is none."""
    if curve.times.size < 2:
        return ""
    end = float(curve.times[-1])
    if end > limit:
        return f"Drawn to {day(limit)}; the table has the rest."
    return f"The curve stops at {day(end)}: fewer than {FEW} are at risk after it."


def unseen(curve: IntervalCurve) -> str:
    """Until when nobody was scored, or nearly nobody, so that a curve rests on no score; empty where that is a day."""
    told = curve.times[(curve.low > 0) | (curve.share == 0)]
    told = told[told > (curve.start or 0.0)]
    first = float(told[0]) if told.size else math.nan
    if not first - (curve.start or 0.0) > 1.5:
        return ""
    return (
        f"Hardly anybody was scored before {day(first)}: until then the line is drawn as if events came evenly, "
        "and the band holds all that the scores allow."
    )


def interval_rows(curve: IntervalCurve, share: str, *, rising: bool) -> list[dict[str, Any]]:
    """One row a day: at risk, the share under the key `share` (or of those without the event) and its interval."""
    made = []
    for row in curve.as_rows():
        value, low, high = row["share"], row["low"], row["high"]
        if not rising:
            value, low, high = 1 - value, 1 - high, 1 - low
        made.append({"days": row["days"], "at_risk": row["at_risk"], share: value, "low": low, "high": high})
    return made
