"""What an outsider can work out from a release: the range of each count that it does not show.

The attacker's problem of cell suppression (Fischetti and Salazar-Gonzalez 2001): over every way to fill the
unknown counts with numbers of 0 or more that agrees with all that is shown, how large, or small, can one
of them be? The unknown counts that hang together form one linear program. Each solution is a certificate
for many counts at once, and the next program starts from the last one's basis.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.exports.counts import Counts

NEARLY = 1e-6
_PRIMAL = 4  # HiGHS' number of the primal simplex
Row = dict[int, float]


@dataclass(frozen=True, slots=True)
class System:
    """Counts by number: their values, which are printed, and the sums they stand in (each row sums to 0)."""

    names: Sequence[Any]
    place: Mapping[Any, int]
    values: Sequence[int]
    printed: Sequence[bool]
    rows: Sequence[Row]
    rows_of: Sequence[Sequence[int]]

    @classmethod
    def of(cls, counts: Counts) -> System:
        """The same counts, numbered in the order in which they were added."""
        names = list(counts.values)
        place = {name: i for i, name in enumerate(names)}
        rows: list[Row] = []
        rows_of: list[list[int]] = [[] for _ in names]
        for whole, parts in counts.relations:
            row: Row = {place[whole]: 1.0}
            for part in parts:
                row[place[part]] = row.get(place[part], 0.0) - 1.0
            for i in row:
                rows_of[i].append(len(rows))
            rows.append(row)
        values = [counts.values[name] for name in names]
        return cls(names, place, values, [name in counts.shown for name in names], rows, rows_of)

    def components(self, unknown: Sequence[bool], wanted: Iterable[int]) -> list[tuple[list[int], list[int]]]:
        """The unknown counts that hang together, and their sums; only those with a count of `wanted`."""
        found: list[tuple[list[int], list[int]]] = []
        done: set[int] = set()
        for start in wanted:
            if start in done:
                continue
            inside, ties, todo = {start}, set(), [start]
            while todo:
                for tie in self.rows_of[todo.pop()]:
                    if tie in ties:
                        continue
                    ties.add(tie)
                    fresh = {i for i in self.rows[tie] if unknown[i]} - inside
                    inside |= fresh
                    todo += fresh
            done |= inside
            found.append((sorted(inside), sorted(ties)))
        return found


class Attacker:
    """The linear program of one component; values are told as differences from the true ones.

    Parameters
    ----------
    ranges : the least and the greatest value (None: no end) that a count is known to have; 0 and None unless given.
    """

    def __init__(
        self,
        system: System,
        inside: Sequence[int],
        ties: Sequence[int],
        ranges: Mapping[int, tuple[float, float | None]] | None = None,
    ) -> None:
        import numpy as np

        self.system, self.inside, self.ties = system, inside, ties
        self.column = {i: place for place, i in enumerate(inside)}
        bounds = [(ranges or {}).get(i, (0.0, None)) for i in inside]
        self.low = [low - system.values[i] for i, (low, _) in zip(inside, bounds, strict=True)]
        self.solver = solver()
        self.endless = math.inf
        self.high = [
            self.endless if high is None else high - system.values[i]
            for i, (_, high) in zip(inside, bounds, strict=True)
        ]
        # The last program's basis is the better start, and as only the aim changes, a feasible one.
        self.solver.setOptionValue("presolve", "off")
        self.solver.setOptionValue("simplex_strategy", _PRIMAL)
        size = len(inside)
        self.solver.addVars(size, np.array(self.low, dtype=float), np.array(self.high, dtype=float))
        starts, columns, signs = [0], [], []
        for tie in ties:
            row = [(self.column[i], sign) for i, sign in system.rows[tie].items() if i in self.column]
            columns += [place for place, _ in row]
            signs += [sign for _, sign in row]
            starts.append(len(columns))
        zeros = np.zeros(len(ties))
        self.solver.addRows(
            len(ties), zeros, zeros, len(columns),
            np.array(starts[:-1], dtype=np.int32), np.array(columns, dtype=np.int32), np.array(signs, dtype=float),
        )  # fmt: skip

    def rise(self, count: int, by: float) -> tuple[dict[int, float], Row]:
        """How far a count can rise, `by` at most: a way to fill the cells, and the price of each sum.

        Returns the differences from the true values, and the dual values by sum (they prove the bound).
        """
        return self._solve(count, -1.0, self.low[self.column[count]], by)

    def fall(self, count: int, by: float) -> dict[int, float]:
        """How far a count can fall, `by` at most: a way to fill the cells."""
        return self._solve(count, 1.0, -by, self.high[self.column[count]])[0]

    def rise_together(self, wanted: Mapping[int, float]) -> dict[int, float]:
        """A way to fill the cells in which many counts rise as far as wanted, and none of these further."""
        return self._together({i: (self.low[self.column[i]], by) for i, by in wanted.items()}, -1.0)

    def fall_together(self, wanted: Mapping[int, float]) -> dict[int, float]:
        """A way to fill the cells in which many counts fall as far as wanted, and none of these further."""
        return self._together({i: (-by, self.high[self.column[i]]) for i, by in wanted.items()}, 1.0)

    def _together(self, limits: Mapping[int, tuple[float, float]], cost: float) -> dict[int, float]:
        import numpy as np

        columns = np.array([self.column[i] for i in limits], dtype=np.int32)
        size, bounds = len(columns), np.array(list(limits.values()), dtype=float).reshape(-1, 2)
        self.solver.changeColsCost(size, columns, np.full(size, cost))
        self.solver.changeColsBounds(size, columns, bounds[:, 0].copy(), bounds[:, 1].copy())
        filled = self._filled()
        low, high = (np.array([ends[place] for place in columns], dtype=float) for ends in (self.low, self.high))
        self.solver.changeColsCost(size, columns, np.zeros(size))
        self.solver.changeColsBounds(size, columns, low, high)
        return filled

    def _solve(self, count: int, cost: float, low: float, high: float) -> tuple[dict[int, float], Row]:
        column = self.column[count]
        self.solver.changeColCost(column, cost)
        self.solver.changeColBounds(column, low, high)
        filled = self._filled()
        prices = dict(zip(self.ties, self.solver.getSolution().row_dual, strict=False))
        self.solver.changeColCost(column, 0.0)
        self.solver.changeColBounds(column, self.low[column], self.high[column])
        return filled, prices

    def _filled(self) -> dict[int, float]:
        import highspy

        self.solver.run()
        if self.solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            # The true counts fill the cells, and what is asked for has an end: there is always an answer.
            raise ValueError("the attacker's problem has no solution")
        return dict(zip(self.inside, self.solver.getSolution().col_value, strict=False))


def solver() -> Any:
    """A silent HiGHS on one thread, without a time limit: the same counts give the same answer every time."""
    import highspy

    # Its Python class turns callbacks on, and HiGHS 1.16 then writes a line to standard output, where
    # `summary` may be writing JSON. None of that is needed here.
    made = highspy.Highs.__new__(highspy.Highs)
    super(highspy.Highs, made).__init__()
    made.setOptionValue("output_flag", False)
    made.setOptionValue("threads", 1)
    return made
