"""The `user` commands and `database verify`, as typed."""

from __future__ import annotations

import hashlib
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from dashboard import cli
from dashboard.access import passwords
from data_models.database.engine import StoreError, access_engine
from data_models.questions import accounts as queries
from data_models.store import Store
from data_models.store import accounts as store_accounts

GOOD = "plum vine torch harbor"


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{(tmp_path / 'clinic.db').as_posix()}"


@pytest.fixture
def run(
    database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run a command with a line on standard input: exit code, output, errors."""

    def go(*arguments: str, typed: str = GOOD) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed + "\n"))
        code = cli.run([*arguments, "--database", database])
        told = capsys.readouterr()
        return code, told.out, told.err

    return go


def account(database: str, name: str) -> object:
    store = Store.open(database)
    with store.connect_access() as connection:
        row = queries.account(connection, name)
    store.close()
    return row


def test_an_account_is_added_listed_changed_and_disabled(
    run: Callable[..., tuple[int, str, str]], database: str
) -> None:
    assert run("user", "list")[1].startswith("There are no accounts")
    assert run("user", "add", "Olga", "--role", "owner")[0] == 0
    assert run("user", "add", "anna", "--role", "clinician", "--clinic", "north", "--clinic", "south")[0] == 0
    assert "anna: clinician; north, south; last sign-in never" in run("user", "list")[1]
    assert run("user", "role", "anna", "--role", "clinician", "--role", "administrator", "--every-clinic")[0] == 0
    assert "anna: administrator, clinician; every clinic" in run("user", "list")[1]
    assert run("user", "disable", "anna")[0] == 0
    assert "disabled" in run("user", "list")[1]
    assert run("user", "enable", "anna")[0] == 0
    row = account(database, "anna")
    assert passwords.matches(GOOD, row.password_hash)  # type: ignore[attr-defined]
    assert GOOD not in Path(database.removeprefix("sqlite:///")).read_bytes().decode("latin-1")


@pytest.mark.parametrize(
    "arguments, typed, part",
    [
        (["add", "anna"], GOOD, "at least one --role"),
        (["add", "anna", "--role", "king"], GOOD, "no role 'king'"),
        (["add", "anna", "--role", "clinician"], GOOD, "--every-clinic"),
        (["add", "anna smith", "--role", "owner"], GOOD, "no name for an account"),
        (["add", "anna", "--role", "owner"], "password", "guessed first"),
        (["add", "anna", "--role", "owner"], "", "at least 8 characters"),
        (["add", "anna", "--role", "clinician", "--clinic", "x", "--every-clinic"], GOOD, "exclude each other"),
        (["password", "nobody"], GOOD, "no account 'nobody'"),
        (["disable", "nobody"], GOOD, "no account 'nobody'"),
        (["role", "nobody"], GOOD, "name what to set"),
    ],
)
def test_a_wrong_command_is_refused_in_one_line(
    run: Callable[..., tuple[int, str, str]], arguments: list[str], typed: str, part: str
) -> None:
    code, _, error = run("user", *arguments, typed=typed)
    assert code in (1, 2)
    assert part in error
    assert error.count("\n") == 1


def test_the_last_owner_is_not_disabled(run: Callable[..., tuple[int, str, str]]) -> None:
    run("user", "add", "olga", "--role", "owner")
    assert "last owner" in run("user", "disable", "olga")[2]
    assert "last owner" in run("user", "role", "olga", "--role", "data_manager", "--every-clinic")[2]


def test_a_one_time_password_is_shown_once_and_has_to_be_changed(
    run: Callable[..., tuple[int, str, str]], database: str
) -> None:
    told = run("user", "add", "olga", "--role", "owner", "--one-time")[1]
    secret = told.rpartition(": ")[2].strip()
    row = account(database, "olga")
    assert row.must_change_password == 1  # type: ignore[attr-defined]
    assert passwords.matches(secret, row.password_hash)  # type: ignore[attr-defined]


def test_a_lost_second_factor_is_forgotten_by_command(run: Callable[..., tuple[int, str, str]], database: str) -> None:
    run("user", "add", "olga", "--role", "owner")
    assert run("user", "second-factor", "olga", "--required")[0] == 0
    assert account(database, "olga").second_factor_required == 1  # type: ignore[attr-defined]
    assert run("user", "second-factor", "olga", "--reset", "--optional")[0] == 0
    assert account(database, "olga").second_factor_required == 0  # type: ignore[attr-defined]


def test_verify_says_that_the_trail_holds_or_where_it_does_not(
    run: Callable[..., tuple[int, str, str]], database: str, small_records: Path
) -> None:
    run("user", "add", "olga", "--role", "owner")
    assert run("import", str(small_records))[0] == 0
    code, told, _ = run("database", "verify")
    assert code == 0
    assert "3 entries, seal " in told
    store = Store.open(database)
    with access_engine(store.engine).begin() as connection:
        connection.execute(text("UPDATE audit_entries SET actor = 'mallory' WHERE sequence = 1"))
    store.close()
    code, _, error = run("database", "verify")
    assert code == 1
    assert "entry 1 was altered" in error


def test_without_accounts_commands_keep_no_trail(run: Callable[..., tuple[int, str, str]], small_records: Path) -> None:
    run("import", str(small_records))
    assert "0 entries" in run("database", "verify")[1]


def test_what_leaves_by_command_is_told_to_the_trail_with_filters_counts_and_the_files_digest(
    run: Callable[..., tuple[int, str, str]], database: str, small_records: Path, tmp_path: Path
) -> None:
    run("user", "add", "olga", "--role", "owner")
    run("import", str(small_records))
    files = {
        "outcomes.csv": ["outcomes"],
        "summary.json": ["summary", "--instrument", "phq9", "--where", "route=iv", "--by", "sex"],
        "summary.csv": ["summary", "--instrument", "phq9"],
        "A1": ["report", "A1"],
    }
    digests = {}
    for subject, arguments in files.items():
        path = tmp_path / (subject if "." in subject else f"{subject}.html")
        assert run(*arguments, "-o", str(path))[0] == 0
        digests[subject] = hashlib.sha256(path.read_bytes()).hexdigest()
    assert run("derive", "--rule", "course_gap_days=60")[0] == 0
    store = Store.open(database)
    with store.connect_access() as connection:
        latest_last = reversed(queries.audit_page(connection)[0])
        entries = {e.subject: (e.action, json.loads(e.details)) for e in latest_last}
    store.close()
    for subject, digest in digests.items():
        action, details = entries[subject]
        assert action == ("patient_report" if subject == "A1" else "export")
        assert details["content"] == digest
    details = entries["summary.json"][1]
    assert (details["query"], details["by"], details["least"]) == ("instrument=phq9&route=iv", "sex", 0)
    assert (details["patients"], details["courses"], len(details["fingerprint"])) == ("1", "1", 64)
    assert entries["outcomes.csv"][1]["rows"] == 2
    assert entries["rules"][1]["changed"] == ["course_gap_days=60"]
    action, details = entries["records"]
    assert (action, details["patients"], details["assessments"]) == ("imported", 2, 6)
    assert run("database", "verify")[0] == 0


def test_nothing_leaves_that_the_trail_cannot_be_told_of(
    run: Callable[..., tuple[int, str, str]], small_records: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("user", "add", "olga", "--role", "owner")
    run("import", str(small_records))

    def fail(*_: object, **__: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(store_accounts, "record", fail)
    for arguments in (["outcomes"], ["summary", "--instrument", "phq9"], ["report", "A1"]):
        path = tmp_path / "taken.html"
        code, told, error = run(*arguments, "-o", str(path))
        assert (code, told, path.exists()) == (1, "", False)
        assert "the disk is full" in error


def test_a_database_whose_accounts_were_left_behind_is_neither_served_nor_read_out(
    run: Callable[..., tuple[int, str, str]], database: str, small_records: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("user", "add", "olga", "--role", "owner")
    run("import", str(small_records))
    file = Path(database.removeprefix("sqlite:///"))
    for part in file.parent.glob(f"{file.name}.access*"):
        part.unlink()
    monkeypatch.setattr("dashboard.commands.demonstration.require_free_port", lambda _: None)
    for arguments in (["serve"], ["serve", "--host", "0.0.0.0"], ["outcomes"], ["database", "verify"]):
        code, told, error = run(*arguments)
        assert (code, told) == (1, ""), arguments
        assert "clinic.db.access: the accounts and the audit trail are missing" in error
