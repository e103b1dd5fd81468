"""Disclosure control: what is hidden, and that an attacker with a linear program learns no small count."""

from __future__ import annotations

import csv
import io
import itertools
import json
import runpy
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard import cli
from dashboard.exports import coarse
from dashboard.exports.counts import Counts
from dashboard.exports.protected import protect
from dashboard.exports.suppression import suppress
from data_models.store import Store


@pytest.fixture(scope="module")
def attacks(benchmark_module: Callable[[str, str], ModuleType]) -> ModuleType:
    return benchmark_module("disclosure", "disclosure_attack")


def row(total: int, *parts: int) -> Counts:
    counts = Counts()
    counts.add("total", total, numbers=5)
    for i, part in enumerate(parts):
        counts.add(f"part {i}", part)
    counts.total("total", [f"part {i}" for i in range(len(parts))])
    return counts


def test_a_small_part_of_a_total_takes_another_with_it() -> None:
    marks = suppress(row(105, 5, 40, 60), 11).marks
    assert marks == {"part 0": "<11", "part 1": "hidden"}


def test_large_and_zero_counts_are_shown() -> None:
    assert suppress(row(60, 0, 11, 49), 11).marks == {}


def test_two_small_parts_that_reach_the_least_hide_each_other() -> None:
    found = suppress(row(72, 5, 7, 60), 11)
    assert set(found.marks) == {"part 0", "part 1"}
    assert found.further == 0


def test_two_small_parts_of_a_small_sum_take_a_third() -> None:
    assert set(suppress(row(65, 2, 3, 60), 11).marks) == {"part 0", "part 1", "part 2"}


def test_marks_that_would_tell_the_count_are_the_same_for_all() -> None:
    # 10 and 10 of a hidden 20: "<11" twice would say that each is 10.
    assert set(suppress(row(80, 10, 10, 60), 11).marks.values()) == {"hidden"}


def test_a_count_is_hidden_for_what_it_leaves_over() -> None:
    counts = Counts()
    counts.add("n", 43, numbers=5)
    counts.add("events", 40)
    counts.total("n", ["events"], "others")  # 3 did not respond
    assert set(suppress(counts, 11).marks) == {"events"}


@given(st.lists(st.lists(st.integers(0, 40), min_size=2, max_size=4), min_size=2, max_size=4).filter(
    lambda rows: len({len(r) for r in rows}) == 1
))  # fmt: skip
@settings(max_examples=25)
def test_no_small_cell_of_a_table_with_both_margins_follows(table: list[list[int]]) -> None:
    from scipy.optimize import linprog

    counts = Counts()
    cells = {(i, j): value for i, line in enumerate(table) for j, value in enumerate(line)}
    margins = {("row", i): sum(line) for i, line in enumerate(table)}
    margins |= {("column", j): sum(line[j] for line in table) for j in range(len(table[0]))}
    for name, value in {**cells, **margins}.items():
        counts.add(name, value, numbers=5 if isinstance(name[0], str) else 1)
    sums = {name: [c for c in cells if c[0 if name[0] == "row" else 1] == name[1]] for name in margins}
    for name, parts in sums.items():
        counts.total(name, parts)
    counts.add("all", sum(cells.values()), numbers=9)
    counts.total("all", [name for name in margins if name[0] == "row"])
    marks = suppress(counts, 11).marks
    names = [*counts.values]
    rows = [[(w == n) - (n in parts) for n in names] for w, parts in counts.relations]
    rows += [[(n == "all") - (n[0] == "column") for n in names]]
    limits = [(0, None) if n in marks else (counts.values[n],) * 2 for n in names]
    for name, value in counts.values.items():
        if 1 <= value < 11:
            assert name in marks
            goal = [-1.0 if n == name else 0.0 for n in names]
            found = linprog(goal, A_eq=rows, b_eq=[0.0] * len(rows), bounds=limits, method="highs")
            assert found.status == 3 or -found.fun >= 11 - 1e-6, (name, value, -found.fun)


def table_of(seed: int) -> tuple[Counts, list[tuple[str, list[str]]]]:
    """Two rows of two cells with every margin, and its sums (whole, parts)."""
    a, b, c, d = (int(value) for value in np.random.default_rng(seed).integers(0, 40, 4))
    counts = Counts()
    values = {"a": a, "b": b, "c": c, "d": d, "ab": a + b, "cd": c + d, "ac": a + c, "bd": b + d, "abcd": a + b + c + d}
    for name, value in values.items():
        counts.add(name, value)
    sums = [(n, list(n)) for n in ("ab", "cd", "ac", "bd")] + [("abcd", ["ab", "cd"]), ("abcd", ["ac", "bd"])]
    for whole, parts in sums:
        counts.total(whole, parts)
    return counts, sums


@pytest.mark.parametrize("seed", [0, 8, 12])
def test_no_safe_choice_hides_fewer_counts(seed: int) -> None:
    """Against every choice there is, each tried by a linear program of the test's own."""
    from scipy.optimize import linprog

    counts, sums = table_of(seed)
    names = list(counts.values)
    rows = [[(whole == n) - (n in parts) for n in names] for whole, parts in sums]
    small = {n for n, value in counts.values.items() if 1 <= value < 11}
    assert small

    def safe(hidden: set[str]) -> bool:
        limits = [(0, None) if n in hidden else (counts.values[n],) * 2 for n in names]
        for name in small:
            goal = [-1.0 if n == name else 0.0 for n in names]
            found = linprog(goal, A_eq=rows, b_eq=[0.0] * len(rows), bounds=limits, method="highs")
            if found.status == 0 and -found.fun < 11 - 1e-6:
                return False
        return True

    others = [n for n in names if n not in small and counts.values[n]]
    fewest = next(
        size
        for size in range(len(others) + 1)
        if any(safe({*small, *more}) for more in itertools.combinations(others, size))
    )
    assert fewest, "this table must need more than its small counts hidden"
    assert suppress(counts, 11).further == fewest


