"""Answers written in one pass say what those say that Dash writes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pytest
from dash import Dash, Input, Output, dcc, html, no_update
from dash._utils import to_json

from dashboard import app as app_module
from dashboard.answers.serialising import written
from dashboard.app import create_app
from dashboard.settings import Settings
from data_models.store import Store

COMPONENTS = [
    html.Div("a", id={"type": "x", "at": 1}, **{"data-mark": "1", "aria-label": "</script>"}),
    [html.P(["b", html.B(["c", None, 1.5])]), "text", None],
    dcc.Graph(figure={"data": [{"x": np.arange(3), "y": [1.0, math.nan, math.inf]}], "layout": {1: "a"}}),
    html.Div([html.Div(className="", hidden=False) for _ in range(3)], style={"width": 3}),
]


@pytest.mark.parametrize("value", COMPONENTS)
def test_components_are_written_as_dash_writes_them(value: Any) -> None:
    fragment = written(value)
    assert isinstance(fragment, orjson.Fragment)
    ours, dashs = to_json({"response": fragment}), to_json({"response": value})
    assert orjson.loads(ours) == orjson.loads(dashs)
    assert "<" not in ours


@pytest.mark.parametrize("value", [None, "a", 1, [1, 2], {"a": html.Div()}, no_update, ["a", "b"]])
def test_anything_else_is_left_to_dash(value: Any) -> None:
    assert written(value) is value


def test_what_orjson_cannot_write_is_left_to_dash() -> None:
    value = html.Div(title=pd.Series([1, 2]))
    assert written(value) is value


def test_callbacks_of_one_and_of_several_outputs_answer_alike() -> None:
    answers = []
    for quick in (False, True):
        app = Dash("test", use_async=False, suppress_callback_exceptions=True)
        if quick:
            app_module.serialise_in_one_pass(app)
        app.layout = html.Div()

        @app.callback(Output("a", "children"), Input("i", "value"))
        def one(value: str) -> Any:
            return [html.P(value), "x"]

        @app.callback([Output("b", "children"), Output("c", "value"), Output("d", "children")], Input("i", "value"))
        def several(value: str) -> Any:
            return html.P(value), 7, no_update

        client, found = app.server.test_client(), []
        for output, outputs in (
            ("a.children", {"id": "a", "property": "children"}),
            ("..b.children...c.value...d.children..", [{"id": i, "property": p} for i, p in
             (("b", "children"), ("c", "value"), ("d", "children"))]),
        ):  # fmt: skip
            body = {
                "output": output, "outputs": outputs, "inputs": [{"id": "i", "property": "value", "value": "v"}],
                "state": [], "changedPropIds": ["i.value"],
            }  # fmt: skip
            found.append(client.post("/_dash-update-component", json=body).get_json())
        answers.append(found)
    assert answers[0] == answers[1]
    assert answers[0][1]["response"]["c"] == {"value": 7}


def test_the_pages_answer_as_before(sample_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at = {"id": "url", "property": "pathname"}, {"id": "url", "property": "search"}
    store = Store.open(sample_database)
    code = str(store.outcomes_frame()["patient_code"].iloc[0])
    calls = []
    for output, path, extra in (
        ("patient-body.children", f"/patient/{code}", None),
        ("cohort-body.children", "/", {"id": "cohort-cue", "property": "data-cohort", "value": None}),
    ):
        pathname, search = {**at[0], "value": path}, {**at[1], "value": "?instrument=phq9"}
        calls.append(
            {
                "output": output,
                "outputs": {"id": output.partition(".")[0], "property": "children"},
                "inputs": [pathname, search] if extra is None else [search],
                "state": [] if extra is None else [pathname, extra],
                "changedPropIds": [],
            }
        )
    answers = []
    for _ in range(2):
        client = create_app(Settings(database=sample_database), store).server.test_client()
        answers.append([client.post("/_dash-update-component", json=call).get_json() for call in calls])
        monkeypatch.setattr(app_module, "serialise_in_one_pass", lambda app: None)
    store.close()
    assert answers[0] == answers[1]
    assert all(len(str(answer)) > 10_000 for answer in answers[0])
