"""The table of counts behind the band of similar courses."""

from __future__ import annotations

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from data_models.database.tables import Base


class BandCount(Base):
    """One row an instrument, clock, route, phase and clinic: how many courses stood at which score in each bin of days.

    What the band of similar courses is read off (`queries.context`); kept up with each change of facts, so that
    no view of a patient counts the whole store. `clock` "course": days since the course's first session, `phase`
    that of the course's latest session; "session": days since the latest session, `phase` that of this session
    or, "", any. `route` and `clinic` are "" where none is recorded. `cells` is `outcomes.band.Cells` as text: a
    row for each of them took PostgreSQL 5 to 10 us to change, and an import changes most of a hundred thousand.
    """

    __tablename__ = "band_counts"
    instrument: Mapped[str] = mapped_column(String(32), primary_key=True)
    clock: Mapped[str] = mapped_column(String(32), primary_key=True)
    route: Mapped[str] = mapped_column(String(32), primary_key=True)
    phase: Mapped[str] = mapped_column(String(32), primary_key=True)
    clinic: Mapped[str] = mapped_column(String(64), primary_key=True)
    cells: Mapped[str] = mapped_column(Text)
