"""Whatever tells of single patients has told the audit trail: every callback and route, every question of patients."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event

import dashboard.exports
import data_models.questions
from dashboard.access import state
from dashboard.answers import data
from dashboard.pages.accounts.tables import words_of
from dashboard.pages.records import jobs
from data_models.questions import Shows
from data_models.questions import accounts as queries
from data_models.store import StoreError
from data_models.store import accounts as store_accounts
from tests.dashboard.access.test_guard import calls, routes

Make = Callable[..., dict[str, Any]]
ENTRY_OF = {Shows.LIST: "list_opened", Shows.PATIENT: "patient_opened"}
CHECK = "check of records"
CODES = re.compile(r"^\s*(WITH\b.*?\)\s*)?SELECT\b(?:(?!\bFROM\b).)*\bpatient_code\b", re.DOTALL | re.IGNORECASE)


def questions_of_patients() -> set[str]:
    """Names of the questions that declare that their answers show single patients."""
    found = set()
    for package in (data_models.questions, dashboard.exports):
        for info in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            for name, one in vars(importlib.import_module(info.name)).items():
                if getattr(one, "shows", None) in ENTRY_OF and one.__module__ == info.name:
                    found.add(name)
    return found


class Watch:
    """What was asked about patients since it was last cleared, and whether codes of patients were read."""

    def __init__(self) -> None:
        self.asked: dict[str, str] = {}  # question -> the entry that it has to leave
        self.read: list[str] = []

    def clear(self) -> None:
        self.asked, self.read = {}, []


@pytest.fixture
def watch(guarded: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    found, what_shows = Watch(), data.what_shows

    def asking(question: Any) -> Shows:
        shown = what_shows(question)
        if shown in ENTRY_OF:
            found.asked[question.__name__] = ENTRY_OF[shown]
        return shown

    def start(*_: Any) -> str:
        found.asked[CHECK] = "check_started"
        return "0" * 32

    def reading(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if CODES.match(statement):
            found.read.append(statement)

    monkeypatch.setattr(data, "what_shows", asking)
    monkeypatch.setattr(jobs, "start", start)
    event.listen(guarded.store.engine, "before_cursor_execute", reading)
    yield found
    event.remove(guarded.store.engine, "before_cursor_execute", reading)


def entries_after(app: Any, sequence: int) -> list[tuple[str, str]]:
    """Action and subject of the entries of the trail after one, the latest first."""
    with app.store.connect_access() as connection:
        return [(e.action, e.subject) for e in queries.audit_page(connection)[0] if e.sequence > sequence]


def last_entry(app: Any) -> int:
    with app.store.connect_access() as connection:
        seal = store_accounts.audit_seal(connection)
    assert seal is not None
    return seal[0]


def values_for(code: str) -> dict[str, Any]:
    """What calls hold: a patient, a list by filters, the report, dropped records."""
    return {
        "url.pathname": f"/patient/{code}",
        "url.search": "?route=iv",
        "worklist.getRowsRequest": {"startRow": 0, "endRow": 60},
        "patient-body.children": "x",
        "patient-report.n_clicks": 1,
        "records-dropped.data": {"names": ["patients.csv"], "contents": ["eA=="]},
    }


def test_every_callback_leaves_an_entry_for_each_question_of_patients_that_it_asks(
    guarded: Any, signed_in: Any, make_body: Make, watch: Watch
) -> None:
    code, reached, read = guarded.codes[guarded.clinics[0]][21], set(), 0
    for name in ("chief", "adam", "dora", "olga"):
        one = signed_in(name)
        token = one.token()
        for output in calls(guarded):
            body, wanted = make_body(guarded, output, values_for(code)), set()
            for again in (False, True):  # the second time some answer is a remembered one
                with guarded.server.app_context():
                    state.access().noted.clear()  # as ten minutes later
                watch.clear()
                before = last_entry(guarded)
                one.call(body, **{"X-CSRFToken": token})
                entries = entries_after(guarded, before)
                wanted |= set(watch.asked.values())
                assert wanted <= {action for action, _ in entries}, (name, output, again)
                assert {subject for action, subject in entries if action == "patient_opened"} <= {code}
                assert not watch.read or wanted, (name, output, watch.read)
                reached |= set(watch.asked)
                read += len(watch.read)
    assert read > 2
    assert reached == {*questions_of_patients(), CHECK}


def test_no_callback_tells_of_patients_what_the_trail_cannot_be_told_of(
    guarded: Any, signed_in: Any, make_body: Make, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, every = guarded.codes[guarded.clinics[0]][22], [c for codes in guarded.codes.values() for c in codes]
    people = [signed_in(name) for name in ("chief", "dora")]
    tokens = [one.token() for one in people]

    def fail(*_: Any, **__: Any) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(store_accounts, "record", fail)
    for output in calls(guarded):
        body = make_body(guarded, output, values_for(code))
        for one, token in zip(people, tokens, strict=True):
            with guarded.server.app_context():
                state.access().noted.clear()
            text = one.call(body, **{"X-CSRFToken": token}).get_data(as_text=True)
            assert not [other for other in every if other in text], output
            assert CHECK not in watch.asked


def test_a_patient_who_is_not_there_is_answered_with_nothing(
    guarded: Any, signed_in: Any, make_body: Make, watch: Watch
) -> None:
    one, before, pages = signed_in("clara"), last_entry(guarded), ("patient-", "patient_")
    strangers = [guarded.codes[guarded.clinics[1]][0], "nobody"]
    texts = []
    for output in [name for name in calls(guarded) if name.startswith(pages)]:
        for code in strangers:
            answer = one.call(make_body(guarded, output, values_for(code)))
            texts.append(answer.get_data(as_text=True).replace(code, "CODE"))
        assert texts[-1] == texts[-2], output  # one of another clinic is as one who is nowhere
    assert len(texts) > 4
    assert "patient_opened" not in {action for action, _ in entries_after(guarded, before)}


def test_no_route_beside_the_callbacks_reads_a_patient(guarded: Any, signed_in: Any, watch: Watch) -> None:
    one, code = signed_in("chief"), guarded.codes[guarded.clinics[0]][23]
    for _, path, method in routes(guarded):
        if path != "/sign-out":
            headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin", "X-CSRFToken": one.token()}
            one.client.open(path.format(code=code), method=method, headers=headers, json={})
    assert not watch.read
    assert not watch.asked


def test_who_walks_from_patient_to_patient_is_said_to_have_opened_the_list(
    guarded: Any, signed_in: Any, make_body: Make
) -> None:
    one, before = signed_in("boris"), last_entry(guarded)
    for code in guarded.codes[guarded.clinics[1]][:12]:
        one.call(make_body(guarded, "patient-pager.children", {"url.pathname": f"/patient/{code}"}))
    actions = [words_of(action) for action, _ in entries_after(guarded, before)]
    assert actions == ["opened the list of patients"]
