# ruff: noqa: E501  (a table of cases reads as a table)
"""Bad records: each is refused with file, row, column and reason, and the store stays byte for byte what it was."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl
import pytest

from data_models.intake.contract import CannotRead, Problem, RecordsRefused
from data_models.intake.prepare.contract_form import ContractForm
from data_models.intake.prepare.crosswalk import read_crosswalk
from data_models.intake.prepare.source import Choices
from data_models.intake.readers import read_records
from data_models.intake.readers.problems import Problems
from data_models.store import Store

PATIENTS = "patient_code,clinic,age_band,age,sex,diagnosis,conditions,first_session_year\n"
SESSIONS = (
    "patient_code,hours,day,drug,route,dose,dose_unit,phase,systolic_before,systolic_highest,cadss_highest,"
    "moaas_lowest,side_effects_asked\n"
)
VITALS = "patient_code,hours,systolic_before,diastolic_before,systolic_highest,diastolic_highest\n"
SCORES = "patient_code,hours,day,timing,instrument,score,item9\n"
EFFECTS = "patient_code,hours,day,term,severity,onset_minutes,resolved_minutes,last_observed_minutes,serious\n"
GOOD = {
    "patients.csv": PATIENTS
    + "P001,North,35-44,,female,ptsd,hypertension;liver,2024\nP002,South,,40,male,anxiety,none,2023\n",
    "sessions.csv": SESSIONS
    + "P001,0,,ketamine,iv,0.5,mg_per_kg,induction,120,150,30,4,yes\n"
    + "P001,72.5,,ketamine,iv,0.5,mg_per_kg,,,,,,yes\n"
    + "P001,76,,ketamine,iv,0.5,mg_per_kg,,,,,,yes\n"
    + "P002,,0,esketamine,intranasal,56,mg,,,,,,no\n",
    "assessments.csv": SCORES + "P001,-2.5,,,phq9,20,2\nP001,24,,,phq9,9,1\nP002,,7,before,gad7,12,\n",
    "side_effects.csv": EFFECTS + "P001,0,,nausea,mild,20,90,,no\nP001,72.5,,headache,,,,,\n",
}
Files = dict[str, str | bytes]


@dataclass
class Case:
    """Files that replace or join the good ones (None: is left out), and where the problem must be reported."""

    name: str
    files: dict[str, str | bytes | None]
    file: str
    row: int | None
    column: str | None
    reason: str
    also: list[tuple[int, str]] = field(default_factory=list)


def patient(row: str) -> Files:
    """The good patients and one more row (row 4)."""
    return {"patients.csv": GOOD["patients.csv"] + row + "\n"}


def session(row: str) -> Files:
    """The good sessions and one more row (row 6)."""
    return {"sessions.csv": GOOD["sessions.csv"] + row + "\n"}


def score(row: str) -> Files:
    """The good scores and one more row (row 5)."""
    return {"assessments.csv": GOOD["assessments.csv"] + row + "\n"}


def effect(row: str) -> Files:
    """The good side effects and one more row (row 4)."""
    return {"side_effects.csv": GOOD["side_effects.csv"] + row + "\n"}


def scored(cell: str, reason: str, name: str) -> Case:
    """A case of one bad score cell."""
    return Case(name, score(f"P001,48,,,phq9,{cell},"), "assessments.csv", 5, "score", reason)


def column(name: str, identifier: str) -> Case:
    """A case of a forbidden column."""
    text = GOOD["patients.csv"].replace("first_session_year", f"first_session_year,{name}")
    text = text.replace("2024\n", "2024,\n").replace("2023\n", "2023,\n")
    return Case(f"column {name}", {"patients.csv": text}, "patients.csv", 1, name, identifier)


def coded(code: str, identifier: str, name: str) -> Case:
    """A case of a patient code that looks like an identifier."""
    return Case(name, patient(f"{code},,,,,,,"), "patients.csv", 4, "patient_code", identifier)


def located(value: str, identifier: str, name: str) -> Case:
    """A case of a clinic cell that looks like an identifier."""
    return Case(name, patient(f'P003,"{value}",,,,,,'), "patients.csv", 4, "clinic", identifier)


A, S, P, E = "assessments.csv", "sessions.csv", "patients.csv", "side_effects.csv"
GOOD_PATIENTS = GOOD[P]
CASES = [
    # --- the file ---
    Case("empty file", {A: ""}, A, None, None, "the file is empty"),
    Case("line ends alone", {A: "\n\n"}, A, None, None, "the file is empty"),
    Case("UTF-16", {P: GOOD_PATIENTS.encode("utf-16")}, P, 1, None, "UTF-16"),
    Case("UTF-16, most significant byte first", {P: b"\xfe\xff" + GOOD_PATIENTS.encode("utf-16-be")}, P, 1, None, "UTF-16 ("),
    Case("UTF-16 without mark", {P: GOOD_PATIENTS.encode("utf-16-le")}, P, 1, None, "UTF-16"),
    Case("UTF-32", {P: GOOD_PATIENTS.encode("utf-32")}, P, 1, None, "UTF-32"),
    Case("cp1252", {P: (GOOD_PATIENTS + "P003,Zürich,,,,,,\n").encode("cp1252")}, P, 4, None, "is not UTF-8"),
    Case("NUL byte", patient("P0\x0003,,,,,,,"), P, 4, None, "NUL byte"),
    Case("50 MB line", {A: SCORES + "P001,1,,,phq9,2,\n" + "P" * 50_000_000 + "\n"}, A, 3, None, "longer than"),
    Case("unknown file", {"session.csv": SESSIONS}, "session.csv", None, None, "did you mean sessions.csv?"),
    Case("workbook in the folder", {"records.xlsx": b"PK"}, "records.xlsx", None, None, "unknown file"),
    Case("both forms", {"session_records.csv": SESSIONS}, "session_records.csv", None, None, "beside the tables"),
    Case("semicolons", {P: GOOD_PATIENTS.replace(",", ";")}, P, 1, None, "semicolons"),
    Case("no header", {P: "P001,North\n"}, P, 1, None, "put the column names there"),
    Case("line for Excel alone", {P: "sep=,\n" + GOOD_PATIENTS}, P, 1, None, "a line for Excel alone"),
    # --- columns ---
    Case("column names in capitals", {P: "Patient_Code,Sex\nP001,male\n"}, P, 1, "Sex", "did you mean sex?"),
    Case("duplicate column", {P: "patient_code,sex,sex\nP001,male,male\n"}, P, 1, "sex", "stands twice"),
    Case("unknown column", {P: "patient_code,shoe_size\nP001,40\n"}, P, 1, "shoe_size", "unknown column"),
    Case("misspelt column", {P: "patient_code,diagnose\nP001,ptsd\n"}, P, 1, "diagnose", "did you mean diagnosis?"),
    Case("nameless column", {P: "patient_code,\nP001,x\n"}, P, 1, "number 2", "no name"),
    Case("column missing", {A: "patient_code,hours,score\nP001,3,4\n"}, A, 1, "instrument", "is missing"),
    Case("clock missing", {A: "patient_code,instrument,score\nP001,phq9,4\n"}, A, 1, "hours", "hours or day"),
    # --- rows ---
    Case("truncated row", score("P001,48,,,phq9"), A, 5, "score", "cut short: 5 fields"),
    Case("truncated last row", {A: SCORES + "P001,24,,,phq9,9,\nP001,2"}, A, 3, "day", "cut short"),
    Case("extra field", score("P001,48,,,phq9,9,1,9"), A, 5, None, "too many fields: 8 fields"),
    Case("empty line", score("\nP001,48,,,phq9,9,1"), A, 5, None, "the line is empty"),
    Case("unclosed quotation mark", score('P001,48,,,"phq9,9,1'), A, 5, None, "quotation mark"),
    Case("quotation mark unclosed at the end", {A: SCORES + 'P001,48,,,phq9,"1'}, A, 2, None, "quotation mark"),
    Case("text after a quotation mark", score('P001,48,,,phq9,"2"0,'), A, 5, None, "quotation mark"),
    Case("quotation marks within a cell", {A: SCORES + 'P001,48,,,phq9,2""0,\n'}, A, 2, "score", "plain digits"),
    Case("line break in a cell", score('P001,48,,,"ph\nq9",9,1'), A, 5, "instrument", "line break"),
    # --- numbers ---
    scored("NaN", "leave the cell empty", "NaN"),
    scored("NA", "leave the cell empty", "NA"),
    scored("inf", "infinity", "inf"),
    scored("-inf", "infinity", "minus inf"),
    scored("1e400", "exponent", "1e400"),
    scored("1e1", "exponent", "1e1"),
    scored("007", "leading zero", "leading zeros"),
    scored(" 5", "spaces", "space before"),
    scored('"1,5"', "comma", "decimal comma"),
    scored("٥", "digits 0 to 9", "Arabic digit"),
    scored("+5", "plus sign", "plus sign"),
    scored("0x10", "plain digits", "hexadecimal"),
    scored("five", "plain digits", "a word"),
    scored("-1", "outside the range", "negative score"),
    scored("28", "outside the range of PHQ-9, 0 to 27", "score above the scale"),
    scored("4.5", "whole number", "fraction of a whole scale"),
    scored("", "the cell is empty", "no score"),
    Case("score above HADS", score("P001,48,,,hads_a,22,"), A, 5, "score", "0 to 21"),
    Case("item9 above 3", score("P001,48,,,phq9,9,4"), A, 5, "item9", "0 to 3"),
    Case("item9 of another scale", score("P001,48,,,gad7,9,1"), A, 5, "item9", "another scale"),
    Case("item9 above its total", score("P001,48,,,phq9,1,2"), A, 5, "item9", "above the score"),
    Case("fraction of a day", score("P001,,1.5,,phq9,9,"), A, 5, "day", "whole number"),
    Case("date as a day", score("P001,,45325,,phq9,9,"), A, 5, "day", "serial number (C)"),
    Case("epoch as hours", score("P001,1700000000,,,phq9,9,"), A, 5, "hours", "epoch"),
    Case("ISO date as hours", score("P001,2024-02-03,,,phq9,9,"), A, 5, "hours", "date (C)"),
    Case("time of day as hours", score("P001,09:30,,,phq9,9,"), A, 5, "hours", "date (C)"),
    Case("ZIP in a code column", patient("P003,,,,,02139,,"), P, 4, "diagnosis", "ZIP code (B)"),
    Case("name in a code column", patient('P003,,,,,"Roe, Jane",,'), P, 4, "diagnosis", "name (A)"),
    Case("free text in a code column", effect("P001,0,,felt very sick,,,,,"), E, 4, "term", "free text of two words"),
    Case("telephone as a score", score("P001,48,,,phq9,5551234567,"), A, 5, "score", "long run of digits"),
    Case("a thousand clinics", {P: "patient_code,clinic\n" + "".join(f"P{n},c{n}\n" for n in range(1_001))}, P, None, "clinic", "more than 1,000 different values"),
    Case("a thousand columns", {P: ",".join(["patient_code", *(f"c{n}" for n in range(1_000))]) + "\n"}, P, 1, None, "more than 1,000 columns"),
    Case("sessions by day twice", session("P002,,0,esketamine,oral,56,mg,,,,,,no"), S, 5, "day", "two sessions", [(6, "day")]),
    Case("unknown instrument", score("P001,48,,,phq8,9,"), A, 5, "instrument", "did you mean phq9?"),
    Case("long before", score("P001,-8761,,,phq9,9,"), A, 5, "hours", "outside the range -8760"),
    Case("day long before", score("P001,,-366,,phq9,9,"), A, 5, "day", "outside the range -365"),
    Case("far in the future", score("P001,600000,,,phq9,9,"), A, 5, "hours", "outside the range"),
    Case("hours and day", score("P001,48,2,,phq9,9,"), A, 5, "day", "both given"),
    Case("neither hours nor day", score("P001,,,,phq9,9,"), A, 5, "hours", "neither hours nor day"),
    Case("timing with hours", score("P001,48,,after,phq9,9,"), A, 5, "timing", "leave timing empty"),
    Case("unknown timing", score("P001,,2,during,phq9,9,"), A, 5, "timing", "the codes are before, after"),
    # --- sessions ---
    Case("session before the first", session("P001,-1,,,,,,,,,,,"), S, 6, "hours", "outside the range 0"),
    Case("unknown drug", session("P001,99,,morphine,,,,,,,,,"), S, 6, "drug", "the codes are ketamine, esketamine"),
    Case("upper-case route", session("P001,99,,,IV,,,,,,,,"), S, 6, "route", "did you mean iv?"),
    Case("unknown unit", session("P001,99,,,,50,mg/kg,,,,,,"), S, 6, "dose_unit", "did you mean mg_per_kg?"),
    Case("wrong unit", session("P001,99,,,,40,mg_per_kg,,,,,,"), S, 6, "dose", "0.05 to 10 mg_per_kg"),
    Case("other wrong unit", session("P001,99,,,,0.5,mg,,,,,,"), S, 6, "dose", "1 to 1000 mg"),
    Case("dose without unit", session("P001,99,,,,0.5,,,,,,,"), S, 6, "dose_unit", "without its unit"),
    Case("blood pressure of 999", session("P001,99,,,,,,,120,999,,,"), S, 6, "systolic_highest", "50 to 300 mmHg"),
    Case("diastolic over systolic", {S: VITALS + "P001,0,80,120,150,90\n"}, S, 2, "diastolic_before", "not below systolic_before"),
    Case("highest diastolic over systolic", {S: VITALS + "P001,0,120,80,90,150\n"}, S, 2, "diastolic_highest", "not below systolic_highest"),
    Case("missing codes as pressures", {S: VITALS + "P001,0,99,99,99,99\n"}, S, 2, "diastolic_before", "99 for not recorded"),
    Case("CADSS of 93", session("P001,99,,,,,,,,,93,,"), S, 6, "cadss_highest", "0 to 92"),
    Case("MOAA/S of 6", session("P001,99,,,,,,,,,,6,"), S, 6, "moaas_lowest", "0 to 5"),
    Case("asked maybe", session("P001,99,,,,,,,,,,,maybe"), S, 6, "side_effects_asked", "the codes are yes, no"),
    Case("asked true", session("P001,99,,,,,,,,,,,TRUE"), S, 6, "side_effects_asked", "the codes are yes, no"),
    # --- patients ---
    Case("two patients, one code", patient("P001,South,,,,,,"), P, 2, "patient_code", "different facts", [(4, "patient_code")]),
    Case("age and band differ", patient("P003,,18-24,40,,,,"), P, 4, "age_band", "do not agree"),
    Case("age over 89", patient("P003,,,93,,,,"), P, 4, "age", "90+"),
    Case("age under 18", patient("P003,,,17,,,,"), P, 4, "age", "18 to 89"),
    Case("band over 89", patient("P003,,95+,,,,,"), P, 4, "age_band", "age over 89"),
    *(
        Case(f"observed {value} weeks", {P: f"patient_code,observed_until_weeks\nP001,{value}\nP002,\n"}, P, 2,
             "observed_until_weeks", reason)
        for value, reason in (("-1", "0 to 3128 weeks"), ("3129", "0 to 3128 weeks"), ("8.5", "whole number"))
    ),
    Case("unknown condition", patient("P003,,,,,,liver;gout,"), P, 4, "conditions", "unknown code"),
    Case("none and a condition", patient("P003,,,,,,none;liver,"), P, 4, "conditions", "beside other codes"),
    Case("nothing between conditions", patient("P003,,,,,,liver;;other,"), P, 4, "conditions", "beside a semicolon"),
    Case("nothing after a condition", patient("P003,,,,,,liver;,"), P, 4, "conditions", "beside a semicolon"),
    Case("no code", patient(",North,,,,,,"), P, 4, "patient_code", "the cell is empty"),
    Case("code too long", patient("P" * 33 + ",,,,,,,"), P, 4, "patient_code", "1 to 32"),
    Case("code with a dot", patient("P.3,,,,,,,"), P, 4, "patient_code", "A-Z a-z 0-9"),
    Case("clinic NA", patient("P003,NA,,,,,,"), P, 4, "clinic", "leave the cell empty"),
    # --- side effects ---
    Case("unknown term", effect("P001,0,,nausae,,,,,"), E, 4, "term", "did you mean nausea?"),
    Case("unknown severity", effect("P001,0,,vertigo,bad,,,,"), E, 4, "severity", "mild, moderate, severe"),
    Case("resolved before onset", effect("P001,0,,vertigo,,20,10,,"), E, 4, "resolved_minutes", "before its onset"),
    Case("resolved after last observed", effect("P001,0,,vertigo,,1,20,10,"), E, 4, "resolved_minutes", "after it was last observed"),
    Case("no session at these hours", effect("P001,5,,vertigo,,,,,"), E, 4, "hours", "no session"),
    Case("no session on the day", effect("P001,,2,vertigo,,,,,"), E, 4, "day", "no session"),
    Case("two sessions on the day", effect("P001,,3,vertigo,,,,,"), E, 4, "day", "give hours"),
    Case("not asked but recorded", effect("P002,,0,vertigo,,,,,"), S, 5, "side_effects_asked", "correct no to yes"),
    Case("conflicting side effects", effect("P001,0,,nausea,severe,20,90,,no"), E, 2, "term", "two different", [(4, "term")]),
    # --- across rows and files ---
    Case("conflicting scores", score("P001,24,,,phq9,10,"), A, 3, "score", "two different scores", [(5, "score")]),
    Case("conflicting by spelling", score("P001,24.0,,,phq9,9,0"), A, 3, "score", "two different", [(5, "score")]),
    Case("conflicting sessions", session("P001,72.5,,ketamine,im,,,,,,,,"), S, 3, "hours", "two sessions", [(6, "hours")]),
    Case("score of nobody", score("P009,24,,,phq9,10,"), A, 5, "patient_code", "no patient has this code"),
    Case("session of nobody", session("P009,24,,,,,,,,,,,"), S, 6, "patient_code", "no patient has this code"),
    Case("effect of nobody", effect("P009,0,,nausea,,,,,"), E, 4, "patient_code", "no patient has this code"),
    Case("no sessions", {P: "patient_code\nQ1\n", S: None, A: None, E: None}, S, None, None, "no sessions"),
    Case("header of sessions alone", {P: "patient_code\nQ1\n", S: SESSIONS, A: None, E: None}, S, None, None, "no sessions"),
    Case("score differs from the store", {P: None, S: None, E: None, A: SCORES + "Z900,0,,,phq9,11,\n"}, A, 2, "score", "differs from what is stored"),
    Case("session differs from the store", {P: None, A: None, E: None, S: SESSIONS + "Z900,0,,,im,,,,,,,,\n"}, S, 2, "hours", "differs from what is stored"),
    # --- identifiers: columns of the classes (A) to (R) ---
    column("first_name", "name (A)"),
    column("zip", "geographic subdivision (B)"),
    column("date_of_birth", "date (C)"),
    column("phone", "telephone number (D)"),
    column("fax", "fax number (E)"),
    column("email", "e-mail address (F)"),
    column("ssn", "social security number (G)"),
    column("mrn", "medical record number (H)"),
    column("insurance_id", "health plan number (I)"),
    column("account_number", "account number (J)"),
    column("drivers_license", "certificate or licence number (K)"),
    column("vin", "vehicle identifier (L)"),
    column("device_serial", "device identifier (M)"),
    column("url", "web address (N)"),
    column("ip_address", "IP address (O)"),
    column("fingerprint", "biometric identifier (P)"),
    column("photo", "photograph (Q)"),
    column("notes", "other unique identifier (R)"),
    # --- identifiers: values ---
    coded("John_Smith", "name (A)", "a name as code"),
    coded("1980-02-03", "date (C)", "a date as code"),
    coded("123-45-6789", "social security number (G)", "a social security number as code"),
    coded("MRN0012345", "medical record number (H)", "a record number as code"),
    coded("1700000000", "epoch", "epoch seconds as code"),
    coded("jane@clinic.example", "e-mail address (F)", "an e-mail as code"),
    located("jane@clinic.example", "e-mail address (F)", "e-mail"),
    located("555-123-4567", "telephone number (D)", "telephone"),
    located("123-45-6789", "social security number (G)", "social security number"),
    located("https://x.example/p", "web address (N)", "web address"),
    located("192.168.0.12", "IP address (O)", "IPv4"),
    located("fe80::1ff:fe23:4567:890a", "IP address (O)", "IPv6"),
    located("2024-02-03", "date (C)", "ISO date"),
    located("02/13/2024", "date (C)", "US date"),
    located("13.2.2024", "date (C)", "European date"),
    located("3 March 2024", "date (C)", "date in words"),
    located("45325", "serial number (C)", "spreadsheet date or ZIP"),
    located("1700000000000", "epoch", "epoch milliseconds"),
    located("02139-4307", "geographic subdivision (B)", "ZIP+4"),
    located("AB12345678", "long run of digits", "long digit run"),
    located("92 years", "age over 89 (C)", "age in words"),
    located("Dr Smith Clinic", "name (A)", "title and name"),
    located("Harbour View", "write Harbour_View", "two words"),
    located("00-1B-44-11-3A-B7", "device identifier (M)", "MAC address"),
    located("00:1B:44:11:3A:B7", "device identifier (M)", "MAC address with colons"),
    located("Denver_80202", "geographic subdivision (B)", "ZIP with a city"),
    located("80202-CO", "geographic subdivision (B)", "ZIP with a state"),
    located("SW1A1AA", "geographic subdivision (B)", "British postcode"),
    located("London_K1A-0B1", "geographic subdivision (B)", "Canadian postcode with a city"),
    coded("00-1B-44-11-3A-B7", "device identifier (M)", "a MAC address as code"),
]  # fmt: skip


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that holds one patient of another batch."""
    folder = tmp_path_factory.mktemp("template")
    records = folder / "records"
    records.mkdir()
    (records / "patients.csv").write_text("patient_code,sex\nZ900,female\n")
    (records / "sessions.csv").write_text("patient_code,hours,route\nZ900,0,iv\n")
    (records / "assessments.csv").write_text("patient_code,hours,instrument,score\nZ900,0,phq9,12\n")
    store = Store.open(f"sqlite:///{(folder / 'store.db').as_posix()}")
    store.import_path(records)
    store.close()
    return folder / "store.db"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def refused(template: Path, tmp_path: Path) -> Callable[[Path], RecordsRefused]:
    """Import into a store; give back the refusal after holding that the store did not change."""

    def run(records: Path) -> RecordsRefused:
        database = tmp_path / "store.db"
        shutil.copy(template, database)
        before = digest(database)
        store = Store.open(f"sqlite:///{database.as_posix()}")
        with pytest.raises(RecordsRefused) as caught:
            store.import_path(records)
        store.close()
        assert digest(database) == before, "the store changed"
        return caught.value

    return run


