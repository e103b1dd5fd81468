"""Tables as the pages of an SQLite file, written by column instead of row by row.

SQLite copies rows from one file to another several times faster than a driver hands them over value by
value. So a large import lays its new rows out as a file of their own, in the documented format
(sqlite.org, "Database File Format"), and the store takes them over with INSERT ... SELECT. Nothing here
speaks to a database. All tables are of the WITHOUT ROWID kind: one b-tree in the order of the primary
key, whose inner pages hold rows too.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

_PAGE = 32_768
_LOCK_PAGE = 2**30 // _PAGE + 1  # SQLite locks bytes of this page and never keeps anything in it (section 1.4)
_LEAF, _INNER, _SCHEMA = 0x0A, 0x02, 0x0D  # kinds of pages: index leaf, index interior, table leaf
_ROWS_AT_ONCE = 16_384  # measured: their cells stay in the processor's cache
_MOST_FORMS = 256  # rows of one form are laid out together; of more forms, row by row is as fast
_WIDTHS = ((1, 1), (2, 2), (4, 4), (8, 6))  # bytes of a whole number and the serial type that says so

Bytes = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.int64]


class TooManyForms(Exception):
    """The rows differ too much in which values are missing, or one is too long, to be laid out by column."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What a table is: its CREATE TABLE statement, how many columns its key has, and which hold no null.

    The statement is one WITHOUT ROWID; rows are given with the key's columns first.
    """

    sql: str
    keys: int
    required: Sequence[bool]


@dataclass(slots=True)
class _Column:
    """One column: per form of a value its serial type and the bytes of all rows; `order` sorts as the values do.

    `form[i]` is the form of row i, None where all have form 0. Values of a text column are looked up by
    `codes` among the texts of the form. The serial type 0 is null.
    """

    serials: list[int]
    contents: list[npt.NDArray[np.void] | None]
    form: Codes | None
    order: npt.NDArray[np.float64] | Codes
    codes: Codes | None = None


def _varint(value: int) -> bytes:
    """SQLite's variable-length whole number, big end first, seven bits a byte."""
    parts = [value & 0x7F]
    while value := value >> 7:
        parts.append(value & 0x7F | 0x80)
    return bytes(reversed(parts))


def _holds_null(column: _Column) -> bool:
    return column.form is not None and bool((column.form == column.serials.index(0)).any())


def _size(serial: int) -> int:
    """Bytes that a value of a serial type takes."""
    return (serial - 13) // 2 if serial >= 13 else (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)[serial]


def _number(values: npt.NDArray[np.float64] | Codes) -> _Column:
    """Whole numbers in as few bytes as the column needs (SQLite keeps whole floats so too), else eight-byte floats."""
    if values.dtype.kind == "b":
        values = values.astype(np.int64)
    missing = np.isnan(values) if values.dtype.kind == "f" else None
    if missing is not None and not missing.any():
        missing = None
    given = values if missing is None else np.where(missing, 0, values)
    low, high = (given.min(), given.max()) if len(given) else (0, 0)
    if values.dtype.kind == "f" and not (abs(low) < 2**47 and abs(high) < 2**47 and (given == np.rint(given)).all()):
        serial, content = 7, given.astype(">f8")
    elif low == high and low in (0, 1):
        serial, content = 8 + int(low), None
    else:
        width, serial = next((w, s) for w, s in _WIDTHS if -(2 ** (8 * w - 1)) <= low and high < 2 ** (8 * w - 1))
        content = given.astype(f">i{width}")
    raw = None if content is None else content.view(f"V{content.itemsize}")
    if missing is None:
        return _Column([serial], [raw], None, values)
    return _Column([serial, 0], [raw, None], missing.astype(np.int64), values)


def texts_by_length(encoded: Sequence[bytes]) -> tuple[list[int], list[npt.NDArray[np.void] | None], Codes, Codes]:
    """Different texts, put together by their length: of one length, rows of a table can be laid out by column.

    Returns
    -------
    The lengths that occur; per length its texts, None for the length 0; per text the place of its length
    and its own place among the texts of that length.
    """
    lengths, form_of = np.unique([len(text) for text in encoded], return_inverse=True)
    place = np.empty(len(encoded), np.int64)
    contents: list[npt.NDArray[np.void] | None] = []
    for form, length in enumerate(lengths.tolist()):
        same = np.flatnonzero(form_of == form)
        place[same] = np.arange(len(same))
        texts = b"".join([encoded[at] for at in same.tolist()]) if len(lengths) > 1 else b"".join(encoded)
        contents.append(np.frombuffer(texts, f"V{length}") if length else None)
    return lengths.tolist(), contents, form_of, place


