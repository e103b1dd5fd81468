"""Each answer about a cohort, made of rounded counts and of nothing else: what pages and files show of it.

An answer of a kind that is not known here is refused: a new question says how it is rounded, or is not shown.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar, cast

import numpy as np

from dashboard.exports import rounded_curves, rounding
from data_models.definitions.filters import CohortFilter
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.rules import ROUNDING, OutcomeRules
from data_models.definitions.scope import Scope
from data_models.outcomes.fade import FadeBin, ObservedBin
from data_models.outcomes.fade_model import FadeCurve, FadePoint
from data_models.outcomes.interval_finder import IntervalBin
from data_models.outcomes.proportions import Mean, Proportion, difference
from data_models.questions import NotAllowed
from data_models.questions.durability import Durability
from data_models.questions.duration import Duration
from data_models.questions.fade import Fade
from data_models.questions.funnel import Funnel, Steps
from data_models.questions.interval_finder import IntervalFinder
from data_models.questions.occupancy import Occupancy
from data_models.questions.onset import Onset
from data_models.questions.rate_comparison import ComparedRates, GroupRate, RateComparison, RateDifference
from data_models.questions.rates import Quartiles, Rates
from data_models.questions.reliable_change import ReliableChange, ReliableGroups
from data_models.questions.resolution import Resolution
from data_models.questions.severity import Severity
from data_models.questions.side_effects import EffectGroup, EffectRate, SideEffects
from data_models.questions.states import States
from data_models.questions.summary import Summary
from data_models.questions.vitals import Vitals
from data_models.questions.waterfall import Waterfall

Answer = TypeVar("Answer")
_RESOLUTION_MINUTES = 15.0
# Rounded counts of courses, and of those without the event, whose exact ones are `standardisation.large_enough`.
_SURELY_ENOUGH, _SURELY_WITHOUT = 25, 15


def everybody(cohort: CohortFilter, scope: Scope) -> bool:
    """Whether figures are of all records: then zero is shown (`rounding`)."""
    return not cohort.where() and scope.clinics is None


def rounded(answer: Answer, *, zero: bool) -> Answer:
    """The answer as it may be seen by those who see no patient.

    Parameters
    ----------
    zero : whether zero is shown (`everybody`).

    Raises
    ------
    NotAllowed : there is no rounding for such an answer.
    """
    return cast(Answer, _rounded(answer, zero))


@functools.singledispatch
def _rounded(answer: Any, zero: bool) -> Any:
    raise NotAllowed(f"an answer of the kind {type(answer).__name__} is shown to clinicians only")


@_rounded.register
def _(answer: Proportion, zero: bool) -> Proportion:
    return rounding.proportion(answer, zero=zero)


@_rounded.register
def _(answer: Funnel, zero: bool) -> Funnel:
    # As many as none: whether a selection holds anybody is not said.
    def each(of: Steps) -> Steps:
        return Steps(*(rounding.count(getattr(of, field.name) or 0, zero=zero) for field in fields(of)))

    patients, unknown = (rounding.count(n or 0, zero=zero) for n in (answer.patients, answer.unknown))
    return Funnel(patients, each(answer.every), each(answer.going_on), unknown)


@_rounded.register
def _(answer: Rates, zero: bool) -> Rates:
    def each(of: Any) -> Any:
        if isinstance(of, Proportion):
            return rounding.proportion(of, zero=zero)
        if isinstance(of, Quartiles):
            return rounding.quartiles(of)
        return type(of)(*(each(getattr(of, field.name)) for field in fields(of)))

    return cast(Rates, each(answer))


@_rounded.register
def _(answer: ReliableChange, zero: bool) -> ReliableChange:
    """Groups are parts of a whole: none of them says that it holds nobody."""

    def each(of: ReliableGroups) -> ReliableGroups:
        return ReliableGroups(*(rounding.proportion(getattr(of, field.name), zero=False) for field in fields(of)))

    return ReliableChange(each(answer.last), each(answer.end_of_induction))


@_rounded.register
def _(answer: Onset, zero: bool) -> Onset:
    return Onset(
        rounded_curves.interval_curve(answer.curve, zero=zero),
        rounding.turnbull(answer.interval_censored),
        rounding.survival(answer.first_seen, zero=zero),
        rounding.survival(answer.by_session, zero=zero),
    )


@_rounded.register
def _(answer: Duration, zero: bool) -> Duration:
    return Duration(rounding.survival(answer.curve, zero=zero))


@_rounded.register
def _(answer: Durability, zero: bool) -> Durability:
    return Durability(
        rounded_curves.interval_curve(answer.lost, zero=zero),
        rounding.incidence(answer.competing),
        rounding.survival(answer.curve, zero=zero),
    )


@_rounded.register
def _(answer: States, zero: bool) -> States:
    return States(rounding.states(answer.first_session), rounding.states(answer.last_induction_session))


@_rounded.register
def _(answer: Occupancy, zero: bool) -> Occupancy:
    states = answer.states
    names = ("response", "partial", "none", "not_measured", "going_on", "left")
    whole = float(states.courses or 0)
    shares = rounding.parts(np.vstack([getattr(states, name) for name in names]) * whole, whole)
    courses = rounding.count(whole, zero=zero)
    unknown = rounding.count(states.unknown or 0, zero=zero)
    return Occupancy(replace(states, courses=courses, unknown=unknown, **dict(zip(names, shares, strict=True))))


@_rounded.register
def _(answer: Fade, zero: bool) -> Fade:
    def one(of: FadeBin) -> FadeBin:
        change = rounding.mean(of.change)
        median = None if change.mean is None or of.median is None else float(round(of.median))
        return replace(of, change=change, median=median)

    def seen(of: ObservedBin) -> ObservedBin:
        percents = Mean(of.improvement.n, of.improvement.patients, *map(_hundredfold, _three(of.improvement)))
        rounded_mean = rounding.mean(percents)
        shares = (None if value is None else round(value) / 100 for value in _three(rounded_mean))
        improvement = Mean(rounded_mean.n, rounded_mean.patients, *shares)
        after = None if improvement.mean is None or of.after is None else round(of.after, 2)
        return replace(of, improvement=improvement, after=after)

    curve = None if answer.curve is None else _rounded_curve(answer.curve)
    enough = rounding.count(answer.enough or 0, zero=zero)
    return replace(
        answer,
        bins=tuple(one(of) for of in answer.bins),
        observed=tuple(seen(of) for of in answer.observed),
        curve=curve,
        enough=enough,
    )


def _three(of: Mean) -> tuple[float | None, float | None, float | None]:
    return of.mean, of.low, of.high


def _hundredfold(value: float | None) -> float | None:
    return None if value is None else 100 * value


def _rounded_curve(curve: FadeCurve) -> FadeCurve | None:
    """Whole percents and days; a model rests on 20 patients at least, so its counts are never hidden."""

    def point(of: FadePoint) -> FadePoint:
        return FadePoint(of.days, *(round(value, 2) for value in (of.improvement, of.low, of.high)))

    def day(value: float | None) -> float | None:
        return None if value is None else float(round(value))

    counts = [rounding.count(value, zero=False) for value in (curve.scores, curve.patients, curve.courses)]
    scores, patients, courses = (value or 0 for value in counts)
    if None in counts:
        return None
    return replace(
        curve,
        points=tuple(point(of) for of in curve.points),
        after=point(curve.after),
        lost=point(curve.lost),
        half_life=day(curve.half_life),
        half_life_low=day(curve.half_life_low),
        half_life_high=day(curve.half_life_high),
        scores=scores,
        patients=patients,
        courses=courses,
        noise_sd=round(curve.noise_sd, 2),
        session_sd=round(curve.session_sd, 2),
        patient_sd=round(curve.patient_sd, 2),
    )


@_rounded.register
def _(answer: IntervalFinder, zero: bool) -> IntervalFinder:
    """Lengths are parts of a whole; a share rests on each patient once, and is hidden where few patients have it."""

    def one(of: IntervalBin) -> IntervalBin:
        patients = rounding.count(of.patients or 0, zero=False)
        held = rounding.proportion(of.held, zero=False, patients=patients)
        if patients is None:
            held = replace(held, events=None, n=None, share=None, low=None, high=None)
        return replace(of, held=held, patients=patients)

    return IntervalFinder(tuple(one(of) for of in answer.bins), rounding.count(answer.unjudged or 0, zero=zero))


@_rounded.register
def _(answer: SideEffects, zero: bool) -> SideEffects:
    def one(of: EffectRate) -> EffectRate:
        patients = rounding.proportion(of.per_patient, zero=zero)
        without = (of.per_session.n or 0) - (of.per_session.events or 0)
        few = patients.events is None or rounding.count(without, zero=zero) is None
        sessions = rounding.proportion(of.per_session, zero=zero, patients=_whole(patients.n) if few else None)
        return EffectRate(of.term, patients, sessions)

    return SideEffects(
        rounding.count(answer.patients_asked or 0, zero=zero),
        rounding.count(answer.sessions_asked or 0, zero=zero),
        one(answer.any),
        tuple(one(of) for of in answer.effects),
    )


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


@_rounded.register
def _(answer: tuple, zero: bool) -> tuple[EffectGroup, ...]:  # type: ignore[type-arg]  # singledispatch asks for a class
    """Groups of sessions; one of few patients or sessions is not listed, as one of nobody is not."""
    made = (EffectGroup(of.group, _rounded(of.effects, False)) for of in answer)
    return tuple(of for of in made if of.effects.patients_asked is not None and of.effects.sessions_asked is not None)


@_rounded.register
def _(answer: Severity, zero: bool) -> Severity:
    worst = {grade: rounding.proportion(share, zero=False) for grade, share in answer.worst.items()}
    terms = []
    for term in answer.by_term:
        counted: dict[str, Any] = {
            field.name: rounding.count(getattr(term, field.name), zero=False)
            for field in fields(term)
            if field.name != "term"
        }
        if counted["occurrences"] is not None:  # one of few occurrences is not listed, as one of none is not
            terms.append(replace(term, **counted))
    return Severity(worst, tuple(terms))


@_rounded.register
def _(answer: Resolution, zero: bool) -> Resolution:
    by_term = {
        term: rounding.survival(curve, zero=False, unit=_RESOLUTION_MINUTES) for term, curve in answer.by_term.items()
    }
    every = rounding.survival(answer.all, zero=zero, unit=_RESOLUTION_MINUTES)
    return Resolution(every, {term: curve for term, curve in by_term.items() if curve.n is not None})


@_rounded.register
def _(answer: Vitals, zero: bool) -> Vitals:
    def sign(of: Any) -> Any:
        return type(of)(*(rounding.mean(getattr(of, field.name)) for field in fields(of)))

    thresholds = (replace(of, share=rounding.proportion(of.share, zero=zero)) for of in answer.thresholds)
    return Vitals(sign(answer.systolic), sign(answer.diastolic), sign(answer.heart_rate), tuple(thresholds))


@_rounded.register
def _(answer: RateComparison, zero: bool) -> RateComparison:
    return RateComparison(_compared(answer.response), _compared(answer.remission))


def _compared(of: ComparedRates) -> ComparedRates:
    """Rates of rounded counts, a standardised one of the rounded count of courses that would have the event.

    Differences are those of the rounded rates, so without a p-value; a group of few courses is not listed. Which groups
    are standardised, and their order, follow from rounded counts: those of which the exact ones are surely enough.
    """

    def rounded_rate(group: GroupRate) -> GroupRate:
        measured, crude = (rounding.proportion(one, zero=False) for one in (group.measured, group.crude))
        alike = group.standardised and rounding.proportion(group.standardised, zero=False)
        n, events = crude.n or 0, crude.events or 0
        surely = n >= _SURELY_ENOUGH and events > 0 and n - events >= _SURELY_WITHOUT
        return GroupRate(group.value, measured, crude, alike if alike and alike.share is not None and surely else None)

    groups = [rounded_rate(group) for group in of.groups]
    groups = [group for group in groups if group.measured.n is not None]
    groups.sort(key=lambda group: (-(group.crude.n or 0), group.standardised is None, group.value))
    compared = sum(group.standardised is not None for group in groups) - 1
    if compared < 1:  # one alone is held equal with no other
        groups = [replace(group, standardised=None) for group in groups]

    def apart(first: GroupRate, other: GroupRate) -> RateDifference:
        alike = None
        if first.standardised is not None and other.standardised is not None:
            alike = rounding.widened(difference(other.standardised, first.standardised), compared)
        return RateDifference(other.value, difference(other.crude, first.crude), alike, None)

    differences = [apart(groups[0], other) for other in groups[1:]]
    return ComparedRates(tuple(groups), tuple(differences), of.held_equal if compared > 0 else ())


@_rounded.register
def _(answer: Summary, zero: bool) -> Summary:
    kept = ("cohort", "rules")
    return replace(
        answer,
        **{of.name: _rounded(getattr(answer, of.name), zero) for of in fields(answer) if of.name not in kept},
    )


def rounded_waterfall(answer: Waterfall, instrument: str, rules: OutcomeRules) -> Waterfall:
    """Courses as blocks in place of one by one: what each holds steps as a curve does (`rounding.cumulative`).

    The courses are parted by improvement (partial response, response, the smallest meaningful change where it is a
    share of baseline). A block has the least improvement of its part, and the change in points up to which it counts.
    """
    scale, cuts = INSTRUMENTS[instrument], {rules.partial_improvement, rules.response_improvement}
    if scale.meaningful_is_share and scale.meaningful_change is not None:
        cuts.add(scale.meaningful_change)
    return _blocks(answer, sorted(cuts))


def _blocks(answer: Waterfall, cuts: Sequence[float]) -> Waterfall:
    measured = (answer.evaluable == 1) & ~np.isnan(answer.last_change)
    worse = np.nan_to_num(answer.last_worse[measured]) == 1
    improvement = np.nan_to_num(answer.improvement[measured], nan=-1.0)
    group = np.where(worse, -1, np.searchsorted(cuts, improvement + ROUNDING, side="right"))
    points = np.ceil(np.round(answer.last_change[measured], 6))
    blocks = []
    for one in np.unique(group):
        changes, counted = np.unique(points[group == one], return_counts=True)
        sizes = np.diff(rounding.cumulative(np.cumsum(counted).astype(float)), prepend=0.0)
        share = np.nan if one < 1 else cuts[one - 1]
        flag = 1.0 if one < 0 else 0.0
        blocks += [(change, share, flag) for change, size in zip(changes, sizes, strict=True) for _ in range(int(size))]
    if np.isnan(answer.last_worse[measured]).all():  # no smallest meaningful change is agreed
        blocks = [(change, share, np.nan) for change, share, _ in blocks]
    last, shares, flags = np.array(blocks, dtype=float).reshape(-1, 3).T
    order = np.argsort(last, kind="stable")
    unknown = np.full(rounding.count(answer.evaluable.size - measured.sum(), zero=False) or 0, np.nan)
    evaluable = np.concatenate([np.ones(len(order)), np.zeros(len(unknown))])
    last, shares, flags = (np.concatenate([column[order], unknown]) for column in (last, shares, flags))
    return Waterfall(last, last, evaluable, shares, flags)
