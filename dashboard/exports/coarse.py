"""Curves as a release may show them: every step covers at least `least` events, no point is one patient's.

A step ends on a whole day; within it, and in what is left after the last, the events and those censored
are each none or at least `least`. Estimates are those of the full curve at the step's end, to three
digits: more would tell how many were at risk at each time within it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

Row = dict[str, Any]
DIGITS = 3
# Days at which the states of all courses are shown, where each holds nobody or enough.
OCCUPANCY_DAYS = (0, 7, 14, 28, 42, 56, 84, 112, 140, 182, 273, 365)


def enough(count: float, least: int) -> bool:
    """None, or too many to be small."""
    return count == 0 or count >= least


def curve(rows: Sequence[Mapping[str, Any]], n: int, least: int) -> list[Row]:
    """A Kaplan-Meier curve's rows, merged.

    Where courses enter late (durability) those at risk do not follow from the rows: at risk and censored
    are left out there, and only the events of a step are looked at.
    """
    late = _enter_late(rows, n)
    steps: list[Row] = []
    step = _new()
    for place, row in enumerate(rows):
        _add(step, row)
        end = place + 1 == len(rows) or math.ceil(rows[place + 1]["days"]) > math.ceil(row["days"])
        if end and step["events"] >= least and (late or enough(step["censored"], least)):
            steps.append(step)
            step = _new()
    _finish(steps, step, least, late)
    at_risk, made = n, []
    for step in steps:
        known = {"at_risk": None, "censored": None} if late else {"at_risk": at_risk, "censored": step["censored"]}
        at_risk -= step["events"] + step["censored"]
        estimates = {key: rounded(step[key]) for key in ("survival", "low", "high")}
        made.append({"days": float(math.ceil(step["days"])), "events": step["events"], **known, **estimates})
    return made


def _new() -> Row:
    return {"events": 0, "censored": 0, "days": 0.0, "survival": 1.0, "low": None, "high": None}


def _add(step: Row, row: Mapping[str, Any]) -> None:
    step["events"] += row["events"]
    step["censored"] += row["censored"]
    if row["events"]:
        step |= {key: row[key] for key in ("days", "survival", "low", "high")}
    else:
        step["days"] = row["days"]


def _finish(steps: list[Row], left: Row, least: int, late: bool) -> None:
    """Join what is left after the last step to it until what remains tells of nobody or of enough."""

    def fine(part: Row) -> bool:
        return enough(part["events"], least) and (late or enough(part["censored"], least))

    while not fine(left):
        if not steps:
            return
        last = steps.pop()
        after = left if left["events"] else last
        left = {
            "events": last["events"] + left["events"],
            "censored": last["censored"] + left["censored"],
            **{key: after[key] for key in ("days", "survival", "low", "high")},
        }
    if left["events"]:
        steps.append(left)


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
    days = sorted({math.ceil(time) for time in exits})
    made: list[Row] = []
    since = -math.inf
    for day in days:
        within = [(kind, n) for time, kind, n in zip(exits, kinds, counts, strict=True) if since < time <= day]
        loss, retreated = (sum(n for kind, n in within if kind == which) for which in (1, 2))
        if not (loss or retreated) or not (enough(loss, least) and enough(retreated, least)):
            continue
        before = [row for row in rows if row["days"] <= day]
        if before:
            made.append(
                {"days": float(day)} | {k: rounded(before[-1][k]) for k in ("loss", "retreated", "in_response")}
            )
            since = day
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
