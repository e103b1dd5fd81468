"""The summary: every question about a cohort in one answer, and the JSON of the data contract."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection

from data_models.definitions.filters import CohortFilter
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.scope import Scope
from data_models.questions import Shows, shows
from data_models.questions.durability import Durability, durability
from data_models.questions.duration import Duration, duration
from data_models.questions.fade import Fade, fade
from data_models.questions.funnel import Funnel, funnel
from data_models.questions.interval_finder import IntervalFinder, interval_finder
from data_models.questions.occupancy import Occupancy, occupancy
from data_models.questions.onset import Onset, onset
from data_models.questions.rates import Rates, rates
from data_models.questions.reliable_change import ReliableChange, reliable_change
from data_models.questions.side_effects import SideEffects, side_effects
from data_models.questions.states import States, states
from data_models.questions.vitals import Vitals, vitals

Answer = TypeVar("Answer")


class Ask(Protocol):
    """Who answers a question about a cohort; `more`: what it takes after connection, scope and cohort."""

    def __call__(self, question: Callable[..., Answer], *more: Any) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of one cohort, under the rules by which the store's outcomes were derived."""

    cohort: CohortFilter
    rules: OutcomeRules
    funnel: Funnel
    rates: Rates
    reliable_change: ReliableChange
    onset: Onset
    duration: Duration
    durability: Durability
    states: States
    occupancy: Occupancy
    fade: Fade
    interval_finder: IntervalFinder
    side_effects: SideEffects
    vitals: Vitals

    def as_json(self) -> dict[str, Any]:
        """The object of `summary --format json` (data contract, section 3): plain dicts, lists, numbers and None.

        Times in days. None: not reached or not estimable.
        """
        return {
            "definitions": definitions(self.cohort, self.rules),
            "cohort": {"where": self.cohort.where(), **self.funnel.as_json()},
            **self.rates.as_json(),
            "reliable_change": self.reliable_change.as_json(),
            "onset": self.onset.as_json(),
            "duration": self.duration.as_json(),
            "durability": self.durability.as_json(),
            "occupancy": self.occupancy.as_json(),
            **self.states.as_json(),
            "fade": self.fade.as_json(),
            "fade_model": self.fade.model_as_json(),
            "interval_finder": self.interval_finder.as_json(),
            "side_effects": {**self.side_effects.as_json(), "vitals": self.vitals.as_json()},
        }


@shows(Shows.COHORT)
def summarise(connection: Connection, scope: Scope, cohort: CohortFilter, rules: OutcomeRules) -> Summary:
    """Every figure of the cohort.

    Parameters
    ----------
    scope : which clinics may be read; single patients need not be allowed.
    rules : the rules under which the store was derived (`Store.rules`).
    """

    def ask(question: Callable[..., Answer], *more: Any) -> Answer:
        return question(connection, scope, cohort, *more)

    return summary_of(ask, cohort, rules)


def summary_of(ask: Ask, cohort: CohortFilter, rules: OutcomeRules) -> Summary:
    """The summary of answers that somebody else has, or gets: each question is asked by itself."""
    return Summary(
        cohort,
        rules,
        ask(funnel, rules),
        ask(rates, rules),
        ask(reliable_change, rules),
        ask(onset),
        ask(duration),
        ask(durability),
        ask(states, rules),
        ask(occupancy, rules),
        ask(fade),
        ask(interval_finder),
        ask(side_effects),
        ask(vitals, rules),
    )


def definitions(cohort: CohortFilter, rules: OutcomeRules) -> dict[str, Any]:
    """Version, every rule with its value, and the instrument, as each chart and export prints them."""
    instrument = INSTRUMENTS[cohort.instrument].as_json()
    instrument["remission"] = rules.remission_cutoff(cohort.instrument)
    return {"version": rules.version, "rules": rules.as_dict(), "instrument": instrument}
