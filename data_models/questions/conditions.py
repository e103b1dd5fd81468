"""What a scope and a cohort filter mean in SQL: the one place where either becomes a WHERE clause."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, or_

from data_models.database.tables import Course, Patient, ScoreFact
from data_models.definitions.filters import CohortFilter
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.scope import Scope
from data_models.questions import NotAllowed


def visible(scope: Scope) -> list[ColumnElement[bool]]:
    """Patients that the scope reaches. A patient without a clinic is seen by those who see all."""
    if scope.clinics is None:
        return []
    return [Patient.clinic.in_(sorted(scope.clinics))] if scope.clinics else [false()]


def single_patients(scope: Scope) -> list[ColumnElement[bool]]:
    """As `visible`, for queries about single patients.

    Raises
    ------
    NotAllowed : the scope sees cohorts alone.
    """
    if not scope.patients:
        raise NotAllowed("single patients are shown to clinicians only")
    return visible(scope)


def looks_back() -> ColumnElement[Any]:
    """The recall flag of a score, 1 or 0: taken sooner after the latest session than its scale looks back."""
    early = (
        and_(ScoreFact.instrument == scale.code, ScoreFact.since_session_days < scale.recall_days)
        for scale in INSTRUMENTS.values()
    )
    return case((or_(*early), 1), else_=0)


def of_patients(cohort: CohortFilter) -> list[ColumnElement[bool]]:
    """The filter's conditions on the patient."""
    conditions: list[ColumnElement[bool]] = []
    for column, values in (
        (Patient.clinic, cohort.clinic),
        (Patient.diagnosis, cohort.diagnosis),
        (Patient.age_band, cohort.age_band),
        (Patient.sex, cohort.sex),
    ):
        if values:
            conditions.append(column.in_(values))
    if cohort.first_session_year:
        conditions.append(Patient.first_session_year.in_([int(year) for year in cohort.first_session_year]))
    if cohort.condition:
        # Codes hold no wildcard of LIKE but "_", which matches itself; ";" bounds each code.
        conditions.append(or_(*(Patient.conditions.contains(f";{code};") for code in cohort.condition)))
    return conditions


def of_courses(cohort: CohortFilter) -> list[ColumnElement[bool]]:
    """The filter's conditions on the course."""
    conditions: list[ColumnElement[bool]] = []
    if cohort.drug:
        conditions.append(Course.drug.in_(cohort.drug))
    if cohort.route:
        conditions.append(Course.route.in_(cohort.route))
    return conditions
