"""One import: checked records become rows and facts beside the transaction that stores them.

What needs no database - reading, the rules across files, packing, the derivation - goes on in a thread of its
own, whose *stream* of rows made ready the storing side takes as they come. So the first rows are on their way
while the next file is still being read. Whatever is found wrong later ends the transaction: nothing was stored.
"""

from __future__ import annotations

import tempfile
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Engine, false, select

from data_models.database.engine import StoreError
from data_models.database.indexes import keys_aside
from data_models.database.loading import Load, by_patient, read_frame
from data_models.database.tables import Base
from data_models.definitions.rules import OutcomeRules
from data_models.intake.contract import RecordBatch, empty_table, fingerprint
from data_models.intake.reconcile import Reconciliation
from data_models.intake.threads import beside
from data_models.store import touched_patients
from data_models.store.band import Tally, clinics_by_id
from data_models.store.derivation import FACTS, SLICES_AHEAD, derived, drop_facts, whole_patients
from data_models.store.touched_patients import Ids

if TYPE_CHECKING:
    from data_models.intake.readers import Step
    from data_models.intake.readers.patient_blocks import RecordParts

RECORDS = ("patients", "sessions", "assessments", "side_effects")
_TABLES = Base.metadata.tables
Progress = Callable[[str, float], None]
# What the store holds of the patients of some records, and their ids by code.
Stored = Callable[[RecordBatch], tuple[RecordBatch, pd.Series]]
NO_IDS: Ids = np.zeros(0, np.int64)
NOTHING = RecordBatch(
    empty_table("patients"), empty_table("sessions"), empty_table("assessments"), empty_table("side_effects")
)


class Made(NamedTuple):
    """Rows of some tables, made ready."""

    what: str
    tables: Mapping[str, pd.DataFrame]


class Patients(NamedTuple):
    """Ids of the patients of a part of an import: those that the store knew, those that are new."""

    part: int
    known: Ids
    fresh: Ids


class AllCame(NamedTuple):
    """No more rows of these tables will come."""

    tables: tuple[str, ...]


Item = Made | Patients | AllCame


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did: new rows a table, identical repeats ignored, whether it was stored before."""

    already_imported: bool
    patients: int = 0
    sessions: int = 0
    assessments: int = 0
    side_effects: int = 0
    repeats: int = 0
    warnings: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Brought:
    """What an import brought, complete when its stream has ended.

    Attributes
    ----------
    counts : new rows of each table of records.
    fingerprint_of : works out the fingerprint of the content.
    said : steps that were told of meanwhile, for the storing side to pass on.
    tally : the courses of its facts, counted for the band of similar ones.
    """

    counts: Counter[str] = field(default_factory=Counter)
    repeats: int = 0
    warnings: list[str] = field(default_factory=list)
    source: str = ""
    fingerprint_of: Callable[[], str] | None = None
    said: deque[tuple[str, float]] = field(default_factory=deque)
    tally: Tally = field(default_factory=Tally)
    _mark: str = ""

    def fingerprint(self) -> str:
        """The fingerprint of the content; worked out once."""
        if not self._mark and self.fingerprint_of:
            self._mark = self.fingerprint_of()
        return self._mark


@contextmanager
def in_parts(path: Path, engine: Engine | None, progress: Progress) -> Iterator[RecordParts]:
    """Records too large to be held at once; what is kept of them meanwhile lies beside a SQLite store.

    Raises
    ------
    RecordsRefused, CannotRead : as `readers.read_records`.
    StoreError : there is no room for what is kept.
    """
    from data_models.intake.readers.patient_blocks import read_parts

    beside_store = engine is not None and engine.dialect.name == "sqlite" and engine.url.database
    folder = Path(beside_store).absolute().parent if beside_store else Path(tempfile.gettempdir())
    try:
        with read_parts(path, folder, progress) as parts:
            yield parts
    except OSError as error:
        what = f"{folder} cannot hold what was read: {error.strerror or error}; nothing was stored"
        raise StoreError(f"{what}; make room there, or see that files can be written") from error


# --- what is stored already ---------------------------------------------------------------------------


def holds_imports(connection: Connection) -> bool:
    """Whether anything was imported: an empty store need not wait for a batch's fingerprint."""
    return connection.execute(select(_TABLES["imports"].c.number).limit(1)).first() is not None


