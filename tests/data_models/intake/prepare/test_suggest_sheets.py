"""A map is proposed for plain sheets of six layouts that reads them as they are; what cannot be known is asked."""

from __future__ import annotations

import csv as csv_module
import datetime
import tomllib
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from data_models.intake.contract import CannotRead
from data_models.intake.prepare import sheet_words
from data_models.intake.prepare.column_guess import Look, Place, guess, place_of
from data_models.intake.prepare.crosswalk import read_crosswalk
from data_models.intake.prepare.folder import prepare_folder
from data_models.intake.prepare.map_file import read_map
from data_models.intake.prepare.sheet_files import read_files
from data_models.intake.prepare.sheet_words import code_of, field_in, scale_in, words_of
from data_models.intake.prepare.sheets import SheetsSource
from data_models.intake.prepare.source import Choices, Export, Suggestion
from data_models.intake.prepare.sources import hint
from data_models.intake.prepare.suggest_sheets import MOST_CELLS, suggest_sheets
from data_models.intake.readers.problems import Problems
from tests.data_models.intake.prepare.test_sheets import csv, rows_of

DAY = datetime.date


def book(path: Path, **sheets: list[list[object]]) -> Path:
    """A workbook of some sheets."""
    made = xlsxwriter.Workbook(str(path), {"default_date_format": "dd.mm.yyyy"})
    for name, rows in sheets.items():
        sheet = made.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    made.close()
    return path


def there_and_back(path: Path) -> tuple[Suggestion, Export]:
    """A proposed map, and what it makes of the export it was proposed for."""
    suggestion = SheetsSource().suggest(path, Choices())
    file = path.parent / "MAP.toml"
    file.write_text(suggestion.toml, encoding="utf-8")
    key, choices = read_map(file)
    file.unlink()
    assert key == "sheets"
    problems = Problems()
    export = SheetsSource().read(path, choices, problems)
    problems.refuse_if_any()
    return suggestion, export


def scores_of(export: Export) -> list[tuple[str, ...]]:
    """Person, time, scale, score of each assessment."""
    rows = rows_of(export.tables["assessments"])
    return [(row["record_number"], row["time"], row["instrument"], row["score"]) for row in rows]


def test_a_wide_german_workbook_with_dates_and_names(tmp_path: Path) -> None:
    path = book(
        tmp_path / "Ketamin.xlsx",
        Auswertung=[
            ["Ketaminambulanz, Stand Januar"],
            [
                "Pat.-Nr.", "Nachname", "Vorname", "Geb.-Datum", "Geschlecht", "Diagnose", "Dosis (mg/kg)",
                "Applikation", "Infusion 1", "Infusion 2", "MADRS vor", "MADRS Tag 7", "PHQ-9 V3", "Datum V3",
                "Bemerkung",
            ],
            ["0012", "Muster", "Erika", DAY(1980, 4, 3), "w", "F33.2", 0.5, "i.v.", DAY(2026, 1, 5), DAY(2026, 1, 8),
             31, 18, 9, DAY(2026, 1, 20), "gut vertragen"],
            ["0013", "Probe", "Karl", DAY(1971, 10, 30), "m", "TRD", 0.5, "i.v.", DAY(2026, 2, 5), None, 28, None, None,
             None, None],
        ],
    )  # fmt: skip
    suggestion, export = there_and_back(path)
    assert rows_of(export.tables["patients"]) == [
        {"record_number": "0012", "sex": "female", "diagnosis": "major_depression", "birth_date": "1980-04-03"},
        {
            "record_number": "0013",
            "sex": "male",
            "diagnosis": "treatment_resistant_depression",
            "birth_date": "1971-10-30",
        },
    ]
    given = {"drug": "ketamine", "route": "iv", "dose": "0.5", "dose_unit": "mg_per_kg"}
    assert rows_of(export.tables["sessions"]) == [
        {"record_number": "0012", "time": "2026-01-05", **given},
        {"record_number": "0012", "time": "2026-01-08", **given},
        {"record_number": "0013", "time": "2026-02-05", **given},
    ]
    assert scores_of(export) == [
        ("0012", "2026-01-05", "madrs", "31"),
        ("0012", "2026-01-12", "madrs", "18"),
        ("0012", "2026-01-20", "phq9", "9"),
        ("0013", "2026-02-05", "madrs", "28"),
    ]
    assert export.columns_left_out == {"Ketamin.xlsx, sheet Auswertung": ["Bemerkung"]}
    assert suggestion.questions == ()
    for planted in ("Erika", "Muster", "0012", "2026-01", "1980", "vertragen"):
        assert planted not in suggestion.toml
    shown = {one.column: one for one in suggestion.columns}
    assert shown["MADRS Tag 7"].becomes == '{ score = "madrs", when = "day 7" }'
    assert shown["MADRS Tag 7"].why == "its name; its values, 18 to 18, lie in the range of the MADRS"
    assert shown["Nachname"].examples == ("Muster", "Probe")
    assert (shown["Nachname"].becomes, shown["Nachname"].why) == ("", "its name says who somebody is")


