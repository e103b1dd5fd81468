"""Releases that were made before, as the audit trail knows them, and the refusal of one too close to them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from dashboard.exports.apart import Crowd, Selection, isolates
from dashboard.exports.release import LEAST, Release
from dashboard.exports.summary import NAMES
from data_models.cohort_filter import KEYS, CohortFilter
from data_models.queries.accounts import audit_page
from data_models.queries.overlap import course_profiles
from data_models.scope import Scope
from data_models.store import Store

ACTION = "export"
MOST = 5000  # the latest releases are looked at


def told(release: Release, content: bytes) -> dict[str, Any]:
    """What the audit trail keeps of a release: filters, counts, what it rests on, and the file's own digest."""
    return {
        "query": release.selection.cohort.to_query(),
        "by": release.by or "",
        "least": release.least,
        "patients": str(release.whole["cohort"]["patients"]),
        "courses": str(release.whole["cohort"]["courses"]),
        "fingerprint": release.fingerprint,
        "data": release.data,
        "content": digest_of(content),
    }


def digest_of(content: bytes) -> str:
    """SHA-256 (hex) of a file that was taken."""
    return hashlib.sha256(content).hexdigest()


def released(connection: Connection, data: str) -> list[Selection]:
    """What earlier files from the same data are of, the latest first, from the audit trail.

    A file with every number in it (the command line's `--suppress 0`) is for use in the house: it is no
    release, and nothing is refused for its sake.
    """
    entries, _ = audit_page(connection, action=ACTION, limit=MOST)
    found: dict[Selection, None] = {}
    for entry in entries:
        details = json.loads(entry.details)
        if details.get("data") == data and "query" in details and int(details.get("least", LEAST)) > 1:
            found[Selection(CohortFilter.from_query(details["query"]), details.get("by") or None)] = None
    return list(found)


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
        made = released(trail, release.data)
    with store.connect() as connection:
        other = isolating(connection, release.selection, made, release.least)
    return None if other is None else refusal(release.selection, other, release.least)


def refusal(selection: Selection, other: Selection, least: int) -> str:
    """The sentence that says which filter to widen."""
    first, second = selection.cohort, other.cohort
    differ = [NAMES[key].lower() for key in KEYS if getattr(first, key) != getattr(second, key)]
    ways = [f"widen the filter on {' or '.join(differ)}"] if differ else []
    if selection.by != other.by:
        ways.append("group as the earlier file does")
    return (
        f"Not released: an earlier file covers the same patients but 1 to {least - 1}, whom the two files together "
        f"would single out. {', '.join([*ways, 'or take the earlier selection again']).capitalize()}."
    )
