"""The Records page gives the workbook to keep records in, empty and filled."""

from __future__ import annotations

from pathlib import Path

from dashboard.pages.records import template
from data_models.intake.readers import read_records


def test_each_button_gives_its_workbook(tmp_path: Path) -> None:
    for button, sessions in ((template.EMPTY, 0), (template.FILLED, 3)):
        made = template.workbook(button)
        assert made is not None
        content, name = made
        (tmp_path / name).write_bytes(content)
        assert len(read_records(tmp_path / name).sessions) == sessions
    assert template.workbook("another") is None
    assert template.workbook({"type": "x"}) is None
