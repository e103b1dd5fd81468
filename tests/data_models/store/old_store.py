"""Writes down the store that a version of the program makes, as `test_old_stores.py` opens it with every later one.

    python tests/data_models/store/old_store.py

To be run at each commit that adds a migration: writes `made_by/REVISION.sql` beside this file, two SQLite databases as
statements, records first, then accounts and audit trail. With another checkout as PYTHONPATH the store is that
version's (all since the first can be so run); `-o FILE` says where it goes. It needs nothing of the tests.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

MADE_BY = Path(__file__).parent / "made_by"
BESIDE = "-- the file beside it: accounts and audit trail\n"

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


def fill(store: Any, folder: Path) -> None:
    """Import the records, as the old stores did."""
    for number, part in enumerate(PARTS):
        (folder / str(number)).mkdir()
        for name, rows in part.items():
            (folder / str(number) / f"{name}.csv").write_text(rows)
        store.import_path(folder / str(number))


def dump(path: Path) -> str:
    """A SQLite database as statements, but for answers that can be worked out again."""
    connection = sqlite3.connect(path)
    lines = [line for line in connection.iterdump() if not line.startswith('INSERT INTO "kept_answers"')]
    connection.close()
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", type=Path, help="in place of made_by/REVISION.sql")
    given = parser.parse_args()
    from data_models.store import Store

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "old.db"
        store = Store.open(f"sqlite:///{path.as_posix()}")
        fill(store, path.parent)
        try:
            from data_models.store import accounts
        except ImportError:  # 2026-11-23 to 2026-11-28
            try:
                from data_models import store_accounts as accounts  # type: ignore[attr-defined, no-redef]
            except ImportError:  # the first day had none
                accounts = None  # type: ignore[assignment]
        if accounts is not None:
            named: dict[str, Any] = {"password_hash": None, "must_change": True}
            accounts.add_account(store.engine, "clinic", "olga", frozenset({"owner"}), None, **named)
            accounts.record(store.engine, "olga", "patient_opened", "A1")
        store.engine.dispose()
        with sqlite3.connect(path) as connection:
            (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        connection.close()
        beside = path.with_name("old.db.access")
        text = dump(path) + (BESIDE + dump(beside) if beside.exists() else "")
    target = given.o or MADE_BY / f"{revision}.sql"
    target.write_text(text, encoding="utf-8")
    print(f"{target}: {revision}, {len(text):,} bytes")


if __name__ == "__main__":
    main()
