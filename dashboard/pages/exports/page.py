"""The Exports page: choose figures, see exactly what leaves the building, take it as a file.

Counts are rounded whatever the browser asks for; the preview is drawn from the very document that
the file is written from.
"""

from __future__ import annotations

import base64
import time
from typing import Any
from urllib.parse import parse_qs

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from dashboard import ids
from dashboard.access import trail
from dashboard.answers import data
from dashboard.exports.document import Chart, Document, Section, shown
from dashboard.exports.release import ACTION, Ask, Release, cohorts_of, figures, gather, progress_words
from dashboard.exports.rounding import LEAST, ROUNDED_NOTE
from dashboard.exports.summary import CATALOGUE, document, of_a_cohort
from dashboard.pages import Page, filters
from dashboard.pages.card import message, skeleton
from dashboard.pages.plain import Plain
from dashboard.questions.view import Column, Table
from data_models.definitions.filters import FILTERS, CohortFilter

PREVIEW = "exports-preview"
DOWNLOAD = "exports-download"
REFUSED = "exports-refused"
WORKING = "exports-working"
SAID = "exports-said"
BAR = "exports-bar"
STEP = "exports-step"
IDLE = "exports-idle"
WORKING_TEXT = "Working out the figures"
STEP_SECONDS = 1.0  # of work between two words on how far it is
WRITING = "exports-writing"
FORMATS = {"csv": "CSV", "xlsx": "XLSX", "pdf": "PDF", "html": "HTML"}
REASON = f"fewer than {LEAST} are not shown"
MOST_ROWS = 1000  # of a table in the preview; the file has all
LEAD = f"Figures that may leave the building. {ROUNDED_NOTE}, and all other numbers are worked out from such counts."


def layout() -> Component:
    """The page without data."""
    head = html.Div(
        [html.H1("Exports", className="page-title"), html.P(LEAD, className="page-lead")], className="page-head"
    )
    about = dmc.Select(
        id=ids.filter_id(ids.EXPORT_FIGURES),
        label="Figures",
        data=[{"value": key, "label": title} for key, (title, _) in CATALOGUE.items()],
        value=None,  # the URL decides
        allowDeselect=False,
        size="xs",
        className="filter",
    )
    by = dmc.Select(
        id=ids.filter_id(ids.COMPARE_BY),
        label="Group by",
        data=[{"value": "", "label": "Nothing"}, *({"value": row.key, "label": row.label} for row in FILTERS.values())],
        value=None,  # the URL decides
        allowDeselect=False,
        size="xs",
        className="filter",
    )
    buttons = [
        html.Button(name, id=f"exports-{form}", type="button", className="small-button", n_clicks=0)
        for form, name in FORMATS.items()
    ]
    take = html.Div(
        [html.Span("Download", id="exports-take"), *buttons],
        role="group",
        className="chips",
        **{"aria-labelledby": "exports-take"},
    )
    return html.Div(
        [
            head,
            filters.bar(),
            html.Section(
                [
                    html.Div([about, by], className="filter-row"),
                    html.Div([take, _working()], className="exports-row"),
                    _progress(WRITING, "Writing the file."),
                    html.Div(id=REFUSED, role="status"),
                    html.Div(
                        html.Div([skeleton("exports", "What leaves", 320, wide=True)], className="cards"),
                        id=PREVIEW,
                        className="page-body",
                    ),
                ],
                className="section",
                **{"aria-label": "Figures to take away"},
            ),
            dcc.Download(id=DOWNLOAD),
            dcc.Store(id=STEP),
        ]
    )


def _progress(name: str, text: str) -> Component:
    """What is being done, shown while it is; how long it takes is not known beforehand."""
    bar = html.Progress(className="records-progress", **{"aria-label": text})
    return html.Div([html.P(text, className="card-note"), bar], id=name, role="status", hidden=True)


def _working() -> Component:
    """How far the figures are worked out. It keeps its place while hidden: the preview below does not jump."""
    bar = html.Progress(id=BAR, className="records-progress", **{"aria-label": WORKING_TEXT})
    said = html.P(WORKING_TEXT, id=SAID, className="card-note")
    return html.Div([said, bar], id=WORKING, role="status", className=IDLE)


