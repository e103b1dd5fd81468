"""Attack on files taken together, count by count: a linear program over every number of all of them.

The files are of one random store: two random selections, or all of it, one clinic and another one in any order,
each whole or grouped. Each is protected beside the earlier ones; some are refused, as the product would. The attacker
cuts the courses into the finest sets that the files' cohorts and groups tell apart, takes every count of each
set for unknown, adds up what the files show, and asks how large each count from 1 to 10 can be: of every cohort and
group, of what one has beyond another, of each set, and every difference of two counts of these. The account of
what adds up is the attacker's own (disclosure.py).

    python tests/benchmarks/release_sums.py [pairs [triples [the first one's number]]]
"""

from __future__ import annotations

import itertools
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dashboard.exports.apart import Crowd, Selection, isolates
from dashboard.exports.fewest import Impossible
from dashboard.exports.protected import protect
from dashboard.exports.quantities import Quantity
from dashboard.exports.shown import Pattern
from dashboard.exports.together import Earlier, Together
from data_models.definitions.filters import CohortFilter

sys.path.insert(0, str(Path(__file__).resolve().parent))
import disclosure

LEAST = disclosure.LEAST
CLINICS, SEXES = ("north", "south", "east"), ("female", "male")
NOTHING = (np.zeros(0), np.zeros(0), np.zeros(0, dtype=int), np.zeros(0))
PER_STORE = 25  # pairs from the same store
# Where disclosure.py keeps what each path counts.
FLAGS = {
    ("cohort", "patients"): "first", ("cohort", "with_baseline"): "baseline", ("cohort", "evaluable"): "evaluable",
    ("cohort", "end_of_induction_scored"): "scored", ("attrition", "early_stop", "events"): "stopped",
    ("side_effects", "patients_asked"): "asked", ("side_effects", "sessions_asked"): "sessions",
    ("onset", "kaplan_meier", "events"): "response_ever", ("onset", "sessions_kaplan_meier", "events"): "response_ever",
    ("onset", "kaplan_meier", "n"): "evaluable", ("onset", "sessions_kaplan_meier", "n"): "evaluable",
    ("duration", "kaplan_meier", "n"): "response_ever", ("duration", "kaplan_meier", "events"): "lost",
    ("durability", "kaplan_meier", "n"): "response_end", ("durability", "kaplan_meier", "events"): "lost_after",
}  # fmt: skip
_WAYS = {"end_of_induction": ("end", "scored"), "end_of_induction_all_treated": ("end", None)}


def flag_of(path: tuple[Any, ...]) -> str | None:
    """The flag that a path of a summary sums up; None: all courses."""
    if path in FLAGS:
        return FLAGS[path]
    if path[0] in ("response", "remission", "worse"):
        end, n = _WAYS.get(path[1], (path[1], "evaluable"))
        return n if path[2] == "n" else f"{path[0]}_{end}"
    if path[0] == "side_effects" and path[1] == "vitals":
        return "sessions" if path[-1] == "n" else "high"
    if path[0] == "side_effects":
        per = {"per_patient": ("asked", "had"), "per_session": ("sessions", "times")}[path[1]]
        return per[0] if path[-1] == "n" else f"{per[1]}_{disclosure.TERMS[path[2]]}"
    return None


class Flags:
    """The product's `Quantities`, on a random store."""

    def __init__(self, of: dict[str, np.ndarray]) -> None:
        self.found: dict[str | None, Quantity] = {}
        for name, values in {None: np.ones(len(of["first"]), dtype=int), **of}.items():
            whole = values.astype(np.int64)
            self.found[name] = Quantity(False, whole.tobytes(), whole)

    def of(self, path: tuple[Any, ...], *_: Any) -> Quantity:
        return self.found[flag_of(path)]

    def count(self, of: Quantity, courses: np.ndarray) -> int:
        return int(of.values[courses].sum())


@dataclass
class File:
    """A released file: the courses of each part, and what it shows of them."""

    masks: dict[str | None, np.ndarray]
    shown: dict[str | None, dict[str, Any]]


