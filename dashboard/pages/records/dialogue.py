"""Prepare, on the Records page: a clinic's own export is mapped, looked at and imported, on this computer alone.

Names, record numbers and dates travel between this window and the server's memory on the same computer, with each step
anew: they are in no store, log, temporary file, URL or storage of the browser. Offered where nobody else can be served:
at 127.0.0.1, without a proxy between, to who may import.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import dash_mantine_components as dmc
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from flask import request

from dashboard.access import state, trail
from dashboard.access.proxies import WAS_FORWARDED, asked_host
from dashboard.answers import data
from dashboard.pages.records import cards, jobs, proposal, uploads
from dashboard.settings import LOOPBACK
from data_models.intake.contract import CannotRead, RecordsRefused
from data_models.intake.prepare.crosswalk import crosswalk_text, read_crosswalk
from data_models.intake.prepare.folder import Prepared, prepare_into, source_of
from data_models.intake.prepare.map_edit import with_column
from data_models.intake.prepare.map_file import order_of, read_map, zone_of
from data_models.intake.prepare.memory_files import in_memory
from data_models.intake.prepare.moments import moment_of
from data_models.intake.prepare.people import Known
from data_models.intake.prepare.source import Choices
from data_models.questions.import_history import imports

DROP, DROPPED = "prepare-drop", "prepare-dropped"  # the second in the browser's memory alone
EARLIER_DROP, EARLIER = "prepare-earlier-drop", "prepare-earlier"
SAID, FORM, COLUMNS, MAP = "prepare-said", "prepare-form", "prepare-columns", "prepare-map"
ZONE, DATES, AS_OF, SAME_AS = "prepare-zone", "prepare-dates", "prepare-as-of", "prepare-same-as"
LOOK, PREVIEW, FINISH = "prepare-look", "prepare-preview", "prepare-finish"
SAVED_MAP, SAVED_CROSSWALK = "prepare-saved-map", "prepare-saved-crosswalk"
GRID, SHEETS = "prepare-grid", "sheets"  # the format whose map can be corrected by choosing
MAP_NAME, CROSSWALK_NAME = "MAP.toml", "who-is-who.csv"

ELSEWHERE = (
    "An export with names, record numbers or dates is not for this page: it would travel over the network. On a "
    "computer of the clinic, make session records of it first: ketamine-outcomes prepare EXPORT --crosswalk "
    "who-is-who.csv -o records (or open a dashboard of your own there, at 127.0.0.1)."
)
GONE = "The export is no longer in this window; drop it again"


def offered() -> bool:
    """Whether the request comes from this computer itself, with nothing in between that could carry it elsewhere."""
    here = state.access()
    return (
        here.loopback
        and not here.demo
        and asked_host() in LOOPBACK
        and request.remote_addr in LOOPBACK
        and not request.environ.get(WAS_FORWARDED)
    )


def layout() -> Component:
    """The card without an export; where it is not offered, where to do it instead."""
    return html.Div(
        [html.Div(id="prepare-card"), dcc.Store(id=DROPPED), dcc.Store(id=EARLIER)], className="prepare-dialogue"
    )


def _card() -> Component:
    head = html.H2("Prepare an export with names and dates", id="prepare-title", className="card-question")
    if not offered():
        return html.Section(
            [head, html.P(ELSEWHERE, className="card-sentence")],
            className="card card-wide",
            **{"aria-labelledby": "prepare-title"},
        )
    sentence = (
        "What your system exports - sheets, FHIR, REDCap, SDTM - becomes session records here: codes for record "
        "numbers, hours for dates. The export stays in this computer's memory and is stored nowhere."
    )
    return html.Section(
        [
            head,
            html.P(sentence, className="card-sentence"),
            _zone(DROP, DROPPED, "Drop the export here", "a file or a folder"),
            html.Div(id=SAID, role="status"),
            html.Div(_form(), id=FORM, hidden=True),
            html.Div(id=PREVIEW, role="status"),
            html.Div(
                html.Button(
                    "Save map and who-is-who, and import",
                    id=FINISH, type="button", className="button button-main", disabled=True, hidden=True,
                )
            ),
            dcc.Download(id=SAVED_MAP),
            dcc.Download(id=SAVED_CROSSWALK),
        ],
        className="card card-wide",
        **{"aria-labelledby": "prepare-title"},
    )  # fmt: skip


def _zone(zone_id: str, into: str, title: str, what: str) -> Component:
    words = f"{what}, up to {uploads.LIMIT_MB} MB; larger ones by the command prepare."
    return cards.drop_zone(zone_id, title, words, label=title, into=into, report=SAID, button=LOOK, any_file=True)


def _form() -> list[Component]:
    """What only a person can know, and the map to correct."""
    orders = [
        {"value": "", "label": "as the dates show; ask where both fit"},
        {"value": "dmy", "label": "day first: 31.01.2026"},
        {"value": "mdy", "label": "month first: 01/31/2026"},
    ]
    return [
        html.Div(id=COLUMNS),
        html.Details(
            [
                html.Summary("The map as text, for what cannot be chosen above"),
                dmc.Textarea(
                    id=MAP, label=MAP_NAME, className="prepare-map", autosize=True, minRows=6, maxRows=24, debounce=True
                ),
            ],
        ),
        html.Div(
            [
                dmc.Select(
                    id=ZONE, label="Time zone of the clinic", data=sorted(available_timezones()), searchable=True,
                    size="xs",
                ),
                dmc.Select(id=DATES, label="Dates are written", data=orders, value="", allowDeselect=False, size="xs"),
                dmc.TextInput(
                    id=AS_OF, label="Looked through until", placeholder="the latest entry", size="xs", debounce=True,
                ),
            ],
            className="prepare-choices",
        ),
        html.Details(
            [
                html.Summary("Continue an earlier export: give its who-is-who file"),
                _zone(EARLIER_DROP, EARLIER, f"Drop {CROSSWALK_NAME} here", "for known patients' codes"),
                dmc.Textarea(
                    id=SAME_AS, label="Known patients under a new record number, one a line: known = new",
                    autosize=True, minRows=1, maxRows=8, size="xs", debounce=True,
                ),
            ]
        ),
        html.Button("See what would come in", id=LOOK, type="button", className="button button-main"),
    ]  # fmt: skip


# What `given` takes, in its order: each step sends all of it anew.
_SENT = (
    State(DROPPED, "data"),
    State(EARLIER, "data"),
    State(MAP, "value"),
    State(ZONE, "value"),
    State(DATES, "value"),
    State(AS_OF, "value"),
    State(SAME_AS, "value"),
)


@dataclass(frozen=True, slots=True)
class Given:
    """What one step of the dialogue sends along; `text`: the map as it stands in the window."""

    export: Path
    choices: Choices
    key: str
    known: dict[str, Known]
    as_of: str
    text: str


def register(app: Dash, refusal: Callable[[], str | None]) -> None:
    """Propose a map for what is dropped, show what would come in, then save and import.

    Parameters
    ----------
    refusal : says why the person who asks may not import, or None.
    """

    @app.callback(Output("prepare-card", "children"), Input(DROPPED, "modified_timestamp"))
    def show_card(_at: Any) -> Any:
        return _card() if _at in (None, -1) else no_update

    app.clientside_callback(
        ClientsideFunction("records", "zone"), Output(ZONE, "value"), Input(FORM, "hidden"), State(ZONE, "value")
    )

    @app.callback(
        Output(SAID, "children"),
        Output(FORM, "hidden"),
        Output(COLUMNS, "children"),
        Output(MAP, "value"),
        Output(LOOK, "disabled"),
        Output(PREVIEW, "children"),
        Output(FINISH, "hidden"),
        Input(DROPPED, "data"),
        prevent_initial_call=True,
    )
    def propose(dropped: Any) -> Any:
        blank = (no_update, True, None, "", True, None, True)
        if not dropped:  # imported, and so no longer in this window: what was said of it stands
            return no_update, True, None, "", True, no_update, True
        if why := refused(refusal):
            return proposal.refused(why), *blank[1:]
        trail.note("prepare_started", "records", files=len(dropped.get("names") or []))
        try:
            export = in_memory(_files(dropped))
            source = source_of(export, to_suggest=True)
            suggestion = source.suggest(export, Choices(map_file=MAP_NAME))
        except (CannotRead, RecordsRefused, uploads.UploadRefused) as error:
            return proposal.refused(error), *blank[1:]
        said = proposal.recognised(source.name, suggestion)
        return (
            said,
            False,
            proposal.columns(suggestion, GRID, editable=source.key == SHEETS),
            suggestion.toml,
            False,
            None,
            True,
        )

    @app.callback(
        Output(MAP, "value", allow_duplicate=True),
        Input(GRID, "cellValueChanged"),
        State(MAP, "value"),
        prevent_initial_call=True,
    )
    def correct(changed: Any, text: Any) -> Any:
        for change in changed or []:
            row = change["data"]
            text = with_column(str(text), int(row["table"]), str(row["column"]), str(change["value"]))
        return text

    @app.callback(
        Output(PREVIEW, "children", allow_duplicate=True),
        Output(FINISH, "hidden", allow_duplicate=True),
        Output(FINISH, "disabled"),
        Input(LOOK, "n_clicks"),
        *_SENT,
        prevent_initial_call=True,
        running=[(Output(LOOK, "disabled"), True, False)],
    )
    def look(_clicks: Any, *step: Any) -> Any:
        if why := refused(refusal):
            return proposal.refused(why), True, True
        try:
            sent = given(*step)
            known_before = len(sent.known)
            prepared, _ = _prepared(sent)
        except (CannotRead, RecordsRefused, uploads.UploadRefused) as error:
            return proposal.refused(error), True, True
        again = not known_before and not data.store().synthetic() and _has_patients()
        return proposal.preview(prepared, known_before, again), False, False

    @app.callback(
        Output(jobs.JOB, "data", allow_duplicate=True),
        Output(PREVIEW, "children", allow_duplicate=True),
        Output(FINISH, "disabled", allow_duplicate=True),
        Output(SAVED_MAP, "data"),
        Output(SAVED_CROSSWALK, "data"),
        Output(DROPPED, "data"),
        Input(FINISH, "n_clicks"),
        *_SENT,
        prevent_initial_call=True,
    )
    def finish(_clicks: Any, *step: Any) -> Any:
        stays = (no_update, True, no_update, no_update, no_update)
        if why := refused(refusal):
            return no_update, proposal.refused(why), *stays[1:]
        trail.note("import_started", "records", prepared=True)
        try:
            sent = given(*step)
            prepared, tables = _prepared(sent)
            url = data.store().engine.url.render_as_string(hide_password=False)
            contents = [base64.b64encode(content).decode() for content in tables.values()]
            token = jobs.start(jobs.IMPORT, list(tables), contents, url, data.scope(), trail.actor())
        except (CannotRead, RecordsRefused, uploads.UploadRefused) as error:
            return no_update, proposal.refused(error), *stays[1:]
        saved = dcc.send_string(crosswalk_text(sent.known), CROSSWALK_NAME)
        said = proposal.saved(prepared)
        # The export leaves the browser's memory: what is left of it are the two files that were saved.
        return token, said, True, dcc.send_string(sent.text, MAP_NAME), saved, None


def refused(refusal: Callable[[], str | None]) -> str | None:
    """Why nothing is prepared here for who asks, or None."""
    return ELSEWHERE if not offered() else refusal()


def _files(dropped: Any) -> dict[str, bytes]:
    """The dropped files by name. Raises UploadRefused."""
    names, contents = (dropped or {}).get("names") or [], (dropped or {}).get("contents") or []
    if not names or len(names) != len(contents):
        raise uploads.UploadRefused(GONE)
    try:
        return {str(name): base64.b64decode(text, validate=True) for name, text in zip(names, contents, strict=True)}
    except (binascii.Error, ValueError, TypeError):
        raise uploads.UploadRefused("A file did not arrive whole; drop the export again") from None


def given(dropped: Any, earlier: Any, text: Any, zone: Any, dates: Any, as_of: Any, same: Any) -> Given:
    """What a step sends, checked. Raises CannotRead, UploadRefused: in words, where and what to do."""
    key, choices = read_map(in_memory({MAP_NAME: str(text or "").encode()}))
    when = str(as_of or "").strip()
    if when and moment_of(when) is None:
        raise CannotRead("looked through until: is no date that can be read; write it as 2026-01-31")
    choices = replace(
        choices,
        zone=choices.zone or zone_of(str(zone or ""), "time zone"),
        dates=choices.dates or order_of(str(dates or ""), "dates"),
        same_as={**choices.same_as, **_same_as(str(same or ""))},
    )
    known = read_crosswalk(in_memory({CROSSWALK_NAME: next(iter(_files(earlier).values()))})) if earlier else {}
    return Given(in_memory(_files(dropped)), choices, key, known, when, str(text))


def _same_as(text: str) -> dict[str, str]:
    """The known record number of each new one. Raises CannotRead."""
    pairs = [line.partition("=") for line in text.splitlines() if line.strip()]
    if not all(known.strip() and new.strip() for known, _, new in pairs):
        raise CannotRead("known patients under a new record number: write one pair a line, as 1001 = A-1001")
    return {new.strip(): known.strip() for known, _, new in pairs}


def _prepared(sent: Given) -> tuple[Prepared, Mapping[str, bytes]]:
    """The records of an export, and their files; `sent.known` has the new people then."""
    _, folder = uploads.private_folder()  # of what has neither names nor dates any more
    try:
        prepared = prepare_into(
            folder, sent.export, sent.known, sent.choices,
            key=sent.key, as_of=moment_of(sent.as_of),
        )  # fmt: skip
        return prepared, {file.name: file.read_bytes() for file in sorted(folder.glob("*.csv"))}
    finally:
        uploads.remove(folder)


def _has_patients() -> bool:
    return bool(len(data.ask(imports)))
