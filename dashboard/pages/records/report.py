"""What the Records page shows of a job: its progress, the problems it found, or what it did."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard.pages.card import table_view
from dashboard.pages.records import sentences
from dashboard.pages.records.jobs import JobState
from dashboard.questions.view import Column, Table

ROWS_SHOWN = 100
_EXPORT = "If this is what your system exports, with names, record numbers or dates: prepare it below, as an export."
_PROBLEMS = "records-problems"
_COLUMNS = (Column("file", "File"), Column("row", "Row"), Column("column", "Column"), Column("reason", "What is wrong"))


def progress(state: JobState) -> Component:
    """A bar and what is being done."""
    doing = f"{sentences.step(state)} …"
    bar = html.Progress(
        value=f"{state.share:.2f}", max="1", className="records-progress", **{"aria-label": sentences.step(state)}
    )
    return html.Div([html.P(doing, className="records-doing"), bar], className="records-working")


def refused(text: str, title: str = "Not received") -> Component:
    """Files that were not received, or may not be imported here."""
    return _end("bad", title, text.rstrip(".") + ".", [])


def end(state: JobState) -> Component:
    """How a job ended."""
    title, sentence = sentences.verdict(state)
    more: list[Component] = [html.P(warning, className="fine") for warning in state.warnings]
    if any("identifier" in problem["reason"] for problem in state.problems):
        more.append(html.P(_EXPORT, className="card-note"))
    if state.problems:
        more.append(_problems(state))
    return _end("good" if state.clean else "bad", title, sentence, more)


def _end(kind: str, title: str, sentence: str, more: list[Component]) -> Component:
    mark = html.Span("✓" if kind == "good" else "!", className="records-mark", **{"aria-hidden": "true"})
    head = html.Div([mark, html.H3(title), html.P(sentence)], className=f"records-end records-{kind}")
    return html.Div([head, *more])


def _problems(state: JobState) -> Component:
    """The first problems as a table, and all that were kept as a file."""
    shown = state.problems[:ROWS_SHOWN]
    head = html.Tr([html.Th(column.heading, scope="col") for column in _COLUMNS])
    lines = [html.Tr([_cell(problem, column.key) for column in _COLUMNS]) for problem in shown]
    table = html.Table([html.Thead(head), html.Tbody(lines)], className="numbers records-problems")
    region = html.Div(
        table, className="table-scroll", tabIndex=0, role="region", **{"aria-label": "Problems by file, row and column"}
    )
    left = len(state.problems) - len(shown)
    said = f"The first {len(shown):,} are shown; the file has {left:,} more." if left else ""
    button = html.Button(
        "Download this report",
        className="quiet-button",
        type="button",
        **{"data-download": f"{_PROBLEMS}-table", "data-name": "problems.csv"},
    )
    everything = table_view(Table(_COLUMNS, state.problems), _PROBLEMS)
    more = html.Div([html.Span(said, className="fine"), button] if said else [button], className="records-more")
    return html.Div([region, more, html.Div(everything, hidden=True)])


def _cell(problem: dict[str, Any], key: str) -> Component:
    value = problem[key]
    if value is None:
        return html.Td("whole file" if key == "row" else "–")
    return html.Td(f"{value:,}" if isinstance(value, int) else str(value), className=f"problem-{key}")
