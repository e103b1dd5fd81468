"""On whom do these figures rest? The steps from treated to scored at the end of induction."""

from __future__ import annotations

from typing import NamedTuple

from dashboard.questions.view import Column, Definition, Table, View
from dashboard.words.numbers import count, sentence, too_few, whole
from data_models.definitions.filters import CohortFilter
from data_models.definitions.instruments import INSTRUMENTS
from data_models.questions.funnel import Funnel

QUESTION = "On whom do these figures rest?"


class Step(NamedTuple):
    """One step: courses that reach it (None: hidden), and their share of the treated."""

    step: str
    courses: int | None
    share: float | None


def view(funnel: Funnel, cohort: CohortFilter) -> View:
    """The funnel; drawn by the page as a strip of its steps."""
    columns = (Column("step", "Step", "text"), Column("courses", "Courses", "count"),
               Column("share", "Share of treated", "share"))  # fmt: skip
    return View(
        "funnel",
        QUESTION,
        words(funnel),
        table=Table(columns, [step._asdict() for step in steps(funnel)]),
        definition=Definition(
            "A course is a run of sessions without a long gap. Its baseline is the last score before its first "
            f"session; with follow-up means a baseline above {INSTRUMENTS[cohort.instrument].minimum:g} and at least "
            "one later score.",
            (
                "course_gap_days",
                "baseline_window_days",
                "induction_gap_days",
                "induction_sessions_ketamine",
                "induction_sessions_esketamine",
                "end_of_induction_days",
            ),
            n=sentence(count(funnel.courses, "treated course")),
        ),
        wide=True,
    )


def steps(funnel: Funnel) -> list[Step]:
    """Name, courses and share of the treated of each step."""
    counted = (
        ("Treated", funnel.courses),
        ("With a baseline", funnel.with_baseline),
        ("With follow-up", funnel.evaluable),
        ("Scored at end of induction", funnel.end_of_induction_scored),
    )
    return [Step(name, n, n / funnel.courses if funnel.courses and n is not None else None) for name, n in counted]


def words(funnel: Funnel) -> str:
    """From all treated to those on whom the figures rest."""
    if funnel.courses is None:
        return too_few("treated courses")
    if funnel.courses == 0:
        return "No course matches these filters."
    return sentence(
        f"of {count(funnel.courses, 'treated course')} ({count(funnel.patients, 'patient')}), "
        f"{whole(funnel.with_baseline)} have a baseline, {whole(funnel.evaluable)} also a later score, and "
        f"{whole(funnel.end_of_induction_scored)} a score at the end of induction"
    )
