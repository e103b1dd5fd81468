"""The store: records go in a batch at a time, outcomes are derived from them.

One writer at a time, each import or derivation in one transaction: readers see the store before or
after it, never between. Records go in once and stay; facts are derived from them under the store's
rules and are replaced for the patients that an import touches.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy import Column, Connection, Engine, MetaData, Select, String, Table, func, select, update
from sqlalchemy.exc import SQLAlchemyError

from data_models import store_band, store_worklist
from data_models.bulk import ahead, in_key_order, ingest, pieces, read_frame, release
from data_models.engine import (
    StoreError,
    access_engine,
    close,
    current,
    open_engine,
    plain,
    plainly,
    reading,
    upgrade_schemas,
    writing,
)
from data_models.outcomes.derive import derive
from data_models.outcomes.listing import outcomes_listing
from data_models.records import RecordBatch, fingerprint
from data_models.rules import DEFAULT_RULES, OutcomeRules
from data_models.store_band import Tally, clinics_by_id
from data_models.store_facts import (
    FACTS,
    LISTED,
    SLICES_AHEAD,
    Records,
    derive_all,
    derived,
    drop_facts,
    made_ready,
    record_slices,
    store_rows,
    whole_patients,
)
from data_models.store_keys import keys_aside
from data_models.tables import Base

__all__ = ["ImportResult", "Store", "StoreError"]

Progress = Callable[[str, float], None]
RECORDS = ("patients", "sessions", "assessments", "side_effects")
_TABLES = Base.metadata.tables
_INFO = _TABLES["store_info"]
# The patients that an import brings, for the length of its transaction.
_TOUCHED = Table("touched_patients", MetaData(), Column("patient_code", String(32)), prefixes=["TEMPORARY"])


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


def _quiet(step: str, share: float) -> None:
    """The progress of a caller that shows none."""


class Store:
    """Session records and their outcomes behind a SQLAlchemy URL."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    # --- opening -----------------------------------------------------------------------------

    @classmethod
    def open(cls, url: str, *, upgrade: bool | None = None) -> Store:
        """Open a store, making it where there is none.

        Parameters
        ----------
        url : a SQLAlchemy URL, e.g. sqlite:////home/clinic/outcomes.db.
        upgrade : run outstanding migrations; None: do so for SQLite, the embedded default.

        Raises
        ------
        StoreError : the URL is malformed, the file is no store or cannot be opened or written, or the
            store needs `database upgrade`.
        """
        store = cls(open_engine(url))
        try:
            if not current(store.engine):
                if upgrade is None:
                    upgrade = store.engine.dialect.name == "sqlite"
                if not upgrade:
                    raise StoreError(
                        "the store is not at this program's version; run: ketamine-outcomes database upgrade"
                    )
                store.upgrade()
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise plain(error) from error
        return store

    def upgrade(self) -> None:
        """Run the outstanding migrations."""
        upgrade_schemas(self.engine)
        with self._writing() as connection:
            if connection.execute(select(func.count()).select_from(_INFO)).scalar_one() == 0:
                values = {"version": "0", "rules": json.dumps(DEFAULT_RULES.as_dict()), "name": "", "synthetic": "0"}
                values["accounts"] = "0"  # "1" once anybody was given one
                values["state"] = secrets.token_hex(16)
                connection.execute(_INFO.insert(), [{"name": k, "value": v} for k, v in values.items()])
            store_worklist.fill_empty(connection)
            store_band.fill_empty(connection)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection for reading: everything read through it belongs to one version of the store."""
        with plainly(), reading(self.engine) as connection:
            yield connection

    @contextmanager
    def connect_access(self) -> Iterator[Connection]:
        """A connection for reading accounts, web sessions and the audit trail."""
        with plainly(), reading(access_engine(self.engine)) as connection:
            yield connection

    def close(self) -> None:
        """Let go of every connection."""
        close(self.engine)

    # --- what the store says of itself -----------------------------------------------------------

    def _info(self) -> dict[str, str]:
        with reading(self.engine) as connection:
            return _info_in(connection)

    def about(self, connection: Connection) -> tuple[str, OutcomeRules]:
        """The state (its mark) and the rules of the version of the store that a connection reads."""
        info = _info_in(connection)
        return info.get("state", f"version {info['version']}"), _rules_from(info["rules"])

    def version(self) -> int:
        """A number that grows with each change of records, rules or name."""
        return int(self._info()["version"])

    def rules(self) -> OutcomeRules:
        """The rules under which the stored outcomes were derived."""
        return _rules_from(self._info()["rules"])

    def name(self) -> str:
        """The data set's name; empty where none was given."""
        return self._info()["name"]

    def synthetic(self) -> bool:
        """Whether the records are synthetic (the sample)."""
        return self._info()["synthetic"] == "1"

    def set_name(self, name: str, synthetic: bool) -> None:
        """Name the data set and say whether it is synthetic."""
        with self._writing() as connection:
            _set_info(connection, name=name, synthetic=str(int(synthetic)))

    # --- importing -------------------------------------------------------------------------------

    def import_path(
        self, path: Path, rules: OutcomeRules | None = None, progress: Progress | None = None
    ) -> ImportResult:
        """Read, check, store and derive the records at a path, all or nothing.

        Raises
        ------
        RecordsRefused, CannotRead : nothing was stored.
        """
        from data_models.readers import read_records

        return self.import_batch(read_records(path, progress), rules, progress)

    def import_batch(
        self, batch: RecordBatch, rules: OutcomeRules | None = None, progress: Progress | None = None
    ) -> ImportResult:
        """Store a checked batch and derive the outcomes of the patients it touches, in one transaction.

        Parameters
        ----------
        rules : rules to keep from now on; other than the store's, everything is derived anew.
        """
        from data_models.reconcile import reconcile

        progress = progress or _quiet
        # What needs no database (packing, the derivation, the fingerprint) goes on beside what does.
        with ThreadPoolExecutor(1) as beside, self._writing() as connection:
            to_mark = partial(fingerprint, batch)
            mark = beside.submit(to_mark) if _holds_imports(connection) else None
            imports = _TABLES["imports"]
            kept = _info_in(connection)
            current = _rules_from(kept["rules"])
            rules = rules or current
            if mark and _imported(connection, mark.result()):
                if rules != current:
                    _derive_all(connection, rules, progress)
                return ImportResult(already_imported=True, warnings=list(batch.warnings))
            progress("comparing with what is stored", 0.0)
            stored, ids = _stored_records(connection, batch)
            batch = reconcile(batch, stored)
            new = _with_ids(connection, batch, ids)
            dialect, filled, slices = connection.dialect.name, list(RECORDS), list[Records]()
            if rules == current:
                slices = whole_patients(new, {table: getattr(stored, table) for table in RECORDS})
                filled += (*FACTS, *LISTED)
            of_records = [
                partial(made_ready, dialect, {table: piece})
                for table in RECORDS
                for piece in pieces(dialect, new[table])
            ]
            clinics, tally = clinics_by_id(stored.patients, new["patients"]), Tally()
            of_facts = [partial(derived, records, clinics, rules, dialect, tally) for records in slices]
            coming = ahead(beside, [*of_records, *of_facts], SLICES_AHEAD)
            keys = keys_aside(connection, [_TABLES[table] for table in filled], sum(map(len, new.values())))
            store_rows(
                connection, RECORDS, islice(coming, len(of_records)), "storing records", progress, len(of_records)
            )
            mark = mark or beside.submit(to_mark)
            keys.put_back(RECORDS)
            if rules == current:
                if len(ids):
                    drop_facts(connection, _touched_ids())
                store_rows(connection, FACTS, coming, "storing outcomes", progress, len(slices))
                tally.keep(connection)
                keys.put_back(FACTS)
                store_worklist.fill(connection, _touched_ids())
                keys.put_back(LISTED)
            else:
                _derive_all(connection, rules, progress)
            counts = {table: len(new[table]) for table in RECORDS}
            number = connection.execute(select(func.coalesce(func.max(imports.c.number), 0))).scalar_one() + 1
            connection.execute(
                imports.insert().values(
                    number=number, fingerprint=mark.result(), source=batch.source, repeats=batch.repeats, **counts
                )
            )
            _TOUCHED.drop(connection)
            # What was synthetic alone no longer is, and is not named so any more.
            _set_info(connection, **({"synthetic": "0", "name": ""} if kept["synthetic"] == "1" else {}))
            progress("done", 1.0)
        return ImportResult(already_imported=False, repeats=batch.repeats, warnings=list(batch.warnings), **counts)

    def check_batch(self, batch: RecordBatch) -> ImportResult:
        """What importing a checked batch would do, by the rules across files and against what is stored.

        Nothing is stored. Raises RecordsRefused as the import would.
        """
        from data_models.reconcile import reconcile

        with self._writing() as connection:
            if _holds_imports(connection) and _imported(connection, fingerprint(batch)):
                return ImportResult(already_imported=True, repeats=batch.repeats, warnings=list(batch.warnings))
            stored, _ = _stored_records(connection, batch)
            checked = reconcile(batch, stored)
            _TOUCHED.drop(connection)
        counts = {table: len(getattr(checked, table)) for table in RECORDS}
        return ImportResult(False, repeats=checked.repeats, warnings=list(checked.warnings), **counts)

    # --- deriving --------------------------------------------------------------------------------

    def derive(self, rules: OutcomeRules | None = None, progress: Progress | None = None) -> None:
        """Derive every patient's outcomes anew, under other rules where some are given; they are kept."""
        with self._writing() as connection:
            _derive_all(connection, rules or _rules_from(_info_in(connection)["rules"]), progress or _quiet)

    def outcomes_frame(self, rules: OutcomeRules | None = None) -> pd.DataFrame:
        """The `outcomes` listing: one row a course and instrument, columns of the data contract.

        Under rules other than the store's it is derived in memory; the store stays as it is.
        """
        with self.connect() as connection:
            kept = _rules_from(_info_in(connection)["rules"])
            if rules is None or rules == kept:
                facts = {t: read_frame(connection, select(_TABLES[t])) for t in ("courses", "course_outcomes")}
                parts = [(facts["courses"], facts["course_outcomes"])]
            else:
                derived = (derive(*records, rules) for records in record_slices(connection))
                parts = [(facts.courses, facts.course_outcomes) for facts in derived]
            patients = _TABLES["patients"]
            people = read_frame(connection, select(patients.c.patient_id, patients.c.patient_code, patients.c.clinic))
        return outcomes_listing(people, parts)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction that holds the store's write lock from its start."""
        try:
            with writing(self.engine) as connection:
                try:
                    with connection.begin():
                        yield connection
                finally:
                    release(connection)
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise plain(error) from error


