"""The traps of the parts are closed: no data in layouts, no foreign host, headers on every answer, errors said."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import brotli
import pytest
from flask.testing import FlaskClient

from dashboard.access.setup import require_owner
from dashboard.app import create_app
from dashboard.settings import Settings, SettingsError
from data_models.definitions.filters import CohortFilter
from data_models.definitions.instruments import INSTRUMENTS
from data_models.store import Store


@pytest.fixture(scope="module")
def app(sample_database: str) -> Iterator[Any]:
    store = Store.open(sample_database)
    yield create_app(Settings(database=sample_database), store)
    store.close()


@pytest.fixture
def client(app: Any) -> FlaskClient:
    return app.server.test_client()


def ask(client: FlaskClient, output: str, inputs: list[Any], state: list[Any] | None = None) -> Any:
    name, _, prop = output.rpartition(".")
    body = {
        "output": output, "outputs": {"id": name, "property": prop}, "changedPropIds": [], "inputs": inputs,
        "state": state or [],
    }  # fmt: skip
    return client.post("/_dash-update-component", json=body)


def url(search: str) -> dict[str, str]:
    return {"id": "url", "property": "search", "value": search}


def at(pathname: str, cue: str) -> list[Any]:
    """Where a page's first answer is asked for, and the mark of what stands there."""
    return [
        {"id": "url", "property": "pathname", "value": pathname},
        {"id": cue, "property": "data-cohort", "value": ""},
    ]


AT_OUTCOMES = at("/", "cohort-cue")
AT_SIDE_EFFECTS = at("/side-effects", "side-effects-cue")
DEFERRED = {
    "cohort-cue": [
        "any-effect",
        *(f"{name}-place" for name in ("durability", "fade", "occupancy", "waterfall", "cost", "intervals")),
    ],
    "side-effects-cue": [f"{name}-place" for name in ("when", "resolution", "severity", "vitals")],
}
COMPARED = [f"compare-{part}-place" for part in ("rates", "states", "fade", "occupancy", "waterfall", "effects")]


def cards(client: FlaskClient, query: str, state: list[Any]) -> str:
    """Everything that a cohort page shows for a query: its first answer, and those of the cards that follow."""
    body = "cohort-body.children" if state is AT_OUTCOMES else "side-effects-body.children"
    found = [ask(client, body, [url("?" + query)], state)]
    cue = state[1]["id"]
    if '"data-cohort":""' not in found[0].get_data(as_text=True):
        mark = {"id": f"{cue}-go", "property": "data-cohort", "value": "?" + query}
        found += [ask(client, f"{name}.children", [mark]) for name in DEFERRED[cue]]
        if state is AT_OUTCOMES:
            found += [ask(client, f"{name}.children", [mark | {"id": cue}]) for name in ("headlines", "states-place")]
    if "by=" in query and state is AT_OUTCOMES:
        found += [ask(client, "compare-body.children", [url("?" + query)], AT_OUTCOMES[:1])]
        for name in COMPARED:
            place = {"id": name, "property": "id", "value": name}
            search = [{"id": "url", "property": "search", "value": "?" + query}]
            found += [ask(client, f"{name}.children", [place], search)]
    assert {answer.status_code for answer in found} <= {200}
    return "".join(answer.get_data(as_text=True) for answer in found)


def test_two_apps_stand_in_one_process(app: Any, sample_database: str) -> None:
    other = create_app(Settings(database=sample_database), Store.open(sample_database))
    assert len(other.callback_map) == len(app.callback_map) > 0


def test_layout_and_page_hold_no_data(client: FlaskClient) -> None:
    for path in ("/", "/_dash-layout", "/_dash-dependencies"):
        text = client.get(path).get_data(as_text=True)
        assert "dcc.Store" not in text
        assert "validation_layout" not in text
        assert not re.search(r"Synthetic|clinic-|KO-\d|patient_code\"", text), path


