"""A summary of the shape of the data contract (section 3), small and plausible, for figures and words."""

from __future__ import annotations

from typing import Any

import pytest


def share(events: float, n: float, method: str = "wilson") -> dict[str, Any]:
    value = events / n if n else None
    low = None if value is None else max(value - 0.06, 0)
    high = None if value is None else min(value + 0.06, 1)
    return {"events": events, "n": n, "share": value, "low": low, "high": high, "method": method}


def curve(n: int, days: list[float], events: int, censored: int) -> dict[str, Any]:
    rows, at_risk, survival = [], n, 1.0
    for day in days:
        survival *= 1 - events / at_risk
        rows.append(
            {
                "days": day,
                "at_risk": at_risk,
                "events": events,
                "censored": censored,
                "survival": survival,
                "low": max(survival - 0.07, 0),
                "high": min(survival + 0.07, 1),
            }
        )
        at_risk -= events + censored
    median = next((row["days"] for row in rows if row["survival"] <= 0.5), None)
    return {
        "n": n,
        "events": events * len(days),
        "median": median,
        "low": None if median is None else median - 1,
        "high": None if median is None else median + 3,
        "curve": rows,
    }


def empty_curve(n: int = 0) -> dict[str, Any]:
    return {"n": n, "events": 0, "median": None, "low": None, "high": None, "curve": []}


@pytest.fixture(scope="session")
def make_curve() -> Any:
    return curve


@pytest.fixture(scope="session")
def make_share() -> Any:
    return share


@pytest.fixture(scope="session")
def no_curve() -> Any:
    return empty_curve


@pytest.fixture
def summary() -> dict[str, Any]:
    terms = ["dissociation", "nausea", "headache", "sedation"]
    return {
        "definitions": {"version": "1", "rules": {}, "instrument": {"code": "phq9"}},
        "cohort": {
            "where": {},
            "patients": 290,
            "courses": 310,
            "with_baseline": 280,
            "evaluable": 250,
            "end_of_induction_scored": 200,
        },
        "response": {k: share(120, 200) for k in ("ever", "last", "end_of_induction", "end_of_induction_all_treated")},
        "remission": {k: share(60, 200) for k in ("ever", "last", "end_of_induction", "end_of_induction_all_treated")},
        "worse": {"last": share(12, 250), "end_of_induction": share(9, 200)},
        "onset": {
            "kaplan_meier": curve(250, [1, 2, 4, 7, 10, 14, 21, 28], 22, 4),
            "turnbull": {
                "median": [2, 4],
                "mass": [[0, 1, 0.2], [1, 4, 0.4], [4, 7, 0.2], [7, None, 0.2]],
                "log_likelihood": -300.0,
            },
            "sessions_kaplan_meier": curve(250, [1, 2, 3, 4, 5, 6], 30, 5),
        },
        "duration": {"kaplan_meier": curve(150, [7, 14, 28, 56, 84], 16, 8)},
        "durability": {
            "kaplan_meier": curve(120, [7, 14, 21, 28, 42, 56, 70], 9, 6),
            "aalen_johansen": [
                {"days": d, "loss": 0.004 * d, "retreated": 0.005 * d, "in_response": 1 - 0.009 * d}
                for d in (7, 14, 28, 56, 70)
            ],
        },
        "occupancy": [
            {"day": d, "response": 0.3, "partial": 0.2, "none": 0.2, "not_measured": 0.1, "going_on": 0.1, "left": 0.1}
            for d in range(0, 91, 7)
        ],
        "fade": [
            {
                "from_days": a,
                "to_days": b,
                "scores": n,
                "patients": n // 2,
                "mean": m,
                "low": m - 1,
                "high": m + 1,
                "median": m,
            }
            for a, b, n, m in [(0, 1, 80, -4.0), (1, 2, 90, -5.0), (2, 3, 60, -4.2), (5, 7, 40, -2.0), (7, 10, 3, -1.0)]
        ],
        "side_effects": {
            "patients_asked": 280,
            "sessions_asked": 2400,
            "per_patient": [{"term": t, **share(160 - 30 * i, 280)} for i, t in enumerate(terms)],
            "per_session": [{"term": t, **share(800 - 150 * i, 2400, "clustered")} for i, t in enumerate(terms)],
            "vitals": {},
        },
    }