def _while_running(shown: tuple[Output, Any, Any]) -> list[tuple[Output, Any, Any]]:
    """The progress shown, and no second file asked for, until the answer is there."""
    return [shown, *((Output(f"exports-{form}", "disabled"), True, False) for form in FORMATS)]


def register(app: Dash) -> None:
    """What the URL asks for in, the preview out; a button writes the same document as a file."""

    @app.callback(
        Output(PREVIEW, "children"),
        Output(STEP, "data"),
        Output(SAID, "children"),
        Output(BAR, "value"),
        Input(ids.URL, "search"),
        Input(STEP, "modified_timestamp"),  # not its data: Dash lets no answer begin its own callback again
        State(STEP, "data"),
        State(ids.URL, "pathname"),
        running=_while_running((Output(WORKING, "className"), "", IDLE)),
    )
    def preview(search: str | None, _: Any, step: dict[str, Any] | None, pathname: str | None) -> Any:
        """Some parts a request, so that the page can say how far it is; the last one gives the preview."""
        if not PAGE.holds(pathname or "/"):
            return (no_update,) * 4
        # Filters that have changed since begin anew: this call has taken the place of theirs.
        begun = step if ctx.triggered_id == STEP and step and step["asked"] == search else None
        cohort, by = _asked(search, about_of(search))
        done, of = worked_out(data.ask, cohort, by, begun["done"] if begun else 0)
        if done < of:
            said = f"{WORKING_TEXT}: {progress_words(done, of, by)}."
            return no_update, {"asked": search, "done": done, "at": time.time_ns()}, said, str(done / (of + 1))
        return _previewed(search), no_update, WORKING_TEXT, None

    @app.callback(
        Output(DOWNLOAD, "data"),
        Output(REFUSED, "children"),
        *(Input(f"exports-{form}", "n_clicks") for form in FORMATS),
        State(ids.URL, "search"),
        prevent_initial_call=True,
        running=_while_running((Output(WRITING, "hidden"), False, True)),
    )
    def take(*given: Any) -> Any:
        *clicks, search = given
        form = str(ctx.triggered_id or "").removeprefix("exports-")
        if form not in FORMATS or not any(clicks):
            return no_update, no_update
        release = release_of(search, about_of(search))
        if nothing_of(release):
            return no_update, message(nothing_of(release), title="Nothing to take")
        return file_of(release, about_of(search), form), None


def about_of(search: str | None) -> str:
    """What of the catalogue the URL asks for."""
    about = _value(search, ids.EXPORT_FIGURES)
    return about if about in CATALOGUE else "outcomes"


def _value(search: str | None, key: str) -> str:
    return parse_qs((search or "").lstrip("?")).get(key, [""])[0]


def _asked(search: str | None, about: str) -> tuple[CohortFilter, str | None]:
    """The filters and the grouping that the URL has, where they matter to what is asked for."""
    if not of_a_cohort(about):
        return CohortFilter(), None
    by = _value(search, ids.COMPARE_BY)
    return CohortFilter.from_query(search or ""), by if by in FILTERS else None


def worked_out(
    ask: Ask, cohort: CohortFilter, by: str | None, done: int, seconds: float = STEP_SECONDS
) -> tuple[int, int]:
    """Work out the next parts, one at least, for about so long; `ask` keeps them. How many are done, of how many."""
    cohorts, until = list(cohorts_of(ask, cohort, by).values()), time.monotonic() + seconds
    while done < len(cohorts):
        figures(ask, cohorts[done], data.rules())
        done += 1
        if time.monotonic() >= until:
            break
    return done, len(cohorts)


def _previewed(search: str | None) -> Any:
    """The preview, or what there is in place of one."""
    about = about_of(search)
    release = release_of(search, about)
    if nothing_of(release):
        return message(nothing_of(release), title="Nothing to show")
    trail.note_figures(ids.EXPORTS, release.cohort.to_query())
    return Plain(previewed(document(release, about)))


def nothing_of(release: Release) -> str:
    """Why there is nothing to show or to take; few patients are not told from none. Empty where there is something."""
    funnel = release.whole.summary.funnel
    if funnel.courses and funnel.patients:
        return ""
    return filters.too_few_match(release.cohort)


