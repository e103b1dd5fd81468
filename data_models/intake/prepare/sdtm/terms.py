"""What codes and terms of CDISC mean here, a row each.

Test codes follow the controlled terminology of CDISC's questionnaires, ratings and scales (codelists PHQ01TC, GAD01TC,
GAD02TC, HAMD1TC, QIDSR1TC, HADS01TC): a name of the scale, the item's number, and the total under a number of its own
(PHQ0111, GAD0208, HAMD118) or told by its test name. Scales that it has no codelist of (MADRS, BDI-II, PCL-5, PEG,
AUDIT-C) are told by their category. No item text ships.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from data_models.definitions.vocabulary import SIDE_EFFECTS
from data_models.intake.prepare.item_totals import ITEM_SCALES


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """How one scale is called in SDTM.

    Attributes
    ----------
    code : pattern of a test code: what comes before the item's number.
    category : pattern of --CAT.
    totals : test codes of the total, where the terminology has one.
    total : pattern of the test name of the total.
    """

    instrument: str
    code: str
    category: str
    totals: tuple[str, ...] = ()
    total: str = r"\btotal\b"


_HADS: Final = r"HADS|HOSPITAL ANXIETY"
QUESTIONNAIRES: Final = (
    Questionnaire("phq9", r"PHQ01", r"PHQ-?9|PATIENT HEALTH QUESTIONNAIRE - ?9", ("PHQ0111",)),
    Questionnaire("gad7", r"GAD0[12]", r"GAD-?7|GENERALIZED ANXIETY DISORDER - ?7", ("GAD0208", "GAD02TS")),
    Questionnaire("madrs", r"MADRS?\d?|MDR", r"MADRS(?!-S)|MONTGOMERY"),
    Questionnaire("hamd17", r"HAMD1", r"HAM-?D ?-?17|HAMILTON DEPRESSION.*17", ("HAMD118",)),
    Questionnaire("qids", r"QIDSR1", r"QIDS-?SR|QUICK INVENTORY.*SELF"),
    Questionnaire("bdi2", r"BDI2\d?", r"BDI-?(?:II|2)|BECK DEPRESSION.*II"),
    Questionnaire("pcl5", r"PCL5\d?", r"PCL-?5|PTSD CHECKLIST.*5"),
    Questionnaire("hads_a", r"HADS01", _HADS, total=r"anxiety.*(?:total|score|subscale)|(?:total|score).*anxiety"),
    Questionnaire(
        "hads_d", r"HADS01", _HADS, total=r"depression.*(?:total|score|subscale)|(?:total|score).*depression"
    ),
    Questionnaire("peg", r"PEG\d{0,2}(?=\d)", r"\bPEG\b", total=r"total|mean|average|\bscore\b"),
    Questionnaire("auditc", r"AUDITC|AUDC1", r"AUDIT-?C"),
)
_PLACE: Final = re.compile(r"(\d{1,2})[AB]?$")


def scales_of(code: str, category: str) -> list[Questionnaire]:
    """The scales that a record may belong to: by its test code, else by its category; of the HADS there are two."""
    named = [scale for scale in QUESTIONNAIRES if re.match(rf"(?:{scale.code})(?:\d|TS)", code)]
    return named or [scale for scale in QUESTIONNAIRES if re.search(scale.category, category.upper())]


def total_of_scale(scale: Questionnaire, code: str, test: str) -> bool:
    """Whether a record is the scale's total score."""
    name = test.lower()
    if scale.instrument.startswith("hads_"):
        name = name.replace("hospital anxiety and depression", "")
    return (code in scale.totals and "difficult" not in name) or re.search(scale.total, name) is not None


def is_cadss_total(category: str, test: str) -> bool:
    """Whether a record is a total of the CADSS, which session records have as the highest of a session."""
    return "total" in test.lower() and bool(re.search(r"CADSS|DISSOCIATIVE STATES", category.upper()))


def item_of(scale: Questionnaire, code: str) -> int | None:
    """The place of an item among the scale's, from 0, by its test code's last two digits; None where it is none."""
    found, items = _PLACE.search(code), ITEM_SCALES[scale.instrument]
    number = int(found[1]) if found else 0
    return items.numbers.index(number) if items and number in items.numbers else None


ROUTES: Final = {
    "INTRAVENOUS": "iv", "INTRAVENOUS DRIP": "iv", "INTRAVENOUS BOLUS": "iv", "INTRAMUSCULAR": "im",
    "SUBCUTANEOUS": "sc", "NASAL": "intranasal", "INTRANASAL": "intranasal", "SUBLINGUAL": "sublingual", "ORAL": "oral",
}  # fmt: skip
# Unit of CDISC's codelist UNIT, the records' unit, and by what a dose is multiplied.
UNITS: Final = {
    "mg": ("mg", 1.0), "g": ("mg", 1_000.0), "ug": ("mg", 0.001),
    "mg/kg": ("mg_per_kg", 1.0), "ug/kg": ("mg_per_kg", 0.001),
}  # fmt: skip
SEXES: Final = {"F": "female", "M": "male", "UNDIFFERENTIATED": "other", "INTERSEX": "other", "U": "unknown"}
SEVERITIES: Final = {
    "MILD": "mild", "MODERATE": "moderate", "SEVERE": "severe",
    "1": "mild", "2": "moderate", "3": "severe", "4": "severe", "5": "severe",
}  # fmt: skip
VITALS: Final = {"SYSBP": "systolic", "DIABP": "diastolic", "PULSE": "heart_rate", "HR": "heart_rate"}
_BEFORE: Final = re.compile(r"\bPRE|BEFORE|BASELINE")
_AFTER: Final = re.compile(r"\bPOST|AFTER|DURING|END OF|\d+ ?-?(?:M|MIN|H|HR|MINUTES?|HOURS?)\b")
_TERMS: Final = {
    "BLOOD PRESSURE SYSTOLIC INCREASED": "blood_pressure_increased",
    "BLOOD PRESSURE DIASTOLIC INCREASED": "blood_pressure_increased",
}


def drug_of(treatment: str) -> str:
    """ketamine or esketamine by the name of a treatment; "" for any other, their placebos and arketamine among them.

    Examples
    --------
    >>> drug_of("ESKETAMINE NASAL SPRAY"), drug_of("Ketamine HCl"), drug_of("PLACEBO (KETAMINE)")
    ('esketamine', 'ketamine', '')
    """
    words = treatment.upper()
    if "PLACEBO" in words or re.search(r"ARKETAMINE|\bR-?KETAMINE|NORKETAMINE", words):
        return ""
    if re.search(r"ESKETAMINE|\bS(?:\(\+\))?-?KETAMINE|SPRAVATO", words):
        return "esketamine"
    return "ketamine" if re.search(r"\bKETAMINE|KETALAR", words) else ""


def side_of(time_point: str) -> str:
    """before or after the dose, by the name of a planned time point; "" where it says neither.

    Examples
    --------
    >>> side_of("PREDOSE"), side_of("40 MIN POST DOSE"), side_of("VISIT 3")
    ('before', 'after', '')
    """
    words = time_point.upper()
    if _BEFORE.search(words):
        return "before"
    return "after" if _AFTER.search(words) else ""


def term_of(preferred: str) -> str:
    """Our term of MedDRA's preferred term: names are the same; any other is `other`."""
    words = preferred.strip().upper()
    snake = re.sub(r"[^a-z]+", "_", words.lower())
    return _TERMS.get(words) or (snake if snake in SIDE_EFFECTS else "other")
