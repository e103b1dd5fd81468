"""How a page gets its data: the one place where pages touch the store.

A callback asks `ask(function, ...)`; the function gets the connection and the scope of the person who
asked, and its answer is kept for the next asker with the same scope until the store changes: the latest
in this process, and those about cohorts that took long in the store, for every process that serves it (in
PostgreSQL one works them out, and those that ask meanwhile wait for it). All
that one request asks is read through one connection, so it belongs to one version of the store.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from flask import Flask, current_app, g

from dashboard.access import state, trail
from data_models.database.engine import plainly
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.scope import Scope
from data_models.questions import NotAllowed
from data_models.questions.cohort_counts import funnel
from data_models.questions.patient import patient, patient_records
from data_models.questions.worklist import attention_counts, worklist
from data_models.store.answer_codec import NotKept, question
from data_models.store.shared_answers import Nothing, keep, kept, taking_turns

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import Connection

    from data_models.definitions.filters import CohortFilter
    from data_models.store import Store

Seen = str | None  # a patient's code; None: the list of patients
_KEY = "ketamine_outcomes"
_SEEN = "ketamine_outcomes_seen"
ANSWERS_KEPT = 64
SHARE_FROM_SECONDS = 0.05  # what is worked out sooner than this is not worth a write
# Whose answers go into the store: cohorts' figures and counts. Lists and charts of patients never do.
_OF_COHORTS = {f"data_models.questions.{name}" for name in ("cohort", "cohort_counts", "filter_choices")}
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
    server.extensions[_KEY] = Source(store)
    server.teardown_appcontext(_close)


def _close(_: BaseException | None) -> None:
    found = g.pop(_KEY, None)
    if found is not None:
        found.close()


def reading() -> Reading:
    """What the current request reads from; closed with the request."""
    if _KEY not in g:
        setattr(g, _KEY, Reading(store()))
    return g.get(_KEY)


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
    return reading().rules


def ask(function: Callable[..., Any], *arguments: Any, keep: bool = True, **named: Any) -> Any:
    """`function(connection, scope, *arguments, **named)` on the store, from the kept answers where possible.

    The whole answer belongs to one version of the store, the rules that stand for `RULES` with it. Kept
    answers are shared between requests: treat them as read-only. `keep=False` for arguments that cannot be
    hashed or answers that would hardly be asked for again.
    """
    now, who = reading(), scope()
    arguments = tuple(now.rules if value is RULES else value for value in arguments)
    named = {name: now.rules if value is RULES else value for name, value in named.items()}

    def make() -> Any:
        with plainly():
            return function(now.connection, who, *arguments, **named)

    if not keep:
        return _noted(function, arguments, make())
    name = (function.__module__, function.__qualname__)
    key = (now.state, who, *name, arguments, tuple(sorted(named.items())))
    shared = name[0] in _OF_COHORTS or function is attention_counts
    here = source()
    answer = here.answers.get(key, (lambda: _shared(here.store, key, make)) if shared else make)
    return _noted(function, arguments, answer)


def _shared(store: Store, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
    """The answer that another process has kept in the store, or `make()`'s, then kept there if it took long."""
    try:
        name = question(*key)
    except NotKept:
        return make()
    with contextlib.suppress(Nothing):
        return kept(store.engine, name)
    with taking_turns(store.engine, name) as waited:
        if waited:
            with contextlib.suppress(Nothing):
                return kept(store.engine, name)
        began = time.perf_counter()
        answer = make()
        if time.perf_counter() - began >= SHARE_FROM_SECONDS:
            keep(store.engine, name, str(key[0]), answer)
    return answer


def _noted(function: Callable[..., Any], arguments: tuple[Any, ...], answer: Any) -> Any:
    """The answer, once the audit trail knows of it where it shows patients."""
    if function in (patient, patient_records) and answer is not None:
        tell((str(arguments[0]),))
    elif function is worklist:
        tell((None,))
    return answer


