"""The last score of a course and the one at the end of its induction, judged: what the rates of courses rest on.

Where a cohort asks for scores so many hours after the latest session, these are the last, and the first after
induction, of the scores that are late enough; a course whose last score is too early is judged by the one before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, case, func, null, select

from data_models.database.tables import Course, CourseOutcome, ScoreFact
from data_models.definitions.filters import CohortFilter
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.rules import ROUNDING, OutcomeRules
from data_models.outcomes.reliable_change import reliable_points
from data_models.questions.course_outcomes import HOURS_A_DAY
from data_models.questions.patient_sums import AnySelect

_NO_TIME = 1e-6  # hours: less than lies between two records, more than sums of hours are off by


@dataclass(frozen=True, slots=True)
class JudgedScore:
    """One score of each course, as columns; null where the course is not evaluable or has no such score.

    `response`, `remission`, `worse`: 1 or 0. `reliable`: one of `RELIABLE`. `days`: since the latest session.
    """

    score: SQLColumnExpression[Any]
    response: SQLColumnExpression[Any]
    remission: SQLColumnExpression[Any]
    worse: SQLColumnExpression[Any]
    reliable: SQLColumnExpression[Any]
    days: SQLColumnExpression[Any]


class JudgedScores:
    """The two scores of each course of a cohort; `joined` brings what they need into a SELECT of treated courses."""

    def __init__(self, cohort: CohortFilter, rules: OutcomeRules) -> None:
        o = CourseOutcome
        self._late: list[Any] = []
        if cohort.min_hours_since_session is None:
            self.last = JudgedScore(
                case((o.evaluable == 1, o.last)),
                o.last_response,
                o.last_remission,
                o.last_worse,
                o.last_reliable,
                o.last_since_session_days,
            )
            self.end = JudgedScore(
                case((o.evaluable == 1, o.end_of_induction_score)),
                o.end_of_induction_response,
                o.end_of_induction_remission,
                o.end_of_induction_worse,
                o.end_of_induction_reliable,
                o.end_of_induction_days,
            )
            return
        self.last = self._judged(cohort, rules, _last(cohort))
        self.end = self._judged(cohort, rules, _end(cohort, rules))

    def _judged(self, cohort: CohortFilter, rules: OutcomeRules, ranked: AnySelect) -> JudgedScore:
        """The judgement of the first of each course's ranked scores."""
        every = ranked.subquery()
        late = select(every).where(every.c.place == 1).subquery()
        self._late.append(late)
        scale, baseline, score = INSTRUMENTS[cohort.instrument], CourseOutcome.baseline, late.c.score
        cutoff, least, error = rules.remission_cutoff(scale.code), scale.meaningful_change, scale.standard_error
        evaluable, change = late.c.state.is_not(None), score - baseline
        remission: Any = null() if cutoff is None else case((score <= cutoff, 1), else_=0)
        worse: Any = null()
        if least is not None:
            limit = least * (baseline - scale.minimum) if scale.meaningful_is_share else least
            worse = case((change >= limit - ROUNDING, 1), else_=0)
        reliable: Any = null()
        if error is not None:
            limit, edge = float(reliable_points(error)), scale.recovered_below
            reliable = case(
                (and_(change < -limit, baseline >= edge, score < edge), "recovered"),
                (change < -limit, "improved"),
                (change > limit, "deteriorated"),
                else_="no_change",
            )
        return JudgedScore(
            case((evaluable, score)),
            case((evaluable, case((late.c.state == 2, 1), else_=0))),
            case((evaluable, remission)),
            case((evaluable, worse)),
            case((evaluable, reliable)),
            late.c.since_session_days,
        )

    def joined(self, statement: AnySelect) -> AnySelect:
        """A SELECT from treated courses with these scores."""
        for late in self._late:
            same = and_(late.c.patient_id == Course.patient_id, late.c.course == Course.course)
            statement = statement.join(late, same, isouter=True)
        return statement


def _scores(cohort: CohortFilter, order: ColumnElement[Any]) -> AnySelect:
    """The scores of observations that are late enough, each with its place in its course."""
    f = ScoreFact
    place = func.row_number().over(partition_by=(f.patient_id, f.course), order_by=order).label("place")
    late = f.since_session_days * HOURS_A_DAY >= cohort.min_hours_since_session
    columns = (f.patient_id, f.course, f.score, f.state, f.since_session_days, place)
    return select(*columns).where(f.instrument == cohort.instrument, f.days > 0, late)


def _last(cohort: CohortFilter) -> AnySelect:
    return _scores(cohort, ScoreFact.at_hours.desc())


def _end(cohort: CohortFilter, rules: OutcomeRules) -> AnySelect:
    """Those whose latest session is the last one of a complete induction, not longer ago than the rule allows."""
    f = ScoreFact
    session = f.at_hours - f.since_session_days * HOURS_A_DAY
    return (
        _scores(cohort, f.at_hours.asc())
        .join(Course, and_(Course.patient_id == f.patient_id, Course.course == f.course))
        .where(
            Course.induction_complete == 1,
            func.abs(session - Course.last_induction_hours) < _NO_TIME,
            f.since_session_days <= rules.end_of_induction_days + ROUNDING,
        )
    )
