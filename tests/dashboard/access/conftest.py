"""A dashboard with accounts on a copy of the sample clinic, and people signed in to it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from dashboard.access import passwords
from dashboard.app import create_app
from dashboard.settings import Settings
from data_models.store import Store, accounts

PASSWORD = "plum vine torch harbor"
# Name: roles and clinics. Clinics "A" and "B" stand for the first and second of the sample.
PEOPLE: dict[str, tuple[set[str], str | None]] = {
    "clara": ({"clinician"}, "A"),
    "boris": ({"clinician"}, "B"),
    "chief": ({"clinician"}, None),
    "adam": ({"administrator"}, None),
    "dora": ({"data_manager"}, None),
    "olga": ({"owner"}, None),
    "oscar": ({"owner"}, None),
    "gone": ({"clinician", "administrator", "data_manager", "owner"}, None),
}


@pytest.fixture(scope="session")
def password_hash() -> str:
    return passwords.hashed(PASSWORD)


def make_database(source: str, folder: Path, password_hash: str) -> tuple[str, list[str]]:
    """A copy of the sample with an account for each of PEOPLE; its URL and the sample's clinics."""
    file = folder / "clinic.db"
    shutil.copy(source.removeprefix("sqlite:///"), file)
    store = Store.open(f"sqlite:///{file.as_posix()}")
    with store.connect() as connection:
        from data_models.definitions.scope import Scope
        from data_models.questions.filter_choices import choices

        clinics = choices(connection, Scope.everything())["clinic"]
    for name, (roles, which) in PEOPLE.items():
        seen = None if which is None else frozenset({clinics["AB".index(which)]})
        accounts.add_account(
            store.engine, "test", name, frozenset(roles), seen, password_hash=password_hash, must_change=False
        )
    accounts.change_account(store.engine, "test", "gone", "account_disabled", disabled=1)
    store.close()
    return f"sqlite:///{file.as_posix()}", clinics


@pytest.fixture(scope="module")
def guarded(sample_database: str, tmp_path_factory: pytest.TempPathFactory, password_hash: str) -> Iterator[Any]:
    """The app with accounts; `.store`, `.clinics` and `.codes` (patient codes by clinic) beside it."""
    Store.open(sample_database).close()  # everything of its log is in the file
    url, clinics = make_database(sample_database, tmp_path_factory.mktemp("guarded"), password_hash)
    store = Store.open(url)
    app: Any = create_app(Settings(database=url), store)
    app.store, app.clinics = store, clinics
    frame = store.outcomes_frame()
    with store.connect() as connection:
        from sqlalchemy import select

        from data_models.database.tables import Patient

        rows = connection.execute(select(Patient.patient_code, Patient.clinic)).all()
    app.codes = {clinic: [code for code, of in rows if of == clinic] for clinic in clinics}
    assert len(frame)
    assert all(app.codes.values())
    yield app
    store.close()


class Browser:
    """A test client that behaves as a browser does: same origin, CSRF token from the cookie, forms from the page."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.client: FlaskClient = app.server.test_client()

    def get(self, path: str, **more: Any) -> Any:
        headers = {"Accept": "text/html", "Sec-Fetch-Site": "none"} | more.pop("headers", {})
        return self.client.get(path, headers=headers, **more)

    def submit(self, path: str, fields: dict[str, str], page: Any = None, **more: Any) -> Any:
        """Fill in the form that a page shows and send it."""
        text = (page or self.get(path)).get_data(as_text=True)
        hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', text))
        headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"} | more.pop("headers", {})
        return self.client.post(path, data={**hidden, **fields}, headers=headers, **more)

    def sign_in(self, name: str, password: str = PASSWORD, **more: Any) -> Any:
        return self.submit("/sign-in", {"name": name, "password": password}, **more)

    def token(self) -> str:
        """The CSRF token, as the first page leaves it in a cookie."""
        self.get("/")
        cookie = self.client.get_cookie("ketamine_outcomes_csrf")
        return cookie.value if cookie else ""

    def call(self, body: Any, **headers: str) -> Any:
        """A callback, as Dash's script sends it."""
        given = {"Sec-Fetch-Site": "same-origin", "X-CSRFToken": self.token()} | headers
        options = {"data": body} if isinstance(body, bytes | str) else {"json": body}
        return self.client.post("/_dash-update-component", headers=given, content_type="application/json", **options)


@pytest.fixture
def browser(guarded: Any) -> Browser:
    """A browser that nobody has signed in with."""
    return Browser(guarded)


@pytest.fixture
def signed_in(guarded: Any) -> Callable[[str], Browser]:
    """A browser in which this person has signed in."""

    def make(name: str) -> Browser:
        one = Browser(guarded)
        answer = one.sign_in(name)
        assert answer.status_code == 303, answer.get_data(as_text=True)
        return one

    return make


def body_of(app: Any, output: str, values: dict[str, Any] | None = None) -> dict[str, Any]:
    """A well-formed call of a callback; `values` by "component.property" stand in place of null."""
    import json

    spec, values = app.callback_map[output], values or {}

    def part(one: dict[str, Any]) -> Any:
        name = one["id"] if isinstance(one["id"], str) else json.dumps(one["id"])
        if name.startswith("{"):
            pattern = json.loads(name)
            if ["ALL"] in pattern.values():
                return []
            return {
                "id": {k: "x" if isinstance(v, list) else v for k, v in pattern.items()},
                "property": one["property"],
            }
        return {"id": name, "property": one["property"], "value": values.get(f"{name}.{one['property']}")}

    names = output[2:-2].split("...") if output.startswith("..") else [output]
    outputs = []
    for name in names:
        component, _, prop = name.split("@")[0].rpartition(".")
        found: Any = json.loads(component) if component.startswith("{") else component
        several = isinstance(found, dict) and ["ALL"] in found.values()
        outputs.append([] if several else {"id": found, "property": prop})
    return {
        "output": output,
        "outputs": outputs if output.startswith("..") else outputs[0],
        "inputs": [part(one) for one in spec["inputs"]],
        "state": [part(one) for one in spec["state"]],
        "changedPropIds": [],
    }


@pytest.fixture(scope="session")
def make_body() -> Callable[..., dict[str, Any]]:
    return body_of


@pytest.fixture(scope="session")
def password() -> str:
    """The password of every account here."""
    return PASSWORD
