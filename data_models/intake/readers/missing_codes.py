"""Numbers that may be codes for "not recorded": 77, 88, 99, 999, 9999, standing apart above all others of their column.

Statistics programs write missing values so, and every such number is inside the plausible range of some column: a mean
would take it in unseen. Nothing is refused for it, since a dose of 88 mg may be one; it is counted and said.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from data_models.definitions.instruments import INSTRUMENTS
from data_models.intake.readers.checked_table import CheckedTable
from data_models.intake.readers.columns import Coded, Numbers

_CODES = frozenset((77.0, 88.0, 99.0, 777.0, 888.0, 999.0, 7777.0, 8888.0, 9999.0))
# How far above the next value a code stands, as a factor: of a score's range it is much, a dose or a pulse varies more.
_APART = {"score": 1.2, "cadss_highest": 1.2}
_APART_OTHERWISE = 1.5
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "patients": ("observed_until_weeks",),
    "sessions": (
        "dose", "duration_minutes", "systolic_before", "diastolic_before", "heart_rate_before", "systolic_highest",
        "diastolic_highest", "heart_rate_highest", "cadss_highest", "minutes_to_discharge",
    ),
    "side_effects": ("onset_minutes", "resolved_minutes", "last_observed_minutes"),
}  # fmt: skip
_SCALES = tuple(code for code, scale in INSTRUMENTS.items() if scale.maximum >= min(_CODES))


@dataclass(slots=True)
class _Seen:
    """Of one column: the highest number that is no code, and how often each code stood above all such of its block.

    `rows`: of each code the first row.
    """

    highest: float = -np.inf
    codes: Counter[float] = field(default_factory=Counter)
    rows: dict[float, int] = field(default_factory=dict)

    def add(self, values: npt.NDArray[np.float64], rows: npt.NDArray[np.int64]) -> None:
        left = ~np.isnan(values)
        while left.any():
            highest = float(values[left].max())
            if highest not in _CODES:
                self.highest = max(self.highest, highest)
                return
            at = left & (values == highest)
            self.codes[highest] += int(at.sum())
            self.rows[highest] = min(self.rows.get(highest, sys.maxsize), int(rows[at].min()))
            left &= ~at

    def apart(self, factor: float) -> Iterator[float]:
        """The codes above all other numbers; where there is no other, three digits are no measurement."""
        least = 100.0 if self.highest == -np.inf else factor * self.highest
        return (code for code in sorted(self.codes) if code >= least)


class MissingCodes:
    """Collects them from the tables of a file, block by block."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, _Seen]] = {}

    def add(self, table: CheckedTable) -> None:
        """Add a block."""
        for column in _COLUMNS.get(table.name, ()):
            values = table.columns[column]
            assert not isinstance(values, Coded)
            self._add(f"{table.file}, column {column}", column, values, table.rows)
        if table.name == "assessments":
            instrument, scores = table.columns["instrument"], table.columns["score"]
            assert isinstance(instrument, Coded)
            assert not isinstance(scores, Coded)
            for code in set(_SCALES) & set(instrument.values):
                of_it = instrument.codes == instrument.values.index(code)
                where = f"{table.file}, scores of {INSTRUMENTS[code].name}"
                self._add(where, "score", scores[of_it], table.rows[of_it])

    def _add(self, where: str, column: str, values: Numbers, rows: npt.NDArray[np.int64]) -> None:
        factor = _APART.get(column, _APART_OTHERWISE)
        self._seen.setdefault(where, (factor, _Seen()))[1].add(values, rows)

    def notes(self) -> list[str]:
        """What is said of each code that stands apart, with its count."""
        return [
            f"{where}: {code:g} stands {'once' if seen.codes[code] == 1 else f'{seen.codes[code]:,} times'}, first in "
            f"row {seen.rows[code]}, and {_others(seen.highest)}; if it means not recorded, leave these cells empty"
            for where, (factor, seen) in self._seen.items()
            for code in seen.apart(factor)
        ]


def _others(highest: float) -> str:
    return "there is no other value" if highest == -np.inf else f"every other value is at most {highest:g}"
