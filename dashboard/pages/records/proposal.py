"""What the Prepare dialogue shows: the format it recognised, the map by column, what would come in and what not."""

from __future__ import annotations

from dataclasses import asdict

import dash_ag_grid as dag
from dash import html
from dash.development.base_component import Component

from dashboard.figures import base
from dashboard.pages.graph import graph
from dashboard.pages.records import report
from dashboard.pages.records.jobs import CHECK, JobState
from dashboard.words import numbers
from dashboard.words import records as record_words
from data_models.definitions.instruments import INSTRUMENTS
from data_models.intake.contract import TABLES, RecordsRefused
from data_models.intake.prepare import map_edit
from data_models.intake.prepare.folder import Prepared
from data_models.intake.prepare.preview import ExampleCourse, examples
from data_models.intake.prepare.source import Origin, Suggestion

_ROWS_NAMED = 5


def refused(why: Exception | str) -> Component:
    """Why there is nothing to look at: one sentence, or the rows and columns to mend."""
    if isinstance(why, RecordsRefused):
        problems = [asdict(problem) for problem in why.problems]
        return report.end(JobState(CHECK, ended=True, problems=problems, problem_count=why.count))
    text = str(why)
    return report.refused(text[:1].upper() + text[1:], "Not prepared")


def recognised(name: str, suggestion: Suggestion) -> Component:
    """What the export is, and what only a person can know of it."""
    asked = [html.Li(question) for question in suggestion.questions]
    return html.Div(
        [
            html.P(f"This is {name}. Look at what each column becomes, then at what would come in."),
            *([html.P("Only you can know:"), html.Ul(asked)] if asked else []),
        ],
        className="prepare-recognised",
    )


def columns(suggestion: Suggestion, grid_id: str, *, editable: bool) -> Component | None:
    """The proposed map, a row a column, with examples that leave this window with it.

    Parameters
    ----------
    editable : what a column becomes can be chosen here; else the map is corrected as text.
    """
    if not suggestion.columns:
        return None
    tables = list(dict.fromkeys(one.file for one in suggestion.columns))
    rows = [
        {
            "table": tables.index(one.file),
            "file": one.file,
            "column": one.column,
            "examples": " · ".join(one.examples),
            "becomes": map_edit.in_words(one.becomes) if editable else one.becomes or map_edit.LEFT_OUT,
            "why": one.why,
        }
        for one in suggestion.columns
    ]
    editing = {
        "editable": True,
        "singleClickEdit": True,
        "cellEditor": "agSelectCellEditor",
        "cellEditorParams": {"values": list(map_edit.choices())},
        "cellClass": "prepare-becomes",
    }
    shown = [
        *([{"field": "file", "headerName": "File", "width": 180}] if len(tables) > 1 else []),
        {"field": "column", "headerName": "Column", "width": 150},
        {"field": "becomes", "headerName": "Becomes", "width": 200, "minWidth": 150, **(editing if editable else {})},
        {"field": "examples", "headerName": "Examples", "flex": 1, "minWidth": 160, "cellClass": "prepare-examples"},
        {"field": "why", "headerName": "Because", "flex": 1, "minWidth": 160, "cellClass": "prepare-examples"},
    ]
    grid = dag.AgGrid(
        id=grid_id,
        rowData=rows,
        columnDefs=shown,
        defaultColDef={"resizable": True, "suppressMovable": True},
        dashGridOptions={"rowHeight": 34, "headerHeight": 36, "ensureDomOrder": True},
        dangerously_allow_code=False,
        style={"height": f"{min(40 + 34 * len(rows), 480)}px", "width": "100%"},
    )
    how = "Choose another in the column Becomes" if editable else "Correct the map below"
    return html.Div([html.P(f"{how} where it is not right.", className="fine"), grid], className="prepare-columns")


