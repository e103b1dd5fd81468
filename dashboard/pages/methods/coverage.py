"""What the coverage study found (`tests/benchmarks/coverage.py --data`), for the Methods page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from dashboard.questions.methods import Method
from dashboard.questions.view import Column, Table
from dashboard.words.numbers import percent

FILE = Path(__file__).with_name("coverage.json")
# Figures in days or in points of the scale; all others are shares.
IN_UNITS = ("days", "change")


class Checked(NamedTuple):
    """One figure in one scenario, over all its clinics: shares and, for shares, bias and width from 0 to 1."""

    scenario: str
    figure: str
    estimable: float | None
    bias: float | None
    coverage: float | None
    width: float | None

    @property
    def words(self) -> str:
        """How often the interval held the truth, and how far off the figure was on average."""
        if self.bias is None:
            return "never told"
        off = f"{self.bias:+.1f}" if self.figure.startswith(IN_UNITS) else f"{100 * self.bias:+.1f} points"
        return f"{percent(self.coverage) if self.coverage is not None else 'no interval'} ({off})"


@dataclass(frozen=True, slots=True)
class Study:
    """The study: when and how it was made, and what it found."""

    made: str
    command: str
    clinics: int
    patients: int
    rows: tuple[Checked, ...]
    false_alarms: tuple[tuple[str, str, float], ...]
    claims: tuple[str, ...]

    def of(self, method: Method) -> list[Checked]:
        """The rows that a method's figures have."""
        return [row for row in self.rows if method.figures and row.figure.startswith(method.figures)]

    def table(self, method: Method) -> Table:
        """The rows of a method: a row a figure, a column a way of working; how often right, and off by how much."""
        rows = self.of(method)
        scenarios = list(dict.fromkeys(row.scenario for row in self.rows))
        columns = [Column("figure", "Interval holds the truth in (and is off by)", "text")]
        columns += [Column(name, name, "text") for name in scenarios]
        told: dict[str, dict[str, str]] = {}
        for row in rows:
            told.setdefault(row.figure, {"figure": row.figure})[row.scenario] = row.words
        return Table(columns, list(told.values()), name="coverage")

    def alarms(self) -> Table:
        """How often a test spoke of a difference where there is none: a row a test, a column a way of working."""
        columns = [Column("test", "Test", "text")]
        columns += [Column(name, name, "share") for name in dict.fromkeys(one[0] for one in self.false_alarms)]
        told: dict[str, dict[str, str | float]] = {}
        for scenario, test, share in self.false_alarms:
            told.setdefault(test, {"test": test})[scenario] = share
        return Table(columns, list(told.values()), name="false_alarms")


@lru_cache(maxsize=1)
def study() -> Study:
    """The study that ships with the program."""
    found = json.loads(FILE.read_text(encoding="utf-8"))
    scenarios = found["scenarios"].values()
    rows = tuple(
        Checked(one["title"], *(row[name] for name in Checked._fields[1:]))
        for one in scenarios
        for row in one["figures"]
    )
    alarms = tuple((one["title"], test, share) for one in scenarios for test, share in one["false_alarms"].items())
    claims = tuple(str(claim) for one in scenarios for claim in one["claims"])
    return Study(found["made"], found["command"], found["clinics"], found["patients"], rows, alarms, claims)
