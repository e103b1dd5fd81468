"""A release: the summaries of a cohort and its groups, protected, with what a reader needs to judge them.

The same release is what the Exports page previews and what every format writes.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from sqlalchemy import Connection

from dashboard.exports.apart import Selection
from data_models import cohort as answers
from data_models.cohort_filter import CohortFilter
from data_models.outcomes.proportions import per_course
from data_models.queries.cohort import durabilities, early_stop_sums
from data_models.queries.fingerprint import data_set_fingerprint
from data_models.rules import OutcomeRules
from data_models.scope import Scope

LEAST = 11  # smallest count shown unless said otherwise (CMS cell size suppression policy)
PRODUCT = "ketamine-outcomes"

Progress = Callable[[str, float], None]
Summary = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Release:
    """What leaves the building.

    Attributes
    ----------
    parts : group (None: the whole cohort) -> its summary, protected where `least` is above 1; beside the
        data contract's figures "attrition": {"early_stop": share of courses, "over_time": who has left, by day}.
    by : the filter key that groups are values of.
    least : counts from 1 to `least` - 1 are hidden; 0 or 1: none is.
    hidden : how many numbers were hidden because they are small, and because one would follow from them.
    records : completeness of records, one row a clinic (`completeness.records`), where asked for.
    clinics : those that the asker may see; None: all.
    data : fingerprint of the whole store's records: releases with the same one are of the same patients.
    """

    cohort: CohortFilter
    rules: OutcomeRules
    parts: Mapping[str | None, Summary]
    by: str | None
    least: int
    fingerprint: str
    name: str = ""
    synthetic: bool = False
    made: datetime.date = field(default_factory=datetime.date.today)
    hidden: tuple[int, int] = (0, 0)
    records: Sequence[Mapping[str, Any]] = ()
    clinics: frozenset[str] | None = None
    data: str = ""

    @property
    def selection(self) -> Selection:
        """Whose figures these are: the filters, and the clinics that the asker may see."""
        chosen = frozenset(self.cohort.clinic)
        seen = chosen if self.clinics is None else (chosen & self.clinics if chosen else self.clinics)
        return Selection(dataclasses.replace(self.cohort, clinic=tuple(sorted(seen))), self.by)

    @property
    def whole(self) -> Summary:
        """The summary of the whole cohort."""
        return self.parts[None]


def program_version() -> str:
    """The program's version."""
    try:
        return version(PRODUCT)
    except PackageNotFoundError:
        return "unknown"


def _quiet(step: str, share: float) -> None:
    """The progress of a caller that shows none."""


def gather(
    connection: Connection,
    scope: Scope,
    cohort: CohortFilter,
    rules: OutcomeRules,
    *,
    by: str | None = None,
    least: int = LEAST,
    name: str = "",
    synthetic: bool = False,
    progress: Progress | None = None,
    with_records: bool = False,
) -> Release:
    """Ask for the summaries and protect them; `with_records`: also the completeness of records by clinic.

    Raises
    ------
    ValueError : `by` is no filter key, or `least` is negative.
    """
    from dashboard.exports import completeness
    from dashboard.exports.protected import protect

    if least < 0:
        raise ValueError("the smallest count shown cannot be negative")
    progress = progress or _quiet
    cohorts: dict[str | None, CohortFilter] = {None: cohort}
    if by is not None:
        cohorts.update(answers.parts(connection, scope, cohort, by))
    parts: dict[str | None, Summary] = {}
    ends = {}
    for place, (group, part) in enumerate(cohorts.items()):
        progress("working out figures", place / (len(cohorts) + 1))
        parts[group] = answers.summarise(connection, scope, part, rules)
        stopped = per_course(early_stop_sums(connection, scope, part)).as_dict()
        parts[group]["attrition"] = {"early_stop": stopped, "over_time": parts[group]["occupancy"]}
        ends[group] = durabilities(connection, scope, part)
    hidden = (0, 0)
    if least > 1:
        progress("hiding small counts", len(cohorts) / (len(cohorts) + 1))
        parts, hidden = protect(parts, by, least, ends)
    fingerprint = data_set_fingerprint(connection, scope, rules)
    rows = completeness.records(connection, scope, least) if with_records else ()
    return Release(
        cohort,
        rules,
        parts,
        by,
        least,
        fingerprint,
        name,
        synthetic,
        hidden=hidden,
        records=rows,
        clinics=scope.clinics,
        # Under other rules the same patients' figures are shown.
        data=data_set_fingerprint(connection, Scope.everything(), OutcomeRules()),
    )
