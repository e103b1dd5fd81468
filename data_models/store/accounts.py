"""Writing accounts, web sessions, failed attempts and the audit trail.

Each change of an account and its entry in the trail are one transaction: no deed without its entry.
"""

from __future__ import annotations

import dataclasses
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, case, delete, func, insert, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from data_models.database.access_tables import (
    OWNER,
    ROLES,
    Account,
    AuditEntry,
    AuditSeal,
    SignInFailure,
    WebSession,
    pack,
    unpack,
)
from data_models.database.engine import StoreError, access_engine, plain, plainly, writing
from data_models.database.tables import StoreInfo
from data_models.store.audit_chain import FIRST, Entry, details_text, entry_hash

_ACCESS_LOCK = 0x617564  # another lock than the imports': nobody waits for an import to sign in


def utc_now() -> str:
    """Now, as the trail writes it: for who reads it, as a clock may be put back. Its order is that of its numbers."""
    return datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds")


@contextmanager
def _writing(engine: Engine) -> Iterator[Connection]:
    try:
        if engine.dialect.name == "sqlite":
            with writing(access_engine(engine)) as connection, connection.begin():
                yield connection
        else:
            with engine.begin() as connection:
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_ACCESS_LOCK})"))
                yield connection
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise plain(error) from error


# --- the audit trail -----------------------------------------------------------------------------

ENTRY = tuple(getattr(AuditEntry, column.name) for column in dataclasses.fields(Entry))


def audit_entries(connection: Connection) -> Iterator[Entry]:
    """The whole trail, in order."""
    rows = connection.execution_options(yield_per=5000).execute(select(*ENTRY).order_by(AuditEntry.sequence))
    return (Entry(*row) for row in rows)


def audit_seal(connection: Connection) -> tuple[int, str] | None:
    """How many entries the trail has, and the last one's hash; None before the first."""
    row = connection.execute(select(AuditSeal.entries, AuditSeal.hash)).first()
    return None if row is None else (row.entries, row.hash)


def append(connection: Connection, actor: str, action: str, subject: str, details: Mapping[str, Any]) -> None:
    """Add one entry to the trail, within the caller's transaction."""
    seal = audit_seal(connection)
    sequence, previous = (seal[0] + 1, seal[1]) if seal else (1, FIRST)
    entry = {
        "sequence": sequence,
        "time": utc_now(),
        "actor": actor[:64],
        "action": action[:32],
        "subject": subject[:64],
        "details": details_text(details),
    }
    hashed = entry_hash(previous, **entry)  # type: ignore[arg-type]
    connection.execute(insert(AuditEntry).values(**entry, hash=hashed))
    sealed = {"entries": sequence, "hash": hashed}
    if seal:
        connection.execute(update(AuditSeal).values(**sealed))
    else:
        connection.execute(insert(AuditSeal).values(number=1, **sealed))


def record(engine: Engine, actor: str, action: str, subject: str = "", **details: Any) -> None:
    """Add one entry to the trail. Raises StoreError: then the deed must not be done."""
    with _writing(engine) as connection:
        append(connection, actor, action, subject, details)


# --- accounts ------------------------------------------------------------------------------------


def add_account(
    engine: Engine,
    actor: str,
    name: str,
    roles: frozenset[str],
    clinics: frozenset[str] | None,
    *,
    password_hash: str | None,
    must_change: bool,
    external_subject: str | None = None,
) -> None:
    """Add a person. Raises StoreError when the name is taken or a role is unknown."""
    _require_roles(roles)
    _remember_accounts(engine)
    with _writing(engine) as connection:
        if connection.execute(select(Account.account_id).where(Account.name == name)).first():
            raise StoreError(f"there is an account {name!r} already; choose another name or change that account")
        number = connection.execute(select(func.coalesce(func.max(Account.account_id), 0))).scalar_one() + 1
        values = {
            "account_id": number,
            "name": name,
            "password_hash": password_hash,
            "must_change_password": int(must_change),
            "roles": pack(roles),
            "clinics": pack(clinics),
            "external_subject": external_subject,
            "disabled": 0,
            "second_factor_required": 0,
            "second_factor_step": 0,
        }
        connection.execute(insert(Account).values(**values))
        append(
            connection, actor, "account_added", name, _told({"roles": values["roles"], "clinics": values["clinics"]})
        )


