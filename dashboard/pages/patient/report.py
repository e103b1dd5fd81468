"""The Report button of the Patient page: the course on paper, as a PDF made by the server."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard import ids
from dashboard.access import trail
from dashboard.answers import data
from dashboard.exports.release import digest_of
from dashboard.pages.patient.query import PatientView, code_of
from data_models.questions.patient import patient

BUTTON = "patient-report"
DOWNLOAD = "patient-report-file"


def button() -> Component:
    """The button itself; `place` holds what it fills."""
    return html.Button("Report (PDF)", id=BUTTON, type="button", className="report-button", n_clicks=0)


def place() -> Component:
    """Where the browser takes the file from."""
    return dcc.Download(id=DOWNLOAD)


def register(app: Dash) -> None:
    """One callback: the patient of the path, as the file."""

    @app.callback(
        Output(DOWNLOAD, "data"),
        Input(BUTTON, "n_clicks"),
        State(ids.URL, "pathname"),
        State(ids.URL, "search"),
        running=[(Output(BUTTON, "disabled"), True, False)],
        prevent_initial_call=True,
    )
    def take(clicks: int | None, pathname: str | None, search: str | None) -> Any:
        made = report(code_of(pathname), search) if clicks else None
        return no_update if made is None else dcc.send_bytes(*made)


def report(code: str | None, search: str | None) -> tuple[bytes, str] | None:
    """The PDF and its name; None where the asker sees no such patient. The audit trail knows of it first."""
    from dashboard.exports.formats import write
    from dashboard.exports.patient_report import patient_document

    found = data.ask(patient, code) if code else None
    if found is None or code is None:
        return None
    view = PatientView.of(found, search)
    store = data.store()
    document = data.ask(
        patient_document,
        code,
        data.rules(),
        course=view.course,
        instrument=view.instrument,
        name=store.name(),
        synthetic=store.synthetic(),
    )
    if document is None:
        return None
    content = write(document, "pdf")
    trail.note("patient_report", code, file="pdf", content=digest_of(content))
    return content, f"ketamine-outcomes-{code}.pdf"
