"""How bad are side effects? Occurrences by grade, and sessions by the worst grade reported in them."""

from __future__ import annotations

from typing import Any

from dashboard.figures.base import Figure, axis, empty, layout, two_lines
from dashboard.questions.view import Column, Definition, Mark, Table, View
from dashboard.theme import colour
from dashboard.words.numbers import HIDDEN, count, percent, sentence, too_few
from dashboard.words.shares import rate
from data_models.definitions.vocabulary import label
from data_models.questions.severity import Severity, TermGrades

QUESTION = "How bad are they?"
GRADES = {"mild": "mild", "moderate": "moderate", "severe": "severe", "not_graded": "ungraded"}  # grade: its colour
COLUMNS = (
    Column("term", "Side effect", "text"),
    Column("occurrences", "Occurrences", "count"),
    Column("mild", "Mild", "count"),
    Column("moderate", "Moderate", "count"),
    Column("severe", "Severe", "count"),
    Column("not_graded", "Not graded", "count"),
    Column("serious", "Serious", "count"),
)


def view(severity: Severity) -> View:
    """Worst grade of a session in words; grades of occurrences by term drawn."""
    found = {grade for of in severity.by_term for grade, n in _grades(of).items() if n}
    return View(
        "severity",
        QUESTION,
        words(severity),
        draw(severity),
        legend=[Mark(label(grade), token, "area") for grade, token in GRADES.items() if grade in found],
        table=table(severity),
        definition=Definition(
            "Occurrences by grade, and asked sessions by the worst grade reported in them (interval clustered by "
            "patient). Serious is a mark of its own, in the table.",
            n=sentence(f"{count(severity.worst['none'].n, 'session')} asked"),
            source="Cochran 1977 (ratio estimator)",
        ),
    )


def _grades(of: TermGrades) -> dict[str, int]:
    """Occurrences by grade; a hidden count is drawn as none."""
    counted = {"mild": of.mild, "moderate": of.moderate, "severe": of.severe, "not_graded": of.not_graded}
    return {grade: n or 0 for grade, n in counted.items()}


def words(severity: Severity) -> str:
    """Shares of sessions whose worst side effect was severe, and without any."""
    severe, none = severity.worst["severe"], severity.worst["none"]
    if severe.n is None:
        return too_few("sessions in which side effects were asked about")
    if not severe.n:
        return "Side effects were not asked about in any session here."
    without = HIDDEN if none.share is None else percent(none.share)
    return sentence(
        f"in {rate(severe)} of sessions asked the worst side effect was severe; in {without} there was none"
    )


def table(severity: Severity) -> Table:
    """Occurrences of each term by grade, and below them sessions by their worst."""
    terms: list[dict[str, Any]] = [of.as_json() | {"term": label(of.term)} for of in severity.by_term]
    worst = [
        {
            "term": f"Sessions, worst: {grade.replace('_', ' ')}",
            "occurrences": None if share.events is None else int(share.events),
        }
        for grade, share in severity.worst.items()
    ]
    return Table(COLUMNS, [*terms, *worst])


def draw(severity: Severity) -> Figure:
    """Share of each grade among a term's occurrences, the least frequent term at the bottom."""
    rows = [(of.term, grades, sum(grades.values())) for of in severity.by_term if any((grades := _grades(of)).values())]
    if not rows:
        return empty("No side effect was recorded here.")
    rows.sort(key=lambda row: row[2])
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "y": [two_lines(label(term)) for term, _, _ in rows],
            "x": [grades[grade] / total for _, grades, total in rows],
            "name": label(grade),
            "marker": {"color": colour(token), "line": {"width": 0}},
            "customdata": [[grades[grade], total] for _, grades, total in rows],
            "hovertemplate": "%{y}: %{x:.0%} (%{customdata[0]} of %{customdata[1]})<extra>%{fullData.name}</extra>",
        }
        for grade, token in GRADES.items()
        if any(grades[grade] for _, grades, _ in rows)
    ]
    return {
        "data": data,
        "layout": layout(
            58 + 35 * len(rows),
            x=axis("Share of occurrences", range=[0, 1.001], tickformat=".0%", dtick=0.25),
            y=axis("", showgrid=False, tickfont={"size": 12, "color": colour("text")}),
            barmode="stack",
            bargap=0.35,
        ),
    }
