"""What each course adds to the counts of a summary: sums over courses are then those of any set of them.

Two releases are compared by sets of courses that no filter names (what one shows beyond the other), so their
counts are added up here course by course. Only disclosure control reads this, over the whole store; no page.
"""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection, and_, func, select

from data_models.database.tables import Course, CourseOutcome, EffectFact, Session, SessionFact
from data_models.definitions.filters import CohortFilter
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.scope import Scope
from data_models.definitions.vocabulary import SIDE_EFFECTS
from data_models.questions.course_outcomes import of_treated, scored_at_end
from data_models.questions.patient_sums import flag, restricted
from data_models.questions.rates import rate_measures
from data_models.questions.side_effects import of_session
from data_models.questions.vitals import threshold_measures

KEYS = ["patient_id", "course"]


def outcome_counts(connection: Connection, scope: Scope, cohort: CohortFilter) -> pd.DataFrame:
    """One row a treated course, by patient and course: 1 where a count of the summary counts it.

    Parameters
    ----------
    cohort : its instrument and hours since the session; its other filters hold, too.

    Returns
    -------
    patient_id, course, the funnel's names, "RATE.events" and "RATE.n" of each rate of courses, "early_stop", and "n"
    and "events" of "onset", "sessions", "duration" and "durability".
    """
    o = CourseOutcome
    evaluable, responded = o.evaluable == 1, o.ever_response == 1
    kept = and_(o.end_of_induction_response == 1, o.durability_days.is_not(None))
    flags = {
        "with_baseline": o.baseline.is_not(None),
        "evaluable": evaluable,
        "end_of_induction_scored": scored_at_end(cohort),
        "early_stop": Course.early_stop == 1,
        "onset.n": evaluable,
        "onset.events": and_(evaluable, o.onset_right.is_not(None)),
        "sessions.n": and_(evaluable, o.ever_response.is_not(None)),
        "sessions.events": and_(evaluable, responded),
        "duration.n": responded,
        "duration.events": and_(responded, o.duration_event == 1),
        "durability.n": kept,
        "durability.events": and_(kept, o.durability_end == "loss"),
    }
    columns = {name: flag(condition) for name, condition in flags.items()}
    for name, (x, n) in rate_measures(cohort).items():
        columns |= {f"{name}.events": x, f"{name}.n": n}
    named = [column.label(f"c{place}") for place, column in enumerate(columns.values())]
    statement = of_treated(select(Course.patient_id, Course.course, *named), scope, cohort)
    rows = connection.execute(statement.order_by(Course.patient_id, Course.course)).all()
    frame = pd.DataFrame(rows, columns=[*KEYS, *columns]).astype("int64")
    if INSTRUMENTS[cohort.instrument].remission is None:
        frame["remission.end_of_induction_all_treated.n"] = 0
    return frame


def session_counts(connection: Connection, scope: Scope, rules: OutcomeRules) -> pd.DataFrame:
    """One row a course and phase, by patient, course and phase: how many of its sessions count.

    Returns
    -------
    patient_id, course, phase, asked, each term of `SIDE_EFFECTS` (asked sessions with it), and "THRESHOLD.events"
    and "THRESHOLD.n" of each threshold of blood pressure.
    """
    everybody = CohortFilter()
    e, keys = EffectFact, [*KEYS, "phase"]
    sums = [func.sum(getattr(e, name)).label(name) for name in ("asked", *SIDE_EFFECTS)]
    of_effects = restricted(select(e.patient_id, e.course, e.phase, *sums).select_from(e), e, scope, everybody)
    effects = pd.DataFrame(
        connection.execute(of_effects.group_by(e.patient_id, e.course, e.phase)).all(),
        columns=[*keys, "asked", *SIDE_EFFECTS],
    )
    f, measures = SessionFact, threshold_measures(rules)
    names = [f"{name}.{end}" for name in measures for end in ("events", "n")]
    parts = [func.sum(part).label(f"c{i}") for i, part in enumerate(p for pair in measures.values() for p in pair)]
    of_vitals = of_session(select(f.patient_id, f.course, f.phase, *parts).select_from(Session), Session)
    of_vitals = restricted(of_vitals, f, scope, everybody).group_by(f.patient_id, f.course, f.phase)
    vitals = pd.DataFrame(connection.execute(of_vitals).all(), columns=[*keys, *names])
    both = vitals.merge(effects, on=keys, how="outer").sort_values(keys, ignore_index=True)
    return both.fillna(0).astype(dict.fromkeys([*KEYS, "asked", *SIDE_EFFECTS, *names], "int64"))
