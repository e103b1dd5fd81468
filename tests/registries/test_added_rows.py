"""Rows are added to the registries before the program is loaded, in a process of its own; every answer has them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest


@pytest.mark.slow
@pytest.mark.timeout(600)  # the tests within have limits of their own
@pytest.mark.parametrize("file", ["of_added_scale.py", "of_added_side_effect.py", "of_added_rule.py"])
def test_every_answer_has_the_row(
    file: str, tests_with_rows: Callable[[str], subprocess.CompletedProcess[str]]
) -> None:
    done = tests_with_rows(file)
    assert done.returncode == 0, done.stdout + done.stderr
