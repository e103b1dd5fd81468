"""From the answers to a scale's items to its total, by the scale's own published rule.

A scale's items are a row of `ITEM_SCALES`: how many, their points, how they add up, and what its authors say of
missing ones. Items count as points (0 = not at all): a reader turns answers into points first. So no item here is
reversed; those of the HADS whose first answer is worth 3 points have their points printed beside the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor
from typing import Final

from data_models.definitions.instruments import INSTRUMENTS

Items = Sequence[int | None]


@dataclass(frozen=True, slots=True)
class MissingRule:
    """What is published of a scale's missing items.

    Attributes
    ----------
    name : in words, for what is told of totals that rest on it.
    source : its paper.
    at_most : more missing items than these leave no total.
    filled : what stands for each missing item, from all items; by default the mean of those answered.
    """

    name: str
    source: str
    at_most: int
    filled: Callable[[Items], float | None] = lambda items: _mean(items)


@dataclass(frozen=True, slots=True)
class ItemScale:
    """How one scale's total follows from its items.

    Attributes
    ----------
    numbers : the items' numbers in the questionnaire (of the HADS, anxiety has the odd ones).
    highest : each item's highest points, in the order of `numbers`; the lowest are 0.
    groups : places (from 0) of items of which the highest alone counts; every other item counts for itself.
    either : places of items of which the form asks for one alone; one of them missing is none missing.
    mean : the total is the items' mean, not their sum.
    missing : the published rule for missing items; None: none is known, and there is no total.
    source : where the items and their sum stand.
    """

    numbers: tuple[int, ...]
    highest: tuple[int, ...]
    source: str
    groups: tuple[tuple[int, ...], ...] = ()
    either: tuple[tuple[int, ...], ...] = ()
    mean: bool = False
    missing: MissingRule | None = None

    def __post_init__(self) -> None:
        if len(self.numbers) != len(self.highest):
            raise ValueError("each item has its highest points")

    def added(self, points: Sequence[float]) -> float:
        """The total of all items' points."""
        grouped = {place for group in self.groups for place in group}
        total = sum(value for place, value in enumerate(points) if place not in grouped)
        total += sum(max(points[place] for place in group) for group in self.groups)
        return total / len(points) if self.mean else total

    def unanswered(self, items: Items) -> tuple[int, ...]:
        """Places of the items that are missing."""
        given = {place for pair in self.either if any(items[place] is not None for place in pair) for place in pair}
        return tuple(place for place, value in enumerate(items) if value is None and place not in given)


def _mean(items: Items) -> float | None:
    answered = [value for value in items if value is not None]
    return sum(answered) / len(answered) if answered else None


def _never_drinks(items: Items) -> float | None:
    return 0.0 if items[0] == 0 else None


