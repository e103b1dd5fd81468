"""The Records page's cards: how complete the records are, clinic by clinic, and which batches came in."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboard.pages.card import card, show
from dashboard.pages.records import uploads
from dashboard.questions import completeness
from dashboard.questions.completeness import MEASURES, Measure
from dashboard.questions.view import Column, Definition, Table
from dashboard.words import numbers
from dashboard.words import records as record_words
from data_models.definitions.rules import OutcomeRules
from data_models.questions.completeness import Completeness, RecordCounts

HISTORY = "imports"
HISTORY_QUESTION = "What has been imported?"


def drop_zone(
    zone_id: str, title: str, words: Any, *, label: str, into: str, report: str, button: str, any_file: bool = False
) -> Component:
    """A place to drop or choose files (`assets/records.js`).

    Parameters
    ----------
    words : what may be dropped.
    label : what the group of its buttons is called.
    into, report, button : ids of the store for the files, of the place for words about them, of the button that waits.
    any_file : files of every kind are taken, with the folders that they lie in; else those of session records.
    """
    choose = [
        html.Button("Choose files", type="button", className="button", **{"data-choose": "files"}),
        html.Button("Choose a folder", type="button", className="button", **{"data-choose": "folder"}),
    ]
    return html.Div(
        [
            html.P(title, className="drop-title"),
            html.Div(choose, className="drop-buttons"),
            html.P(words, className="fine"),
        ],
        id=zone_id,
        className="drop-zone",
        role="group",
        **{
            "aria-label": label, "data-busy": "", "data-any": "1" if any_file else "",
            "data-limit": str(uploads.LIMIT), "data-into": into, "data-report": report, "data-button": button,
        },
    )  # fmt: skip


def completeness_card(found: Completeness, rules: OutcomeRules) -> Component:
    """Shares by clinic, each with its bar and its n."""
    return show(completeness.view(found), rules, body=_table(found) if found.clinics else None)


def _table(found: Completeness) -> Component:
    headings = ["Clinic", *(measure.heading for measure in MEASURES)]
    head = html.Thead(html.Tr([html.Th(heading, scope="col") for heading in headings]))
    lines = [
        html.Tr([_clinic(name, counts), *(_share(measure, counts) for measure in MEASURES)])
        for name, counts in completeness.lines(found)
    ]
    if len(lines) > 1:
        lines[-1].className = "completeness-all"
    table = html.Table([head, html.Tbody(lines)], className="completeness")
    label = {"aria-label": "Completeness by clinic"}
    return html.Div(table, className="completeness-scroll", role="region", tabIndex=0, **label)


def _clinic(name: str, counts: RecordCounts) -> Component:
    # A long name breaks after its underscores rather than anywhere.
    broken = [part for word in name.split("_") for part in ("_", html.Wbr(), word)][2:]
    people = html.Span(numbers.count(counts.patients, "patient"), className="fine")
    return html.Th([html.Span(broken), people], scope="row")


def _share(measure: Measure, counts: RecordCounts) -> Component:
    part, label = measure.part(counts), {"data-label": measure.heading}
    if part.of == 0:
        return html.Td(html.Span(f"no {measure.unit}", className="fine"), **label)
    of = html.Span(f"{numbers.whole(part.n)} of {numbers.whole(part.of)}", className="fine")
    if part.share is None:
        return html.Td(of, **label)
    bar = html.Span(
        html.I(style={"width": f"{100 * part.share:.1f}%"}),
        className="share-bar" if measure.more_is_better else "share-bar share-bar-lacking",
        **{"aria-hidden": "true"},
    )
    return html.Td([html.Span(numbers.percent(part.share), className="share-value"), of, bar], **label)


def history(frame: pd.DataFrame) -> Component:
    """The imports, newest first. No clock time is kept: none ever enters the store."""
    columns = (
        Column("number", "Import"),
        Column("source", "Form"),
        Column("patients", "New patients"),
        Column("sessions", "Sessions"),
        Column("assessments", "Assessments"),
        Column("side_effects", "Side effects"),
        Column("changed", "Facts changed"),
        Column("repeats", "Repeats left out"),
        Column("fingerprint", "Fingerprint"),
    )
    frame = frame.assign(
        source=frame["source"].map(record_words.SOURCES).fillna(frame["source"]),
        changed=[record_words.changes(json.loads(counts)) for counts in frame["changed"]],
    )
    rows: list[dict[str, Any]] = frame.to_dict("records")  # type: ignore[assignment]
    if not rows:
        return card(HISTORY, HISTORY_QUESTION, "Nothing yet: drop the first records above.", wide=True)
    latest = rows[0]
    added = {key: int(latest[key]) for key in ("patients", "sessions", "assessments", "side_effects")}
    change = f" and changed the {latest['changed']}" if latest["changed"] else ""
    latest_did = f"added {record_words.rows(added)}{change}"
    sentence = f"{numbers.count(latest['number'], 'import')} so far; the latest {latest_did}."
    head = html.Tr([html.Th(column.heading, scope="col", className=_kind(column.key)) for column in columns])
    lines = [
        html.Tr([html.Td(_cell(key, row[key]), className=_kind(key)) for key in (column.key for column in columns)])
        for row in rows
    ]
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
            "stood in it twice. Facts of a patient, such as the clinic or the age band, may change: those of the "
            "latest import hold, an empty cell changes none; of how many patients each changed stands here. Imports "
            "are numbered in their order; the store keeps no date of anything. The fingerprint is that of the "
            "content, whatever the form of its files.",
            n=numbers.sentence(numbers.count(len(rows), "import")),
        ),
        wide=True,
    )


def _kind(key: str) -> str:
    return "" if key in ("source", "changed", "fingerprint") else "number"


def _cell(key: str, value: Any) -> Any:
    if key == "fingerprint":
        return html.Code(str(value)[:12], title=str(value))
    return value or "none" if isinstance(value, str) else f"{int(value):,}"