def _rules_from(text: str) -> OutcomeRules:
    # A rule that this version no longer knows is dropped; a new one takes its default.
    known = DEFAULT_RULES.as_dict()
    return DEFAULT_RULES.changed({k: v for k, v in json.loads(text).items() if k in known})


def _info_in(connection: Connection) -> dict[str, str]:
    return {row.name: row.value for row in connection.execute(select(_INFO.c.name, _INFO.c.value))}


def _set_info(connection: Connection, **values: str) -> None:
    """Change facts about the store; its version grows each time."""
    values |= {"version": str(int(_info_in(connection)["version"]) + 1), "state": secrets.token_hex(16)}
    for name, value in values.items():
        connection.execute(update(_INFO).values(value=value).where(_INFO.c.name == name))


def _holds_imports(connection: Connection) -> bool:
    """Whether anything was imported: an empty store need not wait for a batch's fingerprint."""
    return connection.execute(select(_TABLES["imports"].c.number).limit(1)).first() is not None


def _imported(connection: Connection, mark: str) -> bool:
    """Whether content of this fingerprint is stored."""
    imports = _TABLES["imports"]
    return connection.execute(select(imports.c.number).where(imports.c.fingerprint == mark)).first() is not None


def _stored_records(connection: Connection, batch: RecordBatch) -> tuple[RecordBatch, pd.Series]:
    """All stored records of the patients of a batch, and their ids by code."""
    codes = pd.unique(np.concatenate([getattr(batch, table)["patient_code"].unique() for table in RECORDS]))
    _TOUCHED.create(connection)
    patients = _TABLES["patients"]
    if connection.execute(select(patients.c.patient_id).limit(1)).first():
        ingest(connection, pd.DataFrame({"patient_code": codes}), _TOUCHED)
    touched = patients.c.patient_code.in_(select(_TOUCHED.c.patient_code))
    frames = {"patients": read_frame(connection, select(patients).where(touched))}
    ids = frames["patients"].set_index("patient_code")["patient_id"]
    for name in RECORDS[1:]:
        table = _TABLES[name]
        statement = select(patients.c.patient_code, table).join(table, table.c.patient_id == patients.c.patient_id)
        frames[name] = read_frame(connection, statement.where(touched))
    people, sessions, assessments, side_effects = (frames[name] for name in RECORDS)
    return RecordBatch(people, sessions, assessments, side_effects), ids


