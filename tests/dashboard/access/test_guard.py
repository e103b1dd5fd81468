"""Every route and every callback of the running app, asked for by people who may not."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from dashboard import ids
from dashboard.access import sessions
from dashboard.access.roles import PAGES
from dashboard.pages import pages
from data_models.database.access_tables import WebSession
from data_models.database.engine import access_engine
from data_models.store import accounts as store_accounts

OPEN = {"/assets/<path:filename>", "/sign-in", "/single-sign-on", "/single-sign-on/answer"}
PAGE_LOAD = re.compile(rb'"end_id":"[\w~-]+"')  # Dash draws and signs a random name for each load of the page
FRAME = {"url", "who", "data-set-name", "page", "notice"}
VALUES = {"<path:path>": "patient/{code}", "<string:package_name>": "dash", "<path:fingerprinted_path>": "x.js"}
ROLE_OF = {"clara": "clinician", "adam": "administrator", "dora": "data_manager", "olga": "owner"}


def routes(app: Any) -> list[tuple[str, str, str]]:
    """Every (rule, path, method) that the app's server knows."""
    found = []
    for rule in app.server.url_map.iter_rules():
        path = rule.rule
        for part, value in VALUES.items():
            path = path.replace(part, value)
        path = re.sub(r"<[^>]+>", "x", path)
        found += [(rule.rule, path, method) for method in sorted(rule.methods - {"OPTIONS", "HEAD"})]
    return found


def calls(app: Any) -> list[str]:
    """Every callback that the server answers."""
    return [output for output, spec in app.callback_map.items() if "callback" in spec]


def token_of_a_form(browser: Any) -> str:
    """The token against forged requests, as the form for signing in carries it."""
    page = browser.get("/sign-in" if browser.client.get_cookie("ketamine_outcomes_session") is None else "/password")
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.get_data(as_text=True))
    assert found is not None
    return found.group(1)


def holds_no_record(app: Any, answer: Any, asked_for: str = "/patient/x") -> bool:
    """Whether no patient's code is in an answer, other than in the address that was asked for."""
    text = answer.get_data(as_text=True).replace(asked_for, "")
    return not any(code in text for codes in app.codes.values() for code in codes)


def test_the_app_has_the_routes_and_callbacks_that_this_test_walks(guarded: Any) -> None:
    assert {"/", "/<path:path>", "/_dash-layout", "/_dash-dependencies", "/_dash-update-component"} <= {
        rule for rule, _, _ in routes(guarded)
    }
    assert len(calls(guarded)) > 10


@pytest.mark.parametrize("who", ["anonymous", "disabled", "expired", "idle", "signed out", "forged"])
def test_whoever_is_not_signed_in_is_refused_at_every_route(
    guarded: Any, browser: Any, signed_in: Callable[[str], Any], who: str
) -> None:
    """With the form's token, which anybody gets at the door: else a POST would be refused for want of one."""
    if who in ("expired", "idle", "signed out"):
        browser = signed_in("clara")
        assert browser.get("/patients").status_code == 200
    token = token_of_a_form(browser)
    code = guarded.codes[guarded.clinics[0]][0]
    if who == "disabled":
        assert browser.sign_in("gone").status_code == 401
    elif who == "forged":
        browser.client.set_cookie("ketamine_outcomes_session", "x" * 43)
    elif who != "anonymous":
        session = sessions.hash_of(browser.client.get_cookie("ketamine_outcomes_session").value)
        if who == "signed out":
            store_accounts.end_session(guarded.store.engine, session)
        else:  # its row stays in the store
            back = {"expired": {"started": sessions.ABSOLUTE}, "idle": {"seen": sessions.IDLE}}[who]
            times = {name: time.time() - seconds - 5 for name, seconds in back.items()}
            with access_engine(guarded.store.engine).begin() as connection:
                mine = WebSession.token_hash == session
                assert connection.execute(update(WebSession).where(mine).values(**times)).rowcount == 1
    for rule, path, method in routes(guarded):
        if rule in OPEN:
            continue
        for accept in ("text/html", "application/json"):
            headers = {"Accept": accept, "Sec-Fetch-Site": "same-origin", "X-CSRFToken": token}
            answer = browser.client.open(path.format(code=code), method=method, headers=headers)
            assert answer.status_code == 401, (rule, method, answer.status_code)
            assert answer.mimetype == ("text/html" if accept == "text/html" else "text/plain")
            assert holds_no_record(guarded, answer, f"/patient/{code}")


