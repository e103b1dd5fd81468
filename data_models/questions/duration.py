"""How long a response lasts, re-treatment allowed: from its first score to its loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from data_models.database.tables import CourseOutcome
from data_models.definitions.filters import CohortFilter
from data_models.definitions.scope import Scope
from data_models.outcomes.survival import SurvivalCurve, kaplan_meier
from data_models.questions import Shows, shows
from data_models.questions.course_outcomes import arrays, of_outcomes


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
    """Days from response to its loss, or to the last score, of each course with a response."""
    o = CourseOutcome
    statement = select(o.duration_days, o.duration_event, o.patient_id).where(o.ever_response == 1)
    times, events, patients = arrays(connection, of_outcomes(statement, scope, cohort))
    return Duration(kaplan_meier(times, events, patients=patients))
