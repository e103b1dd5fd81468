"""A release: the summaries of a cohort and its groups, protected, with what a reader needs to judge them.

The same release is what the Exports page previews and what every format writes.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from dashboard.exports.apart import Selection
from dashboard.exports.refusal import Refused, follows, too_many
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.scope import Scope
from data_models.questions import Shows, shows
from data_models.questions.comparison import groups
from data_models.questions.data_set_fingerprint import data_set_fingerprint
from data_models.questions.durability import durabilities
from data_models.questions.rates import early_stop
from data_models.questions.summary import summarise

if TYPE_CHECKING:
    from dashboard.exports.together import Earlier

LEAST = 11  # smallest count shown unless said otherwise (CMS cell size suppression policy)
PRODUCT = "ketamine-outcomes"

Progress = Callable[[str, float], None]
Ask = Callable[..., Any]  # of a function of connection, scope and arguments, and these arguments
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
        return selection_of(self.cohort, self.by, self.clinics)

    @property
    def whole(self) -> Summary:
        """The summary of the whole cohort."""
        return self.parts[None]


def selection_of(cohort: CohortFilter, by: str | None, clinics: frozenset[str] | None) -> Selection:
    """Whose figures a release shows: the filters, and the clinics that the asker may see (None: all)."""
    chosen = frozenset(cohort["clinic"])
    seen = chosen if clinics is None else (chosen & clinics if chosen else clinics)
    return Selection(cohort.with_values("clinic", seen), by)


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


def figures(ask: Ask, part: CohortFilter, rules: OutcomeRules) -> Summary:
    """One part's summary: what takes the time."""
    summary: Summary = ask(summarise, part, rules).as_json()
    return summary


def told_of(done: int, parts: int, by: str | None) -> str:
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
    least: int = LEAST,
    name: str = "",
    synthetic: bool = False,
    progress: Progress | None = None,
    with_records: bool = False,
    made: Sequence[Earlier] = (),
    ask: Ask | None = None,
) -> Release:
    """Ask for the summaries and protect them.

    Parameters
    ----------
    with_records : also the completeness of records by clinic.
    made : earlier files of the same records (`earlier.made`); with them, too, no small count may follow.
    ask : who answers for the parts (`data.ask`, which keeps answers); None: the connection.

    Raises
    ------
    Refused : with the earlier files one would follow, whatever this one hides.
    ValueError : `by` is no filter key, or `least` is negative.
    """
    from dashboard.exports import completeness

    if least < 0:
        raise ValueError("the smallest count shown cannot be negative")
    progress = progress or _quiet
    ask = ask or functools.partial(_asked, connection, scope)
    cohorts = cohorts_of(ask, cohort, by)
    parts: dict[str | None, Summary] = {}
    ends = {}
    for place, (group, part) in enumerate(cohorts.items()):
        progress(f"working out figures, {told_of(place, len(cohorts), by)}", place / (len(cohorts) + 1))
        stopped = early_stop(connection, scope, part).as_dict()
        found = figures(ask, part, rules)
        parts[group] = found | {"attrition": {"early_stop": stopped, "over_time": found["occupancy"]}}
        ends[group] = durabilities(connection, scope, part)
    hidden = (0, 0)
    if least > 1:
        progress("hiding small counts", len(cohorts) / (len(cohorts) + 1))
        selection = selection_of(cohort, by, scope.clinics)
        parts, hidden = _protected(connection, parts, selection, least, ends, rules, made)
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


def _protected(
    connection: Connection,
    parts: dict[str | None, Summary],
    selection: Selection,
    least: int,
    ends: Mapping[str | None, Any],
    rules: OutcomeRules,
    made: Sequence[Earlier],
) -> tuple[dict[str | None, Summary], tuple[int, int]]:
    """The parts as they may leave beside the earlier files. Raises Refused."""
    from dashboard.exports.fewest import Impossible
    from dashboard.exports.protected import protect
    from dashboard.exports.together import TooMany, beside

    try:
        return protect(parts, selection.by, least, ends, beside(connection, selection, made, rules))
    except TooMany:
        raise Refused(too_many()) from None
    except Impossible:
        if not made:
            raise
        raise Refused(follows(selection, [other.selection for other in made], least)) from None
