"""Tables laid out as the pages of an SQLite file: what was laid out is what SQLite reads."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from data_models.database import image, loading
from data_models.database.image import Image, Layout, TooManyForms
from data_models.database.tables import Base
from data_models.store import Store, StoreError
from data_models.store.derivation import FACTS
from data_models.store.importing import RECORDS

SQL = (
    "CREATE TABLE t (who BIGINT NOT NULL, what VARCHAR(32) NOT NULL, share FLOAT, points INTEGER, note TEXT,"
    " PRIMARY KEY (who, what)) WITHOUT ROWID"
)
LAYOUT = Layout(SQL, 2, [True, True, False, False, False])
COLUMNS = ["who", "what", "share", "points", "note"]

numbers = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False), st.integers(-3, 3).map(float))
wholes = st.one_of(st.none(), st.sampled_from([0, 1, -1, 127, 128, -32_769, 2**31, -(2**47) + 1]))
texts = st.one_of(st.none(), st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=90))
rows = st.dictionaries(
    st.tuples(st.integers(-5, 2**40), st.sampled_from(["phq9", "gad7", "é", "a" * 32])),
    st.tuples(numbers, wholes, texts),
    min_size=1,
    max_size=60,
)


def _frame(cells: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    frame = pd.DataFrame(cells, columns=COLUMNS)
    types = {"who": "int64", "what": "str", "share": "float64", "points": "float64", "note": "str"}
    return frame.astype(types)


TABLES = {"t": LAYOUT, "unused": Layout(SQL.replace(" t ", " unused "), 2, LAYOUT.required)}


def _written(path: Path, parts: Sequence[pd.DataFrame]) -> None:
    made = Image(path, TABLES)
    try:
        for part in parts:
            made.add("t", [part[name] for name in COLUMNS])
        made.finish()
    finally:
        made.close()


def _taken_over(path: Path) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """The rows as SQLite reads them from the image, and from a table that took them over."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute(SQL)
        connection.execute("ATTACH DATABASE ? AS image", (str(path),))
        connection.execute("INSERT INTO main.t SELECT * FROM image.t")
        assert connection.execute("PRAGMA main.integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM image.unused").fetchone() == (0,)
        types = "typeof(share), typeof(points)"
        mine, theirs = (
            connection.execute(f"SELECT *, {types} FROM {schema}.t ORDER BY who, what").fetchall()
            for schema in ("image", "main")
        )
        found = connection.execute("SELECT note FROM t WHERE who = ? AND what = ?", mine[-1][:2]).fetchall()
        assert found == [mine[-1][4:5]]
        return mine, theirs
    finally:
        connection.close()


@settings(max_examples=30)
@given(cells=rows, cut=st.integers(0, 60))
def test_sqlite_reads_what_was_laid_out_whatever_the_values(
    cells: dict[tuple[int, str], tuple[Any, ...]], cut: int
) -> None:
    wanted = sorted((*key, *values) for key, values in cells.items())
    wanted.sort(key=lambda row: (row[0], row[1].encode()))
    with tempfile.TemporaryDirectory() as folder:
        _written(Path(folder, "image"), [_frame(part) for part in (wanted[:cut], wanted[cut:]) if part])
        mine, theirs = _taken_over(Path(folder, "image"))
    typed = [(*row, *("null" if v is None else kind for v, kind in zip(row[2:4], ("real", "integer"), strict=True)))
             for row in wanted]  # fmt: skip
    assert mine == theirs == typed


