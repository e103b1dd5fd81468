"""What an attacker with linear and integer programs learns of rounded counts: a small run of the benchmark."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def attacks(benchmark_module: Callable[[str, str], ModuleType]) -> ModuleType:
    return benchmark_module("disclosure", "disclosure_attack")


def found(attacks: ModuleType, number: int, seeds: range, **how: object) -> object:
    total = attacks.Found()
    for seed in seeds:
        total.add(attacks.attack(*attacks.releases(seed, number), **how))
    return total


def test_one_release_leaves_a_small_count_five_values_at_least(attacks: ModuleType) -> None:
    total = found(attacks, 1, range(20))
    assert total.counts > 100
    assert total.few == 0


@pytest.mark.parametrize("number", [2, 3])
@pytest.mark.parametrize("together", [False, True], ids=["count by count", "all counts together"])
def test_no_small_count_is_determined_by_several_releases(attacks: ModuleType, number: int, together: bool) -> None:
    total = found(attacks, number, range(5), together=together)
    assert total.counts > 50
    assert total.single == 0
    assert total.few < 0.2 * total.counts


def test_the_same_attack_breaks_exact_counts(attacks: ModuleType) -> None:
    total = found(attacks, 2, range(5), shown=attacks.exactly)
    assert total.single > 0.1 * total.counts


def test_pages_by_age_year_and_diagnosis_together_determine_no_small_count(attacks: ModuleType) -> None:
    total = attacks.attack(*attacks.walk(102))
    assert total.counts > 100
    assert total.single == 0


def test_the_curves_of_a_cohort_and_of_some_of_it_leave_five_values(attacks: ModuleType) -> None:
    total = attacks.Found()
    for seed in range(40):
        total.add(attacks.curves(seed))
    assert total.counts > 1000
    assert total.few == 0


def test_an_interval_solved_for_whole_numbers_leaves_five_values(attacks: ModuleType) -> None:
    total = attacks.Found()
    for seed in range(60):
        total.add(attacks.shares(seed))
    assert total.counts > 0
    assert total.few == 0
