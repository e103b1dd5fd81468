"""The cohort's counts: every SELECT behind onset, durability, rates, fade and occupancy.

Each returns counts or sums by group, never a row a patient (but `course_rows`, the waterfall's). Times
are grouped by their exact values: rounding would change the estimates.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, and_, case, func, literal, null, select, true

from data_models.database.tables import Course, CourseOutcome, ScoreFact, SessionFact
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import FADE_BINS_DAYS, OutcomeRules
from data_models.definitions.scope import Scope
from data_models.outcomes.proportions import PatientSums
from data_models.questions.conditions import of_sessions
from data_models.questions.patient_sums import AnySelect, Groups, Measure, flag, restricted, sums_by_patient

Floats = NDArray[np.float64]
_HOURS_A_DAY = 24.0


def _arrays(connection: Connection, statement: AnySelect) -> list[Floats]:
    """The numbers that a SELECT gives, as one array a column; null becomes NaN.

    Read from the driver's own cursor: with clock times there are tens of thousands of rows, and to wrap
    each takes as long as the database takes to count them.
    """
    result = connection.execute(statement)
    names, cursor = list(result.keys()), result.cursor
    rows = cursor.fetchall() if cursor is not None else []
    result.close()
    return list(np.array(rows, dtype=float).reshape(-1, len(names)).T)


def _outcomes(statement: AnySelect, scope: Scope, cohort: CohortFilter) -> AnySelect:
    """From the outcomes of the matching courses on the cohort's instrument."""
    statement = statement.select_from(CourseOutcome).where(CourseOutcome.instrument == cohort.instrument)
    return restricted(statement, CourseOutcome, scope, cohort)


def treated(statement: AnySelect, scope: Scope, cohort: CohortFilter) -> AnySelect:
    """From all matching courses, with their outcomes on the cohort's instrument where there are any."""
    same = and_(
        CourseOutcome.patient_id == Course.patient_id,
        CourseOutcome.course == Course.course,
        CourseOutcome.instrument == cohort.instrument,
    )
    statement = statement.select_from(Course).join(CourseOutcome, same, isouter=True)
    return restricted(statement, Course, scope, cohort)


# --- funnel and headline rates ---------------------------------------------------------------


def late_enough(days: Any, cohort: CohortFilter) -> ColumnElement[bool]:
    """Whether a score lies as long after the latest session, in days, as the cohort asks for."""
    hours = cohort.min_hours_since_session
    return true() if hours is None else days * _HOURS_A_DAY >= hours


def scored_at_end(cohort: CohortFilter) -> ColumnElement[bool]:
    """Whether a course counts in the rates at the end of induction: the n of "response.end_of_induction"."""
    o = CourseOutcome
    return and_(
        o.evaluable == 1, o.end_of_induction_response.is_not(None), late_enough(o.end_of_induction_days, cohort)
    )


def funnel(connection: Connection, scope: Scope, cohort: CohortFilter) -> dict[str, int]:
    """Patients and courses treated, with a baseline, evaluable, scored at the end of induction."""
    evaluable = CourseOutcome.evaluable == 1
    scored = scored_at_end(cohort)
    statement = select(
        func.count(Course.patient_id.distinct()).label("patients"),
        func.count(Course.patient_id).label("courses"),
        func.sum(flag(CourseOutcome.baseline.is_not(None))).label("with_baseline"),
        func.sum(flag(evaluable)).label("evaluable"),
        func.sum(flag(scored)).label("end_of_induction_scored"),
    )
    row = connection.execute(treated(statement, scope, cohort)).mappings().one()
    return {name: int(value or 0) for name, value in row.items()}


