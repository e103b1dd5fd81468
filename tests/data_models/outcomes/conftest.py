"""Small records by hand: one patient's sessions and scores in days, derived."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data_models.database.tables import Session
from data_models.definitions.rules import DEFAULT_RULES, OutcomeRules
from data_models.outcomes.derive import Facts, derive

_SESSION_COLUMNS = [c.name for c in Session.__table__.columns]


def session_frame(days: Sequence[float], patient_id: int = 1, **columns: Any) -> pd.DataFrame:
    """Sessions of one patient at some days; further columns by name."""
    frame = pd.DataFrame({"patient_id": patient_id, "hours": np.asarray(days, dtype=float) * 24, "day_only": 0})
    return frame.assign(**columns).reindex(columns=_SESSION_COLUMNS)


def score_frame(
    scores: Sequence[tuple[float, float]], patient_id: int = 1, instrument: str = "phq9", precision: int = 0
) -> pd.DataFrame:
    """Scores of one patient as (day, score)."""
    return pd.DataFrame(
        {
            "patient_id": patient_id,
            "instrument": instrument,
            "hours": [day * 24.0 for day, _ in scores],
            "precision": precision,
            "score": [float(score) for _, score in scores],
            "item9": np.nan,
        }
    )


def no_side_effects() -> pd.DataFrame:
    """An empty frame of side effects."""
    return pd.DataFrame({"patient_id": [], "hours": [], "term": [], "severity": []})


class Cases:
    """What the tests of derivation build on."""

    sessions = staticmethod(session_frame)
    scores = staticmethod(score_frame)
    no_side_effects = staticmethod(no_side_effects)

    @staticmethod
    def facts(
        session_days: Sequence[float],
        scores: Sequence[tuple[float, float]],
        rules: OutcomeRules = DEFAULT_RULES,
        instrument: str = "phq9",
        **columns: Any,
    ) -> Facts:
        """Facts of one patient with one instrument."""
        return derive(
            session_frame(session_days, **columns),
            score_frame(scores, instrument=instrument),
            no_side_effects(),
            rules,
        )

    @classmethod
    def outcome(cls, *arguments: Any, **named: Any) -> dict[str, Any]:
        """The one course outcome of such a patient."""
        outcomes = cls.facts(*arguments, **named).course_outcomes
        assert len(outcomes) == 1, outcomes
        return outcomes.iloc[0].to_dict()


@pytest.fixture(scope="session")
def cases() -> type[Cases]:
    """Builders of small hand-worked records."""
    return Cases


@pytest.fixture(scope="session")
def make_rules() -> Callable[..., OutcomeRules]:
    """Default rules with some changed."""
    return lambda **values: DEFAULT_RULES.changed(values)
