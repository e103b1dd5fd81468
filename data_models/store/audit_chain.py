"""The audit trail as a chain: each entry's hash covers the entry and the hash of the one before.

Whoever alters, removes, inserts or swaps an entry breaks the chain at that place; the seal (how many
entries, and the last hash) tells when the tail was cut. Someone who may write the whole database can
recompute all of it: note the seal that `database verify` prints somewhere else from time to time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

FIRST = "0" * 64  # the hash before the first entry
LONGEST_DETAILS = 4000


@dataclass(frozen=True, slots=True)
class Entry:
    """One deed: who did what to whom or what, when; details as JSON text, without clinical values."""

    sequence: int
    time: str
    actor: str
    action: str
    subject: str
    details: str
    hash: str


def details_text(details: Mapping[str, Any]) -> str:
    """Details in one fixed form; over-long ones by their hash, so that an entry has a bound."""
    text = json.dumps(details, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    if len(text) > LONGEST_DETAILS:
        return json.dumps({"sha256": hashlib.sha256(text.encode()).hexdigest(), "characters": len(text)})
    return text


def entry_hash(previous: str, sequence: int, time: str, actor: str, action: str, subject: str, details: str) -> str:
    """SHA-256 (hex) of the previous hash and the entry's fields, whose borders JSON keeps apart."""
    fields = json.dumps([previous, sequence, time, actor, action, subject, details], ensure_ascii=False)
    return hashlib.sha256(fields.encode()).hexdigest()


def broken(entries: Iterable[Entry], sealed: tuple[int, str] | None, after: tuple[int, str] = (0, FIRST)) -> list[str]:
    """Where a chain does not hold, in order; empty when it is whole.

    Parameters
    ----------
    entries : in order of their sequence.
    sealed : number of entries and last hash as the seal has them; None where there is no seal.
    after : number and hash of the entry before the first, to check from there on.
    """
    problems: list[str] = []
    previous, expected = after[1], after[0] + 1
    for entry in entries:
        if entry.sequence != expected:
            missing = f"entry {expected}" if entry.sequence == expected + 1 else f"entries {expected} on"
            problems.append(
                f"{missing} missing before entry {entry.sequence}"
                if entry.sequence > expected
                else f"entry {entry.sequence} stands where entry {expected} should"
            )
        hashed = entry_hash(
            previous, entry.sequence, entry.time, entry.actor, entry.action, entry.subject, entry.details
        )
        if hashed != entry.hash:
            problems.append(f"entry {entry.sequence} was altered, or what stood before it")
        previous, expected = entry.hash, entry.sequence + 1
    count = expected - 1
    if sealed is None:
        if count:
            problems.append("the seal of the trail is missing")
    elif sealed != (count, previous):
        problems.append(
            f"the seal names {sealed[0]} entries and the trail ends at {count}"
            if sealed[0] != count
            else "the last entry is not the one that was sealed"
        )
    return problems
