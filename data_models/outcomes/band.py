"""The band of similar courses: how many courses stood at which score in each bin of days, and its percentiles.

Counts of some patients add to those of others, so a store keeps them up with each change and reads the band
of any number of courses off some hundred rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from data_models.outcomes.clock import Flags, Floats, Ints
from data_models.rules import FADE_BINS_DAYS

# Days since the course's first session, [from, to); the first holds the scores of the 14 days up to it.
COURSE_BINS_DAYS: tuple[tuple[float, float], ...] = (
    (-1, 0), (0, 1), (1, 3), (3, 7), (7, 14), (14, 21), (21, 28), (28, 42), (42, 60), (60, 90), (90, 120), (120, 180),
    (180, 270), (270, 365),
)  # fmt: skip
_EARLIEST_DAYS = -14.0
COURSE, SESSION = "course", "session"  # days since the course's first session, since the latest session
BINS = {COURSE: COURSE_BINS_DAYS, SESSION: FADE_BINS_DAYS}
ANY_PHASE = ""
KEY = ["instrument", "clock", "route", "phase", "clinic", "bin", "score"]
_SHARES = {"p10": 0.10, "p25": 0.25, "p50": 0.50, "p75": 0.75, "p90": 0.90}
_COLUMNS = ["day_from", "day_to", *_SHARES, "courses"]


def alike(courses: pd.DataFrame, session_facts: pd.DataFrame, clinics: pd.Series) -> pd.DataFrame:
    """What makes courses alike: columns patient_id, course, clinic, route, phase (of the course's latest session).

    Parameters
    ----------
    courses, session_facts : the tables of the same names of some patients, in the order of their derivation.
    clinics : each patient's clinic by patient_id.
    """
    latest = np.cumsum(courses["sessions"].to_numpy(np.int64)) - 1
    return pd.DataFrame(
        {
            "patient_id": courses["patient_id"],
            "course": courses["course"],
            "clinic": clinics.reindex(courses["patient_id"]).to_numpy(object),
            "route": courses["route"],
            "phase": session_facts["phase"].to_numpy(object)[latest],
        }
    )


def band_counts(scores: pd.DataFrame, courses: pd.DataFrame) -> pd.DataFrame:
    """The `band_counts` table of some patients: columns `KEY` and courses.

    Parameters
    ----------
    scores : patient_id, instrument, course, days, since_session_days, session_phase, score of `score_facts`; the
        rows of a patient and instrument stand together, in order of time.
    courses : as `alike` gives them, in order of patient and course.

    A course counts once a bin, by its last score there. On the clock of sessions it counts once more for each
    phase, by its last score there of that phase (of the score's latest session).
    """
    if scores.empty:
        return pd.DataFrame({name: [] for name in (*KEY, "courses")})
    instrument, instruments = pd.factorize(scores["instrument"])
    score, points = pd.factorize(scores["score"].to_numpy(np.float64))
    phase, phases = pd.factorize(scores["session_phase"])
    series, course = _series(scores, instrument, courses)
    (clinic, clinics), (route, routes) = _coded(courses["clinic"]), _coded(courses["route"])
    course_phase, course_phases = _coded(courses["phase"])
    days, since = (scores[name].to_numpy(np.float64) for name in ("days", "since_session_days"))
    on_course, on_session = _bins(days, COURSE, _EARLIEST_DAYS), _bins(since, SESSION, 0.0)

    def counted(clock: str, place: Ints, of_phase: Ints, names: Sequence[str], apart: bool) -> pd.DataFrame:
        """`of_phase`: each score's place in `names`; `apart`: a course counts in each of them."""
        last = _last(series * len(names) + of_phase if apart else series, place, len(BINS[clock]))
        of = course[last]
        code = (instrument[last], route[of], of_phase[last], clinic[of], place[last], score[last])
        sizes = (len(instruments), len(routes), len(names), len(clinics), len(BINS[clock]), len(points))
        key, courses_there = np.unique(np.ravel_multi_index(code, sizes), return_counts=True)
        at = np.unravel_index(key, sizes)
        return pd.DataFrame(
            {
                "instrument": np.asarray(instruments, object)[at[0]],
                "clock": clock,
                "route": np.asarray(routes, object)[at[1]],
                "phase": np.asarray(names, object)[at[2]],
                "clinic": np.asarray(clinics, object)[at[3]],
                "bin": at[4],
                "score": points[at[5]],
                "courses": courses_there,
            }
        )

    parts = [
        counted(COURSE, on_course, course_phase[course], course_phases, False),
        counted(SESSION, on_session, np.zeros_like(phase), [ANY_PHASE], False),
    ]
    if len(phases):
        parts.append(counted(SESSION, on_session, phase, list(phases), True))
    return pd.concat(parts, ignore_index=True)


def summed(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Counts of several groups of patients as those of all of them, in order of their key."""
    whole = pd.concat(parts, ignore_index=True)
    return whole.groupby(KEY, sort=True)["courses"].sum().reset_index()


def _coded(texts: pd.Series) -> tuple[Ints, list[str]]:
    """Each text's place among the different ones; a missing one's is that of "", which stands last."""
    codes, names = pd.factorize(texts)
    return codes % (len(names) + 1), [*map(str, names), ""]


def _series(scores: pd.DataFrame, instrument: Ints, courses: pd.DataFrame) -> tuple[Ints, Ints]:
    """Per score, a number of its course and instrument (from 0, in order), and its course's row in `courses`."""
    patient, number = scores["patient_id"].to_numpy(np.int64), scores["course"].to_numpy(np.int64)
    begins = np.ones(len(scores), dtype=bool)
    begins[1:] = (np.diff(patient) != 0) | (np.diff(instrument) != 0) | (np.diff(number) != 0)
    series, first = np.cumsum(begins) - 1, np.flatnonzero(begins)
    most = int(courses["course"].max()) + 1
    known = courses["patient_id"].to_numpy(np.int64) * most + courses["course"].to_numpy(np.int64)
    return series, np.searchsorted(known, patient[first] * most + number[first])[series]


def _bins(days: Floats, clock: str, earliest: float) -> Ints:
    """Each time's bin; -1 outside of all of them. What lies at or before day 0 is before the course."""
    ends = np.array([end or np.nextafter(0.0, 1.0) for _, end in BINS[clock]])
    inside: Flags = (days >= earliest) & (days < ends[-1])
    return np.where(inside, np.searchsorted(ends, days, side="right"), -1)


def _last(group: Ints, place: Ints, bins: int) -> Ints:
    """The places of the last score of each group and bin."""
    inside = np.flatnonzero(place >= 0)
    slot = group[inside] * bins + place[inside]
    last = np.full(int(slot.max(initial=-1)) + 1, -1, dtype=np.int64)
    last[slot] = inside  # of several for one slot the last stays
    return last[last >= 0]


def percentiles(counts: pd.DataFrame, bins: Sequence[tuple[float, float]]) -> pd.DataFrame:
    """Percentiles per bin from counts of courses by bin and score (both ascending).

    Returns
    -------
    One row a bin that holds a score: day_from, day_to, p10, p25, p50, p75, p90 (score points), courses.
    Percentiles are the lowest score that at least that share of courses does not exceed.
    """
    rows: list[dict[str, float]] = []
    for number, held in counts.groupby("bin", sort=True):
        low, high = bins[int(str(number))]
        below = np.cumsum(held["courses"].to_numpy())
        values = held["score"].to_numpy(dtype=float)
        total = int(below[-1])
        # The first score whose cumulated share reaches the wanted one; 1e-9 for shares like 0.1 * 10.
        found = {name: float(values[np.searchsorted(below, share * total - 1e-9)]) for name, share in _SHARES.items()}
        rows.append({"day_from": float(low), "day_to": float(high), **found, "courses": total})
    return pd.DataFrame(rows, columns=_COLUMNS)
