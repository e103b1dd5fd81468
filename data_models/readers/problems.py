"""Collecting everything that is wrong with a batch before saying so once."""

from __future__ import annotations

from collections.abc import Iterable

from data_models.records import PROBLEMS_SHOWN, Problem, RecordsRefused


class Problems:
    """The problems of one batch: the first thousand of each kind are kept, all are counted.

    Parameters
    ----------
    files : the batch's files in the order in which their problems are told; others follow.
    """

    def __init__(self, files: Iterable[str] = ()) -> None:
        self._kept: list[Problem] = []
        self._files = {file: place for place, file in enumerate(dict.fromkeys(files))}
        self.count = 0

    def __bool__(self) -> bool:
        return self.count > 0

    def add(self, file: str, row: int | None, column: str | None, reason: str) -> None:
        """Note one problem (`records.Problem` says what the parts mean)."""
        self._files.setdefault(file, len(self._files))
        self._kept.append(Problem(file, row, column, reason))
        self.count += 1

    def add_rows(self, file: str, rows: Iterable[int], column: str | None, reason: str) -> None:
        """Note the same problem in many rows."""
        self._files.setdefault(file, len(self._files))
        numbers = list(rows)
        self._kept.extend(Problem(file, int(row), column, reason) for row in numbers[:PROBLEMS_SHOWN])
        self.count += len(numbers)

    def refuse_if_any(self) -> None:
        """Raise `RecordsRefused` with the problems in the order of files and rows."""
        if self.count:
            self._kept.sort(key=lambda p: (self._files[p.file], p.row or 0))
            raise RecordsRefused(self._kept, self.count)
