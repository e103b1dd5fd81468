"""FHIR: every way to point at a patient comes to one record number, or says that it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from data_models.intake.contract import CannotRead
from tests.data_models.intake.prepare.fhir_resources import bundle, given, lost, read, read_path, rows, total

MRN = "urn:example:mrn"


def patient(number: str = "1", **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": number, "birthDate": "1980-06-15", "gender": "female", **more}


def identifier(value: str, system: str = MRN, **more: Any) -> dict[str, Any]:
    return {"system": system, "value": value, **more}


def read_bundle(place: Path, document: dict[str, Any], **tables: Any) -> Any:
    path = place / "bundle.json"
    path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    return read_path(path, **tables)


def test_a_patient_has_a_birth_date_and_a_sex(tmp_path: Path) -> None:
    found = read(tmp_path, patient(), patient("2", birthDate="1950", gender="unknown"), patient("3", gender="F"))
    assert rows(found, "patients", "record_number", "birth_date", "sex") == [
        ("1", "1980-06-15", "female"), ("2", "", "unknown"), ("3", "1980-06-15", ""),
    ]  # fmt: skip
    assert lost(found) == {"a birth date without its day": 1, "a gender that FHIR has not": 1}


def test_who_has_a_score_or_a_session_is_a_patient_without_a_resource_too(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        patient(),
        total(7, who="Patient/2"),
        given(subject={"reference": "Patient/3"}),
        given(at="2026-01-12T09:00:00+01:00", subject={"reference": "Patient/3"}),
        fhir={"clinic": "North"},
    )
    assert rows(found, "patients", "record_number", "clinic") == [("1", "North"), ("3", "North"), ("2", "North")]


@pytest.mark.parametrize(
    "reference",
    [
        "Patient/1",
        "Patient/1/_history/2",
        "https://example.org/fhir/Patient/1",
        "https://example.org/fhir/Patient/1/_history/7",
        "urn:uuid:0b1c",
        "urn:uuid:0B1C",
        "Patient?identifier=urn:example:mrn|77",
        "Patient?identifier=urn:example:mrn%7C77",
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_references_of_all_kinds_are_one_person(tmp_path: Path, reference: str, first: bool) -> None:
    one = patient(identifier=[identifier("77")])
    entries = [one, total(7, who=reference)] if first else [total(7, who=reference), one]
    urls = ("urn:uuid:0B1C",) if first else ("", "urn:uuid:0B1C")
    found = read_bundle(tmp_path, bundle(*entries, urls=urls))
    assert rows(found, "assessments", "record_number") == [("1",)]
    assert len(found.tables["patients"]) == 1
    by_system = read_bundle(tmp_path, bundle(*entries, urls=urls), fhir={"identifier_system": MRN})
    assert rows(by_system, "assessments", "record_number") == [("77",)]
    assert rows(by_system, "patients", "record_number") == [("77",)]


def test_a_contained_patient_and_a_logical_reference_are_whoever_has_the_identifier(tmp_path: Path) -> None:
    contained = {"resourceType": "Patient", "id": "p", "identifier": [identifier("77")]}
    found = read(
        tmp_path,
        patient(identifier=[identifier("77")]),
        total(7, who="#p", contained=[contained]),
        total(8, "2026-01-06", subject={"identifier": identifier("77")}),
        total(9, "2026-01-07", who="#p", contained=[{"resourceType": "Patient", "id": "p"}]),
    )
    assert rows(found, "assessments", "record_number", "score") == [("1", "7"), ("1", "8")]
    assert lost(found) == {"an Observation that is about nobody that it names as a Patient": 1}


def test_references_of_two_kinds_to_one_person_make_one_session(tmp_path: Path) -> None:
    entries = [
        patient(),
        given("2026-01-05T09:00:00Z"),
        given("2026-01-05T09:20:00Z", subject={"reference": "urn:uuid:a"}),
    ]
    found = read_bundle(tmp_path, bundle(*entries, urls=("urn:uuid:a",)))
    assert rows(found, "sessions", "record_number", "dose") == [("1", "80")]


def test_an_identifier_that_two_patients_share_says_who_neither_is(tmp_path: Path) -> None:
    shared = {"identifier": [identifier("000")]}
    found = read(
        tmp_path, patient("1", **shared), patient("2", **shared), total(7, subject={"identifier": identifier("000")})
    )
    assert {row[0] for row in rows(found, "assessments", "record_number")}.isdisjoint({"1", "2"})


def test_a_record_that_replaced_another_has_its_scores(tmp_path: Path) -> None:
    old = patient("1", link=[{"other": {"reference": "Patient/2"}, "type": "replaced-by"}])
    found = read(tmp_path, old, patient("2"), total(7), total(8, "2026-01-06", who="Patient/2"))
    assert rows(found, "assessments", "record_number") == [("2",), ("2",)]
    assert rows(found, "patients", "record_number") == [("2",)]


def test_a_patient_without_the_chosen_identifier_is_left_out_with_all_that_is_theirs(tmp_path: Path) -> None:
    numbered = patient(
        "1", identifier=[identifier("old", use="old"), identifier("77"), identifier("9", "urn:example:ssn")]
    )
    theirs = [total(8, who="Patient/2"), given(subject={"reference": "Patient/2"})]
    found = read(tmp_path, numbered, patient("2"), total(7), *theirs, fhir={"identifier_system": MRN})
    assert rows(found, "patients", "record_number") == rows(found, "assessments", "record_number") == [("77",)]
    assert lost(found) == {
        "a Patient without an identifier of the system that [fhir] identifier_system names": 1,
        "a score of which nothing says whose it is": 1,
        "a session of which nothing says whose it is": 1,
    }


def test_one_id_on_two_servers_is_asked_about(tmp_path: Path) -> None:
    servers = [total(7, who=f"https://{name}.example.org/Patient/1") for name in ("a", "b")]
    with pytest.raises(CannotRead, match="two servers"):
        read(tmp_path, *servers)


def test_one_address_of_two_patients_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotRead, match="one address"):
        read_bundle(tmp_path, bundle(patient("1"), patient("2"), urls=("urn:uuid:a", "urn:uuid:a")))


@pytest.mark.parametrize(
    "subject", [{"reference": "Group/1"}, {"reference": "Device/1"}, {"display": "Jane Doe"}, None]
)
def test_a_resource_about_no_patient_is_left_out(tmp_path: Path, subject: dict[str, str] | None) -> None:
    found = read(tmp_path, total(7, subject=subject), total(8, subject=subject))
    assert lost(found) == {"an Observation that is about nobody that it names as a Patient": 2}
