"""Holding that records read in parts are those read whole; how the tests of it are written down."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from data_models.intake.contract import (
    BATCH_KEYS,
    TABLES,
    CannotRead,
    Fingerprint,
    RecordBatch,
    RecordsRefused,
    empty_table,
)
from data_models.intake.readers import patient_blocks, read_records
from data_models.intake.readers.patient_blocks import RecordParts, read_parts
from data_models.intake.reconcile import Reconciliation, reconcile


@contextmanager
def sizes(block: int, part: int) -> Iterator[None]:
    """Blocks and parts of so many bytes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patient_blocks, "BLOCK_BYTES", block)
        patch.setattr(patient_blocks, "PART_BYTES", part)
        yield


def fingerprint(*parts: RecordBatch) -> str:
    """The fingerprint of some records in parts."""
    found = Fingerprint()
    for part in parts:
        found.add(part)
    return str(found)


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame with texts in place of categories, which a part has of its own rows alone."""
    texts = {name: column.astype("str") for name, column in frame.items() if column.dtype.kind == "O"}
    return frame.assign(**texts).reset_index(drop=True)


def hold_the_same(whole: RecordBatch, found: RecordParts) -> None:
    """The parts are the whole, divided by patient."""
    pieces = list(found)
    assert pieces
    assert (found.source, found.files, found.repeats) == (whole.source, whole.files, whole.repeats)
    assert sum(piece.repeats for piece in pieces) == whole.repeats
    assert found.counts == {name: len(getattr(whole, name)) for name in TABLES}
    assert fingerprint(*pieces) == fingerprint(whole)
    of_patients = [{code for name in TABLES for code in getattr(piece, name)["patient_code"]} for piece in pieces]
    assert sum(map(len, of_patients)) == len(set().union(*of_patients))
    for name in TABLES:
        frame = getattr(whole, name)
        for codes, piece in zip(of_patients, pieces, strict=True):
            expected = frame[frame["patient_code"].isin(codes)]
            pd.testing.assert_frame_equal(plain(getattr(piece, name)), plain(expected), check_dtype=False)
    again = list(found)
    assert all(getattr(a, name).equals(getattr(b, name)) for a, b in zip(pieces, again, strict=True) for name in TABLES)


def hold_the_same_outcome(path: Path, scratch: Path) -> None:
    """Read in parts, a path gives what it gives whole: the records or the refusal; and nothing is left behind."""
    refusal: RecordsRefused | CannotRead | None = None
    try:
        whole = read_records(path)
    except (RecordsRefused, CannotRead) as error:
        refusal = error
    if refusal is None:
        with read_parts(path, scratch) as found:
            hold_the_same(whole, found)
            stored = hold_the_same_new_records(whole, found, NOTHING)
            if stored is not None:
                hold_the_same_new_records(whole, found, stored)
                sessions = stored.sessions.assign(duration_minutes=stored.sessions["row"] % 2)
                part = replace(stored, sessions=sessions, assessments=stored.assessments[::2])
                hold_the_same_new_records(whole, found, part)
    else:
        with pytest.raises(type(refusal)) as caught, read_parts(path, scratch) as found:
            list(found)
        if isinstance(refusal, RecordsRefused):
            assert isinstance(caught.value, RecordsRefused)
            assert caught.value.problems == refusal.problems
            assert caught.value.count == refusal.count
        assert str(caught.value) == str(refusal)
    assert not list(scratch.iterdir())


def hold_the_same_new_records(whole: RecordBatch, found: RecordParts, stored: RecordBatch) -> RecordBatch | None:
    """Reconciled part by part, a batch has the new records, repeats, warnings and problems that it has whole."""
    parts_of, news = Reconciliation(found.files), []
    for piece in found:
        codes = {code for name in TABLES for code in getattr(piece, name)["patient_code"]}
        frames = {name: getattr(stored, name) for name in TABLES}
        theirs = RecordBatch(**{name: frame[frame["patient_code"].isin(codes)] for name, frame in frames.items()})
        news.append(parts_of.new(piece, theirs))
    refusal: RecordsRefused | None = None
    try:
        expected = reconcile(whole, stored)
    except RecordsRefused as error:
        refusal = error
    if refusal is not None:
        with pytest.raises(RecordsRefused) as caught:
            parts_of.warnings()
        assert parts_of.refused
        assert (caught.value.problems, caught.value.count) == (refusal.problems, refusal.count)
        return None
    assert parts_of.warnings() == expected.warnings
    assert not parts_of.refused
    assert sum(new.repeats for new in news) == expected.repeats
    for name in TABLES:
        joined = pd.concat([plain(getattr(new, name)) for new in news], ignore_index=True)
        order = ["row", *BATCH_KEYS[name]]
        pd.testing.assert_frame_equal(
            joined.sort_values(order, ignore_index=True),
            plain(getattr(expected, name)).sort_values(order, ignore_index=True),
            check_dtype=False,
        )
    return expected


NOTHING = RecordBatch(**{name: empty_table(name) for name in TABLES})


def of_many(folder: Path, table: str, header: str, rows: list[str]) -> Path:
    """A folder with one table."""
    (folder / f"{table}.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return folder
