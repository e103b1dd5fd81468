"""The commands of the data contract, run as a user runs them."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from dashboard import cli
from dashboard.commands import demonstration

Run = Callable[..., subprocess.CompletedProcess[str]]

OUTCOME_COLUMNS = (  # noqa: SIM905 - copied as it stands in the contract
    "patient_code,clinic,course,instrument,drug,route,sessions,induction_sessions,scores,baseline,evaluable,best,last,"
    "last_days,ever_response,ever_remission,last_response,last_remission,last_worse,onset_left,onset_right,onset_sessions,"
    "duration_event,duration_days,loss_left,loss_right,end_of_induction_score,end_of_induction_response,"
    "durability_entry_days,durability_days,durability_end"
).split(",")


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def database(small_records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """A database that holds the two patients of `small_records`."""
    path = tmp_path / "clinic.db"
    assert cli.run(["import", str(small_records), "--database", str(path)]) == 0
    assert "2 new patients, 3 sessions, 6 assessments, 1 side effect" in capsys.readouterr().out
    return str(path)


def outcomes(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, str]]:
    assert cli.run(["outcomes", *arguments]) == 0
    return rows(capsys.readouterr().out)


def test_help_and_version_answer(command: Run) -> None:
    assert "demo" in command("--help").stdout
    assert command().stdout == command("--help").stdout
    assert command("--version").stdout.startswith("ketamine-outcomes 0.")


def test_check_counts_clean_records_and_makes_no_database(
    small_records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "none.db"
    assert cli.run(["check", str(small_records), "--database", str(path)]) == 0
    assert "No problems: 2 patients, 3 sessions, 6 assessments, 1 side effect" in capsys.readouterr().out
    assert not path.exists()


def test_check_compares_with_what_is_stored(
    database: str, small_records: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = small_records / "assessments.csv"
    table.write_text(table.read_text().replace("A1,24,phq9,14", "A1,24,phq9,13"))
    assert cli.run(["check", str(small_records), "--database", database]) == 1
    assert "assessments.csv, row 3" in capsys.readouterr().err
    assert len(outcomes(capsys, "--database", database)) == 2


def test_facts_that_change_are_named_by_check_and_told_by_import(
    database: str, small_records: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = small_records / "patients.csv"
    table.write_text(table.read_text().replace("A1,north,35-44", "A1,south,45-54").replace("B2,south", "B2,"))
    assert cli.run(["check", str(small_records), "--database", database]) == 0
    what = "clinic of 1 patient and age band of 1 patient"
    assert f"An import changes facts of known patients: {what} (an empty cell" in capsys.readouterr().out
    assert {row["clinic"] for row in outcomes(capsys, "--database", database)} == {"north", "south"}
    assert cli.run(["import", str(small_records), "--database", database]) == 0
    told = capsys.readouterr().out
    assert f"Facts of known patients changed: {what}." in told
    assert "12 repeats" not in told
    assert {row["clinic"] for row in outcomes(capsys, "--database", database)} == {"south"}


def test_the_same_records_again_change_nothing(
    database: str, small_records: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["import", str(small_records), "--database", database]) == 0
    assert "already imported; nothing has changed" in capsys.readouterr().out
    rule = ["--rule", "loss_confirmations=3"]
    assert cli.run(["import", str(small_records), "--database", database, *rule]) == 0
    told = capsys.readouterr().out
    assert "already imported" in told
    assert "outcomes of all patients follow the new rules from now on: loss_confirmations=3" in told
    assert cli.run(["import", str(small_records), "--database", database, *rule]) == 0
    assert "nothing has changed" in capsys.readouterr().out


def test_outcomes_are_the_columns_of_the_contract(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = outcomes(capsys, "--database", database)
    assert list(first) == OUTCOME_COLUMNS
    assert (first["patient_code"], first["baseline"], first["last"], first["evaluable"]) == ("A1", "20", "16", "1")
    assert (first["onset_left"], first["onset_right"], first["onset_sessions"]) == ("1", "4", "2")
    assert (first["duration_event"], first["duration_days"], first["loss_left"], first["loss_right"]) == (
        "0",
        "7",
        "11",
        "",
    )
    assert (second["ever_response"], second["onset_right"], second["onset_left"]) == ("0", "", "7")


def test_a_rule_for_the_output_leaves_the_store_as_it_is(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = outcomes(capsys, "--database", database)
    changed = outcomes(capsys, "--database", database, "--rule", "response_improvement=0.3")
    assert changed[0]["onset_right"] == "1"
    assert outcomes(capsys, "--database", database) == stored


def test_derive_keeps_the_rules_and_import_can_bring_some(
    database: str, small_records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["derive", "--database", database, "--rule", "response_improvement=0.3"]) == 0
    assert "version 2+" in capsys.readouterr().out
    kept = outcomes(capsys, "--database", database)
    assert kept[0]["onset_right"] == "1"
    other = str(tmp_path / "other.db")
    assert cli.run(["import", str(small_records), "--database", other, "--rule", "response_improvement=0.3"]) == 0
    capsys.readouterr()
    assert outcomes(capsys, "--database", other) == kept


def test_an_output_file_holds_what_standard_output_would(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "out.csv"
    assert cli.run(["outcomes", "--database", database, "-o", str(path)]) == 0
    assert capsys.readouterr().out == ""
    assert rows(path.read_text()) == outcomes(capsys, "--database", database)


def test_the_environment_names_the_database(
    database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KETAMINE_OUTCOMES_DATABASE", database)
    assert len(outcomes(capsys)) == 2


def summary(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    assert cli.run(["summary", *arguments]) == 0
    return json.loads(capsys.readouterr().out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_summary_has_the_parts_of_the_contract(sample_database: str, capsys: pytest.CaptureFixture[str]) -> None:
    result = summary(capsys, "--database", sample_database, "--instrument", "phq9")
    assert list(result) == [
        "definitions", "cohort", "response", "remission", "worse", "end_of_induction_days", "reliable_change", "onset",
        "duration", "durability", "occupancy", "days_in_response", "states", "states_after_induction", "fade",
        "fade_model", "interval_finder", "side_effects",
    ]  # fmt: skip
    assert result["cohort"]["courses"] >= result["cohort"]["with_baseline"] >= result["cohort"]["evaluable"] > 0
    assert set(result["response"]["ever"]) == {"events", "n", "share", "low", "high", "method"}


def test_summary_of_one_route_and_by_route_agree(sample_database: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--database", sample_database, "--instrument", "phq9"]
    parts = summary(capsys, *options, "--by", "route")
    assert parts["by"] == "route"
    one = summary(capsys, *options, "--where", "route=iv")
    assert parts["groups"]["iv"]["response"] == one["response"]


def test_summary_under_another_rule_leaves_the_store_as_it_is(
    sample_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--database", sample_database, "--instrument", "phq9"]
    before = summary(capsys, *options)
    changed = summary(capsys, *options, "--rule", "response_improvement=0.3")
    assert changed["response"]["ever"]["events"] > before["response"]["ever"]["events"]
    assert changed["definitions"]["version"] != before["definitions"]["version"]
    assert summary(capsys, *options) == before


@pytest.mark.parametrize(
    "arguments, part",
    [
        (["--instrument", "phq"], "no such scale"),
        (["--instrument", "phq9", "--where", "route=nose"], "--where"),
        (["--instrument", "phq9", "--where", "colour=red"], "--where"),
        (["--instrument", "phq9", "--by", "colour"], "--by"),
        (["--instrument", "phq9", "--format", "docx"], "no such format"),
    ],
)
def test_summary_refuses_what_does_not_exist(
    arguments: list[str], part: str, sample_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["summary", "--database", sample_database, *arguments]) in (1, 2)
    assert part in capsys.readouterr().err


def test_sample_writes_records_that_check_finds_clean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "clinic"
    assert cli.run(["sample", "--patients", "20", "--seed", "5", "-o", str(folder)]) == 0
    assert cli.run(["check", str(folder), "--database", str(tmp_path / "none.db")]) == 0
    assert "No problems: 20 patients" in capsys.readouterr().out
    assert cli.run(["sample", "--patients", "20", "-o", str(folder)]) == 1
    assert "not an empty folder" in capsys.readouterr().err


def test_the_template_is_written_empty_and_filled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.xlsx"
    assert cli.run(["sample", "--template", str(file)]) == 0
    database = ["--database", str(tmp_path / "none.db")]
    assert cli.run(["check", str(tmp_path / "mine_example.xlsx"), *database]) == 0
    assert "No problems: 2 patients, 3 sessions" in capsys.readouterr().out
    assert cli.run(["sample", "--template", str(file)]) == 1
    assert "is there already; name a new file" in capsys.readouterr().err
    assert cli.run(["sample", "--template", str(tmp_path / "mine.csv")]) == 1
    assert "name it FILE.xlsx" in capsys.readouterr().err


def test_the_schemas_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "schemas"
    assert cli.run(["schema", "-o", str(folder)]) == 0
    written = {file.name: json.loads(file.read_text()) for file in folder.iterdir()}
    assert "datapackage.json" in written
    assert len(written) == 6
    assert cli.run(["schema", "-o", str(folder)]) == 1
    assert "not an empty folder" in capsys.readouterr().err


def test_a_clinic_s_own_sheet_comes_in_by_a_proposed_map(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw, proposed, out = tmp_path / "Ketamin.csv", tmp_path / "MAP.toml", tmp_path / "records"
    raw.write_text("Pat-Nr;Nachname;Datum;Dosis mg;PHQ-9 vor\n12;Muster;31.01.2026;50;18\n12;Muster;07.02.2026;50;9\n")
    inside = ["--crosswalk", str(tmp_path / "who.csv"), "-o", str(out)]
    assert cli.run(["prepare", str(raw), *inside]) != 0
    assert "--suggest" in capsys.readouterr().err
    assert cli.run(["prepare", str(raw), "--suggest", "-o", str(proposed)]) == 0
    assert cli.run(["prepare", str(raw), "--map", str(proposed), *inside]) == 0
    said = capsys.readouterr()
    assert "1 patient, 2 sessions, 2 assessments" in said.out
    database = ["--database", f"sqlite:///{tmp_path / 'clinic.db'}"]
    assert cli.run(["import", str(out), *database]) == 0
    everything = said.out + said.err + proposed.read_text() + "".join(file.read_text() for file in out.iterdir())
    assert "Muster" not in everything
    assert "2026" not in "".join(file.read_text() for file in out.iterdir())


def test_deidentify_writes_records_that_check_finds_clean_and_names_what_it_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw, crosswalk, out = tmp_path / "visits.csv", tmp_path / "who.csv", tmp_path / "records"
    raw.write_text("record_number,name,time,phq9_before\nMRN1,Jane Doe,2026-01-05 09:00,21\n")
    inside = ["deidentify", str(raw), "--crosswalk", str(out / "who.csv"), "-o", str(out)]
    out.mkdir()
    assert cli.run(inside) == 1
    assert "must not lie with the records" in capsys.readouterr().err
    assert cli.run(["deidentify", str(raw), "--crosswalk", str(crosswalk), "-o", str(out)]) == 0
    told = capsys.readouterr().out
    assert "1 patient, 1 session, 1 assessment" in told
    assert "Left out of visits.csv: name." in told
    assert cli.run(["check", str(out)]) == 0
    capsys.readouterr()
    assert cli.run(["deidentify", str(raw), "--crosswalk", str(crosswalk), "-o", str(out)]) == 1
    assert "not an empty folder" in capsys.readouterr().err
    raw.write_text("record_number,time\nMRN1,yesterday\n")
    assert cli.run(["deidentify", str(raw), "--crosswalk", str(crosswalk), "-o", str(tmp_path / "more")]) == 1
    told = capsys.readouterr().err
    assert "visits.csv, row 2, column time" in told
    assert "yesterday" not in told


def test_records_that_are_an_export_are_said_to_be_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = tmp_path / "export"
    raw.mkdir()
    (raw / "sessions.csv").write_text("record_number,time,drug\nMRN1,2024-01-05 09:00,ketamine\n")
    for command in ("check", "import"):
        assert cli.run([command, str(raw), "--database", f"sqlite:///{tmp_path / 'c.db'}"]) == 1
        assert "make session records of it with `prepare export --crosswalk" in capsys.readouterr().err


def test_prepare_with_a_map_a_zone_and_a_transferred_patient(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw, crosswalk, chosen = tmp_path / "sessions.csv", tmp_path / "who.csv", tmp_path / "MAP.toml"
    raw.write_text("record_number,time,drug\nA1,2024-01-05T09:00:00Z,ketamine\n,,\n")
    prepare = ["prepare", str(raw), "--crosswalk", str(crosswalk), "-o"]
    assert cli.run([*prepare, str(tmp_path / "one")]) == 1
    assert "--zone Europe/Berlin" in capsys.readouterr().err
    chosen.write_text('format = "contract"\nzone = "Europe/Berlin"\n')
    assert cli.run([*prepare, str(tmp_path / "one"), "--map", str(chosen)]) == 0
    assert "no table of patients says anything, in by their sessions: 1" in capsys.readouterr().out
    raw.write_text("record_number,time,drug\nB1,2024-01-06 10:00,ketamine\n")
    assert cli.run([*prepare, str(tmp_path / "two"), "--same-as", "A1", "B1"]) == 0
    (code, *_), (same, hours, *_) = (
        (tmp_path / name / "sessions.csv").read_text().splitlines()[1].split(",") for name in ("one", "two")
    )
    assert (same, hours) == (code, "24")
    assert cli.run(prepare[:2]) == 1
    assert "needs --crosswalk FILE and -o FOLDER" in capsys.readouterr().err


def test_deidentify_tells_until_when_it_takes_patients_as_observed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw, crosswalk = tmp_path / "visits.csv", tmp_path / "who.csv"
    raw.write_text("record_number,time\nMRN1,2024-01-05 09:00\nMRN1,2024-01-26 09:00\n")

    def told(folder: str, *as_of: str, code: int = 0) -> str:
        assert (
            cli.run(["deidentify", str(raw), "--crosswalk", str(crosswalk), "-o", str(tmp_path / folder), *as_of])
            == code
        )
        return "".join(capsys.readouterr())

    assert "Observed until the latest entry of the export, told in whole weeks" in told("latest")
    assert "Observed until" not in told("as_of", "--as-of", "2024-02-25")
    weeks = [(tmp_path / name / "session_records.csv").read_text().splitlines()[1] for name in ("latest", "as_of")]
    assert [line.split(",")[3] for line in weeks] == ["3", "7"]
    assert "lies after --as-of" in told("none", "--as-of", "2024-01-25", code=1)
    assert "--as-of: is no date that can be read; write it as 2026-01-31" in told("none", "--as-of", "spring", code=1)
    raw.write_text("record_number,time\nMRN1,2024-01-05 09:00\nMRN1,2053-01-26 09:00\n")
    assert "Note: that entry lies after today" in told("future")
    assert not any("20" in line for line in told("again").splitlines() if "Observed" in line or "entry" in line)


def test_database_upgrade_makes_and_keeps_a_database(tmp_path: Path, small_records: Path) -> None:
    from data_models.store import Store

    path = tmp_path / "new.db"
    assert cli.run(["database", "upgrade", "--database", str(path)]) == 0
    store = Store.open(f"sqlite:///{path.as_posix()}")
    store.set_name("Clinic North", synthetic=False)
    store.import_path(small_records)
    before = store.outcomes_frame()
    store.close()
    assert len(before) == 2
    assert cli.run(["database", "upgrade", "--database", str(path)]) == 0
    store = Store.open(f"sqlite:///{path.as_posix()}")
    assert store.name() == "Clinic North"
    pd.testing.assert_frame_equal(store.outcomes_frame(), before)
    store.close()


def test_the_demo_fills_a_database_of_its_own_once(capsys: pytest.CaptureFixture[str]) -> None:
    from dashboard.settings import Settings
    from data_models.store import Store

    settings = Settings.from_environment({}, database=demonstration.database())
    demonstration.fill(settings)
    store = Store.open(settings.database)
    version = store.version()
    assert store.name() == "Synthetic sample data"
    assert store.synthetic()
    demonstration.fill(settings)
    assert store.version() == version
    store.close()
