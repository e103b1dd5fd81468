"""How quickly effects start: days and sessions to response."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, case, func, select

from data_models.database.tables import CourseOutcome, SessionFact
from data_models.definitions.filters import CohortFilter
from data_models.definitions.scope import Scope
from data_models.outcomes.interval_censored import IntervalCurve, interval_curve
from data_models.outcomes.survival import SurvivalCurve, kaplan_meier
from data_models.outcomes.turnbull import TurnbullCurve, turnbull
from data_models.questions import Shows, shows
from data_models.questions.course_outcomes import Floats, arrays, of_outcomes

_WHOLE_DAYS_FROM = 100_000  # courses: of more, the masses lie between whole days


@dataclass(frozen=True, slots=True)
class Onset:
    """Time to response of the evaluable courses (definitions, section 4).

    Attributes
    ----------
    curve : share in response by day: each response began in (L, R], between two scores.
    interval_censored : the masses of the same days (Turnbull), which no choice of pieces has touched.
    first_seen : days to the first score in response (Kaplan-Meier on R): late by the gap between scores.
    by_session : sessions received until response.
    """

    curve: IntervalCurve
    interval_censored: TurnbullCurve
    first_seen: SurvivalCurve
    by_session: SurvivalCurve

    def as_json(self) -> dict[str, Any]:
        """ "onset" of the data contract."""
        return {
            "kaplan_meier": self.first_seen.as_dict(),
            "turnbull": {**self.interval_censored.as_dict(), **median_and_curve(self.curve)},
            "sessions_kaplan_meier": self.by_session.as_dict(),
        }


def median_and_curve(curve: IntervalCurve) -> dict[str, Any]:
    """What the data contract says of an interval-censored curve beside its masses; None: not reached."""
    middle, low, high = (None if math.isnan(value) else value for value in curve.median)
    return {"median_days": middle, "median_low": low, "median_high": high, "curve": curve.as_rows()}


class Starts(NamedTuple):
    """The evaluable courses, one place a course.

    `right` inf: no response by `left`. `sessions`: those received until response, or until the last score.
    """

    patients: NDArray[np.int64]
    left: Floats
    right: Floats
    sessions: Floats

    @property
    def responded(self) -> NDArray[np.bool_]:
        return np.isfinite(self.right)

    @property
    def seen(self) -> Floats:
        """Days to the first score in response, or to the last score without one."""
        return np.where(self.responded, self.right, self.left)


@shows(Shows.COHORT)
def onset(connection: Connection, scope: Scope, cohort: CohortFilter) -> Onset:
    """Days to response, and sessions received to response."""
    found = starts(connection, scope, cohort)
    left, right = found.left, found.right
    if left.size > _WHOLE_DAYS_FROM:
        left, right = np.floor(left), np.ceil(right)
    return Onset(
        interval_curve(found.left, found.right, found.patients),
        turnbull(left, right),
        kaplan_meier(found.seen, found.responded, patients=found.patients),
        kaplan_meier(found.sessions, found.responded, patients=found.patients),
    )


def starts(connection: Connection, scope: Scope, cohort: CohortFilter) -> Starts:
    """When the response of each evaluable course began."""
    o, s = CourseOutcome, SessionFact
    received = (
        select(func.count())
        .where(s.patient_id == o.patient_id, s.course == o.course, s.days < o.last_days)
        .correlate(o)
        .scalar_subquery()
    )
    sessions = case((o.ever_response == 1, o.onset_sessions), else_=received)
    statement = select(o.patient_id, o.onset_left, o.onset_right, sessions).where(o.evaluable == 1)
    patients, left, right, counted = arrays(connection, of_outcomes(statement, scope, cohort))
    return Starts(patients.astype(np.int64), left, np.where(np.isnan(right), np.inf, right), counted)
