"""The cohort's side effects and vital signs: every SELECT behind their rates, grades and times.

A session counts where side effects were asked about in it; vital signs count in every session that
has them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, and_, case, func, literal, or_, select

from data_models.cohort_filter import CohortFilter
from data_models.outcomes.proportions import PatientSums
from data_models.outcomes.side_effects import DOSE_BANDS, LATEST_NUMBER
from data_models.queries.conditions import of_courses
from data_models.queries.patient_sums import AnySelect, Groups, Measure, flag, restricted, sums_by_patient
from data_models.rules import OutcomeRules
from data_models.scope import Scope
from data_models.tables import Session, SessionFact, SideEffect
from data_models.vocabulary import SIDE_EFFECTS

Floats = NDArray[np.float64]
BREAKDOWNS = ("number", "route", "drug", "dose_band", "phase")
SIGNS = ("systolic", "diastolic", "heart_rate")


def _sessions(statement: AnySelect, scope: Scope, cohort: CohortFilter) -> AnySelect:
    """Keep the sessions (already in FROM as session facts) of the cohort."""
    if cohort.phase:
        statement = statement.where(SessionFact.phase.in_(cohort.phase))
    return restricted(statement, SessionFact, scope, cohort)


def _of_session(statement: AnySelect, facts: Any) -> AnySelect:
    """Join the session facts to rows that have a session's patient_id and hours."""
    same = and_(SessionFact.patient_id == facts.patient_id, SessionFact.hours == facts.hours)
    return statement.join(SessionFact, same)


def _dose_band() -> ColumnElement[Any]:
    bands = [
        (and_(Session.dose_unit == band.unit, Session.dose >= band.low, Session.dose < band.high), band.label)
        for band in DOSE_BANDS
    ]
    return case(*bands)


def _group(by: str | None) -> list[ColumnElement[Any]]:
    """The column to split by; all but `number` and `phase` come from the session's own record."""
    if by is None:
        return []
    if by not in BREAKDOWNS:
        raise ValueError(f"side effects cannot be split by {by!r}; it is one of {', '.join(BREAKDOWNS)}")
    number = case((SessionFact.number > LATEST_NUMBER, LATEST_NUMBER + 1), else_=SessionFact.number)
    columns: dict[str, Any] = {
        "number": number,
        "route": Session.route,
        "drug": Session.drug,
        "dose_band": _dose_band(),
        "phase": SessionFact.phase,
    }
    return [columns[by]]


def effect_sums(connection: Connection, scope: Scope, cohort: CohortFilter, by: str | None = None) -> Groups:
    """Asked sessions with each effect, as sums over patients (`some`: patients who ever had it).

    Names are the terms, and "any". Group keys: the empty tuple, or one value of `by` (None: not
    recorded; session numbers above `LATEST_NUMBER` share one group).
    """
    s = SessionFact
    asked = literal(1)
    measures: dict[str, Measure] = {
        term: (s.terms.bitwise_rshift(place).bitwise_and(1), asked) for place, term in enumerate(SIDE_EFFECTS)
    }
    measures["any"] = (flag(s.terms != 0), asked)
    needs_record = by in ("route", "drug", "dose_band")

    def source(statement: AnySelect) -> AnySelect:
        statement = statement.select_from(s).where(s.asked == 1)
        if needs_record:
            same = and_(Session.patient_id == s.patient_id, Session.hours == s.hours)
            statement = statement.join(Session, same)
        return _sessions(statement, scope, cohort)

    return sums_by_patient(connection, measures, s.patient_id, source, _group(by))


def worst_sums(connection: Connection, scope: Scope, cohort: CohortFilter) -> Groups:
    """Asked sessions by their worst grade ("none", "mild", "moderate", "severe", "not_graded"), and "any"."""
    s = SessionFact
    asked = literal(1)
    measures: dict[str, Measure] = {
        name: (flag(s.worst == grade), asked) for grade, name in enumerate(("none", "mild", "moderate", "severe"))
    }
    measures["not_graded"] = (flag(s.worst.is_(None)), asked)
    measures["any"] = (flag(s.terms != 0), asked)
    return sums_by_patient(
        connection,
        measures,
        s.patient_id,
        lambda statement: _sessions(statement.select_from(s).where(s.asked == 1), scope, cohort),
    )


def severity_counts(
    connection: Connection, scope: Scope, cohort: CohortFilter
) -> list[tuple[str, str | None, int, int]]:
    """Occurrences by term and grade: (term, severity or None, occurrences, of them serious)."""
    e = SideEffect
    statement = select(e.term, e.severity, func.count(), func.sum(flag(e.serious == 1))).select_from(e)
    grouped = _sessions(_of_session(statement, e), scope, cohort).group_by(e.term, e.severity)
    return [(term, severity, int(n), int(serious or 0)) for term, severity, n, serious in connection.execute(grouped)]


def resolution_times(connection: Connection, scope: Scope, cohort: CohortFilter) -> list[tuple[str, float, int, int]]:
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
    grouped = _sessions(_of_session(statement, e), scope, cohort).group_by(e.term, "minutes", "resolved")
    return [(term, float(time), int(event), int(n)) for term, time, event, n in connection.execute(grouped)]


def vital_sums(
    connection: Connection, scope: Scope, cohort: CohortFilter, rules: OutcomeRules
) -> dict[str, dict[str, PatientSums]]:
    """Sums over patients of vital signs.

    Returns
    -------
    "means": (sign, "before" / "highest" / "rise") -> sums of the values; "thresholds": name -> sums
    of sessions at or above it. Names of thresholds are those of the rules; "predose" is above either
    of its two limits, over the sessions with both pressures before the dose.
    """
    v = Session
    means: dict[str, Measure] = {}
    for sign in SIGNS:
        before, highest = getattr(v, f"{sign}_before"), getattr(v, f"{sign}_highest")
        for name, value in (("before", before), ("highest", highest), ("rise", highest - before)):
            known = flag(value.is_not(None))
            means[f"{sign}.{name}"] = (func.coalesce(value, 0), known)
    systolic, diastolic = v.systolic_highest - v.systolic_before, v.diastolic_highest - v.diastolic_before
    both = and_(v.systolic_before.is_not(None), v.diastolic_before.is_not(None))
    above = or_(v.systolic_before > rules.predose_systolic_mmhg, v.diastolic_before > rules.predose_diastolic_mmhg)
    pressures = {
        "systolic_rise_mmhg": (systolic, rules.systolic_rise_mmhg),
        "diastolic_rise_mmhg": (diastolic, rules.diastolic_rise_mmhg),
        "systolic_high_mmhg": (v.systolic_highest, rules.systolic_high_mmhg),
        "diastolic_high_mmhg": (v.diastolic_highest, rules.diastolic_high_mmhg),
    }
    thresholds: dict[str, Measure] = {
        **{name: (flag(value >= limit), flag(value.is_not(None))) for name, (value, limit) in pressures.items()},
        "predose": (flag(and_(both, above)), flag(both)),
    }

    def source(statement: AnySelect) -> AnySelect:
        statement = statement.select_from(v)
        if cohort.phase or of_courses(cohort):
            return _sessions(_of_session(statement, v), scope, cohort)
        return restricted(statement, v, scope, cohort)

    sums = sums_by_patient(connection, {**means, **thresholds}, v.patient_id, source)
    found = sums.get((), {})
    return {
        "means": {name: found[name] for name in means if name in found},
        "thresholds": {name: found[name] for name in thresholds if name in found},
    }
