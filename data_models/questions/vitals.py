"""Vital signs around the dose: before, highest and their rise; how often they pass a threshold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, func, or_

from data_models.database.tables import Session, SessionFact
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.scope import Scope
from data_models.outcomes.proportions import Mean, PatientSums, Proportion, clustered, clustered_mean
from data_models.outcomes.side_effects import NOBODY
from data_models.questions import Shows, shows
from data_models.questions.conditions import of_courses, of_sessions
from data_models.questions.patient_sums import AnySelect, Measure, flag, restricted, sums_by_patient
from data_models.questions.side_effects import of_cohort_sessions, of_session

SIGNS = ("systolic", "diastolic", "heart_rate")


@dataclass(frozen=True, slots=True)
class Sign:
    """One vital sign of sessions: before, highest during, and highest minus before; intervals clustered by patient."""

    before: Mean
    highest: Mean
    rise: Mean

    def as_json(self) -> dict[str, Any]:
        return {"before": self.before.as_dict(), "highest": self.highest.as_dict(), "rise": self.rise.as_dict()}


@dataclass(frozen=True, slots=True)
class Threshold:
    """Share of sessions at or above a limit; "predose": above either of its two limits before the dose."""

    name: str
    limit: float | tuple[float, float]
    share: Proportion

    def as_json(self) -> dict[str, Any]:
        limit = list(self.limit) if isinstance(self.limit, tuple) else self.limit
        return {"threshold": self.name, "limit": limit, **self.share.as_dict()}


@dataclass(frozen=True, slots=True)
class Vitals:
    """Vital signs of sessions (definitions, section 6): pressures in mmHg, heart rate in beats a minute."""

    systolic: Sign
    diastolic: Sign
    heart_rate: Sign
    thresholds: tuple[Threshold, ...]

    def as_json(self) -> dict[str, Any]:
        """ "vitals" of the data contract."""
        return {
            **{sign: getattr(self, sign).as_json() for sign in SIGNS},
            "thresholds": [one.as_json() for one in self.thresholds],
        }


@shows(Shows.COHORT)
def vitals(connection: Connection, scope: Scope, cohort: CohortFilter, rules: OutcomeRules) -> Vitals:
    """Vital signs, and the shares of sessions over each threshold."""
    return vitals_of(vital_sums(connection, scope, cohort, rules), rules)


def vitals_of(sums: Mapping[str, PatientSums], rules: OutcomeRules) -> Vitals:
    """Vital signs from `vital_sums`."""

    def sign(name: str) -> Sign:
        return Sign(*(clustered_mean(sums.get(f"{name}.{when}", NOBODY)) for when in ("before", "highest", "rise")))

    limits: dict[str, float | tuple[float, float]] = {
        "systolic_rise_mmhg": rules.systolic_rise_mmhg,
        "diastolic_rise_mmhg": rules.diastolic_rise_mmhg,
        "systolic_high_mmhg": rules.systolic_high_mmhg,
        "diastolic_high_mmhg": rules.diastolic_high_mmhg,
        "predose": (rules.predose_systolic_mmhg, rules.predose_diastolic_mmhg),
    }
    shares = (Threshold(name, limit, clustered(sums.get(name, NOBODY))) for name, limit in limits.items())
    return Vitals(sign("systolic"), sign("diastolic"), sign("heart_rate"), tuple(shares))


def vital_sums(
    connection: Connection, scope: Scope, cohort: CohortFilter, rules: OutcomeRules
) -> dict[str, PatientSums]:
    """Sums over patients: of each sign ("systolic.before", ...), and of sessions over each threshold by its name."""
    v = Session
    means: dict[str, Measure] = {}
    for sign in SIGNS:
        before, highest = getattr(v, f"{sign}_before"), getattr(v, f"{sign}_highest")
        for name, value in (("before", before), ("highest", highest), ("rise", highest - before)):
            known = flag(value.is_not(None))
            means[f"{sign}.{name}"] = (func.coalesce(value, 0), known)
    thresholds = threshold_measures(rules)

    def source(statement: AnySelect) -> AnySelect:
        statement = statement.select_from(v)
        if of_sessions(cohort, SessionFact) or of_courses(cohort):
            return of_cohort_sessions(of_session(statement, v), scope, cohort)
        return restricted(statement, v, scope, cohort)

    sums = sums_by_patient(connection, {**means, **thresholds}, v.patient_id, source)
    return sums.get((), {})


def threshold_measures(rules: OutcomeRules) -> dict[str, Measure]:
    """Each threshold of blood pressure as (a session passes it, it has the pressures)."""
    v = Session
    systolic, diastolic = v.systolic_highest - v.systolic_before, v.diastolic_highest - v.diastolic_before
    both = and_(v.systolic_before.is_not(None), v.diastolic_before.is_not(None))
    above = or_(v.systolic_before > rules.predose_systolic_mmhg, v.diastolic_before > rules.predose_diastolic_mmhg)
    pressures = {
        "systolic_rise_mmhg": (systolic, rules.systolic_rise_mmhg),
        "diastolic_rise_mmhg": (diastolic, rules.diastolic_rise_mmhg),
        "systolic_high_mmhg": (v.systolic_highest, rules.systolic_high_mmhg),
        "diastolic_high_mmhg": (v.diastolic_highest, rules.diastolic_high_mmhg),
    }
    return {
        **{name: (flag(value >= limit), flag(value.is_not(None))) for name, (value, limit) in pressures.items()},
        "predose": (flag(and_(both, above)), flag(both)),
    }