def rate_measures(cohort: CohortFilter) -> dict[str, Measure]:
    """Each rate of courses as (has it, counts in its denominator)."""
    o = CourseOutcome
    late_last = late_enough(o.last_since_session_days, cohort)
    late_end = late_enough(o.end_of_induction_days, cohort)

    def judged(column: Any, condition: ColumnElement[bool]) -> Measure:
        return flag(and_(column == 1, condition)), flag(and_(column.is_not(None), condition))

    measures: dict[str, Measure] = {
        "sustained": judged(o.sustained_response, true()),
        "early": judged(o.early_response, true()),
        "partial.ever": judged(o.ever_partial, true()),
        "worse.last": judged(o.last_worse, late_last),
        "worse.end_of_induction": judged(o.end_of_induction_worse, late_end),
    }
    course = literal(1)
    for kind, ever, last, end in (
        ("response", o.ever_response, o.last_response, o.end_of_induction_response),
        ("remission", o.ever_remission, o.last_remission, o.end_of_induction_remission),
    ):
        measures[f"{kind}.ever"] = judged(ever, true())
        measures[f"{kind}.last"] = judged(last, late_last)
        measures[f"{kind}.end_of_induction"] = judged(end, late_end)
        measures[f"{kind}.end_of_induction_all_treated"] = (flag(and_(end == 1, late_end)), course)
    return measures


def rate_sums(connection: Connection, scope: Scope, cohort: CohortFilter) -> dict[str, PatientSums]:
    """Sums over patients for every rate of courses.

    Nearly every patient has one course; there a patient's x and n are 0 or 1, and their squares are
    themselves. So all courses are summed flat, and only patients with a second course are grouped.
    """
    return _rates(connection, scope, cohort, rate_measures(cohort))


def early_stop_sums(connection: Connection, scope: Scope, cohort: CohortFilter) -> PatientSums:
    """Sums over patients for the share of courses whose induction ended early."""
    measures: dict[str, Measure] = {"early_stop": (flag(Course.early_stop == 1), literal(1))}
    return _rates(connection, scope, cohort, measures)["early_stop"]


def _rates(
    connection: Connection, scope: Scope, cohort: CohortFilter, measures: dict[str, Measure]
) -> dict[str, PatientSums]:
    flat = select(*(func.sum(part) for measure in measures.values() for part in measure))
    totals = [float(value or 0) for value in connection.execute(treated(flat, scope, cohort)).one()]
    again = select(Course.patient_id).where(Course.course > 1)
    several = sums_by_patient(
        connection,
        measures,
        Course.patient_id,
        lambda statement: treated(statement, scope, cohort).where(Course.patient_id.in_(again)),
    )
    extra = several.get((), {})
    result = {}
    for place, name in enumerate(measures):
        x, n = totals[2 * place : 2 * place + 2]
        more = extra.get(name, PatientSums(0, 0, 0, 0, 0, 0))
        result[name] = PatientSums(
            patients=n - more.n + more.patients,
            x=x,
            n=n,
            xx=x - more.x + more.xx,
            xn=x - more.x + more.xn,
            nn=n - more.n + more.nn,
        )
    return result


# --- onset and durability --------------------------------------------------------------------


def onset_intervals(connection: Connection, scope: Scope, cohort: CohortFilter) -> tuple[Floats, Floats, Floats]:
    """(L, R] of the evaluable courses and how many have it; R inf without a response."""
    o = CourseOutcome
    statement = select(o.onset_left, o.onset_right, func.count()).where(o.evaluable == 1)
    grouped = _outcomes(statement, scope, cohort).group_by(o.onset_left, o.onset_right)
    left, right, counts = _arrays(connection, grouped)
    return left, np.where(np.isnan(right), np.inf, right), counts


