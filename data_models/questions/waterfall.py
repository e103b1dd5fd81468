"""Who improved: each treated course's changes from baseline, without its identity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, case, null, select

from data_models.database.tables import CourseOutcome
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.scope import Scope
from data_models.questions import Shows, shows
from data_models.questions.conditions import improved
from data_models.questions.course_outcomes import Floats, arrays, of_treated
from data_models.questions.judged_scores import JudgedScores
from data_models.questions.patient_sums import flag


@dataclass(frozen=True, slots=True)
class Waterfall:
    """One element a treated course, sorted by best change, then last change, the unmeasured last.

    Attributes
    ----------
    best_change, last_change : points against baseline; NaN: not evaluable, or no score as long after a session as the
        cohort asks for, as in the rates of last scores.
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
def waterfall(connection: Connection, scope: Scope, cohort: CohortFilter, rules: OutcomeRules) -> Waterfall:
    """The changes of every treated course of the cohort; `rules`: under which the store was derived."""
    o, scores = CourseOutcome, JudgedScores(cohort, rules)
    counted = o.evaluable == 1
    statement = select(
        case((counted, o.best - o.baseline), else_=null()),
        scores.last.score - o.baseline,
        flag(counted),
        improved(o.instrument, o.baseline, scores.last.score),
        scores.last.worse,
    )
    best, changes, *others = arrays(connection, scores.joined(of_treated(statement, scope, cohort)))
    order = np.lexsort((changes, best))
    return Waterfall(*(column[order] for column in (best, changes, *others)))
