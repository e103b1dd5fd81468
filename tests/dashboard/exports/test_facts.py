"""What a file says of itself: its filters, what it rests on, and how its counts are rounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from dashboard.exports.document import Document
from dashboard.exports.html_page import html_page
from dashboard.exports.release import gather
from dashboard.exports.summary import CATALOGUE, document
from dashboard.pages.exports.page import _asked, about_of
from data_models.definitions.filters import CohortFilter
from data_models.definitions.scope import Scope
from data_models.store import Store

IV = CohortFilter(route=("iv",))
Make = Callable[..., Document]


@pytest.fixture(scope="module")
def make(sample_database: str) -> Iterator[Make]:
    """A file of the sample: make(about, cohort)."""
    store = Store.open(sample_database)

    def made(about: str, cohort: CohortFilter, *, exact: bool = False) -> Document:
        with store.connect() as connection:
            found = gather(connection, Scope.everything(), cohort, store.rules(), exact=exact, with_records=True)
        return document(found, about)

    yield made
    store.close()


@pytest.mark.parametrize("about", CATALOGUE)
def test_a_file_says_once_that_its_counts_are_rounded(make: Make, about: str) -> None:
    text = html_page(make(about, IV))
    assert text.count("Counts are rounded to 5; fewer than 11 are not shown") == 1
    assert "ounts are rounded" not in html_page(make(about, IV, exact=True))


@pytest.mark.parametrize("about", CATALOGUE)
def test_every_count_of_a_file_is_rounded(make: Make, about: str) -> None:
    file = make(about, IV)
    counts = [
        row.get(column.key) for table in file.tables for column in table.columns for row in table.rows
        if column.kind == "count" and column.key != "day"
    ]  # fmt: skip
    assert counts
    assert all(n is None or n == "<11" or n % 5 == 0 for n in counts)


def test_the_completeness_of_all_records_names_no_filter_scale_or_cohort(make: Make) -> None:
    file = make("completeness", IV)
    names = [name for name, _ in file.facts]
    assert not any(name.startswith(("Filter", "Grouped", "Rests")) for name in names)
    assert "PHQ-9" not in file.subtitle
    assert [table.name for table in file.definitions] == ["definitions"]
    assert "Filter: route" in dict(make("outcomes", IV).facts)


def test_the_address_says_which_figures_and_of_whom() -> None:
    assert about_of(None) == about_of("?figures=no-such") == "outcomes"
    assert about_of("?route=iv&figures=side_effects") == "side_effects"
    assert _asked("?route=iv&by=clinic", "outcomes") == (IV, "clinic")
    assert _asked("?route=iv&by=clinic", "completeness") == (CohortFilter(), None), (
        "of all records, whatever the filters"
    )
