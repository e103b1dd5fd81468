"""Where courses stand over time, and how many of the first 90 days they spend in response (definitions, 5.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection, and_, case, func, select

from data_models.database.tables import Course, ScoreFact
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.scope import Scope
from data_models.outcomes.states import Spans, StateCurves, by_day, since, spans_of_scores, state_curves
from data_models.questions import Shows, shows
from data_models.questions.course_outcomes import HOURS_A_DAY, Floats, blocks
from data_models.questions.patient_sums import restricted

DAYS = 90
NONE, PARTIAL, RESPONSE = range(3)  # as `ScoreFact.state` has them
NAMES = ("none", "partial", "response")


@dataclass(frozen=True, slots=True)
class States:
    """Share of evaluable courses in each state, by whole day, and the days spent in each.

    Attributes
    ----------
    first_session, last_induction_session : by days since it, up to day 90 or to the last day on which at least five
        courses say it; of complete inductions the latter. States by their places in `NAMES`.
    """

    first_session: StateCurves
    last_induction_session: StateCurves

    @property
    def clocks(self) -> Iterator[tuple[str, StateCurves]]:
        """Each clock with its curves."""
        yield "first_session", self.first_session
        yield "last_induction_session", self.last_induction_session

    def days_in_response(self) -> list[dict[str, Any]]:
        """ "days_in_response" of the data contract, a row a clock."""
        found = []
        for name, curves in self.clocks:
            mean, low, high = (
                _known(of[RESPONSE]) if curves.days else None
                for of in (curves.spent, curves.spent_low, curves.spent_high)
            )
            counted = {"mean": mean, "low": low, "high": high, "n": curves.courses}
            found.append({"of_days": int(curves.days), "from": name, **counted})
        return found

    def as_json(self) -> dict[str, Any]:
        """ "states", "states_after_induction" and "days_in_response" of the data contract."""
        return {
            "days_in_response": self.days_in_response(),
            "states": rows(self.first_session),
            "states_after_induction": rows(self.last_induction_session),
        }


def rows(curves: StateCurves) -> list[dict[str, Any]]:
    """One row a day: at risk, and the share in each state with its interval; none where they hold on no day."""
    found = []
    for place, day in enumerate(curves.times.tolist() if curves.days else []):
        at_risk = float(curves.at_risk[place])
        row: dict[str, Any] = {"day": int(day), "at_risk": None if at_risk != at_risk else int(at_risk)}
        for state in (RESPONSE, PARTIAL, NONE):
            name = NAMES[state]
            row[name] = _known(curves.share[place, state])
            row[f"{name}_low"], row[f"{name}_high"] = (
                _known(curves.low[place, state]),
                _known(curves.high[place, state]),
            )
        found.append(row)
    return found


def _known(value: float) -> float | None:
    return None if value != value else float(value)


@shows(Shows.COHORT)
def states(connection: Connection, scope: Scope, cohort: CohortFilter, rules: OutcomeRules) -> States:
    """Share in each state by day, with who is no longer observed as censored, and the days in response."""
    found = _seen(connection, scope, cohort, rules)
    spans, complete = found.spans, ~np.isnan(found.last_induction)
    after = since(Spans._make(column[complete] for column in spans), found.last_induction[complete])
    return States(_unseen(_curves(spans), found.first_score), _curves(after))


def _curves(spans: Spans) -> StateCurves:
    """The curves up to day 90, or to the last day on which they hold."""
    daily, days = by_day(spans), DAYS
    curves = state_curves(daily, days, times=np.arange(days + 1), linear=True)
    if curves.holds > days:
        return curves
    days = max(curves.holds - 1, 0)
    shorter = state_curves(daily, days, times=np.arange(days + 1), linear=True)
    return replace(shorter, patients=curves.patients, courses=curves.courses)


def _unseen(curves: StateCurves, first_score: Floats) -> StateCurves:
    """Without the shares of the days by which fewer than half of the courses were scored: nobody saw them.

    Days in response take the middle between a course's start and its first score there.
    """
    early = (curves.times > 0) & (curves.times < np.median(first_score)) if first_score.size else curves.times < 0
    hidden = (np.where(early[:, None], np.nan, of) for of in (curves.share, curves.error, curves.low, curves.high))
    share, error, low, high = hidden
    return replace(curves, share=share, error=error, low=low, high=high)


class _Seen(NamedTuple):
    """What scores tell of evaluable courses: their stays; of each stay the day of the last session of a complete
    induction (NaN: none); of each course the nearest day of its first score."""

    spans: Spans
    last_induction: Floats
    first_score: Floats


def _seen(connection: Connection, scope: Scope, cohort: CohortFilter, rules: OutcomeRules) -> _Seen:
    """Read in blocks of whole patients: there is a row a score, and what they tell is a quarter of it."""
    f, hold = ScoreFact, rules.state_hold_days
    last_induction = (Course.last_induction_hours - Course.start_hours) / HOURS_A_DAY
    complete = case((Course.induction_complete == 1, last_induction))
    observed: Any = (Course.observed_until_hours - Course.start_hours) / HOURS_A_DAY
    held = case((f.until_days > observed, observed), else_=f.until_days)
    same = and_(f.patient_id == Course.patient_id, f.course == Course.course, f.instrument == cohort.instrument)
    statement = select(f.patient_id, f.course, f.days, f.state, held, complete).select_from(Course)
    statement = statement.join(f, same).where(f.state.is_not(None), f.days > 0)
    statement = statement.where(f.days <= func.coalesce(last_induction, 0.0) + DAYS + hold)
    ordered = restricted(statement, Course, scope, cohort).order_by(Course.patient_id)
    parts: list[_Seen] = []
    for rows in _of_whole_patients(blocks(connection, ordered)):
        parts.append(_seen_in(rows, hold, sum(len(part.first_score) for part in parts)))
    spans = Spans._make(np.concatenate(columns) for columns in zip(*(part.spans for part in parts), strict=True))
    return _Seen(
        spans,
        np.concatenate([part.last_induction for part in parts]),
        np.concatenate([part.first_score for part in parts]),
    )


def _of_whole_patients(found: Iterator[Floats]) -> Iterator[Floats]:
    """Blocks of rows by patient (the first column), cut where one ends."""
    rest: Floats | None = None
    for block in found:
        rows = block if rest is None else np.concatenate((rest, block))
        cut = int(np.searchsorted(rows[:, 0], rows[-1, 0])) if len(rows) else 0
        yield rows[:cut]
        rest = rows[cut:]
    if rest is not None:
        yield rest


def _seen_in(rows: Floats, hold: float, before: int) -> _Seen:
    """What rows (patient, course, day, state, held until, last induction session) tell; `before`: courses before."""
    patient, course, days, state, until, induction = rows[np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))].T
    new = np.ones(len(days), dtype=bool)
    new[1:] = (patient[1:] != patient[:-1]) | (course[1:] != course[:-1])
    first = np.flatnonzero(new)

    def started(column: Floats, at_start: Floats | float) -> Floats:
        """With a row more a course, its start: it is ill enough to be in no response, as if it had been scored."""
        return np.insert(column, first, at_start)

    number = np.cumsum(new) - 1
    spans = spans_of_scores(
        started(patient, patient[first]).astype(np.int64),
        np.insert(number, first, number[first]),
        started(days, 0.0),
        started(state, NONE).astype(np.int64),
        started(until, hold),
        hold,
    )
    of_course = induction[first][spans.course]
    return _Seen(spans._replace(course=spans.course + before), of_course, np.ceil(days[first] - 0.5))
