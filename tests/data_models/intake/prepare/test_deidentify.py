"""Identified exports become session records: codes, hours and days, nothing that tells who or when."""

from __future__ import annotations

import csv
import datetime
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_models.definitions.rules import DEFAULT_RULES
from data_models.intake.contract import CannotRead, Problem, RecordBatch, RecordsRefused
from data_models.intake.prepare.contract_form import ContractForm
from data_models.intake.prepare.crosswalk import read_crosswalk
from data_models.intake.prepare.deidentify import Deidentified, deidentify
from data_models.intake.prepare.folder import _of_export, prepare_folder
from data_models.intake.prepare.identified_rows import age_band
from data_models.intake.prepare.moments import Moment, moment_of
from data_models.intake.prepare.people import Known
from data_models.intake.prepare.source import Choices, Export, Origin, Table
from data_models.intake.readers.problems import Problems
from data_models.outcomes.derive import derive
from data_models.store import Store

Write = Callable[..., Path]

PATIENTS = """record_number,name,birth_date,sex,clinic
MRN0047,Jane Doe,1980-03-29,female,north
MRN0012,John Roe,1930-01-01,male,north
"""
# Clocks go forward in Europe in the night of 2026-03-28.
SESSIONS = """record_number,time,drug,route,dose,dose_unit,notes
MRN0047,2026-03-28 10:00,ketamine,iv,0.5,mg_per_kg,tolerated well
MRN0047,2026-03-31 10:30,ketamine,iv,0.5,mg_per_kg,

MRN0012,2026-02-01,ketamine,im,70,mg,
"""
ASSESSMENTS = """record_number,time,instrument,score
MRN0047,2026-03-28 09:00,phq9,20
MRN0047,2026-03-29,phq9,12
MRN0012,2026-02-03 08:00,phq9,11
"""
EFFECTS = """record_number,time,term,severity
MRN0047,2026-03-31 10:30,nausea,mild
"""


@pytest.fixture
def export(tmp_path: Path) -> Write:
    """Write an export; tables given by name stand in place of those above."""

    def write(folder: str = "raw", **tables: str) -> Path:
        place = tmp_path / folder
        place.mkdir()
        known = {"patients": PATIENTS, "sessions": SESSIONS, "assessments": ASSESSMENTS, "side_effects": EFFECTS}
        for name, text in (known | tables).items():
            if text:
                (place / f"{name}.csv").write_text(text)
        return place

    return write


def deidentify_path(
    raw: Path, crosswalk: Path, output: Path, as_of: Moment | None = None
) -> tuple[Deidentified, RecordBatch]:
    """Records of an export in a folder, and what an import would take."""
    prepared = prepare_folder(raw, crosswalk, output, as_of=as_of)
    return prepared.made, prepared.batch


def table(file: str, header: list[str], rows: list[list[str]]) -> Table:
    """A table of an export, by its rows; the first is row 2."""
    columns = {column: [row[place] for row in rows] for place, column in enumerate(header)}
    return Table(file, columns, [Origin(file, number) for number in range(2, len(rows) + 2)])


def rows_of(file: Path) -> list[dict[str, str]]:
    """A CSV file's rows."""
    with file.open(newline="") as stream:
        return list(csv.DictReader(stream))


def of(rows: list[dict[str, str]], code: str) -> list[tuple[str, str]]:
    """The times of one patient's rows."""
    return [(row["hours"], row["day"]) for row in rows if row["patient_code"] == code]


def test_times_are_hours_or_days_by_the_clock_on_the_wall(export: Write, tmp_path: Path) -> None:
    made, batch = deidentify_path(export(), tmp_path / "who.csv", tmp_path / "out")
    who = read_crosswalk(tmp_path / "who.csv")
    jane, john = who["MRN0047"].patient_code, who["MRN0012"].patient_code
    sessions, scores = rows_of(tmp_path / "out" / "sessions.csv"), rows_of(tmp_path / "out" / "assessments.csv")
    assert of(sessions, jane) == [("0", ""), ("72.5", "")]
    assert of(scores, jane) == [("-1", ""), ("", "1")]
    assert of(sessions, john) == [("", "0")]
    assert of(scores, john) == [("", "2")]  # the hour of the first session is not known
    assert of(rows_of(tmp_path / "out" / "side_effects.csv"), jane) == [("72.5", "")]
    assert {row["age_band"] for row in rows_of(tmp_path / "out" / "patients.csv")} == {"45-54", "90+"}
    assert (len(batch.patients), len(batch.sessions), len(batch.assessments), len(batch.side_effects)) == (2, 3, 3, 1)
    assert made.columns_left_out == {"patients.csv": ["name"], "sessions.csv": ["notes"]}
    assert not made.left_out.lost


