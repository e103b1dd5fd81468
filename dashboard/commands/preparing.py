"""`prepare` and `deidentify`: a clinic's own export becomes session records, at the clinic alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dashboard.commands.terminal import CommandError, complain, say, whole_file
from dashboard.words.numbers import count

if TYPE_CHECKING:
    from data_models.intake.prepare.folder import Prepared
    from data_models.intake.prepare.moments import Moment
    from data_models.intake.prepare.source import Choices

_SHOWN_ROWS = 5

Raw = Annotated[
    Path,
    typer.Argument(metavar="SOURCE", help="A clinic's export: its own sheets, FHIR, REDCap, SDTM; a file or a folder."),
]
Crosswalk = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Which record number has which code; stays at the clinic.")
]
Folder = Annotated[Path | None, typer.Option("--output", "-o", metavar="FOLDER", help="New or empty folder.")]
Map = Annotated[Path | None, typer.Option("--map", metavar="MAP.toml", help="What the export's columns mean.")]
Zone = Annotated[
    str, typer.Option(metavar="ZONE", help="The clinic's time zone, as Europe/Berlin.", show_default=False)
]
Dates = Annotated[
    str, typer.Option(metavar="ORDER", help="dmy or mdy, where dates can be read both ways.", show_default=False)
]
AsOf = Annotated[
    str,
    typer.Option(
        metavar="DATE",
        help="Until when the records were looked through, as 2026-01-31.",
        show_default="the latest entry of the export",
    ),
]
SameAs = Annotated[
    tuple[str, str] | None,
    typer.Option(
        "--same-as",
        metavar="OLD NEW",
        help="A known person's new record number; several stand in the map, as [same_as].",
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="Refuse the export where anything would be left out.")]


def prepare(
    source: Raw,
    crosswalk: Crosswalk = None,
    output: Folder = None,
    map: Map = None,
    suggest: Annotated[
        bool, typer.Option("--suggest", help="Propose a map of the export for you to correct; -o names its file.")
    ] = False,
    zone: Zone = "",
    dates: Dates = "",
    as_of: AsOf = "",
    same_as: SameAs = None,
    strict: Strict = False,
) -> None:
    """Make session records of a clinic's own export: codes for record numbers, hours for dates. At the clinic alone.

    What is left out is counted by reason and named by row. Until when each patient was observed is told in whole weeks
    since the first session, up to --as-of.
    """
    key, choices = _choices(map, zone, dates, same_as)
    if suggest:
        _suggest(source, output, key, choices)
        return
    if crosswalk is None or output is None:
        raise CommandError("prepare needs --crosswalk FILE and -o FOLDER (or --suggest for a map)")
    _require_places(crosswalk, output)
    from data_models.intake.prepare.folder import prepare_folder

    prepared = prepare_folder(
        source, crosswalk.absolute(), output.absolute(), choices,
        key=key, as_of=_as_of(as_of), strict=strict,
    )  # fmt: skip
    _report(prepared, crosswalk, output, told_until=bool(as_of))


def deidentify(
    source: Raw,
    crosswalk: Annotated[Path, typer.Option(metavar="FILE", help="Which record number has which code; stays here.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="New or empty folder.")],
    zone: Zone = "",
    dates: Dates = "",
    as_of: AsOf = "",
    same_as: SameAs = None,
    strict: Strict = False,
) -> None:
    """Prepare an export that has the columns of session records with `record_number` and `time`; needs no map."""
    prepare(source, crosswalk, output, None, False, zone, dates, as_of, same_as, strict)


@contextmanager
def hinting(path: Path) -> Iterator[None]:
    """While session records are read: where they are an export that `prepare` knows, say so before the refusal."""
    from data_models.intake.contract import CannotRead, RecordsRefused

    try:
        yield
    except (CannotRead, RecordsRefused):
        from data_models.intake.prepare.sources import hint

        if said := hint(path):
            complain(said)
        raise


def _choices(map_file: Path | None, zone: str, dates: str, same_as: tuple[str, str] | None) -> tuple[str, Choices]:
    """The format that a map names, and what the map and the command line say; the command line's word holds."""
    from data_models.intake.prepare.map_file import order_of, read_map, zone_of
    from data_models.intake.prepare.source import Choices

    key, choices = read_map(map_file) if map_file else ("", Choices())
    said_zone, said_dates = zone_of(zone, "--zone"), order_of(dates, "--dates")
    joined = {same_as[1].strip(): same_as[0].strip()} if same_as else {}
    return key, replace(
        choices,
        zone=said_zone or choices.zone,
        dates=said_dates or choices.dates,
        same_as={**choices.same_as, **joined},
    )


def _suggest(source: Path, output: Path | None, key: str, choices: Choices) -> None:
    from data_models.intake.prepare.folder import source_of

    suggestion = source_of(source, key, to_suggest=True).suggest(source, choices)
    if output is None:
        say(suggestion.toml.rstrip("\n"))
        return
    if output.exists():
        raise CommandError(f"{output}: is there already; name a new file")
    with whole_file(output) as stream:
        stream.write(suggestion.toml.encode())
    say(f"Wrote a map of {count(len(suggestion.columns), 'column')} to {output}: look at each line, correct it.")
    for question in suggestion.questions:
        say(f"Only you can know: {question}")
    say(f"Then: prepare {source} --map {output} --crosswalk who-is-who.csv -o records")


def _require_places(crosswalk: Path, output: Path) -> None:
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise CommandError(f"{output}: is not an empty folder; name a new one")
    for place in (crosswalk, output):
        if not place.absolute().parent.is_dir():
            raise CommandError(f"{place.absolute().parent}: there is no such folder; make it first")
    if output.absolute() in crosswalk.absolute().parents:
        raise CommandError(f"{crosswalk}: must not lie with the records that it would identify; name another place")


def _as_of(text: str) -> Moment | None:
    from data_models.intake.prepare.moments import moment_of

    until = moment_of(text.strip())
    if text and until is None:
        raise CommandError("--as-of: is no date that can be read; write it as 2026-01-31")
    return until


def _report(prepared: Prepared, crosswalk: Path, output: Path, *, told_until: bool) -> None:
    made, batch = prepared.made, prepared.batch
    say(
        f"Wrote {count(len(batch.patients), 'patient')}, {count(len(batch.sessions), 'session')}, "
        f"{count(len(batch.assessments), 'assessment')}, {count(len(batch.side_effects), 'side effect')} to {output}."
    )
    if made.until and not told_until:
        say("Observed until the latest entry of the export, told in whole weeks; give another day with --as-of.")
        if made.until.day > date.today():
            say("Note: that entry lies after today; correct its date, or give --as-of.")
    for note in (*made.notes, *batch.warnings):
        say(f"Note: {note}")
    for reason, number, origins in made.left_out:
        rows = ", ".join(map(str, origins[:_SHOWN_ROWS]))
        more = f" and {number - len(origins[:_SHOWN_ROWS]):,} more" if origins and number > _SHOWN_ROWS else ""
        say(f"Left out: {reason}: {number:,}{f' ({rows}{more})' if rows else ''}.")
    for file, columns in made.columns_left_out.items():
        say(f"Left out of {file}: {', '.join(columns)}.")
    say(f"{crosswalk} tells who is who: keep it here, apart from the records, on an encrypted disk.")
