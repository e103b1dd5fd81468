"""FHIR: files of all forms, what is broken in them, the map, and HL7's own examples."""

from __future__ import annotations

import contextlib
import gzip
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from data_models.intake.contract import CannotRead, RecordsRefused
from data_models.intake.prepare.fhir.export import FhirExport
from data_models.intake.prepare.source import Choices
from data_models.intake.prepare.sources import recognised
from data_models.intake.readers.problems import Problems
from tests.data_models.intake.prepare.fhir_resources import (
    bundle,
    given,
    items,
    lost,
    observation,
    read,
    read_path,
    response,
    rows,
    total,
)

LINES = [{"resourceType": "Patient", "id": "1"}, given(), *items(at="2026-01-05T08:00:00Z"), total(3, "2026-01-04")]


def folder_of_ndjson(place: Path) -> Path:
    place.mkdir()
    for one in LINES:
        with (place / f"{one['resourceType']}.000.ndjson").open("a") as file:
            file.write(json.dumps(one) + "\n")
    (place / "log.txt").write_text("left alone")
    return place


def one_ndjson(place: Path) -> Path:
    path = place.with_suffix(".ndjson")
    path.write_text("\n".join(json.dumps(one) for one in LINES))  # no line end at the end
    return path


def one_json_of_lines(place: Path) -> Path:
    return one_ndjson(place).rename(place.with_suffix(".json"))


def windows_lines(place: Path) -> Path:
    path = one_ndjson(place)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n\r\n"))
    return path


def one_bundle(place: Path, **style: Any) -> Path:
    path = place.with_suffix(".json")
    path.write_text(json.dumps(bundle(*LINES), **style))
    return path


def pretty_bundle(place: Path) -> Path:
    return one_bundle(place, indent=2, sort_keys=True)


def bundles_a_line(place: Path) -> Path:
    path = place.with_suffix(".ndjson")
    path.write_text("".join(json.dumps(bundle(one)) + "\n" for one in LINES))
    return path


def bundle_in_bundle(place: Path) -> Path:
    path = place.with_suffix(".json")
    path.write_text(json.dumps(bundle(bundle(*LINES))))
    return path


def folder_of_json(place: Path) -> Path:
    for number, one in enumerate(LINES):
        (place / "deep").mkdir(parents=True, exist_ok=True)
        (place / "deep" / f"{number:02}.json").write_text(json.dumps(one, indent=1))
    return place


def list_of_resources(place: Path) -> Path:
    path = place.with_suffix(".json")
    path.write_text(json.dumps(LINES))
    return path


