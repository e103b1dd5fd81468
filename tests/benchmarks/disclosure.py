"""Attack on what is made of rounded counts: how many values can a count from 1 to 10 still have?

Random clinics, and what an outsider collects of them: one release (a cohort, whole or by groups), two, three (nested,
overlapping, complements), or a walk through every page of an administrator by age band, year and diagnosis. The
attacker knows the rule. The courses are cut into the finest sets that the releases tell apart; each count of such a
set is an unknown whole number, each number shown an interval of their sum. Linear and integer programs then ask what
each count from 1 to 10 can be: of every cohort and group, shown or not, and of what one has beyond another.

Twice: count by count, and with all counts together (responders are some of the evaluable, ...). Beside it the same
attack on exact counts, which must break them all; on rounded ones in which zero is shown of selections, too; and
curves, shares of which the interval is solved for its whole numbers, and bars.

    python tests/benchmarks/disclosure.py [releases [pairs [triples [walks]]]]
"""

from __future__ import annotations

import functools
import itertools
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from dashboard.exports import rounding

Mask = NDArray[np.bool_]
Shown = Callable[[int, bool], int | None]  # of a count, and whether it is of everybody: what is shown
SMALL = range(1, 11)
FEWEST = 5  # possible values that a count should have left
LARGEST = 5000
TERMS = ("nausea", "headache")
# (some, all): each counts some of the courses, or occurrences, that the other counts.
WITHIN = (
    ("patients", "courses"), ("baseline", "courses"), ("evaluable", "baseline"), ("scored", "evaluable"),
    ("response", "evaluable"), ("response_end", "scored"), ("remission_end", "response_end"), ("worse", "evaluable"),
    ("lost", "response_end"), ("asked", "patients"), *((f"had_{term}", "asked") for term in TERMS),
    *((f"times_{term}", "sessions") for term in TERMS),
)  # fmt: skip
APART = (("response", "worse", "evaluable"),)  # (one, another, all): what is in one is not in the other
KEYS = {"clinic": 5, "sex": 2, "age_band": 4, "year": 3, "diagnosis": 3}


def rounded(exact: int, everybody: bool) -> int | None:
    """The product's rule."""
    return rounding.count(exact, zero=everybody)


def rounded_with_zeros(exact: int, everybody: bool) -> int | None:
    """The rule if zero were shown of selections, too."""
    return rounding.count(exact)


def exactly(exact: int, everybody: bool) -> int | None:
    """No protection but that counts from 1 to 10 are hidden."""
    return None if exact in SMALL else exact


@functools.cache
def _ranges(shown: Shown, everybody: bool) -> dict[int | None, tuple[int, int]]:
    """What is shown -> the smallest and the largest count that are shown so."""
    found: dict[int | None, tuple[int, int]] = {}
    for exact in range(LARGEST):
        said = shown(exact, everybody)
        found[said] = (min(exact, found.get(said, (exact, 0))[0]), exact)
    return found


# --- random clinics ----------------------------------------------------------------------------


@dataclass
class Clinic:
    """Courses: their values of each key, shape (courses,), and what each adds to each count."""

    values: dict[str, NDArray[np.int64]]
    counts: dict[str, NDArray[np.int64]]

    @property
    def size(self) -> int:
        return len(self.counts["courses"])


def clinic(rng: np.random.Generator) -> Clinic:
    """Random courses, some groups of them small."""
    size = int(np.exp(rng.uniform(3.5, 7)))
    values = {
        key: rng.choice(n, size, p=rng.dirichlet(np.arange(n, 0, -1.0)))
        for key, of in KEYS.items()
        for n in [int(rng.integers(2, of + 1))]
    }

    def some(of: Any, share: float) -> Mask:
        return of & (rng.random(size) < share)

    everyone = np.ones(size, dtype=bool)
    of: dict[str, Any] = {"courses": everyone, "patients": some(everyone, rng.choice([0.95, 1.0]))}
    of["baseline"] = some(everyone, rng.uniform(0.5, 1))
    of["evaluable"] = some(of["baseline"], rng.uniform(0.6, 1))
    of["scored"] = some(of["evaluable"], rng.uniform(0.5, 1))
    of["response"] = some(of["evaluable"], rng.uniform(0.1, 0.9))
    of["worse"] = some(of["evaluable"] & ~of["response"], 0.1)
    of["response_end"] = some(of["scored"], rng.uniform(0.1, 0.9))
    of["remission_end"] = some(of["response_end"], rng.uniform(0.1, 0.9))
    of["lost"] = some(of["response_end"], 0.4)
    of["asked"] = some(of["patients"], rng.uniform(0.5, 1))
    of["sessions"] = rng.integers(1, 9, size) * of["asked"]
    for term in TERMS:
        of[f"times_{term}"] = rng.binomial(of["sessions"], rng.uniform(0.005, 0.4))
        of[f"had_{term}"] = of[f"times_{term}"] > 0
    return Clinic(values, {name: np.asarray(flag, dtype=np.int64) for name, flag in of.items()})


