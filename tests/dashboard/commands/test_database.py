"""The commands `database copy, backup, restore, distribute`, as typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard import cli
from data_models.definitions.scope import Scope
from data_models.store import Store
from data_models.store.accounts import add_account, audit_entries


@pytest.fixture
def database(tmp_path: Path, small_records: Path) -> Path:
    """A database with two patients and an account, and so a trail."""
    path = tmp_path / "clinic.db"
    store = Store.open(f"sqlite:///{path.as_posix()}")
    store.import_path(small_records)
    add_account(
        store.engine,
        "test",
        "olga",
        frozenset({"owner"}),
        Scope.everything().clinics,
        password_hash=None,
        must_change=True,
    )
    store.close()
    return path


def actions(path: Path) -> list[str]:
    store = Store.open(f"sqlite:///{path.as_posix()}")
    with store.connect_access() as connection:
        found = [entry.action for entry in audit_entries(connection)]
    store.close()
    return found


def test_a_backup_comes_back_and_the_trail_tells_of_it(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, again = tmp_path / "monday.db", tmp_path / "again.db"
    assert cli.run(["database", "backup", str(file), "--database", str(database)]) == 0
    assert "Backed up 2 patients, 6 assessments and 1 accounts" in capsys.readouterr().out
    assert cli.run(["database", "restore", str(file), "--database", str(again)]) == 0
    assert actions(again) == ["account_added", "database_backed_up", "database_restored"]
    assert cli.run(["database", "verify", "--database", str(again)]) == 0
    assert cli.run(["outcomes", "--database", str(again)]) == 0
    found = capsys.readouterr().out
    assert cli.run(["outcomes", "--database", str(database)]) == 0
    assert found.endswith(capsys.readouterr().out)


def test_a_clinic_names_its_data_set_and_every_file_says_so(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = ["--database", str(database)]
    assert cli.run(["database", "name", "  Clinic   North ", *at]) == 0
    assert "named Clinic North" in capsys.readouterr().out
    assert cli.run(["summary", "--instrument", "phq9", "--format", "csv", "--suppress", "0", *at]) == 0
    assert "Data set,value,Clinic North" in capsys.readouterr().out
    assert "data_set_named" in actions(database)
    for wrong in ("N" * 61, "North\x1b[31m"):
        assert cli.run(["database", "name", wrong, *at]) == 2
    assert cli.run(["database", "name", "", *at]) == 0
    store = Store.open(f"sqlite:///{database.as_posix()}")
    assert store.name() == ""
    store.set_name("Synthetic sample data", synthetic=True)
    store.close()
    assert cli.run(["database", "name", "Clinic North", *at]) == 1, "synthetic data pass for a clinic's"


def test_a_copy_is_told_of_at_both_places(
    database: Path, postgresql_url: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert cli.run(["database", "copy", str(database), postgresql_url]) == 0
    assert "Copied 2 patients" in capsys.readouterr().out
    back = tmp_path / "back.db"
    assert cli.run(["database", "copy", postgresql_url, str(back)]) == 0
    assert actions(back) == ["account_added", "database_copied", "database_copied"]
    assert actions(database) == ["account_added", "database_copied"]


def test_failures_are_one_line_and_change_nothing(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, part in (
        (["copy", str(tmp_path / "none.db"), str(tmp_path / "new.db")], "there is no database here"),
        (["copy", str(database), str(database)], "onto itself"),
        (["copy", str(database), "mysql://server/outcomes"], "not supported"),
        (["restore", str(tmp_path / "none.db"), "--database", str(tmp_path / "new.db")], "cannot be read"),
        (["backup", str(database), "--database", str(database)], "such a file already"),
        (["distribute", "--database", str(database)], "only a PostgreSQL store can be distributed"),
    ):
        assert cli.run(["database", *arguments]) == 1, arguments
        error = capsys.readouterr().err
        assert part in error
        assert error.count("\n") == 1
    assert not (tmp_path / "new.db").exists()
