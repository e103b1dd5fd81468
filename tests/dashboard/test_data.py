"""Answers are shared, kept until the store changes, and never shared between scopes."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from dashboard import data
from data_models.rules import DEFAULT_RULES
from data_models.scope import Scope


class FakeStore:
    """Counts how often it was read."""

    def __init__(self) -> None:
        self.reads, self.at = 0, 1

    def version(self) -> int:
        return self.at

    def rules(self) -> Any:
        return DEFAULT_RULES

    @contextlib.contextmanager
    def connect(self) -> Iterator[None]:
        self.reads += 1
        yield None


@pytest.fixture
def server() -> Iterator[tuple[Flask, FakeStore]]:
    server, store = Flask("test"), FakeStore()
    data.attach(server, store)  # type: ignore[arg-type]
    with server.app_context():
        yield server, store


def answer(connection: None, scope: Scope, x: int) -> tuple[Scope, int]:
    return scope, x


def test_the_same_question_reads_the_store_once(server: tuple[Flask, FakeStore]) -> None:
    assert data.ask(answer, 1) == data.ask(answer, 1)
    assert data.ask(answer, 2)[1] == 2
    assert server[1].reads == 2


def test_a_changed_store_is_asked_again(server: tuple[Flask, FakeStore]) -> None:
    data.ask(answer, 1)
    server[1].at += 1
    data.ask(answer, 1)
    assert server[1].reads == 2


def test_scopes_do_not_share_answers(server: tuple[Flask, FakeStore], monkeypatch: pytest.MonkeyPatch) -> None:
    everything = data.ask(answer, 1)
    narrow = Scope(clinics=frozenset({"north"}))
    monkeypatch.setattr(data, "scope", lambda: narrow)
    assert data.ask(answer, 1) == (narrow, 1) != everything
    assert server[1].reads == 2


def test_an_error_is_not_kept(server: tuple[Flask, FakeStore]) -> None:
    calls = []

    def sometimes(connection: None, scope: Scope) -> int:
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("first")
        return 7

    with pytest.raises(ValueError, match="first"):
        data.ask(sometimes)
    assert data.ask(sometimes) == 7


def test_two_who_ask_at_once_share_one_computation() -> None:
    answers, made = data.Answers(), []

    def slow() -> int:
        made.append(1)
        time.sleep(0.05)
        return 3

    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(answers.get("k", slow))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [3] * 4
    assert len(made) == 1


def test_the_least_used_answers_are_forgotten() -> None:
    answers, made = data.Answers(size=2), []
    for key in ("a", "b", "a", "c", "a", "b"):
        answers.get(key, lambda key=key: made.append(key))  # type: ignore[misc]
    assert made == ["a", "b", "c", "b"]
