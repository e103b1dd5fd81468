"""Real trials rewritten as session records, in temporary folders; nothing of them is kept."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from data_models.store import Store


def _write(folder: Path, table: str, rows: list[dict[str, object]]) -> None:
    with (folder / f"{table}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _trial(folder: Path, scores: pd.DataFrame, groups: dict[str, str]) -> Path:
    """A trial without sessions: one session at hour 0 a patient. Columns patient, day, score."""
    folder.mkdir()
    codes = scores["patient"].drop_duplicates()
    _write(folder, "patients", [{"patient_code": code, "clinic": groups[code]} for code in codes])
    _write(folder, "sessions", [{"patient_code": code, "hours": 0} for code in codes])
    rows = [
        {"patient_code": r.patient, "day": int(r.day), "instrument": "hamd17", "score": int(r.score)}
        for r in scores.itertuples()
    ]
    _write(folder, "assessments", rows)
    return folder


@pytest.fixture
def riesby(datasets: Path, tmp_path: Path) -> Path:
    """Reisby 1977: HAM-D by week; a day is seven times the week."""
    long = pd.read_csv(datasets / "riesby_hamd" / "riesby_hamd_long.csv", dtype=str)
    long = long[pd.to_numeric(long["hamd"], errors="coerce").notna()]
    scores = pd.DataFrame(
        {"patient": long["id"], "day": long["week"].astype(int) * 7, "score": long["hamd"].astype(int)}
    )
    groups = {i: "endogenous" if e == "1" else "nonendogenous" for i, e in zip(long["id"], long["endog"], strict=True)}
    return _trial(tmp_path / "riesby", scores, groups)


@pytest.fixture
def antidepressant(datasets: Path, tmp_path: Path) -> Path:
    """The masked antidepressant trial: HAM-D17 on real days, the baseline in its own column."""
    long = pd.read_csv(datasets / "antidepressant_hamd17" / "antidepressant_hamd17_long.csv", dtype=str)
    follow_up = long[["PATIENT", "RELDAYS", "HAMDTL17"]].set_axis(["patient", "day", "score"], axis=1)
    first = long.drop_duplicates("PATIENT")
    baseline = pd.DataFrame({"patient": first["PATIENT"], "day": "0", "score": first["BASVAL"]})
    groups = dict(zip(first["PATIENT"], first["THERAPY"], strict=True))
    return _trial(tmp_path / "antidepressant", pd.concat([baseline, follow_up]), groups)


def nimh_records(datasets: Path, folder: Path, *, with_broken_row: bool) -> Path:
    """The NIMH crossover: an infusion on day 0 and one on day 14, drug or placebo as each person's order says.

    Scores: baseline on day 0 before the infusion, then two and ten days after each. The one row of the
    published file that names no session keeps neither day nor score.
    """
    people = pd.read_csv(datasets / "nimh_ketamine" / "nimh_ketamine_moa_participants.csv", dtype=str)
    scores = pd.read_csv(datasets / "nimh_ketamine" / "nimh_ketamine_moa_phenotype.csv", dtype=str)
    folder.mkdir()
    patients, sessions, assessments = [], [], []
    start: dict[tuple[str, str], int] = {}
    for person in people.itertuples():
        code = person.participant_id
        patients.append({"patient_code": code, "clinic": person.group, "diagnosis": "major_depression"})
        for day, infusion in ((0, person.infusion_1), (14, person.infusion_2)):
            if isinstance(infusion, str):
                start[code, infusion] = day
                drug = {"d": "ketamine", "p": ""}[infusion]
                sessions.append({"patient_code": code, "day": day, "drug": drug, "route": "iv"})
    for row in scores.itertuples():
        if not isinstance(row.session_id, str):
            if with_broken_row:
                assessments.append({"patient_code": row.participant_id, "day": "", "instrument": "madrs", "score": ""})
            continue
        visit = row.session_id.removeprefix("ses-")
        if visit == "b0":
            day = 0
        elif (row.participant_id, visit[0]) in start:
            day = start[row.participant_id, visit[0]] + int(visit[1:])
        else:
            continue
        for instrument, score in (("madrs", row.MADRS_Total), ("hamd17", row.HAM17_Total)):
            if isinstance(score, str):
                assessments.append(
                    {"patient_code": row.participant_id, "day": day, "instrument": instrument, "score": score}
                )
    _write(folder, "patients", patients)
    _write(folder, "sessions", sessions)
    _write(folder, "assessments", assessments)
    return folder


@pytest.fixture
def nimh(datasets: Path, tmp_path: Path) -> Path:
    """The NIMH trial without its broken row."""
    return nimh_records(datasets, tmp_path / "nimh", with_broken_row=False)


@pytest.fixture
def nimh_with_broken_row(datasets: Path, tmp_path: Path) -> Path:
    """The NIMH trial with the row that names no session."""
    return nimh_records(datasets, tmp_path / "nimh_broken", with_broken_row=True)


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
