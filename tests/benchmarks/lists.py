"""The list of patients in each order, ready list and state at two sizes: how a page of it grows.

    python tests/benchmarks/lists.py --cache /var/tmp/table                     # SQLite, 10,000 and 1,000,000
    python tests/benchmarks/lists.py --cache /var/tmp/table --engine postgresql --apart 19

The stores are those that `table.py` keeps in the same folder. A page is the first 50 patients and the number of all, as
the page Patients asks for it. The sizes take turns at each list; medians of each are compared. `--apart`: so many
thousand patients are added to a copy of the largest store before, so that their rows stand apart.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
from itertools import product
from pathlib import Path
from typing import Any


def lists() -> list[dict[str, Any]]:
    """What each list is asked with: order, direction, ready list or state."""
    from data_models.questions.worklist_order import ATTENTION, SORTABLE, STATES

    narrowed: list[dict[str, Any]] = [{}, *({"attention": name} for name in ATTENTION), {"state": STATES[-1]}]
    asked = product(SORTABLE, (False, True), narrowed)
    return [{"sort": sort, "descending": descending, **more} for sort, descending, more in asked]


def measure(stores: list[Any], turns: int) -> list[tuple[dict[str, Any], list[float]]]:
    """Each list with its median seconds in each store."""
    from turns import timed  # type: ignore[import-not-found]

    from data_models.definitions.filters import CohortFilter
    from data_models.definitions.scope import Scope
    from data_models.questions.worklist import worklist

    everybody, everything = CohortFilter(), Scope.everything()

    def page(store: Any, asked: dict[str, Any]) -> None:
        with store.connect() as connection:
            worklist(connection, everything, everybody, **asked)

    found = []
    for asked in lists():
        took = [[timed(lambda store=store, asked=asked: page(store, asked)) for store in stores] for _ in range(turns)]
        found.append((asked, [statistics.median(times) for times in zip(*took[1:], strict=True)]))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True, help="the folder in which `table.py` keeps its stores")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--patients", type=int, nargs=2, default=[10_000, 1_000_000])
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--apart", type=int, default=0, help="thousands of patients to add to the larger store")
    given = parser.parse_args()
    sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).parent)]
    import adding  # type: ignore[import-not-found]
    from databases import databases  # type: ignore[import-not-found]
    from table import kept_store  # type: ignore[import-not-found]

    from data_models.store import Store

    given.cache.mkdir(parents=True, exist_ok=True)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {given.engine}")
    with databases(given.engine, given.cache) as made:
        urls = [kept_store(made, given.cache, patients) for patients in given.patients]
        if given.apart:
            urls[1] = made.copy(f"store_{given.patients[1]}", "apart")
            adding.add_more(urls[1], given.cache, given.apart)
        stores = [Store.open(url) for url in urls]
        found = measure(stores, given.turns + 1)
        for store in stores:
            store.close()
    ratios = [(large / small, asked, small, large) for asked, (small, large) in found]
    worst, asked, small, large = max(ratios, key=lambda ratio: ratio[0])
    middle = statistics.median(ratio for ratio, *_ in ratios)
    first, second = (1000 * statistics.median(times) for times in zip(*(times for _, times in found), strict=True))
    print(
        f"{len(found)} lists: {first:.1f} ms at {given.patients[0]:,}, {second:.1f} ms at {given.patients[1]:,}; "
        f"median {middle:.2f} x, worst {worst:.2f} x ({1000 * small:.1f} to {1000 * large:.1f} ms: {asked})"
    )


if __name__ == "__main__":
    main()
