"""Derivation in one process, by one Dask worker and by two on this machine, in turn.

    python tests/benchmarks/derive_cluster.py --patients 20000 --runs 3
    python tests/benchmarks/derive_cluster.py --database sqlite:///some.db     # an own store; outcomes are derived anew

Every way derives the same store again, in turn, so that a busy machine slows all of them; the medians are printed with
the ratio to one process. The outcomes are compared to the bit with those of the plain derivation.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import select

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from data_models.database.tables import Base
from data_models.store import Store, cluster
from data_models.store.derivation import FACTS


def digest(store: Store) -> str:
    """SHA-256 (hex) of every fact, in the order of its key."""
    found = hashlib.sha256()
    with store.connect() as connection:
        for name in FACTS:
            table = Base.metadata.tables[name]
            for rows in connection.execute(select(table).order_by(*table.primary_key)).partitions(50_000):
                found.update(repr([tuple(row) for row in rows]).encode())
    return found.hexdigest()


def measure(store: Store, runs: int) -> tuple[dict[str, list[float]], bool]:
    """Seconds of each way to derive, and whether all gave the same outcomes."""
    from distributed import LocalCluster

    def quiet(step: str, share: float) -> None:
        """No progress."""

    rules = store.rules()
    options = {"threads_per_worker": 1, "processes": True, "dashboard_address": None, "memory_limit": 0}
    with LocalCluster(n_workers=1, **options) as one, LocalCluster(n_workers=2, **options) as two:
        ways: dict[str, Callable[[], None]] = {
            "one process": lambda: store.derive(rules),
            "one Dask worker": lambda: cluster.derive_on_cluster(store, rules, one.scheduler_address, quiet),
            "two Dask workers": lambda: cluster.derive_on_cluster(store, rules, two.scheduler_address, quiet),
        }
        for way in [way for way in ways if "Dask" in way]:  # workers import what they need with their first task
            ways[way]()
        seconds: dict[str, list[float]] = {way: [] for way in ways}
        marks = set()
        for run in range(runs):
            for way, derive in ways.items():
                began = time.perf_counter()
                derive()
                seconds[way].append(time.perf_counter() - began)
                if run == 0:
                    marks.add(digest(store))
    return seconds, len(marks) == 1


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--database", help="URL of a store to derive anew instead of a new synthetic one")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="derive-") as folder:
        if given.database:
            store = Store.open(given.database)
        else:
            from sample_data.generate import write

            records = Path(folder) / "records"
            records.mkdir()
            write(given.patients, 1, records)
            store = Store.open(f"sqlite:///{folder}/store.db")
            store.import_path(records)
        seconds, same = measure(store, given.runs)
        store.close()
    print(f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, median of {given.runs}")
    one = statistics.median(seconds["one process"])
    for way, measured in seconds.items():
        middle = statistics.median(measured)
        print(f"{way:18} {middle:8.2f} s   {middle / one:5.2f} x one process")
    print("outcomes identical to the bit" if same else "OUTCOMES DIFFER")
    sys.exit(not same)


if __name__ == "__main__":
    main()
