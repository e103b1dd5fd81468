"""What step curves share: their medians in words, their tables, their headline, and why one is not drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dashboard.figures.base import Figure, empty
from dashboard.figures.steps import Curve, StepRow, known, last_drawn, no_curve, step_rows, stops_early
from dashboard.questions.view import Answer, Column, Group, Mark, Tile, View
from dashboard.words.numbers import FEW, count, days, interval, listing, number, sentence, whole
from data_models.outcomes.survival import SurvivalCurve

UNADJUSTED = "The groups are not made alike here."
UNDER_AXIS = "Rows under the axis: still at risk after that time; events and censored up to and at it."
COUNTED = (Column("at_risk", "At risk", "count"), Column("events", "Events", "count"),
           Column("censored", "Censored", "count"))  # fmt: skip
INTERVAL = (Column("low", "95% low", "share"), Column("high", "95% high", "share"))
RESPONDED = (*COUNTED, Column("responded", "Responded so far", "share"), *INTERVAL)  # what figures of onset draw


def median(curve: SurvivalCurve) -> tuple[float | None, float | None, float | None]:
    """The median with its interval; None where not reached or not estimable."""
    middle, low, high = curve.median
    return known(middle), known(low), known(high)


def few_by(curve: SurvivalCurve, at: float) -> str:
    """What follows a number from where no curve is drawn; empty elsewhere."""
    last = last_drawn(curve)
    return f", fewer than {FEW} at risk by then" if last is not None and at > last else ""


def where_it_stops(curve: SurvivalCurve, limit: float, unit: str = "day", what: str = "curve stops") -> str:
    """Where a curve is not drawn to its end; empty where it is."""
    end = stops_early(curve)
    if not end or curve.n is None or curve.n < FEW:  # at 0 nothing is drawn, and the figure says so
        return ""
    if end > limit:
        return f"Drawn to {unit} {number(limit)}; the table has the rest."
    return f"The {what} at {unit} {number(end)}: fewer than {FEW} are at risk after it."


def rows(curve: SurvivalCurve) -> list[dict[str, Any]]:
    """A falling curve, one row a time."""
    return [row._asdict() for row in step_rows(curve)]


def responded(curve: SurvivalCurve) -> list[dict[str, Any]]:
    """1 - Kaplan-Meier, one row a time: the low end of the one is the high end of the other."""

    def rising(row: StepRow) -> dict[str, Any]:
        low, high = (None if end is None else 1 - end for end in (row.high, row.low))
        return row._asdict() | {"responded": 1 - row.survival, "low": low, "high": high}

    return [rising(row) for row in step_rows(curve)]


def tile(name: str, curve: SurvivalCurve, unit: str, units: str | None = None) -> Tile:
    """A median as a headline figure."""
    n = count(curve.n, unit, units)
    middle, low, high = median(curve)
    if curve.n is None or curve.n < FEW:
        return Tile(name, "–", "", (f"Too few: {n}",))
    if middle is None:
        return Tile(name, "", "not reached", (interval(low, high, " days"), n))
    unit_of_time = " day" if middle == 1 else " days"
    return Tile(name, number(middle), unit_of_time, (interval(low, high, ""), n + few_by(curve, middle)))


def compare(
    part: str,
    question: str,
    groups: Sequence[Group[Answer]],
    curve_of: Callable[[Answer], SurvivalCurve],
    draw: Callable[[Sequence[Curve]], Figure],
) -> View:
    """The curves of several groups over one another."""
    curves = [(group, curve_of(group.answer)) for group in groups]
    drawn = [not no_curve(curve) for _, curve in curves]
    shown = [pair for pair, has_curve in zip(curves, drawn, strict=True) if has_curve]
    without = [group.name for (group, _), has_curve in zip(curves, drawn, strict=True) if not has_curve]
    under = f"Under the axis: courses still at risk after that day; a curve stops where fewer than {FEW} are."
    if without:
        under += f" Not drawn, with fewer at any time: {listing(without)}."
    return View(
        f"compare-{part}",
        question,
        f"{_medians(curves)} {UNADJUSTED}",
        draw([Curve(group.name, curve, group.token, group.dash) for group, curve in shown])
        if shown
        else empty(f"No group has {FEW} courses at risk."),
        legend=[Mark(f"{group.name} (n {whole(curve.n)})", group.token, group.dash) for group, curve in shown],
        notes=[under],
    )


def _medians(curves: Sequence[tuple[Group[Answer], SurvivalCurve]]) -> str:
    found = []
    for group, curve in curves:
        middle, low, high = median(curve)
        if curve.n is None or curve.n < FEW:
            found.append(f"{group.name} too few (n {whole(curve.n)})")
        elif middle is None:
            found.append(f"{group.name} not reached (n {whole(curve.n)})")
        else:
            span = interval(low, high).removeprefix("95% interval ")
            found.append(f"{group.name} {days(middle)} ({span}; n {whole(curve.n)}{few_by(curve, middle)})")
    return sentence("medians with 95% intervals: " + ", ".join(found))
