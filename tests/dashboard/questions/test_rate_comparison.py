"""Who responds, group by group: no sentence calls a difference one that is not held equal, or is within chance."""

from __future__ import annotations

import plotly.graph_objects as go
import pytest

from dashboard.exports.rounded_answers import rounded
from dashboard.questions import rate_comparison as shown
from data_models.outcomes.proportions import Difference, Proportion, difference, wilson
from data_models.questions.rate_comparison import (
    STANDARDISED,
    ComparedRates,
    GroupRate,
    RateComparison,
    RateDifference,
)

NAMES = {"iv": "IV", "im": "IM", "oral": "Oral", "sc": "Subcutaneous"}
NONE = ComparedRates((), (), ())


def alike(events: float, n: float, low: float, high: float) -> Proportion:
    return Proportion(events, n, events / n, low, high, STANDARDISED)


def compared(low: float, high: float) -> ComparedRates:
    """IV against IM, ten points fewer when held equal, with this interval; oral too few."""
    iv = GroupRate("iv", wilson(200, 300), wilson(120, 200), alike(110, 200, 0.48, 0.62))
    im = GroupRate("im", wilson(100, 250), wilson(40, 100), alike(45, 100, 0.35, 0.56))
    oral = GroupRate("oral", wilson(14, 30), wilson(6, 14), None)
    p = 0.01 if high < 0 else 0.2
    return ComparedRates(
        (iv, im, oral),
        (
            RateDifference("im", difference(im.crude, iv.crude), Difference(-0.1, low, high), p),
            RateDifference("oral", difference(oral.crude, iv.crude), None, None),
        ),
        ("severity", "diagnosis"),
    )


def test_a_difference_beyond_chance_is_told_with_its_interval() -> None:
    view = shown.view(RateComparison(compared(-0.18, -0.02), NONE), "route", NAMES.__getitem__)
    assert view.sentence == (
        "With severity at baseline and diagnosis held equal, and against IV (55% in response at the end of induction): "
        "IM 10 points fewer (95% interval −18 to −2)."
    )
    assert view.notes == [
        "Measured at the end of induction, of those treated and not going on: IV 67%, IM 40%, Oral 47%.",
        "Too few to be held equal, shown as they are alone: Oral. "
        "Not held equal, as it goes with the groups or hardly varies: age.",
    ]
    assert [mark.name for mark in view.legend] == [
        "As they are",
        "Held equal in severity at baseline and diagnosis",
    ]
    crude, held = go.Figure(view.figure).data
    assert (len(crude.x), len(held.x)) == (3, 2)
    assert view.table is not None
    _, im, oral = view.table.rows
    assert (im["difference"], im["p_value"], oral["difference"], oral["p_value"]) == (-0.1, 0.01, None, None)
    assert oral["crude_difference"] == pytest.approx(6 / 14 - 0.6)
    assert (im["difference_low"], im["difference_high"]) == (-0.18, -0.02)
    assert im["crude_low"] < im["crude"] < im["crude_high"]
    assert (oral["standardised_low"], oral["standardised_high"]) == (None, None)


def test_one_within_chance_is_called_none() -> None:
    said = shown.words(compared(-0.22, 0.02), "route", NAMES.__getitem__)
    assert said == (
        "With severity at baseline and diagnosis held equal, no group differs from IV (55% in response at the end of "
        "induction) by more than chance: IM 10 points fewer (95% interval −22 to 2)."
    )


def test_groups_that_cannot_be_made_alike_are_told_as_they_are() -> None:
    groups = tuple(GroupRate(key, wilson(9, 12), wilson(n, 9), None) for key, n in (("iv", 6), ("sc", 2)))
    apart = (RateDifference("sc", difference(groups[1].crude, groups[0].crude), None, None),)
    view = shown.view(RateComparison(ComparedRates(groups, apart, ()), NONE), "route", NAMES.__getitem__)
    assert view.sentence == (
        "As they are: IV 67%, Subcutaneous 22% in response at the end of induction. The groups are not made alike, so "
        "this says who was treated as much as how."
    )
    assert "No two groups have the 20 measured courses" in view.notes[1]
    assert [mark.name for mark in view.legend] == ["As they are"]


@pytest.mark.parametrize(
    "key, expected",
    [
        ("route", "There is nothing to compare: fewer than two groups of route are measured, or both are of few."),
        ("condition", "A course can be in several groups of condition: their rates cannot be set against each other."),
    ],
)
def test_nothing_to_compare_is_said(key: str, expected: str) -> None:
    view = shown.view(RateComparison(NONE, NONE), key, str)
    assert view.sentence == expected
    assert list(view.legend) == []
    assert view.figure is not None
    go.Figure(view.figure)


def test_of_rounded_counts_there_is_no_p_value_and_no_exact_number() -> None:
    """110 of 200 and 45 of 100 courses would respond; the difference is that of the rounded rates."""
    exact = compared(-0.18, -0.02)
    found = rounded(RateComparison(exact, NONE), zero=False).response
    assert [(group.value, group.crude.events, group.crude.n) for group in found.groups] == [
        ("iv", 120, 200),
        ("im", 40, 100),
        ("oral", None, 15),
    ]
    first, second, _ = (group.standardised for group in found.groups)
    assert first is not None
    assert second is not None
    assert (first.events, second.events) == (110, 45)
    one, other = found.differences
    assert one.standardised is not None
    assert one.standardised.difference == pytest.approx(0.45 - 0.55)
    assert one.standardised.low is not None
    assert one.standardised.low < -0.18, "its interval is that of independent rounded rates: no narrower"
    assert (one.p_value, other.p_value, other.standardised) == (None, None, None)
    assert other.crude == Difference(None, None, None)
    near = rounded(RateComparison(compared(-0.181, -0.019), NONE), zero=False).response
    assert near == found, "what lies within the rounding cannot be told apart"


def test_whether_a_rounded_group_is_standardised_tells_no_more_than_its_rounded_counts() -> None:
    """18 to 22 courses read 20: whether there are the 20 that it takes must not show; nor whether five are without."""

    def shown_as(events: int, n: int) -> bool:
        small = GroupRate("sc", wilson(n, n), wilson(events, n), alike(events, n, 0.2, 0.8))
        iv, *_ = compared(-0.2, 0.0).groups
        found = rounded(RateComparison(ComparedRates((iv, small), (), ("severity",)), NONE), zero=False).response
        return found.groups[1].standardised is not None

    assert [shown_as(12, n) for n in (20, 22, 28)] == [False, False, True]
    assert [shown_as(events, 40) for events in (8, 20, 36)] == [False, True, False]


def test_a_group_of_few_courses_is_not_listed_where_counts_are_rounded() -> None:
    few = GroupRate("sc", wilson(4, 9), wilson(2, 4), None)
    of = compared(-0.2, 0.0)
    with_few = ComparedRates(
        (*of.groups, few), (*of.differences, RateDifference("sc", Difference(0, -1, 1), None, None)), ()
    )
    found = rounded(RateComparison(with_few, NONE), zero=False).response
    assert [group.value for group in found.groups] == ["iv", "im", "oral"]
