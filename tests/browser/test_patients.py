"""The Patients page in a browser: ready lists, order, search and the URL that holds them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

expect.set_options(timeout=20_000)  # the machine may be shared


def first_row(page: Page, column: str) -> str:
    """What the first row shows in a column."""
    return page.locator(f".ag-row[row-index='0'] [col-id='{column}']").inner_text()


def opened(new_page: Callable[..., Page], url: str, **options: Any) -> Page:
    """The page with its first rows shown."""
    page = new_page(url, **options)
    expect(page.locator(".patient-link").first).to_be_visible()
    return page


def test_a_fading_patient_is_found_and_opened(new_page):
    page = opened(new_page, "/patients")
    page.get_by_role("link", name="Fading").click()
    expect(page.locator("#worklist-sentence")).to_contain_text("fading, or no longer in response")
    expect(page.locator(".ag-row[row-index='0'] [col-id='state']")).to_contain_text("Fading")
    expect(page.locator(".state-cell", has_text="Fading").nth(8)).to_be_visible()
    expect(page.locator(".state-cell", has_not_text="Fading")).to_have_count(0)
    code = page.locator(".patient-link").first.inner_text()
    page.locator(".patient-link").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(code)
    expect(page.locator(".state-badge")).to_contain_text("Fading")
    assert "attention=fading" in page.url


def test_a_click_anywhere_in_a_row_opens_the_patient(new_page):
    page = opened(new_page, "/patients")
    code = page.locator(".patient-link").nth(2).inner_text()
    page.locator(".ag-row[row-index='2'] [col-id='last']").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(code)


def test_the_order_is_in_the_url_and_back_restores_it(new_page):
    page = opened(new_page, "/patients?attention=worse")
    page.locator(".ag-header-cell[col-id='baseline']").click()
    page.wait_for_url("**sort=baseline")
    page.locator(".ag-header-cell[col-id='baseline']").click()
    page.wait_for_url("**descending=1")
    expect(page.locator(".ag-header-cell[col-id='baseline']")).to_have_attribute("aria-sort", "descending")
    page.wait_for_timeout(400)
    highest = int(first_row(page, "baseline"))
    page.go_back()
    page.wait_for_url("**sort=baseline")
    expect(page.locator(".ag-header-cell[col-id='baseline']")).to_have_attribute("aria-sort", "ascending")
    page.wait_for_timeout(400)
    assert int(first_row(page, "baseline")) < highest


def test_a_copied_link_opens_the_same_list(new_page):
    page = opened(new_page, "/patients?state=responding&sort=last&descending=1&search=S-")
    expect(page.locator("#worklist-sentence")).to_contain_text("in the state “responding” and with “S-” in the code")
    expect(page.get_by_label("Patient code")).to_have_value("S-")
    expect(page.get_by_role("textbox", name="State")).to_have_value("● Responding")
    expect(page.locator(".ag-header-cell[col-id='last']")).to_have_attribute("aria-sort", "descending")
    scores = [float(text) for text in page.locator(".patient-cell .score").all_inner_texts()]
    assert scores == sorted(scores, reverse=True)


def test_search_narrows_the_list_and_goes_into_the_url(new_page):
    page = opened(new_page, "/patients")
    code = page.locator(".patient-link").nth(4).inner_text()
    page.get_by_label("Patient code").fill(code)
    expect(page.locator("#worklist-sentence")).to_contain_text(f"1 patient with “{code}” in the code")
    assert f"search={code}" in page.url
    page.get_by_label("Patient code").fill("nobody")
    expect(page.locator("#worklist-sentence")).to_contain_text("Clear a filter or choose another list.")


def test_a_search_that_is_emptied_as_soon_as_the_address_has_filled_it_is_gone(new_page):
    page = opened(new_page, "/patients")
    page.get_by_label("Patient code").evaluate(
        """field => new Promise(done => (function look() {
          if (field.value !== "S-") return requestAnimationFrame(look);
          field.focus();
          field.select();
          done(document.execCommand("delete"));
        })(dash_clientside.set_props("url", { search: "?search=S-" })))"""
    )
    expect(page).not_to_have_url(re.compile("search="))
    expect(page.get_by_label("Patient code")).to_have_value("")


def test_rows_come_a_page_at_a_time_as_the_list_is_scrolled(new_page):
    page = opened(new_page, "/patients")
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.post_data or "") if "getRowsResponse" in (r.post_data or "") else None)
    page.locator(".ag-body-viewport").evaluate("body => body.scrollTop = 46 * 130")
    expect(page.locator(".ag-row[row-index='130'] .patient-link")).to_be_visible()
    assert asked
    assert all('"startRow":0' not in request for request in asked)


def test_the_worklist_works_without_a_mouse(new_page):
    page = opened(new_page, "/patients")
    link = page.locator(".patient-link").nth(1)
    code = link.inner_text()
    link.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(code)


def test_axe_finds_nothing(page_of, violations_in_both):
    page = opened(page_of, "/patients?attention=item9_raised")
    expect(page.locator(".ready-list-here")).to_contain_text("Item 9")
    found = {}
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 1000})
        expect(page.locator(".ag-header-cell[col-id='baseline']")).to_have_count(1 if width == 1440 else 0)
        found[width] = violations_in_both(page)
    assert found == {1440: {}, 390: {}}


def test_on_a_phone_the_list_fits(new_page):
    page = opened(new_page, "/patients", width=390)
    expect(page.locator(".ag-header-cell[col-id='baseline']")).to_have_count(0)
    expect(page.locator(".ag-header-cell[col-id='state']")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
