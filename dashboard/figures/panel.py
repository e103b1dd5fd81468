"""What every strip of a patient's trajectory has: heading, height, axis, traces and marks.

A builder of a strip does not know where it will stand; `trajectory` stacks strips on one axis of days
since the course's first session.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dashboard.figures.base import Figure

# Pixels around the strips: names of bands and side effects to the left, of cut-offs to the right.
MARGIN = {"l": 88, "r": 60, "t": 24, "b": 40}


@dataclass(slots=True)
class Panel:
    """One strip of the figure. Traces, shapes and notes get their axes from the assembler.

    Shapes and notes give `y` in the panel's own units; `x` is in days unless `xref` says "domain".
    """

    heading: str
    height: int
    axis: Figure
    traces: list[Figure] = field(default_factory=list)
    shapes: list[Figure] = field(default_factory=list)
    notes: list[Figure] = field(default_factory=list)
