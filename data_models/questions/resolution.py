"""How soon side effects are over: minutes from their beginning to their end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, func, select

from data_models.database.tables import SideEffect
from data_models.definitions.filters import CohortFilter
from data_models.definitions.scope import Scope
from data_models.definitions.vocabulary import SIDE_EFFECTS
from data_models.outcomes.survival import SurvivalCurve, kaplan_meier
from data_models.questions import Shows, shows
from data_models.questions.patient_sums import flag
from data_models.questions.side_effects import of_cohort_sessions, of_session


@dataclass(frozen=True, slots=True)
class Resolution:
    """How soon side effects are over: minutes from onset to resolution, of all occurrences and by term.

    Occurrences of one patient are taken as independent here, so intervals are somewhat too narrow
    where a patient has many.
    """

    all: SurvivalCurve
    by_term: dict[str, SurvivalCurve]


@shows(Shows.COHORT)
def resolution(connection: Connection, scope: Scope, cohort: CohortFilter) -> Resolution:
    """Time to resolution in minutes (Kaplan-Meier), of all occurrences and by term."""
    return resolution_of(_resolution_times(connection, scope, cohort))


def resolution_of(rows: Sequence[tuple[str, float, int, int]]) -> Resolution:
    """Resolution from (term, minutes from onset, 1 resolved or 0 last observed, occurrences)."""

    def curve(of: Sequence[tuple[str, float, int, int]]) -> SurvivalCurve:
        columns = np.array([row[1:] for row in of], dtype=float).reshape(-1, 3)
        return kaplan_meier(columns[:, 0], columns[:, 1], columns[:, 2])

    by_term = {term: [row for row in rows if row[0] == term] for term in SIDE_EFFECTS}
    return Resolution(curve(rows), {term: curve(of) for term, of in by_term.items() if of})


def _resolution_times(connection: Connection, scope: Scope, cohort: CohortFilter) -> list[tuple[str, float, int, int]]:
    """(term, minutes from onset, 1 resolved or 0 last observed, occurrences).

    Occurrences with an onset and a resolution or a last-observed time, none before its onset.
    """
    e = SideEffect
    end = func.coalesce(e.resolved_minutes, e.last_observed_minutes)
    minutes, resolved = (
        (end - e.onset_minutes).label("minutes"),
        flag(e.resolved_minutes.is_not(None)).label("resolved"),
    )
    statement = select(e.term, minutes, resolved, func.count()).select_from(e)
    statement = statement.where(e.onset_minutes >= 0, end.is_not(None), end >= e.onset_minutes)
    grouped = of_cohort_sessions(of_session(statement, e), scope, cohort).group_by(e.term, "minutes", "resolved")
    return [(term, float(time), int(event), int(n)) for term, time, event, n in connection.execute(grouped)]
