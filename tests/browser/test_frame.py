"""The frame in a browser: navigation, light and dark, nothing asked of other hosts, no cloud, keyboard, axe."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

CHART = ".js-plotly-plot .main-svg"
PAGES = ["/", "/side-effects"]


def drawn(page: Page) -> Page:
    """Wait until the page's charts are drawn and nothing is awaited."""
    page.locator(CHART).first.wait_for()
    page.wait_for_load_state("networkidle")
    return page


def test_the_sample_says_that_it_is_synthetic_on_every_page(new_page: Callable[..., Page]) -> None:
    for path in PAGES:
        expect(new_page(path).get_by_text("Synthetic sample data")).to_be_visible()


def test_navigation_opens_pages_and_keeps_the_filters(new_page: Callable[..., Page]) -> None:
    page = drawn(new_page("/?route=iv&by=route"))
    page.get_by_role("navigation").get_by_role("link", name="Side effects").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Side effects")
    assert page.url.endswith("/side-effects?route=iv")
    expect(page.get_by_role("link", name="Side effects")).to_have_attribute("aria-current", "page")
    expect(page).to_have_title(re.compile("Side effects"))
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Outcomes")
    drawn(page)


def test_an_unknown_address_says_so(new_page: Callable[..., Page]) -> None:
    expect(new_page("/nowhere").get_by_text("There is no page at this address.")).to_be_visible()


def test_only_our_bundle_of_plotly_is_loaded_and_it_offers_no_cloud(new_page: Callable[..., Page]) -> None:
    page = drawn(new_page("/"))
    scripts = page.evaluate("performance.getEntriesByType('resource').map(e => e.name)")
    assert any("plotly-cartesian" in name for name in scripts)
    assert not any(re.search(r"plotly(\.min)?\.js|package_data|async-plotlyjs", name) for name in scripts)
    config = page.evaluate("document.querySelector('.js-plotly-plot')._context")
    assert config["showSendToCloud"] is False
    assert config["plotlyServerURL"] == ""
    assert page.locator(".modebar-btn").count() == 0
    # A chart that would not come through our one place may not offer it either.
    bare = page.evaluate(
        "Plotly.newPlot(document.body.appendChild(document.createElement('div')), [{y: [1, 2]}])"
        ".then(gd => [gd._context.showSendToCloud, gd.querySelectorAll('[data-title*=\"loud\"]').length])"
    )
    assert bare == [False, 0]


def test_light_and_dark_switch_without_a_request_and_recolour_charts(new_page: Callable[..., Page]) -> None:
    page = drawn(new_page("/"))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    tick = page.locator(".chart .xtick text").first

    def colours() -> tuple[str, str]:
        return (
            page.evaluate("getComputedStyle(document.body).backgroundColor"),
            tick.evaluate("node => getComputedStyle(node).fill"),
        )

    light = colours()
    page.get_by_role("button", name="Switch between light and dark").click()
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    dark = colours()
    assert light[0] != dark[0]
    assert light[1] != dark[1]
    assert asked == []
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")


def test_print_is_light_and_has_no_controls(new_page: Callable[..., Page]) -> None:
    page = drawn(new_page("/", scheme="dark"))
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    # The chart is drawn anew in the light colours: its labels are other nodes then.
    expect(page.locator(".chart .xtick text").first).to_have_css("fill", "rgb(82, 96, 109)")
    expect(page.get_by_role("navigation", name="Pages")).to_be_hidden()
    expect(page.get_by_role("contentinfo")).to_be_visible()


def test_the_keyboard_reaches_content_and_focus_is_seen(new_page: Callable[..., Page]) -> None:
    page = drawn(new_page("/"))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    seen = []
    for _ in range(14):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                "(() => { const a = document.activeElement, s = getComputedStyle(a);"
                " return [a.tagName, s.outlineStyle !== 'none' || s.boxShadow !== 'none' || s.borderColor !== "
                "'rgba(0, 0, 0, 0)'] })()"
            )
        )
    assert all(visible for _, visible in seen)
    assert "SUMMARY" in {name for name, _ in seen}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/?by=route", "/?clinic=nowhere", "/side-effects", "/nowhere"])
def test_axe_finds_nothing(new_page: Callable[..., Page], violations: Any, path: str, scheme: str) -> None:
    page = new_page(path, scheme=scheme)
    if path in ("/?clinic=nowhere", "/nowhere"):
        page.locator(".state").wait_for()
    else:
        drawn(page)
        for summary in page.locator("summary").all()[:3]:
            summary.click()
    page.wait_for_load_state("networkidle")
    assert violations(page) == []


def test_a_phone_scrolls_in_one_direction_only(new_page: Callable[..., Page]) -> None:
    for path in PAGES:
        page = drawn(new_page(path, width=390, height=844))
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
