"""What a release costs in every format, against the queries that it rests on.

One run of the queries first warms the store; then the queries alone, the release with its rounding, and each
format's file from it. The bound: figures, rounding and file together within 3 times the queries.

    python tests/benchmarks/export_formats.py [patients, or a database's URL] [a filter key to group by]
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dashboard.exports.formats import write
from dashboard.exports.release import gather
from dashboard.exports.summary import document
from data_models.definitions.filters import CohortFilter
from data_models.definitions.scope import Scope
from data_models.questions.comparison import groups
from data_models.questions.summary import summarise
from data_models.store import Store

FORMATS = ("csv", "xlsx", "html", "pdf")
EVERYTHING = Scope.everything()
BOUND = 3.0


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """How long it takes, and what comes out."""
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def measure(store: Store, by: str | None, *, exact: bool) -> dict[str, float]:
    """Seconds of the queries, of the release, and of each format's file."""
    import typst  # noqa: F401  what is loaded once is no cost of a file
    import xlsxwriter  # noqa: F401

    cohort, rules = CohortFilter(), store.rules()
    with store.connect() as connection:

        def queries() -> None:
            cohorts = {None: cohort} | (groups(connection, EVERYTHING, cohort, by) if by else {})
            for part in cohorts.values():
                summarise(connection, EVERYTHING, part, rules)

        queries()
        took = {"queries": seconds(queries)[0]}
        took["release"], release = seconds(lambda: gather(connection, EVERYTHING, cohort, rules, by=by, exact=exact))
    for form in FORMATS:
        took[form], _ = seconds(lambda form=form: write(document(release), form))
    return took


def report(took: dict[str, float], *, exact: bool) -> list[str]:
    """A line a format: the file, all of the work, and its multiple of the queries."""
    shown = "all numbers" if exact else "rounded counts"
    lines = [f"{shown}: queries {took['queries']:.2f} s, release with them {took['release']:.2f} s"]
    for form in FORMATS:
        whole = took["release"] + took[form]
        times = whole / took["queries"]
        verdict = "" if times <= BOUND else "  OVER THE BOUND"
        lines.append(f"  {form:4} {took[form]:7.2f} s, with its figures {times:.2f} times the queries{verdict}")
    return lines


def main(data: str = "20000", by: str | None = None) -> None:
    """Print the table, on a synthetic clinic made for it or on a database."""
    with tempfile.TemporaryDirectory() as folder:
        url = data if ":" in data else made(int(data), Path(folder))
        store = Store.open(url)
        try:
            for exact in (False, True):
                print(*report(measure(store, by, exact=exact), exact=exact), sep="\n")
        finally:
            store.close()


def made(patients: int, folder: Path) -> str:
    """A database with a synthetic clinic of so many patients."""
    from dashboard import cli

    url = f"sqlite:///{(folder / 'clinic.db').as_posix()}"
    assert cli.run(["sample", "--patients", str(patients), "--seed", "1", "-o", str(folder / "records")]) == 0
    assert cli.run(["import", str(folder / "records"), "--database", url]) == 0
    return url


if __name__ == "__main__":
    main(*sys.argv[1:])
