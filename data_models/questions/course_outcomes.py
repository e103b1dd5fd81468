"""What the questions of courses share: whose outcomes are read, and numbers out of the database as arrays.

Questions read counts or sums by group. Curves read a row a course (and the waterfall): their variance is by patient, so
they must know whose each is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, and_

from data_models.database.tables import Course, CourseOutcome
from data_models.definitions.filters import CohortFilter
from data_models.definitions.scope import Scope
from data_models.outcomes.courses import GOING_ON
from data_models.questions.patient_sums import AnySelect, restricted

Floats = NDArray[np.float64]
HOURS_A_DAY = 24.0


def arrays(connection: Connection, statement: AnySelect) -> list[Floats]:
    """The numbers that a SELECT gives, as one array a column; null becomes NaN.

    Read from the driver's own cursor: with clock times there are tens of thousands of rows, and to wrap
    each takes as long as the database takes to count them.
    """
    result = connection.execute(statement)
    names, cursor = list(result.keys()), result.cursor
    rows = cursor.fetchall() if cursor is not None else []
    result.close()
    return list(np.array(rows, dtype=float).reshape(-1, len(names)).T)


def going_on() -> ColumnElement[bool]:
    """Whether a course is known to go on: it may yet respond, and has not stopped early."""
    return Course.status == GOING_ON


def of_outcomes(statement: AnySelect, scope: Scope, cohort: CohortFilter) -> AnySelect:
    """From the outcomes of the matching courses on the cohort's instrument."""
    statement = statement.select_from(CourseOutcome).where(CourseOutcome.instrument == cohort.instrument)
    return restricted(statement, CourseOutcome, scope, cohort)


def of_treated(statement: AnySelect, scope: Scope, cohort: CohortFilter, *, with_patient: bool = False) -> AnySelect:
    """From all matching courses, with their outcomes on the cohort's instrument where there are any."""
    same = and_(
        CourseOutcome.patient_id == Course.patient_id,
        CourseOutcome.course == Course.course,
        CourseOutcome.instrument == cohort.instrument,
    )
    statement = statement.select_from(Course).join(CourseOutcome, same, isouter=True)
    return restricted(statement, Course, scope, cohort, with_patient=with_patient)
