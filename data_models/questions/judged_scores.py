"""The last score of a course and the one at the end of its induction, judged: what the rates of courses rest on.

Where a cohort asks for scores so many hours after the latest session, these are the last, and the first after
induction, of the scores that are late enough; a course whose last score is too early is judged by the one before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import SQLColumnExpression, Subquery, and_, case, func, null, select

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
    """The two scores of each course of a cohort; `joined` brings what they need into a SELECT of treated courses.

    `anew`: they are looked for among the scores, which is one pass over all of them.
    """

    def __init__(self, cohort: CohortFilter, rules: OutcomeRules) -> None:
        o = CourseOutcome
        self.anew = cohort.min_hours_since_session is not None
        if self.anew:
            self._late = _late(cohort, rules)
            self.last = _judged(self._late, "last", cohort, rules)
            self.end = _judged(self._late, "end", cohort, rules)
            return
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

    def joined(self, statement: AnySelect) -> AnySelect:
        """A SELECT from treated courses with these scores."""
        if not self.anew:
            return statement
        same = and_(self._late.c.patient_id == Course.patient_id, self._late.c.course == Course.course)
        return statement.join(self._late, same, isouter=True)


def _judged(late: Subquery, which: str, cohort: CohortFilter, rules: OutcomeRules) -> JudgedScore:
    """The judgement of one of the two scores that `_late` finds."""
    score, state, days = (late.c[f"{which}_{name}"] for name in ("score", "state", "days"))
    scale, baseline = INSTRUMENTS[cohort.instrument], CourseOutcome.baseline
    cutoff, least, error = rules.remission_cutoff(scale.code), scale.meaningful_change, scale.standard_error
    evaluable, change = state.is_not(None), score - baseline
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
    response = case((state == 2, 1), else_=0)
    return JudgedScore(
        case((evaluable, score)),
        case((evaluable, response)),
        case((evaluable, remission)),
        case((evaluable, worse)),
        case((evaluable, reliable)),
        days,
    )


def _late(cohort: CohortFilter, rules: OutcomeRules) -> Subquery:
    """Per course: score, state and days since the session of its last late score, and of the first after induction.

    The latter: its latest session is the last one of a complete induction, not longer ago than the rule allows.
    """
    f = ScoreFact
    session = f.at_hours - f.since_session_days * HOURS_A_DAY
    after_induction = and_(
        Course.induction_complete == 1,
        func.abs(session - Course.last_induction_hours) < _NO_TIME,
        f.since_session_days <= rules.end_of_induction_days + ROUNDING,
    )
    of_course = (f.patient_id, f.course)
    at_end = case((after_induction, 1), else_=0)
    scores = (
        select(
            *of_course,
            f.score,
            f.state,
            f.since_session_days.label("days"),
            at_end.label("at_end"),
            func.row_number().over(partition_by=of_course, order_by=f.at_hours.desc()).label("from_last"),
            func.row_number().over(partition_by=(*of_course, at_end), order_by=f.at_hours).label("from_first"),
        )
        .join(Course, and_(Course.patient_id == f.patient_id, Course.course == f.course))
        .where(
            f.instrument == cohort.instrument,
            f.days > 0,
            f.since_session_days * HOURS_A_DAY >= cohort.min_hours_since_session,
        )
        .subquery()
    )
    c = scores.c
    chosen = {"last": c.from_last == 1, "end": and_(c.at_end == 1, c.from_first == 1)}
    columns = (
        func.max(case((condition, c[name]))).label(f"{which}_{name}")
        for which, condition in chosen.items()
        for name in ("score", "state", "days")
    )
    return select(c.patient_id, c.course, *columns).group_by(c.patient_id, c.course).subquery()
