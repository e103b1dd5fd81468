"""The facts of each score: its state, how long that holds, and its change since the latest session (definitions, 5)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data_models.definitions.rules import OutcomeRules
from data_models.outcomes.clock import FAR, Flags, Floats, Ints, day_ticks, days, key, ticks
from data_models.outcomes.courses import Courses, Sessions
from data_models.outcomes.scores import Judged, Scores, Series
from data_models.outcomes.similar_courses import last_in_bins

# A session counts as followed by a score (completeness of records) within this time.
SCORED_WITHIN_DAYS = 7.0


def score_facts(
    scores: Scores, series: Series, judged: Judged, sessions: Sessions, courses: Courses, rules: OutcomeRules
) -> pd.DataFrame:
    """The `score_facts` table: one row a score.

    Parameters
    ----------
    scores, judged : one entry a score (n,).
    series, sessions, courses : one entry a course and instrument, a session, a course.
    rules : `state_hold_days`, `fade_pre_session_days` (days).

    Returns
    -------
    frame : n rows. `days` since the course's first session; `state` 0 no response, 1 partial, 2 response (NaN without
        a baseline of the entry severity), which holds until `until_days`; `since_session_days` since the latest
        session started; `fade_change` in points against the score before that session (NaN without one);
        `last_in_bin` as `similar_courses.last_in_bins` says.

    Examples
    --------
    >>> from data_models.outcomes.worked_example import worked_example
    >>> of = worked_example()
    >>> facts = score_facts(of.scores, of.series, of.judged, of.sessions, of.courses, of.rules)
    >>> facts[["days", "state", "until_days", "fade_change"]].values[1:4].tolist()
    [[1.0, 1.0, 4.0, -6.0], [4.0, 2.0, 12.0, -5.0], [12.0, 2.0, 30.0, -1.0]]
    """
    start, end = courses.start[scores.course], courses.end[scores.course]
    at_days = days(scores.at - start)
    measured = (scores.series >= 0) & ~np.isnan(judged.improvement)
    measured &= series.ill[scores.series] if len(series.ill) else False
    state = np.where(measured, judged.response.astype(float) + judged.partial, np.nan)

    same_series = np.zeros(len(scores.at), dtype=bool)
    same_series[:-1] = (scores.series[1:] == scores.series[:-1]) & (scores.series[:-1] >= 0)
    following = np.where(same_series, np.append(scores.at[1:], 0)[: len(scores.at)], FAR)
    until = np.minimum(np.minimum(following, end), scores.at + day_ticks(rules.state_hold_days))

    treated = scores.session >= 0
    elapsed = np.where(treated, scores.at - sessions.at[scores.session], 0)
    since = np.where(treated, days(elapsed), np.nan)

    phases = pd.factorize(sessions.phase)[0]

    def of_session(values: pd.Series) -> pd.Series:
        return values.iloc[scores.session].reset_index(drop=True).where(treated) if len(values) else values

    return pd.DataFrame(
        {
            "patient_id": sessions.patient_ids[scores.patient],
            "instrument": scores.frame["instrument"],
            "hours": scores.frame["hours"],
            "precision": scores.frame["precision"],
            "at_hours": scores.at / ticks(1),
            "course": courses.number[scores.course],
            "days": at_days,
            "score": scores.score,
            "item9": scores.item9,
            "state": state,
            "until_days": np.where(measured, days(until - start), np.nan),
            "since_session_days": since,
            "session_phase": of_session(pd.Series(sessions.phase)),
            "session_route": of_session(sessions.frame["route"]),
            "fade_change": _fade_change(scores, sessions, treated, rules),
            "last_in_bin": last_in_bins(
                np.cumsum((np.diff(scores.group, prepend=0) != 0) | (np.diff(scores.course, prepend=0) != 0)),
                at_days,
                since,
                np.where(treated, phases[scores.session], 0) if len(phases) else np.zeros(len(since), np.int64),
            ),
        }
    )


def scored_sessions(scores: Scores, sessions: Sessions) -> tuple[Flags, Flags]:
    """Per session, whether a score on any scale stands in the days before it and in those after it.

    Before: up to its start. After: not after the next session's start. Within `SCORED_WITHIN_DAYS`.
    """
    taken = np.sort(key(scores.patient, scores.at))
    window = day_ticks(SCORED_WITHIN_DAYS)

    def any_within(after: Ints, up_to: Ints) -> Flags:
        first = np.searchsorted(taken, key(sessions.patient, after))
        return np.searchsorted(taken, key(sessions.patient, up_to), side="right") > first

    before = any_within(sessions.at - window, sessions.at)
    later = any_within(sessions.at + 1, np.minimum(sessions.at + window, sessions.following))
    return before, later


def _fade_change(scores: Scores, sessions: Sessions, treated: Flags, rules: OutcomeRules) -> Floats:
    """The score minus the pre-session score of its latest session (definitions, section 5.3)."""
    start = sessions.at[scores.session]
    before = np.searchsorted(scores.keys, key(scores.group, start), side="right") - 1
    valid = treated & (before >= 0)
    valid &= scores.group[before] == scores.group
    valid &= start - scores.at[before] <= day_ticks(rules.fade_pre_session_days)
    return np.where(valid, scores.score - scores.score[before], np.nan)