# --- what is released --------------------------------------------------------------------------


@dataclass
class View:
    """One cohort of which figures are shown; `whole`: nothing is filtered."""

    mask: Mask
    whole: bool = False


def where(of: Clinic, chosen: dict[str, Sequence[int]]) -> Mask:
    """The courses that filters leave."""
    kept = np.ones(of.size, dtype=bool)
    for key, values in chosen.items():
        kept &= np.isin(of.values[key], values)
    return kept


def release(of: Clinic, chosen: dict[str, Sequence[int]], by: str | None) -> list[View]:
    """A file or page: the cohort, and its groups of enough patients."""
    views = [View(where(of, chosen), whole=not chosen)]
    if by is not None:
        groups = (views[0].mask & (of.values[by] == value) for value in np.unique(of.values[by]))
        views += [View(mask) for mask in groups if of.counts["patients"][mask].sum() >= rounding.LEAST]
    return views


def selection(of: Clinic, rng: np.random.Generator) -> tuple[dict[str, Sequence[int]], str | None]:
    """Random filters and a grouping."""
    chosen: dict[str, Sequence[int]] = {}
    for key in rng.permutation(list(KEYS))[: int(rng.integers(0, 3))]:
        present = np.unique(of.values[key])
        chosen[str(key)] = rng.choice(present, int(rng.integers(1, len(present) + 1)), replace=False).tolist()
    return chosen, str(rng.choice(list(KEYS))) if rng.random() < 0.6 else None


def near(
    of: Clinic, rng: np.random.Generator, chosen: dict[str, Sequence[int]], by: str | None
) -> tuple[dict[str, Sequence[int]], str | None]:
    """A selection that differs from another by one filter: some of it, more than it, or the rest."""
    key = str(rng.choice(list(KEYS)))
    present = np.unique(of.values[key])
    if key in chosen and rng.random() < 0.5:
        rest = [value for value in present.tolist() if value not in chosen[key]]
        other = {k: v for k, v in chosen.items() if k != key} | ({key: rest} if rest else {})
    else:
        other = chosen | {key: rng.choice(present, max(1, len(present) - 1), replace=False).tolist()}
    return other, by if rng.random() < 0.5 else None


def releases(seed: int, number: int) -> tuple[Clinic, list[View]]:
    """So many releases of one random clinic, each near the one before."""
    rng = np.random.default_rng(seed)
    of = clinic(rng)
    chosen, by = selection(of, rng)
    views = release(of, chosen, by)
    for _ in range(number - 1):
        chosen, by = near(of, rng, chosen, by)
        views += release(of, chosen, by)
    return of, views


def walk(seed: int, keys: Sequence[str] = ("age_band", "year", "diagnosis")) -> tuple[Clinic, list[View]]:
    """Every page that one comes to by choosing a value of none, some or all of the keys."""
    of = clinic(np.random.default_rng(seed))
    steps = [[None, *np.unique(of.values[key]).tolist()] for key in keys]
    views = []
    for values in itertools.product(*steps):
        chosen = {key: [value] for key, value in zip(keys, values, strict=True) if value is not None}
        views.append(View(where(of, chosen), whole=not chosen))
    return of, views


# --- the attack --------------------------------------------------------------------------------


@dataclass
class Found:
    """Counts from 1 to 10, and how many of them have how many possible values."""

    counts: int = 0
    left: Counter[int] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def add(self, other: Found) -> None:
        self.counts += other.counts
        self.left += other.left
        self.examples += other.examples[:3]

    @property
    def single(self) -> int:
        return self.left[1]

    @property
    def few(self) -> int:
        return sum(n for values, n in self.left.items() if values < FEWEST)


def attack(of: Clinic, views: Sequence[View], shown: Shown = rounded, *, together: bool = False) -> Found:
    """How far the counts from 1 to 10 are narrowed; `together`: by all counts at once, else by each alone."""
    views = list({view.mask.tobytes(): view for view in views if view.mask.any()}.values())
    if not views:
        return Found()
    patterns, atom = np.unique(np.column_stack([view.mask for view in views]), axis=0, return_inverse=True)
    inside = patterns.any(axis=1)
    patterns, atoms = patterns[inside], np.flatnonzero(inside)
    values = {name: np.array([int(each[atom.ravel() == i].sum()) for i in atoms]) for name, each in of.counts.items()}
    targets = _targets(views, patterns)
    names = list(values)
    groups = [names] if together else [[name] for name in names]
    found = Found()
    for group in groups:
        found.add(_attacked({name: values[name] for name in group}, patterns, views, targets, shown))
    return found


