"""Shares in words: never without their n and their interval."""

from __future__ import annotations

from dashboard.words import numbers
from dashboard.words.numbers import HIDDEN, percent, whole
from data_models.outcomes.proportions import Proportion


def share_interval(share: Proportion) -> str:
    """ "95% interval 49 to 59%"."""
    return numbers.share_interval(share.low, share.high)


def rate(share: Proportion) -> str:
    """ "54% (193 of 358, 95% interval 49 to 59%)"; with no denominator "not measured"; "fewer than 11 of 358"."""
    if share.n == 0:
        return "not measured"
    if share.share is None:
        return f"{HIDDEN} of {whole(share.n)}" if share.n else HIDDEN
    return f"{percent(share.share)} ({whole(share.events)} of {whole(share.n)}, {share_interval(share)})"
