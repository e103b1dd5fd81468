"""Vocabulary: terms whose stored codes could be confused are refused."""

from __future__ import annotations

import pytest

from data_models.definitions.vocabulary import check_bits


@pytest.mark.parametrize(
    "bits, message",
    [
        ({"nausea": 2, "tinnitus": 2}, "bit 2 is nausea's or not below 31; the next is 0"),
        ({"nausea": 0, "tinnitus": 31}, "or not below 31; the next is 1"),
        ({"ringing ears": 3}, "small letters"),
    ],
)
def test_a_side_effect_that_could_not_be_told_from_another_is_refused(bits: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_bits(bits)