def _targets(views: Sequence[View], patterns: Mask) -> list[Mask]:
    """The sets of courses whose counts are asked for: each cohort, and what one has beyond another."""
    columns = [patterns[:, i] for i in range(len(views))]
    beyond = [a & ~b for a, b in itertools.permutations(columns, 2)] if len(columns) < 40 else []
    return list(
        {one.tobytes(): one for one in [*columns, *beyond, *np.eye(len(patterns), dtype=bool)] if one.any()}.values()
    )


def _attacked(
    values: dict[str, NDArray[np.int64]], patterns: Mask, views: Sequence[View], targets: Sequence[Mask], shown: Shown
) -> Found:
    size, place = len(patterns), {name: i for i, name in enumerate(values)}
    rows, low, high = [], [], []

    def says(row: NDArray[np.float64], least: float, most: float) -> None:
        rows.append(row)
        low.append(least)
        high.append(most)

    def over(name: str, atoms: Mask, sign: float = 1.0) -> NDArray[np.float64]:
        row = np.zeros(size * len(values))
        row[place[name] * size : (place[name] + 1) * size] = sign * atoms
        return row

    for i, view in enumerate(views):
        for name, of in values.items():
            said = shown(int(of[patterns[:, i]].sum()), view.whole)
            says(over(name, patterns[:, i]), *_ranges(shown, view.whole)[said])
    for atom in np.eye(size, dtype=bool):
        for some, every in WITHIN:
            if some in values and every in values:
                says(over(every, atom) + over(some, atom, -1.0), 0, np.inf)
        for one, other, every in APART:
            if one in values and other in values and every in values:
                says(over(every, atom) + over(one, atom, -1.0) + over(other, atom, -1.0), 0, np.inf)
    program = Program(np.array(rows), np.array(low), np.array(high))
    found = Found()
    for name, of in values.items():
        for atoms in targets:
            true = int(of[atoms].sum())
            if true in SMALL:
                possible = program.possible(over(name, atoms), true)
                found.counts += 1
                found.left[possible] += 1
                if possible < FEWEST:
                    found.examples.append(f"{name} = {true}: {possible} possible values")
    return found


@dataclass
class Program:
    """What is known of whole numbers of 0 or more: the least and the most of sums of them."""

    rows: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    seen: list[NDArray[np.float64]] = field(default_factory=list)

    def possible(self, goal: NDArray[np.float64], true: int) -> int:
        """How many values the sum can have, `FEWEST` at most: its range by linear, each value by integer programs."""
        known = {round(float(goal @ x)) for x in self.seen} | {true}
        if len(known) >= FEWEST:
            return FEWEST
        least, most = self._end(goal, 1.0), self._end(goal, -1.0)
        for value in range(least, min(most, least + 20) + 1):
            if len(known) >= FEWEST:
                break
            if value not in known and self._fits(goal, value):
                known.add(value)
        return min(len(known), FEWEST)

    def _end(self, goal: NDArray[np.float64], sign: float) -> int:
        bounded = LinearConstraint(self.rows, self.low, self.high)
        found = milp(sign * goal, constraints=bounded, bounds=Bounds(0, LARGEST))
        assert found.x is not None, "the releases contradict each other"
        end = float(goal @ found.x)
        return int(np.ceil(end - 1e-6)) if sign > 0 else int(np.floor(end + 1e-6))

    def _fits(self, goal: NDArray[np.float64], value: int) -> bool:
        bounded = LinearConstraint(
            np.vstack([self.rows, goal]), np.append(self.low, value), np.append(self.high, value)
        )
        found = milp(
            np.zeros(len(goal)), constraints=bounded, integrality=np.ones(len(goal)), bounds=Bounds(0, LARGEST)
        )
        if found.x is None:
            return False
        self.seen = [*self.seen[-30:], np.round(found.x)]
        return True


# --- curves, and intervals solved for whole numbers ---------------------------------------------


