"""One patient's course on one or two pages, for a paper chart: what the Patient page answers."""

from __future__ import annotations

import datetime
from collections import Counter
from typing import Any

from sqlalchemy import Connection

from dashboard.exports.definition_tables import rules_table
from dashboard.exports.document import Chart, Document, Section
from dashboard.exports.release import PRODUCT, program_version
from dashboard.exports.summary import FOOTER, SYNTHETIC
from dashboard.figures import paper
from dashboard.figures.score_panel import STATES
from dashboard.figures.trajectory import scores_figure
from dashboard.questions import between_sessions, interval_finder, item9
from dashboard.questions.patient import COURSE_RULES, outcome_words
from dashboard.questions.view import Column, Table
from dashboard.words import numbers
from dashboard.words.courses import STATUS
from data_models.definitions.instruments import INSTRUMENTS, in_order
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.scope import Scope
from data_models.definitions.vocabulary import label
from data_models.questions import Shows, shows
from data_models.questions.between_sessions import between_sessions as around_sessions
from data_models.questions.data_set_fingerprint import data_set_fingerprint
from data_models.questions.interval_finder import patient_intervals
from data_models.questions.patient import (
    PatientHistory,
    PatientSideEffect,
    patient,
)

_MARKS = (
    *((words, token, "circle") for words, token in STATES.values()),
    ("looks back past the latest session", "muted", "circle-open"),
    ("a session", "axis", "solid"),
)


@shows(Shows.PATIENT)
def patient_document(
    connection: Connection,
    scope: Scope,
    patient_code: str,
    rules: OutcomeRules,
    *,
    course: int | None = None,
    instrument: str | None = None,
    name: str = "",
    synthetic: bool = False,
) -> Document | None:
    """The report of one patient; None where the scope reaches no such patient.

    Parameters
    ----------
    course, instrument : what to report; None: the latest course, every scale scored in it. A scale that is
        asked for is reported on even where the course has no score of it, as on the page.

    Raises
    ------
    NotAllowed : the scope sees no single patient.
    """
    found = patient(connection, scope, patient_code)
    if found is None:
        return None
    courses = found.courses
    chosen = course if course in courses else (courses[-1] if courses else 1)
    scored = (score.instrument for score in found.scores if score.course == chosen)
    scales = [instrument] if instrument in INSTRUMENTS else in_order(scored)
    sections = [_scale(code, chosen, found, rules) for code in scales]
    if not sections:
        sections = [Section("Scores", "No score is recorded in this course.")]
    sections.append(_effects(found, chosen))
    facts = _facts(found, chosen)
    if synthetic:
        facts.insert(1, ("Synthetic", SYNTHETIC))
    facts += [
        ("Data set", name or "no name given"),
        ("Made on", datetime.date.today().isoformat()),
        ("Program", f"{PRODUCT} {program_version()}; definitions version {rules.version}"),
        ("Fingerprint of the data", data_set_fingerprint(connection, scope, rules)),
    ]
    return Document(
        title=f"Patient {patient_code}: course {chosen}",
        subtitle="Days are days since the course's first session, never dates. Lower is better on every scale.",
        facts=facts,
        sections=sections,
        definitions=[rules_table(rules, COURSE_RULES)],
        footer=FOOTER,
    )


def _facts(found: PatientHistory, course: int) -> list[tuple[str, str]]:
    given = found.sessions_of(course)
    induction = sum(session.phase == "induction" for session in given)
    kinds = Counter(f"{label(session.drug)}, {label(session.route)}" for session in given).most_common(2)
    codes, courses = found.conditions, found.courses
    status = STATUS[given[-1].course_status] if given else STATUS["unknown"]
    conditions = "Not recorded" if codes is None else ", ".join(label(code) for code in codes) or "None of the list"
    return [
        ("Patient", found.patient_code),
        ("Diagnosis", label(found.diagnosis)),
        ("Age, sex", f"{found.age_band or 'not recorded'}, {label(found.sex).lower()}"),
        ("Conditions", conditions),
        ("Clinic", found.clinic or "Not recorded"),
        ("Course", f"{course} of {len(courses)}, {status}" if len(courses) > 1 else f"{course}, {status}"),
        ("Sessions", f"{len(given)} ({induction} induction, {len(given) - induction} maintenance)"),
        ("Drug and route", "; ".join(kind for kind, _ in kinds) or "Not recorded"),
    ]


def _scale(code: str, course: int, found: PatientHistory, rules: OutcomeRules) -> Section:
    """One scale: state, onset and durability in words, the trajectory, and what each session did."""
    scale = INSTRUMENTS[code]
    given, scores = found.sessions_of(course), found.scores_of(course, code)
    outcome = found.outcome_of(course, code)
    rows = around_sessions(given, scores, rules)
    said = [*outcome_words(outcome, rules, found.sessions_since(outcome)), between_sessions.words(rows)]
    intervals = patient_intervals(found.sessions, [score for score in found.scores if score.instrument == code])
    if intervals.intervals:
        said += [interval_finder.patient_words(intervals), interval_finder.CAUTION if intervals.judged else ""]
    if answers := item9.answers(scores):
        said.append("Item 9: " + item9.words(answers))
    table = between_sessions.table(rows, scale.name)
    columns = [Column(*column) for column in table.columns]
    alt = (
        f"{scale.name} scores by day since the course's first session ({numbers.quantity(len(scores), 'score')}), over "
        f"bands of severity; upright lines are the {numbers.quantity(len(given), 'session')}."
    )
    tenths = ("day", "days_to_lowest")
    shown = [{**row, **{key: None if row[key] is None else round(row[key], 1) for key in tenths}} for row in table.rows]
    return Section(
        f"{scale.name}: is the response holding?",
        " ".join(text for text in said if text),
        [Chart(paper.svg(scores_figure(found, course, code, rules), alt, _MARKS), alt)] if scores else [],
        [Table(columns, shown, name=f"sessions_{code}", title="Between sessions")],
    )


def _effects(found: PatientHistory, course: int) -> Section:
    given = found.sessions_of(course)
    asked = sum(session.asked == 1 for session in given)
    if not asked:
        return Section("Side effects", "Side effects were not asked about in this course.")
    hours = {session.hours for session in given}
    reported: dict[str, list[PatientSideEffect]] = {}
    for effect in found.side_effects:
        if effect.hours in hours:
            reported.setdefault(effect.term, []).append(effect)
    rows: list[dict[str, Any]] = []
    for term, of in reported.items():
        grades = {effect.severity for effect in of}
        rows.append(
            {
                "term": label(term),
                "sessions": len({effect.hours for effect in of}),
                "asked": asked,
                "worst": next((grade for grade in ("severe", "moderate", "mild") if grade in grades), "not graded"),
            }
        )
    rows.sort(key=lambda row: (-row["sessions"], row["term"]))
    columns = (
        Column("term", "Side effect", "text"),
        Column("sessions", "Sessions with it", "count"),
        Column("asked", "Of sessions asked", "count"),
        Column("worst", "Worst grade", "text"),
    )
    said = f"Asked about in {numbers.quantity(asked, 'session')}" + ("." if rows else "; none was reported.")
    return Section("Side effects", said, tables=[Table(columns, rows, name="side_effects")] if rows else [])
