"""Reliable change: hand-worked scores of each scale, and what holds of any."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_models.definitions.instruments import INSTRUMENTS
from data_models.outcomes.reliable_change import RELIABLE, reliable_change, reliable_points

# The smallest whole change that is reliable. PHQ-9 and GAD-7: what NHS Talking Therapies publishes; PCL-5: Marx 2022.
# The others: 1.96 * sqrt(2) * error, rounded up.
LEAST = {
    "phq9": 6, "gad7": 4, "pcl5": 18, "madrs": 6, "hamd17": 7, "qids": 5, "bdi2": 10, "hads_a": 6, "hads_d": 6,
    "peg": 4,
}  # fmt: skip


@pytest.mark.parametrize("code, least", LEAST.items())
def test_the_smallest_reliable_change_of_each_scale(code: str, least: int) -> None:
    scale = INSTRUMENTS[code]
    assert scale.standard_error is not None
    assert scale.error_source

    def group(baseline: float, score: float) -> str:
        return str(
            reliable_change([score - baseline], [baseline], [score], scale.standard_error, scale.recovered_below)[0]
        )

    ill = math.ceil(scale.recovered_below) + least  # stays a case after the smallest change, whatever the scale
    assert group(ill, ill - least + 1) == "no_change"
    assert group(ill, ill - least) == "improved"
    assert group(ill - 1, ill - 1 - least) == "recovered"
    assert group(ill - least, ill) == "deteriorated"


def test_a_scale_without_a_published_error_has_no_reliable_change() -> None:
    assert [code for code, scale in INSTRUMENTS.items() if scale.standard_error is None] == ["auditc"]
    assert sorted([*LEAST, "auditc"]) == sorted(INSTRUMENTS)


def test_a_case_on_the_cut_off_recovers_below_it_alone() -> None:
    """PHQ-9 from 16: 10 is still a case, 9 is none; from 9 nobody recovers, however well they get."""
    found = reliable_change([-6, -7, -9], [16, 16, 9], [10, 9, 0], 1.88, 10)
    assert found.tolist() == ["improved", "recovered", "improved"]


def test_higher_is_better_is_the_mirror() -> None:
    found = reliable_change([9, 6, -6, 2], [9, 9, 15, 9], [18, 15, 9, 11], 1.88, 17, lower_is_better=False)
    assert found.tolist() == ["recovered", "improved", "deteriorated", "no_change"]


def test_scales_are_told_apart_in_one_call() -> None:
    found = reliable_change([-5, -5, -5], [20, 20, 20], [15, 15, 15], [1.88, 1.27, np.nan], [10, 8, 4])
    assert found.tolist() == ["no_change", "improved", None]
    assert reliable_change([], [], [], 1.0, 5).tolist() == []


@given(st.integers(0, 27), st.integers(0, 27), st.floats(0.5, 4))
def test_a_change_and_its_undoing_are_opposite(baseline: int, score: int, sem: float) -> None:
    def group(was: int, now: int) -> str:
        return str(reliable_change([now - was], [was], [now], sem, 10)[0])

    there, back = group(baseline, score), group(score, baseline)
    assert {there, back} <= set(RELIABLE)
    assert (there == "no_change") == (back == "no_change") == (abs(score - baseline) <= reliable_points(sem))
    assert (there == "deteriorated") == (back in ("recovered", "improved"))


def test_one_unchanged_person_in_twenty_seems_to_change() -> None:
    """Two scores of the same truth with this error: 5 % are called reliable, 2.5 % each way."""
    chance = np.random.default_rng(14)
    was, now = 15 + 1.9 * chance.standard_normal((2, 400_000))
    found = reliable_change(now - was, was, now, 1.9, 0)
    share = {name: float(np.mean(found == name)) for name in RELIABLE}
    assert share["improved"] == pytest.approx(0.025, abs=0.001)
    assert share["deteriorated"] == pytest.approx(0.025, abs=0.001)
