"""A cohort's groups side by side: who is in each, and whether their curves differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from data_models.definitions.filters import FILTERS, CohortFilter
from data_models.definitions.scope import Scope
from data_models.outcomes.logrank import LogRank, log_rank
from data_models.questions import Shows, shows
from data_models.questions.durability import LOSS, durabilities
from data_models.questions.filter_choices import present_values
from data_models.questions.onset import first_seen, onset_intervals


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
    """Log-rank tests of onset and durability between the groups of one key."""
    if FILTERS[by].shares_courses:
        return CurveTests(None, None)
    onset, durability = [], []
    for group, part in enumerate(groups(connection, scope, cohort, by).values()):
        left, right, counts = onset_intervals(connection, scope, part)
        onset.append(np.repeat([*first_seen(left, right), np.full(left.size, group)], counts.astype(int), axis=1))
        entries, exits, kinds, counts = durabilities(connection, scope, part)
        rows = [exits, kinds == LOSS, np.full(exits.size, group), entries]
        durability.append(np.repeat(rows, counts.astype(int), axis=1))
    nobody = np.zeros((4, 0))
    return CurveTests(log_rank(*np.hstack(onset or [nobody[:3]])), log_rank(*np.hstack(durability or [nobody])))
