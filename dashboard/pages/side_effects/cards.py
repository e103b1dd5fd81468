"""The cards of the Side effects page, made from the summary and its breakdowns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash.development.base_component import Component

from dashboard.figures import side_effects as figures
from dashboard.figures import vitals
from dashboard.pages.card import card
from dashboard.pages.card_tables import SHARE_COLUMNS, share_table
from dashboard.pages.legend import AREA, key
from dashboard.pages.outcomes.cards import how_often_definition, how_often_marks, note
from dashboard.questions.view import Definition, Table
from dashboard.theme import series_token
from dashboard.words import sentences as words
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.vocabulary import label

Groups = Sequence[Mapping[str, Any]]
MOST_LINES = 5
_SESSIONS = (
    "Asked sessions with the side effect, of asked sessions; 95% interval clustered by patient, whose sessions are "
    "alike."
)


def often_card(effects: Mapping[str, Any], rules: OutcomeRules) -> Component:
    """Dot plot of all terms, per patient and per session."""
    return card(
        "often",
        "How often do side effects occur?",
        words.side_effects(effects),
        figures.how_often(effects["per_patient"], effects["per_session"], row=42),
        marks=how_often_marks(),
        table=share_table(effects),
        definition=how_often_definition(effects),
        rules=rules,
    )


def when_card(groups: Groups, effects: Mapping[str, Any], rules: OutcomeRules) -> Component:
    """The most frequent terms by session number."""
    terms = figures.shown_terms(effects["per_session"])
    numbered = [(int(g["group"]), g["per_session"]) for g in groups if g["group"] and g["group"].isdigit()]
    later = next((g for g in groups if g["group"] and not g["group"].isdigit()), None)
    return card(
        "when",
        "When do they occur?",
        words.by_number(groups),
        figures.by_number(numbered, terms, MOST_LINES),
        marks=key(
            [
                (label(term), f"series_{position + 1}", figures.SYMBOLS[position])
                for position, term in enumerate(terms[:MOST_LINES])
            ]
        ),
        body=note(
            "The five most frequent are drawn; the table has all.",
            f"Later sessions together ({later['group']}) are in the table." if later else "",
        ),
        table=_groups_table(groups, "Session number", {}),
        definition=Definition(
            f"{_SESSIONS} Sessions are numbered within their course. Later sessions come from those who stayed: a fall "
            "may be tolerance or selection.",
            ("course_gap_days",),
            n=_asked(effects),
            source="Cochran 1977 (ratio estimator)",
        ),
        rules=rules,
    )


def group_card(groups: Groups, by: str, name: str, rules: OutcomeRules) -> Component:
    """Shares per session by route, drug, dose band or phase."""
    shown = [g for g in groups if g["sessions_asked"]]
    names = {g["group"]: _group_name(g["group"], by) for g in shown}
    terms = figures.most_frequent([g["per_session"] for g in shown])[:10]
    return card(
        "with-what",
        f"Which side effects, by {name.lower()}?",
        words.by_group(shown, names),
        figures.by_group([(g["group"], g["per_session"]) for g in shown], terms, by, names),
        marks=key(
            [
                (
                    f"{names[g['group']]} (n {g['sessions_asked']:,})",
                    series_token(by, g["group"], position),
                    figures.group_symbol(by, g["group"], position),
                )
                for position, g in enumerate(shown)
            ]
        ),
        body=note("The ten most frequent are drawn; the table has all. Groups differ in more than this.")
        if shown
        else None,
        table=_groups_table(shown, name, names),
        definition=Definition(
            _SESSIONS,
            n=_asked({"sessions_asked": sum(g["sessions_asked"] for g in shown)}),
            source="Cochran 1977 (ratio estimator)",
        ),
        rules=rules,
        wide=True,
    )


def severity_card(details: Mapping[str, Any], rules: OutcomeRules) -> Component:
    """Worst grade of a session in words; grades of occurrences by term drawn."""
    rows = [row | {"term": label(row["term"])} for row in details["severity"]]
    worst = [
        {"term": f"Sessions, worst: {row['worst'].replace('_', ' ')}", "occurrences": row["events"]}
        for row in details["worst"]
    ]
    return card(
        "severity",
        "How bad are they?",
        words.worst_grades(details["worst"]),
        figures.severity(details["severity"]),
        marks=key([(name, token, AREA) for name, token in _graded(details["severity"])]),
        table=Table(
            (
                ("term", "Side effect"),
                ("occurrences", "Occurrences"),
                ("mild", "Mild"),
                ("moderate", "Moderate"),
                ("severe", "Severe"),
                ("not_graded", "Not graded"),
                ("serious", "Serious"),
            ),
            [*rows, *worst],
        ),
        definition=Definition(
            "Occurrences by grade, and asked sessions by the worst grade reported in them (interval clustered by "
            "patient). "
            "Serious is a mark of its own, in the table.",
            n=_asked({"sessions_asked": next((row["n"] for row in details["worst"]), 0)}),
            source="Cochran 1977 (ratio estimator)",
        ),
        rules=rules,
    )


def resolution_card(resolution: Mapping[str, Any], rules: OutcomeRules) -> Component:
    """Time to resolution of all occurrences."""
    km = resolution["all"]
    return card(
        "resolution",
        "How soon are they over?",
        words.resolution(km),
        figures.resolution(resolution["curve"]),
        table=Table(
            (
                ("minutes", "Minutes"),
                ("at_risk", "Not yet over"),
                ("events", "Over"),
                ("censored", "Censored"),
                ("survival", "Share not over"),
                ("low", "95% low"),
                ("high", "95% high"),
            ),
            km["curve"],
        ),
        definition=Definition(
            "Minutes from the beginning of an occurrence to its end; censored when it was last observed unresolved. "
            "Kaplan-Meier with log-log intervals over occurrences that have a beginning; occurrences of one "
            "patient are "
            "alike, so the interval is somewhat too narrow.",
            n=words.sentence(words.count(km["n"], "occurrence")),
            source="Kaplan and Meier 1958",
        ),
        rules=rules,
    )


def pressure_card(values: Mapping[str, Any], rules: OutcomeRules) -> Component:
    """Means before and highest, with the rise."""
    rows = [
        {
            "sign": sign,
            "n": values[sign]["rise"]["n"],
            "before": values[sign]["before"]["mean"],
            "highest": values[sign]["highest"]["mean"],
            "rise": values[sign]["rise"]["mean"],
            "low": values[sign]["rise"]["low"],
            "high": values[sign]["rise"]["high"],
        }
        for _, sign in vitals.SIGNS
        if sign in values
    ]
    return card(
        "vitals",
        "What do blood pressure and heart rate do?",
        words.vitals(values),
        vitals.before_and_highest(rows),
        body=note("Open: mean before the dose. Filled: mean of the highest during the session."),
        table=Table(
            (
                ("sign", "Sign"),
                ("n", "Sessions"),
                ("before", "Mean before"),
                ("highest", "Mean highest"),
                ("rise", "Mean rise"),
                ("low", "95% low"),
                ("high", "95% high"),
            ),
            [row | {"sign": label(row["sign"])} for row in rows],
        ),
        definition=Definition(
            "Rise: highest during the session minus before, over sessions with both; 95% interval clustered by "
            "patient.",
            n=words.sentence(words.count(max((row["n"] for row in rows), default=0), "session") + " with both values"),
            source="Cochran 1977 (ratio estimator)",
        ),
        rules=rules,
    )


def threshold_card(values: Mapping[str, Any], rules: OutcomeRules) -> Component:
    """Share of sessions that pass each reported threshold."""
    rows = values.get("thresholds", [])
    names = {
        "systolic_rise_mmhg": f"Systolic rise {rules.systolic_rise_mmhg:g} mmHg or more",
        "diastolic_rise_mmhg": f"Diastolic rise {rules.diastolic_rise_mmhg:g} mmHg or more",
        "systolic_high_mmhg": f"Systolic {rules.systolic_high_mmhg:g} mmHg or more",
        "diastolic_high_mmhg": f"Diastolic {rules.diastolic_high_mmhg:g} mmHg or more",
        "predose": f"Before the dose above {rules.predose_systolic_mmhg:g}/{rules.predose_diastolic_mmhg:g} mmHg",
    }
    shown = [row | {"name": names[row["threshold"]]} for row in rows]
    return card(
        "thresholds",
        "How often does pressure pass a threshold?",
        words.thresholds(rows, names),
        vitals.thresholds(shown),
        table=Table((("name", "Threshold"), *SHARE_COLUMNS), shown),
        definition=Definition(
            "Of sessions with the pressures that the threshold needs; 95% interval clustered by patient.",
            (
                "systolic_rise_mmhg",
                "diastolic_rise_mmhg",
                "systolic_high_mmhg",
                "diastolic_high_mmhg",
                "predose_systolic_mmhg",
                "predose_diastolic_mmhg",
            ),
            n=words.sentence(words.count(max((row["n"] for row in rows), default=0), "session") + " with pressures"),
            source="Cochran 1977 (ratio estimator)",
        ),
        rules=rules,
    )


def _asked(effects: Mapping[str, Any]) -> str:
    return words.sentence(words.count(effects.get("sessions_asked", 0), "session") + " asked")


def _group_name(group: str | None, by: str) -> str:
    if group is None:
        return "Not recorded"
    return group if by in ("dose_band", "number") else label(group)


def _graded(rows: Groups) -> list[tuple[str, str]]:
    """Grades that an occurrence has, each with its colour."""
    tokens = {grade: grade for grade in figures.GRADES} | {"not_graded": "ungraded"}
    found = [grade for grade in tokens if any(row.get(grade) for row in rows)]
    return [(grade.replace("_", " ").capitalize(), tokens[grade]) for grade in found]


def _groups_table(groups: Groups, name: str, names: Mapping[Any, str]) -> Table:
    rows = [
        {"group": names.get(group["group"], group["group"]), "term": term} | {key: row[key] for key, _ in SHARE_COLUMNS}
        for group in groups
        for term, row in (
            ("Any", group["any"]["per_session"]),
            *((label(row["term"]), row) for row in group["per_session"]),
        )
    ]
    return Table((("group", name), ("term", "Side effect"), *SHARE_COLUMNS), rows)
