"""How the effect fades between sessions: change from the pre-session score by days since the session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, literal, select

from data_models.database.tables import ScoreFact
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import FADE_BINS_DAYS
from data_models.definitions.scope import Scope
from data_models.outcomes.fade import FadeBin, fade_bins
from data_models.outcomes.proportions import PatientSums
from data_models.questions import Shows, shows
from data_models.questions.conditions import of_sessions
from data_models.questions.group_order import in_group_order
from data_models.questions.patient_sums import AnySelect, restricted, sums_by_patient

_GROUPS: dict[str, Any] = {
    "route": ScoreFact.session_route,
    "phase": ScoreFact.session_phase,
    "course": ScoreFact.course,
}


@dataclass(frozen=True, slots=True)
class Fade:
    """Change from the pre-session score in bins of days since the latest session (definitions, section 5.4)."""

    bins: tuple[FadeBin, ...]

    def as_json(self) -> list[dict[str, Any]]:
        """ "fade" of the data contract, a row a bin."""
        return [
            {
                "from_days": one.from_days,
                "to_days": one.to_days,
                "scores": one.change.n,
                "patients": one.change.patients,
                "mean": one.change.mean,
                "low": one.change.low,
                "high": one.change.high,
                "median": one.median,
            }
            for one in self.bins
        ]


@shows(Shows.COHORT)
def fade(connection: Connection, scope: Scope, cohort: CohortFilter) -> Fade:
    """The fade of the cohort."""
    return _fades(connection, scope, cohort, []).get((), Fade(fade_bins({}, {})))


@shows(Shows.COHORT)
def fade_by(connection: Connection, scope: Scope, cohort: CohortFilter, by: str) -> dict[str, Fade]:
    """The fade per session route, per phase or per course number.

    Raises
    ------
    ValueError
        when `by` is none of "route", "phase", "course".
    """
    if by not in _GROUPS:
        raise ValueError(f"fade cannot be split by {by!r}; it is one of {', '.join(_GROUPS)}")
    found = _fades(connection, scope, cohort, [_GROUPS[by]])
    return {str(group): found[(group,)] for group in in_group_order(key[0] for key in found if key[0] is not None)}


def _fades(
    connection: Connection, scope: Scope, cohort: CohortFilter, groups: list[ColumnElement[Any]]
) -> dict[tuple[Any, ...], Fade]:
    """Group -> its fade: means from sums over patients, medians from counts of each change."""
    f = ScoreFact
    since = f.since_session_days
    bins = case(*((since < end, place) for place, (_, end) in enumerate(FADE_BINS_DAYS)))
    columns = [bins, *groups]

    def source(statement: AnySelect) -> AnySelect:
        statement = statement.select_from(f).where(
            f.instrument == cohort.instrument,
            f.fade_change.is_not(None),
            since >= 0,
            since < FADE_BINS_DAYS[-1][1],
        )
        return restricted(statement.where(*of_sessions(cohort, f)), f, scope, cohort)

    change: ColumnElement[Any] = f.fade_change.expression
    sums: dict[tuple[Any, ...], dict[int, PatientSums]] = {}
    by_bin = sums_by_patient(connection, {"change": (change, literal(1))}, f.patient_id, source, columns)
    for (place, *group), of in by_bin.items():
        sums.setdefault(tuple(group), {})[place] = of["change"]
    labelled = [column.label(f"g{i}") for i, column in enumerate(columns)]
    inner = source(select(*labelled, f.fade_change.label("change"))).subquery()
    keys = [inner.c[f"g{i}"] for i in range(len(columns))]
    counts: dict[tuple[Any, ...], dict[int, dict[float, int]]] = {}
    for row in connection.execute(select(*keys, inner.c.change, func.count()).group_by(*keys, inner.c.change)):
        place, *group, value, count = row
        counts.setdefault(tuple(group), {}).setdefault(place, {})[float(value)] = int(count)
    return {group: Fade(fade_bins(of, counts.get(group, {}))) for group, of in sums.items()}
