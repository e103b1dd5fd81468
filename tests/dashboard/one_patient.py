"""Records and outcomes of one patient, for what is said and drawn of a course."""

from __future__ import annotations

from typing import Any

from data_models.questions.patient import PatientOutcome, PatientScore, PatientSession, PatientSideEffect, Vitals


def session(days: float, **changes: Any) -> PatientSession:
    """An induction session of the first course in which side effects were asked about."""
    row = {
        "hours": days * 24.0, "days": float(days), "course": 1, "number": 1, "phase": "induction", "drug": "ketamine",
        "course_status": "ended",
        "route": "iv", "course_route": "iv", "dose": 0.5, "dose_unit": "mg_per_kg", "before": Vitals(128, 80, 70),
        "highest": Vitals(150, 92, 85), "cadss_highest": 20.0, "moaas_lowest": 4.0, "minutes_to_discharge": 120.0,
        "asked": 1, "effects": 1, "worst": 1,
    }  # fmt: skip
    return PatientSession(**row | changes)


def score(days: float, value: float, **changes: Any) -> PatientScore:
    """A PHQ-9 of the first course, with a baseline of 20."""
    row = {
        "instrument": "phq9", "course": 1, "at_hours": days * 24.0, "days": float(days), "score": float(value),
        "item9": 1, "improvement": (20 - value) / 20, "state": 2 if value <= 10 else 0, "since_session_days": 1.0,
        "session_hours": 0.0, "recall": 1,
    }  # fmt: skip
    return PatientScore(**row | changes)


def side_effect(days: float, term: str, severity: str | None, **changes: Any) -> PatientSideEffect:
    """An occurrence in the session on a day."""
    row = {"onset_minutes": -1.0, "resolved_minutes": None, "serious": 0} | changes
    return PatientSideEffect(days * 24.0, term, severity, **row)


def outcome(**changes: Any) -> PatientOutcome:
    """A course in response from day 4, with a score on day 1, not lost by day 30; changes as in `course_outcomes`."""
    row = {
        "course": 1, "instrument": "phq9", "scores": 6, "baseline": 20.0, "best": 6.0, "last": 7.0, "last_days": 30.0,
        "ever_response": 1, "last_response": 1, "onset_left": 1.0, "onset_right": 4.0, "onset_sessions": 2,
        "duration_event": 0, "duration_days": 26.0, "loss_left": 30.0, "loss_right": None,
        "end_of_induction_score": 6.0, "end_of_induction_days": 3.0, "end_of_induction_response": 1,
        "durability_days": 16.0, "durability_end": "censored", "durability_left": None, "last_induction_days": None,
        "state": "responding",
    }  # fmt: skip
    return PatientOutcome.of_row(row | changes)
