"""Every format carries the numbers of `summary --format json`, its definitions, and no formula."""

from __future__ import annotations

import csv
import io
import json
import runpy
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pypdf
import pytest

from dashboard import cli
from dashboard.exports.csv_tables import csv_bytes, harmless
from dashboard.exports.document import Document, Section, shown
from dashboard.exports.html_page import html_page
from dashboard.exports.pdf_file import pdf_bytes
from dashboard.exports.workbook import workbook_bytes
from dashboard.questions.view import Column, Table
from dashboard.words.numbers import percent
from data_models.store import Store

UNRELATED = "Days of response after induction, if re-treatment had nothing to do with fading"
LOST = "Days to loss of response after induction, whatever was given meanwhile"
FORMULAS = ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://a.example")']


@pytest.fixture(scope="module")
def files(sample_database: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sample's summary in every format, with all numbers."""
    folder = tmp_path_factory.mktemp("summary")
    found = {form: folder / f"summary.{form}" for form in ("json", "csv", "xlsx", "html", "pdf")}
    for path in found.values():
        options = ["--instrument", "phq9", "--suppress", "0", "-o", str(path)]
        assert cli.run(["summary", "--database", sample_database, *options]) == 0
    return found


@pytest.fixture(scope="module")
def summary(files: dict[str, Path]) -> dict[str, Any]:
    return json.loads(files["json"].read_text())


def csv_numbers(content: bytes) -> dict[tuple[str, str, str], str]:
    return {tuple(row[:3]): row[3] for row in csv.reader(io.StringIO(content.decode("utf-8-sig")))}  # type: ignore[misc]


def test_csv_holds_the_numbers_of_the_json(files: dict[str, Path], summary: dict[str, Any]) -> None:
    found = csv_numbers(files["csv"].read_bytes())
    ever = summary["response"]["ever"]
    for key in ("events", "n", "share", "low", "high"):
        assert float(found["outcomes", "Response at any score", key]) == ever[key]
    assert int(found["cohort", "", "courses"]) == summary["cohort"]["courses"]
    durability = summary["durability"]["kaplan_meier"]
    medians = [(UNRELATED, "median", durability["median"])]
    lost = summary["durability"]["turnbull"]
    names = (("median", "days"), ("low", "low"), ("high", "high"))
    medians += [(LOST, key, lost[f"median_{name}"]) for key, name in names]
    for measure, key, value in medians:
        shown = found["onset_durability", measure, key]
        assert (float(shown) if shown else None) == value
    assert lost["curve"]
    came_first = summary["durability"]["aalen_johansen"]
    for table, rows, keys in (
        ("durability_curve", durability["curve"], ("survival",)),
        ("durability_interval_curve", lost["curve"], ("share", "low", "high", "at_risk")),
        ("durability_competing", came_first, ("loss", "retreated", "in_response", "at_risk")),
    ):
        for row in rows:
            day = str(int(row["days"])) if float(row["days"]).is_integer() else repr(row["days"])
            for key in keys:
                assert float(found[table, day, key]) == row[key]


def test_the_workbook_holds_the_numbers_of_the_json_as_numbers(files: dict[str, Path], summary: dict[str, Any]) -> None:
    book = openpyxl.load_workbook(files["xlsx"])
    rates = list(book["outcomes"].iter_rows(values_only=True))
    ever = [summary["response"]["ever"][key] for key in ("events", "n", "share", "low", "high")]
    assert rates[1][1:6] == pytest.approx(ever, rel=1e-15)
    effects = list(book["side_effects"].iter_rows(min_row=4, values_only=True))
    for row, term in zip(effects, summary["side_effects"]["per_patient"], strict=False):
        assert row[2:5] == (term["events"], term["n"], pytest.approx(term["share"], rel=1e-15))  # 16 digits are written
    fade = list(book["fade"].iter_rows(min_row=2, values_only=True))
    means = [row["mean"] for row in summary["fade"]]
    assert [row[4] for row in fade[: len(means)]] == pytest.approx(means, rel=1e-15)
    assert book["outcomes"].freeze_panes == "B2"
    assert book["outcomes"].print_title_rows == "$1:$1"


class Cells(HTMLParser):
    """The text of each table row of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag == "tr":
            self.rows.append([])
        self.inside = tag in ("td", "th")
        if self.inside:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.rows[-1][-1] += data


def rate_row(name: str, share: dict[str, Any]) -> list[str]:
    return [
        name,
        f"{share['events']:,}",
        f"{share['n']:,}",
        *(percent(share[k]) for k in ("share", "low", "high")),
    ]


def test_html_holds_the_numbers_of_the_json(files: dict[str, Path], summary: dict[str, Any]) -> None:
    page = Cells()
    page.feed(files["html"].read_text())
    rows = [row[:6] for row in page.rows]
    assert rate_row("Response at any score", summary["response"]["ever"]) in rows
    assert rate_row("Remission at the end of induction", summary["remission"]["end_of_induction"]) in rows


def test_pdf_holds_the_numbers_of_the_json_and_is_tagged(files: dict[str, Path], summary: dict[str, Any]) -> None:
    reader = pypdf.PdfReader(files["pdf"])
    text = " ".join(" ".join(page.extract_text() for page in reader.pages).split())
    assert " ".join(rate_row("Response at any score", summary["response"]["ever"])) in text
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert root["/Lang"] == "en"
    assert b"pdfuaid" in root["/Metadata"].get_data()


@pytest.mark.parametrize("form", ["csv", "html", "pdf", "xlsx"])
def test_each_file_says_what_it_rests_on(form: str, files: dict[str, Path]) -> None:
    path = files[form]
    if form == "pdf":
        text = " ".join(page.extract_text() for page in pypdf.PdfReader(path).pages)
    elif form == "xlsx":
        book = openpyxl.load_workbook(path)
        text = " ".join(str(v) for sheet in book for row in sheet.iter_rows(values_only=True) for v in row)
    else:
        text = path.read_text(encoding="utf-8")
    text = " ".join(text.split())
    for part in (
        "Synthetic sample data",
        "ketamine-outcomes 0.",
        "Fingerprint",
        "course_gap_days",
        "Made on",
        "316 courses",
    ):
        assert part in text, part


@pytest.fixture
def hostile() -> Document:
    rows = [{"name": text, "value": 1.5} for text in FORMULAS]
    table = Table(
        (Column("name", "=head", "text"), Column("value", "Value")), rows, name="hostile", title="=title", note="@note"
    )
    return Document("=doc", "+sub", [("=fact", "=1")], [Section("=section", "=said", tables=[table])], footer="@foot")


def test_no_cell_of_the_csv_is_a_formula(hostile: Document) -> None:
    for row in csv.reader(io.StringIO(csv_bytes(hostile).decode("utf-8-sig"))):
        for cell in row:
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_negative_numbers_stay_numbers_in_csv() -> None:
    table = Table(
        (Column("name", "", "text"), Column("value", "")), [{"name": "mean", "value": -4.5}], name="t", title="t"
    )
    made = csv_bytes(Document("d", "", [], [Section("s", tables=[table])]))
    assert b"t,mean,value,-4.5" in made


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_gets_an_apostrophe(text: str) -> None:
    assert harmless(text) == "'" + text


def test_no_cell_of_the_workbook_is_a_formula_or_link(hostile: Document) -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook_bytes(hostile)))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert not [cell for cell in cells if cell.hyperlink]
    assert {cell.value for cell in book["hostile"]["A"][1:]} >= {"=1+1", "@SUM(A1)"}


def test_html_and_pdf_take_any_text_as_text(hostile: Document) -> None:
    odd = Document("<b>#let x</b>", "$x$ *y* \\", [("a & b", "#panic()")], [Section("= <script>", "`raw` @ref")])
    assert "<script>" not in html_page(odd)
    text = pypdf.PdfReader(io.BytesIO(pdf_bytes(odd))).pages[0].extract_text()
    assert "#panic()" in text
    assert "#let x" in text
    assert html_page(hostile)


@pytest.mark.parametrize(
    "value, kind, text",
    [(None, "count", "–"), (1234, "count", "1,234"), (0.5, "share", "50%"), (0.066, "share", "6.6%"),
     (-4.25, "number", "−4.25"), (0.0, "number", "0"), ("<11", "count", "<11"), (100.0, "number", "100")],
)  # fmt: skip
def test_a_cell_is_written_as_people_read_it(value: Any, kind: Any, text: str) -> None:
    assert shown(value, kind) == text


def test_the_cost_of_every_format_is_measured(sample_database: str, project_root: Path) -> None:
    """The benchmark on the sample; its bound is for large stores, where the files' fixed costs do not count."""
    run = runpy.run_path(str(project_root / "tests" / "benchmarks" / "export_formats.py"))
    store = Store.open(sample_database)
    took = run["measure"](store, None, exact=False)
    store.close()
    assert set(took) == {"queries", "release", "csv", "xlsx", "html", "pdf"}
    assert all(seconds > 0 for seconds in took.values())
    slow = dict.fromkeys(run["FORMATS"], 3.0) | {"queries": 1.0, "release": 0.5, "csv": 0.1}
    assert ["OVER" in line for line in run["report"](slow, exact=False)] == [False, False, True, True, True]
