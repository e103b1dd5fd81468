"""How long effects last, per course and instrument (definitions, section 5.1 and 5.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data_models.definitions.rules import OutcomeRules
from data_models.outcomes.clock import FAR, Flagged, Flags, Floats, Ints, day_ticks, days, key, take
from data_models.outcomes.courses import Courses, Sessions
from data_models.outcomes.scores import Judged, Scores, Series


@dataclass(slots=True)
class Losses:
    """Where response is lost, and where a course is not followed further; one place a score.

    `confirmed`: loss of response begins at this score. `unconfirmed`: a score that meets the loss rule, is not
    confirmed by the next one and stands before a session: by the rule `censors` nothing after it counts.
    """

    confirmed: Flagged
    unconfirmed: Flagged


def losses(scores: Scores, judged: Judged, sessions: Sessions, rules: OutcomeRules) -> Losses:
    """Per score, whether response is lost from it on (definitions, section 5).

    One bad score is measurement error more often than loss: `loss_confirmations` in a row make a loss. A run of them
    that is cut short by the next session is the hard case. By `loss_before_session` it confirms the loss (the clinic
    acted on it), or censors. At the end of the record it is censored there.

    Parameters
    ----------
    scores, judged : one entry a score (n,).
    sessions : one entry a session.
    rules : `loss_confirmations`, a count of consecutive scores; `loss_before_session`.

    Returns
    -------
    found : flags of shape (n,).

    Examples
    --------
    The score of 16 on day 30 meets the rule; the next score, after the session of day 40, does not. (So does the 14 of
    day 1, before a session; there is no response yet to lose.)

    >>> from data_models.outcomes.worked_example import worked_example
    >>> of = worked_example()
    >>> losses(of.scores, of.judged, of.sessions, of.rules).confirmed.flags.tolist()
    [False, True, False, False, True, False]
    >>> censors = of.rules.changed({"loss_before_session": "censors"})
    >>> found = losses(of.scores, of.judged, of.sessions, censors)
    >>> found.confirmed.flags.any(), found.unconfirmed.flags.tolist()
    (np.False_, [False, True, False, False, True, False])
    """
    lost = judged.lost & (scores.series >= 0)
    before_session = _last_before_a_session(scores, sessions)
    run, cut_short = lost.copy(), lost & before_session
    for ahead in range(1, rules.loss_confirmations):
        follows = np.zeros(len(lost), dtype=bool)
        follows[:-ahead] = lost[ahead:] & (scores.series[ahead:] == scores.series[:-ahead])
        run &= follows
        cut_short[:-ahead] |= run[:-ahead] & before_session[ahead:]
    cut_short &= ~run
    if rules.loss_before_session == "confirms":
        return Losses(Flagged(run | cut_short), Flagged(np.zeros(len(lost), dtype=bool)))
    return Losses(Flagged(run), Flagged(cut_short))


def _last_before_a_session(scores: Scores, sessions: Sessions) -> Flags:
    """Per score, whether a session follows before the next score of its series (or after the last one)."""
    treated = scores.session >= 0
    followed = np.zeros(len(scores.at), dtype=bool)
    followed[treated] = sessions.following[scores.session[treated]] < FAR
    same = np.zeros(len(scores.at), dtype=bool)
    same[:-1] = (scores.series[1:] == scores.series[:-1]) & (scores.session[1:] == scores.session[:-1])
    return followed & ~same


def _ends(places: Ints, low: Ints, high: Ints, found: Losses) -> tuple[Ints, Ints, Flags]:
    """Per series followed from `places` on: the place of its loss (-1: none), the last place that counts, and whether
    that is a score that censors.

    `places` is -1 where a series is not followed.
    """
    followed = places >= 0
    after = np.maximum(places, low) + 1
    lost = np.where(followed, found.confirmed.first(after, high), -1)
    stop = np.where(followed, found.unconfirmed.first(after, high), -1)
    lost = np.where((stop >= 0) & (stop < lost), -1, lost)
    stopped = (lost < 0) & (stop >= 0)
    return lost, np.where(stopped, stop, high - 1), stopped


def duration(scores: Scores, series: Series, first_response: Ints, found: Losses) -> dict[str, Floats]:
    """Duration of response, re-treatment allowed: from R to loss of response.

    Columns `duration_event` (1 lost, 0 censored at the last score), `duration_days` (from R), and the
    interval (`loss_left`, `loss_right`] of the loss in days since the course's first session (no loss:
    left = the last score's day, right NaN). NaN without a response.

    Parameters
    ----------
    scores : one entry a score (n,).
    series : one entry a course and instrument (k,).
    first_response : place of R in the scores, -1 without one, shape (k,) (`onset.onset`).
    found : the scores that are a loss (`losses`).

    Returns
    -------
    columns : shape (k,) each.

    Examples
    --------
    >>> from data_models.outcomes.worked_example import worked_example
    >>> of = worked_example()
    >>> found = losses(of.scores, of.judged, of.sessions, of.rules)
    >>> duration(of.scores, of.series, np.array([2]), found)["duration_days"].tolist()  # day 4 to day 30
    [26.0]
    """
    responded = first_response >= 0
    lost_at, last, _ = _ends(first_response, series.low, series.high, found)
    lost = lost_at >= 0
    end = np.where(lost, lost_at, last)
    left = np.where(lost, lost_at - 1, last)

    def day(place: Ints, where: Flags) -> Floats:
        return np.where(where, days(scores.at[place] - series.start), np.nan)

    return {
        "duration_event": np.where(responded, lost.astype(float), np.nan),
        "duration_days": np.where(responded, days(scores.at[end] - scores.at[first_response]), np.nan),
        "loss_left": day(left, responded),
        "loss_right": day(lost_at, lost),
    }


def end_of_induction(
    scores: Scores, series: Series, sessions: Sessions, courses: Courses, rules: OutcomeRules
) -> tuple[Ints, Floats]:
    """Place of each series' end-of-induction score (-1: none), and its days since the last induction session.

    The *first* score after the last induction session of a complete induction, within `end_of_induction_days` and not
    after the next session's start. The last one of these days would leave out who lost response within them.

    Parameters
    ----------
    scores : one entry a score (n,).
    series : one entry a course and instrument (k,).
    sessions, courses : one entry a session, a course.
    rules : `end_of_induction_days` (days).

    Returns
    -------
    places, days : shape (k,) each; NaN days without such a score.

    Examples
    --------
    The records mark the four sessions up to day 10 as induction; the next score is of day 12.

    >>> from data_models.outcomes.worked_example import worked_example
    >>> of = worked_example()
    >>> end_of_induction(of.scores, of.series, of.sessions, of.courses, of.rules)
    (array([3]), array([2.]))
    """
    induction = courses.last_induction[series.course]
    complete = (induction >= 0) & courses.induction_complete[series.course]
    origin = np.where(complete, sessions.at[induction], 0)
    following = np.where(complete, sessions.following[induction], FAR)
    latest = np.minimum(origin + day_ticks(rules.end_of_induction_days), following)
    place = np.searchsorted(scores.keys, key(series.group, origin), side="right")
    found = complete & (place >= series.low) & (place < series.high)
    found[found] = scores.at[place[found]] <= latest[found]
    place = np.where(found, place, -1)
    return place, np.where(found, days(scores.at[place] - origin), np.nan)


def durability(
    scores: Scores,
    series: Series,
    judged: Judged,
    sessions: Sessions,
    courses: Courses,
    found: Losses,
    end: tuple[Ints, Floats],
    rules: OutcomeRules,
) -> dict[str, Floats | pd.Series]:
    """The end-of-induction score, and durability from the last induction session on.

    Followed are evaluable courses whose end-of-induction score is in response and not later than
    `durability_entry_within_days`; each enters at that score. Two views of the same courses: the interval in which
    response was lost, whatever was given meanwhile (`durability_left`, `durability_right`); and what came first, loss
    or the next session of the same or a later course (`durability_end`), as competing events (Aalen and Johansen
    1978; see `competing`). A loss at the very start of the next session counts as loss: that score was taken before.

    Parameters
    ----------
    scores, judged : one entry a score (n,).
    series : one entry a course and instrument (k,).
    sessions, courses : one entry a session, a course.
    found : the scores that are a loss (`losses`).
    end : the end-of-induction scores (`end_of_induction`).
    rules : `durability_entry_within_days` (days after the last induction session).

    Returns
    -------
    columns : shape (k,) each. `end_of_induction_score` in points, `end_of_induction_days` since the last induction
        session, its flags 1, 0 or NaN (not judged); in days since that session `durability_entry_days`,
        `durability_left` and `durability_right` (NaN: not lost by the last score), `durability_days` of
        `durability_end` (loss, retreated, censored at the last score), all missing where the course is not followed.

    Examples
    --------
    Last induction session on day 10, response on day 12, loss between it and day 30.

    >>> from data_models.outcomes.worked_example import worked_example
    >>> of = worked_example()
    >>> found = losses(of.scores, of.judged, of.sessions, of.rules)
    >>> end = end_of_induction(of.scores, of.series, of.sessions, of.courses, of.rules)
    >>> columns = durability(of.scores, of.series, of.judged, of.sessions, of.courses, found, end, of.rules)
    >>> [columns[f"durability_{name}"].tolist() for name in ("entry_days", "left", "right", "days", "end")]
    [[2.0], [2.0], [20.0], [20.0], ['loss']]
    """
    place, since_induction = end

    def flag(values: Flags) -> Floats:
        return take(values, np.where(series.evaluable, place, -1))

    response = flag(judged.response)
    followed = (response == 1) & (since_induction <= rules.durability_entry_within_days)
    induction = courses.last_induction[series.course]
    origin = np.where(followed, sessions.at[induction], 0)
    next_session = np.where(followed, sessions.following[induction], FAR)
    lost_place, last, stopped = _ends(np.where(followed, place, -1), series.low, series.high, found)
    lost_ever = lost_place >= 0
    lost_at = np.where(lost_ever, scores.at[lost_place], FAR)
    lost = lost_ever & (lost_at <= next_session)
    retreated = followed & ~lost & (next_session < FAR)
    retreated &= ~(stopped & (scores.at[last] <= next_session))  # a score that censors comes first
    ended = np.where(lost, lost_at, np.where(retreated, next_session, scores.at[last]))
    ending = np.where(lost, "loss", np.where(retreated, "retreated", "censored")).astype(object)
    ending[~followed] = None

    def since(at: Ints, where: Flags) -> Floats:
        return np.where(where, days(at - origin), np.nan)

    return {
        "end_of_induction_score": take(scores.score, place),
        "end_of_induction_days": since_induction,
        "end_of_induction_response": response,
        "end_of_induction_remission": flag(judged.remission),
        "end_of_induction_worse": flag(judged.worse),
        "durability_entry_days": np.where(followed, since_induction, np.nan),
        "durability_left": since(scores.at[np.where(lost_ever, lost_place - 1, last)], followed),
        "durability_right": since(lost_at, lost_ever),
        "durability_days": since(ended, followed),
        "durability_end": pd.Series(ending, dtype="str"),
    }
