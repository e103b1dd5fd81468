"""Stores that older versions of the program made: they open and give the figures of a fresh import, or are refused.

`made_by/REVISION.sql` is what the program wrote at the last commit that changed this migration, and
`REVISION-COMMIT.sql` at an earlier one of the same number: the records of `old_store.py` in two imports, with an
owner and a trail. `0005-5fafdb8.sql`, of when 0005 followed 0003, has rows of the list apart.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, create_engine, select, text

from data_models.database import engine
from data_models.database.tables import Base
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import DEFAULT_RULES
from data_models.definitions.scope import Scope
from data_models.outcomes.derive import DERIVATION
from data_models.questions.accounts import accounts
from data_models.questions.similar_courses import similar_courses
from data_models.questions.summary import summarise
from data_models.questions.worklist import SORTABLE, worklist
from data_models.store import Store, StoreError
from data_models.store.accounts import audit_entries, audit_seal
from data_models.store.audit_chain import broken
from data_models.store.copy import restore
from data_models.store.derivation import FACTS
from data_models.store.importing import RECORDS
from tests.data_models.store.old_store import BESIDE, MADE_BY, dump, fill

ALL = Scope.everything()
STORES = sorted(path.stem for path in MADE_BY.glob("*.sql"))
REVISIONS = sorted(script.revision for script in ScriptDirectory.from_config(engine._alembic()).walk_revisions())
# Of 2026-11-23, hours before the first version that others could have had: side effects had no facts of their own.
TOO_OLD = {"0001", *(f"0002-{commit}" for commit in ("8777bb4", "914b7f0", "a430e4a", "5c10831", "79b7897"))}


def held(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Every row of records and facts, in order of the keys."""
    with store.connect() as connection:
        tables = [Base.metadata.tables[name] for name in (*RECORDS, *FACTS)]
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in tables
        }


def figures(store: Store) -> list[object]:
    """What pages and files say."""
    found: list[object] = []
    with store.connect() as connection:
        for scale in ("phq9", "gad7", "madrs"):
            cohort = CohortFilter(scale)
            found.append(json.dumps(summarise(connection, ALL, cohort, store.rules()).as_json()))
            found += [worklist(connection, ALL, cohort, sort=sort) for sort in SORTABLE]
            found += [similar_courses(connection, ALL, scale, "iv", alignment=clock) for clock in ("course", "session")]
    return found


def made_by_revision(store: Store, revision: str) -> None:
    """Take a store's schema back to that of a migration, its records and older facts as they are."""
    for one, part in engine.parts(store.engine).items():
        with engine.writing(one) as connection, connection.begin():
            command.downgrade(engine._alembic(connection, part), revision)


def say(store: Store, statement: str) -> None:
    """Change the database behind a store, as no program does."""
    with store.engine.begin() as connection:
        connection.execute(text(statement))


def opened_again(store: Store) -> Store:
    """The same store in another process; a server is asked for the upgrade that a file gets at once."""
    url = store.engine.url.render_as_string(hide_password=False)
    if store.engine.dialect.name == "sqlite":
        return Store.open(url)
    with pytest.raises(StoreError, match="run: ketamine-outcomes database upgrade"):
        Store.open(url)
    Store.open(url, upgrade=True).close()
    return Store.open(url)


# --- as they were made ----------------------------------------------------------------------------


class Expected(NamedTuple):
    """What a fresh import gives: every figure is worked out of these rows, by the rules that the store keeps."""

    rows: dict[str, list[tuple[object, ...]]]
    figures: list[object]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Expected:
    """Of the records of the old stores."""
    folder = tmp_path_factory.mktemp("fresh")
    store = Store.open(f"sqlite:///{(folder / 'fresh.db').as_posix()}")
    fill(store, folder)
    found = Expected(held(store), figures(store))
    store.close()
    return found


def put_back(name: str, folder: Path) -> str:
    """An old store as the files that it was; its URL."""
    path = folder / "old.db"
    records, _, beside = (MADE_BY / f"{name}.sql").read_text(encoding="utf-8").partition(BESIDE)
    for file, statements in ((path, records), (engine.access_file(path), beside)):
        if statements:
            with closing(sqlite3.connect(file)) as connection:
                connection.executescript(statements)
    return f"sqlite:///{path.as_posix()}"