def _text(values: pd.Series, *, is_key: bool) -> _Column:
    """Texts: one form a length, and one for missing."""
    codes, names = pd.factorize(values)
    encoded = [str(name).encode() for name in names]
    lengths, contents, form_of, place = texts_by_length(encoded)
    serials = [13 + 2 * length for length in lengths]
    order = codes
    if is_key:
        rank = np.empty(len(encoded) + 1, np.int64)
        rank[sorted(range(len(encoded)), key=encoded.__getitem__)] = np.arange(len(encoded))
        order = rank[codes]
    places = np.append(place, 0)[codes]
    if len(lengths) == 1 and codes.min() >= 0:
        return _Column(serials, contents, None, order, places)
    return _Column([*serials, 0], [*contents, None], np.append(form_of, len(lengths))[codes], order, places)


def ascending(keys: Sequence[npt.NDArray[np.float64] | Codes]) -> bool:
    """Whether each row's key is above that of the row before."""
    tied = np.ones(max(len(keys[0]) - 1, 0), bool)
    for values in keys:
        before, after = values[:-1], values[1:]
        if (tied & ~(after >= before)).any():
            return False
        tied &= after == before
    return not tied.any()


def forms_of_rows(columns: Sequence[tuple[Codes | None, int]], rows: int) -> Codes:
    """Rows of one number agree in the form of every column.

    Parameters
    ----------
    columns : of each column the form of each row, None where all have one, and how many forms there are.

    Raises
    ------
    TooManyForms
    """
    form = np.zeros(rows, np.int64)
    for of_column, count in columns:
        if of_column is not None:
            form, seen = pd.factorize(form * count + of_column)
            if len(seen) > _MOST_FORMS:
                raise TooManyForms
    return form


def _laid_out(columns: Sequence[_Column], form: Codes, start: int, end: int) -> Bytes:
    """The cells of the rows from `start` up to `end`, all of the length of the longest."""
    own, seen = pd.factorize(form[start:end])
    if len(seen) == 1:
        return _of_one_form(columns, slice(start, end), start, end - start)
    groups = np.split(np.argsort(own, kind="stable"), np.bincount(own).cumsum()[:-1])
    parts = [_of_one_form(columns, start + group, start + int(group[0]), len(group)) for group in groups]
    width = max(part.shape[1] for part in parts)
    result = np.empty(end - start, f"V{width}")
    for group, part in zip(groups, parts, strict=True):
        result[group] = _widened(part, width).view(f"V{width}")[:, 0]
    return result.view(np.uint8).reshape(-1, width)


def _widened(cells: Bytes, width: int) -> Bytes:
    return cells if cells.shape[1] == width else np.pad(cells, ((0, 0), (0, width - cells.shape[1])))


def _of_one_form(columns: Sequence[_Column], group: slice | Codes, first: int, size: int) -> Bytes:
    """The cells of rows that agree in each column's form."""
    serials = b""
    fields: list[npt.NDArray[np.void]] = []
    for column in columns:
        form = 0 if column.form is None else int(column.form[first])
        serials += _varint(column.serials[form])
        content = column.contents[form]
        if content is not None:
            fields.append(content[group if column.codes is None else column.codes[group]])
    header = _varint(len(serials) + 1) + serials
    if len(header) > 127:
        header = _varint(len(serials) + 2) + serials
    payload = len(header) + sum(values.itemsize for values in fields)
    head = _varint(payload) + header
    # A page holds no cell of less than four bytes; what is added at the end is not read.
    cells = np.zeros((size, max(4, len(head) + payload - len(header))), np.uint8)
    cells[:, : len(head)] = np.frombuffer(head, np.uint8)
    at = len(head)
    for values in fields:
        width = values.itemsize
        cells[:, at : at + width] = values.view(np.uint8).reshape(size, width)
        at += width
    return cells


