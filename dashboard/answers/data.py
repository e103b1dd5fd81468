"""How a page gets its data: the one place where pages touch the store.

A callback asks `ask(question, ...)`; the question gets the connection and the scope of the person who asked. What it
shows, as it declares, decides whether the answer is remembered (see `cache`) and what the audit trail hears. All that
one request asks is read through one connection, so it belongs to one version of the store.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeVar

from flask import Flask, current_app, g

from dashboard.access import state, trail
from dashboard.answers import cache
from dashboard.exports.rounded_answers import everybody, rounded, rounded_waterfall
from data_models.database.engine import plainly
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.scope import Scope
from data_models.questions import (
    Shows,
    comparison,
    durability,
    fade,
    funnel,
    interval_finder,
    occupancy,
    onset,
    rate_comparison,
    rates,
    reliable_change,
    resolution,
    severity,
    side_effects,
    states,
    vitals,
    waterfall,
    what_shows,
)  # fmt: skip

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from data_models.definitions.filters import CohortFilter
    from data_models.questions.durability import Durability
    from data_models.questions.fade import Fade
    from data_models.questions.funnel import Funnel
    from data_models.questions.interval_finder import IntervalFinder
    from data_models.questions.occupancy import Occupancy
    from data_models.questions.onset import Onset
    from data_models.questions.rate_comparison import RateComparison
    from data_models.questions.rates import Rates
    from data_models.questions.reliable_change import ReliableChange
    from data_models.questions.resolution import Resolution
    from data_models.questions.severity import Severity
    from data_models.questions.side_effects import EffectGroup, SideEffects
    from data_models.questions.states import States
    from data_models.questions.vitals import Vitals
    from data_models.questions.waterfall import Waterfall
    from data_models.store import Store

_KEY: Final = "ketamine_outcomes"
Answer = TypeVar("Answer")
RULES: Final = object()  # as an argument of `ask`: the rules of the version of the store that answers


class Reading:
    """What one request reads from: one connection, opened when it is first needed."""

    def __init__(self, of: Store) -> None:
        self._store = of
        self._open = ExitStack()

    @cached_property
    def connection(self) -> Connection:
        """All that is read through it belongs to one version of the store."""
        return self._open.enter_context(self._store.connect())

    @cached_property
    def _about(self) -> tuple[str, OutcomeRules]:
        return self._store.about(self.connection)

    @property
    def state(self) -> str:
        """The mark of the version of the store that this request reads."""
        return self._about[0]

    @property
    def rules(self) -> OutcomeRules:
        """The rules of that version."""
        return self._about[1]

    def close(self) -> None:
        """Give the connection back."""
        self._open.close()


def attach(server: Flask, store: Store) -> None:
    """Let the pages of an app read this store."""
    server.extensions[_KEY] = store
    cache.attach(server)
    server.teardown_appcontext(_close)


def _close(_: BaseException | None) -> None:
    found = g.pop(_KEY, None)
    if found is not None:
        found.close()


def reading() -> Reading:
    """What the current request reads from; closed with the request."""
    if _KEY not in g:
        setattr(g, _KEY, Reading(store()))
    now: Reading = g.get(_KEY)
    return now


def store() -> Store:
    """The store of the current request's app."""
    here: Store = current_app.extensions[_KEY]
    return here


def scope() -> Scope:
    """What the person asking may see, as the guard has found out; nothing for nobody."""
    who = state.person()
    return Scope() if who is None else who.scope


def suppressed() -> bool:
    """Whether small counts are hidden from the person asking: all but clinicians see what exports hold."""
    who = state.person()
    return who is not None and who.suppressed


def _shown(answer: Answer, cohort: CohortFilter) -> Answer:
    """An answer about a cohort as the person asking may see it. Raises NotAllowed where no rounding of it is known."""
    return rounded(answer, zero=everybody(cohort, scope())) if suppressed() else answer


def rules() -> OutcomeRules:
    """The rules under which the store's outcomes were derived."""
    return reading().rules


