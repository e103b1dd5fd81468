"""What earlier files of the same records add to what an outsider knows of a new one, count by count.

The cohorts and groups of all files cut the courses into sets that lie within or outside each of them. A count of a
cohort or group, in any file, is the sum of those of its sets, which no file shows. What earlier files print is
known; the new file's counts, and those of each set, are then protected in one system (`suppression`): neither
"all" less "clinic A" less "clinic B" nor any other sum over the files leaves a count from 1 to 10.

Cuts by different keys (clinic in one file, sex in another) are crossed while that makes few sets. Others are tied
through the cohorts that they cut: so are the tables of a decomposable model by their separators (Dobra and Fienberg
2000, PNAS 97(22)). Hundepool et al. 2012, Statistical Disclosure Control, section 4.5, has the problem (linked tables).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from dashboard.exports.apart import Crowd, Selection
from dashboard.exports.counts import Counts, Name
from dashboard.exports.ledger import Names, Path, Summary, nested
from dashboard.exports.quantities import Phases, Quantities, Quantity
from dashboard.exports.shown import Pattern
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.scope import Scope
from data_models.questions.overlap import course_profiles

if TYPE_CHECKING:
    from dashboard.exports.apart import Flags

MOST_COHORTS = 20  # different ones, of earlier files, that are joined into one system
MOST_CROSSED = 32  # sets that cuts by several keys, crossed, make
MOST_COUNTS = 15_000  # in such a system: beyond, it would take minutes
_APART: Mapping[bool, frozenset[str]] = {
    # Keys whose groups share members: courses (False), patients (True).
    False: frozenset({"condition"}),
    True: frozenset({"condition", "drug", "route"}),
}

Block = tuple[tuple[str, ...], tuple[int, ...]]  # its name, and the sets of courses that are cut beside the cohorts
Variant = tuple[Phases, float]  # of what stands at a path: phases of its sessions, least hours since one
_TOP: Block = ((), ())


class TooMany(ValueError):
    """More earlier files than can be compared count by count."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier file of the same records.

    Attributes
    ----------
    selection : its filters, and what it is grouped by.
    same_rules : it was made under the rules of the new one.
    pattern : which of its counts are printed.
    """

    selection: Selection
    same_rules: bool
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class _Part:
    """The whole cohort or a group of a file: where its courses stand, its filters, and the key that it is cut by."""

    place: int
    cohort: CohortFilter
    phases: Phases
    key: str | None = None


class Together:
    """Earlier files beside a new one, of `selection`; `quantities`: under the new one's instrument and rules."""

    def __init__(self, crowd: Crowd, quantities: Quantities, selection: Selection, made: Sequence[Earlier]) -> None:
        self.crowd, self.quantities, self.selection, self.made = crowd, quantities, selection, made
        self.masks: list[Flags] = []
        self._places: dict[bytes, int] = {}
        self.whole = list(
            dict.fromkeys(self._place(crowd.courses(of.cohort)) for of in (selection, *(m.selection for m in made)))
        )
        if len(self.whole) > MOST_COHORTS:
            raise TooMany

    def tie(
        self,
        counts: Counts,
        names: Names,
        paths: Mapping[str | None, Sequence[Path]],
        parts: Mapping[str | None, Summary],
    ) -> set[Name]:
        """Add to the new file's counts what the earlier ones say of them. Returns the names of what is known.

        Raises
        ------
        TooMany : that is more than can be worked out.
        """
        own = {group: part for group, part in self._parts(self.selection).items() if group in parts}
        tied: dict[Name, tuple[_Part, Quantity]] = {}
        variants: dict[Path, dict[Variant, Quantity]] = {}
        for group, part in own.items():
            for path in paths[group]:
                tied.setdefault(names.key(group, path), (part, self._quantity(path, part, variants)))
        # A count of one set of courses stands once, however many files print it.
        cells: dict[tuple[int, Quantity], list[Name]] = {}
        for name, (part, quantity) in tied.items():
            cells.setdefault((part.place, quantity), []).append(name)
        wanted = {quantity for _, quantity in tied.values()}
        known: set[Name] = set()
        for other in self.made:
            for part, path in self._printed(other, paths[None]):
                quantity = self._quantity(path, part, variants)
                if quantity not in wanted and not quantity.of_sessions and not Quantities.by_hours(path):
                    continue
                cell = part.place, quantity
                if cell not in cells:
                    name = ("earlier", *cell)
                    cells[cell], tied[name] = [name], (part, quantity)
                    counts.add(name, self.quantities.count(quantity, self.masks[part.place]), numbers=0)
                known.update(cells[cell])
        pairs = self._pairs(names, parts[None], own.values(), variants)
        _System(self, counts, tied).enter(pairs)
        return known

    # --- the files' parts --------------------------------------------------------------------------

    def _parts(self, selection: Selection) -> dict[str | None, _Part]:
        """The whole, then the groups."""
        cohort = selection.cohort
        found: dict[str | None, _Part] = {None: _Part(self._place(self.crowd.courses(cohort)), cohort, cohort["phase"])}
        for value, mask in self.crowd.groups(selection).items():
            if selection.by == "phase":
                found[value] = _Part(found[None].place, cohort, (value,))
            else:
                found[value] = _Part(self._place(mask), cohort, cohort["phase"], selection.by)
        return found

    def _place(self, mask: Flags) -> int:
        place = self._places.setdefault(mask.tobytes(), len(self.masks))
        if place == len(self.masks):
            self.masks.append(mask)
        return place

    def _printed(self, other: Earlier, paths: Sequence[Path]) -> Iterable[tuple[_Part, Path]]:
        """What an earlier file prints of what the new one counts, too."""
        parts = self._parts(other.selection)

        def comparable(path: Path, part: _Part) -> bool:
            if not other.same_rules and not Quantities.whatever_the_rules(path, part.phases):
                return False
            return self.quantities.of(path, part.cohort, part.phases) is not None

        def small(group: str | None, path: Path) -> bool:
            quantity = self.quantities.of(path, parts[group].cohort, parts[group].phases)
            return quantity is None or (
                1 <= self.quantities.count(quantity, self.masks[parts[group].place]) < other.pattern.least
            )

        for group, path in other.pattern.printed(list(parts), paths, small):
            if comparable(path, parts[group]):
                yield parts[group], path

    def _quantity(self, path: Path, part: _Part, variants: dict[Path, dict[Variant, Quantity]]) -> Quantity:
        found = self.quantities.of(path, part.cohort, part.phases)
        assert found is not None
        hours = part.cohort.min_hours_since_session or 0.0
        variants.setdefault(path, {})[part.phases if found.of_sessions else (), hours] = found
        return found

    def _pairs(
        self,
        names: Names,
        summary: Summary,
        own: Iterable[_Part],
        variants: Mapping[Path, Mapping[Variant, Quantity]],
    ) -> list[tuple[Quantity, list[Quantity]]]:
        """Counts, and others that count different parts of them in every set of courses."""
        found: dict[tuple[Quantity, ...], None] = {}
        for part in {of.phases: of for of in own}.values():
            for large, some in nested(summary):
                pair = [self.quantities.of(names.of(path), part.cohort, part.phases) for path in (large, some)]
                if pair[0] is not None and pair[1] is not None and pair[0] != pair[1]:
                    found[pair[0], pair[1]] = None
        for of_path in variants.values():
            for (phases, hours), of in of_path.items():
                inner = {
                    variant: other
                    for variant, other in of_path.items()
                    if other != of and variant[1] >= hours and (set(variant[0]) <= set(phases) if phases else True)
                }
                for other in inner.values():
                    found[of, other] = None
                # Sessions of different phases add up; their patients do not.
                single = [other for (its, its_hours), other in inner.items() if len(its) == 1 and its_hours == hours]
                if not of.of_patients and len(single) > 1 and all(len(its) < 2 for its, _ in inner):
                    found[(of, *single)] = None
        return [(large, list(some)) for large, *some in found]


