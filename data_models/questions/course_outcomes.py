"""What the questions of courses share: whose outcomes are read, and numbers out of the database as arrays.

Questions read counts or sums by group. Curves read a row a course (and the waterfall): their variance is by patient, so
they must know whose each is.
"""

from __future__ import annotations

from collections.abc import Iterator

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
_BLOCK = 50_000  # rows read at once


def arrays(connection: Connection, statement: AnySelect) -> list[Floats]:
    """The numbers that a SELECT gives, as one array a column; null becomes NaN."""
    return list(np.concatenate(list(blocks(connection, statement))).T)


def blocks(connection: Connection, statement: AnySelect) -> Iterator[Floats]:
    """The rows of numbers that a SELECT gives, in blocks, at least one; null becomes NaN.

    Read from the driver's own cursor: with clock times there are tens of thousands of rows, and to wrap each takes as
    long as the database takes to count them. As Python's numbers all rows at once take seven times their memory.
    """
    result = connection.execute(statement)
    yield np.zeros((0, len(list(result.keys()))))
    cursor = result.cursor
    while cursor is not None and (rows := cursor.fetchmany(_BLOCK)):
        yield np.array(rows, dtype=float)
    result.close()


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
