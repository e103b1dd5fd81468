"""Which interval between maintenance sessions holds? Of one patient, and of a cohort (definitions, section 5.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, and_, select

from data_models.database.tables import ScoreFact, SessionFact
from data_models.definitions.filters import CohortFilter
from data_models.definitions.scope import Scope
from data_models.outcomes.interval_finder import (
    Held,
    IntervalBin,
    interval_bins,
    longest_held,
    maintenance_intervals,
)
from data_models.questions import Shows, shows
from data_models.questions.conditions import of_sessions
from data_models.questions.course_outcomes import arrays
from data_models.questions.patient import PatientScore, PatientSession
from data_models.questions.patient_sums import AnySelect, flag, restricted


@dataclass(frozen=True, slots=True)
class PatientInterval:
    """One maintenance interval of a patient.

    Attributes
    ----------
    days, whole_days : from start to start of its sessions, exactly and as intervals are compared.
    score : at its end (points); None: none in the days before the session that ended it.
    in_response : whether it is; None: no score, or no baseline that is severe enough to judge the course.
    """

    course: int
    session: int
    days: float
    whole_days: int
    score: float | None
    in_response: bool | None


@dataclass(frozen=True, slots=True)
class PatientIntervals:
    """A patient's maintenance intervals on one scale, in time order, and what the judged ones say."""

    intervals: tuple[PatientInterval, ...]
    held: Held

    @property
    def judged(self) -> list[PatientInterval]:
        """Those in response or not."""
        return [one for one in self.intervals if one.in_response is not None]

    @property
    def unscored(self) -> int:
        """How many have no score at their end."""
        return sum(one.score is None for one in self.intervals)


def patient_intervals(sessions: Sequence[PatientSession], scores: Sequence[PatientScore]) -> PatientIntervals:
    """Of the sessions of one patient and his scores on one scale, all courses together; no interval is in two."""
    one_patient = np.zeros(max(len(sessions), len(scores)), dtype=np.int64)
    found = maintenance_intervals(
        one_patient[: len(sessions)],
        np.array([one.course for one in sessions], dtype=np.int64),
        np.array([one.hours for one in sessions], dtype=float),
        np.array([one.phase == "maintenance" for one in sessions], dtype=bool),
        one_patient[: len(scores)],
        np.array([one.at_hours for one in scores], dtype=float),
        np.array([np.nan if one.state is None else one.state for one in scores], dtype=float),
    )
    intervals = tuple(
        PatientInterval(
            sessions[ended].course,
            sessions[ended].number,
            float(days),
            int(whole),
            scores[score].score if score >= 0 else None,
            None if np.isnan(response) else bool(response),
        )
        for ended, score, days, whole, response in zip(
            found.ended, found.score, found.days, found.whole_days, found.response, strict=True
        )
    )
    judged = [(one.whole_days, one.in_response) for one in intervals if one.in_response is not None]
    return PatientIntervals(intervals, longest_held([days for days, _ in judged], [held for _, held in judged]))


@dataclass(frozen=True, slots=True)
class IntervalFinder:
    """How often intervals of a length held in a cohort; `unjudged`: those without a judged score (None: hidden)."""

    bins: tuple[IntervalBin, ...]
    unjudged: int | None

    def as_json(self) -> dict[str, Any]:
        """ "interval_finder" of the data contract: a row a length."""
        return {
            "lengths": [
                {"from_days": one.from_days, "to_days": one.to_days, "patients": one.patients, **one.held.as_dict()}
                for one in self.bins
            ],
            "not_judged": self.unjudged,
        }


@shows(Shows.COHORT)
def interval_finder(connection: Connection, scope: Scope, cohort: CohortFilter) -> IntervalFinder:
    """Share of a cohort's maintenance intervals that held, by length; session filters: of those that began them."""
    s, f = SessionFact, ScoreFact
    # Every session is read, whatever the filter says of sessions: an interval lies between two that follow each other.
    begins = flag(and_(True, *of_sessions(cohort, s)))
    given: AnySelect = select(s.patient_id, s.course, s.hours, flag(s.phase == "maintenance"), begins).select_from(s)
    taken: AnySelect = select(f.patient_id, f.at_hours, f.state).select_from(f).where(f.instrument == cohort.instrument)
    patient, course, hours, maintenance, chosen = arrays(connection, restricted(given, s, scope, cohort))
    scored, at, state = arrays(connection, restricted(taken, f, scope, cohort))
    who, whose = patient.astype(np.int64), scored.astype(np.int64)
    found = maintenance_intervals(who, course.astype(np.int64), hours, maintenance == 1, whose, at, state)
    kept = chosen[found.began] == 1
    response = found.response[kept]
    bins = interval_bins(who[found.ended][kept], found.whole_days[kept], response)
    return IntervalFinder(bins, int(np.isnan(response).sum()))
