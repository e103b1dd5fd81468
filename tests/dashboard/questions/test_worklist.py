"""Rows of the worklist say what is known and never call the unmeasured good or bad."""

import pytest

from dashboard.questions import worklist as shown
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.rules import DEFAULT_RULES, OutcomeRules
from data_models.questions.worklist import URGENCY, ListedPatient, Worklist

PHQ9 = INSTRUMENTS["phq9"]


def listed(**changes):
    row = {
        "patient_id": 5, "patient_code": "A-1", "diagnosis": "ptsd", "course": 1, "sessions": 6, "route": "iv",
        "phase": "induction", "baseline": 20.0, "last": 8.0, "last_days": 30.0, "improvement": 0.6, "state": "fading",
        "days_since_session": 12.3, "item9_last": 1, "item9_change": -1, "predose_high": 1, "worst": 2,
        "status": "ended", "state_before": "fading", "sessions_since": 0, "urgency": 1,
    }  # fmt: skip
    return ListedPatient(**row | changes)


def row(**changes):
    page, scores = Worklist((listed(**changes),), 1), {5: [(0.0, 20.0), (4.0, 8.0)]}
    (made,) = shown.rows(page, scores, PHQ9, DEFAULT_RULES, "/patient/", "?instrument=phq9")
    return made


def test_a_row_in_words():
    made = row()
    assert made["code"] == {"text": "A-1", "href": "/patient/A-1?instrument=phq9"}
    assert made["state"]["text"] == "Fading"
    assert made["state"]["shape"]
    assert made["spark"]["text"].startswith("PHQ-9 20 to 8")
    assert (made["baseline"], made["improvement"]) == ("20", "60%")
    assert made["last"] == {"score": "8", "band": "mild"}
    assert (made["last_days"], made["diagnosis"]) == ("12 days", "PTSD")
    assert made["sessions"] == {"text": "6 IV", "course": "ended"}
    second = row(course=2, route="mixed", status="going_on")["sessions"]
    assert second == {"text": "6 Mixed", "course": "course 2, going on"}
    assert row(status="unknown")["sessions"]["course"] == "end unknown"
    assert made["item9"] == {"text": "1 (−1)", "raised": False}
    assert [flag["text"] for flag in made["flags"]] == ["high BP", "moderate"]


def test_the_unmeasured():
    nothing = dict.fromkeys(("baseline", "last", "last_days", "improvement", "days_since_session"), None)
    made = row(**nothing, state="not_measured", item9_last=None, item9_change=None, predose_high=0, worst=None)
    assert (made["baseline"], made["improvement"], made["last_days"]) == ("–", "–", "no score")
    assert made["last"] == {"score": "–", "band": ""}
    assert made["item9"] is None
    assert made["flags"] == []


@pytest.mark.parametrize(
    "urgency, changes, said",
    [
        ("response_lost", {"state_before": "response_lost"}, "lost, no sessions since"),
        ("fading", {"sessions_since": 1}, "fading, 1 session since"),
        ("item9_raised", {"item9_last": 2, "item9_change": 1}, "item 9 risen to 2, no sessions since"),
        ("item9_raised", {"item9_last": 3, "item9_change": 0}, "item 9 at 3, no sessions since"),
        ("worse", {}, "worse than at baseline, no sessions since"),
        ("not_scored", {"sessions_since": 2}, "not scored since 2 sessions; fading before"),
        ("not_scored", {"sessions_since": 3, "state_before": "no_response"},
         "not scored since 3 sessions; no response before"),
        ("not_scored", {"last": None, "sessions_since": None}, "no score since the course began"),
        ("treated_since", {"sessions_since": 1, "state_before": "responding"},
         "not scored since 1 session; responding before"),
        ("none", {}, "nothing to look at first"),
    ],
)  # fmt: skip
def test_each_row_says_why_it_stands_where_it_stands(urgency, changes, said):
    assert row(urgency=URGENCY.index(urgency), **changes)["state"]["why"] == said


def test_a_rise_is_said_as_worse_and_never_as_a_negative_improvement():
    assert row(improvement=-0.18)["improvement"] == "18% worse"


def test_improvement_is_never_rounded_up_to_a_response():
    assert row(improvement=0.4999)["improvement"] == "49%"


@pytest.mark.parametrize("days, said", [(-1.0, "not yet"), (0.0, "not yet"), (0.5, "12 hours"), (1.5, "1.5 days")])
def test_time_from_the_latest_session_to_the_latest_score(days, said):
    assert row(days_since_session=days)["last_days"] == said


@pytest.mark.parametrize("last, change, raised", [(2, 0, True), (1, 1, True), (1, 0, False), (0, None, False)])
def test_item9_is_raised_as_in_the_ready_list(last, change, raised):
    assert row(item9_last=last, item9_change=change)["item9"]["raised"] is raised


def test_sentence_counts_and_names_what_is_listed():
    said = shown.sentence(27, "fading", None, "", PHQ9, "route IV")
    assert said == (
        "27 patients fading, or no longer in response without having met the loss rule, latest course, PHQ-9. "
        "Filters: route IV."
    )
    assert shown.sentence(1, None, None, "", PHQ9, "") == "1 patient, latest course, PHQ-9."


def test_an_empty_list_says_what_to_do():
    said = shown.sentence(0, None, "worse", "zz", PHQ9, "")
    assert said.startswith("No patient in the state “worse” and with “zz” in the code on the PHQ-9.")
    assert said.endswith("Clear a filter or choose another list.")


def test_the_response_line_follows_the_rule_and_needs_a_baseline():
    rules = OutcomeRules(response_improvement=0.6)
    assert shown.response_line(listed(), PHQ9, rules) == pytest.approx(8.0)
    assert shown.response_line(listed(baseline=None), PHQ9, rules) is None
    assert shown.response_line(listed(baseline=0.0), PHQ9, rules) is None


def test_a_scale_without_item_9_says_where_it_is_and_counts_nobody():
    said = shown.sentence(0, "item9_raised", None, "", INSTRUMENTS["peg"], "route IV")
    assert said == "Item 9 is part of the PHQ-9: choose that scale."
    assert shown.not_on("item9_raised", PHQ9) == shown.not_on(None, INSTRUMENTS["peg"]) == ""


def test_a_scale_without_a_smallest_change_calls_nobody_not_worse():
    said = shown.sentence(0, "worse", None, "", INSTRUMENTS["auditc"], "")
    assert said == "No smallest change is agreed on for the AUDIT-C, so nobody counts as worse on it."
