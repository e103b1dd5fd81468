"""Passwords, throttling, the secret key and trusted proxies, each by itself."""

from __future__ import annotations

import base64
import hashlib
import math
import stat
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyotp
import pytest
from flask import Flask, g
from itsdangerous import BadSignature

from dashboard.access import (
    administration,
    callbacks,
    passwords,
    proxies,
    roles,
    second_factor,
    secret_key,
    sessions,
    state,
    throttle,
    trail,
)
from dashboard.access.sessions import CookieSessions
from dashboard.access.signed import signed
from dashboard.settings import SettingsError
from data_models.database.access_tables import Person


@pytest.mark.parametrize(
    "password",
    [
        "", "short1!", "password", "Password1", "12345678", "qwertyuiop", "letmein123", "aaaaaaaaaaaa", "ketamine1",
        "anna-smith-99", "ketamine-outcomes", "Clinic Ketamine 2026",
    ],
)  # fmt: skip
def test_a_guessable_password_is_refused_with_a_sentence(password: str) -> None:
    assert (passwords.problem(password, "anna-smith") or "").endswith(".")


@pytest.mark.parametrize("length", [64, 128, 256])
def test_long_passwords_are_welcome(length: int) -> None:
    assert passwords.problem(("Xk3 plum vine torch " * 20)[:length], "anna") is None
    assert passwords.problem("x" * 257, "anna") is not None


def test_a_password_has_8_to_256_characters_beside_the_words_that_this_product_suggests() -> None:
    good = "vK7#q9Zw"
    assert passwords.problem(good, "anna") is None
    assert "at least 8 characters" in (passwords.problem(good[:7], "anna") or "")
    assert passwords.problem(("Xk3 plum vine torch " * 20)[:256], "anna") is None
    assert "up to 256 characters" in (passwords.problem(("Xk3 plum vine torch " * 20)[:257], "anna") or "")
    assert "at least 8 characters more" in (passwords.problem(f"Clinic{good[:7]}", "anna") or "")
    assert "the account's name" in (passwords.problem("plum ANNA vine torch", "anna") or "")
    assert passwords.problem(good, "") is None


def test_a_password_matches_its_own_hash_alone() -> None:
    stored = passwords.hashed("four random words here")
    assert stored.startswith("$argon2id$")
    assert passwords.matches("four random words here", stored)
    assert not passwords.matches("four random words Here", stored)
    assert not passwords.matches("four random words here", None)
    assert not passwords.matches("x" * 1_000_000, stored)
    assert not passwords.matches("anything", "no hash at all")
    assert not passwords.needs_new_hash(stored)


def test_composed_and_decomposed_letters_are_the_same_password() -> None:
    assert passwords.matches("cafe\u0301 au lait noir", passwords.hashed("caf\u00e9 au lait noir"))


def test_one_time_passwords_are_good_and_differ() -> None:
    made = {passwords.one_time() for _ in range(50)}
    assert len(made) == 50
    assert all(passwords.problem(one, "anna") is None for one in made)
    letters = {letter for one in made for letter in one} - {"-"}
    assert (len(one := made.pop()) - one.count("-")) * math.log2(len(letters)) >= 128


def test_what_is_signed_serves_one_purpose_under_hmac_sha_256() -> None:
    text = signed(b"key", "device").dumps([1, "a"])
    assert signed(b"key", "device").loads(text) == [1, "a"]
    assert len(base64.urlsafe_b64decode(text.rpartition(".")[2] + "=")) == 32
    assert CookieSessions.digest_method is hashlib.sha256
    with pytest.raises(BadSignature):
        signed(b"key", "second factor").loads(text)


def test_an_offer_of_a_second_factor_serves_the_account_that_was_offered_it() -> None:
    """With the offer of another's account, a form would set up a secret that somebody else knows."""
    offer = second_factor.offer(b"key", 7, "SECRET")
    assert second_factor.offered(b"key", 7, offer) == "SECRET"
    assert second_factor.offered(b"key", 8, offer) is None
    assert second_factor.offered(b"other", 7, offer) is None
    assert second_factor.offered(b"key", 7, None) is None
    device = signed(b"key", sessions.DEVICE).dumps([7, "SECRET"])
    assert second_factor.offered(b"key", 7, device) is None