def imported(connection: Connection, mark: str) -> bool:
    """Whether content of this fingerprint is stored."""
    imports = _TABLES["imports"]
    return connection.execute(select(imports.c.number).where(imports.c.fingerprint == mark)).first() is not None


def nothing_stored(batch: RecordBatch) -> tuple[RecordBatch, pd.Series]:
    """What a store without patients holds of any batch."""
    return NOTHING, pd.Series(dtype=np.int64)


@contextmanager
def stored_before(engine: Engine) -> Iterator[Stored]:
    """What a store holds of the patients of a batch; all that is asked for belongs to one version of the store.

    Beside a transaction that imports, and so holds its lock, that is the version before the import.
    """
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        yield partial(stored_records, connection)


def stored_records(connection: Connection, batch: RecordBatch) -> tuple[RecordBatch, pd.Series]:
    """All stored records of the patients of a batch, and their ids by code."""
    codes = pd.unique(np.concatenate([getattr(batch, table)["patient_code"].unique() for table in RECORDS]))
    patients = _TABLES["patients"]
    with touched_patients.looked_up(connection, codes) as asked_for:
        theirs = patients.c.patient_code.in_(asked_for)
        frames = {"patients": read_frame(connection, select(patients).where(theirs))}
        ids = frames["patients"].set_index("patient_code")["patient_id"]
        for name in RECORDS[1:]:
            table = _TABLES[name]
            statement = select(patients.c.patient_code, table).join(table, table.c.patient_id == patients.c.patient_id)
            # Where none is known the database need not look for their records.
            frames[name] = read_frame(connection, statement.where(theirs if len(ids) else false()))
    people, sessions, assessments, side_effects = (frames[name] for name in RECORDS)
    return RecordBatch(people, sessions, assessments, side_effects), ids


# --- made beside ---------------------------------------------------------------------------------------


def made(
    parts: Iterable[Iterable[Step]],
    count: int,
    stored: Stored,
    first_id: int,
    rules: OutcomeRules | None,
    brought: Brought,
) -> Generator[Item]:
    """The rows of an import, part by part, each made ready when it is asked for; touches no table of the store.

    Parameters
    ----------
    parts : of each part - whole patients, each in one part - the tables as they are read and at last the
        batch of them all (`readers.read_in_steps`). Tables before the batch may only be given where nothing
        is stored.
    count : how many parts there are.
    first_id : the id of the first new patient.
    rules : to derive outcomes by; None: none are derived.

    Raises
    ------
    RecordsRefused, CannotRead : what has come is not to be kept.
    """
    whole: Reconciliation | None = None
    for number, steps in enumerate(parts):
        new: dict[str, pd.DataFrame] = {}
        numbered: _Ids | None = None
        batch = NOTHING
        for step in steps:
            if isinstance(step, RecordBatch):
                batch = step
                break
            name, frame = step
            if name == "patients":
                numbered = _Ids.of(frame, pd.Series(dtype=np.int64), first_id)
            # Side effects are on their session's hours when the rules across files have been applied.
            if name != "side_effects" and numbered is not None and numbered.knows(frame):
                new[name] = numbered.rows(frame, name)
                yield Made("storing records", {name: new[name]})
        before, known = stored(batch)
        whole = whole or Reconciliation(batch.files)
        checked = whole.new(batch, before)
        if number == count - 1:
            brought.warnings = whole.warnings()
        if whole.refused:  # the parts that follow are looked at for their problems alone
            continue
        numbered = numbered or _Ids.of(checked.patients, known, first_id)
        yield Patients(number, known.to_numpy(np.int64), numbered.fresh)
        for name in RECORDS:
            if name not in new:
                new[name] = numbered.rows(getattr(checked, name), name)
                yield Made("storing records", {name: new[name]})
        brought.counts.update({name: len(new[name]) for name in RECORDS})
        brought.repeats += checked.repeats
        brought.source = checked.source
        if number == count - 1:
            yield AllCame(RECORDS)
        if rules is not None:
            clinics = clinics_by_id(before.patients, new["patients"])
            for records in whole_patients(new, {name: getattr(before, name) for name in RECORDS}):
                yield Made("storing outcomes", derived(records, clinics, rules, brought.tally))
        first_id += len(numbered.fresh)
        if brought.fingerprint_of is None:
            brought.fingerprint_of = partial(fingerprint, batch)
    yield AllCame(FACTS)
    brought.fingerprint()  # while keys are built


