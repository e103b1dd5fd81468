"""Sentences on how complete the records are, in every case."""

from __future__ import annotations

from typing import Any

from dashboard.words import records as record_words


def _row(clinic: str, **counts: int) -> dict[str, Any]:
    names = ("patients", "sessions", "asked", "scored_before", "scored_after", "scores_after_session", "recall")
    return {"clinic": clinic} | dict.fromkeys((*names, "courses", "no_baseline"), 0) | counts


def test_completeness_in_words_names_the_clinic_that_asks_least() -> None:
    rows = [
        _row("north", sessions=8, asked=8, scored_before=4, scored_after=2, courses=3, no_baseline=1),
        _row("south", sessions=2, asked=1, scored_before=1, scored_after=1, courses=1),
        _row("east", patients=1),
    ]
    assert record_words.completeness(rows) == (
        "Side effects were asked about in 90% of 10 sessions (least: south, 50%); 50% have a score in the 7 days "
        "before and 30% within 7 days after. 1 of 4 courses (25%) have no baseline."
    )


def test_completeness_of_one_clinic_and_of_none() -> None:
    one = [_row("north", sessions=1, asked=1, courses=1)]
    assert record_words.completeness(one) == (
        "Side effects were asked about in 100% of 1 session; 0% have a score in the 7 days before and 0% within 7 days "
        "after. Every course has a baseline."
    )
    assert record_words.completeness([_row("north", patients=2)]) == "No session is stored yet."
    assert record_words.completeness([]) == "No session is stored yet."


def test_all_clinics_are_the_sum_of_each() -> None:
    rows = [_row("a", sessions=3, asked=1), _row("b", sessions=2, asked=2)]
    found = record_words.total(rows)
    assert (found["clinic"], found["sessions"], found["asked"]) == ("All clinics", 5, 3)
    assert record_words.share(found, "asked", "sessions") == 0.6
    assert record_words.share(found, "recall", "scores_after_session") is None
