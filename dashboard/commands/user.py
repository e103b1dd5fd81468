"""The `user` commands: accounts from the command line, for the first owner and for the day nobody can sign in."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from dashboard.commands.store_option import Database
from dashboard.commands.terminal import CommandError, say
from dashboard.settings import database_url

if TYPE_CHECKING:
    from data_models.store import Store

user_app = typer.Typer(help="Accounts: who may sign in, and see what.", rich_markup_mode=None)
ACTOR = "command line"

Name = Annotated[str, typer.Argument(metavar="NAME", help="The account's name.")]
Roles = Annotated[
    list[str] | None,
    typer.Option("--role", metavar="ROLE", help="clinician, administrator, data_manager or owner; may be repeated."),
]
Clinics = Annotated[
    list[str] | None,
    typer.Option("--clinic", metavar="CLINIC", help="See this clinic; may be repeated."),
]
EveryClinic = Annotated[bool, typer.Option("--every-clinic", help="See every clinic.")]


@user_app.command("add")
def add(
    name: Name,
    database: Database = None,
    role: Roles = None,
    clinic: Clinics = None,
    every_clinic: EveryClinic = False,
    one_time: Annotated[
        bool, typer.Option("--one-time", help="Make a one-time password, to be changed at the first sign-in.")
    ] = False,
    external: Annotated[
        str | None, typer.Option("--external", metavar="SUBJECT", help="Sign in through the OpenID Connect provider.")
    ] = None,
) -> None:
    """Add a person. The password is asked for, or read as one line from standard input."""
    from dashboard.access import passwords
    from data_models.store import accounts as store_accounts

    name = checked_name(name)
    roles = frozenset(role or ())
    if not roles:
        raise CommandError("name at least one --role: clinician, administrator, data_manager or owner", exit_code=2)
    clinics = _clinics(clinic, every_clinic)
    _require_clinics(roles, clinics)
    store = _open(database)
    password = None if external else passwords.one_time() if one_time else _new_password(name)
    store_accounts.add_account(
        store.engine, ACTOR, name, roles, clinics,
        password_hash=passwords.hashed(password) if password else None, must_change=one_time, external_subject=external,
    )  # fmt: skip
    say(f"Added {name} as {' and '.join(sorted(roles))}.")
    if one_time:
        say(f"One-time password: {password}")


@user_app.command("list")
def list_accounts(database: Database = None) -> None:
    """List the accounts: roles, clinics, last sign-in."""
    from data_models.database.access_tables import unpack
    from data_models.questions.accounts import accounts

    with _open(database).connect_access() as connection:
        rows = accounts(connection)
    if not rows:
        say("There are no accounts: the dashboard is open on this computer, and on this computer alone.")
    for row in rows:
        clinics = unpack(row.clinics)
        seen = "every clinic" if clinics is None else ", ".join(sorted(clinics)) or "no clinic"
        state = "disabled" if row.disabled else f"last sign-in {row.last_sign_in or 'never'}"
        factor = ", second factor" if row.has_second_factor else ""
        say(f"{row.name}: {', '.join(sorted(unpack(row.roles) or ()))}; {seen}; {state}{factor}")


@user_app.command("disable")
def disable(name: Name, database: Database = None) -> None:
    """Shut an account and end its web sessions."""
    _change(database, name, "account_disabled", disabled=1)
    say(f"Disabled {name}; nobody is signed in with it any more.")


@user_app.command("enable")
def enable(name: Name, database: Database = None) -> None:
    """Open a disabled account again."""
    _change(database, name, "account_enabled", disabled=0)
    say(f"Enabled {name}.")


@user_app.command("password")
def password(
    name: Name,
    database: Database = None,
    one_time: Annotated[
        bool, typer.Option("--one-time", help="Make a one-time password, to be changed at the next sign-in.")
    ] = False,
) -> None:
    """Give a new password. It is asked for, or read as one line from standard input."""
    from dashboard.access import passwords

    new = passwords.one_time() if one_time else _new_password(checked_name(name))
    values = {"password_hash": passwords.hashed(new), "must_change_password": int(one_time)}
    _change(database, name, "password_changed", **values)
    say(f"The password of {name} is changed.")
    if one_time:
        say(f"One-time password: {new}")


@user_app.command("role")
def role_of(
    name: Name,
    database: Database = None,
    role: Roles = None,
    clinic: Clinics = None,
    every_clinic: EveryClinic = False,
) -> None:
    """Set an account's roles, clinics or both; what is not named stays."""
    values: dict[str, frozenset[str] | None] = {}
    if role:
        values["roles"] = frozenset(role)
    if clinic or every_clinic:
        values["clinics"] = _clinics(clinic, every_clinic)
    if not values:
        raise CommandError("name what to set: --role, --clinic or --every-clinic", exit_code=2)
    _change(database, name, "account_changed", **values)
    say(f"Changed {name}.")


