"""The Patient page in a browser: whose records, which view, what is said, how one moves on."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from dashboard.questions import patient as words
from data_models.definitions.scope import Scope
from data_models.questions.patient import patient
from data_models.store import Store

expect.set_options(timeout=20_000)  # the machine may be shared


@pytest.fixture(scope="module")
def known(sample_database: str) -> dict[str, Any]:
    """Codes of patients of each kind, and the outcomes of the first responder."""
    import pandas as pd

    store = Store.open(sample_database)
    with store.connect() as connection:
        outcomes = pd.read_sql(
            "SELECT o.*, p.patient_code, c.end_hours FROM course_outcomes o "
            "JOIN patients p ON p.patient_id = o.patient_id "
            "JOIN courses c ON c.patient_id = o.patient_id AND c.course = o.course ORDER BY p.patient_code",
            connection,
        )
        latest = outcomes[outcomes["end_hours"].isna()]
        phq9 = latest[latest["instrument"] == "phq9"]
        responder = phq9[(phq9["ever_response"] == 1) & (phq9["duration_event"] == 1) & (phq9["course"] == 1)].iloc[0]
        several = outcomes[outcomes["course"] > 1]["patient_code"].iloc[0]
        scales = latest.groupby("patient_code")["instrument"].agg(list)
        both = next(code for code, found in scales.items() if {"phq9", "gad7"} <= set(found))
        history = patient(connection, Scope.everything(), responder["patient_code"])
        assert history is not None
        chosen = history.outcome_of(1, "phq9")
    found = {"responder": responder["patient_code"], "outcome": chosen, "rules": store.rules()}
    store.close()
    return found | {"several": several, "both": both, "codes": sorted(set(latest["patient_code"]))}


def opened(new_page: Callable[..., Page], url: str, **options: Any) -> Page:
    """The page with all its parts shown."""
    page = new_page(url, **options)
    expect(page.locator("#trajectory-question")).to_be_visible()
    expect(page.locator("#patient-context .card-sentence")).to_be_visible()
    return page


def test_the_words_on_screen_are_those_of_the_stored_outcome(page_of, known):
    page = opened(page_of, f"/patient/{known['responder']}?instrument=phq9")
    said = page.locator("section:has(#trajectory-question) .card-sentence").inner_text()
    assert words.state_words(known["outcome"], known["rules"]) in said
    assert words.course_words(known["outcome"], known["rules"]) in said
    assert "Response first seen" in said


def test_the_chart_is_drawn_with_every_strip(page_of, known):
    page = opened(page_of, f"/patient/{known['responder']}?instrument=phq9")
    chart = page.locator("section:has(#trajectory-question) .js-plotly-plot")
    expect(chart.locator(".scatterlayer .points path").first).to_be_visible()
    for heading in ("PHQ-9 (0 to 27, lower is better)", "Sessions (larger = higher dose)"):
        expect(chart.get_by_text(heading)).to_be_visible()
    alternative = page.locator("section:has(#trajectory-question) [role=img]").get_attribute("aria-label")
    assert "Response first seen" in alternative


def test_an_unknown_patient_is_a_plain_sentence_without_data(new_page):
    page = new_page("/patient/NOBODY-1")
    expect(page.get_by_text("There is no patient with this code")).to_be_visible()
    expect(page.locator(".card")).to_have_count(0)


def test_the_query_never_says_whose_records_are_shown(new_page, known):
    code = known["responder"]
    page = new_page(f"/patient/NOBODY-1?pathname=/patient/{code}&patient_code={code}&code={code}")
    expect(page.get_by_text("There is no patient with this code")).to_be_visible()
    assert code not in page.locator("#main").inner_text()


def test_next_and_previous_follow_the_list_by_key_and_by_button(new_page):
    page = new_page("/patients?attention=response_lost&sort=last")
    expect(page.locator(".ready-list-here")).to_contain_text("Response lost")
    expect(page.locator(".patient-link").nth(2)).to_be_visible()
    codes = [page.locator(f".ag-row[row-index='{n}'] .patient-link").inner_text() for n in range(3)]
    page.locator(".ag-row[row-index='0'] .patient-link").click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(codes[0])
    expect(page.locator("#patient-next[href]")).to_be_visible()
    page.keyboard.press("j")
    expect(heading).to_have_text(codes[1])
    expect(page.locator(f"#patient-next[href*='{codes[2]}']")).to_be_visible()
    page.locator("#patient-next").click()
    expect(heading).to_have_text(codes[2])
    expect(page.locator(f"#patient-previous[href*='{codes[1]}']")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(heading).to_have_text(codes[1])
    page.go_back()
    expect(heading).to_have_text(codes[2])


def test_a_scale_is_switched_and_another_stacked(new_page, known):
    page = opened(new_page, f"/patient/{known['both']}?instrument=phq9")
    page.get_by_role("navigation", name="With").get_by_role("link", name="GAD-7").click()
    chart = page.locator("section:has(#trajectory-question) .js-plotly-plot")
    expect(chart.get_by_text("GAD-7 (0 to 21, lower is better)")).to_be_visible()
    expect(chart.get_by_text("PHQ-9 (0 to 27, lower is better)")).to_be_visible()
    assert "with=gad7" in page.url
    page.get_by_role("navigation", name="Scale").get_by_role("link", name="GAD-7").click()
    expect(chart.get_by_text("PHQ-9 (0 to 27, lower is better)")).to_have_count(0)
    page.go_back()
    expect(chart.get_by_text("PHQ-9 (0 to 27, lower is better)")).to_be_visible()


def test_courses_stand_side_by_side(new_page, known):
    page = opened(new_page, f"/patient/{known['several']}?course=all")
    chart = page.locator("section:has(#trajectory-question) .js-plotly-plot")
    expect(chart.get_by_text("Course 1", exact=True)).to_be_visible()
    expect(chart.get_by_text("Course 2", exact=True)).to_be_visible()
    page.get_by_role("navigation", name="Course").get_by_role("link", name="1", exact=True).click()
    page.wait_for_url("**course=1")
    expect(chart.get_by_text("Course 2", exact=True)).to_have_count(0)


def test_whoever_works_by_keyboard_stays_where_they_were(new_page, known):
    page = opened(new_page, f"/patient/{known['responder']}")
    link = page.locator("#patient-context").get_by_role("link", name="latest session")
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**align=session")
    expect(page.locator("#patient-context").get_by_text("Days since the latest session", exact=True)).to_be_visible()
    expect(page.locator("#patient-context a", has_text="latest session")).to_be_focused()


def test_the_definition_names_rules_values_and_version(page_of, known):
    page = opened(page_of, f"/patient/{known['responder']}?instrument=phq9")
    card = page.locator("section:has(#trajectory-question)")
    card.get_by_text("Definition", exact=True).click()
    expect(card.get_by_text("response_improvement", exact=True)).to_be_visible()
    expect(card.get_by_text("Definitions version 2.")).to_be_visible()


def test_no_date_is_shown(page_of, known):
    page = opened(page_of, f"/patient/{known['responder']}?instrument=phq9")
    assert not re.search(
        r"\b(19|20)\d\d-\d\d-\d\d\b|\b\d{1,2}/\d{1,2}/(19|20)\d\d\b", page.locator("body").inner_text()
    )


def test_axe_finds_nothing(page_of, violations_in_both, known):
    page = opened(page_of, f"/patient/{known['responder']}?instrument=phq9")
    found = {}
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 1000})
        found[width] = violations_in_both(page)
    assert found == {1440: {}, 390: {}}