def _with_ids(connection: Connection, batch: RecordBatch, ids: pd.Series) -> dict[str, pd.DataFrame]:
    """The batch's frames with patient ids: known ones, and new ones in the order of the batch."""
    patients = _TABLES["patients"]
    first = connection.execute(select(func.coalesce(func.max(patients.c.patient_id), 0))).scalar_one() + 1
    fresh = pd.Index(batch.patients["patient_code"].unique()).difference(pd.Index(ids.index), sort=False)
    codes = pd.Index(ids.index).append(fresh)
    all_ids = np.concatenate((ids.to_numpy(np.int64), np.arange(first, first + len(fresh))))
    result = {}
    for table in RECORDS:
        frame = getattr(batch, table)
        distinct, names = pd.factorize(frame["patient_code"])
        frame = frame.assign(patient_id=all_ids[codes.get_indexer(names)][distinct])
        result[table] = in_key_order(frame, _TABLES[table])
    if len(result["side_effects"]):
        result["side_effects"]["onset_minutes"] = result["side_effects"]["onset_minutes"].fillna(-1.0)
    return result


def _touched_ids() -> Select[tuple[int]]:
    """Ids of the patients of an import that the store knew before."""
    patients = _TABLES["patients"]
    return select(patients.c.patient_id).where(patients.c.patient_code.in_(select(_TOUCHED.c.patient_code)))


def _derive_all(connection: Connection, rules: OutcomeRules, progress: Progress) -> None:
    derive_all(connection, rules, progress)
    set_rules(connection, rules)


def set_rules(connection: Connection, rules: OutcomeRules) -> None:
    """Keep the rules under which every outcome was derived in this transaction."""
    _set_info(connection, rules=json.dumps(rules.as_dict()))
