"""Code lists of the session records: each closed, each in the order in which it is shown."""

from __future__ import annotations

DRUGS = ("ketamine", "esketamine")
ROUTES = ("iv", "im", "sc", "intranasal", "sublingual", "oral")
DOSE_UNITS = ("mg", "mg_per_kg")
PHASES = ("induction", "maintenance")
SEXES = ("female", "male", "other", "unknown")
AGE_BANDS = ("18-24", "25-34", "35-44", "45-54", "55-64", "65-74", "75-84", "85-89", "90+")
DIAGNOSES = (
    "major_depression",
    "treatment_resistant_depression",
    "bipolar_depression",
    "anxiety",
    "ptsd",
    "end_of_life_distress",
    "chronic_pain",
    "alcohol_use",
    "drug_use",
    "other",
)
CONDITIONS = (
    "hypertension",
    "cardiovascular",
    "liver",
    "urinary",
    "psychosis_history",
    "substance_use_history",
    "pregnancy",
    "other",
)
SEVERITIES = ("mild", "moderate", "severe")

# MedDRA preferred-term names in snake case (no MedDRA codes: licensed). The first seven are those
# of the source document and always have a row in a table of side effects.
SOURCE_SIDE_EFFECTS = (
    "heart_rate_increased",
    "blood_pressure_increased",
    "nausea",
    "headache",
    "disorientation",
    "vision_blurred",
    "balance_disorder",
)
SIDE_EFFECTS = (
    *SOURCE_SIDE_EFFECTS,
    "dissociation",
    "sedation",
    "dizziness",
    "vertigo",
    "vomiting",
    "anxiety",
    "diplopia",
    "fatigue",
    "other",
)

# Words shown in place of a code where capitalising it is not enough.
_LABELS = {
    "iv": "IV",
    "im": "IM",
    "sc": "SC",
    "ptsd": "PTSD",
    "mg_per_kg": "mg/kg",
    "end_of_life_distress": "End-of-life distress",
    "treatment_resistant_depression": "Treatment-resistant depression",
    "nausea": "Nausea or upset stomach",
    "vision_blurred": "Vision blurred (changes to vision)",
    "balance_disorder": "Balance disorder (imbalance)",
}


def label(code: str | None) -> str:
    """The words shown for a code; "Not recorded" for None or an empty code."""
    if code is None or code != code or code == "":
        return "Not recorded"
    return _LABELS.get(code, code.replace("_", " ").capitalize())


def age_band(age: int) -> str:
    """The age band that holds `age` (whole years, 18 to 89)."""
    for band in AGE_BANDS[:-1]:
        low, high = (int(part) for part in band.split("-"))
        if low <= age <= high:
            return band
    raise ValueError("age must be a whole number from 18 to 89; for 90 or more give age_band 90+")
