"""On whom figures rest, and the headline rates: their n, their interval, their meaning."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard.questions import funnel, rates
from dashboard.words.shares import rate
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import DEFAULT_RULES
from data_models.outcomes.proportions import Proportion, wilson
from data_models.questions.funnel import Funnel, Steps
from data_models.questions.rates import ByScore, Quartiles, Rates, Worse

PHQ9 = CohortFilter()
NONE = Steps(0, 0, 0, 0, 0)
FUNNEL = Funnel(290, Steps(310, 280, 265, 250, 200), NONE, 0)


def test_funnel_shares_are_of_the_treated() -> None:
    shares = [step.share for step in funnel.steps(FUNNEL, PHQ9, DEFAULT_RULES)]
    assert shares == pytest.approx([1.0, 280 / 310, 265 / 310, 250 / 310, 200 / 310])
    assert funnel.words(FUNNEL) == (
        "Of 310 treated courses (290 patients), 250 can be judged and 200 were scored at the end of a complete "
        "induction."
    )
    assert funnel.view(FUNNEL, PHQ9, DEFAULT_RULES).notes == [""]


def test_the_table_of_rates_has_each_rate_each_way() -> None:
    ways = tuple(wilson(events, 20) for events in (10, 8, 6, 4))
    by_score, when = ByScore(*ways), Quartiles(None, None, None, None)
    found = Rates(by_score, by_score, Worse(wilson(1, 20), wilson(2, 20)), *ways[:3], when)
    rows = rates.table(found).rows
    assert [(row["measure"], row["events"]) for row in rows] == [
        ("Response at any score", 10),
        ("Response at the last score", 8),
        ("Response at the end of induction", 6),
        ("Response at the end of induction, of all treated and not going on", 4),
        ("Remission at any score", 10),
        ("Remission at the last score", 8),
        ("Remission at the end of induction", 6),
        ("Remission at the end of induction, of all treated and not going on", 4),
        ("Worse at the last score", 1),
        ("Worse at the end of induction", 2),
    ]


def test_courses_going_on_stand_apart_at_each_step() -> None:
    """Issue 14, case 5: 50 finished and 50 begun last week."""
    found = Funnel(100, Steps(100, 100, 100, 100, 50), Steps(50, 50, 50, 50, 0), 0)
    steps = funnel.steps(found, PHQ9, DEFAULT_RULES)
    assert [(step.courses, step.share, step.going_on) for step in steps] == [(50, 1.0, 50)] * 4 + [(50, 1.0, 0)]
    assert funnel.words(found) == (
        "Of 100 treated courses (100 patients), 50 are still going on. Of the other 50, 50 can be judged and 50 were "
        "scored at the end of a complete induction."
    )
    few = replace(found, going_on=Steps(None, None, None, None, None))
    assert "(100 patients), fewer than 11 of them still going on, 100 can be judged" in funnel.words(few)


def test_a_file_counts_the_steps_as_the_sentence_does() -> None:
    found = Funnel(90, Steps(100, 90, 80, 70, 40), Steps(30, 25, 20, 15, 0), 5)
    treated, steps = funnel.tables(found, PHQ9, DEFAULT_RULES)
    assert [treated.rows[0][column.key] for column in treated.columns] == [90, 100, 30, 5]
    assert [(row["courses"], row["going_on"]) for row in steps.rows] == [
        (70, 30),
        (65, 25),
        (60, 20),
        (55, 15),
        (40, 0),
    ]
    assert steps.rows[3]["share"] == pytest.approx(55 / 70)
    assert "Of the other 70, 55 can be judged and 40 were scored" in funnel.words(found)
    assert funnel.view(found, PHQ9, DEFAULT_RULES).table == steps


def test_it_is_said_where_nobody_knows_who_goes_on() -> None:
    """The words of the definitions, section 1."""
    whole, some = replace(FUNNEL, unknown=310), replace(FUNNEL, unknown=12)
    said = "end of follow-up is not recorded: courses still going on cannot be told from those that ended."
    assert funnel.view(whole, PHQ9, DEFAULT_RULES).notes == [f"The {said}"]
    assert funnel.view(some, PHQ9, DEFAULT_RULES).notes == [f"Of 12 courses the {said}"]


def test_funnel_of_nobody_has_no_shares() -> None:
    nobody = Funnel(0, NONE, NONE, 0)
    assert [step.share for step in funnel.steps(nobody, PHQ9, DEFAULT_RULES)] == [None] * 5
    assert funnel.words(nobody) == "No course matches these filters."
    hidden = Steps(None, None, None, None, None)
    few = Funnel(None, hidden, hidden, None)
    assert funnel.words(few) == "Fewer than 11 treated courses: too few to show."
    assert [step.courses for step in funnel.steps(few, PHQ9, DEFAULT_RULES)] == [None] * 5


def test_a_rate_always_carries_its_n_and_its_interval() -> None:
    assert rate(wilson(20, 75)) == "27% (20 of 75, 95% interval 18 to 38%)"
    assert rate(wilson(0, 0)) == "not measured"
    assert rate(Proportion(None, 60, None, None, None, "wilson")) == "fewer than 11 of 60"


def test_both_denominators_have_their_interval() -> None:
    share, treated = wilson(120, 200), wilson(120, 310)
    by_score = ByScore(share, share, share, treated)
    days = Quartiles(200, 2.0, 0.5, 6.25)
    found = rates.tiles(Rates(by_score, by_score, Worse(share, share), share, share, share, days))
    assert [tile.name for tile in found] == list(rates.NAMES)
    assert found[0].value == "60%"
    assert found[0].lines[2].startswith("39% of all 310 treated and not going on (95% interval 33 to 44%)")
    assert found[0].lines[3] == "scored 2 days after the last induction session (half of them 0.5 to 6.2)"
    assert found[0].lines[4:] == ("Who came on a bad day improves without treatment.",)
    nobody = ByScore(*[wilson(0, 200)] * 4)
    none = rates.tiles(Rates(nobody, nobody, Worse(share, share), share, share, share, days))
    assert not any("bad day" in line for line in none[0].lines)
    assert rates.scored_after(Quartiles(None, None, None, None)) == ""
    assert len(found[2].lines) == 2
    assert rates.tile("Worse", wilson(0, 0)).lines == ("Not measured, or no agreed cut-off",)


@pytest.mark.parametrize(
    "instrument, parts",
    [
        ("phq9", ["Remission: PHQ-9 4 or less", "Worse: PHQ-9 5 points or more above baseline"]),
        ("peg", ["PEG pain has no cut-off", "Worse: PEG pain 30% of baseline or more above baseline"]),
        ("auditc", ["AUDIT-C has no cut-off", "no agreed smallest meaningful change"]),
    ],
)
def test_the_headlines_are_defined(instrument: str, parts: list[str]) -> None:
    found = rates.definition(FUNNEL, CohortFilter(instrument), DEFAULT_RULES)
    unmeasured = "of all treated courses that are not going on, the unmeasured counted as not in response or remission"
    for part in [*parts, unmeasured, "the first one after the last session of a complete induction"]:
        assert part in found.text
    assert found.n == "310 treated courses, 200 scored then."
