"""A chart as a card: the question, one sentence that answers it, the figure, and what stands behind it.

Behind it: the definition (rules with their values, version, n, source), the same numbers as a table, and
a download of that table. Table and download are made in the browser from the same text, so table, file
and figure cannot differ.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import ids
from dashboard.exports.document import with_marks
from dashboard.pages.graph import graph
from dashboard.pages.legend import key as legend
from dashboard.questions import methods
from dashboard.questions.view import Definition, Point, Table, View
from data_models.definitions.rules import OutcomeRules

OWN = "a definition of this dashboard's own"


def show(
    view: View,
    rules: OutcomeRules,
    *,
    controls: Component | None = None,
    body: Component | None = None,
    graph_id: Any = None,
    **config: Any,
) -> Component:
    """The card of an answer; `body` stands in place of a figure where it is made of components."""
    drawn = [panels(view.panels)] if view.panels else []
    few = [points(view.points_name, view.points)] if view.points else []
    quiet = [text for text in view.notes if text]
    notes = [html.P(" ".join(quiet), className="card-note")] if quiet else []
    return card(
        view.name,
        view.question,
        view.sentence,
        view.figure,
        body=[*drawn, *([body] if body is not None else []), *few, *notes] or None,
        table=view.table,
        definition=view.definition,
        rules=rules,
        controls=controls,
        marks=legend([(one.name, one.token, one.mark) for one in view.legend]) if view.legend else None,
        graph_id=graph_id,
        wide=view.wide,
        **config,
    )


def points(name: str, shown: Sequence[Point]) -> Component:
    """A few numbers in a row, each with its interval, under what they say."""
    return html.Div(
        [
            html.P(f"{name}, with 95% intervals", className="points-name"),
            html.Dl(
                [
                    html.Div(
                        [
                            html.Dt(one.name),
                            html.Dd([html.B(one.value), *([html.Span(one.interval)] * bool(one.interval))]),
                        ]
                    )
                    for one in shown
                ],
                className="points",
            ),
        ]
    )


def panels(shown: Sequence[tuple[str, dict[str, Any], str]]) -> Component:
    """Small charts side by side, each with its heading and its words."""
    return html.Div(
        [
            html.Figure([html.Figcaption(title), graph(figure, f"{title}: {said}")], className="multiple")
            for title, figure, said in shown
        ],
        className="multiples",
    )


def card(
    card_id: str,
    question: str,
    sentence: str | Sequence[Component | str],
    figure: dict[str, Any] | None = None,
    *,
    body: Component | list[Component] | None = None,
    table: Table | None = None,
    definition: Definition | None = None,
    rules: OutcomeRules | None = None,
    controls: Component | None = None,
    marks: Component | None = None,
    alt: str | None = None,
    graph_id: Any = None,
    wide: bool = False,
    **config: Any,
) -> Component:
    """One card. `figure` (a plain dict) or `body` (components) fills it; `alt` defaults to the sentence.

    `sentence` in parts may set one of them off; then `alt` is given too. `marks` says what the figure's colours and
    shapes mean (`pages/key.py`).
    """
    parts: list[Component] = [_head(card_id, question, controls), html.P(sentence, className="card-sentence")]
    if marks is not None:
        parts.append(marks)
    if figure is not None:
        parts.append(graph(figure, alt or f"{question} {sentence}", graph_id, **config))
    if body is not None:
        parts.append(html.Div(body, className="card-body"))
    parts.append(behind(card_id, question, table, definition, rules))
    return _frame(card_id, parts, wide)


def skeleton(card_id: str, question: str, height: int = 300, *, wide: bool = False, doing: str = "") -> Component:
    """The card while its data are on the way: the question, what is done (else a grey bar) and a bar for the figure."""
    bars = [
        html.P(doing, className="card-note") if doing else html.Div(className="bone bone-line"),
        html.Div(className="bone", style={"height": f"{height}px"}),
    ]
    return _frame(card_id, [_head(card_id, question, None), *bars], wide, busy=True)


def place(place_id: str | dict[str, str], *waiting: Component) -> Component:
    """Where an answer's cards come to stand, with what is shown until then: takes no room of its own in the grid."""
    return html.Div(list(waiting), id=place_id, className="card-place")


