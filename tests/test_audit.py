"""The dependency audit of `.ci/run`: a vulnerability fails it, and what could not be asked is never called passed."""

from __future__ import annotations

import importlib.util
import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / ".ci" / "audit.py"
CLEAN = {"name": "dash", "version": "4.4.0", "vulns": []}
UNKNOWN = {"name": "flask", "skip_reason": "Dependency not found and could not be audited: flask (3.1.0)"}
HOLE = {"name": "dash", "version": "4.4.0", "vulns": [{"id": "CVE-2026-1", "fix_versions": ["4.4.1"]}]}
TOOL = """
import json, sys, time
answers = {answers}
found = answers[sys.argv[sys.argv.index("--vulnerability-service") + 1]]
if found == "hangs":
    time.sleep(30)
if isinstance(found, str):
    sys.exit("WARNING: be careful\\n" + found)
open(sys.argv[sys.argv.index("--output") + 1], "w").write(json.dumps({{"dependencies": found}}))
sys.exit({code})
"""


@pytest.fixture
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run(
    audit: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Audit with a tool that answers so for the first and the second source, and ends with this exit code."""

    def go(first: object, second: object, code: int = 0) -> tuple[int, str]:
        tool = tmp_path / "tool.py"
        tool.write_text(TOOL.format(answers=json.dumps({"pypi": first, "osv": second}), code=code))
        monkeypatch.setenv("KETAMINE_OUTCOMES_PIP_AUDIT", f"{shlex.quote(sys.executable)} {shlex.quote(str(tool))}")
        return audit.main([]), capsys.readouterr().out

    return go


def test_all_packages_known_and_sound_is_said(run: Callable[..., tuple[int, str]]) -> None:
    assert run([CLEAN], "never asked") == (0, "Audited 1 packages: no known vulnerability.\n")


@pytest.mark.parametrize("code", [0, 1])
def test_a_vulnerability_fails(run: Callable[..., tuple[int, str]], code: int) -> None:
    ended, told = run([HOLE, UNKNOWN], [UNKNOWN, UNKNOWN], code)
    assert ended == 1
    assert "VULNERABLE: dash 4.4.0: CVE-2026-1 (fixed in: 4.4.1)" in told
    assert "NOT AUDITED: 1 of 2 packages: flask" in told


@pytest.mark.parametrize(
    "first, second",
    [
        ([UNKNOWN], "requests.exceptions.ConnectionError: Max retries exceeded (NameResolutionError)"),
        ([UNKNOWN], [UNKNOWN]),
        ("Could not connect to the vulnerability feed", "Read timed out"),
        ([], []),
    ],
)
def test_an_unreachable_source_is_said_and_never_called_passed(
    run: Callable[..., tuple[int, str]], first: object, second: object
) -> None:
    ended, told = run(first, second)
    assert ended == 0
    assert told.startswith("NOT AUDITED: source unreachable")
    assert "no known vulnerability" not in told


def test_packages_that_no_source_knows_are_named(run: Callable[..., tuple[int, str]]) -> None:
    assert run([CLEAN, UNKNOWN], [UNKNOWN, UNKNOWN]) == (0, "NOT AUDITED: 1 of 2 packages: flask\n")


def test_the_second_source_is_asked_where_the_first_knows_nothing(run: Callable[..., tuple[int, str]]) -> None:
    assert run([UNKNOWN], [HOLE])[0] == 1
    assert run([UNKNOWN], [CLEAN]) == (0, "Audited 1 packages: no known vulnerability.\n")


def test_a_source_that_does_not_answer_in_time_is_left(
    run: Callable[..., tuple[int, str]], audit: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "SECONDS", 0.5)
    ended, told = run("hangs", "hangs")
    assert (ended, "no answer within" in told, told.startswith("NOT AUDITED")) == (0, True, True)


def test_an_audit_that_breaks_fails(run: Callable[..., tuple[int, str]]) -> None:
    ended, told = run("pip-audit: error: unrecognized arguments: --format", [CLEAN])
    assert ended == 1
    assert told.startswith("AUDIT FAILED: exit code 1: pip-audit: error: unrecognized arguments")


def test_a_tool_that_cannot_be_started_audits_nothing(
    audit: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KETAMINE_OUTCOMES_PIP_AUDIT", "/nowhere/pip-audit")
    assert audit.main([]) == 0
    assert capsys.readouterr().out.startswith("NOT AUDITED: source unreachable")


def test_the_script_is_part_of_what_ci_runs() -> None:
    assert "lint types audit test" in (SCRIPT.parent / "run").read_text(encoding="utf-8")
