"""The cohort's side effects and vital signs: every SELECT behind their rates, grades and times.

A session counts where side effects were asked about in it; vital signs count in every session that
has them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, and_, case, func, literal, or_, select

from data_models.database.tables import Course, EffectFact, Session, SessionFact, SideEffect
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.scope import Scope
from data_models.definitions.vocabulary import SIDE_EFFECTS
from data_models.outcomes.proportions import PatientSums
from data_models.outcomes.side_effects import DOSE_BANDS, LATEST_NUMBER
from data_models.questions.conditions import of_courses, of_sessions
from data_models.questions.patient_sums import AnySelect, Groups, Measure, added, flag, restricted, sums_by_patient

Floats = NDArray[np.float64]
BREAKDOWNS = ("number", "route", "drug", "dose_band", "phase")
SIGNS = ("systolic", "diastolic", "heart_rate")
_ONE = literal(1)


def _sessions(statement: AnySelect, scope: Scope, cohort: CohortFilter) -> AnySelect:
    """Keep the sessions (already in FROM as session facts) of the cohort."""
    return restricted(statement.where(*of_sessions(cohort, SessionFact)), SessionFact, scope, cohort)


def of_session(statement: AnySelect, facts: Any) -> AnySelect:
    """Join the session facts to rows that have a session's patient_id and hours."""
    same = and_(SessionFact.patient_id == facts.patient_id, SessionFact.hours == facts.hours)
    return statement.join(SessionFact, same)


def _asked(statement: AnySelect, scope: Scope, cohort: CohortFilter) -> AnySelect:
    """From the sums of the cohort's asked sessions."""
    statement = statement.select_from(EffectFact).where(*of_sessions(cohort, EffectFact))
    return restricted(statement, EffectFact, scope, cohort)


def effect_sums(connection: Connection, scope: Scope, cohort: CohortFilter, by: str | None = None) -> Groups:
    """Asked sessions with each effect, as sums over patients (`some`: patients who ever had it).

    Names are the terms, and "any". Group keys: the empty tuple, or one value of `by` (None: not
    recorded; session numbers above `LATEST_NUMBER` share one group). All but session numbers are
    those of the session, not of its course.
    """
    if by == "number":
        return _sums_by_number(connection, scope, cohort)
    if by is not None and by not in BREAKDOWNS:
        raise ValueError(f"side effects cannot be split by {by!r}; it is one of {', '.join(BREAKDOWNS)}")
    e = EffectFact
    asked: ColumnElement[Any] = e.asked.expression
    measures: dict[str, Measure] = {term: (getattr(e, term).expression, asked) for term in SIDE_EFFECTS}
    measures["any"] = (e.reported.expression, asked)
    sums = _sums(connection, scope, cohort, measures, [] if by is None else [getattr(e, by).expression])
    if by == "dose_band":
        return {(None if place is None else DOSE_BANDS[place].label,): of for (place,), of in sums.items()}
    return sums


def _sums(
    connection: Connection,
    scope: Scope,
    cohort: CohortFilter,
    measures: dict[str, Measure],
    groups: list[ColumnElement[Any]],
) -> Groups:
    e = EffectFact

    def source(statement: AnySelect) -> AnySelect:
        return _asked(statement, scope, cohort)

    return sums_by_patient(connection, measures, e.patient_id, source, groups, alone=e.alone == 1)


