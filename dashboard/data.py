"""How a page gets its data: the one place where pages touch the store.

A callback asks `ask(function, ...)`; the function gets the connection and the scope of the person who
asked, and its answer is kept for the next asker with the same scope until the store changes: the latest
in this process, and those about cohorts that took long in the store, for every process that serves it.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from flask import Flask, current_app

from dashboard.access import state, trail
from data_models.answers import NotKept, question
from data_models.queries import NotAllowed
from data_models.queries.patients import patient
from data_models.queries.worklist import attention_counts, worklist
from data_models.rules import OutcomeRules
from data_models.scope import Scope
from data_models.store_answers import Nothing, keep, kept

if TYPE_CHECKING:
    import pandas as pd

    from data_models.cohort_filter import CohortFilter
    from data_models.store import Store

_KEY = "ketamine_outcomes"
ANSWERS_KEPT = 64
SHARE_FROM_SECONDS = 0.05  # what is worked out sooner than this is not worth a write
# Whose answers go into the store: cohorts' figures and counts. Lists and charts of patients never do.
_OF_COHORTS = {f"data_models.{name}" for name in ("cohort", "queries.cohort", "queries.choices", "queries.context")}
RULES: Final = object()  # as an argument of `ask`: the rules of the version of the store that answers


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

    The whole answer belongs to one version of the store, the rules that stand for `RULES` with it. Kept
    answers are shared between requests: treat them as read-only. `keep=False` for arguments that cannot be
    hashed or answers that would hardly be asked for again.
    """
    here, who = source(), scope()
    with here.store.connect() as connection:
        state = None
        if keep or any(value is RULES for value in (*arguments, *named.values())):
            state, current = here.store.about(connection)
            arguments = tuple(current if value is RULES else value for value in arguments)
            named = {name: current if value is RULES else value for name, value in named.items()}

        def make() -> Any:
            return function(connection, who, *arguments, **named)

        if not keep:
            answer = make()
        else:
            name = (function.__module__, function.__qualname__)
            key = (state, who, *name, arguments, tuple(sorted(named.items())))
            shared = name[0] in _OF_COHORTS or function is attention_counts
            answer = here.answers.get(key, (lambda: _shared(here.store, key, make)) if shared else make)
    return _told(function, arguments, answer)


def _shared(store: Store, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
    """The answer that another process has kept in the store, or `make()`'s, then kept there if it took long."""
    try:
        name = question(*key)
    except NotKept:
        return make()
    with contextlib.suppress(Nothing):
        return kept(store.engine, name)
    began = time.perf_counter()
    answer = make()
    if time.perf_counter() - began >= SHARE_FROM_SECONDS:
        keep(store.engine, name, str(key[0]), answer)
    return answer


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
    return ask(summarise, cohort, RULES)


def course_values(cohort: CohortFilter) -> pd.DataFrame:
    """One row a course: its changes from baseline (the waterfall)."""
    from data_models.cohort import course_values as values

    _in_full()
    return ask(values, cohort, RULES)


def split(cohort: CohortFilter, by: str) -> dict[str, dict[str, Any]]:
    """The cohort's figures for each value of one filter key (compare-by)."""
    from data_models.cohort import split as parts

    _in_full()
    return ask(parts, cohort, RULES, by)


def breakdown(cohort: CohortFilter, by: str) -> list[dict[str, Any]]:
    """Side effects by session number, route, drug, dose band or phase."""
    from data_models.cohort import side_effect_breakdown

    _in_full()
    return ask(side_effect_breakdown, cohort, RULES, by=by)


def effect_details(cohort: CohortFilter) -> dict[str, Any]:
    """Any side effect, worst grades, severity by term, time to resolution."""
    from data_models.cohort import side_effect_details

    _in_full()
    return ask(side_effect_details, cohort)


def details(cohort: CohortFilter) -> dict[str, Any]:
    """What stands beside the summary: response at 24 h, sustained response."""
    from data_models.cohort import details as more

    _in_full()
    return ask(more, cohort, RULES)


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
