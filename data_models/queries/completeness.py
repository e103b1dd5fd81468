"""How complete the records are, clinic by clinic: what was asked, scored and given a baseline, with its n."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sqlalchemy import Connection, Select, and_, case, exists, func, literal, select, union_all

from data_models.bulk import read_frame
from data_models.queries.conditions import visible
from data_models.scope import Scope
from data_models.tables import Course, CourseOutcome, Patient, ScoreFact, SessionFact

# A score counts for a session when it was taken at most this long before its start, or after it.
WINDOW_DAYS = 7.0
HOURS_A_DAY = 24.0
COUNTS = (
    "patients", "sessions", "asked", "scored_before", "scored_after", "scores_after_session", "recall", "courses",
    "no_baseline",
)  # fmt: skip


def _counted(scope: Scope, table: type[Any] | None, **counts: Any) -> Select[Any]:
    """One row a clinic with some of the counts, the others 0, over one table of facts (None: patients)."""
    columns = [counts[name].label(name) if name in counts else literal(0).label(name) for name in COUNTS]
    statement = select(Patient.clinic.label("clinic"), *columns).where(*visible(scope)).group_by(Patient.clinic)
    if table is None:
        return statement
    return statement.select_from(table).join(Patient, Patient.patient_id == table.patient_id)


def completeness(connection: Connection, scope: Scope) -> pd.DataFrame:
    """Counts of records that are there and of those that ought to be, one row a clinic.

    Columns
    -------
    clinic : name; missing for patients without one, who come last.
    patients, sessions, courses : how many there are.
    asked : sessions in which side effects were asked about.
    scored_before : sessions with a score on any scale in the 7 days up to their start.
    scored_after : sessions with a score on any scale within the 7 days after their start and not after
        the start of the next session.
    scores_after_session : scores taken after some session; recall : those of them that were taken sooner
        after it than the scale's recall window is long, so that they look back past it.
    no_baseline : courses without a baseline on any scale.
    """
    before = exists().where(
        ScoreFact.patient_id == SessionFact.patient_id,
        ScoreFact.at_hours <= SessionFact.hours,
        ScoreFact.at_hours >= SessionFact.hours - WINDOW_DAYS * HOURS_A_DAY,
    )
    # The latest session that a score follows ends before the next one starts: the facts say which it is.
    after = exists().where(
        ScoreFact.patient_id == SessionFact.patient_id,
        ScoreFact.session_hours == SessionFact.hours,
        ScoreFact.since_session_days <= WINDOW_DAYS,
    )
    with_baseline = exists().where(
        CourseOutcome.patient_id == Course.patient_id,
        CourseOutcome.course == Course.course,
        CourseOutcome.baseline.is_not(None),
    )
    follows = ScoreFact.since_session_days.is_not(None)
    parts = union_all(
        _counted(scope, None, patients=func.count()),
        _counted(
            scope,
            SessionFact,
            sessions=func.count(),
            asked=func.sum(SessionFact.asked),
            scored_before=func.sum(case((before, 1), else_=0)),
            scored_after=func.sum(case((after, 1), else_=0)),
        ),
        _counted(
            scope,
            ScoreFact,
            scores_after_session=func.sum(case((follows, 1), else_=0)),
            recall=func.sum(case((and_(follows, ScoreFact.recall == 1), 1), else_=0)),
        ),
        _counted(scope, Course, courses=func.count(), no_baseline=func.sum(case((with_baseline, 0), else_=1))),
    ).subquery()
    statement = (
        select(parts.c.clinic, *(func.sum(parts.c[name]).label(name) for name in COUNTS))
        .group_by(parts.c.clinic)
        .order_by(parts.c.clinic.is_(None), parts.c.clinic)
    )
    return read_frame(connection, statement).astype(dict.fromkeys(COUNTS, "int64"))
