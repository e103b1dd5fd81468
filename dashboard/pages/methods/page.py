"""The Methods page: what each number means, how it is worked out, what it assumes, how often it was right."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, html
from dash.development.base_component import Component

from dashboard import ids
from dashboard.answers import data
from dashboard.pages import Page
from dashboard.pages.card import table_view
from dashboard.pages.methods.coverage import Study, study
from dashboard.questions.methods import METHODS, Method
from dashboard.words.numbers import percent
from data_models.definitions.rules import OutcomeRules

LEAD = (
    "What each number says of patients, how it is worked out, what it takes for granted, and how often it was right in "
    "clinics whose truth is known."
)


def layout() -> Component:
    """The page; only the values of the rules are asked for."""
    found = study()
    head = html.Div(
        [html.H1("Methods", className="page-title"), html.P(LEAD, className="page-lead")], className="page-head"
    )
    contents = html.Ul([html.Li(html.A(method.title, href=f"#method-{method.key}")) for method in METHODS])
    return html.Div(
        [
            head,
            html.Nav(contents, className="methods-contents", **{"aria-label": "Methods on this page"}),
            html.Section(
                [html.H2("How it was checked", className="section-title"), *_how(found)],
                className="section",
                id="checked",
            ),
            *(_method(method, found) for method in METHODS),
            html.Section(
                [html.H2("Rules and their values", className="section-title"), html.Div(id=ids.METHODS_RULES)],
                className="section",
                id="rules",
            ),
        ],
        className="methods",
    )


def _how(found: Study) -> list[Component]:
    """What was simulated, and when."""
    alarms = table_view(found.alarms(), "false-alarms", "False alarms")
    claims = f"{len(found.claims)} sentences of a null treatment claimed an effect." if found.claims else (
        "No sentence of a null treatment claimed an effect."
    )  # fmt: skip
    return [
        html.P(
            f"{found.clinics} clinics of {found.patients} patients each were simulated in each of several ways of "
            "working, with a course of illness that no estimator here assumes. Their records were imported as any "
            "clinic's are, and what the pages say was compared with what was true of the patients. An interval that "
            "keeps its promise holds the truth in 95 of 100 clinics."
        ),
        html.P(f"{_alarms(found)}{claims}"),
        html.Details([html.Summary("False alarms of each test"), alarms], className="behind"),
        html.P([f"Made {found.made} by ", html.Code(found.command), "."], className="fine"),
    ]


def _alarms(found: Study) -> str:
    """The least and the most false alarms of a test in one way of working."""
    shares = [share for _, _, share in found.false_alarms]
    if not shares:
        return ""
    return (
        "Groups drawn by lot do not differ: a test at 5% should say that they do in 5 of 100 clinics. It did in "
        f"{percent(min(shares))} to {percent(max(shares))} of them, by test and way of working. "
    )


def _method(method: Method, found: Study) -> Component:
    """One number, with its rows of the study."""
    told = (
        ("What it says", method.means),
        ("How it is worked out", method.estimator),
        ("What it takes for granted", method.assumes),
        ("Held against", method.checked),
        ("Source", f"{method.source[:1].upper()}{method.source[1:]}."),
    )
    terms = [part for name, text in told for part in (html.Dt(name), html.Dd(text))]
    parts: list[Component] = [html.H2(method.title, className="section-title"), html.Dl(terms, className="method")]
    if found.of(method):
        table = table_view(found.table(method), f"coverage-{method.key}", method.title)
        parts.append(html.Details([html.Summary("How often it was right"), table], className="behind"))
    return html.Section(parts, className="section", id=f"method-{method.key}")


def _rules(rules: OutcomeRules) -> Component:
    """Every rule with its value and meaning."""
    meanings = rules.meanings()
    rows = [
        html.Tr(
            [
                html.Td(html.Code(name)),
                html.Td(value if isinstance(value, str) else f"{value:g}"),
                html.Td(meanings[name]),
            ]
        )
        for name, value in rules.as_dict().items()
    ]
    head = html.Thead(html.Tr([html.Th("Rule"), html.Th("Value"), html.Th("Meaning")]))
    table = html.Table([head, html.Tbody(rows)], className="numbers")
    return html.Div(
        [html.P(f"Definitions version {rules.version}.", className="fine"), table],
        className="table-scroll",
        tabIndex=0,
        role="region",
        **{"aria-label": "Rules and their values"},
    )


def register(app: Dash) -> None:
    """The rules of this store, and the place that a link names."""

    @app.callback(Output(ids.METHODS_RULES, "children"), Input(ids.METHODS_RULES, "id"))
    def show_rules(_: str) -> Any:
        return _rules(data.rules())

    app.clientside_callback(
        ClientsideFunction("frame", "go_to"), Input(ids.METHODS_RULES, "children"), State(ids.URL, "hash")
    )


PAGE = Page(ids.METHODS, "Methods", "methods", layout, register)
