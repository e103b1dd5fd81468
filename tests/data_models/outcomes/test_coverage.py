"""A small run of the coverage study of tests/benchmarks/coverage.py, with bounds that follow from its size."""

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
def coverage_study(benchmark_module: Callable[[str, str], ModuleType]) -> ModuleType:
    return benchmark_module("coverage", "coverage_study")


@pytest.fixture(scope="module")
def results(coverage_study: ModuleType) -> dict[str, dict[str, Any]]:
    return coverage_study.study(clinics=CLINICS, patients=200, seed=4)


def test_every_interval_holds_the_truth_in_93_to_97_percent_of_clinics(results: dict[str, dict[str, Any]]) -> None:
    held = {figure: methods["ours"].held for figure, methods in results.items()}
    assert len(held) >= 8
    assert {figure: count for figure, count in held.items() if not FEWEST <= count <= MOST} == {}


@pytest.mark.parametrize("figure", ["dissociation per session", "nausea per session", "fade mean at days 5 to 7"])
def test_plain_intervals_miss_where_patients_resemble_themselves(results: dict[str, Any], figure: str) -> None:
    assert results[figure]["naive"].coverage < 0.8


def test_one_minus_kaplan_meier_overstates_the_loss_of_retreated_courses(results: dict[str, Any]) -> None:
    naive = results["lost by 28 days, Aalen-Johansen"]["naive"]
    assert naive.coverage < 0.87
    assert naive.above > 20 * naive.below


def test_the_bounds_are_those_of_the_size_of_the_run() -> None:
    assert 0.86 * CLINICS < FEWEST < 0.93 * CLINICS
    assert 0.97 * CLINICS < MOST <= CLINICS
