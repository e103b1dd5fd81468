"""Gathering the rows of an identified table one by one, and the scores among them from items and totals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

from data_models.definitions.instruments import INSTRUMENTS
from data_models.intake.prepare.item_totals import ITEM_SCALES, Disagreement, Incomplete, OutOfRange, Total, total_of
from data_models.intake.prepare.moments import Moment
from data_models.intake.prepare.source import Export, LeftOut, Origin, Table
from data_models.intake.readers.problems import Problems

PUBLISHED = 'write missing = "published" under [items] of the map to take its published rule, where it has one'


class TableRows:
    """The rows of one table; columns are those that some row has.

    Parameters
    ----------
    file : what messages about the whole table call it.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._rows: list[Mapping[str, str]] = []
        self._origins: list[Origin] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, origin: Origin, cells: Mapping[str, str]) -> None:
        """Add one row."""
        self._rows.append(cells)
        self._origins.append(origin)

    def table(self) -> Table:
        """The table."""
        names = list(dict.fromkeys(name for row in self._rows for name in row))
        columns = {name: [row.get(name, "") for row in self._rows] for name in names}
        return Table(self._file, columns, self._origins)


class Scores:
    """Scores from items and totals: what disagrees or is incomplete is left out and counted, never guessed."""

    def __init__(self, rows: TableRows, left_out: LeftOut, problems: Problems, *, published: bool) -> None:
        self._rows, self._left_out, self._problems, self._published = rows, left_out, problems, published
        self._by_rule: dict[tuple[str, str, str], int] = {}

    def add(
        self,
        origin: Origin,
        instrument: str,
        total: str,
        items: Sequence[int | None],
        cells: Mapping[str, str],
        named: tuple[str, Sequence[str]],
    ) -> None:
        """Add one score, if there is one.

        Parameters
        ----------
        total : as it is written; "" where none is.
        items : points; empty where the export has none of this scale.
        cells : the other columns of the row.
        named : what messages call the total and each item.
        """
        found = self._score(origin, instrument, total, items, named)
        if found is None:
            return
        score, item9 = found
        if item9 is not None:
            cells = {**cells, "item9": str(item9)}
        self._rows.add(origin, {**cells, "instrument": instrument, "score": score})

    def tell(self, export: Export) -> None:
        """Note how many totals rest on a published rule for missing items."""
        for (instrument, rule, source), count in self._by_rule.items():
            many = f"{count:,} totals rest" if count > 1 else "1 total rests"
            export.notes.append(f"{INSTRUMENTS[instrument].name}: {many} on fewer than all items ({rule}: {source})")

    def _score(
        self, origin: Origin, instrument: str, total: str, items: Sequence[int | None], named: tuple[str, Sequence[str]]
    ) -> tuple[str, int | None] | None:
        if all(points is None for points in items):
            return (total, None) if total else None
        number = number_of(total)
        if total and number is None:
            self._problems.add(origin.file, origin.row, named[0], "is no number; correct it or empty it")
            return None
        name = INSTRUMENTS[instrument].name
        columns = ", ".join(filter(None, (named[0] if total else "", _span(named[1]))))
        found = total_of(instrument, items, number, published=self._published)
        match found:
            case Total():
                if found.rule is not None:
                    rule = (instrument, found.rule.name, found.rule.source)
                    self._by_rule[rule] = self._by_rule.get(rule, 0) + 1
                return as_text(found.score), found.item9
            case Disagreement():
                reason = f"{name}: the total and its items disagree; neither is taken, correct one of them"
                self._left_out.add(reason, origin._replace(column=columns))
            case Incomplete():
                zero = "is their bare sum" if found.counted_as_zero else "is not there"
                reason = f"{name}: items are missing, and the total {zero}; {PUBLISHED}"
                self._left_out.add(reason, origin._replace(column=columns))
            case OutOfRange():
                for item in found.numbers:
                    column = named[1][_place(instrument, item)]
                    reason = "holds points that the item does not have; correct it, or name it as a code for missing"
                    self._problems.add(origin.file, origin.row, column, reason)
        return None


def _place(instrument: str, number: int) -> int:
    scale = ITEM_SCALES[instrument]
    return scale.numbers.index(number) if scale else 0


def _span(names: Sequence[str]) -> str:
    return f"{names[0]} to {names[-1]}" if names else ""


def number_of(text: str) -> float | None:
    """A finite number as it is written; None for anything else."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None


def written(moment: Moment | None) -> str:
    """A moment as tables have it; "" for None."""
    if moment is None:
        return ""
    return moment.at.isoformat(sep=" ") if moment.has_time else moment.day.isoformat()


def with_timing(moment: Moment, timing: str, *, timed: bool) -> tuple[str, str]:
    """Time and timing of a score: `before` and `after` go with a date alone.

    Parameters
    ----------
    timed : the times of this person's sessions are known. Else a score's own time cannot say on which side it lies.

    Examples
    --------
    >>> from data_models.intake.prepare.moments import moment_of
    >>> with_timing(moment_of("2026-01-05 15:00"), "after", timed=True)
    ('2026-01-05 15:00:00', '')
    >>> with_timing(moment_of("2026-01-05 15:00"), "after", timed=False)
    ('2026-01-05', 'after')
    """
    if moment.has_time and (timed or not timing):
        return written(moment), ""
    return moment.day.isoformat(), timing


def as_text(number: float) -> str:
    """A number as the records have it.

    Examples
    --------
    >>> as_text(12.0), as_text(20 / 3)
    ('12', '6.6667')
    """
    return str(int(number)) if number == int(number) else str(round(number, 4))
