"""The Patients page offers what the database does, and counts what the scale can tell."""

import pytest

from dashboard.pages.patients import page as patients
from dashboard.pages.patients.query import ListQuery
from data_models.definitions.filters import CohortFilter
from data_models.questions.worklist import SORTABLE

COUNTS = {"fading": 12, "response_lost": 3, "worse": 2, "item9_raised": 134, "no_score_since_session": 5}


def words_of(link):
    return [part if isinstance(part, str) else part.children for part in link.children]


def test_every_column_that_offers_an_order_has_one_in_the_database():
    offered = [column["colId"] for column in patients.COLUMNS if column["sortable"]]
    assert offered
    assert set(offered) <= set(SORTABLE)


def test_an_address_with_an_order_that_is_none_has_no_direction_either():
    assert ListQuery.from_query("?sort=sessions&descending=1") == ListQuery()
    assert ListQuery.from_query("?descending=1") == ListQuery()


def test_the_direction_of_the_codes_survives_the_list_s_own_query():
    wanted = ListQuery(descending=True)
    assert ListQuery.from_query(wanted.to_query(CohortFilter())) == wanted


def test_without_an_order_in_the_address_what_needs_a_look_comes_first_and_codes_can_be_asked_for():
    assert ListQuery.from_query("").sort == "urgency"
    by_code = ListQuery.from_query("?sort=patient_code")
    assert by_code.sort == "patient_code"
    assert "sort=patient_code" in by_code.to_query(CohortFilter())
    assert "sort" not in ListQuery().to_query(CohortFilter())


def test_a_scale_with_item_9_counts_it():
    links = patients.ready_lists(COUNTS, CohortFilter(), ListQuery())
    assert ["Item 9 raised", "134"] in [words_of(link) for link in links]


@pytest.mark.parametrize("attention", [None, "item9_raised"])
def test_a_scale_without_item_9_shows_no_count_and_leads_to_the_scale_that_has_it(attention):
    wanted = ListQuery(attention=attention)
    cohort = CohortFilter("peg", route=("iv",))
    links = patients.ready_lists(COUNTS | {"item9_raised": 0}, cohort, wanted)
    (link,) = [one for one in links if "Item 9" in str(one.children)]
    assert words_of(link) == ["Item 9 is part of the PHQ-9: choose that scale"]
    assert CohortFilter.from_query(link.href.partition("?")[2]) == cohort.with_instrument("phq9")
    assert "attention=item9_raised" in link.href
