"""Summaries as they may leave the building: small counts, and all from which one follows, are hidden.

A hidden number is the text that stands in its place ("<11" or "hidden"). What rests on single patients
(the steps of curves, Turnbull's masses, the likelihood) is coarsened or left out.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dashboard.exports import coarse
from dashboard.exports.counts import Counts
from dashboard.exports.ledger import (
    ASKED,
    CURVES,
    PATIENTS,
    Key,
    Names,
    Path,
    at,
    enter,
    names_of,
    shares_of,
    tie_groups,
)
from dashboard.exports.suppression import HIDDEN, SMALL, Suppression, suppress

if TYPE_CHECKING:
    from dashboard.exports.together import Together

Summary = dict[str, Any]
Ends = tuple[Any, Any, Any, Any]  # arrays: entries, exits, kinds, counts


def protect(
    parts: Mapping[str | None, Mapping[str, Any]],
    by: str | None,
    least: int,
    ends: Mapping[str | None, Ends],
    beside: Together | None = None,
) -> tuple[dict[str | None, Summary], tuple[int, int]]:
    """Hide what tells of 1 to `least` - 1 patients, courses or sessions.

    Parameters
    ----------
    parts : the whole cohort (None) and its groups -> summary (data contract, section 3).
    ends : durability's entries, exits, kinds of end and counts, per part (`queries.cohort.durabilities`).
    beside : earlier files from the same records: with them, too, no small count may follow.

    Returns
    -------
    The summaries in the same shape, and how many counts were hidden for being small, and further ones.

    Raises
    ------
    Impossible, TooMany : no file can be made beside the earlier ones.
    """
    names, paths, found = _found({None: parts[None]}, None, least, beside=None if by else beside)
    if by is not None:
        # Beside its groups the whole cohort shows and hides what its own file does: the two together would
        # tell more than either, and so would a file by another key.
        apart = {path: names.key(None, path) in found.marks for path in paths[None]}
        names, paths, found = _found(parts, by, least, apart, beside)
    made: dict[str | None, Summary] = {group: _copy(summary) for group, summary in parts.items()}
    for group, shown in paths.items():
        for path in shown:
            mark = found.marks.get(names.key(group, path))
            if mark is not None:
                at(made[group], path[:-1])[path[-1]] = mark
    for group, summary in made.items():
        _hide_shares(summary)
        _hide_curves(summary, parts[group], ends[group], least)
        _hide_means(summary, least)
        _hide_over_time(summary, parts[group], least)
    return made, (found.small, found.further)


def _copy(summary: Mapping[str, Any]) -> Summary:
    """A copy to hide numbers in. The rows of curves are shared: they are replaced as a whole, and there are many."""
    shared = {id(at(summary, path)["curve"]): at(summary, path)["curve"] for path in CURVES}
    over_time = (summary["occupancy"], summary["attrition"]["over_time"], summary["durability"]["aalen_johansen"])
    shared |= {id(rows): rows for rows in (*over_time, summary["onset"]["turnbull"]["mass"])}
    return copy.deepcopy(dict(summary), shared)


def _found(
    parts: Mapping[str | None, Mapping[str, Any]],
    by: str | None,
    least: int,
    apart: Mapping[Path, bool] | None = None,
    beside: Together | None = None,
) -> tuple[Names, dict[str | None, list[Path]], Suppression]:
    """What to hide of these parts; `apart`: what the whole cohort's own file hides (True) and shows."""
    counts = Counts()
    names = names_of(parts.values(), by)
    paths = {group: enter(counts, group, summary, names) for group, summary in parts.items()}
    if by is not None:
        tie_groups(counts, parts, paths[None], by, names)
    forced = {names.key(group, path) for group, path in _of_few(parts, paths, least)}
    of_whole = [(names.key(None, path), hidden) for path, hidden in (apart or {}).items()]
    hide = {name for name, hidden in of_whole if hidden}
    keep = {name for name, hidden in of_whole if not hidden}
    tie = None if beside is None else lambda counts: beside.tie(counts, names, paths, parts)
    return names, paths, suppress(counts, least, forced, hide=hide, keep=keep, beside=tie)


