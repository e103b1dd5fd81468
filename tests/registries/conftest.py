"""How the tests of the registries ask a page."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient


def _ask(
    client: FlaskClient, output: str, inputs: list[tuple[str, str, Any]], state: list[tuple[str, str, Any]]
) -> str:
    def listed(given: list[tuple[str, str, Any]]) -> list[dict[str, Any]]:
        return [{"id": name, "property": prop, "value": value} for name, prop, value in given]

    name, _, prop = output.rpartition(".")
    body = {
        "output": output, "outputs": {"id": name, "property": prop}, "changedPropIds": [], "inputs": listed(inputs),
        "state": listed(state),
    }  # fmt: skip
    answer = client.post("/_dash-update-component", json=body)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_data(as_text=True)


@pytest.fixture(scope="session")
def ask_page() -> Callable[..., str]:
    """The answer of a page's callback as text: client, output, inputs and states as (id, property, value)."""
    return _ask


@pytest.fixture(scope="session")
def tests_with_rows(project_root: Path) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Run the tests of a file of this folder in a process that `added_rows` has given more rows."""

    def run(file: str) -> subprocess.CompletedProcess[str]:
        here = Path(__file__).parent
        plugins = ("-p", "added_rows", "-p", "no:cacheprovider", "-n", "0")
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *plugins, str(here / file)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(here), str(project_root)])},
            cwd=project_root,
            capture_output=True,
            text=True,
            timeout=580,
            check=False,
        )

    return run
