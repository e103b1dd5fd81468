"""Which view of which patient a URL asks for.

The code is read from the path itself: Dash lets a query string override a path variable of the same
name, so nothing in the query may say whose records are shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

from dashboard import ids
from dashboard.figures.trajectory import SPANS
from dashboard.questions.similar_courses import ALIGNMENTS
from data_models.questions.patient import PatientHistory

_CODE = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)
_OWN = ("instrument", "with", "course", "span", "align")


def code_of(pathname: str | None) -> str | None:
    """The patient code of a path /patient/CODE; None where the path holds none that could be one."""
    path = pathname or ""
    if not path.startswith(ids.PATIENT):
        return None
    code = unquote(path[len(ids.PATIENT) :]).rstrip("/")
    return code if _CODE.fullmatch(code) else None


@dataclass(frozen=True, slots=True)
class PatientView:
    """What is shown: scales (the first is the one that words and context speak of), courses, part, alignment.

    `rest` holds the other parts of the query (the list that the patient was opened from), unchanged.
    """

    instruments: tuple[str, ...]
    courses: tuple[int, ...]
    span: str = "all"
    align: str = "course"
    rest: tuple[tuple[str, str], ...] = ()
    all_courses: bool = False

    @classmethod
    def of(cls, found: PatientHistory, query: str | None) -> PatientView:
        """What a URL's query asks for of a patient: page, cards and report all show this."""
        return cls.from_query(query, found.instruments, found.courses)

    @classmethod
    def from_query(cls, query: str | None, instruments: Sequence[str], courses: Sequence[int]) -> PatientView:
        """The view asked for, among the scales and courses that the patient has."""
        pairs = parse_qsl((query or "").lstrip("?"))
        asked = dict(pairs)
        first = asked.get("instrument", "")
        main = first if first in instruments else next(iter(instruments), "phq9")
        more = [code for code in asked.get("with", "").split(",") if code in instruments and code != main]
        every = asked.get("course") == "all" and len(courses) > 1
        one = asked.get("course", "")
        chosen = int(one) if one.isascii() and one.isdigit() and int(one) in courses else max(courses, default=1)
        return cls(
            instruments=(main, *dict.fromkeys(more)),
            courses=tuple(courses) if every else (chosen,),
            span=asked.get("span", "") if asked.get("span") in SPANS else "all",
            align=asked.get("align", "") if asked.get("align") in ALIGNMENTS else "course",
            rest=tuple((key, value) for key, value in pairs if key not in _OWN),
            all_courses=every,
        )

    @property
    def instrument(self) -> str:
        """The scale that words, table and context speak of."""
        return self.instruments[0]

    @property
    def course(self) -> int:
        """The latest of the courses shown."""
        return self.courses[-1]

    def to_query(self) -> str:
        """The query string that gives this view again, "?" first."""
        pairs = [("instrument", self.instrument)]
        if len(self.instruments) > 1:
            pairs.append(("with", ",".join(self.instruments[1:])))
        pairs.append(("course", "all" if self.all_courses else str(self.course)))
        if self.span != "all":
            pairs.append(("span", self.span))
        if self.align != "course":
            pairs.append(("align", self.align))
        return "?" + urlencode([*pairs, *self.rest], safe=",")

    def changed(self, **changes: Any) -> str:
        """Query string of this view with something changed."""
        return replace(self, **changes).to_query()

    def with_instrument(self, code: str) -> str:
        """Query string of this view with one more scale shown, or one fewer where it is shown."""
        shown = code in self.instruments
        others = [one for one in self.instruments if one != code] if shown else [*self.instruments, code]
        return self.changed(instruments=tuple(others))
