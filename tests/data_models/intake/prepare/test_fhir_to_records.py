"""FHIR: a hospital's Bundle becomes session records without names and dates, and a store takes them; worked by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from data_models.intake.contract import RecordsRefused
from data_models.intake.prepare.folder import prepare_folder
from data_models.intake.prepare.source import Choices
from data_models.intake.readers import read_records
from data_models.store import Store
from tests.data_models.intake.prepare.fhir_resources import bundle, coded, given, items, observation, total

# Planted: a name, a record number, an id, an address, a telephone number and dates.
IDENTIFIERS = ("Zwiebelmann", "MRN-4711", "b7e1c0de", "Lindenallee", "030-555", "2026", "1981", "urn:")
BERLIN = Choices(
    zone=ZoneInfo("Europe/Berlin"), map={"fhir": {"identifier_system": "urn:example:mrn", "clinic": "North"}}
)


def hospital() -> dict[str, Any]:
    """A patient with two sessions across the change to summer time, scores and an event; and one without a session."""
    who = {"subject": {"reference": "urn:uuid:b7e1c0de"}}
    patient = {
        "resourceType": "Patient", "id": "b7e1c0de", "birthDate": "1981-04-01", "gender": "female",
        "identifier": [{"system": "urn:example:mrn", "value": "MRN-4711"}],
        "name": [{"family": "Zwiebelmann"}], "telecom": [{"value": "030-555"}],
        "address": [{"line": ["Lindenallee 1"]}],
    }  # fmt: skip
    nobody = patient | {"id": "2", "identifier": [{"system": "urn:example:mrn", "value": "MRN-4712"}]}
    return bundle(
        patient,
        given("2026-03-28T09:00:00Z", 30, **who),  # 10:00 in Berlin, the day before its clocks change
        given("2026-03-28T09:20:00Z", 10, **who),
        given("2026-03-30T08:00:00Z", 50, **who),  # 10:00 again
        *items(at="2026-03-28T09:30:00+01:00", **who),
        total(11, "2026-03-28T08:30:00Z", **who),
        total(6, "2026-03-31", **who),
        observation("8867-4", "2026-03-28T09:40:00Z", valueQuantity={"value": 91, "code": "/min"}, **who),
        {"resourceType": "AdverseEvent", "actuality": "actual", "date": "2026-03-30T08:45:00Z",
         "event": coded("422587007", "http://snomed.info/sct"), "severity": coded("mild", "urn:x"), **who},
        nobody,
        urls=("urn:uuid:b7e1c0de",),
    )  # fmt: skip


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "export.json"
    path.write_bytes(orjson.dumps(hospital(), option=orjson.OPT_INDENT_2))
    return path


def test_a_bundle_becomes_records_that_a_store_takes(export: Path, tmp_path: Path, sqlite_store: Store) -> None:
    prepared = prepare_folder(export, tmp_path / "who.csv", tmp_path / "records", BERLIN)
    assert prepared.source == "a FHIR export"
    batch = read_records(tmp_path / "records")
    assert batch.patients[["age_band", "sex", "clinic"]].values.tolist() == [["35-44", "female", "North"]]
    columns = ["hours", "drug", "route", "dose", "heart_rate_highest"]
    sessions = batch.sessions[columns].fillna(-1).values.tolist()
    assert sessions == [[0, "ketamine", "iv", 40, 91], [48, "ketamine", "iv", 50, -1]]
    scores = batch.assessments[["instrument", "hours", "score", "item9"]].fillna(-1).values.tolist()
    assert scores == [["phq9", -0.5, 11, 2], ["phq9", 72, 6, -1]]
    effects = batch.side_effects[["hours", "term", "severity", "onset_minutes"]].values.tolist()
    assert effects == [[48, "nausea", "mild", 45]]
    assert [(reason, count) for reason, count, _ in prepared.made.left_out] == [("a person without a session", 1)]
    result = sqlite_store.import_path(tmp_path / "records")
    assert (result.patients, result.sessions, result.assessments, result.side_effects) == (1, 2, 2, 1)


def test_no_identifier_is_written_but_into_the_crosswalk(export: Path, tmp_path: Path) -> None:
    prepared = prepare_folder(export, tmp_path / "who.csv", tmp_path / "records", BERLIN)
    written = "".join(path.read_text() for path in (tmp_path / "records").iterdir())
    told = str([*prepared.made.left_out, *prepared.made.notes, prepared.batch.warnings])
    assert not any(secret in written + told for secret in IDENTIFIERS)
    assert "MRN-4711" in (tmp_path / "who.csv").read_text()


def test_the_same_export_again_gives_the_same_codes(export: Path, tmp_path: Path) -> None:
    for name in ("first", "again"):
        prepare_folder(export, tmp_path / "who.csv", tmp_path / name, BERLIN)
    for file in (tmp_path / "first").iterdir():
        assert file.read_text() == (tmp_path / "again" / file.name).read_text()


def test_times_with_an_offset_ask_for_the_clinics_zone(export: Path, tmp_path: Path) -> None:
    with pytest.raises(RecordsRefused) as refused:
        prepare_folder(export, tmp_path / "who.csv", tmp_path / "records", Choices())
    assert "--zone" in refused.value.problems[0].reason
    assert not (tmp_path / "records").exists()


def test_a_score_outside_its_range_is_refused_by_its_entry(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_bytes(orjson.dumps(bundle(given("2026-01-05"), total(28, "2026-01-04"))))
    with pytest.raises(RecordsRefused) as refused:
        prepare_folder(path, tmp_path / "who.csv", tmp_path / "records")
    assert [(one.file, one.row, one.column) for one in refused.value.problems] == [("export.json", 2, "score")]
