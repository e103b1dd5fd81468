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

Name = Hashable
SMALL = "<{}"  # the mark of a small count
HIDDEN = "hidden"  # the mark of any other number that is left out
_NEARLY = 1e-6


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

    def unsafe(self, names: set[Name], ties: set[int]) -> list[Name]:
        """The small counts of a component that an outsider can bound below `least`."""
        watched = [name for name in names if name in self.small]
        if not watched:
            return []
        program = _Program(self.counts, names, ties)
        found, safe = [], set()
        for name in watched:
            if name in safe:
                continue
            filled = program.largest(name)
            if filled is None:  # without bound
                continue
            # One way to fill the cells may show several counts to be safe.
            safe |= {other for other in watched if filled[other] >= self.least - _NEARLY}
            if name not in safe:
                found.append(name)
        return found

    def is_unsafe(self, name: Name) -> bool:
        names, ties = self.component(name)
        filled = _Program(self.counts, names, ties).largest(name)
        return filled is not None and filled[name] < self.least - _NEARLY

    # --- what to hide --------------------------------------------------------------------------

    def protect(self) -> None:
        """Hide further counts until every small one is safe."""
        todo = set(self.small)
        while todo:
            first = min(todo, key=lambda name: (self.counts.values[name], str(name)))
            names, ties = self.component(first)
            unsafe = self.unsafe(names, ties)
            if not unsafe:
                todo -= names
                continue
            worst = min(unsafe, key=lambda name: (self.counts.values[name], str(name)))
            self.hide_for(worst, ties)
            todo |= set(unsafe)

    def hide_for(self, name: Name, ties: set[int]) -> None:
        """Hide the cheapest count that makes this one safe, or else the cheapest beside it."""
        near = self.candidates(self.of[name])
        around = self.candidates(ties)
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
        """Show again what need not be hidden, the dearest first."""
        further = self.hidden - primary
        for name in sorted(further, key=lambda n: (-self.counts.weights[n], -self.counts.values[n], str(n))):
            names, _ = self.component(name)
            self.hidden.discard(name)
            if self.any_unsafe(names - {name}):
                self.hidden.add(name)

    def any_unsafe(self, names: set[Name]) -> bool:
        """Whether any small count among these can be bounded; they may have fallen apart into components."""
        left = {name for name in names if name in self.small}
        while left:
            part, ties = self.component(next(iter(left)))
            if self.unsafe(part, ties):
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
        for name in names & self.small:
            low, high = program.smallest(name), program.largest(name)
            if low is None or low[name] > 1 + _NEARLY:
                return True
            if high is not None and high[name] < self.least - 1 - _NEARLY:
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
        self.rows: list[dict[int, float]] = []
        self.sums: list[float] = []
        for tie in ties:
            whole, parts = counts.relations[tie]
            row: dict[int, float] = {}
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

    def _solve(self, name: Name, sign: float) -> dict[Name, float] | None:
        import numpy as np
        from scipy.optimize import linprog
        from scipy.sparse import coo_array

        cost = np.zeros(len(self.names))
        cost[self.place[name]] = sign
        entries = [(i, j, v) for i, row in enumerate(self.rows) for j, v in row.items()]
        if entries:
            i, j, v = zip(*entries, strict=True)
            shape = (len(self.rows), len(self.names))
            matrix = coo_array((np.array(v), (np.array(i), np.array(j))), shape=shape).tocsr()
            result = linprog(cost, A_eq=matrix, b_eq=np.array(self.sums), bounds=self.bounds, method="highs")
        else:
            result = linprog(cost, bounds=self.bounds, method="highs")
        if result.status == 3:
            return None
        if result.status != 0:
            # The true counts always fill the cells: only marks that contradict them can fail.
            raise ValueError("the attacker's problem has no solution")
        return dict(zip(self.names, result.x.tolist(), strict=True))
