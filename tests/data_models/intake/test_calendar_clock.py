"""Calendar dates in the clock, as the times of a patient and of all tell together."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pytest

from data_models.intake.contract import BATCH_COLUMNS, TABLES, RecordBatch, RecordsRefused, empty_table
from data_models.intake.reconcile import reconcile

NOTHING = RecordBatch(*(empty_table(name) for name in TABLES))


def _clock(given: Sequence[tuple[str, float]]) -> dict[str, list[object]]:
    return {"patient_code": [code for code, _ in given], "hours": [hours for _, hours in given]}


def times(
    sessions: Sequence[tuple[str, float]], scores: Sequence[tuple[str, float]] = (), *, by_day: int = 0
) -> RecordBatch:
    """A batch of sessions and scores at some hours, by patient."""
    codes = sorted({code for code, _ in (*sessions, *scores)})
    given = {
        "patients": {"patient_code": codes},
        "sessions": {**_clock(sessions), "day_only": float(by_day)},
        "assessments": {**_clock(scores), "instrument": "phq9", "precision": 0.0, "score": 9.0},
    }
    frames = [
        pd.DataFrame({**given.get(name, {})}, columns=[*BATCH_COLUMNS[name], "row"]).assign(
            row=lambda frame: range(2, 2 + len(frame))
        )
        for name in TABLES
    ]
    return RecordBatch(
        *(frame if len(frame) else empty_table(name) for name, frame in zip(TABLES, frames, strict=True))
    )


def said(batch: RecordBatch, stored: RecordBatch = NOTHING) -> list[str]:
    try:
        reconcile(batch, stored)
        return []
    except RecordsRefused as refused:
        return [str(problem) for problem in refused.problems]


SERIAL, DAYS = 45_322.0, 19_723.0  # 2024-01-31, 2024-01-01


def test_a_serial_number_that_stands_alone_is_a_date() -> None:
    (problem,) = said(times([("A", 0), ("A", SERIAL), ("B", 0)]))
    assert problem.startswith(
        "sessions.csv, row 3, column hours: looks like an identifier: date as a spreadsheet's serial"
    )
    (problem,) = said(times([("A", 0), ("B", 0)], [("A", -1), ("A", SERIAL)]))
    assert problem.startswith("assessments.csv, row 3, column hours")


@pytest.mark.parametrize(
    "batch, stored",
    [
        (times([("A", 0), ("A", 43_824)]), NOTHING),  # a visit after five years
        (times([("A", 0), ("A", SERIAL - 9_000), ("A", SERIAL)]), NOTHING),  # treated for five years
        (times([("A", SERIAL)]), times([("A", 0), ("A", SERIAL - 100)])),
        (times([("A", 0), ("A", SERIAL)], by_day=1), NOTHING),
    ],
)
def test_late_times_are_times(batch: RecordBatch, stored: RecordBatch) -> None:
    assert said(batch, stored) == []


def test_a_clock_that_starts_nowhere_near_0_counts_dates() -> None:
    serials = [(code, SERIAL - 5_000 + 24 * n) for n, code in enumerate("ABC")]
    (problem,) = said(times(serials))
    assert "all lie where days since 1900 would" in problem
    (problem,) = said(times([(code, DAYS + n) for n, code in enumerate("ABC")]))
    assert "all lie where days since 1970 would" in problem
    assert said(times([*serials, ("D", 0)])) == []
    assert said(times([("A", DAYS), ("B", DAYS)])) == []  # two who went on elsewhere
