"""The table of rates of side effects, which several cards share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard.questions.view import Table
from data_models.definitions.vocabulary import label

SHARE_COLUMNS = (
    ("events", "With it"),
    ("n", "Of"),
    ("share", "Share"),
    ("low", "95% low"),
    ("high", "95% high"),
    ("method", "Interval"),
)


def share_table(effects: Mapping[str, Any]) -> Table:
    """Per patient and per session, one row each a term."""
    rows = [
        {"term": label(row["term"]), "per": per} | {key: row[key] for key, _ in SHARE_COLUMNS}
        for per, name in (("patients", "per_patient"), ("sessions", "per_session"))
        for row in effects[name]
    ]
    return Table((("term", "Side effect"), ("per", "Per"), *SHARE_COLUMNS), rows)
