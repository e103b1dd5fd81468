"""A rule is one row: washout_days is read, checked, kept and printed. Run by test_added_rows."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from added_rows import RULE

from dashboard import cli
from dashboard.pages.card import behind
from dashboard.questions.view import Definition
from data_models.definitions.rules import DEFAULT_RULES, OutcomeRules
from data_models.store import Store

MEANING = "days without treatment before the first session"


@pytest.fixture
def database(small_records: Path, tmp_path: Path, command: Callable[..., subprocess.CompletedProcess[str]]) -> str:
    """A store that the program without the rule made."""
    url = f"sqlite:///{(tmp_path / 'before.db').as_posix()}"
    assert command("import", small_records, "--database", url).returncode == 0
    return url


def test_a_store_of_before_takes_its_default(database: str) -> None:
    store = Store.open(database)
    assert store.rules() == DEFAULT_RULES
    assert DEFAULT_RULES.as_dict()[RULE] == 28
    assert DEFAULT_RULES.version == "2"
    store.derive(dataclasses.replace(DEFAULT_RULES, **{RULE: 10.0}))  # type: ignore[arg-type]
    assert store.rules().as_dict()[RULE] == 10
    store.close()


def test_the_command_line_reads_checks_and_prints_it(
    database: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    about = ["summary", "--instrument", "phq9", "--database", database]
    assert cli.run([*about, "--rule", f"{RULE}=10"]) == 0
    said = json.loads(capsys.readouterr().out)["definitions"]
    assert said["rules"][RULE] == 10
    assert said["version"].startswith("2+")
    assert cli.run([*about, "--rule", f"{RULE}=0"]) == 2
    assert f"rule {RULE} is 0; it must lie from 1 to 365" in capsys.readouterr().err
    assert cli.run([*about, "--rule", f"{RULE}=soon"]) == 2
    assert "it must be a number" in capsys.readouterr().err
    for form in ("csv", "html"):
        file = tmp_path / f"summary.{form}"
        assert cli.run([*about, "--suppress", "0", "--rule", f"{RULE}=10", "-o", str(file)]) == 0
        content = file.read_text()
        assert RULE in content
        assert MEANING in content


def test_a_panel_that_names_it_prints_value_and_meaning() -> None:
    rules = OutcomeRules().with_assignments([f"{RULE}=10"])
    shown = str(behind("x", "Question", None, Definition("Text.", (RULE,)), rules).to_plotly_json())
    assert RULE in shown
    assert MEANING in shown
