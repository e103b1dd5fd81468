"""Items to totals: each scale's own sum, disagreement named and not guessed, missing items by published rule alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_models.definitions.instruments import INSTRUMENTS
from data_models.intake.prepare.item_totals import (
    ITEM_SCALES,
    Disagreement,
    Incomplete,
    ItemScale,
    OutOfRange,
    Total,
    total_of,
)

SCALES = {code: scale for code, scale in ITEM_SCALES.items() if scale is not None}


def test_each_scale_of_the_registry_has_a_row_whose_items_span_its_range() -> None:
    assert list(ITEM_SCALES) == list(INSTRUMENTS)
    for code, scale in SCALES.items():
        whole = INSTRUMENTS[code]
        assert (scale.added([0] * len(scale.highest)), scale.added(scale.highest)) == (whole.minimum, whole.maximum)
        assert scale.source


def test_items_without_their_highest_points_are_no_scale() -> None:
    with pytest.raises(ValueError, match="highest"):
        ItemScale((1, 2), (3,), source="nobody")


@pytest.mark.parametrize(
    "instrument, items, score",
    [
        ("phq9", [1, 2, 1, 0, 3, 1, 1, 0, 2], 11),
        ("madrs", [4, 5, 3, 2, 1, 3, 4, 4, 3, 1], 30),
        ("hamd17", [3, 2, 1, 1, 1, 2, 3, 1, 0, 2, 2, 1, 2, 1, 0, 1, 0], 23),
        # sleep 2, sad 2, appetite 1, concentration 2, self 1, death 1, interest 2, energy 2, pace 1
        ("qids", [2, 1, 2, 0, 2, 1, None, None, 0, 2, 1, 1, 2, 2, 1, 0], 14),
        ("bdi2", [1] * 20 + [3], 23),
        ("gad7", [3, 3, 2, 2, 1, 1, 0], 12),
        ("pcl5", [2] * 19 + [4], 42),
        ("hads_a", [3, 2, 1, 0, 1, 2, 3], 12),
        ("hads_d", [0, 0, 1, 0, 1, 2, 3], 7),
        ("peg", [7, 6, 8], 7),
        ("auditc", [4, 1, 2], 7),
    ],
)
def test_totals_worked_by_hand(instrument: str, items: list[int | None], score: float) -> None:
    found = total_of(instrument, items)
    assert isinstance(found, Total)
    assert found.score == score
    assert found.rule is None
    assert total_of(instrument, items, score) == found
    assert isinstance(total_of(instrument, items, score + 1), Disagreement)


def test_item_9_comes_with_the_phq9_alone() -> None:
    assert total_of("phq9", [0] * 8 + [3]) == Total(3, item9=3)
    assert total_of("phq9", [1, None, 1, 1, 1, 1, 1, 1, 2], 11) == Total(11, item9=2)
    assert total_of("bdi2", [0] * 8 + [3] + [0] * 12) == Total(3)


def test_a_total_alone_stands() -> None:
    assert total_of("phq9", [None] * 9, 14) == Total(14)
    assert total_of("phq9", [None] * 9) == Incomplete(tuple(range(1, 10)))


def test_missing_items_leave_no_total_unless_the_published_rule_is_asked_for() -> None:
    items = [2, None, 1, 1, 3, None, 2, 0, 0]  # 9 of 7 answered
    assert total_of("phq9", items) == Incomplete((2, 6))
    made = total_of("phq9", items, published=True)
    assert isinstance(made, Total)
    assert made.score == 12
    assert made.rule is not None
    assert "Kroenke 2010" in made.rule.source
    assert total_of("phq9", [*items[:7], None, 0], published=True) == Incomplete((2, 6, 8))
    assert total_of("hads_a", [3, 2, 1, 0, None, None, None], published=True).score == 11  # type: ignore[union-attr]
    assert total_of("hads_a", [3, 2, 1, None, None, None, None], published=True) == Incomplete((7, 9, 11, 13))
    for unpublished in ("madrs", "hamd17", "qids", "bdi2", "pcl5", "peg"):
        count = len(SCALES[unpublished].numbers)
        assert isinstance(total_of(unpublished, [None] + [1] * (count - 1), published=True), Incomplete)


def test_a_total_beside_missing_items_stands_where_the_items_can_make_it_and_is_no_bare_sum() -> None:
    items = [2, None, 1, 1, 3, None, 2, 0, 0]  # 9, with six more at most
    assert total_of("phq9", items, 12) == Total(12, item9=0)
    assert total_of("phq9", items, 9) == Incomplete((2, 6), counted_as_zero=True)
    made = total_of("phq9", items, 9, published=True)
    assert isinstance(made, Total)
    assert made.score == 12
    assert total_of("phq9", items, 8) == Disagreement(8, 9, 15)
    assert total_of("phq9", items, 16) == Disagreement(16, 9, 15)
    # nothing but zeros: the published rule gives what a bare sum gives
    assert total_of("phq9", [0] * 8 + [None], 0) == Total(0)


def test_who_never_drinks_is_not_asked_on_by_the_auditc() -> None:
    assert total_of("auditc", [0, None, None]) == Incomplete((2, 3))
    assert total_of("auditc", [0, None, None], 0) == Total(0)
    made = total_of("auditc", [0, None, None], published=True)
    assert isinstance(made, Total)
    assert made.score == 0
    assert total_of("auditc", [1, None, 0], published=True) == Incomplete((2,))


def test_qids_asks_for_less_or_more_appetite_and_weight_not_both() -> None:
    items = [0, 0, 0, 0, 1, None, 2, None, 1, 1, 1, 1, 1, 1, 0, 0]
    assert total_of("qids", items) == Total(8)
    items[6] = None
    assert total_of("qids", items) == Incomplete((6, 7))
    items[8] = 3  # weight is at its highest: appetite cannot change the total
    assert total_of("qids", items) == Total(9)


def test_a_mean_is_compared_as_it_is_written() -> None:
    assert total_of("peg", [7, 6, 7], 6.7) == Total(20 / 3)
    assert total_of("peg", [7, 6, 7], 6.8) == Disagreement(6.8, 20 / 3, 20 / 3)


def test_points_that_the_scale_does_not_give_are_named() -> None:
    assert total_of("phq9", [1, 4, 1, 0, 3, -1, 1, 0, 2], 11) == OutOfRange((2, 6))
    assert total_of("hads_d", [0, 9, 0, 0, 0, 0, 0]) == OutOfRange((4,))


@pytest.mark.parametrize("instrument, count", [("phq9", 8), ("gad7", 8), ("cgi", 1)])
def test_other_numbers_of_items_are_refused(instrument: str, count: int) -> None:
    with pytest.raises(ValueError, match="not as many"):
        total_of(instrument, [0] * count)


@given(st.data())
def test_any_answers_give_a_total_in_range_or_none(data: st.DataObject) -> None:
    code = data.draw(st.sampled_from(list(SCALES)))
    items = [data.draw(st.none() | st.integers(0, highest)) for highest in SCALES[code].highest]
    made = total_of(code, items, published=data.draw(st.booleans()))
    if isinstance(made, Total):
        assert INSTRUMENTS[code].minimum <= made.score <= INSTRUMENTS[code].maximum
        assert total_of(code, items, made.score, published=True) == (
            made if made.rule is None else Total(made.score, made.item9)
        )
    else:
        assert isinstance(made, Incomplete)
        assert made.missing