@user_app.command("second-factor")
def second_factor(
    name: Name,
    database: Database = None,
    required: Annotated[bool | None, typer.Option("--required/--optional", help="Must the person have one?")] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Forget the present one, for a lost device.")] = False,
) -> None:
    """Require a second factor of a person, or forget one whose device is lost."""
    values: dict[str, object] = {}
    if required is not None:
        values["second_factor_required"] = int(required)
    if reset:
        values["second_factor"] = None
    if not values:
        raise CommandError("name what to do: --required, --optional or --reset", exit_code=2)
    _change(database, name, "second_factor_reset" if reset else "account_changed", **values)
    say(f"Changed {name}.")


def verify(store: Store) -> str:
    """Check the audit trail of a store; what to say when it holds. Raises CommandError where it does not."""
    from data_models.store.accounts import audit_entries, audit_seal, trail_kept
    from data_models.store.audit_chain import broken

    trail_kept(store.engine)
    with store.connect_access() as connection:
        seal = audit_seal(connection)
        problems = broken(audit_entries(connection), seal)
    if problems:
        more = f" (and {len(problems) - 1:,} more)" if len(problems) > 1 else ""
        raise CommandError(f"the audit trail was tampered with: {problems[0]}{more}; keep this file and find out who")
    count, last = seal or (0, "")
    return f"The audit trail holds: {count:,} entries{f', seal {last}' if last else ''}."


def note(store: Store, action: str, subject: str, **details: object) -> None:
    """Tell the trail what a command does, where there are accounts and so a trail; a callable detail is called then.

    Raises StoreError: then it must not be done.
    """
    from data_models.store import accounts as store_accounts

    if store_accounts.trail_kept(store.engine):
        told = {name: value() if callable(value) else value for name, value in details.items()}
        store_accounts.record(store.engine, ACTOR, action, subject, **told)


# --- parts --------------------------------------------------------------------------------------


def checked_name(name: str) -> str:
    """An account's name as it is kept. Raises CommandError."""
    from dashboard.access.administration import NAME

    name = name.strip().casefold()
    if not NAME.fullmatch(name):
        raise CommandError(f"{name!r} is no name for an account: use up to 64 letters, digits and . _ - @", exit_code=2)
    return name


def _open(database: str | None) -> Store:
    from data_models.store import Store

    return Store.open(database_url(database))


def _change(database: str | None, name: str, action: str, **values: object) -> None:
    from data_models.store import accounts as store_accounts

    store_accounts.change_account(_open(database).engine, ACTOR, checked_name(name), action, **values)


def _clinics(named: list[str] | None, every: bool) -> frozenset[str] | None:
    if named and every:
        raise CommandError("--clinic and --every-clinic exclude each other; use one of them", exit_code=2)
    if any(not one.strip() or ";" in one for one in named or ()):
        raise CommandError("--clinic needs a clinic's name as the records write it", exit_code=2)
    return None if every else frozenset(one.strip() for one in named or ())


def _require_clinics(roles: frozenset[str], clinics: frozenset[str] | None) -> None:
    if clinics == frozenset() and roles & {"clinician", "administrator", "data_manager"}:
        raise CommandError("name the clinics that the person may see: --clinic NAME, or --every-clinic", exit_code=2)


def _new_password(name: str) -> str:
    from dashboard.access import passwords

    if sys.stdin is not None and sys.stdin.isatty():
        new = typer.prompt("New password", hide_input=True, confirmation_prompt=True)
    else:
        new = (sys.stdin.readline() if sys.stdin is not None else "").rstrip("\r\n")
    refused = passwords.problem(new, name)
    if refused:
        raise CommandError(refused.rstrip("."))
    return str(new)
