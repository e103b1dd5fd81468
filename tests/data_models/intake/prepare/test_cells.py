"""A clinic's own files become text as they stand: separators, encodings, workbooks, files of statistics programs."""

from __future__ import annotations

import datetime
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyreadstat
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from data_models.intake.contract import CannotRead, RecordsRefused
from data_models.intake.prepare import spreadsheets
from data_models.intake.prepare.cells import Sheet, below_header, header_row
from data_models.intake.prepare.sheet_files import read_files
from data_models.intake.readers.problems import Problems

NAMES = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
)


def rows_of(sheet: Sheet) -> list[list[str]]:
    """Its rows without their numbers."""
    return [list(row) for _, row in sheet.rows]


def one(path: Path) -> Sheet:
    """The only sheet of a file."""
    (sheet,) = read_files(path).sheets
    return sheet


def write(path: Path, content: str | bytes) -> Path:
    """Write a file."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


GERMAN = "Nr;Größe;Dosis\r\n007;groß;0,5\r\n"


@pytest.mark.parametrize(
    "content",
    [
        GERMAN.encode(),
        GERMAN.encode("utf-8-sig"),
        GERMAN.encode("utf-16"),
        b"\xfe\xff" + GERMAN.encode("utf-16-be"),
        GERMAN.encode("utf-16-le"),
        GERMAN.encode("utf-32"),
        GERMAN.encode("cp1252"),
    ],
)
def test_every_encoding_of_spreadsheets_gives_the_same_text(content: bytes, tmp_path: Path) -> None:
    sheet = one(write(tmp_path / "a.csv", content))
    assert rows_of(sheet) == [["Nr", "Größe", "Dosis"], ["007", "groß", "0,5"]]
    assert sheet.decimal == ","
    assert sheet.notes == (["a.csv is read as Windows-1252"] if content == GERMAN.encode("cp1252") else [])


@pytest.mark.parametrize("content", [b"a,b\n1,\x81\x8d\xff\n", b"a\0\0\0", b"PK\3\4" + bytes(range(256))])
def test_what_is_no_text_is_refused(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(CannotRead, match=r"a\.csv"):
        read_files(write(tmp_path / "a.csv", content))


@pytest.mark.parametrize(
    "text, fields, decimal",
    [
        ("a,b\n1,2\n", ["a", "b"], "."),
        ("a;b\n1,5;2\n", ["a", "b"], ","),
        ("a\tb\n1,5\t2\n", ["a", "b"], ","),
        ("a|b\n1|2\n", ["a", "b"], ","),
        ("Name, Vorname;b\nRoe, J;2\nDoe, K;3\n", ["Name, Vorname", "b"], ","),
        ('"a;b";c\n"x;y";1\n', ["a;b", "c"], ","),
        ("alone\n1\n", ["alone"], "."),
        ("sep=|\na,b|c\n1|2\n", ["a,b", "c"], ","),
    ],
)
def test_the_separator_is_the_one_by_which_rows_have_equally_many_fields(
    text: str, fields: list[str], decimal: str, tmp_path: Path
) -> None:
    sheet = one(write(tmp_path / "a.csv", text))
    assert (rows_of(sheet)[0], sheet.decimal) == (fields, decimal)


def test_a_line_that_names_the_separator_counts_as_a_row(tmp_path: Path) -> None:
    assert one(write(tmp_path / "a.csv", "sep=,\na,b\n1,2\n")).rows == [(2, ["a", "b"]), (3, ["1", "2"])]


def test_rows_of_nothing_but_separators_are_passed_over_and_counted(tmp_path: Path) -> None:
    sheet = one(write(tmp_path / "a.csv", "a,b\n,\n1,2\n , \n\n3,4\n"))
    assert (sheet.blank, [number for number, _ in sheet.rows]) == (2, [1, 3, 6])  # an empty line has none


def test_a_row_with_another_number_of_fields_is_refused_by_its_row_and_count(tmp_path: Path) -> None:
    sheet = one(write(tmp_path / "a.csv", "a,b,c\n1,2,3\n6,7,8,9\n1,2\n1,2,3,\n"))
    problems = Problems()
    columns = below_header(sheet, 1, problems)
    assert columns.columns == {"a": ["1", "1"], "b": ["2", "2"], "c": ["3", "3"]}  # nothing is lost with an empty field
    with pytest.raises(RecordsRefused) as refused:
        problems.refuse_if_any()
    assert [str(problem) for problem in refused.value.problems] == [
        "a.csv, row 3: the row has too many fields: 4 fields where the header has 3; correct the row",
        "a.csv, row 4: the row is cut short: 2 fields where the header has 3; correct the row",
    ]


def test_a_quotation_mark_that_is_not_closed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotRead, match=r"a\.csv, about row 2: a quotation mark is not closed"):
        read_files(write(tmp_path / "a.csv", 'a,b\n"1,2\n3,4\n'))


def test_line_breaks_within_a_cell_do_not_end_its_row(tmp_path: Path) -> None:
    assert one(write(tmp_path / "a.csv", 'a,b\n1,"x\ny"\n2,z\n')).rows[1:] == [(2, ["1", "x\ny"]), (3, ["2", "z"])]


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=6)


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=5), st.sampled_from([";", "\t", ","]))
def test_what_a_csv_writer_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], separator: str
) -> None:
    import csv

    path = tmp_path_factory.getbasetemp() / "round.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write(f"sep={separator}\n")
        csv.writer(stream, delimiter=separator).writerows([["a", "b", "c"], *rows])
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    sheet = one(path)
    assert rows_of(sheet)[1:] == filled
    assert sheet.blank == len(rows) - len(filled)


def test_columns_have_names_whatever_the_header_lacks(tmp_path: Path) -> None:
    sheet = one(write(tmp_path / "a.csv", "Clinic X,,,,\nNr,Datum,Datum,,\n1,x,y,z,\n"))
    assert header_row(sheet) == 2
    columns = below_header(sheet, 2)
    assert columns.columns == {"Nr": ["1"], "Datum": ["x"], "Datum #2": ["y"], "column D": ["z"]}
    assert columns.numbers == [3]


def workbook(path: Path, *rows: list[Any], **options: Any) -> Path:
    """A workbook of one sheet."""
    book = xlsxwriter.Workbook(str(path), options)
    sheet = book.add_worksheet("Werte")
    formats = {datetime.datetime: "dd.mm.yy hh:mm", datetime.date: "dd.mm.yyyy", datetime.time: "hh:mm"}
    for number, row in enumerate(rows):
        for place, value in enumerate(row):
            form = formats.get(type(value))
            if isinstance(value, tuple):
                sheet.write(number, place, value[0], book.add_format({"num_format": value[1]}))
            elif form:
                sheet.write_datetime(number, place, value, book.add_format({"num_format": form}))
            else:
                sheet.write(number, place, value)
    book.close()
    return path


VALUES = [
    datetime.datetime(2026, 1, 5, 10, 10), datetime.date(2026, 1, 5), datetime.time(9, 30), 0.1, 20.0, True, "0012",
    (9001, "00000"),
]  # fmt: skip
TEXTS = ["2026-01-05 10:10:00", "2026-01-05", "09:30:00", "0.1", "20", "TRUE", "0012", "09001"]


@pytest.mark.parametrize("options", [{}, {"date_1904": True}])
def test_cells_of_a_workbook_are_what_they_show(options: dict[str, Any], tmp_path: Path) -> None:
    sheet = one(workbook(tmp_path / "a.xlsx", list("abcdefgh"), VALUES, **options))
    assert sheet.title == "a.xlsx, sheet Werte"
    assert rows_of(sheet)[1] == TEXTS


def test_times_of_a_workbook_are_not_a_second_short(tmp_path: Path) -> None:
    serial = (datetime.datetime(2020, 7, 7, 10, 10) - datetime.datetime(1899, 12, 30)) / datetime.timedelta(days=1)
    path = workbook(tmp_path / "a.xlsx", ["t"], [(serial - 1e-11, "yyyy-mm-dd hh:mm:ss")])
    assert rows_of(one(path))[1] == ["2020-07-07 10:10:00"]


def test_errors_merged_cells_and_formulas_without_a_value_are_told(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["a", "b"], ["#DIV/0!", "x"], [None, "y"], ["=1+1", "z"]):
        sheet.append(row)
    sheet.merge_cells("B2:B3")
    book.save(tmp_path / "a.xlsx")
    read = one(tmp_path / "a.xlsx")
    assert read.rows[1] == (2, ["#DIV/0!", "x"])
    assert read.merged == [(1, 2, 3)]
    assert read.unvalued == [(4, 0)]


def test_formulas_have_their_values(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(str(tmp_path / "a.xlsx"))
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["a", "b"])
    sheet.write_formula(1, 0, "=10+7", None, 17)
    book.close()
    read = one(tmp_path / "a.xlsx")
    assert (rows_of(read)[1], read.unvalued) == (["17"], [])


def ods(path: Path, rows: str) -> Path:
    """An OpenDocument spreadsheet of one table."""
    body = f'<office:spreadsheet><table:table table:name="Werte">{rows}</table:table></office:spreadsheet>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "content.xml",
            f"<office:document-content {NAMES}><office:body>{body}</office:body></office:document-content>",
        )
    return path


def cell(value: str, kind: str = "string", more: str = "") -> str:
    """One of its cells."""
    return f'<table:table-cell office:value-type="{kind}" {more}><text:p>{value}</text:p></table:table-cell>'


def row(*cells: str, repeated: int = 1) -> str:
    """One of its rows."""
    return f'<table:table-row table:number-rows-repeated="{repeated}">{"".join(cells)}</table:table-row>'


def test_cells_of_an_opendocument_sheet_are_what_they_show(tmp_path: Path) -> None:
    note = "<office:annotation><text:p>a remark</text:p></office:annotation>"
    values = [
        cell("05.01.26", "date", 'office:date-value="2026-01-05T10:10:00"'),
        cell("05.01.26", "date", 'office:date-value="2026-01-05"'),
        cell("09:30", "time", 'office:time-value="PT09H30M00S"'),
        cell("0,1", "float", 'office:value="0.1"'),
        cell("20", "float", 'office:value="20"'),
        cell("WAHR", "boolean", 'office:boolean-value="true"'),
        f'<table:table-cell office:value-type="string">{note}<text:p>00<text:span>12</text:span></text:p>'
        "</table:table-cell>",
        cell("09001", "float", 'office:value="9001"'),
        cell("#DIV/0!", "string", 'calcext:value-type="error"'),
    ]
    empty = '<table:table-cell table:number-columns-repeated="1000"/>'
    path = ods(tmp_path / "a.ods", row(*map(cell, "abcdefghi"), empty) + row(empty, repeated=3) + row(*values, empty))
    sheet = one(path)
    assert sheet.rows == [(1, list("abcdefghi")), (5, [*TEXTS, "#DIV/0!"])]


def test_repeated_and_merged_cells_of_an_opendocument_sheet(tmp_path: Path) -> None:
    twice = cell("x", more='table:number-columns-repeated="2"')
    high = cell("7", "float", 'office:value="7" table:number-rows-spanned="2"')
    covered = "<table:covered-table-cell/>"
    path = ods(tmp_path / "a.ods", row(twice, repeated=2) + row(cell("y"), high) + row(cell("z"), covered))
    sheet = one(path)
    assert rows_of(sheet) == [["x", "x"], ["x", "x"], ["y", "7"], ["z"]]
    assert sheet.merged == [(1, 3, 4)]


def test_an_opendocument_sheet_that_unrolls_beyond_bounds_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = cell("x", more='table:number-columns-repeated="1000000000"')
    with pytest.raises(CannotRead, match="row 1: larger than a spreadsheet can be"):
        read_files(ods(tmp_path / "a.ods", row(wide)))
    monkeypatch.setattr(spreadsheets, "MOST_CELLS", 1_000)
    with pytest.raises(CannotRead, match="row 1001: larger"):
        read_files(ods(tmp_path / "b.ods", row(cell("x"), repeated=10**9)))


@pytest.mark.parametrize("suffix", [".xlsx", ".ods"])
def test_a_workbook_that_is_none_or_declares_document_types_is_refused(suffix: str, tmp_path: Path) -> None:
    with pytest.raises(CannotRead, match="no readable workbook"):
        read_files(write(tmp_path / f"a{suffix}", b"PK\3\4 and no more"))
    with zipfile.ZipFile(tmp_path / f"b{suffix}", "w") as archive:
        archive.writestr("content.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a/>')
    with pytest.raises(RecordsRefused, match="document type"):
        read_files(tmp_path / f"b{suffix}")


FRAME = pd.DataFrame(
    {
        "ID": ["0012", "13"],
        "SEX": [1.0, 2.0],
        "PHQ": [12.0, 99.0],
        "DAY": [datetime.date(2026, 1, 5), datetime.date(2026, 2, 5)],
        "PEG": [1.5, None],
    }
)
ROWS = [
    ["ID", "SEX", "PHQ", "DAY", "PEG"],
    ["0012", "1", "12", "2026-01-05", "1.5"],
    ["13", "2", "99", "2026-02-05", ""],
]


def test_spss_says_its_words_labels_and_missing_values(tmp_path: Path) -> None:
    pyreadstat.write_sav(
        FRAME,
        str(tmp_path / "a.sav"),
        variable_value_labels={"SEX": {1: "männlich", 2: "weiblich"}},
        missing_ranges={"PHQ": [{"lo": 90, "hi": 99}]},
        column_labels={"PHQ": "PHQ-9 Summe"},
    )
    sheet = one(tmp_path / "a.sav")
    assert rows_of(sheet) == ROWS
    assert sheet.labels == {"PHQ": "PHQ-9 Summe"}
    assert sheet.meanings == {"SEX": {"1": "männlich", "2": "weiblich"}}
    assert sheet.missing == {"PHQ": ("99",)}


def test_stata_and_sas_give_the_same_rows(tmp_path: Path) -> None:
    pyreadstat.write_dta(FRAME, str(tmp_path / "a.dta"), variable_value_labels={"SEX": {1: "m", 2: "w"}})
    pyreadstat.write_xport(FRAME, str(tmp_path / "a.xpt"))
    stata, sas = one(tmp_path / "a.dta"), one(tmp_path / "a.xpt")
    assert rows_of(stata) == rows_of(sas) == ROWS
    assert stata.meanings == {"SEX": {"1": "m", "2": "w"}}


@pytest.mark.parametrize("suffix", [".sav", ".dta", ".xpt", ".sas7bdat", ".por"])
def test_a_broken_statistics_file_is_refused(suffix: str, tmp_path: Path) -> None:
    with pytest.raises(CannotRead, match=rf"a{suffix} is no readable {suffix} file"):
        read_files(write(tmp_path / f"a{suffix}", b"no such file at all"))


def test_files_of_other_kinds_are_named(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "a,b\n1,2\n")
    write(tmp_path / "letter.docx", b"x")
    write(tmp_path / ".hidden", b"x")
    assert read_files(tmp_path).unread == ["letter.docx"]
    with pytest.raises(CannotRead, match="check the path"):
        read_files(tmp_path / "nowhere")
    with pytest.raises(CannotRead, match=r"holds no filled table of a kind that is read \(\.csv, "):
        read_files(tmp_path / "letter.docx")


def test_a_name_of_a_person_is_not_repeated_as_that_of_a_file_or_sheet(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "a,b\n1,2\n")
    write(tmp_path / "doe_jane.csv", "a,b\n1,2\n3\n")
    write(tmp_path / "jane.docx", b"x")
    files = read_files(tmp_path)
    assert [sheet.title for sheet in files.sheets] == ["a.csv", "file number 2"]
    assert files.unread == ["file number 3"]
    book = xlsxwriter.Workbook(str(tmp_path / "b.xlsx"))
    for name in ("Werte", "Jane Doe"):
        book.add_worksheet(name).write_row(0, 0, ["a"])
    book.close()
    assert [sheet.title for sheet in read_files(tmp_path / "b.xlsx").sheets] == [
        "b.xlsx, sheet Werte",
        "b.xlsx, sheet number 2",
    ]