FORMS = [
    folder_of_ndjson, one_ndjson, one_json_of_lines, windows_lines, one_bundle, pretty_bundle, bundles_a_line,
    bundle_in_bundle, folder_of_json, list_of_resources,
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_each_form_of_an_export_gives_the_same(tmp_path: Path, form: Callable[[Path], Path]) -> None:
    path = form(tmp_path / "export")
    assert isinstance(recognised(path), FhirExport)
    found = read_path(path)
    assert rows(found, "patients", "record_number") == [("1",)]
    assert rows(found, "sessions", "dose") == [("40",)]
    assert sorted(rows(found, "assessments", "score", "item9")) == [("11", "2"), ("3", "")]
    assert (list(found.left_out), found.notes) == ([], [])


def test_rows_are_named_by_line_or_entry(tmp_path: Path) -> None:
    for form in (one_ndjson, pretty_bundle, one_bundle):
        found = read_path(form(tmp_path / "export"))
        assert found.tables["assessments"].origins[0].row == 12
        assert found.tables["sessions"].origins[0].row == 2


def test_names_of_files_that_may_be_patients_are_not_told(tmp_path: Path) -> None:
    patients = ("Aaron697_Dooley940.json", "Patient-Jane-Doe.json", "Patient-471123.json")
    for number, name in enumerate((*patients, "Observation.json", "Observation.000.ndjson")):
        (tmp_path / name).write_text(json.dumps(total(number, f"2026-01-0{number + 1}")))
    told = {origin.file for origin in read_path(tmp_path).tables["assessments"].origins}
    places = {f"file {place} of 5 by name" for place in (1, 4, 5)}
    assert told == {"Observation.000.ndjson", "Observation.json"} | places


@pytest.mark.parametrize(
    "name, text",
    [
        ("sheet.csv", b"record_number,time\n1,2026-01-05\n"),
        ("dataset.json", b'{"datasetJSONVersion": "1.1", "rows": []}'),
        ("empty.json", b""),
        ("text.json", b'"resourceType"'),
        ("binary.ndjson", bytes(range(256))),
    ],
)
def test_what_is_not_fhir_is_not_taken_for_it(tmp_path: Path, name: str, text: bytes) -> None:
    (tmp_path / name).write_bytes(text)
    assert not FhirExport().recognises(tmp_path / name)
    assert not FhirExport().recognises(tmp_path)
    assert not FhirExport().recognises(tmp_path / "absent")


GOOD = json.dumps(total(7)).encode()
DEEP = b'{"resourceType":"Observation","a":' + b"[" * 5000 + b"]" * 5000 + b"}"
MISSHAPEN = GOOD.replace(b'"code": {', b'"code": "Jane Doe", "x": {')


@pytest.mark.parametrize(
    "name, text, row, reason",
    [
        ("a.ndjson", GOOD + b"\n" + GOOD[:50], 2, "is no JSON"),
        ("a.ndjson", GOOD + b"\n\n[1]\n", 3, "is no FHIR resource"),
        ("a.ndjson", GOOD + b'\n{"id": "Jane Doe"}', 2, "is no FHIR resource"),
        ("a.ndjson", GOOD + b"\n" + GOOD.replace(b"final", b"f\xe4nal"), 2, "is no UTF-8"),
        ("a.ndjson", GOOD + b"\n" + DEEP, 2, "nested too deep"),
        ("a.ndjson", GOOD + b"\n" + MISSHAPEN, 2, "has not the shape of an Observation"),
        ("a.ndjson", GOOD + b'\n{"resourceType": "Patient", "id": "2", "name": NaN}', 2, "is no JSON"),
        ("a.json", b'{"resourceType": "Bundle",\n "entry": [\n', 3, "is no JSON"),
        ("a.json", b'{"resourceType": "Bundle", "entry": [{"resource": {"id": "x"}}]}', 1, "is no FHIR resource"),
        ("a.ndjson", gzip.compress(GOOD), None, "unpack it first"),
        ("a.json", GOOD.decode().encode("utf-16"), None, "is no UTF-8"),
    ],
)  # fmt: skip
def test_what_is_broken_is_named_by_file_and_line_and_never_repeated(
    tmp_path: Path, name: str, text: bytes, row: int | None, reason: str
) -> None:
    (tmp_path / name).write_bytes(text)
    # All but UTF-16 are told to be FHIR, so that reading says what is wrong.
    assert FhirExport().recognises(tmp_path / name) == (b"\0" not in text[:4] or text[:2] == b"\x1f\x8b")
    problems = Problems()
    with contextlib.suppress(CannotRead):  # where nothing else is there
        read_path(tmp_path / name, problems=problems)
    with pytest.raises(RecordsRefused) as refused:
        problems.refuse_if_any()
    assert [(one.file, one.row) for one in refused.value.problems] == [(name, row)]
    assert reason in refused.value.problems[0].reason
    assert "Jane" not in str(refused.value.problems[0])


ELEMENTS = (
    "id", "status", "code", "subject", "effectiveDateTime", "effectivePeriod", "valueQuantity", "valueCodeableConcept",
    "component", "hasMember", "derivedFrom", "medicationCodeableConcept", "dosage", "contained", "identifier", "link",
    "birthDate", "gender", "item", "authored", "event", "suspectEntity", "issue",
)  # fmt: skip
WRONG = ("Jane Doe", 7, ["Jane Doe"], {"coding": "Jane Doe"}, {"coding": [{"code": ["Jane Doe"]}]}, [[]], True, 1e308)


@pytest.mark.parametrize("element", ELEMENTS)
def test_an_element_of_a_wrong_shape_is_a_problem_or_left_out_and_nothing_falls_over(
    tmp_path: Path, element: str
) -> None:
    problems = Problems()
    kinds = [
        total(7), given(), items()[0], response({"44261-6": {"valueDecimal": 7}}, id="r"),
        {"resourceType": "Patient", "id": "1"}, {"resourceType": "Questionnaire", "id": "q"},
        {"resourceType": "AdverseEvent", "subject": {"reference": "Patient/1"}, "date": "2026-01-05"},
        {"resourceType": "OperationOutcome"},
    ]  # fmt: skip
    export = read(tmp_path, *(one | {element: wrong} for one in kinds for wrong in WRONG), problems=problems)
    told = str([*export.left_out, *problems._kept])
    assert "Jane" not in told
    cells = [cell for table in export.tables.values() for column in table.columns.values() for cell in column]
    assert {type(cell) for cell in cells} <= {str}


def test_a_time_that_no_calendar_of_a_clinic_has_is_left_out(tmp_path: Path) -> None:
    found = read(
        tmp_path, total(7, "9999-12-31T23:59:59-14:00"), given("0001-01-01T00:00:00+14:00"), zone="Europe/Berlin"
    )
    assert lost(found) == {
        "a score whose time is not told to the day": 1,
        "an administration without a time that tells the day": 1,
    }


def test_an_empty_folder_and_a_path_that_is_not_there_say_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(CannotRead, match="give the folder of the export"):
        read_path(tmp_path)
    with pytest.raises(CannotRead, match="is not there"):
        read_path(tmp_path / "absent.json")


def test_what_servers_say_beside_resources_is_told(tmp_path: Path) -> None:
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "diagnostics": "Jane Doe"}]}
    (tmp_path / "manifest.json").write_text('{"output": [],\n "transactionTime": "2026-01-01"}')
    visit = {"resourceType": "Encounter", "id": "e"}
    (tmp_path / "a.ndjson").write_text("\n".join(map(json.dumps, (total(7), outcome, visit))))
    found = read_path(tmp_path)
    assert lost(found) == {
        "an error that the server tells of: the export may not be whole": 1,
        "JSON without a resourceType": 1,
        "a resource of another type": 1,
    }
    assert found.left_out.lost == 1


