"""On whom the figures rest: the steps from treated to scored at the end of induction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STEPS = (
    ("Treated", "courses"),
    ("With a baseline", "with_baseline"),
    ("With follow-up", "evaluable"),
    ("Scored at end of induction", "end_of_induction_scored"),
)


def steps(cohort: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Name, courses and share of the treated of each step."""
    treated = cohort["courses"]
    return [
        {"step": name, "courses": cohort[key], "share": cohort[key] / treated if treated else None}
        for name, key in STEPS
    ]
