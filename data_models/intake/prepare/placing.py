"""Where a row that has a date alone lies among a patient's sessions, while the dates are still known.

In session records a day is 24 hours from the first session's start; the session of a date may lie in the one before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from data_models.definitions.rules import DEFAULT_RULES

_DAY: Final = 24.0


@dataclass(slots=True)
class SessionsOfOne:
    """One person's sessions whose times are known: dates, and hours since the first one's start, ascending."""

    dates: Sequence[date] = field(default_factory=list)
    hours: Sequence[float] = field(default_factory=list)

    def of_date(self, when: date) -> list[float]:
        """Hours of the sessions of a date."""
        return [hours for at, hours in zip(self.dates, self.hours, strict=True) if at == when]

    def within(self, day: int) -> list[float]:
        """Hours of the sessions of a day of the session records."""
        return [hours for hours in self.hours if hours // _DAY == day]

    def place(self, when: date, day: int, *, after: bool) -> tuple[str, str]:
        """Hours or day of a score that has a date alone, on its own side of the sessions.

        Given by day wherever that says the same; elsewhere at the start of the date's first session, which is
        before it, or after its last one as `OutcomeRules.day_only_after_hours` places it.
        """
        theirs = self.of_date(when)
        if not theirs and not after:
            return "", str(day)  # before the next session, should one lie in that day
        anchor = (theirs[-1] if after else theirs[0]) if theirs else day * _DAY
        its_day = int(anchor // _DAY)
        others = self.within(its_day)
        if not others or (theirs and anchor == (others[-1] if after else others[0])):
            return "", str(its_day)
        if not after:
            return hours_text(anchor), ""
        following = min(hours for hours in others if hours > anchor)
        return hours_text(anchor + min(DEFAULT_RULES.day_only_after_hours, (following - anchor) / 2)), ""


def hours_text(hours: float) -> str:
    """Hours as session records write them: at most four decimals.

    Examples
    --------
    >>> hours_text(72.5), hours_text(-1.0)
    ('72.5', '-1')
    """
    return f"{hours:.4f}".rstrip("0").rstrip(".")
