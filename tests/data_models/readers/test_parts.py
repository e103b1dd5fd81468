"""Records read in blocks and handed on in parts are those that are read whole: the same rows, repeats and problems."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_models.readers import parts, read_records
from data_models.readers.parts import RecordParts, read_parts
from data_models.records import ONE_SHEET, TABLES, CannotRead, RecordBatch, RecordsRefused, fingerprint

COLUMNS = {name: [field.name for field in fields] for name, fields in TABLES.items()}
COLUMNS[ONE_SHEET] = [
    *COLUMNS["patients"], *COLUMNS["sessions"][1:], "phq9_before", "phq9_after_24h", "gad7_after_1d", "side_effects",
]  # fmt: skip


@contextmanager
def sizes(block: int, part: int) -> Iterator[None]:
    """Blocks and parts of so many bytes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "BLOCK_BYTES", block)
        patch.setattr(parts, "PART_BYTES", part)
        yield


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame with texts in place of categories, which a part has of its own rows alone."""
    texts = {name: column.astype("str") for name, column in frame.items() if column.dtype.kind == "O"}
    return frame.assign(**texts).reset_index(drop=True)


def hold_the_same(whole: RecordBatch, found: RecordParts) -> None:
    """The parts are the whole, divided by patient."""
    pieces = list(found)
    assert len(found) == len(pieces) >= 1
    assert (found.source, found.files, found.repeats, found.warnings) == (
        whole.source, whole.files, whole.repeats, whole.warnings,
    )  # fmt: skip
    assert sum(piece.repeats for piece in pieces) == whole.repeats
    assert found.counts == {name: len(getattr(whole, name)) for name in TABLES}
    assert found.fingerprint() == fingerprint(whole)
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
    else:
        with pytest.raises(type(refusal)) as caught, read_parts(path, scratch):
            pass
        if isinstance(refusal, RecordsRefused):
            assert isinstance(caught.value, RecordsRefused)
            assert caught.value.problems == refusal.problems
            assert caught.value.count == refusal.count
        assert str(caught.value) == str(refusal)
    assert not list(scratch.iterdir())


# --- any content ---------------------------------------------------------------------------------

# Codes that pass, that look like identifiers, and random ones among which some do.
CODES = st.sampled_from(["P1", "P2", "P3", "Q7", "AB-12", "", "John", "1980-02-03", "P_é", "A1B2C3"])
GOOD_CELLS = {
    "hours": ["", "0", "24", "48", "24.0", "-1"],
    "day": ["", "0", "1", "2"],
    "instrument": ["phq9", "gad7"],
    "score": ["0", "5", "12", "5.0"],
    "sex": ["", "male", "female"],
    "clinic": ["", "North", "South"],
    "conditions": ["", "liver", "liver;other", "none"],
    "side_effects": ["", "nausea", "headache;nausea", "none"],
    "term": ["nausea", "headache"],
    "side_effects_asked": ["", "yes", "no"],
}
BAD_CELLS = st.one_of(
    st.sampled_from(["iv", "NaN", "1e400", '"', 'a"b', "\n", "\r", '"a\nb"', '"1"', '"a,b"', "é", "2024-02-03"]),
    st.text(max_size=4),
)


@st.composite
def tables(draw: st.DrawFn, bad: bool) -> tuple[str, list[list[str]]]:
    """A table's name and its rows, the header first; some of the cells are bad where `bad` holds."""
    table = draw(st.sampled_from([*TABLES, ONE_SHEET]))
    known = [name for name in COLUMNS[table] if name in GOOD_CELLS or name.startswith(("phq9", "gad7"))]
    header = ["patient_code", *draw(st.lists(st.sampled_from(known), min_size=2, max_size=6, unique=True))]
    if bad:
        header = draw(st.permutations([*header, *draw(st.lists(st.sampled_from(["shoe_size", "sex"]), max_size=1))]))
    rows = []
    for _ in range(draw(st.integers(0, 12))):
        row = [
            draw(CODES if bad else st.sampled_from(["P1", "P2", "P3", "Q7", "AB-12"]))
            if name == "patient_code"
            else draw(st.sampled_from(GOOD_CELLS.get(name, ["", "3", "4"])))
            for name in header
        ]
        if bad and draw(st.integers(0, 5)) == 0:
            row[draw(st.integers(0, len(row) - 1))] = draw(BAD_CELLS)
        if bad and draw(st.integers(0, 12)) == 0:
            row = row[: draw(st.integers(0, len(row)))]
        rows.append(row)
    return table, [header, *rows]


@given(
    found=st.lists(st.one_of(tables(False), tables(True)), min_size=1, max_size=4),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    block=st.integers(1, 60),
    part=st.sampled_from([10, 50, 10_000]),
)
@settings(max_examples=400)
def test_csv_files(
    found: list[tuple[str, list[list[str]]]], end: str, block: int, part: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, scratch = tmp_path_factory.mktemp("records"), tmp_path_factory.mktemp("scratch")
    for table, rows in found:
        (folder / f"{table}.csv").write_text(end.join(map(",".join, rows)), newline="", encoding="utf-8")
    with sizes(block, part):
        hold_the_same_outcome(folder, scratch)


@given(
    found=st.lists(tables(False), min_size=1, max_size=4),
    bad=st.booleans(),
    block=st.sampled_from([1, 100, 400]),
    part=st.sampled_from([10, 50, 10_000]),
)
@settings(max_examples=150)
def test_parquet_files(
    found: list[tuple[str, list[list[str]]]], bad: bool, block: int, part: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, scratch = tmp_path_factory.mktemp("records"), tmp_path_factory.mktemp("scratch")
    for table, (header, *rows) in found:
        columns = {name: [row[at] or None for row in rows] for at, name in enumerate(header)}
        arrays = {name: pa.array(cells, pa.string()) for name, cells in columns.items()}
        if "score" in arrays and not bad:
            arrays["score"] = arrays["score"].cast(pa.float64())
        if bad and "sex" in arrays:
            arrays["sex"] = pa.array([True] * len(rows))
        pq.write_table(pa.table(arrays), folder / f"{table}.parquet", row_group_size=5)
    with sizes(block, part):
        hold_the_same_outcome(folder, scratch)


@given(content=st.binary(max_size=200), table=st.sampled_from(list(TABLES)), block=st.integers(1, 50))
@settings(max_examples=150)
def test_any_bytes(content: bytes, table: str, block: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder, scratch = tmp_path_factory.mktemp("records"), tmp_path_factory.mktemp("scratch")
    (folder / f"{table}.csv").write_bytes(f"{','.join(COLUMNS[table][:2])}\n".encode() + content)
    with sizes(block, 20):
        hold_the_same_outcome(folder, scratch)


def test_the_sample_clinic(project_root: Path, tmp_path: Path) -> None:
    with sizes(20_000, 50_000):
        hold_the_same_outcome(project_root / "sample_data" / "clinic", tmp_path)