def _numbered(count: int, highest: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return tuple(range(1, count + 1)), (highest,) * count


_PHQ_MANUAL: Final = "Kroenke 2010; Arrieta 2017; NHS data dictionary (PHQ-9, GAD-7)"
_UP_TO_TWO: Final = MissingRule("one or two missing items count as the mean of those answered", _PHQ_MANUAL, 2)
_HALF: Final = MissingRule(
    "up to three missing items of a subscale count as the mean of its answered ones", "Bell 2016 (half rule)", 3
)
_FOUR_TWO: Final = (4, 4, 4, 2, 2, 2, 4, 4, 4, 4, 4, 2, 2, 2, 4, 2, 2)

ITEM_SCALES: Final[dict[str, ItemScale | None]] = {
    "phq9": ItemScale(*_numbered(9, 3), source="Kroenke 2001", missing=_UP_TO_TWO),
    "madrs": ItemScale(*_numbered(10, 6), source="Montgomery 1979"),
    "hamd17": ItemScale(tuple(range(1, 18)), _FOUR_TWO, source="Hamilton 1960"),
    # Of sleep (items 1 to 4), appetite and weight (6 to 9), pace (15, 16) the highest counts; of appetite and of weight
    # less or more is asked, not both.
    "qids": ItemScale(
        *_numbered(16, 3),
        groups=((0, 1, 2, 3), (5, 6, 7, 8), (14, 15)),
        either=((5, 6), (7, 8)),
        source="Rush 2003",
    ),
    "bdi2": ItemScale(*_numbered(21, 3), source="Beck 1996"),
    "gad7": ItemScale(*_numbered(7, 3), source="Spitzer 2006", missing=_UP_TO_TWO),
    "pcl5": ItemScale(*_numbered(20, 4), source="Weathers 2013"),
    "hads_a": ItemScale(tuple(range(1, 14, 2)), (3,) * 7, source="Zigmond 1983", missing=_HALF),
    "hads_d": ItemScale(tuple(range(2, 15, 2)), (3,) * 7, source="Zigmond 1983", missing=_HALF),
    "peg": ItemScale(*_numbered(3, 10), mean=True, source="Krebs 2009"),
    "auditc": ItemScale(
        *_numbered(3, 4),
        source="Bush 1998",
        missing=MissingRule(
            "who never drinks skips the two questions on drinking days: 0 each", "Babor 2001", 2, _never_drinks
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Total:
    """A scale's total.

    Attributes
    ----------
    item9 : the points of item 9, where the scale has it and it was answered.
    rule : by which published rule it rests on fewer than all items; None where on all, or on the total given.
    """

    score: float
    item9: int | None = None
    rule: MissingRule | None = None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """The total given and the items say different things: neither is taken.

    Attributes
    ----------
    total : as given.
    lowest, highest : what the items add up to, once every missing item is thought at its lowest and its highest.
    """

    total: float
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True)
class Incomplete:
    """No total: items are missing, and no rule was asked for or none allows it.

    Attributes
    ----------
    missing : their numbers in the questionnaire.
    counted_as_zero : a total was given that is the sum of the answered items alone.
    """

    missing: tuple[int, ...]
    counted_as_zero: bool = False


@dataclass(frozen=True, slots=True)
class OutOfRange:
    """No total: items have points that the scale does not give.

    Attributes
    ----------
    numbers : their numbers in the questionnaire.
    """

    numbers: tuple[int, ...]


def total_of(
    instrument: str, items: Items, total: float | None = None, *, published: bool = False
) -> Total | Disagreement | Incomplete | OutOfRange:
    """A scale's total from its items' points and the total given, as far as each is there.

    Parameters
    ----------
    items : points of each item, in the order of `ItemScale.numbers`; None = not answered.
    total : as the export gives it. With all items it must be theirs. With items missing it stands (who worked it out
        knew a rule) unless the items cannot make it, or it is the bare sum of those answered: programs that add up
        without looking give that, and it is too low.
    published : where items are missing and no total is given, use the scale's published rule.

    Raises
    ------
    ValueError : no items of this scale are known, or not as many as it has.

    Examples
    --------
    >>> total_of("phq9", [1, 2, 1, 0, 3, 1, 1, 0, 2])
    Total(score=11, item9=2, rule=None)
    >>> total_of("phq9", [1, 2, 1, 0, 3, 1, 1, 0, 2], 12)
    Disagreement(total=12, lowest=11, highest=11)
    >>> total_of("gad7", [1, 2, None, 0, 3, 1, 1])
    Incomplete(missing=(3,), counted_as_zero=False)
    >>> total_of("gad7", [1, 2, None, 0, 3, 1, 1], published=True).score  # 8 + 8 / 6, to the next whole number
    9
    """
    scale = ITEM_SCALES.get(instrument)
    if scale is None or len(items) != len(scale.numbers):
        raise ValueError(f"{instrument}: not as many items as are known of this scale")
    beyond = [
        number
        for number, points, highest in zip(scale.numbers, items, scale.highest, strict=True)
        if points is not None and not 0 <= points <= highest
    ]
    if beyond:
        return OutOfRange(tuple(beyond))
    item9 = items[8] if INSTRUMENTS[instrument].has_item9 else None
    missing = scale.unanswered(items)
    if total is not None and all(points is None for points in items):
        return Total(total)
    lowest = scale.added([points or 0 for points in items])
    most = [scale.highest[place] if place in missing else points or 0 for place, points in enumerate(items)]
    highest = scale.added(most)
    # Means are written with few decimals.
    slack = 0.05 if scale.mean else 0.0
    if total is not None and not lowest - slack <= total <= highest + slack:
        return Disagreement(total, lowest, highest)
    if not missing or lowest == highest:
        return Total(lowest, item9)
    stand_in = scale.missing.filled(items) if scale.missing and len(missing) <= scale.missing.at_most else None
    filled = None
    if stand_in is not None:
        filled = scale.added([stand_in if place in missing else points or 0 for place, points in enumerate(items)])
        # A total of whole points stays one (to the nearest, halves up).
        filled = floor(filled + 0.5) if INSTRUMENTS[instrument].whole else filled
    bare = total is not None and abs(total - lowest) <= slack
    if total is not None and (not bare or total == filled):
        return Total(total, item9)
    if not published or filled is None:
        return Incomplete(tuple(scale.numbers[place] for place in missing), bare)
    return Total(filled, item9, scale.missing)
