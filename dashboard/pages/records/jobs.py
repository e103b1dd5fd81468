"""Checking and importing dropped records in a process of their own, with progress that any worker can read.

A request starts a job and gets its token; the browser asks for the job's state until it has ended. The
job's private folder holds the records (removed by the job itself, whatever happens) and one small status
file, removed when its end has been told. A job whose process was ended from outside is told as such.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dashboard.pages.records import uploads
from dashboard.pages.records.uploads import UploadRefused
from dashboard.words.errors import place_of
from data_models.definitions.scope import Scope

CHECK, IMPORT = "check", "import"
JOB = "records-job"  # the store of the page that holds the token of the job that runs
JOBS_AT_ONCE = 4
_STATUS = "status.json"
_BEAT_SECONDS = 1.0
_SILENT_SECONDS = 30.0  # a job that has not touched its status for so long has been ended
# How much of the whole is done when a step begins, and how much when it ends.
_STEPS = {
    CHECK: {"reading": (0.05, 0.1), "checking": (0.1, 0.8), "comparing": (0.8, 0.95)},
    IMPORT: {
        "reading": (0.05, 0.1), "checking": (0.1, 0.35), "looking for repeats": (0.35, 0.4),
        "comparing": (0.4, 0.45), "storing records": (0.45, 0.7),
        "deriving": (0.7, 0.85), "storing outcomes": (0.85, 0.98),
    },
}  # fmt: skip


@dataclass(slots=True)
class JobState:
    """Where a job stands.

    Attributes
    ----------
    kind : check or import.
    step, share : what is being done, and how much of the whole is done (0 to 1).
    ended : the fields below hold.
    message : one sentence when the records cannot be read or stored; else empty.
    problems : file, row, column, reason of the first thousand problems; problem_count: of all.
    already_imported : this content is stored already.
    counts : rows a table: read by a check, new ones stored by an import.
    repeats : identical rows left out.
    changed : of how many patients who are stored which fact changes, or did.
    """

    kind: str
    step: str = "starting"
    share: float = 0.02
    ended: bool = False
    message: str = ""
    problems: list[dict[str, Any]] = field(default_factory=list)
    problem_count: int = 0
    already_imported: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    repeats: int = 0
    changed: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """The records can be imported, or have been."""
        return self.ended and not self.message and not self.problem_count


# --- asked by requests ------------------------------------------------------------------------------


def start(
    kind: str, names: Sequence[str], contents: Sequence[str], database: str, scope: Scope, actor: str = ""
) -> str:
    """Receive files, start a job on them and give its token.

    Parameters
    ----------
    scope : of whoever asks: a check compares with what it sees.
    actor : who is named in the audit trail, if one is kept.

    Raises
    ------
    UploadRefused : the files cannot be received or too many jobs run; nothing is left behind.
    """
    uploads.remove_forgotten()
    if sum(uploads.untouched(folder) < _SILENT_SECONDS for folder in uploads.private_folders()) >= JOBS_AT_ONCE:
        raise UploadRefused("Other records are being checked or imported just now; try again in a minute")
    token, folder = uploads.private_folder()
    try:
        path = uploads.receive(names, contents, folder)
        _write(folder, JobState(kind))
        # Its own process: a long import slows no page down, and its memory goes back when it ends.
        process = multiprocessing.get_context("spawn").Process(
            target=_main, args=(kind, folder, path, database, scope, actor)
        )
        process.start()
    except OSError as error:
        uploads.remove(folder)
        reason = error.strerror or "input error"
        raise UploadRefused(f"The files could not be kept for checking ({reason}); free some space and retry") from None
    except BaseException:
        uploads.remove(folder)
        raise
    return token


def state(token: object) -> JobState | None:
    """Where a job stands; None where there is no such job. An end is told once: its folder is then removed."""
    folder = uploads.folder_of(token)
    if folder is None:
        return None
    try:
        found = JobState(**json.loads((folder / _STATUS).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None  # removed between two lines by another request
    if not found.ended and uploads.untouched(folder) > _SILENT_SECONDS:
        found = JobState(found.kind, ended=True, message=_STOPPED[found.kind])
    if found.ended:
        uploads.remove(folder)
    return found


_STOPPED = {
    CHECK: "The check was stopped from outside before its end; nothing was stored, drop the records again",
    IMPORT: "The import was stopped from outside before its end; the history below shows whether it was stored",
}


# --- run in the job's process -------------------------------------------------------------------------


def _main(kind: str, folder: Path, path: Path, database: str, scope: Scope, actor: str) -> None:
    # To be ended must not leave the records behind, whichever signal says it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    run(kind, folder, path, database, scope, actor)


def run(kind: str, folder: Path, path: Path, database: str, scope: Scope, actor: str = "") -> None:
    """Do one job and leave its end in the status file; the records are removed in every case."""
    result = JobState(kind, ended=True)
    try:
        with _heartbeat(folder):
            result = _done(kind, folder, path, database, scope, actor)
    except BaseException as error:
        result = _failed(kind, error)
    finally:
        uploads.remove(folder / "records")
        with contextlib.suppress(OSError):
            _write(folder, result)


def _done(kind: str, folder: Path, path: Path, database: str, scope: Scope, actor: str) -> JobState:
    from data_models.intake.contract import TABLES
    from data_models.store import Store
    from data_models.store.accounts import record
    from data_models.store.check import check_path

    steps = _Steps(kind, folder)
    store = Store.open(database)
    try:
        if kind == CHECK:
            result, counts = check_path(path, store, steps, scope)
        else:
            result = store.import_path(path, progress=steps)
            counts = {table: getattr(result, table) for table in TABLES}
            if actor:
                changed = {"changed": dict(result.changed)} if result.changed else {}
                record(store.engine, actor, "imported", "records", **counts, **changed, again=result.already_imported)
    finally:
        store.close()
    return JobState(
        kind,
        "done",
        1.0,
        True,
        already_imported=result.already_imported,
        counts=counts,
        repeats=result.repeats,
        changed=dict(result.changed),
        warnings=list(result.warnings),
    )


def _failed(kind: str, error: BaseException) -> JobState:
    """What the user is told; never a value of a record, nor a text of an error that may hold one."""
    from data_models.intake.contract import CannotRead, RecordsRefused
    from data_models.store import StoreError

    ended = JobState(kind, ended=True)
    if isinstance(error, RecordsRefused):
        ended.problems = [asdict(problem) for problem in error.problems]
        ended.problem_count = error.count
        ended.warnings = list(error.warnings)
    elif isinstance(error, CannotRead | StoreError):
        ended.message = str(error)
    elif isinstance(error, MemoryError):
        ended.message = "there is not enough memory for these records; import them in smaller parts"
    elif isinstance(error, KeyboardInterrupt):
        ended.message = _STOPPED[kind]
    else:
        ended.message = (
            f"these records could not be worked on ({type(error).__name__}{place_of(error)}); nothing was stored, "
            "please report this"
        )
    return ended


class _Steps:
    """Progress into the status file: the share of the whole, never going back; a few times a second."""

    def __init__(self, kind: str, folder: Path) -> None:
        self._kind, self._folder = kind, folder
        self._share, self._written = JobState(kind).share, 0.0

    def __call__(self, step: str, share: float) -> None:
        first, last = next((ends for name, ends in _STEPS[self._kind].items() if step.startswith(name)), (0.0, 0.0))
        self._share = max(self._share, first + (last - first) * min(max(share, 0.0), 1.0))
        if time.monotonic() - self._written > 0.1:
            _write(self._folder, JobState(self._kind, step, self._share))
            self._written = time.monotonic()


@contextlib.contextmanager
def _heartbeat(folder: Path) -> Iterator[None]:
    """Touch the folder every second, so that a job without a step to tell is known to be alive."""
    stopped = threading.Event()

    def beat() -> None:
        while not stopped.wait(_BEAT_SECONDS):
            with contextlib.suppress(OSError):
                os.utime(folder)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def _write(folder: Path, state: JobState) -> None:
    """Replace the status file whole: a reader sees the old one or the new one."""
    part = folder / f"{_STATUS}.part"
    part.write_text(json.dumps(asdict(state)), encoding="utf-8")
    os.replace(part, folder / _STATUS)
