"""How long do effects last after induction? Lost if not re-treated; and lost against treated again first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from dashboard.figures.areas import area_figure
from dashboard.figures.base import Figure, empty
from dashboard.figures.interval_curves import IntervalLine, dotted, interval_figure, last_day, no_line
from dashboard.figures.steps import MOST_ROWS, median_label
from dashboard.questions.curves import (
    Headline,
    Named,
    by_day,
    curve_table,
    interval_rows,
    median,
    on_days,
    stops,
    unseen,
)
from dashboard.questions.curves import compare as compare_curves
from dashboard.questions.view import INTERVAL, Column, Definition, Group, Point, Table, View
from dashboard.words.numbers import (
    FEW,
    HIDDEN,
    SHORTLY_HIDDEN,
    count,
    day,
    days,
    interval,
    number,
    percent,
    sentence,
    share_interval,
    too_few,
    whole,
)
from data_models.outcomes.competing import CumulativeIncidence
from data_models.outcomes.interval_censored import IntervalCurve
from data_models.outcomes.risk_sets import STARTS_AT
from data_models.questions.curve_differences import LOSS_DAYS
from data_models.questions.durability import LOSS, RETREATED, Durability
from data_models.questions.duration import Duration

QUESTION = "How long do they last?"
COMPETING = "Lost, or treated again first?"
LONGEST_DAYS = 182.0
AT = 28.0  # the day that is put into words
_CI = "95% interval "
_DAYS = "Days since the last induction session"
_IN_RESPONSE = "courses in response after induction"
_NOBODY = "No course here was in response at its first score after induction"
_SAID_DAYS = (7.0, 14.0, 28.0, 56.0, 90.0)
_RULES = ("loss_rule", "loss_confirmations", "loss_before_session", "response_improvement", "entry_severity",
          "durability_entry_within_days")  # fmt: skip


def view(durability: Durability) -> View:
    """Loss of response after induction, whatever was given meanwhile."""
    curve = durability.lost
    return View(
        "durability",
        QUESTION,
        words(curve),
        draw(durability),
        points_name="Lost by each day",
        points=on_days(curve, _SAID_DAYS),
        notes=[
            "The line is when response was lost, between the last score that held it and the first that did not, "
            "whatever was given meanwhile. Dotted: if re-treatment had nothing to do with fading. It has where "
            "sessions are given because effects fade.",
            unseen(curve),
            stops(curve, LONGEST_DAYS),
        ],
        table=table(durability),
        definition=Definition(
            "Days from the last session of a complete induction to loss of response, of evaluable courses whose first "
            "score after it is in response; each counts from that score on. A loss lies between two scores; courses "
            "without one are censored at their last. The share by each day is estimated from these intervals "
            "(interval-censored maximum likelihood with late entry, its hazard constant between days with enough "
            "scores), its 95% interval by patient: Wilson's, at the effective number that the sandwich variance gives. "
            f"The curve starts where {STARTS_AT} are at risk, is of those in response then, and stops where fewer than "
            f"{FEW} are. A course that entered earlier counts as in response at the start if no score said otherwise. "
            "Dotted: Kaplan-Meier with the next session as censoring, a loss midway between its two scores.",
            _RULES,
            n=sentence(f"{count(curve.n, 'course')} in response, {whole(curve.total_events)} lost it"),
            source="Turnbull 1976; Frydman 1994; Geman and Hwang 1982; Lin and Wei 1989; Kaplan and Meier 1958",
        ),
    )


def competing(durability: Durability, *, rounded: bool = False) -> View:
    """Loss of response against re-treatment, whichever comes first; `rounded`: a share of 0 may be of few."""
    found = durability.competing
    return View(
        "competing",
        COMPETING,
        competing_words(durability, rounded=rounded, intervals=False),
        draw_competing(durability),
        points_name=f"On {day(_last(found, AT))}" if found.times.size else "",
        points=_points(found, AT, rounded),
        notes=[
            f"The areas stop at {day(float(found.times[-1]))}: fewer than {FEW} are at risk after it."
            if found.times.size
            else "",
            "Re-treatment is an outcome of its own here: the shares add up to all responders.",
        ],
        table=table_of_competing(found),
        definition=Definition(
            "What came first after the last session of a complete induction: loss of response, placed midway between "
            "the two scores that it lies between, or the next session of the same or a later course. Cumulative "
            "incidence of competing events (Aalen-Johansen) with intervals by patient (infinitesimal jackknife), of "
            f"the same courses on the same clock as the curve of loss; from where {STARTS_AT} are at risk, of those in "
            f"response then, to where fewer than {FEW} are.",
            _RULES,
            n=sentence(f"{count(found.n, 'course')} in response after induction"),
            source="Aalen and Johansen 1978",
        ),
    )  # fmt: skip


def compare(groups: Sequence[Group[Durability]]) -> View:
    """Loss of response after induction of several groups."""
    headline = Headline(LOSS_DAYS, "had lost response")
    return compare_curves(
        "durability", "How long", groups, lambda durability: durability.lost, draw_groups, headline, STARTS_AT
    )


def table(durability: Durability) -> Table:
    """The rows of the curve, and what would be in response on each of their days had sessions nothing to do with it."""
    unrelated = durability.curve
    rows = [
        row | {"unrelated": unrelated.at(row["days"])[0] if _reaches(unrelated.times, row["days"]) else None}
        for row in interval_rows(durability.lost, "in_response", rising=False)
    ]
    columns = (Column("days", "Day"), Column("at_risk", "At risk", "count"),
               Column("in_response", "Still in response", "share"), *INTERVAL,
               Column("unrelated", "If re-treatment had nothing to do with fading", "share"))  # fmt: skip
    return Table(columns, rows)


def named(durability: Durability, duration: Duration) -> list[Named]:
    """The curves that files have."""
    after = "after induction"
    return [
        Named("durability_interval", f"Days to loss of response {after}, whatever was given meanwhile", _DAYS,
              durability.lost),
        Named("durability", f"Days of response {after}, if re-treatment had nothing to do with fading", _DAYS,
              durability.curve),
        Named("duration", "Days of response, re-treatment allowed", "Days since response", duration.curve),
    ]  # fmt: skip


def tables(durability: Durability, duration: Duration) -> list[Table]:
    """What a file has: the rows of each curve, and what came first."""
    return [*map(curve_table, named(durability, duration)), table_of_competing(durability.competing, most=None)]


def table_of_competing(found: CumulativeIncidence, most: int | None = MOST_ROWS) -> Table:
    """Lost, re-treated and still in response, each with its interval; a row a day where there are more than `most`."""
    shares = {"loss": "Response lost", "retreated": "Re-treated first", "in_response": "In response"}
    ends = {"": "", "_low": ", 95% low", "_high": ", 95% high"}
    columns = [Column(key + end, name + of, "share") for key, name in shares.items() for end, of in ends.items()]
    rows = incidence_rows(found)
    return Table(
        (Column("days", _DAYS), Column("at_risk", "At risk", "count"), *columns),
        rows if most is None else thinned(rows), name="durability_competing",
        title="Response lost, or treated again first", note="Aalen and Johansen 1978.", whole=False,
    )  # fmt: skip


def _reaches(times: np.ndarray[Any, Any], at: float) -> bool:
    return bool(times.size) and at <= float(times[-1])


def incidence_rows(found: CumulativeIncidence) -> list[dict[str, Any]]:
    """One row a time: days, and the shares lost, re-treated and still in response."""
    return found.as_rows(("loss", "retreated"), "in_response")


def thinned(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, read at the end of each whole day where there are very many."""
    if len(found) <= MOST_ROWS:
        return list(found)
    last_of_day = {math.ceil(row["days"]): row for row in found}
    return [{**row, "days": float(day)} for day, row in last_of_day.items()]


