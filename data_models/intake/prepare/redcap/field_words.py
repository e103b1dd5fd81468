"""Words by which fields and events of a REDCap project are told; those of scales and codes stand in `sheet_words`."""

from __future__ import annotations

import re
from typing import Final

from data_models.intake.prepare.source import BIRTH_DATE

TOTAL: Final = re.compile(r"total|score|sum(?![a-z]*mary)|_tot\b|_ts\b")
NUMBER: Final = re.compile(r"(?<!\d)(\d{1,2})(?:[a-z])?$")
SESSION: Final = re.compile(r"infus|treatment|dos(?:e|ing)|ketamine|spravato|administration|session|injection")
WHEN: Final = (r"pre(?!g)|before|baseline|start", r"high|max|peak")
VITALS: Final = {
    "systolic": r"systol|sbp|sys_?bp|bp_?sys",
    "diastolic": r"diastol|dbp|dia_?bp|bp_?dia",
    "heart_rate": r"heart ?_?rate|pulse|\bhr\b|_hr\b|\bhr_",
}
PATIENT: Final = {
    BIRTH_DATE: r"birth|\bdob\b|_dob\b|dob_",
    "age": r"\bage\b",
    "sex": r"\bsex\b|gender",
    "diagnosis": r"diagnos",
}
SESSION_COLUMNS: Final = {
    "drug": r"\bdrug\b|drug_|_drug|esketamine|\bagent\b",
    "route": r"\broute\b|route_|_route",
    "dose_unit": r"dos\w*[ _]*(?:\(?unit)|unit\w*[ _]dos",
    "dose": r"\bdos(?:e|age)\b|_dose|dose_",
    "duration_minutes": r"duration|length of (?:infusion|session)",
    **{f"{vital}_{side}": None for vital in VITALS for side in ("before", "highest")},
    "cadss_highest": r"cadss",
    "moaas_lowest": r"moaa",
    "minutes_to_discharge": r"discharge",
    "side_effects_asked": r"(?:side|adverse) ?_?(?:effects?|events?) ?_?asked",
}
EVENTS: Final = (
    (r"(?:(\d+) ?_?(?:h|hr|hrs|hour|hours)\b|\b(?:next|following)[ _]day)", "after"),
    (r"\bday ?_?(\d+)", "day"),
    (r"\bw(?:ee)?k ?_?(\d+)", "week"),
    (r"\bmonth ?_?(\d+)", "month"),
    (r"screen|enrol|consent|baseline|intake|pre[-_ ]?(?:treatment|infusion|dose)", "before"),
    (r"infus|dos(?:e|ing)|treatment|ketamine|session|injection", "session"),
)
FREE: Final = ("notes", "file", "descriptive", "sql")