def release_of(search: str | None, about: str) -> Release:
    """The release that the URL asks for, of the clinics that the asker may see; always of rounded counts."""
    store = data.store()
    cohort, by = _asked(search, about)
    return data.ask(
        gather,
        cohort,
        data.rules(),
        by=by,
        name=store.name(),
        synthetic=store.synthetic(),
        with_records="completeness" in CATALOGUE[about][1],
        ask=data.ask,
    )


def file_of(release: Release, about: str, form: str) -> dict[str, Any]:
    """The file for the browser, once the audit trail knows of it. Its name is made here."""
    from dashboard.exports.formats import write

    made = document(release, about)
    content = write(made, form)
    trail.note(ACTION, f"{about}.{form}", **release.trail_details(content))
    scale = [release.cohort.instrument] if of_a_cohort(about) else []
    name = "-".join(["ketamine", about, *scale, f"{release.made.isoformat()}.{form}"]).replace("_", "-")
    sent: dict[str, Any] = dcc.send_bytes(content, name)
    return sent


def previewed(made: Document) -> Component:
    """The document as the page shows it: facts, drawings, every table, definitions; hidden numbers with the reason."""
    facts = html.Dl([html.Div([html.Dt(name), html.Dd(value)]) for name, value in made.facts], className="facts")
    about = html.Section(
        [html.H2(made.title, className="card-question"), html.P(made.subtitle, className="card-sentence"), facts],
        className="card card-wide",
    )
    sections = [*made.sections, Section("Definitions", tables=made.definitions)]
    return html.Div([about, *(_section(section) for section in sections)], className="cards")


def _section(section: Section) -> Component:
    parts: list[Component] = [html.H2(section.title, className="card-question")]
    if section.sentence:
        parts.append(html.P(section.sentence, className="card-sentence"))
    for chart in section.charts:
        parts += [_drawing(chart), *([html.P(chart.caption, className="card-note")] if chart.caption else [])]
    parts += [_table(table) for table in section.tables]
    return html.Section(parts, className="card card-wide")


def _drawing(chart: Chart) -> Component:
    """The drawing as the file holds it: on white, as on paper."""
    source = "data:image/svg+xml;base64," + base64.b64encode(chart.svg.encode()).decode()
    return html.Div(
        html.Img(src=source, alt=chart.alt, className="printed-chart"),
        className="drawing-scroll",
        tabIndex=0,
        role="group",
        **{"aria-label": "Drawing"},
    )


def _table(table: Table) -> Component:
    heads = [
        html.Th(column.heading, scope="col", className="text" if place < table.keys else _side(column))
        for place, column in enumerate(table.columns)
    ]
    head = html.Thead(html.Tr(heads))
    rows = []
    group = None
    for row in table.rows[:MOST_ROWS]:
        cells = []
        # A line stands where another group begins.
        begins, group = table.keys > 1 and group not in (None, row.get("group")), row.get("group")
        for place, column in enumerate(table.columns):
            value = row.get(column.key)
            text = shown(value, column.kind)
            hidden = isinstance(value, str) and column.kind != "text"
            if place < table.keys:
                cells.append(html.Th(text, scope="row"))
            else:
                cells.append(
                    html.Td(
                        html.Span(text, title=REASON) if hidden else text,
                        className=_side(column),
                    )
                )
        rows.append(html.Tr(cells, className="begins" if begins else None))
    body: list[Component] = [
        html.Div(
            html.Table([html.Caption(table.title), head, html.Tbody(rows)], className="table"),
            className="table-scroll",
            tabIndex=0,
            role="region",
            **{"aria-label": table.title},
        )
        if rows
        else html.P(f"{table.title}. {table.note or 'Nothing to show.'}", className="card-note")
    ]
    notes = [table.note] if table.note and rows else []
    if len(table.rows) > MOST_ROWS:
        notes.append(f"The first {MOST_ROWS} of {len(table.rows):,} rows; the file has all.")
    return html.Div([*body, html.P(" ".join(notes), className="card-note")] if notes else body)


def _side(column: Column) -> str:
    return "text" if column.kind == "text" else ""


PAGE = Page(ids.EXPORTS, "Exports", "exports", layout, register)
