"""The rules that turn records into outcomes: one frozen, versioned settings object.

Each rule of the clinical definitions is a field here with its default. A clinic may change any of
them; charts, exports and reports print every name, value and the version.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from data_models.definitions.instruments import INSTRUMENTS

DEFINITIONS_VERSION = "2"
LEAST_SHOWN = 11  # smaller counts are hidden from those who see no patient (CMS cell size suppression policy)
# Scores have few decimals; a share of them that is exactly a limit may come out below it by rounding.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Rule:
    """What a rule means, and which values it may take: numbers from `low` to `high`, or one of `choices`."""

    meaning: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    def check(self, name: str, value: Any) -> None:
        """Raise ValueError for a value that it may not take."""
        if self.choices and value not in self.choices:
            raise ValueError(f"rule {name} is {value!r}; it must be one of {', '.join(self.choices)}")
        if self.low is not None and self.high is not None and not self.low <= value <= self.high:
            raise ValueError(f"rule {name} is {value:g}; it must lie from {self.low:g} to {self.high:g}")


def _rule(
    default: Any, meaning: str, low: float | None = None, high: float | None = None, *, choices: tuple[str, ...] = ()
) -> Any:
    """One rule; whole numbers where its default is one.

    Raises
    ------
    ValueError : it has neither bounds nor choices, or its default is outside them.
    """
    if not meaning or (not choices if isinstance(default, str) else low is None or high is None):
        raise ValueError(f"rule {meaning!r}: a number needs its meaning and both bounds, a text its choices")
    rule = Rule(f"{meaning}: {', '.join(choices)}" if choices else meaning, low, high, choices)
    rule.check(repr(meaning), default)
    return field(default=default, metadata={"rule": rule})


@dataclass(frozen=True, slots=True)
class OutcomeRules:
    """Every rule of the definitions with its value. Units are in the names; shares are 0 to 1."""

    course_gap_days: float = _rule(90.0, "a longer gap between sessions starts a new course", 1, 3650)
    induction_gap_days: float = _rule(14.0, "a longer gap between sessions ends induction", 1, 3650)
    induction_sessions_ketamine: int = _rule(6, "sessions that an induction with ketamine is planned to have", 1, 100)
    induction_sessions_esketamine: int = _rule(
        8, "sessions that an induction with esketamine is planned to have", 1, 100
    )
    induction_min_sessions: int = _rule(
        4, "as many sessions that the records mark as induction make it complete", 1, 100
    )
    baseline_window_days: float = _rule(14.0, "oldest score that may be the baseline", 0, 365)
    entry_severity: str = _rule(
        "moderate", "baseline from which courses are judged: the moderate cut-off, or any above the lowest score",
        choices=("moderate", "any"),
    )  # fmt: skip
    response_improvement: float = _rule(0.50, "improvement that is a response", 0.01, 1)
    partial_improvement: float = _rule(0.25, "improvement that is a partial response", 0.01, 1)
    sustained_days: float = _rule(7.0, "two scores in response this far apart are sustained response", 0, 365)
    end_of_induction_days: float = _rule(
        14.0, "latest first score after the last induction session that counts as its end", 0, 365
    )
    durability_entry_within_days: float = _rule(
        7.0, "latest first score after the last induction session from which durability is followed", 0, 90
    )
    early_response_from_hours: float = _rule(12.0, "earliest score that may stand for 24 h", 0, 24)
    early_response_to_hours: float = _rule(36.0, "latest score that may stand for 24 h", 24, 72)
    fade_pre_session_days: float = _rule(7.0, "oldest score that may be a session's pre-session score", 0, 90)
    state_hold_days: float = _rule(30.0, "a state holds at most this long after its score", 1, 365)
    day_only_after_hours: float = _rule(
        12.0, "a score given by day and taken after that day's session is placed this long after its start", 0.01, 23.99
    )
    loss_rule: str = _rule("both", "what is loss of response", choices=("both", "half_lost", "back_in_band"))
    loss_confirmations: int = _rule(2, "consecutive scores that loss of response takes", 1, 10)
    loss_before_session: str = _rule(
        "confirms", "a score that meets the loss rule and is the last before a session confirms the loss, or censors",
        choices=("confirms", "censors"),
    )  # fmt: skip
    madrs_remission: int = _rule(10, "highest MADRS score in remission (10; 12 is the option)", 0, 20)
    systolic_rise_mmhg: float = _rule(40.0, "systolic rise that is reported", 1, 200)
    diastolic_rise_mmhg: float = _rule(25.0, "diastolic rise that is reported", 1, 200)
    systolic_high_mmhg: float = _rule(180.0, "highest systolic pressure that is reported", 100, 300)
    diastolic_high_mmhg: float = _rule(110.0, "highest diastolic pressure that is reported", 50, 200)
    predose_systolic_mmhg: float = _rule(140.0, "flagged before the dose: systolic above", 80, 250)
    predose_diastolic_mmhg: float = _rule(90.0, "flagged before the dose: diastolic above", 40, 150)

    def __post_init__(self) -> None:
        for rule in dataclasses.fields(self):
            rule.metadata["rule"].check(rule.name, getattr(self, rule.name))
        if self.partial_improvement >= self.response_improvement:
            raise ValueError("rule partial_improvement must be below response_improvement")

    @property
    def version(self) -> str:
        """Version of the definitions; a suffix names the set of changed values."""
        changed = {k: v for k, v in self.as_dict().items() if v != getattr(DEFAULT_RULES, k)}
        if not changed:
            return DEFINITIONS_VERSION
        digest = hashlib.sha256(json.dumps(changed, sort_keys=True).encode()).hexdigest()
        return f"{DEFINITIONS_VERSION}+{digest[:8]}"

    def as_dict(self) -> dict[str, float | int | str]:
        """Rule names and values, in the order of the definitions."""
        return dataclasses.asdict(self)

    def changed(self, values: Mapping[str, str | float | int]) -> OutcomeRules:
        """A copy with some rules changed; text is converted strictly, errors name the rule."""
        kinds: dict[str, Any] = {rule.name: type(rule.default) for rule in dataclasses.fields(self)}
        converted: dict[str, Any] = {}
        for name, value in values.items():
            if name not in kinds:
                raise ValueError(f"there is no rule {name!r}; the rules are {', '.join(kinds)}")
            try:
                converted[name] = kinds[name](value)
                if kinds[name] is not str and converted[name] != float(value):
                    raise ValueError
            except ValueError:
                wanted = "a whole number" if kinds[name] is int else "a number"
                raise ValueError(f"rule {name} is {value!r}; it must be {wanted}") from None
        return dataclasses.replace(self, **converted)

    def with_assignments(self, assignments: Iterable[str]) -> OutcomeRules:
        """A copy changed by texts of the form NAME=VALUE (the command line's `--rule`)."""
        values: dict[str, str] = {}
        for text in assignments:
            name, equals, value = text.partition("=")
            if not equals or not value:
                raise ValueError(f"{text!r} is not of the form NAME=VALUE")
            values[name.strip()] = value.strip()
        return self.changed(values)

    def remission_cutoff(self, instrument: str) -> float | None:
        """Highest score in remission on an instrument; None where it has none."""
        return float(self.madrs_remission) if instrument == "madrs" else INSTRUMENTS[instrument].remission

    @classmethod
    def meanings(cls) -> dict[str, str]:
        """What each rule means, for definition panels."""
        return {rule.name: rule.metadata["rule"].meaning for rule in dataclasses.fields(cls)}


DEFAULT_RULES = OutcomeRules()

# Days since the latest session, [from, to): the bins of the fade chart (definitions, section 5.3).
FADE_BINS_DAYS: tuple[tuple[float, float], ...] = (
    (0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 7), (7, 10), (10, 14), (14, 21), (21, 28), (28, 42), (42, 90),
)  # fmt: skip

# The score at the end of a maintenance interval is the last of so many days before the session that ends it (5.5).
INTERVAL_SCORE_DAYS = 3.0

# Lengths of maintenance intervals in whole days, [from, to): the bins of the cohort's card (definitions, section 5.5).
INTERVAL_BINS_DAYS: tuple[tuple[int, int], ...] = (
    (0, 7), (7, 11), (11, 18), (18, 25), (25, 32), (32, 46), (46, 91),
)  # fmt: skip
