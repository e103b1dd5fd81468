"""What several pages say: pure functions to words."""

from __future__ import annotations

from dashboard.words.numbers import HIDDEN, number, percent, sentence
from data_models.definitions.instruments import Instrument


def least_change(scale: Instrument) -> str:
    """The smallest meaningful change: "5 points", "30% of baseline"; empty where none is agreed."""
    if scale.meaningful_change is None:
        return ""
    return (
        f"{percent(scale.meaningful_change)} of {scale.of_baseline}"
        if scale.meaningful_is_share
        else f"{number(scale.meaningful_change)} points"
    )


def too_few_match(cohort_words: str) -> str:
    """The empty state of rounded counts, where few are not told from none."""
    return sentence(f"{HIDDEN} patients or courses, or none, match these filters: {cohort_words or 'no filter'}")


def nothing_matches(cohort_words: str) -> str:
    """The empty state: which filters left nothing."""
    return sentence(
        f"no courses match these filters: {cohort_words}" if cohort_words else "there are no records in this store yet"
    )
