"""Import, checks and outcomes of many assessments, as a ratio to raw `sqlite3.executemany` of the same rows.

    python tests/benchmarks/import_records.py --patients 50000 --runs 3

Each measurement runs in a process of its own, in turn with its floor, so that a busy machine slows
both; the medians and their ratio are printed, with each process's peak memory. The floors hold no key,
no index, no check and no outcome:

* executemany: rows already split and in memory, inserted by `sqlite3.Connection.executemany`;
* csv.reader: the same, reading the files with `csv.reader` on the way.

Then one patient is read from the large store and from a store of 300 patients.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

TABLES = ("patients", "sessions", "assessments", "side_effects")
SESSIONS, SCORES = 10, 20


def write_records(folder: Path, patients: int, seed: int = 1) -> None:
    """Session records of the contract: 10 sessions, 20 scores and about 3 side effects a patient."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    codes = [f"P{n:06d}x" for n in range(patients)]
    with (folder / "patients.csv").open("w") as file:
        file.write("patient_code,clinic,age_band,sex,diagnosis,conditions,first_session_year\n")
        file.writelines(f"{c},north,35-44,female,major_depression,hypertension,2024\n" for c in codes)
    with (
        (folder / "sessions.csv").open("w") as sessions,
        (folder / "assessments.csv").open("w") as assessments,
        (folder / "side_effects.csv").open("w") as effects,
    ):
        sessions.write(
            "patient_code,hours,drug,route,dose,dose_unit,systolic_before,diastolic_before,systolic_highest,"
            "diastolic_highest,side_effects_asked\n"
        )
        assessments.write("patient_code,hours,instrument,score\n")
        effects.write("patient_code,hours,term,severity,onset_minutes,resolved_minutes\n")
        for code in codes:
            start = np.round(np.arange(SESSIONS) * 72 + rng.uniform(0, 6, SESSIONS), 2)
            start[0] = 0
            pressure = rng.integers(100, 150, SESSIONS)
            sessions.writelines(
                f"{code},{h:g},ketamine,iv,0.5,mg_per_kg,{p},80,{p + 9},86,yes\n"
                for h, p in zip(start, pressure, strict=True)
            )
            times = np.round(-2 + np.arange(SCORES) * 40 + rng.uniform(0, 9, SCORES), 2)
            scores = rng.integers(0, 28, SCORES)
            assessments.writelines(f"{code},{h:g},phq9,{s}\n" for h, s in zip(times, scores, strict=True))
            effects.writelines(f"{code},{h:g},nausea,mild,20,{95}\n" for h in start[rng.random(SESSIONS) < 0.3])


def _rows(folder: Path) -> dict[str, list[list[str]]]:
    result = {}
    for table in TABLES:
        with (folder / f"{table}.csv").open(newline="") as file:
            result[table] = list(csv.reader(file))[1:]
    return result


def _connect(database: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def _insert(connection: sqlite3.Connection, table: str, width: int, rows: object) -> None:
    connection.execute(f"CREATE TABLE {table} ({', '.join(f'c{n}' for n in range(width))})")
    connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * width)})", rows)  # type: ignore[arg-type]


def floor_executemany(folder: Path, database: Path) -> float:
    """Seconds for the rows in memory."""
    rows = _rows(folder)
    connection = _connect(database)
    start = time.perf_counter()
    for table in TABLES:
        _insert(connection, table, len(rows[table][0]), rows[table])
    connection.commit()
    return time.perf_counter() - start


def floor_csv_reader(folder: Path, database: Path) -> float:
    """Seconds for reading the files and inserting the rows."""
    connection = _connect(database)
    start = time.perf_counter()
    for table in TABLES:
        with (folder / f"{table}.csv").open(newline="") as file:
            reader = csv.reader(file)
            _insert(connection, table, len(next(reader)), reader)
    connection.commit()
    return time.perf_counter() - start


def product(folder: Path, database: Path) -> float:
    """Seconds for our whole import: reading, screening, checks, storing, outcomes."""
    from data_models.store import Store

    store = Store.open(f"sqlite:///{database.as_posix()}")
    start = time.perf_counter()
    store.import_path(folder)
    return time.perf_counter() - start


def open_patient(folder: Path, database: Path) -> float:
    """Median seconds of reading all that a patient's page shows, over 200 patients."""
    from data_models.queries import patients as queries
    from data_models.scope import Scope
    from data_models.store import Store

    store = Store.open(f"sqlite:///{database.as_posix()}")
    with (folder / "patients.csv").open(newline="") as file:
        codes = [row["patient_code"] for row in csv.DictReader(file)]
    scope, seconds = Scope.everything(), []
    for code in codes[:: max(1, len(codes) // 200)][:200]:
        start = time.perf_counter()
        with store.connect() as connection:
            person = queries.patient(connection, scope, code)
            assert person is not None
            for read in (
                queries.patient_sessions,
                queries.patient_scores,
                queries.patient_side_effects,
                queries.patient_outcomes,
            ):
                read(connection, scope, person["patient_id"])
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


WORK = {f.__name__: f for f in (floor_executemany, floor_csv_reader, product, open_patient)}


def _measure(name: str, folder: Path, database: Path) -> tuple[float, float]:
    """Seconds and peak memory (MB) of one piece of work in a process of its own."""
    if hasattr(os, "sync"):
        os.sync()  # what the work before this one wrote is not to be waited for in this one
    line = [sys.executable, __file__, "--work", name, str(folder), str(database)]
    done = subprocess.run(line, check=True, capture_output=True, text=True)
    seconds, peak = json.loads(done.stdout)
    return seconds, peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patients", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
        name, folder, database = given.work
        seconds = WORK[name](Path(folder), Path(database))
        print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
        return
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        write_records(base / "records", given.patients)
        write_records(base / "small", 300)
        taken: dict[str, list[tuple[float, float]]] = {}
        for run in range(given.runs):
            for name in ("floor_executemany", "floor_csv_reader", "product"):
                database = base / f"{name}-{run}.db"
                taken.setdefault(name, []).append(_measure(name, base / "records", database))
                if name != "product" or run:
                    for file in base.glob(f"{database.name}*"):
                        file.unlink()
        middle = {name: statistics.median(s for s, _ in values) for name, values in taken.items()}
        print(f"{platform.machine()}, Python {platform.python_version()}, {given.runs} runs in turn")
        print(
            f"{given.patients:,} patients, {given.patients * SESSIONS:,} sessions, {given.patients * SCORES:,} scores"
        )
        for name, values in taken.items():
            peak = max(p for _, p in values)
            ratios = ", ".join(f"{middle[name] / middle[f]:.2f} x {f}" for f in middle if f.startswith("floor"))
            print(f"{name:18} {middle[name]:7.2f} s  peak {peak:6.0f} MB  {ratios}")
        _measure("product", base / "small", base / "small.db")
        large, small = [], []
        for _ in range(max(3, given.runs)):
            large.append(_measure("open_patient", base / "records", base / "product-0.db")[0])
            small.append(_measure("open_patient", base / "small", base / "small.db")[0])
        ratio = statistics.median(large) / statistics.median(small)
        print(f"opening a patient: {statistics.median(large) * 1000:.2f} ms, {ratio:.2f} x the same in 300 patients")
        shutil.rmtree(base / "records")


if __name__ == "__main__":
    main()
