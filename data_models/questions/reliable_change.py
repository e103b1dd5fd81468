"""Reliable change: who recovered, improved, did not change reliably, or deteriorated (definitions, section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.scope import Scope
from data_models.outcomes.proportions import Proportion, per_course
from data_models.outcomes.reliable_change import RELIABLE
from data_models.questions import Shows, shows
from data_models.questions.judged_scores import JudgedScores
from data_models.questions.patient_sums import Measure, flag
from data_models.questions.rates import course_sums


@dataclass(frozen=True, slots=True)
class ReliableGroups:
    """Shares of the evaluable courses that have the score; of none where the scale has no error of measurement."""

    recovered: Proportion
    improved: Proportion
    no_change: Proportion
    deteriorated: Proportion

    def as_json(self) -> dict[str, dict[str, Any]]:
        return {name: getattr(self, name).as_dict() for name in RELIABLE}


@dataclass(frozen=True, slots=True)
class ReliableChange:
    """The groups at the last score and at the end of induction."""

    last: ReliableGroups
    end_of_induction: ReliableGroups

    def as_json(self) -> dict[str, Any]:
        """ "reliable_change" of the data contract."""
        return {"last": self.last.as_json(), "end_of_induction": self.end_of_induction.as_json()}


@shows(Shows.COHORT)
def reliable_change(connection: Connection, scope: Scope, cohort: CohortFilter, rules: OutcomeRules) -> ReliableChange:
    """The four groups of the cohort's courses; `rules`: under which the store was derived."""
    scores = JudgedScores(cohort, rules)
    measures: dict[str, Measure] = {}
    for when, column in (("last", scores.last.reliable), ("end", scores.end.reliable)):
        known = flag(column.is_not(None))
        measures |= {f"{when}.{name}": (flag(column == name), known) for name in RELIABLE}
    found = {name: per_course(sums) for name, sums in course_sums(connection, scope, cohort, measures, scores).items()}
    last, end = (ReliableGroups(*(found[f"{when}.{name}"] for name in RELIABLE)) for when in ("last", "end"))
    return ReliableChange(last, end)