def test_an_anonymous_call_of_any_callback_is_refused(
    guarded: Any, browser: Any, make_body: Callable[..., dict[str, Any]]
) -> None:
    token = token_of_a_form(browser)
    for output in calls(guarded):
        for headers in ({}, {"X-CSRFToken": "x"}, {"X-CSRFToken": token}):
            answer = browser.call(make_body(guarded, output), **headers)
            assert answer.status_code == 401, output
            assert holds_no_record(guarded, answer)


@pytest.mark.parametrize("name", ROLE_OF)
def test_each_role_is_refused_the_pages_that_are_not_its_own(
    guarded: Any, signed_in: Callable[[str], Any], name: str
) -> None:
    one = signed_in(name)
    code = guarded.codes[guarded.clinics[0]][0]
    for path, roles in ((page.path, PAGES[page.path]) for page in pages()):
        if path == "/":
            continue  # it leads to one's own first page
        answer = one.get(path + code if path == ids.PATIENT else path)
        if ROLE_OF[name] in roles:
            assert answer.status_code == 200
        else:
            assert answer.status_code == 403, path
            assert holds_no_record(guarded, answer)


@pytest.mark.parametrize("name", ROLE_OF)
def test_each_role_is_refused_the_callbacks_that_are_not_its_own(
    guarded: Any, signed_in: Callable[[str], Any], make_body: Callable[..., dict[str, Any]], name: str
) -> None:
    one, refused = signed_in(name), 0
    token = one.token()
    rights = guarded.server.extensions["ketamine_outcomes_access"].callbacks
    assert set(calls(guarded)) <= set(rights)
    for output in calls(guarded):
        if ROLE_OF[name] in rights[output]:
            continue
        refused += 1
        answer = one.call(make_body(guarded, output), **{"X-CSRFToken": token})
        assert answer.status_code == 403, output
        assert holds_no_record(guarded, answer)
    assert refused > 3


def test_every_page_says_which_roles_see_it() -> None:
    assert {page.path for page in pages()} <= set(PAGES)


def test_the_wrong_clinics_clinician_sees_no_patient_of_another(
    guarded: Any, signed_in: Callable[[str], Any], make_body: Callable[..., dict[str, Any]]
) -> None:
    """Whatever a clinician of clinic A asks for, no code of clinic B comes back; the same calls do bring A's."""
    own, others = guarded.codes[guarded.clinics[0]], guarded.codes[guarded.clinics[1]]
    clara, boris = signed_in("clara"), signed_in("boris")
    rights = guarded.server.extensions["ketamine_outcomes_access"].callbacks
    brought = 0
    for output in calls(guarded):
        if "clinician" not in rights[output]:
            continue
        for code in (own[0], others[0]):
            values = {
                "url.pathname": f"/patient/{code}",
                "url.search": f"?clinic={guarded.clinics[1]}&patient_code={code}",
                "worklist.getRowsRequest": {"startRow": 0, "endRow": 500},
                "patient-body.children": "x",
            }
            for search in (values["url.search"], ""):
                body = make_body(guarded, output, values | {"url.search": search})
                text = clara.call(body).get_data(as_text=True)
                assert not [c for c in others if c in text.replace(f"/patient/{code}", "")], output
                brought += own[0] in text
                if code == others[0]:
                    continue
    assert brought
    body = make_body(guarded, "patient-body.children", {"url.pathname": f"/patient/{others[0]}"})
    assert others[0] in boris.call(body).get_data(as_text=True)
    assert "Patient not found" in clara.call(body).get_data(as_text=True)


