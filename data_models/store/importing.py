"""One import: read, reconciled, stored and derived part by part, in one transaction.

What needs no database - the next part, the rules across files, the derivation - goes on in a thread of its own, beside
the one that stores. Whatever is found wrong later ends the transaction: nothing was stored.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, false, select

from data_models.database.engine import StoreError
from data_models.database.indexes import drop_keys
from data_models.database.loading import Load, by_patient, read_frame
from data_models.database.tables import Base
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.scope import Scope
from data_models.intake.contract import BATCH_COLUMNS, Fingerprint, RecordBatch, empty_table
from data_models.intake.reconcile import Reconciliation
from data_models.intake.threads import from_thread
from data_models.outcomes.derive import Facts, derive
from data_models.store import touched_patients
from data_models.store.derivation import FACTS, drop_facts, whole_patients
from data_models.store.seal import Seal
from data_models.store.touched_patients import Ids

if TYPE_CHECKING:
    from data_models.intake.readers import RecordParts

RECORDS = ("patients", "sessions", "assessments", "side_effects")
_TABLES = Base.metadata.tables
_CODES_SHOWN = 2_000
_MADE_AHEAD = 3  # of the rows of a part and the facts of a slice: what waits in the memory to be stored
Progress = Callable[[str, float], None]
NOTHING = RecordBatch(
    empty_table("patients"), empty_table("sessions"), empty_table("assessments"), empty_table("side_effects")
)


class Sizes(NamedTuple):
    """From which sizes on an import goes other ways; None: the usual. Smaller ones show these ways with few records.

    Attributes
    ----------
    block, part : bytes of a file that are checked at once, and of CSV files that are stored at once.
    staged : rows of a table and part that go into SQLite by way of a staging file.
    keyless : rows of a first import after which PostgreSQL's keys are built.
    """

    block: int | None = None
    part: int | None = None
    staged: int | None = None
    keyless: int | None = None


USUAL = Sizes()


class Stored(NamedTuple):
    """What a store holds.

    Attributes
    ----------
    of : called with some records: all stored records of their patients, and these patients' ids by code.
    clinics : of any patient.
    """

    of: Callable[[RecordBatch], tuple[RecordBatch, pd.Series]]
    clinics: tuple[str, ...] = ()


class NewRecords(NamedTuple):
    """What a part brings.

    Attributes
    ----------
    rows : by table; of patients also those whom the store knew and some of whose facts change.
    known : ids of the patients of these rows whom the store knew.
    changed : those of them whose row in `patients` is replaced.
    """

    rows: Mapping[str, pd.DataFrame]
    known: Ids
    changed: Ids


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did: new rows a table, identical repeats ignored, whether it was stored before.

    Attributes
    ----------
    changed : of how many patients whom the store knew it changed which column.
    """

    already_imported: bool
    patients: int = 0
    sessions: int = 0
    assessments: int = 0
    side_effects: int = 0
    repeats: int = 0
    warnings: list[str] = field(default_factory=list)
    changed: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Totals:
    """What the parts of an import come to, complete when all were compared with the store.

    Attributes
    ----------
    counts : new rows of each table of records.
    seal : what these rows add to the seal of the store's records.
    changed : of how many patients whom the store knew which column changes.
    """

    counts: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    repeats: int = 0
    warnings: list[str] = field(default_factory=list)
    fingerprint: Fingerprint = field(default_factory=Fingerprint)
    seal: Seal = field(default_factory=Seal)

    def result(self, connection: Connection | None, scope: Scope) -> ImportResult:
        """What importing these records does to what a scope sees of the store that a connection reads; None: to one
        that holds nothing."""
        if connection is not None and self._imported(connection, scope):
            return ImportResult(True, warnings=self.warnings)
        changed = {column: self.changed[column] for column in BATCH_COLUMNS["patients"] if self.changed[column]}
        return ImportResult(False, repeats=self.repeats, warnings=self.warnings, changed=changed, **self.counts)

    def _imported(self, connection: Connection, scope: Scope) -> bool:
        """Whether the store took this content in before."""
        nothing_new = not any(self.counts.values()) and not self.changed
        if scope.clinics is not None:
            # Fingerprints are of whole batches, which may hold other clinics' records.
            return nothing_new
        mark = _TABLES["imports"].c.fingerprint
        same = mark == str(self.fingerprint)
        if nothing_new:
            # Of a store that was filled before fingerprints could be added up, it is enough that nothing is new.
            same |= ~mark.startswith(Fingerprint.FORM)
        return connection.execute(select(mark).where(same).limit(1)).first() is not None


