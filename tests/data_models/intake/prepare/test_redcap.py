"""REDCap exports: events of the map, blank rows, items by dictionary, labels, repeating forms, identifiers kept out."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from data_models.intake.contract import CannotRead
from data_models.intake.prepare.folder import prepare_folder
from data_models.intake.prepare.redcap.cells import _few
from data_models.intake.prepare.redcap.draft import code_in, scales_in
from data_models.intake.prepare.redcap.redcap_export import RedcapExport
from data_models.intake.prepare.source import Choices, Export, Origin, Table
from data_models.intake.prepare.sources import hint
from data_models.intake.readers import read_records
from data_models.intake.readers.problems import Problems
from tests.data_models.intake.prepare.redcap_files import (
    EVENTS,
    FIELDS,
    MAP,
    OFTEN,
    PHQ9_ITEMS,
    ROWS,
    SCREENING,
    Field,
    answers,
    columns_of,
    write_data,
    write_dictionary,
    write_project,
)

REDCAP = RedcapExport()


def read(path: Path, said: str = MAP) -> tuple[Export, list[str]]:
    problems = Problems()
    export = REDCAP.read(path, Choices(map=tomllib.loads(said)), problems)
    problems.in_order(["data.csv"])
    return export, [str(problem) for problem in problems._kept]


def rows_of(table: Table, *names: str) -> list[tuple[str, ...]]:
    blank = [""] * len(table)
    return list(zip(*(table.columns.get(name, blank) for name in names), strict=True))


def reasons(export: Export) -> dict[str, int]:
    return {reason: count for reason, count, _ in export.left_out}


def test_a_longitudinal_project_becomes_tables_worked_by_hand(tmp_path: Path) -> None:
    export, problems = read(write_project(tmp_path))
    assert problems == []
    assert rows_of(export.tables["patients"], "record_number", "birth_date", "sex") == [
        ("17", "1980-05-04", "female"),
        ("18", "1971-12-31", "male"),
    ]
    names = "record_number", "time", "drug", "route", "dose", "dose_unit", "systolic_before", "systolic_highest"
    assert rows_of(export.tables["sessions"], *names, "side_effects_asked") == [
        ("17", "2026-01-05 09:30:00", "ketamine", "iv", "0.5", "mg_per_kg", "120", "151", "yes"),
        ("17", "2026-01-12 10:00:00", "ketamine", "iv", "0.5", "mg_per_kg", "", "", "yes"),
        ("18", "2026-01-06 14:00:00", "ketamine", "", "", "mg_per_kg", "", "", ""),
    ]
    assert rows_of(export.tables["assessments"], "record_number", "time", "timing", "instrument", "score", "item9") == [
        ("17", "2026-01-02", "before", "phq9", "17", "1"),
        ("17", "2026-01-05 09:30:00", "", "phq9", "15", "0"),
        ("17", "2026-01-06 09:30:00", "", "madrs", "12", ""),
        ("17", "2026-02-20", "", "phq9", "4", "0"),
    ]
    assert rows_of(export.tables["side_effects"], "record_number", "time", "term") == [
        ("17", "2026-01-05 09:30:00", "nausea")
    ]
    assert export.tables["assessments"].origins[0] == Origin("data.csv", 2, "phq9_total")
    assert "full_name" in export.columns_left_out["data.csv"]


def test_a_project_becomes_session_records_that_an_import_takes(tmp_path: Path) -> None:
    folder = write_project(tmp_path / "project")
    choices = Choices(map=tomllib.loads(MAP))
    prepared = prepare_folder(folder, tmp_path / "who.csv", tmp_path / "records", choices, key="redcap")
    assert prepared.source == "a REDCap export"
    batch = read_records(tmp_path / "records")
    assert batch.patients[["age_band", "sex"]].to_numpy().tolist() in (
        [["45-54", "female"], ["45-54", "male"]],
        [["45-54", "male"], ["45-54", "female"]],
    )
    assert sorted(batch.sessions["hours"]) == [0, 0, 168.5]
    scores = batch.assessments.sort_values("hours")
    # three days before; at the start, which is before it; 24 h after it; the days of a date alone
    assert scores[["instrument", "hours", "score"]].to_numpy().tolist() == [
        ["phq9", -72, 17],
        ["phq9", 0, 15],
        ["madrs", 24, 12],
        ["phq9", 46 * 24, 4],
    ]
    assert batch.side_effects[["hours", "term"]].to_numpy().tolist() == [[0, "nausea"]]
    written = "".join(path.read_text() for path in (tmp_path / "records").iterdir())
    assert not any(secret in written for secret in ("Ada", "1980", "2026-", "full_name"))


def test_a_score_after_a_session_whose_time_is_not_known_stays_after_it(tmp_path: Path) -> None:
    rows = [dict(row) for row in ROWS[:3]]
    rows[1]["infusion_start"] = ""
    rows[2] |= {"redcap_event_name": "24_hours_later_arm_1", **answers(*[1] * 9, date="2026-01-05 15:00")}
    export, problems = read(write_project(tmp_path, rows), MAP.replace('"after 24 h"', '"after"'))
    assert problems == []
    assert rows_of(export.tables["assessments"], "time", "timing", "score")[-2:] == [
        ("2026-01-05", "after", "9"),
        ("2026-01-05", "after", "12"),
    ]


def test_blank_rows_disagreeing_totals_and_missing_items_are_left_out_and_named(tmp_path: Path) -> None:
    export, _ = read(write_project(tmp_path))
    found = {reason: (count, origins) for reason, count, origins in export.left_out}
    blank = "an event or form without any entry"
    assert found[blank] == (2, [Origin("data.csv", 9), Origin("data.csv", 10)])
    (disagreeing,) = [reason for reason in found if "disagree" in reason]
    assert found[disagreeing] == (1, [Origin("data.csv", 5, "phq9_total, phq9_1 to phq9_9")])
    (missing,) = [reason for reason in found if "items are missing" in reason]
    assert found[missing] == (1, [Origin("data.csv", 11, "phq9_1 to phq9_9")])
    assert export.left_out.lost == 2  # what is blank is nothing lost


def test_missing_items_come_in_by_the_published_rule_where_it_is_asked_for(tmp_path: Path) -> None:
    export, _ = read(write_project(tmp_path), MAP + '[items]\nmissing = "published"\n')
    assert rows_of(export.tables["assessments"], "record_number", "score")[-1] == ("18", "5")  # 4 + 4 / 8
    (note,) = export.notes
    assert note.startswith("PHQ-9: 1 total rests on fewer than all items (one or two missing items")
    assert "Kroenke 2010" in note


def labelled(rows: list[Mapping[str, str]], fields: list[Field]) -> list[dict[str, str]]:
    """The same rows as REDCap exports them with labels for codes."""
    choices = {
        field[0]: dict(part.strip().split(", ", 1) for part in field[4].split("|"))
        for field in fields
        if field[2] in ("radio", "dropdown")
    }
    events = {unique: name for name, _, unique in EVENTS}
    made = []
    for row in rows:
        cells = {name: choices.get(name, {}).get(value, value) for name, value in row.items()}
        boxes = {
            name: {"1": "Checked", "0": "Unchecked"}.get(value, value) for name, value in row.items() if "___" in name
        }
        made.append({**cells, **boxes, "redcap_event_name": events[row["redcap_event_name"]]})
    return made


@pytest.mark.parametrize("header", ["names", "labels"])
def test_labels_give_the_same_tables_as_codes(tmp_path: Path, header: str) -> None:
    coded, _ = read(write_project(tmp_path / "codes"))
    folder = write_project(tmp_path / "labels", labelled(ROWS, FIELDS))
    if header == "labels":
        labels = {field[0]: field[3] for field in FIELDS} | {"redcap_event_name": "Event Name"}
        labels |= {f"effects___{code}": f"Side effects (choice={label})" for code, label in
                   enumerate(("None", "Nausea", "Headache", "Blurred vision"))}  # fmt: skip
        columns = columns_of(FIELDS)
        write_data(folder, labelled(ROWS, FIELDS), columns, [labels.get(name, "Complete?") for name in columns])
    assert REDCAP.recognises(folder)
    assert "have a map proposed with `prepare " in hint(folder)
    again, problems = read(folder)
    assert problems == []
    assert {name: table.columns for name, table in again.tables.items()} == {
        name: table.columns for name, table in coded.tables.items()
    }
    assert reasons(again) == reasons(coded)


REPEATING: list[Field] = [
    ("record_id", "person", "text", "Record ID", "", "", ""),
    ("age", "person", "text", "Age", "", "integer", ""),
    ("given_on", "infusion", "text", "When", "", "datetime_mdy", ""),
    ("asked", "infusion", "yesno", "Side effects asked about", "", "", ""),
    ("answered_on", "phq", "text", "When", "", "date_mdy", ""),
    *((name, "phq", "radio", name, "1, Never | 2, Some | 3, Many | 4, All", "", "") for name in PHQ9_ITEMS),
    ("ae_on", "ae", "text", "When", "", "datetime_mdy", ""),
    ("ae_term", "ae", "dropdown", "What", "1, Nausea | 2, Headache", "", ""),
]
REPEATING_MAP = """
[patients]
age = "age"
[sessions]
time = "given_on"
drug = { value = "esketamine" }
side_effects_asked = "asked"
[[scores]]
instrument = "phq9"
time = "answered_on"
items = ["phq9_1", "phq9_2", "phq9_3", "phq9_4", "phq9_5", "phq9_6", "phq9_7", "phq9_8", "phq9_9"]
points = { 1 = 0, 2 = 1, 3 = 2, 4 = 3 }
when = "after"
[[side_effects]]
time = "ae_on"
term = { field = "ae_term", values = { 1 = "nausea", 2 = "headache" } }
"""
OWN = ("redcap_repeat_instrument", "redcap_repeat_instance", "redcap_data_access_group")


def repeating(tmp_path: Path, *more: Mapping[str, str]) -> Path:
    group = {"redcap_data_access_group": "North Clinic"}
    rows: list[Mapping[str, str]] = [
        {"record_id": "A-1", "age": "44", **group},
        {"record_id": "A-1", OWN[0]: "infusion", OWN[1]: "1", "given_on": "03/04/2026 10:00", "asked": "1", **group},
        {"record_id": "A-1", OWN[0]: "infusion", OWN[1]: "2", "given_on": "03/11/2026 10:15", "asked": "0", **group},
        {"record_id": "A-1", OWN[0]: "phq", "answered_on": "03/04/2026", **answers(4, 4, 3, 3, 2, 2, 1, 1, 1)},
        {"record_id": "A-1", OWN[0]: "ae", OWN[1]: "1", "ae_on": "03/04/2026 10:25", "ae_term": "1"},
        {"record_id": "A-1", OWN[0]: "ae", OWN[1]: "2", "ae_on": "03/05/2026 10:25", "ae_term": "2"},
        *more,
    ]  # fmt: skip
    write_dictionary(tmp_path, REPEATING)
    write_data(tmp_path, rows, columns_of(REPEATING, OWN))
    return tmp_path


def test_repeating_forms_points_and_dates_by_the_validation_type(tmp_path: Path) -> None:
    export, problems = read(repeating(tmp_path), REPEATING_MAP)
    assert problems == []
    assert rows_of(export.tables["patients"], "record_number", "age", "clinic") == [("A-1", "44", "north_clinic")]
    assert rows_of(export.tables["sessions"], "time", "drug", "side_effects_asked") == [
        ("2026-03-04 10:00:00", "esketamine", "yes"),
        ("2026-03-11 10:15:00", "esketamine", "no"),
    ]
    assert rows_of(export.tables["assessments"], "time", "timing", "score", "item9") == [
        ("2026-03-04", "after", "12", "0")
    ]
    assert rows_of(export.tables["side_effects"], "time", "term", "onset_minutes") == [
        ("2026-03-04 10:00:00", "nausea", "25")
    ]
    assert reasons(export) == {"a side effect on a day without a session before it": 1}
    assert any("the month first" in note for note in export.notes)


def test_codes_that_are_no_points_must_be_translated(tmp_path: Path) -> None:
    said = REPEATING_MAP.replace("points = { 1 = 0, 2 = 1, 3 = 2, 4 = 3 }\n", "")
    with pytest.raises(CannotRead, match=r"scores number 1: the choices of phq9_1 have other codes.*points = \{ 1 = 0"):
        read(repeating(tmp_path), said)


def test_conditions_may_stand_in_boxes(tmp_path: Path) -> None:
    said = MAP.replace(
        "[sessions]", 'conditions = { boxes = { hypertension = "effects___2", liver = "effects___3" } }\n[sessions]'
    )
    rows = [dict(row) for row in ROWS]
    rows[0] |= {"effects___2": "1", "effects___3": "1"}
    export, problems = read(write_project(tmp_path, rows), said)
    assert problems == []
    assert rows_of(export.tables["patients"], "conditions") == [("hypertension;liver",), ("",)]


def test_one_person_has_one_sex_and_one_birth_date(tmp_path: Path) -> None:
    rows = [*ROWS, {"record_id": "17", "redcap_event_name": "followup_arm_1", "sex": "2"}]
    _, problems = read(write_project(tmp_path, rows))
    assert problems == ["data.csv, row 12, column sex: differs from row 2 of the same person; correct one of them"]


# The same project where nothing has a date: days since the first session.
DAYS = (
    MAP.replace('"session"\n"24', '"session day 0"\n"24').replace('"session"\n', '"session day 7"\n')
    .replace('time = { date = "infusion_date", clock = "infusion_start" }\n', "")
    .replace('time = "phq9_date"\n', "").replace('birth_date = "dob"\n', "")
    .replace('"before"', '"day -3"').replace('"dated"', '"out"')
)  # fmt: skip


def test_a_project_of_days_alone_has_a_calendar_of_its_own(tmp_path: Path) -> None:
    rows = [{name: value for name, value in row.items() if not name.startswith("infusion_date")} for row in ROWS[:4]]
    export, problems = read(write_project(tmp_path, rows), DAYS)
    assert problems == []
    assert rows_of(export.tables["sessions"], "time") == [("2000-01-01",), ("2000-01-08",)]
    assert export.days_alone
    assert rows_of(export.tables["assessments"], "time", "timing", "instrument") == [
        ("1999-12-29", "", "phq9"),
        ("2000-01-01", "before", "phq9"),
        ("2000-01-02", "after", "madrs"),
    ]
    rows.append({"record_id": "17", "redcap_event_name": "followup_arm_1", "madrs_total": "3"})
    export, _ = read(write_project(tmp_path, rows), DAYS)
    assert reasons(export)["an event that the map leaves out"] == 1


def test_entries_are_placed_by_their_event_where_they_have_no_date(tmp_path: Path) -> None:
    said = MAP.replace('"before"', '"before"\n"late_arm_1" = "day 30"').replace(
        '"dated"', '"before of infusion_2_arm_1"'
    )
    said = said.replace('total = "madrs_total"', 'total = "madrs_total"\n[[scores]]\ninstrument = "phq9"\n'
                        'total = "sbp_max"\nitem9 = "sbp_pre"\nwhen = "after"')  # fmt: skip
    madrs = [(SCREENING, "31"), ("late_arm_1", "9"), ("followup_arm_1", "8"), ("infusion_2_arm_1", "7")]
    rows = [
        {"record_id": "17", "redcap_event_name": "infusion_1_arm_1", "infusion_date": "2026-01-05", "sbp_pre": "2",
         "sbp_max": "14"},
        {"record_id": "17", "redcap_event_name": "infusion_2_arm_1", "infusion_date": "2026-01-12"},
        *({"record_id": person, "redcap_event_name": event, "madrs_total": score}
          for person in ("17", "18") for event, score in madrs if (person, event) != ("17", "infusion_2_arm_1")),
    ]  # fmt: skip
    said = said.replace('systolic_before = "sbp_pre"\n', "").replace('systolic_highest = "sbp_max"\n', "")
    export, problems = read(write_project(tmp_path, rows), said)
    assert problems == []
    assert rows_of(export.tables["assessments"], "time", "timing", "instrument", "score", "item9") == [
        ("2026-01-05", "after", "phq9", "14", "2"),
        ("2026-01-05", "before", "madrs", "31", ""),
        ("2026-02-04", "", "madrs", "9", ""),
        ("2026-01-12", "before", "madrs", "8", ""),
    ]
    # the other one was never treated
    assert reasons(export) == {"an entry whose session is not in the export": 4}


def test_a_score_that_nothing_places_is_refused(tmp_path: Path) -> None:
    late = {"record_id": "17", "redcap_event_name": "followup_arm_1", "madrs_total": "3"}
    _, problems = read(write_project(tmp_path, [*ROWS, late]))
    assert problems == [
        "data.csv, row 12, column madrs_total: has no date; name its column in the map, or say when it was taken"
    ]


def test_side_effects_of_days_go_with_the_session_of_their_day(tmp_path: Path) -> None:
    more = [{"record_id": "A-1", OWN[0]: "ae", OWN[1]: "3", "ae_on": "03/11/2026", "ae_term": "2"},
            {"record_id": "A-1", OWN[0]: "ae", OWN[1]: "4", "ae_on": "no date", "ae_term": "2"}]  # fmt: skip
    export, problems = read(repeating(tmp_path, *more), REPEATING_MAP)
    assert rows_of(export.tables["side_effects"], "time", "onset_minutes")[-1] == ("2026-03-11 10:15:00", "")
    assert [problem.partition(": ")[0] for problem in problems] == ["data.csv, row 9, column ae_on"]


def test_files_of_a_project_may_be_several_and_others_are_passed_over(tmp_path: Path) -> None:
    folder = write_project(tmp_path)
    (folder / "notes.csv").write_text("who,what\n1,2\n")
    export, problems = read(folder)
    assert problems == []
    assert reasons(export)["a file without the project's record number"] == 1
    again, _ = read(folder / "data.csv")
    assert {name: table.columns for name, table in again.tables.items()} == {
        name: table.columns for name, table in export.tables.items()
    }


def test_data_with_codes_and_the_same_with_labels_are_read_once(tmp_path: Path) -> None:
    coded, _ = read(write_project(tmp_path / "codes"))
    folder = write_project(tmp_path / "both")
    (folder / "data.csv").rename(folder / "DATA_1.csv")
    write_data(folder, labelled(ROWS, FIELDS), columns_of(FIELDS))
    (folder / "data.csv").rename(folder / "DATA_LABELS_1.csv")
    export, problems = read(folder)
    assert problems == []
    assert {name: table.columns for name, table in export.tables.items()} == {
        name: table.columns for name, table in coded.tables.items()
    }
    assert reasons(export)["a file with the same data as another"] == 1


def test_labels_without_a_dictionary_keep_redcaps_own_columns(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(
        "Record ID,Event Name,Repeat Instance,Date of infusion,PHQ-9 total,Complete?\n"
        "1,Infusion 1,,2026-01-05,17,Complete\n1,Infusion 2,,,,Incomplete\n"
    )
    assert REDCAP.recognises(tmp_path)
    said = """
        [events]
        "Infusion 1" = "session"
        "Infusion 2" = "session"
        [sessions]
        time = "Date of infusion"
        drug = { value = "ketamine" }
        [[scores]]
        instrument = "phq9"
        total = "PHQ-9 total"
    """
    export, problems = read(tmp_path, said)
    assert problems == []
    assert rows_of(export.tables["assessments"], "record_number", "time", "score") == [("1", "2026-01-05", "17")]
    assert reasons(export) == {"an event or form without any entry": 1}


def test_decimal_commas_by_validation_type_and_words_for_points(tmp_path: Path) -> None:
    fields = [(*field[:5], "number_comma_decimal", "") if field[0] == "infusion_dose" else field for field in FIELDS]
    rows = [dict(row) for row in ROWS[:2]]
    rows[1] |= {"infusion_dose": "0,5", "phq9_total": "many", "phq9_1": "sometimes"}
    export, problems = read(write_project(tmp_path, rows, fields))
    assert rows_of(export.tables["sessions"], "dose") == [("0.5",)]
    assert [problem.partition(";")[0] for problem in problems] == [
        "data.csv, row 3, column phq9_1: holds no points",
        "data.csv, row 3, column phq9_total: is no number",
    ]


def test_scores_after_a_named_session_and_without_one(tmp_path: Path) -> None:
    next_day = {"redcap_event_name": "24_hours_later_arm_1", "madrs_total": "20"}
    rows = [*ROWS, {"record_id": "18", **next_day}, {"record_id": "19", **next_day}]
    said = MAP.replace('"after 24 h"', '"after 2 d of infusion_1_arm_1"')
    export, problems = read(write_project(tmp_path, rows), said)
    assert problems == []
    assert ("18", "2026-01-08 14:00:00", "madrs") in rows_of(
        export.tables["assessments"], "record_number", "time", "instrument"
    )
    assert reasons(export)["an entry whose session is not in the export"] == 1


@pytest.mark.parametrize(
    "said, message",
    [
        (MAP + "[sheets]\n", '"sheets" is not known here; known are redcap, events, patients'),
        (MAP.replace("systolic_before", "systolic"), 'sessions: "systolic" is not known here; known are time, drug'),
        (MAP.replace('"sbp_pre"', '"sbp_prae"'), "sessions.systolic_before names sbp_prae, and no column is called so"),
        (MAP.replace('"sbp_pre"', '"full_name"'), "names full_name, which the data dictionary marks as an identifier"),
        (MAP.replace('"followup_arm_1" = "dated"\n', ""), "[events] does not say what followup_arm_1 is"),
        (MAP.replace("followup_arm_1", "follow_up_arm_1"), "[events] does not say what followup_arm_1 is"),
        (
            MAP.replace('"dated"', '"dated"\n"week_9_arm_1" = "out"'),
            "[events] names week_9_arm_1; the project's events",
        ),
        (MAP.replace('"dated"', '"later"'), 'events."followup_arm_1" is none of session, session day N'),
        (MAP.replace('"after 24 h"', '"after 24"'), 'events."24_hours_later_arm_1" is none of'),
        (MAP.replace('"after 24 h"', '"after 1 d of x"'), "goes with an event that is no session in this list"),
        (MAP.replace('"session"\n"24', '"session day 0"\n"24'), "a project has the one or the other"),
        (MAP.replace('"phq9_1", ', ""), "scores number 1: phq9 has 9 items, in their order; 8 are named"),
        (MAP.replace('"madrs"', '"mood"'), "scores number 2.instrument is none of phq9, madrs"),
        (MAP.replace("nausea =", "sickness ="), "side_effects number 1.boxes: a term is one of"),
        (MAP.replace('time = { date = "infusion_date", clock = "infusion_start" }', ""), "is a session without a day"),
        (MAP.replace('drug = { value = "ketamine" }', "drug = { }"), "sessions.drug needs one of field, values, value"),
        (
            MAP.replace('drug = { value = "ketamine" }', "drug = 35"),
            "sessions.drug is the name of a column, or a table of field",
        ),
    ],
)
def test_a_map_that_cannot_be_used_is_refused_with_what_is_known(tmp_path: Path, said: str, message: str) -> None:
    with pytest.raises(CannotRead) as refused:
        read(write_project(tmp_path / "project"), said)
    assert message in str(refused.value)
    assert str(refused.value).startswith("MAP.toml: " if said else "project is a REDCap export")


def test_what_is_wrong_with_a_cell_is_named_without_the_cell(tmp_path: Path) -> None:
    rows = [dict(row) for row in ROWS]
    rows[0]["sex"] = "7"
    rows[1]["infusion_date"] = "5th of Jan"
    rows[3]["phq9_2"] = "11"
    rows[6]["infusion_date"] = ""
    rows[6]["infusion_start"] = ""
    rows[6]["infusion_dose"] = "0.5"
    rows[9]["record_id"] = ""
    _, problems = read(write_project(tmp_path, rows))
    assert [problem.partition(": ")[0] for problem in sorted(problems)] == [
        "data.csv, row 11, column record_id",
        "data.csv, row 2, column sex",
        "data.csv, row 3, column infusion_date",
        "data.csv, row 5, column phq9_2",
        "data.csv, row 8, column infusion_date",
    ]
    assert not any("5th" in problem or "11;" in problem for problem in problems)


def test_a_row_with_a_comma_too_many_is_refused_and_not_read_one_place_on(tmp_path: Path) -> None:
    folder = write_project(tmp_path)
    lines = (folder / "data.csv").read_text().splitlines()
    lines[2] += ",1"
    (folder / "data.csv").write_text("\n".join(lines))
    _, problems = read(folder)
    assert problems == [
        "data.csv, row 3: the row has too many fields: 34 fields where the header has 33; correct the row"
    ]


def test_what_is_no_redcap_export_is_not_taken_for_one(tmp_path: Path) -> None:
    (tmp_path / "sessions.csv").write_text("record_number,time,drug,redcap_event_name\n1,2026-01-05,ketamine,x_arm_1\n")
    assert not REDCAP.recognises(tmp_path)
    assert not REDCAP.recognises(tmp_path / "none")
    with pytest.raises(CannotRead, match="holds no data of a REDCap project"):
        read(tmp_path)
    folder = write_project(tmp_path / "project")
    assert REDCAP.recognises(folder)
    assert REDCAP.recognises(folder / "data.csv")


def test_the_proposed_map_reads_the_project_it_was_proposed_for(tmp_path: Path) -> None:
    folder = write_project(tmp_path)
    suggestion = REDCAP.suggest(folder, Choices())
    said = tomllib.loads(suggestion.toml)
    assert said["format"] == "redcap"
    assert said["events"] == {
        SCREENING: "before",
        "infusion_1_arm_1": "session",
        "24_hours_later_arm_1": "after 24 h",
        "infusion_2_arm_1": "session",
        "followup_arm_1": "dated",
    }
    assert said["patients"]["sex"] == {"field": "sex", "values": {"1": "female", "2": "male"}}
    assert said["sessions"]["route"] == {"field": "infusion_route", "values": {"1": "iv", "2": "im"}}
    assert {name: said["sessions"][name] for name in ("time", "dose", "systolic_before", "systolic_highest")} == {
        "time": {"date": "infusion_date", "clock": "infusion_start"},
        "dose": "infusion_dose",
        "systolic_before": "sbp_pre",
        "systolic_highest": "sbp_max",
    }
    phq9, madrs = said["scores"]
    assert (phq9["items"], phq9["total"], phq9["time"]) == (PHQ9_ITEMS, "phq9_total", "phq9_date")
    assert madrs == {"instrument": "madrs", "total": "madrs_total"}
    becomes = {column.column: column for column in suggestion.columns}
    assert becomes["phq9_9"].becomes == "scores phq9, item 9"
    assert becomes["full_name"].becomes == ""
    assert becomes["full_name"].examples == becomes["remarks"].examples == ()
    assert any("which events are sessions" in question for question in suggestion.questions)
    by_hand, _ = read(folder)
    proposed, problems = read(folder, suggestion.toml.replace('format = "redcap"', "").replace("= []", '= ["-99"]'))
    assert problems == []
    assert {name: table.columns for name, table in proposed.tables.items()} == {
        name: table.columns for name, table in by_hand.tables.items()
    }


WIDE = """record_id,sex,birth_date,infusion_date_1,dose_mg_1,infusion_date_2,dose_mg_2,\
phq9_pre_1,phq9_pre_2,phq9_final,phq9_final_date,phq9_complete,infusions_complete
1,F,1980-05-04,2026-01-05,40,2026-01-12,45,20,14,8,2026-02-01,2,2
2,M,1971-12-31,2026-01-06,40,,,18,,,,2,2
"""


def test_a_classic_row_may_hold_several_sessions(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text(WIDE)
    said = tomllib.loads(REDCAP.suggest(tmp_path, Choices()).toml)
    assert said["sessions"] == [
        {
            "name": number,
            "time": f"infusion_date_{number}",
            "drug": {"value": "ketamine"},
            "dose": f"dose_mg_{number}",
            "dose_unit": {"value": "mg"},
        }
        for number in ("1", "2")
    ]
    assert said["patients"] == {
        "birth_date": "birth_date",
        "sex": {"field": "sex", "values": {"F": "female", "M": "male"}},
    }
    del said["format"]
    said["scores"] = [
        {"instrument": "phq9", "total": "phq9_pre_1", "when": "before of 1"},
        {"instrument": "phq9", "total": "phq9_pre_2", "when": "before of 2"},
        {"instrument": "phq9", "total": "phq9_final", "time": "phq9_final_date"},
    ]
    problems = Problems()
    export = REDCAP.read(tmp_path, Choices(map=said), problems)
    assert not problems
    assert rows_of(export.tables["sessions"], "record_number", "time", "dose") == [
        ("1", "2026-01-05", "40"),
        ("1", "2026-01-12", "45"),
        ("2", "2026-01-06", "40"),
    ]
    assert rows_of(export.tables["assessments"], "record_number", "time", "timing", "score") == [
        ("1", "2026-01-05", "before", "20"),
        ("1", "2026-01-12", "before", "14"),
        ("1", "2026-02-01", "", "8"),
        ("2", "2026-01-06", "before", "18"),
    ]
    # which of the two sessions is meant must be said
    said["scores"] = [{"instrument": "phq9", "total": "phq9_pre_1", "when": "before"}]
    REDCAP.read(tmp_path, Choices(map=said), problems)
    assert [str(problem) for problem in problems._kept] == [
        "data.csv, row 2, column phq9_pre_1: has no date, and there are several sessions that it may go with; name the "
        "column of its date, or the session, in the map"
    ]


def test_what_only_a_person_can_know_is_asked(tmp_path: Path) -> None:
    fields: list[Field] = [
        ("record_id", "person", "text", "Record ID", "", "", ""),
        *((f"hads_{number}", "hads", "radio", f"Question {number}", OFTEN, "", "") for number in range(1, 15)),
        ("dose_mg", "infusion", "text", "Dose", "", "number", ""),
    ]
    write_dictionary(tmp_path, fields)
    own = ("redcap_event_name", "redcap_data_access_group")
    rows = [{"record_id": "1", "redcap_event_name": f"week_{week}_arm_1", own[1]: "north"} for week in (2, 4)]
    write_data(tmp_path, rows, columns_of(fields, own))
    suggestion = REDCAP.suggest(tmp_path, Choices())
    said = tomllib.loads(suggestion.toml)
    assert said["events"] == {"week_2_arm_1": "day 14", "week_4_arm_1": "day 28"}
    assert said["patients"] == {"clinic": "redcap_data_access_group"}
    assert said["sessions"] == {"drug": {"value": "ketamine"}, "dose": "dose_mg", "dose_unit": {"value": "mg"}}
    assert [score["instrument"] for score in said["scores"]] == ["hads_a", "hads_d"]
    assert said["scores"][1]["items"] == [f"hads_{number}" for number in range(2, 15, 2)]
    assert [question.partition(":")[0] for question in suggestion.questions] == [
        "the date of sessions",
        "the drug",
        "the unit of the dose",
        "which events are sessions, and what the others are to a session (look at [events])",
        "whether the codes of the HADS items are the points printed beside the answers",
        "the project's missing data codes, as redcap.missing",
    ]


def test_items_are_found_by_the_choices_of_their_form_and_codes_from_1_become_points(tmp_path: Path) -> None:
    numbered = "1, No | 2, Few | 3, Most | 4, All"
    fields: list[Field] = [
        ("record_id", "person", "text", "Record ID", "", "", ""),
        *((f"mood_{letter}", "gad7_form", "radio", letter, numbered, "", "") for letter in "abcdefg"),
        ("gad_when", "gad7_form", "text", "When", "", "date_ymd", ""),
    ]
    write_dictionary(tmp_path, fields)
    write_data(tmp_path, [{"record_id": "1", "mood_a": "1"}], columns_of(fields, ()))
    (score,) = tomllib.loads(REDCAP.suggest(tmp_path, Choices()).toml)["scores"]
    assert score == {
        "instrument": "gad7",
        "time": "gad_when",
        "items": [f"mood_{letter}" for letter in "abcdefg"],
        "points": {"1": "0", "2": "1", "3": "2", "4": "3"},
    }


@pytest.mark.parametrize(
    "column, label, code",
    [
        ("dose_unit", "mg/kg", "mg_per_kg"),
        ("dose_unit", "mg", "mg"),
        ("drug", "Spravato (esketamine)", "esketamine"),
        ("drug", "Ketamine HCl", "ketamine"),
        ("sex", "M", "male"),
        ("sex", "Missing", ""),
        ("route", "Nasal spray", "intranasal"),
        ("diagnosis", "Treatment-resistant depression", "treatment_resistant_depression"),
        ("term", "Increased heart rate", "heart_rate_increased"),
        ("term", "Blurred vision", "vision_blurred"),
        ("route", "Intravenös (i.v.)", "iv"),
        ("severity", "2 - Moderate", "moderate"),
    ],
)
def test_labels_say_codes(column: str, label: str, code: str) -> None:
    assert code_in(label, column) == code


@pytest.mark.parametrize(
    "text, scales",
    [
        ("phq9_3", {"phq9"}),
        ("patient_health_questionnaire", {"phq9"}),
        ("phq15_total", set()),
        ("phq8_1", set()),
        ("GAD-7 total", {"gad7"}),
        ("hads_14", {"hads_a", "hads_d"}),
        ("hads_anxiety", {"hads_a"}),
        ("weight", set()),
    ],
)
def test_names_say_scales(text: str, scales: set[str]) -> None:
    assert scales_in(text) == scales


def test_a_map_for_700_columns_is_proposed_in_under_two_seconds(tmp_path: Path) -> None:
    forms = [f"form_{number}" for number in range(70)]
    fields = [
        *FIELDS,
        *((f"{form}_q{n}", form, "radio", f"Question {n}", OFTEN, "", "") for form in forms for n in range(10)),
    ]
    rows: list[Mapping[str, str]] = [{**row, **{f"{form}_q3": "1" for form in forms}} for row in ROWS * 20]
    folder = write_project(tmp_path, rows, fields)
    began = time.process_time()
    suggestion = REDCAP.suggest(folder, Choices())
    assert time.process_time() - began < 2
    assert len(suggestion.columns) > 700


def test_a_real_longitudinal_project_gives_its_doses_as_sessions(datasets: Path) -> None:
    folder = datasets / "redcap_longitudinal" / "longitudinal"
    suggestion = REDCAP.suggest(folder, Choices())
    proposed: dict[str, Any] = tomllib.loads(suggestion.toml)
    sessions = [name for name, when in proposed["events"].items() if when == "session"]
    assert sessions == ["dose_1_arm_1", "dose_2_arm_1", "first_dose_arm_2"]
    days = {"dose_1_arm_1": "session day 0", "dose_2_arm_1": "session day 14", "first_dose_arm_2": "session day 0"}
    said = {
        "redcap": {"record": "study_id"},
        "events": {name: days.get(name, "dated") for name in proposed["events"]},
        "patients": {"age": "age", "sex": proposed["patients"]["sex"]},
        "sessions": proposed["sessions"],
    }
    problems = Problems()
    export = REDCAP.read(folder, Choices(map=said), problems)
    assert not problems
    assert rows_of(export.tables["patients"], "record_number", "age", "sex") == [
        ("100", "31", "male"),
        ("220", "4", "female"),
        ("304", "9", "female"),
    ]
    assert rows_of(export.tables["sessions"], "record_number", "time") == [
        ("100", "2000-01-01"),
        ("100", "2000-01-15"),
        ("220", "2000-01-01"),
        ("220", "2000-01-15"),
        ("304", "2000-01-01"),
    ]
    # of record 304: nothing but the state of a form at both deadlines
    assert reasons(export) == {"an event or form without any entry": 2}
    assert {"first_name", "telephone_1", "email"} <= set(export.columns_left_out["data.csv"])


def test_of_many_events_five_are_named_and_the_others_counted() -> None:
    assert [_few("abcde"), _few("abcdefgh")] == ["a, b, c, d, e", "a, b, c, d, e and 3 more"]
