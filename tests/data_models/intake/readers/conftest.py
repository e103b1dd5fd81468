"""Folders for the tests of the readers."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """An empty folder for records."""
    (tmp_path / "records").mkdir()
    return tmp_path / "records"


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """An empty folder for what is kept meanwhile."""
    (tmp_path / "scratch").mkdir()
    return tmp_path / "scratch"
