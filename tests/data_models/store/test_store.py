"""The store: opening, importing once, importing more, refusing whole, changing rules."""

from __future__ import annotations

import sqlite3
import stat
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import create_engine, inspect, select, text

from data_models.database.access_tables import ACCESS_TABLES
from data_models.database.engine import parts
from data_models.database.loading import Load
from data_models.database.tables import Base, CourseOutcome
from data_models.definitions.rules import DEFAULT_RULES
from data_models.definitions.scope import Scope
from data_models.intake.contract import RecordsRefused
from data_models.store import Store, StoreError
from data_models.store import importing as store_import
from data_models.store.accounts import trail_kept
from data_models.store.check import check_path

TABLES = frozenset(Base.metadata.tables)


def _outcomes(store: Store) -> str:
    return store.outcomes_frame().to_csv(index=False)


def _facts(store: Store) -> dict[str, pd.DataFrame]:
    with store.connect() as connection:
        return {
            name: pd.DataFrame(connection.execute(select(table).order_by(*table.primary_key)).mappings().all())
            for name, table in Base.metadata.tables.items()
            if name not in {"imports", "store_info"} | ACCESS_TABLES
        }


def _quiet(step: str, share: float) -> None:
    pass


def _add(folder: Path, table: str, *rows: str) -> None:
    with (folder / f"{table}.csv").open("a") as file:
        file.writelines(f"{row}\n" for row in rows)


def _only(folder: Path, **tables: str) -> Path:
    folder.mkdir()
    for table, content in tables.items():
        (folder / f"{table}.csv").write_text(content)
    return folder


def test_an_import_stores_records_and_outcomes(store: Store, small_records: Path) -> None:
    result = store.import_path(small_records)
    assert not result.already_imported
    assert (result.patients, result.sessions, result.assessments, result.side_effects) == (2, 3, 6, 1)
    row = store.outcomes_frame().set_index("patient_code").loc["A1"]
    assert (row["baseline"], row["onset_left"], row["onset_right"], row["onset_sessions"]) == (20, 1, 4, 2)
    assert (row["loss_left"], row["duration_days"], row["duration_event"]) == (11, 7, 0)
    # Two sessions are no complete induction.
    assert pd.isna(row["end_of_induction_score"])
    assert pd.isna(row["durability_end"])


def test_the_same_content_again_changes_nothing(store: Store, small_records: Path, tmp_path: Path) -> None:
    store.import_path(small_records)
    version, before = store.version(), _facts(store)
    reordered = tmp_path / "again"
    reordered.mkdir()
    for file in small_records.glob("*.csv"):
        head, *rows = file.read_text().splitlines()
        (reordered / file.name).write_text("\n".join([head, *reversed(rows)]) + "\n")
    for folder in (small_records, reordered):
        assert store.import_path(folder).already_imported
    assert store.version() == version
    for name, frame in _facts(store).items():
        pd.testing.assert_frame_equal(frame, before[name])


def test_more_records_of_a_known_patient_are_added_and_only_that_patient_is_derived_anew(
    store: Store, small_records: Path, tmp_path: Path
) -> None:
    store.import_path(small_records)
    with store.engine.begin() as connection:  # a mark that a new derivation of B2 would wipe out
        code = select(Base.metadata.tables["patients"].c.patient_id).where(
            Base.metadata.tables["patients"].c.patient_code == "B2"
        )
        b2 = connection.execute(code).scalar_one()
        outcomes = Base.metadata.tables["course_outcomes"]
        connection.execute(outcomes.update().where(outcomes.c.patient_id == b2).values(scores=99))
    more = _only(tmp_path / "more", assessments="patient_code,hours,instrument,score\nA1,400,phq9,7\nA1,96,phq9,8\n")
    result = store.import_path(more)
    assert (result.patients, result.assessments, result.repeats) == (0, 1, 1)
    outcomes_frame = store.outcomes_frame().set_index("patient_code")
    assert outcomes_frame.loc["A1", "last"] == 7
    assert outcomes_frame.loc["B2", "scores"] == 99