def beside(
    connection: Connection, selection: Selection, made: Sequence[Earlier], rules: OutcomeRules
) -> Together | None:
    """The earlier files beside a new one; None where there are none. All records count, whoever asks."""
    if not made:
        return None
    crowd = Crowd(course_profiles(connection, Scope.everything()))
    return Together(crowd, Quantities(connection, crowd, selection.cohort.instrument, rules), selection, made)


class _System:
    """The sets that the files cut out, and how their counts add up."""

    def __init__(self, files: Together, counts: Counts, tied: Mapping[Name, tuple[_Part, Quantity]]) -> None:
        self.files, self.counts, self.tied = files, counts, tied
        self.closed = all(files.crowd.holds_whole_patients(mask) for mask in files.masks)
        places: dict[str, dict[int, None]] = {}
        for part, _ in tied.values():
            if part.key is not None and part.place not in files.whole:
                places.setdefault(part.key, {})[part.place] = None
        self._cuts: dict[Block, tuple[Flags, Flags]] = {}
        self._blocks = {patients: self._crossed(places, _APART[patients]) for patients in (False, True)}
        self._sets: dict[tuple[Block, Quantity], dict[Any, Name]] = {}

    def _crossed(self, places: Mapping[str, Iterable[int]], apart: frozenset[str]) -> list[Block]:
        """The cuts by each key: crossed while they are few, the new file's first; where groups share, each by itself.

        Crossed, a count of the women of a clinic is protected, too, where one file has clinics and another one sexes.
        """
        found: list[Block] = [((key, str(i)), (i,)) for key in places if key in apart for i in places[key]]
        crossed: Block = _TOP
        for key in places:
            if key in apart:
                continue
            wider: Block = (*crossed[0], key), (*crossed[1], *places[key])
            if crossed != _TOP and len(self._cut(wider)[0]) > MOST_CROSSED:
                found.append(crossed)
                wider = (key,), tuple(places[key])
            crossed = wider
        return found if crossed == _TOP else [*found, crossed]

    def enter(self, pairs: Iterable[tuple[Quantity, Sequence[Quantity]]]) -> None:
        """Add the sets' counts and every sum that they stand in."""
        quantities = dict.fromkeys(quantity for _, quantity in self.tied.values())
        for quantity in quantities:
            top = self._of(_TOP, quantity)
            for block in self._of_keys(quantity):
                finer: dict[Any, list[Name]] = {}
                for (cohorts, _), name in self._of(block, quantity).items():
                    finer.setdefault(cohorts, []).append(name)
                for (cohorts, _), name in top.items():
                    self.counts.total(name, finer[cohorts])
            if len(self.counts.values) > MOST_COUNTS:
                raise TooMany
        for name, (part, quantity) in self.tied.items():
            self.counts.total(name, self._sets_of(part, quantity))
        for large, some in pairs:
            if quantities.keys() >= {large, *some}:
                self._nest(large, some)

    def _sets_of(self, part: _Part, quantity: Quantity) -> list[Name]:
        """The sets that a part of a file is made of."""
        whole = self.files.whole
        if part.place in whole:
            at = whole.index(part.place)
            return [name for (cohorts, _), name in self._of(_TOP, quantity).items() if cohorts[at]]
        block = next(block for block in self._of_keys(quantity) if part.place in block[1])
        at = block[1].index(part.place)
        return [name for (_, groups), name in self._of(block, quantity).items() if groups[at]]

    def _nest(self, large: Quantity, some: Sequence[Quantity]) -> None:
        """Within each set some counts are parts of others. (A patient's courses may lie in different sets.)"""
        every = [large, *some]
        if not self.closed and any(quantity.of_patients for quantity in every):
            return
        shared = [block for block in self._of_keys(large) if all(block in self._of_keys(other) for other in some)]
        for block in (_TOP, *shared):
            tables = [self._of(block, quantity) for quantity in every]
            for pattern, name in tables[0].items():
                parts = [table[pattern] for table in tables[1:] if pattern in table]
                if parts:
                    self.counts.total(name, parts, ("beyond", name, *parts))

    def _of_keys(self, quantity: Quantity) -> list[Block]:
        return self._blocks[quantity.of_patients]

    def _of(self, block: Block, quantity: Quantity) -> dict[Any, Name]:
        """The sets of a block: which cohorts and which groups hold it -> the name of its count, now added."""
        import numpy as np

        if (block, quantity) in self._sets:
            return self._sets[block, quantity]
        crowd = self.files.crowd
        if not quantity.of_patients:
            patterns, number = self._cut(block)
            totals = np.bincount(number, quantity.values, len(patterns))
        elif self.closed:
            patterns, number = self._cut(block)
            has = crowd.flags_of_patients(quantity.values)
            totals = np.bincount(number[crowd.first_rows], has, len(patterns))
        else:
            masks = [self.files.masks[place] for place in (*self.files.whole, *block[1])]
            columns = [crowd.flags_of_patients(mask & quantity.values) for mask in masks]
            patterns, number = _patterns(np.column_stack(columns))
            totals = np.bincount(number, minlength=len(patterns))
        found: dict[Any, Name] = {}
        cohorts = len(self.files.whole)
        for bits, total in zip(patterns.tolist(), totals.tolist(), strict=True):
            if any(bits[:cohorts]):
                pattern = tuple(bits[:cohorts]), tuple(bits[cohorts:])
                name = found[pattern] = ("set", block[0], pattern, quantity)
                self.counts.add(name, total, shown=False, numbers=0)
        self._sets[block, quantity] = found
        return found

    def _cut(self, block: Block) -> tuple[Flags, Flags]:
        import numpy as np

        if block not in self._cuts:
            places = (*self.files.whole, *block[1])
            self._cuts[block] = _patterns(np.column_stack([self.files.masks[place] for place in places]))
        return self._cuts[block]


def _patterns(rows: Flags) -> tuple[Flags, Flags]:
    """The different rows of flags, and which of them each row is."""
    import numpy as np

    packed = np.ascontiguousarray(np.packbits(rows, axis=1))
    _, first, number = np.unique(packed.view(f"V{packed.shape[1]}").ravel(), return_index=True, return_inverse=True)
    return rows[first], number.ravel()
