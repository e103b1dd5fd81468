"""Trials rewritten as session records, in temporary folders; nothing of the published ones is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from data_models.store import Store

WriteTable = Callable[[Path, str, list[dict[str, object]]], None]


def _trial(write_table: WriteTable, folder: Path, scores: pd.DataFrame, groups: dict[str, str]) -> Path:
    """A trial without sessions: one session at hour 0 a patient. Columns patient, day, score."""
    folder.mkdir()
    codes = scores["patient"].drop_duplicates()
    write_table(folder, "patients", [{"patient_code": code, "clinic": groups[code]} for code in codes])
    write_table(folder, "sessions", [{"patient_code": code, "hours": 0} for code in codes])
    rows = [
        {"patient_code": r.patient, "day": int(r.day), "instrument": "hamd17", "score": int(r.score)}
        for r in scores.dropna().itertuples()
    ]
    write_table(folder, "assessments", rows)
    return folder


@pytest.fixture
def seeded_trial(tmp_path: Path, write_table: WriteTable) -> Path:
    """Our own trial, made by a seed (seeded_trial.R): HAM-D 17 by day; an empty score was a missed visit."""
    scores = pd.read_csv(Path(__file__).parent / "seeded_trial" / "scores.csv")
    groups = dict(zip(scores["patient"], scores["group"], strict=True))
    return _trial(write_table, tmp_path / "seeded", scores[["patient", "day", "score"]], groups)


@pytest.fixture
def riesby_hamd(datasets: Path, tmp_path: Path, write_table: WriteTable) -> Path:
    """Reisby 1977: HAM-D by week; a day is seven times the week."""
    long = pd.read_csv(datasets / "riesby_hamd" / "riesby_hamd_long.csv", dtype=str)
    long = long[pd.to_numeric(long["hamd"], errors="coerce").notna()]
    scores = pd.DataFrame(
        {"patient": long["id"], "day": long["week"].astype(int) * 7, "score": long["hamd"].astype(int)}
    )
    groups = {i: "endogenous" if e == "1" else "nonendogenous" for i, e in zip(long["id"], long["endog"], strict=True)}
    return _trial(write_table, tmp_path / "riesby", scores, groups)


@pytest.fixture
def antidepressant_hamd17(datasets: Path, tmp_path: Path, write_table: WriteTable) -> Path:
    """The masked antidepressant trial: HAM-D17 on real days, the baseline in its own column."""
    long = pd.read_csv(datasets / "antidepressant_hamd17" / "antidepressant_hamd17_long.csv", dtype=str)
    follow_up = long[["PATIENT", "RELDAYS", "HAMDTL17"]].set_axis(["patient", "day", "score"], axis=1)
    first = long.drop_duplicates("PATIENT")
    baseline = pd.DataFrame({"patient": first["PATIENT"], "day": "0", "score": first["BASVAL"]})
    groups = dict(zip(first["PATIENT"], first["THERAPY"], strict=True))
    return _trial(write_table, tmp_path / "antidepressant", pd.concat([baseline, follow_up]), groups)


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    """An empty store in a file of its own."""
    store = Store.open(f"sqlite:///{(tmp_path / 'store.db').as_posix()}")
    yield store
    store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Store:
    """An empty store, once in SQLite and once in PostgreSQL."""
    return request.getfixturevalue(f"{request.param}_store")


@pytest.fixture(scope="module")
def sqlite_module_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store in a file that a module's tests share."""
    store = Store.open(f"sqlite:///{(tmp_path_factory.mktemp('module') / 'store.db').as_posix()}")
    yield store
    store.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def module_store(request: pytest.FixtureRequest) -> Store:
    """A store once in SQLite and once in PostgreSQL, for modules that fill it once and then only read."""
    return request.getfixturevalue(f"{request.param}_module_store")
