"""The memory of a worker: two who ask at once share one computation, and what is used least is forgotten first."""

from __future__ import annotations

import pickle
import threading
import time

import pytest

from dashboard.answers import cache
from dashboard.answers.cache import Key, Memory
from data_models.definitions.scope import Scope


def key(name: str) -> Key:
    return Key("state", Scope(), frozenset(), name, ())


def test_two_who_ask_at_once_share_one_computation() -> None:
    memory, made = Memory(), []

    def slow() -> int:
        made.append(1)
        time.sleep(0.05)
        return 3

    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(memory.get(key("k"), slow))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [3] * 4
    assert len(made) == 1


def test_the_least_used_answers_are_forgotten_first() -> None:
    content = b"0123456789" * 10
    memory, made = Memory(most=2 * len(pickle.dumps(content))), []

    def make(name: str) -> bytes:
        made.append(name)
        return content

    for name in ("a", "b", "a", "c", "a", "b"):
        assert memory.get(key(name), lambda name=name: make(name)) == content  # type: ignore[misc]
    assert made == ["a", "b", "c", "b"]
    assert [name for name in "abc" if memory.find(key(name))] == ["a", "b"]


def test_what_is_put_twice_is_counted_once() -> None:
    content = b"0123456789" * 10
    memory = Memory(most=2 * len(pickle.dumps(content)))
    for name in ("a", "b", "b", "b"):
        memory.put(key(name), content)
    assert memory.find(key("a")) == memory.find(key("b")) == content


@pytest.mark.parametrize("answer", [None, b"0" * 1000, lambda: 1], ids=["none", "large", "without a size"])
def test_some_answers_are_not_remembered(answer: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "LARGEST", 500)
    memory = Memory()
    assert memory.get(key("a"), lambda: answer) is answer
    assert memory.find(key("a")) is None
