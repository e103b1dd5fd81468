"""The Side effects page in a browser: questions, charts, numbers, breakdowns by URL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from dashboard.questions import resolution as resolution_shown
from dashboard.questions import side_effects as effects_shown
from dashboard.questions import vitals as vitals_shown
from data_models.definitions.filters import CohortFilter
from data_models.definitions.scope import Scope
from data_models.questions.resolution import resolution
from data_models.questions.summary import summarise
from data_models.store import Store

QUESTIONS = [
    "How often do side effects occur?",
    "When do they occur?",
    "How soon are they over?",
    "How bad are they?",
    "What do blood pressure and heart rate do?",
    "How often does pressure pass a threshold?",
    "Which side effects, by route?",
]


def card(page: Page, question: str) -> Any:
    return page.locator("section.card").filter(has=page.get_by_role("heading", name=question, exact=True))


@pytest.mark.parametrize("width", [1440, 390])
def test_every_question_is_answered_with_a_chart(page_of: Callable[..., Page], width: int) -> None:
    page = page_of("/side-effects")
    page.set_viewport_size({"width": width, "height": 1000})
    for question in QUESTIONS:
        chart = card(page, question).locator(".main-svg").first
        chart.wait_for()
        box = chart.bounding_box()
        assert box is not None
        assert box["width"] > 200
        assert box["height"] > 150


def test_the_sentences_are_those_of_the_summary(new_page: Callable[..., Page], sample_database: str) -> None:
    store, cohort = Store.open(sample_database), CohortFilter(route=("iv",))
    with store.connect() as connection:
        summary = summarise(connection, Scope.everything(), cohort, store.rules())
        resolved = resolution(connection, Scope.everything(), cohort)
    store.close()
    page = new_page("/side-effects?route=iv")
    expect(card(page, QUESTIONS[0])).to_contain_text(effects_shown.words(summary.side_effects))
    expect(card(page, QUESTIONS[2])).to_contain_text(resolution_shown.words(resolved.all))
    expect(card(page, QUESTIONS[4])).to_contain_text(vitals_shown.words(summary.vitals))


def test_the_seven_of_the_source_have_a_row(page_of: Callable[..., Page]) -> None:
    page = page_of("/side-effects")
    box = card(page, QUESTIONS[0])
    box.get_by_text("As table").click()
    for name in (
        "Heart rate increased",
        "Blood pressure increased",
        "Headache",
        "Disorientation",
        "Balance disorder (imbalance)",
    ):
        expect(box.get_by_role("cell", name=name).first).to_be_visible()


def test_the_breakdown_is_chosen_and_stands_in_the_url(new_page: Callable[..., Page]) -> None:
    page = new_page("/side-effects")
    card(page, QUESTIONS[6]).locator(".main-svg").first.wait_for()
    page.get_by_label("With what", exact=True).first.click()
    page.get_by_role("option", name="Dose").click()
    page.wait_for_url("**/side-effects?side-by=dose_band")
    card(page, "Which side effects, by dose?").locator(".main-svg").first.wait_for()
    page.reload()
    card(page, "Which side effects, by dose?").locator(".main-svg").first.wait_for()


def test_severity_is_said_in_words_and_colour(page_of: Callable[..., Page]) -> None:
    box = card(page_of("/side-effects"), QUESTIONS[3])
    for grade in ("Mild", "Moderate", "Severe"):
        expect(box.locator(".key li", has_text=grade)).to_be_attached()


def test_what_does_nothing_here_is_not_offered_but_kept_for_outcomes(new_page: Callable[..., Page]) -> None:
    page = new_page("/side-effects?route=iv&sex=female&min_hours_since_session=72&instrument=gad7")
    expect(page.get_by_role("button", name="Remove filter")).to_have_count(2)
    expect(page.get_by_label("Scale", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Clear all").click()
    expect(page.locator(".chip")).to_have_count(0)
    page.get_by_role("link", name="Outcomes").first.click()
    expect(page.get_by_role("button", name="Remove filter Scores since a session: 3 days or later")).to_be_visible()
    expect(page.get_by_label("Scale", exact=True).first).to_have_value("GAD-7")
    expect(page.locator(".filters-reach")).to_contain_text("Hours since the session limit")
