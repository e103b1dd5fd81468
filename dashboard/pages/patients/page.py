"""The Patients page: the worklist, sorted and filtered in the database, a page at a time."""

from __future__ import annotations

from typing import Any

import dash_ag_grid as dag
import dash_mantine_components as dmc
from dash import ClientsideFunction, Dash, Input, Output, State, html, no_update
from dash.development.base_component import Component

from dashboard import ids, theme
from dashboard.answers import cache, data
from dashboard.pages import Page, filters
from dashboard.pages.patients.query import ListQuery
from dashboard.questions import worklist as view
from data_models.definitions.filters import CohortFilter
from data_models.definitions.instruments import INSTRUMENTS, with_item9
from data_models.questions.worklist import attention_counts, in_order, latest_scores, worklist

GRID = "worklist"
SENTENCE = "worklist-sentence"
LISTS = "worklist-lists"
FOLLOWED = "worklist-followed"
PAGE_ROWS = 60


def _column(key: str, heading: str, width: int, *, sort: str | None = None, **more: Any) -> dict[str, Any]:
    """One column; `sort` names the column of the query that orders it."""
    return {
        "field": key,
        "colId": sort or key,
        "headerName": heading,
        "width": width,
        "minWidth": min(width, 64),
        "sortable": sort is not None,
    } | more


COLUMNS = [
    _column("code", "Patient", 160, sort="patient_code", cellRenderer="PatientLink", pinned="left"),
    _column("state", "State", 186, sort="state", cellRenderer="PatientState"),
    _column("spark", "Course", 122, cellRenderer="PatientSparkline"),
    _column("last", "Latest score", 138, sort="last", cellRenderer="PatientScore"),
    _column("baseline", "Baseline", 88, sort="baseline", type="rightAligned"),
    _column("improvement", "Improved", 106, sort="improvement", type="rightAligned"),
    _column(
        "last_days",
        "Session to score",
        98,
        sort="days_since_session",
        type="rightAligned",
        headerTooltip="From the latest session to the latest score",
    ),
    _column("item9", "Item 9", 72, sort="item9_last", cellRenderer="PatientItem9"),
    _column("flags", "Pressure, worst side effect", 160, sort="worst", cellRenderer="PatientFlags"),
    _column("sessions", "Sessions", 132, cellRenderer="PatientSessions", flex=1, minWidth=132),
]


def layout() -> Component:
    """The page without data."""
    head = html.Div([html.H1("Patients", className="page-title")], className="page-head")
    tools = html.Div(
        [
            html.Nav(id=LISTS, className="ready-lists", **{"aria-label": "Ready lists"}),
            dmc.Select(
                id=ids.filter_id("state"),
                label="State",
                data=[
                    {"value": "", "label": "All"},
                    *({"value": key, "label": f"{shape} {word}"} for key, (_, shape, word) in theme.STATES.items()),
                ],
                value=None,  # the URL decides
                allowDeselect=False,
                size="xs",
                className="filter",
            ),
            filters.text("search", "Patient code", "Search"),
        ],
        className="worklist-tools",
    )
    grid = dag.AgGrid(
        id=GRID,
        columnDefs=COLUMNS,
        defaultColDef={
            "resizable": True,
            "suppressMovable": True,
            "wrapHeaderText": True,
            "sortingOrder": ["asc", "desc", None],
        },
        rowModelType="infinite",
        dashGridOptions={
            "cacheBlockSize": PAGE_ROWS,
            "maxBlocksInCache": 20,
            "infiniteInitialRowCount": 12,
            "rowHeight": 46,
            "headerHeight": 46,
            "suppressCellFocus": False,
            "enableCellTextSelection": True,
            "suppressDragLeaveHidesColumns": True,
            "ensureDomOrder": True,
            "localeText": {"noRowsToShow": "No patient to show"},
        },
        className="worklist-grid",
        dangerously_allow_code=False,
        style={"height": None, "width": "100%"},
    )
    said = html.P(id=SENTENCE, className="page-lead worklist-sentence", role="status")
    return html.Div(
        [head, filters.bar(), tools, said, grid, html.Div(id=FOLLOWED, hidden=True)], className="worklist-page"
    )


def register(app: Dash) -> None:
    """Rows a page at a time, ready lists with their counts, and the URL that holds the list's state."""

    @app.callback(
        Output(GRID, "getRowsResponse"),
        Output(SENTENCE, "children"),
        Input(GRID, "getRowsRequest"),
        State(ids.URL, "search"),
        prevent_initial_call=True,
    )
    def show_rows(request: dict[str, Any] | None, search: str | None) -> tuple[Any, Any]:
        if not request:
            return no_update, no_update
        cohort, wanted = CohortFilter.from_query(search or ""), ListQuery.from_query(search)
        start = max(0, int(request.get("startRow") or 0))
        rules, scale = data.rules(), INSTRUMENTS[cohort.instrument]
        listed = data.ask(
            worklist,
            cohort,
            order=data.ask(in_order, cohort, **wanted.arguments()),
            limit=PAGE_ROWS,
            offset=start,
            rules=rules,
        )
        patients = [one.patient_id for one in listed.patients]
        scores = data.ask(latest_scores, patients, cohort.instrument)
        rows = view.rows(listed, scores, scale, rules, ids.PATIENT, wanted.to_query(cohort))
        said = view.sentence(
            listed.total, wanted.attention, wanted.state, wanted.search, scale, filters.described(cohort)
        )
        return {"rowData": rows, "rowCount": listed.total}, said

    @cache.callback(app, Output(LISTS, "children"), Input(ids.URL, "search"), State(ids.URL, "pathname"))
    def show_lists(search: str | None, pathname: str | None) -> Any:
        cohort, wanted = CohortFilter.from_query(search or ""), ListQuery.from_query(search)
        counts = data.ask(attention_counts, cohort)
        return ready_lists(counts, cohort, wanted)

    # The URL holds the list: the grid follows it and changes its order (assets/worklist.js).
    app.clientside_callback(
        ClientsideFunction("worklist", "follow"), Output(FOLLOWED, "title"), Input(ids.URL, "search")
    )


def ready_lists(counts: dict[str, int], cohort: CohortFilter, wanted: ListQuery) -> list[Component]:
    """Links to the ready lists, each with how many patients it holds."""
    links = [_list_link("All", None, None, cohort, wanted)]
    links += [_list_link(text, key, counts.get(key), cohort, wanted) for key, text in view.LISTS.items()]
    return links


def _list_link(text: str, key: str | None, count: int | None, cohort: CohortFilter, wanted: ListQuery) -> Component:
    here = wanted.attention == key
    parts: list[Any] = [text] if count is None else [text, html.Span(f"{count:,}", className="count")]
    target = ListQuery(attention=key, sort=wanted.sort, descending=wanted.descending)
    lacking = view.not_on(key, INSTRUMENTS[cohort.instrument])
    if lacking and key == "item9_raised":
        # The link does what it says: the list stands there with its count.
        parts, cohort = [lacking], cohort.with_instrument(with_item9().code)
    return html.A(
        parts,
        href=ids.PATIENTS + target.to_query(cohort),
        className="ready-list ready-list-here" if here else "ready-list",
        **{"data-stay": "1"} | ({"aria-current": "true"} if here else {}),
    )


PAGE = Page(ids.PATIENTS, "Patients", "patients", layout, register)
