"""Checked tables divided by patient, on the disk where they come in several parts: what is too much for the memory.

Only checked values are written, numbers and codes: no refused cell and no text that was not judged. The folder is
its owner's alone (0700, its files 0600). A part holds whole patients, its rows in the order in which they came.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from data_models.intake.readers.checked_table import CheckedTable
from data_models.intake.readers.columns import Coded, Numbers

# Rows wait in the memory until there are so many bytes of them, or so many for each part: a file takes them at one go.
_WAITING = 16 * 2**20
_WAITING_A_PART = 2**15
_HASH_KEY = "patients-by-part"  # the same codes always come to the same parts
_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)


def owners_alone(path: str, flags: int) -> int:
    """The opener of a file that nobody but its owner may read."""
    return os.open(path, flags, 0o600)


class Spill:
    """Tables by part.

    Parameters
    ----------
    folder : an empty folder of its owner alone; None: all of it, one part, is held in the memory.
    parts : how many parts there are.
    """

    def __init__(self, folder: Path | None, parts: int = 1) -> None:
        self.parts = parts
        self.folder = folder
        self._waiting: dict[tuple[str, int], list[pa.RecordBatch]] = {}
        self._bytes = 0
        self._described: dict[str, tuple[str, list[str]]] = {}
        self._written: set[tuple[str, int]] = set()
        self.rows: Counter[str] = Counter()  # of each table, those that were added

    @property
    def numbers(self) -> list[int]:
        """The parts that hold any rows."""
        return sorted({part for _, part in (*self._written, *self._waiting)})

    @property
    def files(self) -> dict[str, str]:
        """The file or sheet that each table came from."""
        return {name: file for name, (file, _) in self._described.items()}

    def add(self, table: CheckedTable) -> None:
        """Add a block of a table's records to the parts of their patients."""
        self._described[table.name] = table.file, table.sources
        self.rows[table.name] += len(table)
        if self.folder is None:
            self._waiting.setdefault((table.name, 0), []).append(_as_rows(table))
            return
        part = _part_of(table, self.parts)
        order = np.argsort(part, kind="stable")
        ends = np.cumsum(np.bincount(part, minlength=self.parts)).tolist()
        rows = _as_rows(table.take(order))
        for number, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
            if end > start:
                self._waiting.setdefault((table.name, number), []).append(rows.slice(start, end - start))
        self._bytes += rows.nbytes
        if self._bytes >= max(_WAITING, _WAITING_A_PART * self.parts):
            self.flush()

    def flush(self) -> None:
        """Write the rows that wait, but for those of a single part."""
        if self.folder is None:
            return
        for (name, part), pieces in self._waiting.items():
            self._append(name, part, pieces)
        self._waiting, self._bytes = {}, 0
        pa.default_memory_pool().release_unused()

    def drop(self, names: Mapping[str, object]) -> None:
        """Forget the tables of these names."""
        for name, part in [key for key in self._waiting if key[0] in names]:
            del self._waiting[name, part]
        for name, part in [key for key in self._written if key[0] in names]:
            self._path(name, part).unlink()
            self._written.remove((name, part))
        for name in names:
            self._described.pop(name, None)
            self.rows.pop(name, None)

    def load(self, part: int) -> dict[str, CheckedTable]:
        """The tables that were added, with the records of one part; their `sources` are of the whole."""
        return {
            name: _from_rows(name, file, sources, self._rows(name, part))
            for name, (file, sources) in self._described.items()
            if (name, part) in self._written or (name, part) in self._waiting
        }

    def _path(self, name: str, part: int) -> Path:
        assert self.folder is not None
        return self.folder / f"{name}-{part}"

    def _append(self, name: str, part: int, pieces: list[pa.RecordBatch]) -> None:
        joined = pa.Table.from_batches(pieces).unify_dictionaries().combine_chunks()
        path = self._path(name, part)
        with (
            open(path, "ab", opener=owners_alone) as stream,
            pa.ipc.new_stream(stream, joined.schema, options=_OPTIONS) as writer,
        ):
            writer.write_table(joined)
        self._written.add((name, part))

    def _rows(self, name: str, part: int) -> pa.Table:
        if self.folder is None:
            return pa.Table.from_batches(self._waiting[name, part]).unify_dictionaries().combine_chunks()
        content = pa.py_buffer(self._path(name, part).read_bytes())
        stream = pa.BufferReader(content)
        pieces = []
        while stream.tell() < len(content):
            with pa.ipc.open_stream(stream) as reader:
                pieces.append(reader.read_all())
        return pa.concat_tables(pieces).unify_dictionaries().combine_chunks()


def _part_of(table: CheckedTable, parts: int) -> npt.NDArray[np.uint16]:
    """The part of each record: of its patient code alone. A record without one (it is refused) is in the first."""
    code = table.columns["patient_code"]
    assert isinstance(code, Coded)
    hashes = pd.util.hash_array(np.array(code.values, dtype=object), hash_key=_HASH_KEY, categorize=False)
    of_value = np.append((hashes % np.uint64(parts)).astype(np.uint16), np.uint16(0))
    return of_value[code.codes]  # code -1 (missing) takes the last


def _as_rows(table: CheckedTable) -> pa.RecordBatch:
    """A table's records for the disk. Patient codes stand there as they are, so that a part holds its own alone."""
    columns: dict[str, pa.Array] = {}
    for name, column in table.columns.items():
        if not isinstance(column, Coded):
            columns[name] = pa.array(column)
        elif name == "patient_code":
            columns[name] = _used(column).dictionary_decode()
        else:
            columns[name] = _used(column)
    columns["row"] = pa.array(table.rows)
    if table.source_of is not None:
        columns["source"] = pa.array(table.source_of)
    return pa.RecordBatch.from_pydict(columns)


def _used(column: Coded) -> pa.DictionaryArray:
    """A column with those of its values alone that some record has: among the others are refused texts."""
    used = np.zeros(len(column.values) + 1, bool)
    used[column.codes] = True  # code -1 (missing) marks the last
    renumbered = np.append(np.cumsum(used[:-1], dtype=np.int32) - 1, np.int32(-1)).astype(np.int32)
    values = [column.values[at] for at in np.flatnonzero(used[:-1]).tolist()]
    codes = renumbered[column.codes]
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), pa.array(values, pa.string()))


def _from_rows(name: str, file: str, sources: list[str], rows: pa.Table) -> CheckedTable:
    columns: dict[str, Coded | Numbers] = {}
    for place, column in enumerate(rows.column_names):
        found = rows.column(place).combine_chunks()
        if column in ("row", "source"):
            continue
        if pa.types.is_floating(found.type):
            columns[column] = found.to_numpy(zero_copy_only=False).copy()  # Arrow's own may not be written to
        else:
            coded = found if pa.types.is_dictionary(found.type) else found.dictionary_encode()
            codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
            columns[column] = Coded(codes, coded.dictionary.to_pylist())
    at = rows.column("row").combine_chunks().to_numpy()
    source = rows.column("source").combine_chunks().to_numpy() if "source" in rows.column_names else None
    return CheckedTable(name, file, columns, at, sources, source)
