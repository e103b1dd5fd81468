"""Records read in blocks and handed on in parts are those that are read whole: the same rows, repeats and problems."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_models.intake.contract import ONE_SHEET, TABLES, RecordsRefused
from data_models.intake.readers import read_records
from data_models.intake.readers.patient_blocks import read_parts
from tests.data_models.intake.readers.agreement import hold_the_same_outcome, of_many, sizes

COLUMNS = {name: [field.name for field in fields] for name, fields in TABLES.items()}


# --- any content ---------------------------------------------------------------------------------

CODES = ["P1", "P2", "P3", "Q7", "AB-12"]
# Also one that looks like an identifier of each kind, one that is badly formed, none.
ANY_CODES = st.sampled_from([*CODES, *CODES, "", "John", "1980-02-03", "P_é"])
GOOD_CELLS = {
    "hours": ["0", "24", "48", "24.0"],
    "day": ["0", "1", "2"],
    "instrument": ["phq9", "gad7"],
    "score": ["5", "5.0", "12"],
    "sex": ["", "male"],
    "clinic": ["", "North"],
    "conditions": ["", "liver", "liver;other", "other;liver", "none"],
    "term": ["nausea", "headache"],
    "severity": ["", "mild"],
    "onset_minutes": ["", "10"],
    "route": ["", "iv"],
    "side_effects_asked": ["yes"],
    "phq9_before": ["", "12"],
    "phq9_after_24h": ["", "5", "12"],
    "phq9_after_1d": ["", "5"],
    "gad7_after_24h": ["", "5"],
    "side_effects": ["", "nausea", "headache;nausea", "none"],
}
NEEDED = {
    "patients": [[]],
    "sessions": [["hours"], ["day"]],
    "assessments": [["hours", "instrument", "score"], ["day", "instrument", "score"]],
    "side_effects": [["hours", "term"], ["day", "term"]],
    ONE_SHEET: [["hours"], ["day"]],
}
OPTIONAL = {
    "patients": ["sex", "clinic", "conditions"],
    "sessions": ["route", "side_effects_asked"],
    "assessments": ["day", "hours"],
    "side_effects": ["severity", "onset_minutes"],
    ONE_SHEET: ["sex", "clinic", "phq9_before", "phq9_after_24h", "phq9_after_1d", "gad7_after_24h", "side_effects"],
}
BAD_CELLS = st.one_of(
    st.sampled_from(["iv", "NaN", "1e400", '"', 'a"b', "\n", "\r", '"a\nb"', '"1"', '"a,b"', "é", "2024-02-03"]),
    st.text(max_size=4),
)
Table = tuple[str, list[list[str]]]


@st.composite
def good_table(draw: st.DrawFn, table: str) -> Table:
    """A table's name and its rows, the header first. Rows may be repeated, and contradict one another."""
    optional = [name for name in OPTIONAL[table] if name not in ("hours", "day")]
    chosen = draw(st.lists(st.sampled_from(optional), unique=True)) if optional else []
    header = ["patient_code", *draw(st.sampled_from(NEEDED[table])), *chosen]
    row = st.tuples(st.sampled_from(CODES), *(st.sampled_from(GOOD_CELLS[name]) for name in header[1:]))
    rows = draw(st.lists(row, max_size=12, unique_by=_key_of(header)))
    rows += draw(st.lists(st.sampled_from(rows), max_size=4)) if rows else []
    return table, [header, *map(list, draw(st.permutations(rows)))]


def _key_of(header: list[str]) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    """What two different rows of a table must not have in common. Times that are equal may be spelt differently."""
    keys = [at for at, name in enumerate(header) if name in ("patient_code", "hours", "day", "instrument", "term")]
    return lambda row: tuple(row[at] for at in keys)


@st.composite
def bad_table(draw: st.DrawFn, table: str) -> Table:
    """The same, spoilt: other columns, bad cells, rows cut short."""
    name, (header, *rows) = draw(good_table(table))
    more = draw(st.lists(st.sampled_from(["shoe_size", "sex", *OPTIONAL[table]]), max_size=2))
    header = [*header, *more]
    for row in rows:
        row += [draw(st.sampled_from(GOOD_CELLS.get(column, ["", "3"]))) for column in more]
        row[0] = draw(ANY_CODES)
        if draw(st.integers(0, 3)) == 0:
            row[draw(st.integers(0, len(row) - 1))] = draw(BAD_CELLS)
        if draw(st.integers(0, 12)) == 0:
            del row[draw(st.integers(0, len(row))) :]
    return name, [header, *rows]


