"""Attack on pairs of releases: random selections of random patients, and every set that two files tell apart.

For each pair the attacker lists whose figures either file shows: the whole cohort, each group of enough
patients, and every sum of groups. Where a set of one file and a set of the other differ by 1 to 10 patients,
and by fewer than 11 on either side, subtracting their figures gives away what those few add. (Of two whole cohorts
the one may have any number of its own: the product is stricter there.) A pair is broken when the product
would release it all the same. Sets are Python's integers, a bit a patient: none of the product's code.

    python tests/benchmarks/release_pairs.py [how many pairs]
"""

from __future__ import annotations

import functools
import itertools
import operator
import sys
import time
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from dashboard.exports.apart import Crowd, Selection, isolates
from data_models.definitions.filters import FILTERS, CohortFilter

LEAST = 11
COMMON = {  # what the random patients have, the first values the most often
    "clinic": ("north", "south", "east", "west"),
    "drug": ("ketamine", "esketamine"),
    "route": ("iv", "im", "intranasal"),
    "diagnosis": ("treatment_resistant_depression", "major_depression", "ptsd", "anxiety"),
    "age_band": ("35-44", "45-54", "25-34", "55-64", "65-74", "18-24"),
    "sex": ("female", "male", "other"),
    "first_session_year": ("2024", "2023", "2022"),
}
CONDITIONS = ("hypertension", "liver", "cardiovascular")
PER_CLINIC = 40  # pairs from the same patients


def courses(rng: np.random.Generator) -> pd.DataFrame:
    """Random courses of random patients, sorted by patient."""
    size = int(rng.integers(60, 500))
    frame = pd.DataFrame({"patient_id": np.arange(size)})
    for key, values in COMMON.items():
        weights = rng.dirichlet(np.arange(len(values), 0, -1.0))
        frame[key] = rng.choice(np.array([*values, None], dtype=object), size, p=[*(0.97 * weights), 0.03])
    chosen = rng.random((size, len(CONDITIONS))) < rng.uniform(0.02, 0.3, len(CONDITIONS))
    frame["condition"] = [
        ";" + "".join(f"{c};" for c, has in zip(CONDITIONS, row, strict=True) if has) for row in chosen
    ]
    again = frame[rng.random(size) < 0.2].assign(drug="esketamine", route=lambda f: rng.choice(COMMON["route"], len(f)))
    every = pd.concat([frame, again]).sort_values("patient_id", kind="stable").reset_index(drop=True)
    return every.assign(course=every.index)


def selection(rng: np.random.Generator, near: Selection | None = None) -> Selection:
    """Random filters and grouping; `near`: those of another selection but for one."""
    where = {} if near is None else {k: near.cohort[k] for k in (*COMMON, "condition")}
    keys = [*COMMON, "condition"]
    for key in rng.choice(keys, 1 if near else int(rng.integers(0, 3)), replace=False):
        values = COMMON.get(key, CONDITIONS)
        chosen = rng.choice(values, int(rng.integers(0, len(values) + 1)), replace=False)
        where[key] = tuple(str(value) for value in chosen)
    by = str(rng.choice(keys)) if rng.random() < 0.6 else None
    return Selection(CohortFilter(**where), by if near is None or rng.random() < 0.5 else near.by)


