"""Releases that were made before: two cohorts that differ by a few patients give away what those few add.

Disclosure by differencing (Hundepool et al. 2012, Statistical Disclosure Control, section 4.5): the
smaller set of figures subtracted from the larger one is a table of the patients between them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from dashboard.exports.release import Release
from dashboard.exports.summary import NAMES
from data_models.cohort_filter import KEYS, CohortFilter
from data_models.queries.accounts import audit_page
from data_models.queries.overlap import patients_apart
from data_models.scope import Scope

ACTION = "export"
MOST = 500  # the latest releases are looked at


def told(release: Release, content: bytes) -> dict[str, Any]:
    """What the audit trail keeps of a release: filters, counts, what it rests on, and the file's own digest."""
    return {
        "query": release.cohort.to_query(),
        "by": release.by or "",
        "least": release.least,
        "patients": str(release.whole["cohort"]["patients"]),
        "courses": str(release.whole["cohort"]["courses"]),
        "fingerprint": release.fingerprint,
        "content": digest_of(content),
    }


def digest_of(content: bytes) -> str:
    """SHA-256 (hex) of a file that was taken."""
    return hashlib.sha256(content).hexdigest()


def released(connection: Connection, fingerprint: str) -> list[CohortFilter]:
    """The cohorts of earlier releases from the same data, the latest first, from the audit trail."""
    entries, _ = audit_page(connection, action=ACTION, limit=MOST)
    queries: dict[str, None] = {}
    for entry in entries:
        details = json.loads(entry.details)
        if details.get("fingerprint") == fingerprint and "query" in details:
            queries[details["query"]] = None
    return [CohortFilter.from_query(query) for query in queries]


def isolating(
    connection: Connection, scope: Scope, cohort: CohortFilter, earlier: Iterable[CohortFilter], least: int
) -> CohortFilter | None:
    """The first earlier cohort that differs from this one by 1 to `least` - 1 patients."""
    seen: dict[tuple[object, ...], CohortFilter] = {}
    for other in earlier:
        who = tuple(getattr(other, key) for key in KEYS if key != "phase")
        seen.setdefault(who, other)  # scale and phase choose among the same patients' figures
    for other in seen.values():
        if any(1 <= apart < least for apart in patients_apart(connection, scope, cohort, other)):
            return other
    return None


def refusal(cohort: CohortFilter, other: CohortFilter, least: int) -> str:
    """The sentence that says which filter to widen."""
    differ = [NAMES[key].lower() for key in KEYS if getattr(cohort, key) != getattr(other, key)]
    which = " or ".join(differ)
    return (
        f"Not released: an earlier file covers the same patients but 1 to {least - 1}, whom the two files together "
        f"would single out. Widen the filter on {which}, or take the earlier selection again."
    )
