"""Who improved: each treated course's changes from baseline, without its identity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, and_, case, null, select

from data_models.database.tables import CourseOutcome
from data_models.definitions.filters import CohortFilter
from data_models.definitions.scope import Scope
from data_models.questions import Shows, shows
from data_models.questions.conditions import improved
from data_models.questions.course_outcomes import Floats, arrays, late_enough, of_treated
from data_models.questions.patient_sums import flag


@dataclass(frozen=True, slots=True)
class Waterfall:
    """One element a treated course, sorted by best change, then last change, the unmeasured last.

    Attributes
    ----------
    best_change, last_change : points against baseline; NaN: not evaluable, or the last score sooner after a session
        than the cohort asks for, as in the rates of last scores.
    evaluable : 1 or 0.
    improvement : share of baseline at the last score.
    last_worse : 1 or 0; NaN: no smallest meaningful change is agreed.
    """

    best_change: Floats
    last_change: Floats
    evaluable: Floats
    improvement: Floats
    last_worse: Floats


@shows(Shows.COHORT)
def waterfall(connection: Connection, scope: Scope, cohort: CohortFilter) -> Waterfall:
    """The changes of every treated course of the cohort."""
    o = CourseOutcome
    counted = o.evaluable == 1
    last = and_(counted, late_enough(o.last_since_session_days, cohort))
    statement = select(
        case((counted, o.best - o.baseline), else_=null()),
        case((last, o.last - o.baseline), else_=null()),
        flag(counted),
        case((last, improved(o.instrument, o.baseline, o.last)), else_=null()),
        case((last, o.last_worse), else_=null()),
    )
    best, changes, *others = arrays(connection, of_treated(statement, scope, cohort))
    order = np.lexsort((changes, best))
    return Waterfall(*(column[order] for column in (best, changes, *others)))