def test_an_administrator_gets_cohorts_and_no_patient(
    guarded: Any, signed_in: Callable[[str], Any], make_body: Callable[..., dict[str, Any]]
) -> None:
    adam, chief = signed_in("adam"), signed_in("chief")
    for output, path in (("cohort-body.children", "/"), ("side-effects-body.children", "/side-effects")):
        body = make_body(guarded, output, {"url.pathname": path, "url.search": "?route=intranasal"})
        answer, full = adam.call(body), chief.call(body)
        assert answer.status_code == full.status_code == 200
        text = answer.get_data(as_text=True)
        assert ("<11" in text) or ("\\u003c11" in text)
        assert "state-error" not in text + full.get_data(as_text=True)
        assert "ounts are rounded to 5" in text
        assert "ounts are rounded to 5" not in full.get_data(as_text=True)
        assert holds_no_record(guarded, answer)
    code = guarded.codes[guarded.clinics[0]][0]
    body = make_body(guarded, "patient-body.children", {"url.pathname": f"/patient/{code}"})
    assert adam.call(body).status_code == 403


def test_figures_are_rounded_for_whoever_sees_no_patient(guarded: Any) -> None:
    from flask import g

    from dashboard.answers import data
    from data_models.database.access_tables import Person
    from data_models.definitions.filters import CohortFilter

    cohort = CohortFilter()
    with guarded.server.test_request_context("/"):
        for roles in ({"administrator"}, {"data_manager"}, {"owner"}):
            g.person = Person("somebody", frozenset(roles), None, 1)
            figures = data.figures(cohort)
            counted = [
                *figures.funnel.as_json().values(),
                *(rate.n for rate in (figures.rates.early, figures.rates.response.ever)),
                *(group.effects.sessions_asked for group in data.side_effects_by(cohort, "route")),
                *(one.funnel.courses for one in data.split(cohort, "route").values()),
            ]
            assert all(n is None or n % 5 == 0 for n in counted)
            compared = data.rates_compared(cohort, "route").response
            assert all(
                n is None or n % 5 == 0 for group in compared.groups for n in (group.crude.n, group.crude.events)
            )
            assert [one.p_value for one in compared.differences if one.p_value is not None] == []


def test_an_answer_that_nobody_can_round_is_refused() -> None:
    from dashboard.exports.rounded_answers import rounded
    from data_models.questions import NotAllowed

    with pytest.raises(NotAllowed, match="shown to clinicians only"):
        rounded({"courses": 3}, zero=True)


@pytest.mark.parametrize("name", ["clara", "boris", "chief", "adam", "dora", "olga"])
def test_first_page_layout_and_assets_hold_no_record_for_anyone(
    guarded: Any, signed_in: Callable[[str], Any], name: str
) -> None:
    one = signed_in(name)
    for path in ("/", "/patients", "/_dash-layout", "/_dash-dependencies"):
        answer = one.get(path, follow_redirects=True)
        assert holds_no_record(guarded, answer), path
        assert not any(clinic in answer.get_data(as_text=True) for clinic in guarded.clinics), path


def test_whatever_is_no_answer_of_a_callback_is_the_same_for_two_clinics_clinicians(
    guarded: Any, signed_in: Callable[[str], Any], project_root: Path
) -> None:
    """Index, layouts with their stores, dependencies and assets: nothing in them is of a clinic or a person."""
    clara, boris = signed_in("clara"), signed_in("boris")
    paths = ["/_dash-layout", "/_dash-dependencies", *(page.path for page in pages())]
    assets = [path.name for path in (project_root / "dashboard" / "assets").iterdir() if path.is_file()]
    index = clara.get("/patients").get_data(as_text=True)
    scripts = re.findall(r'(?:src|href)="(/_dash-component-suites/[^"]+)"', index)
    assert len(assets) > 10
    assert scripts
    for path in [*paths, *(f"/assets/{name}" for name in assets), *scripts[:3]]:
        a, b = clara.get(path), boris.get(path)
        assert a.status_code == b.status_code, path
        assert PAGE_LOAD.sub(b"", a.get_data()) == PAGE_LOAD.sub(b"", b.get_data()), path
        if not path.startswith("/_dash-component-suites/"):  # Dash's own files
            assert holds_no_record(guarded, a), path


