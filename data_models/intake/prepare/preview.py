"""A look at what would come in, before anything is stored: a few patients' sessions and scores."""

from __future__ import annotations

from dataclasses import dataclass

from data_models.intake.contract import HOURS_A_DAY, RecordBatch


@dataclass(frozen=True, slots=True)
class ExampleCourse:
    """One patient as the records have them.

    Attributes
    ----------
    instrument : the scale with most scores of this patient; "" without any.
    sessions : days since the first session.
    scores : day and score, ascending.
    """

    patient_code: str
    instrument: str
    sessions: tuple[float, ...]
    scores: tuple[tuple[float, float], ...]


def examples(batch: RecordBatch, most: int = 3) -> list[ExampleCourse]:
    """The patients with most scores on one scale, then those with most sessions: where a wrong map shows soonest."""
    scores = batch.assessments.assign(patient_code=batch.assessments["patient_code"].astype(str))
    sessions = batch.sessions.assign(patient_code=batch.sessions["patient_code"].astype(str))
    counts = scores.groupby(["patient_code", scores["instrument"].astype(str)]).size().sort_values(ascending=False)
    scale_of: dict[str, str] = {}
    for code, instrument in counts.index:
        scale_of.setdefault(code, instrument)
    order = [*scale_of, *sessions["patient_code"].value_counts().index]
    chosen = list(dict.fromkeys(order))[:most]
    return [
        ExampleCourse(
            code,
            scale_of.get(code, ""),
            tuple(sorted(sessions.loc[sessions["patient_code"] == code, "hours"] / HOURS_A_DAY)),
            tuple(
                (hours / HOURS_A_DAY, score)
                for hours, score in scores.loc[
                    (scores["patient_code"] == code) & (scores["instrument"].astype(str) == scale_of.get(code, "")),
                    ["hours", "score"],
                ]
                .sort_values("hours")
                .itertuples(index=False)
            ),
        )
        for code in chosen
    ]
