"""Remembered answers: the same bytes for the same question, and nothing to whom or when it would be wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dashboard.access import state
from dashboard.answers import cache, data
from data_models.questions import accounts as queries
from data_models.store import StoreError
from data_models.store import accounts as store_accounts

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def cohort_call(guarded: Any, make_body: Make) -> Callable[[str], dict[str, Any]]:
    """The call for the waterfall of the cohort that a query names; a test takes a query that no other takes."""
    return lambda query: make_body(guarded, "waterfall-place.children", {"cohort-cue-go.data-cohort": query})


@pytest.fixture
def patient_call(guarded: Any, make_body: Make) -> Callable[[str], dict[str, Any]]:
    """The call for a patient's page."""
    return lambda code: make_body(guarded, "patient-body.children", {"url.pathname": f"/patient/{code}"})


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every cohort whose waterfall was worked out."""
    seen, found = [], data.Figures.waterfall.func

    def noting(figures: data.Figures) -> Any:
        seen.append(figures.cohort)
        return found(figures)

    monkeypatch.setattr(data.Figures, "waterfall", property(noting))
    return seen


def test_what_is_asked_again_is_answered_with_the_same_bytes_and_not_worked_out(
    signed_in: Any, cohort_call: Any, asked: list[Any]
) -> None:
    call, browsers = cohort_call("?route=iv&sex=male"), [signed_in("chief"), signed_in("chief")]
    answers = [one.call(call) for one in browsers]
    assert len(asked) == 1
    assert answers[0].data == answers[1].data
    assert dict(answers[0].headers) == dict(answers[1].headers)
    assert answers[0].status_code == 200


def test_each_encoding_has_its_own_bytes(signed_in: Any, cohort_call: Any) -> None:
    one, call = signed_in("chief"), cohort_call("?route=iv&sex=female")
    plain = [one.call(call) for _ in range(2)][1]
    assert "Content-Encoding" not in plain.headers
    for name in ("br", "gzip"):
        packed = [one.call(call, **{"Accept-Encoding": name}) for _ in range(2)]
        assert [answer.headers["Content-Encoding"] for answer in packed] == [name, name]
        assert packed[0].data == packed[1].data != plain.data


def test_another_clinic_or_role_gets_an_answer_of_its_own(signed_in: Any, cohort_call: Any, asked: list[Any]) -> None:
    call = cohort_call("?route=im")
    answers = {name: signed_in(name).call(call).data for name in ("chief", "clara", "boris")}
    assert len(asked) == 3
    assert len(set(answers.values())) == 3


def test_people_who_see_no_patient_are_answered_anew(
    guarded: Any, signed_in: Any, make_body: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Any, key: Any) -> None:
        raise AssertionError("their tables name the day on which they were made")

    monkeypatch.setattr(cache.Memory, "find", fail)
    call = make_body(guarded, "cohort-body.children", {"url.pathname": "/", "url.search": "?route=im"})
    assert signed_in("adam").call(call).status_code == 200


def test_a_changed_store_is_read_again(guarded: Any, signed_in: Any, cohort_call: Any, asked: list[Any]) -> None:
    one, call = signed_in("chief"), cohort_call("?route=iv&phase=induction")
    one.call(call)
    guarded.store.set_name("renamed", synthetic=True)
    one.call(call)
    assert len(asked) == 2


def test_the_trail_hears_of_each_person_who_sees_a_remembered_chart(
    guarded: Any, signed_in: Any, patient_call: Any, password_hash: str
) -> None:
    code = guarded.codes[guarded.clinics[0]][7]
    for name in ("first", "second"):
        store_accounts.add_account(
            guarded.store.engine, "test", name, frozenset({"clinician"}), None, password_hash=password_hash,
            must_change=False,
        )  # fmt: skip
        assert code in signed_in(name).call(patient_call(code)).get_data(as_text=True)
        with guarded.store.connect_access() as connection:
            told = queries.audit_page(connection, actor=name, action="patient_opened")[0]
        assert [entry.subject for entry in told] == [code]


def test_no_remembered_chart_is_shown_that_the_trail_cannot_be_told_of(
    guarded: Any, signed_in: Any, patient_call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = guarded.codes[guarded.clinics[0]][8]
    one = signed_in("chief")
    assert code in one.call(patient_call(code)).get_data(as_text=True)
    token = one.token()

    def fail(*_: Any, **__: Any) -> None:
        raise StoreError("the disk is full")

    with guarded.server.app_context():
        state.access().noted.clear()  # as ten minutes later
    monkeypatch.setattr(store_accounts, "record", fail)
    text = one.call(patient_call(code), **{"X-CSRFToken": token}).get_data(as_text=True)
    assert code not in text
    assert "disk is full" in text


def test_what_failed_is_worked_out_anew(signed_in: Any, cohort_call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    one, call = signed_in("chief"), cohort_call("?route=iv&age_band=25-34")

    def fail(_: Any) -> None:
        raise RuntimeError("once")

    with monkeypatch.context() as patched:
        patched.setattr(data.Figures, "waterfall", property(fail))
        assert "could not be worked out" in one.call(call).get_data(as_text=True)
    assert "could not be worked out" not in one.call(call).get_data(as_text=True)


def test_a_session_that_ended_gets_nothing(guarded: Any, signed_in: Any, cohort_call: Any) -> None:
    one, call = signed_in("chief"), cohort_call("?route=iv")
    assert one.call(call).status_code == 200
    one.submit("/sign-out", {})
    assert one.call(call).status_code == 401


@pytest.mark.parametrize("times", [1, 2], ids=["worked out", "remembered"])
def test_each_callback_that_shows_a_patient_has_told_the_trail(
    guarded: Any, signed_in: Any, make_body: Make, times: int
) -> None:
    """The list and the pager give codes of other patients than the one that was asked for."""
    code, one = guarded.codes[guarded.clinics[0]][9 + times], signed_in("chief")
    token, every = one.token(), {code for codes in guarded.codes.values() for code in codes}
    given = {
        "url.pathname": f"/patient/{code}",
        "url.search": "?route=iv",
        "worklist.getRowsRequest": {"startRow": 0, "endRow": 60},
        "patient-body.children": "x",
        "patient-report.n_clicks": 1,
    }

    def entries(action: str) -> list[str]:
        with guarded.store.connect_access() as connection:
            return [entry.subject for entry in queries.audit_page(connection, action=action, limit=100)[0]]

    showed = set()
    for output in [name for name, spec in guarded.callback_map.items() if "callback" in spec]:
        body = make_body(guarded, output, given)
        for _ in range(times):
            with guarded.server.app_context():
                state.access().noted.clear()  # as ten minutes later
            before = {action: len(entries(action)) for action in ("list_opened", "patient_opened")}
            text = one.call(body, **{"X-CSRFToken": token}).get_data(as_text=True)
            opened = len(entries("patient_opened")) > before["patient_opened"] and entries("patient_opened")[0] == code
            listed = len(entries("list_opened")) > before["list_opened"]
            if any(other in text for other in every - {code}):
                assert listed, output
                showed.add("list")
            elif code in text:
                assert opened or listed, output
                showed.add(output)
    assert {"list", "patient-body.children"} <= showed
