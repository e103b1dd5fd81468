"""What stands where an answer would have stood when a callback fails: a sentence; and what the log has of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard.answers import cache
from dashboard.pages.card import message
from dashboard.words.errors import place_of
from data_models.store import StoreError

log = logging.getLogger("dashboard")


def noted(error: Exception) -> str:
    """The sentence for the person who asked.

    The log names the kind of error and the place in our code, never its text: that may hold records.
    """
    log.error("a callback failed: %s%s", type(error).__name__, place_of(error))
    cache.failing()
    if isinstance(error, StoreError):
        return str(error)
    return "This could not be worked out. Reload the page; if it stays, tell who runs this dashboard."


def instead_of(question: str, *beside: Component, wide: bool = False) -> Callable[[Exception], Any]:
    """What to do when the answer to a question fails: the question, and why there is no answer; `beside` stays."""

    def said(error: Exception) -> list[Component]:
        return [message(noted(error), title=question, kind="error", wide=wide), *beside]

    return said


def instead_of_page(title: str) -> Callable[[Exception], Any]:
    """What to do when a page's whole answer fails, its heading with it."""

    def said(error: Exception) -> list[Component]:
        return [html.H1(title, className="page-title page-head"), message(noted(error), kind="error")]

    return said
