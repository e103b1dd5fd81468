"""One patient, worked by hand: what the examples in this package's docstrings start from.

Sessions on days 0, 3, 7, 10 (marked as induction) and 40 (intravenous ketamine), and a PHQ-9 on these days:

    day      -1    1    4   12   30   41
    score    20   14    9    8   16    9

The baseline is 20. Of it, 14 is an improvement of 0.30 (a partial response), 9 and 8 are responses, 16 is a loss
(less than half is left, and the score is back at 10 or more). The session of day 40 follows a gap of more than
14 days, and so is maintenance; it confirms the loss that the score before it shows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from data_models.definitions.rules import DEFAULT_RULES, OutcomeRules
from data_models.outcomes.courses import Courses, Sessions, find_courses
from data_models.outcomes.scores import Judged, Scores, Series, find_series, judge, place_scores


class WorkedExample(NamedTuple):
    """The patient at each step of the derivation."""

    sessions: Sessions
    courses: Courses
    scores: Scores
    series: Series
    judged: Judged
    rules: OutcomeRules


def worked_example(rules: OutcomeRules = DEFAULT_RULES) -> WorkedExample:
    """The patient above under some rules.

    Examples
    --------
    >>> worked_example().scores.score.tolist()
    [20.0, 14.0, 9.0, 8.0, 16.0, 9.0]
    """
    days = np.array([0.0, 3, 7, 10, 40])
    treated = {"phase": [*["induction"] * 4, None], "drug": "ketamine", "route": "iv", "side_effects_asked": 1}
    sessions, courses = find_courses(pd.DataFrame({"patient_id": 1, "hours": days * 24, **treated}), rules)
    taken = pd.DataFrame({"hours": np.array([-1.0, 1, 4, 12, 30, 41]) * 24, "score": [20.0, 14, 9, 8, 16, 9]})
    assessments = taken.assign(patient_id=1, instrument="phq9", precision=0, item9=np.nan)
    scores = place_scores(assessments, sessions, courses, rules)
    series = find_series(scores, courses, rules)
    return WorkedExample(sessions, courses, scores, series, judge(scores, series, rules), rules)