def _conflict(folder: Path) -> Path:
    return _only(folder, assessments="patient_code,hours,instrument,score\nA1,96,phq9,9\nA1,500,phq9,9\n")


def test_a_conflict_with_what_is_stored_refuses_the_batch(store: Store, small_records: Path, tmp_path: Path) -> None:
    store.import_path(small_records)
    before = _facts(store)
    with pytest.raises(RecordsRefused) as refused:
        store.import_path(_conflict(tmp_path / "more"))
    assert [(p.file, p.row) for p in refused.value.problems] == [("assessments.csv", 2)]
    for name, frame in _facts(store).items():
        pd.testing.assert_frame_equal(frame, before[name])


def test_a_refused_import_leaves_the_file_byte_for_byte(
    sqlite_store: Store, small_records: Path, tmp_path: Path
) -> None:
    sqlite_store.import_path(small_records)
    file = Path(sqlite_store.engine.url.database or "")
    sqlite_store.close()
    before = file.read_bytes()
    with pytest.raises(RecordsRefused):
        sqlite_store.import_path(_conflict(tmp_path / "more"))
    sqlite_store.close()
    assert file.read_bytes() == before


def test_a_check_says_what_an_import_would_do_and_stores_nothing(
    store: Store, small_records: Path, tmp_path: Path
) -> None:
    would, _ = check_path(small_records, store, _quiet, Scope.everything())
    assert all(frame.empty for frame in _facts(store).values())
    assert store.version() == 0
    did = store.import_path(small_records)
    assert (would.patients, would.sessions, would.assessments) == (did.patients, did.sessions, did.assessments)
    assert check_path(small_records, store, _quiet, Scope.everything())[0].already_imported
    with pytest.raises(RecordsRefused):
        check_path(_conflict(tmp_path / "more"), store, _quiet, Scope.everything())


def test_a_check_compares_with_what_the_scope_sees_and_with_no_more(store: Store, small_records: Path) -> None:
    def checked(at: Store | None, *clinics: str) -> object:
        return check_path(small_records, at, _quiet, Scope(frozenset(clinics)))

    store.import_path(small_records)
    would, _ = check_path(small_records, store, _quiet, Scope(frozenset({"south"})))
    assert not would.already_imported
    assert (would.patients, would.sessions, would.assessments, would.side_effects) == (1, 2, 4, 1)
    assert check_path(small_records, store, _quiet, Scope(frozenset({"north", "south"})))[0].already_imported
    assert checked(store, "west") == checked(store) == checked(None)
    file = small_records / "patients.csv"
    file.write_text(file.read_text().replace("A1,north,35-44,female", "A1,north,35-44,male"))
    assert checked(store, "west") == checked(store) == checked(None)
    assert check_path(small_records, store, _quiet, Scope(frozenset({"north"})))[0].changed == {"sex": 1}


