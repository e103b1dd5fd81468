"""On whom the figures rest: treated, with a baseline, ill enough, evaluable, scored at the end of induction."""

from __future__ import annotations

from dataclasses import dataclass, fields

from sqlalchemy import Connection, func, select

from data_models.database.tables import Course, CourseOutcome
from data_models.definitions.filters import CohortFilter
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.scope import Scope
from data_models.outcomes.courses import UNKNOWN
from data_models.questions import Shows, shows
from data_models.questions.course_outcomes import going_on, of_treated
from data_models.questions.judged_scores import JudgedScores
from data_models.questions.patient_sums import flag


@dataclass(frozen=True, slots=True)
class Steps:
    """Courses that reach each step; None: hidden.

    Attributes
    ----------
    courses : treated.
    with_baseline, with_entry_severity, evaluable, end_of_induction_scored : each of those in the one before
        (definitions, section 3): with a baseline on the scale, from `entry_severity` on, with a later score, with one
        at the end of a complete induction.
    """

    courses: int | None
    with_baseline: int | None
    with_entry_severity: int | None
    evaluable: int | None
    end_of_induction_scored: int | None


@dataclass(frozen=True, slots=True)
class Funnel:
    """Counts of the cohort; None: hidden.

    Attributes
    ----------
    patients : treated.
    every, going_on : of all courses, and of those of them that are known to go on.
    unknown : courses of which it is not known whether they go on.
    """

    patients: int | None
    every: Steps
    going_on: Steps
    unknown: int | None

    @property
    def courses(self) -> int | None:
        """Treated courses."""
        return self.every.courses

    def as_json(self) -> dict[str, int | None]:
        """The counts of "cohort" in the data contract."""
        every = {field.name: getattr(self.every, field.name) for field in fields(Steps)}
        return {
            "patients": self.patients,
            **every,
            "going_on": self.going_on.courses,
            "going_on_unknown": self.unknown,
        }


@shows(Shows.COHORT)
def funnel(connection: Connection, scope: Scope, cohort: CohortFilter, rules: OutcomeRules) -> Funnel:
    """Patients and courses treated, and how many of them come so far as to be judged.

    Parameters
    ----------
    rules : the rules under which the store was derived: from which baseline on courses are judged.
    """
    scores, scale = JudgedScores(cohort, rules), INSTRUMENTS[cohort.instrument]
    baseline = CourseOutcome.baseline
    ill = baseline >= scale.moderate if rules.entry_severity == "moderate" else baseline > scale.minimum
    steps = (
        Course.patient_id.is_not(None),
        baseline.is_not(None),
        ill,
        CourseOutcome.evaluable == 1,
        scores.end.response.is_not(None),
    )
    statement = select(
        func.count(Course.patient_id.distinct()),
        func.sum(flag(Course.status == UNKNOWN)),
        *(func.sum(flag(step)) for step in steps),
        *(func.sum(flag(step & going_on())) for step in steps),
    )
    row = connection.execute(scores.joined(of_treated(statement, scope, cohort))).one()
    patients, unknown, *counts = (int(value or 0) for value in row)
    return Funnel(patients, Steps(*counts[: len(steps)]), Steps(*counts[len(steps) :]), unknown)
