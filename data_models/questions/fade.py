"""How the effect fades between sessions: improvement by days since the session, modelled and as it was seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sqlalchemy import ColumnElement, Connection, and_, case, func, literal, select

from data_models.database.tables import CourseOutcome, ScoreFact, SessionFact
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import FADE_BINS_DAYS
from data_models.definitions.scope import Scope
from data_models.outcomes.clock import day_ticks, key, ticks
from data_models.outcomes.fade import FadeBin, ObservedBin, fade_bins, observed_bins
from data_models.outcomes.fade_model import FadeCurve, FadePoint, FadeScores, fit_fade
from data_models.outcomes.proportions import Mean, PatientSums
from data_models.questions import Shows, shows
from data_models.questions.conditions import improved, of_sessions
from data_models.questions.course_outcomes import HOURS_A_DAY, arrays, of_outcomes
from data_models.questions.group_order import in_group_order
from data_models.questions.patient_sums import AnySelect, restricted, sums_by_patient

_GROUPS: dict[str, Any] = {
    "route": ScoreFact.session_route,
    "phase": ScoreFact.session_phase,
    "course": ScoreFact.course,
}
MOST_PATIENTS: Final = 10_000  # of more, each second, third ... makes the model: its interval is narrow enough


@dataclass(frozen=True, slots=True)
class Fade:
    """How improvement runs with days since the latest session (definitions, section 5.4).

    Attributes
    ----------
    bins : change from the pre-session score, of every score that has one.
    curve : the population's improvement on the course's baseline, by the model; None: too few for one.
    observed : that improvement as it was seen. Both are of evaluable courses.
    enough : patients with as many scores after sessions as a model takes; None: hidden.
    every : 2 where each second patient was taken for `curve` and `observed`, and so on; 1: all.
    """

    bins: tuple[FadeBin, ...]
    curve: FadeCurve | None = None
    observed: tuple[ObservedBin, ...] = ()
    enough: int | None = 0
    every: int = 1

    def as_json(self) -> list[dict[str, Any]]:
        """ "fade" of the data contract, a row a bin."""
        return [{**_span(one, one.change), "median": one.median} for one in self.bins]

    def observed_as_json(self) -> list[dict[str, Any]]:
        """What was seen, a row a span; `same_after_session`: by the model, of the same courses after a session."""
        return [{**_span(one, one.improvement), "same_after_session": one.after} for one in self.observed]

    def model_as_json(self) -> dict[str, Any]:
        """ "fade_model" of the data contract: improvement as a share of the baseline. None and no curve: no model."""
        curve = self.curve
        return {
            "patients_with_three_scores": self.enough,
            "every_nth_patient": self.every,
            "patients": curve and curve.patients,
            "courses": curve and curve.courses,
            "scores": curve and curve.scores,
            "from_session": curve and curve.settled_from,
            "after_session": curve and _point(curve.after),
            "lost": curve and _point(curve.lost),
            "half_life": curve and {"days": curve.half_life, "low": curve.half_life_low, "high": curve.half_life_high},
            "spread": curve and {"score": curve.noise_sd, "session": curve.session_sd, "patient": curve.patient_sd},
            "curve": [_point(one) for one in curve.points] if curve else [],
            "observed": self.observed_as_json(),
        }


def _span(of: FadeBin | ObservedBin, mean: Mean) -> dict[str, Any]:
    counted = {"from_days": of.from_days, "to_days": of.to_days, "scores": mean.n, "patients": mean.patients}
    return {**counted, "mean": mean.mean, "low": mean.low, "high": mean.high}


def _point(of: FadePoint) -> dict[str, Any]:
    return {"days": of.days, "improvement": of.improvement, "low": of.low, "high": of.high}


@shows(Shows.COHORT)
def fade(connection: Connection, scope: Scope, cohort: CohortFilter) -> Fade:
    """The fade of the cohort."""
    bins = _bins(connection, scope, cohort, []).get((), fade_bins({}, {}))
    return _answer(connection, scope, cohort, bins)


@shows(Shows.COHORT)
def fade_by(connection: Connection, scope: Scope, cohort: CohortFilter, by: str) -> dict[str, Fade]:
    """The fade per session route, per phase or per course number; a model of each that is large enough.

    Raises
    ------
    ValueError
        when `by` is none of "route", "phase", "course".
    """
    if by not in _GROUPS:
        raise ValueError(f"fade cannot be split by {by!r}; it is one of {', '.join(_GROUPS)}")
    column = _GROUPS[by]
    found = _bins(connection, scope, cohort, [column])
    groups = in_group_order(key[0] for key in found if key[0] is not None)
    return {str(of): _answer(connection, scope, cohort, found[(of,)], column == of) for of in groups}


def _answer(
    connection: Connection,
    scope: Scope,
    cohort: CohortFilter,
    bins: tuple[FadeBin, ...],
    *conditions: ColumnElement[bool],
) -> Fade:
    o = CourseOutcome
    count = of_outcomes(select(func.count(o.patient_id.distinct())).where(o.evaluable == 1), scope, cohort)
    every = max(1, -(-int(connection.execute(count).scalar_one()) // MOST_PATIENTS))
    scores = _scores(connection, scope, cohort, every, *conditions)
    fit = fit_fade(scores)
    return Fade(bins, None if fit is None else fit.curve(), observed_bins(scores, fit), scores.patients_enough, every)


def _scores(
    connection: Connection, scope: Scope, cohort: CohortFilter, every: int, *conditions: ColumnElement[bool]
) -> FadeScores:
    """The scores after sessions of evaluable courses, of every such patient."""
    f, o, s = ScoreFact, CourseOutcome, SessionFact
    same = and_(o.patient_id == f.patient_id, o.course == f.course, o.instrument == f.instrument)
    since = f.since_session_days
    columns = (f.patient_id, f.course, f.at_hours, since, o.baseline, improved(f.instrument, o.baseline, f.score))
    statement: AnySelect = select(*columns).select_from(f).join(o, same)
    statement = statement.where(
        f.instrument == cohort.instrument,
        o.evaluable == 1,
        f.days > 0,
        since >= 0,
        since < FADE_BINS_DAYS[-1][1],
        *of_sessions(cohort, f),
        *conditions,
    )
    given: AnySelect = select(s.patient_id, s.hours, s.number).select_from(s)
    if every > 1:
        statement, given = statement.where(f.patient_id % every == 0), given.where(s.patient_id % every == 0)
    patient, course, at, days, baseline, improvement = arrays(connection, restricted(statement, f, scope, cohort))
    treated, hours, number = arrays(connection, restricted(given, s, scope, cohort))
    ids = np.unique(treated)
    order = np.argsort(sessions := key(np.searchsorted(ids, treated), ticks(hours)))
    # Since when is told in days: a moment is left for the digits that this costs.
    began = key(np.searchsorted(ids, patient), ticks(at - HOURS_A_DAY * days) + day_ticks(1e-6))
    latest = np.searchsorted(sessions[order], began, side="right") - 1
    numbers = number[order][latest] if len(latest) else latest
    patients, courses, numbers = (values.astype(np.int64) for values in (patient, course, numbers))
    return FadeScores(patients, courses, numbers, days, improvement, baseline)


def _bins(
    connection: Connection, scope: Scope, cohort: CohortFilter, groups: list[ColumnElement[Any]]
) -> dict[tuple[Any, ...], tuple[FadeBin, ...]]:
    """Group -> its bins of change: means from sums over patients, medians from counts of each change."""
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
    return {group: fade_bins(of, counts.get(group, {})) for group, of in sums.items()}
