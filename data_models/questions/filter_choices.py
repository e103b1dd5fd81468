"""Which values the filters can take in this store, for this scope."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from data_models.database.tables import Course, CourseOutcome, Patient
from data_models.definitions.filters import CHOICES, KEYS
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.scope import Scope
from data_models.definitions.vocabulary import CONDITIONS, PHASES
from data_models.questions.conditions import visible


def choices(connection: Connection, scope: Scope) -> dict[str, list[str]]:
    """The values present per filter key, and the instruments, each in the order in which it is shown."""

    def present(column: Any, ordered: tuple[str, ...] | None, *, of_course: bool = False) -> list[str]:
        statement = select(column).distinct().where(*visible(scope))
        if of_course:
            statement = statement.select_from(Course).join(Patient, Patient.patient_id == Course.patient_id)
        found = {str(value) for value in connection.execute(statement).scalars() if value is not None}
        return sorted(found) if ordered is None else [value for value in ordered if value in found]

    by_course = {"drug": Course.drug, "route": Course.route}
    result: dict[str, list[str]] = {}
    for key in KEYS:
        if key == "phase":
            result[key] = list(PHASES)
        elif key == "condition":
            recorded = present(Patient.conditions, None)
            result[key] = [code for code in CONDITIONS if any(f";{code};" in text for text in recorded)]
        elif key in by_course:
            result[key] = present(by_course[key], CHOICES[key], of_course=True)
        else:
            result[key] = present(getattr(Patient, key), CHOICES[key])
    used = (
        select(CourseOutcome.instrument)
        .distinct()
        .join(Patient, Patient.patient_id == CourseOutcome.patient_id)
        .where(*visible(scope))
    )
    found = set(connection.execute(used).scalars())
    result["instrument"] = [code for code in INSTRUMENTS if code in found]
    return result
