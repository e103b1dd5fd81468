"""What must never come in, and how it is known: the 18 identifier classes of HIPAA Safe Harbor.

Columns are known by their names, cells by patterns, check digits and lists of names, patient codes by their column too.
Screening errs towards refusing. What is answered is the class of an identifier, never its value.
"""

from __future__ import annotations

from collections.abc import Iterable

from data_models.intake.deidentification.code_column import CodeColumn
from data_models.intake.deidentification.column_names import FORBIDDEN_COLUMNS, forbidden_column
from data_models.intake.deidentification.names import holds_common_name, may_name_a_person
from data_models.intake.deidentification.patterns import FREE_TEXT, identifier_class

__all__ = [
    "FORBIDDEN_COLUMNS",
    "FREE_TEXT",
    "CodeColumn",
    "forbidden_column",
    "holds_common_name",
    "identifier_class",
    "may_name_a_person",
    "screen",
]


def screen(values: Iterable[str], kind: str = "choice") -> list[str | None]:
    """The identifier class of each of a column's different values (None: none)."""
    texts = list(values)
    if kind != "patient_code":
        return [identifier_class(text, kind) for text in texts]
    column = CodeColumn.of([texts])
    return [column.judged(text)[0] for text in texts]