def test_a_long_english_csv(tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        "MRN,Date of Birth,Gender,Assessment Date,Questionnaire,Total Score\n"
        "A1,1980-03-04,F,2026-01-05 08:30,PHQ-9,18\nA1,1980-03-04,F,2026-01-12 08:30,GAD7,N/A\n"
        "A1,1980-03-04,F,2026-01-19 08:30,HAM-D 17,11\nB2,1990-05-06,M,2026-01-06 08:30,PHQ-9,20\n",
    )
    suggestion, export = there_and_back(path)
    assert scores_of(export) == [
        ("A1", "2026-01-05 08:30:00", "phq9", "18"),
        ("A1", "2026-01-19 08:30:00", "hamd17", "11"),
        ("B2", "2026-01-06 08:30:00", "phq9", "20"),
    ]
    assert rows_of(export.tables["patients"])[1] == {"record_number": "B2", "birth_date": "1990-05-06", "sex": "male"}
    assert 'missing = ["N/A"]' in suggestion.toml
    assert suggestion.questions == ()


def test_two_sheets(tmp_path: Path) -> None:
    path = book(
        tmp_path / "a.xlsx",
        Behandlungen=[
            ["Patienten-ID", "Datum", "Uhrzeit", "Medikament", "Weg", "Dosis mg", "RR vor", "RR max", "Übelkeit",
             "Schwindel", "CADSS"],
            [7, DAY(2026, 1, 5), datetime.time(9, 30), "Spravato", "nasal", 56, "120/80", "151/95", "ja", "nein", 12],
            [7, DAY(2026, 1, 8), datetime.time(9, 0), "Spravato", "nasal", 84, "130/85", "", "nein", "leicht", ""],
        ],
        Fragebögen=[["Patienten-ID", "Datum", "PHQ-9 Summe", "PHQ-9 Item 9", "BDI-II"],
                    [7, DAY(2026, 1, 5), 18, 1, 30], [7, DAY(2026, 1, 12), 9, 0, 999],
                    [8, DAY(2026, 1, 12), 9, 0, None]],
        Hilfe=[["Nur eine Notiz"]],
    )  # fmt: skip
    suggestion, export = there_and_back(path)
    assert [(row["time"], row["drug"], row["route"], row["dose"], row["dose_unit"], row.get("systolic_highest"))
            for row in rows_of(export.tables["sessions"])] == [
        ("2026-01-05 09:30:00", "esketamine", "intranasal", "56", "mg", "151"),
        ("2026-01-08 09:00:00", "esketamine", "intranasal", "84", "mg", None),
    ]  # fmt: skip
    assert [(row["time"], row["term"], row.get("severity")) for row in rows_of(export.tables["side_effects"])] == [
        ("2026-01-05 09:30:00", "nausea", None),
        ("2026-01-08 09:00:00", "dizziness", "mild"),
    ]
    assert scores_of(export) == [
        ("7", "2026-01-05", "phq9", "18"),
        ("7", "2026-01-05", "bdi2", "30"),
        ("7", "2026-01-12", "phq9", "9"),
        ("8", "2026-01-12", "phq9", "9"),
    ]
    assert rows_of(export.tables["assessments"])[0]["item9"] == "1"
    assert [reason for reason, *_ in export.left_out] == ["a sheet that the map leaves out"]
    assert '"BDI-II" = ["999"]' in suggestion.toml


