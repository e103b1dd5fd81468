"""Rows in PostgreSQL's binary COPY format: what was packed is what the server holds."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Column, Float, Integer, LargeBinary, MetaData, String, Table

from data_models.database import loading
from data_models.database.copy_format import rows_packed
from data_models.database.image import TooManyForms
from data_models.database.loading import ingest
from data_models.store import Store

TABLE = Table(
    "packed",
    MetaData(),
    Column("who", BigInteger),
    Column("points", Integer),
    Column("share", Float),
    Column("note", String(90)),
    prefixes=["TEMPORARY"],
)
COLUMNS = list(TABLE.columns)
READ = {"who": ">q", "points": ">i", "share": ">d"}

cells = st.tuples(
    st.integers(-(2**63), 2**63 - 1),
    st.one_of(st.none(), st.integers(-(2**31), 2**31 - 1)),
    st.one_of(st.none(), st.floats(allow_nan=False)),
    st.one_of(st.none(), st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9)),
)
ROWS = [
    (1, None, 0.1, 'a, "b"\n\\N\t'),
    (2**40, -5, None, ""),
    (-3, 2**31 - 1, float("inf"), None),
    (4, 0, -0.0, "é" * 90),
    (5, 7, 5e-324, "None"),
]


def _frame(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    types = {"who": "int64", "points": "float64", "share": "float64", "note": "str"}
    return pd.DataFrame(rows, columns=list(types)).astype(types)


def _unpacked(content: memoryview) -> list[tuple[Any, ...]]:
    """The rows as the format's description says they stand (postgresql.org, "COPY")."""
    raw, at, rows = bytes(content), 0, []
    while at < len(raw):
        (fields,) = struct.unpack_from(">h", raw, at)
        at += 2
        row = []
        for column in COLUMNS[:fields]:
            (length,) = struct.unpack_from(">i", raw, at)
            at += 4
            value = None if length == -1 else raw[at : at + length]
            at += max(length, 0)
            kind = READ.get(column.name)
            row.append(value if value is None else struct.unpack(kind, value)[0] if kind else value.decode())
        rows.append(tuple(row))
    return rows


@settings(max_examples=40)
@given(rows=st.lists(cells, max_size=40))
def test_every_row_is_packed_as_the_format_says_whatever_the_values(rows: list[tuple[Any, ...]]) -> None:
    assert _unpacked(rows_packed(_frame(rows), COLUMNS)) == rows


def test_whole_numbers_that_do_not_fit_are_refused() -> None:
    for wrong in (0.5, 2.0**31, -(2.0**40)):
        with pytest.raises(ValueError, match="a value of points is no whole number of 4 bytes"):
            rows_packed(_frame([(1, 3, 0.5, "a"), (2, wrong, 0.5, "a")]), COLUMNS)


def test_rows_too_different_and_other_types_are_left_to_text() -> None:
    with pytest.raises(TooManyForms):
        rows_packed(_frame([(n, n, 0.5, "x" * n) for n in range(300)]), COLUMNS)
    with pytest.raises(TooManyForms):
        rows_packed(_frame([(1, 1, 0.5, "x")]), [Column("note", LargeBinary)])


@pytest.mark.parametrize("as_text", [False, True])
def test_the_server_holds_what_was_sent_packed_or_as_text(
    as_text: bool, postgresql_module_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise TooManyForms

    if as_text:
        monkeypatch.setattr(loading, "rows_packed", refuse)
    monkeypatch.setattr(loading, "_BYTES_AT_ONCE", 7)  # a piece may end anywhere
    with postgresql_module_store.engine.connect() as connection, connection.begin() as transaction:
        TABLE.create(connection)
        ingest(connection, _frame(ROWS), TABLE)
        assert [tuple(row) for row in connection.execute(TABLE.select())] == ROWS
        transaction.rollback()
    assert np.signbit(ROWS[3][2])  # what the comparison above cannot tell
