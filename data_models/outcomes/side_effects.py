"""How often side effects occur, from sums over patients (definitions, section 6).

A share of patients has Wilson's interval; a share of sessions one clustered by patient. "Not asked"
never counts as none: only sessions in which side effects were asked about come in here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from data_models.definitions.rules import OutcomeRules
from data_models.definitions.vocabulary import SEVERITIES, SIDE_EFFECTS
from data_models.outcomes.proportions import PatientSums, Proportion, clustered, clustered_mean, wilson
from data_models.outcomes.survival import kaplan_meier

NOBODY = PatientSums(0, 0, 0, 0, 0, 0)
# Session numbers above this share one group ("13 and later"): induction has at most twelve.
LATEST_NUMBER = 12


@dataclass(frozen=True, slots=True)
class DoseBand:
    """Doses from `low` up to (not including) `high` in one unit."""

    unit: str
    low: float
    high: float
    label: str


# The usual IV starting dose is 0.5 mg/kg; nasal esketamine comes as 28, 56 and 84 mg.
DOSE_BANDS = (
    DoseBand("mg_per_kg", 0, 0.5, "below 0.5 mg/kg"),
    DoseBand("mg_per_kg", 0.5, 0.75, "0.5 to 0.74 mg/kg"),
    DoseBand("mg_per_kg", 0.75, 1.0, "0.75 to 0.99 mg/kg"),
    DoseBand("mg_per_kg", 1.0, float("1e9"), "1 mg/kg and more"),
    DoseBand("mg", 0, 50, "below 50 mg"),
    DoseBand("mg", 50, 75, "50 to 74 mg"),
    DoseBand("mg", 75, 100, "75 to 99 mg"),
    DoseBand("mg", 100, 200, "100 to 199 mg"),
    DoseBand("mg", 200, float("1e9"), "200 mg and more"),
)


def per_session_rows(sums: Mapping[str, PatientSums]) -> list[dict[str, Any]]:
    """One row a term: share of asked sessions with it, interval clustered by patient."""
    return [{"term": term, **clustered(sums.get(term, NOBODY)).as_dict()} for term in SIDE_EFFECTS]


def of_patients(sums: PatientSums) -> Proportion:
    """Share of patients asked at least once who had it at least once, Wilson."""
    return wilson(sums.some or 0, sums.patients)


def per_patient_rows(sums: Mapping[str, PatientSums]) -> list[dict[str, Any]]:
    """One row a term: share of patients, Wilson."""
    return [{"term": term, **of_patients(sums.get(term, NOBODY)).as_dict()} for term in SIDE_EFFECTS]


def rates(sums: Mapping[str, PatientSums]) -> dict[str, Any]:
    """Counts of those asked, and the rates per patient and per session."""
    asked = sums.get("any", NOBODY)
    return {
        "patients_asked": int(asked.patients),
        "sessions_asked": int(asked.n),
        "per_patient": per_patient_rows(sums),
        "per_session": per_session_rows(sums),
    }


def any_effect(sums: Mapping[str, PatientSums]) -> dict[str, Any]:
    """Patients, and asked sessions, with any side effect."""
    asked = sums.get("any", NOBODY)
    return {
        "per_patient": of_patients(asked).as_dict(),
        "per_session": clustered(asked).as_dict(),
    }


def worst_rows(sums: Mapping[str, PatientSums]) -> list[dict[str, Any]]:
    """Share of asked sessions by worst grade; "not_graded": an effect was recorded without a grade."""
    names = ("none", *SEVERITIES, "not_graded")
    return [{"worst": name, **clustered(sums.get(name, NOBODY)).as_dict()} for name in names]


def severity_rows(counts: Iterable[tuple[str, str | None, int, int]]) -> list[dict[str, Any]]:
    """One row a term that occurred: occurrences by grade, and how many were serious."""
    found: dict[str, dict[str, int]] = {}
    for term, severity, n, serious in counts:
        row = found.setdefault(term, dict.fromkeys(("occurrences", *SEVERITIES, "not_graded", "serious"), 0))
        row["occurrences"] += n
        row[severity or "not_graded"] += n
        row["serious"] += serious
    return [{"term": term, **found[term]} for term in SIDE_EFFECTS if term in found]


def resolution(times: Iterable[tuple[str, float, int, int]]) -> dict[str, Any]:
    """Kaplan-Meier of the minutes from onset to resolution: of all occurrences, and by term.

    Occurrences of one patient are taken as independent here, so intervals are somewhat too narrow
    where a patient has many.
    """
    rows = list(times)

    def curve(of: list[tuple[str, float, int, int]]) -> dict[str, Any]:
        columns = np.array([row[1:] for row in of], dtype=float).reshape(-1, 3)
        return kaplan_meier(columns[:, 0], columns[:, 1], columns[:, 2]).as_dict("minutes")

    by_term = [{"term": term, **curve(of)} for term in SIDE_EFFECTS if (of := [row for row in rows if row[0] == term])]
    return {"all": curve(rows), "by_term": by_term}


def vitals(
    means: Mapping[str, PatientSums], thresholds: Mapping[str, PatientSums], rules: OutcomeRules
) -> dict[str, Any]:
    """Vital signs before, highest and their rise; shares of sessions at or above each threshold.

    Pressures in mmHg, heart rate in beats a minute; intervals clustered by patient.
    """
    signs = {
        sign: {
            name: clustered_mean(means.get(f"{sign}.{name}", NOBODY)).as_dict()
            for name in ("before", "highest", "rise")
        }
        for sign in ("systolic", "diastolic", "heart_rate")
    }
    limits: dict[str, Any] = {
        name: getattr(rules, name)
        for name in ("systolic_rise_mmhg", "diastolic_rise_mmhg", "systolic_high_mmhg", "diastolic_high_mmhg")
    }
    limits["predose"] = [rules.predose_systolic_mmhg, rules.predose_diastolic_mmhg]
    shares = [
        {"threshold": name, "limit": limit, **clustered(thresholds.get(name, NOBODY)).as_dict()}
        for name, limit in limits.items()
    ]
    return {**signs, "thresholds": shares}
