"""Code lists of the session records: each closed, each in the order in which it is shown."""

from __future__ import annotations

from collections.abc import Mapping

DRUGS = ("ketamine", "esketamine")
ROUTES = ("iv", "im", "sc", "intranasal", "sublingual", "oral")
MIXED = "mixed"  # the drug or route of a course whose sessions have several; no session has it
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
# Each term's bit in the sets of terms that stores keep: never changed and never given to another term. A term may
# stand anywhere in the list, which is the order in which terms are shown.
SIDE_EFFECT_BITS = {
    "heart_rate_increased": 0,
    "blood_pressure_increased": 1,
    "nausea": 2,
    "headache": 3,
    "disorientation": 4,
    "vision_blurred": 5,
    "balance_disorder": 6,
    "dissociation": 7,
    "sedation": 8,
    "dizziness": 9,
    "vertigo": 10,
    "vomiting": 11,
    "anxiety": 12,
    "diplopia": 13,
    "fatigue": 14,
    "other": 15,
}
SIDE_EFFECTS = tuple(SIDE_EFFECT_BITS)
_MOST_BITS = 31  # of a whole number in every database


def check_bits(bits: Mapping[str, int]) -> None:
    """Raise ValueError where stored sets of terms could not be told apart, or a term could not be a column's name."""
    for term, bit in bits.items():
        if not (term.isidentifier() and term.islower() and len(term) <= 32):
            raise ValueError(f"side effect {term!r}: its code must be at most 32 small letters, digits and _")
        same = next(other for other, its in bits.items() if its == bit)
        if same != term or not 0 <= bit < _MOST_BITS:
            free = next(number for number in range(_MOST_BITS + 1) if number not in bits.values())
            raise ValueError(f"side effect {term}: bit {bit} is {same}'s or not below {_MOST_BITS}; the next is {free}")


check_bits(SIDE_EFFECT_BITS)

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
