"""What a file says of itself: its filters, what it rests on, and what is hidden in it, each of this very file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from dashboard.exports.document import Document
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

    def made(about: str, cohort: CohortFilter, least: int = 11) -> Document:
        with store.connect() as connection:
            found = gather(connection, Scope.everything(), cohort, store.rules(), least=least, with_records=True)
        return document(found, about)

    yield made
    store.close()


@pytest.mark.parametrize("about", [about for about in CATALOGUE if about != "all"])
def test_the_hidden_cells_that_a_file_counts_are_those_of_its_tables(make: Make, about: str) -> None:
    file = make(about, IV)
    said = dict(file.facts)["Small counts"]
    cells = [mark for table in file.tables if not table.name.endswith("_curve") for mark in table.marks()]
    small, hidden = cells.count("<11"), cells.count("hidden")
    assert len(cells) == small + hidden
    counted = re.search(r"cells of the tables that read <11: ([\d,]+); that read hidden: ([\d,]+)", said)
    if cells:
        assert counted is not None
        assert [int(number.replace(",", "")) for number in counted.groups()] == [small, hidden]
    else:
        assert "no cell of the tables had to be" in said
    at_steps = sum(len(table.marks()) for table in file.tables if table.name.endswith("_curve"))
    assert (f"for the reason given there: {at_steps:,}" in said) == (at_steps > 0)


def test_a_curve_without_counts_says_why(make: Make) -> None:
    curves = [table for table in make("onset_durability", CohortFilter()).tables if table.name.endswith("_curve")]
    hidden = [table for table in curves if table.marks()]
    assert hidden
    assert all("how many were censored within it" in table.note for table in hidden)
    shown = [table for table in make("onset_durability", CohortFilter(), least=0).tables if table.why_hidden]
    assert not shown


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