@pytest.mark.parametrize("count", [1, 2, 3, 11, 12, 13, 14, 150, 3_000])
@pytest.mark.parametrize("parts", [1, 7])
def test_trees_of_any_depth_hold_together(
    count: int, parts: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image, "_PAGE", 1_024)  # small pages: three thousand rows are four levels
    monkeypatch.setattr(image, "_ROWS_AT_ONCE", 100)
    wanted = [(n, "phq9", n / 7, n % 300, "word" * 6) for n in range(count)]
    step = -(-count // parts)
    _written(tmp_path / "image", [_frame(wanted[at : at + step]) for at in range(0, count, step)])
    connection = sqlite3.connect(tmp_path / "image")
    try:
        # Space behind a short row is not given back: rows are read from here once.
        found = connection.execute("PRAGMA integrity_check").fetchall()
        assert all(
            "Fragmentation" in line or line in ("ok", "*** in database main ***")
            for (t,) in found
            for line in t.split("\n")
        )
    finally:
        connection.close()
    mine, theirs = _taken_over(tmp_path / "image")
    assert [row[:5] for row in mine] == [row[:5] for row in theirs] == wanted


@pytest.mark.parametrize("ahead", [0, 1, 2, 3, 5])
def test_a_file_beyond_a_gibibyte_leaves_the_page_of_the_locks_empty(ahead: int, tmp_path: Path) -> None:
    wanted = [(n, "phq9", n / 7, n % 300, "word" * 20) for n in range(1_100)]  # five leaves and the page above them
    made = Image(tmp_path / "image", TABLES)
    try:
        # As after a gibibyte of other rows: a hole in the file, which takes no room on the disk.
        made._pages = image._LOCK_PAGE - 1 - ahead
        made._file.seek(made._pages * image._PAGE)
        made.add("t", [_frame(wanted)[name] for name in COLUMNS])
        made.finish()
    finally:
        made.close()
    mine, theirs = _taken_over(tmp_path / "image")
    assert [row[:5] for row in mine] == [row[:5] for row in theirs] == wanted


@pytest.mark.parametrize(
    "cells, reason",
    [
        ([(1, "phq9", 1.0, 1, None), (1, "phq9", 2.0, 1, None)], "repeat a key"),
        ([(1, "phq9", 1.0, 1, None), (1, "gad7", 2.0, 1, None)], "not in the order"),
        ([(2, "phq9", 1.0, 1, None), (1, "phq9", 2.0, 1, None)], "not in the order"),
        ([(1, None, 1.0, 1, None), (2, "phq9", 2.0, 1, None)], "missing"),
    ],
)
def test_rows_that_the_database_would_refuse_are_refused(
    cells: list[tuple[Any, ...]], reason: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=reason):
        _written(tmp_path / "image", [_frame(cells)])


def test_rows_too_different_or_too_long_are_left_to_the_driver(tmp_path: Path) -> None:
    different = _frame([(n, "phq9", 0.5, 1, "x" * n) for n in range(300)])
    long = _frame([(1, "phq9", 0.5, 1, "x" * 20_000)])
    made = Image(tmp_path / "image", TABLES)
    try:
        for frame in (different, long):
            with pytest.raises(TooManyForms):
                made.add("t", [frame[name] for name in COLUMNS])
        made.add("t", [different.iloc[:1][name] for name in COLUMNS])
        made.finish()
    finally:
        made.close()
    assert len(_taken_over(tmp_path / "image")[0]) == 1


# --- in the store ----------------------------------------------------------------------------


def _all_rows(store: Store) -> dict[str, list[Any]]:
    with store.connect() as connection:
        return {
            name: [tuple(row) for row in connection.execute(Base.metadata.tables[name].select())]
            for name in (*RECORDS, *FACTS)
        }


@pytest.fixture
def two_stores(tmp_path: Path) -> list[Store]:
    """Two empty SQLite stores."""
    return [Store.open(f"sqlite:///{(tmp_path / name).as_posix()}") for name in ("driver.db", "image.db")]


def test_a_store_holds_the_same_by_driver_and_by_image(
    two_stores: list[Store], sample_folder: Path, small_records: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver, imaged = two_stores
    for store, least in ((driver, 10**9), (imaged, 1)):
        monkeypatch.setattr(loading, "_ROWS_OF_AN_IMAGE", least)
        monkeypatch.setattr("data_models.store.derivation.PATIENTS_AT_ONCE", 70)
        for folder in (small_records, sample_folder):  # into an empty store and into one with rows
            store.import_path(folder)
        store.derive()
    assert _all_rows(driver) == _all_rows(imaged)
    with imaged.connect() as connection:
        assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
        attached = {row.name for row in connection.execute(text("SELECT name FROM pragma_database_list"))}
        assert attached <= {"main", "temp"}
    assert not list(Path(str(imaged.engine.url.database)).parent.glob("*-import*"))


def test_a_failure_while_taking_over_leaves_neither_rows_nor_files(
    two_stores: list[Store], sample_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = two_stores[0]
    monkeypatch.setattr(loading, "_ROWS_OF_AN_IMAGE", 1)
    folder = Path(str(store.engine.url.database)).parent
    leftover = folder / "driver.db-import1"
    leftover.write_text("of an import that was killed")

    def full(self: Image) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Image, "finish", full)
        with pytest.raises(StoreError, match="No space left on device; nothing was stored"):
            store.import_path(sample_folder)
    assert not list(folder.glob("*-import*"))
    assert not any(_all_rows(store).values())
    store.import_path(sample_folder)
    assert all(_all_rows(store).values())
