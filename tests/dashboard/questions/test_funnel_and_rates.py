"""On whom figures rest, and the headline rates: their n, their interval, their meaning."""

from __future__ import annotations

import pytest

from dashboard.questions import funnel, rates
from dashboard.words.shares import rate
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import DEFAULT_RULES
from data_models.outcomes.proportions import Proportion, wilson
from data_models.questions.funnel import Funnel
from data_models.questions.rates import ByScore, Rates, Worse

FUNNEL = Funnel(290, 310, 280, 250, 200)


def test_funnel_shares_are_of_the_treated() -> None:
    shares = [step.share for step in funnel.steps(FUNNEL)]
    assert shares == pytest.approx([1.0, 280 / 310, 250 / 310, 200 / 310])


def test_funnel_of_nobody_has_no_shares() -> None:
    nobody = Funnel(0, 0, 0, 0, 0)
    assert [step.share for step in funnel.steps(nobody)] == [None] * 4
    assert funnel.words(nobody) == "No course matches these filters."
    assert funnel.words(Funnel(None, None, None, None, None)) == "Fewer than 11 treated courses: too few to show."


def test_a_rate_always_carries_its_n_and_its_interval() -> None:
    assert rate(wilson(20, 75)) == "27% (20 of 75, 95% interval 18 to 38%)"
    assert rate(wilson(0, 0)) == "not measured"
    assert rate(Proportion(None, 60, None, None, None, "wilson")) == "fewer than 11 of 60"


def test_both_denominators_have_their_interval() -> None:
    share, treated = wilson(120, 200), wilson(120, 310)
    by_score = ByScore(share, share, share, treated)
    found = rates.tiles(Rates(by_score, by_score, Worse(share, share), share, share, share))
    assert [tile.name for tile in found] == list(rates.NAMES)
    assert found[0].value == "60%"
    assert found[0].lines[2].startswith("39% of all 310 treated (95% interval 33 to 44%)")
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
    for part in [*parts, "of all treated courses, the unmeasured counted as not in response or remission"]:
        assert part in found.text
    assert found.n == "310 treated courses, 200 scored then."
