"""What holds of every view and table, whatever it answers: checked of each that any test makes."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest

from dashboard.questions.view import Definition, Kind, Table, View
from dashboard.theme import LIGHT
from data_models.definitions.rules import OutcomeRules

KEY = re.compile(r"[a-z][a-z0-9_]*[a-z0-9]|n")
RULES = set(OutcomeRules.__dataclass_fields__)
KINDS = set(get_args(Kind))


def check_table(table: Table) -> None:
    """Columns are keys of the rows, with headings for people; numbers stand in columns of numbers."""
    keys = [column.key for column in table.columns]
    assert 0 <= table.keys <= max(1, len(keys)), table.keys
    assert len(set(keys)) == len(keys), keys
    for column in table.columns:
        assert KEY.fullmatch(column.key), column
        assert column.kind in KINDS, column
        assert column.heading, column
        assert "_" not in column.heading, column
    given = {key for row in table.rows for key in row}
    if table.rows:
        assert set(keys) <= given, (set(keys) - given, table.name)
    for row in table.rows:
        for column in table.columns:
            value = row.get(column.key)
            if isinstance(value, str):
                assert column.kind in ("text", "count"), (column, value)  # a hidden count is a word


def check_view(view: View) -> None:
    """Figures are of plotly's schema, and colours are the theme's."""
    import plotly.graph_objects as go

    for figure in (view.figure, *(panel[1] for panel in view.panels)):
        if figure is not None:
            go.Figure(figure)
    for mark in view.legend:
        assert mark.token in LIGHT, mark
    assert re.fullmatch(r"[a-z0-9-]+", view.name), view.name
    assert view.question[0].isupper(), view.question


def check_definition(definition: Definition) -> None:
    """The rules it names are rules."""
    assert set(definition.rules) <= RULES, definition.rules


def every(patch: pytest.MonkeyPatch, kind: type[Any]) -> list[Any]:
    """Collects all that are made of a class while the patch lasts."""
    made: list[Any] = []
    plain = kind.__init__

    def init(self: Any, *arguments: Any, **named: Any) -> None:
        plain(self, *arguments, **named)
        made.append(self)

    patch.setattr(kind, "__init__", init)
    return made
