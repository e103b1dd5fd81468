"""The product at several sizes, on SQLite and PostgreSQL, each figure beside a floor measured in the same run.

    python tests/benchmarks/table.py                            # 10,000 and 100,000 patients
    python tests/benchmarks/table.py --patients 1000000 --imports 1 --cache /var/tmp/table
                                                                # 1,000,000 patients: 30 GB of disk, an hour or two

With `--cache` the records and the stores of each size are kept in a folder, to be used again; with `--imports 0`
too nothing is imported, and what pages read is measured on the stores kept there. A row takes turns until there
are `--runs` of them or `--seconds` have passed. What is being measured is told on standard error.

A patient has 10 sessions, 20 scores and about 3 side effects. Product and floor take turns, so that a busy
machine slows both; medians are printed, and the peak memory of the process that did the work.

=========  =====================================================  ==================================================
row        what is measured                                       its floor
=========  =====================================================  ==================================================
import     `import` of CSV files: checks, storing, outcomes       SQLite: csv.reader and sqlite3.executemany;
                                                                  PostgreSQL: COPY of the files and an index each
derive     every outcome again, from stored records to facts      reading the records by the driver, and CREATE TABLE
                                                                  AS SELECT of each table of facts
cohort     what the Outcomes page shows first: funnel, rates      the same SELECTs sent by the driver
summary    every figure of a cohort                               the same SELECTs sent by the driver
again      the same in another process, which finds it kept       the first view of it
worklist   a page of patients, filtered and sorted, and a count   the same SELECTs sent by the driver
patient    all records and outcomes of one patient                the same SELECTs sent by the driver
=========  =====================================================  ==================================================
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from turns import Limits, Timed, in_turn, say, timed  # type: ignore[import-not-found]

if TYPE_CHECKING:
    from databases import Databases  # type: ignore[import-not-found]

ROOT = Path(__file__).resolve().parents[2]
TABLES = ("patients", "sessions", "assessments", "side_effects")
CODES = 20  # patients whose pages are read


# --- the work, each piece in a process of its own --------------------------------------------------


def bring_in(url: str, folder: Path, limits: Limits) -> dict[str, Timed]:
    """The import, once, into an empty database."""
    from data_models.store import Store

    store = Store.open(url, upgrade=True)
    took = timed(lambda: store.import_path(folder))
    store.close()
    return {"import": {"ours": [took], "floor": []}}


def bring_in_bare(url: str, folder: Path, limits: Limits) -> dict[str, Timed]:
    """The same files as quickly as the engine's own tools take them: no check, no outcome."""
    from sqlalchemy import create_engine, make_url

    if url.startswith("sqlite"):
        import import_records  # type: ignore[import-not-found]

        took, _ = import_records.floor_csv_reader(folder, Path(make_url(url).database or ""))
        return {"import": {"ours": [], "floor": [took]}}
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    whole = {"hours", "dose", "score", "onset_minutes", "resolved_minutes"}

    def load() -> None:
        with engine.begin() as connection:
            cursor: Any = connection.connection.cursor()
            for table in TABLES:
                file = folder / f"{table}.csv"
                with file.open(newline="") as text:
                    names = next(csv.reader(text))
                kinds = ", ".join(f"{n} {'double precision' if n in whole else 'text'}" for n in names)
                cursor.execute(f"CREATE TABLE bare_{table} ({kinds})")
                with (
                    file.open("rb") as stream,
                    cursor.copy(f"COPY bare_{table} FROM STDIN (FORMAT csv, HEADER)") as copy,
                ):
                    while block := stream.read(1 << 20):
                        copy.write(block)
                keys = ", ".join(n for n in names if n in ("patient_code", "instrument", "hours", "term"))
                cursor.execute(f"CREATE INDEX ON bare_{table} ({keys})")

    took = timed(load)
    engine.dispose()
    return {"import": {"ours": [], "floor": [took]}}


def derive(url: str, folder: Path, limits: Limits) -> dict[str, Timed]:
    """Deriving everything anew."""
    from data_models.database.tables import Base
    from data_models.store import Store

    store = Store.open(url)
    facts = [name for name, t in Base.metadata.tables.items() if "patient_id" in t.columns and name not in TABLES]

    def bare() -> None:
        with store.engine.connect() as connection:
            copied = connection.begin()
            cursor: Any = connection.connection.cursor()
            for table in TABLES[1:]:
                cursor.execute(f"SELECT * FROM {table}")
                cursor.fetchall()
            for table in facts:
                cursor.execute(f"CREATE TABLE copied_{table} AS SELECT * FROM {table}")
            copied.rollback()

    found = in_turn(limits, store.derive, bare, warm=True)
    store.close()
    return {"derive": found}


