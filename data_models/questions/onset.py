"""How quickly effects start: days and sessions to response."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, literal, select

from data_models.database.tables import CourseOutcome, SessionFact
from data_models.definitions.filters import CohortFilter
from data_models.definitions.scope import Scope
from data_models.outcomes.survival import SurvivalCurve, kaplan_meier
from data_models.outcomes.turnbull import TurnbullCurve, turnbull
from data_models.questions import Shows, shows
from data_models.questions.course_outcomes import Floats, arrays, of_outcomes


@dataclass(frozen=True, slots=True)
class Onset:
    """Time to response of the evaluable courses (definitions, section 4).

    Attributes
    ----------
    first_seen : days to the first score in response (Kaplan-Meier on R): late by the gap between scores.
    interval_censored : days to response, which lies in (L, R] (Turnbull).
    by_session : sessions received until response.
    """

    first_seen: SurvivalCurve
    interval_censored: TurnbullCurve
    by_session: SurvivalCurve

    def as_json(self) -> dict[str, Any]:
        """ "onset" of the data contract."""
        return {
            "kaplan_meier": self.first_seen.as_dict(),
            "turnbull": self.interval_censored.as_dict(),
            "sessions_kaplan_meier": self.by_session.as_dict(),
        }


@shows(Shows.COHORT)
def onset(connection: Connection, scope: Scope, cohort: CohortFilter) -> Onset:
    """Days to response, and sessions received to response."""
    left, right, counts = onset_intervals(connection, scope, cohort)
    sessions, responded, session_counts = _sessions_received(connection, scope, cohort)
    return Onset(
        kaplan_meier(*first_seen(left, right), counts),
        turnbull(left, right, counts),
        kaplan_meier(sessions, responded, session_counts),
    )


def first_seen(left: Floats, right: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Time of the first score in response (event), or of the last score without one (censored)."""
    responded = np.isfinite(right)
    return np.where(responded, right, left), responded


def onset_intervals(connection: Connection, scope: Scope, cohort: CohortFilter) -> tuple[Floats, Floats, Floats]:
    """(L, R] of the evaluable courses and how many have it; R inf without a response."""
    o = CourseOutcome
    statement = select(o.onset_left, o.onset_right, func.count()).where(o.evaluable == 1)
    grouped = of_outcomes(statement, scope, cohort).group_by(o.onset_left, o.onset_right)
    left, right, counts = arrays(connection, grouped)
    return left, np.where(np.isnan(right), np.inf, right), counts


def _sessions_received(connection: Connection, scope: Scope, cohort: CohortFilter) -> tuple[Floats, Floats, Floats]:
    """Sessions received until response, or until the last score; 1 for response; counts."""
    o, s = CourseOutcome, SessionFact
    responded = select(o.onset_sessions, literal(1), func.count()).where(o.evaluable == 1, o.ever_response == 1)
    events = arrays(connection, of_outcomes(responded, scope, cohort).group_by(o.onset_sessions))
    received = (
        select(func.count())
        .where(s.patient_id == o.patient_id, s.course == o.course, s.days < o.last_days)
        .correlate(o)
        .scalar_subquery()
    )
    inner = of_outcomes(select(received.label("received")), scope, cohort)
    inner_rows = inner.where(o.evaluable == 1, o.ever_response == 0).subquery()
    censored = select(inner_rows.c.received, literal(0), func.count()).group_by(inner_rows.c.received)
    both = zip(events, arrays(connection, censored), strict=True)
    times, responses, counts = (np.concatenate(columns) for columns in both)
    return times, responses, counts
