"""What pages and exports tell the audit trail: who did what. An open dashboard keeps none, knowing nobody."""

from __future__ import annotations

import time
from typing import Any

from flask import request

from dashboard.access import state
from data_models.store import accounts

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


def note_patient(code: str) -> None:
    """Note that the person who asks has opened a patient; not with each redraw of the page."""
    _note_once("patient_opened", code)


def note_list() -> None:
    """Note that the person who asks has opened the list of patients."""
    _note_once("list_opened", "")


def note_denied(what: str) -> None:
    """Note that the person who asks wanted what their roles do not show."""
    _note_once("denied", what, address=request.remote_addr)


def _note_once(action: str, subject: str, **details: Any) -> None:
    here, who = state.access(), state.person()
    if who is None or who.account_id == 0:
        return
    key, now = (who.account_id, action, subject), time.monotonic()
    if now - here.noted.get(key, float("-inf")) < AGAIN:
        return
    note(action, subject, **details)
    if len(here.noted) > 10_000:
        here.noted.clear()
    here.noted[key] = now