def _remember_accounts(engine: Engine) -> None:
    if _remembered(engine):
        return
    try:
        with writing(engine) as connection, connection.begin():
            connection.execute(update(StoreInfo).where(StoreInfo.name == "accounts").values(value="1"))
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise plain(error) from error


@plainly()
def _remembered(engine: Engine) -> bool:
    """Whether the records say that there are accounts: then the store is shut without them, not open."""
    marked = select(StoreInfo.value).where(StoreInfo.name == "accounts", StoreInfo.value == "1")
    with engine.connect() as connection:
        return connection.execute(marked).first() is not None


@plainly()
def trail_kept(engine: Engine) -> bool:
    """Whether there are accounts, and so a trail.

    Raises
    ------
    StoreError : there were, and the file that holds them is not beside the records.
    """
    access = access_engine(engine)
    with access.connect() as connection:
        if connection.execute(select(Account.account_id).limit(1)).first():
            return True
    if _remembered(engine):
        raise StoreError(
            f"{access.url.database}: the accounts and the audit trail are missing; put this file back from the "
            "backup, or begin anew with an owner (ketamine-outcomes user add NAME --role owner)"
        )
    return False


def change_account(engine: Engine, actor: str, name: str, action: str, **values: Any) -> None:
    """Change columns of an account, tell the trail, and end the account's web sessions.

    `roles` and `clinics` are given as sets. Raises StoreError when there is no such account, a role is
    unknown, or nobody would be left who may see to the accounts.
    """
    if "roles" in values:
        _require_roles(values["roles"])
        values["roles"] = pack(values["roles"])
    if "clinics" in values:
        values["clinics"] = pack(values["clinics"])
    with _writing(engine) as connection:
        found = connection.execute(select(Account.account_id).where(Account.name == name)).first()
        if found is None:
            raise StoreError(f"there is no account {name!r}; the command `user list` shows the accounts")
        connection.execute(update(Account).where(Account.account_id == found.account_id).values(**values))
        if "roles" in values or values.get("disabled"):
            owners = select(Account.account_id).where(Account.roles.contains(f";{OWNER};"), Account.disabled == 0)
            if connection.execute(owners.limit(1)).first() is None:
                raise StoreError(f"{name!r} is the last owner who can sign in; make somebody else owner first")
        # Rights are read afresh with each request; a new sign-in is asked for all the same.
        connection.execute(delete(WebSession).where(WebSession.account_id == found.account_id))
        append(connection, actor, action, name, _told(values))


def _require_roles(roles: frozenset[str]) -> None:
    unknown = sorted(roles - ROLES.keys())
    if unknown or not roles:
        what = f"there is no role {unknown[0]!r}" if unknown else "an account needs at least one role"
        raise StoreError(f"{what}; the roles are {', '.join(ROLES)}")


