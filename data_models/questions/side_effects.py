"""How often side effects occur: rates of each, by session number, route, drug, dose and phase.

A session counts where side effects were asked about in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, and_, case, func, literal, or_, select

from data_models.database.tables import Course, EffectFact, SessionFact
from data_models.definitions.filters import CohortFilter
from data_models.definitions.scope import Scope
from data_models.definitions.vocabulary import SIDE_EFFECT_BITS, SIDE_EFFECTS
from data_models.outcomes.proportions import PatientSums, Proportion, clustered
from data_models.outcomes.side_effects import DOSE_BANDS, LATEST_NUMBER, NOBODY, of_patients
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
    sums = sums_of_asked(connection, scope, cohort, measures, [] if by is None else [getattr(e, by).expression])
    if by == "dose_band":
        labels = {band.code: band.label for band in DOSE_BANDS}
        return {(None if code is None else labels[code],): of for (code,), of in sums.items()}
    return sums


def sums_of_asked(
    connection: Connection,
    scope: Scope,
    cohort: CohortFilter,
    measures: dict[str, Measure],
    groups: list[ColumnElement[Any]],
) -> Groups:
    """Measures of the cohort's asked sessions (columns of `EffectFact`) as sums over patients, by `groups`."""
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
