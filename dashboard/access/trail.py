"""What pages and exports tell the audit trail: who did what. An open dashboard keeps none, knowing nobody."""

from __future__ import annotations

import time
from typing import Any

from flask import g, request

from dashboard.access import state
from data_models.store import accounts

Shown = str | None  # what an answer shows: a patient, by the code; None: the list of patients
AGAIN = 600.0  # seconds in which the same person doing the same again makes no new entry


def actor() -> str:
    """The name that the trail has for whoever asks; empty where no trail is kept."""
    who = state.person()
    return who.name if who is not None and who.account_id else ""


def note(action: str, subject: str = "", **details: Any) -> None:
    """Add an entry for the person who asks. Raises StoreError: then the deed must not be done."""
    here, who = state.access(), state.person()
    if who is None or who.account_id == 0:
        return
    accounts.record(here.store.engine, who.name, action, subject, **details)


def note_shown(*shown_now: Shown) -> None:
    """Note which patients the person who asks is about to see; not with each redraw of the page.

    Raises StoreError: then the answer must not be shown.
    """
    for code in shown_now:
        if code is None:
            _note_once("list_opened", "")
        else:
            _note_once("patient_opened", code)
    g.shown = (*shown(), *shown_now)


def shown() -> tuple[Shown, ...]:
    """What was noted of the current answer, so that it can be noted again of a copy of it."""
    noted: tuple[Shown, ...] = g.get("shown", ())
    return noted


def note_figures(page: str, query: str) -> None:
    """Note that the person who asks has looked at a cohort's rounded figures; not with each redraw of the page."""
    _note_once("figures_opened", page, query=query)


def note_denied(what: str) -> None:
    """Note that the person who asks wanted what their roles do not show."""
    _note_once("denied", what, address=request.remote_addr)


def _note_once(action: str, subject: str, **details: Any) -> None:
    who = state.person()
    if who is None or who.account_id == 0:
        return
    here = state.access()
    key, now = (who.account_id, action, f"{subject} {details.get('query', '')}"), time.monotonic()
    if now - here.noted.get(key, float("-inf")) < AGAIN:
        return
    note(action, subject, **details)
    if len(here.noted) > 10_000:
        here.noted.clear()
    here.noted[key] = now
