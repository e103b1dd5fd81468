"""Loading rows: what PostgreSQL is told of the sizes of its tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import event

from data_models.store import Store


def _records(folder: Path, codes: range) -> Path:
    """One session each of some patients."""
    folder.mkdir()
    (folder / "patients.csv").write_text("patient_code\n" + "".join(f"P{code}\n" for code in codes))
    (folder / "sessions.csv").write_text("patient_code,hours\n" + "".join(f"P{code},0\n" for code in codes))
    return folder


def test_a_table_is_counted_anew_once_a_tenth_of_its_rows_is_new(
    postgresql_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few rows into millions change no plan, and to count these takes longer than to store the few."""
    monkeypatch.setattr("data_models.database.loading._ROWS_TO_COUNT_ANEW", 1)
    said: list[str] = []

    @event.listens_for(postgresql_store.engine, "before_cursor_execute")
    def hear(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    counted = []
    for first, last in ((0, 100), (100, 102), (102, 120)):
        said.clear()
        postgresql_store.import_path(_records(tmp_path / str(first), range(first, last)))
        counted.append("ANALYZE sessions" in said)
    assert counted == [True, False, True]
