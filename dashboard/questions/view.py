"""What an answer looks like, wherever it stands: a card on a page, a section of a file, a part of a comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from dashboard.theme import series_symbol, series_token
from data_models.definitions.filters import FILTERS

Kind = Literal["text", "count", "share", "number"]
Answer = TypeVar("Answer")


class Column(NamedTuple):
    """A column of a table: its key in the rows, its heading (units included) and how its numbers are written."""

    key: str
    heading: str
    kind: Kind = "number"


INTERVAL = (Column("low", "95% low", "share"), Column("high", "95% high", "share"))
# What a share rests on and its interval: the keys of `Proportion.as_dict`.
SHARE_COLUMNS = (
    Column("events", "With it", "count"),
    Column("n", "Of", "count"),
    Column("share", "Share", "share"),
    *INTERVAL,
    Column("method", "Interval", "text"),
)


@dataclass(frozen=True, slots=True)
class Table:
    """The numbers of an answer, for its card and for files.

    Attributes
    ----------
    rows : values by column key; numbers stay numbers. None: not reached, not estimable or too few, in a column of
        counts: hidden. A key that a row does not have does not apply to it.
    digits : digits after the point shown on a page for numbers that are not whole.
    name, title, note, keys : in a file, its short name in snake case (the sheet's name, the CSV's first column), its
        heading, what a reader must know beside it, and how many of its columns name the row.
    whole : whether a file of groups has the rows of all together, too.
    """

    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    digits: int = 3
    name: str = ""
    title: str = ""
    note: str = ""
    keys: int = 1
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Definition:
    """What an answer's numbers mean.

    Attributes
    ----------
    text : one or two sentences: population, clock, estimator by name.
    rules : names of the rules that the answer rests on.
    n : what was counted, in words.
    source : papers; without one the definition is the dashboard's own, and says so.
    """

    text: str
    rules: Sequence[str] = ()
    n: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """One entry of a legend.

    Attributes
    ----------
    token : its colour.
    mark : a plotly marker symbol, a plotly line dash ("solid", "dot") or "area" for filled areas and bars.
    """

    name: str
    token: str
    mark: str


class Point(NamedTuple):
    """One number of a few that stand in a row under a figure: when or of what, its value, its interval."""

    name: str
    value: str
    interval: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """An answer as it is shown.

    Attributes
    ----------
    name : short name in kebab case, unique on a page: the card's id, the name of its download.
    question : the heading.
    sentence : answers the question; true at every n.
    figure : a plain dict of plotly's schema; None: the answer is not drawn.
    panels : several small figures in place of one: title, figure, what it says in words.
    points : a few numbers in a row under the figure; `points_name`: what they say, in words.
    notes : quiet lines under the figure.
    """

    name: str
    question: str
    sentence: str
    figure: dict[str, Any] | None = None
    panels: Sequence[tuple[str, dict[str, Any], str]] = ()
    legend: Sequence[Mark] = ()
    points_name: str = ""
    points: Sequence[Point] = ()
    notes: Sequence[str] = ()
    table: Table | None = None
    definition: Definition | None = None
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Tile:
    """One headline figure: its value, the unit set small behind it (or a word in place of a value), lines below."""

    name: str
    value: str
    unit: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group(Generic[Answer]):
    """One group of a comparison: how it is named and drawn, and its answer; `apart`: no course is in another, too."""

    name: str
    token: str
    symbol: str
    dash: str
    answer: Answer
    apart: bool = True


MOST_GROUPS = 6  # of a comparison, drawn
_DASHES = ("solid", "dash", "dot", "longdash", "dashdot", "longdashdot")  # a stroke for each


def group_of(key: str, value: str, place: int, answer: Answer) -> Group[Answer]:
    """One group of a comparison by a filter's key, the place-th that is drawn: a route keeps its colour and mark."""
    token, symbol = series_token(key, value, place), series_symbol(key, value, place)
    row, dash = FILTERS[key], _DASHES[place % len(_DASHES)]
    return Group(row.words(value), token, symbol, dash, answer, not row.shares_courses)


def of_groups(found: Sequence[tuple[str | None, Table]], heading: str) -> Table:
    """The tables of several groups as one, with a first column of their names; all have the same columns."""
    if not found:
        return Table((), ())
    first = found[0][1]
    rows = [{"group": name, **row} for name, table in found for row in table.rows]
    return replace(first, columns=(Column("group", heading, "text"), *first.columns), rows=rows, keys=first.keys + 1)
