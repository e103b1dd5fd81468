"""Every failure of a command is one line that says what, where and what to do; no traceback, nothing half done."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from dashboard import cli
from dashboard.commands import store_option, terminal
from dashboard.exports.csv_file import write_csv

Run = Callable[..., subprocess.CompletedProcess[str]]
posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX devices and signals")


def one_line(text: str) -> str:
    """The only line of standard error, without the command's name."""
    assert "Traceback" not in text
    lines = text.splitlines()
    assert len(lines) == 1, text
    assert lines[0].startswith("ketamine-outcomes: ")
    return lines[0]


@pytest.mark.parametrize(
    "arguments, part, code",
    [
        (["--nope"], "--nope", 2),
        (["no-such-command"], "no-such-command", 2),
        (["import"], "PATH", 2),
        (["database"], "command", 2),
        (["serve", "--port", "http"], "port is 'http'", 2),
        (["serve", "--port", "70000"], "port is '70000'", 2),
        (["serve", "--host", "0.0.0.0"], "serves this computer alone", 2),
        (["summary"], "--instrument", 2),
        (["sample", "--patients", "3"], "-o FOLDER", 2),
        (["sample", "--patients", "-3", "-o", "x"], "--patients", 2),
        (["outcomes", "--database", "no-such-folder/x.db"], "no such folder", 2),
        (["outcomes", "--database", "nothing.db"], "import records first", 1),
        (["derive", "--database", "nothing.db"], "import records first", 1),
        (["outcomes", "--database", "mysql://clinic:secret@host/x"], "", 1),
    ],
)
def test_wrong_arguments_are_refused_in_one_line(
    arguments: list[str],
    part: str,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(arguments) == code
    shown = capsys.readouterr()
    line = one_line(shown.err)
    assert part in line
    assert "secret" not in line
    assert not shown.out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("least", ["-1", "5", "1000001", "99999999999999999999"])
def test_a_least_count_that_is_none_is_refused(
    sample_database: str, least: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["summary", "--instrument", "phq9", "--database", sample_database, "--suppress", least]
    assert cli.run(asked) == 2
    assert "give 11 for rounded counts, or 0 for all numbers as they are" in one_line(capsys.readouterr().err)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.db").write_text("not a database " * 100)
    assert cli.run(["outcomes", "--database", str(tmp_path / "notes.db")]) == 1
    assert "notes.db" in one_line(capsys.readouterr().err)
    assert (tmp_path / "notes.db").read_text() == "not a database " * 100


def test_records_that_cannot_be_read_give_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = tmp_path / "x.db"
    assert cli.run(["check", str(tmp_path / "missing"), "--database", str(database)]) == 2
    one_line(capsys.readouterr().err)
    assert not database.exists()


def test_every_problem_is_listed_with_file_row_and_column_and_then_counted(
    small_records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = small_records / "assessments.csv"
    table.write_text(
        table.read_text().replace("A1,24,phq9,14", "A1,24,phq9,140").replace("B2,168,phq9,17", "B2,168,phq,17")
    )
    database = tmp_path / "x.db"
    for command in ("check", "import"):
        assert cli.run([command, str(small_records), "--database", str(database)]) == 1
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 3
        assert "assessments.csv, row 3, column score" in lines[0]
        assert "assessments.csv, row 7, column instrument" in lines[1]
        assert "2 problems" in lines[2]
        assert "nothing was stored" in lines[2]
    sessions = small_records / "sessions.csv"
    sessions.write_text(sessions.read_text().replace("intranasal,56", "intranasal,999"))
    assert cli.run(["check", str(small_records)]) == 1
    assert "note: sessions.csv, column dose: 999 stands once" in capsys.readouterr().err.splitlines()[2]
    assert cli.run(["outcomes", "--database", str(database)]) in (0, 1)
    assert "A1" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "rule, part",
    [("no_such=1", "no_such"), ("sustained_days", "NAME=VALUE"), ("loss_confirmations=1.5", "whole number")],
)
def test_a_wrong_rule_is_named(sample_database: str, rule: str, part: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["outcomes", "--database", sample_database, "--rule", rule]) == 2
    assert part in one_line(capsys.readouterr().err)


def test_an_output_that_cannot_be_written_is_named_and_an_earlier_file_stays(
    sample_database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = {
        tmp_path: "is a folder; name a file",
        tmp_path / "missing" / "x.csv": "missing: there is no such folder",
        Path(__file__) / "x.csv": "there is no such folder",
    }
    for target, part in wrong.items():
        assert cli.run(["outcomes", "--database", sample_database, "-o", str(target)]) == 1
        assert part in one_line(capsys.readouterr().err)
    kept = tmp_path / "kept.csv"
    kept.write_text("earlier")

    def write_half() -> None:
        with terminal.whole_file(kept) as stream:
            stream.write(b"half")
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match=r"kept\.csv"):
        write_half()
    assert kept.read_text() == "earlier"
    assert [path.name for path in tmp_path.iterdir()] == ["kept.csv"]


@posix
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_files_that_commands_write_are_their_owners_alone(sample_database: str, tmp_path: Path, mask: int) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    folder.chmod(0o755)
    (folder / "outcomes.csv").write_text("an earlier one")
    (folder / "outcomes.csv").chmod(0o666)
    before = os.umask(mask)
    try:
        for arguments in (
            ["outcomes", "-o", f"{folder}/outcomes.csv"],
            ["report", "S-8QLF7G", "-o", f"{folder}/S-8QLF7G.html"],
            ["summary", "--instrument", "phq9", "-o", f"{folder}/phq9.json"],
        ):
            assert cli.run([*arguments, "--database", sample_database]) == 0
    finally:
        os.umask(before)
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {
        "outcomes.csv": 0o600,
        "S-8QLF7G.html": 0o600,
        "phq9.json": 0o600,
    }
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


@posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device /dev/full")
def test_a_full_disk_is_called_that(command: Run, sample_database: str) -> None:
    with open("/dev/full", "w") as full:
        ended = command(
            "outcomes", "--database", sample_database, capture_output=False, stdout=full, stderr=subprocess.PIPE
        )
    assert ended.returncode == 1
    assert "the disk is full" in one_line(ended.stderr)


@posix
def test_a_reader_that_has_seen_enough_is_no_error(command: Run, sample_database: str) -> None:
    python = f"{sys.executable} -c 'from dashboard.cli import main; main()' outcomes --database {sample_database}"
    ended = subprocess.run(["bash", "-c", f"{python} | head -n 1"], capture_output=True, text=True, check=False)
    assert ended.stdout.startswith("patient_code,")
    assert ended.stderr == ""


@posix
def test_closed_standard_output_is_refused(sample_database: str) -> None:
    line = f"{sys.executable} -c 'from dashboard.cli import main; main()' outcomes --database {sample_database} >&-"
    ended = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "standard output is closed" in one_line(ended.stderr)


# What a shell starts in the background ignores the key that stops, and so do its children.
HEEDED = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"


@posix
def test_a_command_stopped_by_hand_says_so_and_leaves_nothing_half_done(tmp_path: Path) -> None:
    target = tmp_path / "clinic"
    arguments = ["sample", "--patients", "2000000", "-o", str(target)]
    started = subprocess.Popen(
        [sys.executable, "-c", f"{HEEDED}; from dashboard.cli import main; main()", *arguments],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    end = time.monotonic() + 30
    while not (target.is_dir() and any(target.iterdir())) and time.monotonic() < end:
        time.sleep(0.05)
    os.kill(started.pid, signal.SIGINT)
    _, error = started.communicate(timeout=30)
    assert started.returncode == 130
    assert "stopped" in one_line(error)
    assert list(target.iterdir()) == []


def test_an_unexpected_error_is_one_line_without_its_values(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> str:
        raise KeyError("Jane Q. Patient")

    monkeypatch.setattr(store_option, "database_url", fail)
    assert cli.run(["derive"]) == 1
    line = one_line(capsys.readouterr().err)
    assert "unexpected KeyError" in line
    assert "KETAMINE_OUTCOMES_DEBUG=1" in line
    assert "Jane" not in line
    monkeypatch.setenv("KETAMINE_OUTCOMES_DEBUG", "1")
    with pytest.raises(KeyError, match="Jane"):
        cli.run(["derive"])


def test_control_characters_of_a_message_are_shown_and_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.complain("a\x1b[31m\nb")
    assert capsys.readouterr().err == "ketamine-outcomes: a\\x1b[31m b\n"


def test_csv_numbers_are_short_and_read_back_the_same(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"code": ["007", None], "score": [20.0, float("nan")], "days": [1 / 3, 0.1 + 0.2], "n": [1, 2]}
    )
    path = tmp_path / "x.csv"
    with terminal.whole_file(path) as stream:
        write_csv(frame, stream)
    assert path.read_text() == f"code,score,days,n\n007,20,{1 / 3!r},1\n,,{0.1 + 0.2!r},2\n"


@posix
def test_a_folder_that_may_only_be_read_is_read_and_gives_its_reason(small_records: Path, tmp_path: Path) -> None:
    # Root may write everywhere, unless it gives that up.
    bound = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []

    def run(*arguments: object, database: str) -> subprocess.CompletedProcess[str]:
        line = [*bound, sys.executable, "-c", "from dashboard.cli import main; main()", *map(str, arguments)]
        return subprocess.run(
            [*line, "--database", str(folder / database)], check=False, capture_output=True, text=True, timeout=120
        )

    folder = tmp_path / "store"
    folder.mkdir()
    assert run("import", small_records, database="clinic.db").returncode == 0
    assert not list(folder.glob("*-wal"))
    folder.chmod(0o555)
    try:
        for arguments in (["summary", "--instrument", "phq9"], ["check", str(small_records)], ["outcomes"]):
            ended = run(*arguments, database="clinic.db")
            assert (ended.returncode, ended.stderr) == (0, ""), arguments
        (small_records / "assessments.csv").write_text("patient_code,hours,instrument,score\nA1,500,phq9,3\n")
        ended = run("import", small_records, database="clinic.db")
        assert ended.returncode == 1
        assert "folder is read-only: nothing was stored; make both writable" in one_line(ended.stderr)
        ended = run("import", small_records, database="new.db")
        assert ended.returncode == 1
        assert "new.db cannot be opened: Permission denied" in one_line(ended.stderr)
    finally:
        folder.chmod(0o755)


def test_an_empty_server_database_is_made_by_import_and_by_nothing_that_reads(
    postgresql_url: str, small_records: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (["summary", "--instrument", "phq9"], ["outcomes"]):
        assert cli.run([*arguments, "--database", postgresql_url]) == 1
        assert "there is no database here; import records first" in one_line(capsys.readouterr().err)
    assert cli.run(["check", str(small_records), "--database", postgresql_url]) == 0
    assert cli.run(["outcomes", "--database", postgresql_url]) == 1  # the check made nothing
    capsys.readouterr()
    assert cli.run(["import", str(small_records), "--database", postgresql_url]) == 0
    assert capsys.readouterr().out.startswith("Imported 2 new patients")
    assert cli.run(["outcomes", "--database", postgresql_url]) == 0
