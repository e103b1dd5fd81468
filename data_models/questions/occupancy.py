"""Who is in response over time, of all courses started."""

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
from data_models.outcomes.occupancy import StateShares, state_shares
from data_models.questions import Shows, shows
from data_models.questions.course_outcomes import HOURS_A_DAY, arrays, of_treated
from data_models.questions.patient_sums import restricted


@dataclass(frozen=True, slots=True)
class Occupancy:
    """Share of all courses started in each state, by whole day since the first session (definitions, section 5)."""

    states: StateShares

    def as_json(self) -> list[dict[str, Any]]:
        """ "occupancy" of the data contract, a row a day."""
        names = ("response", "partial", "none", "not_measured", "left")
        columns = [getattr(self.states, name).tolist() for name in names]
        return [
            {"day": day} | {name: None if share != share else share for name, share in zip(names, row, strict=True)}
            for day, row in enumerate(zip(*columns, strict=True))
        ]


@shows(Shows.COHORT)
def occupancy(connection: Connection, scope: Scope, cohort: CohortFilter, rules: OutcomeRules) -> Occupancy:
    """Share of all courses started in each state, by whole day since the first session."""
    spans = _state_spans(connection, scope, cohort)
    return Occupancy(state_shares(spans, _leaving_days(connection, scope, cohort, rules)))


def _state_spans(connection: Connection, scope: Scope, cohort: CohortFilter) -> NDArray[np.int64]:
    """Rows (state, first whole day, first whole day no longer, count) of states after scores.

    A state holds on the days d with `days` <= d < `until_days`; on whole days that is the same as
    rounding both ends up, so that the database can group.
    """
    f = ScoreFact
    first, past = func.ceil(f.days).label("first"), func.ceil(f.until_days).label("past")
    statement = select(f.state, first, past, func.count()).select_from(f)
    statement = statement.where(f.instrument == cohort.instrument, f.state.is_not(None), f.until_days.is_not(None))
    grouped = restricted(statement, f, scope, cohort).group_by(f.state, first, past)
    return np.column_stack(arrays(connection, grouped)).astype(np.int64)


def _leaving_days(connection: Connection, scope: Scope, cohort: CohortFilter, rules: OutcomeRules) -> NDArray[np.int64]:
    """Rows (first whole day after the record, count) of all matching courses.

    A course has left once its last session or score is past and the state of its last score on the
    cohort's instrument no longer holds.
    """
    o = CourseOutcome
    record = func.floor((Course.record_end_hours - Course.start_hours) / HOURS_A_DAY) + 1
    end: Any = (Course.end_hours - Course.start_hours) / HOURS_A_DAY
    held = o.last_days + rules.state_hold_days
    holds = func.ceil(case((and_(end.is_not(None), end < held), end), else_=held))
    day = case((and_(o.evaluable == 1, holds > record), holds), else_=record).label("day")
    inner = of_treated(select(day), scope, cohort).subquery()
    statement = select(inner.c.day, func.count()).group_by(inner.c.day)
    return np.column_stack(arrays(connection, statement)).astype(np.int64)
