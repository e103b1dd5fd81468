"""What a file holds, whatever its format: facts about it, sections, tables, charts. Every writer reads this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dashboard.figures import paper
from dashboard.questions.view import Kind, Table, View
from dashboard.words.numbers import MISSING, SHORTLY_HIDDEN, number, percent, whole


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing as SVG text, what it shows in words for those who do not see it, and what its lines mean."""

    svg: str
    alt: str
    caption: str = ""


def charts_of(view: View) -> list[Chart]:
    """The figure of a card on paper, with its legend and notes; none where the card says why it has none."""
    if view.figure is None or not view.figure["data"]:
        return []
    drawing = paper.svg(view.figure, view.sentence, [(one.name, one.token, one.mark) for one in view.legend])
    return [Chart(drawing, view.sentence, " ".join(note for note in view.notes if note))]


@dataclass(frozen=True, slots=True)
class Section:
    """One question, its answer in words, charts and tables."""

    title: str
    sentence: str = ""
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A file that leaves the building.

    Attributes
    ----------
    facts : what the file is: data set, filters, date of making, version, fingerprint, suppression.
    definitions : tables of rules and of the instrument, last in the file.
    """

    title: str
    subtitle: str
    facts: Sequence[tuple[str, str]]
    sections: Sequence[Section]
    definitions: Sequence[Table] = ()
    footer: str = ""
    tables: list[Table] = field(init=False)

    def __post_init__(self) -> None:
        found = [table for section in self.sections for table in section.tables]
        object.__setattr__(self, "tables", [*found, *self.definitions])


def counted(n: float | None) -> float | str:
    """A count for a table; of a hidden one its mark."""
    return SHORTLY_HIDDEN if n is None else n


def with_marks(table: Table) -> Table:
    """The table with marks in place of hidden counts."""
    keys = [column.key for column in table.columns if column.kind == "count"]
    rows = [{**row, **{key: counted(row[key]) for key in keys if key in row}} for row in table.rows]
    return replace(table, rows=rows)


def shown(value: Any, kind: Kind) -> str:
    """A cell as people read it. A text stands as it is (also the mark of a hidden number)."""
    if isinstance(value, str):
        return value
    if value is None or value != value:
        return MISSING
    return whole(value) if kind == "count" else percent(value) if kind == "share" else number(value, 2)


def is_number(value: Any) -> bool:
    """Whether a cell holds a number (neither hidden nor missing)."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value
