"""A document as PDF, set by Typst: no browser, fonts included, tagged for screen readers (PDF/UA-1)."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from dashboard.exports.document import Document, shown
from dashboard.questions.view import Table

MOST_ROWS = 600  # a longer table has its first rows here and all of them in the other formats


def pdf_bytes(document: Document) -> bytes:
    """The PDF."""
    import typst

    template = files("dashboard.exports").joinpath("report.typ").read_bytes()
    return typst.compile(
        template,
        sys_inputs={"document": json.dumps(_plain(document), ensure_ascii=False)},
        pdf_standards=["ua-1"],
        ignore_system_fonts=True,
    )


def _plain(document: Document) -> dict[str, Any]:
    sections = [
        {
            "title": section.title,
            "sentence": section.sentence,
            "charts": [{"svg": one.svg, "alt": one.alt, "caption": one.caption} for one in section.charts],
            "tables": [_table(table) for table in section.tables],
        }
        for section in document.sections
    ]
    if document.definitions:
        tables = [_table(table) for table in document.definitions]
        sections.append({"title": "Definitions", "sentence": "", "charts": [], "tables": tables})
    return {
        "title": document.title,
        "subtitle": document.subtitle,
        "facts": [list(pair) for pair in document.facts],
        "sections": sections,
        "footer": document.footer,
    }


def _table(table: Table) -> dict[str, Any]:
    rows = [[shown(row.get(column.key), column.kind) for column in table.columns] for row in table.rows[:MOST_ROWS]]
    left_out = len(table.rows) - len(rows)
    note = f"{left_out:,} more rows are in the CSV and XLSX files. " if left_out else ""
    return {
        "title": table.title,
        "columns": [{"heading": column.heading, "text": column.kind == "text"} for column in table.columns],
        "rows": rows,
        "note": note + table.note,
        "size": 8 if len(table.columns) < 9 else 7,
    }
