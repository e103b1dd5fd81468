"""The Accounts page's tables and the filters of the audit trail, which stand in the address."""

from __future__ import annotations

import json
from types import SimpleNamespace

import plotly.utils
import pytest

from dashboard.pages.accounts.page import trail_filters
from dashboard.pages.accounts.tables import people, trail
from data_models.store.audit_chain import Entry

NOTHING = dict.fromkeys(("actor", "action", "text", "first_day", "last_day"), "")


@pytest.mark.parametrize(
    "last, disabled, said",
    [
        ("2026-11-03 09:14:02", True, "2026-11-03 09:14 UTC; disabled now"),
        ("2026-11-03 09:14:02", False, "2026-11-03 09:14 UTC"),
        ("", True, "never; disabled now"),
        ("", False, "never"),
    ],
)
def test_a_disabled_account_keeps_its_last_sign_in(last: str, disabled: bool, said: str) -> None:
    row = SimpleNamespace(
        name="clara", roles=";clinician;", clinics=None, has_second_factor=False, second_factor_required=False,
        disabled=disabled, last_sign_in=last,
    )  # fmt: skip
    shown = json.dumps(people([row], "olga"), cls=plotly.utils.PlotlyJSONEncoder)
    assert f'"children": "{said}"' in shown


def test_what_was_done_is_told_without_what_is_for_programs() -> None:
    details = '{"by": "", "hidden": "c-nJdU|7Jwz", "courses": 321, "again": false, "rules": []}'
    entry = Entry(7, "2026-11-28T10:13:41", "adam", "export", "outcomes.csv", details, "")
    assert '"courses: 321; again: no"' in json.dumps(trail([entry], 1), cls=plotly.utils.PlotlyJSONEncoder)


def test_the_address_says_which_entries_of_the_trail() -> None:
    assert trail_filters(None) == NOTHING
    wanted = {"actor": "adam", "action": "export", "text": "a b", "first_day": "2026-01-31", "last_day": ""}
    assert trail_filters("?who=adam&did=export&about=a+b&from=%202026-01-31") == wanted
    assert trail_filters("?to=yesterday") is None
