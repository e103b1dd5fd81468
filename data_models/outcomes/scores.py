"""Scores on the clock: each score's course, baseline, change and latest session (definitions, 1, 3, 5.3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data_models.definitions.instruments import INSTRUMENTS, improvement
from data_models.definitions.rules import ROUNDING, OutcomeRules
from data_models.outcomes.clock import Flags, Floats, Ints, day_ticks, key, take, ticks
from data_models.outcomes.courses import Courses, Sessions

# What a patient's course amounts to at its latest score (screens, Patients).
STATES = ("responding", "fading", "response_lost", "no_response", "not_measured", "worse", "mild_at_start")
# A score before two later sessions says nothing of today: what stands in place of the states that rest on it.
NOT_SCORED = "not_scored"
OF_LATEST_SCORE = ("responding", "fading", "response_lost", "no_response", "worse")

BY_HOURS, BY_DAY_BEFORE, BY_DAY_AFTER = 0, 1, 2
_RANKS = np.array([1, 0, 2])  # of these, in the order of scores that stand at one time


def state_today(state: str, sessions_since: int) -> str:
    """What is left of the state at the latest score after so many sessions, a session at the score's time counted.

    Examples
    --------
    >>> state_today("fading", 1), state_today("fading", 2), state_today("mild_at_start", 2)
    ('fading', 'not_scored', 'mild_at_start')
    """
    return NOT_SCORED if sessions_since >= 2 and state in OF_LATEST_SCORE else state


@dataclass(slots=True)
class Scores:
    """Scores in order of patient, instrument and time; one entry a score of a patient with sessions.

    `group` numbers (patient, instrument) from 0; `at` is the resolved time in ticks; `session` is the
    index of the latest session that started before the score (-1: none), `course` the course in
    whose observation the score lies (the patient's first course for scores before any session);
    `series` the course and instrument it counts for (-1: before the first session).
    """

    frame: pd.DataFrame
    patient: Ints
    group: Ints
    at: Ints
    keys: Ints
    score: Floats
    item9: Floats
    session: Ints
    course: Ints
    series: Ints


@dataclass(slots=True)
class Series:
    """One entry a course and instrument that has a baseline or a score in its observation.

    The observation is the slice [`low`, `high`) of the scores; `baseline_place` is -1 without one. `ill`: the baseline
    is as severe as `entry_severity` asks for.
    Limits are per series: `minimum` of the scale, `remission`, `moderate`, `least_change` in points, `standard_error`
    of measurement, `recovered_below` (NaN: it has none).
    """

    course: Ints
    group: Ints
    instrument: np.ndarray
    low: Ints
    high: Ints
    start: Ints
    baseline_place: Ints
    baseline: Floats
    minimum: Floats
    remission: Floats
    moderate: Floats
    least_change: Floats
    standard_error: Floats
    recovered_below: Floats
    ill: Flags

    @property
    def evaluable(self) -> Flags:
        """A baseline at or above the entry severity and at least one score in the observation."""
        return self.ill & (self.high > self.low)


def place_scores(frame: pd.DataFrame, sessions: Sessions, courses: Courses, rules: OutcomeRules) -> Scores:
    """Put scores on the clock and find each one's session and course.

    Parameters
    ----------
    frame : columns patient_id, instrument, hours, precision, score, item9.
        Scores of patients without any session have no course and are left out. Of two scores of one
        instrument at the same resolved time the later one follows by a tick: none is lost. By day and before a
        session comes first, by hours next, by day and after a session last.
        `hours` since the patient's first session; `precision` 0: to the hour, 1 and 2: by day, before and after
        that day's sessions. One row a score, any order.
    sessions, courses : as `courses.find_courses` gives them.
    rules : `day_only_after_hours` (hours).

    Returns
    -------
    scores : one entry a score (n,) in order of patient, instrument and time; none counts for a series yet.

    Examples
    --------
    >>> from data_models.outcomes.worked_example import worked_example
    >>> of = worked_example()
    >>> (of.scores.at / ticks(24)).tolist(), of.scores.session.tolist()
    ([-1.0, 1.0, 4.0, 12.0, 30.0, 41.0], [-1, 0, 1, 3, 3, 4])
    """
    ids = frame["patient_id"].to_numpy(np.int64)
    patient = np.searchsorted(sessions.patient_ids, ids)
    known = patient < len(sessions.patient_ids)
    known[known] = sessions.patient_ids[patient[known]] == ids[known]
    if not known.all():
        frame, patient = frame[known], patient[known]
    at = _resolve(frame, patient, sessions, rules)
    instrument, names = _instrument_codes(frame["instrument"])
    group = patient * len(names) + instrument
    rank = _RANKS[frame["precision"].to_numpy(np.int64)]
    order = np.lexsort((frame["hours"].to_numpy(np.float64), rank, at, group))
    frame, patient, at = frame.iloc[order].reset_index(drop=True), patient[order], at[order]
    _, group = np.unique(group[order], return_inverse=True)
    at = _apart(group, at)

    session = np.searchsorted(sessions.keys, key(patient, at)) - 1
    session = np.where((session >= 0) & (sessions.patient[session] == patient), session, -1)
    first_course = np.searchsorted(courses.patient, patient)
    course = np.where(session >= 0, sessions.course[session], first_course)
    return Scores(
        frame=frame,
        patient=patient,
        group=group,
        at=at,
        keys=key(group, at),
        score=frame["score"].to_numpy(np.float64),
        item9=frame["item9"].to_numpy(np.float64),
        session=session,
        course=course,
        series=np.full(len(at), -1, dtype=np.int64),
    )


def _apart(group: Ints, at: Ints) -> Ints:
    """Times of which none coincide in a group: earlier ones of a run go back by ticks, and so past no session's start.

    `at` ascends within each group.
    """
    tied = (group[1:] == group[:-1]) & (at[1:] == at[:-1])
    if not tied.any():
        return at
    last_of_run = np.flatnonzero(np.append(~tied, True))
    places = np.arange(len(at))
    return at - (last_of_run[np.searchsorted(last_of_run, places)] - places)


def _instrument_codes(instruments: pd.Series) -> tuple[Ints, list[str]]:
    codes, names = pd.factorize(instruments)
    return codes.astype(np.int64), list(names)


def _resolve(frame: pd.DataFrame, patient: Ints, sessions: Sessions, rules: OutcomeRules) -> Ints:
    """Times in ticks; a score given by day is placed against the sessions of that day.

    Before (the rule for day-only input): at the start of the day's first session, which counts as
    before it. After: `day_only_after_hours` past the start of the day's last session, but never past
    half the time to the day's end or the next session. On a day without a session the day's own start
    stands in for the session's.
    """
    at = ticks(frame["hours"])
    precision = frame["precision"].to_numpy(np.int64)
    by_day = np.flatnonzero(precision != BY_HOURS)
    if not by_day.size:
        return at
    owner, day = patient[by_day], at[by_day]
    day_end = day + day_ticks(1)
    low = np.searchsorted(sessions.keys, key(owner, day))
    high = np.searchsorted(sessions.keys, key(owner, day_end))
    treated = high > low
    after = precision[by_day] == BY_DAY_AFTER

    before = treated & ~after
    at[by_day[before]] = sessions.at[low[before]]
    session = high[treated] - 1
    start, end = day.copy(), day_end.copy()
    start[treated] = sessions.at[session]
    end[treated] = np.minimum(day_end[treated], sessions.following[session])
    late = np.minimum(ticks(rules.day_only_after_hours), (end - start) // 2)
    at[by_day[after]] = (start + late)[after]
    return at


def find_series(scores: Scores, courses: Courses, rules: OutcomeRules) -> Series:
    """Cut each patient's scores of one instrument into baseline and observation per course.

    Sets `scores.series` on the way: the series in whose observation each score lies.

    Parameters
    ----------
    scores, courses : one entry a score (n,), a course (m,).
    rules : `baseline_window_days` (days), `entry_severity`, the remission cut-offs (points).

    Returns
    -------
    series : one entry a course and instrument that has a baseline or a score in its observation (k,).

    Examples
    --------
    >>> from data_models.outcomes.worked_example import worked_example
    >>> of = worked_example()
    >>> of.series.baseline.tolist(), of.series.low.tolist(), of.series.high.tolist()
    ([20.0], [1], [6])
    """
    first = np.flatnonzero(np.diff(scores.group, prepend=-1) > 0)
    group_patient = scores.patient[first]
    courses_from = np.searchsorted(courses.patient, group_patient)
    course_count = np.searchsorted(courses.patient, group_patient, side="right") - courses_from
    group = np.repeat(np.arange(len(first)), course_count)
    within = np.arange(len(group)) - np.repeat(np.cumsum(course_count) - course_count, course_count)
    course = courses_from[group] + within

    start = courses.start[course]
    low = np.searchsorted(scores.keys, key(group, start), side="right")
    high = np.searchsorted(scores.keys, key(group, courses.end[course]), side="right")
    baseline_place = low - 1
    # The group's first score bounds how far back a baseline may be looked for.
    valid = baseline_place >= first[group]
    valid[valid] = start[valid] - scores.at[baseline_place[valid]] <= day_ticks(rules.baseline_window_days)
    baseline_place = np.where(valid, baseline_place, -1)

    kept = valid | (high > low)
    group, course, low, high = group[kept], course[kept], low[kept], high[kept]
    baseline_place = baseline_place[kept]
    instrument = scores.frame["instrument"].to_numpy(object)[first][group]
    baseline = take(scores.score, baseline_place)
    limits = {name: INSTRUMENTS[name] for name in set(instrument)}

    def per_series(values: dict[str, float]) -> Floats:
        return np.array([values[name] for name in instrument], dtype=np.float64)

    none = float("nan")
    remission = {n: none if (cut := rules.remission_cutoff(n)) is None else cut for n in limits}
    least = {n: none if i.meaningful_change is None else i.meaningful_change for n, i in limits.items()}
    error = {n: none if i.standard_error is None else i.standard_error for n, i in limits.items()}
    is_share = per_series({n: float(i.meaningful_is_share) for n, i in limits.items()})
    minimum = per_series({n: i.minimum for n, i in limits.items()})
    moderate = per_series({n: i.moderate for n, i in limits.items()})
    ill = baseline > minimum
    if rules.entry_severity == "moderate":
        ill &= baseline >= moderate
    counts = high - low
    scores.series[np.repeat(low - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())] = np.repeat(
        np.arange(len(low)), counts
    )
    return Series(
        course=course,
        group=group,
        instrument=instrument,
        low=low,
        high=high,
        start=courses.start[course],
        baseline_place=baseline_place,
        baseline=baseline,
        minimum=minimum,
        remission=per_series(remission),
        moderate=moderate,
        least_change=per_series(least) * np.where(is_share == 1, baseline - minimum, 1.0),
        standard_error=per_series(error),
        recovered_below=per_series({n: i.recovered_below for n, i in limits.items()}),
        ill=ill,
    )


@dataclass(slots=True)
class Judged:
    """Per score, against its series' baseline (NaN / False where there is none above the minimum)."""

    change: Floats
    improvement: Floats
    response: Flags
    partial: Flags  # at least a partial response
    remission: Flags
    worse: Flags
    lost: Flags  # meets the loss rule


def judge(scores: Scores, series: Series, rules: OutcomeRules) -> Judged:
    """Change, improvement and the bands a score falls in (definitions, sections 3 and 5).

    Response as at least half of the baseline gone, and remission as a score in the range of people who are well,
    follow Rush et al. 2006 (Neuropsychopharmacology 31:1841).

    Parameters
    ----------
    scores : one entry a score (n,), placed in its series by `find_series`.
    series : one entry a course and instrument (k,): baseline and limits in points.
    rules : `response_improvement`, `partial_improvement` (shares of the baseline), `loss_rule`.

    Returns
    -------
    judged : shape (n,) each: change in points, improvement as a share of the baseline (0.5: half of it is gone), both
        NaN without a baseline above the scale's minimum, and the flags, then False.

    Examples
    --------
    >>> from data_models.outcomes.worked_example import worked_example
    >>> of = worked_example()
    >>> judged = judge(of.scores, of.series, of.rules)
    >>> judged.improvement.round(2).tolist()
    [nan, 0.3, 0.55, 0.6, 0.2, 0.55]
    >>> judged.response.tolist()
    [False, False, True, True, False, True]
    """
    counted = scores.series >= 0
    of = scores.series

    def spread(values: Floats) -> Floats:
        return np.where(counted, values[of], np.nan) if len(values) else np.full(len(of), np.nan)

    baseline = spread(series.baseline)
    change = scores.score - baseline
    with np.errstate(invalid="ignore", divide="ignore"):
        minimum = spread(series.minimum)
        gained = np.where(baseline > minimum, improvement(baseline, scores.score, minimum), np.nan)
    response = gained >= rules.response_improvement - ROUNDING
    measured = ~np.isnan(gained)
    back_in_band = scores.score >= spread(series.moderate)
    half_lost = measured & ~response
    lost = {"half_lost": half_lost, "back_in_band": back_in_band & measured, "both": half_lost & back_in_band}
    return Judged(
        change=change,
        improvement=gained,
        response=response,
        partial=gained >= rules.partial_improvement - ROUNDING,
        remission=measured & (scores.score <= spread(series.remission)),
        worse=measured & (change >= spread(series.least_change) - ROUNDING),
        lost=lost[rules.loss_rule],
    )