@pytest.mark.parametrize(
    "born, band",
    [
        ("1981-03-27", "45-54"), ("1981-03-28", "45-54"), ("1981-03-29", "35-44"), ("1981-02-28", "45-54"),
        ("1981-04-01", "35-44"), ("1980-12-31", "45-54"), ("2008-03-28", "18-24"), ("1936-03-29", "85-89"),
        ("1936-03-28", "90+"),
    ],
)  # fmt: skip
def test_the_age_is_that_on_the_day_of_the_first_session(export: Write, tmp_path: Path, born: str, band: str) -> None:
    """The first session is on 2026-03-28: who has the birthday the day after is a year younger."""
    raw = export(patients=PATIENTS.replace("1980-03-29", born))
    deidentify_path(raw, tmp_path / "who.csv", tmp_path / "out")
    jane = read_crosswalk(tmp_path / "who.csv")["MRN0047"].patient_code
    bands = {row["patient_code"]: row["age_band"] for row in rows_of(tmp_path / "out" / "patients.csv")}
    assert bands[jane] == band


def test_nothing_of_the_records_tells_who_or_when(export: Write, tmp_path: Path) -> None:
    deidentify_path(export(), tmp_path / "who.csv", tmp_path / "out")
    text = "".join(file.read_text() for file in (tmp_path / "out").iterdir())
    for told in ("MRN", "Jane", "Roe", "2026", "1980", "1930", "tolerated", "name", "notes", "birth", "record_number"):
        assert told not in text
    codes = [row["patient_code"] for row in rows_of(tmp_path / "out" / "patients.csv")]
    assert codes == sorted(codes)  # and not in the order of the export
    assert stat.S_IMODE((tmp_path / "who.csv").stat().st_mode) == 0o600


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX modes")
def test_the_records_are_their_owners_alone_and_the_folder_keeps_its_mode(export: Write, tmp_path: Path) -> None:
    raw, out = export(), tmp_path / "out"
    out.mkdir()
    out.chmod(0o755)
    before = os.umask(0)
    try:
        deidentify_path(raw, tmp_path / "who.csv", out)
    finally:
        os.umask(before)
    assert stat.S_IMODE(out.stat().st_mode) == 0o755
    assert {stat.S_IMODE(file.stat().st_mode) for file in (*out.iterdir(), tmp_path / "who.csv")} == {0o600}


def test_a_later_export_goes_on_with_the_same_codes_and_clocks(export: Write, tmp_path: Path) -> None:
    deidentify_path(export(), tmp_path / "who.csv", tmp_path / "out")
    before = read_crosswalk(tmp_path / "who.csv")
    later = export(
        "later",
        patients=PATIENTS + "MRN0100,Ann Poe,1990-01-01,female,north\n",
        sessions="record_number,time,drug\nMRN0047,2026-04-07 10:00,ketamine\nMRN0100,2026-05-01 09:00,ketamine\n",
        assessments="", side_effects="",
    )  # fmt: skip
    deidentify_path(later, tmp_path / "who.csv", tmp_path / "more")
    after = read_crosswalk(tmp_path / "who.csv")
    assert {number: after[number] for number in before} == before
    sessions = rows_of(tmp_path / "more" / "sessions.csv")
    assert of(sessions, after["MRN0047"].patient_code) == [("240", "")]
    assert of(sessions, after["MRN0100"].patient_code) == [("0", "")]


def test_a_later_export_may_hold_scores_alone(export: Write, tmp_path: Path) -> None:
    deidentify_path(export(), tmp_path / "who.csv", tmp_path / "out")
    scores = "record_number,time,instrument,score\nMRN0047,2026-04-07 10:00,phq9,9\nMRN0012,2026-04-07,phq9,12\n"
    later = export("later", patients="", sessions="", assessments=scores, side_effects="")
    _, batch = deidentify_path(later, tmp_path / "who.csv", tmp_path / "more")
    assert sorted(batch.assessments["hours"]) == [240, 65 * 24]
    assert [file.name for file in (tmp_path / "more").iterdir()] == ["assessments.csv"]
    store = Store.open(f"sqlite:///{(tmp_path / 'clinic.db').as_posix()}")
    store.import_path(tmp_path / "out")
    assert store.import_path(tmp_path / "more").assessments == 2
    unknown = export("unknown", patients="", sessions="", assessments=scores.replace("MRN00", "X"), side_effects="")
    with pytest.raises(RecordsRefused, match="no session says when this patient's clock starts"):
        deidentify_path(unknown, tmp_path / "who.csv", tmp_path / "none")


