"""Cards that follow a page's first answer, each with an answer, a waiting state and an error of its own.

A page first answers what is quickly counted. That answer brings a *cue*, a hidden mark that names the
cohort. When the first chart stands, the browser passes the cue on; the other cards' callbacks wait for
that, so that they never hold the first chart up, and slow ones hold up nobody but themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, html
from dash.development.base_component import Component

from dashboard.answers import cache
from dashboard.pages import failure
from dashboard.pages.card import place, skeleton
from data_models.definitions.filters import CohortFilter


@dataclass(frozen=True, slots=True)
class DeferredCards:
    """Cards that one answer makes.

    Attributes
    ----------
    name : id of their place, and of the first card.
    questions : the cards' questions, shown while they wait.
    height : pixels of the first card's figure, kept free while it waits.
    make : the cards of a cohort that has courses.
    doing : what takes long, said on the first card while it waits.
    """

    name: str
    questions: Sequence[str]
    height: int
    make: Callable[[CohortFilter], list[Component]]
    wide: bool = False
    doing: str = ""

    @property
    def place_id(self) -> str:
        return f"{self.name}-place"

    def place(self) -> Component:
        """The cards' place, waiting."""
        bones = [
            skeleton(f"{self.name}-{number}", question, self.height, wide=self.wide, doing="" if number else self.doing)
            for number, question in enumerate(self.questions)
        ]
        return place(self.place_id, *bones)


def cue(cue_id: str, cohort: CohortFilter | None = None) -> Component:
    """The mark that lets the other cards begin; without a cohort they show nothing."""
    about = "" if cohort is None else cohort.to_query()
    return html.Div(id=cue_id, className="cue", **{"data-cohort": about})


def go_of(cue_id: str) -> str:
    """Id of the mark that takes a cue over once the first chart stands."""
    return f"{cue_id}-go"


def go(cue_id: str) -> Component:
    """That mark. It stands in the page's layout: one that came with an answer would start the cards at once."""
    return html.Div(id=go_of(cue_id), className="cue")


def same(about: str | None, cohort: CohortFilter) -> bool:
    """Whether what a cue names is this cohort: then what stands need not be drawn anew."""
    return about == cohort.to_query()


def register(app: Dash, cue_id: str, cards: Sequence[DeferredCards]) -> None:
    """One callback a card: they start when an answer has brought the cue and its chart stands."""
    app.clientside_callback(
        ClientsideFunction("frame", "drawn"),
        Output(go_of(cue_id), "data-cohort"),
        Input(cue_id, "data-cohort"),
        prevent_initial_call=True,
    )
    for one in cards:
        _register(app, cue_id, one)


def _register(app: Dash, cue_id: str, one: DeferredCards) -> None:
    @cache.callback(
        app,
        Output(one.place_id, "children"),
        Input(go_of(cue_id), "data-cohort"),
        prevent_initial_call=True,
        on_error=failure.instead_of(one.questions[0], wide=one.wide),
    )
    def show(about: str | None) -> Any:
        return one.make(CohortFilter.from_query(about)) if about else None