@dataclass
class Releases:
    """Files of one random store, each made beside those before it."""

    frame: pd.DataFrame
    of: dict[str, np.ndarray]
    files: list[File] = field(default_factory=list)
    made: list[Earlier] = field(default_factory=list)
    refused: int = 0
    further: int = 0
    apart: bool = True  # whether each file is protected by itself alone, to compare with

    def take(self, selection: Selection, *, alone: bool = False) -> None:
        """Make a file if the product would; `alone`: without a look at the earlier ones' counts."""
        crowd = Crowd(self.frame)
        mine = crowd.family(selection, LEAST)
        if any(isolates(mine, crowd.family(other.selection, LEAST), LEAST) for other in self.made):
            self.refused += 1
            return
        masks: dict[str | None, np.ndarray] = {None: crowd.courses(selection.cohort), **crowd.groups(selection)}
        parts = {group: disclosure.summary(self.of, mask) for group, mask in masks.items()}
        flags: Any = Flags(self.of)
        beside = None if alone or not self.made else Together(crowd, flags, selection, self.made)
        try:
            shown, (_, further) = protect(parts, selection.by, LEAST, dict.fromkeys(parts, NOTHING), beside)
        except Impossible:
            self.refused += 1
            return
        self.further += further
        self.files.append(File(masks, shown))
        self.made.append(Earlier(selection, True, Pattern.of(shown, LEAST)))


def store(rng: np.random.Generator) -> Releases:
    """A random store of three clinics, some of them small."""
    size = int(np.exp(rng.uniform(4, 7)))
    frame = pd.DataFrame({"patient_id": np.arange(size)})
    for key, values in (("clinic", CLINICS), ("sex", SEXES)):
        frame[key] = rng.choice(values, size, p=rng.dirichlet(np.arange(len(values), 0, -1.0)))
    for key in ("drug", "route", "diagnosis", "condition", "age_band", "first_session_year"):
        frame[key] = "x"
    return Releases(frame, disclosure.flags(rng, size))


def selection(rng: np.random.Generator) -> Selection:
    """Random filters on clinic and sex, and a grouping."""
    chosen = {
        key: tuple(str(v) for v in rng.choice(values, int(rng.integers(1, len(values) + 1)), replace=False))
        for key, values in (("clinic", CLINICS), ("sex", SEXES))
        if rng.random() < 0.5
    }
    by = str(rng.choice(["clinic", "sex"])) if rng.random() < 0.5 else None
    return Selection(CohortFilter(**chosen), by)


def attack(made: Releases) -> list[str]:
    """The counts that the files together give away."""
    masks = list({m.tobytes(): m for file in made.files for m in file.masks.values()}.values())
    patterns, atom = np.unique(np.column_stack(masks), axis=0, return_inverse=True)
    atom = atom.ravel()
    alone = [{None: disclosure.summary(made.of, atom == i)} for i in range(len(patterns))]
    values = [{name[1:]: value for name, value in disclosure.numbers(of)} for of in alone]
    paths = list(values[0])
    same, within = disclosure.known(None, alone[0][None])
    first = {path: path for path in paths}
    for a, b in same:  # what is equal is one count
        one, other = first[a[1:]], first[b[1:]]
        first = {path: one if of == other else of for path, of in first.items()}
    column = {path: i for i, path in enumerate(dict.fromkeys(first.values()))}
    size = len(column)
    truth = np.array([[of[path] for path in column] for of in values], dtype=float).ravel()
    pairs = {(column[first[a[1:]]], column[first[b[1:]]]) for a, b in within}
    pairs = {(a, b) for a, b in pairs if a != b}
    limits = [(0.0, disclosure.INFINITE)] * len(truth)
    equal: list[dict[int, float]] = []
    slack = [{i * size + b: 1.0, i * size + a: -1.0} for i in range(len(patterns)) for a, b in pairs]
    fixed: dict[tuple[bytes, int], None] = {}
    for file in made.files:
        for group, mask in file.masks.items():
            inside = np.unique(atom[mask])
            for name, value in disclosure.numbers({None: file.shown[group]}):
                place = column[first[name[1:]]]
                if not isinstance(value, str) and (mask.tobytes(), place) not in fixed:
                    fixed[mask.tobytes(), place] = None
                    equal.append({len(limits): 1.0} | {int(i) * size + place: -1.0 for i in inside})
                    limits.append((value, value))
    program = disclosure.Program(limits, equal, slack)
    goals, texts = [], []
    for text, inside in populations(made, masks, patterns).items():
        for i in range(size):
            row = np.zeros(len(truth))
            row[inside * size + i] = 1.0
            goals.append(row)
            texts.append(f"{text}: {list(column)[i]}")
        for a, b in pairs:
            row = np.zeros(len(truth))
            row[inside * size + a], row[inside * size + b] = 1.0, -1.0
            goals.append(row)
            texts.append(f"{text}: {list(column)[a]} less {list(column)[b]}")
    if not goals:  # nobody is in any of the files
        return []
    matrix = np.array(goals)
    true = matrix @ truth
    open_ = (true >= 1) & (true < LEAST)
    broken = []
    for i in np.flatnonzero(open_):
        if not open_[i]:
            continue
        high, filled = program.extreme({int(j): matrix[i, j] for j in np.flatnonzero(matrix[i])}, -1.0)
        open_ &= matrix @ filled[: len(truth)] < LEAST - 1e-6
        if high < LEAST - 1e-6:
            broken.append(f"{texts[i]} = {true[i]:g}, at most {high:g}")
    return broken