def shown(frame: pd.DataFrame, of: Selection) -> list[tuple[list[int], list[int]]]:
    """The sets whose figures a file shows, as integers: whole and groups, and the sums of groups.

    Twice: of patients, and of courses. Groups that share members add up to no set.
    """
    kept = frame
    for key in (*COMMON, "condition"):
        chosen = of.cohort[key]
        if chosen:
            kept = kept[has(kept, key, chosen)]
    groups = []
    if of.by is not None:
        values = COMMON.get(of.by, CONDITIONS)
        asked = of.cohort[of.by] or values
        groups = [kept[has(kept, of.by, (value,))] for value in values if value in asked]
        groups = [group for group in groups if group["patient_id"].nunique() >= LEAST]
        left = kept.drop(index=[i for group in groups for i in group.index])
        if groups and left["patient_id"].nunique() >= LEAST:
            groups.append(left)
    made = []
    for unit in ("patient_id", "course"):
        parts = [bits(group[unit]) for group in groups]
        sums = []
        if sum(part.bit_count() for part in parts) == union(parts).bit_count() and of.by != "condition":
            sums = [union(some) for n in range(2, len(parts) + 1) for some in itertools.combinations(parts, n)]
        made.append(([bits(kept[unit]), *parts], sums))
    return made


def has(frame: pd.DataFrame, key: str, values: tuple[str, ...]) -> Any:
    """Which courses have one of these values."""
    if key == "condition":
        return frame[key].map(lambda text: any(f";{value};" in text for value in values)).astype(bool)
    return frame[key].isin(values)


def bits(members: pd.Series) -> int:
    """A set of numbers as an integer."""
    return union([1 << int(number) for number in members.unique()])


def union(sets: Iterable[int]) -> int:
    """All that is in one of these."""
    return functools.reduce(operator.or_, sets, 0)


def gives_away(one: list[tuple[list[int], list[int]]], other: list[tuple[list[int], list[int]]]) -> bool:
    """Whether a set of one file less a set of the other leaves so few, and little the other way round.

    What the groups of a cohort leave of this very cohort is protected within their file (disclosure.py).
    """
    (singles, _), (others, _) = one[0], other[0]
    whole, its = singles[0], others[0]
    if any(1 <= (a & ~b).bit_count() < LEAST for a, b in ((whole, its), (its, whole))):
        return True
    start = 1 if whole == its else 0
    pairs = list(itertools.product(singles[start:], others[1:])) + list(itertools.product(singles[1:], others[start:]))
    for (mine, my_sums), (theirs, their_sums) in zip(one, other, strict=True):
        pairs += itertools.product(mine[start:], their_sums)
        pairs += itertools.product(my_sums, theirs[start:])
    return any(a != b and (a & ~b).bit_count() < LEAST and (b & ~a).bit_count() < LEAST for a, b in pairs)


def attack(pairs: int, first: int = 0) -> tuple[int, int, int, float]:
    """How many pairs single somebody out, how many are refused, how many break through, and seconds per check."""
    isolating = refused = broken = 0
    seconds = 0.0
    for seed in range(first, first + -(-pairs // PER_CLINIC)):
        rng = np.random.default_rng(seed)
        frame = courses(rng)
        crowd = Crowd(frame)
        for _ in range(min(PER_CLINIC, pairs - (seed - first) * PER_CLINIC)):
            one = selection(rng)
            other = selection(rng, near=one)
            if one.who() == other.who():
                continue
            truth = gives_away(shown(frame, one), shown(frame, other))
            began = time.perf_counter()
            stopped = isolates(crowd.family(one, LEAST), crowd.family(other, LEAST), LEAST)
            seconds += time.perf_counter() - began
            isolating, refused, broken = isolating + truth, refused + stopped, broken + (truth and not stopped)
            if truth and not stopped:
                print(f"clinic {seed}: {one} and {other}")
    return isolating, refused, broken, seconds / pairs


def main(pairs: int = 10_000) -> None:
    """Print how many pairs single out a few patients, and that none of these is released."""
    assert all(set(values) <= set(FILTERS[key].values or values) for key, values in COMMON.items())
    isolating, refused, broken, seconds = attack(pairs)
    print(f"{pairs:,} random pairs of releases: {isolating:,} would single out 1 to {LEAST - 1} patients")
    print(f"refused: {refused:,}; released although they do: {broken:,}; {1000 * seconds:.1f} ms a pair")


if __name__ == "__main__":
    main(*(int(text) for text in sys.argv[1:]))