def tell(shown: tuple[Seen, ...]) -> None:
    """Tell the audit trail what the current answer shows. Raises StoreError: then it must not be shown."""
    for code in shown:
        if code is None:
            trail.note_list()
        else:
            trail.note_patient(code)
    setattr(g, _SEEN, (*seen(), *shown))


def seen() -> tuple[Seen, ...]:
    """What the audit trail was told that the current answer shows."""
    return g.get(_SEEN, ())


class Summary(Mapping[str, Any]):
    """The cohort's summary (data contract, section 3), each part worked out when a card first looks at it.

    A card then waits for the counts that it draws and for no others. Beside the contract's parts: "rates"
    (every rate of courses), "vitals" (apart from "side_effects", which has none here).
    """

    def __init__(self, cohort: CohortFilter) -> None:
        from data_models.questions import cohort as answers

        self._cohort = cohort
        self._parts: dict[str, Callable[[], Any]] = {
            "cohort": lambda: {"where": cohort.where(), **ask(funnel, cohort)},
            "rates": lambda: ask(answers.rate_shares, cohort),
            "onset": lambda: ask(answers.onset, cohort),
            "durability": lambda: ask(answers.durability, cohort),
            "occupancy": lambda: ask(answers.occupancy, cohort, RULES),
            "fade": lambda: ask(answers.fade, cohort),
            "side_effects": lambda: ask(answers.effect_rates, cohort),
            "vitals": lambda: ask(answers.vitals, cohort, RULES),
        }
        for kind in answers.RATES:
            self._parts[kind] = lambda kind=kind: answers.rates(self["rates"])[kind]  # type: ignore[misc]

    def __getitem__(self, part: str) -> Any:
        return self._parts[part]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)


def summary(cohort: CohortFilter) -> Summary:
    """The cohort's figures, by part."""
    _in_full()
    return Summary(cohort)


def course_values(cohort: CohortFilter) -> pd.DataFrame:
    """One row a course: its changes from baseline (the waterfall)."""
    from data_models.questions.cohort import course_values as values

    _in_full()
    return ask(values, cohort, RULES)


def split(cohort: CohortFilter, by: str) -> dict[str, tuple[CohortFilter, Summary]]:
    """The filter and the figures of each value of one filter key (compare-by)."""
    from data_models.questions.cohort import parts

    _in_full()
    return {value: (part, Summary(part)) for value, part in ask(parts, cohort, by).items()}


def breakdown(cohort: CohortFilter, by: str) -> list[dict[str, Any]]:
    """Side effects by session number, route, drug, dose band or phase."""
    from data_models.questions.cohort import side_effect_breakdown

    _in_full()
    return ask(side_effect_breakdown, cohort, RULES, by=by)


def severity(cohort: CohortFilter) -> dict[str, Any]:
    """Worst grades of sessions, grades by term."""
    from data_models.questions.cohort import effect_severity

    _in_full()
    return ask(effect_severity, cohort)


def resolution(cohort: CohortFilter) -> dict[str, Any]:
    """Time to resolution (minutes)."""
    from data_models.questions.cohort import effect_resolution

    _in_full()
    return ask(effect_resolution, cohort)


def any_effect(cohort: CohortFilter) -> dict[str, Any]:
    """Patients and sessions with any side effect."""
    from data_models.questions.cohort import any_effect as share

    _in_full()
    return ask(share, cohort)


def tests_between(cohort: CohortFilter, by: str) -> dict[str, Any]:
    """Log-rank tests between the values of one filter key."""
    from data_models.questions.cohort import log_ranks

    _in_full()
    return ask(log_ranks, cohort, by)


def fade_by(cohort: CohortFilter, by: str) -> dict[str, list[dict[str, Any]]]:
    """Fade between sessions per session's route, phase or course number."""
    from data_models.questions.cohort import fade_split

    _in_full()
    return ask(fade_split, cohort, by)
