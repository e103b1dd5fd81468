"""Signing in, the Accounts page, and what each role finds, in the browser."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from dashboard import ids
from dashboard.access import passwords
from dashboard.pages import pages
from data_models.store import Store, accounts

EVERY_PAGE = ["Outcomes", "Patients", "Side effects", "Exports", "Records", "Methods", "Accounts"]
PASSWORD = "plum vine torch harbor"
PEOPLE = {
    "olga": ({"owner"}, None),
    "clara": ({"clinician"}, None),
    "adam": ({"administrator"}, None),
    "dora": ({"data_manager"}, None),
}


@pytest.fixture(scope="module")
def clinic(serving: Any, sample_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a dashboard with the sample and accounts answers."""
    Store.open(sample_database).close()
    file = tmp_path_factory.mktemp("accounts") / "clinic.db"
    shutil.copy(sample_database.removeprefix("sqlite:///"), file)
    url, kept = f"sqlite:///{file.as_posix()}", passwords.hashed(PASSWORD)
    store = Store.open(url)
    for name, (roles, clinics) in PEOPLE.items():
        accounts.add_account(
            store.engine, "test", name, frozenset(roles), clinics, password_hash=kept, must_change=False
        )
    store.close()
    with serving(url) as found:
        yield found


@pytest.fixture
def signed_in(new_page: Any, clinic: str) -> Any:
    """Sign in and open a page: `signed_in("clara", "/patients", scheme="dark")`."""

    def make(name: str, path: str = "/", **options: Any) -> Page:
        page: Page = new_page(f"/sign-in?next={path}", at=clinic, **options)
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        return page

    return make


def test_signing_in_leads_to_the_page_that_was_asked_for_and_out_again(signed_in: Any) -> None:
    page = signed_in("clara", "/patients")
    expect(page.get_by_role("heading", name="Patients", level=1)).to_be_visible()
    assert page.url.endswith("/patients")
    expect(page.locator("#who")).to_contain_text("clara")
    page.get_by_role("link", name="Sign out").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_sign_in_form_is_accessible_and_works_by_key(
    new_page: Any, clinic: str, violations: Any, scheme: str
) -> None:
    page = new_page("/sign-in", at=clinic, scheme=scheme, width=390)
    expect(page.get_by_label("Name")).to_be_focused()
    assert violations(page) == []
    page.keyboard.type("adam")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    # The first page of a new browser: the password's hash, every script, and the figures of a shared machine.
    expect(page.get_by_role("heading", name="Outcomes", level=1)).to_be_visible(timeout=60_000)
    expect(page.get_by_text("Counts are rounded to 5; fewer than 11 are not shown")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("heading", name="How quickly do effects start?")).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize(
    "name, links",
    [
        ("clara", ["Outcomes", "Patients", "Side effects", "Methods"]),
        ("adam", ["Outcomes", "Side effects", "Exports", "Methods"]),
        ("dora", ["Records", "Methods"]),
        ("olga", ["Methods", "Accounts"]),
    ],
)
def test_each_role_finds_its_own_pages_in_the_navigation(signed_in: Any, name: str, links: list[str]) -> None:
    page = signed_in(name)
    expect(page.locator(".nav-link")).to_have_text(links)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_accounts_page_is_accessible(signed_in: Any, violations: Any, scheme: str) -> None:
    page = signed_in("olga", "/accounts", scheme=scheme)
    expect(page.locator(".people tbody tr")).not_to_have_count(0)
    expect(page.locator(".trail tbody tr").first).to_be_visible()
    assert violations(page) == []


def choose(page: Page, label: str, *options: str) -> None:
    """Pick values in a Mantine choice."""
    box = page.locator(".account-form").first.get_by_label(label).first
    for option in options:
        box.focus()
        page.keyboard.press("ArrowDown")
        page.get_by_role("option", name=option).first.click()
    page.keyboard.press("Escape")


