"""A clinic's list of patients in each order, ready list, state and filter, in stores of two sizes.

    python tests/benchmarks/lists.py --cache /var/tmp/table                      # SQLite, 10,000 and 1,000,000
    python tests/benchmarks/lists.py --cache /var/tmp/table --engine postgresql

The stores are those that `table.py` keeps in the same folder; every clinic in them has 10,000 patients, whose records
lie among those of the others. A page is the first 50 patients and the number of all, as the page Patients asks for it;
`counts` are those of the ready lists, `neighbours` what the pager of a patient asks. The sizes take turns at each;
medians of each are printed, and the slowest. The bound is 60 ms.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any


def asked() -> dict[str, Callable[[Any], Any]]:
    """What is asked of a connection, by name: each order and direction with each way to narrow the list."""
    from data_models.definitions.filters import CohortFilter
    from data_models.definitions.scope import Scope
    from data_models.questions.worklist import ATTENTION, SORTABLE, attention_counts, neighbours, worklist

    clinic, everybody = Scope(frozenset({"clinic0"}), patients=True), CohortFilter()
    narrowed: dict[str, tuple[CohortFilter, dict[str, Any]]] = {"": (everybody, {})}
    narrowed |= {name: (everybody, {"attention": name}) for name in ATTENTION}
    narrowed["a state"] = (everybody, {"state": "responding"})
    narrowed["search"] = (everybody, {"search": "7"})
    wheres = ("route=iv", "sex=female", "phase=induction", "condition=hypertension")
    narrowed |= {where: (CohortFilter.from_assignments([where]), {}) for where in wheres}
    found: dict[str, Callable[[Any], Any]] = {}
    for sort, descending, (name, (cohort, more)) in product(SORTABLE, (False, True), narrowed.items()):
        order = {"sort": sort, "descending": descending, **more}
        found[f"{sort}{' down' * descending} {name}".strip()] = partial(_page, worklist, clinic, cohort, order)
    for sort in SORTABLE:
        found[f"neighbours {sort}"] = partial(_neighbours, neighbours, clinic, everybody, sort)
    found["counts"] = lambda connection: attention_counts(connection, clinic, everybody)
    return found


def _page(worklist: Any, scope: Any, cohort: Any, order: dict[str, Any], connection: Any) -> None:
    worklist(connection, scope, cohort, **order)


def _neighbours(neighbours: Any, scope: Any, cohort: Any, sort: str, connection: Any) -> None:
    neighbours(connection, scope, cohort, "P000000x", sort=sort)


def measure(stores: list[Any], turns: int) -> dict[str, list[float]]:
    """The median seconds of each in each store."""
    from turns import timed  # type: ignore[import-not-found]

    def ask(store: Any, question: Callable[[Any], Any]) -> None:
        with store.connect() as connection:
            question(connection)

    found = {}
    for name, question in asked().items():
        took = [[timed(lambda store=store, q=question: ask(store, q)) for store in stores] for _ in range(turns)]
        found[name] = [statistics.median(times) for times in zip(*took[1:], strict=True)]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True, help="the folder in which `table.py` keeps its stores")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--patients", type=int, nargs=2, default=[10_000, 1_000_000])
    parser.add_argument("--turns", type=int, default=7)
    given = parser.parse_args()
    sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).parent)]
    from databases import databases  # type: ignore[import-not-found]
    from table import kept_store  # type: ignore[import-not-found]

    from data_models.store import Store

    given.cache.mkdir(parents=True, exist_ok=True)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {given.engine}")
    with databases(given.engine, given.cache) as made:
        urls = [kept_store(made, given.cache, patients) for patients in given.patients]
        stores = [Store.open(url) for url in urls]
        found = measure(stores, given.turns + 1)
        for store in stores:
            store.close()
    for place, patients in enumerate(given.patients):
        times = {name: 1000 * took[place] for name, took in found.items()}
        slowest = sorted(times, key=lambda name: times[name])[-5:]
        print(
            f"{patients:,} patients: {len(times)} lists, median {statistics.median(times.values()):.1f} ms, slowest "
            + ", ".join(f"{name} {times[name]:.1f} ms" for name in reversed(slowest))
        )


if __name__ == "__main__":
    main()
