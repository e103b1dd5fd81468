"""One patient's course on one or two pages, for a paper chart: what the Patient page answers."""

from __future__ import annotations

import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from dashboard.exports import svg
from dashboard.exports.document import Chart, Column, Document, Section, Table
from dashboard.exports.release import PRODUCT, program_version
from dashboard.exports.summary import FOOTER, SYNTHETIC
from dashboard.figures.between_sessions import between_sessions, between_words
from dashboard.figures.panel import records
from dashboard.words import numbers
from dashboard.words import patient as words
from data_models.definitions.instruments import INSTRUMENTS, in_order
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.scope import Scope
from data_models.definitions.vocabulary import label
from data_models.questions import Shows, shows
from data_models.questions import patient as queries
from data_models.questions.data_set_fingerprint import data_set_fingerprint

GAP_DAYS = 30.0  # the line of scores is broken over a longer gap, as on the Patient page
_RULES = (
    "baseline_window_days",
    "response_improvement",
    "partial_improvement",
    "loss_rule",
    "loss_confirmations",
    "end_of_induction_days",
    "induction_gap_days",
    "course_gap_days",
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
    queries.NotAllowed : the scope sees no single patient.
    """
    who = queries.patient(connection, scope, patient_code)
    if who is None:
        return None
    number = int(who["patient_id"])
    sessions = queries.patient_sessions(connection, scope, number)
    scores = queries.patient_scores(connection, scope, number)
    effects = queries.patient_side_effects(connection, scope, number)
    outcomes = queries.patient_outcomes(connection, scope, number)
    courses = sorted({int(c) for c in sessions["course"]})
    chosen = course if course in courses else (courses[-1] if courses else 1)
    given = sessions[sessions["course"] == chosen].sort_values("hours")
    seen = scores[scores["course"] == chosen]
    scales = [instrument] if instrument in INSTRUMENTS else in_order(seen["instrument"])
    sections = [_scale(code, chosen, given, seen, outcomes, rules) for code in scales]
    if not sections:
        sections = [Section("Scores", "No score is recorded in this course.")]
    sections.append(_effects(given, effects))
    facts = _facts(who, chosen, courses, given)
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
        definitions=[_rules(rules)],
        footer=FOOTER,
    )


def _facts(who: dict[str, Any], course: int, courses: list[int], given: pd.DataFrame) -> list[tuple[str, str]]:
    induction = int((given["phase"] == "induction").sum())
    kinds = (given["drug"].map(label) + ", " + given["route"].map(label)).value_counts().index[:2]
    codes = None if who["conditions"] is None else [code for code in str(who["conditions"]).split(";") if code]
    conditions = "Not recorded" if codes is None else ", ".join(label(code) for code in codes) or "None of the list"
    return [
        ("Patient", str(who["patient_code"])),
        ("Diagnosis", label(who["diagnosis"])),
        ("Age, sex", f"{who['age_band'] or 'not recorded'}, {label(who['sex']).lower()}"),
        ("Conditions", conditions),
        ("Clinic", who["clinic"] or "Not recorded"),
        ("Course", f"{course} of {len(courses)}" if len(courses) > 1 else str(course)),
        ("Sessions", f"{len(given)} ({induction} induction, {len(given) - induction} maintenance)"),
        ("Drug and route", "; ".join(str(kind) for kind in kinds) or "Not recorded"),
    ]


def _outcome(outcomes: pd.DataFrame, course: int, instrument: str) -> dict[str, Any] | None:
    found = outcomes[(outcomes["course"] == course) & (outcomes["instrument"] == instrument)]
    return None if found.empty else {str(key): value for key, value in found.iloc[0].items()}


def _scale(
    code: str, course: int, given: pd.DataFrame, seen: pd.DataFrame, outcomes: pd.DataFrame, rules: OutcomeRules
) -> Section:
    """One scale: state, onset and durability in words, the trajectory, and what each session did."""
    scale = INSTRUMENTS[code]
    scores = seen[seen["instrument"] == code].sort_values("days")
    outcome = _outcome(outcomes, course, code)
    said = words.state_words(outcome, rules)
    if words.not_evaluable(outcome, rules) is None:
        said += " " + words.course_words(outcome, rules)
    rows = between_sessions(records(given), records(scores), rules)
    said += " " + between_words(rows)
    item9 = scores[scores["item9"].notna()]
    if len(item9):
        said += " Item 9: " + words.item9_words([float(d) for d in item9["days"]], [float(v) for v in item9["item9"]])
    return Section(
        f"{scale.name}: is the response holding?",
        said,
        [_trajectory(code, given, scores, outcome, rules)] if len(scores) else [],
        [_between(code, rows)],
    )


def _trajectory(
    code: str, given: pd.DataFrame, scores: pd.DataFrame, outcome: dict[str, Any] | None, rules: OutcomeRules
) -> Chart:
    """Scores by day; dashed: response and remission; strokes on the axis: sessions."""
    scale = INSTRUMENTS[code]
    lines: list[svg.Line] = []
    run: list[tuple[float, float]] = []
    for row in records(scores):
        point = float(row["days"]), float(row["score"])
        if run and point[0] - run[-1][0] > GAP_DAYS:
            lines.append(svg.Line("", run, marks=True))
            run = []
        run.append(point)
    lines.append(svg.Line("", run, marks=True))
    levels = []
    if outcome is not None and not words.missing(outcome["baseline"]) and outcome["baseline"] > scale.minimum:
        level = scale.improved_to(outcome["baseline"], rules.response_improvement)
        levels.append((level, f"response: {numbers.number(level)}"))
    cutoff = rules.remission_cutoff(code)
    if cutoff is not None:
        levels.append((cutoff, f"remission: {numbers.number(cutoff)}"))
    alt = (
        f"{scale.name} scores by day since the course's first session ({numbers.quantity(len(scores), 'score')}); "
        f"strokes on the axis are the {numbers.quantity(len(given), 'session')}."
    )
    drawing = svg.line_chart(
        lines,
        alt,
        "Days since the course's first session (strokes: sessions)",
        f"{scale.name} ({scale.better} is better)",
        levels=levels,
        ticks_below=[float(day) for day in given["days"]],
        y_range=(scale.minimum, max([float(scores["score"].max()), (scale.minimum + scale.maximum) / 2])),
        same=True,
    )
    return Chart(drawing, alt)


def _between(code: str, rows: list[dict[str, Any]]) -> Table:
    columns = (
        Column("number", "No."),
        Column("day", "Day"),
        Column("phase", "Phase", "text"),
        Column("given", "Given", "text"),
        Column("before", "Before"),
        Column("lowest", "Lowest after"),
        Column("days_to_lowest", "Days to it"),
        Column("before_next", "Before next"),
        Column("worst", "Worst side effect", "text"),
        Column("pressure", "Highest pressure, mmHg", "text"),
    )
    shown = []
    for row in rows:
        pair = row["systolic"], row["diastolic"]
        pressure = "–" if None in pair else f"{pair[0]:.0f}/{pair[1]:.0f}"
        rounded = {key: None if row[key] is None else round(row[key], 1) for key in ("day", "days_to_lowest")}
        shown.append(row | rounded | {"pressure": pressure})
    return Table(f"sessions_{code}", "Between sessions", columns, shown)


def _effects(given: pd.DataFrame, effects: pd.DataFrame) -> Section:
    asked = int((given["asked"] == 1).sum())
    had = effects[effects["hours"].isin(given["hours"])]
    if not asked:
        return Section("Side effects", "Side effects were not asked about in this course.")
    rows: list[dict[str, Any]] = []
    for term, of in had.groupby("term", sort=False):
        grades = [grade for grade in ("severe", "moderate", "mild") if (of["severity"] == grade).any()]
        rows.append(
            {
                "term": label(str(term)),
                "sessions": int(of["hours"].nunique()),
                "asked": asked,
                "worst": grades[0] if grades else "not graded",
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
    return Section("Side effects", said, tables=[Table("side_effects", "", columns, rows)] if rows else [])


def _rules(rules: OutcomeRules) -> Table:
    meanings, values = rules.meanings(), rules.as_dict()
    columns = (Column("rule", "Rule", "text"), Column("value", "Value", "text"), Column("meaning", "Meaning", "text"))
    rows = [{"rule": name, "value": values[name], "meaning": meanings[name]} for name in _RULES]
    return Table("definitions", "", columns, rows)
