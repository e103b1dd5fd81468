"""The Records page: drop records, read the check's report, import them, and see how complete they are."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from dashboard import ids
from dashboard.access import trail
from dashboard.answers import data
from dashboard.pages import Page
from dashboard.pages.card import skeleton
from dashboard.pages.records import cards, dialogue, jobs, report, template, uploads
from dashboard.questions.completeness import QUESTION
from data_models.intake.readers.file_formats import FORMATS
from data_models.questions.completeness import completeness
from data_models.questions.import_history import imports

DROP = "records-drop"
DROPPED = "records-dropped"  # in the browser alone: the files, from the drop until they are imported
REPORT = "records-report"
IMPORT = "records-import"
TICK = "records-tick"
STORED = "records-stored"  # grows with each import made from here
COMPLETENESS = "records-completeness"
HISTORY = "records-history"
ASK_SECONDS = 0.5

DEMO = (
    "This is the demo, which shows the synthetic sample alone. To import records of your own, stop it and run: "
    "ketamine-outcomes serve"
)
GONE = "The files are no longer in this window; drop them again"
ALL_CLINICS = "Records are imported by those who see every clinic"


def layout() -> Component:
    """The page without data."""
    lead = "Check session records, import them, and see what is missing."
    head = html.Div(
        [html.H1("Records", className="page-title"), html.P(lead, className="page-lead")], className="page-head"
    )
    waiting = html.Div(
        [
            html.Div(
                skeleton("completeness", QUESTION, 160, wide=True),
                id=COMPLETENESS,
                className="page-body",
            ),
            html.Div(
                skeleton(cards.HISTORY, cards.HISTORY_QUESTION, 60, wide=True),
                id=HISTORY,
                className="page-body",
            ),
        ],
        id="records-cards",
        className="stack",
    )
    return html.Div(
        [
            head,
            html.Div([_drop_card(), dialogue.layout(), waiting], className="stack"),
            dcc.Store(id=DROPPED),
            dcc.Store(id=jobs.JOB, storage_type="session"),  # who comes back to the page sees how the job goes on
            dcc.Store(id=STORED, data=0),
            dcc.Interval(id=TICK, interval=1000 * ASK_SECONDS, disabled=True),
        ]
    )


def _drop_card() -> Component:
    files = [part for name in uploads.RECORD_FILES[:4] for part in (html.Code(name), ", ")][:-1]
    others = [part for suffix in [*FORMATS][1:] for part in (html.Code(suffix), ", ")][:-1]
    form = [*files, ", one ", html.Code("session_records.csv"), " or one ", html.Code(".xlsx"), " workbook"]
    zone = cards.drop_zone(
        DROP,
        "Drop a folder or files here",
        [*form, "; tables also as ", *others, f"; up to {uploads.LIMIT_MB} MB together."],
        label="Drop records",
        into=DROPPED,
        report=REPORT,
        button=IMPORT,
    )
    sentence = (
        "De-identified session records are checked first, every cell of every file; nothing is stored until you import."
    )
    return html.Section(
        [
            html.H2("Add records", id="records-add", className="card-question"),
            html.P(sentence, className="card-sentence"),
            zone,
            html.Div(id=REPORT, role="status"),
            html.Div(html.Button("Import", id=IMPORT, type="button", className="button button-main", disabled=True)),
            template.offer(),
        ],
        className="card card-wide",
        **{"aria-labelledby": "records-add"},
    )


def register(app: Dash) -> None:
    """A drop starts a check, the button an import; each is asked after until it ends."""
    uploads.limit_requests(app.server)
    template.register(app)

    uploads.remove_forgotten()
    dialogue.register(app, may_not_import)
    # While a job runs it is asked after, and nothing else can be dropped.
    app.clientside_callback(
        ClientsideFunction("records", "follow"),
        Output(TICK, "disabled"),
        Output(DROP, "data-busy"),
        Input(jobs.JOB, "data"),
    )

    @app.callback(
        Output(jobs.JOB, "data"),
        Output(REPORT, "children"),
        Output(IMPORT, "disabled"),
        Input(DROPPED, "data"),
        Input(IMPORT, "n_clicks"),
        prevent_initial_call=True,
    )
    def begin(dropped: Any, _clicks: int | None) -> Any:
        kind = jobs.IMPORT if ctx.triggered_id == IMPORT else jobs.CHECK
        refusal = may_not_import() if kind == jobs.IMPORT else None
        if refusal:
            return None, report.refused(refusal, "Not imported"), True
        if not dropped:
            return (None, report.refused(GONE), True) if kind == jobs.IMPORT else (no_update,) * 3
        # Before the deed: what the trail cannot be told of is not done. A check compares with patients who are stored,
        # and so tells of them; an import's job tells what was imported.
        trail.note(f"{kind}_started", "records", files=len(dropped.get("names") or []))
        try:
            url = data.store().engine.url.render_as_string(hide_password=False)
            names, contents = dropped.get("names") or [], dropped.get("contents") or []
            token = jobs.start(kind, names, contents, url, data.scope(), trail.actor())
        except uploads.UploadRefused as error:
            return None, report.refused(str(error)), True
        return token, report.progress(jobs.JobState(kind)), True

    @app.callback(
        Output(jobs.JOB, "data", allow_duplicate=True),
        Output(REPORT, "children", allow_duplicate=True),
        Output(IMPORT, "disabled", allow_duplicate=True),
        Output(DROPPED, "data"),
        Output(STORED, "data"),
        Input(TICK, "n_intervals"),
        State(jobs.JOB, "data"),
        State(STORED, "data"),
        prevent_initial_call=True,
    )
    def ask_after(_ticks: int | None, token: str | None, stored: int | None) -> Any:
        state = jobs.state(token)
        if state is None:  # its end was told to an earlier question
            return None, no_update, no_update, no_update, no_update
        if not state.ended:
            return no_update, report.progress(state), no_update, no_update, no_update
        if state.kind == jobs.IMPORT:
            # The files leave the browser's memory once they are stored.
            return None, report.end(state), True, None if state.clean else no_update, (stored or 0) + 1
        ready = state.clean and not state.already_imported
        refusal = may_not_import() if ready else None
        note = [html.P(f"{refusal}.", className="card-note")] if refusal else []
        return None, [report.end(state), *note], not ready or refusal is not None, no_update, no_update

    @app.callback(Output(COMPLETENESS, "children"), Input(STORED, "data"))
    def show_completeness(_stored: int | None) -> Any:
        return cards.completeness_card(data.ask(completeness), data.rules())

    @app.callback(Output(HISTORY, "children"), Input(STORED, "data"))
    def show_history(_stored: int | None) -> Any:
        return cards.history(data.ask(imports))


def may_not_import() -> str | None:
    """Why nothing may be imported here, or None."""
    if data.store().synthetic():
        return DEMO
    return ALL_CLINICS if data.scope().clinics is not None else None


PAGE = Page(ids.RECORDS, "Records", "records", layout, register)
