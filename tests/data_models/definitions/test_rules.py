"""The rules: defaults of the definitions, strict changes, a version that tells them apart."""

import dataclasses
import itertools
from typing import Any

import pytest

from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.rules import DEFAULT_RULES, FADE_BINS_DAYS, OutcomeRules, _rule

DEFINITIONS = {
    "course_gap_days": 90,
    "induction_gap_days": 14,
    "induction_sessions_ketamine": 6,
    "induction_sessions_esketamine": 8,
    "induction_min_sessions": 4,
    "baseline_window_days": 14,
    "response_improvement": 0.5,
    "partial_improvement": 0.25,
    "sustained_days": 7,
    "end_of_induction_days": 14,
    "early_response_from_hours": 12,
    "early_response_to_hours": 36,
    "fade_pre_session_days": 7,
    "state_hold_days": 30,
    "loss_rule": "both",
    "loss_confirmations": 2,
    "loss_before_session": "confirms",
    "entry_severity": "moderate",
    "durability_entry_within_days": 7,
    "madrs_remission": 10,
}


def test_defaults_are_those_of_the_definitions() -> None:
    values = DEFAULT_RULES.as_dict()
    assert {name: values[name] for name in DEFINITIONS} == DEFINITIONS


@pytest.mark.parametrize("name", [rule.name for rule in dataclasses.fields(OutcomeRules)])
def test_every_rule_can_be_set_and_changes_the_version(name: str) -> None:
    value = DEFAULT_RULES.as_dict()[name]
    texts = {"loss_rule": "half_lost", "entry_severity": "any", "loss_before_session": "censors"}
    other = texts[name] if name in texts else value + 1 if isinstance(value, int) else value * 0.9
    changed = DEFAULT_RULES.with_assignments([f"{name}={other}"])
    assert changed.as_dict()[name] == other
    assert changed.version != DEFAULT_RULES.version
    assert OutcomeRules.meanings()[name]


@pytest.mark.parametrize(
    "text, message",
    [
        ("loss_rule=never", "must be one of"),
        ("course_gap_days=many", "must be a number"),
        ("course_gap_days=nan", "must"),
        ("course_gap_days=inf", "must"),
        ("course_gap_days=0", "must lie from"),
        ("induction_sessions_ketamine=6.5", "whole number"),
        ("partial_improvement=0.5", "below response_improvement"),
        ("colour=blue", "no rule 'colour'"),
        ("loss_rule", "NAME=VALUE"),
    ],
)
def test_an_impossible_rule_is_one_sentence(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        DEFAULT_RULES.with_assignments([text])
    assert "\n" not in str(error.value)


def test_bands_cover_each_scale_and_cut_offs_lie_inside() -> None:
    for scale in INSTRUMENTS.values():
        uppers = [band.upper for band in scale.bands]
        assert uppers == sorted(set(uppers))
        assert uppers[-1] == scale.maximum
        assert 0 < scale.moderate <= scale.maximum
        assert scale.band(0) == scale.bands[0].name
        assert scale.band(scale.maximum) == scale.bands[-1].name
        assert scale.source


def test_fade_bins_join_without_gap() -> None:
    assert all(a[1] == b[0] for a, b in itertools.pairwise(FADE_BINS_DAYS))
    assert (FADE_BINS_DAYS[0][0], FADE_BINS_DAYS[-1][1]) == (0, 90)


@pytest.mark.parametrize(
    "given, message",
    [
        ({"default": 5.0, "meaning": "so many days"}, "needs its meaning and both bounds"),
        ({"default": 5.0, "meaning": "so many days", "low": 1}, "needs its meaning and both bounds"),
        ({"default": 5.0, "meaning": "", "low": 1, "high": 9}, "needs its meaning"),
        ({"default": "a", "meaning": "which"}, "a text its choices"),
        ({"default": 50.0, "meaning": "so many days", "low": 1, "high": 9}, "must lie from 1 to 9"),
        ({"default": "a", "meaning": "which", "choices": ("b", "c")}, "must be one of b, c"),
    ],
)
def test_a_rule_half_filled_in_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _rule(**given)