def test_what_another_file_shows_stays_shown_and_what_it_hides_stays_hidden() -> None:
    counts = row(105, 5, 40, 60)
    assert set(suppress(counts, 11, keep=["part 1"]).marks) == {"part 0", "part 2"}
    assert set(suppress(counts, 11, hide=["total"]).marks) == {"part 0", "total"}


def test_a_zero_stays() -> None:
    assert set(suppress(row(14, 3, 0, 11), 11).marks) == {"part 0", "part 2"}


@pytest.mark.parametrize("seed", [2, 11])
def test_the_whole_cohort_reads_the_same_beside_its_groups(attacks: ModuleType, seed: int) -> None:
    parts = attacks.parts_of(seed)
    nothing = dict.fromkeys(parts, (np.zeros(0),) * 4)
    alone, _ = protect({None: parts[None]}, None, 11, nothing)
    beside, _ = protect(parts, "clinic", 11, nothing)
    hidden = [
        {name for name, n in attacks.numbers({None: made[None]}) if isinstance(n, str)} for made in (alone, beside)
    ]
    assert hidden[0] == hidden[1]
    assert hidden[0]


@pytest.mark.parametrize("seed", range(6))
def test_an_attacker_bounds_no_small_count_of_a_release(attacks: ModuleType, seed: int) -> None:
    broken, _ = attacks.one(seed)
    assert broken == []


def test_the_attack_finds_what_is_left_open(attacks: ModuleType) -> None:
    parts = attacks.parts_of(3)
    assert attacks.attack(parts, parts), "a release that hides nothing must be broken"


def step(days: float, at_risk: int, events: int, censored: int = 0) -> dict[str, float]:
    return {
        "days": days,
        "at_risk": at_risk,
        "events": events,
        "censored": censored,
        "survival": 0.5,
        "low": 0.4,
        "high": 0.6,
    }


def test_each_step_of_a_protected_curve_covers_enough_events() -> None:
    rows = [step(d + 0.3, 60 - 4 * d, 4) for d in range(11)]
    made = coarse.curve(rows, 60, 11)
    assert [(row["days"], row["events"]) for row in made] == [(3, 12), (6, 12)]
    assert 44 - sum(row["events"] for row in made) >= 11, "what is left over is no small count"


def test_counts_of_a_curve_are_hidden_where_few_were_censored_between_steps() -> None:
    rows = [step(1, 60, 12, 3), step(2, 45, 12, 2), step(3, 31, 12, 0)]
    assert {row["events"] for row in coarse.curve(rows, 60, 11)} == {"hidden"}


def test_a_curve_of_few_events_is_not_shown() -> None:
    assert coarse.curve([step(1, 40, 5), step(3, 35, 5)], 40, 11) == []


def test_a_file_shows_no_small_count_and_says_that_it_hides_them(sample_database: str, tmp_path: Path) -> None:
    path = tmp_path / "summary.csv"
    assert (
        cli.run(["summary", "--database", sample_database, "--instrument", "phq9", "--by", "clinic", "-o", str(path)])
        == 0
    )
    cells = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    counts = [
        row
        for row in cells
        if row[2] in ("events", "n", "patients", "courses", "scores", "evaluable") and row[0] != "about"
    ]
    small = [row for row in counts if row[3].isdigit() and 1 <= int(row[3]) < 11]
    assert counts
    assert small == []
    assert any(row[3] == "<11" for row in counts)
    assert any("counts from 1 to 10 are hidden" in row[3] for row in cells)


def test_json_is_whole_unless_asked_to_hide(sample_database: str, tmp_path: Path) -> None:
    whole, hidden = tmp_path / "whole.json", tmp_path / "hidden.json"
    options = ["summary", "--database", sample_database, "--instrument", "phq9"]
    assert cli.run([*options, "-o", str(whole)]) == 0
    assert cli.run([*options, "--suppress", "11", "-o", str(hidden)]) == 0
    full, cut = json.loads(whole.read_text()), json.loads(hidden.read_text())
    assert 1 <= full["worse"]["last"]["events"] < 11
    assert cut["worse"]["last"]["events"] == "<11"
    assert cut["worse"]["last"]["share"] == "hidden"
    assert cut["response"]["last"] == full["response"]["last"]
    # Null would say that it cannot be estimated.
    assert cut["onset"]["turnbull"]["log_likelihood"] == "hidden"
    assert cli.run([*options, "--suppress", "11", "--by", "age_band", "-o", str(hidden)]) == 0
    onsets = [summary["onset"] for summary in json.loads(hidden.read_text())["groups"].values()]
    small = [onset for onset in onsets if isinstance(onset["kaplan_meier"]["events"], str)]
    assert small
    assert all(onset["turnbull"]["median"] == ["hidden", "hidden"] for onset in small)


def test_the_cost_of_hiding_on_the_sample_is_near_the_least(sample_database: str, project_root: Path) -> None:
    """Of all groupings the benchmark measures, one: within a tenth of the fewest counts that a safe choice hides."""
    run = runpy.run_path(str(project_root / "tests" / "benchmarks" / "disclosure_sample.py"))
    store = Store.open(sample_database)
    found = run["cost"](store, "age_band")
    store.close()
    assert found.differing < found.fewest <= found.further <= 1.1 * found.fewest
    assert found.further < 0.15 * found.small
