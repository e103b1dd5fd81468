"""A check of records tells a data manager what their own clinics hold, and nothing of another clinic's patients."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from data_models.store import accounts as store_accounts

STORED = "records-stored.data"
BEGIN = "..records-job.data...records-report.children...records-import.disabled.."


@pytest.fixture
def manager(guarded: Any, signed_in: Callable[[str], Any], password_hash: str) -> Any:
    """A browser of a data manager of the first clinic."""
    name, clinics = f"m{time.time_ns()}", frozenset({guarded.clinics[0]})
    store_accounts.add_account(
        guarded.store.engine, "test", name, frozenset({"data_manager"}), clinics, password_hash=password_hash,
        must_change=False,
    )  # fmt: skip
    return signed_in(name)


def told(guarded: Any, one: Any, make_body: Any, code: str, clinic: str, sex: str, *, treated: bool = True) -> str:
    """What the Records page says at the end of a check of one patient, with one session if so asked."""
    files = {
        "patients.csv": f"patient_code,clinic,sex\n{code},{clinic},{sex}\n",
        "sessions.csv": f"patient_code,hours,drug,route,dose,dose_unit\n{code},0,ketamine,iv,0.5,mg_per_kg\n",
    }
    if not treated:
        del files["sessions.csv"]
    contents = [base64.b64encode(text.encode()).decode() for text in files.values()]
    dropped = {"records-dropped.data": {"names": list(files), "contents": contents}}
    token = one.call(make_body(guarded, BEGIN, dropped)).json["response"]["records-job"]["data"]
    # The one that asks after a job; another callback that starts one belongs to the preparing of exports.
    asking = next(name for name in guarded.callback_map if name.startswith("..records-job.data@") and STORED in name)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        text: str = one.call(make_body(guarded, asking, {"records-job.data": token})).get_data(as_text=True)
        if "records-end" in text:
            return re.sub(r"@[0-9a-f]+", "", text)
        time.sleep(0.2)
    raise AssertionError("the check did not end")


def test_a_check_confirms_nothing_of_another_clinics_patient(guarded: Any, manager: Any, make_body: Any) -> None:
    own, other = guarded.clinics[:2]
    stranger = guarded.codes[other][0]
    nobody = told(guarded, manager, make_body, "ZZ9876", other, "male")
    assert "Ready to import: 1 patient" in nobody
    for clinic in (other, own):  # wherever the patient is said to be
        for sex in ("male", "female"):
            assert told(guarded, manager, make_body, stranger, clinic, sex) == nobody
    mine = guarded.codes[own][0]
    said = [told(guarded, manager, make_body, mine, own, sex, treated=False) for sex in ("male", "female")]
    assert any("sex of 1 patient" in text for text in said)


def test_a_check_of_a_transfer_tells_of_ones_own_patients_alone(guarded: Any, manager: Any, make_body: Any) -> None:
    """Whether the stranger is moved here or mine is moved there: of the other clinic nothing is said or changed."""
    own, other = guarded.clinics[:2]
    mine, stranger = guarded.codes[own][0], guarded.codes[other][0]
    assert "clinic of 1 patient" in told(guarded, manager, make_body, mine, other, "", treated=False)
    for treated in (True, False):
        taken = told(guarded, manager, make_body, stranger, own, "", treated=treated)
        assert "of known patients" not in taken
        assert taken == told(guarded, manager, make_body, "ZZ9876", own, "", treated=treated)
