"""A piece of work and its floor in turns, within limits."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Timed = dict[str, list[float]]


@dataclass(frozen=True)
class Limits:
    """How long a piece of work goes on.

    Attributes
    ----------
    runs : turns of each row.
    seconds : after so many no further turn of a row begins.
    rows : the rows to measure.
    """

    runs: int
    seconds: float
    rows: frozenset[str]


def timed(work: Callable[[], Any]) -> float:
    """Seconds of the wall clock."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turn(limits: Limits, ours: Callable[[], Any], floor: Callable[[], Any], *, warm: bool = False) -> Timed:
    """Both in turn, as often as the limits say; the first turn warms up and is not counted, unless `warm`."""
    began, turns = time.perf_counter(), list[tuple[float, float]]()
    while len(turns) < limits.runs and not (turns and time.perf_counter() - began > limits.seconds):
        turn = timed(ours), timed(floor)
        if warm:
            turns.append(turn)
        warm = True
    return {"ours": [a for a, _ in turns], "floor": [b for _, b in turns]}


def say(what: str) -> None:
    """What is being done, for who waits."""
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)
