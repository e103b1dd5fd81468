"""Dropped files: what is received, under which name, where, and that nothing of it stays behind."""

from __future__ import annotations

import base64
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, request

from dashboard.pages.records import uploads
from dashboard.pages.records.uploads import UploadRefused, receive
from data_models.intake.readers.file_formats import RECORD_SUFFIXES


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))


@pytest.fixture
def folder() -> Iterator[Path]:
    _, path = uploads.private_folder()
    yield path
    uploads.remove(path)


def _text(content: str | bytes) -> str:
    return base64.b64encode(content.encode() if isinstance(content, str) else content).decode()


def _received(folder: Path, **files: str) -> dict[str, str]:
    path = receive([name.replace("__", ".") for name in files], [_text(text) for text in files.values()], folder)
    found = sorted(path.iterdir()) if path.is_dir() else [path]
    return {file.name: file.read_text() for file in found}


def test_record_files_are_written_as_they_are(folder: Path) -> None:
    files = {"patients__csv": "patient_code\nA1\n", "sessions__csv": "patient_code,hours\nA1,0\n"}
    assert _received(folder, **files) == {
        "patients.csv": "patient_code\nA1\n",
        "sessions.csv": "patient_code,hours\nA1,0\n",
    }


def test_the_head_that_browsers_put_before_base64_is_dropped(folder: Path) -> None:
    path = receive(["patients.csv"], ["data:text/csv;base64," + _text("x")], folder)
    assert (path / "patients.csv").read_text() == "x"


@pytest.mark.parametrize(
    "name",
    ["../../etc/patients.csv", "/etc/patients.csv", "C:\\Users\\me\\patients.csv", "clinic/march/patients.csv"],
)
def test_path_parts_of_a_name_are_dropped(folder: Path, name: str) -> None:
    path = receive([name, "sessions.csv"], [_text("x"), _text("y")], folder)
    assert sorted(file.name for file in path.iterdir()) == ["patients.csv", "sessions.csv"]
    assert [p.name for p in Path(tempfile.gettempdir()).iterdir()] == [folder.name]


@pytest.mark.parametrize("name", ["Smith, John.csv", "a\nb.csv", "naïve.csv", "x" * 200 + ".csv", "\x00.csv"])
def test_a_name_that_could_tell_something_is_replaced_and_its_content_left_out(folder: Path, name: str) -> None:
    path = receive(["patients.csv", name], [_text("p"), _text("secret")], folder)
    assert {file.name: file.read_text() for file in path.iterdir()} == {"patients.csv": "p", "file-2.csv": ""}


def test_files_outside_the_contract_are_named_to_the_reader_without_their_content(folder: Path) -> None:
    found = _received(folder, patients__csv="p", Sessions_old__csv="secret", extra__xlsx="secret")
    assert found == {"patients.csv": "p", "Sessions_old.csv": "", "extra.xlsx": ""}


def test_other_kinds_of_files_are_left_alone(folder: Path) -> None:
    path = receive(
        ["patients.csv", "read-me.txt", ".hidden.csv", "~$patients.csv", "photo.png"], [_text("p")] * 5, folder
    )
    assert [file.name for file in path.iterdir()] == ["patients.csv"]


def test_one_csv_file_of_any_name_is_the_one_sheet_form(folder: Path) -> None:
    assert _received(folder, march__csv="rows") == {"session_records.csv": "rows"}


def test_one_workbook_of_any_name_is_a_workbook(folder: Path) -> None:
    path = receive(["clinic march.XLSX"], [_text("zip")], folder)
    assert path.name == "workbook.xlsx"
    assert path.is_file()