# --- rows that have a date alone ----------------------------------------------------------------------


def _by_date(sessions: list[str], rows: list[str], name: str = "assessments") -> list[dict[str, str]]:
    """De-identified rows of one person. `rows`: date and timing, or date."""
    head, more = (("timing", "instrument", "score"), ["phq9", "9"]) if name == "assessments" else (("term",), [])
    identified = [[MRN, *(row.split(",") if more else [row]), *(more or ["nausea"])] for row in rows]
    made = deidentify(
        Export(
            {
                "sessions": table("s", [RECORD, "time", "drug"], [[MRN, at, "ketamine"] for at in sessions]),
                name: table("t", [RECORD, "time", *head], identified),
            }
        ),
        {},
    )
    columns = made.tables[name]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


MRN, RECORD = "MRN0047", "record_number"


def test_a_date_at_whose_session_the_clock_shows_an_earlier_hour_than_at_the_first() -> None:
    # 68 hours after the first session: in the session records' day 2, on the date three days later.
    sessions = ["2026-03-27 14:00", "2026-03-30 10:00"]
    rows = _by_date(sessions, ["2026-03-27,", "2026-03-30,before", "2026-03-30,after", "2026-03-29,"])
    assert [(row["hours"], row["day"], row["timing"]) for row in rows] == [
        ("", "0", ""), ("", "2", "before"), ("", "2", "after"), ("", "2", ""),
    ]  # fmt: skip
    assert [row["hours"] for row in _by_date(sessions, ["2026-03-30", "2026-03-27"], "side_effects")] == ["68", "0"]


def test_dates_of_which_two_share_a_day_of_the_session_records() -> None:
    sessions = ["2026-03-27 14:00", "2026-03-30 15:00", "2026-03-31 10:00"]  # at 0, 73 and 92 hours
    rows = _by_date(sessions, ["2026-03-30,before", "2026-03-30,after", "2026-03-31,before", "2026-03-31,after"])
    assert [(row["hours"], row["day"], row["timing"]) for row in rows] == [
        ("", "3", "before"), ("82.5", "", ""), ("92", "", ""), ("", "3", "after"),
    ]  # fmt: skip
    assert [row["hours"] for row in _by_date(sessions, ["2026-03-30"], "side_effects")] == ["73"]


@pytest.mark.parametrize(
    "sessions, reason",
    [
        (
            ["2026-03-27 14:00", "2026-03-30 09:00", "2026-03-30 15:00"],
            "two sessions of this patient were on this date",
        ),
        (["2026-03-27 14:00", "2026-03-31 10:00"], "no session of this patient was on this date"),
    ],
)
def test_a_side_effect_whose_session_the_date_does_not_tell_is_refused(sessions: list[str], reason: str) -> None:
    with pytest.raises(RecordsRefused, match=reason):
        _by_date(sessions, ["2026-03-30"], "side_effects")