def populations(made: Releases, masks: list[np.ndarray], patterns: np.ndarray) -> dict[str, np.ndarray]:
    """The sets of courses whose counts are asked for: text -> the finest sets that make it up."""
    found: dict[bytes, tuple[str, np.ndarray]] = {}
    columns = [patterns[:, i].astype(bool) for i in range(len(masks))]
    for i, of in enumerate(columns):
        found.setdefault(of.tobytes(), (f"part {i}", of))
    for (i, a), (j, b) in itertools.permutations(enumerate(columns), 2):
        found.setdefault((a & ~b).tobytes(), (f"part {i} without part {j}", a & ~b))
    for i in range(len(patterns)):
        alone = np.arange(len(patterns)) == i
        if patterns[i].any():
            found.setdefault(alone.tobytes(), (f"set {i}", alone))
    return {text: np.flatnonzero(of) for text, of in found.values() if of.any()}


def pair(seed: int, place: int, *, alone: bool = False) -> Releases:
    """Two random files of the store of this number."""
    made = store(np.random.default_rng(seed))
    rng = np.random.default_rng((seed, place))
    for _ in range(2):
        made.take(selection(rng), alone=alone)
    return made


def triple(seed: int, *, alone: bool = False) -> Releases:
    """All, one clinic and another one, in any order; each whole or by sex."""
    rng = np.random.default_rng(seed)
    made = store(rng)
    for which in rng.permutation(3):
        by = "sex" if rng.random() < 0.5 else None
        made.take(Selection(CohortFilter(clinic=() if which == 2 else (CLINICS[which],)), by), alone=alone)
    return made


def main(pairs: int = 10_000, triples: int = 1000, first: int = 0) -> None:
    """Print how many of them give a count away, beside how many would if each file were protected by itself."""
    for name, number, make in (
        ("pairs", pairs, lambda i, **how: pair(i // PER_STORE, i % PER_STORE, **how)),
        ("triples", triples, triple),
    ):
        began = time.perf_counter()
        broken = refused = further = 0
        for i in range(first, first + number):
            made = make(i)
            found = attack(made) if len(made.files) > 1 else []
            broken, refused, further = broken + bool(found), refused + bool(made.refused), further + made.further
            for line in found[:3]:
                print(f"{name} {i}: {line}", flush=True)
        print(
            f"{number:,} {name}: {broken} give a count away; in {refused:,} a file was refused; "
            f"{further:,} counts hidden beside small ones; {time.perf_counter() - began:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main(*(int(text) for text in sys.argv[1:]))
