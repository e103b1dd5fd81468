"""Which values the filters can take in this store, for this scope."""

from __future__ import annotations

from sqlalchemy import Connection, select

from data_models.database.tables import Course, CourseOutcome, Patient
from data_models.definitions.filters import FILTERS, CohortFilter, filter_of
from data_models.definitions.instruments import in_order
from data_models.definitions.scope import Scope
from data_models.questions import Shows, shows
from data_models.questions.conditions import column_of, of_courses, of_patients, visible


@shows(Shows.COHORT)
def choices(connection: Connection, scope: Scope) -> dict[str, list[str]]:
    """The values present per filter key, and the instruments, each in the order in which it is shown."""
    used = (
        select(CourseOutcome.instrument)
        .distinct()
        .join(Patient, Patient.patient_id == CourseOutcome.patient_id)
        .where(*visible(scope))
    )
    found = {key: present_values(connection, scope, None, key) for key in FILTERS}
    return found | {"instrument": in_order(connection.execute(used).scalars())}


@shows(Shows.COHORT)
def present_values(connection: Connection, scope: Scope, cohort: CohortFilter | None, key: str) -> list[str]:
    """Values that a filter takes among the courses of a cohort, in the order in which they are shown.

    None: among all patients, those without a course too. Of a filter of sessions, all values that there are.

    Raises
    ------
    ValueError : there is no such filter.
    """
    row = filter_of(key)
    if row.of == "session":
        return list(row.values or ())
    statement = select(column_of(row)).distinct()
    if cohort is not None or row.of == "course":
        statement = statement.select_from(Course).join(Patient, Patient.patient_id == Course.patient_id)
    if cohort is not None:
        statement = statement.where(*of_patients(cohort), *of_courses(cohort))
    present = connection.execute(statement.where(*visible(scope))).scalars()
    found = {str(value) for value in present if value is not None}
    if row.listed:
        found = {code for text in found for code in text.split(";") if code}
    return sorted(found) if row.values is None else [value for value in row.values if value in found]
