"""A cohort's summary, or those of its groups, as tables. Numbers are the summary's own; none is computed here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from dashboard.exports.document import Column, Table
from data_models.definitions.filters import FILTERS
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.vocabulary import label

Summary = Mapping[str, Any]
# A group's name (None: the whole cohort of a file without groups) and its summary.
Parts = Sequence[tuple[str | None, Summary]]
Row = dict[str, Any]

NOTHING = "Nobody to count, or too few to show."
ALL = "All"  # the whole cohort beside its groups
# See `coarse.curve`.
_STEPS_HIDDEN = "with the counts at each step would follow how many were censored within it, which may be few"
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
    "end_of_induction_all_treated": "at the end of induction, of all treated",
}
_RATES = {"response": "Response", "remission": "Remission", "worse": "Worse"}
CURVES: dict[str, tuple[tuple[str, str], str, str]] = {
    "onset": (("onset", "kaplan_meier"), "Days to response", "Days since the first session"),
    "onset_by_session": (("onset", "sessions_kaplan_meier"), "Sessions to response", "Sessions received"),
    "duration": (("duration", "kaplan_meier"), "Days of response, re-treatment allowed", "Days since response"),
    "durability": (
        ("durability", "kaplan_meier"),
        "Days of response after induction",
        "Days since the last induction session",
    ),
}
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


def _table(
    parts: Parts,
    name: str,
    title: str,
    columns: Sequence[Column],
    rows: Callable[[Summary], list[Row]],
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
    for group, summary in parts:
        if grouped and group is None and not whole:
            continue
        named = ALL if group is None or by is None else FILTERS[by].words(group)
        made += [({"group": named} if grouped else {}) | row for row in rows(summary)]
    if not made:
        note = NOTHING
    return Table(name, title, (*head, *columns), made, note, len(head) + keyed)


def cohort(parts: Parts, by: str | None) -> Table:
    """The funnel: patients and courses treated, with a baseline, evaluable, scored."""
    columns = (
        Column("patients", "Patients", "count"),
        Column("courses", "Courses treated", "count"),
        Column("with_baseline", "With a baseline", "count"),
        Column("evaluable", "Evaluable", "count"),
        Column("end_of_induction_scored", "Scored at the end of induction", "count"),
    )
    return _table(parts, "cohort", "On whom these figures rest", columns, lambda s: [dict(s["cohort"])], by=by, keyed=0)


def rates(parts: Parts, by: str | None) -> Table:
    """Response, remission and worse, each way."""

    def rows(summary: Summary) -> list[Row]:
        return [
            {"measure": f"{words} {_WAYS[way]}", **summary[kind][way]}
            for kind, words in _RATES.items()
            for way in summary[kind]
        ]

    columns = (Column("measure", "Courses", "text"), *_SHARE)
    return _table(parts, "outcomes", "Response, remission and worse", columns, rows, by=by, keyed=1)


def medians(parts: Parts, by: str | None) -> Table:
    """Kaplan-Meier medians of onset, duration and durability."""

    def rows(summary: Summary) -> list[Row]:
        made = []
        for (first, second), words, _ in CURVES.values():
            curve = summary[first][second]
            made.append({"measure": words, **{k: curve[k] for k in ("n", "events", "median", "low", "high")}})
        return made

    columns = (
        Column("measure", "Measure", "text"),
        Column("n", "Courses", "count"),
        Column("events", "Events", "count"),
        Column("median", "Median"),
        Column("low", "95% low"),
        Column("high", "95% high"),
    )
    note = "Kaplan-Meier; log-log intervals. Without a median: not reached."
    return _table(
        parts,
        "onset_durability",
        "How quickly effects start and how long they last",
        columns,
        rows,
        note,
        by=by,
        keyed=1,
    )


def turnbull(parts: Parts, by: str | None) -> Table:
    """Where the interval-censored median of onset lies."""

    def rows(summary: Summary) -> list[Row]:
        median = summary["onset"]["turnbull"]["median"] or [None, None]
        return [{"median_from": median[0], "median_to": median[1]}]

    columns = (Column("median_from", "Median after day"), Column("median_to", "Median by day"))
    return _table(
        parts, "onset_turnbull", "Days to response, interval-censored", columns, rows, "Turnbull 1976.", by=by, keyed=0
    )


def curve(parts: Parts, by: str | None, name: str) -> Table:
    """One Kaplan-Meier curve's rows."""
    (first, second), title, unit = CURVES[name]
    columns = (
        Column("days", unit),
        Column("at_risk", "At risk", "count"),
        Column("events", "Events", "count"),
        Column("censored", "Censored", "count"),
        Column("survival", "Share without the event", "share"),
        Column("low", "95% low", "share"),
        Column("high", "95% high", "share"),
    )
    made = _table(
        parts,
        f"{name}_curve",
        f"{title}: curve",
        columns,
        lambda s: list(s[first][second]["curve"]),
        by=by,
        keyed=1,
        whole=False,
    )
    return replace(made, note=f"Hidden: {_STEPS_HIDDEN}.", why_hidden=_STEPS_HIDDEN) if made.marks() else made


