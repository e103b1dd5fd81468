"""A small run of tests/benchmarks/side_effect_intervals.py, with bounds that follow from its size."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from scipy.stats import binom

CLINICS = 400
# A true coverage at the edge of 93 to 97 % fails once in 10,000 runs.
FEWEST = int(binom.ppf(1e-4, CLINICS, 0.93))
MOST = int(binom.ppf(1 - 1e-4, CLINICS, 0.97))


@pytest.fixture(scope="module")
def interval_study(benchmark_module: Callable[[str, str], ModuleType]) -> ModuleType:
    return benchmark_module("side_effect_intervals", "side_effect_intervals")


@pytest.fixture(scope="module")
def results(interval_study: ModuleType) -> dict[str, dict[str, Any]]:
    return interval_study.study(clinics=CLINICS, patients=200, seed=4)


def test_every_interval_holds_the_truth_in_93_to_97_percent_of_clinics(results: dict[str, dict[str, Any]]) -> None:
    held = {figure: methods["ours"].held for figure, methods in results.items()}
    assert len(held) == 5
    assert {figure: count for figure, count in held.items() if not FEWEST <= count <= MOST} == {}


@pytest.mark.parametrize("figure", ["dissociation per session", "nausea per session", "vomiting per session"])
def test_plain_intervals_miss_where_patients_resemble_themselves(results: dict[str, Any], figure: str) -> None:
    assert results[figure]["plain"].coverage < 0.8


def test_the_bounds_are_those_of_the_size_of_the_run() -> None:
    assert 0.86 * CLINICS < FEWEST < 0.93 * CLINICS
    assert 0.97 * CLINICS < MOST <= CLINICS
