"""Prepare in the browser is offered on this computer alone; to anybody else it says where to do it."""

from __future__ import annotations

import base64
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from dashboard.access import state
from dashboard.access.proxies import WAS_FORWARDED
from dashboard.pages.records import dialogue
from dashboard.pages.records.uploads import UploadRefused
from data_models.intake.contract import CannotRead

HERE: dict[str, Any] = {"base_url": "http://127.0.0.1:8050", "environ_base": {"REMOTE_ADDR": "127.0.0.1"}}


@pytest.mark.parametrize(
    "asked, access, expected",
    [
        ({}, {}, True),
        ({"base_url": "http://localhost:8050"}, {}, True),
        ({"base_url": "http://clinic.example:8050"}, {}, False),
        ({"environ_base": {"REMOTE_ADDR": "10.0.0.7"}}, {}, False),
        ({"environ_base": {"REMOTE_ADDR": "127.0.0.1", WAS_FORWARDED: True}}, {}, False),
        ({}, {"loopback": False}, False),
        ({}, {"demo": True}, False),
    ],
)
def test_it_is_offered_where_nothing_can_carry_the_export_elsewhere(
    asked: dict[str, Any], access: dict[str, Any], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "access", lambda: SimpleNamespace(**({"loopback": True, "demo": False} | access)))
    with Flask(__name__).test_request_context("/records", **(HERE | asked)):
        assert dialogue.offered() is expected
        why = dialogue.refused(lambda: None)
        assert (why is None) is expected
        assert expected or "prepare EXPORT --crosswalk" in str(why)
        assert dialogue.refused(lambda: "no") == ("no" if expected else why)


def test_a_step_without_its_files_or_with_broken_ones_is_refused(tmp_path: Path) -> None:
    sheet = {"names": ["a.csv"], "contents": [base64.b64encode(b"x;y\n").decode()]}
    assert (
        dialogue.given(sheet, None, 'format = "sheets"', "Europe/Berlin", "dmy", "", "1 = A1\n\n2=A2\n").key == "sheets"
    )
    joined = dialogue.given(sheet, None, "", "", "", "", "1 = A1\n\n2=A2\n").choices.same_as
    assert joined == {"A1": "1", "A2": "2"}
    with pytest.raises(CannotRead, match="one pair a line"):
        dialogue.given(sheet, None, "", "", "", "", "1001\n")
    for dropped in (None, {}, {"names": ["a.csv"], "contents": []}):
        with pytest.raises(UploadRefused, match="drop it again"):
            dialogue.given(dropped, None, "", "", "", "", "")
    with pytest.raises(UploadRefused, match="did not arrive whole"):
        dialogue.given({"names": ["a.csv"], "contents": ["%"]}, None, "", "", "", "", "")
    for text, zone, dates, as_of, reason in (
        ("[[", "", "", "", "MAP.toml is no TOML"),
        ("", "Mars/Base", "", "", "no such time zone"),
        ("", "", "ymd", "", "write dmy"),
        ("", "", "", "soon", "is no date that can be read"),
    ):
        with pytest.raises(CannotRead, match=reason):
            dialogue.given(sheet, None, text, zone, dates, as_of, "")
    with pytest.raises(CannotRead, match="crosswalk"):
        dialogue.given(sheet, sheet, "", "", "", "", "")