@pytest.mark.parametrize(
    "tables, said",
    [
        ({"fhir": {"sytem": "x"}}, '"sytem" is not known here'),
        ({"events": {}}, '"events" is not known here'),
        ({"fhir": {"route": "nose"}}, "fhir.route is none of iv"),
        ({"fhir": {"totals": {"1": "phq-9"}}}, "fhir.totals.1 is none of phq9"),
        ({"fhir": {"totals": "phq9"}}, "fhir.totals is a table"),
        ({"fhir": {"items": {"1": "phq9 10"}}}, 'as "phq9 1"'),
        ({"fhir": {"answers": {"1": "often"}}}, "fhir.answers.1 is a number of points"),
        ({"fhir": {"drugs": {"1": "midazolam"}}}, "fhir.drugs.1 is none of ketamine"),
        ({"items": {"missing": "guess"}}, "items.missing is none of none, published"),
    ],
)
def test_a_map_that_cannot_be_used_says_why(tmp_path: Path, tables: dict[str, Any], said: str) -> None:
    with pytest.raises(CannotRead, match=r"^MAP\.toml") as refused:
        read(tmp_path, total(7), **tables)
    assert said in str(refused.value)


def test_a_suggestion_names_codes_identifiers_and_what_only_a_person_knows(tmp_path: Path) -> None:
    local = {"coding": [{"system": "urn:local", "code": 'M"1', "display": "MADRS total"}]}
    path = tmp_path / "a.ndjson"
    lines = [
        {"resourceType": "Patient", "id": "1", "identifier": [{"system": "urn:example:mrn", "value": "4711"}]},
        given(dosage={}), *items(), total(11), observation(local, valueInteger=20),
        observation("2339-0", valueInteger=4),
    ]  # fmt: skip
    path.write_text("\n".join(map(json.dumps, lines)))
    made = FhirExport().suggest(path, Choices())
    becomes = {column.column: column.becomes for column in made.columns}
    assert becomes["44261-6"] == "total of the PHQ-9"
    assert becomes["44260-8"] == "item 9 of the PHQ-9"
    assert (becomes['M"1'], becomes["2339-0"], becomes["ketamine"]) == ("", "", "ketamine")
    assert [question.partition("?")[0] for question in made.questions] == [
        "In which time zone is the clinic", "Which identifier is your record number of a patient",
        "By which route are the 1 sessions given that name none",
        "Which scales' totals stand under the codes in [fhir.totals]",
    ]  # fmt: skip
    assert "4711" not in made.toml
    assert '# Observation "44261-6", 1 times: total of the PHQ-9 (its code)\n' in made.toml
    assert '# Observation "M\\"1", 1 times: left out (its words name a scale, its code is no row\'s)\n' in made.toml
    said = tomllib.loads(made.toml)
    assert said == {"format": "fhir", "fhir": {"totals": {}}}
    # What it proposes may be taken as it stands: each line works once its # is gone.
    lines = [line.removeprefix("# ") if " = " in line else line for line in made.toml.splitlines()]
    uncommented = "\n".join(lines).replace('= ""', '= "madrs"')
    answered = tomllib.loads(uncommented)
    assert answered["fhir"]["identifier_system"] == "urn:example:mrn"
    tables = {name: table for name, table in answered.items() if name not in ("format", "zone")}
    found = FhirExport().read(path, Choices(ZoneInfo(answered["zone"]), map=tables), Problems())
    assert rows(found, "sessions", "record_number", "route") == [("4711", "iv")]
    assert sorted(rows(found, "assessments", "instrument", "score")) == [("madrs", "20"), ("phq9", "11")]


