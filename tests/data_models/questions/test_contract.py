"""Names of the summary's JSON, once written, stay: those of version 0.1.0 and those of definitions version 2.

`contract.json` has the names of 0.1.0 in their order and the kinds of value that stood under each, over the sample and
20 random clinics. What the numbers are is held elsewhere: by hand, by R, by simulated truth.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dashboard.cli import app

CONTRACT: dict[str, Any] = json.loads(Path(__file__).with_name("contract.json").read_text(encoding="utf-8"))
KINDS = {bool: "flag", int: "number", float: "number", str: "text", type(None): "null"}
# Added by definitions version 2: paths of names.
SINCE = (
    "cohort.with_entry_severity", "cohort.going_on", "onset.turnbull.curve", "onset.turnbull.median_low",
    "durability.turnbull.curve", "durability.turnbull.median", "days_in_response", "states", "fade_model",
    "reliable_change", "interval_finder.lengths",
)  # fmt: skip
ASKED = (
    ("sample", "--instrument phq9"),
    ("sample", "--instrument madrs --where route=iv"),
    ("11 patients, seed 1001", "--instrument madrs"),
    ("32 patients, seed 1008", "--instrument gad7"),
)


def unlike(contract: Any, now: Any, place: str = "summary") -> list[str]:
    """Where a document lacks a name of the contract, has them in another order, or another kind of value."""
    if isinstance(contract, dict):
        if not isinstance(now, dict):
            return [f"{place}: {now!r} where names stood"]
        if list(contract) != [name for name in now if name in contract]:
            return [f"{place}: {list(contract)} became {list(now)}"]
        return [line for name in contract for line in unlike(contract[name], now[name], f"{place}.{name}")]
    if isinstance(contract, list):
        if not isinstance(now, list):
            return [f"{place}: {now!r} where a list stood"]
        return [line for i, row in enumerate(now) if contract for line in unlike(contract[0], row, f"{place}[{i}]")]
    kind = KINDS.get(type(now), "names or a list")
    # A number may be missing where it never was in those clinics: null is "not reached or not estimable".
    return [] if contract == "any" or kind in (*contract.split("|"), "null") else [f"{place}: {now!r}, not {contract}"]


def written(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def clinic(request: pytest.FixtureRequest, sample_folder: Path, tmp_path: Path) -> str:
    """The URL of a store with the sample, or with a random clinic."""
    folder, database = sample_folder, f"sqlite:///{(tmp_path / 'clinic.db').as_posix()}"
    if request.param != "sample":
        patients, seed = request.param.replace(" patients, seed ", " ").split()
        folder = tmp_path / "records"
        written("sample", "--patients", patients, "--seed", seed, "-o", str(folder))
    written("import", str(folder), "--database", database)
    return database


def summary(database: str, arguments: str) -> Any:
    return json.loads(written("summary", *arguments.split(), "--format", "json", "--database", database))


@pytest.mark.parametrize("clinic, arguments", ASKED, indirect=["clinic"])
def test_names_once_written_stay(clinic: str, arguments: str) -> None:
    now = summary(clinic, arguments)
    assert unlike(CONTRACT, now) == []
    for path in SINCE:
        found = now
        for name in path.split("."):
            assert name in found, path
            found = found[name]


@pytest.mark.parametrize("clinic", ["sample"], indirect=True)
def test_each_group_of_a_comparison_is_a_summary(clinic: str) -> None:
    now = summary(clinic, "--instrument phq9 --by route")
    assert now["by"] == "route"
    assert {"iv", "im", "mixed"} <= set(now["groups"])
    for group in now["groups"].values():
        assert unlike(CONTRACT, group) == []


def test_a_difference_is_seen() -> None:
    contract = {"a": ["number"], "b": "null|text"}
    assert unlike(contract, {"a": [1, 2.0], "new": 3, "b": None}) == []
    for now in ({"b": None, "a": [1]}, {"a": ["x"], "b": None}, {"a": 1, "b": None}, {"a": [], "b": 2}, {"a": []}, []):
        assert unlike(contract, now), now
