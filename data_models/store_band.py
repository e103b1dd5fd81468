"""The counts behind the band of similar courses: rows of `band_counts` follow each change of facts.

Counts are made of facts as these are derived (`outcomes.band`) and added; before facts are taken away, counts
made of those stored are subtracted. So a change costs what it touches and not what is stored, and the band is
read off the same few rows right after it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from sqlalchemy import Column, ColumnElement, Connection, MetaData, Select, Table, delete, func, select, text
from sqlalchemy.orm import InstrumentedAttribute

from data_models.bulk import ingest, read_frame
from data_models.counts import BandCount
from data_models.outcomes.band import KEY, alike, band_counts, summed
from data_models.outcomes.derive import Facts
from data_models.tables import Base, Course, Patient, ScoreFact, SessionFact

_TABLE = Base.metadata.tables[BandCount.__tablename__]
_COLUMNS = ", ".join(column.name for column in _TABLE.columns)
_CHANGES = Table(
    "band_changes", MetaData(), *(Column(c.name, c.type) for c in _TABLE.columns), prefixes=["TEMPORARY"]
)  # for the length of one statement
PATIENTS_AT_ONCE = 10_000


class Tally:
    """The counts of facts as slices of patients are derived; any one thread at a time may add to it."""

    def __init__(self) -> None:
        self._parts: list[pd.DataFrame] = []

    def add(self, facts: Facts, clinics: pd.Series) -> None:
        """Count the courses of some patients. `clinics`: each one's clinic by patient_id."""
        courses = alike(facts.courses, facts.session_facts, clinics)
        self._parts.append(band_counts(facts.score_facts, courses))

    def counts(self) -> pd.DataFrame:
        """What was added, as rows of the table."""
        return summed(self._parts) if self._parts else pd.DataFrame(columns=[*KEY, "courses"])

    def keep(self, connection: Connection) -> None:
        """Add what was added to the stored counts."""
        _change(connection, self.counts())


def clinics_of(connection: Connection, ids: pd.Series) -> pd.Series:
    """The clinics of the patients from the first to the last of some ids (ascending), by patient_id."""
    p = Patient.patient_id
    found = select(p, Patient.clinic).where(p >= int(ids.iloc[0]), p <= int(ids.iloc[-1]))
    return clinics_by_id(read_frame(connection, found))


def clinics_by_id(*patients: pd.DataFrame) -> pd.Series:
    """The clinics of some frames of patients, by patient_id."""
    named = [frame[["patient_id", "clinic"]].astype({"clinic": object}) for frame in patients if len(frame)]
    return pd.concat(named).set_index("patient_id")["clinic"]


def take_away(connection: Connection, touched: Select[tuple[int]] | None = None) -> None:
    """Subtract the courses of some patients, whose facts are still stored; None: of all."""
    if touched is None:
        connection.execute(delete(BandCount))
        return
    ids = np.sort(np.array(connection.execute(touched).scalars().all(), dtype=np.int64))
    for start in range(0, len(ids), PATIENTS_AT_ONCE):
        few = ids[start : start + PATIENTS_AT_ONCE]
        counts = _counted(connection, int(few[0]), int(few[-1]), touched)
        _change(connection, counts.assign(courses=-counts["courses"]))
    connection.execute(delete(BandCount).where(BandCount.courses == 0))


def fill_empty(connection: Connection) -> None:
    """Count all courses of a store that had no counts: one made before there were."""
    if connection.execute(select(BandCount.bin).limit(1)).first() is None:
        for counts in _all_counted(connection):
            _change(connection, counts)


def add_staged(connection: Connection, source: str) -> None:
    """Add the counts that stand in a table of another name to the stored ones."""
    key = ", ".join(KEY)
    connection.execute(
        text(
            f"INSERT INTO band_counts ({_COLUMNS}) SELECT {_COLUMNS} FROM {source} WHERE true "
            f"ON CONFLICT ({key}) DO UPDATE SET courses = band_counts.courses + excluded.courses"
        )
    )


def _change(connection: Connection, counts: pd.DataFrame) -> None:
    if counts.empty:
        return
    _CHANGES.create(connection)
    ingest(connection, counts, _CHANGES)
    add_staged(connection, _CHANGES.name)
    _CHANGES.drop(connection)


def _all_counted(connection: Connection) -> Iterator[pd.DataFrame]:
    last = connection.execute(select(func.coalesce(func.max(Course.patient_id), 0))).scalar_one()
    for first in range(0, last + 1, PATIENTS_AT_ONCE):
        yield _counted(connection, first, first + PATIENTS_AT_ONCE - 1)


def _counted(connection: Connection, first: int, last: int, touched: Select[tuple[int]] | None = None) -> pd.DataFrame:
    """Counts made of the stored facts of the patients with ids from `first` to `last`, of those touched alone."""

    def these(patient_id: InstrumentedAttribute[int]) -> list[ColumnElement[bool]]:
        wanted: list[ColumnElement[bool]] = [patient_id >= first, patient_id <= last]
        return wanted if touched is None else [*wanted, patient_id.in_(touched)]

    s = ScoreFact
    scores = (
        select(s.patient_id, s.instrument, s.course, s.days, s.since_session_days, s.session_phase, s.score)
        .where(*these(s.patient_id))
        .order_by(s.patient_id, s.instrument, s.at_hours)
    )
    latest = (SessionFact.patient_id == Course.patient_id) & (SessionFact.hours == Course.last_session_hours)
    courses = (
        select(Course.patient_id, Course.course, Patient.clinic, Course.route, SessionFact.phase)
        .join(Patient, Patient.patient_id == Course.patient_id)
        .join(SessionFact, latest)
        .where(*these(Course.patient_id))
        .order_by(Course.patient_id, Course.course)
    )
    return band_counts(read_frame(connection, scores), read_frame(connection, courses))