def test_hl7s_own_phq9_is_one_score_from_panel_items_total_and_response(datasets: Path) -> None:
    found = read_path(datasets / "fhir_us_core_phq9")
    assert rows(found, "assessments", "record_number", "time", "instrument", "score", "item9") == [
        ("example", "2022-11-29T20:50:32.718000+00:00", "phq9", "12", "0")  # 2+2+2+2+1+1+2+0+0
    ]
    assert found.left_out.lost == 0
    response = read_path(datasets / "fhir_us_core_phq9" / "QuestionnaireResponse-phq-9-example.json")
    assert rows(response, "assessments", "time", "score", "item9") == [("2022-11-29T20:50:32.718Z", "12", "0")]


def test_hl7s_examples_of_other_things_make_nothing(datasets: Path) -> None:
    found = read_path(datasets / "fhir_hl7_examples")
    assert {name: len(table) for name, table in found.tables.items()} == {
        "patients": 0,
        "sessions": 0,
        "assessments": 0,
    }
    assert (found.left_out.lost, sum(lost(found).values())) == (0, 7)  # a blood pressure is two signs
    reader = FhirExport()
    assert all(reader.recognises(path) for path in (datasets / "fhir_hl7_examples").iterdir())


def test_the_bulk_export_of_the_benchmark_comes_in_whole(
    tmp_path: Path, benchmark_module: Callable[[str, str], ModuleType]
) -> None:
    bulk = benchmark_module("prepare_fhir", "prepare_fhir_export")
    # Each of six sessions has 18 scored Observations, 6 of signs and 5 of others: two patients, and 28 of a third.
    folder = bulk.Bulk(2 * 6 * 29 + 28, seed=3).write(tmp_path / "bulk")
    found = read_path(folder, zone="America/New_York")
    sessions, scores = found.tables["sessions"], found.tables["assessments"]
    session = ("ketamine", "iv", "0.5", "mg_per_kg", "40")
    assert rows(found, "sessions", "drug", "route", "dose", "dose_unit", "duration_minutes") == [session] * 18
    assert sorted(origin.row for origin in sessions.origins) == list(range(1, 19))
    assert (len(scores), found.left_out.lost) == (26, 0)
    signs = rows(found, "sessions", "heart_rate_before", "heart_rate_highest")
    assert sorted(signs) == [("", "")] * 5 + [("70", "80")] * 13


def test_the_map_of_the_readme_can_be_used(tmp_path: Path, project_root: Path) -> None:
    text = (project_root / "data_models" / "README.md").read_text(encoding="utf-8")
    said = tomllib.loads(text.partition("### From FHIR")[2].partition("```toml")[2].partition("```")[0])
    assert said["format"] == FhirExport().key
    found = read(tmp_path, given(), fhir=said["fhir"], items=said["items"])
    assert lost(found) == {"a session of which nothing says whose it is": 1}  # no Patient has that identifier