def onset_sessions(connection: Connection, scope: Scope, cohort: CohortFilter) -> tuple[Floats, Floats, Floats]:
    """Sessions received until response, or until the last score; 1 for response; counts."""
    o, s = CourseOutcome, SessionFact
    responded = select(o.onset_sessions, literal(1), func.count()).where(o.evaluable == 1, o.ever_response == 1)
    events = _arrays(connection, _outcomes(responded, scope, cohort).group_by(o.onset_sessions))
    received = (
        select(func.count())
        .where(s.patient_id == o.patient_id, s.course == o.course, s.days < o.last_days)
        .correlate(o)
        .scalar_subquery()
    )
    inner = _outcomes(select(received.label("received")), scope, cohort)
    inner_rows = inner.where(o.evaluable == 1, o.ever_response == 0).subquery()
    censored = select(inner_rows.c.received, literal(0), func.count()).group_by(inner_rows.c.received)
    both = zip(events, _arrays(connection, censored), strict=True)
    times, responses, counts = (np.concatenate(columns) for columns in both)
    return times, responses, counts


def durations(connection: Connection, scope: Scope, cohort: CohortFilter) -> tuple[Floats, Floats, Floats]:
    """Days from response to loss (event 1) or the last score (0), and counts."""
    o = CourseOutcome
    statement = select(o.duration_days, o.duration_event, func.count()).where(o.ever_response == 1)
    grouped = _outcomes(statement, scope, cohort).group_by(o.duration_days, o.duration_event)
    times, events, counts = _arrays(connection, grouped)
    return times, events, counts


def loss_intervals(connection: Connection, scope: Scope, cohort: CohortFilter) -> tuple[Floats, Floats, Floats]:
    """(L, R] of loss in days from response, and counts; responders without a later score are left out."""
    o = CourseOutcome
    left, right = (o.loss_left - o.onset_right).label("l"), (o.loss_right - o.onset_right).label("r")
    statement = select(left, right, func.count()).where(o.ever_response == 1)
    grouped = _outcomes(statement, scope, cohort).group_by(left, right)
    lows, highs, counts = _arrays(connection, grouped)
    highs = np.where(np.isnan(highs), np.inf, highs)
    told = ~((lows <= 0) & np.isinf(highs))
    return np.maximum(lows[told], 0.0), highs[told], counts[told]


def durabilities(
    connection: Connection, scope: Scope, cohort: CohortFilter
) -> tuple[Floats, Floats, NDArray[np.int64], Floats]:
    """Entry, exit, kind of end (0 censored, 1 loss, 2 re-treated) and counts, in days.

    Time zero is the last induction session; courses in response at the end of induction.
    """
    o = CourseOutcome
    kind = case((o.durability_end == "loss", 1), (o.durability_end == "retreated", 2), else_=0).label("kind")
    statement = select(o.durability_entry_days, o.durability_days, kind, func.count())
    statement = statement.where(o.end_of_induction_response == 1, o.durability_days.is_not(None))
    grouped = _outcomes(statement, scope, cohort).group_by(o.durability_entry_days, o.durability_days, "kind")
    entries, exits, kinds, counts = _arrays(connection, grouped)
    return entries, exits, kinds.astype(np.int64), counts


# --- fade between sessions -------------------------------------------------------------------


def _fade_group(by: str | None) -> list[ColumnElement[Any]]:
    columns: dict[str, Any] = {
        "route": ScoreFact.session_route,
        "phase": ScoreFact.session_phase,
        "course": ScoreFact.course,
    }
    if by is None:
        return []
    if by not in columns:
        raise ValueError(f"fade cannot be split by {by!r}; it is one of {', '.join(columns)}")
    return [columns[by]]


