"""Who improved? The card, and what the comparison's small charts count alike."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from dash.development.base_component import Component

from dashboard.answers.data import Figures
from dashboard.figures import waterfall
from dashboard.pages.card import card
from dashboard.pages.legend import AREA, key
from dashboard.pages.outcomes.cards import note
from dashboard.questions.view import Definition, Table
from dashboard.words import sentences as words
from data_models.definitions.filters import CohortFilter
from data_models.definitions.instruments import INSTRUMENTS, Instrument
from data_models.definitions.rules import ROUNDING, OutcomeRules
from data_models.questions.waterfall import Waterfall

COLUMNS = (
    ("by", "Counted by"),
    ("state", "At the last score"),
    ("change", "Change in score"),
    ("courses", "Courses"),
)


@dataclass(frozen=True, slots=True)
class Changes:
    """Last score minus baseline of each measured course, its group, and what is counted of them.

    Attributes
    ----------
    least : the scale's smallest meaningful change in points; None where it has none, or one that is a share.
    said : that change in words, also where it is a share of baseline; empty where the scale has none.
    improved, worse : courses that changed by it or more; without one, courses with any change for the better, and None.
    """

    changes: list[float]
    kinds: list[int]
    unmeasured: int
    least: float | None
    said: str
    improved: int
    worse: int | None

    @property
    def what(self) -> str:
        """What `improved` counts."""
        return f"improved by the smallest meaningful change ({self.said}) or more" if self.said else "improved"

    @property
    def sentence(self) -> str:
        return words.waterfall(len(self.changes), self.what, self.improved, self.worse, self.unmeasured)

    def rows(self) -> list[dict[str, Any]]:
        """The numbers of sentence, colours and bars, as rows of `COLUMNS`."""
        groups = [(name, self.kinds.count(place)) for place, (name, _) in enumerate(waterfall.KINDS)]
        counted = [{"by": "group", "state": name, "courses": courses} for name, courses in groups]
        counted.append({"by": "group", "state": "Not measured", "courses": self.unmeasured})
        counted.append({"by": "improvement", "state": self.what.capitalize(), "courses": self.improved})
        if self.worse is not None:
            counted.append({"by": "improvement", "state": "Worse by as much", "courses": self.worse})
        bars = Counter(zip((round(change, 6) for change in self.changes), self.kinds, strict=True))
        return counted + [
            {"by": "change", "state": waterfall.KINDS[kind][0], "change": change, "courses": courses}
            for (change, kind), courses in sorted(bars.items(), reverse=True)
        ]


def measured_changes(found: Waterfall, courses: int, instrument: str, rules: OutcomeRules) -> Changes:
    """The bars of the waterfall and what is counted of them."""
    scale = INSTRUMENTS[instrument]
    measured = (found.evaluable == 1) & ~np.isnan(found.last_change)
    changes = found.last_change[measured].tolist()
    shares = [None if share != share else share for share in found.improvement[measured].tolist()]
    worse = [flag == 1 for flag in found.last_worse[measured].tolist()]
    kinds = [
        waterfall.kind(is_worse, share, rules.response_improvement, rules.partial_improvement)
        for is_worse, share in zip(worse, shares, strict=True)
    ]
    return Changes(
        changes,
        kinds,
        max(courses - len(changes), 0),
        None if scale.meaningful_is_share else scale.meaningful_change,
        words.least_change(scale),
        sum(_improved(scale, change, share) for change, share in zip(changes, shares, strict=True)),
        None if scale.meaningful_change is None else sum(worse),
    )


def _improved(scale: Instrument, change: float, share: float | None) -> bool:
    if scale.meaningful_change is None:
        return change < 0
    if scale.meaningful_is_share:
        return share is not None and share >= scale.meaningful_change - ROUNDING
    return change <= -scale.meaningful_change


def waterfall_card(answer: Figures, cohort: CohortFilter, rules: OutcomeRules) -> Component:
    """Bars from the most worsened to the most improved course, the unmeasured beside them."""
    scale = INSTRUMENTS[cohort.instrument]
    found = measured_changes(answer.waterfall, answer.funnel.courses, cohort.instrument, rules)
    n = len(found.changes)
    return card(
        "waterfall",
        "Who improved?",
        found.sentence,
        waterfall.waterfall(found.changes, found.kinds, found.unmeasured, found.least),
        marks=key([(name, token, AREA) for name, token in waterfall.KINDS]),
        body=note(*notes(scale, cohort)),
        table=Table(COLUMNS, found.rows()),
        definition=Definition(
            f"Last {scale.name} score of the course minus its baseline, "
            + (
                "one bar a course."
                if n <= waterfall.MOST_BARS
                else f"one bar a course: {waterfall.MOST_BARS:,} of {n:,}, evenly by rank, first and last among them; "
                "sentence and table count all."
            )
            + (f" Dotted: the smallest meaningful change, {found.said}." if found.least else ""),
            ("response_improvement", "partial_improvement", "baseline_window_days"),
            n=words.sentence(f"{words.count(n, 'evaluable course')} of {answer.funnel.courses:,} treated"),
            source=scale.source,
        ),
        rules=rules,
    )


def notes(scale: Instrument, cohort: CohortFilter) -> list[str]:
    """What the bars do not show: a meaningful change that no line can mark, last scores that are left out."""
    said = []
    if scale.meaningful_is_share:
        said.append(
            f"The smallest meaningful change is {words.least_change(scale)}, in points another for each course, "
            "so no line marks it."
        )
    if cohort.min_hours_since_session is not None:
        said.append(
            f"Not measured here: also courses whose last score is less than {cohort.min_hours_since_session:g} hours "
            "after a session."
        )
    return said