def test_an_spss_file_by_its_labels_and_words(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "PATID": ["01", "02"],
            "V1": [2.0, 1.0],
            "V2": [1.0, 1.0],
            "TRDATE": [DAY(2026, 1, 5), DAY(2026, 1, 6)],
            "V7": [18.0, 99.0],
        }
    )
    pyreadstat.write_sav(
        frame,
        str(tmp_path / "ketamine.sav"),
        column_labels={"V1": "Sex of the patient", "V2": "Route of administration", "V7": "PHQ-9 total before"},
        variable_value_labels={"V1": {1: "male", 2: "female"}, "V2": {1: "intravenous"}},
        missing_ranges={"V7": [99]},
    )
    _, export = there_and_back(tmp_path / "ketamine.sav")
    assert rows_of(export.tables["patients"]) == [
        {"record_number": "01", "sex": "female"},
        {"record_number": "02", "sex": "male"},
    ]
    assert [row["route"] for row in rows_of(export.tables["sessions"])] == ["iv", "iv"]
    assert scores_of(export) == [("01", "2026-01-05", "phq9", "18")]


def test_american_sessions_with_scores_and_effects(tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        "patientID\tTreatment Date\tDrug\tRoute\tDose\tUnit\tBP before\tPulse\tPHQ9 pre\tPHQ9 24h post\t"
        "Adverse events\n"
        "12\t1/15/2026 2:05 PM\tKetamine\tIM\t0.8\tmg/kg\t120/80\t70\t18\t9\tnausea; headache\n"
        "12\t1/22/2026 2:00 PM\tKetamine\tIM\t0.8\tmg/kg\t118/79\t72\t12\t-9\tnone\n",
        "a.tsv",
    )
    suggestion, export = there_and_back(path)
    assert [(row["time"], row["dose"], row["dose_unit"], row["heart_rate_before"])
            for row in rows_of(export.tables["sessions"])] == [
        ("2026-01-15 14:05:00", "0.8", "mg_per_kg", "70"),
        ("2026-01-22 14:00:00", "0.8", "mg_per_kg", "72"),
    ]  # fmt: skip
    assert scores_of(export) == [
        ("12", "2026-01-15 14:05:00", "phq9", "18"),
        ("12", "2026-01-16 14:05:00", "phq9", "9"),
        ("12", "2026-01-22 14:00:00", "phq9", "12"),
    ]
    assert [row["term"] for row in rows_of(export.tables["side_effects"])] == ["nausea", "headache"]
    assert '"PHQ9 24h post" = ["-9"]' in suggestion.toml


def test_a_row_a_visit_with_a_column_a_scale(tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        "Subject;Visite;Untersuchungsdatum;PHQ-9;GAD-7;PEG\nS1;1;05.01.2026;18;11;6,3\nS1;2;12.01.2026;9;;4,7\n",
    )
    suggestion, export = there_and_back(path)
    assert scores_of(export) == [
        ("S1", "2026-01-05", "phq9", "18"),
        ("S1", "2026-01-05", "gad7", "11"),
        ("S1", "2026-01-05", "peg", "6.3"),
        ("S1", "2026-01-12", "phq9", "9"),
        ("S1", "2026-01-12", "peg", "4.7"),
    ]
    assert 'dates = "dmy"' in suggestion.toml


def test_what_only_a_person_can_know_is_asked(tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        "Patient ID,Case ID,Date,Dose,Route,PHQ9,PHQ-9 V3\n"
        "1,5,03/04/2026,50,epidural,40,1\n1,6,04/04/2026,50,iv,12,2\n",
    )
    suggestion = suggest_sheets(path)
    assert [question.split(": ", 1)[-1].split("?")[0] for question in suggestion.questions] == [
        "which column has the patient's number: Patient ID or Case ID",
        "which drug was given, ketamine or esketamine",
        "columns PHQ9 and PHQ-9 V3 seem to say the same; the map takes the first. If the second is right, move what "
        "stands behind the first to its line.",
        "is the dose in mg or in mg for each kg of weight",
        "what do some of its words mean",
        "some values are outside the range of the PHQ-9, 0 to 27: is it that scale",
        "Is the day or the month first in dates such as 03/04/2026",
    ]  # fmt: skip
    assert '# dates = "dmy"' in suggestion.toml
    assert '# "epidural" = ""  # iv, im,' in suggestion.toml
    for question in suggestion.questions:
        assert f"# ASKED: {question}" in suggestion.toml


