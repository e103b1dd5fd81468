"""What an import would do: the rules across files and against what is stored, applied to records that stay outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from data_models.database.engine import plainly
from data_models.intake.contract import RecordBatch, fingerprint
from data_models.intake.reconcile import Reconciliation
from data_models.store import Store
from data_models.store.importing import (
    RECORDS,
    ImportResult,
    Progress,
    holds_imports,
    imported,
    in_parts,
    nothing_stored,
    stored_before,
)

if TYPE_CHECKING:
    from data_models.intake.readers.patient_blocks import RecordParts


def check_path(path: Path, store: Store | None, progress: Progress) -> tuple[ImportResult, dict[str, int]]:
    """What importing the records at a path would do, and how many rows of each table they hold; stores nothing.

    Parameters
    ----------
    store : None: one that holds nothing.

    Raises
    ------
    RecordsRefused, CannotRead, StoreError : as the import would.
    """
    from data_models.intake.readers import read_records
    from data_models.intake.readers.patient_blocks import worth_parts

    if worth_parts(path):
        with in_parts(path, store.engine if store else None, progress) as parts:
            return _checked(parts, parts, parts.fingerprint, store, progress), dict(parts.counts)
    batch = read_records(path, progress)
    return check_batch(batch, store, progress), {table: len(getattr(batch, table)) for table in RECORDS}


def check_batch(batch: RecordBatch, store: Store | None, progress: Progress) -> ImportResult:
    """The same for a checked batch."""
    return _checked([batch], batch, partial(fingerprint, batch), store, progress)


def _checked(
    parts: Iterable[RecordBatch],
    whole: RecordBatch | RecordParts,
    fingerprint_of: Callable[[], str],
    store: Store | None,
    progress: Progress,
) -> ImportResult:
    progress("comparing with what is stored", 0.0)
    across, counts, repeats = Reconciliation(whole.files), Counter[str](), 0
    if store is not None:
        with store.connect() as connection:
            if holds_imports(connection) and imported(connection, fingerprint_of()):
                return ImportResult(already_imported=True, repeats=whole.repeats)
    with plainly(), stored_before(store.engine) if store is not None else nullcontext(nothing_stored) as stored:
        for part in parts:
            new = across.new(part, stored(part)[0])
            counts.update({table: len(getattr(new, table)) for table in RECORDS})
            repeats += new.repeats
    return ImportResult(False, repeats=repeats, warnings=across.warnings(), **counts)
