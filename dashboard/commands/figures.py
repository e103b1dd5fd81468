"""What the commands `summary` and `report` write: bytes of a file, in each format."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from dashboard.commands.scratch_copy import copy_of
from dashboard.commands.terminal import CommandError
from dashboard.commands.user import note
from dashboard.exports.formats import FORMATS, json_bytes, write
from dashboard.exports.release import ACTION, Progress, digest_of, gather
from dashboard.exports.rounding import LEAST
from data_models.definitions.filters import FILTERS, CohortFilter
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.scope import Scope
from data_models.store import Store

REPORT_FORMATS = ("pdf", "html")


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
        content = json_bytes(release)
    else:
        from dashboard.exports.summary import document

        content = write(document(release), form)
    note(store, ACTION, f"summary.{form}", **release.trail_details(content))
    return content


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