@pytest.mark.parametrize(
    "names, contents, said",
    [
        ([], [], "No file arrived"),
        (["patients.csv"], [], "No file arrived"),
        (["patients.csv"], ["%%%"], "did not arrive whole"),
        (["patients.csv"], ["QUJ"], "did not arrive whole"),
        (["a/patients.csv", "b/patients.csv"], ["QUI=", "QUI="], r"one name \(patients.csv\)"),
        (["a/Smith.csv", "b/Smith.csv"], ["QUI=", "QUI="], r"one name \(file number 2\)"),
        (["patients.csv"] * 51, ["QUI="] * 51, "More than 50 files"),
        (["read-me.txt"], ["QUI="], "No records are among these files"),
    ],
)
def test_what_cannot_be_received_is_refused_in_a_sentence(
    folder: Path, names: list[str], contents: list[str], said: str
) -> None:
    with pytest.raises(UploadRefused, match=said) as refused:
        receive(names, contents, folder)
    assert "Smith" not in str(refused.value)


def test_too_much_is_refused_with_the_command_to_use(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "LIMIT", 100)
    receive(["patients.csv", "sessions.csv"], [_text("x" * 48)] * 2, folder)
    uploads.remove(folder / "records")
    with pytest.raises(UploadRefused, match="ketamine-outcomes import PATH"):
        receive(["patients.csv", "sessions.csv"], [_text("x" * 54)] * 2, folder)
    assert not (folder / "records").exists()


def test_a_larger_request_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert uploads.LARGEST_REQUEST > uploads.LIMIT * 4 / 3  # room for what may be dropped
    monkeypatch.setattr(uploads, "LARGEST_REQUEST", 1_000)
    server = Flask("test")
    uploads.limit_requests(server)
    server.add_url_rule("/", view_func=lambda: str(len(request.get_data())), methods=["POST"])
    client = server.test_client()
    assert [client.post("/", data=b"x" * size).status_code for size in (1_000, 1_001)] == [200, 413]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps rights in lists, not in modes")
def test_the_folder_and_its_files_are_for_this_user_alone(folder: Path) -> None:
    path = receive(["patients.csv"], [_text("x")], folder)
    assert [stat.S_IMODE(p.stat().st_mode) for p in (folder, path, path / "patients.csv")] == [0o700, 0o700, 0o600]


@pytest.mark.parametrize("token", [None, "", "..", "../x", "0" * 31, "G" * 32, 5, ["0" * 32], "0" * 32])
def test_a_token_that_names_no_folder_of_ours_finds_none(token: object) -> None:
    assert uploads.folder_of(token) is None


@pytest.mark.skipif(sys.platform == "win32", reason="making links needs special rights on Windows")
def test_a_link_in_the_temporary_folder_is_not_followed(tmp_path: Path) -> None:
    token = "a" * 32
    (tmp_path / "elsewhere").mkdir()
    (Path(tempfile.gettempdir()) / f"{uploads.PREFIX}{token}").symlink_to(tmp_path / "elsewhere")
    assert uploads.folder_of(token) is None
    assert uploads.private_folders() == []


def test_forgotten_folders_are_removed_and_fresh_ones_kept() -> None:
    (_, old), (token, fresh) = uploads.private_folder(), uploads.private_folder()
    (old / "records").mkdir()
    os.utime(old, (1, 1))
    uploads.remove_forgotten()
    assert not old.exists()
    assert uploads.folder_of(token) == fresh


def test_the_reader_and_the_page_take_the_same_kinds_of_files_for_records(project_root: Path) -> None:
    script = (project_root / "dashboard" / "assets" / "records.js").read_text()
    kinds = script.partition("KINDS = /\\.(")[2].partition(")$/i")[0].split("|")
    assert {f".{kind}" for kind in kinds} == set(RECORD_SUFFIXES)


def test_parquet_files_of_the_contract_are_received(folder: Path) -> None:
    files = {"patients__parquet": "patients", "sessions__parquet": "sessions", "other__parquet": "not read"}
    assert _received(folder, **files) == {
        "patients.parquet": "patients",
        "sessions.parquet": "sessions",
        "other.parquet": "",
    }
