"""The table of counts behind the band of similar courses."""

from __future__ import annotations

from sqlalchemy import Float, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from data_models.tables import Base


class BandCount(Base):
    """One row an instrument, clock, route, phase, clinic, bin of days and score: how many courses stood there.

    What the band of similar courses is read off (`queries.context`); kept up with each change of facts, so that
    no view of a patient counts the whole store. `clock` "course": days since the course's first session, `phase`
    that of the course's latest session; "session": days since the latest session, `phase` that of this session
    or, "", any. `bin` is a place in `outcomes.band.BINS`. `route` and `clinic` are "" where none is recorded.
    """

    __tablename__ = "band_counts"
    instrument: Mapped[str] = mapped_column(String(32), primary_key=True)
    clock: Mapped[str] = mapped_column(String(32), primary_key=True)
    route: Mapped[str] = mapped_column(String(32), primary_key=True)
    phase: Mapped[str] = mapped_column(String(32), primary_key=True)
    clinic: Mapped[str] = mapped_column(String(64), primary_key=True)
    bin: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    score: Mapped[float] = mapped_column(Float, primary_key=True)
    courses: Mapped[int] = mapped_column(Integer)
