"""How complete the records are, in words and as a table."""

from __future__ import annotations

from dataclasses import fields, replace

from dashboard.questions import completeness as shown
from data_models.questions.completeness import ClinicRecords, Completeness, RecordCounts

NOTHING = RecordCounts(*[0] * len(fields(RecordCounts)))


def of(**clinics: RecordCounts) -> Completeness:
    names = [field.name for field in fields(RecordCounts)]
    every = {name: sum(getattr(counts, name) for counts in clinics.values()) for name in names}
    return Completeness(RecordCounts(**every), tuple(ClinicRecords(name, found) for name, found in clinics.items()))


SEVERAL = of(
    north=replace(NOTHING, sessions=8, asked=8, scored_before=4, scored_after=2, courses=3, no_baseline=1),
    south=replace(NOTHING, sessions=2, asked=1, scored_before=1, scored_after=1, courses=1),
    east=replace(NOTHING, patients=1),
)


def test_the_clinic_that_asks_least_is_named() -> None:
    assert shown.words(SEVERAL) == (
        "Side effects were asked about in 90% of 10 sessions (least: south, 50%); 50% have a score in the 7 days "
        "before and 30% within 7 days after. 1 of 4 courses (25%) have no baseline on any scale."
    )


def test_completeness_of_one_clinic_and_of_none() -> None:
    assert shown.words(of(north=replace(NOTHING, sessions=1, asked=1, courses=1))) == (
        "Side effects were asked about in 100% of 1 session; 0% have a score in the 7 days before and 0% within 7 days "
        "after. Every course has a baseline on some scale."
    )
    assert shown.words(of(north=replace(NOTHING, patients=2))) == "No session is stored yet."
    meant = shown.view(of(north=replace(NOTHING, patients=1))).definition
    assert meant is not None
    assert meant.n == "1 patient."
    nothing = shown.view(of())
    assert (nothing.sentence, nothing.table) == ("No records are stored yet.", None)


def test_hidden_counts_are_said_to_be_few() -> None:
    every = replace(SEVERAL.every, asked=None, no_baseline=None)
    assert shown.words(Completeness(every, SEVERAL.clinics[:1])) == (
        "Side effects were asked about in fewer than 11 of 10 sessions; 50% have a score in the 7 days before and 30% "
        "within 7 days after. Fewer than 11 of 4 courses have no baseline on any scale."
    )
    assert shown.words(Completeness(replace(every, sessions=None), SEVERAL.clinics)).endswith("too few to show.")


def test_all_clinics_stand_below_several_and_shares_need_a_denominator() -> None:
    rows = shown.table(SEVERAL).rows
    assert [row["clinic"] for row in rows] == ["north", "south", "east", "All clinics"]
    assert [(row["asked_n"], row["asked_of"], row["asked"]) for row in rows[2:]] == [(0, 0, None), (9, 10, 0.9)]
    assert [row["clinic"] for row in shown.table(of(north=NOTHING)).rows] == ["north"]
    unnamed = Completeness(NOTHING, (ClinicRecords(None, NOTHING),))
    assert shown.table(unnamed).rows[0]["clinic"] == "No clinic recorded"
