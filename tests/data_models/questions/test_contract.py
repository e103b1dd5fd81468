"""The summary's JSON is the one that version 0.1.0 wrote, for the sample and for 20 random clinics.

`contract.json.gz` has what the code of 0.1.0 gave (`summary --instrument I [--where ...] [--by ...] --format json`),
its numbers to nine digits, by "clinic: arguments". Names, their order, kinds and numbers must be the same; Turnbull's
masses to six digits, since where his search stops has changed: the likelihood is flat there. Names, rules, side effects
and facts of a scale that came since are left out of the comparison.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dashboard.cli import app

CONTRACT: dict[str, Any] = json.loads(gzip.decompress(Path(__file__).with_name("contract.json.gz").read_bytes()))


_SAMPLE = CONTRACT["sample: --instrument phq9"]
RULES = set(_SAMPLE["definitions"]["rules"])
SCALE = set(_SAMPLE["definitions"]["instrument"])
TERMS = {row["term"] for row in _SAMPLE["side_effects"]["per_patient"]}


def without_later_rows(now: Any) -> Any:
    """A summary without the rules, side effects and facts of a scale that version 0.1.0 did not have."""
    if isinstance(now, dict):
        early = {
            part: {name: value for name, value in now[part].items() if name in names}
            for part, names in (("rules", RULES), ("instrument", SCALE))
            if part in now
        }
        return {name: without_later_rows(value) for name, value in {**now, **early}.items()}
    if isinstance(now, list):
        rows = (row for row in now if not (isinstance(row, dict) and row.get("term", "other") not in TERMS))
        return [without_later_rows(row) for row in rows]
    return now


def written(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


def differences(was: Any, now: Any, place: str = "") -> list[str]:
    """Where two parsed documents differ in names, order, kind or value."""
    if isinstance(was, dict) and isinstance(now, dict):
        if list(was) != [name for name in now if name in was]:
            return [f"{place}: {list(was)} became {list(now)}"]
        return [line for key in was for line in differences(was[key], now[key], f"{place}.{key}")]
    if isinstance(was, list) and isinstance(now, list):
        if len(was) != len(now):
            return [f"{place}: {len(was)} became {len(now)}"]
        pairs = enumerate(zip(was, now, strict=True))
        return [line for i, pair in pairs for line in differences(*pair, f"{place}[{i}]")]
    if isinstance(was, float) and isinstance(now, float):
        exact = pytest.approx(was, rel=1e-6, abs=1e-7) if ".turnbull.mass" in place else pytest.approx(was, rel=6e-9)
        return [] if now == exact else [f"{place}: {was} became {now}"]
    return [] if type(was) is type(now) and was == now else [f"{place}: {was!r} became {now!r}"]


@pytest.mark.parametrize("asked", CONTRACT)
def test_the_summary_is_that_of_the_contract(asked: str, sample_folder: Path, tmp_path: Path) -> None:
    clinic, arguments = asked.split(": ")
    folder, database = sample_folder, f"sqlite:///{(tmp_path / 'clinic.db').as_posix()}"
    if clinic != "sample":
        patients, seed = clinic.replace(" patients, seed ", " ").split()
        folder = tmp_path / "records"
        written("sample", "--patients", patients, "--seed", seed, "-o", str(folder))
    written("import", str(folder), "--database", database)
    now = json.loads(written("summary", *arguments.split(), "--format", "json", "--database", database))
    assert differences(CONTRACT[asked], without_later_rows(now)) == []


def test_a_difference_is_seen() -> None:
    was = {"a": [1, 2.0], "b": None}
    assert differences(was, {"a": [1, 2.0], "b": None}) == []
    for now in (
        {"b": None, "a": [1, 2.0]},
        {"a": [1], "b": None},
        {"a": [1, 2.1], "b": None},
        {"a": [1.0, 2.0], "b": 0},
    ):
        assert differences(was, now)
