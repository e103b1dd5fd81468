"""The counts behind the band of similar courses: rows of `band_counts` follow each change of facts.

Counts are made of facts as these are derived (`outcomes.band`) and added; before facts are taken away, counts
made of those stored are subtracted. So a change costs what it touches and not what is stored, and the band is
read off the same few rows right after it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, Connection, Select, delete, func, select, text
from sqlalchemy.orm import InstrumentedAttribute

from data_models.database.band_table import BandCount
from data_models.database.loading import read_frame
from data_models.database.tables import Base, Course, Patient, ScoreFact, SessionFact
from data_models.outcomes.band import Cells, Counts, alike, band_counts, negative, summed
from data_models.outcomes.derive import Facts

PATIENTS_AT_ONCE = 10_000
CLINICS_AT_ONCE = 50
_PARTS = 20
_TABLE = Base.metadata.tables[BandCount.__tablename__]
_KEY = [column.name for column in _TABLE.primary_key]
_PUT = text(
    f"INSERT INTO band_counts ({', '.join(_KEY)}, cells) VALUES ({', '.join(f':{name}' for name in _KEY)}, :cells) "
    f"ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET cells = excluded.cells"
)
_DROP = text(f"DELETE FROM band_counts WHERE {' AND '.join(f'{name} = :{name}' for name in _KEY)}")


class Tally:
    """The counts of facts as slices of patients are derived; any one thread at a time may add to it."""

    def __init__(self) -> None:
        self._parts: list[Counts] = []

    def add(self, facts: Facts, clinics: pd.Series) -> None:
        """Count the courses of some patients. `clinics`: each one's clinic by patient_id."""
        courses = alike(facts.courses, facts.session_facts, clinics)
        self.put(band_counts(facts.score_facts, courses))

    def put(self, counts: Counts) -> None:
        """Add counts."""
        self._parts.append(counts)
        if len(self._parts) == _PARTS:  # so that they do not grow with the store
            self._parts = [self.counts()]

    def counts(self) -> Counts:
        """What was added."""
        return summed(self._parts)

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
    return pd.concat(named).set_index("patient_id")["clinic"] if named else pd.Series(dtype=object)


def take_away(connection: Connection, touched: Select[tuple[int]] | None = None) -> None:
    """Subtract the courses of some patients, whose facts are still stored; None: of all."""
    if touched is None:
        connection.execute(delete(BandCount))
        return
    ids = np.sort(np.array(connection.execute(touched).scalars().all(), dtype=np.int64))
    tally = Tally()
    for start in range(0, len(ids), PATIENTS_AT_ONCE):
        few = ids[start : start + PATIENTS_AT_ONCE]
        tally.put(_counted(connection, int(few[0]), int(few[-1]), touched))
    _change(connection, negative(tally.counts()))


def fill_empty(connection: Connection) -> None:
    """Count all courses of a store that had no counts: one made before there were."""
    if connection.execute(select(BandCount.clinic).limit(1)).first() is not None:
        return
    last = connection.execute(select(func.coalesce(func.max(Course.patient_id), 0))).scalar_one()
    tally = Tally()
    for first in range(0, last + 1, PATIENTS_AT_ONCE):
        tally.put(_counted(connection, first, first + PATIENTS_AT_ONCE - 1))
    tally.keep(connection)


def _counts(rows: Iterable[Mapping[Any, Any]]) -> Counts:
    return {(r["instrument"], r["clock"], r["route"], r["phase"], r["clinic"]): Cells.of_text(r["cells"]) for r in rows}


def _rows(counts: Counts) -> list[dict[str, str]]:
    return [{**dict(zip(_KEY, group, strict=True)), "cells": cells.text()} for group, cells in counts.items()]


def _change(connection: Connection, changes: Counts) -> None:
    """Add counts, which may be negative, to the stored ones, some clinics at a time."""
    by_clinic: dict[str, Counts] = defaultdict(dict)
    for group, cells in changes.items():
        by_clinic[group[-1]][group] = cells
    names = sorted(by_clinic)
    for start in range(0, len(names), CLINICS_AT_ONCE):
        few = names[start : start + CLINICS_AT_ONCE]
        new: Counts = {group: cells for name in few for group, cells in by_clinic[name].items()}
        stored = connection.execute(select(*_TABLE.columns).where(BandCount.clinic.in_(few))).mappings()
        old = {group: cells for group, cells in _counts(stored).items() if group in new}
        together = summed((old, new))
        gone = [dict(zip(_KEY, group, strict=True)) for group in old if group not in together]
        for statement, rows in ((_PUT, _rows(together)), (_DROP, gone)):
            if rows:
                connection.execute(statement, rows)


def _counted(connection: Connection, first: int, last: int, touched: Select[tuple[int]] | None = None) -> Counts:
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
