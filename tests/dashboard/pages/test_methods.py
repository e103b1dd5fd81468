"""The Methods page: each card leads to its method, which says all there is to say beside the study's rows."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from dashboard.pages.card import show
from dashboard.pages.methods import coverage
from dashboard.pages.methods.page import layout
from dashboard.questions import methods
from dashboard.questions.methods import METHODS
from dashboard.questions.view import Definition, View
from data_models.definitions.rules import DEFAULT_RULES

QUESTIONS = Path(methods.__file__).parent
# Cards of a single patient describe what was recorded; the numbers in them are of the methods named beside them.
OF_PATIENTS = {"item9", "between-sessions", "trajectory", "sessions"}


def _drawn(component: Any) -> str:
    return json.dumps(component.to_plotly_json(), default=lambda part: part.to_plotly_json())


def _named() -> set[str]:
    """The names of all cards that questions make."""
    found = set()
    for file in QUESTIONS.glob("*.py"):
        for name in re.findall(r'View\(\s*f?"([a-z0-9{}_-]+)"', file.read_text(encoding="utf-8")):
            found |= {name.replace("{part}", part) for part in ("onset", "durability", "duration")}
    return found


def test_every_card_of_cohorts_has_a_method_and_every_method_its_cards() -> None:
    known = {card for method in METHODS for card in method.cards}
    assert _named() - known - OF_PATIENTS == set()
    made_by_pages = {"completeness", "rates", "exports"}
    assert known - _named() - made_by_pages == set()


def test_a_card_stands_under_one_method() -> None:
    cards = [card for method in METHODS for card in method.cards]
    assert len(cards) == len(set(cards))
    assert len({method.key for method in METHODS}) == len(METHODS)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.key)
def test_a_method_says_all_there_is_to_say(method: methods.Method) -> None:
    for text in (method.title, method.means, method.estimator, method.source, method.assumes, method.checked):
        assert text.strip()
    assert f'"id": "method-{method.key}"' in _drawn(layout())


def test_the_definition_of_a_card_leads_to_its_method() -> None:
    card = show(View("onset", "How quickly?", "Half by day 3.", definition=Definition("Days.")), DEFAULT_RULES)
    assert '"href": "/methods#method-onset"' in _drawn(card)
    other = show(View("item9", "Item 9?", "None.", definition=Definition("Days.")), DEFAULT_RULES)
    assert "/methods" not in _drawn(other)


def test_words_of_statistics_stay_out_of_what_a_number_says() -> None:
    told = " ".join(method.means for method in METHODS)
    for word in ("Turnbull", "Aalen", "Kaplan", "jackknife", "likelihood", "sandwich", "censor"):
        assert word.lower() not in told.lower(), word


def test_the_study_stands_with_its_methods() -> None:
    found = coverage.study()
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", found.made)
    assert found.command.startswith("python tests/benchmarks/coverage.py")
    assert found.clinics >= 1
    homeless = {row.figure for row in found.rows} - {row.figure for method in METHODS for row in found.of(method)}
    assert homeless == set()
    for method in METHODS:
        if method.figures and method.key != "comparisons":
            assert found.of(method), method.key