def test_somebody_who_is_disabled_while_signed_in_is_refused_everywhere(
    guarded: Any, browser: Any, make_body: Callable[..., dict[str, Any]], password_hash: str
) -> None:
    engine, every = guarded.store.engine, frozenset(ROLE_OF.values())
    store_accounts.add_account(engine, "test", "leaver", every, None, password_hash=password_hash, must_change=False)
    assert browser.sign_in("leaver").status_code == 303
    token, code = browser.token(), guarded.codes[guarded.clinics[0]][0]
    body = make_body(guarded, "patient-body.children", {"url.pathname": f"/patient/{code}"})
    assert code in browser.call(body, **{"X-CSRFToken": token}).get_data(as_text=True)
    store_accounts.change_account(engine, "test", "leaver", "account_disabled", disabled=1)
    for output in calls(guarded):
        answer = browser.call(make_body(guarded, output), **{"X-CSRFToken": token})
        assert answer.status_code in (401, 403), output
        assert holds_no_record(guarded, answer)
    for rule, path, method in routes(guarded):
        if rule not in OPEN:
            answer = browser.client.open(path.format(code=code), method=method, headers={"X-CSRFToken": token})
            assert answer.status_code in (400, 401, 403), (rule, method)
            assert holds_no_record(guarded, answer, f"/patient/{code}")


@pytest.mark.parametrize(
    "name, shown", [("clara", "/patients"), ("adam", "/side-effects"), ("dora", "/records"), ("olga", "/accounts")]
)
def test_the_navigation_holds_ones_own_pages(signed_in: Callable[[str], Any], name: str, shown: str) -> None:
    text = signed_in(name).get("/_dash-layout").get_data(as_text=True).replace("\\u002f", "/")
    assert f'"page":"{shown}"' in text
    assert ('"page":"/patients"' in text) == (name == "clara")
    assert ('"page":"/accounts"' in text) == (name == "olga")


@pytest.mark.parametrize("name, home", [("dora", "/records"), ("olga", "/accounts")])
def test_the_first_address_leads_to_ones_own_first_page(signed_in: Callable[[str], Any], name: str, home: str) -> None:
    answer = signed_in(name).get("/")
    assert (answer.status_code, answer.headers["Location"]) == (303, home)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "", "Origin": "https://evil.example"}, {"X-CSRFToken": ""}, {"X-CSRFToken": "forged"},
    ],
)  # fmt: skip
def test_a_call_from_elsewhere_or_without_the_token_is_refused(
    guarded: Any,
    signed_in: Callable[[str], Any],
    make_body: Callable[..., dict[str, Any]],
    headers: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    clara = signed_in("clara")
    code = guarded.codes[guarded.clinics[0]][0]
    body = make_body(guarded, "patient-body.children", {"url.pathname": f"/patient/{code}"})
    assert clara.call(body).status_code == 200
    answer = clara.call(body, **headers)
    assert answer.status_code in (400, 403)
    assert holds_no_record(guarded, answer)
    assert "a request of 127.0.0.1 was refused" in caplog.text
    assert code not in caplog.text


def test_another_sessions_token_does_not_serve(
    guarded: Any, signed_in: Callable[[str], Any], make_body: Callable[..., dict[str, Any]]
) -> None:
    clara, boris = signed_in("clara"), signed_in("boris")
    body = make_body(guarded, "data-set-name.children", {"data-set-name.id": "data-set-name"})
    assert clara.call(body).status_code == 200
    assert clara.call(body, **{"X-CSRFToken": boris.token()}).status_code == 400


def test_a_huge_body_is_refused(signed_in: Callable[[str], Any]) -> None:
    clara = signed_in("clara")
    assert clara.call(b'{"output": "' + b"x" * 2_000_000 + b'"}').status_code == 413
    assert clara.client.post("/sign-in", data={"name": "x" * 100_000}).status_code in (400, 413)


def test_what_is_not_there_is_told_in_a_sentence(signed_in: Callable[[str], Any]) -> None:
    answer = signed_in("clara").get("/assets/none.js")
    assert answer.status_code == 404
    assert "There is nothing here." in answer.get_data(as_text=True)


def test_other_methods_are_not_offered(signed_in: Callable[[str], Any]) -> None:
    clara = signed_in("clara")
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"):
        assert clara.client.open("/", method=method).status_code == 405
