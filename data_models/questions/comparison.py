"""A cohort's groups side by side: who is in each, and whether their curves differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from data_models.definitions.filters import FILTERS, CohortFilter
from data_models.definitions.scope import Scope
from data_models.outcomes.logrank import LogRank, log_rank
from data_models.questions import Shows, shows
from data_models.questions.course_outcomes import Floats
from data_models.questions.durability import LOSS, lasting
from data_models.questions.filter_choices import present_values
from data_models.questions.onset import starts


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
    began = [starts(connection, scope, part) for part in parts]
    held = [lasting(connection, scope, part) for part in parts]
    return CurveTests(
        _tested([np.array([of.seen, of.responded, of.patients, np.full(of.left.size, -1.0)]) for of in began]),
        _tested([np.array([of.exits, of.kinds == LOSS, of.patients, of.entries]) for of in held]),
    )


def _tested(parts: Sequence[Floats]) -> LogRank:
    """The test of groups, each with rows of exits, events, patients and entries, shape (4, courses)."""
    times, events, patients, entries = np.hstack(parts) if parts else np.zeros((4, 0))
    group = np.repeat(np.arange(len(parts)), [part.shape[1] for part in parts])
    return log_rank(times, events, group, entries, patients)
