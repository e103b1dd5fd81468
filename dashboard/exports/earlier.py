"""Releases that were made before, as the audit trail knows them, and the refusal of one too close to them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from dashboard.exports.apart import Crowd, Selection, isolates
from dashboard.exports.refusal import refusal
from dashboard.exports.release import LEAST, Release
from dashboard.exports.shown import Pattern
from dashboard.exports.together import Earlier
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.scope import Scope
from data_models.questions.accounts import audit_page
from data_models.questions.data_set_fingerprint import data_set_fingerprint
from data_models.questions.overlap import course_profiles
from data_models.store import Store

ACTION = "export"
MOST = 5000  # the latest releases are looked at


def told(release: Release, content: bytes) -> dict[str, Any]:
    """What the audit trail keeps of a release: filters, counts, what it rests on, and the file's own digest.

    Of the counts that it prints, the trail keeps which: as long as the records are the same, their values are.
    """
    return {
        "query": release.selection.cohort.to_query(),
        "by": release.by or "",
        "least": release.least,
        "patients": str(release.whole["cohort"]["patients"]),
        "courses": str(release.whole["cohort"]["courses"]),
        "fingerprint": release.fingerprint,
        "data": release.data,
        "rules": mark_of(release.rules),
        "hidden": Pattern.of(release.parts, release.least).text if release.least > 1 else "",
        "content": digest_of(content),
    }


def digest_of(content: bytes) -> str:
    """SHA-256 (hex) of a file that was taken."""
    return hashlib.sha256(content).hexdigest()


def mark_of(rules: OutcomeRules) -> str:
    """What tells rules of other values apart."""
    return digest_of(json.dumps(rules.as_dict(), sort_keys=True, default=str).encode())[:16]


def released(connection: Connection, data: str, rules: OutcomeRules) -> list[Earlier]:
    """What earlier files from the same data are of, the latest first, from the audit trail.

    A file with every number in it (the command line's `--suppress 0`) is for use in the house: it is no
    release, and nothing is refused for its sake.
    """
    entries, _ = audit_page(connection, action=ACTION, limit=MOST)
    found: dict[Earlier, None] = {}
    for entry in entries:
        details = json.loads(entry.details)
        least = int(details.get("least", LEAST))
        if details.get("data") == data and "query" in details and least > 1:
            of = Selection(CohortFilter.from_query(details["query"]), details.get("by") or None)
            same_rules = details.get("rules", mark_of(rules)) == mark_of(rules)
            found[Earlier(of, same_rules, Pattern(least, str(details.get("hidden", ""))))] = None
    return list(found)


def made(store: Store, connection: Connection, rules: OutcomeRules) -> tuple[Earlier, ...]:
    """The earlier files from the records that `connection` reads; `rules`: those of the file to be made."""
    data = data_set_fingerprint(connection, Scope.everything(), OutcomeRules())
    with store.connect_access() as trail:
        return tuple(released(trail, data, rules))


def isolating(connection: Connection, selection: Selection, made: Iterable[Selection], least: int) -> Selection | None:
    """The first earlier selection that, with this one, singles out 1 to `least` - 1 patients.

    All patients of the store count, whoever asks: an earlier file may be of clinics that they do not see.
    """
    different = {other.who(): other for other in reversed(list(made)) if other.who() != selection.who()}
    if not different:
        return None
    crowd = Crowd(course_profiles(connection, Scope.everything()))
    family = crowd.family(selection, least)
    for other in different.values():
        if isolates(family, crowd.family(other, least), least):
            return other
    return None


def refused(store: Store, release: Release) -> str | None:
    """Why this release must not be made beside the earlier ones; None where it may."""
    if release.least <= 1:
        return None
    with store.connect_access() as trail:
        before = [other.selection for other in released(trail, release.data, release.rules)]
    with store.connect() as connection:
        other = isolating(connection, release.selection, before, release.least)
    return None if other is None else refusal(release.selection, other, release.least)
