"""A document as an XLSX workbook: a sheet a table, numbers as numbers, texts as texts and never as formulas."""

from __future__ import annotations

import io
import math
from typing import Any

from dashboard.exports.document import Document, is_number, shown
from dashboard.questions.view import Column, Table

_FORMATS = {"count": "#,##0", "share": "0.0%", "number": "General", "text": "@"}
_WIDEST = 70
_BROAD = 90  # characters to a line of "About"
_LINE = 15.0  # its height, points


def workbook_bytes(document: Document) -> bytes:
    """The workbook: "About" first, then a sheet a table, definitions last."""
    import xlsxwriter

    stream = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(stream, options) as book:
        book.set_properties({"title": document.title, "comments": document.footer})
        styles = {
            "title": book.add_format({"bold": True, "font_size": 14}),
            "head": book.add_format(
                {"bold": True, "bottom": 1, "text_wrap": True, "valign": "bottom", "align": "right"}
            ),
            "text_head": book.add_format({"bold": True, "bottom": 1, "align": "left", "valign": "bottom", "indent": 1}),
            "name": book.add_format({"valign": "top"}),
            "note": book.add_format({"italic": True}),
            "hidden": book.add_format({"align": "right", "font_color": "#52606d"}),
            "wrap": book.add_format({"text_wrap": True, "valign": "top", "num_format": "@"}),
        } | {kind: book.add_format({"num_format": code}) for kind, code in _FORMATS.items()}
        styles["text"].set_align("left")
        styles["text"].set_indent(1)  # a text beside a number stands off from it
        _about(book.add_worksheet("About"), document, styles)
        for table in document.tables:
            _sheet(book.add_worksheet(table.name[:31]), table, styles)
    return stream.getvalue()


def _about(sheet: Any, document: Document, styles: dict[str, Any]) -> None:
    sheet.write_string(0, 0, document.title, styles["title"])
    sheet.write_string(1, 0, document.subtitle)
    row = 3
    for name, value in document.facts:
        sheet.write_string(row, 0, name, styles["name"])
        sheet.write_string(row, 1, value, styles["wrap"])
        sheet.set_row(row, _LINE * _lines(value))
        row += 1
    row += 1
    for section in document.sections:
        sheet.write_string(row, 0, section.title, styles["name"])
        names = ", ".join(table.name for table in section.tables)
        text = " ".join(part for part in (section.sentence, f"Sheets: {names}.") if part)
        sheet.write_string(row, 1, text, styles["wrap"])
        sheet.set_row(row, _LINE * _lines(text))
        row += 1
    sheet.write_string(row + 1, 0, document.footer, styles["note"])
    sheet.set_column(0, 0, 44)
    sheet.set_column(1, 1, _BROAD)
    _printed(sheet)


def _lines(text: str) -> int:
    """How many lines a text takes; programs differ in the width of letters, so rather one too many."""
    return math.ceil(len(text) / (0.85 * _BROAD))


def _printed(sheet: Any) -> None:
    """On paper as wide as a page, its name and number below."""
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L&A&R&P / &N")


def _sheet(sheet: Any, table: Table, styles: dict[str, Any]) -> None:
    for place, column in enumerate(table.columns):
        sheet.write_string(0, place, column.heading, styles["text_head" if column.kind == "text" else "head"])
        sheet.set_column(place, place, _width(column, table))
    for number, row in enumerate(table.rows, start=1):
        for place, column in enumerate(table.columns):
            value = row.get(column.key)
            if is_number(value):
                sheet.write_number(number, place, value, styles["number" if column.kind == "text" else column.kind])
            elif isinstance(value, str):
                sheet.write_string(number, place, value, styles["text" if column.kind == "text" else "hidden"])
    if table.note:
        sheet.write_string(len(table.rows) + 2, 0, table.note, styles["note"])
    sheet.freeze_panes(1, table.keys)
    sheet.repeat_rows(0)
    _printed(sheet)


def _width(column: Column, table: Table) -> float:
    longest = max((len(shown(row.get(column.key), column.kind)) for row in table.rows), default=0)
    return min(max(longest, len(column.heading) * (0.6 if column.kind != "text" else 1), 9) + 2, _WIDEST)
