"""Work done in a thread beside its caller: in order, not far ahead, and over when the caller is."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any

import pytest

from data_models.intake.threads import from_thread


def test_items_come_in_order_from_another_thread() -> None:
    threads = set()

    def numbers() -> Iterator[int]:
        for number in range(20):
            threads.add(threading.get_ident())
            yield number

    assert list(from_thread(_generator(numbers()), 3)) == list(range(20))
    assert threads
    assert threading.get_ident() not in threads
    assert list(from_thread(_generator(iter([None, 0])), 1)) == [None, 0]


def test_items_are_made_a_few_ahead_and_none_when_nobody_takes_more() -> None:
    made: list[int] = []
    closed = []

    def endless() -> Generator[int]:
        try:
            while True:
                made.append(len(made))
                yield made[-1]
        finally:
            closed.append(True)

    items = from_thread(endless(), 5)
    assert next(items) == 0
    assert not closed
    items.close()
    before = len(made)
    assert before < 10
    assert closed == [True]
    assert len(made) == before


def test_an_error_comes_after_the_items_before_it() -> None:
    def spoilt() -> Generator[int]:
        yield 1
        yield 2
        raise ValueError("third")

    with closing(from_thread(spoilt(), 5)) as items:
        assert [next(items), next(items)] == [1, 2]
        with pytest.raises(ValueError, match="third"):
            next(items)


def _generator(items: Iterator[Any]) -> Generator[Any]:
    yield from items
