"""Small answers of the shape that a store gives, for words, figures and tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dashboard.questions.view import Definition, Table, View
from data_models.outcomes.competing import aalen_johansen
from data_models.outcomes.interval_censored import IntervalCurve, interval_curve
from data_models.outcomes.occupancy import StateShares
from data_models.outcomes.proportions import Proportion, wilson
from data_models.outcomes.states import StateCurves
from data_models.outcomes.survival import SurvivalCurve, kaplan_meier
from data_models.outcomes.turnbull import turnbull
from data_models.questions.durability import Durability
from data_models.questions.occupancy import Occupancy
from data_models.questions.onset import Onset
from data_models.questions.side_effects import EffectRate, SideEffects
from data_models.questions.states import States
from tests.dashboard import sound

INFINITY = float("inf")


@pytest.fixture(autouse=True)
def _every_view_is_sound() -> Iterator[None]:
    """Whatever a test looks at, the views and tables that it makes are held to what holds of all."""
    with pytest.MonkeyPatch.context() as patch:
        checks = {View: sound.check_view, Table: sound.check_table, Definition: sound.check_definition}
        made = {kind: sound.every(patch, kind) for kind in checks}
        yield
    for kind, check in checks.items():
        for one in made[kind]:
            check(one)


def curve(n: int, days: Sequence[float], events: int, censored: int) -> SurvivalCurve:
    """`events` and `censored` on each of some days; whoever is left is censored long after."""
    left = n - len(days) * (events + censored)
    times = [*days, *days, 1_000.0]
    kinds = [1] * len(days) + [0] * len(days) + [0]
    counts = [events] * len(days) + [censored] * len(days) + [left]
    return kaplan_meier(np.repeat(times, counts), np.repeat(kinds, counts))


def between(found: SurvivalCurve, entries: float | None = None) -> IntervalCurve:
    """The same courses, scored at the curve's times and at no other: each event lies after the time before its own."""
    before = np.concatenate(([entries or 0.0], found.times))[:-1]
    events, censored = found.events.astype(int), found.censored.astype(int)
    left = np.concatenate((np.repeat(before, events), np.repeat(found.times, censored)))
    right = np.concatenate((np.repeat(found.times, events), np.full(censored.sum(), INFINITY)))
    return interval_curve(left, right, entries=None if entries is None else np.full(left.size, entries))


def words_of(n: int, events: int, median: float | None, low: float | None = None, high: float | None = None) -> Any:
    """What sentences read of a curve: how many, from when, a median with its interval, and no share on any day."""
    middle = tuple(float("nan") if value is None else value for value in (median, low, high))
    nothing = np.zeros(0)
    return SimpleNamespace(
        n=n, total_events=events, median=middle, times=nothing, at_risk=nothing, start=2.0 if n and n >= 10 else None,
        at=lambda _: (float("nan"),) * 3,
    )  # fmt: skip


@pytest.fixture
def make_curve() -> Any:
    return curve


@pytest.fixture
def make_between() -> Any:
    return between


@pytest.fixture
def make_words() -> Any:
    return words_of


@pytest.fixture
def onset() -> Onset:
    return onset_of(curve(250, [1, 2, 4, 7, 10, 14, 21, 28], 22, 4), curve(250, [1, 2, 3, 4, 5, 6], 30, 5))


def onset_of(seen: SurvivalCurve, by_session: SurvivalCurve) -> Onset:
    return Onset(between(seen), turnbull([0, 1, 4, 7], [1, 4, 7, INFINITY], [50, 100, 50, 50]), seen, by_session)


@pytest.fixture
def durability() -> Durability:
    return durability_of(curve(120, [7, 14, 21, 28, 42, 56, 70], 9, 6))


def durability_of(found: SurvivalCurve) -> Durability:
    """Each time of a curve also has as many re-treated as it has lost."""
    times = [*found.times, *found.times, *found.times]
    kinds = np.repeat([1, 2, 0], found.times.size)
    counts = np.tile(found.events, 3).astype(int) + 1
    return Durability(between(found, 0.0), aalen_johansen(np.repeat(times, counts), np.repeat(kinds, counts)), found)


@pytest.fixture
def make_durability() -> Any:
    return durability_of


@pytest.fixture
def occupancy() -> Occupancy:
    shares = (np.full(91, share) for share in (0.3, 0.2, 0.2, 0.15, 0.05, 0.1))
    return Occupancy(StateShares(310, 0, *shares))


def curves_of(courses: int | None, days: int, response: float = 0.4) -> StateCurves:
    """As many courses at risk on each of some days, a share of them in response and the rest in none."""
    k = days + 1 if days else 0
    share = np.tile([1 - response, 0.0, response], (k, 1))
    spent = np.array([1 - response, 0.0, response]) * days
    flat = np.full(k, float(courses or 0))
    error = np.full((k, 3), 0.03)
    return StateCurves(
        courses, courses, np.arange(float(k)), flat, flat + 1, share, error, share - 0.06, share + 0.06,
        spent, np.full(3, 2.0), spent - 4, spent + 4,
    )  # fmt: skip


@pytest.fixture
def states() -> States:
    return States(curves_of(310, 90), curves_of(120, 90, 0.5))


@pytest.fixture
def make_states() -> Any:
    return curves_of


@pytest.fixture
def early() -> Proportion:
    return wilson(40, 200)


def effects(patients: int, sessions: int, **events: tuple[int, int]) -> SideEffects:
    """Terms with the patients and the sessions that had them; "any": the most of them."""
    rates = [EffectRate(term, wilson(p, patients), wilson(s, sessions)) for term, (p, s) in events.items()]
    most = (max((p for p, _ in events.values()), default=0), max((s for _, s in events.values()), default=0))
    every = EffectRate("any", wilson(most[0], patients), wilson(most[1], sessions))
    return SideEffects(patients, sessions, every, tuple(rates))
