"""FHIR: administrations become sessions, with their doses, vital signs and side effects; worked by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from data_models.definitions import vocabulary
from data_models.intake.prepare.fhir.codes import (
    DOSE_UNITS,
    NDC_DRUGS,
    OTHER_DRUGS,
    ROUTES,
    RXNORM_DRUGS,
    SIDE_EFFECT_TERMS,
)
from data_models.intake.prepare.fhir.doses import drug_of
from tests.data_models.intake.prepare.fhir_resources import (
    AT,
    NDC,
    RXNORM,
    SNOMED,
    coded,
    given,
    lost,
    observation,
    read,
    rows,
)

SESSION = ("time", "drug", "route", "dose", "dose_unit", "duration_minutes")
SIGNS = (
    "systolic_before", "diastolic_before", "heart_rate_before",
    "systolic_highest", "diastolic_highest", "heart_rate_highest",
)  # fmt: skip


def at(clock: str) -> str:
    return f"2026-01-05T{clock}:00+01:00"


def pressure(clock: str, systolic: float, diastolic: float) -> dict[str, Any]:
    parts = [
        {"code": coded(code), "valueQuantity": {"value": value, "unit": "mmHg", "code": "mm[Hg]"}}
        for code, value in (("8480-6", systolic), ("8462-4", diastolic))
    ]
    return observation("85354-9", at(clock), component=parts)


def pulse(clock: str, beats: float, **more: Any) -> dict[str, Any]:
    return observation(
        "8867-4", at(clock), valueQuantity={"value": beats, "unit": "beats/minute", "code": "/min", **more}
    )


def procedure(when: str = AT, code: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    found = {
        "resourceType": "Procedure", "status": "completed", "subject": {"reference": "Patient/1"},
        "code": code or coded("G2083", "urn:oid:2.16.840.1.113883.6.285"), "performedDateTime": when, **more,
    }  # fmt: skip
    return {name: value for name, value in found.items() if value is not None}


def event(when: str, name: str = "Nausea", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "AdverseEvent", "actuality": "actual", "subject": {"reference": "Patient/1"}, "date": when,
        "event": {"text": name}, **more,
    }  # fmt: skip


def test_an_administration_is_a_session_with_route_dose_and_duration(tmp_path: Path) -> None:
    period = {"start": AT, "end": "2026-01-05T09:40:00+01:00"}
    found = read(tmp_path, given(dose=0.5, unit="mg/kg", effectiveDateTime=None, effectivePeriod=period))
    assert rows(found, "sessions", "record_number", *SESSION) == [("1", AT, "ketamine", "iv", "0.5", "mg_per_kg", "40")]


@pytest.mark.parametrize(
    "medication, drug",
    [
        (coded("6130", RXNORM), "ketamine"),
        (coded("2201625", RXNORM), "esketamine"),
        (coded("50458-028-03", NDC), "esketamine"),
        (coded("50458002803", NDC), "esketamine"),
        (coded("67457-001-10", NDC), "ketamine"),
        (coded("N06AX27", "http://www.whocc.no/atc"), "esketamine"),
        ({"text": "SPRAVATO 28 mg nasal spray"}, "esketamine"),
        ({"text": "Esketamin 25 mg/ml"}, "esketamine"),
        ({"text": "S-Ketamin Pfizer"}, "esketamine"),
        ({"text": "(S)-ketamine"}, "esketamine"),
        ({"text": "Ketanest S 5 mg/ml"}, "esketamine"),
        ({"text": "ketamine hydrochloride 50 mg/mL injection"}, "ketamine"),
        ({"text": "Ketalar"}, "ketamine"),
        (coded("999", RXNORM, display="ketamine 100 MG/ML Injectable Solution"), "ketamine"),
        # RxNorm goes before NDC, and codes before words.
        ({"coding": [*coded("50458-028-03", NDC)["coding"], *coded("6130", RXNORM)["coding"]]}, "ketamine"),
        ({**coded("6130", RXNORM), "text": "esketamine"}, "ketamine"),
        ({"text": "Midazolam 5 mg"}, None),
        ({"text": "norketamine"}, None),
        ({"text": "ketoprofen"}, None),
        (coded("6130", "urn:local"), None),
        (coded("50458-0280-1", "urn:local"), None),
        (coded("5045-8028-01", NDC), None),
        ({}, None),
    ],
)
def test_a_drug_is_found_by_rxnorm_then_ndc_then_other_codes_then_words(
    medication: dict[str, Any], drug: str | None
) -> None:
    found = drug_of(medication, {})
    assert (found.drug if found else None) == drug


def test_rows_of_codes_name_what_session_records_have() -> None:
    drugs = {drug for table in (RXNORM_DRUGS, NDC_DRUGS, OTHER_DRUGS) for drug in table.values()}
    assert {drug.drug for drug in drugs} == set(vocabulary.DRUGS)
    assert {drug.route for drug in drugs} - {""} | set(ROUTES.values()) == set(vocabulary.ROUTES)
    assert {unit for unit, _ in DOSE_UNITS.values()} == set(vocabulary.DOSE_UNITS)
    assert set(SIDE_EFFECT_TERMS.values()) | {"other"} == set(vocabulary.SIDE_EFFECTS)


@pytest.mark.parametrize(
    "medication",
    [
        {"medicationReference": {"reference": "Medication/m"}},
        {"medicationReference": {"reference": "https://example.org/fhir/Medication/m/_history/3"}},
        {"medicationReference": {"reference": "#c"}, "contained": [
            {"resourceType": "Medication", "id": "c", "ingredient": [{"itemCodeableConcept": coded("6130", RXNORM)}]}]},
        {"medicationReference": {"reference": "Medication/absent", "display": "Ketamine 50 mg/mL"}},
        {"medication": {"reference": {"reference": "Medication/m"}}},
        {"medication": {"concept": coded("6130", RXNORM)}},
    ],
)  # fmt: skip
def test_a_medication_may_stand_elsewhere_in_the_export(tmp_path: Path, medication: dict[str, Any]) -> None:
    held = {"resourceType": "Medication", "id": "m", "code": coded("6130", RXNORM)}
    found = read(tmp_path, given(medicationCodeableConcept=None, **medication), held)
    assert rows(found, "sessions", "drug") == [("ketamine",)]


def test_a_medication_that_the_export_does_not_hold_is_told_and_another_drug_is_foreign(tmp_path: Path) -> None:
    absent = given(medicationCodeableConcept=None, medicationReference={"reference": "Medication/x"})
    other = given(medicationCodeableConcept=None, medicationReference={"reference": "Medication/m"})
    held = {"resourceType": "Medication", "id": "m", "code": {"text": "Midazolam"}}
    found = read(tmp_path, absent, other, given(medicationCodeableConcept={"text": "Ondansetron"}), held)
    assert lost(found) == {
        "an administration whose Medication the export does not hold": 1,
        "an administration of another drug": 1,
        "a MedicationAdministration of something else": 1,
    }
    assert found.left_out.lost == 1


def test_two_syringes_of_an_infusion_are_one_session_and_their_doses_add_up(tmp_path: Path) -> None:
    found = read(tmp_path, given(at("09:25"), 25), given(at("09:00"), 20.5))
    assert rows(found, "sessions", *SESSION) == [(at("09:00"), "ketamine", "iv", "45.5", "mg", "")]
    assert [note.partition(":")[0] for note in found.notes] == ["1 sessions are of several administrations"]


def test_three_devices_of_28_mg_are_84_mg_by_the_nose(tmp_path: Path) -> None:
    device = {"medicationCodeableConcept": coded("50458-028-00", NDC)}
    dose = {"dosage": {"dose": {"value": 28, "unit": "mg"}}}
    found = read(tmp_path, *(given(at(clock), **device, **dose) for clock in ("09:00", "09:05", "09:10")))
    assert rows(found, "sessions", *SESSION) == [(at("09:00"), "esketamine", "intranasal", "84", "mg", "")]


@pytest.mark.parametrize("clock, sessions", [("13:00", 1), ("13:01", 2)])
def test_four_hours_after_the_first_administration_a_session_is_over(tmp_path: Path, clock: str, sessions: int) -> None:
    # The one between does not stretch it: hours count from the first.
    found = read(tmp_path, given(at("09:00")), given(at("12:00")), given(at(clock)))
    assert len(found.tables["sessions"]) == sessions


def test_another_drug_or_another_patient_is_another_session(tmp_path: Path) -> None:
    esketamine = {"medicationCodeableConcept": {"text": "Spravato"}}
    found = read(tmp_path, given(), given(subject={"reference": "Patient/2"}), given(at("09:10"), **esketamine))
    assert sorted(rows(found, "sessions", "record_number", "drug")) == [
        ("1", "esketamine"),
        ("1", "ketamine"),
        ("2", "ketamine"),
    ]


def test_a_date_alone_joins_the_session_of_its_date(tmp_path: Path) -> None:
    found = read(tmp_path, given("2026-01-05", 10), given(AT, 30))
    assert rows(found, "sessions", "time", "dose") == [(AT, "40")]
    two = read(tmp_path, given("2026-01-05", 10), given(AT, 30), given(at("17:00"), 30))
    assert rows(two, "sessions", "dose") == [("30",), ("30",)]
    assert lost(two) == {"an administration with a date alone, of a date with two sessions": 1}


def test_the_date_of_a_time_is_that_of_the_clinics_clock(tmp_path: Path) -> None:
    late = "2026-01-06T02:00:00Z"  # 21:00 of 5 January in New York
    found = read(tmp_path, given(late, 30), given("2026-01-05", 10), zone="America/New_York")
    assert rows(found, "sessions", "time", "dose") == [(late, "40")]
    assert len(read(tmp_path, given(late, 30), given("2026-01-05", 10)).tables["sessions"]) == 2


@pytest.mark.parametrize(
    "other, reason",
    [
        ({"dose": 0.5, "unit": "mg/kg"}, "a dose of a session of which a part has no dose or another unit"),
        ({"dosage": {}}, "a dose of a session of which a part has no dose or another unit"),
        ({"dose": 2, "unit": "mL"}, "a dose in a unit that is neither mg nor mg/kg"),
    ],
)
def test_doses_that_cannot_be_added_up_are_not(tmp_path: Path, other: dict[str, Any], reason: str) -> None:
    found = read(tmp_path, given(), given(at("09:10"), **other))
    assert rows(found, "sessions", "dose", "dose_unit") == [("", "")]
    assert reason in lost(found)


@pytest.mark.parametrize("value, unit, cells", [(0.04, "g", "40"), (40000, "ug", "40"), ("40", "MG", "40")])
def test_doses_come_in_the_contracts_units(tmp_path: Path, value: Any, unit: str, cells: str) -> None:
    assert rows(read(tmp_path, given(dose=value, unit=unit)), "sessions", "dose", "dose_unit") == [(cells, "mg")]


def test_a_procedure_is_a_session_without_a_dose_and_joins_an_administration(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        procedure(),
        procedure("2026-01-08", {"text": "Ketamine infusion"}),
        procedure("2026-01-09", {"text": "ECT"}),
    )
    assert rows(found, "sessions", "time", "drug", "route", "dose") == [
        (AT, "esketamine", "intranasal", ""), ("2026-01-08", "ketamine", "", ""),
    ]  # fmt: skip
    assert found.left_out.lost == 0
    both = read(tmp_path, procedure(at("08:55"), {"text": "Ketamine infusion"}), given(AT, 40))
    assert rows(both, "sessions", "time", "dose", "route") == [(at("08:55"), "40", "iv")]


@pytest.mark.parametrize("status", ["in-progress", "not-done", "on-hold", "entered-in-error", "unknown"])
def test_an_administration_that_was_not_done_is_no_session(tmp_path: Path, status: str) -> None:
    found = read(tmp_path, given(status=status), procedure("2026-01-09", status=status))
    assert len(found.tables["sessions"]) == 0
    assert lost(found) == {f"{kind} with the status {status}": 1 for kind in ("MedicationAdministration", "Procedure")}


def test_older_versions_say_beside_the_status_that_nothing_was_given(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        given(wasNotGiven=True),
        given(notGiven=True),
        given(status=None),
        given("2026-01-08", status="stopped"),
    )
    assert rows(found, "sessions", "time") == [(AT,), ("2026-01-08",)]
    assert found.left_out.lost == 2


def test_an_administration_of_dstu2_has_other_names(tmp_path: Path) -> None:
    old = given(subject=None, effectiveDateTime=None, dosage={"quantity": {"value": 40, "unit": "mg"}})
    found = read(tmp_path, old | {"patient": {"reference": "Patient/1"}, "effectiveTimeDateTime": AT})
    assert rows(found, "sessions", "record_number", "time", "dose") == [("1", AT, "40")]


def test_the_same_administration_in_two_files_counts_once_and_the_later_version_holds(tmp_path: Path) -> None:
    found = read(tmp_path, given(id="a", dose=40), given(id="a", dose=45))
    assert rows(found, "sessions", "dose") == [("45",)]


@pytest.mark.parametrize(
    "route, told",
    [
        (coded("78421000", SNOMED), "im"),
        (coded("IV", "http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration"), "iv"),
        (coded("x", "urn:local", display="Intravenous route (qualifier value)"), "iv"),
        ({"text": "Sublingual"}, "sublingual"),
        ({"text": "by mouth"}, "oral"),
        (None, ""),
    ],
)
def test_routes_by_code_or_word(tmp_path: Path, route: dict[str, Any] | None, told: str) -> None:
    dosage = {"dose": {"value": 40, "unit": "mg"}, **({"route": route} if route else {})}
    assert rows(read(tmp_path, given(dosage=dosage)), "sessions", "route") == [(told,)]
    default = read(tmp_path, given(dosage=dosage), fhir={"route": "iv"})
    assert rows(default, "sessions", "route") == [(told or "iv",)]


def test_a_route_that_session_records_do_not_have_is_no_session_unless_the_map_says_what_it_is(tmp_path: Path) -> None:
    buccal = given(dosage={"route": coded("54471007", SNOMED, display="Buccal route")})
    found = read(tmp_path, buccal)
    assert lost(found) == {"an administration by a route that session records do not have": 1}
    assert rows(read(tmp_path, buccal, fhir={"routes": {"54471007": "sublingual"}}), "sessions", "route") == [
        ("sublingual",)
    ]


def test_codes_of_the_map_are_sessions(tmp_path: Path) -> None:
    own = given(medicationCodeableConcept=coded("KET50", "urn:local"))
    assert len(read(tmp_path, own).tables["sessions"]) == 0
    assert rows(read(tmp_path, own, fhir={"drugs": {"KET50": "ketamine"}}), "sessions", "drug") == [("ketamine",)]


def test_vital_signs_before_are_the_last_ones_and_highest_the_highest_after_the_start(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        pressure("08:00", 150, 99), pressure("08:55", 120, 80), pulse("08:55", 70),
        given(at("09:00")),
        pressure("09:40", 145, 88), pulse("09:40", 92), pressure("10:30", 141, 91), pulse("13:00", 60),
        pressure("13:01", 190, 120), pressure("04:59", 180, 110),
    )  # fmt: skip
    assert rows(found, "sessions", *SIGNS) == [("120", "80", "70", "145", "91", "92")]
    assert lost(found) == {"a vital sign of no session": 4}  # 13:01 and 04:59, of two signs each
    assert found.left_out.lost == 0


def test_a_reading_at_the_start_is_before_and_one_between_two_sessions_is_after_the_first(tmp_path: Path) -> None:
    esketamine = {"medicationCodeableConcept": {"text": "Spravato"}}
    found = read(tmp_path, pulse("09:00", 70), given(at("09:00")), pulse("11:00", 88), given(at("12:00"), **esketamine))
    names = ("heart_rate_before", "heart_rate_highest")
    assert rows(found, "sessions", "drug", *names) == [("ketamine", "70", "88"), ("esketamine", "", "")]


def test_a_vital_sign_with_a_date_alone_is_neither_before_nor_after(tmp_path: Path) -> None:
    dated = observation("8867-4", "2026-01-05", valueQuantity={"value": 70})
    found = read(tmp_path, given(), dated, observation("8867-4", "2026-01-04", valueQuantity={"value": 70}))
    assert rows(found, "sessions", "heart_rate_before", "heart_rate_highest") == [("", "")]
    assert lost(found) == {
        "a vital sign on a session's date, of which no time says before or after": 1,
        "a vital sign of no session": 1,
    }


def test_a_vital_sign_in_another_unit_is_left_out_and_one_without_a_unit_is_taken(tmp_path: Path) -> None:
    kilopascal = observation("8480-6", at("08:55"), valueQuantity={"value": 16, "unit": "kPa", "code": "kPa"})
    bare = observation("8462-4", at("08:55"), valueQuantity={"value": 80})
    found = read(tmp_path, given(), kilopascal, bare)
    assert rows(found, "sessions", "systolic_before", "diastolic_before") == [("", "80")]
    assert lost(found) == {"a vital sign in a unit that is not mmHg or beats a minute": 1}


EFFECT = ("record_number", "time", "term", "severity", "onset_minutes", "serious")


def test_an_adverse_event_stands_at_its_session(tmp_path: Path) -> None:
    serious = {"coding": [{"code": "Non-serious"}]}
    found = read(tmp_path, given(), event(at("09:30"), severity=coded("mild", "urn:x"), seriousness=serious))
    assert rows(found, "side_effects", *EFFECT) == [("1", AT, "nausea", "mild", "30", "no")]


@pytest.mark.parametrize(
    "when, onset",
    [("2026-01-05", ""), (at("09:00"), "0"), ("2026-01-06T09:00:00+01:00", "1440"), ("2026-01-06T09:01:00+01:00", None),
     (at("08:59"), None), ("2026-01-06", None)],
)  # fmt: skip
def test_an_event_belongs_to_a_session_of_its_date_or_of_the_day_before(
    tmp_path: Path, when: str, onset: str | None
) -> None:
    found = read(tmp_path, given(), event(when))
    told = [row[0] for row in rows(found, "side_effects", "onset_minutes")] if "side_effects" in found.tables else []
    assert told == ([] if onset is None else [onset])
    assert found.left_out.lost == (onset is None)


def test_the_administration_that_an_event_suspects_is_its_session(tmp_path: Path) -> None:
    suspect = {"suspectEntity": [{"instance": {"reference": "MedicationAdministration/a"}}]}
    found = read(tmp_path, given(id="a"), given("2026-01-08", id="b"), event("2026-01-08", **suspect))
    assert rows(found, "side_effects", "time", "onset_minutes") == [(AT, "")]


@pytest.mark.parametrize(
    "name, term",
    [
        ({"text": "Headache"}, "headache"),
        (coded("25064002", SNOMED, display="Headache (finding)"), "headache"),
        (coded("x", "urn:local", display="Dizziness (finding)"), "dizziness"),
        ({"text": "Blurred vision"}, "vision_blurred"),
        ({"text": "Itching"}, "other"),
    ],
)
def test_names_of_side_effects_by_code_or_word(tmp_path: Path, name: dict[str, Any], term: str) -> None:
    found = read(tmp_path, given(), event(AT, event=name))
    assert rows(found, "side_effects", "term") == [(term,)]
    assert bool(found.notes) == (term == "other")


def test_two_events_of_one_name_at_one_time_are_the_worse_one(tmp_path: Path) -> None:
    mild, severe = ({"severity": coded(word, "urn:x")} for word in ("mild", "severe"))
    found = read(tmp_path, given(), event(AT, **severe), event(AT, **mild))
    assert rows(found, "side_effects", "severity") == [("severe",)]
    assert lost(found) == {"an adverse event beside another of its name and time: the worse is told": 1}


def test_an_event_that_did_not_happen_or_was_wrong_is_left_out(tmp_path: Path) -> None:
    found = read(tmp_path, given(), event(AT, actuality="potential"), event(AT, status="entered-in-error"))
    assert "side_effects" not in found.tables
    assert found.left_out.lost == 2
