"""A small longitudinal REDCap project of our own making, as its web page exports it."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

PHQ9_ITEMS = [f"phq9_{number}" for number in range(1, 10)]
OFTEN = "0, Not at all | 1, Several days | 2, More than half the days | 3, Nearly every day"
_HEADER = (
    "Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
    "Choices, Calculations, OR Slider Labels", "Field Note", "Text Validation Type OR Show Slider Number",
    "Text Validation Min", "Text Validation Max", "Identifier?",
)  # fmt: skip

# name, form, type, label, choices, validation, identifier
Field = tuple[str, str, str, str, str, str, str]
FIELDS: list[Field] = [
    ("record_id", "demographics", "text", "Record ID", "", "", ""),
    ("full_name", "demographics", "text", "Name", "", "", "y"),
    ("dob", "demographics", "text", "Date of birth", "", "date_dmy", "y"),
    ("sex", "demographics", "radio", "Sex at birth", "1, Female | 2, Male", "", ""),
    ("remarks", "demographics", "notes", "Anything else", "", "", ""),
    ("infusion_date", "infusion", "text", "Date of infusion", "", "date_dmy", ""),
    ("infusion_start", "infusion", "text", "Start of infusion", "", "time_hh_mm_ss", ""),
    ("infusion_route", "infusion", "dropdown", "Route", "1, Intravenous (IV) | 2, Intramuscular (IM)", "", ""),
    ("infusion_dose", "infusion", "text", "Dose (mg/kg)", "", "number", ""),
    ("sbp_pre", "infusion", "text", "Systolic blood pressure before", "", "integer", ""),
    ("sbp_max", "infusion", "text", "Highest systolic blood pressure", "", "integer", ""),
    (
        "effects",
        "infusion",
        "checkbox",
        "Side effects",
        "0, None | 1, Nausea | 2, Headache | 3, Blurred vision",
        "",
        "",
    ),
    ("phq9_date", "phq9", "text", "Date completed", "", "date_dmy", ""),
    *((name, "phq9", "radio", f"Question {name[5:]}", OFTEN, "", "") for name in PHQ9_ITEMS),
    ("phq9_difficulty", "phq9", "radio", "How difficult", "0, Not | 1, Somewhat | 2, Very | 3, Extremely", "", ""),
    ("phq9_total", "phq9", "calc", "PHQ-9 total", "sum([phq9_1], [phq9_2])", "", ""),
    ("madrs_total", "madrs", "text", "MADRS total score", "", "integer", ""),
]
EVENTS = [
    ("Screening", "1", "screening_arm_1"),
    ("Infusion 1", "1", "infusion_1_arm_1"),
    ("24 hours later", "1", "24_hours_later_arm_1"),
    ("Infusion 2", "1", "infusion_2_arm_1"),
    ("Follow-up", "1", "followup_arm_1"),
]
SCREENING, FIRST, NEXT_DAY, SECOND, FOLLOW_UP = (event for _, _, event in EVENTS)
MAP = """
[redcap]
record = "record_id"
missing = ["-99"]

[events]
"screening_arm_1" = "before"
"infusion_1_arm_1" = "session"
"24_hours_later_arm_1" = "after 24 h"
"infusion_2_arm_1" = "session"
"followup_arm_1" = "dated"

[patients]
birth_date = "dob"
sex = { field = "sex", values = { 1 = "female", 2 = "male" } }

[sessions]
time = { date = "infusion_date", clock = "infusion_start" }
drug = { value = "ketamine" }
route = { field = "infusion_route", values = { 1 = "iv", 2 = "im" } }
dose = "infusion_dose"
dose_unit = { value = "mg_per_kg" }
systolic_before = "sbp_pre"
systolic_highest = "sbp_max"

[[scores]]
instrument = "phq9"
time = "phq9_date"
items = ["phq9_1", "phq9_2", "phq9_3", "phq9_4", "phq9_5", "phq9_6", "phq9_7", "phq9_8", "phq9_9"]
total = "phq9_total"

[[scores]]
instrument = "madrs"
total = "madrs_total"