def test_an_offer_of_a_second_factor_lasts_a_quarter_of_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    offer = second_factor.offer(b"key", 7, "SECRET")
    for minutes, found in ((14, "SECRET"), (16, None)):
        monkeypatch.setattr("time.time", lambda after=minutes * 60: now + after)
        assert second_factor.offered(b"key", 7, offer) == found


def test_a_browser_is_known_to_the_account_that_signed_in_with_it() -> None:
    device = str(signed(b"key", sessions.DEVICE).dumps([7, "laptop"]))
    with Flask("test").test_request_context(headers={"Cookie": f"ketamine_outcomes_device={device}"}):
        assert sessions.device_of(b"key", 7) == "laptop"
        assert sessions.device_of(b"key", 8) is None
        assert sessions.device_of(b"other", 7) is None


def test_a_session_lasts_half_an_hour_unused_12_hours_at_most_and_10_minutes_without_its_second_factor() -> None:
    assert (sessions.IDLE, sessions.ABSOLUTE, sessions.PENDING) == (30 * 60, 12 * 60 * 60, 10 * 60)


def test_the_trail_names_whoever_has_an_account_and_knows_what_an_answer_shows() -> None:
    with Flask("test").test_request_context():
        assert (trail.actor(), trail.shown()) == ("", ())
        g.person, g.shown = Person("olga", frozenset({"owner"}), None, 7), ("A1", None)
        assert (trail.actor(), trail.shown()) == ("olga", ("A1", None))
        g.person = state.LOCAL
        assert trail.actor() == ""


def test_one_may_look_without_signing_in_at_the_demo_of_the_sample_alone() -> None:
    sample: Any = SimpleNamespace(synthetic=lambda: True)
    others: Any = SimpleNamespace(synthetic=lambda: False)
    assert state.Access(sample, True, b"", demo=True).is_open() is True
    assert state.Access(others, True, b"", demo=True).is_open() is False
    assert state.Access(sample, False, b"").is_open() is False  # served to other computers