@contextmanager
def opened(path: Path, engine: Engine | None, progress: Progress, sizes: Sizes = USUAL) -> Iterator[RecordParts]:
    """The records at a path; what must wait on the disk meanwhile lies beside a SQLite store.

    Raises
    ------
    RecordsRefused, CannotRead : as `readers.read_parts`.
    StoreError : there is no room for what waits.
    """
    from data_models.intake.readers import read_parts

    file = engine is not None and engine.dialect.name == "sqlite" and engine.url.database
    folder = Path(file).absolute().parent if file else Path(tempfile.gettempdir())
    if not os.access(folder, os.W_OK):  # `check` needs no more of the store than to read it
        folder = Path(tempfile.gettempdir())
    try:
        known = _some_codes(engine) if engine is not None else []
        with read_parts(path, folder, progress, block=sizes.block, part=sizes.part, known_codes=known) as parts:
            yield parts
    except OSError as error:
        what = f"{folder} cannot hold what was read: {error.strerror or error}; nothing was stored"
        raise StoreError(f"{what}; make room there, or see that files can be written") from error


def _some_codes(engine: Engine) -> list[str]:
    """Patient codes of the store, among which the identifier screen judges a few new ones."""
    patients = _TABLES["patients"].c
    with engine.connect() as connection:
        return list(connection.scalars(select(patients.patient_code).order_by(patients.patient_id).limit(_CODES_SHOWN)))


# --- compared with what is stored ----------------------------------------------------------------------


nothing_stored = Stored(lambda batch: (NOTHING, pd.Series(dtype=np.int64)))


@contextmanager
def stored_before(engine: Engine, scope: Scope) -> Iterator[Stored]:
    """What a scope sees of the patients of a batch in a store; all that is asked for is of one version of the store.

    Beside a transaction that imports, and so holds its lock, that is the version before the import.
    """
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        clinic = _TABLES["patients"].c.clinic
        named = [clinic.is_not(None), *_visible(scope)]
        clinics = connection.scalars(select(clinic).distinct().where(*named).order_by(clinic))
        yield Stored(partial(stored_records, connection, scope), tuple(clinics))


def _visible(scope: Scope) -> list[ColumnElement[bool]]:
    """Conditions on patients that a scope sees."""
    return [] if scope.clinics is None else [_TABLES["patients"].c.clinic.in_(sorted(scope.clinics))]


def stored_records(connection: Connection, scope: Scope, batch: RecordBatch) -> tuple[RecordBatch, pd.Series]:
    """All stored records of the patients of a batch that a scope sees, and their ids by code."""
    codes = pd.unique(np.concatenate([getattr(batch, table)["patient_code"].unique() for table in RECORDS]))
    patients = _TABLES["patients"]
    with touched_patients.looked_up(connection, codes) as asked_for:
        theirs = and_(patients.c.patient_code.in_(asked_for), *_visible(scope))
        frames = {"patients": read_frame(connection, select(patients).where(theirs))}
        ids = frames["patients"].set_index("patient_code")["patient_id"]
        for name in RECORDS[1:]:
            table = _TABLES[name]
            statement = select(patients.c.patient_code, table).join(table, table.c.patient_id == patients.c.patient_id)
            # Where none is known the database need not look for their records.
            frames[name] = read_frame(connection, statement.where(theirs if len(ids) else false()))
    people, sessions, assessments, side_effects = (frames[name] for name in RECORDS)
    return RecordBatch(people, sessions, assessments, side_effects), ids


def compared(
    parts: RecordParts, stored: Stored, totals: Totals
) -> Iterator[tuple[RecordBatch, pd.Series, RecordBatch]]:
    """Of each part what was stored before of its patients, their ids by code, and what is new; adds up the totals.

    Raises
    ------
    RecordsRefused : with every problem, after the last part; no part is given after the first problem.
    """
    across = Reconciliation(parts.files, stored.clinics)
    for part in parts:
        before, known = stored.of(part)
        new = across.new(part, before)
        totals.fingerprint.add(part)
        totals.counts.update({name: len(getattr(new, name)) for name in RECORDS})
        totals.changed.update(new.changes)
        totals.seal.add(new)
        if len(new.changed):
            were = before.patients[before.patients["patient_code"].isin(new.changed["patient_code"])]
            totals.seal.replaced(were, new.changed)
        totals.repeats += new.repeats
        totals.warnings += new.warnings
        if not across.refused:
            yield before, known, new
    totals.warnings += across.warnings()


