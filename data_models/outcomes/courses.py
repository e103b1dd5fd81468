"""Courses and phases (definitions, section 2): which sessions belong together, and what for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from data_models.definitions.rules import OutcomeRules
from data_models.definitions.vocabulary import MIXED, PHASES, SEVERITIES, SIDE_EFFECT_BITS
from data_models.outcomes.clock import FAR, Flags, Floats, Ints, day_ticks, days, key, ticks

# What a course is at the end of observation (definitions, section 2).
GOING_ON, ENDED, UNKNOWN = "going_on", "ended", "unknown"
STATUSES = (GOING_ON, ENDED, UNKNOWN)


@dataclass(slots=True)
class Sessions:
    """Sessions in order of patient and time, with their place in a course; one entry a session.

    `patient` is an index into `patient_ids`; `course` counts courses over all patients from 0;
    `at` is the start in ticks; `following` the start of the patient's next session (`FAR`: none).
    """

    frame: pd.DataFrame
    patient_ids: Ints
    patient: Ints
    at: Ints
    keys: Ints
    course: Ints
    number: Ints
    induction: np.ndarray
    following: Ints

    @property
    def phase(self) -> pd.Categorical[Any]:
        """The phase of each session by name."""
        place = np.where(self.induction, PHASES.index("induction"), PHASES.index("maintenance"))
        return pd.Categorical.from_codes(place.tolist(), categories=pd.Index(PHASES, dtype=object))


@dataclass(slots=True)
class Courses:
    """One entry a course, in order of patient and time. Times in ticks on the patient's clock."""

    patient: Ints
    number: Ints
    start: Ints
    end: Ints  # start of the next course, or FAR
    first: Ints  # index of its first session
    last: Ints  # index of its last session
    last_induction: Ints  # index of its last induction session, or -1
    induction_sessions: Ints
    induction_complete: Flags


@dataclass(slots=True)
class Observation:
    """Until when patients were looked at; one entry a patient of `Sessions.patient_ids`, in ticks on their clocks.

    `until`: the end of observation, -1 where it is not known; `record_end`: the last session or score.
    """

    until: Ints
    record_end: Ints

    @property
    def surely(self) -> Ints:
        """A time up to which the patient was surely looked at."""
        return np.maximum(self.until, self.record_end)


def find_courses(frame: pd.DataFrame, rules: OutcomeRules) -> tuple[Sessions, Courses]:
    """Split each patient's sessions into courses and phases (definitions, section 2).

    Parameters
    ----------
    frame : one row a session, any order: patient_id, hours since the patient's first session, phase (given in
        the records, which wins, or missing), drug (of which a course's first session says how many sessions its
        induction is planned to have), and any others.
    rules : `course_gap_days`, `induction_gap_days` (days), `induction_sessions_ketamine`,
        `induction_sessions_esketamine`, `induction_min_sessions`.

    Returns
    -------
    sessions, courses : one entry a session (n,) and a course (m,), both in order of patient and time. Induction is
        told without looking ahead: a session's phase does not depend on what came after it.

    Examples
    --------
    A gap of 30 days ends induction, one of 110 days the course.

    >>> days = np.array([0, 4, 34, 144])
    >>> frame = pd.DataFrame({"patient_id": 1, "hours": days * 24.0, "phase": None, "drug": "ketamine"})
    >>> sessions, courses = find_courses(frame, OutcomeRules())
    >>> courses.number[sessions.course].tolist(), list(sessions.phase)
    ([1, 1, 1, 2], ['induction', 'induction', 'maintenance', 'induction'])
    """
    frame = frame.sort_values(["patient_id", "hours"], ignore_index=True)
    patient_ids, patient = np.unique(frame["patient_id"].to_numpy(np.int64), return_inverse=True)
    at = ticks(frame["hours"])
    place = np.arange(len(frame), dtype=np.int64)

    new_patient = np.diff(patient, prepend=-1) > 0
    gap = np.diff(at, prepend=at[:1])
    opens = new_patient | (gap > day_ticks(rules.course_gap_days))
    course = np.cumsum(opens) - 1
    first = np.flatnonzero(opens)
    number = place - first[course] + 1

    # A long gap ends induction for good: count the long gaps since the course began.
    long_gaps = np.cumsum((gap > day_ticks(rules.induction_gap_days)) & ~opens)
    of_esketamine = frame["drug"].to_numpy(object)[first] == "esketamine"
    planned = np.where(of_esketamine, rules.induction_sessions_esketamine, rules.induction_sessions_ketamine)
    by_rule = (long_gaps == long_gaps[first][course]) & (number <= planned[course])
    given = frame["phase"].to_numpy(object)
    induction = np.where(given == "induction", True, np.where(given == "maintenance", False, by_rule)).astype(bool)

    last = np.concatenate((first[1:], [len(frame)])) - 1 if len(frame) else first
    same_patient = ~np.concatenate((new_patient[1:], [True])) if len(frame) else new_patient
    following = np.where(same_patient, np.concatenate((at[1:], [0])) if len(frame) else at, FAR)
    last_induction = np.full(first.shape, -1, dtype=np.int64)
    np.maximum.at(last_induction, course[induction], place[induction])
    induction_sessions = np.bincount(course[induction], minlength=len(first))
    marked = np.bincount(course[given == "induction"], minlength=len(first))
    course_patient = patient[first]
    first_course = np.flatnonzero(np.diff(course_patient, prepend=-1) > 0)
    courses = Courses(
        patient=course_patient,
        number=np.arange(len(first)) - np.repeat(first_course, np.diff(np.append(first_course, len(first)))) + 1,
        start=at[first],
        end=following[last],
        first=first,
        last=last,
        last_induction=last_induction,
        induction_sessions=induction_sessions,
        induction_complete=(induction_sessions >= planned) | (marked >= rules.induction_min_sessions),
    )
    sessions = Sessions(frame, patient_ids, patient, at, key(patient, at), course, number, induction, following)
    return sessions, courses