def test_a_failure_while_storing_leaves_nothing_half_stored(
    store: Store, small_records: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(Load):
        def finish(self) -> None:
            super().finish()
            if "courses" in self._sent:
                raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(store_import, "Load", Failing)
    with pytest.raises(StoreError, match="disk is full"):
        store.import_path(small_records)
    monkeypatch.undo()
    assert all(frame.empty for frame in _facts(store).values())
    assert store.version() == 0
    assert not store.import_path(small_records).already_imported


def test_changing_a_rule_derives_everything_anew_and_is_kept(store: Store, small_records: Path) -> None:
    store.import_path(small_records)
    before, version = _outcomes(store), store.version()
    rules = DEFAULT_RULES.changed({"response_improvement": 0.25, "partial_improvement": 0.2})
    preview = store.outcomes_frame(rules).to_csv(index=False)
    assert preview != before
    assert _outcomes(store) == before
    store.derive(rules)
    assert _outcomes(store) == preview
    assert store.rules() == rules
    assert store.version() > version
    store.derive(DEFAULT_RULES)
    assert _outcomes(store) == before


def test_deriving_in_slices_of_patients_gives_the_same(
    store: Store, sample_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import data_models.store.derivation as module

    store.import_path(sample_folder)
    whole = _facts(store)
    monkeypatch.setattr(module, "PATIENTS_AT_ONCE", 70)
    store.derive()
    for name, frame in _facts(store).items():
        pd.testing.assert_frame_equal(frame, whole[name])


def test_readers_see_the_store_before_or_after_an_import_never_between(store: Store, small_records: Path) -> None:
    with store.connect() as connection:
        count = select(CourseOutcome.patient_id)
        assert connection.execute(count).all() == []
        store.import_path(small_records)
        assert connection.execute(count).all() == []  # the snapshot that this reader began with
    with store.connect() as connection:
        assert len(connection.execute(count).all()) == 2


def test_two_imports_at_once_wait_for_each_other(store: Store, small_records: Path, tmp_path: Path) -> None:
    other = _only(
        tmp_path / "other",
        patients="patient_code\nC3\n",
        sessions="patient_code,hours\nC3,0\n",
        assessments="patient_code,hours,instrument,score\nC3,-1,phq9,20\nC3,5,phq9,9\n",
    )
    errors: list[BaseException] = []

    def run(folder: Path) -> None:
        try:
            store.import_path(folder)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(folder,)) for folder in (small_records, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(store.outcomes_frame()["patient_code"]) == ["A1", "B2", "C3"]


def test_a_store_is_readable_by_its_owner_alone(sqlite_store: Store) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows keeps rights in access lists, not in mode bits")
    assert stat.S_IMODE(Path(sqlite_store.engine.url.database or "").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "url, message",
    [
        ("not a url", "no database URL"),
        ("sqlite://", "in-memory"),
        ("oracle://host/db", "not supported"),
        ("postgresql://nobody@127.0.0.1:1/none", "cannot be reached"),
    ],
)
def test_an_impossible_url_is_one_sentence(url: str, message: str) -> None:
    with pytest.raises(StoreError, match=message) as error:
        Store.open(url)
    assert "\n" not in str(error.value)


def test_a_file_that_is_no_database_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "notes.db"
    file.write_text("these are notes, not a database\n" * 100)
    before = file.read_bytes()
    with pytest.raises(StoreError, match="cannot be opened as a store"):
        Store.open(f"sqlite:///{file.as_posix()}")
    assert file.read_bytes() == before


def test_migrations_make_the_tables_that_the_program_maps(store: Store) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    made: set[str] = set()
    for engine, part in parts(store.engine).items():
        wanted = {"records": TABLES - ACCESS_TABLES, "access": ACCESS_TABLES, "whole": TABLES}[part]

        def of_this_part(_: object, name: str | None, kind: str, *__: object, wanted: frozenset[str] = wanted) -> bool:
            return kind != "table" or name in wanted

        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"include_object": of_this_part})
            assert compare_metadata(context, Base.metadata) == []
            there = set(inspect(connection).get_table_names()) - {"alembic_version"}
        assert there == wanted
        made |= there
    assert made == TABLES


def test_a_store_keeps_no_calendar_time(store: Store, small_records: Path) -> None:
    store.import_path(small_records)
    with store.engine.connect() as connection:
        for name in sorted(TABLES - ACCESS_TABLES):
            table = Base.metadata.tables[name]
            kinds = {str(column.type) for column in table.columns}
            assert not kinds & {"DATE", "DATETIME", "TIMESTAMP", "TIME"}, table.name
            for row in connection.execute(select(table)).all():
                assert not any(isinstance(v, str) and len(v) > 9 and v[4:5] == v[7:8] == "-" for v in row)


def test_postgresql_asks_for_the_upgrade_and_then_opens(postgresql_url: str, small_records: Path) -> None:
    made = Store.open(postgresql_url)  # it held nothing: made, as a file is
    with made.engine.begin() as connection:
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        connection.execute(text("UPDATE alembic_version SET version_num = '0003'"))
    with pytest.raises(StoreError, match="database upgrade"):
        Store.open(postgresql_url)
    with made.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})
    made.close()
    store = Store.open(postgresql_url)
    store.import_path(small_records)
    assert len(store.outcomes_frame()) == 2
    store.close()


