"""What every filter asks of each course: enough to tell by which patients two selections differ."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection, Integer, select

from data_models.database.tables import Course, Patient
from data_models.definitions.filters import FILTERS
from data_models.definitions.scope import Scope
from data_models.questions.conditions import column_of, visible


def course_profiles(connection: Connection, scope: Scope) -> pd.DataFrame:
    """One row a course, by patient and course.

    Returns
    -------
    patient_id, and a column for each filter of patients and courses, named by its key: texts (";"-bounded codes where
    it holds several); missing where not recorded.
    """
    columns = {row.key: column_of(row) for row in FILTERS.values() if row.of != "session"}
    statement = (
        select(Course.patient_id, *(column.label(key) for key, column in columns.items()))
        .select_from(Course)
        .join(Patient, Patient.patient_id == Course.patient_id)
        .where(*visible(scope))
        .order_by(Course.patient_id, Course.course)
    )
    frame = pd.DataFrame(connection.execute(statement).all(), columns=["patient_id", *columns])
    for key, column in columns.items():
        if isinstance(column.type, Integer):
            frame[key] = [None if value is None or value != value else str(int(value)) for value in frame[key]]
    return frame
