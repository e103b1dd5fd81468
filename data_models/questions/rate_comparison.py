"""Rates at the end of induction of a cohort's groups: as they are, and as if their courses were alike."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, select

from data_models.database.tables import Course, CourseOutcome
from data_models.definitions.filters import FILTERS, CohortFilter
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.scope import Scope
from data_models.outcomes.proportions import Difference, PatientSums, Proportion, difference, per_course
from data_models.outcomes.standardisation import Floats, contrasts, large_enough, share_bounds, standardise
from data_models.questions import Shows, shows
from data_models.questions.conditions import column_of
from data_models.questions.course_outcomes import going_on, of_treated
from data_models.questions.judged_scores import JudgedScores
from data_models.questions.patient_sums import flag

# What groups are made alike in beside the severity of the baseline: all but what they are groups of.
ALIKE = ("diagnosis", "age_band", "route")
SEVERITY = "severity"
STANDARDISED = "standardised"  # the method of such a share


@dataclass(frozen=True, slots=True)
class GroupRate:
    """The rate of one group.

    Attributes
    ----------
    value : the group's value of the filter.
    measured : courses scored at the end of induction, of those treated that are not going on: how far the rate can
        speak for the group. The rate itself is of all that are scored.
    crude : the rate of the measured.
    standardised : the rate as if the measured courses of all standardised groups had been in this one, of as many
        courses as are in it; None where it cannot be told.
    """

    value: str
    measured: Proportion
    crude: Proportion
    standardised: Proportion | None

    def as_json(self) -> dict[str, Any]:
        found = self.standardised
        return {
            "group": self.value,
            "measured": self.measured.as_dict(),
            "crude": self.crude.as_dict(),
            "standardised": None if found is None else {"share": found.share, "low": found.low, "high": found.high},
        }


@dataclass(frozen=True, slots=True)
class RateDifference:
    """A group's rate minus that of the first group, each with its 95% interval.

    Attributes
    ----------
    crude : of this difference alone; no p-value stands beside it, since who is in the groups differs.
    standardised : with the interval that as many comparisons ask for (Holm); None where it cannot be told.
    p_value : of the standardised difference, adjusted by Holm.
    """

    value: str
    crude: Difference
    standardised: Difference | None
    p_value: float | None

    def as_json(self) -> dict[str, Any]:
        found = None if self.standardised is None else asdict(self.standardised) | {"p_value": self.p_value}
        return {"group": self.value, "crude": asdict(self.crude), "standardised": found}


@dataclass(frozen=True, slots=True)
class ComparedRates:
    """One rate of each group, the group with most measured courses first, and how the others differ from it.

    `held_equal`: in what the standardised rates make the groups alike: `SEVERITY` and keys of filters.
    """

    groups: tuple[GroupRate, ...]
    differences: tuple[RateDifference, ...]
    held_equal: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "groups": [group.as_json() for group in self.groups],
            "differences": [one.as_json() for one in self.differences],
            "held_equal": list(self.held_equal),
        }


@dataclass(frozen=True, slots=True)
class RateComparison:
    """Response and remission at the end of induction, group by group; no group where a course can be in several."""

    response: ComparedRates
    remission: ComparedRates

    def as_json(self) -> dict[str, Any]:
        return {"response": self.response.as_json(), "remission": self.remission.as_json()}


@dataclass(frozen=True, slots=True)
class _Courses:
    """One element a treated course.

    `values`: the groups, `group`: their places; `events` at the end of induction: 1, 0 or NaN; `levels`: texts, ""
    where not recorded.
    """

    values: list[str]
    patient: np.ndarray
    group: np.ndarray
    going_on: np.ndarray
    baseline: Floats
    events: dict[str, Floats]
    levels: dict[str, np.ndarray]


@shows(Shows.COHORT)
def rate_comparison(
    connection: Connection, scope: Scope, cohort: CohortFilter, by: str, rules: OutcomeRules
) -> RateComparison:
    """Compare the groups of one filter key; `rules`: under which the store was derived.

    Raises
    ------
    ValueError
        when `by` is not a filter key.
    """
    if by not in FILTERS:
        raise ValueError(f"a cohort cannot be split by {by!r}; it is one of {', '.join(FILTERS)}")
    if FILTERS[by].shares_courses:
        none = ComparedRates((), (), ())
        return RateComparison(none, none)
    courses = _courses(connection, scope, cohort, by, rules)
    return RateComparison(_compared(courses, "response"), _compared(courses, "remission"))


def _courses(connection: Connection, scope: Scope, cohort: CohortFilter, by: str, rules: OutcomeRules) -> _Courses:
    """The treated courses of the cohort that have a value of the key."""
    key, scores = column_of(FILTERS[by]), JudgedScores(cohort, rules)
    alike = [name for name in ALIKE if name != by]
    columns = (
        Course.patient_id,
        key,
        flag(going_on()),
        CourseOutcome.baseline,
        scores.end.response,
        scores.end.remission,
        *(column_of(FILTERS[name]) for name in alike),
    )
    statement = of_treated(select(*columns), scope, cohort, with_patient=True).where(key.is_not(None))
    found = connection.execute(scores.joined(statement))
    rows = np.array([tuple(row) for row in found], dtype=object).reshape(-1, len(columns))
    patient, group, going, baseline, response, remission, *levels = rows.T
    values, places = np.unique(_texts(group), return_inverse=True)
    return _Courses(
        values.tolist(),
        patient.astype(np.int64),
        places,
        going.astype(np.float64) == 1,
        baseline.astype(np.float64),
        {"response": response.astype(np.float64), "remission": remission.astype(np.float64)},
        {name: _texts(values) for name, values in zip(alike, levels, strict=True)},
    )


def _texts(values: np.ndarray) -> np.ndarray:
    return np.array(["" if value is None else str(value) for value in values], dtype=object)


def _compared(courses: _Courses, name: str) -> ComparedRates:
    """One rate of each group; those large enough are standardised together."""
    event = courses.events[name]
    scored = ~np.isnan(event)
    counted = np.bincount(courses.group[scored], minlength=len(courses.values))
    order = [place for place in np.argsort(-counted, kind="stable") if counted[place]]
    of_group = {place: courses.group == place for place in order}
    crude = [_share(courses.patient, event, of_group[place] & scored) for place in order]
    alike, differing, held_equal = _standardised(courses, event, scored, order, crude)
    groups = [
        GroupRate(
            courses.values[place],
            _share(courses.patient, scored.astype(np.float64), of_group[place] & ~courses.going_on),
            crude[at],
            alike.get(at),
        )
        for at, place in enumerate(order)
    ]
    differences = [
        RateDifference(group.value, difference(group.crude, crude[0]), *differing.get(at, (None, None)))
        for at, group in enumerate(groups)
        if at
    ]
    return ComparedRates(tuple(groups), tuple(differences), held_equal)


def _share(patient: np.ndarray, event: Floats, of: np.ndarray) -> Proportion:
    """The share of these courses that have the event, by patient where some have several."""
    _, place = np.unique(patient[of], return_inverse=True)
    n = np.bincount(place).astype(np.float64)
    x = np.bincount(place, weights=event[of])
    sums = (len(n), x.sum(), n.sum(), (x * x).sum(), (x * n).sum(), (n * n).sum(), (x > 0).sum(), (x < n).sum())
    return per_course(PatientSums(*map(float, sums)))


def _standardised(
    courses: _Courses, event: Floats, scored: np.ndarray, order: list[Any], crude: list[Proportion]
) -> tuple[dict[int, Proportion], dict[int, tuple[Difference, float]], tuple[str, ...]]:
    """By place in the order: standardised rates and differences from the first with p-values; in what they are alike.

    Where the first group is too small nothing is standardised: the others would be compared with another one.
    """
    sizes = np.array([[one.n or 0, one.events or 0] for one in crude], dtype=float).reshape(-1, 2)
    kept = np.flatnonzero(large_enough(*sizes.T)).tolist()
    if len(kept) < 2 or kept[0] != 0:
        return {}, {}, ()
    number = np.full(len(courses.values), -1)
    number[[order[at] for at in kept]] = range(len(kept))
    of = scored & (number[courses.group] >= 0)
    found = standardise(
        event[of],
        number[courses.group[of]],
        courses.patient[of],
        {SEVERITY: courses.baseline[of]},
        {name: levels[of] for name, levels in courses.levels.items()},
    )
    if found is None:
        return {}, {}, ()
    shares = {}
    for at, share, (low, high) in zip(kept, found.shares.tolist(), share_bounds(found), strict=True):
        n = crude[at].n or 0
        shares[at] = Proportion(share * n, n, share, low, high, STANDARDISED)
    differing = {
        at: (Difference(one.difference, one.low, one.high), one.p_value)
        for at, one in zip(kept[1:], contrasts(found), strict=True)
    }
    return shares, differing, found.held_equal