@st.composite
def folders(draw: st.DrawFn) -> list[Table]:
    """The tables of a folder, or one sheet; half of them are spoilt."""
    names = draw(st.one_of(st.just([ONE_SHEET]), st.lists(st.sampled_from(list(TABLES)), min_size=1, unique=True)))
    kind = bad_table if draw(st.booleans()) else good_table
    return [draw(kind(name)) for name in names]


@given(
    found=folders(),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    block=st.sampled_from([1, 25, 60, 300]),
    part=st.sampled_from([10, 50, 10_000]),
)
@settings(max_examples=120)
@pytest.mark.slow
def test_csv_files(
    found: list[Table], end: str, block: int, part: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, scratch = tmp_path_factory.mktemp("records"), tmp_path_factory.mktemp("scratch")
    for table, rows in found:
        (folder / f"{table}.csv").write_text(end.join(map(",".join, rows)), newline="", encoding="utf-8")
    with sizes(block, part):
        hold_the_same_outcome(folder, scratch)


@given(
    found=folders(),
    typed=st.booleans(),
    block=st.sampled_from([1, 100, 400]),
    part=st.sampled_from([10, 50, 10_000]),
)
@settings(max_examples=80)
@pytest.mark.slow
def test_parquet_files(
    found: list[Table], typed: bool, block: int, part: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, scratch = tmp_path_factory.mktemp("records"), tmp_path_factory.mktemp("scratch")
    for table, (header, *rows) in found:
        columns = {name: [row[at] if at < len(row) else None for row in rows] for at, name in enumerate(header)}
        arrays = {name: pa.array(cells, pa.string()) for name, cells in columns.items()}
        if typed:  # numbers where they are all numbers; a column that no text can say
            for name in {"hours", "score"} & arrays.keys():
                with suppress(pa.ArrowInvalid):
                    arrays[name] = arrays[name].cast(pa.float64())
            if "sex" in arrays:
                arrays["sex"] = pa.array([True] * len(rows), pa.bool_())
        pq.write_table(pa.table(arrays), folder / f"{table}.parquet", row_group_size=5)
    with sizes(block, part):
        hold_the_same_outcome(folder, scratch)


@given(content=st.binary(max_size=200), table=st.sampled_from(list(TABLES)), block=st.integers(1, 50))
@settings(max_examples=80)
def test_any_bytes(content: bytes, table: str, block: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder, scratch = tmp_path_factory.mktemp("records"), tmp_path_factory.mktemp("scratch")
    (folder / f"{table}.csv").write_bytes(f"{','.join(COLUMNS[table][:2])}\n".encode() + content)
    with sizes(block, 20):
        hold_the_same_outcome(folder, scratch)


def test_the_sample_clinic(project_root: Path, tmp_path: Path) -> None:
    with sizes(20_000, 50_000):
        hold_the_same_outcome(project_root / "sample_data" / "clinic", tmp_path)


# --- what no single block can tell --------------------------------------------------------------


HEX = [f"{place:02x}{(place * 2_654_435_761) % 2**36:010x}".replace("0", "g") for place in range(60)]
SPOILT: dict[str, tuple[str, str, list[str]]] = {
    # A thousand words are too many; the columns before and after have problems of their own in the same rows.
    "words": ("patients", "patient_code,clinic,sex", [f"P{n},c{n},man" for n in range(1_001)]),
    "bad words": ("patients", "patient_code,clinic", [f"P{n},{'a b' if n < 5 else n}" for n in range(1_010)]),
    "words that contradict": ("patients", "patient_code,clinic", [f"P{n % 900},c{n}" for n in range(1_100)]),
    "as many as may be": ("patients", "patient_code,clinic", [f"P{n},c{n % 1_000}" for n in range(1_200)]),
    # Too many only with those that stand in malformed lines, as the last line shows.
    "words of no line": (
        "patients",
        "patient_code,clinic",
        [*(f"P{n},c{n}" for n in range(1_000)), *(f'R{n},e"{n}' for n in range(4)), "P9"],
    ),
    # More reasons than are told apart; the first values are met again, and good ones after them.
    "numbers": ("patients", "patient_code,age", [f"P{n},x{n % 1_500}" for n in range(1_700)]),
    "ages": ("patients", "patient_code,age", [f"P{n},{100 + n % 1_500}" for n in range(1_700)]),
    "choices": ("patients", "patient_code,sex", [f"P{n},x{n % 1_500}" for n in range(1_700)]),
    "several": ("patients", "patient_code,conditions", [*(f"P{n},x{n}" for n in range(1_100)), "Q2,liver;other"]),
    "flags": ("sessions", "patient_code,day,side_effects_asked", [*(f"P{n},0,x{n}" for n in range(1_100)), "Q2,0,yes"]),
    # More problems than are kept, in every row several.
    "everything": ("assessments", "patient_code,hours,instrument,score", [f"John{n},-9e9,x,{n}" for n in range(3_000)]),
    # A malformed line at the end, after a stray quotation mark that was read as it stands.
    "malformed": ("patients", "patient_code,sex", ['P1,ma"le', *(f"P{n},man" for n in range(30)), "P99"]),
    "unclosed": ("patients", "patient_code,sex", ['P1,man"', *(f"P{n},man" for n in range(70)), 'P99,"', *HEX]),
    "without an end": ("patients", "patient_code,sex", [*(f"P{n},male" for n in range(70)), 'P99,"']),
    "in an unknown column": ("patients", "patient_code,shoes", ["P1,3", 'P2,"3', 'P3,4"', "P4,5"]),
    # Whether codes are random shows in all of them: one looks like a telephone number.
    "random codes": ("patients", "patient_code", ["482911375566", *HEX]),
    "random codes of two lengths": ("patients", "patient_code", ["482911375566", *HEX, *(f"P{n}" for n in range(30))]),
    "too few random codes": ("patients", "patient_code", ["482911375566", *HEX[:15]]),
    "random codes, malformed": ("patients", "patient_code,sex", ["482911375566,", *(f"{code}," for code in HEX), "P1"]),
}  # fmt: skip


@pytest.mark.parametrize("block", [40, 3_000, 10**6])
@pytest.mark.parametrize("spoilt", SPOILT)
def test_answers_that_need_all_of_a_file(records: Path, scratch: Path, spoilt: str, block: int) -> None:
    with sizes(block, 5_000):
        hold_the_same_outcome(of_many(records, *SPOILT[spoilt]), scratch)


def test_the_cases_of_random_codes_are_what_they_say(records: Path) -> None:
    assert len(read_records(of_many(records, *SPOILT["random codes"])).patients) == 61
    for spoilt in ("random codes of two lengths", "too few random codes"):
        with pytest.raises(RecordsRefused, match=r"looks like an identifier: long run"):
            read_records(of_many(records, *SPOILT[spoilt]))


@pytest.mark.parametrize("codes", [[*HEX, "482911375566"], HEX], ids=["cleared before", "not cleared before"])
def test_a_code_cleared_in_one_file_is_cleared_in_the_next(records: Path, scratch: Path, codes: list[str]) -> None:
    of_many(records, "patients", "patient_code", codes)
    of_many(records, "sessions", "patient_code,day", ["482911375566,0", "P1,0", "482910375566,1"])
    with sizes(30, 300):
        hold_the_same_outcome(records, scratch)


def test_good_codes_after_a_thousand_bad_ones_are_good(records: Path) -> None:
    for spoilt in ("several", "flags"):
        with pytest.raises(RecordsRefused) as caught:
            read_records(of_many(records, *SPOILT[spoilt]) / f"{SPOILT[spoilt][0]}.csv")
        assert caught.value.count == 1_100


def test_a_line_break_in_an_unknown_column_is_told_too(records: Path) -> None:
    with pytest.raises(RecordsRefused) as caught:
        read_records(of_many(records, *SPOILT["in an unknown column"]))
    assert [(p.row, p.reason.split(";")[0]) for p in caught.value.problems[1:]] == [(3, "a cell holds a line break")]


def test_a_workbook_is_read_in_parts_too(tmp_path: Path, scratch: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "patients"
    for row in [["patient_code", "age"], ["P1", 40], ["P2", 41], ["P1", 40]]:
        book.active.append(row)
    sessions = book.create_sheet("sessions")
    for row in [["patient_code", "day"], ["P1", 0], ["P2", 0]]:
        sessions.append(row)
    book.save(tmp_path / "records.xlsx")
    with sizes(10, 10):
        hold_the_same_outcome(tmp_path / "records.xlsx", scratch)


@pytest.mark.skipif(os.name != "posix", reason="only here is it known whether the process that left a folder lives")
def test_what_a_killed_process_left_is_taken_away_and_a_living_ones_is_not(small_records: Path, tmp_path: Path) -> None:
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], check=True, capture_output=True)
    scratch = tmp_path / "scratch"
    left = scratch / f"records-{int(gone.stdout)}-abc"
    others = {scratch / f"records-{os.getpid()}-abc", scratch / "records-of-mine"}
    for folder in (left, *others):
        folder.mkdir(parents=True)
        (folder / "rows").write_text("1")
    with sizes(10, 10), read_parts(small_records, scratch):
        pass
    assert set(scratch.iterdir()) == others
