"""Who improved? One bar a course, from the most worsened to the most improved, the unmeasured beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dashboard.figures.base import Figure, axis, empty, layout, note
from dashboard.questions.view import Column, Definition, Group, Mark, Table, View, of_groups
from dashboard.theme import LIGHT, colour
from dashboard.words.numbers import FEW, SHORTLY_HIDDEN, count, percent, sentence, too_few, whole
from dashboard.words.scales import REGRESSION_TO_THE_MEAN, least_change
from data_models.definitions.filters import CohortFilter
from data_models.definitions.instruments import INSTRUMENTS, Instrument
from data_models.definitions.rules import ROUNDING, OutcomeRules
from data_models.questions.waterfall import Waterfall

QUESTION = "Who improved?"
SMALL = 210  # pixels: the height of a small multiple
COLUMNS = (
    Column("by", "Counted by", "text"),
    Column("state", "At the last score", "text"),
    Column("change", "Change in score"),
    Column("courses", "Courses", "count"),
)
MOST_BARS = 300
KINDS = (
    ("Response", "response"),
    ("Partial response", "partial"),
    ("Neither", "none"),
    ("Worse", "worse"),
)


def view(found: Waterfall, cohort: CohortFilter, rules: OutcomeRules, *, rounded: bool = False) -> View:
    """The changes of one cohort; `rounded`: of blocks of courses in place of each."""
    scale = INSTRUMENTS[cohort.instrument]
    changes = measured_changes(found, cohort.instrument, rules, rounded=rounded)
    n = len(changes.changes)
    drawn = "one bar a course."
    if rounded:
        drawn = "courses in blocks of ten or more, each at the change up to which it counts."
    elif n > MOST_BARS:
        drawn = (
            f"one bar a course: {MOST_BARS:,} of {n:,}, evenly by rank, first and last among them; "
            "sentence and table count all."
        )
    dotted = f" Dotted: the smallest meaningful change, {changes.said}." if changes.least else ""
    return View(
        "waterfall",
        QUESTION,
        too_few("measured courses") if rounded and not n else changes.sentence,
        draw(changes.changes, changes.kinds, changes.unmeasured, changes.least),
        legend=[Mark(name, token, "area") for name, token in KINDS],
        notes=notes(scale, cohort),
        table=Table(COLUMNS, changes.rows()),
        definition=Definition(
            f"Last {scale.name} score of the course minus its baseline, {drawn}{dotted}",
            ("response_improvement", "partial_improvement", "baseline_window_days"),
            n=sentence(f"{count(n, 'evaluable course')} of {found.evaluable.size:,} treated"),
            source=scale.source,
        ),
    )


def compare(
    groups: Sequence[Group[Waterfall]], by: str, cohort: CohortFilter, rules: OutcomeRules, *, rounded: bool = False
) -> View:
    """One small chart a group, on one axis of change."""
    found = [(group, measured_changes(group.answer, cohort.instrument, rules, rounded=rounded)) for group in groups]
    every = [change for _, one in found for change in one.changes]
    span = (min(every, default=0.0), max(every, default=0.0))
    panels, said = [], []
    for group, one in found:
        title = f"{group.name} (n {len(one.changes):,}, {one.unmeasured:,} not measured)"
        figure = draw(one.changes, one.kinds, one.unmeasured, one.least, SMALL, span=span, small=True)
        sentence_of = too_few("measured courses") if rounded and not one.changes else one.sentence
        panels.append((title, figure, sentence_of))
        if len(one.changes) >= FEW:
            share = f"{percent(one.improved / len(one.changes))} ({one.improved:,} of {len(one.changes):,})"
            said.append(f"{group.name} {share}")
    what = next((one.what for _, one in found), "")
    return View(
        "compare-waterfall",
        QUESTION.rstrip("?"),
        sentence(f"{what}: {', '.join(said)}") if said else f"No group has {FEW} measured courses.",
        panels=panels,
        legend=[*(Mark(name, token, "area") for name, token in KINDS), Mark("Not measured", "not_measured", "area")],
        notes=notes(INSTRUMENTS[cohort.instrument], cohort),
        table=of_groups([(group.name, Table(COLUMNS, one.rows())) for group, one in found], by),
        wide=True,
    )


@dataclass(frozen=True, slots=True)
class Changes:
    """Last score minus baseline of each measured course, its group, and what is counted of them.

    Attributes
    ----------
    least : the scale's smallest meaningful change in points; None where it has none, or one that is a share.
    said : that change in words, also where it is a share of baseline; empty where the scale has none.
    improved, worse : courses that changed by it or more; without one, courses with any change for the better, and None.
    rounded : counted in blocks of ten or more: what none is left of may be few, and is hidden.
    """

    changes: list[float]
    kinds: list[int]
    unmeasured: int
    least: float | None
    said: str
    improved: int
    worse: int | None
    rounded: bool = False

    def shown(self, n: int) -> int | None:
        """A count as it may be said; None: hidden."""
        return None if self.rounded and n == 0 else n

    @property
    def what(self) -> str:
        """What `improved` counts."""
        return f"improved by the smallest meaningful change ({self.said}) or more" if self.said else "improved"

    @property
    def sentence(self) -> str:
        """Who improved, and who got worse by as much where that is counted."""
        if not self.changes:
            return "No course here has both a baseline and a later score."
        text = f"{whole(self.shown(self.improved))} of {count(len(self.changes), 'course')} {self.what}"
        if self.worse is not None:
            text += f" and {whole(self.shown(self.worse))} got worse by as much"
        left_out = f"; {count(self.unmeasured, 'course')} could not be judged" if self.unmeasured else ""
        return sentence(text + left_out)

    def rows(self) -> list[dict[str, Any]]:
        """The numbers of sentence, colours and bars, as rows of `COLUMNS`."""
        groups = [(name, self.kinds.count(place)) for place, (name, _) in enumerate(KINDS)]
        found = [("group", name, courses) for name, courses in groups]
        found += [("group", "Not measured", self.unmeasured), ("improvement", self.what.capitalize(), self.improved)]
        if self.worse is not None:
            found.append(("improvement", "Worse by as much", self.worse))
        counted: list[dict[str, Any]] = [
            {"by": by, "state": state, "courses": SHORTLY_HIDDEN if self.shown(n) is None else n}
            for by, state, n in found
        ]
        bars = Counter(zip((round(change, 6) for change in self.changes), self.kinds, strict=True))
        return counted + [
            {"by": "change", "state": KINDS[kind][0], "change": change, "courses": courses}
            for (change, kind), courses in sorted(bars.items(), reverse=True)
        ]


def measured_changes(found: Waterfall, instrument: str, rules: OutcomeRules, *, rounded: bool = False) -> Changes:
    """The bars of the waterfall and what is counted of them."""
    scale = INSTRUMENTS[instrument]
    measured = (found.evaluable == 1) & ~np.isnan(found.last_change)
    changes = found.last_change[measured].tolist()
    shares = [None if share != share else share for share in found.improvement[measured].tolist()]
    worse = [flag == 1 for flag in found.last_worse[measured].tolist()]
    kinds = [
        kind(is_worse, share, rules.response_improvement, rules.partial_improvement)
        for is_worse, share in zip(worse, shares, strict=True)
    ]
    return Changes(
        changes,
        kinds,
        int(found.evaluable.size - len(changes)),
        None if scale.meaningful_is_share else scale.meaningful_change,
        least_change(scale),
        sum(_improved(scale, change, share) for change, share in zip(changes, shares, strict=True)),
        None if scale.meaningful_change is None else sum(worse),
        rounded,
    )


def _improved(scale: Instrument, change: float, share: float | None) -> bool:
    if scale.meaningful_change is None:
        return change < 0
    if scale.meaningful_is_share:
        return share is not None and share >= scale.meaningful_change - ROUNDING
    return change <= -scale.meaningful_change


def notes(scale: Instrument, cohort: CohortFilter) -> list[str]:
    """What the bars do not show: chance, a meaningful change that no line can mark, scores that are passed over."""
    said = [REGRESSION_TO_THE_MEAN]
    if scale.meaningful_is_share:
        said.append(
            f"The smallest meaningful change is {least_change(scale)}, in points another for each course, "
            "so no line marks it."
        )
    if cohort.min_hours_since_session is not None:
        said.append(
            f"Scores less than {cohort.min_hours_since_session:g} hours after a session are passed over for the last "
            "one that is late enough."
        )
    return said


# --- drawn ---------------------------------------------------------------------------------------


def kind(worse: bool, improvement: float | None, response: float, partial: float) -> int:
    """Position in KINDS of one course; `worse`: by the smallest meaningful change or more."""
    if worse:
        return 3
    if improvement is None:
        return 2
    if improvement >= response - ROUNDING:
        return 0
    return 1 if improvement >= partial - ROUNDING else 2


def thinned(changes: Sequence[float], kinds: Sequence[int]) -> tuple[list[float], list[int], float]:
    """At most MOST_BARS bars that keep the shape: evenly spaced ranks, both ends among them. Also the courses a bar."""
    order = sorted(range(len(changes)), key=lambda i: (-changes[i], -kinds[i]))
    if len(order) <= MOST_BARS:
        return [changes[i] for i in order], [kinds[i] for i in order], 1.0
    space = (len(order) - 1) / (MOST_BARS - 1)
    picked = [order[round(i * space)] for i in range(MOST_BARS)]
    return [changes[i] for i in picked], [kinds[i] for i in picked], len(order) / MOST_BARS


def draw(
    changes: Sequence[float],
    kinds: Sequence[int],
    unmeasured: int,
    least: float | None,
    height: int = 313,
    *,
    span: tuple[float, float] = (0, 0),
    small: bool = False,
) -> Figure:
    """Changes from baseline in points, sorted; the unmeasured as a grey block at the end.

    `span`: points that the axis must hold at least (one axis for several charts); `small` leaves labels out.
    """
    if not changes:
        return empty("No course here has both a baseline and a later score.")
    values, which, each = thinned(changes, kinds)
    data: list[dict[str, Any]] = []
    for position, (name, token) in enumerate(KINDS):
        chosen = [i for i, k in enumerate(which) if k == position]
        if chosen:
            data.append(
                {
                    "type": "bar",
                    "x": [(i + 0.5) * each for i in chosen],
                    "y": [values[i] for i in chosen],
                    "width": each,
                    "name": name,
                    "marker": {"color": LIGHT[token], "line": {"width": 0}},
                    "hovertemplate": "%{y:+.3~g} points<extra>" + name + "</extra>",
                }
            )
    n = len(changes)
    low, high = min(*values, *span, -(least or 0), 0), max(*values, *span, least or 0, 0)
    if least is not None:  # room for its label above the line
        high = max(high, least + 0.12 * (high - low))
    shapes: list[dict[str, Any]] = []
    labels: list[dict[str, Any]] = []
    if unmeasured:
        shapes.append(
            {
                "type": "rect",
                "x0": n,
                "x1": n + unmeasured,
                "y0": low,
                "y1": high,
                "layer": "below",
                "fillcolor": colour("not_measured"),
                "opacity": 0.55,
                "line": {"width": 0},
            }
        )
        if unmeasured / (n + unmeasured) > 0.08 and not small:
            labels.append(
                note(
                    f"{unmeasured:,} not<br>measured",
                    n + unmeasured / 2,
                    (low + high) / 2,
                    xanchor="center",
                    align="center",
                    font={"size": 11, "color": colour("text")},
                )
            )
    if least is not None:
        for sign in (-1, 1):
            shapes.append(
                {
                    "type": "line",
                    "xref": "paper",
                    "x0": 0,
                    "x1": 1,
                    "y0": sign * least,
                    "y1": sign * least,
                    "line": {"color": colour("axis"), "width": 1, "dash": "dot"},
                }
            )
        if not small:
            labels.append(_least_label(least, values, n, unmeasured))
    return {
        "data": data,
        "layout": layout(
            height,
            x=axis(
                "Courses, each a bar"
                if each == 1
                else f"{len(values):,} of {n:,} courses" + ", evenly by rank" * (not small),
                range=[0, n + unmeasured],
                showgrid=False,
            ),
            y=axis(
                "Change in score" if small else "Change in score (lower is better)", range=[low * 1.05, high * 1.05]
            ),
            bargap=0,
            barmode="overlay",
            shapes=shapes,
            annotations=labels,
        ),
    }


def _least_label(least: float, values: Sequence[float], n: int, unmeasured: int) -> dict[str, Any]:
    """The label of the dotted lines, where no bar stands: bars fall from the left, high ones first."""
    text = f"smallest meaningful change ({least:g})"
    rising = sum(value > 0 for value in values) / len(values) * n / (n + unmeasured)
    if rising <= 0.35:
        return note(text, 1, least, xref="paper", xanchor="right", yanchor="bottom")
    return note(text, 0.01, -least, xref="paper", yanchor="top")
