"""The frame in a browser: navigation, light and dark, nothing asked of other hosts, no cloud, keyboard, axe."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from data_models.definitions.filters import CohortFilter
from data_models.definitions.scope import Scope
from data_models.questions.filter_choices import present_values
from data_models.store import Store, StoreError

CHART = ".js-plotly-plot .main-svg"
PAGES = {
    "/": "Outcomes", "/patients": "Patients", "/side-effects": "Side effects", "/exports": "Exports",
    "/records": "Records", "/accounts": "Accounts",
}  # fmt: skip


def drawn(page: Page) -> Page:
    """Wait until the page's charts are drawn and nothing is awaited."""
    page.locator(CHART).first.wait_for()
    expect(page.locator(".bone")).to_have_count(0)
    page.wait_for_load_state("networkidle")
    return page


def test_the_sample_says_that_it_is_synthetic_on_every_page(
    new_page: Callable[..., Page], go_to: Callable[[Page, str], None]
) -> None:
    page = new_page("/nowhere")
    page.get_by_text("There is no page").wait_for()
    for path, title in PAGES.items():
        go_to(page, path)
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        badge = page.locator(".header .badge")  # the preview of Exports says so too
        expect(badge).to_be_visible()
        expect(badge).to_have_text("Synthetic sample data")


def test_the_header_names_the_clinics_whose_records_are_shown(
    new_page: Callable[..., Page], sample_database: str
) -> None:
    store = Store.open(sample_database)
    with store.connect() as connection:
        clinics = present_values(connection, Scope.everything(), CohortFilter(), "clinic")
    store.close()
    said = ", ".join(clinics) if len(clinics) <= 2 else f"{len(clinics)} clinics"
    page = new_page("/nowhere", width=390)
    named = page.locator(".header .clinic")
    expect(named).to_have_text(said)
    expect(named).to_be_hidden()  # on a phone there is room for one: that the data are synthetic
    page.locator(".header .badge").evaluate("badge => badge.remove()")
    expect(named).to_be_visible()


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


# What shows that a page's answer has come, and the one callback that brings it.
FIRST = {
    "/": (CHART, "cohort-body.children"),
    "/patients": (".patient-link", "..worklist.getRowsResponse...worklist-sentence.children.."),
    "/patient/{code}": (CHART, "patient-body.children"),
    "/side-effects": (CHART, "side-effects-body.children"),
    "/exports": ("#exports-preview table", "exports-preview.children"),
    "/records": (".completeness", "records-completeness.children"),
    "/accounts": ("#accounts-people > *", "accounts-people.children"),
}


@pytest.mark.parametrize("path", list(FIRST))
def test_a_pages_first_answer_waits_for_one_callback(new_page: Callable[..., Page], code: str, path: str) -> None:
    """Frame and callback are two round trips; with every other callback unanswered the page shows its answer."""
    ready, needed = FIRST[path]
    page = new_page("/nowhere")
    page.get_by_text("There is no page").wait_for()
    answered: list[str] = []

    def only_the_first(route: Route) -> None:
        output = json.loads(route.request.post_data or "{}").get("output", "")
        if needed in output:
            answered.append(output)
            route.continue_()

    page.route("**/_dash-update-component*", only_the_first)
    page.goto(path.format(code=code))
    page.locator(ready).first.wait_for()
    assert len(answered) == 1, answered
    page.unroute_all()


@pytest.fixture
def failing(sample_database: str) -> Iterator[str]:
    """Where a dashboard answers whose every question to the store fails; so do those of others of this process."""
    from werkzeug.serving import make_server

    from dashboard.answers import data
    from dashboard.app import create_app
    from dashboard.settings import Settings

    def fail(*_: Any, **__: Any) -> None:
        raise StoreError("the database cannot be reached; check that it runs")

    store = Store.open(sample_database)
    app = create_app(Settings(database=sample_database), store)
    server = make_server("127.0.0.1", 0, app.server, threaded=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "ask", fail)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
    store.close()


def test_a_page_whose_answers_fail_says_so_and_axe_finds_nothing(
    new_page: Callable[..., Page], violations_in_both: Any, failing: str
) -> None:
    page = new_page("/nowhere", at=failing)
    found = {}
    for path in ("/", "/patients", "/patient/ANY-1", "/side-effects", "/exports", "/records"):
        page.goto(failing + path)
        said = page.locator("#page [role=alert], #notice [role=alert]").first
        expect(said).to_contain_text("the database cannot be reached")
        found[path] = violations_in_both(page)
    assert not {path: rules for path, rules in found.items() if rules}


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
    page.locator("#main").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip the filters")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("!document.activeElement.closest('.filters') && !!document.activeElement.closest('#main')")


