"""Words about a rating scale."""

from __future__ import annotations

from dashboard.words.numbers import number, percent
from data_models.definitions.instruments import Instrument
from data_models.definitions.rules import OutcomeRules

# Stands where "ever responded" and "improved" do, and behind the rates at the end of induction: shares that
# `tests/benchmarks/coverage.py --scenario null` gives.
REGRESSION_TO_THE_MEAN = (
    "Measurement error alone makes some respond for a moment: with an error of 3 points, one in five under a treatment "
    "that does nothing (regression to the mean); at the end of induction 3 in 100."
)
# Beside what was seen of all, where no comparison says what would have been.
BAD_DAYS = "Who came on a bad day improves without treatment."


def above_minimum(scale: Instrument) -> str:
    """What a share below the baseline is counted from, where the scale does not begin at 0."""
    return "" if scale.minimum == 0 else f" (of its points above {number(scale.minimum)})"


def entry_severity(scale: Instrument, rules: OutcomeRules) -> str:
    """ "of 10 or more": the baseline from which courses are judged."""
    if rules.entry_severity == "moderate":
        return f"of {scale.moderate:g} or more"
    return f"above {scale.minimum:g}"


def least_change(scale: Instrument) -> str:
    """The smallest meaningful change: "5 points", "30% of baseline"; empty where none is agreed."""
    if scale.meaningful_change is None:
        return ""
    return (
        f"{percent(scale.meaningful_change)} of {scale.of_baseline}"
        if scale.meaningful_is_share
        else f"{number(scale.meaningful_change)} points"
    )