def test_every_answer_carries_the_security_headers(client: FlaskClient) -> None:
    for path in ("/", "/_dash-layout", "/assets/style.css", "/nowhere"):
        headers = client.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert re.search(r"script-src 'self' 'sha256-[^']+'(;| 'sha256)", policy)
        assert "unsafe-eval" not in policy
        assert "http" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Access-Control-Allow-Origin" not in headers
        for rule in ("object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"):
            assert rule in policy
        text = headers["Content-Type"].startswith("text/")
        assert headers["Content-Type"].endswith("; charset=utf-8" if text else "json")


def test_answers_are_never_kept_and_fingerprinted_files_are(client: FlaskClient) -> None:
    assert client.get("/_dash-layout").headers["Cache-Control"] == "no-store"
    page = client.get("/").get_data(as_text=True)
    for found in (r'src="(/_dash-component-suites/[^"]+)"', r'src="(/assets/filters\.js\?m=[^"]+)"'):
        link = re.search(found, page)
        assert link is not None
        assert "max-age=31536000" in client.get(link.group(1)).headers["Cache-Control"]


def test_the_page_names_its_language_and_no_other_host(client: FlaskClient) -> None:
    page = client.get("/").get_data(as_text=True)
    assert '<html lang="en">' in page
    assert not re.findall(r'(?:src|href)="(?:https?:)?//[^"]+"', page)
    assert "plotly.min.js" not in page


