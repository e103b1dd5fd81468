"""The Outcomes page in a browser: its numbers are the summary's; filters, URL, tables and files agree."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from dashboard.questions import durability, funnel, onset
from dashboard.words import numbers
from dashboard.words.shares import share_interval
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import DEFAULT_RULES
from data_models.definitions.scope import Scope
from data_models.questions.comparison import groups
from data_models.questions.summary import summarise
from data_models.store import Store

CHART = ".js-plotly-plot .main-svg"


@pytest.fixture(scope="module")
def summary_of(sample_database: str) -> Any:
    store = Store.open(sample_database)

    def ask(query: str = "", by: str = "") -> Any:
        cohort = CohortFilter.from_query(query)
        with store.connect() as connection:
            found = {None: cohort} if not by else groups(connection, Scope.everything(), cohort, by)
            parts = {key: summarise(connection, Scope.everything(), part, store.rules()) for key, part in found.items()}
            return parts if by else parts[None]

    yield ask
    store.close()


def card(page: Page, question: str) -> Any:
    return page.locator("section.card").filter(has=page.get_by_role("heading", name=question, exact=True))


def test_sentences_and_headlines_equal_the_summary(page_of: Callable[..., Page], summary_of: Any) -> None:
    answer = summary_of()
    page = page_of("/")
    expect(card(page, "How quickly do effects start?")).to_contain_text(onset.words(answer.onset.curve))
    expect(card(page, "How long do they last?")).to_contain_text(durability.words(answer.durability.lost))
    expect(card(page, "On whom do these figures rest?")).to_contain_text(funnel.words(answer.funnel))
    response = answer.rates.response.end_of_induction
    tile = page.locator(".headline").filter(has_text="Response at end of induction")
    for text in (
        numbers.percent(response.share),
        f"{response.events:.0f} of {response.n:.0f}",
        share_interval(response),
    ):
        expect(tile).to_contain_text(text)


def test_every_question_has_a_chart_with_a_text_alternative(page_of: Callable[..., Page]) -> None:
    page = page_of("/")
    questions = [
        "How quickly do effects start?",
        "After how many sessions?",
        "How long do they last?",
        "Lost, or treated again first?",
        "How does the effect fade between sessions?",
        "How many of the first 90 days are spent in response?",
        "Where do all who started stand, as far as it was seen?",
        "Who improved?",
        "At what cost?",
    ]
    for question in questions:
        chart = card(page, question).locator(".chart")
        chart.locator(".main-svg").first.wait_for()
        assert len(chart.get_attribute("aria-label") or "") > len(question) + 20


def test_table_and_file_hold_the_curves_numbers(page_of: Callable[..., Page], summary_of: Any, tmp_path: Path) -> None:
    page = page_of("/")
    box = card(page, "How long do they last?")
    box.get_by_text("As table").click()
    curve = durability.table(summary_of().durability).rows
    expect(box.locator(".numbers tbody tr")).to_have_count(len(curve))
    with page.expect_download() as waiting:
        box.get_by_role("button", name="Download").click()
    assert waiting.value.suggested_filename == "durability.csv"
    waiting.value.save_as(tmp_path / "d.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "d.csv").read_text(encoding="utf-8-sig"))))
    assert [float(row["days"]) for row in rows] == pytest.approx([row["days"] for row in curve], abs=1e-6)
    for key in ("in_response", "low", "high"):
        assert [float(row[key]) for row in rows] == pytest.approx([row[key] for row in curve], abs=1e-6)


def test_a_definition_names_its_rules_with_their_values(page_of: Callable[..., Page]) -> None:
    box = card(page_of("/"), "How long do they last?")
    box.get_by_text("Definition", exact=True).click()
    expect(box.get_by_role("row", name="durability_entry_within_days")).to_contain_text("7")


def test_a_file_runs_no_formula(new_page: Callable[..., Page], tmp_path: Path) -> None:
    page = new_page("/")
    box = card(page, "How long do they last?")
    box.get_by_text("As table").wait_for()
    page.evaluate(
        """document.getElementById("durability-table").dataset.table = JSON.stringify(
            {columns: [["a", "A"], ["b", "B"]], digits: 1,
             rows: [["=1+1", -5], ["@x", 2], ["+3", 1], ["-4", 1], ['plain, "x"', null]]})"""
    )
    with page.expect_download() as waiting:
        box.get_by_role("button", name="Download").click()
    waiting.value.save_as(tmp_path / "d.csv")
    rows = list(csv.reader(io.StringIO((tmp_path / "d.csv").read_text(encoding="utf-8-sig"))))
    assert rows[1:] == [["'=1+1", "-5"], ["'@x", "2"], ["'+3", "1"], ["'-4", "1"], ['plain, "x"', ""]]


def test_an_open_table_follows_the_filters(new_page: Callable[..., Page], summary_of: Any) -> None:
    page = new_page("/")
    box = card(page, "On whom do these figures rest?")
    box.get_by_text("As table").click()

    def treated(query: str = "") -> str:
        """Courses that are not going on, as the strip and the table have them."""
        steps = funnel.steps(summary_of(query).funnel, CohortFilter.from_query(query), DEFAULT_RULES)
        return f"{steps[0].courses:,}"

    expect(box.locator(".numbers tbody tr").first).to_contain_text(treated())
    choose(page, "Route", "IM")
    expect(box.locator("dd").first).to_contain_text(treated("route=im"))
    if box.locator(".numbers tbody tr").count():
        expect(box.locator(".numbers tbody tr").first).to_contain_text(treated("route=im"))


def settled(page: Page) -> Page:
    """Wait until every card has come: one that comes moves what stands below it."""
    page.locator(CHART).first.wait_for()
    expect(page.locator(".bone")).to_have_count(0)
    return page


def choose(page: Page, name: str, option: str) -> None:
    page.get_by_role("combobox", name=name).or_(page.get_by_label(name, exact=True)).first.click()
    page.get_by_role("option", name=option, exact=True).click()
    page.keyboard.press("Escape")


def test_filters_go_to_the_url_and_a_copied_link_restores_them(new_page: Callable[..., Page], summary_of: Any) -> None:
    page = settled(new_page("/"))
    choose(page, "Route", "IV")
    page.wait_for_url("**/?route=iv")
    expect(page.get_by_role("button", name="Remove filter Route: IV")).to_be_visible()
    want = funnel.words(summary_of("route=iv").funnel)
    expect(card(page, "On whom do these figures rest?")).to_contain_text(want)
    copied = new_page(page.url.split("/", 3)[3].join(["/", ""]))
    expect(card(copied, "On whom do these figures rest?")).to_contain_text(want)
    expect(copied.get_by_role("button", name="Remove filter Route: IV")).to_be_visible()


def test_back_and_forward_move_the_filters(new_page: Callable[..., Page], summary_of: Any) -> None:
    page = new_page("/")
    box = card(page, "On whom do these figures rest?")
    everyone, some = funnel.words(summary_of().funnel), funnel.words(summary_of("route=iv").funnel)
    expect(box).to_contain_text(everyone)
    choose(page, "Route", "IV")
    expect(box).to_contain_text(some)
    page.go_back()
    expect(box).to_contain_text(everyone)
    expect(page.locator(".chip")).to_have_count(0)
    page.go_forward()
    expect(box).to_contain_text(some)
    expect(page.get_by_role("button", name="Remove filter Route: IV")).to_be_visible()


def test_chips_take_filters_off(new_page: Callable[..., Page]) -> None:
    page = new_page("/?route=iv,im&sex=female")
    expect(page.get_by_role("button", name="Remove filter")).to_have_count(3)
    page.get_by_role("button", name="Remove filter Route: IM").click()
    page.wait_for_url("**/?route=iv&sex=female")
    page.get_by_role("button", name="Clear all").click()
    expect(page.locator(".chip")).to_have_count(0)
    assert "route" not in page.url


def test_the_scale_switches(new_page: Callable[..., Page], summary_of: Any) -> None:
    page = settled(new_page("/"))
    page.get_by_label("Scale", exact=True).first.click()
    page.get_by_role("option", name="GAD-7").click()
    page.wait_for_url("**/?instrument=gad7")
    expect(card(page, "How quickly do effects start?")).to_contain_text(
        onset.words(summary_of("instrument=gad7").onset.curve)
    )


def test_routes_are_compared_with_their_n(new_page: Callable[..., Page], summary_of: Any) -> None:
    page = new_page("/?by=route")
    parts = summary_of(by="route")
    box = card(page, "How quickly, by route?")
    box.locator(CHART).first.wait_for()
    expect(box).to_contain_text(f"n {parts['iv'].onset.curve.n:.0f}")
    expect(box).to_contain_text("The groups are not made alike here.")
    expect(page.get_by_label("Compare by").first).to_have_value("Route")


def test_comparing_is_chosen_and_stands_in_the_url(new_page: Callable[..., Page]) -> None:
    page = settled(new_page("/?route=iv"))
    page.get_by_label("Compare by").first.click()
    page.get_by_role("option", name="Diagnosis").click()
    page.wait_for_url("**/?route=iv&by=diagnosis")
    card(page, "How long, by diagnosis?").locator(CHART).first.wait_for()


def test_the_first_chart_takes_two_round_trips(new_page: Callable[..., Page]) -> None:
    page = new_page("/nowhere")
    page.get_by_text("There is no page").wait_for()
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.post_data or "") if "_dash-update-component" in r.url else None)
    page.get_by_role("link", name="Outcomes").click()
    page.locator(CHART).first.wait_for()
    first = [i for i, body in enumerate(asked) if '"cohort-body.children"' in body]
    page_calls = [i for i, body in enumerate(asked) if "page.children" in body]
    assert len(first) == 1
    assert len(page_calls) == 1


def test_a_failed_answer_is_said_in_a_sentence(new_page: Callable[..., Page], summary_of: Any) -> None:
    page = new_page("/?clinic=nowhere")
    expect(page.get_by_text("Nothing to show")).to_be_visible()
    expect(
        page.get_by_text("No courses match these filters: clinic nowhere. 316 were left out by clinic nowhere.")
    ).to_be_visible()