def _sums_by_number(connection: Connection, scope: Scope, cohort: CohortFilter) -> Groups:
    """As `effect_sums`, by session number.

    Within one course a number stands for one session. So patients with one course are counted by number
    and set of effects; only those with several, and the numbers that share a group, are summed by patient.
    """
    s = SessionFact
    again = select(Course.patient_id).where(Course.course > 1)
    several = or_(s.number > LATEST_NUMBER, s.patient_id.in_(again))

    def source(statement: AnySelect) -> AnySelect:
        return _sessions(statement.select_from(s).where(s.asked == 1), scope, cohort)

    statement = source(select(s.number, s.terms, func.count())).where(~several).group_by(s.number, s.terms)
    rows = np.array([tuple(row) for row in connection.execute(statement)], dtype=np.int64).reshape(-1, 3)
    measures: dict[str, Measure] = {
        term: (s.terms.bitwise_rshift(place).bitwise_and(1), _ONE) for place, term in enumerate(SIDE_EFFECTS)
    }
    measures["any"] = (flag(s.terms != 0), _ONE)
    number: ColumnElement[Any] = case((s.number > LATEST_NUMBER, LATEST_NUMBER + 1), else_=s.number)
    sums = sums_by_patient(
        connection, measures, s.patient_id, lambda statement: source(statement).where(several), [number]
    )
    for value in np.unique(rows[:, 0]).tolist():
        terms, counts = rows[rows[:, 0] == value, 1:].T
        asked = float(counts.sum())
        of_number = sums.setdefault((value,), {})
        for place, name in enumerate(measures):
            held = terms != 0 if name == "any" else (terms >> place) & 1 == 1
            x = float(counts[held].sum())
            found = PatientSums(asked, x, asked, x, x, asked, x, asked - x)
            of_number[name] = added(of_number[name], found) if name in of_number else found
    return sums


def worst_sums(connection: Connection, scope: Scope, cohort: CohortFilter) -> Groups:
    """Asked sessions by their worst grade ("none", "mild", "moderate", "severe", "not_graded"), and "any"."""
    e = EffectFact
    asked: ColumnElement[Any] = e.asked.expression
    graded = e.mild + e.moderate + e.severe
    counts: dict[str, Any] = {
        "none": e.asked - e.reported, "mild": e.mild, "moderate": e.moderate, "severe": e.severe,
        "not_graded": e.reported - graded, "any": e.reported,
    }  # fmt: skip
    measures: dict[str, Measure] = {name: (count, asked) for name, count in counts.items()}
    return _sums(connection, scope, cohort, measures, [])


def severity_counts(
    connection: Connection, scope: Scope, cohort: CohortFilter
) -> list[tuple[str, str | None, int, int]]:
    """Occurrences by term and grade: (term, severity or None, occurrences, of them serious)."""
    e = SideEffect
    statement = select(e.term, e.severity, func.count(), func.sum(flag(e.serious == 1))).select_from(e)
    grouped = _sessions(of_session(statement, e), scope, cohort).group_by(e.term, e.severity)
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
    grouped = _sessions(of_session(statement, e), scope, cohort).group_by(e.term, "minutes", "resolved")
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
    thresholds = threshold_measures(rules)

    def source(statement: AnySelect) -> AnySelect:
        statement = statement.select_from(v)
        if of_sessions(cohort, SessionFact) or of_courses(cohort):
            return _sessions(of_session(statement, v), scope, cohort)
        return restricted(statement, v, scope, cohort)

    sums = sums_by_patient(connection, {**means, **thresholds}, v.patient_id, source)
    found = sums.get((), {})
    return {
        "means": {name: found[name] for name in means if name in found},
        "thresholds": {name: found[name] for name in thresholds if name in found},
    }


def threshold_measures(rules: OutcomeRules) -> dict[str, Measure]:
    """Each threshold of blood pressure as (a session passes it, it has the pressures)."""
    v = Session
    systolic, diastolic = v.systolic_highest - v.systolic_before, v.diastolic_highest - v.diastolic_before
    both = and_(v.systolic_before.is_not(None), v.diastolic_before.is_not(None))
    above = or_(v.systolic_before > rules.predose_systolic_mmhg, v.diastolic_before > rules.predose_diastolic_mmhg)
    pressures = {
        "systolic_rise_mmhg": (systolic, rules.systolic_rise_mmhg),
        "diastolic_rise_mmhg": (diastolic, rules.diastolic_rise_mmhg),
        "systolic_high_mmhg": (v.systolic_highest, rules.systolic_high_mmhg),
        "diastolic_high_mmhg": (v.diastolic_highest, rules.diastolic_high_mmhg),
    }
    return {
        **{name: (flag(value >= limit), flag(value.is_not(None))) for name, (value, limit) in pressures.items()},
        "predose": (flag(and_(both, above)), flag(both)),
    }