def test_files_are_compressed(client: FlaskClient) -> None:
    answer = client.get("/assets/style.css", headers={"Accept-Encoding": "br"})
    assert answer.headers["Content-Encoding"] == "br"
    plain = client.get("/assets/style.css", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert brotli.decompress(answer.data) == plain.data


def test_what_the_first_visit_must_load_is_light(client: FlaskClient) -> None:
    page = client.get("/").get_data(as_text=True)
    links = re.findall(r'(?:src|href)="(/(?:assets|_dash-component-suites)/[^"]+)"', page)
    assert len(links) > 10
    sizes = {link: len(client.get(link, headers={"Accept-Encoding": "br"}).data) for link in links}
    assert sum(sizes.values()) < 1_400_000, sizes


def test_dash_is_told_what_it_must_not_do(app: Any) -> None:
    assert app.config.suppress_callback_exceptions is True
    assert app._use_async is False
    assert app._enable_mcp is False
    assert app.use_pages is False
    assert app.config.serve_locally is True


def test_outcomes_answer_with_the_summarys_numbers(client: FlaskClient) -> None:
    text = cards(client, "route=iv", AT_OUTCOMES)
    for question in ("How quickly do effects start?", "How long do they last?", "Who improved?", "At what cost?"):
        assert question in text


@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_every_scale_has_its_page_even_where_nobody_was_measured(client: FlaskClient, instrument: str) -> None:
    for query in (
        f"instrument={instrument}",
        f"instrument={instrument}&age_band=90%2B",
        f"instrument={instrument}&by=sex",
    ):
        text = cards(client, query, AT_OUTCOMES)
        assert "state-error" not in text
        assert "nan" not in re.findall(r"[Nn]a[Nn]\b", text)


@pytest.mark.parametrize("by", ["route", "drug", "dose_band", "phase"])
def test_every_breakdown_of_side_effects_answers(client: FlaskClient, by: str) -> None:
    for query in (f"side-by={by}", f"side-by={by}&route=oral", f"side-by={by}&phase=maintenance"):
        answer = ask(client, "side-effects-breakdown.children", [url("?" + query)], AT_SIDE_EFFECTS[:1])
        assert "state-error" not in answer.get_data(as_text=True) + cards(client, query, AT_SIDE_EFFECTS)


@pytest.mark.parametrize("search", ["?clinic=nowhere", "?first_session_year=1999"])
def test_filters_that_match_nothing_are_said(client: FlaskClient, search: str) -> None:
    text = ask(client, "cohort-body.children", [url(search)], AT_OUTCOMES).get_data(as_text=True)
    assert "Nothing to show" in text
    assert search.split("=")[1] in text
    groups = ask(client, "side-effects-breakdown.children", [url(search)], AT_SIDE_EFFECTS[:1]).get_data(as_text=True)
    assert "no courses match these filters" in groups
    assert "not asked about" not in groups


def test_a_filter_that_does_not_reach_every_figure_says_so_on_the_page(client: FlaskClient) -> None:
    text = ask(client, "cohort-body.children", [url("?phase=maintenance")], AT_OUTCOMES).get_data(as_text=True)
    assert "Phase limits the fade and the side effects only" in text


@pytest.mark.parametrize("search", ["?route=nonsense&x=1", "?instrument=%00", "?" + "a=b&" * 500, "?by=__class__"])
def test_nonsense_in_the_url_is_dropped(client: FlaskClient, search: str) -> None:
    for output, state in (("cohort-body.children", AT_OUTCOMES), ("compare-body.children", AT_OUTCOMES[:1])):
        answer = ask(client, output, [url(search)], state)
        assert answer.status_code == 200
        assert "state-error" not in answer.get_data(as_text=True)


def test_a_callback_of_another_page_answers_nothing(client: FlaskClient) -> None:
    elsewhere = at("/patients", "cohort-cue")
    answer = ask(client, "cohort-body.children", [url("")], elsewhere)
    assert "card" not in answer.get_data(as_text=True)


def test_a_failing_callback_says_so_and_logs_no_text(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from dashboard.answers import data

    def fail(_: Any) -> None:
        raise RuntimeError("patient ABC-1 scored 27")

    monkeypatch.setattr(data, "figures", fail)
    answer = ask(client, "cohort-body.children", [url("")], AT_OUTCOMES)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "could not be worked out" in text
    assert "ABC-1" not in text
    assert "ABC-1" not in caplog.text
    assert "RuntimeError" in caplog.text


def test_a_card_that_fails_says_so_under_its_question(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from dashboard.answers import data

    def fail(_: Any) -> None:
        raise RuntimeError("patient ABC-1 scored 27")

    monkeypatch.setattr(data.Figures, "waterfall", property(fail))
    mark = {"id": "cohort-cue-go", "property": "data-cohort", "value": "?route=iv&sex=female"}
    text = ask(client, "waterfall-place.children", [mark]).get_data(as_text=True)
    assert "Who improved?" in text
    assert "could not be worked out" in text
    assert "ABC-1" not in text
    assert "How does the effect fade" in ask(client, "fade-place.children", [mark]).get_data(as_text=True)


def test_the_same_cohort_is_not_drawn_anew(client: FlaskClient) -> None:
    here = at("/", "cohort-cue")
    here[1]["value"] = CohortFilter(route=("iv",)).to_query()
    assert not ask(client, "cohort-body.children", [url("?route=iv&by=sex")], here).get_json()["response"]
    assert ask(client, "cohort-body.children", [url("?route=im&by=sex")], here).get_json()["response"]


def test_each_page_of_the_navigation_answers(app: Any) -> None:
    from dashboard.pages import pages
    from dashboard.shell import page_of

    known = pages()
    for page in known:
        if page.icon:
            assert page_of(known, page.path) is page
            assert json.dumps(page.layout().to_plotly_json(), default=lambda c: c.to_plotly_json())
    assert page_of(known, "/nowhere") is None


def test_no_other_host_is_served_until_an_owner_has_an_account(sample_database: str) -> None:
    with pytest.raises(SettingsError, match="this computer alone"):
        require_owner(Settings(database=sample_database, host="192.0.2.1"))
    require_owner(Settings(database=sample_database))


def test_no_page_waits_for_the_scripts_of_grid_and_controls(client: FlaskClient) -> None:
    text = client.get("/patients").get_data(as_text=True)
    loaded = re.findall(r'<script[^>]* src="([^"]+)"', text)
    assert any("dash_renderer" in name for name in loaded)
    for package in ("dash_ag_grid", "dash_mantine_components"):
        assert not [name for name in loaded if package in name]
        (later,) = re.findall(rf'content="(/_dash-component-suites/{package}/[^"]+)"', text)
        answer = client.get(later)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
