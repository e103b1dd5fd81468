"""Words about a rating scale."""

from __future__ import annotations

from dashboard.words.numbers import number
from data_models.definitions.instruments import Instrument


def above_minimum(scale: Instrument) -> str:
    """What a share below the baseline is counted from, where the scale does not begin at 0."""
    return "" if scale.minimum == 0 else f" (of its points above {number(scale.minimum)})"
