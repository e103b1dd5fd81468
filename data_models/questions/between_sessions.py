"""Between sessions: what each session of one patient's course did to the score."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from data_models.definitions.rules import OutcomeRules
from data_models.questions.patient import PatientScore, PatientSession


@dataclass(frozen=True, slots=True)
class AroundSession:
    """One session and the scores around it (points); nothing is carried over from one session to the next.

    Attributes
    ----------
    before : the last score at or before its start, at most `fade_pre_session_days` old.
    lowest : of the `scores` between its start and the next one's; the first of equal ones, `days_to_lowest` after it.
    before_next : the last of them; None for the last session.
    """

    session: PatientSession
    before: float | None
    lowest: float | None
    days_to_lowest: float | None
    scores: int
    before_next: float | None


def between_sessions(
    sessions: Sequence[PatientSession], scores: Sequence[PatientScore], rules: OutcomeRules
) -> list[AroundSession]:
    """A row a session, of the sessions of one course and its scores on one instrument, both in time order."""
    ends = [*(session.hours for session in sessions[1:]), math.inf]
    oldest = rules.fade_pre_session_days * 24.0
    rows: list[AroundSession] = []
    for session, end in zip(sessions, ends, strict=True):
        start = session.hours
        earlier = [one.score for one in scores if start - oldest <= one.at_hours <= start]
        after = [one for one in scores if start < one.at_hours <= end]
        low = min(after, key=lambda one: one.score, default=None)
        rows.append(
            AroundSession(
                session,
                before=earlier[-1] if earlier else None,
                lowest=low.score if low else None,
                days_to_lowest=(low.at_hours - start) / 24.0 if low else None,
                scores=len(after),
                before_next=after[-1].score if after and end < math.inf else None,
            )
        )
    return rows
