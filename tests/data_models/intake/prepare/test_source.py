"""The readers' seam: what is left out is counted and named, and relative days have a calendar of their own."""

from __future__ import annotations

from data_models.intake.prepare.source import SHOWN, LeftOut, Origin, date_of_day, time_of_hours


def test_left_out_is_counted_by_reason_and_its_first_rows_are_named() -> None:
    left_out = LeftOut()
    left_out.add("another kind of observation", count=500, foreign=True)
    for row in range(30):
        left_out.add("a person without a session", Origin("scores.csv", row))
    assert [(reason, count, len(origins)) for reason, count, origins in left_out] == [
        ("a person without a session", 30, SHOWN),
        ("another kind of observation", 500, 0),
    ]
    assert left_out.lost == 30


def test_a_place_names_the_cells_that_became_the_row() -> None:
    assert str(Origin("scores.csv", 7)) == "scores.csv row 7"
    assert str(Origin("data.csv", 5, "phq9_total, phq9_1 to phq9_9")) == "data.csv row 5 (phq9_total, phq9_1 to phq9_9)"


def test_relative_days_and_hours_keep_their_distance() -> None:
    assert date_of_day(31) == "2000-02-01"
    assert time_of_hours(-0.5) == "1999-12-31 23:30:00"