def competing(parts: Parts, by: str | None) -> Table:
    """Lost, re-treated, still in response (Aalen-Johansen)."""
    columns = (
        Column("days", "Days since the last induction session"),
        Column("loss", "Response lost", "share"),
        Column("retreated", "Re-treated first", "share"),
        Column("in_response", "In response", "share"),
    )
    return _table(
        parts,
        "durability_competing",
        "Response lost, or treated again first",
        columns,
        lambda s: list(s["durability"]["aalen_johansen"]),
        "Aalen and Johansen 1978.",
        by=by,
        keyed=1,
        whole=False,
    )


def occupancy(parts: Parts, by: str | None) -> Table:
    """Share of all courses started in each state."""
    columns = (
        Column("day", "Day", "count"),
        Column("response", "Response", "share"),
        Column("partial", "Partial response", "share"),
        Column("none", "No response", "share"),
        Column("not_measured", "Not measured", "share"),
        Column("left", "Left", "share"),
    )
    return _table(
        parts,
        "over_time",
        "Who is in response over time, of all who started",
        columns,
        lambda s: list(s["occupancy"]),
        by=by,
        keyed=1,
        whole=False,
    )


def early_stop(parts: Parts, by: str | None, rules: OutcomeRules) -> Table:
    """Share of courses whose induction ended early."""

    def rows(summary: Summary) -> list[Row]:
        return [{"measure": "Stopped early", **summary["attrition"]["early_stop"]}]

    columns = (Column("measure", "Courses", "text"), *_SHARE)
    note = f"Stopped early: fewer than {rules.induction_min_sessions} induction sessions."
    return _table(parts, "early_stop", "How many stop early", columns, rows, note, by=by, keyed=1)


def attrition(parts: Parts, by: str | None) -> Table:
    """Share of all courses started that have left, by day."""
    columns = (
        Column("day", "Day", "count"),
        Column("left", "Left", "share"),
        Column("not_measured", "Not measured", "share"),
    )

    def rows(summary: Summary) -> list[Row]:
        return [{key: row[key] for key in ("day", "left", "not_measured")} for row in summary["attrition"]["over_time"]]

    return _table(parts, "attrition", "Who has left, or is not measured", columns, rows, by=by, keyed=1, whole=False)


def fade(parts: Parts, by: str | None) -> Table:
    """Change from the pre-session score by days since the session."""
    columns = (
        Column("from_days", "From day"),
        Column("to_days", "To day"),
        Column("scores", "Scores", "count"),
        Column("patients", "Patients", "count"),
        Column("mean", "Mean change, points"),
        Column("low", "95% low"),
        Column("high", "95% high"),
        Column("median", "Median change, points"),
    )
    return _table(
        parts,
        "fade",
        "How the effect fades between sessions",
        columns,
        lambda s: list(s["fade"]),
        "Score minus the last score before the session; lower is better.",
        by=by,
        keyed=2,
        whole=False,
    )