def observation(sessions: Sessions, observed_weeks: pd.Series, record_end: Ints) -> Observation:
    """Until when each patient was looked at (definitions, section 1).

    Parameters
    ----------
    observed_weeks : whole weeks since the first session, by patient_id; missing where it is not known. They are
        rounded down, so a record of the week after them is none too late: the later of the two counts.
    record_end : time of each patient's last session or score, in ticks.

    Examples
    --------
    Looked at for 8 weeks, with a last score on day 41.

    >>> from data_models.outcomes.worked_example import worked_example
    >>> seen = observation(worked_example().sessions, pd.Series({1: 8}), ticks([41 * 24]))
    >>> (seen.until / day_ticks(1)).tolist()
    [56.0]
    """
    weeks = observed_weeks.reindex(sessions.patient_ids).to_numpy(np.float64)
    known = ~np.isnan(weeks)
    until = np.maximum(day_ticks(7) * np.where(known, weeks, 0).astype(np.int64), record_end)
    return Observation(np.where(known, until, -1), record_end)


def _of_all(codes: pd.Series, courses: Courses) -> pd.Series:
    """Per course, the one code of its sessions; `mixed` where they have several, missing where they have none."""
    places, names = pd.factorize(codes)
    if not len(places):
        return pd.Series(dtype="str")
    lowest = np.minimum.reduceat(np.where(places < 0, len(names), places), courses.first)
    highest = np.maximum.reduceat(places, courses.first)
    known = np.array([*names, MIXED, None], dtype=object)
    chosen = np.where(highest < 0, len(names) + 1, np.where(lowest < highest, len(names), highest))
    return pd.Series(known[chosen], dtype="str")


