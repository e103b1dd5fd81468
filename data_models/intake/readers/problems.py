"""Collecting everything that is wrong with a batch before saying so once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from data_models.intake.contract import PROBLEMS_SHOWN, Problem, RecordsRefused

_PRUNED_AT = 8 * PROBLEMS_SHOWN


class Problems:
    """The problems of one batch: those that are told, the first thousand, are kept, all are counted.

    However many there are, a few thousand are held at a time.

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

    def in_order(self, files: Iterable[str]) -> None:
        """Tell of these files' problems in this order, after those of the files known already."""
        for file in files:
            self._files.setdefault(file, len(self._files))

    def add(self, file: str, row: int | None, column: str | None, reason: str) -> None:
        """Note one problem (`records.Problem` says what the parts mean)."""
        self._files.setdefault(file, len(self._files))
        self._kept.append(Problem(file, row, column, reason))
        self.count += 1
        self._prune()

    def add_rows(self, file: str, rows: npt.ArrayLike, column: str | None, reason: str) -> None:
        """Note the same problem in many rows."""
        self._files.setdefault(file, len(self._files))
        numbers = np.sort(np.asarray(rows, np.int64))
        self._kept.extend(Problem(file, row, column, reason) for row in numbers[:PROBLEMS_SHOWN].tolist())
        self.count += len(numbers)
        self._prune()

    def extend(self, others: Problems) -> None:
        """Note the problems of a part of the batch after those noted so far."""
        for file in others._files:
            self._files.setdefault(file, len(self._files))
        self._kept.extend(others._kept)
        self.count += others.count
        self._prune()

    def refuse_if_any(self, warnings: Sequence[str] = ()) -> None:
        """Raise `RecordsRefused` with the problems in the order of files and rows, and what is odd but not wrong."""
        if self.count:
            self._sort()
            raise RecordsRefused(self._kept, self.count, warnings)

    def _sort(self) -> None:
        # Stable: what is wrong with one row is told in the order in which it was found.
        self._kept.sort(key=lambda p: (self._files[p.file], p.row or 0))

    def _prune(self) -> None:
        # A file keeps its place once it has one, so what is not among the first now never will be.
        if len(self._kept) > _PRUNED_AT:
            self._sort()
            del self._kept[PROBLEMS_SHOWN:]
