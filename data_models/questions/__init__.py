"""Every SELECT that answers a page, an export or a command; each takes a scope, and says what its answer shows."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar

Question = TypeVar("Question", bound=Callable[..., Any])


class NotAllowed(Exception):
    """The scope does not reach what was asked for; the message names no patient."""


class Shows(Enum):
    """What the answer to a question shows. It decides who hears of it, and whether it may be remembered.

    COHORT : figures, counts and values, no patient's own row. It may be remembered for whoever has the same scope.
    LIST : rows or codes of patients. The audit trail hears that the list was opened.
    PATIENT : the patient whose code is the first argument after connection and scope. The audit trail hears whom.
    """

    COHORT = "cohort"
    LIST = "list"
    PATIENT = "patient"


def shows(what: Shows) -> Callable[[Question], Question]:
    """Declare, where a question is defined, what its answer shows; a page cannot ask one that does not say."""

    def declared(question: Question) -> Question:
        question.shows = what  # type: ignore[attr-defined]
        return question

    return declared


def what_shows(question: Callable[..., Any]) -> Shows:
    """What the answer to a question shows. Raises TypeError for one that does not say."""
    found = getattr(question, "shows", None)
    if not isinstance(found, Shows):
        named = f"{question.__module__}.{question.__qualname__}"
        raise TypeError(f"{named} does not say what its answer shows: declare it with data_models.questions.shows")
    return found
