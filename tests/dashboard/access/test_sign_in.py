"""Signing in and out: cookies, rotation, limits, throttling, passwords, the second factor, and the trail of it."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyotp
import pytest
from flask import Flask
from sqlalchemy import update

from dashboard.access import passwords, sessions
from dashboard.access.sign_in import local_target
from data_models.database.access_tables import SignInFailure, WebSession
from data_models.database.engine import access_engine, writing
from data_models.database.tables import StoreInfo
from data_models.questions import accounts as queries
from data_models.store import accounts as store_accounts
from data_models.store.audit_chain import broken
from tests.dashboard.access.conftest import Browser

COOKIE = "ketamine_outcomes_session"


@pytest.fixture(autouse=True)
def _no_earlier_failures(guarded: Any) -> None:
    with access_engine(guarded.store.engine).begin() as connection:
        connection.execute(SignInFailure.__table__.delete())


@pytest.fixture
def person(guarded: Any, password_hash: str) -> str:
    """A clinician of this test alone."""
    name = f"p{time.time_ns()}"
    store_accounts.add_account(
        guarded.store.engine,
        "test",
        name,
        frozenset({"clinician"}),
        None,
        password_hash=password_hash,
        must_change=False,
    )
    return name


def entries(app: Any, name: str) -> list[str]:
    """What the trail says of a person, the latest first."""
    with app.store.connect_access() as connection:
        return [e.action for e in queries.audit_page(connection, text=name)[0]]


def cookies_of(answer: Any) -> dict[str, str]:
    return {line.split("=")[0]: line for line in answer.headers.getlist("Set-Cookie")}


def token_of(browser: Any) -> str:
    cookie = browser.client.get_cookie(COOKIE)
    return cookie.value if cookie else ""


def test_a_right_password_opens_the_page_that_was_asked_for(
    guarded: Any, browser: Any, person: str, password: str
) -> None:
    asked = browser.get("/patients?route=iv")
    assert asked.status_code == 401
    answer = browser.submit("/sign-in", {"name": person.upper(), "password": password}, asked)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/patients?route=iv")
    assert browser.get("/patients?route=iv").status_code == 200
    assert entries(guarded, person)[0] == "signed_in"


def test_cookies_on_this_computer_are_plain_and_behind_tls_bound_to_host_and_tls(
    browser: Any, person: str, password: str
) -> None:
    local = cookies_of(browser.sign_in(person))[COOKIE]
    assert "HttpOnly" in local
    assert "SameSite=Lax" in local
    assert "Secure" not in local
    tls = {"base_url": "https://outcomes.example.org"}
    page = browser.get("/sign-in", **tls)
    answer = browser.submit("/sign-in", {"name": person, "password": password}, page, **tls)
    assert answer.status_code == 303
    line = cookies_of(answer)["__Host-session"]
    for part in ("HttpOnly", "Secure", "SameSite=Lax", "Path=/"):
        assert part in line
    assert "Domain" not in line
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    first = browser.get("/methods", **tls)
    named = re.search(r'"csrf_token_name":"([^"]+)"', first.get_data(as_text=True))
    assert named is not None  # Dash's script looks for the cookie under the name that it has
    assert cookies_of(first)[named.group(1)].startswith("__Host-csrf=")
    for shown in (page, answer, first):
        for name, line in cookies_of(shown).items():
            assert name.startswith("__Host-")
            assert "Secure" in line
            assert "SameSite" in line


def test_without_tls_another_host_is_refused(browser: Any) -> None:
    answer = browser.get("/sign-in", base_url="http://outcomes.example.org")
    assert answer.status_code == 403
    assert "not encrypted" in answer.get_data(as_text=True)
    assert "password" not in answer.get_data(as_text=True)


def test_the_token_is_new_with_each_sign_in_and_the_old_one_ends(guarded: Any, browser: Any, person: str) -> None:
    browser.sign_in(person)
    first = token_of(browser)
    page = browser.get("/password")  # a page with a form that the signed-in see
    browser.submit("/sign-in", {"name": person, "password": "plum vine torch harbor"}, page)
    assert token_of(browser) != first
    browser.client.set_cookie(COOKIE, first)
    assert browser.get("/").status_code == 401


def test_the_store_holds_no_token(guarded: Any, browser: Any, person: str) -> None:
    browser.sign_in(person)
    with guarded.store.connect_access() as connection:
        kept = connection.execute(WebSession.__table__.select()).all()
    assert not any(token_of(browser) in str(row) for row in kept)


def test_signing_out_ends_the_session_in_the_store(guarded: Any, browser: Any, person: str) -> None:
    browser.sign_in(person)
    stolen = token_of(browser)
    assert browser.get("/sign-out").status_code == 200  # asking alone ends nothing
    assert browser.get("/").status_code == 200
    answer = browser.submit("/sign-out", {})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")
    browser.client.set_cookie(COOKIE, stolen)
    assert browser.get("/").status_code == 401
    assert entries(guarded, person)[0] == "signed_out"


@pytest.mark.parametrize("change", [{"disabled": 1}, {"clinics": frozenset()}, {"roles": frozenset({"administrator"})}])
def test_disabling_or_changing_an_account_signs_it_out_everywhere(
    guarded: Any, browser: Any, person: str, change: dict[str, Any]
) -> None:
    browser.sign_in(person)
    assert browser.get("/").status_code == 200
    store_accounts.change_account(guarded.store.engine, "olga", person, "account_changed", **change)
    assert browser.get("/").status_code == 401


@pytest.mark.parametrize(
    "values, status",
    [
        ({"seen": -sessions.IDLE - 5}, 401),
        ({"seen": -sessions.IDLE + 60}, 200),
        ({"started": -sessions.ABSOLUTE - 5}, 401),
        ({"started": -sessions.ABSOLUTE + 60}, 200),
        ({"started": 3600}, 401),  # the clock was put back since
        ({"seen": sessions.AHEAD + 5}, 401),
        ({"started": sessions.AHEAD - 30, "seen": sessions.AHEAD - 30}, 200),  # another computer's is ahead
    ],
)
def test_a_session_ends_when_idle_and_at_the_latest_after_its_limit(
    guarded: Any, browser: Any, person: str, values: dict[str, float], status: int
) -> None:
    browser.sign_in(person)
    mine = WebSession.token_hash == sessions.hash_of(token_of(browser))
    with access_engine(guarded.store.engine).begin() as connection:
        moved = {name: time.time() + shift for name, shift in values.items()}
        connection.execute(update(WebSession).where(mine).values(**moved))
    assert browser.get("/").status_code == status


def test_using_a_session_is_noted_once_a_minute(guarded: Any, browser: Any, person: str) -> None:
    browser.sign_in(person)
    token_hash = sessions.hash_of(token_of(browser))
    with access_engine(guarded.store.engine).begin() as connection:
        connection.execute(
            update(WebSession).where(WebSession.token_hash == token_hash).values(seen=time.time() - 20 * 60)
        )
    browser.get("/")
    with guarded.store.connect_access() as connection:
        row = queries.web_session(connection, token_hash)
    assert time.time() - row.seen < 30


@pytest.mark.parametrize(
    "name, secret", [("clara", "wrong"), ("nobody", "wrong"), ("", ""), ("gone", None), ("x" * 500, "y")]
)
def test_every_failure_says_the_same(browser: Any, name: str, secret: str | None, password: str) -> None:
    answer = browser.sign_in(name, secret or password)
    assert answer.status_code == 401
    assert "do not belong together, or the account is disabled" in answer.get_data(as_text=True)


def test_a_failure_is_told_without_a_name_that_nobody_has(guarded: Any, browser: Any) -> None:
    browser.sign_in("hunter2 typed into the wrong field", "x")
    with guarded.store.connect_access() as connection:
        newest = queries.audit_page(connection, limit=1)[0][0]
    assert (newest.action, newest.subject) == ("sign_in_failed", "")
    assert "hunter2" not in newest.details


def test_guesses_are_slowed_down_and_the_owner_on_a_known_device_is_not_locked_out(
    guarded: Any,
    browser: Any,
    person: str,
    password: str,
    signed_in: Callable[[str], Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    owners = signed_in(person)
    owners.submit("/sign-out", {})
    for _ in range(5):
        assert browser.sign_in(person, "wrong").status_code == 401
    slowed = browser.sign_in(person)  # even the right password waits here
    assert slowed.status_code == 429
    assert int(slowed.headers["Retry-After"]) > 0
    assert "from 127.0.0.1 was not looked at" in caplog.text
    assert person not in caplog.text
    assert owners.sign_in(person).status_code == 303
    elsewhere = {"environ_overrides": {"REMOTE_ADDR": "198.51.100.7"}}
    page = browser.get("/sign-in", **elsewhere)
    assert browser.submit("/sign-in", {"name": person, "password": password}, page, **elsewhere).status_code == 303


def test_of_guesses_made_at_once_five_are_looked_at_as_if_made_one_by_one(
    guarded: Any, person: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[str] = []

    def slow(password: str, _stored: str | None) -> bool:
        looked_at.append(password)
        time.sleep(0.2)  # all the others come while the first is looked at
        return False

    monkeypatch.setattr(passwords, "matches", slow)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda number: Browser(guarded).sign_in(person, f"guess {number}"), range(40)))
    assert len(looked_at) == 5
    assert Counter(answer.status_code for answer in answers) == {401: 5, 429: 35}
    assert entries(guarded, person)[:6].count("sign_in_failed") == 5


def test_right_passwords_do_not_count_as_guesses(guarded: Any, person: str) -> None:
    assert [Browser(guarded).sign_in(person).status_code for _ in range(12)] == [303] * 12


def test_whoever_knows_a_password_alone_keeps_nobody_from_their_second_factor(guarded: Any, person: str) -> None:
    secret = pyotp.random_base32()
    owners, thief = Browser(guarded), Browser(guarded)
    owners.sign_in(person)  # a browser that the person has used before
    store_accounts.change_account(guarded.store.engine, person, person, "second_factor_set", second_factor=secret)
    elsewhere = {"environ_overrides": {"REMOTE_ADDR": "203.0.113.66"}}
    thief.sign_in(person, **elsewhere)
    page = thief.get("/second-factor", **elsewhere)
    guesses = [thief.submit("/second-factor", {"code": "x"}, page, **elsewhere).status_code for _ in range(8)]
    assert guesses == [401] * 5 + [429] * 3
    for browser, code in ((Browser(guarded), 0), (owners, 30)):  # a new browser at the person's address, and theirs
        browser.sign_in(person)
        given = {"code": pyotp.TOTP(secret).at(time.time() + code)}
        assert browser.submit("/second-factor", given).status_code == 303
        assert browser.get("/patients").status_code == 200


def test_a_browser_used_before_gives_its_second_factor_whatever_is_guessed_elsewhere(guarded: Any, person: str) -> None:
    secret = pyotp.random_base32()
    owners, thief = Browser(guarded), Browser(guarded)
    owners.sign_in(person)
    store_accounts.change_account(guarded.store.engine, person, person, "second_factor_set", second_factor=secret)
    for number in range(12):  # from many addresses, his own among them
        elsewhere = {"environ_overrides": {"REMOTE_ADDR": f"203.0.113.{number}" if number else "127.0.0.1"}}
        thief.sign_in(person, **elsewhere)
        page = thief.get("/second-factor", **elsewhere)
        for _ in range(6):
            thief.submit("/second-factor", {"code": "x"}, page, **elsewhere)
    owners.sign_in(person)
    assert owners.submit("/second-factor", {"code": pyotp.TOTP(secret).now()}).status_code == 303


def test_a_form_without_its_token_or_from_elsewhere_signs_nobody_in(browser: Any, person: str, password: str) -> None:
    fields = {"name": person, "password": password}
    assert browser.client.post("/sign-in", data=fields).status_code == 400
    assert browser.submit("/sign-in", fields, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert browser.get("/").status_code == 401


def test_a_one_time_password_has_to_be_changed_first(
    guarded: Any, browser: Any, person: str, password_hash: str
) -> None:
    values = {"password_hash": password_hash, "must_change_password": 1}
    store_accounts.change_account(guarded.store.engine, "olga", person, "password_changed", **values)
    browser.sign_in(person)
    answer = browser.get("/patients")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/password")
    assert browser.client.get("/_dash-layout").status_code == 403
    old, new = "plum vine torch harbor", "brisk copper lantern dune"
    for fields, status in (
        ({"current": "wrong", "new": new, "again": new}, 403),
        ({"current": old, "new": "password", "again": "password"}, 400),
        ({"current": old, "new": new, "again": new + "x"}, 400),
        ({"current": old, "new": old, "again": old}, 400),
        ({"current": old, "new": new, "again": new}, 303),
    ):
        assert browser.submit("/password", fields).status_code == status
    assert browser.get("/patients").status_code == 200
    browser.submit("/sign-out", {})
    assert browser.sign_in(person).status_code == 401
    assert browser.sign_in(person, new).status_code == 303


def test_a_required_second_factor_is_set_up_and_then_asked_for(guarded: Any, browser: Any, person: str) -> None:
    store_accounts.change_account(guarded.store.engine, "olga", person, "account_changed", second_factor_required=1)
    browser.sign_in(person)
    assert browser.get("/patients").headers["Location"] == "/second-factor"
    assert browser.client.get("/_dash-layout").status_code == 403
    page = browser.get("/second-factor")
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", page.get_data(as_text=True))
    assert secret is not None
    generator = pyotp.TOTP(secret.group(1))
    assert browser.submit("/second-factor", {"code": "000000"}, page).status_code == 401
    code = generator.now()
    assert browser.submit("/second-factor", {"code": code}, page).status_code == 303
    assert browser.get("/patients").status_code == 200

    browser.submit("/sign-out", {})
    answer = browser.sign_in(person)
    assert answer.headers["Location"].startswith("/second-factor")
    assert browser.get("/patients").status_code == 401  # the password alone shows nothing
    page = browser.get("/second-factor")
    assert secret.group(1) not in page.get_data(as_text=True)
    assert browser.submit("/second-factor", {"code": code}, page).status_code == 401  # a code serves once
    before = token_of(browser)
    assert browser.submit("/second-factor", {"code": generator.at(time.time() + 30)}, page).status_code == 303
    assert token_of(browser) != before
    assert browser.get("/patients").status_code == 200


@pytest.mark.parametrize("late, status", [(-60, 200), (5, 401)])
def test_a_second_factor_is_waited_for_ten_minutes(
    guarded: Any, browser: Any, person: str, late: float, status: int
) -> None:
    store_accounts.change_account(guarded.store.engine, "olga", person, "second_factor_set", second_factor="A" * 32)
    assert browser.sign_in(person).headers["Location"].startswith("/second-factor")
    mine = WebSession.token_hash == sessions.hash_of(token_of(browser))
    with access_engine(guarded.store.engine).begin() as connection:
        started = time.time() - sessions.PENDING - late
        connection.execute(update(WebSession).where(mine).values(started=started))
    assert browser.get("/second-factor").status_code == status


def test_a_second_factor_by_choice_asks_for_the_password_once_more(
    guarded: Any, signed_in: Callable[[str], Any], person: str, password: str
) -> None:
    browser = signed_in(person)
    page = browser.get("/second-factor")
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", page.get_data(as_text=True))
    assert secret is not None
    code = pyotp.TOTP(secret.group(1)).now()
    for wrong in ({}, {"current": "wrong"}):  # whoever finds the browser open sets none up for its owner
        assert browser.submit("/second-factor", {"code": code, **wrong}, page).status_code == 403
    assert "second_factor_set" not in entries(guarded, person)
    assert browser.submit("/second-factor", {"code": code, "current": password}, page).status_code == 303
    assert "second_factor_set" in entries(guarded, person)


def test_a_password_hash_of_weaker_parameters_is_made_anew(
    guarded: Any, browser: Any, person: str, password: str
) -> None:
    from argon2 import PasswordHasher

    weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(password)
    store_accounts.change_account(guarded.store.engine, "test", person, "password_changed", password_hash=weak)
    browser.sign_in(person)
    with guarded.store.connect_access() as connection:
        kept = queries.account(connection, person).password_hash
    assert kept != weak
    assert "m=65536" in kept


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "",
        "/x\n/y",
        "/_dash-layout",
        " /x",
    ],
)
def test_signing_in_leads_to_a_page_of_this_server(target: str) -> None:
    assert local_target(target) == "/"


def test_the_plain_pages_hold_no_script_of_others_and_escape_what_they_show(browser: Any) -> None:
    asked = browser.get('/patients?x="><script>alert(1)</script>')
    text = asked.get_data(as_text=True)
    assert "<script>alert" not in text
    assert re.findall(r"<script[^>]*>", text) == ['<script src="/assets/first-paint.js">']
    assert asked.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in asked.headers["Content-Security-Policy"]


def test_opening_a_patient_is_told_to_the_trail_once_and_the_chain_holds(
    guarded: Any, signed_in: Callable[[str], Any], person: str, make_body: Callable[..., dict[str, Any]]
) -> None:
    one, code = signed_in(person), guarded.codes[guarded.clinics[0]][3]
    body = make_body(guarded, "patient-body.children", {"url.pathname": f"/patient/{code}"})
    for _ in range(3):
        assert one.call(body).status_code == 200
    with guarded.store.connect_access() as connection:
        told = queries.audit_page(connection, actor=person, action="patient_opened")[0]
        assert [e.subject for e in told] == [code]
        assert broken(store_accounts.audit_entries(connection), store_accounts.audit_seal(connection)) == []


def test_a_running_import_keeps_nobody_from_signing_in_and_opening_a_patient(
    guarded: Any, browser: Any, person: str, make_body: Callable[..., dict[str, Any]]
) -> None:
    code = guarded.codes[guarded.clinics[0]][5]
    with writing(guarded.store.engine) as importing, importing.begin():  # would keep other writers for a minute
        importing.execute(update(StoreInfo).where(StoreInfo.name == "name").values(value="busy"))
        began = time.monotonic()
        assert browser.sign_in(person).status_code == 303
        shown = browser.call(make_body(guarded, "patient-body.children", {"url.pathname": f"/patient/{code}"}))
        assert code in shown.get_data(as_text=True)
        assert browser.submit("/sign-out", {}).status_code == 303
        assert time.monotonic() - began < 30
        importing.rollback()
    assert entries(guarded, person)[:2] == ["signed_out", "signed_in"]
    assert "patient_opened" in entries(guarded, code)


def test_no_patient_is_shown_that_the_trail_cannot_be_told_of(
    guarded: Any,
    signed_in: Callable[[str], Any],
    person: str,
    make_body: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from data_models.store import StoreError

    one, code = signed_in(person), guarded.codes[guarded.clinics[0]][4]
    token = one.token()

    def fail(*_: Any, **__: Any) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(store_accounts, "record", fail)
    body = make_body(guarded, "patient-body.children", {"url.pathname": f"/patient/{code}"})
    text = one.call(body, **{"X-CSRFToken": token}).get_data(as_text=True)
    assert code not in text
    assert "disk is full" in text


def test_a_denied_page_is_told_to_the_trail(guarded: Any, signed_in: Callable[[str], Any]) -> None:
    signed_in("adam").get("/patients")
    with guarded.store.connect_access() as connection:
        denied = queries.audit_page(connection, actor="adam", action="denied")[0]
    assert "/patients" in {e.subject for e in denied}


def test_the_plain_cookie_names_belong_to_plain_connections() -> None:
    app = Flask("test")
    with app.test_request_context("/", base_url="https://x.example"):
        assert sessions.cookie_name("session") == "__Host-session"
    with app.test_request_context("/", base_url="http://127.0.0.1"):
        assert sessions.cookie_name("session") == COOKIE