def test_both_engines_give_the_same_outcomes(sqlite_store: Store, postgresql_store: Store, sample_folder: Path) -> None:
    for store in (sqlite_store, postgresql_store):
        store.import_path(sample_folder)
    assert _outcomes(sqlite_store) == _outcomes(postgresql_store)
    for name, frame in _facts(sqlite_store).items():
        pd.testing.assert_frame_equal(frame, _facts(postgresql_store)[name], check_dtype=False)


def test_a_store_recovers_when_its_connections_are_cut(postgresql_store: Store, small_records: Path) -> None:
    postgresql_store.import_path(small_records)
    with postgresql_store.engine.connect() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert len(postgresql_store.outcomes_frame()) == 2


def test_a_connection_that_breaks_is_told_plainly_and_the_next_one_works(postgresql_store: Store) -> None:
    def lose() -> None:
        with postgresql_store.connect() as connection:
            number = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            with postgresql_store.engine.connect() as other:
                other.exec_driver_sql(f"SELECT pg_terminate_backend({number}, 5000)")
            connection.exec_driver_sql("SELECT 1")

    with pytest.raises(StoreError, match="cannot be reached") as lost:
        lose()
    assert "\n" not in str(lost.value)
    with postgresql_store.connect() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1


def test_what_was_read_stands_though_its_connection_breaks_before_it_is_closed(postgresql_store: Store) -> None:
    """Else an answer that was worked out would be lost, and its request fail, when the server is restarted."""
    for connect in (postgresql_store.connect, postgresql_store.connect_access):
        with connect() as connection:
            number = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            with postgresql_store.engine.connect() as other:
                other.exec_driver_sql(f"SELECT pg_terminate_backend({number}, 5000)")
        with connect() as connection:
            assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1


def test_whether_there_are_accounts_is_asked_plainly(postgresql_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    postgresql_store.engine.dispose()
    monkeypatch.setattr(postgresql_store, "engine", create_engine("postgresql+psycopg:///x?host=/no/such/folder"))
    with pytest.raises(StoreError, match="cannot be reached"):
        trail_kept(postgresql_store.engine)


def test_a_question_that_takes_too_long_is_ended(postgresql_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data_models.database.engine.READ_SECONDS", 0.2)
    store = Store.open(postgresql_store.engine.url.render_as_string(hide_password=False))
    with pytest.raises(StoreError, match=r"longer than 0\.2 s to answer"), store.connect() as connection:
        connection.exec_driver_sql("SELECT pg_sleep(20)")
    with store.connect() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
    with store.writing() as connection:  # an import may take as long as it needs
        connection.exec_driver_sql("SELECT pg_sleep(0.3)")
    store.close()


def test_a_reader_is_told_soon_that_an_import_holds_the_store_and_a_writer_waits(
    postgresql_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data_models.database.engine.READER_WAIT_SECONDS", 0.1)
    store = Store.open(postgresql_store.engine.url.render_as_string(hide_password=False))
    with postgresql_store.writing() as importing:
        importing.exec_driver_sql("LOCK TABLE patients IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(StoreError, match="busy: an import"), store.connect() as connection:
            connection.exec_driver_sql("SELECT 1 FROM patients")
        with ThreadPoolExecutor(1) as thread:
            waiting = thread.submit(store.set_name, "later", False)
            with pytest.raises(TimeoutError):
                waiting.result(0.5)
            importing.rollback()
            waiting.result(10)
    assert store.name() == "later"
    store.close()


def test_postgresql_knows_the_size_of_its_tables_after_a_large_load(postgresql_store: Store) -> None:
    rows = 5_000
    table = Base.metadata.tables["patients"]
    people = pd.DataFrame({"patient_id": range(rows), "patient_code": [f"P{n}" for n in range(rows)]})
    frame = people.reindex(columns=[column.name for column in table.columns])
    with postgresql_store.engine.begin() as connection, Load(connection) as load:
        load.add(frame, table)
        load.finish()
        known = text("SELECT reltuples FROM pg_class WHERE relname = 'patients' AND relkind = 'r'")
        assert connection.execute(known).scalar_one() == rows
