"""Sums over patients, made by the database: what every interval clustered by patient rests on.

The inner query groups by patient (and by what the figure is split by), the outer one adds up those
patients' totals and their products. Python receives one row a group, however many patients there are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, select
from sqlalchemy.orm import InstrumentedAttribute

from data_models.database.tables import Course, Patient
from data_models.definitions.filters import CohortFilter
from data_models.definitions.scope import Scope
from data_models.outcomes.proportions import PatientSums
from data_models.questions.conditions import of_courses, of_patients, visible

# What is summed: (x, n) per row, e.g. "has nausea" and "was asked"; both numbers, never null.
Measure = tuple[ColumnElement[Any], ColumnElement[Any]]
AnySelect = Select[*tuple[Any, ...]]
Groups = dict[tuple[Any, ...], dict[str, PatientSums]]


def flag(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """1 where the condition holds, else 0 (also where it is unknown)."""
    return case((condition, 1), else_=0)


def restricted(
    statement: AnySelect, facts: Any, scope: Scope, cohort: CohortFilter, *, with_patient: bool = False
) -> AnySelect:
    """Leave the rows of `facts` whose course the scope reaches and the cohort holds.

    `facts` is a table with patient_id and course (or `Course` itself). Tables that no condition
    needs are not joined, `with_patient` joins the patient all the same.
    """
    on_course = of_courses(cohort)
    if on_course and facts is not Course:
        same = and_(Course.patient_id == facts.patient_id, Course.course == facts.course)
        statement = statement.join(Course, same)
    on_patient = [*visible(scope), *of_patients(cohort)]
    if on_patient or with_patient:
        statement = statement.join(Patient, Patient.patient_id == facts.patient_id)
    return statement.where(*on_course, *on_patient)


def added(first: PatientSums, second: PatientSums) -> PatientSums:
    """The sums over the patients of both: no patient may be in the two."""
    return PatientSums(*(a + b for a, b in zip(first, second, strict=True)))  # type: ignore[operator]


def sums_by_patient(
    connection: Connection,
    measures: Mapping[str, Measure],
    patient_id: InstrumentedAttribute[int],
    source: Callable[[AnySelect], AnySelect],
    groups: Sequence[ColumnElement[Any]] = (),
    *,
    alone: ColumnElement[bool] | None = None,
) -> Groups:
    """Sums over patients of each measure, per group.

    Parameters
    ----------
    measures : name -> (x, n) as columns of the rows that `source` selects from.
    source : adds FROM, joins and conditions to a select.
    groups : columns to split by; none: one group, the empty tuple.
    alone : holds for rows of patients who have no other row: these need no grouping by patient, which is
        half of the work. None: every patient may have several.

    Returns
    -------
    Group -> name -> sums over its patients.
    """
    sizes: list[ColumnElement[Any]] = []
    size_of: dict[str, int] = {}
    for name, (_, n) in measures.items():
        place = next((i for i, known in enumerate(sizes) if known is n), len(sizes))
        if place == len(sizes):
            sizes.append(n)
        size_of[name] = place
    keys = [column.label(f"g{i}") for i, column in enumerate(groups)]
    columns = [patient_id.label("patient_id"), *keys]
    columns += [func.sum(n).label(f"n{i}") for i, n in enumerate(sizes)]
    columns += [func.sum(x).label(f"x{i}") for i, (x, _) in enumerate(measures.values())]
    # Groups by the labels: an expression with parameters is not the same expression twice.
    labels = [f"g{i}" for i in range(len(groups))]

    def totals(xs: Sequence[ColumnElement[Any]], ns: Sequence[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
        result: list[ColumnElement[Any]] = []
        for n in ns:
            result += [func.sum(flag(n > 0)), func.sum(n), func.sum(n * n)]
        for x, name in zip(xs, measures, strict=True):
            n = ns[size_of[name]]
            result += [func.sum(x), func.sum(x * x), func.sum(x * n), func.sum(flag(x > 0)), func.sum(flag(x < n))]
        return result

    inner_rows = source(select(*columns))
    statements = []
    if alone is not None:
        inner_rows = inner_rows.where(~alone)
        flat = source(select(*keys, *totals([x for x, _ in measures.values()], sizes))).where(alone)
        statements.append(flat.group_by(*labels) if labels else flat)
    inner = inner_rows.group_by(patient_id, *labels).subquery()
    outer_keys = [inner.c[label] for label in labels]
    outer = totals([inner.c[f"x{i}"] for i in range(len(measures))], [inner.c[f"n{i}"] for i in range(len(sizes))])
    grouped = select(*outer_keys, *outer)
    statements.append(grouped.group_by(*outer_keys) if outer_keys else grouped)

    sums: Groups = {}
    for statement in statements:
        for row in connection.execute(statement):
            values = list(row)
            of_group = sums.setdefault(tuple(values[: len(keys)]), {})
            numbers = [float(value or 0) for value in values[len(keys) :]]
            of_sizes = [numbers[3 * i : 3 * i + 3] for i in range(len(sizes))]
            for i, name in enumerate(measures):
                at = 3 * len(sizes) + 5 * i
                total, squares, products, some, short = numbers[at : at + 5]
                patients, size, size_squares = of_sizes[size_of[name]]
                found = PatientSums(patients, total, size, squares, products, size_squares, some, short)
                of_group[name] = added(of_group[name], found) if name in of_group else found
    return sums
