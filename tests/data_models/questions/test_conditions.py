"""What a cohort's filters become in SQL."""

from __future__ import annotations

import pytest

from data_models.database.tables import EffectFact, ScoreFact, SessionFact
from data_models.definitions.filters import FILTERS, Filter
from data_models.questions.conditions import column_of


@pytest.mark.parametrize("row", FILTERS.values(), ids=lambda row: row.key)
def test_every_filter_finds_its_column_wherever_it_is_asked(row: Filter) -> None:
    """A filter of sessions narrows side effects, vital signs and the fade: each is of facts of its own."""
    for facts in (EffectFact, ScoreFact, SessionFact) if row.of == "session" else (None,):
        assert column_of(row, facts) is not None