def test_a_code_of_the_second_factor_is_the_current_one_or_a_neighbour() -> None:
    secret, now = second_factor.new(), 1_000_000_000.0
    step = int(now // second_factor.SECONDS)
    at = pyotp.TOTP(secret).at
    found = [second_factor.step_of(secret, at(now + 30 * away), now) for away in (-2, -1, 0, 1, 2)]
    assert found == [None, step - 1, step, step + 1, None]
    code = at(now)
    assert second_factor.step_of(secret, f" {code[:3]} {code[3:]}", now) == step
    for wrong in ("", code[:5], code + "0", "abcdef", "１２３４５６"):
        assert second_factor.step_of(secret, wrong, now) is None


def test_five_failures_are_free_and_then_the_wait_doubles_to_its_limit() -> None:
    pair = throttle.sources("anna", "192.0.2.1", None)[0]
    waits = [pair.wait(failures, 100.0, 100.0) for failures in (4, 5, 6, 7, 60)]
    assert waits == [0, 15, 30, 60, 900]
    assert pair.wait(60, 100.0, 100.0 + throttle.WINDOW) == 0


def test_each_source_has_its_free_attempts_and_its_longest_wait() -> None:
    for codes, longest in ((False, 60), (True, 900)):
        found = throttle.sources("anna", "192.0.2.1", None, second_factor=codes)
        assert [(one.free, one.longest, one.first) for one in found] == [
            (5, 900, 15),
            (30, 900, 15),
            (50, longest, 15),
        ]
        (device,) = throttle.sources("anna", "192.0.2.1", "laptop", second_factor=codes)
        assert (device.free, device.longest, device.first) == (5, 900, 15)
    pair, address, account = throttle.sources("anna", "192.0.2.1", None)
    other = throttle.sources("boris", "192.0.2.1", None)
    assert (pair.key != other[0].key, address.key == other[1].key, account.key != other[2].key) == (True, True, True)
    code = throttle.sources("anna", "192.0.2.1", None, second_factor=True)
    assert [one.key == two.key for one, two in zip((pair, address, account), code, strict=True)] == [False, True, False]


def test_a_wait_runs_out_and_a_count_starts_anew_after_an_hour() -> None:
    (source, *_) = throttle.sources("anna", "192.0.2.1", None)
    assert [source.wait(6, 100.0, now) for now in (100.0, 110.0, 130.0, 131.0)] == [30, 20, 0, 0]
    assert source.wait(60, 0.0, 899.0) == 1
    assert throttle.WINDOW == 3600


def test_guesses_from_elsewhere_do_not_slow_a_known_device() -> None:
    now = 1000.0
    attack = {source.key: (500, now) for source in throttle.sources("olga", "203.0.113.9", None)}
    assert throttle.wait(attack, throttle.sources("olga", "203.0.113.9", None), now) == 900
    assert throttle.wait(attack, throttle.sources("olga", "198.51.100.4", "her laptop"), now) == 0
    # From an address and a device never seen, the owner waits a minute at most.
    assert throttle.wait(attack, throttle.sources("olga", "198.51.100.4", None), now) <= 60


def test_each_page_is_seen_by_the_roles_that_work_with_it() -> None:
    """Patients by clinicians alone, exports by administrators, records by data managers, accounts by owners."""
    assert {
        "/": {"clinician", "administrator"},
        "/side-effects": {"clinician", "administrator"},
        "/patients": {"clinician"},
        "/patient/": {"clinician"},
        "/exports": {"administrator"},
        "/records": {"data_manager"},
        "/methods": {"clinician", "administrator", "data_manager", "owner"},
        "/accounts": {"owner"},
    } == roles.PAGES
    homes = {role: roles.home(Person(role, frozenset({role}), None)) for role in roles.EVERYONE}
    assert homes == {"clinician": "/", "administrator": "/", "data_manager": "/records", "owner": "/accounts"}
    assert not roles.may_see(None, "/")
    assert not roles.may_see(Person("x", roles.EVERYONE, None), "/elsewhere")


PATTERN = '{"index":["ALL"],"type":"row"}'
CALLBACK = {
    "callback": "x",
    "inputs": [{"id": "url", "property": "pathname"}],
    "state": [{"id": PATTERN, "property": "value"}],
}
CALL = {
    "output": "page.children",
    "outputs": {"id": "page", "property": "children"},
    "inputs": [{"id": "url", "property": "pathname", "value": "/"}],
    "state": [[{"id": {"type": "row", "index": 3}, "property": "value", "value": 1}]],
    "changedPropIds": ["url.pathname"],
}


def test_a_call_fits_the_callback_that_it_names() -> None:
    app: Any = SimpleNamespace(callback_map={"page.children": CALLBACK})
    assert callbacks.fits(app, CALL)
    assert callbacks.fits(app, CALL | {"state": [[]]})
    assert callbacks.fits(app, {key: value for key, value in CALL.items() if key != "changedPropIds"})


@pytest.mark.parametrize(
    "changes",
    [
        {"output": "other.children"},
        {"output": None},
        {"outputs": {"id": "page", "property": "style"}},
        {"outputs": {"id": "elsewhere", "property": "children"}},
        {"outputs": [{"id": "page", "property": "children"}]},
        {"inputs": []},
        {"inputs": CALL["inputs"] * 2},
        {"inputs": [{"id": "url", "property": "search", "value": "/"}]},
        {"inputs": [{"id": "store", "property": "pathname", "value": "/"}]},
        {"inputs": [CALL["inputs"]]},
        {"inputs": "url"},
        {"state": [{"id": "row", "property": "value"}]},
        {"state": [[{"id": {"type": "cell", "index": 3}, "property": "value"}]]},
        {"state": [[{"id": {"type": "row"}, "property": "value"}]]},
        {"state": [[{"id": {"type": "row", "index": 3}, "property": "style"}]]},
        {"state": [["row"]]},
        {"changedPropIds": "url.pathname"},
        {"changedPropIds": [1]},
    ],
)
def test_a_call_of_another_shape_does_not_fit(changes: dict[str, Any]) -> None:
    app: Any = SimpleNamespace(callback_map={"page.children": CALLBACK})
    assert not callbacks.fits(app, CALL | changes)


def test_calls_without_output_of_several_and_in_the_browser() -> None:
    several = {"callback": "x", "inputs": [], "state": []}
    app: Any = SimpleNamespace(
        callback_map={
            "..a.x...b.y@mark..": several,
            "none": several | {"no_output": True},
            "browser.x": {"inputs": [], "state": []},
        }
    )
    outputs = [{"id": "a", "property": "x"}, {"id": "b", "property": "y"}]
    assert callbacks.fits(app, {"output": "..a.x...b.y@mark..", "outputs": outputs})
    assert not callbacks.fits(app, {"output": "..a.x...b.y@mark..", "outputs": outputs[:1]})
    assert callbacks.fits(app, {"output": "none"})
    assert not callbacks.fits(app, {"output": "none", "outputs": outputs})
    assert not callbacks.fits(app, {"output": "browser.x", "outputs": {"id": "browser", "property": "x"}})
    assert not callbacks.fits(app, [])


@pytest.mark.parametrize(
    "actor, name, roles_given, clinics, why",
    [
        ("", "anna", {"clinician"}, None, "owners who have signed in"),
        ("olga", "anna smith", {"clinician"}, None, "a name has up to 64"),
        ("olga", "-anna", {"clinician"}, None, "a name has up to 64"),
        ("olga", "a" * 65, {"clinician"}, None, "a name has up to 64"),
        ("olga", "anna", set(), None, "at least one role"),
        ("olga", "anna", {"clinician"}, {"north;south"}, "no semicolon"),
        ("olga", "anna", {"clinician"}, set(), "choose the clinics"),
        ("olga", "anna", {"administrator"}, set(), "choose the clinics"),
        ("olga", "anna", {"data_manager", "owner"}, set(), "choose the clinics"),
    ],
)
def test_an_account_that_cannot_be_is_refused_with_why(
    actor: str, name: str, roles_given: set[str], clinics: set[str] | None, why: str
) -> None:
    seen = None if clinics is None else frozenset(clinics)
    with pytest.raises(administration.Refused, match=why):
        administration.save(actor, name, frozenset(roles_given), seen)


def test_an_ipv6_network_counts_as_one_address() -> None:
    assert throttle.near("2001:db8::1") == throttle.near("2001:db8::ffff") != throttle.near("2001:db8:0:1::1")
    assert throttle.near("192.0.2.1") != throttle.near("192.0.2.2")
    assert throttle.near(None) == "unknown"


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = secret_key.path_for(f"sqlite:///{(tmp_path / 'outcomes.db').as_posix()}")
    assert path.parent == tmp_path
    key = secret_key.load(path)
    assert len(key) == 32
    assert secret_key.load(path) == key
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such file modes")
def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    secret_key.load(path)
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="others may read"):
        secret_key.load(path)


