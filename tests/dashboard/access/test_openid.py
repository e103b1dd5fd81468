"""Signing in through an OpenID Connect provider that runs in the test."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from dashboard.app import create_app
from dashboard.settings import Settings, SettingsError
from data_models.store import Store, accounts

oidc_provider_mock = pytest.importorskip("oidc_provider_mock", reason="the test extra brings oidc-provider-mock")


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """Where a provider answers that signs in whoever it is told."""
    with oidc_provider_mock.run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def client(issuer: str, tmp_path: Path) -> Iterator[Any]:
    """A browser at a dashboard that knows the provider and two of its people, one of them disabled."""
    url = f"sqlite:///{(tmp_path / 'clinic.db').as_posix()}"
    store = Store.open(url)
    for name, subject in (("olga", "subject-olga"), ("gone", "subject-gone")):
        accounts.add_account(
            store.engine, "test", name, frozenset({"owner"}), None,
            password_hash=None, must_change=False, external_subject=subject,
        )  # fmt: skip
    accounts.change_account(store.engine, "test", "gone", "account_disabled", disabled=1)
    secret = tmp_path / "secret"
    secret.write_text("a secret\n")
    settings = Settings(database=url, openid_issuer=issuer, openid_client="dashboard", openid_secret_file=secret)
    yield create_app(settings, store).server.test_client()
    store.close()


def at_provider(client: Any, subject: str, start: str = "/single-sign-on?next=/accounts") -> str:
    """Go to the provider, sign in there, and come back: the path and query of the way back."""
    answer = client.get(start)
    assert answer.status_code == 302
    wanted = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert wanted["code_challenge_method"] == ["S256"]
    assert wanted["nonce"]
    back = requests.post(answer.headers["Location"], data={"sub": subject}, allow_redirects=False, timeout=20)
    assert back.status_code == 302
    parts = urlsplit(back.headers["Location"])
    return f"{parts.path}?{parts.query}"


def test_somebody_with_an_account_is_signed_in(client: Any) -> None:
    page = client.get("/accounts", headers={"Accept": "text/html"})
    assert 'href="/single-sign-on?next=%2Faccounts"' in page.get_data(as_text=True)
    answer = client.get(at_provider(client, "subject-olga"))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/accounts")
    assert client.get("/accounts").status_code == 200


@pytest.mark.parametrize("subject", ["subject-nobody", "subject-gone", "olga"])
def test_somebody_without_an_account_or_with_a_disabled_one_is_not(client: Any, subject: str) -> None:
    answer = client.get(at_provider(client, subject), headers={"Accept": "text/html"})
    assert answer.status_code == 401
    assert "there is no account for you here" in answer.get_data(as_text=True)
    assert client.get("/accounts").status_code == 401


def test_an_answer_is_taken_once_and_only_in_the_browser_that_asked(client: Any) -> None:
    way = at_provider(client, "subject-olga")
    stranger = client.application.test_client()
    assert stranger.get(way).status_code == 401
    assert client.get(re.sub(r"state=[^&]+", "state=forged", way)).status_code == 401
    way = at_provider(client, "subject-olga")
    assert client.get(way).status_code == 303
    assert stranger.get(way).status_code == 401
    assert client.get(way).status_code == 401


@pytest.mark.parametrize(
    "way",
    ["/single-sign-on/answer", "/single-sign-on/answer?code=x", "/single-sign-on/answer?error=access_denied&state=x"],
)
def test_a_made_up_answer_signs_nobody_in(client: Any, way: str) -> None:
    assert client.get(way).status_code == 401


def test_another_site_signs_nobody_in(client: Any) -> None:
    assert client.get("/single-sign-on", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 302
    assert client.get("/single-sign-on", headers={"Sec-Fetch-Site": "none"}).status_code == 302
    answer = client.get("/single-sign-on?next=/accounts", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    assert "Sign in with your organisation" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "told",
    [
        {"json": {"issuer": "https://evil.example", "authorization_endpoint": "https://evil.example/ask"}},
        {"status_code": 302, "headers": {"Location": "https://evil.example/"}},
    ],
    ids=["another issuer", "a redirect"],
)
def test_a_provider_that_leads_elsewhere_is_not_followed(
    client: Any, told: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, object]] = []

    def answer(_: object, request: Any, **named: Any) -> requests.Response:
        asked.append((request.url, named["timeout"]))
        response = requests.Response()
        response.request, response.url, response.raw = request, request.url, io.BytesIO()
        response.status_code = told.get("status_code", 200)
        response.headers.update(told.get("headers", {}))
        response._content = json.dumps(told.get("json", {})).encode()
        return response

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", answer)
    assert client.get("/single-sign-on", headers={"Accept": "text/html"}).status_code == 503
    ((address, patience),) = asked
    assert address.endswith("/.well-known/openid-configuration")
    assert patience == 10


def test_a_password_does_not_open_an_external_account(client: Any) -> None:
    page = client.get("/sign-in", headers={"Accept": "text/html"}).get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    answer = client.post("/sign-in", data={"name": "olga", "password": "", "csrf_token": token.group(1)})
    assert answer.status_code == 401


def test_a_provider_that_is_down_is_said(client: Any, tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{(tmp_path / 'clinic.db').as_posix()}")
    settings = Settings(
        database=f"sqlite:///{(tmp_path / 'clinic.db').as_posix()}", openid_issuer="http://127.0.0.1:9",
        openid_client="dashboard", openid_secret_file=tmp_path / "secret",
    )  # fmt: skip
    answer = create_app(settings, store).server.test_client().get("/single-sign-on", headers={"Accept": "text/html"})
    assert answer.status_code == 503
    assert "did not succeed" in answer.get_data(as_text=True)
    store.close()


def test_half_a_configuration_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{(tmp_path / 'clinic.db').as_posix()}"
    store = Store.open(url)
    with pytest.raises(SettingsError, match="three settings"):
        create_app(Settings(database=url, openid_issuer="https://id.example.org"), store)
    with pytest.raises(SettingsError, match="no https address"):
        create_app(
            Settings(
                database=url, openid_issuer="http://id.example.org", openid_client="x",
                openid_secret_file=tmp_path / "missing",
            ),
            store,
        )  # fmt: skip
    with pytest.raises(SettingsError, match="cannot be read"):
        create_app(
            Settings(
                database=url, openid_issuer="https://id.example.org", openid_client="x",
                openid_secret_file=tmp_path / "missing",
            ),
            store,
        )  # fmt: skip
    store.close()