def test_an_owner_adds_a_person_who_changes_the_one_time_password(signed_in: Any, new_page: Any, clinic: str) -> None:
    page = signed_in("olga", "/accounts")
    expect(page.locator(".people tbody tr")).not_to_have_count(0)
    page.get_by_label("Name", exact=True).fill("fred")
    choose(page, "Roles", "Clinician")
    choose(page, "Clinics", "Every clinic")
    page.get_by_role("button", name="Save", exact=True).click()
    said = page.locator("#accounts-said")
    expect(said).to_contain_text("One-time password")
    secret = said.locator("code").inner_text()
    expect(page.locator(".people")).to_contain_text("fred")
    expect(page.locator(".trail tbody tr").first).to_contain_text("added an account")

    other = new_page("/sign-in", at=clinic)
    other.get_by_label("Name").fill("fred")
    other.get_by_label("Password").fill(secret)
    other.get_by_role("button", name="Sign in").click()
    expect(other.get_by_role("heading", name="Change your password")).to_be_visible()
    other.get_by_label("Current password").fill(secret)
    other.get_by_label("New password", exact=True).fill("brisk copper lantern dune")
    other.get_by_label("New password again").fill("brisk copper lantern dune")
    other.get_by_role("button", name="Change the password").click()
    expect(other.locator(".js-plotly-plot").first).to_be_visible()
    other.wait_for_load_state("networkidle")
    other.close()

    page.get_by_role("button", name="Disable: fred").click()
    expect(said).to_contain_text("Disabled fred")
    expect(page.get_by_role("button", name="Enable: fred")).to_be_visible()
    page.get_by_role("button", name="Check the chain").click()
    expect(page.locator("#accounts-trail-checked")).to_contain_text("entries hold")


def test_the_trail_is_filtered(signed_in: Any) -> None:
    page = signed_in("olga", "/accounts")
    expect(page.locator(".trail tbody tr").first).to_be_visible()
    page.get_by_label("Subject or details").fill("adam")
    expect(page.locator(".trail tbody tr").first).to_contain_text("adam")
    expect(page.locator(".trail tbody")).not_to_contain_text("clara")
    page.get_by_label("To day (UTC)").fill("1999-12-31")
    expect(page.locator("#accounts-trail")).to_contain_text("No entry matches.")
    page.get_by_label("To day (UTC)").fill("yesterday")
    expect(page.locator("#accounts-trail")).to_contain_text("Write a day as year-month-day")
    page.get_by_label("To day (UTC)").fill("2999-12-31")
    page.get_by_label("From day (UTC)").fill("2026-01-01")
    expect(page.locator(".trail tbody tr").first).to_contain_text("adam")
    page.get_by_role("textbox", name="Did what").click()
    page.get_by_role("option", name="added an account").click()
    expect(page).to_have_url(re.compile("did=account_added"))
    page.reload()  # the filters are part of the address
    expect(page.locator("#accounts-trail")).to_contain_text("1 entry.")
    expect(page.get_by_role("textbox", name="Did what")).to_have_value("added an account")
    expect(page.get_by_label("Subject or details")).to_have_value("adam")
    page.get_by_role("textbox", name="Did what").click()
    page.get_by_role("option", name="Anything").click()
    page.get_by_label("Subject or details").fill("")
    expect(page.locator(".trail tbody")).to_contain_text("clara")
    assert "did=" not in page.url
    assert "about=" not in page.url


def typed_at_once(page: Page, texts: dict[str, str], press: str = "") -> None:
    """Fill fields, then press a button, faster than any timer of the page; a label's text goes into its field."""
    fields = {page.get_by_label(label, exact=True).get_attribute("id"): text for label, text in texts.items()}
    page.evaluate(
        """([fields, press]) => {
          for (const [id, text] of Object.entries(fields)) {
            document.getElementById(id).focus();
            document.getElementById(id).select();
            document.execCommand("insertText", false, text);
          }
          document.activeElement.blur();
          if (press) document.getElementById(press).click();
        }""",
        [fields, press],
    )


