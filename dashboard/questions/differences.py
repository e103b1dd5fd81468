"""Differences of groups in words: each against the first, those first that are told from none."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dashboard.words.numbers import number
from data_models.outcomes.proportions import Difference

MOST_NAMED = 3  # in a sentence
TOLD = (
    "Differences are recovered from the two intervals, by patient, and allow for the number of groups (Holm). The "
    "groups are as they are: no p-value stands beside a difference."
)
Said = Callable[[Difference], str]


def differs(one: Difference) -> bool:
    """Whether its interval leaves out no difference; that of a difference held equal then has a p-value under 5 %."""
    return one.low is not None and one.high is not None and (one.low > 0 or one.high < 0)


def against(lead: str, base: str, told: Sequence[tuple[str, Difference]], said: Said, link: str = ",") -> str:
    """ "By day 7, against IV (39% had responded): IM 12 points more (95% interval 2 to 22)."

    Parameters
    ----------
    lead : by when, or with what held equal; `link` stands between it and "against".
    base : the first group and its figure.
    told : groups by name and their differences from it, at least one.
    said : a difference in words.
    """
    sure = [(name, one) for name, one in told if differs(one)]
    named = ", ".join(f"{name} {said(one)}" for name, one in (sure or told)[:MOST_NAMED])
    rest = "; the others are below" if len(sure or told) > MOST_NAMED else ""
    if sure:
        return f"{lead}{link} against {base}: {named}{rest}."
    return f"{lead}, no group differs from {base} by more than chance: {named}{rest}."


def points(found: Difference) -> str:
    """ "8 points more (95% interval 2 to 15)", of a difference of shares."""
    return _amount(found, 100.0, "point")


def in_days(of_days: float) -> Said:
    """ "8 days more (95% interval 2 to 15)", of a difference of shares of so many days."""
    return lambda found: _amount(found, of_days, "day")


def _amount(found: Difference, times: float, unit: str) -> str:
    value = found.difference or 0.0
    size = number(abs(times * value), 0)
    more = (
        f"no {unit} more or less"
        if size == "0"
        else f"{size} {unit}{'s' * (size != '1')} {'more' if value > 0 else 'fewer'}"
    )
    if found.low is None or found.high is None:
        return more
    return f"{more} (95% interval {number(times * found.low, 0)} to {number(times * found.high, 0)})"
