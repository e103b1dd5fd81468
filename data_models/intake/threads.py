"""Work done beside the caller, in a thread of its own, a few steps before it is asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from itertools import islice, repeat
from typing import Any, TypeVar

T = TypeVar("T")
_END: Any = object()


def ahead(executor: Executor, calls: Iterable[Callable[[], T]], depth: int) -> Iterator[T]:
    """The results of some calls in their order, a few of them carried out beside the caller before they are taken."""
    rest = iter(calls)
    begun = deque(executor.submit(call) for call in islice(rest, depth))

    def taken() -> Iterator[T]:
        while begun:
            result = begun.popleft().result()
            begun.extend(executor.submit(call) for call in islice(rest, 1))
            yield result

    return taken()


def from_thread(items: Generator[T], depth: int) -> Generator[T]:
    """The items of a generator, made in a thread up to `depth` ahead of those taken.

    When this ends or is closed, the thread has ended and the generator is closed. What the generator raises is
    raised here, after the items before it.
    """
    with ThreadPoolExecutor(1) as thread:
        try:
            for item in ahead(thread, repeat(partial(next, items, _END)), depth):
                if item is _END:
                    return
                yield item
        finally:
            thread.shutdown(cancel_futures=True)  # what nobody will take is not made
            items.close()
