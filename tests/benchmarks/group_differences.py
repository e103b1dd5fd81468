"""Differences of groups in what curves say: false alarms between groups drawn by lot, and beside a bootstrap.

    python tests/benchmarks/group_differences.py --scenario daily --draws 1000

One large clinic of `simulated_clinics` is written as records, imported and derived. From it `--draws` times groups of
`--patients` are drawn by lot (two, then three that are alike), and asked as the pages ask: in how many does any
interval leave out no difference? It should be in 4 to 6%. Then, of `--bootstraps` samples of the patients of two such
groups with replacement: the standard deviation of each difference, beside its interval's width over 3.92.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import DEFAULT_RULES
from data_models.definitions.scope import Scope
from data_models.outcomes.differences import by_day, less_first, spent
from data_models.outcomes.interval_censored import interval_curve
from data_models.outcomes.proportions import Proportion
from data_models.outcomes.states import Spans
from data_models.questions import durability, onset, states
from data_models.store import Store
from tests.benchmarks.simulated_clinics import SCENARIOS, Scenario, simulate


@dataclass(frozen=True)
class Rows:
    """What the store tells of a clinic's courses: the rows that the questions read."""

    began: Any
    held: Any
    spans: Spans

    @classmethod
    def of(cls, scenario: Scenario, patients: int, seed: int) -> Rows:
        with tempfile.TemporaryDirectory() as name:
            simulate(scenario, patients, np.random.default_rng([seed, 3])).write(Path(name) / "records")
            store = Store.open(f"sqlite:///{(Path(name) / 'clinic.db').as_posix()}")
            store.import_path(Path(name) / "records", DEFAULT_RULES)
            everything, cohort = Scope.everything(), CohortFilter.from_assignments([], "phq9")
            with store.connect() as connection:
                found = cls(
                    onset.starts(connection, everything, cohort),
                    durability.lasting(connection, everything, cohort),
                    states._seen(connection, everything, cohort, DEFAULT_RULES).spans,
                )
            store.close()
        return found


def _taken(patients: Any, chosen: Any) -> tuple[Any, Any]:
    """Rows of the chosen patients, each as often as it was chosen, and a number for each choice."""
    order = np.argsort(patients, kind="stable")
    low, high = (np.searchsorted(patients[order], chosen, side=side) for side in ("left", "right"))
    rows = np.concatenate([order[a:b] for a, b in zip(low, high, strict=True)])
    return rows, np.repeat(np.arange(len(chosen)), high - low)


def shares(rows: Rows, chosen: Any) -> dict[str, Proportion]:
    """The figures of a group of patients, as the pages have them."""
    at, who = _taken(rows.began.patients, chosen)
    began = interval_curve(rows.began.left[at], rows.began.right[at], who)
    at, who = _taken(rows.held.patients, chosen)
    held = interval_curve(rows.held.left[at], rows.held.right[at], who, rows.held.entries[at])
    at, who = _taken(rows.spans.patient, chosen)
    taken = Spans._make(column[at] for column in rows.spans)
    # A patient who is drawn twice is two, and so are his courses.
    courses = np.unique(np.column_stack((who, taken.course)), axis=0, return_inverse=True)[1].ravel()
    stood = states._curves(taken._replace(patient=who, course=courses))
    found = {f"responded by day {day:g}": by_day(began, day) for day in (1.0, 7.0)}
    found |= {f"lost by day {day:g}": by_day(held, day) for day in (14.0, 28.0)}
    return found | {"days in response": spent(stood, states.RESPONSE)}


def alarms(found: Sequence[dict[str, Proportion]]) -> dict[str, bool]:
    """Whether any group is told from the first, by figure; without those that cannot be told."""
    made = {}
    for name in found[0]:
        told = [one for one in less_first([of[name] for of in found]).of if one is not None]
        if told:
            made[name] = any(one.low > 0 or one.high < 0 for one in told)  # type: ignore[operator]
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", default="daily", choices=SCENARIOS)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--patients", type=int, default=75, help="of a group")
    parser.add_argument("--bootstraps", type=int, default=400)
    parser.add_argument("--clinic", type=int, default=6000, help="patients from whom groups are drawn")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    rows, random = Rows.of(SCENARIOS[asked.scenario], asked.clinic, asked.seed), np.random.default_rng(asked.seed)
    everybody, size = np.unique(rows.spans.patient), asked.patients
    for groups in (2, 3):
        told: dict[str, list[bool]] = {}
        for _ in range(asked.draws):
            drawn = random.choice(everybody, groups * size, replace=False).reshape(groups, size)
            for name, alarm in alarms([shares(rows, chosen) for chosen in drawn]).items():
                told.setdefault(name, []).append(alarm)
        print(f"\n{groups} groups of {size}, {asked.scenario}: false alarms at 5%")
        for name, found in told.items():
            print(f"  {name:24} {100 * np.mean(found):5.1f}%  of {len(found)}", flush=True)
    first, second = random.choice(everybody, 2 * size, replace=False).reshape(2, size)
    exact = [shares(rows, chosen) for chosen in (first, second)]
    again = [[shares(rows, random.choice(chosen, size)) for chosen in (first, second)] for _ in range(asked.bootstraps)]
    print(f"\nStandard error of the difference, and over {asked.bootstraps} bootstraps of the patients")
    for name in exact[0]:
        one = less_first([of[name] for of in exact]).of[1]
        apart = [b[name].share - a[name].share for a, b in again if None not in (a[name].share, b[name].share)]
        if one is not None and one.low is not None and one.high is not None:
            print(f"  {name:24} {(one.high - one.low) / 3.92:.4f} {np.std(apart, ddof=1):.4f}  of {len(apart)}")


if __name__ == "__main__":
    main()
