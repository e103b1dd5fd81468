"""The open dashboard: this computer alone, until the first account; the demo and its roles."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboard.access import setup, state
from dashboard.app import create_app
from dashboard.commands import demonstration
from dashboard.commands.terminal import CommandError
from dashboard.settings import Settings, SettingsError
from data_models.store import Store
from data_models.store import accounts as store_accounts


@pytest.fixture
def database(sample_database: str, tmp_path: Path) -> str:
    Store.open(sample_database).close()
    shutil.copy(sample_database.removeprefix("sqlite:///"), tmp_path / "clinic.db")
    return f"sqlite:///{(tmp_path / 'clinic.db').as_posix()}"


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    store = Store.open(database)
    yield store
    store.close()


def call(client: Any, body: dict[str, Any], **headers: str) -> Any:
    return client.post("/_dash-update-component", json=body, headers=headers)


def test_without_accounts_this_computer_sees_everything(
    store: Store, database: str, make_body: Callable[..., dict[str, Any]]
) -> None:
    app = create_app(Settings(database=database), store)
    client = app.server.test_client()
    assert client.get("/patients").status_code == 200
    body = make_body(app, "cohort-body.children", {"url.pathname": "/", "url.search": ""})
    assert "How quickly do effects start?" in call(client, body).get_data(as_text=True)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:8050"},
        {"X-Forwarded-For": "203.0.113.4"},
        {"X-Forwarded-Proto": "https"},
        {"Forwarded": "for=203.0.113.4"},
        {"Via": "1.1 proxy"},
    ],
)
def test_an_open_dashboard_answers_no_other_name_and_no_proxy(
    store: Store, database: str, headers: dict[str, str], make_body: Callable[..., dict[str, Any]]
) -> None:
    app = create_app(Settings(database=database, trusted_proxies=("127.0.0.1",)), store)
    client = app.server.test_client()
    assert client.get("/", headers=headers).status_code == 403
    body = make_body(app, "cohort-body.children", {"url.pathname": "/", "url.search": ""})
    assert call(client, body, **headers).status_code == 403


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://localhost:9999"}])
def test_an_open_dashboard_answers_no_call_from_another_site(
    store: Store, database: str, headers: dict[str, str], make_body: Callable[..., dict[str, Any]]
) -> None:
    app = create_app(Settings(database=database), store)
    body = make_body(app, "cohort-body.children", {"url.pathname": "/", "url.search": ""})
    assert call(app.server.test_client(), body, **headers).status_code == 403


def test_from_the_first_account_on_everybody_signs_in(
    store: Store, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = create_app(Settings(database=database), store).server.test_client()
    assert client.get("/").status_code == 200
    store_accounts.add_account(
        store.engine, "test", "olga", frozenset({"owner"}), None, password_hash=None, must_change=False
    )
    monkeypatch.setattr(state, "_LOOK_AGAIN", 0.0)
    assert client.get("/").status_code == 401


def test_another_host_is_served_to_the_signed_in_alone(store: Store, database: str) -> None:
    client = create_app(Settings(database=database, host="0.0.0.0"), store).server.test_client()
    assert client.get("/").status_code == 401


def test_serving_another_host_needs_an_owner_who_can_sign_in(store: Store, database: str) -> None:
    settings = Settings(database=database, host="0.0.0.0")
    for name, role in (("carl", "clinician"), ("olga", "owner"), ("otto", "owner")):
        if role == "owner" and name == "olga":
            with pytest.raises(SettingsError, match="add an owner first"):
                setup.require_owner(settings)
        store_accounts.add_account(
            store.engine, "test", name, frozenset({role}), None, password_hash=None, must_change=False
        )
    setup.require_owner(settings)


def test_a_refusal_to_serve_makes_no_database(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="add an owner first"):
        setup.require_owner(Settings(database=f"sqlite:///{tmp_path}/new.db", host="0.0.0.0"))
    assert not list(tmp_path.iterdir())


def test_the_demo_refuses_other_records_and_other_hosts(store: Store, database: str) -> None:
    store.set_name("Clinic North", synthetic=False)
    with pytest.raises(SettingsError, match="sample clinic on this computer alone"):
        create_app(Settings(database=database, demo=True), store)
    with pytest.raises(SettingsError, match="this computer alone"):
        setup.require_owner(Settings(database=database, demo=True, host="0.0.0.0"))


def test_a_demo_that_is_given_other_records_shuts_and_does_not_start_again(
    store: Store, database: str, small_records: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = create_app(Settings(database=database, demo=True), store).server.test_client()
    assert client.get("/patients").status_code == 200
    store.import_path(small_records)
    assert (store.synthetic(), store.name()) == (False, "")
    monkeypatch.setattr(state, "_LOOK_AGAIN", 0.0)
    assert client.get("/patients").status_code == 401
    with pytest.raises(CommandError, match="holds other records than the sample"):
        demonstration.fill(Settings(database=database, demo=True))
    with pytest.raises(SettingsError, match="sample clinic on this computer alone"):
        create_app(Settings(database=database, demo=True), store)


@pytest.mark.parametrize(
    "role, patients, accounts",
    [("clinician", 200, 403), ("administrator", 403, 403), ("owner", 403, 200), ("all", 200, 200)],
)
def test_the_demo_shows_what_a_role_sees(store: Store, database: str, role: str, patients: int, accounts: int) -> None:
    client = create_app(Settings(database=database, demo=True), store).server.test_client()
    client.set_cookie("demo_role", role)
    assert client.get("/patients").status_code == patients
    assert client.get("/accounts").status_code == accounts


def test_the_role_of_the_demo_means_nothing_outside_it(store: Store, database: str) -> None:
    client = create_app(Settings(database=database), store).server.test_client()
    client.set_cookie("demo_role", "owner")
    assert client.get("/patients").status_code == 200  # open: this computer sees everything
    store_accounts.add_account(
        store.engine, "test", "olga", frozenset({"owner"}), None, password_hash=None, must_change=False
    )
    client = create_app(Settings(database=database), store).server.test_client()
    client.set_cookie("demo_role", "clinician")
    assert client.get("/patients").status_code == 401


def test_an_open_dashboard_has_no_sign_in(store: Store, database: str) -> None:
    client = create_app(Settings(database=database), store).server.test_client()
    for path in ("/sign-in", "/password", "/second-factor", "/sign-out", "/single-sign-on", "/single-sign-on/answer"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_forwarding_headers_of_a_trusted_proxy_make_the_connection_safe(store: Store, database: str) -> None:
    store_accounts.add_account(
        store.engine, "test", "olga", frozenset({"owner"}), None, password_hash=None, must_change=False
    )
    headers = {"Host": "inner:8050", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "outcomes.example.org"}
    for trusted, status in ((("127.0.0.1",), 401), (("10.0.0.1",), 403), ((), 403)):
        settings = Settings(database=database, host="0.0.0.0", trusted_proxies=trusted)
        client = create_app(settings, store).server.test_client()
        assert client.get("/", headers=headers).status_code == status
