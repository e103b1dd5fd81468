"""Filters: the same value from a URL, the command line and the program."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_models.definitions.filters import FILTERS, CohortFilter, Filter
from data_models.definitions.instruments import INSTRUMENTS

values = {
    key: st.sets(st.sampled_from(row.values or ["2019", "2024"]), max_size=3).map(tuple) for key, row in FILTERS.items()
}
filters = st.builds(
    CohortFilter,
    instrument=st.sampled_from(sorted(INSTRUMENTS)),
    min_hours_since_session=st.none() | st.integers(0, 500).map(float),
    **values,
)


@given(filters)
def test_a_copied_link_restores_the_filter(cohort: CohortFilter) -> None:
    assert CohortFilter.from_query(cohort.to_query()) == cohort
    assert CohortFilter.from_query("?" + cohort.to_query()) == cohort
    assert CohortFilter.dropped(cohort.to_query()) == ()


@given(st.text(max_size=200))
def test_any_query_string_gives_a_filter(query: str) -> None:
    CohortFilter.from_query(query)


def test_unknown_values_of_a_link_are_dropped() -> None:
    query = "instrument=nonsense&route=iv,teleport&sex=&colour=blue&first_session_year=20x4"
    assert CohortFilter.dropped(query) == ("instrument", "route", "first_session_year")
    cohort = CohortFilter.from_query(query)
    assert cohort == CohortFilter(route=("iv",))


def test_assignments_join_repeated_keys_and_commas() -> None:
    cohort = CohortFilter.from_assignments(["route=iv,im", "route=oral", "min_hours_since_session=24"], "madrs")
    assert cohort == CohortFilter("madrs", route=("im", "iv", "oral"), min_hours_since_session=24.0)
    assert cohort.where() == {"route": ["im", "iv", "oral"], "min_hours_since_session": 24.0}


@pytest.mark.parametrize(
    "text, message",
    [
        ("route", "KEY=VALUE"),
        ("route=", "KEY=VALUE"),
        ("colour=blue", "no filter 'colour'"),
        ("route=teleport", "cannot be 'teleport'"),
        ("first_session_year=24", "four digits"),
        ("min_hours_since_session=soon", "must be a number"),
        ("min_hours_since_session=-1", "from 0 to 10000"),
    ],
)
def test_impossible_assignments_are_named(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CohortFilter.from_assignments([text])


def test_other_values_of_one_key_leave_the_rest() -> None:
    cohort = CohortFilter("madrs", route=("iv", "im"), sex=("female",), min_hours_since_session=2.0)
    narrowed = CohortFilter("madrs", route=("im",), sex=("female",), min_hours_since_session=2.0)
    assert cohort.with_values("route", ("im",)) == narrowed
    assert cohort.with_values("route", ()) == CohortFilter("madrs", sex=("female",), min_hours_since_session=2.0)
    assert (cohort["route"], cohort["drug"]) == (("im", "iv"), ())
    with pytest.raises(ValueError, match="no filter 'colour'"):
        cohort["colour"]


def test_a_link_with_too_many_values_gives_a_filter() -> None:
    assert len(CohortFilter.from_query("clinic=" + ",".join(map(str, range(300))))["clinic"]) == 200


@pytest.mark.parametrize(
    "key, of, values",
    [("by", "patient", None), ("instrument", "patient", None), ("a-b", "course", None), ("when", "session", None)],
)
def test_a_filter_that_could_not_work_is_refused(
    key: str, of: Literal["patient", "course", "session"], values: tuple[str, ...] | None
) -> None:
    with pytest.raises(ValueError, match=key):
        Filter(key, "Label", of, "route", values)
