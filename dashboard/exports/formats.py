"""A document, or a release, as the bytes of a file, in each format."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

from dashboard.exports.document import Document
from dashboard.exports.release import Release
from dashboard.exports.rounding import ROUNDED_NOTE
from dashboard.words.numbers import SHORTLY_HIDDEN
from data_models.definitions.filters import FILTERS
from data_models.questions.curve_differences import curve_differences

FORMATS = ("json", "csv", "xlsx", "html", "pdf")
_COUNTS = frozenset(
    {"patients", "courses", "with_baseline", "with_entry_severity", "evaluable", "end_of_induction_scored", "going_on"}
    | {"going_on_unknown", "events", "n", "scores"}
    | {"patients_asked", "sessions_asked", "at_risk"}
)


def write(document: Document, form: str) -> bytes:
    """A document in one format."""
    return _WRITERS[form](document)


def _csv(document: Document) -> bytes:
    from dashboard.exports.csv_tables import csv_bytes

    return csv_bytes(document)


def _xlsx(document: Document) -> bytes:
    from dashboard.exports.workbook import workbook_bytes

    return workbook_bytes(document)


def _html(document: Document) -> bytes:
    from dashboard.exports.html_page import html_page

    return html_page(document).encode()


def _pdf(document: Document) -> bytes:
    from dashboard.exports.pdf_file import pdf_bytes

    return pdf_bytes(document)


_WRITERS: dict[str, Callable[[Document], bytes]] = {"csv": _csv, "xlsx": _xlsx, "html": _html, "pdf": _pdf}


def json_bytes(release: Release) -> bytes:
    """The data contract's JSON; with groups: {"by", "groups", "compared"}; of rounded counts it says so ("counts")."""
    parts = {group: part.summary.as_json() for group, part in release.parts.items()}
    result: Any = parts[None]
    if release.by is not None:
        groups = {group: summary for group, summary in parts.items() if group is not None}
        result = {"by": release.by, "groups": groups}
        if release.compared is not None:
            result["compared"] = release.compared.as_json()
        if not FILTERS[release.by].shares_courses:
            summaries = {group: part.summary for group, part in release.parts.items() if group is not None}
            result["compared"] = result.get("compared", {}) | curve_differences(summaries)
    if not release.exact:
        result = {"counts": ROUNDED_NOTE, **_marked(result)}
    return (json.dumps(_plain(result), indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _marked(value: Any) -> Any:
    """Hidden counts as their mark: null would say that there is no such number."""
    if isinstance(value, dict):
        return {k: SHORTLY_HIDDEN if item is None and k in _COUNTS else _marked(item) for k, item in value.items()}
    return [_marked(item) for item in value] if isinstance(value, list | tuple) else value


def _plain(value: Any) -> Any:
    """JSON's own types: numpy's scalars as Python's, not-a-number and infinity as null."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
