"""Curves as a release may show them: every step covers at least `least` events, no point is one patient's.

A step ends on a whole day. Estimates are those of the full curve at the step's end, to three digits: more
would tell how many were at risk at each time within it.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.exports.suppression import HIDDEN

Row = dict[str, Any]
DIGITS = 3
# Days at which the states of all courses are shown, where each holds nobody or enough.
OCCUPANCY_DAYS = (0, 7, 14, 28, 42, 56, 84, 112, 140, 182, 273, 365)


def enough(count: float, least: int) -> bool:
    """None, or too many to be small."""
    return count == 0 or count >= least


def curve(rows: Sequence[Mapping[str, Any]], n: int, least: int) -> list[Row]:
    """A Kaplan-Meier curve's rows, merged into steps of at least `least` events.

    Counts (at risk, events, censored) are given where those censored in each step, too, are nobody or
    enough, and where this costs no step; elsewhere they are hidden: from the events and the estimates of
    a step follows about how many were censored in it. So they are where courses enter late (durability).
    """
    fine = _steps(rows, least, censored=False)
    counted = [] if _enter_late(rows, n) else _steps(rows, least, censored=True)
    at_risk, made = n, []
    for step in counted if len(counted) >= len(fine) else fine:
        known: Row = dict.fromkeys(("at_risk", "events", "censored"), HIDDEN)
        if len(counted) >= len(fine):
            known = {"at_risk": at_risk, "events": step["events"], "censored": step["censored"]}
            at_risk -= step["events"] + step["censored"]
        estimates = {key: rounded(step[key]) for key in ("survival", "low", "high")}
        made.append({"days": float(math.ceil(step["days"])), **known, **estimates})
    return made


def _steps(rows: Sequence[Mapping[str, Any]], least: int, *, censored: bool) -> list[Row]:
    """Steps that end on whole days. The curve ends where what is left tells of nobody or of enough: the
    time of its last event would be one patient's."""
    steps: list[Row] = []
    step = _new()

    def fine(part: Row) -> bool:
        return enough(part["events"], least) and (not censored or enough(part["censored"], least))

    for place, row in enumerate(rows):
        _add(step, row)
        end = place + 1 == len(rows) or math.ceil(rows[place + 1]["days"]) > math.ceil(row["days"])
        if end and step["events"] and fine(step):
            steps.append(step)
            step = _new()
    while steps and not fine(step):
        last = steps.pop()
        step = {key: last[key] + step[key] for key in ("events", "censored")}
    return steps


def _new() -> Row:
    return {"events": 0, "censored": 0, "days": 0.0, "survival": 1.0, "low": None, "high": None}


def _add(step: Row, row: Mapping[str, Any]) -> None:
    step["events"] += row["events"]
    step["censored"] += row["censored"]
    if row["events"]:
        step |= {key: row[key] for key in ("days", "survival", "low", "high")}
    else:
        step["days"] = row["days"]


def _enter_late(rows: Sequence[Mapping[str, Any]], n: int) -> bool:
    at_risk = n
    for row in rows:
        if row["at_risk"] != at_risk:
            return True
        at_risk -= row["events"] + row["censored"]
    return False


def rounded(value: float | None) -> float | None:
    """A share to three digits."""
    return None if value is None else round(value, DIGITS)


def competing(
    rows: Sequence[Mapping[str, Any]], exits: Sequence[float], kinds: Sequence[int], counts: Sequence[float], least: int
) -> list[Row]:
    """Lost and re-treated: days are kept so that between two of them each end is nobody's or enough courses'."""
    import numpy as np

    if not len(exits):
        return []
    # The whole day on which each course's time ends: within a day nothing is told apart.
    ends, weights = np.ceil(np.asarray(exits, dtype=float)).astype(int), np.asarray(counts, dtype=float)
    days = np.unique(ends)
    of_kind = [
        np.bincount(np.searchsorted(days, ends), weights * (np.asarray(kinds) == which), len(days)).tolist()
        for which in (1, 2)
    ]
    times = [row["days"] for row in rows]
    made: list[Row] = []
    loss = retreated = 0.0
    for day, lost_then, retreated_then in zip(days.tolist(), *of_kind, strict=True):
        loss, retreated = loss + lost_then, retreated + retreated_then
        if not (loss or retreated) or not (enough(loss, least) and enough(retreated, least)):
            continue
        last = bisect.bisect_right(times, day) - 1
        if last >= 0:
            made.append(
                {"days": float(day)} | {k: rounded(rows[last][k]) for k in ("loss", "retreated", "in_response")}
            )
            loss = retreated = 0.0
    return made


def occupancy(rows: Sequence[Mapping[str, Any]], courses: int, least: int) -> list[Row]:
    """States of all courses on a few days: each state holds nobody or enough, and so do those who left between."""
    made: list[Row] = []
    left = 0
    states = ("response", "partial", "none", "not_measured", "left")
    for row in rows:
        if row["day"] not in OCCUPANCY_DAYS:
            continue
        held = {state: round(row[state] * courses) for state in states}
        if all(enough(count, least) for count in held.values()) and enough(held["left"] - left, least):
            made.append(dict(row))
            left = held["left"]
    return made


def leaving(
    rows: Sequence[Mapping[str, Any]], shown: Sequence[Mapping[str, Any]], courses: int, least: int
) -> list[Row]:
    """Who has left and who is not measured: the days of `shown` and further ones, with all others as one state.

    Between two days nobody or enough have left, whichever of the days are looked at.
    """
    keys = ("day", "left", "not_measured")
    made = [{key: row[key] for key in keys} for row in shown]
    for row in rows:
        if row["day"] not in OCCUPANCY_DAYS or any(row["day"] == other["day"] for other in made):
            continue
        left, unmeasured = (round(row[key] * courses) for key in ("left", "not_measured"))
        near = [other for other in made if other["day"] < row["day"]][-1:]
        near += [other for other in made if other["day"] > row["day"]][:1]
        since = [abs(left - round(other["left"] * courses)) for other in near] or [left]
        if all(enough(count, least) for count in (left, unmeasured, courses - left - unmeasured, *since)):
            made = sorted([*made, {key: row[key] for key in keys}], key=lambda other: other["day"])
    return made