def test_times_with_an_offset_ask_for_the_zone(tmp_path: Path) -> None:
    path = csv(tmp_path, "MRN,Date,PHQ-9\n1,2026-01-05T08:30:00Z,9\n")
    assert "In which time zone is the clinic?" in suggest_sheets(path).questions[0]


def test_all_items_of_a_scale_are_read_with_their_total_and_some_are_left_out(tmp_path: Path) -> None:
    header = ",".join(f"phq9_{item}" for item in range(1, 10))
    path = csv(tmp_path, f"record_id,date,{header},phq9_total\n1,2026-01-05,{'1,' * 8}3,11\n1,2026-01-12,{'1,' * 9}8\n")
    _, export = there_and_back(path)
    assert rows_of(export.tables["assessments"]) == [
        {"record_number": "1", "time": "2026-01-05", "instrument": "phq9", "score": "11", "item9": "3"}
    ]
    assert [reason.split(";")[0] for reason, *_ in export.left_out] == ["PHQ-9: the total and its items disagree"]
    path = csv(tmp_path, "record_id,date,PHQ9 item 1,PHQ9 item 9,PHQ9 sum\n1,2026-01-05,1,3,11\n")
    _, export = there_and_back(path)
    assert rows_of(export.tables["assessments"]) == [
        {"record_number": "1", "time": "2026-01-05", "instrument": "phq9", "score": "11", "item9": "3"}
    ]
    assert export.columns_left_out == {"a.csv": ["PHQ9 item 1"]}


def test_items_of_several_visits_of_one_row(tmp_path: Path) -> None:
    names = [f"GAD7_v{visit}_{item}" for visit in (1, 2) for item in range(1, 8)]
    path = csv(
        tmp_path,
        f"ID;Infusion 1;Datum V1;Datum V2;{';'.join(names)}\n"
        f"P1;05.01.2026;05.01.2026;12.01.2026;{';'.join('1' * 14)}\n",
    )
    _, export = there_and_back(path)
    assert scores_of(export) == [("P1", "2026-01-05", "gad7", "7"), ("P1", "2026-01-12", "gad7", "7")]


def test_what_says_neither_whose_nor_when_is_asked(tmp_path: Path) -> None:
    """A sheet with a patient's word for a record number, visits that may be sessions, days in place of dates."""
    dated = suggest_sheets(csv(tmp_path, "Patient;Datum V1;PHQ9 V1;Datum V2;PHQ9 V2\nP1;5.1.2026;18;12.1.2026;9\n"))
    assert dated.questions == (
        'a.csv: on which of its dates was a treatment given? Write behind the first { field = "time", session = 1 }, '
        "behind the second the same with session = 2, and so on.",
    )
    assert '# "Datum V2" = { field = "time", session = 2 }' in dated.toml
    names = suggest_sheets(csv(tmp_path, "Patient;Datum;PHQ9\nJane Doe;5.1.2026;18\n"))
    assert 'ignore = ["Patient"]' in names.toml
    assert "which column has the patient's number" in names.questions[0]
    days = suggest_sheets(csv(tmp_path, "subject_id,session_id,visit_day,MADRS\n1,ses-1,0,31\n1,ses-2,7,18\n"))
    assert '"visit_day" = "day"' in days.toml
    assert '"subject_id" = "record_number"' in days.toml
    assert 'session_id" = ' not in days.toml.replace('# "session_id"', "")
    none = suggest_sheets(csv(tmp_path, "ID,MADRS\n1,31\n"))
    assert none.questions == ("a.csv: which column says when its rows were? None has dates or days; it is left out.",)


def test_a_sheet_of_nothing_known_is_proposed_as_ignored(tmp_path: Path) -> None:
    suggestion = suggest_sheets(csv(tmp_path, "x,y\n1,2\n"))
    assert 'rows = "ignored"' in suggestion.toml
    assert {one.becomes for one in suggestion.columns} == {""}


