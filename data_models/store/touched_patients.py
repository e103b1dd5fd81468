"""The patients that an import brings, in temporary tables for as long as they are asked about.

By their codes, which find those that the store knows; and by their ids, which find their facts without looking each
code up again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import BigInteger, Column, Connection, MetaData, Select, String, Table, select

from data_models.database.loading import ingest

_LOOKED_UP = Table("looked_up_patients", MetaData(), Column("patient_code", String(32)), prefixes=["TEMPORARY"])
_TOUCHED = Table("touched_patients", MetaData(), Column("patient_id", BigInteger), prefixes=["TEMPORARY"])

Ids = npt.NDArray[np.int64]


@contextmanager
def looked_up(connection: Connection, codes: npt.NDArray[Any]) -> Iterator[Select[tuple[str]]]:
    """A SELECT of these codes, for as long as the context lasts."""
    _LOOKED_UP.create(connection)
    ingest(connection, pd.DataFrame({"patient_code": codes}), _LOOKED_UP)
    yield select(_LOOKED_UP.c.patient_code)
    _LOOKED_UP.drop(connection)


@contextmanager
def touched(connection: Connection, ids: Ids) -> Iterator[Select[tuple[int]]]:
    """A SELECT of these ids, for as long as the context lasts."""
    _TOUCHED.create(connection)
    ingest(connection, pd.DataFrame({"patient_id": ids}), _TOUCHED)
    yield select(_TOUCHED.c.patient_id)
    _TOUCHED.drop(connection)