def read(url: str, folder: Path, limits: Limits) -> dict[str, Timed]:
    """What pages and exports read."""
    from data_models.definitions.filters import CohortFilter
    from data_models.definitions.rules import DEFAULT_RULES
    from data_models.definitions.scope import Scope
    from data_models.questions.funnel import funnel
    from data_models.questions.patient import patient
    from data_models.questions.rates import rates
    from data_models.questions.summary import summarise
    from data_models.questions.worklist import worklist
    from data_models.store import Store

    store, everything, chosen = Store.open(url), Scope.everything(), CohortFilter()
    with (folder / "patients.csv").open(newline="") as file:
        codes = [row["patient_code"] for row in csv.DictReader(file)]
    some = codes[:: max(1, len(codes) // CODES)][:CODES]

    def first(connection: Any) -> None:
        rules = store.rules()
        funnel(connection, everything, chosen, rules)
        rates(connection, everything, chosen, rules)

    def pages(connection: Any) -> None:
        for code in some:
            patient(connection, everything, code)

    work: dict[str, Callable[[Any], Any]] = {
        "cohort": first,
        "summary": lambda connection: summarise(connection, everything, chosen, DEFAULT_RULES),
        "worklist": lambda connection: worklist(
            connection, everything, chosen, state="responding", sort="last", descending=True
        ),
        "patient": pages,
    }
    found = {}
    for name, ask in work.items():
        if name not in limits.rows:
            continue

        def ours(ask: Callable[[Any], Any] = ask) -> None:
            with store.connect() as connection:
                ask(connection)

        say(f"{name}: a first time, to hear what it asks")
        with heard(store.engine) as statements:
            ours()

        def bare(statements: list[tuple[str, Any]] = statements) -> None:
            with store.connect() as connection:
                cursor: Any = connection.connection.cursor()
                for statement, parameters in statements:
                    cursor.execute(statement, parameters)
                    if cursor.description:
                        cursor.fetchall()

        say(f"{name}: in turns")
        # What takes seconds is as good as warm after the first time; what takes a moment has a turn to warm up.
        found[name] = in_turn(limits, ours, bare, warm=name == "summary")
    for side in found.get("patient", {}).values():
        side[:] = [seconds / len(some) for seconds in side]
    if "again" in limits.rows:
        say("again: a first view, then that of other processes")
        found["again"] = again(store, chosen, limits)
    store.close()
    return found


@contextlib.contextmanager
def heard(engine: Any) -> Iterator[list[tuple[str, Any]]]:
    """The statements that are sent to the database within, with their parameters."""
    from sqlalchemy import event

    said: list[tuple[str, Any]] = []

    def hear(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            said.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", hear)
    yield said
    event.remove(engine, "before_cursor_execute", hear)


def again(store: Any, chosen: Any, limits: Limits) -> Timed:
    """A first view of a cohort's figures, once, and those of other processes which find the answer in the store."""
    from flask import Flask, g

    from dashboard.access.state import LOCAL
    from dashboard.answers import data
    from data_models.questions.summary import summarise
    from data_models.store import shared_answers

    shared_answers.FROM_SECONDS = 0.0
    store.set_name("seen again", synthetic=True)  # another version of the store: nothing is kept of it
    views = []
    for _ in range(limits.runs + 2):  # the first, one to warm up, and those that count
        server = Flask("worker")
        data.attach(server, store)
        with server.test_request_context():
            g.person = LOCAL
            views.append(timed(lambda: data.ask(summarise, chosen, data.RULES)))
    return {"ours": views[2:], "floor": views[:1]}


WORK = {f.__name__: f for f in (bring_in, bring_in_bare, derive, read)}


def child(name: str, url: str, folder: Path, limits: Limits) -> tuple[dict[str, Timed], float]:
    """One piece of work in a process of its own: what it measured, and its peak memory in MB."""
    if hasattr(os, "sync"):
        os.sync()  # what the work before wrote is not to be waited for in this one
    say(name)
    given = [str(limits.runs), str(limits.seconds), *sorted(limits.rows)]
    line = [sys.executable, __file__, "--work", name, url, str(folder), *given]
    done = subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True)
    answer = json.loads(done.stdout.splitlines()[-1])
    return answer["found"], answer["peak"]


ROWS = ("import", "derive", "cohort", "summary", "again", "worklist", "patient")

WORK_ROWS = {"derive": {"derive"}, "read": set(ROWS) - {"import", "derive"}}
ONCE = Limits(1, 0.0, frozenset())


def records_of(folder: Path, patients: int) -> Path:
    """Session records of so many patients; those in the folder where they are there."""
    import import_records

    made = folder / f"records-{patients}"
    if not made.exists():
        part = folder / f"records-{patients}.part"  # so that what was cut short is not taken for whole
        shutil.rmtree(part, ignore_errors=True)
        import_records.write_records(part, patients)
        part.rename(made)
    return made


def kept_store(found: Databases, cache: Path, patients: int) -> str:
    """URL of the kept store of so many patients, made where there is none."""
    name = f"store_{patients}"
    kept = found.kept(name)
    if kept is None:
        child("bring_in", found.new("making"), records_of(cache, patients), ONCE)
        kept = found.keep("making", name)
    return kept


def measure(
    engine: str, patients: int, limits: Limits, imports: int, cache: Path | None
) -> dict[str, tuple[float, float, float, int]]:
    """Row -> median seconds, ratio to its floor, peak MB, runs."""
    from databases import databases

    found: dict[str, Timed] = {}
    peaks: dict[str, float] = {}

    def take(answer: tuple[dict[str, Timed], float], *, ours: bool = True) -> None:
        for row, sides in answer[0].items():
            kept = found.setdefault(row, {"ours": [], "floor": []})
            for side, values in sides.items():
                kept[side] += values
            if ours:
                peaks[row] = max(peaks.get(row, 0.0), answer[1])

    say(f"{engine}, {patients:,} patients")
    with tempfile.TemporaryDirectory(prefix="table") as name, databases(engine, cache) as made:
        folder = cache or Path(name)
        records = records_of(folder, patients)
        for run in range(imports):
            take(child("bring_in_bare", made.new(f"bare{run}"), records, ONCE), ours=False)
            made.drop(f"bare{run}")
            take(child("bring_in", made.new(f"store{run}"), records, ONCE))
            if run < imports - 1:
                made.drop(f"store{run}")
        if imports:
            made.keep(f"store{imports - 1}", f"store_{patients}")
        for work in ("derive", "read"):
            if WORK_ROWS[work] & limits.rows:
                take(child(work, kept_store(made, folder, patients), records, limits))
    result = {}
    for row in (row for row in ROWS if row in found and row in limits.rows):
        ours, floor = (statistics.median(found[row][side]) for side in ("ours", "floor"))
        result[row] = (ours, ours / floor, peaks[row], len(found[row]["ours"]))
    return result


def show(found: dict[tuple[str, int], dict[str, tuple[float, float, float, int]]]) -> None:
    """The table, as Markdown."""
    sizes = sorted({size for _, size in found})
    engines = list(dict.fromkeys(engine for engine, _ in found))
    heads = [f"{size:,} patients" for size in sizes] + (["growth"] if len(sizes) > 1 else [])
    print(
        f"\n{date.today()}, {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; medians"
    )
    print(f"\n| row | engine | {' | '.join(heads)} |")
    print(f"|---|---|{'---|' * len(heads)}")
    for row in ROWS:
        for engine in engines:
            cells = []
            if any(row not in found[engine, size] for size in sizes):
                continue  # not measured
            for size in sizes:
                seconds, ratio, peak, runs = found[engine, size][row]
                time_ = f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.1f} ms"
                times = f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.1g}"
                cells.append(f"{time_}, {times} x floor, {peak:.0f} MB" + (f" ({runs} runs)" if runs < 5 else ""))
            if len(sizes) > 1:
                cells.append(f"{found[engine, sizes[-1]][row][0] / found[engine, sizes[0]][row][0]:.1f} x")
            print(f"| {row} | {engine} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    from databases import ENGINES

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=600.0, help="after which a row takes no further turn")
    parser.add_argument("--imports", type=int, help="imports of each size, where fewer than --runs must do")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--cache", type=Path, help="a folder that keeps records and stores for the next run")
    parser.add_argument("--work", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        name, url, folder, runs, seconds, *rows = given.work
        found = WORK[name](url, Path(folder), Limits(int(runs), float(seconds), frozenset(rows)))
        print(json.dumps({"found": found, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
        return
    limits = Limits(given.runs, given.seconds, frozenset(given.rows))
    imports = given.runs if given.imports is None else given.imports
    if "import" not in given.rows:
        imports = 0
    if given.cache:
        given.cache.mkdir(parents=True, exist_ok=True)
    table = {}
    for patients in given.patients:
        for engine in given.engines:
            table[engine, patients] = measure(engine, patients, limits, imports, given.cache)
            if len(given.patients) * len(given.engines) > 1:
                show({(engine, patients): table[engine, patients]})  # what a run that is cut short leaves
    show(table)


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]
    main()