def message(text: str, *, title: str | None = None, kind: str = "empty", wide: bool = False) -> Component:
    """A designed empty or error state (`kind`: empty, error): plain words, what to do next."""
    parts = [html.H2(title, className="state-title")] if title else []
    role = {"role": "alert"} if kind == "error" else {}
    return html.Div([*parts, html.P(text)], className=f"state state-{kind}" + " card-wide" * wide, **role)


def _frame(card_id: str, parts: list[Component], wide: bool, busy: bool = False) -> Component:
    aria = {"aria-labelledby": f"{card_id}-question"} | ({"aria-busy": "true"} if busy else {})
    return html.Section(parts, className="card card-wide" if wide else "card", **aria)


def _head(card_id: str, question: str, controls: Component | None) -> Component:
    title = html.H2(question, id=f"{card_id}-question", className="card-question")
    return html.Div(
        [title, html.Div(controls, className="card-controls")] if controls else [title], className="card-head"
    )


def behind(
    card_id: str, question: str, table: Table | None, definition: Definition | None, rules: OutcomeRules | None
) -> Component:
    """What stands behind a card's figures: the definition, the table, the download."""
    parts: list[Component] = []
    if definition is not None:
        parts.append(
            html.Details(
                [html.Summary("Definition"), _definition(card_id, definition, rules, question)], className="behind"
            )
        )
    if table is not None:
        parts.append(html.Details([html.Summary("As table"), table_view(table, card_id, question)], className="behind"))
        parts.append(
            html.Button(
                "Download",
                className="quiet-button",
                type="button",
                title="Download these numbers as a CSV file",
                **{"data-download": f"{card_id}-table", "data-name": f"{card_id}.csv"},
            )
        )
    return html.Div(parts, className="card-behind")


def table_view(table: Table, table_id: str, question: str = "") -> Component:
    """The place of the table: the browser builds it when it is first opened (`assets/tables.js`).

    A component for each of some thousand cells would hold the browser up for seconds; the numbers
    travel as one text instead, which table and download both read.
    """
    content = {
        "columns": [list(column[:2]) for column in table.columns],
        "rows": [[_plain(row.get(column.key)) for column in table.columns] for row in with_marks(table).rows],
        "digits": table.digits,
    }
    return html.Div(
        id=f"{table_id}-table",
        className="table-scroll",
        tabIndex=0,  # a region that scrolls must be reachable by keyboard
        role="region",
        **{
            "aria-label": _region("Table of the numbers", question),
            "data-table": json.dumps(content, separators=(",", ":")),
        },
    )


def _plain(value: Any) -> Any:
    """A value as JSON has it; six digits after the point are a tenth of a second in days."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    number = float(value)
    return round(number, 6) if math.isfinite(number) else None


def _region(name: str, question: str) -> str:
    """A name that no other region of the page has."""
    return f"{name}: {question}" if question else name


def _definition(card_id: str, definition: Definition, rules: OutcomeRules | None, question: str) -> Component:
    parts: list[Component] = [html.P(definition.text)]
    if rules is not None and definition.rules:
        meanings, values = rules.meanings(), rules.as_dict()
        rows = [[name, _value(values[name]), meanings[name]] for name in definition.rules]
        # As text, as the numbers are: a hundred small components a page are what its first chart waits for.
        parts.append(
            html.Div(
                className="table-scroll",
                tabIndex=0,
                role="region",
                **{"aria-label": _region("Rules", question), "data-rules": json.dumps(rows, separators=(",", ":"))},
            )
        )
    facts = [definition.n] if definition.n else []
    if rules is not None:
        facts.append(f"Definitions version {rules.version}.")
    facts.append(f"Source: {definition.source or OWN}.")
    parts.append(html.P([" ".join(facts), *_method(card_id)], className="fine"))
    return html.Div(parts, className="definition")


def _method(card_id: str) -> list[Component | str]:
    """The way to the card's place on the Methods page, for those that have one."""
    method = methods.of_card(card_id)
    if method is None:
        return []
    return [" ", dcc.Link("How it is worked out and checked", href=f"{ids.METHODS}#method-{method}")]


def _value(value: float | int | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"
