"""How often side effects occur: rates, breakdowns, grades, and how soon they are over.

A session counts where side effects were asked about in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, and_, case, func, literal, or_, select

from data_models.database.tables import Course, EffectFact, SessionFact, SideEffect
from data_models.definitions.filters import CohortFilter
from data_models.definitions.scope import Scope
from data_models.definitions.vocabulary import SEVERITIES, SIDE_EFFECT_BITS, SIDE_EFFECTS
from data_models.outcomes.proportions import PatientSums, Proportion, clustered
from data_models.outcomes.side_effects import DOSE_BANDS, LATEST_NUMBER, NOBODY, of_patients
from data_models.outcomes.survival import SurvivalCurve, kaplan_meier
from data_models.questions import Shows, shows
from data_models.questions.conditions import of_sessions
from data_models.questions.group_order import in_group_order
from data_models.questions.patient_sums import AnySelect, Groups, Measure, added, flag, restricted, sums_by_patient

BREAKDOWNS = ("number", "route", "drug", "dose_band", "phase")
_ONE = literal(1)


@dataclass(frozen=True, slots=True)
class EffectRate:
    """One side effect (or "any"): share of patients asked, Wilson, and of sessions asked, clustered by patient."""

    term: str
    per_patient: Proportion
    per_session: Proportion


@dataclass(frozen=True, slots=True)
class SideEffects:
    """How often side effects occur (definitions, section 6).

    Attributes
    ----------
    patients_asked, sessions_asked : asked about side effects; None: hidden.
    any : any side effect.
    effects : one a term of the vocabulary, in its order.
    """

    patients_asked: int | None
    sessions_asked: int | None
    any: EffectRate
    effects: tuple[EffectRate, ...]

    def as_json(self) -> dict[str, Any]:
        """ "side_effects" of the data contract, without the vital signs."""
        return {
            "patients_asked": self.patients_asked,
            "sessions_asked": self.sessions_asked,
            "per_patient": [{"term": one.term, **one.per_patient.as_dict()} for one in self.effects],
            "per_session": [{"term": one.term, **one.per_session.as_dict()} for one in self.effects],
        }


@dataclass(frozen=True, slots=True)
class EffectGroup:
    """Side effects in one group of sessions; `group` None: not recorded."""

    group: str | None
    effects: SideEffects


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


@dataclass(frozen=True, slots=True)
class Resolution:
    """How soon side effects are over: minutes from onset to resolution, of all occurrences and by term.

    Occurrences of one patient are taken as independent here, so intervals are somewhat too narrow
    where a patient has many.
    """

    all: SurvivalCurve
    by_term: dict[str, SurvivalCurve]


@shows(Shows.COHORT)
def side_effects(connection: Connection, scope: Scope, cohort: CohortFilter) -> SideEffects:
    """Rates of each side effect, and of any, per patient and per session."""
    return rates_of(effect_sums(connection, scope, cohort).get((), {}))


def rates_of(sums: Mapping[str, PatientSums]) -> SideEffects:
    """The rates of sums over patients by term; "any" has those asked."""

    def rate(term: str) -> EffectRate:
        of = sums.get(term, NOBODY)
        return EffectRate(term, of_patients(of), clustered(of))

    asked = sums.get("any", NOBODY)
    return SideEffects(int(asked.patients), int(asked.n), rate("any"), tuple(rate(term) for term in SIDE_EFFECTS))


@shows(Shows.COHORT)
def side_effects_by(connection: Connection, scope: Scope, cohort: CohortFilter, by: str) -> tuple[EffectGroup, ...]:
    """Rates by session number, route, drug, dose band or phase (`BREAKDOWNS`).

    Session numbers above `LATEST_NUMBER` are one group, "13+". Groups share patients: their intervals are not
    independent.

    Raises
    ------
    ValueError
        when `by` is none of `BREAKDOWNS`.
    """
    sums = effect_sums(connection, scope, cohort, by)
    found = []
    for group in in_group_order(key[0] for key in sums):
        label = None if group is None else str(group)
        if by == "number" and group is not None and group > LATEST_NUMBER:
            label = f"{LATEST_NUMBER + 1}+"
        found.append(EffectGroup(label, rates_of(sums[(group,)])))
    return tuple(found)


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


@shows(Shows.COHORT)
def resolution(connection: Connection, scope: Scope, cohort: CohortFilter) -> Resolution:
    """Time to resolution in minutes (Kaplan-Meier), of all occurrences and by term."""
    return resolution_of(_resolution_times(connection, scope, cohort))


def resolution_of(rows: Sequence[tuple[str, float, int, int]]) -> Resolution:
    """Resolution from (term, minutes from onset, 1 resolved or 0 last observed, occurrences)."""

    def curve(of: Sequence[tuple[str, float, int, int]]) -> SurvivalCurve:
        columns = np.array([row[1:] for row in of], dtype=float).reshape(-1, 3)
        return kaplan_meier(columns[:, 0], columns[:, 1], columns[:, 2])

    by_term = {term: [row for row in rows if row[0] == term] for term in SIDE_EFFECTS}
    return Resolution(curve(rows), {term: curve(of) for term, of in by_term.items() if of})


def of_cohort_sessions(statement: AnySelect, scope: Scope, cohort: CohortFilter) -> AnySelect:
    """Keep the sessions (already in FROM as session facts) of the cohort."""
    return restricted(statement.where(*of_sessions(cohort, SessionFact)), SessionFact, scope, cohort)


def of_session(statement: AnySelect, facts: Any) -> AnySelect:
    """Join the session facts to rows that have a session's patient_id and hours."""
    same = and_(SessionFact.patient_id == facts.patient_id, SessionFact.hours == facts.hours)
    return statement.join(SessionFact, same)


