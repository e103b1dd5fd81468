"""The summary's sentences: which groups a chart does not draw, and medians told from few at risk."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dashboard.exports.release import gather
from dashboard.exports.summary import document
from dashboard.questions import durability
from dashboard.words.numbers import listing
from data_models.definitions.filters import CohortFilter
from data_models.definitions.scope import Scope
from data_models.definitions.vocabulary import label
from data_models.store import Store


@pytest.fixture(scope="module")
def store(sample_database: str) -> Iterator[Store]:
    opened = Store.open(sample_database)
    yield opened
    opened.close()


KINDS = ("response", "remission", "worse")


def test_groups_without_a_mark_are_named_under_the_chart_and_not_in_its_legend(store: Store) -> None:
    with store.connect() as connection:
        release = gather(connection, Scope.everything(), CohortFilter(), store.rules(), by="route")
    section = next(one for one in document(release, "outcomes").sections if one.title == "Who responds?")
    ends = {
        label(group): [getattr(part.summary.rates, kind).end_of_induction.share for kind in KINDS]
        for group, part in release.parts.items()
        if group is not None
    }
    without = [name for name, shares in ends.items() if not any(isinstance(share, float) for share in shares)]
    assert without, "the sample has a route of which every rate is of too few"
    assert section.sentence.endswith(f" Not drawn, as too few or not measured: {listing(without)}.")
    assert section.sentence.startswith(("With severity at baseline, ", "As they are: "))
    assert all((f">{name}<" in section.charts[0].svg) == (name not in without) for name in ends)


def test_how_long_effects_last_reads_in_the_file_as_on_the_page(store: Store) -> None:
    few = CohortFilter(sex=("female",))
    with store.connect() as connection:
        release = gather(connection, Scope.everything(), few, store.rules(), exact=True)
    found = release.whole.summary.durability
    section = next(one for one in document(release, "onset_durability").sections if "last" in one.title)
    assert section.sentence == f"{durability.words(found.lost)} {durability.competing_words(found)}"
    assert "of those in response on" in section.sentence.lower()
