"""What each course adds to each count of a summary: two paths, of one file or of two, may count the same."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from sqlalchemy import Connection

from dashboard.exports.apart import Crowd
from dashboard.exports.ledger import (
    ASKED,
    BASELINE,
    COURSES,
    CURVES,
    EVALUABLE,
    PATIENTS,
    SCORED,
    SESSIONS,
    STOPPED,
    Path,
)
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.scope import Scope
from data_models.definitions.vocabulary import SIDE_EFFECTS
from data_models.questions.course_counts import outcome_counts, session_counts

Values = np.ndarray[Any, np.dtype[Any]]
Phases = tuple[str, ...]
_EVERYTHING = Scope.everything()
_CURVE_NAMES = dict(zip(CURVES, ("onset", "sessions", "duration", "durability"), strict=True))
_FUNNEL = {BASELINE: "with_baseline", EVALUABLE: "evaluable", SCORED: "end_of_induction_scored"}


@dataclass(frozen=True)
class Quantity:
    """What is counted: a number a course; of patients, those with a course above 0.

    Two are equal where every course adds the same to both. `of_sessions`: of sessions in chosen phases.
    """

    of_patients: bool
    digest: bytes
    values: Values = field(compare=False, repr=False)
    of_sessions: bool = field(compare=False, default=False)


class Quantities:
    """The counts of a store, course by course, as files under one set of rules print them."""

    def __init__(self, connection: Connection, crowd: Crowd, instrument: str, rules: OutcomeRules) -> None:
        self.crowd, self.instrument = crowd, instrument
        self._connection, self._rules = connection, rules
        self._outcomes: dict[float | None, Any] = {}
        self._found: dict[Any, Quantity] = {}

    @staticmethod
    def whatever_the_rules(path: Path, phases: Phases) -> bool:
        """Whether a count is the same under all rules: patients, and their side effects in all phases."""
        return path == PATIENTS or (not phases and path[0] == "side_effects" and path[1] != "vitals")

    @staticmethod
    def by_hours(path: Path) -> bool:
        """Whether a count depends on the least hours since a session."""
        return path == SCORED or (path[0] in ("response", "remission", "worse") and path[1] != "ever")

    def of(self, path: Path, cohort: CohortFilter, phases: Phases) -> Quantity | None:
        """What stands at a path of a file on this cohort's instrument; None: on another instrument than here."""
        of_effects = path[0] == "side_effects"
        treated = path in (COURSES, PATIENTS) or path[:2] == STOPPED
        if not (of_effects or treated) and cohort.instrument != self.instrument:
            return None
        hours = cohort.min_hours_since_session if self.by_hours(path) else None
        key = path, (phases if of_effects else ()), hours
        if key not in self._found:
            of_patients = path in (PATIENTS, ASKED) or path[:2] == ("side_effects", "per_patient")
            values = self._of_sessions(path, phases) if of_effects else self._of_courses(path, hours)
            kept = (values > 0) if of_patients else values.astype(np.int64)
            digest = hashlib.sha256(kept.tobytes()).digest()
            self._found[key] = Quantity(of_patients, digest, kept, of_effects)
        return self._found[key]

    def count(self, of: Quantity, courses: Values) -> int:
        """How many a set of courses adds up to."""
        if of.of_patients:
            return int(self.crowd.flags_of_patients(courses & of.values).sum())
        return int(of.values[courses].sum())

    def _of_courses(self, path: Path, hours: float | None) -> Values:
        if path in (COURSES, PATIENTS) or path == (*STOPPED, "n"):
            return np.ones(self.crowd.size, dtype=np.int64)
        if hours not in self._outcomes:
            cohort = CohortFilter(self.instrument, min_hours_since_session=hours)
            self._outcomes[hours] = outcome_counts(self._connection, _EVERYTHING, cohort)
        if path in _FUNNEL:
            name = _FUNNEL[path]
        elif path[:2] == STOPPED:
            name = "early_stop"
        elif path[:2] in _CURVE_NAMES:
            name = f"{_CURVE_NAMES[path[:2]]}.{path[2]}"
        else:
            name = ".".join(str(step) for step in path)
        return np.asarray(self._outcomes[hours][name].to_numpy())

    @cached_property
    def _sessions(self) -> tuple[Any, Values]:
        """The counts by course and phase, and each row's course."""
        frame = session_counts(self._connection, _EVERYTHING, self._rules)
        outcomes = outcome_counts(self._connection, _EVERYTHING, CohortFilter(self.instrument))
        self._outcomes.setdefault(None, outcomes)
        # Courses are numbered by patient and course, as the rows of either table are sorted.
        most = 1 + max(int(outcomes["course"].max()), int(frame["course"].max())) if len(outcomes) else 1
        numbers = outcomes["patient_id"].to_numpy() * most + outcomes["course"].to_numpy()
        rows = frame["patient_id"].to_numpy() * most + frame["course"].to_numpy()
        return frame, np.searchsorted(numbers, rows)

    def _of_sessions(self, path: Path, phases: Phases) -> Values:
        frame, course = self._sessions
        if path in (ASKED, SESSIONS):
            name = "asked"
        elif path[1] == "vitals":
            name = [c for c in frame.columns if c.endswith(f".{path[4]}")][int(path[3])]
        else:
            name = "asked" if path[3] == "n" else SIDE_EFFECTS[int(path[2])]
        values = frame[name].to_numpy()
        if phases:
            values = values * frame["phase"].isin(phases).to_numpy()
        return np.bincount(course, values, self.crowd.size).round().astype(np.int64)
