"""How a page gets its data: the one place where pages touch the store.

A callback asks `ask(function, ...)`; the function gets the connection and the scope of the person who
asked, and its answer is kept for the next asker with the same scope until the store changes.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app

from dashboard.access import state, trail
from data_models.queries import NotAllowed
from data_models.queries.patients import patient
from data_models.queries.worklist import worklist
from data_models.rules import OutcomeRules
from data_models.scope import Scope

if TYPE_CHECKING:
    import pandas as pd

    from data_models.cohort_filter import CohortFilter
    from data_models.store import Store

_KEY = "ketamine_outcomes"
ANSWERS_KEPT = 64


@dataclass(slots=True)
class Answers:
    """The latest answers of one worker, the least used forgotten first.

    Two who ask for the same thing at once share one computation: the second waits for the first.
    """

    size: int = ANSWERS_KEPT
    _kept: OrderedDict[Hashable, Future] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """The kept answer, or `make()`'s, then kept. Errors are not kept."""
        with self._lock:
            answer = self._kept.get(key)
            mine = answer is None
            if mine:
                answer = self._kept[key] = Future()
                while len(self._kept) > self.size:
                    self._kept.popitem(last=False)
            else:
                self._kept.move_to_end(key)
        assert answer is not None
        if mine:
            try:
                answer.set_result(make())
            except BaseException as error:
                with self._lock:
                    self._kept.pop(key, None)
                answer.set_exception(error)
        return answer.result()


@dataclass(slots=True)
class Source:
    """What an app reads from: attached to its server, one a worker."""

    store: Store
    answers: Answers = field(default_factory=Answers)


def attach(server: Flask, store: Store) -> None:
    """Let the pages of an app read this store."""
    server.extensions[_KEY] = Source(store)


def source() -> Source:
    """The source of the app that answers the current request."""
    return current_app.extensions[_KEY]


def store() -> Store:
    """The store of the current request's app."""
    return source().store


def scope() -> Scope:
    """What the person asking may see, as the guard has found out; nothing for nobody."""
    who = state.person()
    return Scope() if who is None else who.scope


def suppressed() -> bool:
    """Whether small counts are hidden from the person asking: all but clinicians see what exports hold."""
    who = state.person()
    return who is not None and who.suppressed


def _in_full() -> None:
    """Refuse figures with small counts in them to whoever may not see these. Raises NotAllowed."""
    if suppressed():
        raise NotAllowed("figures in full are shown to clinicians only")


def rules() -> OutcomeRules:
    """The rules under which the store's outcomes were derived."""
    return store().rules()


def ask(function: Callable[..., Any], *arguments: Any, keep: bool = True, **named: Any) -> Any:
    """`function(connection, scope, *arguments, **named)` on the store, from the kept answers where possible.

    Kept answers are shared between requests: treat them as read-only. `keep=False` for arguments that
    cannot be hashed or answers that would hardly be asked for again.
    """
    here, who = source(), scope()

    def make() -> Any:
        with here.store.connect() as connection:
            return function(connection, who, *arguments, **named)

    if not keep:
        return _told(function, arguments, make())
    key = (
        here.store.version(),
        who,
        function.__module__,
        function.__qualname__,
        arguments,
        tuple(sorted(named.items())),
    )
    return _told(function, arguments, here.answers.get(key, make))


def _told(function: Callable[..., Any], arguments: tuple[Any, ...], answer: Any) -> Any:
    """The answer, once the audit trail knows of it where it shows patients."""
    if function is patient and answer is not None:
        trail.note_patient(str(arguments[0]))
    elif function is worklist:
        trail.note_list()
    return answer


def summary(cohort: CohortFilter) -> dict[str, Any]:
    """The cohort's figures (data contract, section 3)."""
    from data_models.cohort import summarise

    _in_full()
    return ask(summarise, cohort, rules())


def course_values(cohort: CohortFilter) -> pd.DataFrame:
    """One row a course: its changes from baseline (the waterfall)."""
    from data_models.cohort import course_values as values

    _in_full()
    return ask(values, cohort, rules())


def split(cohort: CohortFilter, by: str) -> dict[str, dict[str, Any]]:
    """The cohort's figures for each value of one filter key (compare-by)."""
    from data_models.cohort import split as parts

    _in_full()
    return ask(parts, cohort, rules(), by)


def breakdown(cohort: CohortFilter, by: str) -> list[dict[str, Any]]:
    """Side effects by session number, route, drug, dose band or phase."""
    from data_models.cohort import side_effect_breakdown

    _in_full()
    return ask(side_effect_breakdown, cohort, rules(), by=by)


def effect_details(cohort: CohortFilter) -> dict[str, Any]:
    """Any side effect, worst grades, severity by term, time to resolution."""
    from data_models.cohort import side_effect_details

    _in_full()
    return ask(side_effect_details, cohort)


def details(cohort: CohortFilter) -> dict[str, Any]:
    """What stands beside the summary: response at 24 h, sustained response."""
    from data_models.cohort import details as more

    _in_full()
    return ask(more, cohort, rules())


def tests_between(cohort: CohortFilter, by: str) -> dict[str, Any]:
    """Log-rank tests between the values of one filter key."""
    from data_models.cohort import compare

    _in_full()
    return ask(compare, cohort, by)


def fade_by(cohort: CohortFilter, by: str) -> dict[str, list[dict[str, Any]]]:
    """Fade between sessions per session's route, phase or course number."""
    from data_models.cohort import fade_split

    _in_full()
    return ask(fade_split, cohort, by)
