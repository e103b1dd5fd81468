"""Counts that hang together: what a release shows of them, and how they add up."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

Name = Hashable


@dataclass(slots=True)
class Counts:
    """Counts of a release and how they add up.

    Attributes
    ----------
    values : every count that is shown or that a reader could work out from those shown.
    shown : those that the file would show.
    relations : (whole, its parts): the whole is the sum of the parts.
    numbers : how many numbers of the file go when a count is hidden: its own places, shares, interval ends.
    """

    values: dict[Name, int] = field(default_factory=dict)
    shown: set[Name] = field(default_factory=set)
    relations: list[tuple[Name, tuple[Name, ...]]] = field(default_factory=list)
    numbers: dict[Name, int] = field(default_factory=dict)

    def add(self, name: Name, value: float, *, shown: bool = True, numbers: int = 1) -> None:
        """A count at one place. Adding it again with the same value adds the place."""
        whole = round(value)
        if self.values.setdefault(name, whole) != whole:
            raise ValueError(f"count {name!r} has two values")
        if shown:
            self.shown.add(name)
        self.numbers[name] = self.numbers.get(name, 0) + numbers

    def total(self, whole: Name, parts: Iterable[Name], rest: Name | None = None) -> None:
        """`whole` is the sum of `parts` and, where named, of what is left, which no file shows."""
        named = tuple(parts)
        left = self.values[whole] - sum(self.values[part] for part in named)
        if rest is not None:
            if left < 0:  # not nested after all: nothing follows from the difference
                return
            self.add(rest, left, shown=False)
            named = (*named, rest)
        elif left:
            raise ValueError(f"the parts of {whole!r} do not add up to it")
        self.relations.append((whole, named))
