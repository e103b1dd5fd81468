"""The tables of a release: those that each question has of its answer, of groups under each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from dashboard.exports.document import with_marks
from dashboard.exports.release import Part, Release
from dashboard.questions.view import Table, of_groups
from data_models.definitions.filters import FILTERS

NOTHING = "Nobody to count, or too few to show."
ALL = "All"  # the whole cohort beside its groups


def of_parts(release: Release, tables_of: Callable[[Part], Sequence[Table]]) -> list[Table]:
    """The tables of the whole cohort; of a release of groups, each with the rows of every group."""
    found = []
    for same in zip(*(tables_of(part) for part in release.parts.values()), strict=True):
        table = same[0]
        if release.by is not None:
            groups = [FILTERS[release.by].words(group) for group in release.parts if group is not None]
            everybody = table if table.whole else replace(table, rows=())
            table = of_groups([(ALL, everybody), *zip(groups, same[1:], strict=True)], "Group")
        found.append(with_marks(table) if table.rows else replace(table, note=NOTHING))
    return found
