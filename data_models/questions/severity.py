"""How bad side effects are: worst grades of sessions in which they were asked about, grades of occurrences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from data_models.database.tables import EffectFact, SideEffect
from data_models.definitions.filters import CohortFilter
from data_models.definitions.scope import Scope
from data_models.definitions.vocabulary import SEVERITIES, SIDE_EFFECTS
from data_models.outcomes.proportions import PatientSums, Proportion, clustered
from data_models.outcomes.side_effects import NOBODY
from data_models.questions import Shows, shows
from data_models.questions.patient_sums import Groups, Measure, flag
from data_models.questions.side_effects import of_cohort_sessions, of_session, sums_of_asked


@dataclass(frozen=True, slots=True)
class TermGrades:
    """Occurrences of one term by grade, and how many were serious; None: hidden."""

    term: str
    occurrences: int | None
    mild: int | None
    moderate: int | None
    severe: int | None
    not_graded: int | None
    serious: int | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Severity:
    """How bad side effects are.

    Attributes
    ----------
    worst : grade -> share of asked sessions with it as their worst; "none", the grades, "not_graded" (an effect was
        recorded without a grade).
    by_term : terms that occurred, in the vocabulary's order.
    """

    worst: dict[str, Proportion]
    by_term: tuple[TermGrades, ...]


@shows(Shows.COHORT)
def severity(connection: Connection, scope: Scope, cohort: CohortFilter) -> Severity:
    """Worst grades of sessions, and grades by term."""
    worst = worst_sums(connection, scope, cohort).get((), {})
    return severity_of(worst, _severity_counts(connection, scope, cohort))


def severity_of(worst: Mapping[str, PatientSums], found: Iterable[tuple[str, str | None, int, int]]) -> Severity:
    """Severity from sums over patients by worst grade, and (term, grade, occurrences, of them serious)."""
    shares = {grade: clustered(worst.get(grade, NOBODY)) for grade in ("none", *SEVERITIES, "not_graded")}
    counts: dict[str, dict[str, int]] = {}
    for term, grade, n, serious in found:
        row = counts.setdefault(term, dict.fromkeys(("occurrences", *SEVERITIES, "not_graded", "serious"), 0))
        row["occurrences"] += n
        row[grade or "not_graded"] += n
        row["serious"] += serious
    return Severity(shares, tuple(TermGrades(term, **counts[term]) for term in SIDE_EFFECTS if term in counts))


def worst_sums(connection: Connection, scope: Scope, cohort: CohortFilter) -> Groups:
    """Asked sessions by their worst grade ("none", "mild", "moderate", "severe", "not_graded"), and "any"."""
    e = EffectFact
    asked: ColumnElement[Any] = e.asked.expression
    graded = e.mild + e.moderate + e.severe
    counts: dict[str, Any] = {
        "none": e.asked - e.reported, "mild": e.mild, "moderate": e.moderate, "severe": e.severe,
        "not_graded": e.reported - graded, "any": e.reported,
    }  # fmt: skip
    measures: dict[str, Measure] = {name: (count, asked) for name, count in counts.items()}
    return sums_of_asked(connection, scope, cohort, measures, [])


def _severity_counts(
    connection: Connection, scope: Scope, cohort: CohortFilter
) -> list[tuple[str, str | None, int, int]]:
    """Occurrences by term and grade: (term, severity or None, occurrences, of them serious)."""
    e = SideEffect
    statement = select(e.term, e.severity, func.count(), func.sum(flag(e.serious == 1))).select_from(e)
    grouped = of_cohort_sessions(of_session(statement, e), scope, cohort).group_by(e.term, e.severity)
    return [(term, severity, int(n), int(serious or 0)) for term, severity, n, serious in connection.execute(grouped)]
