"""A document as one CSV file: a row a number, so that a program reads it and a spreadsheet opens it.

Texts that a spreadsheet would run as a formula get an apostrophe in front (OWASP, "CSV injection").
"""

from __future__ import annotations

import csv
import io
from typing import Any

from dashboard.exports.document import Document
from dashboard.questions.view import Table

HEADER = ("table", "row", "column", "value")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return "'" + text if text.startswith(_FORMULA) else text


def number_text(value: Any) -> str:
    """A number as it round-trips; a text as it is, made harmless; nothing for None."""
    if value is None or value != value:
        return ""
    if isinstance(value, str):
        return harmless(value)
    return repr(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def csv_bytes(document: Document) -> bytes:
    """UTF-8 with a byte-order mark, so that spreadsheets read accents; \\r\\n line ends (RFC 4180)."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(HEADER)
    writer.writerow(("about", "title", "value", harmless(document.title)))
    for name, value in document.facts:
        writer.writerow(("about", harmless(name), "value", harmless(value)))
    for table in document.tables:
        for row in _rows(table):
            writer.writerow(row)
    if document.footer:
        writer.writerow(("about", "Note", "value", harmless(document.footer)))
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _rows(table: Table) -> list[tuple[str, str, str, str]]:
    keys, values = table.columns[: table.keys], table.columns[table.keys :]
    made = []
    for row in table.rows:
        name = " | ".join(number_text(row.get(column.key)).removeprefix("'") for column in keys)
        for column in values:
            made.append((table.name, harmless(name), column.key, number_text(row.get(column.key))))
    if table.note:
        made.append((table.name, "Note", "value", harmless(table.note)))
    return made
