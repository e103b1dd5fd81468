"""The Report button of the Patient page gives a PDF of the course that is shown."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page
from pypdf import PdfReader


def test_the_report_of_the_course_on_screen_is_a_pdf(new_page: Callable[..., Page]) -> None:
    page = new_page("/patient/S-4JX75S?instrument=phq9")
    with page.expect_download() as download:
        page.get_by_role("button", name="Report (PDF)").click()
    assert download.value.suggested_filename == "ketamine-outcomes-S-4JX75S.pdf"
    text = " ".join(sheet.extract_text() for sheet in PdfReader(download.value.path()).pages)
    assert "S-4JX75S" in text
    assert "PHQ-9" in text
    assert "Synthetic" in text


def test_no_report_of_a_patient_who_is_not_there(new_page: Callable[..., Page]) -> None:
    page = new_page("/patient/nobody")
    page.get_by_text("Patient not found").wait_for()
    assert page.get_by_role("button", name="Report (PDF)").count() == 0
