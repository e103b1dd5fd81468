"""How long effects last, per course and instrument (definitions, section 5.1 and 5.2)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data_models.definitions.rules import OutcomeRules
from data_models.outcomes.clock import FAR, Flagged, Flags, Floats, Ints, day_ticks, days, key, take
from data_models.outcomes.courses import Courses, Sessions
from data_models.outcomes.scores import Judged, Scores, Series


def confirmed_loss(scores: Scores, judged: Judged, rules: OutcomeRules) -> Flags:
    """Per score: it and the next `loss_confirmations` - 1 of its series meet the loss rule.

    Parameters
    ----------
    scores, judged : one entry a score (n,).
    rules : `loss_confirmations`, a count of consecutive scores.

    Returns
    -------
    flags : shape (n,).

    Examples
    --------
    The score of 16 meets the rule, and the 9 after it does not confirm it.

    >>> from data_models.outcomes.worked_example import worked_example
    >>> of = worked_example()
    >>> confirmed_loss(of.scores, of.judged, of.rules.changed({"loss_confirmations": 1})).tolist()
    [False, True, False, False, True, False]
    >>> confirmed_loss(of.scores, of.judged, of.rules.changed({"loss_confirmations": 2})).tolist()
    [False, False, False, False, False, False]
    """
    confirmed = judged.lost.copy()
    for ahead in range(1, rules.loss_confirmations):
        follows = np.zeros(len(confirmed), dtype=bool)
        follows[:-ahead] = judged.lost[ahead:] & (scores.series[ahead:] == scores.series[:-ahead])
        confirmed &= follows
    return confirmed


def duration(scores: Scores, series: Series, first_response: Ints, loss: Flagged) -> dict[str, Floats]:
    """Duration of response, re-treatment allowed: from R to loss of response.

    Columns `duration_event` (1 lost, 0 censored at the last score), `duration_days` (from R), and the
    interval (`loss_left`, `loss_right`] of the loss in days since the course's first session (no loss:
    left = the last score's day, right NaN). NaN without a response.

    Parameters
    ----------
    scores : one entry a score (n,).
    series : one entry a course and instrument (k,).
    first_response : place of R in the scores, -1 without one, shape (k,) (`onset.onset`).
    loss : the scores that are a loss (`confirmed_loss`).

    Returns
    -------
    columns : shape (k,) each.

    Examples
    --------
    >>> from data_models.outcomes.worked_example import worked_example
    >>> of = worked_example()
    >>> loss = Flagged(confirmed_loss(of.scores, of.judged, of.rules))
    >>> duration(of.scores, of.series, np.array([2]), loss)["duration_days"].tolist()  # day 4 to day 30
    [26.0]
    """
    responded = first_response >= 0
    lost_at = np.where(responded, loss.first(np.maximum(first_response, series.low) + 1, series.high), -1)
    lost = lost_at >= 0
    end = np.where(lost, lost_at, series.high - 1)
    left = np.where(lost, lost_at - 1, series.high - 1)

    def day(place: Ints, where: Flags) -> Floats:
        return np.where(where, days(scores.at[place] - series.start), np.nan)

    return {
        "duration_event": np.where(responded, lost.astype(float), np.nan),
        "duration_days": np.where(responded, days(scores.at[end] - scores.at[first_response]), np.nan),
        "loss_left": day(left, responded),
        "loss_right": day(lost_at, lost),
    }


def durability(
    scores: Scores,
    series: Series,
    judged: Judged,
    sessions: Sessions,
    courses: Courses,
    loss: Flagged,
    rules: OutcomeRules,
) -> dict[str, Floats | pd.Series]:
    """The end-of-induction score, and durability from the last induction session on.

    The end-of-induction score is the last one in the `end_of_induction_days` after the last induction
    session and not after the next session's start. From it, courses in response are followed (delayed
    entry) to loss, to the course's next session (`retreated`), or to the last score (`censored`).
    A loss at the very start of the next session counts as loss: that score was taken before it.
    Loss and re-treatment are competing events (Aalen and Johansen 1978; see `competing`).

    Parameters
    ----------
    scores, judged : one entry a score (n,).
    series : one entry a course and instrument (k,).
    sessions, courses : one entry a session, a course.
    loss : the scores that are a loss (`confirmed_loss`).
    rules : `end_of_induction_days` (days after the last induction session).

    Returns
    -------
    columns : shape (k,) each. `end_of_induction_score` in points, `end_of_induction_days` since the last induction
        session, its flags 1, 0 or NaN (not judged); `durability_entry_days`, `durability_days` since that session and
        `durability_end`, missing where the course was not in response there.

    Examples
    --------
    Last induction session on day 10, response on day 12, loss on day 30.

    >>> from data_models.outcomes.worked_example import worked_example
    >>> of = worked_example()
    >>> loss = Flagged(confirmed_loss(of.scores, of.judged, of.rules))
    >>> columns = durability(of.scores, of.series, of.judged, of.sessions, of.courses, loss, of.rules)
    >>> [columns[name].tolist() for name in ("durability_entry_days", "durability_days", "durability_end")]
    [[2.0], [20.0], ['loss']]
    """
    induction = courses.last_induction[series.course]
    has_induction = induction >= 0
    origin = np.where(has_induction, sessions.at[induction], 0)
    following = np.where(has_induction, sessions.following[induction], FAR)
    window_end = np.minimum(origin + day_ticks(rules.end_of_induction_days), following)
    low = np.searchsorted(scores.keys, key(series.group, origin), side="right")
    place = np.searchsorted(scores.keys, key(series.group, window_end), side="right") - 1
    found = has_induction & (place >= low) & (place >= series.low) & (place < series.high)
    place = np.where(found, place, -1)
    judged_here = found & series.evaluable

    def flag(values: Flags) -> Floats:
        return np.where(judged_here, take(values, place), np.nan)

    response = flag(judged.response)
    followed = response == 1
    lost_place = np.where(followed, loss.first(np.maximum(place, series.low) + 1, series.high), -1)
    lost_at = np.where(lost_place >= 0, scores.at[lost_place], FAR)
    # Only the course's own next session re-treats: a later course begins after more than 90 days.
    next_session = np.where(induction < courses.last[series.course], following, FAR)
    lost = followed & (lost_at < FAR) & (lost_at <= next_session)
    retreated = followed & ~lost & (next_session < FAR)
    end = np.where(lost, lost_at, np.where(retreated, next_session, scores.at[series.high - 1]))
    ending = np.where(lost, "loss", np.where(retreated, "retreated", "censored")).astype(object)
    ending[~followed] = None
    since_induction = np.where(found, days(scores.at[place] - origin), np.nan)
    return {
        "end_of_induction_score": take(scores.score, place),
        "end_of_induction_days": since_induction,
        "end_of_induction_response": response,
        "end_of_induction_remission": flag(judged.remission),
        "end_of_induction_worse": flag(judged.worse),
        "durability_entry_days": np.where(followed, since_induction, np.nan),
        "durability_days": np.where(followed, days(end - origin), np.nan),
        "durability_end": pd.Series(ending, dtype="str"),
    }