def course_facts(
    sessions: Sessions, courses: Courses, record_end: Ints, seen: Observation, worst: Floats, rules: OutcomeRules
) -> pd.DataFrame:
    """The `courses` table: one row a course.

    A course is going on while the end of observation lies less than `course_gap_days` after its last session. Where
    that end is not known, a later record can show that a course ended, and nothing that it goes on.

    Parameters
    ----------
    sessions, courses : as `find_courses` gives them; the frame also with drug and route.
    record_end : time of each course's last session or score, in ticks, shape (m,).
    seen : until when each patient was looked at (`observation`).
    worst : grade of each session's worst side effect, 0 to 3 (NaN: not known), shape (n,).
    rules : `course_gap_days`, `induction_gap_days` (days).

    Returns
    -------
    frame : m rows. Times in hours since the patient's first session; `end_hours` the start of the next course, NaN
        without one; `observed_until_hours` NaN where it is not known; `status` one of `STATUSES`; `drug` and `route`
        of its sessions, `mixed` where they have several; `early_stop` 1 where induction was not completed and
        `induction_gap_days` are gone since its last session, NaN where they are not yet gone; `worst` of its sessions.

    Examples
    --------
    >>> from data_models.outcomes.worked_example import worked_example
    >>> of = worked_example()
    >>> grades = np.array([0, np.nan, 2, 1, 0])
    >>> end = ticks([41 * 24])
    >>> seen = observation(of.sessions, pd.Series({1: 8}), end)
    >>> facts = course_facts(of.sessions, of.courses, end, seen, grades, of.rules)
    >>> facts[["sessions", "induction_sessions", "last_induction_hours", "record_end_hours", "worst"]].values.tolist()
    [[5.0, 4.0, 240.0, 984.0, 2.0]]
    >>> facts[["status", "induction_complete", "early_stop"]].values.tolist()
    [['going_on', 1, 0.0]]
    """
    hours = sessions.frame["hours"].to_numpy(np.float64)
    last_induction = np.where(courses.last_induction >= 0, hours[courses.last_induction], np.nan)
    until, surely = seen.until[courses.patient], seen.surely[courses.patient]
    over = (courses.end < FAR) | (surely - sessions.at[courses.last] >= day_ticks(rules.course_gap_days))
    of_induction = np.where(courses.last_induction >= 0, courses.last_induction, courses.last)
    stopped = surely - sessions.at[of_induction] >= day_ticks(rules.induction_gap_days)
    return pd.DataFrame(
        {
            "patient_id": sessions.patient_ids[courses.patient],
            "course": courses.number,
            "start_hours": hours[courses.first],
            "end_hours": np.where(courses.end == FAR, np.nan, courses.end / ticks(1)),
            "record_end_hours": record_end / ticks(1),
            "observed_until_hours": np.where(until >= 0, until / ticks(1), np.nan),
            "status": pd.Series(np.select([over, until >= 0], [ENDED, GOING_ON], UNKNOWN), dtype="str"),
            "drug": _of_all(sessions.frame["drug"], courses),
            "route": _of_all(sessions.frame["route"], courses),
            "sessions": courses.last - courses.first + 1,
            "induction_sessions": courses.induction_sessions,
            "last_induction_hours": last_induction,
            "last_session_hours": hours[courses.last],
            "induction_complete": courses.induction_complete.astype(np.int64),
            "early_stop": np.where(courses.induction_complete, 0.0, np.where(stopped, 1.0, np.nan)),
            "worst": np.fmax.reduceat(worst, courses.first),
        }
    )


def session_facts(
    sessions: Sessions, courses: Courses, side_effects: pd.DataFrame, scored: tuple[Flags, Flags]
) -> pd.DataFrame:
    """The `session_facts` table: one row a session, with its place, its side effects and its scores.

    Parameters
    ----------
    side_effects : columns patient_id, hours (of the session's start), term, severity.
    scored : per session, whether a score stands before and after it (`score_facts.scored_sessions`).
    """
    terms, worst = _effects_by_session(sessions, side_effects)
    recorded = terms > 0
    asked = (sessions.frame["side_effects_asked"].to_numpy(np.float64) == 1) | recorded
    return pd.DataFrame(
        {
            "patient_id": sessions.patient_ids[sessions.patient],
            "hours": sessions.frame["hours"],
            "course": courses.number[sessions.course],
            "number": sessions.number,
            "days": days(sessions.at - courses.start[sessions.course]),
            "phase": sessions.phase,
            "asked": asked.astype(np.int64),
            "effects": np.bitwise_count(terms).astype(np.int64),
            "terms": terms,
            "worst": np.where(recorded, np.where(worst > 0, worst, np.nan), np.where(asked, 0.0, np.nan)),
            "scored_before": scored[0].astype(np.int64),
            "scored_after": scored[1].astype(np.int64),
        }
    )


def _effects_by_session(sessions: Sessions, side_effects: pd.DataFrame) -> tuple[Ints, Floats]:
    """Per session: the terms recorded as bits, and the worst grade (1 to 3; 0 where none is graded)."""
    terms = np.zeros(len(sessions.at), dtype=np.int64)
    worst = np.zeros(len(sessions.at))
    if side_effects.empty:
        return terms, worst
    patient = np.searchsorted(sessions.patient_ids, side_effects["patient_id"].to_numpy(np.int64))
    place = np.searchsorted(sessions.keys, key(patient, ticks(side_effects["hours"])))
    bit = 1 << side_effects["term"].map(SIDE_EFFECT_BITS).to_numpy(np.int64)
    grade = pd.Index(SEVERITIES).get_indexer(pd.Index(side_effects["severity"])) + 1.0
    np.bitwise_or.at(terms, place, bit)
    np.maximum.at(worst, place, grade)
    return terms, worst
