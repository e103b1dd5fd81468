"""The sentence of each card is right in every case: one, none, not reached, too few."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard.words import sentences as words
from data_models.definitions.instruments import INSTRUMENTS
from data_models.outcomes.logrank import LogRank


def test_a_rate_always_carries_its_n_and_its_interval(make_share: Any) -> None:
    assert words.rate(make_share(20, 75)) == "27% (20 of 75, 95% interval 21 to 33%)"
    assert words.rate(make_share(0, 0)) == "not measured"


def km(
    n: int, events: int, median: float | None, low: float | None = None, high: float | None = None
) -> dict[str, Any]:
    return {"n": n, "events": events, "median": median, "low": low, "high": high, "curve": []}


@pytest.mark.parametrize(
    "curve, expected",
    [
        (km(412, 220, 5.0, 3.0, 8.0), "Half of 412 courses respond by day 5 (95% interval 3 to 8 days)."),
        (km(412, 220, 5.0, 3.0, None), "Half of 412 courses respond by day 5 (95% interval 3 days to not reached)."),
        (km(412, 300, 0.5, 0.2, 0.8), "Half of 412 courses respond by hour 12 (95% interval 0.2 to 0.8 days)."),
        (
            km(40, 9, None),
            "9 of 40 courses responded; the time by which half respond is not reached within the follow-up.",
        ),
        (km(40, 0, None), "None of 40 evaluable courses has responded so far."),
        (km(1, 0, None), "None of 1 evaluable course has responded so far."),
        (km(3, 2, 4.0, 1.0, None), "2 of 3 evaluable courses responded; fewer than 5 are too few for a median."),
        (km(0, 0, None), "No course here has a baseline and a score after its first session, so onset cannot be said."),
    ],
)
def test_onset_in_words(curve: dict[str, Any], expected: str) -> None:
    assert words.onset(curve) == expected


@pytest.mark.parametrize(
    "curve, expected",
    [
        (
            km(87, 32, 65.0, 54.1, 108.2),
            "Half of 87 courses in response at the end of induction lose it within 65 days of the last "
            "induction session, if not re-treated (95% interval 54.1 to 108.2 days).",
        ),
        (
            km(87, 12, None, 54.1, None),
            "Of 87 courses in response at the end of induction, 12 lost it; the median is not reached "
            "(95% interval 54.1 days to not reached).",
        ),
        (km(87, 2, None), "Of 87 courses in response at the end of induction, 2 lost it; the median is not reached."),
        (
            km(6, 0, None),
            "None of 6 courses in response at the end of induction has lost it before re-treatment or the last score.",
        ),
        (
            km(2, 1, 9.0, None, None),
            "1 of 2 courses in response at the end of induction lost it; too few for a median.",
        ),
        (km(0, 0, None), "No course here was in response at the end of induction, so durability cannot be said."),
    ],
)
def test_durability_in_words(curve: dict[str, Any], expected: str) -> None:
    assert words.durability(curve) == expected


@pytest.mark.parametrize(
    "curve, expected",
    [
        (km(189, 124, 3, 2, 3), "Half of 189 courses respond after 3 sessions (95% interval 2 to 3)."),
        (km(189, 124, 1, 1, 2), "Half of 189 courses respond after 1 session (95% interval 1 to 2)."),
        (km(4, 1, 2, 1, None), "1 of 4 courses responded; too few for a median."),
        (km(9, 0, None), "None of 9 evaluable courses has responded so far."),
    ],
)
def test_sessions_to_response_in_words(curve: dict[str, Any], expected: str) -> None:
    assert words.onset_sessions(curve) == expected


def test_competing_events_add_up_in_words(summary: dict[str, Any]) -> None:
    text = words.competing(summary["durability"]["aalen_johansen"], summary["durability"]["kaplan_meier"])
    assert text == (
        "28 days after the last induction session, of 120 courses: 11% have lost response, 14% were re-treated before "
        "losing it and 75% still respond without another session."
    )
    assert words.competing([], km(0, 0, None)) == "No course here was in response at the end of induction."
    assert "too few" in words.competing(summary["durability"]["aalen_johansen"], km(3, 0, None))


def test_numbers_from_where_no_curve_is_drawn_say_so(summary: dict[str, Any], make_curve: Any) -> None:
    """A median, or a share on day 28, that lies after the last day with five at risk."""
    few = make_curve(8, [10, 40], 4, 0)  # at risk 8, then 4
    assert few["median"] == 10
    assert "at risk" not in words.durability(few)
    assert words.durability(few | {"median": 40}).endswith("days), fewer than 5 at risk by then.")
    assert words.onset(few | {"median": 40}).endswith("days), fewer than 5 at risk by then.")
    rows = summary["durability"]["aalen_johansen"]
    assert words.competing(rows, few).endswith("without another session, fewer than 5 at risk by then.")
    never = few | {"n": 6, "curve": [row | {"at_risk": 4} for row in few["curve"]]}
    assert words.competing(rows, never) == (
        "Of 6 courses in response at the end of induction, fewer than 5 are at risk at any time: too few to draw."
    )


def test_occupancy_names_every_state(summary: dict[str, Any]) -> None:
    text = words.occupancy(summary["occupancy"], 310)
    for part in ("310 courses", "30% are known to be in response", "20% are not measured", "10% have left"):
        assert part in text
    assert words.occupancy([], 0) == "No course here has started."


def test_waterfall_counts_the_meaningful_and_the_unmeasured() -> None:
    meaningful = f"improved by the smallest meaningful change ({words.least_change(INSTRUMENTS['phq9'])}) or more"
    assert words.waterfall(3, meaningful, 1, 1, 2) == (
        "1 of 3 courses improved by the smallest meaningful change (5 points) or more and 1 got worse by as much; "
        "2 courses could not be measured."
    )
    assert words.waterfall(2, "improved", 1, None, 0) == "1 of 2 courses improved."
    assert words.waterfall(0, meaningful, 0, 0, 9) == "No course here has both a baseline and a later score."
    said = [words.least_change(INSTRUMENTS[code]) for code in ("phq9", "peg", "auditc")]
    assert said == ["5 points", "30% of baseline", ""]


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


def test_resolution_in_minutes_and_hours() -> None:
    assert words.resolution(km(100, 90, 45, 40, 60)) == (
        "Half of 100 occurrences are over 45 minutes after they began (95% interval 40 minutes to 1 hour)."
    )
    assert "1.2 hours" in words.resolution(km(100, 90, 72, 68, None))
    assert words.resolution(km(0, 0, None)) == "No side effect has a recorded beginning and end here."
    assert "too few" in words.resolution(km(3, 3, 10, 5, 20))
    assert "fewer than half" in words.resolution(km(30, 3, None)).lower()


def test_funnel_of_nobody() -> None:
    cohort = {"courses": 0, "patients": 0, "with_baseline": 0, "evaluable": 0, "end_of_induction_scored": 0}
    assert words.funnel(cohort) == "No course matches these filters."


@pytest.mark.parametrize(
    "p, expected",
    [(0.0002, "p < 0.001"), (0.0166, "p = 0.017"), (0.6117, "p = 0.61")],
)
def test_a_p_value_stands_with_the_name_of_its_test(p: float, expected: str) -> None:
    text = words.curve_test(LogRank(1.0, 3, p, (), ()))
    assert text.startswith("Log-rank test: " + expected)
    assert words.curve_test(LogRank(0.0, 0, None, (), ())) == ""
    assert words.curve_test(None) == ""


@pytest.mark.parametrize(
    "median, said",
    [
        ([6.02, 6.04], "Turnbull's median lies at about day 6."),
        ([5.0, 6.0], "Turnbull's median lies between day 5 and day 6."),
        ([5.0, None], "Turnbull's median lies after day 5."),
    ],
)
def test_turnbulls_median_never_lies_between_a_day_and_itself(median: list[float | None], said: str) -> None:
    assert words.turnbull_median({"median": median}) == said
