"""What faults are tried on: two imports of a clinic, and whether anything was lost of a store afterwards.

The records come in two imports, read in blocks and stored in parts: the first into an empty store, the second (new
patients, and more records of known ones) into one that holds the first.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import func, make_url, select

from data_models.database.tables import Base
from data_models.store import ImportResult, Store, StoreError, accounts
from data_models.store.audit_chain import broken
from data_models.store.derivation import FACTS
from data_models.store.importing import RECORDS, Sizes

WAITS_UNTIL_BACK = 60  # seconds for a server to recover
STORES = "storing"  # how an import's steps begin while it stores

State = tuple[tuple[tuple[str, int], ...], str]  # rows a table, and a digest of every outcome


@dataclass
class Found:
    """What came of a fault: how often it was tried, what was lost in words, and what was seen how often."""

    runs: int = 0
    lost: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Step:
    """An import: into a copy of which kept store, of which records, what is there before and after.

    `calls`, `seconds`: how often an undisturbed one says that it stores, and what it takes.
    """

    kept: str
    records: Path
    before: State
    after: State
    result: ImportResult
    calls: int
    seconds: float


def name_of(url: str) -> str:
    """The name of a database."""
    return Path(make_url(url).database or "").stem


def state_of(store: Store) -> State:
    """What a store holds."""
    tables = [Base.metadata.tables[name] for name in (*RECORDS, *FACTS, "imports")]
    with store.connect() as connection:
        rows = tuple((t.name, connection.execute(select(func.count()).select_from(t)).scalar_one()) for t in tables)
    return rows, hashlib.sha256(store.outcomes_frame().to_csv(index=False).encode()).hexdigest()


def steps_of(place: Any, folder: Path, patients: int, sizes: Sizes) -> list[Step]:
    """Write the records, and keep the stores that hold none and the first of them, with an owner and a trail."""
    from tests.benchmarks import clinicians, import_records

    if not folder.exists():
        known = patients // 2
        import_records.write_records(folder / "first", known, 1, "P")
        import_records.write_records(folder / "more", patients, 2, "Q")
        clinicians.more_of(folder / "more", [f"P{n:06d}x" for n in range(0, known, 2)])
    store = Store.open(place.new("empty"), upgrade=True)
    named: dict[str, Any] = {"password_hash": None, "must_change": True}
    accounts.add_account(store.engine, "test", "olga", frozenset({"owner"}), None, **named)
    store.close()
    place.keep("empty", "none")
    steps = []
    for kept, records, becomes in (("none", "first", "first"), ("first", "more", "last")):
        store = Store.open(place.copy(kept, "new"))
        calls: list[str] = []
        before, began = state_of(store), time.perf_counter()
        result = store.import_path(folder / records, None, lambda said, _, to=calls: to.append(said), sizes)  # type: ignore[misc]
        took = time.perf_counter() - began
        stored = sum(said.startswith(STORES) for said in calls)
        steps.append(Step(kept, folder / records, before, state_of(store), result, stored, took))
        store.close()
        place.keep("new", becomes)
    return steps


def _opened(url: str) -> Store:
    """A store, when its server has recovered."""
    until = time.monotonic() + WAITS_UNTIL_BACK
    while True:
        try:
            return Store.open(url)
        except StoreError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def lost_of(store: Store, now: State, *allowed: State) -> list[str]:
    """What of a store in this state is not whole, in words."""
    lost = list(store.verify())
    with store.connect_access() as connection:
        entries = list(accounts.audit_entries(connection))
        lost += broken(entries, accounts.audit_seal(connection)) + ([] if entries else ["the trail is empty"])
    if now not in allowed:
        lost.append(f"between two states: {dict(now[0])}")
    return lost


def check(found: Found, url: str, step: Step, sizes: Sizes) -> bool:
    """After a fault: add what is lost; then import again. Returns whether the fault came before the import's end."""
    with closing(_opened(url)) as store:
        now = state_of(store)
        found.lost += lost_of(store, now, step.before, step.after)
        early = now == step.before
        again = store.import_path(step.records, sizes=sizes)
        if early and again != step.result:
            found.lost.append(f"the import again says {again}, an undisturbed one {step.result}")
        if not early and not again.already_imported:
            found.lost.append("what was stored was imported again")
        found.lost += lost_of(store, state_of(store), step.after)
    if url.startswith("sqlite"):
        path = Path(make_url(url).database or "")
        left = [p.name for p in path.parent.iterdir() if p.name.startswith((f"{path.name}-import", "records-"))]
        found.lost += [f"{name} lies about" for name in left]
    found.runs += 1
    found.seen["before its end" if early else "after its end"] += 1
    return early
