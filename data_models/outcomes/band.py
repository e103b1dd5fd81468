"""The band of similar courses: how many courses stood at which score in each bin of days, and its percentiles.

Counts of some patients add to those of others, so a store keeps them up with each change and reads the band
of any number of courses off some hundred rows.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from data_models.definitions.rules import FADE_BINS_DAYS
from data_models.outcomes.clock import Flags, Floats, Ints

# Days since the course's first session, [from, to); the first holds the scores of the 14 days up to it.
COURSE_BINS_DAYS: tuple[tuple[float, float], ...] = (
    (-1, 0), (0, 1), (1, 3), (3, 7), (7, 14), (14, 21), (21, 28), (28, 42), (42, 60), (60, 90), (90, 120), (120, 180),
    (180, 270), (270, 365),
)  # fmt: skip
_EARLIEST_DAYS = -14.0
COURSE, SESSION = "course", "session"  # days since the course's first session, since the latest session
BINS = {COURSE: COURSE_BINS_DAYS, SESSION: FADE_BINS_DAYS}
ANY_PHASE = ""
_SHARES = {"p10": 0.10, "p25": 0.25, "p50": 0.50, "p75": 0.75, "p90": 0.90}
_COLUMNS = ["day_from", "day_to", *_SHARES, "courses"]

Group = tuple[str, str, str, str, str]  # instrument, clock, route, phase, clinic: the key of `band_counts`


class Cells(NamedTuple):
    """How many courses of a group stood at which score in which bin (a place in `BINS`); ascending."""

    bin: Ints
    score: Floats
    courses: Ints

    def part(self, begin: int, end: int) -> Cells:
        """Those from one place to another."""
        return Cells(self.bin[begin:end], self.score[begin:end], self.courses[begin:end])

    def text(self) -> str:
        """As JSON, which gives back the very same numbers."""
        return json.dumps([column.tolist() for column in self], separators=(",", ":"))

    @classmethod
    def of_text(cls, text: str) -> Cells:
        """Those that `text` made a JSON of."""
        bins, scores, courses = json.loads(text)
        return cls(np.array(bins, np.int64), np.array(scores, np.float64), np.array(courses, np.int64))


Counts = dict[Group, Cells]


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


def band_counts(scores: pd.DataFrame, courses: pd.DataFrame) -> Counts:
    """The counts of some patients.

    Parameters
    ----------
    scores : patient_id, instrument, course, days, since_session_days, session_phase, score of `score_facts`; the
        rows of a patient and instrument stand together, in order of time.
    courses : as `alike` gives them, in order of patient and course.

    A course counts once a bin, by its last score there. On the clock of sessions it counts once more for each
    phase, by its last score there of that phase (of the score's latest session).
    """
    if scores.empty:
        return {}
    instrument, instruments = pd.factorize(scores["instrument"])
    score, points = pd.factorize(scores["score"].to_numpy(np.float64), sort=True)
    (phase, phases), series = _coded(scores["session_phase"]), _series(scores, instrument)
    course = _rows(scores, series, courses)
    (clinic, clinics), (route, routes) = _coded(courses["clinic"]), _coded(courses["route"])
    course_phase, course_phases = _coded(courses["phase"])
    on_course = _bins(scores["days"], COURSE, _EARLIEST_DAYS)
    on_session = _bins(scores["since_session_days"], SESSION, 0.0)

    def counted(clock: str, place: Ints, of_phase: Ints, names: Sequence[str], apart: bool) -> Counts:
        """`of_phase`: each score's place in `names`; `apart`: a course counts in each of them."""
        last = _last(series * len(names) + of_phase if apart else series, place, len(BINS[clock]))
        of = course[last]
        code = (instrument[last], route[of], of_phase[last], clinic[of], place[last], score[last])
        sizes = (len(instruments), len(routes), len(names), len(clinics), len(BINS[clock]), len(points))
        of_key, keys = pd.factorize(np.ravel_multi_index(code, sizes), sort=True)
        *group, bin_, point = np.unravel_index(keys, sizes)
        whole = Cells(bin_, points[point], np.bincount(of_key))
        # In order of their key the cells of a group stand together.
        begins = np.flatnonzero(np.diff(keys // (sizes[-2] * sizes[-1]), prepend=-1)).tolist()
        groups = zip(*(places[begins].tolist() for places in group), strict=True)
        ends = [*begins, len(keys)][1:]
        return {
            (str(instruments[i]), clock, routes[r], names[p], clinics[c]): whole.part(begin, end)
            for (i, r, p, c), begin, end in zip(groups, begins, ends, strict=True)
        }

    return {
        **counted(COURSE, on_course, course_phase[course], course_phases, False),
        **counted(SESSION, on_session, np.zeros_like(phase), [ANY_PHASE], False),
        **counted(SESSION, on_session, phase, phases, True),
    }


def summed(parts: Iterable[Counts]) -> Counts:
    """Counts of several groups of patients as those of all of them; what comes to nothing is left out."""
    found: dict[Group, list[Cells]] = defaultdict(list)
    for part in parts:
        for group, cells in part.items():
            found[group].append(cells)
    together = ((group, merged(several)) for group, several in found.items())
    return {group: cells for group, cells in together if len(cells.bin)}


def merged(parts: Sequence[Cells]) -> Cells:
    """The sum of some cells, by bin and score; those that come to nothing are left out."""
    if not parts:
        return Cells(np.array([], np.int64), np.array([]), np.array([], np.int64))
    bins, scores, courses = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.lexsort((scores, bins))
    bins, scores, courses = bins[order], scores[order], courses[order]
    first = np.flatnonzero((np.diff(bins, prepend=-1) != 0) | (np.diff(scores, prepend=-1.0) != 0))
    total = np.add.reduceat(courses, first)
    kept = first[total != 0]
    return Cells(bins[kept], scores[kept], total[total != 0])


def negative(counts: Counts) -> Counts:
    """What takes counts off again when it is added."""
    return {group: cells._replace(courses=-cells.courses) for group, cells in counts.items()}


def _coded(texts: pd.Series) -> tuple[Ints, list[str]]:
    """Each text's place among the different ones; a missing one's is that of "", which stands last."""
    codes, names = pd.factorize(texts)
    return codes % (len(names) + 1), [*map(str, names), ""]


def _series(scores: pd.DataFrame, instrument: Ints) -> Ints:
    """Per score, a number of its course and instrument, from 0 and in order."""
    begins = np.diff(instrument, prepend=-1) != 0
    for name in ("patient_id", "course"):
        begins |= np.diff(scores[name].to_numpy(np.int64), prepend=-1) != 0
    return np.cumsum(begins) - 1


def _rows(scores: pd.DataFrame, series: Ints, courses: pd.DataFrame) -> Ints:
    """Per score, its course's row in `courses`."""
    first = np.flatnonzero(np.diff(series, prepend=-1))
    most = int(courses["course"].max()) + 1

    def key(frame: pd.DataFrame) -> Ints:
        keys: Ints = frame["patient_id"].to_numpy(np.int64) * most + frame["course"].to_numpy(np.int64)
        return keys

    return np.searchsorted(key(courses), key(scores.iloc[first]))[series]


def _bins(times: pd.Series, clock: str, earliest: float) -> Ints:
    """Each time's (days) bin; -1 outside of all of them. What lies at or before day 0 is before the course."""
    days = times.to_numpy(np.float64)
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
