"""Checking and importing in a process of their own: what is told, and that no record stays behind."""

from __future__ import annotations

import base64
import json
import os
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import pytest
from plotly.utils import PlotlyJSONEncoder

from dashboard.pages.records import cards, jobs, report, uploads
from dashboard.pages.records.jobs import CHECK, IMPORT, JobState
from data_models.definitions.scope import Scope
from data_models.questions.accounts import audit_page
from data_models.questions.import_history import imports
from data_models.store import Store


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))


@pytest.fixture
def database(tmp_path: Path) -> str:
    url = f"sqlite:///{(tmp_path / 'store.db').as_posix()}"
    Store.open(url).close()
    return url


def _files(records: Path) -> tuple[list[str], list[str]]:
    paths = sorted(records.glob("*.csv"))
    return [p.name for p in paths], [base64.b64encode(p.read_bytes()).decode() for p in paths]


def _done(kind: str, records: Path, database: str) -> JobState:
    """Run a job in this process, as its own process would."""
    token, folder = uploads.private_folder()
    jobs.run(kind, folder, uploads.receive(*_files(records), folder), database, Scope.everything())
    assert not (folder / "records").exists()
    found = jobs.state(token)
    assert found is not None
    assert found.ended
    assert not folder.exists()
    return found


def _version(database: str) -> int:
    store = Store.open(database)
    version = store.version()
    store.close()
    return version


def _left() -> list[str]:
    return [path.name for path in Path(tempfile.gettempdir()).iterdir()]


COUNTS = {"patients": 2, "sessions": 3, "assessments": 6, "side_effects": 1}


def test_a_check_tells_what_there_is_and_stores_nothing(small_records: Path, database: str) -> None:
    before = _version(database)
    found = _done(CHECK, small_records, database)
    assert found.clean
    assert found.counts == COUNTS
    assert not found.already_imported
    assert _version(database) == before
    store = Store.open(database)
    assert store.outcomes_frame().empty
    store.close()


def test_an_import_stores_and_a_second_check_says_so(small_records: Path, database: str) -> None:
    found = _done(IMPORT, small_records, database)
    assert (found.clean, found.counts, found.already_imported) == (True, COUNTS, False)
    again = _done(CHECK, small_records, database)
    assert (again.clean, again.already_imported) == (True, True)


def test_facts_that_change_are_named_before_and_after_and_in_the_trail(small_records: Path, database: str) -> None:
    _done(IMPORT, small_records, database)
    file = small_records / "patients.csv"
    file.write_text(file.read_text().replace("north,35-44", "south,45-54"))
    named = _done(CHECK, small_records, database)
    assert (named.clean, named.already_imported, named.changed) == (True, False, {"clinic": 1, "age_band": 1})
    _, folder = uploads.private_folder()
    jobs.run(IMPORT, folder, uploads.receive(*_files(small_records), folder), database, Scope.everything(), "dora")
    store = Store.open(database)
    with store.connect_access() as connection:
        details = json.loads(audit_page(connection)[0][0].details)
    with store.connect() as connection:
        history = cards.history(imports(connection, Scope.everything()))
    store.close()
    assert (details["changed"], details["patients"]) == ({"clinic": 1, "age_band": 1}, 0)
    assert "A1" not in json.dumps(details)
    said = json.dumps(history.to_plotly_json(), cls=PlotlyJSONEncoder)
    assert "2 imports so far; the latest added no rows and changed the clinic of 1 patient and age band of 1" in said


def test_the_check_finds_what_contradicts_the_store(small_records: Path, database: str) -> None:
    _done(IMPORT, small_records, database)
    (small_records / "assessments.csv").write_text("patient_code,hours,instrument,score\nA1,-24,phq9,3\n")
    found = _done(CHECK, small_records, database)
    assert not found.clean
    assert [(p["file"], p["row"]) for p in found.problems] == [("assessments.csv", 2)]


def test_problems_come_with_file_row_and_column_and_without_what_stood_there(
    small_records: Path, database: str
) -> None:
    with (small_records / "assessments.csv").open("a") as file:
        file.write("A1,300,phq9,john.smith@clinic.example\n" + "A1,301,phq9,99\n" * 2)
    before = _version(database)
    found = _done(IMPORT, small_records, database)
    assert not found.clean
    assert [(p["file"], p["row"], p["column"]) for p in found.problems] == [
        ("assessments.csv", 8, "score"), ("assessments.csv", 9, "score"), ("assessments.csv", 10, "score"),
    ]  # fmt: skip
    assert found.problem_count == 3
    assert "smith" not in json.dumps(asdict(found))
    assert _version(database) == before


def test_records_that_may_tell_who_somebody_is_lead_to_prepare(small_records: Path, database: str) -> None:
    file = small_records / "patients.csv"
    file.write_text(file.read_text().replace("clinic", "record_number"))
    said = json.dumps(report.end(_done(CHECK, small_records, database)).to_plotly_json(), cls=PlotlyJSONEncoder)
    assert "prepare it below, as an export" in said


