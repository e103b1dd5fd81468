"""How long effects last after induction: response lost, or treated again first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, case, func, select

from data_models.database.tables import CourseOutcome
from data_models.definitions.filters import CohortFilter
from data_models.definitions.scope import Scope
from data_models.outcomes.competing import CumulativeIncidence, aalen_johansen
from data_models.outcomes.survival import SurvivalCurve, kaplan_meier
from data_models.questions import Shows, shows
from data_models.questions.course_outcomes import Floats, arrays, of_outcomes

LOSS, RETREATED = 1, 2  # kinds of end


@dataclass(frozen=True, slots=True)
class Durability:
    """Days from the last induction session, of courses in response at the end of induction (definitions, 5.2).

    `n` of the curve counts every such course; one without any later score or session is never at risk.

    Attributes
    ----------
    curve : loss, with re-treatment as censoring (Kaplan-Meier).
    competing : loss (kind `LOSS`) against re-treatment (kind `RETREATED`) as competing events (Aalen-Johansen).
    """

    curve: SurvivalCurve
    competing: CumulativeIncidence

    def as_json(self) -> dict[str, Any]:
        """ "durability" of the data contract."""
        return {
            "kaplan_meier": self.curve.as_dict(),
            "aalen_johansen": self.competing.as_rows(("loss", "retreated"), "in_response"),
        }


@shows(Shows.COHORT)
def durability(connection: Connection, scope: Scope, cohort: CohortFilter) -> Durability:
    """Durability after induction, re-treatment as censoring and as a competing event."""
    entries, exits, kinds, counts = durabilities(connection, scope, cohort)
    return Durability(
        kaplan_meier(exits, kinds == LOSS, counts, entries), aalen_johansen(exits, kinds, counts, entries)
    )


def durabilities(
    connection: Connection, scope: Scope, cohort: CohortFilter
) -> tuple[Floats, Floats, NDArray[np.int64], Floats]:
    """Entry, exit, kind of end (0 censored, `LOSS`, `RETREATED`) and counts, in days.

    Time zero is the last induction session; courses in response at the end of induction.
    """
    o = CourseOutcome
    kind = case((o.durability_end == "loss", LOSS), (o.durability_end == "retreated", RETREATED), else_=0).label("kind")
    statement = select(o.durability_entry_days, o.durability_days, kind, func.count())
    statement = statement.where(o.end_of_induction_response == 1, o.durability_days.is_not(None))
    grouped = of_outcomes(statement, scope, cohort).group_by(o.durability_entry_days, o.durability_days, "kind")
    entries, exits, kinds, counts = arrays(connection, grouped)
    return entries, exits, kinds.astype(np.int64), counts