def put_into_postgresql(name: str, folder: Path, url: str) -> None:
    """An old store's rows in a PostgreSQL database of their revision."""
    here = create_engine(put_back(name, folder))
    beside = engine.access_file(folder / "old.db")
    there = engine.open_engine(url)
    with engine.writing(there) as connection, connection.begin():
        command.upgrade(engine._alembic(connection), name)
        for source in (here, create_engine(f"sqlite:///{beside.as_posix()}")):
            tables = MetaData()
            tables.reflect(source)
            with source.connect() as old:
                for table in tables.sorted_tables:
                    rows = [dict(row) for row in old.execute(select(table)).mappings()]
                    if rows and table.name != "alembic_version":
                        connection.execute(table.insert(), rows)
            source.dispose()
    engine.close(there)


def require_same(store: Store, expected: Expected) -> None:
    """The records and facts of a fresh import, and so its figures; accounts and trail are whole."""
    assert held(store) == expected.rows
    assert store.rules() == DEFAULT_RULES
    assert store.verify() == []
    with store.connect_access() as connection:
        entries = list(audit_entries(connection))
        assert broken(entries, audit_seal(connection)) == []
        assert [(entry.actor, entry.action, entry.subject) for entry in entries] == [
            ("clinic", "account_added", "olga"), ("olga", "patient_opened", "A1")
        ]  # fmt: skip
        assert [row.name for row in accounts(connection)] == ["olga"]


@pytest.mark.parametrize("name", [name for name in STORES if name not in TOO_OLD])
def test_a_store_that_an_older_program_made_gives_the_figures_of_a_fresh_import(
    tmp_path: Path, name: str, expected: Expected
) -> None:
    url = put_back(name, tmp_path)
    old = Store.open(url)
    require_same(old, expected)
    if name == "0002":
        assert figures(old) == expected.figures
    again = Store.open(url)
    assert again.version() == old.version()  # derived once
    for store in (old, again):
        store.close()


@pytest.mark.parametrize("name", [name for name in REVISIONS if name not in TOO_OLD])
def test_so_does_one_in_postgresql(tmp_path: Path, name: str, expected: Expected, postgresql_url: str) -> None:
    put_into_postgresql(name, tmp_path, postgresql_url)
    if name != REVISIONS[-1]:
        with pytest.raises(StoreError, match="run: ketamine-outcomes database upgrade"):
            Store.open(postgresql_url)
    store = Store.open(postgresql_url, upgrade=True)
    require_same(store, expected)
    if name == "0002":
        assert figures(store) == expected.figures
    store.close()


def test_a_backup_that_an_older_program_made_is_restored(tmp_path: Path, expected: Expected) -> None:
    """It holds records, accounts and trail in one file."""
    put_back("0002", tmp_path)
    backup = tmp_path / "old.db"
    with closing(sqlite3.connect(backup)) as connection, connection:
        connection.execute("ATTACH DATABASE ? AS beside", (str(engine.access_file(backup)),))
        made = connection.execute("SELECT name, sql FROM beside.sqlite_master WHERE sql IS NOT NULL").fetchall()
        for name, made_by in made:
            if name != "alembic_version":
                connection.execute(made_by)
                if made_by.startswith("CREATE TABLE"):
                    connection.execute(f"INSERT INTO main.{name} SELECT * FROM beside.{name}")
    engine.access_file(backup).unlink()
    url = f"sqlite:///{(tmp_path / 'restored.db').as_posix()}"
    restore(backup, url)
    store = Store.open(url)
    require_same(store, expected)
    store.close()


@pytest.mark.parametrize("name", sorted(TOO_OLD))
def test_a_store_that_is_too_old_is_refused_and_left_as_it_was(tmp_path: Path, name: str) -> None:
    url = put_back(name, tmp_path)
    before = {path.name: dump(path) for path in tmp_path.iterdir()}
    for _ in range(2):  # by then it is not taken for one of this version either
        with pytest.raises(
            StoreError, match=r"cannot be brought to this program's version \(no effect_facts\."
        ) as refused:
            Store.open(url)
        assert "is left as it was" in str(refused.value)
        assert "\n" not in str(refused.value)
    assert {path: dump(tmp_path / path) for path in before} == before


