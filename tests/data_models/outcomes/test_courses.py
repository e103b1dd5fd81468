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


@pytest.mark.parametrize("drug, planned", [("ketamine", 6), (None, 6), ("esketamine", 8)])
def test_induction_has_as_many_sessions_as_are_planned_with_the_drug(cases, drug, planned):
    # Esketamine by its label: twice a week for four weeks, then weekly, without a phase in the records.
    facts = cases.facts([3.5 * n for n in range(8)] + [28 + 7 * n for n in range(6)], [], drug=drug)
    assert facts.session_facts["phase"].tolist() == ["induction"] * planned + ["maintenance"] * (14 - planned)
    assert facts.courses["induction_complete"].tolist() == [1]
    assert facts.courses["early_stop"].tolist() == [0]


def test_the_drug_of_the_first_session_says_how_many_are_planned(cases):
    drugs = pd.Series(["ketamine", *["esketamine"] * 9], dtype="str")
    facts = cases.facts([3 * n for n in range(10)], [], drug=drugs)
    assert facts.courses["induction_sessions"].tolist() == [6]  # nothing later is looked at
    assert facts.courses["drug"].tolist() == ["mixed"]


def test_the_last_induction_session_may_be_the_first_of_all_records(cases):
    assert cases.facts([0, 90.5], []).courses["last_induction_hours"].tolist() == [0, 90.5 * 24]
    none = cases.facts([0, 3], [], phase="maintenance").courses["last_induction_hours"]
    assert none.isna().tolist() == [True]


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


def _status(cases, days, weeks, scores=(), **columns):
    """Status, whether induction is complete, early stop of the courses of a patient observed for some weeks."""
    observed = pd.DataFrame({"patient_id": [1], "observed_until_weeks": [weeks]})
    taken = cases.scores(list(scores)) if scores else cases.scores([])
    facts = derive(cases.sessions(days, **columns), taken, cases.no_side_effects(), DEFAULT_RULES, observed)
    return facts.courses[["status", "induction_complete", "early_stop"]].fillna(-1).to_numpy().tolist()


def test_induction_is_complete_as_planned_or_as_marked(cases):
    assert _status(cases, [0, 3, 6, 9, 12, 15], 9) == [["going_on", 1, 0]]
    assert _status(cases, [0, 3, 6, 9, 12], 9) == [["going_on", 0, 1]]  # five of six
    assert _status(cases, [0, 3, 6, 9], 9, phase="induction") == [["going_on", 1, 0]]
    assert _status(cases, [0, 3, 6], 9, phase="induction") == [["going_on", 0, 1]]


def test_an_induction_of_which_14_days_are_not_yet_gone_is_neither_complete_nor_stopped(cases):
    assert _status(cases, [0, 3, 6], 2) == [["going_on", 0, -1]]  # looked at until day 14
    assert _status(cases, [0, 3, 7], 3) == [["going_on", 0, 1]]  # day 21: 14 days after the session of day 7
    assert _status(cases, [0, 3, 6], None) == [["unknown", 0, -1]]
    assert _status(cases, [0, 3, 6], None, [(19.9, 12)]) == [["unknown", 0, -1]]
    assert _status(cases, [0, 3, 6], None, [(20, 12)]) == [["unknown", 0, 1]]  # a later record shows it
    assert _status(cases, [0, 3, 30], None) == [["unknown", 0, 1]]  # a later session, too


def test_a_course_goes_on_until_90_days_are_gone_since_its_last_session(cases):
    assert _status(cases, [0, 8], 13)[0][0] == "going_on"  # day 91: 83 days
    assert _status(cases, [0, 1], 13)[0][0] == "ended"  # 90 days
    assert _status(cases, [0, 8], None)[0][0] == "unknown"
    assert _status(cases, [0, 8], None, [(97.9, 12)])[0][0] == "unknown"
    assert _status(cases, [0, 8], None, [(98, 12)])[0][0] == "ended"
    assert [row[0] for row in _status(cases, [0, 200], None)] == ["ended", "unknown"]
    assert [row[0] for row in _status(cases, [0, 200], 30)] == ["ended", "going_on"]


def test_weeks_are_rounded_down_so_a_record_after_them_counts(cases):
    # Observed for 2 whole weeks and a score on day 20.5: surely looked at until then.
    observed = pd.DataFrame({"patient_id": [1], "observed_until_weeks": [2]})
    facts = derive(cases.sessions([0]), cases.scores([(20.5, 9)]), cases.no_side_effects(), DEFAULT_RULES, observed)
    assert facts.courses["observed_until_hours"].tolist() == [20.5 * 24]


def test_a_course_of_several_routes_is_mixed(cases):
    routes = pd.Series(["iv", "im", "im", None], dtype="str")
    assert cases.facts([0, 3, 6, 26], [], route=routes).courses["route"].tolist() == ["mixed"]
    assert cases.facts([0, 3], [], route=pd.Series([None, "im"], dtype="str")).courses["route"].tolist() == ["im"]
    assert cases.facts([0, 3], []).courses["route"].isna().tolist() == [True]


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
