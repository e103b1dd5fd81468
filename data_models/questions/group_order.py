"""The order of groups: code lists in their own order, numbers by value, "not recorded" last."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from data_models.definitions.vocabulary import DRUGS, PHASES, ROUTES
from data_models.outcomes.side_effects import DOSE_BANDS

_PLACE = {value: place for place, value in enumerate((*DRUGS, *ROUTES, *PHASES, *(band.label for band in DOSE_BANDS)))}


def in_group_order(values: Iterable[Any]) -> list[Any]:
    """The different values, in the order in which they are shown."""
    return sorted(set(values), key=_order)


def _order(value: Any) -> tuple[int, Any]:
    if value is None:
        return 2, 0
    if isinstance(value, str):
        return 0, _PLACE.get(value, len(_PLACE))
    return 1, value
