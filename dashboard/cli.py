"""The commands: records in, outcomes and figures out, the dashboard on this computer.

Each command imports what it needs when it runs, so that `--help` and mistyped options answer at once.
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dashboard.commands import terminal
from dashboard.commands.contract_files import schema, write_template
from dashboard.commands.database import database_app
from dashboard.commands.failures import explain
from dashboard.commands.preparing import deidentify, hinting, prepare
from dashboard.commands.store_option import Database, missing, open_existing, open_store
from dashboard.commands.terminal import COMMAND, CommandError, Progress, complain, say, whole_file
from dashboard.commands.user import note, user_app
from dashboard.settings import LOOPBACK, Settings, database_url
from dashboard.words.numbers import quantity

if TYPE_CHECKING:
    from data_models.definitions.rules import OutcomeRules

app = typer.Typer(
    name=COMMAND,
    help="Outcomes of ketamine treatment: import session records, look at the dashboard, take figures away.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)
app.command("prepare")(prepare)
app.command("deidentify")(deidentify)
app.command("schema")(schema)
app.add_typer(user_app, name="user")
app.add_typer(database_app, name="database")

Rules = Annotated[
    list[str] | None,
    typer.Option("--rule", metavar="NAME=VALUE", help="Change one rule of the definitions; may be repeated."),
]
# Numbers of the settings are texts here: Settings checks them wherever they come from.
Port = Annotated[str | None, typer.Option(metavar="PORT", help="Port to listen on.", show_default="8050")]
Workers = Annotated[str | None, typer.Option(metavar="N", help="Server processes.", show_default="one a core")]
Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file.")]
Records = Annotated[
    Path, typer.Argument(metavar="PATH", help="A folder of CSV or Parquet files, one such file, or an .xlsx workbook.")
]


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        say(f"{COMMAND} {version(COMMAND)}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


# --- the dashboard ------------------------------------------------------------------------------


@app.command()
def demo(
    port: Port = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the browser.")] = True,
    workers: Workers = None,
) -> None:
    """Open the dashboard on this computer with the synthetic sample clinic, in a database of its own."""
    from dashboard.commands import demonstration

    database = demonstration.database()
    settings = Settings.from_environment(database=database, host="127.0.0.1", port=port, workers=workers, demo=True)
    demonstration.require_free_port(settings)
    demonstration.fill(settings)
    if browser:
        demonstration.open_browser_when_ready(settings)
    _serve(settings)


@app.command()
def serve(
    database: Database = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Port = None,
    workers: Workers = None,
) -> None:
    """Serve the dashboard with your database."""
    from dashboard.commands import demonstration
    from data_models.store.accounts import trail_kept

    settings = Settings.from_environment(database=database, host=host, port=port, workers=workers)
    if settings.host not in LOOPBACK:
        from dashboard.access.setup import require_owner

        require_owner(settings)
    demonstration.require_free_port(settings)
    store = open_store(settings.database)  # made and upgraded here, once, and not by each worker
    trail_kept(store.engine)
    if settings.rules is not None and settings.rules != store.rules():
        note(store, "rules_changed", "rules", version=settings.rules.version)
        with Progress() as progress:
            store.derive(settings.rules, progress=progress)
    store.close()
    _serve(settings)


def _serve(settings: Settings) -> None:
    from dashboard.commands.server import serve as run_server

    say(f"The dashboard is at {settings.address} - press Ctrl+C to stop it.")
    terminal.standard_output().flush()
    run_server(settings)


# --- records in ---------------------------------------------------------------------------------


@app.command()
def check(path: Records, database: Database = None) -> None:
    """Check session records and store nothing. Exit code 0: clean, 1: problems, 2: cannot be read."""
    from dashboard.words.records import changes
    from data_models.definitions.scope import Scope
    from data_models.store.check import check_path

    url = database_url(database)
    store = None if missing(url) else open_store(url)
    with hinting(path), Progress() as progress:
        result, read = check_path(path, store, progress, Scope.everything())
    say(
        f"No problems: {quantity(read['patients'], 'patient')}, {quantity(read['sessions'], 'session')}, "
        f"{quantity(read['assessments'], 'assessment')}, {quantity(read['side_effects'], 'side effect')}"
        f"{_repeats(result.repeats)}."
    )
    if result.changed:
        say(f"An import changes facts of known patients: {changes(result.changed)} (an empty cell changes none).")
    for warning in result.warnings:
        say(f"Note: {warning}")


@app.command("import")
def import_records(path: Records, database: Database = None, rule: Rules = None) -> None:
    """Check session records, store them and derive their outcomes: all of them or none.

    Rules given here are kept: every patient's outcomes follow them from then on.
    """
    from dashboard.words.records import changes

    store = open_store(database_url(database))
    before = store.rules()
    rules = _rules(before, rule) if rule else None
    note(store, "import_started", "records")  # what the trail cannot be told of is not done
    with hinting(path), Progress() as progress:
        result = store.import_path(path, rules=rules, progress=progress)
    counts = {table: getattr(result, table) for table in ("patients", "sessions", "assessments", "side_effects")}
    changed = {"changed": dict(result.changed)} if result.changed else {}
    note(store, "imported", "records", **counts, **changed, again=result.already_imported, rules=list(rule or ()))
    if result.already_imported:
        follow = f"the outcomes of all patients follow the new rules from now on: {', '.join(rule or ())}"
        say(f"These records are already imported; {follow if rules not in (None, before) else 'nothing has changed'}.")
        return
    say(
        f"Imported {quantity(result.patients, 'new patient')}, {quantity(result.sessions, 'session')}, "
        f"{quantity(result.assessments, 'assessment')}, {quantity(result.side_effects, 'side effect')}"
        f"{_repeats(result.repeats)}."
    )
    if result.changed:
        say(f"Facts of known patients changed: {changes(result.changed)}.")
    for warning in result.warnings:
        say(f"Note: {warning}")


@app.command()
def derive(
    database: Database = None,
    rule: Rules = None,
    cluster: Annotated[
        str | None,
        typer.Option("--cluster", metavar="ADDRESS", help="Dask scheduler whose workers derive, e.g. tcp://host:8786."),
    ] = None,
) -> None:
    """Derive every outcome again under the store's rules, changed by --rule, and keep these rules."""
    from data_models.store.cluster import derive_on_cluster

    store = open_existing(database)
    rules = _rules(store.rules(), rule)
    note(store, "rules_changed", "rules", changed=list(rule or ()), version=rules.version)
    with Progress() as progress:
        if cluster:
            derive_on_cluster(store, rules, cluster, progress)
        else:
            store.derive(rules, progress)
    say(f"Derived every outcome under version {rules.version} of the definitions.")


