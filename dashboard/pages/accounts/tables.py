"""The tables of the Accounts page: people with their buttons, and the entries of the audit trail."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard.access import administration
from dashboard.access.roles import NAMES
from dashboard.pages.card import message
from data_models.database.access_tables import OWNER, unpack
from data_models.store.audit_chain import Entry

ACTION = "account-action"
WORDS = {
    "signed_in": "signed in",
    "signed_out": "signed out",
    "sign_in_failed": "failed to sign in",
    "denied": "was denied",
    "patient_opened": "opened a patient",
    "list_opened": "opened the list of patients",
    "figures_opened": "looked at figures",
    "export": "took an export",
    "check_started": "began a check of records",
    "prepare_started": "began to prepare an export",
    "import_started": "began an import",
    "imported": "imported records",
    "patient_report": "took a patient's report",
    "rules_changed": "changed the rules",
    "data_set_named": "named the data set",
    "account_added": "added an account",
    "account_changed": "changed an account",
    "account_disabled": "disabled an account",
    "account_enabled": "enabled an account",
    "password_changed": "changed a password",
    "second_factor_set": "set up a second factor",
    "second_factor_reset": "reset a second factor",
}


_FOR_PROGRAMS = ("hidden",)  # which counts a file printed, a bit each: `exports/shown.py`


def words_of(action: str) -> str:
    """An action of the trail in words."""
    return WORDS.get(action, action.replace("_", " "))


def people(rows: Sequence[Any], me: str) -> Component:
    """One row a person; nobody gets buttons that shut themselves out."""
    body = []
    for row in rows:
        clinics = unpack(row.clinics)
        seen = "every clinic" if clinics is None else ", ".join(sorted(clinics)) or "none"
        seen = "-" if row.roles == f";{OWNER};" else seen  # owners, being owners alone, see no records
        factor = "on" if row.has_second_factor else "required" if row.second_factor_required else "off"
        cells = [
            row.name,
            ", ".join(NAMES.get(role, role) for role in sorted(unpack(row.roles) or ())),
            seen,
            factor,
            _last_sign_in(row),
        ]
        buttons = [_button("Change", row.name, administration.CHANGE)]
        if row.name != me:
            buttons.append(
                _button("Enable", row.name, administration.ENABLE)
                if row.disabled
                else _button("Disable", row.name, administration.DISABLE)
            )
            buttons.append(_button("New password", row.name, administration.PASSWORD))
        if row.has_second_factor:
            buttons.append(_button("Reset second factor", row.name, administration.RESET_FACTOR))
        elif not row.second_factor_required:
            buttons.append(_button("Require second factor", row.name, administration.REQUIRE_FACTOR))
        body.append(
            html.Tr(
                [*(html.Td(cell) for cell in cells), html.Td(html.Div(buttons, className="account-actions"))],
                className="off" if row.disabled else "",
            )
        )
    headings = ["Name", "Roles", "Clinics", "Second factor", "Last sign-in", "Change"]
    return html.Table([_head(headings), html.Tbody(body)], className="people")


def _last_sign_in(row: Any) -> str:
    last = f"{row.last_sign_in[:16]} UTC" if row.last_sign_in else "never"
    return f"{last}; disabled now" if row.disabled else last


def _button(text: str, name: str, do: str) -> Component:
    return html.Button(
        text,
        id={"type": ACTION, "name": name, "do": do},
        type="button",
        className="small-button",
        **{"aria-label": f"{text}: {name}"},
    )


def trail(entries: Sequence[Entry], total: int) -> Component:
    """The latest entries that match, the newest first."""
    if not entries:
        return message("No entry matches.")
    body = [
        html.Tr(
            [
                html.Td(f"{entry.sequence:,}"),
                html.Td(f"{entry.time[:10]} {entry.time[11:19]}"),
                html.Td(entry.actor or "somebody"),
                html.Td(words_of(entry.action)),
                html.Td(entry.subject),
                html.Td(_details(entry.details)),
            ]
        )
        for entry in entries
    ]
    table = html.Table(
        [_head(["No.", "UTC", "Who", "Did what", "Subject", "Details"]), html.Tbody(body)], className="trail"
    )
    return html.Div([html.P(f"{total:,} {'entry' if total == 1 else 'entries'}.", className="fine"), table])


def _details(text: str) -> str:
    try:
        values = json.loads(text)
    except ValueError:
        return text
    told = {key: value for key, value in values.items() if value not in (None, "", []) and key not in _FOR_PROGRAMS}
    return "; ".join(f"{key.replace('_', ' ')}: {_plain(value)}" for key, value in told.items())


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _head(headings: list[str]) -> Component:
    return html.Thead(html.Tr([html.Th(heading, scope="col") for heading in headings]))
