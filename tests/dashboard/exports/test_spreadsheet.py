"""What a real spreadsheet program makes of the files: LibreOffice opens them, and no cell becomes a formula or a link.

The written bytes are checked in test_formats.py wherever the tests run; this needs the program itself.
"""

from __future__ import annotations

import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from dashboard.exports.csv_tables import csv_bytes
from dashboard.exports.document import Document, Section
from dashboard.exports.workbook import workbook_bytes
from dashboard.questions.view import Column, Table

PROGRAM = shutil.which("soffice") or shutil.which("libreoffice")
pytestmark = pytest.mark.skipif(
    PROGRAM is None,
    reason="no LibreOffice here; on Debian or Ubuntu: apt-get install --no-install-recommends libreoffice-calc",
)
HOSTILE = [
    "=1+1", "+1+1", "-1+1", "@SUM(1;1)", "\t=1+1", "\r=1+1", '=HYPERLINK("http://a.example";"a")', "=cmd|' /C calc'!A0",
]  # fmt: skip
# Of OpenDocument: cells, their kind and formula, their text.
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"


class Sheets:
    """The cells of an opened file: texts, numbers, formulas, links."""

    def __init__(self, path: Path) -> None:
        cells = list(ElementTree.parse(path).getroot().iter(f"{_TABLE}table-cell"))
        self.formulas = [cell.get(f"{_TABLE}formula") for cell in cells if cell.get(f"{_TABLE}formula") is not None]
        self.links = [link for cell in cells for link in cell.iter(f"{_TEXT}a")]
        self.numbers = {
            float(cell.get(f"{_OFFICE}value", ""))
            for cell in cells
            if cell.get(f"{_OFFICE}value-type") in ("float", "percentage")
        }
        texts = (cell for cell in cells if cell.get(f"{_OFFICE}value-type") == "string")
        self.texts = {_text(cell) for cell in texts}


def _text(cell: ElementTree.Element) -> str:
    found = ""
    for paragraph in cell.iter(f"{_TEXT}p"):
        found += paragraph.text or ""
        for part in paragraph:
            found += {f"{_TEXT}tab": "\t", f"{_TEXT}s": " "}.get(part.tag, "".join(part.itertext())) + (part.tail or "")
    return found


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sheets]:
    """A hostile document as CSV and XLSX, and a bare CSV of formulas, each opened once and saved anew."""
    folder = tmp_path_factory.mktemp("sheets")
    rows = [{"name": text, "value": -1.5} for text in HOSTILE]
    table = Table(
        (Column("name", "=1+2", "text"), Column("value", "Value")), rows, name="hostile", title="=title", note="@note"
    )
    made = Document("=1+3", "+sub", [("=1+4", "=1+5")], [Section("=1+6", "=said", tables=[table])], footer="@foot")
    (folder / "ours.csv").write_bytes(csv_bytes(made))
    (folder / "book.xlsx").write_bytes(workbook_bytes(made))
    (folder / "bare.csv").write_text("name,value\n=1+1,2\n", encoding="utf-8")
    assert PROGRAM is not None
    command = [PROGRAM, "--headless", "--norestore", f"-env:UserInstallation={(folder / 'profile').as_uri()}"]
    command += ["--convert-to", "fods", "--outdir", str(folder / "opened")]
    command += [str(folder / name) for name in ("ours.csv", "book.xlsx", "bare.csv")]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return {name: Sheets(folder / "opened" / f"{name}.fods") for name in ("ours", "book", "bare")}


def test_the_program_would_run_a_formula(opened: dict[str, Sheets]) -> None:
    assert opened["bare"].formulas, "LibreOffice takes =1+1 of a bare CSV for a formula: what follows is no idle check"


@pytest.mark.parametrize("name", ["ours", "book"])
def test_no_cell_opens_as_a_formula_or_link(name: str, opened: dict[str, Sheets]) -> None:
    assert opened[name].formulas == []
    assert opened[name].links == []


def test_what_looks_like_a_formula_opens_as_its_text(opened: dict[str, Sheets]) -> None:
    def squeezed(texts: set[str]) -> set[str]:
        return {"".join(text.split()) for text in texts}  # the program keeps a carriage return as a new paragraph

    for text in (*HOSTILE, "=1+2", "@note", "@foot"):
        plain = "".join(text.split())
        assert plain in squeezed(opened["book"].texts), text
    in_csv = squeezed(opened["ours"].texts)
    for text in HOSTILE:
        assert "'" + "".join(text.split()) in in_csv, text


@pytest.mark.parametrize("name", ["ours", "book"])
def test_numbers_open_as_numbers(name: str, opened: dict[str, Sheets]) -> None:
    assert -1.5 in opened[name].numbers