def test_a_short_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    path.touch(mode=0o600)
    with pytest.raises(SettingsError, match="too short"):
        secret_key.load(path)


def _seen(trusted: tuple[str, ...], peer: str) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    application = proxies.TrustedProxies(lambda environ, start: seen.update(environ), proxies.networks(trusted))
    environ = {
        "REMOTE_ADDR": peer, "wsgi.url_scheme": "http", "HTTP_HOST": "inner:8050", "HTTP_FORWARDED": "for=8.8.8.8",
        "HTTP_X_FORWARDED_FOR": "6.6.6.6, 198.51.100.7", "HTTP_X_FORWARDED_PROTO": "https",
        "HTTP_X_FORWARDED_HOST": "outcomes.example.org", "HTTP_X_REAL_IP": "6.6.6.6", "HTTP_X_CLIENT_IP": "6.6.6.6",
        "HTTP_X_SCRIPT_NAME": "/x", "HTTP_TRUE_CLIENT_IP": "6.6.6.6", "HTTP_ACCEPT": "text/html",
    }  # fmt: skip
    application(environ, lambda *_: None)
    return seen


def test_a_trusted_proxy_is_believed_about_one_hop() -> None:
    seen = _seen(("10.0.0.0/24",), "10.0.0.5")
    assert (seen["REMOTE_ADDR"], seen["wsgi.url_scheme"]) == ("198.51.100.7", "https")
    assert seen["HTTP_HOST"] == "outcomes.example.org"


@pytest.mark.parametrize("trusted", [(), ("10.0.0.0/24",), ("::1",)])
def test_anyone_else_is_not_believed(trusted: tuple[str, ...]) -> None:
    seen = _seen(trusted, "203.0.113.5")
    assert (seen["REMOTE_ADDR"], seen["wsgi.url_scheme"], seen["HTTP_HOST"]) == ("203.0.113.5", "http", "inner:8050")
    assert [name for name in seen if name.startswith("HTTP_")] == ["HTTP_HOST", "HTTP_ACCEPT"]
    assert seen[proxies.WAS_FORWARDED]


def test_a_wrong_name_of_a_proxy_is_refused_in_a_sentence() -> None:
    with pytest.raises(SettingsError, match="no address or network"):
        proxies.networks(["proxy.example.org"])
