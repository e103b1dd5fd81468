"""Rates of courses: response, remission and worse, at which score; sustained, early and partial response."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, literal, select, true

from data_models.database.tables import Course, CourseOutcome
from data_models.definitions.filters import CohortFilter
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.scope import Scope
from data_models.outcomes.proportions import PatientSums, Proportion, per_course
from data_models.questions import Shows, shows
from data_models.questions.course_outcomes import late_enough, of_treated
from data_models.questions.patient_sums import Measure, flag, sums_by_patient


@dataclass(frozen=True, slots=True)
class ByScore:
    """One rate, judged at which score of the course.

    Attributes
    ----------
    ever, last : at any score, at the last score; per evaluable course.
    end_of_induction : at the end-of-induction score, of the courses that have one.
    end_of_induction_all_treated : the same of all treated courses, the unmeasured counted as not.
    """

    ever: Proportion
    last: Proportion
    end_of_induction: Proportion
    end_of_induction_all_treated: Proportion

    def as_json(self) -> dict[str, dict[str, Any]]:
        return {
            "ever": self.ever.as_dict(),
            "last": self.last.as_dict(),
            "end_of_induction": self.end_of_induction.as_dict(),
            "end_of_induction_all_treated": self.end_of_induction_all_treated.as_dict(),
        }


@dataclass(frozen=True, slots=True)
class Worse:
    """Courses that got worse by the smallest meaningful change or more, of the measured alone."""

    last: Proportion
    end_of_induction: Proportion

    def as_json(self) -> dict[str, dict[str, Any]]:
        return {"last": self.last.as_dict(), "end_of_induction": self.end_of_induction.as_dict()}


@dataclass(frozen=True, slots=True)
class Rates:
    """Every rate of courses (definitions, section 3).

    Attributes
    ----------
    sustained : two consecutive scores in response, `sustained_days` apart.
    early : response at 24 h after the first session.
    partial : partial response or better at any score.
    """

    response: ByScore
    remission: ByScore
    worse: Worse
    sustained: Proportion
    early: Proportion
    partial: Proportion

    def as_json(self) -> dict[str, Any]:
        """ "response", "remission" and "worse" of the data contract."""
        return {
            "response": self.response.as_json(),
            "remission": self.remission.as_json(),
            "worse": self.worse.as_json(),
        }


@shows(Shows.COHORT)
def rates(connection: Connection, scope: Scope, cohort: CohortFilter) -> Rates:
    """The rates of the cohort's courses, each with its interval."""
    sums = _course_sums(connection, scope, cohort, rate_measures(cohort))
    if INSTRUMENTS[cohort.instrument].remission is None:
        # A scale without a remission cut-off has no rate of remission, not a rate of 0.
        sums["remission.end_of_induction_all_treated"] = PatientSums(0, 0, 0, 0, 0, 0)
    found = {name: per_course(values) for name, values in sums.items()}

    def by_score(kind: str) -> ByScore:
        return ByScore(
            found[f"{kind}.ever"],
            found[f"{kind}.last"],
            found[f"{kind}.end_of_induction"],
            found[f"{kind}.end_of_induction_all_treated"],
        )

    worse = Worse(found["worse.last"], found["worse.end_of_induction"])
    return Rates(
        by_score("response"), by_score("remission"), worse, found["sustained"], found["early"], found["partial"]
    )


@shows(Shows.COHORT)
def early_stop(connection: Connection, scope: Scope, cohort: CohortFilter) -> Proportion:
    """Share of courses whose induction ended early."""
    measures: dict[str, Measure] = {"early_stop": (flag(Course.early_stop == 1), literal(1))}
    return per_course(_course_sums(connection, scope, cohort, measures)["early_stop"])


def rate_measures(cohort: CohortFilter) -> dict[str, Measure]:
    """Each rate of courses as (has it, counts in its denominator)."""
    o = CourseOutcome
    late_last = late_enough(o.last_since_session_days, cohort)
    late_end = late_enough(o.end_of_induction_days, cohort)

    def judged(column: Any, condition: ColumnElement[bool]) -> Measure:
        return flag(and_(column == 1, condition)), flag(and_(column.is_not(None), condition))

    measures: dict[str, Measure] = {
        "sustained": judged(o.sustained_response, true()),
        "early": judged(o.early_response, true()),
        "partial": judged(o.ever_partial, true()),
        "worse.last": judged(o.last_worse, late_last),
        "worse.end_of_induction": judged(o.end_of_induction_worse, late_end),
    }
    course = literal(1)
    for kind, ever, last, end in (
        ("response", o.ever_response, o.last_response, o.end_of_induction_response),
        ("remission", o.ever_remission, o.last_remission, o.end_of_induction_remission),
    ):
        measures[f"{kind}.ever"] = judged(ever, true())
        measures[f"{kind}.last"] = judged(last, late_last)
        measures[f"{kind}.end_of_induction"] = judged(end, late_end)
        measures[f"{kind}.end_of_induction_all_treated"] = (flag(and_(end == 1, late_end)), course)
    return measures


def _course_sums(
    connection: Connection, scope: Scope, cohort: CohortFilter, measures: dict[str, Measure]
) -> dict[str, PatientSums]:
    """Sums over patients for rates of treated courses.

    Nearly every patient has one course; there a patient's x and n are 0 or 1, and their squares are
    themselves. So all courses are summed flat, and only patients with a second course are grouped.
    """
    flat = select(*(func.sum(part) for measure in measures.values() for part in measure))
    totals = [float(value or 0) for value in connection.execute(of_treated(flat, scope, cohort)).one()]
    again = select(Course.patient_id).where(Course.course > 1)
    several = sums_by_patient(
        connection,
        measures,
        Course.patient_id,
        lambda statement: of_treated(statement, scope, cohort).where(Course.patient_id.in_(again)),
    )
    extra = several.get((), {})
    result = {}
    for place, name in enumerate(measures):
        x, n = totals[2 * place : 2 * place + 2]
        more = extra.get(name, PatientSums(0, 0, 0, 0, 0, 0))
        result[name] = PatientSums(
            patients=n - more.n + more.patients,
            x=x,
            n=n,
            xx=x - more.x + more.xx,
            xn=x - more.x + more.xn,
            nn=n - more.n + more.nn,
        )
    return result
