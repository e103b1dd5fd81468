"""A cohort's figures, or those of its groups, as tables. Numbers are the answers' own; none is computed here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dashboard.exports.document import counted
from dashboard.exports.release import Part
from dashboard.questions.reliable_change import GROUPS
from dashboard.questions.view import Column, Table
from dashboard.words.scales import REGRESSION_TO_THE_MEAN
from data_models.definitions.filters import FILTERS
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.vocabulary import label
from data_models.outcomes.proportions import Mean, Proportion
from data_models.questions.side_effects import EffectRate
from data_models.questions.vitals import Threshold

# A group's name (None: the whole cohort of a file without groups) and its figures.
Parts = Sequence[tuple[str | None, Part]]
Row = dict[str, Any]

NOTHING = "Nobody to count, or too few to show."
ALL = "All"  # the whole cohort beside its groups
_SHARE = (
    Column("events", "With it", "count"),
    Column("n", "Of", "count"),
    Column("share", "Share", "share"),
    Column("low", "95% low", "share"),
    Column("high", "95% high", "share"),
    Column("method", "Interval", "text"),
)
_WAYS = {
    "ever": "at any score",
    "last": "at the last score",
    "end_of_induction": "at the end of induction",
    "end_of_induction_all_treated": "at the end of induction, of all treated and not going on",
}
_RATES = {"response": "Response", "remission": "Remission", "worse": "Worse"}
_VITALS = {
    "systolic": "Systolic pressure, mmHg",
    "diastolic": "Diastolic pressure, mmHg",
    "heart_rate": "Heart rate, beats a minute",
}
THRESHOLDS = {
    "systolic_rise_mmhg": "Systolic rise of {} mmHg or more",
    "diastolic_rise_mmhg": "Diastolic rise of {} mmHg or more",
    "systolic_high_mmhg": "Systolic pressure of {} mmHg or more",
    "diastolic_high_mmhg": "Diastolic pressure of {} mmHg or more",
    "predose": "Before the dose above {} mmHg",
}


def cohort_table(
    parts: Parts,
    name: str,
    title: str,
    columns: Sequence[Column],
    rows: Callable[[Part], list[Row]],
    note: str = "",
    *,
    by: str | None,
    keyed: int,
    whole: bool = True,
) -> Table:
    """A table with the group in front where there are groups.

    `keyed`: how many of `columns` name the row. `whole` False: without the rows of all groups together.
    """
    grouped = by is not None
    head = [Column("group", "Group", "text")] if grouped else []
    made: list[Row] = []
    for group, part in parts:
        if grouped and group is None and not whole:
            continue
        named = ALL if group is None or by is None else FILTERS[by].words(group)
        made += [({"group": named} if grouped else {}) | row for row in rows(part)]
    if not made:
        note = NOTHING
    return Table((*head, *columns), made, name=name, title=title, note=note, keys=len(head) + keyed)


def _share(of: Proportion) -> Row:
    return of.as_dict() | {"events": counted(of.events), "n": counted(of.n)}


def _mean(of: Mean) -> Row:
    return of.as_dict() | {"n": counted(of.n), "patients": counted(of.patients)}


def cohort(parts: Parts, by: str | None) -> Table:
    """The funnel: patients and courses treated, with a baseline, evaluable, scored."""

    def rows(part: Part) -> list[Row]:
        return [{key: counted(value) for key, value in part.summary.funnel.as_json().items()}]

    columns = (
        Column("patients", "Patients", "count"),
        Column("courses", "Courses treated", "count"),
        Column("with_baseline", "With a baseline", "count"),
        Column("with_entry_severity", "Ill enough to be judged", "count"),
        Column("evaluable", "Also with a later score", "count"),
        Column("end_of_induction_scored", "Scored at the end of induction", "count"),
        Column("going_on", "Courses going on", "count"),
        Column("going_on_unknown", "Not known whether going on", "count"),
    )
    note = "Courses going on are in every count; of those not known the end of follow-up is not recorded."
    return cohort_table(parts, "cohort", "On whom these figures rest", columns, rows, note, by=by, keyed=0)


def rates(parts: Parts, by: str | None) -> Table:
    """Response, remission and worse, each way."""

    def rows(part: Part) -> list[Row]:
        return [
            {"measure": f"{words} {_WAYS[way]}", **_share(getattr(of, way))}
            for kind, words in _RATES.items()
            for of in [getattr(part.summary.rates, kind)]
            for way in of.as_json()
        ]

    columns = (Column("measure", "Courses", "text"), *_SHARE)
    title, note = "Response, remission and worse", REGRESSION_TO_THE_MEAN
    return cohort_table(parts, "outcomes", title, columns, rows, note, by=by, keyed=1)


def reliable_change(parts: Parts, by: str | None) -> Table:
    """The four groups of reliable change, at the last score and at the end of induction."""

    def rows(part: Part) -> list[Row]:
        found = part.summary.reliable_change
        return [
            {"measure": f"{GROUPS[name][0]} {_WAYS[way]}", **_share(getattr(getattr(found, way), name))}
            for way in found.as_json()
            for name in GROUPS
        ]

    columns = (Column("measure", "Courses", "text"), *_SHARE)
    title, note = "Reliable change", f"Jacobson and Truax 1991. {REGRESSION_TO_THE_MEAN}"
    return cohort_table(parts, "reliable_change", title, columns, rows, note, by=by, keyed=1)


def early_stop(parts: Parts, by: str | None, rules: OutcomeRules) -> Table:
    """Share of courses whose induction ended early."""

    def rows(part: Part) -> list[Row]:
        return [{"measure": "Stopped early", **_share(part.early_stop)}]

    columns = (Column("measure", "Courses", "text"), *_SHARE)
    note = (
        f"Stopped early: induction not complete, and more than {rules.induction_gap_days:g} days gone since its last "
        "session; of courses of which that can be said."
    )
    return cohort_table(parts, "early_stop", "How many stop early", columns, rows, note, by=by, keyed=1)


_PER: tuple[tuple[str, Callable[[EffectRate], Proportion]], ...] = (
    ("patients", lambda one: one.per_patient),
    ("sessions", lambda one: one.per_session),
)


def side_effects(parts: Parts, by: str | None) -> Table:
    """Rates per patient and per session, a row each a term."""

    def rows(part: Part) -> list[Row]:
        effects = part.summary.side_effects
        asked = [
            {"term": "Asked at all", "per": per, "events": None, "n": counted(n), "share": None}
            for per, n in (("patients", effects.patients_asked), ("sessions", effects.sessions_asked))
        ]
        return asked + [
            {"term": label(one.term), "per": per, **_share(of(one))} for per, of in _PER for one in effects.effects
        ]

    columns = (Column("term", "Side effect", "text"), Column("per", "Per", "text"), *_SHARE)
    note = "Only patients and sessions in which side effects were asked about. Not asked is never counted as none."
    return cohort_table(parts, "side_effects", "How often side effects occur", columns, rows, note, by=by, keyed=2)


def vitals(parts: Parts, by: str | None) -> Table:
    """Vital signs before, highest and their rise."""

    def rows(part: Part) -> list[Row]:
        return [
            {"sign": words, "when": when, **_mean(getattr(getattr(part.summary.vitals, sign), when))}
            for sign, words in _VITALS.items()
            for when in ("before", "highest", "rise")
        ]

    columns = (
        Column("sign", "Sign", "text"),
        Column("when", "When", "text"),
        Column("n", "Sessions", "count"),
        Column("patients", "Patients", "count"),
        Column("mean", "Mean"),
        Column("low", "95% low"),
        Column("high", "95% high"),
    )
    return cohort_table(parts, "vital_signs", "Vital signs in sessions", columns, rows, by=by, keyed=2, whole=False)


def thresholds(parts: Parts, by: str | None) -> Table:
    """Sessions in which pressure passes each threshold."""

    def rows(part: Part) -> list[Row]:
        return [{"threshold": _limit(one), **_share(one.share)} for one in part.summary.vitals.thresholds]

    columns = (Column("threshold", "Sessions with", "text"), *_SHARE)
    return cohort_table(
        parts, "blood_pressure", "How often blood pressure passes a threshold", columns, rows, by=by, keyed=1
    )


def _limit(one: Threshold) -> str:
    limits = one.limit if isinstance(one.limit, tuple) else (one.limit,)
    return THRESHOLDS[one.name].format("/".join(f"{limit:g}" for limit in limits))