def side_effects(parts: Parts, by: str | None) -> Table:
    """Rates per patient and per session, a row each a term."""

    def rows(summary: Summary) -> list[Row]:
        effects = summary["side_effects"]
        asked = [
            {"term": "Asked at all", "per": per, "events": None, "n": effects[key], "share": None}
            for per, key in (("patients", "patients_asked"), ("sessions", "sessions_asked"))
        ]
        return asked + [
            {"term": label(row["term"]), "per": per}
            | {k: row[k] for k in ("events", "n", "share", "low", "high", "method")}
            for per, key in (("patients", "per_patient"), ("sessions", "per_session"))
            for row in effects[key]
        ]

    columns = (Column("term", "Side effect", "text"), Column("per", "Per", "text"), *_SHARE)
    note = "Only patients and sessions in which side effects were asked about. Not asked is never counted as none."
    return _table(parts, "side_effects", "How often side effects occur", columns, rows, note, by=by, keyed=2)


def vitals(parts: Parts, by: str | None) -> Table:
    """Vital signs before, highest and their rise."""

    def rows(summary: Summary) -> list[Row]:
        signs = summary["side_effects"]["vitals"]
        return [
            {"sign": words, "when": when, **signs[sign][when]}
            for sign, words in _VITALS.items()
            if sign in signs
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
    return _table(parts, "vital_signs", "Vital signs in sessions", columns, rows, by=by, keyed=2, whole=False)


def thresholds(parts: Parts, by: str | None) -> Table:
    """Sessions in which pressure passes each threshold."""

    def rows(summary: Summary) -> list[Row]:
        found = summary["side_effects"]["vitals"].get("thresholds", [])
        return [
            {"threshold": _limit(row)} | {k: row[k] for k in ("events", "n", "share", "low", "high", "method")}
            for row in found
        ]

    columns = (Column("threshold", "Sessions with", "text"), *_SHARE)
    return _table(parts, "blood_pressure", "How often blood pressure passes a threshold", columns, rows, by=by, keyed=1)


def _limit(row: Mapping[str, Any]) -> str:
    limit = row["limit"]
    text = "/".join(f"{part:g}" for part in limit) if isinstance(limit, list | tuple) else f"{limit:g}"
    return THRESHOLDS[row["threshold"]].format(text)


def rules_table(rules: OutcomeRules) -> Table:
    """Every rule with its value and meaning."""
    meanings = rules.meanings()
    rows = [{"rule": name, "value": value, "meaning": meanings[name]} for name, value in rules.as_dict().items()]
    columns = (Column("rule", "Rule", "text"), Column("value", "Value", "text"), Column("meaning", "Meaning", "text"))
    return Table("definitions", f"Definitions, version {rules.version}", columns, rows)


def instrument_table(code: str, rules: OutcomeRules) -> Table:
    """The scale and its cut-offs."""
    scale = INSTRUMENTS[code]
    remission = rules.remission_cutoff(code)
    change = scale.meaningful_change
    of = "the baseline" if scale.minimum == 0 else scale.of_baseline
    of_baseline = f" of {of}" if scale.meaningful_is_share else " points"
    pairs = [
        ("Scale", f"{scale.name} ({scale.measures}); {scale.better} is better"),
        ("Range", scale.range),
        ("Bands, upper ends", ", ".join(f"{band.name} {band.upper:g}" for band in scale.bands)),
        ("Moderate from", f"{scale.moderate:g}"),
        ("Remission up to", "not defined" if remission is None else f"{remission:g}"),
        ("Smallest meaningful change", "not defined" if change is None else f"{change:g}{of_baseline}"),
        ("Looks back", f"{scale.recall_days} days"),
        ("Source", scale.source),
    ]
    rows = [{"name": name, "value": value} for name, value in pairs]
    return Table("scale", "Scale", (Column("name", "Of the scale", "text"), Column("value", "Value", "text")), rows)
