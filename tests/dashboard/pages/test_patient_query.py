"""What a URL asks for: lenient in what it shows, strict in whom."""

import pytest

from dashboard.pages.patient.query import PatientView, code_of
from dashboard.pages.patients.query import ListQuery
from data_models.definitions.filters import CohortFilter

SCALES, COURSES = ["phq9", "gad7", "pcl5"], [1, 2]


@pytest.mark.parametrize("path, code", [("/patient/S-24XF8L", "S-24XF8L"), ("/patient/A_1/", "A_1")])
def test_code_comes_from_the_path(path, code):
    assert code_of(path) == code


NOBODY = [
    None,
    "",
    "/",
    "/patients",
    "/patient/",
    "/patient/a b",
    "/patient/a%2Fb",
    "/patient/" + "a" * 33,
    "/patient/é",
]


@pytest.mark.parametrize("path", NOBODY)
def test_a_path_that_holds_no_code_asks_for_nobody(path):
    assert code_of(path) is None


def test_defaults_are_the_first_scale_and_the_latest_course():
    view = PatientView.from_query("", SCALES, COURSES)
    assert (view.instruments, view.courses, view.span, view.align) == (("phq9",), (2,), "all", "course")


def test_view_survives_its_own_query_and_keeps_the_list():
    query = "?instrument=gad7&with=pcl5&course=all&span=induction&align=session&attention=fading&sort=last"
    view = PatientView.from_query(query, SCALES, COURSES)
    assert view.instruments == ("gad7", "pcl5")
    assert view.courses == (1, 2)
    assert PatientView.from_query(view.to_query(), SCALES, COURSES) == view
    assert "attention=fading&sort=last" in view.to_query()


@pytest.mark.parametrize(
    "query", ["?instrument=madrs", "?course=9", "?course=-1", "?course=²", "?span=x&align=y", "?with=,"]
)
def test_what_the_patient_does_not_have_is_dropped(query):
    view = PatientView.from_query(query, SCALES, COURSES)
    assert (view.instruments, view.courses, view.span, view.align) == (("phq9",), (2,), "all", "course")


def test_a_scale_is_added_and_taken_away():
    view = PatientView.from_query("?instrument=phq9", SCALES, COURSES)
    added = PatientView.from_query(view.with_instrument("gad7"), SCALES, COURSES)
    assert added.instruments == ("phq9", "gad7")
    assert PatientView.from_query(added.with_instrument("gad7"), SCALES, COURSES).instruments == ("phq9",)


def test_list_survives_its_own_query():
    wanted = ListQuery(attention="fading", state="worse", search="2B", sort="last", descending=True)
    query = wanted.to_query(CohortFilter(route=("iv",)))
    assert ListQuery.from_query(query) == wanted
    assert CohortFilter.from_query(query) == CohortFilter(route=("iv",))


@pytest.mark.parametrize("query", ["?attention=x", "?state=x", "?sort=patient_id;drop", "?descending=yes", None, ""])
def test_an_unknown_list_is_the_whole_list(query):
    assert ListQuery.from_query(query) == ListQuery()
