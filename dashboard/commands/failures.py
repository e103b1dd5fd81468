"""What a failure looks like to the user: one line on standard error, an exit code, no traceback and no record."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import typer

from dashboard.commands import terminal
from dashboard.commands.terminal import COMMAND, CommandError, complain
from dashboard.settings import SettingsError
from dashboard.words.errors import place_of
from dashboard.words.numbers import quantity

if TYPE_CHECKING:
    from data_models.intake.contract import RecordsRefused


def explain(error: Exception) -> int:
    """Say in one line what went wrong; the exit code that goes with it."""
    if isinstance(error, typer.TyperException):
        complain(f"{getattr(error, 'format_message', error.__str__)()} (see {COMMAND} --help)")
        return getattr(error, "exit_code", 2)
    if isinstance(error, CommandError):
        complain(str(error))
        return error.exit_code
    if isinstance(error, SettingsError):
        complain(str(error))
        return 2
    if isinstance(error, OSError):
        terminal.drop_stdout()
        if error.errno != errno.EPIPE:  # a reader that has seen enough, as `head` has, is no failure to report
            complain(terminal.explain_os_error(error))
        return 1
    if isinstance(error, MemoryError):
        complain("there is not enough memory for this; import the records in smaller parts")
        return 1
    return _explain_data_error(error)


def _explain_data_error(error: Exception) -> int:
    from sqlalchemy.exc import SQLAlchemyError

    from data_models.intake.contract import CannotRead, RecordsRefused
    from data_models.store import StoreError

    if isinstance(error, RecordsRefused):
        _list_problems(error)
        return 1
    if isinstance(error, CannotRead):
        complain(str(error))
        return 2
    if isinstance(error, StoreError):
        complain(str(error))
        return 1
    if isinstance(error, SQLAlchemyError):
        # The driver's own first line: the rest quotes the statement and its values.
        reason = str(getattr(error, "orig", None) or type(error).__name__).splitlines()[0]
        complain(f"the database refused: {reason}; check --database and the rights and space of its folder")
        return 1
    complain(
        f"unexpected {type(error).__name__}{place_of(error)}; nothing was stored. "
        f"Set {terminal.DEBUG}=1 to see the details, and please report them"
    )
    return 1


def _list_problems(refused: RecordsRefused) -> None:
    for problem in refused.problems:
        complain(str(problem))
    for warning in refused.warnings:
        complain(f"note: {warning}")
    listed = len(refused.problems)
    shown = f"; the first {listed:,} are listed" if listed < refused.count else ""
    complain(f"{quantity(refused.count, 'problem')}{shown}; nothing was stored, mend the records and try again")
