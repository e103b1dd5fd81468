"""The filter bar's words: an address that asks for what there is not is told so."""

from __future__ import annotations

from dashboard.pages.filters import not_understood


def test_an_address_that_names_no_value_of_a_filter_is_refused_in_words() -> None:
    (said,) = not_understood("?route=banana&instrument=phq9")
    assert said.children == "The address asks for a route that there is not; that part of it is left out."
    (said,) = not_understood("?route=iv,banana&min_hours_since_session=soon")
    assert "a route and scores since a session that" in said.children
    assert not_understood("?route=iv&sort=last&utm_source=mail") == []
