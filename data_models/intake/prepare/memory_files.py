"""Files that lie in memory alone and are read as those on a disk: what the Records page's Prepare dialogue is given.

Identified values must reach no disk there, not even a temporary file, so readers are handed these in place of a
`pathlib.Path`. They have what readers of exports use of one, and no way for another library to open them by name.
"""

from __future__ import annotations

import fnmatch
import io
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import IO, Any, cast


class MemoryPath:
    """A folder or a file of some files in memory.

    Parameters
    ----------
    files : bytes by their path below the folder, as "export/patients.csv".
    at : which of them, or which folder of them; "." is the whole.
    """

    def __init__(self, files: Mapping[str, bytes], at: str = ".") -> None:
        self._files, self._at = files, PurePosixPath(at)

    name = property(lambda self: self._at.name or "the export")
    stem = property(lambda self: self._at.stem)
    suffix = property(lambda self: self._at.suffix)
    suffixes = property(lambda self: self._at.suffixes)
    parent = property(lambda self: MemoryPath(self._files, str(self._at.parent)))

    def __truediv__(self, name: str) -> MemoryPath:
        return MemoryPath(self._files, str(self._at / name))

    def __str__(self) -> str:
        return str(self._at)

    def __lt__(self, other: MemoryPath) -> bool:
        return self._at < other._at

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MemoryPath) and self._at == other._at

    def __hash__(self) -> int:
        return hash(self._at)

    def is_file(self) -> bool:
        return str(self._at) in self._files

    def is_dir(self) -> bool:
        return any(self._at in PurePosixPath(name).parents for name in self._files)

    def exists(self) -> bool:
        return self.is_file() or self.is_dir()

    def relative_to(self, other: MemoryPath) -> PurePosixPath:
        return self._at.relative_to(other._at)

    def stat(self) -> SimpleNamespace:
        """The size alone."""
        return SimpleNamespace(st_size=len(self.read_bytes()))

    def iterdir(self) -> Iterator[MemoryPath]:
        depth = len(self._at.parts)
        below = [PurePosixPath(name) for name in self._files if self._at in PurePosixPath(name).parents]
        yield from (self / part for part in dict.fromkeys(path.parts[depth] for path in below))

    def glob(self, pattern: str) -> Iterator[MemoryPath]:
        """Those of the folder whose name fits."""
        yield from (path for path in self.iterdir() if fnmatch.fnmatchcase(path.name, pattern))

    def rglob(self, pattern: str) -> Iterator[MemoryPath]:
        """Those below the folder whose name fits."""
        for path in self.iterdir():
            if fnmatch.fnmatchcase(path.name, pattern):
                yield path
            yield from path.rglob(pattern)

    def read_bytes(self) -> bytes:
        """Raises FileNotFoundError."""
        try:
            return self._files[str(self._at)]
        except KeyError:
            raise FileNotFoundError(2, "No such file", str(self._at)) from None

    def open(
        self, mode: str = "r", buffering: int = -1, encoding: str | None = None, errors: str | None = None,
        newline: str | None = None,
    ) -> IO[Any]:  # fmt: skip
        """For reading alone."""
        if set(mode) - set("rbt"):
            raise PermissionError(13, "Files in memory are read alone", str(self._at))
        binary = io.BytesIO(self.read_bytes())
        return binary if "b" in mode else io.TextIOWrapper(binary, encoding or "utf-8", errors, newline)

    def read_text(self, encoding: str | None = None, errors: str | None = None) -> str:
        with self.open(encoding=encoding, errors=errors) as stream:
            return str(stream.read())


def in_memory(files: Mapping[str, bytes]) -> Path:
    """Some files as the path of an export: of the one file where there is one, else of the folder of all.

    Examples
    --------
    >>> export = in_memory({"patients.csv": b"record_number", "sessions.csv": b"record_number,time"})
    >>> sorted(path.name for path in export.iterdir()), (export / "patients.csv").read_text()
    (['patients.csv', 'sessions.csv'], 'record_number')
    """
    only = next(iter(files)) if len(files) == 1 else "."
    return cast(Path, MemoryPath(files, only))
