"""A cohort's groups side by side: who is in each, and whether their curves differ."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from data_models.definitions.filters import FILTERS, CohortFilter
from data_models.definitions.scope import Scope
from data_models.outcomes.logrank import LogRank, log_rank
from data_models.outcomes.survival import risk_table
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
    for part in groups(connection, scope, cohort, by).values():
        left, right, counts = onset_intervals(connection, scope, part)
        onset.append(risk_table(*first_seen(left, right), counts))
        entries, exits, kinds, counts = durabilities(connection, scope, part)
        durability.append(risk_table(exits, kinds == LOSS, counts, entries))
    return CurveTests(log_rank(onset), log_rank(durability))
