"""Stores that older versions of the program made: they open, and give the figures of a fresh import.

`made_by/0003.sql` and `made_by/0005.sql` are dumps of what the program wrote at the commits that added these
migrations, of the records below in two imports (at 0005, which then followed 0003, with rows of the list apart).
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import select, text

from data_models.database import engine
from data_models.database.tables import Base
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import DEFAULT_RULES
from data_models.definitions.scope import Scope
from data_models.outcomes.derive import DERIVATION
from data_models.questions.similar_courses import similar_courses
from data_models.questions.summary import summarise
from data_models.questions.worklist import SORTABLE, worklist
from data_models.store import Store, StoreError
from data_models.store.derivation import FACTS
from data_models.store.importing import RECORDS

ALL = Scope.everything()
MADE_BY = Path(__file__).parent / "made_by"
PARTS: tuple[dict[str, str], ...] = (
    {
        "patients": """patient_code,clinic,age_band,sex,diagnosis,conditions,first_session_year
A1,north,35-44,female,ptsd,hypertension;liver,2023
B2,north,45-54,male,anxiety,none,2024
C3,,45-54,male,ptsd,liver,2024
""",
        "sessions": """patient_code,hours,drug,route,dose,dose_unit,systolic_before,diastolic_before,side_effects_asked
A1,0,ketamine,iv,0.5,mg_per_kg,150,80,yes
A1,72,ketamine,iv,0.5,mg_per_kg,120,80,yes
A1,144,ketamine,iv,0.5,mg_per_kg,120,80,yes
B2,0,ketamine,im,,,120,95,no
C3,0,esketamine,intranasal,56,mg,120,80,yes
C3,3000,esketamine,intranasal,84,mg,120,80,yes
""",
        "assessments": """patient_code,hours,instrument,score,item9
A1,-24,phq9,20,1
A1,96,phq9,2,0
A1,200,phq9,4,0
A1,264,phq9,8,2
A1,264,gad7,5,
B2,-2,phq9,14,0
B2,168,phq9,20,1
C3,-2,phq9,18,
C3,2990,phq9,16,
C3,3100,phq9,6,
""",
        "side_effects": """patient_code,hours,term,severity,onset_minutes,resolved_minutes
A1,0,nausea,mild,20,95
A1,72,dizziness,severe,,
C3,0,sedation,moderate,10,40
""",
    },
    {
        "patients": "patient_code,clinic,age_band,sex,diagnosis,first_session_year\nD4,south,18-24,female,ptsd,2024\n",
        "sessions": "patient_code,hours,drug,route\nD4,0,ketamine,iv\nA1,800,ketamine,iv\n",
        "assessments": "patient_code,hours,instrument,score,item9\nA1,790,phq9,19,3\nD4,-1,madrs,30,\n"
        "D4,50,madrs,12,\n",
    },
)


def fill(store: Store, folder: Path) -> None:
    """Import the records, as the old stores did."""
    for number, part in enumerate(PARTS):
        (folder / str(number)).mkdir()
        for name, rows in part.items():
            (folder / str(number) / f"{name}.csv").write_text(rows)
        store.import_path(folder / str(number))


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


@pytest.mark.parametrize("revision", ["0003", "0005"])
def test_a_store_that_an_older_program_made_gives_the_figures_of_a_fresh_import(
    sqlite_store: Store, tmp_path: Path, revision: str
) -> None:
    fill(sqlite_store, tmp_path)
    with sqlite3.connect(tmp_path / "old.db") as connection:
        connection.executescript((MADE_BY / f"{revision}.sql").read_text(encoding="utf-8"))
    old = Store.open(f"sqlite:///{(tmp_path / 'old.db').as_posix()}")
    assert held(old) == held(sqlite_store)
    assert figures(old) == figures(sqlite_store)
    version = old.version()
    again = Store.open(f"sqlite:///{(tmp_path / 'old.db').as_posix()}")
    assert again.version() == version  # derived once
    for store in (old, again):
        store.close()


@pytest.mark.parametrize("revision", ["0002", "0003", "0005", "0006", "0007", "0008"])
def test_there_and_back_again(store: Store, tmp_path: Path, revision: str) -> None:
    fill(store, tmp_path)
    before = held(store), figures(store)
    made_by_revision(store, revision)
    again = opened_again(store)
    assert (held(again), figures(again)) == before
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
        (f"UPDATE store_info SET value = '{DERIVATION + 1}' WHERE name = 'derivation'", "derived by a newer version"),
        ("DROP TABLE effect_facts", "has no effect_facts"),
        ("ALTER TABLE courses DROP COLUMN early_stop", "has no courses.early_stop"),
    ],
)
@pytest.mark.parametrize("upgrade", [None, True])
def test_what_this_program_does_not_know_is_refused_plainly(
    store: Store, change: str, said: str, upgrade: bool | None
) -> None:
    """It is never called up to date to fail at the first page."""
    say(store, change)
    with pytest.raises(StoreError, match=said):
        Store.open(store.engine.url.render_as_string(hide_password=False), upgrade=upgrade)
