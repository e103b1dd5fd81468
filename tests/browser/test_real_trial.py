"""A published trial, imported and looked at: the NIMH ketamine crossover."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from data_models.store import Store


def test_a_patient_of_the_nimh_crossover_is_opened(
    nimh: Path, serving: Any, new_page: Callable[..., Page], tmp_path: Path
) -> None:
    url = f"sqlite:///{(tmp_path / 'nimh.db').as_posix()}"
    store = Store.open(url)
    store.import_path(nimh)
    store.close()
    with serving(url) as at:
        # Ketamine first: MADRS 41 before, 17 on day 2, 23 on day 10; after placebo 12 and 18.
        page = new_page("/patient/sub-MOA104?instrument=madrs", at=at)
        expect(page.get_by_role("heading", name="sub-MOA104")).to_be_visible()
        expect(page.locator("main")).to_contain_text("Response first seen on day 2, after 1 session")
        expect(page.locator(".js-plotly-plot").first).to_be_visible()
        # A healthy control with a baseline of 0 is shown, and not called a response.
        page.goto(f"{at}/patients?instrument=madrs&state=not_measured")
        expect(page.locator("main")).to_contain_text("Not measured")
        page.close()