def _asked(statement: AnySelect, scope: Scope, cohort: CohortFilter) -> AnySelect:
    """From the sums of the cohort's asked sessions."""
    statement = statement.select_from(EffectFact).where(*of_sessions(cohort, EffectFact))
    return restricted(statement, EffectFact, scope, cohort)


def effect_sums(connection: Connection, scope: Scope, cohort: CohortFilter, by: str | None = None) -> Groups:
    """Asked sessions with each effect, as sums over patients (`some`: patients who ever had it).

    Names are the terms, and "any". Group keys: the empty tuple, or one value of `by` (None: not
    recorded; session numbers above `LATEST_NUMBER` share one group). All but session numbers are
    those of the session, not of its course.
    """
    if by == "number":
        return _sums_by_number(connection, scope, cohort)
    if by is not None and by not in BREAKDOWNS:
        raise ValueError(f"side effects cannot be split by {by!r}; it is one of {', '.join(BREAKDOWNS)}")
    e = EffectFact
    asked: ColumnElement[Any] = e.asked.expression
    measures: dict[str, Measure] = {term: (getattr(e, term).expression, asked) for term in SIDE_EFFECTS}
    measures["any"] = (e.reported.expression, asked)
    sums = _sums(connection, scope, cohort, measures, [] if by is None else [getattr(e, by).expression])
    if by == "dose_band":
        labels = {band.code: band.label for band in DOSE_BANDS}
        return {(None if code is None else labels[code],): of for (code,), of in sums.items()}
    return sums


def _sums(
    connection: Connection,
    scope: Scope,
    cohort: CohortFilter,
    measures: dict[str, Measure],
    groups: list[ColumnElement[Any]],
) -> Groups:
    e = EffectFact

    def source(statement: AnySelect) -> AnySelect:
        return _asked(statement, scope, cohort)

    return sums_by_patient(connection, measures, e.patient_id, source, groups, alone=e.alone == 1)


def _sums_by_number(connection: Connection, scope: Scope, cohort: CohortFilter) -> Groups:
    """As `effect_sums`, by session number.

    Within one course a number stands for one session. So patients with one course are counted by number
    and set of effects; only those with several, and the numbers that share a group, are summed by patient.
    """
    s = SessionFact
    again = select(Course.patient_id).where(Course.course > 1)
    several = or_(s.number > LATEST_NUMBER, s.patient_id.in_(again))

    def source(statement: AnySelect) -> AnySelect:
        return of_cohort_sessions(statement.select_from(s).where(s.asked == 1), scope, cohort)

    statement = source(select(s.number, s.terms, func.count())).where(~several).group_by(s.number, s.terms)
    rows = np.array([tuple(row) for row in connection.execute(statement)], dtype=np.int64).reshape(-1, 3)
    measures: dict[str, Measure] = {
        term: (s.terms.bitwise_rshift(bit).bitwise_and(1), _ONE) for term, bit in SIDE_EFFECT_BITS.items()
    }
    measures["any"] = (flag(s.terms != 0), _ONE)
    number: ColumnElement[Any] = case((s.number > LATEST_NUMBER, LATEST_NUMBER + 1), else_=s.number)
    sums = sums_by_patient(
        connection, measures, s.patient_id, lambda statement: source(statement).where(several), [number]
    )
    for value in np.unique(rows[:, 0]).tolist():
        terms, counts = rows[rows[:, 0] == value, 1:].T
        asked = float(counts.sum())
        of_number = sums.setdefault((value,), {})
        for name in measures:
            held = terms != 0 if name == "any" else (terms >> SIDE_EFFECT_BITS[name]) & 1 == 1
            x = float(counts[held].sum())
            found = PatientSums(asked, x, asked, x, x, asked, x, asked - x)
            of_number[name] = added(of_number[name], found) if name in of_number else found
    return sums


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
    return _sums(connection, scope, cohort, measures, [])


def _severity_counts(
    connection: Connection, scope: Scope, cohort: CohortFilter
) -> list[tuple[str, str | None, int, int]]:
    """Occurrences by term and grade: (term, severity or None, occurrences, of them serious)."""
    e = SideEffect
    statement = select(e.term, e.severity, func.count(), func.sum(flag(e.serious == 1))).select_from(e)
    grouped = of_cohort_sessions(of_session(statement, e), scope, cohort).group_by(e.term, e.severity)
    return [(term, severity, int(n), int(serious or 0)) for term, severity, n, serious in connection.execute(grouped)]


def _resolution_times(connection: Connection, scope: Scope, cohort: CohortFilter) -> list[tuple[str, float, int, int]]:
    """(term, minutes from onset, 1 resolved or 0 last observed, occurrences).

    Occurrences with an onset and a resolution or a last-observed time, none before its onset.
    """
    e = SideEffect
    end = func.coalesce(e.resolved_minutes, e.last_observed_minutes)
    minutes, resolved = (
        (end - e.onset_minutes).label("minutes"),
        flag(e.resolved_minutes.is_not(None)).label("resolved"),
    )
    statement = select(e.term, minutes, resolved, func.count()).select_from(e)
    statement = statement.where(e.onset_minutes >= 0, end.is_not(None), end >= e.onset_minutes)
    grouped = of_cohort_sessions(of_session(statement, e), scope, cohort).group_by(e.term, "minutes", "resolved")
    return [(term, float(time), int(event), int(n)) for term, time, event, n in connection.execute(grouped)]
