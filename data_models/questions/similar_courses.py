"""The band of similar courses that one course is drawn over: percentiles of scores by day.

The counts behind it are kept up with each change of the store (`store_band`): a row a clinic and phase, however
many courses there are.
"""

from __future__ import annotations

import pandas as pd
from sqlalchemy import ColumnElement, Connection, select

from data_models.database.band_table import BandCount
from data_models.definitions.scope import Scope
from data_models.outcomes.band import ANY_PHASE, BINS, COURSE, Cells, merged, percentiles
from data_models.questions import Shows, shows


@shows(Shows.COHORT)
def context_band(
    connection: Connection,
    scope: Scope,
    instrument: str,
    route: str | None,
    *,
    phase: str | None = None,
    alignment: str = COURSE,
) -> pd.DataFrame:
    """Percentiles of an instrument's scores over the courses of one route and phase, by day.

    Parameters
    ----------
    route : the courses' route; None: courses without a recorded one.
    phase : None: all. Aligned on the first session, courses whose latest session is of this phase; aligned on
        the latest session, scores whose latest session is.
    alignment : "course" counts days since the course's first session, "session" since the latest session.

    Returns
    -------
    One row a bin that holds a score: day_from, day_to, p10, p25, p50, p75, p90 (score points), courses.
    A course counts once a bin, by its last score there. Percentiles are the lowest score that at least
    that share of courses does not exceed.
    """
    counted = select(BandCount.cells).where(
        BandCount.instrument == instrument,
        BandCount.clock == alignment,
        BandCount.route == (route or ""),
        *_of_phase(phase, alignment),
        *_visible(scope),
    )
    cells = merged([Cells.of_text(text) for text in connection.execute(counted).scalars()])
    return percentiles(pd.DataFrame(cells._asdict()), BINS[alignment])


def _of_phase(phase: str | None, alignment: str) -> list[ColumnElement[bool]]:
    if phase is None and alignment == COURSE:
        return []  # a course is of one phase: those of all are their sum
    return [BandCount.phase == (phase or ANY_PHASE)]


def _visible(scope: Scope) -> list[ColumnElement[bool]]:
    """As `conditions.visible`: courses of patients without a clinic, here "", are seen by those who see all."""
    return [] if scope.clinics is None else [BandCount.clinic.in_(sorted(scope.clinics - {""}))]
