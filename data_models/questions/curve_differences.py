"""How the groups of a comparison differ in what their curves say, as JSON has it (see `outcomes.differences`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data_models.outcomes.differences import Differences, by_day, less_first, less_first_spent
from data_models.questions.states import RESPONSE
from data_models.questions.summary import Summary

ONSET_DAYS = (1.0, 7.0)  # of the last one there are words, too
LOSS_DAYS = (14.0, 28.0)


def curve_differences(groups: Mapping[str, Summary]) -> dict[str, Any]:
    """Each group less the first, which is the largest one that can be told: shares, and days in response.

    No course may be in two groups.
    """
    order = sorted(groups, key=lambda key: -(groups[key].funnel.courses or 0))
    of = [groups[key] for key in order]
    onset = {f"{day:g}": less_first([by_day(one.onset.curve, day) for one in of]) for day in ONSET_DAYS}
    lost = {f"{day:g}": less_first([by_day(one.durability.lost, day) for one in of]) for day in LOSS_DAYS}
    stood = [one.states.first_session for one in of]
    spent = less_first_spent(stood, RESPONSE)
    days = 1.0 if spent.first is None else stood[spent.first].days
    return {
        "responded_by_day": {day: _rows(order, found) for day, found in onset.items()},
        "lost_by_day": {day: _rows(order, found) for day, found in lost.items()},
        "days_in_response": _rows(order, spent, days),
    }


def _rows(order: list[str], found: Differences, times: float = 1.0) -> list[dict[str, Any]]:
    """One row a group that can be told."""
    return [
        {
            "group": group,
            "less": order[found.first],
            "difference": times * one.difference,
            "low": times * one.low,
            "high": times * one.high,
        }
        for group, one in zip(order, found.of, strict=True)
        if found.first is not None
        and one is not None
        and one.difference is not None
        and one.low is not None
        and one.high is not None
    ]
