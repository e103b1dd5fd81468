"""What the commands `summary` and `report` write: bytes of a file, in each format."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Callable, Iterator
from typing import Any

from dashboard.commands.scratch_copy import copy_of
from dashboard.commands.terminal import CommandError
from dashboard.commands.user import note
from dashboard.exports.document import HIDDEN, Document
from dashboard.exports.release import ACTION, Progress, Release, digest_of, gather
from dashboard.exports.rounding import LEAST, ROUNDED_NOTE
from data_models.definitions.filters import FILTERS, CohortFilter
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.scope import Scope
from data_models.store import Store

FORMATS = ("json", "csv", "xlsx", "html", "pdf")
REPORT_FORMATS = ("pdf", "html")
_COUNTS = frozenset(
    {"patients", "courses", "with_baseline", "evaluable", "end_of_induction_scored", "events", "n", "scores"}
    | {"patients_asked", "sessions_asked"}
)


def summary(
    store: Store,
    instrument: str,
    where: tuple[str, ...],
    by: str | None,
    rules: OutcomeRules,
    form: str = "json",
    least: int | None = None,
    progress: Progress | None = None,
) -> bytes:
    """The figures of a cohort as a file.

    Parameters
    ----------
    least : 11: rounded counts, none below 11; 0: all numbers as they are; None: 0 for JSON, 11 for every other format.

    Raises
    ------
    CommandError : an option is wrong, the message names it.
    StoreError : the audit trail cannot be told of it; then nothing is written.
    """
    if instrument not in INSTRUMENTS:
        raise CommandError(f"--instrument {instrument}: there is no such scale; use one of {', '.join(INSTRUMENTS)}", 2)
    if by is not None and by not in FILTERS:
        raise CommandError(f"--by {by}: there is no such key; use one of {', '.join(FILTERS)}", 2)
    if form not in FORMATS:
        raise CommandError(f"--format {form}: there is no such format; use one of {', '.join(FORMATS)}", 2)
    if least not in (None, 0, LEAST):
        raise CommandError(f"--suppress {least}: give {LEAST} for rounded counts, or 0 for all numbers as they are", 2)
    exact = form == "json" if least is None else least == 0
    try:
        cohort = CohortFilter.from_assignments(list(where), instrument)
    except ValueError as error:
        raise CommandError(f"--where: {error}", 2) from None
    with _under(store, rules) as source, source.connect() as connection:
        release = gather(
            connection,
            Scope.everything(),
            cohort,
            rules,
            by=by,
            exact=exact,
            name=store.name(),
            synthetic=store.synthetic(),
            progress=progress,
        )
    if progress:
        progress("writing the file", 0.95)
    if form == "json":
        content = _json(release)
    else:
        from dashboard.exports.summary import document

        content = write(document(release), form)
    note(store, ACTION, f"summary.{form}", **release.trail_details(content))
    return content


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


def report(store: Store, patient_code: str, form: str) -> bytes:
    """One patient's report as PDF or HTML.

    Raises
    ------
    CommandError : there is no such patient, or no such format.
    """
    from dashboard.exports.patient_report import patient_document

    if form not in REPORT_FORMATS:
        raise CommandError("a report is a .pdf or .html file: name one with -o FILE", 2)
    rules = store.rules()
    with store.connect() as connection:
        made = patient_document(
            connection, Scope.everything(), patient_code, rules, name=store.name(), synthetic=store.synthetic()
        )
    if made is None:
        raise CommandError(f"there is no patient {patient_code} in this database; check the code")
    content = write(made, form)
    note(store, "patient_report", patient_code, file=form, content=digest_of(content))
    return content


@contextlib.contextmanager
def _under(store: Store, rules: OutcomeRules) -> Iterator[Store]:
    """The store itself when it was derived under `rules`, else a throw-away copy derived under them."""
    if rules == store.rules():
        yield store
        return
    with copy_of(store.engine.url.render_as_string(hide_password=False)) as other:
        other.derive(rules)
        yield other


def _json(release: Release) -> bytes:
    """The data contract's JSON; with groups: {"by", "groups"}; of rounded counts it says so ("counts")."""
    parts = {group: part.summary.as_json() for group, part in release.parts.items()}
    result: Any = parts[None]
    if release.by is not None:
        groups = {group: summary for group, summary in parts.items() if group is not None}
        result = {"by": release.by, "groups": groups}
    if not release.exact:
        result = {"counts": ROUNDED_NOTE, **_marked(result)}
    return (json.dumps(_plain(result), indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _marked(value: Any) -> Any:
    """Hidden counts as their mark: null would say that there is no such number."""
    if isinstance(value, dict):
        return {key: HIDDEN if item is None and key in _COUNTS else _marked(item) for key, item in value.items()}
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
