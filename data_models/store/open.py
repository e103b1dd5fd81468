"""The store: records go in a batch at a time, outcomes are derived from them.

One writer at a time, each import or derivation in one transaction: readers see the store before or
after it, never between. Records go in once and stay, but that of each patient the latest facts hold;
what is derived from them under the store's rules is replaced for the patients that an import touches.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pandas as pd
from sqlalchemy import Connection, Engine, func, inspect, select, update
from sqlalchemy.exc import SQLAlchemyError

from data_models.database.engine import (
    StoreError,
    access_engine,
    close,
    current,
    holds_nothing,
    open_engine,
    parts,
    plain,
    plainly,
    reading,
    upgrade_schemas,
    writing,
)
from data_models.database.loading import read_frame, release
from data_models.database.tables import Base
from data_models.definitions.rules import DEFAULT_RULES, OutcomeRules
from data_models.definitions.scope import Scope
from data_models.outcomes.derive import DERIVATION, derive
from data_models.outcomes.outcomes_table import outcomes_listing
from data_models.store.derivation import derive_all, record_slices
from data_models.store.importing import (
    USUAL,
    ImportResult,
    Sizes,
    Stored,
    nothing_stored,
    opened,
    store_parts,
    stored_before,
)
from data_models.store.seal import SEAL, Seal, stored_seal

__all__ = ["ImportResult", "Store", "StoreError"]

Progress = Callable[[str, float], None]
_TABLES = Base.metadata.tables
_INFO = _TABLES["store_info"]


def _quiet(step: str, share: float) -> None:
    """The progress of a caller that shows none."""


class Store:
    """Session records and their outcomes behind a SQLAlchemy URL."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    # --- opening -----------------------------------------------------------------------------

    @classmethod
    def open(cls, url: str, *, upgrade: bool | None = None, progress: Progress | None = None) -> Store:
        """Open a store, making it where there is none.

        Parameters
        ----------
        url : a SQLAlchemy URL, e.g. sqlite:////home/clinic/outcomes.db.
        upgrade : run outstanding migrations, and derive anew what an older version derived; None: do so for
            SQLite, the embedded default, and for a database without any table.

        Raises
        ------
        StoreError : the URL is malformed, the file is no store or cannot be opened or written, or the
            store needs `database upgrade`.
        """
        store = cls(open_engine(url))
        if upgrade is None:
            upgrade = store.engine.dialect.name == "sqlite" or holds_nothing(store.engine)
        try:
            if upgrade:
                store.upgrade(progress)
            elif not current(store.engine):
                raise StoreError("the store is not at this program's version; run: ketamine-outcomes database upgrade")
            elif not _derived_as_here(store._info()):
                raise StoreError(
                    "the outcomes were derived by an older version of this program, which did so otherwise; run: "
                    "ketamine-outcomes database upgrade"
                )
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise plain(error) from error
        return store

    def upgrade(self, progress: Progress | None = None) -> None:
        """Run the outstanding migrations, and derive anew what an older version of the program derived otherwise.

        Raises
        ------
        StoreError : a newer version of the program made the store, or it cannot be written.
        """
        if not current(self.engine):
            self._require_records()
            upgrade_schemas(self.engine)
        info = self._info()
        if info and _derived_as_here(info):
            return
        with self.writing() as connection:
            info = _info_in(connection)  # another process may have been first
            people = _TABLES["patients"].c.patient_id
            if not info and connection.execute(select(people).limit(1)).first() is None:
                values = {"version": "0", "rules": json.dumps(DEFAULT_RULES.as_dict()), "name": "", "synthetic": "0"}
                values["accounts"] = "0"  # "1" once anybody was given one
                values |= {"state": secrets.token_hex(16), "derivation": str(DERIVATION)}
                connection.execute(_INFO.insert(), [{"name": k, "value": v} for k, v in values.items()])
            elif not _derived_as_here(info):
                progress = progress or _quiet
                progress("deriving all outcomes anew, as this version of the program does", 0.0)
                _derive_all(connection, _rules_from(info["rules"]), progress)

    def _require_records(self) -> None:
        """Refuse to make a new store beside accounts or an audit trail that are another's.

        Raises
        ------
        StoreError : the file of records holds nothing, and the file beside it somebody's deeds.
        """
        access = access_engine(self.engine)
        if access is self.engine or not holds_nothing(self.engine):
            return
        with reading(access) as connection:
            tables = [name for name in ("accounts", "audit_entries") if inspect(connection).has_table(name)]
            used = any(connection.execute(select(_TABLES[name]).limit(1)).first() is not None for name in tables)
        if used:
            raise StoreError(
                f"{self.engine.url.database} holds no records at all, though accounts or an audit trail lie beside it: "
                "the file was emptied or replaced; put a backup in its place (database restore), or move the file that "
                "ends in .access away to begin anew"
            )

    def verify(self) -> list[str]:
        """What of the store is not as it was stored, in words; empty where all is.

        SQLite's own check of the file's structure, and the records against the seal of their imports. A store of
        before has no seal until its next import: then the structure alone is checked.
        """
        found = []
        for engine in parts(self.engine):
            if engine.dialect.name == "sqlite":
                try:
                    with reading(engine) as connection:
                        said = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check(5)")]
                except (SQLAlchemyError, sqlite3.Error) as error:
                    said = [str(plain(error))]
                if said != ["ok"]:
                    found.append(f"{engine.url.database} is damaged: {said[0].splitlines()[-1]}")
        if not found:
            with self.connect() as connection:
                sealed = _info_in(connection).get(SEAL)
                found += Seal.of(sealed).differences(stored_seal(connection)) if sealed else []
        return found

    def sealed_rows(self) -> int | None:
        """How many rows of records the seal is of; None: there is no seal yet."""
        sealed = self._info().get(SEAL)
        return sum(Seal.of(sealed).rows.values()) if sealed else None

    @staticmethod
    def missing(url: str) -> bool:
        """Whether a server's database at a URL holds nothing. Raises StoreError where it cannot be reached."""
        engine = open_engine(url)
        try:
            return holds_nothing(engine)
        finally:
            close(engine)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection for reading: everything read through it belongs to one version of the store."""
        with _read(self.engine) as connection:
            yield connection

    @contextmanager
    def connect_access(self) -> Iterator[Connection]:
        """A connection for reading accounts, web sessions and the audit trail."""
        with _read(access_engine(self.engine)) as connection:
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
        with self.writing() as connection:
            _set_info(connection, name=name, synthetic=str(int(synthetic)))

    # --- importing -------------------------------------------------------------------------------

    def import_path(
        self,
        path: Path,
        rules: OutcomeRules | None = None,
        progress: Progress | None = None,
        sizes: Sizes = USUAL,
    ) -> ImportResult:
        """Read, check and store the records at a path and derive their patients' outcomes, all or nothing.

        Parameters
        ----------
        rules : rules to keep from now on; other than the store's, everything is derived anew.

        Raises
        ------
        RecordsRefused, CannotRead : nothing was stored.
        """
        progress = progress or _quiet
        with ExitStack() as stack:
            parts = stack.enter_context(opened(path, self.engine, progress, sizes))
            connection = stack.enter_context(self.writing())
            patients, imports, kept = _TABLES["patients"], _TABLES["imports"], _info_in(connection)
            current = _rules_from(kept["rules"])
            by = current if rules in (None, current) else None  # other rules are for what was stored before, too
            last = connection.execute(select(func.max(patients.c.patient_id))).scalar_one()
            sealed = Seal.of(kept[SEAL]) if kept.get(SEAL) else stored_seal(connection)
            stored: Stored = nothing_stored
            if last is not None:
                progress("comparing with what is stored", 0.0)
                stored = stack.enter_context(stored_before(self.engine, Scope.everything()))
            # What was imported before is known at the end alone, and takes back nothing that changed since.
            stored_now = connection.begin_nested()
            totals = store_parts(connection, parts, stored, (last or 0) + 1, by, progress, sizes)
            result = totals.result(connection, Scope.everything())
            (stored_now.rollback if result.already_imported else stored_now.commit)()
            if rules is not None and by is None:
                _derive_all(connection, rules, progress)
            if not result.already_imported:
                number = connection.execute(select(func.coalesce(func.max(imports.c.number), 0))).scalar_one() + 1
                about = {"fingerprint": str(totals.fingerprint), "source": parts.source, "repeats": totals.repeats}
                about["changed"] = json.dumps(result.changed)
                connection.execute(imports.insert().values(number=number, **about, **totals.counts))
                # What was synthetic alone no longer is, and is not named so any more.
                unnamed = {"synthetic": "0", "name": ""} if kept["synthetic"] == "1" else {}
                _set_info(connection, **unnamed, **{SEAL: str(sealed.and_also(totals.seal))})
            progress("done", 1.0)
        return result

    # --- deriving --------------------------------------------------------------------------------

    def derive(self, rules: OutcomeRules | None = None, progress: Progress | None = None) -> None:
        """Derive every patient's outcomes anew, under other rules where some are given; they are kept."""
        with self.writing() as connection:
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
                derived = (derive(**records, rules=rules) for records in record_slices(connection))
                parts = [(facts.courses, facts.course_outcomes) for facts in derived]
            patients = _TABLES["patients"]
            people = read_frame(connection, select(patients.c.patient_id, patients.c.patient_code, patients.c.clinic))
        return outcomes_listing(people, parts)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
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


