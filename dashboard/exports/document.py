"""What a file holds, whatever its format: facts about it, sections, tables, charts. Every writer reads this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dashboard.questions.view import Kind, Table
from data_models.definitions.rules import LEAST_SHOWN


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing as SVG text and what it shows in words, for those who do not see it."""

    svg: str
    alt: str


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


NOTHING = "–"
HIDDEN = f"<{LEAST_SHOWN}"  # in place of a count


def counted(n: float | None) -> float | str:
    """A count for a table; of a hidden one its mark."""
    return HIDDEN if n is None else n


def shown(value: Any, kind: Kind) -> str:
    """A cell as people read it. A text stands as it is (also the mark of a hidden number)."""
    if value is None or value != value:
        return NOTHING
    if isinstance(value, str):
        return value
    if kind == "count":
        return f"{value:,.0f}"
    if kind == "share":
        return f"{100 * value:.1f}%"
    text = f"{value:,.2f}"
    text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text.replace("-", "−")


def is_number(value: Any) -> bool:
    """Whether a cell holds a number (neither hidden nor missing)."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value
