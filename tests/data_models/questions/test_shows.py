"""A question says what its answer shows, or is not asked."""

from __future__ import annotations

import pytest

from data_models.questions import Shows, shows, what_shows


def test_a_question_that_does_not_say_what_it_shows_is_refused_by_name() -> None:
    @shows(Shows.PATIENT)
    def told() -> None: ...

    def silent() -> None: ...

    assert what_shows(told) is Shows.PATIENT
    with pytest.raises(TypeError, match="silent does not say what its answer shows"):
        what_shows(silent)
