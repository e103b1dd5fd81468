"""The summary's sentences: which groups a chart does not draw, and medians told from few at risk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from dashboard.exports.formats import json_bytes
from dashboard.exports.html_page import html_page
from dashboard.exports.release import gather
from dashboard.exports.summary import document
from dashboard.questions import durability, onset
from dashboard.questions.view import MOST_GROUPS
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


def test_groups_without_a_mark_are_named_and_not_drawn(store: Store) -> None:
    with store.connect() as connection:
        release = gather(connection, Scope.everything(), CohortFilter(), store.rules(), by="route")
    section = next(one for one in document(release, "outcomes").sections if one.title == "Who responds?")
    ends = {
        label(group): part.summary.rates.response.end_of_induction.share
        for group, part in release.parts.items()
        if group is not None
    }
    without = {name for name, share in ends.items() if share is None}
    assert without, "the sample has a route of which every rate is of too few"
    assert release.compared is not None
    named = [label(group.value) for group in release.compared.response.groups if group.crude.share is None]
    assert section.sentence.endswith(f" Not drawn, as too few or not measured: {listing(named)}.")
    assert set(named) <= without
    assert section.sentence.startswith(("With severity at baseline, ", "As they are: "))
    assert all((f">{name}<" in section.charts[0].svg) == (name not in without) for name in ends)
    # The differences of curves and days are of the answers in the file, here of rounded counts.
    found = json.loads(json_bytes(release))["compared"]
    days = {group: part.summary.states.days_in_response()[0] for group, part in release.parts.items() if group}
    assert len(found["days_in_response"]) >= 1
    for row in found["days_in_response"]:
        assert row["difference"] == pytest.approx(days[row["group"]]["mean"] - days[row["less"]]["mean"])
    shared = json.loads(json_bytes(replace(release, by="condition")))["compared"]
    assert set(shared) == {"response", "remission"}


def test_a_file_draws_the_card_s_figure_with_its_legend_and_notes(store: Store) -> None:
    with store.connect() as connection:
        whole = gather(connection, Scope.everything(), CohortFilter(), store.rules())
        groups = gather(connection, Scope.everything(), CohortFilter(), store.rules(), by="diagnosis", exact=True)
    card = onset.view(whole.whole.summary.onset, whole.whole.summary.rates.early)
    section = next(one for one in document(whole, "onset_durability").sections if one.title == onset.QUESTION)
    (chart,) = section.charts
    assert (chart.alt, chart.caption) == (card.sentence, " ".join(note for note in card.notes if note))
    assert ">At risk<" in chart.svg
    assert f'<figcaption class="note">{chart.caption[:40]}' in html_page(document(whole, "onset_durability"))
    assert len(groups.parts) - 1 > MOST_GROUPS
    (chart,) = next(
        one for one in document(groups, "side_effects").sections if one.title.startswith("How often")
    ).charts
    assert chart.caption.endswith(f"The {MOST_GROUPS} largest of {len(groups.parts) - 1} groups are drawn.")


def test_how_long_effects_last_reads_in_the_file_as_on_the_page(store: Store) -> None:
    few = CohortFilter(sex=("female",))
    with store.connect() as connection:
        release = gather(connection, Scope.everything(), few, store.rules(), exact=True)
    found = release.whole.summary.durability
    section = next(one for one in document(release, "onset_durability").sections if "last" in one.title)
    assert section.sentence == f"{durability.words(found.lost)} {durability.competing_words(found)}"
    assert "of those in response on" in section.sentence.lower()
