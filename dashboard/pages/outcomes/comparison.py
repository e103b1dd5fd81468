"""A comparison: the groups of a cohort split by one filter, how they are named, drawn and described."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from dash.development.base_component import Component

from dashboard.answers import data
from dashboard.pages.card import show
from dashboard.questions.curves import median
from dashboard.questions.view import MOST_GROUPS, Answer, Column, Definition, Group, Table, View, group_of
from dashboard.words import numbers
from data_models.definitions.filters import FILTERS, CohortFilter
from data_models.definitions.rules import OutcomeRules

Parts = Mapping[str, data.Figures]
QUESTIONS = {  # heading of each card, before ", by route?"
    "rates": "Who responds",
    "onset": "How quickly",
    "durability": "How long",
    "states": "How many days in response",
    "fade": "How does it fade",
    "occupancy": "Who is in response",
    "waterfall": "Who improved",
    "effects": "At what cost",
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """The groups of one comparison and how they are named, coloured and described."""

    answers: Parts
    by: str
    rules: OutcomeRules
    kept: tuple[str, ...]
    cohort: CohortFilter

    @classmethod
    def of(cls, cohort: CohortFilter, by: str) -> Comparison:
        """The comparison of a cohort; drawn are the largest groups that have a course, in order of size."""
        answers = data.split(cohort, by)
        courses = {key: answer.funnel.courses or 0 for key, answer in answers.items()}
        kept = [key for key in sorted(courses, key=lambda key: -courses[key]) if courses[key]]
        return cls(answers, by, data.rules(), tuple(kept[:MOST_GROUPS]), cohort)

    def figures(self, key: str) -> data.Figures:
        """The summary of one group."""
        return self.answers[key]

    @property
    def name(self) -> str:
        """What the cohort is split by."""
        return FILTERS[self.by].label

    def called(self, key: str) -> str:
        return FILTERS[self.by].words(key)

    @property
    def caution(self) -> str:
        found = sum(1 for answer in self.answers.values() if answer.funnel.courses)
        more = f" The {MOST_GROUPS} largest of {found} groups are drawn." if found > MOST_GROUPS else ""
        return "Groups differ in more than this: a difference is not an effect." + more

    def each(self, answer: Callable[[data.Figures], Answer]) -> dict[str, Answer]:
        """One answer of every group that is drawn."""
        return {key: answer(self.figures(key)) for key in self.kept}

    def question(self, part: str) -> str:
        """The heading of a card."""
        return f"{QUESTIONS[part]}, by {self.name.lower()}?"

    def drawn(self, answers: Mapping[str, Answer]) -> list[Group[Answer]]:
        """The groups that are drawn, each with its answer; one without an answer is left out."""
        return [group_of(self.by, key, place, answers[key]) for place, key in enumerate(self.kept) if key in answers]

    def show(self, view: View) -> Component:
        """One card of the comparison, under the heading of its question."""
        part = view.name.removeprefix("compare-")
        asked = replace(view, question=self.question(part), definition=view.definition or self.definition)
        return show(replace(asked, table=view.table or self.rates()), self.rules)

    @property
    def definition(self) -> Definition:
        """What every card of the comparison rests on."""
        counted = (f"{self.called(key)} {numbers.whole(self.figures(key).funnel.courses)}" for key in self.kept)
        return Definition(
            f"Each group by itself, as the card of the whole above. {self.caution}",
            ("response_improvement", "loss_rule"),
            n=numbers.listing(counted) + " courses.",
            source="as of the card above",
        )

    def rates(self) -> Table:
        """Rates and medians, one row a group, drawn or not."""
        ordered = sorted(self.answers.items(), key=lambda item: -(item[1].funnel.courses or 0))
        shown = [_row(self.called(key), answer) for key, answer in ordered if answer.funnel.courses]
        return _table(shown, self.name)


def _row(name: str, figures: data.Figures) -> dict[str, Any]:
    response = figures.rates.response.end_of_induction
    return {
        "group": name,
        "courses": figures.funnel.courses,
        "evaluable": figures.funnel.every.evaluable,
        "response": response.share,
        "low": response.low,
        "high": response.high,
        "measured": response.n,
        "onset": median(figures.onset.curve)[0],
        "durability": median(figures.durability.lost)[0],
    }


def _table(rows: list[dict[str, Any]], name: str) -> Table:
    return Table(
        (
            Column("group", name, "text"),
            Column("courses", "Courses", "count"),
            Column("evaluable", "Evaluable", "count"),
            Column("measured", "Scored at end of induction", "count"),
            Column("response", "Response then", "share"),
            Column("low", "95% low", "share"),
            Column("high", "95% high", "share"),
            Column("onset", "Median days to response"),
            Column("durability", "Median days in response"),
        ),
        rows,
    )
