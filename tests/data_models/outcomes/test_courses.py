"""Courses and phases (definitions, section 2), on cases worked by hand."""

import numpy as np
import pandas as pd
import pytest

from data_models.definitions.rules import DEFAULT_RULES
from data_models.outcomes.derive import derive


def test_a_gap_of_exactly_90_days_continues_the_course_and_a_longer_one_starts_the_next(cases):
    assert cases.facts([0, 90], []).courses["course"].tolist() == [1]
    assert cases.facts([0, 90.01], []).courses["course"].tolist() == [1, 2]


@pytest.mark.parametrize("offset", [0.1, 49.37, 1234.56789])
def test_rounding_of_decimal_hours_does_not_move_a_gap_over_its_limit(cases, offset):
    frame = cases.sessions([0])
    frame = pd.concat([frame, frame.assign(hours=offset), frame.assign(hours=offset + 90 * 24)])
    facts = derive(frame, cases.scores([]), cases.no_side_effects(), DEFAULT_RULES)
    assert facts.courses["course"].tolist() == [1]


def test_induction_ends_at_the_first_gap_longer_than_14_days(cases):
    phases = cases.facts([0, 3, 17, 31.5, 34], []).session_facts["phase"].tolist()
    assert phases == ["induction"] * 3 + ["maintenance"] * 2


def test_induction_has_at_most_12_sessions(cases):
    phases = cases.facts([2 * n for n in range(14)], []).session_facts["phase"].tolist()
    assert phases == ["induction"] * 12 + ["maintenance"] * 2


def test_a_phase_given_in_the_records_wins_over_the_rule(cases):
    given = ["induction", None, "maintenance", "induction"]
    phases = cases.facts([0, 3, 6, 60], [], phase=pd.Series(given, dtype="str")).session_facts["phase"].tolist()
    assert phases == ["induction", "induction", "maintenance", "induction"]


def test_induction_of_a_second_course_is_counted_anew(cases):
    facts = cases.facts([0, 3, 20, 200, 203], [])
    assert facts.courses["induction_sessions"].tolist() == [2, 2]
    assert facts.session_facts["phase"].tolist() == ["induction", "induction", "maintenance", "induction", "induction"]
    assert facts.session_facts["number"].tolist() == [1, 2, 3, 1, 2]
    assert facts.session_facts["days"].tolist() == [0, 3, 20, 0, 3]


def test_fewer_than_four_induction_sessions_is_an_early_stop(cases):
    assert cases.facts([0, 3, 6], []).courses["early_stop"].tolist() == [1]
    assert cases.facts([0, 3, 6, 9], []).courses["early_stop"].tolist() == [0]


def test_a_course_carries_the_most_frequent_route_of_its_induction_and_the_earlier_of_two_equals(cases):
    routes = pd.Series(["iv", "im", "im", "sublingual", "sublingual", "sublingual"], dtype="str")
    # The lozenges come after a gap of 20 days: maintenance does not count.
    assert cases.facts([0, 3, 6, 26, 30, 34], [], route=routes).courses["route"].tolist() == ["im"]
    equal = pd.Series(["iv", "im"], dtype="str")
    assert cases.facts([0, 3], [], route=equal).courses["route"].tolist() == ["iv"]
    assert cases.facts([0, 3], [], route=pd.Series([None, "im"], dtype="str")).courses["route"].tolist() == ["im"]


def test_sessions_of_many_patients_do_not_mix(cases):
    frame = pd.concat([cases.sessions([0, 3], patient_id=7), cases.sessions([0, 200], patient_id=3)])
    facts = derive(frame, cases.scores([]), cases.no_side_effects(), DEFAULT_RULES)
    assert facts.courses[["patient_id", "course", "sessions"]].to_numpy().tolist() == [[3, 1, 1], [3, 2, 1], [7, 1, 2]]


def test_side_effects_make_a_session_asked_and_not_asked_is_never_none(cases):
    frame = cases.sessions([0, 3, 6, 9], side_effects_asked=[np.nan, 1, 0, np.nan])
    effects = pd.DataFrame(
        {
            "patient_id": 1,
            "hours": [0.0, 0.0, 0.0, 216.0],
            "term": ["nausea", "headache", "nausea", "dizziness"],
            "severity": pd.Series(["mild", "severe", "moderate", None], dtype="str"),
        }
    )
    derived = derive(frame, cases.scores([]), effects, DEFAULT_RULES)
    facts, sums = derived.session_facts, derived.effect_facts
    assert facts["asked"].tolist() == [1, 1, 0, 1]
    assert facts["effects"].tolist() == [2, 0, 0, 1]
    assert sums[["asked", "reported", "alone", "nausea", "headache", "dizziness", "vertigo"]].to_numpy().tolist() == [
        [3, 2, 1, 1, 1, 1, 0]
    ]
    assert sums[["mild", "moderate", "severe"]].to_numpy().tolist() == [[0, 0, 1]]
    assert facts["worst"].fillna(-1).tolist() == [3, 0, -1, -1]


def test_sessions_are_scored_within_seven_days_before_and_after(cases):
    facts = cases.facts([0, 7, 20, 40], [(-7, 20), (7, 15), (12.9, 14), (27.1, 12)]).session_facts
    # The score of day 7 is the first session's after and, at its start, the second's before.
    assert facts["scored_before"].tolist() == [1, 1, 0, 0]
    assert facts["scored_after"].tolist() == [1, 1, 0, 0]


def test_no_records_give_no_facts(cases):
    facts = derive(cases.sessions([]), cases.scores([]), cases.no_side_effects(), DEFAULT_RULES)
    assert facts.courses.empty
    assert facts.session_facts.empty
    assert facts.score_facts.empty
    assert facts.course_outcomes.empty
