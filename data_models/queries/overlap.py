"""By how many patients two cohorts differ: what two releases together would single out."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from data_models.cohort_filter import CohortFilter
from data_models.queries.patient_sums import AnySelect, restricted
from data_models.scope import Scope
from data_models.tables import Course


def patients_apart(connection: Connection, scope: Scope, first: CohortFilter, second: CohortFilter) -> tuple[int, int]:
    """Patients with a course in the first cohort and none in the second, and the other way round."""

    def only(one: CohortFilter, other: CohortFilter) -> int:
        apart = _patients(scope, one).except_(_patients(scope, other)).subquery()
        return int(connection.execute(select(func.count()).select_from(apart)).scalar_one())

    return only(first, second), only(second, first)


def _patients(scope: Scope, cohort: CohortFilter) -> AnySelect:
    return restricted(select(Course.patient_id).select_from(Course), Course, scope, cohort)
