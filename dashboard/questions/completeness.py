"""How complete are the records? What was asked, scored and given a baseline, clinic by clinic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from dashboard.questions.view import Column, Definition, Table, View
from dashboard.words.numbers import HIDDEN, count, percent, sentence, too_few
from data_models.questions.completeness import Completeness, RecordCounts

QUESTION = "How complete are the records?"
NO_CLINIC = "No clinic recorded"
ALL_CLINICS = "All clinics"


class Part(NamedTuple):
    """Records that are there, of those that ought to be; None: hidden."""

    n: int | None
    of: int | None

    @property
    def share(self) -> float | None:
        """None where there are none that ought to be, or either count is hidden."""
        return None if self.n is None or not self.of else self.n / self.of


class Measure(NamedTuple):
    """One measure of completeness.

    Attributes
    ----------
    in_full : its heading where there is room.
    unit : what it is a share of.
    more_is_better : whether all of them are wanted, or none.
    part : the counts of a clinic's records.
    """

    key: str
    heading: str
    in_full: str
    unit: str
    more_is_better: bool
    part: Callable[[RecordCounts], Part]


MEASURES = (
    Measure("asked", "Side effects asked", "Sessions in which side effects were asked about", "sessions", True,
            lambda found: Part(found.asked, found.sessions)),
    Measure("before", "Score ≤ 7 days before", "Sessions with a score in the 7 days before", "sessions", True,
            lambda found: Part(found.scored_before, found.sessions)),
    Measure("after", "Score ≤ 7 days after", "Sessions with a score within 7 days after, before the next", "sessions",
            True, lambda found: Part(found.scored_after, found.sessions)),
    Measure("recall", "Scores with a recall flag", "Scores after a session that look back past it", "scores", False,
            lambda found: Part(found.recall, found.scores_after_session)),
    Measure("no_baseline", "Courses with no baseline on any scale", "Courses without a baseline on any scale",
            "courses", False, lambda found: Part(found.no_baseline, found.courses)),
)  # fmt: skip


def view(completeness: Completeness) -> View:
    """Shares by clinic; drawn by the page as a table with a bar a share."""
    return View(
        "completeness",
        QUESTION,
        words(completeness),
        table=table(completeness) if completeness.clinics else None,
        definition=Definition(
            "Each share is of all sessions, scores or courses of a clinic, whatever the scale. A session with a "
            "recorded side effect was asked; one without an answer was not. A score before: in the 7 days up to the "
            "session's start. A score after: within 7 days of it and not after the next session's start. A recall "
            "flag: the score was taken sooner after the latest session than the scale looks back, so it also judges "
            "days before that session (of the scores that follow a session). No baseline: no score on any scale in "
            "the days before the course's first session; more courses have none on a given scale, as Outcomes says.",
            ("baseline_window_days",),
            n=sentence(count(completeness.every.patients, "patient")),
        ),
        wide=True,
    )


def lines(completeness: Completeness) -> list[tuple[str, RecordCounts]]:
    """The clinics by name, and below several the counts of all."""
    each = [(one.clinic or NO_CLINIC, one.counts) for one in completeness.clinics]
    return [*each, (ALL_CLINICS, completeness.every)] if len(each) > 1 else each


def table(completeness: Completeness) -> Table:
    """One row a clinic, each measure with its counts."""
    columns = [Column("clinic", "Clinic", "text"), Column("patients", "Patients", "count")]
    for measure in MEASURES:
        columns += [
            Column(f"{measure.key}_n", f"{measure.heading}: number", "count"),
            Column(f"{measure.key}_of", f"of {measure.unit}", "count"),
            Column(measure.key, f"{measure.heading}: share", "share"),
        ]
    rows: list[dict[str, Any]] = []
    for name, counts in lines(completeness):
        row: dict[str, Any] = {"clinic": name, "patients": counts.patients}
        for measure in MEASURES:
            part = measure.part(counts)
            row |= {f"{measure.key}_n": part.n, f"{measure.key}_of": part.of, measure.key: part.share}
        rows.append(row)
    return Table(columns, rows)


def words(completeness: Completeness) -> str:
    """The figures of all clinics, and the clinic that asks least."""
    every = completeness.every
    if not completeness.clinics:
        return "No records are stored yet."
    if every.sessions is None:
        return too_few("sessions")
    if every.sessions == 0:
        return "No session is stored yet."
    sessions, courses = count(every.sessions, "session"), count(every.courses, "course")
    text = f"Side effects were asked about in {_share(every.asked, every.sessions)} of {sessions}"
    parts = ((one.clinic or NO_CLINIC, Part(one.counts.asked, one.counts.sessions)) for one in completeness.clinics)
    shares = [(part.share, clinic) for clinic, part in parts if part.share is not None]
    if len(shares) > 1:
        share, clinic = min(shares, key=lambda pair: pair[0])
        text += f" (least: {clinic}, {percent(share)})"
    before, after = _share(every.scored_before, every.sessions), _share(every.scored_after, every.sessions)
    text += f"; {before} have a score in the 7 days before and {after} within 7 days after."
    missing = Part(every.no_baseline, every.courses)
    if missing.n == 0:
        return f"{text} Every course has a baseline on some scale."
    if missing.n is None:
        return f"{text} {sentence(f'{HIDDEN} of {courses} have no baseline on any scale')}"
    return f"{text} {missing.n:,} of {courses} ({percent(missing.share)}) have no baseline on any scale."


def _share(n: int | None, of: int | None) -> str:
    return HIDDEN if n is None else percent(Part(n, of).share)
