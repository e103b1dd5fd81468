"""Scales: improvement counts from the minimum, and a row that could not be judged is refused."""

from __future__ import annotations

import pytest

from data_models.definitions.instruments import Band, Instrument


def scale(**given: object) -> Instrument:
    row = {
        "code": "x9", "name": "X9", "measures": "distress", "minimum": 1, "maximum": 9, "better": "lower",
        "bands": (Band("low", 4), Band("high", 9)), "moderate": 5, "remission": 3, "meaningful_change": 2,
        "recall_days": 7, "source": "none",
    }  # fmt: skip
    return Instrument(**(row | given))  # type: ignore[arg-type]


def test_a_scale_improves_from_its_minimum() -> None:
    row = scale()
    assert (row.range, row.improvement(9, 5), row.improved_to(9, 0.5), row.band(4)) == ("1 to 9", 0.5, 5.0, "low")
    assert scale(meaningful_change=0.25, meaningful_is_share=True).least_change(9) == 2.0


@pytest.mark.parametrize(
    "given, message",
    [
        ({"better": "higher"}, "no rule is given for its improvement"),
        ({"bands": (Band("low", 4), Band("high", 8))}, "the last end at its maximum"),
        ({"bands": (Band("high", 9), Band("low", 4))}, "bands must rise"),
        ({"bands": ()}, "bands must rise"),
        ({"minimum": 9}, "bands must rise"),
        ({"moderate": 10}, "moderate is 10; 1 to 9"),
        ({"remission": 0}, "remission is 0; 1 to 9"),
        ({"code": "X 9"}, "small letters"),
    ],
)
def test_a_scale_that_cannot_be_judged_is_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        scale(**given)