@pytest.mark.parametrize("revision", REVISIONS)
def test_each_migration_has_the_store_that_it_made_and_is_as_it_was(tmp_path: Path, revision: str) -> None:
    """One that was changed after it landed leaves stores behind that say its number and have other tables."""
    put_back(revision, tmp_path)  # missing? run old_store.py and commit what it writes
    made = create_engine(f"sqlite:///{(tmp_path / 'made.db').as_posix()}")
    with made.begin() as connection:
        command.upgrade(engine._alembic(connection), revision)

    def columns(*files: Path) -> dict[str, list[tuple[object, ...]]]:
        found = {}
        for file in files:
            with closing(sqlite3.connect(file)) as connection:
                for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                    found[table] = sorted(row[1:] for row in connection.execute(f"PRAGMA table_info({table})"))
        return found

    old = tmp_path / "old.db"
    found = columns(old, *filter(Path.exists, [engine.access_file(old)]))
    if revision not in TOO_OLD:
        assert columns(tmp_path / "made.db") == found


# --- taken back -----------------------------------------------------------------------------------


def test_there_and_back_again(store: Store, tmp_path: Path) -> None:
    fill(store, tmp_path)
    before = held(store)
    made_by_revision(store, "0002")
    again = opened_again(store)
    assert held(again) == before
    again.close()


@pytest.mark.parametrize("older", ["derivation", "rules"])
def test_outcomes_that_were_derived_otherwise_are_derived_anew(store: Store, tmp_path: Path, older: str) -> None:
    """By an older derivation, or by rules of which one is new: none is printed over figures made without it."""
    fill(store, tmp_path)
    rules = DEFAULT_RULES.changed({"response_improvement": 0.6})
    store.derive(rules)
    before = held(store), figures(store)
    say(store, "UPDATE course_outcomes SET ever_response = 1 - ever_response, state = 'worse'")
    if older == "derivation":
        say(store, f"UPDATE store_info SET value = '{DERIVATION - 1}' WHERE name = 'derivation'")
    else:
        known = {name: value for name, value in rules.as_dict().items() if name != "loss_confirmations"}
        with store.engine.begin() as connection:
            connection.execute(
                text("UPDATE store_info SET value = :rules WHERE name = 'rules'"),
                {"rules": json.dumps(known | {"no_longer_known": 3})},
            )
    again = opened_again(store)
    assert again.rules() == rules
    assert (held(again), figures(again)) == before
    again.close()


@pytest.mark.parametrize(
    "change, said",
    [
        ("UPDATE alembic_version SET version_num = '0999'", "made by a newer version"),
        ("UPDATE alembic_version SET version_num = 'abc'", "made by a newer version"),
        ("DELETE FROM alembic_version", "does not say which version made its tables"),
        ("DROP TABLE alembic_version", "does not say which version made its tables"),
        ("INSERT INTO alembic_version VALUES ('0005')", "does not say which version made its tables"),
        ("UPDATE alembic_version SET version_num = '0003'", "cannot be brought to .* and is left as it was"),
        ("UPDATE alembic_version SET version_num = '0009'", "cannot be brought to .* and is left as it was"),
        (f"UPDATE store_info SET value = '{DERIVATION + 1}' WHERE name = 'derivation'", "derived by a newer version"),
        ("DELETE FROM store_info", "says of itself .* is damaged"),
        ("DELETE FROM store_info WHERE name = 'rules'", "says of itself .* is damaged"),
        ("UPDATE store_info SET value = '[]' WHERE name = 'rules'", "says of itself .* is damaged"),
        (
            "INSERT INTO store_info VALUES ('records_seal', '{')",
            "what the store says of itself .* is damaged",
        ),
        ("DROP TABLE effect_facts", "has no effect_facts"),
        ("DROP TABLE patients", "has no patients"),
        ("ALTER TABLE courses DROP COLUMN early_stop", "has no courses.early_stop"),
    ],
)
def test_what_this_program_does_not_know_is_refused_plainly(store: Store, change: str, said: str) -> None:
    """It is never called up to date to fail at the first page, and whatever it is, it stays so."""
    say(store, "INSERT INTO patients (patient_id, patient_code) VALUES (1, 'A1')")
    say(store, change)
    said_now = "run: ketamine-outcomes database upgrade"  # what a server is told that may be of an older version

    def tables() -> dict[str, object]:
        found = MetaData()
        found.reflect(store.engine)
        with store.engine.connect() as connection:
            return {t.name: sorted(map(str, connection.execute(select(t)))) for t in found.sorted_tables}

    before = tables()
    for upgrade in (True, None):
        with pytest.raises(StoreError, match=said if upgrade else f"{said}|{said_now}") as refused:
            Store.open(store.engine.url.render_as_string(hide_password=False), upgrade=upgrade)
        assert "\n" not in str(refused.value)
    assert tables() == before
