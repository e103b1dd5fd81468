"""The command line's manners: one line an error, no traceback, progress after a second, whole files or none."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, TextIO

COMMAND = "ketamine-outcomes"
DEBUG = "KETAMINE_OUTCOMES_DEBUG"
INTERRUPTED = 130  # what shells report for a command stopped with Ctrl+C


class CommandError(Exception):
    """A command cannot go on; the message is one sentence for the user."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def say(text: str) -> None:
    """Print one line of result to standard output."""
    standard_output().write(text + "\n")


def standard_output() -> TextIO:
    """Standard output, or a plain refusal where it was closed."""
    if sys.stdout is None or sys.stdout.closed:
        raise CommandError("standard output is closed; name a file with -o")
    return sys.stdout


def complain(text: str) -> None:
    """Print one line to standard error; control characters are shown, not obeyed."""
    line = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in " ".join(text.split()))
    with contextlib.suppress(OSError, ValueError, AttributeError):  # standard error may be closed too
        sys.stderr.write(f"{COMMAND}: {line}\n")


def explain_os_error(error: OSError, action: str = "") -> str:
    """One sentence for an operating system's refusal: what, where, what to do."""
    where = f"{error.filename}: " if error.filename else ""
    if error.errno == errno.ENOSPC:
        return f"{where}the disk is full; free some space and run the command again"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{where}not permitted here; check the rights of the file and its folder"
    what = error.strerror or type(error).__name__
    return f"{where}{what[:1].lower()}{what[1:]}{f' ({action})' if action else ''}; check the path and run it again"


class Progress:
    """A progress bar on standard error that appears when the work takes over a second.

    Called with what is being done and its share done (0 to 1). Draws nothing unless a person
    watches standard error.
    """

    def __init__(self, after: float = 1.0) -> None:
        self._shows_from = time.monotonic() + after
        self._bar: Any = None
        self._task: Any = None
        self._watched = sys.stderr is not None and sys.stderr.isatty()

    def __enter__(self) -> Progress:
        return self

    def __call__(self, what: str, share: float) -> None:
        if not self._watched or (self._bar is None and time.monotonic() < self._shows_from):
            return
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as RichProgress

            columns = (
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TaskProgressColumn(),
                TimeElapsedColumn(),
            )
            self._bar = RichProgress(*columns, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task(what, total=1.0)
            self._bar.start()
        self._bar.update(self._task, description=what, completed=min(max(share, 0.0), 1.0))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()


@contextlib.contextmanager
def whole_file(path: Path | None) -> Iterator[IO[bytes]]:
    """A binary stream to standard output (None or -), or to a file that appears whole or not at all.

    The file is written beside its place and moved there at the end, readable by its owner alone (0600) whatever the
    umask and whatever stood there before: it may hold single patients. A device or pipe is written as it is.
    """
    if path is None or str(path) == "-":
        standard_output().flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if path.is_dir():
        raise CommandError(f"{path}: is a folder; name a file")
    if not path.parent.is_dir():
        raise CommandError(f"{path.parent}: there is no such folder; make it first")
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):
        with path.open("wb") as stream:
            yield stream
        return
    name = ""
    try:
        # Of mode 0600 from the start.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        with os.fdopen(handle, "wb") as stream:
            yield stream
        os.replace(name, path)
    except OSError as error:
        # The user knows the file by its own name, not by the part file's.
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


def drop_stdout() -> None:
    """After a reader went away: keep Python from failing once more when it flushes at exit."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
