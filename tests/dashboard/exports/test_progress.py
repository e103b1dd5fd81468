"""How far a release is worked out: told on the page a part at a time, and on the command line."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from dashboard.answers import data
from dashboard.commands.figures import summary
from dashboard.exports.release import figures
from dashboard.pages.exports import page as exports
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.scope import Scope
from data_models.store import Store


def test_the_page_works_out_some_parts_a_request_and_says_how_many(
    sample_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open(sample_database)
    asked: list[str] = []

    with store.connect() as connection:

        def ask(function: Any, *arguments: Any) -> Any:
            asked.append(function.__name__)
            return function(connection, Scope.everything(), *arguments)

        monkeypatch.setattr(exports.data, "rules", OutcomeRules)
        first = exports.worked_out(ask, CohortFilter(), "clinic", 0, seconds=0)
        last = exports.worked_out(ask, CohortFilter(), "clinic", 2, seconds=60)
    store.close()
    assert first == (1, 4)
    assert last == (4, 4)
    assert asked.count("fade") == asked.count("early_stop") == 3, "the whole cohort, then the last two of three clinics"
    assert exports.progress_words(1, 4, "clinic") == "0 of 3 groups done"
    assert exports.progress_words(3, 4, "clinic") == "2 of 3 groups done"


def test_a_file_has_the_answers_that_a_page_was_given(sample_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model of fading takes seconds in a large store: it is fitted once for both."""
    store, server = Store.open(sample_database), Flask("test")
    data.attach(server, store)
    monkeypatch.setattr(data, "scope", Scope.everything)
    with server.app_context():
        shown = data.figures(CohortFilter())
        page = {name: getattr(shown, name) for name in ("fade", "onset", "rates", "states", "vitals")}
        summary_of_file = figures(data.ask, CohortFilter(), data.rules()).summary
        assert all(getattr(summary_of_file, name) is answer for name, answer in page.items())
    store.close()


def test_the_command_says_how_many_groups_are_done(sample_database: str) -> None:
    store = Store.open(sample_database)
    said: list[tuple[str, float]] = []
    summary(store, "phq9", (), "clinic", store.rules(), "csv", progress=lambda what, share: said.append((what, share)))
    store.close()
    steps = [what for what, _ in said]
    assert steps[0] == "working out figures, whole cohort"
    assert "working out figures, 2 of 3 groups done" in steps
    assert steps[-1] == "writing the file"
    assert [share for _, share in said] == sorted(share for _, share in said)
