"""How quickly effects start, per course and instrument (definitions, section 4).

Response is seen at visits only, so onset lies in an interval (L, R]: R the first score in response, L
the last score before it (0 where there is none).
"""

from __future__ import annotations

import numpy as np

from data_models.definitions.rules import OutcomeRules
from data_models.outcomes.clock import TICKS_PER_HOUR, Flagged, Floats, Ints, days, key, take, ticks
from data_models.outcomes.courses import Sessions
from data_models.outcomes.scores import Judged, Scores, Series


def onset(scores: Scores, series: Series, judged: Judged, sessions: Sessions) -> tuple[Ints, dict[str, Floats]]:
    """Place of the first score in response per series (-1: none), and the onset columns.

    Response began somewhere between two visits; so it is left as an interval, for Turnbull's (1976) estimate.

    Parameters
    ----------
    scores, judged : one entry a score (n,).
    series : one entry a course and instrument (k,).
    sessions : one entry a session.

    Returns
    -------
    places, columns : columns `onset_left`, `onset_right` in days since the course's first session (no
        response: left = the last score's day, right NaN) and `onset_sessions`, the number of the
        course's sessions that started before R. NaN where the series is not evaluable. Shape (k,) each.

    Examples
    --------
    >>> from data_models.outcomes.worked_example import worked_example
    >>> of = worked_example()
    >>> places, columns = onset(of.scores, of.series, of.judged, of.sessions)
    >>> {name: values.tolist() for name, values in columns.items()}
    {'onset_left': [1.0], 'onset_right': [4.0], 'onset_sessions': [2.0]}
    """
    first = np.where(series.evaluable, Flagged(judged.response).first(series.low, series.high), -1)
    responded = first >= 0
    before = np.where(responded, first - 1, series.high - 1)
    scored_before = before >= series.low
    left = np.where(scored_before, days(np.where(scored_before, scores.at[before], 0) - series.start), 0.0)
    number = sessions.number[scores.session[first]].astype(float)
    return first, {
        "onset_left": np.where(series.evaluable, left, np.nan),
        "onset_right": np.where(responded, days(scores.at[first] - series.start), np.nan),
        "onset_sessions": np.where(responded, number, np.nan),
    }


def early_response(scores: Scores, series: Series, judged: Judged, rules: OutcomeRules) -> dict[str, Floats]:
    """Response at 24 h: the score nearest 24 h after the first session, within 12 to 36 h.

    Of two equally near scores the earlier counts. Columns `early_score_hours` (hours after the
    course's first session) and `early_response` (1, 0; NaN without such a score or a baseline).

    Parameters
    ----------
    scores, judged : one entry a score (n,).
    series : one entry a course and instrument (k,).
    rules : `early_response_from_hours`, `early_response_to_hours` (hours after the first session).

    Returns
    -------
    columns : shape (k,) each.

    Examples
    --------
    >>> from data_models.outcomes.worked_example import worked_example
    >>> of = worked_example()
    >>> early_response(of.scores, of.series, of.judged, of.rules)["early_score_hours"].tolist()
    [24.0]
    """
    day = series.start + ticks(24)
    after = np.searchsorted(scores.keys, key(series.group, day), side="right")
    candidates = np.stack((after - 1, after))
    inside = (candidates >= series.low) & (candidates < series.high)
    at = scores.at[np.where(inside, candidates, 0)]
    elapsed = (at - series.start) / TICKS_PER_HOUR
    inside &= (elapsed >= rules.early_response_from_hours) & (elapsed <= rules.early_response_to_hours)
    distance = np.where(inside, np.abs(elapsed - 24), np.inf)
    nearest = np.argmin(distance, axis=0)
    column = np.arange(len(series.low))
    found = inside[nearest, column] & series.evaluable
    place = np.where(found, candidates[nearest, column], -1)
    return {
        "early_score_hours": np.where(found, elapsed[nearest, column], np.nan),
        "early_response": take(judged.response, place),
    }
