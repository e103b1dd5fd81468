"""The Accounts page: people, roles and clinics; the audit trail, filterable. For owners."""

from __future__ import annotations

import datetime
from typing import Any
from urllib.parse import parse_qs

import dash_mantine_components as dmc
from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from dashboard import ids
from dashboard.access import administration, passwords, state
from dashboard.access.roles import NAMES
from dashboard.answers import data
from dashboard.pages import Page, filters
from dashboard.pages.accounts import tables
from dashboard.pages.card import message
from data_models.database.access_tables import OWNER, ROLES, unpack
from data_models.definitions.scope import Scope
from data_models.questions import accounts as queries
from data_models.questions.filter_choices import choices
from data_models.store import StoreError
from data_models.store.accounts import audit_entries, audit_seal
from data_models.store.audit_chain import broken

PEOPLE = "accounts-people"
SAID = "accounts-said"
NAME, PERSON_ROLES, CLINICS, SAVE = "accounts-name", "accounts-roles", "accounts-clinics", "accounts-save"
CHANGED = "accounts-changed"  # grows with each change made here
FILLED = "accounts-filled"  # what an answer puts into the form, and what stood there when it was asked for
TRAIL = "accounts-trail"
# The trail's filters: keys in the URL.
WHO, DID, ABOUT, FROM, TO = (ids.TRAIL_FILTERS[key] for key in ("actor", "action", "text", "first_day", "last_day"))
ANYBODY, ANYTHING = {"value": "", "label": "Anybody"}, {"value": "", "label": "Anything"}
TRAIL_PAGE, TRAIL_CHECK, TRAIL_CHECKED = "accounts-trail-page", "accounts-trail-check", "accounts-trail-checked"
EVERY_CLINIC = "Every clinic"
PAGE_ROWS = 50
OPEN = (
    "There are no accounts: whoever sits at this computer sees everything, and no other computer is answered. To ask "
    "everybody to sign in, add an owner on the command line: ketamine-outcomes user add NAME --role owner"
)
DEMO = "This is the demo, which has no accounts: choose a role at the top to see what it sees."


def layout() -> Component:
    """The page without data."""
    lead = "Who may sign in, what they see, and what was done."
    head = html.Div(
        [html.H1("Accounts", className="page-title"), html.P(lead, className="page-lead")], className="page-head"
    )
    cards = html.Div([_people_card(), _form_card(), _trail_card()], className="stack")
    return html.Div([head, cards, html.Span(id=CHANGED, hidden=True), dcc.Store(id=FILLED)], className="accounts-page")


def _card(card_id: str, title: str, parts: list[Any]) -> Component:
    heading = html.H2(title, id=card_id, className="card-question")
    return html.Section([heading, *parts], className="card card-wide", **{"aria-labelledby": card_id})


def _scrolls(component_id: str, name: str) -> Component:
    """A place for a table that may be wider than the page; reached by key so that it can be scrolled."""
    return html.Div(
        id=component_id, className="table-scroll wide-scroll", tabIndex=0, role="region", **{"aria-label": name}
    )


def _people_card() -> Component:
    said = html.Div(id=SAID, role="status")
    return _card("accounts-who", "Who may sign in?", [said, _scrolls(PEOPLE, "Accounts")])


def _form_card() -> Component:
    roles = [{"value": code, "label": f"{NAMES[code]}: {what}"} for code, what in ROLES.items()]
    fields = [
        # Told as the field is left, before a button is pressed: by a timer, whoever is quick saves without a name.
        dmc.TextInput(id=NAME, label="Name", size="xs", autoComplete="off", debounce=True),
        dmc.MultiSelect(id=PERSON_ROLES, label="Roles", data=roles, size="xs", hidePickedOptions=True),
        dmc.MultiSelect(id=CLINICS, label="Clinics", data=[EVERY_CLINIC], size="xs", hidePickedOptions=True),
        html.Button("Save", id=SAVE, type="button"),
    ]
    sentence = (
        "A new name gets a one-time password, shown once, to be changed at the first sign-in; "
        "the name of an account changes its roles and clinics."
    )
    return _card(
        "accounts-form",
        "Add or change a person",
        [html.P(sentence, className="card-sentence"), html.Div(fields, className="account-form")],
    )


