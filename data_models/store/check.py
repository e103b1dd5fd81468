"""What an import would do: the rules across files and against what is stored, applied to records that stay outside."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from data_models.database.engine import plainly
from data_models.definitions.scope import Scope
from data_models.store import Store
from data_models.store.importing import ImportResult, Progress, Totals, compared, nothing_stored, opened, stored_before


def check_path(
    path: Path, store: Store | None, progress: Progress, scope: Scope
) -> tuple[ImportResult, dict[str, int]]:
    """What importing the records at a path would do, and how many rows of each table they hold; stores nothing.

    Parameters
    ----------
    store : None: one that holds nothing.
    scope : of whoever asks: what is stored of other clinics' patients is as if it were not there.

    Raises
    ------
    RecordsRefused, CannotRead, StoreError : as the import would.
    """
    totals = Totals()
    with plainly(), ExitStack() as stack:
        parts = stack.enter_context(opened(path, store.engine if store else None, progress))
        progress("comparing with what is stored", 0.0)
        stored = stack.enter_context(stored_before(store.engine, scope)) if store else nothing_stored
        for _ in compared(parts, stored, totals):
            pass
        connection = stack.enter_context(store.connect()) if store else None
        return totals.result(connection, scope), dict(parts.counts)