def test_whoever_is_quicker_than_the_page_loses_nothing_that_was_typed(signed_in: Any) -> None:
    page = signed_in("olga", "/accounts")
    expect(page.locator(".people tbody tr")).not_to_have_count(0)
    expect(page.locator(".trail tbody tr").first).to_be_visible()
    typed_at_once(page, {"Name": "clara"}, "accounts-save")  # is there, and so is not refused for its name
    said = page.locator("#accounts-said")
    expect(said).to_contain_text("role")
    expect(said).not_to_contain_text("letters")
    # Two filters of the trail in one moment, while an answer about another is on its way.
    page.get_by_role("textbox", name="Did what").click()
    page.get_by_role("option", name="added an account").click()
    typed_at_once(page, {"Subject or details": "adam", "From day (UTC)": "2026-01-01"})
    expect(page).to_have_url(re.compile("did=account_added"))
    expect(page).to_have_url(re.compile("about=adam"))
    expect(page).to_have_url(re.compile("from=2026-01-01"))
    expect(page.locator("#accounts-trail")).to_contain_text("1 entry.")
    expect(page.get_by_label("Subject or details")).to_have_value("adam")
    expect(page.get_by_label("From day (UTC)")).to_have_value("2026-01-01")
    page.go_back()  # and the fields follow the address
    expect(page.get_by_label("From day (UTC)")).to_have_value("")


def test_an_answer_that_empties_the_form_leaves_what_was_typed_meanwhile(signed_in: Any) -> None:
    page = signed_in("olga", "/accounts")
    expect(page.locator(".people tbody tr")).not_to_have_count(0)
    page.wait_for_load_state("networkidle")
    held = []
    page.route("**/_dash-update-component", lambda route: held.append(route))
    page.get_by_label("Name", exact=True).fill("gina")
    choose(page, "Roles", "Clinician")
    choose(page, "Clinics", "Every clinic")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_label("Name", exact=True).fill("henry")
    page.unroute("**/_dash-update-component")
    for route in held:
        route.continue_()
    expect(page.locator("#accounts-said")).to_contain_text("One-time password")
    expect(page.locator(".people")).to_contain_text("gina")
    page.wait_for_load_state("networkidle")
    expect(page.get_by_label("Name", exact=True)).to_have_value("henry")


def test_the_demo_is_seen_through_a_role(new_page: Any, demo: str) -> None:
    page = new_page("/", at=demo)
    expect(page.locator(".nav-link")).to_have_text(EVERY_PAGE)
    page.locator("#demo-role").click()
    page.get_by_role("option", name="As administrator").click()
    expect(page.locator(".nav-link")).to_have_text(["Outcomes", "Side effects", "Exports", "Methods"])
    expect(page.locator("#demo-role")).to_have_value("As administrator")


def test_every_page_keeps_the_content_security_policy(
    new_page: Any, signed_in: Any, demo: str, sample_folder: Path
) -> None:
    """A violation on any of them is a complaint, which fails the test at its end."""
    with (sample_folder / "patients.csv").open() as file:
        code = next(csv.DictReader(file))["patient_code"]
    page = new_page("/sign-in", at=demo)
    for one in pages():
        page.goto(one.path + (code if one.path == ids.PATIENT else ""))
        expect(page.locator("h1").first).to_be_visible()
        expect(page.locator(".bone:visible")).to_have_count(0)
    page = signed_in("clara", "/password")
    expect(page.get_by_role("heading", name="Change your password")).to_be_visible()
    for path in ("/second-factor", "/sign-out"):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_a_violation_of_the_policy_would_be_noticed(chromium: Any, demo: str) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.goto(demo)
    directive = page.evaluate(
        """() => new Promise(tell => {
            document.addEventListener('securitypolicyviolation', e => tell(e.violatedDirective));
            const script = document.createElement('script');
            script.textContent = 'window.broken = true';
            document.head.append(script);
        })"""
    )
    assert directive.startswith("script-src")
    assert page.evaluate("window.broken") is None
    context.close()
