"""A card carries its question, sentence, definition and the same numbers as a table; empty states are said."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

from dash.development.base_component import Component

from dashboard.pages.card import card, message, skeleton
from dashboard.pages.deferred_cards import DeferredCards
from dashboard.pages.graph import CONFIG, graph
from dashboard.questions.view import Column, Definition, Table
from data_models.definitions.rules import DEFAULT_RULES


def words_of(component: Any) -> str:
    if isinstance(component, (list, tuple)):
        return " ".join(words_of(part) for part in component)
    if isinstance(component, Component):
        return words_of(getattr(component, "children", None))
    return "" if component is None else str(component)


def find(component: Any, **wanted: Any) -> Component | None:
    if isinstance(component, (list, tuple)):
        return next((hit for part in component if (hit := find(part, **wanted)) is not None), None)
    if not isinstance(component, Component):
        return None
    if all(getattr(component, key, None) == value for key, value in wanted.items()):
        return component
    return find(getattr(component, "children", None), **wanted)


def test_a_card_prints_rule_names_values_version_n_and_source() -> None:
    made = card(
        "x", "How long?", "Half hold 9 days.", {"data": [], "layout": {}},
        definition=Definition("Days.", ("loss_rule", "response_improvement"), n="12 courses.", source="Greenwood 1926"),
        rules=DEFAULT_RULES,
    )  # fmt: skip
    rules = next(json.loads(getattr(one, "data-rules")) for one in made._traverse() if hasattr(one, "data-rules"))
    assert [row[:2] for row in rules] == [["loss_rule", "both"], ["response_improvement", "0.5"]]
    assert all(meaning for *_, meaning in rules)
    text = words_of(made)
    for part in (
        "Definitions version 2.",
        "12 courses.",
        "Greenwood 1926",
    ):
        assert part in text


def test_the_chart_has_a_text_alternative_and_its_section_a_name() -> None:
    made = card("x", "How long?", "Half hold 9 days.", {"data": [], "layout": {}})
    drawing = find(made, role="img")
    assert drawing is not None
    assert getattr(drawing, "aria-label") == "How long? Half hold 9 days."
    assert getattr(made, "aria-labelledby") == "x-question"
    assert find(made, id="x-question") is not None


def test_the_table_holds_full_values_and_missing_ones_as_missing() -> None:
    columns = (Column("day", "Day"), Column("share", "Share", "share"), Column("asked", "Asked", "count"))
    table = Table(columns, [{"day": 1, "share": 1 / 3, "asked": None}, {"day": 2, "share": float("nan")}])
    made = card("x", "How long?", ".", table=table)
    place = find(made, id="x-table")
    assert place is not None
    content = json.loads(getattr(place, "data-table"))
    # A count that is there and None is hidden; one that does not apply to a row is missing.
    assert content["rows"] == [[1, 0.333333, "<11"], [2, None, None]]
    assert content["columns"] == [["day", "Day"], ["share", "Share"], ["asked", "Asked"]]


def test_no_chart_may_send_its_data_anywhere() -> None:
    assert CONFIG["showSendToCloud"] is False
    assert CONFIG["plotlyServerURL"] == ""
    made = graph({"data": [], "layout": {"height": 200}}, "alt")
    assert made.children.config["showSendToCloud"] is False


def test_waiting_is_said_to_screen_readers() -> None:
    assert getattr(skeleton("x", "How long?"), "aria-busy") == "true"


def test_a_card_that_takes_long_says_on_what_and_the_next_one_does_not() -> None:
    made = DeferredCards("fade", ("How?", "When?"), 300, lambda cohort: [], doing="The fade is being worked out.")
    first, second = (str(bones) for bones in made.place().children)
    assert "The fade is being worked out." in first
    assert "worked out" not in second
    assert "How?" in first
    assert "When?" in second


def test_an_error_is_an_alert_and_an_empty_state_is_not() -> None:
    assert message("It failed.", kind="error").role == "alert"
    assert getattr(message("Nothing here."), "role", None) is None


def test_every_card_says_what_its_numbers_were_counted_on(project_root: Path) -> None:
    """The definition of each card has its n; rules, version and source follow from its arguments."""
    calls = [
        (file.name, call.lineno, {word.arg for word in call.keywords})
        for folder in ("pages", "questions")
        for file in (project_root / "dashboard" / folder).rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Definition"
    ]
    assert len(calls) > 15
    assert not [(name, line) for name, line, given in calls if "n" not in given]


def test_a_definition_without_a_paper_says_whose_it_is() -> None:
    said = str(card("c", "What?", "That.", definition=Definition("So.", n="3 courses."), rules=DEFAULT_RULES))
    assert "3 courses." in said
    assert "a definition of this dashboard's own" in said
