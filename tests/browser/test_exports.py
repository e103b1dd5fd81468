"""The Exports page in a browser: the preview is what the file holds, of rounded counts in both."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Page, expect


def preview(page: Page) -> Any:
    found = page.locator("#exports-preview")
    expect(found.get_by_role("heading", name="Ketamine treatment outcomes", exact=False)).to_be_visible()
    return found


def test_the_preview_hides_small_counts_and_says_why(new_page: Callable[..., Page]) -> None:
    shown = preview(new_page("/exports"))
    cell = shown.locator("td span[title]").filter(has_text="<11").first
    expect(cell).to_have_attribute("title", "fewer than 11 are not shown")
    expect(shown.get_by_text("Synthetic sample data: no real patient")).to_be_visible()
    expect(shown.get_by_text("Fingerprint of the data")).to_be_visible()


@pytest.mark.parametrize("form", ["CSV", "XLSX", "PDF", "HTML"])
def test_each_format_is_taken_away_as_a_file_named_by_the_server(
    form: str, new_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = new_page("/exports?route=iv")
    preview(page)
    with page.expect_download() as caught:
        page.get_by_role("button", name=form, exact=True).click()
    assert caught.value.suggested_filename.startswith("ketamine-outcomes-phq9-")
    target = tmp_path / "taken"
    caught.value.save_as(target)
    content = target.read_bytes()
    start = {"CSV": b"\xef\xbb\xbftable,row", "XLSX": b"PK", "PDF": b"%PDF", "HTML": b"<!DOCTYPE html>"}[form]
    assert content.startswith(start)


def test_the_file_holds_what_the_preview_shows(new_page: Callable[..., Page], tmp_path: Path) -> None:
    page = new_page("/exports")
    table = preview(page).get_by_role("region", name="Response, remission and worse").locator("tbody tr")
    rows = [row.locator("th, td").all_inner_texts() for row in table.all()]
    with page.expect_download() as caught:
        page.get_by_role("button", name="XLSX", exact=True).click()
    caught.value.save_as(tmp_path / "taken.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "taken.xlsx")["outcomes"]
    written = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2, max_row=1 + len(rows))]
    assert [row[:3] for row in rows] == [[str(value) for value in row[:3]] for row in written]


def test_work_in_progress_is_shown(new_page: Callable[..., Page]) -> None:
    """The answer is held back until the page has been seen waiting for it."""
    page = new_page("/exports")
    preview(page)
    expect(page.locator("#exports-working")).to_be_hidden()
    waiting: list[Any] = []
    page.route(
        "**/_dash-update-component*",
        lambda route: (
            waiting.append(route)
            if "exports-preview.children" in (route.request.post_data or "")
            else route.continue_()
        ),
    )
    page.get_by_role("textbox", name="Figures").click()
    page.get_by_role("option", name="Side effects").click()
    expect(page.locator("#exports-working").get_by_text("Working out the figures")).to_be_visible()
    for _ in range(400):  # until the request is here, after the page has shown that it is asked
        if waiting:
            break
        page.wait_for_timeout(50)
    assert waiting
    expect(page.get_by_role("button", name="PDF", exact=True)).to_be_disabled()
    expect(page.locator("#exports-preview").get_by_role("heading", name="outcomes: side effects")).to_have_count(0)
    for route in waiting:
        route.continue_()
    expect(page.locator("#exports-working")).to_be_hidden()
    expect(page.get_by_role("button", name="PDF", exact=True)).to_be_enabled()
    expect(page.locator("#exports-preview").get_by_role("heading", name="outcomes: side effects")).to_be_visible()


def test_a_grouped_export_opened_by_its_address_is_shown(new_page: Callable[..., Page]) -> None:
    """Its first answer says that some groups are done, as a busy server's does: then the page asks for the rest.

    The thousands of cells that come then take the browser less than the patience of `expect`, by far.
    """
    search, begun = "?by=diagnosis", []
    step = {"exports-step": {"data": {"asked": search, "done": 1, "at": 1}}}

    def answer(route: Any) -> None:
        if begun or "exports-preview.children" not in (route.request.post_data or ""):
            route.continue_()
        else:
            begun.append(route)
            route.fulfill(json={"multi": True, "response": step})

    page = new_page("/sign-in")
    page.route("**/_dash-update-component*", answer)
    page.goto(f"/exports{search}")
    expect(preview(page).locator("td").nth(3000)).to_be_attached()
    assert begun
    expect(page.locator("#exports-working")).to_be_hidden()


def test_the_preview_has_the_drawings_and_definitions_of_the_file(new_page: Callable[..., Page]) -> None:
    page = new_page("/exports")
    shown = preview(page)
    drawing = shown.locator("img.printed-chart").first
    expect(drawing).to_have_attribute("alt", re.compile("in response on average"))
    assert drawing.evaluate("image => image.decode().then(() => image.naturalWidth)") > 300
    page.set_viewport_size({"width": 390, "height": 844})
    assert drawing.bounding_box()["width"] >= 560, "too small to read on a phone"  # type: ignore[index]
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    expect(shown.get_by_role("heading", name="Definitions")).to_be_visible()
    expect(shown.get_by_text("course_gap_days")).to_be_visible()


def test_the_figures_are_part_of_the_address(new_page: Callable[..., Page]) -> None:
    page = new_page("/exports?figures=attrition")
    expect(page.get_by_role("textbox", name="Figures")).to_have_value("Attrition")
    expect(page.locator("#exports-preview").get_by_role("heading", name="outcomes: attrition")).to_be_visible()
    page.get_by_role("textbox", name="Figures").click()
    page.get_by_role("option", name="Completeness of records").click()
    page.wait_for_url("**/exports?figures=completeness")
    expect(page.locator("#exports-preview").get_by_role("heading", name="outcomes: completeness")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("textbox", name="Figures")).to_have_value("Attrition")


def test_axe_finds_nothing(new_page: Callable[..., Page], violations: Callable[[Page], list[str]]) -> None:
    page = new_page("/exports")
    preview(page)
    assert violations(page) == []
