"""How long a response lasts, re-treatment allowed: from its first score to its loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, func, select

from data_models.database.tables import CourseOutcome
from data_models.definitions.filters import CohortFilter
from data_models.definitions.scope import Scope
from data_models.outcomes.survival import SurvivalCurve, kaplan_meier
from data_models.outcomes.turnbull import TurnbullCurve, turnbull
from data_models.questions import Shows, shows
from data_models.questions.course_outcomes import Floats, arrays, of_outcomes


@dataclass(frozen=True, slots=True)
class Duration:
    """Days from response to loss (definitions, section 5.3).

    Attributes
    ----------
    curve : Kaplan-Meier, censored at the last score; variance by patient.
    """

    curve: SurvivalCurve

    def as_json(self) -> dict[str, Any]:
        """ "duration" of the data contract."""
        return {"kaplan_meier": self.curve.as_dict()}


@shows(Shows.COHORT)
def duration(connection: Connection, scope: Scope, cohort: CohortFilter) -> Duration:
    """Days from response to its loss."""
    times, events, patients = durations(connection, scope, cohort)
    return Duration(kaplan_meier(times, events, patients=patients))


@shows(Shows.COHORT)
def duration_turnbull(connection: Connection, scope: Scope, cohort: CohortFilter) -> TurnbullCurve:
    """Turnbull's estimate of the days from response to loss, which too lies between two scores."""
    return turnbull(*loss_intervals(connection, scope, cohort))


def durations(connection: Connection, scope: Scope, cohort: CohortFilter) -> tuple[Floats, Floats, Floats]:
    """Days from response to loss (event 1) or the last score (0), and the patient, of each course with a response."""
    o = CourseOutcome
    statement = select(o.duration_days, o.duration_event, o.patient_id).where(o.ever_response == 1)
    times, events, patients = arrays(connection, of_outcomes(statement, scope, cohort))
    return times, events, patients


def loss_intervals(connection: Connection, scope: Scope, cohort: CohortFilter) -> tuple[Floats, Floats, Floats]:
    """(L, R] of loss in days from response, and counts; responders without a later score are left out."""
    o = CourseOutcome
    left, right = (o.loss_left - o.onset_right).label("l"), (o.loss_right - o.onset_right).label("r")
    statement = select(left, right, func.count()).where(o.ever_response == 1)
    grouped = of_outcomes(statement, scope, cohort).group_by(left, right)
    lows, highs, counts = arrays(connection, grouped)
    highs = np.where(np.isnan(highs), np.inf, highs)
    informative = ~((lows <= 0) & np.isinf(highs))
    return np.maximum(lows[informative], 0.0), highs[informative], counts[informative]
