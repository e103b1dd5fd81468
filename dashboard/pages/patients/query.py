"""Which list of patients a URL asks for, beside the cohort filter: ready list, state, search and order."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from dashboard.theme import STATES
from data_models.definitions.filters import CohortFilter
from data_models.questions.worklist import ATTENTION, SORTABLE

SEARCH_LENGTH = 32  # a patient code is no longer
FIRST = "urgency"  # the order where the URL asks for none: what needs a look first


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What the URL says about the list; unknown values are dropped, never an error."""

    attention: str | None = None
    state: str | None = None
    search: str = ""
    sort: str = FIRST
    descending: bool = False

    @classmethod
    def from_query(cls, query: str | None) -> ListQuery:
        """Read a URL's query string."""
        asked = dict(parse_qsl((query or "").lstrip("?")))
        attention, state, sort = asked.get("attention"), asked.get("state"), asked.get("sort", "")
        return cls(
            attention=attention if attention in ATTENTION else None,
            state=state if state in STATES else None,
            search=asked.get("search", "").strip()[:SEARCH_LENGTH],
            sort=sort if sort in SORTABLE else FIRST,
            # Without an order that the headings can show, there is no direction either.
            descending=sort in SORTABLE and asked.get("descending") == "1",
        )

    def arguments(self) -> dict[str, Any]:
        """Named arguments of `in_order`."""
        return dataclasses.asdict(self)

    def to_query(self, cohort: CohortFilter, **more: str) -> str:
        """The query string of this list with its cohort, "?" first."""
        pairs = [
            ("attention", self.attention or ""),
            ("state", self.state or ""),
            ("search", self.search),
            ("sort", self.sort if self.sort != FIRST or self.descending else ""),
            ("descending", "1" if self.descending else ""),
            *more.items(),
        ]
        rest = urlencode([(key, value) for key, value in pairs if value], safe=",")
        return "?" + cohort.to_query() + ("&" + rest if rest else "")
