"""The workbook to keep records in: empty, and filled as an example, from the Records page."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, ctx, dcc, html, no_update
from dash.development.base_component import Component

EMPTY = "records-template"
FILLED = "records-example"
DOWNLOAD = "records-template-file"
_NAMES = {EMPTY: "session_records.xlsx", FILLED: "session_records_example.xlsx"}


def offer() -> Component:
    """Two buttons, and where the browser takes the file from."""
    return html.Div(
        [
            html.P("No sheet yet? A workbook with lists to choose from and a page of instructions:", className="fine"),
            html.Button("Empty workbook", id=EMPTY, type="button", className="button", n_clicks=0),
            html.Button("Filled example", id=FILLED, type="button", className="button", n_clicks=0),
            dcc.Download(id=DOWNLOAD),
        ],
        className="template-offer",
    )


def register(app: Dash) -> None:
    """One callback: the workbook of the button. It holds no records, so the trail has nothing to tell."""

    @app.callback(
        Output(DOWNLOAD, "data"), Input(EMPTY, "n_clicks"), Input(FILLED, "n_clicks"), prevent_initial_call=True
    )
    def take(_empty: int | None, _filled: int | None) -> Any:
        made = workbook(ctx.triggered_id)
        return no_update if made is None else dcc.send_bytes(*made)


def workbook(button: Any) -> tuple[bytes, str] | None:
    """The workbook that a button stands for, and its name; None for anything else."""
    from data_models.intake.template import template_bytes

    return (template_bytes(filled=button == FILLED), _NAMES[button]) if button in (EMPTY, FILLED) else None