def ask(question: Callable[..., Answer], *arguments: Any, **named: Any) -> Answer:
    """`question(connection, scope, *arguments, **named)` on the store; a remembered answer where there is one.

    The whole answer belongs to one version of the store, the rules that stand for `RULES` with it. Remembered
    answers are shared between requests: treat them as read-only.

    Raises
    ------
    TypeError : the question does not declare what its answer shows.
    StoreError : the store cannot be read, or the audit trail cannot be told of the patients that the answer shows.
    """
    what, now, who = what_shows(question), reading(), scope()
    arguments = tuple(now.rules if value is RULES else value for value in arguments)
    named = {name: now.rules if value is RULES else value for name, value in named.items()}

    def make() -> Answer:
        with plainly():
            return question(now.connection, who, *arguments, **named)

    if what is Shows.COHORT:
        name = (question.__module__, question.__qualname__)
        key = cache.Key(now.state, who, frozenset(), name, (arguments, tuple(sorted(named.items()))))
        remembered: Answer = cache.remembered(store().engine, key, make)
        return remembered
    answer = make()
    if answer is not None:
        trail.note_shown(str(arguments[0]) if what is Shows.PATIENT else None)
    return answer


class Figures:
    """A cohort's figures, each question asked when a card first looks at its answer.

    A card then waits for the counts that it draws and for no others.
    """

    def __init__(self, cohort: CohortFilter) -> None:
        self.cohort = cohort
        self.rounded = suppressed()

    def _ask(self, question: Callable[..., Answer], *more: Any) -> Answer:
        return _shown(ask(question, self.cohort, *more), self.cohort)

    @cached_property
    def funnel(self) -> Funnel:
        return self._ask(funnel.funnel, RULES)

    @cached_property
    def rates(self) -> Rates:
        return self._ask(rates.rates, RULES)

    @cached_property
    def reliable_change(self) -> ReliableChange:
        return self._ask(reliable_change.reliable_change, RULES)

    @cached_property
    def onset(self) -> Onset:
        return self._ask(onset.onset)

    @cached_property
    def durability(self) -> Durability:
        return self._ask(durability.durability)

    @cached_property
    def states(self) -> States:
        return self._ask(states.states, RULES)

    @cached_property
    def occupancy(self) -> Occupancy:
        return self._ask(occupancy.occupancy, RULES)

    @cached_property
    def fade(self) -> Fade:
        return self._ask(fade.fade)

    @cached_property
    def interval_finder(self) -> IntervalFinder:
        return self._ask(interval_finder.interval_finder)

    @cached_property
    def side_effects(self) -> SideEffects:
        return self._ask(side_effects.side_effects)

    @cached_property
    def severity(self) -> Severity:
        return self._ask(severity.severity)

    @cached_property
    def resolution(self) -> Resolution:
        return self._ask(resolution.resolution)

    @cached_property
    def vitals(self) -> Vitals:
        return self._ask(vitals.vitals, RULES)

    @cached_property
    def waterfall(self) -> Waterfall:
        found = ask(waterfall.waterfall, self.cohort, RULES)
        return rounded_waterfall(found, self.cohort.instrument, rules()) if self.rounded else found


def figures(cohort: CohortFilter) -> Figures:
    """The cohort's figures."""
    return Figures(cohort)


def split(cohort: CohortFilter, by: str) -> dict[str, Figures]:
    """The figures of each value of one filter key (compare-by); where counts are rounded none of few courses."""
    found = {value: Figures(part) for value, part in ask(comparison.groups, cohort, by).items()}
    return {value: one for value, one in found.items() if not one.rounded or one.funnel.courses is not None}


def side_effects_by(cohort: CohortFilter, by: str) -> tuple[EffectGroup, ...]:
    """Side effects by session number, route, drug, dose band or phase."""
    return _shown(ask(side_effects.side_effects_by, cohort, by), cohort)


def rates_compared(cohort: CohortFilter, by: str) -> RateComparison:
    """Rates at the end of induction of the groups of one filter key, as they are and standardised."""
    return _shown(ask(rate_comparison.rate_comparison, cohort, by, RULES), cohort)


def fade_by(cohort: CohortFilter, by: str) -> dict[str, Fade]:
    """Fade between sessions per session's route, phase or course number."""
    return {group: _shown(one, cohort) for group, one in ask(fade.fade_by, cohort, by).items()}
