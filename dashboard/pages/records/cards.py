"""The Records page's cards: how complete the records are, clinic by clinic, and which batches came in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboard.pages.card import card
from dashboard.questions.view import Definition, Table
from dashboard.words import numbers
from dashboard.words import records as record_words
from dashboard.words.records import MEASURES
from data_models.definitions.rules import OutcomeRules

COMPLETENESS = "completeness"
COMPLETENESS_QUESTION = "How complete are the records?"
HISTORY = "imports"
HISTORY_QUESTION = "What has been imported?"
NO_CLINIC = "No clinic recorded"

_DEFINITION = (
    "Each share is of all sessions, scores or courses of a clinic, whatever the scale. A session with a recorded side "
    "effect was asked; one without an answer was not. A score before: in the 7 days up to the session's start. A "
    "score after: within 7 days of it and not after the next session's start. A recall flag: the score was taken "
    "sooner after the latest session than the scale looks back, so it also judges days before that session (of the "
    "scores that follow a session). No baseline: no score on any scale in the days before the course's first session."
)


def completeness(frame: pd.DataFrame, rules: OutcomeRules) -> Component:
    """Shares by clinic, each with its bar and its n."""
    rows: list[dict[str, Any]] = frame.to_dict("records")  # type: ignore[assignment]
    for row in rows:
        row["clinic"] = row["clinic"] if isinstance(row["clinic"], str) else NO_CLINIC
    shown = [*rows, record_words.total(rows)] if len(rows) > 1 else rows
    columns = [("clinic", "Clinic"), ("patients", "Patients")]
    for key, heading, _, _, unit, _ in MEASURES:
        columns += [(f"{key}_n", f"{heading}: number"), (f"{key}_of", f"of {unit}"), (key, f"{heading}: share")]
    return card(
        COMPLETENESS,
        COMPLETENESS_QUESTION,
        record_words.completeness(rows) if rows else "No records are stored yet.",
        body=_table(shown) if rows else None,
        table=Table(columns, [_figures(row) for row in shown]) if rows else None,
        definition=Definition(
            _DEFINITION,
            ("baseline_window_days",),
            n=numbers.sentence(numbers.count(sum(int(row["patients"]) for row in rows), "patient")),
        ),
        rules=rules,
        wide=True,
    )


def _figures(row: Mapping[str, Any]) -> dict[str, Any]:
    figures: dict[str, Any] = {"clinic": row["clinic"], "patients": int(row["patients"])}
    for key, _, counted, of, _, _ in MEASURES:
        figures |= {f"{key}_n": int(row[counted]), f"{key}_of": int(row[of]), key: record_words.share(row, counted, of)}
    return figures


def _table(rows: Sequence[Mapping[str, Any]]) -> Component:
    headings = ["Clinic", *(heading for _, heading, *_ in MEASURES)]
    head = html.Thead(html.Tr([html.Th(heading, scope="col") for heading in headings]))
    lines = [html.Tr([_clinic(row), *(_share(row, *measure[1:]) for measure in MEASURES)]) for row in rows]
    if len(lines) > 1:
        lines[-1].className = "completeness-all"
    table = html.Table([head, html.Tbody(lines)], className="completeness")
    label = {"aria-label": "Completeness by clinic"}
    return html.Div(table, className="completeness-scroll", role="region", tabIndex=0, **label)


def _clinic(row: Mapping[str, Any]) -> Component:
    people = numbers.count(row["patients"], "patient")
    # A long name breaks after its underscores rather than anywhere.
    name = [part for word in row["clinic"].split("_") for part in ("_", html.Wbr(), word)][2:]
    return html.Th([html.Span(name), html.Span(people, className="fine")], scope="row")


def _share(row: Mapping[str, Any], heading: str, counted: str, of: str, unit: str, more_is_better: bool) -> Component:
    value = record_words.share(row, counted, of)
    label = {"data-label": heading}
    if value is None:
        return html.Td(html.Span(f"no {unit}", className="fine"), **label)
    bar = html.Span(
        html.I(style={"width": f"{100 * value:.1f}%"}),
        className="share-bar" if more_is_better else "share-bar share-bar-lacking",
        **{"aria-hidden": "true"},
    )
    number = html.Span(numbers.percent(value), className="share-value")
    return html.Td([number, html.Span(f"{row[counted]:,} of {row[of]:,}", className="fine"), bar], **label)


def history(frame: pd.DataFrame) -> Component:
    """The imports, newest first. No clock time is kept: none ever enters the store."""
    columns = (
        ("number", "Import"), ("source", "Form"), ("patients", "New patients"), ("sessions", "Sessions"),
        ("assessments", "Assessments"), ("side_effects", "Side effects"), ("repeats", "Repeats left out"),
        ("fingerprint", "Fingerprint"),
    )  # fmt: skip
    frame = frame.assign(source=frame["source"].map(record_words.SOURCES).fillna(frame["source"]))
    rows: list[dict[str, Any]] = frame.to_dict("records")  # type: ignore[assignment]
    if not rows:
        return card(HISTORY, HISTORY_QUESTION, "Nothing yet: drop the first records above.", wide=True)
    latest = rows[0]
    added = {key: int(latest[key]) for key in ("patients", "sessions", "assessments", "side_effects")}
    sentence = f"{numbers.count(latest['number'], 'import')} so far; the latest added {record_words.rows(added)}."
    head = html.Tr([html.Th(text, scope="col", className=_kind(key)) for key, text in columns])
    lines = [html.Tr([html.Td(_cell(key, row[key]), className=_kind(key)) for key, _ in columns]) for row in rows]
    table = html.Table([html.Thead(head), html.Tbody(lines)], className="numbers imports")
    label = {"aria-label": "Imports, newest first"}
    region = html.Div(table, className="table-scroll", role="region", tabIndex=0, **label)
    return card(
        HISTORY,
        HISTORY_QUESTION,
        sentence,
        body=region,
        table=Table(columns, rows),
        definition=Definition(
            "One row a stored batch, newest first: the rows it added, and identical rows that were stored already or "
            "stood in it twice. Imports are numbered in their order; the store keeps no date of anything. The "
            "fingerprint is that of the content, whatever the form of its files.",
            n=numbers.sentence(numbers.count(len(rows), "import")),
        ),
        wide=True,
    )


def _kind(key: str) -> str:
    return "" if key in ("source", "fingerprint") else "number"


def _cell(key: str, value: Any) -> Any:
    if key == "fingerprint":
        return html.Code(str(value)[:12], title=str(value))
    return value if isinstance(value, str) else f"{int(value):,}"