[[side_effects]]
boxes = { nausea = "effects___1", headache = "effects___2", vision_blurred = "effects___3" }
none = "effects___0"
"""


def answers(*points: int | str, date: str = "", total: int | str = "") -> dict[str, str]:
    """The cells of one PHQ-9."""
    cells = {name: str(one) for name, one in zip(PHQ9_ITEMS, points, strict=True)}
    return {**cells, "phq9_date": date, "phq9_total": str(total)}


ROWS: list[Mapping[str, str]] = [
    {
        "record_id": "17", "redcap_event_name": SCREENING, "full_name": "Ada Example", "dob": "1980-05-04", "sex": "1",
        "remarks": "likes, commas", **answers(2, 2, 2, 2, 2, 2, 2, 2, 1, date="2026-01-02", total=17),
    },
    {
        "record_id": "17", "redcap_event_name": FIRST, "infusion_date": "2026-01-05", "infusion_start": "09:30",
        "infusion_route": "1", "infusion_dose": "0.5", "sbp_pre": "120", "sbp_max": "151", "effects___1": "1",
        **answers(2, 2, 2, 2, 2, 2, 2, 1, 0, total=15),
    },
    {"record_id": "17", "redcap_event_name": NEXT_DAY, "madrs_total": "12"},
    {
        "record_id": "17", "redcap_event_name": SECOND, "infusion_date": "2026-01-12", "infusion_start": "10:00",
        "infusion_route": "1", "infusion_dose": "0.5", "sbp_pre": "-99", "sbp_max": "", "effects___0": "1",
        **answers(1, 1, 1, 1, 1, 1, 1, 1, 0, total=9),  # 8: disagrees
    },
    {"record_id": "17", "redcap_event_name": FOLLOW_UP, **answers(1, 0, 1, 0, 1, 0, 1, 0, 0, date="2026-02-20")},
    {"record_id": "18", "redcap_event_name": SCREENING, "sex": "2", "dob": "1971-12-31"},
    {"record_id": "18", "redcap_event_name": FIRST, "infusion_date": "2026-01-06", "infusion_start": "14:00"},
    {"record_id": "18", "redcap_event_name": NEXT_DAY},
    {"record_id": "18", "redcap_event_name": SECOND},
    {"record_id": "18", "redcap_event_name": FOLLOW_UP, **answers(1, "", 1, 0, 1, 0, 1, 0, 0, date="2026-02-21")},
]  # fmt: skip


def columns_of(fields: Sequence[Field], own: Sequence[str] = ("redcap_event_name",)) -> list[str]:
    """The data's columns in REDCap's order."""
    names: list[str] = []
    forms = list(dict.fromkeys(field[1] for field in fields))
    for form in forms:
        for name, its_form, kind, _, choices, _, _ in fields:
            if its_form == form:
                codes = [part.split(",")[0].strip() for part in choices.split("|")]
                names += [f"{name}___{code}" for code in codes] if kind == "checkbox" else [name]
        names.append(f"{form}_complete")
    return [names[0], *own, *names[1:]]


def write_dictionary(folder: Path, fields: Sequence[Field] = FIELDS) -> None:
    """The data dictionary."""
    with (folder / "dictionary.csv").open("w", newline="", encoding="utf-8-sig") as stream:
        lines = csv.writer(stream)
        lines.writerow(_HEADER)
        for name, form, kind, label, choices, validation, identifier in fields:
            lines.writerow([name, form, "", kind, label, choices, "", validation, "", "", identifier])


def write_data(
    folder: Path, rows: Sequence[Mapping[str, str]], columns: Sequence[str], header: Sequence[str] = ()
) -> None:
    """The data; boxes without a tick are 0 where their form has an entry, as REDCap writes them."""
    with (folder / "data.csv").open("w", newline="", encoding="utf-8") as stream:
        lines = csv.writer(stream)
        lines.writerow(header or columns)
        for row in rows:
            lines.writerow([row.get(name, "") for name in columns])


def write_project(folder: Path, rows: Sequence[Mapping[str, str]] = ROWS, fields: Sequence[Field] = FIELDS) -> Path:
    """Data, dictionary and events."""
    folder.mkdir(exist_ok=True)
    write_dictionary(folder, fields)
    write_data(folder, rows, columns_of(fields))
    with (folder / "events.csv").open("w", newline="", encoding="utf-8") as stream:
        lines = csv.writer(stream)
        lines.writerow(["event_name", "arm_num", "unique_event_name", "custom_event_label", "event_id"])
        lines.writerows([name, arm, unique, "", number] for number, (name, arm, unique) in enumerate(EVENTS))
    return folder