def _trail_card() -> Component:
    controls = [
        dmc.Select(id=WHO, label="Who", data=[ANYBODY], allowDeselect=False, size="xs"),
        dmc.Select(id=DID, label="Did what", data=[ANYTHING], allowDeselect=False, size="xs"),
        filters.text(ABOUT["key"], "Subject or details", "Search"),
        filters.text(FROM["key"], "From day (UTC)", "2026-01-31"),
        filters.text(TO["key"], "To day (UTC)", "2026-01-31"),
        html.Button("Check the chain", id=TRAIL_CHECK, type="button", className="small-button"),
    ]  # fmt: skip
    return _card(
        "accounts-trail-title",
        "What was done?",
        [
            html.Div(controls, className="account-form"),
            html.Div(id=TRAIL_CHECKED, role="status"),
            _scrolls(TRAIL, "Audit trail"),
            dmc.Pagination(
                id=TRAIL_PAGE,
                total=1,
                value=1,
                size="sm",
                withControls=False,
                hideWithOnePage=True,
            ),
        ],
    )


def register(app: Dash) -> None:
    """People with their buttons, the form, and the trail."""

    # A list of choices that comes anew puts back what was chosen: none comes that says nothing new.
    @app.callback(
        Output(PEOPLE, "children"),
        Output(CLINICS, "data"),
        Output(WHO, "data"),
        Output(DID, "data"),
        Input(CHANGED, "title"),
        State(CLINICS, "data"),
        State(WHO, "data"),
        State(DID, "data"),
    )
    def show_people(_: str | None, *offered: Any) -> tuple[Any, ...]:
        here = state.access()
        if here.is_open():
            return message(DEMO if here.demo else OPEN), *(no_update,) * 3
        with data.store().connect_access() as connection:
            rows = queries.accounts(connection)
            actors, actions = queries.audit_values(connection)
        with data.store().connect() as connection:
            named = choices(connection, Scope(clinics=None))["clinic"]  # the clinics' names alone
        offers: list[list[Any]] = [
            [EVERY_CLINIC, *named],
            [ANYBODY, *({"value": name, "label": name} for name in actors if name)],
            [ANYTHING, *({"value": code, "label": tables.words_of(code)} for code in actions)],
        ]
        return tables.people(rows, _me()), *map(_unless, offers, offered)

    @app.callback(
        Output(SAID, "children"),
        Output(CHANGED, "title"),
        Output(FILLED, "data"),
        Input(SAVE, "n_clicks"),
        Input({"type": tables.ACTION, "name": ALL, "do": ALL}, "n_clicks"),
        State(NAME, "value"),
        State(PERSON_ROLES, "value"),
        State(CLINICS, "value"),
        State(CHANGED, "title"),
        prevent_initial_call=True,
    )
    def act(save: Any, clicks: Any, name: Any, roles: Any, clinics: Any, changed: Any) -> tuple[Any, ...]:
        if not ctx.triggered or not ctx.triggered[0]["value"]:  # buttons that have just been drawn
            return (no_update,) * 3
        what = ctx.triggered_id
        if isinstance(what, dict) and what.get("do") == administration.CHANGE:
            filled = {"now": _rights_of(str(what.get("name"))), "was": [name, roles, clinics]}
            return _said("Change roles and clinics below, then save."), no_update, filled
        try:
            if isinstance(what, dict):
                sentence, secret = administration.act(_me(), str(what.get("name")), str(what.get("do")))
            else:
                seen = None if EVERY_CLINIC in _texts(clinics) else frozenset(_texts(clinics))
                sentence, secret = administration.save(_me(), str(name or ""), frozenset(_texts(roles)), seen)
        except (StoreError, administration.Refused) as error:
            return message(f"{str(error)[:1].upper()}{str(error)[1:]}.", kind="error"), no_update, no_update
        grown = str(int(changed or 0) + 1) if str(changed or 0).isdigit() else "1"
        return _said(sentence, secret), grown, {"now": ["", [], []], "was": [name, roles, clinics]}

    # In the browser: what somebody has typed since the answer was asked for stays.
    app.clientside_callback(
        ClientsideFunction("access", "fill"),
        Output(NAME, "value"),
        Output(PERSON_ROLES, "value"),
        Output(CLINICS, "value"),
        Input(FILLED, "data"),
        State(NAME, "id"),
        State(PERSON_ROLES, "value"),
        State(CLINICS, "value"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output(TRAIL, "children"),
        Output(TRAIL_PAGE, "total"),
        Output(TRAIL_PAGE, "value"),
        Input(ids.URL, "search"),
        Input(TRAIL_PAGE, "value"),
        Input(CHANGED, "title"),
    )
    def show_trail(search: str | None, page: Any, _: Any) -> tuple[Any, Any, Any]:
        if not may_manage():
            return message("The audit trail begins with the first account."), 1, no_update
        # Other filters, other entries: from the first page on.
        number = page if ctx.triggered_id != ids.URL and isinstance(page, int) and 0 < page < 10**6 else 1
        wanted = trail_filters(search)
        if wanted is None:
            return message("Write a day as year-month-day, for example 2026-01-31."), 1, no_update
        with data.store().connect_access() as connection:
            entries, total = queries.audit_page(connection, **wanted, limit=PAGE_ROWS, offset=(number - 1) * PAGE_ROWS)
        return tables.trail(entries, total), -(-total // PAGE_ROWS) or 1, number

    @app.callback(Output(TRAIL_CHECKED, "children"), Input(TRAIL_CHECK, "n_clicks"), prevent_initial_call=True)
    def check_trail(clicks: int | None) -> Any:
        if not clicks or not may_manage():
            return no_update
        with data.store().connect_access() as connection:
            seal = audit_seal(connection)
            problems = broken(audit_entries(connection), seal)
        if problems:
            more = f" and {len(problems) - 1:,} more" if len(problems) > 1 else ""
            return message(f"The trail was tampered with: {problems[0]}{more}.", kind="error")
        count, last = seal or (0, "")
        return html.P(["All ", f"{count:,}", " entries hold. Seal: ", html.Code(last[:16])], className="card-note")


def trail_filters(search: str | None) -> dict[str, str] | None:
    """Which entries of the trail the URL asks for (`queries.audit_page`); None where a day of it is no day."""
    given = parse_qs((search or "").lstrip("?"))
    wanted = {name: given.get(str(control["key"]), [""])[0][:100] for name, control in ids.TRAIL_FILTERS.items()}
    days = {name: _day(wanted[name]) for name in ("first_day", "last_day")}
    read = {name: day for name, day in days.items() if day is not None}
    return wanted | read if len(read) == len(days) else None


def _day(given: str) -> str | None:
    """A day as the trail writes it; empty where none was given, None where it is no day."""
    text = given.strip()
    try:
        return datetime.date.fromisoformat(text).isoformat() if text else ""
    except ValueError:
        return None


def may_manage() -> bool:
    """Whether the person who asks is an owner who has signed in."""
    who = state.person()
    return who is not None and bool(who.account_id) and OWNER in who.roles


def _me() -> str:
    who = state.person()
    return who.name if who is not None and may_manage() else ""


def _rights_of(name: str) -> tuple[str, list[str], list[str]]:
    with data.store().connect_access() as connection:
        row = queries.account(connection, name) if may_manage() else None
    if row is None:
        return "", [], []
    clinics = unpack(row.clinics)
    return row.name, sorted(unpack(row.roles) or ()), [EVERY_CLINIC] if clinics is None else sorted(clinics)


def _unless(choices: list[Any], offered: Any) -> Any:
    """Choices that are not offered yet."""
    return no_update if choices == offered else choices


def _texts(values: Any) -> list[str]:
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def _said(sentence: str, secret: str | None = None) -> Component:
    parts: list[Any] = [html.P(sentence)]
    if secret:
        parts.append(html.P(["One-time password, shown this once: ", html.Code(secret)]))
        parts.append(html.P(f"It has to be changed at the first sign-in, to {passwords.SHORTEST} characters or more."))
    return html.Div(parts, className="account-said")


PAGE = Page(ids.ACCOUNTS, "Accounts", "accounts", layout, register)
