"""The seal of a store's records: what imports stored is there still, every row and no other.

Each import adds its rows to the seal in its own transaction, as counts and sums of row hashes, whatever their order.
`database verify` and `restore` count the stored rows anew and compare. It shows damage, rows that are gone and rows
that were changed past this program; whoever can write the database on purpose can write another seal as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pandas as pd
from sqlalchemy import Connection, func, select

from data_models.database.loading import read_frame
from data_models.database.tables import Base
from data_models.intake.contract import TABLES, RecordBatch, empty_table, row_hashes

SEAL = "records_seal"  # its name in `store_info`; a store of before has none until its next import
_TABLES = Base.metadata.tables
_WRAP = 1 << 64
_PATIENTS_AT_ONCE = 10_000


@dataclass(slots=True)
class Seal:
    """Of each table of records how many rows it has, and the sum of their hashes (modulo 2**64)."""

    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TABLES, 0))
    sums: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TABLES, 0))

    def add(self, batch: RecordBatch, sign: int = 1) -> Self:
        """Add the rows of a batch, or take them away (`sign` -1)."""
        # `day_only` of a side effect is not stored.
        effects = batch.side_effects.drop(columns="day_only", errors="ignore")
        plain = RecordBatch(batch.patients, batch.sessions, batch.assessments, effects)
        for name, hashes in row_hashes(plain):
            self.rows[name] += sign * len(hashes)
            self.sums[name] = (self.sums[name] + sign * int(hashes.sum(dtype=np.uint64))) % _WRAP
        return self

    def replaced(self, before: pd.DataFrame, now: pd.DataFrame) -> Self:
        """Some patients' facts in the place of others."""
        sessions, assessments, side_effects = (empty_table(name) for name in list(TABLES)[1:])
        for people, sign in ((before, -1), (now, 1)):
            self.add(RecordBatch(people, sessions, assessments, side_effects), sign)
        return self

    def and_also(self, other: Seal) -> Seal:
        """The seal of the rows of both."""
        rows = {name: self.rows[name] + other.rows[name] for name in TABLES}
        return Seal(rows, {name: (self.sums[name] + other.sums[name]) % _WRAP for name in TABLES})

    def differences(self, stored: Seal) -> list[str]:
        """What of the sealed rows is not as it was, in words; empty where all is."""
        found = []
        for name in TABLES:
            sealed, there = self.rows[name], stored.rows[name]
            if sealed != there:
                found.append(f"{name} has {there:,} rows where {sealed:,} were stored")
            elif self.sums[name] != stored.sums[name]:
                found.append(f"the {there:,} rows of {name} are not those that were stored")
        return found

    def __str__(self) -> str:
        return json.dumps({"rows": self.rows, "sums": self.sums})

    @classmethod
    def of(cls, text: str) -> Seal:
        """The seal that `str` wrote."""
        return cls(**json.loads(text))


def stored_seal(connection: Connection) -> Seal:
    """The seal of what a store holds, counted anew; whole patients at a time."""
    seal = Seal()
    for batch in _batches(connection):
        seal.add(batch)
    return seal


def _batches(connection: Connection) -> Iterator[RecordBatch]:
    people = _TABLES["patients"]
    last = connection.execute(select(func.coalesce(func.max(people.c.patient_id), 0))).scalar_one()
    # Rows of patients who are in no row of `patients` any more: they come with the first slice, without a code.
    known = select(people.c.patient_id)
    for first in range(0, last + 1, _PATIENTS_AT_ONCE):
        frames: dict[str, pd.DataFrame] = {}
        for name in TABLES:
            table = _TABLES[name]
            owner = table.c.patient_id
            here = owner.between(first, first + _PATIENTS_AT_ONCE - 1)
            if name == "patients":
                statement = select(table).where(here)
            else:
                whose = here | owner.not_in(known) if first == 0 else here & owner.in_(known)
                statement = select(people.c.patient_code, table).join_from(
                    table, people, owner == people.c.patient_id, isouter=True
                )
                statement = statement.where(whose)
            frames[name] = read_frame(connection, statement)
        yield RecordBatch(frames["patients"], frames["sessions"], frames["assessments"], frames["side_effects"])