# --- in words ------------------------------------------------------------------------------------


def words(curve: IntervalCurve) -> str:
    """Half lose it within how many days; where that is not reached, how many by the last day that is reported."""
    n, events = curve.n, curve.total_events
    middle, low, high = median(curve)
    if n is None:
        return too_few(_IN_RESPONSE)
    if n == 0:
        return f"{_NOBODY}, so durability cannot be said."
    if curve.start is None:
        of = sentence(f"{count(n, 'course')} in response after induction: {whole(events)} lost it")
        return f"{of} Fewer than {STARTS_AT} were followed at the same time: too few for a curve."
    of = f"of those in response on {day(curve.start)} after induction ({count(n, 'course')} followed)"
    if events == 0:
        return sentence(f"{of}, none has lost it by the last score")
    if middle is None:
        last = next((at for at in reversed(_SAID_DAYS) if by_day(curve, at)), None)
        lost = f"{whole(events)} lost it"
        if last is not None:
            share, *ends = curve.at(last)
            lost = f"{percent(share)} have lost it by {day(last)} ({share_interval(*ends)})"
        return sentence(f"{of}, {lost}, whatever was given meanwhile; half do not within the follow-up")
    return sentence(
        f"{of}, half lose it within {days(middle)} of the last induction session, whatever is given meanwhile "
        f"({interval(low, high, ' days')})"
    )