def curves(seed: int) -> Found:
    """Two Kaplan-Meier curves, of a cohort and of some of it: the events by each day of those in between."""
    from data_models.outcomes.survival import kaplan_meier

    rng = np.random.default_rng(seed)
    size = int(rng.integers(30, 300))
    days, events = rng.exponential(20, size).round(2), rng.random(size) < rng.uniform(0.3, 1)
    inside = np.ones(size, dtype=bool)
    inside[rng.permutation(size)[: int(rng.integers(1, 25))]] = False
    every = np.arange(1, int(days.max()) + 2)
    least, most = [], []
    for chosen in (np.ones(size, dtype=bool), inside):
        shown = rounding.survival(kaplan_meier(days[chosen], events[chosen]), zero=False)
        said = np.concatenate(([0.0], np.cumsum(shown.events)))[np.searchsorted(shown.times, every, side="right")]
        exact = np.arange(size + 1.0)
        of = rounding.cumulative(exact)
        ranges = {value: (exact[of == value].min(), exact[of == value].max()) for value in np.unique(of)}
        least.append(np.array([ranges[value][0] for value in said]))
        # After the last row a curve says no more.
        ended = every >= (shown.times[-1] if shown.times.size else 0)
        most.append(np.where(ended, size, [ranges[value][1] for value in said]))
    low = np.maximum.accumulate(np.maximum(least[0] - most[1], 0))
    high = np.minimum.accumulate((most[0] - least[1])[::-1])[::-1]
    true = np.array([np.sum(events & ~inside & (days <= day)) for day in every])
    found = Found()
    for place in np.flatnonzero((true >= 1) & (true <= 10)):
        found.counts += 1
        found.left[min(int(high[place] - low[place]) + 1, FEWEST)] += 1
    return found


def shares(seed: int) -> Found:
    """A clustered rate with its interval, solved for all whole numbers that give it: with the event, and without."""
    from data_models.outcomes.proportions import PatientSums, Proportion, clustered, wilson_bounds

    rng = np.random.default_rng(seed)
    sessions = rng.integers(1, 9, int(rng.integers(4, 40)))
    times = rng.binomial(sessions, rng.beta(0.5, 0.5, len(sessions)))
    x, n = times.astype(float), sessions.astype(float)
    sums = PatientSums(
        len(n), x.sum(), n.sum(), x @ x, x @ n, n @ n, float((times > 0).sum()), float((times < sessions).sum())
    )
    exact = clustered(sums)
    shown = rounding.proportion(exact, zero=False)
    possible: set[tuple[int, int]] = set()
    for whole in range(max(0, round(n.sum()) - 12), round(n.sum()) + 13):
        for events in range(whole + 1):
            for effect in rounding.DESIGN_EFFECTS:
                low, high = wilson_bounds(events / whole, whole / effect, 1.96) if whole else (None, None)
                tried = Proportion(events, whole, events / whole if whole else None, low, high, "clustered")
                made = rounding.proportion(tried, zero=False)
                if (made.events, made.n, made.share, made.low) == (shown.events, shown.n, shown.share, shown.low):
                    possible.add((events, whole - events))
    found = Found()
    for place, true in enumerate((round(x.sum()), round(n.sum() - x.sum()))):
        if true in SMALL and shown.n is not None:
            found.counts += 1
            found.left[min(len({one[place] for one in possible}), FEWEST)] += 1
    return found


# --- the benchmark -----------------------------------------------------------------------------


def run(name: str, make: Callable[[int], Found], number: int) -> tuple[int, int]:
    """Print how many of them give a count away; of how many a count has one value, and fewer than five."""
    began, total, single, few = time.perf_counter(), Found(), 0, 0
    for seed in range(number):
        found = make(seed)
        total.add(found)
        single, few = single + bool(found.single), few + bool(found.few)
        for line in found.examples[:1] if found.single else []:
            print(f"  {name} {seed}: {line}", flush=True)
    fewest = min(total.left, default=FEWEST)
    print(
        f"{name}: {number:,} with {total.counts:,} counts from 1 to 10; determined: {total.single:,} in {single:,}; "
        f"fewer than {FEWEST} possible values: {total.few:,} in {few:,} (the fewest {fewest}); "
        f"{time.perf_counter() - began:.0f} s",
        flush=True,
    )
    return single, few


def attacks(releases_: int, pairs: int, triples: int, walks: int) -> Iterator[tuple[str, Callable[[int], Found], int]]:
    """Each attack: its name, what makes and attacks one, how many."""
    for number, of, name in ((1, releases_, "releases"), (2, pairs, "pairs"), (3, triples, "triples")):
        yield f"{name}, count by count", lambda seed, n=number: attack(*releases(seed, n)), of
        yield (
            f"{name}, all counts together",
            lambda seed, n=number: attack(*releases(seed, n), together=True),
            min(of, 1000),
        )
    yield "walks, count by count", lambda seed: attack(*walk(seed)), walks
    yield "pairs of curves", curves, pairs
    yield "intervals solved", shares, releases_
    yield (
        "pairs if zero were shown of selections",
        lambda seed: attack(*releases(seed, 2), rounded_with_zeros),
        min(pairs, 1000),
    )
    yield "control: exact counts", lambda seed: attack(*releases(seed, 2), exactly), min(pairs, 100)


def main(releases_: int = 1000, pairs: int = 10_000, triples: int = 1000, walks: int = 100) -> None:
    """Print a line an attack."""
    for name, make, number in attacks(releases_, pairs, triples, walks):
        run(name, make, number)


if __name__ == "__main__":
    main(*(int(text) for text in sys.argv[1:]))