def written(folder: Path, files: dict[str, str | bytes | None]) -> Path:
    folder.mkdir()
    for name, content in {**GOOD, **files}.items():
        if content is not None:
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def test_the_records_that_the_cases_spoil_are_good(template: Path, tmp_path: Path) -> None:
    database = tmp_path / "store.db"
    shutil.copy(template, database)
    store = Store.open(f"sqlite:///{database.as_posix()}")
    result = store.import_path(written(tmp_path / "records", {}))
    store.close()
    assert (result.patients, result.sessions, result.assessments, result.side_effects) == (2, 4, 3, 2)


def test_there_are_at_least_sixty_cases_with_names_of_their_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 60


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_records_are_refused_where_they_are_wrong(
    case: Case, refused: Callable[[Path], RecordsRefused], tmp_path: Path
) -> None:
    found = refused(written(tmp_path / "records", case.files))
    told = [(p.file, p.row, p.column) for p in found.problems if case.reason in p.reason]
    assert (case.file, case.row, case.column) in told, [str(p) for p in found.problems[:5]]
    for row, name in case.also:
        assert (case.file, row, name) in told


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_records_are_refused_alike_in_parts(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from data_models.intake.readers import patient_blocks, read_records

    monkeypatch.setattr(patient_blocks, "BLOCK_BYTES", 100)
    monkeypatch.setattr(patient_blocks, "PART_BYTES", 200)
    records = written(tmp_path / "records", case.files)
    try:
        batch = read_records(records)
    except RecordsRefused as refusal:
        expected: tuple[list[Problem], int] | None = (refusal.problems, refusal.count)
    else:  # wrong across files: reconcile's
        expected = None
    if expected is None:
        with patient_blocks.read_parts(records, tmp_path) as found:
            assert sum(len(part.assessments) for part in found) == len(batch.assessments)
        return
    with pytest.raises(RecordsRefused) as caught, patient_blocks.read_parts(records, tmp_path) as found:
        list(found)
    assert (caught.value.problems, caught.value.count) == expected


def test_a_byte_order_mark_is_no_problem(tmp_path: Path, template: Path) -> None:
    database = tmp_path / "store.db"
    shutil.copy(template, database)
    store = Store.open(f"sqlite:///{database.as_posix()}")
    folder = written(tmp_path / "records", {P: b"\xef\xbb\xbf" + GOOD_PATIENTS.encode()})
    assert store.import_path(folder).patients == 2
    store.close()


def test_all_problems_come_at_once_in_the_order_of_files_and_rows(
    refused: Callable[[Path], RecordsRefused], tmp_path: Path
) -> None:
    files = {
        **patient("P003,,,,woman,,,"),
        **score("P001,48,,,phq9,99,\nP001,49,,,phq9,x"),
        **session("P001,-5,,x,,,,,,,,,"),
    }
    found = refused(written(tmp_path / "records", files))
    assert found.problems == sorted(found.problems, key=lambda p: ([P, S, A, E].index(p.file), p.row))
    assert {(p.file, p.row, p.column) for p in found.problems} == {
        (P, 4, "sex"), (S, 6, "hours"), (S, 6, "drug"), (A, 5, "score"), (A, 6, "item9"),
    }  # fmt: skip


def test_more_than_a_thousand_problems_are_counted(refused: Callable[[Path], RecordsRefused], tmp_path: Path) -> None:
    rows = "".join(f"P001,{hour},,,phq9,99,\n" for hour in range(100, 2_600))
    found = refused(written(tmp_path / "records", {A: SCORES + rows}))
    assert found.count == 2_500
    assert len(found.problems) == 1_000
    assert found.problems[-1] == Problem(A, 1_001, "score", found.problems[0].reason)


# --- workbooks -------------------------------------------------------------------------------


def workbook(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


SHEETS: dict[str, list[list[object]]] = {
    "patients": [["patient_code", "age"], ["P001", 40]],
    "sessions": [["patient_code", "hours"], ["P001", 0]],
}


@pytest.mark.parametrize(
    "name, sheets, sheet, row, column, reason",
    [
        ("formula", {"sessions": [["patient_code", "hours"], ["P001", "=1+1"]]}, "sessions", 2, "hours", "formula"),
        ("error", {"patients": [["patient_code", "age"], ["P001", "#N/A"]]}, "patients", 2, "age", "spreadsheet error"),
        ("boolean", {"sessions": [["patient_code", "hours", "side_effects_asked"], ["P001", 0, True]]}, "sessions", 2, "side_effects_asked", "yes or no"),
        ("duplicate", {"patients": [["patient_code", "age", "age"], ["P001", 40, 40]]}, "patients", 1, "age", "twice"),
        ("beside", {"patients": [["patient_code", "age"], ["P001", 40, "x"]]}, "patients", 2, None, "right of the last"),
        ("empty sheet", {"patients": []}, "patients", None, None, "the sheet is empty"),
        ("fraction", {"patients": [["patient_code", "age"], ["P001", 40.5]]}, "patients", 2, "age", "whole number"),
        ("row after a gap", {"patients": [["patient_code", "age"], ["P001", 40], [], ["P002", 17]]}, "patients", 4, "age", "18 to 89"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 20 else "",
)  # fmt: skip
def test_bad_cells_of_a_workbook_are_refused(
    refused: Callable[[Path], RecordsRefused], tmp_path: Path, name: str, sheets: dict[str, list[list[object]]],
    sheet: str, row: int | None, column: str | None, reason: str,
) -> None:  # fmt: skip
    found = refused(workbook(tmp_path / "records.xlsx", {**SHEETS, **sheets}))
    told = [(p.file, p.row, p.column) for p in found.problems if reason in p.reason]
    assert (sheet, row, column) in told, [str(p) for p in found.problems]


def test_a_date_cell_is_refused_as_a_date(refused: Callable[[Path], RecordsRefused], tmp_path: Path) -> None:
    import datetime

    sheets = {**SHEETS, "sessions": [["patient_code", "hours"], ["P001", datetime.datetime(2024, 2, 3, 9, 30)]]}
    (problem, *_) = refused(workbook(tmp_path / "records.xlsx", sheets)).problems
    assert (problem.file, problem.row, problem.column) == ("sessions", 2, "hours")
    assert "date (C)" in problem.reason
    assert "2024" not in str(problem)


def test_an_unknown_sheet_is_refused(refused: Callable[[Path], RecordsRefused], tmp_path: Path) -> None:
    (problem,) = refused(workbook(tmp_path / "records.xlsx", {**SHEETS, "Private notes": [["x"]]})).problems
    assert (problem.file, problem.row) == ("records.xlsx", None)
    assert "sheet number 3 is unknown" in problem.reason
    assert "Private" not in problem.reason


def test_a_zip_bomb_is_refused_before_it_is_unpacked(refused: Callable[[Path], RecordsRefused], tmp_path: Path) -> None:
    path = workbook(tmp_path / "bomb.xlsx", SHEETS)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("xl/worksheets/sheet9.xml", b"0" * 60_000_000)
    (problem,) = refused(path).problems
    assert (problem.file, problem.row, problem.column) == ("bomb.xlsx", None, None)
    assert "times its size" in problem.reason


def test_a_workbook_that_would_unpack_to_gigabytes_is_refused(
    refused: Callable[[Path], RecordsRefused], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data_models.intake.readers.workbook.LARGEST_UNPACKED", 5_000)
    (problem,) = refused(workbook(tmp_path / "large.xlsx", SHEETS)).problems
    assert "unpacks to more than" in problem.reason


def test_a_part_with_a_document_type_is_refused(refused: Callable[[Path], RecordsRefused], tmp_path: Path) -> None:
    path = workbook(tmp_path / "entities.xlsx", SHEETS)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/extra.xml", '<!DOCTYPE lolz [<!ENTITY lol "lol">]><lolz>&lol;</lolz>')
    assert "document type" in refused(path).problems[0].reason


def test_a_workbook_without_a_known_sheet_is_refused(refused: Callable[[Path], RecordsRefused], tmp_path: Path) -> None:
    assert "no sheet" in refused(workbook(tmp_path / "records.xlsx", {"Sheet1": [["a"]]})).problems[0].reason


# --- what cannot be read at all ------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, content, reason",
    [
        ("records.xlsx", b"not a zip", "no readable workbook"),
        ("records.xlsx", b"PK\x03\x04broken", "no readable workbook"),
        ("records.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 10, "password"),
        ("records.xls", b"\xd0\xcf\x11\xe0", "no CSV file, workbook"),
        ("records.txt", b"patient_code\n", "no CSV file, workbook"),
        (None, None, "there is no file or folder"),
        ("empty/README.md", b"hello", "holds no records"),
    ],
)
def test_what_is_no_container_of_records_cannot_be_read(
    tmp_path: Path, name: str | None, content: bytes | None, reason: str
) -> None:
    from data_models.intake.readers import read_records

    path = tmp_path / (name or "nowhere")
    if content is not None:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    with pytest.raises(CannotRead, match=reason):
        read_records(path.parent if name and "/" in name else path)


def test_rows_of_nothing_but_separators_are_passed_over_and_the_others_keep_their_numbers(tmp_path: Path) -> None:
    for name, text in GOOD.items():
        lines = text.splitlines()
        empty = "," * lines[0].count(",")
        (tmp_path / name).write_text("\n".join([lines[0], empty, *lines[1:], empty, f" {empty}"]) + "\n")
    batch = read_records(tmp_path)
    assert (len(batch.patients), batch.patients["row"].tolist()) == (2, [3, 4])


def read_export(path: Path) -> object:
    """The tables of an export with the contract's columns."""
    problems = Problems()
    export = ContractForm().read(path, Choices(), problems)
    problems.refuse_if_any()
    return export


def test_a_workbook_with_damaged_bytes_is_no_readable_workbook(tmp_path: Path) -> None:
    path = workbook(tmp_path / "records.xlsx", SHEETS)
    with zipfile.ZipFile(path) as archive:
        parts = {part.filename: part for part in archive.infolist()}
    whole = path.read_bytes()
    for part in parts.values():
        start = part.header_offset + 30 + len(part.filename)
        for at in (start, start + part.compress_size // 2, whole.rfind(part.CRC.to_bytes(4, "little"))):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
            for read in (read_records, read_export):
                with pytest.raises(CannotRead, match="no readable workbook"):
                    read(path)


@pytest.mark.parametrize("read", [read_records, read_export])
def test_merged_cells_below_the_header_are_refused(tmp_path: Path, read: Callable[[Path], object]) -> None:
    path = workbook(tmp_path / "records.xlsx", {**SHEETS, "patients": [["patient_code", "sex"], ["P001", "male"]]})
    book = openpyxl.load_workbook(path)
    book["sessions"].append([None, 24])
    book["sessions"].merge_cells("A2:A3")
    book["patients"].merge_cells("D1:E9")  # right of the records, where nothing is read
    book.save(path)
    with pytest.raises(RecordsRefused) as caught:
        read(path)
    told = [(p.file.split()[-1], p.row) for p in caught.value.problems if "merged cells" in p.reason]
    assert told == [("sessions", 2)]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs POSIX pipes")
@pytest.mark.parametrize("name", ["patients.csv", "sessions.parquet", "records.xlsx"])
def test_a_pipe_a_device_and_a_socket_are_refused_at_once(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "records"
    folder.mkdir()
    place = folder / name

    def make_socket() -> None:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(place))

    for make in (lambda: os.mkfifo(place), make_socket, lambda: place.symlink_to("/dev/zero")):
        make()
        for read in (read_records, read_export):
            for path in (folder, place) if name == "patients.csv" else (place,):
                with pytest.raises(CannotRead, match="is a pipe, device or socket and not a file"):
                    read(path)
        place.unlink()
    os.mkfifo(place)
    with pytest.raises(CannotRead, match="is a pipe, device or socket and not a file"):
        read_crosswalk(place)