@dataclass(slots=True)
class _Tree:
    """A table while it is written: its finished leaves, the row between each two, rows not yet placed."""

    layout: Layout
    pending: Bytes = field(default_factory=lambda: np.zeros((0, 4), np.uint8))
    leaves: list[int] = field(default_factory=list)
    between: list[bytes] = field(default_factory=list)


class Image:
    """A new SQLite file with some tables.

    Parameters
    ----------
    path : the file; it must not exist.
    tables : the tables by name.
    """

    PAGE = _PAGE  # bytes

    def __init__(self, path: Path, tables: Mapping[str, Layout]) -> None:
        self._trees = {name: _Tree(layout) for name, layout in tables.items()}
        self._pages = 1  # the first holds the schema and is written last
        self._file = os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")
        self._file.write(bytes(_PAGE))

    def add(self, name: str, columns: Sequence[pd.Series]) -> None:
        """Append rows to a table, in the order of its key and after all rows added before.

        The database takes the rows as they are: what it would refuse is refused here.

        Parameters
        ----------
        columns : all columns of the table in its order; numbers with NaN, or texts, for missing None.

        Raises
        ------
        TooManyForms : nothing was added.
        ValueError : a value is missing where there must be one, or keys repeat or are not in order.
        """
        rows, tree = len(columns[0]), self._trees[name]
        if rows == 0:
            return
        numeric = [pd.api.types.is_numeric_dtype(column.dtype) for column in columns]
        made = [
            _number(column.to_numpy()) if is_number else _text(column, is_key=place < tree.layout.keys)
            for place, (column, is_number) in enumerate(zip(columns, numeric, strict=True))
        ]
        if any(
            needed and 0 in c.serials and _holds_null(c) for c, needed in zip(made, tree.layout.required, strict=True)
        ):
            raise ValueError(f"a value of {name} is missing where there must be one")
        if not ascending([column.order for column in made[: tree.layout.keys]]):
            raise ValueError(f"rows of {name} repeat a key or are not in the order of their keys")
        form = forms_of_rows([(column.form, len(column.serials)) for column in made], rows)
        longest = (_PAGE - 12) * 64 // 255 - 23  # a longer row would continue on overflow pages
        if sum(max(map(_size, column.serials)) + 2 for column in made) + 4 > longest:
            raise TooManyForms
        for start in range(0, rows, _ROWS_AT_ONCE):
            self._place(tree, _laid_out(made, form, start, min(start + _ROWS_AT_ONCE, rows)))

    def _place(self, tree: _Tree, cells: Bytes) -> None:
        """Write as many leaves as the cells and those before them fill; keep the rest."""
        width = max(cells.shape[1], tree.pending.shape[1])
        cells = np.concatenate((_widened(tree.pending, width), _widened(cells, width)))
        a_leaf = (_PAGE - 8) // (width + 2)
        # Each leaf is followed by one row of an inner page; at least one row stays for the leaf after it.
        full = (len(cells) - 1) // (a_leaf + 1)
        placed = cells[: full * (a_leaf + 1)].reshape(full, a_leaf + 1, width)
        tree.pending = cells[full * (a_leaf + 1) :].copy()
        if full:
            self._write_leaves(tree, placed[:, :a_leaf])
            tree.between += [row.tobytes() for row in placed[:, a_leaf]]

    def holds(self, name: str) -> bool:
        """Whether a table has a finished leaf."""
        return bool(self._trees[name].leaves)

    def add_leaves(self, name: str, pages: Bytes, between: Sequence[bytes]) -> None:
        """Append finished leaves as SQLite wrote them, shape (leaves, bytes a page), to a table without other rows.

        `between`: the row before each leaf but the table's first, as the cell of an index.
        """
        self._append(self._trees[name], pages)
        self._trees[name].between += between

    def finish(self) -> None:
        """Write what is left, the inner pages and the schema, and close the file."""
        roots = {}
        for name, tree in self._trees.items():
            rows = tree.pending
            a_leaf = (_PAGE - 8) // (rows.shape[1] + 2)
            if len(rows) > a_leaf:
                self._write_leaves(tree, rows[None, : len(rows) - 2])
                tree.between.append(rows[-2].tobytes())
                rows = rows[-1:]
            if len(rows) or not tree.leaves:
                self._write_leaves(tree, rows[None])
            roots[name] = self._write_inner(tree.leaves, tree.between)
        self._write_schema(roots)
        self._file.close()

    def close(self) -> None:
        """Close the file, finished or not."""
        self._file.close()

    def _write_leaves(self, tree: _Tree, cells: npt.NDArray[np.uint8]) -> None:
        """Write leaves from their cells, of shape (leaves, cells a leaf, bytes a cell)."""
        leaves, count, width = cells.shape
        start = _PAGE - count * width
        pages = np.zeros((leaves, _PAGE), np.uint8)
        pages[:, :8] = np.frombuffer(struct.pack(">BHHHB", _LEAF, 0, count, start, 0), np.uint8)
        pointers = (start + width * np.arange(count)).astype(">u2").view(np.uint8)
        pages[:, 8 : 8 + 2 * count] = pointers
        pages[:, start:] = cells.reshape(leaves, count * width)
        self._append(tree, pages)

    def _append(self, tree: _Tree, pages: Bytes) -> None:
        """Write finished leaves, of shape (leaves, bytes a page)."""
        leaves = len(pages)
        before = min(leaves, _LOCK_PAGE - 1 - self._pages) if self._pages < _LOCK_PAGE else leaves
        for part in (pages[:before], pages[before:]):
            if len(part):
                self._pass_lock_page()
                self._file.write(part.data)
                tree.leaves += range(self._pages + 1, self._pages + len(part) + 1)
                self._pages += len(part)

    def _pass_lock_page(self) -> None:
        """Leave the page empty that comes next, if it is the one that SQLite never uses."""
        if self._pages + 1 == _LOCK_PAGE:
            self._file.write(bytes(_PAGE))
            self._pages += 1

    def _write_inner(self, children: list[int], between: list[bytes]) -> int:
        """Write the levels above some pages; the number of the topmost page."""
        while len(children) > 1:
            a_page = (_PAGE - 12) // (max(map(len, between)) + 6) + 1
            groups = np.array_split(np.arange(len(children)), -(-len(children) // a_page))
            upper, above = [], []
            for group in groups:
                first, last = int(group[0]), int(group[-1])
                cells = [struct.pack(">I", children[i]) + between[i] for i in range(first, last)]
                self._pass_lock_page()
                upper.append(self._write_page(_INNER, cells, children[last]))
                if last < len(between):
                    above.append(between[last])
            children, between = upper, above
        return children[0]

    def _write_page(self, kind: int, cells: Sequence[bytes], right: int | None = None, offset: int = 0) -> int:
        """Write one page; `offset`: bytes before its header that are filled later."""
        content = b"".join(cells)
        start = _PAGE - len(content)
        ends = np.cumsum([0, *map(len, cells)])[:-1]
        head = bytes(offset) + struct.pack(">BHHHB", kind, 0, len(cells), start, 0)
        head += b"" if right is None else struct.pack(">I", right)
        head += (start + ends).astype(">u2").tobytes()
        self._file.write(head + bytes(start - len(head)) + content)
        self._pages += 1
        return self._pages

    def _write_schema(self, roots: Mapping[str, int]) -> None:
        cells = []
        for number, (name, tree) in enumerate(self._trees.items(), start=1):
            texts = [b"table", name.encode(), name.encode(), tree.layout.sql.encode()]
            serials = [_varint(13 + 2 * len(text)) for text in texts]
            header = b"".join([*serials[:3], b"\x04", serials[3]])  # the root page as four bytes
            payload = _varint(len(header) + 1) + header + b"".join(texts[:3])
            payload += struct.pack(">i", roots[name]) + texts[3]
            cells.append(_varint(len(payload)) + _varint(number) + payload)
        pages = self._pages
        self._file.seek(0)
        self._write_page(_SCHEMA, cells, offset=100)
        head = b"SQLite format 3\0" + struct.pack(">HBBBBBB", _PAGE, 1, 1, 0, 64, 32, 32)
        # Change counter, pages, no free pages, schema cookie and format, and so on to UTF-8.
        head += struct.pack(">12I", 1, pages, 0, 0, 1, 4, 0, 0, 1, 0, 0, 0)
        self._file.seek(0)
        self._file.write(head + bytes(20) + struct.pack(">II", 1, 3_040_000))
