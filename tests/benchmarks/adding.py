"""Adding 1,000 patients to a large store, beside adding the same to an empty one, in turns.

    python tests/benchmarks/adding.py --cache /var/tmp/table                    # SQLite, 1,000,000 patients
    python tests/benchmarks/adding.py --cache /var/tmp/table --engine postgresql --turns 21

The large store is a copy of the one that `table.py` keeps in the same folder; it is made there where it is not.
The codes of the patients are random and fall among those that are there, as those of a clinic do. Each import is
a process of its own; what is measured is `Store.import_path` and `Store.close`: reading, checks, storing, outcomes,
the commit, and in SQLite taking what was committed over into the file. Medians and means are printed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

PATIENTS = 1_000
Spent = tuple[float, float]  # seconds of the wall clock, and of the process' processor


def random_codes(seed: int) -> list[str]:
    """Codes that fall among those of `import_records.write_records` (P000000x to P999999x) and are none of them."""
    numbers = np.random.default_rng(seed).choice(1_000_000, PATIENTS, replace=False)
    return [f"P{number:06d}y{seed}" for number in numbers]


def add(url: str, records: Path) -> Spent:
    """An import into a store that is open, until it is closed."""
    from data_models.store import Store

    store = Store.open(url, upgrade=True)
    start = time.perf_counter(), time.process_time()
    store.import_path(records)
    store.close()
    return time.perf_counter() - start[0], time.process_time() - start[1]


def imported(url: str, records: Path) -> Spent:
    """The same in a process of its own."""
    if hasattr(os, "sync"):
        os.sync()  # what the work before wrote is not to be waited for in this one
    line = [sys.executable, __file__, "--work", url, str(records)]
    answer = subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True).stdout
    wall, processor = json.loads(answer.splitlines()[-1])
    return wall, processor


def some_more(cache: Path, turn: int) -> Path:
    """Records of other patients each turn."""
    import import_records  # type: ignore[import-not-found]

    records = cache / f"more-{os.getpid()}"
    shutil.rmtree(records, ignore_errors=True)
    import_records.write_records(records, PATIENTS, seed=turn, codes=random_codes(turn))
    return records


def in_turns(engine: str, cache: Path, patients: int, turns: int) -> dict[str, list[Spent]]:
    """Imports into an empty and into the large store, each turn of other patients."""
    from databases import databases  # type: ignore[import-not-found]
    from table import kept_store  # type: ignore[import-not-found]

    took: dict[str, list[Spent]] = {"empty": [], "large": []}
    with databases(engine, cache) as found:
        kept_store(found, cache, patients)
        large = found.copy(f"store_{patients}", "large")
        for turn in range(turns):
            records = some_more(cache, turn)
            took["empty"].append(imported(found.new(f"empty{turn}"), records))
            found.drop(f"empty{turn}")
            took["large"].append(imported(large, records))
            walls = {where: took[where][-1][0] for where in took}
            print(f"turn {turn + 1}: empty {walls['empty']:.2f} s, large {walls['large']:.2f} s", flush=True)
            shutil.rmtree(records)
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, help="the folder in which `table.py` keeps its stores")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--patients", type=int, default=1_000_000, help="of the large store")
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--work", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).parent)]
    if given.work:
        url, records = given.work
        print(json.dumps(add(url, Path(records))))
        return
    if given.cache is None:
        parser.error("name the folder in which to keep the large store: --cache FOLDER")
    given.cache.mkdir(parents=True, exist_ok=True)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {given.turns} turns")
    took = in_turns(given.engine, given.cache, given.patients, given.turns)
    for middle in (statistics.median, statistics.mean):
        wall, processor = ({where: middle(t[clock] for t in took[where]) for where in took} for clock in (0, 1))
        print(
            f"{middle.__name__}: empty {wall['empty']:.2f} s, large {wall['large']:.2f} s = "
            f"{wall['large'] / wall['empty']:.2f} x (processor {processor['large'] / processor['empty']:.2f} x)"
        )


if __name__ == "__main__":
    main()
