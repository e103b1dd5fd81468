"""Where all courses started stand over time, as it was seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, and_, case, func, select

from data_models.database.tables import Course, CourseOutcome, ScoreFact
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.scope import Scope
from data_models.outcomes import courses
from data_models.outcomes.occupancy import ENDED, GOING_ON, UNKNOWN, StateShares, state_shares
from data_models.questions import Shows, shows
from data_models.questions.course_outcomes import HOURS_A_DAY, arrays, of_treated
from data_models.questions.patient_sums import restricted


@dataclass(frozen=True, slots=True)
class Occupancy:
    """Share of all courses started in each state, by whole day since the first session (definitions, section 5)."""

    states: StateShares

    def as_json(self) -> list[dict[str, Any]]:
        """ "occupancy" of the data contract, a row a day."""
        names = ("response", "partial", "none", "not_measured", "going_on", "left")
        columns = [getattr(self.states, name).tolist() for name in names]
        return [
            {"day": day} | {name: None if share != share else share for name, share in zip(names, row, strict=True)}
            for day, row in enumerate(zip(*columns, strict=True))
        ]


# The end of observation since the course's first session, in days; null where it is not recorded.
_OBSERVED: Any = (Course.observed_until_hours - Course.start_hours) / HOURS_A_DAY


@shows(Shows.COHORT)
def occupancy(connection: Connection, scope: Scope, cohort: CohortFilter, rules: OutcomeRules) -> Occupancy:
    """Share of all courses started in each state, by whole day since the first session."""
    spans = _state_spans(connection, scope, cohort)
    return Occupancy(state_shares(spans, _ends(connection, scope, cohort, rules)))


def _state_spans(connection: Connection, scope: Scope, cohort: CohortFilter) -> NDArray[np.int64]:
    """Rows (state, first whole day, first whole day no longer, count) of states after scores.

    A state holds on the days d with `days` <= d < `until_days`, and not past the end of observation; on whole days
    that is the same as rounding both ends up, so that the database can group.
    """
    f = ScoreFact
    first, past = func.ceil(f.days).label("first"), _past(f.until_days).label("past")
    same = and_(f.patient_id == Course.patient_id, f.course == Course.course, f.instrument == cohort.instrument)
    statement = select(f.state, first, past, func.count()).select_from(Course).join(f, same)
    statement = statement.where(f.state.is_not(None), f.until_days.is_not(None))
    grouped = restricted(statement, Course, scope, cohort).group_by(f.state, first, past)
    return np.column_stack(arrays(connection, grouped)).astype(np.int64)


def _past(until: Any) -> Any:
    """The first whole day on which a state no longer holds: until a time, or to the end of observation."""
    return case((until > _OBSERVED, func.floor(_OBSERVED) + 1), else_=func.ceil(until))


def _ends(connection: Connection, scope: Scope, cohort: CohortFilter, rules: OutcomeRules) -> NDArray[np.int64]:
    """Rows (first whole day on which nothing more is recorded, how the course stands then, count) of all courses.

    Of a course that goes on it is the first day after the end of observation; of every other the first after its last
    session or score on which the state of its last score on the cohort's instrument no longer holds.
    """
    o = CourseOutcome
    record = func.floor((Course.record_end_hours - Course.start_hours) / HOURS_A_DAY) + 1
    end: Any = (Course.end_hours - Course.start_hours) / HOURS_A_DAY
    held = o.last_days + rules.state_hold_days
    holds = _past(case((and_(end.is_not(None), end < held), end), else_=held))
    past = case((and_(o.evaluable == 1, holds > record), holds), else_=record)
    day = case((Course.status == courses.GOING_ON, func.floor(_OBSERVED) + 1), else_=past).label("day")
    stands = case({courses.GOING_ON: GOING_ON, courses.ENDED: ENDED}, value=Course.status, else_=UNKNOWN).label(
        "stands"
    )
    inner = of_treated(select(day, stands), scope, cohort).subquery()
    statement = select(inner.c.day, inner.c.stands, func.count()).group_by(inner.c.day, inner.c.stands)
    return np.column_stack(arrays(connection, statement)).astype(np.int64)