def test_codes_for_not_recorded_are_told_before_anything_is_stored_and_beside_what_is_wrong(
    small_records: Path, database: str
) -> None:
    file = small_records / "sessions.csv"
    file.write_text(file.read_text().replace("intranasal,56", "intranasal,999"))
    (note,) = _done(CHECK, small_records, database).warnings
    assert note.startswith(
        "sessions.csv, column dose: 999 stands once, first in row 4, and every other value is at most 0.5"
    )
    file.write_text(file.read_text().replace("72,ketamine,iv,0.5", "72,ketamine,iv,0.01"))
    found = _done(CHECK, small_records, database)
    assert (found.clean, found.warnings) == (False, [note])
    assert note in json.dumps(report.end(found).to_plotly_json(), cls=PlotlyJSONEncoder)


def test_what_cannot_be_read_is_said_in_one_sentence(tmp_path: Path, database: str) -> None:
    token, folder = uploads.private_folder()
    path = uploads.receive(["clinic.xlsx"], [base64.b64encode(b"no workbook").decode()], folder)
    jobs.run(CHECK, folder, path, database, Scope.everything())
    found = jobs.state(token)
    assert found is not None
    assert found.message.startswith("workbook.xlsx is no readable workbook")
    assert _left() == []


def test_an_unforeseen_failure_tells_its_kind_and_none_of_its_text(
    small_records: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ValueError("A1 said something")

    monkeypatch.setattr("data_models.intake.readers.read_parts", fails)
    found = _done(CHECK, small_records, database)
    assert "ValueError" in found.message
    assert "A1" not in found.message


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError, OSError])
def test_however_a_job_ends_its_records_are_removed(
    small_records: Path, database: str, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    def ends(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("data_models.store.open.store_parts", ends)
    assert _done(IMPORT, small_records, database).message
    assert _left() == []


def test_a_job_in_its_own_process_tells_its_end_once_and_leaves_nothing(small_records: Path, database: str) -> None:
    token = jobs.start(IMPORT, *_files(small_records), database, Scope.everything())
    seen: list[JobState] = []
    for _ in range(900):
        found = jobs.state(token)
        assert found is not None
        seen.append(found)
        if found.ended:
            break
        time.sleep(0.1)
    assert seen[-1].clean, seen[-1]
    assert seen[-1].counts == COUNTS
    shares = [state.share for state in seen]
    assert shares == sorted(shares)
    assert jobs.state(token) is None
    assert _left() == []


def test_a_job_that_was_ended_from_outside_is_told_and_removed() -> None:
    token, folder = uploads.private_folder()
    (folder / "records").mkdir()
    jobs._write(folder, JobState(IMPORT, "storing records", 0.5))
    os.utime(folder, (time.time() - 60,) * 2)
    found = jobs.state(token)
    assert found is not None
    assert found.ended
    assert "history below" in found.message
    assert _left() == []


def test_a_dead_job_is_not_taken_for_a_living_one_until_a_clock_put_back_is_there_again() -> None:
    token, folder = uploads.private_folder()
    jobs._write(folder, JobState(IMPORT, "storing records", 0.5))
    os.utime(folder, (time.time() + 3600,) * 2)
    found = jobs.state(token)
    assert found is not None
    assert not found.ended
    assert folder.stat().st_mtime <= time.time()  # from now on it is counted
    uploads.remove(folder)


def test_files_that_are_refused_leave_nothing_behind(database: str) -> None:
    with pytest.raises(uploads.UploadRefused):
        jobs.start(CHECK, ["patients.csv"], ["%"], database, Scope.everything())
    assert _left() == []


def test_only_so_many_jobs_run_at_once(small_records: Path, database: str) -> None:
    folders = [uploads.private_folder()[1] for _ in range(jobs.JOBS_AT_ONCE)]
    with pytest.raises(uploads.UploadRefused, match="try again in a minute"):
        jobs.start(CHECK, *_files(small_records), database, Scope.everything())
    assert len(_left()) == len(folders)


def test_progress_never_goes_back_and_ends_below_the_whole(tmp_path: Path) -> None:
    shares = []
    steps = jobs._Steps(IMPORT, tmp_path)
    said = [
        ("reading", 0.0), ("checking patients.csv", 0.0), ("checking sessions.csv", 0.5), ("checked", 1.0),
        ("comparing with what is stored", 0.0), ("storing records", 0.75), ("deriving outcomes", 0.0),
        ("storing outcomes", 0.75), ("done", 1.0),
    ]  # fmt: skip
    for what, share in said:
        steps(what, share)
        shares.append(steps._share)
    assert shares == sorted(shares)
    assert 0.9 < shares[-1] < 1


def test_the_trail_is_told_what_an_import_brought_and_by_whom(database: str, small_records: Path) -> None:
    token, folder = uploads.private_folder()
    jobs.run(IMPORT, folder, uploads.receive(*_files(small_records), folder), database, Scope.everything(), "dora")
    assert jobs.state(token) is not None
    store = Store.open(database)
    with store.connect_access() as connection:
        entry = audit_page(connection)[0][0]
    store.close()
    assert (entry.actor, entry.action) == ("dora", "imported")
    assert json.loads(entry.details) == {
        "again": False,
        "patients": 2,
        "sessions": 3,
        "assessments": 6,
        "side_effects": 1,
    }
