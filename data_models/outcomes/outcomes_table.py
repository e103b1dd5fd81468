"""The `outcomes` listing of the data contract: one row a course and instrument."""

from __future__ import annotations

import pandas as pd

_FROM_COURSE = ("drug", "route", "sessions", "induction_sessions")
COLUMNS = (
    "patient_code", "clinic", "course", "instrument", "drug", "route", "sessions", "induction_sessions", "scores",
    "baseline", "evaluable", "best", "last", "last_days", "ever_response", "ever_remission", "last_response",
    "last_remission", "last_worse", "onset_left", "onset_right", "onset_sessions", "duration_event",
    "duration_days", "loss_left", "loss_right", "end_of_induction_score", "end_of_induction_response",
    "durability_entry_days", "durability_days", "durability_end",
)  # fmt: skip
_WHOLE = (
    "course", "sessions", "induction_sessions", "scores", "evaluable", "ever_response", "ever_remission",
    "last_response", "last_remission", "last_worse", "onset_sessions", "duration_event", "end_of_induction_response",
)  # fmt: skip


def outcomes_listing(patients: pd.DataFrame, parts: list[tuple[pd.DataFrame, pd.DataFrame]]) -> pd.DataFrame:
    """Join course outcomes with their courses and patients, in the contract's columns and order.

    Parameters
    ----------
    patients : columns patient_id, patient_code, clinic.
    parts : pairs of frames (`courses`, `course_outcomes`) of disjoint patients.

    Returns
    -------
    Rows sorted by patient code, course and instrument; flags and counts as nullable whole numbers.
    """
    joined = [
        outcomes.merge(courses[["patient_id", "course", *_FROM_COURSE]], on=["patient_id", "course"])
        for courses, outcomes in parts
    ]
    frame = pd.concat(joined, ignore_index=True) if joined else pd.DataFrame(columns=[*COLUMNS[2:], "patient_id"])
    frame = frame.merge(patients, on="patient_id") if len(patients) else frame.reindex(columns=COLUMNS)
    frame = frame.sort_values(["patient_code", "course", "instrument"], ignore_index=True)[list(COLUMNS)]
    return frame.astype(dict.fromkeys(_WHOLE, "Int64"))
