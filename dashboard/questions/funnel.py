"""On whom do these figures rest? The steps from treated to scored at the end of induction."""

from __future__ import annotations

from dataclasses import fields
from typing import NamedTuple

from dashboard.questions.view import Column, Definition, Table, View
from dashboard.words.numbers import HIDDEN, count, sentence, too_few, whole
from dashboard.words.scales import entry_severity
from data_models.definitions.filters import CohortFilter
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.rules import OutcomeRules
from data_models.questions.funnel import Funnel, Steps

QUESTION = "On whom do these figures rest?"
NOT_RECORDED = "the end of follow-up is not recorded: courses still going on cannot be told from those that ended"
_NAMES = tuple(field.name for field in fields(Steps))


class Step(NamedTuple):
    """One step: courses that reach it and are not going on, their share of the treated, and those going on.

    None: hidden. Where few courses go on, which is hidden, they are among the others.
    """

    step: str
    courses: int | None
    share: float | None
    going_on: int | None


def view(funnel: Funnel, cohort: CohortFilter, rules: OutcomeRules) -> View:
    """The funnel; drawn by the page as a strip of its steps."""
    scale = INSTRUMENTS[cohort.instrument]
    return View(
        "funnel",
        QUESTION,
        words(funnel),
        notes=[unknown_words(funnel)],
        table=table(funnel, cohort, rules),
        definition=Definition(
            "A course is a run of sessions without a long gap; it goes on while less than that gap has passed since "
            "its last session by the end of the patient's observation, and is counted apart. Its baseline is the last "
            f"{scale.name} score before its first session: a course without one may have a baseline on another scale, "
            "and Records counts those without any. Judged are courses with a baseline "
            f"{entry_severity(scale, rules)} and a later score: who was never ill can neither respond nor remit. "
            "Induction is complete with the planned number of sessions, or where the records mark enough as induction.",
            (
                "course_gap_days",
                "baseline_window_days",
                "entry_severity",
                "induction_gap_days",
                "induction_sessions_ketamine",
                "induction_sessions_esketamine",
                "induction_min_sessions",
                "end_of_induction_days",
            ),
            n=sentence(count(funnel.courses, "treated course")),
        ),
        wide=True,
    )


def table(funnel: Funnel, cohort: CohortFilter, rules: OutcomeRules) -> Table:
    """A row a step."""
    columns = (Column("step", "Step", "text"), Column("courses", "Courses not going on", "count"),
               Column("share", "Share of treated", "share"), Column("going_on", "Going on", "count"))  # fmt: skip
    note = "Courses going on are counted apart in every step; where their number is hidden they are among the others."
    rows = [step._asdict() for step in steps(funnel, cohort, rules)]
    return Table(columns, rows, name="steps", title="From treated to scored at the end of induction", note=note)


def tables(funnel: Funnel, cohort: CohortFilter, rules: OutcomeRules) -> list[Table]:
    """What a file has: who was treated, and the steps."""
    columns = (Column("patients", "Patients", "count"), Column("courses", "Courses treated", "count"),
               Column("going_on", "Of them going on", "count"),
               Column("going_on_unknown", "Not known whether going on", "count"))  # fmt: skip
    note = "Not known: the end of follow-up is not recorded."
    title = "On whom these figures rest"
    treated = Table(columns, [funnel.as_json()], name="cohort", title=title, note=note, keys=0)
    return [treated, table(funnel, cohort, rules)]


def steps(funnel: Funnel, cohort: CohortFilter, rules: OutcomeRules) -> list[Step]:
    """Name, courses, their share of the treated, and those going on, of each step."""
    scale = INSTRUMENTS[cohort.instrument]
    named = (
        "Treated",
        f"With a {scale.name} baseline",
        f"Baseline {entry_severity(scale, rules)}",
        "With a later score",
        "Scored at end of induction",
    )
    counted = [_others(funnel, name) for name in _NAMES]
    treated = counted[0]
    return [
        Step(name, n, n / treated if treated and n is not None else None, getattr(funnel.going_on, key))
        for name, key, n in zip(named, _NAMES, counted, strict=True)
    ]


def _others(funnel: Funnel, step: str) -> int | None:
    """Courses of a step that are not known to go on."""
    every, going_on = getattr(funnel.every, step), getattr(funnel.going_on, step)
    return None if every is None else max(every - (going_on or 0), 0)


def words(funnel: Funnel) -> str:
    """From all treated to those on whom the figures rest."""
    if funnel.courses is None:
        return too_few("treated courses")
    if funnel.courses == 0:
        return "No course matches these filters."
    later, scored = (_others(funnel, name) for name in _NAMES[-2:])
    treated = f"{count(funnel.courses, 'treated course')} ({count(funnel.patients, 'patient')})"
    going_on = funnel.going_on.courses
    others = f"of {treated}, "
    if going_on:
        others = (
            f"of {treated}, {whole(going_on)} are still going on. Of the other {whole(_others(funnel, 'courses'))}, "
        )
    elif going_on is None:
        others = f"of {treated}, {HIDDEN} of them still going on, "
    found = f"{whole(later)} can be judged and {whole(scored)} were scored at the end of a complete induction"
    return sentence(others + found)


def unknown_words(funnel: Funnel) -> str:
    """Of how many courses it is not known whether they go on; empty where of none."""
    if not funnel.unknown:
        return ""
    if funnel.unknown == funnel.courses:
        return sentence(NOT_RECORDED)
    return sentence(f"of {count(funnel.unknown, 'course')} {NOT_RECORDED}")