# --- prepared in a thread of its own -------------------------------------------------------------------


def prepared(
    parts: RecordParts, stored: Stored, first_id: int, rules: OutcomeRules | None, totals: Totals
) -> Generator[NewRecords | Facts]:
    """The rows of an import, part by part: new records, then their patients' facts; touches no table of the store.

    Parameters
    ----------
    first_id : the id of the first new patient.
    rules : to derive outcomes by; None: none are derived.

    Raises
    ------
    RecordsRefused, CannotRead : what has come is not to be stored.
    """
    for before, known, new in compared(parts, stored, totals):
        rows = _numbered(new, known, first_id)
        touched = np.unique(np.concatenate([rows[name]["patient_id"].to_numpy(np.int64) for name in RECORDS]))
        people = rows["patients"]["patient_id"].to_numpy(np.int64)
        yield NewRecords(rows, touched[touched < first_id], people[people < first_id])
        if rules is not None:
            of_these = {name: getattr(before, name) for name in RECORDS}
            if len(before.patients):
                of_these = {name: frame[frame["patient_id"].isin(touched)] for name, frame in of_these.items()}
            for records in whole_patients(rows, of_these):
                yield derive(**records, rules=rules)
        first_id += len(new.patients)


def _numbered(new: RecordBatch, known: pd.Series, first_id: int) -> dict[str, pd.DataFrame]:
    """New and changed records as rows of their tables, in the order of patients' ids: new ones from `first_id` on.

    Of one part a clinic's new patients get ids in a row: in a store of many clinics its list then reads fewer pages
    (`tests/benchmarks/lists.py`).
    """
    fresh = new.patients.sort_values("clinic", kind="stable")["patient_code"]
    codes = pd.Index(known.index).append(pd.Index(fresh.astype(object)))
    ids = np.concatenate((known.to_numpy(np.int64), first_id + np.arange(len(new.patients))))
    rows = {}
    for name in RECORDS:
        frame = getattr(new, name)
        if name == "patients" and len(new.changed):
            frame = pd.concat([_as_text(frame), new.changed], ignore_index=True)
        of_row, names = pd.factorize(frame["patient_code"])
        rows[name] = by_patient(frame.assign(patient_id=ids[codes.get_indexer(names)][of_row]))
    effects = rows["side_effects"]
    rows["side_effects"] = effects.assign(onset_minutes=effects["onset_minutes"].fillna(-1.0))
    return rows


def _as_text(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype(dict.fromkeys(frame.select_dtypes("category").columns, "str"))


# --- stored --------------------------------------------------------------------------------------------


def store_parts(
    connection: Connection,
    parts: RecordParts,
    stored: Stored,
    first_id: int,
    rules: OutcomeRules | None,
    progress: Progress,
    sizes: Sizes,
) -> Totals:
    """Store the new and changed records of all parts and, by the rules if there are any, the facts of their patients.

    `connection` is in a transaction that holds the import's lock; the others are those of `prepared`.
    """
    filled = (*RECORDS, *(FACTS if rules is not None else ()))
    totals, done, expected = Totals(), 0, max(1, sum(parts.most.values()))
    keys = drop_keys(connection, [_TABLES[name] for name in filled], expected, sizes.keyless)
    with (
        Load(connection, sizes.staged) as load,
        # Its thread has ended when an error goes on from here.
        closing(from_thread(prepared(parts, stored, first_id, rules, totals), _MADE_AHEAD)) as items,
    ):
        for item in items:
            if isinstance(item, NewRecords):
                progress("storing records", min(1.0, done / expected))
                if len(item.known):
                    with touched_patients.touched(connection, item.known) as theirs:
                        drop_facts(connection, theirs)
                if len(item.changed):
                    people = _TABLES["patients"]
                    with touched_patients.touched(connection, item.changed) as theirs:
                        connection.execute(delete(people).where(people.c.patient_id.in_(theirs)))
                for name in RECORDS:
                    load.add(item.rows[name], _TABLES[name])
                    done += len(item.rows[name])
            else:
                progress("storing outcomes", min(1.0, done / expected))
                for name in FACTS:
                    load.add(getattr(item, name), _TABLES[name])
        load.finish()
        keys.rebuild(filled)
    return totals
