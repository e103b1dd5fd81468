"""Accounts and the audit trail in the store: rights, last owner, a chain that shows every tampering."""

from __future__ import annotations

import multiprocessing
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from data_models.database.access_tables import Person, SignInFailure, pack, unpack
from data_models.database.engine import access_engine, writing
from data_models.definitions.scope import Scope
from data_models.questions import accounts as queries
from data_models.store import Store, StoreError
from data_models.store import accounts as store_accounts
from data_models.store.audit_chain import FIRST, Entry, broken, details_text, entry_hash

CLINICIAN, OWNER = frozenset({"clinician"}), frozenset({"owner"})


def add(store: Store, name: str, roles: frozenset[str], clinics: frozenset[str] | None = None) -> None:
    store_accounts.add_account(store.engine, "test", name, roles, clinics, password_hash=None, must_change=False)


def trail(length: int) -> list[Entry]:
    entries, previous = [], FIRST
    for number in range(1, length + 1):
        fields = (number, "2026-01-01T00:00:00.000+00:00", "anna", "patient_opened", f"P{number}", "{}")
        previous = entry_hash(previous, *fields)
        entries.append(Entry(*fields, previous))
    return entries


def test_an_account_is_read_back_with_its_rights(store: Store) -> None:
    add(store, "anna", CLINICIAN, frozenset({"north", "south"}))
    with store.connect_access() as connection:
        row = queries.account(connection, "anna")
        assert row is not None
        assert (unpack(row.roles), unpack(row.clinics)) == (CLINICIAN, {"north", "south"})
        assert not queries.owner_exists(connection)


@pytest.mark.parametrize("values", [None, frozenset(), frozenset({"north"}), frozenset({"a", "b"})])
def test_clinics_come_back_as_they_were_stored(values: frozenset[str] | None) -> None:
    assert unpack(pack(values)) == values


def test_a_name_is_taken_once_and_roles_are_known_ones(store: Store) -> None:
    add(store, "anna", CLINICIAN)
    with pytest.raises(StoreError, match="already"):
        add(store, "anna", OWNER)
    with pytest.raises(StoreError, match="no role 'king'"):
        add(store, "bert", frozenset({"king"}))
    with pytest.raises(StoreError, match="at least one role"):
        add(store, "bert", frozenset())


@pytest.mark.parametrize("change", [{"disabled": 1}, {"roles": CLINICIAN}])
def test_the_last_owner_who_can_sign_in_stays_one(store: Store, change: dict[str, object]) -> None:
    add(store, "olga", OWNER)
    with pytest.raises(StoreError, match="last owner"):
        store_accounts.change_account(store.engine, "test", "olga", "account_changed", **change)
    add(store, "otto", OWNER)
    store_accounts.change_account(store.engine, "test", "olga", "account_changed", **change)


def test_changing_an_account_ends_its_web_sessions(store: Store) -> None:
    add(store, "olga", OWNER)
    add(store, "anna", CLINICIAN)
    for number, name in ((1, "olga"), (2, "anna")):
        store_accounts.start_session(store.engine, name, number, name * 8, complete=True, forget=[])
    store_accounts.change_account(store.engine, "olga", "anna", "account_disabled", disabled=1)
    with store.connect_access() as connection:
        assert queries.web_session(connection, "anna" * 8) is None
        assert queries.web_session(connection, "olga" * 8) is not None


@pytest.mark.parametrize(
    "roles, scope",
    [
        ({"clinician"}, Scope(frozenset({"north"}), patients=True)),
        ({"administrator"}, Scope(frozenset({"north"}), patients=False)),
        ({"administrator", "clinician"}, Scope(frozenset({"north"}), patients=True)),
        ({"data_manager"}, Scope(frozenset({"north"}), patients=False)),
        ({"owner"}, Scope(frozenset(), patients=False)),
        ({"owner", "clinician"}, Scope(frozenset({"north"}), patients=True)),
    ],
)
def test_a_persons_scope_follows_from_the_roles(roles: set[str], scope: Scope) -> None:
    assert Person("anna", frozenset(roles), frozenset({"north"})).scope == scope


def test_an_owner_alone_with_every_clinic_still_reads_no_record() -> None:
    assert Person("olga", OWNER, None).scope == Scope(frozenset(), patients=False)


def _failures(store: Store) -> dict[str, int]:
    with store.connect_access() as connection:
        return {row.source: row.failures for row in connection.execute(select(*SignInFailure.__table__.c))}


def _no_wait(_: object) -> float:
    return 0


def test_failures_are_counted_per_source_within_the_window(store: Store) -> None:
    for _ in range(3):
        store_accounts.count_attempt(store.engine, ["a", "b"], 60, _no_wait)
    store_accounts.count_attempt(store.engine, ["b"], -1, _no_wait)  # the window has passed: counting restarts
    assert _failures(store) == {"a": 3, "b": 1}