def _told(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the trail says of a change: rights in full, secrets never."""
    told: dict[str, Any] = {}
    for name, value in values.items():
        if name == "roles":
            told[name] = sorted(unpack(value) or ())
        elif name == "clinics":
            told[name] = "every clinic" if value is None else sorted(unpack(value) or ())
        elif name in ("disabled", "must_change_password", "second_factor_required"):
            told[name] = bool(value)
    return told


# --- web sessions and sign-in --------------------------------------------------------------------


def start_session(
    engine: Engine, name: str, account_id: int, token_hash: str, *, complete: bool, forget: list[str], **details: Any
) -> None:
    """Begin a web session after a right password; `forget`: sources whose failures no longer count.

    `complete` False: the second factor is outstanding, and neither trail nor last sign-in is told yet.
    """
    now = time.time()
    with _writing(engine) as connection:
        values = {"token_hash": token_hash, "account_id": account_id, "started": now, "seen": now}
        connection.execute(insert(WebSession).values(**values, complete=int(complete)))
        if complete:
            _signed_in(connection, name, account_id, details)
            if forget:
                connection.execute(delete(SignInFailure).where(SignInFailure.source.in_(forget)))


def _signed_in(connection: Connection, name: str, account_id: int, details: Mapping[str, Any]) -> None:
    at = utc_now()[:19].replace("T", " ") + " UTC"
    connection.execute(update(Account).where(Account.account_id == account_id).values(last_sign_in=at))
    append(connection, name, "signed_in", name, details)


def replace_hash(engine: Engine, account_id: int, password_hash: str) -> None:
    """Keep the same password under a stronger hash."""
    with _writing(engine) as connection:
        connection.execute(update(Account).where(Account.account_id == account_id).values(password_hash=password_hash))


def use_second_factor_step(engine: Engine, account_id: int, step: int) -> bool:
    """Take one time step of the second factor; False when it or a later one was used before."""
    with _writing(engine) as connection:
        taken = connection.execute(
            update(Account)
            .where(Account.account_id == account_id, Account.second_factor_step < step)
            .values(second_factor_step=step)
        )
        return taken.rowcount == 1


def touch_session(engine: Engine, token_hash: str) -> None:
    """Note that a session was used."""
    with _writing(engine) as connection:
        connection.execute(update(WebSession).where(WebSession.token_hash == token_hash).values(seen=time.time()))


def end_session(engine: Engine, token_hash: str, name: str | None = None) -> None:
    """End one web session; `name`: its person signed out, which the trail is told."""
    with _writing(engine) as connection:
        connection.execute(delete(WebSession).where(WebSession.token_hash == token_hash))
        if name is not None:
            append(connection, name, "signed_out", name, {})


def remove_sessions(engine: Engine, started: float, seen: float, ahead: float) -> None:
    """Remove web sessions that began or were last used before these times, or after the last: by a clock put back."""
    past = (WebSession.started < started) | (WebSession.seen < seen)
    with _writing(engine) as connection:
        connection.execute(delete(WebSession).where(past | (WebSession.started > ahead) | (WebSession.seen > ahead)))
        connection.execute(delete(SignInFailure).where(SignInFailure.latest < started))


@dataclass(frozen=True, slots=True)
class Attempt:
    """A guess of a password or code that is counted before it is looked at.

    Attributes
    ----------
    wait : seconds until it may be tried again; 0: it is counted and may be looked at now.
    at : when it was counted.
    before : by source, how often guesses failed before it and when the latest did.
    """

    wait: float
    at: float
    before: Mapping[str, tuple[int, float]]


def count_attempt(
    engine: Engine, sources: list[str], window: float, wait: Callable[[dict[str, tuple[int, float]]], float]
) -> Attempt:
    """Count an attempt as failed for each source, unless it has to wait; counts older than `window` seconds restart.

    One transaction that no other runs beside: of guesses made at once, in whatever worker, each sees those before it.
    What was counted by a clock that was put back since counts as of now: nobody waits until it is there again.

    Parameters
    ----------
    wait : from failures and the time of the latest by source, the seconds to wait.
    """
    with _writing(engine) as connection:
        now = time.time()
        columns = (SignInFailure.source, SignInFailure.failures, SignInFailure.latest)
        of_these = SignInFailure.source.in_(sources)
        connection.execute(update(SignInFailure).where(of_these, SignInFailure.latest > now).values(latest=now))
        rows = connection.execute(select(*columns).where(of_these))
        before = {row.source: (row.failures, row.latest) for row in rows}
        seconds = wait(before)
        if seconds <= 0:
            for source in sources:
                failures, latest = before.get(source, (0, now))
                values = {"failures": failures + 1 if now - latest < window else 1, "latest": now}
                if source in before:
                    connection.execute(update(SignInFailure).where(SignInFailure.source == source).values(**values))
                else:
                    connection.execute(insert(SignInFailure).values(source=source, **values))
        return Attempt(max(0.0, seconds), now, before)


def forgive_attempt(engine: Engine, sources: list[str], attempt: Attempt) -> None:
    """Count an attempt no longer: it was right. What others failed meanwhile stays counted."""
    with _writing(engine) as connection:
        for source in sources:
            _, latest = attempt.before.get(source, (0, attempt.at))
            since = case((SignInFailure.latest == attempt.at, latest), else_=SignInFailure.latest)
            values = {"failures": SignInFailure.failures - 1, "latest": since}
            connection.execute(update(SignInFailure).where(SignInFailure.source == source).values(**values))
        connection.execute(delete(SignInFailure).where(SignInFailure.source.in_(sources), SignInFailure.failures < 1))
