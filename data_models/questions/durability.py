"""How long effects last after induction: response lost, or treated again first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, case, select

from data_models.database.tables import CourseOutcome
from data_models.definitions.filters import CohortFilter
from data_models.definitions.scope import Scope
from data_models.outcomes.competing import CumulativeIncidence, aalen_johansen
from data_models.outcomes.interval_censored import IntervalCurve, interval_curve
from data_models.outcomes.survival import SurvivalCurve, kaplan_meier
from data_models.questions import Shows, shows
from data_models.questions.course_outcomes import Floats, arrays, of_outcomes
from data_models.questions.onset import median_and_curve

LOSS, RETREATED = 1, 2  # kinds of end


@dataclass(frozen=True, slots=True)
class Durability:
    """Days from the last induction session, of courses in response at their first score after it (definitions, 5.2).

    Each course counts from that score on. A curve starts where enough are at risk and is of those in response then; it
    stops where too few are left. `n` of each counts every such course, also one without any later score or session.

    Attributes
    ----------
    lost : share that has lost response by day, whatever was given meanwhile: each loss lies between two scores.
    competing : loss (kind `LOSS`) against re-treatment (kind `RETREATED`), whichever comes first (Aalen-Johansen).
    curve : still in response if re-treatment had nothing to do with fading: it counts as censoring (Kaplan-Meier).
    """

    lost: IntervalCurve
    competing: CumulativeIncidence
    curve: SurvivalCurve

    def as_json(self) -> dict[str, Any]:
        """ "durability" of the data contract."""
        lost = self.lost
        within = [None if math.isnan(end) else end for end in lost.median_within]
        counted = {"n": _whole(lost.n), "events": _whole(lost.total_events)}
        return {
            "turnbull": {"from_days": lost.start, **counted, "median": within, **median_and_curve(lost)},
            "kaplan_meier": self.curve.as_dict(),
            "aalen_johansen": self.competing.as_rows(("loss", "retreated"), "in_response"),
        }


def _whole(count: float | None) -> int | None:
    return None if count is None else int(count)


class Lasting(NamedTuple):
    """The courses in response after induction, one place a course; days since the last induction session.

    `left`, `right`: between them response was lost; `right` inf: not by `left`. `exits`, `kinds`: what came first, 0
    for the last score. A loss that came first is placed midway between its two scores: at the later one, where it is
    seen, it is late by half the gap, and treated again looks the more frequent (`tests/benchmarks/coverage.py`).
    """

    patients: NDArray[np.int64]
    entries: Floats
    left: Floats
    right: Floats
    exits: Floats
    kinds: NDArray[np.int64]


@shows(Shows.COHORT)
def durability(connection: Connection, scope: Scope, cohort: CohortFilter) -> Durability:
    """Durability after induction: loss whatever was given, against re-treatment, and with it as censoring."""
    of = lasting(connection, scope, cohort)
    return Durability(
        interval_curve(of.left, of.right, of.patients, of.entries),
        aalen_johansen(of.exits, of.kinds, entries=of.entries, patients=of.patients, adequate=True),
        kaplan_meier(of.exits, of.kinds == LOSS, entries=of.entries, patients=of.patients, adequate=True),
    )


def lasting(connection: Connection, scope: Scope, cohort: CohortFilter) -> Lasting:
    """Each course that is in response at its first score after induction, and how that ended."""
    o = CourseOutcome
    kind = case((o.durability_end == "loss", LOSS), (o.durability_end == "retreated", RETREATED), else_=0)
    statement = select(
        o.patient_id, o.durability_entry_days, o.durability_left, o.durability_right, o.durability_days, kind
    ).where(o.durability_entry_days.is_not(None))
    patients, entries, left, right, exits, kinds = arrays(connection, of_outcomes(statement, scope, cohort))
    ends = np.where(np.isnan(right), np.inf, right)
    exits = np.where(kinds == LOSS, (left + right) / 2, exits)
    return Lasting(patients.astype(np.int64), entries, left, ends, exits, kinds.astype(np.int64))
