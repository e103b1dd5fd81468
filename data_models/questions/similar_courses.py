"""The band of similar courses that one course is drawn over: percentiles of scores by day.

The counts behind it are kept up with each change of the store (`store_band`): a row a clinic and phase, however
many courses there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from sqlalchemy import ColumnElement, Connection, select

from data_models.database.band_table import BandCount
from data_models.definitions.scope import Scope
from data_models.outcomes.band import ANY_PHASE, BINS, COURSE, Cells, merged, percentiles
from data_models.questions import Shows, shows


@dataclass(frozen=True, slots=True)
class BandBin:
    """Scores of similar courses from one day to another: percentiles (score points) over so many courses.

    A course counts once, by its last score there. Percentiles are the lowest score that at least that share of
    courses does not exceed.
    """

    day_from: float
    day_to: float
    p10: float
    p25: float
    p50: float
    p75: float
    p90: float
    courses: int

    @property
    def middle(self) -> float:
        """The day in its middle."""
        return (self.day_from + self.day_to) / 2


@dataclass(frozen=True, slots=True)
class SimilarCourses:
    """The band of courses like one course: of its instrument, route and phase; the bins that hold a score, in order."""

    instrument: str
    route: str | None
    phase: str | None
    alignment: str
    bins: tuple[BandBin, ...]


@shows(Shows.COHORT)
def similar_courses(
    connection: Connection,
    scope: Scope,
    instrument: str,
    route: str | None,
    *,
    phase: str | None = None,
    alignment: str = COURSE,
) -> SimilarCourses:
    """Percentiles of an instrument's scores over the courses of one route and phase, by day.

    Parameters
    ----------
    route : the courses' route; None: courses without a recorded one.
    phase : None: all. Aligned on the first session, courses whose latest session is of this phase; aligned on
        the latest session, scores whose latest session is.
    alignment : "course" counts days since the course's first session, "session" since the latest session.
    """
    counted = select(BandCount.cells).where(
        BandCount.instrument == instrument,
        BandCount.clock == alignment,
        BandCount.route == (route or ""),
        *_of_phase(phase, alignment),
        *_visible(scope),
    )
    cells = merged([Cells.of_text(text) for text in connection.execute(counted).scalars()])
    found = percentiles(pd.DataFrame(cells._asdict()), BINS[alignment])
    bins = tuple(BandBin(*row) for row in found.itertuples(index=False))
    return SimilarCourses(instrument, route, phase, alignment, bins)


def _of_phase(phase: str | None, alignment: str) -> list[ColumnElement[bool]]:
    if phase is None and alignment == COURSE:
        return []  # a course is of one phase: those of all are their sum
    return [BandCount.phase == (phase or ANY_PHASE)]


def _visible(scope: Scope) -> list[ColumnElement[bool]]:
    """As `conditions.visible`: courses of patients without a clinic, here "", are seen by those who see all."""
    return [] if scope.clinics is None else [BandCount.clinic.in_(sorted(scope.clinics - {""}))]
