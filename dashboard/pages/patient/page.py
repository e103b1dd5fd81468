"""The Patient page: one patient's trajectory, in words and in context."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, html
from dash.development.base_component import Component

from dashboard import ids
from dashboard.answers import cache, data
from dashboard.pages import Page, failure
from dashboard.pages.card import message, place, skeleton
from dashboard.pages.patient import cards, components, report
from dashboard.pages.patient.query import PatientView, code_of
from dashboard.pages.patients.query import ListQuery
from dashboard.questions.patient import QUESTION
from dashboard.questions.similar_courses import HEIGHT as SIMILAR_COURSES_HEIGHT
from data_models.definitions.filters import CohortFilter
from data_models.outcomes.scores import state_today
from data_models.questions.patient import PatientHistory, patient
from data_models.questions.similar_courses import similar_courses
from data_models.questions.worklist import in_order, neighbours

BODY = "patient-body"
DETAILS = "patient-details"
CONTEXT = "patient-context"
DRAWN = "data-drawn"  # of the details' place: set when the chart above stands
PAGER = "patient-pager"
BETWEEN = "What did each session do?"
COMPARED = "How does this course compare?"
PREVIOUS = "patient-previous"
NEXT = "patient-next"


def layout() -> Component:
    """The page without data."""
    waiting = html.Div([skeleton("trajectory", QUESTION, 560, wide=True)], className="cards")
    return html.Div(
        [
            html.Nav(id=PAGER, className="patient-pager", **{"aria-label": "Patients of the list"}),
            html.Div(waiting, id=BODY, className="page-body"),
            report.place(),
        ],
        className="patient-page",
    )


def register(app: Dash) -> None:
    """Four answers, the trajectory first: it holds the places of the details and of the band of similar courses."""

    report.register(app)

    @cache.callback(
        app,
        Output(BODY, "children"),
        Input(ids.URL, "pathname"),
        Input(ids.URL, "search"),
        on_error=failure.instead_of_page("Patient"),
    )
    def show_patient(pathname: str | None, search: str | None) -> Any:
        found = find(pathname)
        return unknown() if found is None else page(found, search)

    app.clientside_callback(ClientsideFunction("frame", "drawn"), Output(DETAILS, DRAWN), Input(DETAILS, "id"))

    # Places come anew with every patient, so one patient's sessions never stand below another's course.
    @cache.callback(
        app,
        Output(DETAILS, "children"),
        Input(DETAILS, DRAWN),
        State(ids.URL, "pathname"),
        State(ids.URL, "search"),
        prevent_initial_call=True,
        on_error=failure.instead_of(BETWEEN, wide=True),
    )
    def show_details(_: Any, pathname: str | None, search: str | None) -> Any:
        found = find(pathname)
        return None if found is None else details(found, search)

    @cache.callback(
        app,
        Output(CONTEXT, "children"),
        Input(DETAILS, DRAWN),
        State(ids.URL, "pathname"),
        State(ids.URL, "search"),
        prevent_initial_call=True,
        on_error=failure.instead_of(COMPARED, wide=True),
    )
    def show_context(_: Any, pathname: str | None, search: str | None) -> Any:
        found = find(pathname)
        return None if found is None else in_context(found, search)

    @cache.callback(app, Output(PAGER, "children"), Input(ids.URL, "pathname"), Input(ids.URL, "search"))
    def show_pager(pathname: str | None, search: str | None) -> Any:
        return pager(code_of(pathname), search)


def find(pathname: str | None) -> PatientHistory | None:
    """The records of the patient that the path names, where the asker may see them."""
    code = code_of(pathname)
    return data.ask(patient, code) if code else None


def unknown() -> Component:
    """No such patient, or none that the asker may see: the same words, so that nothing is given away."""
    said = "There is no patient with this code among those you may see. Check the code, or choose one from Patients."
    return html.Div([html.H1("Patient not found", className="page-title"), message(said)])


def page(found: PatientHistory, search: str | None) -> list[Component]:
    """Facts, view bar and cards of one patient."""
    view, rules = PatientView.of(found, search), data.rules()
    outcome = found.outcome_of(view.course, view.instrument)
    state = "not_measured" if outcome is None else state_today(outcome.state, found.sessions_since(outcome))
    head = html.Div(
        [
            html.H1(found.patient_code, className="page-title"),
            components.state_badge(state),
            html.Span(className="spacer"),
            report.button(),
        ],
        className="patient-head",
    )
    shown = [
        cards.trajectory_card(found, view, rules),
        place(DETAILS, skeleton("between", BETWEEN, 260, wide=True)),
        place(CONTEXT, skeleton("context", COMPARED, SIMILAR_COURSES_HEIGHT, wide=True)),
    ]
    bars = [components.facts(found, view), components.view_bar(found, view), *components.other_scale(search, view)]
    return [head, *bars, html.Div(shown, className="cards")]


def details(found: PatientHistory, search: str | None) -> list[Component]:
    """Item 9, which interval held, and what each session did."""
    view, rules = PatientView.of(found, search), data.rules()
    of_scale = (cards.item9_card, cards.intervals_card, cards.between_card)
    made = (card(found, view, rules) for card in of_scale)
    return [card for card in made if card is not None]


def in_context(found: PatientHistory, search: str | None) -> Component:
    """The card that compares the course with those of the same scale, route and phase."""
    view = PatientView.of(found, search)
    sessions = found.sessions_of(view.course)
    # Of the course and not of its outcome: without a score of the scale it has none.
    route = sessions[-1].course_route if sessions else None
    phase = sessions[-1].phase if sessions else None
    band = data.ask(similar_courses, view.instrument, route, phase=phase, alignment=view.align)
    return cards.similar_courses_card(found, view, data.rules(), band)


def pager(code: str | None, search: str | None) -> list[Component]:
    """Back to the list; previous and next patient of it."""
    cohort, wanted = CohortFilter.from_query(search or ""), ListQuery.from_query(search)
    query = wanted.to_query(cohort)
    before = after = None
    if code:
        order = data.ask(in_order, cohort, **wanted.arguments())
        before, after = data.ask(neighbours, cohort, code, order=order)
    return [
        html.A("← Patients", href=ids.PATIENTS + query, className="back", **{"data-stay": "page"}),
        html.Span(
            [
                _turn(PREVIOUS, "Previous", "k", before, query),
                _turn(NEXT, "Next", "j", after, query),
            ],
            className="pager",
        ),
    ]


def _turn(link_id: str, text: str, key: str, code: str | None, query: str) -> Component:
    if code is None:
        return html.Span(text, id=link_id, className="off", **{"aria-disabled": "true"})
    parts_of = [text, html.Kbd(key, **{"aria-hidden": "true"})]
    about = {"data-stay": "page", "aria-label": f"{text} patient of the list, {code}", "aria-keyshortcuts": key}
    return html.A(parts_of, id=link_id, href=ids.PATIENT + code + query, **about)


PAGE = Page(ids.PATIENT, "Patient", "", layout, register)