# --- figures out --------------------------------------------------------------------------------


@app.command()
def outcomes(database: Database = None, rule: Rules = None, output: Output = None) -> None:
    """Write one row per course and instrument as CSV. --rule applies to this output alone."""
    from dashboard.exports.csv_file import digest, write_csv

    store = open_existing(database)
    frame = store.outcomes_frame(_rules(store.rules(), rule) if rule else None)
    note(store, "export", "outcomes.csv", rules=list(rule or ()), rows=len(frame), content=lambda: digest(frame))
    with whole_file(output) as stream:
        write_csv(frame, stream)


@app.command()
def summary(
    instrument: Annotated[str, typer.Option(help="Scale, for example phq9.")],
    database: Database = None,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Keep these courses, for example route=iv; may be repeated."),
    ] = None,
    by: Annotated[str | None, typer.Option(metavar="KEY", help="One summary per value of this key.")] = None,
    rule: Rules = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format", metavar="FORMAT", help="json, csv, xlsx, html or pdf.", show_default="by FILE, or json"
        ),
    ] = None,
    output: Output = None,
    suppress: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="11: counts are rounded to 5, fewer than 11 are not shown; 0: all numbers as they are.",
            show_default="11; json: 0",
        ),
    ] = None,
) -> None:
    """Write a cohort's figures: response, onset, durability, fade and side effects."""
    from dashboard.commands import figures
    from dashboard.exports.formats import FORMATS

    store = open_existing(database)
    rules = _rules(store.rules(), rule)
    named = output.suffix.lower().removeprefix(".") if output else ""
    form = form or (named if named in FORMATS else "json")
    with Progress() as progress:
        content = figures.summary(store, instrument, tuple(where or ()), by, rules, form, suppress, progress)
    with whole_file(output) as stream:
        stream.write(content)


