"""The cohort pages as those see them who see no patient: tables with small counts hidden, in place of the cards.

The cards rest on numbers as they are (one bar a course, at-risk rows, steps of curves); what an
administrator sees is what an export would hold.
"""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.exports.release import LEAST
from dashboard.exports.summary import document
from dashboard.pages import filters
from dashboard.pages.card import message
from dashboard.pages.exports import page as exports
from dashboard.words import sentences as words

NOTE = (
    f"Your account sees cohorts and no patient: counts from 1 to {LEAST - 1}, and all that gives one away, are hidden. "
    "Charts are for clinicians; Exports has these tables as files."
)


def figures(search: str | None, about: str) -> Component:
    """The figures of the cohort that the URL names; `about`: which of the exports' catalogue."""
    release = exports.release_of(search, about)
    if not release.whole["cohort"]["courses"]:
        return message(words.nothing_matches(filters.described(release.cohort)), title="Nothing to show")
    shown = [html.P(NOTE, className="card-note"), exports.previewed(document(release, about))]
    return html.Div(shown, className="released")
