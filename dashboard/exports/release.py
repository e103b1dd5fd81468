"""A release: the figures of a cohort and its groups, rounded, with what a reader needs to judge them.

The same release is what the Exports page previews and what every format writes.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from sqlalchemy import Connection

from dashboard.exports import completeness
from dashboard.exports.document import counted
from dashboard.exports.rounded_answers import everybody, rounded
from dashboard.exports.rounding import LEAST
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.scope import Scope
from data_models.outcomes.proportions import Proportion
from data_models.questions import Shows, shows
from data_models.questions.comparison import groups
from data_models.questions.completeness import ClinicRecords
from data_models.questions.data_set_fingerprint import data_set_fingerprint
from data_models.questions.rate_comparison import RateComparison, rate_comparison
from data_models.questions.rates import early_stop
from data_models.questions.summary import Summary, summary_of

PRODUCT = "ketamine-outcomes"
ACTION = "export"  # what the audit trail calls a file that was taken

Progress = Callable[[str, float], None]
Ask = Callable[..., Any]  # of a function of connection, scope and arguments, and these arguments


@dataclass(frozen=True, slots=True)
class Part:
    """The figures of one cohort or group; `early_stop`: share of courses whose induction ended early."""

    summary: Summary
    early_stop: Proportion


@dataclass(frozen=True, slots=True)
class Release:
    """What leaves the building.

    Attributes
    ----------
    parts : group (None: the whole cohort) -> its figures, of rounded counts where `exact` is False; then a group of
        few patients is not listed.
    by : the filter key that groups are values of.
    records : completeness of records, a row a clinic, where asked for.
    clinics : those that the asker may see; None: all.
    compared : rates at the end of induction of the groups, as they are and standardised; None without groups.
    """

    cohort: CohortFilter
    rules: OutcomeRules
    parts: Mapping[str | None, Part]
    by: str | None
    exact: bool
    fingerprint: str
    name: str = ""
    synthetic: bool = False
    made: datetime.date = field(default_factory=datetime.date.today)
    records: Sequence[ClinicRecords] = ()
    clinics: frozenset[str] | None = None
    compared: RateComparison | None = None

    @property
    def whole(self) -> Part:
        """The figures of the whole cohort."""
        return self.parts[None]

    def trail_details(self, content: bytes) -> dict[str, Any]:
        """What the audit trail keeps of a file: filters, clinics, what it rests on as the file says it, its digest."""
        chosen = frozenset(dict(self.cohort.chosen).get("clinic", ()))
        seen = chosen if self.clinics is None else (chosen & self.clinics if chosen else self.clinics)
        return {
            "query": self.cohort.with_values("clinic", tuple(sorted(seen))).to_query(),
            "by": self.by or "",
            "least": 0 if self.exact else LEAST,
            "patients": str(counted(self.whole.summary.funnel.patients)),
            "courses": str(counted(self.whole.summary.funnel.courses)),
            "fingerprint": self.fingerprint,
            "content": digest_of(content),
        }


def digest_of(content: bytes) -> str:
    """SHA-256 (hex) of a file that was taken."""
    return hashlib.sha256(content).hexdigest()


def program_version() -> str:
    """The program's version."""
    try:
        return version(PRODUCT)
    except PackageNotFoundError:
        return "unknown"


def _quiet(step: str, share: float) -> None:
    """The progress of a caller that shows none."""


def _asked(connection: Connection, scope: Scope, function: Callable[..., Any], *arguments: Any) -> Any:
    return function(connection, scope, *arguments)


def cohorts_of(ask: Ask, cohort: CohortFilter, by: str | None) -> dict[str | None, CohortFilter]:
    """The parts that a release has: the whole cohort (None), then its groups."""
    return {None: cohort} | ({} if by is None else ask(groups, cohort, by))


def figures(ask: Ask, part: CohortFilter, rules: OutcomeRules) -> Part:
    """The exact figures of one part: what takes the time. Pages ask the same questions, and `ask` keeps the answers."""
    return Part(summary_of(lambda question, *more: ask(question, part, *more), part, rules), ask(early_stop, part))


def progress_words(done: int, parts: int, by: str | None) -> str:
    """How far the parts are worked out, in words."""
    return "whole cohort" if by is None or not done else f"{done - 1} of {parts - 1} groups done"


@shows(Shows.COHORT)
def gather(
    connection: Connection,
    scope: Scope,
    cohort: CohortFilter,
    rules: OutcomeRules,
    *,
    by: str | None = None,
    exact: bool = False,
    name: str = "",
    synthetic: bool = False,
    progress: Progress | None = None,
    with_records: bool = False,
    ask: Ask | None = None,
) -> Release:
    """Ask for the figures and round them.

    Parameters
    ----------
    exact : all numbers as they are, for use in the house.
    with_records : also the completeness of records by clinic.
    ask : who answers for the parts (`data.ask`, which keeps answers); None: the connection.

    Raises
    ------
    ValueError : `by` is no filter key.
    """
    progress = progress or _quiet
    ask = ask or functools.partial(_asked, connection, scope)
    cohorts = cohorts_of(ask, cohort, by)
    parts: dict[str | None, Part] = {}
    for place, (group, part) in enumerate(cohorts.items()):
        progress(f"working out figures, {progress_words(place, len(cohorts), by)}", place / len(cohorts))
        found = figures(ask, part, rules)
        if not exact:
            zero = everybody(part, scope)
            found = Part(rounded(found.summary, zero=zero), rounded(found.early_stop, zero=zero))
        if group is None or found.summary.funnel.patients is not None:
            parts[group] = found
    compared = None if by is None else ask(rate_comparison, cohort, by, rules)
    if compared is not None and not exact:
        compared = rounded(compared, zero=False)
    return Release(
        cohort,
        rules,
        parts,
        by,
        exact,
        data_set_fingerprint(connection, scope, rules),
        name,
        synthetic,
        records=completeness.records(connection, scope, exact=exact) if with_records else (),
        clinics=scope.clinics,
        compared=compared,
    )
