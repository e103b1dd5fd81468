"""Tables of the fade between sessions: the model's curve, and what was seen in bins."""

from __future__ import annotations

from dashboard.exports.document import counted
from dashboard.exports.release import Part
from dashboard.exports.tables import Parts, Row, cohort_table
from dashboard.questions.view import Column, Table


def change(parts: Parts, by: str | None) -> Table:
    """Change from the pre-session score by days since the session."""

    def rows(part: Part) -> list[Row]:
        return [
            row | {"scores": counted(row["scores"]), "patients": counted(row["patients"])}
            for row in part.summary.fade.as_json()
        ]

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
    return cohort_table(
        parts,
        "fade",
        "Change since the score before a session",
        columns,
        rows,
        "Score minus the last score before the session; lower is better. Other people are in each span of days.",
        by=by,
        keyed=2,
        whole=False,
    )


def model(parts: Parts, by: str | None) -> Table:
    """The average patient's improvement by days since the latest session."""

    def rows(part: Part) -> list[Row]:
        curve = part.summary.fade.curve
        return [] if curve is None else part.summary.fade.model_as_json()["curve"]

    columns = (
        Column("days", "Days since the latest session"),
        Column("improvement", "Improvement over the baseline", "share"),
        Column("low", "95% low", "share"),
        Column("high", "95% high", "share"),
    )
    return cohort_table(
        parts,
        "fade_model",
        "The average patient between sessions",
        columns,
        rows,
        "By a mixed model with each patient's own level, build-up and fading. Nothing where fewer than 20 patients "
        "have three scores after sessions.",
        by=by,
        keyed=1,
        whole=False,
    )


def observed(parts: Parts, by: str | None) -> Table:
    """Improvement over the baseline as it was seen, by days since the latest session, and in whom."""

    def rows(part: Part) -> list[Row]:
        return [
            row | {"scores": counted(row["scores"]), "patients": counted(row["patients"])}
            for row in part.summary.fade.model_as_json()["observed"]
        ]

    columns = (
        Column("from_days", "From day"),
        Column("to_days", "To day"),
        Column("scores", "Scores", "count"),
        Column("patients", "Patients", "count"),
        Column("mean", "Mean improvement", "share"),
        Column("low", "95% low", "share"),
        Column("high", "95% high", "share"),
        Column("same_after_session", "The same after a session, by the model", "share"),
    )
    return cohort_table(
        parts,
        "fade_observed",
        "Improvement seen between sessions",
        columns,
        rows,
        "Other people are in each span of days: their means do not tell how an effect fades.",
        by=by,
        keyed=2,
        whole=False,
    )
