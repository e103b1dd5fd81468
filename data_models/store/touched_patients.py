"""The patients that an import brings, in temporary tables for the length of a transaction.

By their codes, which find those that the store knows; and by their ids, which find their rows in every table
without looking each code up again. Of an empty store nothing need be found: there the tables are not filled.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import BigInteger, Column, Connection, Integer, MetaData, Select, String, Table, select

from data_models.database.loading import ingest

_LOOKED_UP = Table("looked_up_patients", MetaData(), Column("patient_code", String(32)), prefixes=["TEMPORARY"])
_TOUCHED = Table(
    "touched_patients",
    MetaData(),
    Column("patient_id", BigInteger),
    Column("part", Integer),
    Column("known", Integer),
    prefixes=["TEMPORARY"],
)

Ids = npt.NDArray[np.int64]


@contextmanager
def looked_up(connection: Connection, codes: npt.NDArray[Any]) -> Iterator[Select[tuple[str]]]:
    """A SELECT of these codes, for as long as the context lasts."""
    _LOOKED_UP.create(connection)
    ingest(connection, pd.DataFrame({"patient_code": codes}), _LOOKED_UP)
    yield select(_LOOKED_UP.c.patient_code)
    _LOOKED_UP.drop(connection)


def create(connection: Connection) -> None:
    """Make the table of ids."""
    _TOUCHED.create(connection)


def add(connection: Connection, part: int, known: Ids, fresh: Ids) -> None:
    """Add the ids of a part's patients: those that the store knew, and those that are new."""
    ids = np.concatenate((known, fresh))
    is_known = np.repeat((1, 0), (len(known), len(fresh)))
    ingest(connection, pd.DataFrame({"patient_id": ids, "part": part, "known": is_known}), _TOUCHED)


def ids() -> Select[tuple[int]]:
    """The ids of all."""
    return select(_TOUCHED.c.patient_id)


def known_ids(part: int) -> Select[tuple[int]]:
    """Ids of a part's patients that the store knew before."""
    return ids().where(_TOUCHED.c.part == part, _TOUCHED.c.known == 1)


def drop(connection: Connection) -> None:
    """Take the table of ids away."""
    _TOUCHED.drop(connection)
