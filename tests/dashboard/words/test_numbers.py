"""One formatter of numbers: right for none, one, nearly all and all, and the same wherever it is used."""

from __future__ import annotations

import pytest

from dashboard.words import numbers


@pytest.mark.parametrize(
    "n, expected", [(0, "no courses"), (1, "1 course"), (2, "2 courses"), (12345, "12,345 courses")]
)
def test_counts_in_words(n: int, expected: str) -> None:
    assert numbers.count(n, "course") == expected


@pytest.mark.parametrize(
    "share, expected",
    [
        (0.536, "54%"),
        (0.004, "0.4%"),
        (0.0995, "10%"),
        (0.066, "6.6%"),
        (0, "0%"),
        (1, "100%"),
        (0.995, "99.5%"),
        (None, "–"),
    ],
)
def test_shares_as_percentages(share: float | None, expected: str) -> None:
    assert numbers.percent(share) == expected


@pytest.mark.parametrize(
    "value, expected",
    [(5.0, "5"), (7.25, "7.2"), (-4.34, "−4.3"), (1234.5, "1,234.5"), (-0.01, "0"), (100.0, "100"), (None, "–")],
)
def test_numbers_without_needless_zeros(value: float | None, expected: str) -> None:
    assert numbers.number(value) == expected


@pytest.mark.parametrize(
    "low, high, said",
    [(1, None, "1 day to not reached"), (None, 1.0, "up to 1 day"), (0.5, 1.04, "0.5 to 1 day"), (1, 3, "1 to 3 days")],
)
def test_one_day_is_no_days(low: float | None, high: float | None, said: str) -> None:
    assert numbers.interval(low, high, " days") == f"95% interval {said}"


@pytest.mark.parametrize(
    "events, n, expected",
    [
        (0, 2500, "0%"),
        (1, 2500, "<0.1%"),
        (2499, 2500, ">99.9%"),
        (2500, 2500, "100%"),
        (1, 1_000_000, "<0.1%"),
        (999_999, 1_000_000, ">99.9%"),
        (sum([0.1] * 10), 1, "100%"),
    ],
)
def test_no_share_but_none_is_zero_and_none_but_all_is_hundred(events: float, n: int, expected: str) -> None:
    assert numbers.percent(events / n) == expected
    assert numbers.percent(-events / n) == ("−" + expected if events else "0%")


@pytest.mark.parametrize("share, expected", [(0.4996, "49%"), (0.5, "50%"), (0.0997, "9.9%"), (0.9999, "99.9%")])
def test_a_limit_just_missed_is_not_rounded_up_to(share: float, expected: str) -> None:
    assert numbers.percent(share, down=True) == expected


def test_an_interval_of_shares_says_its_percent_once() -> None:
    assert numbers.share_interval(0.49, 0.59) == "95% interval 49 to 59%"
    assert numbers.share_interval(0.0001, 0.02) == "95% interval <0.1 to 2.0%"
    assert numbers.share_interval(None, None) == "95% interval not estimable"


def test_times_are_singular_for_one_whatever_they_were_rounded_from() -> None:
    lengths = {"less than 1 hour": 0.01, "1 hour": 0.04, "18 hours": 0.75, "1 day": 1.04, "4.5 days": 4.5, "0 days": 0}
    assert {numbers.days(value): value for value in lengths.values()} == lengths
    assert [numbers.minutes(value) for value in (1, 45, 59.4, 59.6, 61, 72)] == [
        "1 minute", "45 minutes", "59 minutes", "1 hour", "1 hour", "1.2 hours",
    ]  # fmt: skip
    assert [numbers.day(value) for value in (0, 0.5, 5.0)] == ["day 0", "hour 12", "day 5"]


def test_quantities_and_lists() -> None:
    assert [numbers.quantity(value, "point") for value in (0, 1, 1.04, 4.5)] == [
        "0 points", "1 point", "1 point", "4.5 points",
    ]  # fmt: skip
    assert [numbers.listing("abc"[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]
    assert numbers.sentence(" half of them ") == "Half of them."
