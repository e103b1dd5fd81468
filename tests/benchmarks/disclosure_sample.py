"""What hiding costs on the sample clinic, grouped by each filter key: the figures of disclosure.py on real tables.

python tests/benchmarks/disclosure_sample.py
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from dashboard.exports.protected import protect
from dashboard.exports.release import gather
from data_models.definitions.filters import FILTERS, CohortFilter
from data_models.definitions.scope import Scope
from data_models.store import Store

sys.path.insert(0, str(Path(__file__).resolve().parent))
import disclosure


def cost(store: Store, by: str | None) -> disclosure.Cost:
    """What the release of the whole store by one key hides, and the least that a safe choice hides."""
    import numpy as np

    with store.connect() as connection:
        parts: dict[Any, Any] = dict(
            gather(connection, Scope.everything(), CohortFilter(), store.rules(), by=by, least=0).parts
        )
    _, (small, further) = protect(parts, by, disclosure.LEAST, dict.fromkeys(parts, (np.zeros(0),) * 4))
    counts, tiny = disclosure.ledger_of(parts, by)
    return disclosure.Cost(
        len(counts.shown), small, further, disclosure.differing(counts, tiny), disclosure.fewest(counts, tiny)
    )


def main() -> None:
    """Print a line a key, and the sum."""
    from dashboard import cli

    total = disclosure.Cost()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{(Path(folder) / 'sample.db').as_posix()}"
        records = Path(__file__).resolve().parents[2] / "sample_data" / "clinic"
        assert cli.run(["import", str(records), "--database", url]) == 0
        store = Store.open(url)
        for by in (None, *FILTERS):
            found = cost(store, by)
            total.add(found)
            print(f"{by or 'whole':18} {found.small:4} small, {found.further:3} further, {found.fewest:3} at least")
        store.close()
    print(*total.report(), sep="\n")


if __name__ == "__main__":
    main()