@given(
    st.lists(st.datetimes(datetime.datetime(2026, 3, 25), datetime.datetime(2026, 3, 31)), min_size=1, max_size=6),
    st.dates(datetime.date(2026, 3, 24), datetime.date(2026, 4, 1)),
    st.sampled_from(["", "before", "after"]),
)
def test_a_score_by_date_stays_on_its_side_of_every_session(
    moments: list[datetime.datetime], when: datetime.date, timing: str
) -> None:
    moments = sorted({moment.replace(minute=moment.minute // 10 * 10, second=0, microsecond=0) for moment in moments})
    (row,) = _by_date([f"{moment:%Y-%m-%d %H:%M}" for moment in moments], [f"{when},{timing}"])
    hours = [(moment - moments[0]).total_seconds() / 3600 for moment in moments]
    at = row["hours"] or str(24 * int(row["day"]))
    precision = 0 if row["hours"] else 2 if row["timing"] == "after" else 1
    scores = pd.DataFrame({"patient_id": [1], "instrument": ["phq9"], "hours": [float(at)], "precision": [precision]})
    treated = pd.DataFrame({"patient_id": 1, "hours": hours, "phase": None, "drug": None, "route": None, "dose": None})
    treated = treated.assign(dose_unit=None, side_effects_asked=0, day_only=0)
    effects = pd.DataFrame({"patient_id": [], "hours": [], "term": [], "severity": []})
    facts = derive(treated, scores.assign(score=9.0, item9=None), effects, DEFAULT_RULES)
    (placed,) = facts.score_facts["at_hours"]
    for moment, session in zip(moments, hours, strict=True):
        # Up to a session's start a score is before it.
        later = moment.date() < when or (moment.date() == when and timing == "after")
        assert (placed > session - 1e-4) if later else (placed <= session + 1e-4)


@pytest.mark.parametrize(
    "tables, file, row, column",
    [
        ({"sessions": SESSIONS.replace("2026-02-01", "in spring")}, "sessions.csv", 5, "time"),
        ({"sessions": SESSIONS.replace("2026-02-01", "2026-02-30")}, "sessions.csv", 5, "time"),
        ({"sessions": SESSIONS.replace("MRN0012", "")}, "sessions.csv", 5, "record_number"),
        ({"assessments": ASSESSMENTS + "MRN0012,2026-02-03,phq9,x\n"}, "assessments.csv", 5, "score"),
        ({"assessments": ASSESSMENTS.replace("phq9,11", "phq9,28")}, "assessments.csv", 4, "score"),
        ({"patients": PATIENTS.replace("1930-01-01", "2010-01-01")}, "patients.csv", 3, "birth_date"),
        ({"patients": PATIENTS.replace("1930", "1830")}, "patients.csv", 3, "birth_date"),
        ({"patients": PATIENTS.replace("1980-03-29", "2008-03-29")}, "patients.csv", 2, "birth_date"),
        ({"patients": PATIENTS.replace("male,north", "male,Dr House")}, "patients.csv", 2, "clinic"),
        ({"sessions": SESSIONS.replace("time", "when")}, "sessions.csv", 1, "time"),
        ({"sessions": SESSIONS.replace("notes", "time")}, "sessions.csv", 1, None),
    ],
)
def test_a_problem_is_told_by_its_row_of_the_export_and_nothing_is_written(
    export: Write, tmp_path: Path, tables: dict[str, str], file: str, row: int, column: str | None
) -> None:
    with pytest.raises(RecordsRefused) as refused:
        deidentify_path(export(**tables), tmp_path / "who.csv", tmp_path / "out")
    places = [(problem.file, problem.row, problem.column) for problem in refused.value.problems]
    assert (file, row, column) in places
    told = " ".join(map(str, refused.value.problems)).replace("2026-01-31", "")
    assert not [value for value in ("MRN", "Jane", "House", "spring", "2026", "1930") if value in told]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["raw"]


def test_a_problem_of_the_first_record_is_told_by_its_row_of_the_export(export: Write, tmp_path: Path) -> None:
    below_a_blank_row = "record_number,sex,clinic\n\nMRN0047,female,Dr House\n"
    raw = export(
        patients=below_a_blank_row, sessions=SESSIONS.partition("\nMRN0012")[0], assessments="", side_effects=""
    )
    with pytest.raises(RecordsRefused) as refused:
        deidentify_path(raw, tmp_path / "who.csv", tmp_path / "out")
    assert [(one.file, one.row, one.column) for one in refused.value.problems] == [("patients.csv", 3, "clinic")]


@pytest.mark.parametrize("row, told", [(None, None), (1, 1), (2, 12), (4, 14), (5, 5)])
def test_a_row_of_the_records_is_told_by_the_exports_where_it_has_one(row: int | None, told: int | None) -> None:
    origins = [Origin("export.xlsx", number) for number in (12, 13, 14)]
    assert _of_export(Problem("sessions.csv", row, "dose", "is odd"), origins) == Problem(
        "sessions.csv" if row == told else "export.xlsx", told, "dose", "is odd"
    )


def test_a_column_that_stands_twice_is_told_by_its_number(export: Write, tmp_path: Path) -> None:
    with pytest.raises(RecordsRefused, match="column number 7: time stands twice; keep one"):
        deidentify_path(export(sessions=SESSIONS.replace("notes", "time")), tmp_path / "who.csv", tmp_path / "out")


def test_one_table_with_record_numbers_tells_the_form_and_one_sheet_stands_alone(export: Write) -> None:
    assert ContractForm().recognises(export(patients="patient,sex\n1,female\n"))
    both = export("both", session_records=SESSIONS)
    with pytest.raises(CannotRead, match="holds session_records beside other tables; give the one or the others"):
        ContractForm().read(both, Choices(), Problems())


def test_a_session_before_the_first_that_was_known_is_refused(export: Write, tmp_path: Path) -> None:
    deidentify_path(export(), tmp_path / "who.csv", tmp_path / "out")
    kept = (tmp_path / "who.csv").read_bytes()
    earlier = export("earlier", sessions=SESSIONS.replace("2026-03-31 10:30", "2026-03-28 09:59"), side_effects="")
    with pytest.raises(RecordsRefused, match="earlier than the first session"):
        deidentify_path(earlier, tmp_path / "who.csv", tmp_path / "more")
    assert (tmp_path / "who.csv").read_bytes() == kept
    assert not (tmp_path / "more").exists()


@pytest.mark.parametrize("rows", [None, ["A,B"], ["A,B,soon"], ["A,C,", "B,C,2026-01-31"], ["A,C,", "A,D,"]])
def test_a_crosswalk_that_is_none_is_left_alone(export: Write, tmp_path: Path, rows: list[str] | None) -> None:
    text = "code" if rows is None else "\n".join(["record_number,patient_code,first_session", *rows])
    (tmp_path / "who.csv").write_text(text)
    with pytest.raises(CannotRead, match="crosswalk"):
        deidentify_path(export(), tmp_path / "who.csv", tmp_path / "out")
    assert (tmp_path / "who.csv").read_text() == text
    assert not (tmp_path / "out").exists()


def test_a_workbook_with_dates_gives_what_csv_files_give(export: Write, tmp_path: Path) -> None:
    import openpyxl

    raw, book = export(), openpyxl.Workbook()
    book.remove(book.active)
    for file in sorted(raw.iterdir()):
        sheet = book.create_sheet(file.stem)
        for row in csv.reader(file.read_text().splitlines()):
            sheet.append([_cell(value) for value in row])
    book.save(tmp_path / "raw.xlsx")
    deidentify_path(raw, tmp_path / "who.csv", tmp_path / "csv")
    deidentify_path(tmp_path / "raw.xlsx", tmp_path / "who.csv", tmp_path / "xlsx")
    for file in (tmp_path / "csv").iterdir():
        assert (tmp_path / "xlsx" / file.name).read_text() == file.read_text()


def _cell(value: str) -> Any:
    try:
        return datetime.datetime.fromisoformat(value)
    except ValueError:
        return float(value) if value.replace(".", "").isdigit() else value


def test_the_one_sheet_form(tmp_path: Path) -> None:
    (tmp_path / "visits.csv").write_text(
        "record_number,time,age,route,phq9_before,phq9_after_24h,phone,side_effects\n"
        "7,2026-01-05 09:00,93,iv,21,12,555-0100,nausea\n7,2026-01-08 09:00,93,iv,13,,,none\n"
    )
    made, batch = deidentify_path(tmp_path / "visits.csv", tmp_path / "who.csv", tmp_path / "out")
    assert made.columns_left_out == {"visits.csv": ["phone"]}
    assert batch.patients["age_band"].tolist() == ["90+"]
    assert batch.sessions["hours"].tolist() == [0, 72]
    assert sorted(batch.assessments["score"]) == [12, 13, 21]


@given(
    st.lists(
        st.datetimes(datetime.datetime(2020, 1, 1), datetime.datetime(2029, 12, 31)).map(
            lambda moment: moment.replace(second=0, microsecond=0)
        ),
        min_size=1,
        max_size=8,
        unique=True,
    )
)
def test_differences_between_times_stay_as_they_were(moments: list[datetime.datetime]) -> None:
    rows = [["one", moment.isoformat(" ")] for moment in moments]
    made = deidentify(Export({"sessions": table("sessions.csv", ["record_number", "time"], rows)}), {})
    hours = [float(text) for text in made.tables["sessions"]["hours"]]
    expected = [(moment - min(moments)).total_seconds() / 3600 for moment in moments]
    assert hours == pytest.approx(expected, abs=5e-5)
    assert set(made.tables["sessions"]["patient_code"]) != {"one"}


def test_age_bands_at_their_ends() -> None:
    assert [age_band(years) for years in (18, 24, 25, 84, 85, 89, 90, 120)] == [
        "18-24", "18-24", "25-34", "75-84", "85-89", "85-89", "90+", "90+",
    ]  # fmt: skip


# --- until when ---------------------------------------------------------------------------------------


def weeks_of(folder: Path, who: Path) -> dict[str, str]:
    """`observed_until_weeks` by record number."""
    numbers = {known.patient_code: number for number, known in read_crosswalk(who).items()}
    file = folder / "patients.csv"
    return {numbers[row["patient_code"]]: row["observed_until_weeks"] for row in rows_of(file)}


@pytest.mark.parametrize(
    "as_of, jane, john",
    [
        # The latest entry is Jane's session at 10:30 on 2026-03-31: 3 days after her first, 58 days after John's.
        ("", "0", "8"),
        ("2026-04-03", "0", "8"),
        ("2026-04-04", "1", "8"),  # the day itself, to its end
        ("2026-04-04 09:59", "0", "8"),  # Jane's first session began at 10:00
        ("2026-04-04 10:00", "1", "8"),
        ("2026-04-05", "1", "9"),
    ],
)
def test_until_when_each_patient_was_observed_is_told_in_whole_weeks(
    export: Write, tmp_path: Path, as_of: str, jane: str, john: str
) -> None:
    made, batch = deidentify_path(export(), tmp_path / "who.csv", tmp_path / "out", moment_of(as_of))
    assert weeks_of(tmp_path / "out", tmp_path / "who.csv") == {"MRN0047": jane, "MRN0012": john}
    assert not batch.warnings  # nothing lies after it
    text = "".join(file.read_text() for file in (tmp_path / "out").iterdir())
    assert "2026" not in text
    assert made.until is not None


def test_who_was_never_treated_is_left_out_counted_and_named(export: Write, tmp_path: Path) -> None:
    raw = export(
        patients=PATIENTS + "MRN7,Ann Poe,1990-01-01,female,\n",
        assessments=ASSESSMENTS + "MRN7,2026-02-03,phq9,11\nMRN0047,2024-06-01,phq9,22\n",
    )
    made, batch = deidentify_path(raw, tmp_path / "who.csv", tmp_path / "out")
    assert list(made.left_out) == [
        ("a person without a session", 1, [("patients.csv", 4, None)]),
        ("a score of a person without a session", 1, [("assessments.csv", 5, None)]),
        ("a score more than 365 days before the first session", 1, [("assessments.csv", 6, None)]),
    ]
    assert set(read_crosswalk(tmp_path / "who.csv")) == {"MRN0047", "MRN0012"}
    assert (len(batch.patients), len(batch.assessments)) == (2, 3)


def test_strict_refuses_what_would_be_left_out(export: Write, tmp_path: Path) -> None:
    raw = export(assessments=ASSESSMENTS + "MRN7,2026-02-03,phq9,11\n")
    with pytest.raises(RecordsRefused) as refused:
        prepare_folder(raw, tmp_path / "who.csv", tmp_path / "out", strict=True)
    assert [(p.file, p.row, p.column) for p in refused.value.problems] == [
        ("patients.csv", 1, "name"), ("sessions.csv", 1, "notes"), ("assessments.csv", 5, None),
    ]  # fmt: skip
    assert not (tmp_path / "who.csv").exists()


def test_rows_of_other_events_that_hold_nothing_are_no_records(export: Write, tmp_path: Path) -> None:
    raw = export(
        sessions="record_number,time,drug,redcap_event_name\nMRN0047,2026-03-28 10:00,ketamine,a\nMRN0047,,,b\n",
        assessments="record_number,time,instrument,score\nMRN0047,2026-03-28 09:00,phq9,20\nMRN0047,,phq9,\n",
        side_effects="",
    )
    made, batch = deidentify_path(raw, tmp_path / "who.csv", tmp_path / "out")
    assert [
        (count, [(o.file, o.row) for o in where]) for reason, count, where in made.left_out if "empty" in reason
    ] == [(2, [("sessions.csv", 3), ("assessments.csv", 3)])]
    assert (len(batch.sessions), len(batch.assessments)) == (1, 1)


def test_people_whom_no_table_of_patients_names_come_in_by_their_sessions(export: Write, tmp_path: Path) -> None:
    patients = PATIENTS.splitlines()[0] + "\n" + PATIENTS.splitlines()[1] + "\n"
    made, batch = deidentify_path(export(patients=patients), tmp_path / "who.csv", tmp_path / "out")
    assert made.notes == ["people of whom no table of patients says anything, in by their sessions: 1"]
    who = read_crosswalk(tmp_path / "who.csv")
    john = next(r for r in rows_of(tmp_path / "out/patients.csv") if r["patient_code"] == who["MRN0012"].patient_code)
    assert (john["sex"], john["age_band"], john["observed_until_weeks"]) == ("", "", "8")
    assert (
        made.origins["patients"][sorted(made.tables["patients"]["patient_code"]).index(john["patient_code"])].row == 5
    )
    assert len(batch.patients) == 2


# --- one patient, one code ----------------------------------------------------------------------------


@pytest.mark.parametrize("spelled", ["0047", "47.0", " 47", "00047"])
def test_record_numbers_that_a_spreadsheet_may_have_changed_are_asked_about(
    export: Write, tmp_path: Path, spelled: str
) -> None:
    sessions = "record_number,time,drug\n{},2026-04-28 10:00,ketamine\n"
    first = export(
        "first", patients="record_number\n47\n", sessions=sessions.format("47"), assessments="", side_effects=""
    )
    deidentify_path(first, tmp_path / "who.csv", tmp_path / "out")
    later = export("later", patients="", sessions=sessions.format(spelled), assessments="", side_effects="")
    if spelled == " 47":  # the space around a cell is none of its content
        deidentify_path(later, tmp_path / "who.csv", tmp_path / "more")
        return
    with pytest.raises(RecordsRefused, match="differs from one of the crosswalk by leading zeros") as refused:
        deidentify_path(later, tmp_path / "who.csv", tmp_path / "more")
    assert [(p.file, p.row, p.column) for p in refused.value.problems] == [("sessions.csv", 2, "record_number")]
    assert "47" not in str(refused.value.problems[0])


def test_two_rows_of_one_export_that_may_be_one_person_are_both_named(export: Write, tmp_path: Path) -> None:
    raw = export(sessions=SESSIONS + "mrn0047,2026-04-28 10:00,ketamine,iv,,,\n")
    with pytest.raises(RecordsRefused, match=r"sessions.csv, row 6.* that of patients.csv, row 2,"):
        deidentify_path(raw, tmp_path / "who.csv", tmp_path / "out")


def test_a_transferred_patient_keeps_code_and_clock(export: Write, tmp_path: Path) -> None:
    deidentify_path(export(), tmp_path / "who.csv", tmp_path / "out")
    later = export(
        "later", patients="", sessions="record_number,time,drug\nB-9,2026-04-28 10:00,ketamine\n", assessments="",
        side_effects="",
    )  # fmt: skip
    with pytest.raises(CannotRead, match="is not in the crosswalk"):
        prepare_folder(later, tmp_path / "who.csv", tmp_path / "more", Choices(same_as={"B-9": "MRN9999"}))
    prepare_folder(later, tmp_path / "who.csv", tmp_path / "more", Choices(same_as={"B-9": "MRN0047"}))
    who = read_crosswalk(tmp_path / "who.csv")
    assert who["B-9"] is who["MRN0047"]
    (row,) = rows_of(tmp_path / "more" / "sessions.csv")
    assert (row["patient_code"], row["hours"]) == (who["MRN0047"].patient_code, str(31 * 24))
    with pytest.raises(CannotRead, match="has a code of its own"):
        prepare_folder(later, tmp_path / "who.csv", tmp_path / "again", Choices(same_as={"B-9": "MRN0012"}))


def test_an_export_of_days_alone_says_of_nobody_until_when(tmp_path: Path) -> None:
    # One was seen for a year, one for a day: on the calendar that stands for their days, the second would have left.
    rows = [["A", "2000-01-01"], ["A", "2001-01-01"], ["B", "2000-01-01"], ["B", "2000-01-02"]]
    export = Export({"sessions": table("s", ["record_number", "time"], rows)}, days_alone=True)
    made = deidentify(export, {})
    assert made.until is None
    assert list(made.tables["patients"]) == ["patient_code"]
    with pytest.raises(CannotRead, match="days since the first session and no dates"):
        deidentify(export, {}, as_of=moment_of("2001-02-01"))


def test_a_later_export_moves_on_those_who_did_not_come(export: Write, tmp_path: Path) -> None:
    deidentify_path(export(), tmp_path / "who.csv", tmp_path / "out")
    later = export(
        "later", sessions="record_number,time,drug\nMRN0047,2026-06-01 10:00,ketamine\n", assessments="",
        side_effects="",
    )  # fmt: skip
    deidentify_path(later, tmp_path / "who.csv", tmp_path / "more")
    assert weeks_of(tmp_path / "more", tmp_path / "who.csv") == {"MRN0047": "9", "MRN0012": "17"}
    store = Store.open(f"sqlite:///{(tmp_path / 'clinic.db').as_posix()}")
    store.import_path(tmp_path / "out")
    assert store.import_path(tmp_path / "more").changed == {"observed_until_weeks": 2}
    store.close()


def test_an_entry_after_as_of_is_refused_and_nothing_is_written(export: Write, tmp_path: Path) -> None:
    with pytest.raises(RecordsRefused) as caught:
        deidentify_path(export(), tmp_path / "who.csv", tmp_path / "out", moment_of("2026-03-31 09:00"))
    assert [(p.file, p.row, p.column) for p in caught.value.problems] == [
        ("sessions.csv", 3, "time"), ("side_effects.csv", 2, "time"),
    ]  # fmt: skip
    reason = caught.value.problems[0].reason
    assert reason.startswith("lies after --as-of")
    assert "2026" not in reason
    assert not (tmp_path / "who.csv").exists()
    deidentify_path(export("again"), tmp_path / "who.csv", tmp_path / "out", moment_of("2026-03-31"))


def test_an_export_that_says_so_itself_is_believed_but_for_as_of(export: Write, tmp_path: Path) -> None:
    said = PATIENTS.replace("clinic", "observed_until_weeks").replace(",north", ",30")
    made, _ = deidentify_path(export(patients=said), tmp_path / "who.csv", tmp_path / "out")
    assert set(weeks_of(tmp_path / "out", tmp_path / "who.csv").values()) == {"30"}
    assert made.until is None
    deidentify_path(export("again", patients=said), tmp_path / "who.csv", tmp_path / "as_of", moment_of("2026-04-05"))
    assert weeks_of(tmp_path / "as_of", tmp_path / "who.csv") == {"MRN0047": "1", "MRN0012": "9"}


@pytest.mark.parametrize("as_of", ["", "2026-05-02", "2026-05-01"])
def test_on_one_sheet_a_score_that_follows_is_an_entry_of_its_own_time(tmp_path: Path, as_of: str) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(
        "record_number,time,drug,phq9_before,phq9_after_14d,gad7_after_30h\nMRN1,2026-03-02 10:00,ketamine,20,,\n"
        "MRN2,2026-04-18 10:00,ketamine,21,12,\nMRN2,2026-04-10 10:00,ketamine,22,,9\n"
    )
    if as_of == "2026-05-01":
        with pytest.raises(RecordsRefused) as caught:
            deidentify_path(sheet, tmp_path / "who.csv", tmp_path / "out", moment_of(as_of))
        assert [(p.row, p.column) for p in caught.value.problems] == [(3, "phq9_after_14d")]
        return
    deidentify_path(sheet, tmp_path / "who.csv", tmp_path / "out", moment_of(as_of))
    numbers = {known.patient_code: number for number, known in read_crosswalk(tmp_path / "who.csv").items()}
    rows = [
        (numbers[row["patient_code"]], row["observed_until_weeks"])
        for row in rows_of(tmp_path / "out" / "session_records.csv")
    ]
    assert sorted(rows) == [("MRN1", "8"), ("MRN2", "3"), ("MRN2", "3")]  # 2026-05-02: 61 and 22 days


@given(
    start=st.datetimes(datetime.datetime(2000, 1, 1), datetime.datetime(2030, 1, 1)),
    gaps=st.lists(st.integers(0, 90 * 24 * 60), min_size=1, max_size=5),
    dated=st.booleans(),
)
def test_no_record_lies_after_the_week_that_ends_its_observation(
    start: datetime.datetime, gaps: list[int], dated: bool
) -> None:
    """And the week is the last that has begun: the next begins after the latest entry of anybody."""
    moments = [start + datetime.timedelta(minutes=sum(gaps[:i])) for i in range(len(gaps) + 1)]
    form = "%Y-%m-%d" if dated else "%Y-%m-%d %H:%M"
    rows = [[f"N{i % 2}", moment.strftime(form), "ketamine"] for i, moment in enumerate(moments)]
    crosswalk: dict[str, Known] = {}
    made = deidentify(
        Export(
            {
                "patients": table("p", ["record_number"], [["N0"], ["N1"]]),
                "sessions": table("s", ["record_number", "time", "drug"], rows),
            }
        ),
        crosswalk,
    )
    patients, sessions = made.tables["patients"], made.tables["sessions"]
    weeks = dict(zip(patients["patient_code"], patients["observed_until_weeks"], strict=True))
    codes = {crosswalk[number].patient_code: number for number in crosswalk}
    for code, hours, day in zip(sessions["patient_code"], sessions["hours"], sessions["day"], strict=True):
        when = datetime.timedelta(hours=float(hours)) if hours else datetime.timedelta(days=int(day))
        assert when < (int(weeks[code]) + 1) * datetime.timedelta(weeks=1)
        first = moments[int(codes[code][1])]
        until = moments[-1] - first if not dated else moments[-1].date() - first.date()
        assert int(weeks[code]) == until.days // 7
