"""The patients that an import brings, in a temporary table for the length of its transaction.

By their codes, which find those that the store knows; then by their ids, which find their rows in every table
without looking each code up again. Of an empty store nothing need be found: there the table stays empty.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import BigInteger, Column, Connection, MetaData, Select, String, Table, select

from data_models.bulk import ingest

_TABLE = Table(
    "touched_patients",
    MetaData(),
    Column("patient_code", String(32)),
    Column("patient_id", BigInteger),
    prefixes=["TEMPORARY"],
)


def create(connection: Connection, brought: npt.NDArray[Any]) -> None:
    """Make the table, of the patients of these codes."""
    _TABLE.create(connection)
    if len(brought):
        ingest(connection, pd.DataFrame({"patient_code": brought, "patient_id": np.nan}), _TABLE)


def identify(connection: Connection, found: npt.NDArray[np.int64]) -> None:
    """Add the ids of the patients, of the known and of the new."""
    ingest(connection, pd.DataFrame({"patient_code": None, "patient_id": np.sort(found)}), _TABLE)


def codes() -> Select[tuple[str]]:
    """Their codes."""
    return select(_TABLE.c.patient_code).where(_TABLE.c.patient_code.is_not(None))


def ids() -> Select[tuple[int]]:
    """Their ids."""
    return select(_TABLE.c.patient_id).where(_TABLE.c.patient_id.is_not(None))


def drop(connection: Connection) -> None:
    """Take the table away."""
    _TABLE.drop(connection)
