"""Which counts of a set of tables to hide, so that no count from 1 to `least` - 1 can be worked out.

*Primary* suppression hides each such count. What is shown may still give one away: 40 of 43 treated
leaves 3, a total less its other parts leaves the hidden part. *Complementary* suppression hides further
counts until none follows. Whether one follows is settled by linear programming, the attack that an
outsider would make: over every way to fill the hidden cells with numbers of 0 or more that agrees with
all that is shown, how large can the small count be? It is safe when that can reach `least`.

The cells to hide are chosen one at a time, cheapest first, and those that turn out needless are shown
again; an exact optimum takes integer programming and saves few cells.

References
----------
Fischetti and Salazar-Gonzalez 2001, Management Science 47(7) (complementary suppression, its attacker
problem); Cox 1980, JASA 75 (tables with margins); Hundepool et al. 2012, Statistical Disclosure Control,
chapter 4; CMS cell size suppression policy (counts from 1 to 10).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Name = Hashable
SMALL = "<{}"  # the mark of a small count
HIDDEN = "hidden"  # the mark of any other number that is left out
_NEARLY = 1e-6
_LARGE = 200  # counts that hang together


@dataclass(slots=True)
class Counts:
    """Counts of a release and how they add up.

    Attributes
    ----------
    values : every count that is shown or that a reader could work out from those shown.
    shown : those that the file would show.
    relations : (whole, its parts): the whole is the sum of the parts.
    weights : what it costs to hide a count; 1 unless given. Counts on which many others rest cost more.
    """

    values: dict[Name, int] = field(default_factory=dict)
    shown: set[Name] = field(default_factory=set)
    relations: list[tuple[Name, tuple[Name, ...]]] = field(default_factory=list)
    weights: dict[Name, float] = field(default_factory=dict)

    def add(self, name: Name, value: float, *, shown: bool = True, weight: float = 1.0) -> None:
        """A count. Adding it again with the same value changes nothing."""
        whole = round(value)
        if self.values.setdefault(name, whole) != whole:
            raise ValueError(f"count {name!r} has two values")
        if shown:
            self.shown.add(name)
        self.weights.setdefault(name, weight)

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


@dataclass(frozen=True, slots=True)
class Suppression:
    """What to hide: names of counts, each with the mark that stands in its place."""

    marks: Mapping[Name, str]
    small: int
    further: int


def suppress(counts: Counts, least: int, forced: Iterable[Name] = ()) -> Suppression:
    """Choose the counts to hide.

    Parameters
    ----------
    least : counts from 1 to `least` - 1 are protected; zero may be shown.
    forced : counts to hide whatever their size.
    """
    small = {name for name, value in counts.values.items() if 1 <= value < least}
    primary = (small & counts.shown) | (set(forced) & counts.shown)
    search = _Search(counts, least, small, set(primary))
    search.protect()
    search.show_needless(primary)
    marks = search.marks(primary)
    return Suppression(marks, len(small & counts.shown), len(search.hidden - primary))


class _Search:
    """The state of one search: what is hidden, and which small counts are known to be safe."""

    def __init__(self, counts: Counts, least: int, small: set[Name], hidden: set[Name]) -> None:
        self.counts, self.least, self.small, self.hidden = counts, least, small, hidden
        self.proof: dict[Name, dict[Name, float]] = {}
        self.of: dict[Name, list[int]] = {name: [] for name in counts.values}
        for place, (whole, parts) in enumerate(counts.relations):
            for name in (whole, *parts):
                self.of[name].append(place)

    # --- what an outsider knows ----------------------------------------------------------------

    def unknown(self, name: Name) -> bool:
        return name in self.hidden or name not in self.counts.shown

    def component(self, name: Name) -> tuple[set[Name], set[int]]:
        """The unknown counts that hang together with this one, and the relations that tie them."""
        names, ties, todo = {name}, set(), [name]
        while todo:
            for place in self.of[todo.pop()]:
                if place in ties:
                    continue
                ties.add(place)
                whole, parts = self.counts.relations[place]
                fresh = {other for other in (whole, *parts) if self.unknown(other)} - names
                names |= fresh
                todo += fresh
        return names, ties

    def unsafe(self, names: set[Name], ties: set[int], *, first: bool = False) -> list[Name]:
        """The small counts of a component that an outsider can bound below `least` (`first`: one of them)."""
        doubtful = self.unproven([name for name in names if name in self.small])
        if not doubtful:
            return []
        program = _Program(self.counts, names, ties)
        # One way to fill the cells shows most small counts to be safe at once; the others are tried alone.
        doubtful = self.prove(program.most_at_least(doubtful, self.least), doubtful)
        found: list[Name] = []
        while doubtful and not (first and found):
            name = doubtful.pop()
            best = program.largest(name)
            if best is None:  # without bound
                continue
            if best[name] < self.least - _NEARLY:
                found.append(name)
            doubtful = self.prove(best, doubtful)
        return found

    def prove(self, filled: dict[Name, float], watched: list[Name]) -> list[Name]:
        """Keep a way to fill the cells for the counts that it shows to be safe; returns the others."""
        safe = {name for name in watched if filled[name] >= self.least - _NEARLY}
        self.proof.update(dict.fromkeys(safe, filled))
        return [name for name in watched if name not in safe]

    def unproven(self, watched: list[Name]) -> list[Name]:
        """The counts without a proof that still holds: one that agrees with all that is shown by now."""
        holds: dict[int, bool] = {}
        for name in watched:
            filled = self.proof.get(name)
            if filled is not None and id(filled) not in holds:
                values, shown = self.counts.values, self.counts.shown
                holds[id(filled)] = all(
                    abs(value - values[other]) < _NEARLY
                    for other, value in filled.items()
                    if other in shown and other not in self.hidden
                )
        return [name for name in watched if name not in self.proof or not holds[id(self.proof[name])]]

    def is_unsafe(self, name: Name) -> bool:
        names, ties = self.component(name)
        filled = _Program(self.counts, names, ties).largest(name)
        return filled is not None and filled[name] < self.least - _NEARLY

    # --- what to hide --------------------------------------------------------------------------

    def protect(self) -> None:
        """Hide further counts until every small one is safe."""
        for name in sorted(self.small, key=self.order):
            self.hide_beside(name)
        todo = set(self.small)
        while todo:
            names, ties = self.component(min(todo, key=self.order))
            unsafe = self.unsafe(names, ties)
            todo -= names
            for name in sorted(unsafe, key=self.order):
                if self.is_unsafe(name):
                    self.hide_for(name)
            todo |= set(unsafe)

    def order(self, name: Name) -> tuple[int, str]:
        return self.counts.values[name], str(name)

    def hide_beside(self, name: Name) -> None:
        """In each sum that a small count is part of, hide the whole, or parts that together reach `least`.

        A part can be no larger than all hidden parts together: what the linear program would find in most
        cases, without one.
        """
        for place in self.of[name]:
            whole, parts = self.counts.relations[place]
            if name == whole or self.unknown(whole):
                continue
            hidden = sum(self.counts.values[part] for part in parts if self.unknown(part))
            for part in self.candidates([place]) if hidden < self.least else ():
                if part == whole or hidden + self.counts.values[part] >= self.least:
                    self.hidden.add(part)
                    break

    def hide_for(self, name: Name) -> None:
        """Hide the cheapest count that makes this one safe, or else the cheapest beside it."""
        near = self.candidates(self.of[name])
        around = self.candidates(self.component(name)[1])
        for candidate in (*near, *(other for other in around if other not in near)):
            self.hidden.add(candidate)
            if not self.is_unsafe(name):
                return
            self.hidden.discard(candidate)
        if not around:
            raise ValueError("the table cannot be protected")
        self.hidden.add((near or around)[0])

    def candidates(self, ties: Iterable[int]) -> list[Name]:
        """Counts that are shown in these relations, cheapest first; a zero stays."""
        found = {
            name
            for place in ties
            for name in (self.counts.relations[place][0], *self.counts.relations[place][1])
            if not self.unknown(name) and self.counts.values[name] > 0
        }
        return sorted(found, key=lambda name: (self.counts.weights[name], self.counts.values[name], str(name)))

    def show_needless(self, primary: set[Name]) -> None:
        """Show again what need not be hidden, the dearest first; in large tables the search would take long."""
        further = self.hidden - primary
        for name in sorted(further, key=lambda n: (-self.counts.weights[n], -self.counts.values[n], str(n))):
            names, _ = self.component(name)
            if len(names) > _LARGE:
                continue
            self.hidden.discard(name)
            if self.any_unsafe(names - {name}):
                self.hidden.add(name)

    def any_unsafe(self, names: set[Name]) -> bool:
        """Whether any small count among these can be bounded; they may have fallen apart into components."""
        left = {name for name in names if name in self.small}
        while left:
            part, ties = self.component(next(iter(left)))
            if self.unsafe(part, ties, first=True):
                return True
            left -= part
        return False

    # --- what to write in its place --------------------------------------------------------------

    def marks(self, primary: set[Name]) -> dict[Name, str]:
        """The mark of each hidden count.

        To tell small counts from the others tells something: two hidden counts of a total of 20, both
        "<11", are 10 each. Where the marks would narrow a small count down, all read "hidden".
        """
        marks: dict[Name, str] = dict.fromkeys(self.hidden, HIDDEN)
        done: set[Name] = set()
        for name in self.hidden & self.small:
            if name in done:
                continue
            names, ties = self.component(name)
            done |= names
            if not self.narrowed(names, ties):
                marks |= {other: SMALL.format(self.least) for other in names & self.hidden & self.small}
        return marks

    def narrowed(self, names: set[Name], ties: set[int]) -> bool:
        bounds: dict[Name, tuple[float, float | None]] = {}
        for name in names & self.hidden:
            bounds[name] = (1, self.least - 1) if name in self.small else (self.least, None)
        program = _Program(self.counts, names, ties, bounds)
        watched = [name for name in names if name in self.small]
        highest = program.most_at_least(watched, self.least - 1)
        for name in watched:
            if highest[name] < self.least - 1 - _NEARLY:
                high = program.largest(name)
                if high is not None and high[name] < self.least - 1 - _NEARLY:
                    return True
        lowest = program.most_at_most(watched, 1)
        for name in watched:
            if lowest[name] > 1 + _NEARLY:
                low = program.smallest(name)
                if low is not None and low[name] > 1 + _NEARLY:
                    return True
        return False


class _Program:
    """The linear program of one component: unknown counts of 0 or more that agree with all that is shown."""

    def __init__(
        self,
        counts: Counts,
        names: set[Name],
        ties: set[int],
        bounds: Mapping[Name, tuple[float, float | None]] | None = None,
    ) -> None:
        self.names = sorted(names, key=str)
        self.place = {name: i for i, name in enumerate(self.names)}
        self.bounds = [(bounds or {}).get(name, (0, None)) for name in self.names]
        self.rows: list[_Row] = []
        self.sums: list[float] = []
        for tie in ties:
            whole, parts = counts.relations[tie]
            row: _Row = {}
            known = 0.0
            for name, sign in ((whole, 1.0), *((part, -1.0) for part in parts)):
                if name in self.place:
                    at = self.place[name]
                    row[at] = row.get(at, 0.0) + sign
                else:
                    known -= sign * counts.values[name]
            self.rows.append(row)
            self.sums.append(known)

    def largest(self, name: Name) -> dict[Name, float] | None:
        """A way to fill the cells in which this count is largest; None: without bound."""
        return self._solve(name, -1.0)

    def smallest(self, name: Name) -> dict[Name, float] | None:
        """A way to fill the cells in which this count is smallest."""
        return self._solve(name, 1.0)

    def most_at_least(self, watched: list[Name], least: int) -> dict[Name, float]:
        """A way to fill the cells in which as many of these counts as possible reach `least`.

        Maximises the sum of min(count, least): linear with one more variable for each.
        """
        size = len(self.names)
        cost = [0.0] * size + [-1.0] * len(watched)
        above = [{self.place[name]: -1.0, size + i: 1.0} for i, name in enumerate(watched)]
        bounds = [*self.bounds, *((0, least) for _ in watched)]
        filled = _minimise(cost, self.rows, self.sums, bounds, above)
        assert filled is not None
        return dict(zip(self.names, filled, strict=False))

    def most_at_most(self, watched: list[Name], most: int) -> dict[Name, float]:
        """A way to fill the cells in which as many of these counts as possible fall to `most`."""
        size = len(self.names)
        cost = [0.0] * size + [1.0] * len(watched)
        below = [{self.place[name]: 1.0, size + i: -1.0} for i, name in enumerate(watched)]
        bounds = [*self.bounds, *((most, None) for _ in watched)]
        filled = _minimise(cost, self.rows, self.sums, bounds, below)
        assert filled is not None
        return dict(zip(self.names, filled, strict=False))

    def _solve(self, name: Name, sign: float) -> dict[Name, float] | None:
        cost = [0.0] * len(self.names)
        cost[self.place[name]] = sign
        filled = _minimise(cost, self.rows, self.sums, self.bounds)
        return None if filled is None else dict(zip(self.names, filled, strict=True))


_Row = dict[int, float]
_Bounds = list[tuple[float, float | None]]


def _minimise(
    cost: list[float], rows: list[_Row], sums: list[float], bounds: _Bounds, below_zero: list[_Row] | None = None
) -> list[float] | None:
    """The values that minimise `cost` where rows equal their sums; None: without bound."""
    import numpy as np
    from scipy.optimize import linprog
    from scipy.sparse import csr_array

    def matrix(of: list[_Row]) -> csr_array:
        columns = [place for row in of for place in row]
        values = [value for row in of for value in row.values()]
        starts = np.cumsum([0, *(len(row) for row in of)])
        return csr_array((np.array(values), np.array(columns, dtype=np.int64), starts), shape=(len(of), len(cost)))

    given: dict[str, Any] = {"bounds": bounds, "method": "highs"}
    if rows:
        given |= {"A_eq": matrix(rows), "b_eq": np.array(sums)}
    if below_zero:
        given |= {"A_ub": matrix(below_zero), "b_ub": np.zeros(len(below_zero))}
    result = linprog(np.array(cost), **given)
    if result.status == 3:
        return None
    if result.status != 0:
        # The true counts fill the cells, so there is always a way.
        raise ValueError("the attacker's problem has no solution")
    return [float(value) for value in result.x]