class _Ids(NamedTuple):
    """Ids of the patients of a part by their codes: known ones, and new ones in the order of their rows."""

    codes: pd.Index
    ids: Ids
    fresh: Ids

    @classmethod
    def of(cls, patients: pd.DataFrame, known: pd.Series, first: int) -> _Ids:
        codes = pd.Index(patients["patient_code"].unique()).difference(pd.Index(known.index), sort=False)
        fresh = np.arange(first, first + len(codes))
        return cls(pd.Index(known.index).append(codes), np.concatenate((known.to_numpy(np.int64), fresh)), fresh)

    def knows(self, frame: pd.DataFrame) -> bool:
        """Whether every row's patient has an id."""
        return bool((self.codes.get_indexer(pd.Index(frame["patient_code"].unique())) >= 0).all())

    def rows(self, frame: pd.DataFrame, table: str) -> pd.DataFrame:
        """A frame of records as rows of its table, in the order of their patients."""
        distinct, names = pd.factorize(frame["patient_code"])
        frame = frame.assign(patient_id=self.ids[self.codes.get_indexer(names)][distinct])
        frame = by_patient(frame)
        if table == "side_effects" and len(frame):
            frame["onset_minutes"] = frame["onset_minutes"].fillna(-1.0)
        return frame


# --- stored --------------------------------------------------------------------------------------------


def store_stream(
    connection: Connection, stream: Generator[Item], rows: int, brought: Brought, progress: Progress, *, derived: bool
) -> None:
    """Store what a stream brings, taken from a thread that makes it ready meanwhile.

    Parameters
    ----------
    connection : in a transaction that holds the import's lock.
    rows : about how many records will come; there are about as many facts.
    derived : facts will come too.
    """
    empty = connection.execute(select(_TABLES["patients"].c.patient_id).limit(1)).first() is None
    touched_patients.create(connection)
    keys = keys_aside(connection, [_TABLES[name] for name in (*RECORDS, *(FACTS if derived else ()))], rows)
    with (
        Load(connection) as records,
        Load(connection) as facts,
        closing(beside(stream, SLICES_AHEAD)) as items,  # its thread has ended when an error goes on from here
    ):
        stored: Counter[str] = Counter()
        for item in items:
            while brought.said:
                progress(*brought.said.popleft())
            match item:
                case Patients() if not empty:
                    touched_patients.add(connection, *item)
                    if len(item.known):
                        drop_facts(connection, touched_patients.known_ids(item.part))
                case Made(what, tables):
                    progress(what, min(1.0, stored[what] / max(1, rows)))
                    for table, frame in tables.items():
                        (records if table in RECORDS else facts).add(frame, _TABLES[table])
                        stored[what] += len(frame)
                case AllCame(tables):
                    (records if tables == RECORDS else facts).finish()
                    keys.put_back(tables)
                    if tables == FACTS and derived:
                        brought.tally.keep(connection)
    touched_patients.drop(connection)