def preview(prepared: Prepared, known: int, unknown_to_all: bool) -> Component:
    """What would come in, what is left out and why, and three patients drawn."""
    batch = prepared.batch
    counts = {table: len(getattr(batch, table)) for table in TABLES}
    caution = (
        "Patients are stored here already, and no who-is-who file was given: if this export has them too, give the "
        "file that was saved with the earlier export, else they come in a second time under new codes."
    )
    parts: list[Component] = [
        html.H3("What would come in"),
        html.P(f"{record_words.rows(counts).capitalize()}; nothing has been stored yet."),
    ]
    if known:
        parts.append(
            html.P(f"{numbers.count(known, 'record number')} were known from the who-is-who file.", className="fine")
        )
    if unknown_to_all:
        parts.append(html.P(caution, className="card-note"))
    parts += [html.P(numbers.sentence(note), className="fine") for note in (*prepared.made.notes, *batch.warnings)]
    parts.append(_left_out(prepared))
    drawn = [_drawn(course) for course in examples(batch)]
    if drawn:
        parts += [html.H3("Three patients, to see whether it is right"), html.Div(drawn, className="prepare-courses")]
    return html.Div(parts, className="prepare-preview")


def _left_out(prepared: Prepared) -> Component:
    made = prepared.made
    lines = [(reason, count, _places(origins, count)) for reason, count, origins in made.left_out]
    lines += [
        ("columns that session records do not have", len(names), f"{file}: {', '.join(names)}")
        for file, names in made.columns_left_out.items()
        if names
    ]
    if not lines:
        return html.P("Nothing is left out.", className="fine")
    head = html.Thead(html.Tr([html.Th(text, scope="col") for text in ("Left out", "How many", "Where")]))
    rows = [
        html.Tr([html.Td(reason.capitalize()), html.Td(f"{count:,}", className="number"), html.Td(where)])
        for reason, count, where in lines
    ]
    table = html.Table([head, html.Tbody(rows)], className="numbers")
    return html.Div(table, className="table-scroll", role="region", tabIndex=0, **{"aria-label": "What is left out"})


def _places(origins: list[Origin], count: int) -> str:
    named = [f"{origin.file} row {origin.row:,}" for origin in origins[:_ROWS_NAMED]]
    more = count - len(named)
    return ", ".join(named) + (f" and {more:,} more" if named and more > 0 else "")


def _drawn(course: ExampleCourse) -> Component:
    """One patient's sessions as ticks and scores as a line over days."""
    scale = INSTRUMENTS.get(course.instrument)
    days, scores = [day for day, _ in course.scores], [score for _, score in course.scores]
    low, high = (scale.minimum, scale.maximum) if scale else (0, 1)
    figure: base.Figure = {
        "data": [
            base.line(days, scores, scale.name if scale else "", "accent", mode="lines+markers"),
            {
                "type": "scatter", "mode": "markers", "x": list(course.sessions), "y": [low] * len(course.sessions),
                "name": "session", "marker": {"symbol": "line-ns-open", "size": 9},
            },
        ],
        "layout": base.layout(
            150,
            x=base.axis("days"),
            y=base.axis(scale.name if scale else "", range=[low - 0.04 * (high - low), high]),
        ),
    }  # fmt: skip
    name = scale.name if scale else "no score"
    alt = (
        f"{numbers.count(len(course.sessions), 'session')}, {numbers.count(len(scores), 'score')} of {name}"
        + (f", {numbers.number(scores[0])} to {numbers.number(scores[-1])}" if scores else "")
    )  # fmt: skip
    return html.Div([html.P(alt, className="fine"), graph(figure, alt)])


def saved(prepared: Prepared) -> Component:
    """What to do with the two files that were saved."""
    people = numbers.count(len(prepared.batch.patients), "patient")
    return html.P(
        f"Saved the map and the who-is-who file of {people} to your downloads. Keep who-is-who on an encrypted disk at "
        "the clinic: it alone tells who is who, and the next export needs it. The import goes on above.",
        className="card-note",
    )
