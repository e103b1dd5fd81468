"""What every filter asks of each course: enough to tell by which patients two selections differ."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection, select

from data_models.database.tables import Course, Patient
from data_models.definitions.scope import Scope
from data_models.questions.conditions import visible


def course_profiles(connection: Connection, scope: Scope) -> pd.DataFrame:
    """One row a course, by patient and course.

    Returns
    -------
    Columns patient_id, clinic, drug, route, diagnosis, condition (";"-bounded codes), age_band, sex and
    first_session_year (as text); missing where not recorded.
    """
    columns = {
        "patient_id": Course.patient_id,
        "clinic": Patient.clinic,
        "drug": Course.drug,
        "route": Course.route,
        "diagnosis": Patient.diagnosis,
        "condition": Patient.conditions,
        "age_band": Patient.age_band,
        "sex": Patient.sex,
        "first_session_year": Patient.first_session_year,
    }
    statement = (
        select(*(column.label(name) for name, column in columns.items()))
        .select_from(Course)
        .join(Patient, Patient.patient_id == Course.patient_id)
        .where(*visible(scope))
        .order_by(Course.patient_id, Course.course)
    )
    frame = pd.DataFrame(connection.execute(statement).all(), columns=list(columns))
    years = frame["first_session_year"]
    frame["first_session_year"] = [None if year is None or year != year else str(int(year)) for year in years]
    return frame
