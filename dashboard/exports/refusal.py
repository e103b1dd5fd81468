"""Why a file is not made beside earlier ones: one sentence, with the filter to widen."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.exports.apart import Selection
from data_models.definitions.filters import FILTERS


class Refused(ValueError):
    """No file may be made of this selection; its text says why and what to do."""


def refusal(selection: Selection, other: Selection, least: int) -> str:
    """Two files would single out a few patients."""
    return (
        f"Not released: an earlier file covers the same patients but 1 to {least - 1}, whom the two files together "
        f"would single out. {_ways(selection, other)}."
    )


def follows(selection: Selection, made: Sequence[Selection], least: int) -> str:
    """With earlier files a small count follows whatever this one hides; the last that is like it is named."""
    others = [other for other in made if other != selection]
    like = min(others, key=lambda other: _differences(selection, other), default=selection)
    return (
        f"Not released: beside earlier files, counts from 1 to {least - 1} would follow from it, whatever it hides. "
        f"{_ways(selection, like)}."
    )


def too_many() -> str:
    """More earlier files than can be compared."""
    return (
        "Not released: files of so many different selections of these records were taken that this one cannot be "
        "compared with all of them. Take an earlier selection again, or wait for the next records."
    )


def _differences(one: Selection, other: Selection) -> int:
    return sum(one.cohort[key] != other.cohort[key] for key in FILTERS) + (one.by != other.by)


def _ways(selection: Selection, other: Selection) -> str:
    first, second = selection.cohort, other.cohort
    differ = [row.label.lower() for key, row in FILTERS.items() if first[key] != second[key]]
    ways = [f"widen the filter on {' or '.join(differ)}"] if differ else []
    if selection.by != other.by:
        ways.append("group as the earlier file does")
    return ", ".join([*ways, "or take the earlier selection again"]).capitalize()