def _of_few(
    parts: Mapping[str | None, Mapping[str, Any]], paths: Mapping[str | None, Sequence[Path]], least: int
) -> list[Key]:
    """Counts of a group of so few patients that any figure would be theirs, e.g. 80 sessions of 3 patients."""
    few: list[Key] = []
    for group, summary in parts.items():
        for base, section in ((PATIENTS, None), (ASKED, "side_effects")):
            if 1 <= at(summary, base) < least:
                few += [(group, path) for path in paths[group] if section in (None, path[0]) and at(summary, path) > 0]
    return few


def _hide_shares(summary: Summary) -> None:
    """A share and its interval give their counts away."""
    for path in shares_of(summary):
        row = at(summary, path)
        if any(isinstance(row[key], str) for key in ("events", "n")):
            row |= dict.fromkeys(("share", "low", "high"), HIDDEN)


def _hide_curves(summary: Summary, full: Mapping[str, Any], ends: Ends, least: int) -> None:
    for path in CURVES:
        curve, whole = at(summary, path), at(full, path)
        if any(isinstance(curve[key], str) for key in ("n", "events")):
            curve |= {"median": HIDDEN, "low": HIDDEN, "high": HIDDEN, "curve": []}
            continue
        curve["curve"] = coarse.curve(whole["curve"], whole["n"], least)
        for key in ("median", "low", "high"):
            # A quantile is the time of one event: with the others of its step it is no patient's own.
            curve[key] = None if whole[key] is None else _quantile(whole[key], whole["events"], least)
    turnbull = summary["onset"]["turnbull"]
    known = not isinstance(summary["onset"]["kaplan_meier"]["events"], str)
    turnbull |= {"mass": [], "log_likelihood": HIDDEN}
    if not known or full["onset"]["kaplan_meier"]["events"] < least:
        turnbull["median"] = [HIDDEN, HIDDEN]
    elif turnbull["median"]:
        turnbull["median"] = [None if day is None else round(day, 1) for day in turnbull["median"]]
    durability = summary["durability"]
    if isinstance(durability["kaplan_meier"]["n"], str) or isinstance(durability["kaplan_meier"]["events"], str):
        durability["aalen_johansen"] = []
    else:
        _, exits, kinds, counts = ends
        durability["aalen_johansen"] = coarse.competing(
            full["durability"]["aalen_johansen"], exits, kinds, counts, least
        )


def _quantile(value: float, events: float, least: int) -> float | str:
    return round(value, 1) if events >= least else HIDDEN


def _hide_means(summary: Summary, least: int) -> None:
    """A mean of few patients is theirs."""
    for row in summary["fade"]:
        _hide_mean(row, ("scores", "patients"), ("mean", "low", "high", "median"), least)
    vitals = summary["side_effects"]["vitals"]
    # The sessions with a pressure stand in both tables.
    hidden = any(isinstance(row["n"], str) for row in vitals.get("thresholds", ()))
    for sign in vitals.values():
        if isinstance(sign, dict):
            for row in sign.values():
                if hidden and row["n"] >= least <= row["patients"]:
                    row["n"] = HIDDEN
                    continue
                _hide_mean(row, ("n", "patients"), ("mean", "low", "high"), least)


def _hide_mean(row: dict[str, Any], counted: Sequence[str], values: Sequence[str], least: int) -> None:
    if not any(1 <= row[key] < least for key in counted):
        return
    for key in counted:
        row[key] = SMALL.format(least) if row[key] < least else HIDDEN
    row |= dict.fromkeys(values, HIDDEN)


def _hide_over_time(summary: Summary, full: Mapping[str, Any], least: int) -> None:
    if isinstance(summary["cohort"]["courses"], str) or 1 <= full["cohort"]["patients"] < least:
        summary["occupancy"] = summary["attrition"]["over_time"] = []
        return
    courses = full["cohort"]["courses"]
    summary["occupancy"] = coarse.occupancy(full["occupancy"], courses, least)
    # More days than those on which every state is large enough, and those among them: two files may show either.
    summary["attrition"]["over_time"] = coarse.leaving(full["occupancy"], summary["occupancy"], courses, least)
