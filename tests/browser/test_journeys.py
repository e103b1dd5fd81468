"""What people come for, from the first page to the answer; each number is that of the summary or the outcomes.

On a store of one's own, such as a large one (a copy is used):

    JOURNEYS_DATABASE=big.db pytest tests/browser/test_journeys.py -k "fading or onset or routes or switched"
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from dashboard.questions import durability, funnel, onset
from dashboard.questions import patient as patient_words
from dashboard.questions.curves import median
from dashboard.words import numbers
from dashboard.words.shares import share_interval
from data_models.definitions.filters import CohortFilter
from data_models.definitions.scope import Scope
from data_models.questions.comparison import groups
from data_models.questions.patient import patient
from data_models.questions.summary import summarise
from data_models.questions.worklist import worklist
from data_models.store import Store

ALL = Scope.everything()
CHART = ".js-plotly-plot .main-svg"
FILTERS = ("", "route=iv", "instrument=gad7", "route=im,sublingual&sex=female", "instrument=madrs&phase=maintenance")


@pytest.fixture(scope="module")
def store(sample_database: str) -> Iterator[Store]:
    store = Store.open(sample_database)
    yield store
    store.close()


@pytest.fixture(scope="module")
def outcomes(store: Store) -> pd.DataFrame:
    """The `outcomes` listing of the sample."""
    return store.outcomes_frame()


def card(page: Page, question: str) -> Any:
    return page.locator("section.card").filter(has=page.get_by_role("heading", name=question, exact=True))


def headline(page: Page, name: str) -> Any:
    return page.locator(".headline").filter(has=page.get_by_role("heading", name=name, exact=True))


def focused(page: Page) -> dict[str, Any]:
    """The element with the focus: what it is, whether its focus is drawn, and whether it lies in the window."""
    return page.evaluate(
        """() => {
            const a = document.activeElement, s = getComputedStyle(a), r = a.getBoundingClientRect();
            return {text: (a.innerText || a.getAttribute('aria-label') || a.id || '').trim(), tag: a.tagName,
                    drawn: s.outlineStyle !== 'none' || s.boxShadow !== 'none',
                    inside: r.bottom > 0 && r.top < innerHeight};
        }"""
    )


def tab_to(page: Page, wanted: Callable[[dict[str, Any]], bool], most: int = 80) -> list[dict[str, Any]]:
    """Press Tab until the focus is where it is wanted; all that had it on the way."""
    seen = []
    for _ in range(most):
        page.keyboard.press("Tab")
        seen.append(focused(page))
        if wanted(seen[-1]):
            return seen
    raise AssertionError(f"the keyboard did not reach it; it saw {[one['text'][:30] for one in seen]}")


def test_onset_and_durability_are_read_for_several_filters(new_page, go_to, store):
    page = new_page("/")
    page.locator(CHART).first.wait_for()
    for query in FILTERS:
        cohort = CohortFilter.from_query(query)
        with store.connect() as connection:
            found = summarise(connection, ALL, cohort, store.rules())
            any_effect = found.side_effects.any.per_session
        go_to(page, "/?" + query)
        expect(card(page, "On whom do these figures rest?")).to_contain_text(funnel.words(found.funnel))
        seen, durable = found.onset.curve, found.durability.lost
        expect(card(page, "How quickly do effects start?")).to_contain_text(onset.words(seen))
        expect(card(page, "How long do they last?")).to_contain_text(durability.words(durable))
        for name, curve in (("Median time to response", seen), ("Median durability of response", durable)):
            middle = median(curve)[0]
            if middle is not None and curve.n >= numbers.FEW:
                expect(headline(page, name).locator(".value")).to_contain_text(
                    numbers.number(numbers.course_day(middle))
                )
            expect(headline(page, name)).to_contain_text(f"{curve.n:,.0f}" if curve.n else "no ")
        for kind in ("response", "remission", "worse"):
            share = getattr(found.rates, kind).end_of_induction
            tile = headline(page, f"{kind.capitalize()} at end of induction")
            if share.n:
                expect(tile.locator(".value")).to_have_text(numbers.percent(share.share))
                expect(tile).to_contain_text(f"{share.events:,.0f} of {share.n:,.0f} measured")
                expect(tile).to_contain_text(share_interval(share))
            else:
                expect(tile).to_contain_text("Not measured")
        expect(headline(page, "Sessions with any side effect")).to_contain_text(
            f"{any_effect.events:,.0f} of {any_effect.n:,.0f}" if any_effect.n else "Not measured"
        )


def test_headline_rates_can_be_counted_in_the_outcomes_listing(page_of, outcomes):
    found = outcomes[(outcomes["instrument"] == "phq9") & (outcomes["evaluable"] == 1)]
    scored = found["end_of_induction_response"].dropna()
    page = page_of("/")
    expect(headline(page, "Response at end of induction")).to_contain_text(
        f"{int(scored.sum()):,} of {len(scored):,} measured"
    )
    expect(headline(page, "Median time to response")).to_contain_text(f"{len(found):,} evaluable courses")


def test_a_fading_patient_is_found_opened_and_understood(new_page, store, outcomes):
    page = new_page("/patients")
    page.get_by_role("link", name="Fading").click()
    expect(page.locator("#worklist-sentence")).to_contain_text("fading")
    expect(page.locator(".ag-row[row-index='0'] [col-id='state']")).to_contain_text("Fading")
    code = page.locator(".ag-row[row-index='0'] .patient-link").inner_text()
    page.locator(".ag-row[row-index='0'] .patient-link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(code)
    expect(page.locator(".state-badge")).to_contain_text("Fading")
    mine = outcomes[(outcomes["patient_code"] == code) & (outcomes["instrument"] == "phq9")]
    latest = mine.sort_values("course").iloc[-1]
    said = page.locator("section:has(#trajectory-question) .card-sentence")
    expect(said).to_contain_text(f"latest PHQ-9 {numbers.number(float(latest['last']))}")
    expect(said).to_contain_text(f"baseline {numbers.number(float(latest['baseline']))}")


def test_a_patients_words_are_those_of_the_outcomes(new_page, go_to, store):
    page = new_page("/patient/NOBODY-1")
    page.get_by_role("heading", name="Patient not found").wait_for()
    with store.connect() as connection:
        rows = [
            row
            for state in ("responding", "response_lost", "worse", "no_response")
            for row in worklist(connection, ALL, CohortFilter(), state=state, limit=2).patients
        ]
        assert len(rows) == 8
        for row in rows:
            found = patient(connection, ALL, row.patient_code)
            outcome = found.outcome_of(row.course, "phq9")
            go_to(page, f"/patient/{row.patient_code}?instrument=phq9")
            said = page.locator("section:has(#trajectory-question) .card-sentence")
            expect(said).to_contain_text(patient_words.state_words(outcome, store.rules()))
            expect(said).to_contain_text(patient_words.course_words(outcome, store.rules()))


def test_routes_are_compared_in_every_part_with_their_n(new_page, store):
    with store.connect() as connection:
        parts = {
            route: summarise(connection, ALL, part, store.rules())
            for route, part in groups(connection, ALL, CohortFilter(), "route").items()
        }
    page = new_page("/")
    page.locator(CHART).first.wait_for()
    expect(page.locator(".bone")).to_have_count(0)
    page.get_by_label("Compare by").first.click()
    page.get_by_role("option", name="Route", exact=True).click()
    page.wait_for_url("**by=route")
    iv = parts["iv"]
    expect(card(page, "How quickly, by route?")).to_contain_text(f"n {iv.onset.curve.n:,.0f}")
    expect(card(page, "How long, by route?")).to_contain_text(f"n {iv.durability.lost.n:,.0f}")
    at_28 = iv.occupancy.states.response[28]
    box = card(page, "Who is in response, by route?")
    expect(box).to_contain_text(f"IV {numbers.percent(at_28)} (n {iv.funnel.courses:,})")
    expect(box.locator(".multiple")).to_have_count(len(parts))
    expect(box.locator(CHART).nth(2 * len(parts) - 1)).to_be_attached()
    expect(card(page, "Who improved, by route?").locator(".multiple").first).to_contain_text(
        f"IV (n {iv.funnel.every.evaluable:,}"
    )
    rates = card(page, "Who responds, by route?")
    expect(rates).to_contain_text("Measured at the end of induction, of those treated and not going on: IV ")
    effects = card(page, "At what cost, by route?")
    expect(effects.locator(".key li", has_text="IV (n").first).to_contain_text(f"n {iv.side_effects.sessions_asked:,}")


def test_a_split_by_phase_shows_only_what_sessions_can_tell(new_page):
    page = new_page("/?by=phase")
    expect(card(page, "How does it fade, by phase?")).to_be_visible()
    expect(card(page, "At what cost, by phase?")).to_be_visible()
    expect(page.get_by_text("cannot be split by them")).to_be_visible()
    expect(card(page, "How quickly, by phase?")).to_have_count(0)


def test_years_are_compared(new_page):
    box = card(new_page("/?by=first_session_year"), "How quickly, by first session in?")
    box.locator(CHART).first.wait_for()
    expect(box).to_contain_text("The groups are not made alike here.")


def test_the_scale_is_switched_and_the_link_is_shared(new_page, store):
    page = new_page("/?route=iv")
    page.locator(CHART).first.wait_for()
    expect(page.locator(".bone")).to_have_count(0)
    page.get_by_label("Scale", exact=True).first.click()
    page.get_by_role("option", name="GAD-7").click()
    page.wait_for_url("**instrument=gad7")
    with store.connect() as connection:
        answer = summarise(connection, ALL, CohortFilter.from_query("instrument=gad7&route=iv"), store.rules())
    said = onset.words(answer.onset.curve)
    expect(card(page, "How quickly do effects start?")).to_contain_text(said)
    shared = new_page("/?" + page.url.partition("?")[2])
    expect(card(shared, "How quickly do effects start?")).to_contain_text(said)
    expect(shared.get_by_label("Scale", exact=True).first).to_have_value("GAD-7")
    expect(shared.get_by_role("button", name="Remove filter Route: IV")).to_be_visible()


def test_nothing_left_says_what_each_filter_left_out(new_page, store):
    def courses(query: str) -> int:
        with store.connect() as connection:
            return summarise(connection, ALL, CohortFilter.from_query(query), store.rules()).funnel.courses

    page = new_page("/?route=iv&clinic=nowhere")
    expect(page.locator(".state")).to_contain_text(f"{courses('route=iv')} by clinic nowhere")
    assert "by route" not in page.locator(".state").inner_text().partition(". ")[2]
    page.goto("/side-effects?clinic=nowhere")
    expect(page.locator(".state").first).to_contain_text(f"{courses('')} were left out by clinic nowhere")


def test_the_work_is_done_without_a_mouse(new_page):
    page = new_page("/")
    page.locator(CHART).first.wait_for()
    way = tab_to(page, lambda at: at["text"] == "Patients")
    assert way[0]["text"] == "Skip to the content"
    page.keyboard.press("Enter")
    expect(page.locator(".patient-link").first).to_be_visible()
    way += tab_to(page, lambda at: at["text"].startswith("Fading"))
    page.keyboard.press("Enter")
    expect(page.locator("#worklist-sentence")).to_contain_text("fading")
    expect(page.locator(".ag-row[row-index='0'] [col-id='state']")).to_contain_text("Fading")
    code = page.locator(".ag-row[row-index='0'] .patient-link").inner_text()
    following = page.locator(".ag-row[row-index='1'] .patient-link").inner_text()
    way += tab_to(page, lambda at: at["text"] == code or at["text"].startswith(code))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(code)
    expect(page.locator("#trajectory-question")).to_be_visible()
    way += tab_to(page, lambda at: at["tag"] == "SUMMARY")
    page.keyboard.press("Enter")
    expect(page.locator("details[open]").first).to_be_visible()
    expect(page.locator(f"#patient-next[href*='{following}']")).to_be_visible()
    page.keyboard.press("j")
    expect(page.get_by_role("heading", level=1)).to_have_text(following)
    unseen = [at for at in way if not at["drawn"] and at["tag"] not in ("BODY", "INPUT")]
    assert not unseen, unseen
    outside = [at for at in way if not at["inside"] and at["tag"] != "BODY"]
    assert not outside, outside


# Heading and a part that only this state has: the page before it stands until the next one is there.
STATES = {
    "nowhere": ("/nowhere", "Page not found", ".state"),
    "empty outcomes": ("/?clinic=nowhere", "Outcomes", ".state"),
    "compare": ("/?by=diagnosis", "Outcomes", ".multiple .main-svg"),
    "phase": ("/?by=phase", "Outcomes", ".section .main-svg"),
    "empty side effects": ("/side-effects?clinic=nowhere", "Side effects", ".state"),
    "side effects, groups": ("/side-effects?side-by=dose_band", "Side effects", ".section .main-svg"),
    "empty list": (
        "/patients?search=nobody", "Patients", ".worklist-page:has(#worklist-sentence:not(:empty)) .ag-header-cell"
    ),
    "unknown patient": ("/patient/NOBODY-1", "Patient not found", ".state"),
    "records": ("/records", "Records", ".completeness"),
    "exports": ("/exports", "Exports", "#main table"),
    "accounts": ("/accounts", "Accounts", "h1"),
}  # fmt: skip


def test_axe_finds_nothing_in_any_state(new_page, go_to, violations_in_both):
    page = new_page("/nowhere")
    page.get_by_text("There is no page").wait_for()
    found = {}
    for name, (path, heading, ready) in STATES.items():
        go_to(page, path)
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        page.locator(ready).first.wait_for()
        expect(page.locator(".bone")).to_have_count(0)
        page.wait_for_load_state("networkidle")
        for summary in page.locator(".card summary:visible").all()[:2]:
            summary.click()
        found[name] = violations_in_both(page)
    assert not {name: rules for name, rules in found.items() if rules}


def test_axe_finds_nothing_on_a_patient_with_all_opened(new_page, violations_in_both, store):
    with store.connect() as connection:
        (row,) = worklist(connection, ALL, CohortFilter(), state="fading", limit=1).patients
    page = new_page(f"/patient/{row.patient_code}?course=all&align=session")
    expect(page.locator("#patient-context .card-sentence")).to_be_visible()
    for summary in page.locator(".card summary").all():
        summary.click()
    assert violations_in_both(page) == {}
