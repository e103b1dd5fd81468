"""Rates of courses: response, remission and worse, at which score; sustained, early and partial response."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, SQLColumnExpression, and_, func, select

from data_models.database.tables import Course, CourseOutcome
from data_models.definitions.filters import CohortFilter
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.scope import Scope
from data_models.outcomes.proportions import PatientSums, Proportion, per_course
from data_models.questions import Shows, shows
from data_models.questions.course_outcomes import arrays, going_on, of_treated
from data_models.questions.judged_scores import JudgedScores
from data_models.questions.patient_sums import AnySelect, Measure, flag, sums_by_patient


@dataclass(frozen=True, slots=True)
class ByScore:
    """One rate, judged at which score of the course.

    Attributes
    ----------
    ever, last : at any score, at the last score; per evaluable course.
    end_of_induction : at the end-of-induction score, of the evaluable courses with complete induction that have one.
    end_of_induction_all_treated : the same of all treated courses that are not going on, the unmeasured counted as not.
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
class Quartiles:
    """Half of `n` values lie from `low` to `high`, half of them below `median`; None: there are none, or few."""

    n: int | None
    median: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Rates:
    """Every rate of courses (definitions, section 3).

    Attributes
    ----------
    sustained : two consecutive scores in response, `sustained_days` apart.
    early : response at 24 h after the first session.
    partial : partial response or better at any score.
    end_days : how many days after the last induction session the end-of-induction scores were.
    """

    response: ByScore
    remission: ByScore
    worse: Worse
    sustained: Proportion
    early: Proportion
    partial: Proportion
    end_days: Quartiles

    def as_json(self) -> dict[str, Any]:
        """ "response", "remission" and "worse" of the data contract, and the days of the scores."""
        return {
            "response": self.response.as_json(),
            "remission": self.remission.as_json(),
            "worse": self.worse.as_json(),
            "end_of_induction_days": asdict(self.end_days),
        }


@shows(Shows.COHORT)
def rates(connection: Connection, scope: Scope, cohort: CohortFilter, rules: OutcomeRules) -> Rates:
    """The rates of the cohort's courses, each with its interval.

    Parameters
    ----------
    rules : the rules under which the store was derived: what is judged anew where scores are asked for that lie some
        time after a session.
    """
    scores = JudgedScores(cohort, rules)
    sums = course_sums(connection, scope, cohort, rate_measures(scores), scores)
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

    return Rates(
        by_score("response"),
        by_score("remission"),
        Worse(found["worse.last"], found["worse.end_of_induction"]),
        found["sustained"],
        found["early"],
        found["partial"],
        _end_days(connection, scope, cohort, scores),
    )


def _end_days(connection: Connection, scope: Scope, cohort: CohortFilter, scores: JudgedScores) -> Quartiles:
    """Days from the last induction session to the end-of-induction score."""
    days = scores.end.days
    statement = scores.joined(of_treated(select(days, func.count()), scope, cohort))
    values, counts = arrays(connection, statement.where(scores.end.response.is_not(None)).group_by(days))
    n = int(counts.sum())
    if not n:
        return Quartiles(0, None, None, None)
    order = np.argsort(values)
    running = np.cumsum(counts[order])
    low, median, high = (float(values[order][np.searchsorted(running, share * n)]) for share in (0.25, 0.5, 0.75))
    return Quartiles(n, median, low, high)


@shows(Shows.COHORT)
def early_stop(connection: Connection, scope: Scope, cohort: CohortFilter) -> Proportion:
    """Share of courses whose induction ended early, of those of which it can be said."""
    known = flag(Course.early_stop.is_not(None))
    measures: dict[str, Measure] = {"early_stop": (flag(Course.early_stop == 1), known)}
    return per_course(course_sums(connection, scope, cohort, measures)["early_stop"])


def rate_measures(scores: JudgedScores) -> dict[str, Measure]:
    """Each rate of courses as (has it, counts in its denominator)."""
    o, last, end = CourseOutcome, scores.last, scores.end
    measures: dict[str, Measure] = {
        "sustained": judged(o.sustained_response),
        "early": judged(o.early_response),
        "partial": judged(o.ever_partial),
        "worse.last": judged(last.worse),
        "worse.end_of_induction": judged(end.worse),
    }
    over = ~going_on()
    treated = flag(over)
    for kind, ever in (("response", o.ever_response), ("remission", o.ever_remission)):
        measures[f"{kind}.ever"] = judged(ever)
        measures[f"{kind}.last"] = judged(getattr(last, kind))
        measures[f"{kind}.end_of_induction"] = judged(getattr(end, kind))
        measures[f"{kind}.end_of_induction_all_treated"] = flag(and_(getattr(end, kind) == 1, over)), treated
    return measures


def judged(column: SQLColumnExpression[Any]) -> Measure:
    """Courses with 1 in a column, of those with 1 or 0."""
    return flag(column == 1), flag(column.is_not(None))


def course_sums(
    connection: Connection,
    scope: Scope,
    cohort: CohortFilter,
    measures: dict[str, Measure],
    scores: JudgedScores | None = None,
) -> dict[str, PatientSums]:
    """Sums over patients for rates of treated courses.

    Nearly every patient has one course; there a patient's x and n are 0 or 1, and their squares are
    themselves. So all courses are summed flat, and only patients with a second course are grouped.
    """

    def source(statement: AnySelect) -> AnySelect:
        found = of_treated(statement, scope, cohort)
        return found if scores is None else scores.joined(found)

    if scores is not None and scores.anew:  # one pass over the scores in place of two
        nobody = dict.fromkeys(measures, PatientSums(0, 0, 0, 0, 0, 0))
        return nobody | sums_by_patient(connection, measures, Course.patient_id, source).get((), {})
    flat = select(*(func.sum(part) for measure in measures.values() for part in measure))
    totals = [float(value or 0) for value in connection.execute(source(flat)).one()]
    again = select(Course.patient_id).where(Course.course > 1)
    several = sums_by_patient(
        connection,
        measures,
        Course.patient_id,
        lambda statement: source(statement).where(Course.patient_id.in_(again)),
    )
    extra = several.get((), {})
    result = {}
    for place, name in enumerate(measures):
        x, n = totals[2 * place : 2 * place + 2]
        more = extra.get(name, PatientSums(0, 0, 0, 0, 0, 0, 0, 0))
        one_x, one_n = x - more.x, n - more.n  # of those with one course
        result[name] = PatientSums(
            patients=one_n + more.patients,
            x=x,
            n=n,
            xx=one_x + more.xx,
            xn=one_x + more.xn,
            nn=one_n + more.nn,
            some=one_x + (more.some or 0),
            short=one_n - one_x + (more.short or 0),
        )
    return result
