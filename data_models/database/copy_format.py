"""Rows in PostgreSQL's binary COPY format, written by column instead of value by value.

PostgreSQL takes numbers in this form without parsing them, and numpy writes it several times faster than
a text of the same rows is written (postgresql.org, "COPY", Binary Format). Rows that agree in which values
are missing and in how long their texts are have one form: all their bytes stand at the same places.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from sqlalchemy import BigInteger, Column, Float, Integer, String

from data_models.database.image import Codes, TooManyForms, forms_of_rows, texts_by_length

HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = b"\xff\xff"
_NULL = -1  # in place of a field's length


@dataclass(slots=True)
class _Field:
    """One column: per form of a value how many bytes it takes and the bytes of all rows.

    `form[i]` is the form of row i, None where all have form 0. Texts are looked up by `place`.
    """

    lengths: list[int]
    contents: list[npt.NDArray[np.void] | None]
    form: Codes | None
    place: Codes | None = None


def rows_packed(frame: pd.DataFrame, columns: Sequence[Column[object]]) -> memoryview:
    """The rows of a frame, without head and end of the format.

    Parameters
    ----------
    columns : the table's columns to be written, of whole numbers, floats or texts; NaN and missing are null.

    Raises
    ------
    TooManyForms : the rows differ too much, or a column is of another type.
    ValueError : a number does not fit its column.
    """
    rows = len(frame)
    if not rows:
        return memoryview(b"")
    fields = [_field(frame[column.name], column) for column in columns]
    form = forms_of_rows([(field.form, len(field.lengths)) for field in fields], rows)
    if not form.any():
        return _of_one_form(fields, slice(None), 0, rows).reshape(-1).data
    groups = np.split(np.argsort(form, kind="stable"), np.bincount(form).cumsum()[:-1])
    parts = [_of_one_form(fields, group, int(group[0]), len(group)) for group in groups]
    ends = np.cumsum(np.repeat([part.shape[1] for part in parts], [len(part) for part in parts]))
    offsets = pa.py_buffer(np.concatenate(([0], ends)).astype(np.int64))
    content = pa.py_buffer(np.concatenate([part.reshape(-1) for part in parts]))
    grouped = pa.LargeBinaryArray.from_buffers(pa.large_binary(), rows, [None, offsets, content])
    place = np.empty(rows, np.int64)
    place[np.concatenate(groups)] = np.arange(rows)
    # In their own order again: a patient's rows stay together in the table.
    return memoryview(grouped.take(pa.array(place)).buffers()[2])


def _field(values: pd.Series, column: Column[object]) -> _Field:
    if isinstance(column.type, String):
        return _text(values)
    if isinstance(column.type, Float):
        return _number(values, ">f8")
    if isinstance(column.type, Integer):
        return _number(values, ">i8" if isinstance(column.type, BigInteger) else ">i4")
    raise TooManyForms


def _number(values: pd.Series, kind: str) -> _Field:
    given = values.to_numpy()
    missing = np.isnan(given) if given.dtype.kind == "f" else np.zeros(0, bool)
    whole = kind != ">f8"
    if whole and missing.any():
        given = np.where(missing, 0, given)
    with np.errstate(invalid="ignore"):  # what does not fit is found below
        content = given.astype(kind)
    if whole and (content != given).any():
        raise ValueError(f"a value of {values.name} is no whole number of {content.itemsize} bytes")
    raw = content.view(f"V{content.itemsize}")
    if not missing.any():
        return _Field([content.itemsize], [raw], None)
    return _Field([content.itemsize, _NULL], [raw, None], missing.astype(np.int64))


def _text(values: pd.Series) -> _Field:
    codes, names = pd.factorize(values)
    lengths, contents, form_of, place = texts_by_length([str(name).encode() for name in names])
    places = np.append(place, 0)[codes]
    if len(lengths) == 1 and codes.min() >= 0:
        return _Field(lengths, contents, None, places)
    return _Field([*lengths, _NULL], [*contents, None], np.append(form_of, len(lengths))[codes], places)


def _of_one_form(fields: Sequence[_Field], group: slice | Codes, first: int, size: int) -> npt.NDArray[np.uint8]:
    """The bytes of rows that agree in each field's form, of shape (rows, bytes a row)."""
    row = struct.pack(">h", len(fields))
    filled: list[tuple[int, npt.NDArray[np.void]]] = []
    for field in fields:
        form = 0 if field.form is None else int(field.form[first])
        content, length = field.contents[form], field.lengths[form]
        row += struct.pack(">i", length)
        if content is not None:
            filled.append((len(row), content[group if field.place is None else field.place[group]]))
            row += bytes(length)
    cells = np.empty((size, len(row)), np.uint8)
    cells[:] = np.frombuffer(row, np.uint8)
    for at, content in filled:
        cells[:, at : at + content.itemsize] = content.view(np.uint8).reshape(size, content.itemsize)
    return cells
