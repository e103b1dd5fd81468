"""On whom the figures rest: treated, with a baseline, evaluable, scored at the end of induction."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import Connection, func, select

from data_models.database.tables import Course, CourseOutcome
from data_models.definitions.filters import CohortFilter
from data_models.definitions.scope import Scope
from data_models.questions import Shows, shows
from data_models.questions.course_outcomes import of_treated, scored_at_end
from data_models.questions.patient_sums import flag


@dataclass(frozen=True, slots=True)
class Funnel:
    """Counts of the cohort; None: hidden.

    Attributes
    ----------
    patients, courses : treated.
    with_baseline, evaluable, end_of_induction_scored : courses (definitions, section 3).
    """

    patients: int | None
    courses: int | None
    with_baseline: int | None
    evaluable: int | None
    end_of_induction_scored: int | None

    def as_json(self) -> dict[str, int | None]:
        """The counts of "cohort" in the data contract."""
        return asdict(self)


@shows(Shows.COHORT)
def funnel(connection: Connection, scope: Scope, cohort: CohortFilter) -> Funnel:
    """Patients and courses treated, with a baseline, evaluable, scored at the end of induction."""
    statement = select(
        func.count(Course.patient_id.distinct()).label("patients"),
        func.count(Course.patient_id).label("courses"),
        func.sum(flag(CourseOutcome.baseline.is_not(None))).label("with_baseline"),
        func.sum(flag(CourseOutcome.evaluable == 1)).label("evaluable"),
        func.sum(flag(scored_at_end(cohort))).label("end_of_induction_scored"),
    )
    row = connection.execute(of_treated(statement, scope, cohort)).mappings().one()
    return Funnel(**{name: int(value or 0) for name, value in row.items()})