def fade_sums(
    connection: Connection, scope: Scope, cohort: CohortFilter, by: str | None = None
) -> tuple[Groups, dict[tuple[Any, ...], dict[float, int]]]:
    """Changes from the pre-session score by days since the session.

    Returns
    -------
    sums : (bin, group) -> {"change": sums over patients}; `group` only with `by`.
    counts : (bin, group) -> change -> how many scores, for the medians.
    """
    f = ScoreFact
    since = f.since_session_days
    bins = case(*((since < end, place) for place, (_, end) in enumerate(FADE_BINS_DAYS)))
    groups = [bins, *_fade_group(by)]

    def source(statement: AnySelect) -> AnySelect:
        statement = statement.select_from(f).where(
            f.instrument == cohort.instrument,
            f.fade_change.is_not(None),
            since >= 0,
            since < FADE_BINS_DAYS[-1][1],
        )
        return restricted(statement.where(*of_sessions(cohort, f)), f, scope, cohort)

    change: ColumnElement[Any] = f.fade_change.expression
    sums = sums_by_patient(connection, {"change": (change, literal(1))}, f.patient_id, source, groups)
    labelled = [column.label(f"g{i}") for i, column in enumerate(groups)]
    inner = source(select(*labelled, f.fade_change.label("change"))).subquery()
    keys = [inner.c[f"g{i}"] for i in range(len(groups))]
    counts: dict[tuple[Any, ...], dict[float, int]] = {}
    for row in connection.execute(select(*keys, inner.c.change, func.count()).group_by(*keys, inner.c.change)):
        *key, change, count = row
        counts.setdefault(tuple(key), {})[float(change)] = int(count)
    return sums, counts


# --- occupancy -------------------------------------------------------------------------------


def state_spans(connection: Connection, scope: Scope, cohort: CohortFilter) -> NDArray[np.int64]:
    """Rows (state, first whole day, first whole day no longer, count) of states after scores.

    A state holds on the days d with `days` <= d < `until_days`; on whole days that is the same as
    rounding both ends up, so that the database can group.
    """
    f = ScoreFact
    first, past = func.ceil(f.days).label("first"), func.ceil(f.until_days).label("past")
    statement = select(f.state, first, past, func.count()).select_from(f)
    statement = statement.where(f.instrument == cohort.instrument, f.state.is_not(None), f.until_days.is_not(None))
    grouped = restricted(statement, f, scope, cohort).group_by(f.state, first, past)
    return np.column_stack(_arrays(connection, grouped)).astype(np.int64)


def leaving_days(connection: Connection, scope: Scope, cohort: CohortFilter, rules: OutcomeRules) -> NDArray[np.int64]:
    """Rows (first whole day after the record, count) of all matching courses.

    A course has left once its last session or score is past and the state of its last score on the
    cohort's instrument no longer holds.
    """
    o = CourseOutcome
    record = func.floor((Course.record_end_hours - Course.start_hours) / _HOURS_A_DAY) + 1
    end = (Course.end_hours - Course.start_hours) / _HOURS_A_DAY
    held = o.last_days + rules.state_hold_days
    holds = func.ceil(case((and_(end.is_not(None), end < held), end), else_=held))
    day = case((and_(o.evaluable == 1, holds > record), holds), else_=record).label("day")
    inner = treated(select(day), scope, cohort).subquery()
    statement = select(inner.c.day, func.count()).group_by(inner.c.day)
    return np.column_stack(_arrays(connection, statement)).astype(np.int64)


# --- single courses and splits ---------------------------------------------------------------


def course_rows(connection: Connection, scope: Scope, cohort: CohortFilter) -> pd.DataFrame:
    """One row a treated course: best and last change, improvement at the last score, worse then; no identity.

    A last score sooner after a session than the cohort asks for is none here, as in the rates of last scores.
    """
    o = CourseOutcome
    counted = o.evaluable == 1
    last = and_(counted, late_enough(o.last_since_session_days, cohort))
    statement = select(
        case((counted, o.best - o.baseline), else_=null()).label("best_change"),
        case((last, o.last - o.baseline), else_=null()).label("last_change"),
        flag(counted).label("evaluable"),
        case((last, (o.baseline - o.last) / o.baseline), else_=null()).label("improvement"),
        case((last, o.last_worse), else_=null()).label("last_worse"),
    )
    names = ("best_change", "last_change", "evaluable", "improvement", "last_worse")
    columns = zip(names, _arrays(connection, treated(statement, scope, cohort)), strict=True)
    return pd.DataFrame(dict(columns)).astype({"evaluable": int})
