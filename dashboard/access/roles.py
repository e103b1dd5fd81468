"""Which role sees which page. A page that is not listed is seen by nobody."""

from __future__ import annotations

from dashboard import ids
from data_models.database.access_tables import ADMINISTRATOR, CLINICIAN, DATA_MANAGER, OWNER, Person

COHORTS = frozenset({CLINICIAN, ADMINISTRATOR})
EVERYONE = frozenset({CLINICIAN, ADMINISTRATOR, DATA_MANAGER, OWNER})
PAGES: dict[str, frozenset[str]] = {
    ids.OUTCOMES: COHORTS,
    ids.SIDE_EFFECTS: COHORTS,
    ids.PATIENTS: frozenset({CLINICIAN}),
    ids.PATIENT: frozenset({CLINICIAN}),
    ids.EXPORTS: frozenset({ADMINISTRATOR}),
    ids.RECORDS: frozenset({DATA_MANAGER}),
    ids.METHODS: EVERYONE,
    ids.ACCOUNTS: frozenset({OWNER}),
}
NAMES = {
    CLINICIAN: "Clinician",
    ADMINISTRATOR: "Administrator",
    DATA_MANAGER: "Data manager",
    OWNER: "Owner",
}


def may_see(person: Person | None, path: str) -> bool:
    """Whether the person's roles show the page with this path."""
    return person is not None and bool(PAGES.get(path, frozenset()) & person.roles)


def home(person: Person) -> str:
    """The first page that the person may see."""
    own = (path for path in PAGES if path not in (ids.PATIENT, ids.METHODS) and may_see(person, path))
    return next(own, ids.OUTCOMES)
