"""What did the patient answer to PHQ-9 item 9? Every answer as it was given, never averaged, on an axis of its own."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.figures.base import Figure, axis, empty, layout
from dashboard.figures.panel import MARGIN
from dashboard.questions.view import Column, Definition, Table, View
from dashboard.theme import colour
from dashboard.words.numbers import moment, quantity
from data_models.definitions.instruments import ITEM9_MAXIMUM
from data_models.questions.patient import PatientScore

RAISED = 2  # the ready list's level: from here on an answer is drawn in the alert colour and named
HEIGHT = 140
Answers = Sequence[tuple[float, int]]


def view(scores: Sequence[PatientScore], days: tuple[float, float], of_course: str = "") -> View:
    """The answers of one course; `days`: the axis of the trajectory, so that both read alike."""
    found = answers(scores)
    return View(
        "item9",
        f"What did the patient answer to PHQ-9 item 9{of_course}?",
        words(found),
        draw(found, days),
        table=Table(
            (Column("days", "Day"), Column("item9", f"Item 9 (0 to {ITEM9_MAXIMUM})")),
            [{"days": round(day, 2), "item9": value} for day, value in found],
        ),
        definition=Definition(
            f"Each answer as it was given, 0 to {ITEM9_MAXIMUM}; never averaged. A triangle marks an answer of "
            f"{RAISED} or {ITEM9_MAXIMUM}. The answer supports a clinician's review; it is no assessment of risk.",
            n=f"{quantity(len(found), 'answer')}.",
        ),
        wide=True,
    )


def answers(scores: Sequence[PatientScore]) -> list[tuple[float, int]]:
    """Days since the course's first session and the answers on them."""
    return [(score.days, score.item9) for score in scores if score.item9 is not None]


def words(found: Answers) -> str:
    """First, latest and highest answer."""
    if not found:
        return "No PHQ-9 item 9 answer is recorded in this course."
    first, last = found[0], found[-1]
    latest = f"Latest answer {last[1]} of {ITEM9_MAXIMUM}, {moment(last[0])}"
    if len(found) == 1:
        return f"{latest}; it is the only one."
    day, peak = max(found, key=lambda answer: (answer[1], answer[0]))
    return (
        f"{latest}; the first was {first[1]}, {moment(first[0])}; "
        f"the highest of {len(found)} was {peak}, last {moment(day)}."
    )


def draw(found: Answers, days: tuple[float, float]) -> Figure:
    """Answers against days since the course's first session."""
    if not found:
        return empty("No answer to item 9 is recorded in this course.", HEIGHT)
    stems_x: list[float | None] = []
    stems_y: list[float | None] = []
    for day, value in found:
        stems_x += [day, day, None]
        stems_y += [0, value, None]
    stems: Figure = {
        "type": "scatter",
        "mode": "lines",
        "x": stems_x,
        "y": stems_y,
        "hoverinfo": "skip",
        "name": "stems",
        "line": {"color": colour("axis"), "width": 1.5},
    }
    marks: Figure = {
        "type": "scatter",
        "mode": "markers",
        "x": [day for day, _ in found],
        "y": [value for _, value in found],
        "name": "item 9",
        "marker": {
            "size": 10,
            "color": [colour("worse") if value >= RAISED else colour("left") for _, value in found],
            "symbol": ["triangle-up" if value >= RAISED else "circle" for _, value in found],
        },
        "text": [f"<b>Item 9: {value} of {ITEM9_MAXIMUM}</b>, {moment(day)}" for day, value in found],
        "hovertemplate": "%{text}<extra></extra>",
        "cliponaxis": False,
    }
    return {
        "data": [stems, marks],
        "layout": layout(
            HEIGHT,
            margin=MARGIN | {"t": 10},  # the trajectory's sides, so that days stand below days
            x=axis("Days since the course's first session", range=list(days), automargin=False),
            y=axis(range=[-0.3, ITEM9_MAXIMUM + 0.4], tickvals=[0, 1, 2, 3], automargin=False),
        ),
    }
