"""Tables of who may sign in, who has, and what was done: accounts, web sessions, attempts, audit trail.

They stand apart from the records: nothing here names a clinical value. Times are UTC, as seconds since
1970 where they are compared and as ISO 8601 text where people read them.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from data_models.database.tables import Base
from data_models.definitions.scope import Scope

CLINICIAN = "clinician"
ADMINISTRATOR = "administrator"
DATA_MANAGER = "data_manager"
OWNER = "owner"
# What each role may see; a person may hold several.
ROLES = {
    CLINICIAN: "patients and cohorts of their clinics",
    ADMINISTRATOR: "cohorts and exports of their clinics, small counts withheld, and no patient",
    DATA_MANAGER: "records: checks, imports, completeness",
    OWNER: "accounts and the audit trail",
}


class Account(Base):
    """One row a person. Roles and clinics are ";"-bounded; `clinics` null means every clinic."""

    __tablename__ = "accounts"
    account_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    password_hash: Mapped[str | None] = mapped_column(Text, nullable=True)  # argon2id; null: no password sign-in
    must_change_password: Mapped[int] = mapped_column(Integer, default=0)
    roles: Mapped[str] = mapped_column(Text)
    clinics: Mapped[str | None] = mapped_column(Text, nullable=True)
    disabled: Mapped[int] = mapped_column(Integer, default=0)
    last_sign_in: Mapped[str | None] = mapped_column(String(32), nullable=True)
    second_factor: Mapped[str | None] = mapped_column(String(64), nullable=True)  # TOTP secret, base 32
    second_factor_required: Mapped[int] = mapped_column(Integer, default=0)
    second_factor_step: Mapped[int] = mapped_column(Integer, default=0)  # last time step used: no code serves twice
    external_subject: Mapped[str | None] = mapped_column(String(255), unique=True, nullable=True)  # OpenID Connect


class WebSession(Base):
    """One row a signed-in browser. Its cookie's token is kept as a hash alone: a stolen store signs nobody in."""

    __tablename__ = "web_sessions"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.account_id"))
    started: Mapped[float] = mapped_column(Float)
    seen: Mapped[float] = mapped_column(Float)
    complete: Mapped[int] = mapped_column(Integer)  # 0: the password was right, the second factor is outstanding
    __table_args__ = (Index("ix_web_sessions_account", "account_id"),)


class SignInFailure(Base):
    """One row a source of failed attempts: an account seen from an address, an address, an account."""

    __tablename__ = "sign_in_failures"
    source: Mapped[str] = mapped_column(String(64), primary_key=True)  # SHA-256 of what is counted
    failures: Mapped[int] = mapped_column(Integer)
    latest: Mapped[float] = mapped_column(Float)


class AuditEntry(Base):
    """One row a deed, in order without a gap; `hash` covers the row and the hash of the one before."""

    __tablename__ = "audit_entries"
    sequence: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    time: Mapped[str] = mapped_column(String(32))
    actor: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(64))
    details: Mapped[str] = mapped_column(Text)  # JSON
    hash: Mapped[str] = mapped_column(String(64))


class AuditSeal(Base):
    """The one row that says how many entries there are and the last one's hash: a cut tail is found by it."""

    __tablename__ = "audit_seal"
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    entries: Mapped[int] = mapped_column(Integer)
    hash: Mapped[str] = mapped_column(String(64))


ACCESS_TABLES = frozenset(one.__tablename__ for one in (Account, WebSession, SignInFailure, AuditEntry, AuditSeal))


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks, as the guard has found out; made once a request.

    Attributes
    ----------
    name : the account's name.
    roles : codes of ROLES.
    clinics : clinics whose records may be seen; None means every clinic.
    account_id : 0 for the one user of an open dashboard on this computer.
    """

    name: str
    roles: frozenset[str]
    clinics: frozenset[str] | None
    account_id: int = 0

    @property
    def scope(self) -> Scope:
        """What queries may read for this person. Owners, being owners alone, read no record."""
        reads = self.roles & {CLINICIAN, ADMINISTRATOR, DATA_MANAGER}
        return Scope(clinics=self.clinics if reads else frozenset(), patients=CLINICIAN in self.roles)

    @property
    def suppressed(self) -> bool:
        """Whether small counts are withheld from this person: all but clinicians."""
        return CLINICIAN not in self.roles


def pack(values: frozenset[str] | None) -> str | None:
    """Roles or clinics as they are stored."""
    return None if values is None else ";".join(["", *sorted(values), ""]) if values else ";"


def unpack(text: str | None) -> frozenset[str] | None:
    """Roles or clinics as they were stored."""
    return None if text is None else frozenset(part for part in text.split(";") if part)
