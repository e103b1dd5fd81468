"""The running dashboard with the sample clinic, and a Chromium page that tolerates no complaint.

A page fails its test on any console error, script error, violation of the content security policy, or
request to another host. Worker processes of pytest-xdist each have a server and a browser of their own.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.serving import product, running

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
OWN_DATABASE = os.environ.get("JOURNEYS_DATABASE")  # a store to walk through in place of the sample
# Resolves when the colours have changed over; animations without an end are those of what is awaited.
COLOURS_SET = """() => Promise.race([
    Promise.all(document.getAnimations()
        .filter(a => a.effect.getTiming().iterations !== Infinity && a.playState === 'running')
        .map(a => a.finished.catch(() => null))),
    new Promise(done => setTimeout(done, 3000)),  // one that the browser holds back (out of sight) never ends
]).then(() => null)"""
ABOUT_COLOURS = ["color-contrast", "link-in-text-block"]
PATIENCE = 120_000 if OWN_DATABASE else 20_000  # milliseconds; the machine may be shared
expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With a database of one's own a test counts for itself what the page should say, which takes its time."""
    here = Path(__file__).parent
    for item in items:
        if OWN_DATABASE and here in item.path.parents:
            item.add_marker(pytest.mark.timeout(1800))


@pytest.fixture(scope="session")
def sample_database(sample_database: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """URL of the store that the browser looks at: the sample, or a copy of `JOURNEYS_DATABASE`."""
    if not OWN_DATABASE:
        return sample_database
    file = tmp_path_factory.mktemp("own") / "own.db"
    shutil.copy(OWN_DATABASE, file)
    return f"sqlite:///{file.as_posix()}"


@pytest.fixture(scope="session")
def serving() -> Callable[[str], contextlib.AbstractContextManager[str]]:
    """Serve a database in a process of its own, as `serve` does; gives the address."""

    return lambda database: running(product(database), path="/assets/style.css", quiet=False)


@pytest.fixture(scope="session")
def address(serving: Any, sample_database: str) -> Iterator[str]:
    """Where the dashboard with the sample clinic answers."""
    with serving(sample_database) as found:
        yield found


@pytest.fixture(scope="session")
def demo(sample_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a demo on the sample answers."""
    import threading

    from werkzeug.serving import make_server

    from dashboard.app import create_app
    from dashboard.settings import Settings
    from data_models.store import Store

    file = tmp_path_factory.mktemp("demo") / "demo.db"
    shutil.copy(sample_database.removeprefix("sqlite:///"), file)
    url = f"sqlite:///{file.as_posix()}"
    store = Store.open(url)
    server = make_server("127.0.0.1", 0, create_app(Settings(database=url, demo=True), store).server, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    store.close()


@pytest.fixture(scope="session")
def code(sample_database: str) -> str:
    """A fading patient of the sample, the same in every run."""
    from data_models.definitions.filters import CohortFilter
    from data_models.definitions.scope import Scope
    from data_models.questions.worklist import worklist
    from data_models.store import Store

    store = Store.open(sample_database)
    with store.connect() as connection:
        listed = worklist(connection, Scope.everything(), CohortFilter(), state="fading", limit=1)
    store.close()
    return listed.patients[0].patient_code


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.fail("browser tests need Chromium: install the package chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@contextlib.contextmanager
def opening(chromium: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Opens pages; any complaint of theirs fails at the end."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(
        path: str = "/", *, width: int = 1440, height: int = 1000, scheme: str = "light", at: str = ""
    ) -> Page:
        base = at or address
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, accept_downloads=True, base_url=base
        )
        contexts.append(context)
        context.add_init_script(
            "document.addEventListener('securitypolicyviolation', e => "
            "console.error('content security policy: ' + e.violatedDirective + ' ' + e.blockedURI))"
        )
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda m: complaints.append(f"console: {m.text}") if m.type == "error" else None)
        page.on("pageerror", lambda e: complaints.append(f"script: {e}"))
        page.on(
            "request",
            lambda r: (
                complaints.append(f"asked another host: {r.url}")
                if not r.url.startswith((base, "data:", "blob:"))
                else None
            ),
        )
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints, "\n".join(complaints)


@pytest.fixture
def new_page(chromium: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Open a page: `new_page("/patients", width=390, scheme="dark")`. Complaints fail the test at its end."""
    with opening(chromium, address) as open_page:
        yield open_page


@pytest.fixture(scope="module")
def page_of(chromium: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """A page for tests that read and leave it as it is: opened once a module, as opening is most of their time."""
    opened: dict[tuple[str, int], Page] = {}
    with opening(chromium, address) as open_page:

        def give(path: str = "/", *, width: int = 1440) -> Page:
            if (path, width) not in opened:
                opened[path, width] = open_page(path, width=width)
            return opened[path, width]

        yield give


@pytest.fixture
def violations() -> Callable[..., list[str]]:
    """What axe finds wrong with a page, each as "rule: element"; by all rules, or those named."""
    from axe_playwright_python.sync_playwright import Axe

    def find(page: Page, rules: list[str] | None = None) -> list[str]:
        # What passes is counted out in full otherwise: most of the time that a look takes.
        options: dict[str, Any] = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
        found = Axe().run(page, options=options).response["violations"]
        return [f"{rule['id']} ({rule['impact']}): {node['html'][:200]}" for rule in found for node in rule["nodes"]]

    return find


@pytest.fixture
def violations_in_both(violations: Callable[..., list[str]]) -> Callable[[Page], dict[str, list[str]]]:
    """What axe finds wrong with a page in light and in dark: one visit, as the frame follows the system.

    Dark differs in its colours alone: only the rules about colours can find anything else there.
    """

    def find(page: Page) -> dict[str, list[str]]:
        found = {}
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", scheme)
            page.evaluate(COLOURS_SET)
            found[scheme] = violations(page, ABOUT_COLOURS if scheme == "dark" else None)
        return {scheme: rules for scheme, rules in found.items() if rules}

    return find


@pytest.fixture
def go_to() -> Callable[[Page, str], None]:
    """Follow a link within the open dashboard, without loading the frame anew."""

    def follow(page: Page, address: str) -> None:
        path, _, query = address.partition("?")
        page.evaluate(
            "([pathname, search]) => dash_clientside.set_props('url', {pathname, search})",
            [path, f"?{query}" if query else ""],
        )

    return follow
