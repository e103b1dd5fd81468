"""The sentence of each card is right in every case: one, none, not reached, too few."""

from __future__ import annotations

from typing import Any

from dashboard.words import sentences as words


def km(
    n: int, events: int, median: float | None, low: float | None = None, high: float | None = None
) -> dict[str, Any]:
    return {"n": n, "events": events, "median": median, "low": low, "high": high, "curve": []}


def test_side_effects_not_asked_is_not_none(make_share: Any) -> None:
    nobody = {"patients_asked": 0, "sessions_asked": 0, "per_patient": [], "per_session": []}
    assert words.side_effects(nobody) == (
        "Side effects were not asked about in any session here; that is not the same as none."
    )
    none = {
        "patients_asked": 9,
        "sessions_asked": 20,
        "per_patient": [{"term": "nausea", **make_share(0, 9)}],
        "per_session": [],
    }
    assert words.side_effects(none) == "None was reported by 9 patients in 20 sessions in which they were asked."


def test_side_effects_name_the_most_frequent(summary: dict[str, Any]) -> None:
    text = words.side_effects(summary["side_effects"])
    assert text.startswith("The most frequent is dissociation: 57% (160 of 280")
    assert "33% of 2,400 sessions" in text
