"""Reading accounts, web sessions and the audit trail; no record of a patient."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, or_, select

from data_models.database.access_tables import OWNER, Account, AuditEntry, WebSession
from data_models.store.accounts import ENTRY
from data_models.store.audit_chain import Entry


def owner_exists(connection: Connection) -> bool:
    """Whether somebody can sign in who may see to the accounts."""
    owners = select(Account.account_id).where(Account.roles.contains(f";{OWNER};"), Account.disabled == 0)
    return connection.execute(owners.limit(1)).first() is not None


def accounts(connection: Connection) -> Any:
    """Every account without its secrets, by name."""
    columns = (
        Account.account_id,
        Account.name,
        Account.roles,
        Account.clinics,
        Account.disabled,
        Account.last_sign_in,
        Account.must_change_password,
        Account.second_factor_required,
        (Account.second_factor.is_not(None)).label("has_second_factor"),
    )
    return connection.execute(select(*columns).order_by(Account.name)).all()


def account(connection: Connection, name: str) -> Any:
    """One account, its secrets with it, by its name."""
    return connection.execute(select(*Account.__table__.c).where(Account.name == name)).first()


def account_of_subject(connection: Connection, subject: str) -> Any:
    """One account by its name at an OpenID Connect provider."""
    return connection.execute(select(*Account.__table__.c).where(Account.external_subject == subject)).first()


def web_session(connection: Connection, token_hash: str) -> Any:
    """A web session with its account's roles, clinics and state."""
    columns = (
        WebSession.started,
        WebSession.seen,
        WebSession.complete,
        Account.account_id,
        Account.name,
        Account.roles,
        Account.clinics,
        Account.disabled,
        Account.must_change_password,
        Account.second_factor,
        Account.second_factor_required,
    )
    joined = select(*columns).join(Account, Account.account_id == WebSession.account_id)
    return connection.execute(joined.where(WebSession.token_hash == token_hash)).first()


def audit_page(
    connection: Connection,
    *,
    actor: str = "",
    action: str = "",
    text: str = "",
    first_day: str = "",
    last_day: str = "",
    limit: int = 50,
    offset: int = 0,
) -> tuple[list[Entry], int]:
    """The latest entries of the trail that match, and how many do; days (UTC) are YYYY-MM-DD."""
    wanted: Any = select(*ENTRY)
    if actor:
        wanted = wanted.where(AuditEntry.actor == actor)
    if action:
        wanted = wanted.where(AuditEntry.action == action)
    if first_day:
        wanted = wanted.where(AuditEntry.time >= first_day)
    if last_day:
        wanted = wanted.where(func.substr(AuditEntry.time, 1, 10) <= last_day)
    if text:
        within = (AuditEntry.subject, AuditEntry.details)
        wanted = wanted.where(or_(*(column.contains(text, autoescape=True) for column in within)))
    total = connection.execute(select(func.count()).select_from(wanted.subquery())).scalar_one()
    latest = wanted.order_by(AuditEntry.sequence.desc()).limit(limit).offset(offset)
    return [Entry(*row) for row in connection.execute(latest)], total


def audit_values(connection: Connection) -> tuple[list[str], list[str]]:
    """The actors and the actions that the trail names."""
    actors = connection.execute(select(AuditEntry.actor).distinct().order_by(AuditEntry.actor)).all()
    actions = connection.execute(select(AuditEntry.action).distinct().order_by(AuditEntry.action)).all()
    return [row[0] for row in actors], [row[0] for row in actions]
