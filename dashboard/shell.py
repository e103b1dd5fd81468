"""The frame of every page: header, navigation, the place of the page, footer; and which page a URL shows."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import dash_mantine_components as dmc
from dash import ALL, ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from flask import has_request_context, request

from dashboard import ids
from dashboard.access import roles, state
from dashboard.answers import data
from dashboard.pages import Page
from dashboard.pages.card import message
from data_models.definitions.filters import CohortFilter
from data_models.questions.filter_choices import present_values

PRODUCT = "Ketamine outcomes"
SYNTHETIC = "Synthetic sample data"
ALL_ROLES = "all"
CLINICS_NAMED = 2  # more than these are counted
FOOTER = "Supports review by clinicians; it does not diagnose or recommend treatment."


def shown(pages: tuple[Page, ...]) -> tuple[Page, ...]:
    """The pages that the person who asks may see."""
    return tuple(page for page in pages if roles.may_see(state.person(), page.path))


def asked_for(pages: tuple[Page, ...]) -> Page | None:
    """The page whose address the browser says it shows while it asks for the frame; None where it does not say.

    Then the page's empty shell comes with the frame, a round trip earlier.
    """
    if not has_request_context() or not request.referrer:
        return None
    address = urlsplit(request.referrer)
    page = page_of(pages, address.path) if address.netloc == request.host else None
    return page if page is not None and roles.may_see(state.person(), page.path) else None


def layout(pages: tuple[Page, ...], here: Page | None = None) -> Component:
    """The frame, with the empty shell of the page `here`, without any data."""
    shell, path = (here.layout(), here.path) if here is not None else (None, "")
    main = html.Main(
        [
            html.Div(id=ids.UNANSWERED, role="alert"),  # written by the browser: `assets/answers.js`
            html.Div(id=ids.NOTICE, role="status"),
            html.Div(shell, id=ids.PAGE, className="page", **{"data-page": path}),
        ],
        id="main",
        tabIndex=-1,
    )
    return html.Div(
        [
            dcc.Location(id=ids.URL, refresh="callback-nav"),
            html.A("Skip to the content", href="#main", className="skip-link"),
            _header(),
            html.Div([_navigation(pages), main], className="frame"),
            html.Footer(FOOTER, className="footer"),
        ]
    )


def _header() -> Component:
    return html.Header(
        [
            html.Span([html.Span(className="mark", **{"aria-hidden": "true"}), html.Span(PRODUCT)], className="brand"),
            html.Span(id=ids.DATA_SET, className="data-set"),
            html.Span(className="spacer"),
            html.Span(id=ids.WHO, className="who"),
            html.Button(
                html.Span(className="icon icon-print", **{"aria-hidden": "true"}),
                className="icon-button",
                type="button",
                title="Print this page",
                **{"data-action": "print", "aria-label": "Print this page"},
            ),
            html.Button(
                html.Span(className="icon icon-scheme", **{"aria-hidden": "true"}),
                className="icon-button",
                type="button",
                title="Switch between light and dark",
                **{"data-action": "scheme", "aria-label": "Switch between light and dark"},
            ),
        ],
        className="header",
    )


def _navigation(pages: tuple[Page, ...]) -> Component:
    links = [
        dcc.Link(
            [html.Span(className=f"icon icon-{page.icon}"), html.Span(page.title)],
            href=page.path,
            id={"type": ids.NAVIGATION, "page": page.path},
            className="nav-link",
        )
        for page in pages
        if page.icon
    ]
    return html.Nav(links, className="navigation", **{"aria-label": "Pages"})


def who_is_it() -> Any:
    """The person in the header: the demo's choice of a role; a name and the way out; nothing on one's own computer."""
    person = state.person()
    if person is None or person.account_id == 0:
        return _role_choice() if state.access().demo else None
    return [
        html.Span(person.name, className="who-name"),
        html.A("Sign out", href="/sign-out"),
    ]


def _role_choice() -> Component:
    person = state.person()
    held = next(iter(person.roles)) if person is not None and len(person.roles) == 1 else ALL_ROLES
    return dmc.Select(
        id=ids.DEMO_ROLE,
        data=[{"value": ALL_ROLES, "label": "Every role"}]
        + [{"value": role, "label": f"As {name.lower()}"} for role, name in roles.NAMES.items()],
        value=held,
        allowDeselect=False,
        size="xs",
        w=148,
        **{"aria-label": "See the demo as"},
    )


def clinics_named() -> str:
    """The clinics whose records the person sees: by name where they are few, else how many."""
    own = data.scope().clinics
    names = sorted(own) if own is not None else data.ask(present_values, CohortFilter(), "clinic")
    return ", ".join(names) if len(names) <= CLINICS_NAMED else f"{len(names)} clinics"


def page_of(pages: tuple[Page, ...], pathname: str | None) -> Page | None:
    """The page that a URL's path shows."""
    return next((page for page in pages if page.holds(pathname or "/")), None)


def path_of(pages: tuple[Page, ...], pathname: str) -> str | None:
    """That page's own path, by which roles know it."""
    page = page_of(pages, pathname)
    return None if page is None else page.path


def register(app: Dash, pages: tuple[Page, ...]) -> None:
    """Callbacks of the frame: which page, the data set's name, links that keep the filters, the title."""

    @app.callback(
        Output(ids.PAGE, "children"),
        Output(ids.PAGE, "data-page"),
        Output(ids.NOTICE, "children"),
        Input(ids.URL, "pathname"),
        State(ids.PAGE, "data-page"),
    )
    def show_page(pathname: str | None, shown: str) -> tuple[Any, Any, Any]:
        page = page_of(pages, pathname)
        if page is None:
            text = "There is no page at this address. Choose one from the navigation."
            head = html.H1("Page not found", className="page-title page-head")
            return [head, message(text)], "none", None
        if page.path == shown:  # another patient on the same page: its own callbacks fill it
            return no_update, no_update, None
        if not roles.may_see(state.person(), page.path):
            return message("Your account does not show this page.", title="Not allowed"), "none", None
        return page.layout(), page.path, None

    @app.callback(Output(ids.WHO, "children"), Input(ids.WHO, "id"))
    def name_person(_: str) -> Any:
        return who_is_it()

    app.clientside_callback(
        ClientsideFunction("access", "look_as"), Input(ids.DEMO_ROLE, "value"), prevent_initial_call=True
    )

    @app.callback(Output(ids.DATA_SET, "children"), Input(ids.DATA_SET, "id"))
    def name_data_set(_: str) -> Any:
        store, clinics = data.store(), clinics_named()
        name = store.name()
        shown: list[Any] = [html.Span(clinics, className="clinic")] if clinics else []
        if store.synthetic():
            shown.append(html.Span(SYNTHETIC, className="badge"))
        if name and name != SYNTHETIC:
            shown.append(html.Span(name, className="data-name"))
        return shown

    app.clientside_callback(
        ClientsideFunction("frame", "navigate"),
        Output({"type": ids.NAVIGATION, "page": ALL}, "href"),
        Output({"type": ids.NAVIGATION, "page": ALL}, "className"),
        Input(ids.URL, "pathname"),
        Input(ids.URL, "search"),
        State({"type": ids.NAVIGATION, "page": ALL}, "id"),
    )
