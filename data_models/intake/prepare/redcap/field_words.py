"""Words by which fields, choices and events of a REDCap project are told: what a proposed map rests on."""

from __future__ import annotations

import re
from typing import Final

from data_models.definitions.vocabulary import DIAGNOSES, DOSE_UNITS, DRUGS, ROUTES, SEVERITIES, SEXES, SIDE_EFFECTS
from data_models.intake.prepare.source import BIRTH_DATE

SCALES: Final = {
    "phq9": r"phq[ _-]?9|phq(?![ _-]?\d)|patient health questionnaire",
    "madrs": r"madrs|montgomery",
    "hamd17": r"ham[ _-]?d(?:[ _-]?17)?|hdrs|hrsd|hamilton (?:rating scale for )?depression",
    "qids": r"qids|quick inventory",
    "bdi2": r"bdi|beck depression",
    "gad7": r"gad[ _-]?7|gad(?![ _-]?\d)|generali[sz]ed anxiety",
    "pcl5": r"pcl[ _-]?5|pcl",
    "hads_a": r"hads",
    "hads_d": r"hads",
    "peg": r"(?<![a-z])peg(?![a-z])",
    "auditc": r"audit[ _-]?c",
}
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
WORDS: Final = {
    "sex": {"f": "female", "woman": "female", "m": "male", "man": "male", "non-binary": "other", "nonbinary": "other"},
    "route": {
        "intravenous": "iv", "intramuscular": "im", "subcutaneous": "sc", "nasal": "intranasal", "spray": "intranasal",
        "lozenge": "sublingual", "troche": "sublingual", "by mouth": "oral", "iv": "iv", "im": "im", "sc": "sc",
    },
    "drug": {"spravato": "esketamine", "s-ketamine": "esketamine"},
    "dose_unit": {"mg/kg": "mg_per_kg", "mg per kg": "mg_per_kg"},
    "diagnosis": {
        "treatment-resistant": "treatment_resistant_depression", "trd": "treatment_resistant_depression",
        "bipolar": "bipolar_depression", "depress": "major_depression", "mdd": "major_depression",
        "anxiety": "anxiety", "ptsd": "ptsd", "trauma": "ptsd", "pain": "chronic_pain", "alcohol": "alcohol_use",
    },
    "term": {
        "increased heart rate": "heart_rate_increased", "tachycardia": "heart_rate_increased",
        "increased blood pressure": "blood_pressure_increased", "hypertension": "blood_pressure_increased",
        "imbalance": "balance_disorder", "unsteady": "balance_disorder", "upset stomach": "nausea",
        "blurred": "vision_blurred", "blurry": "vision_blurred", "double vision": "diplopia",
        "dissociat": "dissociation",
    },
}  # fmt: skip
CODES: Final = {
    "sex": SEXES, "route": ROUTES, "drug": DRUGS, "dose_unit": DOSE_UNITS,
    "diagnosis": DIAGNOSES, "term": SIDE_EFFECTS, "severity": SEVERITIES,
}  # fmt: skip
EVENTS: Final = (
    (r"(?:(\d+) ?_?(?:h|hr|hrs|hour|hours)\b|\b(?:next|following)[ _]day)", "after"),
    (r"\bday ?_?(\d+)", "day"),
    (r"\bw(?:ee)?k ?_?(\d+)", "week"),
    (r"\bmonth ?_?(\d+)", "month"),
    (r"screen|enrol|consent|baseline|intake|pre[-_ ]?(?:treatment|infusion|dose)", "before"),
    (r"infus|dos(?:e|ing)|treatment|ketamine|session|injection", "session"),
)
FREE: Final = ("notes", "file", "descriptive", "sql")
