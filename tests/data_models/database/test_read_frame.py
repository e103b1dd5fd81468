"""Rows come as a frame whose types do not depend on how the rows were fetched."""

from __future__ import annotations

import gc

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Integer, String, bindparam, cast, literal_column, null, select, text

from data_models.database import loading
from data_models.store import Store

# 1,200 rows, several fetches: of some columns the first fetches bring nothing but nulls.
_NUMBERS = text(
    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1199) "
    "SELECT i AS whole, CAST(i AS DOUBLE PRECISION) * 0.5 AS number, CASE WHEN i >= 1000 THEN i END AS late, "
    "CASE WHEN i >= 1000 THEN 'p' || i END AS late_text, 'iv' AS code, NULL AS never FROM n ORDER BY i"
)


def test_types_and_values_over_several_fetches(store: Store) -> None:
    with store.connect() as connection:
        frame = loading.read_frame(connection, _NUMBERS)
    at = np.arange(1200)
    missing = [None] * 1000
    expected = pd.DataFrame(
        {
            "whole": at,
            "number": at * 0.5,
            "late": [*missing, *range(1000, 1200)],
            "late_text": pd.Series([*missing, *(f"p{i}" for i in range(1000, 1200))], dtype="str"),
            "code": pd.Series(["iv"] * 1200, dtype="str"),
            "never": np.full(1200, np.nan),
        }
    )
    pd.testing.assert_frame_equal(frame, expected, check_exact=True)


def test_no_rows_give_the_columns_all_the_same(store: Store) -> None:
    nothing = select(cast(null(), Integer).label("a"), cast(null(), String).label("b")).where(literal_column("1") == 0)
    with store.connect() as connection:
        frame = loading.read_frame(connection, nothing)
    assert frame.dtypes.astype(str).to_dict() == {"a": "float64", "b": "float64"}
    assert len(frame) == 0


def test_many_rows_do_not_set_off_the_search_for_garbage(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def passes() -> int:
        before = sum(generation["collections"] for generation in gc.get_stats())
        rows = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :n) SELECT i FROM n")
        loading.read_frame(connection, rows.bindparams(bindparam("n", 30_000, Integer)))
        return sum(generation["collections"] for generation in gc.get_stats()) - before

    with store.connect() as connection:
        few = passes()
        monkeypatch.setattr(loading, "_ROWS_FETCHED", 30_000)
        many = passes()
    assert many >= 30_000 // gc.get_threshold()[0]
    assert few < many / 2
