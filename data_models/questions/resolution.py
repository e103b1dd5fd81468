"""How soon side effects are over: minutes from their beginning to their end."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, case, func, select

from data_models.database.tables import SideEffect
from data_models.definitions.filters import CohortFilter
from data_models.definitions.scope import Scope
from data_models.definitions.vocabulary import SIDE_EFFECTS
from data_models.outcomes.survival import SurvivalCurve, kaplan_meier
from data_models.questions import Shows, shows
from data_models.questions.course_outcomes import Floats, arrays
from data_models.questions.patient_sums import flag
from data_models.questions.side_effects import of_cohort_sessions, of_session


@dataclass(frozen=True, slots=True)
class Resolution:
    """How soon side effects are over: minutes from onset to resolution, of all occurrences and by term.

    A patient's occurrences are alike: variance by patient.
    """

    all: SurvivalCurve
    by_term: dict[str, SurvivalCurve]


@shows(Shows.COHORT)
def resolution(connection: Connection, scope: Scope, cohort: CohortFilter) -> Resolution:
    """Time to resolution in minutes (Kaplan-Meier), of all occurrences and by term."""
    return resolution_of(*_resolution_times(connection, scope, cohort))


def resolution_of(terms: Floats, minutes: Floats, resolved: Floats, patients: Floats) -> Resolution:
    """Resolution of occurrences.

    Parameters
    ----------
    terms : place of the term in `SIDE_EFFECTS`, of each occurrence.
    minutes, resolved : from onset to resolution (1), or to when it was last observed (0).
    patients : whose it is.
    """
    by_term = {}
    for place, term in enumerate(SIDE_EFFECTS):
        of = terms == place
        if of.any():
            by_term[term] = kaplan_meier(minutes[of], resolved[of], patients=patients[of])
    return Resolution(kaplan_meier(minutes, resolved, patients=patients), by_term)


def _resolution_times(
    connection: Connection, scope: Scope, cohort: CohortFilter
) -> tuple[Floats, Floats, Floats, Floats]:
    """As `resolution_of` takes them: occurrences with an onset and a resolution or a last-observed time after it."""
    e = SideEffect
    end = func.coalesce(e.resolved_minutes, e.last_observed_minutes)
    term = case({term: place for place, term in enumerate(SIDE_EFFECTS)}, value=e.term)
    statement = select(term, end - e.onset_minutes, flag(e.resolved_minutes.is_not(None)), e.patient_id)
    statement = statement.select_from(e).where(e.onset_minutes >= 0, end.is_not(None), end >= e.onset_minutes)
    rows = of_cohort_sessions(of_session(statement, e), scope, cohort)
    terms, minutes, resolved, patients = arrays(connection, rows)
    return terms, minutes, resolved, patients