@contextmanager
def _read(engine: Engine) -> Iterator[Connection]:
    with plainly():
        connection = reading(engine)
        try:
            yield connection
        finally:
            with suppress(SQLAlchemyError, sqlite3.Error):  # what was read is whole, whatever then becomes of it
                connection.close()


def _derived_as_here(info: Mapping[str, str]) -> bool:
    """Whether the stored outcomes are those that this program would derive, by the very rules that it knows.

    Raises
    ------
    StoreError : a newer version derived them, or what the store says of itself cannot be read.
    """
    try:
        int(info["version"]), info["name"], info["synthetic"], _rules_from(info["rules"])
        newer = int(info["derivation"]) > DERIVATION
        if info.get(SEAL):
            Seal.of(info[SEAL])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StoreError(
            "what the store says of itself (its version, rules and seal) is damaged; restore a backup, or import its "
            "records anew"
        ) from error
    if newer:
        raise StoreError(
            "the outcomes were derived by a newer version of this program; update the program to open the store"
        )
    return int(info["derivation"]) == DERIVATION and json.loads(info["rules"]).keys() == DEFAULT_RULES.as_dict().keys()


def _rules_from(text: str) -> OutcomeRules:
    # A rule that this version no longer knows is dropped; a new one takes its default, and all is derived anew.
    known, kept = DEFAULT_RULES.as_dict(), json.loads(text)
    if "entry_severity" not in kept and kept.get("loss_confirmations") == 1:
        del kept["loss_confirmations"]  # the default of definitions version 1, which nobody chose
    return DEFAULT_RULES.changed({k: v for k, v in kept.items() if k in known})


def _info_in(connection: Connection) -> dict[str, str]:
    return {row.name: row.value for row in connection.execute(select(_INFO.c.name, _INFO.c.value))}


def _set_info(connection: Connection, **values: str) -> None:
    """Change facts about the store; its version grows each time."""
    known = _info_in(connection)
    values |= {"version": str(int(known["version"]) + 1), "state": secrets.token_hex(16)}
    for name, value in values.items():
        if name in known:
            connection.execute(update(_INFO).values(value=value).where(_INFO.c.name == name))
        else:
            connection.execute(_INFO.insert().values(name=name, value=value))


def _derive_all(connection: Connection, rules: OutcomeRules, progress: Progress) -> None:
    derive_all(connection, rules, progress)
    set_rules(connection, rules)


def set_rules(connection: Connection, rules: OutcomeRules) -> None:
    """Keep what every outcome was derived by in this transaction: the rules, and the derivation of this program."""
    _set_info(connection, rules=json.dumps(rules.as_dict()), derivation=str(DERIVATION))
