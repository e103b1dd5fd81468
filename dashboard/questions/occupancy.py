"""Where do all who started stand? Shares of all courses started by day, as it was seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dashboard.figures.areas import area_figure, share_axes
from dashboard.figures.base import Figure, empty, layout, line
from dashboard.figures.steps import known
from dashboard.questions.view import Column, Definition, Group, Mark, Table, View, of_groups
from dashboard.words.numbers import FEW, HIDDEN, count, listing, number, percent, sentence, too_few, whole
from data_models.questions.occupancy import Occupancy

QUESTION = "Where do all who started stand, as far as it was seen?"
UNKNOWN = "the end of follow-up is not recorded: courses still going on cannot be told from those that ended"
ERROR = "Some are in response by measurement error alone."
_DAYS = "Days since the first session"
LONGEST_DAYS = 182  # half a year; the table has all days
SMALL = 210  # pixels: the height of a small multiple
LAYERS = (
    ("Response", "response", "response"),
    ("Partial response", "partial", "partial"),
    ("No response", "none", "none"),
    ("Not measured", "not_measured", "not_measured"),
    ("Going on", "context", "going_on"),
    ("Ended", "left", "left"),
)
_COLUMNS = {
    "day": Column("day", "Day", "count"),
    **{state: Column(state, name, "share") for name, _, state in LAYERS},
}


def view(occupancy: Occupancy) -> View:
    """The states of one cohort."""
    return View(
        "occupancy",
        QUESTION,
        words(occupancy),
        draw(occupancy),
        notes=[others(occupancy), not_recorded(occupancy), ERROR if occupancy.states.days else ""],
        table=table(occupancy),
        definition=Definition(
            "Of all courses started, by day since the first session; no model of who is not measured. A state holds "
            "after its score until the next one, for a limited time; then the course is not measured. Going on: the "
            "day lies after the end of observation of a course that had not ended by then. Ended: no session followed "
            "for as long as parts two courses, and the record of the course is over.",
            ("state_hold_days", "course_gap_days", "response_improvement", "partial_improvement"),
            n=sentence(count(occupancy.states.courses, "course") + " started"),
        ),
    )


def compare(groups: Sequence[Group[Occupancy]], by: str) -> View:
    """One small chart a group."""
    panels, said = [], []
    for group in groups:
        states = group.answer.states
        panels.append(
            (
                f"{group.name} (n {whole(states.courses)})",
                draw(group.answer, SMALL, named=False),
                words(group.answer),
            )
        )
        if states.days and states.courses is not None and states.courses >= FEW:
            said.append(f"{group.name} {_state(group.answer, 'response', 28)} (n {whole(states.courses)})")
    return View(
        "compare-occupancy",
        "Who is in response",
        sentence("known to be in response 28 days after the first session: " + ", ".join(said))
        if said
        else f"No group has {FEW} courses.",
        panels=panels,
        legend=[Mark(name, token, "area") for name, token, _ in LAYERS],
        table=of_groups([(group.name, table(group.answer)) for group in groups], by),
        wide=True,
    )


def table(occupancy: Occupancy, every: int = 1) -> Table:
    """Share of all courses started in each state, a row every so many days."""
    title = "Where all who started stand, as far as it was seen"
    return Table(tuple(_COLUMNS.values()), occupancy.as_json()[::every], name="over_time", title=title, whole=False)


def attrition(occupancy: Occupancy, every: int) -> Table:
    """The same of those in no state: ended, going on or not measured."""
    columns = tuple(_COLUMNS[key] for key in ("day", "left", "going_on", "not_measured"))
    title = "Which courses have ended, go on, or are not measured"
    return replace(table(occupancy, every), columns=columns, name="attrition", title=title)


def words(occupancy: Occupancy, at: int = 28) -> str:
    """The share in each state on one day; a share that is hidden reads so."""
    states = occupancy.states
    if states.courses is None:
        return too_few("courses started")
    if not states.days or states.courses == 0:
        return "No course here has started."
    response, partial, none = (_state(occupancy, state, at) for state in ("response", "partial", "none"))
    return sentence(
        f"{number(min(at, states.days - 1))} days after the first session {response} of all "
        f"{count(states.courses, 'course')} started are known to be in response, {partial} in partial response and "
        f"{none} in neither"
    )


def others(occupancy: Occupancy, at: int = 28) -> str:
    """Of whom no state is known on that day, and why; empty where nothing can be said."""
    states = occupancy.states
    if not states.courses or not states.days:
        return ""
    unmeasured, going_on, left = (_state(occupancy, state, at) for state in ("not_measured", "going_on", "left"))
    rest = [f"{unmeasured} are not measured", f"{going_on} go on and are not there yet", f"{left} have ended"]
    said = [text for text in rest if not text.startswith("0% ")] or rest[:1]
    return sentence(f"of the others {listing(said)}")


def not_recorded(occupancy: Occupancy) -> str:
    """That the end of follow-up is not recorded, and of how many; empty where it is of all."""
    unknown, courses = occupancy.states.unknown, occupancy.states.courses
    if unknown == 0 or not courses:
        return ""
    return sentence(UNKNOWN if unknown == courses else f"of {count(unknown, 'course')} {UNKNOWN}")


def _state(occupancy: Occupancy, state: str, at: int) -> str:
    """A state's share on a day, or on the last."""
    share = known(float(getattr(occupancy.states, state)[min(at, occupancy.states.days - 1)]))
    return HIDDEN if share is None else percent(share)


def ended(groups: Sequence[Group[Occupancy]]) -> View:
    """The share that has ended, a line a group; for files."""
    days = max((group.answer.states.days for group in groups), default=0)
    lines = [
        line(range(states.days), [known(share) for share in states.left.tolist()], group.name, group.token,
             line={"dash": group.dash})
        for group in groups
        if (states := group.answer.states).days > 1 and states.courses
    ]  # fmt: skip
    said = "Share of all courses started that have ended, by day since the first session."
    return View("occupancy", QUESTION, said, {"data": lines, "layout": layout(313, **share_axes(days, _DAYS, "Ended"))})


def draw(occupancy: Occupancy, height: int = 313, *, named: bool = True) -> Figure:
    """Stacked areas; `named` writes the states' names in them."""
    states = occupancy.states
    if states.courses is None:
        return empty("Too few courses started to draw from rounded counts.")
    if states.courses < FEW or not states.days:
        return empty(f"Fewer than {FEW} courses started: nothing is drawn.")
    shown = min(states.days, LONGEST_DAYS + 1)
    days = [float(day) for day in range(shown)]
    layers: list[tuple[str, str, list[Any]]] = [
        (name, token, np.nan_to_num(getattr(states, state)[:shown]).tolist()) for name, token, state in LAYERS
    ]
    return area_figure(days, layers, _DAYS, "Courses started", height, named=named)