def test_a_page_that_is_not_answered_says_that_its_figures_may_be_old(
    chromium: Browser, address: str, go_to: Callable[[Page, str], None]
) -> None:
    page = chromium.new_page(base_url=address)  # the browser complains of each failed request: that is wanted here
    page.goto("/side-effects")
    said, body = page.get_by_role("alert"), page.locator(".page .cards").first
    drawn(page)
    before = body.inner_text()
    failures: list[Callable[[Route], None]] = [
        lambda route: route.abort(),
        lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>", content_type="text/html"),
    ]
    for fail, query in zip(failures, ("route=im", "route=iv"), strict=True):
        page.route("**/_dash-update-component*", fail)
        go_to(page, f"/side-effects?{query}")
        expect(said).to_contain_text("does not answer: the figures below may not be those of the filters above")
        expect(body).to_have_css("opacity", "0.45")
        assert body.inner_text() == before
        page.unroute_all()
        go_to(page, "/side-effects")
        expect(said).to_have_text("")
        expect(body).to_have_css("opacity", "1")
    page.close()


# Texts that their own box, or one around it that does not scroll, cuts off; labels of charts that leave their card.
CUT = """() => {
    const watched = '.header .data-set, .badge, .brand, .nav-link span, .chip, .ready-list, .card-question, '
        + '.funnel dt, .headline *, .state-badge, .patient-cell .fine, .flag, .key li, .segment, #demo-role';
    const found = [];
    for (const e of document.querySelectorAll(watched)) {
        if (!e.getClientRects().length || e.classList.contains('visually-hidden')) continue;
        const hides = getComputedStyle(e).overflowX !== 'visible';
        if (e.scrollWidth > e.clientWidth + 1 && (hides || e.clientWidth)) found.push('wide: ' + e.textContent);
        const own = e.getBoundingClientRect(), cell = e.closest('.ag-cell');
        if (cell && cell.getBoundingClientRect().right < own.right - 1) found.push('cell: ' + e.textContent);
        if (cell && (own.bottom > cell.getBoundingClientRect().bottom + 1)) found.push('row: ' + e.textContent);
    }
    for (const chart of document.querySelectorAll('.chart')) {
        const box = chart.getBoundingClientRect();
        for (const text of chart.querySelectorAll('svg text')) {
            const r = text.getBoundingClientRect();
            if (r.width && (r.right > box.right + 2 || r.left < box.left - 2)) found.push('chart: ' + text.textContent);
        }
    }
    return [...new Set(found)];
}"""


# Each chart is as wide as its card: drawn anew after the window changed.
FITTED = """() => [...document.querySelectorAll('.js-plotly-plot')].every(plot =>
    Math.abs(plot.querySelector('.main-svg').getBoundingClientRect().width - plot.clientWidth) <= 1)"""


# Everything that can be opened stands open, tables drawn.
ALL_OPEN = """() => {
    document.querySelectorAll('details').forEach(one => { one.open = true });
    return [...document.querySelectorAll('.behind [data-table]')].every(place => place.querySelector('table'));
}"""


def test_no_text_is_cut_and_a_page_scrolls_in_one_direction_only(
    new_page: Callable[..., Page], go_to: Callable[[Page, str], None], demo: str, code: str
) -> None:
    page = new_page("/nowhere", at=demo)
    page.get_by_text("There is no page").wait_for()
    expect(page.locator("#demo-role")).to_be_visible()
    seen = {
        "/?by=route": ".multiple .main-svg",
        "/side-effects": ".section .main-svg",
        "/patients?search=S-3": ".ag-row[row-index='0'] .patient-link",
        f"/patient/{code}": "#patient-context .main-svg",
        "/records": ".completeness",
    }
    found = {}
    for path, ready in seen.items():
        go_to(page, path)
        page.locator(ready).first.wait_for()
        expect(page.locator(".bone")).to_have_count(0)
        page.wait_for_function(ALL_OPEN)
        for width in (390, 1024, 1440):
            page.set_viewport_size({"width": width, "height": 844})
            page.wait_for_function(FITTED)
            cut = page.evaluate(CUT)
            if page.evaluate("document.documentElement.scrollWidth") > width:
                cut.append("the page is wider than the window")
            if cut:
                found[path, width] = cut
    assert not found, found
    page.locator(".badge").evaluate("badge => { badge.style.width = '60px'; badge.style.whiteSpace = 'nowrap' }")
    assert "wide: Synthetic sample data" in page.evaluate(CUT)
