"""The cheapest set of counts to hide: the exact optimum, by integer programming.

One yes or no a count: hide it? Every small count must be able to rise to `least` in the attacker's program;
by that program's duality this is a set of linear conditions on the answers, found one at a time: choose
the cheapest answers that meet the conditions known so far, let the attacker try them, and write down for each
small count that it bounds the condition that its bound breaks (Benders' decomposition). When it bounds
none, what was chosen is safe and no cheaper choice is.

References
----------
Fischetti and Salazar-Gonzalez 2001, Management Science 47(7), sections 3 and 4 (the model and its cuts);
Kelly, Golden and Assad 1990, Networks 20 (cell suppression); Benders 1962, Numerische Mathematik 4.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from dashboard.exports.attacker import NEARLY, Attacker, Row, System, solver

# Beyond so many branches the best answer found so far stands: safe all the same. A limit of time would let
# two files of the same figures hide different counts.
_MOST_NODES = 2000
_GAP = 1e-4
_CUTS_AT_ONCE = 12  # then the answers are chosen anew: what they hide often makes the other counts safe, too


Condition = tuple[tuple[int, float], ...]  # counts with weights: those of the hidden ones add up to 1 or more


class Impossible(ValueError):
    """No choice among the counts that may be hidden protects a small one."""


class Fewest:
    """The search for the cheapest safe set.

    Parameters
    ----------
    must : counts hidden in any case.
    may : counts that may be hidden besides, each with its cost.
    least : small counts must be able to rise to it.
    known : counts that another file has shown: whatever they are, nothing protects them any more.
    conditions : on the answers, known to hold from a system with fewer sums and the same numbers of the counts.
    """

    def __init__(
        self,
        system: System,
        must: Iterable[int],
        may: Mapping[int, float],
        least: int,
        known: frozenset[int] = frozenset(),
        conditions: Iterable[Condition] = (),
    ) -> None:
        import highspy
        import numpy as np

        self.system, self.must, self.may, self.least = system, frozenset(must), dict(may), least
        self.small = [i for i, value in enumerate(system.values) if 1 <= value < least and i not in known]
        self.column = {i: place for place, i in enumerate(self.may)}
        self.conditions, self.known_cuts = list(conditions), set[Condition]()
        self.proof: dict[int, dict[int, float]] = {}
        size = len(self.may)
        self.master = solver()
        self.master.setOptionValue("mip_max_nodes", _MOST_NODES)
        self.master.setOptionValue("mip_rel_gap", _GAP)
        if size:
            places = np.arange(size, dtype=np.int32)
            self.master.addVars(size, np.zeros(size), np.ones(size))
            self.master.changeColsCost(size, places, np.array(list(self.may.values()), dtype=float))
            self.master.changeColsIntegrality(size, places, np.array([highspy.HighsVarType.kInteger] * size))

    def search(self) -> set[int]:
        """The counts to hide.

        Raises
        ------
        Impossible : hiding all that may be hidden does not protect every small count.
        """
        self._first_cuts()
        for condition in self.conditions:
            self._add({i: weight for i, weight in condition if i in self.may}, 1.0)
        while True:
            hidden = self._cheapest()
            unsafe, cuts = self._attack(hidden)
            if not unsafe:
                return hidden
            if not cuts:  # rounding: what is hidden does not do, so that something else must be hidden
                for count in unsafe:
                    self._add(dict.fromkeys(set(self.may) - hidden, 1.0), 1.0, count)

    # --- the attacker's part ---------------------------------------------------------------------

    def _attack(self, hidden: set[int]) -> tuple[list[int], int]:
        """Small counts that can be bounded (none: there are none), and how many conditions more are known for it."""
        unknown = [i in hidden or not printed for i, printed in enumerate(self.system.printed)]
        found: list[int] = []
        cuts = 0
        for inside, ties in self.system.components(unknown, self._unproven(unknown)):
            if cuts >= _CUTS_AT_ONCE:
                break
            doubtful = self._unproven(unknown, inside)
            attacker = Attacker(self.system, inside, ties)
            wanted = {i: float(self.least - self.system.values[i]) for i in doubtful}
            # What one way to fill the cells cannot raise with the others, the next one may without them.
            before = math.inf
            while doubtful and len(doubtful) < before:
                before = len(doubtful)
                doubtful = self._prove(attacker.rise_together({i: wanted[i] for i in doubtful}), doubtful)
            while doubtful and cuts < _CUTS_AT_ONCE:
                count = doubtful.pop()
                filled, prices = attacker.rise(count, wanted[count])
                if filled[count] < wanted[count] - NEARLY:
                    found.append(count)
                    cuts += self._cut(count, prices)
                doubtful = self._prove(filled, [*doubtful, count])
                doubtful = [i for i in doubtful if i != count]
        return found, cuts

    def _prove(self, filled: dict[int, float], watched: list[int]) -> list[int]:
        """Keep a way to fill the cells for the counts that it shows to be safe; returns the others."""
        values = self.system.values
        safe = {i for i in watched if values[i] + filled[i] >= self.least - NEARLY}
        moved = {i: change for i, change in filled.items() if abs(change) > NEARLY}
        self.proof.update(dict.fromkeys(safe, moved))
        return [i for i in watched if i not in safe]

    def _unproven(self, unknown: Sequence[bool], among: Iterable[int] | None = None) -> list[int]:
        """The small counts without a proof that still holds: it moves no count that is shown by now."""
        holds: dict[int, bool] = {}
        for i in self.small:
            moved = self.proof.get(i)
            if moved is not None and id(moved) not in holds:
                holds[id(moved)] = all(unknown[other] for other in moved)
        watched = self.small if among is None else sorted(set(among) & set(self.small))
        return [i for i in watched if i not in self.proof or not holds[id(self.proof[i])]]

    # --- the master's part -----------------------------------------------------------------------

    def _cheapest(self) -> set[int]:
        """The cheapest answers to the conditions so far."""
        if not self.known_cuts:
            return set(self.must)
        self.master.run()
        chosen = self.master.getSolution().col_value
        if len(chosen) != len(self.may):
            raise Impossible("the table cannot be protected")
        return {*self.must, *(i for i, value in zip(self.may, chosen, strict=True) if value > 0.5)}

    def _first_cuts(self) -> None:
        """What each single sum asks for, without a linear program: a part rises only at the others' cost."""
        small = frozenset(self.small)
        for row in self.system.rows:
            for count, sign in row.items():
                if count not in small:
                    continue
                falls = {i: 1.0 for i, other in row.items() if other == sign and i != count}
                self._condition(count, falls, [i for i, other in row.items() if other != sign])

    def _cut(self, count: int, prices: Row) -> bool:
        """The condition that a bound breaks: from the reduced cost of each count at the bound's prices."""
        reduced: Row = {count: 1.0}
        for tie, price in prices.items():
            if abs(price) > 1e-9:
                for i, sign in self.system.rows[tie].items():
                    reduced[i] = reduced.get(i, 0.0) + sign * price
        falls = {i: -cost for i, cost in reduced.items() if cost < -1e-7 and i != count}
        rises = {i for i, cost in reduced.items() if cost > 1e-7 and i != count}
        return self._condition(count, falls, rises)

    def _condition(self, count: int, falls: Row, rises: Iterable[int]) -> bool:
        """A count rises by no more than the price times the value of what may fall, unless what may rise is unknown."""
        need = float(self.least - self.system.values[count])
        cost: Row = {}
        for i, price in falls.items():
            if i in self.must or not self.system.printed[i]:
                need -= price * self.system.values[i]
            elif i in self.may:
                cost[i] = price * self.system.values[i]
        for i in rises:
            if i in self.must or not self.system.printed[i]:
                return False
            if i in self.may:
                cost[i] = float("inf")
        if need <= NEARLY:
            return False
        return self._add({i: min(v, need) / need for i, v in cost.items() if v > NEARLY}, 1.0, count)

    def _add(self, weights: Row, at_least: float, count: int | None = None) -> bool:
        import numpy as np

        if not weights:
            name = "a small one" if count is None else repr(self.system.names[count])
            raise Impossible(f"count {name} cannot be protected")
        key = tuple(sorted((i, round(v, 9)) for i, v in weights.items()))
        if key in self.known_cuts:
            return False
        self.known_cuts.add(key)
        columns = np.array([self.column[i] for i in weights], dtype=np.int32)
        self.master.addRow(at_least, math.inf, len(weights), columns, np.array(list(weights.values())))
        return True
