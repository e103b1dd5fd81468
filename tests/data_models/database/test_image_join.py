"""Files put together by page hold what SQLite would have inserted; what is not plain enough is refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_models.database import image, image_join
from data_models.database.image_join import CannotJoin, PartFile, join

TABLES = {
    "scores": (
        "CREATE TABLE scores (p INTEGER NOT NULL, i VARCHAR(32) NOT NULL, x FLOAT, PRIMARY KEY (p, i)) WITHOUT ROWID"
    ),
    "notes": "CREATE TABLE notes (p INTEGER NOT NULL, t TEXT, PRIMARY KEY (p)) WITHOUT ROWID",
}
Rows = dict[str, list[tuple[Any, ...]]]


def made(path: Path, rows: Rows, page: int = 32_768) -> PartFile:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute(f"PRAGMA page_size = {page}")
        for name, statement in TABLES.items():
            connection.execute(statement)
            for row in rows.get(name, []):
                connection.execute(f"INSERT INTO {name} VALUES ({', '.join('?' * len(row))})", row)
        connection.commit()
        return PartFile(path, dict(connection.execute("SELECT name, rootpage FROM sqlite_master")))


def rows_of(first: int, end: int, seed: int = 1) -> Rows:
    rng = np.random.default_rng(seed + first)
    scores = [
        (p, code, None if rng.random() < 0.2 else float(rng.normal()))
        for p in range(first, end)
        for code in ("gad7", "phq9")
    ]
    return {"scores": scores, "notes": [(p, "n" * int(rng.integers(0, 200))) for p in range(first, end, 2)]}


@pytest.fixture
def joined(tmp_path: Path) -> Callable[..., Rows]:
    """Joins parts given as rows; gives the rows of the file, once SQLite has found it sound."""

    def put_together(*parts: Rows) -> Rows:
        files = [made(tmp_path / f"{n}.db", rows) for n, rows in enumerate(parts)]
        path = tmp_path / "joined.db"
        join(path, files, TABLES)
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in TABLES}

    return put_together


def all_of(parts: list[Rows]) -> Rows:
    return {name: [row for part in parts for row in part.get(name, [])] for name in TABLES}


@pytest.mark.parametrize("size", [5, 700, 6_000])
def test_parts_of_one_leaf_and_of_many(joined: Any, size: int) -> None:
    parts = [rows_of(n * size, (n + 1) * size) for n in range(4)]
    assert joined(*parts) == all_of(parts)


def test_parts_without_rows_leave_no_trace(joined: Any) -> None:
    parts: list[Rows] = [{}, rows_of(0, 3_000), {}, {"notes": [(3_001, "a"), (3_002, None)]}, rows_of(4_000, 4_010), {}]
    assert joined(*parts) == all_of(parts)


def test_leaves_in_several_lots(joined: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_join, "_LEAVES_AT_ONCE", 2)
    parts = [rows_of(n * 6_000, (n + 1) * 6_000) for n in range(3)]
    assert joined(*parts) == all_of(parts)


def test_nothing_gives_empty_tables(joined: Any) -> None:
    assert joined({}, {}) == {"scores": [], "notes": []}


def test_three_levels_of_pages(joined: Any) -> None:
    wide = [(p, "n" * 6_000) for p in range(24_000)]  # five rows a leaf
    parts: list[Rows] = [{"notes": wide[:12_000]}, {"notes": wide[12_000:]}]
    assert joined(*parts) == all_of(parts)


def test_the_page_that_sqlite_locks_stays_empty(joined: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    passed = []
    monkeypatch.setattr(image, "_LOCK_PAGE", 9)
    write = image.Image._pass_lock_page

    def passing(self: image.Image) -> None:
        before = self._pages
        write(self)
        passed.append(self._pages > before)

    monkeypatch.setattr(image.Image, "_pass_lock_page", passing)
    # SQLite itself locks another page, so page 9 is one that no tree uses: the file reads as if it were not there.
    parts = [rows_of(n * 6_000, (n + 1) * 6_000) for n in range(2)]
    with pytest.raises(AssertionError, match="never used"):
        joined(*parts)
    assert sum(passed) == 1


@pytest.mark.parametrize(
    "rows, page",
    [
        ({"scores": [(9, "phq9", 1.0)]}, 32_768),  # its only row would leave a leaf without one
        ({"notes": [(9, "n" * 40_000), (10, "")]}, 32_768),  # goes on in an overflow page
        ({"notes": [(9, "a"), (10, "b")]}, 4_096),  # pages of another size
    ],
)
def test_what_is_not_plain_is_refused(tmp_path: Path, rows: Rows, page: int) -> None:
    files = [made(tmp_path / "a.db", rows_of(0, 5)), made(tmp_path / "b.db", rows, page)]
    with pytest.raises(CannotJoin):
        join(tmp_path / "joined.db", files, TABLES)


def test_a_file_with_pages_of_no_tree_is_refused(tmp_path: Path) -> None:
    part = made(tmp_path / "a.db", rows_of(0, 6_000))
    with closing(sqlite3.connect(part.path)) as connection:
        connection.execute("DELETE FROM scores WHERE p > 100")
        connection.commit()
    with pytest.raises(CannotJoin):
        join(tmp_path / "joined.db", [part], TABLES)
