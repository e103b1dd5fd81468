"""How often side effects occur: what is counted as one group (definitions, section 6).

A share of patients has Wilson's interval; a share of sessions one clustered by patient. "Not asked"
never counts as none: only sessions in which side effects were asked about come in here.
"""

from __future__ import annotations

from dataclasses import dataclass

from data_models.outcomes.proportions import PatientSums, Proportion, wilson

NOBODY = PatientSums(0, 0, 0, 0, 0, 0)
# Session numbers above this share one group ("13 and later"): induction has at most twelve.
LATEST_NUMBER = 12


@dataclass(frozen=True, slots=True)
class DoseBand:
    """Doses from `low` up to (not including) `high` in one unit.

    `code` stands for it in stores: never changed, and never given to another band.
    """

    code: int
    unit: str
    low: float
    high: float
    label: str


# The usual IV starting dose is 0.5 mg/kg; nasal esketamine comes as 28, 56 and 84 mg.
DOSE_BANDS = (
    DoseBand(0, "mg_per_kg", 0, 0.5, "below 0.5 mg/kg"),
    DoseBand(1, "mg_per_kg", 0.5, 0.75, "0.5 to 0.74 mg/kg"),
    DoseBand(2, "mg_per_kg", 0.75, 1.0, "0.75 to 0.99 mg/kg"),
    DoseBand(3, "mg_per_kg", 1.0, float("1e9"), "1 mg/kg and more"),
    DoseBand(4, "mg", 0, 50, "below 50 mg"),
    DoseBand(5, "mg", 50, 75, "50 to 74 mg"),
    DoseBand(6, "mg", 75, 100, "75 to 99 mg"),
    DoseBand(7, "mg", 100, 200, "100 to 199 mg"),
    DoseBand(8, "mg", 200, float("1e9"), "200 mg and more"),
)


def of_patients(sums: PatientSums) -> Proportion:
    """Share of patients asked at least once who had it at least once, Wilson."""
    return wilson(sums.some or 0, sums.patients)