@app.command()
def report(
    patient_code: Annotated[str, typer.Argument(metavar="PATIENT_CODE", help="Code of the patient.")],
    database: Database = None,
    output: Output = None,
) -> None:
    """Write one patient's chart for the paper record: FILE.pdf or FILE.html."""
    from dashboard.commands import figures

    if output is None:
        raise CommandError("name the file to write with -o FILE.pdf or -o FILE.html", exit_code=2)
    content = figures.report(open_existing(database), patient_code, output.suffix.lower().removeprefix("."))
    with whole_file(output) as stream:
        stream.write(content)


@app.command()
def sample(
    patients: Annotated[int, typer.Option(min=1, max=10_000_000, help="How many patients.")] = 300,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same clinic.")] = 1,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FOLDER", help="New or empty folder.")
    ] = None,
    template: Annotated[
        Path | None,
        typer.Option(metavar="FILE.xlsx", help="Instead: an empty workbook to keep records in, and a filled example."),
    ] = None,
) -> None:
    """Write the session records of a synthetic clinic of any size, or an empty workbook of records."""
    if template is not None:
        write_template(template)
        return
    if output is None:
        raise CommandError("name the folder to write with -o FOLDER (or --template FILE.xlsx)", exit_code=2)
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise CommandError(f"{output}: is not an empty folder; name a new one")
    from sample_data.generate import write

    output.mkdir(parents=True, exist_ok=True)
    try:
        with Progress() as progress:
            write(patients, seed, output, progress=progress)
    except BaseException:
        for part in output.iterdir():  # it was empty before: half a clinic is worse than none
            part.unlink()
        raise
    say(f"Wrote the synthetic records of {quantity(patients, 'patient')} to {output}.")


# --- parts --------------------------------------------------------------------------------------


def _rules(rules: OutcomeRules, assignments: list[str] | None) -> OutcomeRules:
    try:
        return rules.with_assignments(assignments or ())
    except ValueError as error:
        raise CommandError(f"--rule: {error}", exit_code=2) from None


def _repeats(number: int) -> str:
    return f"; {quantity(number, 'identical repeat')} ignored" if number else ""


# --- the one way in -----------------------------------------------------------------------------


def main(arguments: list[str] | None = None) -> None:
    """Run one command and end the process with its exit code; no error shows a traceback."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code. KETAMINE_OUTCOMES_DEBUG=1 lets errors through."""
    arguments = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if os.environ.get(terminal.DEBUG) == "1":
        code = app(arguments, standalone_mode=False, prog_name=COMMAND)
        return code if isinstance(code, int) else 0
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a console that lacks a letter shows its code and goes on
            stream.reconfigure(errors="backslashreplace")
    warnings.simplefilter("ignore")  # a library's advice to programmers is no message for users
    try:
        code = app(arguments, standalone_mode=False, prog_name=COMMAND)
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        code = terminal.INTERRUPTED
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    except Exception as error:
        code = explain(error)
    if code == terminal.INTERRUPTED:
        complain("stopped; work in progress was left out, run the command again to do it")
    return code if isinstance(code, int) else 0
