"""The Records page as a data manager uses it: drop, mend, import, see the history; by mouse, keyboard and drag."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]

PATIENCE = 90_000  # a job starts a process of its own; machines that run tests are busy


@pytest.fixture(autouse=True)
def _temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The servers' temporary folder: not shared with tests beside this one, and without records at the end."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    yield
    assert list(folder.glob("*/records")) == []


@pytest.fixture
def empty(serving: Any, tmp_path: Path) -> Iterator[str]:
    """Address of a dashboard on an empty database of its own."""
    with serving(f"sqlite:///{(tmp_path / 'records.db').as_posix()}") as served:
        yield served


@pytest.fixture
def open_records(new_page: Callable[..., Page]) -> Callable[..., Page]:
    """Open the Records page at an address and wait until it is whole."""

    def opened(address: str, **options: Any) -> Page:
        page = new_page("/records", at=address, **options)
        expect(page.locator("#imports-question")).to_be_visible(timeout=PATIENCE)
        expect(page.locator("#records-cards [aria-busy]")).to_have_count(0, timeout=PATIENCE)
        return page

    return opened


def _choose(page: Page, folder: Path) -> None:
    with page.expect_file_chooser() as chosen:
        page.locator("#records-drop").get_by_role("button", name="Choose files").click()
    chosen.value.set_files(sorted(folder.glob("*.csv")))


def _says(page: Page, text: str) -> None:
    expect(page.locator("#records-report")).to_contain_text(text, timeout=PATIENCE)


def _break(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text()
    assert text.count(old) == 1
    (folder / file).write_text(text.replace(old, new))


def test_three_errors_are_reported_mended_and_imported(
    empty: str, open_records: Callable[..., Page], small_records: Path
) -> None:
    page = open_records(empty)
    expect(page.locator("#records-cards")).to_contain_text("Nothing yet")
    button = page.get_by_role("button", name="Import", exact=True)
    expect(button).to_be_disabled()
    wrong = [
        ("sessions.csv", "A1,72,ketamine,iv", "A1,72,ketamine,drip"),
        ("assessments.csv", "A1,24,phq9,14", "A1,24,phq9,41"),
        ("side_effects.csv", "nausea,mild,20", "nausea,mild,soon"),
    ]
    for file, old, new in wrong:
        _break(small_records, file, old, new)

    _choose(page, small_records)
    _says(page, "Not fit to import")
    _says(page, "3 problems")
    cells = [row.locator("td").all_inner_texts()[:3] for row in page.locator(".records-problems tbody tr").all()]
    assert cells == [
        ["sessions.csv", "3", "route"],
        ["assessments.csv", "3", "score"],
        ["side_effects.csv", "2", "onset_minutes"],
    ]
    expect(button).to_be_disabled()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download this report").click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "file,row,column,reason"
    assert [line.split(",")[:3] for line in lines[1:]] == cells

    for file, old, new in wrong:
        _break(small_records, file, new, old)
    _choose(page, small_records)
    _says(page, "Ready to import: 2 patients, 3 sessions, 6 assessments and 1 side effect.")
    expect(page.locator("#records-cards")).to_contain_text("Nothing yet")
    expect(button).to_be_enabled()
    button.click()
    _says(page, "Stored 2 new patients, 3 sessions, 6 assessments and 1 side effect")
    history = page.locator(".imports tbody tr")
    expect(history).to_have_count(1, timeout=PATIENCE)
    assert history.locator("td").all_inner_texts()[:8] == ["1", "CSV files", "2", "3", "6", "1", "none", "0"]
    expect(page.locator(".completeness tbody tr")).to_have_count(3)  # north, south, both
    expect(page.locator(".completeness tbody tr").first).to_contain_text("100%2 of 2")
    expect(button).to_be_disabled()

    _choose(page, small_records)
    _says(page, "Already imported")
    expect(button).to_be_disabled()


def test_files_are_dropped_and_followed_across_pages(
    empty: str, open_records: Callable[..., Page], small_records: Path
) -> None:
    page = open_records(empty)
    files = [{"name": path.name, "text": path.read_text()} for path in sorted(small_records.glob("*.csv"))]
    files.append({"name": "read-me.txt", "text": "not a record"})
    transfer = page.evaluate_handle(
        "files => { const t = new DataTransfer();"
        " files.forEach(f => t.items.add(new File([f.text], f.name))); return t; }",
        files,
    )
    for event in ("dragenter", "dragover", "drop"):
        page.dispatch_event("#records-drop", event, {"dataTransfer": transfer})
    _says(page, "Ready to import: 2 patients")
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_role("link", name="Outcomes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Outcomes")
    page.get_by_role("link", name="Records").click()
    expect(page.locator(".imports tbody tr")).to_have_count(1, timeout=PATIENCE)
    _says(page, "Stored 2 new patients")


def test_too_much_is_refused_before_it_is_sent(empty: str, open_records: Callable[..., Page], tmp_path: Path) -> None:
    page = open_records(empty)
    (tmp_path / "sessions.csv").write_bytes(b"x" * (31 * 2**20))
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    _choose(page, tmp_path)
    _says(page, "31 MB together and up to 30 MB can be dropped here")
    _says(page, "ketamine-outcomes import PATH")
    assert not requests


def test_the_demo_checks_records_and_imports_none(
    serving: Any, sample_database: str, open_records: Callable[..., Page], small_records: Path, tmp_path: Path
) -> None:
    own = tmp_path / "demo.db"
    shutil.copy(sample_database.removeprefix("sqlite:///"), own)
    with serving(f"sqlite:///{own.as_posix()}") as demo:
        page = open_records(demo)
        (small_records / "read-me.txt").write_text("not a record")
        with page.expect_file_chooser() as chosen:
            page.locator("#records-drop").get_by_role("button", name="Choose a folder").click()
        chosen.value.set_files(small_records)
        _says(page, "No problems")
        _says(page, "This is the demo")
        expect(page.get_by_role("button", name="Import", exact=True)).to_be_disabled()
        # The button is no lock: the server refuses too.
        page.evaluate("() => window.dash_clientside.set_props('records-import', {n_clicks: 1})")
        _says(page, "Not imported")
        expect(page.locator(".imports tbody tr")).to_have_count(1)


def test_the_page_works_without_a_mouse(empty: str, open_records: Callable[..., Page], small_records: Path) -> None:
    page = open_records(empty)
    # Listening starts before the first key: the browser is told to hand over its file chooser in a message that a
    # key pressed right after it can overtake (a click cannot: it waits for the button first).
    with page.expect_file_chooser() as chosen:
        page.locator("#main").focus()
        page.keyboard.press("Tab")
        expect(page.locator("#records-drop").get_by_role("button", name="Choose files")).to_be_focused()
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert page.evaluate(outline) == "solid"
        page.keyboard.press("Enter")
    chosen.value.set_files(sorted(small_records.glob("*.csv")))
    _says(page, "Ready to import")
    zone = page.locator("#records-drop")
    zone.get_by_role("button", name="Choose files").focus()
    page.keyboard.press("Tab")
    expect(zone.get_by_role("button", name="Choose a folder")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Import", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    _says(page, "Stored 2 new patients")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_state_of_the_page_has_an_accessibility_violation(
    empty: str,
    open_records: Callable[..., Page],
    small_records: Path,
    violations: Callable[[Page], list[str]],
    scheme: str,
) -> None:
    page = open_records(empty, scheme=scheme)
    assert violations(page) == []
    whole = (small_records / "assessments.csv").read_text()
    _break(small_records, "assessments.csv", "A1,24,phq9,14", "A1,24,phq9,41")
    _choose(page, small_records)
    _says(page, "Not fit to import")
    assert violations(page) == []
    (small_records / "assessments.csv").write_text(whole)
    _choose(page, small_records)
    _says(page, "Ready to import")
    assert violations(page) == []
    page.get_by_role("button", name="Import", exact=True).click()
    _says(page, "Stored")
    expect(page.locator(".completeness")).to_be_visible(timeout=PATIENCE)
    for card in page.locator("#records-cards .card").all():
        for summary in card.locator(".behind > summary").all():
            summary.click()
        assert violations(page) == []
        for summary in card.locator(".behind > summary").all():
            summary.click()
    page.set_viewport_size({"width": 390, "height": 844})
    assert violations(page) == []
    widest = page.evaluate("document.documentElement.scrollWidth")
    assert widest <= 390


PLANTED = ("MRN-424242", "Zaphod", "1931", "2026-03-02", "02.03.2026")
SHEET = """Pat.-Nr.;Name;Geb.-Datum;1. Infusion;2. Infusion;PHQ-9 vor;PHQ-9 nachher;Bemerkung
MRN-424242;Zaphod Beeble;07.05.1931;02.03.2026;16.03.2026;21;9;gut vertragen
MRN-7;Ford Prefect;08.05.1985;;;18;;
"""


def test_an_export_with_names_and_dates_is_prepared_in_this_window_alone(
    empty: str,
    open_records: Callable[..., Page],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    violations: Callable[[Page], list[str]],
) -> None:
    sheet = tmp_path / "Praxis.csv"
    sheet.write_text(SHEET, encoding="cp1252")
    page = open_records(empty)
    with page.expect_file_chooser() as chosen:
        page.locator("#prepare-drop").get_by_role("button", name="Choose files").click()
    chosen.value.set_files(sheet)
    expect(page.locator("#prepare-said")).to_contain_text("This is a clinic's own sheets", timeout=PATIENCE)
    # What the proposal does not know is chosen.
    page.locator('.ag-row:has-text("PHQ-9 nachher") [col-id="becomes"]').click()
    page.locator(".ag-cell-inline-editing .ag-picker-field-wrapper").click()
    page.get_by_role("option", name="PHQ-9, week 4", exact=True).click()
    expect(page.locator("#prepare-map")).to_have_value(
        re.compile('"PHQ-9 nachher" = { score = "phq9", when = "week 4" }')
    )
    page.get_by_role("button", name="See what would come in").click()
    preview = page.locator("#prepare-preview")
    expect(preview).to_contain_text(
        "1 patient, 2 sessions and 2 assessments; nothing has been stored", timeout=PATIENCE
    )
    expect(preview.locator("tbody")).to_contain_text("A person without a session")
    expect(preview.locator("tbody")).to_contain_text("Bemerkung")
    expect(preview).to_contain_text("2 sessions, 2 scores of PHQ-9, 21 to 9")
    assert violations(page) == []
    saved = {}
    page.on("download", lambda download: saved.update({download.suggested_filename: download.path().read_text()}))
    page.get_by_role("button", name="Save map and who-is-who, and import").click()
    _says(page, "Stored 1 new patient, 2 sessions and 2 assessments")
    expect(page.locator("#prepare-preview")).to_contain_text("Keep who-is-who on an encrypted disk")
    page.wait_for_timeout(200)
    assert "MRN-424242" in saved["who-is-who.csv"]
    assert '"PHQ-9 nachher" = { score = "phq9", when = "week 4" }' in saved["MAP.toml"]

    kept = page.evaluate(
        "() => JSON.stringify([{...localStorage}, {...sessionStorage}, location.href, document.cookie])"
    )
    files = [file for file in tmp_path.rglob("*") if file.is_file() and file != sheet]
    on_disk = b"".join(file.read_bytes() for file in files)
    said = "".join(capfd.readouterr())
    for planted in PLANTED:
        assert planted not in kept
        assert planted.encode() not in on_disk
        assert planted not in said
    assert b"SQLite format 3" in on_disk  # the store was among what was looked through