def test_a_right_attempt_is_counted_no_longer_and_leaves_what_others_failed(store: Store) -> None:
    failed = store_accounts.count_attempt(store.engine, ["a"], 60, _no_wait)
    right = store_accounts.count_attempt(store.engine, ["a", "b"], 60, _no_wait)
    assert right.before == {"a": (1, failed.at)}
    store_accounts.forgive_attempt(store.engine, ["a", "b"], right)
    assert _failures(store) == {"a": 1}
    assert store_accounts.count_attempt(store.engine, ["a"], 60, _no_wait).before == {"a": (1, failed.at)}


def test_an_attempt_that_has_to_wait_is_not_counted(store: Store) -> None:
    assert store_accounts.count_attempt(store.engine, ["a"], 60, lambda _: 7.5).wait == 7.5
    assert _failures(store) == {}


def test_what_was_counted_by_a_clock_put_back_since_counts_as_of_now(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nobody could sign in until the clock is there again."""
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 86_400)
    for _ in range(2):
        store_accounts.count_attempt(store.engine, ["a"], 60, _no_wait)
    monkeypatch.setattr(time, "time", lambda: now)
    waiting = store_accounts.count_attempt(store.engine, ["a"], 60, lambda counted: counted["a"][1] + 15 - now)
    assert (waiting.wait, waiting.before) == (15, {"a": (2, now)})
    monkeypatch.setattr(time, "time", lambda: now + 10)
    assert store_accounts.count_attempt(store.engine, ["a"], 60, _no_wait).before == {"a": (2, now)}
    assert _failures(store) == {"a": 3}


def _attempts(url: str, barrier: Any, looked_at: Any) -> None:
    """Ten attempts of one worker process; five failures are free."""
    store = Store.open(url)
    barrier.wait(60)
    for _ in range(10):
        attempt = store_accounts.count_attempt(store.engine, ["a"], 60, lambda n: n.get("a", (0, 0.0))[0] >= 5)
        with looked_at.get_lock():
            looked_at.value += attempt.wait == 0
    store.close()


def test_of_attempts_made_at_once_by_several_processes_as_many_are_looked_at_as_one_by_one(store: Store) -> None:
    context = multiprocessing.get_context("spawn")
    barrier, looked_at = context.Barrier(4), context.Value("i", 0)
    url = store.engine.url.render_as_string(hide_password=False)
    workers = [context.Process(target=_attempts, args=(url, barrier, looked_at)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert looked_at.value == 5
    assert _failures(store) == {"a": 5}


def test_a_time_step_of_the_second_factor_serves_once(store: Store) -> None:
    add(store, "anna", CLINICIAN)
    assert store_accounts.use_second_factor_step(store.engine, 1, 100)
    assert not store_accounts.use_second_factor_step(store.engine, 1, 100)
    assert not store_accounts.use_second_factor_step(store.engine, 1, 99)
    assert store_accounts.use_second_factor_step(store.engine, 1, 101)


def test_the_trail_of_a_store_holds_and_filters(store: Store) -> None:
    add(store, "anna", CLINICIAN)
    store_accounts.record(store.engine, "anna", "patient_opened", "P1")
    store_accounts.record(store.engine, "bert", "patient_opened", "P2", address="192.0.2.1")
    with store.connect_access() as connection:
        assert broken(store_accounts.audit_entries(connection), store_accounts.audit_seal(connection)) == []
        entries, total = queries.audit_page(connection, action="patient_opened")
        assert ([e.subject for e in entries], total) == (["P2", "P1"], 2)
        assert [e.subject for e in queries.audit_page(connection, actor="bert")[0]] == ["P2"]
        assert [e.subject for e in queries.audit_page(connection, text="192.0")[0]] == ["P2"]
        assert queries.audit_page(connection, text="%")[1] == 0
        assert queries.audit_page(connection, limit=1, offset=1)[0][0].subject == "P1"
        today = entries[0].time[:10]
        assert queries.audit_page(connection, first_day=today, last_day=today)[1] == 3
        assert queries.audit_page(connection, first_day="2999-01-01")[1] == 0
        assert queries.audit_page(connection, last_day="1999-12-31")[1] == 0
        assert queries.audit_values(connection) == (["anna", "bert", "test"], ["account_added", "patient_opened"])


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit_entries SET subject = 'P9' WHERE sequence = 2",
        "DELETE FROM audit_entries WHERE sequence = 2",
        "DELETE FROM audit_entries WHERE sequence = 4",
        "DELETE FROM audit_seal",
        "DELETE FROM audit_entries",
    ],
)
def test_tampering_in_the_database_is_found(store: Store, tampering: str) -> None:
    for number in range(1, 5):
        store_accounts.record(store.engine, "anna", "patient_opened", f"P{number}")
    with access_engine(store.engine).begin() as connection:
        connection.execute(text(tampering))
    with store.connect_access() as connection:
        assert broken(store_accounts.audit_entries(connection), store_accounts.audit_seal(connection))


def test_every_single_alteration_deletion_insertion_and_swap_among_10_000_entries_is_found() -> None:
    whole = trail(10_000)
    assert broken(whole, (len(whole), whole[-1].hash)) == []

    def found(at: int, changed: list[Entry]) -> bool:
        """Whether a stretch put in place of entries `at` to `at` + 3 is found; before it nothing differs."""
        end = min(at + 4, len(whole))
        return bool(broken(changed, (end, whole[end - 1].hash), (at, whole[at - 1].hash if at else FIRST)))

    for at in range(len(whole)):
        rest = whole[at : at + 4]
        assert not found(at, rest)
        before = (at, whole[at - 1].hash if at else FIRST)
        for field in ("time", "actor", "action", "subject", "details", "hash"):
            altered = replace(rest[0], **{field: getattr(rest[0], field)[:-1] + "~"})
            assert broken([altered], (at + 1, rest[0].hash), before), field
        assert broken([replace(rest[0], sequence=at + 2)], (at + 1, rest[0].hash), before)
        assert found(at, rest[1:])
        assert found(at, [rest[0], rest[0], *rest[1:]])
        if len(rest) > 1:
            assert found(at, [rest[1], rest[0], *rest[2:]])


@pytest.mark.parametrize("kind", ["altered", "deleted", "inserted", "swapped", "rehashed", "cut"])
def test_the_check_names_tampering_anywhere_in_the_trail(kind: str) -> None:
    whole = trail(300)
    seal = (300, whole[-1].hash)
    for at in range(0, 299, 23):
        changed = list(whole)
        if kind == "altered":
            changed[at] = replace(whole[at], actor="bert")
        elif kind == "deleted":
            del changed[at]
        elif kind == "inserted":
            changed.insert(at, whole[at])
        elif kind == "swapped":
            changed[at], changed[at + 1] = whole[at + 1], whole[at]
        elif kind == "rehashed":  # the forger makes the altered entry's own hash right
            one = replace(whole[at], actor="bert")
            before = whole[at - 1].hash if at else FIRST
            fields = (one.sequence, one.time, one.actor, one.action, one.subject, one.details)
            changed[at] = replace(one, hash=entry_hash(before, *fields))
        else:
            changed = changed[: at + 1]
        assert broken(changed, seal), (kind, at)


def test_the_check_says_which_entries_are_missing_altered_or_out_of_place() -> None:
    one, two, three, four = whole = trail(4)
    seal = (4, four.hash)
    assert broken([one, three, four], seal)[0] == "entry 2 missing before entry 3"
    assert broken([one, four], seal)[0] == "entries 2 on missing before entry 4"
    assert broken([one, replace(two, actor="mallory"), three, four], seal) == [
        "entry 2 was altered, or what stood before it"
    ]
    assert broken([one, two, two, three, four], seal)[0] == "entry 2 stands where entry 3 should"
    assert broken(whole[:3], seal) == ["the seal names 4 entries and the trail ends at 3"]
    assert broken(whole, (4, three.hash)) == ["the last entry is not the one that was sealed"]
    assert broken(whole, None) == ["the seal of the trail is missing"]
    assert broken([], None) == []


def test_fields_cannot_run_into_each_other() -> None:
    assert entry_hash(FIRST, 1, "t", "ab", "c", "", "{}") != entry_hash(FIRST, 1, "t", "a", "bc", "", "{}")


def test_over_long_details_are_kept_by_their_hash() -> None:
    assert len(details_text({"text": "x" * 100_000})) < 200
    assert details_text({"b": 1, "a": 2}) == '{"a":2,"b":1}'


def test_nobody_waits_for_an_import_to_sign_in_or_to_be_told_of(store: Store) -> None:
    add(store, "anna", CLINICIAN)
    with writing(store.engine) as importing, importing.begin():
        importing.execute(text("UPDATE store_info SET value = 'busy' WHERE name = 'name'"))
        began = time.monotonic()
        store_accounts.start_session(store.engine, "anna", 1, "a" * 64, complete=True, forget=[])
        store_accounts.record(store.engine, "anna", "patient_opened", "P1")
        store_accounts.count_attempt(store.engine, ["a"], 60, _no_wait)
        add(store, "olga", OWNER)
        store_accounts.change_account(store.engine, "olga", "anna", "account_disabled", disabled=1)
        assert time.monotonic() - began < 10  # a writer of the records waits for a minute and fails
    with store.connect_access() as connection:
        assert broken(store_accounts.audit_entries(connection), store_accounts.audit_seal(connection)) == []
        assert store_accounts.audit_seal(connection)[0] == 5  # type: ignore[index]


def test_each_entry_is_on_the_disk_before_the_deed(sqlite_store: Store) -> None:
    with sqlite_store.connect_access() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL: after a power cut too


def test_a_store_without_its_accounts_is_shut_and_not_open(sqlite_store: Store) -> None:
    assert not store_accounts.trail_kept(sqlite_store.engine)
    add(sqlite_store, "olga", OWNER)
    assert store_accounts.trail_kept(sqlite_store.engine)
    sqlite_store.close()
    records = Path(str(sqlite_store.engine.url.database))
    for part in records.parent.glob(f"{records.name}.access*"):
        part.unlink()
    again = Store.open(f"sqlite:///{records.as_posix()}")
    with pytest.raises(StoreError, match=r"\.access: the accounts and the audit trail are missing"):
        store_accounts.trail_kept(again.engine)
    add(again, "olga", OWNER)  # whoever has the command line and the files begins anew
    assert store_accounts.trail_kept(again.engine)
    again.close()
