"""A cohort's groups side by side: who is in each, and whether their curves differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, case, select

from data_models.database.tables import CourseOutcome
from data_models.definitions.filters import FILTERS, CohortFilter
from data_models.definitions.scope import Scope
from data_models.outcomes.logrank import LogRank, log_rank
from data_models.questions import Shows, shows
from data_models.questions.course_outcomes import Floats, arrays, of_outcomes
from data_models.questions.filter_choices import present_values


@dataclass(frozen=True, slots=True)
class CurveTests:
    """Log-rank tests between the groups of one key; None where the groups share courses."""

    onset: LogRank | None
    durability: LogRank | None


@shows(Shows.COHORT)
def groups(connection: Connection, scope: Scope, cohort: CohortFilter, by: str) -> dict[str, CohortFilter]:
    """The cohort cut by one filter key: value present -> filter. Courses without a value are in none.

    Raises
    ------
    ValueError
        when `by` is not a filter key.
    """
    if by not in FILTERS:
        raise ValueError(f"a cohort cannot be split by {by!r}; it is one of {', '.join(FILTERS)}")
    chosen = cohort[by]
    # A patient with several conditions comes back with all of them: keep to those asked for.
    values = (value for value in present_values(connection, scope, cohort, by) if not chosen or value in chosen)
    return {value: cohort.with_values(by, (value,)) for value in values}


@shows(Shows.COHORT)
def curve_tests(connection: Connection, scope: Scope, cohort: CohortFilter, by: str) -> CurveTests:
    """Log-rank tests of onset and durability between the groups of one key, by patient."""
    if FILTERS[by].shares_courses:
        return CurveTests(None, None)
    parts = groups(connection, scope, cohort, by).values()
    return CurveTests(
        _tested([_onset(connection, scope, part) for part in parts]),
        _tested([_durability(connection, scope, part) for part in parts]),
    )


def _tested(parts: Sequence[Floats]) -> LogRank:
    """The test of groups, each with rows of exits, events, entries and patients, shape (4, courses)."""
    times, events, entries, patients = np.hstack(parts) if parts else np.zeros((4, 0))
    group = np.repeat(np.arange(len(parts)), [part.shape[1] for part in parts])
    return log_rank(times, events, group, entries, patients)


def _onset(connection: Connection, scope: Scope, cohort: CohortFilter) -> Floats:
    """Days to the first score in response, or to the last one without, of evaluable courses."""
    o = CourseOutcome
    statement = select(o.onset_left, o.onset_right, o.patient_id).where(o.evaluable == 1)
    left, right, patients = arrays(connection, of_outcomes(statement, scope, cohort))
    responded = np.isfinite(right)
    # From before the first day: all are at risk from the start.
    return np.vstack((np.where(responded, right, left), responded, np.full(left.size, -1.0), patients))


def _durability(connection: Connection, scope: Scope, cohort: CohortFilter) -> Floats:
    """Days from the last induction session to loss, or to the next session or last score before one."""
    o = CourseOutcome
    lost = case((o.durability_end == "loss", 1), else_=0)
    statement = select(o.durability_days, lost, o.durability_entry_days, o.patient_id)
    return np.vstack(arrays(connection, of_outcomes(statement.where(o.durability_days.is_not(None)), scope, cohort)))
