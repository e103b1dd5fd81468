"""Files dropped in the browser, received into a private folder that only this user can read.

A name decides nothing but which table a file holds: path parts are dropped, and a name outside the
record contract is kept only so far as a problem report needs it. Contents of files that are no records
are never written. `private_folder` is the only way in; who made one removes it.
"""

from __future__ import annotations

import base64
import binascii
import math
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from flask import Flask

from data_models.intake.contract import ONE_SHEET
from data_models.intake.readers.file_formats import FORMATS, RECORD_SUFFIXES

LIMIT_MB = 30
LIMIT = LIMIT_MB * 2**20
MOST_FILES = 50
# A dropped batch travels as base64 in JSON: a third more, and some room.
LARGEST_REQUEST = LIMIT * 4 // 3 + 4 * 2**20
KEPT_SECONDS = 600.0
PREFIX = "ketamine-outcomes-records-"
RECORD_FILES = FORMATS[".csv"].files
_READ = frozenset(name for one in FORMATS.values() for name in one.files)
TOO_LARGE = (
    f"These files are larger than {LIMIT_MB} MB together, more than can be dropped here; on the computer that runs "
    "this dashboard use: ketamine-outcomes import PATH"
)

_TOKEN = re.compile(r"[0-9a-f]{32}")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,63}")


class UploadRefused(Exception):
    """The files cannot be received; the message is one sentence for the user."""


def limit_requests(server: Flask) -> None:
    """Let the server refuse a request beyond the limit before it is read into memory."""
    server.config["MAX_CONTENT_LENGTH"] = LARGEST_REQUEST


# --- private folders ------------------------------------------------------------------------------


def private_folder() -> tuple[str, Path]:
    """A new folder for this user's eyes, and the token that finds it again in any worker process."""
    token = secrets.token_hex(16)
    path = _path(token)
    path.mkdir(mode=0o700)
    return token, path


def folder_of(token: object) -> Path | None:
    """The folder of a token; None where there is none or it is not ours."""
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        return None
    path = _path(token)
    return path if _ours(path) else None


def private_folders() -> list[Path]:
    """Every such folder of this user."""
    return [path for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*") if _ours(path)]


def remove(path: Path) -> None:
    """Remove a private folder with all it holds."""
    shutil.rmtree(path, ignore_errors=True)


def untouched(path: Path) -> float:
    """Seconds for which a folder has stood untouched; NaN, neither few nor many, where it is gone.

    One that was touched ahead of the clock, which was put back since, is so from now on.
    """
    try:
        seconds = time.time() - path.stat().st_mtime
        if seconds < 0:
            os.utime(path)
    except OSError:
        return math.nan
    return max(0.0, seconds)


def remove_forgotten() -> None:
    """Remove folders that have stood untouched for ten minutes: their process was
    ended from outside, or nobody asked for its end."""
    for path in private_folders():
        if untouched(path) > KEPT_SECONDS:
            remove(path)


def _path(token: str) -> Path:
    return Path(tempfile.gettempdir()) / f"{PREFIX}{token}"


def _ours(path: Path) -> bool:
    """A real folder (no link) that this user made: the system's temporary folder is open to all."""
    if path.is_symlink() or not path.is_dir():
        return False
    return not hasattr(os, "getuid") or path.stat().st_uid == os.getuid()


# --- receiving --------------------------------------------------------------------------------------


def receive(names: Sequence[str], contents: Sequence[str], folder: Path) -> Path:
    """Write dropped files into a private folder and give the path for `read_records`.

    Parameters
    ----------
    names : file names as the browser gives them; folders before them are dropped.
    contents : each file's bytes as base64, with or without a "data:" head.

    Raises
    ------
    UploadRefused : no file, too many or too large, two of one name, or no base64.
    """
    names = [str(name) for name in names]
    if len(names) != len(contents) or not names:
        raise UploadRefused("No file arrived; drop the records again")
    if len(names) > MOST_FILES:
        raise UploadRefused(f"More than {MOST_FILES} files were dropped; drop one set of records at a time")
    if sum(len(text) for text in contents) * 3 // 4 > LIMIT:
        raise UploadRefused(TOO_LARGE)
    files = _file_names(names)
    if not files:
        raise UploadRefused(f"No records are among these files; the files are {', '.join(RECORD_FILES)} or one .xlsx")
    target = folder / "records"
    target.mkdir(mode=0o700)
    for place, file in files.items():
        known = file in _READ or len(files) == 1
        # What is no file of the contract is named in the report and not read: its content stays out.
        _write(target / file, _decoded(contents[place]) if known else b"")
    only = next(iter(files.values()))
    return target / only if len(files) == 1 and only.endswith(".xlsx") else target


def _file_names(names: Sequence[str]) -> dict[int, str]:
    """The name under which each file that counts is written, by its place; others are left alone, as in a folder."""
    bare = {place: re.split(r"[/\\]", name)[-1] for place, name in enumerate(names)}
    wanted = {
        place: name
        for place, name in bare.items()
        if name.lower().endswith(RECORD_SUFFIXES) and not name.startswith((".", "~$"))
    }
    if len(wanted) == 1:
        place, name = next(iter(wanted.items()))
        if name.lower().endswith(".xlsx"):
            return {place: "workbook.xlsx"}
        if name.lower().endswith(".csv") and name not in RECORD_FILES:
            return {place: f"{ONE_SHEET}.csv"}  # one CSV file of any name is the one-sheet form
    files: dict[int, str] = {}
    for place, name in wanted.items():
        file = name if _PLAIN_NAME.fullmatch(name) else f"file-{place + 1}{Path(name).suffix.lower()}"
        if file in files.values():
            shown = file if file in _READ else f"file number {place + 1}"
            raise UploadRefused(f"Two of the files have one name ({shown}); drop one set of records at a time")
        files[place] = file
    return files


def _decoded(content: str) -> bytes:
    text = content.partition(",")[2] if content.startswith("data:") else content
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise UploadRefused("A file did not arrive whole; drop the records again") from None


def _write(path: Path, content: bytes) -> None:
    # A name seen twice by a file system that ignores case must not overwrite.
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600)
    except FileExistsError:
        raise UploadRefused("Two of the files have one name; drop one set of records at a time") from None
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