def competing_words(durability: Durability, at: float = AT, *, rounded: bool = False, intervals: bool = True) -> str:
    """Lost, re-treated, still responding on one day; with their `intervals` where nothing beside it has them."""
    found = durability.competing
    n = found.n
    if n is None:
        return too_few(_IN_RESPONSE)
    if n == 0:
        return f"{_NOBODY}."
    if found.start is None or not found.times.size:
        return sentence(f"of {count(n, 'course')} in response after induction, too few are followed at once to draw")
    lost, again, still = (
        HIDDEN if rounded and not share else percent(share) + (f" ({ends})" if ends and intervals else "")
        for share, ends in _shares(found, at)
    )
    return sentence(
        f"{number(_last(found, at))} days after the last induction session, of those in response on "
        f"{day(found.start)} ({count(n, 'course')} followed): {lost} have lost response, {again} were re-treated "
        f"before losing it and {still} still respond without another session"
    )


def _points(found: CumulativeIncidence, at: float, rounded: bool) -> list[Point]:
    """The three shares of that day, each with its interval; none where nothing is drawn."""
    if not found.n or found.start is None or not found.times.size:
        return []
    names = ("Lost", "Re-treated", "Still respond")
    return [
        Point(name, SHORTLY_HIDDEN) if rounded and not share else Point(name, percent(share), ends.removeprefix(_CI))
        for name, (share, ends) in zip(names, _shares(found, at), strict=True)
    ]


def _last(found: CumulativeIncidence, at: float) -> float:
    """That day, or the last whole one that is followed."""
    return min(at, math.floor(float(found.times[-1])))


def _shares(found: CumulativeIncidence, at: float) -> list[tuple[float, str]]:
    """Lost, re-treated, still in response on that day, each with its interval in words where it has one."""
    at = _last(found, at)
    place = int(np.searchsorted(found.times, at, side="right")) - 1  # before the first time all are in response
    free = (found.free, found.free_low, found.free_high)
    still = (1.0, math.nan, math.nan) if place < 0 else tuple(float(of[place]) for of in free)
    return [
        (share, share_interval(low, high) if low == low and high == high else "")
        for share, low, high in (found.at(at, LOSS), found.at(at, RETREATED), still)
    ]


# --- drawn ---------------------------------------------------------------------------------------


def draw(durability: Durability) -> Figure:
    """Share still in response, and what it would be if re-treatment had nothing to do with fading."""
    curve, unrelated = durability.lost, durability.curve
    why_not = no_line(curve, STARTS_AT)
    if why_not:
        return empty(why_not)
    lines = [IntervalLine("Still in response", curve, "response")]
    end = last_day(lines, LONGEST_DAYS)
    start, name = unrelated.start or 0.0, "If re-treatment had nothing to do with fading"
    beside = [dotted([start, *unrelated.times.tolist()], [1.0, *unrelated.survival.tolist()], end, name)]
    figure = interval_figure(
        lines, rising=False, limit=LONGEST_DAYS, x_title=_DAYS, y_title="Still in response",
        beside=beside if unrelated.times.size else [],
    )  # fmt: skip
    middle = median(curve)[0]
    if middle is not None and middle <= end:
        figure["layout"]["annotations"] = [median_label(middle, end, rising=False)]
    return figure


def draw_groups(lines: Sequence[IntervalLine]) -> Figure:
    """Share still in response, of several groups."""
    return interval_figure(lines, rising=False, limit=LONGEST_DAYS, x_title=_DAYS, y_title="Still in response")


def draw_competing(durability: Durability) -> Figure:
    """Lost, re-treated, still in response without another session, stacked to 100%."""
    found = durability.competing
    if found.n is None:
        return empty("Too few to draw a curve from rounded counts.")
    if found.start is None:
        return empty(f"Fewer than {STARTS_AT} courses at risk at the same time: nothing is drawn.")
    kept = [row for row in thinned(incidence_rows(found)) if row["days"] <= LONGEST_DAYS]
    if not kept:
        return empty("No loss of response and no re-treatment within the days followed.")
    at = [found.start, *(float(row["days"]) for row in kept)]
    layers = [
        (name, token, [first, *(row[key] for row in kept)])
        for name, token, key, first in (
            ("In response", "response", "in_response", 1.0),
            ("Re-treated", "retreated", "retreated", 0.0),
            ("Lost", "loss", "loss", 0.0),
        )
    ]
    return area_figure(at, layers, _DAYS, "Courses", shape="hv")