@pytest.mark.parametrize("columns", [70, 700])
def test_a_wide_sheet_is_gone_through_once(columns: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work grows with the columns and not with the rows: a bounded part is read, and each header is told few times."""
    header = ",".join(["MRN", "Date", *(f"field_{number}" for number in range(columns - 2))])
    row = ",".join(["1", "2026-01-05", *("5" for _ in range(columns - 2))])
    path = csv(tmp_path, "\n".join([header, *[row] * 5_000]))
    told = 0

    def counted(words: object, rows: object, *, real=sheet_words.find) -> tuple[int, int]:  # type: ignore[no-untyped-def]
        nonlocal told
        told += 1
        return real(words, rows)  # type: ignore[no-any-return]

    monkeypatch.setattr(sheet_words, "find", counted)
    suggestion = suggest_sheets(path)
    assert len(suggestion.columns) == columns
    (sheet,) = read_files(path, MOST_CELLS).sheets
    assert MOST_CELLS <= sum(len(cells) for _, cells in sheet.rows) < MOST_CELLS + columns
    assert told < 150 * columns


@pytest.mark.parametrize(
    "text, words",
    [("PHQ-9 (Tag 28)", "phq 9 tag 28"), ("patientID", "patient id"), ("Größe_cm2", "groesse cm 2"), ("", "")],
)
def test_words_of_a_header(text: str, words: str) -> None:
    assert " ".join(words_of(text)) == words


@pytest.mark.parametrize(
    "name, scale, rest",
    [
        ("PHQ9", "phq9", ""), ("phq_9_sum", "phq9", "sum"), ("PHQ-15", "", "phq 15"), ("PHQ V3", "phq9", "v 3"),
        ("HAMD-21", "", "hamd 21"), ("HAM-D 17 V1", "hamd17", "v 1"), ("BDI-II", "bdi2", ""), ("GAD-2", "", "gad 2"),
        ("HADS_Angst", "hads_a", ""), ("QIDS-SR16", "qids", ""), ("AUDIT-C", "auditc", ""),
        ("PegVisomant", "peg", "visomant"),
    ],
)  # fmt: skip
def test_scales_are_told_from_their_neighbours(name: str, scale: str, rest: str) -> None:
    assert scale_in(words_of(name)) == (scale, tuple(rest.split()))


@pytest.mark.parametrize(
    "list_name, text, code",
    [
        ("sex", "W", "female"), ("sex", "f", "female"), ("sex", "Männlich", "male"), ("sex", "2", ""),
        ("route", "I.V.", "iv"), ("route", "s.c.", "sc"), ("drug", "Spravato®", "esketamine"),
        ("drug", "S-Ketamin", "esketamine"),
        ("drug", "Ketanest", ""), ("dose_unit", "mg/kg", "mg_per_kg"), ("yes_no", "Ja", "yes"),
        ("yes_no", "FALSE", "no"),
        ("diagnosis", "F33.2", "major_depression"), ("diagnosis", "F43.2", ""), ("instrument", "PHQ-9 total", "phq9"),
        ("instrument", "PHQ-9 item 3", ""), ("term", "Übelkeit", "nausea"), ("side_effects", "keine", "none"),
    ],
)  # fmt: skip
def test_words_that_surely_mean_a_code(list_name: str, text: str, code: str) -> None:
    assert code_of(list_name, text) == code


@pytest.mark.parametrize(
    "words, place",
    [
        ("tag 28", Place("day 28")), ("week 4", Place("week 4")), ("v 3", Place(visit="v3")), ("vor", Place("before")),
        ("nach 4 h", Place("after 4 h")), ("24 h post", Place("after 24 h")), ("3 monate", Place()),
        ("monat 3", Place("day 91")), ("vor infusion 2", Place("before", 2)), ("infusion 3", Place(session=3)),
        ("nach 7 tagen", Place("after 7 d")), ("4 wochen", Place("week 4")), ("2 infusion", Place(session=2)),
    ],
)  # fmt: skip
def test_what_stands_beside_a_scale_says_when(words: str, place: Place) -> None:
    assert place_of(tuple(words.split())) == place


@pytest.mark.parametrize(
    "name, cells, unit",
    [
        ("Dosis", ["0.5 mg/kg", "0.5"], "mg_per_kg"), ("Dosis", ["40", "40 MG"], "mg"),
        ("Dosis mg/kg", ["40 mg"], "mg_per_kg"), ("Dosis (mg)", ["0,5 / kg"], "mg"), ("Dosis", ["40"], None),
    ],
)  # fmt: skip
def test_a_doses_unit_is_that_of_its_name_or_of_any_cell(name: str, cells: list[str], unit: str | None) -> None:
    assert guess(Look(name, "", cells)).becomes.get("unit") == unit


def test_a_column_of_numbers_is_no_column_of_dates_without_a_name_for_it() -> None:
    assert guess(Look("Datum", "", ["46027", "46034"])).field == "time"
    assert guess(Look("Wert X", "", ["46027", "46034"])).field != "time"
    assert field_in(words_of("Datum der Infusion"))[0] == "time"


def test_from_a_sheet_with_names_and_dates_to_records_by_the_proposed_map(tmp_path: Path) -> None:
    """End to end: what `prepare --suggest` and `prepare --map` do; nothing that tells who or when is written."""
    path = csv(
        tmp_path,
        "Pat.-Nr.;Nachname;Geb.-Datum;Geschlecht;Infusion 1;Infusion 2;Ketamin mg/kg;"
        "PHQ-9 vor;PHQ-9 nach 24 h;PHQ-9 Tag 28\n"
        "0012;Muster;03.04.1980;w;05.01.2026 09:30;08.01.2026 10:00;0,5;18;9;7\n"
        "0013;Probe;30.10.1971;m;05.02.2026 09:00;;0,5;20;;\n"
        "0014;Warte;30.10.1972;m;;;;15;;\n",
    )
    file = tmp_path / "MAP.toml"
    file.write_text(SheetsSource().suggest(path, Choices()).toml, encoding="utf-8")
    key, choices = read_map(file)
    made = prepare_folder(path, tmp_path / "who.csv", tmp_path / "out", choices, key=key)
    code = read_crosswalk(tmp_path / "who.csv")["0012"].patient_code
    scores, sessions = (
        frame[frame["patient_code"].astype(str) == code].sort_values("hours")
        for frame in (made.batch.assessments, made.batch.sessions)
    )
    assert scores[["hours", "score"]].to_numpy().tolist() == [[0.0, 18.0], [24.0, 9.0], [672.0, 7.0]]
    assert sessions[["hours", "dose"]].to_numpy().tolist() == [[0.0, 0.5], [72.5, 0.5]]
    assert [(reason, count) for reason, count, _ in made.made.left_out] == [
        ("a score that follows a session, of a person without one", 1),
        ("a person without a session", 1),
    ]
    written = b"".join(each.read_bytes() for each in (file, *(tmp_path / "out").iterdir()))
    for planted in ("Muster", "Probe", "0012", "0013", "2026", "1980", "03.04"):
        assert planted.encode() not in written


def test_names_within_words_and_words_that_values_deny(tmp_path: Path) -> None:
    text = "ID;m/w/d;Datum Ketamininfusion;Alter bei erster Behandlung;Name der Skala\n1;w;31.01.2026;44;x\n"
    suggestion = suggest_sheets(csv(tmp_path, text))
    assert 'drug = "ketamine"' in suggestion.toml
    becomes = {one.column: one.becomes for one in suggestion.columns}
    assert becomes["m/w/d"] == '"sex"'
    assert becomes["Alter bei erster Behandlung"] == '"age"'  # and not when the first session was
    assert "ignore = []" in suggestion.toml


def test_a_sheet_of_scores_and_sessions_is_asked_to_be_told_apart(tmp_path: Path) -> None:
    text = "Patient ID,Date,Type,Instrument Name,Instrument Score,Drug,Dose mg\n"
    text += "A12,2026-01-05 08:30,scale,PHQ-9,18,,\nA12,2026-01-05 09:00,visit,,,Ketamine HCl,40\n"
    suggestion = suggest_sheets(csv(tmp_path, text))
    assert '"Instrument Score" = "score"' in suggestion.toml
    assert suggestion.questions[0].startswith("a.csv: are some of its rows treatments and others scores?")


def test_items_named_before_their_time_are_no_totals(tmp_path: Path) -> None:
    """`PHQ9_3_day7` is item 3 of day 7, not a total of 0 to 3 points."""
    names = [f"PHQ9_{item}_{time}" for time in ("baseline", "day7") for item in range(1, 10)]
    path = csv(tmp_path, f"ID,Ketamine infusion date,{','.join(names)}\nP1,2026-01-05,{','.join('2' * 9 + '1' * 9)}\n")
    suggestion, export = there_and_back(path)
    assert suggestion.questions == ()
    assert sorted(row["score"] for row in rows_of(export.tables["assessments"])) == ["18", "9"]
    weeks = suggest_sheets(csv(tmp_path, "ID,Infusion 1,PHQ-9 1 week\nP1,2026-01-05,2\n"))
    assert '"PHQ-9 1 week" = { score = "phq9", when = "week 1" }' in weeks.toml


def test_a_french_sheet_with_scores_as_people_write_them(tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        "N° dossier;Nom;Prénom;Date de naissance;Sexe;Date de séance;Médicament;Voie;Dose (mg);TA avant;PHQ-9;Nausées\n"
        "F70;x;y;12.05.1969;H;16.04.2024;Kétamine;Intraveineuse;37,5;125/80;18/27;oui\n"
        "F70;x;y;12.05.1969;H;18.04.2024;Kétamine;Intraveineuse;37,5;125/80;9 points;-9\n"
        "Moyenne;;;;;;;;37,5;;13,5;\n",
    )
    suggestion, export = there_and_back(path)
    assert 'ignore = ["Nom", "Prénom"]' in suggestion.toml
    assert [row["score"] for row in rows_of(export.tables["assessments"])] == ["18", "9"]
    assert {row["dose"] for row in rows_of(export.tables["sessions"])} == {"37.5"}
    assert [row["side_effects_asked"] for row in rows_of(export.tables["sessions"]) if "side_effects_asked" in row] == [
        "yes"
    ]
    assert [(reason, str(origins[0])) for reason, _, origins in export.left_out] == [
        ("a row of totals, with a word such as Mean in place of a record number", "a.csv row 4")
    ]


def test_decimal_commas_in_cells_of_text_are_seen(tmp_path: Path) -> None:
    path = csv(tmp_path, 'ID,Date,Drug,Dose mg\nP1,2026-01-05,ketamine,42.5\nP1,2026-01-07,ketamine,"41,5"\n')
    suggestion, export = there_and_back(path)
    assert 'decimal = ","' in suggestion.toml
    assert [row["dose"] for row in rows_of(export.tables["sessions"])] == ["42.5", "41.5"]


def test_two_header_rows_give_the_second_visit_a_session_of_its_own(tmp_path: Path) -> None:
    """The row above ("visit 1", "visit 2") is no header; columns of one name are of visits 1, 2 and so on."""
    path = csv(
        tmp_path,
        ",,Visit 1,,,Visit 2,,\nPatient ID,Sex,Date,Ketamine mg,MADRS,Date,Ketamine mg,MADRS\n"
        "P1,f,2026-01-05,40,30,2026-01-12,45,20\nP2,m,2026-01-06,40,29,2026-01-13,50,19\n",
    )
    _, export = there_and_back(path)
    assert [(row["time"], row["dose"]) for row in rows_of(export.tables["sessions"])] == [
        ("2026-01-05", "40"),
        ("2026-01-12", "45"),
        ("2026-01-06", "40"),
        ("2026-01-13", "50"),
    ]
    assert ("P1", "2026-01-12", "madrs", "20") in scores_of(export)


def test_a_sheet_a_patient_has_its_record_number_in_its_name(tmp_path: Path) -> None:
    """Proposed once for all of them, behind a #; no message repeats the name."""
    for number, score in (("00801", "20"), ("00802", "18")):
        csv(tmp_path, f"Datum;Ketamin mg;PHQ-9;Bemerkung\n05.01.2026;40;{score};x\n", f"{number}.csv")
    suggestion = suggest_sheets(tmp_path)
    assert len(suggestion.questions) == 1
    assert "801" not in suggestion.toml
    said = tomllib.loads(suggestion.toml.replace("# record_number", "record_number"))
    assert said.pop("format") == "sheets"
    table = said["table"][0]
    assert (table["file"], table["always"]) == ("*", {"drug": "ketamine", "record_number": "{file}"})
    problems = Problems()
    export = SheetsSource().read(tmp_path, Choices(dates=said.pop("dates"), map=said), problems)
    problems.refuse_if_any()
    assert [(row["record_number"], row["score"]) for row in rows_of(export.tables["assessments"])] == [
        ("00801", "20"),
        ("00802", "18"),
    ]
    assert list(export.columns_left_out) == ["file number 1", "file number 2"]


def test_numbers_with_their_unit_are_read_and_a_doses_own_unit_holds(tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        "PatNr;Behandlungstag;Medikament;Dosierung;RR vor;Puls vor;Entlassung nach (min)\n"
        "A1;05.01.2026;Ketamin;0,5mg/kg KG;120/80 mmHg;72/min;90 min\n"
        "A2;06.01.2026;Spravato;84 mg;118 / 79;70;95 Min.\n",
    )
    _, export = there_and_back(path)
    keys = ("dose", "dose_unit", "systolic_before", "heart_rate_before", "minutes_to_discharge")
    assert [[row[key] for key in keys] for row in rows_of(export.tables["sessions"])] == [
        ["0.5", "mg_per_kg", "120", "72", "90"],
        ["84", "mg", "118", "70", "95"],
    ]


def test_a_clinics_own_sheet_given_as_records_is_told_the_way(tmp_path: Path) -> None:
    """Not so a sheet of session records in which something is wrong."""
    own = csv(tmp_path, "Pat.-Nr.;Datum\n1;05.01.2026\n", "Auswertung.csv")
    assert hint(own).endswith("have a map proposed with `prepare Auswertung.csv --suggest -o MAP.toml`")
    assert hint(csv(tmp_path, "Patient_Code,Day\nK7,0\n", "ours.csv")) == ""
    assert hint(csv(tmp_path, "K7,0\n", "sessions.csv")) == ""
    assert hint(tmp_path / "absent.csv") == ""


def any_of(text: str) -> st.SearchStrategy[str]:
    """One of the texts between bars."""
    return st.sampled_from(text.split("|"))


HEADERS = any_of(
    "ID|MRN|Patient|Datum|Date V1|Datum V2|Infusion 1|Infusion 2|Uhrzeit|Tag|PHQ-9|PHQ9 V1|phq9_3|GAD7 Tag 7|"
    'PHQ-9 Item 9|MADRS vor|Score|Skala|Dosis|Dosis mg|Weg|Sex|DOB|Alter|RR vor|Puls max|Übelkeit|Name|"b" = c|x\ty||#'
)
VALUES = any_of(
    "|1|0|12|99|-9|0,5|2026-01-05|05.01.2026|31/01/2026 9:05 PM|09:30|i.v.|ja|no|w|120/80|nausea; x|PHQ-9|N/A|#DIV/0!|"
    'say "x"|line\nbreak|\\|text|2026-01-05T08:00:00Z'
)


@settings(max_examples=40, deadline=None)
@given(st.lists(HEADERS, min_size=1, max_size=8), st.data())
def test_whatever_a_sheet_holds_its_map_can_be_read(
    tmp_path_factory: pytest.TempPathFactory, header: list[str], data: st.DataObject
) -> None:
    """A proposed map is TOML; read with it, a sheet comes in or lacks what was asked for."""
    rows = data.draw(st.lists(st.lists(VALUES, min_size=len(header), max_size=len(header)), max_size=6))
    path = tmp_path_factory.getbasetemp() / "any.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write("sep=;\n")
        csv_module.writer(stream, delimiter=";").writerows([header, *rows])
    file = path.with_name("any.toml")
    if not any(map(str.strip, (*header, *(cell for row in rows for cell in row)))):
        return
    file.write_text(suggest_sheets(path).toml, encoding="utf-8")
    _, choices = read_map(file)
    try:
        export = SheetsSource().read(path, choices, Problems())
    except CannotRead as refused:
        said = str(refused)
    else:
        for table in export.tables.values():
            assert {len(texts) for texts in table.columns.values()} == {len(table)}
        return
    # What a person has to settle: whose rows they are, of which scale, or dates beside days since the first session.
    assert any(asked in said for asked in ("becomes 'record_number'", "says the scale", "days since the first session"))
